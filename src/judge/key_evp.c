/* judge/key_evp.c: SSH's keys as OpenSSL's, and back. Nothing is kept; what is secret is wiped. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "base/sshwire.h"
#include "judge/key_int.h"

static const char *group_of(enum sl_key_kind kind)
{
  switch (kind) {
  case SL_KEY_P256:
  case SL_KEY_SK_P256: return "P-256";
  case SL_KEY_P384: return "P-384";
  case SL_KEY_P521: return "P-521";
  default: return NULL;
  }
}

static BIGNUM *number(struct sl_str s, bool secret)
{
  BIGNUM *n = secret ? BN_secure_new() : BN_new();
  if (n && !BN_bin2bn((const unsigned char *)s.p, (int)s.n, n)) {
    BN_clear_free(n);
    n = NULL;
  }
  if (n && secret)
    BN_set_flags(n, BN_FLG_CONSTTIME);
  return n;
}

static EVP_PKEY *from_params(const char *type, int selection, OSSL_PARAM_BLD *b)
{
  OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
  EVP_PKEY *k = NULL;
  if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) <= 0 || EVP_PKEY_fromdata(ctx, &k, selection, params) <= 0)
    k = NULL;
  EVP_PKEY_CTX_free(ctx);
  OSSL_PARAM_free(params);
  return k;
}

/* d none: the public half only. */
static EVP_PKEY *ec_key(const struct sl_pubkey *pub, struct sl_str d)
{
  const char *group = group_of(pub->kind);
  OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
  BIGNUM *n = d.n ? number(d, true) : NULL;
  EVP_PKEY *k = NULL;
  bool ok = b && group && OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) &&
            OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, pub->point.p, pub->point.n);
  if (ok && d.n)
    ok = n && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, n);
  if (ok)
    k = from_params("EC", d.n ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, b);
  BN_clear_free(n);
  OSSL_PARAM_BLD_free(b);
  return k;
}

static EVP_PKEY *rsa_public(const struct sl_pubkey *pub)
{
  OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
  BIGNUM *n = number(pub->n, false), *e = number(pub->e, false);
  EVP_PKEY *k = NULL;
  if (b && n && e && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e))
    k = from_params("RSA", EVP_PKEY_PUBLIC_KEY, b);
  BN_free(n);
  BN_free(e);
  OSSL_PARAM_BLD_free(b);
  return k;
}

/* d mod (prime - 1): OpenSSH does not keep it. */
static BIGNUM *reduced(const BIGNUM *d, const BIGNUM *prime)
{
  BIGNUM *out = BN_secure_new(), *less = BN_secure_new();
  BN_CTX *ctx = BN_CTX_secure_new();
  bool ok = out && less && ctx && d && prime && BN_sub(less, prime, BN_value_one());
  if (ok)
    BN_set_flags(less, BN_FLG_CONSTTIME);
  ok = ok && BN_mod(out, d, less, ctx);
  BN_clear_free(less);
  BN_CTX_free(ctx);
  if (!ok) {
    BN_clear_free(out);
    return NULL;
  }
  return out;
}

static EVP_PKEY *rsa_private(const struct key_parts *parts)
{
  enum { N, E, D, P, Q, QINV, DP, DQ, COUNT };
  static const char *const names[] = {
    [N] = OSSL_PKEY_PARAM_RSA_N, [E] = OSSL_PKEY_PARAM_RSA_E, [D] = OSSL_PKEY_PARAM_RSA_D, [P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
    [Q] = OSSL_PKEY_PARAM_RSA_FACTOR2, [DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1, [DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
    [QINV] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
  };
  BIGNUM *v[COUNT] = {
    [N] = number(parts->pub.n, false), [E] = number(parts->pub.e, false), [D] = number(parts->d, true), [P] = number(parts->p, true),
    [Q] = number(parts->q, true), [QINV] = number(parts->qinv, true),
  };
  v[DP] = reduced(v[D], v[P]);
  v[DQ] = reduced(v[D], v[Q]);
  OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
  bool ok = b;
  for (int i = 0; i < COUNT && ok; i++)
    ok = v[i] && OSSL_PARAM_BLD_push_BN(b, names[i], v[i]);
  EVP_PKEY *k = ok ? from_params("RSA", EVP_PKEY_KEYPAIR, b) : NULL;
  for (int i = 0; i < COUNT; i++)
    BN_clear_free(v[i]);
  OSSL_PARAM_BLD_free(b);
  return k;
}

EVP_PKEY *key_evp_public(const struct sl_pubkey *k)
{
  if (k->kind == SL_KEY_ED25519 || k->kind == SL_KEY_SK_ED25519)
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)k->point.p, k->point.n);
  return k->kind == SL_KEY_RSA ? rsa_public(k) : ec_key(k, SL_STR_NONE);
}

EVP_PKEY *key_evp_private(const struct key_parts *k)
{
  if (k->pub.kind == SL_KEY_ED25519)
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)k->seed.p, k->seed.n);
  return k->pub.kind == SL_KEY_RSA ? rsa_private(k) : ec_key(&k->pub, k->d);
}

