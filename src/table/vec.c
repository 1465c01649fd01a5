/* table/vec.c: directories of blocks, lists of ordinals, and the index of a keyed table's ids. */
#include <stdlib.h>

#include "table/table_int.h"

enum { DIR_MAX = 1 << 22 }; /* a block's place has 22 bits of an ordinal */

int dir_new(struct dir **out, size_t cap, struct sl_err *err)
{
  struct dir *d = sl_alloc(sizeof *d + cap * sizeof *d->e);
  if (!d)
    return sl_err_nomem(err);
  d->refs = 1;
  d->n = 0;
  d->cap = cap;
  *out = d;
  return SL_OK;
}

void dir_unref(struct dir *d)
{
  if (!d || __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL))
    return;
  for (size_t i = 0; i < d->n; i++)
    block_unref(d->e[i].b);
  sl_free(d);
}

int dir_reserve(struct dir **d, bool own, struct sl_err *err)
{
  struct dir *was = *d, *now;
  bool shared = __atomic_load_n(&was->refs, __ATOMIC_ACQUIRE) > 1;
  if (was->n < was->cap && (!own || !shared))
    return SL_OK;
  if (was->n >= DIR_MAX)
    return sl_err_set(err, SL_ELIMIT, "a table may have %d million rows", DIR_MAX / 1000 * ROWS / 1000);
  int rc = dir_new(&now, was->n + was->n / 2 + 16, err);
  if (rc)
    return rc;
  for (; now->n < was->n; now->n++) {
    now->e[now->n] = was->e[now->n];
    if (now->e[now->n].b)
      block_ref(now->e[now->n].b);
  }
  dir_unref(was);
  *d = now;
  return SL_OK;
}

/* ---- ordinals ---- */

int ords_new(struct ords **out, struct sl_budget *b, size_t cap, struct sl_err *err)
{
  struct ords *o = sl_calloc(1, sizeof *o);
  if (!o)
    return sl_err_nomem(err);
  o->refs = 1;
  o->cap = cap ? cap : 1;
  size_t bytes = o->cap * sizeof *o->o;
  void *p;
  if (cap > ORDS_IN_MEMORY && spill_map(b->spill, bytes, &p, &o->off, NULL) == SL_OK) {
    o->o = p;
    o->spill = b->spill;
    o->mapped = bytes;
  } else if (!(o->o = sl_alloc(bytes))) { /* small, or no disk: four bytes a row in memory are better than no order */
    sl_free(o);
    return sl_err_nomem(err);
  }
  *out = o;
  return SL_OK;
}

struct ords *ords_ref(struct ords *o)
{
  __atomic_add_fetch(&o->refs, 1, __ATOMIC_RELAXED);
  return o;
}

void ords_unref(struct ords *o)
{
  if (!o || __atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL))
    return;
  if (o->mapped)
    spill_unmap(o->spill, o->o, o->off, o->mapped);
  else
    sl_free(o->o);
  sl_free(o);
}

int ords_reserve(struct ords **o, struct sl_budget *b, size_t n, bool own, struct sl_err *err)
{
  struct ords *was = *o, *now;
  bool shared = __atomic_load_n(&was->refs, __ATOMIC_ACQUIRE) > 1;
  if (n < was->cap && (!own || !shared))
    return SL_OK;
  int rc = ords_new(&now, b, n + n / 2 + ROWS, err);
  if (rc)
    return rc;
  memcpy(now->o, was->o, n * sizeof *now->o);
  ords_unref(was);
  *o = now;
  return SL_OK;
}

static int ord_cmp(const void *a, const void *b)
{
  const uint32_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

void ords_sort(struct ords *o, size_t n)
{
  qsort(o->o, n, sizeof *o->o, ord_cmp);
}

/* ---- index ---- */

void index_free(struct index *x)
{
  sl_free(x->slot);
  *x = (struct index){ 0 };
}

static void index_put(struct index *x, uint32_t low, uint32_t tag, uint32_t pos1)
{
  size_t i = low & (x->nslot - 1);
  while (x->slot[i].pos1)
    i = (i + 1) & (x->nslot - 1);
  x->slot[i].pos1 = pos1;
  x->slot[i].tag = tag;
}

/* The slot is found by the low half of the hash, the tag is the high half; moving needs both, so the slot is derived from the tag's mix. */
static uint32_t low_of(uint32_t tag) { return tag * 0x9e3779b1u; }

enum { POS_GONE = -1 }; /* pos1 of a slot whose row went: it still leads to those behind it */

void index_move(struct index *x, const uint32_t *moved)
{
  for (size_t i = 0; i < x->nslot; i++) {
    uint32_t p = x->slot[i].pos1;
    if (p && p != (uint32_t)POS_GONE)
      x->slot[i].pos1 = moved[p - 1] == UINT32_MAX ? (uint32_t)POS_GONE : moved[p - 1] + 1;
  }
}

static size_t index_live(const struct index *x)
{
  size_t n = 0;
  for (size_t i = 0; i < x->nslot; i++)
    n += x->slot[i].pos1 && x->slot[i].pos1 != (uint32_t)POS_GONE;
  return n;
}

int index_reserve(struct index *x, size_t more, struct sl_err *err)
{
  if (x->nslot && (x->n + more) * 4 <= x->nslot * 3)
    return SL_OK;
  size_t live = index_live(x), n = 256;
  while ((live + more) * 2 > n)
    n *= 2;
  struct index y = { .nslot = n, .n = live };
  y.slot = sl_calloc(n, sizeof *y.slot);
  if (!y.slot)
    return sl_err_nomem(err);
  for (size_t i = 0; i < x->nslot; i++)
    if (x->slot[i].pos1 && x->slot[i].pos1 != (uint32_t)POS_GONE)
      index_put(&y, low_of(x->slot[i].tag), x->slot[i].tag, x->slot[i].pos1);
  sl_free(x->slot);
  *x = y;
  return SL_OK;
}

void index_add(struct index *x, uint64_t hash, uint32_t pos)
{
  uint32_t tag = (uint32_t)(hash >> 32);
  index_put(x, low_of(tag), tag, pos + 1);
  x->n++;
}

bool index_find(const struct index *x, uint64_t hash, bool (*same)(void *user, uint32_t pos, uint64_t hash), void *user, uint32_t *pos)
{
  if (!x->nslot)
    return false;
  uint32_t tag = (uint32_t)(hash >> 32);
  for (size_t i = low_of(tag) & (x->nslot - 1); x->slot[i].pos1; i = (i + 1) & (x->nslot - 1))
    if (x->slot[i].tag == tag && x->slot[i].pos1 != (uint32_t)POS_GONE && same(user, x->slot[i].pos1 - 1, hash)) {
      *pos = x->slot[i].pos1 - 1;
      return true;
    }
  return false;
}
