/* box/ort_image.c: an ONNX model that takes pictures: one tensor of four dimensions goes in, one row of numbers a picture comes out.
 *
 * Pictures go through BATCH at a time, the rest behind others is filled up with its last one, so that a picture's result does not depend on
 * where it stands (ort_model.c). Whether the numbers are probabilities already, the first block tells, and every further one must agree. */
#include <math.h>

#include "base/mem.h"
#include "box/ort.h"

enum { BATCH = 8, FIXED_MAX = 256, WIDTH_MAX = 1 << 16, SIDE_MAX = 4096, TENSOR_BYTES = 64 << 20 };

struct ort_image {
  struct ort_session_of s;
  char *file;
  uint32_t w, h;               /* 0: any */
  bool nhwc, bytes;
  size_t size;                 /* bytes of one picture's tensor */
  size_t fixed, batch, cap;    /* cap: pictures in `in` */
  int raw_out, prob_out;       /* outputs; -1 */
  size_t width;
  unsigned char *in;
  float *raw, *prob;           /* cap x width */
  enum ort_image_numbers is;
  struct sl_image_names names;
  uint64_t before;             /* pictures of the blocks before this one */
  size_t rows;
  bool fresh;
};

bool ort_image_is(const struct ort_session_of *s)
{
  for (size_t i = 0; i < s->nin; i++)
    if (s->in[i].kind == ORT_TENSOR && s->in[i].rank == 4)
      return true;
  return false;
}

/* ---- what goes in ---- */

static int refuse(const struct ort_image *m, const struct ort_port *p, struct sl_err *err)
{
  if (m->s.nin != 1)
    return sl_err_set(err, SL_EUNSUP, "%s: it takes %zu inputs; a model of pictures takes one", m->file, m->s.nin);
  if (p->type != ORT_F32 && p->type != ORT_U8)
    return sl_err_set(err, SL_EUNSUP, "%s: input %s is %s; pictures become float or uint8", m->file, p->name, ort_type_name(p->type));
  return sl_err_set(err, SL_EUNSUP, "%s: input %s is %lld x %lld x %lld x %lld; a picture has 3 channels, second or last", m->file, p->name,
                    (long long)p->dim[0], (long long)p->dim[1], (long long)p->dim[2], (long long)p->dim[3]);
}

/* Where the 3 stands, channels are. Both open: as PyTorch has it. */
static int take_input(struct ort_image *m, struct sl_err *err)
{
  const struct ort_port *p = &m->s.in[0];
  bool first = p->rank == 4 && p->dim[1] == 3, last = p->rank == 4 && p->dim[3] == 3;
  bool open = p->rank == 4 && p->dim[1] < 0 && p->dim[3] < 0;
  if (m->s.nin != 1 || p->kind != ORT_TENSOR || (p->type != ORT_F32 && p->type != ORT_U8) || !(first || last || open))
    return refuse(m, p, err);
  m->nhwc = last && !first;
  m->bytes = p->type == ORT_U8;
  int64_t h = p->dim[m->nhwc ? 1 : 2], w = p->dim[m->nhwc ? 2 : 3];
  if (!h || !w || h > SIDE_MAX || w > SIDE_MAX)
    return sl_err_set(err, SL_ELIMIT, "%s: input %s takes pictures of %lld x %lld", m->file, p->name, (long long)w, (long long)h);
  m->w = w < 0 ? 0 : (uint32_t)w;
  m->h = h < 0 ? 0 : (uint32_t)h;
  if (!p->dim[0] || p->dim[0] > FIXED_MAX)
    return sl_err_set(err, SL_EUNSUP, "%s: input %s takes %lld pictures at once", m->file, p->name, (long long)p->dim[0]);
  m->fixed = p->dim[0] < 0 ? 0 : (size_t)p->dim[0];
  return SL_OK;
}

/* ---- what comes out ---- */

static bool named_probability(const char *name)
{
  for (; *name; name++)
    if (sl_str_ieq(sl_strn(name, strnlen(name, 4)), SL_STR("prob")))
      return true;
  return false;
}

/* One row of numbers a picture, as far as the file tells. */
static bool is_row(const struct ort_port *p)
{
  for (size_t k = 2; k < p->rank; k++)
    if (p->dim[k] > 1)
      return false;
  return p->kind == ORT_TENSOR && p->type == ORT_F32 && p->rank > 0;
}

