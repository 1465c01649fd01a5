/* loop/http_pool.c: curl's multi handle on our loop, and the requests that share its connections.
 *
 * Curl calls us from inside its own functions and does not like to be called back from there. So nothing that changes the multi handle
 * happens in a callback: requests begin, resume and die at the end of the turn, in pool_due(). */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "loop/http_priv.h"

struct sock { struct sl_http_pool *pool; sl_fdwatch watch; };

static void pool_due(void *p);

void http_pool_touch(struct sl_http_pool *p)
{
  if (!p->due)
    sl_loop_defer(p->l, &p->defer, pool_due, p);
  p->due = true;
}

void http_easy_drop(struct sl_http *h)
{
  if (!h->easy)
    return;
  curl_multi_remove_handle(h->pool->multi, h->easy);
  curl_easy_cleanup(h->easy);
  h->easy = NULL;
}

void http_drop(struct sl_http *h)
{
  struct sl_http_pool *p = h->pool;
  if (h->phase == HTTP_OVER)
    return;
  sl_timer_stop(p->l, &h->timer);
  sl_lookup_cancel(p->l, &h->lookup);
  if (h->phase == HTTP_NAME || h->phase == HTTP_CONNECT || h->phase == HTTP_SENT)
    p->active--;
  if (h->phase != HTTP_NEW)
    sl_loop_busy(p->l, -1);
  struct sl_http **at = &p->first;
  while (*at != h)
    at = &(*at)->next;
  *at = h->next;
  if (!*at)
    p->last = at;
  h->phase = HTTP_OVER;
  h->next = p->dead;
  p->dead = h;
  http_pool_touch(p);
}

/* ---- what curl finished ---- */

static void pool_messages(struct sl_http_pool *p)
{
  CURLMsg *m;
  int left;
  while (!p->closed && (m = curl_multi_info_read(p->multi, &left))) {
    if (m->msg != CURLMSG_DONE)
      continue;
    CURLcode code = m->data.result;
    struct sl_http *h = NULL;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&h);
    if (h->phase != HTTP_OVER)
      http_attempt_over(h, code);
  }
}

/* Curl could not have its sockets watched (no memory): everything that is under way ends, the pool goes on. */
static void pool_broken(struct sl_http_pool *p)
{
  p->broken = false;
  for (struct sl_http *h = p->first; h && !p->closed;) {
    if (h->phase != HTTP_CONNECT && h->phase != HTTP_SENT) {
      h = h->next;
      continue;
    }
    http_fail(h, sl_err_nomem(&h->err));
    h = p->first;
  }
}

static void pool_action(struct sl_http_pool *p, curl_socket_t fd, int mask)
{
  if (p->closed)
    return;
  int running;
  if (curl_multi_socket_action(p->multi, fd, mask, &running))
    p->broken = true;
  pool_messages(p);
  if (p->broken && !p->closed)
    pool_broken(p);
}

/* ---- what curl asks of the loop ---- */

static void on_sock(void *user, int fd, unsigned events)
{
  struct sock *s = user;
  int mask = (events & SL_READABLE ? CURL_CSELECT_IN : 0) | (events & SL_WRITABLE ? CURL_CSELECT_OUT : 0)
             | (events & SL_HANGUP ? CURL_CSELECT_ERR : 0);
  pool_action(s->pool, fd, mask);
}

static int sock_watch(struct sl_http_pool *p, curl_socket_t fd, struct sock *s, unsigned events)
{
  if (s) {
    sl_fd_events(p->l, s->watch, events);
    return 0;
  }
  s = sl_calloc(1, sizeof *s);
  if (!s)
    return -1;
  s->pool = p;
  if (sl_fd_watch(p->l, fd, events, on_sock, s, &s->watch, NULL)) {
    sl_free(s);
    return -1;
  }
  curl_multi_assign(p->multi, fd, s);
  return 0;
}

static int curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *sockp)
{
  (void)easy;
  struct sl_http_pool *p = user;
  struct sock *s = sockp;
  if (what == CURL_POLL_REMOVE) {
    if (s) {
      sl_fd_unwatch(p->l, &s->watch);
      curl_multi_assign(p->multi, fd, NULL);
      sl_free(s);
    }
    return 0;
  }
  unsigned events = (what & CURL_POLL_IN ? SL_READABLE : 0u) | (what & CURL_POLL_OUT ? SL_WRITABLE : 0u);
  if (sock_watch(p, fd, s, events)) {
    p->broken = true;
    return -1;
  }
  return 0;
}

