/* base/fault.c: making the Nth allocation or call fail.
 *
 * Two counters, one for allocations and one for wrapped calls; both may be counted down from any thread. Without SL_FAULTS nothing here
 * is asked by the allocator, and the functions stay only so that tests link. */
#include <stdatomic.h>

#include "base/mem.h"

struct fault_point {
  atomic_ullong count;   /* how often this kind was tried */
  atomic_long left;      /* successes left before the failure; negative: off */
  atomic_int forever;
};

static struct fault_point allocs = {.left = -1}, ios = {.left = -1};
static atomic_int io_errnum;
static atomic_llong live;

static void fault_arm(struct fault_point *p, long after, int forever)
{
  atomic_store(&p->forever, forever);
  atomic_store(&p->left, after < 0 ? -1 : after);
}

#if SL_FAULTS
static bool fault_due(struct fault_point *p)
{
  atomic_fetch_add(&p->count, 1);
  long left = atomic_load(&p->left);
  long next;
  do {
    if (left < 0)
      return false;
    next = left > 0 ? left - 1 : atomic_load(&p->forever) ? 0 : -1;
  } while (!atomic_compare_exchange_weak(&p->left, &left, next));
  return left == 0;
}
#endif

void sl_fault_alloc(long after, int forever)
{
  fault_arm(&allocs, after, forever);
}

void sl_fault_io_after(long after, int forever, int errnum)
{
  atomic_store(&io_errnum, errnum);
  fault_arm(&ios, after, forever);
}

int sl_fault_io(const char *what)
{
  (void)what; /* for a breakpoint */
#if SL_FAULTS
  return fault_due(&ios) ? atomic_load(&io_errnum) : 0;
#else
  return 0;
#endif
}

bool sl_fault_alloc_due(void)
{
#if SL_FAULTS
  return fault_due(&allocs);
#else
  return false;
#endif
}

void sl_fault_alloc_live(int change)
{
  atomic_fetch_add(&live, change);
}

uint64_t sl_alloc_count(void)
{
  return atomic_load(&allocs.count);
}

uint64_t sl_io_count(void)
{
  return atomic_load(&ios.count);
}

int64_t sl_alloc_live(void)
{
  return atomic_load(&live);
}
