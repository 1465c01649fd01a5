/* backends/mlflow/runs_rest.c: runs of a server: first its experiments (their names, and which to search), then the runs. */
#include "backend_mlflow/files_int.h"
#include "backend_mlflow/rest_int.h"
#include "backend_mlflow/runs_int.h"
#include "backend_mlflow/write_int.h"

/* A server takes about a millisecond a run, and answers a page at once: a short first one is on the screen long before a full one is. */
enum { FIRST_PAGE = 100 };

struct runs_ask {
  struct mlflow_ask a;
  struct sl_arena mem;
  struct sl_map names;              /* experiment's id -> struct sl_str *, its name */
  struct sl_buf filter;
  bool exact, ordered, by_name;
  sl_ms now;
  uint64_t rows;
};

static void drop(struct mlflow_ask *a)
{
  struct runs_ask *x = (struct runs_ask *)a;
  sl_map_free(&x->names);
  sl_arena_free(&x->mem);
  sl_buf_free(&x->filter);
}

/* ---- rows ---- */

struct mlflow_run mlflow_node_run(const struct sl_mlflow_node *n)
{
  const struct sl_mlflow_node *info = sl_mlflow_get(n, "info");
  struct mlflow_run r = { .id = sl_mlflow_text(info, "run_id"), .name = sl_mlflow_text(info, "run_name"),
                          .status = sl_mlflow_text(info, "status"), .user = sl_mlflow_text(info, "user_id"),
                          .lifecycle = sl_mlflow_text(info, "lifecycle_stage"), .artifacts = sl_mlflow_text(info, "artifact_uri") };
  if (!r.id.n)
    r.id = sl_mlflow_text(info, "run_uuid");
  r.has_start = mlflow_node_ms(info, "start_time", &r.start);
  r.has_end = mlflow_node_ms(info, "end_time", &r.end);
  return r;
}

static void put_family(struct sl_batch *b, unsigned col, const struct sl_mlflow_node *list)
{
  for (const struct sl_mlflow_node *c = list ? list->child : NULL; c; c = c->next) {
    struct sl_str key = sl_mlflow_text(c, "key"), value = sl_mlflow_text(c, "value");
    double f;
    if (!key.p)
      continue;
    if (col == RUN_METRICS) {
      if (sl_mlflow_num(c, "value", &f))
        mlflow_put_metric(b, key, f);
    } else if (value.p)
      sl_batch_key(b, col, key, sl_vs(value));
  }
}

static void put_inputs(struct sl_batch *b, const struct sl_mlflow_node *list)
{
  struct sl_buf items;
  sl_buf_init(&items, 1 << 20);
  for (const struct sl_mlflow_node *c = list ? list->child : NULL; c; c = c->next) {
    const struct sl_mlflow_node *d = sl_mlflow_get(c, "dataset");
    if (d)
      mlflow_input_add(&items, sl_mlflow_text(d, "name"), sl_mlflow_text(d, "source"));
  }
  if (items.n && !items.failed)
    sl_batch_set(b, RUN_INPUTS, sl_vas(SL_LIST, sl_buf_view(&items)));
  sl_buf_free(&items);
}

static struct sl_str tag_of(const struct sl_mlflow_node *data, const char *key)
{
  const struct sl_mlflow_node *tags = sl_mlflow_get(data, "tags");
  for (const struct sl_mlflow_node *t = tags ? tags->child : NULL; t; t = t->next)
    if (sl_str_eqz(sl_mlflow_text(t, "key"), key))
      return sl_mlflow_text(t, "value");
  return SL_STR_NONE;
}

static int put_row(struct runs_ask *x, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct mlflow_run r = mlflow_node_run(n);
  const struct sl_mlflow_node *data = sl_mlflow_get(n, "data");
  r.parent = tag_of(data, MLFLOW_PARENT_TAG);
  struct sl_batch *b = NULL;
  uint64_t name = 0;
  if (!r.id.n)
    return sl_err_set(err, SL_EPROTO, "the server sent a run without an id");
  if (sl_map_get(&x->names, sl_mlflow_text(sl_mlflow_get(n, "info"), "experiment_id"), &name) && name)
    r.experiment = *(const struct sl_str *)(uintptr_t)name;
  int rc = mlflow_ask_row(&x->a, r.id, &b, err);
  if (rc)
    return rc;
  mlflow_put_run(b, &r, x->now);
  put_family(b, RUN_PARAMS, sl_mlflow_get(data, "params"));
  put_family(b, RUN_METRICS, sl_mlflow_get(data, "metrics"));
  put_family(b, RUN_TAGS, sl_mlflow_get(data, "tags"));
  put_inputs(b, sl_mlflow_get(sl_mlflow_get(n, "inputs"), "dataset_inputs"));
  x->rows++;
  return SL_OK;
}

