/* loop/job.c: lanes of threads for what blocks.
 *
 * A lane is a queue and the threads that empty it; threads start when there is work that no idle one would take. What they finish comes
 * back through one list under one lock and wakes the loop. A lane is counted by its threads: one that hangs in libc's resolver when the
 * loop closes is left behind with the lane and its own job, and frees them when it comes back. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/priv.h"

enum { LANE_THREADS_MAX = 64, POSTS_MAX = 1 << 16, DELIVER_NS = 6000000 };

struct sl_note {
  struct sl_note *next;
  void (*fn)(void *piece);
  void *piece;
};

struct job {
  struct sl_note note;               /* first: it comes back as a note whose piece is the job */
  struct job *next;
  struct sl_loop *l;
  struct sl_job_ops ops;
  void (*drop)(void *user);
  void *user;
  enum sl_lane lane;
  uint64_t id;
  atomic_bool cancel;
  bool orphan;                       /* under the lane's lock: the loop is gone */
  int rc;
  struct sl_err err;
};

struct worker { struct sl_lane_rt *lane; pthread_t thread; struct job *cur; };

struct sl_lane_rt {
  pthread_mutex_t lock;
  pthread_cond_t cond;
  const char *name;
  struct job *head, **tail;
  unsigned queued, threads, idle, max;
  unsigned refs;                     /* its threads and the loop */
  bool stop;
  struct worker worker[LANE_THREADS_MAX];
};

/* Pieces that wait for the loop, in all loops: a job that posts faster than anybody takes ends with ELIMIT. */
static atomic_uint posts_waiting;

static void lane_unref_unlock(struct sl_lane_rt *lane)
{
  bool last = --lane->refs == 0;
  pthread_mutex_unlock(&lane->lock);
  if (!last)
    return;
  pthread_cond_destroy(&lane->cond);
  pthread_mutex_destroy(&lane->lock);
  sl_free(lane);
}

static void note_push(struct sl_loop *l, struct sl_note *n)
{
  n->next = NULL;
  pthread_mutex_lock(&l->notes_lock);
  *l->notes_tail = n;
  l->notes_tail = &n->next;
  uv_async_send(&l->async); /* under the lock: the loop cannot close between the two */
  pthread_mutex_unlock(&l->notes_lock);
}

static struct job *lane_pop(struct sl_lane_rt *lane)
{
  struct job *j = lane->head;
  lane->head = j->next;
  if (!lane->head)
    lane->tail = &lane->head;
  lane->queued--;
  return j;
}

static void worker_run(struct worker *w, struct job *j)
{
  struct sl_lane_rt *lane = w->lane;
  w->cur = j;
  pthread_mutex_unlock(&lane->lock);
  j->rc = j->ops.work(j->user, &j->cancel, &j->err);
  pthread_mutex_lock(&lane->lock);
  w->cur = NULL;
  if (!j->orphan) {
    note_push(j->l, &j->note);
    return;
  }
  j->drop(j->user);
  sl_free(j);
}

static void *worker_main(void *arg)
{
  struct worker *w = arg;
  struct sl_lane_rt *lane = w->lane;
  pthread_mutex_lock(&lane->lock);
  while (!lane->stop) {
    if (lane->head) {
      worker_run(w, lane_pop(lane));
      continue;
    }
    lane->idle++;
    pthread_cond_wait(&lane->cond, &lane->lock);
    lane->idle--;
  }
  lane_unref_unlock(lane);
  return NULL;
}

/* With every signal blocked: handlers belong to the loop's thread. */
static int worker_start(struct sl_lane_rt *lane)
{
  sigset_t all, old;
  sigfillset(&all);
  struct worker *w = &lane->worker[lane->threads];
  w->lane = lane;
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int rc = pthread_create(&w->thread, NULL, worker_main, w);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (rc)
    return rc;
  char name[16];
  snprintf(name, sizeof name, "%s-%u", lane->name, lane->threads % 100);
  pthread_setname_np(w->thread, name);
  lane->threads++;
  lane->refs++;
  return 0;
}

