/* table/snap.c: immutable views of a table: positions, pages, and where a ref stands now.
 *
 * Painting never waits: a page whose blocks are all in memory is answered at once, any other is put together by a job and kept for the
 * next question. Positions, hashes and strikes are always in memory or mapped. */
#include <stdlib.h>

#include "table/table_int.h"

enum { FIND_NOW = 1 << 16 };

int snap_new(struct sl_snap **out, struct sl_budget *b, struct sl_schema *schema, struct dir *dir, size_t n, struct sl_err *err)
{
  struct sl_snap *s = sl_calloc(1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  *s = (struct sl_snap){ .refs = 1, .budget = budget_ref(b), .schema = sl_schema_ref(schema), .dir = dir, .n = n };
  __atomic_add_fetch(&dir->refs, 1, __ATOMIC_RELAXED);
  *out = s;
  return SL_OK;
}

struct sl_snap *sl_snap_ref(struct sl_snap *s)
{
  __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
  return s;
}

void sl_snap_unref(struct sl_snap *s)
{
  if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
    return;
  for (size_t i = 0; i < SNAP_PAGES; i++)
    sl_batch_unref(s->page[i].b);
  dir_unref(s->dir);
  ords_unref(s->ords);
  ords_unref(s->struck);
  sl_schema_unref(s->schema);
  sl_free(s->found_hash);
  sl_free(s->found_pos);
  budget_unref(s->budget);
  sl_free(s);
}

uint64_t sl_snap_count(const struct sl_snap *s) { return s->count; }
struct sl_schema *sl_snap_schema(const struct sl_snap *s) { return s->schema; }

size_t snap_entry(const struct sl_snap *s, uint64_t pos)
{
  size_t lo = 0, hi = s->n;
  while (hi - lo > 1) {
    size_t mid = lo + (hi - lo) / 2;
    if (s->dir->e[mid].start <= pos + s->first_row)
      lo = mid;
    else
      hi = mid;
  }
  return lo;
}

static uint32_t ord_at(const struct sl_snap *s, uint64_t pos)
{
  if (s->ords)
    return s->ords->o[pos];
  size_t e = snap_entry(s, pos);
  return (uint32_t)(e * ROWS + (pos + s->first_row - s->dir->e[e].start));
}

struct block *snap_at(const struct sl_snap *s, uint64_t pos, uint32_t *row)
{
  uint32_t ord = ord_at(s, pos);
  *row = ord % ROWS;
  return s->dir->e[ord / ROWS].b;
}

uint64_t sl_snap_hash(const struct sl_snap *s, uint64_t pos)
{
  uint32_t row;
  if (pos >= s->count)
    return 0;
  struct block *k = snap_at(s, pos, &row);
  return block_hash(k, row);
}

bool sl_snap_struck(const struct sl_snap *s, uint64_t pos)
{
  if (!s->nstruck || pos >= s->count)
    return false;
  uint32_t ord = ord_at(s, pos);
  size_t lo = 0, hi = s->nstruck;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (s->struck->o[mid] < ord)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < s->nstruck && s->struck->o[lo] == ord;
}

/* ---- pages ---- */

/* The blocks of one page, each got once. */
struct pager {
  const struct sl_snap *s;
  bool wait, keep;             /* read what is on disk; and leave it in memory */
  struct block *k;             /* the block at hand, its batch and columns */
  struct sl_batch *batch;
  struct sl_schema *mapped;
  int32_t *map;
};

static int pager_block(struct pager *p, struct block *k, struct sl_err *err)
{
  if (p->k == k)
    return SL_OK;
  sl_batch_unref(p->batch);
  p->batch = NULL;
  p->k = NULL;
  if (p->wait) {
    int rc = block_load(k, p->keep, &p->batch, err);
    if (rc)
      return rc;
  } else if (!(p->batch = block_resident(k))) {
    return SL_EAGAIN;
  }
  p->k = k;
  if (p->mapped != k->schema) {
    batch_map_cols(p->s->schema, k->schema, p->map);
    p->mapped = k->schema;
  }
  return SL_OK;
}

/* A whole block asked for as it stands needs no copy. */
static int page_shared(struct pager *p, uint64_t first, uint32_t n, struct sl_batch **out, struct sl_err *err)
{
  const struct sl_snap *s = p->s;
  *out = NULL;
  if (s->ords)
    return SL_OK;
  const struct dent *e = &s->dir->e[snap_entry(s, first)];
  if (e->start != first + s->first_row || e->b->rows != n || e->b->schema != s->schema)
    return SL_OK;
  int rc = pager_block(p, e->b, err);
  if (!rc && !p->batch->image->del)
    *out = sl_batch_ref(p->batch);
  return rc;
}

static int page_make(const struct sl_snap *s, uint64_t first, uint32_t n, bool wait, struct sl_batch **out, struct sl_err *err)
{
  struct pager p = { .s = s, .wait = wait, .keep = wait && !s->ords };
  struct sl_batch *b = NULL;
  p.map = sl_alloc((sl_schema_count(s->schema) + 1) * sizeof *p.map);
  int rc = p.map ? page_shared(&p, first, n, out, err) : sl_err_nomem(err);
  if (rc || *out)
    goto out;
  rc = batch_new_sized(&b, s->schema, n, err);
  for (uint32_t i = 0; i < n && !rc; i++) {
    uint32_t row;
    rc = pager_block(&p, snap_at(s, first + i, &row), err);
    if (!rc)
      batch_copy_row(b, p.batch, row, p.map);
  }
  if (!rc)
    rc = sl_batch_seal(b, err);
  if (rc)
    sl_batch_unref(b);
  else
    *out = b;
out:
  sl_batch_unref(p.batch);
  sl_free(p.map);
  return rc;
}

static int page_range(const struct sl_snap *s, uint64_t first, uint32_t *n, struct sl_err *err)
{
  if (first > s->count || *n > ROWS)
    return sl_err_set(err, SL_EINTERNAL, "a page of %u rows from %llu of %llu", (unsigned)*n, (unsigned long long)first,
                      (unsigned long long)s->count);
  if (*n > s->count - first)
    *n = (uint32_t)(s->count - first);
  return SL_OK;
}

int sl_snap_page_wait(struct sl_snap *s, uint64_t first, uint32_t n, struct sl_batch **out, struct sl_err *err)
{
  *out = NULL;
  int rc = page_range(s, first, &n, err);
  return rc ? rc : page_make(s, first, n, true, out, err);
}

static bool page_kept(struct sl_snap *s, uint64_t first, uint32_t n, struct sl_batch **out)
{
  for (size_t i = 0; i < SNAP_PAGES; i++)
    if (s->page[i].b && s->page[i].first == first && s->page[i].n == n) {
      *out = sl_batch_ref(s->page[i].b);
      return true;
    }
  return false;
}

static int snap_wait(struct sl_snap *s, void (*ready)(void *user), void *user, struct sl_err *err)
{
  for (unsigned i = 0; ready && i < s->nwait; i++)
    if (s->wait[i].ready == ready && s->wait[i].user == user)
      return SL_OK;
  if (ready && s->nwait == SNAP_WAITS)
    return sl_err_set(err, SL_ELIMIT, "more than %d wait for one table", SNAP_WAITS);
  if (ready)
    s->wait[s->nwait++] = (struct snap_wait){ ready, user };
  return SL_OK;
}

/* Everybody who waited asks again; whoever asked for something else then waits anew. */
static void snap_wake(struct sl_snap *s)
{
  struct snap_wait w[SNAP_WAITS];
  unsigned n = s->nwait;
  memcpy(w, s->wait, sizeof w);
  s->nwait = 0;
  for (unsigned i = 0; i < n; i++)
    w[i].ready(w[i].user);
}

void sl_snap_forget(struct sl_snap *s, void *user)
{
  unsigned n = 0;
  for (unsigned i = 0; i < s->nwait; i++)
    if (s->wait[i].user != user)
      s->wait[n++] = s->wait[i];
  s->nwait = n;
}

struct page_job { struct sl_snap *s; uint64_t first; uint32_t n; struct sl_batch *b; };

static int page_work(void *user, const volatile int *cancel, struct sl_err *err)
{
  struct page_job *j = user;
  return *cancel ? SL_ECANCELED : page_make(j->s, j->first, j->n, true, &j->b, err);
}

static void page_done(void *user, int rc, const struct sl_err *err)
{
  struct page_job *j = user;
  struct sl_snap *s = j->s;
  (void)err;
  s->paging = false;
  if (!rc) {
    struct page *p = &s->page[s->next_page++ % SNAP_PAGES];
    sl_batch_unref(p->b);
    *p = (struct page){ j->first, j->n, j->b };
  } else {
    s->failed = rc;
    if (err)
      s->why = *err;
  }
  snap_wake(s);
  sl_snap_unref(s);
  sl_free(j);
}

static int page_start(struct sl_snap *s, uint64_t first, uint32_t n, struct sl_err *err)
{
  struct page_job *j = sl_calloc(1, sizeof *j);
  if (!j)
    return sl_err_nomem(err);
  *j = (struct page_job){ .s = sl_snap_ref(s), .first = first, .n = n };
  s->paging = true;
  int rc = budget_start(s->budget, page_work, page_done, j, err);
  if (rc) {
    s->paging = false;
    sl_snap_unref(s);
    sl_free(j);
  }
  return rc;
}

int sl_snap_page(struct sl_snap *s, uint64_t first, uint32_t n, struct sl_batch **out, void (*ready)(void *user), void *user,
                 struct sl_err *err)
{
  *out = NULL;
  int rc = page_range(s, first, &n, err);
  if (rc || page_kept(s, first, n, out))
    return rc;
  rc = page_make(s, first, n, false, out, err);
  if (rc != SL_EAGAIN)
    return rc;
  if (s->failed) { /* told once; who asks again tries again */
    rc = s->failed;
    s->failed = SL_OK;
    return sl_err_set(err, rc, "%s", s->why.msg);
  }
  rc = snap_wait(s, ready, user, err);
  if (!rc && !s->paging)
    rc = page_start(s, first, n, err);
  if (!rc && page_kept(s, first, n, out)) /* where there are no lanes the job is done already */
    return SL_OK;
  return rc ? rc : sl_err_set(err, SL_EAGAIN, "the rows are being read");
}

/* ---- where refs stand ---- */

struct find_job { struct sl_snap *s; uint64_t *hash, *pos; size_t n; };

static int hash_cmp(const void *a, const void *b)
{
  const uint64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static void find_one(const struct find_job *j, uint64_t hash, uint64_t pos)
{
  size_t lo = 0, hi = j->n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (j->hash[mid] < hash)
      lo = mid + 1;
    else
      hi = mid;
  }
  for (; lo < j->n && j->hash[lo] == hash; lo++)
    if (j->pos[lo] == UINT64_MAX)
      j->pos[lo] = pos;
}

/* One pass; a filter of 2^16 bits spares most rows the search. */
static int find_work(void *user, const volatile int *cancel, struct sl_err *err)
{
  struct find_job *j = user;
  const struct sl_snap *s = j->s;
  uint64_t hash[ROWS];
  uint8_t *maybe = sl_calloc(8192, 1);
  if (!maybe)
    return sl_err_nomem(err);
  for (size_t i = 0; i < j->n; i++) {
    maybe[j->hash[i] >> 3 & 8191] |= (uint8_t)(1 << (j->hash[i] & 7));
    j->pos[i] = UINT64_MAX;
  }
  struct block *at = NULL;
  for (uint64_t pos = 0; pos < s->count && !*cancel; pos++) {
    uint32_t row;
    struct block *k = snap_at(s, pos, &row);
    uint64_t h;
    if (s->ords) {
      h = block_hash(k, row);
    } else {
      if (k != at)
        block_hashes(k, hash);
      h = hash[row];
    }
    at = k;
    if (maybe[h >> 3 & 8191] >> (h & 7) & 1)
      find_one(j, h, pos);
  }
  sl_free(maybe);
  return *cancel ? SL_ECANCELED : SL_OK;
}

static void find_done(void *user, int rc, const struct sl_err *err)
{
  struct find_job *j = user;
  struct sl_snap *s = j->s;
  (void)err;
  s->finding = false;
  if (!rc) {
    sl_free(s->found_hash);
    sl_free(s->found_pos);
    s->found_hash = j->hash;
    s->found_pos = j->pos;
    s->nfound = j->n;
  } else {
    sl_free(j->hash);
    sl_free(j->pos);
  }
  snap_wake(s);
  sl_snap_unref(s);
  sl_free(j);
}

/* All n were asked for before: their positions. */
static bool find_known(const struct sl_snap *s, const uint64_t *hash, size_t n, uint64_t *pos)
{
  for (size_t i = 0; i < n; i++) {
    size_t lo = 0, hi = s->nfound;
    while (lo < hi) {
      size_t mid = lo + (hi - lo) / 2;
      if (s->found_hash[mid] < hash[i])
        lo = mid + 1;
      else
        hi = mid;
    }
    if (lo == s->nfound || s->found_hash[lo] != hash[i])
      return false;
    pos[i] = s->found_pos[lo];
  }
  return true;
}

static int find_start(struct sl_snap *s, const uint64_t *hash, size_t n, struct sl_err *err)
{
  struct find_job *j = sl_calloc(1, sizeof *j);
  uint64_t *h = sl_alloc(n * sizeof *h), *p = sl_alloc(n * sizeof *p);
  if (!j || !h || !p) {
    sl_free(j);
    sl_free(h);
    sl_free(p);
    return sl_err_nomem(err);
  }
  memcpy(h, hash, n * sizeof *h);
  qsort(h, n, sizeof *h, hash_cmp);
  *j = (struct find_job){ sl_snap_ref(s), h, p, n };
  s->finding = true;
  if (s->count <= FIND_NOW) { /* a tenth of a millisecond: not worth a job */
    int never = 0, rc = find_work(j, &never, err);
    unsigned waiting = s->nwait;
    s->nwait = 0; /* nobody waits for this */
    find_done(j, rc, err);
    s->nwait = waiting;
    return rc;
  }
  int rc = budget_start(s->budget, find_work, find_done, j, err);
  if (!rc)
    return SL_OK;
  s->finding = false;
  sl_snap_unref(s);
  sl_free(j);
  sl_free(h);
  sl_free(p);
  return rc;
}

int sl_snap_find(struct sl_snap *s, const uint64_t *hash, size_t n, uint64_t *pos, void (*ready)(void *user), void *user,
                 struct sl_err *err)
{
  if (find_known(s, hash, n, pos))
    return SL_OK;
  int rc = s->count > FIND_NOW ? snap_wait(s, ready, user, err) : SL_OK;
  if (!rc && !s->finding)
    rc = find_start(s, hash, n, err);
  if (rc || find_known(s, hash, n, pos))
    return rc;
  return sl_err_set(err, SL_EAGAIN, "the rows are being looked for");
}
