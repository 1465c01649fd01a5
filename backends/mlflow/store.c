/* backends/mlflow/store.c: MLflow's SQLite store, opened for one request in a lane, to read it, or for an action to write it.
 *
 * mode=ro keeps SQLite from writing the file, but not from making -wal and -shm beside it: a store in WAL mode where no -wal stands has no
 * writer, and is opened as one that does not change. Every statement must be one that cannot write; views and functions of a foreign
 * file are not trusted; cancelling interrupts whatever SQLite does. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend_mlflow/mlflow_int.h"
#include "base/file.h"
#include "base/fmt.h"
#include "model/recorded.h"

enum { PROGRESS_OPS = 20000, LOCK_MS = 5000, NAP_MS = 20, CACHE_KIB = 8192 };

struct store_job {
  struct mlflow_store s;
  struct sl_backend *b;             /* the loop's */
  mlflow_store_fn *fn;
  int rc;
  int64_t latency_ms;
  struct sl_err err;                /* why it failed, or what to know though it worked */
};

static int64_t mono_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what SQLite says, in words ---- */

int mlflow_sql_fail(struct mlflow_store *s, int rc, struct sl_err *err)
{
  const char *path = s->m->path, *words = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
  int extended = s->db ? sqlite3_extended_errcode(s->db) : rc;
  if (sl_feed_cancelled(s->f))
    return sl_err_set(err, SL_ECANCELED, "cancelled");
  if (extended == SQLITE_READONLY_ROLLBACK || extended == SQLITE_READONLY_RECOVERY || extended == SQLITE_READONLY_CANTINIT)
    return sl_err_set(err, SL_EIO, "%s: a program that wrote it was cut off; open it once with MLflow, which mends it", path);
  switch (rc & 0xff) {
  case SQLITE_NOMEM: return sl_err_nomem(err);
  case SQLITE_NOTADB: return sl_err_set(err, SL_EPARSE, "%s is no SQLite database", path);
  case SQLITE_CORRUPT: return sl_err_set(err, SL_EPARSE, "%s is damaged (%s); restore it from a backup", path, words);
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return sl_err_set(err, SL_ETIMEOUT, "%s is locked by another program; try again when it is done", path);
  case SQLITE_PERM:
  case SQLITE_AUTH: return sl_err_set(err, SL_EDENIED, "%s: %s", path, words);
  case SQLITE_ERROR:
    return sl_err_set(err, SL_EPARSE, "%s: not the tables of an MLflow store that we know (%s); "
                      "if a newer MLflow made it, start its server and name that as uri", path, words);
  default: return sl_err_set(err, SL_EIO, "cannot read %s: %s", path, words);
  }
}

/* ---- callbacks of SQLite ---- */

static int on_progress(void *user)
{
  struct mlflow_store *s = user;
  if (sl_feed_cancelled(s->f))
    return 1;
  sl_feed_touch(s->f);
  return 0;
}

static int on_busy(void *user, int times)
{
  struct mlflow_store *s = user;
  (void)times;
  if (sl_feed_cancelled(s->f) || mono_ms() > s->give_up)
    return 0;
  if (s->write) /* given up by our own clock, so that it is known that nothing was written */
    sl_feed_touch(s->f);
  struct timespec t = { 0, NAP_MS * 1000000L };
  nanosleep(&t, NULL);
  return 1;
}

/* ---- opening ---- */

/* Bytes 18 and 19 of a database in WAL mode are 2. */
static int look_at_file(const char *path, bool *wal, struct sl_err *err)
{
  unsigned char head[20];
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return sl_err_sys(err, errno, "cannot open MLflow's store %s", path);
  ssize_t n = fstat(fd, &st) ? -1 : S_ISREG(st.st_mode) ? read(fd, head, sizeof head) : -2;
  int bad = errno;
  close(fd);
  if (n == -1)
    return sl_err_sys(err, bad, "cannot read MLflow's store %s", path);
  if (n == -2)
    return sl_err_set(err, SL_EPARSE, "%s is no file; uri must name MLflow's SQLite store", path);
  if (n < (ssize_t)sizeof head || memcmp(head, "SQLite format 3", 16) != 0)
    return sl_err_set(err, SL_EPARSE, "%s is no SQLite database", path);
  *wal = head[18] == 2 && head[19] == 2;
  return SL_OK;
}

static bool has_wal(const char *path)
{
  char *wal = sl_asprintf("%s-wal", path);
  struct stat st;
  bool there = !wal || !stat(wal, &st); /* not to be told: rather not */
  sl_free(wal);
  return there;
}

