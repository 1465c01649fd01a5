/* views/approval.c: the promotion sheet: may this version go to production? The verdict in words; candidate beside champion; gates with
 * value, needs and evidence; who may say yes, what the registry itself enforces, what was decided before. It asks for the versions of the
 * model, for both runs and their comparison, for gates, approvals and our own audit; nothing is judged here. */
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "model/judge.h"
#include "views/approval_int.h"
#include "views/score.h"

/* ---- runs and their comparison: asked for when the versions say which ---- */

static void run_changed(struct sl_view *v, void *user)
{
  struct ap_run *r = user;
  ap_run_read(r);
  ap_metrics(v, r->up);
}

static void diff_changed(struct sl_view *v, void *user)
{
  (void)user;
  ap_metrics(v, sl_view_state(v));
}

static void run_close(struct ap_run *r)
{
  struct approval_state *up = r->up;
  sl_pane_close(r->pane);
  memset(r, 0, sizeof *r);
  r->up = up;
}

/* True: it is another run than before. */
static bool run_ask(struct sl_view *v, struct approval_state *s, int which)
{
  struct ap_run *r = &s->run[which];
  struct sl_str id = s->at[which] < 0 ? SL_STR("") : ap_text(s->versions, (uint64_t)s->at[which], "run");
  struct sl_err err = {0};
  if (which == CHAMPION && s->champion == s->version)
    id = SL_STR("");
  if (sl_str_eqz(id, r->id) || id.n >= sizeof r->id)
    return false;
  run_close(r);
  s->nmetric = 0;
  snprintf(r->id, sizeof r->id, "%.*s", SL_ARG(id));
  struct sl_query like = {.res = &sl_res_runs, .kind = SL_Q_GET, .conn = sl_str(s->conn), .scope = id};
  if (id.n && sl_pane_query(&r->pane, v, &like, run_changed, r, &err))
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
  return true;
}

static void diff_ask(struct sl_view *v, struct approval_state *s)
{
  char scope[300];
  struct sl_err err = {0};
  sl_pane_close(s->diff);
  s->diff = NULL;
  s->nparam = s->params = 0;
  if (!s->run[CANDIDATE].id[0] || !s->run[CHAMPION].id[0] || !strcmp(s->run[CANDIDATE].id, s->run[CHAMPION].id))
    return;
  snprintf(scope, sizeof scope, "%s,%s", s->run[CHAMPION].id, s->run[CANDIDATE].id);
  struct sl_query like = {.res = &sl_res_differences, .kind = SL_Q_LIST, .scope = sl_str(scope)};
  if (sl_ws_serves(sl_view_ws(v), like.res) && sl_pane_query(&s->diff, v, &like, diff_changed, NULL, &err))
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
}

static void versions_changed(struct sl_view *v, void *user)
{
  struct approval_state *s = sl_view_state(v);
  (void)user;
  ap_find(v, s);
  if (s->at[CANDIDATE] < 0)
    return;
  bool other = run_ask(v, s, CANDIDATE);
  other = run_ask(v, s, CHAMPION) || other;
  if (other)
    diff_ask(v, s);
  ap_metrics(v, s);
  ap_past_read(s);
}

static void past_changed(struct sl_view *v, void *user)
{
  (void)user;
  ap_past_read(sl_view_state(v));
}

/* ---- open, close ---- */

/* MODEL/VERSION, or a ref of a version. */
static int which_read(struct approval_state *s, struct sl_str arg, struct sl_err *err)
{
  struct sl_buf scratch;
  struct sl_ref ref = {SL_STR_NONE, SL_STR("versions"), sl_str_trim(arg)};
  sl_buf_init(&scratch, 0);
  if (sl_str_find(ref.id, SL_STR(":versions/")) > 0 && sl_ref_parse(sl_str_trim(arg), &ref, &scratch, NULL))
    ref = (struct sl_ref){ SL_STR_NONE, SL_STR("versions"), sl_str_trim(arg) };
  ptrdiff_t slash = sl_str_rchr(ref.id, '/');
  bool ok = slash > 0 && (size_t)slash < sizeof s->model && sl_str_i64(sl_str_from(ref.id, (size_t)slash + 1), &s->version);
  if (ok) {
    snprintf(s->model, sizeof s->model, "%.*s", SL_ARG(sl_str_head(ref.id, (size_t)slash)));
    snprintf(s->conn, sizeof s->conn, "%.*s", SL_ARG(ref.conn));
  }
  sl_buf_free(&scratch);
  return ok ? SL_OK : sl_err_set(err, SL_EUSAGE, "approval needs a version, MODEL/VERSION; :versions lists them");
}