static unsigned lane_max(const struct sl_loop *l, enum sl_lane which)
{
  long cores = l->cpu_threads ? (long)l->cpu_threads : sysconf(_SC_NPROCESSORS_ONLN);
  switch (which) {
  case SL_LANE_DNS: return 4;
  case SL_LANE_FILE: return 1;
  case SL_LANE_CPU: return cores < 1 ? 1 : cores > LANE_THREADS_MAX ? LANE_THREADS_MAX : (unsigned)cores;
  default: return 8;
  }
}

static struct sl_lane_rt *lane_get(struct sl_loop *l, enum sl_lane which)
{
  static const char *const names[SL_LANE_N] = {
    [SL_LANE_DNS] = "dns", [SL_LANE_FILE] = "file", [SL_LANE_CPU] = "cpu", [SL_LANE_LONG] = "long",
  };
  if (l->lane[which])
    return l->lane[which];
  struct sl_lane_rt *lane = sl_calloc(1, sizeof *lane);
  if (!lane)
    return NULL;
  lane->name = names[which];
  lane->tail = &lane->head;
  lane->max = lane_max(l, which);
  lane->refs = 1;
  pthread_mutex_init(&lane->lock, NULL);
  pthread_cond_init(&lane->cond, NULL);
  l->lane[which] = lane;
  return lane;
}

static int lane_push(struct sl_lane_rt *lane, struct job *j, struct sl_err *err)
{
  int rc = 0;
  pthread_mutex_lock(&lane->lock);
  if (lane->queued >= lane->idle && lane->threads < lane->max)
    rc = worker_start(lane);
  if (!rc || lane->threads) { /* a lane that has a thread can do with fewer */
    rc = 0;
    *lane->tail = j;
    lane->tail = &j->next;
    lane->queued++;
    pthread_cond_signal(&lane->cond);
  }
  pthread_mutex_unlock(&lane->lock);
  return rc ? sl_err_sys(err, rc, "cannot start a thread") : SL_OK;
}

static void job_done(void *piece)
{
  struct job *j = piece;
  sl_slots_take(&j->l->jobs, j->id);
  j->ops.done(j->user, j->rc, &j->err);
  sl_free(j);
}

int sl_job_start_droppable(struct sl_loop *l, enum sl_lane which, const struct sl_job_ops *ops, void (*drop)(void *user), void *user,
                           sl_job *out, struct sl_err *err)
{
  if (l->closing)
    return sl_err_set(err, SL_ECANCELED, "closing");
  struct sl_lane_rt *lane = lane_get(l, which);
  struct job *j = lane ? sl_calloc(1, sizeof *j) : NULL;
  if (!j)
    return sl_err_nomem(err);
  j->note.fn = job_done;
  j->note.piece = j;
  j->l = l;
  j->ops = *ops;
  j->drop = drop;
  j->user = user;
  j->lane = which;
  int rc = sl_slots_put(&l->jobs, j, &j->id, err);
  uint64_t id = j->id; /* once it is in the lane it is no longer ours to read */
  if (!rc) {
    rc = lane_push(lane, j, err);
    if (rc)
      sl_slots_take(&l->jobs, id);
  }
  if (rc)
    sl_free(j);
  else if (out)
    out->v = id;
  return rc;
}

int sl_job_start(struct sl_loop *l, enum sl_lane lane, const struct sl_job_ops *ops, void *user, sl_job *out, struct sl_err *err)
{
  return sl_job_start_droppable(l, lane, ops, NULL, user, out, err);
}

/* A job that has not begun leaves the queue at once; a running one sees its flag. */
void sl_job_cancel(struct sl_loop *l, sl_job *id)
{
  struct job *j = sl_slots_get(&l->jobs, id->v);
  id->v = 0;
  if (!j)
    return;
  atomic_store(&j->cancel, true);
  struct sl_lane_rt *lane = l->lane[j->lane];
  pthread_mutex_lock(&lane->lock);
  struct job **at = &lane->head;
  while (*at && *at != j)
    at = &(*at)->next;
  bool waiting = *at == j;
  if (waiting) {
    *at = j->next;
    if (!*at)
      lane->tail = at;
    lane->queued--;
  }
  pthread_mutex_unlock(&lane->lock);
  if (waiting) {
    j->rc = sl_err_set(&j->err, SL_ECANCELED, "cancelled");
    note_push(l, &j->note);
  }
}

