/* views/compare.c: runs side by side: parameters that differ, metrics against the baseline with what repeats would explain, the curves
 * of the chosen metric. Columns are runs, the first the baseline; the verdict stands at the foot, in words. What is noise is decided by the
 * resource differences (src/judge/compare.h); here it is drawn. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "judge/artifact.h"
#include "judge/compare.h"
#include "views/compare_int.h"

enum { NAME_W = 19, COL_W = 13, COL_WIDEST = 26, SPREAD_W = 11, CHART_H = 8, LINES_MAX = 40000 };

/* ---- lines: what stands above each other, made anew when an answer comes ---- */

static int line_add(struct compare_state *s, enum line_kind kind, uint64_t row)
{
  int rc = sl_grow((void **)&s->line, &s->cap_line, s->nline + 1, sizeof *s->line, LINES_MAX, NULL);
  if (!rc)
    s->line[s->nline++] = (struct line){ kind, row };
  return rc;
}

static bool text_is(struct sl_pane *p, uint64_t row, const char *col, const char *z)
{
  struct sl_val v = sl_pane_val(p, row, col);
  return !v.null && sl_str_eqz(v.u.s, z);
}

static void section(struct compare_state *s, const char *kind, enum line_kind head, enum line_kind each, bool all, size_t counts[2])
{
  uint64_t n = sl_pane_count(s->diff);
  size_t at = s->nline;
  for (uint64_t i = 0; i < n; i++) {
    if (!text_is(s->diff, i, "kind", kind))
      continue;
    bool same = text_is(s->diff, i, "verdict", "same");
    counts[0] += !same;
    counts[1]++;
    if (same && !all)
      continue;
    if (s->nline == at && line_add(s, head, 0))
      return;
    if (line_add(s, each, i))
      return;
  }
}

/* The metric whose curves are drawn: the one that was chosen, else the one that stands for all. */
static void metric_pick(struct compare_state *s)
{
  int best = -1;
  if (s->metric[0])
    return;
  for (size_t i = 0; i < s->nline; i++) {
    struct sl_val name = s->line[i].kind == LINE_METRIC ? sl_pane_val(s->diff, s->line[i].row, "name") : sl_null(SL_TEXT);
    int rank = name.null ? -1 : sl_compare_curve_rank(name.u.s);
    if (rank > best) {
      best = rank;
      snprintf(s->metric, sizeof s->metric, "%.*s", SL_ARG(name.u.s));
    }
  }
}

bool compare_is_row(const struct line *l)
{
  return l->kind == LINE_PARAM || l->kind == LINE_METRIC || l->kind == LINE_ATTRIBUTE;
}

/* The first answer to the question with another baseline: its columns stand in that order, and from now on everything else does. */
static void baseline_came(struct compare_state *s)
{
  size_t i = s->wanted;
  if (!i || sl_pane_answer(s->diff)->snap == s->was)
    return;
  char *id = s->runs.id[i];
  memmove(&s->runs.id[1], &s->runs.id[0], i * sizeof *s->runs.id);
  s->runs.id[0] = id;
  s->wanted = s->col = s->left = 0;
  compare_unsort(s);
  curves_first(s, i);
}

void compare_lines(struct sl_view *v, struct compare_state *s)
{
  s->nline = 0;
  memset(s->count, 0, sizeof s->count);
  section(s, "param", LINE_PARAMS, LINE_PARAM, s->all, s->count[0]);
  section(s, "metric", LINE_METRICS, LINE_METRIC, true, s->count[1]);
  compare_sort(s);
  section(s, "attribute", LINE_ATTRIBUTES, LINE_ATTRIBUTE, s->all, s->count[2]);
  char was[sizeof s->metric];
  memcpy(was, s->metric, sizeof was);
  metric_pick(s);
  if (strcmp(was, s->metric))
    curves_ask(v, s);
  if (s->cursor >= s->nline)
    s->cursor = s->nline ? s->nline - 1 : 0;
  if (s->nline && !compare_is_row(&s->line[s->cursor])) /* a head: its first row, or the last one before it */
    s->cursor += s->cursor + 1 < s->nline ? 1 : 0;
  compare_verdict(s);
}

