/* box/score_quality.c: rows of quality: one model's figures, or two models' side by side with whether their difference is noise, and then
 * the rows of the data that make it. */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "box/score_int.h"
#include "compute/partial.h"

enum { ROWS_SHOWN = 200 };
static const struct sl_col cols[JUDGED] = {
  [J_METRIC] = { .name = "metric", .type = SL_TEXT, .help = "what was measured" },
  [J_CLASS] = { .name = "class", .type = SL_TEXT, .help = "of this class; none: of all" },
  [J_SLICE] = { .name = "slice", .type = SL_TEXT, .help = "confusion: what was predicted" },
  [J_VALUE] = { .name = "value", .type = SL_F64, .help = "its value" },
  [J_LOW] = { .name = "low", .type = SL_F64, .help = "lower end of its interval" },
  [J_HIGH] = { .name = "high", .type = SL_F64, .help = "upper end" },
  [J_N] = { .name = "n", .type = SL_I64, .help = "rows that it rests on", .unit = "rows" },
  [J_AGAINST] = { .name = "against", .type = SL_F64, .help = "the other model's value" },
  [J_AGAINST_LOW] = { .name = "against_low", .type = SL_F64, .help = "lower end of its interval" },
  [J_AGAINST_HIGH] = { .name = "against_high", .type = SL_F64, .help = "upper end" },
  [J_DIFFERENCE] = { .name = "difference", .type = SL_F64, .help = "value less against" },
  [J_P_VALUE] = { .name = "p_value", .type = SL_F64, .help = "of such a difference, were both as good" },
  [J_TEST] = { .name = "test", .type = SL_TEXT, .help = "delong, mcnemar, bootstrap" },
  [J_ROW] = { .name = "row", .type = SL_I64, .help = "of the data, from 0" },
  [J_PREDICTED] = { .name = "predicted", .type = SL_TEXT, .help = "what the model says of that row" },
  [J_AGAINST_PREDICTED] = { .name = "against_predicted", .type = SL_TEXT, .help = "what the other one says" },
  [J_AT] = { .name = "at", .type = SL_F64, .help = "of a curve's point: how far along" },
  [J_THRESHOLD] = { .name = "threshold", .type = SL_F64, .help = "of a curve's point: outputs from here on" },
  [J_NOTE] = { .name = "note", .type = SL_TEXT, .help = "what to know of it" },
};

static int label_fits(const struct score *s, struct sl_err *err)
{
  bool texts = sl_model_labels(s->m).type == SL_COLUMN_TEXT && sl_model_labels(s->m).n;
  if (!s->label->time && (sl_column_numeric(s->label) ? !texts : texts))
    return SL_OK;
  return sl_err_set(err, SL_EUNSUP, "the label %s is %s; the model knows its classes by %s only", s->label->name,
                    sl_column_type_name(s->label), texts ? "name" : "number");
}

static int no_label(struct sl_err *err)
{
  return sl_err_set(err, SL_EUSAGE, "quality needs the label, the column that holds what was true (label=COLUMN, --label): only models of "
                    "clusters are judged without one");
}

/* Before any data is read: without the label its column would be taken for a feature. */
int score_quality_asked(const struct score *s, struct sl_err *err)
{
  bool named = json_string_value(json_object_get(s->args, "label")) != NULL;
  return !s->judge || named || sl_model_facts(s->m).clusters ? SL_OK : no_label(err);
}

