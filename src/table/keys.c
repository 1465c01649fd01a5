/* table/keys.c: interned keys of families: 12,000 metrics of which a row has fifty cost four bytes a cell.
 *
 * Shared by all batches of a table and read by workers, so a lock is inside. Names never move. */
#include <pthread.h>

#include "base/mem.h"
#include "table/batch.h"

enum { KEYS_MAX = 1000000, KEY_BYTES_MAX = 64 << 10, KEYS_ALL_BYTES = 256 << 20 };

struct key_ent { struct sl_str name; uint64_t hash; };

struct sl_keys {
  uint32_t refs;
  pthread_mutex_t lock;
  struct key_ent *ent;
  size_t n, cap;
  uint32_t *slot;      /* index + 1; 0 is free */
  size_t nslot;        /* a power of two, at most half full */
  struct sl_arena names;
};

int sl_keys_open(struct sl_keys **out, struct sl_err *err)
{
  struct sl_keys *k = sl_calloc(1, sizeof *k);
  if (!k)
    return sl_err_nomem(err);
  if (pthread_mutex_init(&k->lock, NULL)) {
    sl_free(k);
    return sl_err_nomem(err);
  }
  k->refs = 1;
  sl_arena_init(&k->names, KEYS_ALL_BYTES);
  *out = k;
  return SL_OK;
}

struct sl_keys *sl_keys_ref(struct sl_keys *k)
{
  __atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
  return k;
}

void sl_keys_unref(struct sl_keys *k)
{
  if (!k || __atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL))
    return;
  pthread_mutex_destroy(&k->lock);
  sl_free(k->ent);
  sl_free(k->slot);
  sl_arena_free(&k->names);
  sl_free(k);
}

static bool keys_look(const struct sl_keys *k, struct sl_str key, uint64_t hash, size_t *at)
{
  for (size_t i = hash & (k->nslot - 1);; i = (i + 1) & (k->nslot - 1)) {
    *at = i;
    if (!k->slot[i])
      return false;
    const struct key_ent *e = &k->ent[k->slot[i] - 1];
    if (e->hash == hash && sl_str_eq(e->name, key))
      return true;
  }
}

static int keys_rehash(struct sl_keys *k, struct sl_err *err)
{
  size_t n = k->nslot ? k->nslot * 2 : 64;
  uint32_t *slot = sl_calloc(n, sizeof *slot);
  if (!slot)
    return sl_err_nomem(err);
  for (size_t e = 0; e < k->n; e++) {
    size_t i = k->ent[e].hash & (n - 1);
    while (slot[i])
      i = (i + 1) & (n - 1);
    slot[i] = (uint32_t)e + 1;
  }
  sl_free(k->slot);
  k->slot = slot;
  k->nslot = n;
  return SL_OK;
}

static int keys_add(struct sl_keys *k, struct sl_str key, uint64_t hash, uint32_t *out, struct sl_err *err)
{
  if (k->n >= KEYS_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d different keys; narrow the query or name the keys wanted", KEYS_MAX);
  int rc = sl_grow((void **)&k->ent, &k->cap, k->n + 1, sizeof *k->ent, KEYS_MAX, err);
  if (!rc && (k->n + 1) * 2 > k->nslot)
    rc = keys_rehash(k, err);
  if (rc)
    return rc;
  char *name = sl_arena_strndup(&k->names, key.n ? key.p : "", key.n);
  if (!name)
    return sl_err_nomem(err);
  size_t at;
  keys_look(k, key, hash, &at);
  k->ent[k->n] = (struct key_ent){ .name = sl_strn(name, key.n), .hash = hash };
  k->slot[at] = (uint32_t)k->n + 1;
  *out = (uint32_t)k->n++;
  return SL_OK;
}

int sl_keys_intern(struct sl_keys *k, struct sl_str key, uint32_t *out, struct sl_err *err)
{
  if (key.n > KEY_BYTES_MAX)
    return sl_err_set(err, SL_ELIMIT, "a key of %zu bytes; %d is the limit", key.n, KEY_BYTES_MAX);
  uint64_t hash = sl_str_hash(key);
  int rc = SL_OK;
  size_t at;
  pthread_mutex_lock(&k->lock);
  if (k->nslot && keys_look(k, key, hash, &at))
    *out = k->slot[at] - 1;
  else
    rc = keys_add(k, key, hash, out, err);
  pthread_mutex_unlock(&k->lock);
  return rc;
}

bool sl_keys_find(struct sl_keys *k, struct sl_str key, uint32_t *out)
{
  uint64_t hash = sl_str_hash(key);
  size_t at;
  pthread_mutex_lock(&k->lock);
  bool found = k->nslot && keys_look(k, key, hash, &at);
  if (found)
    *out = k->slot[at] - 1;
  pthread_mutex_unlock(&k->lock);
  return found;
}

struct sl_str sl_keys_name(struct sl_keys *k, uint32_t id)
{
  pthread_mutex_lock(&k->lock);
  struct sl_str s = id < k->n ? k->ent[id].name : SL_STR_NONE;
  pthread_mutex_unlock(&k->lock);
  return s;
}

uint32_t sl_keys_count(struct sl_keys *k)
{
  pthread_mutex_lock(&k->lock);
  uint32_t n = (uint32_t)k->n;
  pthread_mutex_unlock(&k->lock);
  return n;
}
