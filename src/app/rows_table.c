/* app/rows_table.c: rows as an aligned table for people.
 *
 * The first rows decide how wide the columns are; a wider cell that comes later moves its own line, and nothing is lost. On a terminal the
 * table is as wide as the terminal: columns are taken best first, the last may be cut, and both are counted and told. */
#include <string.h>

#include "app/rows_int.h"
#include "base/text.h"
#include "base/utf8.h"

enum { TABLE_PROBE = 500, TABLE_GAP = 2, TABLE_LEAST = 12, TABLE_PROBE_BYTES = 4 << 20 };

struct rows_table {
  struct sl_buf held;        /* cells of the probe, as u32 length + bytes */
  size_t nheld;              /* rows of it */
  size_t *width;             /* per printed column; set once */
  size_t *shown;             /* which of r->col are printed, in order */
  size_t nshown;
  bool fixed, headed;
  size_t limit;              /* of the last column, 0: none */
  uint64_t cut;              /* cells that did not fit */
};

int rows_table_open(struct sl_rows *r, struct sl_err *err)
{
  r->table = sl_calloc(1, sizeof *r->table);
  if (!r->table)
    return sl_err_nomem(err);
  sl_buf_init(&r->table->held, 64 << 20);
  return SL_OK;
}

void rows_table_free(struct sl_rows *r)
{
  if (!r->table)
    return;
  sl_buf_free(&r->table->held);
  sl_free(r->table->width);
  sl_free(r->table->shown);
  sl_free(r->table);
}

static bool right(const struct rows_col *c)
{
  if (!c->c || c->c->unit)
    return c->c != NULL;
  return c->c->type == SL_I64 || c->c->type == SL_F64 || c->c->type == SL_FAMILY_F64;
}

static void cell_text(const struct sl_rows *r, const struct rows_col *c, const struct sl_val *v, struct sl_buf *out)
{
  struct sl_buf raw;
  sl_buf_init(&raw, 0);
  if (v->null)
    sl_buf_z(&raw, "-");
  else
    sl_val_show(&raw, v, c->c ? sl_col_unit(c->c, sl_str(c->key)) : NULL, &r->how.show);
  sl_text_clean(out, sl_buf_view(&raw), SL_TEXT_CELL);
  if (raw.failed)
    out->failed = raw.failed;
  sl_buf_free(&raw);
}

/* ---- which columns, how wide ---- */

/* "experiment?" depends on the place where it is shown; here it is always there. */
static struct sl_str bare(struct sl_str w)
{
  w = sl_str_trim(w);
  return sl_str_ends(w, SL_STR("?")) ? sl_str_head(w, w.n - 1) : w;
}

static bool listed(const struct sl_rows *r, struct sl_str name)
{
  struct sl_str rest = sl_str(r->how.columns), w;
  while (rest.p && sl_str_cut(&rest, ',', &w))
    if (sl_str_eq(bare(w), name))
      return true;
  return false;
}

static size_t index_of(const struct sl_rows *r, struct sl_str name)
{
  for (size_t i = 0; i < r->ncol; i++)
    if (sl_str_eqz(name, r->col[i].name))
      return i;
  return r->ncol;
}

/* All columns, best first: those that the resource names, then the rest. What was named by hand keeps its order. */
static int candidates(struct sl_rows *r, struct sl_err *err)
{
  struct rows_table *t = r->table;
  t->shown = sl_calloc(r->ncol + 1, sizeof *t->shown);
  if (!t->shown)
    return sl_err_nomem(err);
  bool pick = r->o->width && !r->how.want && r->how.columns;
  struct sl_str rest = pick ? sl_str(r->how.columns) : SL_STR_NONE, w;
  while (rest.p && sl_str_cut(&rest, ',', &w)) {
    size_t i = index_of(r, bare(w));
    if (i < r->ncol)
      t->shown[t->nshown++] = i;
  }
  for (size_t i = 0; i < r->ncol; i++)
    if (!pick || !listed(r, sl_str(r->col[i].name)))
      t->shown[t->nshown++] = i;
  return SL_OK;
}

static void measure(struct sl_rows *r, size_t *natural)
{
  struct sl_rd rd = sl_rd(sl_buf_view(&r->table->held));
  for (size_t i = 0; i < r->ncol; i++)
    natural[i] = sl_text_width(sl_str(r->col[i].name), SL_TEXT_CELL);
  for (size_t row = 0; row < r->table->nheld; row++)
    for (size_t i = 0; i < r->ncol; i++) {
      size_t w = sl_text_width(sl_rd_lstr(&rd), SL_TEXT_CELL);
      natural[i] = w > natural[i] ? w : natural[i];
    }
}