static void diff_changed(struct sl_view *v, void *user)
{
  struct compare_state *s = sl_view_state(v);
  (void)user;
  baseline_came(s);
  compare_lines(v, s);
}

/* ---- open, close ---- */

/* The question with run `first` as the baseline. */
static int ask(struct sl_view *v, size_t first, struct sl_err *err)
{
  struct compare_state *s = sl_view_state(v);
  struct sl_buf scope;
  sl_buf_init(&scope, 1 << 20);
  some_runs_put(&s->runs, first, &scope);
  const struct sl_query like = {.res = &sl_res_differences, .kind = SL_Q_LIST, .scope = sl_buf_view(&scope)};
  int rc = sl_buf_check(&scope, err);
  rc = rc ? rc : sl_pane_query(&s->diff, v, &like, diff_changed, NULL, err);
  sl_buf_free(&scope);
  return rc;
}

static int compare_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct compare_state *s = sl_view_state(v);
  sl_buf_init(&s->verdict, 4096);
  int rc = some_runs_read(&s->runs, arg, SL_CMP_RUNS, err);
  if (!rc && s->runs.n < 2)
    rc = sl_err_set(err, SL_EUSAGE, "compare needs two or more runs: mark them in :runs with Space, then C");
  rc = rc ? rc : ask(v, 0, err);
  s->smooth = 0.6;
  s->cursor = 1;
  return rc;
}

static void compare_close(struct sl_view *v)
{
  struct compare_state *s = sl_view_state(v);
  curves_close(s);
  sl_pane_close(s->diff);
  some_runs_free(&s->runs);
  sl_free(s->line);
  sl_buf_free(&s->verdict);
}

/* ---- drawing: the table ---- */

/* The column of run i in the answer; -1: it has not come. */
static int run_col(const struct compare_state *s, size_t i)
{
  const struct sl_answer *a = sl_pane_answer(s->diff);
  const struct sl_schema *schema = a->snap ? sl_snap_schema(a->snap) : NULL;
  size_t first = sl_res_differences.ncols;
  return schema && first + i < sl_schema_count(schema) ? (int)(first + i) : -1;
}

struct sl_str compare_run_name(const struct compare_state *s, size_t i)
{
  int col = run_col(s, i);
  return col < 0 ? sl_str(s->runs.id[i]) : sl_str(sl_schema_col(sl_snap_schema(sl_pane_answer(s->diff)->snap), (size_t)col)->name);
}

enum sl_cmp_mark compare_mark(const struct compare_state *s, uint64_t row, size_t run)
{
  struct sl_val v = sl_pane_val(s->diff, row, "marks");
  return v.null || run >= v.u.s.n ? SL_CMP_NONE : (enum sl_cmp_mark)v.u.s.p[run];
}

static void mark_look(enum sl_cmp_mark m, const char **glyph, enum sl_role *role)
{
  static const struct { enum sl_cmp_mark m; const char *utf8, *ascii; enum sl_role role; } looks[] = {
    { SL_CMP_SAME, "=", "=", SL_ROLE_dim }, { SL_CMP_NOISE, "~", "~", SL_ROLE_dim }, { SL_CMP_BETTER, "▲", "+", SL_ROLE_ok },
    { SL_CMP_WORSE, "▼", "-", SL_ROLE_bad }, { SL_CMP_HIGHER, "↑", ">", SL_ROLE_text }, { SL_CMP_LOWER, "↓", "<", SL_ROLE_text },
    { SL_CMP_UNSURE, "?", "?", SL_ROLE_unknown },
  };
  *glyph = " ";
  *role = SL_ROLE_text;
  for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
    if (looks[i].m == m) {
      *glyph = sl_glyph_pick(looks[i].utf8, looks[i].ascii);
      *role = looks[i].role;
    }
}

