/* judge/member.c: identities and people. Nothing here decides; it says who is who as far as the workspace file lets us know. */
#include "judge/member.h"

static const char *const words[] = {
  [SL_KNOWN_CLAIMED] = "claimed", [SL_KNOWN_OS] = "os", [SL_KNOWN_AUTHENTICATED] = "authenticated", [SL_KNOWN_KEY] = "key",
};

const char *sl_known_word(enum sl_known k)
{
  return words[k];
}

bool sl_known_parse(struct sl_str s, enum sl_known *out)
{
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (sl_str_eqz(s, words[i])) {
      *out = (enum sl_known)i;
      return true;
    }
  return false;
}

bool sl_ident_parse(struct sl_str text, enum sl_known known, struct sl_ident *out)
{
  ptrdiff_t colon = sl_str_chr(text, ':');
  if (colon <= 0 || (size_t)colon + 1 == text.n)
    return false;
  *out = (struct sl_ident){ sl_str_head(text, (size_t)colon), sl_str_from(text, (size_t)colon + 1), known };
  return true;
}

struct sl_people sl_people(const struct sl_ws_conf *c)
{
  struct sl_people p = { NULL, 0 };
  if (c)
    p.v = sl_ws_conf_people(c, &p.n);
  return p;
}

bool sl_people_keyed(struct sl_people p)
{
  for (size_t i = 0; i < p.n; i++)
    if (p.v[i].keys[0] || p.v[i].revoked[0])
      return true;
  return false;
}

const struct sl_member *sl_people_name(struct sl_people p, struct sl_str name)
{
  for (size_t i = 0; i < p.n; i++)
    if (sl_str_eqz(name, p.v[i].name))
      return &p.v[i];
  return NULL;
}

static bool has_ident(const struct sl_member *m, const struct sl_ident *id)
{
  struct sl_ident own;
  for (size_t i = 0; m->identities[i]; i++)
    if (sl_ident_parse(sl_str(m->identities[i]), id->known, &own) && sl_str_eq(own.issuer, id->issuer) &&
        sl_str_eq(own.subject, id->subject))
      return true;
  return false;
}

const struct sl_member *sl_people_ident(struct sl_people p, const struct sl_ident *id)
{
  if (sl_str_eqz(id->issuer, SL_ISSUER_PEOPLE))
    return sl_people_name(p, id->subject);
  for (size_t i = 0; i < p.n; i++)
    if (has_ident(&p.v[i], id))
      return &p.v[i];
  return NULL;
}

/* A line that cannot be read names no key; the workspace file was checked when it was loaded. */
static bool is_key(const char *text, const struct sl_pubkey *k, const char *print)
{
  struct sl_pubkey own;
  if (!strncmp(text, "SHA256:", 7))
    return !strcmp(text, print);
  bool same = !sl_pubkey_line(&own, sl_str(text), NULL) && sl_pubkey_eq(&own, k);
  sl_pubkey_free(&own);
  return same;
}

const struct sl_member *sl_people_key(struct sl_people p, const struct sl_pubkey *k, bool *revoked)
{
  char print[SL_FINGERPRINT];
  sl_pubkey_fingerprint(k, print);
  *revoked = true; /* under anybody's name: it is asked first */
  for (size_t i = 0; i < p.n; i++)
    for (size_t n = 0; p.v[i].revoked[n]; n++)
      if (is_key(p.v[i].revoked[n], k, print))
        return &p.v[i];
  *revoked = false;
  for (size_t i = 0; i < p.n; i++)
    for (size_t n = 0; p.v[i].keys[n]; n++)
      if (is_key(p.v[i].keys[n], k, print))
        return &p.v[i];
  return NULL;
}

/* m has an account there: under another subject it is somebody else. */
static bool at_issuer(const struct sl_member *m, struct sl_str issuer)
{
  struct sl_ident own;
  for (size_t i = 0; m && m->identities[i]; i++)
    if (sl_ident_parse(sl_str(m->identities[i]), SL_KNOWN_CLAIMED, &own) && sl_str_eq(own.issuer, issuer))
      return true;
  return false;
}

static enum sl_same same(struct sl_people p, const struct sl_ident *a, const struct sl_ident *b, const char **why)
{
  if (!a->issuer.n || !a->subject.n || !b->issuer.n || !b->subject.n) {
    *why = "one of them is not known at all";
    return SL_SAME_UNKNOWN;
  }
  if (a->known == SL_KNOWN_CLAIMED || b->known == SL_KNOWN_CLAIMED) {
    *why = "one of them is only claimed";
    return SL_SAME_UNKNOWN;
  }
  const struct sl_member *ma = sl_people_ident(p, a), *mb = sl_people_ident(p, b);
  if (ma && mb) {
    *why = ma == mb ? "one person, says people:" : "two people, says people:";
    return ma == mb ? SL_SAME_YES : SL_SAME_NO;
  }
  if (sl_str_eq(a->issuer, b->issuer)) {
    bool one = sl_str_eq(a->subject, b->subject);
    *why = one ? "one account" : "two accounts of one issuer";
    return one ? SL_SAME_YES : SL_SAME_NO;
  }
  if (at_issuer(ma, b->issuer) || at_issuer(mb, a->issuer)) {
    *why = "two accounts of one issuer";
    return SL_SAME_NO;
  }
  *why = "they cannot be compared; join their identities below people:";
  return SL_SAME_UNKNOWN;
}

enum sl_same sl_ident_same(struct sl_people p, const struct sl_ident *a, const struct sl_ident *b, const char **why)
{
  const char *words_of = "";
  enum sl_same s = same(p, a, b, &words_of);
  if (why)
    *why = words_of;
  return s;
}
