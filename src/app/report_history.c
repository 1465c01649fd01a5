/* app/report_history.c: the rows of `drift_history` as a document: the newest partition, what became of each feature that drifted, all
 * rows. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/report.h"

enum { CHARTS = 12, POINTS = 400, TABLE_ROWS = 5000, NAME = 100 };
static const char *const heads[] = { "partition", "feature", "test", "definition", "statistic", "p", "threshold", "drifted", "recently",
                                     "since", "rows", "missing", "note" };

static void row_cells(struct sl_document *d, const struct report_row *at)
{
  char recent[48] = "";
  double n = report_f64(at, "recent"), of = report_f64(at, "of"), bad = report_f64(at, "drifted");
  if (!isnan(n) && !isnan(of))
    snprintf(recent, sizeof recent, "%.0f of %.0f%s", n, of, report_f64(at, "alarm") > 0 ? ", alarm" : "");
  sl_document_cell(d, report_text(at, "partition"));
  sl_document_cell(d, report_text(at, "feature"));
  sl_document_cell(d, report_text(at, "test"));
  sl_document_cell(d, report_text(at, "definition"));
  sl_document_number(d, report_f64(at, "statistic"), 6);
  sl_document_number(d, report_f64(at, "p_value"), 3);
  sl_document_number(d, report_f64(at, "threshold"), 3);
  sl_document_cell(d, isnan(bad) ? SL_STR("") : bad > 0 ? SL_STR("yes") : SL_STR("no"));
  sl_document_cell(d, sl_str(recent));
  sl_document_cell(d, report_text(at, "since"));
  sl_document_number(d, report_f64(at, "rows"), 15);
  sl_document_number(d, report_f64(at, "missing_current"), 15);
  sl_document_cell(d, report_text(at, "note"));
}

static void table(struct sl_document *d, const struct report_rows *r, bool newest)
{
  struct report_row at = { NULL, 0 };
  size_t batch = 0, n = 0;
  sl_document_heading(d, newest ? "The newest partition" : "All partitions");
  sl_document_table(d, heads, sizeof heads / sizeof heads[0], 0xc70);
  while (n < TABLE_ROWS && report_next(r, &at, &batch))
    if (!newest || report_f64(&at, "back") < 1) {
      row_cells(d, &at);
      n++;
    }
  sl_document_table_end(d);
}

/* One feature and test over the partitions, beside the limit. Of tests judged by their p-value that is what is drawn. */
static int chart(struct sl_document *d, const struct report_rows *r, struct sl_str feature, struct sl_str test, struct sl_err *err)
{
  double x[POINTS], y[POINTS], limit[POINTS];
  struct report_row at = { NULL, 0 };
  size_t batch = 0, n = 0;
  bool by_p = false;
  char title[NAME + 80];
  while (n < POINTS && report_next(r, &at, &batch)) {
    if (!sl_str_eq(report_text(&at, "feature"), feature) || !sl_str_eq(report_text(&at, "test"), test))
      continue;
    double p = report_f64(&at, "p_value");
    by_p = by_p || !isnan(p);
    x[n] = -report_f64(&at, "back");
    y[n] = by_p ? p : report_f64(&at, "statistic");
    limit[n++] = report_f64(&at, "threshold");
  }
  struct sl_report_line line[] = { { by_p ? "p" : "statistic", x, y, n }, { "limit", x, limit, n } };
  snprintf(title, sizeof title, "%.*s: %.*s%s", SL_ARG(sl_str_head(feature, NAME)), SL_ARG(sl_str_head(test, 40)), by_p ? ", its p" : "");
  return sl_document_chart(d, &(struct sl_report_chart){ title, "partitions, 0 the newest", line, 2, false, false }, err);
}

static int charts(struct sl_document *d, const struct report_rows *r, struct sl_err *err)
{
  struct report_row at = { NULL, 0 };
  struct sl_str last = SL_STR("");
  size_t batch = 0, n = 0;
  int rc = SL_OK;
  while (!rc && n < CHARTS && report_next(r, &at, &batch)) {
    struct sl_str feature = report_text(&at, "feature");
    if (report_f64(&at, "back") >= 1 || !(report_f64(&at, "recent") > 0) || !(report_f64(&at, "chosen") > 0) || sl_str_eq(feature, last))
      continue;
    if (!n++)
      sl_document_heading(d, "Features that drifted lately");
    last = feature;
    rc = chart(d, r, feature, report_text(&at, "test"), err);
  }
  return rc;
}

int report_drift_history(struct sl_document *d, const struct report_rows *r, struct sl_err *err)
{
  table(d, r, true);
  int rc = d->html ? charts(d, r, err) : SL_OK;
  if (!rc)
    table(d, r, false);
  return rc;
}
