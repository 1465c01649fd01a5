/* backends/mlflow/rest_login.c: who we are to a server where the workspace does not say: MLflow's own variables and file, then ~/.netrc, in
 * the order in which MLflow's own client looks. */
#include <stdio.h>
#include <stdlib.h>

#include "backend_mlflow/rest_conn_int.h"
#include "base/file.h"
#include "proto/netrc.h"

enum { CREDENTIALS_MAX = 64 << 10 };

static char *dup_env(const char *name)
{
  const char *v = getenv(name);
  return v && v[0] ? sl_strdup(v) : NULL;
}

/* One setting of ~/.mlflow/credentials: "name = value" below [mlflow]. */
static bool ini_find(struct sl_str text, const char *name, struct sl_str *out)
{
  struct sl_str line, key;
  while (sl_str_cut(&text, '\n', &line)) {
    line = sl_str_trim(line);
    if (line.n && line.p[0] != '#' && sl_str_chr(line, '=') > 0 && sl_str_cut(&line, '=', &key) && sl_str_eqz(sl_str_trim(key), name)) {
      *out = sl_str_trim(line);
      return out->n > 0;
    }
  }
  return false;
}

static int from_file(struct mlflow_rest *rest, struct sl_err *err)
{
  const char *home = getenv("HOME");
  char *path = home && home[0] == '/' ? sl_path_join(home, ".mlflow/credentials") : NULL;
  struct sl_str user, password;
  struct sl_buf b;
  int rc = SL_OK;
  sl_buf_init_secret(&b, CREDENTIALS_MAX * 2);
  if (path && sl_file_exists(path)) {
    int bad = sl_file_read_private(&b, path, CREDENTIALS_MAX, &rest->secret_err);
    if (!bad && ini_find(sl_buf_view(&b), "mlflow_tracking_username", &user) &&
        ini_find(sl_buf_view(&b), "mlflow_tracking_password", &password)) {
      rest->user = rest->user ? rest->user : sl_strndup(user.p, user.n);
      snprintf(rest->from, sizeof rest->from, "~/.mlflow/credentials");
      rc = rest->user ? sl_secret_new(&rest->secret, password, err) : sl_err_nomem(err);
    }
  }
  sl_buf_wipe(&b);
  sl_free(path);
  return rc;
}

static int from_netrc(struct mlflow_rest *rest, struct sl_str host, struct sl_err *err)
{
  const char *home = getenv("HOME"), *named = getenv("NETRC");
  char *path = named && named[0] == '/' ? sl_strdup(named) : home && home[0] == '/' ? sl_path_join(home, ".netrc") : NULL;
  struct sl_str login, password;
  struct sl_buf b;
  int rc = SL_OK;
  sl_buf_init_secret(&b, CREDENTIALS_MAX * 2);
  if (path && sl_file_exists(path) && !sl_file_read_private(&b, path, CREDENTIALS_MAX, &rest->secret_err) &&
      sl_netrc_find(sl_buf_view(&b), host, &login, &password) && (!rest->user || sl_str_eqz(login, rest->user))) {
    rest->user = rest->user ? rest->user : sl_strndup(login.p, login.n);
    snprintf(rest->from, sizeof rest->from, "%s", named && named[0] == '/' ? "the file that NETRC names" : "~/.netrc");
    rc = rest->user ? sl_secret_new(&rest->secret, password, err) : sl_err_nomem(err);
  }
  sl_buf_wipe(&b);
  sl_free(path);
  return rc;
}

/* MLflow's own variables and file, in its own order: user and password before a token. */
int mlflow_login_around(struct mlflow_rest *rest, struct sl_str host, struct sl_err *err)
{
  const char *password = getenv("MLFLOW_TRACKING_PASSWORD"), *token = getenv("MLFLOW_TRACKING_TOKEN");
  char *user = rest->user ? NULL : dup_env("MLFLOW_TRACKING_USERNAME");
  if (user)
    rest->user = user;
  if (rest->user && password && password[0]) {
    snprintf(rest->from, sizeof rest->from, "the variable MLFLOW_TRACKING_PASSWORD");
    return sl_secret_new(&rest->secret, sl_str(password), err);
  }
  if (!rest->user && token && token[0]) {
    snprintf(rest->from, sizeof rest->from, "the variable MLFLOW_TRACKING_TOKEN");
    return sl_secret_new(&rest->secret, sl_str(token), err);
  }
  if (user) { /* half of a login is none */
    sl_free(user);
    rest->user = NULL;
  }
  int rc = from_file(rest, err);
  return rc || rest->secret ? rc : from_netrc(rest, host, err);
}

static const char *path_env(const char *name)
{
  const char *v = getenv(name);
  return v && v[0] ? v : NULL;
}

/* Certificates only: to believe everybody is for the workspace file to say, so MLFLOW_TRACKING_INSECURE_TLS is not followed. */
void mlflow_tls_around(struct sl_http_tls *tls)
{
  if (!tls->ca_file)
    tls->ca_file = path_env("MLFLOW_TRACKING_SERVER_CERT_PATH");
  if (!tls->cert_file && (tls->cert_file = path_env("MLFLOW_TRACKING_CLIENT_CERT_PATH")))
    tls->key_file = tls->cert_file; /* both in one file */
}

