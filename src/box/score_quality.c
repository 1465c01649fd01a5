/* box/score_quality.c: rows of quality: one model's figures, or two models' side by side with whether their difference is noise, and then
 * the rows of the data that make it. */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "box/score_int.h"

enum { ROWS_SHOWN = 200 };
enum { METRIC, CLASS, SLICE, VALUE, LOW, HIGH, N, AGAINST, AGAINST_LOW, AGAINST_HIGH, DIFFERENCE, P_VALUE, TEST, ROW, PREDICTED,
       AGAINST_PREDICTED, ALL };

static const struct sl_col cols[ALL] = {
  [METRIC] = { .name = "metric", .type = SL_TEXT, .help = "accuracy, auc, log_loss, precision, recall, f1, confusion; mae, rmse, r2" },
  [CLASS] = { .name = "class", .type = SL_TEXT, .help = "of this class; none: of all" },
  [SLICE] = { .name = "slice", .type = SL_TEXT, .help = "confusion: what was predicted" },
  [VALUE] = { .name = "value", .type = SL_F64, .help = "its value" },
  [LOW] = { .name = "low", .type = SL_F64, .help = "lower end of its interval" },
  [HIGH] = { .name = "high", .type = SL_F64, .help = "upper end" },
  [N] = { .name = "n", .type = SL_I64, .help = "rows that it rests on", .unit = "rows" },
  [AGAINST] = { .name = "against", .type = SL_F64, .help = "the other model's value" },
  [AGAINST_LOW] = { .name = "against_low", .type = SL_F64, .help = "lower end of its interval" },
  [AGAINST_HIGH] = { .name = "against_high", .type = SL_F64, .help = "upper end" },
  [DIFFERENCE] = { .name = "difference", .type = SL_F64, .help = "value less against" },
  [P_VALUE] = { .name = "p_value", .type = SL_F64, .help = "of such a difference, were both as good" },
  [TEST] = { .name = "test", .type = SL_TEXT, .help = "delong, mcnemar" },
  [ROW] = { .name = "row", .type = SL_I64, .help = "of the data, from 0" },
  [PREDICTED] = { .name = "predicted", .type = SL_TEXT, .help = "what the model says of that row" },
  [AGAINST_PREDICTED] = { .name = "against_predicted", .type = SL_TEXT, .help = "what the other one says" },
};

int score_quality_open(struct score *s, struct sl_err *err)
{
  struct sl_model_facts f = sl_model_facts(s->m);
  struct sl_err none;
  if (s->judge && !s->label)
    return sl_err_set(err, SL_EUSAGE, "quality needs the label: the column that holds what was true");
  if (!s->label || !(s->judge || s->c->out_file))
    return SL_OK;
  bool texts = sl_model_labels(s->m).type == SL_COLUMN_TEXT && sl_model_labels(s->m).n;
  if (s->label->time || (sl_column_numeric(s->label) ? texts : !texts)) {
    if (!s->judge)
      return SL_OK;
    return sl_err_set(err, SL_EUNSUP, "the label %s is %s; the model knows its classes by %s only", s->label->name,
                      sl_column_type_name(s->label), texts ? "name" : "number");
  }
  enum sl_model_output what = f.classes ? SL_MODEL_PROBABILITY : SL_MODEL_PREDICT;
  if (sl_model_shape(s->m, what, &s->prob_shape, &none) && sl_model_shape(s->m, SL_MODEL_CLASS, &s->prob_shape, err))
    return err ? err->code : SL_EUNSUP;
  if (s->prob_shape.width != 1 && s->prob_shape.width != f.classes)
    return s->judge ? sl_err_set(err, SL_EUNSUP, "quality of a model of several numbers is not worked out") : SL_OK;
  if (f.classes > SL_QUALITY_CLASSES_MAX && !s->judge)
    return SL_OK;
  int rc = sl_quality_open(&s->quality, f.classes, s->prob_shape.type == SL_COLUMN_F32 ? (double)FLT_EPSILON : DBL_EPSILON, err);
  if (!rc && s->wide)
    sl_quality_keep(s->quality);
  return rc;
}

static double number(const void *values, enum sl_column_type type, size_t i)
{
  return type == SL_COLUMN_F32 ? (double)((const float *)values)[i]
         : type == SL_COLUMN_F64 ? ((const double *)values)[i] : (double)((const int64_t *)values)[i];
}

