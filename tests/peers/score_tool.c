/* tests/peers/score_tool.c: many models, each loaded at every level of the processor and compared with what its library predicted, for
 * tests/peers/test_property.py: what a process, a Parquet file and a box cost is paid once.
 *
 *   score_tool       each line of stdin, words apart by tabs: LEVELS MODEL WRAPPER ROWS TYPES DATA OUTPUT EXPECTED [OUTPUT EXPECTED]...
 *
 * LEVELS "c,avx2,avx512"; WRAPPER booster, classifier or regressor; TYPES a letter a column: f float32, d float64, s text, as codes
 * (int32, -1: none) into the lines of the file DATA.texts; DATA the columns one after the other, as they lie in memory; OUTPUT predict,
 * raw, probability, class or leaf; EXPECTED the bytes that the library gave. A line is answered by "ok" and how many bytes were
 * compared, or by "!" and what is wrong. Rows are predicted at once, then the first of them by one and by 23, which go other ways
 * through the engine. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "compute/model.h"

enum { COLUMNS_MAX = 4096, SINGLES = 48, FEW = 23, LINE_MAX_BYTES = 1 << 16 };

struct job { char *levels, *model, *wrapper, *types, *data; size_t rows, compared; struct sl_column *col; size_t ncol;
             struct sl_err *err; };

static char *slurp(const char *name, size_t *n, struct sl_err *err)
{
  FILE *f = fopen(name, "rb");
  long size = -1;
  char *p = NULL;
  if (f && !fseek(f, 0, SEEK_END))
    size = ftell(f);
  if (size >= 0 && !fseek(f, 0, SEEK_SET))
    p = sl_alloc((size_t)size + 1);
  if (!p || fread(p, 1, (size_t)size, f) != (size_t)size) {
    sl_err_set(err, SL_EIO, "%s cannot be read", name);
    sl_free(p);
    p = NULL;
  }
  if (f)
    fclose(f);
  *n = p ? (size_t)size : 0;
  return p;
}

static char *word(char **line)
{
  char *from = *line, *tab = from ? strchr(from, '\t') : NULL;
  if (tab)
    *tab = 0;
  *line = tab ? tab + 1 : NULL;
  return from;
}

/* Codes as texts, in the order of the rows: so the column numbers them otherwise than the model did. */
static int texts(struct job *j, struct sl_column *c, const int32_t *code, struct sl_str lines)
{
  struct sl_str name[1024], one;
  size_t n = 0;
  int rc = SL_OK;
  while (n < 1024 && lines.n && sl_str_cut(&lines, '\n', &one))
    name[n++] = one;
  for (size_t r = 0; !rc && r < j->rows; r++) {
    if (code[r] >= (int32_t)n)
      return sl_err_set(j->err, SL_EUSAGE, "code %d of a column has no text", code[r]);
    rc = code[r] < 0 ? sl_column_put_null(c, j->err) : sl_column_put_text(c, name[code[r]], j->err);
  }
  return rc;
}

static int columns(struct job *j)
{
  char aside[4200];
  size_t n, ntext = 0, at = 0;
  snprintf(aside, sizeof aside, "%s.texts", j->data);
  char *p = slurp(j->data, &n, j->err), *names = strchr(j->types, 's') ? slurp(aside, &ntext, j->err) : NULL;
  int rc = p && (names || !strchr(j->types, 's')) ? SL_OK : SL_EIO;
  j->col = sl_calloc(strlen(j->types) + 1, sizeof *j->col);
  rc = rc || j->col ? rc : sl_err_nomem(j->err);
  for (; !rc && j->types[j->ncol]; j->ncol++) {
    char type = j->types[j->ncol];
    struct sl_column *c = &j->col[j->ncol];
    size_t bytes = j->rows * (type == 'd' ? 8 : 4);
    rc = n - at < bytes ? sl_err_set(j->err, SL_EUSAGE, "%s is too short", j->data) : SL_OK;
    rc = rc ? rc : sl_column_init(c, NULL, type == 'd' ? SL_COLUMN_F64 : type == 'f' ? SL_COLUMN_F32 : SL_COLUMN_DICT, j->err);
    if (!rc && type == 's') {
      rc = texts(j, c, (const int32_t *)(const void *)(p + at), sl_strn(names, ntext));
    } else if (!rc && !(rc = sl_column_room(c, j->rows, j->err))) {
      memcpy(c->v.raw, p + at, bytes);
      sl_column_wrote(c, j->rows);
    }
    at += bytes;
  }
  sl_free(p);
  sl_free(names);
  return rc;
}

