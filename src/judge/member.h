/* judge/member.h: who somebody is, how surely that is known, and whether two are the same person (design.md 9.4).
 *
 * An identity is issuer:subject. Two can be compared when one issuer named both, or when `people:` says whose they are; a claim can be
 * compared with nothing. What cannot be compared is unknown, never "different". */
#ifndef SL_JUDGE_MEMBER_H
#define SL_JUDGE_MEMBER_H

#include "base/pubkey.h"
#include "model/ws.h"

const char *sl_known_word(enum sl_known k);              /* claimed, os, authenticated, key */
bool sl_known_parse(struct sl_str s, enum sl_known *out);   /* such a word; false: none of them */

/* Borrowed. issuer SL_ISSUER_PEOPLE: subject is a name below people: (somebody who signed with a key). Empty parts: nobody knows. */
#define SL_ISSUER_PEOPLE "people"
struct sl_ident { struct sl_str issuer, subject; enum sl_known known; };
bool sl_ident_parse(struct sl_str text, enum sl_known known, struct sl_ident *out);      /* "issuer:subject" */

struct sl_people { const struct sl_member *v; size_t n; };
struct sl_people sl_people(const struct sl_ws_conf *c);   /* NULL: nobody */
/* Somebody has a key, or had one: from then on decisions are signed. Taking the last key away opens nothing. */
bool sl_people_keyed(struct sl_people p);
const struct sl_member *sl_people_name(struct sl_people p, struct sl_str name);          /* NULL: nobody */
const struct sl_member *sl_people_ident(struct sl_people p, const struct sl_ident *id);
/* Whose key it is. *revoked: it stands below anybody's `revoked:`, and that is whose it was. NULL: nobody's. */
const struct sl_member *sl_people_key(struct sl_people p, const struct sl_pubkey *k, bool *revoked);

enum sl_same { SL_SAME_UNKNOWN, SL_SAME_YES, SL_SAME_NO };
/* why: a few words, "one of them is only claimed"; may be NULL. */
enum sl_same sl_ident_same(struct sl_people p, const struct sl_ident *a, const struct sl_ident *b, const char **why);

#endif
