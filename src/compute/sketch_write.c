/* compute/sketch_write.c: a data set's sketches as bytes, and back to nothing: "SLSKETCH", version, then numbers of seven bits a byte, the
 * low ones first. docs/internals/sketches.md has the format. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "compute/sketch_file.h"
#include "compute/varint.h"

static void put_page(struct sl_buf *b, const struct sketch_bucket *page, bool plain)
{
  size_t used = 0, last = 0;
  for (size_t i = 0; i < SKETCH_PAGE; i++)
    used += page[i].n != 0;
  varint_put(b, used);
  for (size_t i = 0; i < SKETCH_PAGE; i++) {
    if (!page[i].n)
      continue;
    varint_put(b, i - last);
    varint_put(b, sketch_n(&page[i]));
    last = i + 1;
    if (!plain)
      continue;
    varint_put(b, sketch_low(&page[i]));
    varint_put(b, page[i].square);
  }
}

static bool empty(const struct sketch_bucket *page)
{
  for (size_t i = 0; page && i < SKETCH_PAGE; i++)
    if (page[i].n)
      return false;
  return true;
}

static void put_buckets(struct sl_buf *b, const struct sl_sketch *s)
{
  size_t used = 0, last = 0;
  for (size_t i = 0; i < SKETCH_PAGES; i++)
    used += !empty(s->page[i]);
  varint_put(b, used);
  for (size_t i = 0; i < SKETCH_PAGES; i++) {
    if (empty(s->page[i]))
      continue;
    varint_put(b, i - last);
    last = i + 1;
    put_page(b, s->page[i], sketch_plain(i));
  }
  if (s->nodd) {
    varint_put_exact(b, s->odd_sum);
    varint_put_exact(b, s->odd_square);
  }
}

static int by_key(const void *a, const void *b)
{
  uint64_t x = ((const struct sketch_slot *)a)->key, y = ((const struct sketch_slot *)b)->key;
  return x < y ? -1 : x > y;
}

static int put_slots(struct sl_buf *b, const struct sl_sketch *s, struct sl_err *err)
{
  struct sketch_slot *all = sl_calloc(s->nslot + 1, sizeof *all);
  size_t n = 0;
  if (!all)
    return sl_err_nomem(err);
  for (size_t i = 0; i < SKETCH_SLOTS; i++)
    if (s->slot[i].count)
      all[n++] = s->slot[i];
  qsort(all, n, sizeof *all, by_key);
  varint_put(b, n);
  for (size_t i = 0; i < n; i++) {
    sl_buf_le(b, all[i].key, 8);
    varint_put(b, all[i].count);
  }
  sl_free(all);
  return SL_OK;
}

static int put_number(struct sl_buf *b, const struct sl_sketch *s, struct sl_err *err)
{
  varint_put(b, s->nans);
  varint_put(b, s->plus_inf);
  varint_put(b, s->minus_inf);
  varint_put(b, s->zeros);
  varint_put(b, s->nodd);
  if (sketch_finite(s)) {
    varint_put_f64(b, s->min + 0.0);
    varint_put_f64(b, s->max + 0.0);
    for (int i = 0; s->kind == SL_SKETCH_WHOLE && i < 2; i++)
      sl_buf_le(b, (uint64_t)(i ? s->greatest : s->least), 8);
  }
  put_buckets(b, s);
  varint_put(b, s->slot ? SKETCH_HAS_VALUES : s->hll ? SKETCH_HAS_HLL : SKETCH_HAS_NOTHING);
  if (s->slot)
    return put_slots(b, s, err);
  if (s->hll)
    sl_buf_add(b, s->hll->reg, sizeof s->hll->reg);
  return SL_OK;
}

static int put_texts(struct sl_buf *b, struct sl_sketch *s, struct sl_err *err)
{
  int rc = sketch_text_tidy(s, err);
  if (rc)
    return rc;
  if (sketch_finite(s)) {
    varint_put_str(b, sl_strn(s->text_min, s->text_min_n));
    varint_put_str(b, sl_strn(s->text_max, s->text_max_n));
  }
  varint_put(b, s->hll ? SKETCH_HAS_HLL : SKETCH_HAS_VALUES);
  if (s->hll) {
    sl_buf_add(b, s->hll->reg, sizeof s->hll->reg);
    sl_buf_le(b, s->bound, 8);
  }
  varint_put(b, s->ntext);
  for (size_t i = 0; i < s->ntext; i++) {
    varint_put_str(b, sl_strn(s->text[i].p, s->text[i].n));
    varint_put(b, s->text[i].full - s->text[i].n);
    if (s->text[i].full > s->text[i].n)
      sl_buf_le(b, s->text[i].hash, 8);
    varint_put(b, s->text[i].count);
  }
  return SL_OK;
}

static int put_column(struct sl_buf *b, struct sl_sketch_column *c, struct sl_err *err)
{
  varint_put_str(b, sl_str(c->name));
  varint_put_str(b, sl_str(c->type));
  varint_put(b, c->is);
  varint_put(b, (unsigned)c->whole | (unsigned)c->narrow << 1);
  varint_put(b, c->s->kind);
  varint_put(b, c->s->distinct);
  varint_put(b, c->s->rows);
  varint_put(b, c->s->nulls);
  return c->s->kind == SL_SKETCH_TEXT ? put_texts(b, c->s, err) : put_number(b, c->s, err);
}

int sl_sketches_write(struct sl_buf *b, struct sl_sketches *f, struct sl_err *err)
{
  int rc = SL_OK;
  sl_buf_z(b, SKETCH_MAGIC);
  varint_put(b, SKETCH_VERSION);
  varint_put(b, f->rows);
  varint_put(b, f->n);
  for (size_t i = 0; i < f->n && !rc; i++)
    rc = put_column(b, &f->at[i], err);
  return rc ? rc : sl_buf_check(b, err);
}
