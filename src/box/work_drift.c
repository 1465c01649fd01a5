/* box/work_drift.c: two data sets, compared column by column, next to the data.
 *
 * Each side is one query. What is no Parquet is read once, into a table of the engine (which spills to the scratch folder); then a column
 * at a time is streamed from both sides and sorted, on disk if it must be (drift_numbers.h). Numbers are compared here, categories are
 * counted by the engine. Text: {"baseline":SQL,"current":SQL,"tests":"auto,psi","profile":"evidently"}; with "partitions" instead of
 * "current": a history (drift_past.c). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/json.h"
#include "base/mem.h"
#include "box/drift_int.h"
#include "box/drift_sketch.h"
#include "box/sqlscan.h"

enum { CELLS_MAX = 1 << 22 };

/* ---- the two sides ---- */

static const char *const roles[] = { "baseline", "current" };

static enum drift_class class_of(int id)
{
  switch (id) {
  case DUCK_TINYINT: case DUCK_SMALLINT: case DUCK_INTEGER: case DUCK_BIGINT: case DUCK_UTINYINT: case DUCK_USMALLINT: case DUCK_UINTEGER:
  case DUCK_UBIGINT: case DUCK_HUGEINT: case DUCK_UHUGEINT: case DUCK_FLOAT: case DUCK_DOUBLE: case DUCK_DECIMAL: return NUMBER;
  case DUCK_BOOLEAN: return BOOL;
  case DUCK_DATE: case DUCK_TIMESTAMP: case DUCK_TIMESTAMP_S: case DUCK_TIMESTAMP_MS: case DUCK_TIMESTAMP_NS: case DUCK_TIMESTAMP_TZ:
  case DUCK_TIME: case DUCK_TIME_TZ: case DUCK_INTERVAL: return TIME;
  case DUCK_VARCHAR: case DUCK_ENUM: case DUCK_UUID: case DUCK_BIT: return TEXT;
  default: return OTHER;
  }
}

static const char *class_name(enum drift_class c)
{
  static const char *const names[] = { "number", "boolean", "text", "time", "nested value" };
  return names[c];
}

static enum sl_drift_kind kind_of(enum drift_class c)
{
  static const enum sl_drift_kind kinds[] = { SL_DRIFT_NUMERIC, SL_DRIFT_BOOLEAN, SL_DRIFT_TEXT, SL_DRIFT_TIME, SL_DRIFT_TEXT };
  return kinds[c];
}

/* One statement, and a query: what a data set may be. */
static int check(struct drift *w, const char *sql, struct sl_err *err)
{
  duck_prepared p = NULL;
  int type = DUCK_ST_INVALID;
  int rc = duck_prepare(w->d, w->conn, sql, &p, &type, err);
  w->d->destroy_prepare(&p);
  if (!rc && type != DUCK_ST_SELECT)
    rc = sl_err_set(err, SL_EREADONLY, "a data set is a query: select, from, with, values");
  return rc;
}

static int make(struct drift *w, int s, struct sl_str sql, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, WIRE_MAX_IN);
  bool again = sl_str_starts(sql, SL_STR("FROM read_parquet("));
  sl_buf_printf(&b, "CREATE TEMP %s %s AS SELECT * FROM (\n%.*s\n)", again ? "VIEW" : "TABLE", w->side[s].table, SL_ARG(sql));
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = duck_do(w->d, w->conn, b.p, err);
  sl_buf_free(&b);
  return rc;
}

static int take_column(struct drift *w, duck_prepared p, uint64_t i, struct drift_col *c, struct sl_err *err)
{
  duck_type t = w->d->prepared_statement_column_logical_type(p, i);
  int id = t ? w->d->get_type_id(t) : 0;
  const char *name = w->d->prepared_statement_column_name(p, i);
  c->is = class_of(id);
  c->narrow = id == DUCK_FLOAT;
  c->whole = c->is == NUMBER && id != DUCK_FLOAT && id != DUCK_DOUBLE && id != DUCK_DECIMAL;
  c->name = sl_strdup(name ? name : "");
  w->d->destroy_logical_type(&t);
  return c->name ? SL_OK : sl_err_nomem(err);
}

