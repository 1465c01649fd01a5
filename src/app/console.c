/* app/console.c: the console: one loop, one workspace, one terminal. The ui draws and asks; here is what it may not do: read keys, sleep,
 * follow signals, leave. */
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/console_int.h"
#include "base/mem.h"

enum { QUIT_ASK_MS = 500, QUIT_ACT_MS = 5000 };

static const char first_run[] =
  "\n  sluice: there is no workspace yet.\n\n"
  "    sluice demo        a complete workspace with data, jobs and models; needs no server\n"
  "    sluice init        write one for what is around: ./mlflow.db, MLFLOW_TRACKING_URI,\n"
  "                       data files in this folder\n"
  "    man sluice         everything, in order\n\n"
  "  sluice head FILE, sluice sql QUERY, sluice doctor work without one.\n\n";

/* ---- signals ---- */

static void leave(void *user)
{
  ((struct console *)user)->quit = true;
}

static void killed(void *user, int signum)
{
  struct console *c = user;
  (void)signum;
  c->quit = c->killed = true;
}

static void resized(void *user, int signum)
{
  struct console *c = user;
  (void)signum;
  if (c->ui)
    sl_ui_resize(c->ui, 0, 0);
}

/* By somebody else's hand (kill -TSTP); Ctrl-Z is a key and comes through the ui. */
static void suspended(void *user, int signum)
{
  struct console *c = user;
  (void)signum;
  if (c->ui)
    sl_ui_command_named(c->ui, "suspend");
}

static void continued(void *user, int signum)
{
  struct console *c = user;
  (void)signum;
  if (!c->ui)
    return;
  sl_term_resume(c->term);
  sl_ui_resize(c->ui, 0, 0);
  sl_ui_command_named(c->ui, "redraw");
}

static void on_switch(void *user, const char *name)
{
  struct console *c = user;
  sl_free(c->switch_to);
  c->switch_to = sl_strdup(name);
}

static int watch_signals(struct console *c, struct sl_err *err)
{
  static const struct { int signum; void (*fn)(void *user, int signum); } table[] = {
    { SIGWINCH, resized }, { SIGTERM, killed }, { SIGHUP, killed }, { SIGINT, killed }, { SIGTSTP, suspended }, { SIGCONT, continued },
  };
  int rc = SL_OK;
  for (size_t i = 0; i < sizeof table / sizeof table[0] && !rc; i++)
    rc = sl_signal_watch(c->s.loop, table[i].signum, table[i].fn, c, err);
  return rc;
}

/* ---- the terminal ---- */

static void choose_glyphs(const struct sl_person *p)
{
  const char *term = getenv("TERM"), *word = p->glyphs;
  bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
  enum sl_glyphs level = SL_GLYPH_BRAILLE;
  if (!utf8 || (term && !strncmp(term, "vt", 2)))
    level = SL_GLYPH_ASCII;
  else if (term && !strncmp(term, "linux", 5))
    level = SL_GLYPH_BLOCK;
  if (word && utf8)
    level = !strcmp(word, "ascii") ? SL_GLYPH_ASCII : !strcmp(word, "block") ? SL_GLYPH_BLOCK : !strcmp(word, "braille") ? SL_GLYPH_BRAILLE
            : level;
  sl_grid_glyphs(level);
}

static void keys_came(void *user, int fd, unsigned events)
{
  struct console *c = user;
  (void)fd;
  sl_ui_input(c->ui);
  if (events & SL_HANGUP)
    c->quit = c->killed = true;
}

static int paint(void *user)
{
  struct console *c = user;
  return c->ui && !c->quit ? sl_ui_paint(c->ui) : -1;
}

