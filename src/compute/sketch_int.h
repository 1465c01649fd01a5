/* compute/sketch_int.h: the inside of a sketch. */
#ifndef SL_COMPUTE_SKETCH_INT_H
#define SL_COMPUTE_SKETCH_INT_H

#include "compute/exact_sum.h"
#include "compute/hll.h"
#include "compute/sketch.h"

/* A page is an octave of one sign: 256 * (negative) + the exponent that a float has. Pages of exponents that a float lacks (0: nearer to
 * zero than 2^-126; 255: 2^128 and beyond) hold counts alone; sums of those odd values are kept apart. */
enum { SKETCH_PAGES = 512, SKETCH_PAGE = 128, SKETCH_FRACTION = 45, SKETCH_SLOTS = 2 * SL_SKETCH_VALUES, SKETCH_BIAS = 896,
       SKETCH_EXPONENTS = 255 };

/* A value is (top * 2^45 + fraction) * 2^(exponent - 52), top from 128 to 255. Up to 2^38 fractions below 2^45 fit into 83 bits: the upper
 * ones count above the values. */
struct sketch_bucket {
  uint64_t n;                  /* low 40 bits: values; above: carries of low */
  uint64_t low;                /* sum of fractions */
  sl_u128 square;              /* sum of their squares */
};
#define SKETCH_N_MASK ((UINT64_C(1) << 40) - 1)
/* How many values; the whole sum of their fractions, carries and all. */
static inline uint64_t sketch_n(const struct sketch_bucket *b) { return b->n & SKETCH_N_MASK; }
static inline sl_u128 sketch_low(const struct sketch_bucket *b) { return (sl_u128)(b->n >> 40) << 64 | b->low; }

/* Few values: open addressing; count 0: free. key: bits of a double, or an integer. */
struct sketch_slot { uint64_t key, count; };

struct sketch_text { uint64_t hash, count, full; char *p; uint32_t n; };   /* full: bytes before it was cut */

struct sl_sketch {
  enum sl_sketch_kind kind;
  bool distinct;
  uint64_t rows, nulls, nans, plus_inf, minus_inf, zeros;
  double min, max;             /* no finite value: infinite the wrong way */
  int64_t least, greatest;
  struct sketch_bucket *page[SKETCH_PAGES];
  uint64_t nodd;
  struct sl_exact *odd_sum, *odd_square;       /* NULL: no odd value */
  struct sketch_slot *slot; size_t nslot;      /* NULL: too many values */
  struct sl_hll *hll;          /* NULL: counted exactly, or not at all */
  /* texts */
  struct sketch_text *text; size_t ntext, cap_text;
  uint32_t *find; size_t nfind;                /* hash -> index + 1 */
  uint64_t seed;               /* of places in find */
  uint64_t bound;              /* texts with a greater hash are not kept */
  char *text_min, *text_max; size_t text_min_n, text_max_n;
};

double sketch_edge(size_t page, size_t i);     /* magnitude at which bucket i begins; i up to SKETCH_PAGE */
/* Every finite value's page and bucket. */
void sketch_place(double x, size_t *page, size_t *i);
int sketch_page(struct sl_sketch *s, size_t page, struct sketch_bucket **out, struct sl_err *err) SL_NODISCARD;
int sketch_odd(struct sl_sketch *s, struct sl_err *err) SL_NODISCARD;   /* room for sums of odd values */
uint64_t sketch_hash_key(uint64_t key);
struct sketch_slot *sketch_slot(struct sketch_slot *slot, uint64_t key);   /* where it is, or would be */
int sketch_many(struct sl_sketch *s, struct sl_err *err) SL_NODISCARD;  /* few values become a HyperLogLog */
uint64_t sketch_hash_text(struct sl_str text);
/* count more rows with a text whose head, full length and hash are these. */
int sketch_text_add(struct sl_sketch *s, struct sl_str head, uint64_t full, uint64_t hash, uint64_t count, struct sl_err *err) SL_NODISCARD;
int sketch_text_bound(struct sl_sketch *s, struct sl_str head, struct sl_err *err) SL_NODISCARD;
int sketch_text_merge(struct sl_sketch *s, const struct sl_sketch *other, struct sl_err *err) SL_NODISCARD;
int sketch_text_tidy(struct sl_sketch *s, struct sl_err *err) SL_NODISCARD;  /* at most SL_SKETCH_TEXTS, sorted by bytes */
int sketch_text_order(const struct sketch_text *a, const struct sketch_text *b);   /* by bytes, then what tells cut ones apart */
void sketch_text_free(struct sl_sketch *s);
/* The different values as bins of one value each where they are few, else the buckets. */
int sketch_few_bins(const struct sl_sketch *s, struct sl_sketch_bin **out, size_t *n, struct sl_err *err) SL_NODISCARD;
uint64_t sketch_finite(const struct sl_sketch *s);

#endif
