/* app/report_score.c: the rows of `quality` as a document. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/report.h"
#include "base/mem.h"

enum { ROWS_FIRST = 10, ROWS_SHOWN = 50, LINES = 22, POINTS = 4096, TABLE_ROWS = 1000, CLASSES = 20 };

static bool is(const struct report_row *at, const char *metric) { return sl_str_eqz(report_text(at, "metric"), metric); }

static bool of_all(const struct report_row *at)
{
  return !report_text(at, "class").n && !report_text(at, "slice").n && !is(at, "mistakes") && !is(at, "disagreements")
         && !is(at, "slices_left_out");
}

static void put_figure(struct sl_document *d, const struct report_row *at, bool pair)
{
  sl_document_number(d, report_f64(at, "value"), 6);
  sl_document_number(d, report_f64(at, "low"), 4);
  sl_document_number(d, report_f64(at, "high"), 4);
  sl_document_number(d, report_f64(at, "n"), 9);
  if (!pair)
    return;
  sl_document_number(d, report_f64(at, "against"), 6);
  sl_document_number(d, report_f64(at, "difference"), 3);
  sl_document_number(d, report_f64(at, "p_value"), 3);
  sl_document_cell(d, report_text(at, "test"));
}

/* which: of all rows, of a class, of a group. */
static void figures(struct sl_document *d, const struct report_rows *r, bool pair, const char *title, const char *by)
{
  const char *const heads[] = { "metric", by ? by : "value", by ? "value" : "95 % from", by ? "95 % from" : "to", by ? "to" : "rows",
                                by ? "rows" : "against", by ? "against" : "change", by ? "change" : "p", by ? "p" : "test", "test" };
  struct report_row at = { NULL, 0 };
  size_t batch = 0, n = 0;
  while (n < TABLE_ROWS && report_next(r, &at, &batch)) {
    bool class = report_text(&at, "class").n > 0, slice = report_text(&at, "slice").n > 0;
    if (by ? strcmp(by, "class") ? !slice || class || !isnan(report_f64(&at, "at")) : !class || slice : !of_all(&at))
      continue;
    if (!n++) {
      sl_document_heading(d, title);
      sl_document_table(d, heads, (by ? 6 : 5) + (pair ? 4u : 0u), by ? 0x1fc : 0xfe);
    }
    sl_document_cell(d, report_text(&at, "metric"));
    if (by)
      sl_document_cell(d, report_text(&at, by));
    put_figure(d, &at, pair);
  }
  if (n)
    sl_document_table_end(d);
}

static bool any(const struct report_rows *r, const char *metric)
{
  struct report_row at = { NULL, 0 };
  size_t batch = 0;
  while (report_next(r, &at, &batch))
    if (is(&at, metric))
      return true;
  return false;
}

/* How wide the matrix is: the first label's rows. */
static size_t matrix_width(const struct report_rows *r, struct sl_str *class)
{
  struct sl_str first = SL_STR("");
  struct report_row at = { NULL, 0 };
  size_t batch = 0, n = 0;
  while (report_next(r, &at, &batch)) {
    if (!is(&at, "confusion"))
      continue;
    struct sl_str label = report_text(&at, "class");
    if (n && !sl_str_eq(label, first))
      break;
    first = label;
    if (n < CLASSES)
      class[n] = sl_str_from(report_text(&at, "slice"), sizeof "predicted " - 1);
    n++;
  }
  return n;
}

static int matrix_heads(struct sl_document *d, const struct sl_str *class, size_t n, struct sl_err *err)
{
  const char *heads[CLASSES + 1] = { "label" };
  char *copy[CLASSES] = { NULL };
  int rc = SL_OK;
  for (size_t i = 0; i < n && !rc; i++) {
    heads[i + 1] = copy[i] = sl_strndup(class[i].p, class[i].n);
    rc = copy[i] ? SL_OK : sl_err_nomem(err);
  }
  if (!rc)
    sl_document_table(d, heads, n + 1, UINT32_MAX - 1);
  for (size_t i = 0; i < n; i++)
    sl_free(copy[i]);
  return rc;
}

static int matrix(struct sl_document *d, const struct report_rows *r, const struct sl_str *class, size_t n, bool other, struct sl_err *err)
{
  struct report_row at = { NULL, 0 };
  size_t batch = 0, k = 0;
  int rc = matrix_heads(d, class, n, err);
  while (!rc && report_next(r, &at, &batch)) {
    if (!is(&at, "confusion"))
      continue;
    if (k++ % n == 0)
      sl_document_cell(d, report_text(&at, "class"));
    sl_document_number(d, report_f64(&at, other ? "against" : "value"), 15);
  }
  if (!rc)
    sl_document_table_end(d);
  return rc;
}