/* ---- from OpenSSL to SSH ---- */

static int rsa_blob(struct sl_buf *out, const EVP_PKEY *k, struct sl_err *err)
{
  BIGNUM *e = NULL, *n = NULL;
  unsigned char bytes[2][2048 + 8];
  bool ok = EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_RSA_E, &e) > 0 && EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_RSA_N, &n) > 0;
  ok = ok && (size_t)BN_num_bytes(e) <= sizeof bytes[0] && (size_t)BN_num_bytes(n) <= sizeof bytes[1];
  if (ok) {
    sl_ssh_put_str(out, SL_STR("ssh-rsa"));
    sl_ssh_put_mpint(out, sl_strn((const char *)bytes[0], (size_t)BN_bn2bin(e, bytes[0])));
    sl_ssh_put_mpint(out, sl_strn((const char *)bytes[1], (size_t)BN_bn2bin(n, bytes[1])));
  }
  BN_free(e);
  BN_free(n);
  return ok ? SL_OK : sl_err_set(err, SL_EPARSE, "an RSA key that is too large");
}

static int ec_blob(struct sl_buf *out, const EVP_PKEY *k, struct sl_err *err)
{
  static const struct { const char *openssl, *name, *curve; } curves[] = {
    { "prime256v1", "ecdsa-sha2-nistp256", "nistp256" }, { "secp384r1", "ecdsa-sha2-nistp384", "nistp384" },
    { "secp521r1", "ecdsa-sha2-nistp521", "nistp521" },
  };
  BIGNUM *x = NULL, *y = NULL;
  char group[32];
  unsigned char point[1 + 2 * 66];
  int rc = SL_EPARSE;
  size_t got, side = ((size_t)EVP_PKEY_get_bits(k) + 7) / 8;
  if (EVP_PKEY_get_utf8_string_param(k, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &got) > 0 && side <= 66 &&
      EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_EC_PUB_X, &x) > 0 && EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_EC_PUB_Y, &y) > 0) {
    point[0] = 4;
    bool ok = BN_bn2binpad(x, point + 1, (int)side) > 0 && BN_bn2binpad(y, point + 1 + side, (int)side) > 0;
    for (size_t i = 0; ok && i < sizeof curves / sizeof curves[0]; i++)
      if (!strcmp(curves[i].openssl, group)) {
        sl_ssh_put_str(out, sl_str(curves[i].name));
        sl_ssh_put_str(out, sl_str(curves[i].curve));
        sl_ssh_put_str(out, sl_strn((const char *)point, 1 + 2 * side));
        rc = SL_OK;
      }
  }
  BN_free(x);
  BN_free(y);
  return rc ? sl_err_set(err, rc, "a key on a curve that is not taken; nistp256, nistp384 and nistp521 are") : SL_OK;
}

int key_evp_blob(struct sl_buf *out, const EVP_PKEY *k, struct sl_err *err)
{
  unsigned char point[32];
  size_t n = sizeof point;
  if (EVP_PKEY_is_a(k, "ED25519") && EVP_PKEY_get_raw_public_key(k, point, &n) > 0) {
    sl_ssh_put_str(out, SL_STR("ssh-ed25519"));
    sl_ssh_put_str(out, sl_strn((const char *)point, n));
    return SL_OK;
  }
  if (EVP_PKEY_is_a(k, "RSA"))
    return rsa_blob(out, k, err);
  if (EVP_PKEY_is_a(k, "EC"))
    return ec_blob(out, k, err);
  return sl_err_set(err, SL_EPARSE, "a key of a kind that is not taken; Ed25519, ECDSA and RSA are");
}
