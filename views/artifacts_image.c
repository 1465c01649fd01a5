/* views/artifacts_image.c: one picture of several runs beside each other, as shades. Each is a statement of its own, decoded and scaled in
 * the box to the cells that it has here. */
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "views/artifacts_int.h"

enum { LEAST = 18, FACTS = 3 };

void files_images_close(struct files_state *s)
{
  for (size_t i = 0; i < SL_ART_RUNS; i++) {
    sl_pane_close(s->pic[i].pane);
    s->pic[i].pane = NULL;
  }
}

static int ask(struct sl_view *v, struct files_state *s, size_t run, int w, int h, struct sl_err *err)
{
  struct sl_buf b, uri;
  sl_buf_init(&b, 1 << 16);
  sl_buf_init(&uri, 1 << 16);
  sl_buf_printf(&uri, "runs:/%s/%s", s->runs.id[run], sl_buf_zstr(&s->path));
  sl_buf_z(&b, "from image(");
  sl_fmt_quote(&b, sl_buf_view(&uri), '\'');
  sl_buf_printf(&b, ", %d, %d)", w, h);
  struct sl_query like = {.res = &sl_res_rows, .kind = SL_Q_SQL, .scope = sl_buf_view(&b)};
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : sl_pane_query(&s->pic[run].pane, v, &like, NULL, NULL, err);
  s->pic[run].w = w;
  s->pic[run].h = h;
  sl_buf_free(&uri);
  sl_buf_free(&b);
  return rc;
}

static void shades(struct sl_pane *p, struct sl_grid *g, struct sl_rect r)
{
  static const char *const utf8[] = {" ", "░", "▒", "▓", "█"}, *const ascii[] = {" ", ".", ":", "+", "#"};
  for (uint64_t i = 0; i < sl_pane_count(p) && (int)i < r.h; i++) {
    struct sl_val v = sl_pane_val(p, i, "luma");
    for (int k = 0; !v.null && k < r.w && (size_t)k * 2 + 1 < v.u.s.n; k++) {
      unsigned char l;
      if (!sl_parse_hex(sl_strn(v.u.s.p + k * 2, 2), &l, 1))
        break;
      sl_grid_cell(g, r.x + k, r.y + (int)i, SL_ROLE_text, sl_glyph_pick(utf8[l * 5 / 256], ascii[l * 5 / 256]));
    }
  }
}

/* Its size, and whether its bytes are the baseline's. False: there is no such file. */
static bool facts_draw(struct files_state *s, size_t run, struct sl_grid *g, int x, int y, int w)
{
  struct sl_buf base, mine, size;
  bool there = false, digest = false, same = false;
  int64_t n;
  sl_buf_init(&base, 4096);
  sl_buf_init(&mine, 4096);
  sl_buf_init(&size, 4096);
  for (uint64_t i = 0; i < sl_pane_count(s->pane) && i < FACTS; i++) {
    struct sl_val name = sl_pane_val(s->pane, i, "name");
    sl_buf_clear(&base);
    sl_buf_clear(&mine);
    bool was = files_cell(s, i, 0, &base), is = files_cell(s, i, run, &mine);
    if (!name.null && sl_str_eqz(name.u.s, "bytes") && is && sl_str_i64(sl_buf_view(&mine), &n)) {
      there = true;
      sl_fmt_bytes(&size, n);
    }
    if (!name.null && sl_str_eqz(name.u.s, "sha256")) {
      digest = was && is;
      same = digest && sl_str_eq(sl_buf_view(&base), sl_buf_view(&mine));
    }
  }
  if (!there)
    sl_buf_z(&size, "no such file");
  else if (run && digest)
    sl_buf_z(&size, same ? ", the same bytes" : ", other bytes");
  sl_grid_put(g, x, y, w, !there || (run && digest && !same) ? SL_ROLE_warn : SL_ROLE_dim, sl_buf_view(&size));
  sl_buf_free(&base);
  sl_buf_free(&mine);
  sl_buf_free(&size);
  return there;
}

static size_t across(const struct files_state *s, int w)
{
  size_t n = (size_t)(w / LEAST < 1 ? 1 : w / LEAST);
  return n > s->runs.n ? s->runs.n : n;
}

void files_images_draw(struct sl_view *v, struct files_state *s, struct sl_grid *g, struct sl_rect r)
{
  size_t n = across(s, r.w), from = s->col < n ? 0 : s->col - n + 1;
  int w = r.w / (int)n, h = r.h - 2;
  struct sl_err err = {0};
  if (h < 1)
    return;
  for (size_t i = 0; i < n; i++) {
    size_t run = from + i;
    struct sl_rect at = { r.x + (int)i * w + 1, r.y + 2, w - 2, h };
    sl_grid_keep(g, at.x, r.y, w - 2, run == s->col ? SL_ROLE_bright : SL_ROLE_colhead, files_run_name(s, run), SL_KEEP_ENDS);
    if (!facts_draw(s, run, g, at.x, r.y + 1, w - 2))
      continue;
    if ((s->pic[run].w != w - 2 || s->pic[run].h != h) && ask(v, s, run, w - 2, h, &err)) {
      sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
      return;
    }
    if (!sl_pane_draw_state(s->pic[run].pane, g, at, "nothing to see"))
      shades(s->pic[run].pane, g, at);
  }
}
