/* backends/local/executions.c: executions and their steps, read from their folders each time: whoever started them, they are the same. */
#include <stdio.h>
#include <stdlib.h>

#include "backend_local/exec_int.h"
#include "base/fmt.h"

enum { RECENT = 20 };

static struct sl_val when(sl_ms t)
{
  return t ? sl_vt(t) : sl_null(SL_TIME);
}

static struct sl_val lasted(sl_ms from, sl_ms to, sl_ms now)
{
  return from ? sl_vf((double)((to ? to : now) - from) / 1000) : sl_null(SL_F64);
}

static struct sl_val text(const char *z)
{
  return *z ? sl_vz(z) : sl_null(SL_TEXT);
}

/* ---- walking over them ---- */

typedef int each_exec(struct local_ask *a, struct sl_rower *w, const struct local_exec *e, void *user);

/* One by its id, those of a job, or all. */
static int each(struct local_ask *a, struct sl_feed *f, struct sl_str id, struct sl_str job, each_exec *fn, void *user, struct sl_err *err)
{
  struct sl_rower w;
  struct local_ids ids = { 0 };
  struct local_exec e;
  int rc = sl_feed_head(f, NULL, 0, -1);
  if (rc || (rc = sl_rower_begin(&w, f, NULL, err)))
    return rc;
  if (!id.n)
    rc = local_ids_read(&ids, a->s->execs, job, err);
  for (size_t i = 0; !rc && i < (id.n ? 1 : ids.n); i++) {
    struct sl_err gone = { 0 };
    if (sl_feed_cancelled(f))
      rc = SL_ECANCELED;
    else if (!local_exec_read(&e, a->s->execs, id.n ? id : sl_str(ids.id[i]), &gone)) {
      if (e.unread == SL_EIO || e.unread == SL_EDENIED)
        local_cut(f, e.st.cause);
      rc = fn(a, &w, &e, user);
      local_exec_free(&e);
    } else if (gone.code == SL_ENOMEM) {
      rc = sl_err_nomem(err);
    }
  }
  local_ids_free(&ids);
  if (!rc)
    return sl_rower_end(&w, err);
  sl_rower_abort(&w);
  return rc;
}

/* ---- executions ---- */

static const struct sl_col exec_own[] = {
  { .name = "params", .type = SL_LIST, .help = "parameters that it runs with" },
  { .name = "retry_of", .type = SL_TEXT, .help = "execution that it repeats", .link = "executions" },
};
enum { ID, JOB, ENGINE, STATE, NATIVE, STARTED, ENDED, DURATION, DONE, TOTAL, UNIT, CAUSE, PARAMS, RETRY_OF };

static int set_params(struct sl_batch *b, const struct local_spec *s)
{
  struct sl_buf list, one;
  sl_buf_init(&list, 0);
  sl_buf_init(&one, 0);
  for (size_t i = 0; i < s->nparams; i++) {
    sl_buf_clear(&one);
    sl_buf_printf(&one, "%s=%s", s->params[i].name, s->params[i].value);
    sl_list_add(&list, sl_buf_view(&one));
  }
  int rc = list.failed ? list.failed : one.failed;
  if (!rc)
    sl_batch_set(b, PARAMS, sl_vas(SL_LIST, list.n ? sl_buf_view(&list) : SL_STR("")));
  sl_buf_free(&list);
  sl_buf_free(&one);
  return rc;
}

static int send_doc(struct sl_feed *f, const struct local_exec *e)
{
  struct sl_buf b;
  sl_buf_init(&b, 8 << 20);
  struct sl_jw w = sl_jw(&b, false);
  sl_jw_obj(&w);
  local_spec_json(&w, &e->spec);
  sl_jw_key(&w, SL_STR("now"));
  sl_jw_obj(&w);
  local_state_json(&w, &e->spec, &e->st);
  sl_jw_end_obj(&w);
  sl_jw_end_obj(&w);
  int rc = b.failed ? b.failed : sl_feed_doc(f, sl_buf_view(&b));
  sl_buf_free(&b);
  return rc;
}

