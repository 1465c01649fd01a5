/* judge/statement.c: statements written, and judged: who signed, and whether it counts here and now. */
#include "judge/statement.h"

#include <stdio.h>

#include "base/json.h"
#include "base/utf8.h"
#include "judge/key.h"
#include "judge/sig.h"

enum { FIELD_MAX = 1024 };

/* ---- writing ---- */

struct writer { struct sl_buf *b; struct sl_err *err; int rc; };

static void key(struct writer *w, const char *name)
{
  sl_buf_printf(w->b, "%s\"%s\":", !strcmp(name, "at") ? "{" : ",", name);
}

static void refuse(struct writer *w, const char *name, const char *why)
{
  if (!w->rc)
    w->rc = sl_err_set(w->err, SL_EUSAGE, "`%s` %s", name, why);
}

/* No control characters: what is signed is also read by people, from terminals and logs. A comment may have lines. */
static bool plain(struct sl_str s, bool lines)
{
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (c == 0x7f || (c < 0x20 && !(lines && (c == '\n' || c == '\t'))))
      return false;
  }
  return sl_utf8_valid(s);
}

static void text(struct writer *w, const char *name, struct sl_str s, size_t least, size_t most)
{
  key(w, name);
  if (!s.p || s.n < least)
    refuse(w, name, "is missing");
  else if (s.n > most)
    refuse(w, name, "is too long");
  else if (!plain(s, most == SL_COMMENT_MAX))
    refuse(w, name, "holds what is no text");
  else
    sl_json_canon(w->b, s);
}

static void digest(struct writer *w, const char *name, struct sl_str s)
{
  key(w, name);
  if (!s.p) {
    sl_buf_z(w->b, "null");
    return;
  }
  bool hex = s.n == 64;
  for (size_t i = 0; i < s.n && hex; i++)
    hex = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
  if (hex)
    sl_json_canon(w->b, s);
  else
    refuse(w, name, "is no digest");
}

static void when(struct writer *w, const char *name, sl_ms t, bool nullable)
{
  key(w, name);
  if (!t && nullable) {
    sl_buf_z(w->b, "null");
    return;
  }
  if (t <= 0 || t > 253402300799999) { /* the year 9999 */
    refuse(w, name, "is no point in time");
    return;
  }
  sl_buf_ch(w->b, '"');
  sl_time_rfc3339(w->b, t);
  sl_buf_ch(w->b, '"');
}

static bool decision_ok(struct sl_str s)
{
  static const char *const known[] = { "requested", "approved", "rejected", "rolled-back" };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (sl_str_eqz(s, known[i]))
      return true;
  return false;
}

/* In the order of their names, as canonical JSON has it. */
int sl_statement_text(struct sl_buf *out, const struct sl_statement *s, struct sl_err *err)
{
  struct writer w = { .b = out, .err = err, .rc = SL_OK };
  when(&w, "at", s->at, false);
  text(&w, "by", s->by, 1, FIELD_MAX);
  text(&w, "comment", s->comment, 0, SL_COMMENT_MAX);
  text(&w, "decision", s->decision, 1, FIELD_MAX);
  digest(&w, "digest", s->digest);
  digest(&w, "evidence", s->evidence);
  when(&w, "expires", s->expires, true);
  text(&w, "model", s->model, 1, FIELD_MAX);
  digest(&w, "policy", s->policy);
  text(&w, "registry", s->registry, 1, FIELD_MAX);
  text(&w, "to", s->to, 0, FIELD_MAX);
  sl_buf_printf(out, ",\"v\":%d", SL_STATEMENT_V);
  text(&w, "version", s->version, 1, FIELD_MAX);
  text(&w, "was", s->was, 0, FIELD_MAX);
  sl_buf_ch(out, '}');
  if (!w.rc && !decision_ok(s->decision))
    refuse(&w, "decision", "is none of requested, approved, rejected, rolled-back");
  return w.rc ? w.rc : sl_buf_check(out, err);
}

int sl_statement_tag(struct sl_buf *out, struct sl_str statement, struct sl_str signature, struct sl_err *err)
{
  sl_buf_z(out, "{\"statement\":");
  sl_buf_str(out, statement);
  sl_buf_z(out, ",\"signature\":");
  if (signature.p)
    sl_json_canon(out, signature);
  else
    sl_buf_z(out, "null");
  sl_buf_ch(out, '}');
  return sl_buf_check(out, err);
}

/* ---- judging ---- */

