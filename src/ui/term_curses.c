/* ui/term_curses.c: the only file that knows curses. It compares the grid with what it last gave to curses, cell by cell, and writes only
 * rows that differ; curses then sends the difference. Key sequences are decoded by curses; pastes and OSC replies by us, bounded. */
#include "ui/term.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "base/fmt.h"
#include "base/mem.h"

enum { ASKED_MS = 2000, LEAVE_MS = 100 };
enum { MAX_W = 1000, MAX_H = 500, MAX_PASTE = 1 << 20, ESC_DELAY_MS = 30, OSC52_MAX = 74994, MAX_PAIRS = 250 };

struct sl_term {
  SCREEN *screen;
  struct sl_grid shown;             /* what curses was given */
  bool all, no_color, low_bandwidth, mouse, clicked;
  bool told, light;                 /* of its background */
  int64_t asked_until;              /* an answer counts before this (monotonic ms); 0: nothing was asked */
  int colors, npairs, click_x, click_y;
  struct { int16_t fg, bg; } pair[MAX_PAIRS];
  chtype attr[SL_ROLE_N];
  short pair_of[SL_ROLE_N];
  struct sl_theme theme;
  struct sl_buf paste;
  char note[128];
  FILE *in, *out;
};

static volatile sig_atomic_t terminal_taken;

static int64_t now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void raw_send(struct sl_term *t, const char *bytes)
{
  fputs(bytes, t->out);
  fflush(t->out);
}

/* ---- colours ---- */

static short pair_for(struct sl_term *t, int fg, int bg)
{
  if (fg < 0 && bg < 0)
    return 0;
  for (int i = 0; i < t->npairs; i++)
    if (t->pair[i].fg == fg && t->pair[i].bg == bg)
      return (short)(i + 1);
  if (t->npairs == MAX_PAIRS || t->npairs + 1 >= COLOR_PAIRS)
    return 0;
  t->pair[t->npairs].fg = (int16_t)fg;
  t->pair[t->npairs].bg = (int16_t)bg;
  init_pair((short)(t->npairs + 1), (short)fg, (short)bg);
  return (short)++t->npairs;
}

static chtype attr_bits(uint8_t a)
{
  chtype bits = A_NORMAL;
  if (a & SL_ATTR_BOLD) bits |= A_BOLD;
  if (a & SL_ATTR_DIM) bits |= A_DIM;
  if (a & SL_ATTR_UNDERLINE) bits |= A_UNDERLINE;
  if (a & SL_ATTR_REVERSE) bits |= A_REVERSE;
  return bits;
}

void sl_term_theme(struct sl_term *t, const struct sl_theme *theme)
{
  t->theme = *theme;
  t->npairs = 0;
  t->all = true;
  for (int i = 0; i < SL_ROLE_N; i++) {
    const struct sl_look *l = &t->theme.look[i];
    t->attr[i] = attr_bits(l->attr);
    t->pair_of[i] = t->colors ? pair_for(t, sl_color_degrade(l->fg, t->colors), sl_color_degrade(l->bg, t->colors)) : 0;
    if (!t->colors && l->bg >= 0)
      t->attr[i] |= A_REVERSE; /* a background alone would be lost */
  }
}

/* ---- open and close ---- */

static bool usable(void)
{
  char *cup = tigetstr("cup");
  return cup && cup != (char *)-1;
}

static int try_terms(struct sl_term *t, struct sl_err *err)
{
  const char *own = getenv("TERM");
  const char *const names[] = {own && own[0] ? own : NULL, "xterm-256color", "xterm", "vt100"};
  for (size_t i = 0; i < 4; i++) {
    t->screen = names[i] ? newterm(names[i], t->out, t->in) : NULL;
    if (!t->screen)
      continue;
    if (!usable()) {
      endwin();
      delscreen(t->screen);
      t->screen = NULL;
      return sl_err_set(err, SL_EUSAGE, "TERM=%s cannot address the screen; use `sluice get ...` or set TERM", names[i]);
    }
    if (i > 0)
      snprintf(t->note, sizeof t->note, "TERM=%.40s is unknown here; drawing for %s", own && own[0] ? own : "(unset)", names[i]);
    return SL_OK;
  }
  return sl_err_set(err, SL_EUNSUP, "no usable terminal description for TERM=%.40s; install ncurses-term or set TERM=xterm", own ? own
      : "(unset)");
}

