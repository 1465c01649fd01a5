/* backends/mlflow/files.c: walking the old file store: experiments, runs, and the small files that hold a value each. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend_mlflow/files_int.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

enum { TEXT_MAX = 1 << 20, DEPTH_MAX = 16, PATH_MAX_BYTES = 4096, LOOK_EVERY = 64 };

/* ---- meta.yaml ---- */

int mlflow_meta_load(struct mlflow_meta *m, const char *dir, struct sl_err *err)
{
  char *path = sl_path_join(dir, "meta.yaml");
  m->y = NULL;
  int rc = !path ? sl_err_nomem(err) : !sl_file_exists(path) ? sl_err_set(err, SL_ENOENT, "%s has no meta.yaml", dir)
      : sl_yaml_load(&m->y, path, err);
  sl_free(path);
  return rc;
}

void mlflow_meta_free(struct mlflow_meta *m)
{
  sl_yaml_free(m->y);
  m->y = NULL;
}

struct sl_str mlflow_meta_text(const struct mlflow_meta *m, const char *key)
{
  const struct sl_yaml_node *root = m->y ? sl_yaml_root(m->y) : NULL, *n = root ? sl_yaml_get(root, key) : NULL;
  return n && n->kind == SL_YAML_SCALAR && !sl_yaml_is_null(n) ? n->text : SL_STR_NONE;
}

bool mlflow_meta_int(const struct mlflow_meta *m, const char *key, int64_t *out)
{
  return sl_str_i64(mlflow_meta_text(m, key), out);
}

int mlflow_files_text(const char *path, struct sl_buf *out, struct sl_err *err)
{
  return sl_file_read(out, path, TEXT_MAX, err);
}

void mlflow_files_skip(struct mlflow_store *s, const char *path, const struct sl_err *why)
{
  struct sl_buf note;
  sl_buf_init(&note, 4096);
  sl_buf_z(&note, "left out: ");
  sl_text_fit(&note, sl_str(why && why->msg[0] ? why->msg : path), 80, SL_KEEP_ENDS, true);
  sl_feed_cut(s->f, note.failed ? "" : sl_buf_zstr(&note));
  sl_buf_free(&note);
}

int mlflow_files_value(struct mlflow_store *s, const char *path, struct sl_buf *out, bool *got, struct sl_err *err)
{
  struct sl_err e = { 0 };
  int rc = mlflow_files_text(path, out, &e);
  *got = !rc;
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err);
  if (rc)
    mlflow_files_skip(s, path, &e);
  return SL_OK;
}

/* ---- folders ---- */

struct walk { struct mlflow_store *s; enum mlflow_each what; mlflow_entry_fn *fn; void *user; unsigned n; struct sl_buf rel; };

static int walk_dir(struct walk *k, const char *dir, unsigned depth, struct sl_err *err);

static int walk_one(struct walk *k, int fd, const char *dir, const char *name, unsigned depth, struct sl_err *err)
{
  struct stat st;
  char path[PATH_MAX_BYTES];
  size_t was = k->rel.n;
  int n = snprintf(path, sizeof path, "%s/%s", dir, name), rc = SL_OK;
  if (n < 0 || (size_t)n >= sizeof path || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
    return SL_OK;
  bool folder = S_ISDIR(st.st_mode), wanted = k->what == MLFLOW_FOLDERS ? folder : S_ISREG(st.st_mode);
  if (++k->n % LOOK_EVERY == 0)
    sl_feed_touch(k->s->f);
  if (sl_feed_cancelled(k->s->f))
    return sl_err_set(err, SL_ECANCELED, "cancelled");
  sl_buf_z(&k->rel, was ? "/" : "");
  sl_buf_z(&k->rel, name);
  rc = sl_buf_check(&k->rel, err);
  if (!rc && wanted)
    rc = k->fn(k->user, sl_buf_view(&k->rel), path, err);
  else if (!rc && folder && k->what == MLFLOW_FILES_DEEP && depth < DEPTH_MAX)
    rc = walk_dir(k, path, depth + 1, err);
  sl_buf_cut(&k->rel, was);
  return rc;
}

static int walk_dir(struct walk *k, const char *dir, unsigned depth, struct sl_err *err)
{
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), rc = SL_OK;
  if (fd < 0)
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? SL_OK : sl_err_sys(err, errno, "cannot list %s", dir);
  DIR *d = fdopendir(fd);
  if (!d) {
    close(fd);
    return sl_err_sys(err, errno, "cannot list %s", dir);
  }
  for (struct dirent *e; !rc && (e = readdir(d));)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
      rc = walk_one(k, fd, dir, e->d_name, depth, err);
  closedir(d);
  return rc;
}

int mlflow_each(struct mlflow_store *s, const char *dir, enum mlflow_each what, mlflow_entry_fn *fn, void *user, struct sl_err *err)
{
  struct walk k = { .s = s, .what = what, .fn = fn, .user = user };
  sl_buf_init(&k.rel, 64 << 10);
  int rc = walk_dir(&k, dir, 0, err);
  sl_buf_free(&k.rel);
  return rc;
}

/* ---- experiments ---- */

struct experiments { struct mlflow_store *s; mlflow_experiment_fn *fn; void *user; };

