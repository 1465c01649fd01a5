/* backends/mlflow/mlflow.c: experiments, runs and the model registry of MLflow: from its own SQLite store, or from a server. */
#include <stdlib.h>

#include "backend_mlflow/artifacts_int.h"
#include "backend_mlflow/rest_conn_int.h"
#include "base/file.h"
#include "model/manifest.h"

extern const struct sl_backend_ops sl_backend_mlflow;

static const struct sl_setting settings[] = {
  { .name = "uri", .type = SL_SET_URI, .required = true, .help = "MLflow's SQLite store, the address of a server, or the old "
    "folder mlruns (read only)",
    .example = "sqlite:///mlflow.db" },
  { .name = "username", .type = SL_SET_TEXT, .help = "who logs in to the server; then a password is needed", .example = "ana" },
  { .name = "password", .type = SL_SET_SECRET, .help = "of username", .example = "{env: MLFLOW_PASSWORD}", .needs = "username" },
  { .name = "token", .type = SL_SET_SECRET, .help = "bearer token, instead of username and password", .example = "ask",
    .bars = "username" },
  { .name = "ca_file", .type = SL_SET_PATH, .help = "authorities that vouch for the server, instead of the system's",
    .example = "~/ca.pem" },
  { .name = "cert_file", .type = SL_SET_PATH, .help = "our own certificate, where the server wants one", .example = "~/me.pem" },
  { .name = "key_file", .type = SL_SET_PATH, .help = "key of cert_file", .example = "~/me.key" },
  { .name = "insecure", .type = SL_SET_BOOL, .dflt = "false", .help = "believe whoever answers; said wherever the connection is shown",
    .example = "false" },
  { .name = "artifact_root", .type = SL_SET_PATH, .help = "folder whose files a store may name as artifacts, beside its own mlruns and "
    "mlartifacts", .example = "/srv/mlflow/artifacts" },
  { .name = "workspace", .type = SL_SET_TEXT, .help = "MLflow's own workspace, where the store or server has several; without it "
    "MLFLOW_WORKSPACE, then the default one",
    .example = "default" },
};

static void state_free(struct mlflow *m)
{
  mlflow_conn_close(m);
  sl_hashes_free(m->hashes);
  sl_free(m->path);
  sl_free(m->folder);
  sl_free(m->artifact_root);
  sl_free(m->workspace);
}

/* file:///p or a path: the old file store, which is a folder. */
static int folder_read(struct mlflow *m, const char *path, struct sl_err *err)
{
  m->folder = sl_path_abs(path, NULL);
  if (!m->folder)
    return sl_err_nomem(err);
  if (!sl_dir_exists(m->folder))
    return sl_err_set(err, SL_ECONFIG, "connection %s: there is no folder %s; uri must be http://, https://, sqlite:///FILE or MLflow's "
                      "folder mlruns", sl_backend_name(m->b), m->folder);
  return SL_OK;
}

static int uri_read(struct mlflow *m, const struct sl_conf *c, const char *uri, struct sl_err *err)
{
  struct sl_str s = sl_str(uri);
  const char *name = sl_backend_name(m->b);
  if (sl_str_starts(s, SL_STR("sqlite:///"))) {
    m->path = sl_strdup(uri + strlen("sqlite:///"));
    return m->path ? SL_OK : sl_err_nomem(err);
  }
  if (sl_str_starts(s, SL_STR("postgresql")) || sl_str_starts(s, SL_STR("mysql")))
    return sl_err_set(err, SL_EUNSUP, "connection %s: a store in that database is not read yet; give the address of a server on it",
                      name);
  if (sl_str_starts(s, SL_STR("http://")) || sl_str_starts(s, SL_STR("https://")))
    return mlflow_conn_open(m, c, err);
  struct sl_str path;
  if (sl_uri_path(s, &path))
    return folder_read(m, path.p, err);
  return sl_err_set(err, SL_ECONFIG, "connection %s: uri must be http://, https://, sqlite:///FILE or the folder mlruns", name);
}

/* MLflow's own variable, where the workspace file does not say. */
static const char *workspace_around(void)
{
  const char *v = getenv("MLFLOW_WORKSPACE");
  return v && v[0] ? v : NULL;
}

static int mlflow_open(struct sl_backend *b, const struct sl_conf *c, struct sl_err *err)
{
  struct mlflow *m = sl_backend_state(b);
  const char *uri = c ? sl_conf_text(c, "uri") : NULL, *workspace = c ? sl_conf_text(c, "workspace") : NULL;
  const char *root = c ? sl_conf_text(c, "artifact_root") : NULL;
  *m = (struct mlflow){ .b = b, .timeout_ms = c ? sl_conf_timeout_ms(c) : 0 };
  if (!uri)
    return sl_err_set(err, SL_ECONFIG, "connection %s: uri is missing", sl_backend_name(b));
  m->workspace_env = !workspace && (workspace = workspace_around());
  m->workspace_set = workspace != NULL;
  m->workspace = sl_strdup(workspace ? workspace : "default");
  m->artifact_root = root ? sl_path_abs(root, NULL) : NULL;
  int rc = m->workspace && (m->artifact_root || !root) ? uri_read(m, c, uri, err) : sl_err_nomem(err);
  if (!rc && !m->rest)
    rc = sl_hashes_new(&m->hashes, err);
  if (rc)
    state_free(m);
  return rc;
}

static void mlflow_close(struct sl_backend *b)
{
  state_free(sl_backend_state(b));
  sl_backend_closed(b);
}

static const struct sl_serve *const serves[] = {
  &mlflow_serve_experiments, &mlflow_serve_runs, &mlflow_serve_series, &mlflow_serve_models, &mlflow_serve_versions,
  &mlflow_serve_objects, NULL,
};

static const char *const schemes[] = { "runs", "models", "mlflow-artifacts", NULL };

/* Names of the registry's own: they lead nowhere but to what it hands out; where the files of a store lie is checked when they are
 * opened. */
static bool mlflow_owns(const struct sl_conf *c, struct sl_str uri)
{
  struct sl_mlflow_address at;
  (void)c;
  return sl_mlflow_address(uri, &at) && (at.kind != SL_MLFLOW_AT_PROXY || !at.id.n);
}

const struct sl_backend_ops sl_backend_mlflow = {
  .type = "mlflow",
  .help = "MLflow: experiments, runs and models",
  .state_size = sizeof(struct mlflow),
  .settings = settings,
  .nsettings = sizeof settings / sizeof settings[0],
  .serves = serves,
  .open = mlflow_open,
  .close = mlflow_close,
  .bytes = &mlflow_bytes,
  .schemes = schemes,
  .owns = mlflow_owns,
};