int score_quality_open(struct score *s, struct sl_err *err)
{
  struct sl_model_facts f = sl_model_facts(s->m);
  struct sl_err none;
  bool part = score_partial_wanted(s), must = s->judge || part;
  if (f.clusters)
    return score_clusters_open(s, err);
  if (s->judge && !s->label)
    return no_label(err);
  if (!s->label || !(s->judge || s->c->out_file))
    return SL_OK;
  if (!part && label_fits(s, must ? err : &none)) /* a part without rows has its types from nowhere */
    return must ? SL_EUNSUP : SL_OK;
  enum sl_model_output what = f.classes ? SL_MODEL_PROBABILITY : SL_MODEL_PREDICT;
  if (sl_model_shape(s->m, what, &s->prob_shape, &none) && sl_model_shape(s->m, SL_MODEL_CLASS, &s->prob_shape, err))
    return err ? err->code : SL_EUNSUP;
  if (s->prob_shape.width != 1 && s->prob_shape.width != f.classes)
    return must ? sl_err_set(err, SL_EUNSUP, "quality of a model of several numbers is not worked out") : SL_OK;
  if (part || (f.classes > SL_QUALITY_CLASSES_MAX && !must))
    return SL_OK;
  int rc = sl_quality_open(&s->quality, f.classes, s->prob_shape.type == SL_COLUMN_F32 ? (double)FLT_EPSILON : DBL_EPSILON, err);
  if (!rc && (s->wide || json_object_get(s->args, "slice")))
    sl_quality_keep(s->quality);
  if (!rc && !s->judge)
    sl_quality_bound(s->quality, SL_QUALITY_ROWS_MAX);
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
  int rc = s->part ? label_fits(s, err) : SL_OK;
  for (size_t r = 0; !rc && r < rows; r++) {
    size_t best = 0;
    for (size_t k = 0; k < width; k++) {
      p[k] = number(s->prob, s->prob_shape.type, r * width + k);
      best = p[k] > p[best] ? k : best;
    }
    bool known = true;
    double label = score_images_why(s, r) ? (double)NAN : sl_model_label_class(s->m, s->label, r, &known);
    if (!known && s->images)
      return sl_err_set(err, SL_EUSAGE, "%.*s: its folder is none of the model's classes",
                        SL_ARG(sl_str_head(sl_column_text(&s->f.at[0], r), 150)));
    if (!known)
      return score_why_label(s, r, err);
    int64_t chosen = index ? (int64_t)p[0] : width > 1 ? (int64_t)best : p[0] > 0.5;
    const double *of = classes == 2 && width == 2 ? p + 1 : p; /* softprob of two classes gives one for each */
    rc = s->part ? sl_partial_add(s->part, label, of, chosen, err) : sl_quality_add(s->quality, label, of, !index, chosen, err);
    if (rc == SL_EUSAGE)
      sl_err_prefix(err, "row %llu of the data", (unsigned long long)(s->row + r));
  }
  return rc;
}

/* ---- rows ---- */

static int flush(struct score *s, struct sl_err *err)
{
  int rc = s->batch ? box_rows(s->c, s->batch, err) : SL_OK;
  sl_batch_unref(s->batch);
  s->batch = NULL;
  return rc;
}

int score_judge_row(struct score_judging *j)
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

void score_judge_class(struct score_judging *j, unsigned col, const char *before, int cls)
{
  char text[160];
  struct sl_model_labels l = sl_model_labels(j->s->m);
  struct sl_str s = cls >= 0 && (size_t)cls < l.n && l.type == SL_COLUMN_TEXT
                       ? sl_str_head(l.text[cls], sl_utf8_cut(l.text[cls], 100)) : SL_STR_NONE;
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
  struct score_judging *j = user;
  int rc = sl_grow((void **)&j->other, &j->cap, j->n + 1, sizeof *j->other, (size_t)1 << 20, j->err);
  if (!rc)
    j->other[j->n++] = *v;
  return rc;
}

/* Both come in one order, but a model without probabilities leaves some out. */
static const struct sl_quality_value *other_of(struct score_judging *j, const struct sl_quality_value *v)
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

/* AUC of two classes is that of class 1; the mean of several, and all the rest, by the draws. */
static int add_test(struct score_judging *j, const struct sl_quality_value *v)
{
  const struct sl_quality *a = j->a, *b = j->b;
  size_t classes = sl_model_facts(j->s->m).classes;
  bool share = !strcmp(v->metric, "accuracy"), rank = !strcmp(v->metric, "auc") && (v->cls >= 0 || classes == 2);
  double p = share ? sl_quality_mcnemar(a, b) : (double)NAN;
  int rc = rank ? sl_quality_delong(a, b, v->cls < 0 ? 1 : (size_t)v->cls, &p, j->err) : SL_OK;
  bool drawn = !share && !rank;
  p = drawn ? sl_quality_resampled(j->boot, v->metric, v->cls).p : p;
  sl_batch_set_number(j->s->batch, J_P_VALUE, p);
  if (!isnan(p))
    sl_batch_set(j->s->batch, J_TEST, sl_vz(share ? "mcnemar" : drawn ? "bootstrap" : "delong"));
  return rc;
}

