/* model/act.c: the second door. INTENT (fsync) -> guards read again and compared -> call -> OUTCOME. Whatever happens in between, the
 * audit says at least that it was meant; a lost answer is asked for (reconcile), never sent again. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "model/act_int.h"

/* ---- armed ---- */

static void act_close(struct sl_ws *w);
static void act_reload(struct sl_ws *w) { sl_ws_disarm(w); }

int act_state(struct sl_ws *w, struct ws_act **out, struct sl_err *err)
{
  if (!w->act && w->closing)
    return sl_err_set(err, SL_ECANCELED, "the workspace is closing");
  if (!w->act) {
    struct ws_act *a = sl_calloc(1, sizeof *a);
    if (!a)
      return sl_err_nomem(err);
    w->act = a;
    w->act_close = act_close;
    w->act_reload = act_reload;
  }
  *out = w->act;
  return SL_OK;
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

/* A job has come back: false where the workspace has closed meanwhile. */
bool act_job_over(struct sl_plan *p)
{
  bool closing = p->closing;
  p->w->jobs--;
  plan_unref(p);
  return !closing;
}

int act_append_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct sl_plan *p = user;
  (void)cancel; /* once begun, a record is finished */
  return sl_audit_append(p->audit_path, sl_buf_view(&p->fields), p->when, NULL, err);
}

/* The record's file and time travel in the plan: the worker touches nothing of the workspace. */
int act_append(struct sl_plan *p, const struct sl_job_ops *ops, struct sl_err *err)
{
  p->when = sl_ws_now(p->w);
  int rc = sl_buf_check(&p->fields, err);
  if (!rc && !p->audit_path && plan_text(p, &p->audit_path, sl_str(p->w->audit_path)))
    rc = sl_err_nomem(err);
  if (!rc)
    rc = sl_job_start(p->w->l, SL_LANE_FILE, ops, plan_ref(p), &(sl_job){ 0 }, err);
  else
    return rc;
  if (rc)
    plan_unref(p);
  else
    p->w->jobs++; /* the workspace waits for it when it closes */
  return rc;
}

static const char *started(const struct sl_plan *p)
{
  for (size_t i = 0; i < p->call.ntargets; i++)
    if (p->did[i].started)
      return p->did[i].started;
  return NULL;
}

/* What is worked out from what was acted on is not to be believed any more, either. */
static void derived_stale(struct sl_plan *p)
{
  static const struct sl_resource *const registry[] = { &sl_res_models, &sl_res_versions, &sl_res_approvals, &sl_res_gates };
  bool governed = p->call.res == &sl_res_models || p->call.res == &sl_res_versions;
  for (size_t i = 0; governed && i < sizeof registry / sizeof registry[0]; i++)
    sl_ws_stale(p->w, registry[i]);
  sl_ws_stale(p->w, &sl_res_findings);
}

static void tell(struct sl_plan *p, int rc)
{
  sl_done *fn = p->done;
  void *user = p->user;
  struct sl_err err = p->err;
  struct sl_ref ref;
  struct sl_buf scratch;
  sl_buf_init(&scratch, 0);
  const char *result = started(p);
  bool have = result && !sl_ref_parse(sl_str(result), &ref, &scratch, NULL);
  const struct sl_resource *res = have ? sl_resource_find(ref.res) : NULL;
  if (!rc && (p->nameless || (result && !have))) /* the action stands; whoever waits for a name gets none */
    rc = sl_err_set(&err, SL_ENOMEM, "done, but the name of what it started is lost: out of memory; sluice get executions shows it");
  plan_unlink(p);
  sl_ws_stale(p->w, &sl_res_audit);
  sl_ws_stale(p->w, p->call.res);
  derived_stale(p);
  if (res && res != p->call.res)
    sl_ws_stale(p->w, res);
  if (rc && !err.msg[0])
    snprintf(err.msg, sizeof err.msg, "%s", sl_code_words(rc));
  err.code = rc;
  struct sl_ws *w = p->w;
  w->act->told = p;
  if (fn)
    fn(user, rc, have ? &ref : NULL, rc ? &err : NULL);
  w->act->told = NULL;
  sl_buf_free(&scratch);
  judge_told(p);
  sl_plan_free(p);
}

const struct sl_plan *sl_ws_acted(const struct sl_ws *w) { return w->act ? w->act->told : NULL; }
bool sl_plan_target_done(const struct sl_plan *p, size_t i) { return i < p->call.ntargets && p->did && p->did[i].told && !p->did[i].rc; }

/* ---- outcome ---- */

