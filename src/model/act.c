/* model/act.c: the second door. INTENT (fsync) -> guards read again and compared -> call -> OUTCOME. Whatever happens in between, the
 * audit says
 * at least that it was meant; a lost answer is asked for (reconcile), never sent again. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "model/act_int.h"

/* ---- armed ---- */

static void act_close(struct sl_ws *w);
static void act_reload(struct sl_ws *w) { sl_ws_disarm(w); }

int act_state(struct sl_ws *w, struct ws_act **out, struct sl_err *err)
{
  if (!w->act) {
    struct ws_act *a = sl_calloc(1, sizeof *a);
    char *path = sl_asprintf("%s/audit", sl_ws_state_dir(w));
    if (!a || !path) {
      sl_free(a);
      sl_free(path);
      return sl_err_nomem(err);
    }
    a->audit_path = path;
    w->act = a;
    w->act_close = act_close;
    w->act_reload = act_reload;
  }
  *out = w->act;
  return SL_OK;
}

const char *sl_ws_audit_path(const struct sl_ws *w)
{
  struct ws_act *a = NULL;
  return act_state((struct sl_ws *)(uintptr_t)w, &a, NULL) ? "" : a->audit_path;
}

const char *sl_ws_armed_why(const struct sl_ws *w)
{
  const struct sl_ws_conf *c = sl_ws_config(w);
  if (c && sl_ws_conf_readonly(c))
    return "the workspace file says readonly: true";
  return w->readonly ? "--read-only or SLUICE_READONLY=1" : "";
}

enum sl_armed sl_ws_armed(const struct sl_ws *w, int64_t *left_ms)
{
  int64_t left = w->act ? w->act->armed_until - sl_loop_now(w->l) : 0;
  *left_ms = left > 0 ? left : 0;
  if (sl_ws_armed_why(w)[0])
    return SL_READONLY;
  return w->headless || left > 0 ? SL_ARMED : SL_DISARMED;
}

const char *sl_ws_arm_needs(const struct sl_ws *w)
{
  const struct sl_ws_conf *c = sl_ws_config(w);
  return c && sl_ws_conf_protected(c) ? sl_ws_conf_environment_name(c) : NULL;
}

static void armed_over(void *user)
{
  struct sl_ws *w = user;
  w->act->armed_end.v = 0;
  ws_state_changed(w);
}

int sl_ws_arm(struct sl_ws *w, struct sl_str typed, struct sl_err *err)
{
  struct ws_act *a;
  int rc = act_state(w, &a, err);
  const char *needs = sl_ws_arm_needs(w);
  if (rc)
    return rc;
  if (sl_ws_armed_why(w)[0])
    return sl_err_set(err, SL_EREADONLY, "read-only: %s", sl_ws_armed_why(w));
  if (needs && !sl_str_eqz(typed, needs))
    return sl_err_set(err, SL_EUSAGE, "to arm, type %s", needs);
  a->armed_until = sl_loop_now(w->l) + ACT_ARMED_MS;
  sl_timer_stop(w->l, &a->armed_end);
  rc = sl_timer_start(w->l, ACT_ARMED_MS, 0, armed_over, w, &a->armed_end, err);
  ws_state_changed(w);
  return rc;
}

void sl_ws_disarm(struct sl_ws *w)
{
  if (!w->act)
    return;
  w->act->armed_until = 0;
  sl_timer_stop(w->l, &w->act->armed_end);
  ws_state_changed(w);
}

/* ---- records ---- */

static void job_free(struct sl_plan *p)
{
  p->in_job = false;
  sl_plan_free(p);
}

static int append_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct sl_plan *p = user;
  (void)cancel; /* once begun, a record is finished */
  return sl_audit_append(p->audit_path, sl_buf_view(&p->fields), p->when, NULL, err);
}

/* The record's file and time travel in the plan: the worker touches nothing of the workspace. */
static int append(struct sl_plan *p, const struct sl_job_ops *ops, struct sl_err *err)
{
  snprintf(p->audit_path, sizeof p->audit_path, "%s", p->w->act->audit_path);
  p->when = sl_ws_now(p->w);
  int rc = sl_buf_check(&p->fields, err);
  if (!rc)
    rc = sl_job_start(p->w->l, SL_LANE_FILE, ops, p, &(sl_job){ 0 }, err);
  p->in_job = !rc;
  return rc;
}

