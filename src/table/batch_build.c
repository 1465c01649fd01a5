/* table/batch_build.c: rows on their way into a batch, and the sealing that writes its image.
 *
 * Cells are set in any order within the last row, the first failure sticks until seal. Each column grows only when it first holds
 * something; sealing picks the narrowest encoding: integers as offsets from their least, repeated texts as codes. */
#include <math.h>

#include "base/mem.h"
#include "table/batch_int.h"

enum { TEXT_FULL = 1 << 20, TEXT_MAX = 64 << 20, PAIRS_MAX = 1 << 24 };

struct span { uint32_t off, len; };
union cell { int64_t i; double f; struct span s; };
struct pair { uint32_t row, key; union cell v; };
struct build_col {
  uint8_t *has;          /* a byte a row */
  union cell *cell;
  struct sl_buf heap;
  struct pair *pairs;
  size_t npairs, cap;
};
struct build {
  struct sl_schema *schema;
  uint32_t rows, max;
  struct sl_err why;     /* what stuck; code 0: nothing */
  struct span *id;
  uint8_t *del;
  bool any_del;
  struct sl_buf ids;
  size_t text;           /* bytes of text so far, ids too */
  struct build_col *cols;
};

int batch_new_sized(struct sl_batch **out, struct sl_schema *s, uint32_t rows, struct sl_err *err)
{
  struct sl_batch *b = sl_calloc(1, sizeof *b);
  struct build *w = sl_calloc(1, sizeof *w);
  size_t n = sl_schema_count(s);
  if (!b || !w)
    goto nomem;
  w->id = sl_calloc(rows ? rows : 1, sizeof *w->id);
  w->del = sl_calloc(rows ? rows : 1, 1);
  w->cols = sl_calloc(n ? n : 1, sizeof *w->cols);
  if (!w->id || !w->del || !w->cols)
    goto nomem;
  sl_buf_init(&w->ids, TEXT_MAX);
  for (size_t i = 0; i < n; i++)
    sl_buf_init(&w->cols[i].heap, TEXT_MAX);
  w->schema = sl_schema_ref(s);
  w->max = rows;
  b->refs = 1;
  b->build = w;
  *out = b;
  return SL_OK;
nomem:
  if (w) {
    sl_free(w->id);
    sl_free(w->del);
    sl_free(w->cols);
  }
  sl_free(w);
  sl_free(b);
  return sl_err_nomem(err);
}

int sl_batch_new(struct sl_batch **out, struct sl_schema *s, struct sl_err *err)
{
  return batch_new_sized(out, s, SL_BATCH_ROWS, err);
}

void build_free(struct build *w)
{
  if (!w)
    return;
  for (size_t i = 0; i < sl_schema_count(w->schema); i++) {
    sl_free(w->cols[i].has);
    sl_free(w->cols[i].cell);
    sl_free(w->cols[i].pairs);
    sl_buf_free(&w->cols[i].heap);
  }
  sl_buf_free(&w->ids);
  sl_free(w->id);
  sl_free(w->del);
  sl_free(w->cols);
  sl_schema_unref(w->schema);
  sl_free(w);
}

uint32_t build_rows(const struct build *w) { return w->rows; }
struct sl_schema *build_schema(const struct build *w) { return w->schema; }

/* ---- cells ---- */

/* Text into a heap of the batch: where it lies. */
static bool put_text(struct build *w, struct sl_buf *heap, struct sl_str s, struct span *at)
{
  if (s.n > TEXT_MAX - w->text) {
    sl_err_set(&w->why, SL_ELIMIT, "more than %d MiB of text in one batch; seal when it is full", TEXT_MAX >> 20);
    return false;
  }
  *at = (struct span){ (uint32_t)heap->n, (uint32_t)s.n };
  sl_buf_str(heap, s);
  if (heap->failed) {
    return sl_buf_check(heap, &w->why) == SL_OK;
  }
  w->text += s.n;
  return true;
}

