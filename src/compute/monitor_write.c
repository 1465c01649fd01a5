/* compute/monitor_write.c: Model Monitor's three files, with its names in its order. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "compute/monitor.h"

static void key(struct sl_jw *j, const char *z) { sl_jw_key(j, sl_str(z)); }

static void text(struct sl_jw *j, const char *name, const char *z)
{
  key(j, name);
  sl_jw_str(j, sl_str(z));
}

/* As Java writes doubles: never without a point. */
static void put_f64(struct sl_buf *b, double v)
{
  size_t from = b->n;
  struct sl_jw j = { .b = b };
  sl_jw_f64(&j, v);
  if (isfinite(v) && !b->failed && !memchr(b->p + from, '.', b->n - from) && !memchr(b->p + from, 'e', b->n - from))
    sl_buf_z(b, ".0");
}

static void item(struct sl_jw *j, double v)
{
  struct sl_buf t;
  sl_buf_init(&t, 0);
  put_f64(&t, v);
  if (t.failed)
    j->b->failed = t.failed;
  else
    sl_jw_raw(j, sl_buf_view(&t));
  sl_buf_free(&t);
}

static void number(struct sl_jw *j, const char *name, double v)
{
  key(j, name);
  item(j, v);
}

static void count(struct sl_jw *j, const char *name, double v)
{
  key(j, name);
  sl_jw_i64(j, v > 0 && v < 9e15 ? (int64_t)v : 0);
}

/* ---- statistics ---- */

static void put_common(struct sl_jw *j, const struct sl_monitor_feature *f)
{
  key(j, "common");
  sl_jw_obj(j);
  count(j, "num_present", f->present);
  count(j, "num_missing", f->missing);
  sl_jw_end_obj(j);
}

static void put_sketch(struct sl_jw *j, const struct sl_kll *s)
{
  key(j, "sketch");
  sl_jw_obj(j);
  key(j, "parameters");
  sl_jw_obj(j);
  number(j, "c", s->c);
  number(j, "k", s->k);
  sl_jw_end_obj(j);
  key(j, "data");
  j->pretty = false; /* thousands of numbers: not a line each */
  sl_jw_arr(j);
  for (size_t i = 0; i < s->nlevels; i++) {
    sl_jw_arr(j);
    for (size_t k = 0; k < s->level[i].n; k++)
      item(j, s->level[i].v[k]);
    sl_jw_end_arr(j);
  }
  sl_jw_end_arr(j);
  j->pretty = true;
  sl_jw_end_obj(j);
}

static void put_kll(struct sl_jw *j, const struct sl_monitor_feature *f)
{
  key(j, "distribution");
  sl_jw_obj(j);
  key(j, "kll");
  sl_jw_obj(j);
  key(j, "buckets");
  sl_jw_arr(j);
  for (size_t i = 0; i < f->nbuckets; i++) {
    sl_jw_obj(j);
    number(j, "lower_bound", f->bucket[i].lo);
    number(j, "upper_bound", f->bucket[i].hi);
    number(j, "count", f->bucket[i].count);
    sl_jw_end_obj(j);
  }
  sl_jw_end_arr(j);
  if (f->has_sketch)
    put_sketch(j, &f->sketch);
  sl_jw_end_obj(j);
  sl_jw_end_obj(j);
}

static void put_numbers(struct sl_jw *j, const struct sl_monitor_feature *f)
{
  key(j, "numerical_statistics");
  sl_jw_obj(j);
  put_common(j, f);
  if (!isnan(f->mean)) {
    number(j, "mean", f->mean);
    number(j, "sum", f->sum);
    number(j, "std_dev", f->std);
    number(j, "min", f->min);
    number(j, "max", f->max);
  }
  if (f->nbuckets || f->has_sketch)
    put_kll(j, f);
  sl_jw_end_obj(j);
}

