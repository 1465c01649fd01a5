/* box/work_profile.c: the columns of a large data set: one pass makes a sketch of each, a second counts the histograms between the bounds
 * that the first found, and what lies where in the buckets that hold the quartiles.
 *
 * {"data":SQL}. A row a column: number, values that are not null, different ones, least and greatest as text, mean, quartiles, histogram.
 * Columns of types that are not known here have no row. With "means":true one pass, only columns of FLOAT and DOUBLE, only number and mean:
 * the engine's own avg() loses what cancels. */
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "box/scan.h"
#include "box/sqlscan.h"

/* GROUP: columns at once; a text of many values takes some 2 MiB. */
enum { BINS = 20, PARTS = 4096, RANKS = 6, TEXT_MAX = 200, GROUP = 64 };
enum { COL_NUMBER, COL_COUNT, COL_DISTINCT, COL_MIN, COL_MAX, COL_MEAN, COL_QUARTILE, COL_HISTOGRAM = COL_QUARTILE + 3 };

static const struct sl_col cols[] = {
  { .name = "number", .type = SL_I64 }, { .name = "count", .type = SL_I64 }, { .name = "distinct", .type = SL_I64 },
  { .name = "min", .type = SL_TEXT }, { .name = "max", .type = SL_TEXT }, { .name = "mean", .type = SL_F64 },
  { .name = "q25", .type = SL_F64 }, { .name = "q50", .type = SL_F64 }, { .name = "q75", .type = SL_F64 },
  { .name = "histogram", .type = SL_LIST },
};

/* Where values of two neighbouring ranks lie, cut into equal parts that are counted. */
struct part { double low, high; uint64_t n[PARTS]; };
struct column {
  struct sl_sketch *s;
  double low, high;            /* of the histogram */
  uint64_t bin[BINS];
  struct part *part[RANKS]; size_t nparts;
};
struct profile {
  struct sl_box_ctx *c;
  const struct duck *d;
  duck_conn conn;
  struct sl_str sql;
  struct scan_columns all;
  bool means;
  struct column *col;
  size_t *known, nknown;       /* columns that are profiled here */
  const size_t *which; size_t n;  /* of them, the group at hand */
  struct sl_schema *schema;
  struct sl_batch *batch;
};

/* What the engine's own words for least and greatest can be made of. */
static bool known(const struct scan_column *c)
{
  return !c->cast && c->type != DUCK_TIMESTAMP_TZ;
}

static bool is_wanted(const struct profile *p, const struct scan_column *c)
{
  return known(c) && (!p->means || c->kind == SL_SKETCH_FLOAT);
}

static bool is_number(const struct scan_column *c) { return c->is == SL_SKETCH_NUMBER; }

/* ---- first pass ---- */

static int add(void *user, const struct scan_span *s, struct sl_err *err)
{
  return scan_sketch(((struct profile *)user)->col[s->column].s, s, err);
}

static int first_pass(struct profile *p, unsigned threads, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < p->n && !rc; i++)
    rc = sl_sketch_new(&p->col[p->which[i]].s, p->all.at[p->which[i]].kind, true, err);
  return rc ? rc : scan_run(p->c, p->sql, &p->all, p->which, p->n, threads, add, p, err);
}

/* ---- second pass ---- */

static int open_part(struct column *c, double low, double high, struct sl_err *err)
{
  for (size_t i = 0; i < c->nparts; i++)
    if (c->part[i]->low == low && c->part[i]->high == high)
      return SL_OK;
  if (!(high > low) || c->nparts == RANKS)
    return SL_OK;
  struct part *t = c->part[c->nparts] = sl_calloc(1, sizeof *t);
  if (!t)
    return sl_err_nomem(err);
  t->low = low;
  t->high = high;
  c->nparts++;
  return SL_OK;
}

/* Where quartile q stands among all values, infinities and NaN included, which the engine puts at the end. */
static double place_of(const struct column *c, int q)
{
  struct sl_sketch_counts n = sl_sketch_counts(c->s);
  return 0.25 * q * (double)(n.rows - n.nulls - 1);
}

