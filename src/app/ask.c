/* app/ask.c: a backend needs a person (a password, a code): asked on the terminal itself, whatever standard input and output are, with the
 * echo off for secrets. Without a terminal, or with --no-input, the request fails and says which command to run. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "app/session.h"
#include "base/mem.h"
#include "base/text.h"

enum { ASK_MAX = 4096 };

static void say(int fd, const struct sl_ask *a)
{
  struct sl_buf b, clean;
  sl_buf_init(&b, 8192);
  sl_buf_init(&clean, 16384);
  sl_buf_printf(&b, "%s: %s: ", a->conn ? a->conn : "sluice", a->prompt ? a->prompt : a->what);
  sl_text_clean(&clean, sl_buf_view(&b), SL_TEXT_CELL);
  (void)!write(fd, sl_buf_zstr(&clean), clean.n);
  sl_buf_free(&b);
  sl_buf_free(&clean);
}

/* poll() is never resumed after a signal, as read() may be: Ctrl-C leaves the question, with the echo on again. */
static bool read_char(int fd, char *c)
{
  struct pollfd p = { .fd = fd, .events = POLLIN };
  return poll(&p, 1, -1) == 1 && read(fd, c, 1) == 1;
}

/* One line, without its end; false at end of file, at a signal, or when it is too long. */
static bool read_line(int fd, char *out, size_t max, size_t *n)
{
  *n = 0;
  for (char c; read_char(fd, &c); out[(*n)++] = c) {
    if (c == '\n')
      return true;
    if (*n == max)
      return false;
  }
  return false;
}

bool sl_ask_terminal(const struct sl_ask *a, struct sl_secret **out)
{
  static char line[ASK_MAX];
  size_t n = 0;
  struct termios old, quiet;
  struct sl_err err;
  *out = NULL;
  int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return false;
  bool hidden = a->secret && !tcgetattr(fd, &old);
  if (hidden) {
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= ECHONL;
    quiet.c_cc[VSUSP] = quiet.c_cc[VQUIT] = _POSIX_VDISABLE; /* they would leave a shell without echo */
    tcsetattr(fd, TCSAFLUSH, &quiet);
  }
  say(fd, a); /* last: what is typed at the sight of it must be neither shown nor flushed away */
  bool got = read_line(fd, line, sizeof line, &n) && n > 0;
  if (hidden)
    tcsetattr(fd, TCSAFLUSH, &old);
  close(fd);
  got = got && !sl_secret_new(out, sl_strn(line, n), &err);
  explicit_bzero(line, sizeof line);
  return got;
}

static void asked(void *user, uint64_t id, const struct sl_ask *a)
{
  struct sl_session *s = user;
  struct sl_secret *secret = NULL;
  if (!a)
    return;
  sl_ask_terminal(a, &secret);
  sl_ws_answer(s->ws, id, &secret);
}

void sl_session_asks(struct sl_session *s)
{
  bool may = !sl_args_has(s->app->args, SL_O_no_input) && isatty(STDIN_FILENO);
  sl_ws_on_ask(s->ws, may ? asked : NULL, s);
}