static int take_columns(struct drift *w, int s, struct sl_err *err)
{
  duck_prepared p = NULL;
  struct drift_side *side = &w->side[s];
  char sql[64];
  int type;
  snprintf(sql, sizeof sql, "SELECT * FROM %s", w->side[s].table);
  int rc = duck_prepare(w->d, w->conn, sql, &p, &type, err);
  uint64_t n = rc ? 0 : w->d->prepared_statement_column_count(p);
  side->col = sl_calloc(n + 1, sizeof *side->col);
  if (!side->col)
    rc = sl_err_nomem(err);
  for (; !rc && side->n < n; side->n++)
    rc = take_column(w, p, side->n, &side->col[side->n], err);
  w->d->destroy_prepare(&p);
  return rc;
}

/* All rows of a statement of ours, as columns; yours to free. */
int drift_fetch(struct drift *w, const char *sql, size_t rows, struct sl_columns *out, struct sl_err *err)
{
  duck_prepared p = NULL;
  duck_result r = { { 0 }, { NULL } };
  int type;
  bool more = true;
  *out = (struct sl_columns){ 0 };
  int rc = duck_prepare(w->d, w->conn, sql, &p, &type, err);
  if (!rc)
    rc = duck_columns_open(w->d, p, false, out, err);
  for (size_t i = 0; !rc && i < out->n; i++)
    rc = sl_column_room(&out->at[i], rows, err);
  if (!rc)
    rc = duck_execute(w->d, w->conn, w->c, p, &r, err);
  while (!rc && more)
    rc = duck_columns_next(w->d, &r, out, &more, err);
  w->d->destroy_result(&r);
  w->d->destroy_prepare(&p);
  if (rc)
    sl_columns_free(out);
  return rc;
}

static int count_rows(struct drift *w, int s, const char *role, struct sl_err *err)
{
  struct sl_columns f;
  char sql[64];
  snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", w->side[s].table);
  int rc = drift_fetch(w, sql, 1, &f, err);
  if (rc)
    return rc;
  w->side[s].rows = f.n && f.at[0].n ? f.at[0].v.i64[0] : 0;
  sl_columns_free(&f);
  return w->side[s].rows ? SL_OK : sl_err_set(err, SL_EPARSE, "%s%sno rows", role, role[0] ? ": " : "");
}

int drift_side_open(struct drift *w, int s, const char *sql, const char *role, struct sl_err *err)
{
  int rc = check(w, sql, err);
  if (!w->side[s].table[0])
    snprintf(w->side[s].table, sizeof w->side[s].table, "sluice_%s", roles[s]);
  if (!rc)
    rc = make(w, s, sql_without_end(sl_str(sql)), err);
  if (!rc)
    rc = take_columns(w, s, err);
  if (!rc)
    rc = count_rows(w, s, role, err);
  rc = duck_why_csv(w->d, w->conn, rc, err);
  if (rc && err && rc != SL_ENOMEM && role[0] && !sl_str_starts(sl_str(err->msg), sl_str(role)))
    sl_err_prefix(err, "%s", role);
  return rc;
}

/* ---- numbers ---- */

static int load_numbers(struct drift *w, int s, const struct drift_col *c, struct drift_numbers *n, struct drift_feature *out,
                        struct sl_err *err)
{
  bool chunked = w->out.chunked;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "SELECT CAST(");
  sl_fmt_quote(&b, sl_str(c->name), '"');
  sl_buf_printf(&b, " AS DOUBLE) FROM %s", w->side[s].table);
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = drift_numbers_load(w->c, w->conn, b.p, w->side[s].rows, drift_numbers_fit(w->c, w->side[0].rows, w->side[1].rows, chunked), s,
                            !s && chunked, n, out, err);
  sl_buf_free(&b);
  return rc;
}

/* numpy's type of both together, as pandas reads them: integers with holes are floats there. */
static enum sl_stat_width width_of(const struct drift_col *a, const struct drift_col *b, const int64_t missing[2])
{
  if (a->whole && b->whole)
    return missing[0] || missing[1] ? SL_STAT_F64 : SL_STAT_INT;
  return a->narrow && b->narrow ? SL_STAT_F32 : SL_STAT_F64;
}

void drift_kept_free(struct drift_kept *k)
{
  drift_numbers_free(&k->x);
  k->numbers = NULL;
}