static int on_experiment(void *user, struct sl_str name, const char *path, struct sl_err *err)
{
  struct experiments *x = user;
  struct mlflow_meta m;
  struct sl_err e = { 0 };
  if (sl_str_eqz(name, "models") || name.p[0] == '.')
    return SL_OK;
  int rc = mlflow_meta_load(&m, path, &e);
  if (rc == SL_ENOENT)
    return SL_OK; /* some other folder */
  struct mlflow_experiment ex = { .id = mlflow_meta_text(&m, "experiment_id"), .name = mlflow_meta_text(&m, "name"),
                                  .lifecycle = mlflow_meta_text(&m, "lifecycle_stage"),
                                  .artifacts = mlflow_meta_text(&m, "artifact_location") };
  ex.has_created = mlflow_meta_int(&m, "creation_time", &ex.created);
  ex.has_updated = mlflow_meta_int(&m, "last_update_time", &ex.updated);
  if (rc) {
    mlflow_files_skip(x->s, path, &e);
    rc = rc == SL_ENOMEM ? sl_err_nomem(err) : SL_OK;
  } else if (ex.id.n)
    rc = x->fn(x->user, &ex, path, err);
  mlflow_meta_free(&m);
  return rc;
}

int mlflow_files_each_experiment(struct mlflow_store *s, bool deleted, mlflow_experiment_fn *fn, void *user, struct sl_err *err)
{
  struct experiments x = { s, fn, user };
  char *trash = deleted ? sl_path_join(s->m->folder, ".trash") : NULL;
  int rc = deleted && !trash ? sl_err_nomem(err) : mlflow_each(s, s->m->folder, MLFLOW_FOLDERS, on_experiment, &x, err);
  if (!rc && trash)
    rc = mlflow_each(s, trash, MLFLOW_FOLDERS, on_experiment, &x, err);
  sl_free(trash);
  return rc;
}

/* ---- one run ---- */

struct search { struct sl_str run; char **out, **exp; };

static int look_for(void *user, const struct mlflow_experiment *e, const char *dir, struct sl_err *err)
{
  struct search *x = user;
  char *path = *x->out ? NULL : sl_asprintf("%s/%.*s", dir, SL_ARG(x->run)), *meta = path ? sl_path_join(path, "meta.yaml") : NULL;
  (void)e;
  if (*x->out)
    return SL_OK;
  int rc = meta ? SL_OK : sl_err_nomem(err);
  if (!rc && sl_file_exists(meta)) {
    *x->out = path;
    path = NULL;
    if (x->exp && !(*x->exp = sl_strdup(dir)))
      rc = sl_err_nomem(err);
  }
  sl_free(path);
  sl_free(meta);
  return rc;
}

int mlflow_files_run_dir(struct mlflow_store *s, struct sl_str run, char **out, char **exp, struct sl_err *err)
{
  struct search x = { run, out, exp };
  *out = NULL;
  if (exp)
    *exp = NULL;
  if (!run.n || sl_str_chr(run, '/') >= 0 || run.p[0] == '.' || memchr(run.p, 0, run.n))
    return SL_OK;
  return mlflow_files_each_experiment(s, true, look_for, &x, err);
}

/* ---- the resource experiments ---- */

struct rows { struct mlflow_store *s; struct sl_rower w; struct sl_jw *doc; };

static int on_tag(void *user, struct sl_str name, const char *path, struct sl_err *err)
{
  struct rows *x = user;
  struct sl_buf b;
  bool got;
  sl_buf_init(&b, 0);
  int rc = mlflow_files_value(x->s, path, &b, &got, err);
  if (got)
    sl_batch_key(sl_rower_batch(&x->w), EXP_TAGS, name, sl_vs(sl_buf_view(&b)));
  sl_buf_free(&b);
  return rc;
}

static int doc_send(struct mlflow_store *s, const struct mlflow_experiment *e, struct sl_err *err)
{
  const struct { const char *key; struct sl_str text; } texts[] = { { "experiment_id", e->id }, { "name", e->name },
    { "artifact_location", e->artifacts }, { "lifecycle_stage", e->lifecycle } };
  struct sl_buf b;
  sl_buf_init(&b, 0);
  struct sl_jw w = sl_jw(&b, false);
  sl_jw_obj(&w);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (texts[i].text.p) {
      sl_jw_key(&w, sl_str(texts[i].key));
      sl_jw_str(&w, texts[i].text);
    }
  sl_jw_end_obj(&w);
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : sl_feed_doc(s->f, sl_buf_view(&b));
  sl_buf_free(&b);
  return rc;
}

static int put_experiment(void *user, const struct mlflow_experiment *e, const char *dir, struct sl_err *err)
{
  struct rows *x = user;
  const struct sl_query *q = x->s->q;
  if (q->kind == SL_Q_GET && !sl_str_eq(e->id, q->scope))
    return SL_OK;
  int rc = sl_rower_row(&x->w, SL_PUT, e->id);
  if (rc)
    return rc;
  mlflow_put_experiment(sl_rower_batch(&x->w), e);
  char *tags = sl_path_join(dir, "tags");
  rc = tags ? mlflow_each(x->s, tags, MLFLOW_FILES_DEEP, on_tag, x, err) : sl_err_nomem(err);
  sl_free(tags);
  return rc || q->kind != SL_Q_GET ? rc : doc_send(x->s, e, err);
}

int mlflow_files_experiments(struct mlflow_store *s, struct sl_err *err)
{
  struct rows x = { .s = s };
  bool one = s->q->kind == SL_Q_GET;
  int rc = sl_feed_head(s->f, NULL, 0, -1);
  rc = rc ? rc : sl_rower_begin(&x.w, s->f, s->schema, err);
  if (rc)
    return rc;
  rc = mlflow_files_each_experiment(s, one || s->q->deleted, put_experiment, &x, err);
  if (!rc && one && !x.w.rows)
    rc = sl_err_set(err, SL_ENOENT, "no experiment has the id %.*s", SL_ARG(sl_str_head(s->q->scope, 80)));
  if (!rc)
    return sl_rower_end(&x.w, err);
  sl_rower_abort(&x.w);
  return rc;
}
