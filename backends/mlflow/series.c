/* backends/mlflow/series.c: histories of metrics, point by point. Of a server: the run (or the recent ones) for the names of its metrics,
 * then one history after the other. */
#include <stdio.h>

#include "backend_mlflow/files_int.h"
#include "backend_mlflow/rest_int.h"
#include "backend_mlflow/runs_int.h"
#include "backend_mlflow/series_int.h"

/* Always said: servers from 3.4 to 3.13 answer nothing and a token for ever without it, later ones everything at once. */
enum { HISTORY_PAGE = 25000, PAIRS_MAX = 1000000, BULK_RUNS = 100, BULK_POINTS = 2500 };

struct pair { struct sl_str run, key; };
struct series_ask {
  struct mlflow_ask a;
  struct sl_arena mem;
  struct sl_map experiments;
  struct pair *pair; size_t npair, cap_pair, at;
  struct mlflow_histories h;          /* texts are the query's */
  bool bulk;                          /* the server thins them: at counts runs */
  struct sl_buf id;
  uint64_t rows;
};

static void next_history(struct series_ask *x);

static void drop(struct mlflow_ask *a)
{
  struct series_ask *x = (struct series_ask *)a;
  sl_free(x->pair);
  mlflow_histories_free(&x->h);
  sl_map_free(&x->experiments);
  sl_arena_free(&x->mem);
  sl_buf_free(&x->id);
}

/* ---- which runs, which metrics ---- */

static struct sl_str keep(struct series_ask *x, struct sl_str s)
{
  char *p = sl_arena_strndup(&x->mem, s.n ? s.p : "", s.n);
  return p ? sl_strn(p, s.n) : SL_STR_NONE;
}

static int on_run(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct series_ask *x = user;
  struct sl_str run = keep(x, mlflow_node_run(n).id);
  const struct sl_mlflow_node *metrics = sl_mlflow_get(sl_mlflow_get(n, "data"), "metrics");
  int rc = SL_OK;
  for (const struct sl_mlflow_node *c = metrics ? metrics->child : NULL; c && !rc; c = c->next) {
    rc = sl_grow((void **)&x->pair, &x->cap_pair, x->npair + 1, sizeof *x->pair, PAIRS_MAX, err);
    struct sl_str key = sl_mlflow_text(c, "key");
    if (rc || (x->h.key.p && !sl_str_eq(key, x->h.key)))
      continue;
    key = keep(x, key);
    if (!run.p || !key.p)
      rc = sl_err_nomem(err);
    else
      x->pair[x->npair++] = (struct pair){ run, key };
  }
  return rc;
}

static struct sl_str scope_run(const struct mlflow_ask *a)
{
  const struct sl_query *q = sl_req_query(a->r);
  ptrdiff_t slash = q->kind == SL_Q_GET ? sl_str_chr(q->scope, '/') : -1;
  return slash >= 0 ? sl_str_head(q->scope, (size_t)slash) : q->scope;
}

static void runs_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct sl_err e;
  if (rc == SL_ENOENT && scope_run(a).n) {
    sl_err_set(&e, SL_ENOENT, "no run has the id %.*s (sluice get runs lists them)", SL_ARG(sl_str_head(scope_run(a), 80)));
    err = &e;
  }
  if (rc)
    mlflow_ask_end(a, rc, err);
  else
    next_history((struct series_ask *)a);
}

static void run_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  (void)token;
  (void)w;
  mlflow_param(query, "run_id", scope_run(a));
}

static int on_experiment(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct series_ask *x = user;
  return sl_map_put(&x->experiments, sl_mlflow_text(n, "experiment_id"), 0, NULL, err);
}

static void experiments_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  (void)a;
  (void)query;
  mlflow_body_experiments(w, "ACTIVE_ONLY", token);
}

static void recent_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct series_ask *x = (struct series_ask *)a;
  (void)query;
  (void)token;
  sl_jw_key(w, SL_STR("experiment_ids"));
  sl_jw_arr(w);
  for (size_t i = 0; i < sl_map_count(&x->experiments); i++)
    sl_jw_str(w, sl_map_key(&x->experiments, i));
  sl_jw_end_arr(w);
  mlflow_body_text(w, "run_view_type", SL_STR("ACTIVE_ONLY"));
  mlflow_body_int(w, "max_results", MLFLOW_RECENT_RUNS);
  sl_jw_key(w, SL_STR("order_by"));
  sl_jw_arr(w);
  sl_jw_str(w, SL_STR("attributes.start_time DESC"));
  sl_jw_end_arr(w);
}

