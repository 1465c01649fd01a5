/* app/cmd_act.c: what changes something: `run`, `stop`, `retry`, `cp`, `rm`, and `act`, which reaches every action. */
#include <stdio.h>
#include <string.h>

#include "app/do.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/judge.h"

int sl_cmd_act(struct sl_app *a);
int sl_cmd_run(struct sl_app *a);
int sl_cmd_stop(struct sl_app *a);
int sl_cmd_retry(struct sl_app *a);
int sl_cmd_logs(struct sl_app *a);
int sl_cmd_cp(struct sl_app *a);
int sl_cmd_rm(struct sl_app *a);

enum { VALS = 16, TARGETS = 1024 };

/* ---- executions ---- */

/* What was started: its log until it ends, or its ref. */
static int after(struct sl_session *s, const struct sl_buf *started)
{
  struct sl_ref ref;
  struct sl_buf id;
  struct sl_err err = { 0 };
  sl_buf_init(&id, 64 << 10);
  int code = SL_EXIT_OK;
  if (!started->n)
    goto out;
  if (sl_args_has(s->app->args, SL_O_detach)) {
    sl_buf_str(&s->app->out.b, sl_buf_view(started));
    sl_buf_ch(&s->app->out.b, '\n');
    code = sl_out_flush(&s->app->out, &err) ? sl_app_fail(s->app, &err) : SL_EXIT_OK;
  } else if (sl_ref_parse(sl_buf_view(started), &ref, &id, &err))
    code = sl_app_fail(s->app, &err);
  else
    code = sl_session_follow(s, &ref);
out:
  sl_buf_free(&id);
  return code;
}

static int act_on_one(struct sl_app *a, const struct sl_resource *res, const struct sl_action *act)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  struct sl_found at = { 0 };
  struct sl_val vals[VALS];
  struct sl_buf scratch, started;
  sl_buf_init(&scratch, 1 << 20);
  sl_buf_init(&started, 64 << 10);
  int code, rc = sl_session_open(&s, a, 0, &err);
  if (!rc)
    rc = sl_call_args(a->args, act, vals, &scratch, &err);
  if (!rc)
    rc = sl_session_find(&s, res, a->args->pos[0], &at, &err);
  if (rc)
    code = s.interrupted ? SL_EXIT_INTERRUPTED : sl_app_fail(a, &err);
  else {
    for (size_t i = 0; i < act->nargs; i++)
      if (!strcmp(act->args[i].name, "detach"))
        vals[i] = sl_vb(sl_args_has(a->args, SL_O_detach));
    code = sl_session_do(&s, &(struct sl_call){ .act = act, .res = res, .targets = &at.ref, .ntargets = 1, .args = vals }, &started);
    if (!code)
      code = after(&s, &started);
  }
  sl_found_free(&at);
  sl_buf_free(&scratch);
  sl_buf_free(&started);
  sl_session_close(&s);
  return code;
}

int sl_cmd_run(struct sl_app *a) { return act_on_one(a, &sl_res_jobs, &sl_act_run); }
int sl_cmd_stop(struct sl_app *a) { return act_on_one(a, &sl_res_executions, &sl_act_stop); }
int sl_cmd_retry(struct sl_app *a) { return act_on_one(a, &sl_res_executions, &sl_act_retry); }

int sl_cmd_logs(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  struct sl_found at = { 0 };
  int code, rc = sl_session_open(&s, a, 0, &err);
  if (!rc)
    rc = sl_session_find(&s, &sl_res_executions, a->args->pos[0], &at, &err);
  bool follow = sl_args_has(a->args, SL_O_follow);
  if (rc)
    code = s.interrupted ? SL_EXIT_INTERRUPTED : sl_app_fail(a, &err);
  else if (a->format == SL_FMT_TABLE && !sl_args_has(a->args, SL_O_filter) && !sl_args_has(a->args, SL_O_columns))
    code = sl_session_log(&s, &at.ref, follow);
  else {
    struct sl_list l = { .query = { .res = &sl_res_log, .kind = follow ? SL_Q_FOLLOW : SL_Q_LIST, .conn = at.ref.conn, .scope = at.ref.id },
                         .rows = { .columns = sl_res_log.columns }, .watch = follow };
    code = sl_session_list(&s, &l);
  }
  sl_found_free(&at);
  sl_session_close(&s);
  return code;
}

