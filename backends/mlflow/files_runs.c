/* backends/mlflow/files_runs.c: runs of the old file store, and the histories of their metrics. Every value is a file of its own, so
 * nothing is filtered here: what is asked for is read as it comes. */
#include <stdio.h>
#include <stdlib.h>

#include "backend_mlflow/files_int.h"
#include "backend_mlflow/series_int.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/json.h"

enum { METRIC_MAX = 256 << 20, RUNS_MAX = 1000000 };

/* In meta.yaml the state is a number of MLflow's protocol; very old ones have the word. */
static struct sl_str status_of(const struct mlflow_meta *m)
{
  static const char *const names[] = { "", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED" };
  int64_t n;
  if (mlflow_meta_int(m, "status", &n))
    return n > 0 && n < 6 ? sl_str(names[n]) : SL_STR_NONE;
  return mlflow_meta_text(m, "status");
}

static struct mlflow_run run_of(const struct mlflow_meta *m)
{
  struct mlflow_run r = { .id = mlflow_meta_text(m, "run_id"), .name = mlflow_meta_text(m, "run_name"), .status = status_of(m),
                          .user = mlflow_meta_text(m, "user_id"), .lifecycle = mlflow_meta_text(m, "lifecycle_stage"),
                          .artifacts = mlflow_meta_text(m, "artifact_uri") };
  if (!r.id.n)
    r.id = mlflow_meta_text(m, "run_uuid");
  r.has_start = mlflow_meta_int(m, "start_time", &r.start);
  r.has_end = mlflow_meta_int(m, "end_time", &r.end);
  return r;
}

/* ---- lines of a metric ---- */

typedef int sample_fn(void *user, const struct sl_mlflow_sample *p, struct sl_err *err);

static int each_sample(const char *path, sample_fn *fn, void *user, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_str text, line;
  struct sl_mlflow_sample p;
  sl_buf_init(&b, METRIC_MAX);
  int rc = sl_file_read(&b, path, METRIC_MAX / 2, err);
  text = sl_buf_view(&b);
  for (unsigned n = 1; !rc && sl_str_cut(&text, '\n', &line); n++) {
    if (!sl_str_trim(line).n)
      continue;
    if (sl_mlflow_line(line, &p))
      rc = fn(user, &p, err);
    else if (text.n) /* the last line of a live run may be half of one */
      rc = sl_err_set(err, SL_EPARSE, "%s:%u: no line of a metric (TIME VALUE STEP)", path, n);
  }
  sl_buf_free(&b);
  return rc;
}

struct latest { bool any; struct sl_mlflow_sample p; };

/* By step, then time, then value, as MLflow compares. */
static int on_latest(void *user, const struct sl_mlflow_sample *p, struct sl_err *err)
{
  struct latest *l = user;
  (void)err;
  bool later = !l->any || p->step > l->p.step || (p->step == l->p.step && (p->time > l->p.time || (p->time == l->p.time
      && p->value >= l->p.value)));
  if (later)
    l->p = *p;
  l->any = true;
  return SL_OK;
}

/* ---- families ---- */

struct filling { struct mlflow_store *s; struct sl_rower w; struct sl_jw *doc; unsigned col; struct sl_buf parent; struct sl_str exp_name;
  struct sl_str exp_id; struct sl_str only; };

static void doc_pair(struct filling *x, struct sl_str key, struct sl_str value)
{
  if (!x->doc)
    return;
  sl_jw_obj(x->doc);
  sl_jw_key(x->doc, SL_STR("key"));
  sl_jw_str(x->doc, key);
  sl_jw_key(x->doc, SL_STR("value"));
  sl_jw_str(x->doc, value);
  sl_jw_end_obj(x->doc);
}

static void doc_metric(struct filling *x, struct sl_str key, const struct sl_mlflow_sample *p)
{
  if (!x->doc)
    return;
  sl_jw_obj(x->doc);
  sl_jw_key(x->doc, SL_STR("key"));
  sl_jw_str(x->doc, key);
  sl_jw_key(x->doc, SL_STR("value"));
  sl_jw_f64(x->doc, p->value);
  sl_jw_key(x->doc, SL_STR("timestamp"));
  sl_jw_i64(x->doc, p->time);
  sl_jw_key(x->doc, SL_STR("step"));
  sl_jw_i64(x->doc, p->step);
  sl_jw_end_obj(x->doc);
}

static int on_metric(struct filling *x, struct sl_str key, const char *path)
{
  struct latest l = { .any = false };
  struct sl_err e = { 0 };
  int rc = each_sample(path, on_latest, &l, &e);
  if (rc)
    mlflow_files_skip(x->s, path, &e);
  if (l.any) {
    mlflow_put_metric(sl_rower_batch(&x->w), key, l.p.value);
    doc_metric(x, key, &l.p);
  }
  return rc == SL_ENOMEM ? rc : SL_OK;
}

static int on_value(void *user, struct sl_str key, const char *path, struct sl_err *err)
{
  struct filling *x = user;
  struct sl_buf b;
  if (x->col == RUN_METRICS)
    return on_metric(x, key, path) ? sl_err_nomem(err) : SL_OK;
  bool got;
  sl_buf_init(&b, 0);
  int rc = mlflow_files_value(x->s, path, &b, &got, err);
  if (got) {
    sl_batch_key(sl_rower_batch(&x->w), x->col, key, sl_vs(sl_buf_view(&b)));
    doc_pair(x, key, sl_buf_view(&b));
  }
  sl_buf_free(&b);
  return rc;
}

static int families(struct filling *x, const char *dir, struct sl_err *err)
{
  static const struct { const char *name; unsigned col; } all[] = {
    { "params", RUN_PARAMS }, { "metrics", RUN_METRICS }, { "tags", RUN_TAGS },
  };
  int rc = SL_OK;
  for (size_t i = 0; i < 3 && !rc; i++) {
    char *path = sl_path_join(dir, all[i].name);
    x->col = all[i].col;
    if (x->doc) {
      sl_jw_key(x->doc, sl_str(all[i].name));
      sl_jw_arr(x->doc);
    }
    rc = path ? mlflow_each(x->s, path, MLFLOW_FILES_DEEP, on_value, x, err) : sl_err_nomem(err);
    if (x->doc)
      sl_jw_end_arr(x->doc);
    sl_free(path);
  }
  return rc;
}

/* ---- one run ---- */

static void doc_info(struct filling *x, const struct mlflow_run *r)
{
  const struct { const char *key; struct sl_str text; } texts[] = { { "run_id", r->id }, { "run_name", r->name },
    { "experiment_id", x->exp_id }, { "user_id", r->user }, { "status", r->status }, { "artifact_uri", r->artifacts },
    { "lifecycle_stage", r->lifecycle } };
  sl_jw_key(x->doc, SL_STR("info"));
  sl_jw_obj(x->doc);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (texts[i].text.p) {
      sl_jw_key(x->doc, sl_str(texts[i].key));
      sl_jw_str(x->doc, texts[i].text);
    }
  if (r->has_start) {
    sl_jw_key(x->doc, SL_STR("start_time"));
    sl_jw_i64(x->doc, r->start);
  }
  if (r->has_end) {
    sl_jw_key(x->doc, SL_STR("end_time"));
    sl_jw_i64(x->doc, r->end);
  }
  sl_jw_end_obj(x->doc);
}

static int put_run(struct filling *x, struct mlflow_run *r, const char *dir, struct sl_err *err)
{
  struct sl_buf b;
  char *parent = sl_path_join(dir, "tags/" MLFLOW_PARENT_TAG);
  sl_buf_init(&b, 0);
  struct sl_jw w = sl_jw(&b, false);
  int rc = parent ? sl_rower_row(&x->w, SL_PUT, r->id) : sl_err_nomem(err);
  sl_buf_clear(&x->parent);
  if (!rc && sl_file_exists(parent) && !mlflow_files_text(parent, &x->parent, NULL))
    r->parent = sl_buf_view(&x->parent);
  if (!rc) {
    r->experiment = x->exp_name;
    mlflow_put_run(sl_rower_batch(&x->w), r, x->s->now);
    x->doc = x->s->q->kind == SL_Q_GET ? &w : NULL;
    if (x->doc) {
      sl_jw_obj(&w);
      doc_info(x, r);
      sl_jw_key(&w, SL_STR("data"));
      sl_jw_obj(&w);
    }
    rc = families(x, dir, err);
  }
  if (!rc && x->doc) {
    sl_jw_end_obj(&w);
    sl_jw_end_obj(&w);
    rc = sl_buf_check(&b, err);
    rc = rc ? rc : sl_feed_doc(x->s->f, sl_buf_view(&b));
  }
  x->doc = NULL;
  sl_free(parent);
  sl_buf_free(&b);
  return rc;
}

static int on_run_dir(void *user, struct sl_str name, const char *path, struct sl_err *err)
{
  static const char *const others[] = { "tags", "datasets", "traces", "models" };
  struct filling *x = user;
  struct mlflow_meta m;
  struct sl_err e = { 0 };
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (sl_str_eqz(name, others[i]))
      return SL_OK;
  if (name.p[0] == '.' || (x->only.n && !sl_str_eq(name, x->only)))
    return SL_OK;
  int rc = mlflow_meta_load(&m, path, &e);
  struct mlflow_run r = run_of(&m);
  bool shown = x->s->q->deleted || x->s->q->kind == SL_Q_GET || !sl_str_eqz(r.lifecycle, "deleted");
  if (rc && rc != SL_ENOENT)
    mlflow_files_skip(x->s, path, &e);
  rc = rc == SL_ENOMEM ? sl_err_nomem(err) : rc || !shown || !r.id.n ? SL_OK : put_run(x, &r, path, err);
  mlflow_meta_free(&m);
  return rc;
}

static int on_runs_of(void *user, const struct mlflow_experiment *e, const char *dir, struct sl_err *err)
{
  struct filling *x = user;
  const struct sl_query *q = x->s->q;
  bool ours = q->kind == SL_Q_GET || !q->scope.n || sl_str_eq(q->scope, e->id) || sl_str_eq(q->scope, e->name);
  if (!ours)
    return SL_OK;
  x->exp_name = e->name;
  x->exp_id = e->id;
  x->s->found = true;
  return mlflow_each(x->s, dir, MLFLOW_FOLDERS, on_run_dir, x, err);
}

int mlflow_files_runs(struct mlflow_store *s, struct sl_err *err)
{
  struct filling x = { .s = s };
  bool one = s->q->kind == SL_Q_GET;
  x.only = one ? s->q->scope : SL_STR_NONE;
  sl_buf_init(&x.parent, 0);
  int rc = sl_feed_head(s->f, NULL, 0, -1);
  rc = rc ? rc : sl_rower_begin(&x.w, s->f, s->schema, err);
  if (!rc) {
    rc = mlflow_files_each_experiment(s, one || s->q->deleted || s->q->scope.n, on_runs_of, &x, err);
    if (!rc && s->q->scope.n && !s->found)
      rc = sl_err_set(err, SL_ENOENT, "no experiment has the id or name %.*s (sluice get experiments lists them)",
                      SL_ARG(sl_str_head(s->q->scope, 80)));
    if (!rc && one && !x.w.rows)
      rc = sl_err_set(err, SL_ENOENT, "no run has the id %.*s", SL_ARG(sl_str_head(s->q->scope, 80)));
    if (rc)
      sl_rower_abort(&x.w);
    else
      rc = sl_rower_end(&x.w, err);
  }
  sl_buf_free(&x.parent);
  return rc;
}

/* ---- histories ---- */

struct recent { sl_ms start; char *dir; struct sl_str id; };
struct points { struct mlflow_store *s; struct sl_rower w; struct sl_arena mem; struct recent *run; size_t n, cap; struct sl_str id, key;
  struct sl_buf row; struct mlflow_histories h; };

static int point_put(void *user, const struct mlflow_point *p, struct sl_err *err)
{
  struct points *x = user;
  bool one = x->s->q->kind == SL_Q_GET;
  mlflow_point_id(&x->row, p);
  if (one && !sl_str_eq(sl_buf_view(&x->row), x->s->q->scope))
    return SL_OK;
  int rc = sl_buf_check(&x->row, err);
  rc = rc ? rc : sl_rower_row(&x->w, SL_PUT, sl_buf_view(&x->row));
  if (rc)
    return rc;
  mlflow_put_point(sl_rower_batch(&x->w), p);
  if (one) {
    struct sl_buf doc;
    sl_buf_init(&doc, 0);
    mlflow_point_doc(&doc, p);
    rc = sl_buf_check(&doc, err);
    rc = rc ? rc : sl_feed_doc(x->s->f, sl_buf_view(&doc));
    sl_buf_free(&doc);
  }
  return rc;
}

static int on_point(void *user, const struct sl_mlflow_sample *q, struct sl_err *err)
{
  struct points *x = user;
  struct mlflow_point p = { .run = x->id, .key = x->key, .step = q->step, .time = q->time, .value = q->value };
  return x->h.n && x->h.buckets && x->h.key.p ? mlflow_history_add(&x->h, x->id, &p, err) : point_put(x, &p, err);
}

static int on_history(void *user, struct sl_str key, const char *path, struct sl_err *err)
{
  struct points *x = user;
  x->key = key;
  if (x->h.key.p && !sl_str_eq(key, x->h.key))
    return SL_OK;
  return each_sample(path, on_point, x, err);
}

static int on_recent(void *user, struct sl_str name, const char *path, struct sl_err *err)
{
  struct points *x = user;
  struct mlflow_meta m;
  if (mlflow_meta_load(&m, path, NULL))
    return SL_OK;
  struct mlflow_run r = run_of(&m);
  int rc = SL_OK;
  (void)name;
  if (r.id.n && !sl_str_eqz(r.lifecycle, "deleted")) {
    void *p = x->run;
    rc = sl_grow(&p, &x->cap, x->n + 1, sizeof *x->run, RUNS_MAX, err);
    x->run = p;
    char *id = rc ? NULL : sl_arena_strndup(&x->mem, r.id.p, r.id.n), *dir = rc ? NULL : sl_arena_strndup(&x->mem, path, strlen(path));
    if (!rc && (!id || !dir))
      rc = sl_err_nomem(err);
    if (!rc)
      x->run[x->n++] = (struct recent){ r.has_start ? r.start : 0, dir, sl_strn(id, r.id.n) };
  }
  mlflow_meta_free(&m);
  return rc;
}

static int on_recent_of(void *user, const struct mlflow_experiment *e, const char *dir, struct sl_err *err)
{
  struct points *x = user;
  return sl_str_eqz(e->lifecycle, "deleted") ? SL_OK : mlflow_each(x->s, dir, MLFLOW_FOLDERS, on_recent, x, err);
}

static int by_start(const void *a, const void *b)
{
  const struct recent *x = a, *y = b;
  return x->start != y->start ? (x->start > y->start ? -1 : 1) : sl_str_cmp(x->id, y->id);
}

/* The folder of a named run; of several, one that is not here is no error: another store may have it. */
static int run_find(struct points *x, struct sl_str run, bool must, struct sl_err *err)
{
  char *dir = NULL;
  int rc = mlflow_files_run_dir(x->s, run, &dir, NULL, err);
  if (!rc && !dir && must)
    rc = sl_err_set(err, SL_ENOENT, "no run has the id %.*s (sluice get runs lists them)", SL_ARG(sl_str_head(run, 80)));
  void *p = x->run;
  if (!rc && dir)
    rc = sl_grow(&p, &x->cap, x->n + 1, sizeof *x->run, RUNS_MAX, err);
  x->run = p;
  char *kept = !rc && dir ? sl_arena_strndup(&x->mem, dir, strlen(dir)) : NULL;
  if (!rc && dir && !kept)
    rc = sl_err_nomem(err);
  if (kept)
    x->run[x->n++] = (struct recent){ 0, kept, run };
  sl_free(dir);
  return rc;
}

static int which_runs(struct points *x, struct sl_err *err)
{
  struct sl_str run = x->s->q->scope;
  ptrdiff_t slash = x->s->q->kind == SL_Q_GET ? sl_str_chr(run, '/') : -1;
  if (slash >= 0)
    run = sl_str_head(run, (size_t)slash);
  if (!run.n) {
    int rc = mlflow_files_each_experiment(x->s, false, on_recent_of, x, err);
    if (!rc && x->n)
      qsort(x->run, x->n, sizeof *x->run, by_start);
    x->n = x->n > MLFLOW_RECENT_RUNS ? MLFLOW_RECENT_RUNS : x->n;
    return rc;
  }
  if (x->s->q->kind == SL_Q_GET)
    return run_find(x, run, true, err);
  int rc = SL_OK;
  for (size_t i = 0; i < x->h.n && !rc; i++)
    rc = run_find(x, x->h.run[i].run, x->h.n == 1, err);
  return rc;
}

int mlflow_files_series(struct mlflow_store *s, struct sl_err *err)
{
  struct points x = { .s = s };
  sl_arena_init(&x.mem, (size_t)1 << 30);
  sl_buf_init(&x.row, 0);
  int rc = mlflow_histories_read(&x.h, s->q, err);
  rc = rc ? rc : which_runs(&x, err);
  rc = rc ? rc : sl_feed_head(s->f, NULL, 0, -1);
  rc = rc ? rc : sl_rower_begin(&x.w, s->f, s->schema, err);
  bool begun = !rc;
  for (size_t i = 0; i < x.n && !rc; i++) {
    char *path = sl_path_join(x.run[i].dir, "metrics");
    x.id = x.run[i].id;
    rc = path ? mlflow_each(s, path, MLFLOW_FILES_DEEP, on_history, &x, err) : sl_err_nomem(err);
    sl_free(path);
  }
  rc = rc ? rc : mlflow_histories_each(&x.h, point_put, &x, err);
  if (!rc && s->q->kind == SL_Q_GET && !x.w.rows)
    rc = sl_err_set(err, SL_ENOENT, "no point has the id %.*s", SL_ARG(sl_str_head(s->q->scope, 80)));
  if (begun && rc)
    sl_rower_abort(&x.w);
  else if (begun)
    rc = sl_rower_end(&x.w, err);
  sl_free(x.run);
  mlflow_histories_free(&x.h);
  sl_arena_free(&x.mem);
  sl_buf_free(&x.row);
  return rc;
}
