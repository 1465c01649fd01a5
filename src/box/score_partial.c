/* box/score_partial.c: a scoring of which no rows are kept, but what joined parts need (compute/partial.h): into the job's file, whose
 * name ends in .partial. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "box/score_int.h"
#include "compute/partial.h"

enum { PIECE = 1 << 16, STEP = 1024 };

bool score_partial_wanted(const struct score *s)
{
  return s->c->out_file && !s->judge && sl_str_ends(sl_str(s->c->out_file), SL_STR(".partial"));
}

/* ---- which model ---- */

static int add_file(struct sl_sha256_ctx *h, const char *path, bool optional, struct sl_err *err)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return optional && (errno == ENOENT || errno == EACCES) ? SL_OK : sl_err_sys(err, errno, "cannot open %s", path);
  unsigned char *piece = sl_alloc(PIECE);
  int rc = piece ? SL_OK : sl_err_nomem(err);
  for (ssize_t n = 1; !rc && n > 0;) {
    n = read(fd, piece, PIECE);
    if (n < 0 && errno != EINTR)
      rc = sl_err_sys(err, errno, "cannot read %s", path);
    n = n < 0 && !rc ? 1 : n;
    if (!rc && n > 0)
      sl_sha256_add(h, piece, (size_t)n);
  }
  sl_free(piece);
  close(fd);
  return rc;
}

/* Of its file; ONNX weights that lie beside it under the usual names belong to it. */
int score_partial_model(struct score *s, const char *path, struct sl_err *err)
{
  static const char *const beside[] = { ".data", "_data" };
  struct sl_sha256_ctx *h;
  int rc = sl_sha256_open(&h, err);
  if (rc)
    return rc;
  rc = add_file(h, path, false, err);
  for (size_t i = 0; !rc && sl_str_ends(sl_str(path), SL_STR(".onnx")) && i < 2; i++) {
    char *name = sl_asprintf("%s%s", path, beside[i]);
    rc = name ? add_file(h, name, true, err) : sl_err_nomem(err);
    sl_free(name);
  }
  s->digest = sl_sha256_end(&h);
  return rc;
}

/* ---- columns ---- */

static struct sl_sketch_column column_of(const struct score *s)
{
  enum sl_type t = score_called_type(s);
  bool called = score_called(s).n, f32 = s->shape.type == SL_COLUMN_F32;
  if (called && t == SL_TEXT)
    return (struct sl_sketch_column){ .is = SL_SKETCH_WORDS };
  if (t == SL_BOOL)
    return (struct sl_sketch_column){ .is = SL_SKETCH_BOOL };
  if (t == SL_F64)
    return (struct sl_sketch_column){ .is = SL_SKETCH_NUMBER, .narrow = f32 && !called };
  return (struct sl_sketch_column){ .is = SL_SKETCH_NUMBER, .whole = true };
}

static const char *type_of(const struct sl_sketch_column *c)
{
  return c->is == SL_SKETCH_WORDS ? "VARCHAR" : c->is == SL_SKETCH_BOOL ? "BOOLEAN" : c->whole ? "BIGINT" : c->narrow ? "FLOAT" : "DOUBLE";
}

