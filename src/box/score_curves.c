/* box/score_curves.c: points of the curves as rows of quality: how far along in `at`, how high in `value`; those of the other model,
 * which lie elsewhere along, are rows of their own with their height in `against`. */
#include <stdio.h>

#include "box/score_int.h"

struct drawing { struct score_judging *j; bool other; };

static void where(const struct sl_quality_point *p, char *text, size_t room)
{
  if (!strcmp(p->metric, "calibration"))
    snprintf(text, room, "%.1f to %.1f", p->threshold, p->threshold + 0.1);
  else if (!strcmp(p->metric, "gain") || !strcmp(p->metric, "lift"))
    snprintf(text, room, "first %zu %%", (p->at + 1) * 10);
  else if (!strcmp(p->metric, "predicted"))
    snprintf(text, room, "row %zu", p->at);
  else if (!strcmp(p->metric, "residual"))
    snprintf(text, room, "quantile %.4g", p->x);
  else
    snprintf(text, room, "point %zu", p->at);
}

static int add_point(void *user, const struct sl_quality_point *p)
{
  struct drawing *d = user;
  struct score_judging *j = d->j;
  char text[64], slice[80];
  int rc = score_judge_row(j);
  if (rc)
    return rc;
  struct sl_batch *b = j->s->batch;
  where(p, text, sizeof text);
  snprintf(slice, sizeof slice, "%s%s", d->other ? "against, " : "", text);
  sl_batch_set(b, J_METRIC, sl_vz(p->metric));
  score_judge_class(j, J_CLASS, "", p->cls);
  sl_batch_set(b, J_SLICE, sl_vz(slice));
  sl_batch_set_number(j->s->batch, d->other ? J_AGAINST : J_VALUE, p->y);
  sl_batch_set_number(j->s->batch, d->other ? J_AGAINST_LOW : J_LOW, p->low);
  sl_batch_set_number(j->s->batch, d->other ? J_AGAINST_HIGH : J_HIGH, p->high);
  sl_batch_set(b, J_N, sl_vi((int64_t)p->n));
  if (!strcmp(p->metric, "predicted"))
    sl_batch_set(b, J_ROW, sl_vi((int64_t)p->at));
  sl_batch_set_number(j->s->batch, J_AT, p->x);
  sl_batch_set_number(j->s->batch, J_THRESHOLD, p->threshold);
  return SL_OK;
}

int score_judge_curves(struct score_judging *j)
{
  struct drawing own = { j, false }, other = { j, true };
  int rc = sl_quality_curves(j->a, add_point, &own, j->err);
  return rc || !j->b ? rc : sl_quality_curves(j->b, add_point, &other, j->err);
}
