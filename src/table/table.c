/* table/table.c: rows as they arrive.
 *
 * A plain listing only appends blocks; a row that comes again, or goes, makes the table keep a list of ordinals. Where an id stands is
 * found by the keyed 64-bit hash of its ref: equal hashes are equal refs (two of a million rows meet by accident once in 10^7 tables).
 * Loop only. */
#include "table/table_state_int.h"

int sl_table_open(struct sl_table **out, struct sl_budget *b, struct sl_schema *s, enum sl_shape shape, uint64_t cap_rows,
                  struct sl_err *err)
{
  struct sl_table *t = sl_calloc(1, sizeof *t);
  if (!t)
    return sl_err_nomem(err);
  int rc = dir_new(&t->dir, 16, err);
  if (rc) {
    sl_free(t);
    return rc;
  }
  t->budget = budget_ref(b);
  t->schema = sl_schema_ref(s);
  t->shape = shape;
  t->cap = cap_rows;
  t->indexed = shape == SL_KEYED;
  t->indexed_most = INDEXED;
  t->spare = SIZE_MAX;
  *out = t;
  return SL_OK;
}

void sl_table_close(struct sl_table *t)
{
  if (!t)
    return;
  dir_unref(t->dir);
  ords_unref(t->ords);
  ords_unref(t->struck_ords);
  index_free(&t->index);
  for (size_t i = 0; i < t->nconn; i++) {
    conn_name_unref(t->conn[i].name);
    dir_unref(t->conn[i].shadow);
  }
  sl_free(t->conn);
  sl_free(t->mark);
  sl_free(t->hole);
  sl_schema_unref(t->schema);
  sl_schema_unref(t->seen);
  budget_unref(t->budget);
  sl_free(t);
}

uint64_t sl_table_count(const struct sl_table *t) { return t->count - t->struck; }
uint64_t sl_table_dropped(const struct sl_table *t) { return t->dropped; }
uint64_t sl_table_version(const struct sl_table *t) { return t->version; }
struct sl_schema *sl_table_schema(const struct sl_table *t) { return t->schema; }

/* ---- columns ---- */

static int widen(struct sl_table *t, struct sl_schema *s, size_t fresh, struct sl_err *err)
{
  size_t n = sl_schema_count(t->schema), ncommon = sl_schema_common(t->schema);
  struct sl_col *cols = sl_calloc(n + fresh, sizeof *cols);
  if (!cols)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++)
    cols[i] = *sl_schema_col(t->schema, i);
  for (size_t i = 0, at = n; i < sl_schema_count(s); i++)
    if (sl_schema_find(t->schema, sl_str(sl_schema_col(s, i)->name)) < 0)
      cols[at++] = *sl_schema_col(s, i);
  struct sl_schema *wide;
  int rc = schema_with_keys(&wide, sl_schema_keys(t->schema), cols, ncommon, cols + ncommon, n - ncommon + fresh, err);
  sl_free(cols);
  if (rc)
    return rc;
  rc = sl_schema_set_resource(wide, sl_schema_resource(t->schema), err);
  if (rc) {
    sl_schema_unref(wide);
    return rc;
  }
  sl_schema_unref(t->schema);
  t->schema = wide;
  return SL_OK;
}

static int fit_schema(struct sl_table *t, struct sl_schema *s, struct sl_err *err)
{
  if (s == t->schema || s == t->seen)
    return SL_OK;
  size_t fresh = 0;
  for (size_t i = 0; i < sl_schema_count(s); i++) {
    const struct sl_col *c = sl_schema_col(s, i);
    int at = sl_schema_find(t->schema, sl_str(c->name));
    if (at >= 0 && sl_schema_col(t->schema, (size_t)at)->type != c->type)
      return sl_err_set(err, SL_ECONFLICT, "column %.80s is %s from one connection and %s from another", c->name,
                        sl_type_name(sl_schema_col(t->schema, (size_t)at)->type), sl_type_name(c->type));
    fresh += at < 0;
  }
  int rc = fresh ? widen(t, s, fresh, err) : SL_OK;
  if (rc)
    return rc;
  sl_schema_unref(t->seen);
  t->seen = sl_schema_ref(s);
  return SL_OK;
}

struct table_conn *table_conn(struct sl_table *t, struct sl_str name)
{
  for (size_t i = 0; i < t->nconn; i++)
    if (sl_str_eq(conn_name_str(t->conn[i].name), name))
      return &t->conn[i];
  return NULL;
}

