/* box/score_out.c: predictions as rows: row, prediction or p0, p1, ..., the label; to the console. Into a file: score_write.c.
 *
 * Of pictures: row, path, the same, the predicted class's probability, the folder as label, why there is none. */
#include <math.h>
#include <stdio.h>

#include "base/fmt.h"
#include "base/json.h"
#include "base/mem.h"
#include "box/score_int.h"
#include "compute/partial.h"

enum { WIDTH_MAX = 20000 };

/* ---- the summary ---- */

/* What is said of all; the rest is a query of its own. */
static int put_quality(void *user, const struct sl_quality_value *v)
{
  struct sl_jw *w = user;
  if (v->cls >= 0)
    return SL_OK;
  sl_jw_key(w, sl_str(v->metric));
  if (isnan(v->value))
    sl_jw_null(w);
  else
    sl_jw_f64(w, v->value);
  return SL_OK;
}

/* Of a part: what lies between two bounds is two numbers. */
static int put_figure(void *user, const struct sl_partial_figure *f)
{
  struct sl_jw *w = user;
  char name[64];
  if (f->cls >= 0 || f->output || !isnan(f->at) || !strcmp(f->metric, "rows"))
    return SL_OK;
  for (int i = 0; i < (f->between ? 2 : 1); i++) {
    double v = !f->between ? f->value : i ? f->high : f->low;
    snprintf(name, sizeof name, "%s%s", f->metric, !f->between ? "" : i ? "_at_most" : "_at_least");
    sl_jw_key(w, sl_str(name));
    if (isnan(v))
      sl_jw_null(w);
    else
      sl_jw_f64(w, v);
  }
  return SL_OK;
}

/* ---- columns ---- */

static enum sl_type label_type(const struct sl_column *c)
{
  if (c->time)
    return SL_TIME;
  switch (c->type) {
  case SL_COLUMN_BOOL: return SL_BOOL;
  case SL_COLUMN_I64: return SL_I64;
  case SL_COLUMN_F32:
  case SL_COLUMN_F64: return SL_F64;
  default: return SL_TEXT;
  }
}

/* What predicted classes are called, where that is what is wanted. n 0: they are numbers. */
struct sl_model_labels score_called(const struct score *s)
{
  struct sl_model_labels l = sl_model_labels(s->m);
  return s->what == SL_MODEL_PREDICT && s->shape.type == SL_COLUMN_I64 && s->shape.width == 1 ? l : (struct sl_model_labels){ .n = 0 };
}

enum sl_type score_called_type(const struct score *s)
{
  struct sl_model_labels l = score_called(s);
  if (!l.n)
    return s->shape.type == SL_COLUMN_I64 ? SL_I64 : SL_F64;
  return l.type == SL_COLUMN_TEXT ? SL_TEXT : l.type == SL_COLUMN_BOOL ? SL_BOOL : l.type == SL_COLUMN_F64 ? SL_F64 : SL_I64;
}

static int add_col(struct score *s, char *name, enum sl_type type, struct sl_err *err)
{
  if (!name)
    return sl_err_nomem(err);
  s->col_names[s->ncols] = name;
  s->cols[s->ncols] = (struct sl_col){ .name = name, .type = type, .help = "" };
  for (size_t i = 0; i < s->ncols; i++)
    if (!strcmp(s->col_names[i], name)) {
      s->ncols++;
      return sl_err_set(err, SL_EUSAGE, "the label is called %s, as an output is: give it another name in a query", name);
    }
  s->ncols++;
  return SL_OK;
}

bool score_with_top(const struct score *s) { return s->images && s->what == SL_MODEL_PREDICT && s->shape.type == SL_COLUMN_I64; }

