/* compute/tree_code.c: a tree of at most 256 leaves into operations on masks of rows.
 *
 * In one byte: each leaf gets a run of indices; the bits of a row's index are worked out from the leaves up: a node chooses, bit by bit,
 * between what its left and its right child say. Where a run is a whole aligned block its low bits do not matter, where both children agree
 * nothing is to be done, and where they differ by 1 and 0 the node's own mask is the bit. So runs are dealt out by halves as round as they
 * can be: the left child takes the upper part. A full tree of depth d costs 2^d - 1 - d choices, a chain none.
 *
 * In two bytes: trees that grew leaf by leaf are deeper than 8, and there most bits of most nodes would cost something. So the first byte
 * is simply the way down the first eight levels, a bit each, which costs less than one operation a node. What hangs below is numbered as
 * above, with few bits, in the second byte; all such subtrees share it. A map makes one index of both: where a subtree's run of indices
 * begins, and which bits of the second byte count there. */
#include "compute/tree_int.h"

enum { ANY = UINT16_MAX, BOTH = 2 * KERN_BITS, OPS = TREE_LEAVES * KERN_BITS };      /* ANY: a bit that does not matter */
struct bits { uint16_t at[BOTH]; };
/* What hangs below the first byte: a subtree, or a leaf (bits 0). */
struct hung { int at; unsigned nbits, base; };
/* dst = m ? a : b. What a temp holds is used once: by a later one, or as a bit of the index. */
struct choice { uint16_t dst, m, a, b; };
struct coder {
  struct tree_code *c;
  struct choice ops[OPS];      /* before they are joined */
  unsigned nbits, base;        /* of what is numbered now: bits, and its first index */
  struct hung hung[TREE_LEAVES]; size_t nhung, next;
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
  for (unsigned i = 0; i < BOTH; i++)
    out.at[i] = (uint16_t)(i < b || i >= k->nbits ? ANY : from >> i & 1 ? TREE_SLOT_ONE : TREE_SLOT_ZERO);
  k->c->from[~at] = (uint16_t)(k->base + from);
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
    k->ops[k->nops] = (struct choice){ dst, m, a, b };
  k->nops++;
  return dst;
}

static struct bits merged(struct coder *k, uint16_t m, struct bits a, struct bits b)
{
  for (unsigned i = 0; i < BOTH; i++)
    a.at[i] = choose(k, m, a.at[i], b.at[i]);
  return a;
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
  return merged(k, n->slot, a, b);
}

static void begin(struct coder *k, bool put)
{
  k->nops = 0;
  k->put = put;
  k->base = 0;
  k->next = 0;
  memset(k->used, 0, sizeof k->used);
}

static void put_bits(const uint16_t *from, uint16_t *to)
{
  for (unsigned i = 0; i < KERN_BITS; i++)
    to[i] = from[i] == ANY ? TREE_SLOT_ZERO : from[i];
}

static size_t in_one(struct coder *k, unsigned nbits, bool put)
{
  begin(k, put);
  k->nbits = nbits;
  struct bits out = below(k, k->c->n ? 0 : ~0, 0, 1u << nbits);
  put_bits(out.at, k->c->bits);
  k->c->nbits = nbits;
  k->c->two = false;
  return k->nops;
}

/* ---- in two bytes ---- */

static unsigned bits_for(unsigned n)
{
  unsigned b = 0;
  while (1u << b < n)
    b++;
  return b;
}

/* In the order in which go_down() comes by. */
static void find_hung(struct coder *k, int at, unsigned depth)
{
  if (at < 0 || depth == KERN_BITS) {
    k->hung[k->nhung++] = (struct hung){ at, bits_for(leaves_of(k, at)), 0 };
    return;
  }
  const struct tree_pnode *n = &k->c->nodes[at];
  bool left_first = leaves_of(k, n->left) >= leaves_of(k, n->right);
  find_hung(k, left_first ? n->left : n->right, depth + 1);
  find_hung(k, left_first ? n->right : n->left, depth + 1);
}

/* Runs of indices, the longest first, so that each begins at a multiple of its length. How many indices there are. */
static unsigned deal_out(struct coder *k)
{
  unsigned at = 0;
  for (unsigned b = KERN_BITS + 1; b-- > 0;)
    for (size_t i = 0; i < k->nhung; i++)
      if (k->hung[i].nbits == b) {
        k->hung[i].base = at;
        at += 1u << b;
      }
  return at;
}

