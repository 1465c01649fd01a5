/* backends/mlflow/files_registry.c: the model registry of the old file store (mlruns/models), and where its artifacts are. */
#include <stdio.h>

#include "backend_mlflow/artifacts_int.h"
#include "backend_mlflow/files_int.h"
#include "base/file.h"

struct load { struct mlflow_store *s; struct mlflow_registry *g; struct sl_str only, model; };

/* ---- versions ---- */

static int on_tag(void *user, struct sl_str key, const char *path, struct sl_err *err)
{
  struct load *x = user;
  struct sl_buf b;
  bool got;
  sl_buf_init(&b, 0);
  int rc = mlflow_files_value(x->s, path, &b, &got, err);
  if (got)
    rc = mlflow_registry_tag(x->g, key, sl_buf_view(&b), err);
  sl_buf_free(&b);
  return rc;
}

/* A version names no author; its run does. */
static int author(struct load *x, struct sl_str run, struct sl_err *err)
{
  char *dir = NULL;
  struct mlflow_meta m;
  int rc = run.n ? mlflow_files_run_dir(x->s, run, &dir, NULL, err) : SL_OK;
  if (rc || !dir)
    return rc;
  if (!mlflow_meta_load(&m, dir, NULL)) {
    struct sl_buf b;
    struct sl_str user = mlflow_meta_text(&m, "user_id");
    char *path = sl_path_join(dir, "tags/mlflow.user");
    sl_buf_init(&b, 0);
    if (!user.n && path && sl_file_exists(path) && !mlflow_files_text(path, &b, NULL))
      user = sl_str_trim(sl_buf_view(&b));
    mlflow_registry_author(x->g, run, user);
    sl_buf_free(&b);
    sl_free(path);
    mlflow_meta_free(&m);
  }
  sl_free(dir);
  return SL_OK;
}

static int put_version(struct load *x, const struct mlflow_meta *m, const char *path, struct sl_err *err)
{
  struct mlflow_version v = { .model = x->model, .stage = mlflow_meta_text(m, "current_stage"), .run = mlflow_meta_text(m, "run_id"),
                              .author = mlflow_meta_text(m, "user_id"), .source = mlflow_meta_text(m, "source"),
                              .status = mlflow_meta_text(m, "status"), .description = mlflow_meta_text(m, "description") };
  v.has_created = mlflow_meta_int(m, "creation_timestamp", &v.created);
  if (!mlflow_meta_int(m, "version", &v.version) || sl_str_eqz(v.stage, "Deleted_Internal"))
    return SL_OK;
  int rc = mlflow_registry_version(x->g, &v, err);
  char *tags = rc ? NULL : sl_path_join(path, "tags");
  rc = rc ? rc : tags ? mlflow_each(x->s, tags, MLFLOW_FILES_DEEP, on_tag, x, err) : sl_err_nomem(err);
  sl_free(tags);
  return rc ? rc : author(x, v.run, err);
}

static int on_version(void *user, struct sl_str name, const char *path, struct sl_err *err)
{
  struct load *x = user;
  struct mlflow_meta m;
  struct sl_err e = { 0 };
  if (!sl_str_starts(name, SL_STR("version-")))
    return SL_OK;
  int rc = mlflow_meta_load(&m, path, &e);
  if (!rc)
    rc = put_version(x, &m, path, err);
  else if (rc == SL_ENOMEM)
    rc = sl_err_nomem(err);
  else {
    mlflow_files_skip(x->s, path, &e);
    rc = SL_OK;
  }
  mlflow_meta_free(&m);
  return rc;
}

/* ---- models ---- */

static int on_alias(void *user, struct sl_str alias, const char *path, struct sl_err *err)
{
  struct load *x = user;
  struct sl_buf b;
  int64_t version;
  bool got;
  sl_buf_init(&b, 0);
  int rc = mlflow_files_value(x->s, path, &b, &got, err);
  if (got && sl_str_i64(sl_str_trim(sl_buf_view(&b)), &version))
    rc = mlflow_registry_alias(x->g, x->model, alias, version, err);
  sl_buf_free(&b);
  return rc;
}

static bool is_prompt(const char *path)
{
  struct sl_buf b;
  char *tag = sl_path_join(path, "tags/mlflow.prompt.is_prompt");
  sl_buf_init(&b, 0);
  bool prompt = tag && sl_file_exists(tag) && !mlflow_files_text(tag, &b, NULL) && sl_str_eqz(sl_str_trim(sl_buf_view(&b)), "true");
  sl_buf_free(&b);
  sl_free(tag);
  return prompt;
}