static int say(struct sl_verdict *v, enum sl_worth worth, const char *fmt, ...) SL_PRINTF(3, 4);
static int say(struct sl_verdict *v, enum sl_worth worth, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  v->worth = worth;
  vsnprintf(v->why, sizeof v->why, fmt, ap);
  va_end(ap);
  return SL_OK;
}

/* Is it signed, by a key that somebody has? */
static int judge_key(struct sl_verdict *v, const struct sl_signed *s, struct sl_people people, struct sl_err *err)
{
  struct sl_sig sig;
  struct sl_err why = { 0 };
  bool revoked = false;
  if (!s->signature.p)
    return say(v, SL_WORTH_UNSIGNED, "not signed: a claim");
  int rc = sl_sig_read(&sig, s->signature, &why);
  if (!rc) {
    sl_pubkey_fingerprint(&sig.key, v->print);
    rc = sl_sig_verify(&sig, SL_STATEMENT_NS, s->text, &why);
  }
  if (rc == SL_ENOMEM) {
    sl_sig_free(&sig);
    return sl_err_nomem(err);
  }
  if (rc)
    say(v, SL_WORTH_ALTERED, "%s", why.msg);
  else if (!(v->who = sl_people_key(people, &sig.key, &revoked)))
    say(v, SL_WORTH_UNKNOWN_KEY, "signed by %s, which is nobody's below people:; a claim", v->print);
  else if (revoked)
    say(v, SL_WORTH_REVOKED, "signed by %s, a key of %s that was revoked", v->print, v->who->name);
  else
    say(v, SL_WORTH_VALID, "signed by %s (%s)", v->who->name, v->print);
  sl_sig_free(&sig);
  return SL_OK;
}

/* The name below people:, or an identity that is theirs. */
static bool is_theirs(const struct sl_member *m, struct sl_str by)
{
  if (sl_str_eqz(by, m->name))
    return true;
  for (size_t i = 0; m->identities[i]; i++)
    if (sl_str_eqz(by, m->identities[i]))
      return true;
  return false;
}

/* With both times: whoever reads it sees which clock is wrong, and by how much. */
static void say_time(struct sl_verdict *v, enum sl_worth worth, sl_ms at, sl_ms now)
{
  struct sl_buf a, b;
  sl_buf_init(&a, 64);
  sl_buf_init(&b, 64);
  sl_time_rfc3339(&a, at);
  sl_time_rfc3339(&b, now);
  if (worth == SL_WORTH_FUTURE)
    say(v, worth, "was made in the future, at %.16sZ, and it is %.16sZ here: a clock is wrong, this one or %s's", sl_buf_zstr(&a),
        sl_buf_zstr(&b), v->who->name);
  else
    say(v, worth, "has expired at %.16sZ; it is %.16sZ here", sl_buf_zstr(&a), sl_buf_zstr(&b));
  sl_buf_free(&a);
  sl_buf_free(&b);
}

static void judge_facts(struct sl_verdict *v, const struct sl_statement *s, const struct sl_expected *where)
{
  if (!is_theirs(v->who, s->by))
    say(v, SL_WORTH_OTHER_NAME, "says it is by %.*s, but %s signed it", (int)(s->by.n < 60 ? s->by.n : 60), s->by.p, v->who->name);
  else if (!sl_str_eq(s->registry, where->registry))
    say(v, SL_WORTH_ELSEWHERE, "was made for another registry, and copied here");
  else if (!sl_str_eq(s->model, where->model) || !sl_str_eq(s->version, where->version))
    say(v, SL_WORTH_ELSEWHERE, "was made for another version, and copied here");
  else if (s->at > where->now + SL_CLOCK_SLACK_MS)
    say_time(v, SL_WORTH_FUTURE, s->at, where->now);
  else if (s->expires && s->expires <= where->now)
    say_time(v, SL_WORTH_EXPIRED, s->expires, where->now);
}

int sl_statement_judge(struct sl_verdict *v, struct sl_signed *out, struct sl_str tag, const struct sl_expected *where,
                       struct sl_people people, struct sl_err *err)
{
  struct sl_err why = { 0 };
  *v = (struct sl_verdict){ .who = NULL };
  int rc = sl_statement_read(out, tag, &why);
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err);
  if (rc)
    return say(v, SL_WORTH_UNREADABLE, "%s", why.msg);
  rc = judge_key(v, out, people, err);
  if (!rc && v->worth == SL_WORTH_VALID)
    judge_facts(v, &out->s, where);
  return rc;
}
