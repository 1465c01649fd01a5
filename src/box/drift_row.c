/* box/drift_row.c: rows of a comparison: a row a feature and test, the feature's picture with its first row. */
#include "box/drift_row.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"

enum { BINS = 24 };
enum { COL_FEATURE, COL_KIND, COL_TEST, COL_DEFINITION, COL_STATISTIC, COL_P, COL_THRESHOLD, COL_DRIFTED, COL_N, COL_MISSING = COL_N + 2,
       COL_INFINITE = COL_MISSING + 2, COL_CHOSEN = COL_INFINITE + 2, COL_CHANCE, COL_NOTE, COL_MEDIAN, COL_LOW = COL_MEDIAN + 2, COL_HIGH,
       COL_HISTOGRAM };

/* As the resource `drift` and its backend's own columns have them; only order and types count here. */
static const struct sl_col cols[] = {
  { .name = "feature", .type = SL_TEXT }, { .name = "kind", .type = SL_TEXT }, { .name = "test", .type = SL_TEXT },
  { .name = "definition", .type = SL_TEXT }, { .name = "statistic", .type = SL_F64 }, { .name = "p_value", .type = SL_F64 },
  { .name = "threshold", .type = SL_F64 }, { .name = "drifted", .type = SL_BOOL }, { .name = "n_baseline", .type = SL_I64 },
  { .name = "n_current", .type = SL_I64 }, { .name = "missing_baseline", .type = SL_I64 }, { .name = "missing_current", .type = SL_I64 },
  { .name = "infinite_baseline", .type = SL_I64 }, { .name = "infinite_current", .type = SL_I64 }, { .name = "chosen", .type = SL_BOOL },
  { .name = "chance", .type = SL_F64 }, { .name = "note", .type = SL_TEXT }, { .name = "median_baseline", .type = SL_F64 },
  { .name = "median_current", .type = SL_F64 }, { .name = "low", .type = SL_F64 }, { .name = "high", .type = SL_F64 },
  { .name = "histogram_baseline", .type = SL_LIST }, { .name = "histogram_current", .type = SL_LIST },
};

