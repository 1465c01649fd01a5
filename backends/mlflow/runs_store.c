/* backends/mlflow/runs_store.c: runs from the SQLite store.
 *
 * One statement finds the runs, filtered, in order and limited where SQL can say it; each run's families are then three look-ups by its
 * id, of only the keys that are wanted. Nothing is gathered in memory: a hundred thousand runs flow through one batch. */
#include <stdio.h>

#include "backend_mlflow/mlflow_int.h"
#include "backend_mlflow/runs_int.h"
#include "base/json.h"

enum { FAMILIES = 3, KEYS_MAX = 200 };

struct family {
  const char *name, *table, *columns;
  unsigned col;
  bool off;                          /* no key of it is wanted */
  size_t nkey;                       /* 0: all */
  struct sl_str key[KEYS_MAX];
  sqlite3_stmt *st;
};
struct runs {
  struct mlflow_store *s;
  bool parent, inputs;               /* somebody wants to know it */
  struct family fam[FAMILIES];
  struct sl_mlflow_sql sql;
  sqlite3_stmt *st, *in;
};

static const struct family families[FAMILIES] = {
  { .name = "params", .table = "params", .columns = "key,value", .col = RUN_PARAMS },
  { .name = "metrics", .table = "latest_metrics", .columns = "key,value,is_nan,timestamp,step", .col = RUN_METRICS },
  { .name = "tags", .table = "tags", .columns = "key,value", .col = RUN_TAGS },
};

/* ---- which keys ---- */

static void want_key(struct runs *x, struct sl_name n)
{
  x->parent |= sl_str_eqz(n.col, "parent");
  x->inputs |= sl_str_eqz(n.col, "inputs");
  for (size_t i = 0; i < FAMILIES; i++) {
    struct family *f = &x->fam[i];
    if (!sl_str_eqz(n.col, f->name))
      continue;
    bool whole = !n.key.p || sl_str_eqz(n.key, "*") || (!f->off && !f->nkey) || f->nkey == KEYS_MAX;
    bool was_off = f->off;
    f->off = false;
    if (whole)
      f->nkey = 0;
    else if (was_off || f->nkey)
      f->key[f->nkey++] = n.key;
  }
}

/* What the core filters and sorts by must come even if nobody looks at it. */
static void want_filter(struct runs *x, const struct sl_filter_node *n)
{
  if (!n)
    return;
  if (n->op == SL_F_AND || n->op == SL_F_OR || n->op == SL_F_NOT) {
    want_filter(x, n->a);
    want_filter(x, n->b);
  } else
    want_key(x, n->name);
}

static void want_read(struct runs *x, unsigned did)
{
  const struct sl_query *q = x->s->q;
  x->parent = x->inputs = !q->want || q->kind == SL_Q_GET;
  if (x->parent)
    return;
  for (size_t i = 0; i < FAMILIES; i++)
    x->fam[i].off = true;
  for (size_t i = 0; i < sl_want_count(q->want); i++)
    want_key(x, sl_want_name(q->want, i));
  if (q->where && !(did & SL_DID_WHERE))
    want_filter(x, sl_filter_root(q->where));
  for (size_t i = 0; q->order && i < sl_order_count(q->order); i++)
    want_key(x, sl_order_key(q->order, i)->name);
}

static int family_prepare(struct runs *x, struct family *f, struct sl_err *err)
{
  struct sl_buf b;
  if (f->off)
    return SL_OK;
  sl_buf_init(&b, 0);
  sl_buf_printf(&b, "SELECT %s FROM %s WHERE run_uuid=?1", f->columns, f->table);
  for (size_t i = 0; i < f->nkey; i++)
    sl_buf_printf(&b, "%s?%zu", i ? "," : " AND key IN (", i + 2);
  sl_buf_z(&b, f->nkey ? ")" : "");
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : mlflow_prepare(x->s, &f->st, b.p, err);
  for (size_t i = 0; !rc && i < f->nkey; i++)
    rc = mlflow_bind_text(x->s, f->st, (int)i + 2, f->key[i], err);
  sl_buf_free(&b);
  return rc;
}

/* ---- a run ---- */

static int family_begin(struct runs *x, struct family *f, struct sl_str run, struct sl_err *err)
{
  int sq = sqlite3_reset(f->st);
  return sq ? mlflow_sql_fail(x->s, sq, err) : mlflow_bind_text(x->s, f->st, 1, run, err);
}

static int family_fill(struct runs *x, struct family *f, struct sl_str run, struct sl_batch *b, struct sl_err *err)
{
  bool row = true;
  int rc = f->st ? family_begin(x, f, run, err) : SL_OK;
  while (f->st && !rc && !(rc = mlflow_step(x->s, f->st, &row, err)) && row) {
    struct sl_str key = mlflow_col(f->st, 0);
    if (f->col == RUN_METRICS) {
      mlflow_put_metric(b, key, sl_mlflow_f64(sqlite3_column_double(f->st, 1), sqlite3_column_int(f->st, 2)));
      continue;
    }
    struct sl_str value = mlflow_col_value(x->s, f->st, 1);
    if (value.p)
      sl_batch_key(b, f->col, key, sl_vs(value));
  }
  return rc;
}