/* ---- act ---- */

static const struct sl_action *action_find(const struct sl_ws *w, const struct sl_resource *res, const char *name, struct sl_err *err)
{
  struct sl_buf all;
  const struct sl_action *found = NULL;
  size_t n = strlen(res->name);
  if (!strncmp(name, res->name, n) && name[n] == '.') /* versions.approve, as plans print it */
    name += n + 1;
  sl_buf_init(&all, 4096);
  for (size_t i = 0; res->actions && res->actions[i]; i++) {
    if (!sl_ws_offers(w, res->actions[i]))
      continue;
    if (!strcmp(res->actions[i]->name, name))
      found = res->actions[i];
    sl_buf_printf(&all, "%s%s", all.n ? ", " : "", res->actions[i]->name);
  }
  if (!found)
    sl_err_set(err, SL_EUSAGE, "%s has no action '%s'; there are: %s", res->name, name, all.n ? sl_buf_zstr(&all) : "none");
  sl_buf_free(&all);
  return found;
}

struct targets { struct sl_ref ref[TARGETS]; struct sl_buf id[TARGETS]; size_t n; };

static int read_refs(struct targets *t, const struct sl_args *args, size_t from, struct sl_err *err)
{
  for (size_t i = from; i < args->npos; i++) {
    if (t->n == TARGETS)
      return sl_err_set(err, SL_ELIMIT, "at most %d rows at once", TARGETS);
    sl_buf_init(&t->id[t->n], 64 << 10);
    int rc = sl_ref_parse(sl_str(args->pos[i]), &t->ref[t->n], &t->id[t->n], err);
    t->n++;
    if (rc)
      return rc;
    if (!sl_str_eq(t->ref[t->n - 1].res, t->ref[0].res))
      return sl_err_set(err, SL_EUSAGE, "rows of one resource at a time: %.*s and %.*s are two", SL_ARG(t->ref[0].res),
                        SL_ARG(t->ref[t->n - 1].res));
  }
  return SL_OK;
}

static void targets_free(struct targets *t)
{
  for (size_t i = 0; t && i < t->n; i++)
    sl_buf_free(&t->id[i]);
  sl_free(t);
}

int sl_cmd_act(struct sl_app *a)
{
  struct sl_session s = { 0 };
  struct sl_err err = { 0 };
  struct sl_val vals[VALS];
  struct sl_buf scratch, started;
  const struct sl_resource *res = NULL;
  const struct sl_action *act = NULL;
  sl_buf_init(&scratch, 1 << 20);
  sl_buf_init(&started, 64 << 10);
  struct targets *t = sl_calloc(1, sizeof *t);
  int code, rc = t ? read_refs(t, a->args, 1, &err) : sl_err_nomem(&err);
  if (!rc && !(res = sl_resource_find(t->ref[0].res)))
    rc = sl_err_set(&err, SL_EUSAGE, "no resource %.*s", SL_ARG(t->ref[0].res));
  if (!rc)
    rc = sl_session_open(&s, a, 0, &err);
  if (!rc && !(act = action_find(s.ws, res, a->args->pos[0], &err)))
    rc = SL_EUSAGE;
  if (!rc)
    rc = sl_call_args(a->args, act, vals, &scratch, &err);
  if (rc)
    code = sl_app_fail(a, &err);
  else {
    code = sl_session_do(&s, &(struct sl_call){ .act = act, .res = res, .targets = t->ref, .ntargets = t->n, .args = vals }, &started);
    if (!code && started.n) {
      sl_buf_str(&a->out.b, sl_buf_view(&started));
      sl_buf_ch(&a->out.b, '\n');
      code = sl_out_flush(&a->out, &err) ? sl_app_fail(a, &err) : SL_EXIT_OK;
    }
  }
  targets_free(t);
  sl_buf_free(&scratch);
  sl_buf_free(&started);
  sl_session_close(&s);
  return code;
}

