/* judge/sig_int.h: what reading and writing signatures share. */
#ifndef SL_JUDGE_SIG_INT_H
#define SL_JUDGE_SIG_INT_H

#include "judge/sig.h"

enum { SIG_VERSION = 1, SIG_TEXT_MAX = 32 << 10 };
#define SIG_MAGIC "SSHSIG"
#define SIG_BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define SIG_END "-----END SSH SIGNATURE-----\n"

/* base64 in lines between SIG_BEGIN and SIG_END, as ssh-keygen -Y sign writes it (PROTOCOL.sshsig). */
void sig_armour(struct sl_buf *out, struct sl_str blob);

#endif
