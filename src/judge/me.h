/* judge/me.h: who decides here: whose key is at hand, or else which account; and signing with that key.
 *
 * Keys are looked for in this order: the file `me: {key}` of config.yaml, the agent, the files keys/NAME beside the workspace file (the
 * demo ships two). A key counts only when `people:` lists it. `--as` or `me: {name}` choose among several; without them the first. */
#ifndef SL_JUDGE_ME_H
#define SL_JUDGE_ME_H

#include <stdatomic.h>

#include "judge/member.h"
#include "model/ws.h"

/* What there is to look in; made on the loop, used in a lane by one at a time. */
struct sl_me_ask {
  struct sl_ws_conf *conf;               /* counted; may be NULL */
  struct sl_identity said;               /* as the workspace knows us without keys */
  char *wanted, *file, *agent, *dir;     /* NULL: none */
};
/* From the workspace, the person and SSH_AUTH_SOCK as they are now. Owns nothing after a failure; free: what it holds, not q. */
int sl_me_ask(struct sl_me_ask *out, struct sl_ws *w, struct sl_err *err) SL_NODISCARD;
void sl_me_ask_free(struct sl_me_ask *q);

struct sl_me {
  char name[64];                         /* below people:, or what we are called */
  enum sl_known known;
  char issuer[96], subject[160];         /* SL_ISSUER_PEOPLE and the name, where a key says so */
  char print[SL_FINGERPRINT];            /* of the key; "" */
  char why[300];                         /* no key: why not, and what to do */
  bool by_agent;
  char *file;                            /* of the key, where it is no agent's */
  struct sl_pubkey key;
};
/* Blocks: lane `long`. Finding nobody is no failure: known is then os or claimed. */
int sl_me_find(const struct sl_me_ask *q, struct sl_me *out, const atomic_bool *cancel, struct sl_err *err) SL_NODISCARD;
void sl_me_free(struct sl_me *m);
/* On the loop: what sl_ws_signer() says from now on. */
void sl_me_tell(struct sl_ws *w, const struct sl_me *m);
struct sl_ident sl_me_ident(const struct sl_me *m);
/* May they decide about m (NULL: nothing governs it)? */
enum sl_may { SL_MAY, SL_MAY_NO_KEY /* decisions are signed here, and no key is at hand */, SL_MAY_OTHERS /* the approvers are others */ };
enum sl_may sl_me_may(const struct sl_me *me, struct sl_people p, const struct sl_model_conf *m);
/* "lead, ana" of the policy; "" where it names nobody. */
void sl_approvers_text(struct sl_buf *out, const struct sl_model_conf *m);
/* The armoured signature over a statement's text. Blocks: lane `long`, an agent may ask a person. */
int sl_me_sign(const struct sl_me_ask *q, const struct sl_me *m, struct sl_str text, struct sl_buf *out, const atomic_bool *cancel,
               struct sl_err *err) SL_NODISCARD;

#endif
