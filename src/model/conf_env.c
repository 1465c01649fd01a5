/* model/conf_env.c: a workspace without a file, of what stands around: MLflow's store in the current folder, the server that MLflow's own
 * variable names, and the folder itself where it holds data. It is written as a workspace file would be, and read by the same reader. */
#include <dirent.h>
#include <stdlib.h>

#include "base/file.h"
#include "model/conf_int.h"

enum { ENTRIES_MAX = 2000 };

static bool has_type(const struct sl_type_conf *types, size_t n, const char *type)
{
  for (size_t i = 0; i < n; i++)
    if (!strcmp(types[i].type, type))
      return true;
  return false;
}

static bool is_data(struct sl_str name)
{
  static const char *const ends[] = { ".csv", ".tsv", ".parquet", ".json", ".ndjson", ".jsonl", ".csv.gz", ".json.gz" };
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
    if (sl_str_ends(name, sl_str(ends[i])))
      return true;
  return false;
}

/* Data files in dir or in a folder below it; looks at so many entries and no more. */
static bool has_data(const char *dir, int depth, int *left)
{
  DIR *d = opendir(dir);
  bool found = false;
  for (struct dirent *e; d && !found && *left > 0 && (e = readdir(d));) {
    --*left;
    if (e->d_name[0] == '.')
      continue;
    found = e->d_type == DT_REG && is_data(sl_str(e->d_name));
    if (e->d_type == DT_DIR && depth > 0) {
      char *below = sl_path_join(dir, e->d_name);
      found = below && has_data(below, depth - 1, left);
      sl_free(below);
    }
  }
  if (d)
    closedir(d);
  return found;
}

/* The home folder and the root hold too much that is no lake. */
static bool is_lake(const char *dir)
{
  int left = ENTRIES_MAX;
  const char *home = getenv("HOME");
  return strcmp(dir, "/") != 0 && !(home && !strcmp(dir, home)) && has_data(dir, 2, &left);
}

static bool mlflow_understood(struct sl_str uri)
{
  return sl_str_starts(uri, SL_STR("http://")) || sl_str_starts(uri, SL_STR("https://")) || sl_str_starts(uri, SL_STR("sqlite:///"));
}

static void add_mlflow(struct sl_buf *b, const char *name, const char *uri)
{
  if (!b->n)
    sl_buf_z(b, "connections:\n");
  sl_buf_printf(b, "  %s:\n    type: mlflow\n    uri: ", name);
  sl_yaml_quote(b, sl_str(uri));
  sl_buf_ch(b, '\n');
}

static int find_mlflow(struct sl_buf *b, const char *dir, struct sl_err *err)
{
  char *db = sl_path_join(dir, "mlflow.db"), *uri = db ? sl_asprintf("sqlite:///%s", db) : NULL;
  const char *tracking = getenv("MLFLOW_TRACKING_URI");
  int rc = uri ? SL_OK : sl_err_nomem(err);
  char *runs = sl_path_join(dir, "mlruns"), *meta = runs ? sl_path_join(runs, "0/meta.yaml") : NULL;
  bool store = !rc && sl_file_exists(db);
  if (store)
    add_mlflow(b, "mlflow", uri);
  bool old = !rc && meta && sl_file_exists(meta); /* with a database beside it, mlruns only holds its artifacts */
  char *folder = old ? sl_asprintf("file://%s", runs) : NULL;
  if (folder)
    add_mlflow(b, store ? "mlruns" : "mlflow", folder);
  sl_free(folder);
  bool same = store && tracking && (!strcmp(tracking, uri) || !strcmp(tracking, "sqlite:///mlflow.db"));
  if (!rc && tracking && !same && mlflow_understood(sl_str(tracking)))
    add_mlflow(b, store || old ? "tracking" : "mlflow", tracking);
  sl_free(runs);
  sl_free(meta);
  sl_free(uri);
  sl_free(db);
  return rc;
}

int sl_ws_conf_environment(struct sl_ws_conf **out, const char *cwd, const struct sl_type_conf *types, size_t ntypes, struct sl_err *err)
{
  struct sl_buf b;
  char *dir = sl_path_abs(cwd, NULL);
  int rc = dir ? SL_OK : sl_err_nomem(err);
  *out = NULL;
  sl_buf_init(&b, 0);
  if (!rc && has_type(types, ntypes, "mlflow"))
    rc = find_mlflow(&b, dir, err);
  if (!rc && has_type(types, ntypes, "local") && is_lake(dir)) {
    sl_buf_z(&b, "lake:\n  zones:\n    - name: here\n      uri: ");
    sl_yaml_quote(&b, sl_str(dir));
    sl_buf_ch(&b, '\n');
  }
  if (!rc)
    rc = sl_buf_check(&b, err);
  if (!rc && b.n)
    rc = sl_ws_conf_parse(out, sl_buf_view(&b), NULL, dir, types, ntypes, err);
  sl_buf_free(&b);
  sl_free(dir);
  return rc;
}
