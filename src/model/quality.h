/* model/quality.h: what is asked of the resource `quality`, as one text, and what its rows come to in words.
 *
 * Command line, view and gates ask alike and judge alike; the figures themselves are worked out in the box. */
#ifndef SL_MODEL_QUALITY_H
#define SL_MODEL_QUALITY_H

#include "table/table.h"

/* The scope: MODEL DATA label=COLUMN [against=MODEL] [slice=COLUMN] [sample=N: of pictures]. A word may be quoted with ' or ", doubled
 * inside (label='a b' as 'label=a b' is none: write label="a b"). */
enum { SL_QUALITY_SAMPLE_MAX = 100 << 20 };
struct sl_quality_ask { char *model, *data, *label, *against, *slice, *sample; };  /* from label on NULL: not given */
int sl_quality_ask_parse(struct sl_quality_ask *out, struct sl_str scope, struct sl_err *err) SL_NODISCARD;   /* EUSAGE */
/* The texts, not a itself. text: such a scope again, quoted where need be. */
void sl_quality_ask_free(struct sl_quality_ask *a);
void sl_quality_ask_text(struct sl_buf *b, const struct sl_quality_ask *a);

/* ---- the verdict ---- */
#define SL_QUALITY_NOISE 0.05  /* a p-value from here on is noise */
enum sl_quality_verdict { SL_QUALITY_ALONE, SL_QUALITY_BETTER, SL_QUALITY_WORSE, SL_QUALITY_SAME, SL_QUALITY_MIXED, SL_QUALITY_UNKNOWN };
struct sl_quality_figure { bool there; double value, low, high, against, difference, p; };           /* NaN: not known */
struct sl_quality_tally {
  struct sl_quality_figure accuracy, auc, rmse;
  struct sl_quality_figure silhouette, inertia, clusters;              /* of clusters, which no label judges */
  int64_t rows;                /* with a label */
  size_t better, worse;        /* further figures of all rows whose difference is not noise: said, and no part of the verdict */
  double unread;               /* pictures that could not be read; NaN: not told */
  double apart;                /* rows that they disagree on, or that are wrong; NaN: not told */
};
/* add takes rows of `quality` in any order; those of a class or slice count for nothing. Keeps nothing of b. */
void sl_quality_tally_init(struct sl_quality_tally *t);
void sl_quality_tally_add(struct sl_quality_tally *t, const struct sl_batch *b);
/* By the tests of noise: AUC (DeLong), accuracy (McNemar); of numbers the root of the mean squared error (resampling). pair: another
 * model stands beside it. */
enum sl_quality_verdict sl_quality_verdict(const struct sl_quality_tally *t, bool pair);
/* "better: auc +0.012 (p 0.003); accuracy +0.01 is noise (p 0.41); they disagree on 12 of 569 rows" */
void sl_quality_words(struct sl_buf *b, const struct sl_quality_tally *t, bool pair);

#endif