/* On a terminal: as many as fit; the first that does not is cut when enough room is left, and ends the line. */
static void fit(struct rows_table *t, const size_t *natural, size_t terminal)
{
  size_t used = 0;
  for (size_t i = 0; i < t->nshown; i++) {
    size_t gap = i ? TABLE_GAP : 0, need = natural[t->shown[i]];
    t->width[i] = need;
    if (!terminal || used + gap + need <= terminal) {
      used += gap + need;
      continue;
    }
    size_t left = terminal > used + gap ? terminal - used - gap : 0;
    if (left >= TABLE_LEAST || !i) {
      t->limit = t->width[i] = left;
      i++;
    }
    t->nshown = i;
    return;
  }
}

static int fix(struct sl_rows *r, struct sl_err *err)
{
  struct rows_table *t = r->table;
  size_t *natural = sl_calloc(r->ncol + 1, sizeof *natural);
  t->width = sl_calloc(r->ncol + 1, sizeof *t->width);
  int rc = natural && t->width ? candidates(r, err) : sl_err_nomem(err);
  if (!rc) {
    measure(r, natural);
    fit(t, natural, (size_t)r->o->width);
    t->fixed = true;
  }
  sl_free(natural);
  return rc;
}

/* ---- lines ---- */

static void put_cell(struct sl_rows *r, size_t at, struct sl_str text)
{
  struct rows_table *t = r->table;
  struct sl_buf *out = &r->o->b;
  size_t w = sl_text_width(text, SL_TEXT_CELL), want = t->width[at];
  bool last = at + 1 == t->nshown, rightward = right(&r->col[t->shown[at]]);
  if (at)
    sl_buf_fill(out, ' ', TABLE_GAP);
  if (last && t->limit && w > t->limit) {
    sl_text_fit(out, text, t->limit, SL_KEEP_HEAD, r->o->ascii);
    t->cut++;
    return;
  }
  if (rightward && w < want)
    sl_buf_fill(out, ' ', want - w);
  sl_buf_str(out, text);
  if (!rightward && !last && w < want)
    sl_buf_fill(out, ' ', want - w);
}

static int put_line(struct sl_rows *r, const struct sl_str *cell, struct sl_err *err)
{
  for (size_t at = 0; at < r->table->nshown; at++)
    put_cell(r, at, cell[r->table->shown[at]]);
  sl_buf_ch(&r->o->b, '\n');
  return sl_out_spill(r->o, err);
}

static int put_head(struct sl_rows *r, struct sl_str *cell, struct sl_err *err)
{
  char upper[80];
  struct sl_buf names;
  sl_buf_init(&names, 1 << 20);
  for (size_t i = 0; i < r->ncol; i++) {
    size_t n = strlen(r->col[i].name), m = 0;
    for (; m < n && m < sizeof upper; m++) {
      char c = r->col[i].name[m];
      upper[m] = c >= 'a' && c <= 'z' && !r->col[i].key ? (char)(c - 32) : c;
    }
    sl_text_clean(&names, n == m ? sl_strn(upper, m) : sl_str(r->col[i].name), SL_TEXT_CELL);
    sl_buf_ch(&names, '\n');
  }
  struct sl_str rest = sl_buf_view(&names);
  for (size_t i = 0; i < r->ncol; i++)
    sl_str_cut(&rest, '\n', &cell[i]);
  int rc = sl_buf_check(&names, err);
  rc = rc ? rc : put_line(r, cell, err);
  sl_buf_free(&names);
  return rc;
}

/* A line a column: for one row with much in it. */
static int put_vertical(struct sl_rows *r, const struct sl_str *cell, struct sl_err *err)
{
  size_t widest = 0;
  for (size_t i = 0; i < r->ncol; i++) {
    size_t w = sl_text_width(sl_str(r->col[i].name), SL_TEXT_CELL);
    widest = w > widest ? w : widest;
  }
  for (size_t i = 0; i < r->ncol; i++) {
    size_t w = sl_text_width(sl_str(r->col[i].name), SL_TEXT_CELL);
    sl_text_clean(&r->o->b, sl_str(r->col[i].name), SL_TEXT_CELL);
    sl_buf_fill(&r->o->b, ' ', widest - w + TABLE_GAP);
    sl_buf_str(&r->o->b, cell[i]);
    sl_buf_ch(&r->o->b, '\n');
  }
  return sl_out_spill(r->o, err);
}