static int columns(struct score *s, struct sl_err *err)
{
  size_t width = s->shape.width;
  enum sl_type type = score_called_type(s);
  if (width > WIDTH_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu outputs a row; at most %d are given", width, WIDTH_MAX);
  size_t probs = s->probs ? s->prob_shape.width : 0;
  s->cols = sl_calloc(width + probs + 5, sizeof *s->cols);
  s->col_names = sl_calloc(width + probs + 5, sizeof *s->col_names);
  int rc = s->cols && s->col_names ? add_col(s, sl_strdup("row"), SL_I64, err) : sl_err_nomem(err);
  if (!rc && s->images)
    rc = add_col(s, sl_strdup("path"), SL_TEXT, err);
  for (size_t i = 0; !rc && s->all && i < width + probs; i++)
    rc = add_col(s, score_all_name(s, i), i < width && s->class_name ? SL_TEXT : type, err);
  for (size_t i = 0; !rc && !s->all && i < width; i++) {
    const char *own = sl_model_output_name(s->m, s->what, i);
    rc = add_col(s, own ? sl_strdup(own) : width == 1 ? sl_strdup("prediction") : sl_asprintf("p%zu", i), type, err);
  }
  if (!rc && score_with_top(s))
    rc = add_col(s, sl_strdup("probability"), SL_F64, err);
  if (!rc && s->label)
    rc = add_col(s, sl_strdup(s->label->name), label_type(s->label), err);
  if (!rc && s->images)
    rc = add_col(s, sl_strdup("error"), SL_TEXT, err);
  return rc;
}

/* ---- as rows ---- */

/* The shortest text of a float32 is what a reader gets: as the double of that text it prints the same. */
static double short_f32(float f)
{
  struct sl_buf b;
  double d = (double)f;
  if (!isfinite(f))
    return d;
  sl_buf_init(&b, 64);
  sl_fmt_f32(&b, f);
  if (!sl_str_f64(sl_buf_view(&b), &d) || (float)d != f)
    d = (double)f;
  sl_buf_free(&b);
  return d;
}

static struct sl_val label_val(const struct sl_column *c, size_t row)
{
  if (!sl_column_has(c, row))
    return sl_null(label_type(c));
  switch (label_type(c)) {
  case SL_TIME: return sl_vt(c->v.i64[row] / 1000);
  case SL_BOOL: return sl_vb(c->v.b[row]);
  case SL_I64: return sl_vi(c->v.i64[row]);
  case SL_F64: return sl_vf(c->type == SL_COLUMN_F32 ? short_f32(c->v.f32[row]) : c->v.f64[row]);
  default: return sl_vs(sl_column_text(c, row));
  }
}

static struct sl_val called_val(const struct score *s, int64_t k)
{
  struct sl_model_labels l = score_called(s);
  switch (score_called_type(s)) {
  case SL_TEXT: return sl_vs(l.text[k]);
  case SL_BOOL: return sl_vb(l.number[k] != 0);
  case SL_F64: return sl_vf(l.number[k]);
  default: return sl_vi((int64_t)l.number[k]);
  }
}

static int flush(struct score *s, struct sl_err *err)
{
  int rc = s->batch ? box_rows(s->c, s->batch, err) : SL_OK;
  sl_batch_unref(s->batch);
  s->batch = NULL;
  return rc;
}

static void put_outputs(struct score *s, size_t r, unsigned first)
{
  size_t width = s->shape.width;
  if (score_called(s).n)
    sl_batch_set(s->batch, first, called_val(s, ((const int64_t *)s->out)[r]));
  for (size_t i = 0; !score_called(s).n && i < width; i++) {
    size_t at = r * width + i;
    sl_batch_set(s->batch, (unsigned)i + first, s->shape.type == SL_COLUMN_I64 ? sl_vi(((const int64_t *)s->out)[at])
                                                : s->shape.type == SL_COLUMN_F32 ? sl_vf(short_f32(((const float *)s->out)[at]))
                                                                                 : sl_vf(((const double *)s->out)[at]));
  }
}

static int one_row(struct score *s, size_t r, struct sl_err *err)
{
  char id[24];
  size_t width = s->shape.width;
  int rc = s->batch && sl_batch_full(s->batch) ? flush(s, err) : SL_OK;
  if (!rc && !s->batch)
    rc = sl_batch_new(&s->batch, s->schema, err);
  if (rc)
    return rc;
  int n = snprintf(id, sizeof id, "%llu", (unsigned long long)(s->row + r));
  sl_batch_row(s->batch, SL_PUT, sl_strn(id, (size_t)n));
  sl_batch_set(s->batch, 0, sl_vi((int64_t)(s->row + r)));
  if (s->images)
    sl_batch_set(s->batch, 1, sl_vs(sl_column_text(&s->f.at[0], r)));
  unsigned first = s->images ? 2 : 1, last = first + (unsigned)width;
  const char *why = score_images_why(s, r);
  if (!why)
    put_outputs(s, r, first);
  if (!why && score_with_top(s))
    sl_batch_set(s->batch, last, sl_vf(short_f32((float)score_images_top(s, r))));
  last += score_with_top(s);
  if (s->label)
    sl_batch_set(s->batch, last, label_val(s->label, r));
  if (why)
    sl_batch_set(s->batch, last + (s->label != NULL), sl_vz(why));
  return SL_OK;
}

/* ---- begin, block, end ---- */

int score_out_begin(struct score *s, struct sl_err *err) { return s->judge ? SL_OK : columns(s, err); }

int score_out_head(struct score *s, struct sl_err *err)
{
  int rc = sl_schema_new(&s->schema, NULL, 0, s->cols, s->ncols, err);
  return rc ? rc : box_head(s->c, s->schema, -1, err);
}

int score_out_block(struct score *s, struct sl_err *err)
{
  size_t rows = sl_columns_rows(&s->f);
  int rc = SL_OK;
  for (size_t r = 0; !rc && r < rows; r++)
    rc = one_row(s, r, err);
  return rc ? rc : flush(s, err);
}

static void summary_of_pictures(const struct score *s, struct sl_batch *b)
{
  struct sl_buf words;
  sl_buf_init(&words, 16 << 10);
  score_images_words(s, &words);
  sl_batch_set(b, 7, sl_vi((int64_t)score_images_failed(s)));
  sl_batch_set(b, 8, sl_vi((int64_t)score_images_others(s)));
  sl_batch_set(b, 9, sl_vs(sl_buf_view(&words)));
  sl_buf_free(&words);
}

static int summary_row(struct score *s, struct sl_str quality, struct sl_err *err)
{
  static const struct sl_col cols[] = {
    { .name = "rows", .type = SL_I64, .help = "rows that were scored", .unit = "rows" },
    { .name = "model", .type = SL_TEXT, .help = "the model's address" }, { .name = "engine", .type = SL_TEXT, .help = "where it ran" },
    { .name = "threads", .type = SL_I64, .help = "threads" },
    { .name = "kernel_s", .type = SL_F64, .help = "predicting alone", .unit = "s" },
    { .name = "total_s", .type = SL_F64, .help = "from the model's file to the last prediction", .unit = "s" },
    { .name = "quality", .type = SL_JSON, .help = "how good it was, where the label was named" },
    { .name = "failed", .type = SL_I64, .help = "pictures without a prediction: why, their rows say" },
    { .name = "aside", .type = SL_I64, .help = "files that are no pictures", .unit = "files" },
    { .name = "prepared", .type = SL_TEXT, .help = "how pictures became inputs, and from where that is known" } };
  struct sl_batch *b = NULL;
  const char *model = json_string_value(json_object_get(s->args, "model"));
  int rc = sl_schema_new(&s->schema, NULL, 0, cols, sizeof cols / sizeof cols[0] - (s->images ? 0 : 3), err);
  if (!rc)
    rc = box_head(s->c, s->schema, 1, err);
  if (!rc)
    rc = sl_batch_new(&b, s->schema, err);
  if (rc)
    return rc;
  sl_batch_row(b, SL_PUT, SL_STR("1"));
  sl_batch_set(b, 0, sl_vi((int64_t)s->row));
  sl_batch_set(b, 1, sl_vz(model));
  sl_batch_set(b, 2, sl_vz("local"));
  sl_batch_set(b, 3, sl_vi(s->threads));
  sl_batch_set(b, 4, sl_vf(s->kernel_s));
  sl_batch_set(b, 5, sl_vf(s->total_s));
  if (quality.n)
    sl_batch_set(b, 6, sl_vas(SL_JSON, quality));
  if (s->images)
    summary_of_pictures(s, b);
  rc = box_rows(s->c, b, err);
  sl_batch_unref(b);
  return rc;
}

int score_out_summary(struct score *s, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  struct sl_jw w = sl_jw(&b, false);
  int rc = SL_OK;
  if (s->quality) {
    sl_jw_obj(&w);
    rc = sl_quality_end(s->quality, put_quality, &w, err);
    sl_jw_end_obj(&w);
  } else if (s->part && s->label) {
    sl_jw_obj(&w);
    rc = sl_partial_end(s->part, put_figure, &w);
    sl_jw_end_obj(&w);
  }
  if (!rc)
    rc = sl_buf_check(&b, err);
  if (!rc)
    rc = summary_row(s, sl_buf_view(&b), err);
  sl_buf_free(&b);
  return rc;
}

void score_out_free(struct score *s)
{
  for (size_t i = 0; i < s->ncols; i++)
    sl_free(s->col_names[i]);
  sl_free(s->cols);
  sl_free(s->col_names);
  sl_schema_unref(s->schema);
  sl_batch_unref(s->batch);
}
