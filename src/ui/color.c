/* ui/color.c: colours as numbers: what a name means, how well one is read on another, the nearest that a terminal has. */
#include <math.h>

#include "ui/theme.h"

/* xterm's own values of the sixteen: a person's terminal may differ, nothing better is known. */
static const unsigned char rgb16[16][3] = {{0, 0, 0}, {205, 0, 0}, {0, 205, 0}, {205, 205, 0}, {0, 0, 238}, {205, 0, 205}, {0, 205, 205},
  {229, 229, 229}, {127, 127, 127}, {255, 0, 0}, {0, 255, 0}, {255, 255, 0}, {92, 92, 255}, {255, 0, 255}, {0, 255, 255}, {255, 255, 255}};

static void rgb_of(int32_t c, int rgb[3])
{
  if (c & 0x1000000) {
    rgb[0] = c >> 16 & 255, rgb[1] = c >> 8 & 255, rgb[2] = c & 255;
  } else if (c < 16) {
    for (int i = 0; i < 3; i++)
      rgb[i] = rgb16[c][i];
  } else if (c < 232) { /* 6x6x6 cube */
    static const int step[6] = {0, 95, 135, 175, 215, 255};
    rgb[0] = step[(c - 16) / 36], rgb[1] = step[(c - 16) / 6 % 6], rgb[2] = step[(c - 16) % 6];
  } else {
    rgb[0] = rgb[1] = rgb[2] = 8 + (c - 232) * 10;
  }
}

int sl_color_degrade(int32_t color, int colors)
{
  if (color < 0 || color < colors)
    return color;
  int want[3], best = 0;
  long best_d = -1;
  rgb_of(color, want);
  int n = colors >= 256 ? 256 : colors >= 16 ? 16 : 8;
  for (int i = n == 256 ? 16 : 0; i < n; i++) {
    int have[3];
    rgb_of(i, have);
    long d = 0;
    for (int k = 0; k < 3; k++)
      d += (long)(want[k] - have[k]) * (want[k] - have[k]);
    if (best_d < 0 || d < best_d)
      best = i, best_d = d;
  }
  return best;
}

/* WCAG 2.1, relative luminance. */
static double luminance(int32_t c)
{
  static const double weight[3] = {0.2126, 0.7152, 0.0722};
  int rgb[3];
  double sum = 0;
  rgb_of(c, rgb);
  for (int i = 0; i < 3; i++) {
    double v = rgb[i] / 255.0;
    sum += weight[i] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
  }
  return sum;
}

double sl_color_contrast(int32_t a, int32_t b)
{
  if (a < 0 || b < 0)
    return 0;
  double la = luminance(a), lb = luminance(b);
  return la > lb ? (la + 0.05) / (lb + 0.05) : (lb + 0.05) / (la + 0.05);
}

int32_t sl_color_lift(int32_t fg, int32_t bg, double ratio)
{
  const int32_t white = 0x1ffffff, black = 0x1000000;
  if (fg < 0 || bg < 0)
    return fg;
  int32_t goal = sl_color_contrast(white, bg) > sl_color_contrast(black, bg) ? white : black;
  int from[3], to[3];
  rgb_of(fg, from);
  rgb_of(goal, to);
  for (int k = 0; k <= 20 && sl_color_contrast(fg, bg) < ratio; k++) {
    int mix[3];
    for (int i = 0; i < 3; i++)
      mix[i] = from[i] + (to[i] - from[i]) * k / 20;
    fg = 0x1000000 | mix[0] << 16 | mix[1] << 8 | mix[2];
  }
  return fg;
}
