/* app/rows.c: which columns are printed, and JSON, NDJSON and CSV, which print a row and forget it.
 *
 * Design section 15: `connection` first, `ref` last; JSON prints the keys that a row has as "metrics.auc"; CSV and tables need families
 * named. Columns that were named are printed exactly as named, in that order. */
#include "app/rows_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/text.h"

enum { ROWS_COLUMNS_MAX = 1 << 20 };

enum sl_format sl_format_of(const char *word)
{
  static const char *const words[] = { [SL_FMT_TABLE] = "table", [SL_FMT_JSON] = "json", [SL_FMT_NDJSON] = "ndjson", [SL_FMT_CSV] = "csv" };
  for (size_t i = 0; word && i < sizeof words / sizeof words[0]; i++)
    if (!strcmp(words[i], word))
      return (enum sl_format)i;
  return SL_FMT_TABLE;
}

static bool is_family(const struct sl_col *c)
{
  return c && (c->type == SL_FAMILY_F64 || c->type == SL_FAMILY_TEXT);
}

static bool is_json(const struct sl_rows *r)
{
  return r->how.format == SL_FMT_JSON || r->how.format == SL_FMT_NDJSON;
}

/* ---- which columns ---- */

static int add_col(struct sl_rows *r, int col, struct sl_str key, bool all, struct sl_err *err)
{
  const struct sl_col *c = col >= 0 ? sl_schema_col(r->s, (size_t)col) : NULL;
  int rc = sl_grow((void **)&r->col, &r->cap_col, r->ncol + 1, sizeof *r->col, ROWS_COLUMNS_MAX, err);
  if (rc)
    return rc;
  const char *plain = col == ROWS_CONN ? "connection" : col == ROWS_REF ? "ref" : c->name;
  struct rows_col *to = &r->col[r->ncol];
  *to = (struct rows_col){ .col = col, .c = c, .all = all };
  to->name = key.p ? sl_asprintf("%s.%.*s", plain, SL_ARG(key)) : sl_strdup(plain);
  to->key = key.p ? sl_strndup(key.p, key.n) : NULL;
  r->ncol++;
  return to->name && (!key.p || to->key) ? SL_OK : sl_err_nomem(err);
}

static int add_default(struct sl_rows *r, struct sl_err *err)
{
  r->how.show.data = r->how.bare; /* what a statement answers */
  int rc = r->how.bare ? SL_OK : add_col(r, ROWS_CONN, SL_STR_NONE, false, err);
  for (size_t i = 0; i < sl_schema_count(r->s) && !rc; i++) {
    bool family = is_family(sl_schema_col(r->s, i));
    bool people = r->how.bare || (r->how.format == SL_FMT_TABLE && !r->how.vertical); /* for eyes, not for programs */
    if (people && (sl_schema_col(r->s, i)->flags & SL_COL_HIDDEN))
      continue;
    if (!family || is_json(r) || r->how.vertical)
      rc = add_col(r, (int)i, SL_STR_NONE, family, err);
  }
  return rc || r->how.bare ? rc : add_col(r, ROWS_REF, SL_STR_NONE, false, err);
}

static int no_column(const struct sl_rows *r, struct sl_str name, struct sl_err *err)
{
  const char *names[256];
  size_t n = 0;
  for (size_t i = 0; i < sl_schema_count(r->s) && n < 256; i++)
    names[n++] = sl_schema_col(r->s, i)->name;
  const char *near = sl_str_nearest(name, names, n);
  return sl_err_set(err, SL_EUSAGE, "no column '%.*s'%s%s%s", SL_ARG(name), near ? "; did you mean '" : "",
                    near ? near : "", near ? "'?" : "");
}

/* A column whose own name holds a dot ("t.x") is found before a family of its first part. */
static int find_plain(const struct sl_rows *r, const struct sl_name *n, struct sl_buf *whole)
{
  sl_buf_clear(whole);
  sl_buf_str(whole, n->col);
  if (n->key.p) {
    sl_buf_ch(whole, '.');
    sl_buf_str(whole, n->key);
  }
  return whole->failed ? -1 : sl_schema_find(r->s, sl_buf_view(whole));
}

