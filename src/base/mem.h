/* base/mem.h: the one way to memory.
 *
 * Running out is an error that is returned, never the end of the program. Sizes are overflow-checked; memory is wiped on free where it
 * held a secret (sl_free_wipe) and, for libraries that hold secrets for us (curl), by the hooks. With SL_FAULTS the Nth allocation can
 * be made to fail, once or from then on: tests/torture reruns every scenario that way. */
#ifndef SL_BASE_MEM_H
#define SL_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

void *sl_alloc(size_t n) SL_NODISCARD;                        /* NULL when out of memory; n = 0 gives a unique pointer */
void *sl_calloc(size_t count, size_t size) SL_NODISCARD;      /* zeroed, overflow-checked */
void *sl_realloc(void *p, size_t n) SL_NODISCARD;             /* NULL: p is still yours */
void *sl_realloc_array(void *p, size_t count, size_t size) SL_NODISCARD;   /* the same, overflow-checked */
void *sl_alloc_aligned(size_t align, size_t n) SL_NODISCARD;  /* free with sl_free */
char *sl_strdup(const char *s) SL_NODISCARD;                  /* NULL in, NULL out */
char *sl_strndup(const char *s, size_t n) SL_NODISCARD;       /* n bytes and a NUL; bytes may hold NULs */
char *sl_asprintf(const char *fmt, ...) SL_PRINTF(1, 2) SL_NODISCARD;   /* yours (sl_free); NULL: no memory */
void sl_free(void *p);                                                  /* NULL is fine */
void sl_free_wipe(void *p, size_t n); /* overwrites n bytes first; the compiler cannot drop it */

/* Makes room for at least `need` elements in *p (capacity *cap, element size): doubles, never beyond max. ENOMEM or ELIMIT. */
int sl_grow(void **p, size_t *cap, size_t need, size_t size, size_t max, struct sl_err *err) SL_NODISCARD;

/* ---- arena: many small pieces that die together ---- */
struct sl_arena { struct sl_arena_block *head; size_t used, cap; };
void sl_arena_init(struct sl_arena *a, size_t cap_bytes);    /* cap 0: 64 MiB */
void *sl_arena_alloc(struct sl_arena *a, size_t n) SL_NODISCARD; /* 16-byte aligned, zeroed; NULL: out of memory or over the cap */
/* Copies with a NUL, as sl_strndup() and sl_asprintf() make them, but the arena's. */
char *sl_arena_strndup(struct sl_arena *a, const char *s, size_t n) SL_NODISCARD;
char *sl_arena_printf(struct sl_arena *a, const char *fmt, ...) SL_PRINTF(2, 3) SL_NODISCARD;
void sl_arena_reset(struct sl_arena *a);                     /* keeps one block, so that the next frame allocates nothing */
void sl_arena_free(struct sl_arena *a);                      /* all pieces at once; ready for use with the same cap */

/* ---- fault injection and accounting (tests) ---- */
/* After `after` successful allocations the next one fails; `forever`: so do all that follow. after < 0 switches it off. */
void sl_fault_alloc(long after, int forever);
/* The same for fallible calls that are wrapped by sl_fault_io(): it returns an errno to pretend, or 0. */
void sl_fault_io_after(long after, int forever, int errnum);
int sl_fault_io(const char *what);
uint64_t sl_alloc_count(void);  /* allocations so far (calls that could have failed) */
uint64_t sl_io_count(void);
int64_t sl_alloc_live(void);    /* pieces not yet freed */

/* What the allocator itself asks and tells when SL_FAULTS is set; for own allocators (mmap) that want to be torture-tested too. */
bool sl_fault_alloc_due(void);
void sl_fault_alloc_live(int change);

/* ---- the same memory for libraries ---- */
/* Whatever these free or move is overwritten first: the libraries hold passwords and tokens for us. Their shapes are what
 * curl_global_init_mem (malloc, free, realloc, strdup, calloc) and libssh2_session_init_ex (alloc, free, realloc) take; the loop calls
 * those itself. For expat's XML_Memory_Handling_Suite and whatever never sees a secret: sl_alloc, sl_realloc, sl_free. */
void *sl_hook_malloc(size_t n);
void *sl_hook_calloc(size_t count, size_t size);
void *sl_hook_realloc(void *p, size_t n);
char *sl_hook_strdup(const char *s);
void sl_hook_free(void *p);
void *sl_hook_ssh_alloc(size_t n, void **abstract);
void *sl_hook_ssh_realloc(void *p, size_t n, void **abstract);
void sl_hook_ssh_free(void *p, void **abstract);

/* Gives such memory to jansson (base/json_mem.c). Once, at start, before the first JSON value. */
void sl_mem_install_hooks(void);

#endif