static int file_uri(struct sl_buf *b, const char *path, const char *how, struct sl_err *err)
{
  struct sl_str rest = sl_str(path), part;
  sl_buf_z(b, "file://");
  for (bool first = true; sl_str_cut(&rest, '/', &part); first = false) {
    sl_buf_z(b, first ? "" : "/");
    sl_fmt_percent(b, part);
  }
  sl_buf_z(b, how);
  return sl_buf_check(b, err);
}

static int open_db(struct mlflow_store *s, struct sl_err *err)
{
  struct sl_buf uri;
  bool wal = false;
  sl_buf_init(&uri, 0);
  int rc = look_at_file(s->m->path, &wal, err);
  if (!rc)
    rc = file_uri(&uri, s->m->path, s->write ? "?mode=rw" : wal && !has_wal(s->m->path) ? "?mode=ro&immutable=1" : "?mode=ro", err);
  int flags = (s->write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
  int sq = rc ? SQLITE_OK : sqlite3_open_v2(uri.p, &s->db, flags, NULL);
  sl_buf_free(&uri);
  if (rc || sq)
    return rc ? rc : mlflow_sql_fail(s, sq, err);
  s->give_up = mono_ms() + (s->m->timeout_ms && s->m->timeout_ms < LOCK_MS ? s->m->timeout_ms : LOCK_MS);
  sqlite3_extended_result_codes(s->db, 1);
  sqlite3_busy_handler(s->db, on_busy, s);
  sqlite3_progress_handler(s->db, PROGRESS_OPS, on_progress, s);
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
  char pragma[48];
  snprintf(pragma, sizeof pragma, "PRAGMA cache_size=-%d", CACHE_KIB);
  sq = sqlite3_exec(s->db, pragma, NULL, NULL, NULL);
  return sq ? mlflow_sql_fail(s, sq, err) : SL_OK;
}

/* ---- statements ---- */

int mlflow_prepare(struct mlflow_store *s, sqlite3_stmt **out, const char *sql, struct sl_err *err)
{
  int sq = sqlite3_prepare_v2(s->db, sql, -1, out, NULL);
  if (sq)
    return mlflow_sql_fail(s, sq, err);
  if (!s->write && !sqlite3_stmt_readonly(*out)) {
    sqlite3_finalize(*out);
    *out = NULL;
    return sl_err_set(err, SL_EINTERNAL, "a statement that could write was refused");
  }
  return SL_OK;
}

int mlflow_step(struct mlflow_store *s, sqlite3_stmt *st, bool *row, struct sl_err *err)
{
  int sq = sqlite3_step(st);
  *row = sq == SQLITE_ROW;
  return sq == SQLITE_ROW || sq == SQLITE_DONE ? SL_OK : mlflow_sql_fail(s, sq, err);
}

int mlflow_bind_text(struct mlflow_store *s, sqlite3_stmt *st, int n, struct sl_str v, struct sl_err *err)
{
  int sq = sqlite3_bind_text64(st, n, v.p ? v.p : "", v.n, SQLITE_STATIC, SQLITE_UTF8);
  return sq ? mlflow_sql_fail(s, sq, err) : SL_OK;
}

int mlflow_bind(struct mlflow_store *s, sqlite3_stmt *st, int n, const struct sl_val *v, struct sl_err *err)
{
  int sq;
  switch (v->type) {
  case SL_BOOL: sq = sqlite3_bind_int(st, n, v->u.b); break;
  case SL_I64:
  case SL_TIME: sq = sqlite3_bind_int64(st, n, v->u.i); break;
  case SL_F64: sq = sqlite3_bind_double(st, n, v->u.f); break;
  default: return mlflow_bind_text(s, st, n, v->u.s, err);
  }
  return sq ? mlflow_sql_fail(s, sq, err) : SL_OK;
}

struct sl_str mlflow_col(sqlite3_stmt *st, int i)
{
  const char *p = (const char *)sqlite3_column_text(st, i);
  return p ? sl_strn(p, (size_t)sqlite3_column_bytes(st, i)) : SL_STR_NONE;
}

struct sl_str mlflow_col_value(struct mlflow_store *s, sqlite3_stmt *st, int i)
{
  struct sl_str v = mlflow_col(st, i);
  if (v.n <= SL_MLFLOW_VALUE_MAX)
    return v;
  s->cuts++;
  sl_buf_clear(&s->cut);
  sl_mlflow_cut(&s->cut, v, 0, SL_MLFLOW_VALUE_MAX);
  return s->cut.failed ? sl_str_head(v, SL_MLFLOW_VALUE_MAX) : sl_buf_view(&s->cut);
}

bool mlflow_col_ms(sqlite3_stmt *st, int i, sl_ms *out)
{
  *out = sqlite3_column_int64(st, i);
  return sqlite3_column_type(st, i) != SQLITE_NULL;
}

/* The first column of the first row as text; none: no row. */
static int one_text(struct mlflow_store *s, const char *sql, struct sl_buf *out, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row = false;
  int rc = mlflow_prepare(s, &st, sql, err);
  if (!rc)
    rc = mlflow_step(s, st, &row, err);
  sl_buf_clear(out);
  if (!rc && row)
    sl_buf_str(out, mlflow_col(st, 0));
  sqlite3_finalize(st);
  return rc ? rc : sl_buf_check(out, err);
}

/* Workspaces that another program keeps are not in the table: then the store's own rows say that there is one. */
static int check_workspace(struct mlflow_store *s, struct sl_err *err)
{
  static const char sql[] = "SELECT 1 WHERE ?1='default' OR EXISTS(SELECT 1 FROM workspaces WHERE name=?1) OR "
    "EXISTS(SELECT 1 FROM experiments WHERE workspace=?1) OR EXISTS(SELECT 1 FROM registered_models WHERE workspace=?1)";
  sqlite3_stmt *st = NULL;
  bool row = false;
  int rc = mlflow_prepare(s, &st, sql, err);
  rc = rc ? rc : mlflow_bind_text(s, st, 1, sl_str(s->m->workspace), err);
  rc = rc ? rc : mlflow_step(s, st, &row, err);
  sqlite3_finalize(st);
  if (!rc && !row)
    rc = sl_err_set(err, SL_ECONFIG, "the store has no workspace %.60s; mend %s", s->m->workspace,
                    s->m->workspace_env ? "MLFLOW_WORKSPACE" : "the setting `workspace`");
  return rc;
}

/* What is it, and do we know it? note: what to say although it works. */
static int check_schema(struct mlflow_store *s, struct sl_err *note, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  int rc = one_text(s, "SELECT count(*) FROM sqlite_schema WHERE type='table' "
                    "AND name IN ('alembic_version','runs','experiments')", &b, err);
  if (!rc && !sl_str_eqz(sl_buf_view(&b), "3"))
    rc = sl_err_set(err, SL_EPARSE, "%s is a SQLite database, but no MLflow store (it lacks alembic_version, runs or experiments)",
                    s->m->path);
  if (!rc)
    rc = one_text(s, "SELECT version_num FROM alembic_version", &b, err);
  enum sl_mlflow_schema known = rc ? SL_MLFLOW_KNOWN : sl_mlflow_schema(sl_buf_view(&b));
  if (known == SL_MLFLOW_OLD)
    rc = sl_err_set(err, SL_EUNSUP, "%s is of an MLflow before 2.3; upgrade it: mlflow db upgrade sqlite:///%s", s->m->path, s->m->path);
  if (known == SL_MLFLOW_NEWER)
    sl_err_set(note, SL_EUNSUP, "its schema %.*s is newer than we know (MLflow 3.17): what fits is shown", SL_ARG(sl_buf_view(&b)));
  if (!rc)
    rc = one_text(s, "SELECT count(*) FROM pragma_table_info('registered_models') WHERE name='workspace'", &b, err);
  s->workspaces = !rc && sl_str_eqz(sl_buf_view(&b), "1");
  if (!rc && s->workspaces && s->m->workspace_set)
    rc = check_workspace(s, err);
  if (!rc)
    rc = one_text(s, "PRAGMA encoding", &b, err);
  s->utf8 = !rc && sl_str_eqz(sl_buf_view(&b), "UTF-8");
  sl_buf_free(&b);
  return rc;
}

/* Only a store whose every table we know, and whose tables run nothing of a stranger's when they are written to. */
static int may_write(struct mlflow_store *s, bool newer, struct sl_err *err)
{
  struct sl_buf b;
  const char *path = s->m->path;
  if (newer)
    return sl_err_set(err, SL_EUNSUP, "%s is of a newer MLflow than we know: write through its server (mlflow server "
                      "--backend-store-uri sqlite:///%s)", path, path);
  if (!s->utf8)
    return sl_err_set(err, SL_EUNSUP, "%s keeps its text in another encoding than UTF-8; it is read only", path);
  if (sqlite3_db_readonly(s->db, "main"))
    return sl_err_set(err, SL_EDENIED, "%s may not be written by this account", path);
  sl_buf_init(&b, 4096);
  int rc = one_text(s, "SELECT count(*) FROM sqlite_schema WHERE type='trigger' AND tbl_name IN ('runs','tags','registered_models',"
                    "'model_versions','registered_model_tags','model_version_tags','registered_model_aliases')", &b, err);
  if (!rc && !sl_str_eqz(sl_buf_view(&b), "0"))
    rc = sl_err_set(err, SL_EUNSUP, "%s has triggers that MLflow did not make; it is read only", path);
  sl_buf_free(&b);
  return rc;
}

/* ---- the job ---- */

static void cuts_tell(struct mlflow_store *s)
{
  char note[90];
  sl_buf_free(&s->cut);
  if (!s->cuts || !s->q)
    return;
  mlflow_cuts_words(s->cuts, note, sizeof note);
  sl_feed_cut(s->f, note);
}

static int job_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct store_job *j = user;
  struct mlflow_store *s = &j->s;
  struct sl_err note = { 0 };
  int64_t began = mono_ms();
  s->f = f;
  int rc = s->m->path ? open_db(s, err) : SL_OK;
  if (!s->m->path)
    sl_err_set(&note, SL_EUNSUP, "MLflow's old file store, read only; MLflow from 3.13 on refuses it without MLFLOW_ALLOW_FILE_STORE=true");
  if (!rc && s->db)
    rc = check_schema(s, &note, err);
  j->latency_ms = mono_ms() - began;
  if (!rc && s->write)
    rc = may_write(s, note.msg[0] != 0, err);
  /* one read transaction: rows and their families are of one moment */
  int sq = rc || s->write || !s->db ? SQLITE_OK : sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL);
  if (sq)
    rc = mlflow_sql_fail(s, sq, err);
  sl_buf_init(&s->cut, SL_MLFLOW_VALUE_MAX + 64);
  if (!rc)
    rc = j->fn(s, err);
  cuts_tell(s);
  sqlite3_close(s->db);
  s->db = NULL;
  j->rc = rc;
  j->err = rc && err ? *err : note;
  return rc;
}

