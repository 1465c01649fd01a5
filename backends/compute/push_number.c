/* backends/compute/push_number.c: a numeric feature whose values stay in the engine.
 *
 * First its two distribution functions: distances, medians, how many different values. Up to SL_PUSH_VALUES different ones come with
 * their counts, and are compared as values. Of more, sums and the counts between edges that are worked out here. */
#include <math.h>
#include <string.h>

#include "backend_compute/push_drift_int.h"

/* EXPAND: so many values are written out to be compared as values. */
enum { EXPAND = 1 << 21, EDGES_MAX = 4096 };

static const struct sl_drift_pair *pair_of(const struct push_drift *w) { return &w->now.f.pair; }

/* Every test that will be run over it as a number. */
static bool candidate(const struct push_drift *w, size_t i, enum sl_drift_test *t)
{
  if (i < w->out.ntests) {
    *t = w->out.test[i];
    return sl_drift_test_fits(*t, pair_of(w));
  }
  return drift_rows_choice(&w->out, &w->now.f, t);
}

static bool wanted(const struct push_drift *w, bool (*is)(const struct sl_drift_pair *p, enum sl_drift_test t))
{
  enum sl_drift_test t;
  for (size_t i = 0; i <= w->out.ntests; i++)
    if (candidate(w, i, &t) && is(pair_of(w), t))
      return true;
  return false;
}

static bool is_doane(const struct sl_drift_pair *p, enum sl_drift_test t)
{
  (void)p;
  return t == SL_DRIFT_JS_NANNYML || t == SL_DRIFT_HELLINGER_NANNYML;
}

static bool is_once(const struct sl_drift_pair *p, enum sl_drift_test t)
{
  (void)p;
  return t == SL_DRIFT_LINF_DEEQU || t == SL_DRIFT_LINF_ROBUST_DEEQU;
}

static int ask_value_chunks(struct push_drift *w, struct sl_err *err);
static double or_none(double v) { return isnan(v) ? 0 : v; }

/* ---- the end ---- */

static int finish(struct push_drift *w, struct sl_err *err)
{
  struct push_feature *now = &w->now;
  now->f.numbers = now->f.pair;
  now->f.has_numbers = true;
  if (now->few) {
    int rc = sl_drift_as_categories(&now->f.pair, NULL, &now->cells, err);
    if (rc)
      return rc;
  }
  return push_drift_feature(w, err);
}

/* ---- histograms ---- */

/* Takes edges; *which: the bins that have them. */
static int add_bins(struct push_feature *now, double *edges, size_t k, size_t *which, struct sl_err *err)
{
  struct sl_drift_known *w = &now->known;
  const struct sl_drift_bins *same = edges ? sl_drift_known_bins(w, edges, k) : NULL;
  *which = same ? (size_t)(same - w->bins) : w->nbins;
  if (!edges || w->nbins == SL_DRIFT_BINS || same) {
    sl_free(edges);
    return SL_OK;
  }
  double *count = sl_calloc(2 * k + 1, sizeof *count);
  w->bins[w->nbins++] = (struct sl_drift_bins){ .edges = edges, .k = k, .count = { count, count ? count + k : NULL } };
  return count ? SL_OK : sl_err_nomem(err);
}

static int bins_of(struct push_drift *w, enum sl_drift_test t, size_t *which, struct sl_err *err)
{
  double *edges;
  size_t k;
  int rc = sl_drift_bins_of(pair_of(w), t, &edges, &k, err);
  return rc ? rc : add_bins(&w->now, edges, k, which, err);
}

/* As drift_row.c draws it. */
static int picture_bins(struct push_drift *w, struct sl_err *err)
{
  const struct sl_drift_known *k = &w->now.known;
  double lo = fmin(k->min[0], k->min[1]), hi = fmax(k->max[0], k->max[1]);
  if (!(hi > lo) || !isfinite(hi - lo))
    return SL_OK;
  double *edges = sl_calloc(DRIFT_BINS + 1, sizeof *edges);
  size_t which;
  if (!edges)
    return sl_err_nomem(err);
  sl_stat_linspace(lo, hi, DRIFT_BINS, SL_STAT_F64, edges);
  return add_bins(&w->now, edges, DRIFT_BINS, &which, err);
}