static void tell(struct sl_plan *p, int rc)
{
  sl_done *fn = p->done;
  void *user = p->user;
  struct sl_err err = p->err;
  struct sl_ref ref;
  struct sl_buf scratch;
  sl_buf_init(&scratch, 0);
  bool have = p->result[0] && !sl_ref_parse(sl_str(p->result), &ref, &scratch, NULL);
  plan_unlink(p);
  sl_ws_stale(p->w, p->call.res);
  if (rc && !err.msg[0])
    snprintf(err.msg, sizeof err.msg, "%s", sl_code_words(rc));
  err.code = rc;
  if (fn)
    fn(user, rc, have ? &ref : NULL, rc ? &err : NULL);
  sl_buf_free(&scratch);
  sl_plan_free(p);
}

/* ---- outcome ---- */

static void outcome_done(void *user, int rc, const struct sl_err *err)
{
  struct sl_plan *p = user;
  p->in_job = false;
  if (p->closing) {
    job_free(p);
    return;
  }
  if (rc) { /* the action stands; the record of how it ended does not */
    sl_err_set(&p->err, SL_EIO, "%s; but that could not be written down: %.150s", p->outcome, err ? err->msg : "");
    p->rc = p->rc ? p->rc : SL_EIO;
  }
  tell(p, p->rc);
}

static const char *worst(struct sl_plan *p)
{
  const char *word = "ok";
  for (size_t i = 0; i < p->call.ntargets; i++) {
    if (p->did[i].rc == SL_EUNKNOWN)
      return "unknown";
    if (p->did[i].rc)
      word = p->did[i].rc == SL_ECONFLICT ? "refused" : "failed";
  }
  return word;
}

static void targets_write(struct sl_plan *p)
{
  struct sl_buf *b = &p->fields, ref;
  sl_buf_init(&ref, 1 << 16);
  sl_buf_z(b, ",\"each\":[");
  for (size_t i = 0; i < p->call.ntargets; i++) {
    sl_buf_clear(&ref);
    sl_ref_text(&ref, &p->call.targets[i]);
    sl_buf_z(b, i ? ",{\"target\":" : "{\"target\":");
    sl_json_quote(b, sl_buf_view(&ref));
    sl_buf_printf(b, ",\"rc\":\"%s\"", sl_code_name(p->did[i].rc));
    if (p->did[i].err.msg[0]) {
      sl_buf_z(b, ",\"error\":");
      sl_json_quote(b, sl_str(p->did[i].err.msg));
    }
    sl_buf_ch(b, '}');
  }
  sl_buf_ch(b, ']');
  sl_buf_free(&ref);
}

static void outcome(struct sl_plan *p, const char *word)
{
  static const struct sl_job_ops ops = {.work = append_work, .done = outcome_done};
  struct sl_err err = {0};
  p->outcome = word;
  act_fields(p, p->reconciling ? "reconciled" : "outcome");
  sl_buf_printf(&p->fields, ",\"outcome\":\"%s\",\"detail\":", word);
  sl_json_quote(&p->fields, sl_str(p->err.msg[0] ? p->err.msg : p->result[0] ? p->result : word));
  if (p->result[0]) {
    sl_buf_z(&p->fields, ",\"started\":");
    sl_json_quote(&p->fields, sl_str(p->result));
  }
  targets_write(p);
  if (append(p, &ops, &err))
    outcome_done(p, err.code, &err);
  sl_ws_stale(p->w, &sl_res_audit);
}

/* ---- the call ---- */

static int on_did(void *user, size_t target, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  struct sl_plan *p = user;
  struct sl_buf b;
  if (target >= p->call.ntargets)
    return SL_EINTERNAL;
  p->did[target].told = true;
  p->did[target].rc = rc;
  if (rc && err)
    p->did[target].err = *err;
  if (started) {
    sl_buf_init(&b, 4096);
    sl_ref_text(&b, started);
    snprintf(p->result, sizeof p->result, "%s", sl_buf_zstr(&b));
    sl_buf_free(&b);
  }
  return SL_OK;
}

