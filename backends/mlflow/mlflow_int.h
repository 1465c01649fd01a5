/* backends/mlflow/mlflow_int.h: what the files of this backend share.
 *
 * One connection is either MLflow's own SQLite store or a server. Each resource is one file with both ways; the rows are filled by the
 * same functions (rows.c), so that the answers cannot drift apart. */
#ifndef SL_BACKEND_MLFLOW_INT_H
#define SL_BACKEND_MLFLOW_INT_H

#include <sqlite3.h>

#include "base/hash.h"
#include "base/mem.h"
#include "model/backend.h"
#include "proto/mlflow.h"

struct mlflow {                     /* one connection; the loop's, but for what never changes: path, workspace */
  struct sl_backend *b;
  char *path;                       /* of the SQLite store; NULL: a server */
  char *folder;                     /* of the old file store (path is NULL then) */
  struct mlflow_rest *rest;         /* the server; NULL: a store */
  char *artifact_root;              /* files of this machine that a store may name, beside its own folders; NULL: none */
  char *workspace;
  bool workspace_set, workspace_env; /* env: by MLflow's own variable */
  int timeout_ms;
  struct sl_hashes *hashes;         /* of files that were read before; NULL: a server */
};

/* ---- rows: the columns of each resource, whoever answers ---- */
enum { RUN_ID, RUN_NAME, RUN_EXPERIMENT, RUN_STATE, RUN_STARTED, RUN_ENDED, RUN_DURATION, RUN_USER, RUN_PARAMS, RUN_METRICS, RUN_TAGS,
  RUN_NATIVE, RUN_LIFECYCLE, RUN_ARTIFACTS, RUN_PARENT, RUN_FILES, RUN_INPUTS };
struct mlflow_run {
  struct sl_str id, name, experiment, status, user, lifecycle, artifacts, parent;
  bool has_start, has_end;
  sl_ms start, end;
};
#define MLFLOW_PARENT_TAG "mlflow.parentRunId"
/* Cells of the row that b began; texts are copied. now: how long a running one has run. */
void mlflow_put_run(struct sl_batch *b, const struct mlflow_run *r, sl_ms now);
void mlflow_input_add(struct sl_buf *list, struct sl_str name, struct sl_str source);   /* of RUN_INPUTS: the address, else the name */
void mlflow_put_metric(struct sl_batch *b, struct sl_str key, double v);                /* of a run; NaN stays NaN */
extern const struct sl_col mlflow_run_cols[];
enum { MLFLOW_RUN_COLS = 6, MLFLOW_EXPERIMENT_COLS = 2 };

enum { EXP_ID, EXP_NAME, EXP_STATE, EXP_CREATED, EXP_UPDATED, EXP_ARTIFACTS, EXP_TAGS };
struct mlflow_experiment { struct sl_str id, name, lifecycle, artifacts; bool has_created, has_updated; sl_ms created, updated; };
void mlflow_put_experiment(struct sl_batch *b, const struct mlflow_experiment *e);   /* the same of an experiment */
extern const struct sl_col mlflow_experiment_cols[];

enum { POINT_NAME, POINT_LABELS, POINT_STEP, POINT_TIME, POINT_VALUE };
struct mlflow_point { struct sl_str run, key; int64_t step; sl_ms time; double value; };
void mlflow_point_id(struct sl_buf *out, const struct mlflow_point *p);   /* run/metric/step/time/value: no two points share it */
void mlflow_put_point(struct sl_batch *b, const struct mlflow_point *p);  /* the same of a point, its id left out */
enum { MLFLOW_RECENT_RUNS = 20 };   /* series without a scope are of so many */

/* ---- the registry, gathered: rows of models and versions need each other ---- */
enum { MODEL_NAME, MODEL_ALIASES, MODEL_LATEST, MODEL_PENDING, MODEL_UPDATED, MODEL_DESCRIPTION };
enum { VER_MODEL, VER_VERSION, VER_STATE, VER_STAGE, VER_ALIASES, VER_RUN, VER_AUTHOR, VER_CREATED, VER_SOURCE, VER_DIGEST, VER_STATUS,
  VER_DESCRIPTION, VER_TAGS, VER_FILES, VER_ARTIFACT, VER_DIGEST_FROM, VER_ARTIFACT_WHY };
enum { MLFLOW_MODEL_COLS = 1, MLFLOW_VERSION_COLS = 7 };
extern const struct sl_col mlflow_model_cols[], mlflow_version_cols[];
struct mlflow_model { struct sl_str name, description; bool has_updated; sl_ms updated; int64_t latest, pending; bool prompt; };
struct mlflow_version {
  struct sl_str model, stage, run, author, source, status, description;
  int64_t version;
  bool has_created;
  sl_ms created;
  const char *state;
  /* registry_digest.c: of its files; NULL: not known. artifact: ok, missing, changed, unknown */
  const char *digest, *digest_from, *artifact, *why;
};
struct mlflow_alias { size_t model; struct sl_str alias; int64_t version; };
struct mlflow_tag { size_t version; struct sl_str key, value; };
struct sl_recorder;
struct sl_hashes;
struct mlflow_registry {
  struct sl_arena mem;
  struct sl_map names;              /* of models */
  struct sl_map runs;               /* of versions; then who ran them */
  struct mlflow_model *model; size_t nmodel, cap_model;
  struct mlflow_version *version; size_t nversion, cap_version;
  struct mlflow_alias *alias; size_t nalias, cap_alias;
  struct mlflow_tag *tag; size_t ntag, cap_tag;
};
/* Allocates nothing; free: what it holds, not g. */
void mlflow_registry_init(struct mlflow_registry *g);
void mlflow_registry_free(struct mlflow_registry *g);
/* Texts are copied. An alias, a version or a tag of a model that is not there is left out. */
int mlflow_registry_model(struct mlflow_registry *g, const struct mlflow_model *m, struct sl_err *err) SL_NODISCARD;
int mlflow_registry_alias(struct mlflow_registry *g, struct sl_str model, struct sl_str alias, int64_t version, struct sl_err *err)
  SL_NODISCARD;
