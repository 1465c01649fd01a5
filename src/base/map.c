/* base/map.c: from bytes to a number. Entries stand in the order in which they came; beside them a table of ordinals, probed one after
 * the other, at most three quarters full. A failed put changes nothing. */
#include "base/hash.h"
#include "base/mem.h"

enum { MAP_MAX = 1 << 30 };

struct sl_map_ent {
  char *key;
  size_t n;
  uint64_t hash, value;
};

void sl_map_init(struct sl_map *m)
{
  *m = (struct sl_map){.ent = NULL};
}

void sl_map_free(struct sl_map *m)
{
  for (size_t i = 0; i < m->n; i++)
    sl_free(m->ent[i].key);
  sl_free(m->ent);
  sl_free(m->slot);
  sl_map_init(m);
}

/* The slot of the key, or the free one where it belongs. There is always a free one. */
static size_t map_slot(const struct sl_map *m, struct sl_str key, uint64_t hash)
{
  size_t mask = m->nslot - 1, i = (size_t)hash & mask;
  for (; m->slot[i]; i = (i + 1) & mask) {
    const struct sl_map_ent *e = &m->ent[m->slot[i] - 1];
    if (e->hash == hash && sl_str_eq(sl_strn(e->key, e->n), key))
      break;
  }
  return i;
}

static int map_grow_slots(struct sl_map *m, struct sl_err *err)
{
  if ((m->n + 1) * 4 <= m->nslot * 3)
    return SL_OK;
  size_t n = m->nslot ? m->nslot * 2 : 16;
  uint32_t *slot = sl_calloc(n, sizeof *slot);
  if (!slot)
    return sl_err_nomem(err);
  sl_free(m->slot);
  m->slot = slot;
  m->nslot = n;
  for (size_t k = 0; k < m->n; k++) {
    size_t i = (size_t)m->ent[k].hash & (n - 1);
    while (slot[i])
      i = (i + 1) & (n - 1);
    slot[i] = (uint32_t)(k + 1);
  }
  return SL_OK;
}

static int map_grow_entries(struct sl_map *m, struct sl_err *err)
{
  void *p = m->ent;
  int rc = sl_grow(&p, &m->cap, m->n + 1, sizeof *m->ent, MAP_MAX, err);
  m->ent = p;
  return rc;
}

static int map_add(struct sl_map *m, struct sl_str key, uint64_t hash, uint64_t value, struct sl_err *err)
{
  int rc = map_grow_slots(m, err);
  if (rc == SL_OK)
    rc = map_grow_entries(m, err);
  if (rc)
    return rc;
  char *copy = sl_strndup(key.p, key.n);
  if (!copy)
    return sl_err_nomem(err);
  m->slot[map_slot(m, key, hash)] = (uint32_t)(m->n + 1);
  m->ent[m->n++] = (struct sl_map_ent){.key = copy, .n = key.n, .hash = hash, .value = value};
  return SL_OK;
}

/* The entry of the key; m->n when it is not there. */
static size_t map_index(const struct sl_map *m, struct sl_str key, uint64_t hash)
{
  if (!m->nslot)
    return m->n;
  uint32_t at = m->slot[map_slot(m, key, hash)];
  return at ? at - 1 : m->n;
}

int sl_map_put(struct sl_map *m, struct sl_str key, uint64_t value, size_t *index, struct sl_err *err)
{
  uint64_t hash = sl_str_hash(key);
  size_t i = map_index(m, key, hash);
  if (i < m->n) {
    m->ent[i].value = value;
  } else {
    int rc = map_add(m, key, hash, value, err);
    if (rc)
      return rc;
  }
  if (index)
    *index = i;
  return SL_OK;
}

bool sl_map_get(const struct sl_map *m, struct sl_str key, uint64_t *value)
{
  size_t i = map_index(m, key, sl_str_hash(key));
  if (i == m->n)
    return false;
  if (value)
    *value = m->ent[i].value;
  return true;
}

bool sl_map_find(const struct sl_map *m, struct sl_str key, size_t *index)
{
  *index = map_index(m, key, sl_str_hash(key));
  return *index < m->n;
}

size_t sl_map_count(const struct sl_map *m)
{
  return m->n;
}

struct sl_str sl_map_key(const struct sl_map *m, size_t index)
{
  return index < m->n ? sl_strn(m->ent[index].key, m->ent[index].n) : SL_STR_NONE;
}

uint64_t sl_map_value(const struct sl_map *m, size_t index)
{
  return index < m->n ? m->ent[index].value : 0;
}

void sl_map_set(struct sl_map *m, size_t index, uint64_t value)
{
  if (index < m->n)
    m->ent[index].value = value;
}
