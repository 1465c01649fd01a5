/* compute/tree_build.c: trees as they are told, then at the end: which tests are the same, where large trees are cut, which pieces share a
 * plan. */
#include "compute/tree_build.h"

#include <math.h>

#include "base/mem.h"

/* ---- as they are told ---- */

int tree_build_open(struct tree_build **out, const struct tree_spec *spec, struct sl_err *err)
{
  struct tree_build *b = *out = sl_calloc(1, sizeof *b);
  if (!b)
    return sl_err_nomem(err);
  b->spec = *spec;
  if (!b->spec.kern)
    b->spec.kern = kern_best();
  if (!(b->e = sl_calloc(1, sizeof *b->e))) {
    tree_build_free(b);
    *out = NULL;
    return sl_err_nomem(err);
  }
  b->e->spec = b->spec;
  b->e->kern = b->spec.kern;
  return SL_OK;
}

void tree_build_free(struct tree_build *b)
{
  if (!b)
    return;
  tree_free(b->e);
  void *all[] = { b->nodes, b->trees, b->sets, b->cats, b->test, b->one, b->slot, b->stamp, b->asked, b->parts, b->up, b->size, b->cut,
                  b->order, b->slope_of };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    sl_free(all[i]);
  sl_free(b);
}

int tree_build_set(struct tree_build *b, const uint32_t *words, size_t n, uint32_t *id, struct sl_err *err)
{
  struct tree_cats set = { .first = b->ncats };
  for (size_t w = 0; w < n; w++)
    for (uint32_t left = words[w]; left; left &= left - 1) {
      int rc = sl_grow((void **)&b->cats, &b->cats_cap, b->ncats + 1, sizeof *b->cats, TREE_NODES_MAX, err);
      if (rc)
        return rc;
      b->cats[b->ncats++] = (uint32_t)w * 32 + (uint32_t)__builtin_ctz(left);
    }
  set.n = b->ncats - set.first;
  int rc = sl_grow((void **)&b->sets, &b->sets_cap, b->nsets + 1, sizeof *b->sets, TREE_NODES_MAX, err);
  if (!rc) {
    *id = (uint32_t)b->nsets;
    b->sets[b->nsets++] = set;
  }
  return rc;
}

static size_t value_size(const struct tree_spec *s) { return s->sum == SL_COLUMN_F64 ? sizeof(double) : sizeof(float); }

int tree_build_add(struct tree_build *b, const struct tree_one *t, struct sl_err *err)
{
  struct tree_engine *e = b->e;
  size_t bytes = t->leaves * t->width * value_size(&b->spec);
  int rc = sl_grow((void **)&b->nodes, &b->nodes_cap, b->nnodes + t->n, sizeof *b->nodes, TREE_NODES_MAX, err);
  if (!rc)
    rc = sl_grow((void **)&b->trees, &b->trees_cap, b->ntrees + 1, sizeof *b->trees, TREE_NODES_MAX, err);
  if (!rc)
    rc = sl_grow((void **)&e->leaves, &e->leaves_cap, e->nleaves + bytes, 1, SIZE_MAX / 4, err);
  uint32_t line = t->lines ? (uint32_t)(e->nlines ? e->nlines : 1) : 0;
  if (!rc && t->lines)
    rc = tree_line_add(b, t, err);
  if (rc)
    return rc;
  b->trees[b->ntrees++] = (struct tree_grown){ .node = b->nnodes, .n = t->n, .leaf = e->nleaves, .leaves = (uint32_t)t->leaves,
                                                .width = (uint32_t)t->width, .group = t->group, .line = line };
  if (t->n)
    memcpy(b->nodes + b->nnodes, t->nodes, t->n * sizeof *b->nodes);
  memcpy(e->leaves + e->nleaves, t->values, bytes);
  b->nnodes += t->n;
  e->nleaves += bytes;
  return SL_OK;
}

/* ---- which tests are the same ---- */