static void store_free(struct store_job *j)
{
  sl_recorder_close(j->s.recorder);
  sl_schema_unref(j->s.schema);
  sl_ws_conf_unref(j->s.conf);
  sl_free(j);
}

/* On the loop: what became known of the store. */
static void job_free(void *user)
{
  struct store_job *j = user;
  bool about_it = j->rc != SL_ECANCELED && j->rc != SL_ENOENT && j->rc != SL_ENOMEM && j->rc != SL_EUSAGE &&
    j->rc != SL_EDENIED;
  if (about_it || j->err.msg[0] == 0)
    sl_backend_report(j->b, j->rc ? "failed" : "ok", NULL, 0, j->latency_ms, j->err.msg[0] ? &j->err : NULL);
  store_free(j);
}

static int start(struct sl_req *r, const struct sl_call *call, bool write, mlflow_store_fn *fn, struct sl_err *err)
{
  struct sl_backend *b = sl_req_backend(r);
  const struct sl_query *q = sl_req_query(r);
  const struct sl_ws_conf *conf = sl_backend_ws_conf(b);
  struct sl_schema *schema = q ? sl_req_schema(r) : NULL;
  struct store_job *j = schema || !q ? sl_calloc(1, sizeof *j) : NULL;
  if (!j)
    return sl_err_nomem(err);
  *j = (struct store_job){ .b = b, .fn = fn };
  j->s = (struct mlflow_store){ .m = sl_backend_state(b), .schema = schema ? sl_schema_ref(schema) : NULL, .q = q,
                                .call = call, .write = write, .now = sl_loop_wall(sl_backend_loop(b)) };
  j->s.conf = conf ? sl_ws_conf_ref((struct sl_ws_conf *)(uintptr_t)conf) : NULL; /* counting changes nothing that it says */
  if (!q && !call) {
    j->s.uri = sl_req_uri(r);
    j->s.off = sl_req_off(r);
    j->s.len = sl_req_len(r);
  }
  if (q && q->res == &sl_res_versions)
    j->s.recorder = sl_recorder_open(b);
  static const struct sl_feed_ops ops = { .work = job_work, .free = job_free };
  int rc = sl_req_work(r, SL_LANE_LONG, &ops, j, err);
  if (rc)
    store_free(j);
  return rc;
}

int mlflow_store_start(struct sl_req *r, mlflow_store_fn *fn, struct sl_err *err)
{
  return start(r, NULL, false, fn, err);
}

int mlflow_store_call(struct sl_req *r, const struct sl_call *call, bool write, mlflow_store_fn *fn, struct sl_err *err)
{
  return start(r, call, write, fn, err);
}
