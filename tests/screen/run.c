/* tests/screen/run.c: a workspace on a clock that stands still, a frame over it, and a script's steps. */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "base/file.h"
#include "judge/judge.h"
#include "run.h"

enum { TICK_MS = 40, QUIET_ROUNDS = 2, MOST_ROUNDS = 500, PATIENCE_MS = 20000, SILENCE_MS = 400 };

bool run_fail(struct run *r, int line, const char *fmt, ...)
{
  char what[400];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(what, sizeof what, fmt, ap);
  va_end(ap);
  snprintf(r->error, sizeof r->error, "%s:%d: %s", r->s->path, line, what);
  return false;
}

static int64_t real_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool loop_settle(struct run *r)
{
  int64_t from = real_ms();
  for (int i = 0; i < 4; i++)
    sl_loop_turn(r->loop, 0);
  while (!sl_loop_settled(r->loop)) {
    sl_loop_turn(r->loop, 5);
    if (stage_quiet() && real_ms() - from > SILENCE_MS)
      return true; /* a finding that waits for what is silent: nothing more will come of it */
    if (real_ms() - from > PATIENCE_MS)
      return run_fail(r, 0, "does not settle");
  }
  return true;
}

/* The clock moves a little, as much as two pictures are apart, so that what waits for its turn gets it. */
bool run_settle(struct run *r)
{
  for (int quiet = 0, n = 0; quiet < QUIET_ROUNDS; n++) {
    if (!loop_settle(r) || n == MOST_ROUNDS)
      return n == MOST_ROUNDS ? run_fail(r, 0, "paints for ever") : false;
    quiet = sl_ui_dirty(r->ui) ? 0 : quiet + 1;
    sl_loop_clock_advance(r->loop, TICK_MS);
    if (!loop_settle(r))
      return false;
    sl_ui_paint(r->ui);
  }
  return true;
}

/* ---- opening ---- */

static void on_quit(void *user) { ((struct run *)user)->quit = true; }

static bool conf_load(struct run *r)
{
  const struct sl_backend_ops *const *b = stage_backends();
  struct sl_type_conf types[8];
  size_t n = 0;
  char path[128];
  struct sl_err err = {0};
  if (!r->s->workspace)
    return true;
  for (; b[n] && n < 8; n++)
    types[n] = (struct sl_type_conf){b[n]->type, b[n]->help, b[n]->settings, b[n]->nsettings, b[n]->implicit};
  snprintf(path, sizeof path, "%s/care.yaml", r->dir);
  if (sl_file_write(path, sl_str(r->s->workspace), 0600, &err) || sl_ws_conf_load(&r->conf, path, types, n, &err))
    return run_fail(r, 0, "%s", err.msg);
  return true;
}

static bool ui_make(struct run *r, int w, int h, bool terminal)
{
  struct sl_err err = {0};
  struct sl_theme theme;
  sl_theme_mono(&theme); /* until the frame has chosen one */
  struct sl_term_opts topts = {.colors = 256, .theme = &theme};
  struct sl_ws_opts wopts = {.conf = r->conf, .backends = stage_backends(), .state_dir = r->dir, .threads = 1, .as = "ana"};
  if (sl_ws_open(&r->ws, r->loop, &wopts, &err) || sl_judge_open(r->ws, &err))
    return run_fail(r, 0, "%s", err.msg);
  setlocale(LC_CTYPE, "");
  if (terminal && sl_term_open(&r->term, &topts, &err))
    return run_fail(r, 0, "%s", err.msg);
  struct sl_ui_opts uopts = {.ws = r->ws, .views = sl_views, .term = r->term, .w = w, .h = h, .theme_dir = SLUICE_SOURCE_DIR "/themes",
    .quit = on_quit, .user = r};
  if (sl_ui_open(&r->ui, &uopts, &err))
    return run_fail(r, 0, "%s", err.msg);
  return true;
}

static bool fakes(struct run *r)
{
  char why[200];
  sl_ms now = sl_loop_wall(r->loop);
  stage_reset();
  for (size_t pass = 0; pass < 2; pass++) /* all resources are known; then again up to the first step that is not `fake` */
    for (size_t i = r->s->n; i-- > 0;)
      if (!pass && r->s->step[i].kind == STEP_FAKE && !stage_fake(&r->s->step[i], now, why, sizeof why))
        return run_fail(r, r->s->step[i].line, "%s", why);
  for (size_t i = 0; i < r->s->n && r->s->step[i].kind == STEP_FAKE; i++)
    if (!stage_fake(&r->s->step[i], now, why, sizeof why))
      return run_fail(r, r->s->step[i].line, "%s", why);
  return true;
}

