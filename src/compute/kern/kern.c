/* compute/kern/kern.c: which level of the kernels runs here: asked once, of the processor and of SLUICE_CPU. */
#include "compute/kern/kern.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
static bool has_avx2(void)
{
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("fma");
}
/* Ice Lake, Zen 4 and what came after them: tables of bytes in registers, 8 x 8 bits turned at once, and sums of products of bytes. */
static bool has_avx512(void)
{
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni") &&
         __builtin_cpu_supports("gfni");
}
#endif
static bool has_all(void) { return true; }

/* The best first. */
static const struct { const struct kern *k; bool (*here)(void); } levels[] = {
#if defined(__x86_64__)
  { &kern_avx512, has_avx512 }, { &kern_avx2, has_avx2 },
#endif
  { &kern_c, has_all },
};

const struct kern *kern_level(const char *name)
{
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
    if (!strcmp(levels[i].k->name, name))
      return levels[i].here() ? levels[i].k : NULL;
  return NULL;
}

static _Atomic(const struct kern *) found;

bool kern_use(const char *name)
{
  const struct kern *k = kern_level(name);
  if (k)
    atomic_store(&found, k);
  return k != NULL;
}

const struct kern *kern_best(void)
{
  const struct kern *k = atomic_load(&found);
  const char *want = k ? NULL : getenv("SLUICE_CPU");
  if (!k && want)
    k = kern_level(want);
  for (size_t i = 0; !k; i++)
    if (levels[i].here())
      k = levels[i].k;
  atomic_store(&found, k);
  return k;
}
