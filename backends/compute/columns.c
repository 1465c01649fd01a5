/* backends/compute/columns.c: the resource `columns`: what a file, a zone, or a statement's result is made of.
 *
 * First the engine says names and types, which costs a header or a sample. Where more is wanted it counts the rows, then profiles the
 * columns: up to EXACT_ROWS in groups, each group in one statement over the data, exactly; beyond, the box's work `profile` makes a
 * sketch of each (box/work_profile.c), and statements are left for types that it does not know. Without a scope: names and types of every
 * zone's data. */
#include <stdio.h>

#include "backend_compute/push_int.h"
#include "model/engine.h"
#include "base/fmt.h"
#include "base/json.h"
#include "box/sqlscan.h"

enum { GROUP = 40, GROUP_EXACT = 8, BINS = 20, CELLS_ONCE = 4000000, EXACT_ROWS = 200000, COLUMNS_MAX = 20000, NOTE_MAX = 96 };
enum { SKETCH_COLS = 10 };
enum { STAT_COUNT, STAT_DISTINCT, STAT_MIN, STAT_MAX, STAT_MEAN, STAT_QUANTILES, STAT_HISTOGRAM, STATS };
enum { COL_NAME, COL_TYPE, COL_NULLABLE, COL_NULLS, COL_DISTINCT, COL_MIN, COL_MAX, COL_MEAN, COL_TABLE, COL_Q25, COL_Q50, COL_Q75,
       COL_HISTOGRAM };

static const struct sl_col own[] = {
  { .name = "table", .type = SL_TEXT, .help = "the file, zone or statement that it belongs to" },
  { .name = "q25", .type = SL_F64, .help = "a quarter of the numbers is smaller" },
  { .name = "q50", .type = SL_F64, .help = "median" },
  { .name = "q75", .type = SL_F64, .help = "three quarters of the numbers are smaller" },
  { .name = "histogram", .type = SL_LIST, .help = "how many numbers in each of 20 equal steps from min to max, infinities apart" },
};

/* plain: has an order and single values. sketch: its row of what the box worked out, + 1 */
struct column { char *name, *type; bool number, plain; size_t sketch; };
struct work {
  struct compute_monitor file; /* of a statistics.json: nothing else is used then */
  struct compute *c;
  struct compute_prep *prep;
  struct compute_ask *ask;
  struct push_profile *push;
  bool pushdown;               /* the engine is asked for aggregations, instead of the box's work */
  char *table, *src, *only;    /* src: a SELECT over the data, addresses resolved; only: the one row that is wanted */
  char **reads;
  struct column *col;
  size_t ncols, next;
  struct sl_batch **sketches; size_t nsketches;
  int64_t rows;
  bool profile;
  size_t zone;                 /* no scope: the next one */
  sl_timer first;              /* begins with the zones, when the starting slot has returned */
  bool all;
};

static void table_reset(struct work *w)
{
  for (size_t i = 0; i < w->ncols; i++) {
    sl_free(w->col[i].name);
    sl_free(w->col[i].type);
  }
  for (size_t i = 0; w->reads && w->reads[i]; i++)
    sl_free(w->reads[i]);
  sl_free(w->reads);
  for (size_t i = 0; i < w->nsketches; i++)
    sl_batch_unref(w->sketches[i]);
  sl_free(w->sketches);
  sl_free(w->col);
  sl_free(w->src);
  sl_free(w->table);
  w->sketches = NULL;
  w->nsketches = 0;
  w->reads = NULL;
  w->col = NULL;
  w->src = w->table = NULL;
  w->ncols = w->next = 0;
}

static void work_leave(struct work *w)
{
  compute_prep_drop(w->prep);
  compute_ask_drop(w->ask);
  push_profile_drop(w->push);
  w->push = NULL;
  sl_timer_stop(sl_backend_loop(w->c->b), &w->first);
  w->prep = NULL;
  w->ask = NULL;
  table_reset(w);
  sl_free(w->only);
  w->only = NULL;
}

