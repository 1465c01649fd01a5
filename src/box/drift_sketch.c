/* box/drift_sketch.c: features of two data sets by their sketches. Categories, and numbers of few different values, are compared by their
 * counts, as the values themselves would be. Of other numbers the distances are known between two bounds: the row has their middle and says
 * so, and is drifted, or not, only where both bounds agree. */
#include "box/drift_sketch.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"

/* EXPAND: so many values are written out to be compared as values. */
enum { SMALL = 1000, EXPAND = 1 << 21 };
struct pair { const struct sl_sketch_column *a, *b; struct drift_feature f; };

static const char *class_name(enum sl_sketch_class c)
{
  static const char *const names[] = { "number", "boolean", "text", "time", "nested value" };
  return names[c];
}

static enum sl_drift_kind kind_of(enum sl_sketch_class c)
{
  static const enum sl_drift_kind kinds[] = { SL_DRIFT_NUMERIC, SL_DRIFT_BOOLEAN, SL_DRIFT_TEXT, SL_DRIFT_TIME, SL_DRIFT_TEXT };
  return kinds[c];
}

static void count(struct drift_feature *f, int side, const struct sl_sketch *s)
{
  struct sl_sketch_counts n = sl_sketch_counts(s);
  f->pair.n[side] = (size_t)n.finite;
  f->missing[side] = (int64_t)(n.nulls + n.nans);
  f->infinite[side] = (int64_t)(n.plus_inf + n.minus_inf);
}

/* ---- few values: as the values themselves ---- */

/* numpy's type of both together, as pandas reads them: integers with holes are floats there. */
static void set_width(struct pair *p)
{
  bool whole = p->a->whole && p->b->whole, holes = p->f.missing[0] || p->f.missing[1];
  p->f.pair.width = whole ? holes ? SL_STAT_F64 : SL_STAT_INT : p->a->narrow && p->b->narrow ? SL_STAT_F32 : SL_STAT_F64;
  p->f.pair.base_width = p->a->narrow ? SL_STAT_F32 : SL_STAT_F64;
}

static double *written_out(const struct sl_sketch_cells *c, int side, size_t n)
{
  double *x = sl_calloc(n + 1, sizeof *x);
  for (size_t i = 0, at = 0; x && i < c->k; i++)
    for (double k = 0; k < c->count[side][i] && at < n; k++)
      x[at++] = c->value[i];
  return x;
}

static int few_numbers(struct drift_rows *o, struct pair *p, const struct sl_sketch_cells *c, struct sl_err *err)
{
  struct drift_feature *f = &p->f;
  double *x[2] = { written_out(c, 0, f->pair.n[0]), written_out(c, 1, f->pair.n[1]) }, *cells = NULL, distinct;
  bool exact, few = p->b->whole && !f->missing[1] && sl_sketch_distinct(p->b->s, &distinct, &exact) &&
                    distinct <= SL_DRIFT_INTEGER_CATEGORIES;
  int rc = x[0] && x[1] ? SL_OK : sl_err_nomem(err);
  f->pair.x[0] = x[0];
  f->pair.x[1] = x[1];
  f->numbers = f->pair;
  f->has_numbers = true;
  if (!rc && few && o->integers_may_be_categories)
    rc = sl_drift_as_categories(&f->pair, NULL, &cells, err);
  rc = rc ? rc : drift_rows_feature(o, f, err);
  sl_free(cells);
  sl_free(x[0]);
  sl_free(x[1]);
  return rc;
}

/* ---- many values: between bounds ---- */

/* What the profile would choose. */
static enum sl_drift_test own_choice(const struct drift_rows *o, const struct pair *p)
{
  enum sl_drift_test t;
  if (drift_rows_fixed(o, &t))
    return t;
  return p->f.pair.n[0] > SMALL ? SL_DRIFT_WASSERSTEIN : o->named ? SL_DRIFT_KS_EVIDENTLY : SL_DRIFT_KS;
}