/* Their order, the last word first: tests of numbers before those of sets, features, numbers (NaN first) or sets, flags. */
enum { FLAGS, VALUE, FEATURE, WORDS, WORD_BYTES = 8, KEY_BYTES = WORDS * WORD_BYTES };
struct key { uint64_t word[WORDS]; uint32_t node; };

/* Rises with the number; all NaN are the same, and so are both zeros. */
static uint64_t rising(double t)
{
  double v = t + 0.0;
  uint64_t bits;
  if (isnan(v))
    return 0;
  memcpy(&bits, &v, sizeof bits);
  return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static struct key key_of(const struct tree_node *n, uint32_t node)
{
  bool set = n->set != TREE_NO_SET;
  return (struct key){ { n->flags, set ? n->set : rising(n->threshold), (uint64_t)set << 32 | n->feature }, node };
}

static bool same_test(const struct key *a, const struct key *b) { return memcmp(a->word, b->word, sizeof a->word) == 0; }

static unsigned byte_of(const struct key *k, unsigned at) { return k->word[at / WORD_BYTES] >> at % WORD_BYTES * 8 & 255; }

/* By one byte of the words; what is alike stays in its order. */
static void sort_by(const struct key *from, struct key *to, size_t n, unsigned at)
{
  size_t count[256] = { 0 }, sum = 0;
  for (size_t i = 0; i < n; i++)
    count[byte_of(&from[i], at)]++;
  for (unsigned v = 0; v < 256; v++) {
    size_t these = count[v];
    count[v] = sum;
    sum += these;
  }
  for (size_t i = 0; i < n; i++)
    to[count[byte_of(&from[i], at)]++] = from[i];
}

/* Byte after byte from the last one on, but for those that are the same everywhere: most. spare: as long as keys. Where they lie then. */
static struct key *sort_keys(struct key *keys, struct key *spare, size_t n)
{
  struct key differs = { { 0 }, 0 };
  for (size_t i = 1; i < n; i++)
    for (unsigned w = 0; w < WORDS; w++)
      differs.word[w] |= keys[i].word[w] ^ keys[0].word[w];
  for (unsigned at = 0; at < KEY_BYTES; at++) {
    if (!byte_of(&differs, at))
      continue;
    sort_by(keys, spare, n, at);
    struct key *sorted = spare;
    spare = keys;
    keys = sorted;
  }
  return keys;
}

static int number_tests(struct tree_build *b, struct sl_err *err)
{
  struct key *both = sl_alloc(2 * (b->nnodes + 1) * sizeof *both);
  b->test = sl_alloc((b->nnodes + 1) * sizeof *b->test);
  b->one = sl_alloc((b->nnodes + 1) * sizeof *b->one);
  if (!both || !b->test || !b->one) {
    sl_free(both);
    return sl_err_nomem(err);
  }
  for (size_t i = 0; i < b->nnodes; i++)
    both[i] = key_of(&b->nodes[i], (uint32_t)i);
  const struct key *keys = sort_keys(both, both + b->nnodes + 1, b->nnodes);
  for (size_t i = 0; i < b->nnodes; i++) {
    if (!i || !same_test(&keys[i - 1], &keys[i]))
      b->one[b->ntests++] = keys[i].node;
    b->test[keys[i].node] = (uint32_t)b->ntests - 1;
  }
  sl_free(both);
  b->slot = sl_calloc(b->ntests + 1, sizeof *b->slot);
  b->stamp = sl_calloc(b->ntests + 1, sizeof *b->stamp);
  return b->slot && b->stamp ? SL_OK : sl_err_nomem(err);
}

/* ---- where a tree is cut ---- */

static int scratch(struct tree_build *b, size_t n, struct sl_err *err)
{
  size_t cap = 0;
  if (n <= b->scratch_cap)
    return SL_OK;
  void **all[] = { (void **)&b->up, (void **)&b->size, (void **)&b->order };
  for (size_t i = 0; i < 3; i++) {
    sl_free(*all[i]);
    *all[i] = NULL;
  }
  sl_free(b->cut);
  b->cut = NULL;
  b->scratch_cap = 0;
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < 3; i++) {
    cap = 0;
    rc = sl_grow(all[i], &cap, n, sizeof(uint32_t), TREE_NODES_MAX, err);
  }
  if (!rc && !(b->cut = sl_calloc(cap, sizeof *b->cut)))
    rc = sl_err_nomem(err);
  b->scratch_cap = rc ? 0 : cap;
  return rc;
}

