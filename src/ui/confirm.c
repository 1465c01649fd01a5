/* ui/confirm.c: what exactly will happen, and how it is undone. Never accepts the key that opened it: keys are deaf for half a second,
 * longer while Enter is held down; pastes are refused, the name of the thing is typed where the plan says so. Everything from outside is
 * drawn strictly (ASCII with escapes), and whole: what does not fit its line goes on in the next. */
#include <stdio.h>

#include "ui/ui_int.h"
#include "ui/widgets.h"

enum { DEAF_MS = 500, REPEAT_MS = 200, BOX_W = 76, CALLS = 8, GUARDS = 3, CALL_LINES = 6, GUARD_LINES = 2, UNDO_LINES = 3,
  JOINED_LINES = 4 };

struct confirm { struct sl_overlay base; struct sl_plan *plan; struct sl_line line; int64_t opened; };

/* Wrapped into w cells, a byte a cell, at most so many lines (then its two ends); returns how many. g NULL: only counts. */
static int strict_put(struct sl_grid *g, int x, int y, int w, int most, enum sl_role role, const char *text)
{
  struct sl_buf b;
  int lines = 0;
  if (w <= 0)
    return 1;
  sl_buf_init(&b, 1 << 20);
  sl_text_clean(&b, sl_str(text), SL_TEXT_STRICT);
  struct sl_str rest = sl_buf_view(&b);
  size_t room = (size_t)w * (size_t)most;
  if (rest.n > room) {
    struct sl_buf both;
    sl_buf_init(&both, 1 << 20);
    sl_buf_printf(&both, "%.*s[...]%.*s", SL_ARG(sl_str_head(rest, room / 2 - 5)), SL_ARG(sl_str_from(rest, rest.n - room / 2)));
    sl_buf_free(&b);
    b = both;
    rest = sl_buf_view(&b);
  }
  do {
    if (g)
      sl_grid_put(g, x, y + lines, w, role, sl_str_head(rest, (size_t)w));
    rest = sl_str_from(rest, rest.n < (size_t)w ? rest.n : (size_t)w);
    lines++;
  } while (rest.n);
  sl_buf_free(&b);
  return lines;
}

/* Many calls of the same kind: a line each, with both of its ends. */
static int call_put(struct sl_grid *g, int x, int y, int w, const char *text, bool alone)
{
  struct sl_buf b;
  if (alone)
    return strict_put(g, x, y, w, CALL_LINES, SL_ROLE_bright, text);
  sl_buf_init(&b, 1 << 20);
  sl_text_clean(&b, sl_str(text), SL_TEXT_STRICT);
  if (g)
    sl_grid_keep(g, x, y, w, SL_ROLE_bright, sl_buf_view(&b), SL_KEEP_ENDS);
  sl_buf_free(&b);
  return 1;
}

/* ---- of a decision: where, who by which key, why ---- */

static bool judged(const struct confirm *c) { return sl_plan_action(c->plan)->judged; }

/* The judge's word on who decides stands in the head, not among the guards. */
static bool is_who(const char *guard) { return sl_str_starts(sl_str(guard), SL_STR("you are ")); }

static const char *who_of(const struct confirm *c)
{
  for (size_t i = 0; judged(c) && i < sl_plan_guards(c->plan); i++)
    if (is_who(sl_plan_guard(c->plan, i)))
      return sl_plan_guard(c->plan, i);
  return NULL;
}

/* The connection's address, without a name and a password in it. */
static void address_put(const struct confirm *c, struct sl_buf *b)
{
  const struct sl_ws_conf *conf = sl_ws_config(c->base.ui->ws);
  const struct sl_conf *const *conn = NULL;
  size_t n = conf ? sl_ws_conf_conns(conf, &conn) : 0;
  struct sl_str name = sl_plan_targets(c->plan) ? sl_plan_target(c->plan, 0)->conn : SL_STR("");
  for (size_t i = 0; i < n; i++) {
    struct sl_str uri = sl_str(sl_str_eqz(name, sl_conf_name(conn[i])) ? sl_conf_text(conn[i], "uri") : NULL);
    ptrdiff_t from = uri.n ? sl_str_find(uri, SL_STR("://")) : -1;
    struct sl_str rest = from < 0 ? uri : sl_str_from(uri, (size_t)from + 3);
    ptrdiff_t slash = sl_str_chr(rest, '/'), sign = sl_str_rchr(slash < 0 ? rest : sl_str_head(rest, (size_t)slash), '@');
    if (uri.n)
      sl_buf_printf(b, "%.*s%.*s", from < 0 ? 0 : (int)from + 3, uri.p, SL_ARG(sl_str_from(rest, (size_t)(sign + 1))));
  }
  if (!b->n)
    sl_buf_str(b, name);
}