static enum sl_model_output output_of(const char *s)
{
  return !strcmp(s, "raw") ? SL_MODEL_RAW : !strcmp(s, "probability") ? SL_MODEL_PROBABILITY : !strcmp(s, "class") ? SL_MODEL_CLASS :
         !strcmp(s, "leaf") ? SL_MODEL_LEAF : SL_MODEL_PREDICT;
}

/* The same bits; one NaN is as good as another: a library may have a sign on it that its own file does not keep. */
static bool same(const struct sl_model_shape *s, const void *got, const void *want)
{
  size_t size = s->type == SL_COLUMN_F32 ? 4 : 8, same = 0;
  if (!memcmp(got, want, s->width * size))
    return true;
  for (size_t i = 0; i < s->width && s->type != SL_COLUMN_I64; i++) {
    const void *g = (const char *)got + i * size, *w = (const char *)want + i * size;
    bool nan = s->type == SL_COLUMN_F32 ? isnan(*(const float *)g) && isnan(*(const float *)w) :
                                          isnan(*(const double *)g) && isnan(*(const double *)w);
    same += nan || !memcmp(g, w, size);
  }
  return same == s->width;
}

/* Rows 0..n in runs of step. */
static int run(struct job *j, const struct sl_model_bind *b, enum sl_model_output what, const struct sl_model_shape *s, size_t n,
               size_t step, const char *want, const char *how)
{
  size_t wide = s->width * (s->type == SL_COLUMN_F32 ? 4 : 8);
  char *got = sl_calloc(n * wide + 1, 1);
  int rc = got ? SL_OK : sl_err_nomem(j->err);
  for (size_t at = 0; !rc && at < n; at += step)
    rc = sl_model_predict(b, what, at, n - at < step ? n - at : step, got + at * wide, j->err);
  size_t off = 0, first = 0;
  for (size_t r = n; !rc && r-- > 0;)
    if (!same(s, got + r * wide, want + r * wide)) {
      off++;
      first = r;
    }
  if (off) {
    const float *g = (const float *)(const void *)(got + first * wide), *w = (const float *)(const void *)(want + first * wide);
    double gd, wd;
    memcpy(&gd, got + first * wide, wide < 8 ? wide : 8);
    memcpy(&wd, want + first * wide, wide < 8 ? wide : 8);
    rc = sl_err_set(j->err, SL_EPARSE, "%s: %zu of %zu rows differ; row %zu: %.9g is not %.9g (as float64: %.17g, %.17g)", how, off, n,
                    first, (double)*g, (double)*w, wide >= 8 ? gd : 0, wide >= 8 ? wd : 0);
  }
  j->compared += rc ? 0 : n * wide;
  sl_free(got);
  return rc;
}

