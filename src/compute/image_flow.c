/* compute/image_flow.c: the rows of a picture on their way to a model: each is made narrower at once, the last few of those are kept, and
 * as soon as a row of the result has all that it is made of, it is made. Where a picture loses much more height than width, Pillow 13 goes
 * down first and then across, and bytes are rounded in between: so here too. */
#include <string.h>

#include "base/mem.h"
#include "compute/image_int.h"
#include "compute/kern/kern.h"

struct sl_image_flow {
  const struct kern_image *kern;
  struct image_side sx, sy;
  struct kern_axis x, y;       /* `first` of both counts from the part's corner */
  struct sl_image_part part;
  bool down_first;
  unsigned char *ring;         /* rows that are kept: row r at r % kept */
  const unsigned char **rows;  /* those of one result */
  uint32_t kept;
  size_t wide;                 /* bytes of a row that is kept */
  unsigned char *line, *last;  /* a row of the result; before that, where down is first */
  uint32_t seen, made;
  struct kern_value value;
  float *floats;
  unsigned char *bytes;
  bool nhwc;
};

/* Where the pixels of all results lie; afterwards `first` counts from there. */
static void span(struct kern_axis *a, uint32_t *from, uint32_t *n)
{
  *from = a->first[0];
  *n = a->first[a->n - 1] + a->count[a->n - 1] - *from;
  for (uint32_t i = 0; i < a->n; i++)
    a->first[i] -= *from;
}

static int flow_room(struct sl_image_flow *f, struct sl_err *err)
{
  for (uint32_t i = 0; i < f->y.n; i++)
    f->kept = f->y.count[i] > f->kept ? f->y.count[i] : f->kept;
  uint32_t pixels = f->down_first ? f->part.w : f->x.n;
  f->wide = (size_t)pixels * 3;
  if ((uint64_t)f->kept * pixels > SL_IMAGE_PIXELS_MAX)
    return sl_err_set(err, SL_ELIMIT, "resizing needs %u rows of %u pixels at once", f->kept, pixels);
  f->ring = sl_alloc((size_t)f->kept * f->wide);
  f->rows = sl_calloc((size_t)f->y.steps * KERN_TAPS, sizeof *f->rows);
  f->line = sl_alloc(f->wide);
  f->last = sl_alloc((size_t)f->x.n * 3);
  return f->ring && f->rows && f->line && f->last ? SL_OK : sl_err_nomem(err);
}

/* Pillow 13's rule: twice the columns that go are fewer than the rows that go. */
static bool goes_down_first(const struct sl_image_prep *p, int64_t w, int64_t h, int64_t to_w, int64_t to_h)
{
  return !p->across_first && to_h < h && h - to_h > 2 * (w - to_w);
}

/* Vectors read a little beyond the last pixel that counts: if the picture has those, they are wanted too. */
static void widen(struct sl_image_flow *f, uint32_t w)
{
  uint32_t reach = f->x.first[f->x.n - 1] + f->x.steps * KERN_TAPS + 2, most = w - f->part.x;
  if (!f->x.same && reach > f->part.w)
    f->part.w = reach < most ? reach : most;
}

static int flow_plan(struct sl_image_flow *f, const struct sl_image_prep *p, uint32_t w, uint32_t h, struct sl_err *err)
{
  bool x_ok = false, y_ok = false;
  int rc = image_axis_plan(&f->x, w, f->sx.to, f->sx.from, f->sx.n, p->filter, err);
  if (!rc)
    rc = image_axis_plan(&f->y, h, f->sy.to, f->sy.from, f->sy.n, p->filter, err);
  if (!rc)
    rc = image_axis_pack(&f->x, f->kern, &x_ok, err);
  if (!rc)
    rc = image_axis_pack(&f->y, f->kern, &y_ok, err);
  if (rc)
    return rc;
  if (!x_ok || !y_ok)
    f->kern = &kern_image_c;
  span(&f->x, &f->part.x, &f->part.w);
  span(&f->y, &f->part.y, &f->part.h);
  widen(f, w);
  f->down_first = goes_down_first(p, w, h, f->sx.to, f->sy.to);
  return flow_room(f, err);
}