void sl_batch_row(struct sl_batch *b, enum sl_op op, struct sl_str id)
{
  struct build *w = b->build;
  if (!w || w->why.code)
    return;
  if (w->rows >= w->max) {
    sl_err_set(&w->why, SL_ELIMIT, "more than %u rows in one batch; seal when it is full", (unsigned)w->max);
    return;
  }
  if (!put_text(w, &w->ids, id, &w->id[w->rows]))
    return;
  w->del[w->rows] = op == SL_DEL;
  w->any_del |= op == SL_DEL;
  w->rows++;
}

static bool cells_ready(struct build *w, struct build_col *c)
{
  if (c->cell)
    return true;
  c->has = sl_calloc(w->max, 1);
  c->cell = c->has ? sl_calloc(w->max, sizeof *c->cell) : NULL;
  if (c->cell)
    return true;
  sl_free(c->has);
  c->has = NULL;
  sl_err_nomem(&w->why);
  return false;
}

/* Converts a number to the column's kind where nothing is lost. */
static bool number_for(enum sl_type type, const struct sl_val *v, union cell *out)
{
  bool is_int = v->type == SL_I64 || v->type == SL_TIME || v->type == SL_BOOL;
  int64_t i = v->type == SL_BOOL ? v->u.b : v->u.i;
  if (!is_int && v->type != SL_F64)
    return false;
  if (type == SL_F64 || type == SL_FAMILY_F64) {
    out->f = is_int ? (double)i : v->u.f;
    return true;
  }
  if (is_int)
    out->i = i;
  else if (v->u.f >= -9223372036854775808.0 && v->u.f < 9223372036854775808.0 && (double)(int64_t)v->u.f == v->u.f)
    out->i = (int64_t)v->u.f;
  else
    return false;
  return type != SL_BOOL || out->i == 0 || out->i == 1;
}

static void wrong_type(struct build *w, const struct sl_col *col, const struct sl_val *v)
{
  sl_err_set(&w->why, SL_EINTERNAL, "column %.80s is %s, the value is %s", col->name, sl_type_name(col->type), sl_type_name(v->type));
}

void sl_batch_set(struct sl_batch *b, unsigned col, struct sl_val v)
{
  struct build *w = b->build;
  if (!w || w->why.code || !w->rows)
    return;
  const struct sl_col *sc = sl_schema_col(w->schema, col);
  if (!sc) {
    sl_err_set(&w->why, SL_EINTERNAL, "no column %u", col);
    return;
  }
  struct build_col *c = &w->cols[col];
  uint32_t row = w->rows - 1;
  if (v.null) {
    if (c->has)
      c->has[row] = 0;
    return;
  }
  union cell cell = { 0 };
  if (!cells_ready(w, c))
    return;
  if (type_is_text(sc->type) && type_is_text(v.type)) {
    if (!put_text(w, &c->heap, v.u.s, &cell.s))
      return;
  } else if (type_is_text(sc->type) || type_is_family(sc->type) || !number_for(sc->type, &v, &cell)) {
    wrong_type(w, sc, &v);
    return;
  }
  c->cell[row] = cell;
  c->has[row] = 1;
}

void sl_batch_set_number(struct sl_batch *b, unsigned col, double v)
{
  if (!isnan(v))
    sl_batch_set(b, col, sl_vf(v));
}

void sl_batch_set_text(struct sl_batch *b, unsigned col, const char *z)
{
  if (z)
    sl_batch_set(b, col, sl_vz(z));
}

