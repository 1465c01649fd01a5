/* box/drift_numbers.c: a column of numbers, streamed from the engine into a sorted sample; the baseline's tenths into a second one.
 *
 * Half of the box's memory is for what is sorted: 8 bytes a value on either side, and as much again of the larger to sort it in. Columns
 * that need more are sorted on disk, a run of an eighth of the memory at a time. */
#include "box/drift_numbers.h"

#include <math.h>

enum { RUN_OF_MEMORY = 64, BATCH = 4096 };

struct loading {
  struct drift_numbers *n;
  struct drift_feature *f;
  int side;
  bool chunked;
  size_t row, tenth;           /* rows seen; rows of a chunk */
  double batch[BATCH]; size_t nbatch;
};

bool drift_numbers_fit(const struct sl_box_ctx *c, int64_t rows_baseline, int64_t rows_current, bool chunked)
{
  uint64_t a = (uint64_t)rows_baseline, b = (uint64_t)rows_current, half = c->hello->memory / 2 / sizeof(double);
  return a <= half && b <= half && a + b + (a > b ? a : b) + (chunked ? a : 0) <= half;
}

void drift_numbers_free(struct drift_numbers *n)
{
  sample_free(&n->values);
  sample_free(&n->chunks);
}

static int flush(struct loading *l, struct sl_err *err)
{
  int rc = sample_add(&l->n->values, l->batch, l->nbatch, err);
  if (!rc && l->chunked)
    rc = sample_add(&l->n->chunks, l->batch, l->nbatch, err);
  l->nbatch = 0;
  return rc;
}

/* A chunk ends: what a tenth does not divide is a chunk more. */
static int cut(struct loading *l, struct sl_err *err)
{
  struct sl_drift_chunks *k = &l->f->chunks;
  int rc = flush(l, err);
  rc = rc ? rc : sample_cut(&l->n->chunks, &k->at[k->n + 1], err);
  k->n += !rc;
  return rc;
}

static int take(struct loading *l, const struct sl_column *c, size_t rows, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < c->n && !rc; i++) {
    double v = c->v.f64[i];
    if (!sl_column_has(c, i) || isnan(v))
      l->f->missing[l->side]++;
    else if (isinf(v))
      l->f->infinite[l->side]++;
    else
      l->batch[l->nbatch++] = v;
    l->row++;
    if (l->chunked && (l->row % l->tenth == 0 || l->row == rows))
      rc = cut(l, err);
    else if (l->nbatch == BATCH)
      rc = flush(l, err);
  }
  return rc;
}

static int stream(struct sl_box_ctx *c, duck_conn conn, const char *sql, size_t rows, struct loading *l, struct sl_err *err)
{
  const struct duck *d = &((struct duck_own *)c->own)->d;
  struct sl_columns f = { .at = NULL };
  duck_prepared p = NULL;
  duck_result r = { { 0 }, { NULL } };
  int type;
  bool more = true;
  int rc = duck_prepare(d, conn, sql, &p, &type, err);
  rc = rc ? rc : duck_columns_open(d, p, false, &f, err);
  rc = rc ? rc : duck_execute(d, conn, c, p, &r, err);
  while (!rc && more) {
    rc = duck_columns_next(d, &r, &f, &more, err);
    if (!rc && l->row + f.at[0].n > rows)
      rc = sl_err_set(err, SL_ECONFLICT, "the data changed while it was read");
    rc = rc ? rc : take(l, &f.at[0], rows, err);
    sl_columns_clear(&f);
  }
  d->destroy_result(&r);
  d->destroy_prepare(&p);
  sl_columns_free(&f);
  return rc;
}

static int open_samples(struct sl_box_ctx *c, size_t rows, bool fits, bool chunked, struct drift_numbers *n, struct sl_err *err)
{
  const struct wire_hello *h = c->hello;
  char *dir = fits ? NULL : sl_strndup(h->scratch.p, h->scratch.n);
  size_t most = fits ? rows : (size_t)(h->memory / RUN_OF_MEMORY);
  if (!fits && !dir)
    return sl_err_nomem(err);
  int rc = sample_open(&n->values, dir, most, h->tmp / 2, h->threads, err);
  if (!rc && chunked)
    rc = sample_open(&n->chunks, dir, most, h->tmp / 2, h->threads, err);
  sl_free(dir);
  return rc;
}

int drift_numbers_load(struct sl_box_ctx *c, duck_conn conn, const char *sql, int64_t rows, bool fits, int side, bool chunked,
                       struct drift_numbers *n, struct drift_feature *f, struct sl_err *err)
{
  size_t all = (size_t)rows;
  struct loading l = { .n = n, .f = f, .side = side, .tenth = all / SL_DRIFT_TENTH, .chunked = chunked && all >= SL_DRIFT_TENTH };
  int rc = open_samples(c, all, fits, chunked, n, err);
  rc = rc ? rc : stream(c, conn, sql, all, &l, err);
  rc = rc ? rc : flush(&l, err);
  if (!rc)
    rc = sample_cut(&n->values, &f->pair.n[side], err);
  if (!rc)
    rc = sample_done(&n->values, &f->pair.x[side], &f->pair.n[side], err);
  if (!rc && chunked) {
    size_t none;
    rc = sample_done(&n->chunks, &f->chunks.x, &none, err);
    f->pair.chunks = &f->chunks;
  }
  return rc;
}