static int conn_get(struct sl_table *t, struct sl_str name, struct table_conn **out, struct sl_err *err)
{
  *out = table_conn(t, name);
  if (*out)
    return SL_OK;
  int rc = sl_grow((void **)&t->conn, &t->capconn, t->nconn + 1, sizeof *t->conn, 10000, err);
  struct table_conn c = { .gen = 1 };
  if (!rc)
    rc = conn_name_new(&c.name, name, err);
  if (rc)
    return rc;
  t->conn[t->nconn] = c;
  *out = &t->conn[t->nconn++];
  return SL_OK;
}

/* ---- positions ---- */

static size_t entry_of(const struct sl_table *t, uint64_t pos)
{
  size_t lo = 0, hi = t->dir->n;
  while (hi - lo > 1) {
    size_t mid = lo + (hi - lo) / 2;
    if (t->dir->e[mid].start <= pos + t->first_row)
      lo = mid;
    else
      hi = mid;
  }
  return lo;
}

struct block *table_at(const struct sl_table *t, uint64_t pos, uint32_t *row)
{
  if (t->ords) {
    *row = t->ords->o[pos] % ROWS;
    return t->dir->e[t->ords->o[pos] / ROWS].b;
  }
  size_t e = entry_of(t, pos);
  *row = (uint32_t)(pos + t->first_row - t->dir->e[e].start);
  return t->dir->e[e].b;
}

static bool same_hash(void *user, uint32_t pos, uint64_t hash)
{
  uint32_t row;
  struct block *k = table_at(user, pos, &row);
  return block_hash(k, row) == hash;
}

bool table_pos(struct sl_table *t, uint64_t hash, uint32_t *pos)
{
  return index_find(&t->index, hash, same_hash, t, pos);
}

int table_ords(struct sl_table *t, struct sl_err *err)
{
  if (t->ords)
    return SL_OK;
  struct ords *o;
  int rc = ords_new(&o, t->budget, (size_t)t->count + ROWS, err);
  if (rc)
    return rc;
  uint64_t pos = 0;
  for (size_t e = 0; e < t->dir->n && pos < t->count; e++)
    for (uint32_t r = 0; r < t->dir->e[e].b->rows && pos < t->count; r++)
      o->o[pos++] = (uint32_t)(e * ROWS + r);
  t->ords = o;
  return SL_OK;
}

void table_row_dead(struct sl_table *t, size_t place)
{
  struct block *k = t->dir->e[place].b;
  if (--k->live || dir_reserve(&t->dir, true, NULL)) /* without memory a block without rows stays, which harms nobody */
    return;
  t->dir->e[place].b = NULL;
  if (sl_grow((void **)&t->hole, &t->caphole, t->nhole + 1, sizeof *t->hole, SIZE_MAX / sizeof *t->hole, NULL) == SL_OK)
    t->hole[t->nhole++] = place;
  block_unref(k);
}

void table_unindex(struct sl_table *t)
{
  index_free(&t->index);
  sl_free(t->mark);
  t->mark = NULL;
  t->capmark = 0;
  t->indexed = false;
  t->struck = 0;
}

int table_remove(struct sl_table *t, bool (*gone)(struct sl_table *t, uint64_t pos, void *user), void *user, struct sl_err *err)
{
  uint32_t *moved = sl_alloc(((size_t)t->count + 1) * sizeof *moved); /* all that can fail comes first */
  int rc = moved ? table_ords(t, err) : sl_err_nomem(err);
  if (!rc)
    rc = ords_reserve(&t->ords, t->budget, (size_t)t->count, true, err);
  uint64_t to = 0;
  for (uint64_t pos = 0; !rc && pos < t->count; pos++) {
    moved[pos] = UINT32_MAX;
    if (gone(t, pos, user)) {
      t->struck -= t->mark && t->mark[pos] & MARK_STRUCK;
      table_row_dead(t, t->ords->o[pos] / ROWS);
      continue;
    }
    if (t->mark)
      t->mark[to] = t->mark[pos];
    moved[pos] = (uint32_t)to;
    t->ords->o[to++] = t->ords->o[pos];
  }
  if (!rc) {
    if (t->indexed)
      index_move(&t->index, moved);
    t->count = to;
    ords_unref(t->struck_ords);
    t->struck_ords = NULL;
  }
  sl_free(moved);
  return rc;
}

/* ---- arrivals ---- */

int table_place(struct sl_table *t, struct block *k, size_t *place, struct sl_err *err)
{
  bool reuse = t->ords && t->nhole;
  int rc = dir_reserve(&t->dir, reuse, err);
  if (rc)
    return rc;
  *place = reuse ? t->hole[--t->nhole] : t->dir->n++;
  t->dir->e[*place] = (struct dent){ block_ref(k), t->first_row + t->count };
  return SL_OK;
}

