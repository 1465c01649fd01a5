/* views/score_int.h: what the score view keeps; private to score*.c. */
#ifndef SL_VIEWS_SCORE_INT_H
#define SL_VIEWS_SCORE_INT_H

#include "model/quality.h"
#include "ui/widgets.h"

enum score_kind { ROW_HEAD, ROW_MORE, FIGURE_HEAD, CLASS_HEAD, CONFUSION_SIDES, CONFUSION_HEAD, CLUSTER_HEAD, SLICE_HEAD,
                  /* headings end here */ ROW, FIGURE, CLUSTER, CLASS, MACRO, CONFUSION, SLICE, PREPARED };
struct score_line { enum score_kind kind; uint64_t row; };   /* row: of the answer; CONFUSION, SLICE and their heads: the first one */
#define SCORE_NONE UINT64_MAX
struct score_curve { double *x, *y; size_t n, cap_x, cap_y; };
struct score_state {
  struct sl_pane *pane;
  struct sl_buf title;
  struct sl_quality_ask ask;
  struct sl_quality_tally tally;
  struct score_line *line;
  size_t n, cap, at, top, classes;
  bool numbers;                /* are predicted, no classes */
  uint64_t confusion, auc, auc_mean, balanced, f1_macro;    /* rows: the matrix's first, the first class's auc, figures of all */
  bool guessed;                /* the champion was not asked for: without one, the model stands alone */
  bool split;                  /* a chart stands beside the figures, so that 0 shows the first */
  size_t chart;                /* 0: figures; else which chart */
  unsigned drawn;              /* a bit for each chart that there is */
  struct sl_buf of;            /* of which class; empty: of two classes the second, or the first of several */
  struct score_curve curve[2]; /* of the model, of the other one */
};

/* A cell of a row of the answer; "" where there is none. Until the next turn. */
struct sl_str score_text_at(struct score_state *s, uint64_t row, const char *col);
double score_f64_at(struct score_state *s, uint64_t row, const char *col);                  /* NaN: none */
bool score_is(struct score_state *s, uint64_t row, const char *metric);                     /* it is a figure of that name */
bool score_pair(const struct score_state *s);                                               /* another model stands beside it */
static inline bool score_is_head(enum score_kind k) { return k <= SLICE_HEAD; }             /* a line between groups */

/* ---- score_draw.c ---- */
void score_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r);

/* ---- score_charts.c ---- */
void score_chart_gather(struct score_state *s);              /* after the rows, the chart or the class have changed */
void score_chart_next(struct score_state *s, bool of_class);
void score_chart_draw(struct score_state *s, struct sl_grid *g, struct sl_rect r);
void score_chart_free(struct score_state *s);

#endif
