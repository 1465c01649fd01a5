/* compute/tree_plan.c: pieces that share a plan: their tests by feature and threshold, each with a mask of its own; then each piece as
 * operations on those masks, as a table of values, and as steps for a single row. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "compute/tree_build.h"

static const struct tree_node *asker(const struct tree_build *b, size_t i) { return &b->nodes[b->one[b->asked[i]]]; }

static int by_id(const void *x, const void *y)
{
  uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
  return (a > b) - (a < b);
}

/* ---- tests of thresholds ---- */

static int add_emit(struct tree_engine *e, struct kern_emit emit, struct sl_err *err)
{
  int rc = sl_grow((void **)&e->emits, &e->emits_cap, e->nemits + 1, sizeof *e->emits, TREE_NODES_MAX, err);
  if (!rc)
    e->emits[e->nemits++] = emit;
  return rc;
}

/* Tests ascend by threshold, so those that say no come first. */
static int count_no(struct tree_engine *e, struct tree_feature *f, struct sl_err *err)
{
  uint16_t *no = tree_own(e, (f->rank.k + 1) * sizeof *no, err);
  size_t n = 0;
  for (uint32_t rank = 0; no && rank <= f->rank.k; rank++) {
    while (n < f->emits && e->emits[f->emit + n].below <= rank)
      n++;
    no[rank] = (uint16_t)n;
  }
  f->no = no;
  return no ? SL_OK : SL_ENOMEM;
}

/* Tests from..to-1 of those asked, all of one feature. */
static int numbers(struct tree_build *b, struct tree_feature *f, size_t from, size_t to, struct sl_err *err)
{
  double *t = sl_alloc((to - from) * sizeof *t);
  size_t k = 0;
  int rc = t ? SL_OK : sl_err_nomem(err);
  f->emit = b->e->nemits;
  for (size_t i = from; !rc && i < to; i++) {
    const struct tree_node *n = asker(b, i);
    if (!isnan(n->threshold) && (!k || t[k - 1] < n->threshold))
      t[k++] = n->threshold;
    uint8_t zero = n->flags & TREE_ZERO_LEFT ? KERN_ZERO_LEFT : n->flags & TREE_ZERO_RIGHT ? KERN_ZERO_RIGHT : KERN_ZERO_PLAIN;
    f->zero = f->zero || zero != KERN_ZERO_PLAIN;
    rc = add_emit(b->e, (struct kern_emit){ .slot = (uint16_t)(TREE_SLOT_TEST + i), .below = (uint16_t)k,
                                            .nan = n->flags & TREE_NAN_LEFT ? 1 : 0, .zero = zero }, err);
  }
  f->emits = to - from;
  if (!rc)
    rc = tree_rank(b->e, t, k, &f->rank, err);
  if (!rc)
    rc = count_no(b->e, f, err);
  sl_free(t);
  return rc;
}

/* ---- tests of categories ---- */

/* All that some set of the feature holds, ascending. Room for one more, so that there is an array where no set holds any. */
static int known_cats(struct tree_build *b, struct tree_feature *f, size_t from, size_t to, struct sl_err *err)
{
  struct tree_engine *e = b->e;
  size_t n = 0, k = 0;
  f->cat = e->ncats;
  for (size_t i = from; i < to; i++)
    n += b->sets[asker(b, i)->set].n;
  int rc = sl_grow((void **)&e->cats, &e->cats_cap, e->ncats + n + 1, sizeof *e->cats, TREE_NODES_MAX, err);
  if (rc)
    return rc;
  uint32_t *all = e->cats + f->cat;
  n = 0;
  for (size_t i = from; i < to; i++) {
    const struct tree_cats *s = &b->sets[asker(b, i)->set];
    if (s->n)
      memcpy(all + n, b->cats + s->first, s->n * sizeof *all);
    n += s->n;
  }
  if (n)
    qsort(all, n, sizeof *all, by_id);
  for (size_t i = 0; i < n; i++)
    if (!i || all[i] != all[k - 1])
      all[k++] = all[i];
  f->rank.k = (uint32_t)k;
  e->ncats += k;
  return k > TREE_SLOTS_MAX ? sl_err_set(err, SL_ELIMIT, "more categories than the engine tells apart") : SL_OK;
}

static uint16_t rank_of(const uint32_t *all, size_t n, uint32_t cat)
{
  const uint32_t *at = bsearch(&cat, all, n, sizeof *all, by_id);
  return (uint16_t)(at - all);
}

