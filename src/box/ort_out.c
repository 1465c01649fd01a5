/* box/ort_out.c: what a run gives, as values of the block: labels as codes of classes, numbers as they are, maps of classes as columns. */
#include "base/mem.h"
#include "box/ort_model.h"

static int wrong(const struct ort_model *m, int out, const char *why, struct sl_err *err)
{
  return sl_err_set(err, SL_EPARSE, "%s: output %s %s", m->file, m->s.out[out].name, why);
}

int ort_width(const struct ort_model *m, ort_value v, size_t rows, size_t *width, struct sl_err *err)
{
  const struct ort *o = m->s.o;
  ort_shape shape = NULL;
  size_t n = 0;
  int rc = ort_check(o, o->shape_of_value(v, &shape), err);
  if (!rc)
    rc = ort_check(o, o->elements(shape, &n), err);
  if (shape)
    o->release_shape(shape);
  *width = rc || n % rows ? 0 : n / rows;
  return rc;
}

/* ---- numbers ---- */

static enum sl_column_type column_type(int type)
{
  return type == ORT_F32 ? SL_COLUMN_F32 : type == ORT_F64 ? SL_COLUMN_F64 : SL_COLUMN_I64;
}

static int64_t whole_at(const void *p, int type, size_t i)
{
  return type == ORT_I64 ? ((const int64_t *)p)[i] : type == ORT_I32 ? ((const int32_t *)p)[i] : ((const unsigned char *)p)[i];
}

/* The values of a tensor, rows x width, checked. */
static int tensor_values(const struct ort_model *m, int out, ort_value v, size_t rows, size_t width, void **data, struct sl_err *err)
{
  const struct ort *o = m->s.o;
  size_t got = 0;
  int rc = ort_width(m, v, rows, &got, err);
  if (!rc && got != width)
    return wrong(m, out, "has not one result for each row", err);
  return rc ? rc : ort_check(o, o->tensor_data(v, data), err);
}

static int take_numbers(struct ort_model *m, const struct ort_numbers *x, ort_value v, size_t at, size_t n, size_t rows,
                        struct sl_err *err)
{
  void *data = NULL;
  int type = m->s.out[x->out].type, rc = tensor_values(m, x->out, v, rows, x->width, &data, err);
  size_t all = n * x->width, to = at * x->width;
  if (rc)
    return rc;
  if (column_type(type) == SL_COLUMN_F32)
    memcpy((float *)x->at + to, data, all * sizeof(float));
  else if (column_type(type) == SL_COLUMN_F64 || type == ORT_I64)
    memcpy((double *)x->at + to, data, all * sizeof(double));
  else
    for (size_t i = 0; i < all; i++)
      ((int64_t *)x->at)[to + i] = whole_at(data, type, i);
  return SL_OK;
}

/* ---- classes ---- */

int ort_add_class(struct ort_model *m, struct sl_str text, struct sl_err *err)
{
  int rc = sl_grow((void **)&m->text, &m->text_cap, m->ntext + 1, sizeof *m->text, SL_ONNX_CLASSES_MAX, err);
  char *copy = rc ? NULL : sl_arena_strndup(&m->kept, text.p ? text.p : "", text.n);
  if (!rc && !copy)
    rc = sl_err_nomem(err);
  if (rc)
    return rc;
  m->text[m->ntext] = sl_strn(copy, text.n);
  rc = sl_map_put(&m->names, m->text[m->ntext], m->ntext, NULL, err);
  m->ntext += !rc;
  return rc;
}

static int class_of_text(struct ort_model *m, struct sl_str s, int64_t *code, struct sl_err *err)
{
  size_t index;
  if (!sl_map_find(&m->names, s, &index)) {
    if (!m->open)
      return sl_err_set(err, SL_EPARSE, "%s: it names a class %.*s that is none of its own", m->file, SL_ARG(sl_str_head(s, 60)));
    index = m->ntext;
    int rc = ort_add_class(m, s, err);
    if (rc)
      return rc;
  }
  *code = (int64_t)index;
  return SL_OK;
}

