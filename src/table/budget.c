/* table/budget.c: which blocks are in memory.
 *
 * Resident blocks stand in a list by when they were seen last. Over the limit, those seen longest ago go: at once when they are on disk
 * already (a block never changes), else through a writing job. Written hashes move to mapped slots, so that ten million rows leave only
 * their directory in memory. Blocks with secret columns stay. */
#include "table/table_int.h"

enum { WRITE_MAX = 64 };

int sl_budget_open(struct sl_budget **out, const struct sl_table_env *env, size_t bytes, const char *spill_dir, struct sl_err *err)
{
  struct sl_budget *b = sl_calloc(1, sizeof *b);
  if (!b)
    return sl_err_nomem(err);
  int rc = spill_new(&b->spill, spill_dir, err);
  if (rc || pthread_mutex_init(&b->lock, NULL)) {
    spill_free(b->spill);
    sl_free(b);
    return rc ? rc : sl_err_nomem(err);
  }
  b->refs = 1;
  b->limit = bytes;
  b->has_env = env != NULL;
  if (env)
    b->env = *env;
  *out = b;
  return SL_OK;
}

struct sl_budget *budget_ref(struct sl_budget *b)
{
  __atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
  return b;
}

void budget_unref(struct sl_budget *b)
{
  if (!b || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
    return;
  spill_free(b->spill);
  pthread_mutex_destroy(&b->lock);
  sl_free(b);
}

void sl_budget_close(struct sl_budget *b)
{
  budget_unref(b);
}

struct sl_budget_use sl_budget_used(const struct sl_budget *b)
{
  pthread_mutex_t *lock = &((struct sl_budget *)(uintptr_t)b)->lock; /* looking changes nothing but the lock */
  pthread_mutex_lock(lock);
  struct sl_budget_use u = { .memory = b->memory, .blocks = b->blocks, .reads = b->reads };
  pthread_mutex_unlock(lock);
  u.spilled = spill_used(b->spill);
  return u;
}

int budget_start(struct sl_budget *b, int (*work)(void *user, const volatile int *cancel, struct sl_err *err),
                 void (*done)(void *user, int rc, const struct sl_err *err), void *user, struct sl_err *err)
{
  if (b->has_env)
    return b->env.start(b->env.ctx, work, done, user, err);
  struct sl_err why = { 0 };
  int never = 0, rc = work(user, &never, &why);
  done(user, rc, &why);
  return SL_OK;
}

/* ---- the list; lock held ---- */

static void list_remove(struct sl_budget *b, struct block *k)
{
  *(k->older ? &k->older->newer : &b->oldest) = k->newer;
  *(k->newer ? &k->newer->older : &b->newest) = k->older;
  k->older = k->newer = NULL;
}

static void list_append(struct sl_budget *b, struct block *k)
{
  k->older = b->newest;
  k->newer = NULL;
  *(b->newest ? &b->newest->newer : &b->oldest) = k;
  b->newest = k;
}

static void list_touch(struct sl_budget *b, struct block *k)
{
  if (b->newest == k)
    return;
  list_remove(b, k);
  list_append(b, k);
}

/* The batch leaves memory (whoever still reads it holds a reference); returned so that it is freed outside the lock. */
static struct sl_batch *evict(struct sl_budget *b, struct block *k)
{
  struct sl_batch *batch = k->batch;
  k->batch = NULL;
  list_remove(b, k);
  b->memory -= k->bytes;
  return batch;
}

/* Drops what is on disk already, oldest first, until the rest fits. Frees outside the lock, a few at a time. */
static void drop_clean(struct sl_budget *b)
{
  struct sl_batch *gone[WRITE_MAX];
  size_t n;
  do {
    n = 0;
    pthread_mutex_lock(&b->lock);
    for (struct block *k = b->oldest, *next; k && n < WRITE_MAX && b->memory > b->limit; k = next) {
      next = k->newer;
      if (k->off >= 0 && k != b->newest)
        gone[n++] = evict(b, k);
    }
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < n; i++)
      sl_batch_unref(gone[i]);
  } while (n == WRITE_MAX);
}

/* ---- blocks ---- */

static size_t hash_bytes(const struct block *k)
{
  return k->rows * sizeof *k->hash;
}