/* The bins of the values of both ranks between which a quartile lies. */
static int open_parts(struct column *c, struct sl_err *err)
{
  struct sl_sketch_counts n = sl_sketch_counts(c->s);
  double low, high;
  int rc = SL_OK;
  for (int q = 1; q <= 3 && !rc; q++)
    for (int i = 0; i < 2 && !rc; i++) {
      double k = floor(place_of(c, q)) + i - (double)n.minus_inf;
      if (k < 0 || k >= (double)n.finite)
        continue;
      (void)sl_sketch_quantile(c->s, n.finite > 1 ? k / (double)(n.finite - 1) : 0, &low, &high);
      rc = open_part(c, low, high, err);
    }
  return rc;
}

static size_t place(double x, double low, double high, size_t n)
{
  size_t i = (size_t)((x - low) / (high - low) * (double)n);
  return i < n ? i : n - 1;
}

static int count(void *user, const struct scan_span *s, struct sl_err *err)
{
  struct column *c = &((struct profile *)user)->col[s->column];
  double out[SCAN_CHUNK];
  const double *x = scan_f64(s, out);
  (void)err;
  for (size_t i = 0; i < s->n; i++) {
    if ((s->valid && !(s->valid[i / 64] >> (i % 64) & 1)) || !(x[i] >= c->low && x[i] <= c->high))
      continue;
    c->bin[place(x[i], c->low, c->high, BINS)]++;
    for (size_t k = 0; k < c->nparts; k++)
      if (x[i] >= c->part[k]->low && x[i] <= c->part[k]->high)
        c->part[k]->n[place(x[i], c->part[k]->low, c->part[k]->high, PARTS)]++;
  }
  return SL_OK;
}

static int second_pass(struct profile *p, unsigned threads, struct sl_err *err)
{
  size_t *which = sl_calloc(p->n + 1, sizeof *which), n = 0;
  int rc = which ? SL_OK : sl_err_nomem(err);
  for (size_t i = 0; i < p->n && !rc; i++) {
    struct column *c = &p->col[p->which[i]];
    if (!is_number(&p->all.at[p->which[i]]))
      continue;
    c->low = sl_sketch_min(c->s);
    c->high = sl_sketch_max(c->s);
    if (!(c->high > c->low) || !isfinite(c->high - c->low))
      continue;
    which[n++] = p->which[i];
    rc = open_parts(c, err);
  }
  if (!rc && n)
    rc = scan_run(p->c, p->sql, &p->all, which, n, threads, count, p, err);
  sl_free(which);
  return rc;
}

/* ---- rows ---- */

/* The value of a rank: within its bin's part as if values were evenly spread there. */
static double at_rank(const struct column *c, double k, double n)
{
  double low, high, v = sl_sketch_quantile(c->s, n > 1 ? k / (n - 1) : 0, &low, &high), before = 0, all = 0;
  const struct part *t = NULL;
  struct sl_sketch_bin *b = NULL;
  size_t nb = 0;
  for (size_t i = 0; i < c->nparts; i++)
    t = c->part[i]->low == low && c->part[i]->high == high ? c->part[i] : t;
  if (!t || sl_sketch_bins(c->s, &b, &nb, NULL))
    return v;
  for (size_t i = 0; i < nb && b[i].high <= low; i++)
    before += (double)b[i].n;
  sl_free(b);
  for (size_t i = 0; i < PARTS; i++) {
    double in = (double)t->n[i];
    if (before + all + in > k)
      return low + (high - low) / PARTS * ((double)i + (k - before - all + 0.5) / in);
    all += in;
  }
  return v;
}

static double at_place(const struct column *c, double k)
{
  struct sl_sketch_counts n = sl_sketch_counts(c->s);
  double finite = (double)n.finite;
  k -= (double)n.minus_inf;
  if (k < 0)
    return -(double)INFINITY;
  return k < finite ? at_rank(c, k, finite) : k < finite + (double)n.plus_inf ? (double)INFINITY : (double)NAN;
}

