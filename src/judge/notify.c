/* judge/notify.c: see notify.h. One request, on the loop: the secret is found, the message sent, the outcome written down. Answers that say
 * "later" are heeded as long as somebody can be asked to wait (SEND_MS); an answer that moves us elsewhere is not followed. */
#include "judge/notify.h"

#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "loop/http.h"
#include "loop/loop.h"
#include "model/act.h"
#include "model/backend.h"

enum { SEND_MS = 10000, CONNECT_MS = 5000, ANSWER_MAX = 4096, TRIES = 3, WORD_BYTES = 100, COMMENT_BYTES = 600, NAME_BYTES = 300 };

struct notice {
  struct sl_errand errand;              /* first */
  struct sl_ws *w;
  struct sl_http_pool *pool;
  struct sl_http *http;
  struct sl_secret *url, *path;         /* path: an answer may repeat a part of the address */
  struct sl_buf body;
  char *conn, *id, *token;
  bool asking, over;                    /* a secret is being looked for; it has ended, or nobody waits any more */
};

/* ---- words ---- */

static void span(struct sl_buf *out, struct sl_str s, size_t most)
{
  struct sl_buf clean;
  sl_buf_init(&clean, 64 << 10);
  bool cut = s.n > most;
  sl_text_clean(&clean, sl_str_head(s, cut ? sl_utf8_cut(s, most) : s.n), SL_TEXT_CELL);
  sl_buf_ch(out, '`');
  for (size_t i = 0; i < clean.n; i++)
    switch (clean.p[i]) {
    case '&': sl_buf_z(out, "&amp;"); break;
    case '<': sl_buf_z(out, "&lt;"); break;
    case '>': sl_buf_z(out, "&gt;"); break;
    case '`': sl_buf_ch(out, '\''); break;
    default: sl_buf_ch(out, clean.p[i]);
    }
  sl_buf_z(out, cut ? "...`" : "`");
  sl_buf_free(&clean);
}

static void versions(struct sl_buf *out, const struct sl_notice *n, const char *before)
{
  char version[24];
  struct sl_buf name;
  sl_buf_init(&name, 64 << 10);
  snprintf(version, sizeof version, "%lld", (long long)n->version);
  sl_buf_printf(&name, "%.*s/%s", SL_ARG(n->model), version);
  sl_buf_z(out, before);
  span(out, sl_buf_view(&name), NAME_BYTES);
  sl_buf_free(&name);
}

static void moved(struct sl_buf *out, const struct sl_notice *n)
{
  sl_buf_z(out, ": ");
  span(out, n->to, NAME_BYTES);
  sl_buf_printf(out, " names %lld now, was ", (long long)n->version);
  if (n->was.n)
    span(out, n->was, NAME_BYTES);
  else
    sl_buf_z(out, "nothing");
}

void sl_notice_text(struct sl_buf *out, const struct sl_notice *n)
{
  static const char *const verbs[] = { " asks for ", " approved ", " approved ", " rejected ", " rolled back to " };
  if (n->glass)
    sl_buf_z(out, "*BREAK-GLASS, over the gates:* ");
  span(out, n->by, NAME_BYTES);
  versions(out, n, verbs[n->news]);
  if (n->news == SL_NEWS_APPROVED || n->news == SL_NEWS_ROLLED_BACK) {
    moved(out, n);
  } else {
    sl_buf_z(out, n->news == SL_NEWS_REQUESTED ? " to become " : " for ");
    span(out, n->to, NAME_BYTES);
    sl_buf_z(out, n->news == SL_NEWS_COUNTED ? "; more must agree" : "");
  }
  if (n->comment.n) {
    sl_buf_z(out, ". ");
    span(out, n->comment, COMMENT_BYTES);
  }
}

/* ---- the end ---- */

