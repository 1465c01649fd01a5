/* compute/image_value.c: what a byte of a picture becomes: by definition, in float32, and whether the fast way gives the very same. */
#include <math.h>

#include "compute/image_int.h"

/* 1 / x as a sum of two floats. */
static void inverse(double x, float *high, float *low)
{
  *high = (float)(1 / x);
  *low = (float)(1 / x - (double)*high);
}

static float by_sum(float x, float high, float low) { return fmaf(x, high, x * low); }

/* All that can come in are 256 bytes by 3 channels: they are tried, all of them. */
static bool agrees(const struct kern_value *v)
{
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 256; i++) {
      float fast = by_sum(by_sum((float)i, v->by, v->by_low) - v->mean[c], v->of[c], v->of_low[c]), want = v->table[c][i];
      if (fast != want || signbit(fast) != signbit(want))
        return false;
    }
  return true;
}

void image_values(struct kern_value *v, const struct sl_image_prep *p)
{
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 256; i++) {
      float x = p->multiply ? (float)(i * p->scale) : (float)i / (float)p->scale;
      v->table[c][i] = (x - p->mean[c]) / p->std[c];
    }
  inverse(p->multiply ? 1 / p->scale : (double)(float)p->scale, &v->by, &v->by_low);
  for (int c = 0; c < 3; c++) {
    v->mean[c] = p->mean[c];
    inverse((double)p->std[c], &v->of[c], &v->of_low[c]);
  }
  v->fused = agrees(v);
}