static double quartile(const struct column *c, int q)
{
  double h = place_of(c, q), k = floor(h), v = at_place(c, k), next = h > k ? at_place(c, k + 1) : v;
  return h > k && next > v ? v + (next - v) * (h - k) : v;
}

static int put_histogram(struct sl_batch *b, const struct column *c, struct sl_err *err)
{
  struct sl_buf list;
  char text[24];
  struct sl_sketch_counts n = sl_sketch_counts(c->s);
  sl_buf_init(&list, 0);
  for (int i = 0; i < BINS && n.finite; i++) {
    bool one = !(c->high > c->low) && !i; /* a single value: all in the first */
    int k = snprintf(text, sizeof text, "%llu", (unsigned long long)(one ? n.finite : c->bin[i]));
    sl_list_add(&list, sl_strn(text, (size_t)k));
  }
  int rc = sl_buf_check(&list, err);
  if (!rc && list.n)
    sl_batch_set(b, COL_HISTOGRAM, sl_vas(SL_LIST, sl_buf_view(&list)));
  sl_buf_free(&list);
  return rc;
}

/* As avg() says it: NaN and infinities count. */
static double mean_of(const struct sl_sketch *s)
{
  struct sl_sketch_counts n = sl_sketch_counts(s);
  if (n.nans || (n.plus_inf && n.minus_inf))
    return (double)NAN;
  return n.plus_inf ? (double)INFINITY : n.minus_inf ? -(double)INFINITY : sl_sketch_mean(s);
}

static void put_distinct(struct sl_batch *b, const struct sl_sketch *s)
{
  struct sl_sketch_counts n = sl_sketch_counts(s);
  double v;
  bool exact;
  if (sl_sketch_distinct(s, &v, &exact))
    sl_batch_set(b, COL_DISTINCT, sl_vi((int64_t)(v + 0.5) + (n.nans > 0) + (n.plus_inf > 0) + (n.minus_inf > 0)));
}

static int put_numbers(struct sl_batch *b, const struct column *c, struct sl_err *err)
{
  struct sl_sketch_counts n = sl_sketch_counts(c->s);
  if (n.rows == n.nulls)
    return SL_OK;
  sl_batch_set(b, COL_MEAN, sl_vf(mean_of(c->s)));
  for (int q = 1; q <= 3; q++)
    sl_batch_set(b, (unsigned)(COL_QUARTILE + q - 1), sl_vf(quartile(c, q)));
  return put_histogram(b, c, err);
}

static void put_text(struct sl_batch *b, unsigned col, struct sl_str s)
{
  while (s.n && s.n == TEXT_MAX && ((unsigned char)s.p[s.n - 1] & 0xc0) == 0x80) /* a character that was cut in two */
    s.n--;
  sl_batch_set(b, col, sl_vs(s));
}

/* The engine writes the value, so that it looks as in its rows. */
static void put_word(struct sl_buf *b, const struct scan_column *c, const struct sl_sketch *s, bool greatest)
{
  struct sl_sketch_counts n = sl_sketch_counts(s);
  int64_t least, most;
  sl_sketch_bounds(s, &least, &most);
  long long whole = greatest ? most : least;
  double x = greatest ? sl_sketch_max(s) : sl_sketch_min(s);
  x = greatest && n.nans ? (double)NAN : greatest && n.plus_inf ? (double)INFINITY : !greatest && n.minus_inf ? -(double)INFINITY : x;
  if (!greatest && !n.finite && !n.minus_inf)
    x = n.plus_inf ? (double)INFINITY : (double)NAN;
  else if (greatest && !n.finite && !n.nans && !n.plus_inf)
    x = -(double)INFINITY;
  if (n.rows == n.nulls || c->kind == SL_SKETCH_TEXT)
    sl_buf_z(b, "NULL");
  else if (c->kind == SL_SKETCH_FLOAT)
    sl_buf_printf(b, "CAST(CAST('%.17g' AS %s) AS VARCHAR)", x, scan_type_name(c->type));
  else if (c->is == SL_SKETCH_NUMBER)
    sl_buf_printf(b, "'%lld'", whole);
  else if (c->is == SL_SKETCH_BOOL)
    sl_buf_z(b, whole ? "'true'" : "'false'");
  else
    sl_buf_printf(b, "CAST(CAST(make_timestamp(%lld) AS %s) AS VARCHAR)", whole, scan_type_name(c->type));
}

