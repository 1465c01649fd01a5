/* judge/gates_int.h: what an evaluation is made of, for the files of it and their tests. */
#ifndef SL_JUDGE_GATES_INT_H
#define SL_JUDGE_GATES_INT_H

#include "base/mem.h"
#include "judge/facts.h"
#include "judge/eyes.h"
#include "judge/gates.h"
#include "judge/me.h"

struct gates_set { struct sl_gates g; struct sl_gate_row *row; struct sl_arena mem; };   /* g's texts live in mem */
void gates_set_free(struct gates_set *s);                                                   /* NULL: nothing */
/* One evaluation: by which rules, of which connection's version, for which alias or stage, with whom as approver, when. */
struct gates_ask { const struct sl_ws_conf *c; const struct sl_model_conf *m; const char *conn, *to; const struct sl_me *me; sl_ms now; };
/* Blocks: a lane. *out is yours, also where it fails. */
int gates_judge(struct gates_set **out, struct facts *f, const struct gates_ask *q, struct sl_err *err) SL_NODISCARD;

/* ---- gates_eyes.c: four eyes as a row. Blocks: statements are verified ---- */
struct gates_eyes { bool judged, advised; struct sl_eyes is; };   /* judged false: the policy wants none */
/* v: the version. What its statements say of authors and approvers, against who we are. */
int gates_eyes(struct gates_eyes *out, const struct facts_row *v, const struct gates_ask *q, struct sl_err *err) SL_NODISCARD;

/* ---- gates_files.c: what evidence read from a registry, beside what lies there now ---- */
enum { GATES_FOLDERS = 16 };
struct gates_folder { const char *address; struct sl_snap *snap; char why[80]; };  /* address in facts.mem; why: it could not be listed */
/* The folders that evidence names: n of them. Beyond the most, the evidence is stale. */
int gates_folders(struct facts *f, struct gates_folder *out, size_t *n, struct sl_err *err) SL_NODISCARD;
/* Blocks. Evidence whose files are not as they were is stale from now on; where they could not be listed, it is partial. */
int gates_files_compare(struct facts *f, const struct gates_folder *folder, size_t n, struct sl_err *err) SL_NODISCARD;

#endif
