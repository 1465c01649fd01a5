/* ui/palette.c: `:`. One list of all there is: views, resources served, commands of this view, workspaces; fuzzy as one types; what is
 * typed after
 * a name is its argument (SCOPE of a resource, argument of a view). */
#include <stdio.h>

#include "model/saved.h"
#include "ui/ui_int.h"

enum { ITEMS = 400, SHOWN = 12 };
enum kind { K_VIEW, K_RESOURCE, K_COMMAND, K_WORKSPACE, K_SAVED };

struct item { enum kind kind; const char *name, *help; };
struct palette {
  struct sl_overlay base;
  struct sl_line line;
  struct item item[ITEMS];
  int score[ITEMS];
  size_t order[ITEMS], n, nfit, at;
  struct sl_saved_set *saved;
  char *lines;                       /* "runs @best", NUL-ended, for the saved views */
};

static void add(struct palette *p, enum kind kind, const char *name, const char *help)
{
  if (p->n < ITEMS)
    p->item[p->n++] = (struct item){ kind, name, help };
}

/* Commands that only make sense from a key (moving about) stay out of the list. */
static bool worth_listing(const char *command)
{
  static const char *const moving[] = {"palette", "down", "up", "first", "last", "page-down", "page-up", "left", "right", "enter",
      "next-pane", "prev-pane"};
  for (size_t i = 0; i < sizeof moving / sizeof moving[0]; i++)
    if (!strcmp(command, moving[i]))
      return false;
  return true;
}

/* Views that were saved: "runs @best", with what they filter as help. A file that cannot be read is told when one is opened. */
static void gather_saved(struct palette *p)
{
  struct sl_buf b;
  if (sl_saved_load(&p->saved, sl_ws_state_dir(p->base.ui->ws), NULL))
    return;
  sl_buf_init(&b, 1 << 20);
  for (size_t i = 0; i < sl_saved_count(p->saved); i++) {
    const struct sl_saved *v = sl_saved_at(p->saved, i);
    sl_buf_printf(&b, "%.*s @%.*s", SL_ARG(v->resource), SL_ARG(v->name));
    sl_buf_ch(&b, 0);
  }
  p->lines = sl_buf_take(&b, NULL);
  const char *line = p->lines;
  for (size_t i = 0; line && i < sl_saved_count(p->saved); i++, line += strlen(line) + 1)
    add(p, K_SAVED, line, sl_saved_at(p->saved, i)->filter.n ? sl_saved_at(p->saved, i)->filter.p : "saved view");
}

static void gather(struct palette *p)
{
  struct sl_ui *ui = p->base.ui;
  struct sl_view *top = sl_ui_top(ui);
  for (const struct sl_view_ops *const *v = ui->o.views; *v; v++)
    if (strcmp((*v)->name, "describe") && strcmp((*v)->name, "table"))
      add(p, K_VIEW, (*v)->name, (*v)->help);
  for (const struct sl_resource *const *r = sl_resources; *r; r++)
    if (sl_ws_serves(ui->ws, *r) && !sl_ui_view_find(ui, sl_str((*r)->name)))
      add(p, K_RESOURCE, (*r)->name, (*r)->help);
  for (size_t i = 0; top && i < top->ops->nbinds; i++)
    if (worth_listing(top->ops->binds[i].command))
      add(p, K_COMMAND, top->ops->binds[i].command, top->ops->binds[i].help);
  for (size_t i = 0; i < sl_global_nbinds; i++)
    if (worth_listing(sl_global_binds[i].command))
      add(p, K_COMMAND, sl_global_binds[i].command, sl_global_binds[i].help);
  for (const char *const *w = ui->o.workspaces; w && *w; w++)
    add(p, K_WORKSPACE, *w, "workspace");
}

static struct sl_str first_word(const struct palette *p, struct sl_str *rest)
{
  struct sl_str all = sl_str_trim(sl_str(sl_line_text(&p->line))), word;
  *rest = all;
  if (!sl_str_cut(rest, ' ', &word))
    return SL_STR("");
  *rest = sl_str_trim(*rest);
  return word;
}