static int find_outputs(struct ort_image *m, struct sl_err *err)
{
  m->raw_out = m->prob_out = -1;
  for (size_t i = 0; i < m->s.nout; i++) {
    const struct ort_port *p = &m->s.out[i];
    int *slot = named_probability(p->name) ? &m->prob_out : &m->raw_out;
    if (is_row(p) && *slot < 0)
      *slot = (int)i;
  }
  if (m->raw_out < 0 && m->prob_out < 0)
    return sl_err_set(err, SL_EUNSUP, "%s: no output is a row of floats a picture (the first is %s, %zu dimensions, %s)", m->file,
                      m->s.out[0].name, m->s.out[0].rank, ort_type_name(m->s.out[0].type));
  bool beside = m->raw_out >= 0 && m->prob_out >= 0;
  const struct ort_port *raw = beside ? &m->s.out[m->raw_out] : NULL, *prob = beside ? &m->s.out[m->prob_out] : NULL;
  bool other = beside && raw->rank > 1 && prob->rank > 1 && raw->dim[1] > 0 && prob->dim[1] > 0 && raw->dim[1] != prob->dim[1];
  if (m->raw_out < 0 || other) /* an embedding beside probabilities is no score of classes */
    m->raw_out = m->prob_out;
  return SL_OK;
}

static int values_of(struct ort_image *m, int out, ort_value v, size_t rows, const float **data, size_t *width, struct sl_err *err)
{
  const struct ort *o = m->s.o;
  ort_shape shape = NULL;
  size_t n = 0;
  int type = 0;
  void *p = NULL;
  int rc = ort_check(o, o->shape_of_value(v, &shape), err);
  if (!rc)
    rc = ort_check(o, o->elements(shape, &n), err);
  if (!rc)
    rc = ort_check(o, o->element_type(shape, &type), err);
  if (shape)
    o->release_shape(shape);
  *width = n / rows;
  if (!rc && (type != ORT_F32 || !n || n % rows || *width > WIDTH_MAX))
    rc = sl_err_set(err, SL_EPARSE, "%s: output %s has not one row of numbers for each picture", m->file, m->s.out[out].name);
  if (!rc)
    rc = ort_check(o, o->tensor_data(v, &p), err);
  *data = p;
  return rc;
}

/* ---- a run ---- */

static void release(const struct ort_image *m, ort_value in, ort_value *out)
{
  if (in)
    m->s.o->release_value(in);
  for (size_t i = 0; out && i < m->s.nout; i++)
    if (out[i])
      m->s.o->release_value(out[i]);
  sl_free(out);
}

static int keep(struct ort_image *m, int out, const ort_value *v, float *to, size_t at, size_t n, size_t rows, struct sl_err *err)
{
  const float *data = NULL;
  size_t width = 0;
  int rc = values_of(m, out, v[out], rows, &data, &width, err);
  if (!rc && !m->width)
    m->width = width;
  if (!rc && width != m->width)
    rc = sl_err_set(err, SL_EPARSE, "%s: output %s is not as wide as before", m->file, m->s.out[out].name);
  if (!rc && to)
    memcpy(to + at * width, data, n * width * sizeof *to);
  return rc;
}

/* to NULL: only how wide it is. */
static int one_run(struct ort_image *m, size_t at, size_t n, size_t rows, struct sl_err *err)
{
  const struct ort *o = m->s.o;
  int64_t w = m->w, h = m->h, dim[4] = { (int64_t)rows, m->nhwc ? h : 3, m->nhwc ? w : h, m->nhwc ? 3 : w };
  ort_value in = NULL, *out = sl_calloc(m->s.nout, sizeof *out);
  unsigned char *from = m->in + at * m->size;
  for (size_t i = n; i < rows; i++)
    memcpy(from + i * m->size, from + (n - 1) * m->size, m->size);
  int rc = out ? ort_check(o, o->tensor_over(m->s.memory, from, rows * m->size, dim, 4, m->bytes ? ORT_U8 : ORT_F32, &in), err)
               : sl_err_nomem(err);
  if (!rc)
    rc = ort_session_run(&m->s, &in, out, err);
  if (!rc)
    rc = keep(m, m->raw_out, out, m->raw, at, n, rows, err);
  if (!rc && m->prob_out >= 0)
    rc = keep(m, m->prob_out, out, m->prob, at, n, rows, err);
  release(m, in, out);
  return rc;
}

static int run_all(struct ort_image *m, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t at = 0; !rc && at < m->rows;) {
    size_t n = m->rows - at < m->batch ? m->rows - at : m->batch;
    rc = one_run(m, at, n, m->fixed || m->before + at ? m->batch : n, err);
    if (rc == SL_ELIMIT && !m->s.timed_out && !m->fixed && m->batch > 1) { /* memory: one by one, from now on */
      m->batch = 1;
      rc = SL_OK;
      continue;
    }
    at += rc ? 0 : n;
  }
  return rc;
}

/* ---- probabilities ---- */