static int add_test(struct drift_rows *o, struct sl_str name, struct sl_err *err)
{
  const char *tool = o->monitor ? "monitor" : o->named ? "evidently" : NULL;
  enum sl_drift_test t;
  if (!name.n || sl_str_eqz(name, "auto")) {
    o->automatic = o->automatic || name.n;
    return SL_OK;
  }
  if (!sl_drift_test_find(name, tool, &t))
    return sl_err_set(err, SL_EUSAGE, "there is no test %.*s", SL_ARG(name));
  for (size_t i = 0; i < o->ntests; i++)
    if (o->test[i] == t)
      return SL_OK;
  if (o->ntests == DRIFT_TESTS_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d tests", DRIFT_TESTS_MAX);
  o->test[o->ntests++] = t;
  return SL_OK;
}

int drift_rows_open(struct drift_rows *o, struct sl_box_ctx *c, struct sl_str tests, struct sl_str profile, struct sl_err *err)
{
  struct sl_str rest = tests, name;
  *o = (struct drift_rows){ .c = c, .monitor = sl_str_eqz(profile, "monitor"), .named = profile.n > 0 };
  o->integers_may_be_categories = !o->monitor; /* Model Monitor goes by the column's type alone */
  int rc = SL_OK;
  while (!rc && sl_str_cut(&rest, ',', &name))
    rc = add_test(o, sl_str_trim(name), err);
  o->automatic = o->automatic || !o->ntests;
  if (!rc)
    rc = sl_schema_new(&o->schema, cols, sizeof cols / sizeof cols[0], NULL, 0, err);
  return rc ? rc : box_head(c, o->schema, -1, err);
}

void drift_rows_free(struct drift_rows *o)
{
  sl_batch_unref(o->batch);
  sl_schema_unref(o->schema);
}

/* ---- rows ---- */

static int flush(struct drift_rows *o, struct sl_err *err)
{
  int rc = o->batch ? box_rows(o->c, o->batch, err) : SL_OK;
  sl_batch_unref(o->batch);
  o->batch = NULL;
  return rc;
}

int drift_rows_end(struct drift_rows *o, struct sl_err *err) { return flush(o, err); }

static void set_f64(struct sl_batch *b, unsigned col, double v)
{
  if (!isnan(v))
    sl_batch_set(b, col, sl_vf(v));
}

static int begin(struct drift_rows *o, const struct drift_feature *f, const char *test, const char *tool, struct sl_err *err)
{
  char id[24];
  int rc = o->batch && sl_batch_full(o->batch) ? flush(o, err) : SL_OK;
  if (!rc && !o->batch)
    rc = sl_batch_new(&o->batch, o->schema, err);
  if (rc)
    return rc;
  int n = snprintf(id, sizeof id, "%u", ++o->row);
  sl_batch_row(o->batch, SL_PUT, sl_strn(id, (size_t)n));
  sl_batch_set(o->batch, COL_FEATURE, sl_vz(f->name));
  sl_batch_set(o->batch, COL_KIND, sl_vz(sl_drift_kind_name(f->pair.kind)));
  sl_batch_set(o->batch, COL_TEST, sl_vz(test));
  sl_batch_set(o->batch, COL_DEFINITION, sl_vz(tool));
  for (unsigned s = 0; s < 2; s++) {
    sl_batch_set(o->batch, COL_N + s, sl_vi((int64_t)f->pair.n[s]));
    sl_batch_set(o->batch, COL_MISSING + s, sl_vi(f->missing[s]));
    sl_batch_set(o->batch, COL_INFINITE + s, sl_vi(f->infinite[s]));
  }
  bool empty = !f->pair.n[0] || !f->pair.n[1];
  if (f->note[0] || empty)
    sl_batch_set(o->batch, COL_NOTE, sl_vz(f->note[0]      ? f->note
                                            : f->pair.n[0] ? "no value in the current data"
                                                           : "no value in the baseline"));
  return SL_OK;
}

int drift_rows_counts(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err)
{
  return begin(o, f, "none", NULL, err);
}

int drift_rows_schema(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err)
{
  int rc = begin(o, f, "schema", NULL, err);
  if (rc)
    return rc;
  sl_batch_set(o->batch, COL_DRIFTED, sl_vb(true));
  sl_batch_set(o->batch, COL_CHOSEN, sl_vb(true));
  return SL_OK;
}

/* ---- pictures: the same bins for both ---- */

static void put_counts(struct sl_batch *b, unsigned col, const double *count, size_t k)
{
  struct sl_buf list;
  char text[32];
  sl_buf_init(&list, 0);
  for (size_t i = 0; i < k; i++) {
    int n = snprintf(text, sizeof text, "%.0f", count[i]);
    sl_list_add(&list, sl_strn(text, (size_t)n));
  }
  if (!sl_buf_check(&list, NULL))
    sl_batch_set(b, col, sl_vas(SL_LIST, sl_buf_view(&list)));
  sl_buf_free(&list);
}

static void picture_numbers(struct sl_batch *b, const struct sl_drift_pair *p)
{
  double lo = (double)INFINITY, hi = -(double)INFINITY, edges[BINS + 1], count[BINS];
  for (size_t s = 0; s < 2; s++)
    if (p->n[s]) {
      lo = fmin(lo, p->x[s][0]);
      hi = fmax(hi, p->x[s][p->n[s] - 1]);
      set_f64(b, COL_MEDIAN + (unsigned)s, sl_stat_quantile(p->x[s], p->n[s], 0.5));
    }
  if (!(hi > lo) || !isfinite(hi - lo))
    return;
  set_f64(b, COL_LOW, lo);
  set_f64(b, COL_HIGH, hi);
  sl_stat_linspace(lo, hi, BINS, SL_STAT_F64, edges);
  for (unsigned s = 0; s < 2; s++) {
    sl_stat_count(p->x[s], p->n[s], edges, BINS, count);
    put_counts(b, COL_HISTOGRAM + s, count, BINS);
  }
}

static void picture(struct sl_batch *b, const struct drift_feature *f)
{
  const struct sl_drift_pair *p = &f->pair;
  if (f->has_numbers)
    picture_numbers(b, &f->numbers);
  else if (p->ncells && p->ncells <= BINS)
    for (unsigned s = 0; s < 2; s++)
      put_counts(b, COL_HISTOGRAM + s, p->cell[s], p->ncells);
}

/* ---- tests ---- */

static int test_row(struct drift_rows *o, const struct drift_feature *f, enum sl_drift_test t, bool chosen, bool first, struct sl_err *err)
{
  struct sl_drift_result r;
  int rc = sl_drift_run(&f->pair, t, &r, err);
  if (!rc)
    rc = begin(o, f, sl_drift_test_name(t), sl_drift_test_tool(t), err);
  if (rc)
    return rc;
  set_f64(o->batch, COL_STATISTIC, r.statistic);
  set_f64(o->batch, COL_P, r.p);
  set_f64(o->batch, COL_THRESHOLD, r.threshold);
  set_f64(o->batch, COL_CHANCE, r.chance);
  if (r.judged)
    sl_batch_set(o->batch, COL_DRIFTED, sl_vb(r.drifted));
  sl_batch_set(o->batch, COL_CHOSEN, sl_vb(chosen));
  if (first)
    picture(o->batch, f);
  return SL_OK;
}

static bool choose(const struct drift_rows *o, const struct drift_feature *f, enum sl_drift_test *t)
{
  *t = SL_DRIFT_LINF_ROBUST;
  if (o->monitor)
    return sl_drift_test_fits(*t, &f->pair);
  if (!sl_drift_auto(&f->pair, t))
    return false;
  if (*t == SL_DRIFT_KS_EVIDENTLY && !o->named)
    *t = SL_DRIFT_KS;
  return true;
}

static bool same_test(enum sl_drift_test a, enum sl_drift_test b)
{
  return a == b || (!strcmp(sl_drift_test_name(a), "ks") && !strcmp(sl_drift_test_name(b), "ks")); /* Evidently's is scipy's */
}

int drift_rows_feature(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err)
{
  enum sl_drift_test own = SL_DRIFT_TESTS;
  bool chosen = o->automatic && choose(o, f, &own), any = chosen;
  int rc = chosen ? test_row(o, f, own, true, true, err) : SL_OK;
  for (size_t i = 0; !rc && i < o->ntests; i++)
    if (sl_drift_test_fits(o->test[i], &f->pair) && !(chosen && same_test(o->test[i], own))) {
      rc = test_row(o, f, o->test[i], !o->automatic, !any, err);
      any = true;
    }
  if (rc || any || !o->automatic)
    return rc;
  rc = drift_rows_counts(o, f, err); /* text, times: counts are still worth a row */
  if (!rc)
    picture(o->batch, f);
  return rc;
}
