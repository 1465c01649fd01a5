/* compute/model.c: loading by content, and features by name. Which kinds there are stands in one table; what a kind does with rows is its
 * own affair (struct model_ops). */
#include "compute/model.h"

#include <stdio.h>

#include "base/mem.h"
#include "compute/kern/kern.h"
#include "compute/model_int.h"
#include "compute/mxnet.h"

int model_bad(struct sl_err *err, const struct sl_model *m, size_t at, const char *fmt, ...)
{
  char why[160];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(why, sizeof why, fmt, ap);
  va_end(ap);
  if (err && err->code) /* the first one stands */
    return err->code;
  return sl_err_set(err, SL_EPARSE, "%s: byte %zu: %s", m->file, at, why);
}

int model_add_name(struct sl_model *m, struct sl_str name, struct sl_err *err)
{
  int rc = sl_grow((void **)&m->names, &m->names_cap, m->nnames + 1, sizeof *m->names, MODEL_FEATURES_MAX, err);
  char *copy = rc ? NULL : sl_strndup(name.p, name.n);
  if (!rc && !copy)
    rc = sl_err_nomem(err);
  if (!rc)
    m->names[m->nnames++] = copy;
  return rc;
}

int model_add_category(struct model_cats *c, struct sl_str text, struct sl_err *err)
{
  if (sl_map_count(&c->map) >= SL_COLUMN_DICT_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d categories of one feature", SL_COLUMN_DICT_MAX);
  if (sl_map_get(&c->map, text, NULL))
    return sl_err_set(err, SL_EPARSE, "the same category twice");
  return sl_map_put(&c->map, text, sl_map_count(&c->map), NULL, err);
}

/* ---- loading ---- */

static bool begins(struct sl_str s, const char *z) { return sl_str_starts(s, sl_str(z)); }

static bool is_xgb_json(struct sl_str s)
{
  size_t i = 1;
  if (!s.n || s.p[0] != '{')
    return false;
  while (i < s.n && strchr(" \n\r\t", s.p[i]) && s.p[i])
    i++;
  return i < s.n && s.p[i] == '"';
}

static bool is_xgb_ubj(struct sl_str s) { return begins(s, "{L") || begins(s, "{i") || begins(s, "{U") || begins(s, "{l"); }
static bool is_lgb(struct sl_str s) { return begins(s, "tree\n") || begins(s, "tree\r\n"); }
/* Protocols 0 and 1 have no magic: an estimator begins with how it is made. */
static bool is_pickle(struct sl_str s)
{
  return (s.n > 1 && (unsigned char)s.p[0] == 0x80 && s.p[1] >= 2 && s.p[1] <= 5) || begins(s, "ccopy_reg\n_reconstructor\n") ||
         begins(s, "ccopyreg\n_reconstructor\n");
}

static bool is_binf(struct sl_str s) { return begins(s, "binf"); }
static bool is_snapshot(struct sl_str s) { return begins(s, "CONFIG-offset:"); }
static bool is_zip(struct sl_str s) { return begins(s, "PK\003\004"); }
static bool is_gzip(struct sl_str s) { return begins(s, "\037\213"); }
static bool is_onnx(struct sl_str s) { return begins(s, "\010"); }
static bool is_any(struct sl_str s) { return s.n != 0; }
static bool is_empty(struct sl_str s) { return !s.n; }

/* The first one that is it. read NULL: known, and not read; then its name says why not. */
static const struct model_kind {
  const char *name;
  bool (*is)(struct sl_str bytes);
  int (*read)(struct sl_model *m, struct sl_str bytes, struct sl_err *err);
} kinds[] = {
  { "xgboost ubj", is_xgb_ubj, xgb_ubj_read },
  { "xgboost json", is_xgb_json, xgb_json_read },
  { "lightgbm text", is_lgb, lgb_read },
  { "a pickle", is_pickle, skl_pickle_read },
  { "xgboost binary", is_binf, xgb_binf_read },
  { "mxnet arrays", mx_is, sm_arrays_read },
  { "a snapshot of an old XGBoost; save the model again as UBJ", is_snapshot, NULL },
  { "a zip archive: a skops file is unpacked before it is read here", is_zip, NULL },
  { "a gzip archive; unpack it first", is_gzip, NULL },
  { SL_MODEL_ONNX, is_onnx, NULL },
  { "no model that is known here", is_any, NULL },
  { "an empty file", is_empty, NULL },
};

static const struct model_kind *kind_of(struct sl_str s)
{
  const struct model_kind *k = kinds;
  while (!k->is(s))
    k++;
  return k;
}

const char *sl_model_sniff(struct sl_str s, bool *readable)
{
  const struct model_kind *k = kind_of(s);
  *readable = k->read != NULL;
  return k->name;
}

int model_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err)
{
  const struct model_kind *k = kind_of(bytes);
  return k->read ? k->read(m, bytes, err) : sl_err_set(err, SL_EUNSUP, "%s is %s", m->file, k->name);
}