static void next_zone(struct sl_req *r);

/* One table is done or has failed: of all zones the others follow, and the failure is a note. */
static void table_end(struct sl_req *r, int rc, const struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  if (w->all && rc != SL_ECANCELED) {
    char note[NOTE_MAX];
    snprintf(note, sizeof note, "%.30s: %.60s", w->table ? w->table : "", rc ? err->msg : "");
    if (rc && rc != SL_ENOENT)
      sl_req_cut(r, note);
    table_reset(w);
    next_zone(r);
    return;
  }
  work_leave(w);
  sl_req_end(r, rc, err);
}

/* ---- rows ---- */

static bool is_number(const char *type)
{
  static const char *const names[] = { "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE" };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (!strcmp(type, names[i]))
      return true;
  return !strncmp(type, "DECIMAL(", 8);
}

static bool is_plain(const char *type)
{
  static const char *const not[] = { "STRUCT(", "MAP(", "UNION(", "BLOB", "VARIANT", "GEOMETRY", "\"NULL" };
  for (size_t i = 0; i < sizeof not / sizeof not[0]; i++)
    if (!strncmp(type, not[i], strlen(not[i])))
      return false;
  size_t n = strlen(type);
  return n && type[n - 1] != ']';
}

/* What the box says badly is left out; what there was no memory for is not. */
static int load_stat(json_t **v, struct sl_str json)
{
  *v = NULL;
  int rc = json.n ? sl_json_load(v, json, true, NULL) : SL_OK;
  return rc == SL_ENOMEM ? rc : SL_OK;
}

static int put_quantiles(struct sl_batch *b, struct sl_str json)
{
  json_t *v;
  int rc = load_stat(&v, json);
  if (!v)
    return rc;
  for (unsigned i = 0; i < 3; i++) {
    json_t *x = json_array_get(v, i);
    if (json_is_number(x))
      sl_batch_set(b, COL_Q25 + i, sl_vf(json_number_value(x)));
  }
  json_decref(v);
  return SL_OK;
}

/* {"0":12,"19":1} -> a list of 20 counts. */
static int put_histogram(struct sl_batch *b, struct sl_str json)
{
  json_t *v;
  struct sl_buf list;
  int rc = load_stat(&v, json);
  if (!v)
    return rc;
  sl_buf_init(&list, 0);
  for (int i = 0; i < BINS; i++) {
    char key[4], text[24];
    snprintf(key, sizeof key, "%d", i);
    int n = snprintf(text, sizeof text, "%lld", (long long)json_integer_value(json_object_get(v, key)));
    sl_list_add(&list, sl_strn(text, (size_t)n));
  }
  if (json_object_size(v))
    sl_batch_set(b, COL_HISTOGRAM, sl_vas(SL_LIST, sl_buf_view(&list)));
  rc = list.failed;
  sl_buf_free(&list);
  json_decref(v);
  return rc;
}

static struct sl_val stat(struct sl_batch *from, size_t col, int which)
{
  return sl_batch_get(from, 0, (unsigned)(col * STATS + (size_t)which));
}

static int put_stats(struct sl_batch *b, const struct work *w, struct sl_batch *from, size_t at)
{
  struct sl_val v = stat(from, at, STAT_COUNT);
  if (!v.null)
    sl_batch_set(b, COL_NULLS, sl_vi(w->rows - v.u.i));
  static const struct { int stat; unsigned col; } same[] = { { STAT_DISTINCT, COL_DISTINCT }, { STAT_MIN, COL_MIN }, { STAT_MAX, COL_MAX },
                                                             { STAT_MEAN, COL_MEAN } };
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
    if (!(v = stat(from, at, same[i].stat)).null)
      sl_batch_set(b, same[i].col, v);
  int rc = SL_OK;
  if (!(v = stat(from, at, STAT_QUANTILES)).null)
    rc = put_quantiles(b, v.u.s);
  if (!rc && !(v = stat(from, at, STAT_HISTOGRAM)).null)
    rc = put_histogram(b, v.u.s);
  return rc;
}

