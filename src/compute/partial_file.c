/* compute/partial_file.c: a part as bytes: "SLPARTIAL", version, what it is of, its sketches, its counts and sums. Taken back only if it
 * would be written to these very bytes, and if its counts are some that rows could have. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/partial_int.h"
#include "compute/varint.h"

#define MAGIC "SLPARTIAL"
enum { VERSION = 1, HAS_LABEL = 1, NARROW = 2, INDEX = 4, CALLED = 8, OUTPUTS = 5 };

/* ---- written ---- */

static void put_sum(struct sl_buf *b, const struct partial_sum *s)
{
  varint_put(b, s->nan);
  varint_put(b, s->plus);
  varint_put(b, s->minus);
  varint_put_exact(b, &s->s);
}

static int put_sketches(struct sl_buf *b, struct sl_sketches *f, struct sl_err *err)
{
  struct sl_buf own;
  sl_buf_init(&own, 0);
  int rc = sl_sketches_write(&own, f, err);
  if (!rc)
    varint_put_str(b, sl_buf_view(&own));
  sl_buf_free(&own);
  return rc;
}

static int put_labels(struct sl_buf *b, struct sl_partial *p, struct sl_err *err)
{
  char name[] = "label", type[] = "DOUBLE";
  struct sl_sketch_column c = { .name = name, .type = type, .is = SL_SKETCH_NUMBER, .s = p->labels };
  return put_sketches(b, &(struct sl_sketches){ .at = &c, .n = 1, .rows = p->n }, err);
}

static void put_class(struct sl_buf *b, const struct sl_partial *p, const struct partial_class *c)
{
  size_t used = 0, last = 0;
  for (size_t i = 0; i < p->buckets; i++)
    used += c->in[i] || c->rest[i];
  varint_put(b, used);
  for (size_t i = 0; i < p->buckets; i++) {
    if (!c->in[i] && !c->rest[i])
      continue;
    varint_put(b, i - last);
    last = i + 1;
    varint_put(b, c->in[i]);
    varint_put(b, c->rest[i]);
    varint_put(b, isnan(c->same[i]) ? 0u : 1u);
    if (!isnan(c->same[i]))
      varint_put_f64(b, c->same[i]);
  }
  for (size_t i = 0; i < PARTIAL_BINS; i++) {
    varint_put(b, c->bin[i].n);
    varint_put(b, c->bin[i].in);
    put_sum(b, &c->bin[i].p);
  }
}

static void put_classes(struct sl_buf *b, const struct sl_partial *p)
{
  for (size_t i = 0; i < p->q.classes * p->q.classes; i++)
    varint_put(b, p->q.confusion[i]);
  if (!p->at)
    return;
  varint_put(b, p->odd);
  put_sum(b, &p->loss);
  put_sum(b, &p->brier);
  for (size_t k = 0; k < p->q.width; k++)
    put_class(b, p, &p->at[k]);
}

static void put_about(struct sl_buf *b, const struct sl_partial_about *a)
{
  unsigned flags = (a->label ? HAS_LABEL : 0u) | (a->narrow ? NARROW : 0u) | (a->index ? INDEX : 0u) | (a->called ? CALLED : 0u);
  sl_buf_add(b, a->model.b, sizeof a->model.b);
  varint_put(b, a->output);
  varint_put(b, flags);
  varint_put(b, a->classes);
  for (size_t i = 0; a->called && i < a->classes; i++)
    varint_put_str(b, sl_str(a->called[i]));
  if (a->label)
    varint_put_str(b, sl_str(a->label));
}

int sl_partial_write(struct sl_buf *b, struct sl_partial *p, struct sl_err *err)
{
  sl_buf_z(b, MAGIC);
  varint_put(b, VERSION);
  put_about(b, &p->about);
  int rc = put_sketches(b, &p->out, err);
  if (!rc && p->about.label) {
    varint_put(b, p->n);
    if (p->q.classes) {
      put_classes(b, p);
    } else {
      put_sum(b, &p->abs);
      put_sum(b, &p->square);
      put_sum(b, &p->share);
      rc = put_labels(b, p, err);
    }
  }
  return rc ? rc : sl_buf_check(b, err);
}

/* ---- read ---- */

struct in { struct sl_rd r; const unsigned char *from; struct sl_err *err; };

