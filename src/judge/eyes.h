/* judge/eyes.h: four eyes: were it two people, and do we know it? (design.md 9.4)
 *
 * Whoever made a version, whoever asked for its promotion and whoever approves it must not be one person. What a registry says about an
 * author is a claim; it becomes knowledge when the very person it names has signed the request. What is not known is unknown, never
 * "different". */
#ifndef SL_JUDGE_EYES_H
#define SL_JUDGE_EYES_H

#include "judge/decisions.h"
#include "judge/gate.h"
#include "judge/member.h"

#define SL_EYES_GATE SL_FOUR_EYES_GATE   /* its name among gates */
#define SL_REGISTRY_ISSUER "mlflow"      /* who says who made a version */
struct sl_eyes {
  enum sl_gate_state state;
  char value[120], why[320];             /* "ana, lead"; "made by ana, who signed the request; approved by lead" */
  char evidence[240];                    /* "author ana (claimed), requester ana (key), approver lead (key)" */
};
/* Empty parts of author: nobody knows; of requester: nobody asked. */
void sl_eyes_judge(struct sl_people p, const struct sl_ident *author, const struct sl_ident *requester, const struct sl_ident *approver,
                   struct sl_eyes *out);
/* The same of a version: author as the registry says it (its column `author`; issuer: the connection's type), the request for `to` from
 * what was decided about it so far. A request that does not count is named where it would have. */
void sl_eyes_version(struct sl_people p, struct sl_str issuer, struct sl_str author, const struct sl_decisions *d, struct sl_str to,
                     const struct sl_ident *approver, struct sl_eyes *out);

#endif
