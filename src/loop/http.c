/* loop/http.c: one request from being built to its one done().
 *
 * An attempt is: look the name up -> curl connects -> the answer comes. What fails and may be repeated goes through a back-off to a new
 * attempt with a fresh curl handle; nothing of the old one is kept. */
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "base/trace.h"
#include "loop/http_priv.h"

enum { CONNECT_MS = 10000, IDLE_MS = 30000, TRIES = 4, BODY_MAX = 64 << 20 };

void http_release(struct sl_http *h)
{
  curl_slist_free_all(h->headers);
  curl_slist_free_all(h->resolve);
  sl_buf_wipe(&h->body);
  sl_buf_wipe(&h->head);
  sl_buf_wipe(&h->in);
  sl_free(h->method);
  sl_free(h->host);
  if (h->url)
    sl_free_wipe(h->url, strlen(h->url)); /* a presigned one is a secret */
  if (h->proxy)
    sl_free_wipe(h->proxy, strlen(h->proxy));
  sl_free(h);
}

/* ---- building ---- */

static bool is_token(struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c))))
      return false;
  }
  return s.n > 0;
}

static int check_url(struct sl_str url, struct sl_url *u, struct sl_err *err)
{
  if (!sl_url_parse(url, u))
    return sl_err_set(err, SL_ECONFIG, "%.*s is no http or https address", SL_ARG(sl_str_head(url, 120)));
  if (u->user.p)
    return sl_err_set(err, SL_ECONFIG, "the address of %.*s holds a user name; give user and password apart", SL_ARG(u->host));
  if (u->host.p[u->host.n - 1] == '.')
    return sl_err_set(err, SL_ECONFIG, "%.*s: write the host without its last dot", SL_ARG(u->host));
  return SL_OK;
}

static int choose_peer(struct sl_http *h, const struct sl_url *u, struct sl_err *err)
{
  const char *proxy = http_proxy_for(&h->pool->proxies, u);
  if (proxy)
    return http_proxy_target(proxy, &h->host, &h->port, &h->proxy, err);
  h->host = sl_strndup(u->host.p, u->host.n);
  h->port = u->port;
  return h->host ? SL_OK : sl_err_nomem(err);
}

static int http_fill(struct sl_http *h, const struct sl_http_req *r, struct sl_err *err)
{
  struct sl_url u;
  if (!is_token(sl_str(r->method)))
    return sl_err_set(err, SL_EINTERNAL, "no HTTP method");
  int rc = check_url(sl_str(r->url), &u, err);
  if (!rc)
    rc = choose_peer(h, &u, err);
  if (rc)
    return rc;
  h->method = sl_strdup(r->method);
  h->url = sl_strdup(r->url);
  sl_buf_init(&h->body, r->body.n + 1);
  if (r->body.p)
    sl_buf_str(&h->body, r->body);
  h->body_given = r->body.p != NULL;
  if (!h->method || !h->url)
    return sl_err_nomem(err);
  return sl_buf_check(&h->body, err);
}

int sl_http_new(struct sl_http **out, struct sl_http_pool *p, const struct sl_http_req *r, const struct sl_http_ops *ops, void *user,
                struct sl_err *err)
{
  *out = NULL;
  struct sl_http *h = sl_calloc(1, sizeof *h);
  if (!h)
    return sl_err_nomem(err);
  h->pool = p;
  h->ops = *ops;
  h->user = user;
  h->repeatable = r->repeatable;
  h->connect_ms = r->connect_ms > 0 ? r->connect_ms : CONNECT_MS;
  h->idle_ms = r->idle_ms > 0 ? r->idle_ms : IDLE_MS;
  h->total_ms = r->total_ms;
  h->max_tries = r->max_tries ? r->max_tries : TRIES;
  h->max_body = r->max_body ? r->max_body : ops->data ? SIZE_MAX : BODY_MAX;
  h->info.length = h->info.retry_after_ms = -1;
  sl_buf_init(&h->head, HTTP_HEAD_MAX + 1);
  sl_buf_init(&h->in, h->max_body == SIZE_MAX ? 1 : h->max_body);
  int rc = p->closed ? sl_err_set(err, SL_ECANCELED, "closing") : http_fill(h, r, err);
  if (rc) {
    http_release(h);
    return rc;
  }
  *p->last = h;
  p->last = &h->next;
  *out = h;
  return SL_OK;
}

static int header_add(struct sl_http *h, const char *line, struct sl_err *err)
{
  struct curl_slist *more = curl_slist_append(h->headers, line);
  if (!more)
    return sl_err_nomem(err);
  h->headers = more;
  return SL_OK;
}

