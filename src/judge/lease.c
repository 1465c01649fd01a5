/* judge/lease.c: what a lease says, and the words about turns. */
#include "judge/lease.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

enum sl_turns sl_turns(struct sl_str registry, const struct sl_model_conf *m)
{
  if (!sl_str_starts(registry, SL_STR("http://")) && !sl_str_starts(registry, SL_STR("https://")))
    return SL_TURNS_STORE;
  if (!m || !m->lease)
    return SL_TURNS_NONE;
  return strncmp(m->lease, "dir:", 4) ? SL_TURNS_REGISTRY : SL_TURNS_DIR;
}

void sl_turns_words(enum sl_turns t, const struct sl_model_conf *m, struct sl_buf *out)
{
  switch (t) {
  case SL_TURNS_STORE: sl_buf_z(out, "store: one transaction"); break;
  case SL_TURNS_DIR: sl_buf_printf(out, "lease: dir %s", m->lease + 4); break;
  case SL_TURNS_REGISTRY: sl_buf_z(out, "registry tag, advisory"); break;
  case SL_TURNS_NONE: sl_buf_z(out, "none: two approvers may both win"); break;
  }
}

/* ---- the holder ---- */

int sl_holder_me(struct sl_holder *out, const char *by, sl_ms now, struct sl_err *err)
{
  *out = (struct sl_holder){ .pid = getpid(), .until = now + SL_LEASE_MS };
  if (gethostname(out->host, sizeof out->host - 1))
    memcpy(out->host, "localhost", sizeof "localhost");
  snprintf(out->by, sizeof out->by, "%s", by);
  return sl_uuid4(out->nonce, err);
}

static int member(struct sl_jw *w, const char *key, const char *value, struct sl_err *err)
{
  struct sl_buf clean;
  sl_buf_init(&clean, 1024);
  sl_text_clean(&clean, sl_str(value), SL_TEXT_CELL); /* a host may be called anything; JSON wants UTF-8 */
  sl_jw_key(w, sl_str(key));
  sl_jw_str(w, sl_buf_view(&clean));
  int rc = sl_buf_check(&clean, err);
  sl_buf_free(&clean);
  return rc;
}

int sl_holder_text(struct sl_buf *out, const struct sl_holder *h, struct sl_err *err)
{
  struct sl_jw w = sl_jw(out, false);
  struct sl_buf until;
  sl_buf_init(&until, 64);
  if (h->until)
    sl_time_rfc3339(&until, h->until);
  sl_jw_obj(&w);
  int rc = member(&w, "by", h->by, err); /* half a lease would be one that nobody can read: it holds, and nobody has it */
  rc = rc ? rc : member(&w, "host", h->host, err);
  rc = rc ? rc : member(&w, "nonce", h->nonce, err);
  sl_jw_key(&w, SL_STR("pid"));
  sl_jw_i64(&w, h->pid);
  sl_jw_key(&w, SL_STR("until"));
  if (h->until)
    sl_jw_str(&w, sl_buf_view(&until));
  else
    sl_jw_null(&w);
  sl_jw_key(&w, SL_STR("v"));
  sl_jw_i64(&w, 1);
  sl_jw_end_obj(&w);
  rc = rc ? rc : sl_buf_check(&until, err);
  sl_buf_free(&until);
  return rc ? rc : sl_buf_check(out, err);
}

static void cleaned(char *out, size_t size, struct sl_str s)
{
  struct sl_buf b;
  sl_buf_init(&b, 1024);
  sl_text_fit(&b, sl_str_head(s, 200), 32, SL_KEEP_HEAD, true);
  snprintf(out, size, "%s", b.failed || !b.n ? "?" : sl_buf_zstr(&b));
  sl_buf_free(&b);
}

bool sl_holder_read(struct sl_holder *out, struct sl_str text)
{
  json_t *j = NULL;
  int64_t v = 0;
  *out = (struct sl_holder){ .pid = 0 };
  if (text.n > SL_LEASE_TEXT_MAX || sl_json_load(&j, text, false, NULL))
    return false;
  struct sl_str nonce = sl_json_str(j, "nonce"), until = sl_json_str(j, "until");
  bool ok = json_is_object(j) && sl_json_i64(j, "v", &v) && v == 1 && nonce.n == sizeof out->nonce - 1 &&
            sl_json_i64(j, "pid", &out->pid) && (!until.p || sl_time_parse(until, 0, NULL, &out->until)) &&
            (until.p || json_is_null(json_object_get(j, "until"))) && (!until.p || out->until > 0);
  for (size_t i = 0; ok && i < nonce.n; i++)
    ok = strchr("0123456789abcdef-", nonce.p[i]) != NULL;
  if (ok) {
    memcpy(out->nonce, nonce.p, nonce.n);
    cleaned(out->by, sizeof out->by, sl_json_str(j, "by"));
    cleaned(out->host, sizeof out->host, sl_json_str(j, "host"));
  }
  json_decref(j);
  return ok;
}

int sl_holder_busy(const struct sl_holder *h, sl_ms until, const char *where, struct sl_err *err)
{
  struct sl_buf end;
  sl_buf_init(&end, 64);
  sl_time_rfc3339(&end, until - until % 1000);
  struct sl_str at = sl_buf_view(&end);
  at = at.n > 5 ? sl_str_head(at, at.n - 5) : at; /* without .000Z */
  if (h)
    sl_err_set(err, SL_ECONFLICT, "%s decides about this model now (process %lld on %s) and holds the lease until %.*s UTC at most; "
               "look again then (%s)", h->by, (long long)h->pid, h->host, SL_ARG(at), where);
  else
    sl_err_set(err, SL_ECONFLICT, "somebody whose lease cannot be read decides about this model, until %.*s UTC at most; look again then "
               "(%s)", SL_ARG(at), where);
  sl_buf_free(&end);
  return SL_ECONFLICT;
}
