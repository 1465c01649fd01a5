/* judge/lineage_int.h: what the files that build the tree share. */
#ifndef SL_JUDGE_LINEAGE_INT_H
#define SL_JUDGE_LINEAGE_INT_H

#include <stdatomic.h>

#include "judge/lineage.h"

/* One tree being built. Texts of a node are written into buffers of here, one node at a time. */
struct lin_build {
  struct sl_lineage *l; struct sl_lin_world *w; struct sl_buf key, label, target, detail, scratch; struct sl_err *err;
  char note[120];                    /* first word of the next partition's detail; "" none */
};
/* Borrows all of it; end frees the buffers, not b. */
void lin_begin(struct lin_build *b, struct sl_lineage *l, struct sl_lin_world *w, struct sl_err *err);
void lin_end(struct lin_build *b);
struct sl_lin_node lin_node(struct lin_build *b, const char *kind, const char *relation);   /* clears the buffers */
/* label, target, key and detail are those of the buffers. */
int lin_put(struct lin_build *b, size_t parent, struct sl_lin_node *n, size_t *at) SL_NODISCARD;
void lin_ref(struct sl_buf *out, struct sl_str conn, const char *res, struct sl_str id);
/* A node that is known to be there, or to be missing, only by name: the reason is its detail. */
int lin_unknown(struct lin_build *b, size_t parent, const char *kind, const char *relation, struct sl_str label, const char *why)
  SL_NODISCARD;
void lin_say(struct lin_build *b, const char *fmt, ...) SL_PRINTF(2, 3);      /* one more word of the detail */

/* lineage_up.c */
int lin_run(struct lin_build *b, size_t parent, const struct sl_lin_run *r, const char *relation, size_t *at) SL_NODISCARD;
int lin_run_up(struct lin_build *b, size_t at, const struct sl_lin_run *r) SL_NODISCARD;
int lin_part(struct lin_build *b, size_t parent, struct sl_str zone, struct sl_str name, const char *relation, size_t *at) SL_NODISCARD;
const struct sl_lin_part *lin_part_find(struct lin_build *b, struct sl_str zone, struct sl_str name);   /* NULL: not in the lake */
int lin_part_up(struct lin_build *b, size_t at, struct sl_str zone, struct sl_str name) SL_NODISCARD;
int lin_exec(struct lin_build *b, size_t parent, struct sl_str ref_or_id, const char *relation) SL_NODISCARD;
bool lin_ran(const struct sl_lin_exec *e, const struct sl_job_conf *j, struct sl_str part);    /* one of that job, for that partition */
bool lin_reads(const struct sl_job_conf *j, struct sl_str zone);
/* lineage_version.c */
int lin_version(struct lin_build *b, size_t parent, const struct sl_lin_version *v, const char *relation, size_t *at) SL_NODISCARD;

/* lineage_files.c. Blocks: looks at what the places name, and reads so much at most. */
enum { LIN_BYTES = 64 << 20, LIN_FILES = 10000 };
int lin_files(struct sl_lin_world *w, const atomic_bool *cancel, struct sl_err *err) SL_NODISCARD;

/* lineage_read.c: rows and documents into the world. Blocks: pages may lie on the disk. */
struct sl_snap;
int lin_read_parts(struct sl_lin_world *w, struct sl_snap *s, struct sl_err *err) SL_NODISCARD;
int lin_read_execs(struct sl_lin_world *w, struct sl_snap *s, struct sl_err *err) SL_NODISCARD;
int lin_read_versions(struct sl_lin_world *w, struct sl_snap *s, struct sl_err *err) SL_NODISCARD;
int lin_read_runs(struct sl_lin_world *w, struct sl_snap *s, struct sl_err *err) SL_NODISCARD;
int lin_read_doc(struct sl_lin_world *w, struct sl_str json, struct sl_err *err) SL_NODISCARD;   /* of a run: what it read */

#endif
