/* backends/mlflow/write_int.h: what an action writes, whoever takes it: a list of changes, each of one thing, in their order. The store
 * makes them in one transaction, a server one call after the other. */
#ifndef SL_BACKEND_MLFLOW_WRITE_INT_H
#define SL_BACKEND_MLFLOW_WRITE_INT_H

#include "backend_mlflow/mlflow_int.h"
#include "backend_mlflow/rest_int.h"

enum mlflow_do { MLFLOW_TAG, MLFLOW_UNTAG, MLFLOW_NOTE, MLFLOW_STAGE, MLFLOW_ALIAS, MLFLOW_UNALIAS };
enum mlflow_on { MLFLOW_RUN, MLFLOW_MODEL, MLFLOW_VERSION };

struct mlflow_change {
  enum mlflow_do what;
  enum mlflow_on on;
  struct sl_str key, value;         /* tag; alias or stage; a note's text is the value */
  bool archive;                     /* of a stage: the others that are in it become Archived */
  bool holder;                      /* of a stage: `was` is the version that has it, and stays until this one takes it */
  bool compare;                     /* it must hold `was` before; was none: nothing */
  struct sl_str was;
};
enum { MLFLOW_CHANGES = 12 };
struct mlflow_changes {             /* of one target */
  struct sl_str run, model;
  int64_t version;                  /* that versions' changes and aliases mean */
  struct mlflow_change c[MLFLOW_CHANGES];
  size_t n;
  bool reads[3];                    /* by mlflow_on: what must be looked at to know */
  struct sl_arena mem;
};
struct mlflow_may {                 /* a dry call on its way */
  struct mlflow_ask a;
  const struct sl_call *c;
  size_t target;
  bool named, made;                 /* named: what was given to the user by name is asked for, the older way */
  bool on_run;                      /* runs: the permission is their experiment's */
  char experiment[40];              /* of the target; "" not known */
  struct mlflow_changes x;
};
/* What target of the call changes; names and lengths are checked by MLflow's own rules. Free it in any case. */
int mlflow_changes_make(struct mlflow_changes *x, const struct sl_call *c, size_t target, struct sl_err *err) SL_NODISCARD;
void mlflow_changes_free(struct mlflow_changes *x);
/* One line for a person: "champion of cancer -> 7 (now 6)", "tag team of cancer/7: red". */
void mlflow_change_words(const struct mlflow_changes *x, const struct mlflow_change *c, struct sl_buf *out);
/* The document of a dry call, "calls" and "undo"; before: what stands before each line (the server's method and path), or NULL. */
int mlflow_dry_doc(const struct sl_call *c, void (*before)(const struct mlflow_change *c, struct sl_buf *out), struct sl_buf *out,
                   struct sl_err *err) SL_NODISCARD;
/* Before: what it is compared with is still there. now: none where there is nothing. moved: the error otherwise. */
bool mlflow_change_stands(const struct mlflow_change *c, struct sl_str now);
int mlflow_change_moved(const struct mlflow_changes *x, const struct mlflow_change *c, struct sl_str now, struct sl_err *err);
/* Whether c holds where now is found (none: nothing there). */
bool mlflow_change_holds(const struct mlflow_changes *x, const struct mlflow_change *c, struct sl_str now);
/* For an answer that was lost: done when its statement (if it writes one) and its last change are there. */
bool mlflow_changes_count(const struct mlflow_changes *x, size_t i);

/* A verb's run or reconcile, in a store: one transaction, or none of it. */
int mlflow_store_write(struct sl_req *r, const struct sl_call *c, bool reconcile, struct sl_err *err) SL_NODISCARD;
/* A server's dry call: asks whether we may (where the server tells), then answers with the calls; sends none. its request's state begins
 * with struct mlflow_may. */
int mlflow_rest_dry(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;
/* "POST registered-models/alias: ": how a server is told of a change. */
void mlflow_rest_words(const struct mlflow_change *c, struct sl_buf *out);
bool mlflow_wants_manage(const struct mlflow_change *c);      /* the permission MANAGE, where EDIT does for the others */
int mlflow_rest_write(struct sl_req *r, const struct sl_call *c, bool reconcile, struct sl_err *err) SL_NODISCARD;
enum { MLFLOW_RUN_VERBS = 3, MLFLOW_MODEL_VERBS = 6, MLFLOW_VERSION_VERBS = 7 };
extern const struct sl_verb mlflow_run_verbs[MLFLOW_RUN_VERBS], mlflow_model_verbs[MLFLOW_MODEL_VERBS],
  mlflow_version_verbs[MLFLOW_VERSION_VERBS];

#endif
