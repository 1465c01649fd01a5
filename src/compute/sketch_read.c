/* compute/sketch_read.c: a file of sketches, which may come from anybody: taken only if the writer could have written these very bytes, so
 * counts add up, sums are possible, everything is in its order. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/sketch_file.h"
#include "compute/varint.h"

struct in { struct sl_rd r; const unsigned char *from; uint64_t rows; struct sl_err *err; };

static int bad(const struct in *in, const char *why)
{
  return sl_err_set(in->err, SL_EPARSE, "no file of sketches: byte %zu: %s", (size_t)(in->r.p - in->from), why);
}

static bool take_wide(struct in *in, sl_u128 max, sl_u128 *out) { return varint_take_wide(&in->r, max, out); }
static bool take(struct in *in, uint64_t max, uint64_t *out) { return varint_take(&in->r, max, out); }
static bool take_str(struct in *in, size_t max, struct sl_str *out) { return varint_take_str(&in->r, max, out); }
static double take_f64(struct in *in) { return varint_take_f64(&in->r); }

static int take_name(struct in *in, char **out)
{
  struct sl_str s;
  if (!take_str(in, SKETCH_NAME_MAX, &s) || memchr(s.n ? s.p : "", 0, s.n))
    return bad(in, "a name");
  *out = sl_strndup(s.n ? s.p : "", s.n);
  return *out ? SL_OK : sl_err_nomem(in->err);
}

/* ---- numbers ---- */

static int take_exact(struct in *in, struct sl_exact *s)
{
  return varint_take_exact(&in->r, s) ? SL_OK : bad(in, "an exact sum");
}

/* Sums of so many fractions below 2^45, and of their squares: between n (low / n)^2 and low times the greatest. */
static bool possible(uint64_t n, sl_u128 low, sl_u128 square)
{
  sl_u128 greatest = ((sl_u128)1 << SKETCH_FRACTION) - 1;
  return low <= n * greatest && square <= low * greatest && square >= low * (low / n);
}

static int take_bucket(struct in *in, bool plain, struct sketch_bucket *b, uint64_t *sum)
{
  sl_u128 low = 0;
  uint64_t n;
  if (!take(in, in->rows - *sum, &n) || !n)
    return bad(in, "a count that does not add up");
  if (plain && (!take_wide(in, ~(sl_u128)0, &low) || !take_wide(in, ~(sl_u128)0, &b->square) || !possible(n, low, b->square)))
    return bad(in, "sums that no values have");
  b->n = n | (uint64_t)(low >> 64) << 40;
  b->low = (uint64_t)low;
  *sum += n;
  return SL_OK;
}

static int take_page(struct in *in, struct sl_sketch *s, size_t page, uint64_t *sum)
{
  struct sketch_bucket *b;
  uint64_t used, skip, at = 0;
  int rc = sketch_page(s, page, &b, in->err);
  if (rc)
    return rc;
  if (!take(in, SKETCH_PAGE, &used) || !used)
    return bad(in, "a page of buckets");
  for (uint64_t k = 0; k < used && !rc; k++) {
    if (!take(in, SKETCH_PAGE - 1, &skip) || at + skip >= SKETCH_PAGE)
      return bad(in, "a bucket");
    at += skip;
    if ((page & 255) == SKETCH_EXPONENTS && at)
      return bad(in, "a bucket beyond the greatest float");
    rc = take_bucket(in, sketch_plain(page), &b[at++], sum);
  }
  return rc;
}

static int take_buckets(struct in *in, struct sl_sketch *s)
{
  uint64_t used, skip, at = 0, sum = 0, odd = 0;
  if (!take(in, SKETCH_PAGES, &used))
    return bad(in, "the number of pages");
  for (uint64_t k = 0; k < used; k++) {
    if (!take(in, SKETCH_PAGES - 1, &skip) || at + skip >= SKETCH_PAGES)
      return bad(in, "a page");
    at += skip;
    uint64_t before = sum;
    int rc = take_page(in, s, (size_t)at, &sum);
    if (rc)
      return rc;
    odd += sketch_plain((size_t)at++) ? 0 : sum - before;
  }
  if (sum + s->zeros != sketch_finite(s) || odd != s->nodd)
    return bad(in, "counts of buckets that do not add up");
  if (!odd)
    return SL_OK;
  int rc = sketch_odd(s, in->err);
  rc = rc ? rc : take_exact(in, s->odd_sum);
  return rc ? rc : take_exact(in, s->odd_square);
}

static int take_bounds(struct in *in, struct sl_sketch *s)
{
  if (!sketch_finite(s))
    return SL_OK;
  s->min = take_f64(in);
  s->max = take_f64(in);
  if (in->r.bad || !isfinite(s->min) || !isfinite(s->max) || s->min > s->max || (s->min == 0 && signbit(s->min)) ||
      (s->max == 0 && signbit(s->max)))
    return bad(in, "bounds");
  if (s->kind != SL_SKETCH_WHOLE)
    return SL_OK;
  s->least = (int64_t)sl_rd_le(&in->r, 8);
  s->greatest = (int64_t)sl_rd_le(&in->r, 8);
  bool fit = (double)s->least <= s->min && (double)s->least >= s->min && (double)s->greatest <= s->max && (double)s->greatest >= s->max;
  return in->r.bad || s->least > s->greatest || !fit ? bad(in, "integer bounds") : SL_OK;
}