static bool answer_lost(int rc)
{
  return rc == SL_ETIMEOUT || rc == SL_ENET || rc == SL_ECANCELED || rc == SL_EUNKNOWN || rc == SL_EPROTO;
}

static void finish(struct sl_plan *p)
{
  size_t first = p->call.ntargets;
  for (size_t i = 0; i < p->call.ntargets && first == p->call.ntargets; i++)
    if (p->did[i].rc)
      first = i;
  p->rc = first < p->call.ntargets ? p->did[first].rc : SL_OK;
  if (p->rc && p->did[first].err.msg[0])
    p->err = p->did[first].err;
  outcome(p, worst(p));
}

static void reconcile_end(void *user, int rc, const char *cut, const struct sl_err *err)
{
  struct sl_plan *p = user;
  (void)cut;
  p->req = NULL;
  for (size_t i = 0; i < p->call.ntargets; i++)
    if (p->did[i].rc == SL_EUNKNOWN) {
      p->did[i].rc = rc == SL_OK ? SL_OK : rc == SL_ENOENT ? SL_EIO : SL_EUNKNOWN;
      if (rc == SL_ENOENT)
        sl_err_set(&p->did[i].err, SL_EIO, "it was not done: the answer was lost and nothing shows it; it may be tried again");
      else if (rc)
        sl_err_set(&p->did[i].err, SL_EUNKNOWN, "outcome unknown: the answer was lost (%s); `sluice audit list` keeps it open", err
            ? err->msg : "");
    }
  finish(p);
}

static bool reconcile_start(struct sl_plan *p)
{
  static const struct ws_req_sink sink = {.did = on_did, .end = reconcile_end};
  const struct ws_req_spec spec = {.kind = WS_REQ_RECONCILE, .b = p->b, .verb = p->verb, .res = p->call.res, .call = &p->call,
    .total_ms = ACT_READ_MS, .sink = &sink, .user = p};
  return p->verb->reconcile && !ws_req_start(&p->req, &spec, NULL);
}

static void call_end(void *user, int rc, const char *cut, const struct sl_err *err)
{
  struct sl_plan *p = user;
  bool lost = false;
  (void)cut;
  p->req = NULL;
  for (size_t i = 0; i < p->call.ntargets; i++) {
    if (!p->did[i].told) {
      p->did[i].rc = rc ? (answer_lost(rc) ? SL_EUNKNOWN : rc) : SL_EUNKNOWN;
      if (err)
        p->did[i].err = *err;
    }
    lost |= p->did[i].rc == SL_EUNKNOWN;
  }
  if (!lost || !reconcile_start(p))
    finish(p);
}

static void call_start(struct sl_plan *p)
{
  static const struct ws_req_sink sink = {.did = on_did, .end = call_end};
  const struct ws_req_spec spec = {.kind = WS_REQ_CALL, .b = p->b, .verb = p->verb, .res = p->call.res, .call = &p->call,
    .total_ms = ACT_CALL_MS, .sink = &sink, .user = p};
  int rc = ws_req_start(&p->req, &spec, &p->err);
  if (rc) { /* never left this program */
    for (size_t i = 0; i < p->call.ntargets; i++) {
      p->did[i].rc = rc;
      p->did[i].err = p->err;
    }
    finish(p);
  }
}

/* ---- guards again ---- */

static int expect_check(struct sl_plan *p, size_t target, const struct sl_batch *b, uint32_t row)
{
  struct sl_schema *s = sl_batch_schema(b);
  for (size_t i = 0; i < p->call.nexpect; i++) {
    const struct sl_expect *e = &p->call.expect[i];
    int c = sl_str_eq(e->ref.id, p->call.targets[target].id) ? sl_schema_find(s, sl_str(e->col)) : -1;
    struct sl_val now = c < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)c);
    if (c >= 0 && !val_is(&e->was, &now))
      return sl_err_set(&p->err, SL_ECONFLICT, "changed meanwhile: %s of %.*s is not what you saw; look again", e->col, SL_ARG(e->ref.id));
  }
  return SL_OK;
}