static bool number_of(const struct sl_batch *b, uint32_t row, int col, double *out)
{
  struct sl_val v = col < 0 ? sl_null(SL_JSON) : sl_batch_get(b, row, (unsigned)col);
  return !v.null && sl_str_f64(v.u.s, out);
}

/* A delta with its sign, as exact as four digits of the baseline. */
static void delta_put(struct sl_buf *out, double d, double base)
{
  double scale = fabs(base) > 0 ? fabs(base) : fabs(d);
  int digits = scale > 0 && isfinite(scale) ? 3 - (int)floor(log10(scale)) : 4;
  digits = digits < 0 ? 0 : digits > 6 ? 6 : digits;
  sl_buf_printf(out, "%+.*f", digits, d);
}

static int columns_of(const struct compare_state *s, const struct sl_grid *g)
{
  int n = (g->w - NAME_W - 2 - SPREAD_W) / COL_W;
  return n < 1 ? 1 : n > (int)s->runs.n ? (int)s->runs.n : n;
}

/* What a wide terminal leaves goes to the columns, but not beyond what is easy to read across. */
static int column_w(const struct compare_state *s, const struct sl_grid *g)
{
  int w = (g->w - NAME_W - 2 - SPREAD_W) / columns_of(s, g);
  return w < COL_W ? COL_W : w > COL_WIDEST ? COL_WIDEST : w;
}

/* Where the column of spreads ends. */
static int right_of(const struct compare_state *s, const struct sl_grid *g)
{
  int x = NAME_W + 1 + columns_of(s, g) * column_w(s, g) + SPREAD_W;
  return x < g->w ? x : g->w;
}

static void cell_draw(struct compare_state *s, struct sl_grid *g, int x, int y, int w, const struct line *l, size_t run)
{
  const struct sl_batch *b;
  uint32_t row;
  struct sl_buf text;
  const char *glyph;
  enum sl_role role;
  double base, mine;
  int col = run_col(s, run);
  if (col < 0 || !sl_pane_row(s->diff, l->row, &b, &row))
    return;
  struct sl_val v = sl_batch_get(b, row, (unsigned)col);
  sl_buf_init(&text, 4096);
  mark_look(l->kind == LINE_METRIC && run ? compare_mark(s, l->row, run) : SL_CMP_NONE, &glyph, &role);
  if (v.null) {
    sl_buf_z(&text, sl_glyph_pick("–", "-"));
    role = SL_ROLE_dim;
  } else if (l->kind == LINE_METRIC && run && compare_mark(s, l->row, run) == SL_CMP_SAME) {
    sl_buf_z(&text, "same");
  } else if (l->kind == LINE_METRIC && run && number_of(b, row, run_col(s, 0), &base) && number_of(b, row, col, &mine) && isfinite(base) &&
             isfinite(mine)) {
    delta_put(&text, mine - base, base);
  } else {
    struct sl_show how = {.ascii = sl_glyphs() == SL_GLYPH_ASCII};
    sl_val_show(&text, &v, NULL, &how);
  }
  if (l->kind == LINE_METRIC) {
    sl_grid_right(g, x, y, w - 3, role == SL_ROLE_dim && !v.null ? SL_ROLE_text : role, sl_buf_view(&text));
    sl_grid_putz(g, x + w - 2, y, 1, role, glyph);
  } else {
    sl_grid_put(g, x, y, w - 1, run && !v.null ? SL_ROLE_text : role, sl_buf_view(&text));
  }
  sl_buf_free(&text);
}

static void spread_draw(struct compare_state *s, struct sl_grid *g, int y, uint64_t row)
{
  struct sl_val v = sl_pane_val(s->diff, row, "spread");
  struct sl_buf text;
  sl_buf_init(&text, 64);
  if (v.null)
    sl_buf_z(&text, "?");
  else {
    sl_buf_z(&text, sl_glyph_pick("±", "+-"));
    sl_fmt_sig(&text, v.u.f, 2);
  }
  sl_grid_right(g, right_of(s, g) - SPREAD_W, y, SPREAD_W - 1, SL_ROLE_dim, sl_buf_view(&text));
  sl_buf_free(&text);
}

