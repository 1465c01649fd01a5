/* judge/rules.c: what the workspace asks of a decision. Nothing here reads or waits. */
#include "judge/decide_int.h"

#include <stdio.h>

/* ---- past the rules ---- */

static struct sl_str arg_text(const struct sl_call *c, const char *name)
{
  for (size_t i = 0; i < c->act->nargs; i++)
    if (!strcmp(c->act->args[i].name, name) && !c->args[i].null)
      return c->args[i].u.s;
  return SL_STR("");
}

static int raw_tag(struct sl_str key, struct sl_err *err)
{
  if (!sl_str_starts(key, SL_STR("approval.")))
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "tags approval.* are written by decisions only: sluice request, approve or reject MODEL/VERSION");
}

static int raw_alias(const struct sl_ws_conf *c, const struct sl_ref *target, struct sl_str alias, struct sl_err *err)
{
  const struct sl_model_conf *m = sl_model_policy(c, target->conn, target->id);
  if (!m || !m->alias || !sl_str_eqz(alias, m->alias))
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "%s of %s moves by decisions only: sluice approve %s/VERSION --to %s, or sluice rollback %s --alias %s",
                    m->alias, m->name, m->name, m->alias, m->name, m->alias);
}

/* Into the stage that a policy governs, or out of it. */
static int raw_stage(const struct sl_ws_conf *c, const struct sl_judging *j, size_t i, struct sl_str stage, struct sl_err *err)
{
  const struct sl_ref *t = &sl_judging_call(j)->targets[i];
  ptrdiff_t slash = sl_str_rchr(t->id, '/');
  const struct sl_model_conf *m = slash > 0 ? sl_model_policy(c, t->conn, sl_str_head(t->id, (size_t)slash)) : NULL;
  const struct sl_val now = sl_judging_cell(j, i, "stage");
  if (!m || !m->stage || (!sl_str_ieq(stage, sl_str(m->stage)) && (now.null || !sl_str_ieq(now.u.s, sl_str(m->stage)))))
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "stage %s of %s changes by decisions only: sluice approve %.*s --to stage:%s", m->stage, m->name,
                    SL_ARG(sl_str_head(t->id, 80)), m->stage);
}

int rules_raw(const struct sl_judging *j, struct sl_err *err)
{
  const struct sl_call *c = sl_judging_call(j);
  const struct sl_ws_conf *conf = sl_ws_config(sl_judging_ws(j));
  struct sl_str act = sl_str(c->act->name);
  int rc = SL_OK;
  for (size_t i = 0; i < c->ntargets && !rc; i++)
    if (sl_str_eqz(act, "tag") || sl_str_eqz(act, "untag"))
      rc = raw_tag(arg_text(c, "key"), err);
    else if (sl_str_eqz(act, "stage"))
      rc = raw_stage(conf, j, i, arg_text(c, "stage"), err);
    else
      rc = raw_alias(conf, &c->targets[i], arg_text(c, "alias"), err);
  return rc;
}

/* ---- people ---- */

static int no_approver(const struct deciding *d, struct sl_err *err)
{
  struct sl_buf names;
  sl_buf_init(&names, 120);
  sl_approvers_text(&names, d->policy);
  sl_err_set(err, SL_EBREACH, "%s may not decide about %s: its approvers are %s; ask one of them with `sluice request`", d->me.name,
             d->policy->name, sl_buf_zstr(&names));
  sl_buf_free(&names);
  return SL_EBREACH;
}

int rules_person(const struct deciding *d, struct sl_err *err)
{
  enum sl_may may = sl_me_may(&d->me, sl_people(d->conf), d->policy);
  if (may == SL_MAY_NO_KEY)
    return sl_err_set(err, SL_EUSAGE, "decisions are signed here: %s", d->me.why);
  const struct sl_decision *asked = sl_decisions_last(&d->past, SL_STR("requested"), d->to);
  bool own = asked && !strcmp(asked->v.who->name, d->me.name);
  if (d->what == JUDGE_REQUEST || (d->what == JUDGE_REJECT && own) || may == SL_MAY)
    return SL_OK;
  return no_approver(d, err);
}

