/* box/pool.c: which box does which job; the pool's folder; waiting.
 *
 * A box knows one kind of work, because its engine is loaded before it shuts itself in. One that is done stays warm for a while; a second
 * one does not. Nothing is started or told inside the caller's frame: a timer of 0 ms does it. */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "box/pool_int.h"

#define PREFIX "sluice-box-"
enum { MIB = 1 << 20, MIN_MEMORY_MIB = 128, DEFAULT_MEMORY_MIB = 512, DEFAULT_TMP_MIB = 2048, DEFAULT_IDLE_MS = 60000,
       DEFAULT_HANG_MS = 30000, MAX_THREADS = 256, MAX_ROOTS = WIRE_LIST_MAX - 1024 };

static void list_free(struct wire_list *l)
{
  for (size_t i = 0; i < l->n; i++)
    sl_free((void *)(uintptr_t)l->at[i].p);
  sl_free(l->at);
  *l = (struct wire_list){ NULL, 0 };
}

static int list_copy(struct wire_list *l, const char *const *from, struct sl_err *err)
{
  size_t n = 0;
  while (from && from[n])
    n++;
  if (n > MAX_ROOTS)
    return sl_err_set(err, SL_ELIMIT, "%zu folders for the box; %d is the limit", n, MAX_ROOTS);
  l->at = sl_calloc(n + 1, sizeof *l->at);
  if (!l->at)
    return sl_err_nomem(err);
  for (l->n = 0; l->n < n; l->n++) {
    char *copy = sl_strdup(from[l->n]);
    if (!copy)
      return sl_err_nomem(err);
    l->at[l->n] = sl_str(copy);
  }
  return SL_OK;
}