static struct mlflow_run run_of(sqlite3_stmt *st)
{
  struct mlflow_run r = { .id = mlflow_col(st, 0), .name = mlflow_col(st, 1), .experiment = mlflow_col(st, 2), .status = mlflow_col(st, 3),
                          .user = mlflow_col(st, 6), .lifecycle = mlflow_col(st, 7), .artifacts = mlflow_col(st, 8),
                          .parent = mlflow_col(st, 10) };
  r.has_start = mlflow_col_ms(st, 4, &r.start);
  r.has_end = mlflow_col_ms(st, 5, &r.end);
  return r;
}

/* ---- its document, in the shape of the server's ---- */

static void doc_text(struct sl_jw *w, const char *key, struct sl_str s)
{
  if (!s.p)
    return;
  sl_jw_key(w, sl_str(key));
  sl_jw_str(w, s);
}

static void doc_int(struct sl_jw *w, const char *key, int64_t v)
{
  sl_jw_key(w, sl_str(key));
  sl_jw_i64(w, v);
}

static int doc_family(struct runs *x, struct family *f, struct sl_str run, struct sl_jw *w, struct sl_err *err)
{
  bool row = true;
  int rc = family_begin(x, f, run, err);
  sl_jw_key(w, sl_str(f->name));
  sl_jw_arr(w);
  while (!rc && !(rc = mlflow_step(x->s, f->st, &row, err)) && row) {
    sl_jw_obj(w);
    doc_text(w, "key", mlflow_col(f->st, 0));
    if (f->col == RUN_METRICS) {
      sl_jw_key(w, SL_STR("value"));
      sl_jw_f64(w, sl_mlflow_f64(sqlite3_column_double(f->st, 1), sqlite3_column_int(f->st, 2)));
      doc_int(w, "timestamp", sqlite3_column_int64(f->st, 3));
      doc_int(w, "step", sqlite3_column_int64(f->st, 4));
    } else
      doc_text(w, "value", mlflow_col_value(x->s, f->st, 1));
    sl_jw_end_obj(w);
  }
  sl_jw_end_arr(w);
  return rc;
}

static int doc_send(struct runs *x, const struct mlflow_run *r, int64_t experiment, struct sl_err *err)
{
  struct sl_buf b;
  char id[24];
  sl_buf_init(&b, 0);
  struct sl_jw w = sl_jw(&b, false);
  snprintf(id, sizeof id, "%lld", (long long)experiment);
  sl_jw_obj(&w);
  sl_jw_key(&w, SL_STR("info"));
  sl_jw_obj(&w);
  doc_text(&w, "run_id", r->id);
  doc_text(&w, "run_name", r->name);
  doc_text(&w, "experiment_id", sl_str(id));
  doc_text(&w, "user_id", r->user);
  doc_text(&w, "status", r->status);
  if (r->has_start)
    doc_int(&w, "start_time", r->start);
  if (r->has_end)
    doc_int(&w, "end_time", r->end);
  doc_text(&w, "artifact_uri", r->artifacts);
  doc_text(&w, "lifecycle_stage", r->lifecycle);
  sl_jw_end_obj(&w);
  sl_jw_key(&w, SL_STR("data"));
  sl_jw_obj(&w);
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < FAMILIES; i++)
    rc = doc_family(x, &x->fam[i], r->id, &w, err);
  sl_jw_end_obj(&w);
  rc = rc ? rc : mlflow_store_links(x->s, r->id, &w, err);
  sl_jw_end_obj(&w);
  rc = rc ? rc : sl_buf_check(&b, err);
  rc = rc ? rc : sl_feed_doc(x->s->f, sl_buf_view(&b));
  sl_buf_free(&b);
  return rc;
}

/* ---- the statement ---- */

static int scope_add(struct runs *x, struct sl_err *err)
{
  const struct sl_query *q = x->s->q;
  struct sl_mlflow_sql *sql = &x->sql;
  int64_t experiment = 0;
  if (q->kind == SL_Q_GET) {
    sl_buf_printf(&sql->where, " AND r.run_uuid=?%u", sl_mlflow_sql_arg(sql, sl_vs(q->scope)));
    return SL_OK;
  }
  if (!q->deleted)
    sl_buf_z(&sql->where, " AND r.lifecycle_stage='active'");
  if (!q->scope.n) {
    sl_buf_z(&sql->where, q->deleted ? "" : " AND e.lifecycle_stage='active'");
    if (x->s->workspaces)
      sl_buf_printf(&sql->where, " AND e.workspace=?%u", sl_mlflow_sql_arg(sql, sl_vz(x->s->m->workspace)));
    return SL_OK;
  }
  int rc = mlflow_store_experiment(x->s, q->scope, &experiment, err);
  if (!rc)
    sl_buf_printf(&sql->where, " AND r.experiment_id=?%u", sl_mlflow_sql_arg(sql, sl_vi(experiment)));
  return rc;
}

