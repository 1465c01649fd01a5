/* ui/overlay.c: the stack of what is drawn over a view, and the prompt, the simplest of them. */
#include <stdio.h>

#include "ui/ui_int.h"

int sl_overlay_push(struct sl_ui *ui, struct sl_overlay *o)
{
  if (ui->nover == SL_UI_OVERLAYS) {
    o->ops->close(o);
    return SL_ELIMIT;
  }
  o->ui = ui;
  ui->over[ui->nover++] = o;
  sl_ui_dirty_now(ui);
  return SL_OK;
}

void sl_overlay_pop(struct sl_ui *ui)
{
  if (!ui->nover)
    return;
  struct sl_overlay *o = ui->over[--ui->nover];
  o->ops->close(o);
  sl_ui_dirty_now(ui);
}

void sl_overlay_clear(struct sl_ui *ui)
{
  while (ui->nover)
    sl_overlay_pop(ui);
}

/* A box in the middle, no larger than the screen. */
struct sl_rect sl_overlay_box(const struct sl_grid *g, int w, int h)
{
  w = w > g->w ? g->w : w;
  h = h > g->h ? g->h : h;
  return (struct sl_rect){ (g->w - w) / 2, (g->h - h) / 3, w, h };
}

/* ---- prompt: one line at the bottom ---- */

struct prompt {
  struct sl_overlay base;
  struct sl_line line;
  char label[128];
  bool secret;
  void (*done)(void *user, const char *text);
  void *user;
};

static void prompt_draw(struct sl_overlay *o, struct sl_grid *g)
{
  struct prompt *p = (struct prompt *)o;
  int y = g->h - 1;
  sl_grid_clear(g, (struct sl_rect){ 0, y, g->w, 1 });
  int x = 1 + sl_grid_putz(g, 1, y, g->w * 2 / 3, SL_ROLE_bright, p->label);
  if (!p->secret) {
    sl_line_draw(&p->line, g, x + 1, y, g->w - x - 2);
    return;
  }
  int n = (int)sl_text_width(sl_buf_view(&p->line.text), SL_TEXT_CELL);
  for (int i = 0; i < n && x + 1 + i < g->w - 1; i++)
    sl_grid_cell(g, x + 1 + i, y, SL_ROLE_input, "*");
  sl_grid_cursor(g, x + 1 + n, y);
}

static void prompt_end(struct prompt *p, bool typed)
{
  void (*done)(void *, const char *) = p->done;
  void *user = p->user;
  char *text = typed ? sl_strdup(sl_line_text(&p->line)) : NULL;
  size_t n = text ? strlen(text) : 0;
  p->done = NULL;
  sl_overlay_pop(p->base.ui);
  done(user, text);
  sl_free_wipe(text, n);
}

static void prompt_key(struct sl_overlay *o, int key)
{
  struct prompt *p = (struct prompt *)o;
  if (key == SL_KEY_ENTER)
    prompt_end(p, true);
  else if (key == SL_KEY_ESC || key == ('C' & 31))
    prompt_end(p, false);
  else if (sl_line_key(&p->line, key))
    sl_ui_dirty_now(o->ui);
}

static void prompt_paste(struct sl_overlay *o, struct sl_str text)
{
  sl_line_paste(&((struct prompt *)o)->line, text);
  sl_ui_dirty_now(o->ui);
}

static void prompt_close(struct sl_overlay *o)
{
  struct prompt *p = (struct prompt *)o;
  if (p->done)
    p->done(p->user, NULL);
  sl_line_free(&p->line);
  sl_free(p);
}

static const struct sl_overlay_ops prompt_ops = {.draw = prompt_draw, .key = prompt_key, .paste = prompt_paste, .close = prompt_close};

void sl_prompt_open(struct sl_ui *ui, const char *label, const char *initial, bool secret, void (*done)(void *user, const char *text),
    void *user)
{
  struct prompt *p = sl_calloc(1, sizeof *p);
  if (!p) {
    done(user, NULL);
    return;
  }
  p->base.ops = &prompt_ops;
  snprintf(p->label, sizeof p->label, "%s", label);
  p->secret = secret;
  p->done = done;
  p->user = user;
  sl_line_init(&p->line, initial);
  (void)sl_overlay_push(ui, &p->base);
}

void *sl_prompt_withdraw(struct sl_ui *ui, void (*done)(void *user, const char *text), bool (*is)(const void *user, uint64_t id),
    uint64_t id)
{
  for (size_t i = 0; i < ui->nover; i++) {
    struct prompt *p = (struct prompt *)ui->over[i];
    if (p->base.ops != &prompt_ops || p->done != done || !is(p->user, id))
      continue;
    void *user = p->user;
    p->done = NULL;
    memmove(&ui->over[i], &ui->over[i + 1], (ui->nover - i - 1) * sizeof ui->over[0]);
    ui->nover--;
    prompt_close(&p->base);
    sl_ui_dirty_now(ui);
    return user;
  }
  return NULL;
}