static void modes_on(struct sl_term *t)
{
  raw();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  meta(stdscr, TRUE);
  leaveok(stdscr, FALSE);
  idlok(stdscr, FALSE);
  curs_set(0);
  if (t->mouse)
    mousemask(BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
  raw_send(t, "\033[?2004h");
}

int sl_term_open(struct sl_term **out, const struct sl_term_opts *o, struct sl_err *err)
{
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
    return sl_err_set(err, SL_EUSAGE, "the console needs a terminal; `sluice get RESOURCE` and friends work without one (see --help)");
  struct sl_term *t = sl_calloc(1, sizeof *t);
  if (!t)
    return sl_err_nomem(err);
  t->in = stdin;
  t->out = stdout;
  t->low_bandwidth = o->low_bandwidth;
  t->mouse = o->mouse;
  t->no_color = o->no_color;
  sl_buf_init(&t->paste, MAX_PASTE);
  if (!getenv("ESCDELAY"))
    set_escdelay(ESC_DELAY_MS);
  int rc = try_terms(t, err);
  if (rc) {
    sl_free(t);
    return rc;
  }
  terminal_taken = 1;
  if (!o->no_color && has_colors()) {
    start_color();
    use_default_colors();
    t->colors = o->colors > 0 && o->colors < COLORS ? o->colors : COLORS > 256 ? 256 : COLORS;
    if (o->low_bandwidth && t->colors > 16)
      t->colors = 16;
  }
  modes_on(t);
  sl_term_theme(t, o->theme);
  *out = t;
  return SL_OK;
}

/* An answer that is still on its way would end as text at the shell's prompt. */
static void answer_drop(struct sl_term *t)
{
  struct pollfd p = {.fd = fileno(t->in), .events = POLLIN};
  if (now_ms() >= t->asked_until)
    return;
  t->asked_until = 0;
  if (poll(&p, 1, LEAVE_MS) > 0)
    tcflush(p.fd, TCIFLUSH);
}

static void modes_off(struct sl_term *t)
{
  answer_drop(t);
  raw_send(t, "\033[?2004l");
  curs_set(1);
  endwin();
}

void sl_term_close(struct sl_term *t)
{
  if (!t)
    return;
  modes_off(t);
  terminal_taken = 0;
  delscreen(t->screen);
  sl_grid_free(&t->shown);
  sl_buf_free(&t->paste);
  sl_free(t);
}

const char *sl_term_library(void) { return curses_version(); }

/* Only write(2): called from a signal handler, when nothing else may be trusted. Leaves the alternate screen, shows the cursor, ends
 * modes. */
void sl_term_emergency(void)
{
  static const char bytes[] = "\033[?2004l\033[?1000l\033[0m\033[?25h\033[?1049l\r\n";
  if (terminal_taken && write(STDOUT_FILENO, bytes, sizeof bytes - 1) < 0)
    return;
  terminal_taken = 0;
}

const char *sl_term_note(const struct sl_term *t) { return t->note[0] ? t->note : NULL; }
int sl_term_fd(const struct sl_term *t) { return fileno(t->in); }

void sl_term_size(struct sl_term *t, int *w, int *h)
{
  struct winsize ws;
  *w = COLS;
  *h = LINES;
  if (!ioctl(fileno(t->out), TIOCGWINSZ, &ws) && ws.ws_col && ws.ws_row) {
    *w = ws.ws_col;
    *h = ws.ws_row;
  }
  *w = *w > MAX_W ? MAX_W : *w;
  *h = *h > MAX_H ? MAX_H : *h;
}

void sl_term_suspend(struct sl_term *t) { modes_off(t); }

void sl_term_resume(struct sl_term *t)
{
  refresh();
  modes_on(t);
  t->all = true;
}

void sl_term_redraw(struct sl_term *t)
{
  t->all = true;
  clearok(curscr, TRUE);
}

/* ---- drawing ---- */

static bool cell_same(const struct sl_cell *a, const struct sl_cell *b)
{
  return a->n == b->n && a->w == b->w && a->role == b->role && a->over == b->over && !memcmp(a->t, b->t, a->n);
}

static void cell_draw(struct sl_term *t, int x, int y, const struct sl_cell *c)
{
  if (c->w == 0)
    return;
  unsigned role = c->role < SL_ROLE_N ? c->role : SL_ROLE_text;
  unsigned over = c->over < SL_ROLE_N ? c->over : role;
  /* A row under the cursor keeps the colour of its states where the cursor's look is only an attribute. */
  bool keep = over != role && t->theme.look[over].fg < 0 && t->theme.look[over].bg < 0;
  attr_t attr = (attr_t)(t->attr[over] | (keep ? t->attr[role] : 0));
  short pair = keep ? t->pair_of[role] : t->pair_of[over];
  wchar_t wide[8];
  size_t n = 0;
  struct sl_str rest = {c->t, c->n};
  uint32_t cp;
  for (int used; n < 6 && (used = sl_utf8_next(rest, &cp)) > 0; rest = sl_str_from(rest, (size_t)used))
    wide[n++] = (wchar_t)cp;
  wide[n] = 0;
  cchar_t cc;
  if (setcchar(&cc, wide, attr, pair, NULL) == OK)
    mvadd_wch(y, x, &cc);
}

static int shown_fit(struct sl_term *t, const struct sl_grid *g)
{
  if (t->shown.w == g->w && t->shown.h == g->h)
    return SL_OK;
  sl_grid_free(&t->shown);
  t->all = true;
  if (LINES != g->h || COLS != g->w)
    resizeterm(g->h, g->w);
  return sl_grid_init(&t->shown, g->w, g->h, NULL);
}

void sl_term_flush(struct sl_term *t, const struct sl_grid *g)
{
  if (shown_fit(t, g))
    return; /* no memory: the next paint tries again */
  bool any = t->all || t->shown.cursor != g->cursor || t->shown.cx != g->cx || t->shown.cy != g->cy;
  for (int y = 0; y < g->h; y++)
    for (int x = 0; x < g->w; x++) {
      size_t i = (size_t)y * (size_t)g->w + (size_t)x;
      if (!t->all && cell_same(&t->shown.cell[i], &g->cell[i]))
        continue;
      any = true;
      t->shown.cell[i] = g->cell[i];
      cell_draw(t, x, y, &g->cell[i]);
    }
  if (!any)
    return;
  t->shown.cursor = g->cursor;
  t->shown.cx = g->cx;
  t->shown.cy = g->cy;
  t->all = false;
  curs_set(g->cursor ? 1 : 0);
  move(g->cursor ? g->cy : g->h - 1, g->cursor ? g->cx : g->w - 1);
  refresh();
}

/* ---- keys ---- */

static int special(int c)
{
  static const struct { int curses, ours; } map[] = {{KEY_UP, SL_KEY_UP}, {KEY_DOWN, SL_KEY_DOWN}, {KEY_LEFT, SL_KEY_LEFT},
    {KEY_RIGHT, SL_KEY_RIGHT}, {KEY_HOME, SL_KEY_HOME}, {KEY_END, SL_KEY_END}, {KEY_PPAGE, SL_KEY_PGUP}, {KEY_NPAGE, SL_KEY_PGDN},
    {KEY_IC, SL_KEY_INS}, {KEY_DC, SL_KEY_DEL}, {KEY_BACKSPACE, SL_KEY_BACKSPACE}, {KEY_BTAB, SL_KEY_BACKTAB}, {KEY_ENTER, SL_KEY_ENTER},
    {KEY_RESIZE, SL_KEY_RESIZE}};
  for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
    if (map[i].curses == c)
      return map[i].ours;
  return c >= KEY_F(1) && c <= KEY_F(12) ? SL_KEY_F1 + c - KEY_F(1) : -1;
}

static int next_char(wint_t *out)
{
  wint_t c = 0;
  int rc = get_wch(&c);
  *out = c;
  return rc;
}

/* Between ESC[200~ and ESC[201~: data, never commands. Bounded in size, and in time by what is already there. */
static int paste_read(struct sl_term *t)
{
  static const char end[] = "\033[201~";
  size_t seen = 0;
  sl_buf_clear(&t->paste);
  for (int idle = 0; idle < 20;) {
    wint_t c;
    if (next_char(&c) == ERR) {
      struct pollfd p = {.fd = fileno(t->in), .events = POLLIN};
      idle = poll(&p, 1, 10) > 0 ? idle + 1 : idle + 5;
      continue;
    }
    if ((char)c == end[seen] && c < 128) {
      if (!end[++seen])
        return SL_KEY_PASTE;
      continue;
    }
    sl_buf_add(&t->paste, end, seen);
    seen = 0;
    sl_buf_u8(&t->paste, (uint32_t)c);
  }
  return SL_KEY_PASTE;
}

/* "11;rgb:ffff/ffff/ffff", with one to four digits each: whether that is light. */
static bool color_light(const char *seq, bool *light)
{
  static const int weight[3] = {299, 587, 114};
  struct sl_str rest = sl_str(seq), part;
  ptrdiff_t at = sl_str_find(rest, SL_STR("rgb"));
  at = at < 0 || strncmp(seq, "11;", 3) != 0 ? -1 : sl_str_chr(rest, ':');
  if (at < 0)
    return false;
  rest = sl_str_from(rest, (size_t)at + 1);
  int sum = 0;
  for (int i = 0; i < 3; i++) {
    unsigned char v;
    if (!sl_str_cut(&rest, '/', &part) || !part.n)
      return false;
    const char two[2] = {part.p[0], part.p[part.n > 1]};
    if (!sl_parse_hex(sl_strn(two, 2), &v, 1))
      return false;
    sum += v * weight[i];
  }
  *light = sum > 127500;
  return true;
}

/* An answer that we wait for may come in two pieces; what nobody asked for is not waited for. */
static int next_of_answer(struct sl_term *t, wint_t *out)
{
  int rc = next_char(out);
  for (int i = 0; rc == ERR && i < 5 && now_ms() < t->asked_until; i++) {
    struct pollfd p = {.fd = fileno(t->in), .events = POLLIN};
    if (poll(&p, 1, 10) > 0)
      rc = next_char(out);
  }
  return rc;
}

/* Once: whoever says it unasked is not heard. */
static int answered(struct sl_term *t, const char *seq)
{
  bool light;
  if (now_ms() >= t->asked_until || !color_light(seq, &light))
    return -1;
  t->asked_until = 0;
  t->told = true;
  t->light = light;
  return SL_KEY_BACKGROUND;
}

/* What follows ESC: a bare escape, Alt-x, the paste mark, what we asked for, or a sequence nobody asked for (swallowed). */
static int after_escape(struct sl_term *t)
{
  wint_t c;
  if (next_char(&c) == ERR)
    return SL_KEY_ESC;
  if (c != '[' && c != ']' && c != 'P' && c != 'O')
    return c < 32 ? SL_KEY_ESC : (int)c | SL_KEY_ALT;
  char seq[64];
  size_t n = 0;
  bool osc = c == ']' || c == 'P';
  while (n < sizeof seq - 1 && (osc ? next_of_answer(t, &c) : next_char(&c)) != ERR) {
    seq[n++] = c < 128 ? (char)c : '?';
    if (osc ? c == 7 || (c == '\\' && n > 1 && seq[n - 2] == 27) : c >= 0x40 && c <= 0x7e)
      break;
  }
  while (osc && n && (seq[n - 1] == 7 || seq[n - 1] == 27 || seq[n - 1] == '\\')) /* its end is not it */
    n--;
  seq[n] = 0;
  return osc ? answered(t, seq) : !strcmp(seq, "200~") ? paste_read(t) : -1;
}

static int mouse_key(struct sl_term *t)
{
  MEVENT m;
  if (getmouse(&m) != OK)
    return -1;
  if (m.bstate & BUTTON4_PRESSED)
    return SL_KEY_WHEEL_UP;
  if (m.bstate & BUTTON5_PRESSED)
    return SL_KEY_WHEEL_DOWN;
  t->click_x = m.x;
  t->click_y = m.y;
  t->clicked = true;
  return SL_KEY_CLICK;
}

static bool input_gone(const struct sl_term *t)
{
  struct pollfd p = {.fd = fileno(t->in), .events = POLLIN};
  return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL));
}