static int bounds(const struct pair *p, enum sl_drift_test t, double b[2], bool *known, struct sl_err *err)
{
  const size_t *n = p->f.pair.n;
  double std;
  int rc = SL_OK;
  bool deequ = t == SL_DRIFT_LINF_DEEQU || t == SL_DRIFT_LINF_ROBUST_DEEQU;
  *known = !deequ || (n[0] > SL_DRIFT_DEEQU_DISTINCT && n[1] > SL_DRIFT_DEEQU_DISTINCT);
  if (!*known)
    return SL_OK;
  switch (t) {
  case SL_DRIFT_KS: case SL_DRIFT_KS_EVIDENTLY: case SL_DRIFT_LINF: case SL_DRIFT_LINF_DEEQU:
    return sl_sketch_ks(p->a->s, p->b->s, &b[0], &b[1], err);
  case SL_DRIFT_LINF_ROBUST: case SL_DRIFT_LINF_ROBUST_DEEQU:
    rc = sl_sketch_ks(p->a->s, p->b->s, &b[0], &b[1], err);
    b[0] = sl_stat_linf_robust(b[0], n[0], n[1]);
    b[1] = sl_stat_linf_robust(b[1], n[0], n[1]);
    return rc;
  case SL_DRIFT_WASSERSTEIN: case SL_DRIFT_WASSERSTEIN_SCIPY:
    rc = sl_sketch_wasserstein(p->a->s, p->b->s, &b[0], &b[1], err);
    std = sl_sketch_std(p->a->s);
    std = p->a->narrow ? (double)sqrtf((float)(std * std)) : std; /* as pandas rounds it */
    std = t == SL_DRIFT_WASSERSTEIN ? fmax(std, 0.001) : 1;
    b[0] /= std;
    b[1] /= std;
    return rc;
  default: *known = false; return SL_OK;
  }
}

static int p_of(const struct pair *p, enum sl_drift_test t, double d, double *out, struct sl_err *err)
{
  *out = (double)NAN;
  if (t == SL_DRIFT_KS || t == SL_DRIFT_KS_EVIDENTLY)
    *out = sl_stat_ks_p(&d, p->f.pair.n[0], p->f.pair.n[1]);
  return isnan(*out) && (t == SL_DRIFT_KS || t == SL_DRIFT_KS_EVIDENTLY) ? sl_err_nomem(err) : SL_OK;
}

/* Both bounds judged: *drifted -1 where they differ. The p-value is that of the middle. */
static int judge(const struct pair *p, enum sl_drift_test t, const double b[2], struct drift_given *g, struct sl_err *err)
{
  struct sl_drift_result r[2];
  int rc = SL_OK;
  for (int i = 0; i < 2 && !rc; i++) {
    r[i] = (struct sl_drift_result){ .statistic = b[i], .p = (double)NAN, .threshold = (double)NAN, .chance = (double)NAN };
    rc = p_of(p, t, b[i], &r[i].p, err);
    sl_drift_judge(t, &r[i]);
  }
  g->statistic = b[0] + (b[1] - b[0]) / 2;
  rc = rc ? rc : p_of(p, t, g->statistic, &g->p, err);
  if (!rc) {
    g->threshold = r[0].threshold;
    g->drifted = r[0].judged && r[1].judged && r[0].drifted == r[1].drifted ? r[0].drifted : -1;
  }
  return rc;
}

static int picture(const struct pair *p, struct drift_given *g, double step[2][DRIFT_BINS], struct sl_err *err)
{
  const struct sl_sketch *s[2] = { p->a->s, p->b->s };
  double low, high;
  int rc = SL_OK;
  g->low = fmin(sl_sketch_min(s[0]), sl_sketch_min(s[1]));
  g->high = fmax(sl_sketch_max(s[0]), sl_sketch_max(s[1]));
  bool some = g->low < g->high && isfinite(g->high - g->low);
  for (int i = 0; i < 2 && some && !rc; i++) {
    g->median[i] = sl_sketch_quantile(s[i], 0.5, &low, &high);
    g->count[i] = step[i];
    rc = sl_sketch_steps(s[i], g->low, g->high, DRIFT_BINS, step[i], err);
  }
  g->bins = some ? DRIFT_BINS : 0;
  return rc;
}

