/* compute/monitor_check.c: statistics compared with statistics under constraints, check by check as Model Monitor's container does.
 *
 * Distances are Deequ's (analyzers/Distance.scala). Where neither documents nor source say how a check counts, docs/internals/monitor.md
 * says what was chosen: a baseline never violates itself. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "compute/monitor.h"
#include "compute/stat.h"

enum { YATES = 5, COCHRAN = 10 };

struct check {
  struct sl_monitor_check *out;
  const struct sl_monitor_stats *base, *now;
  const struct sl_monitor_constraints *c;
  unsigned tests;
  struct sl_map names;           /* features of now */
  struct sl_err *err;
};

static struct sl_monitor_row *row(struct check *k, const char *feature, const char *test, const struct sl_monitor_feature *b,
                                  const struct sl_monitor_feature *n)
{
  static const double none = (double)NAN;
  struct sl_monitor_check *o = k->out;
  if (sl_grow((void **)&o->at, &o->cap, o->n + 1, sizeof *o->at, (size_t)SL_MONITOR_FEATURES_MAX * 8, k->err))
    return NULL;
  struct sl_monitor_row *r = &o->at[o->n++];
  *r = (struct sl_monitor_row){ .feature = feature, .test = test, .base = b, .now = n, .statistic = none, .p = none, .threshold = none,
                                .violated = -1 };
  return r;
}

static int failed(const struct check *k) { return k->err->code ? k->err->code : SL_ENOMEM; }

/* ---- numbers ---- */

/* The distribution function at the edges of buckets: what is left where a file has no sketch. */
static double below(const struct sl_monitor_feature *f, double x, double *all)
{
  double sum = 0;
  *all = 0;
  for (size_t i = 0; i < f->nbuckets; i++) {
    const struct sl_monitor_bucket *b = &f->bucket[i];
    double part = x >= b->hi ? 1 : x <= b->lo ? 0 : (x - b->lo) / (b->hi - b->lo);
    sum += b->count * part;
    *all += b->count;
  }
  return *all > 0 ? sum / *all : (double)NAN;
}

static double linf_buckets(const struct sl_monitor_feature *a, const struct sl_monitor_feature *b, double n[2])
{
  double most = 0;
  for (int s = 0; s < 2; s++) {
    const struct sl_monitor_feature *f = s ? b : a;
    for (size_t i = 0; i < f->nbuckets; i++) {
      double d = fabs(below(a, f->bucket[i].hi, &n[0]) - below(b, f->bucket[i].hi, &n[1]));
      most = isnan(d) ? d : fmax(most, d);
    }
  }
  return a->nbuckets && b->nbuckets ? most : (double)NAN;
}

static double robust(double linf, const double n[2])
{
  return fmax(0, linf - 1.8 * sqrt((n[0] + n[1]) / (n[0] * n[1])));
}

struct distance { double linf, full, n[2]; bool repeats, sketched; };

static int sketches(struct check *k, const struct sl_kll *a, const struct sl_kll *b, struct distance *d)
{
  const struct sl_kll *side[2] = { a, b };
  struct sl_kll_ranks deequ[2] = { { 0 } }, all[2] = { { 0 } };
  int rc = SL_OK;
  for (int s = 0; s < 2 && !rc; s++) {
    rc = sl_kll_ranks(side[s], SL_KLL_DEEQU, &deequ[s], k->err);
    if (!rc)
      rc = sl_kll_ranks(side[s], SL_KLL_ALL, &all[s], k->err);
  }
  if (!rc) {
    d->linf = sl_kll_linf(&deequ[0], &deequ[1]);
    d->full = sl_kll_linf(&all[0], &all[1]);
    d->repeats = deequ[0].repeats || deequ[1].repeats;
    for (int s = 0; s < 2; s++)
      d->n[s] = deequ[s].n ? deequ[s].rank[deequ[s].n - 1] : 0;
  }
  for (int s = 0; s < 2; s++) {
    sl_kll_ranks_free(&deequ[s]);
    sl_kll_ranks_free(&all[s]);
  }
  return rc;
}

static int distance(struct check *k, const struct sl_monitor_feature *a, const struct sl_monitor_feature *b, struct distance *d)
{
  *d = (struct distance){ .linf = (double)NAN, .sketched = a->has_sketch && b->has_sketch };
  if (d->sketched)
    return sketches(k, &a->sketch, &b->sketch, d);
  d->linf = d->full = linf_buckets(a, b, d->n);
  return SL_OK;
}