/* What was tried here and what went back: of the audit only that, so that a long one costs nothing. */
static int audit_open(struct sl_view *v, struct approval_state *s, struct sl_err *err)
{
  struct sl_filter *f = NULL;
  int rc = sl_filter_parse(&f, SL_STR("action = 'models.rollback' or (action = 'versions.approve' and outcome = 'refused')"),
      sl_ws_now(sl_view_ws(v)), NULL, err);
  struct sl_query like = {.res = &sl_res_audit, .kind = SL_Q_LIST, .where = f, .background = true};
  if (!rc && sl_ws_serves(sl_view_ws(v), &sl_res_audit))
    rc = sl_pane_query(&s->audit, v, &like, past_changed, NULL, err);
  sl_filter_unref(f);
  return rc;
}

/* The version's ref where it is known whose it is: another registry may have a model of that name. */
static void gates_scope(const struct approval_state *s, struct sl_buf *b)
{
  struct sl_buf id;
  sl_buf_init(&id, 4096);
  sl_buf_init(b, 4096);
  sl_buf_printf(&id, "%s/%lld", s->model, (long long)s->version);
  struct sl_ref ref = {sl_str(s->conn), SL_STR("versions"), sl_buf_view(&id)};
  if (s->conn[0])
    sl_ref_text(b, &ref);
  else
    sl_buf_str(b, ref.id);
  sl_buf_free(&id);
}

static int approval_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct approval_state *s = sl_view_state(v);
  struct sl_ws *w = sl_view_ws(v);
  struct sl_buf scope;
  int rc = which_read(s, arg, err);
  s->at[CANDIDATE] = s->at[CHAMPION] = -1;
  s->run[CANDIDATE].up = s->run[CHAMPION].up = s;
  if (rc)
    return rc;
  const struct sl_model_conf *m = ap_policy(v, s);
  if (!s->conn[0] && m && m->conn)
    snprintf(s->conn, sizeof s->conn, "%s", m->conn);
  if (sl_ws_config(w) && sl_ws_conf_policy(sl_ws_config(w), m, s->policy, NULL))
    s->policy[0] = 0;
  gates_scope(s, &scope);
  struct sl_query versions = {.res = &sl_res_versions, .kind = SL_Q_LIST, .conn = sl_str(s->conn), .scope = sl_str(s->model)};
  struct sl_query gates = {.res = &sl_res_gates, .kind = SL_Q_LIST, .scope = sl_buf_view(&scope)};
  struct sl_query approvals = {.res = &sl_res_approvals, .kind = SL_Q_LIST, .scope = sl_str(s->model)};
  rc = sl_pane_query(&s->versions, v, &versions, versions_changed, NULL, err);
  if (!rc && m && sl_ws_serves(w, &sl_res_gates))
    rc = sl_pane_query(&s->gates, v, &gates, NULL, NULL, err);
  if (!rc && sl_ws_serves(w, &sl_res_approvals))
    rc = sl_pane_query(&s->approvals, v, &approvals, past_changed, NULL, err);
  if (!rc)
    rc = audit_open(v, s, err);
  sl_buf_free(&scope);
  return rc;
}

static void approval_close(struct sl_view *v)
{
  struct approval_state *s = sl_view_state(v);
  run_close(&s->run[CANDIDATE]);
  run_close(&s->run[CHAMPION]);
  sl_pane_close(s->diff);
  sl_pane_close(s->gates);
  sl_pane_close(s->approvals);
  sl_pane_close(s->audit);
  sl_pane_close(s->versions);
}

