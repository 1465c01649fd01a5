/* box/scan.c: columns of a query past a function: each thread has a connection and a share of the columns, so that nothing is shared but
 * the engine, and what is made of a column does not know how many threads there were. */
#include "box/scan.h"

#include <stdio.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "box/sqlscan.h"

enum { COLUMNS_MAX = 20000 };

/* ---- what the columns are ---- */

static const struct { int id; const char *name, *cast; enum sl_sketch_class is; enum sl_sketch_kind kind; } types[] = {
  { DUCK_BOOLEAN, "BOOLEAN", NULL, SL_SKETCH_BOOL, SL_SKETCH_WHOLE },
  { DUCK_TINYINT, "TINYINT", NULL, SL_SKETCH_NUMBER, SL_SKETCH_WHOLE },
  { DUCK_SMALLINT, "SMALLINT", NULL, SL_SKETCH_NUMBER, SL_SKETCH_WHOLE },
  { DUCK_INTEGER, "INTEGER", NULL, SL_SKETCH_NUMBER, SL_SKETCH_WHOLE },
  { DUCK_BIGINT, "BIGINT", NULL, SL_SKETCH_NUMBER, SL_SKETCH_WHOLE },
  { DUCK_UTINYINT, "UTINYINT", NULL, SL_SKETCH_NUMBER, SL_SKETCH_WHOLE },
  { DUCK_USMALLINT, "USMALLINT", NULL, SL_SKETCH_NUMBER, SL_SKETCH_WHOLE },
  { DUCK_UINTEGER, "UINTEGER", NULL, SL_SKETCH_NUMBER, SL_SKETCH_WHOLE },
  { DUCK_UBIGINT, "UBIGINT", "DOUBLE", SL_SKETCH_NUMBER, SL_SKETCH_FLOAT },
  { DUCK_HUGEINT, "HUGEINT", "DOUBLE", SL_SKETCH_NUMBER, SL_SKETCH_FLOAT },
  { DUCK_UHUGEINT, "UHUGEINT", "DOUBLE", SL_SKETCH_NUMBER, SL_SKETCH_FLOAT },
  { DUCK_DECIMAL, "DECIMAL", "DOUBLE", SL_SKETCH_NUMBER, SL_SKETCH_FLOAT },
  { DUCK_FLOAT, "FLOAT", NULL, SL_SKETCH_NUMBER, SL_SKETCH_FLOAT }, { DUCK_DOUBLE, "DOUBLE", NULL, SL_SKETCH_NUMBER, SL_SKETCH_FLOAT },
  { DUCK_DATE, "DATE", NULL, SL_SKETCH_TIME, SL_SKETCH_WHOLE }, { DUCK_TIMESTAMP, "TIMESTAMP", NULL, SL_SKETCH_TIME, SL_SKETCH_WHOLE },
  { DUCK_TIMESTAMP_S, "TIMESTAMP_S", "TIMESTAMP", SL_SKETCH_TIME, SL_SKETCH_WHOLE },
  { DUCK_TIMESTAMP_MS, "TIMESTAMP_MS", "TIMESTAMP", SL_SKETCH_TIME, SL_SKETCH_WHOLE },
  { DUCK_TIMESTAMP_NS, "TIMESTAMP_NS", "TIMESTAMP", SL_SKETCH_TIME, SL_SKETCH_WHOLE },
  { DUCK_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE", NULL, SL_SKETCH_TIME, SL_SKETCH_WHOLE },
  { DUCK_TIME, "TIME", "VARCHAR", SL_SKETCH_TIME, SL_SKETCH_TEXT },
  { DUCK_TIME_TZ, "TIME WITH TIME ZONE", "VARCHAR", SL_SKETCH_TIME, SL_SKETCH_TEXT },
  { DUCK_INTERVAL, "INTERVAL", "VARCHAR", SL_SKETCH_TIME, SL_SKETCH_TEXT },
  { DUCK_VARCHAR, "VARCHAR", NULL, SL_SKETCH_WORDS, SL_SKETCH_TEXT }, { DUCK_ENUM, "ENUM", "VARCHAR", SL_SKETCH_WORDS, SL_SKETCH_TEXT },
  { DUCK_UUID, "UUID", "VARCHAR", SL_SKETCH_WORDS, SL_SKETCH_TEXT }, { DUCK_BIT, "BIT", "VARCHAR", SL_SKETCH_WORDS, SL_SKETCH_TEXT },
};
enum { TYPES = sizeof types / sizeof types[0] };

static size_t known(int id)
{
  size_t i = 0;
  while (i < TYPES && types[i].id != id)
    i++;
  return i;
}

const char *scan_type_name(int type) { return known(type) < TYPES ? types[known(type)].name : "nested"; }

void scan_columns_free(struct scan_columns *c)
{
  for (size_t i = 0; i < c->n; i++)
    sl_free(c->at[i].name);
  sl_free(c->at);
  *c = (struct scan_columns){ .at = NULL };
}

static int take_column(const struct duck *d, duck_prepared p, uint64_t i, struct scan_column *c, struct sl_err *err)
{
  duck_type t = d->prepared_statement_column_logical_type(p, i);
  const char *name = d->prepared_statement_column_name(p, i);
  c->type = t ? d->get_type_id(t) : 0;
  d->destroy_logical_type(&t);
  size_t k = known(c->type);
  c->cast = k < TYPES ? types[k].cast : "VARCHAR";
  c->is = k < TYPES ? types[k].is : SL_SKETCH_OTHER;
  c->kind = k < TYPES ? types[k].kind : SL_SKETCH_TEXT;
  c->name = sl_strdup(name ? name : "");
  return c->name ? SL_OK : sl_err_nomem(err);
}

int scan_columns(const struct duck *d, duck_conn conn, const char *sql, struct scan_columns *out, struct sl_err *err)
{
  duck_prepared p = NULL;
  int type = DUCK_ST_INVALID;
  *out = (struct scan_columns){ .at = NULL };
  int rc = duck_prepare(d, conn, sql, &p, &type, err);
  if (!rc && type != DUCK_ST_SELECT)
    rc = sl_err_set(err, SL_EREADONLY, "a data set is a query: select, from, with, values");
  uint64_t n = rc ? 0 : d->prepared_statement_column_count(p);
  if (!rc && n > COLUMNS_MAX)
    rc = sl_err_set(err, SL_ELIMIT, "%llu columns; at most %d are taken", (unsigned long long)n, COLUMNS_MAX);
  if (!rc && !(out->at = sl_calloc(n + 1, sizeof *out->at)))
    rc = sl_err_nomem(err);
  for (uint64_t i = 0; !rc && i < n; i++) {
    rc = take_column(d, p, i, &out->at[i], err);
    out->n += !rc;
  }
  d->destroy_prepare(&p);
  if (rc)
    scan_columns_free(out);
  return rc;
}

/* ---- one thread's share ---- */

struct share {
  struct sl_box_ctx *c;
  const struct duck *d;
  duck_conn conn;
  char *sql;
  size_t *column, n;           /* of which the statement's columns are */
  scan_fn *fn;
  void *user;
  atomic_bool *stop;
  int rc;
  struct sl_err err;
};

static int pass_vector(struct share *s, duck_result *r, duck_chunk k, size_t i)
{
  duck_vector v = s->d->data_chunk_get_vector(k, i);
  duck_type t = s->d->column_logical_type(r, i);
  struct scan_span span = { .column = s->column[i], .type = s->d->get_type_id(t), .data = s->d->vector_get_data(v),
                            .valid = s->d->vector_get_validity(v), .n = (size_t)s->d->data_chunk_get_size(k) };
  s->d->destroy_logical_type(&t);
  if (span.n > SCAN_CHUNK)
    return sl_err_set(&s->err, SL_EPROTO, "the engine sent %zu rows at once", span.n);
  return s->fn(s->user, &span, &s->err);
}

static int pass_chunks(struct share *s, duck_result *r)
{
  int rc = SL_OK;
  while (!rc && !atomic_load(s->stop)) {
    duck_chunk k = s->d->fetch_chunk(*r);
    const char *why = k ? NULL : s->d->result_error(r);
    if (!k)
      return why && *why ? duck_error(&s->err, why) : SL_OK;
    for (size_t i = 0; !rc && i < s->n; i++)
      rc = pass_vector(s, r, k, i);
    s->d->destroy_data_chunk(&k);
  }
  return rc;
}

static void *run_share(void *user)
{
  struct share *s = user;
  duck_prepared p = NULL;
  duck_result r = { { 0 }, { NULL } };
  int type;
  int rc = duck_prepare(s->d, s->conn, s->sql, &p, &type, &s->err);
  if (!rc)
    rc = duck_execute(s->d, s->conn, s->c, p, &r, &s->err);
  if (!rc)
    rc = pass_chunks(s, &r);
  s->d->destroy_result(&r);
  s->d->destroy_prepare(&p);
  s->rc = rc;
  if (rc)
    atomic_store(s->stop, true);
  return NULL;
}

/* Columns by number, since names may repeat. */
static int put_sql(struct share *s, struct sl_str sql, const struct scan_columns *all, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 32 << 20);
  sl_buf_z(&b, "SELECT ");
  for (size_t i = 0; i < s->n; i++) {
    const char *cast = all->at[s->column[i]].cast;
    sl_buf_printf(&b, cast ? "%sCAST(c%zu AS %s)" : "%sc%zu", i ? ", " : "", s->column[i], cast);
  }
  sl_buf_printf(&b, " FROM (\n%.*s\n) AS t(", SL_ARG(sql));
  for (size_t i = 0; i < all->n; i++)
    sl_buf_printf(&b, "%sc%zu", i ? ", " : "", i);
  sl_buf_z(&b, ")");
  int rc = sl_buf_check(&b, err);
  s->sql = rc ? NULL : sl_buf_take(&b, NULL);
  sl_buf_free(&b);
  return rc;
}