static void rank(struct palette *p)
{
  struct sl_str rest, word = first_word(p, &rest);
  p->nfit = 0;
  for (size_t i = 0; i < p->n; i++) {
    int s = word.n ? sl_fuzzy(word, sl_str(p->item[i].name)) : 0; /* nothing typed: as they were gathered */
    if (s < 0 || (rest.n && p->item[i].kind == K_COMMAND))
      continue;
    p->score[i] = word.n ? s * 4 - (int)p->item[i].kind : 0;
    size_t k = p->nfit++;
    for (; k > 0 && p->score[p->order[k - 1]] < p->score[i]; k--)
      p->order[k] = p->order[k - 1];
    p->order[k] = i;
  }
  p->at = 0;
}

static void palette_draw(struct sl_overlay *o, struct sl_grid *g)
{
  static const char *const kinds[] = {"view", "resource", "command", "workspace", "saved view"};
  struct palette *p = (struct palette *)o;
  int rows = g->h - 6 < SHOWN ? g->h - 6 : SHOWN;
  struct sl_rect r = {0, g->h - rows - 3, g->w, rows + 2};
  if (rows < 1)
    r = (struct sl_rect){ 0, g->h - 1, g->w, 0 };
  else
    sl_grid_box(g, r, SL_ROLE_border, "go to");
  size_t top = p->at >= (size_t)(rows > 0 ? rows : 1) ? p->at - (size_t)rows + 1 : 0;
  for (int i = 0; i < rows && top + (size_t)i < p->nfit; i++) {
    const struct item *it = &p->item[p->order[top + (size_t)i]];
    int y = r.y + 1 + i;
    sl_grid_putz(g, 2, y, 22, SL_ROLE_bright, it->name);
    sl_grid_putz(g, 25, y, 10, SL_ROLE_dim, kinds[it->kind]);
    sl_grid_putz(g, 36, y, r.w - 38, SL_ROLE_text, it->help);
    if (top + (size_t)i == p->at)
      sl_grid_over(g, (struct sl_rect){ 1, y, r.w - 2, 1 }, SL_ROLE_cursor);
  }
  if (!p->nfit && rows > 0)
    sl_grid_putz(g, 2, r.y + 1, r.w - 4, SL_ROLE_dim, "nothing of that name; Esc leaves");
  sl_grid_clear(g, (struct sl_rect){ 0, g->h - 1, g->w, 1 });
  sl_grid_putz(g, 0, g->h - 1, 2, SL_ROLE_bright, ":");
  sl_line_draw(&p->line, g, 1, g->h - 1, g->w - 2);
}

static void run_item(struct sl_ui *ui, const struct item *it, struct sl_str rest)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  switch (it->kind) {
  case K_VIEW:
    sl_ui_go(ui, it->name, rest);
    break;
  case K_RESOURCE:
    sl_buf_printf(&b, "%s %.*s", it->name, SL_ARG(rest));
    sl_ui_go(ui, "table", sl_str_trim(sl_buf_view(&b)));
    break;
  case K_COMMAND:
    sl_ui_command(ui, it->name);
    break;
  case K_SAVED:
    sl_ui_go(ui, "table", sl_str(it->name));
    break;
  case K_WORKSPACE:
    if (ui->o.switch_ws)
      ui->o.switch_ws(ui->o.user, it->name);
    break;
  }
  sl_buf_free(&b);
}

/* Views that only make sense with an argument stand in no list, but can be typed. */
static bool go_unlisted(struct sl_ui *ui, struct sl_str word, struct sl_str rest)
{
  bool table = sl_str_eqz(word, "table");
  if (!table && !sl_str_eqz(word, "describe"))
    return false;
  sl_ui_go(ui, table ? "table" : "describe", rest);
  return true;
}

