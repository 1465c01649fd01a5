/* loop/http.h: HTTP requests on curl's multi socket interface.
 *
 * What every backend needs is here once: our own name look-up, connect and idle deadlines, caps on head and body, retry with full jitter
 * and Retry-After for calls that may be repeated, proxy and CA variables, TLS 1.2 or newer, no redirect followed (3xx is an answer, with
 * its Location), credentials only to the origin they were given for, cancel within 100 ms. One connection pool an identity. */
#ifndef SL_LOOP_HTTP_H
#define SL_LOOP_HTTP_H

#include "base/buf.h"
#include "base/secret.h"
#include "loop/loop.h"

struct sl_http_pool;                    /* one for each (connection of the workspace): its cookies, cache and TLS settings are its own */
/* NULL: SSL_CERT_FILE / CURL_CA_BUNDLE / the system's. insecure: whoever answers is believed; only where a person has set it */
struct sl_http_tls { const char *ca_file, *cert_file, *key_file; bool insecure; };
/* Yours; tls (may be NULL) is copied, the loop must outlive it. */
int sl_http_pool_open(struct sl_http_pool **out, struct sl_loop *l, const struct sl_http_tls *tls, struct sl_err *err) SL_NODISCARD;
void sl_http_pool_close(struct sl_http_pool *p); /* cancels what runs; callbacks do not come after it */

struct sl_http;                         /* one request; dies after done() */
struct sl_http_info {
  int status;                           /* 0: no answer */
  struct sl_str content_type, location, request_id;
  struct sl_str headers;                /* all of the answer's, as they came; see sl_http_find() */
  int64_t length;                       /* -1: not said */
  int64_t retry_after_ms;               /* -1: not said */
  unsigned attempts;
  int64_t wait_ms, total_ms;            /* to the first byte; in all */
  uint64_t bytes;
};
struct sl_http_ops {                    /* each may be NULL */
  /* the answer's head, once, of the attempt that counts */
  void (*head)(void *user, const struct sl_http_info *i);
  /* SL_OK: go on. SL_EAGAIN: taken, stop reading until sl_http_resume(). Other: end with that code. NULL: collected, capped by max_body */
  int (*data)(void *user, const void *p, size_t n);
  /* exactly once, never inside sl_http_start(). rc SL_OK whenever an HTTP answer came whole, whatever its status. body: collected bytes */
  void (*done)(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err);
};
struct sl_http_req {
  const char *method, *url;
  struct sl_str body;                   /* copied */
  bool repeatable;                      /* GET and what means the same twice: retried on 408 429 500 502 503 504 and dropped connections */
  int connect_ms, idle_ms, total_ms;    /* 0: 10 s, 30 s, 0 = none */
  unsigned max_tries;                   /* 0: 4 */
  size_t max_body;                      /* 0: 64 MiB, decoded */
};
/* The request is built, then started: headers are added in between (and by `auth`'s sign). */
int sl_http_new(struct sl_http **out, struct sl_http_pool *p, const struct sl_http_req *r, const struct sl_http_ops *ops, void *user,
                struct sl_err *err) SL_NODISCARD;
int sl_http_header(struct sl_http *h, const char *name, struct sl_str value, struct sl_err *err) SL_NODISCARD; /* refuses CR, LF, NUL */
int sl_http_bearer(struct sl_http *h, const struct sl_secret *token, struct sl_err *err) SL_NODISCARD;
int sl_http_basic(struct sl_http *h, const char *user, const struct sl_secret *password, struct sl_err *err) SL_NODISCARD;
int sl_http_start(struct sl_http *h, struct sl_err *err) SL_NODISCARD;  /* on failure h is freed */
void sl_http_cancel(struct sl_http *h); /* done() will not come; h is gone */
void sl_http_resume(struct sl_http *h);
/* One header of the answer by name (any case), trimmed; none when it is not there. The last one wins where a name is repeated. */
struct sl_str sl_http_find(const struct sl_http_info *i, const char *name);
/* An error text for a person out of an answer that was no success: status, the server's own words (JSON message or the first 200 bytes of
 * text, cleaned), what to do. The code: 401 EAUTH, 403 EDENIED, 404 ENOENT, 409/412 ECONFLICT, 429/5xx ENET, else EPROTO. */
int sl_http_explain(const struct sl_http_info *i, struct sl_str body, const char *what, struct sl_err *err);

/* scheme://host[:port] of a URL and its parts; false when it is no http(s) URL. Borrowed. */
struct sl_url { struct sl_str scheme, user, host, path, query; int port; };
bool sl_url_parse(struct sl_str url, struct sl_url *out);   /* port: 443 or 80 where none is said; host without [ ] */
bool sl_url_loopback(const struct sl_url *u);               /* localhost, *.localhost, 127.0.0.0/8, ::1; by its text */

#endif
