/* views/drift.c: two data sets compared: features by effect, tests side by side, the verdict in a sentence, and both histograms of the
 * feature under the cursor. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "model/drift.h"
#include "ui/widgets.h"

enum { PSI, P, Q, JS, MONITOR, TESTS, FEATURES_MAX = 20000, BINS_MAX = 64, HEAD = 4, FOOT = 6, NAME_W = 24, CELL_W = 9 };
static const double LEVEL = 0.05;              /* the share of false alarms that is taken */

struct feature {
  char name[64], note[64];
  double test[TESTS], effect, chance;      /* NaN: not of this feature */
  bool own_p;                              /* the p is of the test that the profile chose; else of ks, as a second opinion */
  char by[32];                             /* what was chosen: "ks@scipy" */
  double by_statistic, by_threshold;
  bool judged, bad, monitor;
  int64_t n[2], missing[2];
  uint64_t first;                          /* row with the picture */
};
struct drift_state {
  struct sl_pane *pane;
  struct sl_buf title;
  struct sl_drift_ask ask;
  struct feature *f;
  size_t n, cap, at, top;
  struct sl_drift_tally tally;
  size_t tested, found;                    /* features with a p-value; those that many tests at once leave */
  bool gathered;
};

/* A report stands alone, in the baseline's place. */
static const char *current_of(const struct drift_state *s) { return s->ask.current ? s->ask.current : s->ask.baseline; }

/* ---- rows -> features ---- */

static struct sl_str text_of(struct sl_val v) { return v.null ? SL_STR("") : v.u.s; }
static double f64_of(struct sl_val v) { return v.null ? (double)NAN : v.u.f; }
static int64_t i64_of(struct sl_val v) { return v.null ? 0 : v.u.i; }
static bool true_of(struct sl_val v) { return !v.null && v.u.b; }

static struct feature *feature_of(struct drift_state *s, struct sl_str name, uint64_t row)
{
  char cut[sizeof s->f->name];
  snprintf(cut, sizeof cut, "%.*s", SL_ARG(name));
  if (s->n && !strcmp(s->f[s->n - 1].name, cut)) /* rows of a feature follow each other */
    return &s->f[s->n - 1];
  if (sl_grow((void **)&s->f, &s->cap, s->n + 1, sizeof *s->f, FEATURES_MAX, NULL))
    return NULL;
  struct feature *f = &s->f[s->n++];
  *f = (struct feature){ .effect = (double)NAN, .chance = (double)NAN, .first = row };
  for (int t = 0; t < TESTS; t++)
    f->test[t] = (double)NAN;
  memcpy(f->name, cut, sizeof cut);
  return f;
}

/* The p-value of the test that was chosen, where it has one; else that of ks. */
static void take_p(struct feature *f, struct sl_pane *p, uint64_t i, struct sl_str test, bool own)
{
  double mine = f64_of(sl_pane_val(p, i, "p_value"));
  if (own && !f->by[0]) {
    f->by_statistic = f64_of(sl_pane_val(p, i, "statistic"));
    f->by_threshold = f64_of(sl_pane_val(p, i, "threshold"));
    snprintf(f->by, sizeof f->by, "%.*s", SL_ARG(sl_str_head(test, 24)));
  }
  if (isnan(mine) || f->own_p || (!own && !sl_str_eqz(test, "ks")))
    return;
  f->test[P] = mine;
  f->test[Q] = f64_of(sl_pane_val(p, i, "q_value"));
  f->own_p = own;
}

