/* backends/compute/push_profile.c: the columns of a table in an engine: counts, bounds, quartiles, histogram, each a statement's small
 * answer. Different values and quartiles are exact, from running counts; NaN and infinities count as in box/work_profile.c. */
#include <math.h>
#include <stdio.h>

#include "backend_compute/push_int.h"

enum { TEXT_MAX = 200, BINS = 20, QUARTILES = 3 };
enum { COL_NUMBER, COL_COUNT, COL_DISTINCT, COL_MIN, COL_MAX, COL_MEAN, COL_Q25, COL_HISTOGRAM = COL_Q25 + QUARTILES };

static const struct sl_col cols[] = {
  { .name = "number", .type = SL_I64 }, { .name = "count", .type = SL_I64 }, { .name = "distinct", .type = SL_I64 },
  { .name = "min", .type = SL_TEXT }, { .name = "max", .type = SL_TEXT }, { .name = "mean", .type = SL_F64 },
  { .name = "q25", .type = SL_F64 }, { .name = "q50", .type = SL_F64 }, { .name = "q75", .type = SL_F64 },
  { .name = "histogram", .type = SL_LIST },
};

struct found { char *low, *high; };
struct push_profile {
  struct push push;
  struct sl_schema *schema;
  struct sl_batch **batch; size_t nbatch, cap_batch;
  struct found *found;                 /* of each column, cut */
  size_t bounds, at;                   /* columns that have theirs; the column that is asked for */
  double distinct, mean, quartile[QUARTILES], from;
  double bin[BINS];
  bool some;                           /* the histogram has any */
};

static const struct sl_push_column *column(const struct push_profile *w) { return &w->push.side[0].col[w->at]; }
static const double *counts(const struct push_profile *w) { return w->push.side[0].count[w->at]; }
static int next_column(struct push_profile *w, struct sl_err *err);

/* ---- a row ---- */

static int room(struct push_profile *w, struct sl_err *err)
{
  if (w->nbatch && !sl_batch_full(w->batch[w->nbatch - 1]))
    return SL_OK;
  int rc = w->nbatch ? sl_batch_seal(w->batch[w->nbatch - 1], err) : SL_OK;
  rc = rc ? rc : sl_grow((void **)&w->batch, &w->cap_batch, w->nbatch + 1, sizeof(struct sl_batch *), PUSH_COLUMNS_MAX, err);
  rc = rc ? rc : sl_batch_new(&w->batch[w->nbatch], w->schema, err);
  w->nbatch += !rc;
  return rc;
}

static int put_histogram(const struct push_profile *w, struct sl_batch *b, struct sl_err *err)
{
  struct sl_buf list;
  char text[32];
  sl_buf_init(&list, 0);
  for (int i = 0; i < BINS && w->some; i++) {
    int n = snprintf(text, sizeof text, "%.0f", w->bin[i]);
    sl_list_add(&list, sl_strn(text, (size_t)n));
  }
  int rc = sl_buf_check(&list, err);
  if (!rc && w->some)
    sl_batch_set(b, COL_HISTOGRAM, sl_vas(SL_LIST, sl_buf_view(&list)));
  sl_buf_free(&list);
  return rc;
}

static int row(struct push_profile *w, struct sl_err *err)
{
  char id[24];
  int rc = room(w, err), n = snprintf(id, sizeof id, "%zu", w->at);
  if (rc)
    return rc;
  struct sl_batch *b = w->batch[w->nbatch - 1];
  sl_batch_row(b, SL_PUT, sl_strn(id, (size_t)n));
  sl_batch_set(b, COL_NUMBER, sl_vi((int64_t)w->at));
  sl_batch_set(b, COL_COUNT, sl_vi((int64_t)counts(w)[0]));
  if (!isnan(w->distinct))
    sl_batch_set(b, COL_DISTINCT, sl_vi((int64_t)w->distinct));
  sl_batch_set(b, COL_MIN, sl_vz(w->found[w->at].low));
  sl_batch_set(b, COL_MAX, sl_vz(w->found[w->at].high));
  bool number = column(w)->is == SL_PUSH_NUMBER && counts(w)[0] > 0;
  if (number)
    sl_batch_set(b, COL_MEAN, sl_vf(w->mean));
  for (unsigned q = 0; q < QUARTILES && number; q++)
    sl_batch_set(b, COL_Q25 + q, sl_vf(w->quartile[q]));
  rc = put_histogram(w, b, err);
  w->at++;
  w->push.done++;
  return rc ? rc : next_column(w, err);
}