int score_quality_block(struct score *s, struct sl_err *err)
{
  size_t width = s->prob_shape.width, rows = sl_columns_rows(&s->f), classes = sl_model_facts(s->m).classes;
  bool index = s->prob_shape.type == SL_COLUMN_I64;
  double p[SL_QUALITY_CLASSES_MAX];
  int rc = SL_OK;
  for (size_t r = 0; !rc && r < rows; r++) {
    size_t best = 0;
    for (size_t k = 0; k < width; k++) {
      p[k] = number(s->prob, s->prob_shape.type, r * width + k);
      best = p[k] > p[best] ? k : best;
    }
    bool known;
    double label = sl_model_label_class(s->m, s->label, r, &known);
    if (!known)
      return sl_err_set(err, SL_EUSAGE, "row %llu of the data: its label is none of the model's classes", (unsigned long long)(s->row + r));
    int64_t chosen = index ? (int64_t)p[0] : width > 1 ? (int64_t)best : p[0] > 0.5;
    const double *of = classes == 2 && width == 2 ? p + 1 : p; /* softprob of two classes gives one for each */
    rc = sl_quality_add(s->quality, label, of, !index, chosen, err);
  }
  return rc;
}

/* ---- rows ---- */

struct judging {
  struct score *s;
  struct sl_err *err;
  uint64_t row;
  struct sl_quality_value *other; size_t n, cap, at; /* the other model's figures, in their order; at: behind the last that was found */
};

static int flush(struct score *s, struct sl_err *err)
{
  int rc = s->batch ? box_rows(s->c, s->batch, err) : SL_OK;
  sl_batch_unref(s->batch);
  s->batch = NULL;
  return rc;
}

static int begin_row(struct judging *j)
{
  char id[24];
  struct score *s = j->s;
  int rc = s->batch && sl_batch_full(s->batch) ? flush(s, j->err) : SL_OK;
  if (!rc && !s->batch)
    rc = sl_batch_new(&s->batch, s->schema, j->err);
  if (rc)
    return rc;
  int n = snprintf(id, sizeof id, "%llu", (unsigned long long)++j->row);
  sl_batch_row(s->batch, SL_PUT, sl_strn(id, (size_t)n));
  return SL_OK;
}

static void set_f(struct judging *j, unsigned col, double v)
{
  if (!isnan(v))
    sl_batch_set(j->s->batch, col, sl_vf(v));
}

static void set_class(struct judging *j, unsigned col, const char *before, int cls)
{
  char text[160];
  struct sl_model_labels l = sl_model_labels(j->s->m);
  struct sl_str s = cls >= 0 && (size_t)cls < l.n && l.type == SL_COLUMN_TEXT ? sl_str_head(l.text[cls], 100) : SL_STR_NONE;
  double v = cls >= 0 && (size_t)cls < l.n && !s.p ? l.number[cls] : cls;
  if (s.p)
    snprintf(text, sizeof text, "%s%.*s", before, SL_ARG(s));
  else
    snprintf(text, sizeof text, "%s%.15g", before, v);
  if (cls >= 0)
    sl_batch_set(j->s->batch, col, sl_vz(text));
}

static int keep_value(void *user, const struct sl_quality_value *v)
{
  struct judging *j = user;
  int rc = sl_grow((void **)&j->other, &j->cap, j->n + 1, sizeof *j->other, (size_t)1 << 20, j->err);
  if (!rc)
    j->other[j->n++] = *v;
  return rc;
}

/* Both come in one order, but a model without probabilities leaves some out. */
static const struct sl_quality_value *other_of(struct judging *j, const struct sl_quality_value *v)
{
  for (size_t i = j->at; i < j->n; i++) {
    const struct sl_quality_value *o = &j->other[i];
    if (o->cls != v->cls || o->other != v->other || strcmp(o->metric, v->metric) != 0)
      continue;
    j->at = i + 1;
    return o;
  }
  return NULL;
}

/* AUC of two classes is that of class 1; the mean of several has no test. */
static int add_test(struct judging *j, const struct sl_quality_value *v)
{
  const struct sl_quality *a = j->s->quality, *b = j->s->other->quality;
  size_t classes = sl_model_facts(j->s->m).classes;
  bool share = !strcmp(v->metric, "accuracy"), rank = !strcmp(v->metric, "auc") && (v->cls >= 0 || classes == 2);
  double p = share ? sl_quality_mcnemar(a, b) : (double)NAN;
  int rc = rank ? sl_quality_delong(a, b, v->cls < 0 ? 1 : (size_t)v->cls, &p, j->err) : SL_OK;
  set_f(j, P_VALUE, p);
  if (!isnan(p))
    sl_batch_set(j->s->batch, TEST, sl_vz(share ? "mcnemar" : "delong"));
  return rc;
}