static int put_distance(struct check *k, const struct sl_monitor_feature *b, const struct sl_monitor_feature *n, const struct distance *d,
                        bool simple, const struct sl_monitor_config *conf, bool judged, double limit)
{
  struct sl_monitor_row *r = row(k, b->name, simple ? "linf" : "linf_robust", b, n);
  if (!r)
    return failed(k);
  r->statistic = simple ? d->linf : robust(d->linf, d->n);
  r->threshold = limit;
  r->chosen = judged;
  if (!isnan(r->statistic))
    r->violated = r->statistic > limit;
  double honest = simple ? d->full : isnan(d->full) ? d->full : robust(d->full, (double[]){ fmax(b->present, 1), fmax(n->present, 1) });
  if (d->repeats && fabs(honest - r->statistic) > 1e-12)
    snprintf(r->note, sizeof r->note, "Deequ counts equal items of a sketch once; counted fully: %.3g%s", honest,
             (honest > limit) != (r->statistic > limit) ? honest > limit ? " (drift)" : " (no drift)" : "");
  else if (b->numbers && !d->sketched && !isnan(d->linf))
    snprintf(r->note, sizeof r->note, "no sketch in the file: from its %zu buckets", b->nbuckets);
  if (judged && conf->compare != SL_MONITOR_YES) {
    r->violated = -1;
    snprintf(r->note, sizeof r->note, "perform_comparison is Disabled");
  }
  return SL_OK;
}

/* What the constraints choose, then what was named besides. */
static int put_distances(struct check *k, const struct sl_monitor_feature *b, const struct sl_monitor_feature *n, const struct distance *d,
                         const struct sl_monitor_config *conf, double limit, bool chosen)
{
  bool simple = conf->simple == SL_MONITOR_YES;
  int rc = chosen ? put_distance(k, b, n, d, simple, conf, true, limit) : SL_OK;
  for (unsigned t = 0; t < 2 && !rc; t++)
    if (k->tests >> t & 1 && !(chosen && simple == !t))
      rc = put_distance(k, b, n, d, !t, conf, false, limit);
  return rc;
}

static int compare_numbers(struct check *k, const struct sl_monitor_feature *b, const struct sl_monitor_feature *n,
                           const struct sl_monitor_config *conf)
{
  struct distance d;
  int rc = distance(k, b, n, &d);
  return rc || isnan(d.linf) ? rc : put_distances(k, b, n, &d, conf, conf->numeric, true);
}

/* ---- categories ---- */

struct cell { double base, now; };
struct cells { struct sl_map names; struct cell *at; size_t n, cap; double sum[2]; };

static int count_values(struct check *k, struct cells *c, const struct sl_monitor_feature *f, int side)
{
  for (size_t i = 0; i < f->nvalues; i++) {
    struct sl_str name = sl_str(f->value[i].text);
    uint64_t at = 0;
    if (!sl_map_get(&c->names, name, &at)) {
      int rc = sl_grow((void **)&c->at, &c->cap, c->n + 1, sizeof *c->at, SL_MONITOR_ITEMS_MAX, k->err);
      rc = rc ? rc : sl_map_put(&c->names, name, c->n, NULL, k->err);
      if (rc)
        return rc;
      at = c->n++;
      c->at[at] = (struct cell){ 0, 0 };
    }
    *(side ? &c->at[at].now : &c->at[at].base) += f->value[i].count;
    c->sum[side] += f->value[i].count;
  }
  return SL_OK;
}

/* The smallest expected cell joins the second smallest until few enough are small (Yates, Moore & McCabe; for two cells: Cochran). */
static size_t regroup(struct cell *c, size_t n)
{
  while (n >= 2) {
    double limit = n > 2 ? YATES : COCHRAN;
    size_t most = n > 2 ? (size_t)(0.2 * (double)n) : 0, few = 0, least = 0;
    for (size_t i = 0; i < n; i++) {
      few += c[i].base < limit;
      least = c[i].base < c[least].base ? i : least;
    }
    if (few <= most)
      break;
    struct cell gone = c[least];
    memmove(c + least, c + least + 1, (n - least - 1) * sizeof *c);
    n--;
    size_t second = 0;
    for (size_t i = 1; i < n; i++)
      second = c[i].base < c[second].base ? i : second;
    c[second].base += gone.base;
    c[second].now += gone.now;
  }
  return n;
}

