/* app/evidence_make.h: how a file of evidence comes to be: what is read is listed, hashed and, where it lies in a registry, copied
 * to a folder of ours first; then the box computes over exactly that; then it is listed again. For the hidden command alone. */
#ifndef SL_APP_EVIDENCE_MAKE_H
#define SL_APP_EVIDENCE_MAKE_H

#include "app/session.h"
#include "judge/evidence.h"

struct sl_maker {
  struct sl_session *s;
  const struct sl_model_conf *m;
  const struct sl_evidence_conf *c;
  struct sl_arena mem;
  struct sl_evidence e;
  struct sl_evidence_input *input; size_t ninputs, cap_inputs;
  struct sl_evidence_fact *fact; size_t nfacts, cap_facts;
  struct sl_batch *run;                /* that made the version; NULL: none */
  char *dir;                           /* of copies; NULL: none were needed */
  char *predictions;                   /* copy of those that were logged with the model; NULL: none were */
};

/* Rows of one question, waited for. CUT is EPARTIAL. *out is yours; NULL: there are none. */
int sl_maker_ask(struct sl_session *s, const struct sl_query *like, struct sl_snap **out, struct sl_err *err) SL_NODISCARD;
struct sl_val sl_maker_cell(const struct sl_batch *b, uint32_t row, const char *col);

/* Everything below root (a folder or a file) becomes an input. The path of what the box can read: root itself, or a copy. */
int sl_maker_input(struct sl_maker *k, const char *role, const char *address, char **path, struct sl_err *err) SL_NODISCARD;
/* The model's files, the digest over them, and the predictions beside them. root: "models:/NAME/3/", kept in mem. */
int sl_maker_model(struct sl_maker *k, char **root, struct sl_err *err) SL_NODISCARD;
/* All inputs are as they were when they were hashed; otherwise ECONFLICT. */
int sl_maker_again(struct sl_maker *k, struct sl_err *err) SL_NODISCARD;
int sl_maker_fact(struct sl_maker *k, const char *name, double value, struct sl_err *err) SL_NODISCARD;
void sl_maker_free(struct sl_maker *k);


/* What the files of evidence say (docs/internals/evidence.md): inputs and facts of k, its run and model set. Turns the loop; the box
 * computes. */
int sl_make_drift(struct sl_maker *k, struct sl_err *err) SL_NODISCARD;
int sl_make_rescore(struct sl_maker *k, struct sl_err *err) SL_NODISCARD;
int sl_make_quality(struct sl_maker *k, struct sl_err *err) SL_NODISCARD;

#endif
