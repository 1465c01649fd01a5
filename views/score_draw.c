/* views/score_draw.c: the score view's picture: the verdict, then a line for each of score.c's lines, in columns that fit the width. */
#include <math.h>
#include <stdio.h>

#include "base/fmt.h"
#include "views/score_int.h"

enum { NAME_W = 18, SHORT_W = 10, CELL_W = 10,
       P_W = 8, RANGE_W = 15, COUNT_W = 8, MATRIX_W = 7, MATRIX_MAX_W = 13, LABEL_MAX_W = 24, WIDE = 74, SPLIT = 116, FIGURES_W = 80,
       HEAD_ROWS = 2, CHART_ROWS = 30 };
struct at { struct sl_grid *g; int x, y, end; };      /* where the next column of a line begins, and where the line ends */

static struct at line_at(struct sl_grid *g, struct sl_rect r) { return (struct at){ g, r.x + 3, r.y, r.x + r.w }; }

static bool fits(const struct at *a, int w) { return a->x + w <= a->end; }

/* ---- columns ---- */

static void put_text(struct at *a, int w, enum sl_role role, struct sl_str s)
{
  int room = a->end - a->x < w ? a->end - a->x : w;
  if (room > 1)
    sl_grid_put(a->g, a->x, a->y, room - 1, role, s);
  a->x += w;
}

static void put_head(struct at *a, int w, const char *z)
{
  if (fits(a, w))
    sl_grid_right(a->g, a->x, a->y, w - 1, SL_ROLE_colhead, sl_str(z));
  a->x += w;
}

static void put_number(struct at *a, int w, enum sl_role role, double v, int digits, bool sign)
{
  struct sl_buf b;
  sl_buf_init(&b, 64);
  if (isnan(v)) {
    sl_buf_z(&b, sl_glyph_pick("–", "-"));
  } else {
    sl_buf_z(&b, sign && v > 0 ? "+" : "");
    sl_fmt_sig(&b, v, digits);
  }
  if (fits(a, w))
    sl_grid_right(a->g, a->x, a->y, w - 1, role, sl_buf_view(&b));
  a->x += w;
  sl_buf_free(&b);
}

static void put_count(struct at *a, int w, enum sl_role role, double v)
{
  struct sl_buf b;
  sl_buf_init(&b, 64);
  sl_buf_printf(&b, "%.0f", v);
  if (fits(a, w) && !isnan(v))
    sl_grid_right(a->g, a->x, a->y, w - 1, role, sl_buf_view(&b));
  a->x += w;
  sl_buf_free(&b);
}

static void put_rows(struct score_state *s, struct at *a, uint64_t row)
{
  struct sl_val n = sl_pane_val(s->pane, row, "n");
  put_count(a, COUNT_W, SL_ROLE_dim, n.null ? (double)NAN : (double)n.u.i);
}

/* The difference and its p: bright where it counts. */
static bool put_change(struct score_state *s, struct at *a, uint64_t row)
{
  double p = row == SCORE_NONE ? (double)NAN : score_f64_at(s, row, "p_value");
  bool counts = !isnan(p) && p < SL_QUALITY_NOISE;
  if (row == SCORE_NONE) {
    a->x += CELL_W + P_W;
    return false;
  }
  put_number(a, CELL_W, counts ? SL_ROLE_bright : SL_ROLE_dim, score_f64_at(s, row, "difference"), 3, true);
  if (isnan(p))
    a->x += P_W;
  else
    put_number(a, P_W, SL_ROLE_dim, p, 2, false);
  return counts;
}

static void put_interval(struct score_state *s, struct at *a, uint64_t row)
{
  double low = score_f64_at(s, row, "low"), high = score_f64_at(s, row, "high");
  struct sl_buf b;
  sl_buf_init(&b, 64);
  if (!isnan(low) && !isnan(high)) {
    sl_fmt_sig(&b, low, 3);
    sl_buf_z(&b, sl_glyph_pick("…", ".."));
    sl_fmt_sig(&b, high, 3);
  }
  put_text(a, RANGE_W, SL_ROLE_dim, sl_buf_view(&b));
  sl_buf_free(&b);
}