static int compare(struct job *j, const struct sl_model *m, const struct sl_model_bind *b, const char *level, const char *name,
                   const char *expected)
{
  enum sl_model_output what = output_of(name);
  struct sl_model_shape s;
  size_t n;
  char how[80];
  char *want = slurp(expected, &n, j->err);
  int rc = want ? sl_model_shape(m, what, &s, j->err) : SL_EIO;
  size_t wide = rc ? 0 : s.width * (s.type == SL_COLUMN_F32 ? 4 : 8), singles = j->rows < SINGLES ? j->rows : SINGLES,
         few = j->rows < 10 * FEW ? j->rows : 10 * FEW;
  if (!rc && n != wide * j->rows)
    rc = sl_err_set(j->err, SL_EPARSE, "%s: %zu bytes, and the library has %zu", name, wide * j->rows, n);
  snprintf(how, sizeof how, "%s at level %s", name, level);
  rc = rc ? rc : run(j, b, what, &s, j->rows, j->rows, want, how);
  snprintf(how, sizeof how, "%s at level %s, row by row", name, level);
  rc = rc ? rc : run(j, b, what, &s, singles, 1, want, how);
  snprintf(how, sizeof how, "%s at level %s, a few rows at once", name, level);
  rc = rc ? rc : run(j, b, what, &s, few, FEW, want, how);
  sl_free(want);
  return rc;
}

static int at_level(struct job *j, struct sl_str bytes, const char *level, char *outputs)
{
  enum sl_model_wrapper w = !strcmp(j->wrapper, "booster") ? SL_MODEL_BOOSTER : !strcmp(j->wrapper, "classifier") ? SL_MODEL_CLASSIFIER :
                                                                                                           SL_MODEL_REGRESSOR;
  const struct sl_column **at = sl_calloc(j->ncol + 1, sizeof *at);
  struct sl_model *m = NULL;
  struct sl_model_bind *b = NULL;
  int rc = at ? sl_model_cpu(level, j->err) : sl_err_nomem(j->err);
  for (size_t i = 0; at && i < j->ncol; i++)
    at[i] = &j->col[i];
  rc = rc ? rc : sl_model_load(&m, bytes, j->model, w, j->err);
  if (!rc && sl_model_facts(m).features != j->ncol)
    rc = sl_err_set(j->err, SL_EUSAGE, "%zu features, and the data has %zu", sl_model_facts(m).features, j->ncol);
  rc = rc ? rc : sl_model_bind(&b, m, at, j->err);
  rc = rc ? rc : sl_model_bind_rows(b, j->err);
  while (!rc && outputs) {
    const char *name = word(&outputs), *expected = word(&outputs);
    rc = expected ? compare(j, m, b, level, name, expected) : sl_err_set(j->err, SL_EUSAGE, "an output without a file");
  }
  sl_model_bind_free(b);
  sl_model_free(m);
  sl_free(at);
  return rc;
}

static void one(char *line)
{
  struct sl_err err = { 0 };
  struct job j = { .err = &err };
  size_t n;
  j.levels = word(&line);
  j.model = word(&line);
  j.wrapper = word(&line);
  const char *rows = word(&line);
  j.types = word(&line);
  j.data = word(&line);
  uint64_t count = 0;
  int rc = line && sl_str_u64(sl_str(rows), &count) ? SL_OK : sl_err_set(&err, SL_EUSAGE, "too few words");
  j.rows = (size_t)count;
  rc = rc ? rc : columns(&j);
  char *bytes = rc ? NULL : slurp(j.model, &n, &err);
  rc = rc || bytes ? rc : SL_EIO;
  struct sl_str rest = rc ? SL_STR_NONE : sl_str(j.levels), level;
  while (!rc && rest.n && sl_str_cut(&rest, ',', &level)) {
    char *name = sl_strndup(level.p, level.n), *outputs = sl_strdup(line);
    rc = name && outputs ? at_level(&j, sl_strn(bytes, n), name, outputs) : sl_err_nomem(&err);
    sl_free(name);
    sl_free(outputs);
  }
  if (rc)
    printf("! %s\n", err.msg);
  else
    printf("ok %zu\n", j.compared);
  fflush(stdout);
  for (size_t i = 0; i < j.ncol; i++)
    sl_column_free(&j.col[i]);
  sl_free(j.col);
  sl_free(bytes);
}

int main(void)
{
  static char line[LINE_MAX_BYTES];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    one(line);
  }
  return 0;
}
