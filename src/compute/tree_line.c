/* compute/tree_line.c: leaves that are no constants but sums of features (LightGBM's linear trees): one step behind its leaf. Terms
 * are multiplied and added in the library's order, with its roundings. */
#include <math.h>

#include "base/mem.h"
#include "compute/tree_build.h"

enum { TERMS_AT_ONCE = 4 };

static int slope_of(struct tree_build *b, uint32_t feature, uint32_t *out, struct sl_err *err)
{
  struct tree_engine *e = b->e;
  if (!b->slope_of[feature]) {
    int rc = sl_grow((void **)&e->sloped, &e->sloped_cap, e->nsloped + 1, sizeof *e->sloped, SIZE_MAX / 16, err);
    if (rc)
      return rc;
    e->sloped[e->nsloped++] = feature;
    b->slope_of[feature] = (uint32_t)e->nsloped;
  }
  *out = b->slope_of[feature];
  return SL_OK;
}

static int add_terms(struct tree_build *b, const struct tree_line *l, struct sl_err *err)
{
  struct tree_engine *e = b->e;
  size_t n = (l->n + TERMS_AT_ONCE - 1) / TERMS_AT_ONCE * TERMS_AT_ONCE;
  int rc = sl_grow((void **)&e->slopes, &e->slopes_cap, e->nslopes + n, sizeof *e->slopes, TREE_NODES_MAX, err);
  for (size_t i = 0; !rc && i < n; i++) {
    struct tree_slope s = { .coeff = 1 };
    if (i < l->n) {
      s.coeff = l->terms[i].coeff;
      rc = slope_of(b, l->terms[i].feature, &s.at, err);
    }
    e->slopes[e->nslopes++] = s;
  }
  return rc;
}

static int begin(struct tree_build *b, struct sl_err *err)
{
  struct tree_engine *e = b->e;
  if (b->spec.value != SL_COLUMN_F64 || b->spec.sum != SL_COLUMN_F64)
    return sl_err_set(err, SL_ELIMIT, "linear leaves in float32");
  b->slope_of = sl_calloc(b->spec.features + 1, sizeof *b->slope_of);
  int rc = b->slope_of ? SL_OK : sl_err_nomem(err);
  if (!rc)
    rc = sl_grow((void **)&e->lines, &e->lines_cap, 1, sizeof *e->lines, TREE_NODES_MAX, err);
  if (!rc)
    e->lines[e->nlines++] = (struct tree_sloped){ .constant = -0.0, .plain = -0.0 };
  return rc;
}

int tree_line_add(struct tree_build *b, const struct tree_one *t, struct sl_err *err)
{
  struct tree_engine *e = b->e;
  int rc = b->slope_of ? SL_OK : begin(b, err);
  if (!rc)
    rc = sl_grow((void **)&e->lines, &e->lines_cap, e->nlines + t->leaves, sizeof *e->lines, TREE_NODES_MAX, err);
  for (size_t i = 0; !rc && i < t->leaves; i++) {
    const struct tree_line *l = &t->lines[i];
    struct tree_sloped s = { l->constant, ((const double *)t->values)[i], (uint32_t)e->nslopes, 0 };
    rc = add_terms(b, l, err);
    s.n = (uint32_t)(e->nslopes - s.term);
    e->lines[e->nlines++] = s;
  }
  return rc;
}

/* Whatever is missing makes the sum NaN; so may infinities, and then that is the answer. */
static double none_missing(const struct tree_slope *s, size_t n, const double *x, double sum, double plain)
{
  for (size_t i = 0; i < n; i++)
    if (isnan(x[s[i].at]))
      return plain;
  return sum;
}

double tree_line_at(const struct tree_engine *e, uint32_t line, const double *x)
{
  const struct tree_sloped *l = &e->lines[line];
  const struct tree_slope *s = l->n ? e->slopes + l->term : NULL; /* none are kept where no leaf has any */
  double sum = l->constant;
  for (uint32_t i = 0; i < l->n; i += TERMS_AT_ONCE) {
    sum += s[i].coeff * x[s[i].at];
    sum += s[i + 1].coeff * x[s[i + 1].at];
    sum += s[i + 2].coeff * x[s[i + 2].at];
    sum += s[i + 3].coeff * x[s[i + 3].at];
  }
  return isnan(sum) ? none_missing(s, l->n, x, sum, l->plain) : sum;
}
