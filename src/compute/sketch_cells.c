/* compute/sketch_cells.c: two sketches of few values, or one of many, as counts in cells. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/sketch_int.h"

void sl_sketch_cells_free(struct sl_sketch_cells *c)
{
  sl_free(c->count[0]);
  sl_free(c->label);
  sl_free(c->value);
  *c = (struct sl_sketch_cells){ .k = 0 };
}

static int room(struct sl_sketch_cells *c, size_t k, struct sl_err *err)
{
  c->count[0] = sl_calloc(2 * k + 1, sizeof *c->count[0]);
  c->count[1] = c->count[0] ? c->count[0] + k : NULL;
  c->label = sl_calloc(k + 1, sizeof *c->label);
  c->value = sl_calloc(k + 1, sizeof *c->value);
  return c->count[0] && c->label && c->value ? SL_OK : sl_err_nomem(err);
}

static void put_texts(const struct sl_sketch *a, const struct sl_sketch *b, struct sl_sketch_cells *c)
{
  size_t i = 0, j = 0;
  while (i < a->ntext || j < b->ntext) {
    const struct sketch_text *x = i < a->ntext ? &a->text[i] : NULL, *y = j < b->ntext ? &b->text[j] : NULL;
    int order = !x ? 1 : !y ? -1 : sketch_text_order(x, y);
    c->label[c->k] = order <= 0 ? sl_strn(x->p, x->n) : sl_strn(y->p, y->n);
    c->count[0][c->k] = order <= 0 ? (double)x->count : 0;
    c->count[1][c->k++] = order >= 0 ? (double)y->count : 0;
    i += order <= 0;
    j += order >= 0;
  }
}

static void put_values(const struct sl_sketch_value *a, size_t na, const struct sl_sketch_value *b, size_t nb, struct sl_sketch_cells *c)
{
  size_t i = 0, j = 0;
  while (i < na || j < nb) {
    bool left = i < na && (j == nb || a[i].v <= b[j].v), right = j < nb && (i == na || b[j].v <= a[i].v);
    c->value[c->k] = left ? a[i].v : b[j].v;
    c->count[0][c->k] = left ? (double)a[i].n : 0;
    c->count[1][c->k++] = right ? (double)b[j].n : 0;
    i += left;
    j += right;
  }
}

static int cells_of_values(const struct sl_sketch *a, const struct sl_sketch *b, struct sl_sketch_cells *c, struct sl_err *err)
{
  struct sl_sketch_value *x = NULL, *y = NULL;
  size_t n = 0, m = 0;
  int rc = sl_sketch_values(a, &x, &n, err);
  rc = rc ? rc : sl_sketch_values(b, &y, &m, err);
  rc = rc ? rc : room(c, n + m, err);
  if (!rc)
    put_values(x, n, y, m, c);
  sl_free(x);
  sl_free(y);
  return rc;
}

int sl_sketch_cells(const struct sl_sketch *a, const struct sl_sketch *b, struct sl_sketch_cells *out, bool *known, struct sl_err *err)
{
  bool text = a->kind == SL_SKETCH_TEXT;
  *out = (struct sl_sketch_cells){ .k = 0 };
  *known = text ? !a->hll && !b->hll : a->slot && b->slot;
  if (text != (b->kind == SL_SKETCH_TEXT))
    return sl_err_set(err, SL_EUSAGE, "sketches of different kinds");
  int rc = !*known ? SL_OK : text ? room(out, a->ntext + b->ntext, err) : cells_of_values(a, b, out, err);
  if (!rc && *known && text)
    put_texts(a, b, out);
  if (rc)
    sl_sketch_cells_free(out);
  return rc;
}

/* The share of a bin that lies below x. */
static double below(const struct sl_sketch_bin *b, double x)
{
  return x <= b->low ? 0 : x >= b->high ? 1 : (x - b->low) / (b->high - b->low);
}

int sl_sketch_steps(const struct sl_sketch *s, double low, double high, size_t k, double *count, struct sl_err *err)
{
  struct sl_sketch_bin *b = NULL;
  size_t n = 0;
  memset(count, 0, k * sizeof *count);
  int rc = sketch_few_bins(s, &b, &n, err);
  for (size_t i = 0; i < n && !rc; i++) {
    double width = (high - low) / (double)k;
    size_t from = (size_t)fmax(0, fmin((double)k - 1, (b[i].low - low) / width));
    size_t to = (size_t)fmin((double)k - 1, (b[i].high - low) / width);
    double last = 0;
    for (size_t j = from; j <= to; j++) {
      double share = j == to ? 1 : below(&b[i], low + (double)(j + 1) * width);
      count[j] += (double)b[i].n * (share - last);
      last = share;
    }
  }
  sl_free(b);
  return rc;
}