static int bounded_row(struct drift_rows *o, const struct pair *p, enum sl_drift_test t, bool chosen, bool first, struct sl_err *err)
{
  static const double none = (double)NAN;
  char note[128] = "needs the values: a sketch has only their buckets";
  double b[2], step[2][DRIFT_BINS];
  struct drift_given g = { .test = sl_drift_test_name(t), .tool = sl_drift_test_tool(t), .note = note, .statistic = none, .p = none,
                           .threshold = none, .drifted = -1, .chosen = chosen, .low = none, .high = none, .median = { none, none } };
  bool known;
  int rc = bounds(p, t, b, &known, err);
  if (!rc && known) {
    snprintf(note, sizeof note, "between %.7g and %.7g, from sketches", b[0], b[1]);
    rc = judge(p, t, b, &g, err);
  }
  if (!rc && first)
    rc = picture(p, &g, step, err);
  return rc ? rc : drift_rows_given(o, &p->f, &g, err);
}

/* Tests of categories take numbers only where these are few. */
static bool fits_many(enum sl_drift_test t)
{
  static const double x[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  const struct sl_drift_pair many = { .kind = SL_DRIFT_NUMERIC, .n = { 8, 8 }, .x = { x, x } };
  return sl_drift_test_fits(t, &many);
}

static int many_numbers(struct drift_rows *o, const struct pair *p, struct sl_err *err)
{
  enum sl_drift_test own = own_choice(o, p);
  bool first = true;
  int rc = SL_OK;
  if (!p->f.pair.n[0] || !p->f.pair.n[1])
    return drift_rows_counts(o, &p->f, err);
  if (o->automatic) {
    rc = bounded_row(o, p, own, true, true, err);
    first = false;
  }
  for (size_t i = 0; i < o->ntests && !rc; i++) {
    if ((o->automatic && o->test[i] == own) || !fits_many(o->test[i]))
      continue;
    rc = bounded_row(o, p, o->test[i], !o->automatic, first, err);
    first = false;
  }
  return rc;
}

static int compare_numbers(struct drift_rows *o, struct pair *p, struct sl_err *err)
{
  struct sl_sketch_cells c;
  bool known;
  int rc = sl_sketch_cells(p->a->s, p->b->s, &c, &known, err);
  if (rc)
    return rc;
  set_width(p);
  rc = known && p->f.pair.n[0] <= EXPAND && p->f.pair.n[1] <= EXPAND ? few_numbers(o, p, &c, err) : many_numbers(o, p, err);
  sl_sketch_cells_free(&c);
  return rc;
}

/* ---- categories ---- */

static int compare_cells(struct drift_rows *o, struct pair *p, const struct sl_sketch_cells *c, struct sl_err *err)
{
  struct sl_buf labels, only[2];
  sl_buf_init(&labels, 0);
  for (size_t i = 0; i < c->k && c->k <= DRIFT_BINS; i++)
    sl_list_add(&labels, p->b->is == SL_SKETCH_BOOL ? sl_str(c->value[i] > 0 ? "true" : "false") : drift_label(c->label[i]));
  p->f.labels = sl_buf_view(&labels);
  p->f.pair.ncells = c->k;
  p->f.pair.cell[0] = c->count[0];
  p->f.pair.cell[1] = c->count[1];
  int rc = sl_buf_check(&labels, err);
  for (int s = 0; s < 2; s++) {
    sl_buf_init(&only[s], 0);
    if (p->b->is != SL_SKETCH_BOOL)
      drift_only_cells(&p->f.pair, c->label, s, &only[s]);
    rc = rc ? rc : sl_buf_check(&only[s], err);
    p->f.only[s] = sl_buf_view(&only[s]);
  }
  rc = rc ? rc : drift_rows_feature(o, &p->f, err);
  p->f.labels = p->f.only[0] = p->f.only[1] = SL_STR_NONE;
  sl_buf_free(&only[0]);
  sl_buf_free(&only[1]);
  sl_buf_free(&labels);
  return rc;
}

/* Evidently's rule: text where more than half of the current values differ from each other. */
static int compare_texts(struct drift_rows *o, struct pair *p, struct sl_err *err)
{
  struct sl_sketch_cells c;
  double distinct = 0;
  bool exact, known, text = p->b->is == SL_SKETCH_WORDS;
  (void)sl_sketch_distinct(p->b->s, &distinct, &exact);
  bool category = p->b->is == SL_SKETCH_BOOL || (text && distinct * 2 <= (double)p->f.pair.n[1]);
  if (!category)
    return drift_rows_counts(o, &p->f, err);
  int rc = sl_sketch_cells(p->a->s, p->b->s, &c, &known, err);
  if (rc)
    return rc;
  if (known) {
    p->f.pair.kind = text ? SL_DRIFT_CATEGORICAL : SL_DRIFT_BOOLEAN;
    rc = compare_cells(o, p, &c, err);
  } else {
    snprintf(p->f.note, sizeof p->f.note, "more than %d values: sketches count only some", SL_SKETCH_TEXTS);
    rc = drift_rows_counts(o, &p->f, err);
  }
  sl_sketch_cells_free(&c);
  return rc;
}

/* ---- columns of both, and of one ---- */

static const struct sl_sketch_column *find(const struct sl_sketches *f, const char *name)
{
  for (size_t i = 0; i < f->n; i++)
    if (!strcmp(f->at[i].name, name))
      return &f->at[i];
  return NULL;
}

static int compare_one(struct drift_rows *o, const struct sl_sketch_column *a, const struct sl_sketch_column *b, struct sl_err *err)
{
  struct pair p = { .a = a, .b = b, .f = { .name = b->name, .pair.kind = kind_of(b->is) } };
  count(&p.f, 0, a->s);
  count(&p.f, 1, b->s);
  if (a->is == b->is)
    return b->is == SL_SKETCH_NUMBER ? compare_numbers(o, &p, err) : compare_texts(o, &p, err);
  if (!p.f.pair.n[0] || !p.f.pair.n[1]) { /* a column that is empty on one side has no type of its own there */
    p.f.pair.kind = kind_of(p.f.pair.n[0] ? a->is : b->is);
    return drift_rows_counts(o, &p.f, err);
  }
  snprintf(p.f.note, sizeof p.f.note, "retyped: %s, was %s", class_name(b->is), class_name(a->is));
  return drift_rows_schema(o, &p.f, err);
}

static int only_one(struct drift_rows *o, const struct sl_sketch_column *c, int side, struct sl_err *err)
{
  struct drift_feature f = { .name = c->name, .pair.kind = kind_of(c->is) };
  count(&f, side, c->s);
  snprintf(f.note, sizeof f.note, side ? "new" : "gone");
  return drift_rows_schema(o, &f, err);
}

int drift_sketch_compare(struct drift_rows *o, const struct sl_sketches *a, const struct sl_sketches *b, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < a->n; i++) {
    const struct sl_sketch_column *other = find(b, a->at[i].name);
    rc = other ? compare_one(o, &a->at[i], other, err) : only_one(o, &a->at[i], 0, err);
  }
  for (size_t i = 0; !rc && i < b->n; i++)
    if (!find(a, b->at[i].name))
      rc = only_one(o, &b->at[i], 1, err);
  return rc;
}

static int load(struct sl_box_ctx *c, duck_conn conn, const char *sql, const char *role, struct sl_sketches *out, struct sl_err *err)
{
  int rc = sketch_file_load(c, conn, sql, false, out, err);
  if (rc && err && rc != SL_ENOMEM)
    sl_err_prefix(err, "%s", role);
  return rc;
}

int drift_sketch_run(struct sl_box_ctx *c, duck_conn conn, const char *baseline, const char *current, struct drift_rows *o,
                     struct sl_err *err)
{
  struct sl_sketches a = { .at = NULL }, b = { .at = NULL };
  int rc = load(c, conn, baseline, "baseline", &a, err);
  rc = rc ? rc : load(c, conn, current, "current", &b, err);
  rc = rc ? rc : drift_sketch_compare(o, &a, &b, err);
  rc = rc ? rc : drift_rows_end(o, err);
  sl_sketches_free(&a);
  sl_sketches_free(&b);
  return rc;
}