static void put_pair(struct build *w, unsigned family, uint32_t key, const struct sl_val *v)
{
  const struct sl_col *sc = sl_schema_col(w->schema, family);
  struct build_col *c = &w->cols[family];
  struct pair p = { .row = w->rows - 1, .key = key };
  if (sc->type == SL_FAMILY_F64 ? !number_for(sc->type, v, &p.v) : !type_is_text(v->type)) {
    wrong_type(w, sc, v);
    return;
  }
  if (sc->type == SL_FAMILY_TEXT && !put_text(w, &c->heap, v->u.s, &p.v.s))
    return;
  if (sl_grow((void **)&c->pairs, &c->cap, c->npairs + 1, sizeof *c->pairs, PAIRS_MAX, &w->why) == SL_OK)
    c->pairs[c->npairs++] = p;
}

void build_pair(struct sl_batch *b, unsigned family, uint32_t key, const struct sl_val *v)
{
  put_pair(b->build, family, key, v);
}

uint32_t build_max(const struct build *w) { return w->max; }
struct sl_err *build_why(struct build *w) { return &w->why; }

static bool family_ok(struct build *w, unsigned family)
{
  if (!w || w->why.code || !w->rows)
    return false;
  const struct sl_col *sc = sl_schema_col(w->schema, family);
  if (sc && type_is_family(sc->type))
    return true;
  sl_err_set(&w->why, SL_EINTERNAL, "column %u is no family", family);
  return false;
}

void sl_batch_key(struct sl_batch *b, unsigned family, struct sl_str key, struct sl_val v)
{
  struct build *w = b->build;
  uint32_t id;
  if (!v.null && family_ok(w, family) && sl_keys_intern(sl_schema_keys(w->schema), key, &id, &w->why) == SL_OK)
    put_pair(w, family, id, &v);
}

bool sl_batch_full(const struct sl_batch *b)
{
  return !b->build || b->build->rows >= b->build->max || b->build->text >= TEXT_FULL;
}

/* ---- sealing ---- */

static void pad(struct sl_buf *o)
{
  sl_buf_fill(o, 0, -o->n & 7);
}

static void put_array(struct sl_buf *o, const void *p, size_t n)
{
  if (n)
    sl_buf_add(o, p, n);
  pad(o);
}

static void put_bits(struct sl_buf *o, const uint8_t *bytes, uint32_t n, bool flip)
{
  uint8_t bits[SL_BATCH_ROWS / 8] = { 0 };
  for (uint32_t i = 0; i < n; i++)
    bits[i >> 3] |= (uint8_t)((bytes[i] ^ flip) << (i & 7));
  put_array(o, bits, (n + 7) / 8);
}

/* Offsets of n spans (those with has[i]; has NULL: all), then their texts. */
static void put_spans(struct sl_buf *o, const struct span *s, size_t stride, const uint8_t *has, size_t n, const char *heap)
{
  const char *base = (const char *)s;
  char *room = sl_buf_room(o, (n + 1) * sizeof(uint32_t));
  if (!room)
    return;
  uint32_t at = 0;
  memcpy(room, &at, sizeof at);
  for (size_t i = 0; i < n; i++) {
    const struct span *x = (const void *)(base + i * stride);
    at += !has || has[i] ? x->len : 0;
    memcpy(room + (i + 1) * sizeof at, &at, sizeof at);
  }
  sl_buf_wrote(o, (n + 1) * sizeof at);
  pad(o);
  room = sl_buf_room(o, at);
  if (!room)
    return;
  for (size_t i = 0; i < n; i++) {
    const struct span *x = (const void *)(base + i * stride);
    if ((!has || has[i]) && x->len) {
      memcpy(room, heap + x->off, x->len);
      room += x->len;
    }
  }
  sl_buf_wrote(o, at);
  pad(o);
}