static int add_set(struct tree_build *b, const struct tree_feature *f, size_t i, struct sl_err *err)
{
  struct tree_engine *e = b->e;
  const struct tree_node *n = asker(b, i);
  const struct tree_cats *s = &b->sets[n->set];
  int rc = sl_grow((void **)&e->members, &e->members_cap, e->nmembers + s->n + 1, sizeof *e->members, TREE_NODES_MAX, err);
  if (!rc)
    rc = sl_grow((void **)&e->sets, &e->sets_cap, e->nsets + 1, sizeof *e->sets, TREE_NODES_MAX, err);
  if (rc)
    return rc;
  e->sets[e->nsets++] = (struct tree_set){ .slot = (uint16_t)(TREE_SLOT_TEST + i), .nan = (n->flags & TREE_NAN_LEFT) != 0,
                                           .in = (n->flags & TREE_SET_LEFT) != 0, .first = e->nmembers, .n = s->n };
  for (size_t k = 0; k < s->n; k++)
    e->members[e->nmembers++] = rank_of(e->cats + f->cat, f->rank.k, b->cats[s->first + k]);
  return SL_OK;
}

static int categories(struct tree_build *b, struct tree_feature *f, size_t from, size_t to, struct sl_err *err)
{
  f->categorical = true;
  int rc = known_cats(b, f, from, to, err);
  f->test = b->e->nsets;
  f->tests = to - from;
  for (size_t i = from; !rc && i < to; i++)
    rc = add_set(b, f, i, err);
  return rc;
}

/* Behind the last test of the same feature and kind. */
static size_t run_end(const struct tree_build *b, size_t from)
{
  const struct tree_node *n = asker(b, from);
  size_t to = from + 1;
  while (to < b->nasked && asker(b, to)->feature == n->feature && (asker(b, to)->set == TREE_NO_SET) == (n->set == TREE_NO_SET))
    to++;
  return to;
}

static int features(struct tree_build *b, struct tree_plan *p, struct sl_err *err)
{
  size_t n_features = 0;
  for (size_t from = 0; from < b->nasked; from = run_end(b, from))
    n_features++;
  p->features = tree_own(b->e, (n_features + 1) * sizeof *p->features, err);
  int rc = p->features ? SL_OK : SL_ENOMEM;
  for (size_t from = 0, to; !rc && from < b->nasked; from = to) {
    const struct tree_node *n = asker(b, from);
    to = run_end(b, from);
    struct tree_feature *f = &p->features[p->nfeatures++];
    *f = (struct tree_feature){ .feature = n->feature };
    rc = n->set == TREE_NO_SET ? numbers(b, f, from, to, err) : categories(b, f, from, to, err);
    p->hot = f->rank.k + 2 > p->hot ? f->rank.k + 2 : p->hot;
  }
  for (size_t i = 0; i < b->nasked; i++) {
    b->slot[b->asked[i]] = (uint16_t)(TREE_SLOT_TEST + i);
    p->nan[TREE_SLOT_TEST + i] = !(asker(b, i)->flags & TREE_NAN_LEFT);
  }
  return rc;
}

/* ---- a piece ---- */

struct work {
  struct tree_build *b;
  struct tree_view v;
  struct tree_code c;
  struct tree_pnode p[TREE_LEAVES + 1];        /* the first one is for what a piece hangs below */
  size_t depth;                /* so far, of all pieces */
  uint16_t leaf_slot;          /* of the first leaf of each piece, for single rows */
  struct tree_way *way; size_t n;
};

/* From the root of its tree to the piece. */
static int find_way(struct work *w, const struct tree_part *part, struct sl_err *err)
{
  const struct tree_build *b = w->b;
  size_t first = b->trees[part->tree].node;
  w->n = 0;
  for (int32_t at = part->root; w->v.n && b->up[at] >= 0; at = b->up[at])
    w->n++;
  sl_free(w->way);
  w->way = sl_alloc((w->n + 1) * sizeof *w->way);
  if (!w->way)
    return sl_err_nomem(err);
  int32_t at = part->root;
  for (size_t i = w->n; i-- > 0; at = b->up[at]) {
    const struct tree_node *n = &b->nodes[first + (size_t)b->up[at]];
    w->way[i] = (struct tree_way){ b->slot[b->test[first + (size_t)b->up[at]]], n->left == at };
  }
  return SL_OK;
}

static int add_op(struct tree_engine *e, struct kern_op op, struct sl_err *err)
{
  int rc = sl_grow((void **)&e->ops, &e->ops_cap, e->nops + 1, sizeof *e->ops, SIZE_MAX / 16, err);
  if (!rc)
    e->ops[e->nops++] = op;
  return rc;
}

