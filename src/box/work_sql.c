/* box/work_sql.c: one statement, checked by the engine's own parser to be a query, run over files and the rows that were sent in. */
#include <stdio.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "box/duck.h"
#include "box/sqlscan.h"

/* What a statement that is no query is told. */
static const char *instead(int type)
{
  switch (type) {
  case DUCK_ST_COPY:
  case DUCK_ST_EXPORT: return "COPY is refused here; write the SELECT alone, and where it goes with --out FILE";
  case DUCK_ST_ATTACH:
  case DUCK_ST_DETACH: return "ATTACH is refused here; read files by name: FROM 'file.parquet', or name a connection with -c";
  case DUCK_ST_LOAD:
  case DUCK_ST_EXTENSION: return "INSTALL and LOAD are refused here; what the engine holds is all there is";
  case DUCK_ST_SET:
  case DUCK_ST_VARIABLE_SET:
  case DUCK_ST_PRAGMA: return "settings are fixed here; memory and threads of the box are in config.yaml";
  case DUCK_ST_CALL: return "CALL is refused here; ask functions that return rows by SELECT * FROM f()";
  case DUCK_ST_INSERT:
  case DUCK_ST_UPDATE:
  case DUCK_ST_DELETE: return "only queries run here: nothing is kept that could be changed; write a new file with --out FILE";
  case DUCK_ST_CREATE:
  case DUCK_ST_CREATE_FUNC:
  case DUCK_ST_ALTER:
  case DUCK_ST_DROP: return "only queries run here; name parts of a query by WITH x AS (...)";
  case DUCK_ST_PREPARE:
  case DUCK_ST_EXECUTE: return "only queries run here; write the values into the statement";
  default: return "only queries run here: SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW, EXPLAIN";
  }
}

/* EXPLAIN ANALYZE runs what stands behind it: that must be a query, too. */
static int check_explained(const struct duck *d, duck_conn conn, struct sl_str sql, struct sl_err *err)
{
  duck_prepared p;
  int type = DUCK_ST_INVALID;
  struct sl_err first = { 0 };
  char *text = sl_strndup(sql.p, sql.n);
  if (!text)
    return sl_err_nomem(err);
  struct sl_str inner = sql_explained(sl_str(text));
  int rc = duck_prepare(d, conn, inner.p, &p, &type, &first);
  d->destroy_prepare(&p);
  if (rc == SL_EPARSE && inner.n && inner.p[0] == '(') { /* no parenthesised query: options of EXPLAIN */
    inner = sql_behind_parens(inner);
    rc = duck_prepare(d, conn, inner.p, &p, &type, &first);
    d->destroy_prepare(&p);
  }
  sl_free(text);
  if (rc && err)
    *err = first;
  if (!rc && type != DUCK_ST_SELECT)
    rc = sl_err_set(err, SL_EREADONLY, "%s", instead(type));
  return rc;
}

static int check(const struct duck *d, duck_conn conn, struct sl_str sql, int type, struct sl_err *err)
{
  if (type == DUCK_ST_SELECT)
    return SL_OK;
  if (type == DUCK_ST_EXPLAIN)
    return check_explained(d, conn, sql, err);
  return sl_err_set(err, SL_EREADONLY, "%s", instead(type));
}

/* ---- running ---- */

static int put_copy(struct sl_buf *b, const char *file, struct sl_str sql, uint64_t limit, struct sl_err *err)
{
  struct sl_str name = sl_str(file);
  const char *how = sl_str_ends(name, SL_STR(".parquet"))                                         ? "FORMAT parquet, COMPRESSION zstd"
                    : sl_str_ends(name, SL_STR(".csv"))                                           ? "FORMAT csv, HEADER"
                    : sl_str_ends(name, SL_STR(".ndjson")) || sl_str_ends(name, SL_STR(".jsonl")) ? "FORMAT json"
                    : sl_str_ends(name, SL_STR(".json"))                                          ? "FORMAT json, ARRAY true"
                                                                                                  : NULL;
  if (!how)
    return sl_err_set(err, SL_EUSAGE, "%s: results are written as .parquet, .csv, .ndjson or .json", strrchr(file, '/') + 1);
  sl_buf_z(b, "COPY (\n");
  if (limit)
    sl_buf_printf(b, "SELECT * FROM (\n%.*s\n) LIMIT %llu", SL_ARG(sql), (unsigned long long)limit);
  else
    sl_buf_str(b, sql);
  sl_buf_z(b, "\n) TO ");
  sl_fmt_quote(b, name, '\'');
  sl_buf_printf(b, " (%s)", how);
  return sl_buf_check(b, err);
}