/* A line a label, a column a prediction; where there are too many, a line a pair. */
static int confusion(struct sl_document *d, const struct report_rows *r, bool pair, struct sl_err *err)
{
  static const char *const heads[] = { "label", "", "rows", "against" };
  struct report_row at = { NULL, 0 };
  struct sl_str class[CLASSES];
  size_t batch = 0, n = 0, classes = matrix_width(r, class);
  if (!classes)
    return SL_OK;
  sl_document_heading(d, classes <= CLASSES && pair ? "Confusion: rows by what this model predicts"
                                                   : "Confusion: rows by what is predicted");
  if (classes <= CLASSES) {
    int rc = matrix(d, r, class, classes, false, err);
    if (!rc && pair) {
      sl_document_heading(d, "Confusion: rows by what the other model predicts");
      rc = matrix(d, r, class, classes, true, err);
    }
    return rc;
  }
  sl_document_table(d, heads, pair ? 4 : 3, 12);
  for (; n < TABLE_ROWS && report_next(r, &at, &batch);) {
    if (!is(&at, "confusion"))
      continue;
    n++;
    sl_document_cell(d, report_text(&at, "class"));
    sl_document_cell(d, report_text(&at, "slice"));
    sl_document_number(d, report_f64(&at, "value"), 15);
    if (pair)
      sl_document_number(d, report_f64(&at, "against"), 15);
  }
  sl_document_table_end(d);
  return SL_OK;
}

static void put_row(struct sl_document *d, const struct report_row *at, bool pair, bool numbers)
{
  sl_document_number(d, report_f64(at, "row"), 15);
  sl_document_cell(d, report_text(at, "class"));
  if (!numbers)
    sl_document_cell(d, report_text(at, "predicted"));
  sl_document_number(d, report_f64(at, "value"), numbers ? 9 : 4);
  if (pair && !numbers)
    sl_document_cell(d, report_text(at, "against_predicted"));
  if (pair)
    sl_document_number(d, report_f64(at, "against"), numbers ? 9 : 4);
}

/* Those from `from` on, before `to`. */
static void rows(struct sl_document *d, const struct report_rows *r, bool pair, size_t from, size_t to)
{
  static const char *const heads[] = { "row", "label", "predicted", "output", "the other one", "its output" };
  static const char *const number_heads[] = { "row", "true", "predicted", "the other one" };
  bool numbers = any(r, "rmse");
  struct report_row at = { NULL, 0 };
  size_t batch = 0, n = 0;
  while (n < to && report_next(r, &at, &batch)) {
    if (!is(&at, pair ? "disagreement" : "mistake") || n++ < from)
      continue;
    if (n == from + 1) {
      sl_document_heading(d, from ? "The next ones of them" : pair ? "Where they disagree, furthest apart first"
                                                            : numbers ? "Where it is furthest off" : "Where it is wrong, surest first");
      sl_document_table(d, numbers ? number_heads : heads, numbers ? (pair ? 4u : 3u) : (pair ? 6u : 4u), numbers ? 0xf : 0x29);
    }
    put_row(d, &at, pair, numbers);
  }
  if (n > from)
    sl_document_table_end(d);
}

/* ---- charts ---- */

struct chart { struct sl_report_line line[LINES]; char name[LINES][80]; double *x, *y, span[2]; size_t n, used; };

/* The line of this class and side; NULL: no more fit. */
static struct sl_report_line *line_of(struct chart *c, struct sl_str class, bool other)
{
  char name[sizeof c->name[0]];
  size_t i = 0;
  snprintf(name, sizeof name, "%s%s%.*s", other ? "against" : "this model", class.n ? ", " : "", SL_ARG(sl_str_head(class, 40)));
  while (i < c->n && strcmp(c->name[i], name) != 0)
    i++;
  if (i == c->n && i + 1 < LINES) {
    memcpy(c->name[i], name, sizeof name);
    c->line[c->n++] = (struct sl_report_line){ c->name[i], c->x + c->used, c->y + c->used, 0 };
  }
  return i < c->n ? &c->line[i] : NULL;
}