static void notice_free(struct notice *x)
{
  if (x->http)
    sl_http_cancel(x->http);
  if (x->pool)
    sl_http_pool_close(x->pool);
  sl_secret_unref(x->url);
  sl_secret_unref(x->path);
  sl_buf_free(&x->body);
  sl_free(x->conn);
  sl_free(x->id);
  sl_free(x->token);
  sl_free(x);
}

static void free_later(void *user) { notice_free(user); }

/* What went wrong may repeat what was sent. */
static void record(struct notice *x, const char *outcome, const char *words)
{
  struct sl_buf safe;
  char line[400];
  sl_buf_init(&safe, 8192);
  sl_secret_redact(&safe, sl_str(words));
  const struct sl_audit_aside a = { .action = "notify", .outcome = outcome, .of = x->token, .detail = sl_buf_view(&safe),
                                    .target = { sl_str(x->conn), SL_STR("versions"), sl_str(x->id) } };
  sl_ws_audit_aside(x->w, &a);
  snprintf(line, sizeof line, "warning: the decision stands, but nobody was told: %s", safe.failed ? "?" : sl_buf_zstr(&safe));
  if (strcmp(outcome, "ok") != 0)
    sl_ws_say(x->w, line);
  sl_buf_free(&safe);
}

/* From a callback of its own request: its memory goes when the loop has left it. */
static void over(struct notice *x, const char *outcome, const char *words)
{
  struct sl_err err;
  x->over = true;
  record(x, outcome, words);
  sl_ws_errand_end(x->w, &x->errand);
  if (sl_loop_later(sl_ws_loop(x->w), free_later, x, &err))
    x->w = NULL; /* no memory even for that: left behind */
}

static void dropped(struct sl_errand *e)
{
  struct notice *x = (struct notice *)e;
  x->over = true;
  record(x, "failed", "the program ended before the webhook had answered");
  if (!x->asking) /* else whoever looks for the secret says so in a moment */
    notice_free(x);
}

/* ---- the request ---- */

static bool welcome(const struct sl_http_info *i, struct sl_str body)
{
  struct sl_str said = sl_str_trim(body);
  bool json = sl_str_find(i->content_type, SL_STR("json")) >= 0; /* others than Slack */
  return i->status >= 200 && i->status < 300 && (!said.n || sl_str_ieq(said, SL_STR("ok")) || json);
}

/* Slack says why in a word, which it calls HTML. */
static void refused(const struct sl_http_info *i, struct sl_str body, struct sl_err *err)
{
  struct sl_str said = sl_str_trim(body);
  if (said.n && said.n <= WORD_BYTES && sl_str_chr(said, '<') < 0 && sl_str_chr(said, '{') < 0)
    sl_err_set(err, SL_EPROTO, "the webhook answered %d: %.*s", i->status, SL_ARG(said));
  else
    sl_http_explain(i, body, "the webhook", err);
}

static void answered(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err)
{
  struct notice *x = user;
  struct sl_err e = { 0 };
  char words[120];
  x->http = NULL;
  snprintf(words, sizeof words, "the webhook was told; %u %s", i ? i->attempts : 1, i && i->attempts > 1 ? "attempts" : "attempt");
  if (rc)
    over(x, "failed", err->msg[0] ? err->msg : sl_code_words(rc));
  else if (welcome(i, body))
    over(x, "ok", words);
  else if (i->status >= 300 && i->status < 400) {
    snprintf(words, sizeof words, "the webhook: answered %d, moved elsewhere; that is not followed with a secret", i->status);
    over(x, "failed", words);
  } else {
    refused(i, body, &e);
    over(x, "failed", e.msg);
  }
}

/* In words without the address: it is the secret. */
static int check_url(struct sl_str url, struct sl_str *path, struct sl_err *err)
{
  struct sl_url u;
  if (!sl_url_parse(url, &u) || u.user.p)
    return sl_err_set(err, SL_ECONFIG, "notify is no address of a webhook: https://HOST/PATH");
  if (!sl_str_eqz(u.scheme, "https") && !sl_url_loopback(&u))
    return sl_err_set(err, SL_ECONFIG, "notify must be an https address: the webhook's address is a secret");
  *path = u.path;
  return SL_OK;
}

