/* loop/http_head.c: what the raw headers of an answer say. They are hostile text: every reading has a bound and a default. */
#include <curl/curl.h>
#include <string.h>

#include "loop/http_priv.h"

struct sl_str sl_http_find(const struct sl_http_info *i, const char *name)
{
  struct sl_str rest = i->headers, line, found = SL_STR_NONE, key = sl_str(name);
  while (sl_str_cut(&rest, '\n', &line)) {
    ptrdiff_t colon = sl_str_chr(line, ':');
    if (colon > 0 && sl_str_ieq(sl_str_head(line, (size_t)colon), key))
      found = sl_str_trim(sl_str_from(line, (size_t)colon + 1));
  }
  return found;
}

/* "HTTP/1.1 503 Slow Down" */
static int status_of(struct sl_str head)
{
  ptrdiff_t sp = sl_str_chr(sl_str_head(head, 32), ' ');
  int64_t v = 0;
  if (sp < 0 || !sl_str_i64(sl_str_head(sl_str_from(head, (size_t)sp + 1), 3), &v) || v < 100)
    return 0;
  return (int)v;
}

/* Seconds, or a date; what lies in the past is "now", what is neither is not said. */
static int64_t retry_after_ms(struct sl_str s, sl_ms wall)
{
  int64_t v;
  if (sl_str_i64(s, &v))
    return v < 0 ? -1 : v > INT64_MAX / 1000 ? INT64_MAX : v * 1000;
  char date[64];
  if (!s.n || s.n >= sizeof date)
    return -1;
  memcpy(date, s.p, s.n);
  date[s.n] = 0;
  time_t t = curl_getdate(date, NULL);
  if (t < 0)
    return -1;
  int64_t ms = (int64_t)t * 1000 - wall;
  return ms < 0 ? 0 : ms;
}

void http_read_head(struct sl_http *h)
{
  static const char *const ids[] = { "x-request-id", "x-amzn-requestid", "x-amz-request-id", "request-id", "x-correlation-id" };
  struct sl_http_info *i = &h->info;
  i->headers = sl_buf_view(&h->head);
  i->status = status_of(i->headers);
  i->content_type = sl_http_find(i, "content-type");
  i->location = sl_http_find(i, "location");
  for (size_t k = 0; k < sizeof ids / sizeof ids[0] && !i->request_id.n; k++)
    i->request_id = sl_http_find(i, ids[k]);
  if (!sl_str_i64(sl_http_find(i, "content-length"), &i->length) || i->length < 0)
    i->length = -1;
  i->retry_after_ms = retry_after_ms(sl_http_find(i, "retry-after"), sl_loop_wall(h->pool->l));
}
