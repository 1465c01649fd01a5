/* compute/monitor_read.c: Model Monitor's statistics.json. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "compute/monitor_json.h"

static const size_t memory_max = (size_t)256 << 20;

static int quality_not_data(struct mj *r, void *to)
{
  (void)to;
  return mj_bad(r, "a file of model quality; only data quality is read here");
}

/* ---- statistics ---- */

struct stats_reader { struct mj r; struct sl_monitor_stats *s; struct sl_monitor_feature *f; size_t level; };

/* struct mj is the first member: what a field function is given is the whole. */
static struct stats_reader *in_stats(struct mj *r) { return (struct stats_reader *)(void *)r; }
static struct sl_monitor_feature *feature_of(struct mj *r) { return in_stats(r)->f; }

#define NUMBER_FIELD(fn, of, member) \
  static int fn(struct mj *r, void *to) { (void)to; return of(r, &feature_of(r)->member); }
NUMBER_FIELD(take_present, mj_count_of, present)
NUMBER_FIELD(take_missing, mj_count_of, missing)
NUMBER_FIELD(take_mean, mj_number, mean)
NUMBER_FIELD(take_sum, mj_number, sum)
NUMBER_FIELD(take_std, mj_number, std)
NUMBER_FIELD(take_min, mj_number, min)
NUMBER_FIELD(take_max, mj_number, max)
NUMBER_FIELD(take_distinct, mj_count_of, distinct)
NUMBER_FIELD(take_type, mj_type_of, type)

static int take_common(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "num_present", take_present }, { "num_missing", take_missing }, { NULL, NULL } };
  return mj_fields(r, f, to);
}

static int take_lo(struct mj *r, void *to) { return mj_number(r, &((struct sl_monitor_bucket *)to)->lo); }
static int take_hi(struct mj *r, void *to) { return mj_number(r, &((struct sl_monitor_bucket *)to)->hi); }
static int take_count(struct mj *r, void *to) { return mj_count_of(r, &((struct sl_monitor_bucket *)to)->count); }

static int one_bucket(struct mj *r, enum sl_json_tok t, void *to)
{
  static const struct mj_field f[] = { { "lower_bound", take_lo }, { "upper_bound", take_hi }, { "count", take_count }, { NULL, NULL } };
  struct sl_monitor_feature *m = to;
  struct sl_monitor_bucket b = { (double)NAN, (double)NAN, -1 };
  int rc = mj_fields_from(r, t, f, &b);
  if (!rc && !(b.lo <= b.hi && b.count >= 0))
    rc = mj_bad(r, "a bucket has lower_bound, upper_bound above it, count");
  if (!rc && m->nbuckets && b.lo < m->bucket[m->nbuckets - 1].hi)
    rc = mj_bad(r, "begins before the bucket before it ends");
  rc = rc ? rc : sl_grow((void **)&m->bucket, &m->cap_buckets, m->nbuckets + 1, sizeof b, SL_MONITOR_ITEMS_MAX, r->err);
  if (!rc)
    m->bucket[m->nbuckets++] = b;
  return rc;
}

static int take_buckets(struct mj *r, void *to)
{
  (void)to;
  return mj_items(r, one_bucket, feature_of(r));
}

static int take_c(struct mj *r, void *to) { return mj_number(r, to); }
static int take_k(struct mj *r, void *to) { return mj_number(r, (double *)to + 1); }

/* Before or behind the data: levels are the same whatever k is. */
static int take_parameters(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "c", take_c }, { "k", take_k }, { NULL, NULL } };
  double ck[2] = { SL_KLL_C, SL_KLL_K };
  struct sl_kll check = { 0 };
  struct sl_kll *s = &feature_of(r)->sketch;
  (void)to;
  int rc = mj_fields(r, f, ck);
  if (!rc && (!(ck[1] >= 1 && ck[1] <= SL_KLL_K_MAX) || ck[1] != floor(ck[1]) || sl_kll_init(&check, (uint32_t)ck[1], ck[0], NULL)))
    rc = mj_bad(r, "k = %g, c = %g: no sketch has these", ck[1], ck[0]);
  sl_kll_free(&check);
  s->c = rc ? s->c : ck[0];
  s->k = rc ? s->k : (uint32_t)ck[1];
  return rc;
}

static int one_item(struct mj *r, enum sl_json_tok t, void *to)
{
  double v;
  int rc = mj_number_from(r, t, &v);
  if (!rc && !isfinite(v))
    rc = mj_bad(r, "a finite number must stand here");
  return rc ? rc : sl_kll_put(to, in_stats(r)->level, v, r->err);
}

static int one_level(struct mj *r, enum sl_json_tok t, void *to)
{
  if (in_stats(r)->level == SL_KLL_LEVELS)
    return sl_err_set(r->err, SL_ELIMIT, "%s: %s: more than %d levels", r->file, r->path, SL_KLL_LEVELS);
  int rc = mj_items_from(r, t, one_item, to);
  in_stats(r)->level += rc == SL_OK;
  return rc;
}

static int take_data(struct mj *r, void *to)
{
  (void)to;
  in_stats(r)->level = 0;
  feature_of(r)->has_sketch = true;
  return mj_items(r, one_level, &feature_of(r)->sketch);
}

