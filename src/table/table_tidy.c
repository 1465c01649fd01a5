/* table/table_tidy.c: small blocks become one, so that a source which sends a row at a time does not leave a block a row.
 *
 * Nothing here can fail for the caller: without memory, or when a block is on disk, things stay as they are. */
#include "table/table_state_int.h"

/* Blocks of a few rows (a log that is followed) become one while the older is not much larger: each row is copied a few times at most. */
static struct sl_batch *merged(struct block *a, struct block *b)
{
  struct sl_batch *x = block_resident(a), *y = block_resident(b), *m = NULL;
  int32_t *map = sl_alloc((sl_schema_count(a->schema) + 1) * sizeof *map);
  if (x && y && map && batch_new_sized(&m, a->schema, a->rows + b->rows, NULL) == SL_OK) {
    batch_map_cols(a->schema, a->schema, map);
    for (uint32_t r = 0; r < a->rows; r++)
      batch_copy_row(m, x, r, map);
    for (uint32_t r = 0; r < b->rows; r++)
      batch_copy_row(m, y, r, map);
    if (sl_batch_seal(m, NULL)) {
      sl_batch_unref(m);
      m = NULL;
    }
  }
  sl_free(map);
  sl_batch_unref(x);
  sl_batch_unref(y);
  return m;
}

void table_merge_tail(struct sl_table *t)
{
  while (t->dir->n > 1 && !t->ords) {
    struct dent *e = &t->dir->e[t->dir->n - 2];
    struct block *a = e[0].b, *b = e[1].b, *k;
    if (a->rows + b->rows > ROWS || a->rows > 2 * b->rows + 32 || a->conn != b->conn || a->schema != b->schema)
      return;
    struct sl_batch *m = merged(a, b);
    if (!m)
      return;
    int rc = block_new(&k, t->budget, m, a->conn, NULL);
    sl_batch_unref(m);
    if (rc)
      return;
    if (dir_reserve(&t->dir, true, NULL)) {
      block_unref(k);
      return;
    }
    e = &t->dir->e[t->dir->n - 2];
    e->b = k;
    t->dir->n--;
    block_unref(a);
    block_unref(b);
  }
}

/* ---- with ordinals ---- */

struct move { struct sl_table *t; struct sl_batch *to; int32_t *map; uint32_t *pos, n; };

/* Copies the rows of a place that the table still shows, and notes their positions. */
static bool move_rows(struct move *m, size_t place)
{
  struct block *k = m->t->dir->e[place].b;
  struct sl_batch *b = block_resident(k);
  for (uint32_t r = 0; b && r < k->rows; r++) {
    uint32_t pos;
    if (!table_pos(m->t, block_hash(k, r), &pos) || m->t->ords->o[pos] != place * ROWS + r)
      continue;
    batch_copy_row(m->to, b, r, m->map);
    m->pos[m->n++] = pos;
  }
  sl_batch_unref(b);
  return b != NULL;
}

static void drop_place(struct sl_table *t, size_t place)
{
  t->dir->e[place].b->live = 1;
  table_row_dead(t, place);
}

/* The rows of two places in a new block; *place is where they are now. */
static bool join(struct sl_table *t, size_t a, size_t b, size_t *place)
{
  struct block *x = t->dir->e[a].b, *k = NULL;
  struct move m = { .t = t };
  bool done = false;
  m.map = sl_alloc((sl_schema_count(x->schema) + 1) * sizeof *m.map);
  m.pos = sl_alloc(ROWS * sizeof *m.pos);
  if (!m.map || !m.pos || batch_new_sized(&m.to, x->schema, ROWS, NULL))
    goto out;
  batch_map_cols(x->schema, x->schema, m.map);
  if (!move_rows(&m, a) || !move_rows(&m, b) || sl_batch_seal(m.to, NULL) || m.n != sl_batch_count(m.to) || !m.n)
    goto out;
  if (ords_reserve(&t->ords, t->budget, (size_t)t->count, true, NULL) || block_new(&k, t->budget, m.to, x->conn, NULL) ||
      table_place(t, k, place, NULL))
    goto out;
  for (uint32_t i = 0; i < m.n; i++)
    t->ords->o[m.pos[i]] = (uint32_t)(*place * ROWS + i);
  drop_place(t, a);
  drop_place(t, b);
  done = true;
out:
  block_unref(k);
  sl_batch_unref(m.to);
  sl_free(m.map);
  sl_free(m.pos);
  return done;
}

static bool is_small(const struct sl_table *t, size_t place)
{
  return place < t->dir->n && t->dir->e[place].b && t->dir->e[place].b->live && t->dir->e[place].b->live <= ROWS / 2;
}

static void tidy_place(struct sl_table *t, size_t place)
{
  if (!is_small(t, place) || place == t->spare)
    return;
  if (!is_small(t, t->spare)) {
    t->spare = place;
    return;
  }
  const struct block *x = t->dir->e[t->spare].b, *y = t->dir->e[place].b;
  size_t now;
  if (x->conn == y->conn && x->schema == y->schema && join(t, t->spare, place, &now))
    t->spare = now;
  else
    t->spare = place;
}

void table_tidy(struct sl_table *t, size_t place)
{
  tidy_place(t, place);
  if (t->dir->n)
    tidy_place(t, t->sweep++ % t->dir->n);
}