int sl_http_header(struct sl_http *h, const char *name, struct sl_str value, struct sl_err *err)
{
  if (!is_token(sl_str(name)))
    return sl_err_set(err, SL_ECONFIG, "a header's name holds a character that may not be there");
  for (size_t i = 0; i < value.n; i++)
    if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0')
      return sl_err_set(err, SL_ECONFIG, "the header %s holds a line break or a NUL", name);
  /* who asks for a range or an encoding wants the bytes as they lie there: curl must not decode them */
  if (sl_str_ieq(sl_str(name), SL_STR("accept-encoding")) || sl_str_ieq(sl_str(name), SL_STR("range")))
    h->own_encoding = true;
  if (sl_str_ieq(sl_str(name), SL_STR("content-type")))
    h->has_type = true;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  if (sl_str_trim(value).n)
    sl_buf_printf(&b, "%s: %.*s", name, SL_ARG(value));
  else
    sl_buf_printf(&b, "%s;", name); /* how curl is told to send an empty one */
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = header_add(h, b.p, err);
  sl_buf_wipe(&b);
  return rc;
}

int sl_http_bearer(struct sl_http *h, const struct sl_secret *token, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "Bearer ");
  sl_buf_str(&b, sl_secret_reveal(token));
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = sl_http_header(h, "Authorization", sl_buf_view(&b), err);
  sl_buf_wipe(&b);
  return rc;
}

int sl_http_basic(struct sl_http *h, const char *user, const struct sl_secret *password, struct sl_err *err)
{
  struct sl_buf pair, b;
  sl_buf_init(&pair, 0);
  sl_buf_init(&b, 0);
  if (strchr(user, ':'))
    return sl_err_set(err, SL_ECONFIG, "a user name for basic authentication may not hold a colon");
  sl_buf_printf(&pair, "%s:", user);
  sl_buf_str(&pair, sl_secret_reveal(password));
  sl_buf_z(&b, "Basic ");
  sl_fmt_base64(&b, pair.p ? pair.p : "", pair.n);
  int rc = sl_buf_check(&pair, err);
  if (!rc)
    rc = sl_buf_check(&b, err);
  if (!rc)
    rc = sl_http_header(h, "Authorization", sl_buf_view(&b), err);
  sl_buf_wipe(&pair);
  sl_buf_wipe(&b);
  return rc;
}

/* ---- the life of an attempt ---- */

