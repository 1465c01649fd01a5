/* box/score_images_page.c: what is told beside a model of pictures: in files of its folder, in the notes within the ONNX file, in MLmodel's
 * metadata. What nobody tells is a preset, and called so. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "box/score_images.h"

enum { SIDE = 224 };

/* Beside the model: b empty where there is none. */
static int file_beside(const struct ort_ask *a, const char *name, struct sl_buf *b, struct sl_err *err)
{
  char *path = a->folder ? sl_path_join(a->folder, name) : NULL;
  sl_buf_init(b, SL_IMAGE_PAGE_MAX + (64 << 10));
  if (!path)
    return a->folder ? sl_err_nomem(err) : SL_OK;
  int rc = sl_file_exists(path) ? sl_file_read(b, path, SL_IMAGE_PAGE_MAX, err) : SL_OK;
  sl_free(path);
  if (rc)
    sl_err_prefix(err, "what lies beside the model");
  return rc;
}

static void from(char out[IMAGES_WHERE], const char *where) { snprintf(out, IMAGES_WHERE, "%s", where); }

/* A part of MLmodel's metadata as a text of its own; none: nothing. */
static int put_piece(const char *piece, size_t n, void *user)
{
  struct sl_buf *b = user;
  sl_buf_add(b, piece, n);
  return b->failed;
}

static int metadata_text(const json_t *meta, const char *key, struct sl_buf *b, struct sl_err *err)
{
  const json_t *v = json_object_get(meta, key);
  sl_buf_init(b, SL_IMAGE_PAGE_MAX);
  if (json_is_object(v) && json_dump_callback(v, put_piece, b, 0) && !b->failed)
    return sl_err_nomem(err);
  return sl_buf_check(b, err);
}

/* ---- how a picture is prepared ---- */

static int prep_from(struct score_images *g, struct sl_str json, const char *where, struct sl_err *err)
{
  if (!json.n || g->prep_from[0])
    return SL_OK;
  from(g->prep_from, where);
  return sl_image_prep_read(&g->prep, json, where, err);
}

static int find_prep(struct score_images *g, const struct ort_ask *a, const struct sl_onnx *notes, const json_t *meta, struct sl_err *err)
{
  struct sl_buf b, text;
  int rc = metadata_text(meta, "preprocessor_config", &text, err), got = file_beside(a, "preprocessor_config.json", &b, err);
  rc = rc ? rc : got;
  if (!rc)
    rc = prep_from(g, sl_buf_view(&b), "preprocessor_config.json", err);
  if (!rc)
    rc = prep_from(g, sl_onnx_note(notes, "preprocessor_config"), "the model's own metadata", err);
  if (!rc)
    rc = prep_from(g, sl_buf_view(&text), "MLmodel's metadata", err);
  sl_buf_free(&b);
  sl_buf_free(&text);
  return rc;
}

static int other_size(const struct score_images *g, uint32_t w, uint32_t h, const struct ort_image_facts *f, struct sl_err *err)
{
  return sl_err_set(err, SL_EPARSE, "%s makes pictures of %u x %u, the model takes %u x %u", g->prep_from, w, h, f->w ? f->w : w,
                    f->h ? f->h : h);
}

/* The size that all pictures get: the model's, which the page must agree with; of an open one the page's. */
static int fix_size(struct score_images *g, struct sl_err *err)
{
  const struct ort_image_facts f = ort_image_facts(g->m);
  bool told = g->prep_from[0];
  if (!told) {
    g->prep = sl_image_prep_preset(f.w ? f.w : f.h ? f.h : SIDE, f.h ? f.h : f.w ? f.w : SIDE, f.bytes);
    from(g->prep_from, "torchvision's preset, as nothing beside the model tells");
  }
  g->w = g->prep.crop_w ? g->prep.crop_w : g->prep.fit == SL_IMAGE_EXACT ? g->prep.w : 0;
  g->h = g->prep.crop_h ? g->prep.crop_h : g->prep.fit == SL_IMAGE_EXACT ? g->prep.h : 0;
  g->prep.nhwc = f.nhwc;
  if (!g->w && g->prep.fit == SL_IMAGE_KEEP && f.w && f.h) { /* only pictures that have it already */
    g->w = f.w;
    g->h = f.h;
  }
  if (!g->w || !g->h)
    return sl_err_set(err, SL_EUNSUP, "%s gives pictures no fixed size (no crop_size, no height and width)", g->prep_from);
  if ((f.w && f.w != g->w) || (f.h && f.h != g->h))
    return other_size(g, g->w, g->h, &f, err);
  for (size_t k = 0; f.bytes && k < 3; k++)
    if (g->prep.mean[k] < 0 || g->prep.mean[k] > 0 || g->prep.std[k] < 1 || g->prep.std[k] > 1 || g->prep.scale < 1 || g->prep.scale > 1)
      return sl_err_set(err, SL_EUNSUP, "%s rescales or normalises, and the model takes bytes (uint8)", g->prep_from);
  return SL_OK;
}

