/* box/work_monitor.c: Model Monitor's files as rows, and data compared with them.
 *
 * Text: {"do":"columns","path":P}: a statistics.json, a row a feature, in the columns of the resource `columns`.
 * {"do":"report","path":P}: constraint_violations.json, a row a violation, or Evidently's report, a row a feature and method.
 * {"do":"drift","path":P,"constraints":P2,"current":SQL,"statistics":P3,"tests":T}: current data, or a second statistics.json, under the
 * baseline's constraints; where P2 is no file, under those that baselining would suggest.
 * {"do":"statistics"|"constraints","current":SQL}: the file that baselining makes of data, into the job's file.
 * {"do":"violations",...} as drift: constraint_violations.json, the same way. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "box/drift_row.h"
#include "box/monitor_data.h"
#include "compute/evidently.h"

enum { FILE_MAX = 256 << 20, VALUES_MAX = 1 << 17, QUARTILES = 3, BINS = 20 };
enum { COL_NAME, COL_TYPE, COL_NULLABLE, COL_NULLS, COL_DISTINCT, COL_MIN, COL_MAX, COL_MEAN, COL_TABLE, COL_Q25, COL_Q50, COL_Q75,
       COL_HISTOGRAM };

/* As the resource `columns` and its backend's own columns have them; only order and types count here. */
static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT }, { .name = "type", .type = SL_TEXT }, { .name = "nullable", .type = SL_BOOL },
  { .name = "nulls", .type = SL_I64 }, { .name = "distinct", .type = SL_I64 }, { .name = "min", .type = SL_TEXT },
  { .name = "max", .type = SL_TEXT }, { .name = "mean", .type = SL_F64 }, { .name = "table", .type = SL_TEXT },
  { .name = "q25", .type = SL_F64 }, { .name = "q50", .type = SL_F64 }, { .name = "q75", .type = SL_F64 },
  { .name = "histogram", .type = SL_LIST },
};

/* ---- files ---- */

static int read_stats(const char *path, struct sl_monitor_stats *out, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, FILE_MAX + 1);
  *out = (struct sl_monitor_stats){ .items = 0 };
  int rc = sl_file_read(&b, path, FILE_MAX, err);
  rc = rc ? rc : sl_monitor_read_stats(out, sl_path_base(path), sl_buf_view(&b), err);
  sl_buf_free(&b);
  return rc;
}

/* *found false: there is no such file. */
static int read_constraints(const char *path, struct sl_monitor_constraints *out, bool *found, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_err e = { 0 };
  sl_buf_init(&b, FILE_MAX + 1);
  int rc = path[0] ? sl_file_read(&b, path, FILE_MAX, &e) : SL_ENOENT;
  *found = !rc;
  if (rc == SL_ENOENT)
    rc = SL_OK;
  else if (rc && err)
    *err = e;
  else
    rc = sl_monitor_read_constraints(out, sl_path_base(path), sl_buf_view(&b), err);
  sl_buf_free(&b);
  return rc;
}

/* ---- columns ---- */

static void set_number_text(struct sl_batch *b, unsigned col, double v)
{
  struct sl_buf t;
  if (isnan(v))
    return;
  sl_buf_init(&t, 0);
  struct sl_jw j = sl_jw(&t, false);
  sl_jw_f64(&j, v);
  sl_batch_set(b, col, sl_vs(sl_buf_view(&t)));
  sl_buf_free(&t);
}

static int put_counts(struct sl_batch *b, const double *count, size_t n, struct sl_err *err)
{
  struct sl_buf list;
  char text[32];
  sl_buf_init(&list, 0);
  for (size_t i = 0; i < n; i++) {
    int len = snprintf(text, sizeof text, "%.0f", count[i]);
    sl_list_add(&list, sl_strn(text, (size_t)len));
  }
  int rc = sl_buf_check(&list, err);
  if (!rc)
    sl_batch_set(b, COL_HISTOGRAM, sl_vas(SL_LIST, sl_buf_view(&list)));
  sl_buf_free(&list);
  return rc;
}