static int take_sketch(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "parameters", take_parameters }, { "data", take_data }, { NULL, NULL } };
  struct sl_monitor_feature *m = feature_of(r);
  int rc = m->sketch.nlevels ? mj_bad(r, "a second sketch") : sl_kll_init(&m->sketch, SL_KLL_K, SL_KLL_C, r->err);
  return rc ? rc : mj_fields(r, f, to);
}

static int take_kll(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "buckets", take_buckets }, { "sketch", take_sketch }, { NULL, NULL } };
  return mj_fields(r, f, to);
}

static int take_value_text(struct mj *r, void *to) { return mj_text(r, &((struct sl_monitor_value *)to)->text); }
static int take_value_count(struct mj *r, void *to) { return mj_count_of(r, &((struct sl_monitor_value *)to)->count); }

static int one_value(struct mj *r, enum sl_json_tok t, void *to)
{
  static const struct mj_field f[] = { { "value", take_value_text }, { "count", take_value_count }, { NULL, NULL } };
  struct sl_monitor_feature *m = to;
  struct sl_monitor_value v = { NULL, -1 };
  int rc = mj_fields_from(r, t, f, &v);
  if (!rc && (!v.text || v.count < 0))
    rc = mj_bad(r, "a bucket has value and count");
  rc = rc ? rc : sl_grow((void **)&m->value, &m->cap_values, m->nvalues + 1, sizeof v, SL_MONITOR_ITEMS_MAX, r->err);
  if (!rc)
    m->value[m->nvalues++] = v;
  return rc;
}

static int take_values(struct mj *r, void *to)
{
  (void)to;
  feature_of(r)->has_values = true;
  return mj_items(r, one_value, feature_of(r));
}

static int take_categorical(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "buckets", take_values }, { NULL, NULL } };
  return mj_fields(r, f, to);
}

/* A distribution is that of its kind of feature: one under the other kind means nothing. */
static int take_sketched(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "kll", take_kll }, { NULL, NULL } };
  return mj_fields(r, f, to);
}

static int take_counted(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "categorical", take_categorical }, { NULL, NULL } };
  return mj_fields(r, f, to);
}

static int take_numbers(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "common", take_common }, { "mean", take_mean }, { "sum", take_sum }, { "std_dev", take_std },
                                    { "min", take_min }, { "max", take_max }, { "distribution", take_sketched }, { NULL, NULL } };
  feature_of(r)->numbers = true;
  return mj_fields(r, f, to);
}

static int take_texts(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "common", take_common }, { "distinct_count", take_distinct },
                                    { "distribution", take_counted }, { NULL, NULL } };
  feature_of(r)->texts = true;
  return mj_fields(r, f, to);
}

static int take_name(struct mj *r, void *to)
{
  (void)to;
  return mj_text(r, &feature_of(r)->name);
}

static int one_feature(struct mj *r, enum sl_json_tok t, void *to)
{
  static const struct mj_field f[] = { { "name", take_name }, { "inferred_type", take_type }, { "numerical_statistics", take_numbers },
                                    { "string_statistics", take_texts }, { NULL, NULL } };
  struct stats_reader *k = in_stats(r);
  k->f = sl_monitor_feature_add(k->s, SL_STR_NONE, r->err);
  if (!k->f)
    return r->err->code;
  k->f->type = SL_MONITOR_TYPES;
  int rc = mj_fields_from(r, t, f, to);
  if (!rc && !k->f->name[0])
    rc = mj_bad(r, "a feature without a name");
  if (!rc && k->f->type == SL_MONITOR_TYPES)
    rc = mj_bad(r, "%.60s: no inferred_type", k->f->name);
  return rc;
}

static int take_features(struct mj *r, void *to) { return mj_items(r, one_feature, to); }

static int take_items(struct mj *r, void *to)
{
  (void)to;
  return mj_count_of(r, &in_stats(r)->s->items);
}

static int take_dataset(struct mj *r, void *to)
{
  static const struct mj_field f[] = { { "item_count", take_items }, { NULL, NULL } };
  return mj_fields(r, f, to);
}

static int no_doubles(struct mj *r, const struct sl_monitor_stats *s)
{
  struct sl_map seen;
  sl_map_init(&seen);
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < s->n; i++) {
    struct sl_str name = sl_str(s->at[i].name);
    rc = sl_map_get(&seen, name, NULL) ? mj_bad(r, "feature %.60s stands there twice", name.p) : sl_map_put(&seen, name, i, NULL, r->err);
  }
  sl_map_free(&seen);
  return rc;
}

int sl_monitor_read_stats(struct sl_monitor_stats *out, const char *file, struct sl_str all, struct sl_err *err)
{
  static const struct mj_field f[] = { { "dataset", take_dataset }, { "features", take_features },
                                       { "regression_metrics", quality_not_data },
                                    { "binary_classification_metrics", quality_not_data },
                                    { "multiclass_classification_metrics", quality_not_data }, { NULL, NULL } };
  *out = (struct sl_monitor_stats){ .items = (double)NAN };
  sl_arena_init(&out->mem, memory_max);
  struct stats_reader k = { .r = { .mem = &out->mem }, .s = out };
  int rc = mj_document(&k.r, file, all, f, NULL, err);
  if (!rc && !out->n)
    rc = sl_err_set(err, SL_EPARSE, "%s: features: there are none", file);
  struct sl_err mine;
  k.r.err = err ? err : &mine;
  return rc ? rc : no_doubles(&k.r, out);
}
