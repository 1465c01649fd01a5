/* box/ort_model.c: an ONNX model as one of ours: which inputs are which features, which outputs are labels, probabilities and scores.
 *
 * Rows go through RUN_ROWS at a time. The runtime chooses how it sums by how many rows (of how many values) a run has, and the last bits
 * with it: so runs have one size, and the rest behind other rows is filled up with its last row. A row's result then does not depend on
 * where in the data it stands, nor on how fast the machine is. Data of fewer rows are one run as they are. */
#include "box/ort_model.h"

enum { RUN_ROWS = 256, FIXED_MAX = 4096, WIDTH_MAX = 1 << 16, FEATURES_MAX = 1 << 17 };

static int refuse(const struct ort_model *m, const struct ort_port *p, struct sl_err *err)
{
  if (p->kind != ORT_TENSOR)
    return sl_err_set(err, SL_EUNSUP, "%s: input %s is no tensor; what goes in comes from columns", m->file, p->name);
  if (!ort_takes(p->type, &(struct sl_column){ .type = SL_COLUMN_BOOL }) && p->type != ORT_STRING)
    return sl_err_set(err, SL_EUNSUP, "%s: input %s is %s; columns become float, double, int32, int64, bool and string", m->file, p->name,
                      ort_type_name(p->type));
  return sl_err_set(err, SL_EUNSUP, "%s: input %s has %zu dimensions; a table's columns have one or two", m->file, p->name, p->rank);
}

/* ---- inputs ---- */

static int input_width(struct ort_model *m, size_t i, size_t signature, struct sl_err *err)
{
  const struct ort_port *p = &m->s.in[i];
  bool known = p->type == ORT_STRING || ort_takes(p->type, &(struct sl_column){ .type = SL_COLUMN_BOOL });
  if (p->kind != ORT_TENSOR || !known || p->rank < 1 || p->rank > 2)
    return refuse(m, p, err);
  int64_t wide = p->rank == 1 ? 1 : p->dim[1] >= 0 ? p->dim[1] : m->s.nin == 1 ? (int64_t)signature : 0;
  if (p->rank == 2 && p->dim[1] < 0 && !wide)
    return sl_err_set(err, SL_EUNSUP, "%s: input %s does not say how many columns it takes, and no signature does", m->file, p->name);
  if (wide < 1 || wide > FEATURES_MAX - (int64_t)m->features)
    return sl_err_set(err, SL_ELIMIT, "%s: input %s takes %lld columns", m->file, p->name, (long long)wide);
  m->first[i] = m->features;
  m->width[i] = (size_t)wide;
  m->features += (size_t)wide;
  if (p->dim[0] < 0)
    return SL_OK;
  if (!p->dim[0] || p->dim[0] > FIXED_MAX || (m->fixed && m->fixed != (size_t)p->dim[0]))
    return sl_err_set(err, SL_EUNSUP, "%s: input %s takes %lld rows at once", m->file, p->name, (long long)p->dim[0]);
  m->fixed = (size_t)p->dim[0];
  return SL_OK;
}

static int inputs(struct ort_model *m, size_t signature, struct sl_err *err)
{
  size_t n = m->s.nin;
  int rc = SL_OK;
  m->first = sl_calloc(n, sizeof *m->first);
  m->width = sl_calloc(n, sizeof *m->width);
  m->in = sl_calloc(n, sizeof *m->in);
  if (!m->first || !m->width || !m->in)
    return sl_err_nomem(err);
  for (size_t i = 0; !rc && i < n; i++)
    rc = input_width(m, i, signature, err);
  m->batch = m->fixed ? m->fixed : RUN_ROWS;
  return rc;
}

/* ---- outputs ---- */

static bool is_whole(int type) { return type == ORT_I64 || type == ORT_I32 || type == ORT_BOOL; }
static bool is_float(int type) { return type == ORT_F32 || type == ORT_F64; }

/* One value a row, as far as the file tells. */
static bool is_single(const struct ort_port *p)
{
  for (size_t k = 1; k < p->rank; k++)
    if (p->dim[k] != 1)
      return false;
  return true;
}