int block_new(struct block **out, struct sl_budget *b, struct sl_batch *batch, struct conn_name *conn, struct sl_err *err)
{
  struct block *k = sl_calloc(1, sizeof *k);
  if (!k)
    return sl_err_nomem(err);
  *k = (struct block){ .refs = 1, .rows = sl_batch_count(batch), .slot = -1, .off = -1, .bytes = sl_batch_bytes(batch) };
  k->hash = sl_alloc(hash_bytes(k) + 1);
  int rc = k->hash ? batch_with_conn(&k->batch, batch, conn, err) : sl_err_nomem(err);
  if (rc) {
    sl_free(k->hash);
    sl_free(k);
    return rc;
  }
  for (uint32_t i = 0; i < k->rows; i++)
    k->hash[i] = sl_batch_hash(k->batch, i);
  k->live = k->rows;
  k->schema = sl_schema_ref(sl_batch_schema(batch));
  k->conn = conn_name_ref(conn);
  k->pinned = schema_secret(k->schema);
  k->budget = budget_ref(b);
  pthread_mutex_lock(&b->lock);
  list_append(b, k);
  b->memory += k->bytes + hash_bytes(k);
  b->blocks++;
  pthread_mutex_unlock(&b->lock);
  *out = k;
  return SL_OK;
}

struct block *block_ref(struct block *k)
{
  __atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
  return k;
}

void block_unref(struct block *k)
{
  if (!k || __atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL))
    return;
  struct sl_budget *b = k->budget;
  pthread_mutex_lock(&b->lock);
  struct sl_batch *batch = k->batch ? evict(b, k) : NULL;
  if (k->slot < 0)
    b->memory -= hash_bytes(k);
  b->blocks--;
  pthread_mutex_unlock(&b->lock);
  sl_batch_unref(batch);
  if (k->off >= 0)
    spill_drop(b->spill, k->off, k->len);
  if (k->slot >= 0)
    spill_slot_drop(b->spill, k->slot);
  else
    sl_free(k->hash);
  sl_schema_unref(k->schema);
  conn_name_unref(k->conn);
  sl_free(k);
  budget_unref(b);
}

struct sl_batch *block_resident(struct block *k)
{
  struct sl_budget *b = k->budget;
  pthread_mutex_lock(&b->lock);
  struct sl_batch *batch = k->batch ? sl_batch_ref(k->batch) : NULL;
  if (batch)
    list_touch(b, k);
  pthread_mutex_unlock(&b->lock);
  return batch;
}

static int block_read(struct block *k, struct sl_batch **out, struct sl_err *err)
{
  char *bytes = sl_alloc(k->len);
  if (!bytes)
    return sl_err_nomem(err);
  int rc = spill_read(k->budget->spill, k->off, bytes, k->len, err);
  if (rc) {
    sl_free(bytes);
    return rc;
  }
  struct sl_batch raw = { .refs = 1 };
  rc = image_open(&raw.image, k->schema, bytes, k->len, err);
  if (rc)
    return rc;
  rc = batch_with_conn(out, &raw, k->conn, err);
  image_unref(raw.image);
  return rc;
}

int block_load(struct block *k, bool keep, struct sl_batch **out, struct sl_err *err)
{
  *out = block_resident(k);
  if (*out)
    return SL_OK;
  struct sl_budget *b = k->budget;
  int rc = block_read(k, out, err);
  if (rc)
    return rc;
  pthread_mutex_lock(&b->lock);
  b->reads++;
  if (keep && !k->batch) {
    k->batch = sl_batch_ref(*out);
    b->memory += k->bytes;
    list_append(b, k);
  }
  pthread_mutex_unlock(&b->lock);
  if (keep)
    drop_clean(b);
  return SL_OK;
}

void block_hashes(struct block *k, uint64_t *out)
{
  pthread_mutex_lock(&k->budget->lock);
  memcpy(out, k->hash, hash_bytes(k));
  pthread_mutex_unlock(&k->budget->lock);
}

uint64_t block_hash(struct block *k, uint32_t row)
{
  pthread_mutex_lock(&k->budget->lock);
  uint64_t h = k->hash[row];
  pthread_mutex_unlock(&k->budget->lock);
  return h;
}

/* ---- writing ---- */

struct write_job { struct sl_budget *b; struct block *k[WRITE_MAX]; size_t n; };

