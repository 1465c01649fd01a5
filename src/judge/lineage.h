/* judge/lineage.h: what a version, a run or a partition came from, and what depends on it, as one tree: version -> run -> data -> the
 * executions that made the data -> what those read, and back.
 *
 * Built from what was read before (struct sl_lin_world); nothing is asked here, and no address is opened. A thing stands in the tree once
 * with what is below it; where it comes again it says so and ends, so that circles end too. Pure functions: any thread. */
#ifndef SL_JUDGE_LINEAGE_H
#define SL_JUDGE_LINEAGE_H

#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"
#include "judge/evidence.h"

/* ---- the tree ---- */
enum { SL_LIN_NODES = 5000, SL_LIN_DEPTH = 32 };
#define SL_LIN_NONE SIZE_MAX
struct sl_lin_node {
  struct sl_str key;               /* what it is, for recognising it; none: a thing of its own */
  const char *kind;                /* version, run, data, partition, files, code, execution, evidence, decision */
  const char *relation;            /* to its parent: "made by", "read", ... */
  const char *state;               /* ok, missing, changed, unknown; NULL: nothing is said about it */
  struct sl_str label, target, detail, digest, known;   /* target: a ref, or none: text only */
  sl_ms at;                        /* 0: none */
};
struct sl_lin_at { struct sl_lin_node n; size_t parent, child, last, next, children; unsigned depth; bool again; char id[17]; };
struct sl_lineage { struct sl_lin_at *node; size_t n, cap; struct sl_map seen; struct sl_arena mem; bool cut; };
/* Allocates nothing; free: the nodes and their texts, not l. */
void sl_lineage_init(struct sl_lineage *l);
void sl_lineage_free(struct sl_lineage *l);
/* Below parent (SL_LIN_NONE: the root, first of all). Texts are copied. *at: SL_LIN_NONE where nothing may be added below it: it stands
 * elsewhere already, or the tree is full (then cut says so). */
int sl_lineage_add(struct sl_lineage *l, size_t parent, const struct sl_lin_node *like, size_t *at, struct sl_err *err) SL_NODISCARD;
/* Depth first. SL_LIN_NONE: that was the last. Begins with 0. */
size_t sl_lineage_next(const struct sl_lineage *l, size_t at);

/* ---- what is known of the world ---- */
struct sl_lin_part { struct sl_str conn, zone, name, state; int64_t rows, bytes; sl_ms newest; };  /* rows, bytes -1: not known */
struct sl_lin_exec { struct sl_str conn, id, job, state, params, cause; sl_ms started, ended; };
struct sl_lin_version {
  struct sl_str conn, model, state, aliases, run, author, source, digest, digest_from, artifact, why;
  int64_t version; sl_ms created;
};
struct sl_lin_run {
  struct sl_str conn, id, name, experiment, user, state, lifecycle, inputs;   /* inputs: addresses, a list */
  struct sl_str commit, repo, branch, source, execution;                      /* of its tags */
  sl_ms started, ended;
};
struct sl_lin_data { struct sl_str name, digest, type, address, context; int64_t rows; };
/* Where an address of data leads: below which zone, or why nowhere. Of a file that was looked at, what it is now. */
struct sl_lin_place {
  struct sl_str address, canonical, conn;     /* canonical none: nowhere */
  struct sl_str zone, part;                   /* part none: the zone has no such */
  char why[240], sha256[65];
  const char *state;                          /* ok, missing; NULL: not looked at */
  sl_ms modified;
};
struct sl_lin_world {
  const struct sl_zone *zone; size_t nzone;
  const struct sl_job_conf *job; size_t njob;
  struct sl_lin_part *part; size_t nparts, cap_part;
  struct sl_lin_exec *exec; size_t nexecs, cap_exec;          /* newest first */
  struct sl_lin_version *version; size_t nversions, cap_version;
  struct sl_lin_run *run; size_t nruns, cap_run;              /* of downstream: all; else the one */
  struct sl_lin_data *data; size_t ndata, cap_data;           /* what the run of the question read */
  bool has_data;                                              /* false: the registry did not say what it read */
  struct sl_lin_place *place; size_t nplaces, cap_place;
  struct sl_evidence evidence[SL_EVIDENCE_KINDS]; size_t nevidence;    /* of the version of the question */
  struct sl_str run_why, parts_why, execs_why;                /* why they could not be read, or not all; none: they were */
  struct sl_map part_by, place_by, exec_by;                   /* zone/name, address, id -> index + 1 */
  struct sl_arena mem;
};
/* The same; arrays and evidence's texts are w's, zones and jobs are borrowed. */
void sl_lin_world_init(struct sl_lin_world *w);
void sl_lin_world_free(struct sl_lin_world *w);
/* Once everything but places is there. */
int sl_lin_world_index(struct sl_lin_world *w, struct sl_err *err) SL_NODISCARD;
/* Finds (and keeps) where an address leads. NULL: out of memory. */
struct sl_lin_place *sl_lin_place(struct sl_lin_world *w, struct sl_str address, struct sl_err *err);

/* ---- building ---- */
/* v: of w. Upstream: files, run, data, code, executions, evidence. */
int sl_lineage_version(struct sl_lineage *l, struct sl_lin_world *w, const struct sl_lin_version *v, struct sl_err *err) SL_NODISCARD;
/* Both ways: what it came from, and the versions that were made of it. */
int sl_lineage_run(struct sl_lineage *l, struct sl_lin_world *w, const struct sl_lin_run *r, struct sl_err *err) SL_NODISCARD;
/* Both ways: who wrote it from what; the partitions that were made of it, the runs that read it, their versions and aliases. */
int sl_lineage_partition(struct sl_lineage *l, struct sl_lin_world *w, struct sl_str zone, struct sl_str name,
                         struct sl_err *err) SL_NODISCARD;

#endif