static int add_against(struct score_judging *j, const struct sl_quality_value *v)
{
  const struct sl_quality_value *o = other_of(j, v);
  if (!o)
    return SL_OK;
  struct sl_quality_bounds d = sl_quality_resampled(j->boot_b, o->metric, o->cls);
  bool own = !isnan(o->low) || o->other >= 0;
  sl_batch_set_number(j->s->batch, J_AGAINST, o->value);
  sl_batch_set_number(j->s->batch, J_AGAINST_LOW, own ? o->low : d.low);
  sl_batch_set_number(j->s->batch, J_AGAINST_HIGH, own ? o->high : d.high);
  sl_batch_set_number(j->s->batch, J_DIFFERENCE, v->value - o->value);
  return v->other < 0 ? add_test(j, v) : SL_OK;
}

static int add_value(void *user, const struct sl_quality_value *v)
{
  struct score_judging *j = user;
  if (j->slice && (v->cls >= 0 || v->other >= 0))
    return SL_OK;
  int rc = score_judge_row(j);
  if (rc)
    return rc;
  struct sl_quality_bounds d = sl_quality_resampled(j->boot, v->metric, v->cls);
  bool own = !isnan(v->low) || v->other >= 0;
  sl_batch_set(j->s->batch, J_METRIC, sl_vz(v->metric));
  score_judge_class(j, J_CLASS, "", v->cls);
  score_judge_class(j, J_SLICE, "predicted ", v->other);
  sl_batch_set_number(j->s->batch, J_VALUE, v->value);
  sl_batch_set_number(j->s->batch, J_LOW, own ? v->low : d.low);
  sl_batch_set_number(j->s->batch, J_HIGH, own ? v->high : d.high);
  sl_batch_set(j->s->batch, J_N, sl_vi((int64_t)v->n));
  if (j->slice) {
    sl_batch_set(j->s->batch, J_SLICE, sl_vz(j->slice));
    if (j->s->wide && v->n < SCORE_FEW)
      sl_batch_set(j->s->batch, J_NOTE, sl_vz("few rows"));
  }
  return j->b ? add_against(j, v) : SL_OK;
}

static int add_row(struct score_judging *j, const struct sl_quality_row *r)
{
  char text[64];
  int rc = score_judge_row(j);
  if (rc)
    return rc;
  struct sl_batch *b = j->s->batch;
  sl_batch_set(b, J_METRIC, sl_vz(j->s->other ? "disagreement" : "mistake"));
  if (sl_model_labels(j->s->m).n)
    score_judge_class(j, J_CLASS, "", (int)r->label);
  else {
    snprintf(text, sizeof text, "%.9g", r->label);
    sl_batch_set(b, J_CLASS, sl_vz(text));
  }
  snprintf(text, sizeof text, "row %llu", (unsigned long long)r->row);
  sl_batch_set(b, J_SLICE, sl_vz(text));
  if (j->s->images && sl_utf8_valid(score_images_path(j->s, r->row)))
    sl_batch_set(b, J_NOTE, sl_vs(score_images_path(j->s, r->row)));
  sl_batch_set_number(j->s->batch, J_VALUE, r->pa);
  sl_batch_set_number(j->s->batch, J_AGAINST, r->pb);
  sl_batch_set_number(j->s->batch, J_DIFFERENCE, r->pa - r->pb);
  sl_batch_set(b, J_ROW, sl_vi((int64_t)r->row));
  score_judge_class(j, J_PREDICTED, "", r->a);
  score_judge_class(j, J_AGAINST_PREDICTED, "", r->b);
  return SL_OK;
}