static bool named_probability(const char *name)
{
  for (; *name; name++)
    if (sl_str_ieq(sl_strn(name, strnlen(name, 4)), SL_STR("prob")))
      return true;
  return false;
}

static void find_label(struct ort_model *m)
{
  m->label = -1;
  for (size_t i = 0; i < m->s.nout && m->label < 0; i++) {
    const struct ort_port *p = &m->s.out[i];
    bool beside = m->s.nout > 1 || sl_str_ieq(sl_str(p->name), SL_STR("label")) || p->type == ORT_STRING;
    if (p->kind == ORT_TENSOR && (is_whole(p->type) || p->type == ORT_STRING) && is_single(p) && beside)
      m->label = (int)i;
  }
}

static void find_numbers(struct ort_model *m)
{
  m->prob.out = m->score.out = -1;
  for (size_t i = 0; i < m->s.nout; i++) {
    const struct ort_port *p = &m->s.out[i];
    bool number = p->kind == ORT_TENSOR && (is_float(p->type) || (m->label < 0 && is_whole(p->type)));
    if ((int)i == m->label)
      continue;
    if (m->prob.out < 0 && (p->kind == ORT_SEQUENCE || (number && named_probability(p->name))))
      m->prob.out = (int)i;
    else if (m->score.out < 0 && number)
      m->score.out = (int)i;
  }
}

/* Of a tensor by its shape, else by what comes out of rows of nothing. */
static int width_of(struct ort_model *m, struct ort_numbers *x, const ort_value *tried, struct sl_err *err)
{
  size_t wide = 1, rows = m->fixed ? m->fixed : 1;
  if (x->out < 0)
    return SL_OK;
  const struct ort_port *p = &m->s.out[x->out];
  x->type = p->type == ORT_F64 ? SL_COLUMN_F64 : p->kind == ORT_SEQUENCE || p->type == ORT_F32 ? SL_COLUMN_F32 : SL_COLUMN_I64;
  bool told = p->rank > 0;
  for (size_t k = 1; told && k < p->rank; k++) {
    told = p->dim[k] >= 0 && (p->dim[k] == 0 || wide <= (size_t)WIDTH_MAX / (size_t)p->dim[k]);
    wide = told ? wide * (size_t)p->dim[k] : 0;
  }
  if (p->kind == ORT_SEQUENCE)
    wide = m->class_type == SL_COLUMN_TEXT ? m->ntext : m->nclasses;
  else if (!told && tried) {
    int rc = ort_width(m, tried[x->out], rows, &wide, err);
    if (rc)
      return rc;
  } else if (!told)
    wide = 0;
  x->width = wide;
  if (!wide && !tried && p->kind != ORT_SEQUENCE)
    return SL_EAGAIN;
  return wide && wide <= WIDTH_MAX ? SL_OK : sl_err_set(err, SL_EUNSUP, "%s: output %s: how wide it is cannot be told", m->file, p->name);
}

static void values_free(const struct ort_model *m, ort_value *v, size_t n)
{
  for (size_t i = 0; v && i < n; i++)
    if (v[i])
      m->s.o->release_value(v[i]);
  sl_free(v);
}

static int try_widths(struct ort_model *m, struct sl_err *err)
{
  ort_value *in = sl_calloc(m->s.nin, sizeof *in), *out = sl_calloc(m->s.nout, sizeof *out);
  int rc = in && out ? ort_fill_nothing(m, m->fixed ? m->fixed : 1, in, err) : sl_err_nomem(err);
  if (!rc)
    rc = ort_session_run(&m->s, in, out, err);
  if (!rc)
    rc = width_of(m, &m->prob, out, err);
  if (!rc)
    rc = width_of(m, &m->score, out, err);
  values_free(m, in, m->s.nin);
  values_free(m, out, m->s.nout);
  return rc;
}