/* The engine says how many rows it wrote in the one row of COPY's result. */
int duck_write_out(const struct duck *d, duck_conn conn, struct sl_box_ctx *c, struct sl_str sql, struct sl_err *err)
{
  struct sl_buf b;
  duck_prepared p = NULL;
  duck_result r = { { 0 }, { NULL } };
  int type;
  sl_buf_init(&b, 0);
  int rc = put_copy(&b, c->out_file, sql, c->work.limit, err);
  if (!rc)
    rc = duck_prepare(d, conn, b.p, &p, &type, err);
  if (!rc)
    rc = duck_execute(d, conn, c, p, &r, err);
  duck_chunk k = rc ? NULL : d->fetch_chunk(r);
  if (k) {
    int64_t *n = d->vector_get_data(d->data_chunk_get_vector(k, 0));
    c->rows = (uint64_t)*n;
    c->wrote = true;
    d->destroy_data_chunk(&k);
  } else if (!rc) {
    rc = duck_error(err, d->result_error(&r));
  }
  d->destroy_result(&r);
  d->destroy_prepare(&p);
  sl_buf_free(&b);
  return rc;
}

static int send_out(const struct duck *d, duck_conn conn, struct sl_box_ctx *c, struct sl_str sql, duck_prepared p, struct sl_err *err)
{
  struct sl_buf b;
  duck_prepared wrapped = NULL;
  duck_result r = { { 0 }, { NULL } };
  int type;
  sl_buf_init(&b, 0);
  int rc = duck_wrap(d, p, sql, &b, err);
  if (!rc && b.n)
    rc = duck_prepare(d, conn, b.p, &wrapped, &type, err);
  if (!rc)
    rc = duck_execute(d, conn, c, wrapped ? wrapped : p, &r, err);
  if (!rc)
    rc = duck_send(d, c, &r, p, err);
  d->destroy_result(&r);
  d->destroy_prepare(&wrapped);
  sl_buf_free(&b);
  return rc;
}

static int run_in(struct duck_own *own, duck_conn conn, struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  const struct duck *d = &own->d;
  duck_prepared p = NULL;
  int type = DUCK_ST_INVALID;
  int rc = duck_inputs(d, conn, c, err);
  if (!rc)
    rc = duck_prepare(d, conn, text.p, &p, &type, err);
  struct sl_str sql = sql_without_end(text);
  if (!rc)
    rc = check(d, conn, sql, type, err);
  if (!rc && c->out_file && type != DUCK_ST_SELECT)
    rc = sl_err_set(err, SL_EUSAGE, "only the rows of a SELECT can be written to a file");
  if (!rc)
    rc = c->out_file ? duck_write_out(d, conn, c, sql, err) : send_out(d, conn, c, sql, p, err);
  d->destroy_prepare(&p);
  return duck_why_csv(d, conn, rc, err);
}

static int sql_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  struct duck_own *own = c->own;
  duck_conn conn = NULL;
  if (text.n && memchr(text.p, 0, text.n))
    return sl_err_set(err, SL_EUSAGE, "the statement holds a NUL");
  char *z = sl_strndup(text.n ? text.p : "", text.n);
  if (!z)
    return sl_err_nomem(err);
  int rc = duck_own_connect(c, &conn, err);
  if (!rc)
    rc = run_in(own, conn, c, sl_str(z), err);
  if (conn)
    own->d.disconnect(&conn);
  sl_free(z);
  return rc;
}

const struct sl_box_worker box_worker_sql = { .kind = "sql", .load = duck_own_load, .run = sql_run };