static void head_line(struct compare_state *s, struct sl_grid *g, int y, enum line_kind kind)
{
  char words[80];
  const size_t *c = s->count[kind == LINE_PARAMS ? 0 : kind == LINE_METRICS ? 1 : 2];
  const char *what = kind == LINE_PARAMS ? "PARAMETERS" : kind == LINE_METRICS ? "METRICS" : "ATTRIBUTES";
  if (kind == LINE_METRICS)
    snprintf(words, sizeof words, "%s%s", what, compare_order_words(s));
  else
    snprintf(words, sizeof words, s->all ? "%s (%zu of %zu differ)" : "DIFFERENT %s (%zu of %zu)", what, c[0], c[1]);
  sl_grid_putz(g, 1, y, 60, SL_ROLE_crumb, words);
  if (kind == LINE_METRICS)
    sl_grid_right(g, right_of(s, g) - 20, y, 19, SL_ROLE_dim, SL_STR("spread of repeats"));
}

/* The baseline always stands first; behind it as many as fit, from `left` on. */
static size_t run_at(const struct compare_state *s, int i) { return i ? s->left + (size_t)i : 0; }

static void line_draw(struct compare_state *s, struct sl_grid *g, int y, size_t at)
{
  const struct line *l = &s->line[at];
  if (l->kind == LINE_PARAMS || l->kind == LINE_METRICS || l->kind == LINE_ATTRIBUTES) {
    head_line(s, g, y, l->kind);
    return;
  }
  struct sl_val name = sl_pane_val(s->diff, l->row, "name");
  bool drawn = l->kind == LINE_METRIC && !name.null && sl_str_eqz(name.u.s, s->metric);
  sl_grid_put(g, 2, y, NAME_W - 2, drawn ? SL_ROLE_bright : SL_ROLE_text, name.null ? SL_STR("") : name.u.s);
  for (int i = 0; i < columns_of(s, g) && run_at(s, i) < s->runs.n; i++)
    cell_draw(s, g, NAME_W + 1 + i * column_w(s, g), y, column_w(s, g), l, run_at(s, i));
  if (l->kind == LINE_METRIC)
    spread_draw(s, g, y, l->row);
  if (at == s->cursor)
    sl_grid_over(g, (struct sl_rect){ 0, y, g->w, 1 }, SL_ROLE_cursor);
}

static void names_draw(struct compare_state *s, struct sl_grid *g, int y)
{
  int n = columns_of(s, g);
  for (int i = 0; i < n && run_at(s, i) < s->runs.n; i++) {
    size_t run = run_at(s, i);
    sl_grid_keep(g, NAME_W + 1 + i * column_w(s, g), y, column_w(s, g) - 2, run == s->col ? SL_ROLE_bright : SL_ROLE_colhead,
        compare_run_name(s, run),
        SL_KEEP_ENDS);
  }
  if (s->left + (size_t)n < s->runs.n)
    sl_grid_printf(g, right_of(s, g) - SPREAD_W, y, SPREAD_W - 1, SL_ROLE_dim, "+%zu more", s->runs.n - s->left - (size_t)n);
}

static void table_draw(struct compare_state *s, struct sl_grid *g, int y, int rows)
{
  if (s->cursor < s->top)
    s->top = s->cursor;
  if (rows > 0 && s->cursor >= s->top + (size_t)rows)
    s->top = s->cursor - (size_t)rows + 1;
  if (s->top && s->top < s->nline && s->cursor < (size_t)rows) /* the section's head comes back with its first row */
    s->top = 0;
  for (int i = 0; i < rows && s->top + (size_t)i < s->nline; i++)
    line_draw(s, g, y + i, s->top + (size_t)i);
}