static void put_texts(struct sl_jw *j, const struct sl_monitor_feature *f)
{
  key(j, "string_statistics");
  sl_jw_obj(j);
  put_common(j, f);
  if (!isnan(f->distinct))
    number(j, "distinct_count", f->distinct);
  if (f->has_values) {
    key(j, "distribution");
    sl_jw_obj(j);
    key(j, "categorical");
    sl_jw_obj(j);
    key(j, "buckets");
    sl_jw_arr(j);
    for (size_t i = 0; i < f->nvalues; i++) {
      sl_jw_obj(j);
      text(j, "value", f->value[i].text);
      count(j, "count", f->value[i].count);
      sl_jw_end_obj(j);
    }
    sl_jw_end_arr(j);
    sl_jw_end_obj(j);
    sl_jw_end_obj(j);
  }
  sl_jw_end_obj(j);
}

void sl_monitor_write_stats(struct sl_buf *b, const struct sl_monitor_stats *s)
{
  struct sl_jw j = sl_jw(b, true);
  sl_jw_obj(&j);
  number(&j, "version", 0);
  key(&j, "dataset");
  sl_jw_obj(&j);
  count(&j, "item_count", s->items);
  sl_jw_end_obj(&j);
  key(&j, "features");
  sl_jw_arr(&j);
  for (size_t i = 0; i < s->n; i++) {
    sl_jw_obj(&j);
    text(&j, "name", s->at[i].name);
    text(&j, "inferred_type", sl_monitor_type_name(s->at[i].type));
    if (s->at[i].numbers)
      put_numbers(&j, &s->at[i]);
    if (s->at[i].texts)
      put_texts(&j, &s->at[i]);
    sl_jw_end_obj(&j);
  }
  sl_jw_end_arr(&j);
  sl_jw_end_obj(&j);
  sl_buf_ch(b, '\n');
}

/* ---- constraints ---- */

static void put_constraint(struct sl_jw *j, const struct sl_monitor_constraint *c)
{
  sl_jw_obj(j);
  text(j, "name", c->name);
  text(j, "inferred_type", sl_monitor_type_name(c->type));
  if (!isnan(c->completeness))
    number(j, "completeness", c->completeness);
  if (c->non_negative != SL_MONITOR_UNSAID) {
    key(j, "num_constraints");
    sl_jw_obj(j);
    key(j, "is_non_negative");
    sl_jw_bool(j, c->non_negative == SL_MONITOR_YES);
    sl_jw_end_obj(j);
  }
  if (c->has_domain) {
    key(j, "string_constraints");
    sl_jw_obj(j);
    key(j, "domains");
    sl_jw_arr(j);
    for (size_t i = 0; i < c->ndomain; i++)
      sl_jw_str(j, sl_str(c->domain[i]));
    sl_jw_end_arr(j);
    sl_jw_end_obj(j);
  }
  sl_jw_end_obj(j);
}

static void put_config(struct sl_jw *j, const struct sl_monitor_config *c)
{
  sl_jw_obj(j);
  text(j, "evaluate_constraints", c->evaluate == SL_MONITOR_YES ? "Enabled" : "Disabled");
  text(j, "emit_metrics", "Enabled");
  number(j, "datatype_check_threshold", c->datatype);
  number(j, "domain_content_threshold", c->domain);
  key(j, "distribution_constraints");
  sl_jw_obj(j);
  text(j, "perform_comparison", c->compare == SL_MONITOR_YES ? "Enabled" : "Disabled");
  number(j, "comparison_threshold", c->numeric);
  text(j, "comparison_method", c->simple == SL_MONITOR_YES ? "Simple" : "Robust");
  number(j, "categorical_comparison_threshold", c->categorical);
  text(j, "categorical_drift_method", c->chi2 == SL_MONITOR_YES ? "ChiSquared" : "LInfinity");
  sl_jw_end_obj(j);
  sl_jw_end_obj(j);
}

