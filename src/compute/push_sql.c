/* compute/push_sql.c: the statements. Doubles are written with all their digits and read by the engine's own cast, so that a value on an
 * edge falls on the same side there and here; -0 is 0, as GROUP BY of some engines would not have it. */
#include "compute/push.h"

#include <stdio.h>
#include <string.h>

#include "base/fmt.h"

#define MOST "1.7976931348623157e308"

static const struct sl_push_type duck_types[] = {
  { "TINYINT", SL_PUSH_NUMBER, true, false }, { "SMALLINT", SL_PUSH_NUMBER, true, false }, { "INTEGER", SL_PUSH_NUMBER, true, false },
  { "BIGINT", SL_PUSH_NUMBER, true, false }, { "HUGEINT", SL_PUSH_NUMBER, true, false }, { "UTINYINT", SL_PUSH_NUMBER, true, false },
  { "USMALLINT", SL_PUSH_NUMBER, true, false }, { "UINTEGER", SL_PUSH_NUMBER, true, false }, { "UBIGINT", SL_PUSH_NUMBER, true, false },
  { "UHUGEINT", SL_PUSH_NUMBER, true, false }, { "FLOAT", SL_PUSH_NUMBER, false, true }, { "DOUBLE", SL_PUSH_NUMBER, false, false },
  { "DECIMAL(*", SL_PUSH_NUMBER, false, false }, { "BOOLEAN", SL_PUSH_BOOL, false, false }, { "VARCHAR", SL_PUSH_TEXT, false, false },
  { "JSON", SL_PUSH_TEXT, false, false }, { "ENUM(*", SL_PUSH_TEXT, false, false }, { "UUID", SL_PUSH_TEXT, false, false },
  { "BIT", SL_PUSH_TEXT, false, false }, { "DATE", SL_PUSH_TIME, false, false }, { "TIME*", SL_PUSH_TIME, false, false },
  { "INTERVAL", SL_PUSH_TIME, false, false }, { NULL, SL_PUSH_OTHER, false, false },
};

const struct sl_push_dialect sl_push_duckdb = {
  .name = "duckdb", .quote = '"', .f64 = "DOUBLE", .wide = "HUGEINT", .text = "VARCHAR", .sum = "fsum",
  .number_rows = "row_number() OVER ()", .collate = "",
  .describe = { "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ", ")" },
  .types = duck_types,
};

void sl_push_classify(const struct sl_push_dialect *d, struct sl_push_column *c)
{
  struct sl_str type = sl_str(c->type);
  c->is = SL_PUSH_OTHER;
  c->whole = c->narrow = false;
  if (!type.n || type.p[type.n - 1] == ']')
    return;
  for (const struct sl_push_type *t = d->types; t->type; t++) {
    struct sl_str name = sl_str(t->type);
    bool begins = sl_str_ends(name, SL_STR("*"));
    if (!(begins ? sl_str_starts(type, sl_str_head(name, name.n - 1)) : sl_str_eq(type, name)))
      continue;
    c->is = t->is;
    c->whole = t->whole;
    c->narrow = t->narrow;
    return;
  }
}

/* ---- pieces ---- */

static void put_relation(struct sl_buf *b, const struct sl_push *p, int side)
{
  sl_buf_printf(b, "(\n%s\n) AS s", p->query[side]);
}

static void put_name(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *c)
{
  sl_fmt_quote(b, sl_str(c->name), p->d->quote);
}

/* What a number's column holds, as a double. */
static void put_number(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *c)
{
  sl_buf_z(b, "CAST(");
  put_name(b, p, c);
  sl_buf_printf(b, " AS %s)", p->d->f64);
}

static void put_text(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *c)
{
  sl_buf_z(b, "CAST(");
  put_name(b, p, c);
  sl_buf_printf(b, " AS %s)", p->d->text);
}

static void put_f64(struct sl_buf *b, const struct sl_push *p, double v)
{
  sl_buf_printf(b, "CAST('%.17g' AS %s)", v, p->d->f64);
}

static void put_finite(struct sl_buf *b, const struct sl_push *p, const char *v)
{
  sl_buf_printf(b, "%s BETWEEN CAST('-" MOST "' AS %s) AND CAST('" MOST "' AS %s)", v, p->d->f64, p->d->f64);
}

/* SELECT v AS v[, more] of the finite numbers of a side; 0 without a sign. */
static void put_numbers(struct sl_buf *b, const struct sl_push *p, int side, const struct sl_push_column *c, const char *more)
{
  sl_buf_printf(b, "SELECT CASE WHEN v = 0 THEN CAST(0 AS %s) ELSE v END AS v%s FROM (SELECT ", p->d->f64, more);
  put_number(b, p, c);
  sl_buf_z(b, " AS v FROM ");
  put_relation(b, p, side);
  sl_buf_z(b, ") AS t WHERE ");
  put_finite(b, p, "v");
}

