/* ui/ui.c: the frame's life: opening, the stack of views, keys to commands. Painting is frame.c's. */
#include "ui/ui.h"

#include <stdio.h>
#include <signal.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/fmt.h"
#include "ui/pane_int.h"
#include "ui/ui_int.h"

/* ---- views on the stack ---- */

struct sl_view *sl_ui_top(struct sl_ui *ui) { return ui->depth ? ui->stack[ui->depth - 1] : NULL; }

void sl_ui_dirty_now(struct sl_ui *ui)
{
  ui->dirty = true;
  ui->urgent = true;
}

void sl_ui_say(struct sl_ui *ui, enum sl_role role, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(ui->msg, sizeof ui->msg, fmt, ap);
  va_end(ap);
  ui->msg_role = role;
  sl_ui_dirty_now(ui);
}

void sl_ui_say_err(struct sl_ui *ui, const struct sl_err *err)
{
  sl_ui_say(ui, SL_ROLE_bad, "%s", err && err->msg[0] ? err->msg : "out of memory");
}

void sl_ui_notice(struct sl_ui *ui, enum sl_role role, struct sl_str text)
{
  snprintf(ui->notice, sizeof ui->notice, "%.*s", SL_ARG(text));
  ui->notice_role = role;
  sl_ui_dirty_now(ui);
}

const struct sl_view_ops *sl_ui_view_find(struct sl_ui *ui, struct sl_str name)
{
  for (const struct sl_view_ops *const *v = ui->o.views; *v; v++)
    if (sl_str_eqz(name, (*v)->name))
      return *v;
  return NULL;
}

static void view_hide(struct sl_view *v, bool visible)
{
  if (!v)
    return;
  sl_panes_visible(v, visible);
  if (v->ops->visible)
    v->ops->visible(v, visible);
}

static void view_free(struct sl_view *v)
{
  if (v->ops->close)
    v->ops->close(v);
  while (v->panes) /* a view that forgot one */
    sl_pane_close(v->panes);
  sl_free(v->state);
  sl_free(v->arg);
  sl_free(v);
}

static struct sl_view *view_new(struct sl_ui *ui, const struct sl_view_ops *ops, struct sl_str arg)
{
  struct sl_view *v = sl_calloc(1, sizeof *v);
  if (!v)
    return NULL;
  v->ops = ops;
  v->ui = ui;
  v->state = sl_calloc(1, ops->state_size ? ops->state_size : 1);
  v->arg = sl_strndup(arg.p ? arg.p : "", arg.n);
  if (v->state && v->arg)
    return v;
  sl_free(v->state);
  sl_free(v->arg);
  sl_free(v);
  return NULL;
}

int sl_ui_push(struct sl_ui *ui, const char *view, struct sl_str arg, struct sl_err *err)
{
  const struct sl_view_ops *ops = sl_ui_view_find(ui, sl_str(view));
  if (!ops)
    return sl_err_set(err, SL_EUSAGE, "no view `%s`", view);
  if (ui->depth == SL_UI_DEPTH)
    return sl_err_set(err, SL_ELIMIT, "%d views are open; Esc goes back", SL_UI_DEPTH);
  struct sl_view *v = view_new(ui, ops, arg), *below = sl_ui_top(ui);
  if (!v)
    return sl_err_nomem(err);
  int rc = ops->open ? ops->open(v, sl_str(v->arg), err) : SL_OK;
  if (rc) {
    view_free(v);
    return rc;
  }
  view_hide(below, false);
  ui->stack[ui->depth++] = v;
  if (ui->paused)
    sl_panes_pause(v, true);
  sl_ui_dirty_now(ui);
  return SL_OK;
}

/* A view may leave from inside its own command: it dies at the next paint. */
void sl_ui_pop(struct sl_ui *ui)
{
  if (!ui->depth)
    return;
  struct sl_view *v = ui->stack[--ui->depth];
  v->dead = true;
  view_hide(v, false);
  ui->dead[ui->ndead++] = v;
  view_hide(sl_ui_top(ui), true);
  sl_ui_dirty_now(ui);
}

void sl_ui_reap(struct sl_ui *ui)
{
  while (ui->ndead)
    view_free(ui->dead[--ui->ndead]);
}

