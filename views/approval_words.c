/* views/approval_words.c: lines of the sheet that are sentences: who may approve, what the registry enforces, what was decided before, and
 * what the line under the cursor is about, whole. */
#include <math.h>
#include <string.h>

#include "base/fmt.h"
#include "judge/lease.h"
#include "views/approval_int.h"

static const char *dot(void) { return sl_glyph_pick(" · ", "; "); }

void ap_digest(struct sl_buf *b, struct sl_str hex)
{
  if (hex.n <= 10)
    sl_buf_str(b, hex.n ? hex : sl_str(sl_glyph_pick("–", "-")));
  else
    sl_buf_printf(b, "%.*s%s%.*s", 4, hex.p, sl_glyph_pick("…", ".."), 2, hex.p + hex.n - 2);
}

/* As the gates were judged; before they have come, as the last decision and the registry say. */
void ap_digests(struct approval_state *s, struct sl_buf *b)
{
  bool judged = s->gates && sl_pane_count(s->gates);
  int64_t row = ap_decision(s, s->version, "");
  struct sl_str policy = judged ? ap_text(s->gates, 0, "policy_sha256") : sl_str(s->policy);
  struct sl_str evidence = judged ? ap_text(s->gates, 0, "evidence_sha256") : row < 0 ? SL_STR("")
    : ap_text(s->approvals, (uint64_t)row, "evidence");
  struct sl_str files = judged ? ap_text(s->gates, 0, "files_sha256") : SL_STR("");
  if (!files.n && s->at[CANDIDATE] >= 0)
    files = ap_text(s->versions, (uint64_t)s->at[CANDIDATE], "digest");
  sl_buf_z(b, "policy ");
  ap_digest(b, policy);
  sl_buf_z(b, ", evidence ");
  ap_digest(b, evidence);
  sl_buf_z(b, ", files ");
  ap_digest(b, files);
  struct sl_str state = s->at[CANDIDATE] < 0 ? SL_STR("") : ap_text(s->versions, (uint64_t)s->at[CANDIDATE], "artifact");
  if (sl_str_eqz(state, "ok"))
    sl_buf_z(b, sl_glyph_pick(" ✓ as recorded", " as recorded"));
  else if (state.n)
    sl_buf_printf(b, " %s %.*s", sl_glyph_pick("▲", "^"), SL_ARG(state));
}

void ap_when(struct sl_view *v, struct sl_buf *b, sl_ms at)
{
  const struct sl_show *show = sl_view_show(v);
  int64_t ago = show->now - at;
  sl_time_show(b, at, show->now, show->tz);
  sl_buf_z(b, ago >= 0 && ago < 86400000 ? " ago" : "");
}

/* ---- who ---- */

void ap_who(struct sl_view *v, struct approval_state *s, struct sl_buf *b)
{
  const struct sl_model_conf *m = ap_policy(v, s);
  const struct sl_ws_conf *c = sl_ws_config(sl_view_ws(v));
  const struct sl_identity *me = sl_ws_signer(sl_view_ws(v));
  size_t people = 0;
  bool mine;
  if (c)
    (void)sl_ws_conf_people(c, &people);
  for (size_t i = 0; m && m->approvers[i]; i++)
    sl_buf_printf(b, "%s%s", i ? ", " : "", m->approvers[i]);
  if (!m)
    sl_buf_z(b, "? no rules say who");
  else if (!m->approvers[0])
    sl_buf_z(b, people ? "anybody below people:" : "anybody: no people: are listed");
  if (m)
    sl_buf_printf(b, "%s%zu of %d so far", dot(), ap_valid(s, me->name, &mine), m->required > 1 ? m->required : 1);
  if (m && m->four_eyes != SL_FOUR_EYES_ON)
    sl_buf_printf(b, "%sfour eyes %s", dot(), m->four_eyes == SL_FOUR_EYES_OFF ? "off" : "advisory");
  sl_buf_printf(b, "%syou are %s (%s)", dot(), me->name, sl_known_name((int)me->known));
}

/* ---- what the registry does not do ---- */

enum where { WHERE_UNKNOWN, WHERE_STORE, WHERE_SERVER };

