/* base/secret.c: secrets in pages of their own, and the list of the living ones.
 *
 * Each value gets its own locked mapping: it is never swapped, dumped or inherited, and goes back to the kernel overwritten. Values are few
 * (a handful a connection), so a page each and a walk over all of them cost nothing. How text is cleaned of them: redact.c. */
#include "base/secret.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret_list.h"

enum { SECRET_MAX = 1 << 20, SECRET_SHORTEST = 6 };

struct sl_secret {
  atomic_uint refs;
  char *p;
  size_t n, mapped;
  struct sl_secret *next, **link; /* the list of the living, under `lock` */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sl_secret *living;

static void secret_list_add(struct sl_secret *s)
{
  pthread_mutex_lock(&lock);
  s->next = living;
  s->link = &living;
  if (living)
    living->link = &s->next;
  living = s;
  pthread_mutex_unlock(&lock);
}

static void secret_list_remove(struct sl_secret *s)
{
  pthread_mutex_lock(&lock);
  *s->link = s->next;
  if (s->next)
    s->next->link = s->link;
  pthread_mutex_unlock(&lock);
}

static char *secret_map(size_t n)
{
  if (sl_fault_alloc_due())
    return NULL;
  char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    return NULL;
  /* All three are best effort: RLIMIT_MEMLOCK may be small, and old kernels lack the advice. */
  (void)mlock(p, n);
  (void)madvise(p, n, MADV_DONTDUMP);
  (void)madvise(p, n, MADV_WIPEONFORK);
  return p;
}

int sl_secret_new(struct sl_secret **out, struct sl_str value, struct sl_err *err)
{
  *out = NULL;
  if (value.n > SECRET_MAX)
    return sl_err_set(err, SL_ELIMIT, "a secret of more than %d bytes", SECRET_MAX);
  struct sl_secret *s = sl_calloc(1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  s->n = value.n;
  s->mapped = (value.n + page) / page * page; /* at least one byte more: the NUL */
  s->p = secret_map(s->mapped);
  if (!s->p) {
    sl_free(s);
    return sl_err_nomem(err);
  }
  if (value.n)
    memcpy(s->p, value.p, value.n);
  atomic_init(&s->refs, 1);
  secret_list_add(s);
  *out = s;
  return SL_OK;
}

struct sl_secret *sl_secret_ref(struct sl_secret *s)
{
  if (s)
    atomic_fetch_add(&s->refs, 1);
  return s;
}

void sl_secret_unref(struct sl_secret *s)
{
  if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
    return;
  secret_list_remove(s);
  explicit_bzero(s->p, s->mapped);
  munmap(s->p, s->mapped);
  sl_free(s);
}

struct sl_str sl_secret_reveal(const struct sl_secret *s)
{
  return s ? sl_strn(s->p, s->n) : SL_STR_NONE;
}

size_t sl_secret_find(struct sl_str text, size_t *length)
{
  size_t at = text.n, n = 0;
  pthread_mutex_lock(&lock);
  for (const struct sl_secret *s = living; s; s = s->next) {
    if (s->n < SECRET_SHORTEST)
      continue;
    ptrdiff_t found = sl_str_find(text, sl_strn(s->p, s->n));
    if (found >= 0 && ((size_t)found < at || ((size_t)found == at && s->n > n))) {
      at = (size_t)found;
      n = s->n;
    }
  }
  pthread_mutex_unlock(&lock);
  *length = n;
  return at;
}

void sl_secret_process_init(void)
{
  struct rlimit none = {0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* also refuses ptrace by others of the same user */
}
