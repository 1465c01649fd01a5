/* app/report_drift.c: the rows of `drift` as a document. */
#include <math.h>
#include <stdio.h>

#include "app/report.h"

enum { CHARTS = 12, BINS = 64, TABLE_ROWS = 5000 };

static bool drifted(const struct report_row *at) { return report_f64(at, "drifted") > 0; }

static void table(struct sl_document *d, const struct report_rows *r)
{
  static const char *const heads[] = { "feature", "kind", "test", "definition", "statistic", "p", "threshold", "drifted", "by chance",
                                       "values before", "values now", "missing before", "missing now", "note" };
  struct report_row at = { NULL, 0 };
  size_t batch = 0, n = 0;
  sl_document_heading(d, "Features and tests");
  sl_document_table(d, heads, sizeof heads / sizeof heads[0], 0x1f70);
  while (n++ < TABLE_ROWS && report_next(r, &at, &batch)) {
    sl_document_cell(d, report_text(&at, "feature"));
    sl_document_cell(d, report_text(&at, "kind"));
    sl_document_cell(d, report_text(&at, "test"));
    sl_document_cell(d, report_text(&at, "definition"));
    sl_document_number(d, report_f64(&at, "statistic"), 6);
    sl_document_number(d, report_f64(&at, "p_value"), 3);
    sl_document_number(d, report_f64(&at, "threshold"), 3);
    sl_document_cell(d, isnan(report_f64(&at, "drifted")) ? SL_STR("") : drifted(&at) ? SL_STR("yes") : SL_STR("no"));
    sl_document_number(d, report_f64(&at, "chance"), 3);
    sl_document_number(d, report_f64(&at, "n_baseline"), 15);
    sl_document_number(d, report_f64(&at, "n_current"), 15);
    sl_document_number(d, report_f64(&at, "missing_baseline"), 15);
    sl_document_number(d, report_f64(&at, "missing_current"), 15);
    sl_document_cell(d, report_text(&at, "note"));
  }
  sl_document_table_end(d);
}

/* Shares in each step, so that samples of different size can be compared. */
static size_t shares(struct sl_str list, double *out)
{
  struct sl_str one;
  size_t n = 0;
  double sum = 0, v;
  while (n < BINS && sl_list_next(&list, &one))
    if (sl_str_f64(one, &v))
      sum += out[n++] = v;
  for (size_t i = 0; i < n; i++)
    out[i] = sum > 0 ? out[i] / sum : 0;
  return n;
}

static int chart(struct sl_document *d, const struct report_row *at, struct sl_err *err)
{
  double x[BINS], before[BINS], now[BINS], low = report_f64(at, "low"), high = report_f64(at, "high");
  size_t n = shares(report_text(at, "histogram_baseline"), before), m = shares(report_text(at, "histogram_current"), now);
  bool steps = low < high;
  char title[160];
  for (size_t i = 0; i < BINS; i++)
    x[i] = steps && n ? low + (high - low) * ((double)i + 0.5) / (double)n : (double)i + 1;
  struct sl_report_line line[] = { { "current", x, now, m }, { "baseline", x, before, n } };
  snprintf(title, sizeof title, "%.*s: share of the values", SL_ARG(sl_str_head(report_text(at, "feature"), 100)));
  return sl_document_chart(d, &(struct sl_report_chart){ title, steps ? "value" : "category", line, 2, false, false }, err);
}

/* Of features that drifted first, then of others, as many as fit. */
static int charts(struct sl_document *d, const struct report_rows *r, struct sl_err *err)
{
  size_t n = 0;
  int rc = SL_OK;
  for (int want = 1; !rc && want >= 0; want--) {
    struct report_row at = { NULL, 0 };
    size_t batch = 0;
    while (!rc && n < CHARTS && report_next(r, &at, &batch)) {
      if (report_text(&at, "histogram_baseline").n == 0 || report_f64(&at, "chosen") < 1 || drifted(&at) != (want == 1))
        continue;
      if (!n++)
        sl_document_heading(d, "Distributions");
      rc = chart(d, &at, err);
    }
  }
  return rc;
}

int report_drift(struct sl_document *d, const struct report_rows *r, struct sl_err *err)
{
  table(d, r);
  return d->html ? charts(d, r, err) : SL_OK;
}