static int class_of_number(const struct ort_model *m, int64_t v, int64_t *code, struct sl_err *err)
{
  *code = v;
  if (!m->nclasses || (v >= 0 && (uint64_t)v < m->nclasses && m->number[v] == (double)v))
    return SL_OK;
  for (size_t k = 0; k < m->nclasses; k++)
    if (m->number[k] == (double)v) {
      *code = (int64_t)k;
      return SL_OK;
    }
  return sl_err_set(err, SL_EPARSE, "%s: it names a class %lld that is none of its own", m->file, (long long)v);
}

/* Text i of n in a tensor whose bytes lie in b: offsets say where each begins. */
static struct sl_str text_at(const struct sl_buf *b, const size_t *offset, size_t i, size_t n)
{
  size_t from = offset[i], to = i + 1 < n ? offset[i + 1] : b->n;
  return from <= to && to <= b->n ? sl_strn(b->p + from, to - from) : SL_STR("");
}

static int read_texts(const struct ort *o, ort_value v, size_t n, struct sl_buf *b, size_t **offset, struct sl_err *err)
{
  size_t bytes = 0;
  *offset = sl_calloc(n + 1, sizeof **offset);
  int rc = *offset ? ort_check(o, o->strings_bytes(v, &bytes), err) : sl_err_nomem(err);
  char *room = rc ? NULL : sl_buf_room(b, bytes + 1);
  if (!rc && !room)
    rc = sl_buf_check(b, err);
  if (!rc)
    rc = ort_check(o, o->strings(v, room, bytes, *offset, n), err);
  if (!rc)
    sl_buf_wrote(b, bytes);
  return rc;
}

static int take_text_labels(struct ort_model *m, ort_value v, size_t at, size_t n, size_t rows, struct sl_err *err)
{
  struct sl_buf b;
  size_t *offset = NULL, width = 0;
  sl_buf_init(&b, 64 << 20);
  int rc = ort_width(m, v, rows, &width, err);
  if (!rc && width != 1)
    rc = wrong(m, m->label, "has not one result for each row", err);
  if (!rc)
    rc = read_texts(m->s.o, v, rows, &b, &offset, err);
  for (size_t i = 0; !rc && i < n; i++)
    rc = class_of_text(m, text_at(&b, offset, i, rows), &m->codes[at + i], err);
  sl_free(offset);
  sl_buf_free(&b);
  return rc;
}

static int take_labels(struct ort_model *m, ort_value v, size_t at, size_t n, size_t rows, struct sl_err *err)
{
  void *data = NULL;
  int type = m->s.out[m->label].type;
  if (type == ORT_STRING)
    return take_text_labels(m, v, at, n, rows, err);
  int rc = tensor_values(m, m->label, v, rows, 1, &data, err);
  for (size_t i = 0; !rc && i < n; i++)
    rc = class_of_number(m, whole_at(data, type, i), &m->codes[at + i], err);
  return rc;
}

/* ---- a map for each row ---- */

static int check_type(const struct ort_model *m, ort_value v, int type, struct sl_err *err)
{
  const struct ort *o = m->s.o;
  ort_shape shape = NULL;
  int got = 0, rc = ort_check(o, o->shape_of_value(v, &shape), err);
  if (!rc)
    rc = ort_check(o, o->element_type(shape, &got), err);
  if (shape)
    o->release_shape(shape);
  return rc || got == type ? rc : sl_err_set(err, SL_EUNSUP, "%s: maps of %s, not of %s", m->file, ort_type_name(got), ort_type_name(type));
}

static int read_keys(struct ort_model *m, ort_value keys, size_t n, int64_t *code, struct sl_err *err)
{
  const struct ort *o = m->s.o;
  struct sl_buf b;
  size_t *offset = NULL;
  void *data = NULL;
  int rc = SL_OK;
  sl_buf_init(&b, 64 << 20);
  if (m->class_type == SL_COLUMN_TEXT)
    rc = read_texts(o, keys, n, &b, &offset, err);
  else
    rc = ort_check(o, o->tensor_data(keys, &data), err);
  for (size_t i = 0; !rc && i < n; i++)
    rc = offset ? class_of_text(m, text_at(&b, offset, i, n), &code[i], err)
                : class_of_number(m, ((const int64_t *)data)[i], &code[i], err);
  sl_free(offset);
  sl_buf_free(&b);
  return rc;
}