/* ---- figures ---- */

static void figure_head(struct score_state *s, struct at a, bool wide)
{
  put_text(&a, NAME_W, SL_ROLE_colhead, SL_STR("of all rows"));
  put_head(&a, CELL_W, "value");
  if (wide)
    put_text(&a, RANGE_W, SL_ROLE_colhead, SL_STR("95 %"));
  if (!score_pair(s))
    return;
  if (wide)
    put_head(&a, CELL_W, "against");
  put_head(&a, CELL_W, "change");
  put_head(&a, P_W, "p");
}

static void figure_draw(struct score_state *s, uint64_t row, struct at a, bool wide)
{
  put_text(&a, NAME_W, SL_ROLE_text, score_text_at(s, row, "metric"));
  put_number(&a, CELL_W, SL_ROLE_bright, score_f64_at(s, row, "value"), 4, false);
  if (!score_pair(s) && score_text_at(s, row, "note").n) {
    a.x += 1;
    put_text(&a, a.end - a.x, SL_ROLE_dim, score_text_at(s, row, "note"));
    return;
  }
  if (wide)
    put_interval(s, &a, row);
  if (!score_pair(s))
    return;
  if (wide)
    put_number(&a, CELL_W, SL_ROLE_text, score_f64_at(s, row, "against"), 4, false);
  bool counts = put_change(s, &a, row);
  if (wide && !isnan(score_f64_at(s, row, "p_value")))
    sl_grid_putz(a.g, a.x, a.y, a.end - a.x, counts ? SL_ROLE_bright : SL_ROLE_dim, counts ? "counts" : "noise");
}

/* ---- classes ---- */

static void class_head(struct score_state *s, struct at a)
{
  put_text(&a, NAME_W, SL_ROLE_colhead, SL_STR("class"));
  put_head(&a, CELL_W, "precision");
  put_head(&a, CELL_W, "recall");
  put_head(&a, CELL_W, "f1");
  if (score_pair(s)) {
    put_head(&a, CELL_W, "change");
    put_head(&a, P_W, "p");
  } else if (s->auc != SCORE_NONE) {
    put_head(&a, CELL_W, "auc");
  }
  put_head(&a, COUNT_W, "rows");
}

/* They stand in the classes' order; one that cannot be told stands there, too. */
static double auc_of(struct score_state *s, uint64_t row)
{
  struct sl_str cls = score_text_at(s, row, "class");
  for (size_t k = 0; k < s->classes; k++)
    if (score_is(s, s->auc + k, "auc") && sl_str_eq(score_text_at(s, s->auc + k, "class"), cls))
      return score_f64_at(s, s->auc + k, "value");
  return (double)NAN;
}

static void class_draw(struct score_state *s, uint64_t row, struct at a)
{
  put_text(&a, NAME_W, SL_ROLE_text, score_text_at(s, row, "class"));
  for (uint64_t i = 0; i < 3; i++)
    put_number(&a, CELL_W, i == 2 ? SL_ROLE_bright : SL_ROLE_text, score_f64_at(s, row + i, "value"), 4, false);
  if (score_pair(s))
    (void)put_change(s, &a, row + 2);
  else if (s->auc != SCORE_NONE)
    put_number(&a, CELL_W, SL_ROLE_text, auc_of(s, row), 4, false);
  put_rows(s, &a, row + 1);
}

static double macro(struct score_state *s, uint64_t row) { return row == SCORE_NONE ? (double)NAN : score_f64_at(s, row, "value"); }

static void macro_draw(struct score_state *s, struct at a)
{
  put_text(&a, NAME_W + CELL_W, SL_ROLE_dim, SL_STR("macro, their mean"));
  put_number(&a, CELL_W, SL_ROLE_text, macro(s, s->balanced), 4, false);
  put_number(&a, CELL_W, SL_ROLE_bright, macro(s, s->f1_macro), 4, false);
  if (score_pair(s))
    (void)put_change(s, &a, s->f1_macro);
  else if (s->auc != SCORE_NONE)
    put_number(&a, CELL_W, SL_ROLE_text, macro(s, s->auc_mean), 4, false);
  if (s->f1_macro != SCORE_NONE)
    put_rows(s, &a, s->f1_macro);
}