static int outputs(struct ort_model *m, struct sl_err *err)
{
  find_label(m);
  find_numbers(m);
  if (m->label < 0 && m->prob.out < 0 && m->score.out < 0)
    return sl_err_set(err, SL_EUNSUP, "%s: no output is a number, a text or a map of classes", m->file);
  int rc = width_of(m, &m->prob, NULL, err);
  if (!rc)
    rc = width_of(m, &m->score, NULL, err);
  return rc == SL_EAGAIN ? try_widths(m, err) : rc;
}

/* ---- classes ---- */

static int classes(struct ort_model *m, const struct sl_onnx_classes *c, struct sl_err *err)
{
  int rc = SL_OK;
  bool texts = m->label >= 0 ? m->s.out[m->label].type == ORT_STRING : c->text != NULL;
  m->class_type = texts ? SL_COLUMN_TEXT : SL_COLUMN_I64;
  m->open = texts && !c->text;
  if (texts != (c->text != NULL) || !c->n)
    return SL_OK;
  m->number = sl_calloc(c->n, sizeof *m->number);
  if (!m->number)
    return sl_err_nomem(err);
  for (size_t i = 0; !rc && i < c->n; i++) {
    m->number[i] = texts ? 0 : (double)c->number[i];
    if (texts && sl_map_get(&m->names, c->text[i], NULL))
      return sl_err_set(err, SL_EPARSE, "%s: it names a class twice", m->file);
    rc = texts ? ort_add_class(m, c->text[i], err) : SL_OK;
  }
  m->nclasses = rc ? 0 : c->n;
  return rc;
}

/* Classes that the probabilities do not go with are another step's. */
static size_t classes_told(const struct ort_model *m)
{
  size_t wide = m->prob.out < 0 ? 0 : m->prob.width;
  if (m->nclasses && (!wide || wide == m->nclasses || (wide == 1 && m->nclasses == 2)))
    return m->nclasses;
  return m->label < 0 && wide ? (wide == 1 ? 2 : wide) : 0;
}

/* ---- as one of our models ---- */

static struct sl_model_labels model_labels(void *own)
{
  const struct ort_model *m = own;
  static const struct sl_str none = { "", 0 };
  if (m->label < 0 && !m->nclasses)
    return (struct sl_model_labels){ .n = 0 };
  if (m->class_type == SL_COLUMN_TEXT) /* met on the way: there may be none yet, but they are texts */
    return (struct sl_model_labels){ .type = SL_COLUMN_TEXT, .n = m->ntext ? m->ntext : m->open, .text = m->ntext ? m->text : &none };
  return (struct sl_model_labels){ .type = SL_COLUMN_I64, .n = classes_told(m) == m->nclasses ? m->nclasses : 0, .number = m->number };
}

static const struct ort_numbers *numbers_of(const struct ort_model *m, enum sl_model_output what)
{
  if (what == SL_MODEL_PROBABILITY)
    return m->prob.out < 0 ? NULL : &m->prob;
  if (what == SL_MODEL_RAW)
    return m->score.out < 0 ? NULL : &m->score;
  return m->score.out >= 0 && (m->prob.out < 0 || m->score.out < m->prob.out) ? &m->score : &m->prob;
}

static int model_shape(void *own, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  const struct ort_model *m = own;
  const struct ort_numbers *x = what == SL_MODEL_LEAF ? NULL : numbers_of(m, what);
  if ((what == SL_MODEL_PREDICT && m->label >= 0) || (what == SL_MODEL_CLASS && (m->label >= 0 || m->prob.out >= 0) && classes_told(m))) {
    *out = (struct sl_model_shape){ SL_COLUMN_I64, 1 };
    return SL_OK;
  }
  if (what == SL_MODEL_CLASS)
    return sl_err_set(err, SL_EUSAGE, "the model tells no classes apart, as far as its file says");
  if (!x)
    return sl_err_set(err, SL_EUSAGE, what == SL_MODEL_PROBABILITY ? "the model gives no probabilities"
                      : what == SL_MODEL_RAW ? "the model gives no scores besides" : "an ONNX model gives no leaves");
  *out = (struct sl_model_shape){ x->type, x->width };
  return SL_OK;
}