/* The baseline's values are read and sorted once, whatever they are compared with. */
static int base_numbers(struct drift *w, const struct drift_col *a, struct drift_feature *f, struct sl_err *err)
{
  struct drift_kept *k = &w->kept;
  if (k->numbers != a) {
    drift_kept_free(k);
    k->f = (struct drift_feature){ .name = a->name };
    int rc = load_numbers(w, 0, a, &k->x, &k->f, err);
    if (rc)
      return rc;
    k->numbers = a;
  }
  f->pair.n[0] = k->f.pair.n[0];
  f->pair.x[0] = k->f.pair.x[0];
  f->pair.chunks = k->f.pair.chunks;
  f->missing[0] = k->f.missing[0];
  f->infinite[0] = k->f.infinite[0];
  return SL_OK;
}

static int compare_numbers(struct drift *w, const struct drift_col *a, const struct drift_col *b, struct drift_feature *f,
                           struct sl_err *err)
{
  struct drift_numbers x = { .values = { .dir = NULL } };
  double *cells = NULL;
  int rc = base_numbers(w, a, f, err);
  if (!rc)
    rc = load_numbers(w, 1, b, &x, f, err);
  f->pair.width = width_of(a, b, f->missing);
  f->pair.base_width = a->narrow ? SL_STAT_F32 : SL_STAT_F64;
  /* Evidently takes integers of at most ten values for categories, by the current data */
  bool few = !rc && b->whole && !f->missing[1] && sl_stat_distinct(f->pair.x[1], f->pair.n[1]) <= SL_DRIFT_INTEGER_CATEGORIES &&
             sl_stat_distinct(f->pair.x[0], f->pair.n[0]) <= CELLS_MAX;
  f->numbers = f->pair;
  f->has_numbers = !rc;
  if (few && w->out.integers_may_be_categories)
    rc = sl_drift_as_categories(&f->pair, w->out.chunked ? &w->kept.f.chunks : NULL, &cells, err);
  if (!rc)
    rc = drift_rows_feature(&w->out, f, err);
  sl_free(cells);
  drift_numbers_free(&x);
  if (!w->again)
    drift_kept_free(&w->kept);
  return rc;
}

/* ---- everything else is counted by the engine ---- */

static int count_values(struct drift *w, int s, const struct drift_col *c, bool distinct, struct drift_feature *f, int64_t *different,
                        struct sl_err *err)
{
  struct sl_columns r;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "SELECT count(");
  sl_fmt_quote(&b, sl_str(c->name), '"');
  sl_buf_z(&b, distinct ? "), count(DISTINCT " : "), (0 * count(");
  sl_fmt_quote(&b, sl_str(c->name), '"');
  sl_buf_printf(&b, "%s FROM %s", distinct ? ")" : "))", w->side[s].table);
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = drift_fetch(w, b.p, 1, &r, err);
  sl_buf_free(&b);
  if (rc)
    return rc;
  f->pair.n[s] = (size_t)r.at[0].v.i64[0];
  f->missing[s] = w->side[s].rows - r.at[0].v.i64[0];
  *different = distinct ? r.at[1].v.i64[0] : 0;
  sl_columns_free(&r);
  return rc;
}

/* The baseline is counted once, whatever it is compared with. */
static int base_counts(struct drift *w, const struct drift_col *a, bool distinct, struct drift_feature *f, int64_t *different,
                       struct sl_err *err)
{
  struct drift_kept *k = &w->kept;
  if (k->counts != a || !w->again) {
    int rc = count_values(w, 0, a, distinct, f, &k->different, err);
    if (rc)
      return rc;
    k->n = f->pair.n[0];
    k->missing = f->missing[0];
    k->counts = a;
  }
  f->pair.n[0] = k->n;
  f->missing[0] = k->missing;
  *different = k->different;
  return SL_OK;
}

/* Each of its values with its number, in a table: only where it is asked again. */
static int base_values(struct drift *w, const struct drift_col *a, struct sl_err *err)
{
  struct sl_buf b;
  if (!w->again || w->kept.values == a)
    return SL_OK;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "CREATE OR REPLACE TEMP TABLE sluice_values AS SELECT CAST(");
  sl_fmt_quote(&b, sl_str(a->name), '"');
  sl_buf_printf(&b, " AS VARCHAR) AS v, count(*) AS b, 0 AS c FROM %s GROUP BY 1", w->side[0].table);
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : duck_do(w->d, w->conn, b.p, err);
  w->kept.values = rc ? NULL : a;
  sl_buf_free(&b);
  return rc;
}