static int me_draw(struct confirm *c, struct sl_grid *g, int x, int y, int w)
{
  const struct sl_identity *me = sl_ws_me(c->base.ui->ws);
  const char *who = who_of(c);
  if (who)
    return strict_put(g, x, y, w, 2, SL_ROLE_text, who);
  if (g)
    sl_grid_printf(g, x, y, w, SL_ROLE_dim, "you are %s (%s)", me->name, sl_known_name((int)me->known));
  return 1;
}

/* g NULL: only counts. */
static int head_draw(struct confirm *c, struct sl_grid *g, struct sl_rect r, int y)
{
  const struct sl_ws_conf *conf = sl_ws_config(c->base.ui->ws);
  int x = r.x + 2, end = r.x + r.w - 2;
  if (conf && sl_ws_conf_protected(conf)) {
    const char *name = sl_ws_conf_environment_name(conf);
    x += 3 + (int)sl_text_width(sl_str_head(sl_str(name), 18), SL_TEXT_CELL);
    if (g)
      sl_grid_printf(g, r.x + 2, y, x - r.x - 3, SL_ROLE_prod, " %s ", name);
  }
  if (judged(c)) {
    struct sl_buf b;
    sl_buf_init(&b, 1 << 16);
    sl_buf_z(&b, "registry ");
    address_put(c, &b);
    y += strict_put(g, x, y, end - x, 2, SL_ROLE_text, sl_buf_zstr(&b));
    sl_buf_free(&b);
    x = r.x + 2;
  }
  return y + me_draw(c, g, x, y, end - x) + 1;
}

/* Of a decision all guards are read in one go: its words are many and short. */
static int guards_joined(struct confirm *c, struct sl_grid *g, struct sl_rect r, int y)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  for (size_t i = 0; i < sl_plan_guards(c->plan); i++)
    if (!is_who(sl_plan_guard(c->plan, i)))
      sl_buf_printf(&b, "%s%s", b.n ? "; " : "", sl_plan_guard(c->plan, i));
  if (g && b.n)
    sl_grid_putz(g, r.x + 2, y, 8, SL_ROLE_dim, "guards");
  y += b.n ? strict_put(g, r.x + 10, y, r.w - 12, JOINED_LINES, SL_ROLE_text, sl_buf_zstr(&b)) : 0;
  sl_buf_free(&b);
  return y;
}

static int comment_draw(struct confirm *c, struct sl_grid *g, struct sl_rect r, int y)
{
  struct sl_val v = judged(c) ? sl_plan_arg(c->plan, "comment") : sl_null(SL_TEXT), glass = sl_plan_arg(c->plan, "break_glass");
  if (!glass.null && glass.u.b) {
    if (g)
      sl_grid_putz(g, r.x + 2, y, r.w - 4, SL_ROLE_warn, "BREAKING THE GLASS: a gate says no; that is recorded with the decision");
    y++;
  }
  if (v.null || !v.u.s.n)
    return y;
  char *text = sl_strndup(v.u.s.p, v.u.s.n);
  if (g)
    sl_grid_putz(g, r.x + 2, y, 8, SL_ROLE_dim, "comment");
  y += strict_put(g, r.x + 10, y, r.w - 12, JOINED_LINES, SL_ROLE_text, text ? text : "?");
  sl_free(text);
  return y;
}

static int guards_draw(struct confirm *c, struct sl_grid *g, struct sl_rect r, int y)
{
  size_t n = sl_plan_guards(c->plan);
  for (size_t i = 0; i < n && i < GUARDS; i++) {
    if (g)
      sl_grid_putz(g, r.x + 2, y, 8, SL_ROLE_dim, i ? "" : "guards");
    y += strict_put(g, r.x + 10, y, r.w - 12, GUARD_LINES, SL_ROLE_text, sl_plan_guard(c->plan, i));
  }
  if (n > GUARDS && g)
    sl_grid_printf(g, r.x + 10, y, r.w - 12, SL_ROLE_dim, "and %zu more", n - GUARDS);
  return y + (n > GUARDS);
}

