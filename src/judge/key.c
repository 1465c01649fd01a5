/* judge/key.c: private keys from files, signatures in SSH's encoding, and whether one fits. */
#include "judge/key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sshwire.h"
#include "judge/key_int.h"

enum { KEY_FILE_MAX = 64 << 10, SIG_MAX = 4096, SK_TOUCHED = 1 };

struct sl_key { struct sl_pubkey pub; EVP_PKEY *evp; };

/* ---- reading ---- */

static int no_password(char *buf, int size, int rwflag, void *user)
{
  bool *asked = user;
  (void)buf;
  (void)size;
  (void)rwflag;
  *asked = true;
  return -1;
}

static int read_openssh(struct sl_key *k, struct sl_str text, struct sl_err *err)
{
  struct key_parts parts = { .pub = { .kind = SL_KEY_NONE } };
  struct sl_buf blob;
  sl_buf_init_secret(&blob, KEY_FILE_MAX);
  int rc = key_armour(text, "OPENSSH PRIVATE KEY", &blob) || blob.failed
             ? sl_buf_check(&blob, err) : sl_err_set(err, SL_EPARSE, "an OpenSSH private key that is cut or altered");
  if (!rc)
    rc = key_openssh(&parts, sl_buf_view(&blob), err);
  if (!rc && !(k->evp = key_evp_private(&parts)))
    rc = sl_err_set(err, SL_EPARSE, "an OpenSSH private key whose numbers are none of a key");
  k->pub = parts.pub;
  sl_buf_wipe(&blob);
  return rc;
}

/* What OpenSSL wrote: PKCS#8, or the older forms. */
static int read_pem(struct sl_key *k, struct sl_str text, struct sl_err *err)
{
  bool asked = false;
  struct sl_buf blob;
  BIO *in = BIO_new_mem_buf(text.p, (int)text.n);
  k->evp = in ? PEM_read_bio_PrivateKey(in, NULL, no_password, &asked) : NULL;
  BIO_free(in);
  ERR_clear_error();
  if (asked)
    return sl_err_set(err, SL_EAUTH, "encrypted");
  if (!k->evp)
    return sl_err_set(err, SL_EPARSE, "no private key; name the file that ssh-keygen wrote, without .pub");
  sl_buf_init(&blob, KEY_FILE_MAX);
  int rc = key_evp_blob(&blob, k->evp, err);
  if (!rc)
    rc = sl_buf_check(&blob, err);
  if (!rc)
    rc = sl_pubkey_blob(&k->pub, sl_buf_view(&blob), err);
  sl_buf_free(&blob);
  return rc;
}

/* A file whose halves are of two keys is found out now, not at the decision. */
static int try_it(const struct sl_key *k, struct sl_err *err)
{
  struct sl_buf sig;
  sl_buf_init(&sig, 0);
  int rc = sl_key_sign(k, SL_STR("does it fit?"), &sig, err);
  sl_buf_free(&sig);
  if (rc == SL_EINTERNAL)
    rc = sl_err_set(err, SL_EPARSE, "its public and secret half do not belong together; make another with ssh-keygen");
  return rc;
}

/* Errors of the parts say what is wrong; here they get whose it is, and what to do. */
static int say(const char *name, const struct sl_err *why, struct sl_err *err)
{
  if (why->code == SL_ENOMEM)
    return sl_err_nomem(err);
  if (why->code == SL_EAUTH)
    return sl_err_set(err, SL_EAUTH, "%s is encrypted; add it to the agent: ssh-add %s", name, name);
  if (why->code == SL_EUNSUP)
    return sl_err_set(err, SL_EUNSUP, "%s: %s; add it to the agent: ssh-add %s", name, why->msg, name);
  return sl_err_set(err, why->code, "%s: %s", name, why->msg);
}

int sl_key_read(struct sl_key **out, struct sl_str text, const char *name, struct sl_err *err)
{
  struct sl_err why = { 0 };
  struct sl_key *k = sl_calloc(1, sizeof *k);
  *out = NULL;
  if (!k)
    return sl_err_nomem(err);
  text = sl_str_trim(text);
  bool openssh = sl_str_starts(text, SL_STR("-----BEGIN OPENSSH PRIVATE KEY-----"));
  int rc = openssh ? read_openssh(k, text, &why) : read_pem(k, text, &why);
  ERR_clear_error();
  if (!rc)
    rc = try_it(k, &why);
  if (rc) {
    sl_key_free(k);
    return say(name, &why, err);
  }
  *out = k;
  return SL_OK;
}

