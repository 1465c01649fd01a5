/* backends/mlflow/artifact_bytes.c: the bytes of a server's artifact, counted: nothing stands in memory. */
#include <inttypes.h>
#include <stdio.h>

#include "backend_mlflow/artifact_rest_int.h"
#include "base/fmt.h"

enum { BAD_MAX = 64 << 10 };

static void read_head(void *user, const struct sl_http_info *i)
{
  struct art_ask *x = user;
  x->refused = i->status != 200 && i->status != 206;
  x->skip = i->status == 206 ? 0 : x->off;
}

static int read_data(void *user, const void *p, size_t n)
{
  struct art_ask *x = user;
  const char *at = p;
  sl_req_touch(x->a.r, n);
  if (x->refused) {
    if (x->a.bad.n < BAD_MAX / 2)
      sl_buf_add(&x->a.bad, p, n < BAD_MAX / 4 ? n : BAD_MAX / 4);
    return SL_OK;
  }
  size_t drop = x->skip < n ? (size_t)x->skip : n;
  x->skip -= drop;
  at += drop;
  n -= drop;
  size_t give = x->left < n ? (size_t)x->left : n;
  x->left -= give;
  x->got += give;
  int rc = give ? sl_req_bytes(x->a.r, at, give) : SL_OK;
  if (rc && rc != SL_EAGAIN) {
    x->a.rc = rc;
    return rc;
  }
  if (give < n && x->size >= 0 && x->off + x->got >= (uint64_t)x->size)
    return x->a.rc = sl_err_set(&x->a.err, SL_ECONFLICT, "the server sent more than the %" PRId64 " bytes that it listed: the file was "
                                "changed meanwhile; read it again", x->size);
  if (!x->left && (x->size < 0 || x->off + x->got < (uint64_t)x->size)) {
    x->enough = true; /* the rest is not wanted */
    return SL_ECANCELED;
  }
  return rc;
}

/* How many bytes should have come; -1: nobody says. */
static int64_t expected(const struct art_ask *x)
{
  if (x->size < 0)
    return -1;
  uint64_t size = (uint64_t)x->size, rest = x->off < size ? size - x->off : 0;
  return (int64_t)(x->len < rest ? x->len : rest);
}

static int count(const struct art_ask *x, struct sl_err *err)
{
  int64_t want = expected(x);
  if (want < 0 || x->got == (uint64_t)want)
    return SL_OK;
  return sl_err_set(err, SL_EPARTIAL, "the server broke off: %" PRIu64 " of %" PRId64 " bytes came (it lists %" PRId64 "); try again",
                    x->got, want, x->size);
}

static void read_done(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err)
{
  struct art_ask *x = user;
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  (void)body;
  x->a.http = NULL;
  if (x->a.over)
    return;
  if (x->a.rc) {
    rc = x->a.rc;
    e = x->a.err;
  } else if (x->enough)
    rc = SL_OK;
  else if (!rc && x->refused) {
    rc = mlflow_conn_explain(x->a.m, i, x->a.bad.p ? sl_buf_view(&x->a.bad) : SL_STR_NONE, "artifact", &e);
    if (x->in == ART_RUN && !x->detour && (i->status == 404 || i->status == 405)) {
      sl_buf_free(&x->a.bad);
      x->bad = e;
      mlflow_art_detour(x);
      return;
    }
  } else if (!rc)
    rc = count(x, &e);
  else if (x->got && rc == SL_ENET)
    rc = sl_err_set(&e, SL_EPARTIAL, "the connection broke after %" PRIu64 " bytes%s; try again", x->got, x->size >= 0 ? " of it" : "");
  sl_buf_free(&x->a.bad);
  if (rc)
    mlflow_conn_failed(x->a.m, rc, &e);
  mlflow_ask_end(&x->a, rc, &e);
}

static void read_resume(struct mlflow_ask *a)
{
  if (a->http)
    sl_http_resume(a->http);
}

static void put_path(struct sl_buf *url, struct sl_str path)
{
  struct sl_str part;
  while (sl_str_cut(&path, '/', &part)) {
    sl_buf_ch(url, '/');
    sl_fmt_percent(url, part);
  }
}

static int url_make(const struct art_ask *x, struct sl_buf *url, struct sl_err *err)
{
  sl_buf_z(url, x->a.m->rest->base);
  if (x->in == ART_RUN) {
    sl_buf_z(url, "/get-artifact?");
    mlflow_param(url, "run_id", x->id);
    mlflow_param(url, "path", x->path);
  } else if (x->in == ART_MODEL) {
    sl_buf_printf(url, "/ajax-api/2.0/mlflow/logged-models/%.*s/artifacts/files?", SL_ARG(x->id));
    mlflow_param(url, "artifact_file_path", x->path);
  } else {
    sl_buf_z(url, "/api/2.0/mlflow-artifacts/artifacts");
    put_path(url, x->path);
  }
  if (url->n && url->p[url->n - 1] == '&')
    sl_buf_cut(url, url->n - 1);
  return sl_buf_check(url, err);
}

static int range_add(struct art_ask *x, struct sl_err *err)
{
  char range[64];
  int64_t want = expected(x);
  if (want < 0 || (uint64_t)want == (uint64_t)x->size)
    return SL_OK;
  snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, x->off, x->off + (uint64_t)want - 1);
  return sl_http_header(x->a.http, "Range", sl_str(range), err);
}

static int begin(struct art_ask *x, struct sl_err *err)
{
  static const struct sl_http_ops ops = { .head = read_head, .data = read_data, .done = read_done };
  struct sl_buf url;
  sl_buf_init(&url, 0);
  int rc = url_make(x, &url, err);
  struct sl_http_req req = { .method = "GET", .url = url.p, .repeatable = true, .idle_ms = x->a.m->timeout_ms, .max_body = SIZE_MAX };
  rc = rc ? rc : sl_http_new(&x->a.http, x->a.m->rest->pool, &req, &ops, x, err);
  if (!rc) {
    rc = sl_http_header(x->a.http, "Accept-Encoding", SL_STR("identity"), err); /* sizes are compared */
    rc = rc ? rc : range_add(x, err);
    rc = rc ? rc : mlflow_conn_sign(x->a.m, x->a.http, err);
    if (rc)
      sl_http_cancel(x->a.http);
    rc = rc ? rc : sl_http_start(x->a.http, err);
  }
  if (rc)
    x->a.http = NULL;
  sl_buf_free(&url);
  return rc;
}

void mlflow_art_read(struct art_ask *x)
{
  struct sl_err e = { 0 };
  if (x->size >= 0)
    sl_req_size(x->a.r, x->size);
  if (!x->len || expected(x) == 0) { /* only its size was asked for, or there is nothing */
    mlflow_ask_end(&x->a, SL_OK, NULL);
    return;
  }
  x->left = x->len;
  if (expected(x) >= 0)
    x->left = (uint64_t)expected(x);
  x->got = 0;
  x->enough = x->refused = false;
  x->a.rc = SL_OK;
  x->a.go_on = read_resume;
  sl_buf_init(&x->a.bad, BAD_MAX);
  int rc = begin(x, &e);
  if (rc)
    mlflow_ask_end(&x->a, rc, &e);
}
