/* tests/unit/oom_test.h: a piece of work with every one of its allocations failing in turn, and all behind it: out of memory each time,
 * and nothing left behind. For tests named *_oom.c: only builds with fault injection (the preset `dev`) have them. */
#ifndef SL_OOM_TEST_H
#define SL_OOM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

/* name: of what is worked on, for messages. at_least: fewer allocations than that are no test. */
static void oom_each(const char *name, int (*work)(void *user, struct sl_err *err), void *user, long at_least)
{
  struct sl_err err = { 0 };
  uint64_t from = sl_alloc_count();
  if (work(user, &err))
    fail_msg("%s: %s", name, err.msg);
  long n = (long)(sl_alloc_count() - from);
  assert_true(n > at_least);
  for (long i = 0; i < n; i++) {
    int64_t live = sl_alloc_live();
    err = (struct sl_err){ 0 };
    sl_fault_alloc(i, 1);
    int rc = work(user, &err);
    sl_fault_alloc(-1, 0);
    if (rc != SL_ENOMEM || sl_alloc_live() != live)
      fail_msg("%s: allocation %ld: %d, %s; %lld left", name, i, rc, err.msg, (long long)(sl_alloc_live() - live));
  }
}

#endif