static int add_against(struct judging *j, const struct sl_quality_value *v)
{
  const struct sl_quality_value *o = other_of(j, v);
  if (!o)
    return SL_OK;
  set_f(j, AGAINST, o->value);
  set_f(j, AGAINST_LOW, o->low);
  set_f(j, AGAINST_HIGH, o->high);
  set_f(j, DIFFERENCE, v->value - o->value);
  return v->other < 0 ? add_test(j, v) : SL_OK;
}

static int add_value(void *user, const struct sl_quality_value *v)
{
  struct judging *j = user;
  int rc = begin_row(j);
  if (rc)
    return rc;
  sl_batch_set(j->s->batch, METRIC, sl_vz(v->metric));
  set_class(j, CLASS, "", v->cls);
  set_class(j, SLICE, "predicted ", v->other);
  set_f(j, VALUE, v->value);
  set_f(j, LOW, v->low);
  set_f(j, HIGH, v->high);
  sl_batch_set(j->s->batch, N, sl_vi((int64_t)v->n));
  return j->s->other ? add_against(j, v) : SL_OK;
}

static int add_row(struct judging *j, const struct sl_quality_row *r)
{
  char text[64];
  int rc = begin_row(j);
  if (rc)
    return rc;
  struct sl_batch *b = j->s->batch;
  sl_batch_set(b, METRIC, sl_vz(j->s->other ? "disagreement" : "mistake"));
  if (sl_model_labels(j->s->m).n)
    set_class(j, CLASS, "", (int)r->label);
  else {
    snprintf(text, sizeof text, "%.9g", r->label);
    sl_batch_set(b, CLASS, sl_vz(text));
  }
  snprintf(text, sizeof text, "row %llu", (unsigned long long)r->row);
  sl_batch_set(b, SLICE, sl_vz(text));
  set_f(j, VALUE, r->pa);
  set_f(j, AGAINST, r->pb);
  set_f(j, DIFFERENCE, r->pa - r->pb);
  sl_batch_set(b, ROW, sl_vi((int64_t)r->row));
  set_class(j, PREDICTED, "", r->a);
  set_class(j, AGAINST_PREDICTED, "", r->b);
  return SL_OK;
}

/* How many there are, then those that lie furthest apart. */
static int add_rows(struct judging *j, struct sl_err *err)
{
  struct score *s = j->s;
  struct sl_quality_row *row = sl_calloc(ROWS_SHOWN, sizeof *row);
  size_t n = 0;
  uint64_t all = 0;
  int rc = row ? SL_OK : sl_err_nomem(err);
  if (!rc) {
    sl_quality_rows(s->quality, s->other ? s->other->quality : NULL, row, ROWS_SHOWN, &n, &all);
    rc = begin_row(j);
  }
  if (!rc) {
    sl_batch_set(s->batch, METRIC, sl_vz(s->other ? "disagreements" : "mistakes"));
    sl_batch_set(s->batch, VALUE, sl_vf((double)all));
    sl_batch_set(s->batch, N, sl_vi((int64_t)sl_quality_count(s->quality)));
  }
  for (size_t i = 0; !rc && i < n; i++)
    rc = add_row(j, &row[i]);
  sl_free(row);
  return rc;
}

int score_quality_rows(struct score *s, struct sl_err *err)
{
  struct judging j = { .s = s, .err = err };
  int rc = s->other ? sl_quality_comparable(s->quality, s->other->quality, err) : SL_OK;
  if (!rc && s->other)
    rc = sl_quality_end(s->other->quality, keep_value, &j, err);
  if (!rc)
    rc = sl_schema_new(&s->schema, cols, s->wide ? ALL : AGAINST, NULL, 0, err);
  if (!rc)
    rc = box_head(s->c, s->schema, -1, err);
  if (!rc)
    rc = sl_quality_end(s->quality, add_value, &j, err);
  if (!rc && s->wide)
    rc = add_rows(&j, err);
  sl_free(j.other);
  return rc ? rc : flush(s, err);
}