static void put_values(const struct drift *w, struct sl_buf *b, const struct drift_col *a, const struct drift_col *c,
                       const char *what)
{
  const struct drift_col *const col[] = { a, c };
  sl_buf_printf(b, "SELECT %s FROM (%s", what, w->again ? "SELECT v, b, c FROM sluice_values" : "");
  for (int s = w->again ? 1 : 0; s < 2; s++) {
    sl_buf_z(b, s ? " UNION ALL SELECT CAST(" : "SELECT CAST(");
    sl_fmt_quote(b, sl_str(col[s]->name), '"');
    sl_buf_printf(b, " AS VARCHAR) AS v, %d AS b, %d AS c FROM %s", !s, s, w->side[s].table);
  }
  sl_buf_z(b, ") WHERE v IS NOT NULL GROUP BY v ORDER BY v");
}

/* What the few cells stand for, in their order. */
static int fetch_labels(struct drift *w, const struct drift_col *a, const struct drift_col *b, struct sl_buf *out, struct sl_err *err)
{
  struct sl_columns r;
  struct sl_buf sql;
  sl_buf_init(&sql, 0);
  put_values(w, &sql, a, b, "v");
  int rc = sl_buf_check(&sql, err);
  rc = rc ? rc : drift_fetch(w, sql.p, DRIFT_BINS, &r, err);
  sl_buf_free(&sql);
  if (rc)
    return rc;
  for (size_t i = 0; i < r.at[0].n; i++)
    sl_list_add(out, drift_label(sl_column_text(&r.at[0], i)));
  sl_columns_free(&r);
  return sl_buf_check(out, err);
}

/* The values that only one side has, the most frequent first. */
static int fetch_only(struct drift *w, const struct drift_col *a, const struct drift_col *b, int side, struct sl_buf *out,
                      struct sl_err *err)
{
  struct sl_columns r;
  struct sl_buf sql;
  sl_buf_init(&sql, 0);
  put_values(w, &sql, a, b, "v");
  sql.n -= strlen(" ORDER BY v");
  sl_buf_printf(&sql, " HAVING sum(%s) = 0 ORDER BY sum(%s) DESC, v LIMIT %d", side ? "b" : "c", side ? "c" : "b", DRIFT_ONLY_NAMES);
  int rc = sl_buf_check(&sql, err);
  rc = rc ? rc : drift_fetch(w, sql.p, DRIFT_ONLY_NAMES, &r, err);
  sl_buf_free(&sql);
  if (rc)
    return rc;
  for (size_t i = 0; i < r.at[0].n; i++)
    drift_only_add(out, sl_column_text(&r.at[0], i));
  sl_columns_free(&r);
  return sl_buf_check(out, err);
}

/* A column for each chunk of the baseline: how often each value occurs in it, in the cells' order. */
static int put_chunks(const struct drift *w, const struct drift_col *a, const struct drift_col *b, size_t size, size_t n,
                      struct sl_buf *sql, struct sl_err *err)
{
  sl_buf_z(sql, "SELECT ");
  for (size_t i = 0; i < n; i++)
    sl_buf_printf(sql, "%sCAST(count(*) FILTER (k = %zu) AS DOUBLE)", i ? ", " : "", i);
  sl_buf_z(sql, " FROM (SELECT CAST(");
  sl_fmt_quote(sql, sl_str(a->name), '"');
  sl_buf_printf(sql, " AS VARCHAR) AS v, (row_number() OVER () - 1) // %zu AS k FROM %s UNION ALL SELECT CAST(", size, w->side[0].table);
  sl_fmt_quote(sql, sl_str(b->name), '"');
  sl_buf_printf(sql, " AS VARCHAR) AS v, -1 AS k FROM %s) WHERE v IS NOT NULL GROUP BY v ORDER BY v", w->side[1].table);
  return sl_buf_check(sql, err);
}

static int cut_cells(struct drift *w, const struct drift_col *a, const struct drift_col *b, struct drift_feature *f, struct sl_err *err)
{
  struct sl_drift_chunks *k = &f->chunks;
  size_t size, n = sl_drift_chunk_count((size_t)w->side[0].rows, &size);
  struct sl_columns r;
  struct sl_buf sql;
  f->pair.chunks = k;
  if (!n)
    return SL_OK;
  sl_buf_init(&sql, 0);
  int rc = put_chunks(w, a, b, size, n, &sql, err);
  rc = rc ? rc : drift_fetch(w, sql.p, f->pair.ncells, &r, err);
  sl_buf_free(&sql);
  if (rc)
    return rc;
  double *cell = sl_calloc(n * f->pair.ncells + 1, sizeof *cell);
  for (size_t i = 0; cell && i < n; i++) {
    double all = 0;
    for (size_t c = 0; c < f->pair.ncells && c < r.at[i].n; c++)
      all += cell[i * f->pair.ncells + c] = r.at[i].v.f64[c];
    k->at[i + 1] = k->at[i] + (size_t)all;
  }
  sl_columns_free(&r);
  k->n = n;
  k->cell = f->chunk_mem = cell;
  return cell ? SL_OK : sl_err_nomem(err);
}