void sl_ui_go(struct sl_ui *ui, const char *view, struct sl_str arg)
{
  struct sl_err err = {0};
  sl_ui_reap(ui);
  if (sl_ui_push(ui, view, arg, &err))
    sl_ui_say_err(ui, &err);
}

/* ---- prompts of backends: passphrase, MFA, device login ---- */

struct asked { struct sl_ui *ui; uint64_t id; };

static void ask_typed(void *user, const char *text)
{
  struct asked *a = user;
  struct sl_secret *s = NULL;
  if (text && sl_secret_new(&s, sl_str(text), NULL))
    s = NULL;
  sl_ws_answer(a->ui->ws, a->id, &s);
  sl_free(a);
}

static bool is_asked(const void *user, uint64_t id) { return ((const struct asked *)user)->id == id; }

static void on_ask(void *user, uint64_t id, const struct sl_ask *ask)
{
  struct sl_ui *ui = user;
  char label[160];
  if (!ask) { /* nobody waits for it any more */
    sl_free(sl_prompt_withdraw(ui, ask_typed, is_asked, id));
    return;
  }
  struct asked *a = sl_calloc(1, sizeof *a);
  if (!a)
    return;
  *a = (struct asked){ ui, id };
  snprintf(label, sizeof label, "%s: %s", ask->conn ? ask->conn : "", ask->prompt ? ask->prompt : "secret");
  sl_prompt_open(ui, label, "", ask->secret, ask_typed, a);
}

static void on_state(void *user)
{
  ((struct sl_ui *)user)->dirty = true;
}

/* ---- open and close ---- */

static int keymap_make(struct sl_ui *ui, struct sl_err *err)
{
  int rc = sl_keymap_open(&ui->keymap, err);
  if (!rc)
    rc = sl_keymap_add(ui->keymap, "global", sl_global_binds, sl_global_nbinds, err);
  for (const struct sl_view_ops *const *v = ui->o.views; *v && !rc; v++)
    rc = sl_keymap_add(ui->keymap, (*v)->name, (*v)->binds, (*v)->nbinds, err);
  if (!rc && ui->o.person && ui->o.person->keys)
    rc = sl_keymap_person(ui->keymap, ui->o.person->doc, ui->o.person->keys, err);
  return rc;
}

/* NULL: nobody has said; the terminal's background decides. */
static const char *theme_said(const struct sl_ui *ui)
{
  const char *nc = getenv("NO_COLOR"), *own = ui->o.person ? ui->o.person->theme : NULL;
  if (nc && nc[0])
    return "mono";
  return own && own[0] && !sl_str_ieq(sl_str(own), SL_STR("auto")) ? own : NULL;
}

static const char *theme_name(const struct sl_ui *ui)
{
  const char *said = theme_said(ui);
  return said ? said : ui->o.term && sl_term_background(ui->o.term) == 1 ? "light" : "default";
}

/* A theme that cannot be read is a notice, never a closed door. */
static void theme_make(struct sl_ui *ui)
{
  struct sl_err err = {0};
  if (sl_theme_find(&ui->theme, theme_name(ui), ui->o.theme_dir, &err)) {
    sl_theme_mono(&ui->theme);
    sl_ui_notice(ui, SL_ROLE_warn, sl_str(err.msg));
  }
  ui->light = ui->o.term && sl_term_background(ui->o.term) == 1;
  if (ui->o.term)
    sl_term_theme(ui->o.term, &ui->theme);
}

/* The first picture does not wait for the terminal's answer; when that is another than was thought, the picture is drawn anew. */
static void theme_told(struct sl_ui *ui)
{
  bool light = sl_term_background(ui->o.term) == 1;
  if (theme_said(ui) || light == ui->light)
    return;
  theme_make(ui);
  sl_ui_dirty_now(ui);
}