static int add_named(struct sl_rows *r, struct sl_name n, struct sl_err *err)
{
  if (!n.key.p && sl_str_eqz(n.col, "connection"))
    return add_col(r, ROWS_CONN, SL_STR_NONE, false, err);
  if (!n.key.p && sl_str_eqz(n.col, "ref"))
    return add_col(r, ROWS_REF, SL_STR_NONE, false, err);
  struct sl_buf whole;
  sl_buf_init(&whole, 64 << 10);
  int at = find_plain(r, &n, &whole), rc;
  int family = sl_schema_find(r->s, n.col);
  if (whole.failed)
    rc = sl_buf_check(&whole, err);
  else if (at >= 0)
    rc = add_col(r, at, SL_STR_NONE, is_family(sl_schema_col(r->s, (size_t)at)), err);
  else if (n.key.p && family >= 0 && is_family(sl_schema_col(r->s, (size_t)family)))
    rc = sl_str_eqz(n.key, "*") ? add_col(r, family, SL_STR_NONE, true, err) : add_col(r, family, n.key, false, err);
  else
    rc = no_column(r, n.col, err);
  sl_buf_free(&whole);
  return rc;
}

static int plan(struct sl_rows *r, struct sl_err *err)
{
  if (!r->how.want)
    return add_default(r, err);
  int rc = SL_OK;
  for (size_t i = 0; i < sl_want_count(r->how.want) && !rc; i++)
    rc = add_named(r, sl_want_name(r->how.want, i), err);
  return rc;
}

/* ---- keys that must be known first ---- */

bool sl_rows_wants_scan(const struct sl_rows *r)
{
  if (is_json(r) || r->how.vertical)
    return false;
  for (size_t i = 0; i < r->ncol; i++)
    if (r->col[i].all)
      return true;
  return false;
}

int sl_rows_scan(struct sl_rows *r, const struct sl_batch *b, struct sl_err *err)
{
  if (!r->seen) {
    r->seen = sl_calloc(r->ncol ? r->ncol : 1, sizeof *r->seen);
    if (!r->seen)
      return sl_err_nomem(err);
    for (size_t i = 0; i < r->ncol; i++)
      sl_map_init(&r->seen[i]);
  }
  struct sl_keys *keys = sl_schema_keys(sl_batch_schema(b));
  for (size_t c = 0; c < r->ncol; c++)
    for (uint32_t row = 0; r->col[c].all && row < sl_batch_count(b); row++) {
      uint32_t key;
      struct sl_val v;
      for (uint32_t i = 0; sl_batch_pair(b, row, (unsigned)r->col[c].col, i, &key, &v); i++) {
        int rc = sl_map_put(&r->seen[c], sl_keys_name(keys, key), key, NULL, err);
        if (rc)
          return rc;
      }
    }
  return SL_OK;
}

static int by_bytes(const void *a, const void *b)
{
  return sl_str_cmp(*(const struct sl_str *)a, *(const struct sl_str *)b);
}

static int add_keys(struct sl_rows *r, int col, const struct sl_map *seen, struct sl_err *err)
{
  size_t n = sl_map_count(seen);
  struct sl_str *names = sl_calloc(n ? n : 1, sizeof *names);
  if (!names)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++)
    names[i] = sl_map_key(seen, i);
  qsort(names, n, sizeof *names, by_bytes);
  int rc = SL_OK;
  for (size_t i = 0; i < n && !rc; i++)
    rc = add_col(r, col, names[i], false, err);
  sl_free(names);
  return rc;
}

static void cols_free(struct rows_col *col, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    sl_free(col[i].name);
    sl_free(col[i].key);
  }
  sl_free(col);
}

static void seen_free(struct sl_map *seen, size_t n)
{
  for (size_t i = 0; seen && i < n; i++)
    sl_map_free(&seen[i]);
  sl_free(seen);
}

/* `metrics.*` becomes a column for each key that was seen, by name. */
static int expand(struct sl_rows *r, struct sl_err *err)
{
  if (r->expanded || !sl_rows_wants_scan(r))
    return SL_OK;
  r->expanded = true;
  struct rows_col *old = r->col;
  struct sl_map *seen = r->seen;
  size_t n = r->ncol;
  int rc = SL_OK;
  r->col = NULL;
  r->seen = NULL;
  r->ncol = r->cap_col = 0;
  for (size_t i = 0; i < n && !rc; i++)
    if (!old[i].all)
      rc = add_col(r, old[i].col, sl_str(old[i].key), false, err);
    else if (seen)
      rc = add_keys(r, old[i].col, &seen[i], err);
  seen_free(seen, n);
  cols_free(old, n);
  return rc;
}

/* ---- cells ---- */