/* What consoles that did not end well left behind: folders named after a process that is no more. */
static void sweep(const char *tmp_dir)
{
  DIR *d = opendir(tmp_dir);
  struct dirent *e;
  while (d && (e = readdir(d))) {
    struct sl_str rest = sl_str(e->d_name), pid;
    int64_t n;
    if (!sl_str_starts(rest, SL_STR(PREFIX)))
      continue;
    rest = sl_str_from(rest, sizeof PREFIX - 1);
    if (!sl_str_cut(&rest, '-', &pid) || !sl_str_i64(pid, &n) || n <= 1 || kill((pid_t)n, 0) == 0 || errno != ESRCH)
      continue;
    char *path = sl_path_join(tmp_dir, e->d_name);
    struct stat st;
    if (path && !lstat(path, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
      (void)!sl_rmtree(path, NULL);
    sl_free(path);
  }
  if (d)
    closedir(d);
}

static int make_dir(struct sl_box_pool *p, const char *tmp_dir, struct sl_err *err)
{
  uint64_t random;
  if (getrandom(&random, sizeof random, 0) != sizeof random)
    return sl_err_sys(err, errno, "no random number");
  int rc = sl_mkdirs(tmp_dir, 0700, err);
  if (rc)
    return rc;
  sweep(tmp_dir);
  char *path = sl_asprintf("%s/" PREFIX "%d-%016llx", tmp_dir, (int)getpid(), (unsigned long long)random);
  if (!path)
    return sl_err_nomem(err);
  if (mkdir(path, 0700)) {
    rc = sl_err_sys(err, errno, "cannot make the box's folder %s", path);
    sl_free(path);
    return rc;
  }
  p->dir = path;
  return SL_OK;
}

static struct sl_box_limits limits_of(const struct sl_box_limits *l)
{
  struct sl_box_limits x = *l;
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  const uint64_t least = (uint64_t)MIN_MEMORY_MIB * MIB;
  x.memory = x.memory ? x.memory : (uint64_t)DEFAULT_MEMORY_MIB * MIB;
  x.memory = x.memory < least ? least : x.memory;
  x.tmp = x.tmp ? x.tmp : (uint64_t)DEFAULT_TMP_MIB * MIB;
  x.threads = x.threads ? x.threads : cores > 0 ? (unsigned)cores : 1;
  x.threads = x.threads > MAX_THREADS ? MAX_THREADS : x.threads;
  x.idle_ms = x.idle_ms > 0 ? x.idle_ms : DEFAULT_IDLE_MS;
  x.hang_ms = x.hang_ms > 0 ? x.hang_ms : DEFAULT_HANG_MS;
  return x;
}

int sl_box_pool_open(struct sl_box_pool **out, const struct sl_box_opts *o, struct sl_err *err)
{
  *out = NULL;
  struct sl_box_pool *p = sl_calloc(1, sizeof *p);
  if (!p)
    return sl_err_nomem(err);
  p->loop = o->loop;
  p->limits = limits_of(&o->limits);
  p->max = o->max ? o->max : 2;
  p->waiting_tail = &p->waiting;
  p->exe = sl_strdup(o->exe);
  int rc = p->exe ? SL_OK : sl_err_nomem(err);
  if (!rc)
    rc = list_copy(&p->libs, o->lib_dirs, err);
  if (!rc)
    rc = list_copy(&p->roots, o->roots, err);
  if (!rc)
    rc = make_dir(p, o->tmp_dir, err);
  if (rc)
    sl_box_pool_close(p);
  else
    *out = p;
  return rc;
}

void sl_box_pool_close(struct sl_box_pool *p)
{
  if (!p)
    return;
  p->closing = true;
  sl_timer_stop(p->loop, &p->kick);
  while (p->waiting)
    sl_box_job_cancel(p->waiting);
  for (struct box *b = p->boxes, *next; b; b = next) {
    next = b->next;
    if (b->job)
      sl_box_job_cancel(b->job);
    else
      box_kill(b, SL_ECANCELED, NULL);
  }
  for (struct box *b = p->boxes; b; b = b->next)
    box_wait(b);
  while (p->boxes)
    box_free(p->boxes);
  for (int i = 0; p->dir && i < 3 && sl_rmtree(p->dir, NULL); i++) /* a lane may be removing parts of it at this moment */
    sched_yield();
  list_free(&p->libs);
  list_free(&p->roots);
  sl_free(p->exe);
  sl_free(p->dir);
  sl_free(p);
}

void pool_forget(struct box *b)
{
  struct box **at = &b->pool->boxes;
  while (*at && *at != b)
    at = &(*at)->next;
  if (!*at)
    return;
  *at = b->next;
  b->pool->nboxes--;
}

/* ---- what waits ---- */

static struct box *idle_box(struct sl_box_pool *p, const struct sl_box_job *j)
{
  for (struct box *b = p->boxes; b; b = b->next)
    if (b->state == BOX_IDLE && !strcmp(b->kind, j->kind) && !j->reads.n)
      return b;
  return NULL;
}

/* Boxes that end do not count: they are dead already. */
static unsigned in_use(const struct sl_box_pool *p)
{
  unsigned n = 0;
  for (const struct box *b = p->boxes; b; b = b->next)
    n += b->state == BOX_STARTING || b->state == BOX_BUSY;
  return n;
}

static void drop_idle(struct sl_box_pool *p)
{
  for (struct box *b = p->boxes; b; b = b->next)
    if (b->state == BOX_IDLE) {
      box_kill(b, SL_OK, NULL);
      return;
    }
}

static void on_kick(void *user)
{
  struct sl_box_pool *p = user;
  p->kick.v = 0;
  while (p->waiting && in_use(p) < p->max) {
    struct sl_box_job *j = p->waiting;
    struct sl_err err = { 0 };
    p->waiting = j->next;
    if (!p->waiting)
      p->waiting_tail = &p->waiting;
    j->next = NULL;
    struct box *b = idle_box(p, j);
    if (b) {
      pool_kick(p); /* whoever hears of a failure may close the pool: the next one is looked at in another turn */
      box_give(b, j);
      return;
    }
    drop_idle(p);
    int rc = box_open(&b, p, j, &err);
    if (!rc)
      continue;
    pool_kick(p);
    job_end(j, rc, &err, NULL, 0); /* last: whoever hears it may close the pool */
    return;
  }
}

bool pool_kick(struct sl_box_pool *p)
{
  if (p->closing || p->kick.v || !p->waiting)
    return true;
  if (sl_timer_start(p->loop, 0, 0, on_kick, p, &p->kick, NULL))
    p->kick.v = 0; /* no memory now: the next job or the next end looks again */
  return p->kick.v != 0;
}