/* Points of one line follow each other. */
static void gather(struct chart *c, const struct report_rows *r, const char *metric)
{
  struct report_row at = { NULL, 0 };
  size_t batch = 0;
  while (c->used < POINTS && report_next(r, &at, &batch)) {
    double x = report_f64(&at, "at"), own = report_f64(&at, "value"), other = report_f64(&at, "against");
    if (!is(&at, metric) || (isnan(own) && isnan(other)))
      continue;
    struct sl_report_line *l = line_of(c, report_text(&at, "class"), isnan(own));
    if (!l || l->y + l->n != c->y + c->used)
      continue;
    c->x[c->used] = x;
    c->y[c->used++] = isnan(own) ? other : own;
    l->n++;
  }
}

enum even { NO_EVEN, DIAGONAL, ONE, ZERO, SAME };
static const struct chart_of { const char *metric, *title, *along, *even_name; enum even even; } chart_of[] = {
  { "roc", "ROC: true positive rate", "false positive rate", "chance", DIAGONAL },
  { "pr", "Precision over recall", "recall", NULL, NO_EVEN },
  { "calibration", "Calibration: share that was", "mean probability", "perfect", DIAGONAL },
  { "gain", "Gain: share of the class", "share of rows, highest first", "chance", DIAGONAL },
  { "lift", "Lift: times the class's share of all", "share of rows, highest first", "chance", ONE },
  { "predicted", "Predicted beside true (a sample)", "true", "perfect", SAME },
  { "residual", "Errors, least first: prediction less truth", "share of rows", "no error", ZERO },
};

/* What chance or perfection would be, from end to end of what is drawn. */
static void put_even(struct chart *c, const struct chart_of *of)
{
  static const double zero[] = { 0, 0 }, one[] = { 1, 1 }, ends[] = { 0, 1 };
  double low = (double)NAN, high = (double)NAN;
  if (of->even == NO_EVEN)
    return;
  for (size_t i = 0; i < c->used; i++) {
    low = low <= c->x[i] ? low : c->x[i];
    high = high >= c->x[i] ? high : c->x[i];
  }
  c->span[0] = of->even == SAME ? low : 0;
  c->span[1] = of->even == SAME ? high : 1;
  const double *y = of->even == ONE ? one : of->even == ZERO ? zero : of->even == SAME ? c->span : ends;
  c->line[c->n++] = (struct sl_report_line){ of->even_name, c->span, y, 2 };
}

static int chart(struct sl_document *d, const struct report_rows *r, struct chart *c, const struct chart_of *of, struct sl_err *err)
{
  c->n = c->used = 0;
  gather(c, r, of->metric);
  if (!c->used)
    return SL_OK;
  put_even(c, of);
  return sl_document_chart(d, &(struct sl_report_chart){ of->title, of->along, c->line, c->n, false, of->even == SAME }, err);
}

static int charts(struct sl_document *d, const struct report_rows *r, struct sl_err *err)
{
  struct chart *c = sl_calloc(1, sizeof *c);
  double *xy = sl_calloc(2 * POINTS, sizeof *xy);
  int rc = c && xy ? SL_OK : sl_err_nomem(err);
  if (!rc) {
    c->x = xy;
    c->y = xy + POINTS;
    sl_document_heading(d, "Curves");
  }
  for (size_t i = 0; !rc && i < sizeof chart_of / sizeof chart_of[0]; i++)
    rc = chart(d, r, c, &chart_of[i], err);
  sl_free(xy);
  sl_free(c);
  return rc;
}

int report_score(struct sl_document *d, const struct report_rows *r, bool pair, struct sl_err *err)
{
  if (pair)
    rows(d, r, true, 0, ROWS_FIRST);
  figures(d, r, pair, "Figures", NULL);
  if (!any(r, "inertia"))
    sl_document_text(d, SL_STR("Intervals hold 95 %: of auc by DeLong, of shares by Wilson, of the rest by drawing rows again. p is of "
                             "such a difference, were both as good; from 0.05 on it is called noise."));
  if (!pair)
    rows(d, r, false, 0, ROWS_FIRST);
  figures(d, r, pair, any(r, "cluster_rows") ? "Clusters" : "Classes", "class");
  int rc = confusion(d, r, pair, err);
  figures(d, r, pair, "Groups", "slice");
  rows(d, r, pair, ROWS_FIRST, ROWS_SHOWN);
  return !rc && d->html && (any(r, "roc") || any(r, "calibration") || any(r, "residual")) ? charts(d, r, err) : rc;
}
