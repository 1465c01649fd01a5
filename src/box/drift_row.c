/* box/drift_row.c: rows of a comparison: a row a feature and test, the feature's picture with its first row. */
#include "box/drift_row.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"

enum { COL_FEATURE, COL_KIND, COL_TEST, COL_DEFINITION, COL_STATISTIC, COL_P, COL_THRESHOLD, COL_DRIFTED, COL_N, COL_MISSING = COL_N + 2,
       COL_INFINITE = COL_MISSING + 2, COL_Q = COL_INFINITE + 2, COL_BONFERRONI,
       COL_CHOSEN, COL_CHANCE, COL_NOTE, COL_MEDIAN, COL_LOW = COL_MEDIAN + 2,
       COL_HIGH, COL_HISTOGRAM, COL_CATEGORIES = COL_HISTOGRAM + 2, COL_ONLY, COL_ONLY_SHARE = COL_ONLY + 2 };

/* As the resource `drift` and its backend's own columns have them; only order and types count here. */
static const struct sl_col cols[] = {
  { .name = "feature", .type = SL_TEXT }, { .name = "kind", .type = SL_TEXT }, { .name = "test", .type = SL_TEXT },
  { .name = "definition", .type = SL_TEXT }, { .name = "statistic", .type = SL_F64 }, { .name = "p_value", .type = SL_F64 },
  { .name = "threshold", .type = SL_F64 }, { .name = "drifted", .type = SL_BOOL }, { .name = "n_baseline", .type = SL_I64 },
  { .name = "n_current", .type = SL_I64 }, { .name = "missing_baseline", .type = SL_I64 }, { .name = "missing_current", .type = SL_I64 },
  { .name = "infinite_baseline", .type = SL_I64 }, { .name = "infinite_current", .type = SL_I64 }, { .name = "q_value", .type = SL_F64 },
  { .name = "p_bonferroni", .type = SL_F64 },
  { .name = "chosen", .type = SL_BOOL }, { .name = "chance", .type = SL_F64 }, { .name = "note", .type = SL_TEXT },
  { .name = "median_baseline", .type = SL_F64 }, { .name = "median_current", .type = SL_F64 }, { .name = "low", .type = SL_F64 },
  { .name = "high", .type = SL_F64 }, { .name = "histogram_baseline", .type = SL_LIST }, { .name = "histogram_current", .type = SL_LIST },
  { .name = "categories", .type = SL_LIST }, { .name = "vanished_categories", .type = SL_LIST },
  { .name = "new_categories", .type = SL_LIST }, { .name = "vanished_share", .type = SL_F64 }, { .name = "new_share", .type = SL_F64 },
};

enum { GROUP_NONE, GROUP_CHOSEN, GROUP_TEST };

static const char *const profiles[] = { "evidently", "monitor", "nannyml", "deequ" };