static enum where where_of(struct sl_view *v, const struct approval_state *s)
{
  const struct sl_ws_conf *c = sl_ws_config(sl_view_ws(v));
  const struct sl_conf *const *conn = NULL;
  size_t n = c ? sl_ws_conf_conns(c, &conn) : 0;
  for (size_t i = 0; i < n; i++) {
    if (strcmp(sl_conf_name(conn[i]), s->conn) || strcmp(sl_conf_type(conn[i]), "mlflow"))
      continue;
    struct sl_str uri = sl_str(sl_conf_text(conn[i], "uri"));
    return sl_str_starts(uri, SL_STR("http")) ? WHERE_SERVER : WHERE_STORE;
  }
  return WHERE_UNKNOWN;
}

void ap_enforced(struct sl_view *v, struct approval_state *s, struct sl_buf *b)
{
  enum where w = where_of(v, s);
  if (w == WHERE_SERVER)
    sl_buf_printf(b, "no: EDIT is enough to move %s elsewhere; Sluice would notice", s->to);
  else if (w == WHERE_STORE)
    sl_buf_printf(b, "no: who may write the store can move %s; Sluice would notice", s->to);
  else
    sl_buf_printf(b, "? not known of this registry; Sluice notices when %s moves", s->to);
}

void ap_race(struct sl_view *v, struct approval_state *s, struct sl_buf *b)
{
  const struct sl_model_conf *m = ap_policy(v, s);
  enum sl_turns t = sl_turns(where_of(v, s) == WHERE_STORE ? SL_STR("") : SL_STR("https://"), m);
  sl_buf_z(b, "race guard: ");
  sl_turns_words(t, m, b);
  sl_buf_z(b, t == SL_TURNS_NONE ? "; see approval: {lease: ...}" : "");
}

/* ---- history ---- */

static const char *worth(const struct sl_val *valid, const char **state)
{
  *state = valid->null ? "waiting" : valid->u.b ? "ok" : "unknown";
  return valid->null ? "unsigned" : valid->u.b ? "signed" : "a claim";
}

/* "v2 approved by lead 11-07 14:12"; the state's word and what it is worth apart. */
void ap_past_put(struct sl_view *v, struct approval_state *s, const struct ap_past *p, struct sl_buf *b, const char **state,
                 const char **says)
{
  if (p->audit) {
    struct sl_str action = ap_text(s->audit, p->row, "action"), outcome = ap_text(s->audit, p->row, "outcome");
    ptrdiff_t at = sl_str_rchr(action, '.');
    sl_buf_printf(b, "%.*s by %.*s ", SL_ARG(sl_str_from(action, (size_t)(at + 1))), SL_ARG(ap_text(s->audit, p->row, "who")));
    *state = sl_str_eqz(outcome, "ok") || sl_str_eqz(outcome, "reconciled") ? "ok" : sl_str_eqz(outcome, "unknown") ? "unknown" : "failed";
    *says = sl_str_eqz(outcome, "ok") ? "done here" : sl_str_eqz(outcome, "refused") ? "refused here" : "here, not done";
  } else {
    struct sl_val number = sl_pane_val(s->approvals, p->row, "version"), valid = sl_pane_val(s->approvals, p->row, "valid");
    if (!number.null)
      sl_buf_printf(b, "v%lld ", (long long)number.u.i);
    sl_buf_printf(b, "%.*s by %.*s ", SL_ARG(ap_text(s->approvals, p->row, "decision")), SL_ARG(ap_text(s->approvals, p->row, "by")));
    *says = worth(&valid, state);
  }
  if (p->at)
    ap_when(v, b, p->at);
}

/* ---- the line under the cursor ---- */

static void gate_reason(struct approval_state *s, uint64_t row, struct sl_buf *b)
{
  struct sl_str why = ap_text(s->gates, row, "why"), needs = ap_text(s->gates, row, "threshold"), from = ap_text(s->gates, row, "evidence");
  sl_buf_str(b, ap_text(s->gates, row, "gate"));
  if (needs.n)
    sl_buf_printf(b, " needs %.*s", SL_ARG(needs));
  if (why.n)
    sl_buf_printf(b, ": %.*s", SL_ARG(why));
  if (from.n)
    sl_buf_printf(b, "%s%.*s", dot(), SL_ARG(from));
}