int sl_key_load(struct sl_key **out, const char *path, struct sl_err *err)
{
  struct sl_buf b;
  *out = NULL;
  sl_buf_init_secret(&b, KEY_FILE_MAX + 1);
  int rc = sl_file_read_private(&b, path, KEY_FILE_MAX, err);
  if (!rc)
    rc = sl_key_read(out, sl_buf_view(&b), path, err);
  sl_buf_wipe(&b);
  return rc;
}

void sl_key_free(struct sl_key *k)
{
  if (!k)
    return;
  EVP_PKEY_free(k->evp);
  sl_pubkey_free(&k->pub);
  sl_free(k);
}

const struct sl_pubkey *sl_key_public(const struct sl_key *k)
{
  return &k->pub;
}

/* ---- signing ---- */

static const EVP_MD *digest_of(enum sl_key_kind kind)
{
  switch (kind) {
  case SL_KEY_P256:
  case SL_KEY_SK_P256: return EVP_sha256();
  case SL_KEY_P384: return EVP_sha384();
  case SL_KEY_P521:
  case SL_KEY_RSA: return EVP_sha512();
  default: return NULL; /* Ed25519 has its own */
  }
}

/* OpenSSL's DER of r and s as SSH's. */
static bool put_ecdsa(struct sl_buf *out, const unsigned char *der, size_t n)
{
  ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
  unsigned char r[66], s[66];
  struct sl_buf two;
  bool ok = sig && BN_num_bytes(ECDSA_SIG_get0_r(sig)) <= 66 && BN_num_bytes(ECDSA_SIG_get0_s(sig)) <= 66;
  sl_buf_init(&two, 0);
  if (ok) {
    sl_ssh_put_mpint(&two, sl_strn((const char *)r, (size_t)BN_bn2bin(ECDSA_SIG_get0_r(sig), r)));
    sl_ssh_put_mpint(&two, sl_strn((const char *)s, (size_t)BN_bn2bin(ECDSA_SIG_get0_s(sig), s)));
    sl_ssh_put_str(out, sl_buf_view(&two));
    ok = !two.failed;
  }
  ECDSA_SIG_free(sig);
  sl_buf_free(&two);
  return ok;
}

static bool sign(const struct sl_key *k, struct sl_str data, struct sl_buf *out)
{
  unsigned char sig[SIG_MAX];
  size_t n = sizeof sig;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = ctx && EVP_DigestSignInit(ctx, NULL, digest_of(k->pub.kind), NULL, k->evp) > 0 &&
            EVP_DigestSign(ctx, sig, &n, (const unsigned char *)data.p, data.n) > 0;
  EVP_MD_CTX_free(ctx);
  if (!ok)
    return false;
  sl_ssh_put_str(out, sl_str(k->pub.kind == SL_KEY_RSA ? "rsa-sha2-512" : k->pub.name));
  if (k->pub.kind == SL_KEY_ED25519 || k->pub.kind == SL_KEY_RSA)
    sl_ssh_put_str(out, sl_strn((const char *)sig, n));
  else
    ok = put_ecdsa(out, sig, n);
  return ok && !out->failed;
}

int sl_key_sign(const struct sl_key *k, struct sl_str data, struct sl_buf *out, struct sl_err *err)
{
  struct sl_buf sig;
  sl_buf_init(&sig, SIG_MAX * 2);
  bool made = sign(k, data, &sig);
  ERR_clear_error();
  int rc = made ? sl_key_verify(&k->pub, data, sl_buf_view(&sig), err) : sl_err_set(err, SL_EINTERNAL, "OpenSSL could not sign");
  if (rc == SL_EDENIED)
    rc = sl_err_set(err, SL_EINTERNAL, "the public and the secret half of the key do not belong together");
  if (!rc) {
    sl_buf_str(out, sl_buf_view(&sig));
    rc = sl_buf_check(out, err);
  }
  sl_buf_free(&sig);
  return rc;
}

/* ---- verifying ---- */

static int misfit(struct sl_err *err)
{
  return sl_err_set(err, SL_EDENIED, "the signature does not fit what was signed");
}

static int cut(struct sl_err *err)
{
  return sl_err_set(err, SL_EPARSE, "a signature that is cut or altered");
}

static int fits(const struct sl_pubkey *k, const EVP_MD *md, struct sl_str data, struct sl_str sig, struct sl_err *err)
{
  EVP_PKEY *evp = key_evp_public(k);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  int rc = evp && ctx && EVP_DigestVerifyInit(ctx, NULL, md, NULL, evp) > 0 &&
               EVP_DigestVerify(ctx, (const unsigned char *)sig.p, sig.n, (const unsigned char *)data.p, data.n) == 1
             ? SL_OK : misfit(err);
  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(evp);
  ERR_clear_error();
  return rc;
}

