/* compute/onnx_read.c: protocol buffers, and of ONNX's messages those on the way to weights, classes and notes.
 *
 * Whoever loads weights by a name that the file tells could be led anywhere: names are checked here, wherever in the file they stand
 * (tables below say which field holds which message), also in parts that no runtime may look at. */
#include "compute/onnx.h"

enum message { NONE, MODEL, GRAPH, NODE, ATTRIBUTE, TENSOR, SPARSE, FUNCTION, TRAINING, OPSET, ENTRY, MESSAGES };
enum wire { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

/* Which fields hold messages that are looked into. */
static const struct child { enum message in; unsigned field; enum message is; } children[] = {
  { MODEL, 7, GRAPH }, { MODEL, 8, OPSET }, { MODEL, 14, ENTRY }, { MODEL, 20, TRAINING }, { MODEL, 25, FUNCTION },
  { GRAPH, 1, NODE }, { GRAPH, 5, TENSOR }, { GRAPH, 15, SPARSE },
  { NODE, 5, ATTRIBUTE },
  { ATTRIBUTE, 5, TENSOR }, { ATTRIBUTE, 6, GRAPH }, { ATTRIBUTE, 10, TENSOR }, { ATTRIBUTE, 11, GRAPH }, { ATTRIBUTE, 22, SPARSE },
  { ATTRIBUTE, 23, SPARSE },
  { TENSOR, 13, ENTRY },
  { SPARSE, 1, TENSOR }, { SPARSE, 2, TENSOR },
  { FUNCTION, 7, NODE }, { FUNCTION, 11, ATTRIBUTE },
  { TRAINING, 1, GRAPH }, { TRAINING, 2, GRAPH },
};

struct reader {
  struct sl_onnx *o;
  const char *file, *from;
  struct sl_err *err;
  bool map_step;               /* within a node that makes maps */
  bool unlike;                 /* classifiers that do not agree */
  size_t graphs;
};

static int bad(const struct reader *r, const char *at, const char *why)
{
  return sl_err_set(r->err, SL_EPARSE, "%s: byte %zu: %s", r->file, (size_t)(at - r->from), why);
}

/* ---- fields ---- */

struct field { unsigned number; enum wire wire; uint64_t v; struct sl_str s; const char *at; };

static bool varint(const char **p, const char *end, uint64_t *v)
{
  *v = 0;
  for (unsigned shift = 0; shift < 70 && *p < end; shift += 7) {
    unsigned char c = (unsigned char)*(*p)++;
    if (shift == 63 && c > 1)
      return false;
    *v |= (uint64_t)(c & 0x7f) << shift;
    if (!(c & 0x80))
      return true;
  }
  return false;
}

static bool take(struct sl_str *rest, size_t n, struct sl_str *out)
{
  if (n > rest->n)
    return false;
  *out = sl_strn(rest->p, n);
  *rest = sl_str_from(*rest, n);
  return true;
}

/* The next field of a message; what is not of today's wire types is refused. */
static int next_field(const struct reader *r, struct sl_str *rest, struct field *f)
{
  const char *p = rest->p, *end = p + rest->n;
  uint64_t key, n = 0;
  f->at = p;
  if (!varint(&p, end, &key) || key >> 3 == 0 || key >> 3 > 0x1fffffff)
    return bad(r, f->at, "no field of an ONNX file begins here");
  *f = (struct field){ .number = (unsigned)(key >> 3), .wire = (enum wire)(key & 7), .at = f->at };
  if (f->wire == VARINT ? !varint(&p, end, &f->v) : f->wire == BYTES && !varint(&p, end, &n))
    return bad(r, f->at, "a number is cut off");
  *rest = sl_strn(p, (size_t)(end - p));
  if (f->wire != VARINT && f->wire != BYTES && f->wire != FIXED32 && f->wire != FIXED64)
    return bad(r, f->at, "a field of a kind that ONNX does not have");
  n = f->wire == FIXED32 ? 4 : f->wire == FIXED64 ? 8 : n;
  if (f->wire != VARINT && (n > rest->n || !take(rest, (size_t)n, &f->s)))
    return bad(r, f->at, "longer than what is left of the file");
  return SL_OK;
}

/* ---- where weights lie ---- */

/* Relative, and not upwards; nor the words by which a runtime means its own memory. */
static bool is_below(struct sl_str path)
{
  struct sl_str part;
  if (!path.n || path.n > 1024 || path.p[0] == '/' || memchr(path.p, 0, path.n) || memchr(path.p, '\\', path.n) ||
      memchr(path.p, '*', path.n))
    return false;
  if (sl_str_ends(path, SL_STR("/")))
    return false;
  while (sl_str_cut(&path, '/', &part))
    if (!part.n || sl_str_eqz(part, ".."))
      return false;
  return true;
}

static int add_external(struct reader *r, struct sl_str path)
{
  struct sl_onnx *o = r->o;
  if (!is_below(path))
    return sl_err_set(r->err, SL_EDENIED, "%s: its weights are said to lie in %.*s, which is not a file in the model's folder", r->file,
                      SL_ARG(sl_str_head(path, 80)));
  for (size_t i = 0; i < o->nexternal; i++)
    if (sl_str_eq(o->external[i], path))
      return SL_OK;
  int rc = sl_grow((void **)&o->external, &o->external_cap, o->nexternal + 1, sizeof *o->external, SL_ONNX_EXTERNAL_MAX, r->err);
  if (!rc)
    o->external[o->nexternal++] = path;
  return rc;
}

static int add_note(struct reader *r, struct sl_str key, struct sl_str value)
{
  struct sl_onnx *o = r->o;
  int rc = sl_grow((void **)&o->note, &o->notes_cap, o->nnotes + 1, sizeof *o->note, SL_ONNX_NOTES_MAX, r->err);
  if (!rc) {
    o->note[o->nnotes].key = key;
    o->note[o->nnotes++].value = value;
  }
  return rc;
}

/* A key and a value: of the model a note, of a tensor where its values are. */
static int entry(struct reader *r, struct sl_str rest, enum message of)
{
  struct sl_str key = SL_STR(""), value = SL_STR("");
  struct field f;
  int rc = SL_OK;
  while (!rc && rest.n) {
    rc = next_field(r, &rest, &f);
    if (!rc && f.wire == BYTES && f.number == 1)
      key = f.s;
    if (!rc && f.wire == BYTES && f.number == 2)
      value = f.s;
  }
  if (rc)
    return rc;
  if (of == TENSOR)
    return sl_str_eqz(key, "location") ? add_external(r, value) : SL_OK;
  return add_note(r, key, value);
}

static int opset(struct reader *r, struct sl_str rest)
{
  struct sl_str domain = SL_STR("");
  uint64_t version = 0;
  struct field f;
  int rc = SL_OK;
  while (!rc && rest.n) {
    rc = next_field(r, &rest, &f);
    if (!rc && f.number == 1 && f.wire == BYTES)
      domain = f.s;
    if (!rc && f.number == 2 && f.wire == VARINT)
      version = f.v;
  }
  if (!rc && (!domain.n || sl_str_eqz(domain, "ai.onnx")))
    r->o->opset = (int64_t)version;
  return rc;
}

/* ---- classes ---- */

struct found { struct sl_onnx_classes c; size_t texts_cap, numbers_cap; };

static void found_free(struct found *x)
{
  sl_free(x->c.text);
  sl_free(x->c.number);
  *x = (struct found){ .texts_cap = 0 };
}

static int add_number(struct reader *r, struct found *x, uint64_t v)
{
  int rc = sl_grow((void **)&x->c.number, &x->numbers_cap, x->c.n + 1, sizeof *x->c.number, SL_ONNX_CLASSES_MAX, r->err);
  if (!rc)
    x->c.number[x->c.n++] = (int64_t)v;
  return rc;
}

static int add_packed(struct reader *r, struct found *x, struct field *f)
{
  const char *p = f->s.p, *end = p + f->s.n;
  int rc = SL_OK;
  uint64_t v;
  while (!rc && p < end)
    rc = varint(&p, end, &v) ? add_number(r, x, v) : bad(r, f->at, "a number is cut off");
  return rc;
}

static int class_list(struct reader *r, struct sl_str rest, bool texts, struct found *x)
{
  struct field f;
  int rc = SL_OK;
  while (!rc && rest.n) {
    rc = next_field(r, &rest, &f);
    if (!rc && !texts && f.number == 8)
      rc = f.wire == VARINT ? add_number(r, x, f.v) : f.wire == BYTES ? add_packed(r, x, &f) : SL_OK;
    if (rc || !texts || f.number != 9 || f.wire != BYTES)
      continue;
    rc = sl_grow((void **)&x->c.text, &x->texts_cap, x->c.n + 1, sizeof *x->c.text, SL_ONNX_CLASSES_MAX, r->err);
    if (!rc)
      x->c.text[x->c.n++] = f.s;
  }
  return rc;
}

static bool alike(const struct sl_onnx_classes *a, const struct sl_onnx_classes *b)
{
  if (a->n != b->n || !a->text != !b->text)
    return false;
  for (size_t i = 0; i < a->n; i++)
    if (a->text ? !sl_str_eq(a->text[i], b->text[i]) : a->number[i] != b->number[i])
      return false;
  return true;
}

static void keep_classes(struct reader *r, struct found *x)
{
  struct sl_onnx *o = r->o;
  bool stands = o->mapped && !r->map_step;
  if (!x->c.n || stands)
    return;
  bool first = r->map_step ? !o->mapped : !o->classes.n && !r->unlike;
  if (first) {
    struct found was = { o->classes, 0, 0 };
    found_free(&was);
    o->classes = x->c;
    *x = (struct found){ .texts_cap = 0 };
    r->unlike = false;
  } else if (!alike(&o->classes, &x->c)) {
    struct found was = { o->classes, 0, 0 };
    found_free(&was);
    o->classes = (struct sl_onnx_classes){ .n = 0 };
    r->unlike = true;
  }
  o->mapped = o->mapped || r->map_step;
}

/* Attributes of this name hold classes, in whatever step they stand. */
static int attribute_classes(struct reader *r, struct sl_str whole)
{
  struct sl_str rest = whole, name = SL_STR("");
  struct found x = { .texts_cap = 0 };
  struct field f;
  int rc = SL_OK;
  while (!rc && rest.n) {
    rc = next_field(r, &rest, &f);
    if (!rc && f.number == 1 && f.wire == BYTES)
      name = f.s;
  }
  bool texts = sl_str_eqz(name, "classlabels_strings");
  if (!rc && (texts || sl_str_eqz(name, "classlabels_int64s") || sl_str_eqz(name, "classlabels_ints")))
    rc = class_list(r, whole, texts, &x);
  if (!rc)
    keep_classes(r, &x);
  found_free(&x);
  return rc;
}

static int node_kind(struct reader *r, struct sl_str rest)
{
  struct field f;
  int rc = SL_OK;
  r->map_step = false;
  while (!rc && rest.n) {
    rc = next_field(r, &rest, &f);
    if (!rc && f.number == 4 && f.wire == BYTES)
      r->map_step = sl_str_eqz(f.s, "ZipMap");
  }
  return rc;
}

/* ---- messages in messages ---- */

static enum message child_of(enum message in, unsigned field)
{
  for (size_t i = 0; i < sizeof children / sizeof children[0]; i++)
    if (children[i].in == in && children[i].field == field)
      return children[i].is;
  return NONE;
}

static void model_fact(struct reader *r, const struct field *f)
{
  if (f->number == 1 && f->wire == VARINT)
    r->o->ir = (int64_t)f->v;
  if (f->number == 2 && f->wire == BYTES)
    r->o->producer = f->s;
  if (f->number == 3 && f->wire == BYTES)
    r->o->producer_version = f->s;
}

static int message(struct reader *r, struct sl_str rest, enum message is, unsigned depth);

static int inner(struct reader *r, const struct field *f, enum message in, unsigned depth)
{
  enum message is = child_of(in, f->number);
  if (is == NONE)
    return SL_OK;
  if (f->wire != BYTES)
    return bad(r, f->at, "a number where a part of the model belongs");
  if (is == ENTRY)
    return entry(r, f->s, in);
  if (is == OPSET)
    return opset(r, f->s);
  r->graphs += in == MODEL && is == GRAPH;
  return message(r, f->s, is, depth + 1);
}

static int message(struct reader *r, struct sl_str rest, enum message is, unsigned depth)
{
  struct field f;
  int rc = SL_OK;
  if (depth > SL_ONNX_DEPTH)
    return bad(r, rest.p, "graphs within graphs, too deep");
  if (is == NODE)
    rc = node_kind(r, rest);
  if (!rc && is == ATTRIBUTE)
    rc = attribute_classes(r, rest);
  while (!rc && rest.n) {
    rc = next_field(r, &rest, &f);
    if (!rc && is == MODEL)
      model_fact(r, &f);
    if (!rc)
      rc = inner(r, &f, is, depth);
  }
  return rc;
}

int sl_onnx_read(struct sl_onnx *out, struct sl_str bytes, const char *file, struct sl_err *err)
{
  struct reader r = { .o = out, .file = file, .from = bytes.p, .err = err };
  *out = (struct sl_onnx){ .ir = 0 };
  int rc = message(&r, bytes, MODEL, 0);
  if (!rc && (out->ir < 1 || r.graphs != 1))
    rc = sl_err_set(err, SL_EPARSE, "%s is no ONNX model: %s", file,
                    out->ir < 1 ? "it tells no version of the format" : "it holds no graph");
  if (rc)
    sl_onnx_free(out);
  return rc;
}

void sl_onnx_free(struct sl_onnx *o)
{
  sl_free(o->external);
  sl_free(o->note);
  sl_free(o->classes.text);
  sl_free(o->classes.number);
  *o = (struct sl_onnx){ .ir = 0 };
}

struct sl_str sl_onnx_note(const struct sl_onnx *o, const char *key)
{
  for (size_t i = 0; i < o->nnotes; i++)
    if (sl_str_eqz(o->note[i].key, key))
      return o->note[i].value;
  return SL_STR_NONE;
}
