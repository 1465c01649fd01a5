/* box/monitor_data.c: a query's rows become Model Monitor's statistics: numbers in one pass through a sketch a column, texts counted by the
 * engine. Memory is what the sketches need, however many rows there are. */
#include "box/monitor_data.h"

#include <math.h>

#include "base/fmt.h"
#include "box/sqlscan.h"

struct column { char *name; bool number, whole; size_t feature; };   /* whole: a type of integers */
/* mean and m2 by Welford's update; the sum with its lost digits (Neumaier). */
struct moments { double n, mean, m2, sum, lost; };
struct data {
  struct sl_box_ctx *c;
  const struct duck *d;
  duck_conn conn;
  struct sl_monitor_stats *out;
  struct column *col;
  size_t n, at_text;             /* at_text: whose texts a statement is about */
  struct moments *m;             /* a feature each */
};

/* ---- statements of ours ---- */

typedef int each_fn(struct data *w, const struct sl_columns *chunk, struct sl_err *err);

/* Rows come a chunk at a time and are gone after it. */
static int run(struct data *w, const char *sql, each_fn *each, struct sl_err *err)
{
  duck_prepared p = NULL;
  duck_result r = { { 0 }, { NULL } };
  struct sl_columns f = { 0 };
  bool more = true;
  int type, rc = duck_prepare(w->d, w->conn, sql, &p, &type, err);
  if (!rc)
    rc = duck_columns_open(w->d, p, false, &f, err);
  if (!rc)
    rc = duck_execute(w->d, w->conn, w->c, p, &r, err);
  while (!rc && more) {
    sl_columns_clear(&f);
    rc = duck_columns_next(w->d, &r, &f, &more, err);
    if (!rc && sl_columns_rows(&f))
      rc = each(w, &f, err);
  }
  w->d->destroy_result(&r);
  w->d->destroy_prepare(&p);
  sl_columns_free(&f);
  return rc;
}

static int run_buf(struct data *w, struct sl_buf *sql, each_fn *each, struct sl_err *err)
{
  int rc = sl_buf_check(sql, err);
  if (!rc)
    rc = run(w, sql->p, each, err);
  sl_buf_free(sql);
  return rc;
}

static int make(struct data *w, struct sl_str sql, struct sl_err *err)
{
  duck_prepared p = NULL;
  struct sl_buf b;
  sl_buf_init(&b, WIRE_MAX_IN);
  sl_buf_str(&b, sql);
  int type = DUCK_ST_INVALID, rc = sl_buf_check(&b, err);
  rc = rc ? rc : duck_prepare(w->d, w->conn, sl_buf_zstr(&b), &p, &type, err);
  w->d->destroy_prepare(&p);
  if (!rc && type != DUCK_ST_SELECT)
    rc = sl_err_set(err, SL_EREADONLY, "a data set is a query: select, from, with, values");
  sl_buf_clear(&b);
  bool again = sl_str_starts(sql, SL_STR("FROM read_parquet("));
  sl_buf_printf(&b, "CREATE TEMP %s sluice_data AS SELECT * FROM (\n%.*s\n)", again ? "VIEW" : "TABLE", SL_ARG(sql_without_end(sql)));
  rc = rc ? rc : sl_buf_check(&b, err);
  if (!rc)
    rc = duck_why_csv(w->d, w->conn, duck_do(w->d, w->conn, b.p, err), err);
  sl_buf_free(&b);
  return rc;
}

/* ---- columns ---- */

static bool is_number(int id, bool *whole)
{
  *whole = false;
  switch (id) {
  case DUCK_TINYINT: case DUCK_SMALLINT: case DUCK_INTEGER: case DUCK_BIGINT: case DUCK_UTINYINT: case DUCK_USMALLINT: case DUCK_UINTEGER:
  case DUCK_UBIGINT: case DUCK_HUGEINT: case DUCK_UHUGEINT: *whole = true; return true;
  case DUCK_FLOAT: case DUCK_DOUBLE: case DUCK_DECIMAL: return true;
  default: return false;
  }
}

static int take_column(struct data *w, duck_prepared p, uint64_t i, struct sl_err *err)
{
  duck_type t = w->d->prepared_statement_column_logical_type(p, i);
  const char *name = w->d->prepared_statement_column_name(p, i);
  struct column *c = &w->col[w->n];
  c->number = is_number(t ? w->d->get_type_id(t) : 0, &c->whole);
  w->d->destroy_logical_type(&t);
  c->name = sl_strdup(name ? name : "");
  if (!c->name)
    return sl_err_nomem(err);
  c->feature = w->n++;
  struct sl_monitor_feature *f = sl_monitor_feature_add(w->out, sl_str(c->name), err);
  if (!f)
    return err ? err->code : SL_ENOMEM;
  f->type = !c->number ? SL_MONITOR_STRING : c->whole ? SL_MONITOR_INTEGRAL : SL_MONITOR_FRACTIONAL;
  return SL_OK;
}

