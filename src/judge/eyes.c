/* judge/eyes.c: whether author, requester and approver are different people, as far as that is known. */
#include "judge/eyes.h"

#include <stdio.h>

static bool there(const struct sl_ident *id) { return id->issuer.n && id->subject.n; }

/* A claim is confirmed by the signature of the person that it names. */
static struct sl_ident confirmed(struct sl_people p, const struct sl_ident *author, const struct sl_ident *requester)
{
  if (author->known != SL_KNOWN_CLAIMED || !there(author) || !there(requester) || requester->known == SL_KNOWN_CLAIMED)
    return *author;
  const struct sl_member *a = sl_people_ident(p, author), *r = sl_people_ident(p, requester);
  return a && a == r ? *requester : *author;
}

static struct sl_str shown(struct sl_people p, const struct sl_ident *id)
{
  const struct sl_member *m = sl_people_ident(p, id);
  return !there(id) ? SL_STR("?") : sl_str_head(m ? sl_str(m->name) : id->subject, 40);
}

/* "author ana (claimed), requester ana (key), approver lead (key)" */
static void put_evidence(struct sl_eyes *out, struct sl_people p, const struct sl_ident *author, const struct sl_ident *requester,
                         const struct sl_ident *approver)
{
  const struct { const char *role; const struct sl_ident *id; } who[] = { { "author", author }, { "requester", requester },
                                                                          { "approver", approver } };
  size_t n = 0;
  out->evidence[0] = 0;
  for (size_t i = 0; i < sizeof who / sizeof who[0] && n < sizeof out->evidence; i++)
    if (there(who[i].id))
      n += (size_t)snprintf(out->evidence + n, sizeof out->evidence - n, "%s%s %.*s (%s)", n ? ", " : "", who[i].role,
                            SL_ARG(shown(p, who[i].id)), sl_known_word(who[i].id->known));
}

static void say(struct sl_eyes *out, enum sl_gate_state state, const char *fmt, ...) SL_PRINTF(3, 4);
static void say(struct sl_eyes *out, enum sl_gate_state state, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  out->state = state;
  vsnprintf(out->why, sizeof out->why, fmt, ap);
  va_end(ap);
}

void sl_eyes_judge(struct sl_people p, const struct sl_ident *author, const struct sl_ident *requester, const struct sl_ident *approver,
                   struct sl_eyes *out)
{
  struct sl_ident made = confirmed(p, author, requester);
  bool asked = there(requester);
  const char *why_made = "", *why_asked = "";
  struct sl_str a = shown(p, author), r = shown(p, requester), me = shown(p, approver);
  snprintf(out->value, sizeof out->value, "%.*s, %.*s", SL_ARG(a), SL_ARG(me));
  put_evidence(out, p, author, requester, approver);
  enum sl_same by_made = sl_ident_same(p, &made, approver, &why_made);
  enum sl_same by_asked = asked ? sl_ident_same(p, requester, approver, &why_asked) : SL_SAME_NO;
  if (by_made == SL_SAME_YES)
    say(out, SL_GATE_FAIL, "%.*s made this version and cannot approve it", SL_ARG(me));
  else if (by_asked == SL_SAME_YES)
    say(out, SL_GATE_FAIL, "%.*s asked for this and cannot approve it", SL_ARG(me));
  else if (by_made == SL_SAME_UNKNOWN)
    say(out, SL_GATE_UNKNOWN, "made by %.*s, approved by %.*s: %.90s", SL_ARG(a), SL_ARG(me),
        made.known == SL_KNOWN_CLAIMED && there(&made) ? "the author is only claimed; a signed request of theirs confirms it" : why_made);
  else if (by_asked == SL_SAME_UNKNOWN)
    say(out, SL_GATE_UNKNOWN, "asked for by %.*s, approved by %.*s: %.90s", SL_ARG(r), SL_ARG(me), why_asked);
  else
    say(out, SL_GATE_PASS, "made by %.*s%s, approved by %.*s", SL_ARG(a), made.known == author->known ? "" : ", who signed the request",
        SL_ARG(me));
}

/* The newest request that was signed and counts for nothing all the same: its words, "" there is none. */
static const char *void_request(const struct sl_decisions *d, struct sl_str to)
{
  const struct sl_decision *best = NULL;
  for (size_t i = 0; i < d->n; i++) {
    const struct sl_decision *x = &d->v[i];
    bool told = x->v.worth == SL_WORTH_FUTURE || x->v.worth == SL_WORTH_EXPIRED || x->v.worth == SL_WORTH_REVOKED;
    if (told && sl_str_eqz(x->s.s.decision, "requested") && sl_str_eq(x->s.s.to, to) && (!best || x->s.s.at > best->s.s.at))
      best = x;
  }
  return best ? best->v.why : "";
}

void sl_eyes_version(struct sl_people p, struct sl_str issuer, struct sl_str author, const struct sl_decisions *d, struct sl_str to,
                     const struct sl_ident *approver, struct sl_eyes *out)
{
  struct sl_ident made = { issuer, author, SL_KNOWN_CLAIMED }, asked = { SL_STR(""), SL_STR(""), SL_KNOWN_CLAIMED };
  const struct sl_decision *r = sl_decisions_last(d, SL_STR("requested"), to);
  const char *why = r ? "" : void_request(d, to);
  if (r)
    asked = (struct sl_ident){ SL_STR(SL_ISSUER_PEOPLE), sl_str(r->v.who->name), SL_KNOWN_KEY };
  sl_eyes_judge(p, &made, &asked, approver, out);
  size_t n = strlen(out->why);
  if (out->state == SL_GATE_UNKNOWN && why[0])
    snprintf(out->why + n, sizeof out->why - n, "; the request %s", why);
}
