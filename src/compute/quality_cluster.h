/* compute/quality_cluster.h: how good clusters are, without a label: how far rows lie from their centres, and whether clusters are apart.
 *
 * Inertia is the sum of the squared distances to the nearest centre, as scikit-learn's KMeans.inertia_ and -score(X) without weights, added
 * without rounding: no order of rows changes it. Silhouette (Rousseeuw 1987) as scikit-learn's silhouette_score: of a row
 * (b - a) / max(a, b), a its mean distance to the others of its cluster, b the least of its mean distances to another cluster;
 * 0 for a cluster of one row. It needs all pairs of rows, so it is worked out over a sample where they are many.
 * docs/internals/quality.md. [owner] */
#ifndef SL_COMPUTE_QUALITY_CLUSTER_H
#define SL_COMPUTE_QUALITY_CLUSTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SL_CLUSTERS_MAX = 4096, SL_CLUSTERS_COLUMNS_MAX = 16384, SL_CLUSTERS_SAMPLE = 2000 };

struct sl_clusters;
/* ELIMIT: more clusters, or columns, than are judged. */
int sl_clusters_open(struct sl_clusters **out, size_t clusters, size_t columns, struct sl_err *err) SL_NODISCARD;
void sl_clusters_free(struct sl_clusters *c);
/* A row, the next one, as SL_MODEL_POINT gives it: the cluster, the squared distance to its centre, the columns. The sample depends on the
 * order of rows, and on nothing else. EUSAGE: a distance that is no finite number. */
int sl_clusters_add(struct sl_clusters *c, const double *point, struct sl_err *err) SL_NODISCARD;

/* silhouette: of the sample's rows that lie in it; NaN where none lies there, or where it is not defined (below). */
struct sl_cluster { double inertia, silhouette; uint64_t rows, sampled; };
struct sl_clusters_figures {
  double inertia, silhouette;  /* silhouette NaN: rows of one cluster only, or as many clusters as rows */
  uint64_t rows, sampled;      /* sampled: rows that the silhouette rests on */
  size_t clusters;
  const struct sl_cluster *of; /* a cluster each, of c */
};
/* Once, after the last row. */
int sl_clusters_end(struct sl_clusters *c, struct sl_clusters_figures *out, struct sl_err *err) SL_NODISCARD;

#endif