static int on_run(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct runs_ask *x = user;
  int rc = put_row(x, n, err);
  return rc ? rc : mlflow_ask_send(&x->a, false, err);
}

/* ---- the search ---- */

static void runs_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct runs_ask *x = (struct runs_ask *)a;
  const struct sl_query *q = sl_req_query(a->r);
  bool limited = q->limit && q->limit < MLFLOW_PAGE && x->exact && x->ordered;
  (void)query;
  sl_jw_key(w, SL_STR("experiment_ids"));
  sl_jw_arr(w);
  for (size_t i = 0; i < sl_map_count(&x->names); i++)
    sl_jw_str(w, sl_map_key(&x->names, i));
  sl_jw_end_arr(w);
  mlflow_body_text(w, "filter", sl_buf_view(&x->filter));
  mlflow_body_text(w, "run_view_type", q->deleted ? SL_STR("ALL") : SL_STR("ACTIVE_ONLY"));
  mlflow_body_int(w, "max_results", limited ? (int64_t)q->limit : token.n ? MLFLOW_PAGE : FIRST_PAGE);
  if (x->ordered && q->order) {
    sl_jw_key(w, SL_STR("order_by"));
    sl_jw_arr(w);
    sl_mlflow_rest_order(w, q->order);
    sl_jw_end_arr(w);
  }
  mlflow_body_text(w, "page_token", token);
}

static void search(struct runs_ask *x)
{
  static const struct mlflow_list list = { .path = "runs/search", .list = "runs", .what = "runs", .post = true, .page = runs_page,
                                           .item = on_run, .end = mlflow_ask_end };
  unsigned did = (x->exact ? SL_DID_WHERE : 0) | (x->ordered ? SL_DID_ORDER : 0);
  if (sl_req_head(x->a.r, NULL, did, -1) == SL_ECANCELED || !sl_map_count(&x->names))
    mlflow_ask_end(&x->a, SL_OK, NULL);
  else
    mlflow_ask_list(&x->a, &list);
}

static void push_down(struct runs_ask *x)
{
  const struct sl_query *q = sl_req_query(x->a.r);
  struct sl_buf scratch;
  sl_buf_init(&scratch, 0);
  struct sl_jw w = sl_jw(&scratch, false);
  x->exact = sl_mlflow_rest_where(&x->filter, q->where, sl_req_schema(x->a.r));
  sl_jw_arr(&w);
  x->ordered = sl_mlflow_rest_order(&w, q->order);
  sl_buf_free(&scratch);
}

/* ---- experiments ---- */

static int name_keep(struct runs_ask *x, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct sl_str name = sl_mlflow_text(n, "name");
  struct sl_str *at = sl_arena_alloc(&x->mem, sizeof *at);
  char *copy = sl_arena_strndup(&x->mem, name.n ? name.p : "", name.n);
  if (!at || !copy)
    return sl_err_nomem(err);
  *at = sl_strn(copy, name.n);
  return sl_map_put(&x->names, sl_mlflow_text(n, "experiment_id"), (uint64_t)(uintptr_t)at, NULL, err);
}

static int on_experiment(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  return name_keep(user, n, err);
}

static void all_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  (void)query;
  mlflow_body_experiments(w, sl_req_query(a->r)->deleted ? "ALL" : "ACTIVE_ONLY", token);
}

static void one_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct runs_ask *x = (struct runs_ask *)a;
  (void)token;
  (void)w;
  mlflow_param(query, x->by_name ? "experiment_name" : "experiment_id", sl_req_query(a->r)->scope);
}

static void experiments_end(struct mlflow_ask *a, int rc, const struct sl_err *err);

static void ask_experiment(struct runs_ask *x)
{
  struct mlflow_list list = { .path = x->by_name ? "experiments/get-by-name" : "experiments/get", .list = "experiment",
                              .what = "experiment", .page = one_page, .item = on_experiment, .end = experiments_end };
  mlflow_ask_list(&x->a, &list);
}

