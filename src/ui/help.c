/* ui/help.c: what can be done here: the view's own words, its keys, then the keys that mean the same everywhere; from the live table. */
#include <stdio.h>

#include "ui/ui_int.h"

enum { NARROW = 56 };

struct help { struct sl_overlay base; int top, total; };

/* In lines as wide as there is room from x on; the line after the last. */
static int help_wrap(struct sl_grid *g, struct sl_rect r, int x, int line, int top, enum sl_role role, const char *text)
{
  struct sl_str rest = sl_str(text);
  while (rest.n) {
    size_t width = (size_t)(r.w > x + 4 ? r.w - x - 2 : 2), take = rest.n;
    if (rest.n > width) {
      take = sl_utf8_cut(rest, width);
      ptrdiff_t space = sl_str_rchr(sl_str_head(rest, take), ' ');
      take = space > 0 ? (size_t)space : take;
    }
    int y = r.y + 1 + line - top;
    if (line >= top && y < r.y + r.h - 1)
      sl_grid_put(g, r.x + x, y, (int)width, role, sl_str_head(rest, take));
    line++;
    rest = sl_str_trim(sl_str_from(rest, take));
  }
  return line;
}

static int help_text(struct sl_grid *g, struct sl_rect r, int line, int top, enum sl_role role, const char *text)
{
  return help_wrap(g, r, 2, line, top, role, text);
}

/* What a key does stands beside it, or below it where that is narrow. */
static int help_row(struct sl_grid *g, struct sl_rect r, int line, int top, const struct sl_keyrow *k)
{
  bool narrow = r.w < NARROW;
  int y = r.y + 1 + line - top;
  if (line >= top && y < r.y + r.h - 1) {
    sl_grid_put(g, r.x + 2, y, 14, SL_ROLE_key, k->keys.n ? k->keys : SL_STR("-"));
    sl_grid_putz(g, r.x + 17, y, 15, SL_ROLE_text, k->command);
  }
  int after = help_wrap(g, r, narrow ? 4 : 33, line + narrow, top, SL_ROLE_dim, k->help);
  return after > line ? after : line + 1;
}

static int help_keys(struct sl_ui *ui, struct sl_grid *g, struct sl_rect r, int line, int top, const char *where)
{
  struct sl_keyrow k;
  struct sl_buf scratch;
  sl_buf_init(&scratch, 256);
  for (size_t i = 0; sl_keymap_row(ui->keymap, i, &k, &scratch); i++)
    if (!strcmp(k.where, where))
      line = help_row(g, r, line, top, &k);
  sl_buf_free(&scratch);
  return line;
}

static void help_draw(struct sl_overlay *o, struct sl_grid *g)
{
  struct help *h = (struct help *)o;
  struct sl_view *v = sl_ui_top(o->ui);
  struct sl_rect r = sl_overlay_box(g, 78, g->h - 2);
  char title[96];
  snprintf(title, sizeof title, "help: %s", v ? v->ops->title : "sluice");
  sl_grid_box(g, r, SL_ROLE_border, title);
  int line = 0;
  if (v && v->ops->help)
    line = help_text(g, r, line, h->top, SL_ROLE_text, v->ops->help) + 1;
  if (v) {
    line = help_keys(o->ui, g, r, line, h->top, v->ops->name) + 1;
    line = help_text(g, r, line, h->top, SL_ROLE_bright, "everywhere");
  }
  h->total = help_keys(o->ui, g, r, line, h->top, "global");
  if (h->total - h->top > r.h - 2)
    sl_grid_putz(g, r.x + r.w - 13, r.y + r.h - 1, 11, SL_ROLE_dim, " PgDn more ");
}

static void help_key(struct sl_overlay *o, int key)
{
  struct help *h = (struct help *)o;
  int page = o->ui->grid.h - 4, last = h->total - page > 0 ? h->total - page : 0;
  int step = key == 'j' || key == SL_KEY_DOWN ? 1 : key == 'k' || key == SL_KEY_UP ? -1 : key == SL_KEY_PGDN || key == ' ' ? page :
             key == SL_KEY_PGUP ? -page : key == 'G' ? last : key == 'g' ? -h->top : 0;
  if (!step) {
    sl_overlay_pop(o->ui);
    return;
  }
  h->top = h->top + step < 0 ? 0 : h->top + step > last ? last : h->top + step;
  sl_ui_dirty_now(o->ui);
}

static void help_close(struct sl_overlay *o) { sl_free(o); }

static const struct sl_overlay_ops help_ops = {.draw = help_draw, .key = help_key, .close = help_close};

void sl_help_open(struct sl_ui *ui)
{
  struct help *h = sl_calloc(1, sizeof *h);
  if (!h)
    return;
  h->base.ops = &help_ops;
  (void)sl_overlay_push(ui, &h->base);
}
