/* views/score.c: a model over labelled data, beside the champion or another model: the verdict in words, figures with their intervals and
 * whether the difference is noise, the classes, both confusion matrices, and the rows that make the difference. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "model/config.h"
#include "model/scope.h"
#include "views/score.h"
#include "views/score_int.h"

enum { LINES_MAX = 4096, NAME_W = 18, CELL_W = 10, RANGE_W = 15, WIDE = 74, SPLIT = 116, FIGURES_W = 80, HEAD_ROWS = 2, FIRST_ROWS = 5 };

/* ---- rows -> lines ---- */

static void add(struct score_state *s, enum score_kind kind, uint64_t row, const char *text)
{
  if (!sl_grow((void **)&s->line, &s->cap, s->n + 1, sizeof *s->line, LINES_MAX, NULL))
    s->line[s->n++] = (struct score_line){ kind, row, text };
}

/* precision, recall and f1 of a class follow each other. */
static void add_classes(struct score_state *s, uint64_t n)
{
  s->classes = 0;
  for (uint64_t i = 0; i + 2 < n; i++)
    if (score_is(s, i, "precision")) {
      if (!s->classes++)
        add(s, TITLE, 0, "class            precision    recall        f1      rows");
      add(s, CLASS, i, NULL);
    }
}

static void add_confusion(struct score_state *s, uint64_t n)
{
  uint64_t i = 0;
  while (i < n && !score_is(s, i, "confusion"))
    i++;
  if (i >= n || !s->classes || i + s->classes * s->classes > n)
    return;
  add(s, TITLE, 0, score_pair(s) ? "label             predicted, and by the other model"
                                : "label             predicted");
  for (size_t k = 0; k < s->classes; k++)
    add(s, CONFUSION, i + k * s->classes, NULL);
}

/* from, n: of those rows. */
static void add_rows(struct score_state *s, uint64_t n, uint64_t from, uint64_t max)
{
  uint64_t k = 0;
  for (uint64_t i = 0; i < n; i++) {
    if (!score_is(s, i, score_pair(s) ? "disagreement" : "mistake"))
      continue;
    if (k == from && max)
      add(s, TITLE, 0, from ? "and further" : score_pair(s) ? "where they disagree, furthest apart first"
                                                            : "where it is wrong, surest first");
    if (k >= from && k - from < max)
      add(s, ROW, i, NULL);
    k++;
  }
}

/* The figures of a group follow each other; the first one stands for all. */
static void add_slices(struct score_state *s, uint64_t n)
{
  bool first = true;
  for (uint64_t i = 0; i < n; i++) {
    bool begins = score_is(s, i, "accuracy") || score_is(s, i, "mae");
    if (score_is(s, i, "slices_left_out"))
      add(s, SLICE, i, NULL);
    if (!begins || !score_text_at(s, i, "slice").n)
      continue;
    if (first)
      add(s, TITLE, 0, s->classes ? "group               accuracy       auc      rows"
                                  : "group                   rmse        r2      rows");
    first = false;
    add(s, SLICE, i, NULL);
  }
}

static void gather(struct score_state *s)
{
  const struct sl_batch *last = NULL, *b;
  uint32_t row;
  uint64_t n = sl_pane_count(s->pane);
  s->n = 0;
  sl_quality_tally_init(&s->tally);
  for (uint64_t i = 0; i < n; i++) {
    if (!sl_pane_row(s->pane, i, &b, &row))
      return;
    if (b != last)
      sl_quality_tally_add(&s->tally, b);
    last = b;
    if (!score_text_at(s, i, "class").n && !score_text_at(s, i, "slice").n && !score_is(s, i, "mistakes")
        && !score_is(s, i, "disagreements") && !score_is(s, i, "slices_left_out"))
      add(s, FIGURE, i, NULL);
  }
  add_rows(s, n, 0, FIRST_ROWS);
  add_classes(s, n);
  add_confusion(s, n);
  add_slices(s, n);
  add_rows(s, n, FIRST_ROWS, LINES_MAX);
  score_chart_gather(s);
  s->at = s->at < s->n ? s->at : 0;
}

/* ---- open ---- */

static int ask(struct sl_view *v, struct sl_err *err);

static void retitle(struct score_state *s)
{
  sl_buf_clear(&s->title);
  sl_buf_printf(&s->title, "%s%s%s over %s", s->ask.model, score_pair(s) ? " against " : "", score_pair(s) ? s->ask.against : "",
                s->ask.data);
}

