/* compute/kern/kern.h: the inner loops of the tree engine, once a level of the processor: portable C, AVX2, AVX-512.
 *
 * All of them work on KERN_ROWS rows at a time and agree bit for bit: tests/unit/compute_kern.c compares every kernel of every level with
 * the C one. A bit of a row is bit r % 64 of word r / 64. Areas are 64-byte aligned. Nothing here allocates or fails. [any] */
#ifndef SL_COMPUTE_KERN_KERN_H
#define SL_COMPUTE_KERN_KERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KERN_ROWS = 512, KERN_WORDS = KERN_ROWS / 64, KERN_BITS = 8, KERN_CHUNK = 64, KERN_NEAR = 8 };

struct kern_image;             /* the loops of pictures: compute/kern/kern_image.h */

/* The rows in which something holds. */
struct kern_mask { _Alignas(64) uint64_t w[KERN_WORDS]; };

/* The thresholds of one feature, ascending, KERN_NEAR and twice `half` NaN behind them, since a search may look there. A value's rank is
 * how many of them lie below it (at or below it: strict), k + 1 for NaN. A table finds the few that may be near; where no table would leave
 * few, halving does. */
struct kern_rank {
  const void *t;               /* float or double */
  uint32_t k;
  bool strict;                 /* x < t is asked, else x <= t */
  uint32_t near;               /* 0: halving; else 1, 4 or KERN_NEAR: a bucket holds no more thresholds */
  const uint16_t *base;        /* of each bucket: how many thresholds lie in the ones before it */
  uint32_t buckets;
  double low, scale;           /* bucket of x: (x - low) * scale, in the values' own type */
  uint32_t half;               /* the first step of halving: a power of two, > k / 2; 0: none to look at */
};
/* The mask of one test `rank < below`, and what becomes of the rows that are missing or zero. */
struct kern_emit { uint16_t slot, below; uint8_t nan, zero; };           /* nan: left; zero: KERN_ZERO_* */
enum { KERN_ZERO_PLAIN, KERN_ZERO_LEFT, KERN_ZERO_RIGHT };
/* arena[dst] = arena[m] ? arena[l] ? arena[la] : arena[lb] : arena[r] ? arena[ra] : arena[rb], bit by bit; dst may be any of them. */
struct kern_op { uint16_t dst, m, l, la, lb, r, ra, rb; };

/* Two bytes into one index: base of the first, and what of the second counts there. */
struct kern_map { _Alignas(64) unsigned char base[256], keep[256]; };

struct kern {
  const char *name;            /* "c", "avx2", "avx512" */
  void (*rank_f32)(const struct kern_rank *r, const float *x, uint16_t *rank);
  void (*rank_f64)(const struct kern_rank *r, const double *x, uint16_t *rank);
  /* hot[rank[r]] gets the bit of row r; hot was zero. */
  void (*spread)(const uint16_t *rank, struct kern_mask *hot);
  /* hot[0..k+1] as spread() left it becomes zero again; emits ascend by below. zero: rows that are zero, NULL where no emit asks. */
  void (*scan)(struct kern_mask *hot, uint32_t k, const struct kern_emit *e, size_t n, const struct kern_mask *zero,
               struct kern_mask *arena);
  /* out: the rows of any of these. */
  void (*any)(const struct kern_mask *hot, const uint16_t *which, size_t n, struct kern_mask *out);
  /* One after the other. The first ones hardly read what was just written, which lets them take larger steps. */
  void (*mux)(struct kern_mask *arena, const struct kern_op *ops, size_t first, size_t n);
  /* idx[r]: bit b is that of row r in arena[bits[b]]. */
  void (*index)(const struct kern_mask *arena, const uint16_t *bits, unsigned char *idx);
  /* idx[r] = map->base[idx[r]] | (more[r] & map->keep[idx[r]]) */
  void (*remap)(const struct kern_map *map, const unsigned char *more, unsigned char *idx);
  /* Brings 2^nbits values into the order that add wants: kern_table_size() bytes. */
  void (*pack_f32)(const float *values, unsigned nbits, void *table);
  void (*pack_f64)(const double *values, unsigned nbits, void *table);
  /* sum[place[r]] += values[idx[r]] */
  void (*add_f32)(const void *table, unsigned nbits, const unsigned char *idx, float *sum);
  void (*add_f64)(const void *table, unsigned nbits, const unsigned char *idx, double *sum);
  const unsigned char *place_f32, *place_f64;  /* where in its chunk of KERN_CHUNK a row's sum stands */
  /* What costs how much, in operations of mux: a second byte and its map; a table of so many bits beyond what one of few costs. Measured
   * (tests/bench/bench_kern.c); answers do not depend on it. */
  uint16_t cost_two, cost_f32[KERN_BITS + 1], cost_f64[KERN_BITS + 1];
  const struct kern_image *image;
};

/* The best level that this processor has; SLUICE_CPU (c, avx2, avx512) lowers it. */
const struct kern *kern_best(void);
bool kern_use(const char *name);                         /* from now on kern_best() is this one; false: kern_level() has it not */
const struct kern *kern_level(const char *name);         /* NULL: no such level, or not on this processor */
/* Bytes of a table of 2^nbits values of so many bytes each; a multiple of 64. */
static inline size_t kern_table_size(unsigned nbits, size_t value) { return ((size_t)1 << (nbits < 6 ? 6 : nbits)) * value; }

/* The levels themselves. */
extern const struct kern kern_c;
#if defined(__x86_64__)
extern const struct kern kern_avx2, kern_avx512;
#endif
/* What levels share: no vector instruction would make them faster. */
void kern_spread(const uint16_t *rank, struct kern_mask *hot);
void kern_remap(const struct kern_map *map, const unsigned char *more, unsigned char *idx);
extern const unsigned char kern_place[KERN_CHUNK];       /* each row at its own place */
void kern_halve_f32(const struct kern_rank *r, const float *x, uint16_t *rank);
void kern_halve_f64(const struct kern_rank *r, const double *x, uint16_t *rank);
#if defined(__x86_64__)
/* Ranks from buckets, where r->near is not 0. */
void kern_avx2_near_f32(const struct kern_rank *r, const float *x, const uint32_t *bucket, uint16_t *rank);
void kern_avx2_near_f64(const struct kern_rank *r, const double *x, const uint32_t *bucket, uint16_t *rank);
#endif
/* Which bucket a value falls into: never a lower one than a lower value. NaN: the first. */
uint32_t kern_bucket_f32(const struct kern_rank *r, float x);
uint32_t kern_bucket_f64(const struct kern_rank *r, double x);
/* The rank of a single value. */
uint16_t kern_rank_one_f32(const struct kern_rank *r, float x);
uint16_t kern_rank_one_f64(const struct kern_rank *r, double x);

#endif
