/* backends/mlflow/series_thin.c: see the header. Points come in any order; steps may be negative. */
#include "backend_mlflow/series_thin.h"

#include <math.h>
#include <string.h>

static bool before(const struct thin_point *a, const struct thin_point *b)
{
  return a->step != b->step ? a->step < b->step : a->time < b->time;
}

static void bucket_add(struct thin_bucket *b, const struct thin_point *p)
{
  if (isnan(p->value)) {
    if (!b->none || before(&b->odd, p))
      b->odd = *p;
    b->none = true;
    return;
  }
  if (!b->any || p->value < b->least.value)
    b->least = *p;
  if (!b->any || p->value > b->most.value)
    b->most = *p;
  if (!b->any || !before(p, &b->last))
    b->last = *p;
  b->any = true;
}

static void bucket_merge(struct thin_bucket *to, const struct thin_bucket *from)
{
  if (from->any) {
    bucket_add(to, &from->least);
    bucket_add(to, &from->most);
    bucket_add(to, &from->last);
  }
  if (from->none)
    bucket_add(to, &from->odd);
}

/* Twice as wide: neighbours become one, in place. */
static void widen(struct mlflow_thin *t)
{
  int64_t first = t->first >> 1;
  uint32_t used = 0;
  for (uint32_t i = 0; i < t->used; i++) {
    uint32_t at = (uint32_t)(((t->first + (int64_t)i) >> 1) - first);
    struct thin_bucket b = t->bucket[i];
    if (at != i)
      memset(&t->bucket[i], 0, sizeof b);
    if (at >= used) {
      t->bucket[at] = b;
      used = at + 1;
    } else
      bucket_merge(&t->bucket[at], &b);
  }
  t->first = first;
  t->used = used;
  t->shift++;
}

/* Room before the first bucket, where all still fit; else wider ones. */
static void lead(struct mlflow_thin *t, int64_t at)
{
  uint64_t more = (uint64_t)t->first - (uint64_t)at;
  if (more > t->buckets - t->used) {
    widen(t);
    return;
  }
  memmove(t->bucket + more, t->bucket, t->used * sizeof *t->bucket);
  memset(t->bucket, 0, (size_t)more * sizeof *t->bucket);
  t->first = at;
  t->used += (uint32_t)more;
}

bool mlflow_thin_add(struct mlflow_thin *t, uint32_t buckets, const struct thin_point *p)
{
  if (!t->bucket) {
    t->bucket = sl_calloc(buckets, sizeof *t->bucket);
    if (!t->bucket)
      return false;
    t->buckets = buckets;
    t->first = p->step;
  }
  t->points++;
  for (;;) {
    int64_t at = p->step >> t->shift;
    if (at < t->first)
      lead(t, at);
    else if ((uint64_t)at - (uint64_t)t->first >= t->buckets)
      widen(t);
    else {
      uint32_t i = (uint32_t)(at - t->first);
      t->used = i >= t->used ? i + 1 : t->used;
      bucket_add(&t->bucket[i], p);
      return true;
    }
  }
}

static bool same(const struct thin_point *a, const struct thin_point *b)
{
  return a->step == b->step && a->time == b->time && (a->value == b->value || (isnan(a->value) && isnan(b->value)));
}

static size_t put(struct thin_point out[4], size_t n, const struct thin_point *p)
{
  size_t at = n;
  for (size_t i = 0; i < n; i++)
    if (same(&out[i], p))
      return n;
  for (; at && before(p, &out[at - 1]); at--)
    out[at] = out[at - 1];
  out[at] = *p;
  return n + 1;
}

size_t mlflow_thin_get(const struct mlflow_thin *t, uint32_t i, struct thin_point out[4])
{
  const struct thin_bucket *b = &t->bucket[i];
  size_t n = 0;
  if (b->any) {
    n = put(out, n, &b->least);
    n = put(out, n, &b->most);
    n = put(out, n, &b->last);
  }
  return b->none ? put(out, n, &b->odd) : n;
}

void mlflow_thin_free(struct mlflow_thin *t)
{
  sl_free(t->bucket);
  *t = (struct mlflow_thin){ .bucket = NULL };
}