/* Least and greatest of all columns, two a column. */
static int ask_words(struct profile *p, struct sl_columns *out, struct sl_err *err)
{
  duck_prepared q = NULL;
  duck_result r = { { 0 }, { NULL } };
  struct sl_buf b;
  bool more = true;
  int type;
  *out = (struct sl_columns){ .at = NULL };
  sl_buf_init(&b, 16 << 20);
  sl_buf_z(&b, "SELECT 1");
  for (size_t i = 0; i < p->n; i++)
    for (int k = 0; k < 2; k++) {
      sl_buf_z(&b, ", CAST(");
      put_word(&b, &p->all.at[p->which[i]], p->col[p->which[i]].s, k);
      sl_buf_z(&b, " AS VARCHAR)");
    }
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : duck_prepare(p->d, p->conn, b.p, &q, &type, err);
  rc = rc ? rc : duck_columns_open(p->d, q, false, out, err);
  rc = rc ? rc : duck_execute(p->d, p->conn, p->c, q, &r, err);
  while (!rc && more)
    rc = duck_columns_next(p->d, &r, out, &more, err);
  if (!rc && (out->n != 2 * p->n + 1 || out->at[0].n != 1))
    rc = sl_err_set(err, SL_EPROTO, "the engine sent no bounds");
  p->d->destroy_result(&r);
  p->d->destroy_prepare(&q);
  sl_buf_free(&b);
  return rc;
}

static int put_row(struct profile *p, size_t at, const struct sl_columns *words, struct sl_batch *b, struct sl_err *err)
{
  size_t i = p->which[at];
  const struct column *c = &p->col[i];
  struct sl_sketch_counts n = sl_sketch_counts(c->s);
  struct sl_str bound[2];
  char id[24];
  sl_batch_row(b, SL_PUT, sl_strn(id, (size_t)snprintf(id, sizeof id, "%zu", i)));
  sl_batch_set(b, COL_NUMBER, sl_vi((int64_t)i));
  sl_batch_set(b, COL_COUNT, sl_vi((int64_t)(n.rows - n.nulls)));
  put_distinct(b, c->s);
  sl_sketch_text_bounds(c->s, &bound[0], &bound[1]);
  for (size_t k = 0; k < 2; k++) {
    const struct sl_column *word = &words->at[1 + 2 * at + k];
    if (p->all.at[i].kind == SL_SKETCH_TEXT ? n.finite : sl_column_has(word, 0))
      put_text(b, (unsigned)(COL_MIN + k), p->all.at[i].kind == SL_SKETCH_TEXT ? bound[k] : sl_column_text(word, 0));
  }
  return is_number(&p->all.at[i]) ? put_numbers(b, c, err) : SL_OK;
}

static int flush(struct profile *p, struct sl_err *err)
{
  int rc = p->batch ? box_rows(p->c, p->batch, err) : SL_OK;
  sl_batch_unref(p->batch);
  p->batch = NULL;
  return rc;
}

static int send(struct profile *p, struct sl_err *err)
{
  struct sl_columns words;
  int rc = ask_words(p, &words, err);
  for (size_t i = 0; i < p->n && !rc; i++) {
    if (!p->batch)
      rc = sl_batch_new(&p->batch, p->schema, err);
    rc = rc ? rc : sl_sketch_tidy(p->col[p->which[i]].s, err);
    rc = rc ? rc : put_row(p, i, &words, p->batch, err);
    if (!rc && sl_batch_full(p->batch))
      rc = flush(p, err);
  }
  sl_columns_free(&words);
  return rc;
}