/* ---- what the person saw ---- */

int rules_expect(const struct deciding *d, struct sl_str expect, struct sl_err *err)
{
  struct sl_str rest = expect, alias;
  if (!expect.n)
    return SL_OK;
  if (!sl_str_cut(&rest, '=', &alias) || !rest.p || !sl_str_eq(alias, d->to))
    return sl_err_set(err, SL_EUSAGE, "expected is %.*s=VERSION, or %.*s= for none; not '%.*s'", SL_ARG(sl_str_head(d->to, 60)),
                      SL_ARG(sl_str_head(d->to, 60)), SL_ARG(sl_str_head(expect, 60)));
  if (sl_str_eq(rest, d->was))
    return SL_OK;
  return sl_err_set(err, SL_ECONFLICT, "%.*s of %.*s is %.*s now, not %.*s: somebody moved it; look again", SL_ARG(sl_str_head(d->to, 60)),
                    SL_ARG(sl_str_head(d->model, 60)), SL_ARG(d->was.n ? d->was : SL_STR("nowhere")),
                    SL_ARG(rest.n ? sl_str_head(rest, 20) : SL_STR("nowhere")));
}

/* ---- gates ---- */

static int gates_kept(struct deciding *d, const struct sl_gates *g, struct sl_err *err)
{
  const char *before = d->evidence;
  if (d->again && (strcmp(before, g->evidence) != 0 || strcmp(d->policy_digest, g->policy) != 0 || strcmp(d->digest, g->digest) != 0))
    return sl_err_set(err, SL_ECONFLICT, "%s since this was planned: it is void; look again",
                      strcmp(before, g->evidence) != 0 ? "the evidence has changed" : strcmp(d->digest, g->digest) != 0
                      ? "the version's files have changed" : "the policy has changed");
  memcpy(d->evidence, g->evidence, sizeof d->evidence);
  memcpy(d->policy_digest, g->policy, sizeof d->policy_digest);
  memcpy(d->digest, g->digest, sizeof d->digest);
  return SL_OK;
}

/* Of the version's files, where the registry knows: whether they are those that were decided about before, or computed over. */
static bool files_say(const struct deciding *d, char *why, size_t n)
{
  const struct sl_val state = sl_judging_cell(d->j, 0, "artifact"), words = sl_judging_cell(d->j, 0, "artifact_why");
  bool bad = !state.null && (sl_str_eqz(state.u.s, "missing") || sl_str_eqz(state.u.s, "changed"));
  snprintf(why, n, "%.*s", SL_ARG(words.null ? SL_STR("") : words.u.s));
  return bad;
}

int rules_gates(struct deciding *d, const struct sl_gates *g, struct sl_buf *words, struct sl_err *err)
{
  char head[320], files[200];
  struct sl_buf bad;
  bool other = files_say(d, files, sizeof files);
  int n = snprintf(head, sizeof head, "%.*s/%lld: %s%s", SL_ARG(sl_str_head(d->model, 60)), (long long)d->version, other ? files : "",
                   other ? "; " : "");
  bool stands = g->worst != SL_GATE_PASS || other; /* not by the words: for want of memory there may be none */
  int rc = gates_kept(d, g, err);
  sl_buf_init(&bad, 1 << 16);
  size_t room = sizeof err->msg - 1;
  sl_gates_words(&bad, g, d->glass ? 2000 : room > (size_t)n ? room - (size_t)n : 0);
  rc = rc ? rc : sl_buf_check(&bad, err);
  for (size_t i = 0; i < g->n && !rc; i++)
    if (g->row[i].advised)
      sl_buf_printf(words, "%s: %s", g->row[i].name, g->row[i].why);
  if (!rc && stands && d->glass)
    sl_buf_printf(words, "%sbreak-glass: %s%s%s", words->n ? "; " : "", other ? files : "", other && bad.n ? "; " : "", sl_buf_zstr(&bad));
  else if (!rc && stands)
    rc = sl_err_set(err, SL_EBREACH, "%s%s", head, sl_buf_zstr(&bad));
  sl_buf_free(&bad);
  return rc ? rc : sl_buf_check(words, err);
}

