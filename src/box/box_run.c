/* box/box_run.c: one box from exec to its last breath, seen from outside.
 *
 * Whatever happens to it (crash, hang, a broken message, the kernel's memory killer) becomes one line for its job, and a dead box. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/trace.h"
#include "box/pool_int.h"

enum { START_MS = 15000, WAIT_MS = 500, FRAME_CAP = WIRE_MAX_OUT };

static void on_timer(void *user);

static void box_timer(struct box *b, int64_t ms)
{
  sl_timer_stop(b->pool->loop, &b->timer);
  if (sl_timer_start(b->pool->loop, ms, 0, on_timer, b, &b->timer, NULL))
    b->timer.v = 0; /* no memory for a watch: it works unwatched */
}

/* The folder may hold gigabytes of spilled rows: not on the loop. */
static int remove_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  (void)cancel;
  return sl_rmtree(user, err);
}

static void remove_done(void *user, int rc, const struct sl_err *err)
{
  if (rc && rc != SL_ECANCELED)
    sl_trace(SL_TR_BOX, 1, "cannot remove a box's folder: %s", err->msg);
  sl_free(user);
}

static void drop_dir(struct box *b)
{
  static const struct sl_job_ops ops = { remove_work, remove_done };
  sl_job job;
  if (!b->dir)
    return;
  if (b->pool->closing || sl_job_start(b->pool->loop, SL_LANE_FILE, &ops, b->dir, &job, NULL)) {
    (void)!sl_rmtree(b->dir, NULL);
    sl_free(b->dir);
  }
  b->dir = NULL;
}

void box_free(struct box *b)
{
  pool_forget(b);
  sl_timer_stop(b->pool->loop, &b->timer);
  sl_frames_close(b->frames);
  if (b->child && !b->exited) {
    sl_child_kill(b->child, SIGKILL);
    sl_child_detach(b->child);
  }
  drop_dir(b);
  sl_free(b->kind);
  sl_free(b);
}

/* The process is told to die and reaped later; the job hears at once. */
void box_kill(struct box *b, int rc, const struct sl_err *e)
{
  struct sl_box_job *j = b->job;
  b->state = BOX_ENDING;
  b->job = NULL;
  sl_timer_stop(b->pool->loop, &b->timer);
  sl_frames_close(b->frames);
  b->frames = NULL;
  if (b->child && !b->exited)
    sl_child_kill(b->child, SIGKILL);
  pool_kick(b->pool);
  if (j) {
    j->box = NULL;
    job_end(j, rc, e, NULL, 0);
  }
}

void box_wait(struct box *b)
{
  siginfo_t info = { .si_pid = 0 };
  struct timespec ms = { .tv_nsec = 1000000 };
  int pid = b->child && !b->exited ? sl_child_pid(b->child) : 0;
  for (int i = 0; pid && i < WAIT_MS && !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid; i++)
    nanosleep(&ms, NULL);
}

static void box_broken(struct box *b, int rc, const char *what, const struct sl_err *why)
{
  struct sl_err e = { 0 };
  sl_err_set(&e, rc, "%s%s%s", what, why && why->msg[0] ? ": " : "", why ? why->msg : "");
  box_kill(b, rc, &e);
}

static void on_timer(void *user)
{
  struct box *b = user;
  struct sl_err e;
  b->timer.v = 0;
  if (b->state == BOX_IDLE) {
    box_kill(b, SL_OK, NULL);
  } else if (b->state == BOX_STARTING) {
    sl_err_set(&e, SL_ETIMEOUT, "the box did not start within %d s; try again, or see `sluice doctor`", START_MS / 1000);
    box_kill(b, SL_ETIMEOUT, &e);
  } else if (b->state == BOX_BUSY) {
    int64_t quiet = sl_loop_now(b->pool->loop) - b->alive;
    if (b->paused || quiet < b->pool->limits.hang_ms) {
      box_timer(b, b->paused ? b->pool->limits.hang_ms : b->pool->limits.hang_ms - quiet);
      return;
    }
    sl_err_set(&e, SL_ETIMEOUT, "the box hangs: no sign of life for %d s; it was ended, the next query gets a new one",
               b->pool->limits.hang_ms / 1000);
    box_kill(b, SL_ETIMEOUT, &e);
  }
}

