/* box/guard.h: what the box does to itself before it looks at a byte from outside; private to this folder. */
#ifndef SL_BOX_GUARD_H
#define SL_BOX_GUARD_H

#include "box/box.h"
#include "box/wire.h"

enum { GUARD_FACTS = 12 };
struct guard {
  const struct wire_hello *hello;
  const char *scratch;         /* the only place where it may write; NULL: nowhere */
  bool user_ns;                /* its own user namespace */
  struct sl_box_fact fact[GUARD_FACTS];
  size_t nfacts;
};

/* Two halves: before the engine is loaded (namespaces, limits, capabilities), and after it (Landlock, seccomp: no code comes in from then
 * on). What the kernel refuses is a fact and no error; what would leave the box open altogether is one. */
int guard_before(struct guard *g, struct sl_err *err) SL_NODISCARD;
int guard_shut(struct guard *g, struct sl_err *err) SL_NODISCARD;

/* Beyond GUARD_FACTS none is kept. name, advice: constants; advice NULL: none is needed. */
void guard_fact(struct guard *g, const char *name, bool ok, const char *advice, const char *fmt, ...) SL_PRINTF(5, 6);

/* Single walls, each with its fact. */
void guard_namespaces(struct guard *g);
int guard_limits(struct guard *g, struct sl_err *err) SL_NODISCARD;
int guard_capabilities(struct guard *g, struct sl_err *err) SL_NODISCARD;
int guard_landlock(struct guard *g, struct sl_err *err) SL_NODISCARD;
int guard_seccomp(struct guard *g, struct sl_err *err) SL_NODISCARD;

#endif
