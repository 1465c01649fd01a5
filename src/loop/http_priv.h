/* loop/http_priv.h: what the files of HTTP know of each other; shows curl, so nobody else includes it. */
#ifndef SL_LOOP_HTTP_PRIV_H
#define SL_LOOP_HTTP_PRIV_H

#include <curl/curl.h>

#include "loop/http.h"
#include "loop/priv.h"

enum {
  HTTP_ACTIVE_MAX = 32,          /* requests of one pool that hold a connection; the others queue */
  HTTP_HEAD_MAX = 256 << 10,     /* bytes and lines of all heads of an answer, 1xx and trailers included */
  HTTP_HEADS_MAX = 1000,
  HTTP_RETRY_AFTER_MAX_MS = 60000,
  HTTP_DISCARD_MAX = 64 << 10,   /* of a body that a retry makes useless; beyond it the connection is dropped instead */
};

struct sl_proxies { char *http, *https, *no; };  /* from the environment, NULL: none */

struct http_clock { uv_timer_t uv; struct sl_http_pool *pool; };

struct sl_http_pool {
  struct sl_loop *l;
  CURLM *multi;
  struct http_clock *clock;      /* curl's timer: always real time, even when the loop's clock is frozen */
  char *ca, *ca_dir, *cert, *key;
  bool insecure;
  struct sl_proxies proxies;
  struct sl_http *first, **last; /* in order of starting */
  struct sl_http *dead;          /* freed at the end of the turn: curl may be on the stack */
  unsigned active;
  bool closed, due, broken;      /* due: `defer` is queued; broken: a socket could not be watched */
  struct sl_defer defer;
};

enum http_phase {
  HTTP_NEW,      /* being built */
  HTTP_QUEUED,   /* waits for its turn */
  HTTP_NAME,     /* look-up under way */
  HTTP_CONNECT,  /* curl connects: TCP, proxy, TLS */
  HTTP_SENT,     /* the connection stands: the request goes, the answer comes */
  HTTP_BACKOFF,  /* waits to try again */
  HTTP_HELD,     /* over, but its reader has paused */
  HTTP_OVER
};

struct sl_http {
  struct sl_http *next;
  struct sl_http_pool *pool;
  struct sl_http_ops ops;
  void *user;
  char *method, *url, *proxy;    /* proxy: NULL: none */
  char *host;                    /* whose name is looked up: the proxy's or the origin's */
  int port;
  struct sl_buf body;
  bool repeatable, own_encoding, has_type;
  int connect_ms, idle_ms, total_ms;
  unsigned max_tries;
  size_t max_body;
  struct curl_slist *headers, *resolve;

  enum http_phase phase;
  CURL *easy;
  sl_lookup lookup;
  sl_timer timer;                /* the next deadline, or the end of the back-off */
  int64_t started, attempt_at, last_at, backoff;
  curl_off_t moved;              /* bytes sent and received when the idle deadline was last looked at */
  bool paused, resumed, head_told, discard, body_given;
  int rc;                        /* set by a callback that ends the attempt */
  struct sl_err err;
  struct sl_buf head, in;
  size_t head_bytes, discarded;
  unsigned heads, failures;      /* failures: http_curl_failures() when the attempt began */
  struct sl_http_info info;
  char curl_words[CURL_ERROR_SIZE];
};

bool http_curl_init(void);       /* once: curl with our allocator; false: curl cannot run */
unsigned http_curl_failures(void); /* of curl's allocations so far */

/* http_proxy.c */
void http_proxies_read(struct sl_proxies *p);            /* from the environment; what does not fit in memory is missing */
void http_proxies_free(struct sl_proxies *p);
const char *http_proxy_for(const struct sl_proxies *p, const struct sl_url *u);
bool http_no_proxy(const char *list, struct sl_str host);
/* Host and port that a proxy's address names, and the address as curl wants it. ECONFIG: one that we cannot use. */
int http_proxy_target(const char *proxy, char **host, int *port, char **normal, struct sl_err *err) SL_NODISCARD;

/* http_pool.c */
void http_pool_touch(struct sl_http_pool *p);            /* look at all requests at the end of this turn */
void http_drop(struct sl_http *h);                       /* no callback of h comes any more */
void http_easy_drop(struct sl_http *h);                  /* not inside curl */

/* http_attempt.c */
int http_attempt_start(struct sl_http *h, struct sl_err *err) SL_NODISCARD; /* after the look-up: hands it to curl */
void http_read_head(struct sl_http *h);                  /* info from the raw headers */

/* http.c */
void http_begin(struct sl_http *h);                      /* one attempt, beginning with the name */
void http_resumed(struct sl_http *h);
void http_attempt_over(struct sl_http *h, CURLcode code);
void http_arm(struct sl_http *h);                        /* sets the timer to the next deadline */
void http_fail(struct sl_http *h, int rc);               /* ends it; err stands in h->err */
void http_release(struct sl_http *h);

/* http_retry.c */
/* Whether there is another attempt, after h->backoff ms: told by the head, or by how curl ended. */
bool http_status_retried(struct sl_http *h);
bool http_code_retried(struct sl_http *h, CURLcode code);
int http_code_error(struct sl_http *h, CURLcode code);   /* the sentence for it, into h->err */

#endif