static int take_columns(struct data *w, struct sl_err *err)
{
  duck_prepared p = NULL;
  int type, rc = duck_prepare(w->d, w->conn, "SELECT * FROM sluice_data", &p, &type, err);
  uint64_t n = rc ? 0 : w->d->prepared_statement_column_count(p);
  if (n > SL_MONITOR_FEATURES_MAX)
    rc = sl_err_set(err, SL_ELIMIT, "more than %d columns", SL_MONITOR_FEATURES_MAX);
  w->col = rc ? NULL : sl_calloc(n + 1, sizeof *w->col);
  w->m = rc ? NULL : sl_calloc(n + 1, sizeof *w->m);
  if (!rc && (!w->col || !w->m))
    rc = sl_err_nomem(err);
  for (uint64_t i = 0; !rc && i < n; i++)
    rc = take_column(w, p, i, err);
  w->d->destroy_prepare(&p);
  return rc;
}

static struct sl_monitor_feature *feature(const struct data *w, size_t i) { return &w->out->at[w->col[i].feature]; }

/* ---- texts: counted by the engine; those that all read as numbers are numbers, as Deequ infers them ---- */

static void put_name(struct sl_buf *b, const struct column *c) { sl_fmt_quote(b, sl_str(c->name), '"'); }

static int on_texts(struct data *w, const struct sl_columns *f, struct sl_err *err)
{
  struct sl_monitor_feature *m = feature(w, w->at_text);
  (void)err;
  double rows = sl_column_f64(&f->at[0], 0);
  m->present = sl_column_f64(&f->at[1], 0);
  m->missing = rows - m->present;
  m->distinct = sl_column_f64(&f->at[2], 0);
  m->whole = sl_column_f64(&f->at[3], 0);
  m->number = sl_column_f64(&f->at[4], 0);
  m->infinite = 0;
  return SL_OK;
}

static int on_values(struct data *w, const struct sl_columns *f, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < sl_columns_rows(f); i++)
    rc = sl_monitor_value_add(w->out, feature(w, w->at_text), sl_column_text(&f->at[0], i), sl_column_f64(&f->at[1], i), err);
  return rc;
}

static int count_texts(struct data *w, size_t i, size_t values, struct sl_err *err)
{
  struct sl_buf b;
  struct column *c = &w->col[i];
  struct sl_monitor_feature *m = feature(w, i);
  w->at_text = i;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "SELECT count(*), count(v), count(DISTINCT v), count(*) FILTER (WHERE regexp_full_match(v, '[-+]? ?[0-9]+')), "
               "count(*) FILTER (WHERE regexp_full_match(v, '[-+]? ?([0-9]+[.]?[0-9]*|[.][0-9]+)')) FROM (SELECT CAST(");
  put_name(&b, c);
  sl_buf_z(&b, " AS VARCHAR) AS v FROM sluice_data)");
  int rc = run_buf(w, &b, on_texts, err);
  if (rc)
    return rc;
  c->number = m->present > 0 && m->number == m->present;
  if (c->number)
    m->type = m->whole == m->present ? SL_MONITOR_INTEGRAL : SL_MONITOR_FRACTIONAL;
  else
    m->type = m->present > 0 ? SL_MONITOR_STRING : SL_MONITOR_UNKNOWN;
  m->texts = !c->number;
  if (c->number || m->distinct > (double)values || !(m->present > 0))
    return SL_OK;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "SELECT v, count(*) FROM (SELECT CAST(");
  put_name(&b, c);
  sl_buf_z(&b, " AS VARCHAR) AS v FROM sluice_data) WHERE v IS NOT NULL GROUP BY v ORDER BY 2 DESC, 1");
  return run_buf(w, &b, on_values, err);
}

/* ---- numbers ---- */

static void add_moment(struct moments *m, double v)
{
  double d = v - m->mean, sum = m->sum + v;
  m->lost += fabs(m->sum) >= fabs(v) ? (m->sum - sum) + v : (v - sum) + m->sum;
  m->sum = sum;
  m->n++;
  m->mean += d / m->n;
  m->m2 += d * (v - m->mean);
}

static int add_number(struct sl_monitor_feature *f, struct moments *m, const struct sl_column *c, size_t row, struct sl_err *err)
{
  double v = c->v.f64[row];
  if (!sl_column_has(c, row) || isnan(v)) {
    f->missing++;
    return SL_OK;
  }
  f->present++;
  if (isinf(v)) {
    f->infinite++;
    return SL_OK;
  }
  f->whole += v == trunc(v);
  f->min = f->min <= v ? f->min : v; /* also where it is not a number yet */
  f->max = f->max >= v ? f->max : v;
  add_moment(m, v);
  return sl_kll_add(&f->sketch, v, err);
}