static int send_means(struct profile *p, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < p->n && !rc; i++) {
    struct sl_sketch *s = p->col[p->which[i]].s;
    char id[24];
    rc = sl_sketch_tidy(s, err);
    rc = rc || p->batch ? rc : sl_batch_new(&p->batch, p->schema, err);
    if (rc)
      return rc;
    sl_batch_row(p->batch, SL_PUT, sl_strn(id, (size_t)snprintf(id, sizeof id, "%zu", p->which[i])));
    sl_batch_set(p->batch, COL_NUMBER, sl_vi((int64_t)p->which[i]));
    if (sl_sketch_counts(s).rows > sl_sketch_counts(s).nulls)
      sl_batch_set(p->batch, COL_MEAN, sl_vf(mean_of(s)));
    if (sl_batch_full(p->batch))
      rc = flush(p, err);
  }
  return rc;
}

static void column_free(struct column *c)
{
  sl_sketch_free(c->s);
  for (size_t k = 0; k < c->nparts; k++)
    sl_free(c->part[k]);
  *c = (struct column){ .s = NULL };
}

static int profile_groups(struct profile *p, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t from = 0; from < p->nknown && !rc; from += GROUP) {
    p->which = p->known + from;
    p->n = p->nknown - from < GROUP ? p->nknown - from : GROUP;
    rc = first_pass(p, p->c->hello->threads, err);
    rc = rc || p->means ? rc : second_pass(p, p->c->hello->threads, err);
    rc = rc ? rc : p->means ? send_means(p, err) : send(p, err);
    for (size_t i = 0; i < p->n; i++)
      column_free(&p->col[p->which[i]]);
  }
  return rc ? rc : flush(p, err);
}

static int profile_open(struct profile *p, const char *sql, struct sl_err *err)
{
  int rc = duck_own_connect(p->c, &p->conn, err);
  rc = rc ? rc : scan_columns(p->d, p->conn, sql, &p->all, err);
  if (rc)
    return rc;
  p->col = sl_calloc(p->all.n + 1, sizeof *p->col);
  p->known = sl_calloc(p->all.n + 1, sizeof *p->known);
  if (!p->col || !p->known)
    return sl_err_nomem(err);
  for (size_t i = 0; i < p->all.n; i++)
    if (is_wanted(p, &p->all.at[i]))
      p->known[p->nknown++] = i;
  rc = sl_schema_new(&p->schema, cols, sizeof cols / sizeof cols[0], NULL, 0, err);
  return rc ? rc : box_head(p->c, p->schema, -1, err);
}

static void profile_free(struct profile *p)
{
  for (size_t i = 0; p->col && i < p->all.n; i++)
    column_free(&p->col[i]);
  scan_columns_free(&p->all);
  sl_batch_unref(p->batch);
  sl_schema_unref(p->schema);
  sl_free(p->col);
  sl_free(p->known);
  if (p->conn)
    p->d->disconnect(&p->conn);
}

static int profile_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  struct duck_own *own = c->own;
  struct profile p = { .c = c, .d = &own->d };
  json_t *args = NULL;
  int rc = sl_json_load(&args, text, false, err);
  const char *sql = rc ? NULL : json_string_value(json_object_get(args, "data"));
  if (!rc && !sql)
    rc = sl_err_set(err, SL_EINTERNAL, "the box needs a query");
  p.means = json_is_true(json_object_get(args, "means"));
  p.sql = sql_without_end(sl_str(sql ? sql : ""));
  rc = rc ? rc : profile_open(&p, sql, err);
  rc = rc ? rc : profile_groups(&p, err);
  rc = p.conn ? duck_why_csv(p.d, p.conn, rc, err) : rc;
  profile_free(&p);
  json_decref(args);
  return rc;
}

const struct sl_box_worker box_worker_profile = { .kind = "profile", .load = duck_own_load, .run = profile_run };
