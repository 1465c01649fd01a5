/* backends/mlflow/files_int.h: MLflow's old file store (./mlruns): folders and small files, only read. */
#ifndef SL_BACKEND_MLFLOW_FILES_INT_H
#define SL_BACKEND_MLFLOW_FILES_INT_H

#include "backend_mlflow/mlflow_int.h"
#include "base/yaml.h"

/* All [worker]. A folder's meta.yaml; ENOENT: it has none. */
struct mlflow_meta { struct sl_yaml *y; };
int mlflow_meta_load(struct mlflow_meta *m, const char *dir, struct sl_err *err) SL_NODISCARD;   /* EPARSE: no YAML */
void mlflow_meta_free(struct mlflow_meta *m);                                                    /* what it holds, not m */
struct sl_str mlflow_meta_text(const struct mlflow_meta *m, const char *key);     /* none: missing or null */
bool mlflow_meta_int(const struct mlflow_meta *m, const char *key, int64_t *out); /* false: missing, or no whole number */

/* The entries of a folder: its folders, or its files; with deep also those of folders below (a key may hold slashes): name is the path from
 * dir on. A folder that is not there is empty. Links are nobody's. */
typedef int mlflow_entry_fn(void *user, struct sl_str name, const char *path, struct sl_err *err);
enum mlflow_each { MLFLOW_FOLDERS, MLFLOW_FILES, MLFLOW_FILES_DEEP };
int mlflow_each(struct mlflow_store *s, const char *dir, enum mlflow_each what, mlflow_entry_fn *fn, void *user, struct sl_err *err)
  SL_NODISCARD;
/* Experiments' folders with what they say; deleted: those in .trash too. */
typedef int mlflow_experiment_fn(void *user, const struct mlflow_experiment *e, const char *dir, struct sl_err *err);
int mlflow_files_each_experiment(struct mlflow_store *s, bool deleted, mlflow_experiment_fn *fn, void *user, struct sl_err *err)
  SL_NODISCARD;
/* The folder of a run, yours; NULL with SL_OK: there is none. exp: its experiment's folder, yours, may be NULL. */
int mlflow_files_run_dir(struct mlflow_store *s, struct sl_str run, char **out, char **exp, struct sl_err *err) SL_NODISCARD;
/* One small file's text, appended. */
int mlflow_files_text(const char *path, struct sl_buf *out, struct sl_err *err) SL_NODISCARD;
/* The same of one value of many; false with SL_OK: it cannot be read, or is too large, and was left out and said. */
int mlflow_files_value(struct mlflow_store *s, const char *path, struct sl_buf *out, bool *got, struct sl_err *err) SL_NODISCARD;
/* What cannot be read is left out and said, once. */
void mlflow_files_skip(struct mlflow_store *s, const char *path, const struct sl_err *why);

/* An mlflow_store_fn each: the rows of s->q, or the one; registry: all of it into g, or the one model (model none: all). */
int mlflow_files_experiments(struct mlflow_store *s, struct sl_err *err);
int mlflow_files_runs(struct mlflow_store *s, struct sl_err *err);
int mlflow_files_series(struct mlflow_store *s, struct sl_err *err);
int mlflow_files_registry(struct mlflow_store *s, struct mlflow_registry *g, struct sl_str model, struct sl_err *err) SL_NODISCARD;

#endif