static const char *input_of(const struct ort_model *m, size_t feature, int *type)
{
  size_t i = 0;
  while (i + 1 < m->s.nin && m->first[i + 1] <= feature)
    i++;
  *type = m->s.in[i].type;
  return m->s.in[i].name;
}

static int model_bind(void *own, const struct sl_column *const *col, struct sl_err *err)
{
  const struct ort_model *m = own;
  for (size_t k = 0; k < m->features; k++) {
    int type;
    const char *input = input_of(m, k, &type);
    if (!ort_takes(type, col[k]))
      return sl_err_set(err, SL_EUSAGE, "column %s is %s, and the model's input %s takes %s", col[k]->name ? col[k]->name : "",
                        sl_column_type_name(col[k]), input, ort_type_name(type));
  }
  return SL_OK;
}

static void model_rows(void *own)
{
  struct ort_model *m = own;
  m->before += m->fresh ? m->rows : 0;
  m->fresh = false;
}

/* ---- a block ---- */

static int grow(void **p, size_t bytes, struct sl_err *err)
{
  sl_free(*p);
  *p = sl_alloc_aligned(SL_COLUMN_ALIGN, bytes + 1);
  return *p ? SL_OK : sl_err_nomem(err);
}

static int room(struct ort_model *m, size_t rows, struct sl_err *err)
{
  if (rows <= m->cap)
    return SL_OK;
  int rc = grow((void **)&m->codes, rows * sizeof *m->codes, err);
  for (int i = 0; !rc && i < 2; i++) {
    struct ort_numbers *x = i ? &m->score : &m->prob;
    rc = x->out < 0 ? SL_OK : grow(&x->at, rows * x->width * sizeof(double), err);
  }
  m->cap = rc ? 0 : rows;
  return rc;
}

static int one_run(struct ort_model *m, const struct sl_column *const *col, size_t at, size_t n, size_t rows, struct sl_err *err)
{
  ort_value *in = sl_calloc(m->s.nin, sizeof *in), *out = sl_calloc(m->s.nout, sizeof *out);
  int rc = in && out ? ort_fill(m, col, at, n, rows, in, err) : sl_err_nomem(err);
  if (!rc)
    rc = ort_session_run(&m->s, in, out, err);
  if (!rc)
    rc = ort_take(m, out, at, n, rows, err);
  values_free(m, in, m->s.nin);
  values_free(m, out, m->s.nout);
  return rc;
}

static int run_rows(struct ort_model *m, const struct sl_column *const *col, struct sl_err *err)
{
  size_t all = col[0]->n;
  int rc = room(m, all, err);
  for (size_t at = 0; !rc && at < all;) {
    size_t n = all - at < m->batch ? all - at : m->batch;
    rc = one_run(m, col, at, n, m->fixed || m->before + at ? m->batch : n, err);
    if (rc == SL_ELIMIT && !m->s.timed_out && !m->fixed && m->batch > 1) { /* memory: in smaller pieces, from now on */
      m->batch = m->batch > 8 ? m->batch / 8 : 1;
      rc = SL_OK;
      continue;
    }
    at += rc ? 0 : n;
  }
  m->rows = all;
  m->fresh = !rc;
  return rc;
}

static void copy_codes(const struct ort_model *m, size_t from, size_t n, int64_t *out)
{
  if (m->label >= 0) {
    memcpy(out, m->codes + from, n * sizeof *out);
    return;
  }
  size_t wide = m->prob.width;
  for (size_t r = 0; r < n; r++) {
    size_t best = 0;
    for (size_t k = 1; k < wide; k++) {
      size_t a = (from + r) * wide + k, b = (from + r) * wide + best;
      bool more = m->prob.type == SL_COLUMN_F32 ? ((const float *)m->prob.at)[a] > ((const float *)m->prob.at)[b]
                                                : ((const double *)m->prob.at)[a] > ((const double *)m->prob.at)[b];
      best = more ? k : best;
    }
    double one = m->prob.type == SL_COLUMN_F32 ? (double)((const float *)m->prob.at)[from + r] : ((const double *)m->prob.at)[from + r];
    out[r] = wide == 1 ? one > 0.5 : (int64_t)best;
  }
}

