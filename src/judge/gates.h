/* judge/gates.h: the gates of one version, judged now, in the policy's order.
 *
 * An evaluation reads the model's versions, the version's run and, where a gate speaks of it, the run of the version that the alias points
 * to; then the files of evidence. It waits for no other source. A version's run that cannot be read makes its facts unknown, in words.
 *
 * Threads: the loop's. Ownership: what fn is given is borrowed until it returns. */
#ifndef SL_JUDGE_GATES_H
#define SL_JUDGE_GATES_H

#include "judge/gate.h"
#include "model/ws.h"

/* Texts are borrowed from the set; none is NULL. value: "" where it is not known. advised: unknown, but the policy only advises it. */
struct sl_gate_row { const char *name; enum sl_gate_state state; const char *value, *needs, *evidence, *why; bool advised; };
struct sl_gates {
  const struct sl_gate_row *row; size_t n;   /* in the policy's order; last SL_EYES_GATE, unless the policy wants none */
  const char *conn, *model; int64_t version;
  const char *alias, *present;               /* alias: or stage:NAME; present: the version that has it now, "" none */
  char evidence[65], policy[65], digest[65]; /* hex SHA-256; "" none. evidence: over all files of evidence; digest: of the artifact */
  enum sl_gate_state worst;                  /* fail before unknown before pass; without a gate: pass */
};
/* Yours: sl_gates_free(). */
int sl_gates_copy(struct sl_gates **out, const struct sl_gates *g, struct sl_err *err) SL_NODISCARD;
void sl_gates_free(struct sl_gates *g);

/* Every gate that does not pass, by name and why, in one line of at most room bytes; nothing where all pass. */
void sl_gates_words(struct sl_buf *out, const struct sl_gates *g, size_t room);

/* Once, never inside sl_gates_start(). g NULL: err. ECONFIG: the workspace says nothing of this model; the words have the lines to add.
 * ENOENT: no such model or version. EUSAGE: several registries have it. Anything else: the registry's own. */
typedef void sl_gates_fn(void *user, const struct sl_gates *g, const struct sl_err *err);
struct sl_gates_job;
/* conn: empty, what the model's entry says, or the only registry that has it. to: an alias or stage:NAME; empty: what the entry promotes
 * to. A workspace that closes first tells nobody: cancel before that. */
int sl_gates_start(struct sl_gates_job **out, struct sl_ws *w, struct sl_str conn, struct sl_str model, int64_t version, struct sl_str to,
                   sl_gates_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;
/* Right after the start: four eyes are judged with this approver. Otherwise with whoever sits here, who is looked for in a lane. */
struct sl_me;
void sl_gates_as(struct sl_gates_job *j, const struct sl_me *me);
void sl_gates_cancel(struct sl_gates_job *j);    /* fn will not come; also from inside of it: nothing. NULL: nothing */

/* The entry of a model in the workspace; NULL: none. */
const struct sl_model_conf *sl_gates_conf(const struct sl_ws_conf *c, struct sl_str model);
/* "MODEL/VERSION" or "MODEL/VERSION@TO"; to empty where there is none. False: it is neither. */
bool sl_gates_scope(struct sl_str scope, struct sl_str *model, int64_t *version, struct sl_str *to);

#endif
