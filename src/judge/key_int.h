/* judge/key_int.h: what the reader of key files hands to the maker of OpenSSL's keys. */
#ifndef SL_JUDGE_KEY_INT_H
#define SL_JUDGE_KEY_INT_H

#include <openssl/evp.h>

#include "judge/key.h"

/* A private key's numbers, highest byte first, borrowed from the file's bytes. */
struct key_parts {
  struct sl_pubkey pub;          /* owned by whoever asked */
  struct sl_str seed;            /* Ed25519: 32 bytes */
  struct sl_str d;               /* ECDSA, RSA */
  struct sl_str p, q, qinv;      /* RSA */
};
/* The body of an OpenSSH key file, without its armour. EAUTH: encrypted. */
int key_openssh(struct key_parts *out, struct sl_str blob, struct sl_err *err) SL_NODISCARD;
/* The bytes between the lines -----BEGIN what----- and -----END what-----. */
bool key_armour(struct sl_str text, const char *what, struct sl_buf *out);

/* NULL: refused by OpenSSL (a point that lies on no curve), or out of memory. */
EVP_PKEY *key_evp_public(const struct sl_pubkey *k);
EVP_PKEY *key_evp_private(const struct key_parts *k);
/* The public half as SSH writes it. EPARSE: of a kind that is not taken. */
int key_evp_blob(struct sl_buf *out, const EVP_PKEY *k, struct sl_err *err) SL_NODISCARD;

#endif
