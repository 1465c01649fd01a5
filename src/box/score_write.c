/* box/score_write.c: predictions into a file of any length: the engine's own COPY asks for them, a vector at a time, through a function
 * that gives a table; what it gets is predicted then. Nothing is kept but the present block.
 *
 * The function is the engine's for good, the scoring is not: it stands in one place, and only while its COPY runs. Reading and writing each
 * have a connection, since another statement on the same one ends a result that is still read. */
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "box/score_int.h"

enum { VECTOR = 2048 };
#define NAME "sluice_scored"

static struct { struct score *s; size_t at; int rc; struct sl_err err; } now;    /* at: of the block's rows, already written */

/* ---- types ---- */

static int called_id(const struct score *s)
{
  enum sl_type t = score_called_type(s);
  return t == SL_TEXT ? DUCK_VARCHAR : t == SL_BOOL ? DUCK_BOOLEAN : t == SL_F64 ? DUCK_DOUBLE : DUCK_BIGINT;
}

static int duck_id(const struct score *s, size_t i)
{
  if (i == 0)
    return DUCK_BIGINT;
  if (s->images && (i == 1 || i + 1 == s->ncols))
    return DUCK_VARCHAR;
  i -= s->images != NULL;
  if (i <= s->shape.width && score_called(s).n)
    return called_id(s);
  if (i == s->shape.width + 1 && score_with_top(s))
    return DUCK_FLOAT;
  if (i <= s->shape.width && s->class_name)
    return DUCK_VARCHAR;
  struct sl_model_shape of = i <= s->shape.width ? s->shape : s->prob_shape;
  if (i <= s->shape.width || s->probs)
    return of.type == SL_COLUMN_F32 ? DUCK_FLOAT : of.type == SL_COLUMN_F64 ? DUCK_DOUBLE : DUCK_BIGINT;
  switch (s->label->type) {
  case SL_COLUMN_BOOL: return DUCK_BOOLEAN;
  case SL_COLUMN_I64: return s->label->time ? DUCK_TIMESTAMP : DUCK_BIGINT;
  case SL_COLUMN_F32: return DUCK_FLOAT;
  case SL_COLUMN_F64: return DUCK_DOUBLE;
  default: return DUCK_VARCHAR;
  }
}

/* ---- one vector ---- */

static void put_label(struct score *s, duck_vector v, size_t from, size_t n)
{
  const struct sl_column *c = s->label;
  void *data = s->d->vector_get_data(v);
  for (size_t r = 0; r < n; r++) {
    if (!sl_column_has(c, from + r)) {
      s->d->vector_ensure_validity_writable(v);
      s->d->validity_set_row_invalid(s->d->vector_get_validity(v), r);
      continue;
    }
    struct sl_str text = sl_column_text(c, from + r);
    switch (c->type) {
    case SL_COLUMN_BOOL: ((uint8_t *)data)[r] = c->v.b[from + r]; break;
    case SL_COLUMN_I64: ((int64_t *)data)[r] = c->v.i64[from + r]; break;
    case SL_COLUMN_F32: ((float *)data)[r] = c->v.f32[from + r]; break;
    case SL_COLUMN_F64: ((double *)data)[r] = c->v.f64[from + r]; break;
    default: s->d->vector_assign_string_element_len(v, r, text.n ? text.p : "", text.n);
    }
  }
}

/* Predicted classes by what they are called. */
static void put_called(struct score *s, duck_vector v, size_t from, size_t n)
{
  struct sl_model_labels l = score_called(s);
  const int64_t *k = (const int64_t *)s->out + from;
  void *to = s->d->vector_get_data(v);
  for (size_t r = 0; r < n; r++)
    switch (l.type) {
    case SL_COLUMN_TEXT: s->d->vector_assign_string_element_len(v, r, l.text[k[r]].p, l.text[k[r]].n); break;
    case SL_COLUMN_BOOL: ((uint8_t *)to)[r] = l.number[k[r]] != 0; break;
    case SL_COLUMN_F64: ((double *)to)[r] = l.number[k[r]]; break;
    default: ((int64_t *)to)[r] = (int64_t)l.number[k[r]];
    }
}

static void put_class_names(struct score *s, duck_vector v, size_t from, size_t n)
{
  const int64_t *k = (const int64_t *)s->out + from;
  for (size_t r = 0; r < n; r++) {
    const char *name = k[r] >= 0 && (size_t)k[r] < s->nclasses ? s->class_name[k[r]] : "";
    s->d->vector_assign_string_element_len(v, r, name, strlen(name));
  }
}

static void put_values(const void *out, struct sl_model_shape shape, void *to, size_t i, size_t from, size_t n)
{
  for (size_t r = 0; r < n; r++) {
    size_t at = (from + r) * shape.width + i;
    if (shape.type == SL_COLUMN_F32)
      ((float *)to)[r] = ((const float *)out)[at];
    else if (shape.type == SL_COLUMN_F64)
      ((double *)to)[r] = ((const double *)out)[at];
    else
      ((int64_t *)to)[r] = ((const int64_t *)out)[at];
  }
}

