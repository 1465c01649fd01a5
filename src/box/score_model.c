/* box/score_model.c: the model's file: found by MLmodel or named itself, unpacked, and known by what its bytes are. */
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "box/ort.h"
#include "box/score_int.h"
#include "box/unpack.h"

enum { MODEL_MAX = 256 << 20 };

/* A folder with model.onnx and its weights, without a page. */
static bool bare_onnx(const char *folder)
{
  char *file = sl_asprintf("%s/model.onnx", folder);
  bool there = file && sl_file_exists(file);
  sl_free(file);
  return there;
}

/* The file that a folder's MLmodel names. */
static int from_folder(struct score *s, char **file, struct sl_err *err)
{
  struct sl_buf b;
  char *page = sl_asprintf("%s/MLmodel", s->path);
  sl_buf_init(&b, SL_MLMODEL_MAX + (1 << 16));
  int rc = page ? sl_file_read(&b, page, SL_MLMODEL_MAX, err) : sl_err_nomem(err);
  if (rc == SL_ENOENT && bare_onnx(s->path)) {
    sl_err_clear(err);
    rc = (*file = sl_asprintf("%s/model.onnx", s->path)) ? SL_OK : sl_err_nomem(err);
    sl_buf_free(&b);
    sl_free(page);
    return rc;
  }
  if (rc == SL_ENOENT)
    rc = sl_err_set(err, SL_ENOENT, "%s holds no MLmodel: name the model's file itself", s->path);
  if (!rc)
    rc = sl_mlmodel_read(&s->page, sl_buf_view(&b), "MLmodel", err);
  const char *here = s->file;
  if (!rc && !(*file = sl_asprintf("%s/%s", s->path, here && !strchr(here, '/') ? here : s->page.file)))
    rc = sl_err_nomem(err);
  sl_buf_free(&b);
  sl_free(page);
  return rc;
}

/* ONNX Runtime's. path: of the file itself, whose weights may lie beside it; NULL: it was in an archive. */
static int load_onnx(struct score *s, struct sl_str bytes, const char *path, const char *file, struct sl_err *err)
{
  int64_t seconds = 0;
  const char *slash = path ? strrchr(path, '/') : NULL;
  char *folder = slash ? sl_strndup(path, (size_t)(slash - path)) : NULL;
  if (slash && !folder)
    return sl_err_nomem(err);
  if (!sl_json_i64(s->args, "seconds", &seconds) || seconds < 0 || seconds > UINT32_MAX)
    seconds = 0;
  const struct ort_ask ask = { .bytes = bytes, .file = file, .folder = folder, .signature = s->page.n,
                               .threads = s->threads, .seconds = (unsigned)seconds };
  struct ort_image *image = NULL;
  int rc = ort_model_load(&s->m, &image, s->c, &ask, err);
  if (!rc && image)
    rc = score_images_model(s, image, &ask, err);
  sl_free(folder);
  return rc;
}

static bool is_onnx(struct sl_str bytes)
{
  bool ours;
  return !strcmp(sl_model_sniff(bytes, &ours), SL_MODEL_ONNX);
}

/* A zip archive is a skops file or SageMaker's linear learner, or none that is known. */
static int load_zip(struct score *s, struct sl_str zip, const char *file, struct sl_err *err)
{
  struct unpacked u;
  int rc = unpack_zip(&u, zip, file, err);
  if (!rc)
    rc = sl_model_load_parts(&s->m, u.part, u.n, file, s->page.wrapper, err);
  unpacked_free(&u);
  return rc;
}

static bool is_zip(struct sl_str s) { return sl_str_starts(s, SL_STR("PK\003\004")); }

/* What SageMaker's own server would load: a booster up to its best round, and whatever else stands for itself. */
static int load_member(struct score *s, const struct sl_model_part *p, const char *file, struct sl_err *err)
{
  bool known;
  char *name = sl_asprintf("%s: %.*s", file, SL_ARG(sl_str_head(p->name, 100)));
  if (!name)
    return sl_err_nomem(err);
  const char *kind = sl_model_sniff(p->bytes, &known);
  enum sl_model_wrapper w = sl_str_starts(sl_str(kind), SL_STR("xgboost")) ? SL_MODEL_REGRESSOR : SL_MODEL_BOOSTER;
  int rc = is_zip(p->bytes) ? load_zip(s, p->bytes, name, err)
           : is_onnx(p->bytes) ? load_onnx(s, p->bytes, NULL, name, err) : sl_model_load(&s->m, p->bytes, name, w, err);
  sl_free(name);
  return rc;
}