static void cluster_head(struct at a)
{
  put_text(&a, NAME_W, SL_ROLE_colhead, SL_STR("cluster"));
  put_head(&a, CELL_W, "rows");
  put_head(&a, CELL_W, "inertia");
  put_head(&a, CELL_W + 2, "silhouette");
}

static void cluster_draw(struct score_state *s, uint64_t row, struct at a)
{
  put_text(&a, NAME_W, SL_ROLE_text, score_text_at(s, row, "class"));
  put_count(&a, CELL_W, SL_ROLE_text, score_f64_at(s, row, "value"));
  put_number(&a, CELL_W, SL_ROLE_text, score_f64_at(s, row + 1, "value"), 4, false);
  put_number(&a, CELL_W + 2, SL_ROLE_bright, score_f64_at(s, row + 2, "value"), 4, false);
}

/* ---- the matrix: a column a class, of both models side by side ---- */

struct matrix { int n, w, sides; enum sl_text_keep keep; };        /* n: columns that fit, of all that there are */

static struct sl_str predicted_at(struct score_state *s, size_t k)
{
  return sl_str_from(score_text_at(s, s->confusion + k, "slice"), sizeof "predicted " - 1);
}

static struct matrix matrix_of(struct score_state *s, const struct at *a)
{
  struct matrix m = { .w = MATRIX_W, .sides = score_pair(s) ? 2 : 1, .keep = SL_KEEP_HEAD };
  int room = (a->end - a->x - NAME_W - 3 * (m.sides - 1)) / m.sides, longest = 0;
  for (size_t k = 0; k < s->classes; k++) {
    int w = (int)sl_text_width(predicted_at(s, k), SL_TEXT_CELL) + 2;
    longest = w > longest ? w : longest;
  }
  longest = longest > MATRIX_MAX_W ? MATRIX_MAX_W : longest;
  if (longest > m.w && (size_t)(room / longest) >= s->classes)
    m.w = longest;
  for (size_t k = 1; k < s->classes && longest > m.w; k++) /* cut, they must not look alike */
    if (sl_str_starts(predicted_at(s, k), sl_str_head(predicted_at(s, k - 1), (size_t)m.w - 2)))
      m.keep = SL_KEEP_ENDS;
  m.n = room / m.w;
  m.n = s->classes < (size_t)(m.n < 0 ? 0 : m.n) ? (int)s->classes : m.n;
  return m;
}

static void sides_draw(struct score_state *s, struct at a)
{
  struct matrix m = matrix_of(s, &a);
  char some[64] = "";
  if ((size_t)m.n < s->classes)
    snprintf(some, sizeof some, " %d/%zu", m.n, s->classes);
  put_text(&a, NAME_W, SL_ROLE_colhead, SL_STR("label"));
  for (int side = 0; side < m.sides; side++) {
    struct at here = a;
    here.x += 1;
    struct sl_buf b;
    sl_buf_init(&b, 128);
    sl_buf_printf(&b, "%s%s", m.sides < 2 ? "predicted" : side ? "by the other" : "predicted", some);
    put_text(&here, m.n * m.w > 14 ? m.n * m.w + 2 : 16, SL_ROLE_colhead, sl_buf_view(&b));
    sl_buf_free(&b);
    a.x += m.n * m.w + 3;
  }
}

static void put_class(struct at *a, const struct matrix *m, struct sl_str name)
{
  struct sl_buf b;
  sl_buf_init(&b, 256);
  (void)sl_text_fit(&b, name, (size_t)m->w - 1, m->keep, sl_glyphs() == SL_GLYPH_ASCII);
  sl_grid_right(a->g, a->x, a->y, m->w - 1, SL_ROLE_dim, sl_buf_view(&b));
  a->x += m->w;
  sl_buf_free(&b);
}

