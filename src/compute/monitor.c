/* compute/monitor.c: what Model Monitor's files hold, in memory: kept, found, suggested from statistics. */
#include "compute/monitor.h"

#include <math.h>
#include <string.h>

/* What its container does where constraints.json says nothing: the generated files' values, not those of the documents' example. */
static const double datatype_default = 1, domain_default = 1, drift_default = 0.1;

const char *sl_monitor_type_name(enum sl_monitor_type t)
{
  static const char *const names[] = { "Unknown", "Integral", "Fractional", "String" };
  return t < SL_MONITOR_TYPES ? names[t] : names[0];
}

/* ---- statistics ---- */

struct sl_monitor_feature *sl_monitor_feature_add(struct sl_monitor_stats *s, struct sl_str name, struct sl_err *err)
{
  static const double none = (double)NAN;
  if (sl_grow((void **)&s->at, &s->cap, s->n + 1, sizeof *s->at, SL_MONITOR_FEATURES_MAX, err))
    return NULL;
  struct sl_monitor_feature *f = &s->at[s->n];
  *f = (struct sl_monitor_feature){ .name = sl_arena_strndup(&s->mem, name.n ? name.p : "", name.n), .mean = none, .sum = none, .std = none,
                                    .min = none, .max = none, .distinct = none, .whole = -1, .number = -1, .infinite = -1 };
  if (!f->name) {
    (void)sl_err_nomem(err);
    return NULL;
  }
  s->n++;
  return f;
}

int sl_monitor_value_add(struct sl_monitor_stats *s, struct sl_monitor_feature *f, struct sl_str text, double count, struct sl_err *err)
{
  struct sl_monitor_value v = { sl_arena_strndup(&s->mem, text.n ? text.p : "", text.n), count };
  int rc = v.text ? SL_OK : sl_err_nomem(err);
  rc = rc ? rc : sl_grow((void **)&f->value, &f->cap_values, f->nvalues + 1, sizeof v, SL_MONITOR_ITEMS_MAX, err);
  if (rc)
    return rc;
  f->has_values = true;
  f->value[f->nvalues++] = v;
  return SL_OK;
}

struct sl_monitor_feature *sl_monitor_feature_find(const struct sl_monitor_stats *s, const char *name)
{
  for (size_t i = 0; i < s->n; i++)
    if (!strcmp(s->at[i].name, name))
      return &s->at[i];
  return NULL;
}

void sl_monitor_stats_free(struct sl_monitor_stats *s)
{
  for (size_t i = 0; i < s->n; i++) {
    sl_kll_free(&s->at[i].sketch);
    sl_free(s->at[i].bucket);
    sl_free(s->at[i].value);
  }
  sl_free(s->at);
  sl_arena_free(&s->mem);
  *s = (struct sl_monitor_stats){ 0 };
}

/* ---- constraints ---- */

static double or_else(double a, double b, double c) { return !isnan(a) ? a : !isnan(b) ? b : c; }

static enum sl_monitor_flag or_flag(enum sl_monitor_flag a, enum sl_monitor_flag b, enum sl_monitor_flag c)
{
  return a != SL_MONITOR_UNSAID ? a : b != SL_MONITOR_UNSAID ? b : c;
}

struct sl_monitor_config sl_monitor_config_of(const struct sl_monitor_constraints *all, const struct sl_monitor_constraint *c)
{
  const struct sl_monitor_config *o = &c->own, *f = &all->config;
  return (struct sl_monitor_config){
    .datatype = or_else(o->datatype, f->datatype, datatype_default),
    .domain = or_else(o->domain, f->domain, domain_default),
    .numeric = or_else(o->numeric, f->numeric, drift_default),
    .categorical = or_else(o->categorical, f->categorical, drift_default),
    .evaluate = or_flag(o->evaluate, f->evaluate, SL_MONITOR_YES),
    .compare = or_flag(o->compare, f->compare, SL_MONITOR_YES),
    .simple = or_flag(o->simple, f->simple, SL_MONITOR_NO),
    .chi2 = or_flag(o->chi2, f->chi2, SL_MONITOR_NO),
  };
}

static int suggest_domain(struct sl_monitor_constraint *c, const struct sl_monitor_feature *f, struct sl_err *err)
{
  c->has_domain = f->has_values;
  for (size_t i = 0; i < f->nvalues; i++) {
    int rc = sl_grow((void **)(void *)&c->domain, &c->cap_domain, c->ndomain + 1, sizeof *c->domain, SL_MONITOR_ITEMS_MAX, err);
    if (rc)
      return rc;
    c->domain[c->ndomain++] = f->value[i].text;
  }
  return SL_OK;
}

int sl_monitor_suggest(struct sl_monitor_constraints *out, const struct sl_monitor_stats *s, struct sl_err *err)
{
  static const double none = (double)NAN;
  static const struct sl_monitor_config unsaid = { (double)NAN, (double)NAN, (double)NAN, (double)NAN, SL_MONITOR_UNSAID,
                                                   SL_MONITOR_UNSAID, SL_MONITOR_UNSAID, SL_MONITOR_UNSAID };
  *out = (struct sl_monitor_constraints){ .config = { datatype_default, domain_default, drift_default, drift_default, SL_MONITOR_YES,
                                                      SL_MONITOR_YES, SL_MONITOR_NO, SL_MONITOR_NO } };
  sl_arena_init(&out->mem, 0);
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < s->n; i++) {
    const struct sl_monitor_feature *f = &s->at[i];
    rc = sl_grow((void **)&out->at, &out->cap, out->n + 1, sizeof *out->at, SL_MONITOR_FEATURES_MAX, err);
    if (rc)
      break;
    double all = f->present + f->missing;
    struct sl_monitor_constraint *c = &out->at[out->n++];
    *c = (struct sl_monitor_constraint){ .name = f->name, .type = f->type, .completeness = all > 0 ? f->present / all : none,
                                         .non_negative = SL_MONITOR_UNSAID, .own = unsaid };
    if (f->numbers && !isnan(f->min))
      c->non_negative = f->min >= 0 ? SL_MONITOR_YES : SL_MONITOR_NO;
    rc = f->texts ? suggest_domain(c, f, err) : SL_OK;
  }
  return rc;
}
