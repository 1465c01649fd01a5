/* app/cmd_sql.c: `sluice sql`: one statement: in the box over resources and files, or by a connection that runs SQL; printed, or written to
 * an address by the action `write`. `sluice score` is such a statement, too. */
#include <string.h>

#include "app/do.h"
#include "base/fmt.h"
#include "base/mem.h"
#if __has_include("backend_local/local.h")
#include "backend_local/local.h"
#endif

int sl_cmd_sql(struct sl_app *a);

struct outing { struct sl_session *s; bool done; int rc; struct sl_err err; char *file; int64_t rows; struct sl_batch *summary;
                bool quiet; };

static int take_file(struct outing *x, const struct sl_answer *a)
{
  struct sl_batch *b = NULL;
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED || a->src[i].state == SL_CUT) { /* half a result is none */
      x->err = a->src[i].err;
      if (!x->err.code)
        sl_err_set(&x->err, SL_EPARTIAL, "%.*s: not all of it: %s; nothing was written", SL_ARG(a->src[i].conn), a->src[i].note);
      return x->err.code;
    }
  if (!a->snap || !sl_snap_count(a->snap))
    return sl_err_set(&x->err, SL_EPROTO, "the engine named no result");
  int rc = sl_snap_page_wait(a->snap, 0, 1, &b, &x->err);
  int file = rc ? -1 : sl_schema_find(sl_batch_schema(b), SL_STR("file"));
  int rows = rc ? -1 : sl_schema_find(sl_batch_schema(b), SL_STR("rows"));
  if (!rc && (file < 0 || rows < 0))
    rc = sl_err_set(&x->err, SL_EPROTO, "the engine named no result");
  if (!rc) {
    struct sl_val path = sl_batch_get(b, 0, (unsigned)file), n = sl_batch_get(b, 0, (unsigned)rows);
    x->file = sl_strndup(path.u.s.p, path.u.s.n);
    x->rows = n.null ? -1 : n.u.i;
    rc = x->file ? SL_OK : sl_err_nomem(&x->err);
    x->summary = sl_schema_find(sl_batch_schema(b), SL_STR("model")) < 0 ? NULL : sl_batch_ref(b);
  }
  sl_batch_unref(b);
  return rc;
}

static void out_changed(void *user, sl_watch id, const struct sl_answer *a)
{
  struct outing *x = user;
  (void)id;
  sl_app_progress_of(a);
  if (!a->done || x->done)
    return;
  x->done = true;
  x->rc = take_file(x, a);
}

static const char *ending(const char *uri)
{
  static const char *const names[] = { "out.parquet", "out.csv", "out.ndjson", "out.sketch", "out.partial" };
  struct sl_str s = sl_str(uri);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (sl_str_ends(s, sl_str(names[i] + 3)))
      return names[i];
  return NULL;
}

static int print_summary(struct sl_app *a, const char *uri, int64_t rows, struct sl_err *err)
{
  static const struct sl_col cols[] = { { .name = "uri", .type = SL_URI }, { .name = "rows", .type = SL_I64, .unit = "rows" } };
  struct sl_schema *s = NULL;
  struct sl_batch *b = NULL;
  int rc = sl_schema_new(&s, cols, 2, NULL, 0, err);
  rc = rc ? rc : sl_batch_new(&b, s, err);
  if (!rc) {
    sl_batch_row(b, SL_PUT, sl_str(uri));
    sl_batch_set(b, 0, sl_vas(SL_URI, sl_str(uri)));
    sl_batch_set(b, 1, rows < 0 ? sl_null(SL_I64) : sl_vi(rows));
    rc = sl_batch_seal(b, err);
  }
  rc = rc ? rc : sl_app_print(a, b, &(struct sl_rows_opts){ .bare = true }, err);
  sl_batch_unref(b);
  sl_schema_unref(s);
  return rc;
}

/* What whoever made the rows says about them: everything but the file's place. */
static int print_said(struct sl_app *a, const struct sl_batch *said, struct sl_err *err)
{
  struct sl_schema *from = sl_batch_schema(said), *s = NULL;
  struct sl_col cols[32];
  unsigned at[32];
  size_t n = 0;
  struct sl_batch *b = NULL;
  for (size_t i = 0; i < sl_schema_count(from) && n < sizeof cols / sizeof cols[0]; i++) {
    const char *name = sl_schema_col(from, i)->name;
    if (!strcmp(name, "file") || !strcmp(name, "connection") || !strcmp(name, "ref"))
      continue;
    at[n] = (unsigned)i;
    cols[n++] = *sl_schema_col(from, i);
  }
  int rc = sl_schema_new(&s, cols, n, NULL, 0, err);
  rc = rc ? rc : sl_batch_new(&b, s, err);
  if (!rc) {
    sl_batch_row(b, SL_PUT, SL_STR("1"));
    for (size_t i = 0; i < n; i++)
      sl_batch_set(b, (unsigned)i, sl_batch_get(said, 0, at[i]));
    rc = sl_batch_seal(b, err);
  }
  rc = rc ? rc : sl_app_print(a, b, &(struct sl_rows_opts){ .bare = true }, err);
  sl_batch_unref(b);
  sl_schema_unref(s);
  return rc;
}

