/* tests/screen/pty.c: the script on a real terminal. Keys come through it: this side says on a pipe what it wants typed and reads the
 * terminal until so many keys have come; test_pty.py types, and compares what the bytes amount to with the picture. Another pipe
 * brings its answers, a byte each. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

enum { PATIENCE_MS = 10000 };
static int out_fd = -1, in_fd = -1;

void pty_pipes(int out, int in)
{
  out_fd = out;
  in_fd = in;
}

static void tell(const char *word, const char *text, size_t n)
{
  char head[64];
  int k = snprintf(head, sizeof head, "%s %zu\n", word, n);
  if (write(out_fd, head, (size_t)k) < 0)
    return;
  while (n > 0) {
    ssize_t w = write(out_fd, text, n);
    if (w <= 0)
      return;
    text += w;
    n -= (size_t)w;
  }
}

static bool answer(struct run *r, int line)
{
  struct pollfd p = {.fd = in_fd, .events = POLLIN};
  char c = 0;
  int ready;
  while ((ready = poll(&p, 1, PATIENCE_MS)) < 0 && errno == EINTR) /* SIGWINCH */
    ;
  if (ready <= 0 || read(in_fd, &c, 1) != 1)
    return run_fail(r, line, "the terminal's side does not answer");
  return c == '+' ? true : run_fail(r, line, "the terminal shows another picture");
}

static bool key_take(struct run *r, int *got)
{
  int key = sl_term_key(r->term);
  if (key == -1)
    return false;
  if (key == SL_KEY_PASTE)
    sl_ui_paste(r->ui, sl_term_pasted(r->term));
  else if (key == SL_KEY_RESIZE)
    sl_ui_resize(r->ui, 0, 0);
  else
    sl_ui_key(r->ui, key);
  *got += key != SL_KEY_RESIZE;
  sl_ui_paint(r->ui);
  return true;
}

bool pty_keys(struct run *r, const char *keys, size_t n, bool paste)
{
  int got = 0;
  tell(paste ? "paste" : "keys", keys, strlen(keys));
  for (int waited = 0; (size_t)got < n && waited < PATIENCE_MS; waited += 10) {
    struct pollfd p = {.fd = sl_term_fd(r->term), .events = POLLIN};
    poll(&p, 1, 10);
    while (key_take(r, &got))
      ;
  }
  return (size_t)got == n ? true : run_fail(r, 0, "%zu keys typed, %d came: %s", n, got, keys);
}

bool pty_size(struct run *r, int w, int h)
{
  char text[32];
  snprintf(text, sizeof text, "%dx%d", w, h);
  tell("size", text, strlen(text));
  if (!answer(r, 0))
    return false;
  for (int k = 0, got = 0; k < 50 && (sl_ui_grid(r->ui)->w != w || sl_ui_grid(r->ui)->h != h); k++) {
    while (key_take(r, &got))
      ;
    sl_ui_resize(r->ui, 0, 0);
  }
  return true;
}

bool pty_picture(struct run *r, int line, const char *rows)
{
  sl_term_flush(r->term, sl_ui_grid(r->ui));
  tell("picture", rows, strlen(rows));
  return answer(r, line);
}
