/* backends/compute/drift.c: the resource `drift`: two data sets, each an address or a query, handed to the box, whose rows become ours.
 *
 * A baseline that is Model Monitor's statistics.json goes with the constraints.json beside it; one address alone is a report that another
 * tool has written. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend_compute/compute_int.h"
#include "base/fmt.h"
#include "base/json.h"
#include "backend_compute/push_int.h"
#include "box/sqlscan.h"
#include "compute/drift.h"
#include "model/drift.h"

static const struct sl_col own[] = {
  { .name = "q_value", .type = SL_F64, .help = "p_value among all features: the share of false alarms if this one is called drifted "
    "(Benjamini-Hochberg)" },
  { .name = "p_bonferroni", .type = SL_F64, .help = "p_value times the number of features, at most 1 (Bonferroni)",
    .flags = SL_COL_HIDDEN },
  { .name = "chosen", .type = SL_BOOL, .help = "what the profile judges by; else a second opinion", .flags = SL_COL_HIDDEN },
  { .name = "chance", .type = SL_F64, .help = "the statistic to be expected of two samples of one distribution, of these sizes" },
  { .name = "note", .type = SL_TEXT, .help = "what is the matter with the column" },
  { .name = "median_baseline", .type = SL_F64, .help = "median of the baseline", .flags = SL_COL_HIDDEN },
  { .name = "median_current", .type = SL_F64, .help = "median of the current data", .flags = SL_COL_HIDDEN },
  { .name = "low", .type = SL_F64, .help = "where the histograms begin", .flags = SL_COL_HIDDEN },
  { .name = "high", .type = SL_F64, .help = "where they end", .flags = SL_COL_HIDDEN },
  { .name = "histogram_baseline", .type = SL_LIST, .help = "counts of the baseline in 24 equal steps, or by category",
    .flags = SL_COL_HIDDEN },
  { .name = "histogram_current", .type = SL_LIST, .help = "the same of the current data", .flags = SL_COL_HIDDEN },
  { .name = "categories", .type = SL_LIST, .help = "what the histograms count, where they go by category", .flags = SL_COL_HIDDEN },
  { .name = "vanished_categories", .type = SL_LIST, .help = "values that only the baseline has, the most frequent first, at most 8",
    .flags = SL_COL_HIDDEN },
  { .name = "new_categories", .type = SL_LIST, .help = "values that only the current data has, the most frequent first, at most 8",
    .flags = SL_COL_HIDDEN },
  { .name = "vanished_share", .type = SL_F64, .help = "share of the baseline's values in them; in a feature's first row",
    .flags = SL_COL_HIDDEN },
  { .name = "new_share", .type = SL_F64, .help = "share of the current values in them; in a feature's first row",
    .flags = SL_COL_HIDDEN },
};

struct work {
  struct compute_boxed boxed;
  struct sl_drift_ask ask;
  struct compute_prep *prep;
  struct compute_data *data;
  struct push_drift *push;     /* the engine is asked for aggregations, instead of the box's work */
  char *sql[2];
  char **reads;
  size_t nreads, cap_reads;
  int side;                    /* that is being prepared */
  char *path[2];               /* of a statistics.json or a report, instead of sql */
};

static void drift_leave(struct compute_boxed *b)
{
  struct work *w = (struct work *)b;
  compute_prep_drop(w->prep);
  compute_data_drop(w->data);
  w->prep = NULL;
  w->data = NULL;
  push_drift_drop(w->push);
  w->push = NULL;
  for (size_t i = 0; i < w->nreads; i++) {
    if (w->ask.model && w->reads[i])
      (void)unlink(w->reads[i]); /* predictions */
    sl_free(w->reads[i]);
  }
  sl_free(w->reads);
  for (int i = 0; i < 2; i++) {
    sl_free(w->sql[i]);
    sl_free(w->path[i]);
    w->path[i] = NULL;
  }
  sl_drift_ask_free(&w->ask);
  w->reads = NULL;
  w->nreads = 0;
  w->sql[0] = w->sql[1] = NULL;
}

