/* loop/http_explain.c: an answer that was no success, as one sentence for a person. */
#include <string.h>

#include "base/json.h"
#include "base/secret.h"
#include "loop/http.h"

enum { WORDS_MAX = 160, BODY_LOOK = 64 << 10 };

static struct sl_str json_words(const json_t *doc)
{
  static const char *const keys[] = {
    "message", "Message", "error_message", "error_description", "detail", "errorMessage", "error", "title",
  };
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    struct sl_str s = sl_json_str(doc, keys[i]);
    if (s.n)
      return s;
  }
  const json_t *inner = json_object_get(doc, "error");
  return json_is_object(inner) ? sl_json_str(inner, "message") : SL_STR_NONE;
}

/* One line: runs of blanks and controls become one space. */
static void squeeze(struct sl_buf *b, struct sl_str s)
{
  bool gap = false;
  for (size_t i = 0; i < s.n && b->n < WORDS_MAX; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (c <= ' ' || c == 0x7f) {
      gap = b->n > 0;
      continue;
    }
    if (gap)
      sl_buf_ch(b, ' ');
    gap = false;
    sl_buf_ch(b, (char)c);
  }
}

static struct sl_str between(struct sl_str s, const char *open, const char *close)
{
  ptrdiff_t at = sl_str_find(s, sl_str(open));
  if (at < 0)
    return SL_STR_NONE;
  s = sl_str_from(s, (size_t)at + strlen(open));
  ptrdiff_t end = sl_str_find(s, sl_str(close));
  return end < 0 ? SL_STR_NONE : sl_str_head(s, (size_t)end);
}

static bool is_html(const struct sl_http_info *i, struct sl_str body)
{
  struct sl_str s = sl_str_trim(sl_str_head(body, 512));
  return sl_str_find(i->content_type, SL_STR("text/html")) >= 0 || sl_str_ieq(sl_str_head(s, 9), SL_STR("<!doctype"))
         || sl_str_ieq(sl_str_head(s, 5), SL_STR("<html"));
}

/* The server's own words: of JSON its message, of XML its <Message>, else how the text begins. */
static void own_words(struct sl_buf *b, const struct sl_http_info *i, struct sl_str body)
{
  json_t *doc = NULL;
  if (is_html(i, body)) {
    sl_buf_z(b, "an HTML page; is a proxy or a login page in between?");
    return;
  }
  struct sl_str start = sl_str_trim(sl_str_head(body, BODY_LOOK));
  if (body.n <= BODY_LOOK && start.n && start.p[0] == '{' && !sl_json_load(&doc, body, true, NULL))
    squeeze(b, json_words(doc));
  json_decref(doc);
  if (!b->n)
    squeeze(b, between(start, "<Message>", "</Message>"));
  if (!b->n)
    squeeze(b, start);
}

static const struct { int status, code; const char *words, *advice; } known[] = {
  { 400, SL_EPROTO, "bad request", NULL },
  { 401, SL_EAUTH, "not logged in", "check the credentials" },
  { 403, SL_EDENIED, "not allowed", "ask for the right to do this" },
  { 404, SL_ENOENT, "not found", NULL },
  { 407, SL_EAUTH, "the proxy wants credentials", "put them into the proxy's address" },
  { 409, SL_ECONFLICT, "changed meanwhile", "look again" },
  { 412, SL_ECONFLICT, "changed meanwhile", "look again" },
  { 429, SL_ENET, "too many requests", "wait, then try again" },
};

int sl_http_explain(const struct sl_http_info *i, struct sl_str body, const char *what, struct sl_err *err)
{
  const char *words = i->status >= 500 ? "the server failed" : "unexpected answer";
  const char *advice = i->status >= 500 ? "try again later" : NULL;
  int code = i->status >= 500 ? SL_ENET : SL_EPROTO;
  for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
    if (known[k].status == i->status) {
      words = known[k].words;
      advice = known[k].advice;
      code = known[k].code;
    }
  if (i->status >= 300 && i->status < 400 && i->location.n)
    return sl_err_set(err, code, "%s: answered %d, moved to %.*s; give that address if you trust it", what, i->status,
                      SL_ARG(sl_str_head(i->location, 120)));
  struct sl_buf own, safe;
  sl_buf_init(&own, 4096);
  sl_buf_init(&safe, 4096);
  own_words(&own, i, body);
  sl_secret_redact(&safe, sl_buf_view(&own)); /* some servers repeat what they were sent, credentials included */
  sl_err_set(err, code, "%s: %d %s%s%s%s%s", what, i->status, words, safe.n ? ": " : "", safe.failed ? "" : sl_buf_zstr(&safe),
             advice ? "; " : "", advice ? advice : "");
  sl_buf_free(&own);
  sl_buf_free(&safe);
  return code;
}
