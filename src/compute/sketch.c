/* compute/sketch.c: sketches of numbers: made, fed, merged. */
#include "compute/sketch_int.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK = 1024, MANTISSA = 52 };
#define FRACTION_MASK ((UINT64_C(1) << SKETCH_FRACTION) - 1)
#define EXACT_WHOLE (INT64_C(1) << 53)

int sl_sketch_new(struct sl_sketch **out, enum sl_sketch_kind kind, bool distinct, struct sl_err *err)
{
  struct sl_sketch *s = *out = sl_calloc(1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  *s = (struct sl_sketch){ .kind = kind, .distinct = distinct || kind == SL_SKETCH_TEXT, .min = (double)INFINITY, .max = -(double)INFINITY,
                           .least = INT64_MAX, .greatest = INT64_MIN, .bound = UINT64_MAX };
  if (kind != SL_SKETCH_TEXT && !(s->slot = sl_calloc(SKETCH_SLOTS, sizeof *s->slot))) {
    sl_sketch_free(s);
    *out = NULL;
    return sl_err_nomem(err);
  }
  return SL_OK;
}

void sl_sketch_free(struct sl_sketch *s)
{
  if (!s)
    return;
  for (size_t i = 0; i < SKETCH_PAGES; i++)
    sl_free(s->page[i]);
  sl_free(s->odd_sum);
  sl_free(s->odd_square);
  sl_free(s->slot);
  sl_free(s->hll);
  sketch_text_free(s);
  sl_free(s);
}

uint64_t sketch_finite(const struct sl_sketch *s) { return s->rows - s->nulls - s->nans - s->plus_inf - s->minus_inf; }

/* ---- buckets ---- */

double sketch_edge(size_t page, size_t i)
{
  size_t e = page & 255;
  if (e == 0)
    return ldexp((double)i, -126 - 7);
  if (e == SKETCH_EXPONENTS)
    return i ? (double)INFINITY : 0x1p128;
  return ldexp((double)(SKETCH_PAGE + i), (int)e - 127 - 7);
}

static uint64_t bits_of(double x)
{
  uint64_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}

void sketch_place(double x, size_t *page, size_t *i)
{
  uint64_t u = bits_of(x);
  size_t e = u >> MANTISSA & 0x7ff, negative = (size_t)(u >> 63) << 8;
  *i = u >> SKETCH_FRACTION & (SKETCH_PAGE - 1);
  *page = negative | (e - SKETCH_BIAS);
  if (e <= SKETCH_BIAS) {
    *page = negative;
    *i = (size_t)ldexp(fabs(x), 126 + 7);
  } else if (e >= SKETCH_BIAS + SKETCH_EXPONENTS) {
    *page = negative | SKETCH_EXPONENTS;
    *i = 0;
  }
}

int sketch_page(struct sl_sketch *s, size_t page, struct sketch_bucket **out, struct sl_err *err)
{
  if (!s->page[page] && !(s->page[page] = sl_calloc(SKETCH_PAGE, sizeof **out)))
    return sl_err_nomem(err);
  *out = s->page[page];
  return SL_OK;
}

int sketch_odd(struct sl_sketch *s, struct sl_err *err)
{
  s->odd_sum = s->odd_sum ? s->odd_sum : sl_calloc(1, sizeof *s->odd_sum);
  s->odd_square = s->odd_square ? s->odd_square : sl_calloc(1, sizeof *s->odd_square);
  return s->odd_sum && s->odd_square ? SL_OK : sl_err_nomem(err);
}

static void bound(struct sl_sketch *s, double low, double high)
{
  s->min = low < s->min ? low : s->min;
  s->max = high > s->max ? high : s->max;
}

/* Whatever is no float of full precision: zero, NaN, infinities, the tiny and the huge. */
static int add_rare(struct sl_sketch *s, double x, struct sl_err *err)
{
  struct sketch_bucket *p;
  size_t page, i;
  if (isnan(x)) {
    s->nans++;
    return SL_OK;
  }
  if (isinf(x)) {
    *(x > 0 ? &s->plus_inf : &s->minus_inf) += 1;
    return SL_OK;
  }
  bound(s, x + 0.0, x + 0.0); /* -0 is 0 */
  if (x == 0) {
    s->zeros++;
    return SL_OK;
  }
  sketch_place(x, &page, &i);
  int rc = sketch_page(s, page, &p, err);
  rc = rc ? rc : sketch_odd(s, err);
  if (rc)
    return rc;
  p[i].n++;
  s->nodd++;
  sl_exact_add(s->odd_sum, x);
  sl_exact_add_square(s->odd_square, x);
  return SL_OK;
}

static int add_buckets(struct sl_sketch *s, const double *x, size_t n, struct sl_err *err)
{
  double lo = s->min, hi = s->max;
  int rc = SL_OK;
  for (size_t i = 0; i < n && !rc; i++) {
    uint64_t u = bits_of(x[i]), e = u >> MANTISSA & 0x7ff;
    if (e - (SKETCH_BIAS + 1) >= SKETCH_EXPONENTS - 1) {
      rc = add_rare(s, x[i], err);
      continue;
    }
    struct sketch_bucket *p = s->page[(u >> 63) << 8 | (e - SKETCH_BIAS)];
    if (!p && (rc = sketch_page(s, (u >> 63) << 8 | (e - SKETCH_BIAS), &p, err)))
      return rc;
    p += u >> SKETCH_FRACTION & (SKETCH_PAGE - 1);
    uint64_t fraction = u & FRACTION_MASK;
    p->low += fraction;
    p->n += 1 + ((uint64_t)(p->low < fraction) << 40);
    p->square += (sl_u128)fraction * fraction;
    lo = x[i] < lo ? x[i] : lo;
    hi = x[i] > hi ? x[i] : hi;
  }
  bound(s, lo, hi);
  return rc;
}

/* ---- different values ---- */

uint64_t sketch_hash_key(uint64_t key) { return sl_hll_mix(key); }

struct sketch_slot *sketch_slot(struct sketch_slot *slot, uint64_t key)
{
  for (size_t i = (size_t)(sketch_hash_key(key) % SKETCH_SLOTS);; i = (i + 1) % SKETCH_SLOTS)
    if (!slot[i].count || slot[i].key == key)
      return &slot[i];
}

int sketch_many(struct sl_sketch *s, struct sl_err *err)
{
  if (s->distinct && !s->hll && !(s->hll = sl_calloc(1, sizeof *s->hll)))
    return sl_err_nomem(err);
  for (size_t i = 0; s->slot && s->hll && i < SKETCH_SLOTS; i++)
    if (s->slot[i].count)
      sl_hll_add(s->hll, sketch_hash_key(s->slot[i].key));
  sl_free(s->slot);
  s->slot = NULL;
  s->nslot = 0;
  return SL_OK;
}

static int add_key(struct sl_sketch *s, uint64_t key, uint64_t count, struct sl_err *err)
{
  struct sketch_slot *at = sketch_slot(s->slot, key);
  if (!at->count && s->nslot == SL_SKETCH_VALUES) {
    int rc = sketch_many(s, err);
    if (!rc && s->hll)
      sl_hll_add(s->hll, sketch_hash_key(key));
    return rc;
  }
  s->nslot += !at->count;
  at->key = key;
  at->count += count;
  return SL_OK;
}

static int add_keys(struct sl_sketch *s, const uint64_t *key, size_t n, struct sl_err *err)
{
  int rc = SL_OK;
  size_t i = 0;
  for (; s->slot && i < n && !rc; i++)
    rc = add_key(s, key[i], 1, err);
  for (; s->hll && i < n && !rc; i++)
    sl_hll_add(s->hll, sketch_hash_key(key[i]));
  return rc;
}

static size_t finite_keys(const double *x, size_t n, uint64_t *key)
{
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    key[k] = bits_of(x[i] + 0.0);
    k += isfinite(x[i]) ? 1 : 0;
  }
  return k;
}

