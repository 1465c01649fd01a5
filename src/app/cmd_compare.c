/* app/cmd_compare.c: `sluice compare`: the resource differences for the runs that are named. */
#include "app/session.h"
#include "base/mem.h"

int sl_cmd_compare(struct sl_app *a);

/* Ids of the runs, comma separated: the scope. */
static int runs_find(struct sl_session *s, struct sl_buf *scope, struct sl_err *err)
{
  const struct sl_args *args = s->app->args;
  int rc = SL_OK;
  for (size_t i = 0; i < args->npos && !rc; i++) {
    struct sl_found f;
    rc = sl_session_find(s, &sl_res_runs, args->pos[i], &f, err);
    if (!rc) {
      sl_buf_z(scope, i ? "," : "");
      sl_buf_str(scope, f.ref.id);
    }
    sl_found_free(&f);
  }
  return rc ? rc : sl_buf_check(scope, err);
}

static int compare(struct sl_session *s, struct sl_err *err)
{
  struct sl_app *a = s->app;
  struct sl_buf scope;
  sl_buf_init(&scope, 1 << 20);
  int rc = runs_find(s, &scope, err);
  struct sl_list l = { .query = sl_app_query(a, &sl_res_differences, sl_buf_zstr(&scope)), .rows = { .bare = a->format == SL_FMT_TABLE } };
  l.query.conn = SL_STR(""); /* -c says whose runs are meant; the comparing is ours */
  if (!rc && !sl_args_has(a->args, SL_O_all) && !sl_args_has(a->args, SL_O_filter))
    rc = sl_filter_parse(&l.query.where, SL_STR("verdict != 'same'"), sl_loop_wall(s->loop), NULL, err);
  int code = rc ? sl_app_fail(a, err) : sl_session_list(s, &l);
  sl_buf_free(&scope);
  return code;
}

int sl_cmd_compare(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  int code = sl_session_open(&s, a, 0, &err) ? sl_app_fail(a, &err) : compare(&s, &err);
  sl_session_close(&s);
  return code;
}
