/* compute/skl_prep.c: scalers and the imputer.
 *
 * In float32 each step is rounded as numpy rounds it: an operation in place on an array of it. Which version rounds the constants first is
 * part of the agreement (StandardScaler: since 1.8). */
#include <math.h>

#include "compute/skl_int.h"

enum { ROUND_FIRST = 108 };
struct scale {
  double *minus, *over;        /* subtract, then divide; NULL: not */
  double *times, *plus;        /* multiply, then add */
  bool clip, round_first;
  double low, high;
};

static int attr(struct skl_load *l, const struct skl_est *e, const struct pk *o, const char *name, double **out)
{
  size_t n = e->in;
  return pk_none(pk_get(o, name)) ? SL_OK : skl_numbers(l, e, o, name, out, &n);
}

static struct scale *begin(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  if (e->in == SIZE_MAX) { /* before 1.0 it did not say */
    e->in = pk_count(pk_get(o, "scale_"));
    e->in = e->in ? e->in : pk_count(pk_get(o, "mean_"));
  }
  return e->own = skl_alloc(l, 1, sizeof(struct scale));
}

static int load_standard(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct scale *s = begin(l, o, e);
  int rc = !s ? skl_fail(l) : skl_flag(o, "with_mean", true) ? attr(l, e, o, "mean_", &s->minus) : SL_OK;
  if (!rc && skl_flag(o, "with_std", true))
    rc = attr(l, e, o, "scale_", &s->over);
  if (!rc)
    s->round_first = e->version >= ROUND_FIRST;
  return rc;
}

static int load_robust(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct scale *s = begin(l, o, e);
  int rc = !s ? skl_fail(l) : skl_flag(o, "with_centering", true) ? attr(l, e, o, "center_", &s->minus) : SL_OK;
  return !rc && skl_flag(o, "with_scaling", true) ? attr(l, e, o, "scale_", &s->over) : rc;
}

static int load_maxabs(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct scale *s = begin(l, o, e);
  if (!s)
    return skl_fail(l);
  s->clip = skl_flag(o, "clip", false);
  s->low = -1;
  s->high = 1;
  return attr(l, e, o, "scale_", &s->over);
}

static int load_minmax(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct scale *s = begin(l, o, e);
  const struct pk *range = pk_get(o, "feature_range");
  int rc = s ? attr(l, e, o, "scale_", &s->times) : skl_fail(l);
  if (!rc)
    rc = attr(l, e, o, "min_", &s->plus);
  if (rc)
    return rc;
  s->clip = skl_flag(o, "clip", false);
  bool known = s->times && s->plus && pk_f64(pk_item(range, 0), &s->low) && pk_f64(pk_item(range, 1), &s->high);
  return known ? SL_OK : skl_bad(l, e, "no scale or range");
}

static double rounded(bool single, double v) { return single ? (double)(float)v : v; }

static double scaled(const struct scale *s, size_t j, double v, bool single, bool sparse)
{
  bool first = single && s->round_first;
  if (s->minus)
    v = rounded(single, v - rounded(first, s->minus[j]));
  if (s->over)
    v = rounded(single, sparse ? v * rounded(first, 1 / s->over[j]) : v / rounded(first, s->over[j]));
  if (s->times)
    v = rounded(single, v * s->times[j]);
  if (s->plus)
    v = rounded(single, v + s->plus[j]);
  if (s->clip) /* NaN stays */
    v = v < s->low ? rounded(single, s->low) : v > s->high ? rounded(single, s->high) : v;
  return v;
}

static int scale(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out)
{
  const struct scale *s = e->own;
  enum skl_type type;
  int rc = skl_check(e, r, in, SKL_NAN, &type);
  if (!rc)
    rc = skl_out(r, in, in->n, out);
  for (size_t j = 0; !rc && j < in->n; j++) {
    double *v = skl_room(r, in->rows);
    if (!v)
      return skl_nomem(r);
    for (size_t i = 0; i < in->rows; i++)
      v[i] = scaled(s, j, in->col[j].v[i], type == SKL_F32, in->sparse);
    out->col[j] = (struct skl_col){ .type = type, .v = v, .name = in->col[j].name };
  }
  out->sparse = in->sparse;
  return rc;
}

/* ---- the imputer ---- */

struct fill { double number; struct sl_str text; bool dropped; };
struct imputer {
  struct fill *with;           /* a feature each */
  bool nan;                    /* what is missing is NaN (and null); else it is `sign` */
  double sign;
  bool floats;                 /* mean, median: whole numbers become floats */
  double *flags; size_t nflags;                /* features whose being missing is told, behind the rest */
};

static int take_fill(struct skl_load *l, const struct skl_est *e, const struct pk *stats, size_t i, bool keep, struct fill *to)
{
  const struct npy *a = pk_array(stats);
  struct sl_str s = SL_STR_NONE;
  const struct pk *v = pk_item(stats, i);
  if (a->type.kind == 'O')
    s = pk_text(v);
  if (s.p) {
    to->text = skl_copy(l, s);
    to->number = (double)NAN;
    return to->text.p ? SL_OK : skl_fail(l);
  }
  if (a->type.kind == 'O' ? !pk_none(v) && !pk_f64(v, &to->number) : !npy_is_number(&a->type))
    return skl_unsup(l, e, "it fills in what is neither number nor text");
  to->number = a->type.kind != 'O' ? npy_f64(a, i) : pk_none(v) ? (double)NAN : to->number;
  to->dropped = isnan(to->number) && !keep;
  return SL_OK;
}