static void compare_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct compare_state *s = sl_view_state(v);
  if (sl_pane_draw_state(s->diff, g, r, "these runs have no parameters, no metrics: there is nothing to compare"))
    return;
  int want = (int)s->nline, foot = s->verdict.n ? 1 : 0, chart = s->metric[0] && r.h >= 16 ? CHART_H : 0;
  int rows = r.h - 1 - foot - chart;
  if (chart && want < rows) { /* what the table leaves */
    chart += rows - want;
    rows = want;
  }
  names_draw(s, g, r.y);
  table_draw(s, g, r.y + 1, rows);
  if (chart)
    curves_draw(v, s, g, (struct sl_rect){ r.x, r.y + 1 + rows, r.w, chart });
  if (foot) {
    sl_grid_putz(g, 1, r.y + r.h - 1, 8, SL_ROLE_crumb, "VERDICT");
    sl_grid_put(g, 10, r.y + r.h - 1, g->w - 11, SL_ROLE_bright, sl_buf_view(&s->verdict));
  }
}

/* ---- commands ---- */

static bool row_at(const void *user, uint64_t i) { return compare_is_row(&((const struct compare_state *)user)->line[i]); }

static void column_move(struct compare_state *s, int by)
{
  if ((by < 0 && !s->col) || (by > 0 && s->col + 1 >= s->runs.n))
    return;
  s->col = by < 0 ? s->col - 1 : s->col + 1;
  size_t fit = 3; /* the view is at least this wide but for tiny terminals, where one step a run shows each */
  if (s->col && s->col <= s->left)
    s->left = s->col - 1;
  else if (s->col > s->left + fit)
    s->left = s->col - fit;
}

/* Asks; what is on the screen stays as it is until the answer has come. */
static void baseline_set(struct sl_view *v, struct compare_state *s)
{
  struct sl_err err = {0};
  if (!s->col) {
    sl_view_say(v, SL_ROLE_dim, "it is the baseline; h and l choose another run");
    return;
  }
  if (ask(v, s->col, &err)) {
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
    return;
  }
  s->wanted = s->col;
  s->was = sl_pane_answer(s->diff)->snap;
}

static void metric_choose(struct sl_view *v, struct compare_state *s)
{
  const struct line *l = s->cursor < s->nline ? &s->line[s->cursor] : NULL;
  struct sl_val name = l && l->kind == LINE_METRIC ? sl_pane_val(s->diff, l->row, "name") : sl_null(SL_TEXT);
  if (name.null) {
    sl_view_say(v, SL_ROLE_dim, "put the cursor on a metric: Enter draws its curves");
    return;
  }
  snprintf(s->metric, sizeof s->metric, "%.*s", SL_ARG(name.u.s));
  curves_ask(v, s);
}

/* The metric (or, for points, the parameter) under the cursor becomes the x axis; the same again: no longer. */
static void along_choose(struct sl_view *v, struct compare_state *s, bool points)
{
  const struct line *l = s->cursor < s->nline ? &s->line[s->cursor] : NULL;
  bool param = l && l->kind == LINE_PARAM && points;
  struct sl_val name = l && (l->kind == LINE_METRIC || param) ? sl_pane_val(s->diff, l->row, "name") : sl_null(SL_TEXT);
  char *to = points ? s->against : s->along;
  size_t room = points ? sizeof s->against : sizeof s->along;
  bool again = to[0] && (name.null || (sl_str_eqz(name.u.s, to) && (!points || param == s->against_param)));
  if (name.null && !again) {
    sl_view_say(v, SL_ROLE_dim, points ? "put the cursor on a metric or parameter: P draws the runs over it"
                                       : "put the cursor on a metric: M makes it the x axis of the curves");
    return;
  }
  to[0] = 0;
  if (!again)
    snprintf(to, room, "%.*s", SL_ARG(name.u.s));
  if (points)
    s->against_param = param;
  else {
    s->against[0] = 0;
    curves_ask(v, s);
  }
}

