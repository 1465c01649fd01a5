/* backends/compute/columns_table.c: one table of the resource `columns`: what it is made of, statements about it, and cells of the answers.
 *
 * A statement profiles a group of columns in two passes; what the box or an engine sketched comes as the rows of the work `profile`. */
#include <stdio.h>

#include "backend_compute/columns_int.h"
#include "base/json.h"
#include "box/sqlscan.h"

enum { GROUP = 40, GROUP_EXACT = 8, BINS = 20, CELLS_ONCE = 4000000, COLUMNS_MAX = 20000, SKETCH_MEAN = 5, SKETCH_COLS = 10 };
enum { STAT_COUNT, STAT_DISTINCT, STAT_MIN, STAT_MAX, STAT_MEAN, STAT_QUANTILES, STAT_HISTOGRAM, STATS };
enum { COL_NAME, COL_TYPE, COL_NULLABLE, COL_NULLS, COL_DISTINCT, COL_MIN, COL_MAX, COL_MEAN, COL_TABLE, COL_Q25, COL_Q50, COL_Q75,
       COL_HISTOGRAM };

const struct sl_col columns_own[COLUMNS_OWN] = {
  { .name = "table", .type = SL_TEXT, .help = "the file, zone or statement that it belongs to" },
  { .name = "q25", .type = SL_F64, .help = "a quarter of the numbers is smaller" },
  { .name = "q50", .type = SL_F64, .help = "median" },
  { .name = "q75", .type = SL_F64, .help = "three quarters of the numbers are smaller" },
  { .name = "histogram", .type = SL_LIST, .help = "how many numbers in each of 20 equal steps from min to max, infinities apart" },
};

void columns_free(struct columns_table *t)
{
  for (size_t i = 0; i < t->ncols; i++) {
    sl_free(t->col[i].name);
    sl_free(t->col[i].type);
  }
  for (size_t i = 0; t->reads && t->reads[i]; i++)
    sl_free(t->reads[i]);
  for (size_t i = 0; i < t->nsketches; i++)
    sl_batch_unref(t->sketches[i]);
  sl_free(t->reads);
  sl_free(t->sketches);
  sl_free(t->col);
  sl_free(t->src);
  sl_free(t->name);
  *t = (struct columns_table){ .name = NULL };
}

int columns_source(struct columns_table *t, const char *sql, const char *const *reads, struct sl_err *err)
{
  struct sl_str s = sql_without_end(sl_str(sql));
  size_t n = 0;
  while (reads[n])
    n++;
  t->src = sl_strndup(s.p, s.n);
  t->reads = sl_calloc(n + 1, sizeof *t->reads);
  for (size_t i = 0; t->reads && i < n; i++)
    if (!(t->reads[i] = sl_strdup(reads[i])))
      return sl_err_nomem(err);
  return t->src && t->reads ? SL_OK : sl_err_nomem(err);
}

/* ---- types ---- */

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

/* ---- statements ---- */

static void put_source(struct sl_buf *b, const struct columns_table *t)
{
  sl_buf_printf(b, "(\n%s\n)", t->src);
}