void sl_monitor_write_constraints(struct sl_buf *b, const struct sl_monitor_constraints *c)
{
  static const struct sl_monitor_constraint none = { .own = { (double)NAN, (double)NAN, (double)NAN, (double)NAN, SL_MONITOR_UNSAID,
                                                              SL_MONITOR_UNSAID, SL_MONITOR_UNSAID, SL_MONITOR_UNSAID } };
  struct sl_monitor_config config = sl_monitor_config_of(c, &none);
  struct sl_jw j = sl_jw(b, true);
  sl_jw_obj(&j);
  number(&j, "version", 0);
  key(&j, "features");
  sl_jw_arr(&j);
  for (size_t i = 0; i < c->n; i++)
    put_constraint(&j, &c->at[i]);
  sl_jw_end_arr(&j);
  key(&j, "monitoring_config");
  put_config(&j, &config);
  sl_jw_end_obj(&j);
  sl_buf_ch(b, '\n');
}

/* ---- violations ---- */

/* In the words of the container's reports, as far as published ones show them. */
static void put_words(struct sl_buf *b, const struct sl_monitor_row *r)
{
  if (!strcmp(r->test, "data_type_check")) {
    sl_buf_printf(b, "Data type match requirement is not met. Expected data type: %s, Expected match: ", sl_monitor_type_name(r->expected));
    put_f64(b, r->threshold * 100);
    sl_buf_z(b, "%. Observed: Only ");
    put_f64(b, r->statistic * 100);
    sl_buf_printf(b, "%% of data is %s.", sl_monitor_type_name(r->expected));
  } else if (!strcmp(r->test, "completeness_check") || !strcmp(r->test, "categorical_values_check")) {
    sl_buf_z(b, "Value: ");
    put_f64(b, r->statistic);
    sl_buf_z(b, " does not meet the constraint requirement! ");
  } else {
    sl_buf_z(b, "Baseline drift distance: ");
    put_f64(b, r->statistic);
    sl_buf_z(b, " exceeds threshold: ");
    put_f64(b, r->threshold);
  }
}

static void put_violation(struct sl_jw *j, const char *feature, const char *check, struct sl_str words)
{
  sl_jw_obj(j);
  text(j, "feature_name", feature);
  text(j, "constraint_check_type", check);
  key(j, "description");
  sl_jw_str(j, words);
  sl_jw_end_obj(j);
}

static void put_columns(struct sl_jw *j, struct sl_buf *words, bool missing, size_t now, size_t constrained)
{
  sl_buf_clear(words);
  sl_buf_printf(words, "There are %s columns in current dataset. Number of columns in current dataset: %zu, Number of columns in baseline "
                       "constraints: %zu", missing ? "missing" : "extra", now, constrained);
  put_violation(j, missing ? "Missing columns" : "Extra columns", missing ? "missing_column_check" : "extra_column_check",
                sl_buf_view(words));
}

void sl_monitor_write_violations(struct sl_buf *b, const struct sl_monitor_check *k, size_t now, size_t constrained)
{
  bool gone = false, extra = false;
  struct sl_jw j = sl_jw(b, true);
  struct sl_buf words;
  sl_buf_init(&words, 0);
  sl_jw_obj(&j);
  key(&j, "violations");
  sl_jw_arr(&j);
  for (size_t i = 0; i < k->n; i++) {
    const struct sl_monitor_row *r = &k->at[i];
    bool column = !strcmp(r->test, "missing_column_check") || !strcmp(r->test, "extra_column_check");
    gone |= column && !r->now;
    extra |= column && r->now;
    if (r->violated != 1 || column)
      continue;
    bool check = strlen(r->test) > 6 && !strcmp(r->test + strlen(r->test) - 6, "_check");
    sl_buf_clear(&words);
    put_words(&words, r);
    put_violation(&j, r->feature, check ? r->test : "baseline_drift_check", sl_buf_view(&words));
  }
  if (gone)
    put_columns(&j, &words, true, now, constrained);
  if (extra)
    put_columns(&j, &words, false, now, constrained);
  sl_jw_end_arr(&j);
  sl_jw_end_obj(&j);
  sl_buf_ch(b, '\n');
  if (sl_buf_check(&words, NULL))
    b->failed = words.failed;
  sl_buf_free(&words);
}