/* Code, notes of a Mac and empty files are no models. JSON is one only where nothing else is: it may be anything. */
static int rank(const struct sl_model_part *p)
{
  bool known;
  const char *slash = sl_str_starts(p->name, SL_STR("code/")) ? NULL : memrchr(p->name.p, '/', p->name.n);
  struct sl_str base = slash ? sl_strn(slash + 1, p->name.n - (size_t)(slash + 1 - p->name.p)) : p->name;
  if (sl_str_starts(p->name, SL_STR("code/")) || sl_str_starts(base, SL_STR("._")) || !p->bytes.n)
    return 0;
  const char *kind = sl_model_sniff(p->bytes, &known);
  if (is_onnx(p->bytes) && sl_str_ends(base, SL_STR(".onnx"))) /* its bytes alone say little */
    return 2;
  return !known && !is_zip(p->bytes) ? 0 : !strcmp(kind, "xgboost json") ? 1 : 2;
}

/* model.tar.gz: the one file in it that is a model. */
static int load_tar(struct score *s, struct sl_str tar, const char *file, struct sl_err *err)
{
  struct unpacked u;
  size_t found[3] = { 0 }, at[3] = { 0 };
  int rc = unpack_tar(&u, tar, file, err);
  if (rc)
    return rc;
  for (size_t i = 0; i < u.n; i++) {
    int r = rank(&u.part[i]);
    at[r] = i;
    found[r]++;
  }
  int best = found[2] ? 2 : found[1] ? 1 : 0;
  if (!u.n)
    rc = sl_err_set(err, SL_EUNSUP, "%s holds no file", file);
  else if (best && found[best] > 1)
    rc = sl_err_set(err, SL_EUNSUP, "%s holds %zu models, and several files together are not predicted with here", file, found[best]);
  else if (!best && u.n > 1)
    rc = sl_err_set(err, SL_EUNSUP, "none of the %zu files in %s is a model that is known here", u.n, file);
  else
    rc = load_member(s, &u.part[at[best]], file, err); /* one alone says itself what it is */
  unpacked_free(&u);
  return rc;
}

/* By what the bytes are, whatever they are called; anything may be compressed whole. */
static int load_bytes(struct score *s, struct sl_buf *b, const char *path, struct sl_err *err)
{
  const char *file = sl_path_base(s->page.file ? s->page.file : path);
  bool was = false;
  if (s->page.onnx || is_onnx(sl_buf_view(b)))
    return load_onnx(s, sl_buf_view(b), path, file, err);
  if (is_zip(sl_buf_view(b)))
    return load_zip(s, sl_buf_view(b), file, err);
  int rc = unpack_one(b, file, &was, err);
  if (!rc && unpack_is_tar(sl_buf_view(b)))
    return load_tar(s, sl_buf_view(b), file, err);
  return rc ? rc : sl_model_load(&s->m, sl_buf_view(b), file, s->page.wrapper, err);
}

int score_model_load(struct score *s, struct sl_err *err)
{
  struct stat st;
  struct sl_buf b;
  char *file = NULL;
  sl_buf_init(&b, (size_t)MODEL_MAX + (1 << 16));
  int rc = SL_OK;
  if (score_given_is(s->path))
    return score_given_load(s, err);
  if (stat(s->path, &st))
    rc = sl_err_sys(err, errno, "cannot open %s", s->path);
  else if (S_ISDIR(st.st_mode))
    rc = from_folder(s, &file, err);
  if (!rc)
    rc = sl_file_read(&b, file ? file : s->path, MODEL_MAX, err);
  if (!rc && score_partial_wanted(s))
    rc = score_partial_model(s, file ? file : s->path, err);
  if (!rc)
    rc = load_bytes(s, &b, file ? file : s->path, err);
  if (rc)
    sl_err_prefix(err, "not re-scored");
  sl_buf_free(&b);
  sl_free(file);
  return rc;
}