struct sl_val rows_cell(const struct sl_rows *r, const struct rows_col *c, const struct sl_batch *b, uint32_t row, struct sl_buf *scratch)
{
  if (c->col == ROWS_CONN) {
    struct sl_str conn = sl_batch_conn(b, row);
    return sl_vs(conn.n ? conn : sl_str(r->how.conn));
  }
  if (c->col == ROWS_REF) {
    struct sl_str conn = sl_batch_conn(b, row);
    sl_buf_clear(scratch);
    if (!conn.n && r->how.conn)
      sl_ref_text(scratch, &(struct sl_ref){ sl_str(r->how.conn), sl_schema_resource(r->s), sl_batch_id(b, row) });
    else
      sl_batch_ref_text(b, row, scratch);
    return sl_vs(sl_strn(sl_buf_zstr(scratch), scratch->n));
  }
  if (c->c->flags & SL_COL_SECRET) {
    struct sl_val v = sl_batch_get(b, row, (unsigned)c->col);
    return v.null ? v : sl_vz("***");
  }
  if (!c->key)
    return sl_batch_get(b, row, (unsigned)c->col);
  uint32_t key;
  if (!sl_keys_find(sl_schema_keys(sl_batch_schema(b)), sl_str(c->key), &key))
    return sl_null(c->c->type);
  return sl_batch_get_key(b, row, (unsigned)c->col, key);
}

/* ---- JSON ---- */

struct pair { struct sl_str name; struct sl_val v; };