/* One row that stays: at its old position, or at the end. */
static int put_row(struct sl_table *t, struct table_conn *c, size_t place, uint32_t row, uint64_t hash, struct sl_err *err)
{
  uint32_t pos;
  int rc;
  if (table_pos(t, hash, &pos)) {
    rc = table_ords(t, err);
    if (!rc)
      rc = ords_reserve(&t->ords, t->budget, (size_t)t->count, true, err);
    if (rc)
      return rc;
    size_t old = t->ords->o[pos] / ROWS;
    t->ords->o[pos] = (uint32_t)(place * ROWS + row);
    if (t->mark[pos] & MARK_STRUCK)
      t->struck--;
    t->mark[pos] = c->gen;
    table_row_dead(t, old);
    return SL_OK;
  }
  if (t->cap && t->count - t->struck >= t->cap)
    return SL_ELIMIT;
  rc = sl_grow((void **)&t->mark, &t->capmark, (size_t)t->count + 1, 1, 2 * t->indexed_most + ROWS, err);
  if (!rc && t->ords)
    rc = ords_reserve(&t->ords, t->budget, (size_t)t->count, false, err);
  if (rc)
    return rc;
  if (t->ords)
    t->ords->o[t->count] = (uint32_t)(place * ROWS + row);
  t->mark[t->count] = c->gen;
  index_add(&t->index, hash, (uint32_t)t->count++);
  return SL_OK;
}

static bool is_gone(struct sl_table *t, uint64_t pos, void *user)
{
  const uint8_t *list = user;
  (void)t;
  return list[pos >> 3] >> (pos & 7) & 1;
}

/* DEL: struck until the next listing ends; where nobody lists, gone at once. */
static int del_rows(struct sl_table *t, struct table_conn *c, struct block *k, const struct sl_batch *b, struct sl_err *err)
{
  uint8_t *gone = c->listed ? NULL : sl_calloc((size_t)t->count / 8 + 1, 1);
  if (!c->listed && !gone)
    return sl_err_nomem(err);
  bool any = false;
  int rc = SL_OK;
  for (uint32_t r = 0; r < k->rows; r++) {
    uint32_t pos;
    if (sl_batch_op(b, r) != SL_DEL || !table_pos(t, block_hash(k, r), &pos))
      continue;
    uint32_t row;
    if (table_at(t, pos, &row) == k && row > r)
      continue; /* deleted, then put again by the same batch */
    if (gone) {
      gone[pos >> 3] |= (uint8_t)(1 << (pos & 7));
      any = true;
    } else if (!(t->mark[pos] & MARK_STRUCK)) {
      t->mark[pos] |= MARK_STRUCK;
      t->struck++;
    }
  }
  if (any)
    rc = table_remove(t, is_gone, gone, err);
  else if (!gone)
    rc = table_ords(t, err);
  sl_free(gone);
  return rc;
}

static bool has_del(const struct sl_batch *b)
{
  return b->image->del != NULL;
}

static int apply_indexed(struct sl_table *t, struct table_conn *c, struct block *k, const struct sl_batch *b, struct sl_err *err)
{
  size_t place;
  int rc = index_reserve(&t->index, k->rows, err);
  if (!rc && has_del(b))
    rc = table_ords(t, err);
  if (!rc)
    rc = table_place(t, k, &place, err);
  if (rc)
    return rc;
  bool full = false;
  uint32_t dead = 0;
  for (uint32_t r = 0; r < k->rows && !rc; r++) {
    bool del = sl_batch_op(b, r) == SL_DEL;
    rc = del ? SL_OK : put_row(t, c, place, r, block_hash(k, r), err);
    if (rc == SL_ELIMIT && !full) {
      full = true;
      rc = table_ords(t, err);
    } else if (rc == SL_ELIMIT) {
      rc = SL_OK;
    } else if (!del) {
      continue;
    }
    dead++;
  }
  if (!rc && has_del(b))
    rc = del_rows(t, c, k, b, err);
  for (; dead && t->dir->e[place].b == k; dead--)
    table_row_dead(t, place);
  if (!rc && t->ords)
    table_tidy(t, place);
  else if (!rc)
    table_merge_tail(t);
  if (!rc && full)
    return sl_err_set(err, SL_ELIMIT, "more than %llu rows; narrow the query or raise its limit", (unsigned long long)t->cap);
  return rc;
}

