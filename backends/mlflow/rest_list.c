/* backends/mlflow/rest_list.c: listings of a server, page by page, under every guard that a server makes necessary: endless pages, tokens
 * that come again, answers that are HTML, that stop in the middle, that never end. */
#include <stdio.h>

#include "backend_mlflow/rest_conn_int.h"
#include "backend_mlflow/rest_int.h"
#include "base/fmt.h"

enum { BAD_MAX = 64 << 10, BAD_BYTES_MAX = 4 << 20, PAGES_MAX = 100000, TOKEN_MAX = 128 << 10 };
static const uint64_t page_bytes_max = (uint64_t)512 << 20;

static void page_next(struct mlflow_ask *a);

static void page_drop(struct mlflow_ask *a)
{
  sl_mlflow_page_free(a->page);
  a->page = NULL;
  sl_buf_free(&a->bad);
}

static void list_drop(struct mlflow_ask *a)
{
  page_drop(a);
  sl_map_free(&a->seen);
  sl_buf_free(&a->token);
  a->listing = false;
}

static void list_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  list_drop(a);
  a->l.end(a, rc, err);
}

void mlflow_ask_list_end(struct mlflow_ask *a, int rc, const struct sl_err *err) { list_end(a, rc, err); }

/* ---- a page ---- */

static bool is_json(struct sl_str type)
{
  return sl_str_find(type, SL_STR("json")) >= 0;
}

static void on_head(void *user, const struct sl_http_info *i)
{
  struct mlflow_ask *a = user;
  a->bytes = 0;
  a->streaming = i->status == 200 && is_json(i->content_type);
  a->html = i->status == 200 && !a->streaming;
}

static int stop(struct mlflow_ask *a, int rc)
{
  if (rc && rc != SL_EAGAIN && !a->rc)
    a->rc = rc;
  a->paused = rc == SL_EAGAIN;
  return rc;
}

static int on_data(void *user, const void *p, size_t n)
{
  struct mlflow_ask *a = user;
  sl_req_touch(a->r, n);
  a->bytes += n;
  if (!a->streaming) {
    if (a->bad.n < BAD_MAX / 2)
      sl_buf_add(&a->bad, p, n < BAD_MAX / 4 ? n : BAD_MAX / 4);
    return a->bytes > BAD_BYTES_MAX ? SL_ELIMIT : SL_OK;
  }
  if (a->bytes > page_bytes_max)
    return stop(a, sl_err_set(&a->err, SL_ELIMIT, "one page of %s is larger than %llu MiB", a->l.what,
                              (unsigned long long)(page_bytes_max >> 20)));
  return stop(a, sl_mlflow_page_feed(a->page, p, n, &a->err));
}

