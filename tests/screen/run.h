/* tests/screen/run.h: one run of a script: the workspace, the frame, and where keys come from. */
#ifndef SL_TESTS_SCREEN_RUN_H
#define SL_TESTS_SCREEN_RUN_H

#include "loop/loop.h"
#include "script.h"
#include "stage.h"
#include "ui/ui.h"

struct run {
  struct script *s;
  struct sl_loop *loop;
  struct sl_ws_conf *conf;
  struct sl_ws *ws;
  struct sl_ui *ui;
  struct sl_term *term;                   /* NULL: on the grid */
  char dir[64];
  bool quit;
  char error[1000];
};
bool run_begin(struct run *r, struct script *s, int w, int h, bool terminal);
void run_end(struct run *r);
bool run_settle(struct run *r);           /* until nothing is under way and nothing is left to paint */
bool run_fail(struct run *r, int line, const char *fmt, ...) SL_PRINTF(3, 4);
bool run_step(struct run *r, const struct step *s);   /* all but pictures */
void run_picture(struct run *r, bool roles, struct sl_buf *out);

/* ---- the terminal's side: test_pty.py at the other end of two pipes ---- */
void pty_pipes(int out, int in);
bool pty_keys(struct run *r, const char *keys, size_t n, bool paste);   /* asks for the keys and waits until they came */
bool pty_size(struct run *r, int w, int h);
bool pty_picture(struct run *r, int line, const char *rows);            /* what should be there: the other side compares */

#endif