/* Quartiles and histogram from the sketch; without one, the file's own buckets. */
static int put_shape(struct sl_batch *b, const struct sl_monitor_feature *f, struct sl_err *err)
{
  struct sl_kll_ranks r;
  double count[BINS];
  if (!f->has_sketch) {
    for (size_t i = 0; i < f->nbuckets && i < BINS; i++)
      count[i] = f->bucket[i].count;
    return f->nbuckets && f->nbuckets <= BINS ? put_counts(b, count, f->nbuckets, err) : SL_OK;
  }
  int rc = sl_kll_ranks(&f->sketch, SL_KLL_ALL, &r, err);
  if (rc)
    return rc;
  for (unsigned i = 0; i < QUARTILES; i++)
    sl_batch_set_number(b, COL_Q25 + i, sl_kll_quantile(&r, (i + 1) / 4.0));
  if (isfinite(f->min) && isfinite(f->max) && f->min < f->max && r.n) {
    sl_kll_buckets(&r, f->min, f->max, BINS, count);
    rc = put_counts(b, count, BINS, err);
  }
  sl_kll_ranks_free(&r);
  return rc;
}

static int put_column(struct sl_batch *b, const char *file, const struct sl_monitor_feature *f, size_t i, struct sl_err *err)
{
  char id[24];
  int n = snprintf(id, sizeof id, "%zu", i + 1);
  sl_batch_row(b, SL_PUT, sl_strn(id, (size_t)n));
  sl_batch_set(b, COL_NAME, sl_vz(f->name));
  sl_batch_set(b, COL_TYPE, sl_vz(sl_monitor_type_name(f->type)));
  sl_batch_set(b, COL_NULLABLE, sl_vb(f->missing > 0));
  sl_batch_set(b, COL_NULLS, sl_vi((int64_t)f->missing));
  if (!isnan(f->distinct))
    sl_batch_set(b, COL_DISTINCT, sl_vi((int64_t)f->distinct));
  set_number_text(b, COL_MIN, f->min);
  set_number_text(b, COL_MAX, f->max);
  sl_batch_set_number(b, COL_MEAN, f->mean);
  sl_batch_set(b, COL_TABLE, sl_vz(file));
  return f->numbers ? put_shape(b, f, err) : SL_OK;
}

static int columns(struct sl_box_ctx *c, const char *path, struct sl_err *err)
{
  struct sl_monitor_stats s;
  struct sl_schema *schema = NULL;
  struct sl_batch *b = NULL;
  int rc = read_stats(path, &s, err);
  if (!rc)
    rc = sl_schema_new(&schema, cols, sizeof cols / sizeof cols[0], NULL, 0, err);
  if (!rc)
    rc = box_head(c, schema, (int64_t)s.n, err);
  for (size_t i = 0; !rc && i < s.n; i++) {
    rc = b ? SL_OK : sl_batch_new(&b, schema, err);
    rc = rc ? rc : put_column(b, sl_path_base(path), &s.at[i], i, err);
    if (rc || (!sl_batch_full(b) && i + 1 < s.n))
      continue;
    rc = box_rows(c, b, err);
    sl_batch_unref(b);
    b = NULL;
  }
  sl_batch_unref(b);
  sl_schema_unref(schema);
  sl_monitor_stats_free(&s);
  return rc;
}

/* ---- violations ---- */

/* Which kind of thing a check is about cannot be told from a report. */
static int put_violation(struct drift_rows *o, const struct sl_monitor_violation *v, struct sl_err *err)
{
  struct drift_feature f = { .name = v->feature };
  const struct drift_given g = { .test = v->check, .tool = "monitor", .note = v->words, .statistic = v->value, .p = (double)NAN,
                                 .threshold = v->threshold, .drifted = 1, .chosen = true, .no_counts = true };
  return drift_rows_given(o, &f, &g, err);
}