static int on_numbers(struct data *w, const struct sl_columns *f, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0, k = 0; !rc && i < w->n; i++) {
    if (!w->col[i].number)
      continue;
    const struct sl_column *c = &f->at[k++];
    for (size_t row = 0; !rc && row < c->n; row++)
      rc = add_number(feature(w, i), &w->m[i], c, row, err);
  }
  return rc;
}

static int begin_numbers(struct data *w, size_t i, struct sl_err *err)
{
  struct sl_monitor_feature *f = feature(w, i);
  f->numbers = f->has_sketch = true;
  f->present = f->missing = f->whole = f->infinite = 0;
  return sl_kll_init(&f->sketch, SL_KLL_K, SL_KLL_C, err);
}

static int end_numbers(struct data *w, size_t i, struct sl_err *err)
{
  struct sl_monitor_feature *f = feature(w, i);
  const struct moments *m = &w->m[i];
  struct sl_kll_ranks r;
  double count[SL_KLL_BUCKETS];
  f->number = f->present;
  if (!(m->n > 0)) {
    f->type = f->present > 0 ? f->type : SL_MONITOR_UNKNOWN;
    f->has_sketch = false;
    return SL_OK;
  }
  f->sum = m->sum + m->lost;
  f->mean = f->sum / m->n;
  f->std = sqrt(m->m2 / m->n);
  int rc = sl_kll_ranks(&f->sketch, SL_KLL_ALL, &r, err);
  rc = rc ? rc : sl_grow((void **)&f->bucket, &f->cap_buckets, SL_KLL_BUCKETS, sizeof *f->bucket, SL_KLL_BUCKETS, err);
  if (!rc)
    sl_kll_buckets(&r, f->min, f->max, SL_KLL_BUCKETS, count);
  for (size_t k = 0; !rc && k < SL_KLL_BUCKETS; k++) {
    double step = f->max - f->min;
    f->bucket[f->nbuckets++] = (struct sl_monitor_bucket){ f->min + step * (double)k / SL_KLL_BUCKETS,
                                                           f->min + step * (double)(k + 1) / SL_KLL_BUCKETS, count[k] };
  }
  sl_kll_ranks_free(&r);
  return rc;
}

static int read_numbers(struct data *w, struct sl_err *err)
{
  struct sl_buf b;
  size_t k = 0;
  int rc = SL_OK;
  sl_buf_init(&b, WIRE_MAX_IN);
  for (size_t i = 0; !rc && i < w->n; i++) {
    if (!w->col[i].number)
      continue;
    sl_buf_z(&b, k++ ? ", CAST(" : "SELECT CAST(");
    put_name(&b, &w->col[i]);
    sl_buf_z(&b, " AS DOUBLE)");
    rc = begin_numbers(w, i, err);
  }
  sl_buf_z(&b, " FROM sluice_data");
  if (!rc && k)
    rc = run_buf(w, &b, on_numbers, err);
  else
    sl_buf_free(&b);
  for (size_t i = 0; !rc && i < w->n; i++)
    rc = w->col[i].number ? end_numbers(w, i, err) : SL_OK;
  return rc;
}

/* ---- all of it ---- */

static int on_rows(struct data *w, const struct sl_columns *f, struct sl_err *err)
{
  w->out->items = sl_column_f64(&f->at[0], 0);
  return w->out->items > 0 ? SL_OK : sl_err_set(err, SL_EPARSE, "no rows");
}

int monitor_data_read(struct sl_box_ctx *c, struct sl_str sql, size_t values, struct sl_monitor_stats *out, struct sl_err *err)
{
  struct duck_own *own = c->own;
  struct data w = { .c = c, .d = &own->d, .out = out };
  *out = (struct sl_monitor_stats){ .items = 0 };
  sl_arena_init(&out->mem, (size_t)256 << 20);
  int rc = duck_own_connect(c, &w.conn, err);
  rc = rc ? rc : make(&w, sql, err);
  rc = rc ? rc : take_columns(&w, err);
  rc = rc ? rc : run(&w, "SELECT count(*) FROM sluice_data", on_rows, err);
  for (size_t i = 0; !rc && i < w.n; i++) {
    rc = w.col[i].number ? SL_OK : count_texts(&w, i, values, err);
    box_progress(c, i, w.n + 1);
  }
  rc = rc ? rc : read_numbers(&w, err);
  if (w.conn)
    own->d.disconnect(&w.conn);
  for (size_t i = 0; i < w.n; i++)
    sl_free(w.col[i].name);
  sl_free(w.col);
  sl_free(w.m);
  return rc;
}