static void score_changed(struct sl_view *v, void *user)
{
  struct score_state *s = sl_view_state(v);
  const struct sl_answer *a = sl_pane_answer(s->pane);
  struct sl_err err = { 0 };
  (void)user;
  if (s->guessed && a->done && a->nsrc && a->src[0].state == SL_FAILED && a->src[0].err.code == SL_ENOENT) { /* there is no champion */
    s->guessed = false;
    sl_free(s->ask.against);
    s->ask.against = NULL;
    retitle(s);
    if (ask(v, &err))
      sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
    return;
  }
  gather(s);
}

static int ask(struct sl_view *v, struct sl_err *err)
{
  struct score_state *s = sl_view_state(v);
  struct sl_buf scope;
  sl_buf_init(&scope, 1 << 20);
  sl_quality_ask_text(&scope, &s->ask);
  struct sl_query like = { .res = &sl_res_quality, .kind = SL_Q_LIST, .scope = sl_buf_view(&scope) };
  int rc = sl_buf_check(&scope, err);
  if (!rc)
    rc = sl_pane_query(&s->pane, v, &like, score_changed, NULL, err);
  sl_buf_free(&scope);
  return rc;
}

static int take_words(struct sl_quality_ask *a, struct sl_str arg, struct sl_err *err)
{
  char **const to[] = { &a->model, &a->data, &a->label, &a->against };
  size_t n = 0;
  bool quoted;
  char *w;
  int rc;
  while (!(rc = sl_scope_word(&arg, &w, &quoted, err)) && w) {
    struct sl_str s = sl_str(w);
    bool label = !quoted && sl_str_starts(s, SL_STR("label=")), against = !quoted && sl_str_starts(s, SL_STR("against="));
    bool slice = !quoted && sl_str_starts(s, SL_STR("slice="));
    char **slot = label ? &a->label : against ? &a->against : slice ? &a->slice : n < 4 ? to[n++] : NULL;
    rc = !slot || *slot ? sl_err_set(err, SL_EUSAGE, "one too many: %s; it is MODEL DATA LABEL [OTHER MODEL] [slice=COLUMN]", w) : SL_OK;
    if (!rc && !(*slot = sl_strdup(w + (label || slice ? 6 : against ? 8 : 0))))
      rc = sl_err_nomem(err);
    sl_free(w);
    if (rc)
      return rc;
  }
  return rc;
}

static const struct sl_model_conf *conf_of(struct sl_view *v, struct sl_str name)
{
  const struct sl_ws_conf *c = sl_ws_config(sl_view_ws(v));
  size_t n = 0;
  const struct sl_model_conf *m = c ? sl_ws_conf_models(c, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(name, m[i].name))
      return &m[i];
  return NULL;
}

/* What the workspace says of this model: the data that its evidence is worked out over, and the alias of the one it would replace. */
static int fill_in(struct sl_view *v, struct score_state *s, struct sl_err *err)
{
  struct sl_str rest = sl_str(s->ask.model), head = SL_STR("models:/"), name;
  if (!sl_str_starts(rest, head))
    return SL_OK;
  rest = sl_str_from(rest, head.n);
  if (!sl_str_cut(&rest, '/', &name) || sl_str_chr(name, '@') >= 0 || !rest.n)
    return SL_OK;
  const struct sl_model_conf *m = conf_of(v, name);
  for (size_t i = 0; m && i < m->nevidence; i++) {
    const struct sl_evidence_conf *e = &m->evidence[i];
    if (!s->ask.data && e->data && !(s->ask.data = sl_strdup(e->data)))
      return sl_err_nomem(err);
    if (!s->ask.label && e->label && !(s->ask.label = sl_strdup(e->label)))
      return sl_err_nomem(err);
  }
  if (s->ask.against)
    return SL_OK;
  s->guessed = true;
  s->ask.against = sl_asprintf("models:/%.*s@%s", SL_ARG(name), m && m->alias ? m->alias : "champion");
  return s->ask.against ? SL_OK : sl_err_nomem(err);
}

