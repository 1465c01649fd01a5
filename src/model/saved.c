/* model/saved.c: see the header. The file is ours, but people edit files: whatever it holds is checked, and what is no view is an error
 * that names it, never half a set that the next save would make final. */
#include "model/saved.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

enum { SAVED_MAX = 500, SAVED_BYTES = 1 << 20, SAVED_NAME = 64, SAVED_TEXT = 8192 };

struct sl_saved_set { json_t *doc; struct sl_saved *view; size_t n; };

static bool is_name(struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++)
    if (!((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && !memchr("._-", s.p[i], 3))
      return false;
  return s.n && s.n <= SAVED_NAME;
}

static bool is_word(struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++)
    if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '_')
      return false;
  return s.n && s.n <= SAVED_NAME;
}

static int by_name(const void *a, const void *b)
{
  const struct sl_saved *x = a, *y = b;
  int c = sl_str_cmp(x->resource, y->resource);
  return c ? c : sl_str_cmp(x->name, y->name);
}

static bool view_read(const json_t *o, struct sl_saved *v)
{
  *v = (struct sl_saved){ .name = sl_json_str(o, "name"), .resource = sl_json_str(o, "resource"), .scope = sl_json_str(o, "scope"),
                          .filter = sl_json_str(o, "filter"), .sort = sl_json_str(o, "sort"), .columns = sl_json_str(o, "columns"),
                          .group = sl_json_str(o, "group") };
  return json_is_object(o) && is_name(v->name) && is_word(v->resource) && v->scope.n <= SAVED_TEXT && v->filter.n <= SAVED_TEXT &&
         v->sort.n <= SAVED_TEXT && v->columns.n <= SAVED_TEXT && v->group.n <= SAVED_TEXT;
}

static int set_read(struct sl_saved_set *s, const char *path, struct sl_err *err)
{
  size_t n = json_array_size(s->doc);
  if (!json_is_array(s->doc) || n > SAVED_MAX)
    return sl_err_set(err, SL_EPARSE, "%s: no list of at most %d saved views; mend or remove it", path, SAVED_MAX);
  s->view = n ? sl_calloc(n, sizeof *s->view) : NULL;
  if (n && !s->view)
    return sl_err_nomem(err);
  for (; s->n < n; s->n++)
    if (!view_read(json_array_get(s->doc, s->n), &s->view[s->n]))
      return sl_err_set(err, SL_EPARSE, "%s: entry %zu is no saved view (name, resource, scope, filter, sort, columns, group); "
                        "mend or remove it", path, s->n + 1);
  if (n)
    qsort(s->view, n, sizeof *s->view, by_name);
  return SL_OK;
}

int sl_saved_load(struct sl_saved_set **out, const char *state_dir, struct sl_err *err)
{
  struct sl_saved_set *s = sl_calloc(1, sizeof *s);
  char *path = state_dir ? sl_path_join(state_dir, "views.json") : NULL;
  struct sl_buf b;
  sl_buf_init(&b, SAVED_BYTES * 2);
  int rc = s && (path || !state_dir) ? SL_OK : sl_err_nomem(err);
  if (!rc && path && sl_file_exists(path)) {
    rc = sl_file_read(&b, path, SAVED_BYTES, err);
    rc = rc ? rc : sl_json_load(&s->doc, sl_buf_view(&b), false, err);
    rc = rc ? rc : set_read(s, path, err);
  }
  sl_buf_free(&b);
  sl_free(path);
  if (rc)
    sl_saved_free(s);
  else
    *out = s;
  return rc;
}

void sl_saved_free(struct sl_saved_set *s)
{
  if (!s)
    return;
  json_decref(s->doc);
  sl_free(s->view);
  sl_free(s);
}

size_t sl_saved_count(const struct sl_saved_set *s) { return s->n; }
const struct sl_saved *sl_saved_at(const struct sl_saved_set *s, size_t i) { return &s->view[i]; }

static bool is(const struct sl_saved *v, struct sl_str resource, struct sl_str name)
{
  return sl_str_eq(v->resource, resource) && sl_str_eq(v->name, name);
}

