/* ui/term.h: the terminal. One file (term_curses.c) includes curses; tests draw on grids alone. */
#ifndef SL_UI_TERM_H
#define SL_UI_TERM_H

#include "ui/grid.h"
#include "ui/theme.h"

/* Keys: a Unicode character, or one of these; Ctrl-X is X & 0x1f; Alt adds SL_KEY_ALT. */
enum { SL_KEY_UP = 0x110000, SL_KEY_DOWN, SL_KEY_LEFT, SL_KEY_RIGHT, SL_KEY_HOME, SL_KEY_END, SL_KEY_PGUP, SL_KEY_PGDN, SL_KEY_INS,
  SL_KEY_DEL, SL_KEY_BACKSPACE, SL_KEY_BACKTAB, SL_KEY_F1, SL_KEY_F12 = SL_KEY_F1 + 11, SL_KEY_RESIZE,
  SL_KEY_PASTE /* text: sl_term_pasted() */,
  SL_KEY_WHEEL_UP, SL_KEY_WHEEL_DOWN, SL_KEY_CLICK /* sl_term_click() */, SL_KEY_EOF,
  SL_KEY_BACKGROUND /* the terminal has told: sl_term_background() */, SL_KEY_ALT = 0x400000 };
enum { SL_KEY_ENTER = '\r', SL_KEY_ESC = 27, SL_KEY_TAB = '\t', SL_KEY_SPACE = ' ' };
void sl_key_name(int key, struct sl_buf *out);           /* "Ctrl-L", "Enter", "PgDn", "x" */
bool sl_key_parse(struct sl_str name, int *key);

struct sl_term;
struct sl_term_opts { bool low_bandwidth, mouse, no_color; int colors; /* 0: what the terminal has */ const struct sl_theme *theme; };
/* ENOENT-like errors are told in one line: no terminal, TERM=dumb. Unknown TERM: falls back to xterm-256color, xterm, vt100 and notes
 * it. */
int sl_term_open(struct sl_term **out, const struct sl_term_opts *o, struct sl_err *err) SL_NODISCARD;
void sl_term_close(struct sl_term *t);                   /* restores everything */
const char *sl_term_note(const struct sl_term *t);       /* about the fallback; NULL */
int sl_term_fd(const struct sl_term *t);
void sl_term_size(struct sl_term *t, int *w, int *h);    /* asks the system */
void sl_term_theme(struct sl_term *t, const struct sl_theme *theme);
/* Sends what differs from what is there; nothing when nothing does. */
void sl_term_flush(struct sl_term *t, const struct sl_grid *g);
void sl_term_redraw(struct sl_term *t);                  /* Ctrl-L: the next flush sends all */
int sl_term_key(struct sl_term *t);                      /* -1: none now */
struct sl_str sl_term_pasted(struct sl_term *t);
bool sl_term_click(struct sl_term *t, int *x, int *y);
void sl_term_suspend(struct sl_term *t);                 /* modes off; the caller raises SIGTSTP, then */
void sl_term_resume(struct sl_term *t);
int sl_term_copy(struct sl_term *t, struct sl_str text, struct sl_err *err);   /* OSC 52, tmux wrapped; ELIMIT over 74,994 encoded bytes */
/* Asks the terminal for its background (OSC 11) and does not wait: SL_KEY_BACKGROUND comes when it answers within two seconds, or never. */
void sl_term_ask_background(struct sl_term *t);
int sl_term_background(const struct sl_term *t);         /* 1 light, 0 dark, -1 unknown: its answer, before that COLORFGBG */
const char *sl_term_library(void);                       /* "ncurses 6.4.20221231" */
/* From a signal handler: the least that makes the terminal usable again. */
void sl_term_emergency(void);

#endif