static void take_row(struct drift_state *s, uint64_t i)
{
  struct sl_pane *p = s->pane;
  struct feature *f = feature_of(s, text_of(sl_pane_val(p, i, "feature")), i);
  struct sl_str test = text_of(sl_pane_val(p, i, "test"));
  if (!f)
    return;
  double statistic = f64_of(sl_pane_val(p, i, "statistic"));
  if (sl_str_eqz(test, "psi")) {
    f->test[PSI] = f->effect = statistic;
    f->chance = f64_of(sl_pane_val(p, i, "chance"));
  } else if (sl_str_eqz(test, "js")) {
    f->test[JS] = statistic;
  } else if (sl_str_eqz(test, "linf_robust")) {
    f->test[MONITOR] = statistic;
    f->monitor = true_of(sl_pane_val(p, i, "drifted"));
  } else if (sl_str_eqz(test, "schema")) {
    f->effect = (double)INFINITY;
  }
  struct sl_val chosen = sl_pane_val(p, i, "chosen"), drifted = sl_pane_val(p, i, "drifted");
  bool own = chosen.null || chosen.u.b;
  take_p(f, p, i, test, own);
  if (own) {
    f->judged = f->judged || !drifted.null;
    f->bad = f->bad || true_of(drifted);
  }
  snprintf(f->note, sizeof f->note, "%.*s", SL_ARG(text_of(sl_pane_val(p, i, "note"))));
  f->n[0] = i64_of(sl_pane_val(p, i, "n_baseline"));
  f->n[1] = i64_of(sl_pane_val(p, i, "n_current"));
  f->missing[0] = i64_of(sl_pane_val(p, i, "missing_baseline"));
  f->missing[1] = i64_of(sl_pane_val(p, i, "missing_current"));
}

/* Drifted ones first, then by effect; what has none comes last. */
static bool before(const struct feature *a, const struct feature *b)
{
  if (a->bad != b->bad)
    return a->bad;
  return isnan(b->effect) ? !isnan(a->effect) : a->effect > b->effect;
}

static void rank(struct drift_state *s)
{
  for (size_t i = 1; i < s->n; i++) {
    struct feature f = s->f[i];
    size_t k = i;
    for (; k > 0 && before(&f, &s->f[k - 1]); k--)
      s->f[k] = s->f[k - 1];
    s->f[k] = f;
  }
}

static void gather(struct drift_state *s)
{
  const struct sl_batch *last = NULL, *b;
  uint32_t row;
  s->n = 0;
  s->tally = (struct sl_drift_tally){ 0 };
  for (uint64_t i = 0; i < sl_pane_count(s->pane); i++) {
    if (!sl_pane_row(s->pane, i, &b, &row))
      return;
    if (b != last)
      sl_drift_tally_add(&s->tally, b);
    last = b;
    take_row(s, i);
  }
  sl_drift_tally_end(&s->tally);
  s->tested = s->found = 0;
  for (size_t i = 0; i < s->n; i++) {
    s->tested += isnan(s->f[i].test[Q]) ? 0 : 1;
    s->found += s->f[i].test[Q] < LEVEL ? 1 : 0;
  }
  rank(s);
  s->at = s->at < s->n ? s->at : 0;
  s->gathered = true;
}

static void drift_changed(struct sl_view *v, void *user)
{
  (void)user;
  gather(sl_view_state(v));
}

/* ---- open ---- */

static int ask(struct sl_view *v, struct sl_err *err)
{
  struct drift_state *s = sl_view_state(v);
  struct sl_buf scope;
  struct sl_drift_ask a = s->ask;
  a.tests = a.tests ? a.tests : (char *)(uintptr_t)"auto,psi,ks,js,linf_robust";
  sl_buf_init(&scope, 1 << 20);
  sl_drift_ask_text(&scope, &a);
  struct sl_query like = { .res = &sl_res_drift, .kind = SL_Q_LIST, .scope = sl_buf_view(&scope) };
  int rc = sl_buf_check(&scope, err);
  if (!rc)
    rc = sl_pane_query(&s->pane, v, &like, drift_changed, NULL, err);
  sl_buf_free(&scope);
  return rc;
}

