/* table/batch_code.c: reads the encoded form of a batch in place.
 *
 * Bytes may come from the box, a capsule or a disk, so nothing is believed: every array must lie inside, every offset ascend, every code
 * name something, and the sections must fill the whole exactly. After that, access needs no checks. */
#include <stdlib.h>

#include "base/mem.h"
#include "table/batch_int.h"

/* A cursor over the image: sticky, every array padded to eight bytes. */
struct cur { const char *p, *end; bool bad; };

static const void *take(struct cur *c, size_t count, size_t size)
{
  size_t left = (size_t)(c->end - c->p);
  if (c->bad || count > left / size) {
    c->bad = true;
    return NULL;
  }
  size_t n = (count * size + 7) & ~(size_t)7;
  if (n > left) {
    c->bad = true;
    return NULL;
  }
  const char *p = c->p;
  for (size_t i = count * size; i < n; i++)
    if (p[i])
      c->bad = true;
  c->p += n;
  return c->bad ? NULL : p;
}

/* count + 1 ascending offsets from 0; the last is returned. */
static const uint32_t *take_offsets(struct cur *c, size_t count, uint32_t *last)
{
  const uint32_t *off = take(c, count + 1, sizeof *off);
  *last = 0;
  if (!off)
    return NULL;
  bool ok = off[0] == 0;
  for (size_t i = 0; i < count; i++)
    ok &= off[i] <= off[i + 1];
  *last = off[count];
  if (!ok)
    c->bad = true;
  return ok ? off : NULL;
}

static void take_texts(struct cur *c, size_t count, const uint32_t **off, const char **heap)
{
  uint32_t bytes;
  *off = take_offsets(c, count, &bytes);
  *heap = take(c, bytes, 1);
}

static void read_dict(struct cur *c, struct image_col *col, uint32_t rows)
{
  uint64_t n = (uint64_t)col->base;
  if (!n || n > DICT_MAX) {
    c->bad = true;
    return;
  }
  take_texts(c, (size_t)n, &col->off, &col->heap);
  const uint8_t *codes = col->data = take(c, rows, 1);
  for (uint32_t i = 0; codes && i < rows; i++)
    if (codes[i] >= n)
      c->bad = true;
}

static void read_pairs(struct cur *c, struct image_col *col, uint32_t rows, uint32_t nkeys)
{
  uint32_t pairs;
  col->row = take_offsets(c, rows, &pairs);
  col->key = take(c, pairs, sizeof *col->key);
  if (!col->row || !col->key)
    return;
  for (uint32_t r = 0; r < rows; r++)
    for (uint32_t i = col->row[r]; i < col->row[r + 1]; i++)
      if (col->key[i] >= nkeys || (i > col->row[r] && col->key[i] <= col->key[i - 1]))
        c->bad = true;
  if (col->enc == ENC_PAIRS_F64)
    col->data = take(c, pairs, sizeof(double));
  else
    take_texts(c, pairs, &col->off, &col->heap);
}

static bool enc_fits(enum sl_type type, enum image_enc enc)
{
  if (enc == ENC_NULL)
    return true;
  switch (type) {
  case SL_BOOL: return enc == ENC_BITS;
  case SL_I64:
  case SL_TIME: return enc == ENC_INT;
  case SL_F64: return enc == ENC_F64;
  case SL_FAMILY_F64: return enc == ENC_PAIRS_F64;
  case SL_FAMILY_TEXT: return enc == ENC_PAIRS_TEXT;
  default: return enc == ENC_TEXT || enc == ENC_DICT;
  }
}

static bool width_ok(const struct col_head *h)
{
  if (h->enc != ENC_INT)
    return h->width == 0;
  return h->width == 0 || h->width == 1 || h->width == 2 || h->width == 4 || h->width == 8;
}