static void outcome_written(struct sl_plan *p, int rc, const struct sl_err *err)
{
  if (rc) { /* the action stands; the record of how it ended does not */
    struct sl_err was = p->err;
    sl_err_set(&p->err, SL_EIO, "%s%s%.150s; but that could not be written down: %.150s", p->outcome, was.msg[0] ? ": " : "", was.msg,
               err ? err->msg : "");
    p->rc = p->rc ? p->rc : SL_EIO;
  }
  tell(p, p->rc);
}

static void outcome_done(void *user, int rc, const struct sl_err *err)
{
  struct sl_plan *p = user;
  if (act_job_over(p))
    outcome_written(p, rc, err);
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
      act_quote(b, sl_str(p->did[i].err.msg));
    }
    if (p->did[i].started) {
      sl_buf_z(b, ",\"started\":");
      act_quote(b, sl_str(p->did[i].started));
    }
    sl_buf_ch(b, '}');
    b->failed = b->failed ? b->failed : ref.failed;
  }
  sl_buf_ch(b, ']');
  sl_buf_free(&ref);
}

void act_detail(struct sl_plan *p, const char *otherwise)
{
  const char *result = started(p), *words = p->err.msg[0] ? p->err.msg : result ? result : NULL;
  struct sl_buf *notes = &p->judging.notes, b;
  sl_buf_init(&b, SL_AUDIT_LINE);
  sl_buf_z(&b, words ? words : notes->n ? "" : otherwise);
  if (notes->n)
    sl_buf_printf(&b, "%s%.*s", words ? "; " : "", SL_ARG(sl_buf_view(notes)));
  sl_buf_z(&p->fields, ",\"detail\":");
  act_quote(&p->fields, sl_buf_view(&b));
  p->fields.failed = p->fields.failed ? p->fields.failed : b.failed;
  sl_buf_free(&b);
}

static void outcome(struct sl_plan *p, const char *word)
{
  static const struct sl_job_ops ops = {.work = act_append_work, .done = outcome_done};
  struct sl_err err = {0};
  p->outcome = word;
  act_fields(p, p->reconciling ? "reconciled" : "outcome");
  sl_buf_printf(&p->fields, ",\"outcome\":\"%s\"", word);
  act_detail(p, word);
  targets_write(p);
  int rc = act_append(p, &ops, &err);
  if (rc)
    outcome_written(p, rc, &err); /* the end of p */
}

/* Whoever holds something for it lets go first. */
static void conclude(struct sl_plan *p, const char *word)
{
  p->outcome = word;
  judge_let_go(p);
}

void act_let_go(struct sl_plan *p)
{
  outcome(p, p->outcome);
}

/* ---- the call ---- */