static int put_exec(struct local_ask *a, struct sl_rower *w, const struct local_exec *e, void *user)
{
  const struct local_state *st = &e->st;
  int rc = sl_rower_row(w, SL_PUT, sl_str(e->spec.id));
  struct sl_batch *b = sl_rower_batch(w);
  if (rc)
    return rc;
  sl_ms from = st->started ? st->started : e->spec.created;
  sl_batch_set(b, ID, sl_vz(e->spec.id));
  sl_batch_set(b, JOB, sl_vz(e->spec.job));
  sl_batch_set(b, ENGINE, sl_vz("local"));
  sl_batch_set(b, STATE, sl_vas(SL_STATE, sl_str(st->state)));
  sl_batch_set(b, NATIVE, text(st->native));
  sl_batch_set(b, STARTED, when(from));
  sl_batch_set(b, ENDED, when(st->ended));
  sl_batch_set(b, DURATION, local_state_final(st->state) && !st->ended ? sl_null(SL_F64) : lasted(from, st->ended, a->now));
  if (st->nsteps) {
    sl_batch_set(b, DONE, sl_vi(local_state_done(st)));
    sl_batch_set(b, TOTAL, sl_vi((int64_t)st->nsteps));
    sl_batch_set(b, UNIT, sl_vz("steps"));
  }
  sl_batch_set(b, CAUSE, text(st->cause));
  sl_batch_set(b, RETRY_OF, sl_vz(e->spec.retry_of));
  rc = set_params(b, &e->spec);
  return !rc && user ? send_doc(user, e) : rc;
}

static int executions_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct local_ask *a = user;
  bool get = a->q->kind == SL_Q_GET;
  if (get && !a->q->scope.n)
    return sl_err_set(err, SL_EUSAGE, "which execution?");
  return each(a, f, get ? a->q->scope : SL_STR_NONE, get ? SL_STR_NONE : a->q->scope, put_exec, get ? f : NULL, err);
}
LOCAL_ASK(executions_query, executions_work)

static const struct sl_verb verbs[] = {
  { .act = &sl_act_stop, .run = local_stop, .reconcile = local_stop_look },
  { .act = &sl_act_retry, .run = local_retry, .reconcile = local_run_look },
};

const struct sl_serve local_executions = { .res = &sl_res_executions, .own = exec_own, .nown = sizeof exec_own / sizeof exec_own[0],
                                           .verbs = verbs, .nverbs = sizeof verbs / sizeof verbs[0], .query = executions_query };

/* ---- steps ---- */

static const struct sl_col step_own[] = {
  { .name = "exit_code", .type = SL_I64, .help = "what it returned" },
  { .name = "signal", .type = SL_I64, .help = "what killed it" },
  { .name = "cpu_s", .type = SL_F64, .help = "processor time of it and its children", .unit = "s" },
  { .name = "memory", .type = SL_I64, .help = "largest resident memory", .unit = "B" },
  { .name = "command", .type = SL_TEXT, .help = "what ran, as words" },
};
enum { S_EXEC, S_NAME, S_STATE, S_NATIVE, S_STARTED, S_ENDED, S_DURATION, S_AFTER, S_CAUSE, S_CODE, S_SIGNAL, S_CPU, S_MEMORY, S_COMMAND };

static int set_lists(struct sl_batch *b, const struct local_step_spec *p)
{
  struct sl_buf list, line;
  sl_buf_init(&list, 0);
  sl_buf_init(&line, 0);
  for (const char *const *v = p->after; *v; v++)
    sl_list_add(&list, sl_str(*v));
  for (const char *const *v = p->argv; *v; v++) {
    sl_buf_z(&line, line.n ? " " : "");
    sl_fmt_shell(&line, sl_str(*v));
  }
  int rc = list.failed ? list.failed : line.failed;
  if (!list.failed)
    sl_batch_set(b, S_AFTER, sl_vas(SL_LIST, list.n ? sl_buf_view(&list) : SL_STR("")));
  if (!line.failed)
    sl_batch_set(b, S_COMMAND, sl_vs(sl_buf_view(&line)));
  sl_buf_free(&list);
  sl_buf_free(&line);
  return rc;
}