static void put_ints(struct sl_buf *o, const struct build_col *c, uint32_t n, struct col_head *h)
{
  int64_t lo = INT64_MAX, hi = INT64_MIN;
  for (uint32_t i = 0; i < n; i++) {
    if (!c->has[i])
      continue;
    lo = c->cell[i].i < lo ? c->cell[i].i : lo;
    hi = c->cell[i].i > hi ? c->cell[i].i : hi;
  }
  uint64_t range = (uint64_t)hi - (uint64_t)lo;
  h->base = lo;
  h->width = !range ? 0 : range <= 0xff ? 1 : range <= 0xffff ? 2 : range <= 0xffffffff ? 4 : 8;
  char *room = h->width ? sl_buf_room(o, (size_t)n * h->width) : NULL;
  for (uint32_t i = 0; room && i < n; i++) {
    uint64_t u = c->has[i] ? (uint64_t)c->cell[i].i - (uint64_t)lo : 0;
    memcpy(room + (size_t)i * h->width, &u, h->width);
  }
  sl_buf_wrote(o, room ? (size_t)n * h->width : 0);
  pad(o);
}

/* Codes for at most DICT_MAX different texts; false when a dictionary would not pay. */
static bool dict_of(const struct build_col *c, uint32_t n, uint8_t *code, struct span *dict, uint32_t *ndict)
{
  uint16_t slot[1024] = { 0 };
  *ndict = 0;
  for (uint32_t i = 0; i < n; i++) {
    code[i] = 0;
    if (!c->has[i])
      continue;
    struct sl_str s = sl_strn(c->heap.p + c->cell[i].s.off, c->cell[i].s.len);
    size_t at = sl_str_hash(s) & 1023;
    while (slot[at] && !sl_str_eq(s, sl_strn(c->heap.p + dict[slot[at] - 1].off, dict[slot[at] - 1].len)))
      at = (at + 1) & 1023;
    if (!slot[at]) {
      if (*ndict == DICT_MAX || *ndict > 32 + i / 4)
        return false;
      dict[*ndict] = c->cell[i].s;
      slot[at] = (uint16_t)++*ndict;
    }
    code[i] = (uint8_t)(slot[at] - 1);
  }
  return *ndict > 0 && *ndict < n;
}

static void put_texts(struct sl_buf *o, const struct build_col *c, uint32_t n, struct col_head *h)
{
  uint8_t code[SL_BATCH_ROWS];
  struct span dict[DICT_MAX];
  uint32_t ndict;
  if (!dict_of(c, n, code, dict, &ndict)) {
    h->enc = ENC_TEXT;
    put_spans(o, &c->cell[0].s, sizeof c->cell[0], c->has, n, c->heap.p);
    return;
  }
  h->enc = ENC_DICT;
  h->base = ndict;
  put_spans(o, dict, sizeof dict[0], NULL, ndict, c->heap.p);
  put_array(o, code, n);
}

static int pair_cmp(const struct pair *x, const struct pair *y)
{
  int c = (x->row > y->row) - (x->row < y->row);
  return c ? c : (x->key > y->key) - (x->key < y->key);
}

/* Pairs by row and key; of a key set twice the later stays, so the sort must be stable: a merge, as qsort promises nothing. */
static int pairs_order(struct build_col *c, struct sl_err *err)
{
  bool sorted = true;
  for (size_t i = 1; i < c->npairs && sorted; i++)
    sorted = c->pairs[i].row > c->pairs[i - 1].row || c->pairs[i].key > c->pairs[i - 1].key;
  if (sorted)
    return SL_OK;
  struct pair *tmp = sl_alloc(c->npairs * sizeof *tmp);
  if (!tmp)
    return sl_err_nomem(err);
  for (size_t run = 1; run < c->npairs; run *= 2) {
    for (size_t lo = 0; lo < c->npairs; lo += 2 * run) {
      size_t mid = lo + run < c->npairs ? lo + run : c->npairs, hi = mid + run < c->npairs ? mid + run : c->npairs;
      size_t i = lo, j = mid, k = lo;
      while (i < mid || j < hi)
        tmp[k++] = j == hi || (i < mid && pair_cmp(&c->pairs[i], &c->pairs[j]) <= 0) ? c->pairs[i++] : c->pairs[j++];
    }
    memcpy(c->pairs, tmp, c->npairs * sizeof *tmp);
  }
  sl_free(tmp);
  size_t n = 0;
  for (size_t i = 0; i < c->npairs; i++) {
    bool again = i + 1 < c->npairs && c->pairs[i].row == c->pairs[i + 1].row && c->pairs[i].key == c->pairs[i + 1].key;
    if (!again)
      c->pairs[n++] = c->pairs[i];
  }
  c->npairs = n;
  return SL_OK;
}