/* What the box worked out comes with the columns of its work: number, then as here. */
static void put_sketched(struct sl_batch *b, const struct work *w, size_t i)
{
  static const struct { unsigned from, to; } same[] = {
    { 2, COL_DISTINCT }, { 3, COL_MIN }, { 4, COL_MAX }, { 5, COL_MEAN }, { 6, COL_Q25 }, { 7, COL_Q50 }, { 8, COL_Q75 },
    { 9, COL_HISTOGRAM },
  };
  size_t at = w->col[i].sketch - 1;
  struct sl_batch *from = w->sketches[at / SL_BATCH_ROWS];
  uint32_t row = (uint32_t)(at % SL_BATCH_ROWS);
  sl_batch_set(b, COL_NULLS, sl_vi(w->rows - sl_batch_get(from, row, 1).u.i));
  for (size_t k = 0; k < sizeof same / sizeof same[0]; k++) {
    struct sl_val v = sl_batch_get(from, row, same[k].from);
    if (!v.null)
      sl_batch_set(b, same[k].to, v);
  }
}

static void row_id(struct sl_buf *b, const struct work *w, size_t i)
{
  sl_buf_printf(b, "%s%s#%zu:%s", w->pushdown ? "engine=pushdown " : "", w->table, i + 1, w->col[i].name);
}

/* Columns from..to-1; from: the row of their statistics, or NULL. */
static int send_rows(struct sl_req *r, size_t first, size_t to, struct sl_batch *stats, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_batch *b = NULL;
  struct sl_buf id;
  sl_buf_init(&id, 0);
  int rc = SL_OK;
  for (size_t i = first; !rc && i < to; i++) {
    sl_buf_clear(&id);
    row_id(&id, w, i);
    if (id.failed && (rc = sl_buf_check(&id, err)))
      break;
    if (w->only && strcmp(w->only, sl_buf_zstr(&id)) != 0)
      continue;
    if (!b)
      rc = sl_batch_new(&b, sl_req_schema(r), err);
    if (rc)
      break;
    sl_batch_row(b, SL_PUT, sl_buf_view(&id));
    sl_batch_set(b, COL_NAME, sl_vz(w->col[i].name));
    sl_batch_set(b, COL_TYPE, sl_vz(w->col[i].type));
    sl_batch_set(b, COL_NULLABLE, sl_vb(true));
    sl_batch_set(b, COL_TABLE, sl_vz(w->table));
    if (w->col[i].sketch)
      put_sketched(b, w, i);
    else if (stats && put_stats(b, w, stats, i - first)) {
      rc = sl_err_nomem(err);
      break;
    }
    if (sl_batch_full(b) || i + 1 == to) {
      rc = sl_req_rows(r, &b);
      rc = rc == SL_EAGAIN ? SL_OK : rc; /* few rows: what is under way may come */
      sl_batch_unref(b);
      b = NULL;
    }
  }
  if (b && !rc) {
    rc = sl_req_rows(r, &b);
    rc = rc == SL_EAGAIN ? SL_OK : rc;
  }
  sl_batch_unref(b);
  sl_buf_free(&id);
  return rc;
}

/* ---- statements ---- */

static void put_source(struct sl_buf *b, const struct work *w)
{
  sl_buf_printf(b, "(\n%s\n)", w->src);
}

