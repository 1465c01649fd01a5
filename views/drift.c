/* views/drift.c: two data sets compared: features by effect, tests side by side, the verdict in a sentence, and both histograms of the
 * feature under the cursor. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "views/drift_int.h"

enum { FEATURES_MAX = 20000 };
enum { FOOT = 6, NAME_W = 24, CELL_W = 9, CELL_NARROW = 8, ROOMY = 100, TALL = 34, PAGE = 21, PAGE_WIDE = 17 };
static const double LEVEL = 0.05;              /* the share of false alarms that is taken */

/* A report stands alone, in the baseline's place. */
static const char *current_of(const struct drift_state *s) { return s->ask.current ? s->ask.current : s->ask.baseline; }

/* ---- rows -> features ---- */

static struct drift_feature *feature_of(struct drift_state *s, struct sl_str name, uint64_t row)
{
  char cut[sizeof s->f->name];
  uint64_t hash = sl_str_hash(name);
  snprintf(cut, sizeof cut, "%.*s", SL_ARG(name));
  if (s->n && s->f[s->n - 1].hash == hash) { /* rows of a feature follow each other */
    s->f[s->n - 1].rows++;
    return &s->f[s->n - 1];
  }
  if (sl_grow((void **)&s->f, &s->cap, s->n + 1, sizeof *s->f, FEATURES_MAX, NULL))
    return NULL;
  struct drift_feature *f = &s->f[s->n++];
  *f = (struct drift_feature){ .effect = (double)NAN, .chance = (double)NAN, .first = row, .rows = 1, .hash = hash };
  for (int t = 0; t < DRIFT_TESTS; t++)
    f->test[t] = (double)NAN;
  memcpy(f->name, cut, sizeof cut);
  return f;
}

/* The p-value of the test that was chosen, where it has one; else that of ks. */
static void take_p(struct drift_feature *f, struct sl_pane *p, uint64_t i, struct sl_str test, bool own)
{
  double mine = drift_f64(sl_pane_val(p, i, "p_value"));
  if (own && !f->by[0]) {
    f->by_statistic = drift_f64(sl_pane_val(p, i, "statistic"));
    f->by_threshold = drift_f64(sl_pane_val(p, i, "threshold"));
    snprintf(f->by, sizeof f->by, "%.*s", SL_ARG(sl_str_head(test, 24)));
  }
  if (isnan(mine) || f->own_p || (!own && !sl_str_eqz(test, "ks")))
    return;
  f->test[DRIFT_P] = mine;
  f->test[DRIFT_Q] = drift_f64(sl_pane_val(p, i, "q_value"));
  f->own_p = own;
}

static void take_row(struct drift_state *s, uint64_t i)
{
  struct sl_pane *p = s->pane;
  struct drift_feature *f = feature_of(s, drift_text(sl_pane_val(p, i, "feature")), i);
  struct sl_str test = drift_text(sl_pane_val(p, i, "test"));
  if (!f)
    return;
  double statistic = drift_f64(sl_pane_val(p, i, "statistic"));
  if (sl_str_eqz(test, "psi")) {
    f->test[DRIFT_PSI] = f->effect = statistic;
    f->chance = drift_f64(sl_pane_val(p, i, "chance"));
  } else if (sl_str_eqz(test, "js")) {
    f->test[DRIFT_JS] = statistic;
  } else if (sl_str_eqz(test, "linf_robust")) {
    f->test[DRIFT_MONITOR] = statistic;
    f->monitor = drift_true(sl_pane_val(p, i, "drifted"));
  } else if (sl_str_eqz(test, "schema")) {
    f->effect = (double)INFINITY;
  }
  struct sl_val chosen = sl_pane_val(p, i, "chosen"), drifted = sl_pane_val(p, i, "drifted");
  bool own = chosen.null || chosen.u.b;
  take_p(f, p, i, test, own);
  if (own) {
    f->judged = f->judged || !drifted.null;
    f->bad = f->bad || drift_true(drifted);
  }
  snprintf(f->note, sizeof f->note, "%.*s", SL_ARG(drift_text(sl_pane_val(p, i, "note"))));
  f->n[0] = drift_i64(sl_pane_val(p, i, "n_baseline"));
  f->n[1] = drift_i64(sl_pane_val(p, i, "n_current"));
  f->missing[0] = drift_i64(sl_pane_val(p, i, "missing_baseline"));
  f->missing[1] = drift_i64(sl_pane_val(p, i, "missing_current"));
}

