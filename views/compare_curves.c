/* views/compare_curves.c: histories of one metric for the runs that are compared: asked for, and kept as arrays by run.
 *
 * All runs are one question. A few histories are read whole; more than these are thinned by whoever reads them (sl_query.points), so that
 * 500 runs of 10,000 steps cost a few points each. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "views/compare_int.h"

enum { POINTS_MAX = 1000000, POINTS_LEAST = 60 };

static void curve_free(struct curve *c)
{
  sl_free(c->step);
  sl_free(c->time);
  sl_free(c->value);
  sl_free(c->x);
  sl_free(c->y);
}

static void histories_close(struct histories *h)
{
  sl_pane_close(h->pane);
  for (size_t i = 0; i < h->n; i++)
    curve_free(&h->curve[i]);
  sl_free(h->curve);
  sl_map_free(&h->at);
  *h = (struct histories){ .pane = NULL };
}

void curves_close(struct compare_state *s)
{
  histories_close(&s->of);
  histories_close(&s->over);
}

static void histories_first(struct compare_state *s, struct histories *h, size_t run)
{
  if (run >= h->n)
    return;
  struct curve one = h->curve[run];
  memmove(&h->curve[1], &h->curve[0], run * sizeof one);
  h->curve[0] = one;
  for (size_t i = 0, at; i < s->runs.n; i++)
    if (sl_map_find(&h->at, sl_str(s->runs.id[i]), &at))
      sl_map_set(&h->at, at, i);
}

void curves_first(struct compare_state *s, size_t run)
{
  histories_first(s, &s->of, run);
  histories_first(s, &s->over, run);
}

static int curve_room(struct curve *c)
{
  double **part[] = { &c->step, &c->time, &c->value, &c->x, &c->y };
  size_t n = c->cap ? c->cap * 2 : 64;
  if (c->n < c->cap)
    return SL_OK;
  for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
    double *p = sl_realloc_array(*part[i], n, sizeof **part[i]);
    if (!p)
      return SL_ENOMEM;
    *part[i] = p;
  }
  c->cap = n;
  return SL_OK;
}

static void point_add(struct curve *c, const struct sl_batch *b, uint32_t row)
{
  struct sl_val step = sl_batch_get(b, row, 2), time = sl_batch_get(b, row, 3), value = sl_batch_get(b, row, 4);
  if (curve_room(c))
    return;
  c->step[c->n] = step.null ? NAN : (double)step.u.i;
  c->time[c->n] = time.null ? NAN : (double)time.u.i;
  c->value[c->n] = value.null ? NAN : value.u.f;
  c->nans += isnan(c->value[c->n]) ? 1 : 0;
  if (fabs(c->value[c->n]) >= DBL_MAX) { /* what MLflow makes of an infinity */
    c->value[c->n] = copysign((double)INFINITY, c->value[c->n]);
    c->infinite++;
  }
  c->n++;
}

/* Rows of the pane into arrays. A page that is still on the disk ends it: the pane tells when it is there. */
static void histories_changed(struct sl_view *v, void *user)
{
  struct histories *h = user;
  uint64_t n = sl_pane_count(h->pane), at;
  uint32_t key = 0;
  for (size_t i = 0; i < h->n; i++)
    h->curve[i].n = h->curve[i].nans = h->curve[i].infinite = 0;
  h->points = 0;
  for (uint64_t i = 0; i < n && i < POINTS_MAX; i++) {
    const struct sl_batch *b;
    uint32_t row;
    if (!sl_pane_row(h->pane, i, &b, &row))
      break;
    if (!i) {
      snprintf(h->conn, sizeof h->conn, "%.*s", SL_ARG(sl_batch_conn(b, row)));
      if (!sl_keys_find(sl_schema_keys(sl_batch_schema(b)), SL_STR("run"), &key))
        break;
    }
    struct sl_val run = sl_batch_get_key(b, row, 1, key);
    if (run.null || !sl_map_get(&h->at, run.u.s, &at))
      continue;
    point_add(&h->curve[at], b, row);
    h->points++;
  }
  sl_view_dirty(v);
}