/* A score is the p-value of tests that have one, else the statistic. */
static int put_evidently(struct drift_rows *o, const struct sl_evidently_row *r, struct sl_err *err)
{
  const struct sl_evidently_method *m = sl_evidently_method(r->method);
  struct drift_feature f = { .name = r->feature };
  bool num = r->type && !strcmp(r->type, "num"), cat = r->type && !strcmp(r->type, "cat"), p = m && m->by_p;
  struct drift_given g = { .test = m ? m->test : r->method ? r->method : "none", .tool = "evidently",
                           .kind = num ? "numeric" : cat ? "categorical" : r->type, .statistic = p ? (double)NAN : r->score,
                           .p = p ? r->score : (double)NAN, .threshold = r->threshold, .drifted = sl_evidently_drifted(r), .chosen = true,
                           .no_counts = true };
  if (!r->method)
    g.note = "the report does not say which test it was";
  else if (g.drifted < 0)
    g.note = "a test that is not known here, and so is its direction";
  else if (r->suite)
    g.note = "of a test suite, which keeps three digits";
  return drift_rows_given(o, &f, &g, err);
}

static int report_evidently(struct drift_rows *o, const char *file, struct sl_str text, struct sl_err *err)
{
  struct sl_evidently e;
  int rc = sl_evidently_read(&e, file, text, err);
  for (size_t i = 0; !rc && i < e.n; i++)
    rc = put_evidently(o, &e.at[i], err);
  sl_evidently_free(&e);
  return rc;
}

static int report_violations(struct drift_rows *o, const char *file, struct sl_str text, struct sl_err *err)
{
  struct sl_monitor_violations v;
  int rc = sl_monitor_read_violations(&v, file, text, err);
  for (size_t i = 0; !rc && i < v.n; i++)
    rc = put_violation(o, &v.at[i], err);
  sl_monitor_violations_free(&v);
  return rc;
}

static int report(struct sl_box_ctx *c, const char *path, struct sl_err *err)
{
  struct drift_rows o;
  struct sl_buf b;
  sl_buf_init(&b, FILE_MAX + 1);
  struct drift_sink to = drift_sink_of(c);
  int rc = drift_rows_open(&o, &to, SL_STR_NONE, SL_STR("monitor"), err);
  rc = rc ? rc : sl_file_read(&b, path, FILE_MAX, err);
  bool violations = sl_str_ends(sl_str(path), SL_STR("violations.json"));
  if (!rc)
    rc = (violations ? report_violations : report_evidently)(&o, sl_path_base(path), sl_buf_view(&b), err);
  rc = rc ? rc : drift_rows_end(&o, err);
  sl_buf_free(&b);
  drift_rows_free(&o);
  return rc;
}

/* ---- drift ---- */

struct compare {
  struct sl_monitor_stats base, now;
  struct sl_monitor_constraints c;
  struct sl_monitor_check k;
  bool found;                    /* a constraints.json */
};

static void compare_free(struct compare *k)
{
  sl_monitor_check_free(&k->k);
  sl_monitor_constraints_free(&k->c);
  sl_monitor_stats_free(&k->base);
  sl_monitor_stats_free(&k->now);
}

static enum sl_drift_kind kind_of(const struct sl_monitor_feature *f)
{
  return f->numbers ? SL_DRIFT_NUMERIC : f->has_values ? SL_DRIFT_CATEGORICAL : SL_DRIFT_TEXT;
}

/* Both sketches over the same 24 steps. */
static int picture(const struct sl_monitor_row *r, struct drift_given *g, double count[2][DRIFT_BINS], struct sl_err *err)
{
  const struct sl_monitor_feature *side[2] = { r->base, r->now };
  g->low = fmin(r->base->min, r->now->min);
  g->high = fmax(r->base->max, r->now->max);
  bool some = isfinite(g->low) && isfinite(g->high) && g->low < g->high;
  for (int s = 0; s < 2; s++) {
    struct sl_kll_ranks k;
    int rc = sl_kll_ranks(&side[s]->sketch, SL_KLL_ALL, &k, err);
    if (rc)
      return rc;
    g->median[s] = sl_kll_quantile(&k, 0.5);
    if (some)
      sl_kll_buckets(&k, g->low, g->high, DRIFT_BINS, count[s]);
    sl_kll_ranks_free(&k);
  }
  g->bins = some ? DRIFT_BINS : 0;
  return SL_OK;
}

