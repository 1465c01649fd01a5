/* backends/mlflow/artifacts.c: files of runs and models as the resource `objects`, and the port of their bytes. */
#include "backend_mlflow/artifact_rest_int.h"

int mlflow_address_bad(struct sl_str uri, struct sl_err *err)
{
  return sl_err_set(err, SL_EUSAGE, "%.*s is no address here; write runs:/ID/path, models:/NAME/3/path, models:/NAME@alias/path or "
                    "models:/m-ID/path", SL_ARG(sl_str_head(uri, 100)));
}

static bool is_hex(struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++)
    if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
      return false;
  return s.n == 32;
}

int mlflow_address_of(struct sl_str scope, struct sl_buf *out, struct sl_err *err)
{
  uint64_t version;
  ptrdiff_t slash = sl_str_rchr(scope, '/');
  struct sl_mlflow_address at;
  if (sl_mlflow_address(scope, &at))
    sl_buf_z(out, "");
  else if (is_hex(scope))
    sl_buf_z(out, "runs:/");
  else if (slash > 0 && sl_str_u64(sl_str_from(scope, (size_t)slash + 1), &version))
    sl_buf_z(out, "models:/");
  while (scope.n && scope.p[scope.n - 1] == '/')
    scope.n--;
  sl_buf_str(out, scope);
  return sl_buf_check(out, err);
}

static int begin(struct sl_req *r, struct sl_str uri, struct sl_err *err)
{
  const struct mlflow *m = sl_backend_state(sl_req_backend(r));
  struct art_ask *x = sl_req_state(r);
  if (!uri.n)
    return sl_err_set(err, SL_EUSAGE, "artifacts of what? write runs:/ID, models:/NAME/3 or models:/NAME@alias");
  if (!m->rest)
    return mlflow_store_start(r, mlflow_store_artifacts, err);
  sl_arena_init(&x->mem, 0);
  sl_buf_init(&x->uri, 64 << 10);
  x->size = -1;
  x->a.drop = mlflow_art_drop;
  int rc = mlflow_address_of(uri, &x->uri, err);
  rc = rc ? rc : mlflow_ask_begin(r, mlflow_art_start, err);
  if (rc)
    mlflow_art_drop(&x->a);
  return rc;
}

static int nothing(struct sl_feed *f, void *user, struct sl_err *err)
{
  (void)user;
  (void)err;
  return sl_feed_head(f, NULL, 0, 0);
}

/* Asked together with every storage for what lies at the top: artifacts begin below a run or a version. */
static int objects_query(struct sl_req *r, struct sl_err *err)
{
  static const struct sl_feed_ops none = {.work = nothing};
  if (!sl_req_query(r)->scope.n)
    return sl_req_work(r, SL_LANE_FILE, &none, NULL, err);
  return begin(r, sl_req_query(r)->scope, err);
}

static int bytes_begin(struct sl_req *r, struct sl_err *err)
{
  const struct mlflow *m = sl_backend_state(sl_req_backend(r));
  if (m->rest) {
    struct art_ask *x = sl_req_state(r);
    x->reading = true;
    x->off = sl_req_off(r);
    x->len = sl_req_len(r);
  }
  return begin(r, sl_req_uri(r), err);
}

const struct sl_serve mlflow_serve_objects = {
  .res = &sl_res_objects,
  .req_size = sizeof(struct art_ask),
  .query = objects_query,
  .resume = mlflow_ask_resume,
  .cancel = mlflow_ask_cancel,
};

const struct sl_bytes_ops mlflow_bytes = {
  .port = { .req_size = sizeof(struct art_ask), .resume = mlflow_ask_resume, .cancel = mlflow_ask_cancel },
  .stat = bytes_begin,
  .read = bytes_begin,
};