static int on_did(void *user, size_t target, int rc, const struct sl_ref *ref, const struct sl_err *err)
{
  struct sl_plan *p = user;
  struct sl_buf b;
  if (target >= p->call.ntargets)
    return SL_EINTERNAL;
  p->did[target].told = true;
  p->did[target].rc = rc;
  if (rc && err)
    p->did[target].err = *err;
  if (ref) {
    sl_buf_init(&b, 1 << 16);
    sl_ref_text(&b, ref);
    if (plan_text(p, &p->did[target].started, sl_buf_view(&b))) { /* done all the same: the record then lacks what it started */
      p->did[target].started = NULL;
      p->nameless = true;
    }
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
  size_t bad = p->call.ntargets, done = 0;
  for (size_t i = 0; i < p->call.ntargets; i++) {
    done += !p->did[i].rc;
    if (p->did[i].rc && (bad == p->call.ntargets || (p->did[i].rc == SL_EUNKNOWN && p->did[bad].rc != SL_EUNKNOWN)))
      bad = i; /* an open question weighs more than a failure */
  }
  p->rc = bad < p->call.ntargets ? p->did[bad].rc : SL_OK;
  if (p->rc && p->did[bad].err.msg[0])
    p->err = p->did[bad].err;
  else if (p->rc)
    sl_err_set(&p->err, p->rc, "%s", sl_code_words(p->rc));
  if (p->rc && p->call.ntargets > 1)
    sl_err_prefix(&p->err, "%zu of %zu done; %.*s", done, p->call.ntargets, SL_ARG(sl_str_head(p->call.targets[bad].id, 60)));
  if (p->reconciling && p->rc == SL_EUNKNOWN) /* nothing new to write down */
    tell(p, p->rc);
  else
    conclude(p, worst(p));
}

/* What the person reads of a target whose answer was lost, after somebody looked. */
static void settle(struct sl_plan *p, size_t i, int rc, const struct sl_err *err)
{
  struct sl_err was = p->did[i].err;
  p->did[i].rc = rc == SL_OK ? SL_OK : rc == SL_ENOENT ? SL_EIO : SL_EUNKNOWN;
  if (rc == SL_ENOENT)
    sl_err_set(&p->did[i].err, SL_EIO, "it was not done: the answer was lost and nothing shows it; it may be tried again");
  else if (rc)
    sl_err_set(&p->did[i].err, SL_EUNKNOWN, "outcome unknown: %.150s; `sluice audit list` keeps it open",
               err && err->msg[0] ? err->msg : was.msg[0] ? was.msg : "the answer was lost");
  else
    p->did[i].err = (struct sl_err){ 0 };
}

static void reconcile_end(void *user, int rc, const char *cut, const struct sl_err *err)
{
  struct sl_plan *p = user;
  (void)cut;
  p->req = NULL;
  for (size_t i = 0; i < p->call.ntargets; i++)
    if (p->did[i].asked && p->did[i].told)
      settle(p, i, p->did[i].rc, &p->did[i].err);
    else if (p->did[i].asked)
      settle(p, i, rc, err);
  finish(p);
}

static void reconcile_start(struct sl_plan *p)
{
  static const struct ws_req_sink sink = {.did = on_did, .end = reconcile_end};
  struct sl_err err = {0};
  struct ws_req_spec spec = {.kind = WS_REQ_RECONCILE, .verb = p->verb, .res = p->call.res, .call = &p->call,
    .total_ms = ACT_READ_MS, .sink = &sink, .user = p, .release = plan_unref};
  for (size_t i = 0; i < p->call.ntargets; i++) {
    p->did[i].asked = p->did[i].rc == SL_EUNKNOWN;
    p->did[i].told &= !p->did[i].asked;
  }
  int rc = p->verb->reconcile ? plan_conn(p, &err) : SL_EUNSUP;
  if (!rc) {
    spec.b = p->b;
    plan_ref(p);
    rc = ws_req_start(&p->req, &spec, &err);
  }
  if (rc)
    reconcile_end(p, SL_EUNKNOWN, NULL, &err);
}

void act_reconcile(struct sl_plan *p, sl_done *fn, void *user)
{
  p->reconciling = true;
  p->done = fn;
  p->user = user;
  plan_link(p);
  reconcile_start(p);
}

static void call_end(void *user, int rc, const char *cut, const struct sl_err *err)
{
  struct sl_plan *p = user;
  bool lost = false;
  (void)cut;
  p->req = NULL;
  for (size_t i = 0; i < p->call.ntargets; i++) {
    if (!p->did[i].told) {
      p->did[i].rc = rc ? rc : SL_EUNKNOWN;
      if (err)
        p->did[i].err = *err;
    }
    if (answer_lost(p->did[i].rc))
      p->did[i].rc = SL_EUNKNOWN;
    lost |= p->did[i].rc == SL_EUNKNOWN;
  }
  if (lost)
    reconcile_start(p);
  else
    finish(p);
}

static void call_start(struct sl_plan *p)
{
  static const struct ws_req_sink sink = {.did = on_did, .end = call_end};
  struct ws_req_spec spec = {.kind = WS_REQ_CALL, .verb = p->verb, .res = p->call.res, .call = &p->call,
    .total_ms = ACT_CALL_MS, .sink = &sink, .user = p, .release = plan_unref};
  int rc = plan_conn(p, &p->err);
  spec.b = p->b;
  if (!rc) {
    plan_ref(p);
    rc = ws_req_start(&p->req, &spec, &p->err);
  }
  if (rc) { /* never left this program */
    for (size_t i = 0; i < p->call.ntargets; i++) {
      p->did[i].rc = rc;
      p->did[i].err = p->err;
    }
    finish(p);
  }
}

/* ---- guards again ---- */

static int expect_check(struct sl_plan *p, size_t target, struct sl_batch *b, uint32_t row)
{
  struct sl_schema *s = sl_batch_schema(b);
  for (size_t i = 0; i < p->call.nexpect; i++) {
    const struct sl_expect *e = &p->call.expect[i];
    if (!sl_str_eq(e->ref.id, p->call.targets[target].id))
      continue;
    int c = sl_schema_find(s, sl_str(e->col));
    struct sl_val now = c < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)c);
    if (c < 0 || !val_is(&e->was, &now))
      return sl_err_set(&p->err, SL_ECONFLICT, "changed meanwhile: %s of %.*s is not what you saw; look again", e->col, SL_ARG(e->ref.id));
  }
  return SL_OK;
}