static void matrix_head(struct score_state *s, struct at a)
{
  struct matrix m = matrix_of(s, &a);
  a.x += NAME_W;
  for (int side = 0; side < m.sides; side++, a.x += 3)
    for (int k = 0; k < m.n; k++)
      put_class(&a, &m, predicted_at(s, (size_t)k));
}

static void matrix_draw(struct score_state *s, uint64_t row, struct at a)
{
  struct matrix m = matrix_of(s, &a);
  struct sl_str label = score_text_at(s, row, "class");
  put_text(&a, NAME_W, SL_ROLE_text, label);
  for (int side = 0; side < m.sides; side++, a.x += 3)
    for (int k = 0; k < m.n; k++) {
      double v = score_f64_at(s, row + (uint64_t)k, side ? "against" : "value");
      bool right = sl_str_eq(label, predicted_at(s, (size_t)k));
      put_count(&a, m.w, right ? SL_ROLE_bright : v > 0 ? SL_ROLE_text : SL_ROLE_dim, v);
    }
}

/* ---- groups ---- */

static uint64_t figure_of(struct score_state *s, uint64_t row, const char *metric)
{
  struct sl_str slice = score_text_at(s, row, "slice");
  for (uint64_t i = row; i < sl_pane_count(s->pane) && sl_str_eq(score_text_at(s, i, "slice"), slice); i++)
    if (score_is(s, i, metric))
      return i;
  return SCORE_NONE;
}

static void slice_head(struct score_state *s, struct at a, bool wide)
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  sl_buf_printf(&b, "by %s", s->ask.slice ? s->ask.slice : "group");
  put_text(&a, NAME_W, SL_ROLE_colhead, sl_buf_view(&b));
  sl_buf_free(&b);
  put_head(&a, CELL_W, s->numbers ? "rmse" : "accuracy");
  if (score_pair(s)) {
    if (wide)
      put_head(&a, CELL_W, "against");
    put_head(&a, CELL_W, "change");
    put_head(&a, P_W, "p");
  } else {
    put_head(&a, CELL_W, s->numbers ? "r2" : "auc");
  }
  put_head(&a, COUNT_W, "rows");
}

/* COLUMN=VALUE, of which the heading has the column. */
static struct sl_str group_name(struct score_state *s, uint64_t row)
{
  struct sl_str text = score_text_at(s, row, "slice"), column = sl_str(s->ask.slice ? s->ask.slice : "");
  struct sl_str rest = column.n && sl_str_starts(text, column) ? sl_str_from(text, column.n) : SL_STR("");
  return sl_str_starts(rest, SL_STR("=")) ? sl_str_from(rest, 1) : rest.n ? sl_str_trim(rest) : text;
}

static void slice_draw(struct score_state *s, uint64_t row, struct at a, bool wide)
{
  struct sl_val n = sl_pane_val(s->pane, row, "n");
  if (score_is(s, row, "slices_left_out")) {
    sl_grid_printf(a.g, a.x, a.y, a.end - a.x, SL_ROLE_dim, "and %.0f groups more, of %lld rows in all", score_f64_at(s, row, "value"),
                   n.null ? 0LL : (long long)n.u.i);
    return;
  }
  uint64_t main = s->numbers ? figure_of(s, row, "rmse") : row, second = figure_of(s, row, s->numbers ? "r2" : "auc");
  put_text(&a, NAME_W, SL_ROLE_text, group_name(s, row));
  put_number(&a, CELL_W, SL_ROLE_bright, main == SCORE_NONE ? (double)NAN : score_f64_at(s, main, "value"), 4, false);
  if (score_pair(s)) {
    if (wide)
      put_number(&a, CELL_W, SL_ROLE_text, main == SCORE_NONE ? (double)NAN : score_f64_at(s, main, "against"), 4, false);
    (void)put_change(s, &a, main);
  } else {
    put_number(&a, CELL_W, SL_ROLE_text, second == SCORE_NONE ? (double)NAN : score_f64_at(s, second, "value"), 4, false);
  }
  put_rows(s, &a, row);
  a.x += 1;
  put_text(&a, 12, SL_ROLE_dim, score_text_at(s, row, "note"));
}