static int open_screen(struct console *c, struct sl_err *err)
{
  const struct sl_person *p = c->s.person;
  const char *no_color = getenv("NO_COLOR");
  bool low = p->low_bandwidth || sl_args_has(c->s.app->args, SL_O_low_bandwidth);
  struct sl_theme theme;
  sl_theme_mono(&theme);
  choose_glyphs(p);
  struct sl_term_opts to = { .low_bandwidth = low, .mouse = p->mouse, .no_color = no_color && *no_color, .theme = &theme };
  int rc = sl_term_open(&c->term, &to, err);
  if (rc)
    return rc;
  struct sl_ui_opts uo = { .ws = c->s.ws, .views = sl_views, .person = p, .term = c->term, .theme_dir = sl_share_path("themes"),
                           .low_bandwidth = low, .workspaces = c->names, .quit = leave, .switch_ws = on_switch,
                           .export_rows = console_export, .export_text = console_export_text, .user = c };
  rc = sl_ui_open(&c->ui, &uo, err);
  if (!rc)
    rc = sl_fd_watch(c->s.loop, sl_term_fd(c->term), SL_READABLE | SL_HANGUP, keys_came, c, &c->input, err);
  if (!rc) {
    sl_loop_hook(c->s.loop, paint, c);
    sl_ui_go(c->ui, "overview", SL_STR(""));
    sl_ui_input(c->ui); /* a terminal that is quick has told its background by now */
    sl_ui_paint(c->ui);
  }
  return rc;
}

/* First the terminal, so that it works again whatever the rest takes. */
static void close_screen(struct console *c)
{
  sl_loop_hook(c->s.loop, NULL, NULL);
  sl_timer_stop(c->s.loop, &c->reload); /* it would tell the screen */
  sl_fd_unwatch(c->s.loop, &c->input);
  sl_ui_close(c->ui);
  c->ui = NULL;
  sl_term_close(c->term);
  c->term = NULL;
}

/* ---- from start to end ---- */

static int list_names(struct console *c, struct sl_err *err)
{
  sl_buf_init(&c->names_text, 1 << 20);
  int rc = sl_ws_names(&c->names_text, err);
  size_t n = 0;
  for (size_t i = 0; !rc && i < c->names_text.n; i++)
    n += c->names_text.p[i] == '\n';
  c->names = rc ? NULL : sl_calloc(n + 1, sizeof *c->names);
  if (!c->names)
    return rc ? rc : sl_err_nomem(err);
  char *at = c->names_text.p;
  for (size_t i = 0; i < n; i++) {
    char *end = strchr(at, '\n');
    *end = 0;
    c->names[i] = at;
    at = end + 1;
  }
  return SL_OK;
}

/* What an earlier session began and did not see the end of. */
static void reconciled(void *user, size_t open, size_t settled)
{
  struct console *c = user;
  char words[160];
  if (!open || !c->ui)
    return;
  snprintf(words, sizeof words, "%zu of %zu actions that had no known end have one now; `sluice audit list` tells", settled, open);
  sl_ui_notice(c->ui, settled == open ? SL_ROLE_ok : SL_ROLE_warn, sl_str(words));
}

static int open_all(struct console *c, struct sl_app *a, struct sl_err *err)
{
  int rc = sl_loop_open(&c->s.loop, err);
  if (rc)
    return rc;
  sl_loop_threads(c->s.loop, (unsigned)sl_args_count(a->args, SL_O_threads, 0));
  rc = watch_signals(c, err);
  if (!rc)
    rc = list_names(c, err);
  if (!rc)
    rc = console_open_ws(c, c->s.conf, &c->s.ws, err);
  if (!rc)
    rc = sl_tape_begin(&c->s, err);
  if (!rc)
    rc = open_screen(c, err);
  if (!rc)
    rc = console_watch_file(c, err);
  if (!rc && !c->s.capsule)
    rc = sl_ws_reconcile(c->s.ws, reconciled, c, err);
  return rc;
}

struct leaving { bool done; uint64_t running; };

static void running_came(void *user, sl_watch id, const struct sl_answer *a)
{
  struct leaving *l = user;
  (void)id;
  if (!a->done || l->done)
    return;
  l->done = true;
  l->running = a->snap ? sl_snap_count(a->snap) : 0;
}

