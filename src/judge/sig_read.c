/* judge/sig_read.c: an armoured signature from outside. What it holds is believed by nobody until it was verified; but one signature has
 * one form, so that an altered byte anywhere is seen, line breaks included. */
#include "base/fmt.h"
#include "base/mem.h"
#include "base/sshwire.h"
#include "judge/sig_int.h"

static int bad(struct sl_err *err)
{
  return sl_err_set(err, SL_EPARSE, "no SSH signature, or one that is cut or altered");
}

/* The blob between the lines; false: not in the one form. */
static bool unarmour(struct sl_str text, struct sl_buf *blob)
{
  struct sl_str begin = SL_STR(SIG_BEGIN), end = SL_STR(SIG_END), line;
  struct sl_buf packed, again;
  if (text.n > SIG_TEXT_MAX || !sl_str_starts(text, begin) || !sl_str_ends(text, end) || text.n < begin.n + end.n)
    return false;
  struct sl_str body = sl_strn(text.p + begin.n, text.n - begin.n - end.n);
  sl_buf_init(&packed, SIG_TEXT_MAX);
  sl_buf_init(&again, 2 * SIG_TEXT_MAX);
  while (sl_str_cut(&body, '\n', &line))
    sl_buf_str(&packed, line);
  bool ok = sl_parse_base64(blob, sl_buf_view(&packed));
  if (ok)
    sig_armour(&again, sl_buf_view(blob));
  ok = ok && sl_str_eq(sl_buf_view(&again), text);
  if (packed.failed || again.failed)
    blob->failed = SL_ENOMEM;
  sl_buf_free(&packed);
  sl_buf_free(&again);
  return ok;
}

static int read_fields(struct sl_sig *s, struct sl_str blob, struct sl_err *err)
{
  struct sl_ssh_rd r = sl_ssh_rd(sl_str_from(blob, sizeof SIG_MAGIC - 1));
  if (!sl_str_starts(blob, SL_STR(SIG_MAGIC)))
    return bad(err);
  uint32_t version = sl_ssh_u32(&r);
  if (!r.bad && version != SIG_VERSION)
    return sl_err_set(err, SL_EPARSE, "an SSH signature of version %u; %d is known", version, SIG_VERSION);
  struct sl_str key = sl_ssh_str(&r);
  s->ns = sl_ssh_str(&r);
  struct sl_str reserved = sl_ssh_str(&r);
  s->hash = sl_ssh_str(&r);
  s->signature = sl_ssh_str(&r);
  if (!sl_ssh_end(&r) || reserved.n || !s->ns.n)
    return bad(err);
  if (!sl_str_eqz(s->hash, "sha512") && !sl_str_eqz(s->hash, "sha256"))
    return sl_err_set(err, SL_EPARSE, "an SSH signature over another digest than sha512 or sha256");
  struct sl_err why = { 0 };
  int rc = sl_pubkey_blob(&s->key, key, &why);
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err);
  return rc ? sl_err_set(err, SL_EPARSE, "the signature's key: %s", why.msg) : SL_OK;
}

int sl_sig_read(struct sl_sig *out, struct sl_str armoured, struct sl_err *err)
{
  struct sl_buf blob;
  struct sl_sig s = { .own = NULL };
  *out = s;
  sl_buf_init(&blob, SIG_TEXT_MAX);
  bool ok = unarmour(armoured, &blob);
  int rc = blob.failed == SL_ENOMEM ? sl_err_nomem(err) : ok ? SL_OK : bad(err);
  size_t n = blob.n;
  if (!rc && !(s.own = sl_buf_take(&blob, NULL)))
    rc = sl_err_nomem(err);
  if (!rc)
    rc = read_fields(&s, sl_strn(s.own, n), err);
  sl_buf_free(&blob);
  if (rc)
    sl_sig_free(&s);
  else
    *out = s;
  return rc;
}