/* Drifted ones first, then by effect; what has none comes last. */
static bool before(const struct drift_feature *a, const struct drift_feature *b)
{
  if (a->bad != b->bad)
    return a->bad;
  return isnan(b->effect) ? !isnan(a->effect) : a->effect > b->effect;
}

static int by_effect(const void *a, const void *b)
{
  const struct drift_feature *x = a, *y = b;
  if (before(x, y) || before(y, x))
    return before(x, y) ? -1 : 1;
  return (x->first > y->first) - (x->first < y->first); /* alike: as they came */
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
    s->tested += isnan(s->f[i].test[DRIFT_Q]) ? 0 : 1;
    s->found += s->f[i].test[DRIFT_Q] < LEVEL ? 1 : 0;
  }
  if (s->n)
    qsort(s->f, s->n, sizeof *s->f, by_effect);
  s->at = s->at < s->n ? s->at : 0;
  s->gathered = true;
}

static void drift_changed(struct sl_view *v, void *user)
{
  (void)user;
  gather(sl_view_state(v));
}

/* ---- open ---- */

static const char all_tests[] = "auto,psi,ks,js,linf_robust";

/* What is asked: what belongs to the history does not belong here. */
static int scope_text(const struct drift_state *s, struct sl_buf *b, struct sl_err *err)
{
  struct sl_drift_ask a = s->ask;
  a.last = a.persist = NULL;
  a.tests = a.tests ? a.tests : (char *)(uintptr_t)all_tests;
  sl_drift_ask_text(b, &a);
  return sl_buf_check(b, err);
}

static int ask(struct sl_view *v, struct sl_err *err)
{
  struct drift_state *s = sl_view_state(v);
  struct sl_buf scope;
  sl_buf_init(&scope, 1 << 20);
  int rc = scope_text(s, &scope, err);
  struct sl_query like = { .res = &sl_res_drift, .kind = SL_Q_LIST, .scope = sl_buf_view(&scope) };
  if (!rc)
    rc = sl_pane_query(&s->pane, v, &like, drift_changed, NULL, err);
  sl_buf_free(&scope);
  return rc ? rc : drift_past_open(&s->past, v, &s->ask, err);
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
  drift_past_close(&s->past);
  sl_buf_free(&s->title);
  sl_drift_ask_free(&s->ask);
  sl_free(s->f);
}

/* ---- drawing ---- */

static void put_number(struct sl_grid *g, int x, int y, int w, enum sl_role role, double v)
{
  struct sl_buf b;
  sl_buf_init(&b, 64);
  if (isnan(v))
    sl_buf_z(&b, sl_glyph_pick("–", "-"));
  else
    sl_fmt_sig(&b, v, 2);
  sl_grid_right(g, x, y, w - 1, role, sl_buf_view(&b));
  sl_buf_free(&b);
}

/* Where a line's parts stand. With a history and little room the p among many features gives way: it stands below. */
struct columns { int name, cell, strip, missing; bool q; };

static struct columns columns_of(const struct drift_state *s, const struct sl_rect *r)
{
  bool past = drift_past_shown(&s->past), roomy = !past || r->w >= ROOMY;
  struct columns c = { .name = r->w < 64 ? r->w / 2 - 4 : past && !roomy ? NAME_W - 3 : NAME_W, .cell = roomy ? CELL_W : CELL_NARROW,
                       .q = roomy };
  int x = r->x + 3 + c.name;
  for (int t = 0; t < DRIFT_TESTS; t++)
    x += (c.q || t != DRIFT_Q) && x + c.cell <= r->x + r->w ? c.cell : 0;
  int w = past ? drift_past_width(&s->past, r->w) : 0;
  c.strip = w && x + 1 + w <= r->x + r->w ? x + 1 : 0;
  c.missing = c.strip ? c.strip + w + 1 : x + 1;
  return c;
}

static struct sl_rect strip_of(const struct drift_state *s, const struct columns *c, const struct sl_rect *r)
{
  return (struct sl_rect){ c->strip, r->y, drift_past_width(&s->past, r->w), 1 };
}

