/* table/walk.c: the rows of a snapshot, block by block, whatever their order, so that each block is read once. [worker] */
#include "table/table_int.h"

static int walk_plain(const struct sl_snap *s, snap_block_fn *fn, void *user, struct sl_err *err)
{
  uint64_t pos = 0;
  int rc = SL_OK;
  for (size_t e = 0; e < s->n && pos < s->count && !rc; e++) {
    const struct dent *d = &s->dir->e[e];
    struct snap_part p = { .entry = e };
    uint32_t rows = d->b->rows;
    uint64_t left = s->count - pos;
    p.from = d->start < s->first_row ? (uint32_t)(s->first_row - d->start) : 0;
    p.to = rows - p.from > left ? p.from + (uint32_t)left : rows;
    rc = block_load(d->b, false, &p.b, err);
    rc = rc ? rc : fn(user, &p);
    sl_batch_unref(p.b);
    pos += p.to - p.from;
  }
  return rc;
}

/* Positions grouped by the block they lie in, in order within each. *start has an entry a block and one more. */
static int by_block(const struct sl_snap *s, struct ords **out, size_t **start, struct sl_err *err)
{
  size_t *at = sl_calloc(s->n + 2, sizeof *at);
  int rc = at ? ords_new(out, s->budget, (size_t)s->count, err) : sl_err_nomem(err);
  if (rc) {
    sl_free(at);
    return rc;
  }
  for (uint64_t i = 0; i < s->count; i++)
    at[s->ords->o[i] / ROWS + 2]++;
  for (size_t e = 2; e < s->n + 2; e++)
    at[e] += at[e - 1];
  for (uint64_t i = 0; i < s->count; i++)
    (*out)->o[at[s->ords->o[i] / ROWS + 1]++] = (uint32_t)i;
  *start = at;
  return SL_OK;
}

static int walk_ords(const struct sl_snap *s, snap_block_fn *fn, void *user, struct sl_err *err)
{
  size_t *start;
  struct ords *pos = NULL;
  int rc = by_block(s, &pos, &start, err);
  if (rc)
    return rc;
  for (size_t e = 0; e < s->n && !rc; e++) {
    struct snap_part p = { .entry = e, .pos = pos->o + start[e], .npos = start[e + 1] - start[e] };
    if (!p.npos)
      continue;
    rc = block_load(s->dir->e[e].b, false, &p.b, err);
    rc = rc ? rc : fn(user, &p);
    sl_batch_unref(p.b);
  }
  sl_free(start);
  ords_unref(pos);
  return rc;
}

int snap_walk(const struct sl_snap *s, snap_block_fn *fn, void *user, struct sl_err *err)
{
  int rc = s->ords ? walk_ords(s, fn, user, err) : walk_plain(s, fn, user, err);
  return rc == SNAP_ENOUGH ? SL_OK : rc;
}