static int add_test(struct drift_rows *o, struct sl_str name, struct sl_err *err)
{
  const char *tool = o->named ? profiles[o->profile] : NULL;
  enum sl_drift_test t;
  if (!name.n || sl_str_eqz(name, "auto")) {
    o->automatic = o->automatic || name.n;
    return SL_OK;
  }
  if (!sl_drift_test_find(name, tool, &t))
    return sl_err_set(err, SL_EUSAGE, "there is no test %.*s", SL_ARG(name));
  for (size_t i = 0; i < o->ntests; i++)
    if (o->test[i] == t)
      return SL_OK;
  if (o->ntests == DRIFT_TESTS_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d tests", DRIFT_TESTS_MAX);
  o->test[o->ntests++] = t;
  return SL_OK;
}

int drift_rows_begin(struct drift_rows *o, const struct drift_sink *to, struct sl_str tests, struct sl_str profile, struct sl_err *err)
{
  struct sl_str rest = tests, name;
  sl_arena_init(&o->mem, 0);
  *o = (struct drift_rows){ .to = *to, .mem = o->mem, .named = profile.n > 0 };
  for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
    if (sl_str_eqz(profile, profiles[i]))
      o->profile = (enum drift_profile)i;
  o->integers_may_be_categories = o->profile == DRIFT_EVIDENTLY; /* the others go by the column's type alone */
  o->texts_are_categories = o->profile == DRIFT_NANNYML || o->profile == DRIFT_DEEQU;
  int rc = SL_OK;
  while (!rc && sl_str_cut(&rest, ',', &name))
    rc = add_test(o, sl_str_trim(name), err);
  o->automatic = o->automatic || !o->ntests;
  o->chunked = o->automatic && o->profile == DRIFT_NANNYML;
  for (size_t i = 0; i < o->ntests; i++) {
    o->pca = o->pca || o->test[i] == SL_DRIFT_PCA;
    o->chunked = o->chunked || (o->test[i] != SL_DRIFT_PCA && !strcmp(sl_drift_test_tool(o->test[i]), profiles[DRIFT_NANNYML]));
  }
  o->only_pca = o->pca && o->ntests == 1 && !o->automatic;
  return rc;
}

int drift_rows_open(struct drift_rows *o, const struct drift_sink *to, struct sl_str tests, struct sl_str profile, struct sl_err *err)
{
  int rc = drift_rows_begin(o, to, tests, profile, err);
  if (!rc)
    rc = sl_schema_new(&o->schema, cols, sizeof cols / sizeof cols[0], NULL, 0, err);
  return rc ? rc : to->head(to->user, o->schema, err);
}

void drift_rows_forget(struct drift_rows *o)
{
  o->nheld = 0;
  sl_arena_reset(&o->mem);
}

void drift_rows_free(struct drift_rows *o)
{
  sl_batch_unref(o->batch);
  sl_schema_unref(o->schema);
  sl_free(o->held);
  sl_arena_free(&o->mem);
}

/* ---- rows that wait ---- */

static int keep_text(struct drift_rows *o, const char *z, const char **out, struct sl_err *err)
{
  *out = z ? sl_arena_strndup(&o->mem, z, strlen(z)) : NULL;
  return *out || !z ? SL_OK : sl_err_nomem(err);
}

static int keep_list(struct drift_rows *o, struct sl_str s, struct sl_str *out, struct sl_err *err)
{
  char *p = s.n ? sl_arena_strndup(&o->mem, s.p, s.n) : NULL;
  *out = sl_strn(p, p ? s.n : 0);
  return p || !s.n ? SL_OK : sl_err_nomem(err);
}

/* A new row of f; the last of o->held. */
static int begin(struct drift_rows *o, const struct drift_feature *f, const char *test, const char *tool, struct sl_err *err)
{
  static const double none = (double)NAN;
  int rc = sl_grow((void **)&o->held, &o->cap_held, o->nheld + 1, sizeof *o->held, DRIFT_ROWS_MAX, err);
  if (rc)
    return rc;
  struct drift_held *h = &o->held[o->nheld];
  *h = (struct drift_held){ .kind = sl_drift_kind_name(f->pair.kind), .test = test, .tool = tool, .n = { f->pair.n[0], f->pair.n[1] },
                            .missing = { f->missing[0], f->missing[1] }, .infinite = { f->infinite[0], f->infinite[1] },
                            .statistic = none, .p = none, .q = none, .bonferroni = none,
                            .threshold = none, .chance = none, .median = { none, none },
                            .low = none, .high = none, .drifted = -1, .chosen = -1, .only_share = { none, none } };
  bool empty = !f->pair.n[0] || !f->pair.n[1];
  rc = keep_text(o, f->name, &h->feature, err);
  if (!rc && (f->note[0] || empty))
    rc = keep_text(o, f->note[0] ? f->note : f->pair.n[0] ? "no value in the current data" : "no value in the baseline", &h->note, err);
  o->nheld += !rc;
  return rc;
}

static struct drift_held *last(struct drift_rows *o) { return &o->held[o->nheld - 1]; }

int drift_rows_counts(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err)
{
  return begin(o, f, "none", NULL, err);
}

int drift_rows_schema(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err)
{
  int rc = begin(o, f, "schema", NULL, err);
  if (rc)
    return rc;
  last(o)->drifted = last(o)->chosen = 1;
  return SL_OK;
}

/* ---- and are sent at the end ---- */

/* Of the rows whose p-values belong together. */
static int adjust(struct drift_rows *o, unsigned group, double *p, double *q, struct sl_err *err)
{
  size_t n = 0;
  for (size_t i = 0; i < o->nheld; i++)
    if (o->held[i].group == group)
      p[n++] = o->held[i].p;
  int rc = n ? sl_stat_bh(p, n, q, err) : SL_OK;
  for (size_t i = 0, k = 0; i < o->nheld && !rc; i++)
    if (o->held[i].group == group)
      o->held[i].q = q[k++];
  sl_stat_bonferroni(p, n, q);
  for (size_t i = 0, k = 0; i < o->nheld && !rc; i++)
    if (o->held[i].group == group)
      o->held[i].bonferroni = q[k++];
  return rc;
}

static int adjust_all(struct drift_rows *o, struct sl_err *err)
{
  double *p = sl_calloc(o->nheld + 1, sizeof *p), *q = sl_calloc(o->nheld + 1, sizeof *q);
  int rc = p && q ? SL_OK : sl_err_nomem(err);
  for (unsigned group = GROUP_CHOSEN; group < GROUP_TEST + SL_DRIFT_TESTS && !rc; group++)
    rc = adjust(o, group, p, q, err);
  sl_free(p);
  sl_free(q);
  return rc;
}

static int flush(struct drift_rows *o, struct sl_err *err)
{
  int rc = o->batch ? o->to.rows(o->to.user, o->batch, err) : SL_OK;
  sl_batch_unref(o->batch);
  o->batch = NULL;
  return rc;
}

static void set_list(struct sl_batch *b, unsigned col, struct sl_str s)
{
  if (s.n)
    sl_batch_set(b, col, sl_vas(SL_LIST, s));
}

static void put(struct sl_batch *b, const struct drift_held *h)
{
  sl_batch_set_text(b, COL_FEATURE, h->feature);
  sl_batch_set_text(b, COL_KIND, h->kind);
  sl_batch_set_text(b, COL_TEST, h->test);
  sl_batch_set_text(b, COL_DEFINITION, h->tool);
  sl_batch_set_text(b, COL_NOTE, h->note);
  sl_batch_set_number(b, COL_STATISTIC, h->statistic);
  sl_batch_set_number(b, COL_P, h->p);
  sl_batch_set_number(b, COL_Q, h->q);
  sl_batch_set_number(b, COL_BONFERRONI, h->bonferroni);
  sl_batch_set_number(b, COL_THRESHOLD, h->threshold);
  sl_batch_set_number(b, COL_CHANCE, h->chance);
  sl_batch_set_number(b, COL_LOW, h->low);
  sl_batch_set_number(b, COL_HIGH, h->high);
  if (h->drifted >= 0)
    sl_batch_set(b, COL_DRIFTED, sl_vb(h->drifted));
  if (h->chosen >= 0)
    sl_batch_set(b, COL_CHOSEN, sl_vb(h->chosen));
  for (unsigned s = 0; s < 2; s++) {
    if (!h->no_counts) {
      sl_batch_set(b, COL_N + s, sl_vi((int64_t)h->n[s]));
      sl_batch_set(b, COL_MISSING + s, sl_vi(h->missing[s]));
      sl_batch_set(b, COL_INFINITE + s, sl_vi(h->infinite[s]));
    }
    sl_batch_set_number(b, COL_MEDIAN + s, h->median[s]);
    set_list(b, COL_HISTOGRAM + s, h->histogram[s]);
    set_list(b, COL_ONLY + s, h->only[s]);
    sl_batch_set_number(b, COL_ONLY_SHARE + s, h->only_share[s]);
  }
  set_list(b, COL_CATEGORIES, h->categories);
}

int drift_rows_end(struct drift_rows *o, struct sl_err *err)
{
  char id[24];
  int rc = adjust_all(o, err);
  for (size_t i = 0; i < o->nheld && !rc; i++) {
    rc = o->batch && sl_batch_full(o->batch) ? flush(o, err) : SL_OK;
    if (!rc && !o->batch)
      rc = sl_batch_new(&o->batch, o->schema, err);
    if (rc)
      break;
    int n = snprintf(id, sizeof id, "%zu", i + 1);
    sl_batch_row(o->batch, SL_PUT, sl_strn(id, (size_t)n));
    put(o->batch, &o->held[i]);
  }
  return rc ? rc : flush(o, err);
}

/* ---- pictures: the same bins for both ---- */

static int keep_counts(struct drift_rows *o, struct sl_str *out, const double *count, size_t k, struct sl_err *err)
{
  struct sl_buf list;
  char text[32];
  sl_buf_init(&list, 0);
  for (size_t i = 0; i < k; i++) {
    int n = snprintf(text, sizeof text, "%.0f", count[i]);
    sl_list_add(&list, sl_strn(text, (size_t)n));
  }
  int rc = sl_buf_check(&list, err);
  rc = rc ? rc : keep_list(o, sl_buf_view(&list), out, err);
  sl_buf_free(&list);
  return rc;
}

static int picture_given(struct drift_rows *o, const struct drift_given *g, struct sl_err *err)
{
  struct drift_held *h = last(o);
  int rc = SL_OK;
  h->low = g->low;
  h->high = g->high;
  for (unsigned s = 0; s < 2 && !rc; s++) {
    h->median[s] = g->median[s];
    rc = keep_counts(o, &h->histogram[s], g->count[s], g->bins, err);
  }
  return rc;
}

int drift_rows_given(struct drift_rows *o, const struct drift_feature *f, const struct drift_given *g, struct sl_err *err)
{
  int rc = begin(o, f, g->test, g->tool, err);
  if (rc)
    return rc;
  struct drift_held *h = last(o);
  h->kind = g->kind ? g->kind : g->no_counts ? NULL : h->kind;
  h->note = NULL;
  h->statistic = g->statistic;
  h->p = g->p;
  h->threshold = g->threshold;
  h->drifted = g->drifted;
  h->chosen = g->chosen;
  h->no_counts = g->no_counts;
  rc = keep_text(o, g->test, &h->test, err);
  if (!rc && g->note && g->note[0])
    rc = keep_text(o, g->note, &h->note, err);
  return rc || !g->bins ? rc : picture_given(o, g, err);
}

/* The same where the values are elsewhere, and were counted there. */
static int picture_known(struct drift_rows *o, const struct sl_drift_pair *p, struct sl_err *err)
{
  const struct sl_drift_known *w = p->known;
  double lo = fmin(w->min[0], w->min[1]), hi = fmax(w->max[0], w->max[1]), edges[DRIFT_BINS + 1];
  struct drift_held *h = last(o);
  int rc = SL_OK;
  for (size_t s = 0; s < 2; s++)
    h->median[s] = w->median[s];
  if (!(hi > lo) || !isfinite(hi - lo))
    return SL_OK;
  sl_stat_linspace(lo, hi, DRIFT_BINS, SL_STAT_F64, edges);
  const struct sl_drift_bins *b = sl_drift_known_bins(w, edges, DRIFT_BINS);
  if (!b)
    return SL_OK;
  h->low = lo;
  h->high = hi;
  for (unsigned s = 0; s < 2 && !rc; s++)
    rc = keep_counts(o, &h->histogram[s], b->count[s], DRIFT_BINS, err);
  return rc;
}

static int picture_numbers(struct drift_rows *o, const struct sl_drift_pair *p, struct sl_err *err)
{
  if (p->known)
    return picture_known(o, p, err);
  double lo = (double)INFINITY, hi = -(double)INFINITY, edges[DRIFT_BINS + 1], count[DRIFT_BINS];
  struct drift_held *h = last(o);
  int rc = SL_OK;
  for (size_t s = 0; s < 2; s++)
    if (p->n[s]) {
      lo = fmin(lo, p->x[s][0]);
      hi = fmax(hi, p->x[s][p->n[s] - 1]);
      h->median[s] = sl_stat_quantile(p->x[s], p->n[s], 0.5);
    }
  if (!(hi > lo) || !isfinite(hi - lo))
    return SL_OK;
  h->low = lo;
  h->high = hi;
  sl_stat_linspace(lo, hi, DRIFT_BINS, SL_STAT_F64, edges);
  for (unsigned s = 0; s < 2 && !rc; s++) {
    sl_stat_count(p->x[s], p->n[s], edges, DRIFT_BINS, count);
    rc = keep_counts(o, &h->histogram[s], count, DRIFT_BINS, err);
  }
  return rc;
}

/* What categories came and went; of integers by their numbers. */
static int came_and_went(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err)
{
  struct drift_held *h = last(o);
  int rc = SL_OK;
  drift_only_shares(&f->pair, h->only_share);
  for (int s = 0; s < 2 && !rc; s++) {
    struct sl_buf list;
    sl_buf_init(&list, 0);
    if (f->has_numbers && h->only_share[s] > 0)
      drift_only_numbers(&f->numbers, s, &list);
    rc = sl_buf_check(&list, err);
    rc = rc ? rc : keep_list(o, f->has_numbers ? sl_buf_view(&list) : f->only[s], &h->only[s], err);
    sl_buf_free(&list);
  }
  return rc;
}

static int picture(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err)
{
  const struct sl_drift_pair *p = &f->pair;
  int rc = p->ncells ? came_and_went(o, f, err) : SL_OK;
  if (rc)
    return rc;
  if (f->has_numbers)
    return picture_numbers(o, &f->numbers, err);
  for (unsigned s = 0; s < 2 && p->ncells && p->ncells <= DRIFT_BINS && !rc; s++)
    rc = keep_counts(o, &last(o)->histogram[s], p->cell[s], p->ncells, err);
  return rc ? rc : keep_list(o, f->labels, &last(o)->categories, err);
}

/* ---- tests ---- */

/* One p-value a feature belongs to the tests that the profile chose; those of a test that was named, to each other. */
static int test_row(struct drift_rows *o, const struct drift_feature *f, enum sl_drift_test t, bool chosen, bool first, struct sl_err *err)
{
  struct sl_drift_result r;
  int rc = sl_drift_run(&f->pair, t, &r, err);
  if (!rc)
    rc = begin(o, f, sl_drift_test_name(t), sl_drift_test_tool(t), err);
  if (rc)
    return rc;
  struct drift_held *h = last(o);
  if (!h->note && o->chunked && !strcmp(h->tool, profiles[DRIFT_NANNYML]) && !isnan(r.statistic) && isnan(r.threshold) && isnan(r.p))
    h->note = f->pair.chunks ? "a baseline of fewer than ten rows has no limit" : "its limit needs the baseline's rows";
  if (!h->note && r.needs_values)
    h->note = "needs the values, which stay in the engine";
  h->statistic = r.statistic;
  h->p = r.p;
  h->threshold = r.threshold;
  h->chance = r.chance;
  h->drifted = r.judged ? r.drifted : -1;
  h->chosen = chosen;
  h->group = isnan(r.p) ? GROUP_NONE : chosen && o->automatic ? GROUP_CHOSEN : GROUP_TEST + (unsigned)t;
  return first ? picture(o, f, err) : SL_OK;
}

bool drift_rows_fixed(const struct drift_rows *o, enum sl_drift_test *t)
{
  static const enum sl_drift_test of[] = { SL_DRIFT_TESTS, SL_DRIFT_LINF_ROBUST, SL_DRIFT_JS_NANNYML, SL_DRIFT_LINF_ROBUST_DEEQU };
  *t = of[o->profile];
  return o->profile != DRIFT_EVIDENTLY;
}

static bool choose(const struct drift_rows *o, const struct drift_feature *f, enum sl_drift_test *t)
{
  if (drift_rows_fixed(o, t))
    return sl_drift_test_fits(*t, &f->pair);
  if (!sl_drift_auto(&f->pair, t))
    return false;
  if (*t == SL_DRIFT_KS_EVIDENTLY && !o->named)
    *t = SL_DRIFT_KS;
  return true;
}

bool drift_rows_choice(const struct drift_rows *o, const struct drift_feature *f, enum sl_drift_test *t)
{
  return o->automatic && choose(o, f, t);
}

/* Of the profile's own test no second row: Evidently's ks is scipy's. */
static bool same_test(enum sl_drift_test a, enum sl_drift_test b)
{
  return a == b || ((a == SL_DRIFT_KS || a == SL_DRIFT_KS_EVIDENTLY) && (b == SL_DRIFT_KS || b == SL_DRIFT_KS_EVIDENTLY));
}

static bool asked(const struct drift_rows *o, enum sl_drift_test t)
{
  for (size_t i = 0; i < o->ntests; i++)
    if (o->test[i] == t)
      return true;
  return false;
}

/* Nobody named a tool: Evidently's rule is followed, and what it or Model Monitor would report gets Model Monitor's figure too. */
static int second_opinion(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err)
{
  struct sl_drift_result r;
  int drifted = last(o)->drifted;
  if (o->named || o->one_opinion || drifted < 0 || asked(o, SL_DRIFT_LINF_ROBUST))
    return SL_OK;
  int rc = sl_drift_run(&f->pair, SL_DRIFT_LINF_ROBUST, &r, err);
  return !rc && r.judged && (drifted || r.drifted) ? test_row(o, f, SL_DRIFT_LINF_ROBUST, false, false, err) : rc;
}

int drift_rows_feature(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err)
{
  enum sl_drift_test own = SL_DRIFT_TESTS;
  bool chosen = o->automatic && choose(o, f, &own), any = chosen;
  int rc = chosen ? test_row(o, f, own, true, true, err) : SL_OK;
  if (!rc && chosen)
    rc = second_opinion(o, f, err);
  for (size_t i = 0; !rc && i < o->ntests; i++)
    if (sl_drift_test_fits(o->test[i], &f->pair) && !(chosen && same_test(o->test[i], own))) {
      rc = test_row(o, f, o->test[i], !o->automatic, !any, err);
      any = true;
    }
  if (rc || any || !o->automatic)
    return rc;
  rc = drift_rows_counts(o, f, err); /* text, times: counts are still worth a row */
  return rc ? rc : picture(o, f, err);
}