static bool sums_to_one(const float *v, size_t n)
{
  double sum = 0;
  for (size_t k = 0; k < n; k++) {
    if (!(v[k] >= 0 && v[k] <= 1.001f))
      return false;
    sum += (double)v[k];
  }
  return fabs(sum - 1) <= 1e-3;
}

static bool finite_row(const float *v, size_t n)
{
  for (size_t k = 0; k < n; k++)
    if (!isfinite(v[k]))
      return false;
  return true;
}

static void softmax(const float *v, float *out, size_t n)
{
  float most = v[0];
  double sum = 0;
  for (size_t k = 1; k < n; k++)
    most = v[k] > most ? v[k] : most;
  for (size_t k = 0; k < n; k++) {
    out[k] = expf(v[k] - most);
    sum += (double)out[k];
  }
  for (size_t k = 0; k < n; k++)
    out[k] = (float)((double)out[k] / sum);
}

static int take_probabilities(struct ort_image *m, struct sl_err *err)
{
  const float *from = m->prob_out >= 0 ? m->prob : m->raw;
  bool one = true, any = false;
  for (size_t r = 0; r < m->rows; r++)
    if (finite_row(from + r * m->width, m->width)) {
      one = one && sums_to_one(from + r * m->width, m->width);
      any = true;
    }
  if (m->is == ORT_IMAGE_UNTOLD && any)
    m->is = m->width < 2 ? ORT_IMAGE_PLAIN : one ? ORT_IMAGE_PROBABILITIES : ORT_IMAGE_LOGITS;
  if (m->is == ORT_IMAGE_PROBABILITIES && !one)
    return sl_err_set(err, SL_EPARSE, "%s: its outputs were probabilities, and from row %llu on some do not sum to 1", m->file,
                      (unsigned long long)m->before);
  for (size_t r = 0; r < m->rows; r++) {
    size_t at = r * m->width;
    if (m->is == ORT_IMAGE_LOGITS)
      softmax(from + at, m->prob + at, m->width);
    else if (m->prob_out < 0)
      memcpy(m->prob + at, m->raw + at, m->width * sizeof *m->prob);
  }
  return SL_OK;
}

/* ---- as one of our models ---- */

static struct sl_model_labels model_labels(void *own)
{
  const struct ort_image *m = own;
  return (struct sl_model_labels){ .type = m->names.n ? SL_COLUMN_TEXT : SL_COLUMN_I64, .n = m->names.n, .text = m->names.at };
}

static int model_shape(void *own, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  const struct ort_image *m = own;
  bool classes = m->width > 1;
  *out = (struct sl_model_shape){ SL_COLUMN_F32, m->width };
  if (what == SL_MODEL_LEAF)
    return sl_err_set(err, SL_EUSAGE, "an ONNX model gives no leaves");
  if (!classes && (what == SL_MODEL_CLASS || what == SL_MODEL_PROBABILITY))
    return sl_err_set(err, SL_EUSAGE, "the model gives one number a picture, and tells no classes apart");
  if (classes && (what == SL_MODEL_CLASS || what == SL_MODEL_PREDICT))
    *out = (struct sl_model_shape){ SL_COLUMN_I64, 1 };
  return SL_OK;
}

static int model_bind(void *own, const struct sl_column *const *col, struct sl_err *err)
{
  (void)own;
  (void)col;
  (void)err;
  return SL_OK;
}

static void model_rows(void *own)
{
  struct ort_image *m = own;
  m->fresh = false;
}

static size_t best_of(const struct ort_image *m, size_t row)
{
  const float *v = m->prob + row * m->width;
  size_t best = 0;
  for (size_t k = 1; k < m->width; k++)
    best = v[k] > v[best] ? k : best;
  return best;
}

static int model_predict(void *own, const struct sl_column *const *col, enum sl_model_output what, size_t from, size_t n, void *out,
                         struct sl_err *err)
{
  struct ort_image *m = own;
  struct sl_model_shape shape;
  (void)col;
  int rc = model_shape(own, what, &shape, err);
  if (!rc && !m->fresh) {
    rc = run_all(m, err);
    if (!rc)
      rc = take_probabilities(m, err);
    m->before += rc ? 0 : m->rows;
    m->fresh = !rc;
  }
  if (rc)
    return rc;
  if (shape.type == SL_COLUMN_I64) {
    for (size_t r = 0; r < n; r++)
      ((int64_t *)out)[r] = (int64_t)best_of(m, from + r);
    return SL_OK;
  }
  memcpy(out, (what == SL_MODEL_PROBABILITY ? m->prob : m->raw) + from * m->width, n * m->width * sizeof(float));
  return SL_OK;
}

/* ---- for who fills it ---- */