void sl_loop_threads(struct sl_loop *l, unsigned cpu_threads)
{
  sl_assert(!l->lane[SL_LANE_CPU]);
  l->cpu_threads = cpu_threads;
}

struct post { struct sl_note note; void (*fn)(void *piece); void *piece; };

static void post_deliver(void *piece)
{
  struct post *p = piece;
  atomic_fetch_sub(&posts_waiting, 1);
  p->fn(p->piece);
  sl_free(p);
}

int sl_job_post(struct sl_loop *l, void (*fn)(void *piece), void *piece, struct sl_err *err)
{
  if (atomic_fetch_add(&posts_waiting, 1) >= POSTS_MAX) {
    atomic_fetch_sub(&posts_waiting, 1);
    return sl_err_set(err, SL_ELIMIT, "more than %d pieces wait for the loop", POSTS_MAX);
  }
  struct post *p = sl_alloc(sizeof *p);
  if (!p) {
    atomic_fetch_sub(&posts_waiting, 1);
    return sl_err_nomem(err);
  }
  *p = (struct post){ .note = { .fn = post_deliver, .piece = p }, .fn = fn, .piece = piece };
  note_push(l, &p->note);
  return SL_OK;
}

static void notes_take(struct sl_loop *l)
{
  struct sl_note **end = &l->ready;
  while (*end)
    end = &(*end)->next;
  pthread_mutex_lock(&l->notes_lock);
  *end = l->notes;
  l->notes = NULL;
  l->notes_tail = &l->notes;
  pthread_mutex_unlock(&l->notes_lock);
}

bool sl_jobs_ready(struct sl_loop *l)
{
  if (!l->ready)
    notes_take(l);
  return l->ready != NULL;
}

/* Not longer than DELIVER_NS a turn: a flood of pieces must not hold up a key press. */
void sl_jobs_deliver(struct sl_loop *l)
{
  uint64_t until = uv_hrtime() + DELIVER_NS;
  while (sl_jobs_ready(l)) {
    struct sl_note *n = l->ready;
    l->ready = n->next;
    l->ran++;
    n->fn(n->piece);
    if (!l->closing && uv_hrtime() > until)
      break;
  }
}

/* Queued jobs end as cancelled, running ones see their flag. Threads are joined, but those that hang in a droppable job. */
static void lane_stop(struct sl_loop *l, struct sl_lane_rt *lane)
{
  pthread_t join[LANE_THREADS_MAX];
  unsigned njoin = 0;
  pthread_mutex_lock(&lane->lock);
  lane->stop = true;
  while (lane->head) {
    struct job *j = lane_pop(lane);
    j->rc = sl_err_set(&j->err, SL_ECANCELED, "cancelled");
    note_push(l, &j->note);
  }
  for (unsigned i = 0; i < lane->threads; i++) {
    struct worker *w = &lane->worker[i];
    if (w->cur)
      atomic_store(&w->cur->cancel, true);
    if (w->cur && w->cur->drop) {
      w->cur->orphan = true;
      sl_slots_take(&l->jobs, w->cur->id);
      pthread_detach(w->thread);
    } else {
      join[njoin++] = w->thread;
    }
  }
  pthread_cond_broadcast(&lane->cond);
  pthread_mutex_unlock(&lane->lock);
  for (unsigned i = 0; i < njoin; i++)
    pthread_join(join[i], NULL);
  pthread_mutex_lock(&lane->lock);
  lane_unref_unlock(lane);
}

void sl_jobs_close(struct sl_loop *l)
{
  for (int i = 0; i < SL_LANE_N; i++) {
    if (l->lane[i])
      lane_stop(l, l->lane[i]);
    l->lane[i] = NULL;
  }
  sl_jobs_deliver(l);
  sl_slots_free(&l->jobs);
}