static void log_drop(struct sl_table *t, uint64_t rows)
{
  t->first_row += rows;
  t->dropped += rows;
  t->count -= rows;
  size_t whole = 0;
  while (whole < t->dir->n && t->dir->e[whole].start + t->dir->e[whole].b->rows <= t->first_row)
    whole++;
  if (!whole || dir_reserve(&t->dir, true, NULL)) /* without memory the old blocks stay a while */
    return;
  for (size_t i = 0; i < whole; i++)
    block_unref(t->dir->e[i].b);
  t->dir->n -= whole;
  memmove(t->dir->e, t->dir->e + whole, t->dir->n * sizeof *t->dir->e);
}

/* Log, or keyed beyond a million rows. */
static int apply_appended(struct sl_table *t, struct block *k, struct sl_err *err)
{
  if (t->cap && t->shape == SL_KEYED && t->count + k->rows > t->cap)
    return sl_err_set(err, SL_ELIMIT, "more than %llu rows; narrow the query or raise its limit", (unsigned long long)t->cap);
  size_t place;
  int rc = t->ords ? ords_reserve(&t->ords, t->budget, (size_t)t->count + k->rows, false, err) : SL_OK;
  if (!rc)
    rc = table_place(t, k, &place, err);
  if (rc)
    return rc;
  for (uint32_t r = 0; t->ords && r < k->rows; r++)
    t->ords->o[t->count + r] = (uint32_t)(place * ROWS + r);
  t->count += k->rows;
  table_merge_tail(t);
  if (t->shape == SL_LOG && t->cap && t->count > t->cap)
    log_drop(t, t->count - t->cap);
  return SL_OK;
}

static int apply_aside(struct table_conn *c, struct block *k, struct sl_err *err)
{
  int rc = dir_reserve(&c->shadow, false, err);
  if (!rc)
    c->shadow->e[c->shadow->n++] = (struct dent){ .b = block_ref(k) };
  return rc;
}

/* A batch with its DELs left out, for tables that cannot find rows by id. */
static int only_puts(struct sl_batch **b, struct sl_err *err)
{
  struct sl_schema *s = sl_batch_schema(*b);
  struct sl_batch *m;
  int rc = batch_new_sized(&m, s, sl_batch_count(*b), err);
  if (rc)
    return rc;
  int32_t *map = sl_alloc((sl_schema_count(s) + 1) * sizeof *map);
  rc = map ? SL_OK : sl_err_nomem(err);
  if (map)
    batch_map_cols(s, s, map);
  for (uint32_t r = 0; !rc && r < sl_batch_count(*b); r++)
    if (sl_batch_op(*b, r) == SL_PUT)
      batch_copy_row(m, *b, r, map);
  if (!rc)
    rc = sl_batch_seal(m, err);
  sl_free(map);
  if (rc) {
    sl_batch_unref(m);
    return rc;
  }
  sl_batch_unref(*b);
  *b = m;
  return SL_OK;
}

static int apply_batch(struct sl_table *t, struct table_conn *c, struct sl_batch **b, struct sl_err *err)
{
  if (t->indexed && t->count >= (c->listing && c->listed ? 2 * t->indexed_most - ROWS : t->indexed_most))
    table_unindex(t);
  int rc = !t->indexed && has_del(*b) ? only_puts(b, err) : SL_OK;
  if (rc || !sl_batch_count(*b))
    return rc;
  struct block *k;
  rc = block_new(&k, t->budget, *b, c->name, err);
  if (rc)
    return rc;
  if (c->aside)
    rc = apply_aside(c, k, err);
  else if (t->indexed)
    rc = apply_indexed(t, c, k, *b, err);
  else
    rc = apply_appended(t, k, err);
  block_unref(k);
  if (!c->aside) {
    ords_unref(t->struck_ords);
    t->struck_ords = NULL;
    t->version++;
  }
  return rc;
}

int sl_table_apply(struct sl_table *t, struct sl_str conn, struct sl_batch **take, struct sl_err *err)
{
  struct sl_batch *b = *take;
  struct table_conn *c;
  *take = NULL;
  int rc = b->image ? fit_schema(t, sl_batch_schema(b), err) : sl_err_set(err, SL_EINTERNAL, "a batch arrives before it is sealed");
  if (!rc)
    rc = conn_get(t, conn, &c, err);
  if (!rc)
    rc = apply_batch(t, c, &b, err);
  sl_batch_unref(b);
  int over = budget_relieve(t->budget, rc ? NULL : err);
  return rc ? rc : over;
}
