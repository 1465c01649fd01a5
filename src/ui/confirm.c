/* ui/confirm.c: what exactly will happen, and how it is undone. Never accepts the key that opened it: keys are deaf for half a second,
 * pastes
 * are refused, the name of the thing is typed where the plan says so. Everything from outside is drawn strictly (ASCII with escapes). */
#include <stdio.h>

#include "ui/ui_int.h"

enum { DEAF_MS = 500 };

struct confirm { struct sl_overlay base; struct sl_plan *plan; struct sl_line line; int64_t opened; };

static int strict_put(struct sl_grid *g, int x, int y, int w, enum sl_role role, const char *text)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  sl_text_clean(&b, sl_str(text), SL_TEXT_STRICT);
  int used = sl_grid_put(g, x, y, w, role, sl_buf_view(&b));
  sl_buf_free(&b);
  return used;
}

static int head_draw(struct confirm *c, struct sl_grid *g, struct sl_rect r, int y)
{
  const struct sl_ws_conf *conf = sl_ws_config(c->base.ui->ws);
  const struct sl_identity *me = sl_ws_me(c->base.ui->ws);
  bool prod = conf && sl_ws_conf_protected(conf);
  int x = r.x + 2;
  if (prod)
    x += 1 + sl_grid_printf(g, x, y, 20, SL_ROLE_prod, " %s ", sl_ws_conf_environment_name(conf));
  sl_grid_printf(g, x, y, r.x + r.w - 2 - x, SL_ROLE_dim, "you are %s (%s)", me->name, sl_known_name((int)me->known));
  return y + 2;
}

static int calls_draw(struct confirm *c, struct sl_grid *g, struct sl_rect r, int y)
{
  size_t n = sl_plan_calls(c->plan), show = n > 8 ? 7 : n;
  for (size_t i = 0; i < show; i++, y++) {
    sl_grid_printf(g, r.x + 2, y, 3, SL_ROLE_key, "%zu", i + 1);
    strict_put(g, r.x + 5, y, r.w - 7, SL_ROLE_bright, sl_plan_call(c->plan, i));
  }
  if (show < n)
    sl_grid_printf(g, r.x + 5, y++, r.w - 7, SL_ROLE_dim, "and %zu more of the same kind", n - show);
  for (size_t i = 0; i < sl_plan_guards(c->plan) && i < 3; i++, y++) {
    sl_grid_putz(g, r.x + 2, y, 8, SL_ROLE_dim, i ? "" : "guards");
    strict_put(g, r.x + 10, y, r.w - 12, SL_ROLE_text, sl_plan_guard(c->plan, i));
  }
  const char *undo = sl_plan_undo(c->plan);
  sl_grid_putz(g, r.x + 2, y, 8, SL_ROLE_dim, "undo");
  strict_put(g, r.x + 10, y, r.w - 12, undo ? SL_ROLE_text : SL_ROLE_warn, undo ? undo : "cannot be undone");
  return y + 2;
}

static void ask_draw(struct confirm *c, struct sl_grid *g, struct sl_rect r, int y)
{
  int64_t left;
  enum sl_armed armed = sl_ws_armed(c->base.ui->ws, &left);
  const char *must = sl_plan_must_type(c->plan);
  if (armed == SL_READONLY) {
    sl_grid_printf(g, r.x + 2, y, r.w - 4, SL_ROLE_warn, "read-only: %s", sl_ws_armed_why(c->base.ui->ws));
  } else if (armed == SL_DISARMED) {
    sl_grid_putz(g, r.x + 2, y, r.w - 4, SL_ROLE_warn, "not armed: Enter arms, then asks again");
  } else if (must) {
    int x = r.x + 2 + sl_grid_putz(g, r.x + 2, y, 8, SL_ROLE_text, "type ");
    x += strict_put(g, x, y, r.w / 2, SL_ROLE_bright, must);
    x += sl_grid_putz(g, x, y, 12, SL_ROLE_text, " to go on: ");
    sl_line_draw(&c->line, g, x, y, r.x + r.w - 2 - x);
  } else {
    sl_grid_putz(g, r.x + 2, y, r.w - 4, SL_ROLE_text, "Enter does it");
  }
  sl_grid_right(g, r.x + 2, r.y + r.h - 1, r.w - 4, SL_ROLE_dim, SL_STR(" Esc leaves it "));
}

static void confirm_draw(struct sl_overlay *o, struct sl_grid *g)
{
  struct confirm *c = (struct confirm *)o;
  size_t calls = sl_plan_calls(c->plan), guards = sl_plan_guards(c->plan);
  int rows = (int)(calls > 8 ? 8 : calls) + (int)(guards > 3 ? 3 : guards);
  struct sl_rect r = sl_overlay_box(g, 76, rows + 9);
  char title[128];
  snprintf(title, sizeof title, "%s: %s", sl_plan_action(c->plan)->name, sl_plan_action(c->plan)->help);
  g->cursor = false;
  sl_grid_box(g, r, SL_ROLE_border, title);
  int y = head_draw(c, g, r, r.y + 1);
  y = calls_draw(c, g, r, y);
  ask_draw(c, g, r, y);
}

static void acted(void *user, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  struct sl_ui *ui = user;
  if (rc) {
    sl_ui_say_err(ui, err);
    return;
  }
  struct sl_buf b;
  sl_buf_init(&b, 0);
  if (started)
    sl_ref_text(&b, started);
  sl_ui_say(ui, SL_ROLE_ok, started ? "started %s" : "done%s", sl_buf_zstr(&b));
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
  if (sl_ws_mono(o->ui->ws) - c->opened < DEAF_MS)
    return;
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