bool compare_row(struct compare_state *s, const char *kind, const char *name, uint64_t *row)
{
  for (uint64_t i = 0, n = sl_pane_count(s->diff); i < n; i++)
    if (text_is(s->diff, i, "name", name) && text_is(s->diff, i, "kind", kind)) {
      *row = i;
      return true;
    }
  return false;
}

double compare_number(struct compare_state *s, size_t run, uint64_t at)
{
  const struct sl_batch *b;
  uint32_t row;
  double out = NAN;
  int col = run_col(s, run);
  struct sl_val v = col >= 0 && sl_pane_row(s->diff, at, &b, &row) ? sl_batch_get(b, row, (unsigned)col) : sl_null(SL_JSON);
  struct sl_str t = v.null ? SL_STR_NONE : v.u.s;
  if (t.n > 2 && t.p[0] == '"') /* a parameter is a text: a JSON string */
    t = sl_strn(t.p + 1, t.n - 2);
  return t.n && sl_str_f64(t, &out) ? out : NAN;
}

static void axis_next(struct sl_view *v, struct compare_state *s)
{
  bool other = s->along[0] != 0;
  s->axis = other ? AXIS_STEP : (s->axis + 1) % AXES;
  s->along[0] = s->against[0] = 0;
  if (other)
    curves_ask(v, s);
}

static void smooth_next(struct compare_state *s)
{
  static const double steps[] = { 0, 0.3, 0.6, 0.9, 0.99 };
  size_t i = 0;
  while (i < sizeof steps / sizeof steps[0] && steps[i] <= s->smooth)
    i++;
  s->smooth = i < sizeof steps / sizeof steps[0] ? steps[i] : 0;
}

/* The run under the column. */
static bool compare_subject(struct sl_view *v, struct sl_subject *out)
{
  struct compare_state *s = sl_view_state(v);
  const char *conn = curves_conn(s);
  if (!conn[0] || s->col >= s->runs.n)
    return false;
  *out = (struct sl_subject){ .res = &sl_res_runs, .ref = { sl_str(conn), SL_STR("runs"), sl_str(s->runs.id[s->col]) } };
  return true;
}

/* The histories of the run under the column: what Enter on it in the table of runs leads to. */
static void run_follow(struct sl_view *v)
{
  struct sl_subject at = {0};
  if (compare_subject(v, &at))
    sl_view_go_row(v, &at);
  else
    sl_view_say(v, SL_ROLE_dim, "no history has come that says which registry has this run");
}

/* Of many runs the baseline and the one under the column. */
static void files_go(struct sl_view *v, struct compare_state *s)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  if (s->runs.n <= SL_ART_RUNS)
    some_runs_put(&s->runs, 0, &b);
  else
    sl_buf_printf(&b, "%s,%s", s->runs.id[0], s->runs.id[s->col ? s->col : 1]);
  sl_view_go(v, "artifacts", sl_buf_view(&b));
  sl_buf_free(&b);
}

static enum sl_handled compare_command(struct sl_view *v, const char *command)
{
  struct compare_state *s = sl_view_state(v);
  int64_t by;
  if (sl_move_by(command, 10, &by))
    s->cursor = (size_t)sl_move_over(s->cursor, s->nline, by, row_at, s);
  else if (!strcmp(command, "left") || !strcmp(command, "right"))
    column_move(s, command[0] == 'l' ? -1 : 1);
  else if (!strcmp(command, "baseline"))
    baseline_set(v, s);
  else if (!strcmp(command, "enter") || !strcmp(command, "metric"))
    metric_choose(v, s);
  else if (!strcmp(command, "smooth"))
    smooth_next(s);
  else if (!strcmp(command, "log"))
    s->logy = !s->logy;
  else if (!strcmp(command, "axis"))
    axis_next(v, s);
  else if (!strcmp(command, "along") || !strcmp(command, "points"))
    along_choose(v, s, command[0] == 'p');
  else if (!strcmp(command, "outliers"))
    s->clip = !s->clip;
  else if (!strcmp(command, "all"))
    s->all = !s->all, compare_lines(v, s);
  else if (!strcmp(command, "files"))
    files_go(v, s);
  else if (!strcmp(command, "follow-link"))
    run_follow(v);
  else if (!strcmp(command, "sort"))
    compare_sort_next(v, s);
  else if (!strcmp(command, "export"))
    sl_view_prompt(v, "export to (.csv .json .ndjson .md, .svg: the curves):", "", compare_export, NULL);
  else if (!strcmp(command, "refresh"))
    sl_pane_refresh(s->diff), curves_refresh(s);
  else
    return SL_IGNORED;
  return SL_HANDLED;
}