/* Values that the baseline does not have count for nothing; what is expected is scaled to the sum of what was seen. */
static void chi2(struct cells *c, double *statistic, double *p)
{
  double seen = 0, sum = 0;
  size_t n = 0;
  for (size_t i = 0; i < c->n; i++)
    if (c->at[i].base > 0) {
      seen += c->at[i].now;
      c->at[n++] = c->at[i];
    }
  for (size_t i = 0; i < n; i++)
    c->at[i].base = c->at[i].base / c->sum[0] * seen;
  n = regroup(c->at, n);
  *statistic = *p = (double)NAN;
  if (n < 2 || !(seen > 0))
    return;
  for (size_t i = 0; i < n; i++)
    sum += (c->at[i].now - c->at[i].base) * (c->at[i].now - c->at[i].base) / c->at[i].base;
  *statistic = sum;
  *p = sl_stat_chi2_sf(sum, (double)n - 1);
}

static int put_chi2(struct check *k, const struct sl_monitor_feature *b, const struct sl_monitor_feature *n, struct cells *c,
                    const struct sl_monitor_config *conf)
{
  struct sl_monitor_row *r = row(k, b->name, "chi2", b, n);
  if (!r)
    return failed(k);
  chi2(c, &r->statistic, &r->p);
  r->threshold = conf->categorical;
  r->chosen = true;
  r->by_p = true;
  if (isnan(r->p))
    snprintf(r->note, sizeof r->note, "too few rows or categories for it");
  else
    r->violated = conf->compare == SL_MONITOR_YES ? r->p < conf->categorical : -1;
  return SL_OK;
}

static int compare_values(struct check *k, const struct sl_monitor_feature *b, const struct sl_monitor_feature *n,
                          const struct sl_monitor_config *conf)
{
  struct cells c = { .sum = { 0, 0 } };
  struct distance d = { .linf = 0 };
  sl_map_init(&c.names);
  int rc = count_values(k, &c, b, 0);
  if (!rc)
    rc = count_values(k, &c, n, 1);
  for (size_t i = 0; !rc && i < c.n; i++)
    d.linf = fmax(d.linf, fabs(c.at[i].base / c.sum[0] - c.at[i].now / c.sum[1]));
  d.full = d.linf;
  memcpy(d.n, c.sum, sizeof d.n);
  bool some = !rc && c.sum[0] > 0 && c.sum[1] > 0, by_chi2 = conf->chi2 == SL_MONITOR_YES;
  if (some)
    rc = put_distances(k, b, n, &d, conf, conf->categorical, !by_chi2);
  if (some && !rc && by_chi2)
    rc = put_chi2(k, b, n, &c, conf);
  sl_map_free(&c.names);
  sl_free(c.at);
  return rc;
}

/* ---- checks of one feature ---- */

/* The share of values that fit a type; a baseline's own type always fits its own values. NaN: cannot be said. */
static double match(const struct sl_monitor_feature *n, enum sl_monitor_type want)
{
  if (want == SL_MONITOR_STRING || want == SL_MONITOR_UNKNOWN || !(n->present > 0))
    return 1;
  if (n->whole >= 0 && n->number >= 0)
    return (want == SL_MONITOR_INTEGRAL ? n->whole : n->number) / n->present;
  if (n->type == want || (want == SL_MONITOR_FRACTIONAL && n->type == SL_MONITOR_INTEGRAL))
    return 1;
  return n->type == SL_MONITOR_UNKNOWN ? (double)NAN : 0;
}

static int put_share(struct check *k, const char *test, const struct sl_monitor_constraint *c, const struct sl_monitor_feature *b,
                     const struct sl_monitor_feature *n, const struct sl_monitor_config *conf, double value, double limit, const char *note)
{
  if (isnan(value) || isnan(limit))
    return SL_OK;
  struct sl_monitor_row *r = row(k, c->name, test, b, n);
  if (!r)
    return failed(k);
  r->statistic = value;
  r->threshold = limit;
  r->expected = c->type;
  r->chosen = true;
  r->violated = conf->evaluate == SL_MONITOR_YES ? value < limit : -1;
  snprintf(r->note, sizeof r->note, "%s", conf->evaluate == SL_MONITOR_YES ? note : "evaluate_constraints is Disabled");
  return SL_OK;
}