/* ---- files ---- */

static int act_on_file(struct sl_session *s, const struct sl_action *act, const char *uri, struct sl_val *vals)
{
  struct sl_err err = { 0 };
  struct sl_buf canonical, conn;
  sl_buf_init(&canonical, 64 << 10);
  sl_buf_init(&conn, 4096);
  int code, rc = sl_session_resolve(s, uri, &canonical, &conn, &err);
  struct sl_ref at = { sl_buf_view(&conn), SL_STR("objects"), sl_buf_view(&canonical) };
  if (rc)
    code = s->interrupted ? SL_EXIT_INTERRUPTED : sl_app_fail(s->app, &err);
  else
    code = sl_session_do(s, &(struct sl_call){ .act = act, .res = &sl_res_objects, .targets = &at, .ntargets = 1, .args = vals }, NULL);
  sl_buf_free(&canonical);
  sl_buf_free(&conn);
  return code;
}

static int copy_to(struct sl_session *s, const char *from, const char *to)
{
  struct sl_err err = { 0 };
  struct sl_buf target, conn, source, owner;
  struct sl_val vals[VALS] = { { 0 } };
  sl_buf_init(&target, 64 << 10);
  sl_buf_init(&conn, 4096);
  sl_buf_init(&source, 64 << 10);
  sl_buf_init(&owner, 4096);
  int code, rc = sl_session_resolve(s, to, &target, &conn, &err);
  rc = rc ? rc : sl_session_resolve(s, from, &source, &owner, &err);
  struct sl_str name = sl_str(from), path;
  while (name.n && name.p[name.n - 1] == '/')
    name.n--;
  ptrdiff_t slash = sl_str_rchr(name, '/');
  size_t typed = strlen(to);
  if (!rc && target.n && typed && to[typed - 1] == '/') { /* into a folder, under its own name */
    sl_buf_z(&target, target.p[target.n - 1] == '/' ? "" : "/");
    sl_buf_str(&target, slash < 0 ? name : sl_str_from(name, (size_t)slash + 1));
  }
  vals[0] = sl_vas(SL_URI, sl_buf_view(&target));
  vals[1] = sl_vb(sl_args_has(s->app->args, SL_O_replace));
  if (rc)
    code = sl_app_fail(s->app, &err);
  else if (sl_uri_path(sl_buf_view(&source), &path))
    code = act_on_file(s, &sl_act_copy, from, vals);
  else
    code = sl_session_fetch(s, sl_buf_view(&source), sl_buf_view(&target), sl_buf_view(&conn));
  sl_buf_free(&target);
  sl_buf_free(&conn);
  sl_buf_free(&source);
  sl_buf_free(&owner);
  return code;
}

int sl_cmd_cp(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  int code = sl_session_open(&s, a, 0, &err) ? sl_app_fail(a, &err) : copy_to(&s, a->args->pos[0], a->args->pos[1]);
  sl_session_close(&s);
  return code;
}

/* One after the other, each with its own record; stops at the first that fails. */
int sl_cmd_rm(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  struct sl_val vals[VALS] = { { 0 } };
  int code = sl_session_open(&s, a, 0, &err) ? sl_app_fail(a, &err) : SL_EXIT_OK;
  for (size_t i = 0; i < a->args->npos && !code; i++)
    code = act_on_file(&s, &sl_act_remove, a->args->pos[i], vals);
  sl_session_close(&s);
  return code;
}