static void on_clock(uv_timer_t *t)
{
  struct http_clock *c = t->data;
  if (!c->pool)
    return;
  sl_loop_enter(c->pool->l);
  pool_action(c->pool, CURL_SOCKET_TIMEOUT, 0);
}

/* One more than asked: libuv's clock counts whole milliseconds, and curl, woken too early, neither acts nor asks again. */
static int curl_wants_timer(CURLM *multi, long ms, void *user)
{
  (void)multi;
  struct sl_http_pool *p = user;
  uv_timer_stop(&p->clock->uv);
  if (ms >= 0) {
    uv_update_time(&p->l->uv);
    uv_timer_start(&p->clock->uv, on_clock, ms ? (uint64_t)ms + 1 : 0, 0);
  }
  return 0;
}

static void on_clock_closed(uv_handle_t *h)
{
  sl_free(h->data);
}

/* ---- the end of a turn ---- */

static void pool_bury(struct sl_http_pool *p)
{
  while (p->dead) {
    struct sl_http *h = p->dead;
    p->dead = h->next;
    http_easy_drop(h);
    http_release(h);
  }
}

static void pool_free(struct sl_http_pool *p)
{
  if (p->multi)
    curl_multi_cleanup(p->multi);
  if (p->clock) {
    p->clock->pool = NULL;
    uv_close((uv_handle_t *)&p->clock->uv, on_clock_closed);
  }
  http_proxies_free(&p->proxies);
  sl_free(p->ca);
  sl_free(p->ca_dir);
  sl_free(p->cert);
  sl_free(p->key);
  sl_free(p);
}

static struct sl_http *pool_next(struct sl_http_pool *p)
{
  for (struct sl_http *h = p->first; h; h = h->next)
    if (h->resumed || (h->phase == HTTP_QUEUED && p->active < HTTP_ACTIVE_MAX))
      return h;
  return NULL;
}

static void pool_due(void *user)
{
  struct sl_http_pool *p = user;
  struct sl_http *h;
  p->due = false;
  pool_bury(p);
  while (!p->closed && (h = pool_next(p))) {
    if (h->resumed)
      http_resumed(h);
    else
      http_begin(h);
  }
  if (!p->closed)
    pool_messages(p);
  if (p->closed && !p->due)
    pool_free(p);
}

/* ---- opening and closing ---- */

static char *dup_or_env(const char *given, const char *env1, const char *env2)
{
  if (!given || !*given)
    given = getenv(env1);
  if ((!given || !*given) && env2)
    given = getenv(env2);
  return given && *given ? sl_strdup(given) : NULL;
}

static int pool_curl(struct sl_http_pool *p, struct sl_err *err)
{
  p->clock = sl_calloc(1, sizeof *p->clock);
  if (!p->clock)
    return sl_err_nomem(err);
  uv_timer_init(&p->l->uv, &p->clock->uv);
  p->clock->uv.data = p->clock;
  p->clock->pool = p;
  p->multi = http_curl_init() ? curl_multi_init() : NULL;
  if (!p->multi)
    return sl_err_nomem(err);
  curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, curl_wants_socket);
  curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
  curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, curl_wants_timer);
  curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
  curl_multi_setopt(p->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_ACTIVE_MAX);
  return SL_OK;
}

int sl_http_pool_open(struct sl_http_pool **out, struct sl_loop *l, const struct sl_http_tls *tls, struct sl_err *err)
{
  *out = NULL;
  struct sl_http_pool *p = sl_calloc(1, sizeof *p);
  if (!p)
    return sl_err_nomem(err);
  p->l = l;
  p->last = &p->first;
  p->ca = dup_or_env(tls ? tls->ca_file : NULL, "SSL_CERT_FILE", "CURL_CA_BUNDLE");
  p->ca_dir = dup_or_env(NULL, "SSL_CERT_DIR", NULL);
  p->cert = tls ? sl_strdup(tls->cert_file) : NULL;
  p->key = tls ? sl_strdup(tls->key_file) : NULL;
  p->insecure = tls && tls->insecure;
  http_proxies_read(&p->proxies);
  int rc = pool_curl(p, err);
  if (!rc && tls && ((tls->ca_file && *tls->ca_file && !p->ca) || (tls->cert_file && !p->cert) || (tls->key_file && !p->key)))
    rc = sl_err_nomem(err);
  if (rc)
    pool_free(p);
  else
    *out = p;
  return rc;
}

void sl_http_pool_close(struct sl_http_pool *p)
{
  if (!p || p->closed)
    return;
  while (p->first)
    http_drop(p->first);
  p->closed = true;
  http_pool_touch(p);
}