/* How many hang below the root; what else there is, nobody comes to. */
static size_t order_nodes(struct tree_build *b, const struct tree_grown *t)
{
  const struct tree_node *nodes = t->n ? b->nodes + t->node : NULL; /* stumps alone: there are none */
  size_t n = 0;
  if (t->n) {
    b->order[n++] = 0;
    b->up[0] = -1;
  }
  for (size_t i = 0; i < n; i++) { /* what is found stands behind what is looked at */
    uint32_t at = b->order[i];
    int32_t child[2] = { nodes[at].left, nodes[at].right };
    for (int k = 0; k < 2; k++)
      if (child[k] >= 0) {
        b->order[n++] = (uint32_t)child[k];
        b->up[child[k]] = (int32_t)at;
      }
  }
  return n;
}

static uint32_t size_of(const struct tree_build *b, int32_t child) { return child < 0 || b->cut[child] ? 1 : b->size[child]; }

int tree_cut(struct tree_build *b, uint32_t tree, struct sl_err *err)
{
  const struct tree_grown *t = &b->trees[tree];
  const struct tree_node *nodes = t->n ? b->nodes + t->node : NULL; /* stumps alone: there are none */
  if (b->present == tree + 1)
    return SL_OK;
  int rc = scratch(b, t->n + 1, err);
  b->present = rc ? 0 : tree + 1;
  if (rc)
    return rc;
  size_t n = order_nodes(b, t);
  memset(b->cut, 0, t->n * sizeof *b->cut);
  uint32_t most = t->n < TREE_LEAVES ? TREE_LEAVES : TREE_LEAVES_CUT;
  for (size_t i = n; i-- > 0;) {
    uint32_t at = b->order[i];
    int32_t left = nodes[at].left, right = nodes[at].right;
    while (size_of(b, left) + size_of(b, right) > most)
      b->cut[size_of(b, left) >= size_of(b, right) ? left : right] = true;
    b->size[at] = size_of(b, left) + size_of(b, right);
  }
  return SL_OK;
}

static int16_t seen(const struct tree_build *b, struct tree_view *v, int32_t child)
{
  if (child >= 0 && !b->cut[child]) {
    v->nodes[v->n] = (uint32_t)child;
    return (int16_t)v->n++;
  }
  v->leaves[v->nleaves] = child < 0 ? child : INT32_MIN;
  return (int16_t)~v->nleaves++;
}

void tree_view(const struct tree_build *b, const struct tree_part *part, struct tree_view *v)
{
  const struct tree_grown *t = &b->trees[part->tree];
  v->n = v->nleaves = 0;
  if (!t->n) {
    v->leaves[v->nleaves++] = ~0;
    return;
  }
  v->nodes[v->n++] = (uint32_t)part->root;
  for (size_t i = 0; i < v->n; i++) {
    const struct tree_node *n = &b->nodes[t->node + v->nodes[i]];
    int16_t left = seen(b, v, n->left), right = seen(b, v, n->right);
    if (v->p)
      v->p[i] = (struct tree_pnode){ b->slot[b->test[t->node + v->nodes[i]]], left, right };
  }
}

/* ---- which pieces share a plan ---- */

static size_t ask(struct tree_build *b, size_t node, bool count_only)
{
  uint32_t test = b->test[node], now = (uint32_t)b->e->nplans + 1;
  if (b->stamp[test] == now)
    return 0;
  if (!count_only) {
    b->stamp[test] = now;
    b->asked[b->nasked++] = test;
  }
  return 1;
}

