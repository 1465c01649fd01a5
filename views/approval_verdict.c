/* views/approval_verdict.c: may this go to production, in a word and a sentence, and what to do next. What is asked first decides: is it
 * there already, was it rejected, are there rules, are they met, who is still missing. */
#include <stdio.h>
#include <string.h>

#include "views/approval_int.h"

static void say(struct ap_verdict *out, const char *state, const char *words, const char *next)
{
  out->state = state;
  snprintf(out->words, sizeof out->words, "%s", words);
  snprintf(out->next, sizeof out->next, "%s", next);
}

struct ap_tally ap_tally(struct sl_pane *gates)
{
  struct ap_tally t = {0};
  uint64_t n = gates ? sl_pane_count(gates) : 0;
  for (uint64_t i = 0; i < n && i < AP_LINES; i++, t.n++) {
    struct sl_str state = ap_text(gates, i, "state");
    *(sl_str_eqz(state, "pass") ? &t.pass : sl_str_eqz(state, "fail") ? &t.fail : &t.unknown) += 1;
  }
  return t;
}

const struct sl_err *ap_failed(const struct sl_pane *p)
{
  const struct sl_answer *a = p ? sl_pane_answer(p) : NULL;
  for (size_t i = 0; a && i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED)
      return &a->src[i].err;
  return NULL;
}

bool ap_complete(const struct sl_pane *p)
{
  const struct sl_answer *a = sl_pane_answer(p);
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state != SL_WHOLE)
      return false;
  return a->done && a->nsrc;
}

/* It carries the alias: did anybody say yes? A signed yes that counts is best, then one that nobody could sign, then a claim. */
static void promoted(struct sl_view *v, struct approval_state *s, struct ap_verdict *out)
{
  int64_t best = -1;
  int worth = -1;
  for (size_t i = 0; i < s->npast; i++) {
    uint64_t row = s->past[i].row;
    struct sl_val number = s->past[i].audit ? sl_null(SL_I64) : sl_pane_val(s->approvals, row, "version");
    if (number.null || number.u.i != s->version || !sl_str_eqz(ap_text(s->approvals, row, "decision"), "approved"))
      continue;
    struct sl_val valid = sl_pane_val(s->approvals, row, "valid");
    int mine = valid.null ? 1 : valid.u.b ? 2 : 0;
    if (mine > worth) {
      worth = mine;
      best = (int64_t)row;
    }
  }
  if (best < 0) {
    bool known = s->approvals && sl_pane_whole(s->approvals) && !ap_failed(s->approvals);
    out->state = known ? "failed" : "unknown";
    snprintf(out->words, sizeof out->words, known ? "it is %s, and nobody approved that" : "it is %s; who approved that cannot be read",
        s->to);
    snprintf(out->next, sizeof out->next, known ? "a approve it by the rules; or go back: :models, a rollback" : "r asks again");
    return;
  }
  struct sl_str by = ap_text(s->approvals, (uint64_t)best, "by"), why = ap_text(s->approvals, (uint64_t)best, "why");
  struct sl_str known = ap_text(s->approvals, (uint64_t)best, "known");
  out->state = worth == 2 ? "ok" : worth == 1 ? "waiting" : "failed";
  snprintf(out->words, sizeof out->words, "it is %s, %s by %.*s (%.*s)%s%.*s", s->to,
      worth == 2 ? "approved" : worth == 1 ? "approved unsigned" : "but the approval does not count:", SL_ARG(sl_str_head(by, 40)),
      SL_ARG(known), worth ? "" : ": ", worth ? 0 : (int)(why.n < 100 ? why.n : 100), why.n ? why.p : "");
  snprintf(out->next, sizeof out->next, "%s", worth == 2 ? "nothing: it is in production by the rules"
      : worth == 1 ? "nobody's key is listed below people: in the workspace file, so nothing can be signed"
      : "a approve it by the rules; or go back: :models, a rollback");
  (void)v;
}

static void rejected(struct approval_state *s, int64_t row, struct ap_verdict *out)
{
  out->state = "rejected";
  if (row < 0) {
    snprintf(out->words, sizeof out->words, "the registry says rejected: a claim, nobody's statement is with it");
  } else {
    struct sl_str by = ap_text(s->approvals, (uint64_t)row, "by"), why = ap_text(s->approvals, (uint64_t)row, "comment");
    snprintf(out->words, sizeof out->words, "rejected by %.*s: \"%.*s\"", SL_ARG(sl_str_head(by, 40)), SL_ARG(sl_str_head(why, 120)));
  }
  snprintf(out->next, sizeof out->next, "a request asks again; approve is still possible where the gates pass");
}