static void read_col(struct cur *all, struct image_col *col, enum sl_type type, uint32_t rows, uint32_t nkeys)
{
  const char *start = all->p;
  const struct col_head *h = take(all, 1, sizeof *h);
  if (!h || h->len < sizeof *h || h->len > (size_t)(all->end - start) || h->len % 8 || h->zero || h->nulls > 1 || !width_ok(h) ||
      h->enc > ENC_PAIRS_TEXT || !enc_fits(type, h->enc)) {
    all->bad = true;
    return;
  }
  struct cur c = { all->p, start + h->len, false };
  *col = (struct image_col){ .enc = h->enc, .width = h->width, .base = h->base };
  if (h->nulls)
    col->nulls = take(&c, (rows + 7) / 8, 1);
  switch (col->enc) {
  case ENC_NULL: break;
  case ENC_BITS: col->data = take(&c, (rows + 7) / 8, 1); break;
  case ENC_INT: col->data = h->width ? take(&c, rows, h->width) : NULL; break;
  case ENC_F64: col->data = take(&c, rows, sizeof(double)); break;
  case ENC_TEXT: take_texts(&c, rows, &col->off, &col->heap); break;
  case ENC_DICT: read_dict(&c, col, rows); break;
  case ENC_PAIRS_F64:
  case ENC_PAIRS_TEXT: read_pairs(&c, col, rows, nkeys); break;
  }
  all->bad |= c.bad || c.p != c.end;
  all->p = c.end;
}

static int back_cmp(const void *a, const void *b)
{
  const struct key_back *x = a, *y = b;
  return (x->global > y->global) - (x->global < y->global);
}

static int read_keys(struct cur *c, struct image *m, struct sl_err *err)
{
  const uint32_t *off;
  const char *heap;
  take_texts(c, m->nkeys, &off, &heap);
  if (c->bad || !m->nkeys)
    return SL_OK;
  m->global = sl_calloc(m->nkeys, sizeof *m->global);
  m->back = sl_calloc(m->nkeys, sizeof *m->back);
  if (!m->global || !m->back)
    return sl_err_nomem(err);
  for (uint32_t i = 0; i < m->nkeys; i++) {
    int rc = sl_keys_intern(sl_schema_keys(m->schema), sl_strn(heap + off[i], off[i + 1] - off[i]), &m->global[i], err);
    if (rc)
      return rc;
    m->back[i] = (struct key_back){ m->global[i], i };
  }
  qsort(m->back, m->nkeys, sizeof *m->back, back_cmp);
  for (uint32_t i = 1; i < m->nkeys; i++)
    if (m->back[i].global == m->back[i - 1].global)
      c->bad = true;
  return SL_OK;
}

static int image_read(struct image *m, struct sl_err *err)
{
  struct cur c = { m->bytes, m->bytes + m->size, false };
  const struct image_head *h = take(&c, 1, sizeof *h);
  size_t ncols = sl_schema_count(m->schema);
  if (!h || h->magic != IMAGE_MAGIC || h->size != m->size || h->rows > SL_BATCH_ROWS || h->flags & ~(uint32_t)IMAGE_HAS_DEL)
    return sl_err_set(err, SL_EPARSE, "a batch of rows begins in a way that cannot be read");
  if (h->ncols != ncols)
    return sl_err_set(err, SL_EPARSE, "a batch has %u columns where %zu belong", (unsigned)h->ncols, ncols);
  m->rows = h->rows;
  m->nkeys = h->nkeys;
  if (h->flags & IMAGE_HAS_DEL)
    m->del = take(&c, (m->rows + 7) / 8, 1);
  take_texts(&c, m->rows, &m->id_off, &m->id_heap);
  int rc = read_keys(&c, m, err);
  if (rc)
    return rc;
  m->cols = c.bad ? NULL : sl_calloc(ncols ? ncols : 1, sizeof *m->cols);
  if (!c.bad && !m->cols)
    return sl_err_nomem(err);
  for (size_t i = 0; i < ncols && !c.bad; i++)
    read_col(&c, &m->cols[i], sl_schema_col(m->schema, i)->type, m->rows, m->nkeys);
  if (c.bad || c.p != c.end)
    return sl_err_set(err, SL_EPARSE, "a batch of rows is damaged");
  return SL_OK;
}

int image_open(struct image **out, struct sl_schema *s, char *bytes, size_t size, struct sl_err *err)
{
  struct image *m = sl_calloc(1, sizeof *m);
  if (!m) {
    sl_free(bytes);
    return sl_err_nomem(err);
  }
  *m = (struct image){ .refs = 1, .schema = sl_schema_ref(s), .bytes = bytes, .size = size };
  int rc = image_read(m, err);
  if (rc)
    image_unref(m);
  else
    *out = m;
  return rc;
}

void image_unref(struct image *m)
{
  if (!m || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL))
    return;
  sl_schema_unref(m->schema);
  sl_free(m->bytes);
  sl_free(m->cols);
  sl_free(m->global);
  sl_free(m->back);
  sl_free(m);
}