bool run_begin(struct run *r, struct script *s, int w, int h, bool terminal)
{
  sl_ms wall;
  *r = (struct run){.s = s};
  snprintf(r->dir, sizeof r->dir, "/tmp/sluice-screen-XXXXXX");
  if (!mkdtemp(r->dir) || setenv("HOME", r->dir, 1) || setenv("XDG_CONFIG_HOME", r->dir, 1) || setenv("XDG_STATE_HOME", r->dir, 1) ||
      setenv("XDG_DATA_HOME", r->dir, 1) || setenv("XDG_RUNTIME_DIR", r->dir, 1))
    return run_fail(r, 0, "cannot make %s", r->dir);
  unsetenv("SSH_AUTH_SOCK");
  unsetenv("NO_COLOR");
  if (!sl_time_parse(sl_str(s->clock), 0, NULL, &wall))
    return run_fail(r, 0, "clock: `%s` is no time", s->clock);
  if (sl_loop_open(&r->loop, NULL))
    return run_fail(r, 0, "no loop");
  sl_loop_clock_freeze(r->loop, wall);
  sl_grid_glyphs(!strcmp(s->glyphs, "ascii") ? SL_GLYPH_ASCII : !strcmp(s->glyphs, "block") ? SL_GLYPH_BLOCK : SL_GLYPH_BRAILLE);
  return fakes(r) && conf_load(r) && ui_make(r, w, h, terminal);
}

void run_end(struct run *r)
{
  sl_ui_close(r->ui);
  sl_term_close(r->term);
  if (r->ws)
    sl_ws_close(r->ws);
  sl_ws_conf_unref(r->conf);
  if (r->loop)
    sl_loop_close(r->loop);
  if (sl_rmtree(r->dir, NULL))
    fprintf(stderr, "%s stays\n", r->dir);
}

/* ---- steps ---- */

static bool keys_grid(struct run *r, const struct step *s)
{
  const char *rest = s->arg;
  struct sl_buf w;
  bool quoted, ok = true;
  sl_buf_init(&w, 0);
  while (ok && script_word(&rest, &w, &quoted)) {
    struct sl_str text = sl_buf_view(&w);
    int key;
    if (!quoted && !(ok = sl_key_parse(text, &key)))
      run_fail(r, s->line, "`%s` is no key", sl_buf_zstr(&w));
    else if (!quoted)
      sl_ui_key(r->ui, key);
    for (uint32_t cp; quoted && text.n;) {
      int used = sl_utf8_next(text, &cp);
      sl_ui_key(r->ui, used > 0 ? (int)cp : '?');
      text = sl_str_from(text, used > 0 ? (size_t)used : 1);
    }
    sl_ui_paint(r->ui);
  }
  sl_buf_free(&w);
  return ok;
}

static size_t keys_count(const char *rest)
{
  struct sl_buf w;
  bool quoted;
  size_t n = 0;
  sl_buf_init(&w, 0);
  while (script_word(&rest, &w, &quoted))
    for (size_t i = 0; i < (quoted ? w.n : 1); i++)
      n += !quoted || ((unsigned char)w.p[i] & 0xc0) != 0x80;
  sl_buf_free(&w);
  return n;
}

static bool open_view(struct run *r, const struct step *s)
{
  struct sl_str rest = sl_str(s->arg), name;
  char view[64];
  sl_str_cut(&rest, ' ', &name);
  snprintf(view, sizeof view, "%.*s", SL_ARG(name));
  sl_ui_go(r->ui, view, sl_str_trim(rest));
  return true;
}

static bool paste(struct run *r, const struct step *s)
{
  const char *rest = s->arg;
  struct sl_buf w;
  bool quoted, ok = true;
  sl_buf_init(&w, 0);
  if (r->term)
    ok = pty_keys(r, s->arg, 1, true);
  else if (script_word(&rest, &w, &quoted))
    sl_ui_paste(r->ui, sl_buf_view(&w));
  sl_buf_free(&w);
  return ok;
}

static bool wait_for(struct run *r, const struct step *s)
{
  double seconds;
  if (!sl_dur_parse(sl_str(s->arg), &seconds))
    return run_fail(r, s->line, "wait: a duration, as 90s or 5m");
  for (int64_t left = (int64_t)(seconds * 1000); left > 0; left -= 500) {
    sl_loop_clock_advance(r->loop, left < 500 ? left : 500);
    if (!loop_settle(r))
      return false;
  }
  return true;
}

bool run_step(struct run *r, const struct step *s)
{
  char why[200];
  switch (s->kind) {
  case STEP_OPEN: return open_view(r, s) && run_settle(r);
  case STEP_RUN: sl_ui_run(r->ui, sl_str(s->arg)); return run_settle(r);
  case STEP_KEYS: return (r->term ? pty_keys(r, s->arg, keys_count(s->arg), false) : keys_grid(r, s)) && run_settle(r);
  case STEP_PASTE: return paste(r, s) && run_settle(r);
  case STEP_WAIT: return wait_for(r, s) && run_settle(r);
  case STEP_SIZE:
    if (r->term)
      return pty_size(r, s->w, s->h) && run_settle(r);
    sl_ui_resize(r->ui, s->w, s->h);
    return run_settle(r);
  case STEP_FAKE:
    return stage_fake(s, sl_loop_wall(r->loop), why, sizeof why) ? true : run_fail(r, s->line, "%s", why);
  default: return true;
  }
}

void run_picture(struct run *r, bool roles, struct sl_buf *out)
{
  sl_buf_init(out, 1 << 20);
  if (sl_grid_dump(sl_ui_grid(r->ui), roles, out))
    abort();
  while (out->n > 1 && out->p[out->n - 1] == '\n' && out->p[out->n - 2] == '\n')
    sl_buf_cut(out, out->n - 1);
}