static void put_null(struct score *s, duck_vector v, size_t r)
{
  s->d->vector_ensure_validity_writable(v);
  s->d->validity_set_row_invalid(s->d->vector_get_validity(v), r);
}

/* Path, probability and why there is none; a picture without a prediction has none in any column of outputs. */
static void put_pictures(struct score *s, duck_chunk chunk, size_t from, size_t n)
{
  const struct duck *d = s->d;
  bool top = score_with_top(s);
  duck_vector path = d->data_chunk_get_vector(chunk, 1), error = d->data_chunk_get_vector(chunk, s->ncols - 1);
  duck_vector sure = top ? d->data_chunk_get_vector(chunk, s->shape.width + 2) : NULL;
  float *p = top ? d->vector_get_data(sure) : NULL;
  for (size_t r = 0; r < n; r++) {
    struct sl_str at = sl_column_text(&s->f.at[0], from + r);
    const char *why = score_images_why(s, from + r);
    d->vector_assign_string_element_len(path, r, at.p, at.n);
    if (p)
      p[r] = (float)score_images_top(s, from + r);
    for (size_t i = 0; why && i < s->shape.width + top; i++)
      put_null(s, d->data_chunk_get_vector(chunk, i + 2), r);
    if (why)
      d->vector_assign_string_element_len(error, r, why, strlen(why));
    else
      put_null(s, error, r);
  }
}

static void put_rows(struct score *s, duck_chunk chunk, size_t from, size_t n)
{
  const struct duck *d = s->d;
  size_t width = s->shape.width, first = s->images ? 2 : 1;
  int64_t *row = d->vector_get_data(d->data_chunk_get_vector(chunk, 0));
  for (size_t r = 0; r < n; r++)
    row[r] = (int64_t)(s->row + from + r);
  if (score_called(s).n)
    put_called(s, d->data_chunk_get_vector(chunk, first), from, n);
  else if (s->class_name)
    put_class_names(s, d->data_chunk_get_vector(chunk, first), from, n);
  for (size_t i = 0; !score_called(s).n && !s->class_name && i < width; i++)
    put_values(s->out, s->shape, d->vector_get_data(d->data_chunk_get_vector(chunk, i + first)), i, from, n);
  for (size_t i = 0; s->probs && i < s->prob_shape.width; i++)
    put_values(s->prob, s->prob_shape, d->vector_get_data(d->data_chunk_get_vector(chunk, width + first + i)), i, from, n);
  if (s->label)
    put_label(s, d->data_chunk_get_vector(chunk, first + width + score_with_top(s)), from, n);
  if (s->images)
    put_pictures(s, chunk, from, n);
}

/* ---- the function ---- */

static void on_bind(duck_bind b)
{
  struct score *s = now.s;
  if (!s)
    return; /* without a column it is refused by the engine */
  for (size_t i = 0; i < s->ncols; i++) {
    duck_type t = s->d->create_logical_type(duck_id(s, i));
    s->d->bind_add_result_column(b, s->col_names[i], t);
    s->d->destroy_logical_type(&t);
  }
}

static void on_init(duck_init i) { (void)i; }

static void on_rows(duck_call call, duck_chunk chunk)
{
  struct score *s = now.s;
  size_t n = 0;
  if (!s)
    return;
  if (!now.rc && now.at == sl_columns_rows(&s->f)) {
    score_block_done(s);
    now.at = 0;
    now.rc = score_block_next(s, &now.err);
  }
  if (now.rc) {
    s->d->function_set_error(call, now.err.msg);
  } else {
    n = sl_columns_rows(&s->f) - now.at < VECTOR ? sl_columns_rows(&s->f) - now.at : VECTOR;
    put_rows(s, chunk, now.at, n);
    now.at += n;
  }
  s->d->data_chunk_set_size(chunk, n);
}

static int know_function(const struct duck *d, struct duck_own *own, duck_conn conn, struct sl_err *err)
{
  if (own->writes)
    return SL_OK;
  duck_function f = d->create_table_function();
  if (!f)
    return sl_err_nomem(err);
  d->table_function_set_name(f, NAME);
  d->table_function_set_bind(f, on_bind);
  d->table_function_set_init(f, on_init);
  d->table_function_set_function(f, on_rows);
  own->writes = d->register_table_function(conn, f) == DUCK_OK;
  d->destroy_table_function(&f);
  return own->writes ? SL_OK : sl_err_set(err, SL_EUNSUP, "the SQL engine takes no rows from here: it is too old or too new");
}

int score_write(struct score *s, struct sl_err *err)
{
  duck_conn conn = NULL;
  struct duck_own *own = s->c->own;
  int rc = duck_own_connect(s->c, &conn, err);
  if (!rc)
    rc = know_function(s->d, own, conn, err);
  now.s = s;
  now.at = 0;
  now.rc = SL_OK;
  if (!rc)
    rc = duck_write_out(s->d, conn, s->c, SL_STR("SELECT * FROM " NAME "()"), err);
  if (rc && now.rc && err)
    *err = now.err; /* not in the engine's words */
  rc = rc && now.rc ? now.rc : rc;
  now.s = NULL;
  if (conn)
    s->d->disconnect(&conn);
  return rc;
}
