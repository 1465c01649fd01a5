/* loop/frames.c: messages over a stream socket, both ways, never blocking.
 *
 * The peer may be hostile (the box): a length over the cap ends the stream before a byte of it is kept. What is sent goes out at once when
 * nothing waits before it. Closing is deferred to the end of the turn, because it may come from inside frame(). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/child.h"
#include "loop/priv.h"

enum { HEAD = 5, QUEUE_MAX = 64 << 20, CHUNK = 65536, CHUNKS_PER_TURN = 16, DROP_AT = 1 << 20 };

struct sl_frames {
  struct sl_loop *l;
  struct sl_frames_ops ops;
  void *user;
  int fd;
  sl_fdwatch watch;
  sl_timer unpaused;            /* hands over what was read before the pause */
  struct sl_buf in, out;
  size_t in_at, out_at;         /* taken of `in`, sent of `out` */
  size_t max_frame;
  bool paused, over, gone;      /* over: no reading or writing any more; gone: close() was called */
  bool ending;                  /* closed() is due at the end of this turn */
  int rc;
  struct sl_err err;
  struct sl_defer defer;        /* of closed(), then of the memory */
};

static void frames_release(void *p)
{
  struct sl_frames *f = p;
  sl_buf_wipe(&f->in);
  sl_buf_wipe(&f->out);
  sl_free(f);
}

void sl_frames_close(struct sl_frames *f)
{
  if (!f || f->gone)
    return;
  f->gone = f->over = true;
  sl_timer_stop(f->l, &f->unpaused);
  sl_fd_unwatch(f->l, &f->watch);
  close(f->fd);
  if (!f->ending)
    sl_loop_defer(f->l, &f->defer, frames_release, f);
}

/* closed() is the owner's last word; f goes after it, whether or not they closed it themselves. */
static void on_end(void *p)
{
  struct sl_frames *f = p;
  if (!f->gone) {
    sl_frames_close(f);
    f->ops.closed(f->user, f->rc, &f->err);
  }
  frames_release(f);
}

static void frames_over(struct sl_frames *f, int rc)
{
  if (f->over)
    return;
  f->over = f->ending = true;
  f->rc = rc;
  sl_timer_stop(f->l, &f->unpaused);
  sl_fd_events(f->l, f->watch, 0);
  sl_loop_defer(f->l, &f->defer, on_end, f);
}

static void frames_events(struct sl_frames *f)
{
  if (!f->over)
    sl_fd_events(f->l, f->watch, (f->paused ? 0u : SL_READABLE) | (f->out_at < f->out.n ? SL_WRITABLE : 0u));
}

