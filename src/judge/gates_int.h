/* judge/gates_int.h: what an evaluation is made of, for the files of it and their tests. */
#ifndef SL_JUDGE_GATES_INT_H
#define SL_JUDGE_GATES_INT_H

#include "base/mem.h"
#include "judge/facts.h"
#include "judge/gates.h"

struct gates_set { struct sl_gates g; struct sl_gate_row *row; struct sl_arena mem; };   /* g's texts live in mem */
void gates_set_free(struct gates_set *s);                                                   /* NULL: nothing */
/* Blocks: a lane. *out is yours, also where it fails. */
int gates_judge(struct gates_set **out, struct facts *f, const struct sl_ws_conf *c, const struct sl_model_conf *m, const char *conn,
                const char *to, struct sl_err *err) SL_NODISCARD;

#endif