static void head_draw(const struct drift_state *s, const struct columns *c, struct sl_grid *g, struct sl_rect r)
{
  static const char *const heads[DRIFT_TESTS] = { "psi", "p", "q (BH)", "js", "monitor" };
  int x = r.x + 3 + c->name;
  sl_grid_putz(g, r.x + 3, r.y, c->name, SL_ROLE_colhead, "feature");
  for (int t = 0; t < DRIFT_TESTS; t++) {
    if ((t == DRIFT_Q && !c->q) || x + c->cell > r.x + r.w)
      continue;
    sl_grid_right(g, x, r.y, c->cell - 1, SL_ROLE_colhead, sl_str(heads[t]));
    x += c->cell;
  }
  if (c->strip)
    drift_past_head(&s->past, g, strip_of(s, c, &r));
  sl_grid_putz(g, c->missing, r.y, r.x + r.w - c->missing, SL_ROLE_colhead, "missing");
}

static void tests_draw(const struct drift_feature *f, const struct columns *c, struct sl_grid *g, struct sl_rect r)
{
  int x = r.x + 3 + c->name;
  for (int t = 0; t < DRIFT_TESTS; t++) {
    if ((t == DRIFT_Q && !c->q) || x + c->cell > r.x + r.w)
      continue;
    put_number(g, x, r.y, c->cell, t == DRIFT_MONITOR && f->monitor ? SL_ROLE_warn : SL_ROLE_text, f->test[t]);
    x += c->cell;
  }
  if (f->missing[0] || f->missing[1])
    sl_grid_printf(g, c->missing, r.y, r.x + r.w - c->missing, SL_ROLE_dim, "%lld %s %lld", (long long)f->missing[0],
                   sl_glyph_pick("→", "->"), (long long)f->missing[1]);
}

static void feature_draw(const struct drift_state *s, const struct drift_feature *f, const struct columns *c, struct sl_grid *g,
                         struct sl_rect r)
{
  const char *glyph;
  enum sl_role role;
  int x = r.x + 3 + c->name, to = c->strip ? c->strip : r.x + r.w;
  sl_state_look(f->bad ? SL_STR("late") : f->judged ? SL_STR("ok") : SL_STR("unknown"), &glyph, &role);
  sl_grid_cell(g, r.x + 1, r.y, role, glyph);
  sl_grid_putz(g, r.x + 3, r.y, c->name - 1, f->bad ? SL_ROLE_bright : SL_ROLE_text, f->name);
  if (f->note[0])
    sl_grid_putz(g, x + 1, r.y, to - x - 1, role, f->note);
  else
    tests_draw(f, c, g, r);
  if (c->strip)
    drift_past_draw(&s->past, f->hash, g, strip_of(s, c, &r));
}

/* The chosen partition's cell is left as it is: it stands out of the cursor's line. */
static void cursor_draw(const struct drift_state *s, const struct columns *c, struct sl_grid *g, struct sl_rect r)
{
  int x = c->strip ? drift_past_x(&s->past, strip_of(s, c, &r)) : r.x + r.w;
  sl_grid_over(g, (struct sl_rect){ r.x, r.y, x - r.x, 1 }, SL_ROLE_cursor);
  if (c->strip)
    sl_grid_over(g, (struct sl_rect){ x + 1, r.y, r.x + r.w - x - 1, 1 }, SL_ROLE_cursor);
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

/* How many lines it took; the sentence gets as many as it needs, where they are there, its opinions one each. */
static int verdict_draw(const struct drift_state *s, struct sl_grid *g, struct sl_rect r, int most)
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
  int lines = sl_grid_wrap(g, (struct sl_rect){ r.x + 3, r.y, r.w - 3, most }, SL_ROLE_bright, sl_buf_view(&b));
  sl_buf_clear(&b);
  if (!cut)
    opinions(s, &b);
  sl_grid_put(g, r.x + 3, r.y + lines++, r.w - 4, SL_ROLE_dim, sl_buf_view(&b));
  sl_buf_clear(&b);
  drift_past_verdict(&s->past, &b);
  if (b.n && s->whole)
    lines += sl_grid_wrap(g, (struct sl_rect){ r.x + 3, r.y + lines, r.w - 3, 4 }, SL_ROLE_dim, sl_buf_view(&b));
  else if (b.n)
    sl_grid_put(g, r.x + 3, r.y + lines++, r.w - 4, SL_ROLE_dim, sl_buf_view(&b));
  sl_buf_free(&b);
  return lines;
}

