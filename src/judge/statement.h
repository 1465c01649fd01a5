/* judge/statement.h: a decision as a signed text: what was decided about which version, on which facts, by whom. Its form:
 * docs/internals/approvals.md.
 *
 * A statement is canonical JSON, so that the same decision has one text; the tag that holds it has one form too. Reading is strict: what
 * is not written exactly so is no statement. */
#ifndef SL_JUDGE_STATEMENT_H
#define SL_JUDGE_STATEMENT_H

#include "base/mem.h"
#include "base/time.h"
#include "judge/member.h"

#define SL_STATEMENT_NS "sluice-approval"
enum { SL_STATEMENT_V = 1, SL_STATEMENT_MAX = 64 << 10, SL_COMMENT_MAX = 4096 };
/* Texts are borrowed. digest, evidence, policy: hex SHA-256, none (p NULL): null. was: "" where the alias pointed to nothing. */
struct sl_statement {
  struct sl_str registry, model, version, digest, to, was, evidence, policy, decision, comment, by;
  sl_ms at, expires;             /* expires 0: null */
};
/* The canonical text; EUSAGE where a field cannot be one (no UTF-8, controls, too long, no digest). */
int sl_statement_text(struct sl_buf *out, const struct sl_statement *s, struct sl_err *err) SL_NODISCARD;
/* The tag's value: the statement's text and its signature, none: null. */
int sl_statement_tag(struct sl_buf *out, struct sl_str text, struct sl_str signature, struct sl_err *err) SL_NODISCARD;

/* A tag as it was read. */
struct sl_signed {
  struct sl_statement s;
  struct sl_str text, signature; /* signature none: unsigned */
  struct sl_arena mem;
};
/* EPARSE: no statement in its one form; EUNSUP: of a later version. */
int sl_statement_read(struct sl_signed *out, struct sl_str tag, struct sl_err *err) SL_NODISCARD;
void sl_statement_free(struct sl_signed *s);

/* Whether a statement counts. Everything but VALID is a claim: shown, and counted for nothing. */
enum sl_worth { SL_WORTH_VALID, SL_WORTH_UNREADABLE, SL_WORTH_UNSIGNED, SL_WORTH_ALTERED, SL_WORTH_UNKNOWN_KEY, SL_WORTH_REVOKED,
  SL_WORTH_OTHER_NAME,  /* signed by somebody else than it says */
  SL_WORTH_ELSEWHERE,   /* of another registry, model or version: copied */
  SL_WORTH_EXPIRED, SL_WORTH_FUTURE };
struct sl_expected { struct sl_str registry, model, version; sl_ms now; };   /* where it was found, and when */
enum { SL_CLOCK_SLACK_MS = 5 * 60 * 1000 };
struct sl_verdict {
  enum sl_worth worth;
  const struct sl_member *who;   /* whose key signed; NULL: nobody's that we know. Borrowed from people */
  char print[SL_FINGERPRINT];    /* of the key; "" */
  char why[200];                 /* one line, also where it is valid: "signed by lead (SHA256:...)" */
};
/* Of a tag; *out is filled as far as it could be read (free it, whatever came out). Fails only for want of memory. */
int sl_statement_judge(struct sl_verdict *v, struct sl_signed *out, struct sl_str tag, const struct sl_expected *where,
                       struct sl_people people, struct sl_err *err) SL_NODISCARD;

#endif
