/* compute/monitor_rules_read.c: Model Monitor's constraints.json, as documents and container write it; constraint_violations.json. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "compute/monitor_json.h"

static const size_t memory_max = (size_t)64 << 20;
static const char *const switches[] = { "Disabled", "Enabled", NULL };
static const struct sl_monitor_config unsaid = { (double)NAN, (double)NAN, (double)NAN, (double)NAN, SL_MONITOR_UNSAID, SL_MONITOR_UNSAID,
                                                 SL_MONITOR_UNSAID, SL_MONITOR_UNSAID };

static int flag_of(struct mj *r, const char *const *words, enum sl_monitor_flag *out)
{
  int at = 0, rc = mj_word_of(r, words, &at);
  *out = at ? SL_MONITOR_YES : SL_MONITOR_NO;
  return rc;
}

/* ---- how things are compared: of the file, or of one feature ---- */

#define CONFIG_FIELD(fn, call) \
  static int fn(struct mj *r, void *to) { struct sl_monitor_config *c = to; return call; }
CONFIG_FIELD(take_datatype, mj_share(r, &c->datatype))
CONFIG_FIELD(take_domain, mj_share(r, &c->domain))
CONFIG_FIELD(take_evaluate, flag_of(r, switches, &c->evaluate))
CONFIG_FIELD(take_compare, flag_of(r, switches, &c->compare))
CONFIG_FIELD(take_numeric, mj_share(r, &c->numeric))
CONFIG_FIELD(take_categorical, mj_share(r, &c->categorical))

static int take_method(struct mj *r, void *to)
{
  static const char *const words[] = { "Robust", "Simple", "linf_robust", "linf_simple", NULL };
  struct sl_monitor_config *c = to;
  int at = 0, rc = mj_word_of(r, words, &at);
  c->simple = at % 2 ? SL_MONITOR_YES : SL_MONITOR_NO;
  return rc;
}

static int take_drift(struct mj *r, void *to)
{
  static const char *const words[] = { "LInfinity", "ChiSquared", NULL };
  return flag_of(r, words, &((struct sl_monitor_config *)to)->chi2);
}

static int take_distribution(struct mj *r, void *to)
{
  /* enable_comparisons is the name that older files have, comparion_method the one in Model Monitor's documents */
  static const struct mj_field f[] = { { "perform_comparison", take_compare }, { "enable_comparisons", take_compare },
                                       { "comparison_threshold", take_numeric }, { "comparison_method", take_method },
                                       { "comparion_method", take_method }, { "categorical_comparison_threshold", take_categorical },
                                       { "categorical_drift_method", take_drift }, { NULL, NULL } };
  return mj_fields(r, f, to);
}

static const struct mj_field config_fields[] = { { "evaluate_constraints", take_evaluate }, { "datatype_check_threshold", take_datatype },
                                                 { "domain_content_threshold", take_domain },
                                                 { "distribution_constraints", take_distribution }, { NULL, NULL } };

static int take_config(struct mj *r, void *to)
{
  return mj_fields(r, config_fields, &((struct sl_monitor_constraints *)to)->config);
}

/* ---- features ---- */

#define OWN_FIELD(fn, call) \
  static int fn(struct mj *r, void *to) { struct sl_monitor_constraint *c = to; return call; }
OWN_FIELD(take_name, mj_text(r, &c->name))
OWN_FIELD(take_type, mj_type_of(r, &c->type))
OWN_FIELD(take_own, mj_fields(r, config_fields, &c->own))

static int take_completeness(struct mj *r, void *to)
{
  struct sl_monitor_constraint *c = to;
  int rc = mj_share(r, &c->completeness);
  return rc || !(c->completeness > 1) ? rc : mj_bad(r, "a share from 0 to 1 must stand here");
}

static int take_non_negative(struct mj *r, void *to)
{
  static const char *const words[] = { "false", "true", NULL };
  return flag_of(r, words, &((struct sl_monitor_constraint *)to)->non_negative);
}

static int take_num(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "is_non_negative", take_non_negative }, { "monitoring_config_overrides", take_own },
                                       { "monitoringConfigOverrides", take_own }, { NULL, NULL } };
  return mj_fields(r, f, to);
}

static int one_value(struct mj *r, enum sl_json_tok t, void *to)
{
  struct sl_monitor_constraint *c = to;
  const char *text = NULL;
  int rc = mj_text_from(r, t, &text);
  rc = rc ? rc : sl_grow((void **)(void *)&c->domain, &c->cap_domain, c->ndomain + 1, sizeof *c->domain, SL_MONITOR_ITEMS_MAX, r->err);
  if (!rc)
    c->domain[c->ndomain++] = text;
  return rc;
}

static int take_domains(struct mj *r, void *to)
{
  ((struct sl_monitor_constraint *)to)->has_domain = true;
  return mj_items(r, one_value, to);
}

static int take_string(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "domains", take_domains }, { "monitoring_config_overrides", take_own },
                                       { "monitoringConfigOverrides", take_own }, { NULL, NULL } };
  return mj_fields(r, f, to);
}

static int one_feature(struct mj *r, enum sl_json_tok t, void *to)
{
  static const struct mj_field f[] = { { "name", take_name }, { "inferred_type", take_type }, { "completeness", take_completeness },
                                       { "num_constraints", take_num }, { "string_constraints", take_string },
                                       { "monitoringConfigOverrides", take_own }, { "monitoring_config_overrides", take_own },
                                       { NULL, NULL } };
  struct sl_monitor_constraints *all = to;
  int rc = sl_grow((void **)&all->at, &all->cap, all->n + 1, sizeof *all->at, SL_MONITOR_FEATURES_MAX, r->err);
  if (rc)
    return rc;
  struct sl_monitor_constraint *c = &all->at[all->n++];
  *c = (struct sl_monitor_constraint){ .name = "", .completeness = (double)NAN, .non_negative = SL_MONITOR_UNSAID, .own = unsaid };
  rc = mj_fields_from(r, t, f, c);
  return rc || c->name[0] ? rc : mj_bad(r, "a feature without a name");
}