static void experiments_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct series_ask *x = (struct series_ask *)a;
  static const struct mlflow_list recent = { .path = "runs/search", .list = "runs", .what = "runs", .post = true, .one_page = true,
                                             .page = recent_page, .item = on_run, .end = runs_end };
  if (rc || !sl_map_count(&x->experiments))
    mlflow_ask_end(a, rc, err);
  else
    mlflow_ask_list(a, &recent);
}

/* ---- histories ---- */

static int point_put(void *user, const struct mlflow_point *p, struct sl_err *err)
{
  struct series_ask *x = user;
  struct sl_batch *b = NULL;
  mlflow_point_id(&x->id, p);
  if (sl_req_query(x->a.r)->kind == SL_Q_GET && !sl_str_eq(sl_buf_view(&x->id), sl_req_query(x->a.r)->scope))
    return SL_OK;
  int rc = mlflow_ask_row(&x->a, sl_buf_view(&x->id), &b, err);
  if (rc)
    return rc;
  mlflow_put_point(b, p);
  x->rows++;
  if (sl_req_query(x->a.r)->kind != SL_Q_GET)
    return mlflow_ask_send(&x->a, false, err);
  struct sl_buf doc;
  sl_buf_init(&doc, 0);
  mlflow_point_doc(&doc, p);
  rc = doc.failed ? doc.failed : sl_req_doc(x->a.r, sl_buf_view(&doc));
  sl_buf_free(&doc);
  return rc;
}

static int on_point(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct series_ask *x = user;
  struct mlflow_point p = { .run = x->bulk ? sl_mlflow_text(n, "run_id") : x->pair[x->at].run,
                            .key = x->bulk ? x->h.key : x->pair[x->at].key };
  if (!sl_mlflow_num(n, "value", &p.value) || !mlflow_node_ms(n, "timestamp", &p.time))
    return sl_err_set(err, SL_EPROTO, "the server sent a point without value or time");
  if (!sl_mlflow_int(n, "step", &p.step))
    p.step = 0; /* unset is 0 in its protocol */
  if (x->h.buckets && x->h.key.p && x->h.n)
    return mlflow_history_add(&x->h, p.run, &p, err);
  return point_put(x, &p, err);
}

static int thin_put(void *user, const struct mlflow_point *p, struct sl_err *err)
{
  int rc = point_put(user, p, err);
  return rc == SL_EAGAIN ? SL_OK : rc;
}

/* The one metric of each run that was named. */
static int every_pair(struct series_ask *x, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < x->h.n && !rc; i++) {
    rc = sl_grow((void **)&x->pair, &x->cap_pair, x->npair + 1, sizeof *x->pair, PAIRS_MAX, err);
    if (!rc)
      x->pair[x->npair++] = (struct pair){ x->h.run[i].run, x->h.key };
  }
  return rc;
}

static void history_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct series_ask *x = (struct series_ask *)a;
  char n[16];
  (void)w;
  snprintf(n, sizeof n, "%d", HISTORY_PAGE);
  mlflow_param(query, "run_id", x->pair[x->at].run);
  mlflow_param(query, "metric_key", x->pair[x->at].key);
  mlflow_param(query, "max_results", sl_str(n));
  if (token.n)
    mlflow_param(query, "page_token", token);
}

static void history_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct series_ask *x = (struct series_ask *)a;
  x->at++;
  if (rc)
    mlflow_ask_end(a, rc, err);
  else
    next_history(x);
}

/* All have come; of the thinned ones nothing was sent yet. A reader that is full gets them all the same: they are few. */
static void histories_end(struct series_ask *x)
{
  struct sl_err e = { 0 };
  const struct sl_query *q = sl_req_query(x->a.r);
  int rc = mlflow_histories_each(&x->h, thin_put, x, &e);
  if (!rc && !x->rows && q->kind == SL_Q_GET)
    rc = sl_err_set(&e, SL_ENOENT, "no point has the id %.*s", SL_ARG(sl_str_head(q->scope, 80)));
  mlflow_ask_end(&x->a, rc, rc ? &e : NULL);
}