static void frames_flush(struct sl_frames *f)
{
  while (!f->over && f->out_at < f->out.n) {
    int fault = sl_fault_io("send");
    ssize_t n = fault ? -1 : send(f->fd, f->out.p + f->out_at, f->out.n - f->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
    int errnum = fault ? fault : errno;
    if (n < 0 && errnum == EINTR)
      continue;
    if (n < 0 && (errnum == EAGAIN || errnum == EWOULDBLOCK))
      break;
    if (n < 0) {
      frames_over(f, sl_err_sys(&f->err, errnum, "the other side is gone"));
      return;
    }
    f->out_at += (size_t)n;
  }
  if (f->out_at == f->out.n || f->out_at > DROP_AT) {
    sl_buf_drop(&f->out, f->out_at);
    f->out_at = 0;
  }
  frames_events(f);
}

int sl_frames_send(struct sl_frames *f, uint8_t kind, struct sl_str payload, struct sl_err *err)
{
  if (f->over)
    return sl_err_set(err, SL_EIO, "the other side is gone");
  if (payload.n > UINT32_MAX || sl_frames_queued(f) + payload.n > QUEUE_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d MiB wait to be sent", QUEUE_MAX >> 20);
  bool idle = f->out_at == f->out.n;
  size_t before = f->out.n;
  sl_buf_le(&f->out, payload.n, 4);
  sl_buf_le(&f->out, kind, 1);
  sl_buf_str(&f->out, payload);
  int rc = sl_buf_check(&f->out, err);
  if (rc) { /* all or nothing: half a frame would garble all that follow */
    f->out.failed = SL_OK;
    sl_buf_cut(&f->out, before);
    return rc;
  }
  if (idle)
    frames_flush(f);
  return SL_OK;
}

static uint32_t head_len(const char *p)
{
  struct sl_rd r = sl_rd(sl_strn(p, 4));
  return (uint32_t)sl_rd_le(&r, 4);
}

/* Hands over whole frames; stops when the owner pauses or closes. */
static void frames_deliver(struct sl_frames *f)
{
  while (!f->over && !f->paused && f->in.n - f->in_at >= HEAD) {
    const char *p = f->in.p + f->in_at;
    uint32_t len = head_len(p);
    if (len > f->max_frame) {
      frames_over(f, sl_err_set(&f->err, SL_EPROTO, "a message of %u bytes; at most %zu are taken", len, f->max_frame));
      return;
    }
    if (f->in.n - f->in_at - HEAD < len)
      break;
    f->in_at += HEAD + len;
    f->ops.frame(f->user, (uint8_t)p[4], sl_strn(p + HEAD, len));
  }
  if (f->gone)
    return;
  if (f->in_at == f->in.n || f->in_at > DROP_AT) {
    sl_buf_drop(&f->in, f->in_at);
    f->in_at = 0;
  }
}

/* False: nothing more to read now. */
static bool frames_read(struct sl_frames *f)
{
  char *room = sl_buf_room(&f->in, CHUNK);
  if (!room) {
    int rc = sl_buf_check(&f->in, &f->err);
    frames_over(f, rc);
    return false;
  }
  int fault = sl_fault_io("recv");
  ssize_t n = fault ? -1 : recv(f->fd, room, CHUNK, MSG_DONTWAIT);
  int errnum = fault ? fault : errno;
  if (n > 0) {
    sl_buf_wrote(&f->in, (size_t)n);
    return true;
  }
  if (n < 0 && (errnum == EAGAIN || errnum == EWOULDBLOCK || errnum == EINTR))
    return false;
  if (n < 0)
    frames_over(f, sl_err_sys(&f->err, errnum, "the other side is gone"));
  else if (f->in.n > f->in_at)
    frames_over(f, sl_err_set(&f->err, SL_ENET, "the other side went away in the middle of a message"));
  else
    frames_over(f, SL_OK);
  return false;
}

static void on_frames(void *user, int fd, unsigned events)
{
  (void)fd;
  struct sl_frames *f = user;
  if (events & SL_WRITABLE)
    frames_flush(f);
  for (int i = 0; i < CHUNKS_PER_TURN && !f->over && !f->paused && (events & SL_READABLE) && frames_read(f); i++)
    frames_deliver(f);
}

int sl_frames_open(struct sl_frames **out, struct sl_loop *l, int fd, size_t max_frame, const struct sl_frames_ops *ops, void *user,
                   struct sl_err *err)
{
  *out = NULL;
  struct sl_frames *f = sl_calloc(1, sizeof *f);
  if (!f) {
    close(fd);
    return sl_err_nomem(err);
  }
  f->l = l;
  f->ops = *ops;
  f->user = user;
  f->fd = fd;
  f->max_frame = max_frame;
  sl_buf_init(&f->in, max_frame + HEAD + DROP_AT + 2 * CHUNK);
  sl_buf_init(&f->out, 2 * (size_t)QUEUE_MAX);
  int rc = sl_fd_watch(l, fd, SL_READABLE, on_frames, f, &f->watch, err);
  if (rc) {
    close(fd);
    sl_free(f);
    return rc;
  }
  *out = f;
  return SL_OK;
}

static void on_unpaused(void *user)
{
  struct sl_frames *f = user;
  f->unpaused.v = 0;
  frames_deliver(f);
  if (!f->gone)
    frames_events(f);
}

/* What was read already is handed over in the next turn, not inside this call. */
void sl_frames_pause(struct sl_frames *f, bool paused)
{
  if (f->over || f->paused == paused)
    return;
  f->paused = paused;
  frames_events(f);
  if (!paused && f->in.n > f->in_at && !f->unpaused.v && sl_timer_start(f->l, 0, 0, on_unpaused, f, &f->unpaused, NULL))
    frames_over(f, sl_err_nomem(&f->err));
}

size_t sl_frames_queued(const struct sl_frames *f)
{
  return f->out.n - f->out_at;
}
