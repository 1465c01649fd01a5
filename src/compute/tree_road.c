/* compute/tree_road.c: a piece as steps that a single row takes. What is asked one after the other lies together: three levels of a tree to
 * a line of the processor's cache, so that a row on its way down touches few of them. */
#include "base/mem.h"
#include "compute/tree_int.h"

enum { LINE = 64 / sizeof(struct tree_step), ROOM = 2 * TREE_LEAVES };

/* What stands at a step: the way's ith test, a node of the piece, or a leaf. */
struct stand { enum { ON_WAY, AT_NODE, AT_LEAF } what; uint32_t i; };
struct place { struct stand what; size_t step; };
struct road {
  struct tree_engine *e;
  const struct tree_road *r;
  uint16_t below[TREE_LEAVES], depth[TREE_LEAVES];     /* of each node: how many inner nodes it is and has; steps to its farthest leaf */
  struct place open[ROOM]; size_t nopen;         /* whose children have no place yet */
};

static struct stand child_of(int child)
{
  return child < 0 ? (struct stand){ AT_LEAF, (uint32_t)~child } : (struct stand){ AT_NODE, (uint32_t)child };
}

static void children(const struct tree_road *r, struct stand at, struct stand out[2])
{
  if (at.what == AT_NODE) {
    out[0] = child_of(r->nodes[at.i].left);
    out[1] = child_of(r->nodes[at.i].right);
    return;
  }
  struct stand on = at.i + 1 < r->nway ? (struct stand){ ON_WAY, at.i + 1 } : child_of(r->nodes[0].left);
  out[!r->way[at.i].left] = on;
  out[r->way[at.i].left] = (struct stand){ AT_LEAF, (uint32_t)r->leaves - 1 };
}

static void count(struct road *d)
{
  const struct tree_road *r = d->r;
  for (size_t i = r->n; i-- > 0;) { /* children stand behind their parents */
    const struct tree_pnode *n = &r->nodes[i];
    uint16_t left = n->left < 0 ? 0 : d->depth[n->left], right = n->right < 0 ? 0 : d->depth[n->right];
    d->below[i] = (uint16_t)(1 + (n->left < 0 ? 0 : d->below[n->left]) + (n->right < 0 ? 0 : d->below[n->right]));
    d->depth[i] = (uint16_t)(1 + (left > right ? left : right));
  }
}

static int room(struct tree_engine *e, size_t n, struct sl_err *err)
{
  int rc = sl_grow((void **)&e->steps, &e->steps_cap, e->nsteps + n, sizeof *e->steps, UINT32_MAX, err);
  for (size_t i = 0; !rc && i < n; i++)
    e->steps[e->nsteps++] = (struct tree_step){ TREE_SLOT_ONE, 0 };
  return rc;
}

static void put(struct road *d, struct stand at, size_t step)
{
  uint16_t leaf = (uint16_t)(d->r->leaf_slot + at.i);
  d->e->steps[step].slot = at.what == ON_WAY ? d->r->way[at.i].slot : at.what == AT_NODE ? d->r->nodes[at.i].slot : leaf;
}

/* To the next line, where this and the first of what comes below it do not fit into the present one. */
static int begin_line(struct road *d, struct stand at, size_t self, struct sl_err *err)
{
  size_t used = d->e->nsteps % LINE, below = at.what == ON_WAY ? LINE : at.what == AT_NODE ? 2 * (size_t)d->below[at.i] : 0;
  size_t n = self + below;
  n = n < LINE ? n : LINE;
  return used + n > LINE ? room(d->e, LINE - used, err) : SL_OK;
}

/* As many as the line holds, level by level; those that find no place are left open. */
static int fill_line(struct road *d, struct place from, struct sl_err *err)
{
  struct place queue[LINE + 1] = { from };
  size_t n = 1;
  int rc = SL_OK;
  size_t pairs = (LINE - d->e->nsteps % LINE) / 2;
  for (size_t i = 0; !rc && i < n; i++) {
    struct place at = queue[i];
    struct stand next[2];
    if (at.what.what == AT_LEAF)
      continue;
    if (!pairs) {
      d->open[d->nopen++] = at;
      continue;
    }
    pairs--;
    size_t to = d->e->nsteps;
    if (to - at.step > UINT16_MAX)
      return sl_err_set(err, SL_ELIMIT, "a tree too deep for the engine");
    rc = room(d->e, 2, err);
    children(d->r, at.what, next);
    for (size_t k = 0; !rc && k < 2; k++) {
      put(d, next[k], to + k);
      queue[n++] = (struct place){ next[k], to + k };
    }
    d->e->steps[at.step].down = (uint16_t)(to - at.step);
  }
  return rc;
}

int tree_road(struct tree_engine *e, const struct tree_road *r, uint32_t *begin, size_t *depth, struct sl_err *err)
{
  struct road d = { .e = e, .r = r };
  struct stand first = r->nway ? (struct stand){ ON_WAY, 0 } : child_of(r->n ? 0 : ~0);
  count(&d);
  size_t far = r->nway + (r->n ? d.depth[0] : 0);
  *depth = far > *depth ? far : *depth;
  int rc = begin_line(&d, first, 2, err);
  if (!rc)
    rc = room(e, 2, err); /* two, so that no pair lies in two lines */
  if (rc)
    return rc;
  *begin = (uint32_t)e->nsteps - 1;
  put(&d, first, *begin);
  rc = fill_line(&d, (struct place){ first, *begin }, err);
  while (!rc && d.nopen) {
    struct place next = d.open[--d.nopen];
    rc = begin_line(&d, next.what, 0, err);
    if (!rc)
      rc = fill_line(&d, next, err);
  }
  return rc;
}

int tree_road_end(struct tree_engine *e, struct sl_err *err)
{
  struct tree_step *road = tree_own(e, (e->nsteps + 1) * sizeof *road, err);
  if (road && e->nsteps)
    memcpy(road, e->steps, e->nsteps * sizeof *road);
  e->road = road;
  sl_free(e->steps);
  sl_free(e->leaves);
  e->steps = NULL;
  e->leaves = NULL;
  return road ? SL_OK : SL_ENOMEM;
}