/* ---- drawing ---- */

static void approval_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct approval_state *s = sl_view_state(v);
  if (sl_pane_draw_state(s->versions, g, r, "no version of this model is there; :models lists models"))
    return;
  if (s->at[CANDIDATE] >= 0)
    ap_draw(v, s, g, r);
  else if (!sl_pane_whole(s->versions))
    sl_grid_printf(g, r.x + 3, r.y + 1, r.w - 4, SL_ROLE_dim, "%s loading", sl_glyph_pick("·", "."));
  else
    sl_grid_printf(g, r.x + 3, r.y + 1, r.w - 4, SL_ROLE_text, "%s has no version %lld among its %llu; :versions %s lists them", s->model,
        (long long)s->version, (unsigned long long)sl_pane_live(s->versions), s->model);
}

static void approval_crumb(struct sl_view *v, struct sl_buf *b)
{
  struct approval_state *s = sl_view_state(v);
  sl_buf_printf(b, "%s/%lld", s->model, (long long)s->version);
}

/* Who asks, since when and why; of a long comment the beginning. */
static void approval_count(struct sl_view *v, struct sl_buf *b)
{
  struct approval_state *s = sl_view_state(v);
  int64_t row = ap_decision(s, s->version, "requested");
  bool claim = row < 0;
  struct sl_pane *p = claim ? s->versions : s->approvals;
  if (claim && (s->at[CANDIDATE] < 0 || !sl_str_eqz(ap_tag(p, (uint64_t)s->at[CANDIDATE], "approval.decision"), "requested")))
    return;
  uint64_t at = claim ? (uint64_t)s->at[CANDIDATE] : (uint64_t)row;
  struct sl_str by = claim ? ap_tag(p, at, "approval.by") : ap_text(p, at, "by");
  struct sl_str why = claim ? ap_tag(p, at, "approval.comment") : ap_text(p, at, "comment");
  struct sl_val when = claim ? sl_null(SL_TIME) : sl_pane_val(p, at, "at");
  sl_buf_z(b, "asked by ");
  sl_text_fit(b, by, 16, SL_KEEP_HEAD, sl_glyphs() == SL_GLYPH_ASCII);
  if (!when.null) {
    sl_buf_ch(b, ' ');
    ap_when(v, b, when.u.i);
  }
  if (why.n) {
    sl_buf_z(b, ": \"");
    sl_text_fit(b, why, 60, SL_KEEP_HEAD, sl_glyphs() == SL_GLYPH_ASCII);
    sl_buf_ch(b, '"');
  }
}

static void approval_truth(struct sl_view *v, struct sl_buf *b)
{
  struct approval_state *s = sl_view_state(v);
  struct sl_pane *panes[] = { s->gates, s->approvals, s->diff, s->run[CANDIDATE].pane, s->run[CHAMPION].pane, s->versions };
  for (size_t i = 0; i < sizeof panes / sizeof panes[0]; i++) /* what is not as it should be comes first; the versions always stand */
    if (panes[i] && (panes[i] == s->versions || !ap_complete(panes[i]))) {
      sl_buf_z(b, b->n ? sl_glyph_pick(" · ", " - ") : "");
      sl_pane_truth(panes[i], b);
    }
  sl_buf_z(b, sl_glyph_pick(" · ", " - "));
  ap_digests(s, b);
}

/* ---- commands ---- */

static bool stands_at(const void *user, uint64_t i) { return ap_selectable(&((const struct approval_state *)user)->line[i]); }

static void cursor_move(struct approval_state *s, int64_t by)
{
  bool first = !s->moved && (by == 1 || by == -1); /* that key shows where the cursor is */
  s->moved = true;
  if (first)
    return;
  s->cursor = (size_t)sl_move_over(s->cursor, s->nline, by, stands_at, s);
  if (s->top && s->cursor <= 1) /* the head comes back with its first row */
    s->top = 0;
}