static void next_history(struct series_ask *x)
{
  static const struct mlflow_list history = { .path = "metrics/get-history", .list = "metrics", .what = "history of a metric",
                                              .page = history_page, .item = on_point, .end = history_end };
  if (x->at == x->npair)
    histories_end(x);
  else
    mlflow_ask_list(&x->a, &history);
}

/* ---- thinned by the server ---- */

static void next_bulk(struct series_ask *x);

static void bulk_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct series_ask *x = (struct series_ask *)a;
  char n[16];
  (void)token;
  (void)w;
  uint32_t most = x->h.buckets * 3;
  snprintf(n, sizeof n, "%u", most < BULK_POINTS ? most : BULK_POINTS);
  for (size_t i = x->at; i < x->h.n && i < x->at + BULK_RUNS; i++)
    mlflow_param(query, "run_ids", x->h.run[i].run);
  mlflow_param(query, "metric_key", x->h.key);
  mlflow_param(query, "max_results", sl_str(n));
}

/* Servers before 2.11 do not know the question: then one history after the other. */
static void bulk_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct series_ask *x = (struct series_ask *)a;
  struct sl_err e = { 0 };
  if (rc == SL_ENOENT && !x->at) {
    x->bulk = false;
    rc = every_pair(x, &e);
    if (rc)
      mlflow_ask_end(a, rc, &e);
    else
      next_history(x);
    return;
  }
  x->at += BULK_RUNS;
  if (rc)
    mlflow_ask_end(a, rc, err);
  else
    next_bulk(x);
}

static void next_bulk(struct series_ask *x)
{
  static const struct mlflow_list bulk = { .path = "metrics/get-history-bulk-interval", .list = "metrics", .what = "histories of a metric",
                                           .one_page = true, .page = bulk_page, .item = on_point, .end = bulk_end };
  if (x->at >= x->h.n)
    histories_end(x);
  else
    mlflow_ask_list(&x->a, &bulk);
}

/* ---- the request ---- */

static void start(struct mlflow_ask *a)
{
  static const struct mlflow_list all = { .path = "experiments/search", .list = "experiments", .what = "experiments", .post = true,
                                          .page = experiments_page, .item = on_experiment, .end = experiments_end };
  static const struct mlflow_list one = { .path = "runs/get", .list = "run", .what = "run", .page = run_page, .item = on_run,
                                          .end = runs_end };
  struct series_ask *x = (struct series_ask *)a;
  struct sl_err e = { 0 };
  int rc = mlflow_histories_read(&x->h, sl_req_query(a->r), &e);
  if (!rc && x->h.n > 1 && !x->h.key.p)
    rc = sl_err_set(&e, SL_EUSAGE, "histories of several runs need the metric's name: --filter \"name = 'loss'\"");
  x->bulk = x->h.n > 1 && x->h.buckets;
  if (!rc && x->h.n > 1 && !x->bulk)
    rc = every_pair(x, &e);
  if (!rc && sl_req_head(a->r, NULL, 0, -1) == SL_ECANCELED)
    rc = SL_ECANCELED;
  if (rc)
    mlflow_ask_end(a, rc, &e);
  else if (x->bulk)
    next_bulk(x);
  else if (x->h.n > 1)
    next_history(x);
  else
    mlflow_ask_list(a, scope_run(a).n ? &one : &all);
}

static int series_query(struct sl_req *r, struct sl_err *err)
{
  struct series_ask *x = sl_req_state(r);
  const struct mlflow *m = sl_backend_state(sl_req_backend(r));
  if (!m->rest)
    return mlflow_store_start(r, m->folder ? mlflow_files_series : mlflow_store_series, err);
  sl_arena_init(&x->mem, 0);
  sl_map_init(&x->experiments);
  sl_buf_init(&x->id, 0);
  x->a.drop = drop;
  return mlflow_ask_begin(r, start, err);
}

const struct sl_serve mlflow_serve_series = {
  .res = &sl_res_series,
  .req_size = sizeof(struct series_ask),
  .query = series_query,
  .resume = mlflow_ask_resume,
  .cancel = mlflow_ask_cancel,
};