static void put_as_f64(struct sl_buf *b, const struct sl_push *p, const char *what)
{
  sl_buf_printf(b, "CAST(%s AS %s)", what, p->d->f64);
}

/* ---- counts ---- */

void sl_push_describe(struct sl_buf *b, const struct sl_push *p, int side)
{
  sl_buf_z(b, p->d->describe[0]);
  put_relation(b, p, side);
  sl_buf_z(b, p->d->describe[1]);
}

static void put_count(struct sl_buf *b, const struct sl_push *p, size_t i, const struct sl_push_column *c)
{
  char what[128];
  bool number = c->is == SL_PUSH_NUMBER;
  snprintf(what, sizeof what, "count(v%zu)", i);
  sl_buf_z(b, ", ");
  put_as_f64(b, p, what);
  for (int k = 0; k < 5; k++) {
    sl_buf_z(b, ", ");
    if (k == 0)
      snprintf(what, sizeof what, "count(CASE WHEN f%zu THEN 1 END)", i);
    else if (k == 1)
      snprintf(what, sizeof what, "count(CASE WHEN v%zu = CAST('Infinity' AS %s) OR v%zu = CAST('-Infinity' AS %s) THEN 1 END)", i,
               p->d->f64, i, p->d->f64);
    else if (k == 2)
      snprintf(what, sizeof what, "count(CASE WHEN v%zu = CAST('-Infinity' AS %s) THEN 1 END)", i, p->d->f64);
    else
      snprintf(what, sizeof what, "%s(CASE WHEN f%zu THEN v%zu END)", k == 3 ? "min" : "max", i, i);
    put_as_f64(b, p, number ? what : "NULL");
  }
}

void sl_push_counts(struct sl_buf *b, const struct sl_push *p, int side, const struct sl_push_column *c, size_t n)
{
  char v[24];
  sl_buf_z(b, "SELECT ");
  put_as_f64(b, p, "count(*)");
  for (size_t i = 0; i < n; i++)
    put_count(b, p, i, &c[i]);
  sl_buf_z(b, " FROM (SELECT *");
  for (size_t i = 0; i < n; i++)
    if (c[i].is == SL_PUSH_NUMBER) {
      snprintf(v, sizeof v, "v%zu", i);
      sl_buf_z(b, ", ");
      put_finite(b, p, v);
      sl_buf_printf(b, " AS f%zu", i);
    }
  sl_buf_z(b, " FROM (SELECT 1 AS one");
  for (size_t i = 0; i < n; i++) {
    sl_buf_z(b, ", ");
    if (c[i].is == SL_PUSH_NUMBER)
      put_number(b, p, &c[i]);
    else
      put_name(b, p, &c[i]);
    sl_buf_printf(b, " AS v%zu", i);
  }
  sl_buf_z(b, " FROM ");
  put_relation(b, p, side);
  sl_buf_z(b, ") AS t) AS u");
}

void sl_push_bounds(struct sl_buf *b, const struct sl_push *p, int side, const struct sl_push_column *c, size_t n, size_t head)
{
  sl_buf_z(b, "SELECT ");
  for (size_t i = 0; i < n; i++)
    for (int k = 0; k < 2; k++) {
      sl_buf_z(b, i || k ? ", " : "");
      if (c[i].is == SL_PUSH_OTHER) {
        sl_buf_printf(b, "CAST(NULL AS %s)", p->d->text);
        continue;
      }
      sl_buf_printf(b, "substr(CAST(%s(", k ? "max" : "min");
      put_name(b, p, &c[i]);
      sl_buf_printf(b, ") AS %s), 1, %zu)", p->d->text, head);
    }
  sl_buf_z(b, " FROM ");
  put_relation(b, p, side);
}

static void put_different(struct sl_buf *b, const struct sl_push *p, int side, const struct sl_push_column *c)
{
  sl_buf_printf(b, "SELECT %d AS side, CAST(count(v) AS %s) AS n FROM (SELECT DISTINCT ", side, p->d->f64);
  put_name(b, p, c);
  sl_buf_z(b, " AS v FROM ");
  put_relation(b, p, side);
  sl_buf_z(b, ") AS t");
}

/* Of a table of its own, which an engine can keep on its disk. */
void sl_push_distinct(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2])
{
  put_different(b, p, 0, c[0]);
  if (p->query[1]) {
    sl_buf_z(b, " UNION ALL ");
    put_different(b, p, 1, c[1]);
  }
  sl_buf_z(b, " ORDER BY side");
}

/* ---- distribution functions ---- */