/* Filter, order, limit: as far as SQL can say them. */
static unsigned push_down(struct runs *x)
{
  const struct sl_query *q = x->s->q;
  if (!x->s->utf8)
    return 0;
  unsigned did = sl_mlflow_sql_where(&x->sql, q->where, x->s->schema) ? SL_DID_WHERE : 0;
  if (sl_mlflow_sql_order(&x->sql, q->order))
    did |= SL_DID_ORDER;
  if (q->limit && q->limit < INT64_MAX && did == (SL_DID_WHERE | SL_DID_ORDER)) {
    unsigned n = sl_mlflow_sql_arg(&x->sql, sl_vi((int64_t)q->limit));
    if (n) {
      sl_buf_printf(&x->sql.order, " LIMIT ?%u", n);
      did |= SL_DID_LIMIT;
    }
  }
  return did;
}

static int statement(struct runs *x, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
#define COLUMNS "r.run_uuid,r.name,e.name,r.status,r.start_time,r.end_time,r.user_id,r.lifecycle_stage,r.artifact_uri,r.experiment_id,"
  int rc = sl_mlflow_sql_text(&x->sql, x->parent ? COLUMNS "(SELECT value FROM tags WHERE key='" MLFLOW_PARENT_TAG "' AND "
                              "run_uuid=r.run_uuid)" : COLUMNS "NULL", &b, err);
  rc = rc ? rc : mlflow_prepare(x->s, &x->st, b.p, err);
  size_t n = x->sql.narg;
  for (size_t i = 0; !rc && i < n; i++)
    rc = mlflow_bind(x->s, x->st, (int)i + 1, &x->sql.arg[i], err);
  for (size_t i = 0; !rc && i < x->sql.njoin; i++)
    rc = mlflow_bind_text(x->s, x->st, (int)(n + i) + 1, x->sql.join[i].key, err);
  sl_buf_free(&b);
  return rc;
}

static int rows_send(struct runs *x, struct sl_err *err)
{
  struct mlflow_store *s = x->s;
  struct sl_rower w;
  bool row = true, one = s->q->kind == SL_Q_GET;
  int rc = sl_rower_begin(&w, s->f, s->schema, err);
  while (!rc && !(rc = mlflow_step(s, x->st, &row, err)) && row) {
    struct mlflow_run r = run_of(x->st);
    rc = sl_rower_row(&w, SL_PUT, r.id);
    if (rc)
      break;
    mlflow_put_run(sl_rower_batch(&w), &r, s->now);
    for (size_t i = 0; !rc && i < FAMILIES; i++)
      rc = family_fill(x, &x->fam[i], r.id, sl_rower_batch(&w), err);
    if (!rc && x->in)
      rc = mlflow_store_inputs(s, x->in, r.id, sl_rower_batch(&w), err);
    if (!rc && one)
      rc = doc_send(x, &r, sqlite3_column_int64(x->st, 9), err);
  }
  if (!rc && one && !w.rows)
    rc = sl_err_set(err, SL_ENOENT, "no run has the id %.*s", SL_ARG(sl_str_head(s->q->scope, 80)));
  if (!rc)
    return sl_rower_end(&w, err);
  sl_rower_abort(&w);
  return rc;
}

int mlflow_store_runs(struct mlflow_store *s, struct sl_err *err)
{
  struct runs *x = sl_calloc(1, sizeof *x);
  if (!x)
    return sl_err_nomem(err);
  x->s = s;
  memcpy(x->fam, families, sizeof families);
  sl_mlflow_sql_init(&x->sql, s->now);
  int rc = scope_add(x, err);
  unsigned did = rc || s->q->kind == SL_Q_GET ? 0 : push_down(x);
  want_read(x, did);
  rc = rc ? rc : statement(x, err);
  for (size_t i = 0; !rc && i < FAMILIES; i++)
    rc = family_prepare(x, &x->fam[i], err);
  if (!rc && x->inputs)
    rc = mlflow_store_inputs_prepare(s, &x->in, err);
  rc = rc ? rc : sl_feed_head(s->f, NULL, did, -1);
  rc = rc ? rc : rows_send(x, err);
  for (size_t i = 0; i < FAMILIES; i++)
    sqlite3_finalize(x->fam[i].st);
  sqlite3_finalize(x->st);
  sqlite3_finalize(x->in);
  sl_mlflow_sql_free(&x->sql);
  sl_free(x);
  return rc;
}
