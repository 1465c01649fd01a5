/* judge/decisions.h: what was decided about a version so far: the statements among its tags, each with what it is worth.
 *
 * Tags `approval.statement` and `approval.statement.PERSON` hold statements; whatever else `approval.*` says is a registry's claim and is
 * not looked at here. Pure functions over texts: any thread. */
#ifndef SL_JUDGE_DECISIONS_H
#define SL_JUDGE_DECISIONS_H

#include "judge/statement.h"

#define SL_STATEMENT_TAG "approval.statement"
enum { SL_DECISIONS_MAX = 64 };          /* of one version; more are left out, and counted */
struct sl_batch;
struct sl_decision {
  struct sl_signed s;                    /* as far as it could be read */
  struct sl_verdict v;
  struct sl_str key, tag;                /* the tag's name and text; kept */
  char *own;
};
struct sl_decisions { struct sl_decision v[SL_DECISIONS_MAX]; size_t n, left_out; };

/* For one tag after the other, then sl_decisions_free() in any case. Tags of other names, and the same text again, are ignored. */
void sl_decisions_init(struct sl_decisions *d);
int sl_decisions_tag(struct sl_decisions *d, struct sl_str key, struct sl_str value, const struct sl_expected *where, struct sl_people p,
                     struct sl_err *err) SL_NODISCARD;
/* Only the general tag and those of people: whoever floods a version with others hides none of theirs. */
int sl_decisions_people(struct sl_decisions *d, const struct sl_batch *b, uint32_t row, const struct sl_expected *where, struct sl_people p,
                        struct sl_err *err) SL_NODISCARD;
/* The i-th tag in which one of them may have a statement, from 0: the person's own, the same as it was called before names were escaped, at
 * last the general one. False: there are no more, or (out has failed) no memory. */
bool sl_decisions_key(struct sl_people p, size_t i, struct sl_buf *out);
/* All of a row of `versions` (its family `tags`); people's own tags go first, so that the general one is the one left out. */
int sl_decisions_row(struct sl_decisions *d, const struct sl_batch *b, uint32_t row, const struct sl_expected *where, struct sl_people p,
                     struct sl_err *err) SL_NODISCARD;
void sl_decisions_free(struct sl_decisions *d);
/* It was made for the place where it was found, whatever it is worth. */
bool sl_decision_here(const struct sl_decision *x, const struct sl_expected *where);

/* The newest valid one of that decision for `to`; a later valid decision of the same person takes it away. NULL: none. */
const struct sl_decision *sl_decisions_last(const struct sl_decisions *d, struct sl_str decision, struct sl_str to);
/* The newest valid one for `to`, whatever it decides. */
const struct sl_decision *sl_decisions_newest(const struct sl_decisions *d, struct sl_str to);

/* The connection's address as statements hold it: the same for everybody, without secrets. false: it has none. */
bool sl_registry_address(const struct sl_ws_conf *c, struct sl_str conn, struct sl_buf *out);
/* The entry of `models:` that governs this model there; NULL: none. */
const struct sl_model_conf *sl_model_policy(const struct sl_ws_conf *c, struct sl_str conn, struct sl_str model);
/* What a promotion moves where nothing else is said: "champion", "stage:Production". */
void sl_model_target(const struct sl_model_conf *m, struct sl_buf *out);

#endif
