/* app/demo_jobs.c: the last days' jobs, run through the second door as a person would run them: planned, audited, supervised. What the demo
 * shows of them (log, exit code, resources) a process made. */
#include <stdio.h>
#include <string.h>

#include "app/demo.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

enum { DAY_MS = 24 * 3600 * 1000, JOB_MS = 120000 };

struct running { struct sl_ws *ws; bool done; int rc; struct sl_err err; char id[256], state[32]; };

static void on_acted(void *user, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  struct running *r = user;
  r->rc = rc;
  if (rc && err)
    r->err = *err;
  if (started)
    snprintf(r->id, sizeof r->id, "%.*s", SL_ARG(started->id));
  r->done = true;
}

static void on_planned(void *user, struct sl_plan **take, const struct sl_err *err)
{
  struct running *r = user;
  if (take && *take)
    r->rc = sl_ws_act(r->ws, take, SL_STR(""), on_acted, r, &r->err);
  else if (err)
    r->rc = err->code, r->err = *err;
  r->done = r->rc != SL_OK;
}

static void on_execution(void *user, sl_watch id, const struct sl_answer *a)
{
  struct running *r = user;
  struct sl_batch *b = NULL;
  (void)id;
  if (!a->done)
    return;
  r->done = true;
  if (!a->snap || sl_snap_page_wait(a->snap, 0, 1, &b, NULL) || !b || !sl_batch_count(b))
    return;
  int c = sl_schema_find(sl_batch_schema(b), SL_STR("state"));
  struct sl_val v = c < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, 0, (unsigned)c);
  snprintf(r->state, sizeof r->state, "%.*s", SL_ARG(v.null ? SL_STR("") : v.u.s));
  sl_batch_unref(b);
}

static int wait_done(struct sl_loop *l, struct running *r, struct sl_err *err)
{
  int64_t until = sl_loop_now(l) + JOB_MS;
  while (!r->done && sl_loop_now(l) < until)
    sl_loop_turn(l, 100);
  if (!r->done)
    return sl_err_set(err, SL_ETIMEOUT, "a job of the demo has not ended after %d s", JOB_MS / 1000);
  if (r->rc && err)
    *err = r->err;
  return r->rc;
}

static bool under_way(const char *state)
{
  return !state[0] || !strcmp(state, "pending") || !strcmp(state, "running") || !strcmp(state, "waiting");
}

static int execution_wait(struct sl_loop *l, struct running *r, struct sl_err *err)
{
  int64_t until = sl_loop_now(l) + JOB_MS;
  struct sl_query like = {.res = &sl_res_executions, .kind = SL_Q_GET, .conn = SL_STR("local"), .scope = sl_str(r->id)}, *q = NULL;
  int rc = sl_query_new(&q, &like, err);
  r->state[0] = 0;
  while (!rc && under_way(r->state) && sl_loop_now(l) < until) {
    sl_watch w;
    r->done = false;
    rc = sl_ws_query(r->ws, q, true, on_execution, r, &w, err);
    if (!rc)
      rc = wait_done(l, r, err);
    for (int64_t pause = sl_loop_now(l) + 30; !rc && under_way(r->state) && sl_loop_now(l) < pause;)
      sl_loop_turn(l, 30);
  }
  sl_query_unref(q);
  return rc;
}

static int job_run(struct sl_demo *d, struct sl_loop *l, struct sl_ws *ws, const json_t *job, struct sl_err *err)
{
  struct running r = {.ws = ws};
  struct sl_str name = sl_json_str(job, "job"), expect = sl_json_str(job, "expect");
  struct sl_buf list, dt;
  int64_t day = 0;
  const struct sl_action *run = sl_res_jobs.actions[0];
  struct sl_val args[8];
  if (!sl_json_i64(job, "day", &day) || run->nargs > 8)
    return sl_err_set(err, SL_EPARSE, "manifest.json: a job to run has no day");
  sl_buf_init(&list, 4096);
  sl_buf_init(&dt, 256);
  sl_buf_z(&dt, "dt=");
  sl_layout_format(&dt, "%Y-%m-%d", d->today + day * DAY_MS);
  sl_list_add(&list, sl_buf_view(&dt));
  for (size_t i = 0; i < run->nargs; i++) {
    args[i] = sl_null(run->args[i].type);
    if (!strcmp(run->args[i].name, "p"))
      args[i] = sl_vas(SL_LIST, sl_buf_view(&list));
    else if (!strcmp(run->args[i].name, "detach"))
      args[i] = sl_vb(true);
  }
  const struct sl_ref target = {SL_STR("local"), SL_STR("jobs"), name};
  const struct sl_call call = {.act = run, .res = &sl_res_jobs, .targets = &target, .ntargets = 1, .args = args};
  int rc = sl_ws_plan(ws, &call, on_planned, &r, err);
  if (!rc)
    rc = wait_done(l, &r, err);
  if (!rc && !r.id[0])
    rc = sl_err_set(err, SL_EINTERNAL, "job %.*s was not started", SL_ARG(name));
  if (!rc)
    rc = execution_wait(l, &r, err);
  if (!rc && !sl_str_eqz(expect, r.state))
    rc = sl_err_set(err, SL_EIO, "job %.*s of the demo ended as %s, not %.*s: `sluice -w %s logs %s` says why", SL_ARG(name), r.state,
                    SL_ARG(expect), d->to, r.id);
  sl_buf_free(&list);
  sl_buf_free(&dt);
  return rc;
}

/* A demo that stood in the same folder before, and was removed by hand, left its executions and audit: they are not of this one. */
static int forget(const struct sl_ws_conf *c, struct sl_err *err)
{
  char *state = sl_xdg_path(SL_XDG_STATE, sl_ws_conf_id(c));
  int rc = state ? sl_rmtree(state, err) : sl_err_nomem(err);
  sl_free(state);
  return rc;
}

int sl_demo_jobs(struct sl_demo *d, struct sl_app *a, struct sl_err *err)
{
  struct sl_session s = {.app = a};
  const json_t *list = json_object_get(d->manifest, "run");
  char *file = sl_path_join(d->to, "sluice.yaml");
  int rc = file ? sl_session_types(&s, err) : sl_err_nomem(err);
  if (!rc)
    rc = sl_ws_conf_load(&s.conf, file, s.types, s.ntypes, err);
  if (!rc)
    rc = forget(s.conf, err);
  if (!rc)
    rc = sl_trust_add(file, err); /* we wrote it ourselves */
  if (!rc)
    rc = sl_loop_open(&s.loop, err);
  const struct sl_ws_opts o = {.conf = s.conf, .backends = sl_backends, .exe = a->exe, .headless = true, .no_input = true};
  if (!rc)
    rc = sl_ws_open(&s.ws, s.loop, &o, err);
  for (size_t i = 0; i < json_array_size(list) && !rc; i++)
    rc = job_run(d, s.loop, s.ws, json_array_get(list, i), err);
  sl_session_close(&s);
  sl_free(file);
  return rc;
}