static int fits_ecdsa(const struct sl_pubkey *k, struct sl_str data, struct sl_str two, struct sl_err *err)
{
  struct sl_ssh_rd rd = sl_ssh_rd(two);
  struct sl_str r = sl_ssh_mpint(&rd), s = sl_ssh_mpint(&rd);
  if (!sl_ssh_end(&rd) || r.n > 66 || s.n > 66)
    return cut(err);
  ECDSA_SIG *sig = ECDSA_SIG_new();
  BIGNUM *br = BN_bin2bn((const unsigned char *)r.p, (int)r.n, NULL), *bs = BN_bin2bn((const unsigned char *)s.p, (int)s.n, NULL);
  unsigned char *der = NULL;
  int n = -1;
  if (sig && br && bs && ECDSA_SIG_set0(sig, br, bs))
    n = i2d_ECDSA_SIG(sig, &der);
  else {
    BN_free(br);
    BN_free(bs);
  }
  int rc = n > 0 ? fits(k, digest_of(k->kind), data, sl_strn((const char *)der, (size_t)n), err) : sl_err_nomem(err);
  OPENSSL_free(der);
  ECDSA_SIG_free(sig);
  return rc;
}

/* SHA-2 only, whatever the key's own name says; short ones are filled up with zeros in front, as OpenSSH does. */
static int fits_rsa(const struct sl_pubkey *k, struct sl_str alg, struct sl_str data, struct sl_str sig, struct sl_err *err)
{
  unsigned char full[SIG_MAX];
  const EVP_MD *md = sl_str_eqz(alg, "rsa-sha2-512") ? EVP_sha512() : sl_str_eqz(alg, "rsa-sha2-256") ? EVP_sha256() : NULL;
  if (!md)
    return sl_err_set(err, SL_EPARSE, "signed with SHA-1, which counts for nothing; sign with rsa-sha2-512");
  if (!sig.n || sig.n > k->n.n || k->n.n > sizeof full)
    return cut(err);
  memset(full, 0, sizeof full);
  memcpy(full + k->n.n - sig.n, sig.p, sig.n);
  return fits(k, md, data, sl_strn((const char *)full, k->n.n), err);
}

/* What a security key signs: the digest of its application, flags and counter, the digest of the data. */
static int fits_sk(const struct sl_pubkey *k, struct sl_ssh_rd *rest, struct sl_str data, struct sl_str sig, struct sl_err *err)
{
  struct sl_sha256 app = sl_sha256(k->application), what = sl_sha256(data);
  uint8_t flags = sl_ssh_u8(rest);
  uint32_t counter = sl_ssh_u32(rest);
  char bytes[32 + 5 + 32];
  if (!sl_ssh_end(rest))
    return cut(err);
  if (!(flags & SK_TOUCHED))
    return sl_err_set(err, SL_EDENIED, "signed without a touch of the security key, which counts for nothing");
  memcpy(bytes, app.b, 32);
  bytes[32] = (char)flags;
  for (int i = 0; i < 4; i++)
    bytes[33 + i] = (char)(counter >> (24 - 8 * i) & 0xff);
  memcpy(bytes + 37, what.b, 32);
  struct sl_str all = sl_strn(bytes, sizeof bytes);
  return k->kind == SL_KEY_SK_ED25519 ? fits(k, NULL, all, sig, err) : fits_ecdsa(k, all, sig, err);
}

int sl_key_verify(const struct sl_pubkey *k, struct sl_str data, struct sl_str signature, struct sl_err *err)
{
  struct sl_ssh_rd r = sl_ssh_rd(signature);
  struct sl_str alg = sl_ssh_str(&r), sig = sl_ssh_str(&r);
  if (r.bad || k->kind == SL_KEY_NONE)
    return cut(err);
  if (k->kind == SL_KEY_RSA)
    return sl_ssh_end(&r) ? fits_rsa(k, alg, data, sig, err) : cut(err);
  if (!sl_str_eqz(alg, k->name))
    return sl_err_set(err, SL_EPARSE, "a signature of another kind than the key's");
  if (k->kind == SL_KEY_SK_ED25519 || k->kind == SL_KEY_SK_P256)
    return fits_sk(k, &r, data, sig, err);
  if (!sl_ssh_end(&r))
    return cut(err);
  return k->kind == SL_KEY_ED25519 ? fits(k, NULL, data, sig, err) : fits_ecdsa(k, data, sig, err);
}