static int drift_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct drift_state *s = sl_view_state(v);
  sl_buf_init(&s->title, 1 << 20);
  if (!sl_str_trim(arg).n)
    return sl_err_set(err, SL_EUSAGE, "drift compares two data sets: `:drift lake:raw/ lake:raw/@newest`");
  int rc = sl_drift_ask_parse(&s->ask, arg, err);
  if (!rc)
    rc = ask(v, err);
  if (!rc)
    sl_buf_printf(&s->title, "%s%s%s", current_of(s), s->ask.current ? " against " : "", s->ask.current ? s->ask.baseline : "");
  return rc;
}

/* The next profile's tests and thresholds over the same data. */
static void switch_profile(struct sl_view *v, struct drift_state *s)
{
  struct sl_err err = { 0 };
  size_t at = 0;
  while (s->ask.profile && sl_drift_profiles[at] && strcmp(sl_drift_profiles[at], s->ask.profile) != 0)
    at++;
  const char *next = sl_drift_profiles[at] && sl_drift_profiles[at + 1] ? sl_drift_profiles[at + 1] : sl_drift_profiles[0];
  char *mine = sl_strdup(next), *was = s->ask.profile;
  if (!mine)
    return;
  s->ask.profile = mine;
  if (ask(v, &err)) {
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
    s->ask.profile = was;
    sl_free(mine);
    return;
  }
  sl_free(was);
  sl_view_say(v, SL_ROLE_dim, "by %s's rule", sl_drift_profile_name(mine));
}

static void drift_close(struct sl_view *v)
{
  struct drift_state *s = sl_view_state(v);
  sl_pane_close(s->pane);
  sl_buf_free(&s->title);
  sl_drift_ask_free(&s->ask);
  sl_free(s->f);
}

/* ---- drawing ---- */

static void put_number(struct sl_grid *g, int x, int y, enum sl_role role, double v)
{
  struct sl_buf b;
  sl_buf_init(&b, 64);
  if (isnan(v))
    sl_buf_z(&b, sl_glyph_pick("–", "-"));
  else
    sl_fmt_sig(&b, v, 2);
  sl_grid_right(g, x, y, CELL_W - 1, role, sl_buf_view(&b));
  sl_buf_free(&b);
}

static int name_width(const struct sl_rect *r) { return r->w < 64 ? r->w / 2 - 4 : NAME_W; }

static void head_draw(struct sl_grid *g, struct sl_rect r)
{
  static const char *const heads[TESTS] = { "psi", "p", "q (BH)", "js", "monitor" };
  int x = r.x + 3 + name_width(&r);
  sl_grid_putz(g, r.x + 3, r.y, name_width(&r), SL_ROLE_colhead, "feature");
  for (int t = 0; t < TESTS && x + CELL_W <= r.x + r.w; t++, x += CELL_W)
    sl_grid_right(g, x, r.y, CELL_W - 1, SL_ROLE_colhead, sl_str(heads[t]));
  sl_grid_putz(g, x + 1, r.y, r.x + r.w - x - 1, SL_ROLE_colhead, "missing");
}

static void feature_draw(const struct feature *f, struct sl_grid *g, struct sl_rect r)
{
  const char *glyph;
  enum sl_role role;
  int x = r.x + 3 + name_width(&r);
  sl_state_look(f->bad ? SL_STR("late") : f->judged ? SL_STR("ok") : SL_STR("unknown"), &glyph, &role);
  sl_grid_cell(g, r.x + 1, r.y, role, glyph);
  sl_grid_putz(g, r.x + 3, r.y, name_width(&r) - 1, f->bad ? SL_ROLE_bright : SL_ROLE_text, f->name);
  if (f->note[0]) {
    sl_grid_putz(g, x + 1, r.y, r.x + r.w - x - 1, role, f->note);
    return;
  }
  for (int t = 0; t < TESTS && x + CELL_W <= r.x + r.w; t++, x += CELL_W)
    put_number(g, x, r.y, t == MONITOR && f->monitor ? SL_ROLE_warn : SL_ROLE_text, f->test[t]);
  if (f->missing[0] || f->missing[1])
    sl_grid_printf(g, x + 1, r.y, r.x + r.w - x - 1, SL_ROLE_dim, "%lld %s %lld", (long long)f->missing[0], sl_glyph_pick("→", "->"),
                   (long long)f->missing[1]);
}