static void compare_go(struct sl_view *v, struct approval_state *s)
{
  char scope[300];
  if (!s->run[CANDIDATE].id[0] || !s->run[CHAMPION].id[0]) {
    sl_view_say(v, SL_ROLE_dim, "there is nothing to compare with: no other version is %s", s->to);
    return;
  }
  snprintf(scope, sizeof scope, "%s,%s", s->run[CHAMPION].id, s->run[CANDIDATE].id);
  sl_view_go(v, "compare", sl_str(scope));
}

static bool approval_subject(struct sl_view *v, struct sl_subject *out);

static void lineage_go(struct sl_view *v)
{
  struct sl_subject at;
  struct sl_buf ref;
  if (!approval_subject(v, &at))
    return;
  sl_buf_init(&ref, 1 << 16);
  sl_ref_text(&ref, &at.ref);
  sl_view_go(v, "lineage", sl_buf_view(&ref));
  sl_buf_free(&ref);
}

static bool approval_subject(struct sl_view *v, struct sl_subject *out)
{
  struct approval_state *s = sl_view_state(v);
  const struct sl_batch *b;
  uint32_t row;
  if (s->at[CANDIDATE] < 0 || !sl_pane_row(s->versions, (uint64_t)s->at[CANDIDATE], &b, &row))
    return false;
  *out = (struct sl_subject){ .res = &sl_res_versions, .batch = b, .row = row };
  out->ref = (struct sl_ref){ sl_batch_conn(b, row), SL_STR("versions"), sl_batch_id(b, row) };
  return true;
}

/* By the job that follows from the model's entry. */
static void evidence(struct sl_view *v)
{
  struct approval_state *s = sl_view_state(v);
  const struct sl_model_conf *policy = ap_policy(v, s);
  const struct sl_job_conf *job = NULL;
  const struct sl_ws_conf *conf = sl_ws_config(sl_view_ws(v));
  size_t n = 0;
  const struct sl_job_conf *all = conf ? sl_ws_conf_jobs(conf, &n) : NULL;
  for (size_t i = 0; i < n && policy && policy->job; i++)
    if (!strcmp(all[i].name, policy->job))
      job = &all[i];
  if (!job) {
    sl_view_say(v, SL_ROLE_warn, "no evidence is asked for: `evidence:` of the model in the workspace file names the data");
    return;
  }
  struct sl_val args[2] = { sl_null(SL_LIST), sl_vb(false) };
  struct sl_ref ref = { sl_str(job->conn), SL_STR("jobs"), sl_str(job->name) };
  struct sl_buf list, word;
  sl_buf_init(&list, 0);
  sl_buf_init(&word, 64);
  sl_buf_printf(&word, "version=%lld", (long long)s->version);
  sl_list_add(&list, sl_buf_view(&word));
  args[0] = sl_vas(SL_LIST, sl_buf_view(&list));
  sl_view_act(v, &sl_act_run, &sl_res_jobs, &ref, 1, args);
  sl_buf_free(&list);
  sl_buf_free(&word);
}

static void row_go(struct sl_view *v, struct sl_pane *p, uint64_t row)
{
  const struct sl_batch *b;
  uint32_t at;
  struct sl_buf ref;
  if (!sl_pane_row(p, row, &b, &at))
    return;
  sl_buf_init(&ref, 1 << 16);
  sl_batch_ref_text(b, at, &ref);
  sl_view_go(v, "describe", sl_buf_view(&ref));
  sl_buf_free(&ref);
}

static void set_go(struct sl_view *v, const struct ap_set *set)
{
  if (set && set->uri[0])
    sl_view_go(v, "preview", sl_str(set->uri));
  else
    sl_view_say(v, SL_ROLE_dim, "its run names no data");
}