static size_t ask_all(struct tree_build *b, const struct tree_part *part, const struct tree_view *v, bool count_only)
{
  size_t n = 0, first = b->trees[part->tree].node;
  for (size_t i = 0; i < v->n; i++)
    n += ask(b, first + v->nodes[i], count_only);
  for (int32_t at = v->n ? b->up[part->root] : -1; at >= 0; at = b->up[at])
    n += ask(b, first + (size_t)at, count_only);
  return n;
}

static size_t way(const struct tree_build *b, int32_t root)
{
  size_t n = 0;
  for (int32_t at = b->up[root]; at >= 0; at = b->up[at])
    n++;
  return n;
}

static int add_part(struct tree_build *b, struct tree_part part, struct sl_err *err)
{
  struct tree_view v = { .p = NULL };
  int rc = tree_cut(b, part.tree, err);
  if (rc)
    return rc;
  tree_view(b, &part, &v);
  size_t more = ask_all(b, &part, &v, true), far = v.n ? way(b, part.root) : 0;
  if (more + far > TREE_SLOTS_MAX - TREE_TESTS - TREE_SLOT_TEST)
    return sl_err_set(err, SL_ELIMIT, "a tree too deep for the engine");
  if (b->nparts && b->nasked + more > TREE_TESTS) {
    rc = tree_plan(b, err);
    if (!rc)
      rc = tree_cut(b, part.tree, err);
    if (rc)
      return rc;
    more = ask_all(b, &part, &v, true);
  }
  rc = sl_grow((void **)&b->asked, &b->asked_cap, b->nasked + more, sizeof *b->asked, SIZE_MAX / 8, err);
  if (!rc)
    rc = sl_grow((void **)&b->parts, &b->parts_cap, b->nparts + 1, sizeof *b->parts, SIZE_MAX / 16, err);
  if (rc)
    return rc;
  ask_all(b, &part, &v, false);
  b->parts[b->nparts++] = part;
  return SL_OK;
}

static int add_tree(struct tree_build *b, uint32_t tree, size_t *far, struct sl_err *err)
{
  const struct tree_grown *t = &b->trees[tree];
  int rc = add_part(b, (struct tree_part){ tree, 0 }, err);
  for (uint32_t i = 0; !rc && t->n >= TREE_LEAVES && i < t->n; i++) {
    rc = tree_cut(b, tree, err); /* a plan that is made meanwhile looks at other trees */
    if (rc || !b->cut[i])
      continue;
    *far += way(b, (int32_t)i);
    if (*far > 16 * b->nnodes + 1000000)
      return sl_err_set(err, SL_ELIMIT, "trees too deep for the engine");
    rc = add_part(b, (struct tree_part){ tree, (int32_t)i }, err);
  }
  return rc;
}

int tree_build_end(struct tree_engine **out, struct tree_build *b, struct sl_err *err)
{
  size_t far = 0;
  *out = NULL;
  int rc = b->spec.groups > 4096 ? sl_err_set(err, SL_ELIMIT, "more outputs than the engine adds up") : number_tests(b, err);
  for (uint32_t i = 0; !rc && i < b->ntrees; i++)
    rc = add_tree(b, i, &far, err);
  if (!rc && b->nparts)
    rc = tree_plan(b, err);
  if (!rc)
    rc = tree_road_end(b->e, err);
  if (!rc) {
    *out = b->e;
    b->e = NULL;
  }
  tree_build_free(b);
  return rc;
}

void tree_free(struct tree_engine *e)
{
  if (!e)
    return;
  for (size_t i = 0; i < e->nowned; i++)
    sl_free(e->owned[i]);
  void *all[] = { e->plans, e->pieces, e->ops, e->emits, e->sets, e->members, e->cats, e->steps, e->leaves, e->owned,
                  e->lines, e->slopes, e->sloped };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    sl_free(all[i]);
  sl_free(e);
}