static int put_model(struct load *x, const struct mlflow_meta *meta, const char *path, struct sl_err *err)
{
  struct mlflow_model m = { .name = x->model, .description = mlflow_meta_text(meta, "description") };
  m.has_updated = mlflow_meta_int(meta, "last_updated_timestamp", &m.updated);
  int rc = mlflow_registry_model(x->g, &m, err);
  if (!rc && is_prompt(path))
    mlflow_registry_prompt(x->g, x->model);
  char *aliases = sl_path_join(path, "aliases");
  rc = rc ? rc : aliases ? mlflow_each(x->s, aliases, MLFLOW_FILES, on_alias, x, err) : sl_err_nomem(err);
  sl_free(aliases);
  return rc ? rc : mlflow_each(x->s, path, MLFLOW_FOLDERS, on_version, x, err);
}

static int on_model(void *user, struct sl_str name, const char *path, struct sl_err *err)
{
  struct load *x = user;
  struct mlflow_meta m;
  struct sl_err e = { 0 };
  if (x->only.p && !sl_str_eq(x->only, name))
    return SL_OK;
  int rc = mlflow_meta_load(&m, path, &e);
  x->model = name;
  if (!rc)
    rc = put_model(x, &m, path, err);
  else if (rc == SL_ENOMEM)
    rc = sl_err_nomem(err);
  else {
    if (rc != SL_ENOENT)
      mlflow_files_skip(x->s, path, &e);
    rc = SL_OK;
  }
  mlflow_meta_free(&m);
  return rc;
}

int mlflow_files_registry(struct mlflow_store *s, struct mlflow_registry *g, struct sl_str model, struct sl_err *err)
{
  struct load x = { .s = s, .g = g, .only = model };
  char *dir = sl_path_join(s->m->folder, "models");
  int rc = dir ? mlflow_each(s, dir, MLFLOW_FOLDERS, on_model, &x, err) : sl_err_nomem(err);
  sl_free(dir);
  return rc;
}

/* ---- where artifacts are ---- */

struct find { struct mlflow_store *s; struct sl_str id, run, name; struct sl_buf *location; bool found; };

static int model_dir(void *user, struct sl_str name, const char *path, struct sl_err *err)
{
  struct find *x = user;
  struct mlflow_meta m = { NULL };
  bool hit = x->id.n && sl_str_eq(name, x->id);
  if (!x->id.n && !mlflow_meta_load(&m, path, NULL))
    hit = sl_str_eq(mlflow_meta_text(&m, "source_run_id"), x->run) && sl_str_eq(mlflow_meta_text(&m, "name"), x->name);
  mlflow_meta_free(&m);
  if (!hit || x->found)
    return SL_OK;
  x->found = true;
  sl_buf_clear(x->location);
  sl_buf_printf(x->location, "%s/artifacts", path);
  return sl_buf_check(x->location, err);
}

static int models_of(void *user, const struct mlflow_experiment *e, const char *dir, struct sl_err *err)
{
  struct find *x = user;
  char *models = sl_path_join(dir, "models");
  (void)e;
  int rc = models ? mlflow_each(x->s, models, MLFLOW_FOLDERS, model_dir, x, err) : sl_err_nomem(err);
  sl_free(models);
  return rc;
}

static int find_model(struct find *x, struct sl_err *err)
{
  x->found = false;
  return mlflow_files_each_experiment(x->s, true, models_of, x, err);
}

static int no_such(const char *what, struct sl_str id, struct sl_err *err)
{
  return sl_err_set(err, SL_ENOENT, "no %s is %.*s", what, SL_ARG(sl_str_head(id, 80)));
}