/* Some gates have come, others will not: no verdict, whatever these say. */
static void halved(const struct ap_tally *t, bool flowing, struct ap_verdict *out)
{
  out->state = flowing ? "running" : "unknown";
  snprintf(out->words, sizeof out->words, flowing ? "judging: %zu gates so far, %zu failed" : "not all gates came: of %zu here %zu failed",
      t->n, t->fail);
  snprintf(out->next, sizeof out->next, "%s", flowing ? "" : "r asks again");
}

/* The row of four eyes; -1: they are not judged. */
static int64_t eyes_row(struct sl_pane *gates)
{
  for (uint64_t i = 0; gates && i < sl_pane_count(gates) && i < AP_LINES; i++)
    if (sl_str_eqz(ap_text(gates, i, "gate"), SL_FOUR_EYES_GATE))
      return (int64_t)i;
  return -1;
}

/* What stands against it besides who approves. */
static void blocked(const struct ap_tally *t, const char *eyes, struct ap_verdict *out)
{
  int n = snprintf(out->words, sizeof out->words, "cannot be approved: ");
  out->state = t->fail ? "failed" : "unknown";
  if (t->fail)
    n += snprintf(out->words + n, sizeof out->words - (size_t)n, "%zu gate%s failed", t->fail, t->fail == 1 ? "" : "s");
  if (t->unknown)
    n += snprintf(out->words + n, sizeof out->words - (size_t)n, "%s%zu %sunknown", t->fail ? ", " : "", t->unknown,
        t->fail ? "" : t->unknown == 1 ? "gate " : "gates ");
  snprintf(out->words + n, sizeof out->words - (size_t)n, "%s", eyes);
  snprintf(out->next, sizeof out->next, "%s", t->fail ? "a reject, with a reason; E evidence again; --break-glass in a shell"
      : "E computes evidence; what stays unknown blocks");
}

/* Who else may say yes. */
static void others_put(const struct sl_model_conf *m, const char *me, char *out, size_t size)
{
  size_t n = strlen(out);
  bool any = false;
  for (size_t i = 0; m && m->approvers[i] && n + 100 < size; i++)
    if (strcmp(m->approvers[i], me) != 0) {
      n += (size_t)snprintf(out + n, size - n, "%s%.63s", any ? " or " : "", m->approvers[i]);
      any = true;
    }
  snprintf(out + n, size - n, "%s says yes or no", any ? "" : "somebody else");
}

/* Everything else passes: it hangs on who sits here. */
static void not_by_you(struct sl_view *v, struct approval_state *s, uint64_t row, struct ap_verdict *out)
{
  static const char head[] = "who approves is not known: ", none[] = "no key that people: lists is at hand: ";
  const struct sl_model_conf *m = ap_policy(v, s);
  struct sl_str why = ap_text(s->gates, row, "why");
  bool fail = sl_str_eqz(ap_text(s->gates, row, "state"), "fail");
  bool asked = sl_str_find(ap_text(s->gates, row, "evidence"), SL_STR("requester ")) >= 0;
  out->state = fail ? "failed" : "unknown";
  if (sl_str_starts(why, sl_str(head))) {
    snprintf(out->words, sizeof out->words, "you cannot sign here, so who would approve is not known");
    why = sl_str_from(why, sizeof head - 1);
    snprintf(out->next, sizeof out->next, "%.*s", SL_ARG(sl_str_starts(why, sl_str(none)) ? sl_str_from(why, sizeof none - 1) : why));
    return;
  }
  snprintf(out->words, sizeof out->words, "%s: %.*s", fail ? "not by you" : "four eyes unknown", SL_ARG(sl_str_head(why, 200)));
  snprintf(out->next, sizeof out->next, "%s", asked ? "" : "a request, signed by who made it; then ");
  others_put(m, sl_ws_signer(sl_view_ws(v))->name, out->next, sizeof out->next);
}

