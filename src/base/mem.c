/* base/mem.c: malloc with its sizes checked, countable and breakable when SL_FAULTS, and the same for the libraries we stand on. */
#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counting and failing cost something only where they are compiled in. */
#if SL_FAULTS
#define MEM_DUE() sl_fault_alloc_due()
#define MEM_LIVE(change) sl_fault_alloc_live(change)
#else
#define MEM_DUE() false
#define MEM_LIVE(change) (void)0
#endif

static bool mem_fits(size_t n)
{
  return n <= PTRDIFF_MAX;
}

/* Every allocator ends here: one piece more, if there is one. */
static void *mem_counted(void *p)
{
  if (p)
    MEM_LIVE(1);
  return p;
}

void *sl_alloc(size_t n)
{
  if (!mem_fits(n) || MEM_DUE())
    return NULL;
  return mem_counted(malloc(n ? n : 1));
}

void *sl_calloc(size_t count, size_t size)
{
  size_t n;
  if (__builtin_mul_overflow(count, size, &n) || !mem_fits(n) || MEM_DUE())
    return NULL;
  return mem_counted(calloc(1, n ? n : 1));
}

void *sl_realloc(void *p, size_t n)
{
  if (!p)
    return sl_alloc(n);
  if (!mem_fits(n) || MEM_DUE())
    return NULL;
  return realloc(p, n ? n : 1);
}

void *sl_realloc_array(void *p, size_t count, size_t size)
{
  size_t n;
  if (__builtin_mul_overflow(count, size, &n))
    return NULL;
  return sl_realloc(p, n);
}

void *sl_alloc_aligned(size_t align, size_t n)
{
  void *p = NULL;
  if (!mem_fits(n) || MEM_DUE() || posix_memalign(&p, align, n ? n : 1) != 0)
    return NULL;
  return mem_counted(p);
}

char *sl_strndup(const char *s, size_t n)
{
  if (!mem_fits(n))
    return NULL;
  char *p = sl_alloc(n + 1);
  if (!p)
    return NULL;
  if (n)
    memcpy(p, s, n);
  p[n] = 0;
  return p;
}

char *sl_strdup(const char *s)
{
  return s ? sl_strndup(s, strlen(s)) : NULL;
}

char *sl_asprintf(const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  char *p = n < 0 ? NULL : sl_alloc((size_t)n + 1);
  if (!p)
    return NULL;
  va_start(ap, fmt);
  vsnprintf(p, (size_t)n + 1, fmt, ap);
  va_end(ap);
  return p;
}

void sl_free(void *p)
{
  if (!p)
    return;
  MEM_LIVE(-1);
  free(p);
}

void sl_free_wipe(void *p, size_t n)
{
  if (p)
    explicit_bzero(p, n);
  sl_free(p);
}

int sl_grow(void **p, size_t *cap, size_t need, size_t size, size_t max, struct sl_err *err)
{
  if (need <= *cap)
    return SL_OK;
  if (need > max)
    return sl_err_set(err, SL_ELIMIT, "more than %zu entries", max);
  size_t n = *cap < 8 ? 8 : *cap > max / 2 ? max : *cap * 2;
  if (n < need)
    n = need;
  if (n > max)
    n = max;
  void *q = sl_realloc_array(*p, n, size);
  if (!q)
    return sl_err_nomem(err);
  *p = q;
  *cap = n;
  return SL_OK;
}

/* ---- for libraries that hold secrets of ours: whatever they free is overwritten ---- */

void *sl_hook_malloc(size_t n)
{
  return sl_alloc(n);
}

void *sl_hook_calloc(size_t count, size_t size)
{
  return sl_calloc(count, size);
}

void sl_hook_free(void *p)
{
  if (p)
    sl_free_wipe(p, malloc_usable_size(p));
}

/* realloc() would leave the old bytes behind where it moves. */
void *sl_hook_realloc(void *p, size_t n)
{
  if (!p)
    return sl_alloc(n);
  size_t was = malloc_usable_size(p);
  void *q = sl_alloc(n);
  if (!q)
    return NULL;
  memcpy(q, p, was < n ? was : n);
  sl_hook_free(p);
  return q;
}

char *sl_hook_strdup(const char *s)
{
  return sl_strdup(s);
}

void *sl_hook_ssh_alloc(size_t n, void **abstract)
{
  (void)abstract;
  return sl_alloc(n);
}

void *sl_hook_ssh_realloc(void *p, size_t n, void **abstract)
{
  (void)abstract;
  return sl_hook_realloc(p, n);
}

void sl_hook_ssh_free(void *p, void **abstract)
{
  (void)abstract;
  sl_hook_free(p);
}