int sl_saved_find(const struct sl_saved_set *s, struct sl_str resource, struct sl_str name, const struct sl_saved **out,
                  struct sl_err *err)
{
  struct sl_buf all;
  sl_buf_init(&all, SAVED_BYTES);
  for (size_t i = 0; i < s->n; i++) {
    if (is(&s->view[i], resource, name)) {
      *out = &s->view[i];
      sl_buf_free(&all);
      return SL_OK;
    }
    if (sl_str_eq(s->view[i].resource, resource))
      sl_buf_printf(&all, "%s%.*s", all.n ? ", " : "", SL_ARG(s->view[i].name));
  }
  int rc = sl_err_set(err, SL_ENOENT, "no saved view %.*s of %.*s; there %s %.160s", SL_ARG(sl_str_head(name, SAVED_NAME)),
                      SL_ARG(resource), all.n ? "are:" : "is none:",
                      all.n ? sl_buf_zstr(&all) : "--save-view NAME, or V in the console, saves one");
  sl_buf_free(&all);
  return rc;
}

static void put_text(struct sl_jw *w, const char *key, struct sl_str s)
{
  if (!s.n)
    return;
  sl_jw_key(w, sl_str(key));
  sl_jw_str(w, s);
}

static void put_view(struct sl_jw *w, const struct sl_saved *v)
{
  sl_jw_obj(w);
  put_text(w, "name", v->name);
  put_text(w, "resource", v->resource);
  put_text(w, "scope", v->scope);
  put_text(w, "filter", v->filter);
  put_text(w, "sort", v->sort);
  put_text(w, "columns", v->columns);
  put_text(w, "group", v->group);
  sl_jw_end_obj(w);
}

/* All but the one of that name, and v, where there is one. */
static int set_write(const struct sl_saved_set *s, const char *state_dir, struct sl_str resource, struct sl_str name,
                     const struct sl_saved *v, struct sl_err *err)
{
  struct sl_buf b;
  char *path = sl_path_join(state_dir, "views.json");
  sl_buf_init(&b, SAVED_BYTES);
  struct sl_jw w = sl_jw(&b, true);
  sl_jw_arr(&w);
  for (size_t i = 0; i < s->n; i++)
    if (!is(&s->view[i], resource, name))
      put_view(&w, &s->view[i]);
  if (v)
    put_view(&w, v);
  sl_jw_end_arr(&w);
  sl_buf_ch(&b, '\n');
  int rc = path ? sl_buf_check(&b, err) : sl_err_nomem(err);
  rc = rc ? rc : sl_mkdirs(state_dir, 0700, err);
  rc = rc ? rc : sl_file_write(path, sl_buf_view(&b), 0600, err);
  sl_buf_free(&b);
  sl_free(path);
  return rc;
}

int sl_saved_put(const char *state_dir, const struct sl_saved *v, struct sl_err *err)
{
  struct sl_saved_set *s = NULL;
  if (!is_name(v->name))
    return sl_err_set(err, SL_EUSAGE, "a saved view's name has letters, digits, . _ - and at most %d of them", SAVED_NAME);
  if (!state_dir)
    return sl_err_set(err, SL_EUNSUP, "there is no folder to save views in here");
  if (v->scope.n > SAVED_TEXT || v->filter.n > SAVED_TEXT || v->sort.n > SAVED_TEXT || v->columns.n > SAVED_TEXT ||
      v->group.n > SAVED_TEXT)
    return sl_err_set(err, SL_ELIMIT, "a saved view's filter, grouping, order and columns have at most %d bytes each", SAVED_TEXT);
  int rc = sl_saved_load(&s, state_dir, err);
  if (!rc && s->n >= SAVED_MAX)
    rc = sl_err_set(err, SL_ELIMIT, "there are %d saved views; delete one first", SAVED_MAX);
  rc = rc ? rc : set_write(s, state_dir, v->resource, v->name, v, err);
  sl_saved_free(s);
  return rc;
}

int sl_saved_drop(const char *state_dir, struct sl_str resource, struct sl_str name, struct sl_err *err)
{
  struct sl_saved_set *s = NULL;
  const struct sl_saved *v = NULL;
  int rc = sl_saved_load(&s, state_dir, err);
  rc = rc ? rc : sl_saved_find(s, resource, name, &v, err);
  rc = rc ? rc : set_write(s, state_dir, resource, name, NULL, err);
  sl_saved_free(s);
  return rc;
}
