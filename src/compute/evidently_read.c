/* compute/evidently_read.c: Evidently's report JSON. Each method has its direction: p-values drift below the threshold, distances above. */
#include "compute/evidently.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "compute/monitor_json.h"

static const size_t memory_max = (size_t)64 << 20;

/* Whether a score on the threshold itself is drift differs from method to method. */
static const struct sl_evidently_method methods[] = {
  { "K-S p_value", "ks", "ks", true, true },
  { "chi-square p_value", "chisquare", "chi2", true, false },
  { "Z-test p_value", "z", "z", true, false },
  { "Wasserstein distance (normed)", "wasserstein", "wasserstein", false, true },
  { "Jensen-Shannon distance", "jensenshannon", "js", false, true },
  { "Kullback-Leibler divergence", "kl_div", "kl", false, true },
  { "Hellinger distance", "hellinger", "hellinger", false, true },
  { "PSI", "psi", "psi", false, true },
  { "Anderson-Darling", "anderson", "anderson", true, false },
  { "Cramer-von Mises", "cramer_von_mises", "cvm", true, true },
  { "Energy-distance", "ed", "energy", false, false },
  { "Epps-Singleton", "es", "es", true, false },
  { "Fisher's Exact test", "fisher_exact", "fisher", true, false },
  { "g_test", "g_test", "g", true, false },
  { "Mann-Whitney U-rank test", "mannw", "mannw", true, false },
  { "t_test", "t_test", "t", true, false },
  { "Total-Variation-Distance", "TVD", "tvd", true, false },
  { "empirical_mmd", "empirical_mmd", "mmd", true, false },
};

const struct sl_evidently_method *sl_evidently_method(const char *name)
{
  for (size_t i = 0; name && i < sizeof methods / sizeof methods[0]; i++)
    if (!strcmp(name, methods[i].word) || !strcmp(name, methods[i].id))
      return &methods[i];
  return NULL;
}

int sl_evidently_drifted(const struct sl_evidently_row *r)
{
  const struct sl_evidently_method *m = sl_evidently_method(r->method);
  if (r->detected >= 0)
    return r->detected;
  if (!m || isnan(r->score) || isnan(r->threshold))
    return -1;
  if (r->score == r->threshold)
    return m->on;
  return m->by_p ? r->score < r->threshold : r->score > r->threshold;
}

/* ---- one metric ---- */

struct report { struct sl_evidently *out; struct sl_map seen; };
struct metric { struct report *w; const char *name; struct sl_evidently_row row; };

static const struct sl_evidently_row empty = { .score = (double)NAN, .threshold = (double)NAN, .detected = -1 };

static int keep(struct mj *r, struct report *w, const struct sl_evidently_row *row)
{
  struct sl_buf key;
  sl_buf_init(&key, 0);
  sl_buf_printf(&key, "%s\n%s", row->feature, row->method ? row->method : "");
  int rc = sl_buf_check(&key, r->err);
  bool again = !rc && sl_map_get(&w->seen, sl_buf_view(&key), NULL);     /* a table and a metric of its own may both have it */
  if (!rc && !again)
    rc = sl_map_put(&w->seen, sl_buf_view(&key), 1, NULL, r->err);
  if (!rc && !again)
    rc = sl_grow((void **)&w->out->at, &w->out->cap, w->out->n + 1, sizeof *row, SL_MONITOR_FEATURES_MAX * 8, r->err);
  if (!rc && !again)
    w->out->at[w->out->n++] = *row;
  sl_buf_free(&key);
  return rc;
}

static int take_bool(struct mj *r, void *to)
{
  static const char *const words[] = { "false", "true", NULL };
  return mj_word_of(r, words, &((struct sl_evidently_row *)to)->detected);
}

#define ROW_FIELD(fn, of, member) \
  static int fn(struct mj *r, void *to) { return of(r, &((struct sl_evidently_row *)to)->member); }
ROW_FIELD(take_feature, mj_text, feature)
ROW_FIELD(take_method, mj_text, method)
ROW_FIELD(take_type, mj_text, type)
ROW_FIELD(take_score, mj_number, score)
ROW_FIELD(take_threshold, mj_number, threshold)

/* A column of 0.4's DataDriftTable. */
static int one_column(struct mj *r, struct sl_str key, void *to)
{
  static const struct mj_field f[] = { { "column_name", take_feature }, { "column_type", take_type }, { "stattest_name", take_method },
                                       { "stattest_threshold", take_threshold }, { "drift_score", take_score },
                                       { "drift_detected", take_bool }, { NULL, NULL } };
  struct sl_evidently_row row = empty;
  (void)key;
  int rc = mj_fields(r, f, &row);
  if (!rc && !row.feature)
    rc = mj_bad(r, "a column without column_name");
  return rc ? rc : keep(r, to, &row);
}

static int take_columns(struct mj *r, void *to) { return mj_each(r, one_column, ((struct metric *)to)->w); }

#define METRIC_FIELD(fn, of) \
  static int fn(struct mj *r, void *to) { return of(r, &((struct metric *)to)->row); }
METRIC_FIELD(in_feature, take_feature)
METRIC_FIELD(in_method, take_method)
METRIC_FIELD(in_type, take_type)
METRIC_FIELD(in_threshold, take_threshold)
METRIC_FIELD(in_score, take_score)
METRIC_FIELD(in_detected, take_bool)