int sl_image_flow_open(struct sl_image_flow **out, const struct sl_image_prep *p, uint32_t w, uint32_t h, struct sl_err *err)
{
  struct sl_image_flow *f = sl_calloc(1, sizeof *f);
  *out = NULL;
  if (!f)
    return sl_err_nomem(err);
  f->kern = kern_best()->image;
  f->nhwc = p->nhwc;
  int rc = image_sides(p, w, h, &f->sx, &f->sy, err);
  if (!rc)
    rc = flow_plan(f, p, w, h, err);
  if (rc) {
    sl_image_flow_free(f);
    return rc;
  }
  image_values(&f->value, p);
  *out = f;
  return SL_OK;
}

void sl_image_flow_free(struct sl_image_flow *f)
{
  if (!f)
    return;
  image_axis_free(&f->x);
  image_axis_free(&f->y);
  sl_free(f->ring);
  sl_free(f->rows);
  sl_free(f->line);
  sl_free(f->last);
  sl_free(f);
}

struct sl_image_part sl_image_flow_part(const struct sl_image_flow *f) { return f->part; }

/* ---- the result ---- */

static void put_black(struct sl_image_flow *f)
{
  size_t n = (size_t)f->sx.out * f->sy.out;
  for (size_t i = 0; i < 3 * n; i++)
    f->floats[i] = f->value.table[f->nhwc ? i % 3 : i / n][0];
}

void sl_image_flow_begin(struct sl_image_flow *f, float *out)
{
  f->floats = out;
  f->bytes = NULL;
  f->seen = f->made = 0;
  if (f->sx.n < f->sx.out || f->sy.n < f->sy.out)
    put_black(f);
}

void image_flow_begin_bytes(struct sl_image_flow *f, unsigned char *out)
{
  f->floats = NULL;
  f->bytes = out;
  f->seen = f->made = 0;
}

static void put_floats(struct sl_image_flow *f, const unsigned char *px, size_t y)
{
  size_t plane = (size_t)f->sx.out * f->sy.out, at = y * f->sx.out + f->sx.pad;
  float *out = f->floats + (f->nhwc ? at * 3 : at);
  if (!f->nhwc)
    f->kern->planes(&f->value, px, f->x.n, out, out + plane, out + 2 * plane);
  for (size_t i = 0; f->nhwc && i < (size_t)f->x.n * 3; i++)
    out[i] = f->value.table[i % 3][px[i]];
}

static const unsigned char *kept_row(const struct sl_image_flow *f, uint32_t r) { return f->ring + (size_t)(r % f->kept) * f->wide; }

static const unsigned char *go_down(struct sl_image_flow *f, uint32_t i)
{
  if (f->y.same)
    return kept_row(f, f->y.first[i]);
  for (uint32_t t = 0; t < f->y.steps * KERN_TAPS; t++)
    f->rows[t] = kept_row(f, f->y.first[i] + (t < f->y.count[i] ? t : 0));
  f->kern->down(&f->y, i, f->rows, f->wide, f->line);
  return f->line;
}

static void make_row(struct sl_image_flow *f, uint32_t i)
{
  const unsigned char *px = go_down(f, i);
  if (f->down_first && !f->x.same) {
    f->kern->across(&f->x, px, f->part.w, f->last);
    px = f->last;
  }
  if (f->bytes)
    memcpy(f->bytes + (size_t)i * f->x.n * 3, px, (size_t)f->x.n * 3);
  else
    put_floats(f, px, (size_t)f->sy.pad + i);
}

void sl_image_flow_row(struct sl_image_flow *f, const unsigned char *rgb)
{
  if (f->seen >= f->part.h)
    return;
  unsigned char *to = f->ring + (size_t)(f->seen % f->kept) * f->wide;
  if (f->down_first || f->x.same)
    memcpy(to, rgb, f->wide);
  else
    f->kern->across(&f->x, rgb, f->part.w, to);
  f->seen++;
  while (f->made < f->y.n && f->y.first[f->made] + f->y.count[f->made] <= f->seen)
    make_row(f, f->made++);
}

void image_flow_all(struct sl_image_flow *f, const struct sl_image *in)
{
  for (uint32_t y = 0; y < f->part.h; y++)
    sl_image_flow_row(f, in->rgb + ((size_t)(f->part.y + y) * in->w + f->part.x) * 3);
}