/* Which rows come this way at all; then the piece hangs below that as its left child, and its right one is a leaf that adds nothing. */
static int put_way(struct work *w, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < w->n; i++) {
    uint16_t before = i ? TREE_SLOT_IN : TREE_SLOT_ONE, none = TREE_SLOT_ZERO, yes = w->way[i].left ? before : none;
    uint16_t no = w->way[i].left ? none : before;
    rc = add_op(w->b->e, (struct kern_op){ TREE_SLOT_IN, w->way[i].slot, none, yes, yes, none, no, no }, err);
  }
  return rc;
}

static void hang(struct work *w)
{
  struct tree_view *v = &w->v;
  w->c.nodes = w->n ? w->p : w->p + 1;
  w->c.n = v->n;
  if (!w->n)
    return;
  for (size_t i = 1; i <= v->n; i++) { /* one further on */
    w->p[i].left = (int16_t)(w->p[i].left + (w->p[i].left >= 0));
    w->p[i].right = (int16_t)(w->p[i].right + (w->p[i].right >= 0));
  }
  v->leaves[v->nleaves] = INT32_MIN;
  w->p[0] = (struct tree_pnode){ TREE_SLOT_IN, 1, (int16_t)~v->nleaves++ };
  w->c.n++;
}

static int code(struct work *w, struct tree_piece *p, struct sl_err *err)
{
  struct tree_engine *e = w->b->e;
  p->op = e->nops;
  int rc = put_way(w, err);
  hang(w);
  w->c.leaves = w->v.nleaves;
  tree_code(&w->c, e->kern, e->spec.sum == SL_COLUMN_F64);
  if (!rc)
    rc = sl_grow((void **)&e->ops, &e->ops_cap, e->nops + w->c.nops, sizeof *e->ops, SIZE_MAX / 16, err);
  if (rc)
    return rc;
  if (w->c.nops)
    memcpy(e->ops + e->nops, w->c.ops, w->c.nops * sizeof *e->ops);
  p->first = e->nops - p->op + w->c.first;
  e->nops += w->c.nops;
  p->ops = e->nops - p->op;
  p->nbits = w->c.nbits;
  memcpy(p->bits, w->c.bits, sizeof p->bits);
  memcpy(p->more, w->c.more, sizeof p->more);
  struct kern_map *map = w->c.two ? tree_own(e, sizeof *map, err) : NULL;
  if (map)
    *map = w->c.map;
  p->map = map;
  return w->c.two && !map ? SL_ENOMEM : SL_OK;
}

/* ---- its values ---- */

static void put_f32(const struct work *w, const struct tree_grown *t, size_t g, float *out)
{
  for (size_t i = 0; i < w->v.nleaves; i++) {
    float v = -0.0f;
    if (w->v.leaves[i] != INT32_MIN)
      memcpy(&v, w->b->e->leaves + t->leaf + ((size_t)~w->v.leaves[i] * t->width + g) * sizeof v, sizeof v);
    for (size_t k = 0; k < w->c.count[i]; k++)
      out[w->c.from[i] + k] = v;
  }
}

static void put_f64(const struct work *w, const struct tree_grown *t, size_t g, double *out)
{
  for (size_t i = 0; i < w->v.nleaves; i++) {
    double v = -0.0;
    if (w->v.leaves[i] != INT32_MIN)
      memcpy(&v, w->b->e->leaves + t->leaf + ((size_t)~w->v.leaves[i] * t->width + g) * sizeof v, sizeof v);
    for (size_t k = 0; k < w->c.count[i]; k++)
      out[w->c.from[i] + k] = v;
  }
}

/* By the number of its leaf in the piece, for single rows. */
static int leaves(const struct work *w, const struct tree_grown *t, struct tree_piece *p, struct sl_err *err)
{
  struct tree_engine *e = w->b->e;
  size_t n = w->v.nleaves * t->width, size = e->spec.sum == SL_COLUMN_F64 ? sizeof(double) : sizeof(float);
  unsigned char *all = tree_own(e, n * size, err);
  for (size_t i = 0; all && i < w->v.nleaves; i++)
    for (size_t g = 0; g < t->width; g++) {
      void *to = all + (i * t->width + g) * size;
      if (w->v.leaves[i] != INT32_MIN)
        memcpy(to, e->leaves + t->leaf + ((size_t)~w->v.leaves[i] * t->width + g) * size, size);
      else if (size == sizeof(double))
        *(double *)to = -0.0;
      else
        *(float *)to = -0.0f;
    }
  p->leaf = all;
  return all ? SL_OK : SL_ENOMEM;
}