/* ---- numbers ---- */

static int on_steps(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_profile *w = (struct push_profile *)p;
  for (size_t i = 0; i < push_rows(a); i++) {
    double k = push_f64(a, i, 0);
    if (!(k >= 0 && k < BINS))
      return sl_err_set(err, SL_ECONFLICT, "the data changed while it was read");
    w->bin[(size_t)k] = push_f64(a, i, 1);
    w->some = true;
  }
  return row(w, err);
}

static int ask_steps(struct push_profile *w, struct sl_err *err)
{
  double low = counts(w)[4], high = counts(w)[5], n = counts(w)[1];
  if (!(n > 0) || !isfinite(high - low) || !(high > low)) {
    w->some = n > 0 && !(high > low);
    w->bin[0] = n;
    return row(w, err);
  }
  sl_push_steps(&w->push.sql, &w->push.p, column(w), low, high, BINS);
  return push_ask(&w->push, 0, column(w)->name, on_steps, err);
}

/* As avg() says it: NaN and infinities count. */
static double mean_of(const struct push_profile *w, double sum)
{
  const double *c = counts(w);
  double nans = c[0] - c[1] - c[2], minus = c[3], plus = c[2] - c[3];
  if (nans > 0 || (plus > 0 && minus > 0))
    return (double)NAN;
  return plus > 0 ? (double)INFINITY : minus > 0 ? -(double)INFINITY : w->from + sum / c[1];
}

static int on_shape(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_profile *w = (struct push_profile *)p;
  w->mean = mean_of(w, push_f64(a, 0, 1));
  return ask_steps(w, err);
}

/* Where quartile q stands among all values. */
static double place_of(const struct push_profile *w, int q) { return 0.25 * (q + 1) * (counts(w)[0] - 1); }

/* The value of a rank: the finite one that came, or what stands before and behind those. */
static double at_rank(const struct push_profile *w, double rank, double finite)
{
  const double *c = counts(w);
  if (rank < c[3])
    return -(double)INFINITY;
  return rank < c[3] + c[1] ? finite : rank < c[1] + c[2] ? (double)INFINITY : (double)NAN;
}

static int on_course(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_profile *w = (struct push_profile *)p;
  const double *c = counts(w);
  w->distinct = push_f64(a, 0, 1) + (c[3] > 0) + (c[2] > c[3]) + (c[0] > c[1] + c[2]);
  for (int q = 0; q < QUARTILES; q++) {
    double place = place_of(w, q), k = floor(place), low = at_rank(w, k, push_f64(a, 0, SL_PUSH_COURSE + 2 * (unsigned)q));
    double high = at_rank(w, k + 1, push_f64(a, 0, SL_PUSH_COURSE + 2 * (unsigned)q + 1));
    w->quartile[q] = place > k ? low + (high - low) * (place - k) : low;
  }
  w->from = isfinite(w->quartile[1]) ? w->quartile[1] : 0;
  const struct sl_push_column *const both[] = { column(w), NULL };
  sl_push_shape(&w->push.sql, &w->push.p, both, w->from, 1, &(struct sl_push_edges){ .n = 0 });
  return push_ask(&w->push, 0, column(w)->name, on_shape, err);
}

static int ask_course(struct push_profile *w, struct sl_err *err)
{
  const struct sl_push_column *const both[] = { column(w), NULL };
  struct sl_push_course c = { .n = { counts(w)[1], 0 }, .nrank = 2 * QUARTILES };
  for (int q = 0; q < QUARTILES; q++)
    for (int i = 0; i < 2; i++)
      c.rank[0][2 * q + i] = floor(place_of(w, q)) + i - counts(w)[3];
  sl_push_course(&w->push.sql, &w->push.p, both, &c);
  return push_ask(&w->push, 0, column(w)->name, on_course, err);
}