/* The edges of bins from..to-1 one behind the other. */
static int lay_edges(struct push_feature *now, size_t from, size_t to, struct sl_err *err)
{
  size_t n = 0;
  for (size_t i = from; i < to; i++)
    n += now->known.bins[i].k + 1;
  sl_free(now->edge);
  sl_free(now->last);
  now->edge = sl_calloc(n + 1, sizeof *now->edge);
  now->last = sl_calloc(n + 1, sizeof *now->last);
  now->nedge = 0;
  if (!now->edge || !now->last)
    return sl_err_nomem(err);
  if (n > EDGES_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu edges of histograms; at most %d are asked for", n, EDGES_MAX);
  for (size_t i = from; i < to; i++)
    for (size_t k = 0; k <= now->known.bins[i].k; k++) {
      now->last[now->nedge] = k == now->known.bins[i].k;
      now->edge[now->nedge++] = now->known.bins[i].edges[k];
    }
  return SL_OK;
}

/* What lies below each edge, from column `first` of a row, becomes what lies between them. */
static void take_bins(const struct push_answer *a, size_t row, unsigned first, double *count, size_t k)
{
  for (size_t i = 0; i < k; i++)
    count[i] = push_f64(a, row, first + (unsigned)i + 1) - push_f64(a, row, first + (unsigned)i);
}

static size_t first_of(const struct push_feature *now, size_t from, size_t bin)
{
  size_t at = 0;
  for (size_t i = from; i < bin; i++)
    at += now->known.bins[i].k + 1;
  return at;
}

/* ---- the baseline's chunks between the edges of its own shape ---- */

static int on_chunks(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_drift *w = (struct push_drift *)p;
  struct push_feature *now = &w->now;
  struct sl_drift_bins *b = &now->known.bins[now->doane];
  struct sl_drift_chunks *k = &now->f.chunks;
  size_t size, n = push_drift_chunks(w, &size);
  if (push_rows(a) != n)
    return sl_err_set(err, SL_ECONFLICT, "the data changed while it was read");
  b->chunk = sl_calloc(n * b->k + 1, sizeof *b->chunk);
  if (!b->chunk)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) {
    k->at[i + 1] = k->at[i] + (size_t)push_f64(a, i, 0);
    take_bins(a, i, 1, b->chunk + i * b->k, b->k);
  }
  k->n = n;
  return finish(w, err);
}

static int ask_chunks(struct push_drift *w, struct sl_err *err)
{
  struct push_feature *now = &w->now;
  size_t size, n = push_drift_chunks(w, &size);
  now->f.pair.chunks = w->push.p.d->number_rows ? &now->f.chunks : NULL;
  int rc = n ? lay_edges(now, now->doane, now->doane + 1, err) : finish(w, err);
  if (rc || !n)
    return rc;
  struct sl_push_edges e = { now->edge, now->last, now->nedge };
  sl_push_shape_chunks(&w->push.sql, &w->push.p, now->col[0], size, &e);
  return push_drift_ask(w, on_chunks, err);
}

/* ---- sums, and counts between edges ---- */

/* Powers of two, so that no digit is lost: squares of tiny and of huge numbers stay doubles. */
static void set_unit(struct sl_drift_known *k)
{
  double most = 0;
  int e;
  for (int s = 0; s < 2; s++)
    most = fmax(most, fmax(or_none(k->max[s]) - k->from, k->from - or_none(k->min[s])));
  (void)frexp(most, &e);
  k->unit = most > 0 && isfinite(most) ? ldexp(1, e > 1000 ? 1000 : e) : 1;
}

/* About the mean as a double has it, as numpy and sl_stat_std() take it: of numbers far from 0 that is not quite the mean. */
static double deviation(const struct sl_drift_known *w, double n, double m, double sum, double squares)
{
  double mean = (double)((long double)n * (long double)w->from + (long double)sum * (long double)w->unit) / n;
  double off = (mean - w->from) - m * w->unit;
  return sqrt((squares * w->unit * w->unit + (isfinite(off) ? n * off * off : 0)) / n);
}