int sl_term_key(struct sl_term *t)
{
  wint_t c = 0;
  int rc, key = -1;
  while ((rc = next_char(&c)) == OK && c == SL_KEY_ESC)
    if ((key = after_escape(t)) != -1) /* what was swallowed hides no key behind it */
      return key;
  if (rc == ERR)
    return input_gone(t) ? SL_KEY_EOF : -1;
  if (rc == KEY_CODE_YES)
    return c == KEY_MOUSE ? mouse_key(t) : special((int)c);
  if (c == 127 || c == 8)
    return SL_KEY_BACKSPACE;
  return c == '\n' ? SL_KEY_ENTER : (int)c;
}

struct sl_str sl_term_pasted(struct sl_term *t) { return sl_buf_view(&t->paste); }

bool sl_term_click(struct sl_term *t, int *x, int *y)
{
  *x = t->click_x;
  *y = t->click_y;
  return t->clicked;
}

/* ---- clipboard and background ---- */

int sl_term_copy(struct sl_term *t, struct sl_str text, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 4 * OSC52_MAX);
  bool tmux = getenv("TMUX") != NULL;
  sl_buf_z(&b, tmux ? "\033Ptmux;\033\033]52;c;" : "\033]52;c;");
  size_t before = b.n;
  sl_fmt_base64(&b, text.p, text.n);
  int rc = b.failed || b.n - before > OSC52_MAX ? sl_err_set(err, SL_ELIMIT,
      "too long to copy through the terminal (%zu bytes, at most %d); export it with e",
    text.n, OSC52_MAX / 4 * 3) : SL_OK;
  sl_buf_z(&b, tmux ? "\007\033\\" : "\007");
  if (!rc)
    raw_send(t, sl_buf_zstr(&b));
  sl_buf_free(&b);
  return rc;
}

/* COLORFGBG=15;0: the last number is the background. */
static int from_colorfgbg(void)
{
  const char *v = getenv("COLORFGBG"), *last = v ? strrchr(v, ';') : NULL;
  int64_t bg;
  if (!last || !sl_str_i64(sl_str(last + 1), &bg))
    return -1;
  return bg == 7 || bg == 15;
}

void sl_term_ask_background(struct sl_term *t)
{
  if (t->low_bandwidth)
    return;
  t->asked_until = now_ms() + ASKED_MS;
  raw_send(t, "\033]11;?\007");
}

int sl_term_background(const struct sl_term *t) { return t->told ? t->light : from_colorfgbg(); }
