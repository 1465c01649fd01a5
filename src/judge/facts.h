/* judge/facts.h: what a gate may ask about one version, and what the version that the alias points to brings for comparison.
 *
 * metrics, params and tags are those of the run that made a version; a tag of the version itself comes before one of its run. Tags
 * `approval.*` are no facts: whoever may write tags could make them. drift, rescore and quality come from files of evidence. [any] */
#ifndef SL_JUDGE_FACTS_H
#define SL_JUDGE_FACTS_H

#include "judge/evidence.h"
#include "judge/gate.h"

struct facts_row { struct sl_batch *b; uint32_t row; };   /* b counted; NULL: there is none */
/* One kind of evidence about a version. conf NULL: the workspace asks for none. */
struct facts_evidence {
  const struct sl_evidence_conf *conf;
  enum sl_fact_state state;      /* KNOWN: e holds */
  bool read;                     /* e was read */
  struct sl_evidence e;
  char why[120], source[100];
};
struct facts_side {
  bool there;                    /* false: no champion; all its facts are unknown for that reason alone */
  int64_t version;
  struct facts_row v, run;
  bool part;                     /* of the run not all came: what is not there may be */
  char why[120];                 /* why there is no run, or not all of it */
  struct facts_evidence ev[SL_EVIDENCE_KINDS];
};
struct facts { struct facts_side own, champion; struct sl_arena mem; };   /* mem: of evidence; initialised by its first */

void facts_free(struct facts *f);                                         /* what it holds, not f; zeroed then */
/* Reads the files of one side and asks whether they hold, but for what lies in a registry. Blocks. */
int facts_evidence_load(struct facts *f, struct facts_side *s, const struct sl_model_conf *m, const char *state_dir, struct sl_str registry,
                        sl_ms now, struct sl_err *err) SL_NODISCARD;
/* SHA-256 over the files that hold, drift, rescore, quality; "" none does. */
void facts_evidence_digest(const struct facts_side *s, char out[65]);
const char *facts_artifact_digest(const struct facts_side *s);
struct sl_val facts_cell(const struct facts_row *r, const char *col);                       /* null: no such */
struct sl_val facts_key(const struct facts_row *r, const char *family, struct sl_str key);
/* An sl_fact_fn; user: a struct facts. */
int facts_ask(void *user, const struct sl_rule_node *name, struct sl_fact *out);

#endif
