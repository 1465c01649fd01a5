/* box/drift_pca.c: all features of two data sets together: NannyML's reconstruction error (compute/pca.h), as a row of its own.
 *
 * The baseline is read three times, the current data once: categories and means; how the features vary together; the errors of the rows.
 * Memory is the features' squared and the different texts, whatever the rows. Texts become their share of the baseline, as NannyML's
 * encoder has it: missing ones are the most frequent text (the least of several), new ones 0. Infinite numbers are missing. */
#include <math.h>
#include <stdio.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "box/drift_int.h"
#include "compute/pca.h"

enum { TEXTS_MAX = 1 << 20 };

struct feature {
  const struct drift_col *col[2];
  bool text, none;             /* none: the baseline has no value of it */
  double sum, lost, n;         /* of numbers, carried as Neumaier does */
  struct sl_map share;         /* text -> bits of its share of the baseline, once `known` */
  double missing;              /* what a missing text is */
  double *code; size_t ncodes, cap;   /* of this reading: how often, later the share */
};
struct pca {
  struct drift *w;
  struct feature *f; size_t d;
  struct sl_pca fit;
  double *row;
  int64_t rows;                /* of this reading */
  double at[SL_DRIFT_CHUNKS]; size_t chunks;   /* mean errors of the baseline's tenths */
  struct { double sum; int64_t n, size; } chunk;
  struct { double sum; int64_t n; } all[2];
};
typedef int pass_fn(struct pca *p, const struct sl_columns *c, size_t row, struct sl_err *err);

/* ---- which features ---- */

static int count_texts(struct pca *p, int s, const struct drift_col *c, int64_t *n, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_columns r;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "SELECT approx_count_distinct(");
  sl_fmt_quote(&b, sl_str(c->name), '"');
  sl_buf_printf(&b, ") FROM %s", p->w->side[s].table);
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : drift_fetch(p->w, b.p, 1, &r, err);
  sl_buf_free(&b);
  if (rc)
    return rc;
  *n = r.at[0].v.i64[0];
  sl_columns_free(&r);
  return SL_OK;
}

/* Numbers, booleans, and texts that are not too many: an estimate, with room to be wrong. */
static int choose(struct pca *p, struct sl_err *err)
{
  const struct drift_side *a = &p->w->side[0];
  int rc = SL_OK;
  p->f = sl_calloc(a->n + 1, sizeof *p->f);
  if (!p->f)
    return sl_err_nomem(err);
  for (size_t i = 0; i < a->n && !rc; i++) {
    const struct drift_col *base = &a->col[i], *now = drift_find(&p->w->side[1], base->name);
    int64_t n[2] = { 0, 0 };
    if (!now || now->is != base->is || (base->is != NUMBER && base->is != BOOL && base->is != TEXT))
      continue;
    for (int s = 0; s < 2 && !rc && base->is == TEXT; s++)
      rc = count_texts(p, s, s ? now : base, &n[s], err);
    if (rc || n[0] > TEXTS_MAX / 2 || n[1] > TEXTS_MAX / 2)
      continue;
    p->f[p->d++] = (struct feature){ .col = { base, now }, .text = base->is != NUMBER };
  }
  return rc;
}

/* ---- reading ---- */

static int put_select(struct pca *p, int s, struct sl_buf *b, struct sl_err *err)
{
  sl_buf_z(b, "SELECT ");
  for (size_t i = 0; i < p->d; i++) {
    sl_buf_z(b, i ? ", CAST(" : "CAST(");
    sl_fmt_quote(b, sl_str(p->f[i].col[s]->name), '"');
    sl_buf_z(b, p->f[i].text ? " AS VARCHAR)" : " AS DOUBLE)");
  }
  sl_buf_printf(b, " FROM %s", p->w->side[s].table);
  return sl_buf_check(b, err);
}

static int read_rows(struct pca *p, int s, pass_fn *fn, struct sl_columns *c, struct sl_err *err)
{
  const struct duck *d = p->w->d;
  duck_prepared q = NULL;
  duck_result r = { { 0 }, { NULL } };
  struct sl_buf sql;
  int type;
  bool more = true;
  sl_buf_init(&sql, 0);
  p->rows = 0;
  int rc = put_select(p, s, &sql, err);
  rc = rc ? rc : duck_prepare(d, p->w->conn, sql.p, &q, &type, err);
  rc = rc ? rc : duck_columns_open(d, q, true, c, err);
  rc = rc ? rc : duck_execute(d, p->w->conn, p->w->c, q, &r, err);
  while (!rc && more) {
    rc = duck_columns_next(d, &r, c, &more, err);
    for (size_t i = 0; !rc && c->n && i < c->at[0].n; i++) {
      p->rows++;
      rc = fn(p, c, i, err);
    }
    sl_columns_clear(c);
  }
  d->destroy_result(&r);
  d->destroy_prepare(&q);
  sl_buf_free(&sql);
  return rc;
}