/* ---- feeding ---- */

static int room(struct sl_sketch *s, uint64_t n, struct sl_err *err)
{
  if (n > SL_SKETCH_ROWS_MAX - s->rows)
    return sl_err_set(err, SL_ELIMIT, "more than 2^38 rows");
  s->rows += n;
  return SL_OK;
}

static bool has(const uint64_t *valid, size_t i) { return !valid || (valid[i / 64] >> (i % 64) & 1); }

static int add_block(struct sl_sketch *s, const double *x, size_t n, struct sl_err *err)
{
  uint64_t key[BLOCK];
  int rc = add_buckets(s, x, n, err);
  return rc || (!s->slot && !s->hll) ? rc : add_keys(s, key, finite_keys(x, n, key), err);
}

int sl_sketch_add_f64(struct sl_sketch *s, const double *x, const uint64_t *valid, size_t n, struct sl_err *err)
{
  double some[BLOCK];
  int rc = room(s, n, err);
  for (size_t from = 0; from < n && !rc; from += BLOCK) {
    size_t to = n - from < BLOCK ? n : from + BLOCK, k = 0;
    for (size_t i = from; valid && i < to; i++) {
      some[k] = x[i];
      k += has(valid, i);
    }
    s->nulls += valid ? to - from - k : 0;
    rc = valid ? add_block(s, some, k, err) : add_block(s, x + from, to - from, err);
  }
  return rc;
}

