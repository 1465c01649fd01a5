/* backends/mlflow/artifacts_int.h: files of runs and models: where a store says that they lie, and what may be opened of it. */
#ifndef SL_BACKEND_MLFLOW_ARTIFACTS_INT_H
#define SL_BACKEND_MLFLOW_ARTIFACTS_INT_H

#include "backend_mlflow/mlflow_int.h"

/* [worker] A location as MLflow writes it (file:///p, /p, relative to the store, mlflow-artifacts:/p) and what is meant below it. It opens
 * only below the store's own folders (mlruns, mlartifacts beside it), the setting artifact_root, or a zone; otherwise EDENIED with the
 * line to add. */
struct mlflow_spot { struct sl_str location, path, shown; };    /* shown: the address of rows */
/* Is it there and open to us; what lies in it as rows of `objects` (a file: itself); itself as one row. */
bool mlflow_spot_there(struct mlflow_store *s, const struct mlflow_spot *at);
int mlflow_spot_list(struct mlflow_store *s, const struct mlflow_spot *at, struct sl_rower *w, struct sl_err *err) SL_NODISCARD;
int mlflow_spot_row(struct mlflow_store *s, const struct mlflow_spot *at, struct sl_rower *w, struct sl_err *err) SL_NODISCARD;
/* Opened for reading, a folder or a file, after the same checks; yours. */
int mlflow_spot_open(struct mlflow_store *s, const struct mlflow_spot *at, int *fd, struct sl_err *err) SL_NODISCARD;
/* Where a version's source lies, and the path below it. */
int mlflow_store_place(struct mlflow_store *s, struct sl_str source, struct sl_buf *location, struct sl_buf *path,
                       struct sl_err *err) SL_NODISCARD;
int mlflow_spot_read(struct mlflow_store *s, const struct mlflow_spot *at, struct sl_err *err) SL_NODISCARD;   /* len 0: its size */
/* A row of `objects`, whoever answers: below shown, or shown itself where name is none. */
struct mlflow_object { struct sl_str shown, name; bool folder, has_modified; int64_t bytes; sl_ms modified; const char *etag; };
/* The row's id and address, over what out held; and its cells. */
int mlflow_object_uri(struct sl_buf *out, const struct mlflow_object *o, struct sl_err *err) SL_NODISCARD;
void mlflow_put_object(struct sl_batch *b, struct sl_str uri, const struct mlflow_object *o);
bool mlflow_name_ok(struct sl_str name);             /* of one file: no slash, no NUL, not . or .. */
int mlflow_address_bad(struct sl_str uri, struct sl_err *err);   /* EUSAGE: how addresses are written */
/* Ids that stand for addresses where a row leads to its files: a run's, a version's NAME/3. In out, or as it came. */
int mlflow_address_of(struct sl_str scope, struct sl_buf *out, struct sl_err *err) SL_NODISCARD;

/* [worker] The file store's way: the location of an address, and the path below it. */
int mlflow_files_find(struct mlflow_store *s, const struct sl_mlflow_address *at, struct sl_str uri, struct sl_buf *location,
                      struct sl_buf *path, struct sl_err *err) SL_NODISCARD;
int mlflow_store_artifacts(struct mlflow_store *s, struct sl_err *err);
extern const struct sl_serve mlflow_serve_objects;
extern const struct sl_bytes_ops mlflow_bytes;

#endif
