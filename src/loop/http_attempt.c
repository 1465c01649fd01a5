/* loop/http_attempt.c: one attempt in curl's hands: how it is set up, and what it calls back with.
 *
 * Settings are said explicitly even where today's default agrees: Debian's curl is older than some of them (reliability.md 3.3). */
#include <string.h>

#include "base/mem.h"
#include "loop/http_priv.h"

/* True: this attempt shall end. Nobody of ours may be called any more once h is over. */
static bool ended(const struct sl_http *h)
{
  return h->phase == HTTP_OVER || h->rc;
}

static void head_done(struct sl_http *h)
{
  http_read_head(h);
  if (h->info.status < 200)
    return;
  h->head_told = true;
  h->info.wait_ms = sl_loop_now(h->pool->l) - h->attempt_at;
  h->discard = http_status_retried(h);
  if (!h->discard && h->ops.head)
    h->ops.head(h->user, &h->info);
}

static size_t on_header(char *p, size_t size, size_t n, void *user)
{
  struct sl_http *h = user;
  (void)size;
  if (ended(h))
    return 0;
  h->last_at = sl_loop_now(h->pool->l);
  h->head_bytes += n;
  if (h->head_bytes > HTTP_HEAD_MAX || ++h->heads > HTTP_HEADS_MAX) {
    h->rc = sl_err_set(&h->err, SL_ELIMIT, "%s %s: the answer has more than %d KiB or %d lines of headers", h->method, h->host,
                       HTTP_HEAD_MAX >> 10, HTTP_HEADS_MAX);
    return 0;
  }
  if (h->head_told) /* a trailer: counted, not kept */
    return n;
  if (n >= 5 && !memcmp(p, "HTTP/", 5))
    sl_buf_clear(&h->head);
  sl_buf_add(&h->head, p, n);
  h->rc = sl_buf_check(&h->head, &h->err);
  if (!h->rc && (n == 1 || (n == 2 && p[0] == '\r')))
    head_done(h);
  return ended(h) ? 0 : n;
}

static void take_data(struct sl_http *h, const char *p, size_t n)
{
  if (!h->ops.data) {
    sl_buf_add(&h->in, p, n);
    h->rc = sl_buf_check(&h->in, &h->err);
    return;
  }
  int rc = h->ops.data(h->user, p, n);
  if (h->phase == HTTP_OVER)
    return;
  if (rc == SL_EAGAIN) {
    h->paused = true;
    http_arm(h);
  } else if (rc) {
    h->rc = sl_err_set(&h->err, rc, "%s %s: the answer was not taken (%s)", h->method, h->host, sl_code_words(rc));
  }
}

static size_t on_data(char *p, size_t size, size_t n, void *user)
{
  struct sl_http *h = user;
  (void)size;
  if (ended(h))
    return 0;
  h->last_at = sl_loop_now(h->pool->l);
  if (h->discard) {
    h->discarded += n;
    return h->discarded > HTTP_DISCARD_MAX ? 0 : n;
  }
  if (h->paused)
    return CURL_WRITEFUNC_PAUSE; /* comes again after resume() */
  if (n > h->max_body - h->info.bytes) {
    h->rc = sl_err_set(&h->err, SL_ELIMIT, "%s %s: the answer is larger than %zu bytes", h->method, h->host, h->max_body);
    return 0;
  }
  h->info.bytes += n;
  take_data(h, p, n);
  return ended(h) ? 0 : n;
}

static int on_connected(void *user, char *ip, char *local_ip, int port, int local_port)
{
  struct sl_http *h = user;
  (void)ip;
  (void)local_ip;
  (void)port;
  (void)local_port;
  if (ended(h))
    return CURL_PREREQFUNC_ABORT;
  h->phase = HTTP_SENT;
  h->last_at = sl_loop_now(h->pool->l);
  http_arm(h);
  return CURL_PREREQFUNC_OK;
}

/* ---- setting up ---- */

#define SET(option, value) do { if (!code) code = curl_easy_setopt(c, option, value); } while (0)

