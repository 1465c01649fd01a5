/* box/drift_only.c: what categories are called; those that only one of two data sets has: which, and what share of its values. */
#include <math.h>
#include <stdio.h>

#include "base/utf8.h"
#include "box/drift_row.h"

struct sl_str drift_label(struct sl_str name) { return sl_str_head(name, sl_utf8_cut(name, DRIFT_LABEL_MAX)); }

void drift_only_shares(const struct sl_drift_pair *p, double share[2])
{
  for (int s = 0; s < 2; s++) {
    double only = 0, all = 0;
    for (size_t i = 0; i < p->ncells; i++) {
      all += p->cell[s][i];
      only += p->cell[!s][i] > 0 ? 0 : p->cell[s][i];
    }
    share[s] = p->ncells && all > 0 ? only / all : (double)NAN;
  }
}

void drift_only_add(struct sl_buf *list, struct sl_str name)
{
  sl_list_add(list, sl_str_head(name, sl_utf8_cut(name, DRIFT_ONLY_BYTES)));
}

static bool has(const double *x, size_t n, double v)
{
  size_t from = 0, to = n;
  while (from < to) {
    size_t mid = from + (to - from) / 2;
    if (x[mid] < v)
      from = mid + 1;
    else
      to = mid;
  }
  return from < n && !(x[from] > v);
}

/* Whole numbers that are categories, from the smallest. */
void drift_only_numbers(const struct sl_drift_pair *p, int side, struct sl_buf *list)
{
  const double *x = p->known ? p->known->value : p->x[side];
  char text[32];
  size_t found = 0, k = p->known ? (size_t)p->known->distinct[2] : p->n[side];
  for (size_t i = 0; x && i < k && found < DRIFT_ONLY_NAMES; i++) {
    if (p->known ? !(p->known->cell[side][i] > 0) || p->known->cell[!side][i] > 0
                 : (i && !(x[i] > x[i - 1])) || has(p->x[!side], p->n[!side], x[i]))
      continue;
    int n = snprintf(text, sizeof text, "%.17g", x[i]);
    drift_only_add(list, sl_strn(text, (size_t)n));
    found++;
  }
}

struct pick { size_t at[DRIFT_ONLY_NAMES], n; };

/* The most frequent ones, of as many the first. */
static void pick(struct pick *k, const double *count, size_t i)
{
  size_t at = k->n;
  while (at && count[i] > count[k->at[at - 1]])
    at--;
  if (at == DRIFT_ONLY_NAMES)
    return;
  k->n += k->n < DRIFT_ONLY_NAMES;
  for (size_t j = k->n - 1; j > at; j--)
    k->at[j] = k->at[j - 1];
  k->at[at] = i;
}

void drift_only_cells(const struct sl_drift_pair *p, const struct sl_str *label, int side, struct sl_buf *list)
{
  struct pick k = { .n = 0 };
  for (size_t i = 0; i < p->ncells; i++)
    if (p->cell[side][i] > 0 && !(p->cell[!side][i] > 0))
      pick(&k, p->cell[side], i);
  for (size_t i = 0; i < k.n; i++)
    drift_only_add(list, label[k.at[i]]);
}
