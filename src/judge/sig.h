/* judge/sig.h: detached signatures in the form of `ssh-keygen -Y sign`: armoured, with the signer's public key and a namespace, so that a
 * signature made for one purpose says nothing in another. */
#ifndef SL_JUDGE_SIG_H
#define SL_JUDGE_SIG_H

#include "base/pubkey.h"

struct sl_sig {
  struct sl_pubkey key;          /* who claims to have signed */
  struct sl_str ns, hash;        /* "sluice-approval"; "sha512" or "sha256" */
  struct sl_str signature;       /* in SSH's encoding */
  char *own;                     /* holds them */
};
/* Only in the very form in which ssh-keygen and we write it: no other line breaks, nothing around it. EPARSE. */
int sl_sig_read(struct sl_sig *out, struct sl_str armoured, struct sl_err *err) SL_NODISCARD;
void sl_sig_free(struct sl_sig *s);
/* EDENIED: it does not fit the message, or was made for another namespace; EPARSE: of a kind that counts for nothing. */
int sl_sig_verify(const struct sl_sig *s, const char *ns, struct sl_str message, struct sl_err *err) SL_NODISCARD;

/* Making one, in two steps, since an agent may sign: the bytes to be signed (SHA-512 of the message in them), then, with what the key
 * answered, the armoured text. */
int sl_sig_bytes(struct sl_buf *out, const char *ns, struct sl_str message, struct sl_err *err) SL_NODISCARD;
int sl_sig_write(struct sl_buf *out, const struct sl_pubkey *key, const char *ns, struct sl_str signature, struct sl_err *err) SL_NODISCARD;

#endif
