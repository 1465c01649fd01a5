/* judge/sig.c: signatures in ssh-keygen's form: what is signed, how it is written, and whether it fits a message. */
#include <openssl/evp.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "base/sshwire.h"
#include "judge/key.h"
#include "judge/sig_int.h"

enum { LINE = 70 };

void sig_armour(struct sl_buf *out, struct sl_str blob)
{
  struct sl_buf text;
  sl_buf_init(&text, SIG_TEXT_MAX * 2);
  sl_fmt_base64(&text, blob.p, blob.n);
  struct sl_str rest = sl_buf_view(&text);
  sl_buf_z(out, SIG_BEGIN);
  for (; rest.n; rest = sl_str_from(rest, LINE)) {
    sl_buf_str(out, sl_str_head(rest, LINE));
    sl_buf_ch(out, '\n');
  }
  sl_buf_z(out, SIG_END);
  if (text.failed)
    out->failed = text.failed;
  sl_buf_free(&text);
}

/* The bytes under the signature: never the message itself, so that a key that signs these can be led to sign nothing else. */
static int signed_bytes(struct sl_buf *out, struct sl_str ns, struct sl_str hash, struct sl_str message, struct sl_err *err)
{
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  const EVP_MD *md = sl_str_eqz(hash, "sha256") ? EVP_sha256() : EVP_sha512();
  if (!EVP_Digest(message.n ? message.p : "", message.n, digest, &n, md, NULL))
    return sl_err_nomem(err);
  sl_buf_z(out, SIG_MAGIC);
  sl_ssh_put_str(out, ns);
  sl_ssh_put_str(out, SL_STR_NONE); /* reserved */
  sl_ssh_put_str(out, hash);
  sl_ssh_put_str(out, sl_strn((const char *)digest, n));
  return sl_buf_check(out, err);
}

int sl_sig_bytes(struct sl_buf *out, const char *ns, struct sl_str message, struct sl_err *err)
{
  return signed_bytes(out, sl_str(ns), SL_STR("sha512"), message, err);
}

int sl_sig_write(struct sl_buf *out, const struct sl_pubkey *key, const char *ns, struct sl_str signature, struct sl_err *err)
{
  struct sl_buf blob;
  sl_buf_init(&blob, SIG_TEXT_MAX);
  sl_buf_z(&blob, SIG_MAGIC);
  sl_ssh_put_u32(&blob, SIG_VERSION);
  sl_ssh_put_str(&blob, key->blob);
  sl_ssh_put_str(&blob, sl_str(ns));
  sl_ssh_put_str(&blob, SL_STR_NONE);
  sl_ssh_put_str(&blob, SL_STR("sha512"));
  sl_ssh_put_str(&blob, signature);
  int rc = sl_buf_check(&blob, err);
  if (!rc) {
    sig_armour(out, sl_buf_view(&blob));
    rc = sl_buf_check(out, err);
  }
  sl_buf_free(&blob);
  return rc;
}

int sl_sig_verify(const struct sl_sig *s, const char *ns, struct sl_str message, struct sl_err *err)
{
  struct sl_buf bytes;
  if (!sl_str_eqz(s->ns, ns))
    return sl_err_set(err, SL_EDENIED, "a signature that was made for another purpose than %s", ns);
  sl_buf_init(&bytes, 0);
  int rc = signed_bytes(&bytes, s->ns, s->hash, message, err);
  if (!rc)
    rc = sl_key_verify(&s->key, sl_buf_view(&bytes), s->signature, err);
  sl_buf_free(&bytes);
  return rc;
}

void sl_sig_free(struct sl_sig *s)
{
  sl_pubkey_free(&s->key);
  sl_free(s->own);
  *s = (struct sl_sig){ .own = NULL };
}