/* SCOPE#feature:test@definition, with % where a feature's name holds what would end it. */
static void put_id(struct sl_buf *id, const char *scope, struct sl_batch *from, uint32_t row)
{
  struct sl_val feature = sl_batch_get(from, row, 0), test = sl_batch_get(from, row, 2), tool = sl_batch_get(from, row, 3);
  sl_buf_printf(id, "%s#", scope);
  sl_fmt_percent(id, feature.null ? SL_STR_NONE : feature.u.s);
  sl_buf_printf(id, ":%.*s", SL_ARG(test.u.s));
  if (!tool.null)
    sl_buf_printf(id, "@%.*s", SL_ARG(tool.u.s));
}

/* ---- two queries ---- */

static int put_job(struct sl_buf *b, const struct work *w, struct sl_err *err)
{
  struct sl_jw j = sl_jw(b, false);
  sl_jw_obj(&j);
  sl_jw_key(&j, SL_STR("baseline"));
  sl_jw_str(&j, sl_str(w->sql[0]));
  sl_jw_key(&j, SL_STR("current"));
  sl_jw_str(&j, sl_str(w->sql[1]));
  sl_jw_key(&j, SL_STR("tests"));
  sl_jw_str(&j, sl_str(w->ask.tests ? w->ask.tests : "auto"));
  sl_jw_key(&j, SL_STR("profile"));
  sl_jw_str(&j, sl_str(w->ask.profile ? w->ask.profile : ""));
  sl_jw_end_obj(&j);
  return sl_buf_check(b, err);
}

static void put(struct sl_jw *j, const char *key, const char *z)
{
  sl_jw_key(j, sl_str(key));
  sl_jw_str(j, sl_str(z ? z : ""));
}

static int add_read(struct work *w, const char *path, struct sl_err *err)
{
  int rc = sl_grow((void **)&w->reads, &w->cap_reads, w->nreads + 1, sizeof *w->reads, 1024, err);
  if (!rc && !(w->reads[w->nreads++] = sl_strdup(path)))
    rc = sl_err_nomem(err);
  return rc;
}

/* Of a statistics.json, and of reports (work_monitor.c). */
static int put_file_job(struct sl_buf *b, struct work *w, struct sl_err *err)
{
  struct sl_jw j = sl_jw(b, false);
  bool report = !w->ask.current;
  char *beside = report ? NULL : compute_monitor_beside(w->path[0]);
  if (!report && !beside)
    return sl_err_nomem(err);
  sl_jw_obj(&j);
  put(&j, "do", report ? "report" : "drift");
  put(&j, "path", w->path[0]);
  put(&j, "constraints", beside);
  put(&j, "statistics", w->path[1]);
  put(&j, "current", w->sql[1]);
  put(&j, "tests", w->ask.tests);
  sl_jw_end_obj(&j);
  int rc = sl_buf_check(b, err);
  if (!rc && beside)
    rc = add_read(w, beside, err);
  sl_free(beside);
  return rc;
}

/* ---- in the engine ---- */

static bool is_pushdown(const struct work *w) { return w->ask.engine && !strcmp(w->ask.engine, "pushdown"); }

static void on_pushed(struct sl_req *r, int rc, const struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  compute_words(w->boxed.c, NULL, &e);
  compute_boxed_leave(&w->boxed);
  sl_req_end(r, rc, rc ? &e : NULL);
}

static int start_push(struct sl_req *r, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  for (int s = 0; s < 2; s++) {
    struct sl_str plain = sql_without_end(sl_str(w->sql[s]));
    w->sql[s][plain.p + plain.n - w->sql[s]] = 0;
  }
  struct push_drift_ask ask = { .sql = { w->sql[0], w->sql[1] }, .tests = w->ask.tests ? w->ask.tests : "auto",
                                .profile = w->ask.profile ? w->ask.profile : "", .reads = (const char *const *)w->reads };
  return push_drift_start(&w->push, w->boxed.c, r, &ask, on_pushed, err);
}

