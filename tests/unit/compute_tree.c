/* The tree engine: the very bits of walking down each tree, for trees of any shape, at every level, for blocks and for single rows. */
#include "compute/tree.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "compute/kern/kern.h"

enum { FEATURES = 9, TREES = 12, NODES = 900, SETS = 40, WORDS = 4, ROWS = 1100, GROUPS = 3, TERMS = 6 };

struct grown {
  struct tree_node nodes[NODES]; size_t n;
  double v[(NODES + 1) * GROUPS]; float f[(NODES + 1) * GROUPS];
  size_t width; uint32_t group;
  struct tree_term terms[(NODES + 1) * TERMS]; struct tree_line lines[NODES + 1]; bool linear;
};
static struct grown trees[TREES];
static uint32_t sets[SETS][WORDS];
static double rows[ROWS][FEATURES];
static struct tree_spec spec;
static size_t ntrees;
static uint64_t state_of = 88172645463325252u;

static uint64_t next(void)
{
  state_of ^= state_of << 13;
  state_of ^= state_of >> 7;
  return state_of ^= state_of << 17;
}

static size_t below(size_t n) { return (size_t)(next() % n); }
static double unit(void) { return (double)(next() >> 11) / 9007199254740992.0; }

/* ---- drawing ---- */

static double odd_number(void)
{
  static const double odd[] = { 0, -0.0, INFINITY, -INFINITY, 1e-310, 1e-40, -1e-40, 1e-36, 3e38, -3e38, 1e300 };
  return below(8) ? floor((unit() - 0.5) * 40) / 4 : odd[below(sizeof odd / sizeof odd[0])];
}

static double as_value(double v) { return spec.value == SL_COLUMN_F64 ? v : (double)(float)v; }

static struct tree_node draw_node(bool grid)
{
  struct tree_node n = { .threshold = as_value(grid ? odd_number() : unit()), .feature = (uint32_t)below(FEATURES - 2),
                         .set = TREE_NO_SET };
  if (!below(40))
    n.threshold = NAN;
  n.flags = below(2) ? (uint32_t)TREE_NAN_LEFT : 0;
  if (!below(10))
    n.flags |= below(2) ? (uint32_t)TREE_ZERO_LEFT : (uint32_t)TREE_ZERO_RIGHT;
  if (!below(6)) {
    n.set = (uint32_t)below(SETS);
    n.feature = FEATURES - 1 - (uint32_t)below(3);
    n.flags = n.flags & TREE_NAN_LEFT;
    n.flags |= below(2) ? (uint32_t)TREE_SET_LEFT : 0;
  }
  return n;
}

/* As sums of features, now and then one of them twice, or none. */
static void draw_lines(struct grown *t)
{
  t->linear = spec.value == SL_COLUMN_F64 && spec.sum == SL_COLUMN_F64 && t->width == 1 && below(2);
  for (size_t i = 0; t->linear && i <= t->n; i++) {
    struct tree_term *terms = t->terms + i * TERMS;
    t->lines[i] = (struct tree_line){ below(9) ? unit() - 0.5 : -0.0, terms, below(TERMS + 1) };
    for (size_t k = 0; k < t->lines[i].n; k++)
      terms[k] = (struct tree_term){ below(9) ? unit() - 0.5 : 0, (uint32_t)below(FEATURES) };
  }
}

/* shape 0: anywhere; 1: a chain; 2: as full as can be. Nodes are numbered in another order than they hang. */
static void draw_tree(struct grown *t, size_t n, int shape)
{
  size_t open[NODES * 2 + 2], nopen = 0, leaf = 0, order[NODES];
  t->n = n;
  for (size_t i = 0; i < n; i++)
    order[i] = i;
  for (size_t i = n; i > 2; i--) {
    size_t k = 1 + below(i - 1), x = order[i - 1];
    order[i - 1] = order[k];
    order[k] = x;
  }
  bool grid = below(3);
  for (size_t i = 0; i < n; i++) {
    size_t at = order[i], which = shape == 2 ? 0 : shape == 1 ? nopen - 1 : nopen ? below(nopen) : 0;
    if (i) {
      size_t place = open[which];
      for (size_t k = which + 1; k < nopen; k++)
        open[k - 1] = open[k];
      nopen--;
      *(place % 2 ? &t->nodes[place / 2].right : &t->nodes[place / 2].left) = (int32_t)at;
    }
    t->nodes[at] = draw_node(grid);
    open[nopen++] = at * 2 + below(2);
    open[nopen] = open[nopen - 1] ^ 1;
    nopen++;
  }
  for (size_t i = 0; i < nopen; i++)
    *(open[i] % 2 ? &t->nodes[open[i] / 2].right : &t->nodes[open[i] / 2].left) = ~(int32_t)leaf++;
  t->width = below(5) ? 1 : spec.groups;
  t->group = (uint32_t)below(spec.groups);
  for (size_t i = 0; i < (n + 1) * t->width; i++) {
    t->v[i] = below(20) ? unit() - 0.5 : -0.0;
    t->f[i] = (float)t->v[i];
  }
  draw_lines(t);
}