struct ort_image_facts ort_image_facts(const struct ort_image *m)
{
  return (struct ort_image_facts){ .w = m->w, .h = m->h, .nhwc = m->nhwc, .bytes = m->bytes, .block = m->cap, .width = m->width,
                                   .numbers = m->is, .names = m->names.n };
}

void *ort_image_slot(struct ort_image *m, size_t row) { return m->in + row * m->size; }
void ort_image_rows(struct ort_image *m, size_t n) { m->rows = n; }
bool ort_image_finite(const struct ort_image *m, size_t row) { return finite_row(m->raw + row * m->width, m->width); }
size_t ort_image_best(const struct ort_image *m, size_t row) { return best_of(m, row); }
double ort_image_top(const struct ort_image *m, size_t row) { return (double)m->prob[row * m->width + best_of(m, row)]; }

/* ---- load, free ---- */

static void model_free(void *own)
{
  struct ort_image *m = own;
  ort_session_close(&m->s);
  sl_image_names_free(&m->names);
  sl_free(m->in);
  sl_free(m->raw);
  sl_free(m->prob);
  sl_free(m->file);
  sl_free(m);
}

void ort_image_free(struct ort_image *m)
{
  if (m)
    model_free(m);
}

int ort_image_open(struct ort_image **out, struct ort_session_of *s, const char *file, struct sl_err *err)
{
  struct ort_image *m = *out = sl_calloc(1, sizeof *m);
  if (!m)
    return sl_err_nomem(err);
  m->s = *s;
  *s = (struct ort_session_of){ .o = m->s.o };
  m->file = sl_strdup(file);
  m->s.file = m->file;
  int rc = m->file ? take_input(m, err) : sl_err_nomem(err);
  if (!rc)
    rc = find_outputs(m, err);
  if (rc) {
    model_free(m);
    *out = NULL;
  }
  return rc;
}

/* A block is a whole number of runs, and no more of them than memory is meant for. */
static int make_room(struct ort_image *m, uint32_t w, uint32_t h, struct sl_err *err)
{
  m->w = w;
  m->h = h;
  m->size = (size_t)3 * w * h * (m->bytes ? 1 : sizeof(float));
  m->batch = m->fixed ? m->fixed : BATCH;
  while (!m->fixed && m->batch > 1 && m->batch * m->size > TENSOR_BYTES)
    m->batch /= 2;
  if (m->batch * m->size > 4 * (size_t)TENSOR_BYTES)
    return sl_err_set(err, SL_ELIMIT, "%s: %zu pictures of %u x %u at once", m->file, m->batch, w, h);
  m->cap = m->batch;
  while (m->cap < 32 && 2 * m->cap * m->size <= TENSOR_BYTES)
    m->cap *= 2;
  m->in = sl_alloc_aligned(SL_COLUMN_ALIGN, m->cap * m->size);
  if (!m->in)
    return sl_err_nomem(err);
  memset(m->in, 0, m->cap * m->size);
  return SL_OK;
}

/* One run over nothing says how wide the row is, and that there is one. */
static int try_width(struct ort_image *m, struct sl_err *err)
{
  int rc = one_run(m, 0, 1, m->fixed ? m->fixed : 1, err);
  if (rc)
    return rc;
  m->raw = sl_calloc(m->cap * m->width, sizeof *m->raw);
  m->prob = sl_calloc(m->cap * m->width, sizeof *m->prob);
  return m->raw && m->prob ? SL_OK : sl_err_nomem(err);
}

int ort_image_model(struct sl_model **out, struct ort_image *m, uint32_t w, uint32_t h, struct sl_image_names *names, const char *from,
                    struct sl_err *err)
{
  int rc = make_room(m, w, h, err);
  if (!rc)
    rc = try_width(m, err);
  if (!rc && names->n && names->n != m->width)
    rc = sl_err_set(err, SL_EPARSE, "%s: the model gives %zu numbers a picture, and %s names %zu classes", m->file, m->width, from,
                    names->n);
  if (rc)
    return rc;
  m->names = *names;
  *names = (struct sl_image_names){ .at = NULL };
  const struct sl_model_other o = {
    .engine = "onnxruntime", .objective = "pictures", .features = 0, .groups = m->width, .classes = m->width > 1 ? m->width : 0,
    .classifier = m->width > 1, .own = m, .labels = model_labels, .shape = model_shape, .bind = model_bind, .rows = model_rows,
    .predict = model_predict, .free = model_free,
  };
  return sl_model_from(out, &o, m->file, err);
}

void ort_image_call(struct ort_image *m, struct sl_image_names *names)
{
  if (m->names.n || names->n != m->width)
    return;
  m->names = *names;
  *names = (struct sl_image_names){ .at = NULL };
}