/* One reading from its beginning to its end; codes are the reading's own. */
static int pass(struct pca *p, int s, pass_fn *fn, int (*end)(struct pca *p, const struct sl_columns *c, struct sl_err *err),
                struct sl_err *err)
{
  struct sl_columns c = { .at = NULL };
  for (size_t i = 0; i < p->d; i++)
    p->f[i].ncodes = 0;
  int rc = read_rows(p, s, fn, &c, err);
  rc = rc || !end ? rc : end(p, &c, err);
  sl_columns_free(&c);
  return rc;
}

static int code_room(struct feature *f, size_t code, struct sl_err *err)
{
  return sl_grow((void **)&f->code, &f->cap, code + 1, sizeof *f->code, TEXTS_MAX + 1, err);
}

/* ---- categories and means ---- */

static int count(struct pca *p, const struct sl_columns *c, size_t row, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < p->d && !rc; i++) {
    struct feature *f = &p->f[i];
    const struct sl_column *from = &c->at[i];
    if (!sl_column_has(from, row))
      continue;
    if (f->text) {
      size_t code = (size_t)from->v.code[row];
      rc = code < f->ncodes ? SL_OK : code_room(f, code, err);
      for (; !rc && f->ncodes <= code; f->ncodes++)
        f->code[f->ncodes] = 0;
      if (!rc)
        f->code[code]++;
      continue;
    }
    double v = from->v.f64[row], t = f->sum + v;
    if (!isfinite(v))
      continue;
    f->lost += fabs(f->sum) >= fabs(v) ? (f->sum - t) + v : (v - t) + f->sum;
    f->sum = t;
    f->n++;
  }
  return rc;
}

static double as_double(uint64_t bits)
{
  double v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

static uint64_t as_bits(double v)
{
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}

/* The shares of the texts, and their mean over the rows. */
static int shares(struct pca *p, struct feature *f, const struct sl_column *c, double *mean, struct sl_err *err)
{
  size_t mode = 0;
  double seen = 0, rows = (double)p->rows;
  int rc = SL_OK;
  for (size_t k = 0; k < f->ncodes; k++) {
    bool less = sl_str_cmp(sl_column_dict_text(c, (int32_t)k), sl_column_dict_text(c, (int32_t)mode)) < 0;
    mode = f->code[k] > f->code[mode] || (f->code[k] == f->code[mode] && less) ? k : mode;
    seen += f->code[k];
  }
  f->none = !f->ncodes;
  if (f->none)
    return SL_OK;
  f->code[mode] += rows - seen;
  *mean = 0;
  for (size_t k = 0; k < f->ncodes && !rc; k++) {
    double share = f->code[k] / rows;
    *mean += share * share;
    rc = sl_map_put(&f->share, sl_column_dict_text(c, (int32_t)k), as_bits(share), NULL, err);
  }
  f->missing = f->code[mode] / rows;
  return rc;
}

static int means(struct pca *p, const struct sl_columns *c, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < p->d && !rc; i++) {
    struct feature *f = &p->f[i];
    if (f->text) {
      rc = shares(p, f, &c->at[i], &p->fit.mean[i], err);
      continue;
    }
    f->none = !(f->n > 0);
    p->fit.mean[i] = f->none ? 0 : (f->sum + f->lost) / f->n;
  }
  return rc;
}

/* ---- rows as numbers ---- */

static int share_of(struct feature *f, const struct sl_column *c, size_t code, double *out, struct sl_err *err)
{
  int rc = code < f->ncodes ? SL_OK : code_room(f, code, err);
  for (; !rc && f->ncodes <= code; f->ncodes++) {
    uint64_t bits = 0;
    bool known = sl_map_get(&f->share, sl_column_dict_text(c, (int32_t)f->ncodes), &bits);
    f->code[f->ncodes] = known ? as_double(bits) : 0;
  }
  *out = rc ? 0 : f->code[code];
  return rc;
}

static int take(struct pca *p, const struct sl_columns *c, size_t row, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < p->d && !rc; i++) {
    const struct sl_column *from = &c->at[i];
    bool has = sl_column_has(from, row);
    if (p->f[i].none)
      p->row[i] = (double)NAN;
    else if (!p->f[i].text)
      p->row[i] = has && isfinite(from->v.f64[row]) ? from->v.f64[row] : (double)NAN;
    else if (has)
      rc = share_of(&p->f[i], from, (size_t)from->v.code[row], &p->row[i], err);
    else
      p->row[i] = p->f[i].missing;
  }
  return rc;
}