static int start(struct sl_req *r, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_buf b;
  sl_buf_init(&b, 8 << 20);
  int rc = w->path[0] ? put_file_job(&b, w, err) : put_job(&b, w, err);
  if (!rc)
    rc = sl_grow((void **)&w->reads, &w->cap_reads, w->nreads + 1, sizeof *w->reads, 1024, err);
  if (!rc) {
    w->reads[w->nreads] = NULL;
    if (is_pushdown(w)) {
      sl_buf_free(&b);
      return start_push(r, err);
    }
    const struct sl_box_work work = { .kind = w->path[0] ? "monitor" : "drift", .text = sl_buf_view(&b),
                                      .reads = (const char *const *)w->reads };
    rc = compute_boxed_start(r, &work, err);
  }
  sl_buf_free(&b);
  return rc;
}

/* FROM 'path' -> FROM read_x('path', hive_partitioning = false): the day in a folder's name is no feature of the data. */
char *compute_without_folders(struct sl_str sql)
{
  static const struct { const char *end, *reader; } by[] = {
    { ".parquet'", "read_parquet" }, { ".csv'", "read_csv" }, { ".csv.gz'", "read_csv" }, { ".tsv'", "read_csv" },
    { ".ndjson'", "read_json" }, { ".jsonl'", "read_json" }, { ".ndjson.gz'", "read_json" }, { ".json'", "read_json" },
  };
  struct sl_str from = SL_STR("FROM ");
  for (size_t i = 0; sl_str_starts(sql, SL_STR("FROM '")) && i < sizeof by / sizeof by[0]; i++)
    if (sl_str_ends(sql, sl_str(by[i].end)))
      return sl_asprintf("FROM %s(%.*s, hive_partitioning = false%s)", by[i].reader, SL_ARG(sl_str_from(sql, from.n)),
                         strcmp(by[i].reader, "read_json") ? ", union_by_name = true" : "");
  if (sl_str_starts(sql, SL_STR("FROM read_csv(")))
    return sl_asprintf("%.*s, hive_partitioning = false)", SL_ARG(sl_str_head(sql, sql.n - 1)));
  return sl_strndup(sql.p, sql.n);
}

static bool is_statement(struct sl_str data) { return sl_str_starts(data, SL_STR("sql:")); }
static struct sl_str data_of(const struct work *w) { return sl_str(w->side ? w->ask.current : w->ask.baseline); }

/* A statistics.json, or a report. */
static bool is_file(const struct work *w)
{
  return !w->ask.current || (compute_monitor_is(data_of(w)) && !is_statement(data_of(w)));
}

static int keep(struct work *w, const char *sql, const char *const *reads, struct sl_err *err)
{
  char **to = is_file(w) ? &w->path[w->side] : &w->sql[w->side];
  *to = sl_strdup(is_file(w) ? reads[0] : sql);
  int rc = *to ? SL_OK : sl_err_nomem(err);
  for (size_t i = 0; !rc && reads[i]; i++)
    rc = add_read(w, reads[i], err);
  return rc;
}

static int next_side(struct sl_req *r, struct sl_err *err);

static void on_prepped(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  w->prep = NULL;
  w->data = NULL;
  if (!rc)
    rc = keep(w, sql, reads, &e);
  if (!rc)
    rc = w->side++ == 0 && w->ask.current ? next_side(r, &e) : start(r, &e);
  if (rc)
    compute_boxed_fail(r, rc, &e);
}

static int next_side(struct sl_req *r, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_str data = data_of(w);
  if (is_file(w))
    return compute_prep_address(&w->prep, w->boxed.c, data, on_prepped, r, err);
  return compute_data(&w->data, w->boxed.c, data.p, w->ask.model, r, on_prepped, r, err);
}

