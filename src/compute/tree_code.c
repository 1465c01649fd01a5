/* compute/tree_code.c: a tree of at most 256 leaves into operations on masks of rows.
 *
 * Each leaf gets a run of indices; the bits of a row's index are worked out from the leaves up: a node chooses, bit by bit, between what
 * its left and its right child say. Where a run is a whole aligned block its low bits do not matter, where both children agree nothing is
 * to be done, and where they differ by 1 and 0 the node's own mask is the bit. So runs are dealt out by halves as round as they can be: the
 * left child takes the upper part. A full tree of depth d costs 2^d - 1 - d operations, a chain none. */
#include "compute/tree_int.h"

enum { ANY = UINT16_MAX };     /* a bit that does not matter */
struct bits { uint16_t at[KERN_BITS]; };
struct coder {
  struct tree_code *c;
  unsigned nbits;
  size_t nops;
  bool put;                    /* else they are only counted */
  bool used[TREE_TEMPS];
  uint16_t leaves[TREE_LEAVES];        /* below each node */
};

static unsigned leaves_of(const struct coder *k, int child) { return child < 0 ? 1 : k->leaves[child]; }

static unsigned count(struct coder *k, int at)
{
  if (at < 0)
    return 1;
  const struct tree_pnode *n = &k->c->nodes[at];
  return k->leaves[at] = (uint16_t)(count(k, n->left) + count(k, n->right));
}

/* The roundest number from least to most. */
static unsigned roundest(const struct coder *k, unsigned least, unsigned most)
{
  for (unsigned b = k->nbits; b; b--) {
    unsigned up = (least + (1u << b) - 1) >> b << b;
    if (up <= most)
      return up;
  }
  return least;
}

static struct bits leaf(struct coder *k, int at, unsigned from, unsigned to)
{
  struct bits out;
  unsigned b = k->nbits;
  while (((from + (1u << b) - 1) >> b << b) + (1u << b) > to)
    b--;
  from = (from + (1u << b) - 1) >> b << b;
  for (unsigned i = 0; i < KERN_BITS; i++)
    out.at[i] = (uint16_t)(i < b ? ANY : from >> i & 1 ? TREE_SLOT_ONE : TREE_SLOT_ZERO);
  k->c->from[~at] = (uint16_t)from;
  k->c->count[~at] = (uint16_t)(1u << b);
  return out;
}

static bool is_temp(uint16_t slot) { return slot >= TREE_SLOT_TEMP && slot < TREE_SLOT_TEST; }

static uint16_t take_temp(struct coder *k)
{
  uint16_t i = 0;
  while (i < TREE_TEMPS - 1 && k->used[i]) /* never all of them: the heavier child comes first, so few wait */
    i++;
  k->used[i] = true;
  return (uint16_t)(TREE_SLOT_TEMP + i);
}

static void drop_temp(struct coder *k, uint16_t slot)
{
  if (is_temp(slot))
    k->used[slot - TREE_SLOT_TEMP] = false;
}

static uint16_t choose(struct coder *k, uint16_t m, uint16_t a, uint16_t b)
{
  if (a == ANY || a == b)
    return b;
  if (b == ANY)
    return a;
  if (a == TREE_SLOT_ONE && b == TREE_SLOT_ZERO)
    return m;
  uint16_t dst = is_temp(a) ? a : is_temp(b) ? b : take_temp(k);
  if (dst == a)
    drop_temp(k, b);
  if (k->put)
    k->c->ops[k->nops] = (struct kern_op){ dst, m, a, b };
  k->nops++;
  return dst;
}

/* Indices from..to-1 are this one's. */
static struct bits below(struct coder *k, int at, unsigned from, unsigned to)
{
  if (at < 0)
    return leaf(k, at, from, to);
  const struct tree_pnode *n = &k->c->nodes[at];
  unsigned left = leaves_of(k, n->left), right = leaves_of(k, n->right), cut = roundest(k, from + right, to - left);
  struct bits a, b;
  if (left >= right)
    a = below(k, n->left, cut, to);
  b = below(k, n->right, from, cut);
  if (left < right)
    a = below(k, n->left, cut, to);
  for (unsigned i = 0; i < KERN_BITS; i++)
    a.at[i] = choose(k, n->slot, a.at[i], b.at[i]);
  return a;
}

static size_t attempt(struct coder *k, unsigned nbits, bool put)
{
  k->nbits = nbits;
  k->nops = 0;
  k->put = put;
  memset(k->used, 0, sizeof k->used);
  struct bits out = below(k, k->c->n ? 0 : ~0, 0, 1u << nbits);
  for (unsigned i = 0; i < KERN_BITS; i++)
    k->c->bits[i] = out.at[i] == ANY ? TREE_SLOT_ZERO : out.at[i];
  return k->nops;
}

void tree_code(struct tree_code *c)
{
  static const size_t table_costs[KERN_BITS + 1] = { [7] = 20, [8] = 50 };     /* in operations */
  struct coder k = { .c = c };
  unsigned least = 0, best = 0;
  size_t cost = SIZE_MAX;
  count(&k, c->n ? 0 : ~0);
  while (1u << least < c->leaves)
    least++;
  for (unsigned b = least; b <= KERN_BITS && b <= least + 2; b++) {
    size_t now = attempt(&k, b, false) + table_costs[b];
    best = now < cost ? b : best;
    cost = now < cost ? now : cost;
  }
  c->nbits = best;
  c->nops = attempt(&k, best, true);
}