static int pair_cmp(const void *a, const void *b)
{
  return sl_str_cmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static void json_pair(struct sl_jw *w, const struct rows_col *c, const struct pair *p)
{
  struct sl_buf name;
  sl_buf_init(&name, 1 << 20);
  sl_buf_printf(&name, "%s.", c->name);
  sl_buf_str(&name, p->name);
  sl_jw_key(w, sl_buf_view(&name));
  sl_val_json(w, &p->v);
  if (name.failed)
    w->b->failed = name.failed;
  sl_buf_free(&name);
}

/* The keys that this row has, by name, so that two runs print the same bytes. */
static int json_family(struct sl_jw *w, const struct rows_col *c, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct pair few[64], *pairs = few, *more = NULL;
  size_t n = 0, cap = 0;
  uint32_t key;
  struct sl_val v;
  int rc = SL_OK;
  struct sl_keys *keys = sl_schema_keys(sl_batch_schema(b));
  for (uint32_t i = 0; !rc && sl_batch_pair(b, row, (unsigned)c->col, i, &key, &v); i++) {
    if (n == sizeof few / sizeof few[0] || more) {
      rc = sl_grow((void **)&more, &cap, n + 1, sizeof *more, 1 << 22, err);
      if (!rc && n == sizeof few / sizeof few[0])
        memcpy(more, few, sizeof few);
      pairs = more;
    }
    if (!rc)
      pairs[n++] = (struct pair){ sl_keys_name(keys, key), v };
  }
  if (!rc) {
    qsort(pairs, n, sizeof *pairs, pair_cmp);
    for (size_t i = 0; i < n; i++)
      json_pair(w, c, &pairs[i]);
  }
  sl_free(more);
  return rc;
}

static int json_row(struct sl_rows *r, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct sl_buf *out = &r->o->b, scratch;
  sl_buf_init(&scratch, 1 << 20);
  if (r->how.format == SL_FMT_JSON)
    sl_buf_z(out, r->rows ? ",\n" : "[\n");
  struct sl_jw w = sl_jw(out, false);
  sl_jw_obj(&w);
  int rc = SL_OK;
  for (size_t i = 0; i < r->ncol && !rc; i++) {
    const struct rows_col *c = &r->col[i];
    if (c->all) {
      rc = json_family(&w, c, b, row, err);
      continue;
    }
    struct sl_val v = rows_cell(r, c, b, row, &scratch);
    sl_jw_key(&w, sl_str(c->name));
    sl_val_json(&w, &v);
  }
  if (r->how.document.n) {
    sl_jw_key(&w, SL_STR("document"));
    sl_jw_raw(&w, r->how.document);
  }
  sl_jw_end_obj(&w);
  if (r->how.format == SL_FMT_NDJSON)
    sl_buf_ch(out, '\n');
  rc = rc ? rc : sl_buf_check(&scratch, err);
  sl_buf_free(&scratch);
  return rc;
}

/* ---- CSV ---- */

/* A terminal gets it harmless; a file or pipe, as it is. Empty text is "", null is nothing. */
static void csv_field(struct sl_rows *r, struct sl_str s)
{
  struct sl_buf *out = &r->o->b;
  if (!s.n) {
    sl_buf_z(out, "\"\"");
    return;
  }
  if (!r->o->tty) {
    sl_fmt_csv(out, s);
    return;
  }
  struct sl_buf clean;
  sl_buf_init(&clean, 0);
  sl_text_clean(&clean, s, SL_TEXT_CELL);
  sl_fmt_csv(out, sl_buf_view(&clean));
  if (clean.failed)
    out->failed = clean.failed;
  sl_buf_free(&clean);
}

static void csv_head(struct sl_rows *r)
{
  for (size_t i = 0; i < r->ncol; i++) {
    if (i)
      sl_buf_ch(&r->o->b, ',');
    csv_field(r, sl_str(r->col[i].name));
  }
  sl_buf_z(&r->o->b, "\n");
}

static int csv_row(struct sl_rows *r, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct sl_buf scratch, text;
  int rc = SL_OK;
  sl_buf_init(&scratch, 1 << 20);
  sl_buf_init(&text, 0);
  for (size_t i = 0; i < r->ncol && !rc; i++) {
    struct sl_val v = rows_cell(r, &r->col[i], b, row, &scratch);
    if (i)
      sl_buf_ch(&r->o->b, ',');
    sl_buf_clear(&text);
    sl_val_text(&text, &v);
    if (!v.null)
      csv_field(r, sl_buf_view(&text));
    rc = sl_buf_check(&scratch, err); /* before the next cell clears them */
    rc = rc ? rc : sl_buf_check(&text, err);
  }
  sl_buf_z(&r->o->b, "\n");
  sl_buf_free(&scratch);
  sl_buf_free(&text);
  return rc;
}

/* ---- the four together ---- */

int sl_rows_open(struct sl_rows **out, struct sl_out *o, const struct sl_rows_opts *how, struct sl_schema *s, struct sl_err *err)
{
  *out = NULL;
  struct sl_rows *r = sl_calloc(1, sizeof *r);
  if (!r)
    return sl_err_nomem(err);
  *r = (struct sl_rows){ .o = o, .how = *how, .s = s ? sl_schema_ref(s) : NULL };
  int rc = s ? plan(r, err) : SL_OK;
  if (!rc && r->how.format == SL_FMT_TABLE)
    rc = rows_table_open(r, err);
  if (rc)
    sl_rows_free(r);
  else
    *out = r;
  return rc;
}

static int begin(struct sl_rows *r, struct sl_err *err)
{
  int rc = r->began ? SL_OK : expand(r, err);
  if (!rc && !r->began && r->how.format == SL_FMT_CSV && r->s)
    csv_head(r);
  r->began = true;
  return rc;
}

static int put_row(struct sl_rows *r, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  switch (r->how.format) {
  case SL_FMT_CSV: return csv_row(r, b, row, err);
  case SL_FMT_TABLE: return rows_table_put(r, b, row, err);
  default: return json_row(r, b, row, err);
  }
}

int sl_rows_put(struct sl_rows *r, const struct sl_batch *b, struct sl_err *err)
{
  int rc = begin(r, err);
  for (uint32_t row = 0; row < sl_batch_count(b) && !rc; row++) {
    if (sl_batch_op(b, row) == SL_DEL)
      continue;
    rc = put_row(r, b, row, err);
    r->rows++;
    if (!rc)
      rc = sl_out_spill(r->o, err);
  }
  return rc;
}

void sl_rows_conn(struct sl_rows *r, const char *conn)
{
  r->how.conn = conn;
}

int sl_rows_flush(struct sl_rows *r, struct sl_err *err)
{
  int rc = r->how.format == SL_FMT_TABLE ? rows_table_flush(r, err) : SL_OK;
  return rc ? rc : sl_out_flush(r->o, err);
}

int sl_rows_end(struct sl_rows *r, struct sl_err *err)
{
  int rc = begin(r, err);
  if (!rc && r->how.format == SL_FMT_TABLE)
    rc = rows_table_flush(r, err);
  if (r->how.format == SL_FMT_JSON)
    sl_buf_z(&r->o->b, r->rows ? "\n]\n" : "[]\n");
  return rc ? rc : sl_out_flush(r->o, err);
}

static void families_left_out(const struct sl_rows *r, struct sl_buf *b)
{
  if (r->how.want || !r->s || is_json(r) || r->how.vertical || !r->rows)
    return;
  bool any = false;
  for (size_t i = 0; i < sl_schema_count(r->s); i++)
    if (is_family(sl_schema_col(r->s, i))) {
      sl_buf_printf(b, "%s%s", any ? ", " : "not shown: ", sl_schema_col(r->s, i)->name);
      any = true;
    }
  if (any)
    sl_buf_z(b, " (--columns 'id,metrics.*' names them, -o json has all)\n");
}

void sl_rows_notes(const struct sl_rows *r, struct sl_buf *b)
{
  families_left_out(r, b);
  if (r->how.format == SL_FMT_TABLE)
    rows_table_notes(r, b);
}

void sl_rows_free(struct sl_rows *r)
{
  if (!r)
    return;
  rows_table_free(r);
  seen_free(r->seen, r->ncol);
  cols_free(r->col, r->ncol);
  sl_schema_unref(r->s);
  sl_free(r);
}