static int take_features(struct mj *r, void *to) { return mj_items(r, one_feature, to); }

static int not_data(struct mj *r, void *to)
{
  (void)to;
  return mj_bad(r, "constraints of model quality; only data quality is read here");
}

static int no_doubles(struct mj *r, const struct sl_monitor_constraints *c)
{
  struct sl_map seen;
  sl_map_init(&seen);
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < c->n; i++) {
    struct sl_str name = sl_str(c->at[i].name);
    rc = sl_map_get(&seen, name, NULL) ? mj_bad(r, "feature %.60s stands there twice", name.p) : sl_map_put(&seen, name, i, NULL, r->err);
  }
  sl_map_free(&seen);
  return rc;
}

int sl_monitor_read_constraints(struct sl_monitor_constraints *out, const char *file, struct sl_str text, struct sl_err *err)
{
  static const struct mj_field f[] = { { "features", take_features }, { "monitoring_config", take_config },
                                       { "regression_constraints", not_data }, { "binary_classification_constraints", not_data },
                                       { "multiclass_classification_constraints", not_data }, { NULL, NULL } };
  struct sl_err mine = { 0 };
  *out = (struct sl_monitor_constraints){ .config = unsaid };
  sl_arena_init(&out->mem, memory_max);
  struct mj r = { .mem = &out->mem };
  int rc = mj_document(&r, file, text, f, out, err ? err : &mine);
  return rc ? rc : no_doubles(&r, out);
}

void sl_monitor_constraints_free(struct sl_monitor_constraints *c)
{
  for (size_t i = 0; i < c->n; i++)
    sl_free((void *)(uintptr_t)c->at[i].domain);
  sl_free(c->at);
  sl_arena_free(&c->mem);
  *c = (struct sl_monitor_constraints){ 0 };
}

/* ---- violations ---- */

#define VIOLATION_FIELD(fn, member) \
  static int fn(struct mj *r, void *to) { return mj_text(r, &((struct sl_monitor_violation *)to)->member); }
VIOLATION_FIELD(take_feature, feature)
VIOLATION_FIELD(take_check, check)
VIOLATION_FIELD(take_words, words)

static int one_violation(struct mj *r, enum sl_json_tok t, void *to)
{
  /* violations of bias and of model quality name a metric instead of a feature */
  static const struct mj_field f[] = { { "feature_name", take_feature }, { "metric_name", take_feature },
                                       { "constraint_check_type", take_check }, { "description", take_words }, { NULL, NULL } };
  struct sl_monitor_violations *all = to;
  struct sl_monitor_violation v = { NULL, NULL, "", (double)NAN, (double)NAN };
  int rc = mj_fields_from(r, t, f, &v);
  if (!rc && (!v.feature || !v.check))
    rc = mj_bad(r, "a violation has feature_name and constraint_check_type");
  rc = rc ? rc : sl_grow((void **)&all->at, &all->cap, all->n + 1, sizeof v, SL_MONITOR_FEATURES_MAX * 8, r->err);
  if (rc)
    return rc;
  sl_monitor_scrape(sl_str(v.words), &v.value, &v.threshold);
  all->at[all->n++] = v;
  return SL_OK;
}

static int take_violations(struct mj *r, void *to)
{
  *(((struct sl_monitor_violations *)to)->seen) = true;
  return mj_items(r, one_violation, to);
}

int sl_monitor_read_violations(struct sl_monitor_violations *out, const char *file, struct sl_str text, struct sl_err *err)
{
  static const struct mj_field f[] = { { "violations", take_violations }, { NULL, NULL } };
  struct sl_err mine = { 0 };
  bool seen = false;
  *out = (struct sl_monitor_violations){ .seen = &seen };
  sl_arena_init(&out->mem, memory_max);
  struct mj r = { .mem = &out->mem };
  int rc = mj_document(&r, file, text, f, out, err ? err : &mine);
  out->seen = NULL;
  return rc || seen ? rc : sl_err_set(err, SL_EPARSE, "%s: violations: it has no such list", file);
}

void sl_monitor_violations_free(struct sl_monitor_violations *v)
{
  sl_free(v->at);
  sl_arena_free(&v->mem);
  *v = (struct sl_monitor_violations){ 0 };
}

/* The number behind a word of the description; a percentage becomes a share. */
static bool behind(struct sl_str words, const char *word, double *out)
{
  ptrdiff_t at = sl_str_find(words, sl_str(word));
  if (at < 0)
    return false;
  struct sl_str s = sl_str_from(words, (size_t)at + strlen(word));
  size_t n = 0;
  while (n < s.n && strchr("+-.0123456789eE", s.p[n]) && s.p[n])
    n++;
  while (n && (s.p[n - 1] == '.' || s.p[n - 1] == 'e' || s.p[n - 1] == 'E'))
    n--; /* the end of a sentence */
  if (!n || !sl_str_f64(sl_str_head(s, n), out))
    return false;
  if (n < s.n && s.p[n] == '%')
    *out /= 100;
  return true;
}

void sl_monitor_scrape(struct sl_str words, double *value, double *threshold)
{
  static const char *const values[] = { "Value: ", "distance: ", "Only ", NULL }, *const limits[] = { "threshold: ", "match: ", NULL };
  *value = *threshold = (double)NAN;
  for (size_t i = 0; values[i] && !behind(words, values[i], value); i++)
    ;
  for (size_t i = 0; limits[i] && !behind(words, limits[i], threshold); i++)
    ;
}