/* The names that the outputs have as rows. */
static int add_columns(struct score *s, struct sl_err *err)
{
  struct sl_sketches *f = sl_partial_outputs(s->part);
  size_t width = s->shape.width;
  int rc = SL_OK;
  if (width > SL_PARTIAL_OUTPUTS_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu outputs a row; of at most %d a partial result is kept", width, SL_PARTIAL_OUTPUTS_MAX);
  f->at = sl_calloc(width + 1, sizeof *f->at);
  if (!f->at)
    return sl_err_nomem(err);
  for (; !rc && f->n < width; f->n++) {
    struct sl_sketch_column c = column_of(s);
    const char *own = sl_model_output_name(s->m, s->what, f->n);
    c.name = own ? sl_strdup(own) : width == 1 ? sl_strdup("prediction") : sl_asprintf("p%zu", f->n);
    c.type = sl_strdup(type_of(&c));
    bool whole = c.whole || c.is == SL_SKETCH_BOOL;
    rc = sl_sketch_new(&c.s, c.is == SL_SKETCH_WORDS ? SL_SKETCH_TEXT : whole ? SL_SKETCH_WHOLE : SL_SKETCH_FLOAT, true, err);
    if (!rc && (!c.name || !c.type))
      rc = sl_err_nomem(err);
    f->at[f->n] = c;
  }
  return rc;
}

static char *called(const struct sl_model_labels *l, size_t i)
{
  char text[40];
  if (l->type == SL_COLUMN_TEXT)
    return sl_strndup(l->text[i].p, l->text[i].n);
  snprintf(text, sizeof text, "%.15g", l->number[i]);
  return sl_strdup(text);
}

int score_partial_open(struct score *s, struct sl_err *err)
{
  struct sl_model_labels l = sl_model_labels(s->m);
  struct sl_partial_about a = { .model = s->digest, .output = s->what, .classes = sl_model_facts(s->m).classes,
                                .label = s->label ? s->label->name : NULL, .narrow = s->label && s->prob_shape.type == SL_COLUMN_F32,
                                .index = s->label && s->prob_shape.type == SL_COLUMN_I64 };
  int rc = SL_OK;
  if (a.classes && l.n == a.classes && !(a.called = sl_calloc(l.n, sizeof *a.called)))
    rc = sl_err_nomem(err);
  for (size_t i = 0; !rc && a.called && i < l.n; i++)
    if (!(a.called[i] = called(&l, i)))
      rc = sl_err_nomem(err);
  rc = rc ? rc : sl_partial_new(&s->part, &a, err);
  rc = rc ? rc : add_columns(s, err);
  for (size_t i = 0; a.called && i < l.n; i++)
    sl_free(a.called[i]);
  sl_free(a.called);
  return rc;
}

/* ---- rows ---- */

static int add_called(struct score *s, struct sl_sketch_column *c, size_t rows, struct sl_err *err)
{
  struct sl_model_labels l = score_called(s);
  const int64_t *k = s->out;
  int rc = SL_OK;
  for (size_t r = 0; !rc && r < rows; r++) {
    int64_t whole = l.type == SL_COLUMN_TEXT ? 0 : (int64_t)l.number[k[r]];
    rc = l.type == SL_COLUMN_TEXT ? sl_sketch_add_text(c->s, l.text[k[r]], err)
         : c->whole || c->is == SL_SKETCH_BOOL ? sl_sketch_add_i64(c->s, &whole, NULL, 1, err)
                                               : sl_sketch_add_f64(c->s, &l.number[k[r]], NULL, 1, err);
  }
  return rc;
}

/* One output of so many rows, side by side. */
static int add_output(struct score *s, size_t at, size_t from, size_t n, struct sl_err *err)
{
  union { float f32[STEP]; double f64[STEP]; int64_t i64[STEP]; } v;
  struct sl_sketch *to = sl_partial_outputs(s->part)->at[at].s;
  size_t width = s->shape.width;
  for (size_t r = 0; r < n; r++) {
    size_t i = (from + r) * width + at;
    if (s->shape.type == SL_COLUMN_F32)
      v.f32[r] = ((const float *)s->out)[i];
    else if (s->shape.type == SL_COLUMN_F64)
      v.f64[r] = ((const double *)s->out)[i];
    else
      v.i64[r] = ((const int64_t *)s->out)[i];
  }
  return s->shape.type == SL_COLUMN_F32   ? sl_sketch_add_f32(to, v.f32, NULL, n, err)
         : s->shape.type == SL_COLUMN_F64 ? sl_sketch_add_f64(to, v.f64, NULL, n, err)
                                          : sl_sketch_add_i64(to, v.i64, NULL, n, err);
}

int score_partial_block(struct score *s, struct sl_err *err)
{
  struct sl_sketches *f = sl_partial_outputs(s->part);
  size_t rows = sl_columns_rows(&s->f);
  int rc = score_called(s).n ? add_called(s, &f->at[0], rows, err) : SL_OK;
  for (size_t at = 0; !rc && !score_called(s).n && at < f->n; at++)
    for (size_t from = 0; !rc && from < rows; from += STEP)
      rc = add_output(s, at, from, rows - from < STEP ? rows - from : STEP, err);
  f->rows += rows;
  return rc;
}

int score_partial_write(struct score *s, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, (size_t)256 << 20);
  int rc = sl_partial_write(&b, s->part, err);
  rc = rc ? rc : box_write_file(s->c, sl_buf_view(&b), err);
  s->c->rows = s->row;
  sl_buf_free(&b);
  return rc;
}
