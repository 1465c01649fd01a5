/* compute/image_page_read.c: preprocessor_config.json, config.json and lists of classes.
 *
 * The keys are those that transformers' image processors write, with the order of their steps: resize, centre crop, rescale, normalise.
 * Their ConvNext processor (ResNet's, too) has a rule of its own: below 384 the shorter side becomes size / crop_pct and size x size is cut
 * out, from 384 on size x size is made at once. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/json.h"
#include "base/mem.h"
#include "compute/image_page.h"

struct page { const json_t *o; const char *where; struct sl_err *err; };

static int refuse(const struct page *p, const char *key, const char *why)
{
  return sl_err_set(p->err, SL_EPARSE, "%s: %s: %s", p->where, key, why);
}

/* Left out and null are the same to its writer. */
static const json_t *value(const struct page *p, const char *key)
{
  const json_t *v = json_object_get(p->o, key);
  return json_is_null(v) ? NULL : v;
}

static int flag(const struct page *p, const char *key, bool other, bool *out)
{
  const json_t *v = value(p, key);
  *out = v ? json_is_true(v) : other;
  return !v || json_is_boolean(v) ? SL_OK : refuse(p, key, "neither true nor false");
}

static int side(const struct page *p, const char *key, const json_t *v, uint32_t *out)
{
  json_int_t n = json_is_integer(v) ? json_integer_value(v) : 0;
  if (n < 1 || n > SL_IMAGE_INPUT_MAX)
    return refuse(p, key, "no side of a picture that is taken (1 to 4096)");
  *out = (uint32_t)n;
  return SL_OK;
}

/* {"height": h, "width": w}, [h, w], or one number for both. */
static int both_sides(const struct page *p, const char *key, const json_t *v, uint32_t *w, uint32_t *h)
{
  bool pair = json_is_object(v), list = json_is_array(v);
  if (list && json_array_size(v) != 2)
    return refuse(p, key, "not two sides");
  int rc = side(p, key, pair ? json_object_get(v, "height") : list ? json_array_get(v, 0) : v, h);
  return rc ? rc : side(p, key, pair ? json_object_get(v, "width") : list ? json_array_get(v, 1) : v, w);
}

/* ---- steps that are not done here ---- */

static int check_steps(const struct page *p)
{
  static const char *const others[] = { "do_pad", "rescale_offset", "do_flip_channel_order", "do_thumbnail", "do_align_long_axis",
    "do_crop_margin", "do_image_splitting", "do_grayscale", "do_color_quantize", "do_affine_transform", "do_pan_and_scan" };
  bool on;
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    int rc = flag(p, others[i], false, &on);
    if (rc)
      return rc;
    if (on)
      return sl_err_set(p->err, SL_EUNSUP, "%s: %s is a step that is not done here", p->where, others[i]);
  }
  return SL_OK;
}

static bool of_kind(const struct page *p, const char *kind)
{
  struct sl_str a = sl_json_str(p->o, "image_processor_type"), b = sl_json_str(p->o, "feature_extractor_type");
  return sl_str_starts(a, sl_str(kind)) || sl_str_starts(b, sl_str(kind));
}

/* ---- resize ---- */

static int take_filter(const struct page *p, struct sl_image_prep *out)
{
  const json_t *v = value(p, "resample");
  int named = json_is_string(v) ? sl_image_filter_named(json_string_value(v)) : -1;
  json_int_t n = json_is_integer(v) ? json_integer_value(v) : named;
  out->filter = SL_IMAGE_BILINEAR;
  if (!v)
    return SL_OK;
  if (n < 0 || n >= SL_IMAGE_FILTERS)
    return refuse(p, "resample", "none of Pillow's filters (0 to 5)");
  out->filter = (enum sl_image_filter)n;
  return SL_OK;
}

static int convnext(const struct page *p, uint32_t size, struct sl_image_prep *out)
{
  const json_t *v = value(p, "crop_pct");
  double part = v ? json_number_value(v) : 224.0 / 256.0;
  if (!(part > 0.1 && part <= 1))
    return refuse(p, "crop_pct", "no part of a side (0.1 to 1)");
  bool cut = size < 384;
  out->fit = cut ? SL_IMAGE_SHORTER : SL_IMAGE_EXACT;
  out->w = cut ? (uint32_t)((double)size / part) : size;
  out->h = cut ? 0 : size;
  out->crop_w = out->crop_h = cut ? size : 0;
  return SL_OK;
}