static bool leaves_out(struct sl_str sql)
{
  return sl_str_starts(sql, SL_STR("FROM read_parquet(")) ||
         (sl_str_starts(sql, SL_STR("FROM '")) && sl_str_ends(sql, SL_STR(".parquet'")));
}

static int open_share(struct share *s, struct sl_str sql, const struct scan_columns *all, const size_t *which, size_t n, size_t first,
                      size_t step, struct sl_err *err)
{
  s->column = sl_calloc(n + 1, sizeof *s->column);
  if (!s->column)
    return sl_err_nomem(err);
  for (size_t i = first; i < n; i += step)
    s->column[s->n++] = which[i];
  int rc = put_sql(s, sql, all, err);
  return rc ? rc : duck_own_connect(s->c, &s->conn, err);
}

static void run_all(struct share *s, size_t n)
{
  pthread_t id[SCAN_THREADS_MAX];
  size_t started = 0;
  while (started + 1 < n && !pthread_create(&id[started], NULL, run_share, &s[started]))
    started++;
  for (size_t i = started; i < n; i++)
    run_share(&s[i]);
  for (size_t i = 0; i < started; i++)
    pthread_join(id[i], NULL);
}

int scan_run(struct sl_box_ctx *c, struct sl_str sql, const struct scan_columns *all, const size_t *which, size_t n, unsigned threads,
             scan_fn *fn, void *user, struct sl_err *err)
{
  struct share share[SCAN_THREADS_MAX] = { { .c = NULL } };
  struct duck_own *own = c->own;
  atomic_bool stop = false;
  size_t k = !leaves_out(sql) || threads < 1 ? 1 : threads < SCAN_THREADS_MAX ? threads : SCAN_THREADS_MAX;
  k = k < n ? k : n;
  int rc = SL_OK;
  for (size_t i = 0; i < k; i++)
    share[i] = (struct share){ .c = c, .d = &own->d, .fn = fn, .user = user, .stop = &stop };
  for (size_t i = 0; i < k && !rc; i++)
    rc = open_share(&share[i], sql, all, which, n, i, k, err);
  if (!rc)
    run_all(share, k);
  for (size_t i = 0; i < k; i++) {
    if (!rc && share[i].rc) {
      rc = share[i].rc;
      if (err)
        *err = share[i].err;
    }
    if (share[i].conn)
      own->d.disconnect(&share[i].conn);
    sl_free(share[i].sql);
    sl_free(share[i].column);
  }
  return rc;
}