static void palette_go(struct palette *p)
{
  struct sl_ui *ui = p->base.ui;
  struct sl_str rest, word = first_word(p, &rest);
  if (rest.n && !p->at && (sl_str_eqz(word, "table") || sl_str_eqz(word, "describe"))) {
    char *line = sl_strndup(p->line.text.p, p->line.text.n);
    sl_overlay_pop(ui);
    sl_ui_run(ui, sl_str(line ? line : ""));
    sl_free(line);
    return;
  }
  if (!p->nfit)
    return;
  struct item it = p->item[p->order[p->at]];
  char *arg = sl_strndup(rest.p ? rest.p : "", rest.n);
  sl_overlay_pop(ui);
  run_item(ui, &it, sl_str(arg ? arg : ""));
  sl_free(arg);
}

static void complete(struct palette *p)
{
  struct sl_str rest;
  first_word(p, &rest);
  if (!p->nfit || rest.n)
    return;
  struct sl_buf b;
  sl_buf_init(&b, SL_LINE_MAX);
  sl_buf_printf(&b, "%s ", p->item[p->order[p->at]].name);
  sl_line_set(&p->line, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void palette_key(struct sl_overlay *o, int key)
{
  struct palette *p = (struct palette *)o;
  sl_ui_dirty_now(o->ui);
  if (key == SL_KEY_ESC || key == ('C' & 31)) {
    sl_overlay_pop(o->ui);
  } else if (key == SL_KEY_ENTER) {
    palette_go(p);
  } else if (key == SL_KEY_UP || key == ('P' & 31)) {
    p->at -= p->at > 0;
  } else if (key == SL_KEY_DOWN || key == ('N' & 31)) {
    p->at += p->at + 1 < p->nfit;
  } else if (key == SL_KEY_TAB) {
    complete(p);
  } else if (key == SL_KEY_BACKSPACE && !p->line.text.n) {
    sl_overlay_pop(o->ui);
  } else if (sl_line_key(&p->line, key)) {
    rank(p);
  }
}

static void palette_paste(struct sl_overlay *o, struct sl_str text)
{
  struct palette *p = (struct palette *)o;
  sl_line_paste(&p->line, text);
  rank(p);
  sl_ui_dirty_now(o->ui);
}

static void palette_close(struct sl_overlay *o)
{
  struct palette *p = (struct palette *)o;
  sl_line_free(&p->line);
  sl_saved_free(p->saved);
  sl_free(p->lines);
  sl_free(p);
}

static const struct sl_overlay_ops palette_ops = {.draw = palette_draw, .key = palette_key, .paste = palette_paste, .close = palette_close};

static struct palette *palette_new(struct sl_ui *ui, const char *initial)
{
  struct palette *p = sl_calloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->base.ops = &palette_ops;
  p->base.ui = ui;
  sl_line_init(&p->line, initial);
  gather(p);
  gather_saved(p);
  rank(p);
  return p;
}

void sl_palette_open(struct sl_ui *ui, const char *initial)
{
  struct palette *p = palette_new(ui, initial);
  if (p)
    (void)sl_overlay_push(ui, &p->base);
}

/* As if typed: an exact name wins over a fuzzy one; an unknown one is told, with the nearest. */
void sl_ui_run(struct sl_ui *ui, struct sl_str line)
{
  char *text = sl_strndup(line.p ? line.p : "", line.n);
  struct palette *p = text ? palette_new(ui, text) : NULL;
  struct sl_str rest, word = p ? first_word(p, &rest) : SL_STR("");
  const struct item *hit = NULL;
  for (size_t i = 0; p && i < p->n && !hit; i++)
    hit = sl_str_eqz(word, p->item[i].name) ? &p->item[i] : NULL;
  if (hit)
    run_item(ui, hit, rest);
  else if (!go_unlisted(ui, word, rest))
    sl_ui_say(ui, SL_ROLE_warn, "no view, resource or command `%.*s`; : lists them", SL_ARG(word));
  if (p)
    palette_close(&p->base);
  sl_free(text);
}
