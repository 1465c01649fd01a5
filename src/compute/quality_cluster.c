/* compute/quality_cluster.c: inertia by exact sums, silhouette over a sample that is drawn while rows come (a reservoir, splitmix64 from a
 * fixed state): memory is bounded whatever the data. */
#include "compute/quality_cluster.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/exact_sum.h"

enum { CELLS = 1 << 20 };      /* of the sample: many columns, fewer rows */

struct sl_clusters {
  size_t clusters, columns;
  struct sl_exact all, *sum;   /* sum: a cluster each */
  struct sl_cluster *of;
  double *point; uint32_t *cluster;          /* of the sample */
  size_t most, kept;
  uint64_t rows, state;
};

void sl_clusters_free(struct sl_clusters *c)
{
  if (!c)
    return;
  sl_free(c->sum);
  sl_free(c->of);
  sl_free(c->point);
  sl_free(c->cluster);
  sl_free(c);
}

int sl_clusters_open(struct sl_clusters **out, size_t clusters, size_t columns, struct sl_err *err)
{
  *out = NULL;
  if (clusters > SL_CLUSTERS_MAX || columns > SL_CLUSTERS_COLUMNS_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu clusters of %zu columns: at most %d of %d are judged", clusters, columns, SL_CLUSTERS_MAX,
                      SL_CLUSTERS_COLUMNS_MAX);
  struct sl_clusters *c = sl_calloc(1, sizeof *c);
  if (!c)
    return sl_err_nomem(err);
  c->clusters = clusters;
  c->columns = columns;
  c->state = 1;
  c->most = CELLS / (columns + 1) < SL_CLUSTERS_SAMPLE ? CELLS / (columns + 1) : SL_CLUSTERS_SAMPLE;
  c->sum = sl_calloc(clusters + 1, sizeof *c->sum);
  c->of = sl_calloc(clusters + 1, sizeof *c->of);
  c->point = sl_alloc((c->most * columns + 1) * sizeof *c->point);
  c->cluster = sl_calloc(c->most + 1, sizeof *c->cluster);
  if (!c->sum || !c->of || !c->point || !c->cluster) {
    sl_clusters_free(c);
    return sl_err_nomem(err);
  }
  *out = c;
  return SL_OK;
}

/* ---- rows ---- */

static uint64_t splitmix(uint64_t *state)
{
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* Each row stays with the same chance: number i (from 0) takes a place below i + 1, if there is such a place. */
static void keep(struct sl_clusters *c, uint32_t cluster, const double *columns)
{
  size_t at = c->kept;
  if (c->rows >= c->most)
    at = (size_t)(((sl_u128)splitmix(&c->state) * (c->rows + 1)) >> 64);
  else
    c->kept++;
  if (at >= c->most)
    return;
  c->cluster[at] = cluster;
  memcpy(c->point + at * c->columns, columns, c->columns * sizeof *columns);
}

int sl_clusters_add(struct sl_clusters *c, const double *point, struct sl_err *err)
{
  if (!(point[0] >= 0 && point[0] < (double)c->clusters))
    return sl_err_set(err, SL_EUSAGE, "a cluster that the model has not");
  if (!isfinite(point[1]))
    return sl_err_set(err, SL_EUSAGE, "its distance to the nearest centre is no finite number");
  uint32_t k = (uint32_t)point[0];
  sl_exact_add(&c->all, point[1]);
  sl_exact_add(&c->sum[k], point[1]);
  keep(c, k, point + 2);
  c->of[k].rows++;
  c->rows++;
  return SL_OK;
}

/* ---- silhouette ---- */

/* Four sums, which a processor adds side by side. */
static double distance(const double *a, const double *b, size_t n)
{
  double sum[4] = { 0, 0, 0, 0 };
  size_t j = 0;
  for (; j + 4 <= n; j += 4)
    for (size_t i = 0; i < 4; i++)
      sum[i] += (a[j + i] - b[j + i]) * (a[j + i] - b[j + i]);
  for (; j < n; j++)
    sum[0] += (a[j] - b[j]) * (a[j] - b[j]);
  return sqrt((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/* far: of row i to the rows of each cluster, together. */
static double of_row(const struct sl_clusters *c, const double *far, uint32_t own)
{
  double least = (double)INFINITY;
  if (c->of[own].sampled < 2)
    return 0;
  for (size_t k = 0; k < c->clusters; k++) {
    double mean = k == own || !c->of[k].sampled ? (double)INFINITY : far[k] / (double)c->of[k].sampled;
    least = mean < least ? mean : least;
  }
  double inside = far[own] / (double)(c->of[own].sampled - 1), more = inside > least ? inside : least;
  return more > 0 ? (least - inside) / more : 0;
}

static bool is_defined(const struct sl_clusters *c)
{
  size_t some = 0;
  for (size_t k = 0; k < c->clusters; k++)
    some += c->of[k].sampled ? 1 : 0;
  return some >= 2 && some < c->kept;
}

static int silhouette(struct sl_clusters *c, double *out, struct sl_err *err)
{
  double *far = sl_calloc(c->clusters, sizeof *far), all = 0;
  if (!far)
    return sl_err_nomem(err);
  for (size_t k = 0; k < c->clusters; k++)
    c->of[k].silhouette = 0;
  for (size_t i = 0; i < c->kept; i++) {
    memset(far, 0, c->clusters * sizeof *far);
    for (size_t j = 0; j < c->kept; j++)
      far[c->cluster[j]] += j == i ? 0 : distance(c->point + i * c->columns, c->point + j * c->columns, c->columns);
    double s = of_row(c, far, c->cluster[i]);
    c->of[c->cluster[i]].silhouette += s;
    all += s;
  }
  for (size_t k = 0; k < c->clusters; k++)
    c->of[k].silhouette = c->of[k].sampled ? c->of[k].silhouette / (double)c->of[k].sampled : (double)NAN;
  *out = all / (double)c->kept;
  sl_free(far);
  return SL_OK;
}

static double total(struct sl_exact *s)
{
  sl_exact_tidy(s);
  return sl_exact_f64(s);
}

int sl_clusters_end(struct sl_clusters *c, struct sl_clusters_figures *out, struct sl_err *err)
{
  *out = (struct sl_clusters_figures){ .inertia = total(&c->all), .silhouette = (double)NAN, .rows = c->rows, .sampled = c->kept,
                                       .clusters = c->clusters, .of = c->of };
  for (size_t k = 0; k < c->clusters; k++) {
    c->of[k].inertia = total(&c->sum[k]);
    c->of[k].silhouette = (double)NAN;
    c->of[k].sampled = 0;
  }
  for (size_t i = 0; i < c->kept; i++)
    c->of[c->cluster[i]].sampled++;
  return is_defined(c) ? silhouette(c, &out->silhouette, err) : SL_OK;
}
