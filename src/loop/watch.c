/* loop/watch.c: descriptors and signals, over libuv's poll and signal handles. */
#include "loop/priv.h"

#include <errno.h>
#include <fcntl.h>

#include "base/mem.h"

struct fdwatch {
  uv_poll_t poll;
  struct sl_loop *l;
  int fd;
  unsigned events;
  uint64_t id;
  void (*fn)(void *user, int fd, unsigned events);
  void *user;
};

struct sl_sigwatch {
  uv_signal_t sig;
  struct sl_sigwatch *next;
  void (*fn)(void *user, int signum);
  void *user;
};

static void on_poll(uv_poll_t *p, int status, int events);

static int poll_start(struct fdwatch *w)
{
  int want = (w->events & SL_READABLE ? UV_READABLE : 0) | (w->events & SL_WRITABLE ? UV_WRITABLE : 0)
             | (w->events & SL_HANGUP ? UV_DISCONNECT : 0);
  return want ? uv_poll_start(&w->poll, want, on_poll) : uv_poll_stop(&w->poll);
}

/* libuv stops a handle that polled as an error; the owner hears it as everything at once, reads the errno, and the watch goes on. */
static void on_poll(uv_poll_t *p, int status, int events)
{
  struct fdwatch *w = p->data;
  struct sl_loop *l = w->l;
  uint64_t id = w->id;
  unsigned got = status < 0 ? SL_READABLE | SL_WRITABLE | SL_HANGUP
                 : (events & UV_READABLE ? SL_READABLE : 0u) | (events & UV_WRITABLE ? SL_WRITABLE : 0u)
                   | (events & UV_DISCONNECT ? SL_HANGUP : 0u);
  sl_loop_enter(l);
  w->fn(w->user, w->fd, got);
  if (status < 0 && sl_slots_get(&l->watches, id) == w)
    poll_start(w);
}

static void on_poll_closed(uv_handle_t *h)
{
  sl_free(h->data);
}

/* uv_poll_init() makes the descriptor non-blocking for everybody who shares it: the shell behind a terminal would see it. */
static int poll_init(struct sl_loop *l, struct fdwatch *w)
{
  int flags = fcntl(w->fd, F_GETFL);
  if (flags < 0)
    return -errno;
  int rc = uv_poll_init(&l->uv, &w->poll, w->fd);
  if (!(flags & O_NONBLOCK))
    fcntl(w->fd, F_SETFL, flags);
  return rc;
}

int sl_fd_watch(struct sl_loop *l, int fd, unsigned events, void (*fn)(void *user, int fd, unsigned events), void *user, sl_fdwatch *out,
                struct sl_err *err)
{
  out->v = 0;
  struct fdwatch *w = sl_calloc(1, sizeof *w);
  if (!w)
    return sl_err_nomem(err);
  *w = (struct fdwatch){ .l = l, .fd = fd, .events = events, .fn = fn, .user = user };
  int rc = sl_slots_put(&l->watches, w, &w->id, err);
  if (rc) {
    sl_free(w);
    return rc;
  }
  rc = poll_init(l, w);
  if (rc) {
    sl_slots_take(&l->watches, w->id);
    sl_free(w);
    return sl_err_sys(err, -rc, "cannot watch descriptor %d", fd);
  }
  w->poll.data = w;
  rc = poll_start(w);
  out->v = w->id;
  if (!rc)
    return SL_OK;
  sl_fd_unwatch(l, out);
  return sl_err_sys(err, -rc, "cannot watch descriptor %d", fd);
}

void sl_fd_events(struct sl_loop *l, sl_fdwatch id, unsigned events)
{
  struct fdwatch *w = sl_slots_get(&l->watches, id.v);
  if (!w || w->events == events)
    return;
  w->events = events;
  poll_start(w);
}

void sl_fd_unwatch(struct sl_loop *l, sl_fdwatch *id)
{
  struct fdwatch *w = sl_slots_take(&l->watches, id->v);
  id->v = 0;
  if (w)
    uv_close((uv_handle_t *)&w->poll, on_poll_closed); /* leaves epoll at once: fd may be closed now */
}

static void on_signal(uv_signal_t *s, int signum)
{
  struct sl_sigwatch *w = s->data;
  sl_loop_enter(s->loop->data);
  w->fn(w->user, signum);
}

static void on_signal_closed(uv_handle_t *h)
{
  sl_free(h->data);
}

int sl_signal_watch(struct sl_loop *l, int signum, void (*fn)(void *user, int signum), void *user, struct sl_err *err)
{
  struct sl_sigwatch *w = sl_calloc(1, sizeof *w);
  if (!w)
    return sl_err_nomem(err);
  w->fn = fn;
  w->user = user;
  int rc = uv_signal_init(&l->uv, &w->sig);
  if (rc) {
    sl_free(w);
    return sl_err_sys(err, -rc, "cannot watch signal %d", signum);
  }
  w->sig.data = w;
  rc = uv_signal_start(&w->sig, on_signal, signum);
  if (rc) {
    uv_close((uv_handle_t *)&w->sig, on_signal_closed);
    return sl_err_sys(err, -rc, "cannot watch signal %d", signum);
  }
  w->next = l->signals;
  l->signals = w;
  return SL_OK;
}

void sl_watches_close(struct sl_loop *l)
{
  struct fdwatch *w;
  while ((w = sl_slots_any(&l->watches))) {
    sl_fdwatch id = { w->id };
    sl_fd_unwatch(l, &id);
  }
  sl_slots_free(&l->watches);
  while (l->signals) {
    struct sl_sigwatch *s = l->signals;
    l->signals = s->next;
    uv_close((uv_handle_t *)&s->sig, on_signal_closed);
  }
}
