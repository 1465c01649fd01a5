/* base/pubkey_read.c: an SSH public key from its line or its bytes: strict, so that one key has one form and two can be compared. */
#include "base/pubkey.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/fmt.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sshwire.h"

enum { RSA_MIN = 2048, RSA_MAX = 16384, EXPONENT_MAX = 8 };

static const struct kind { enum sl_key_kind kind; const char *name, *curve; size_t point; bool sk; } kinds[] = {
  { SL_KEY_ED25519, "ssh-ed25519", NULL, 32, false },
  { SL_KEY_P256, "ecdsa-sha2-nistp256", "nistp256", 65, false },
  { SL_KEY_P384, "ecdsa-sha2-nistp384", "nistp384", 97, false },
  { SL_KEY_P521, "ecdsa-sha2-nistp521", "nistp521", 133, false },
  { SL_KEY_RSA, "ssh-rsa", NULL, 0, false },
  { SL_KEY_SK_ED25519, "sk-ssh-ed25519@openssh.com", NULL, 32, true },
  { SL_KEY_SK_P256, "sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", 65, true },
};

static int unknown(struct sl_str name, struct sl_err *err)
{
  if (sl_str_ends(name, SL_STR("-cert-v01@openssh.com")))
    return sl_err_set(err, SL_EPARSE, "it is a certificate; name the key itself, the line of the .pub file without -cert");
  if (sl_str_eqz(name, "ssh-dss"))
    return sl_err_set(err, SL_EPARSE, "it is a DSA key, which is too weak; make another with ssh-keygen -t ed25519");
  return sl_err_set(err, SL_EPARSE, "no SSH public key; write the line of a .pub file, such as \"ssh-ed25519 AAAA... name\"");
}

static const struct kind *kind_of(struct sl_str name)
{
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (sl_str_eqz(name, kinds[i].name))
      return &kinds[i];
  return NULL;
}

static int check_rsa(const struct sl_pubkey *k, struct sl_err *err)
{
  unsigned char top = k->n.n ? (unsigned char)k->n.p[0] : 0;
  size_t bits = k->n.n * 8;
  for (; top && top < 0x80; top = (unsigned char)(top << 1))
    bits--;
  if (bits < RSA_MIN || bits > RSA_MAX)
    return sl_err_set(err, SL_EPARSE, "an RSA key of %zu bits; %d to %d are taken: ssh-keygen -t ed25519 makes a good one", bits, RSA_MIN,
                      RSA_MAX);
  bool one = k->e.n == 1 && k->e.p[0] == 1;
  if (k->e.n > EXPONENT_MAX || one || !(k->e.p[k->e.n - 1] & 1) || !(k->n.p[k->n.n - 1] & 1))
    return sl_err_set(err, SL_EPARSE, "an RSA key that cannot be one: its numbers are even, or too large");
  return SL_OK;
}

/* k->blob is in place; the parts are found in it. */
static int read_parts(struct sl_pubkey *k, struct sl_err *err)
{
  struct sl_ssh_rd r = sl_ssh_rd(k->blob);
  struct sl_str name = sl_ssh_str(&r);
  const struct kind *kind = r.bad ? NULL : kind_of(name);
  if (!kind)
    return unknown(name, err);
  k->kind = kind->kind;
  k->name = kind->name;
  bool curve = !kind->curve || sl_str_eqz(sl_ssh_str(&r), kind->curve);
  if (kind->kind == SL_KEY_RSA) {
    k->e = sl_ssh_mpint(&r);
    k->n = sl_ssh_mpint(&r);
  } else {
    k->point = sl_ssh_str(&r);
  }
  if (kind->sk)
    k->application = sl_ssh_str(&r);
  bool point = k->point.n == kind->point && (!kind->curve || (k->point.n && k->point.p[0] == 4));
  if (!sl_ssh_end(&r) || !curve || !point)
    return sl_err_set(err, SL_EPARSE, "an SSH public key that is cut or altered; copy the line of the .pub file again");
  return kind->kind == SL_KEY_RSA ? check_rsa(k, err) : SL_OK;
}