static int scope_of(const struct compare_state *s, struct histories *h, struct sl_buf *out, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < s->runs.n && !rc; i++) {
    sl_buf_z(out, i ? "," : "");
    sl_buf_z(out, s->runs.id[i]);
    rc = sl_map_put(&h->at, sl_str(s->runs.id[i]), i, NULL, err);
  }
  return rc ? rc : sl_buf_check(out, err);
}

static int histories_ask(struct sl_view *v, struct compare_state *s, struct histories *h, const char *metric, struct sl_err *err)
{
  struct sl_query like = {.res = &sl_res_series, .kind = SL_Q_LIST};
  struct sl_buf where, scope;
  sl_buf_init(&where, 4096);
  sl_buf_init(&scope, 1 << 20);
  sl_map_init(&h->at);
  h->s = s;
  h->curve = sl_calloc(s->runs.n, sizeof *h->curve);
  h->n = h->curve ? s->runs.n : 0;
  sl_buf_printf(&where, "name = '%s'", metric);
  int rc = h->curve ? scope_of(s, h, &scope, err) : sl_err_nomem(err);
  if (!rc)
    rc = sl_filter_parse(&like.where, sl_buf_view(&where), sl_ws_now(sl_view_ws(v)), NULL, err);
  if (!rc)
    rc = sl_order_parse(&like.order, SL_STR("step,time"), err);
  like.scope = sl_buf_view(&scope);
  if (s->runs.n > CURVES_WHOLE)
    like.points = CURVES_POINTS / s->runs.n > POINTS_LEAST ? (uint32_t)(CURVES_POINTS / s->runs.n) : POINTS_LEAST;
  if (!rc)
    rc = sl_pane_query(&h->pane, v, &like, histories_changed, h, err);
  sl_order_unref(like.order);
  sl_filter_unref(like.where);
  sl_buf_free(&where);
  sl_buf_free(&scope);
  return rc;
}

void curves_ask(struct sl_view *v, struct compare_state *s)
{
  struct sl_err err = {0};
  int rc = SL_OK;
  curves_close(s);
  if (s->metric[0] && !strchr(s->metric, '\'')) /* a name that the filter language cannot hold */
    rc = histories_ask(v, s, &s->of, s->metric, &err);
  if (!rc && s->along[0] && !strchr(s->along, '\''))
    rc = histories_ask(v, s, &s->over, s->along, &err);
  if (rc)
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
}

void curves_refresh(struct compare_state *s)
{
  if (s->of.pane)
    sl_pane_refresh(s->of.pane);
  if (s->over.pane)
    sl_pane_refresh(s->over.pane);
}

void curves_visible(struct compare_state *s, bool visible)
{
  if (s->of.pane)
    sl_pane_visible(s->of.pane, visible);
  if (s->over.pane)
    sl_pane_visible(s->over.pane, visible);
}

/* Rows of the differences are ours; the points know whose they are. */
const char *curves_conn(struct compare_state *s) { return s->of.conn; }

void curves_truth(struct compare_state *s, struct sl_buf *b)
{
  size_t have = 0;
  if (!s->of.pane)
    return;
  for (size_t i = 0; i < s->of.n; i++)
    have += s->of.curve[i].n > 0;
  sl_buf_printf(b, "%s%zu of %zu histories, %zu points%s%s", sl_glyph_pick(" · ", " - "), have, s->runs.n, s->of.points,
                s->runs.n > CURVES_WHOLE ? ", thinned" : "", sl_pane_whole(s->of.pane) ? "" : ", more is coming");
  const struct sl_answer *a = sl_pane_answer(s->of.pane);
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED)
      sl_buf_printf(b, "%shistories: %.80s", sl_glyph_pick(" · ", " - "), a->src[i].err.msg);
}