/* Of one file or of several. */
static int load(struct sl_model **out, const struct sl_model_part *part, size_t n, bool parts, const char *file,
    enum sl_model_wrapper wrapper,
                struct sl_err *err)
{
  struct sl_err own = { 0 };
  *out = NULL;
  struct sl_model *m = sl_calloc(1, sizeof *m);
  if (!m || !(m->file = sl_strdup(file))) {
    sl_free(m);
    return sl_err_nomem(err);
  }
  m->wrapper = wrapper;
  int rc = !parts ? model_read(m, part->bytes, &own) : sm_linear_is(part, n) ? sm_linear_read(m, part, n, &own)
                                                                            : skl_skops_read(m, part, n, &own);
  if (rc) {
    if (err)
      *err = own;
    sl_model_free(m);
    return rc;
  }
  *out = m;
  return SL_OK;
}

int sl_model_load(struct sl_model **out, struct sl_str bytes, const char *file, enum sl_model_wrapper wrapper, struct sl_err *err)
{
  const struct sl_model_part one = { .bytes = bytes };
  return load(out, &one, 1, false, file, wrapper, err);
}

int sl_model_load_parts(struct sl_model **out, const struct sl_model_part *part, size_t n, const char *file, enum sl_model_wrapper wrapper,
                        struct sl_err *err)
{
  return load(out, part, n, true, file, wrapper, err);
}

const char *sl_model_output_name(const struct sl_model *m, enum sl_model_output what, size_t i)
{
  return m->ops->name ? m->ops->name(m, what, i) : NULL;
}

int sl_model_cpu(const char *level, struct sl_err *err)
{
  if (kern_use(level))
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "SLUICE_CPU %.20s: c, avx2 or avx512, as far as this processor has them", level);
}

void sl_model_free(struct sl_model *m)
{
  if (!m)
    return;
  for (size_t i = 0; i < m->nnames; i++)
    sl_free(m->names[i]);
  for (size_t i = 0; i < m->ncats; i++)
    sl_map_free(&m->cats[i].map);
  if (m->ops)
    m->ops->free(m);
  sl_arena_free(&m->kept);
  sl_free(m->names);
  sl_free(m->categorical);
  sl_free(m->cats);
  sl_free(m->objective);
  sl_free(m->file);
  sl_free(m);
}

struct sl_model_facts sl_model_facts(const struct sl_model *m)
{
  struct sl_model_facts f = { .engine = m->engine, .objective = m->objective, .booster = m->booster, .features = m->features,
                              .groups = m->groups, .classes = m->classes, .trees = m->trees, .clusters = m->clusters,
                              .threads = m->threads };
  memcpy(f.version, m->version, sizeof f.version);
  return f;
}

const char *sl_model_feature(const struct sl_model *m, size_t i) { return i < m->nnames ? m->names[i] : NULL; }
bool sl_model_categorical(const struct sl_model *m, size_t i) { return i < m->ncategorical && m->categorical[i]; }

/* ---- which column is which feature ---- */

/* LightGBM has no blanks in names: it makes underlines of them. */
static bool same_name(const struct sl_model *m, const char *feature, const char *column)
{
  for (; *feature && *column; feature++, column++)
    if (*feature != *column && !(m->underlines && *feature == '_' && *column == ' '))
      return false;
  return *feature == *column;
}

static int by_name(const struct sl_model *m, const char *feature, const char *const *names, size_t n, size_t *of, struct sl_err *err)
{
  size_t found = SIZE_MAX;
  for (size_t i = 0; i < n; i++) {
    if (!same_name(m, feature, names[i]))
      continue;
    if (found != SIZE_MAX)
      return sl_err_set(err, SL_EUSAGE, "the data has two columns %s", feature);
    found = i;
  }
  if (found == SIZE_MAX) {
    const char *near = sl_str_nearest(sl_str(feature), names, n);
    return sl_err_set(err, SL_ENOENT, "the data has no column %s, which the model takes%s%s%s", feature, near ? " (is it " : "",
                      near ? near : "", near ? "?)" : "");
  }
  *of = found;
  return SL_OK;
}

int sl_model_match(const struct sl_model *m, const char *const *names, size_t n, const char *const *signature, size_t nsignature,
                   size_t skip, size_t *of, struct sl_err *err)
{
  const char *const *want = m->nnames ? (const char *const *)m->names : nsignature == m->features ? signature : NULL;
  size_t have = n - (skip < n), at = 0;
  int rc = SL_OK;
  for (size_t i = 0; !rc && want && i < m->features; i++) {
    rc = by_name(m, want[i], names, n, &of[i], err);
    if (!rc && of[i] == skip)
      rc = sl_err_set(err, SL_EUSAGE, "%s is the label, and the model takes it as a feature", names[skip]);
  }
  if (want || rc)
    return rc;
  if (have != m->features)
    return sl_err_set(err, SL_EUSAGE, "the model has no names of its features, so columns go by position: it takes %zu, the data has %zu",
                      m->features, have);
  for (size_t i = 0; i < n; i++)
    if (i != skip)
      of[at++] = i;
  return SL_OK;
}

