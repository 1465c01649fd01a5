/* judge/agent.h: the keys of an ssh-agent, and its signatures. The agent is a program of the person's, but what stands behind the socket
 * may be anything (a forwarded one, a stale path), so its answers are capped and waited for no longer than said.
 *
 * All of it blocks: lane `long`, since a person may have to confirm or to touch. `cancel` may be NULL. */
#ifndef SL_JUDGE_AGENT_H
#define SL_JUDGE_AGENT_H

#include <stdatomic.h>

#include "base/pubkey.h"

enum { SL_AGENT_LIST_MS = 5000, SL_AGENT_SIGN_MS = 60000 };
struct sl_agent;
/* path: of its socket, as in SSH_AUTH_SOCK; NULL or "": ENOENT, with what to do. */
int sl_agent_open(struct sl_agent **out, const char *path, const atomic_bool *cancel, struct sl_err *err) SL_NODISCARD;
void sl_agent_close(struct sl_agent *a);
/* Its keys of kinds that we take, in its order; others (certificates, DSA) are left out. */
struct sl_agent_keys { struct sl_pubkey *v; size_t n; };
/* Free with sl_agent_keys_free(). EPROTO: no agent answers like that; ETIMEOUT. */
int sl_agent_list(struct sl_agent *a, struct sl_agent_keys *out, struct sl_err *err) SL_NODISCARD;
void sl_agent_keys_free(struct sl_agent_keys *k);
/* Appends the signature of k over data, checked. EDENIED: the agent refused (not its key, or the person said no). */
int sl_agent_sign(struct sl_agent *a, const struct sl_pubkey *k, struct sl_str data, struct sl_buf *out, struct sl_err *err) SL_NODISCARD;

#endif
