/* base/pubkey.h: SSH public keys as people write them: a line of a .pub file, or the bytes behind its base64.
 *
 * Reading checks the form and the strength (RSA 2048 to 16384 bits; no DSA, no certificates). Whether a point lies on its curve is
 * found out by whoever uses the key. */
#ifndef SL_BASE_PUBKEY_H
#define SL_BASE_PUBKEY_H

#include "base/buf.h"

enum sl_key_kind { SL_KEY_NONE, SL_KEY_ED25519, SL_KEY_P256, SL_KEY_P384, SL_KEY_P521, SL_KEY_RSA,
  SL_KEY_SK_ED25519, SL_KEY_SK_P256  /* held by a security key */ };
struct sl_pubkey {
  enum sl_key_kind kind;
  const char *name;              /* "ssh-ed25519", ... */
  struct sl_str blob, comment;   /* the key in SSH's encoding; what stood behind it, "" where nothing did */
  /* parts of the blob, by kind */
  struct sl_str point;           /* Ed25519: 32 bytes; ECDSA: 04 X Y */
  struct sl_str n, e;            /* RSA: highest byte first */
  struct sl_str application;     /* security keys: "ssh:" */
  char *own;                     /* holds all of it */
};
enum { SL_PUBKEY_LINE = 16 << 10, SL_FINGERPRINT = 51 };
/* EPARSE: why it is none, in words that quote nothing of it. Free it with sl_pubkey_free(), also a zeroed one. */
int sl_pubkey_line(struct sl_pubkey *out, struct sl_str line, struct sl_err *err) SL_NODISCARD;
int sl_pubkey_blob(struct sl_pubkey *out, struct sl_str blob, struct sl_err *err) SL_NODISCARD;
void sl_pubkey_free(struct sl_pubkey *k);
bool sl_pubkey_eq(const struct sl_pubkey *a, const struct sl_pubkey *b);
void sl_pubkey_fingerprint(const struct sl_pubkey *k, char out[SL_FINGERPRINT]);  /* "SHA256:" and 43 characters, as ssh-keygen -l */
void sl_pubkey_text(struct sl_buf *b, const struct sl_pubkey *k);                 /* "ssh-ed25519 AAAA...", without the comment */

#endif