/* The bounds lie in the outermost buckets. */
static int check_bounds(struct in *in, const struct sl_sketch *s)
{
  struct sl_sketch_bin *b;
  size_t n;
  int rc = sl_sketch_bins(s, &b, &n, in->err);
  if (!rc && n && !(b[0].low <= s->min && s->min <= b[0].high && b[n - 1].low <= s->max && s->max <= b[n - 1].high))
    rc = bad(in, "bounds outside the buckets");
  sl_free(b);
  return rc;
}

static int take_slots(struct in *in, struct sl_sketch *s)
{
  uint64_t n, count, sum = 0, last = 0;
  if (!take(in, SL_SKETCH_VALUES, &n))
    return bad(in, "the number of values");
  for (uint64_t i = 0; i < n; i++) {
    uint64_t key = sl_rd_le(&in->r, 8);
    if (!take(in, sketch_finite(s) - sum, &count) || !count || (i && key <= last))
      return bad(in, "a value");
    *sketch_slot(s->slot, key) = (struct sketch_slot){ .key = key, .count = count };
    double x;
    memcpy(&x, &key, sizeof x);
    x = s->kind == SL_SKETCH_WHOLE ? (double)(int64_t)key : x;
    if (!(x >= s->min && x <= s->max) || (s->kind == SL_SKETCH_FLOAT && x == 0 && key))
      return bad(in, "a value outside the bounds");
    last = key;
    sum += count;
  }
  s->nslot = (size_t)n;
  return sum == sketch_finite(s) ? SL_OK : bad(in, "counts of values that do not add up");
}

static int take_hll(struct in *in, struct sl_sketch *s)
{
  struct sl_str raw = sl_rd_bytes(&in->r, SL_HLL_REGISTERS);
  if (in->r.bad)
    return bad(in, "it ends within the count of different values");
  s->hll = sl_calloc(1, sizeof *s->hll);
  if (!s->hll)
    return sl_err_nomem(in->err);
  memcpy(s->hll->reg, raw.p, sizeof s->hll->reg);
  for (size_t i = 0; i < SL_HLL_REGISTERS; i++)
    if (s->hll->reg[i] > SL_HLL_RANK_MAX)
      return bad(in, "a register of the count of different values");
  return SL_OK;
}

static int take_number(struct in *in, struct sl_sketch *s)
{
  uint64_t *const counts[] = { &s->nans, &s->plus_inf, &s->minus_inf, &s->zeros, &s->nodd }, sum = s->nulls, has;
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++, sum += i <= 4 ? *counts[i - 1] : 0)
    if (!take(in, s->rows - sum, counts[i]) || (s->kind == SL_SKETCH_WHOLE && i < 3 && *counts[i]))
      return bad(in, "a count");
  int rc = take_bounds(in, s);
  rc = rc ? rc : take_buckets(in, s);
  rc = rc ? rc : check_bounds(in, s);
  if (rc)
    return rc;
  if (!take(in, SKETCH_HAS_HLL, &has) || (has == SKETCH_HAS_HLL && !s->distinct) || (has == SKETCH_HAS_NOTHING && s->distinct))
    return bad(in, "how different values are counted");
  if (has == SKETCH_HAS_VALUES)
    return take_slots(in, s);
  sl_free(s->slot);
  s->slot = NULL;
  return has == SKETCH_HAS_HLL ? take_hll(in, s) : SL_OK;
}

/* ---- texts ---- */

static int after(struct sl_str a, uint64_t full_a, struct sl_str b, uint64_t full_b)
{
  int c = memcmp(a.n ? a.p : "", b.n ? b.p : "", a.n < b.n ? a.n : b.n);
  c = c ? c : a.n < b.n ? -1 : a.n > b.n;
  return c ? c > 0 : full_a >= full_b;
}

static int take_text(struct in *in, struct sl_sketch *s, uint64_t *sum, bool last)
{
  struct sl_str head;
  uint64_t beyond, count, hash;
  if (!take_str(in, SL_SKETCH_TEXT_MAX, &head) || !take(in, UINT32_MAX, &beyond) || (beyond && head.n < SL_SKETCH_TEXT_MAX))
    return bad(in, "a text");
  hash = beyond ? sl_rd_le(&in->r, 8) : sketch_hash_text(head);
  if (!take(in, sketch_finite(s) - *sum, &count) || !count || hash > s->bound)
    return bad(in, "the count of a text");
  const struct sketch_text *t = s->ntext ? &s->text[s->ntext - 1] : NULL;
  if (t && !after(head, head.n + beyond, sl_strn(t->p, t->n), t->full))
    return bad(in, "texts out of order");
  struct sl_str least = sl_strn(s->text_min, s->text_min_n), most = sl_strn(s->text_max, s->text_max_n);
  if (!after(head, 1, least, 0) || !after(most, 1, head, 0) || (!s->hll && !t && !after(least, 1, head, 0)) ||
      (!s->hll && last && !after(head, 1, most, 0)))
    return bad(in, "a text outside the bounds");
  size_t before = s->ntext;
  struct sl_hll *hll = s->hll;
  s->hll = NULL; /* it knows this one */
  int rc = sketch_text_add(s, head, head.n + beyond, hash, count, in->err);
  s->hll = hll;
  *sum += count;
  return rc ? rc : s->ntext == before ? bad(in, "a text twice") : SL_OK;
}