static int take_missing(struct skl_load *l, const struct skl_est *e, const struct pk *o, struct imputer *m)
{
  const struct pk *sign = pk_get(o, "missing_values");
  char name[2 * PK_NAME_MAX + 2];
  if (pk_f64(sign, &m->sign))
    m->nan = isnan(m->sign);
  else if (pk_none(sign) || strstr(pk_class_name(sign, name, sizeof name), "pandas"))
    m->nan = true;
  else
    return skl_unsup(l, e, "a text stands for what is missing");
  return SL_OK;
}

static int load_imputer(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  const struct pk *stats = pk_get(o, "statistics_"), *indicator = pk_get(o, "indicator_");
  const struct npy *a = pk_array(stats);
  struct imputer *m = e->own = skl_alloc(l, 1, sizeof *m);
  if (!m)
    return skl_fail(l);
  if (!a || a->dims != 1 || (e->in != SIZE_MAX && e->in != a->n))
    return skl_bad(l, e, "its statistics do not fit its features");
  e->in = a->n;
  m->floats = skl_word(o, "strategy", "mean") || skl_word(o, "strategy", "median");
  m->with = skl_alloc(l, a->n, sizeof *m->with);
  int rc = m->with ? take_missing(l, e, o, m) : skl_fail(l);
  for (size_t i = 0; !rc && i < a->n; i++)
    rc = take_fill(l, e, stats, i, skl_flag(o, "keep_empty_features", false), &m->with[i]);
  m->nflags = SIZE_MAX;
  if (!rc && skl_flag(o, "add_indicator", false) && !pk_none(indicator))
    rc = skl_numbers(l, e, indicator, "features_", &m->flags, &m->nflags);
  m->nflags = m->nflags == SIZE_MAX ? 0 : m->nflags;
  for (size_t i = 0; !rc && i < m->nflags; i++)
    if (!(m->flags[i] >= 0 && m->flags[i] < (double)a->n))
      return skl_bad(l, e, "an indicator of a feature that there is not");
  return rc;
}

static bool is_missing(const struct imputer *m, const struct skl_col *c, size_t i)
{
  if (c->type == SKL_TEXT)
    return m->nan && skl_text_missing(c, i);
  return m->nan ? isnan(c->v[i]) : c->v[i] == m->sign;
}

static int fill_one(const struct skl_est *e, struct skl_run *r, const struct skl_col *in, const struct fill *with, bool single, size_t rows,
                    struct skl_col *out)
{
  const struct imputer *m = e->own;
  *out = *in;
  if (in->type == SKL_TEXT) {
    if (!with->text.p && !with->dropped)
      return sl_err_set(r->err, SL_EUSAGE, "column %s is text, and %s was trained on a number", in->name ? in->name : "?", e->cls);
    out->fill = in->fill.p || !m->nan ? in->fill : with->text;
    return SL_OK;
  }
  if (with->text.p)
    return sl_err_set(r->err, SL_EUSAGE, "column %s is a number, and %s was trained on texts", in->name ? in->name : "?", e->cls);
  double *v = skl_room(r, rows);
  if (!v)
    return skl_nomem(r);
  for (size_t i = 0; i < rows; i++)
    v[i] = is_missing(m, in, i) ? rounded(single, with->number) : in->v[i];
  out->v = v;
  return SL_OK;
}

static int flag_one(const struct skl_est *e, struct skl_run *r, const struct skl_col *in, size_t rows, struct skl_col *out)
{
  double *v = skl_room(r, rows);
  if (!v)
    return skl_nomem(r);
  for (size_t i = 0; i < rows; i++)
    v[i] = is_missing(e->own, in, i);
  *out = (struct skl_col){ .type = SKL_BOOL, .v = v, .name = in->name };
  return SL_OK;
}

/* Columns that are not texts are one array: what one of them makes of the type, all have. Flags join them as numbers. */
static int impute(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out)
{
  const struct imputer *m = e->own;
  enum skl_type joint = skl_joint(in);
  bool single = joint == SKL_F32;
  size_t n = 0;
  int rc = in->n == e->in ? skl_out(r, in, in->n + m->nflags, out)
                          : sl_err_set(r->err, SL_EPARSE, "%s takes %zu columns and is given %zu", e->cls, e->in, in->n);
  for (size_t j = 0; !rc && j < in->n; j++) {
    if (m->with[j].dropped)
      continue;
    rc = fill_one(e, r, &in->col[j], &m->with[j], single, in->rows, &out->col[n]);
    if (!rc && out->col[n].type != SKL_TEXT)
      out->col[n].type = single ? SKL_F32 : joint == SKL_I64 && !m->floats ? SKL_I64 : SKL_F64;
    n++;
  }
  for (size_t j = 0; !rc && j < m->nflags; j++, n++) {
    rc = flag_one(e, r, &in->col[(size_t)m->flags[j]], in->rows, &out->col[n]);
    out->col[n].type = single ? SKL_F32 : joint == SKL_I64 && !m->floats ? SKL_I64 : SKL_F64;
  }
  if (!rc)
    out->n = n;
  return rc;
}

const struct skl_ops skl_standard = { .load = load_standard, .transform = scale };
const struct skl_ops skl_minmax = { .load = load_minmax, .transform = scale };
const struct skl_ops skl_maxabs = { .load = load_maxabs, .transform = scale };
const struct skl_ops skl_robust = { .load = load_robust, .transform = scale };
const struct skl_ops skl_imputer = { .load = load_imputer, .transform = impute };