static int learn(struct pca *p, const struct sl_columns *c, size_t row, struct sl_err *err)
{
  int rc = take(p, c, row, err);
  if (!rc)
    sl_pca_add(&p->fit, p->row);
  return rc;
}

static int fit(struct pca *p, const struct sl_columns *c, struct sl_err *err)
{
  (void)c;
  return sl_pca_fit(&p->fit, err);
}

/* What a tenth does not divide is a chunk more. */
static int judge_base(struct pca *p, const struct sl_columns *c, size_t row, struct sl_err *err)
{
  int rc = take(p, c, row, err);
  if (rc)
    return rc;
  double error = sl_pca_error(&p->fit, p->row);
  p->all[0].sum += error;
  p->all[0].n++;
  p->chunk.sum += error;
  p->chunk.n++;
  if (p->chunk.size && (p->chunk.n == p->chunk.size || p->all[0].n == p->w->side[0].rows) && p->chunks < SL_DRIFT_CHUNKS) {
    p->at[p->chunks++] = p->chunk.sum / (double)p->chunk.n;
    p->chunk.sum = 0;
    p->chunk.n = 0;
  }
  return SL_OK;
}

static int judge_now(struct pca *p, const struct sl_columns *c, size_t row, struct sl_err *err)
{
  int rc = take(p, c, row, err);
  p->all[1].sum += rc ? 0 : sl_pca_error(&p->fit, p->row);
  p->all[1].n++;
  return rc;
}

/* ---- the row ---- */

static int say(struct pca *p, const char *note, struct sl_err *err)
{
  struct drift_rows *o = &p->w->out;
  struct drift_feature f = { .name = "*" };
  struct drift_given g = { .test = "pca", .tool = "nannyml", .statistic = (double)NAN, .p = (double)NAN, .threshold = (double)NAN,
                           .drifted = -1, .chosen = !o->automatic, .kind = "multivariate", .note = note };
  char low_note[64];
  for (int s = 0; s < 2; s++)
    f.pair.n[s] = (size_t)p->w->side[s].rows;
  if (!note) {
    double low = sl_stat_mean(p->at, p->chunks) - 3 * sl_stat_std(p->at, p->chunks);
    g.statistic = p->all[1].sum / (double)p->all[1].n;
    g.threshold = sl_stat_mean(p->at, p->chunks) + 3 * sl_stat_std(p->at, p->chunks);
    if (p->chunks)
      g.drifted = g.statistic >= g.threshold || (low > 0 && g.statistic <= low);
    else
      g.note = "a baseline of fewer than ten rows has no limit";
    if (p->chunks && low > 0 && g.statistic <= low) {
      snprintf(low_note, sizeof low_note, "below its lower limit %.6g", low);
      g.note = low_note;
    }
  }
  int rc = drift_rows_given(o, &f, &g, err);
  if (!rc && !note)
    o->held[o->nheld - 1].chance = p->all[0].sum / (double)p->all[0].n;
  return rc;
}

static int compute(struct pca *p, struct sl_err *err)
{
  int rc = sl_pca_open(&p->fit, p->d, err);
  p->row = sl_calloc(p->d, sizeof *p->row);
  if (!rc && !p->row)
    rc = sl_err_nomem(err);
  p->chunk.size = p->w->side[0].rows / SL_DRIFT_TENTH;
  rc = rc ? rc : pass(p, 0, count, means, err);
  rc = rc ? rc : pass(p, 0, learn, fit, err);
  rc = rc ? rc : pass(p, 0, judge_base, NULL, err);
  return rc ? rc : pass(p, 1, judge_now, NULL, err);
}

int drift_pca_run(struct drift *w, struct sl_err *err)
{
  struct pca p = { .w = w };
  int rc = choose(&p, err);
  for (size_t i = 0; i < p.d; i++)
    sl_map_init(&p.f[i].share);
  if (!rc && p.d < 2)
    rc = say(&p, "needs two features that both data sets have", err);
  else if (!rc) {
    rc = compute(&p, err);
    if (rc == SL_EPARSE)
      rc = say(&p, "no feature of the baseline varies", err);
    else if (!rc)
      rc = say(&p, NULL, err);
  }
  for (size_t i = 0; i < p.d; i++) {
    sl_map_free(&p.f[i].share);
    sl_free(p.f[i].code);
  }
  sl_pca_free(&p.fit);
  sl_free(p.row);
  sl_free(p.f);
  return rc;
}