static void put_stat_list(struct sl_buf *b, const struct column *c, size_t i, bool exact)
{
  sl_buf_printf(b, "count(c%zu)", i);
  if (c->plain)
    sl_buf_printf(b, exact ? ", count(DISTINCT c%zu)" : ", approx_count_distinct(c%zu)", i);
  else
    sl_buf_z(b, ", NULL");
  sl_buf_printf(b, c->plain ? ", left(CAST(min(c%zu) AS VARCHAR), 200), left(CAST(max(c%zu) AS VARCHAR), 200)" : ", NULL, NULL", i, i);
  if (!c->number) {
    sl_buf_z(b, ", NULL, NULL, NULL");
    return;
  }
  sl_buf_printf(b, ", CAST(avg(c%zu) AS DOUBLE), %s(CAST(c%zu AS DOUBLE), [0.25, 0.5, 0.75])", i,
                exact ? "quantile_cont" : "approx_quantile", i);
  /* What is filtered away is computed all the same: of infinities nothing that an integer would not hold. */
  sl_buf_printf(b, ", histogram(CAST(CASE WHEN hi%zu > lo%zu THEN least(%d, floor((CASE WHEN isfinite(CAST(c%zu AS DOUBLE)) THEN "
                "CAST(c%zu AS DOUBLE) END - lo%zu) / (hi%zu - lo%zu) * %d)) ELSE 0 END AS INTEGER)) "
                "FILTER (WHERE isfinite(CAST(c%zu AS DOUBLE)))", i, i, BINS - 1, i, i, i, i, i, BINS, i);
}

/* Two passes: the bounds of the histograms, then everything. The columns go by number, since names may repeat. */
static void put_profile(struct sl_buf *b, const struct work *w, size_t from, size_t to)
{
  /* What is small is read once: each reading of a CSV file takes buffers of its own, and two of them may be all the box has. */
  bool once = w->rows > 0 && (uint64_t)w->rows * w->ncols <= CELLS_ONCE;
  sl_buf_printf(b, "WITH s AS %sMATERIALIZED (SELECT * FROM ", once ? "" : "NOT ");
  put_source(b, w);
  sl_buf_z(b, " AS s(");
  for (size_t i = 0; i < w->ncols; i++)
    sl_buf_printf(b, "%sc%zu", i ? ", " : "", i);
  sl_buf_z(b, ")), b AS MATERIALIZED (SELECT 1 AS one");
  for (size_t i = from; i < to; i++)
    for (int k = 0; k < 2 && w->col[i].number; k++)
      sl_buf_printf(b, ", %s(CAST(c%zu AS DOUBLE)) FILTER (WHERE isfinite(CAST(c%zu AS DOUBLE))) AS %s%zu", k ? "max" : "min", i, i,
                    k ? "hi" : "lo", i);
  sl_buf_z(b, " FROM (SELECT * FROM s) HAVING true) SELECT ");
  for (size_t i = from; i < to; i++) {
    sl_buf_z(b, i > from ? ", " : "");
    put_stat_list(b, &w->col[i], i, w->rows <= EXACT_ROWS);
  }
  sl_buf_z(b, " FROM s, b");
}

static int ask(struct sl_req *r, struct sl_buf *sql, compute_answered *fn, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  int rc = sl_buf_check(sql, err);
  if (!rc)
    rc = compute_ask(&w->ask, w->c, sql->p, (const char *const *)w->reads, r, fn, r, err);
  sl_buf_free(sql);
  return rc;
}

/* Counting distinct values exactly takes tables of some MiB a column and thread, however few the rows: so few columns at once. */
static size_t group_end(const struct work *w)
{
  size_t to = w->next;
  bool sketched = to < w->ncols && w->col[to].sketch;
  while (to < w->ncols && !w->col[to].sketch == !sketched)
    to++;
  if (sketched)
    return to;
  size_t group = w->rows <= EXACT_ROWS ? GROUP_EXACT : GROUP;
  return w->next + group < to ? w->next + group : to;
}

static void on_profile(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err);

/* *more false: all rows are on their way. */
static int ask_profile(struct sl_req *r, bool *more, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_buf sql;
  size_t to = group_end(w);
  int rc = SL_OK;
  for (; !rc && w->next < w->ncols && w->col[w->next].sketch; to = group_end(w)) {
    rc = send_rows(r, w->next, to, NULL, err);
    w->next = to;
  }
  *more = !rc && w->next < w->ncols;
  if (!*more)
    return rc;
  sl_buf_init(&sql, 4 << 20);
  put_profile(&sql, w, w->next, to);
  return ask(r, &sql, on_profile, err);
}