static void metric_reason(struct approval_state *s, const struct ap_metric *m, struct sl_buf *b)
{
  sl_buf_str(b, m->name);
  if (m->diff == UINT64_MAX) {
    sl_buf_z(b, s->run[CHAMPION].pane ? ": not compared yet" : ": there is no champion to compare with");
    return;
  }
  struct sl_val spread = sl_pane_val(s->diff, m->diff, "spread");
  sl_buf_printf(b, ": %.*s", SL_ARG(ap_text(s->diff, m->diff, "verdict")));
  if (spread.null || spread.type != SL_F64 || isnan(spread.u.f))
    sl_buf_printf(b, "%sno repeats of one configuration to judge by", dot());
  else {
    sl_buf_printf(b, "%srepeats of one configuration differ by a standard deviation of ", dot());
    sl_fmt_sig(b, spread.u.f, 2);
  }
}

static void data_reason(const struct approval_state *s, struct sl_buf *b)
{
  for (int k = 0; k < 2; k++) {
    const struct ap_run *r = &s->run[k];
    bool any = false;
    if (!r->pane)
      continue;
    sl_buf_printf(b, "%s%s:", b->n ? dot() : "", k == CANDIDATE ? "candidate" : "champion");
    for (size_t i = 0; i < r->nset; i++)
      if (r->set[i].training) {
        any = true;
        sl_buf_printf(b, " %s (%s)", r->set[i].name, r->set[i].digest);
      }
    sl_buf_z(b, any ? "" : " its run names no data");
  }
}

static void params_reason(struct approval_state *s, struct sl_buf *b)
{
  for (size_t i = 0; i < s->nparam; i++) {
    sl_buf_z(b, i ? ", " : "differ: ");
    sl_buf_str(b, ap_text(s->diff, s->param[i], "name"));
  }
  if (!s->nparam)
    sl_buf_z(b, s->params ? "all parameters are the same" : "no parameters to compare");
}

static void past_reason(struct sl_view *v, struct approval_state *s, const struct ap_past *p, struct sl_buf *b)
{
  const char *state, *says;
  ap_past_put(v, s, p, b, &state, &says);
  struct sl_str more = p->audit ? ap_text(s->audit, p->row, "detail") : ap_text(s->approvals, p->row, "comment");
  struct sl_str why = p->audit ? SL_STR("") : ap_text(s->approvals, p->row, "why");
  bool good = !strcmp(says, "signed");
  sl_buf_printf(b, "%s%s", dot(), good && why.n ? "" : says);
  if (why.n)
    sl_buf_printf(b, "%s%.*s", good ? "" : ": ", SL_ARG(why));
  if (good && p->own && s->champion != s->version && sl_str_eqz(ap_text(s->approvals, p->row, "decision"), "approved") &&
      !ap_of_now(s, p->row))
    sl_buf_printf(b, "%sbut of other rules, evidence, files or another champion than now", dot());
  if (more.n)
    sl_buf_printf(b, "%s\"%.*s\"", dot(), SL_ARG(sl_str_head(more, 400)));
}

void ap_reason(struct sl_view *v, struct approval_state *s, struct sl_buf *b)
{
  const struct ap_line *l = s->cursor < s->nline ? &s->line[s->cursor] : NULL;
  const struct ap_run *r = s->run;
  switch (l ? l->kind : AP_BLANK) {
  case AP_GATE: gate_reason(s, l->row, b); break;
  case AP_METRIC: metric_reason(s, &s->metric[l->row], b); break;
  case AP_DATA: case AP_ROWS: data_reason(s, b); break;
  case AP_COMMIT: sl_buf_printf(b, "%s%s%s", r[CANDIDATE].commit, r[CHAMPION].commit[0] ? " against " : "", r[CHAMPION].commit); break;
  case AP_PARAMS: case AP_PARAM: params_reason(s, b); break;
  case AP_WHO: ap_who(v, s, b); break;
  case AP_ENFORCED: case AP_RACE: ap_race(v, s, b); break;
  case AP_HISTORY_ROW: past_reason(v, s, &s->past[l->row], b); break;
  case AP_HISTORY_FLOW:
    if (s->npast)
      past_reason(v, s, ap_past_nth(s, 0), b);
    break;
  case AP_LINEAGE_RUN: sl_buf_printf(b, "Enter: the run %s", r[CANDIDATE].id); break;
  case AP_LINEAGE_SET: sl_buf_printf(b, "Enter: %s", r[CANDIDATE].set[l->row].uri); break;
  case AP_LINEAGE_CODE: sl_buf_z(b, r[CANDIDATE].commit); break;
  default: break;
  }
}