/* What was started goes on without the console: say so, unless it takes long to find out. */
static void say_what_goes_on(struct console *c)
{
  struct leaving l = { 0 };
  struct sl_err err;
  struct sl_filter *where = NULL;
  struct sl_query *q = NULL;
  sl_watch id = { 0 };
  if (sl_filter_parse(&where, SL_STR("engine = 'local' and state in ('pending', 'running', 'waiting')"), 0, NULL, &err))
    return;
  struct sl_query like = { .res = &sl_res_executions, .kind = SL_Q_LIST, .conn = SL_STR("local"), .where = where, .total_ms = QUIT_ASK_MS };
  int64_t until = sl_loop_now(c->s.loop) + QUIT_ASK_MS;
  if (!sl_query_new(&q, &like, &err) && !sl_ws_query(c->s.ws, q, true, running_came, &l, &id, &err))
    while (!l.done && !c->killed && sl_loop_now(c->s.loop) < until)
      sl_loop_turn(c->s.loop, 50);
  sl_ws_unwatch(c->s.ws, id);
  sl_query_unref(q);
  sl_filter_unref(where);
  if (l.running)
    sl_app_note("%llu execution%s on: sluice get executions --filter \"state = 'running'\"", (unsigned long long)l.running,
                l.running == 1 ? " goes" : "s go");
}

static void turn_until_quit(struct console *c)
{
  while (!c->quit && sl_loop_turn(c->s.loop, -1))
    if (c->switch_to)
      console_switch(c);
}

/* Who leaves with an action half done would find it as an open question at the next start: a moment's patience spares that. Leaving twice
 * is meant. */
static void finish_actions(struct console *c)
{
  int64_t until = sl_loop_now(c->s.loop) + QUIT_ACT_MS;
  if (!sl_ws_under_way(c->s.ws, false) && !sl_ws_errands(c->s.ws))
    return;
  c->quit = false;
  sl_ui_notice(c->ui, SL_ROLE_run, SL_STR("finishing what was begun; leaving again leaves it to the next start"));
  while (!c->quit && (sl_ws_under_way(c->s.ws, false) || sl_ws_errands(c->s.ws)) && sl_loop_now(c->s.loop) < until)
    sl_loop_turn(c->s.loop, 50);
}

int sl_console(struct sl_app *a)
{
  struct console c = { 0 };
  struct sl_err err = { 0 };
  int rc = sl_session_conf(&c.s, a, 0, &err);
  if (!rc && !c.s.conf && !sl_args_text(a->args, SL_O_replay, NULL)) {
    sl_buf_z(&a->out.b, first_run);
    rc = sl_out_flush(&a->out, &err);
    sl_session_close(&c.s);
    return rc ? sl_app_fail(a, &err) : SL_EXIT_OK;
  }
  if (!rc)
    rc = open_all(&c, a, &err);
  if (!rc)
    turn_until_quit(&c);
  if (!rc && !c.killed)
    finish_actions(&c);
  if (c.s.loop)
    close_screen(&c);
  if (!rc && !c.killed && sl_ws_under_way(c.s.ws, false))
    sl_app_note("an action has no answer yet: `sluice audit list` keeps it open, the next start asks");
  else if (!rc && !c.killed && !sl_ws_under_way(c.s.ws, true)) /* a plan's callback would lead to the screen that is closed */
    say_what_goes_on(&c);
  if (c.killed)
    alarm(2); /* the terminal is itself again; nothing that hangs may keep us */
  int code = rc ? sl_app_fail(a, &err) : c.killed ? SL_EXIT_INTERRUPTED : SL_EXIT_OK;
  const struct sl_ws *closed = c.s.ws;
  c.s.killed = c.killed;
  sl_session_close(&c.s);
  console_exports_drop(&c, closed);
  sl_free(c.names);
  sl_buf_free(&c.names_text);
  sl_free(c.switch_to);
  return code;
}