/* The gates are there: who or what is missing? */
static void judged(struct sl_view *v, struct approval_state *s, const struct ap_tally *all, struct ap_verdict *out)
{
  const struct sl_model_conf *m = ap_policy(v, s);
  bool mine = false;
  size_t have = ap_valid(s, sl_ws_signer(sl_view_ws(v))->name, &mine);
  int need = m && m->required > 1 ? m->required : 1;
  int64_t row = eyes_row(s->gates);
  struct ap_tally t = *all;
  bool fail = row >= 0 && sl_str_eqz(ap_text(s->gates, (uint64_t)row, "state"), "fail");
  bool eyes = row >= 0 && !sl_str_eqz(ap_text(s->gates, (uint64_t)row, "state"), "pass");
  if (eyes)
    *(fail ? &t.fail : &t.unknown) -= 1;
  if (t.fail || t.unknown) {
    blocked(&t, !eyes ? "" : fail ? "; and not by you" : "; four eyes unknown", out);
    return;
  }
  if (eyes) {
    not_by_you(v, s, (uint64_t)row, out);
    return;
  }
  out->state = have ? "waiting" : "ok";
  if (mine) {
    snprintf(out->words, sizeof out->words, "%zu of %d approvals, yours among them: somebody else must agree", have, need);
    others_put(m, sl_ws_signer(sl_view_ws(v))->name, out->next, sizeof out->next);
    return;
  }
  if (have)
    snprintf(out->words, sizeof out->words, "can be approved: %zu of %d say yes; %zu of %zu gates pass", have, need, t.pass, t.n);
  else if (need > 1)
    snprintf(out->words, sizeof out->words, "can be approved: %zu of %zu gates pass; %d people must agree", t.pass, t.n, need);
  else
    snprintf(out->words, sizeof out->words, "can be approved: %zu of %zu gates pass", t.pass, t.n);
  if ((int)have + 1 < need)
    snprintf(out->next, sizeof out->next, "a approve is one of %d; %.100s moves with the last; or reject with a reason", need, s->to);
  else
    snprintf(out->next, sizeof out->next, "a approve moves %.100s here, or reject with a reason", s->to);
}

static bool cut(const struct sl_pane *p)
{
  const struct sl_answer *a = sl_pane_answer(p);
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_CUT)
      return true;
  return false;
}

/* Whatever else holds: what would go there is not what was looked at. */
static void files(struct approval_state *s, struct ap_verdict *out)
{
  struct sl_str state = ap_text(s->versions, (uint64_t)s->at[CANDIDATE], "artifact");
  struct sl_str why = ap_text(s->versions, (uint64_t)s->at[CANDIDATE], "artifact_why");
  bool here = s->champion == s->version;
  if (!sl_str_eqz(state, "missing") && !sl_str_eqz(state, "changed"))
    return;
  out->state = "failed";
  snprintf(out->words, sizeof out->words, "%s%s: %.*s", here ? "it is " : "cannot be approved", here ? s->to : "",
           SL_ARG(sl_str_head(why, 180)));
  snprintf(out->next, sizeof out->next, "L its lineage; %s", here ? "put the files back, or go back: :models, a rollback"
           : "register what is meant as a version of its own");
}

void ap_verdict(struct sl_view *v, struct approval_state *s, struct ap_verdict *out)
{
  const struct sl_model_conf *m = ap_policy(v, s);
  const struct sl_err *bad = ap_failed(s->gates);
  struct ap_tally t = ap_tally(s->gates);
  bool whole = s->gates && sl_pane_whole(s->gates) && !cut(s->gates), old = bad && whole && t.n;
  struct sl_str state = ap_text(s->versions, (uint64_t)s->at[CANDIDATE], "state");
  int64_t last = ap_decision(s, s->version, "");
  bool no = last >= 0 && sl_str_eqz(ap_text(s->approvals, (uint64_t)last, "decision"), "rejected");
  if (s->champion == s->version)
    promoted(v, s, out);
  else if (no || (last < 0 && sl_str_eqz(state, "rejected")))
    rejected(s, no ? last : -1, out);
  else if (!m)
    say(out, "unknown", "no rules: the workspace file says nothing of this model",
        "write what it must meet into the workspace file, below models:");
  else if (!s->gates)
    say(out, "unknown", "gates cannot be judged here", "");
  else if (t.n && !whole)
    halved(&t, !bad && !sl_pane_answer(s->gates)->done, out);
  else if (t.n)
    judged(v, s, &t, out);
  else if (bad)
    say(out, "unknown", "the gates could not be judged", "r asks again");
  else if (!sl_pane_whole(s->gates))
    say(out, "running", "judging the gates", "");
  else
    judged(v, s, &t, out);
  size_t n = strlen(out->words);
  if (old && s->champion != s->version)
    snprintf(out->words + n, sizeof out->words - n, " (as it last was)");
  files(s, out);
}