static int compare_cells(struct drift *w, const struct drift_col *a, const struct drift_col *b, struct drift_feature *f, struct sl_err *err)
{
  struct sl_columns r;
  struct sl_buf sql, only[2];
  double share[2];
  sl_buf_init(&sql, 0);
  put_values(w, &sql, a, b, "CAST(sum(b) AS DOUBLE), CAST(sum(c) AS DOUBLE)");
  int rc = sl_buf_check(&sql, err);
  rc = rc ? rc : base_values(w, a, err);
  if (!rc)
    rc = drift_fetch(w, sql.p, 64, &r, err);
  sl_buf_clear(&sql);
  if (!rc && r.at[0].n <= DRIFT_BINS && (rc = fetch_labels(w, a, b, &sql, err)))
    sl_columns_free(&r);
  if (rc) {
    sl_buf_free(&sql);
    return rc;
  }
  f->labels = sl_buf_view(&sql);
  f->pair.ncells = r.at[0].n;
  f->pair.cell[0] = r.at[0].v.f64;
  f->pair.cell[1] = r.at[1].v.f64;
  drift_only_shares(&f->pair, share);
  for (int s = 0; s < 2; s++) {
    sl_buf_init(&only[s], 0);
    rc = !rc && share[s] > 0 ? fetch_only(w, a, b, s, &only[s], err) : rc;
    f->only[s] = sl_buf_view(&only[s]);
  }
  rc = rc ? rc : w->out.chunked ? cut_cells(w, a, b, f, err) : SL_OK;
  rc = rc ? rc : drift_rows_feature(&w->out, f, err);
  f->labels = f->only[0] = f->only[1] = SL_STR_NONE;
  sl_free(f->chunk_mem);
  sl_buf_free(&only[0]);
  sl_buf_free(&only[1]);
  sl_buf_free(&sql);
  sl_columns_free(&r);
  return rc;
}

/* Evidently's rule: text where more than half of the current values differ from each other. */
static int compare_texts(struct drift *w, const struct drift_col *a, const struct drift_col *b, struct drift_feature *f, struct sl_err *err)
{
  int64_t different = 0, before = 0;
  int rc = base_counts(w, a, b->is == TEXT, f, &before, err);
  if (!rc)
    rc = count_values(w, 1, b, b->is == TEXT, f, &different, err);
  if (rc)
    return rc;
  if (b->is == BOOL)
    f->pair.kind = SL_DRIFT_BOOLEAN;
  else if (b->is == TEXT && before <= CELLS_MAX &&
           (different * 2 <= (int64_t)f->pair.n[1] || (w->out.texts_are_categories && different <= CELLS_MAX)))
    f->pair.kind = SL_DRIFT_CATEGORICAL;
  else
    f->pair.kind = b->is == TIME ? SL_DRIFT_TIME : SL_DRIFT_TEXT;
  bool cells = f->pair.kind == SL_DRIFT_BOOLEAN || f->pair.kind == SL_DRIFT_CATEGORICAL;
  return cells ? compare_cells(w, a, b, f, err) : drift_rows_feature(&w->out, f, err);
}

/* ---- columns of both, and of one ---- */

const struct drift_col *drift_find(const struct drift_side *s, const char *name)
{
  for (size_t i = 0; i < s->n; i++)
    if (!strcmp(s->col[i].name, name))
      return &s->col[i];
  return NULL;
}

/* A column that is empty on one side has no type of its own there: CSV files give it any. */
static int empty_side(struct drift *w, const struct drift_col *a, const struct drift_col *b, bool *out, struct drift_feature *f,
                      struct sl_err *err)
{
  int64_t none;
  int rc = count_values(w, 0, a, false, f, &none, err);
  if (!rc)
    rc = count_values(w, 1, b, false, f, &none, err);
  *out = !rc && (!f->pair.n[0] || !f->pair.n[1]);
  return rc;
}

