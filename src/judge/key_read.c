/* judge/key_read.c: private keys as ssh-keygen keeps them ("openssh-key-v1"): the one form that OpenSSL does not read itself. */
#include "base/fmt.h"
#include "base/sshwire.h"
#include "judge/key_int.h"

enum { KEY_BLOCK = 8 };

bool key_armour(struct sl_str text, const char *what, struct sl_buf *out)
{
  struct sl_buf line, packed;
  struct sl_str rest = sl_str_trim(text), one;
  sl_buf_init(&line, 0);
  sl_buf_init_secret(&packed, 0);
  sl_buf_printf(&line, "-----BEGIN %s-----", what);
  bool ok = sl_str_cut(&rest, '\n', &one) && sl_str_eq(sl_str_trim(one), sl_buf_view(&line));
  sl_buf_clear(&line);
  sl_buf_printf(&line, "-----END %s-----", what);
  bool end = false;
  while (ok && !end && sl_str_cut(&rest, '\n', &one)) {
    end = sl_str_eq(sl_str_trim(one), sl_buf_view(&line));
    if (!end)
      sl_buf_str(&packed, sl_str_trim(one));
  }
  ok = ok && end && !sl_str_trim(rest).n && sl_parse_base64(out, sl_buf_view(&packed));
  sl_buf_free(&line);
  sl_buf_wipe(&packed);
  return ok;
}

/* The numbers of one key; the public ones are repeated there and must be the same. */
static bool read_private(struct key_parts *k, struct sl_ssh_rd *r)
{
  const struct sl_pubkey *pub = &k->pub;
  struct sl_str name = sl_ssh_str(r);
  if (!sl_str_eqz(name, pub->name))
    return false;
  if (pub->kind == SL_KEY_ED25519) {
    struct sl_str point = sl_ssh_str(r), both = sl_ssh_str(r);
    k->seed = sl_str_head(both, 32);
    return both.n == 64 && sl_str_eq(point, pub->point) && sl_str_eq(sl_str_from(both, 32), point);
  }
  if (pub->kind == SL_KEY_RSA) {
    struct sl_str n = sl_ssh_mpint(r), e = sl_ssh_mpint(r);
    k->d = sl_ssh_mpint(r);
    k->qinv = sl_ssh_mpint(r);
    k->p = sl_ssh_mpint(r);
    k->q = sl_ssh_mpint(r);
    return !r->bad && sl_str_eq(n, pub->n) && sl_str_eq(e, pub->e);
  }
  (void)sl_ssh_str(r); /* the curve: its name was compared with the public key's */
  struct sl_str point = sl_ssh_str(r);
  k->d = sl_ssh_mpint(r);
  return !r->bad && sl_str_eq(point, pub->point);
}

static bool padding_ok(struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++)
    if ((unsigned char)s.p[i] != i + 1)
      return false;
  return s.n < KEY_BLOCK;
}

int key_openssh(struct key_parts *out, struct sl_str blob, struct sl_err *err)
{
  static const struct sl_str magic = { "openssh-key-v1", 15 }; /* with the NUL */
  struct sl_ssh_rd r = sl_ssh_rd(sl_str_from(blob, magic.n));
  if (!sl_str_starts(blob, magic))
    return sl_err_set(err, SL_EPARSE, "no OpenSSH private key");
  struct sl_str cipher = sl_ssh_str(&r), kdf = sl_ssh_str(&r), options = sl_ssh_str(&r);
  uint32_t count = sl_ssh_u32(&r);
  struct sl_str pub = sl_ssh_str(&r), secret = sl_ssh_str(&r);
  if (!sl_ssh_end(&r) || count != 1)
    return sl_err_set(err, SL_EPARSE, "an OpenSSH private key that is cut or altered");
  if (!sl_str_eqz(cipher, "none") || !sl_str_eqz(kdf, "none") || options.n)
    return sl_err_set(err, SL_EAUTH, "encrypted");
  int rc = sl_pubkey_blob(&out->pub, pub, err);
  if (rc)
    return rc;
  if (out->pub.kind == SL_KEY_SK_ED25519 || out->pub.kind == SL_KEY_SK_P256)
    return sl_err_set(err, SL_EUNSUP, "its secret is in a security key");
  r = sl_ssh_rd(secret);
  uint32_t check = sl_ssh_u32(&r);
  bool ok = check == sl_ssh_u32(&r) && secret.n % KEY_BLOCK == 0 && read_private(out, &r);
  (void)sl_ssh_str(&r); /* its comment */
  if (!ok || r.bad || !padding_ok(r.left))
    return sl_err_set(err, SL_EPARSE, "an OpenSSH private key that is cut or altered");
  return SL_OK;
}
