/* app/demo_store.c: moving MLflow's own store to another day and folder: epoch milliseconds, dates in texts, the artifacts' root. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "app/demo.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/json.h"
#include "base/mem.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static void shifted(sqlite3_context *ctx, int n, sqlite3_value **v)
{
  const struct sl_demo *d = sqlite3_user_data(ctx);
  (void)n;
  if (sqlite3_value_type(v[0]) != SQLITE_TEXT) {
    sqlite3_result_value(ctx, v[0]);
    return;
  }
  int len = sqlite3_value_bytes(v[0]);
  char *copy = sqlite3_malloc(len + 1);
  if (!copy) {
    sqlite3_result_error_nomem(ctx);
    return;
  }
  memcpy(copy, sqlite3_value_text(v[0]), (size_t)len);
  sl_demo_shift(copy, (size_t)len, d->days);
  sqlite3_result_text(ctx, copy, len, sqlite3_free);
}

/* `table.column` of our own manifest: letters and _ only. */
static bool split(struct sl_str where, char table[64], char column[64])
{
  ptrdiff_t dot = sl_str_chr(where, '.');
  for (size_t i = 0; i < where.n; i++)
    if (where.p[i] != '.' && where.p[i] != '_' && (where.p[i] < 'a' || where.p[i] > 'z'))
      return false;
  if (dot <= 0 || dot > 60 || where.n - (size_t)dot > 60)
    return false;
  snprintf(table, 64, "%.*s", (int)dot, where.p);
  snprintf(column, 64, "%.*s", SL_ARG(sl_str_from(where, (size_t)dot + 1)));
  return true;
}

static int run(sqlite3 *db, const char *form, struct sl_str where, int64_t i, const char *a, const char *b, struct sl_err *err)
{
  char table[64], column[64], sql[512];
  sqlite3_stmt *st = NULL;
  if (!split(where, table, column))
    return sl_err_set(err, SL_EPARSE, "manifest.json: `%.*s` is no table.column", SL_ARG(where));
  snprintf(sql, sizeof sql, "update \"%s\" set \"%s\" = ", table, column);
  size_t n = strlen(sql);
  snprintf(sql + n, sizeof sql - n, "%s", form[0] == '+' ? "" : form);
  n = strlen(sql);
  if (form[0] == '+')
    snprintf(sql + n, sizeof sql - n, "\"%s\" + ?1", column);
  else
    snprintf(sql + n, sizeof sql - n, "(\"%s\"%s)", column, a ? ", ?2, ?3" : "");
  int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
  if (rc == SQLITE_OK && form[0] == '+')
    sqlite3_bind_int64(st, 1, i);
  if (rc == SQLITE_OK && a) {
    sqlite3_bind_text(st, 2, a, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, b, -1, SQLITE_STATIC);
  }
  if (rc == SQLITE_OK)
    rc = sqlite3_step(st);
  sqlite3_finalize(st);
  return rc == SQLITE_DONE ? SL_OK : sl_err_set(err, SL_EIO, "the demo's mlflow.db: %s", sqlite3_errmsg(db));
}

static int run_all(sqlite3 *db, const json_t *list, const char *form, int64_t i, const char *a, const char *b, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t k = 0; k < json_array_size(list) && !rc; k++)
    rc = run(db, form, sl_str(json_string_value(json_array_get(list, k))), i, a, b, err);
  return rc;
}

int sl_demo_store(struct sl_demo *d, struct sl_err *err)
{
  const json_t *rules = json_object_get(d->manifest, "sqlite"), *root = json_object_get(d->manifest, "root");
  const char *file = json_string_value(json_object_get(rules, "file")), *prefix = json_string_value(json_object_get(root, "prefix"));
  char *path = file && prefix ? sl_path_join(d->to, file) : NULL;
  sqlite3 *db = NULL;
  struct sl_buf address;
  struct sl_str rest = sl_str(d->to), part;
  sl_buf_init(&address, 1 << 16);
  sl_buf_z(&address, "file://");
  for (bool first = true; sl_str_cut(&rest, '/', &part); first = false) {
    if (!first)
      sl_buf_ch(&address, '/');
    sl_fmt_percent(&address, part);
  }
  int rc = path ? SL_OK : sl_err_set(err, SL_EPARSE, "manifest.json: sqlite.file and root.prefix are needed");
  if (!rc && (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
              sqlite3_create_function(db, "shifted", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, d, shifted, NULL, NULL) != SQLITE_OK ||
              sqlite3_exec(db, "begin immediate", NULL, NULL, NULL) != SQLITE_OK))
    rc = sl_err_set(err, SL_EIO, "%s: %s", path, db ? sqlite3_errmsg(db) : "cannot be opened");
  if (!rc)
    rc = run_all(db, json_object_get(rules, "epoch_ms"), "+", d->days * DAY_MS, NULL, NULL, err);
  if (!rc)
    rc = run_all(db, json_object_get(rules, "dates"), "shifted", 0, NULL, NULL, err);
  if (!rc)
    rc = run_all(db, json_object_get(rules, "root"), "replace", 0, prefix, sl_buf_zstr(&address), err);
  if (!rc && sqlite3_exec(db, "commit", NULL, NULL, NULL) != SQLITE_OK)
    rc = sl_err_set(err, SL_EIO, "%s: %s", path, sqlite3_errmsg(db));
  sqlite3_close(db);
  sl_buf_free(&address);
  sl_free(path);
  return rc;
}
