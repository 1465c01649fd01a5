/* base/arena.c: many small pieces that die together.
 *
 * A list of blocks, each larger than the one before it (up to 1 MiB); a piece that does not fit gets a block of its own. After a reset the
 * largest ordinary block stays, so a frame that is like the last one allocates nothing. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { ARENA_FIRST = 4096, ARENA_LARGEST = 1 << 20, ARENA_ALIGN = 16 };

struct sl_arena_block {
  struct sl_arena_block *next;
  size_t n, used;
  _Alignas(ARENA_ALIGN) unsigned char bytes[];
};

void sl_arena_init(struct sl_arena *a, size_t cap_bytes)
{
  *a = (struct sl_arena){.cap = cap_bytes ? cap_bytes : (size_t)64 << 20};
}

static struct sl_arena_block *arena_block(struct sl_arena *a, size_t n)
{
  size_t size = a->head ? a->head->n * 2 : ARENA_FIRST;
  if (size > ARENA_LARGEST)
    size = ARENA_LARGEST;
  if (size > a->cap - a->used)
    size = a->cap - a->used;
  if (size < n)
    size = n;
  struct sl_arena_block *b = sl_alloc(sizeof *b + size);
  if (!b)
    return NULL;
  b->n = size;
  b->used = 0;
  b->next = a->head;
  a->head = b;
  return b;
}

void *sl_arena_alloc(struct sl_arena *a, size_t n)
{
  if (n > a->cap - a->used)
    return NULL;
  size_t take = n ? (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1) : ARENA_ALIGN;
  if (take > a->cap - a->used)
    return NULL;
  struct sl_arena_block *b = a->head;
  if (!b || b->n - b->used < take)
    b = arena_block(a, take);
  if (!b)
    return NULL;
  void *p = b->bytes + b->used;
  b->used += take;
  a->used += take;
  return memset(p, 0, n);
}

char *sl_arena_strndup(struct sl_arena *a, const char *s, size_t n)
{
  if (n >= PTRDIFF_MAX)
    return NULL;
  char *p = sl_arena_alloc(a, n + 1);
  if (p && n)
    memcpy(p, s, n);
  return p;
}

char *sl_arena_printf(struct sl_arena *a, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  char *p = n < 0 ? NULL : sl_arena_alloc(a, (size_t)n + 1);
  if (!p)
    return NULL;
  va_start(ap, fmt);
  vsnprintf(p, (size_t)n + 1, fmt, ap);
  va_end(ap);
  return p;
}

void sl_arena_reset(struct sl_arena *a)
{
  struct sl_arena_block *keep = NULL, *next;
  for (struct sl_arena_block *b = a->head; b; b = next) {
    next = b->next;
    if (b->n <= ARENA_LARGEST && (!keep || b->n > keep->n)) {
      sl_free(keep);
      keep = b;
    } else {
      sl_free(b);
    }
  }
  if (keep) {
    keep->next = NULL;
    keep->used = 0;
  }
  a->head = keep;
  a->used = 0;
}

void sl_arena_free(struct sl_arena *a)
{
  for (struct sl_arena_block *b = a->head, *next; b; b = next) {
    next = b->next;
    sl_free(b);
  }
  a->head = NULL;
  a->used = 0;
}
