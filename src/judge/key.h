/* judge/key.h: keys that sign, and whether a signature fits a public key: Ed25519, ECDSA on nistp256/384/521, RSA with SHA-2, by OpenSSL.
 *
 * Signatures are in SSH's encoding ("ssh-ed25519" + bytes), as agents give them. Loading blocks (lane `file`); signing takes a
 * millisecond. */
#ifndef SL_JUDGE_KEY_H
#define SL_JUDGE_KEY_H

#include "base/pubkey.h"

struct sl_key;                   /* a private key; wiped when it is freed */
/* From an OpenSSH or PEM file that nobody else may read. EAUTH: it is encrypted, and the line to type; ENOENT, EDENIED, EPARSE: why not. */
int sl_key_load(struct sl_key **out, const char *path, struct sl_err *err) SL_NODISCARD;
int sl_key_read(struct sl_key **out, struct sl_str text, const char *name, struct sl_err *err) SL_NODISCARD; /* name: for messages */
void sl_key_free(struct sl_key *k);
const struct sl_pubkey *sl_key_public(const struct sl_key *k);
/* Appends the signature over data; RSA by rsa-sha2-512. It is checked before it is given away: EINTERNAL where the halves of the key do
 * not belong together. */
int sl_key_sign(const struct sl_key *k, struct sl_str data, struct sl_buf *out, struct sl_err *err) SL_NODISCARD;

/* SL_OK: k made this signature over data. EPARSE: it cannot be read, or is of a kind that counts for nothing (SHA-1); EDENIED: it does not
 * fit. A security key must have been touched. */
int sl_key_verify(const struct sl_pubkey *k, struct sl_str data, struct sl_str signature, struct sl_err *err) SL_NODISCARD;

#endif