/* How many there are, then those that lie furthest apart. */
static int add_rows(struct score_judging *j, struct sl_err *err)
{
  struct score *s = j->s;
  struct sl_quality_row *row = sl_calloc(ROWS_SHOWN, sizeof *row);
  size_t n = 0;
  uint64_t all = 0;
  int rc = row ? SL_OK : sl_err_nomem(err);
  if (!rc) {
    sl_quality_rows(s->quality, s->other ? s->other->quality : NULL, row, ROWS_SHOWN, &n, &all);
    rc = score_judge_row(j);
  }
  if (!rc) {
    sl_batch_set(s->batch, J_METRIC, sl_vz(s->other ? "disagreements" : "mistakes"));
    sl_batch_set(s->batch, J_VALUE, sl_vf((double)all));
    sl_batch_set(s->batch, J_N, sl_vi((int64_t)sl_quality_count(s->quality)));
  }
  for (size_t i = 0; !rc && i < n; i++)
    rc = add_row(j, &row[i]);
  sl_free(row);
  return rc;
}

/* What the figures of pictures rest on. */
static int add_images(struct score_judging *j)
{
  const struct score *s = j->s;
  const struct { const char *name; uint64_t n; } row[] = { { "pictures_unread", score_images_failed(s) },
                                                           { "files_left_aside", score_images_others(s) }, { "preprocessing", 0 } };
  struct sl_buf b;
  int rc = SL_OK;
  sl_buf_init(&b, 16 << 10);
  score_images_words(s, &b);
  for (size_t i = 0; !rc && i < 3; i++) {
    rc = i < 2 && !row[i].n ? SL_OK : score_judge_row(j);
    if (rc || (i < 2 && !row[i].n))
      continue;
    sl_batch_set(s->batch, J_METRIC, sl_vz(row[i].name));
    if (i < 2)
      sl_batch_set_number(j->s->batch, J_VALUE, (double)row[i].n);
    else
      sl_batch_set(s->batch, J_NOTE, sl_vs(sl_buf_view(&b)));
  }
  rc = rc ? rc : sl_buf_check(&b, j->err);
  sl_buf_free(&b);
  return rc;
}

/* Figures of a and b, with what the draws tell of them where all is wanted. */
int score_judge_figures(struct score_judging *j)
{
  int rc = SL_OK;
  j->n = j->at = 0;
  if (j->b)
    rc = sl_quality_comparable(j->a, j->b, j->err);
  if (!rc && j->s->wide)
    rc = sl_quality_resample(&j->boot, j->a, j->b, j->err);
  if (!rc && j->s->wide && j->b)
    rc = sl_quality_resample(&j->boot_b, j->b, NULL, j->err);
  if (!rc && j->b)
    rc = sl_quality_end(j->b, keep_value, j, j->err);
  if (!rc)
    rc = sl_quality_end(j->a, add_value, j, j->err);
  sl_quality_resample_free(j->boot);
  sl_quality_resample_free(j->boot_b);
  j->boot = j->boot_b = NULL;
  return rc;
}

static int judge_labelled(struct score_judging *j)
{
  struct score *s = j->s;
  int rc = score_judge_figures(j);
  if (!rc && s->wide)
    rc = add_rows(j, j->err);
  if (!rc && s->wide && s->images)
    rc = add_images(j);
  if (!rc)
    rc = score_judge_slices(j);
  return !rc && s->wide ? score_judge_curves(j) : rc;
}

int score_quality_rows(struct score *s, struct sl_err *err)
{
  struct score_judging j = { .s = s, .err = err, .a = s->quality, .b = s->other ? s->other->quality : NULL };
  int rc = j.b ? sl_quality_comparable(j.a, j.b, err) : SL_OK;
  if (!rc)
    rc = sl_schema_new(&s->schema, cols, s->wide ? JUDGED : J_AGAINST, NULL, 0, err);
  if (!rc)
    rc = box_head(s->c, s->schema, -1, err);
  if (!rc)
    rc = s->clusters ? score_judge_clusters(&j) : judge_labelled(&j);
  sl_free(j.other);
  return rc ? rc : flush(s, err);
}
