/* compute/drift_cells.c: numbers of few values as categories. */
#include "base/mem.h"
#include "compute/drift.h"

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

size_t sl_drift_values(const struct sl_drift_pair *p, double *cell[2])
{
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

int sl_drift_as_categories(struct sl_drift_pair *p, double **cells, struct sl_err *err)
{
  size_t k = sl_drift_values(p, NULL);
  *cells = sl_calloc(2 * k + 1, sizeof **cells);
  if (!*cells)
    return sl_err_nomem(err);
  double *cell[2] = { *cells, *cells + k };
  (void)sl_drift_values(p, cell);
  p->kind = SL_DRIFT_CATEGORICAL;
  p->cell[0] = cell[0];
  p->cell[1] = cell[1];
  p->ncells = k;
  return SL_OK;
}
