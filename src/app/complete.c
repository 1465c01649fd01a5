/* app/complete.c: `sluice --complete KIND [FIRST]`: what may stand at the cursor, a line each. The shells' scripts ask; nobody reads
 * errors, nobody is asked for a password, and it takes at most a moment. */
#include "app/complete.h"

#include <string.h>

#include "app/session.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/saved.h"

enum { COMPLETE_MS = 1500, COMPLETE_ROWS = 500 };

struct completing { struct sl_app *a; const char *col; bool done; };

static void put(struct sl_app *a, struct sl_str word)
{
  struct sl_buf clean;
  sl_buf_init(&clean, 64 << 10);
  sl_text_clean(&clean, word, SL_TEXT_CELL);
  if (word.n && sl_str_eq(sl_buf_view(&clean), word)) { /* what is not plain cannot be typed either */
    sl_buf_str(&a->out.b, word);
    sl_buf_ch(&a->out.b, '\n');
  }
  sl_buf_free(&clean);
}

static void rows_came(void *user, sl_watch id, const struct sl_answer *a)
{
  struct completing *c = user;
  (void)id;
  if (!a->done || c->done)
    return;
  c->done = true;
  uint64_t n = a->snap ? sl_snap_count(a->snap) : 0;
  struct sl_batch *b = NULL;
  if (!n || sl_snap_page_wait(a->snap, 0, n < COMPLETE_ROWS ? (uint32_t)n : COMPLETE_ROWS, &b, NULL))
    return;
  int col = c->col ? sl_schema_find(sl_batch_schema(b), sl_str(c->col)) : -1;
  for (uint32_t row = 0; !c->col && row < sl_batch_count(b); row++)
    put(c->a, sl_batch_id(b, row));
  for (uint32_t row = 0; col >= 0 && row < sl_batch_count(b); row++) {
    struct sl_val v = sl_batch_get(b, row, (unsigned)col);
    if (!v.null && (v.type == SL_TEXT || v.type == SL_URI))
      put(c->a, v.u.s);
  }
  sl_batch_unref(b);
}

/* col NULL: the rows' ids. */
static void complete_rows(struct sl_session *s, const struct sl_resource *res, const char *col)
{
  struct completing c = { .a = s->app, .col = col };
  struct sl_query like = { .res = res, .kind = SL_Q_LIST, .idle_ms = COMPLETE_MS, .total_ms = COMPLETE_MS,
                           .limit = COMPLETE_ROWS }, *q = NULL;
  sl_watch id = { 0 };
  struct sl_err err;
  if (!res || sl_query_new(&q, &like, &err))
    return;
  if (!sl_ws_query(s->ws, q, true, rows_came, &c, &id, &err)) {
    (void)!sl_session_wait(s, &c.done, &err);
    sl_ws_unwatch(s->ws, id);
  }
  sl_query_unref(q);
}

static void complete_zones(struct sl_session *s)
{
  size_t n = 0;
  const struct sl_zone *z = s->conf ? sl_ws_conf_zones(s->conf, &n) : NULL;
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  for (size_t i = 0; i < n; i++) {
    sl_buf_clear(&b);
    sl_buf_printf(&b, "lake:%s/", z[i].name);
    put(s->app, sl_buf_view(&b));
  }
  sl_buf_free(&b);
}

static void complete_views(struct sl_session *s, const char *first)
{
  struct sl_saved_set *set = NULL;
  if (sl_saved_load(&set, sl_ws_state_dir(s->ws), NULL))
    return;
  for (size_t i = 0; i < sl_saved_count(set); i++)
    if (!first || !sl_resource_find(sl_str(first)) || sl_str_eqz(sl_saved_at(set, i)->resource, first))
      put(s->app, sl_saved_at(set, i)->name);
  sl_saved_free(set);
}

/* What a SCOPE of `first` is: rows of which resource, by which column. */
static void complete_scope(struct sl_session *s, const char *first)
{
  static const struct { const char *of; const struct sl_resource *res; const char *col; } scopes[] = {
    { "runs", &sl_res_experiments, "name" }, { "series", &sl_res_runs, "id" },    { "versions", &sl_res_models, "name" },
    { "executions", &sl_res_jobs, "name" },  { "steps", &sl_res_executions, "id" }, { "log", &sl_res_executions, "id" },
    { "partitions", &sl_res_zones, "name" }, { "differences", &sl_res_runs, "id" },
    { "gates", &sl_res_versions, NULL },
  };
  for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
    if (!strcmp(first, scopes[i].of))
      complete_rows(s, scopes[i].res, scopes[i].col);
  if (!strcmp(first, "objects") || !strcmp(first, "columns"))
    complete_zones(s);
}

static void complete_session(struct sl_session *s, const char *kind, const char *first)
{
  if (!strcmp(kind, "connection"))
    for (size_t i = 0; i < sl_ws_conn_count(s->ws); i++)
      put(s->app, sl_str(sl_ws_conn_name(s->ws, i)));
  else if (!strcmp(kind, "type"))
    for (size_t i = 0; i < s->ntypes; i++)
      put(s->app, sl_str(s->types[i].type));
  else if (!strcmp(kind, "zone"))
    complete_rows(s, &sl_res_zones, "name");
  else if (!strcmp(kind, "job"))
    complete_rows(s, &sl_res_jobs, "name");
  else if (!strcmp(kind, "execution"))
    complete_rows(s, &sl_res_executions, "id");
  else if (!strcmp(kind, "run"))
    complete_rows(s, &sl_res_runs, "id");
  else if (!strcmp(kind, "model"))
    complete_rows(s, &sl_res_models, "name");
  else if (!strcmp(kind, "version"))
    complete_rows(s, &sl_res_versions, NULL);
  else if (!strcmp(kind, "uri"))
    complete_zones(s);
  else if (!strcmp(kind, "view"))
    complete_views(s, first);
  else if (!strcmp(kind, "scope"))
    complete_scope(s, first);
  else if (!strcmp(kind, "id")) {
    const struct sl_resource *res = sl_resource_find(sl_str(first));
    bool id = false;
    for (size_t i = 0; res && i < res->ncols; i++)
      id = id || !strcmp(res->cols[i].name, "id");
    complete_rows(s, res, id ? "id" : "name");
  }
}

static void complete_workspaces(struct sl_app *a)
{
  struct sl_buf names;
  struct sl_str rest, name;
  sl_buf_init(&names, 1 << 20);
  if (!sl_ws_names(&names, NULL)) {
    rest = sl_buf_view(&names);
    while (rest.p && sl_str_cut(&rest, '\n', &name))
      put(a, name);
  }
  sl_buf_free(&names);
}

/* [-w WORKSPACE] --complete KIND [FIRST] */
int sl_complete(struct sl_app *a, const char *workspace, const char *kind, const char *first)
{
  static struct sl_args args;
  struct sl_session s;
  struct sl_err err = { 0 };
  args.val[SL_O_workspace] = workspace;
  args.val[SL_O_no_input] = "";
  a->args = &args;
  if (!strcmp(kind, "workspace"))
    complete_workspaces(a);
  else if (!strcmp(kind, "resource"))
    for (size_t i = 0; sl_resources[i]; i++)
      put(a, sl_str(sl_resources[i]->name));
  else {
    if (!sl_session_open(&s, a, SL_SESSION_ANY, &err))
      complete_session(&s, kind, first);
    sl_session_close(&s);
  }
  return sl_out_flush(&a->out, &err) ? SL_EXIT_FAILED : SL_EXIT_OK;
}
