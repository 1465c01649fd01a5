/* backends/local/jobs.c: the jobs of the workspace that run here, with how the last run of each went. */
#include <math.h>

#include "backend_local/exec_int.h"

static const struct sl_col own[] = {
  { .name = "due", .type = SL_TIME, .help = "when its schedule last wanted it" },
  { .name = "late_s", .type = SL_F64, .help = "how long it has been due without having begun", .unit = "s", .flags = SL_COL_LIVE },
  { .name = "reads", .type = SL_LIST, .help = "zones that it reads" },
  { .name = "writes", .type = SL_TEXT, .help = "zone that it writes", .link = "zones" },
  { .name = "params", .type = SL_LIST, .help = "parameters and their defaults" },
  { .name = "help", .type = SL_TEXT, .help = "what it is for" },
};
enum { NAME, ENGINE, SCHEDULE, STATE, LAST, STARTED, DUE, LATE, READS, WRITES, PARAMS, HELP };

static void set_names(struct sl_batch *b, unsigned col, const char *const *names)
{
  struct sl_buf list;
  sl_buf_init(&list, 0);
  for (; *names; names++)
    sl_list_add(&list, sl_str(*names));
  if (!list.failed)
    sl_batch_set(b, col, sl_vas(SL_LIST, list.n ? sl_buf_view(&list) : SL_STR("")));
  sl_buf_free(&list);
}

static void set_params(struct sl_batch *b, unsigned col, const struct sl_param *p, size_t n)
{
  struct sl_buf list, one;
  sl_buf_init(&list, 0);
  sl_buf_init(&one, 0);
  for (size_t i = 0; i < n; i++) {
    sl_buf_clear(&one);
    sl_buf_printf(&one, "%s=%s", p[i].name, p[i].value);
    sl_list_add(&list, sl_buf_view(&one));
  }
  if (!list.failed && !one.failed)
    sl_batch_set(b, col, sl_vas(SL_LIST, list.n ? sl_buf_view(&list) : SL_STR("")));
  sl_buf_free(&list);
  sl_buf_free(&one);
}

static void set_schedule(struct sl_batch *b, const struct local_ask *a, const struct sl_job_conf *j, sl_ms started)
{
  struct sl_cron c;
  if (!j->schedule || sl_cron_parse(&c, sl_str(j->schedule), NULL))
    return;
  sl_batch_set(b, SCHEDULE, sl_vz(j->schedule));
  sl_ms due = sl_cron_prev(&c, a->now, sl_ws_conf_tz(a->conf));
  if (due == INT64_MIN)
    return;
  sl_batch_set(b, DUE, sl_vt(due));
  sl_batch_set(b, LATE, sl_vf(started < due ? (double)(a->now - due) / 1000 : 0));
}

static int put_job(struct local_ask *a, struct sl_feed *f, struct sl_rower *w, const struct sl_job_conf *j, struct sl_err *err)
{
  struct local_ids ids;
  struct local_exec e;
  sl_ms started = 0;
  int rc = local_ids_read(&ids, a->s->execs, sl_str(j->name), err);
  if (rc)
    return rc;
  struct sl_err gone = { 0 };
  bool ran = ids.n && !local_exec_read(&e, a->s->execs, sl_str(ids.id[0]), &gone);
  if (gone.code == SL_ENOMEM) {
    local_ids_free(&ids);
    return sl_err_nomem(err);
  }
  if (ran && (e.unread == SL_EIO || e.unread == SL_EDENIED))
    local_cut(f, e.st.cause);
  rc = sl_rower_row(w, SL_PUT, sl_str(j->name));
  struct sl_batch *b = sl_rower_batch(w);
  if (!rc) {
    sl_batch_set(b, NAME, sl_vz(j->name));
    sl_batch_set(b, ENGINE, sl_vz("local"));
    if (ran) {
      started = e.st.started ? e.st.started : e.spec.created;
      sl_batch_set(b, STATE, sl_vas(SL_STATE, sl_str(e.st.state)));
      sl_batch_set(b, LAST, sl_vz(e.spec.id));
      if (started)
        sl_batch_set(b, STARTED, sl_vt(started));
    }
    set_schedule(b, a, j, started);
    set_names(b, READS, j->reads);
    sl_batch_set(b, WRITES, sl_vz(j->writes));
    set_params(b, PARAMS, j->params, j->nparams);
    sl_batch_set(b, HELP, sl_vz(j->help));
  }
  if (ran)
    local_exec_free(&e);
  local_ids_free(&ids);
  return rc;
}

/* ---- the document: its steps as they are written ---- */

static int send_doc(struct sl_feed *f, const struct sl_job_conf *j)
{
  struct sl_buf b;
  sl_buf_init(&b, 4 << 20);
  struct sl_jw w = sl_jw(&b, false);
  sl_jw_obj(&w);
  sl_jw_key(&w, SL_STR("job"));
  sl_jw_str(&w, sl_str(j->name));
  sl_jw_key(&w, SL_STR("steps"));
  sl_jw_arr(&w);
  for (size_t i = 0; i < j->nsteps; i++) {
    sl_jw_obj(&w);
    sl_jw_key(&w, SL_STR("name"));
    sl_jw_str(&w, sl_str(j->steps[i].name));
    sl_jw_key(&w, SL_STR("run"));
    sl_jw_arr(&w);
    for (const char *const *v = j->steps[i].argv; *v; v++)
      sl_jw_str(&w, sl_str(*v));
    sl_jw_end_arr(&w);
    sl_jw_key(&w, SL_STR("after"));
    sl_jw_arr(&w);
    for (const char *const *v = j->steps[i].after; *v; v++)
      sl_jw_str(&w, sl_str(*v));
    sl_jw_end_arr(&w);
    sl_jw_end_obj(&w);
  }
  sl_jw_end_arr(&w);
  sl_jw_end_obj(&w);
  int rc = b.failed ? b.failed : sl_feed_doc(f, sl_buf_view(&b));
  sl_buf_free(&b);
  return rc;
}

static int jobs_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct local_ask *a = user;
  struct sl_rower w;
  size_t n = 0;
  const struct sl_job_conf *j = a->conf ? sl_ws_conf_jobs(a->conf, &n) : NULL;
  int rc = sl_feed_head(f, NULL, 0, -1);
  if (rc || (rc = sl_rower_begin(&w, f, NULL, err)))
    return rc;
  for (size_t i = 0; i < n && !rc; i++) {
    bool get = a->q->kind == SL_Q_GET;
    if (!sl_str_eqz(a->conn, j[i].conn) || (get && !sl_str_eqz(a->q->scope, j[i].name)))
      continue;
    rc = put_job(a, f, &w, &j[i], err);
    if (!rc && get)
      rc = send_doc(f, &j[i]);
  }
  if (!rc)
    return sl_rower_end(&w, err);
  sl_rower_abort(&w);
  return rc;
}
LOCAL_ASK(jobs_query, jobs_work)

static const struct sl_verb verbs[] = { { .act = &sl_act_run, .run = local_run, .reconcile = local_run_look } };

const struct sl_serve local_jobs = { .res = &sl_res_jobs, .own = own, .nown = sizeof own / sizeof own[0], .verbs = verbs, .nverbs = 1,
                                     .query = jobs_query };