/* What one number means depends on who reads it. */
static bool squares(const struct page *p)
{
  static const char *const kinds[] = { "ViT", "DeiT", "Beit", "BEiT", "Segformer", "Swin", "Siglip" };
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (of_kind(p, kinds[i]))
      return true;
  return false;
}

static int take_size(const struct page *p, struct sl_image_prep *out)
{
  const json_t *v = value(p, "size"), *shortest = json_object_get(v, "shortest_edge");
  bool next = of_kind(p, "ConvNext") || value(p, "crop_pct");
  if (!v)
    return refuse(p, "size", "missing, and it says to resize");
  if (json_object_get(v, "longest_edge") || json_object_get(v, "max_height") || json_object_get(v, "max_pixels"))
    return sl_err_set(p->err, SL_EUNSUP, "%s: size: only shortest_edge, and height with width, are done here", p->where);
  if (shortest || json_is_integer(v)) {
    int rc = side(p, "size", shortest ? shortest : v, &out->w);
    if (rc || next)
      return rc ? rc : convnext(p, out->w, out);
    out->fit = !shortest && squares(p) ? SL_IMAGE_EXACT : SL_IMAGE_SHORTER;
    out->h = out->fit == SL_IMAGE_EXACT ? out->w : 0;
    return SL_OK;
  }
  out->fit = SL_IMAGE_EXACT;
  return both_sides(p, "size", v, &out->w, &out->h);
}

static int take_crop(const struct page *p, struct sl_image_prep *out)
{
  bool on;
  const json_t *v = value(p, "crop_size");
  int rc = flag(p, "do_center_crop", false, &on);
  if (rc || !on)
    return rc;
  if (!v && out->crop_w)
    return SL_OK;
  return v ? both_sides(p, "crop_size", v, &out->crop_w, &out->crop_h) : refuse(p, "crop_size", "missing, and it says to cut");
}

/* ---- numbers ---- */

static int take_scale(const struct page *p, struct sl_image_prep *out)
{
  const json_t *v = value(p, "rescale_factor");
  bool on;
  int rc = flag(p, "do_rescale", true, &on);
  if (rc)
    return rc;
  out->multiply = true;
  out->scale = on ? v ? json_number_value(v) : 1.0 / 255.0 : 1;
  return out->scale > 0 && out->scale <= 1e6 ? SL_OK : refuse(p, "rescale_factor", "no number above 0");
}

/* Of each channel, or one number for all. */
static int three(const struct page *p, const char *key, float *out, bool divides)
{
  const json_t *v = value(p, key);
  if (!v || (json_is_array(v) && json_array_size(v) != 3))
    return refuse(p, key, v ? "not a number for each of three channels" : "missing, and it says to normalise");
  for (size_t k = 0; k < 3; k++) {
    const json_t *one = json_is_array(v) ? json_array_get(v, k) : v;
    double x = json_number_value(one);
    if (!json_is_number(one) || !(fabs(x) <= 1e6) || (divides && !((float)x > 0)))
      return refuse(p, key, "a value that cannot be");
    out[k] = (float)x;
  }
  return SL_OK;
}

static int take_normal(const struct page *p, struct sl_image_prep *out)
{
  bool on;
  int rc = flag(p, "do_normalize", true, &on);
  for (size_t k = 0; k < 3; k++) {
    out->mean[k] = 0;
    out->std[k] = 1;
  }
  if (rc || !on)
    return rc;
  rc = three(p, "image_mean", out->mean, false);
  return rc ? rc : three(p, "image_std", out->std, true);
}

