/* views/compare_int.h: what the table of the comparison and its curves share. */
#ifndef SL_VIEWS_COMPARE_INT_H
#define SL_VIEWS_COMPARE_INT_H

#include "ui/widgets.h"

enum line_kind { LINE_PARAMS, LINE_PARAM, LINE_METRICS, LINE_METRIC, LINE_ATTRIBUTES, LINE_ATTRIBUTE };
struct line { enum line_kind kind; uint64_t row; };
enum { AXIS_STEP, AXIS_RELATIVE, AXIS_TIME, AXES };
enum { CURVES = 24 };                 /* drawn at once */

/* The history of one run's metric as it was read, and as it is drawn. */
struct curve { struct sl_pane *pane; double *step, *time, *value, *x, *y; size_t n, cap; };
struct compare_state {
  struct sl_pane *diff;
  char **run; size_t nrun, cap_run;   /* ids; the first is the baseline */
  struct line *line; size_t nline, cap_line;
  size_t count[3][2];                 /* params, metrics, attributes: differ, in all */
  size_t cursor, top, col, left;
  bool all, logy, clip;
  int axis;
  double smooth;
  char metric[256];
  struct sl_buf verdict;
  struct curve curve[CURVES];
};

struct sl_str compare_run_name(const struct compare_state *s, size_t i);
void compare_verdict(struct compare_state *s);

/* views/compare_curves.c */
void curves_ask(struct sl_view *v, struct compare_state *s);        /* for the chosen metric, of the first CURVES runs */
void curves_close(struct compare_state *s);
void curves_draw(struct sl_view *v, struct compare_state *s, struct sl_grid *g, struct sl_rect r);
void curves_truth(struct compare_state *s, struct sl_buf *b);
void curves_refresh(struct compare_state *s);
void curves_visible(struct compare_state *s, bool visible);
const char *curves_conn(struct compare_state *s, size_t run);       /* whose run it is; "": not known yet */

#endif
