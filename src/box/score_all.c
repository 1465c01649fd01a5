/* box/score_all.c: what a model predicts, with how probable each class is beside it: the columns whose drift is asked for. Classes go by
 * what the model calls them, as text: numbers of classes are no numbers. */
#include "base/mem.h"
#include "base/utf8.h"
#include "box/score_int.h"

enum { NAME_MAX_BYTES = 100, CLASSES_SHOWN = 1000 };

static char *class_name(struct sl_model_labels l, size_t i)
{
  if (i >= l.n)
    return sl_asprintf("%zu", i);
  if (l.type == SL_COLUMN_TEXT)
    return sl_strndup(l.text[i].n ? l.text[i].p : "", sl_utf8_cut(l.text[i], NAME_MAX_BYTES));
  if (l.type == SL_COLUMN_BOOL)
    return sl_strdup(l.number[i] != 0 ? "true" : "false");
  return sl_asprintf("%.17g", l.number[i]);
}

static int take_classes(struct score *s, size_t n, struct sl_err *err)
{
  struct sl_model_labels l = sl_model_labels(s->m);
  n = l.n > n ? l.n : n;
  s->class_name = sl_calloc(n + 1, sizeof *s->class_name);
  if (!s->class_name)
    return sl_err_nomem(err);
  for (; s->nclasses < n; s->nclasses++)
    if (!(s->class_name[s->nclasses] = class_name(l, s->nclasses)))
      return sl_err_nomem(err);
  return SL_OK;
}

int score_all_open(struct score *s, struct sl_err *err)
{
  struct sl_err none = { 0 };
  size_t classes = sl_model_facts(s->m).classes;
  struct sl_model_shape shape;
  bool is_class = classes && !sl_model_shape(s->m, SL_MODEL_CLASS, &shape, &none) && shape.width == 1 && shape.type == SL_COLUMN_I64;
  if (!is_class)
    return sl_model_shape(s->m, s->what = SL_MODEL_PREDICT, &s->shape, err);
  s->what = SL_MODEL_CLASS;
  s->shape = shape;
  s->probs = classes <= CLASSES_SHOWN && !sl_model_shape(s->m, SL_MODEL_PROBABILITY, &s->prob_shape, &none) &&
             s->prob_shape.type != SL_COLUMN_I64 && (s->prob_shape.width == 1 || s->prob_shape.width == classes);
  return take_classes(s, classes, err);
}

/* One probability of two is that of the second class. */
char *score_all_name(const struct score *s, size_t i)
{
  size_t k = i - s->shape.width;
  if (i < s->shape.width)
    return s->shape.width == 1 ? sl_strdup("prediction") : sl_asprintf("prediction_%zu", i);
  k = s->prob_shape.width == 1 ? 1 : k;
  return k < s->nclasses ? sl_asprintf("probability_%s", s->class_name[k]) : sl_asprintf("probability_%zu", k);
}

void score_all_free(struct score *s)
{
  for (size_t i = 0; i < s->nclasses; i++)
    sl_free(s->class_name[i]);
  sl_free(s->class_name);
}