static int guard_check(struct sl_plan *p, size_t target, struct sl_batch *b, uint32_t row)
{
  int rc = expect_check(p, target, b, row);
  for (size_t i = 0; i < p->nguard && !rc; i++) {
    const struct act_guard *g = &p->guard[i];
    struct sl_val now;
    if (!g->col || g->target != target || !act_cell(b, row, g->col, &now) || val_is(&g->was, &now))
      continue;
    struct sl_buf words;
    sl_buf_init(&words, 4096);
    val_words(&words, &now);
    rc = sl_err_set(&p->err, SL_ECONFLICT, "changed meanwhile: %s, now %s; look again", g->words, sl_buf_zstr(&words));
    sl_buf_free(&words);
  }
  return rc ? rc : judge_seen(p, target, b, row);
}

static void refuse(struct sl_plan *p, int rc)
{
  for (size_t i = 0; i < p->call.ntargets; i++)
    p->did[i].rc = rc;
  p->rc = rc;
  if (!p->err.msg[0])
    sl_err_set(&p->err, rc, "%s", sl_code_words(rc));
  conclude(p, "refused");
}

void act_judged(struct sl_plan *p, int rc)
{
  if (rc)
    refuse(p, rc);
  else
    call_start(p);
}

static void guards_read(struct sl_plan *p, int rc)
{
  if (!rc && p->call.act->judged)
    judge_recheck(p);
  else
    act_judged(p, rc);
}

static void intent_done(void *user, int rc, const struct sl_err *err)
{
  struct sl_plan *p = user;
  if (!act_job_over(p))
    return;
  if (rc) { /* no record, no action */
    sl_err_set(&p->err, rc, "%s; nothing was done", err && err->msg[0] ? err->msg : sl_code_words(rc));
    tell(p, rc);
    return;
  }
  sl_ws_stale(p->w, &sl_res_audit);
  if (p->call.act->judged)
    judge_hold(p);
  else
    act_held(p, SL_OK);
}

void act_held(struct sl_plan *p, int rc)
{
  if (rc) {
    refuse(p, rc);
    return;
  }
  bool skip = p->call.act->guards && !p->call.act->guards[0];
  rc = skip ? SL_OK : act_read_targets(p, guard_check, guards_read, &p->err);
  if (rc || skip)
    guards_read(p, rc);
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
  static const struct sl_job_ops ops = {.work = act_append_work, .done = intent_done};
  struct sl_plan *p = *take;
  *take = NULL;
  struct ws_act *state;
  int rc = act_state(w, &state, err);
  if (!rc)
    rc = plan_conn(p, err);
  if (!rc && plan_must_type(p)) /* it may be protected only since then */
    rc = sl_err_nomem(err);
  if (!rc)
    rc = may_act(w, p, typed, err);
  if (!rc) {
    p->done = fn;
    p->user = user;
    act_fields(p, "intent");
    rc = act_append(p, &ops, err);
  }
  p->acting = true;
  if (rc)
    sl_plan_free(p);
  else
    plan_link(p);
  return rc;
}

size_t sl_ws_under_way(const struct sl_ws *w, bool plans)
{
  size_t n = 0;
  const struct ws_act *a = w->act;
  for (const struct sl_plan *p = a ? a->plans : NULL; p; p = p->next)
    n += plans || p->acting;
  return n;
}

int sl_ws_errand_begin(struct sl_ws *w, struct sl_errand *e, struct sl_err *err)
{
  struct ws_act *a;
  int rc = act_state(w, &a, err);
  if (rc)
    return rc;
  e->next = a->errands;
  a->errands = e;
  return SL_OK;
}

void sl_ws_errand_end(struct sl_ws *w, struct sl_errand *e)
{
  struct sl_errand **at = &w->act->errands;
  while (*at && *at != e)
    at = &(*at)->next;
  if (*at)
    *at = e->next;
}

bool sl_ws_errands(const struct sl_ws *w) { return w->act && w->act->errands; }

/* The workspace closes: what was sent stays an intent without an outcome, and is reconciled by the next start. */
static void act_close(struct sl_ws *w)
{
  struct ws_act *a = w->act;
  sl_timer_stop(w->l, &a->armed_end);
  act_recs_close(w);
  judges_close(w);
  while (a->errands) {
    struct sl_errand *e = a->errands;
    a->errands = e->next;
    e->drop(e);
  }
  while (a->plans) {
    struct sl_plan *p = a->plans;
    plan_unlink(p);
    plan_reading_drop(p);
    p->closing = true;
    if (p->req)
      ws_req_drop(p->req);
    p->req = NULL;
    plan_unref(p); /* requests and jobs under way still hold it */
  }
  sl_free(a);
  w->act = NULL;
}