static void draw_all(size_t most)
{
  spec = (struct tree_spec){ .value = below(2) ? SL_COLUMN_F64 : SL_COLUMN_F32, .sum = below(2) ? SL_COLUMN_F64 : SL_COLUMN_F32,
                             .strict = below(2), .below_zero = below(2), .features = FEATURES, .groups = 1 + below(GROUPS) };
  ntrees = 1 + below(TREES);
  for (size_t i = 0; i < SETS; i++)
    for (size_t w = 0; w < WORDS; w++)
      sets[i][w] = (uint32_t)(next() & next());
  memset(sets[0], 0, sizeof sets[0]);
  for (size_t i = 0; i < ntrees; i++)
    draw_tree(&trees[i], below(8) ? below(70) : below(most), (int)below(3));
  for (size_t r = 0; r < ROWS; r++)
    for (size_t f = 0; f < FEATURES; f++) {
      const struct grown *t = &trees[below(ntrees)];
      double v = t->n && below(2) ? t->nodes[below(t->n)].threshold : odd_number();
      v = f < FEATURES - 2 ? v : below(6) ? floor(unit() * 140) - 2 + (below(9) ? 0 : 0.5) : v;
      rows[r][f] = below(12) ? as_value(v) : (double)NAN;
    }
}

/* ---- walking ---- */

static bool member(uint32_t set, double v)
{
  if (!(spec.below_zero ? v > -1 : v >= 0) || v >= WORDS * 32)
    return false;
  uint32_t c = (uint32_t)(int32_t)v;
  return sets[set][c / 32] >> (c % 32) & 1;
}

static bool goes_left(const struct tree_node *n, double v)
{
  if (isnan(v))
    return n->flags & TREE_NAN_LEFT;
  if (n->set != TREE_NO_SET)
    return member(n->set, v) == ((n->flags & TREE_SET_LEFT) != 0);
  if (v == 0 && n->flags & (TREE_ZERO_LEFT | TREE_ZERO_RIGHT))
    return n->flags & TREE_ZERO_LEFT;
  return spec.strict ? v < n->threshold : v <= n->threshold;
}

static double line_of(const struct grown *t, size_t leaf, const double *row)
{
  const struct tree_line *l = &t->lines[leaf];
  double sum = l->constant;
  for (size_t i = 0; i < l->n; i++) {
    if (isnan(row[l->terms[i].feature]))
      return t->v[leaf];
    sum += l->terms[i].coeff * row[l->terms[i].feature];
  }
  return sum;
}

static void walk(size_t row, double *wide, float *narrow)
{
  for (size_t i = 0; i < ntrees; i++) {
    const struct grown *t = &trees[i];
    int32_t at = t->n ? 0 : ~0;
    while (at >= 0)
      at = goes_left(&t->nodes[at], rows[row][t->nodes[at].feature]) ? t->nodes[at].left : t->nodes[at].right;
    for (size_t g = 0; g < t->width; g++) {
      size_t to = t->width > 1 ? g : t->group, k = (size_t)~at * t->width + g;
      wide[to] += t->linear ? line_of(t, k, rows[row]) : t->v[k];
      narrow[to] += t->f[k];
    }
  }
}

/* ---- the engine ---- */

static void values(const void *user, size_t feature, size_t from, size_t n, void *out)
{
  (void)user;
  for (size_t i = 0; i < n; i++)
    if (spec.value == SL_COLUMN_F64)
      ((double *)out)[i] = rows[from + i][feature];
    else
      ((float *)out)[i] = (float)rows[from + i][feature];
}

