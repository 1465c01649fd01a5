/* ui/frame.c: the picture around a view: header, breadcrumb, line of truth, hints; and when to paint. */
#include <stdio.h>

#include "ui/pane_int.h"
#include "ui/ui_int.h"

enum { MIN_W = 30, MIN_H = 6 };

/* ---- header: program, workspace, environment, identity, armed or read-only, sources that are not whole ---- */

static int armed_words(struct sl_ui *ui, char *out, size_t n, enum sl_role *role)
{
  int64_t left = 0;
  enum sl_armed a = sl_ws_armed(ui->ws, &left);
  *role = a == SL_ARMED ? SL_ROLE_armed : SL_ROLE_header;
  if (a == SL_ARMED) /* by half minutes: a running clock would never let the screen be quiet */
    return snprintf(out, n, "ARMED %lld:%02d", (long long)(left / 60000), left / 1000 % 60 >= 30 ? 30 : 0);
  return snprintf(out, n, "%s", "read-only");
}

static void header_draw(struct sl_ui *ui)
{
  struct sl_grid *g = &ui->grid;
  const struct sl_ws_conf *c = sl_ws_config(ui->ws);
  const char *env = c ? sl_ws_conf_environment_name(c) : "";
  enum sl_role base = c && sl_ws_conf_protected(c) ? SL_ROLE_prod : SL_ROLE_header, role;
  const struct sl_identity *me = sl_ws_signer(ui->ws);
  char armed[48], who[160];
  sl_grid_over(g, (struct sl_rect){ 0, 0, g->w, 1 }, base);
  int x = 1 + sl_grid_putz(g, 1, 0, 8, base, "sluice");
  x += 2 + sl_grid_putz(g, x + 2, 0, g->w / 4, base, sl_ws_name(ui->ws)[0] ? sl_ws_name(ui->ws) : "no workspace");
  int room = g->w - 26; /* kept free for what is wrong and armed */
  if (sl_ws_replay(ui->ws) && x < room)
    x += 1 + sl_grid_putz(g, x + 1, 0, 12, base, "recording");
  else if (c && !sl_ws_conf_path(c) && x < room)
    x += 1 + sl_grid_putz(g, x + 1, 0, 20, base, "from environment");
  if (env[0] && x < room)
    x += 2 + sl_grid_putz(g, x + 2, 0, 12, base, env);
  snprintf(who, sizeof who, "%s (%s)", me->name, sl_known_name((int)me->known));
  int ax = g->w - 1 - armed_words(ui, armed, sizeof armed, &role);
  size_t failed = sl_ui_top(ui) ? sl_panes_failed(sl_ui_top(ui)) : 0;
  char trouble[48] = "";
  if (failed)
    snprintf(trouble, sizeof trouble, "%zu source%s failed  ", failed, failed > 1 ? "s" : "");
  int tx = ax - (int)strlen(trouble);
  if (tx - x > 8) /* on a narrow screen what is wrong matters more than who one is */
    sl_grid_putz(g, x + 2, 0, tx - x - 3, base, who);
  sl_grid_putz(g, tx, 0, ax - tx, base, trouble);
  sl_grid_putz(g, ax, 0, g->w - ax, base, armed);
  sl_grid_over(g, (struct sl_rect){ 0, 0, g->w, 1 }, base);
  if (role == SL_ROLE_armed)
    sl_grid_over(g, (struct sl_rect){ ax, 0, g->w - ax - 1, 1 }, role);
}

static void crumb_draw(struct sl_ui *ui)
{
  struct sl_grid *g = &ui->grid;
  struct sl_buf b, count;
  sl_buf_init(&b, 1 << 16);
  sl_buf_init(&count, 1 << 12);
  size_t from = ui->depth > 4 ? ui->depth - 4 : 0;
  if (from)
    sl_buf_z(&b, sl_glyph_pick("… › ", "... > "));
  for (size_t i = from; i < ui->depth; i++) {
    struct sl_view *v = ui->stack[i];
    if (i > from)
      sl_buf_z(&b, sl_glyph_pick(" › ", " > "));
    if (v->ops->crumb)
      v->ops->crumb(v, &b);
    else
      sl_buf_z(&b, v->ops->title);
  }
  if (sl_ui_top(ui) && sl_ui_top(ui)->ops->count)
    sl_ui_top(ui)->ops->count(sl_ui_top(ui), &count);
  int cw = (int)sl_text_width(sl_buf_view(&count), SL_TEXT_CELL), name = (int)sl_text_width(sl_buf_view(&b), SL_TEXT_CELL);
  int most = g->w - 4 - (name < g->w / 2 ? name : g->w / 2); /* a long count gives way, not where we are */
  cw = cw > most ? most : cw;
  sl_grid_keep(g, 1, 1, g->w - cw - 4, SL_ROLE_crumb, sl_buf_view(&b), SL_KEEP_TAIL);
  sl_grid_right(g, g->w - 1 - cw, 1, cw, SL_ROLE_dim, sl_buf_view(&count));
  sl_buf_free(&b);
  sl_buf_free(&count);
}