static int64_t earlier(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

/* INT64_MAX: none. The look-up has its own. */
static int64_t next_deadline(const struct sl_http *h)
{
  int64_t due = h->total_ms > 0 ? h->started + h->total_ms : INT64_MAX;
  if (h->phase == HTTP_CONNECT)
    due = earlier(due, h->attempt_at + h->connect_ms);
  else if (h->phase == HTTP_SENT && !h->paused)
    due = earlier(due, h->last_at + h->idle_ms);
  return due;
}

static curl_off_t bytes_moved(const struct sl_http *h)
{
  curl_off_t up = 0, down = 0;
  curl_easy_getinfo(h->easy, CURLINFO_SIZE_UPLOAD_T, &up);
  curl_easy_getinfo(h->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
  return up + down;
}

static void deadline_passed(struct sl_http *h, int64_t now)
{
  if (h->total_ms > 0 && now >= h->started + h->total_ms)
    http_fail(h, sl_err_set(&h->err, SL_ETIMEOUT, "%s %s: not finished within %g s", h->method, h->host, h->total_ms / 1000.0));
  else if (h->phase == HTTP_CONNECT)
    http_fail(h, sl_err_set(&h->err, SL_ETIMEOUT, "%s %s: no connection to port %d within %g s", h->method, h->host, h->port,
                            h->connect_ms / 1000.0));
  else
    http_fail(h, sl_err_set(&h->err, SL_ETIMEOUT, "%s %s: nothing came for %g s", h->method, h->host, h->idle_ms / 1000.0));
}

static void on_deadline(void *user)
{
  struct sl_http *h = user;
  int64_t now = sl_loop_now(h->pool->l);
  h->timer.v = 0;
  if (h->phase == HTTP_SENT) { /* an upload moves without a callback of ours */
    curl_off_t moved = bytes_moved(h);
    if (moved != h->moved && h->last_at + h->idle_ms <= now)
      h->last_at = now;
    h->moved = moved;
  }
  if (next_deadline(h) <= now)
    deadline_passed(h, now);
  else
    http_arm(h);
}

void http_arm(struct sl_http *h)
{
  struct sl_loop *l = h->pool->l;
  int64_t due = next_deadline(h);
  sl_timer_stop(l, &h->timer);
  if (due == INT64_MAX)
    return;
  if (sl_timer_start(l, due - sl_loop_now(l), 0, on_deadline, h, &h->timer, NULL) && !h->rc)
    h->rc = sl_err_nomem(&h->err); /* without a deadline it must not run: the next callback ends it */
}

/* Its owner hears the last word; h stays readable for the call and goes at the end of the turn. */
static void http_finish(struct sl_http *h, int rc)
{
  h->info.total_ms = sl_loop_now(h->pool->l) - h->started;
  sl_trace(SL_TR_HTTP, 1, "%s %s: %s, status %d, %llu bytes, %u attempts, %lld ms", h->method, h->url, sl_code_name(rc), h->info.status,
           (unsigned long long)h->info.bytes, h->info.attempts, (long long)h->info.total_ms);
  http_drop(h);
  if (h->ops.done)
    h->ops.done(h->user, rc, &h->info, sl_buf_view(&h->in), &h->err);
}

void http_fail(struct sl_http *h, int rc)
{
  http_finish(h, rc);
}

static void on_name(void *user, int rc, const struct sl_addr *addr, size_t n, const struct sl_err *err)
{
  struct sl_http *h = user;
  struct sl_buf line;
  h->lookup.v = 0;
  if (rc) {
    h->err = *err;
    http_fail(h, rc);
    return;
  }
  sl_buf_init(&line, 0);
  sl_buf_printf(&line, "%s:%d:", h->host, h->port);
  for (size_t i = 0; i < n; i++)
    sl_buf_printf(&line, addr[i].v6 ? "%s[%s]" : "%s%s", i ? "," : "", addr[i].ip);
  curl_slist_free_all(h->resolve);
  h->resolve = NULL;
  rc = sl_buf_check(&line, &h->err);
  if (!rc && !strchr(h->host, ':')) { /* a v6 literal needs no look-up by curl, and would not fit this line */
    h->resolve = curl_slist_append(NULL, line.p);
    if (!h->resolve)
      rc = sl_err_nomem(&h->err);
  }
  sl_buf_free(&line);
  h->phase = HTTP_CONNECT;
  if (!rc)
    rc = http_attempt_start(h, &h->err);
  if (!rc)
    http_arm(h);
  if (rc || h->rc)
    http_fail(h, rc ? rc : h->rc);
}

static void attempt_reset(struct sl_http *h)
{
  unsigned attempts = h->info.attempts + 1;
  sl_buf_clear(&h->head);
  sl_buf_clear(&h->in);
  h->info = (struct sl_http_info){ .length = -1, .retry_after_ms = -1, .attempts = attempts };
  h->head_bytes = h->discarded = 0;
  h->heads = 0;
  h->failures = http_curl_failures();
  h->head_told = h->discard = h->paused = h->resumed = false;
  h->rc = SL_OK;
  h->moved = 0;
  h->curl_words[0] = 0;
  h->attempt_at = h->last_at = sl_loop_now(h->pool->l);
}

void http_begin(struct sl_http *h)
{
  attempt_reset(h);
  h->phase = HTTP_NAME;
  h->pool->active++;
  int rc = sl_lookup_start(h->pool->l, h->host, h->connect_ms, on_name, h, &h->lookup, &h->err);
  if (!rc)
    http_arm(h);
  if (rc || h->rc)
    http_fail(h, rc ? rc : h->rc);
}

static void on_backoff_over(void *user)
{
  struct sl_http *h = user;
  h->timer.v = 0;
  h->phase = HTTP_QUEUED;
  http_pool_touch(h->pool);
}

static bool http_retry(struct sl_http *h)
{
  struct sl_loop *l = h->pool->l;
  if (sl_timer_start(l, h->backoff, 0, on_backoff_over, h, &h->timer, NULL))
    return false;
  sl_trace(SL_TR_HTTP, 1, "%s %s: status %d; again in %lld ms", h->method, h->url, h->info.status, (long long)h->backoff);
  h->phase = HTTP_BACKOFF;
  http_pool_touch(h->pool); /* its place is free */
  return true;
}

void http_attempt_over(struct sl_http *h, CURLcode code)
{
  if (code == CURLE_OK && !h->head_told) /* curl is content with half a head */
    code = CURLE_RECV_ERROR;
  if (h->paused) {
    h->phase = HTTP_HELD;
    h->pool->active--;
    h->rc = h->rc ? h->rc : code == CURLE_OK ? SL_OK : http_code_error(h, code);
    http_easy_drop(h);
    http_pool_touch(h->pool);
    return;
  }
  http_easy_drop(h);
  sl_timer_stop(h->pool->l, &h->timer);
  bool again = h->discard || (!h->rc && code != CURLE_OK && http_code_retried(h, code));
  if (again) {
    h->pool->active--;
    h->phase = HTTP_BACKOFF;
    if (http_retry(h))
      return;
  }
  if (h->discard) /* no memory to wait for another: the answer that came is the answer */
    http_finish(h, SL_OK);
  else if (h->rc)
    http_finish(h, h->rc);
  else
    http_finish(h, code == CURLE_OK ? SL_OK : http_code_error(h, code));
}

void http_resumed(struct sl_http *h)
{
  h->resumed = false;
  if (h->phase == HTTP_HELD) {
    http_finish(h, h->rc);
    return;
  }
  h->last_at = sl_loop_now(h->pool->l);
  http_arm(h);
  if (h->easy)
    curl_easy_pause(h->easy, CURLPAUSE_CONT); /* may call data() at once */
}

/* ---- starting, ending ---- */

int sl_http_start(struct sl_http *h, struct sl_err *err)
{
  (void)err; /* nothing can fail here now: the attempt begins at the end of this turn */
  h->phase = HTTP_QUEUED;
  h->started = sl_loop_now(h->pool->l);
  sl_loop_busy(h->pool->l, 1);
  http_pool_touch(h->pool);
  return SL_OK;
}

void sl_http_cancel(struct sl_http *h)
{
  if (h)
    http_drop(h);
}

void sl_http_resume(struct sl_http *h)
{
  if (!h->paused)
    return;
  h->paused = false;
  h->resumed = true;
  http_pool_touch(h->pool);
}
