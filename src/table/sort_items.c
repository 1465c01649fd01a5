/* table/sort_items.c: sorts byte strings eight bytes at a time.
 *
 * One radix sort of the heads (least digit first, so equal heads keep the order in which they came), then each group of equal heads by the
 * bytes behind what the whole group shares. A million rows of one state cost one look at each id, not twenty comparisons. */
#include "table/sort_int.h"

enum { SMALL = 24 };

struct sort { const char *keys; struct sort_item *tmp; size_t count[8][256]; };

static struct sl_str key_of(const struct sort *s, const struct sort_item *x)
{
  uint32_t n;
  memcpy(&n, s->keys + x->off, sizeof n);
  return sl_strn(s->keys + x->off + sizeof n, n);
}

static uint64_t head_at(struct sl_str k, size_t depth)
{
  unsigned char b[8] = { 0 };
  uint64_t u;
  if (depth < k.n)
    memcpy(b, k.p + depth, k.n - depth < 8 ? k.n - depth : 8);
  memcpy(&u, b, sizeof u);
  return __builtin_bswap64(u);
}

static bool before(const struct sort *s, const struct sort_item *a, const struct sort_item *b)
{
  if (a->head != b->head)
    return a->head < b->head;
  int c = sl_str_cmp(key_of(s, a), key_of(s, b));
  return c < 0;
}

static void sort_small(const struct sort *s, struct sort_item *item, size_t n)
{
  for (size_t i = 1; i < n; i++) {
    struct sort_item x = item[i];
    size_t j = i;
    for (; j && before(s, &x, &item[j - 1]); j--)
      item[j] = item[j - 1];
    item[j] = x;
  }
}

static void sort_heads(struct sort *s, struct sort_item *item, size_t n)
{
  memset(s->count, 0, sizeof s->count);
  for (size_t i = 0; i < n; i++)
    for (unsigned d = 0; d < 8; d++)
      s->count[d][item[i].head >> (8 * d) & 255]++;
  struct sort_item *from = item, *to = s->tmp;
  for (unsigned d = 0; d < 8; d++) {
    size_t *count = s->count[d];
    if (count[from[0].head >> (8 * d) & 255] == n)
      continue; /* all alike here */
    size_t at = 0;
    for (unsigned v = 0; v < 256; v++) {
      size_t c = count[v];
      count[v] = at;
      at += c;
    }
    for (size_t i = 0; i < n; i++)
      to[count[from[i].head >> (8 * d) & 255]++] = from[i];
    struct sort_item *swap = from;
    from = to;
    to = swap;
  }
  if (from != item)
    memcpy(item, from, n * sizeof *item);
}

/* How many bytes all keys share; up to `depth` that is known. */
static size_t shared(const struct sort *s, const struct sort_item *item, size_t n, size_t depth)
{
  struct sl_str a = key_of(s, &item[0]);
  size_t most = a.n;
  for (size_t i = 1; i < n && most > depth; i++) {
    struct sl_str b = key_of(s, &item[i]);
    size_t k = depth, end = b.n < most ? b.n : most;
    while (k < end && a.p[k] == b.p[k])
      k++;
    most = k;
  }
  return most;
}

/* Those that end at depth come first, and are equal. Returns how many. */
static size_t ended_first(struct sort *s, struct sort_item *item, size_t n, size_t depth)
{
  size_t ended = 0, rest = 0;
  for (size_t i = 0; i < n; i++) {
    if (key_of(s, &item[i]).n <= depth)
      item[ended++] = item[i];
    else
      s->tmp[rest++] = item[i];
  }
  memcpy(item + ended, s->tmp, rest * sizeof *item);
  return ended;
}

/* Heads hold the bytes at depth, padded with zeros; depth grows by what is shared. */
static void sort_group(struct sort *s, struct sort_item *item, size_t n, size_t depth)
{
  if (n <= SMALL) {
    sort_small(s, item, n);
    return;
  }
  sort_heads(s, item, n);
  for (size_t i = 0, j; i < n; i = j) {
    for (j = i + 1; j < n && item[j].head == item[i].head; j++)
      ;
    if (j - i < 2)
      continue;
    struct sort_item *g = item + i;
    size_t m = j - i;
    if (m <= SMALL) {
      sort_small(s, g, m);
      continue;
    }
    size_t deep = shared(s, g, m, depth), ended = ended_first(s, g, m, deep);
    g += ended;
    m -= ended;
    if (m < 2)
      continue;
    for (size_t k = 0; k < m; k++)
      g[k].head = head_at(key_of(s, &g[k]), deep);
    sort_group(s, g, m, deep);
  }
}

void sort_items(struct sort_item *item, struct sort_item *tmp, size_t n, const char *keys)
{
  struct sort s = { .keys = keys, .tmp = tmp };
  for (size_t i = 0; i < n; i++)
    item[i].head = head_at(key_of(&s, &item[i]), 0);
  if (n)
    sort_group(&s, item, n, 0);
}