/* ---- frames ---- */

void box_give(struct box *b, struct sl_box_job *j)
{
  struct sl_err err = { 0 };
  b->job = j;
  j->box = b;
  b->state = BOX_BUSY;
  b->alive = sl_loop_now(b->pool->loop);
  box_timer(b, b->pool->limits.hang_ms);
  int rc = job_send(j, &err);
  if (rc)
    box_kill(b, rc, &err);
}

static void box_ready(struct box *b, struct sl_str facts)
{
  struct sl_rd r = sl_rd(facts);
  while (sl_trace_on(SL_TR_BOX, 1) && !r.bad && r.p < r.end) {
    struct sl_str name = sl_rd_lstr(&r);
    bool ok = sl_rd_le(&r, 1);
    struct sl_str value = sl_rd_lstr(&r);
    sl_rd_lstr(&r);
    sl_trace(SL_TR_BOX, 1, "%.*s: %s, %.*s", SL_ARG(name), ok ? "yes" : "no", SL_ARG(value));
  }
  struct sl_box_job *j = b->job;
  b->job = NULL;
  if (j)
    box_give(b, j);
}

static char *keep_file(struct box *b, const char *name)
{
  char *from = sl_path_join(b->dir, name), *dir = sl_asprintf("%s/out-%u", b->pool->dir, b->pool->serial++);
  char *to = dir ? sl_path_join(dir, name) : NULL;
  bool ok = from && to && !mkdir(dir, 0700) && !rename(from, to);
  sl_free(from);
  sl_free(dir);
  if (ok)
    return to;
  sl_free(to);
  return NULL;
}

/* The job is done, the box is not: it stays warm unless another one is. */
static void box_rest(struct box *b)
{
  bool other = b->private_roots || b->pool->closing;
  for (struct box *x = b->pool->boxes; x; x = x->next)
    other = other || (x != b && x->state == BOX_IDLE);
  if (other || b->pool->waiting) {
    bool same = !other && b->pool->waiting && !strcmp(b->pool->waiting->kind, b->kind) && !b->pool->waiting->reads.n;
    if (!same) {
      box_kill(b, SL_OK, NULL);
      return;
    }
  }
  b->state = BOX_IDLE;
  box_timer(b, b->pool->limits.idle_ms);
  pool_kick(b->pool);
}

static int code_ok(int code) { return code == SL_OK || (code > SL_CODE_FIRST_ && code < SL_CODE_LAST_) ? code : SL_EINTERNAL; }

static void box_done(struct box *b, struct sl_str payload)
{
  struct sl_rd r = sl_rd(payload);
  struct sl_err e = { 0 };
  struct sl_box_job *j = b->job;
  int rc = code_ok((int32_t)sl_rd_le(&r, 4));
  struct sl_str text = sl_rd_lstr(&r);
  bool wrote = sl_rd_le(&r, 1);
  uint64_t rows = sl_rd_le(&r, 8);
  if (r.bad || (wrote && !j->out)) {
    box_broken(b, SL_EPROTO, "the box sent a broken message and was ended", NULL);
    return;
  }
  if (rc)
    sl_err_set(&e, rc, "%.*s", SL_ARG(text));
  char *file = wrote && !rc ? keep_file(b, j->out) : NULL;
  if (wrote && !rc && !file)
    rc = sl_err_set(&e, SL_EIO, "the file that the box wrote cannot be kept");
  b->job = NULL;
  j->box = NULL;
  box_rest(b);
  job_end(j, rc, rc ? &e : NULL, file, rows);
  sl_free(file);
}