int sl_image_prep_read(struct sl_image_prep *out, struct sl_str json, const char *where, struct sl_err *err)
{
  struct page p = { .where = where, .err = err };
  json_t *o = NULL;
  bool resize = false;
  *out = (struct sl_image_prep){ .fit = SL_IMAGE_KEEP, .crop_floor = true };
  int rc = json.n > SL_IMAGE_PAGE_MAX ? sl_err_set(err, SL_ELIMIT, "it is too long") : sl_json_load(&o, json, false, err);
  if (rc) {
    sl_err_prefix(err, "%s", where);
    return rc;
  }
  p.o = o;
  if (!json_is_object(o))
    rc = sl_err_set(err, SL_EPARSE, "%s: no object", where);
  rc = rc ? rc : check_steps(&p);
  rc = rc ? rc : flag(&p, "do_resize", true, &resize);
  rc = rc ? rc : take_filter(&p, out);
  if (!rc && resize)
    rc = take_size(&p, out);
  rc = rc ? rc : take_crop(&p, out);
  rc = rc ? rc : take_scale(&p, out);
  rc = rc ? rc : take_normal(&p, out);
  json_decref(o);
  return rc;
}

/* ---- the preset, words ---- */

struct sl_image_prep sl_image_prep_preset(uint32_t w, uint32_t h, bool bytes)
{
  struct sl_image_prep p = sl_image_prep_imagenet();
  uint32_t large = w > h ? w : h;
  p.w = (uint32_t)(((uint64_t)large * p.w + p.crop_w / 2) / p.crop_w);
  p.crop_w = w;
  p.crop_h = h;
  if (!bytes)
    return p;
  p.scale = 1;
  for (size_t k = 0; k < 3; k++) {
    p.mean[k] = 0;
    p.std[k] = 1;
  }
  return p;
}

static void put_three(struct sl_buf *b, const char *name, const float *v)
{
  sl_buf_printf(b, ", %s", name);
  for (size_t k = 0; k < 3; k++) {
    sl_buf_ch(b, ' ');
    sl_fmt_f32(b, v[k]);
  }
}

void sl_image_prep_words(struct sl_buf *b, const struct sl_image_prep *p)
{
  const char *by = sl_image_filter_name(p->filter);
  double one = p->multiply ? 1 / p->scale : p->scale;
  if (p->fit == SL_IMAGE_SHORTER)
    sl_buf_printf(b, "shorter side to %u by %s", p->w, by);
  else if (p->fit == SL_IMAGE_EXACT)
    sl_buf_printf(b, "to %u x %u by %s", p->w, p->h, by);
  else
    sl_buf_z(b, "as large as it is");
  if (p->crop_w)
    sl_buf_printf(b, ", %u x %u of its middle", p->crop_w, p->crop_h);
  if (one > 1 || one < 1)
    sl_buf_printf(b, ", / %.6g", one);
  bool plain = true;
  for (size_t k = 0; k < 3; k++)
    plain = plain && fabsf(p->mean[k]) <= 0 && fabsf(p->std[k] - 1) <= 0;
  if (plain)
    return;
  put_three(b, "mean", p->mean);
  put_three(b, "std", p->std);
}

/* ---- names of classes ---- */

void sl_image_names_free(struct sl_image_names *n)
{
  sl_free(n->at);
  sl_free(n->text);
  *n = (struct sl_image_names){ .at = NULL };
}

static int open_names(struct sl_image_names *out, size_t n, size_t bytes, const char *where, struct sl_err *err)
{
  if (n > SL_IMAGE_NAMES_MAX)
    return sl_err_set(err, SL_ELIMIT, "%s: %zu classes; at most %d are told apart", where, n, SL_IMAGE_NAMES_MAX);
  out->at = sl_calloc(n + 1, sizeof *out->at);
  out->text = sl_alloc(bytes + n + 1);
  return out->at && out->text ? SL_OK : sl_err_nomem(err);
}

static char *put_name(struct sl_image_names *out, char *to, size_t i, struct sl_str s)
{
  if (s.n)
    memcpy(to, s.p, s.n);
  to[s.n] = 0;
  out->at[i] = sl_strn(to, s.n);
  return to + s.n + 1;
}

int sl_image_names_of(struct sl_image_names *out, const struct sl_str *name, size_t n, const char *where, struct sl_err *err)
{
  size_t bytes = 0;
  *out = (struct sl_image_names){ .at = NULL };
  for (size_t i = 0; i < n; i++)
    bytes += name[i].n;
  int rc = open_names(out, n, bytes, where, err);
  char *to = out->text;
  for (size_t i = 0; !rc && i < n; i++)
    to = put_name(out, to, i, name[i]);
  out->n = rc ? 0 : n;
  if (rc)
    sl_image_names_free(out);
  return rc;
}