static int score_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct score_state *s = sl_view_state(v);
  sl_buf_init(&s->title, 1 << 20);
  sl_buf_init(&s->of, 4096);
  int rc = take_words(&s->ask, arg, err);
  if (!rc && s->ask.model)
    rc = fill_in(v, s, err);
  if (!rc && (!s->ask.model || !s->ask.data || !s->ask.label))
    rc = sl_err_set(err, SL_EUSAGE, "score needs a model, data, and the column of what was true: "
                                      "`:score models:/NAME/3 lake:zone/file LABEL`");
  if (!rc)
    rc = ask(v, err);
  if (!rc)
    retitle(s);
  return rc;
}

static void score_close(struct sl_view *v)
{
  struct score_state *s = sl_view_state(v);
  sl_pane_close(s->pane);
  sl_buf_free(&s->title);
  sl_quality_ask_free(&s->ask);
  sl_free(s->line);
  score_chart_free(s);
}

/* ---- the way here ---- */

static void data_typed(struct sl_view *v, void *user, const char *text)
{
  char *model = user;
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  if (text && sl_str_trim(sl_str(text)).n) {
    sl_buf_printf(&b, "%s %s", model, text);
    sl_view_go(v, "score", sl_buf_view(&b));
  }
  sl_buf_free(&b);
  sl_free(model);
}

static bool has_data(const struct sl_model_conf *m)
{
  for (size_t i = 0; m && i < m->nevidence; i++)
    if (m->evidence[i].data && m->evidence[i].label)
      return true;
  return false;
}

void score_go(struct sl_view *v, struct sl_str model, int64_t version)
{
  static const char *const keys[] = { "label=", "against=", "slice=", NULL };
  struct sl_buf b;
  char *uri = sl_asprintf("models:/%.*s/%lld", SL_ARG(model), (long long)version);
  if (!uri)
    return;
  sl_buf_init(&b, 1 << 16);
  sl_scope_put(&b, uri, keys);
  sl_free(uri);
  if (has_data(conf_of(v, model)))
    sl_view_go(v, "score", sl_buf_view(&b));
  else
    sl_view_prompt(v, "score over (DATA LABEL):", "", data_typed, sl_buf_take(&b, NULL));
  sl_buf_free(&b);
}

/* ---- drawing ---- */

