/* app/out.c: standard output: buffered, finished at once when nobody reads it any more. */
#include "app/app.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { OUT_MUCH = 48 << 10, OUT_MAX = 64 << 20 };

void sl_out_open(struct sl_out *o, int fd)
{
  *o = (struct sl_out){ .fd = fd, .tty = isatty(fd) };
  sl_buf_init(&o->b, OUT_MAX);
  struct winsize size;
  int64_t columns;
  if (o->tty && !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
    o->width = size.ws_col;
  else if (o->tty)
    o->width = getenv("COLUMNS") && sl_str_i64(sl_str(getenv("COLUMNS")), &columns) && columns > 0 && columns < 10000 ? (int)columns : 80;
  o->ascii = o->tty && strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

void sl_out_close(struct sl_out *o)
{
  sl_buf_free(&o->b);
}

/* Somebody may have made the pipe non-blocking: then it is waited for. */
static int out_wait(struct sl_out *o)
{
  struct pollfd p = { .fd = o->fd, .events = POLLOUT };
  return poll(&p, 1, -1) < 0 && errno != EINTR ? errno : 0;
}

int sl_out_flush(struct sl_out *o, struct sl_err *err)
{
  int rc = sl_buf_check(&o->b, err);
  size_t at = 0;
  if (o->tty && o->b.n)
    sl_app_progress(NULL);
  while (!rc && !o->gone && at < o->b.n) {
    ssize_t n = write(o->fd, o->b.p + at, o->b.n - at);
    int e = n < 0 ? errno : 0;
    if (n > 0)
      at += (size_t)n;
    if (e == EAGAIN || e == EWOULDBLOCK)
      e = out_wait(o);
    if (e == EPIPE)
      o->gone = true;
    else if (e && e != EINTR)
      rc = sl_err_sys(err, e, o->fd == STDOUT_FILENO ? "cannot write to standard output" : "cannot write");
  }
  sl_buf_clear(&o->b);
  if (!rc && o->gone) {
    sl_err_clear(err);
    rc = SL_ECANCELED;
  }
  return rc;
}

int sl_out_spill(struct sl_out *o, struct sl_err *err)
{
  return o->b.n >= OUT_MUCH || o->b.failed ? sl_out_flush(o, err) : SL_OK;
}