static struct bits hang(struct coder *k, const struct hung *h, unsigned depth, unsigned path)
{
  struct bits low, out;
  unsigned b = KERN_BITS - depth;
  k->nbits = h->nbits;
  k->base = h->base;
  low = below(k, h->at, 0, 1u << h->nbits);
  for (unsigned i = 0; i < KERN_BITS; i++) {
    out.at[i] = (uint16_t)(i < b ? ANY : path >> i & 1 ? TREE_SLOT_ONE : TREE_SLOT_ZERO);
    out.at[KERN_BITS + i] = low.at[i];
  }
  memset(k->c->map.base + path, (int)h->base, (size_t)1 << b);
  memset(k->c->map.keep + path, (1 << h->nbits) - 1, (size_t)1 << b);
  return out;
}

/* path: the bits of the levels above. */
static struct bits go_down(struct coder *k, int at, unsigned depth, unsigned path)
{
  if (at < 0 || depth == KERN_BITS)
    return hang(k, &k->hung[k->next++], depth, path);
  const struct tree_pnode *n = &k->c->nodes[at];
  unsigned up = path | 1u << (KERN_BITS - 1 - depth);
  bool left_first = leaves_of(k, n->left) >= leaves_of(k, n->right);
  struct bits a, b;
  if (left_first)
    a = go_down(k, n->left, depth + 1, up);
  b = go_down(k, n->right, depth + 1, path);
  if (!left_first)
    a = go_down(k, n->left, depth + 1, up);
  return merged(k, n->slot, a, b);
}

static size_t in_two(struct coder *k, bool put)
{
  begin(k, put);
  struct bits out = go_down(k, 0, 0, 0);
  put_bits(out.at, k->c->bits);
  put_bits(out.at + KERN_BITS, k->c->more);
  k->c->nbits = bits_for(deal_out(k));
  k->c->two = true;
  return k->nops;
}

/* Operations of one of them by itself. */
static size_t alone(struct coder *k, const struct hung *h, unsigned nbits)
{
  begin(k, false);
  k->nbits = nbits;
  (void)below(k, h->at, 0, 1u << nbits);
  return k->nops;
}

/* One bit more where that saves operations and there are indices left. */
static void widen(struct coder *k)
{
  unsigned all = deal_out(k), most = all <= TREE_LEAVES / 2 ? TREE_LEAVES / 2 : TREE_LEAVES;
  for (size_t i = 0; i < k->nhung; i++) {
    struct hung *h = &k->hung[i];
    if (h->nbits > 1 && h->nbits < KERN_BITS && all + (1u << h->nbits) <= most && alone(k, h, h->nbits + 1) < alone(k, h, h->nbits)) {
      all += 1u << h->nbits;
      h->nbits++;
    }
  }
}

/* Whether it can be done at all. */
static bool prepare_two(struct coder *k)
{
  k->nhung = 0;
  find_hung(k, k->c->n ? 0 : ~0, 0);
  if (!k->c->n || deal_out(k) > TREE_LEAVES)
    return false;
  widen(k);
  return true;
}

/* ---- joining ---- */

/* Choices between choices become one operation of up to three: what lies between never goes through memory. */
struct joiner {
  const struct coder *k;
  int16_t a[OPS], b[OPS];      /* of each choice: which one made its input; -1: none of them */
  uint16_t f[OPS], g[OPS];     /* operations for it and all below it; for all below it alone, were it joined to the one above it */
  bool joined[OPS];
  uint16_t slot[OPS];          /* where its result goes, at last */
  bool used[TREE_TEMPS];
};

static void link_up(struct joiner *j)
{
  int16_t made[TREE_TEMPS];
  memset(made, 0xff, sizeof made);
  for (size_t i = 0; i < j->k->nops; i++) {
    const struct choice *o = &j->k->ops[i];
    j->a[i] = (int16_t)(is_temp(o->a) ? made[o->a - TREE_SLOT_TEMP] : -1);
    j->b[i] = (int16_t)(is_temp(o->b) ? made[o->b - TREE_SLOT_TEMP] : -1);
    made[o->dst - TREE_SLOT_TEMP] = (int16_t)i;
  }
}

