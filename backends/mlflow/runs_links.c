/* backends/mlflow/runs_links.c: what a run of the store read and what it made: datasets and logged models, in the server's words. Stores
 * from before MLflow 2.4 have no datasets, those from before 3.0 no logged models. */
#include "base/json.h"
#include "backend_mlflow/runs_int.h"

static bool has_table(struct mlflow_store *s, const char *probe)
{
  sqlite3_stmt *st = NULL;
  bool has = !sqlite3_prepare_v2(s->db, probe, -1, &st, NULL);
  sqlite3_finalize(st);
  return has;
}

static void put_text(struct sl_jw *w, const char *key, struct sl_str s)
{
  if (!s.p)
    return;
  sl_jw_key(w, sl_str(key));
  sl_jw_str(w, s);
}

static int ask(struct mlflow_store *s, sqlite3_stmt **st, const char *sql, struct sl_str key, struct sl_err *err)
{
  int rc = mlflow_prepare(s, st, sql, err);
  return rc ? rc : mlflow_bind_text(s, *st, 1, key, err);
}

static int dataset_tags(struct mlflow_store *s, struct sl_str input, struct sl_jw *w, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row = true;
  int rc = ask(s, &st, "SELECT name,value FROM input_tags WHERE input_uuid=?1 ORDER BY name", input, err);
  sl_jw_key(w, SL_STR("tags"));
  sl_jw_arr(w);
  while (!rc && !(rc = mlflow_step(s, st, &row, err)) && row) {
    sl_jw_obj(w);
    put_text(w, "key", mlflow_col(st, 0));
    put_text(w, "value", mlflow_col_value(s, st, 1));
    sl_jw_end_obj(w);
  }
  sl_jw_end_arr(w);
  sqlite3_finalize(st);
  return rc;
}

static int datasets(struct mlflow_store *s, struct sl_str run, struct sl_jw *w, struct sl_err *err)
{
  static const char *const names[] = { "name", "digest", "source_type", "source", "schema", "profile" };
  sqlite3_stmt *st = NULL;
  bool row = true;
  int rc = ask(s, &st, "SELECT d.name,d.digest,d.dataset_source_type,d.dataset_source,d.dataset_schema,d.dataset_profile,i.input_uuid "
               "FROM inputs i JOIN datasets d ON d.dataset_uuid=i.source_id WHERE i.source_type='DATASET' AND i.destination_type='RUN' AND "
               "i.destination_id=?1 ORDER BY d.name,d.digest", run, err);
  sl_jw_key(w, SL_STR("dataset_inputs"));
  sl_jw_arr(w);
  while (!rc && !(rc = mlflow_step(s, st, &row, err)) && row) {
    sl_jw_obj(w);
    rc = dataset_tags(s, mlflow_col(st, 6), w, err);
    sl_jw_key(w, SL_STR("dataset"));
    sl_jw_obj(w);
    for (int i = 0; i < 6; i++)
      put_text(w, names[i], mlflow_col_value(s, st, i));
    sl_jw_end_obj(w);
    sl_jw_end_obj(w);
  }
  sl_jw_end_arr(w);
  sqlite3_finalize(st);
  return rc;
}

static int models(struct mlflow_store *s, struct sl_str run, bool made, struct sl_jw *w, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row = true;
  int rc = ask(s, &st, made ? "SELECT destination_id,step FROM inputs WHERE source_type='RUN_OUTPUT' AND source_id=?1 AND "
               "destination_type='MODEL_OUTPUT' ORDER BY step,destination_id"
               : "SELECT destination_id,NULL FROM inputs WHERE source_type='RUN_INPUT' AND source_id=?1 AND destination_type='MODEL_INPUT' "
               "ORDER BY destination_id", run, err);
  sl_jw_key(w, made ? SL_STR("model_outputs") : SL_STR("model_inputs"));
  sl_jw_arr(w);
  while (!rc && !(rc = mlflow_step(s, st, &row, err)) && row) {
    sl_jw_obj(w);
    put_text(w, "model_id", mlflow_col(st, 0));
    if (made) {
      sl_jw_key(w, SL_STR("step"));
      sl_jw_i64(w, sqlite3_column_int64(st, 1));
    }
    sl_jw_end_obj(w);
  }
  sl_jw_end_arr(w);
  sqlite3_finalize(st);
  return rc;
}

int mlflow_store_links(struct mlflow_store *s, struct sl_str run, struct sl_jw *w, struct sl_err *err)
{
  if (!has_table(s, "SELECT 1 FROM inputs LIMIT 0"))
    return SL_OK;
  bool has = has_table(s, "SELECT step FROM inputs LIMIT 0");
  sl_jw_key(w, SL_STR("inputs"));
  sl_jw_obj(w);
  int rc = datasets(s, run, w, err);
  if (!rc && has)
    rc = models(s, run, false, w, err);
  sl_jw_end_obj(w);
  sl_jw_key(w, SL_STR("outputs"));
  sl_jw_obj(w);
  if (!rc && has)
    rc = models(s, run, true, w, err);
  sl_jw_end_obj(w);
  return rc;
}

/* ---- the column ---- */

int mlflow_store_inputs_prepare(struct mlflow_store *s, sqlite3_stmt **st, struct sl_err *err)
{
  *st = NULL;
  return !has_table(s, "SELECT 1 FROM inputs LIMIT 0") ? SL_OK
    : mlflow_prepare(s, st, "SELECT d.name,d.dataset_source FROM inputs i JOIN datasets d ON d.dataset_uuid=i.source_id "
                     "WHERE i.destination_type='RUN' AND i.destination_id=?1 AND i.source_type='DATASET' ORDER BY d.name,d.digest", err);
}

int mlflow_store_inputs(struct mlflow_store *s, sqlite3_stmt *st, struct sl_str run, struct sl_batch *b, struct sl_err *err)
{
  struct sl_buf list;
  bool row = true;
  sqlite3_reset(st);
  int rc = mlflow_bind_text(s, st, 1, run, err);
  sl_buf_init(&list, 1 << 20);
  while (!rc && !(rc = mlflow_step(s, st, &row, err)) && row)
    mlflow_input_add(&list, mlflow_col(st, 0), mlflow_col(st, 1));
  if (!rc && list.n && !list.failed)
    sl_batch_set(b, RUN_INPUTS, sl_vas(SL_LIST, sl_buf_view(&list)));
  sl_buf_free(&list);
  return rc;
}
