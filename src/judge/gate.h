/* judge/gate.h: what a gate comes to: pass, fail or unknown, with the value, what it needs, why, and where the facts came from.
 *
 * Three-valued, as filters are: a fact that is missing, NaN, stale or only partly there makes a condition unknown, and an unknown gate
 * blocks. Only where the rest decides by itself (`or`, `and`) does it not matter. */
#ifndef SL_JUDGE_GATE_H
#define SL_JUDGE_GATE_H

#include "table/rule.h"

struct sl_gate;
/* EUSAGE with the column. The workspace's gates were parsed when the file was read: there it fails only for want of memory. */
int sl_gate_parse(struct sl_gate **out, struct sl_str text, struct sl_err *err) SL_NODISCARD;
void sl_gate_free(struct sl_gate *g);
bool sl_gate_champion(const struct sl_gate *g);          /* does it speak of the champion? */

enum sl_fact_state { SL_FACT_KNOWN, SL_FACT_MISSING, SL_FACT_STALE, SL_FACT_PARTIAL,
  SL_FACT_NO_CHAMPION            /* of the champion, and there is none: the gate is as its `first` says */ };
struct sl_fact {
  enum sl_fact_state state;
  struct sl_val v;               /* KNOWN: a number or a text, borrowed until the next question; null and NaN count as missing */
  char source[160];              /* where from: "run 4f2a", "drift of 06:00"; of any state */
  char why[120];                 /* of a state other than KNOWN: words behind it, "no evidence was computed"; "": none */
};
/* What is asked for facts. name: as the gate wrote it. Returns SL_OK; anything else is our mistake and makes the gate unknown. */
typedef int sl_fact_fn(void *user, const struct sl_rule_node *name, struct sl_fact *out);

enum sl_gate_state { SL_GATE_PASS, SL_GATE_FAIL, SL_GATE_UNKNOWN };
const char *sl_gate_word(enum sl_gate_state s);          /* pass, fail, unknown */
struct sl_gate_result {
  enum sl_gate_state state;
  char value[64], needs[64];     /* of the condition that decided: "0.81", ">= 0.85"; value "" where it is not known */
  char why[200];                 /* "metrics.val_auc is 0.81, not >= 0.85"; "drift.share is missing" */
  char source[160];              /* of that condition's facts */
};
/* first: pass, fail, unknown: what it is where it hangs on a champion that is not there. */
void sl_gate_run(const struct sl_gate *g, sl_fact_fn *fact, void *user, const char *first, struct sl_gate_result *out);

#endif