static int take_texts(struct in *in, struct sl_sketch *s)
{
  struct sl_str least, most;
  uint64_t has, n, sum = 0;
  if (sketch_finite(s)) {
    if (!take_str(in, SL_SKETCH_TEXT_MAX, &least) || !take_str(in, SL_SKETCH_TEXT_MAX, &most) || !after(most, 1, least, 0))
      return bad(in, "the first and the last text");
    int rc = sketch_text_bound(s, least, in->err);
    rc = rc ? rc : sketch_text_bound(s, most, in->err);
    if (rc)
      return rc;
  }
  if (!take(in, SKETCH_HAS_HLL, &has) || has == SKETCH_HAS_NOTHING)
    return bad(in, "how different texts are counted");
  int rc = has == SKETCH_HAS_HLL ? take_hll(in, s) : SL_OK;
  if (!rc && s->hll)
    s->bound = sl_rd_le(&in->r, 8);
  if (!rc && (!take(in, SL_SKETCH_TEXTS, &n) || (s->hll && n != SL_SKETCH_TEXTS)))
    rc = bad(in, "the number of texts");
  for (uint64_t i = 0; !rc && i < n; i++)
    rc = take_text(in, s, &sum, i + 1 == n);
  if (!rc && (s->hll ? sum > sketch_finite(s) : sum != sketch_finite(s)))
    rc = bad(in, "counts of texts that do not add up");
  return rc;
}

/* ---- columns ---- */

static int take_column(struct in *in, struct sl_sketch_column *c)
{
  uint64_t is, flags, kind, distinct, rows, nulls;
  int rc = take_name(in, &c->name);
  rc = rc ? rc : take_name(in, &c->type);
  if (rc)
    return rc;
  if (!take(in, SL_SKETCH_CLASSES - 1, &is) || !take(in, 3, &flags) || !take(in, SL_SKETCH_TEXT, &kind) || !take(in, 1, &distinct) ||
      !take(in, in->rows, &rows) || rows != in->rows || !take(in, rows, &nulls) || (kind == SL_SKETCH_TEXT && !distinct))
    return bad(in, "the head of a column");
  c->is = (enum sl_sketch_class)is;
  c->whole = flags & 1;
  c->narrow = flags & 2;
  rc = sl_sketch_new(&c->s, (enum sl_sketch_kind)kind, distinct, in->err);
  if (rc)
    return rc;
  c->s->rows = rows;
  c->s->nulls = nulls;
  return kind == SL_SKETCH_TEXT ? take_texts(in, c->s) : take_number(in, c->s);
}

bool sl_sketches_is(struct sl_str bytes) { return sl_str_starts(bytes, SL_STR(SKETCH_MAGIC)); }

static int take_head(struct in *in, uint64_t *n)
{
  uint64_t version;
  if (!take(in, UINT64_MAX, &version))
    return bad(in, "the version");
  if (version != SKETCH_VERSION)
    return sl_err_set(in->err, SL_EUNSUP, "a file of sketches of version %llu; this program knows version %d", (unsigned long long)version,
                      SKETCH_VERSION);
  if (!take(in, SL_SKETCH_ROWS_MAX, &in->rows) || !take(in, SL_SKETCHES_MAX, n))
    return bad(in, "the number of rows or columns");
  return SL_OK;
}

int sl_sketches_read(struct sl_sketches *out, struct sl_str bytes, struct sl_err *err)
{
  struct in in = { .r = sl_rd(bytes), .from = (const unsigned char *)bytes.p, .err = err };
  size_t cap = 0;
  uint64_t n = 0;
  *out = (struct sl_sketches){ .at = NULL };
  if (!sl_sketches_is(bytes))
    return sl_err_set(err, SL_EPARSE, "no file of sketches: it does not begin with %s", SKETCH_MAGIC);
  (void)sl_rd_bytes(&in.r, sizeof SKETCH_MAGIC - 1);
  int rc = take_head(&in, &n);
  while (!rc && out->n < n) {
    rc = sl_grow((void **)&out->at, &cap, out->n + 1, sizeof *out->at, SL_SKETCHES_MAX, err);
    if (rc)
      break;
    out->at[out->n] = (struct sl_sketch_column){ .name = NULL };
    rc = take_column(&in, &out->at[out->n++]);
  }
  out->rows = in.rows;
  if (!rc && in.r.p != in.r.end)
    rc = bad(&in, "more than there should be");
  if (rc)
    sl_sketches_free(out);
  return rc;
}