static void experiments_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct runs_ask *x = (struct runs_ask *)a;
  struct sl_str scope = sl_req_query(a->r)->scope;
  struct sl_err e;
  if (rc == SL_ENOENT && scope.n && !x->by_name) { /* no id; a name of digits, then */
    x->by_name = true;
    ask_experiment(x);
    return;
  }
  if (rc == SL_ENOENT) {
    sl_err_set(&e, SL_ENOENT, "no experiment has the id or name %.*s (sluice get experiments lists them)", SL_ARG(sl_str_head(scope, 80)));
    err = &e;
  }
  if (rc)
    mlflow_ask_end(a, rc, err);
  else
    search(x);
}

/* ---- one run ---- */

static void run_param(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  (void)token;
  (void)w;
  mlflow_param(query, "run_id", sl_req_query(a->r)->scope);
}

static void its_experiment(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct runs_ask *x = (struct runs_ask *)a;
  (void)token;
  (void)w;
  mlflow_param(query, "experiment_id", sl_buf_view(&x->filter));
}

static int on_its_experiment(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct runs_ask *x = user;
  struct sl_batch *b = mlflow_ask_batch(&x->a);
  if (!b)
    return sl_err_nomem(err);
  sl_batch_set(b, RUN_EXPERIMENT, sl_vs(sl_mlflow_text(n, "name")));
  return SL_OK;
}

static int on_one(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct runs_ask *x = user;
  sl_buf_str(&x->filter, sl_mlflow_text(sl_mlflow_get(n, "info"), "experiment_id"));
  int rc = put_row(x, n, err);
  return rc ? rc : mlflow_ask_doc(&x->a, n);
}

static void one_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct runs_ask *x = (struct runs_ask *)a;
  struct mlflow_list list = { .path = "experiments/get", .list = "experiment", .what = "experiment", .page = its_experiment,
                              .item = on_its_experiment, .end = mlflow_ask_end };
  if (rc || !x->rows)
    mlflow_ask_end(a, rc, err);
  else
    mlflow_ask_list(a, &list);
}

/* ---- the request ---- */

static void start(struct mlflow_ask *a)
{
  struct runs_ask *x = (struct runs_ask *)a;
  const struct sl_query *q = sl_req_query(a->r);
  int64_t number;
  static const struct mlflow_list one = { .path = "runs/get", .list = "run", .what = "run", .page = run_param, .item = on_one,
                                          .end = one_end };
  static const struct mlflow_list all = { .path = "experiments/search", .list = "experiments", .what = "experiments", .post = true,
                                          .page = all_page, .item = on_experiment, .end = experiments_end };
  x->now = sl_loop_wall(sl_backend_loop(a->m->b));
  if (q->kind == SL_Q_GET) {
    if (sl_req_head(a->r, NULL, 0, -1) == SL_ECANCELED)
      mlflow_ask_end(a, SL_ECANCELED, NULL);
    else
      mlflow_ask_list(a, &one);
    return;
  }
  push_down(x);
  x->by_name = !sl_str_i64(q->scope, &number);
  if (q->scope.n)
    ask_experiment(x);
  else
    mlflow_ask_list(a, &all);
}

static int runs_query(struct sl_req *r, struct sl_err *err)
{
  struct runs_ask *x = sl_req_state(r);
  const struct mlflow *m = sl_backend_state(sl_req_backend(r));
  if (!m->rest)
    return mlflow_store_start(r, m->folder ? mlflow_files_runs : mlflow_store_runs, err);
  sl_arena_init(&x->mem, 0);
  sl_map_init(&x->names);
  sl_buf_init(&x->filter, 0);
  x->a.drop = drop;
  return mlflow_ask_begin(r, start, err);
}

const struct sl_serve mlflow_serve_runs = {
  .res = &sl_res_runs,
  .own = mlflow_run_cols,
  .nown = MLFLOW_RUN_COLS,
  .verbs = mlflow_run_verbs,
  .nverbs = MLFLOW_RUN_VERBS,
  .req_size = sizeof(struct runs_ask),
  .query = runs_query,
  .resume = mlflow_ask_resume,
  .cancel = mlflow_ask_cancel,
};
