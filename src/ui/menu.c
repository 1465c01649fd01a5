/* ui/menu.c: a short list to choose from, by cursor, by number or by typing a letter of it. */
#include <stdio.h>

#include "ui/ui_int.h"

enum { MENU_MAX = 200 };

struct menu {
  struct sl_overlay base;
  char title[96];
  struct { char *label, *detail, *off; } item[MENU_MAX];
  size_t n, at, top;
  void (*chosen)(struct sl_ui *ui, void *user, size_t i);
  void *user;
  void (*free_user)(void *user);
};

static int menu_width(const struct menu *m)
{
  size_t w = sl_text_width(sl_str(m->title), SL_TEXT_CELL) + 6;
  for (size_t i = 0; i < m->n; i++) {
    size_t one = sl_text_width(sl_str(m->item[i].label), SL_TEXT_CELL) + 10;
    const char *more = m->item[i].off ? m->item[i].off : m->item[i].detail;
    one += more ? sl_text_width(sl_str(more), SL_TEXT_CELL) + 2 : 0;
    w = one > w ? one : w;
  }
  return w > 76 ? 76 : (int)w;
}

static void menu_draw(struct sl_overlay *o, struct sl_grid *g)
{
  struct menu *m = (struct menu *)o;
  struct sl_rect r = sl_overlay_box(g, menu_width(m), (int)m->n + 2);
  size_t rows = r.h > 2 ? (size_t)r.h - 2 : 0;
  if (m->at < m->top)
    m->top = m->at;
  if (rows && m->at >= m->top + rows)
    m->top = m->at - rows + 1;
  sl_grid_box(g, r, SL_ROLE_border, m->title);
  for (size_t i = 0; i < rows && m->top + i < m->n; i++) {
    size_t k = m->top + i;
    int y = r.y + 1 + (int)i, x = r.x + 2;
    enum sl_role role = m->item[k].off ? SL_ROLE_dim : SL_ROLE_text;
    if (k < 9)
      sl_grid_printf(g, x, y, 2, SL_ROLE_key, "%zu", k + 1);
    x += 3;
    x += sl_grid_putz(g, x, y, r.x + r.w - 2 - x, role, m->item[k].label) + 2;
    const char *more = m->item[k].off ? m->item[k].off : m->item[k].detail;
    if (more)
      sl_grid_putz(g, x, y, r.x + r.w - 2 - x, SL_ROLE_dim, more);
    if (k == m->at)
      sl_grid_over(g, (struct sl_rect){ r.x + 1, y, r.w - 2, 1 }, SL_ROLE_cursor);
  }
}

static void menu_choose(struct menu *m, size_t i)
{
  struct sl_ui *ui = m->base.ui;
  if (m->item[i].off) {
    sl_ui_say(ui, SL_ROLE_warn, "%s: %s", m->item[i].label, m->item[i].off);
    return;
  }
  void (*chosen)(struct sl_ui *, void *, size_t) = m->chosen;
  void (*free_user)(void *) = m->free_user;
  void *user = m->user;
  m->free_user = NULL;
  sl_overlay_pop(ui);
  chosen(ui, user, i);
  if (free_user)
    free_user(user);
}

static void menu_key(struct sl_overlay *o, int key)
{
  struct menu *m = (struct menu *)o;
  struct sl_ui *ui = o->ui; /* choosing ends the menu */
  if (key == SL_KEY_ESC || key == 'q' || key == ('C' & 31)) {
    sl_overlay_pop(o->ui);
    return;
  }
  if (key == SL_KEY_ENTER)
    menu_choose(m, m->at);
  else if (key >= '1' && key <= '9' && (size_t)(key - '1') < m->n)
    menu_choose(m, (size_t)(key - '1'));
  else if ((key == SL_KEY_DOWN || key == 'j') && m->at + 1 < m->n)
    m->at++;
  else if ((key == SL_KEY_UP || key == 'k') && m->at > 0)
    m->at--;
  sl_ui_dirty_now(ui);
}

static void menu_close(struct sl_overlay *o)
{
  struct menu *m = (struct menu *)o;
  for (size_t i = 0; i < m->n; i++) {
    sl_free(m->item[i].label);
    sl_free(m->item[i].detail);
    sl_free(m->item[i].off);
  }
  if (m->free_user)
    m->free_user(m->user);
  sl_free(m);
}

static const struct sl_overlay_ops menu_ops = {.draw = menu_draw, .key = menu_key, .close = menu_close};

void sl_menu_open(struct sl_ui *ui, const char *title, const struct sl_menu_item *items, size_t n, void (*chosen)(struct sl_ui *ui,
    void *user,
                  size_t i), void *user, void (*free_user)(void *user))
{
  struct menu *m = sl_calloc(1, sizeof *m);
  if (!m || !n) {
    sl_free(m);
    if (free_user)
      free_user(user);
    return;
  }
  m->base.ops = &menu_ops;
  m->chosen = chosen;
  m->user = user;
  m->free_user = free_user;
  snprintf(m->title, sizeof m->title, "%s", title);
  for (size_t i = 0; i < n && i < MENU_MAX; i++, m->n++) {
    m->item[i].label = sl_strdup(items[i].label);
    m->item[i].detail = sl_strdup(items[i].detail);
    m->item[i].off = sl_strdup(items[i].off);
    if (!m->item[i].label) { /* no memory: a shorter menu would lie */
      m->n = i + 1;
      m->base.ui = ui;
      menu_close(&m->base);
      return;
    }
  }
  (void)sl_overlay_push(ui, &m->base);
}