static int put_row(struct drift_rows *o, const struct sl_monitor_row *r, bool first, struct sl_err *err)
{
  const struct sl_monitor_feature *side[2] = { r->base, r->now }, *any = r->now ? r->now : r->base;
  struct drift_feature f = { .name = r->feature, .pair.kind = any ? kind_of(any) : SL_DRIFT_TEXT };
  struct drift_given g = { .test = r->test, .tool = "monitor", .note = r->note, .statistic = r->statistic, .p = r->p,
                           .threshold = r->threshold, .drifted = r->violated, .chosen = r->chosen };
  double count[2][DRIFT_BINS];
  int rc = SL_OK;
  for (int s = 0; s < 2; s++) {
    f.pair.n[s] = side[s] ? (size_t)(side[s]->present - fmax(side[s]->infinite, 0)) : 0;
    f.missing[s] = side[s] ? (int64_t)side[s]->missing : 0;
    f.infinite[s] = side[s] ? (int64_t)fmax(side[s]->infinite, 0) : 0;
    g.count[s] = count[s];
  }
  if (first && r->base && r->now && r->base->has_sketch && r->now->has_sketch)
    rc = picture(r, &g, count, err);
  return rc ? rc : drift_rows_given(o, &f, &g, err);
}

/* Tests that need values have no meaning here, as others have none for some kind of feature; but one at least must have one. */
static int tests_of(struct sl_str tests, unsigned *out, struct sl_err *err)
{
  struct sl_str name, first = SL_STR_NONE;
  bool any = false;
  *out = 0;
  while (sl_str_cut(&tests, ',', &name)) {
    name = sl_str_trim(name);
    ptrdiff_t at = sl_str_chr(name, '@');
    struct sl_str bare = at < 0 ? name : sl_str_head(name, (size_t)at);
    unsigned bit = sl_str_eqz(bare, "linf") || sl_str_eqz(bare, "linf_simple") ? 1 : sl_str_eqz(bare, "linf_robust") ? 2 : 0;
    *out |= bit;
    any |= bit || sl_str_eqz(name, "auto");
    first = first.n ? first : name;
  }
  if (any || !first.n)
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "statistics.json holds sketches, not values: no test %.*s; there are auto, linf, linf_robust",
                    SL_ARG(first));
}

static int open_sides(struct compare *k, struct sl_box_ctx *c, const char *path, const json_t *args, struct sl_err *err)
{
  char *constraints = NULL, *second = NULL;
  struct sl_str p = sl_json_str(args, "constraints"), q = sl_json_str(args, "statistics");
  int rc = read_stats(path, &k->base, err);
  constraints = sl_strndup(p.n ? p.p : "", p.n);
  second = sl_strndup(q.n ? q.p : "", q.n);
  if (!rc && (!constraints || !second))
    rc = sl_err_nomem(err);
  rc = rc ? rc : read_constraints(constraints, &k->c, &k->found, err);
  if (!rc && !k->found)
    rc = sl_monitor_suggest(&k->c, &k->base, err);
  if (!rc)
    rc = q.n ? read_stats(second, &k->now, err) : monitor_data_read(c, sl_json_str(args, "current"), VALUES_MAX, &k->now, err);
  if (rc && !q.n && k->c.n && err && rc != SL_ENOMEM)
    sl_err_prefix(err, "current");
  sl_free(constraints);
  sl_free(second);
  return rc;
}

static int put_rows(struct compare *k, struct drift_rows *o, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < k->k.n; i++)
    rc = put_row(o, &k->k.at[i], !i || strcmp(k->k.at[i - 1].feature, k->k.at[i].feature) != 0, err);
  return rc ? rc : drift_rows_end(o, err);
}

