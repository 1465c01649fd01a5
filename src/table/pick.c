/* table/pick.c: which keys of a family deserve a column. One counter a key that was seen, so that 12,000 keys cost what they cost once; the
 * pairs looked at are bounded, since it is done between two paints. */
#include <ctype.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "table/pick.h"

enum { PAIRS_MAX = 300000, KEYS_SEEN = 1000000 };

struct seen { uint32_t key, rows; uint64_t first; bool varies; int rank; };
struct sl_pick {
  struct sl_schema *schema;
  unsigned family;
  bool numbers;
  struct seen *seen; size_t n, cap;
  uint32_t *at; size_t cap_at;        /* of a key: index in seen + 1 */
  uint32_t rows;
  uint64_t pairs;
};

int sl_pick_open(struct sl_pick **out, struct sl_schema *s, unsigned family, struct sl_err *err)
{
  struct sl_pick *p = sl_calloc(1, sizeof *p);
  if (!p)
    return sl_err_nomem(err);
  p->schema = sl_schema_ref(s);
  p->family = family;
  p->numbers = sl_schema_col(s, family)->type == SL_FAMILY_F64;
  *out = p;
  return SL_OK;
}

void sl_pick_close(struct sl_pick *p)
{
  if (!p)
    return;
  sl_schema_unref(p->schema);
  sl_free(p->seen);
  sl_free(p->at);
  sl_free(p);
}

static struct seen *seen_at(struct sl_pick *p, uint32_t key)
{
  size_t was = p->cap_at;
  if (key >= KEYS_SEEN || sl_grow((void **)&p->at, &p->cap_at, key + 1, sizeof *p->at, KEYS_SEEN, NULL))
    return NULL;
  if (p->cap_at > was)
    memset(p->at + was, 0, (p->cap_at - was) * sizeof *p->at);
  if (p->at[key])
    return &p->seen[p->at[key] - 1];
  if (sl_grow((void **)&p->seen, &p->cap, p->n + 1, sizeof *p->seen, KEYS_SEEN, NULL))
    return NULL;
  p->seen[p->n] = (struct seen){ .key = key };
  p->at[key] = (uint32_t)++p->n;
  return &p->seen[p->n - 1];
}

bool sl_pick_row(struct sl_pick *p, const struct sl_batch *b, uint32_t row)
{
  struct sl_val v;
  if (p->pairs >= PAIRS_MAX)
    return false;
  p->rows++;
  for (uint32_t i = 0, key; sl_batch_pair(b, row, p->family, i, &key, &v); i++, p->pairs++) {
    struct seen *s = v.null ? NULL : seen_at(p, key);
    if (!s)
      continue;
    uint64_t hash = sl_val_hash(&v);
    s->varies |= s->rows && s->first != hash;
    s->first = s->rows++ ? s->first : hash;
  }
  return true;
}

/* ---- ranks ---- */

/* `word` stands in name between characters that are no letters: "val" in val_auc, not in "interval". */
static bool has_word(struct sl_str name, const char *word)
{
  struct sl_str w = sl_str(word);
  for (size_t i = 0; i + w.n <= name.n; i++) {
    bool starts = !i || !isalpha((unsigned char)name.p[i - 1]), ends = i + w.n == name.n || !isalpha((unsigned char)name.p[i + w.n]);
    if (starts && ends && sl_str_ieq(sl_strn(name.p + i, w.n), w))
      return true;
  }
  return false;
}

static bool has_any(struct sl_str name, const char *const *words)
{
  for (; *words; words++)
    if (has_word(name, *words))
      return true;
  return false;
}

bool sl_metric_held_out(struct sl_str name)
{
  static const char *const words[] = { "val", "valid", "validation", "test", "eval", "holdout", "heldout", "dev", "oof", "cv", NULL };
  return has_any(name, words);
}

static int rank_of(const struct sl_pick *p, struct sl_str name)
{
  static const char *const training[] = { "train", "training", NULL };
  static const char *const costs[] = { "seconds", "second", "time", "duration", "latency", "ms", "bytes", "memory", "size", "rows", "epoch",
    "step", NULL };
  static const char *const seeds[] = { "seed", "state", NULL };
  if (!p->numbers)
    return has_any(name, seeds) ? 1 : 0;
  if (sl_str_starts(name, SL_STR("system/")))
    return 4;
  return sl_metric_held_out(name) ? 0 : has_any(name, costs) ? 3 : has_any(name, training) ? 2 : 1;
}

/* What never changes says nothing: behind what does. */
static int by_rank(const void *a, const void *b)
{
  const struct seen *x = a, *y = b;
  if (x->rank != y->rank)
    return x->rank < y->rank ? -1 : 1;
  if (x->varies != y->varies)
    return x->varies ? -1 : 1;
  if (x->rows != y->rows)
    return x->rows > y->rows ? -1 : 1;
  return x->key < y->key ? -1 : x->key > y->key;
}

size_t sl_pick_best(struct sl_pick *p, uint32_t *key, size_t n)
{
  struct sl_keys *keys = sl_schema_keys(p->schema);
  uint32_t most = 0, least;
  size_t kept = 0;
  for (size_t i = 0; i < p->n; i++)
    most = p->seen[i].rows > most ? p->seen[i].rows : most;
  least = most * 2 >= p->rows ? (p->rows + 1) / 2 : most;
  for (size_t i = 0; i < p->n; i++) {
    struct seen s = p->seen[i];
    s.varies |= s.rows < p->rows;
    if (s.rows < least || (!p->numbers && !s.varies))
      continue;
    s.rank = rank_of(p, sl_keys_name(keys, s.key));
    p->seen[kept++] = s;
  }
  p->n = kept; /* the rest is not asked for again */
  if (p->cap_at)
    memset(p->at, 0, p->cap_at * sizeof *p->at);
  if (kept)
    qsort(p->seen, kept, sizeof *p->seen, by_rank);
  n = n < kept ? n : kept;
  for (size_t i = 0; i < n; i++)
    key[i] = p->seen[i].key;
  return n;
}
