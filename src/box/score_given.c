/* box/score_given.c: predictions that the data holds already (captured by an endpoint, written by another program), judged as a model's:
 *
 *     predicted:probability[/CLASSES][=COLUMN]   of two classes the second one's, of more one for each: COLUMN_0, COLUMN_1, ...
 *     predicted:class[/CLASSES][=COLUMN]         the number of a class
 *     predicted:number[=COLUMN]
 *
 * COLUMN: predicted, where nothing is said. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "box/score_int.h"

#define PREFIX "/predicted:"

enum kind { PROBABILITY, CLASS, NUMBER, KINDS };
struct given { enum kind kind; size_t classes, n; char **name; };

bool score_given_is(const char *path) { return sl_str_starts(sl_str(path), SL_STR(PREFIX)); }

static void given_free(void *own)
{
  struct given *g = own;
  for (size_t i = 0; i < g->n; i++)
    sl_free(g->name[i]);
  sl_free(g->name);
  sl_free(g);
}

static struct sl_model_labels given_labels(void *own)
{
  (void)own;
  return (struct sl_model_labels){ .n = 0 };
}

static int given_shape(void *own, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  const struct given *g = own;
  bool plain = what == SL_MODEL_PREDICT;
  *out = (struct sl_model_shape){ .type = SL_COLUMN_F64, .width = g->n };
  if (g->kind == NUMBER ? plain || what == SL_MODEL_RAW : g->kind == PROBABILITY && (plain || what == SL_MODEL_PROBABILITY))
    return SL_OK;
  *out = (struct sl_model_shape){ .type = SL_COLUMN_I64, .width = 1 };
  if (g->kind != NUMBER && (what == SL_MODEL_CLASS || (plain && g->kind == CLASS)))
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "predictions that the data holds have no such output");
}

static int given_bind(void *own, const struct sl_column *const *col, struct sl_err *err)
{
  const struct given *g = own;
  for (size_t i = 0; i < g->n; i++)
    if (!sl_column_numeric(col[i]) || col[i]->time)
      return sl_err_set(err, SL_EUSAGE, "column %s is %s; predictions are numbers", g->name[i], sl_column_type_name(col[i]));
  return SL_OK;
}

static void given_rows(void *own) { (void)own; }

static int class_of(const struct given *g, double v, size_t row, int64_t *out, struct sl_err *err)
{
  if (!(v >= 0 && v < (double)g->classes && v == floor(v)))
    return sl_err_set(err, SL_EPARSE, "row %zu of its block: %s is %g; classes are 0 to %zu", row, g->name[0], v, g->classes - 1);
  *out = (int64_t)v;
  return SL_OK;
}

static int64_t likeliest(const struct given *g, const struct sl_column *const *col, size_t row)
{
  size_t best = 0;
  if (g->n == 1)
    return sl_column_f64(col[0], row) > 0.5;
  for (size_t k = 1; k < g->n; k++)
    best = sl_column_f64(col[k], row) > sl_column_f64(col[best], row) ? k : best;
  return (int64_t)best;
}

static int given_predict(void *own, const struct sl_column *const *col, enum sl_model_output what, size_t from, size_t n, void *out,
                         struct sl_err *err)
{
  const struct given *g = own;
  int rc = SL_OK;
  for (size_t r = 0; !rc && r < n; r++) {
    if (g->kind == CLASS)
      rc = class_of(g, sl_column_f64(col[0], from + r), from + r, (int64_t *)out + r, err);
    else if (what == SL_MODEL_CLASS)
      ((int64_t *)out)[r] = likeliest(g, col, from + r);
    else
      for (size_t k = 0; k < g->n; k++)
        ((double *)out)[r * g->n + k] = sl_column_f64(col[k], from + r);
  }
  return rc;
}

/* KIND[/CLASSES][=COLUMN] */
static int parse(struct given *g, struct sl_str s, struct sl_err *err)
{
  static const char *const kinds[KINDS] = { "probability", "class", "number" };
  struct sl_str what, column = SL_STR("predicted"), kind;
  uint64_t classes = 2;
  ptrdiff_t eq = sl_str_chr(s, '=');
  what = eq < 0 ? s : sl_str_head(s, (size_t)eq);
  column = eq < 0 ? column : sl_str_from(s, (size_t)eq + 1);
  ptrdiff_t slash = sl_str_chr(what, '/');
  kind = slash < 0 ? what : sl_str_head(what, (size_t)slash);
  bool told = slash < 0 || sl_str_u64(sl_str_from(what, (size_t)slash + 1), &classes);
  told = told && classes >= 2 && classes <= SL_QUALITY_CLASSES_MAX;
  while (g->kind < KINDS && !sl_str_eqz(kind, kinds[g->kind]))
    g->kind++;
  if (!told || g->kind == KINDS || !column.n || (slash >= 0 && g->kind == NUMBER))
    return sl_err_set(err, SL_EUSAGE, "predicted:%.60s: it is predicted:probability, class or number, then perhaps /CLASSES (2 to %d), "
                      "then perhaps =COLUMN", s.n ? s.p : "", SL_QUALITY_CLASSES_MAX);
  size_t n = g->kind == PROBABILITY && classes > 2 ? (size_t)classes : 1;
  g->classes = g->kind == NUMBER ? 0 : (size_t)classes;
  g->name = sl_calloc(n, sizeof *g->name);
  for (; g->name && g->n < n; g->n++)
    if (!(g->name[g->n] = n == 1 ? sl_strndup(column.p, column.n) : sl_asprintf("%.*s_%zu", SL_ARG(column), g->n)))
      return sl_err_nomem(err);
  return g->name ? SL_OK : sl_err_nomem(err);
}

int score_given_load(struct score *s, struct sl_err *err)
{
  struct sl_str word = sl_str_from(sl_str(s->path), strlen(PREFIX));
  struct given *g = sl_calloc(1, sizeof *g);
  int rc = g ? parse(g, word, err) : sl_err_nomem(err);
  s->digest = sl_sha256(sl_str(s->path));
  if (!rc) {
    const struct sl_model_other o = {
      .engine = "given", .objective = "predictions of the data", .features = g->n, .groups = g->n, .classes = g->classes,
      .classifier = g->kind == CLASS, .names = (const char *const *)g->name, .own = g, .labels = given_labels, .shape = given_shape,
      .bind = given_bind, .rows = given_rows, .predict = given_predict, .free = given_free };
    rc = sl_model_from(&s->m, &o, s->path + 1, err);
  }
  if (rc && g)
    given_free(g);
  return rc;
}