static double in_domain(const struct sl_monitor_constraint *c, const struct sl_monitor_feature *n, struct sl_err *err)
{
  struct sl_map domain;
  double in = 0, all = 0;
  sl_map_init(&domain);
  for (size_t i = 0; i < c->ndomain; i++)
    if (sl_map_put(&domain, sl_str(c->domain[i]), i, NULL, err))
      in = (double)NAN;
  for (size_t i = 0; i < n->nvalues; i++) {
    all += n->value[i].count;
    in += sl_map_get(&domain, sl_str(n->value[i].text), NULL) ? n->value[i].count : 0;
  }
  sl_map_free(&domain);
  return all > 0 ? in / all : (double)NAN;
}

static int put_negative(struct check *k, const struct sl_monitor_constraint *c, const struct sl_monitor_feature *b,
                        const struct sl_monitor_feature *n)
{
  if (c->non_negative != SL_MONITOR_YES || !n->numbers || !(n->min < 0))
    return SL_OK;
  struct sl_monitor_row *r = row(k, c->name, "is_non_negative", b, n);
  if (!r)
    return failed(k);
  r->statistic = n->min;
  snprintf(r->note, sizeof r->note, "negative values; Model Monitor has the constraint, but no violation of that name");
  return SL_OK;
}

static int check_feature(struct check *k, const struct sl_monitor_constraint *c, const struct sl_monitor_feature *n)
{
  const struct sl_monitor_feature *b = sl_monitor_feature_find(k->base, c->name);
  struct sl_monitor_config conf = sl_monitor_config_of(k->c, c);
  double all = n->present + n->missing;
  int rc = SL_OK;
  if (b && b->numbers && n->numbers)
    rc = compare_numbers(k, b, n, &conf);
  else if (b && b->texts && n->texts && b->has_values && n->has_values)
    rc = compare_values(k, b, n, &conf);
  if (!rc)
    rc = put_share(k, "completeness_check", c, b, n, &conf, all > 0 ? n->present / all : 0, c->completeness, "");
  if (!rc)
    rc = put_share(k, "data_type_check", c, b, n, &conf, match(n, c->type), conf.datatype, sl_monitor_type_name(c->type));
  if (!rc && c->has_domain && n->has_values)
    rc = put_share(k, "categorical_values_check", c, b, n, &conf, in_domain(c, n, k->err), conf.domain, "");
  return rc ? rc : put_negative(k, c, b, n);
}

static int put_column(struct check *k, const char *name, const struct sl_monitor_feature *b, const struct sl_monitor_feature *n)
{
  struct sl_monitor_row *r = row(k, name, n ? "extra_column_check" : "missing_column_check", b, n);
  if (!r)
    return failed(k);
  r->violated = 1;
  r->chosen = true;
  snprintf(r->note, sizeof r->note, "%s", n ? "new" : "gone");
  return SL_OK;
}

static int names_of_now(struct check *k)
{
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < k->now->n; i++)
    rc = sl_map_put(&k->names, sl_str(k->now->at[i].name), i, NULL, k->err);
  return rc;
}

static int constrained(struct check *k, struct sl_map *seen)
{
  int rc = names_of_now(k);
  for (size_t i = 0; !rc && i < k->c->n; i++) {
    const struct sl_monitor_constraint *c = &k->c->at[i];
    uint64_t at = 0;
    rc = sl_map_put(seen, sl_str(c->name), i, NULL, k->err);
    if (!rc)
      rc = sl_map_get(&k->names, sl_str(c->name), &at) ? check_feature(k, c, &k->now->at[at])
                                                       : put_column(k, c->name, sl_monitor_feature_find(k->base, c->name), NULL);
  }
  return rc;
}

int sl_monitor_compare(struct sl_monitor_check *out, const struct sl_monitor_stats *base, const struct sl_monitor_constraints *c,
                       const struct sl_monitor_stats *now, unsigned tests, struct sl_err *err)
{
  struct sl_err mine = { 0 };
  struct check k = { .out = out, .base = base, .now = now, .c = c, .tests = tests, .err = err ? err : &mine };
  struct sl_map seen;
  *out = (struct sl_monitor_check){ 0 };
  k.err->code = 0;
  sl_map_init(&k.names);
  sl_map_init(&seen);
  int rc = constrained(&k, &seen);
  for (size_t i = 0; !rc && i < now->n; i++)
    if (!sl_map_get(&seen, sl_str(now->at[i].name), NULL))
      rc = put_column(&k, now->at[i].name, NULL, &now->at[i]);
  sl_map_free(&seen);
  sl_map_free(&k.names);
  return rc;
}

void sl_monitor_check_free(struct sl_monitor_check *k)
{
  sl_free(k->at);
  *k = (struct sl_monitor_check){ 0 };
}
