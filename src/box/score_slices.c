/* box/score_slices.c: the figures again for each group of a column: which group each row belongs to is kept while rows come, the
 * groups are judged at the end, largest first. What is left out is a row that says so. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "box/score_int.h"

enum { GROUPS_MAX = 1000, GROUPS_SHOWN = 50, DATA_MAX = 64 << 20, NAME_SHOWN = 100 };

/* Keys are '=' and the value; no value: the empty key. */
struct score_slices { struct sl_map names; uint16_t *of; size_t n, cap; };
struct size { uint64_t rows; uint16_t group; };

int score_slices_open(struct score *s, struct sl_err *err)
{
  if (s->slice_at == SIZE_MAX || s->aside)
    return SL_OK;
  s->slices = sl_calloc(1, sizeof *s->slices);
  if (!s->slices)
    return sl_err_nomem(err);
  sl_map_init(&s->slices->names);
  return SL_OK;
}

void score_slices_free(struct score *s)
{
  if (!s->slices)
    return;
  sl_map_free(&s->slices->names);
  sl_free(s->slices->of);
  sl_free(s->slices);
  s->slices = NULL;
}

static int group_of(struct score *s, size_t r, struct sl_buf *key, uint16_t *out, struct sl_err *err)
{
  struct score_slices *g = s->slices;
  size_t at;
  sl_buf_clear(key);
  if (sl_column_has(s->slice, r)) {
    sl_buf_ch(key, '=');
    sl_buf_str(key, sl_column_text(s->slice, r));
  }
  int rc = sl_buf_check(key, err);
  if (!rc && !sl_map_find(&g->names, sl_buf_view(key), &at)) {
    if (sl_map_count(&g->names) >= GROUPS_MAX)
      return sl_err_set(err, SL_ELIMIT, "column %s has more than %d values: put them into fewer groups by a query (sql:select ...)",
                        s->slice->name, GROUPS_MAX);
    rc = sl_map_put(&g->names, sl_buf_view(key), 0, &at, err);
  }
  if (!rc)
    *out = (uint16_t)at;
  return rc;
}

int score_slices_block(struct score *s, struct sl_err *err)
{
  struct score_slices *g = s->slices;
  size_t rows = sl_columns_rows(&s->f);
  struct sl_buf key;
  if (!g)
    return SL_OK;
  int rc = sl_grow((void **)&g->of, &g->cap, g->n + rows, sizeof *g->of, DATA_MAX, err);
  sl_buf_init(&key, 1 << 20);
  for (size_t r = 0; !rc && r < rows; r++)
    rc = group_of(s, r, &key, &g->of[g->n + r], err);
  g->n += rows;
  sl_buf_free(&key);
  return rc;
}

/* ---- rows ---- */

static int larger(const void *a, const void *b)
{
  const struct size *x = a, *y = b;
  return x->rows != y->rows ? (x->rows < y->rows ? 1 : -1) : (x->group > y->group) - (x->group < y->group);
}

static int judge_group(struct score_judging *j, uint16_t group, struct sl_quality *a, struct sl_quality *b)
{
  const struct score *s = j->s;
  struct sl_str key = sl_map_key(&s->slices->names, group);
  struct sl_str name = sl_str(s->slice->name), value = sl_str_head(key, sl_utf8_cut(key, NAME_SHOWN));
  struct score_judging own = { .s = j->s, .err = j->err, .row = j->row };
  char text[2 * NAME_SHOWN + 32];
  name = sl_str_head(name, sl_utf8_cut(name, NAME_SHOWN));
  snprintf(text, sizeof text, "%.*s%s%.*s", SL_ARG(name), key.n ? "" : " is null", SL_ARG(value));
  own.slice = text;
  int rc = sl_quality_subset(&own.a, a, s->slices->of, group, j->err);
  if (!rc && b)
    rc = sl_quality_subset(&own.b, b, s->slices->of, group, j->err);
  if (!rc)
    rc = score_judge_figures(&own);
  sl_quality_free(own.a);
  sl_quality_free(own.b);
  sl_free(own.other);
  j->row = own.row;
  return rc;
}

static int say_left_out(struct score_judging *j, const struct size *z, size_t n)
{
  uint64_t rows = 0;
  for (size_t i = GROUPS_SHOWN; i < n; i++)
    rows += z[i].rows;
  int rc = score_judge_row(j);
  if (rc)
    return rc;
  sl_batch_set(j->s->batch, J_METRIC, sl_vz("slices_left_out"));
  sl_batch_set_number(j->s->batch, J_VALUE, (double)(n - GROUPS_SHOWN));
  sl_batch_set(j->s->batch, J_N, sl_vi((int64_t)rows));
  if (j->s->wide)
    sl_batch_set(j->s->batch, J_NOTE, sl_vz("the smallest groups are left out"));
  return SL_OK;
}

int score_judge_slices(struct score_judging *j)
{
  struct score *s = j->s;
  struct size z[GROUPS_MAX];
  uint64_t rows[GROUPS_MAX] = { 0 };
  size_t n = 0;
  int rc = SL_OK;
  if (!s->slices)
    return SL_OK;
  sl_quality_groups(j->a, s->slices->of, rows);
  for (size_t i = 0; i < sl_map_count(&s->slices->names); i++)
    if (rows[i])
      z[n++] = (struct size){ rows[i], (uint16_t)i };
  qsort(z, n, sizeof *z, larger);
  for (size_t i = 0; !rc && i < n && i < GROUPS_SHOWN; i++)
    rc = judge_group(j, z[i].group, j->a, j->b);
  return rc || n <= GROUPS_SHOWN ? rc : say_left_out(j, z, n);
}