static void box_failed(struct box *b, struct sl_str payload)
{
  struct sl_rd r = sl_rd(payload);
  struct sl_err e;
  int rc = code_ok((int32_t)sl_rd_le(&r, 4));
  struct sl_str text = sl_rd_lstr(&r);
  rc = rc ? rc : SL_EPROTO;
  sl_err_set(&e, rc, "%.*s", SL_ARG(text));
  box_kill(b, rc, &e);
}

static void on_frame(void *user, uint8_t kind, struct sl_str payload)
{
  struct box *b = user;
  struct sl_err err = { 0 };
  b->alive = sl_loop_now(b->pool->loop);
  if (b->state == BOX_STARTING && kind == WIRE_READY) {
    box_ready(b, payload);
  } else if (b->state == BOX_STARTING && kind == WIRE_FAILED) {
    box_failed(b, payload);
  } else if (b->state == BOX_BUSY && kind == WIRE_DONE) {
    box_done(b, payload);
  } else if (b->state == BOX_BUSY) {
    int rc = job_frame(b->job, kind, payload, &err);
    if (rc == SL_EPROTO || rc == SL_EPARSE)
      box_broken(b, rc, "the box sent a broken message and was ended", &err);
    else if (rc)
      box_kill(b, rc, &err);
  } else if (!(b->state == BOX_IDLE && (kind == WIRE_PROGRESS || kind == WIRE_FEED))) {
    box_broken(b, SL_EPROTO, "the box spoke out of turn and was ended", NULL);
  }
}

/* The socket goes before the process does; what to say is known when it has exited. Only a stream that broke is told now. */
static void on_closed(void *user, int rc, const struct sl_err *err)
{
  struct box *b = user;
  b->frames = NULL;
  if (rc && rc != SL_EPROTO && b->child)
    sl_child_kill(b->child, SIGKILL); /* cut off in the middle of a message: it is dead already, or of no use; its exit says which */
  else if (rc)
    box_broken(b, rc, "the box is gone", err);
}

/* ---- the process ---- */

static void on_out(void *user, int fd, const void *p, size_t n)
{
  struct box *b = user;
  (void)fd;
  if (n >= sizeof b->said) {
    p = (const char *)p + (n - sizeof b->said);
    n = sizeof b->said;
    b->nsaid = 0;
  } else if (b->nsaid + n > sizeof b->said) {
    size_t drop = b->nsaid + n - sizeof b->said;
    memmove(b->said, b->said + drop, b->nsaid - drop);
    b->nsaid -= drop;
  }
  memcpy(b->said + b->nsaid, p, n);
  b->nsaid += n;
}

/* "the box died: Segmentation fault; the next query gets a new one", with the last line that it wrote. */
static int say_death(struct box *b, int code, int signum, struct sl_err *e)
{
  struct sl_str said = sl_str_trim(sl_strn(b->said, b->nsaid));
  ptrdiff_t nl = sl_str_rchr(said, '\n');
  struct sl_str last = nl < 0 ? said : sl_str_from(said, (size_t)nl + 1);
  char how[64];
  if (signum == SIGKILL)
    snprintf(how, sizeof how, "killed (by a person, or for want of memory)");
  else if (signum)
    snprintf(how, sizeof how, "%s", strsignal(signum));
  else
    snprintf(how, sizeof how, "exit code %d", code);
  return sl_err_set(e, SL_EIO, "the box died: %s%s%.*s; nothing is lost, the next query gets a new one", how, last.n ? ": " : "",
                    SL_ARG(sl_str_head(last, 120)));
}