/* g NULL: only counts. */
static int calls_draw(struct confirm *c, struct sl_grid *g, struct sl_rect r, int y)
{
  size_t n = sl_plan_calls(c->plan), skip = n > CALLS ? n - CALLS + 1 : 0;
  for (size_t i = 0; i < n; i++) {
    if (skip && i == CALLS - 2) { /* the last one is always seen: of a decision it moves the alias */
      if (g)
        sl_grid_printf(g, r.x + 5, y, r.w - 7, SL_ROLE_dim, "and %zu more", skip);
      i += skip;
      y++;
    }
    if (g)
      sl_grid_printf(g, r.x + 2, y, 3, SL_ROLE_key, "%zu", i + 1);
    y += call_put(g, r.x + 5, y, r.w - 7, sl_plan_call(c->plan, i), n <= 2);
  }
  y = judged(c) ? guards_joined(c, g, r, y) : guards_draw(c, g, r, y);
  const char *undo = sl_plan_undo(c->plan);
  if (g)
    sl_grid_putz(g, r.x + 2, y, 8, SL_ROLE_dim, "undo");
  y += strict_put(g, r.x + 10, y, r.w - 12, UNDO_LINES, undo ? SL_ROLE_text : SL_ROLE_warn, undo ? undo : "cannot be undone");
  return comment_draw(c, g, r, y) + 1;
}

/* The name beside the line it is typed in, or above it where it is long. */
static int must_draw(struct confirm *c, struct sl_grid *g, struct sl_rect r, int y)
{
  const char *must = sl_plan_must_type(c->plan);
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  sl_text_clean(&b, sl_str(must), SL_TEXT_STRICT);
  int n = b.n < 10000 ? (int)b.n : 10000, x = r.x + 7, more = 0;
  sl_buf_free(&b);
  if (g)
    sl_grid_putz(g, r.x + 2, y, 8, SL_ROLE_text, "type ");
  if (n > r.w / 2) {
    more = strict_put(g, x, y, r.w - 9, CALL_LINES, SL_ROLE_bright, must);
    x -= 1;
  } else {
    strict_put(g, x, y, r.w / 2, 1, SL_ROLE_bright, must);
    x += n;
  }
  if (g) {
    x += sl_grid_putz(g, x, y + more, 12, SL_ROLE_text, " to go on: ");
    sl_line_draw(&c->line, g, x, y + more, r.x + r.w - 2 - x);
  }
  return more;
}

static void ask_draw(struct confirm *c, struct sl_grid *g, struct sl_rect r, int y)
{
  int64_t left;
  enum sl_armed armed = sl_ws_armed(c->base.ui->ws, &left);
  int last = r.y + r.h - 2 - (sl_plan_must_type(c->plan) ? must_draw(c, NULL, r, 0) : 0);
  if (y > last) { /* a small screen: the question is always seen */
    y = last;
    sl_grid_clear(g, (struct sl_rect){ r.x + 1, y, r.w - 2, r.y + r.h - 1 - y });
  }
  if (armed == SL_READONLY)
    sl_grid_printf(g, r.x + 2, y, r.w - 4, SL_ROLE_warn, "read-only: %s", sl_ws_armed_why(c->base.ui->ws));
  else if (armed == SL_DISARMED)
    sl_grid_putz(g, r.x + 2, y, r.w - 4, SL_ROLE_warn, "not armed: Enter arms, then asks again");
  else if (sl_plan_must_type(c->plan))
    must_draw(c, g, r, y);
  else
    sl_grid_putz(g, r.x + 2, y, r.w - 4, SL_ROLE_text, "Enter does it");
  sl_grid_right(g, r.x + 2, r.y + r.h - 1, r.w - 4, SL_ROLE_dim, SL_STR(" Esc leaves it "));
}

/* "approve cancer/4 for champion"; other actions say what they are. */
static void title_put(const struct confirm *c, struct sl_buf *out)
{
  char words[160];
  const struct sl_action *a = sl_plan_action(c->plan);
  struct sl_val to = sl_plan_arg(c->plan, "to");
  if (!judged(c) || sl_plan_targets(c->plan) != 1)
    snprintf(words, sizeof words, "%s: %s", a->name, a->help);
  else
    snprintf(words, sizeof words, "%s %.*s%s%.*s", a->name, SL_ARG(sl_str_head(sl_plan_target(c->plan, 0)->id, 60)), to.null ? "" : " for ",
        to.null ? 0 : (int)(to.u.s.n < 40 ? to.u.s.n : 40), to.null ? "" : to.u.s.p);
  sl_text_clean(out, sl_str(words), SL_TEXT_STRICT);
}

static void confirm_draw(struct sl_overlay *o, struct sl_grid *g)
{
  struct confirm *c = (struct confirm *)o;
  struct sl_rect r = sl_overlay_box(g, BOX_W, 8);
  int rows = head_draw(c, NULL, r, 0) + calls_draw(c, NULL, r, 0) + (sl_plan_must_type(c->plan) ? must_draw(c, NULL, r, 0) : 0);
  r = sl_overlay_box(g, BOX_W, rows + 5);
  struct sl_buf title;
  sl_buf_init(&title, 4096);
  title_put(c, &title);
  g->cursor = false;
  sl_grid_box(g, r, SL_ROLE_border, sl_buf_zstr(&title));
  sl_buf_free(&title);
  int y = head_draw(c, g, r, r.y + 1);
  y = calls_draw(c, g, r, y);
  ask_draw(c, g, r, y);
}

