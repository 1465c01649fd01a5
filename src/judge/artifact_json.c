/* judge/artifact_json.c: JSON documents as values by their place: a row each place that some document has a value at. */
#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/json.h"
#include "judge/artifact_int.h"

enum { LEAVES = 50000, PATH = 8192, MEMORY = 64 << 20 };

struct leaf { bool there, number; double num; struct sl_str text; };
struct values {
  struct art *a;
  struct sl_arena mem;
  struct sl_map at;                   /* pointer -> row */
  struct leaf (*row)[SL_ART_RUNS];    /* a leaf a run */
  size_t cap;
  struct sl_buf path, text;
};

static void push(struct sl_buf *path, struct sl_str name)
{
  sl_buf_ch(path, '/');
  for (size_t i = 0; i < name.n; i++)
    if (name.p[i] == '~' || name.p[i] == '/')
      sl_buf_z(path, name.p[i] == '~' ? "~0" : "~1");
    else
      sl_buf_ch(path, name.p[i]);
}

static void value_text(struct sl_buf *b, const json_t *v)
{
  struct sl_jw w = sl_jw(b, false);
  if (json_is_string(v))
    sl_jw_str(&w, sl_strn(json_string_value(v), json_string_length(v)));
  else if (json_is_integer(v))
    sl_jw_i64(&w, (int64_t)json_integer_value(v));
  else if (json_is_real(v))
    sl_jw_f64(&w, json_real_value(v));
  else
    sl_buf_z(b, json_is_true(v) ? "true" : json_is_false(v) ? "false" : json_is_null(v) ? "null" : json_is_array(v) ? "[]" : "{}");
}

static int leaf_put(struct values *x, size_t run, const json_t *v, struct sl_err *err)
{
  uint64_t row = sl_map_count(&x->at);
  int rc = sl_buf_check(&x->path, err);
  if (!rc && !sl_map_get(&x->at, sl_buf_view(&x->path), &row)) {
    rc = sl_grow((void **)&x->row, &x->cap, row + 1, sizeof *x->row, LEAVES, err);
    rc = rc ? rc : sl_map_put(&x->at, sl_buf_view(&x->path), row, NULL, err);
    if (!rc)
      memset(x->row[row], 0, sizeof x->row[row]);
  }
  if (rc)
    return rc;
  sl_buf_clear(&x->text);
  value_text(&x->text, v);
  rc = sl_buf_check(&x->text, err);
  char *copy = rc ? NULL : sl_arena_strndup(&x->mem, sl_buf_zstr(&x->text), x->text.n);
  if (!rc && !copy)
    rc = sl_err_nomem(err);
  x->row[row][run] = (struct leaf){ .there = !rc, .number = json_is_number(v), .num = json_number_value(v),
                                    .text = sl_strn(copy, x->text.n) };
  return rc;
}

static int walk(struct values *x, size_t run, const json_t *v, struct sl_err *err);

static int walk_object(struct values *x, size_t run, const json_t *v, struct sl_err *err)
{
  const char *key;
  json_t *each;
  int rc = SL_OK;
  json_object_foreach((json_t *)(uintptr_t)v, key, each) {
    size_t was = x->path.n;
    push(&x->path, sl_str(key));
    rc = walk(x, run, each, err);
    sl_buf_cut(&x->path, was);
    if (rc)
      break;
  }
  return rc;
}

/* As deep as the loader let it be. */
static int walk(struct values *x, size_t run, const json_t *v, struct sl_err *err)
{
  int rc = SL_OK;
  if (json_is_object(v) && json_object_size(v))
    return walk_object(x, run, v, err);
  if (!json_is_array(v) || !json_array_size(v))
    return leaf_put(x, run, v, err);
  for (size_t i = 0; i < json_array_size(v) && !rc; i++) {
    size_t was = x->path.n;
    char index[24];
    int n = snprintf(index, sizeof index, "%zu", i);
    push(&x->path, sl_strn(index, (size_t)n));
    rc = walk(x, run, json_array_get(v, i), err);
    sl_buf_cut(&x->path, was);
  }
  return rc;
}

static bool leaf_same(const struct leaf *a, const struct leaf *b)
{
  if (a->there != b->there || !a->there)
    return a->there == b->there;
  return (a->number && b->number && a->num == b->num) || sl_str_eq(a->text, b->text);
}

static void leaf_cell(struct art *a, size_t run, const struct leaf *l)
{
  if (!l->there)
    return;
  a->there[run] = true;
  if (l->text.n <= SL_ART_CELL) {
    sl_buf_str(&a->cell[run], l->text);
    return;
  }
  sl_buf_clear(&a->cell[run]);
  art_text(a, run, sl_str_from(l->text, l->text.p[0] == '"')); /* of a long text the beginning, as it is escaped */
}

static int send(struct values *x, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < sl_map_count(&x->at) && !rc; i++) {
    bool same = true;
    art_row(x->a);
    for (size_t k = 0; k < x->a->n; k++) {
      if (x->a->side[k].there)
        same = same && leaf_same(&x->row[i][0], &x->row[i][k]);
      leaf_cell(x->a, k, &x->row[i][k]);
    }
    rc = art_send(x->a, "json", sl_map_key(&x->at, i), same, err);
  }
  return rc;
}

/* EPARSE, ELIMIT: it is compared as text. */
static int load(struct values *x, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < x->a->n && !rc; i++) {
    json_t *doc = NULL;
    if (!x->a->side[i].there)
      continue;
    rc = sl_json_load(&doc, x->a->side[i].head, true, err);
    if (!rc)
      rc = walk(x, i, doc, err);
    json_decref(doc);
  }
  return rc;
}

int art_values(struct art *a, bool *done, struct sl_err *err)
{
  struct values x = { .a = a };
  struct sl_err e = { 0 };
  sl_arena_init(&x.mem, MEMORY);
  sl_map_init(&x.at);
  sl_buf_init(&x.path, PATH);
  sl_buf_init(&x.text, 2 << 20);
  int rc = load(&x, &e);
  *done = !rc;
  if (!rc)
    rc = send(&x, err);
  else if (rc == SL_ENOMEM)
    rc = sl_err_nomem(err);
  else
    rc = SL_OK;
  sl_buf_free(&x.path);
  sl_buf_free(&x.text);
  sl_map_free(&x.at);
  sl_free(x.row);
  sl_arena_free(&x.mem);
  return rc;
}
