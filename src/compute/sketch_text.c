/* compute/sketch_text.c: counts of texts. Beyond SL_SKETCH_TEXTS of them, those with the smallest hashes are kept: which these are does not
 * depend on the order in which they come, and since the bound only falls, what is kept in the end was counted from the start. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "compute/sketch_int.h"

enum { HOLD = 2 * SL_SKETCH_TEXTS, FIND_FIRST = 64 };

/* The same on every machine and every day: files are merged by it. */
uint64_t sketch_hash_text(struct sl_str text) { return sl_str_hash_keyed(text, 0x736c75696365, 0x736b65746368); }

void sketch_text_free(struct sl_sketch *s)
{
  for (size_t i = 0; i < s->ntext; i++)
    sl_free(s->text[i].p);
  sl_free(s->text);
  sl_free(s->find);
  sl_free(s->text_min);
  sl_free(s->text_max);
}

/* ---- finding ---- */

static bool same(const struct sketch_text *t, struct sl_str head, uint64_t full, uint64_t hash)
{
  return t->hash == hash && t->full == full && t->n == head.n && !memcmp(t->p, head.p, head.n);
}

/* Places are drawn anew in each process, so that nobody outside can make them collide. */
static size_t first_place(const struct sl_sketch *s, uint64_t hash)
{
  return (size_t)(sl_hll_mix(hash ^ s->seed) & (s->nfind - 1));
}

static uint32_t *find(const struct sl_sketch *s, struct sl_str head, uint64_t full, uint64_t hash)
{
  size_t i = first_place(s, hash);
  while (s->find[i] && !same(&s->text[s->find[i] - 1], head, full, hash))
    i = (i + 1) & (s->nfind - 1);
  return &s->find[i];
}

static int build(struct sl_sketch *s, size_t places, struct sl_err *err)
{
  uint32_t *all = sl_calloc(places, sizeof *all);
  if (!all)
    return sl_err_nomem(err);
  s->seed = s->seed ? s->seed : sl_str_hash(SL_STR("sketch"));
  sl_free(s->find);
  s->find = all;
  s->nfind = places;
  for (size_t k = 0; k < s->ntext; k++) {
    size_t i = first_place(s, s->text[k].hash);
    while (s->find[i])
      i = (i + 1) & (places - 1);
    s->find[i] = (uint32_t)k + 1;
  }
  return SL_OK;
}

/* ---- too many ---- */

static int to_hll(struct sl_sketch *s, struct sl_err *err)
{
  if (s->hll)
    return SL_OK;
  s->hll = sl_calloc(1, sizeof *s->hll);
  for (size_t i = 0; s->hll && i < s->ntext; i++)
    sl_hll_add(s->hll, s->text[i].hash);
  return s->hll ? SL_OK : sl_err_nomem(err);
}

static int by_hash(const void *a, const void *b)
{
  uint64_t x = ((const struct sketch_text *)a)->hash, y = ((const struct sketch_text *)b)->hash;
  return x < y ? -1 : x > y;
}

int sketch_text_order(const struct sketch_text *x, const struct sketch_text *y)
{
  int c = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
  if (!c)
    c = x->n < y->n ? -1 : x->n > y->n;
  if (!c)
    c = x->full < y->full ? -1 : x->full > y->full;
  return c ? c : by_hash(x, y);
}

static int by_bytes(const void *a, const void *b) { return sketch_text_order(a, b); }

static int drop(struct sl_sketch *s, struct sl_err *err)
{
  int rc = s->ntext > SL_SKETCH_TEXTS ? to_hll(s, err) : SL_OK;
  if (rc)
    return rc;
  qsort(s->text, s->ntext, sizeof *s->text, by_hash);
  if (s->ntext > SL_SKETCH_TEXTS && s->text[SL_SKETCH_TEXTS - 1].hash < s->bound)
    s->bound = s->text[SL_SKETCH_TEXTS - 1].hash;
  while (s->ntext && s->text[s->ntext - 1].hash > s->bound)
    sl_free(s->text[--s->ntext].p);
  return build(s, s->nfind, err);
}

int sketch_text_tidy(struct sl_sketch *s, struct sl_err *err)
{
  if (!s->ntext)
    return SL_OK;
  int rc = drop(s, err);
  if (rc)
    return rc;
  qsort(s->text, s->ntext, sizeof *s->text, by_bytes);
  return build(s, s->nfind, err);
}

/* ---- adding ---- */

static int add_new(struct sl_sketch *s, struct sl_str head, uint64_t full, uint64_t hash, uint64_t count, struct sl_err *err)
{
  int rc = sl_grow((void **)&s->text, &s->cap_text, s->ntext + 1, sizeof *s->text, HOLD, err);
  if (!rc && 2 * (s->ntext + 1) > s->nfind)
    rc = build(s, 2 * s->nfind, err);
  char *p = rc ? NULL : sl_strndup(head.n ? head.p : "", head.n);
  if (!p)
    return rc ? rc : sl_err_nomem(err);
  *find(s, head, full, hash) = (uint32_t)s->ntext + 1;
  s->text[s->ntext++] = (struct sketch_text){ .hash = hash, .count = count, .full = full, .p = p, .n = (uint32_t)head.n };
  return s->ntext == HOLD ? drop(s, err) : SL_OK;
}

int sketch_text_add(struct sl_sketch *s, struct sl_str head, uint64_t full, uint64_t hash, uint64_t count, struct sl_err *err)
{
  if (s->hll)
    sl_hll_add(s->hll, hash);
  if (hash > s->bound)
    return SL_OK;
  int rc = s->find ? SL_OK : build(s, FIND_FIRST, err);
  if (rc)
    return rc;
  uint32_t at = *find(s, head, full, hash);
  if (!at)
    return add_new(s, head, full, hash, count, err);
  s->text[at - 1].count += count;
  return SL_OK;
}

static int keep(char **to, size_t *n, struct sl_str s, bool less, struct sl_err *err)
{
  size_t least = s.n < *n ? s.n : *n;
  int c = *to && least ? memcmp(s.p, *to, least) : 0;
  c = c ? c : s.n < *n ? -1 : s.n > *n;
  if (*to && (less ? c >= 0 : c <= 0))
    return SL_OK;
  char *p = sl_strndup(s.n ? s.p : "", s.n);
  if (!p)
    return sl_err_nomem(err);
  sl_free(*to);
  *to = p;
  *n = s.n;
  return SL_OK;
}

int sketch_text_bound(struct sl_sketch *s, struct sl_str head, struct sl_err *err)
{
  int rc = keep(&s->text_min, &s->text_min_n, head, true, err);
  return rc ? rc : keep(&s->text_max, &s->text_max_n, head, false, err);
}

int sketch_text_merge(struct sl_sketch *s, const struct sl_sketch *other, struct sl_err *err)
{
  int rc = other->hll ? to_hll(s, err) : SL_OK;
  if (!rc && other->hll)
    sl_hll_merge(s->hll, other->hll);
  if (!rc && other->text_min)
    rc = sketch_text_bound(s, sl_strn(other->text_min, other->text_min_n), err);
  if (!rc && other->text_max)
    rc = sketch_text_bound(s, sl_strn(other->text_max, other->text_max_n), err);
  s->bound = other->bound < s->bound ? other->bound : s->bound;
  for (size_t i = 0; i < other->ntext && !rc; i++) {
    const struct sketch_text *t = &other->text[i];
    rc = sketch_text_add(s, sl_strn(t->p, t->n), t->full, t->hash, t->count, err);
  }
  return rc || !s->ntext ? rc : drop(s, err);
}
