/* backends/mlflow/series_which.c: which runs and which metric a question about histories means: its scope is a run or several, comma
 * separated; `name = 'loss'` in its filter is looked up instead of sorted out afterwards. */
#include <stdlib.h>

#include "backend_mlflow/series_int.h"

static struct sl_str name_of(const struct sl_filter_node *n)
{
  if (!n)
    return SL_STR_NONE;
  if (n->op == SL_F_AND) {
    struct sl_str a = name_of(n->a);
    return a.p ? a : name_of(n->b);
  }
  bool is = n->op == SL_F_EQ && sl_str_eqz(n->name.col, "name") && !n->name.key.p && n->nlits == 1;
  return is && (n->lits[0].quoted || !n->lits[0].may) ? n->lits[0].text : SL_STR_NONE; /* 1 is 1.0, too */
}

struct sl_str mlflow_series_key(const struct sl_query *q)
{
  return q->kind == SL_Q_GET || !q->where ? SL_STR_NONE : name_of(sl_filter_root(q->where));
}

static int by_id(const void *a, const void *b)
{
  return sl_str_cmp(((const struct mlflow_history *)a)->run, ((const struct mlflow_history *)b)->run);
}

int mlflow_histories_read(struct mlflow_histories *h, const struct sl_query *q, struct sl_err *err)
{
  struct sl_str rest = q->scope, one;
  size_t cap = 0;
  int rc = SL_OK;
  *h = (struct mlflow_histories){ .key = mlflow_series_key(q) };
  h->buckets = q->points ? q->points / 3 < 8 ? 8 : q->points / 3 : 0;
  while (q->kind != SL_Q_GET && !rc && sl_str_cut(&rest, ',', &one)) {
    one = sl_str_trim(one);
    rc = one.n ? sl_grow((void **)&h->run, &cap, h->n + 1, sizeof *h->run, MLFLOW_SERIES_RUNS, err) : SL_OK;
    if (one.n && !rc)
      h->run[h->n++] = (struct mlflow_history){ .run = one };
  }
  if (h->n)
    qsort(h->run, h->n, sizeof *h->run, by_id);
  size_t kept = 0;
  for (size_t i = 0; i < h->n; i++)
    if (!i || !sl_str_eq(h->run[i].run, h->run[kept - 1].run))
      h->run[kept++] = h->run[i];
  h->n = kept;
  return rc;
}

void mlflow_histories_free(struct mlflow_histories *h)
{
  for (size_t i = 0; i < h->n; i++)
    mlflow_thin_free(&h->run[i].thin);
  sl_free(h->run);
  *h = (struct mlflow_histories){ .run = NULL };
}

/* Rows come by run within a moment, or a run after the other: the next one, or the same again, is nearly always right. */
struct mlflow_history *mlflow_history_of(struct mlflow_histories *h, struct sl_str run)
{
  size_t lo = 0, hi = h->n;
  for (size_t i = 0, at = h->at; i < 2 && h->n; i++, at = at + 1 < h->n ? at + 1 : 0)
    if (sl_str_eq(h->run[at].run, run))
      return &h->run[h->at = at];
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    int c = sl_str_cmp(h->run[mid].run, run);
    if (!c)
      return &h->run[h->at = mid];
    if (c < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return NULL;
}

int mlflow_history_add(struct mlflow_histories *h, struct sl_str run, const struct mlflow_point *p, struct sl_err *err)
{
  struct mlflow_history *one = mlflow_history_of(h, run);
  struct thin_point t = { p->step, p->time, p->value };
  if (one && !mlflow_thin_add(&one->thin, h->buckets, &t))
    return sl_err_nomem(err);
  return SL_OK;
}

int mlflow_histories_each(const struct mlflow_histories *h, int (*fn)(void *user, const struct mlflow_point *p, struct sl_err *err),
                          void *user, struct sl_err *err)
{
  struct thin_point p[4];
  int rc = SL_OK;
  for (size_t i = 0; i < h->n; i++)
    for (uint32_t k = 0; k < h->run[i].thin.used && !rc; k++)
      for (size_t j = 0, n = mlflow_thin_get(&h->run[i].thin, k, p); j < n && !rc; j++)
        rc = fn(user, &(struct mlflow_point){ h->run[i].run, h->key, p[j].step, p[j].time, p[j].value }, err);
  return rc;
}