int mlflow_registry_version(struct mlflow_registry *g, const struct mlflow_version *v, struct sl_err *err) SL_NODISCARD;
/* Of the version that came last: its decision, its author, or just a tag. */
int mlflow_registry_tag(struct mlflow_registry *g, struct sl_str key, struct sl_str value, struct sl_err *err) SL_NODISCARD;
void mlflow_registry_prompt(struct mlflow_registry *g, struct sl_str model);                    /* it is a prompt: not shown */
void mlflow_registry_author(struct mlflow_registry *g, struct sl_str run, struct sl_str user);  /* of versions that name none */
void mlflow_registry_settle(struct mlflow_registry *g);                                         /* everything has come */
/* [worker] Digests of the versions' files (only: of this one, else of all): of the files themselves where s is a store and they lie on this
 * machine, else what was recorded. */
struct mlflow_store;
int mlflow_registry_digests(struct mlflow_registry *g, struct mlflow_store *s, struct sl_recorder *k, struct sl_str conn,
                            struct sl_str only, const atomic_bool *cancel, struct sl_err *err) SL_NODISCARD;
/* Of a server: a lane answers with the versions, and the request is its own then. false: nothing to look up; take is untouched. */
bool mlflow_registry_later(struct sl_req *r, struct mlflow_registry *take, struct sl_str only);
size_t mlflow_registry_first_tag(const struct mlflow_registry *g, size_t version);   /* they stand in the order of their versions */
bool mlflow_want_digests(const struct sl_query *q);
/* Fills b from row *at on, until it is full; false: that was the last. only: the id of the one row that is wanted, or none. */
bool mlflow_fill_models(const struct mlflow_registry *g, size_t *at, struct sl_str only, struct sl_batch *b);
bool mlflow_fill_versions(const struct mlflow_registry *g, size_t *at, struct sl_str only, struct sl_batch *b);
struct sl_str mlflow_version_model(struct sl_str id);   /* "cancer/3": cancer */

/* ---- the SQLite store: opened for each request, in a lane ---- */
struct mlflow_store {               /* [worker] */
  const struct mlflow *m;
  struct sl_feed *f;
  struct sl_schema *schema;
  const struct sl_query *q;         /* NULL: a read of bytes: uri, off, len */
  struct sl_str uri;
  uint64_t off, len;
  struct sl_ws_conf *conf;          /* held; NULL: no workspace */
  const struct sl_call *call;       /* of an action */
  struct sl_recorder *recorder;     /* NULL: nothing was recorded */
  bool write;
  sl_ms now;
  sqlite3 *db;
  int64_t give_up;                  /* monotonic ms: when a lock has been waited for long enough */
  bool workspaces;                  /* the registry has workspaces */
  bool utf8;                        /* text compares by its bytes */
  bool found;                       /* file store: what the scope names was there */
  struct sl_buf cut;                /* the last value that was cut */
  uint64_t cuts;
};
typedef int mlflow_store_fn(struct mlflow_store *s, struct sl_err *err);   /* [worker] the code is the request's end */
/* Runs fn over the opened store in a lane; the request is the lane's then. */
int mlflow_store_start(struct sl_req *r, mlflow_store_fn *fn, struct sl_err *err) SL_NODISCARD;
/* The same for an action; write: opened for writing, without a transaction, and only where we know every table. */
int mlflow_store_call(struct sl_req *r, const struct sl_call *call, bool write, mlflow_store_fn *fn, struct sl_err *err) SL_NODISCARD;
int mlflow_prepare(struct mlflow_store *s, sqlite3_stmt **out, const char *sql, struct sl_err *err) SL_NODISCARD;
int mlflow_step(struct mlflow_store *s, sqlite3_stmt *st, bool *row, struct sl_err *err) SL_NODISCARD;
int mlflow_bind(struct mlflow_store *s, sqlite3_stmt *st, int n, const struct sl_val *v, struct sl_err *err) SL_NODISCARD;
int mlflow_bind_text(struct mlflow_store *s, sqlite3_stmt *st, int n, struct sl_str v, struct sl_err *err) SL_NODISCARD;
struct sl_str mlflow_col(sqlite3_stmt *st, int i);                 /* valid until the next step; NULL: none */
/* The same of a value that anybody may have written, in any length: cut beyond what MLflow takes, which is told at the end. Valid until
 * the next of them, too. */
struct sl_str mlflow_col_value(struct mlflow_store *s, sqlite3_stmt *st, int i);
void mlflow_cuts_words(uint64_t cuts, char *out, size_t n);
bool mlflow_col_ms(sqlite3_stmt *st, int i, sl_ms *out);           /* false: NULL */
int mlflow_sql_fail(struct mlflow_store *s, int rc, struct sl_err *err);
/* -1: no such experiment. by id where the text is one, else by name. */
int mlflow_store_experiment(struct mlflow_store *s, struct sl_str scope, int64_t *id, struct sl_err *err) SL_NODISCARD;

extern const struct sl_serve mlflow_serve_experiments, mlflow_serve_runs, mlflow_serve_series, mlflow_serve_models,
  mlflow_serve_versions;

#endif
