/* tests/torture/torture.c: counts what a scenario does unharmed, then harms it at one place after the other. */
#include "torture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

enum { SHALLOW = 25 };
enum harm { NONE, ALLOC_ONCE, ALLOC_ON, IO_ONCE, IO_ON };
static const char *const words[] = { "unharmed", "allocation failing", "allocation failing from then on", "call failing",
                                     "call failing from then on" };

static uint64_t dice(uint64_t *seed)
{
  *seed ^= *seed << 13;
  *seed ^= *seed >> 7;
  *seed ^= *seed << 17;
  return *seed;
}

static uint64_t seed_of_the_day(void)
{
  const char *said = getenv("SLUICE_TORTURE_SEED");
  uint64_t seed = 0;
  if (said && sl_str_u64(sl_str(said), &seed) && seed)
    return seed;
  return (uint64_t)time(NULL) | 1;
}

static bool exhaustive(void)
{
  const char *how = getenv("SLUICE_TORTURE");
  return how && (strcmp(how, "exhaustive") == 0 || strcmp(how, "all") == 0);
}

static void calm(void)
{
  sl_fault_alloc(-1, 0);
  sl_fault_io_after(-1, 0, 0);
}

static void harm_set(enum harm how, uint64_t site)
{
  calm();
  if (how == ALLOC_ONCE || how == ALLOC_ON)
    sl_fault_alloc((long)site, how == ALLOC_ON);
  else if (how != NONE)
    sl_fault_io_after((long)site, how == IO_ON, site % 2 ? EIO : ENOSPC);
}

static int once(const struct torture *t, enum harm how, uint64_t site, uint64_t *allocs, uint64_t *ios)
{
  struct sl_err err = { 0 };
  if (t->before)
    t->before();
  *allocs = sl_alloc_count();
  *ios = sl_io_count();
  harm_set(how, site);
  int rc = t->run(&err);
  calm();
  *allocs = sl_alloc_count() - *allocs;
  *ios = sl_io_count() - *ios;
  if (rc && how == NONE)
    fail_msg("%s fails unharmed: %s", t->name, err.msg);
  if (rc && !err.msg[0])
    fail_msg("%s: %s at %llu: %s without a word", t->name, words[how], (unsigned long long)site, sl_code_name(rc));
  if (t->after)
    t->after(rc, how != NONE);
  if (t->finish)
    t->finish();
  return rc;
}

static void at_site(const struct torture *t, enum harm how, uint64_t site)
{
  uint64_t a, i;
  int64_t live = sl_alloc_live();
  print_message("\r%s: %s at %llu   ", t->name, words[how], (unsigned long long)site);
  (void)once(t, how, site, &a, &i);
  if (sl_alloc_live() != live)
    fail_msg("%s: %s at %llu: %lld pieces left behind", t->name, words[how], (unsigned long long)site, (long long)(sl_alloc_live() - live));
}

static void sites(const struct torture *t, enum harm how, uint64_t n, uint64_t *seed)
{
  bool all = t->always || exhaustive() || n <= SHALLOW;
  for (uint64_t i = 0; i < (all ? n : SHALLOW); i++)
    at_site(t, how, all ? i : dice(seed) % n);
}

void torture(const struct torture *t)
{
  uint64_t allocs, ios, seed = seed_of_the_day(), first = seed;
  calm(); /* where the scenario before this one failed */
  (void)once(t, NONE, 0, &allocs, &ios);
  int64_t live = sl_alloc_live();
  (void)once(t, NONE, 0, &allocs, &ios); /* again: what is made once and kept has been made */
  if (sl_alloc_live() != live)
    fail_msg("%s: %lld pieces left behind unharmed", t->name, (long long)(sl_alloc_live() - live));
  for (int on = 0; on < 2; on++) {
    sites(t, on ? ALLOC_ON : ALLOC_ONCE, allocs, &seed);
    sites(t, on ? IO_ON : IO_ONCE, ios, &seed);
  }
  print_message("\r%s: %llu allocations, %llu calls, seed %llu\n", t->name, (unsigned long long)allocs, (unsigned long long)ios,
                (unsigned long long)first);
}