/* The oldest blocks that only memory holds, as many as must go. */
static void write_pick(struct write_job *j)
{
  struct sl_budget *b = j->b;
  pthread_mutex_lock(&b->lock);
  size_t over = b->memory > b->limit ? b->memory - b->limit : 0, picked = 0;
  for (struct block *k = b->oldest; k && j->n < WRITE_MAX && picked < over; k = k->newer) {
    if (k->off >= 0 || k->pinned || k->writing)
      continue;
    k->writing = true;
    picked += k->bytes;
    j->k[j->n++] = block_ref(k);
  }
  pthread_mutex_unlock(&b->lock);
}

static int write_one(struct block *k, struct sl_err *err)
{
  struct sl_budget *b = k->budget;
  struct sl_batch *batch = block_resident(k); /* cannot be on disk: this is what writes it */
  if (!batch)
    return SL_OK;
  int64_t off;
  int32_t slot;
  void *hash;
  const struct image *m = batch->image;
  int rc = spill_write(b->spill, sl_strn(m->bytes, m->size), &off, err);
  if (rc)
    goto out;
  rc = spill_slot(b->spill, &slot, &hash, err);
  if (rc) {
    spill_drop(b->spill, off, m->size);
    goto out;
  }
  memcpy(hash, k->hash, hash_bytes(k)); /* only this job replaces it */
  pthread_mutex_lock(&b->lock);
  uint64_t *was = k->hash;
  k->hash = hash;
  k->slot = slot;
  k->off = off;
  k->len = (uint32_t)m->size;
  b->memory -= hash_bytes(k);
  struct sl_batch *gone = k->batch ? evict(b, k) : NULL;
  pthread_mutex_unlock(&b->lock);
  sl_batch_unref(gone);
  sl_free(was);
out:
  sl_batch_unref(batch);
  return rc;
}

static int write_work(void *user, const volatile int *cancel, struct sl_err *err)
{
  struct write_job *j = user;
  int rc = SL_OK;
  for (size_t i = 0; i < j->n && !rc && !*cancel; i++)
    rc = write_one(j->k[i], err);
  return rc;
}

static void write_release(struct write_job *j, int rc, const struct sl_err *err)
{
  struct sl_budget *b = j->b;
  pthread_mutex_lock(&b->lock);
  for (size_t i = 0; i < j->n; i++)
    j->k[i]->writing = false;
  b->failed = rc;
  if (rc && err)
    b->why = *err;
  pthread_mutex_unlock(&b->lock);
  for (size_t i = 0; i < j->n; i++)
    block_unref(j->k[i]);
  sl_free(j);
}

static void write_done(void *user, int rc, const struct sl_err *err)
{
  struct write_job *j = user;
  struct sl_budget *b = j->b;
  b->job = false;
  write_release(j, rc, err);
  if (!rc && budget_relieve(b, NULL)) /* what fails now fails again where somebody asks */
    b->failed = b->failed ? b->failed : SL_EIO;
  budget_unref(b);
}

static size_t memory_of(struct sl_budget *b)
{
  pthread_mutex_lock(&b->lock);
  size_t n = b->memory;
  pthread_mutex_unlock(&b->lock);
  return n;
}

/* A few blocks, as the caller is the loop: more than come meanwhile, so that it is seldom called. */
static int write_now(struct sl_budget *b, struct sl_err *err)
{
  struct write_job *j = sl_calloc(1, sizeof *j);
  if (!j)
    return sl_err_nomem(err);
  j->b = b;
  write_pick(j);
  int never = 0;
  struct sl_err why = { 0 };
  int rc = j->n ? write_work(j, &never, &why) : SL_OK;
  if (rc && err)
    *err = why;
  write_release(j, rc, &why);
  return rc;
}

int budget_relieve(struct sl_budget *b, struct sl_err *err)
{
  if (memory_of(b) <= b->limit)
    return SL_OK;
  drop_clean(b);
  size_t memory = memory_of(b);
  if (memory <= b->limit)
    return SL_OK;
  if (memory > b->limit + b->limit / 4 + (4u << 20) || b->failed) /* the writers do not keep up, or could not: bounded memory goes first */
    return write_now(b, err);
  if (b->job)
    return SL_OK;
  struct write_job *j = sl_calloc(1, sizeof *j);
  if (!j)
    return sl_err_nomem(err);
  j->b = b;
  write_pick(j);
  if (!j->n) {
    sl_free(j);
    return SL_OK;
  }
  b->job = true;
  budget_ref(b);
  int rc = budget_start(b, write_work, write_done, j, err);
  if (rc) {
    b->job = false;
    write_release(j, rc, err);
    budget_unref(b);
  }
  return rc;
}
