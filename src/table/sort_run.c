/* table/sort_run.c: sorts more rows than memory should hold: runs of some MiB sorted in memory, written to the spill file, and merged.
 *
 * A run is its keys in order, mapped: length, ordinal, bytes. One run alone never touches the disk. */
#include "table/sort_int.h"

/* A run takes half of the budget, within these bounds; an item costs 32 bytes while it is sorted, a key about as much. */
enum { RUN_LEAST = 64 << 10, RUN_MOST = 24 << 20, RUNS_MAX = 1 << 20 };

struct run { char *p; int64_t off; size_t size; bool mapped; };
struct cursor { const char *at, *end; uint64_t head; uint32_t n, ord; };

struct sorter {
  struct sl_budget *budget;
  uint64_t keep;
  size_t run_keys, run_items;
  struct sl_buf keys;
  size_t start;              /* of the key that is being written */
  struct sort_item *item;
  size_t n, cap;
  struct run *run;
  size_t nrun, caprun;
};

int sorter_new(struct sorter **out, struct sl_budget *b, uint64_t keep, struct sl_err *err)
{
  struct sorter *s = sl_calloc(1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  s->budget = b;
  s->keep = keep;
  s->run_keys = b->limit / 2 < RUN_LEAST ? RUN_LEAST : b->limit / 2 > RUN_MOST ? RUN_MOST : b->limit / 2;
  s->run_items = s->run_keys / 32;
  sl_buf_init(&s->keys, (size_t)1 << 30);
  sl_buf_le(&s->keys, 0, 4);
  *out = s;
  return SL_OK;
}

void sorter_free(struct sorter *s)
{
  if (!s)
    return;
  for (size_t i = 0; i < s->nrun; i++)
    if (s->run[i].mapped)
      spill_unmap(s->budget->spill, s->run[i].p, s->run[i].off, s->run[i].size);
    else
      sl_free(s->run[i].p);
  sl_free(s->run);
  sl_free(s->item);
  sl_buf_free(&s->keys);
  sl_free(s);
}

struct sl_buf *sorter_key(struct sorter *s)
{
  return &s->keys;
}

static struct sl_str key_at(const struct sorter *s, const struct sort_item *x)
{
  uint32_t n;
  memcpy(&n, s->keys.p + x->off, sizeof n);
  return sl_strn(s->keys.p + x->off + sizeof n, n);
}

static int sort_now(struct sorter *s, struct sl_err *err)
{
  struct sort_item *tmp = sl_alloc((s->n + 1) * sizeof *tmp);
  if (!tmp)
    return sl_err_nomem(err);
  sort_items(s->item, tmp, s->n, s->keys.p);
  sl_free(tmp);
  if (s->keep && s->n > s->keep)
    s->n = (size_t)s->keep;
  return SL_OK;
}

static int run_write(struct sorter *s, struct sl_err *err)
{
  int rc = sort_now(s, err);
  if (!rc)
    rc = sl_grow((void **)&s->run, &s->caprun, s->nrun + 1, sizeof *s->run, RUNS_MAX, err);
  if (rc)
    return rc;
  struct run r = { .size = 0 };
  for (size_t i = 0; i < s->n; i++)
    r.size += 2 * sizeof(uint32_t) + key_at(s, &s->item[i]).n;
  void *p;
  struct sl_err why;
  r.mapped = spill_map(s->budget->spill, r.size, &p, &r.off, &why) == SL_OK;
  if (!r.mapped && why.code != SL_ELIMIT)
    return sl_err_set(err, why.code, "%s", why.msg);
  if (!r.mapped && !(p = sl_alloc(r.size + 1))) /* no folder to spill to: then in memory */
    return sl_err_nomem(err);
  char *to = r.p = p;
  for (size_t i = 0; i < s->n; i++) {
    struct sl_str k = key_at(s, &s->item[i]);
    uint32_t h[2] = { (uint32_t)k.n, s->item[i].ord };
    memcpy(to, h, sizeof h);
    memcpy(to + sizeof h, k.p, k.n);
    to += sizeof h + k.n;
  }
  s->run[s->nrun++] = r;
  s->n = 0;
  sl_buf_cut(&s->keys, 0);
  sl_buf_le(&s->keys, 0, 4);
  s->start = 0;
  return SL_OK;
}

int sorter_add(struct sorter *s, uint32_t ord, struct sl_err *err)
{
  int rc = sl_buf_check(&s->keys, err);
  if (!rc)
    rc = sl_grow((void **)&s->item, &s->cap, s->n + 1, sizeof *s->item, s->run_items, err);
  if (rc)
    return rc;
  uint32_t n = (uint32_t)(s->keys.n - s->start - 4);
  memcpy(s->keys.p + s->start, &n, sizeof n);
  s->item[s->n++] = (struct sort_item){ .off = (uint32_t)s->start, .ord = ord };
  if (s->keys.n >= s->run_keys || s->n == s->run_items)
    return run_write(s, err);
  s->start = s->keys.n;
  sl_buf_le(&s->keys, 0, 4);
  return SL_OK;
}

/* ---- merging ---- */

static bool cursor_next(struct cursor *c)
{
  if (c->at == c->end)
    return false;
  uint32_t h[2];
  memcpy(h, c->at, sizeof h);
  c->at += sizeof h;
  c->n = h[0];
  c->ord = h[1];
  unsigned char b[8] = { 0 };
  memcpy(b, c->at, c->n < 8 ? c->n : 8);
  memcpy(&c->head, b, sizeof c->head);
  c->head = __builtin_bswap64(c->head);
  c->at += c->n;
  return true;
}

/* Equal keys: the earlier run first, as its rows came first. */
static bool cursor_before(const struct cursor *a, const struct cursor *b)
{
  if (a->head != b->head)
    return a->head < b->head;
  int c = sl_str_cmp(sl_strn(a->at - a->n, a->n), sl_strn(b->at - b->n, b->n));
  return c ? c < 0 : a < b;
}

static void heap_down(struct cursor **heap, size_t n, size_t i)
{
  for (size_t k; (k = 2 * i + 1) < n; i = k) {
    if (k + 1 < n && cursor_before(heap[k + 1], heap[k]))
      k++;
    if (!cursor_before(heap[k], heap[i]))
      return;
    struct cursor *x = heap[i];
    heap[i] = heap[k];
    heap[k] = x;
  }
}

static int merge(struct sorter *s, struct ords *out, uint64_t want, uint64_t *done, const volatile int *cancel, struct sl_err *err)
{
  struct cursor *c = sl_calloc(s->nrun, sizeof *c), **heap = sl_calloc(s->nrun, sizeof *heap);
  int rc = c && heap ? SL_OK : sl_err_nomem(err);
  size_t n = 0;
  for (size_t i = 0; !rc && i < s->nrun; i++) {
    c[i] = (struct cursor){ .at = s->run[i].p, .end = s->run[i].p + s->run[i].size };
    if (cursor_next(&c[i]))
      heap[n++] = &c[i];
  }
  for (size_t i = n / 2; !rc && i-- > 0;)
    heap_down(heap, n, i);
  for (*done = 0; !rc && n && *done < want;) {
    out->o[(*done)++] = heap[0]->ord;
    if (!cursor_next(heap[0]))
      heap[0] = heap[--n];
    heap_down(heap, n, 0);
    if (*done % 65536 == 0 && *cancel)
      rc = SL_ECANCELED;
  }
  sl_free(c);
  sl_free(heap);
  return rc;
}

static uint64_t count_all(const struct sorter *s)
{
  uint64_t n = 0;
  for (size_t i = 0; i < s->nrun; i++) {
    struct cursor c = { .at = s->run[i].p, .end = s->run[i].p + s->run[i].size };
    while (cursor_next(&c))
      n++;
  }
  return n;
}

int sorter_end(struct sorter *s, struct ords **out, uint64_t *n, const volatile int *cancel, struct sl_err *err)
{
  int rc = s->nrun ? (s->n ? run_write(s, err) : SL_OK) : sort_now(s, err);
  if (rc)
    return rc;
  uint64_t all = s->nrun ? count_all(s) : s->n, want = s->keep && s->keep < all ? s->keep : all;
  struct ords *o;
  rc = ords_new(&o, s->budget, (size_t)want, err);
  if (rc)
    return rc;
  *n = want;
  for (size_t i = 0; !s->nrun && i < want; i++)
    o->o[i] = s->item[i].ord;
  if (s->nrun)
    rc = merge(s, o, want, n, cancel, err);
  if (rc)
    ords_unref(o);
  else
    *out = o;
  return rc;
}