static void put_pairs(struct sl_buf *o, const struct build_col *c, uint32_t rows, enum image_enc enc)
{
  size_t at = 0;
  sl_buf_le(o, 0, 4);
  for (uint32_t r = 0; r < rows; r++) {
    while (at < c->npairs && c->pairs[at].row == r)
      at++;
    sl_buf_le(o, at, 4);
  }
  pad(o);
  for (size_t i = 0; i < c->npairs; i++)
    sl_buf_le(o, c->pairs[i].key, 4);
  pad(o);
  if (enc == ENC_PAIRS_TEXT) {
    put_spans(o, c->npairs ? &c->pairs[0].v.s : NULL, sizeof c->pairs[0], NULL, c->npairs, c->heap.p);
    return;
  }
  for (size_t i = 0; i < c->npairs; i++)
    sl_buf_add(o, &c->pairs[i].v.f, sizeof(double));
}

static bool any_null(const struct build_col *c, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++)
    if (!c->has[i])
      return true;
  return false;
}

static bool all_null(const struct build_col *c, uint32_t n)
{
  return !n || !c->has || !memchr(c->has, 1, n);
}

static void put_col(struct sl_buf *o, const struct build_col *c, enum sl_type type, uint32_t n)
{
  struct col_head h = { .enc = ENC_NULL };
  size_t start = o->n;
  sl_buf_add(o, &h, sizeof h);
  if (type_is_family(type)) {
    if (c->npairs) {
      h.enc = type == SL_FAMILY_F64 ? ENC_PAIRS_F64 : ENC_PAIRS_TEXT;
      put_pairs(o, c, n, h.enc);
    }
  } else if (!all_null(c, n)) {
    h.nulls = any_null(c, n);
    if (h.nulls)
      put_bits(o, c->has, n, true);
    if (type == SL_BOOL) {
      uint8_t bits[SL_BATCH_ROWS];
      for (uint32_t i = 0; i < n; i++)
        bits[i] = c->has[i] && c->cell[i].i;
      h.enc = ENC_BITS;
      put_bits(o, bits, n, false);
    } else if (type == SL_I64 || type == SL_TIME) {
      h.enc = ENC_INT;
      put_ints(o, c, n, &h);
    } else if (type == SL_F64) {
      h.enc = ENC_F64;
      sl_buf_add(o, c->cell, n * sizeof *c->cell);
    } else {
      put_texts(o, c, n, &h);
    }
  }
  if (o->failed)
    return;
  h.len = (uint32_t)(o->n - start);
  memcpy(o->p + start, &h, sizeof h);
}

/* Numbers the keys that the batch uses from 0, rewrites the pairs to these numbers, and writes the names. */
struct local { uint32_t *slot; size_t nslot; uint32_t *global; size_t n, cap; };

