/* app/report_score.c: the rows of `quality` as a document. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/report.h"
#include "base/mem.h"

enum { ROWS_SHOWN = 50, LINES = 12, POINTS = 4096, TABLE_ROWS = 1000 };

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

static void confusion(struct sl_document *d, const struct report_rows *r, bool pair)
{
  static const char *const heads[] = { "label", "", "rows", "against" };
  struct report_row at = { NULL, 0 };
  size_t batch = 0, n = 0;
  while (n < TABLE_ROWS && report_next(r, &at, &batch)) {
    if (!is(&at, "confusion"))
      continue;
    if (!n++) {
      sl_document_heading(d, "Confusion");
      sl_document_table(d, heads, pair ? 4 : 3, 12);
    }
    sl_document_cell(d, report_text(&at, "class"));
    sl_document_cell(d, report_text(&at, "slice"));
    sl_document_number(d, report_f64(&at, "value"), 15);
    if (pair)
      sl_document_number(d, report_f64(&at, "against"), 15);
  }
  if (n)
    sl_document_table_end(d);
}

static void rows(struct sl_document *d, const struct report_rows *r, bool pair)
{
  static const char *const heads[] = { "row", "label", "predicted", "by how much", "the other", "by how much" };
  struct report_row at = { NULL, 0 };
  size_t batch = 0, n = 0;
  while (n < ROWS_SHOWN && report_next(r, &at, &batch)) {
    if (!is(&at, pair ? "disagreement" : "mistake"))
      continue;
    if (!n++) {
      sl_document_heading(d, pair ? "Where they disagree, furthest apart first" : "Where it is wrong, surest first");
      sl_document_table(d, heads, pair ? 6 : 4, 0x29);
    }
    sl_document_number(d, report_f64(&at, "row"), 15);
    sl_document_cell(d, report_text(&at, "class"));
    sl_document_cell(d, report_text(&at, "predicted"));
    sl_document_number(d, report_f64(&at, "value"), 4);
    if (pair) {
      sl_document_cell(d, report_text(&at, "against_predicted"));
      sl_document_number(d, report_f64(&at, "against"), 4);
    }
  }
  if (n)
    sl_document_table_end(d);
}

/* ---- charts ---- */

struct chart { struct sl_report_line line[LINES]; char name[LINES][80]; double *x, *y; size_t n, used; };

/* The line of this class and side; NULL: no more fit. */
static struct sl_report_line *line_of(struct chart *c, struct sl_str class, bool other)
{
  struct sl_buf b;
  size_t i = 0;
  sl_buf_init(&b, 4096);
  sl_buf_printf(&b, "%s%s%.*s", other ? "against" : "this model", class.n ? ", " : "", SL_ARG(sl_str_head(class, 40)));
  while (i < c->n && strcmp(c->name[i], sl_buf_zstr(&b)) != 0)
    i++;
  if (i == c->n && i + 1 < LINES) {
    snprintf(c->name[i], sizeof c->name[i], "%s", sl_buf_zstr(&b));
    c->line[c->n++] = (struct sl_report_line){ c->name[i], c->x + c->used, c->y + c->used, 0 };
  }
  sl_buf_free(&b);
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

static int chart(struct sl_document *d, const struct report_rows *r, struct chart *c, const char *metric, const char *title, bool even,
                 struct sl_err *err)
{
  static const double ends[] = { 0, 1 };
  c->n = c->used = 0;
  gather(c, r, metric);
  if (!c->used)
    return SL_OK;
  if (even)
    c->line[c->n++] = (struct sl_report_line){ strcmp(metric, "calibration") ? "chance" : "perfect", ends, ends, 2 };
  const char *along = !strcmp(metric, "roc") ? "false positive rate" : !strcmp(metric, "pr") ? "recall"
                      : !strcmp(metric, "calibration") ? "mean probability" : "share of rows, highest first";
  return sl_document_chart(d, &(struct sl_report_chart){ title, along, c->line, c->n, false }, err);
}

static int charts(struct sl_document *d, const struct report_rows *r, struct sl_err *err)
{
  static const struct { const char *metric, *title; bool even; } all[] = {
    { "roc", "ROC: true positive rate", true }, { "pr", "Precision over recall", false },
    { "calibration", "Calibration: share that was", true }, { "gain", "Gain: share of the class", true } };
  struct chart *c = sl_calloc(1, sizeof *c);
  double *xy = sl_calloc(2 * POINTS, sizeof *xy);
  int rc = c && xy ? SL_OK : sl_err_nomem(err);
  if (!rc) {
    c->x = xy;
    c->y = xy + POINTS;
    sl_document_heading(d, "Curves");
  }
  for (size_t i = 0; !rc && i < sizeof all / sizeof all[0]; i++)
    rc = chart(d, r, c, all[i].metric, all[i].title, all[i].even, err);
  sl_free(xy);
  sl_free(c);
  return rc;
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

int report_score(struct sl_document *d, const struct report_rows *r, bool pair, struct sl_err *err)
{
  figures(d, r, pair, "Figures", NULL);
  sl_document_text(d, SL_STR("Intervals hold 95 %: of auc by DeLong, of shares by Wilson, of the rest by drawing rows again. p is of "
                             "such a difference, were both as good; from 0.05 on it is called noise."));
  rows(d, r, pair);
  figures(d, r, pair, "Classes", "class");
  confusion(d, r, pair);
  figures(d, r, pair, "Groups", "slice");
  return d->html && (any(r, "roc") || any(r, "calibration")) ? charts(d, r, err) : SL_OK;
}
