/* compute/pickle_int.h: the interpreter's own state, shared by its two files; private to this folder. */
#ifndef SL_COMPUTE_PICKLE_INT_H
#define SL_COMPUTE_PICKLE_INT_H

#include "compute/pickle.h"

struct pk_vm {
  struct pk_doc *d;
  struct sl_err *err;
  const char *from, *p, *end;  /* the whole file; the next byte */
  const char *op;              /* the opcode being carried out */
  struct pk **stack; size_t n, cap;
  size_t *mark; size_t nmarks, marks_cap;
  struct pk **memo; size_t nmemo, memo_cap;
  uint64_t ops;
  unsigned inner;              /* how deep: an array of objects of joblib's is a pickle within */
};

/* Always the code: "FILE: byte N: ...". The first one stands. */
int pk_bad(const struct pk_vm *vm, int code, const char *fmt, ...) SL_PRINTF(3, 4);
struct sl_str pk_take(struct pk_vm *vm, size_t n);            /* the next n bytes; none: the file ends, err is set */
/* One pickle from p up to its STOP, in a machine of its own; p moves behind it. */
int pk_run(struct pk_vm *vm, struct pk **out) SL_NODISCARD;

/* ---- pickle_make.c: the only things that a class or a function may become ---- */
int pk_make(struct pk_vm *vm, struct pk *callable, struct pk *args, struct pk **out) SL_NODISCARD;       /* REDUCE */
int pk_instance(struct pk_vm *vm, struct pk *cls, struct pk *args, struct pk **out) SL_NODISCARD;        /* NEWOBJ */
int pk_build(struct pk_vm *vm, struct pk *target, struct pk *state) SL_NODISCARD;                        /* BUILD */

#endif