/* g: each different value, and how often either side has it. */
static void put_groups(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], const bool once[2])
{
  sl_buf_printf(b, "WITH g AS (SELECT v, %s AS a, %s AS b FROM (", once[0] ? "max(a)" : "sum(a)", once[1] ? "max(b)" : "sum(b)");
  put_numbers(b, p, 0, c[0], ", 1 AS a, 0 AS b");
  if (p->query[1]) {
    sl_buf_z(b, " UNION ALL ");
    put_numbers(b, p, 1, c[1], ", 0 AS a, 1 AS b");
  }
  sl_buf_z(b, ") AS u GROUP BY v)");
}

void sl_push_course(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], const struct sl_push_course *w)
{
  const char *f64 = p->d->f64, *sum = p->d->sum;
  double n = w->n[0] > 1 ? w->n[0] : 1, m = w->n[1] > 1 ? w->n[1] : 1;    /* without a value there is no gap either */
  put_groups(b, p, c, w->once);
  sl_buf_z(b, ", r AS (SELECT v, a, b, sum(a) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING) AS i, "
              "sum(b) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING) AS j, lead(v) OVER (ORDER BY v) - v AS step FROM g)");
  sl_buf_printf(b, ", d AS (SELECT v, a, b, i, j, step, abs(CAST(i AS %s) * %.0f - CAST(j AS %s) * %.0f) AS gap, "
                "CAST(i + j AS %s) / CAST(%.0f AS %s) AS h FROM r)", p->d->wide, m, p->d->wide, n, f64, w->n[0] + w->n[1] > 1 ? w->n[0] +
                w->n[1] : 1, f64);
  sl_buf_printf(b, ", e AS (SELECT v, a, b, i, j, step, gap, CAST(gap AS %s) / (CAST(%.0f AS %s) * CAST(%.0f AS %s)) AS f, "
                "h * (1 - h) AS s FROM d)", f64, n, f64, m, f64);
  sl_buf_printf(b, " SELECT CAST(count(*) AS %s), CAST(count(CASE WHEN a > 0 THEN 1 END) AS %s), CAST(count(CASE WHEN b > 0 THEN 1 END) "
                "AS %s), CAST(max(gap) AS %s), ", f64, f64, f64, f64);
  sl_buf_printf(b, "%s(f * step), %s(f * f * step), %s(sqrt(CASE WHEN s > 0 THEN s ELSE 0 END) * step), %s(s * step)", sum, sum, sum,
                sum);
  for (int side = 0; side < 2; side++)
    for (size_t k = 0; k < w->nrank; k++)
      sl_buf_printf(b, ", min(CASE WHEN %c > %.0f THEN v END)", side ? 'j' : 'i', w->rank[side][k]);
  sl_buf_z(b, " FROM e");
}

/* ---- values ---- */

static void put_texts(struct sl_buf *b, const struct sl_push *p, int side, const struct sl_push_column *c, const char *more)
{
  sl_buf_z(b, "SELECT ");
  put_text(b, p, c);
  sl_buf_printf(b, " AS v%s FROM ", more);
  put_relation(b, p, side);
}

static void put_order(struct sl_buf *b, const struct sl_push *p, bool number, size_t limit)
{
  sl_buf_printf(b, " GROUP BY v ORDER BY v%s LIMIT %zu", number ? "" : p->d->collate, limit);
}

void sl_push_values(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], size_t head, size_t limit)
{
  bool number = c[0]->is == SL_PUSH_NUMBER;
  void (*put)(struct sl_buf *, const struct sl_push *, int, const struct sl_push_column *, const char *) = number ? put_numbers : put_texts;
  if (number)
    sl_buf_z(b, "SELECT v");
  else if (head)
    sl_buf_printf(b, "SELECT substr(v, 1, %zu)", head);
  else
    sl_buf_z(b, "SELECT NULL");
  sl_buf_printf(b, ", CAST(sum(a) AS %s), CAST(sum(b) AS %s) FROM (", p->d->f64, p->d->f64);
  put(b, p, 0, c[0], ", 1 AS a, 0 AS b");
  sl_buf_z(b, " UNION ALL ");
  put(b, p, 1, c[1], ", 0 AS a, 1 AS b");
  sl_buf_z(b, ") AS u WHERE v IS NOT NULL");
  put_order(b, p, number, limit);
}

void sl_push_only(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], int side, size_t head, size_t limit)
{
  sl_buf_printf(b, "SELECT substr(v, 1, %zu) FROM (", head);
  put_texts(b, p, 0, c[0], ", 1 AS a, 0 AS b");
  sl_buf_z(b, " UNION ALL ");
  put_texts(b, p, 1, c[1], ", 0 AS a, 1 AS b");
  sl_buf_printf(b, ") AS u WHERE v IS NOT NULL GROUP BY v HAVING sum(%c) = 0 ORDER BY sum(%c) DESC, v%s LIMIT %zu", side ? 'a' : 'b',
                side ? 'b' : 'a', p->d->collate, limit);
}

