/* compute/npy.h: numpy's arrays as data: what stands in an .npy file, in a pickle, behind joblib's wrapper.
 *
 * Values are never converted in bulk: an array is a type, a shape and the bytes as they lie in the file, and each value is taken out of
 * them when it is wanted, of either byte order and at any alignment. Nothing here owns anything but what lies in the caller's arena. */
#ifndef SL_COMPUTE_NPY_H
#define SL_COMPUTE_NPY_H

#include "base/mem.h"
#include "base/str.h"

enum { NPY_DIMS = 8, NPY_FIELDS_MAX = 64, NPY_SIZE_MAX = 1 << 20, NPY_HEADER_MAX = 1 << 20 };
/* kind is numpy's letter: b bool, i u whole numbers, f floats (2, 4, 8 bytes), U S texts, O objects, V records (with fields) and bare
 * bytes. */
struct npy_field;
struct npy_type { char kind; bool big; size_t size; struct npy_field *fields; size_t nfields; };
struct npy_field { struct sl_str name; struct npy_type type; size_t at; };
struct npy {
  struct npy_type type;
  size_t shape[NPY_DIMS]; unsigned dims;
  size_t n;                    /* values: the product of the shape; 1 without dimensions */
  bool fortran;                /* the first index runs fastest */
  struct sl_str raw;           /* n * type.size bytes; borrowed */
};

/* "<f8", "|b1", "i4", ">U12": false when it is none that is known here. */
bool npy_type_parse(struct npy_type *out, struct sl_str s);
/* The product of the shape into n; false: too many values to lie in max bytes. */
bool npy_count(struct npy *a, size_t max);
/* An .npy file of version 1, 2 or 3. Objects are refused (EUNSUP): they would be a pickle. why is said without the file's name. */
int npy_read(struct npy *out, struct sl_str bytes, struct sl_arena *arena, struct sl_err *err) SL_NODISCARD;

/* Value i, counted with the last index running fastest, whatever the order in memory. No number: NaN, 0. i < n. */
double npy_f64(const struct npy *a, size_t i);
int64_t npy_i64(const struct npy *a, size_t i);
bool npy_is_number(const struct npy_type *t);
/* Where value i begins in raw. */
size_t npy_at(const struct npy *a, size_t i);
/* A field of a record, NULL: no such. Then its value in record i. */
const struct npy_field *npy_field(const struct npy_type *t, const char *name);
double npy_field_f64(const struct npy *a, const struct npy_field *f, size_t i);
int64_t npy_field_i64(const struct npy *a, const struct npy_field *f, size_t i);
/* U and S as UTF-8, without the zeros behind; in the arena. ENOMEM; EPARSE: no character. */
int npy_text(const struct npy *a, size_t i, struct sl_arena *arena, struct sl_str *out, struct sl_err *err) SL_NODISCARD;

#endif