static int drift(struct sl_box_ctx *c, const char *path, const json_t *args, struct sl_err *err)
{
  struct compare k = { .found = false };
  struct drift_rows o;
  unsigned tests;
  struct drift_sink to = drift_sink_of(c);
  int rc = drift_rows_open(&o, &to, SL_STR_NONE, SL_STR("monitor"), err);
  rc = rc ? rc : tests_of(sl_json_str(args, "tests"), &tests, err);
  rc = rc ? rc : open_sides(&k, c, path, args, err);
  rc = rc ? rc : sl_monitor_compare(&k.k, &k.base, &k.c, &k.now, tests, err);
  rc = rc ? rc : put_rows(&k, &o, err);
  compare_free(&k);
  drift_rows_free(&o);
  return rc;
}

/* ---- files made ---- */

/* Into the job's file; whoever asked moves it to its place. */
static int write_out(struct sl_box_ctx *c, const struct sl_buf *b, uint64_t rows, struct sl_err *err)
{
  int rc = sl_buf_check(b, err);
  if (!rc && !c->out_file)
    rc = sl_err_set(err, SL_EUSAGE, "it makes a file: --out FILE.json");
  if (rc)
    return rc;
  int fd = open(c->out_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return sl_err_sys(err, errno, "cannot write %s", sl_path_base(c->out_file));
  rc = sl_fd_write(fd, sl_buf_view(b)) ? sl_err_sys(err, errno, "cannot write %s", sl_path_base(c->out_file)) : SL_OK;
  if (close(fd) && !rc)
    rc = sl_err_sys(err, errno, "cannot write %s", sl_path_base(c->out_file));
  c->wrote = !rc;
  c->rows = rows;
  return rc;
}

static int suggest(struct sl_box_ctx *c, const json_t *args, bool constraints, struct sl_err *err)
{
  struct sl_monitor_stats s;
  struct sl_monitor_constraints k = { .n = 0 };
  struct sl_buf b;
  sl_buf_init(&b, (size_t)256 << 20);
  int rc = monitor_data_read(c, sl_json_str(args, "current"), SL_MONITOR_BUCKETS_MAX, &s, err);
  if (!rc && constraints)
    rc = sl_monitor_suggest(&k, &s, err);
  if (!rc && constraints)
    sl_monitor_write_constraints(&b, &k);
  else if (!rc)
    sl_monitor_write_stats(&b, &s);
  rc = rc ? rc : write_out(c, &b, s.n, err);
  sl_monitor_constraints_free(&k);
  sl_monitor_stats_free(&s);
  sl_buf_free(&b);
  return rc;
}

static int violations(struct sl_box_ctx *c, const char *path, const json_t *args, struct sl_err *err)
{
  struct compare k = { .found = false };
  struct sl_buf b;
  uint64_t n = 0;
  sl_buf_init(&b, (size_t)64 << 20);
  int rc = open_sides(&k, c, path, args, err);
  rc = rc ? rc : sl_monitor_compare(&k.k, &k.base, &k.c, &k.now, 0, err);
  if (!rc)
    sl_monitor_write_violations(&b, &k.k, k.now.n, k.c.n);
  for (size_t i = 0; i < k.k.n; i++)
    n += k.k.at[i].violated == 1;
  rc = rc ? rc : write_out(c, &b, n, err);
  compare_free(&k);
  sl_buf_free(&b);
  return rc;
}

static int monitor_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  json_t *args = NULL;
  char *path = NULL;
  int rc = box_args(text, &args, &path, err);
  if (rc)
    return rc;
  struct sl_str what = sl_json_str(args, "do");
  if (sl_str_eqz(what, "columns"))
    rc = columns(c, path, err);
  else if (sl_str_eqz(what, "report"))
    rc = report(c, path, err);
  else if (sl_str_eqz(what, "drift"))
    rc = drift(c, path, args, err);
  else if (sl_str_eqz(what, "statistics") || sl_str_eqz(what, "constraints"))
    rc = suggest(c, args, sl_str_eqz(what, "constraints"), err);
  else if (sl_str_eqz(what, "violations"))
    rc = violations(c, path, args, err);
  else
    rc = sl_err_set(err, SL_EINTERNAL, "nothing is called %.*s here", SL_ARG(what));
  sl_free(path);
  json_decref(args);
  return rc;
}

const struct sl_box_worker box_worker_monitor = { .kind = "monitor", .load = duck_own_load, .run = monitor_run };
