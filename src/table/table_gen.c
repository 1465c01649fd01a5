/* table/table_gen.c: listings as generations, and snapshots of tables.
 *
 * A listing that ended whole deletes what it did not repeat: struck out first, gone when the next one ended whole. Answers that were cut
 * delete nothing. */
#include "table/table_state_int.h"

static uint64_t rows_of(const struct sl_table *t, const struct table_conn *c)
{
  uint64_t n = 0;
  for (size_t e = 0; e < t->dir->n; e++)
    if (t->dir->e[e].b && t->dir->e[e].b->conn == c->name)
      n += t->dir->e[e].b->live;
  return n;
}

void sl_table_gen_begin(struct sl_table *t, struct sl_str conn)
{
  struct table_conn *c = table_conn(t, conn);
  if (t->shape != SL_KEYED || !c)
    return; /* nothing came from it yet: its first rows belong to the first generation */
  c->gen = c->gen % MARK_GENS + 1;
  c->listing = true;
  c->aside = false;
  dir_unref(c->shadow);
  c->shadow = NULL;
  if (!t->indexed && rows_of(t, c) && dir_new(&c->shadow, 64, NULL) == SL_OK)
    c->aside = true;
}

static bool unseen(const struct sl_table *t, uint64_t pos, const struct table_conn *c)
{
  uint32_t row;
  return t->mark[pos] != c->gen && table_at(t, pos, &row)->conn == c->name;
}

static bool unseen_again(struct sl_table *t, uint64_t pos, void *user)
{
  return t->mark[pos] & MARK_STRUCK && unseen(t, pos, user);
}

/* Rows struck before this listing, and not repeated by it, go; the rest that it did not repeat is struck now. */
static int judge_rows(struct sl_table *t, struct table_conn *c, struct sl_err *err)
{
  bool going = false, missing = false;
  for (uint64_t pos = 0; pos < t->count && !(going && missing); pos++)
    if (t->mark[pos] != c->gen && unseen(t, pos, c)) {
      going |= (t->mark[pos] & MARK_STRUCK) != 0;
      missing |= !(t->mark[pos] & MARK_STRUCK);
    }
  int rc = going ? table_remove(t, unseen_again, c, err) : SL_OK;
  if (!rc && missing)
    rc = table_ords(t, err);
  for (uint64_t pos = 0; !rc && missing && pos < t->count; pos++)
    if (unseen(t, pos, c) && !(t->mark[pos] & MARK_STRUCK)) {
      t->mark[pos] |= MARK_STRUCK;
      t->struck++;
    }
  return rc;
}

static bool of_conn(struct sl_table *t, uint64_t pos, void *user)
{
  const struct table_conn *c = user;
  uint32_t row;
  return table_at(t, pos, &row)->conn == c->name;
}

static int append_shadow(struct sl_table *t, struct dir *shadow, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < shadow->n && !rc; i++) {
    struct block *k = shadow->e[i].b;
    rc = dir_reserve(&t->dir, false, err);
    if (!rc && t->ords)
      rc = ords_reserve(&t->ords, t->budget, (size_t)t->count + k->rows, false, err);
    if (rc)
      return rc;
    for (uint32_t r = 0; t->ords && r < k->rows; r++)
      t->ords->o[t->count + r] = (uint32_t)(t->dir->n * ROWS + r);
    t->dir->e[t->dir->n++] = (struct dent){ block_ref(k), t->first_row + t->count };
    t->count += k->rows;
  }
  return rc;
}

/* All rows are of this connection, as a rule: then the directory is begun anew and nothing is moved. */
static int replace_rows(struct sl_table *t, struct table_conn *c, struct sl_err *err)
{
  if (rows_of(t, c) < t->count) {
    int rc = table_remove(t, of_conn, c, err);
    return rc ? rc : append_shadow(t, c->shadow, err);
  }
  struct dir *fresh;
  int rc = dir_new(&fresh, c->shadow->n + 16, err);
  if (rc)
    return rc;
  dir_unref(t->dir);
  ords_unref(t->ords);
  t->dir = fresh;
  t->ords = NULL;
  t->nhole = 0;
  t->count = 0;
  return append_shadow(t, c->shadow, err);
}

int sl_table_gen_end(struct sl_table *t, struct sl_str conn, bool whole, struct sl_err *err)
{
  struct table_conn *c = table_conn(t, conn);
  if (t->shape != SL_KEYED || !c)
    return SL_OK;
  int rc = SL_OK;
  if (whole && c->aside)
    rc = replace_rows(t, c, err);
  else if (whole && t->indexed)
    rc = judge_rows(t, c, err);
  dir_unref(c->shadow);
  c->shadow = NULL;
  c->listing = c->aside = false;
  c->listed = true;
  t->version++;
  ords_unref(t->struck_ords);
  t->struck_ords = NULL;
  return rc;
}

/* ---- snapshots of a table ---- */

static int struck_list(struct sl_table *t, struct sl_err *err)
{
  if (t->struck_ords || !t->struck)
    return SL_OK;
  struct ords *o;
  int rc = ords_new(&o, t->budget, (size_t)t->struck, err);
  if (rc)
    return rc;
  size_t n = 0;
  for (uint64_t pos = 0; pos < t->count && n < t->struck; pos++)
    if (t->mark[pos] & MARK_STRUCK)
      o->o[n++] = t->ords->o[pos];
  t->struck_ords = o;
  ords_sort(o, n);
  return SL_OK;
}

int sl_table_snap(struct sl_table *t, struct sl_snap **out, struct sl_err *err)
{
  struct sl_snap *s;
  int rc = struck_list(t, err);
  if (!rc)
    rc = snap_new(&s, t->budget, t->schema, t->dir, t->dir->n, err);
  if (rc)
    return rc;
  s->first_row = t->first_row;
  s->count = t->count;
  if (t->ords)
    s->ords = ords_ref(t->ords);
  if (t->struck) {
    s->struck = ords_ref(t->struck_ords);
    s->nstruck = (size_t)t->struck;
  }
  *out = s;
  return SL_OK;
}