static void put_number(struct sl_grid *g, int x, int y, int w, enum sl_role role, double v, bool sign)
{
  struct sl_buf b;
  sl_buf_init(&b, 64);
  if (isnan(v)) {
    sl_buf_z(&b, sl_glyph_pick("–", "-"));
  } else {
    sl_buf_z(&b, sign && v > 0 ? "+" : "");
    sl_fmt_sig(&b, v, sign ? 3 : 4);
  }
  sl_grid_right(g, x, y, w, role, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void put_p(struct sl_grid *g, int x, int y, double p)
{
  struct sl_buf b;
  sl_buf_init(&b, 64);
  sl_fmt_sig(&b, p, 2);
  sl_grid_right(g, x, y, 7, SL_ROLE_dim, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void put_interval(struct score_state *s, uint64_t row, struct sl_grid *g, int x, int y)
{
  double low = score_f64_at(s, row, "low"), high = score_f64_at(s, row, "high");
  struct sl_buf b;
  if (isnan(low) || isnan(high))
    return;
  sl_buf_init(&b, 64);
  sl_fmt_sig(&b, low, 3);
  sl_buf_z(&b, sl_glyph_pick("…", ".."));
  sl_fmt_sig(&b, high, 3);
  sl_grid_put(g, x, y, 14, SL_ROLE_dim, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void figure_draw(struct score_state *s, uint64_t row, struct sl_grid *g, struct sl_rect r)
{
  bool wide = r.w >= WIDE;
  int x = r.x + 3 + NAME_W;
  double p = score_f64_at(s, row, "p_value");
  sl_grid_put(g, r.x + 3, r.y, NAME_W, SL_ROLE_text, score_text_at(s, row, "metric"));
  put_number(g, x, r.y, CELL_W - 1, SL_ROLE_bright, score_f64_at(s, row, "value"), false);
  x += CELL_W;
  if (wide)
    put_interval(s, row, g, x, r.y);
  x += wide ? RANGE_W : 0;
  if (!score_pair(s))
    return;
  if (wide)
    put_number(g, x, r.y, CELL_W - 1, SL_ROLE_text, score_f64_at(s, row, "against"), false);
  x += wide ? CELL_W : 0;
  bool counts = !isnan(p) && p < SL_QUALITY_NOISE;
  put_number(g, x, r.y, CELL_W - 1, counts ? SL_ROLE_bright : SL_ROLE_dim, score_f64_at(s, row, "difference"), true);
  x += CELL_W;
  if (isnan(p))
    return;
  put_p(g, x, r.y, p);
  if (wide)
    sl_grid_putz(g, x + 8, r.y, r.x + r.w - x - 8, counts ? SL_ROLE_bright : SL_ROLE_dim, counts ? "counts" : "noise");
}

static void head_draw(const struct score_state *s, struct sl_grid *g, struct sl_rect r)
{
  bool wide = r.w >= WIDE;
  int x = r.x + 3 + NAME_W;
  sl_grid_right(g, x, r.y, CELL_W - 1, SL_ROLE_colhead, SL_STR("value"));
  x += CELL_W;
  if (wide)
    sl_grid_putz(g, x, r.y, 14, SL_ROLE_colhead, "95 %");
  x += wide ? RANGE_W : 0;
  if (!score_pair(s))
    return;
  if (wide)
    sl_grid_right(g, x, r.y, CELL_W - 1, SL_ROLE_colhead, SL_STR("against"));
  x += wide ? CELL_W : 0;
  sl_grid_right(g, x, r.y, CELL_W - 1, SL_ROLE_colhead, SL_STR("change"));
  sl_grid_right(g, x + CELL_W, r.y, 7, SL_ROLE_colhead, SL_STR("p"));
}

static void class_draw(struct score_state *s, uint64_t row, struct sl_grid *g, struct sl_rect r)
{
  int x = r.x + 3 + NAME_W;
  sl_grid_put(g, r.x + 3, r.y, NAME_W - 2, SL_ROLE_text, score_text_at(s, row, "class"));
  for (uint64_t i = 0; i < 3; i++, x += CELL_W)
    put_number(g, x - 2, r.y, CELL_W, SL_ROLE_text, score_f64_at(s, row + i, "value"), false);
  struct sl_val n = sl_pane_val(s->pane, row + 1, "n");
  if (!n.null)
    put_number(g, x - 2, r.y, CELL_W, SL_ROLE_dim, (double)n.u.i, false);
}

/* A line of both matrices; what does not fit is left out at the right. */
static void confusion_draw(struct score_state *s, uint64_t row, struct sl_grid *g, struct sl_rect r)
{
  int x = r.x + 3 + NAME_W, w = 7, room = (r.w - NAME_W - 6) / (score_pair(s) ? 2 : 1) / w;
  int n = (int)s->classes < room ? (int)s->classes : room;
  sl_grid_put(g, r.x + 3, r.y, NAME_W - 2, SL_ROLE_text, score_text_at(s, row, "class"));
  for (int side = 0; side < (score_pair(s) ? 2 : 1); side++, x += 3)
    for (int k = 0; k < n; k++, x += w)
      put_number(g, x, r.y, w - 1, sl_str_eq(score_text_at(s, row, "class"), sl_str_from(score_text_at(s, row + (uint64_t)k, "slice"), 10))
                 ? SL_ROLE_bright : SL_ROLE_text, score_f64_at(s, row + (uint64_t)k, side ? "against" : "value"), false);
}

static double figure_of(struct score_state *s, uint64_t row, const char *metric)
{
  struct sl_str slice = score_text_at(s, row, "slice");
  for (uint64_t i = row; i < sl_pane_count(s->pane) && sl_str_eq(score_text_at(s, i, "slice"), slice); i++)
    if (score_is(s, i, metric))
      return score_f64_at(s, i, "value");
  return (double)NAN;
}

static void slice_draw(struct score_state *s, uint64_t row, struct sl_grid *g, struct sl_rect r)
{
  bool left = score_is(s, row, "slices_left_out");
  struct sl_val n = sl_pane_val(s->pane, row, "n");
  struct sl_str note = score_text_at(s, row, "note");
  int x = r.x + 3 + NAME_W;
  if (left) {
    sl_grid_printf(g, r.x + 3, r.y, r.w - 3, SL_ROLE_dim, "and %.0f groups more, of %lld rows in all", score_f64_at(s, row, "value"),
                   n.null ? 0LL : (long long)n.u.i);
    return;
  }
  sl_grid_put(g, r.x + 3, r.y, NAME_W - 1, SL_ROLE_text, score_text_at(s, row, "slice"));
  put_number(g, x, r.y, CELL_W, SL_ROLE_bright, s->classes ? score_f64_at(s, row, "value") : figure_of(s, row, "rmse"), false);
  put_number(g, x + CELL_W, r.y, CELL_W, SL_ROLE_text, figure_of(s, row, s->classes ? "auc" : "r2"), false);
  if (!n.null)
    put_number(g, x + 2 * CELL_W, r.y, CELL_W, SL_ROLE_dim, (double)n.u.i, false);
  sl_grid_put(g, x + 3 * CELL_W + 2, r.y, r.x + r.w - x - 3 * CELL_W - 2, SL_ROLE_dim, note);
}

static void say_given(struct score_state *s, struct sl_buf *b, uint64_t row, bool other)
{
  struct sl_str cls = score_text_at(s, row, other ? "against_predicted" : "predicted");
  double p = score_f64_at(s, row, other ? "against" : "value");
  sl_buf_printf(b, "%.*s%s", SL_ARG(cls), cls.n ? " (" : "");
  if (isnan(p))
    sl_buf_z(b, sl_glyph_pick("–", "-"));
  else
    sl_fmt_sig(b, p, 3);
  sl_buf_z(b, cls.n ? ")" : "");
}

static void row_draw(struct score_state *s, uint64_t row, struct sl_grid *g, struct sl_rect r)
{
  struct sl_buf b;
  sl_buf_init(&b, 256);
  sl_buf_printf(&b, "%-11.*s label %.*s: ", SL_ARG(score_text_at(s, row, "slice")), SL_ARG(score_text_at(s, row, "class")));
  say_given(s, &b, row, false);
  if (score_pair(s)) {
    sl_buf_z(&b, ", the other ");
    say_given(s, &b, row, true);
  }
  sl_grid_put(g, r.x + 3, r.y, r.w - 3, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void line_draw(struct score_state *s, const struct score_line *l, struct sl_grid *g, struct sl_rect r)
{
  switch (l->kind) {
  case FIGURE: figure_draw(s, l->row, g, r); break;
  case CLASS: class_draw(s, l->row, g, r); break;
  case CONFUSION: confusion_draw(s, l->row, g, r); break;
  case SLICE: slice_draw(s, l->row, g, r); break;
  case ROW: row_draw(s, l->row, g, r); break;
  case TITLE: sl_grid_putz(g, r.x + 3, r.y, r.w - 3, SL_ROLE_colhead, l->text);
  }
}

/* Of a part there is no verdict. */
static bool is_cut(const struct score_state *s)
{
  const struct sl_answer *a = sl_pane_answer(s->pane);
  bool cut = false;
  for (size_t i = 0; i < a->nsrc; i++)
    cut = cut || a->src[i].state == SL_CUT || (a->src[i].state == SL_FLOWING && !a->stale);
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
  int rows = r.h - 1;
  head_draw(s, g, (struct sl_rect){ r.x, r.y, r.w, 1 });
  if (rows < 1)
    return;
  if (s->at < s->top)
    s->top = s->at;
  if (s->at >= s->top + (size_t)rows)
    s->top = s->at - (size_t)rows + 1;
  for (int i = 0; i < rows && s->top + (size_t)i < s->n; i++) {
    struct sl_rect line = { r.x, r.y + 1 + i, r.w, 1 };
    line_draw(s, &s->line[s->top + (size_t)i], g, line);
    if (s->top + (size_t)i == s->at)
      sl_grid_over(g, line, SL_ROLE_cursor);
  }
}

/* Wide: the chart beside the figures; narrow: in their place, when it is asked for. */
static void score_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct score_state *s = sl_view_state(v);
  bool wide = r.w >= SPLIT && s->charts;
  struct sl_rect body = { r.x, r.y + HEAD_ROWS, r.w, r.h - HEAD_ROWS };
  if (sl_pane_draw_state(s->pane, g, r, "no row of the data has a label") || !s->n)
    return;
  verdict_draw(s, g, r);
  s->split = wide;
  if (wide) {
    int w = r.w - FIGURES_W - 1;
    score_chart_draw(s, g, (struct sl_rect){ r.x + r.w - w, body.y, w, body.h > 22 ? 22 : body.h });
    body.w -= w + 1;
  }
  if (!wide && s->chart)
    score_chart_draw(s, g, body);
  else
    lines_draw(s, g, body);
}

/* ---- commands ---- */

/* The row itself, by its number. */
static void open_row(struct sl_view *v, struct score_state *s)
{
  struct sl_val row = s->n ? sl_pane_val(s->pane, s->line[s->at].row, "row") : sl_null(SL_I64);
  struct sl_str data = sl_str(s->ask.data);
  struct sl_buf b;
  if (!s->n || s->line[s->at].kind != ROW || row.null)
    return;
  sl_buf_init(&b, 1 << 20);
  if (sl_str_starts(data, SL_STR("sql:"))) {
    sl_buf_printf(&b, "from (%s)", s->ask.data + 4);
  } else {
    sl_buf_z(&b, "from ");
    sl_fmt_quote(&b, data, '\'');
  }
  sl_buf_printf(&b, " limit 1 offset %lld", (long long)row.u.i);
  sl_view_go(v, "sql", sl_buf_view(&b));
  sl_buf_free(&b);
}

static enum sl_handled score_command(struct sl_view *v, const char *command)
{
  struct score_state *s = sl_view_state(v);
  int64_t by;
  if (sl_move_by(command, 10, &by))
    s->at = (size_t)sl_move_to(s->at, s->n, by);
  else if (!strcmp(command, "enter"))
    open_row(v, s);
  else if (!strcmp(command, "refresh"))
    sl_pane_refresh(s->pane);
  else if (!strcmp(command, "chart") || !strcmp(command, "of-class"))
    score_chart_next(s, !strcmp(command, "of-class"));
  else
    return SL_IGNORED;
  sl_view_dirty(v);
  return SL_HANDLED;
}

static void score_crumb(struct sl_view *v, struct sl_buf *b)
{
  sl_buf_printf(b, "score %s %s", sl_glyph_pick("›", ">"), sl_buf_zstr(&((struct score_state *)sl_view_state(v))->title));
}

static void score_count(struct sl_view *v, struct sl_buf *b)
{
  struct score_state *s = sl_view_state(v);
  if (s->n)
    sl_count_put(b, (uint64_t)s->tally.rows, "rows");
}

static bool score_subject(struct sl_view *v, struct sl_subject *out)
{
  struct score_state *s = sl_view_state(v);
  const struct sl_batch *b;
  uint32_t row;
  if (!s->n || s->line[s->at].kind == TITLE || !sl_pane_row(s->pane, s->line[s->at].row, &b, &row))
    return false;
  *out = (struct sl_subject){ .res = &sl_res_quality, .ref = { sl_batch_conn(b, row), SL_STR("quality"), sl_batch_id(b, row) },
                              .batch = b, .row = row };
  return true;
}

static void score_cmdline(struct sl_view *v, struct sl_buf *b)
{
  struct sl_buf scope;
  sl_buf_init(&scope, 1 << 20);
  sl_quality_ask_text(&scope, &((struct score_state *)sl_view_state(v))->ask);
  sl_buf_z(b, "get quality ");
  sl_fmt_shell(b, sl_buf_view(&scope));
  sl_buf_free(&scope);
}

static void score_visible(struct sl_view *v, bool visible)
{
  sl_pane_visible(((struct score_state *)sl_view_state(v))->pane, visible);
}

static const struct sl_bind score_binds[] = {
  { "chart", "v", "the next chart: ROC, precision over recall, calibration, gain; after the last, the figures" },
  { "of-class", "o", "the chart of the next class" },
};

const struct sl_view_ops sl_view_score = {
  .name = "score",
  .title = "score",
  .help = "A model over labelled data, beside another one: without one named, beside the champion of the same registered model, where it "
          "has one. First whether it is better, worse, or not to be told from noise: auc by DeLong's test, accuracy by McNemar's, p below "
          "0.05 counts. Then the figures with their 95 % intervals, the classes, both confusion matrices, and the rows on which the two "
          "disagree most (of one model, those it gets wrong): Enter shows the row. slice=COLUMN adds the figures of each group of "
          "that column. v shows the curves, both models on one pair of axes; on a wide screen one stands beside the figures. "
          "Leaving the view ends "
          "the work.",
  .arg = "MODEL DATA LABEL [OTHER MODEL] [slice=COLUMN]",
  .binds = score_binds,
  .nbinds = sizeof score_binds / sizeof score_binds[0],
  .hints = "enter chart describe refresh copy",
  .state_size = sizeof(struct score_state),
  .open = score_open,
  .close = score_close,
  .draw = score_draw,
  .command = score_command,
  .crumb = score_crumb,
  .count = score_count,
  .subject = score_subject,
  .cmdline = score_cmdline,
  .visible = score_visible,
};