static int guard_check(struct sl_plan *p, size_t target, const struct sl_batch *b, uint32_t row)
{
  struct sl_schema *s = sl_batch_schema(b);
  int rc = expect_check(p, target, b, row);
  for (size_t i = 0; i < p->nguard && !rc; i++) {
    const struct act_guard *g = &p->guard[i];
    int c = g->target == target ? sl_schema_find(s, sl_str(g->col)) : -1;
    if (c < 0)
      continue;
    struct sl_val now = sl_batch_get(b, row, (unsigned)c);
    if (val_is(&g->was, &now))
      continue;
    struct sl_buf words;
    sl_buf_init(&words, 4096);
    val_words(&words, &now);
    rc = sl_err_set(&p->err, SL_ECONFLICT, "changed meanwhile: %s, now %s; look again", g->words, sl_buf_zstr(&words));
    sl_buf_free(&words);
  }
  return rc;
}

static void refuse(struct sl_plan *p, int rc)
{
  for (size_t i = 0; i < p->call.ntargets; i++)
    p->did[i].rc = rc;
  p->rc = rc;
  outcome(p, "refused");
}

static void guards_read(struct sl_plan *p, int rc)
{
  if (rc)
    refuse(p, rc);
  else
    call_start(p);
}

static void intent_done(void *user, int rc, const struct sl_err *err)
{
  struct sl_plan *p = user;
  p->in_job = false;
  if (p->closing) {
    job_free(p);
    return;
  }
  if (rc) { /* no record, no action */
    if (err)
      p->err = *err;
    tell(p, rc);
    return;
  }
  sl_ws_stale(p->w, &sl_res_audit);
  bool skip = p->call.act->guards && !p->call.act->guards[0];
  if (skip)
    call_start(p);
  else if (act_read_targets(p, guard_check, guards_read, &p->err))
    refuse(p, p->err.code);
}

/* ---- the door ---- */

static int may_act(struct sl_ws *w, struct sl_plan *p, struct sl_str typed, struct sl_err *err)
{
  int64_t left;
  enum sl_armed armed = sl_ws_armed(w, &left);
  if (armed == SL_READONLY)
    return sl_err_set(err, SL_EREADONLY, "read-only: %s", sl_ws_armed_why(w));
  if (armed == SL_DISARMED)
    return sl_err_set(err, SL_EREADONLY, "not armed: ! arms for five minutes");
  if (p->b->conf && sl_conf_readonly(p->b->conf))
    return sl_err_set(err, SL_EREADONLY, "connection %s is readonly: true in the workspace file", p->conn);
  if (p->must && !sl_str_eqz(typed, p->must))
    return sl_err_set(err, SL_EUSAGE, w->headless ? "a protected environment: add --confirm %s" : "type %s to go on", p->must);
  return SL_OK;
}

int sl_ws_act(struct sl_ws *w, struct sl_plan **take, struct sl_str typed, sl_done *fn, void *user, struct sl_err *err)
{
  static const struct sl_job_ops ops = {.work = append_work, .done = intent_done};
  struct sl_plan *p = *take;
  *take = NULL;
  p->b = ws_conn_find(w, sl_str(p->conn)); /* the workspace may have been read again meanwhile */
  int rc = p->b ? may_act(w, p, typed, err) : sl_err_set(err, SL_ENOENT, "connection %s is gone from the workspace", p->conn);
  if (!rc) {
    p->done = fn;
    p->user = user;
    act_fields(p, "intent");
    rc = append(p, &ops, err);
  }
  if (rc)
    sl_plan_free(p);
  else
    plan_link(p);
  return rc;
}

/* The workspace closes: what was sent stays an intent without an outcome, and is reconciled by the next start. */
static void act_close(struct sl_ws *w)
{
  struct ws_act *a = w->act;
  sl_timer_stop(w->l, &a->armed_end);
  while (a->plans) {
    struct sl_plan *p = a->plans;
    plan_unlink(p);
    sl_ws_unwatch(w, p->watch);
    if (p->req)
      ws_req_drop(p->req);
    p->req = NULL;
    p->closing = true;
    if (!p->in_job)
      sl_plan_free(p);
  }
  sl_free(a->audit_path);
  sl_free(a);
  w->act = NULL;
}