/* ---- what classes are called ---- */

static int names_in_notes(struct score_images *g, const struct sl_onnx *notes, struct sl_image_names *names, struct sl_err *err)
{
  static const char *const keys[] = { "id2label", "class_names", "label_names", "classes", "labels" };
  int rc = SL_OK;
  for (size_t i = 0; !rc && !names->n && i < sizeof keys / sizeof keys[0]; i++) {
    struct sl_str v = sl_onnx_note(notes, keys[i]);
    from(g->names_from, "the model's own metadata");
    if (v.n)
      rc = sl_image_names_read(names, v, g->names_from, err);
  }
  return rc;
}

static int names_in_files(struct score_images *g, const struct ort_ask *a, struct sl_image_names *names, struct sl_err *err)
{
  static const char *const files[] = { "config.json", "classes.txt" };
  int rc = SL_OK;
  for (size_t i = 0; !rc && !names->n && i < 2; i++) {
    struct sl_buf b;
    from(g->names_from, files[i]);
    rc = file_beside(a, files[i], &b, err);
    if (!rc && b.n)
      rc = i ? sl_image_names_read(names, sl_buf_view(&b), files[i], err) : sl_image_names_config(names, sl_buf_view(&b), files[i], err);
    sl_buf_free(&b);
  }
  return rc;
}

static int find_names(struct score_images *g, const struct ort_ask *a, const struct sl_onnx *notes, struct sl_str meta,
                      struct sl_image_names *names, struct sl_err *err)
{
  from(g->names_from, "MLmodel's metadata");
  int rc = meta.n ? sl_image_names_config(names, meta, g->names_from, err) : SL_OK;
  if (!rc && !names->n)
    rc = names_in_notes(g, notes, names, err);
  if (!rc && !names->n)
    rc = names_in_files(g, a, names, err);
  if (!names->n)
    g->names_from[0] = 0;
  return rc;
}

int images_page(struct score *s, struct score_images *g, const struct ort_ask *a, struct sl_image_names *names, struct sl_err *err)
{
  struct sl_onnx notes;
  json_t *meta = NULL;
  struct sl_str text = s->page.metadata ? sl_str(s->page.metadata) : SL_STR_NONE;
  int rc = sl_onnx_read(&notes, a->bytes, a->file, err);
  if (rc)
    return rc;
  if (text.n)
    rc = sl_json_load(&meta, text, false, err);
  if (!rc)
    rc = find_prep(g, a, &notes, meta, err);
  if (!rc)
    rc = fix_size(g, err);
  if (!rc)
    rc = find_names(g, a, &notes, text, names, err);
  json_decref(meta);
  sl_onnx_free(&notes);
  return rc;
}

/* ---- folders as classes ---- */

static int by_text(const void *a, const void *b) { return sl_str_cmp(*(const struct sl_str *)a, *(const struct sl_str *)b); }

/* As text 10 stands before 2: then a number would not be what it says. */
static bool counts_otherwise(const struct sl_str *s, size_t n)
{
  uint64_t v;
  for (size_t i = 0; i < n; i++)
    if (sl_str_u64(s[i], &v) && v != i)
      return true;
  return false;
}

int images_names_of_folders(struct score_images *g, struct sl_err *err)
{
  const struct ort_image_facts f = ort_image_facts(g->m);
  size_t n = sl_map_count(&g->list.groups);
  struct sl_image_names names = { .at = NULL };
  if (f.names || f.width < 2)
    return SL_OK;
  struct sl_str *s = sl_calloc(n + 1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++)
    s[i] = sl_map_key(&g->list.groups, i);
  qsort(s, n, sizeof *s, by_text);
  int rc = SL_OK;
  if (n != f.width || counts_otherwise(s, n))
    rc = sl_err_set(err, SL_EUSAGE, "the model names no classes, and %zu folders do not tell which of its %zu is which: put classes.txt "
                    "beside it, a name a line", n, f.width);
  rc = rc ? rc : sl_image_names_of(&names, s, n, "the folders' names", err);
  if (!rc) {
    ort_image_call(g->m, &names);
    from(g->names_from, "the folders, in their order");
  }
  sl_image_names_free(&names);
  sl_free(s);
  return rc;
}