static void on_profile(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  w->ask = NULL;
  size_t to = group_end(w);
  if (!rc)
    rc = send_rows(r, w->next, to, n ? rows[0] : NULL, &e);
  w->next = to;
  bool more = !rc;
  if (more)
    rc = ask_profile(r, &more, &e);
  if (rc || !more)
    table_end(r, rc, &e);
}

/* Rows of the work `profile`: by the number of their column. */
static int keep_sketches(struct work *w, struct sl_batch *const *rows, size_t n, struct sl_err *err)
{
  w->sketches = sl_calloc(n + 1, sizeof(struct sl_batch *));
  if (!w->sketches)
    return sl_err_nomem(err);
  for (size_t k = 0; k < n; k++) {
    w->sketches[w->nsketches++] = sl_batch_ref(rows[k]);
    if (sl_schema_count(sl_batch_schema(rows[k])) != SKETCH_COLS)
      return sl_err_set(err, SL_EPROTO, "the box sent rows of another kind");
    for (uint32_t i = 0; i < sl_batch_count(rows[k]); i++) {
      struct sl_val v = sl_batch_get(rows[k], i, 0);
      if (v.null || v.u.i < 0 || (uint64_t)v.u.i >= w->ncols)
        return sl_err_set(err, SL_EPROTO, "the box sent a column that is none");
      w->col[v.u.i].sketch = k * SL_BATCH_ROWS + i + 1;
    }
  }
  return SL_OK;
}

static void on_sketched(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  bool more = false;
  w->ask = NULL;
  if (!rc)
    rc = keep_sketches(w, rows, n, &e);
  if (!rc)
    rc = ask_profile(r, &more, &e);
  if (rc || !more)
    table_end(r, rc, &e);
}

static void on_pushed(struct sl_req *r, int rc, const struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct push_profile *p = w->push;
  size_t n;
  struct sl_batch *const *rows = push_profile_rows(p, &n, &w->rows);
  w->push = NULL;
  on_sketched(r, rc, rows, n, err);
  push_profile_drop(p);
}

static int ask_sketches(struct sl_req *r, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_buf b;
  sl_buf_init(&b, 8 << 20);
  struct sl_jw j = sl_jw(&b, false);
  sl_jw_obj(&j);
  sl_jw_key(&j, SL_STR("data"));
  sl_jw_str(&j, sl_str(w->src));
  sl_jw_end_obj(&j);
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = compute_ask_work(&w->ask, w->c, "profile", sl_buf_view(&b), (const char *const *)w->reads, r, on_sketched, r, err);
  sl_buf_free(&b);
  return rc;
}

static void on_count(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  bool more = true;
  w->ask = NULL;
  if (!rc && n)
    w->rows = sl_batch_get(rows[0], 0, 0).u.i;
  if (!rc)
    rc = w->rows > EXACT_ROWS ? ask_sketches(r, &e) : ask_profile(r, &more, &e);
  if (rc || !more)
    table_end(r, rc, &e);
}