static struct tree_engine *build(const char *level)
{
  struct tree_build *b;
  struct tree_engine *e;
  struct sl_err err = { 0 };
  uint32_t id;
  spec.kern = kern_level(level);
  assert_int_equal(tree_build_open(&b, &spec, &err), SL_OK);
  for (uint32_t i = 0; i < SETS; i++) {
    assert_int_equal(tree_build_set(b, sets[i], WORDS, &id, &err), SL_OK);
    assert_int_equal(id, i);
  }
  for (size_t i = 0; i < ntrees; i++) {
    const void *v = trees[i].f;
    if (spec.sum == SL_COLUMN_F64)
      v = trees[i].v;
    struct tree_one t = { trees[i].nodes, trees[i].n, v, trees[i].n + 1, trees[i].width, trees[i].group,
                          trees[i].linear ? trees[i].lines : NULL };
    assert_int_equal(tree_build_add(b, &t, &err), SL_OK);
  }
  if (tree_build_end(&e, b, &err))
    fail_msg("%s", err.msg);
  return e;
}

static void sum_and_compare(const struct tree_engine *e, size_t from, size_t n, const char *level)
{
  static double out[ROWS * GROUPS];
  bool wide = spec.sum == SL_COLUMN_F64;
  size_t size = wide ? sizeof(double) : sizeof(float);
  for (size_t i = 0; i < n * spec.groups; i++)
    if (wide)
      out[i] = -0.0;
    else
      ((float *)out)[i] = -0.0f;
  assert_int_equal(tree_sum(e, &(struct tree_rows){ values, NULL }, from, n, out, NULL), SL_OK);
  for (size_t r = 0; r < n; r++) {
    double v[GROUPS] = { -0.0, -0.0, -0.0 };
    float f[GROUPS] = { -0.0f, -0.0f, -0.0f };
    const void *want = f;
    if (wide)
      want = v;
    walk(from + r, v, f);
    if (memcmp((char *)out + r * spec.groups * size, want, spec.groups * size) != 0)
      fail_msg("%s: row %zu of %zu from %zu (values f%d, sums f%d, %zu trees)", level, r, n, from, spec.value == SL_COLUMN_F64 ? 64 : 32,
               wide ? 64 : 32, ntrees);
  }
}

static void every_level(void)
{
  static const char *const levels[] = { "c", "avx2", "avx512" };
  for (size_t i = 0; i < 3; i++) {
    if (!kern_level(levels[i]))
      continue;
    struct tree_engine *e = build(levels[i]);
    size_t n = below(4) ? 1 + below(600) : ROWS;
    sum_and_compare(e, below(ROWS - n + 1), n, levels[i]);
    sum_and_compare(e, below(ROWS - 30), 1 + below(30), levels[i]);
    tree_free(e);
  }
}

static void small_trees(void **state)
{
  (void)state;
  for (int i = 0; i < 60; i++) {
    draw_all(300);
    every_level();
  }
}

static void trees_that_are_cut(void **state)
{
  (void)state;
  for (int i = 0; i < 6; i++) {
    draw_all(NODES);
    for (size_t k = 0; k < ntrees && k < 3; k++)
      draw_tree(&trees[k], NODES - below(300), (int)k);
    every_level();
  }
}

/* Lines without a term: nothing is kept of any. */
static void lines_that_are_constants(void **state)
{
  (void)state;
  do
    draw_all(60);
  while (spec.value != SL_COLUMN_F64 || spec.sum != SL_COLUMN_F64 || !trees[0].linear);
  for (size_t i = 0; i < ntrees; i++)
    for (size_t k = 0; trees[i].linear && k <= trees[i].n; k++)
      trees[i].lines[k].n = 0;
  every_level();
}

static void nothing_at_all(void **state)
{
  struct tree_build *b;
  struct tree_engine *e;
  double out[2] = { 1.5, -0.0 };
  (void)state;
  struct tree_spec none = { .value = SL_COLUMN_F64, .sum = SL_COLUMN_F64, .groups = 1 };
  assert_int_equal(tree_build_open(&b, &none, NULL), SL_OK);
  assert_int_equal(tree_build_end(&e, b, NULL), SL_OK);
  assert_int_equal(tree_sum(e, &(struct tree_rows){ values, NULL }, 0, 2, out, NULL), SL_OK);
  assert_true(out[0] == 1.5 && signbit(out[1]));
  tree_free(e);
  tree_free(NULL);
  tree_build_free(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(small_trees),
    cmocka_unit_test(trees_that_are_cut),
    cmocka_unit_test(lines_that_are_constants),
    cmocka_unit_test(nothing_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