static int put_step(struct local_ask *a, struct sl_rower *w, const struct local_exec *e, size_t i)
{
  const struct local_step_state *p = &e->st.steps[i];
  char id[256];
  snprintf(id, sizeof id, "%s/%s", e->spec.id, e->spec.steps[i].name);
  if (a->q->kind == SL_Q_GET && !sl_str_eqz(a->q->scope, id))
    return SL_OK;
  int rc = sl_rower_row(w, SL_PUT, sl_str(id));
  struct sl_batch *b = sl_rower_batch(w);
  if (rc)
    return rc;
  sl_batch_set(b, S_EXEC, sl_vz(e->spec.id));
  sl_batch_set(b, S_NAME, sl_vz(e->spec.steps[i].name));
  sl_batch_set(b, S_STATE, sl_vas(SL_STATE, sl_str(p->state)));
  sl_batch_set(b, S_NATIVE, text(p->native));
  sl_batch_set(b, S_STARTED, when(p->started));
  sl_batch_set(b, S_ENDED, when(p->ended));
  bool open_end = local_state_final(p->state) && !p->ended;
  sl_batch_set(b, S_DURATION, open_end ? sl_null(SL_F64) : lasted(p->started, p->ended, a->now));
  sl_batch_set(b, S_CAUSE, text(p->cause));
  if (p->code >= 0)
    sl_batch_set(b, S_CODE, sl_vi(p->code));
  if (p->signum > 0)
    sl_batch_set(b, S_SIGNAL, sl_vi(p->signum));
  if (p->cpu_ms >= 0)
    sl_batch_set(b, S_CPU, sl_vf((double)p->cpu_ms / 1000));
  if (p->maxrss_kb >= 0)
    sl_batch_set(b, S_MEMORY, sl_vi(p->maxrss_kb * 1024));
  return set_lists(b, &e->spec.steps[i]);
}

/* since: an execution that began before is not recent. */
static int put_steps(struct local_ask *a, struct sl_rower *w, const struct local_exec *e, void *user)
{
  const sl_ms *since = user;
  int rc = SL_OK;
  for (size_t i = 0; i < e->st.nsteps && i < e->spec.nsteps && !rc && e->spec.created >= *since; i++)
    rc = put_step(a, w, e, i);
  return rc;
}

static int newest_first(const void *x, const void *y)
{
  sl_ms a = *(const sl_ms *)x, b = *(const sl_ms *)y;
  return a < b ? 1 : a > b ? -1 : 0;
}

/* When the oldest of the RECENT newest was made. */
static int recent_since(struct local_ask *a, sl_ms *since, struct sl_err *err)
{
  struct local_ids ids;
  struct local_exec e;
  int rc = local_ids_read(&ids, a->s->execs, SL_STR_NONE, err);
  sl_ms *made = rc ? NULL : sl_calloc(ids.n + 1, sizeof *made);
  if (!rc && !made)
    rc = sl_err_nomem(err);
  size_t n = 0;
  for (size_t i = 0; !rc && i < ids.n; i++)
    if (!local_exec_read(&e, a->s->execs, sl_str(ids.id[i]), NULL)) {
      made[n++] = e.spec.created;
      local_exec_free(&e);
    }
  if (n)
    qsort(made, n, sizeof *made, newest_first);
  *since = n > RECENT ? made[RECENT - 1] : 0;
  sl_free(made);
  local_ids_free(&ids);
  return rc;
}

static int steps_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct local_ask *a = user;
  struct sl_str id = a->q->scope, rest = id;
  sl_ms since = 0;
  if (id.n)
    sl_str_cut(&rest, '/', &id);
  int rc = id.n ? SL_OK : recent_since(a, &since, err);
  return rc ? rc : each(a, f, id, SL_STR_NONE, put_steps, &since, err);
}
LOCAL_ASK(steps_query, steps_work)

const struct sl_serve local_steps = { .res = &sl_res_steps, .own = step_own, .nown = sizeof step_own / sizeof step_own[0],
                                      .query = steps_query };