/* Rows without a prediction: they are in the file, and each says why. */
static bool some_failed(const struct sl_app *a, const struct sl_batch *said)
{
  int i = said ? sl_schema_find(sl_batch_schema(said), SL_STR("failed")) : -1;
  struct sl_val v = i < 0 ? sl_null(SL_I64) : sl_batch_get(said, 0, (unsigned)i);
  return !v.null && v.u.i > 0 && !sl_args_has(a->args, SL_O_partial_ok);
}

/* What a partition's row shows without opening the file. */
static void note_rows(struct sl_session *s, struct sl_str uri, int64_t rows)
{
#if __has_include("backend_local/local.h")
  struct sl_str path;
  char *z = sl_uri_path(uri, &path) && rows >= 0 ? sl_strndup(path.p, path.n) : NULL;
  if (z)
    (void)!sl_local_rows_note(sl_ws_state_dir(s->ws), z, rows, NULL);
  sl_free(z);
#else
  (void)s;
  (void)uri;
  (void)rows;
#endif
}

static int put_in_place(struct outing *x, const char *to)
{
  struct sl_session *s = x->s;
  struct sl_buf uri, conn;
  struct sl_err err = { 0 };
  sl_buf_init(&uri, 64 << 10);
  sl_buf_init(&conn, 4096);
  int code, rc = sl_session_resolve(s, to, &uri, &conn, &err);
  struct sl_ref at = { sl_buf_view(&conn), SL_STR("objects"), sl_buf_view(&uri) };
  const struct sl_val vals[] = { sl_vas(SL_URI, sl_buf_view(&uri)), sl_vz(x->file), sl_vb(true) };
  if (rc)
    code = sl_app_fail(s->app, &err);
  else
    code = sl_session_do(s, &(struct sl_call){ .act = &sl_act_write, .res = &sl_res_objects, .targets = &at, .ntargets = 1, .args = vals },
                         NULL);
  if (!code && x->quiet && !sl_args_has(s->app->args, SL_O_dry_run)) {
    sl_app_note("wrote %s", sl_buf_zstr(&uri));
  } else if (!code && !sl_args_has(s->app->args, SL_O_dry_run)) {
    note_rows(s, sl_buf_view(&uri), x->rows);
    rc = x->summary ? print_said(s->app, x->summary, &err) : print_summary(s->app, sl_buf_zstr(&uri), x->rows, &err);
    code = rc ? sl_app_fail(s->app, &err) : some_failed(s->app, x->summary) ? SL_EXIT_PARTIAL : SL_EXIT_OK;
  }
  sl_buf_free(&uri);
  sl_buf_free(&conn);
  return code;
}

static int sql_out(struct sl_session *s, const char *sql, const char *to, const char *name, bool quiet)
{
  struct outing x = { .s = s, .quiet = quiet };
  struct sl_query like = sl_app_query(s->app, &sl_res_rows, sql), *q = NULL;
  sl_watch id = { 0 };
  int rc = name ? SL_OK : sl_err_set(&x.err, SL_EUSAGE, "--out %s: it must end in .csv, .parquet, .ndjson, .sketch or .partial", to);
  like.kind = SL_Q_SQL;
  like.input_rows = sl_args_count(s->app->args, SL_O_rows, 0);
  like.out = sl_str(name);
  if (!rc)
    rc = sl_query_new(&q, &like, &x.err);
  if (!rc)
    rc = sl_ws_query(s->ws, q, true, out_changed, &x, &id, &x.err);
  if (!rc) {
    struct sl_err none;
    (void)!sl_session_wait(s, &x.done, &none);
    rc = x.rc;
    sl_ws_unwatch(s->ws, id);
  }
  int code = s->interrupted ? SL_EXIT_INTERRUPTED : rc ? sl_app_fail(s->app, &x.err) : put_in_place(&x, to);
  sl_query_unref(q);
  sl_batch_unref(x.summary);
  sl_free(x.file);
  return code;
}

int sl_app_monitor_file(struct sl_app *a, const char *what, const char *base, const char *data, const char *to)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  struct sl_buf sql;
  sl_buf_init(&sql, 1 << 20);
  sl_buf_printf(&sql, "from %s(", what);
  if (base) {
    sl_fmt_quote(&sql, sl_str(base), '\'');
    sl_buf_z(&sql, ", ");
  }
  sl_fmt_quote(&sql, sl_str(data), '\'');
  sl_buf_ch(&sql, ')');
  int rc = sl_buf_check(&sql, &err), code;
  if (rc || sl_session_open(&s, a, SL_SESSION_ANY, &err))
    code = sl_app_fail(a, &err);
  else
    code = sql_out(&s, sql.p, to, "out.json", true);
  if (!rc)
    sl_session_close(&s);
  sl_buf_free(&sql);
  return code;
}

int sl_app_sql(struct sl_app *a, const char *sql)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  const char *to = sl_args_text(a->args, SL_O_out, NULL);
  struct sl_list l = { .query = sl_app_query(a, &sl_res_rows, sql), .rows = { .bare = true } };
  l.query.kind = SL_Q_SQL;
  l.query.input_rows = sl_args_count(a->args, SL_O_rows, 0);
  int code;
  if (sl_session_open(&s, a, SL_SESSION_ANY, &err))
    code = sl_app_fail(a, &err);
  else
    code = to ? sql_out(&s, sql, to, ending(to), false) : sl_session_list(&s, &l);
  sl_session_close(&s);
  return code;
}

int sl_cmd_sql(struct sl_app *a) { return sl_app_sql(a, a->args->pos[0]); }