static int emit_held(struct sl_rows *r, struct sl_err *err)
{
  struct rows_table *t = r->table;
  struct sl_str *cell = sl_calloc(r->ncol + 1, sizeof *cell);
  if (!cell)
    return sl_err_nomem(err);
  int rc = sl_buf_check(&t->held, err);
  if (!rc && !t->fixed)
    rc = fix(r, err);
  if (!rc && !t->headed && !r->how.vertical && r->ncol && r->rows)
    rc = put_head(r, cell, err);
  t->headed = t->headed || r->rows;
  struct sl_rd rd = sl_rd(sl_buf_view(&t->held));
  for (size_t row = 0; row < t->nheld && !rc; row++) {
    for (size_t i = 0; i < r->ncol; i++)
      cell[i] = sl_rd_lstr(&rd);
    if (r->how.vertical && row)
      sl_buf_ch(&r->o->b, '\n');
    rc = r->how.vertical ? put_vertical(r, cell, err) : put_line(r, cell, err);
  }
  sl_buf_clear(&t->held);
  t->nheld = 0;
  sl_free(cell);
  return rc;
}

/* The keys that a row has, on one line: only where a row stands alone. */
static void family_text(const struct sl_rows *r, const struct rows_col *c, const struct sl_batch *b, uint32_t row, struct sl_buf *out)
{
  struct sl_keys *keys = sl_schema_keys(sl_batch_schema(b));
  uint32_t key;
  struct sl_val v;
  for (uint32_t i = 0; sl_batch_pair(b, row, (unsigned)c->col, i, &key, &v); i++) {
    if (i)
      sl_buf_z(out, "  ");
    sl_text_clean(out, sl_keys_name(keys, key), SL_TEXT_CELL);
    sl_buf_ch(out, '=');
    cell_text(r, c, &v, out);
  }
}

int rows_table_put(struct sl_rows *r, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct rows_table *t = r->table;
  struct sl_buf cell, scratch;
  int rc = SL_OK;
  sl_buf_init(&cell, 0);
  sl_buf_init(&scratch, 1 << 20);
  for (size_t i = 0; i < r->ncol && !rc; i++) {
    sl_buf_clear(&cell);
    if (r->col[i].all)
      family_text(r, &r->col[i], b, row, &cell);
    else {
      struct sl_val v = rows_cell(r, &r->col[i], b, row, &scratch);
      cell_text(r, &r->col[i], &v, &cell);
    }
    sl_buf_lstr(&t->held, sl_buf_view(&cell));
    rc = sl_buf_check(&cell, err); /* before the next cell clears them */
    rc = rc ? rc : sl_buf_check(&scratch, err);
  }
  t->nheld++;
  sl_buf_free(&cell);
  sl_buf_free(&scratch);
  bool full = t->fixed || t->nheld >= TABLE_PROBE || t->held.n >= TABLE_PROBE_BYTES;
  if (!rc && full) {
    r->rows++; /* the heading asks whether there are rows; the caller counts this one after us */
    rc = emit_held(r, err);
    r->rows--;
  }
  return rc;
}

int rows_table_flush(struct sl_rows *r, struct sl_err *err)
{
  return r->rows ? emit_held(r, err) : SL_OK;
}

void rows_table_notes(const struct sl_rows *r, struct sl_buf *b)
{
  const struct rows_table *t = r->table;
  if (!t || !t->fixed || r->how.vertical)
    return;
  bool any = false;
  for (size_t i = 0; i < r->ncol; i++) {
    bool shown = false;
    for (size_t k = 0; k < t->nshown && !shown; k++)
      shown = t->shown[k] == i;
    if (!shown) {
      sl_buf_printf(b, "%s%s", any ? ", " : "no room for: ", r->col[i].name);
      any = true;
    }
  }
  if (any)
    sl_buf_z(b, " (--columns chooses, -o json has all)\n");
  if (t->cut)
    sl_buf_printf(b, "%llu value%s cut to fit the terminal (-o json has all)\n", (unsigned long long)t->cut, t->cut == 1 ? "" : "s");
}
