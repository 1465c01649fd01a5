/* compute/drift_cells.c: both sides counted in the same cells: a cell a value, or bins. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/drift_int.h"
#include "compute/stat_int.h"

/* The next value upwards that either side has; how often it occurs on each. */
static void step(const struct sl_drift_pair *p, size_t at[2], double count[2])
{
  bool left = at[0] < p->n[0] && (at[1] == p->n[1] || p->x[0][at[0]] <= p->x[1][at[1]]);
  double v = left ? p->x[0][at[0]] : p->x[1][at[1]];
  for (size_t s = 0; s < 2; s++) {
    size_t from = at[s];
    while (at[s] < p->n[s] && p->x[s][at[s]] <= v)
      at[s]++;
    count[s] = (double)(at[s] - from);
  }
}

/* ---- of values that are elsewhere ---- */

const struct sl_drift_bins *sl_drift_known_bins(const struct sl_drift_known *w, const double *edges, size_t k)
{
  for (size_t i = 0; i < w->nbins; i++)
    if (w->bins[i].k == k && !memcmp(w->bins[i].edges, edges, (k + 1) * sizeof *edges))
      return &w->bins[i];
  return NULL;
}

int drift_known_cells(const struct sl_drift_pair *p, struct drift_cells *c, struct sl_err *err)
{
  const struct sl_drift_bins *b = sl_drift_known_bins(p->known, c->edges, c->k);
  if (!b || (p->chunk && !b->chunk))
    return sl_err_set(err, SL_EINTERNAL, "a histogram that the engine was not asked for");
  memcpy(c->count[0], b->count[0], c->k * sizeof *b->count[0]);
  memcpy(c->count[1], p->chunk ? b->chunk + (p->chunk - 1) * c->k : b->count[1], c->k * sizeof *b->count[1]);
  return SL_OK;
}

static size_t known_values(const struct sl_drift_pair *p, double *cell[2])
{
  size_t k = (size_t)p->known->distinct[2];
  for (size_t s = 0; cell && s < 2; s++)
    if (p->known->cell[s])
      memcpy(cell[s], p->known->cell[s], k * sizeof *cell[s]);
  return k;
}

/* The least value may be known as 0 where here it would be -0: edges are the same. */
double drift_least(const struct sl_drift_pair *p, int side) { return p->known ? p->known->min[side] : p->x[side][0]; }
double drift_greatest(const struct sl_drift_pair *p, int side) { return p->known ? p->known->max[side] : p->x[side][p->n[side] - 1]; }

double drift_ks_of(const struct sl_drift_pair *p)
{
  return p->known ? p->known->ks : sl_stat_ks(p->x[0], p->n[0], p->x[1], p->n[1]);
}

/* ---- a cell a value ---- */

size_t sl_drift_values(const struct sl_drift_pair *p, double *cell[2])
{
  if (p->known)
    return known_values(p, cell);
  size_t at[2] = { 0, 0 }, k = 0;
  while (at[0] < p->n[0] || at[1] < p->n[1]) {
    double count[2];
    step(p, at, count);
    for (size_t s = 0; cell && s < 2; s++)
      cell[s][k] = count[s];
    k++;
  }
  return k;
}

/* How often each value of the pair occurs in each chunk. */
static void count_chunks(const struct sl_drift_pair *p, const struct sl_drift_chunks *c, size_t k, double *cell)
{
  size_t i = 0, j = 0;
  for (size_t v = 0; v < k; v++) {
    double value = stat_next_value(p->x[0], p->n[0], p->x[1], p->n[1], &i, &j);
    for (size_t chunk = 0; chunk < c->n; chunk++) {
      const double *x = c->x + c->at[chunk];
      size_t n = c->at[chunk + 1] - c->at[chunk];
      cell[chunk * k + v] = (double)(sl_stat_upto(x, n, value) - sl_stat_below(x, n, value));
    }
  }
}

int sl_drift_as_categories(struct sl_drift_pair *p, struct sl_drift_chunks *chunks, double **cells, struct sl_err *err)
{
  size_t k = sl_drift_values(p, NULL), lists = 2 + (chunks ? chunks->n : 0);
  *cells = sl_calloc(lists * k + 1, sizeof **cells);
  if (!*cells)
    return sl_err_nomem(err);
  double *cell[2] = { *cells, *cells + k };
  (void)sl_drift_values(p, cell);
  if (chunks && chunks->n) {
    count_chunks(p, chunks, k, *cells + 2 * k);
    chunks->cell = *cells + 2 * k;
  }
  p->kind = SL_DRIFT_CATEGORICAL;
  p->cell[0] = cell[0];
  p->cell[1] = cell[1];
  p->ncells = k;
  p->known = NULL;
  return SL_OK;
}

size_t drift_distinct_base(const struct sl_drift_pair *p)
{
  return p->known ? (size_t)p->known->distinct[0] : sl_stat_distinct(p->x[0], p->n[0]);
}

size_t drift_distinct(const struct sl_drift_pair *p) { return p->kind == SL_DRIFT_NUMERIC ? sl_drift_values(p, NULL) : p->ncells; }

void drift_cells_free(struct drift_cells *c)
{
  sl_free(c->count[0]);
  sl_free(c->edges);
}

int drift_cells_room(struct drift_cells *c, size_t k, struct sl_err *err)
{
  c->k = k;
  c->count[0] = sl_calloc(2 * k + 1, sizeof *c->count[0]);
  c->count[1] = c->count[0] ? c->count[0] + k : NULL;
  return c->count[0] ? SL_OK : sl_err_nomem(err);
}

int drift_cells_of_values(const struct sl_drift_pair *p, struct drift_cells *c, struct sl_err *err)
{
  int rc = drift_cells_room(c, drift_distinct(p), err);
  if (rc)
    return rc;
  if (p->kind == SL_DRIFT_NUMERIC) {
    (void)sl_drift_values(p, c->count);
    return SL_OK;
  }
  for (size_t s = 0; s < 2; s++) /* copied, since empty cells are filled in place */
    memcpy(c->count[s], p->cell[s], p->ncells * sizeof *c->count[s]);
  return SL_OK;
}

int drift_cells_of_bins(const struct sl_drift_pair *p, size_t n, struct drift_cells *c, struct sl_err *err)
{
  double lo = fmin(drift_least(p, 0), drift_least(p, 1)), hi = fmax(drift_greatest(p, 0), drift_greatest(p, 1));
  size_t k = 0;
  int rc = sl_stat_sturges(lo, hi, n, p->width, &c->edges, &k, err);
  if (!rc)
    rc = drift_cells_room(c, k, err);
  if (!rc && p->known)
    return drift_known_cells(p, c, err);
  for (size_t s = 0; !rc && s < 2; s++)
    sl_stat_count(p->x[s], p->n[s], c->edges, k, c->count[s]);
  return rc;
}

void drift_cells_shares(struct drift_cells *c, const struct sl_drift_pair *p)
{
  for (size_t s = 0; s < 2; s++)
    for (size_t i = 0; i < c->k; i++)
      c->count[s][i] /= (double)p->n[s];
}