int sl_ui_open(struct sl_ui **out, const struct sl_ui_opts *o, struct sl_err *err)
{
  struct sl_ui *ui = sl_calloc(1, sizeof *ui);
  if (!ui)
    return sl_err_nomem(err);
  ui->o = *o;
  ui->ws = o->ws;
  ui->painted_at = INT64_MIN / 2;
  int w = o->w, h = o->h;
  if (o->term)
    sl_term_size(o->term, &w, &h);
  int rc = keymap_make(ui, err);
  if (!rc)
    rc = sl_grid_init(&ui->grid, w, h, err);
  if (rc) {
    sl_keymap_free(ui->keymap);
    sl_free(ui);
    return rc;
  }
  if (o->term && !theme_said(ui))
    sl_term_ask_background(o->term);
  theme_make(ui);
  if (o->term && sl_term_note(o->term))
    sl_ui_notice(ui, SL_ROLE_warn, sl_str(sl_term_note(o->term)));
  sl_ws_on_ask(ui->ws, on_ask, ui);
  sl_ws_on_state(ui->ws, on_state, ui);
  sl_ui_dirty_now(ui);
  *out = ui;
  return SL_OK;
}

static void views_close(struct sl_ui *ui)
{
  sl_overlay_clear(ui);
  while (ui->depth) {
    sl_ui_pop(ui);
    sl_ui_reap(ui);
  }
}

void sl_ui_close(struct sl_ui *ui)
{
  if (!ui)
    return;
  views_close(ui);
  sl_ws_on_ask(ui->ws, NULL, NULL);
  sl_ws_on_state(ui->ws, NULL, NULL);
  sl_keymap_free(ui->keymap);
  sl_grid_free(&ui->grid);
  sl_free(ui);
}

void sl_ui_ws(struct sl_ui *ui, struct sl_ws *ws)
{
  views_close(ui);
  ui->ws = ws;
  ui->msg[0] = ui->notice[0] = 0;
  sl_ws_on_ask(ws, on_ask, ui);
  sl_ws_on_state(ws, on_state, ui);
  sl_ui_go(ui, "overview", SL_STR(""));
}

const struct sl_grid *sl_ui_grid(const struct sl_ui *ui) { return &ui->grid; }
bool sl_ui_dirty(const struct sl_ui *ui) { return ui->dirty; }
const struct sl_keymap *sl_ui_keymap(const struct sl_ui *ui) { return ui->keymap; }

/* ---- keys ---- */

static void quit_or_back(struct sl_ui *ui)
{
  if (ui->depth > 1)
    sl_ui_pop(ui);
  else if (ui->o.quit)
    ui->o.quit(ui->o.user);
}

static void interrupt(struct sl_ui *ui)
{
  int64_t now = sl_ws_mono(ui->ws);
  if (now - ui->interrupted_at < 2000 && ui->interrupted_at && ui->o.quit)
    ui->o.quit(ui->o.user);
  ui->interrupted_at = now;
  if (sl_ui_top(ui))
    sl_panes_pause(sl_ui_top(ui), true);
  ui->paused = true;
  sl_ui_say(ui, SL_ROLE_warn, "stopped asking; w goes on, Ctrl-C again quits");
}

static void arm_typed(void *user, const char *text)
{
  struct sl_ui *ui = user;
  struct sl_err err = {0};
  if (!text)
    return;
  if (sl_ws_arm(ui->ws, sl_str(text), &err))
    sl_ui_say_err(ui, &err);
  else
    sl_ui_say(ui, SL_ROLE_armed, "armed for five minutes; ! disarms");
}

static void arm(struct sl_ui *ui)
{
  int64_t left;
  enum sl_armed now = sl_ws_armed(ui->ws, &left);
  const char *needs = sl_ws_arm_needs(ui->ws);
  char label[160];
  if (now == SL_READONLY) {
    sl_ui_say(ui, SL_ROLE_warn, "read-only: %s", sl_ws_armed_why(ui->ws));
  } else if (now == SL_ARMED) {
    sl_ws_disarm(ui->ws);
    sl_ui_say(ui, SL_ROLE_dim, "disarmed");
  } else if (needs) {
    snprintf(label, sizeof label, "type %s to arm for five minutes:", needs);
    sl_prompt_open(ui, label, "", false, arm_typed, ui);
  } else {
    arm_typed(ui, "");
  }
}

