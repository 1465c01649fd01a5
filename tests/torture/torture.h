/* tests/torture/torture.h: one scenario again and again, each time with another allocation or system call failing.
 *
 * A scenario has a part that is harmed (run) between parts that are not. Whatever fails in it,
     it must come back with SL_OK or an error that
 * says something, leave nothing behind (sl_alloc_live()), and `after` must find the world whole. 25 sites a scenario, chosen by a seed that
 * is printed (SLUICE_TORTURE_SEED chooses it again); all of them with SLUICE_TORTURE=exhaustive or =all, or where `always` says so. */
#ifndef SL_TESTS_TORTURE_H
#define SL_TESTS_TORTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct torture {
  const char *name;
  bool always;                                   /* every site, each time: audit, approval, host keys, TLS */
  void (*before)(void);                          /* unharmed; may be NULL */
  int (*run)(struct sl_err *err);                /* harmed */
  void (*after)(int rc, bool harmed);            /* unharmed: the world is whole, and says what rc says; may be NULL */
  void (*finish)(void);                          /* unharmed: gives everything back; may be NULL */
};
/* Fails the cmocka test that calls it, naming the site. */
void torture(const struct torture *t);

#endif