static int in_run(struct find *x, struct sl_str run, struct sl_str path, struct sl_buf *rest, struct sl_err *err)
{
  char *dir = NULL;
  struct sl_str first = SL_STR_NONE, behind = path;
  int rc = mlflow_files_run_dir(x->s, run, &dir, NULL, err);
  if (rc || !dir)
    return rc ? rc : no_such("run", run, err);
  sl_buf_printf(x->location, "%s/artifacts", dir); /* beside its meta.yaml, wherever the store was moved to */
  sl_buf_str(rest, path);
  sl_free(dir);
  rc = sl_buf_check(x->location, err);
  rc = rc ? rc : sl_buf_check(rest, err);
  struct mlflow_spot at = { sl_buf_view(x->location), path, SL_STR_NONE };
  if (rc || !path.n || mlflow_spot_there(x->s, &at))
    return rc;
  sl_str_cut(&behind, '/', &first);
  x->id = SL_STR_NONE;
  x->run = run;
  x->name = first;
  rc = find_model(x, err);
  if (!rc && x->found) {
    sl_buf_clear(rest);
    sl_buf_str(rest, behind);
  }
  return rc;
}

static bool version_fits(const struct mlflow_registry *g, size_t i, const struct sl_mlflow_address *at)
{
  const struct mlflow_version *v = &g->version[i];
  uint64_t n;
  if (at->kind == SL_MLFLOW_AT_VERSION)
    return sl_str_u64(at->which, &n) && (int64_t)n == v->version;
  if (at->kind == SL_MLFLOW_AT_STAGE)
    return sl_str_ieq(at->which, v->stage);
  for (size_t k = 0; k < g->nalias; k++)
    if (sl_str_eq(g->alias[k].alias, at->which) && g->alias[k].version == v->version)
      return true;
  return false;
}

/* The source of the newest version that fits. */
static int source_of(struct mlflow_store *s, const struct sl_mlflow_address *at, struct sl_buf *out, struct sl_err *err)
{
  struct mlflow_registry g;
  int64_t best = -1;
  mlflow_registry_init(&g);
  int rc = mlflow_files_registry(s, &g, at->id, err);
  for (size_t i = 0; !rc && i < g.nversion; i++)
    if (version_fits(&g, i, at) && g.version[i].version > best) {
      best = g.version[i].version;
      sl_buf_clear(out);
      sl_buf_str(out, g.version[i].source);
    }
  mlflow_registry_free(&g);
  if (!rc && best < 0)
    rc = sl_err_set(err, SL_ENOENT, "model %.*s has no version %.*s", SL_ARG(sl_str_head(at->id, 80)), SL_ARG(sl_str_head(at->which, 60)));
  return rc ? rc : sl_buf_check(out, err);
}

static int in_version(struct find *x, const struct sl_mlflow_address *at, struct sl_buf *rest, struct sl_err *err)
{
  struct sl_mlflow_address to;
  struct sl_buf source, path;
  sl_buf_init(&source, 64 << 10);
  sl_buf_init(&path, 64 << 10);
  int rc = source_of(x->s, at, &source, err);
  bool known = !rc && sl_mlflow_address(sl_buf_view(&source), &to) && (to.kind == SL_MLFLOW_AT_RUN || to.kind == SL_MLFLOW_AT_MODEL);
  if (known)
    sl_buf_str(&path, to.path);
  sl_buf_z(&path, path.n && at->path.n ? "/" : "");
  sl_buf_str(&path, at->path);
  rc = rc ? rc : sl_buf_check(&path, err);
  if (!rc && known && to.kind == SL_MLFLOW_AT_RUN)
    rc = in_run(x, to.id, sl_buf_view(&path), rest, err);
  else if (!rc) {
    sl_buf_str(rest, sl_buf_view(&path));
    x->id = known ? to.id : SL_STR_NONE;
    if (known)
      rc = find_model(x, err);
    else
      sl_buf_str(x->location, sl_buf_view(&source));
    rc = rc || !known || x->found ? rc : no_such("logged model", to.id, err);
  }
  sl_buf_free(&source);
  sl_buf_free(&path);
  return rc;
}

int mlflow_files_find(struct mlflow_store *s, const struct sl_mlflow_address *at, struct sl_str uri, struct sl_buf *location,
                      struct sl_buf *path, struct sl_err *err)
{
  struct find x = { .s = s, .location = location, .id = at->id };
  if (at->kind == SL_MLFLOW_AT_RUN)
    return in_run(&x, at->id, at->path, path, err);
  if (at->kind == SL_MLFLOW_AT_PROXY) {
    sl_buf_str(location, uri);
    return sl_buf_check(location, err);
  }
  if (at->kind != SL_MLFLOW_AT_MODEL)
    return in_version(&x, at, path, err);
  sl_buf_str(path, at->path);
  int rc = find_model(&x, err);
  return rc || x.found ? rc : no_such("logged model", at->id, err);
}