static bool is_drift(const char *name)
{
  return name && (!strcmp(name, "DataDriftTable") || !strcmp(name, "ColumnDriftMetric"));
}

/* Other metrics' results may hold anything under the same names. */
static int take_result(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "drift_by_columns", take_columns }, { "column_name", in_feature }, { "column_type", in_type },
                                       { "stattest_name", in_method }, { "stattest_threshold", in_threshold }, { "drift_score", in_score },
                                       { "drift_detected", in_detected }, { NULL, NULL } };
  return is_drift(((struct metric *)to)->name) ? mj_fields(r, f, to) : mj_skip(r, NULL);
}

static int take_name(struct mj *r, void *to) { return mj_text(r, &((struct metric *)to)->name); }
static bool is_value_drift(const char *name) { return name && !strncmp(name, "ValueDrift(", 11); }

/* The name stands before them. */
static int take_config(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "column", take_feature }, { "method", take_method }, { "threshold", take_threshold },
                                       { NULL, NULL } };
  struct metric *m = to;
  return is_value_drift(m->name) ? mj_fields(r, f, &m->row) : mj_skip(r, NULL);
}

static int take_value(struct mj *r, void *to)
{
  struct metric *m = to;
  return is_value_drift(m->name) ? mj_number(r, &m->row.score) : mj_skip(r, NULL);
}

/* "ValueDrift(column=x,method=PSI,threshold=0.1)" where a report has no config. */
static int from_name(struct mj *r, struct metric *m)
{
  struct sl_str s = sl_str_from(sl_str(m->name), 11), part;
  s = sl_str_ends(s, SL_STR(")")) ? sl_str_head(s, s.n - 1) : s;
  ptrdiff_t limit = sl_str_find(s, SL_STR(",threshold=")), method = sl_str_find(s, SL_STR(",method="));
  if (limit >= 0 && sl_str_f64(sl_str_from(s, (size_t)limit + 11), &m->row.threshold))
    s = sl_str_head(s, (size_t)limit);
  if (method >= 0 && (size_t)method < s.n) {
    part = sl_str_from(s, (size_t)method + 8);
    m->row.method = sl_arena_strndup(r->mem, part.p, part.n);
    s = sl_str_head(s, (size_t)method);
  }
  part = sl_str_starts(s, SL_STR("column=")) ? sl_str_from(s, 7) : s;
  m->row.feature = sl_arena_strndup(r->mem, part.p, part.n);
  return m->row.feature && (method < 0 || m->row.method || (size_t)method >= s.n) ? SL_OK : sl_err_nomem(r->err);
}

static int one_metric(struct mj *r, enum sl_json_tok t, void *to)
{
  static const struct mj_field f[] = { { "metric", take_name }, { "metric_name", take_name }, { "metric_id", take_name },
                                       { "result", take_result }, { "config", take_config }, { "value", take_value }, { NULL, NULL } };
  struct metric m = { .w = to, .row = empty };
  int rc = mj_fields_from(r, t, f, &m);
  if (!rc && is_value_drift(m.name) && !m.row.feature)
    rc = from_name(r, &m);
  return rc || !m.row.feature ? rc : keep(r, m.w, &m.row);
}

static int take_metrics(struct mj *r, void *to) { return mj_items(r, one_metric, to); }

/* ---- test suites of 0.4 to 0.6 ---- */

static int take_parameters(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "column_name", take_feature }, { "stattest", take_method }, { "threshold", take_threshold },
                                       { "score", take_score }, { "detected", take_bool }, { NULL, NULL } };
  struct metric *m = to;
  return m->name && !strcmp(m->name, "Drift per Column") ? mj_fields(r, f, &m->row) : mj_skip(r, NULL);
}

static int one_test(struct mj *r, enum sl_json_tok t, void *to)
{
  static const struct mj_field f[] = { { "name", take_name }, { "parameters", take_parameters }, { NULL, NULL } };
  struct metric m = { .w = to, .row = empty };
  int rc = mj_fields_from(r, t, f, &m);
  m.row.suite = true;
  return rc || !m.row.feature ? rc : keep(r, m.w, &m.row);
}

static int take_tests(struct mj *r, void *to) { return mj_items(r, one_test, to); }

int sl_evidently_read(struct sl_evidently *out, const char *file, struct sl_str text, struct sl_err *err)
{
  static const struct mj_field f[] = { { "metrics", take_metrics }, { "tests", take_tests }, { NULL, NULL } };
  struct sl_err mine = { 0 };
  struct report w = { .out = out };
  *out = (struct sl_evidently){ .n = 0 };
  sl_arena_init(&out->mem, memory_max);
  sl_map_init(&w.seen);
  struct mj r = { .mem = &out->mem };
  int rc = mj_document(&r, file, text, f, &w, err ? err : &mine);
  sl_map_free(&w.seen);
  if (!rc && !out->n)
    rc = sl_err_set(err, SL_EPARSE, "%s: no report that is known here: neither Evidently's drift nor Model Monitor's violations", file);
  return rc;
}

void sl_evidently_free(struct sl_evidently *e)
{
  sl_free(e->at);
  sl_arena_free(&e->mem);
  *e = (struct sl_evidently){ 0 };
}