/* Sums of the powers of (x - from) / unit become the mean, the squares about it, and the skewness. The deviation and whether there is a
 * skewness are what plain doubles make of it, as locally. */
static void take_moments(struct push_feature *now, const struct push_answer *a)
{
  struct sl_drift_known *w = &now->known;
  for (int s = 0; s < 2; s++) {
    double n = (double)now->f.pair.n[s];
    double s1 = push_f64(a, (size_t)s, 1), s2 = push_f64(a, (size_t)s, 2), s3 = push_f64(a, (size_t)s, 3);
    if (!(n > 0))
      continue;
    double m = or_none(s1) / n, ss = isnan(s2) ? (double)INFINITY : fmax(0, s2 - n * m * m), sd = sqrt(ss / n);
    w->mean[s] = m;
    w->squares[s] = ss;
    if (s)
      break;
    w->std = deviation(w, n, m, or_none(s1), ss);
    if (n > 2 && w->std > 0)
      w->skew = isfinite(w->std) ? ((s3 - 3 * m * s2) / n + 2 * m * m * m) / (sd * sd * sd) : 0;
  }
}

static int ask_shape(struct push_drift *w, size_t from, push_step *next, struct sl_err *err)
{
  struct push_feature *now = &w->now;
  int rc = lay_edges(now, from, now->known.nbins, err);
  struct sl_push_edges e = { now->edge, now->last, now->nedge };
  if (rc)
    return rc;
  sl_push_shape(&w->push.sql, &w->push.p, now->col, now->known.from, now->known.unit, &e);
  return push_drift_ask(w, next, err);
}

static void take_all_bins(struct push_feature *now, const struct push_answer *a, size_t from)
{
  for (size_t i = from; i < now->known.nbins; i++)
    for (int s = 0; s < 2; s++)
      take_bins(a, (size_t)s, 4 + (unsigned)first_of(now, from, i), now->known.bins[i].count[s], now->known.bins[i].k);
}

static int on_doane(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_drift *w = (struct push_drift *)p;
  take_all_bins(&w->now, a, w->now.doane);
  return ask_chunks(w, err);
}

static int on_shape(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_drift *w = (struct push_drift *)p;
  struct push_feature *now = &w->now;
  take_moments(now, a);
  take_all_bins(now, a, 0);
  size_t before = now->known.nbins;
  if (now->few && w->out.chunked)
    return ask_value_chunks(w, err);
  if (!wanted(w, is_doane) || now->few)
    return finish(w, err);
  int rc = bins_of(w, SL_DRIFT_JS_NANNYML, &now->doane, err);
  if (rc)
    return rc;
  if (now->known.nbins > before)
    return ask_shape(w, before, on_doane, err);
  return now->doane < before ? ask_chunks(w, err) : finish(w, err); /* no histogram holds them */
}

static int ask_numbers(struct push_drift *w, struct sl_err *err)
{
  enum sl_drift_test t;
  size_t which;
  int rc = picture_bins(w, err);
  for (size_t i = 0; i <= w->out.ntests && !rc; i++)
    if (candidate(w, i, &t) && !is_doane(pair_of(w), t))
      rc = bins_of(w, t, &which, err);
  return rc ? rc : ask_shape(w, 0, on_shape, err);
}

/* ---- Deequ's distance of the different ones ---- */

static double gap(double most, const double n[2]) { return or_none(most) / (n[0] * n[1]); }

static int on_once(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_drift *w = (struct push_drift *)p;
  struct sl_drift_known *k = &w->now.known;
  k->ks_once = gap(push_f64(a, 0, 3), k->n_once);
  return ask_numbers(w, err);
}