static void on_exited(void *user, int code, int signum, int64_t cpu_ms, int64_t maxrss_kb)
{
  struct box *b = user;
  struct sl_box_pool *p = b->pool;
  struct sl_err e;
  b->exited = true;
  b->child = NULL;
  sl_trace(SL_TR_BOX, 2, "box ended: code %d, signal %d, %lld ms, %lld kB", code, signum, (long long)cpu_ms, (long long)maxrss_kb);
  struct sl_box_job *j = b->job;
  b->job = NULL;
  int rc = say_death(b, code, signum, &e);
  box_free(b);
  pool_kick(p);
  if (j) {
    j->box = NULL;
    job_end(j, rc, &e, NULL, 0);
  }
}

static int start_child(struct box *b, int theirs, struct sl_err *err)
{
  static const struct sl_child_ops ops = { on_out, on_exited };
  const char *argv[] = { b->pool->exe, "--box", NULL };
  const char *env[] = { "LANG=C.UTF-8", "TZ=UTC", NULL, NULL };
#ifdef __SANITIZE_ADDRESS__
  env[2] = "ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:allocator_may_return_null=1";
#endif
  struct sl_child_spec spec = { .argv = argv, .env = env, .cwd = b->dir, .capture_err = true, .nfd = 1 };
  spec.fd[0].ours = theirs;
  spec.fd[0].theirs = WIRE_FD;
  return sl_child_start(&b->child, b->pool->loop, &spec, &ops, b, err);
}

static int send_hello(struct box *b, const struct sl_box_job *j, struct sl_err *err)
{
  struct sl_box_pool *p = b->pool;
  struct wire_list roots = { sl_calloc(p->roots.n + j->reads.n + 1, sizeof *roots.at), 0 };
  struct sl_buf f;
  if (!roots.at)
    return sl_err_nomem(err);
  for (size_t i = 0; i < p->roots.n; i++)
    roots.at[roots.n++] = p->roots.at[i];
  for (size_t i = 0; i < j->reads.n; i++)
    roots.at[roots.n++] = j->reads.at[i];
  sl_buf_init(&f, 0);
  wire_put_hello(&f, &(struct wire_hello){ .kind = sl_str(b->kind), .scratch = sl_str(b->dir), .memory = p->limits.memory,
                                           .tmp = p->limits.tmp, .threads = p->limits.threads, .libs = p->libs, .roots = roots });
  int rc = sl_buf_check(&f, err);
  if (!rc)
    rc = sl_frames_send(b->frames, WIRE_HELLO, sl_buf_view(&f), err);
  sl_buf_free(&f);
  sl_free(roots.at);
  return rc;
}

static int box_connect(struct box *b, struct sl_err *err)
{
  static const struct sl_frames_ops ops = { on_frame, on_closed };
  int s[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
    return sl_err_sys(err, errno, "cannot make the box's socket");
  int rc = sl_frames_open(&b->frames, b->pool->loop, s[0], FRAME_CAP, &ops, b, err);
  if (!rc)
    rc = start_child(b, s[1], err);
  close(s[1]);
  return rc;
}

int box_open(struct box **out, struct sl_box_pool *p, struct sl_box_job *j, struct sl_err *err)
{
  *out = NULL;
  struct box *b = sl_calloc(1, sizeof *b);
  if (!b)
    return sl_err_nomem(err);
  b->pool = p;
  b->state = BOX_STARTING;
  b->private_roots = j->reads.n > 0;
  b->next = p->boxes;
  p->boxes = b;
  p->nboxes++;
  b->kind = sl_strdup(j->kind);
  b->dir = sl_asprintf("%s/%u", p->dir, p->serial++);
  int rc = b->kind && b->dir ? SL_OK : sl_err_nomem(err);
  if (!rc && mkdir(b->dir, 0700))
    rc = sl_err_sys(err, errno, "cannot make the box's folder %s", b->dir);
  if (!rc)
    rc = box_connect(b, err);
  if (!rc)
    rc = send_hello(b, j, err);
  if (rc) {
    box_free(b);
    return rc;
  }
  b->job = j;
  j->box = b;
  box_timer(b, START_MS);
  *out = b;
  return SL_OK;
}