int sl_sketch_add_f32(struct sl_sketch *s, const float *x, const uint64_t *valid, size_t n, struct sl_err *err)
{
  double some[BLOCK];
  int rc = room(s, n, err);
  for (size_t from = 0; from < n && !rc; from += BLOCK) {
    size_t to = n - from < BLOCK ? n : from + BLOCK, k = 0;
    for (size_t i = from; i < to; i++) {
      some[k] = (double)x[i];
      k += has(valid, i);
    }
    s->nulls += to - from - k;
    rc = add_block(s, some, k, err);
  }
  return rc;
}

int sl_sketch_add_i64(struct sl_sketch *s, const int64_t *x, const uint64_t *valid, size_t n, struct sl_err *err)
{
  double some[BLOCK];
  uint64_t key[BLOCK];
  int rc = room(s, n, err);
  for (size_t from = 0; from < n && !rc; from += BLOCK) {
    size_t to = n - from < BLOCK ? n : from + BLOCK, k = 0;
    for (size_t i = from; i < to; i++) {
      if (!has(valid, i))
        continue;
      s->least = x[i] < s->least ? x[i] : s->least;
      s->greatest = x[i] > s->greatest ? x[i] : s->greatest;
      key[k] = (uint64_t)x[i];
      some[k++] = (double)x[i];
    }
    s->nulls += to - from - k;
    rc = add_buckets(s, some, k, err);
    rc = rc ? rc : add_keys(s, key, k, err);
  }
  return rc;
}

int sl_sketch_add_nulls(struct sl_sketch *s, uint64_t n, struct sl_err *err)
{
  int rc = room(s, n, err);
  s->nulls += rc ? 0 : n;
  return rc;
}

int sl_sketch_add_text(struct sl_sketch *s, struct sl_str text, struct sl_err *err)
{
  struct sl_str head = sl_str_head(text, SL_SKETCH_TEXT_MAX);
  int rc = room(s, 1, err);
  rc = rc ? rc : sketch_text_bound(s, head, err);
  return rc ? rc : sketch_text_add(s, head, text.n, sketch_hash_text(text), 1, err);
}

/* ---- merging ---- */

static int merge_page(struct sl_sketch *s, size_t page, const struct sketch_bucket *from, struct sl_err *err)
{
  struct sketch_bucket *to;
  int rc = sketch_page(s, page, &to, err);
  for (size_t i = 0; i < SKETCH_PAGE && !rc; i++) {
    to[i].low += from[i].low;
    to[i].n += from[i].n + ((uint64_t)(to[i].low < from[i].low) << 40);
    to[i].square += from[i].square;
  }
  return rc;
}

static int merge_values(struct sl_sketch *s, const struct sl_sketch *other, struct sl_err *err)
{
  int rc = s->slot && !other->slot ? sketch_many(s, err) : SL_OK;
  if (!rc && s->hll && other->hll)
    sl_hll_merge(s->hll, other->hll);
  for (size_t i = 0; i < SKETCH_SLOTS && other->slot && !rc; i++) {
    if (!other->slot[i].count)
      continue;
    if (s->slot)
      rc = add_key(s, other->slot[i].key, other->slot[i].count, err);
    else if (s->hll)
      sl_hll_add(s->hll, sketch_hash_key(other->slot[i].key));
  }
  return rc;
}

static int merge_numbers(struct sl_sketch *s, const struct sl_sketch *other, struct sl_err *err)
{
  int rc = other->nodd ? sketch_odd(s, err) : SL_OK;
  for (size_t i = 0; i < SKETCH_PAGES && !rc; i++)
    if (other->page[i])
      rc = merge_page(s, i, other->page[i], err);
  if (!rc && other->nodd) {
    sl_exact_add_all(s->odd_sum, other->odd_sum);
    sl_exact_add_all(s->odd_square, other->odd_square);
  }
  s->nodd += other->nodd;
  bound(s, other->min, other->max);
  s->least = other->least < s->least ? other->least : s->least;
  s->greatest = other->greatest > s->greatest ? other->greatest : s->greatest;
  return rc ? rc : merge_values(s, other, err);
}

int sl_sketch_merge(struct sl_sketch *s, const struct sl_sketch *other, struct sl_err *err)
{
  if (s->kind != other->kind || s->distinct != other->distinct)
    return sl_err_set(err, SL_EUSAGE, "sketches of different kinds");
  int rc = room(s, other->rows, err);
  if (rc)
    return rc;
  s->nulls += other->nulls;
  s->nans += other->nans;
  s->plus_inf += other->plus_inf;
  s->minus_inf += other->minus_inf;
  s->zeros += other->zeros;
  return s->kind == SL_SKETCH_TEXT ? sketch_text_merge(s, other, err) : merge_numbers(s, other, err);
}