/* ---- rows of the data ---- */

static int row_w(const struct at *a) { return a->end - a->x < WIDE - 3 ? SHORT_W : NAME_W; }

static int label_w(const struct at *a)
{
  int w = (a->end - a->x - row_w(a)) / 4;
  return w < LABEL_MAX_W ? w : LABEL_MAX_W;
}

static void row_head(struct score_state *s, struct at a)
{
  int w = label_w(&a), name = row_w(&a);
  put_text(&a, name, SL_ROLE_colhead, sl_str(score_pair(s) ? "furthest apart" : s->numbers ? "furthest off" : "surest mistakes"));
  put_text(&a, w, SL_ROLE_colhead, SL_STR("label"));
  put_text(&a, w * 3 / 2, SL_ROLE_colhead, sl_str(score_pair(s) ? "this model" : "predicted"));
  if (score_pair(s))
    put_text(&a, w * 3 / 2, SL_ROLE_colhead, SL_STR("the other"));
}

static void put_given(struct score_state *s, struct at *a, int w, uint64_t row, bool other)
{
  struct sl_str cls = score_text_at(s, row, other ? "against_predicted" : "predicted");
  double p = score_f64_at(s, row, other ? "against" : "value");
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  sl_buf_str(&b, cls);
  if (!isnan(p)) {
    sl_buf_z(&b, cls.n ? " (" : "");
    sl_fmt_sig(&b, p, s->numbers ? 6 : 3);
    sl_buf_z(&b, cls.n ? ")" : "");
  } else if (!cls.n) {
    sl_buf_z(&b, sl_glyph_pick("–", "-"));
  }
  put_text(a, w, sl_str_eq(cls, score_text_at(s, row, "class")) ? SL_ROLE_bright : SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

/* Of a picture: which one it is says the end of its path. */
static void put_path(struct at *a, int w, struct sl_str path)
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  sl_text_fit(&b, path, (size_t)(w > 1 ? w - 1 : 1), SL_KEEP_TAIL, sl_glyphs() == SL_GLYPH_ASCII);
  put_text(a, w, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void row_draw(struct score_state *s, uint64_t row, struct at a)
{
  int w = label_w(&a), name = row_w(&a);
  struct sl_str path = score_text_at(s, row, "note");
  if (path.n)
    put_path(&a, name, path);
  else
    put_text(&a, name, SL_ROLE_text, score_text_at(s, row, "slice"));
  put_text(&a, w, SL_ROLE_text, score_text_at(s, row, "class"));
  put_given(s, &a, w * 3 / 2, row, false);
  if (score_pair(s))
    put_given(s, &a, w * 3 / 2, row, true);
}

/* ---- all of it ---- */

static void line_draw(struct score_state *s, const struct score_line *l, struct sl_grid *g, struct sl_rect r)
{
  struct at a = line_at(g, r);
  bool wide = r.w >= WIDE;
  switch (l->kind) {
  case ROW_HEAD: row_head(s, a); break;
  case ROW_MORE: put_text(&a, a.end - a.x, SL_ROLE_colhead, sl_str(score_pair(s) ? "the next ones apart" : "the next ones")); break;
  case FIGURE_HEAD: figure_head(s, a, wide); break;
  case CLASS_HEAD: class_head(s, a); break;
  case CLUSTER_HEAD: cluster_head(a); break;
  case CONFUSION_SIDES: sides_draw(s, a); break;
  case CONFUSION_HEAD: matrix_head(s, a); break;
  case SLICE_HEAD: slice_head(s, a, wide); break;
  case ROW: row_draw(s, l->row, a); break;
  case FIGURE: figure_draw(s, l->row, a, wide); break;
  case PREPARED:
    put_text(&a, NAME_W, SL_ROLE_text, SL_STR("prepared"));
    put_text(&a, a.end - a.x, SL_ROLE_dim, score_text_at(s, l->row, "note"));
    break;
  case CLASS: class_draw(s, l->row, a); break;
  case CLUSTER: cluster_draw(s, l->row, a); break;
  case MACRO: macro_draw(s, a); break;
  case CONFUSION: matrix_draw(s, l->row, a); break;
  case SLICE: slice_draw(s, l->row, a, wide); break;
  }
}

/* Of a part there is no verdict; pictures that cannot be read are told by it. */
static bool is_cut(const struct score_state *s)
{
  const struct sl_answer *a = sl_pane_answer(s->pane);
  bool cut = false;
  for (size_t i = 0; i < a->nsrc; i++)
    cut = cut || (a->src[i].state == SL_CUT && !(s->tally.unread > 0)) || (a->src[i].state == SL_FLOWING && !a->stale);
  return cut;
}

static void verdict_draw(const struct score_state *s, struct sl_grid *g, struct sl_rect r)
{
  static const char *const states[] = { [SL_QUALITY_ALONE] = "ok", [SL_QUALITY_BETTER] = "ok", [SL_QUALITY_WORSE] = "late",
                                        [SL_QUALITY_SAME] = "ok", [SL_QUALITY_MIXED] = "unknown", [SL_QUALITY_UNKNOWN] = "unknown" };
  const char *glyph;
  enum sl_role role;
  struct sl_buf b;
  bool cut = is_cut(s);
  sl_state_look(sl_str(cut ? "unknown" : states[sl_quality_verdict(&s->tally, score_pair(s))]), &glyph, &role);
  sl_buf_init(&b, 4096);
  if (cut)
    sl_buf_z(&b, "only some of the figures came: no verdict");
  else
    sl_quality_words(&b, &s->tally, score_pair(s));
  sl_grid_cell(g, r.x + 1, r.y, role, glyph);
  (void)sl_grid_wrap(g, (struct sl_rect){ r.x + 3, r.y, r.w - 3, HEAD_ROWS }, SL_ROLE_bright, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void lines_draw(struct score_state *s, struct sl_grid *g, struct sl_rect r)
{
  if (r.h < 1)
    return;
  size_t above = s->at; /* the headings above a line come with it */
  while (above > 0 && score_is_head(s->line[above - 1].kind))
    above--;
  if (above < s->top)
    s->top = above;
  if (s->at >= s->top + (size_t)r.h)
    s->top = s->at - (size_t)r.h + 1;
  for (int i = 0; i < r.h && s->top + (size_t)i < s->n; i++) {
    struct sl_rect line = { r.x, r.y + i, r.w, 1 };
    line_draw(s, &s->line[s->top + (size_t)i], g, line);
    if (s->top + (size_t)i == s->at)
      sl_grid_over(g, line, SL_ROLE_cursor);
  }
}

/* Nothing to see yet: that it can be ended, where it says how far it is. */
static void way_out_draw(const struct score_state *s, struct sl_grid *g, struct sl_rect r)
{
  if (!sl_pane_answer(s->pane)->done)
    sl_grid_putz(g, r.x + 5, r.y + (r.h > 6 ? r.h / 4 : 0) + 1, r.w - 6, SL_ROLE_dim, "Esc ends it");
}

/* Wide: the chart beside the figures; narrow: in their place, when it is asked for. */
void score_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct score_state *s = sl_view_state(v);
  bool wide = r.w >= SPLIT && s->drawn;
  struct sl_rect body = { r.x, r.y + HEAD_ROWS, r.w, r.h - HEAD_ROWS };
  if (sl_pane_draw_state(s->pane, g, r, "no row of the data has a label") || !s->n) {
    way_out_draw(s, g, r);
    return;
  }
  verdict_draw(s, g, r);
  s->split = wide;
  if (wide) {
    int w = r.w - FIGURES_W - 1;
    score_chart_draw(s, g, (struct sl_rect){ r.x + r.w - w, body.y, w, body.h > CHART_ROWS ? CHART_ROWS : body.h });
    body.w -= w + 1;
  }
  if (!wide && s->chart)
    score_chart_draw(s, g, body);
  else
    lines_draw(s, g, body);
}