void columns_put_names(struct sl_buf *b, const struct columns_table *t)
{
  sl_buf_z(b, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ");
  put_source(b, t);
  sl_buf_z(b, ")");
}

void columns_put_count(struct sl_buf *b, const struct columns_table *t)
{
  sl_buf_z(b, "SELECT CAST(count(*) AS BIGINT) FROM ");
  put_source(b, t);
}

static void put_stat_list(struct sl_buf *b, const struct columns_column *c, size_t i, bool exact)
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
void columns_put_profile(struct sl_buf *b, const struct columns_table *t, size_t from, size_t to)
{
  /* What is small is read once: each reading of a CSV file takes buffers of its own, and two of them may be all the box has. */
  bool once = t->rows > 0 && (uint64_t)t->rows * t->ncols <= CELLS_ONCE;
  sl_buf_printf(b, "WITH s AS %sMATERIALIZED (SELECT * FROM ", once ? "" : "NOT ");
  put_source(b, t);
  sl_buf_z(b, " AS s(");
  for (size_t i = 0; i < t->ncols; i++)
    sl_buf_printf(b, "%sc%zu", i ? ", " : "", i);
  sl_buf_z(b, ")), b AS MATERIALIZED (SELECT 1 AS one");
  for (size_t i = from; i < to; i++)
    for (int k = 0; k < 2 && t->col[i].number; k++)
      sl_buf_printf(b, ", %s(CAST(c%zu AS DOUBLE)) FILTER (WHERE isfinite(CAST(c%zu AS DOUBLE))) AS %s%zu", k ? "max" : "min", i, i,
                    k ? "hi" : "lo", i);
  sl_buf_z(b, " FROM (SELECT * FROM s) HAVING true) SELECT ");
  for (size_t i = from; i < to; i++) {
    sl_buf_z(b, i > from ? ", " : "");
    put_stat_list(b, &t->col[i], i, t->rows <= COLUMNS_EXACT_ROWS);
  }
  sl_buf_z(b, " FROM s, b");
}

/* Counting distinct values exactly takes tables of some MiB a column and thread, however few the rows: so few columns at once. */
size_t columns_group(const struct columns_table *t, size_t from)
{
  size_t to = from;
  bool sketched = to < t->ncols && t->col[to].sketch;
  while (to < t->ncols && !t->col[to].sketch == !sketched)
    to++;
  if (sketched)
    return to;
  size_t group = t->rows <= COLUMNS_EXACT_ROWS ? GROUP_EXACT : GROUP;
  return from + group < to ? from + group : to;
}

/* ---- answers ---- */

int columns_take_names(struct columns_table *t, struct sl_batch *const *rows, size_t n, struct sl_err *err)
{
  size_t all = 0;
  for (size_t k = 0; k < n; k++)
    all += sl_batch_count(rows[k]);
  if (all > COLUMNS_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu columns; at most %d are profiled", all, COLUMNS_MAX);
  t->col = sl_calloc(all + 1, sizeof *t->col);
  if (!t->col)
    return sl_err_nomem(err);
  for (size_t k = 0; k < n; k++)
    for (uint32_t i = 0; i < sl_batch_count(rows[k]); i++) {
      struct sl_val name = sl_batch_get(rows[k], i, 0), type = sl_batch_get(rows[k], i, 1);
      struct columns_column *c = &t->col[t->ncols++];
      c->name = sl_strndup(name.null ? "" : name.u.s.p, name.null ? 0 : name.u.s.n);
      c->type = sl_strndup(type.null ? "" : type.u.s.p, type.null ? 0 : type.u.s.n);
      if (!c->name || !c->type)
        return sl_err_nomem(err);
      c->number = is_number(c->type);
      c->plain = is_plain(c->type);
    }
  return SL_OK;
}

bool columns_has_doubles(const struct columns_table *t)
{
  for (size_t i = 0; i < t->ncols; i++)
    if (!strcmp(t->col[i].type, "DOUBLE") || !strcmp(t->col[i].type, "FLOAT"))
      return true;
  return false;
}

int columns_take_sketches(struct columns_table *t, struct sl_batch *const *rows, size_t n, struct sl_err *err)
{
  t->sketches = sl_calloc(n + 1, sizeof(struct sl_batch *));
  if (!t->sketches)
    return sl_err_nomem(err);
  for (size_t k = 0; k < n; k++) {
    t->sketches[t->nsketches++] = sl_batch_ref(rows[k]);
    if (sl_schema_count(sl_batch_schema(rows[k])) != SKETCH_COLS)
      return sl_err_set(err, SL_EPROTO, "the box sent rows of another kind");
    for (uint32_t i = 0; i < sl_batch_count(rows[k]); i++) {
      struct sl_val v = sl_batch_get(rows[k], i, 0);
      if (v.null || v.u.i < 0 || (uint64_t)v.u.i >= t->ncols)
        return sl_err_set(err, SL_EPROTO, "the box sent a column that is none");
      *(t->means ? &t->col[v.u.i].mean : &t->col[v.u.i].sketch) = k * SL_BATCH_ROWS + i + 1;
    }
  }
  return SL_OK;
}

/* ---- cells ---- */

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

static int put_stats(struct sl_batch *b, const struct columns_table *t, struct sl_batch *from, size_t at)
{
  struct sl_val v = stat(from, at, STAT_COUNT);
  if (!v.null)
    sl_batch_set(b, COL_NULLS, sl_vi(t->rows - v.u.i));
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

static void put_mean(struct sl_batch *b, const struct columns_table *t, size_t at)
{
  struct sl_val v = sl_batch_get(t->sketches[at / SL_BATCH_ROWS], (uint32_t)(at % SL_BATCH_ROWS), SKETCH_MEAN);
  if (!v.null)
    sl_batch_set(b, COL_MEAN, v);
}

/* What the box worked out comes with the columns of its work: number, then as here. */
static void put_sketched(struct sl_batch *b, const struct columns_table *t, size_t i)
{
  static const struct { unsigned from, to; } same[] = {
    { 2, COL_DISTINCT }, { 3, COL_MIN }, { 4, COL_MAX }, { SKETCH_MEAN, COL_MEAN }, { 6, COL_Q25 }, { 7, COL_Q50 }, { 8, COL_Q75 },
    { 9, COL_HISTOGRAM },
  };
  size_t at = t->col[i].sketch - 1;
  struct sl_batch *from = t->sketches[at / SL_BATCH_ROWS];
  uint32_t row = (uint32_t)(at % SL_BATCH_ROWS);
  sl_batch_set(b, COL_NULLS, sl_vi(t->rows - sl_batch_get(from, row, 1).u.i));
  for (size_t k = 0; k < sizeof same / sizeof same[0]; k++) {
    struct sl_val v = sl_batch_get(from, row, same[k].from);
    if (!v.null)
      sl_batch_set(b, same[k].to, v);
  }
}

int columns_put_cells(struct sl_batch *b, const struct columns_table *t, size_t i, struct sl_batch *stats, size_t first, struct sl_err *err)
{
  const struct columns_column *c = &t->col[i];
  sl_batch_set(b, COL_NAME, sl_vz(c->name));
  sl_batch_set(b, COL_TYPE, sl_vz(c->type));
  sl_batch_set(b, COL_NULLABLE, sl_vb(true));
  sl_batch_set(b, COL_TABLE, sl_vz(t->name));
  if (c->sketch)
    put_sketched(b, t, i);
  else if (stats && put_stats(b, t, stats, i - first))
    return sl_err_nomem(err);
  if (c->mean)
    put_mean(b, t, c->mean - 1);
  return SL_OK;
}
