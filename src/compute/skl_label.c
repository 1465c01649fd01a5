/* compute/skl_label.c: what a model's classes are called, and which class a label is. */
#include <math.h>

#include "compute/skl_int.h"

static int64_t number_class(const struct sl_model_labels *l, double v)
{
  for (size_t i = 0; l->type != SL_COLUMN_TEXT && i < l->n; i++)
    if (l->number[i] == v)
      return (int64_t)i;
  return -1;
}

static int64_t text_class(const struct sl_model_labels *l, struct sl_str s)
{
  for (size_t i = 0; l->type == SL_COLUMN_TEXT && i < l->n; i++)
    if (sl_str_eq(l->text[i], s))
      return (int64_t)i;
  return -1;
}

double sl_model_label_class(const struct sl_model *m, const struct sl_column *label, size_t row, bool *known)
{
  double v = sl_column_f64(label, row);
  *known = true;
  if (!sl_column_has(label, row) || (sl_column_numeric(label) && isnan(v)))
    return (double)NAN;
  const struct sl_model_labels named = sl_model_labels(m);
  if (!named.n)
    return v;
  int64_t k = sl_column_numeric(label) ? number_class(&named, v) : text_class(&named, sl_column_text(label, row));
  *known = k >= 0;
  return *known ? (double)k : (double)NAN;
}

int skl_name_classes(struct sl_model *m, const struct skl_labels *labels, struct sl_err *err)
{
  size_t n = labels->n;
  if (!n)
    return SL_OK;
  sl_arena_init(&m->kept, 64 << 20);
  double *number = sl_arena_alloc(&m->kept, n * sizeof *number);
  struct sl_str *text = sl_arena_alloc(&m->kept, n * sizeof *text);
  if (!number || !text)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++)
    if (labels->type != SKL_TEXT)
      number[i] = labels->v[i];
    else if (!(text[i] = sl_strn(sl_arena_strndup(&m->kept, labels->s[i].p, labels->s[i].n), labels->s[i].n)).p)
      return sl_err_nomem(err);
  enum sl_column_type type = labels->type == SKL_TEXT ? SL_COLUMN_TEXT : labels->type == SKL_BOOL ? SL_COLUMN_BOOL
                             : labels->type == SKL_F64 ? SL_COLUMN_F64 : SL_COLUMN_I64;
  m->named = (struct sl_model_labels){ .type = type, .n = n, .number = number, .text = text };
  return SL_OK;
}
