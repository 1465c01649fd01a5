/* backends/compute/push.c: statements to the engine that has the data, one after the other, and their small answers. */
#include "backend_compute/push_int.h"

#include <math.h>
#include <stdio.h>

#include "base/trace.h"

enum { SQL_MAX = 8 << 20 };
static const char *const roles[] = { "baseline", "current", "baseline and current" };

/* ---- answers ---- */

size_t push_rows(const struct push_answer *a)
{
  size_t n = 0;
  for (size_t i = 0; i < a->n; i++)
    n += sl_batch_count(a->rows[i]);
  return n;
}

static struct sl_val cell(const struct push_answer *a, size_t row, unsigned col)
{
  for (size_t i = 0; i < a->n; i++) {
    size_t n = sl_batch_count(a->rows[i]);
    if (row < n)
      return col < sl_schema_count(sl_batch_schema(a->rows[i])) ? sl_batch_get(a->rows[i], (uint32_t)row, col) : sl_null(SL_F64);
    row -= n;
  }
  return sl_null(SL_F64);
}

double push_f64(const struct push_answer *a, size_t row, unsigned col)
{
  struct sl_val v = cell(a, row, col);
  return v.null ? (double)NAN : v.type == SL_F64 ? v.u.f : v.type == SL_I64 ? (double)v.u.i : (double)NAN;
}

struct sl_str push_text(const struct push_answer *a, size_t row, unsigned col)
{
  struct sl_val v = cell(a, row, col);
  return v.null || v.type != SL_TEXT ? SL_STR_NONE : v.u.s;
}

/* ---- statements ---- */

/* Which side's and column's statement it was: the engine speaks of a position in a text that nobody wrote. */
static void name_it(const struct push *w, struct sl_err *err)
{
  if (w->sides < 2)
    w->at_column ? sl_err_prefix(err, "column %s", w->at_column) : (void)0;
  else if (w->at_column)
    sl_err_prefix(err, "%s, column %s", roles[w->at_side], w->at_column);
  else
    sl_err_prefix(err, "%s", roles[w->at_side]);
}

static void on_answer(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err)
{
  struct push *w = user;
  struct push_answer a = { rows, n };
  struct sl_err e = *err;
  w->ask = NULL;
  if (!rc)
    sl_trace(SL_TR_MODEL, 1, "pushed down: %s, column %s: %zu rows came back", roles[w->at_side], w->at_column ? w->at_column : "-",
             push_rows(&a));
  if (rc && rc != SL_ENOMEM && rc != SL_ECANCELED)
    name_it(w, &e);
  if (!rc)
    rc = w->next(w, &a, &e);
  if (rc || !w->ask)
    w->end(w->r, rc, &e);
}

int push_ask(struct push *w, int side, const char *column, push_step *next, struct sl_err *err)
{
  char words[64];
  int rc = sl_buf_check(&w->sql, err);
  w->at_side = side;
  w->at_column = column;
  w->next = next;
  if (!rc)
    rc = compute_ask(&w->ask, w->c, sl_buf_zstr(&w->sql), w->reads, w->r, on_answer, w, err);
  sl_buf_clear(&w->sql);
  snprintf(words, sizeof words, "asking the engine, %.0f %%", w->total > 0 ? 100 * w->done / w->total : 0);
  if (!rc)
    sl_req_say(w->r, words);
  return rc;
}

/* ---- names, types, counts ---- */

static int ask_counts(struct push *w, int s, struct sl_err *err);
static int describe(struct push *w, int s, struct sl_err *err);

static int on_counts(struct push *w, const struct push_answer *a, struct sl_err *err)
{
  struct push_side *side = &w->side[w->at_side];
  double rows = push_f64(a, 0, 0);
  if (side->next && rows != side->rows) /* NaN: no answer */
    return sl_err_set(err, SL_ECONFLICT, "the data changed while it was read");
  side->rows = rows;
  size_t to = side->next + PUSH_AT_ONCE < side->n ? side->next + PUSH_AT_ONCE : side->n;
  for (size_t i = side->next; i < to; i++)
    for (unsigned k = 0; k < SL_PUSH_COUNTS; k++)
      side->count[i][k] = push_f64(a, 0, (unsigned)(1 + (i - side->next) * SL_PUSH_COUNTS + k));
  side->next = to;
  w->done += 0.1 * PUSH_AT_ONCE;
  if (to < side->n)
    return ask_counts(w, w->at_side, err);
  if (!(side->rows > 0) && w->sides == 2) {
    sl_err_set(err, SL_EPARSE, "no rows");
    sl_err_prefix(err, "%s", roles[w->at_side]);
    return SL_EPARSE;
  }
  return w->at_side + 1 < w->sides ? describe(w, w->at_side + 1, err) : w->counted(w, err);
}

static int ask_counts(struct push *w, int s, struct sl_err *err)
{
  struct push_side *side = &w->side[s];
  size_t n = side->n - side->next < PUSH_AT_ONCE ? side->n - side->next : PUSH_AT_ONCE;
  sl_push_counts(&w->sql, &w->p, s, side->col + side->next, n);
  return push_ask(w, s, n == 1 ? side->col[side->next].name : NULL, on_counts, err);
}

static int on_described(struct push *w, const struct push_answer *a, struct sl_err *err)
{
  struct push_side *side = &w->side[w->at_side];
  size_t n = push_rows(a);
  if (n > PUSH_COLUMNS_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu columns; at most %d are compared", n, PUSH_COLUMNS_MAX);
  side->col = sl_calloc(n + 1, sizeof *side->col);
  side->count = sl_calloc(n + 1, sizeof *side->count);
  if (!side->col || !side->count)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) {
    struct sl_str name = push_text(a, i, 0), type = push_text(a, i, 1);
    struct sl_push_column *c = &side->col[side->n++];
    c->name = sl_strndup(name.n ? name.p : "", name.n);
    c->type = sl_strndup(type.n ? type.p : "", type.n);
    if (!c->name || !c->type)
      return sl_err_nomem(err);
    sl_push_classify(w->p.d, c);
  }
  w->total += (double)n;
  return ask_counts(w, w->at_side, err);
}

static int describe(struct push *w, int s, struct sl_err *err)
{
  sl_push_describe(&w->sql, &w->p, s);
  return push_ask(w, s, NULL, on_described, err);
}

int push_start(struct push *w, struct sl_err *err)
{
  sl_buf_init(&w->sql, SQL_MAX);
  return describe(w, 0, err);
}

void push_leave(struct push *w)
{
  compute_ask_drop(w->ask);
  w->ask = NULL;
  for (int s = 0; s < 2; s++) {
    for (size_t i = 0; i < w->side[s].n; i++) {
      sl_free(w->side[s].col[i].name);
      sl_free(w->side[s].col[i].type);
    }
    sl_free(w->side[s].col);
    sl_free(w->side[s].count);
  }
  sl_buf_free(&w->sql);
}