/* What -w takes for this workspace anywhere: its name where the config folder has it, else its file. */
static const char *workspace_word(struct sl_ui *ui)
{
  const char *path = sl_ws_conf_path(sl_ws_config(ui->ws)), *word = path ? path : sl_ws_name(ui->ws);
  char *named = sl_xdg_path(SL_XDG_CONFIG, "workspaces");
  if (named && path && sl_path_inside(path, named))
    word = sl_ws_name(ui->ws);
  sl_free(named);
  return word;
}

static void copy_command(struct sl_ui *ui)
{
  struct sl_view *v = sl_ui_top(ui);
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  sl_buf_z(&b, "sluice ");
  if (sl_ws_replay(ui->ws)) {
    sl_buf_z(&b, "--replay ");
    sl_fmt_shell(&b, sl_str(sl_ws_replay(ui->ws)));
    sl_buf_ch(&b, ' ');
  } else if (sl_ws_config(ui->ws)) {
    sl_buf_z(&b, "-w ");
    sl_fmt_shell(&b, sl_str(workspace_word(ui)));
    sl_buf_ch(&b, ' ');
  }
  if (v && v->ops->cmdline) {
    v->ops->cmdline(v, &b);
    sl_view_copy(v, sl_buf_view(&b));
  } else {
    sl_ui_say(ui, SL_ROLE_dim, "no command line equals this view");
  }
  sl_buf_free(&b);
}

static void copy_row(struct sl_ui *ui)
{
  struct sl_view *v = sl_ui_top(ui);
  struct sl_subject s = {0};
  if (!v || !v->ops->subject || !v->ops->subject(v, &s)) {
    sl_ui_say(ui, SL_ROLE_dim, "nothing to copy here");
    return;
  }
  sl_view_copy(v, s.uri.n ? s.uri : s.ref.id);
}

static void describe(struct sl_ui *ui)
{
  struct sl_view *v = sl_ui_top(ui);
  struct sl_subject s = {0};
  struct sl_buf b;
  if (!v || !v->ops->subject || !v->ops->subject(v, &s) || !s.res) {
    sl_ui_say(ui, SL_ROLE_dim, "nothing to describe here");
    return;
  }
  sl_buf_init(&b, 0);
  sl_ref_text(&b, &s.ref);
  sl_ui_go(ui, "describe", sl_buf_view(&b));
  sl_buf_free(&b);
}

static void pause_toggle(struct sl_ui *ui)
{
  ui->paused = !ui->paused;
  for (size_t i = 0; i < ui->depth; i++)
    sl_panes_pause(ui->stack[i], ui->paused);
  sl_ui_say(ui, SL_ROLE_dim, ui->paused ? "paused: what you see stays; w goes on" : "refreshing again");
}

static void suspend(struct sl_ui *ui)
{
  if (!ui->o.term)
    return;
  sl_term_suspend(ui->o.term);
  raise(SIGSTOP);
  sl_term_resume(ui->o.term);
  sl_ui_dirty_now(ui);
}

/* Commands that mean the same in every view, for those that the view did not take. */
static const struct { const char *name; void (*fn)(struct sl_ui *ui); } commands[] = {
  {"quit", quit_or_back}, {"interrupt", interrupt}, {"arm", arm}, {"copy-command", copy_command}, {"copy", copy_row}, {"describe",
      describe},
  {"watch", pause_toggle}, {"suspend", suspend}, {"help", sl_help_open}, {"actions", sl_actions_open}, {"follow-link", sl_links_open}};

static bool command_plain(struct sl_ui *ui, const char *command)
{
  struct sl_view *v = sl_ui_top(ui);
  if (!strcmp(command, "palette"))
    sl_palette_open(ui, "");
  else if (!strcmp(command, "back") && ui->depth > 1)
    sl_ui_pop(ui);
  else if (!strcmp(command, "refresh") && v)
    sl_panes_refresh(v);
  else if (!strcmp(command, "utc"))
    ui->utc = !ui->utc;
  else if (!strcmp(command, "redraw") && ui->o.term)
    sl_term_redraw(ui->o.term);
  else
    return false;
  return true;
}