static int key_codes(struct ort_model *m, const struct ort_numbers *x, ort_value keys, int64_t *code, struct sl_err *err)
{
  size_t n = 0;
  int rc = check_type(m, keys, m->class_type == SL_COLUMN_TEXT ? ORT_STRING : ORT_I64, err);
  if (!rc)
    rc = ort_width(m, keys, 1, &n, err);
  if (!rc && n == x->width)
    rc = read_keys(m, keys, n, code, err);
  for (size_t i = 0; !rc && i < x->width; i++)
    if (n != x->width || code[i] < 0 || (uint64_t)code[i] >= x->width)
      rc = wrong(m, x->out, "has other classes than the model", err);
  return rc;
}

/* Keys and values of one map into a row. The keys are the same in every map: they are looked up in the first one of a run. */
static int take_map(struct ort_model *m, const struct ort_numbers *x, ort_value map, size_t row, int64_t *code, bool first,
                    struct sl_err *err)
{
  const struct ort *o = m->s.o;
  ort_value keys = NULL, values = NULL;
  void *data = NULL;
  size_t width = 0;
  int rc = ort_check(o, o->value_at(map, 1, m->s.allocator, &values), err);
  if (!rc)
    rc = ort_width(m, values, 1, &width, err);
  if (!rc && width != x->width)
    rc = wrong(m, x->out, "has not every class in each row", err);
  if (!rc && first)
    rc = ort_check(o, o->value_at(map, 0, m->s.allocator, &keys), err);
  if (!rc && first)
    rc = key_codes(m, x, keys, code, err);
  if (!rc)
    rc = check_type(m, values, x->type == SL_COLUMN_F32 ? ORT_F32 : ORT_F64, err);
  if (!rc)
    rc = ort_check(o, o->tensor_data(values, &data), err);
  for (size_t k = 0; !rc && k < width; k++) {
    size_t to = row * width + (size_t)code[k];
    if (x->type == SL_COLUMN_F32)
      ((float *)x->at)[to] = ((const float *)data)[k];
    else
      ((double *)x->at)[to] = ((const double *)data)[k];
  }
  if (keys)
    o->release_value(keys);
  if (values)
    o->release_value(values);
  return rc;
}

static int take_maps(struct ort_model *m, const struct ort_numbers *x, ort_value v, size_t at, size_t n, size_t rows, struct sl_err *err)
{
  const struct ort *o = m->s.o;
  size_t got = 0;
  int64_t *code = sl_calloc(x->width + 1, sizeof *code);
  int rc = code ? ort_check(o, o->value_count(v, &got), err) : sl_err_nomem(err);
  if (!rc && got != rows)
    rc = wrong(m, x->out, "has not one result for each row", err);
  for (size_t i = 0; !rc && i < n; i++) {
    ort_value map = NULL;
    rc = ort_check(o, o->value_at(v, (int)i, m->s.allocator, &map), err);
    if (!rc)
      rc = take_map(m, x, map, at + i, code, i == 0, err);
    if (map)
      o->release_value(map);
  }
  sl_free(code);
  return rc;
}

/* ---- all of a run ---- */

static int take(struct ort_model *m, const struct ort_numbers *x, const ort_value *out, size_t at, size_t n, size_t rows,
                struct sl_err *err)
{
  if (x->out < 0)
    return SL_OK;
  return m->s.out[x->out].kind == ORT_SEQUENCE ? take_maps(m, x, out[x->out], at, n, rows, err)
                                               : take_numbers(m, x, out[x->out], at, n, rows, err);
}

int ort_take(struct ort_model *m, const ort_value *out, size_t at, size_t n, size_t rows, struct sl_err *err)
{
  int rc = m->label < 0 ? SL_OK : take_labels(m, out[m->label], at, n, rows, err);
  if (!rc)
    rc = take(m, &m->prob, out, at, n, rows, err);
  return rc ? rc : take(m, &m->score, out, at, n, rows, err);
}