/* ---- others ---- */

static int on_distinct(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_profile *w = (struct push_profile *)p;
  w->distinct = push_f64(a, 0, 1);
  return row(w, err);
}

static int on_bounds(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_profile *w = (struct push_profile *)p;
  for (unsigned i = 0; i < PUSH_AT_ONCE && w->bounds < w->push.side[0].n; i++, w->bounds++) {
    struct sl_str low = push_text(a, 0, 2 * i), high = push_text(a, 0, 2 * i + 1);
    struct found *f = &w->found[w->bounds];
    f->low = low.p ? sl_strndup(low.p, low.n) : NULL;
    f->high = high.p ? sl_strndup(high.p, high.n) : NULL;
    if ((low.p && !f->low) || (high.p && !f->high))
      return sl_err_nomem(err);
  }
  return next_column(w, err);
}

static int next_column(struct push_profile *w, struct sl_err *err)
{
  const struct push_side *s = &w->push.side[0];
  if (w->bounds < s->n) {
    size_t n = s->n - w->bounds < PUSH_AT_ONCE ? s->n - w->bounds : PUSH_AT_ONCE;
    sl_push_bounds(&w->push.sql, &w->push.p, 0, s->col + w->bounds, n, TEXT_MAX);
    return push_ask(&w->push, 0, n == 1 ? s->col[w->bounds].name : NULL, on_bounds, err);
  }
  if (w->at == s->n)
    return w->nbatch ? sl_batch_seal(w->batch[w->nbatch - 1], err) : SL_OK;
  w->some = false;
  w->distinct = w->mean = (double)NAN;
  for (int i = 0; i < BINS; i++)
    w->bin[i] = 0;
  const struct sl_push_column *const both[] = { column(w), NULL };
  if (column(w)->is == SL_PUSH_OTHER)
    return row(w, err);
  if (column(w)->is == SL_PUSH_NUMBER)
    return ask_course(w, err);
  sl_push_distinct(&w->push.sql, &w->push.p, both);
  return push_ask(&w->push, 0, column(w)->name, on_distinct, err);
}

static int counted(struct push *p, struct sl_err *err)
{
  struct push_profile *w = (struct push_profile *)p;
  w->found = sl_calloc(p->side[0].n + 1, sizeof *w->found);
  return w->found ? next_column(w, err) : sl_err_nomem(err);
}

/* ---- from start to end ---- */

int push_profile_start(struct push_profile **out, struct compute *c, struct sl_req *r, const char *sql, const char *const *reads,
                       push_end *end, struct sl_err *err)
{
  struct push_profile *w = *out = sl_calloc(1, sizeof *w);
  if (!w)
    return sl_err_nomem(err);
  w->push = (struct push){ .c = c, .r = r, .reads = reads, .p = { &sl_push_duckdb, { sql, NULL } }, .sides = 1, .counted = counted,
                           .end = end };
  int rc = sl_schema_new(&w->schema, cols, sizeof cols / sizeof cols[0], NULL, 0, err);
  return rc ? rc : push_start(&w->push, err);
}

struct sl_batch *const *push_profile_rows(const struct push_profile *w, size_t *n, int64_t *rows)
{
  *n = w->nbatch;
  *rows = (int64_t)w->push.side[0].rows;
  return w->batch;
}

void push_profile_drop(struct push_profile *w)
{
  if (!w)
    return;
  for (size_t i = 0; w->found && i < w->push.side[0].n; i++) {
    sl_free(w->found[i].low);
    sl_free(w->found[i].high);
  }
  sl_free(w->found);
  for (size_t i = 0; i < w->nbatch; i++)
    sl_batch_unref(w->batch[i]);
  sl_free(w->batch);
  sl_schema_unref(w->schema);
  push_leave(&w->push);
  sl_free(w);
}
