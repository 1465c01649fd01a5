/* box/score_clusters.c: rows of quality of a model of clusters, which needs no label: how near its centres are, how far apart its clusters,
 * and beside another such model both figures of either. A label that is named is left aside: it says nothing of clusters. */
#include <math.h>
#include <stdio.h>

#include "box/score_int.h"
#include "compute/quality_cluster.h"

int score_clusters_open(struct score *s, struct sl_err *err)
{
  if (!s->judge)
    return score_partial_wanted(s) && s->label
               ? sl_err_set(err, SL_EUNSUP, "a label says nothing of a model of clusters: keep its parts without one") : SL_OK;
  if (s->slice)
    return sl_err_set(err, SL_EUNSUP, "figures of groups are of models that are judged by a label; this one finds clusters");
  int rc = sl_model_shape(s->m, SL_MODEL_POINT, &s->prob_shape, err);
  return rc ? rc : sl_clusters_open(&s->clusters, sl_model_facts(s->m).clusters, s->prob_shape.width - 2, err);
}

int score_clusters_block(struct score *s, struct sl_err *err)
{
  size_t rows = sl_columns_rows(&s->f);
  int rc = SL_OK;
  for (size_t r = 0; !rc && r < rows; r++) {
    rc = sl_clusters_add(s->clusters, (const double *)s->prob + r * s->prob_shape.width, err);
    if (rc)
      sl_err_prefix(err, "row %llu of the data", (unsigned long long)(s->row + r));
  }
  return rc;
}

/* ---- rows ---- */

struct figure { const char *metric; int cls; double value, against; uint64_t n; const char *note; };

static int add(struct score_judging *j, const struct figure *f)
{
  int rc = score_judge_row(j);
  if (rc)
    return rc;
  struct sl_batch *b = j->s->batch;
  sl_batch_set(b, J_METRIC, sl_vz(f->metric));
  score_judge_class(j, J_CLASS, "", f->cls);
  sl_batch_set_number(j->s->batch, J_VALUE, f->value);
  sl_batch_set(b, J_N, sl_vi((int64_t)f->n));
  if (!j->s->wide)
    return SL_OK;
  if (f->cls < 0 && j->s->other) {
    sl_batch_set_number(j->s->batch, J_AGAINST, f->against);
    sl_batch_set_number(j->s->batch, J_DIFFERENCE, f->value - f->against);
  }
  if (f->note && *f->note)
    sl_batch_set(b, J_NOTE, sl_vz(f->note));
  return SL_OK;
}

static int add_cluster(struct score_judging *j, const struct sl_cluster *of, int k)
{
  const struct figure f[] = { { "cluster_rows", k, (double)of->rows, (double)NAN, of->rows, NULL },
                              { "cluster_inertia", k, of->inertia, (double)NAN, of->rows, NULL },
                              { "cluster_silhouette", k, of->silhouette, (double)NAN, of->sampled, NULL } };
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < sizeof f / sizeof f[0]; i++)
    rc = add(j, &f[i]);
  return rc;
}

static void note(char *out, size_t size, const struct sl_clusters_figures *a)
{
  *out = '\0';
  if (isnan(a->silhouette))
    snprintf(out, size, "not defined: it takes rows of two clusters at least, and more rows than clusters");
  else if (a->sampled < a->rows)
    snprintf(out, size, "over %llu of %llu rows", (unsigned long long)a->sampled, (unsigned long long)a->rows);
}

int score_judge_clusters(struct score_judging *j)
{
  struct sl_clusters_figures a, b = { .silhouette = (double)NAN, .inertia = (double)NAN };
  char text[96];
  int rc = sl_clusters_end(j->s->clusters, &a, j->err);
  if (!rc && j->s->other)
    rc = sl_clusters_end(j->s->other->clusters, &b, j->err);
  bool pair = j->s->other != NULL;
  if (!rc && pair && a.rows != b.rows)
    rc = sl_err_set(j->err, SL_EUSAGE, "the data gave other rows when it was read again: a query needs an order, and no chance in it");
  if (rc)
    return rc;
  note(text, sizeof text, &a);
  rc = add(j, &(struct figure){ "silhouette", -1, a.silhouette, b.silhouette, a.sampled, text });
  if (!rc)
    rc = add(j, &(struct figure){ "inertia", -1, a.inertia, b.inertia, a.rows, pair ? "each in its own model's scale" : NULL });
  if (!rc)
    rc = add(j, &(struct figure){ "clusters", -1, (double)a.clusters, (double)b.clusters, a.rows, NULL });
  for (size_t k = 0; !rc && k < a.clusters; k++)
    rc = add_cluster(j, &a.of[k], (int)k);
  return rc;
}