static void compare_crumb(struct sl_view *v, struct sl_buf *b)
{
  sl_buf_printf(b, "compare %zu", ((struct compare_state *)sl_view_state(v))->runs.n);
}

static void compare_count(struct sl_view *v, struct sl_buf *b)
{
  struct compare_state *s = sl_view_state(v);
  sl_buf_z(b, "baseline: ");
  sl_buf_str(b, compare_run_name(s, 0));
  if (s->wanted) {
    sl_buf_z(b, ", asking for ");
    sl_buf_str(b, compare_run_name(s, s->wanted));
  }
}

static void compare_truth(struct sl_view *v, struct sl_buf *b)
{
  struct compare_state *s = sl_view_state(v);
  sl_pane_truth(s->diff, b);
  curves_truth(s, b);
}

static void compare_cmdline(struct sl_view *v, struct sl_buf *b)
{
  struct compare_state *s = sl_view_state(v);
  some_runs_cmdline(&s->runs, b);
  if (s->all)
    sl_buf_z(b, " --all");
}

static void compare_visible(struct sl_view *v, bool visible)
{
  struct compare_state *s = sl_view_state(v);
  sl_pane_visible(s->diff, visible);
  curves_visible(s, visible);
}

static const struct sl_bind compare_binds[] = {
  {"baseline", "b", "the run under the column becomes the baseline"},
  {"metric", "m", "draw the curves of the metric under the cursor"},
  {"smooth", "S", "smoothing: 0, 0.3, 0.6, 0.9, 0.99 (debiased, as MLflow's)"},
  {"log", "L", "logarithmic values"},
  {"axis", "X", "curves by step, time since the start, or time"},
  {"along", "M", "curves by the metric under the cursor instead of the step; again: by step"},
  {"points", "P", "every run a point: the drawn metric over the metric or parameter under the cursor; again: curves"},
  {"outliers", "O", "leave out what lies beyond 5 and 95 percent"},
  {"all", "A", "also what is the same in all runs"},
  {"files", "F", "the files of these runs side by side"},
};

const struct sl_view_ops sl_view_compare = {
  .name = "compare",
  .title = "compare",
  .help = "Runs side by side; the first column is the baseline. Metrics of the others are differences to it: ~ lies within what repeats "
          "of one configuration differ by (t * spread * sqrt 2, 19 of 20 cases), ▲ is better and ▼ worse beyond that, ↑ ↓ differ where "
          "the name does not tell which way is good, ? has no repeats to judge by. Repeats are runs of the experiment with the same "
          "parameters but for seeds. Below: the curves of the chosen metric.",
  .arg = "RUN,RUN,...",
  .binds = compare_binds, .nbinds = sizeof compare_binds / sizeof compare_binds[0],
  .hints = "baseline metric smooth log axis all files",
  .state_size = sizeof(struct compare_state),
  .open = compare_open,
  .close = compare_close,
  .draw = compare_draw,
  .command = compare_command,
  .key = NULL,
  .crumb = compare_crumb,
  .count = compare_count,
  .truth = compare_truth,
  .subject = compare_subject,
  .cmdline = compare_cmdline,
  .visible = compare_visible,
};