static int take_columns(struct work *w, struct sl_batch *const *rows, size_t n, struct sl_err *err)
{
  size_t all = 0;
  for (size_t k = 0; k < n; k++)
    all += sl_batch_count(rows[k]);
  if (all > COLUMNS_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu columns; at most %d are profiled", all, COLUMNS_MAX);
  w->col = sl_calloc(all + 1, sizeof *w->col);
  if (!w->col)
    return sl_err_nomem(err);
  for (size_t k = 0; k < n; k++)
    for (uint32_t i = 0; i < sl_batch_count(rows[k]); i++) {
      struct sl_val name = sl_batch_get(rows[k], i, 0), type = sl_batch_get(rows[k], i, 1);
      struct column *c = &w->col[w->ncols++];
      c->name = sl_strndup(name.null ? "" : name.u.s.p, name.null ? 0 : name.u.s.n);
      c->type = sl_strndup(type.null ? "" : type.u.s.p, type.null ? 0 : type.u.s.n);
      if (!c->name || !c->type)
        return sl_err_nomem(err);
      c->number = is_number(c->type);
      c->plain = is_plain(c->type);
    }
  return SL_OK;
}

static void on_described(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  w->ask = NULL;
  if (!rc)
    rc = take_columns(w, rows, n, &e);
  if (!rc && w->profile && w->ncols && w->pushdown) {
    rc = push_profile_start(&w->push, w->c, r, w->src, (const char *const *)w->reads, on_pushed, &e);
    if (!rc)
      return;
  } else if (!rc && w->profile && w->ncols) {
    struct sl_buf sql;
    sl_buf_init(&sql, 4 << 20);
    sl_buf_z(&sql, "SELECT CAST(count(*) AS BIGINT) FROM ");
    put_source(&sql, w);
    rc = ask(r, &sql, on_count, &e);
    if (!rc)
      return;
  } else if (!rc) {
    rc = send_rows(r, 0, w->ncols, NULL, &e);
  }
  table_end(r, rc, &e);
}

/* ---- start ---- */

static int keep(struct work *w, const char *sql, const char *const *reads, struct sl_err *err)
{
  struct sl_str s = sql_without_end(sl_str(sql));
  size_t n = 0;
  while (reads[n])
    n++;
  w->src = sl_strndup(s.p, s.n);
  w->reads = sl_calloc(n + 1, sizeof *w->reads);
  for (size_t i = 0; w->reads && i < n; i++)
    if (!(w->reads[i] = sl_strdup(reads[i])))
      return sl_err_nomem(err);
  return w->src && w->reads ? SL_OK : sl_err_nomem(err);
}

static void on_prepped(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  w->prep = NULL;
  if (!rc)
    rc = keep(w, sql, reads, &e);
  if (!rc) {
    struct sl_buf b;
    sl_buf_init(&b, 4 << 20);
    sl_buf_z(&b, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ");
    put_source(&b, w);
    sl_buf_z(&b, ")");
    rc = ask(r, &b, on_described, &e);
  }
  if (rc)
    table_end(r, rc, &e);
}

static bool is_statement(struct sl_str s)
{
  static const char *const begin[] = { "select", "from", "with", "values", "(" };
  struct sl_sql_tok t;
  if (!sl_sql_next(&s, &t))
    return false;
  for (size_t i = 0; i < sizeof begin / sizeof begin[0]; i++)
    if (sl_str_ieq(t.s, sl_str(begin[i])))
      return s.n > 0; /* a file may be called "from" */
  return false;
}

static bool is_zone(const struct compute *c, struct sl_str name)
{
  size_t n = 0;
  const struct sl_ws_conf *conf = sl_backend_ws_conf(c->b);
  const struct sl_zone *z = conf ? sl_ws_conf_zones(conf, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(name, z[i].name))
      return true;
  return false;
}

/* scope: a zone's name, an address, sql:STATEMENT or a statement. */
static int begin(struct sl_req *r, struct sl_str scope, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_buf sql, address;
  bool colon = sl_str_starts(scope, SL_STR("sql:"));
  sl_buf_init(&sql, 0);
  sl_buf_init(&address, 0);
  w->table = sl_strndup(scope.p, scope.n);
  if (colon || is_statement(scope)) {
    sl_buf_str(&sql, colon ? sl_str_from(scope, 4) : scope);
  } else {
    if (is_zone(w->c, scope))
      sl_buf_z(&address, "lake:");
    sl_buf_str(&address, scope);
    sl_buf_z(&sql, "FROM ");
    sl_fmt_quote(&sql, sl_buf_view(&address), '\'');
  }
  int rc = w->table ? sl_buf_check(&sql, err) : sl_err_nomem(err);
  if (!rc)
    rc = compute_prep(&w->prep, w->c, sl_buf_view(&sql), on_prepped, r, err);
  sl_buf_free(&sql);
  sl_buf_free(&address);
  return rc;
}

static void next_zone(struct sl_req *r)
{
  struct work *w = sl_req_state(r);
  struct sl_err err = { 0 };
  struct sl_str path;
  size_t n = 0;
  const struct sl_ws_conf *conf = sl_backend_ws_conf(w->c->b);
  const struct sl_zone *z = conf ? sl_ws_conf_zones(conf, &n) : NULL;
  while (w->zone < n && !sl_uri_path(sl_str(z[w->zone].uri), &path))
    w->zone++;
  int rc = w->zone < n ? begin(r, sl_str(z[w->zone].name), &err) : SL_OK;
  if (!rc && w->zone++ < n)
    return;
  work_leave(w);
  sl_req_end(r, rc, &err);
}

static void zones_first(void *user)
{
  struct work *w = sl_req_state(user);
  w->first.v = 0;
  next_zone(user);
}

/* Any column beyond names and types: the data must be read. */
static bool wants_profile(const struct sl_query *q)
{
  if (!q->want || q->where || q->order)
    return true;
  for (size_t i = 0; i < sl_want_count(q->want); i++) {
    struct sl_str c = sl_want_name(q->want, i).col;
    if (!sl_str_eqz(c, "name") && !sl_str_eqz(c, "type") && !sl_str_eqz(c, "nullable") && !sl_str_eqz(c, "table") &&
        !sl_str_eqz(c, "connection") && !sl_str_eqz(c, "ref"))
      return true;
  }
  return false;
}

static int columns_query(struct sl_req *r, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  const struct sl_query *q = sl_req_query(r);
  struct sl_str scope = sl_str_trim(q->scope), rest;
  ptrdiff_t end = q->kind == SL_Q_GET ? sl_str_rchr(scope, '#') : -1;
  w->c = sl_backend_state(sl_req_backend(r));
  int rc = sl_engine_scope(scope, &rest, &w->pushdown, err);
  bool monitor = !rc && compute_monitor_is(end > 0 ? sl_str_head(scope, (size_t)end) : scope) && !is_statement(rest);
  if (monitor && rest.n < scope.n)
    rc = sl_err_set(err, SL_EUSAGE, "%.*s has its figures already: leave the engine away", SL_ARG(rest));
  if (rc)
    return rc;
  if (monitor)
    return compute_monitor_columns(r, err);
  w->profile = wants_profile(q);
  w->all = !rest.n;
  if (q->kind == SL_Q_GET) { /* TABLE#NUMBER:NAME */
    w->only = sl_strndup(scope.p, scope.n);
    if (!w->only)
      return sl_err_nomem(err);
    ptrdiff_t hash = sl_str_rchr(rest, '#');
    rest = hash > 0 ? sl_str_head(rest, (size_t)hash) : rest;
  }
  rc = sl_req_head(r, NULL, 0, -1);
  if (!rc && w->all) {
    w->profile = false;
    rc = sl_timer_start(sl_backend_loop(w->c->b), 0, 0, zones_first, r, &w->first, err);
  } else if (!rc) {
    rc = begin(r, rest, err);
  }
  if (rc)
    work_leave(w);
  return rc;
}

static void columns_cancel(struct sl_req *r)
{
  const struct work *w = sl_req_state(r);
  if (w->file.boxed.ops) {
    compute_boxed_cancel(r);
    return;
  }
  work_leave(sl_req_state(r));
  sl_req_end(r, SL_ECANCELED, NULL);
}

const struct sl_serve compute_columns = {
  .res = &sl_res_columns,
  .own = own,
  .nown = sizeof own / sizeof own[0],
  .req_size = sizeof(struct work),
  .query = columns_query,
  .resume = compute_boxed_resume,
  .cancel = columns_cancel,
};