static void list_draw(struct drift_state *s, struct sl_grid *g, struct sl_rect r)
{
  struct columns c = columns_of(s, &r);
  int rows = r.h - 1;
  head_draw(s, &c, g, (struct sl_rect){ r.x, r.y, r.w, 1 });
  if (s->at < s->top)
    s->top = s->at;
  if (rows > 0 && s->at >= s->top + (size_t)rows)
    s->top = s->at - (size_t)rows + 1;
  for (int i = 0; i < rows && s->top + (size_t)i < s->n; i++) {
    struct sl_rect line = { r.x, r.y + 1 + i, r.w, 1 };
    feature_draw(s, &s->f[s->top + (size_t)i], &c, g, line);
    if (s->top + (size_t)i == s->at)
      cursor_draw(s, &c, g, line);
  }
}

static void drift_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct drift_state *s = sl_view_state(v);
  if (sl_pane_draw_state(s->pane, g, r, "neither has a column") || !s->n)
    return;
  if (s->page && r.h >= FOOT + 2) {
    drift_page_draw(s, g, r, true);
    return;
  }
  int head = verdict_draw(s, g, r, s->whole ? r.h - 5 : r.h >= 18 ? 4 : 2);
  if (s->whole)
    return;
  head = head < 3 ? 3 : head;
  bool tall = r.h >= TALL;
  int small = FOOT + drift_past_shown(&s->past), foot = tall ? r.w >= DRIFT_WIDE ? PAGE_WIDE : PAGE : small;
  foot = r.h >= head + 4 + foot ? foot : 0;
  list_draw(s, g, (struct sl_rect){ r.x, r.y + head, r.w, r.h - head - foot });
  if (foot && tall) {
    sl_grid_hline(g, r.x, r.y + r.h - foot, r.w, SL_ROLE_border);
    drift_page_draw(s, g, (struct sl_rect){ r.x, r.y + r.h - foot + 1, r.w, foot - 1 }, true);
  } else if (foot) {
    drift_page_draw(s, g, (struct sl_rect){ r.x, r.y + r.h - foot, r.w, foot }, false);
  }
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

static void export_rows(struct sl_view *v, void *user, const char *path)
{
  struct drift_state *s = sl_view_state(v);
  struct sl_query *q = NULL;
  struct sl_err err = { 0 };
  struct sl_buf scope;
  (void)user;
  if (!path || !path[0])
    return;
  sl_buf_init(&scope, 1 << 20);
  int rc = scope_text(s, &scope, &err);
  rc = rc ? rc : sl_query_new(&q, &(struct sl_query){ .res = &sl_res_drift, .kind = SL_Q_LIST, .scope = sl_buf_view(&scope) }, &err);
  if (rc)
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
  else
    sl_view_export(v, q, path);
  sl_query_unref(q);
  sl_buf_free(&scope);
}

/* The chosen partition among the others; without a history where the current data lies. */
static void jump(struct sl_view *v, struct drift_state *s)
{
  struct sl_buf uri;
  sl_buf_init(&uri, 1 << 12);
  data_go(v, drift_past_uri(&s->past, &uri) ? sl_buf_zstr(&uri) : current_of(s));
  sl_buf_free(&uri);
}

/* The chosen partition in place of the current data. */
static void open_partition(struct sl_view *v, struct drift_state *s)
{
  struct sl_buf uri, scope;
  sl_buf_init(&uri, 1 << 12);
  sl_buf_init(&scope, 1 << 20);
  struct sl_drift_ask a = s->ask;
  if (drift_past_uri(&s->past, &uri)) {
    a.current = (char *)(uintptr_t)sl_buf_zstr(&uri);
    sl_drift_ask_text(&scope, &a);
    sl_view_go(v, "drift", sl_buf_view(&scope));
  } else {
    sl_view_say(v, SL_ROLE_dim, "only data of a zone has partitions");
  }
  sl_buf_free(&scope);
  sl_buf_free(&uri);
}

static void rows_go(struct sl_view *v, struct drift_state *s)
{
  bool sql = sl_str_starts(sl_str(current_of(s)), SL_STR("sql:"));
  sl_view_go(v, sql ? "sql" : "preview", sl_str(current_of(s) + (sql ? 4 : 0)));
}

static void refresh(struct drift_state *s)
{
  sl_pane_refresh(s->pane);
  if (s->past.pane)
    sl_pane_refresh(s->past.pane);
}