/* The rows' numbers from 0, divided by chunks. */
static void put_chunk(struct sl_buf *b, const struct sl_push *p, size_t size)
{
  sl_buf_printf(b, "floor(CAST(%s - 1 AS %s) / CAST(%zu AS %s)) AS k", p->d->number_rows, p->d->f64, size, p->d->f64);
}

void sl_push_value_chunks(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], size_t size, size_t n,
                          size_t limit)
{
  bool number = c[0]->is == SL_PUSH_NUMBER;
  sl_buf_z(b, number ? "SELECT v" : "SELECT NULL");
  for (size_t i = 0; i < n; i++)
    sl_buf_printf(b, ", CAST(count(CASE WHEN k = %zu THEN 1 END) AS %s)", i, p->d->f64);
  sl_buf_printf(b, " FROM (SELECT %s AS v, k FROM (SELECT ", number ? "CASE WHEN v = 0 THEN v * v ELSE v END" : "v");
  if (number)
    put_number(b, p, c[0]);
  else
    put_text(b, p, c[0]);
  sl_buf_z(b, " AS v, ");
  put_chunk(b, p, size);
  sl_buf_z(b, " FROM ");
  put_relation(b, p, 0);
  sl_buf_z(b, ") AS x WHERE ");
  if (number)
    put_finite(b, p, "v");
  else
    sl_buf_z(b, "v IS NOT NULL");
  sl_buf_z(b, " UNION ALL ");
  if (number)
    put_numbers(b, p, 1, c[1], ", -1 AS k");
  else
    put_texts(b, p, 1, c[1], ", -1 AS k");
  sl_buf_z(b, ") AS u WHERE v IS NOT NULL");
  put_order(b, p, number, limit);
}

/* ---- moments and histograms ---- */

static void put_edges(struct sl_buf *b, const struct sl_push *p, const struct sl_push_edges *e)
{
  for (size_t i = 0; i < e->n; i++) {
    sl_buf_printf(b, ", CAST(count(CASE WHEN v %s ", e->last[i] ? "<=" : "<");
    put_f64(b, p, e->edge[i]);
    sl_buf_printf(b, " THEN 1 END) AS %s)", p->d->f64);
  }
}

static void put_side(struct sl_buf *b, const struct sl_push *p, int side, const struct sl_push_column *c, double from,
                     double unit, const struct sl_push_edges *e)
{
  const char *sum = p->d->sum;
  sl_buf_printf(b, "SELECT %d AS side, %s(d), %s(d * d), %s(d * d * d)", side, sum, sum, sum);
  put_edges(b, p, e);
  sl_buf_z(b, " FROM (SELECT v, (v - ");
  put_f64(b, p, from);
  sl_buf_z(b, ") / ");
  put_f64(b, p, unit);
  sl_buf_z(b, " AS d FROM (");
  put_numbers(b, p, side, c, "");
  sl_buf_z(b, ") AS x) AS y");
}

void sl_push_shape(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], double from,
                   double unit, const struct sl_push_edges *e)
{
  put_side(b, p, 0, c[0], from, unit, e);
  if (p->query[1]) {
    sl_buf_z(b, " UNION ALL ");
    put_side(b, p, 1, c[1], from, unit, e);
  }
  sl_buf_z(b, " ORDER BY side");
}

void sl_push_shape_chunks(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *c, size_t size,
                          const struct sl_push_edges *e)
{
  sl_buf_printf(b, "SELECT CAST(count(v) AS %s)", p->d->f64);
  put_edges(b, p, e);
  sl_buf_z(b, " FROM (SELECT CASE WHEN ");
  put_finite(b, p, "v");
  sl_buf_z(b, " THEN v END AS v, k FROM (SELECT ");
  put_number(b, p, c);
  sl_buf_z(b, " AS v, ");
  put_chunk(b, p, size);
  sl_buf_z(b, " FROM ");
  put_relation(b, p, 0);
  sl_buf_printf(b, ") AS x) AS y GROUP BY k ORDER BY k LIMIT %d", SL_PUSH_CHUNKS);
}

/* ---- a profile's histogram ---- */

void sl_push_steps(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *c, double lo, double hi, size_t k)
{
  sl_buf_printf(b, "SELECT k, CAST(count(*) AS %s) FROM (SELECT CASE WHEN q < %zu THEN q ELSE %zu END AS k FROM (SELECT floor((v - ",
                p->d->f64, k, k - 1);
  put_f64(b, p, lo);
  sl_buf_z(b, ") / ");
  put_f64(b, p, hi - lo);
  sl_buf_printf(b, " * %zu) AS q FROM (", k);
  put_numbers(b, p, 0, c, "");
  sl_buf_printf(b, ") AS x) AS y) AS z GROUP BY k ORDER BY k LIMIT %zu", k);
}