static int lines(const struct work *w, const struct tree_grown *t, struct tree_piece *p, struct sl_err *err)
{
  uint32_t *of = tree_own(w->b->e, 2 * TREE_LEAVES * sizeof *of, err), *leaf = of ? of + TREE_LEAVES : NULL;
  for (size_t i = 0; of && i < w->v.nleaves; i++) {
    leaf[i] = w->v.leaves[i] == INT32_MIN ? 0 : t->line + (uint32_t)~w->v.leaves[i];
    for (size_t k = 0; k < w->c.count[i]; k++)
      of[w->c.from[i] + k] = leaf[i];
  }
  p->line_of = of;
  p->leaf_line = leaf;
  return of ? SL_OK : SL_ENOMEM;
}

static int values(struct work *w, const struct tree_grown *t, struct tree_piece *p, struct sl_err *err)
{
  struct tree_engine *e = w->b->e;
  p->group = t->group;
  p->width = t->width;
  if (t->line)
    return lines(w, t, p, err);
  int rc = leaves(w, t, p, err);
  if (rc)
    return rc;
  bool wide = e->spec.sum == SL_COLUMN_F64;
  size_t size = kern_table_size(p->nbits, wide ? sizeof(double) : sizeof(float));
  unsigned char *table = tree_own(e, size * t->width, err);
  if (!table)
    return SL_ENOMEM;
  for (size_t g = 0; g < t->width; g++) {
    double v[TREE_LEAVES] = { 0 };
    float f[TREE_LEAVES] = { 0 };
    if (wide) {
      put_f64(w, t, g, v);
      e->kern->pack_f64(v, p->nbits, table + g * size);
    } else {
      put_f32(w, t, g, f);
      e->kern->pack_f32(f, p->nbits, table + g * size);
    }
  }
  p->table = table;
  return SL_OK;
}

/* ---- the plan ---- */

static int piece(struct work *w, const struct tree_part *part, struct sl_err *err)
{
  struct tree_build *b = w->b;
  struct tree_engine *e = b->e;
  struct tree_piece p = { .op = 0 };
  int rc = tree_cut(b, part->tree, err);
  if (rc)
    return rc;
  w->v.p = w->p + 1;
  tree_view(b, part, &w->v);
  rc = find_way(w, part, err);
  if (!rc)
    rc = code(w, &p, err);
  if (!rc)
    rc = values(w, &b->trees[part->tree], &p, err);
  struct tree_road road = { w->c.nodes, w->c.n, w->way, w->n, w->v.nleaves, w->leaf_slot };
  if (!rc)
    rc = tree_road(e, &road, &p.step, &w->depth, err);
  if (!rc)
    rc = sl_grow((void **)&e->pieces, &e->pieces_cap, e->npieces + 1, sizeof *e->pieces, SIZE_MAX / 512, err);
  if (!rc)
    e->pieces[e->npieces++] = p;
  return rc;
}

static int pieces(struct tree_build *b, struct tree_plan *p, struct sl_err *err)
{
  struct work *w = sl_calloc(1, sizeof *w);
  int rc = w ? SL_OK : sl_err_nomem(err);
  if (w) {
    w->b = b;
    w->leaf_slot = (uint16_t)p->slots;
  }
  for (size_t i = 0; !rc && i < b->nparts; i++)
    rc = piece(w, &b->parts[i], err);
  if (w) {
    p->depth = w->depth;
    sl_free(w->way);
  }
  sl_free(w);
  return rc;
}

int tree_plan(struct tree_build *b, struct sl_err *err)
{
  struct tree_engine *e = b->e;
  struct tree_plan p = { .piece = e->npieces, .pieces = b->nparts, .slots = TREE_SLOT_TEST + b->nasked };
  int rc = sl_grow((void **)&e->plans, &e->plans_cap, e->nplans + 1, sizeof *e->plans, SIZE_MAX / 512, err);
  if (rc)
    return rc;
  if (b->nasked)
    qsort(b->asked, b->nasked, sizeof *b->asked, by_id);
  p.nan = tree_own(e, p.slots, err);
  rc = p.nan ? features(b, &p, err) : SL_ENOMEM;
  if (!rc)
    rc = pieces(b, &p, err);
  e->slots = p.slots > e->slots ? p.slots : e->slots;
  e->hot = p.hot > e->hot ? p.hot : e->hot;
  if (!rc)
    e->plans[e->nplans++] = p;
  b->nasked = b->nparts = 0;
  return rc;
}
