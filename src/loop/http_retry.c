/* loop/http_retry.c: what is tried again, after how long, and what curl's failures are called.
 *
 * Full jitter: a random wait between nothing and base * 2^(attempt-1), so that many clients of one server do not come back together. */
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "loop/http_priv.h"

enum { BACKOFF_BASE_MS = 250, BACKOFF_CAP_MS = 20000 };

static int64_t backoff_ms(const struct sl_http *h)
{
  uint64_t most = BACKOFF_BASE_MS, r = 0;
  for (unsigned i = 1; i < h->info.attempts && most < BACKOFF_CAP_MS; i++)
    most *= 2;
  if (most > BACKOFF_CAP_MS)
    most = BACKOFF_CAP_MS;
  if (sl_random(&r, sizeof r, NULL))
    r = most / 2;
  int64_t wait = (int64_t)(r % (most + 1));
  return wait < h->info.retry_after_ms ? h->info.retry_after_ms : wait;
}

/* A server that asks for more than a minute is not worth a person's wait: they see its answer, and when to come back. */
static bool may_wait(struct sl_http *h)
{
  h->backoff = backoff_ms(h);
  if (!h->repeatable || h->info.attempts >= h->max_tries || h->info.retry_after_ms > HTTP_RETRY_AFTER_MAX_MS)
    return false;
  return h->total_ms <= 0 || sl_loop_now(h->pool->l) + h->backoff < h->started + h->total_ms;
}

bool http_status_retried(struct sl_http *h)
{
  switch (h->info.status) {
  case 408: case 429: case 500: case 502: case 503: case 504: return may_wait(h);
  default: return false;
  }
}

/* A connection that broke or was refused. Not a deadline: that has had its time already. Nothing once the owner has seen a part. */
bool http_code_retried(struct sl_http *h, CURLcode code)
{
  if ((h->ops.data && h->info.bytes) || (h->ops.head && h->head_told))
    return false;
  switch (code) {
  case CURLE_COULDNT_CONNECT: case CURLE_GOT_NOTHING: case CURLE_PARTIAL_FILE: case CURLE_RECV_ERROR: case CURLE_SEND_ERROR:
    return may_wait(h);
  default: return false;
  }
}

static const char *curl_words(const struct sl_http *h, CURLcode code)
{
  return h->curl_words[0] ? h->curl_words : curl_easy_strerror(code);
}

/* TLS 1.3 tells only after the handshake that it wants a certificate, or another one. */
static bool about_our_certificate(const char *words)
{
  static const char *const alerts[] = { "certificate required", "alert bad certificate", "alert unknown ca", "alert certificate" };
  for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++)
    if (strstr(words, alerts[i]))
      return true;
  return false;
}

static int broken_off(struct sl_http *h, CURLcode code)
{
  if (about_our_certificate(curl_words(h, code)))
    return sl_err_set(&h->err, SL_EAUTH, "%s %s: the server does not take our certificate, or wants one (%s)", h->method, h->host,
                      curl_words(h, code));
  if (h->head_told)
    return sl_err_set(&h->err, SL_ENET, "%s %s: the connection broke after %llu bytes of the answer", h->method, h->host,
                      (unsigned long long)h->info.bytes);
  if (code == CURLE_GOT_NOTHING)
    return sl_err_set(&h->err, SL_ENET, "%s %s: the server closed the connection without an answer", h->method, h->host);
  return sl_err_set(&h->err, SL_ENET, "%s %s: the connection broke: %s", h->method, h->host, curl_words(h, code));
}

int http_code_error(struct sl_http *h, CURLcode code)
{
  const char *words = curl_words(h, code);
  switch (code) {
  case CURLE_OUT_OF_MEMORY:
    if (h->failures != http_curl_failures())
      return sl_err_nomem(&h->err);
    /* curl's name for a header line over its own cap of 100 KiB, too */
    return sl_err_set(&h->err, SL_ELIMIT, "%s %s: the answer has a header line of more than 100 KiB", h->method, h->host);
  case CURLE_COULDNT_CONNECT:
    return sl_err_set(&h->err, SL_ENET, "%s %s: cannot connect to port %d; is the server running? (%s)", h->method, h->host, h->port,
                      words);
  case CURLE_PEER_FAILED_VERIFICATION:
    return sl_err_set(&h->err, SL_ENET, "%s %s: its certificate is not trusted; name its CA file, or SSL_CERT_FILE (%s)", h->method,
                      h->host, words);
  case CURLE_SSL_CACERT_BADFILE: case CURLE_SSL_CERTPROBLEM:
    return sl_err_set(&h->err, SL_ECONFIG, "%s %s: a certificate file cannot be used: %s", h->method, h->host, words);
  case CURLE_SSL_CONNECT_ERROR:
    if (about_our_certificate(words))
      return broken_off(h, code);
    return sl_err_set(&h->err, SL_ENET, "%s %s: no TLS 1.2 or newer with port %d: %s", h->method, h->host, h->port, words);
  case CURLE_GOT_NOTHING: case CURLE_PARTIAL_FILE: case CURLE_RECV_ERROR: case CURLE_SEND_ERROR: return broken_off(h, code);
  case CURLE_UNSUPPORTED_PROTOCOL: case CURLE_WEIRD_SERVER_REPLY: case CURLE_BAD_CONTENT_ENCODING: case CURLE_HTTP2:
    return sl_err_set(&h->err, SL_EPROTO, "%s %s: port %d does not speak HTTP as it should: %s", h->method, h->host, h->port, words);
  default: return sl_err_set(&h->err, SL_ENET, "%s %s: %s", h->method, h->host, words);
  }
}