/* ---- how many ---- */

static bool same_digest(struct sl_str had, const char *now) { return sl_str_eqz(had.p ? had : SL_STR(""), now); }

/* Why an approval for `to` is none of the very thing that is approved now: a changed fact voids it. NULL: it agrees. */
static const char *differs(const struct deciding *d, const struct sl_decision *x, sl_ms since)
{
  const struct sl_statement *s = &x->s.s;
  return x->v.worth != SL_WORTH_VALID ? x->v.why
         : s->at <= since ? "the version was rejected since"
         : !sl_str_eq(s->was, d->was) ? "what it would replace has moved since"
         : !same_digest(s->policy, d->policy_digest) ? "the rules or the approvers' keys have changed since"
         : !same_digest(s->evidence, d->evidence) ? "the evidence has changed since"
         : !same_digest(s->digest, d->digest) ? "the version's files have changed since" : NULL;
}

/* Of somebody else. */
static bool approves(const struct deciding *d, const struct sl_decision *x)
{
  return x->v.who && sl_str_eqz(x->s.s.decision, "approved") && sl_str_eq(x->s.s.to, d->to) && strcmp(x->v.who->name, d->me.name) != 0;
}

static bool agrees(const struct deciding *d, const struct sl_decision *x, sl_ms since)
{
  return approves(d, x) && !differs(d, x, since);
}

static sl_ms rejected_at(const struct deciding *d)
{
  const struct sl_decision *no = sl_decisions_last(&d->past, SL_STR("rejected"), d->to);
  return no ? no->s.s.at : 0;
}

static bool listed(const struct sl_model_conf *m, const char *name)
{
  for (size_t i = 0; m && m->approvers[i]; i++)
    if (!strcmp(m->approvers[i], name))
      return true;
  return !m || !m->approvers[0];
}

int rules_enough(struct deciding *d, struct sl_err *err)
{
  int needed = d->policy ? d->policy->required : 1, have = 1;
  sl_ms since = rejected_at(d);
  if (needed > 1 && !sl_people_keyed(sl_people(d->conf)))
    return sl_err_set(err, SL_EBREACH, "%d must agree, which only signed statements can show: add their keys below people:", needed);
  for (size_t i = 0; i < d->past.n; i++) {
    bool first = agrees(d, &d->past.v[i], since) && listed(d->policy, d->past.v[i].v.who->name);
    for (size_t k = 0; k < i && first; k++)
      first = !(agrees(d, &d->past.v[k], since) && d->past.v[k].v.who == d->past.v[i].v.who);
    have += first;
  }
  bool move = have >= needed;
  d->have = have;
  if (d->again && move != d->move)
    return sl_err_set(err, SL_ECONFLICT, "somebody else decided about this version meanwhile; look again");
  d->move = move;
  return SL_OK;
}

void rules_wanting(const struct deciding *d, struct sl_buf *out)
{
  sl_ms since = rejected_at(d);
  sl_buf_printf(out, "%d must agree, %d with you so far: %.*s stays until the last of them", d->policy->required, d->have,
                SL_ARG(sl_str_head(d->to, 80)));
  for (size_t i = 0; i < d->past.n; i++) {
    const struct sl_decision *x = &d->past.v[i];
    const char *why = !approves(d, x) ? NULL : !listed(d->policy, x->v.who->name) ? "no approver any more" : differs(d, x, since);
    if (why)
      sl_buf_printf(out, "; that of %s counts for nothing: %s", x->v.who->name, why);
  }
}