static int local_key(struct local *l, uint32_t key, uint32_t *out, struct sl_err *err)
{
  if ((l->n + 1) * 2 > l->nslot) {
    size_t n = l->nslot ? l->nslot * 2 : 128;
    uint32_t *slot = sl_calloc(n, sizeof *slot);
    if (!slot)
      return sl_err_nomem(err);
    for (size_t e = 0; e < l->n; e++) {
      size_t i = l->global[e] * 0x9e3779b1u & (n - 1);
      while (slot[i])
        i = (i + 1) & (n - 1);
      slot[i] = (uint32_t)e + 1;
    }
    sl_free(l->slot);
    l->slot = slot;
    l->nslot = n;
  }
  size_t i = key * 0x9e3779b1u & (l->nslot - 1);
  for (; l->slot[i]; i = (i + 1) & (l->nslot - 1))
    if (l->global[l->slot[i] - 1] == key) {
      *out = l->slot[i] - 1;
      return SL_OK;
    }
  int rc = sl_grow((void **)&l->global, &l->cap, l->n + 1, sizeof *l->global, PAIRS_MAX, err);
  if (rc)
    return rc;
  l->global[l->n] = key;
  *out = (uint32_t)l->n++;
  l->slot[i] = *out + 1;
  return SL_OK;
}

static int pairs_localise(struct build *w, struct local *l, struct sl_err *err)
{
  for (size_t f = 0; f < sl_schema_count(w->schema); f++) {
    struct build_col *c = &w->cols[f];
    for (size_t i = 0; i < c->npairs; i++) {
      int rc = local_key(l, c->pairs[i].key, &c->pairs[i].key, err);
      if (rc)
        return rc;
    }
    int rc = c->npairs ? pairs_order(c, err) : SL_OK;
    if (rc)
      return rc;
  }
  return SL_OK;
}

static void put_keys(struct sl_buf *o, const struct build *w, const struct local *l)
{
  struct sl_keys *k = sl_schema_keys(w->schema);
  uint32_t at = 0;
  sl_buf_le(o, 0, 4);
  for (size_t i = 0; i < l->n; i++) {
    at += (uint32_t)sl_keys_name(k, l->global[i]).n;
    sl_buf_le(o, at, 4);
  }
  pad(o);
  for (size_t i = 0; i < l->n; i++)
    sl_buf_str(o, sl_keys_name(k, l->global[i]));
  pad(o);
}

static int image_write(struct sl_buf *o, struct build *w, struct sl_err *err)
{
  struct local l = { 0 };
  size_t ncols = sl_schema_count(w->schema);
  int rc = pairs_localise(w, &l, err);
  if (rc)
    goto out;
  struct image_head h = { .magic = IMAGE_MAGIC, .rows = w->rows, .ncols = (uint32_t)ncols, .nkeys = (uint32_t)l.n,
                          .flags = w->any_del ? IMAGE_HAS_DEL : 0 };
  sl_buf_add(o, &h, sizeof h);
  if (w->any_del)
    put_bits(o, w->del, w->rows, false);
  put_spans(o, w->id, sizeof *w->id, NULL, w->rows, w->ids.p);
  put_keys(o, w, &l);
  for (size_t i = 0; i < ncols; i++)
    put_col(o, &w->cols[i], sl_schema_col(w->schema, i)->type, w->rows);
  rc = sl_buf_check(o, err);
  if (rc)
    goto out;
  h.size = (uint32_t)o->n;
  memcpy(o->p, &h, sizeof h);
out:
  sl_free(l.slot);
  sl_free(l.global);
  return rc;
}

int sl_batch_seal(struct sl_batch *b, struct sl_err *err)
{
  struct build *w = b->build;
  if (!w)
    return SL_OK;
  if (w->why.code)
    return sl_err_set(err, w->why.code, "%s", w->why.msg);
  struct sl_buf o;
  sl_buf_init(&o, IMAGE_MAX);
  int rc = image_write(&o, w, err);
  if (rc) {
    sl_buf_free(&o);
    return rc;
  }
  size_t n;
  char *bytes = sl_buf_take(&o, &n), *tight = bytes ? sl_realloc(bytes, n + 1) : NULL; /* a NUL behind: regexec's checker wants one */
  if (!bytes)
    return sl_err_nomem(err);
  rc = image_open(&b->image, w->schema, tight ? tight : bytes, n, err);
  if (rc)
    return rc;
  build_free(w);
  b->build = NULL;
  return SL_OK;
}
