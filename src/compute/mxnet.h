/* compute/mxnet.h: MXNet's file of arrays (mx.nd.save), as data: what SageMaker's own algorithms leave behind.
 *
 * Layout, little-endian: u64 0x112, u64 0, u64 how many, the arrays, u64 how many names (none, or one each), each u64 length and bytes. An
 * array: u32 0xf993fac9 (with a storage type, i32: 0 is dense) or 0xf993faca (numpy's shapes) or 0xf993fac8 (without it); i32 dimensions,
 * i64 each; i32 and i32 where it lay; i32 type; its values. Before there was a magic word: u32 dimensions, u32 each. */
#ifndef SL_COMPUTE_MXNET_H
#define SL_COMPUTE_MXNET_H

#include "base/mem.h"
#include "base/str.h"

enum { MX_DIMS = 4, MX_ARRAYS_MAX = 1 << 16 };
enum mx_type { MX_F32, MX_F64, MX_F16, MX_U8, MX_I32, MX_I8, MX_I64 };
struct mx_array {
  struct sl_str name;          /* none: the file has no names */
  enum mx_type type;
  size_t shape[MX_DIMS]; unsigned dims;
  size_t n;                    /* values: the product of the shape */
  struct sl_str raw;           /* borrowed from the file */
};
struct mx_file { struct mx_array *at; size_t n; };             /* in the arena */

bool mx_is(struct sl_str bytes);                               /* begins like such a file: its first 16 bytes */
/* EPARSE, EUNSUP, ELIMIT: "FILE: byte N: why". */
int mx_read(struct mx_file *out, struct sl_str bytes, const char *file, struct sl_arena *arena, struct sl_err *err) SL_NODISCARD;
const struct mx_array *mx_find(const struct mx_file *f, const char *name);     /* NULL: no such */
double mx_f64(const struct mx_array *a, size_t i);             /* value i < n */

#endif