int drift_compare_one(struct drift *w, const struct drift_col *a, const struct drift_col *b, struct sl_err *err)
{
  struct drift_feature f = { .name = b->name };
  bool empty = false;
  if (a->is == b->is)
    return b->is == NUMBER ? compare_numbers(w, a, b, &f, err) : compare_texts(w, a, b, &f, err);
  int rc = empty_side(w, a, b, &empty, &f, err);
  if (rc)
    return rc;
  const struct drift_col *seen = f.pair.n[0] ? a : b;
  f.pair.kind = kind_of(seen->is);
  if (empty)
    return drift_rows_counts(&w->out, &f, err);
  snprintf(f.note, sizeof f.note, "retyped: %s, was %s", class_name(b->is), class_name(a->is));
  return drift_rows_schema(&w->out, &f, err);
}

int drift_only_one(struct drift *w, const struct drift_col *c, int s, struct sl_err *err)
{
  struct drift_feature f = { .name = c->name };
  int64_t none;
  f.pair.kind = kind_of(c->is);
  snprintf(f.note, sizeof f.note, s ? "new" : "gone");
  int rc = count_values(w, s, c, false, &f, &none, err);
  return rc ? rc : drift_rows_schema(&w->out, &f, err);
}

static int compare(struct drift *w, struct sl_err *err)
{
  const struct drift_side *a = &w->side[0], *b = &w->side[1];
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < a->n && !w->out.only_pca; i++) {
    const struct drift_col *other = drift_find(b, a->col[i].name);
    rc = other ? drift_compare_one(w, &a->col[i], other, err) : drift_only_one(w, &a->col[i], 0, err);
    box_progress(w->c, i, a->n);
  }
  for (size_t i = 0; !rc && i < b->n && !w->out.only_pca; i++)
    if (!drift_find(a, b->col[i].name))
      rc = drift_only_one(w, &b->col[i], 1, err);
  if (!rc && w->out.pca)
    rc = drift_pca_run(w, err);
  return rc ? rc : drift_rows_end(&w->out, err);
}

void drift_side_free(struct drift_side *s)
{
  for (size_t i = 0; s->col && i <= s->n; i++)
    sl_free(s->col[i].name);
  sl_free(s->col);
  s->col = NULL;
}

static void drift_free(struct drift *w)
{
  drift_side_free(&w->side[0]);
  drift_side_free(&w->side[1]);
  drift_kept_free(&w->kept);
  drift_rows_free(&w->out);
}

/* By values; where either side is a file of sketches, by what sketches keep. */
static int compare_sides(struct drift *w, const json_t *args, struct sl_err *err)
{
  const char *sql[2];
  bool files = false;
  int rc = SL_OK;
  for (int s = 0; s < 2; s++) {
    sql[s] = json_string_value(json_object_get(args, roles[s]));
    sql[s] = sql[s] ? sql[s] : "";
    files |= sketch_file_is(sl_str(sql[s]));
  }
  if (files && w->out.pca)
    return sl_err_set(err, SL_EUSAGE, "pca needs the rows of both data sets, not sketches of them");
  if (files)
    return drift_sketch_run(w->c, w->conn, sql[0], sql[1], &w->out, err);
  for (int s = 0; !rc && s < 2; s++)
    rc = drift_side_open(w, s, sql[s], roles[s], err);
  return rc ? rc : compare(w, err);
}

static int drift_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  struct duck_own *own = c->own;
  struct drift w = { .c = c, .d = &own->d };
  struct drift_sink to = drift_sink_of(c);
  json_t *args = NULL;
  int rc = sl_json_load(&args, text, false, err);
  bool past = !rc && json_object_get(args, "partitions");
  if (!rc && !past)
    rc = drift_rows_open(&w.out, &to, sl_json_str(args, "tests"), sl_json_str(args, "profile"), err);
  if (!rc)
    rc = duck_own_connect(c, &w.conn, err);
  if (!rc)
    rc = past ? drift_past_run(&w, args, err) : compare_sides(&w, args, err);
  if (w.conn)
    own->d.disconnect(&w.conn);
  json_decref(args);
  drift_free(&w);
  return rc;
}

const struct sl_box_worker box_worker_drift = { .kind = "drift", .load = duck_own_load, .run = drift_run };
