/* compute/sketch_set.c: the sketches of a data set's columns, as one. */
#include <string.h>

#include "base/mem.h"
#include "compute/sketch.h"

void sl_sketches_free(struct sl_sketches *f)
{
  for (size_t i = 0; i < f->n; i++) {
    sl_free(f->at[i].name);
    sl_free(f->at[i].type);
    sl_sketch_free(f->at[i].s);
  }
  sl_free(f->at);
  *f = (struct sl_sketches){ .at = NULL };
}

static bool same(const struct sl_sketch_column *a, const struct sl_sketch_column *b)
{
  return !strcmp(a->name, b->name) && !strcmp(a->type, b->type) && a->is == b->is && a->whole == b->whole && a->narrow == b->narrow;
}

int sl_sketches_merge(struct sl_sketches *f, const struct sl_sketches *other, struct sl_err *err)
{
  if (f->n != other->n)
    return sl_err_set(err, SL_EUSAGE, "%zu columns and %zu: parts of one data set have the same", f->n, other->n);
  for (size_t i = 0; i < f->n; i++)
    if (!same(&f->at[i], &other->at[i]))
      return sl_err_set(err, SL_EUSAGE, "column %zu is %.60s (%.30s) and %.60s (%.30s): parts of one data set have the same", i + 1,
                        f->at[i].name, f->at[i].type, other->at[i].name, other->at[i].type);
  int rc = SL_OK;
  for (size_t i = 0; i < f->n && !rc; i++)
    rc = sl_sketch_merge(f->at[i].s, other->at[i].s, err);
  f->rows += other->rows;
  return rc;
}