static int model_predict(void *own, const struct sl_column *const *col, enum sl_model_output what, size_t from, size_t n, void *out,
                         struct sl_err *err)
{
  struct ort_model *m = own;
  struct sl_model_shape shape;
  int rc = model_shape(own, what, &shape, err);
  if (!rc && !m->fresh)
    rc = run_rows(m, col, err);
  if (rc)
    return rc;
  if (what == SL_MODEL_CLASS || (what == SL_MODEL_PREDICT && m->label >= 0)) {
    copy_codes(m, from, n, out);
    return SL_OK;
  }
  const struct ort_numbers *x = numbers_of(m, what);
  size_t size = x->width * (x->type == SL_COLUMN_F32 ? sizeof(float) : sizeof(double));
  memcpy(out, (const char *)x->at + from * size, n * size);
  return SL_OK;
}

/* ---- load, free ---- */

static void model_free(void *own)
{
  struct ort_model *m = own;
  for (size_t i = 0; m->in && i < m->s.nin; i++)
    sl_free(m->in[i]);
  ort_session_close(&m->s);
  sl_map_free(&m->names);
  sl_arena_free(&m->kept);
  sl_arena_free(&m->texts);
  sl_free(m->in);
  sl_free(m->first);
  sl_free(m->width);
  sl_free(m->text);
  sl_free(m->number);
  sl_free(m->codes);
  sl_free(m->prob.at);
  sl_free(m->score.at);
  sl_free(m->file);
  sl_free(m);
}

static int open_model(struct ort_model *m, struct ort_image **image, const struct ort_ask *a, struct sl_err *err)
{
  struct sl_onnx facts;
  int rc = sl_onnx_read(&facts, a->bytes, a->file, err);
  if (rc)
    return rc;
  rc = ort_session_open(&m->s, a->bytes, &facts, a->folder, a->threads, err);
  if (!rc && image && ort_image_is(&m->s)) {
    rc = ort_image_open(image, &m->s, a->file, err);
    sl_onnx_free(&facts);
    return rc;
  }
  if (!rc)
    rc = inputs(m, a->signature, err);
  if (!rc) {
    find_label(m);
    rc = classes(m, &facts.classes, err);
  }
  if (!rc)
    rc = outputs(m, err);
  sl_onnx_free(&facts);
  return rc;
}

static int as_model(struct ort_model *m, struct sl_model **out, const char *file, struct sl_err *err)
{
  bool single = true;
  for (size_t i = 0; i < m->s.nin; i++)
    single = single && m->width[i] == 1;
  const struct ort_numbers *x = numbers_of(m, SL_MODEL_PREDICT);
  const struct sl_model_other o = {
    .engine = "onnxruntime", .objective = m->label >= 0 ? "a label" : "numbers", .features = m->features,
    .groups = x->out < 0 ? 1 : x->width, .classes = classes_told(m), .classifier = m->label >= 0,
    .names = single && m->s.nin > 1 ? m->s.in_name : NULL, .own = m, .labels = model_labels, .shape = model_shape, .bind = model_bind,
    .rows = model_rows, .predict = model_predict, .free = model_free,
  };
  return sl_model_from(out, &o, file, err);
}

int ort_model_load(struct sl_model **out, struct ort_image **image, struct sl_box_ctx *c, const struct ort_ask *a, struct sl_err *err)
{
  struct ort_model *m = sl_calloc(1, sizeof *m);
  *out = NULL;
  if (!m)
    return sl_err_nomem(err);
  sl_map_init(&m->names);
  sl_arena_init(&m->kept, 0);
  sl_arena_init(&m->texts, 0);
  m->file = sl_strdup(a->file);
  m->s = (struct ort_session_of){ .o = c->ort, .c = c, .file = m->file, .seconds = a->seconds };
  int rc = m->file ? open_model(m, image, a, err) : sl_err_nomem(err);
  bool pictures = image && *image;
  if (!rc && !pictures)
    rc = as_model(m, out, a->file, err);
  if (rc || pictures)
    model_free(m);
  return rc;
}
