/* loop/http_mem.c: curl on our allocator, wiped on free: it keeps copies of every credential and does not clear them.
 *
 * A header of 16 bytes keeps each piece's size; it also makes curl's allocations fail where a test wants them to. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "loop/http_priv.h"

enum { HEAD = 16 };

static atomic_uint failures;

unsigned http_curl_failures(void)
{
  return atomic_load(&failures);
}

static void *piece_new(size_t n)
{
  char *p = n > SIZE_MAX - HEAD ? NULL : sl_alloc(n + HEAD);
  if (!p) {
    atomic_fetch_add(&failures, 1);
    return NULL;
  }
  memcpy(p, &n, sizeof n);
  return p + HEAD;
}

static size_t piece_size(const void *piece)
{
  size_t n;
  memcpy(&n, (const char *)piece - HEAD, sizeof n);
  return n;
}

static void piece_free(void *piece)
{
  if (piece)
    sl_free_wipe((char *)piece - HEAD, piece_size(piece) + HEAD);
}

static void *piece_realloc(void *piece, size_t n)
{
  void *grown = piece_new(n);
  if (!grown || !piece)
    return grown;
  size_t had = piece_size(piece);
  memcpy(grown, piece, had < n ? had : n);
  piece_free(piece);
  return grown;
}

static void *piece_calloc(size_t count, size_t size)
{
  if (size && count > SIZE_MAX / size)
    return NULL;
  void *p = piece_new(count * size);
  if (p)
    memset(p, 0, count * size);
  return p;
}

static char *piece_strdup(const char *s)
{
  size_t n = strlen(s) + 1;
  char *p = piece_new(n);
  if (p)
    memcpy(p, s, n);
  return p;
}

static bool curl_up;
static void curl_once(void)
{
  curl_up = !curl_global_init_mem(CURL_GLOBAL_DEFAULT, piece_new, piece_free, piece_realloc, piece_strdup, piece_calloc);
}

bool http_curl_init(void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, curl_once);
  return curl_up;
}