/* Keys that mean the same everywhere say so where they can do nothing: silence would look like a broken key. */
static void command_unused(struct sl_ui *ui, const struct sl_view *v, const char *command)
{
  static const struct { const char *name, *why; } unused[] = {
    {"filter", "no filter here; the tables behind this view have one (:)"},
    {"sort", "no order to choose here"}, {"columns", "no columns to choose here"}, {"mark", "nothing to mark here"},
    {"export", "nothing to export here; : opens the table behind it"}, {"find", "nothing to search here"}};
  for (size_t i = 0; v && i < sizeof unused / sizeof unused[0]; i++)
    if (!strcmp(unused[i].name, command))
      sl_ui_say(ui, SL_ROLE_dim, "%s", unused[i].why);
}

void sl_ui_command(struct sl_ui *ui, const char *command)
{
  struct sl_view *v = sl_ui_top(ui);
  sl_ui_dirty_now(ui);
  if (v && v->ops->command && v->ops->command(v, command) == SL_HANDLED)
    return;
  if (command_plain(ui, command))
    return;
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
    if (!strcmp(commands[i].name, command)) {
      commands[i].fn(ui);
      return;
    }
  command_unused(ui, v, command);
}

void sl_ui_command_named(struct sl_ui *ui, const char *command)
{
  sl_ui_reap(ui);
  sl_ui_command(ui, command);
}

void sl_ui_key(struct sl_ui *ui, int key)
{
  struct sl_view *v = sl_ui_top(ui);
  sl_ui_reap(ui);
  sl_ui_dirty_now(ui);
  if (ui->nover) {
    struct sl_overlay *o = ui->over[ui->nover - 1];
    o->ops->key(o, key);
    return;
  }
  ui->msg[0] = 0;
  if (v && v->typing && v->ops->key && v->ops->key(v, key) == SL_HANDLED)
    return;
  const char *command = sl_keymap_find(ui->keymap, v ? v->ops->name : NULL, key);
  if (command)
    sl_ui_command(ui, command);
}

/* Pasted bytes are data: they go to a line that is being typed, or nowhere. */
void sl_ui_paste(struct sl_ui *ui, struct sl_str text)
{
  struct sl_view *v = sl_ui_top(ui);
  struct sl_overlay *o = ui->nover ? ui->over[ui->nover - 1] : NULL;
  if (o && o->ops->paste)
    o->ops->paste(o, text);
  else if (!o && v && v->typing && v->ops->key)
    for (size_t i = 0; i < text.n;) {
      uint32_t cp;
      int used = sl_utf8_next(sl_str_from(text, i), &cp);
      v->ops->key(v, used > 0 ? (int)(cp == '\n' ? ' ' : cp) : '?');
      i += used > 0 ? (size_t)used : 1;
    }
  else
    sl_ui_say(ui, SL_ROLE_dim, "pasted text is not taken as keys");
}

void sl_ui_input(struct sl_ui *ui)
{
  for (int key, n = 0; n < 4096 && (key = sl_term_key(ui->o.term)) != -1; n++) {
    if (key == SL_KEY_EOF) {
      if (ui->o.quit)
        ui->o.quit(ui->o.user);
      return;
    }
    if (key == SL_KEY_PASTE)
      sl_ui_paste(ui, sl_term_pasted(ui->o.term));
    else if (key == SL_KEY_RESIZE)
      sl_ui_resize(ui, 0, 0);
    else if (key == SL_KEY_WHEEL_UP || key == SL_KEY_WHEEL_DOWN)
      sl_ui_key(ui, key == SL_KEY_WHEEL_UP ? SL_KEY_UP : SL_KEY_DOWN);
    else if (key == SL_KEY_BACKGROUND)
      theme_told(ui);
    else if (key != SL_KEY_CLICK)
      sl_ui_key(ui, key);
  }
}

void sl_ui_resize(struct sl_ui *ui, int w, int h)
{
  struct sl_grid fresh;
  if (ui->o.term)
    sl_term_size(ui->o.term, &w, &h);
  if (w == ui->grid.w && h == ui->grid.h)
    return;
  if (sl_grid_init(&fresh, w, h, NULL))
    return; /* no memory: the old size goes on */
  sl_grid_free(&ui->grid);
  ui->grid = fresh;
  sl_ui_dirty_now(ui);
}
