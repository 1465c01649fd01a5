/* views/compare_int.h: what the table of the comparison and its curves share. */
#ifndef SL_VIEWS_COMPARE_INT_H
#define SL_VIEWS_COMPARE_INT_H

#include "base/hash.h"
#include "judge/compare.h"
#include "ui/widgets.h"
#include "views/some_runs.h"

enum line_kind { LINE_PARAMS, LINE_PARAM, LINE_METRICS, LINE_METRIC, LINE_ATTRIBUTES, LINE_ATTRIBUTE };
struct line { enum line_kind kind; uint64_t row; };
enum { AXIS_STEP, AXIS_RELATIVE, AXIS_TIME, AXES };
/* So many histories are read point by point; of more, about so many points are left altogether: thinned where they are read. */
enum { CURVES_WHOLE = 24, CURVES_POINTS = 40000 };

/* The history of one run's metric as it was read, and as it is drawn. */
struct curve { double *step, *time, *value, *x, *y; size_t n, cap, nans, infinite; };
/* One metric of all runs: one question. */
struct histories {
  struct sl_pane *pane;
  struct compare_state *s;
  struct curve *curve;                /* one a run */
  struct sl_map at;                   /* id -> index of the run */
  size_t n, points;
  char conn[128];                     /* who has them */
};
/* Metrics stand as the answer has them (what rules name and what differs most first), by name, or by how much one run's are above the
 * baseline's. */
enum compare_order { ORDER_ANSWER, ORDER_NAME, ORDER_NAME_BACK, ORDER_RISE, ORDER_FALL };
struct compare_state {
  struct sl_pane *diff;
  struct some_runs runs;
  struct line *line; size_t nline, cap_line;
  size_t count[3][2];                 /* params, metrics, attributes: differ, in all */
  size_t cursor, top, col, left;
  bool all, logy, clip;
  int axis;
  double smooth, low, high;           /* low, high: what is drawn while outliers are left out; curves_range() */
  size_t wanted;                      /* the run that was asked for as baseline and has not come as such; 0: none */
  const struct sl_snap *was;          /* what stood then: never looked into */
  enum compare_order order; size_t order_run;
  char order_words[80];
  char metric[256];                   /* whose curves are drawn */
  char along[256];                    /* the metric that is the x axis; empty: axis says */
  char against[256]; bool against_param;   /* scatter: each run's value of the metric over this; empty: curves */
  struct sl_buf verdict;
  struct histories of, over;          /* of the metric; over `along` */
};

/* Of run i (0: the baseline), its id until the answer came; then the summary line anew, and a run's mark in a row of the answer. */
struct sl_str compare_run_name(const struct compare_state *s, size_t i);
void compare_verdict(struct compare_state *s);
enum sl_cmp_mark compare_mark(const struct compare_state *s, uint64_t row, size_t run);
/* Where a metric or parameter (kind: metric, param) stands in the answer. */
bool compare_row(struct compare_state *s, const char *kind, const char *name, uint64_t *row);
/* A run's value there as a number; NaN: none, or no number. */
double compare_number(struct compare_state *s, size_t run, uint64_t row);

bool compare_is_row(const struct line *l);                           /* else a heading */
void compare_lines(struct sl_view *v, struct compare_state *s);      /* made anew from the answer */

/* views/compare_sort.c */
void compare_sort(struct compare_state *s);                         /* the lines of metrics, as `order` says */
void compare_unsort(struct compare_state *s);                       /* the answer's order, where it was one run's */
void compare_sort_next(struct sl_view *v, struct compare_state *s);
const char *compare_order_words(struct compare_state *s);           /* " by name"; "" as the answer has them */

/* views/compare_export.c */
void compare_export(struct sl_view *v, void *user, const char *path);

/* views/compare_curves.c */
void curves_ask(struct sl_view *v, struct compare_state *s);        /* for the chosen metric, of all runs */
void curves_close(struct compare_state *s);
void curves_first(struct compare_state *s, size_t run);             /* it stands first now, those before it one place further */
void curves_truth(struct compare_state *s, struct sl_buf *b);
void curves_refresh(struct compare_state *s);
void curves_visible(struct compare_state *s, bool visible);
const char *curves_conn(struct compare_state *s);                   /* whose runs they are; "": not known yet */

/* views/compare_chart.c */
void curves_draw(struct sl_view *v, struct compare_state *s, struct sl_grid *g, struct sl_rect r);
void curves_range(struct compare_state *s);                         /* before the curves are placed */
void curves_place(struct compare_state *s, size_t run);             /* x and y of a run's curve as drawn: smoothed, on the chosen axis */
const char *curves_axis(const struct compare_state *s);

#endif