/* An input is joined where that makes fewer operations in all. */
static void decide(struct joiner *j)
{
  for (size_t i = 0; i < j->k->nops; i++) {
    const int16_t in[2] = { j->a[i], j->b[i] };
    j->f[i] = 1;
    for (int n = 0; n < 2; n++)
      if (in[n] >= 0) {
        j->joined[in[n]] = j->g[in[n]] < j->f[in[n]];
        j->f[i] = (uint16_t)(j->f[i] + (j->joined[in[n]] ? j->g[in[n]] : j->f[in[n]]));
        j->g[i] = (uint16_t)(j->g[i] + j->f[in[n]]);
      }
  }
}

static uint16_t slot_of(struct joiner *j, uint16_t plain, int16_t from)
{
  if (from < 0)
    return plain;
  j->used[j->slot[from] - TREE_SLOT_TEMP] = false;
  return j->slot[from];
}

/* One side of an operation: three slots. */
static void side(struct joiner *j, uint16_t plain, int16_t from, uint16_t out[3])
{
  bool inner = from >= 0 && j->joined[from];
  out[0] = inner ? j->k->ops[from].m : TREE_SLOT_ZERO;
  out[1] = inner ? slot_of(j, j->k->ops[from].a, j->a[from]) : slot_of(j, plain, from);
  out[2] = inner ? slot_of(j, j->k->ops[from].b, j->b[from]) : out[1];
}

static bool free_slot(struct joiner *j, size_t i)
{
  uint16_t t = 0;
  while (t < TREE_TEMPS && j->used[t])
    t++;
  if (t < TREE_TEMPS)
    j->used[t] = true;
  j->slot[i] = (uint16_t)(TREE_SLOT_TEMP + t);
  return t < TREE_TEMPS;
}

static bool put_one(struct joiner *j, size_t i, struct tree_code *c)
{
  uint16_t l[3], r[3];
  side(j, j->k->ops[i].a, j->a[i], l);
  side(j, j->k->ops[i].b, j->b[i], r);
  c->ops[c->nops++] = (struct kern_op){ 0, j->k->ops[i].m, l[0], l[1], l[2], r[0], r[1], r[2] };
  if (!free_slot(j, i))
    return false;
  c->ops[c->nops - 1].dst = j->slot[i];
  return true;
}

/* sorted: those that read no result come first. False: too many results wait at once. */
static bool put_all(struct joiner *j, struct tree_code *c, bool sorted)
{
  c->nops = c->first = 0;
  memset(j->used, 0, sizeof j->used);
  for (int later = 0; later < 1 + sorted; later++) {
    for (size_t i = 0; i < j->k->nops; i++)
      if (!j->joined[i] && (!sorted || (j->f[i] == 1) != later) && !put_one(j, i, c))
        return false;
    c->first = sorted && !later ? c->nops : c->first;
  }
  return true;
}

/* Bits that a choice made are now where its operation puts them: what made a bit last is what it is. */
static void put_outputs(const struct joiner *j, uint16_t *bits)
{
  for (unsigned b = 0; b < KERN_BITS; b++)
    for (size_t i = j->k->nops; is_temp(bits[b]) && i-- > 0;)
      if (j->k->ops[i].dst == bits[b]) {
        bits[b] = j->slot[i];
        break;
      }
}

static void join(const struct coder *k, struct tree_code *c)
{
  struct joiner j = { .k = k };
  link_up(&j);
  decide(&j);
  if (!put_all(&j, c, true) && !put_all(&j, c, false)) {
    memset(j.joined, 0, sizeof j.joined);
    (void)put_all(&j, c, false); /* as they were chosen: there is room for that */
  }
  put_outputs(&j, c->bits);
  if (c->two)
    put_outputs(&j, c->more);
}

void tree_code(struct tree_code *c, const struct kern *kern, bool wide)
{
  const uint16_t *table = wide ? kern->cost_f64 : kern->cost_f32;
  struct coder k = { .c = c };
  unsigned least, best = 0;
  size_t cost = SIZE_MAX;
  count(&k, c->n ? 0 : ~0);
  least = bits_for((unsigned)c->leaves);
  for (unsigned b = least; b <= KERN_BITS && b <= least + 2; b++) {
    size_t now = in_one(&k, b, false) + table[b];
    best = now < cost ? b : best;
    cost = now < cost ? now : cost;
  }
  if (prepare_two(&k) && in_two(&k, false) + table[c->nbits] + kern->cost_two < cost)
    (void)in_two(&k, true);
  else
    (void)in_one(&k, best, true);
  join(&k, c);
}