static void enter(struct sl_view *v, struct approval_state *s)
{
  const struct ap_line *l = s->moved && s->cursor < s->nline ? &s->line[s->cursor] : NULL;
  const struct ap_run *r = &s->run[CANDIDATE];
  const struct ap_set *first = NULL;
  for (size_t i = 0; i < r->nset && !first; i++)
    first = r->set[i].training ? &r->set[i] : NULL;
  switch (l ? l->kind : AP_BLANK) {
  case AP_METRIC: case AP_PARAMS: case AP_PARAM: compare_go(v, s); break;
  case AP_DATA: case AP_ROWS: set_go(v, first); break;
  case AP_LINEAGE_SET: set_go(v, &r->set[l->row]); break;
  case AP_COMMIT: case AP_LINEAGE_CODE: sl_view_copy(v, sl_str(r->commit)); break;
  case AP_LINEAGE_RUN: row_go(v, r->pane, 0); break;
  case AP_GATE: row_go(v, s->gates, l->row); break;
  case AP_HISTORY_ROW: row_go(v, s->past[l->row].audit ? s->audit : s->approvals, s->past[l->row].row); break;
  case AP_HISTORY_FLOW: sl_view_go(v, "table", SL_STR("approvals")); break;
  default: sl_view_say(v, SL_ROLE_dim, "j and k choose a line; Enter opens what it is about"); break;
  }
}

static void refresh(struct approval_state *s)
{
  struct sl_pane *panes[] = { s->versions, s->gates, s->approvals, s->audit, s->diff, s->run[0].pane, s->run[1].pane };
  for (size_t i = 0; i < sizeof panes / sizeof panes[0]; i++)
    if (panes[i])
      sl_pane_refresh(panes[i]);
}

static enum sl_handled approval_command(struct sl_view *v, const char *command)
{
  struct approval_state *s = sl_view_state(v);
  int64_t by;
  if (sl_move_by(command, 10, &by))
    return cursor_move(s, by), SL_HANDLED;
  if (!strcmp(command, "enter"))
    enter(v, s);
  else if (!strcmp(command, "diff"))
    compare_go(v, s);
  else if (!strcmp(command, "evidence"))
    evidence(v);
  else if (!strcmp(command, "score"))
    score_go(v, sl_str(s->model), s->version);
  else if (!strcmp(command, "lineage"))
    lineage_go(v);
  else if (!strcmp(command, "everything"))
    s->all = !s->all, s->moved = s->moved || s->all;
  else if (!strcmp(command, "refresh"))
    refresh(s);
  else
    return SL_IGNORED;
  return SL_HANDLED;
}

static void approval_cmdline(struct sl_view *v, struct sl_buf *b)
{
  struct approval_state *s = sl_view_state(v);
  char scope[300];
  snprintf(scope, sizeof scope, "%s/%lld", s->model, (long long)s->version);
  sl_buf_z(b, "gate ");
  sl_fmt_shell(b, sl_str(scope));
}

static const struct sl_bind approval_binds[] = {
  {"diff", "D", "all that differs between the champion's run and this one's"},
  {"evidence", "E", "compute the evidence again; asks before"},
  {"lineage", "L", "what it came from, whole: run, data, partitions, executions, code, evidence"},
  {"score", "M", "the model over labelled data, beside the champion"},
  {"everything", "A", "all metrics, parameters, decisions and data, to scroll through; again: what fits"},
};

const struct sl_view_ops sl_view_approval = {
  .name = "approval",
  .title = "approval",
  .help = "May this version go to production? The verdict in words; then candidate beside champion (~ is within what repeats of one "
          "configuration differ by); the gates of the workspace file with value, what is needed and where that comes from; who may "
          "approve; what the registry itself does not enforce; what was decided before and whether it counts. j and k choose a line, "
          "the foot then says all about it, Enter opens it. a approves, rejects or requests; L is its lineage, x all it leads to.",
  .arg = "MODEL/VERSION",
  .binds = approval_binds, .nbinds = sizeof approval_binds / sizeof approval_binds[0],
  .hints = "actions evidence diff lineage everything",
  .state_size = sizeof(struct approval_state),
  .open = approval_open,
  .close = approval_close,
  .draw = approval_draw,
  .command = approval_command,
  .key = NULL,
  .crumb = approval_crumb,
  .count = approval_count,
  .truth = approval_truth,
  .subject = approval_subject,
  .cmdline = approval_cmdline,
  .visible = NULL,
};