static int send(struct notice *x, struct sl_err *err)
{
  static const struct sl_http_ops ops = { .done = answered };
  static const struct sl_http_tls tls = { .ca_file = NULL };
  struct sl_str url = sl_secret_reveal(x->url), path;
  int rc = check_url(url, &path, err);
  if (!rc && path.n >= 6)
    rc = sl_secret_new(&x->path, path, err);
  rc = rc ? rc : sl_http_pool_open(&x->pool, sl_ws_loop(x->w), &tls, err);
  const struct sl_http_req req = { .method = "POST", .url = url.p, .body = sl_buf_view(&x->body), .repeatable = true, .max_tries = TRIES,
                                   .connect_ms = CONNECT_MS, .idle_ms = SEND_MS, .total_ms = SEND_MS, .max_body = ANSWER_MAX };
  rc = rc ? rc : sl_http_new(&x->http, x->pool, &req, &ops, x, err);
  if (rc)
    return rc;
  rc = sl_http_header(x->http, "Content-Type", SL_STR("application/json"), err);
  if (rc)
    sl_http_cancel(x->http);
  rc = rc ? rc : sl_http_start(x->http, err);
  if (rc)
    x->http = NULL;
  return rc;
}

static void found(void *user, struct sl_secret *s, const struct sl_err *err)
{
  struct notice *x = user;
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  x->asking = false;
  if (x->over) {
    notice_free(x);
    return;
  }
  if (s)
    x->url = sl_secret_ref(s);
  if (!s || send(x, &e))
    over(x, "failed", e.msg);
}

/* ---- beginning ---- */

static int body_make(struct sl_buf *out, const struct sl_notice *n, struct sl_err *err)
{
  struct sl_buf text;
  sl_buf_init(&text, 64 << 10);
  sl_notice_text(&text, n);
  struct sl_jw w = sl_jw(out, false);
  sl_jw_obj(&w);
  sl_jw_key(&w, SL_STR("text"));
  sl_jw_str(&w, sl_buf_view(&text));
  sl_jw_end_obj(&w);
  int rc = sl_buf_check(&text, err);
  sl_buf_free(&text);
  return rc ? rc : sl_buf_check(out, err);
}

static int notice_new(struct notice **out, struct sl_ws *w, const struct sl_notice *n, struct sl_err *err)
{
  struct notice *x = sl_calloc(1, sizeof *x);
  if (!x)
    return sl_err_nomem(err);
  *x = (struct notice){ .errand = { .drop = dropped }, .w = w, .conn = sl_strndup(n->conn.p, n->conn.n), .token = sl_strdup(n->token),
                        .id = sl_asprintf("%.*s/%lld", SL_ARG(n->model), (long long)n->version) };
  sl_buf_init(&x->body, 256 << 10);
  int rc = x->conn && x->token && x->id ? body_make(&x->body, n, err) : sl_err_nomem(err);
  if (rc)
    notice_free(x);
  else
    *out = x;
  return rc;
}

void sl_notify(struct sl_ws *w, const struct sl_model_conf *m, const struct sl_notice *n)
{
  struct notice *x = NULL;
  struct sl_err err = { 0 };
  if (!m || m->notify->kind == SL_SECRET_NONE)
    return;
  int rc = notice_new(&x, w, n, &err);
  if (!rc && (rc = sl_ws_errand_begin(w, &x->errand, &err)))
    notice_free(x);
  if (rc) {
    sl_ws_say(w, "warning: the decision stands, but nobody was told: out of memory");
    return;
  }
  x->asking = true;
  rc = sl_ws_secret(w, m->name, "notify", m->notify, found, x, &err);
  if (rc) {
    x->asking = false;
    over(x, "failed", err.msg);
  }
}