static int token_check(struct mlflow_ask *a, struct sl_str token, struct sl_err *err)
{
  if (sl_map_get(&a->seen, token, NULL))
    return sl_err_set(err, SL_EPROTO, "the server repeats a page token of %s for ever; what came until then is shown", a->l.what);
  if (++a->pages > PAGES_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d pages of %s", PAGES_MAX, a->l.what);
  return sl_map_put(&a->seen, token, 0, NULL, err);
}

void mlflow_cuts_words(uint64_t cuts, char *out, size_t n)
{
  snprintf(out, n, "%llu value%s too long to be shown whole", (unsigned long long)cuts, cuts == 1 ? " is" : "s are");
}

/* Rows with values that were cut are not the whole truth; an action's look at its target is another matter. */
static void cuts_tell(struct mlflow_ask *a)
{
  char note[90];
  a->cuts += sl_mlflow_page_cuts(a->page);
  if (!a->cuts || !sl_req_query(a->r))
    return;
  mlflow_cuts_words(a->cuts, note, sizeof note);
  sl_req_cut(a->r, note);
}

/* The page is whole: another, or the end. */
static void page_done(struct mlflow_ask *a)
{
  struct sl_err e = { 0 };
  struct sl_str token = SL_STR_NONE;
  int rc = sl_mlflow_page_end(a->page, &e);
  a->m->rest->proved = true;
  a->renewed = false;
  cuts_tell(a);
  if (!rc && (rc = mlflow_ask_send(a, true, &e)) == SL_EAGAIN) /* whoever looks sees a page as soon as it is here; the next one waits */
    rc = SL_OK;
  if (!rc && sl_mlflow_page_items(a->page))
    token = a->l.one_page ? SL_STR_NONE : sl_mlflow_page_token(a->page);
  if (!rc && token.n)
    rc = token_check(a, token, &e);
  if (rc || !token.n) {
    list_end(a, rc, &e);
    return;
  }
  sl_buf_clear(&a->token);
  sl_buf_str(&a->token, token);
  rc = sl_buf_check(&a->token, &e);
  page_drop(a);
  if (rc)
    list_end(a, rc, &e);
  else
    page_next(a);
}

/* A token of an hour, in a listing of two: the secret is fetched anew, once a page, and the page asked for again. */
static bool renew(struct mlflow_ask *a)
{
  struct sl_err e = { 0 };
  if (a->renewed || a->over || !mlflow_conn_renew(a->m, a->generation))
    return false;
  a->renewed = true;
  a->start = page_next;
  page_drop(a);
  int rc = mlflow_conn_wait(a, &e);
  if (rc)
    list_end(a, rc, &e);
  return true;
}

static void on_done(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err)
{
  struct mlflow_ask *a = user;
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  (void)body;
  a->http = NULL;
  if (a->rc) {
    e = a->err;
    rc = a->rc;
  } else if (!rc && i->status == 401 && renew(a)) {
    return;
  } else if (a->bad.n || (!rc && (i->status != 200 || a->html)))
    rc = mlflow_conn_explain(a->m, i, a->bad.p ? sl_buf_view(&a->bad) : SL_STR_NONE, a->l.what, &e);
  if (a->over)
    return;
  if (rc) {
    mlflow_conn_failed(a->m, rc, &e);
    list_end(a, rc, &e);
    return;
  }
  page_done(a);
}

static int request_make(struct mlflow_ask *a, struct sl_err *err)
{
  static const struct sl_http_ops ops = { .head = on_head, .data = on_data, .done = on_done };
  struct sl_buf url, body;
  sl_buf_init(&url, 0);
  sl_buf_init(&body, 0);
  struct sl_jw w = sl_jw(&body, false);
  sl_buf_printf(&url, "%s%s%s?", a->m->rest->base, a->l.path[0] == '/' ? "" : "/api/2.0/mlflow/", a->l.path);
  if (a->l.post)
    sl_jw_obj(&w);
  a->l.page(a, a->token.n ? sl_buf_view(&a->token) : SL_STR_NONE, &url, &w);
  if (a->l.post)
    sl_jw_end_obj(&w);
  if (url.n && (url.p[url.n - 1] == '?' || url.p[url.n - 1] == '&'))
    sl_buf_cut(&url, url.n - 1);
  int rc = sl_buf_check(&url, err);
  rc = rc ? rc : sl_buf_check(&body, err);
  struct sl_http_req req = { .method = a->l.post ? "POST" : "GET", .url = url.p, .body = a->l.post ? sl_buf_view(&body) : SL_STR_NONE,
                             .repeatable = true, .idle_ms = a->m->timeout_ms };
  rc = rc ? rc : sl_http_new(&a->http, a->m->rest->pool, &req, &ops, a, err);
  if (!rc && a->l.post)
    rc = sl_http_header(a->http, "Content-Type", SL_STR("application/json"), err);
  rc = rc ? rc : mlflow_conn_sign(a->m, a->http, err);
  if (rc && a->http) {
    sl_http_cancel(a->http);
    a->http = NULL;
  }
  rc = rc ? rc : sl_http_start(a->http, err);
  if (rc)
    a->http = NULL;
  sl_buf_free(&url);
  sl_buf_free(&body);
  return rc;
}

static void page_next(struct mlflow_ask *a)
{
  struct sl_err e = { 0 };
  a->rc = SL_OK;
  a->generation = a->m->rest->generation;
  sl_buf_init(&a->bad, BAD_MAX);
  int rc = sl_mlflow_page_open(&a->page, a->l.list, a->l.item, a, &e);
  rc = rc ? rc : request_make(a, &e);
  if (rc)
    list_end(a, rc, &e);
}

void mlflow_ask_list(struct mlflow_ask *a, const struct mlflow_list *l)
{
  a->l = *l;
  a->pages = 0;
  a->listing = true;
  a->renewed = false;
  sl_map_init(&a->seen);
  sl_buf_init(&a->token, TOKEN_MAX);
  page_next(a);
}

/* ---- the request ---- */

int mlflow_ask_begin(struct sl_req *r, void (*start)(struct mlflow_ask *a), struct sl_err *err)
{
  struct mlflow_ask *a = sl_req_state(r);
  a->m = sl_backend_state(sl_req_backend(r));
  if (!a->m->rest)
    return sl_err_set(err, SL_EUNSUP, "MLflow's old file store is only read here; start a server on a database for that");
  a->r = r;
  a->start = start;
  return mlflow_conn_wait(a, err);
}

void mlflow_ask_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct sl_req *r = a->r;
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  if (!rc && (rc = mlflow_ask_send(a, true, &e)) == SL_EAGAIN)
    rc = SL_OK;
  else if (rc && rc != SL_ECANCELED && rc != SL_ENOMEM) /* what came until then is worth having; the error says that it is not all */
    (void)!mlflow_ask_send(a, true, NULL);
  if (!rc)
    mlflow_conn_fine(a->m);
  a->over = true;
  sl_batch_unref(a->b);
  a->b = NULL;
  if (a->drop)
    a->drop(a);
  sl_req_end(r, rc, &e);
}