/* Takes what is in b: the blob, then the comment. */
static int settle(struct sl_pubkey *out, struct sl_buf *b, size_t blob, struct sl_err *err)
{
  struct sl_pubkey k = { .kind = SL_KEY_NONE };
  size_t n = b->n;
  int rc = sl_buf_check(b, err);
  if (!rc && !(k.own = sl_buf_take(b, NULL)))
    rc = sl_err_nomem(err);
  if (!rc) {
    k.blob = sl_strn(k.own, blob);
    k.comment = sl_strn(k.own + blob, n - blob);
    rc = read_parts(&k, err);
  }
  sl_buf_free(b);
  if (rc)
    sl_pubkey_free(&k);
  else
    *out = k;
  return rc;
}

int sl_pubkey_blob(struct sl_pubkey *out, struct sl_str blob, struct sl_err *err)
{
  struct sl_buf b;
  *out = (struct sl_pubkey){ .kind = SL_KEY_NONE };
  if (blob.n > SL_PUBKEY_LINE)
    return unknown(SL_STR_NONE, err);
  sl_buf_init(&b, SL_PUBKEY_LINE);
  sl_buf_str(&b, blob);
  return settle(out, &b, blob.n, err);
}

int sl_pubkey_line(struct sl_pubkey *out, struct sl_str line, struct sl_err *err)
{
  struct sl_str name = SL_STR_NONE, text;
  struct sl_buf b;
  *out = (struct sl_pubkey){ .kind = SL_KEY_NONE };
  line = sl_str_trim(line);
  if (line.n > SL_PUBKEY_LINE || !sl_str_cut(&line, ' ', &name) || !kind_of(name))
    return unknown(line.n > SL_PUBKEY_LINE ? SL_STR_NONE : name, err);
  line = sl_str_trim(line);
  if (!sl_str_cut(&line, ' ', &text))
    return unknown(SL_STR_NONE, err);
  sl_buf_init(&b, SL_PUBKEY_LINE);
  if (!sl_parse_base64(&b, text) && !b.failed) {
    sl_buf_free(&b);
    return sl_err_set(err, SL_EPARSE, "an SSH public key that is cut or altered; copy the line of the .pub file again");
  }
  size_t blob = b.n;
  sl_buf_str(&b, sl_str_trim(line));
  int rc = settle(out, &b, blob, err);
  if (!rc && !sl_str_eqz(name, out->name)) {
    sl_pubkey_free(out);
    rc = sl_err_set(err, SL_EPARSE, "an SSH public key whose first word is not its kind; copy the line of the .pub file again");
  }
  return rc;
}

void sl_pubkey_free(struct sl_pubkey *k)
{
  sl_free(k->own);
  *k = (struct sl_pubkey){ .kind = SL_KEY_NONE };
}

bool sl_pubkey_eq(const struct sl_pubkey *a, const struct sl_pubkey *b)
{
  return a->kind != SL_KEY_NONE && sl_str_eq(a->blob, b->blob);
}

/* OpenSSL's encoder, since it allocates nothing: a fingerprint decides who somebody is, and must not come out empty. */
void sl_pubkey_fingerprint(const struct sl_pubkey *k, char out[SL_FINGERPRINT])
{
  struct sl_sha256 d = sl_sha256(k->blob);
  unsigned char text[45];
  EVP_EncodeBlock(text, d.b, sizeof d.b);
  snprintf(out, SL_FINGERPRINT, "SHA256:%.43s", (const char *)text); /* without the = at the end */
}

void sl_pubkey_text(struct sl_buf *b, const struct sl_pubkey *k)
{
  sl_buf_printf(b, "%s ", k->name);
  sl_fmt_base64(b, k->blob.p, k->blob.n);
}