static int bad(const struct in *in, const char *why)
{
  return sl_err_set(in->err, SL_EPARSE, "no file of a partial scoring: byte %zu: %s", (size_t)(in->r.p - in->from), why);
}

static int take_name(struct in *in, char **out)
{
  struct sl_str s;
  if (!varint_take_str(&in->r, PARTIAL_NAME_MAX, &s) || memchr(s.n ? s.p : "", 0, s.n))
    return bad(in, "a name");
  *out = sl_strndup(s.n ? s.p : "", s.n);
  return *out ? SL_OK : sl_err_nomem(in->err);
}

/* max: how many terms there can be. Nothing that is summed is negative, but probabilities may be. */
static int take_sum(struct in *in, uint64_t max, bool below, struct partial_sum *s)
{
  if (!varint_take(&in->r, max, &s->nan) || !varint_take(&in->r, max - s->nan, &s->plus) ||
      !varint_take(&in->r, max - s->nan - s->plus, &s->minus) || !varint_take_exact(&in->r, &s->s) ||
      (!below && (s->minus || s->s.d[SL_EXACT_DIGITS - 1] < 0)))
    return bad(in, "a sum");
  return SL_OK;
}

static int take_sketches(struct in *in, struct sl_sketches *out)
{
  struct sl_str bytes;
  if (!varint_take_str(&in->r, SIZE_MAX >> 1, &bytes))
    return bad(in, "it ends within its sketches");
  return sl_sketches_read(out, bytes, in->err);
}

static int take_labels(struct in *in, struct sl_partial *p)
{
  struct sl_sketches f = { .at = NULL };
  int rc = take_sketches(in, &f);
  bool fits = !rc && f.n == 1 && f.rows == p->n && sl_sketch_kind(f.at[0].s) == SL_SKETCH_FLOAT && !sl_sketch_counts(f.at[0].s).nulls;
  if (fits) {
    sl_sketch_free(p->labels);
    p->labels = f.at[0].s;
    f.at[0].s = NULL;
  }
  sl_sketches_free(&f);
  return rc ? rc : fits ? SL_OK : bad(in, "labels");
}

static int take_bucket(struct in *in, const struct sl_partial *p, struct partial_class *c, size_t at, uint64_t *sum)
{
  uint64_t one;
  if (!varint_take(&in->r, p->n - *sum, &c->in[at]) || !varint_take(&in->r, p->n - *sum - c->in[at], &c->rest[at]) ||
      (!c->in[at] && !c->rest[at]) || !varint_take(&in->r, 1, &one))
    return bad(in, "a bucket of outputs");
  c->same[at] = one ? varint_take_f64(&in->r) : (double)NAN;
  if (in->r.bad || (one && (isnan(c->same[at]) || quality_bucket(p->q.width, c->same[at]) != at)))
    return bad(in, "an output outside its bucket");
  *sum += c->in[at] + c->rest[at];
  return SL_OK;
}

static int take_class(struct in *in, const struct sl_partial *p, struct partial_class *c)
{
  uint64_t used, skip, at = 0, sum = 0, inside = 0, n = 0, of = 0;
  if (!varint_take(&in->r, p->buckets, &used))
    return bad(in, "the number of buckets");
  for (uint64_t i = 0; i < used; i++) {
    if (!varint_take(&in->r, p->buckets, &skip) || at + skip >= p->buckets)
      return bad(in, "a bucket");
    at += skip;
    int rc = take_bucket(in, p, c, (size_t)at, &sum);
    if (rc)
      return rc;
    inside += c->in[at++];
  }
  for (size_t i = 0; i < PARTIAL_BINS; i++) {
    struct partial_bin *b = &c->bin[i];
    if (!varint_take(&in->r, sum - n, &b->n) || !varint_take(&in->r, b->n, &b->in))
      return bad(in, "a bin of calibration");
    int rc = take_sum(in, b->n, true, &b->p);
    if (rc)
      return rc;
    n += b->n;
    of += b->in;
  }
  return n == sum && of == inside && (p->odd || n == p->n) ? SL_OK : bad(in, "counts that do not add up");
}