static int ask_once(struct push_drift *w, struct sl_err *err)
{
  struct push_feature *now = &w->now;
  struct sl_drift_known *k = &now->known;
  struct sl_push_course c = now->course;
  for (int s = 0; s < 2; s++) {
    c.once[s] = now->f.pair.n[s] <= SL_DRIFT_DEEQU_DISTINCT && k->distinct[s] < c.n[s];
    k->n_once[s] = c.n[s] = c.once[s] ? k->distinct[s] : c.n[s];
  }
  k->ks_once = k->ks;
  c.nrank = 0;
  if (!now->f.pair.n[0] || !now->f.pair.n[1] || (!c.once[0] && !c.once[1]) || !wanted(w, is_once))
    return ask_numbers(w, err);
  sl_push_course(&w->push.sql, &w->push.p, now->col, &c);
  return push_drift_ask(w, on_once, err);
}

/* ---- few values: as the values themselves ---- */

static double *written_out(const double *value, const double *count, size_t k, size_t n)
{
  double *x = sl_calloc(n + 1, sizeof *x);
  for (size_t i = 0, at = 0; x && i < k; i++)
    for (double j = 0; j < count[i] && at < n; j++)
      x[at++] = value[i];
  return x;
}

static int expand(struct push_feature *now, const double *value, size_t k, struct sl_err *err)
{
  for (int s = 0; s < 2; s++) {
    now->x[s] = written_out(value, now->known.cell[s], k, now->f.pair.n[s]);
    if (!now->x[s])
      return sl_err_nomem(err);
    now->f.pair.x[s] = now->x[s];
  }
  now->f.pair.known = NULL;
  return SL_OK;
}

/* A column a chunk of the baseline's rows, the values' counts in order. */
static int on_value_chunks(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_drift *w = (struct push_drift *)p;
  struct push_feature *now = &w->now;
  struct sl_drift_chunks *k = &now->f.chunks;
  size_t size, n = push_drift_chunks(w, &size), values = (size_t)now->known.distinct[2], at = 0;
  if (now->few) {
    int rc = push_drift_take_cells(w, a, values, err);
    return rc ? rc : finish(w, err);
  }
  if (push_rows(a) != values)
    return sl_err_set(err, SL_ECONFLICT, "the data changed while it was read");
  now->chunk = sl_calloc(now->f.pair.n[0] + 1, sizeof *now->chunk);
  if (!now->chunk)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) {
    for (size_t v = 0; v < values; v++)
      for (double j = push_f64(a, v, (unsigned)i + 1); j > 0 && at < now->f.pair.n[0]; j--)
        now->chunk[at++] = push_f64(a, v, 0);
    k->at[i + 1] = at;
  }
  k->n = n;
  k->x = now->chunk;
  return finish(w, err);
}

static int ask_value_chunks(struct push_drift *w, struct sl_err *err)
{
  size_t size, n = push_drift_chunks(w, &size);
  w->now.f.pair.chunks = w->push.p.d->number_rows ? &w->now.f.chunks : NULL;
  if (!n)
    return finish(w, err);
  sl_push_value_chunks(&w->push.sql, &w->push.p, w->now.col, size, n, SL_PUSH_CELLS);
  return push_drift_ask(w, on_value_chunks, err);
}

static int on_values(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_drift *w = (struct push_drift *)p;
  struct push_feature *now = &w->now;
  size_t k = push_rows(a);
  if ((double)k != now->known.distinct[2])
    return sl_err_set(err, SL_ECONFLICT, "the data changed while it was read");
  double *value = now->known.value = sl_calloc(k + 1, sizeof *value), *cell = now->known.cell[0] = sl_calloc(2 * k + 1, sizeof *cell);
  now->known.cell[1] = cell ? cell + k : NULL;
  int rc = value && cell ? SL_OK : sl_err_nomem(err);
  for (size_t i = 0; i < k && !rc; i++) {
    value[i] = push_f64(a, i, 0);
    cell[i] = push_f64(a, i, 1);
    cell[k + i] = push_f64(a, i, 2);
  }
  bool few = k <= SL_PUSH_VALUES && now->f.pair.n[0] <= EXPAND && now->f.pair.n[1] <= EXPAND;
  if (!rc && few)
    rc = expand(now, value, k, err);
  if (rc)
    return rc;
  return !few ? ask_once(w, err) : w->out.chunked ? ask_value_chunks(w, err) : finish(w, err);
}