static void truth_draw(struct sl_ui *ui)
{
  struct sl_grid *g = &ui->grid;
  struct sl_view *v = sl_ui_top(ui);
  struct sl_buf b;
  int y = g->h - 2;
  if (ui->msg[0] || ui->notice[0]) {
    bool msg = ui->msg[0] != 0;
    sl_grid_putz(g, 1, y, g->w - 2, msg ? ui->msg_role : ui->notice_role, msg ? ui->msg : ui->notice);
    return;
  }
  sl_buf_init(&b, 1 << 14);
  if (v && v->ops->truth) {
    v->ops->truth(v, &b);
  } else if (v) {
    for (struct sl_pane *p = v->panes; p; p = sl_pane_next(p)) {
      sl_buf_z(&b, b.n ? sl_glyph_pick(" · ", " - ") : "");
      sl_pane_truth(p, &b);
    }
  }
  if (ui->show.tz)
    sl_buf_printf(&b, "%stimes in %s", b.n ? sl_glyph_pick(" · ", " - ") : "", sl_tz_abbr(ui->show.tz, ui->show.now));
  sl_grid_put(g, 1, y, g->w - 2, SL_ROLE_truth, sl_buf_view(&b));
  sl_buf_free(&b);
}

/* What a hint says is the command's name, but where another word is plainer. */
static struct sl_str hint_word(struct sl_str command)
{
  static const char *const plain[][2] = {{"enter", "open"}, {"find-next", "next"}, {"follow-link", "jump"}, {"copy-command",
      "command line"}};
  for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
    if (sl_str_eqz(command, plain[i][0]))
      return sl_str(plain[i][1]);
  return command;
}

/* Draws one hint at x when it ends before `end`, or only measures (draw false); its width, 0 where there is no key or no room. */
static int hint_one(struct sl_ui *ui, int x, int end, struct sl_str command, bool draw)
{
  struct sl_grid *g = &ui->grid;
  struct sl_view *v = sl_ui_top(ui);
  char name[48];
  struct sl_buf keys;
  snprintf(name, sizeof name, "%.*s", SL_ARG(command));
  sl_buf_init(&keys, 128);
  sl_keymap_keys(ui->keymap, v ? v->ops->name : NULL, name, &keys);
  struct sl_str first = sl_buf_view(&keys), word = hint_word(command);
  ptrdiff_t comma = sl_str_find(first, SL_STR(", "));
  if (comma >= 0)
    first = sl_str_head(first, (size_t)comma);
  int kw = (int)sl_text_width(first, SL_TEXT_CELL), need = kw + 1 + (int)word.n;
  bool fits = first.n && x + need <= end;
  if (fits && draw) {
    sl_grid_put(g, x, g->h - 1, kw, SL_ROLE_key, first);
    sl_grid_put(g, x + kw + 1, g->h - 1, (int)word.n, SL_ROLE_hint, word);
  }
  sl_buf_free(&keys);
  return fits ? need : 0;
}

/* Palette and help always stand at the right end; the view's own fill what is left. */
static void hints_draw(struct sl_ui *ui)
{
  struct sl_view *v = sl_ui_top(ui);
  struct sl_str rest = sl_str(v && v->ops->hints ? v->ops->hints : ""), word;
  int w = ui->grid.w, help = hint_one(ui, 0, w, SL_STR("help"), false), go = hint_one(ui, 0, w, SL_STR("palette"), false), x = 1;
  int end = w - 1 - help - 2 - go;
  hint_one(ui, end, w, SL_STR("palette"), true);
  hint_one(ui, w - 1 - help, w, SL_STR("help"), true);
  while (sl_str_cut(&rest, ' ', &word)) {
    int used = word.n ? hint_one(ui, x, end - 2, word, true) : 0;
    x += used ? used + 2 : 0;
  }
}

static void too_small(struct sl_ui *ui)
{
  struct sl_grid *g = &ui->grid;
  sl_grid_printf(g, 0, 0, g->w, SL_ROLE_warn, "%dx%d is too small", g->w, g->h);
  sl_grid_printf(g, 0, 1, g->w, SL_ROLE_dim, "needs %dx%d", MIN_W, MIN_H);
}

void sl_ui_frame_draw(struct sl_ui *ui)
{
  struct sl_grid *g = &ui->grid;
  struct sl_view *v = sl_ui_top(ui);
  g->cursor = false;
  sl_grid_clear(g, sl_grid_all(g));
  ui->show.now = sl_ws_now(ui->ws);
  ui->show.tz = ui->utc || !ui->o.person ? NULL : ui->o.person->tz;
  ui->show.ascii = sl_glyphs() == SL_GLYPH_ASCII;
  if (g->w < MIN_W || g->h < MIN_H) {
    too_small(ui);
    return;
  }
  header_draw(ui);
  crumb_draw(ui);
  if (v && v->ops->draw)
    v->ops->draw(v, g, (struct sl_rect){ 0, 2, g->w, g->h - 4 });
  truth_draw(ui);
  hints_draw(ui);
  for (size_t i = 0; i < ui->nover; i++)
    ui->over[i]->ops->draw(ui->over[i], g);
}

/* A key paints at once; data at most 30 times a second (4 with --low-bandwidth). */
int sl_ui_paint(struct sl_ui *ui)
{
  int64_t now = sl_ws_mono(ui->ws), wait = ui->o.low_bandwidth ? 250 : SL_FRAME_MS;
  sl_ui_reap(ui);
  if (!ui->dirty && now - ui->painted_at >= 30000)
    ui->dirty = true; /* ages move on, by half minutes */
  if (!ui->dirty)
    return (int)(30000 - (now - ui->painted_at));
  if (!ui->urgent && now - ui->painted_at < wait)
    return (int)(wait - (now - ui->painted_at));
  ui->dirty = ui->urgent = false;
  ui->painted_at = now;
  sl_ui_frame_draw(ui);
  if (ui->o.term)
    sl_term_flush(ui->o.term, &ui->grid);
  return ui->dirty ? (int)wait : 30000; /* a view may ask for the next picture while it draws: a search goes on */
}
