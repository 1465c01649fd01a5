/* compute/evidently.h: what an Evidently report says about drift: reports and test suites of 0.4 to 0.6, reports of 0.7. [any] */
#ifndef SL_COMPUTE_EVIDENTLY_H
#define SL_COMPUTE_EVIDENTLY_H

#include "compute/monitor.h"

struct sl_evidently_row {
  const char *feature, *method;  /* method: Evidently's word ("K-S p_value"); NULL: not said */
  const char *type;              /* "num", "cat", "text"; NULL: not said */
  double score, threshold;       /* NaN: not said */
  int detected;                  /* as the report itself has it; -1: it does not say */
  bool suite;                    /* of a test suite, whose scores have three digits */
};
struct sl_evidently { struct sl_arena mem; struct sl_evidently_row *at; size_t n, cap; };
/* file: what errors call it. Free it also after a failure. EPARSE also where nothing in it is about drift. */
int sl_evidently_read(struct sl_evidently *out, const char *file, struct sl_str text, struct sl_err *err) SL_NODISCARD;
void sl_evidently_free(struct sl_evidently *e);

struct sl_evidently_method { const char *word, *id, *test; bool by_p, on; };  /* by_p: drift below the threshold; on: on it, too */
/* By Evidently's display name or its id ("ks"); NULL: not known. Of evidently/legacy/calculations/stattests. */
const struct sl_evidently_method *sl_evidently_method(const char *name);
/* What that comes to: 1, 0, -1 (neither the method is known nor does the report say it). */
int sl_evidently_drifted(const struct sl_evidently_row *r);

#endif
