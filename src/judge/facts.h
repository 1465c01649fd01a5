/* judge/facts.h: what a gate may ask about one version, and what the version that the alias points to brings for comparison.
 *
 * metrics, params and tags are those of the run that made a version; a tag of the version itself comes before one of its run. Tags
 * `approval.*` are no facts: whoever may write tags could make them. drift, rescore and quality come from files of evidence. [any] */
#ifndef SL_JUDGE_FACTS_H
#define SL_JUDGE_FACTS_H

#include "judge/gate.h"

struct facts_row { struct sl_batch *b; uint32_t row; };   /* b counted; NULL: there is none */
struct facts_side {
  bool there;                    /* false: no champion; all its facts are unknown for that reason alone */
  int64_t version;
  struct facts_row v, run;
  bool part;                     /* of the run not all came: what is not there may be */
  char why[120];                 /* why there is no run, or not all of it */
};
struct facts { struct facts_side own, champion; };

void facts_free(struct facts *f);
struct sl_val facts_cell(const struct facts_row *r, const char *col);                       /* null: no such */
struct sl_val facts_key(const struct facts_row *r, const char *family, struct sl_str key);
/* An sl_fact_fn; user: a struct facts. */
int facts_ask(void *user, const struct sl_rule_node *name, struct sl_fact *out);

#endif