static CURLcode set_safety(CURL *c, const struct sl_http_pool *p)
{
  CURLcode code = CURLE_OK;
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
  SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_UNRESTRICTED_AUTH, 0L);
  SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_SSL_VERIFYPEER, p->insecure ? 0L : 1L);
  SET(CURLOPT_SSL_VERIFYHOST, p->insecure ? 0L : 2L);
  SET(CURLOPT_MAXLIFETIME_CONN, 300L);
  SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  SET(CURLOPT_HTTP09_ALLOWED, 0L);
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SET(CURLOPT_PATH_AS_IS, 1L);
  SET(CURLOPT_CONNECTTIMEOUT_MS, 86400000L); /* the deadlines are ours */
  SET(CURLOPT_TCP_KEEPALIVE, 1L);
  SET(CURLOPT_BUFFERSIZE, 65536L);
  if (p->ca) {
    SET(CURLOPT_CAINFO, p->ca);
    SET(CURLOPT_PROXY_CAINFO, p->ca);
  }
  if (p->ca_dir)
    SET(CURLOPT_CAPATH, p->ca_dir);
  if (p->cert)
    SET(CURLOPT_SSLCERT, p->cert);
  if (p->key)
    SET(CURLOPT_SSLKEY, p->key);
  return code;
}

static CURLcode set_callbacks(CURL *c, struct sl_http *h)
{
  CURLcode code = CURLE_OK;
  SET(CURLOPT_PRIVATE, (void *)h);
  SET(CURLOPT_ERRORBUFFER, h->curl_words);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, (void *)h);
  SET(CURLOPT_WRITEFUNCTION, on_data);
  SET(CURLOPT_WRITEDATA, (void *)h);
  SET(CURLOPT_PREREQFUNCTION, on_connected);
  SET(CURLOPT_PREREQDATA, (void *)h);
  return code;
}

static CURLcode set_body(CURL *c, const struct sl_http *h)
{
  CURLcode code = CURLE_OK;
  bool get = !strcmp(h->method, "GET"), head = !strcmp(h->method, "HEAD");
  bool sends = h->body_given || !strcmp(h->method, "POST") || !strcmp(h->method, "PUT") || !strcmp(h->method, "PATCH");
  if (head) {
    SET(CURLOPT_NOBODY, 1L);
  } else if (sends) {
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)h->body.n);
    SET(CURLOPT_POSTFIELDS, sl_buf_zstr(&h->body)); /* borrowed: h->body outlives the handle */
    SET(CURLOPT_CUSTOMREQUEST, h->method);
  } else if (get) {
    SET(CURLOPT_HTTPGET, 1L);
  } else {
    SET(CURLOPT_CUSTOMREQUEST, h->method);
  }
  return code;
}

static CURLcode set_request(CURL *c, const struct sl_http *h)
{
  CURLcode code = set_body(c, h);
  SET(CURLOPT_URL, h->url);
  SET(CURLOPT_USERAGENT, "sluice/0.1");
  SET(CURLOPT_HTTPHEADER, h->headers);
  SET(CURLOPT_RESOLVE, h->resolve);
  SET(CURLOPT_PROXY, h->proxy ? h->proxy : ""); /* "": curl does not look into the environment */
  SET(CURLOPT_NOPROXY, "");
  if (!h->own_encoding)
    SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  if (!h->repeatable) /* on a reused connection that turns out dead curl would send it a second time */
    SET(CURLOPT_FRESH_CONNECT, 1L);
  return code;
}

#undef SET

/* What curl would add by itself and we do not want. Once a request: attempts share the list. */
static int quiet_headers(struct sl_http *h, struct sl_err *err)
{
  const char *const lines[] = { "Expect:", h->has_type ? NULL : "Content-Type:" };
  for (size_t i = 0; i < 2 && h->info.attempts == 1; i++) {
    if (!lines[i])
      continue;
    struct curl_slist *more = curl_slist_append(h->headers, lines[i]);
    if (!more)
      return sl_err_nomem(err);
    h->headers = more;
  }
  return SL_OK;
}

int http_attempt_start(struct sl_http *h, struct sl_err *err)
{
  int rc = quiet_headers(h, err);
  if (rc)
    return rc;
  CURL *c = curl_easy_init();
  if (!c)
    return sl_err_nomem(err);
  CURLcode code = set_safety(c, h->pool);
  if (!code)
    code = set_callbacks(c, h);
  if (!code)
    code = set_request(c, h);
  if (!code && curl_multi_add_handle(h->pool->multi, c))
    code = CURLE_OUT_OF_MEMORY;
  if (!code) {
    h->easy = c;
    return SL_OK;
  }
  curl_easy_cleanup(c);
  if (code == CURLE_OUT_OF_MEMORY)
    return sl_err_nomem(err);
  return sl_err_set(err, SL_EINTERNAL, "%s %s: %s", h->method, h->host, curl_easy_strerror(code));
}