static int take_classes(struct in *in, struct sl_partial *p)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < p->q.classes * p->q.classes; i++) {
    if (!varint_take(&in->r, p->n - sum, &p->q.confusion[i]))
      return bad(in, "a count of the confusion matrix");
    sum += p->q.confusion[i];
  }
  if (!p->at)
    return SL_OK;
  if (!varint_take(&in->r, p->n, &p->odd))
    return bad(in, "a count");
  int rc = take_sum(in, p->n, true, &p->loss); /* of an output that is no probability a loss may be below 0 */
  rc = rc ? rc : take_sum(in, p->n, false, &p->brier);
  for (size_t k = 0; !rc && k < p->q.width; k++)
    rc = take_class(in, p, &p->at[k]);
  return rc;
}

static int take_about(struct in *in, struct sl_partial_about *a)
{
  uint64_t version, output, flags, classes;
  if (!varint_take(&in->r, UINT64_MAX, &version))
    return bad(in, "the version");
  if (version != VERSION)
    return sl_err_set(in->err, SL_EUNSUP, "a partial scoring of version %llu; this program knows version %d", (unsigned long long)version,
                      VERSION);
  struct sl_str model = sl_rd_bytes(&in->r, sizeof a->model.b);
  if (in->r.bad || !varint_take(&in->r, OUTPUTS - 1, &output) || !varint_take(&in->r, HAS_LABEL | NARROW | INDEX | CALLED, &flags) ||
      !varint_take(&in->r, SL_QUALITY_CLASSES_MAX, &classes) || ((flags & CALLED) && !classes))
    return bad(in, "the head");
  memcpy(a->model.b, model.p, sizeof a->model.b);
  *a = (struct sl_partial_about){ .model = a->model, .output = (unsigned)output, .classes = (size_t)classes,
                                  .narrow = flags & NARROW, .index = flags & INDEX };
  if (flags & CALLED && !(a->called = sl_calloc(a->classes, sizeof *a->called)))
    return sl_err_nomem(in->err);
  int rc = SL_OK;
  for (size_t i = 0; !rc && a->called && i < a->classes; i++)
    rc = take_name(in, &a->called[i]);
  return rc || !(flags & HAS_LABEL) ? rc : take_name(in, &a->label);
}

static void about_free(struct sl_partial_about *a)
{
  for (size_t i = 0; a->called && i < a->classes; i++)
    sl_free(a->called[i]);
  sl_free(a->called);
  sl_free(a->label);
}

static int take_rest(struct in *in, struct sl_partial *p)
{
  int rc = take_sketches(in, &p->out);
  if (rc || !p->about.label)
    return rc;
  if (!varint_take(&in->r, p->out.rows, &p->n))
    return bad(in, "the number of labels");
  if (p->q.classes)
    return take_classes(in, p);
  rc = take_sum(in, p->n, false, &p->abs);
  rc = rc ? rc : take_sum(in, p->n, false, &p->square);
  rc = rc ? rc : take_sum(in, p->n, false, &p->share);
  return rc ? rc : take_labels(in, p);
}

/* The rule in the end: nothing but what the writer would write. */
static int check_again(struct in *in, struct sl_partial *p, struct sl_str bytes)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  int rc = sl_partial_write(&b, p, in->err);
  if (!rc && !sl_str_eq(sl_buf_view(&b), bytes))
    rc = bad(in, in->r.p == in->r.end ? "it is not as it would be written" : "more than there should be");
  sl_buf_free(&b);
  return rc;
}

bool sl_partial_is(struct sl_str bytes) { return sl_str_starts(bytes, SL_STR(MAGIC)); }

int sl_partial_read(struct sl_partial **out, struct sl_str bytes, struct sl_err *err)
{
  struct in in = { .r = sl_rd(bytes), .from = (const unsigned char *)bytes.p, .err = err };
  struct sl_partial_about about = { .called = NULL };
  *out = NULL;
  if (!sl_partial_is(bytes))
    return sl_err_set(err, SL_EPARSE, "no file of a partial scoring: it does not begin with %s", MAGIC);
  (void)sl_rd_bytes(&in.r, sizeof MAGIC - 1);
  int rc = take_about(&in, &about);
  rc = rc ? rc : sl_partial_new(out, &about, err);
  about_free(&about);
  rc = rc ? rc : take_rest(&in, *out);
  rc = rc ? rc : check_again(&in, *out, bytes);
  if (rc) {
    sl_partial_free(*out);
    *out = NULL;
  }
  return rc;
}