/* Marks shrink to what is left to do. */
static void unmark_done(struct sl_ui *ui)
{
  const struct sl_plan *p = sl_ws_acted(ui->ws);
  struct sl_buf ref;
  sl_buf_init(&ref, 1 << 16);
  for (size_t i = 0; p && i < sl_plan_targets(p); i++) {
    if (!sl_plan_target_done(p, i))
      continue;
    sl_buf_clear(&ref);
    sl_ref_text(&ref, sl_plan_target(p, i));
    for (size_t k = 0; k < ui->depth; k++) {
      struct sl_view *v = ui->stack[k];
      struct sl_tablew *t = v->ops->table ? v->ops->table(v) : NULL;
      if (t)
        sl_tablew_unmark(t, sl_buf_view(&ref));
    }
  }
  sl_buf_free(&ref);
}

static void acted(void *user, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  struct sl_ui *ui = user;
  unmark_done(ui);
  if (rc) {
    sl_ui_say_err(ui, err);
    return;
  }
  struct sl_buf b;
  sl_buf_init(&b, 0);
  if (started)
    sl_ref_text(&b, started);
  else if (sl_ws_acted(ui->ws))
    sl_plan_said(sl_ws_acted(ui->ws), &b);
  sl_ui_say(ui, SL_ROLE_ok, started ? "started %s" : b.n ? "%s" : "done%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
}

static void confirm_go(struct confirm *c)
{
  struct sl_ui *ui = c->base.ui;
  int64_t left;
  struct sl_err err = {0};
  const char *must = sl_plan_must_type(c->plan);
  if (sl_ws_armed(ui->ws, &left) != SL_ARMED) {
    sl_ui_command(ui, "arm");
    c->opened = sl_ws_mono(ui->ws);
    return;
  }
  if (must && strcmp(must, sl_line_text(&c->line))) {
    sl_ui_say(ui, SL_ROLE_warn, "that is not the name; nothing was done");
    return;
  }
  struct sl_plan *plan = c->plan;
  char *typed = sl_strdup(sl_line_text(&c->line));
  c->plan = NULL;
  sl_overlay_pop(ui);
  int rc = sl_ws_act(ui->ws, &plan, sl_str(typed ? typed : ""), acted, ui, &err);
  sl_free(typed);
  if (rc)
    sl_ui_say_err(ui, &err);
  else
    sl_ui_say(ui, SL_ROLE_run, "under way");
}

static void confirm_key(struct sl_overlay *o, int key)
{
  struct confirm *c = (struct confirm *)o;
  if (key == SL_KEY_ESC || key == ('C' & 31)) {
    struct sl_ui *ui = o->ui; /* c is gone with the overlay */
    sl_overlay_pop(ui);
    sl_ui_say(ui, SL_ROLE_dim, "nothing was done");
    return;
  }
  int64_t now = sl_ws_mono(o->ui->ws);
  if (now - c->opened < DEAF_MS) {
    if (key == SL_KEY_ENTER && c->opened < now - DEAF_MS + REPEAT_MS) /* held down: its repeats are no consent either */
      c->opened = now - DEAF_MS + REPEAT_MS;
    return;
  }
  if (key == SL_KEY_ENTER)
    confirm_go(c);
  else if (sl_plan_must_type(c->plan) && sl_line_key(&c->line, key))
    sl_ui_dirty_now(o->ui);
}

static void confirm_close(struct sl_overlay *o)
{
  struct confirm *c = (struct confirm *)o;
  sl_plan_free(c->plan);
  sl_line_free(&c->line);
  sl_free(c);
}

static const struct sl_overlay_ops confirm_ops = {.draw = confirm_draw, .key = confirm_key, .close = confirm_close};

void sl_confirm_open(struct sl_ui *ui, struct sl_plan **take)
{
  struct confirm *c = sl_calloc(1, sizeof *c);
  if (!c) {
    sl_plan_free(*take);
    *take = NULL;
    return;
  }
  c->base.ops = &confirm_ops;
  c->plan = *take;
  *take = NULL;
  c->opened = sl_ws_mono(ui->ws);
  sl_line_init(&c->line, "");
  ui->msg[0] = 0;
  (void)sl_overlay_push(ui, &c->base);
}