static enum sl_handled back(struct drift_state *s)
{
  bool open = s->page || s->whole;
  s->page = s->whole = false;
  return open ? SL_HANDLED : SL_IGNORED;
}

static enum sl_handled drift_command(struct sl_view *v, const char *command)
{
  struct drift_state *s = sl_view_state(v);
  int64_t by;
  if (sl_move_by(command, 10, &by))
    s->at = (size_t)sl_move_to(s->at, s->n, by);
  else if (!strcmp(command, "left") || !strcmp(command, "right"))
    drift_past_move(&s->past, command[0] == 'l' ? -1 : 1);
  else if (!strcmp(command, "enter"))
    s->page = !s->page && s->n;
  else if (!strcmp(command, "verdict"))
    s->whole = !s->whole;
  else if (!strcmp(command, "refresh"))
    refresh(s);
  else if (!strcmp(command, "profile"))
    switch_profile(v, s);
  else if (!strcmp(command, "follow-link"))
    jump(v, s);
  else if (!strcmp(command, "partition"))
    open_partition(v, s);
  else if (!strcmp(command, "baseline"))
    data_go(v, s->ask.baseline);
  else if (!strcmp(command, "rows"))
    rows_go(v, s);
  else if (!strcmp(command, "export"))
    sl_view_prompt(v, "export to (.csv, .json, .ndjson)", "drift.csv", export_rows, NULL);
  else if (!strcmp(command, "back"))
    return back(s);
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
  sl_fmt_shell(b, sl_str(s->ask.tests ? s->ask.tests : all_tests));
  if (s->ask.model) {
    sl_buf_z(b, " --model ");
    sl_fmt_shell(b, sl_str(s->ask.model));
  }
  if (s->ask.profile)
    sl_buf_printf(b, " --profile %s", s->ask.profile);
}

static void drift_visible(struct sl_view *v, bool visible)
{
  struct drift_state *s = sl_view_state(v);
  sl_pane_visible(s->pane, visible);
  if (s->past.pane)
    sl_pane_visible(s->past.pane, visible);
}

static void drift_truth(struct sl_view *v, struct sl_buf *b) { sl_pane_truth(((struct drift_state *)sl_view_state(v))->pane, b); }

static const struct sl_bind drift_binds[] = {
  { "profile", "p", "the next profile's tests and thresholds: Evidently, Model Monitor, NannyML, Deequ" },
  { "partition", "o", "the chosen partition (h and l choose) against the baseline, in place of the current data" },
  { "verdict", "V", "the verdict alone, all of it" },
  { "baseline", "b", "to the baseline: its partition in the lake, or its rows" },
  { "rows", "v", "the rows of the current data (x leads to their partition in the lake)" },
};

const struct sl_view_ops sl_view_drift = {
  .name = "drift",
  .title = "drift",
  .help = "Two data sets, feature by feature: what has drifted first, then by effect (psi). The glyph is the verdict of the profile's own "
          "test; psi, js and Model Monitor's robust distance stand beside it as second opinions. p is of the chosen test, where it has "
          "one, else of ks; q (BH) is what it is worth among so many features: of those below 0.05 at most one in twenty is a false "
          "alarm. Enter shows one feature alone: both histograms over each other, or its categories, and every test with its limit and "
          "what it would be by chance. Of data from a zone a strip has a cell for each of the last partitions, the newest at the right, "
          "each against the same baseline: · fine, ░ near its limit (three quarters; a p below four times it), ▓ beyond, █ far beyond "
          "(twice it; a p below a thousandth of it), ? not judged, – missing, ! unreadable; in ASCII . : x # ? - !. h and l choose a "
          "cell, its figures stand below, x leads to that partition in the lake, o compares it. Esc leaves, and ends what is still asked.",
  .arg = "BASELINE CURRENT [profile=monitor] [persist=2/3] [last=14] [model=M]",
  .binds = drift_binds,
  .nbinds = sizeof drift_binds / sizeof drift_binds[0],
  .hints = "enter follow-link profile partition rows",
  .state_size = sizeof(struct drift_state),
  .open = drift_open,
  .close = drift_close,
  .draw = drift_draw,
  .command = drift_command,
  .crumb = drift_crumb,
  .count = drift_count,
  .truth = drift_truth,
  .subject = drift_subject,
  .cmdline = drift_cmdline,
  .visible = drift_visible,
};