/* ---- both distribution functions ---- */

static double rank(const struct push_answer *a, size_t n, unsigned first)
{
  double at = 0.5 * (double)(n - 1), low = push_f64(a, 0, first), high = push_f64(a, 0, first + 1);
  return !n ? (double)NAN : isnan(high) ? low : low + (high - low) * (at - floor(at));
}

static int on_course(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_drift *w = (struct push_drift *)p;
  struct push_feature *now = &w->now;
  struct sl_drift_known *k = &now->known;
  static const unsigned both_first[] = { 1, 2, 0 };
  for (int i = 0; i < 3; i++)
    k->distinct[i] = push_f64(a, 0, both_first[i]);
  k->ks = gap(push_f64(a, 0, 3), now->course.n);
  k->wasserstein = or_none(push_f64(a, 0, 4));
  k->energy = or_none(push_f64(a, 0, 5));
  k->spread[1] = or_none(push_f64(a, 0, 6));
  k->spread[0] = or_none(push_f64(a, 0, 7));
  for (int s = 0; s < 2; s++)
    k->median[s] = rank(a, now->f.pair.n[s], SL_PUSH_COURSE + 2 * (unsigned)s);
  k->from = now->f.pair.n[0] ? k->median[0] : or_none(k->median[1]);
  set_unit(k);
  now->few = now->col[1]->whole && !now->f.missing[1] && k->distinct[1] <= SL_DRIFT_INTEGER_CATEGORIES &&
             w->out.integers_may_be_categories;
  if (!(k->distinct[2] > 0))
    return finish(w, err);
  bool by_value = now->few || wanted(w, sl_drift_by_value);
  if (now->few && k->distinct[2] > SL_PUSH_CELLS)
    return push_drift_too_many(w, err);
  if (k->distinct[2] > SL_PUSH_VALUES && !(by_value && k->distinct[2] <= SL_PUSH_CELLS))
    return ask_once(w, err);
  sl_push_values(&w->push.sql, &w->push.p, now->col, 0, SL_PUSH_CELLS + 1);
  return push_drift_ask(w, on_values, err);
}

/* numpy's type of both together, as pandas reads them: integers with holes are floats there. */
static void set_width(struct push_feature *now)
{
  const struct sl_push_column *a = now->col[0], *b = now->col[1];
  bool whole = a->whole && b->whole, holes = now->f.missing[0] || now->f.missing[1];
  now->f.pair.width = whole ? holes ? SL_STAT_F64 : SL_STAT_INT : a->narrow && b->narrow ? SL_STAT_F32 : SL_STAT_F64;
  now->f.pair.base_width = a->narrow ? SL_STAT_F32 : SL_STAT_F64;
}

int push_number(struct push_drift *w, struct sl_err *err)
{
  struct push_feature *now = &w->now;
  static const double none = (double)NAN;
  now->known = (struct sl_drift_known){ .skew = none, .ks_once = none };
  now->course.nrank = 2;
  for (int s = 0; s < 2; s++) {
    const double *count = w->push.side[s].count[now->at[s]];
    now->f.pair.n[s] = (size_t)or_none(count[1]);
    now->f.infinite[s] = (int64_t)or_none(count[2]);
    now->f.missing[s] = (int64_t)w->push.side[s].rows - (int64_t)now->f.pair.n[s] - now->f.infinite[s];
    now->known.min[s] = count[4];
    now->known.max[s] = count[5];
    now->course.n[s] = or_none(count[1]);
    now->course.rank[s][0] = floor(0.5 * (now->course.n[s] - 1));
    now->course.rank[s][1] = now->course.rank[s][0] + 1;
  }
  now->f.pair.kind = SL_DRIFT_NUMERIC;
  now->f.pair.known = &now->known;
  set_width(now);
  sl_push_course(&w->push.sql, &w->push.p, now->col, &now->course);
  return push_drift_ask(w, on_course, err);
}