void mlflow_ask_handed(struct mlflow_ask *a)
{
  mlflow_conn_fine(a->m);
  a->over = true;
  sl_batch_unref(a->b);
  a->b = NULL;
  if (a->drop)
    a->drop(a);
}

void mlflow_ask_resume(struct sl_req *r)
{
  struct mlflow_ask *a = sl_req_state(r);
  if (!a->m || a->over)
    return;
  if (!a->page) {
    if (a->go_on)
      a->go_on(a);
    return;
  }
  if (!a->paused || !a->http)
    return;
  a->paused = false;
  int rc = stop(a, sl_mlflow_page_go(a->page, &a->err));
  if (!rc) {
    sl_http_resume(a->http);
  } else if (rc != SL_EAGAIN) {
    sl_http_cancel(a->http);
    a->http = NULL;
    list_end(a, rc, &a->err);
  }
}

void mlflow_ask_cancel(struct sl_req *r)
{
  struct mlflow_ask *a = sl_req_state(r);
  if (a->over || !a->m)
    return;
  mlflow_conn_unwait(a);
  if (a->http)
    sl_http_cancel(a->http);
  a->http = NULL;
  list_drop(a);
  mlflow_ask_end(a, SL_ECANCELED, NULL);
}

/* ---- rows ---- */

struct sl_batch *mlflow_ask_batch(struct mlflow_ask *a)
{
  if (!a->b && sl_batch_new(&a->b, sl_req_schema(a->r), NULL))
    a->b = NULL;
  return a->b;
}

int mlflow_ask_send(struct mlflow_ask *a, bool all, struct sl_err *err)
{
  if (!a->b || !(all || sl_batch_full(a->b)))
    return SL_OK;
  struct sl_batch *b = a->b;
  a->b = NULL;
  int rc = sl_req_rows(a->r, &b);
  return rc && rc != SL_EAGAIN ? sl_err_set(err, rc, "%s", sl_code_words(rc)) : rc;
}

int mlflow_ask_doc(struct mlflow_ask *a, const struct sl_mlflow_node *n)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  struct sl_jw w = sl_jw(&b, false);
  sl_mlflow_json(&w, n);
  int rc = b.failed ? b.failed : sl_req_doc(a->r, sl_buf_view(&b));
  sl_buf_free(&b);
  return rc;
}

void mlflow_param(struct sl_buf *query, const char *name, struct sl_str value)
{
  sl_buf_printf(query, "%s=", name);
  sl_fmt_percent(query, value);
  sl_buf_ch(query, '&');
}

int mlflow_ask_row(struct mlflow_ask *a, struct sl_str id, struct sl_batch **b, struct sl_err *err)
{
  *b = mlflow_ask_batch(a);
  if (!*b)
    return sl_err_nomem(err);
  sl_batch_row(*b, SL_PUT, id);
  return SL_OK;
}

void mlflow_body_text(struct sl_jw *w, const char *key, struct sl_str s)
{
  if (!s.n)
    return;
  sl_jw_key(w, sl_str(key));
  sl_jw_str(w, s);
}

void mlflow_body_int(struct sl_jw *w, const char *key, int64_t v)
{
  sl_jw_key(w, sl_str(key));
  sl_jw_i64(w, v);
}

bool mlflow_node_ms(const struct sl_mlflow_node *n, const char *key, sl_ms *out)
{
  return sl_mlflow_int(n, key, out);
}