static bool is_first(int t)
{
  for (int i = 0; i < t; i++)
    if (!strcmp(sl_drift_test_name((enum sl_drift_test)i), sl_drift_test_name((enum sl_drift_test)t)))
      return false;
  return true;
}

static int no_test(struct sl_str name, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  sl_buf_z(&b, "auto");
  for (int t = 0; t < SL_DRIFT_TESTS; t++)
    if (is_first(t))
      sl_buf_printf(&b, ", %s", sl_drift_test_name((enum sl_drift_test)t));
  int rc = sl_err_set(err, SL_EUSAGE, "there is no test %.*s; there are %s; js@evidently says whose", SL_ARG(sl_str_head(name, 40)),
                      sl_buf_zstr(&b));
  sl_buf_free(&b);
  return rc;
}

int compute_drift_tests(const struct sl_drift_ask *a, struct sl_err *err)
{
  struct sl_str rest = sl_str(a->tests ? a->tests : "auto"), name;
  enum sl_drift_test t;
  while (sl_str_cut(&rest, ',', &name)) {
    name = sl_str_trim(name);
    if (!sl_str_eqz(name, "auto") && name.n && !sl_drift_test_find(name, a->profile, &t))
      return no_test(name, err);
  }
  return SL_OK;
}

/* What has its figures already is asked nothing. */
static int check_engine(const struct work *w, struct sl_err *err)
{
  const char *const data[] = { w->ask.baseline, w->ask.current };
  if (!is_pushdown(w))
    return SL_OK;
  if (w->ask.model)
    return sl_err_set(err, SL_EUSAGE, "models are scored here, not in an engine: leave engine=pushdown away");
  for (int s = 0; s < 2; s++)
    if (!data[s] || compute_monitor_is(sl_str(data[s])) || sl_str_ends(sl_str(data[s]), SL_STR(".sketch")))
      return sl_err_set(err, SL_EUSAGE, "%s has its figures already, there is nothing to push down: leave engine=pushdown away",
                        data[s] ? data[s] : w->ask.baseline);
  return SL_OK;
}

static int drift_parse(struct sl_req *r, struct sl_str scope, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  int rc = sl_drift_ask_parse(&w->ask, scope, err);
  bool files = !rc && compute_monitor_is(sl_str(w->ask.baseline));
  if (!rc && w->ask.current && compute_monitor_is(sl_str(w->ask.current)) && !files)
    rc = sl_err_set(err, SL_EUSAGE, "the current data is a statistics.json: then the baseline must be one, too");
  if (!rc && files && w->ask.current && w->ask.profile && strcmp(w->ask.profile, "monitor") != 0)
    rc = sl_err_set(err, SL_EUSAGE, "a statistics.json is compared as Model Monitor does: --profile monitor, or none");
  if (!rc && (w->ask.last || w->ask.persist))
    rc = sl_err_set(err, SL_EUSAGE, "last= and persist= are of drift_history");
  if (!rc && w->ask.model && (files || !w->ask.current))
    rc = sl_err_set(err, SL_EUSAGE, "a model is scored over data, not over files of other tools");
  rc = rc ? rc : check_engine(w, err);
  return rc ? rc : compute_drift_tests(&w->ask, err);
}

static int drift_query(struct sl_req *r, struct sl_err *err)
{
  static const struct compute_boxed_ops ops = { .parse = drift_parse, .begin = next_side, .put_id = put_id, .leave = drift_leave };
  return compute_boxed_query(r, &ops, err);
}

const struct sl_serve compute_drift = {
  .res = &sl_res_drift,
  .own = own,
  .nown = sizeof own / sizeof own[0],
  .req_size = sizeof(struct work),
  .query = drift_query,
  .resume = compute_boxed_resume,
  .cancel = compute_boxed_cancel,
};