static struct sl_str string_of(const json_t *v) { return sl_strn(json_string_value(v), json_string_length(v)); }

static int bad_names(const char *where, const char *why, struct sl_err *err)
{
  return sl_err_set(err, SL_EPARSE, "%s: its classes: %s", where, why);
}

static const json_t *name_at(const json_t *v, size_t i)
{
  char key[24];
  snprintf(key, sizeof key, "%zu", i);
  return json_is_array(v) ? json_array_get(v, i) : json_object_get(v, key);
}

static int from_json(struct sl_image_names *out, const json_t *v, const char *where, struct sl_err *err)
{
  size_t n = json_is_array(v) ? json_array_size(v) : json_object_size(v), bytes = 0;
  if (!json_is_array(v) && !json_is_object(v))
    return bad_names(where, "neither a list nor numbers with their names", err);
  for (size_t i = 0; i < n; i++) {
    const json_t *name = name_at(v, i);
    if (!json_is_string(name) || !json_string_length(name))
      return bad_names(where, name ? "a name that is no text" : "not numbered from 0 on", err);
    bytes += json_string_length(name);
  }
  int rc = open_names(out, n, bytes, where, err);
  char *to = out->text;
  for (size_t i = 0; !rc && i < n; i++)
    to = put_name(out, to, i, string_of(name_at(v, i)));
  out->n = rc ? 0 : n;
  return rc;
}

/* An empty line is allowed at the end only: else which number is whose would be a guess. */
static int from_lines(struct sl_image_names *out, struct sl_str text, const char *where, struct sl_err *err)
{
  struct sl_str rest = sl_str_trim(text), line;
  size_t n = 0;
  while (sl_str_cut(&rest, '\n', &line))
    n++;
  int rc = open_names(out, n, text.n, where, err);
  char *to = out->text;
  rest = sl_str_trim(text);
  for (size_t i = 0; !rc && sl_str_cut(&rest, '\n', &line); i++) {
    line = sl_str_trim(line);
    if (!line.n || memchr(line.p, 0, line.n))
      return bad_names(where, "a line without a name", err);
    to = put_name(out, to, i, line);
  }
  out->n = rc ? 0 : n;
  return rc;
}

int sl_image_names_read(struct sl_image_names *out, struct sl_str text, const char *where, struct sl_err *err)
{
  struct sl_str s = sl_str_trim(text);
  json_t *v = NULL;
  *out = (struct sl_image_names){ .at = NULL };
  if (text.n > SL_IMAGE_PAGE_MAX)
    return sl_err_set(err, SL_ELIMIT, "%s: its classes are too long", where);
  bool json = s.n && (s.p[0] == '{' || s.p[0] == '[');
  int rc = json ? sl_json_load(&v, s, false, err) : from_lines(out, s, where, err);
  if (rc && json)
    sl_err_prefix(err, "%s", where);
  if (!rc && json)
    rc = from_json(out, v, where, err);
  json_decref(v);
  if (rc)
    sl_image_names_free(out);
  return rc;
}

int sl_image_names_config(struct sl_image_names *out, struct sl_str json, const char *where, struct sl_err *err)
{
  static const char *const keys[] = { "id2label", "label_names", "class_names", "classes" };
  json_t *o = NULL;
  *out = (struct sl_image_names){ .at = NULL };
  int rc = json.n > SL_IMAGE_PAGE_MAX ? sl_err_set(err, SL_ELIMIT, "it is too long") : sl_json_load(&o, json, false, err);
  if (rc)
    sl_err_prefix(err, "%s", where);
  for (size_t i = 0; !rc && !out->n && i < sizeof keys / sizeof keys[0]; i++) {
    const json_t *v = json_object_get(o, keys[i]);
    if (json_is_array(v) || json_is_object(v))
      rc = from_json(out, v, where, err);
  }
  json_decref(o);
  if (rc)
    sl_image_names_free(out);
  return rc;
}