static size_t bins_of(struct sl_val v, double *out)
{
  struct sl_str rest = text_of(v), item;
  size_t n = 0;
  while (n < BINS_MAX && sl_list_next(&rest, &item))
    if (sl_str_f64(item, &out[n]))
      n++;
  return n;
}

/* One side: its histogram, how many values, the middle one. */
static void side_draw(struct drift_state *s, const struct feature *f, int side, struct sl_grid *g, struct sl_rect r)
{
  double bin[BINS_MAX];
  size_t n = bins_of(sl_pane_val(s->pane, f->first, side ? "histogram_current" : "histogram_baseline"), bin);
  double median = f64_of(sl_pane_val(s->pane, f->first, side ? "median_current" : "median_baseline"));
  int w = (int)n < r.w / 2 ? (int)n : r.w / 2;
  struct sl_buf b;
  sl_buf_init(&b, 256);
  sl_buf_printf(&b, "%-8s  ", side ? "current" : "baseline");
  sl_fmt_count(&b, f->n[side]);
  if (!isnan(median)) {
    sl_buf_z(&b, "  median ");
    sl_fmt_sig(&b, median, 3);
  }
  if (w)
    sl_chart_hist(g, (struct sl_rect){ r.x + 3, r.y, w, 1 }, side ? SL_ROLE_s2 : SL_ROLE_s1, bin, n);
  sl_grid_put(g, r.x + 5 + w, r.y, r.w - 5 - w, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

/* What was chosen for it, and what that came to. */
static void test_words(const struct drift_state *s, const struct feature *f, struct sl_buf *b)
{
  if (!f->by[0] || isnan(f->by_statistic))
    return;
  sl_buf_printf(b, "%s ", f->by);
  sl_fmt_sig(b, f->by_statistic, 3);
  if (f->own_p) {
    sl_buf_z(b, ", p ");
    sl_fmt_sig(b, f->test[P], 2);
  }
  if (!isnan(f->by_threshold)) {
    sl_buf_z(b, ", limit ");
    sl_fmt_sig(b, f->by_threshold, 2);
  }
  if (f->own_p && !isnan(f->test[Q])) {
    sl_buf_printf(b, "; among %zu features ", s->tested);
    sl_fmt_sig(b, f->test[Q], 2);
  }
}

struct category { struct sl_str label; double share[2]; };

static int by_change(const void *a, const void *b)
{
  const struct category *x = a, *y = b;
  double dx = fabs(x->share[1] - x->share[0]), dy = fabs(y->share[1] - y->share[0]);
  return dx > dy ? -1 : dx < dy ? 1 : sl_str_cmp(x->label, y->label);
}

/* "B 63 -> 55 %, M 37 -> 45 %": what changed most comes first, since not all may fit. */
static void category_words(struct drift_state *s, const struct feature *f, struct sl_buf *b)
{
  struct category c[BINS_MAX];
  double bin[2][BINS_MAX];
  struct sl_str rest = text_of(sl_pane_val(s->pane, f->first, "categories")), label;
  size_t n = bins_of(sl_pane_val(s->pane, f->first, "histogram_baseline"), bin[0]), k = 0;
  size_t other = bins_of(sl_pane_val(s->pane, f->first, "histogram_current"), bin[1]);
  double all[2] = { 0, 0 };
  n = n < other ? n : other;
  for (size_t i = 0; i < n; i++)
    for (int side = 0; side < 2; side++)
      all[side] += bin[side][i];
  for (; k < n && sl_list_next(&rest, &label); k++)
    c[k] = (struct category){ label, { all[0] > 0 ? bin[0][k] / all[0] : 0, all[1] > 0 ? bin[1][k] / all[1] : 0 } };
  qsort(c, k, sizeof c[0], by_change);
  for (size_t i = 0; i < k; i++)
    sl_buf_printf(b, "%s%.*s %.0f %s %.0f %%", i ? ", " : "", SL_ARG(sl_str_head(c[i].label, 40)), c[i].share[0] * 100,
                  sl_glyph_pick("→", "->"), c[i].share[1] * 100);
}

/* Below the bars: where they begin and end, or what they stand for. */
static void axis_draw(struct drift_state *s, const struct feature *f, struct sl_grid *g, struct sl_rect r)
{
  double low = f64_of(sl_pane_val(s->pane, f->first, "low")), high = f64_of(sl_pane_val(s->pane, f->first, "high")), bin[BINS_MAX];
  size_t n = bins_of(sl_pane_val(s->pane, f->first, "histogram_baseline"), bin);
  int w = (int)n < r.w / 2 ? (int)n : r.w / 2;
  struct sl_buf b;
  sl_buf_init(&b, 1 << 14);
  if (!isnan(low) && !isnan(high) && w > 8) {
    sl_fmt_sig(&b, low, 3);
    int used = sl_grid_put(g, r.x + 3, r.y, w, SL_ROLE_dim, sl_buf_view(&b));
    sl_buf_clear(&b);
    sl_fmt_sig(&b, high, 3);
    sl_grid_right(g, r.x + 4 + used, r.y, w - used - 1, SL_ROLE_dim, sl_buf_view(&b));
  } else {
    category_words(s, f, &b);
    sl_grid_put(g, r.x + 3, r.y, r.w - 4, SL_ROLE_dim, sl_buf_view(&b));
  }
  sl_buf_free(&b);
}

static void foot_draw(struct drift_state *s, struct sl_grid *g, struct sl_rect r)
{
  const struct feature *f = &s->f[s->at];
  struct sl_buf b;
  sl_buf_init(&b, 1024);
  sl_grid_hline(g, r.x, r.y, r.w, SL_ROLE_border);
  int used = sl_grid_putz(g, r.x + 1, r.y + 1, r.w / 2, SL_ROLE_bright, f->name);
  test_words(s, f, &b);
  sl_grid_put(g, r.x + used + 4, r.y + 1, r.w - used - 5, SL_ROLE_text, sl_buf_view(&b));
  side_draw(s, f, 0, g, (struct sl_rect){ r.x, r.y + 2, r.w, 1 });
  side_draw(s, f, 1, g, (struct sl_rect){ r.x, r.y + 3, r.w, 1 });
  axis_draw(s, f, g, (struct sl_rect){ r.x, r.y + 4, r.w, 1 });
  sl_buf_clear(&b);
  if (!isnan(f->chance)) {
    sl_buf_z(&b, "by chance psi ");
    sl_fmt_sig(&b, f->chance, 2);
    sl_buf_printf(&b, " at n = %lld + %lld", (long long)f->n[0], (long long)f->n[1]);
    sl_grid_put(g, r.x + 3, r.y + 5, r.w - 3, SL_ROLE_dim, sl_buf_view(&b));
  }
  sl_buf_free(&b);
}

/* Of a part there is no verdict. */
static bool is_cut(const struct drift_state *s)
{
  const struct sl_answer *a = sl_pane_answer(s->pane);
  bool cut = false;
  for (size_t i = 0; i < a->nsrc; i++)
    cut = cut || a->src[i].state == SL_CUT || (a->src[i].state == SL_FLOWING && !a->stale);
  return cut;
}

/* What others would say of the same figures. */
static void opinions(const struct drift_state *s, struct sl_buf *b)
{
  const char *dot = sl_glyph_pick(" · ", " - ");
  if (s->tally.monitored && !(s->ask.profile && !strcmp(s->ask.profile, "monitor")))
    sl_buf_printf(b, "Model Monitor: %zu of %zu%s", s->tally.monitor, s->tally.monitored, s->tested > 1 ? dot : "");
  if (s->tested > 1)
    sl_buf_printf(b, "Benjamini-Hochberg at 5 %%: %zu of %zu", s->found, s->tested);
}

static void verdict_draw(const struct drift_state *s, struct sl_grid *g, struct sl_rect r)
{
  const char *glyph;
  enum sl_role role;
  struct sl_buf b;
  bool cut = is_cut(s), bad = sl_drift_verdict(&s->tally, s->ask.profile, -1);
  sl_state_look(cut ? SL_STR("unknown") : bad ? SL_STR("late") : SL_STR("ok"), &glyph, &role);
  sl_buf_init(&b, 4096);
  if (cut)
    sl_buf_z(&b, "only some of the features came: no verdict");
  else
    sl_drift_words(&b, &s->tally, s->ask.profile, -1);
  sl_grid_cell(g, r.x + 1, r.y, role, glyph);
  int lines = sl_grid_wrap(g, (struct sl_rect){ r.x + 3, r.y, r.w - 3, 2 }, SL_ROLE_bright, sl_buf_view(&b));
  sl_buf_clear(&b);
  if (!cut)
    opinions(s, &b);
  sl_grid_put(g, r.x + 3, r.y + lines, r.w - 4, SL_ROLE_dim, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void drift_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct drift_state *s = sl_view_state(v);
  if (sl_pane_draw_state(s->pane, g, r, "neither has a column") || !s->n)
    return;
  int foot = r.h >= HEAD + FOOT + 3 ? FOOT : 0, rows = r.h - HEAD - foot;
  verdict_draw(s, g, r);
  head_draw(g, (struct sl_rect){ r.x, r.y + HEAD - 1, r.w, 1 });
  if (rows < 1)
    return;
  if (s->at < s->top)
    s->top = s->at;
  if (s->at >= s->top + (size_t)rows)
    s->top = s->at - (size_t)rows + 1;
  for (int i = 0; i < rows && s->top + (size_t)i < s->n; i++) {
    struct sl_rect line = { r.x, r.y + HEAD + i, r.w, 1 };
    feature_draw(&s->f[s->top + (size_t)i], g, line);
    if (s->top + (size_t)i == s->at)
      sl_grid_over(g, line, SL_ROLE_cursor);
  }
  if (foot)
    foot_draw(s, g, (struct sl_rect){ r.x, r.y + r.h - foot, r.w, foot });
}

/* ---- where the data lies ---- */

/* Words of an address as `lake` takes them: the partition, or the zone where none is named; below it all the same. */
static bool lake_place(struct sl_str uri, struct sl_buf *out)
{
  struct sl_str rest = sl_str_from(uri, 5), zone, part;
  if (!sl_str_starts(uri, SL_STR("lake:")) || !sl_str_cut(&rest, '/', &zone))
    return false;
  bool any = sl_str_cut(&rest, '/', &part) && sl_str_chr(part, '=') > 0;
  struct sl_str id = any ? sl_strn(zone.p, (size_t)(part.p + part.n - zone.p)) : zone;
  struct sl_ref ref = { SL_STR("lake"), SL_STR("partitions"), id };
  sl_ref_text(out, &ref);
  return true;
}

/* Its partition among the others, or the rows of a file; what a statement reads is the statement's business. */
static void data_go(struct sl_view *v, const char *uri)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  if (sl_str_starts(sl_str(uri), SL_STR("sql:")))
    sl_view_go(v, "sql", sl_str(uri + 4));
  else if (lake_place(sl_str(uri), &b))
    sl_view_go(v, "lake", sl_buf_view(&b));
  else
    sl_view_go(v, "preview", sl_str(uri));
  sl_buf_free(&b);
}

/* ---- commands ---- */

static enum sl_handled drift_command(struct sl_view *v, const char *command)
{
  struct drift_state *s = sl_view_state(v);
  int64_t by;
  if (sl_move_by(command, 10, &by))
    s->at = (size_t)sl_move_to(s->at, s->n, by);
  else if (!strcmp(command, "refresh"))
    sl_pane_refresh(s->pane);
  else if (!strcmp(command, "profile"))
    switch_profile(v, s);
  else if (!strcmp(command, "follow-link"))
    data_go(v, current_of(s));
  else if (!strcmp(command, "baseline"))
    data_go(v, s->ask.baseline);
  else if (!strcmp(command, "rows"))
    sl_view_go(v, sl_str_starts(sl_str(current_of(s)), SL_STR("sql:")) ? "sql" : "preview",
               sl_str(current_of(s) + (sl_str_starts(sl_str(current_of(s)), SL_STR("sql:")) ? 4 : 0)));
  else
    return SL_IGNORED;
  sl_view_dirty(v);
  return SL_HANDLED;
}

static void drift_crumb(struct sl_view *v, struct sl_buf *b)
{
  sl_buf_printf(b, "drift %s", sl_glyph_pick("›", ">"));
  sl_buf_printf(b, " %s", sl_buf_zstr(&((struct drift_state *)sl_view_state(v))->title));
}

static void drift_count(struct sl_view *v, struct sl_buf *b)
{
  sl_count_put(b, ((struct drift_state *)sl_view_state(v))->n, "features");
}

static bool drift_subject(struct sl_view *v, struct sl_subject *out)
{
  struct drift_state *s = sl_view_state(v);
  const struct sl_batch *b;
  uint32_t row;
  if (!s->n || !sl_pane_row(s->pane, s->f[s->at].first, &b, &row))
    return false;
  *out = (struct sl_subject){ .res = &sl_res_drift, .ref = { sl_batch_conn(b, row), SL_STR("drift"), sl_batch_id(b, row) },
                              .batch = b, .row = row };
  return true;
}

static void drift_cmdline(struct sl_view *v, struct sl_buf *b)
{
  struct drift_state *s = sl_view_state(v);
  sl_buf_z(b, s->ask.current ? "drift --baseline " : "drift");
  if (s->ask.current)
    sl_fmt_shell(b, sl_str(s->ask.baseline));
  sl_buf_z(b, " --current ");
  sl_fmt_shell(b, sl_str(current_of(s)));
  sl_buf_z(b, " --tests ");
  sl_fmt_shell(b, sl_str(s->ask.tests ? s->ask.tests : "auto,psi,ks,js,linf_robust"));
  if (s->ask.profile)
    sl_buf_printf(b, " --profile %s", s->ask.profile);
}

static void drift_visible(struct sl_view *v, bool visible)
{
  sl_pane_visible(((struct drift_state *)sl_view_state(v))->pane, visible);
}

static const struct sl_bind drift_binds[] = {
  { "profile", "p", "the next profile's tests and thresholds: Evidently, Model Monitor, NannyML, Deequ" },
  { "baseline", "b", "to the baseline: its partition in the lake, or its rows" },
  { "rows", "v", "the rows of the current data (x leads to their partition in the lake)" },
};

const struct sl_view_ops sl_view_drift = {
  .name = "drift",
  .title = "drift",
  .help = "Two data sets, feature by feature: what has drifted first, then by effect (psi). The glyph is the verdict of the profile's own "
          "test; psi, js and Model Monitor's robust distance stand beside it as second opinions. p is of the chosen test, where it has "
          "one, else of ks; q (BH) is what it is worth among so many features: of those below 0.05 at most one in twenty is a false "
          "alarm. Below: both histograms of the feature under the cursor over the same steps, or what became of its categories, and what "
          "psi would be by chance. x leads to the partition that was compared.",
  .arg = "BASELINE CURRENT [profile=monitor]",
  .binds = drift_binds,
  .nbinds = sizeof drift_binds / sizeof drift_binds[0],
  .hints = "follow-link profile rows baseline describe",
  .state_size = sizeof(struct drift_state),
  .open = drift_open,
  .close = drift_close,
  .draw = drift_draw,
  .command = drift_command,
  .crumb = drift_crumb,
  .count = drift_count,
  .subject = drift_subject,
  .cmdline = drift_cmdline,
  .visible = drift_visible,
};
