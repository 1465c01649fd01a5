/* judge/report.c: see the header. Names of runs, metrics and parameters are anybody's texts: a pipe or an angle bracket in them must not
 * become a column or a tag. */
#include "judge/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/text.h"

/* ---- Markdown ---- */

void sl_report_md_text(struct sl_buf *out, struct sl_str s)
{
  struct sl_buf clean;
  sl_buf_init(&clean, 1 << 20);
  sl_text_clean(&clean, s, SL_TEXT_CELL);
  for (size_t i = 0; i < clean.n; i++) {
    if (memchr("|\\`*_<>[]&", clean.p[i], 10))
      sl_buf_ch(out, '\\');
    sl_buf_ch(out, clean.p[i]);
  }
  if (clean.failed == SL_ENOMEM)
    out->failed = SL_ENOMEM;
  sl_buf_free(&clean);
}

static struct sl_val cell(const struct sl_batch *b, uint32_t row, const char *col)
{
  int i = sl_schema_find(sl_batch_schema(b), sl_str(col));
  return i < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)i);
}

/* Columns of the runs stand between `name` and `spread`. */
static void run_columns(const struct sl_schema *s, size_t *from, size_t *to)
{
  int spread = sl_schema_find(s, SL_STR("spread"));
  *from = sl_schema_common(s);
  *to = spread < 0 ? *from : (size_t)spread;
}

static void md_head(struct sl_report *r, const struct sl_schema *s, struct sl_str kind)
{
  size_t from, to;
  bool metric = sl_str_eqz(kind, "metric");
  run_columns(s, &from, &to);
  if (!r->rows)
    sl_buf_z(r->out, "# Comparison\n");
  sl_buf_printf(r->out, "\n## %s\n\n| |", metric ? "Metrics" : sl_str_eqz(kind, "param") ? "Parameters" : "Attributes");
  for (size_t i = from; i < to; i++) {
    sl_buf_ch(r->out, ' ');
    sl_report_md_text(r->out, sl_str(sl_schema_col(s, i)->name));
    sl_buf_z(r->out, i == from ? " (baseline) |" : " |");
  }
  sl_buf_z(r->out, metric ? " spread of repeats | verdict |\n|---|" : "\n|---|");
  for (size_t i = from; i < to; i++)
    sl_buf_z(r->out, metric ? "---:|" : "---|");
  sl_buf_z(r->out, metric ? "---:|---|\n" : "\n");
}

static void md_value(struct sl_report *r, const struct sl_val *v, char mark)
{
  static const char *const signs[][2] = {{"~", "~"}, {"+", "▲"}, {"-", "▼"}, {">", "↑"}, {"<", "↓"}, {"?", "?"}};
  struct sl_str t = v->null ? SL_STR("") : v->u.s;
  if (t.n >= 2 && t.p[0] == '"') /* JSON: a text */
    t = sl_strn(t.p + 1, t.n - 2);
  sl_buf_ch(r->out, ' ');
  sl_report_md_text(r->out, t);
  for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
    if (mark == signs[i][0][0])
      sl_buf_printf(r->out, " %s", signs[i][1]);
  sl_buf_z(r->out, " |");
}

void sl_report_row(struct sl_report *r, const struct sl_batch *b, uint32_t row)
{
  const struct sl_schema *s = sl_batch_schema(b);
  struct sl_val kind = cell(b, row, "kind"), name = cell(b, row, "name"), spread = cell(b, row, "spread"), marks = cell(b, row, "marks"),
                verdict = cell(b, row, "verdict");
  size_t from, to;
  if (kind.null || name.null)
    return;
  if (!sl_str_eqz(kind.u.s, r->kind)) {
    snprintf(r->kind, sizeof r->kind, "%.*s", SL_ARG(kind.u.s));
    md_head(r, s, kind.u.s);
  }
  run_columns(s, &from, &to);
  r->rows++;
  sl_buf_z(r->out, "| ");
  sl_report_md_text(r->out, name.u.s);
  sl_buf_z(r->out, " |");
  for (size_t i = from; i < to; i++) {
    struct sl_val v = sl_batch_get(b, row, (unsigned)i);
    md_value(r, &v, i > from && !marks.null && i - from < marks.u.s.n ? marks.u.s.p[i - from] : ' ');
  }
  if (sl_str_eqz(kind.u.s, "metric")) {
    sl_buf_ch(r->out, ' ');
    if (!spread.null)
      sl_fmt_sig(r->out, spread.u.f, 2);
    sl_buf_z(r->out, " | ");
    sl_report_md_text(r->out, verdict.null ? SL_STR("") : verdict.u.s);
    sl_buf_z(r->out, " |");
  }
  sl_buf_ch(r->out, '\n');
}

void sl_report_rows(struct sl_report *r, const struct sl_batch *b)
{
  for (uint32_t i = 0; i < sl_batch_count(b); i++)
    sl_report_row(r, b, i);
}

void sl_report_end(struct sl_report *r)
{
  if (!r->rows)
    sl_buf_z(r->out, "# Comparison\n\nNothing differs.\n");
  else
    sl_buf_z(r->out, "\n~ lies within what repeats of one configuration differ by (19 of 20 cases), ▲ is better and ▼ worse beyond that, "
             "↑ ↓ differ where the name does not say which way is good, ? has no repeats to judge by.\n");
}

void sl_report_plain_text(struct sl_buf *out, struct sl_str s) { sl_text_clean(out, s, SL_TEXT_CELL); }

/* ---- SVG ---- */

enum { W = 960, H = 540, LEFT = 70, RIGHT = 240, TOP = 50, BOTTOM = 50, NAMED = 24, TICKS = 6 };

struct plot { const struct sl_report_chart *c; double x0, x1, y0, y1; };

void sl_report_xml_text(struct sl_buf *out, struct sl_str s)
{
  struct sl_buf clean;
  sl_buf_init(&clean, 1 << 16);
  sl_text_clean(&clean, s, SL_TEXT_CELL);
  for (size_t i = 0; i < clean.n; i++)
    switch (clean.p[i]) {
    case '<': sl_buf_z(out, "&lt;"); break;
    case '>': sl_buf_z(out, "&gt;"); break;
    case '&': sl_buf_z(out, "&amp;"); break;
    case '"': sl_buf_z(out, "&quot;"); break;
    default: sl_buf_ch(out, clean.p[i]);
    }
  if (clean.failed == SL_ENOMEM) /* half a text is none; one that is too long is cut */
    out->failed = SL_ENOMEM;
  sl_buf_free(&clean);
}

static double height(const struct plot *p, double y) { return p->c->log ? y > 0 ? log10(y) : NAN : y; }

static bool place(const struct plot *p, double x, double y, double *px, double *py)
{
  y = height(p, y);
  if (!isfinite(x) || !isfinite(y))
    return false;
  *px = LEFT + (x - p->x0) / (p->x1 - p->x0) * (W - LEFT - RIGHT);
  *py = H - BOTTOM - (y - p->y0) / (p->y1 - p->y0) * (H - TOP - BOTTOM);
  return true;
}

static bool range(struct plot *p)
{
  bool any = false;
  for (size_t i = 0; i < p->c->n; i++)
    for (size_t k = 0; k < p->c->line[i].n; k++) {
      double x = p->c->line[i].x[k], y = height(p, p->c->line[i].y[k]);
      if (!isfinite(x) || !isfinite(y))
        continue;
      p->x0 = !any || x < p->x0 ? x : p->x0;
      p->x1 = !any || x > p->x1 ? x : p->x1;
      p->y0 = !any || y < p->y0 ? y : p->y0;
      p->y1 = !any || y > p->y1 ? y : p->y1;
      any = true;
    }
  if (any && p->x0 == p->x1)
    p->x0 -= 0.5, p->x1 += 0.5;
  if (any && p->y0 == p->y1)
    p->y0 -= 0.5, p->y1 += 0.5;
  return any;
}

/* 1, 2 or 5 times a power of ten, so that at most TICKS of them fit. */
static double tick_step(double span)
{
  double power = pow(10, floor(log10(span / TICKS)));
  double step = power * (span / TICKS / power > 5 ? 10 : span / TICKS / power > 2 ? 5 : span / TICKS / power > 1 ? 2 : 1);
  return isfinite(step) && step > 0 ? step : span;
}

static void axes(struct sl_buf *out, const struct plot *p)
{
  double xs = tick_step(p->x1 - p->x0), ys = tick_step(p->y1 - p->y0);
  sl_buf_printf(out, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#555\"/>\n", LEFT, TOP, H - BOTTOM, W - RIGHT);
  for (int i = 0; i <= TICKS + 1; i++) {
    double v = (ceil(p->x0 / xs) + i) * xs, at = LEFT + (v - p->x0) / (p->x1 - p->x0) * (W - LEFT - RIGHT);
    if (v <= p->x1)
      sl_buf_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.6g</text>\n", at, H - BOTTOM + 18, v);
    v = (ceil(p->y0 / ys) + i) * ys;
    at = H - BOTTOM - (v - p->y0) / (p->y1 - p->y0) * (H - TOP - BOTTOM);
    if (v <= p->y1)
      sl_buf_printf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text><path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>\n", LEFT - 6,
                    at + 4, p->c->log ? pow(10, v) : v, LEFT, at, W - RIGHT);
  }
  sl_buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + W - RIGHT) / 2, H - 12);
  sl_report_xml_text(out, sl_str(p->c->xlabel));
  sl_buf_z(out, "</text>\n");
}

static void line_put(struct sl_buf *out, const struct plot *p, size_t i)
{
  static const char *const colours[] = { "#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#17becf", "#8c564b", "#e377c2", "#7f7f7f",
    "#bcbd22" };
  static const char *const dashes[] = { "", "6 3", "2 2", "8 3 2 3" };
  const struct sl_report_line *l = &p->c->line[i];
  const char *colour = colours[i % 10];
  bool pen = false, dots = p->c->points && l->n > 2;
  double x, y;
  sl_buf_printf(out, "<path fill=\"none\" stroke=\"%s\" stroke-dasharray=\"%s\" stroke-width=\"%s\"%s d=\"", colour, dashes[i / 10 % 4],
                dots ? "4" : i ? "1.2" : "2.2", dots ? " stroke-linecap=\"round\" opacity=\"0.6\"" : "");
  for (size_t k = 0; k < l->n; k++) {
    bool there = place(p, l->x[k], l->y[k], &x, &y);
    if (there)
      sl_buf_printf(out, "%c%.1f %.1f%s", pen && !dots ? 'L' : 'M', x, y, dots ? "h0" : "");
    pen = there;
  }
  sl_buf_z(out, "\"/>\n");
  if (i >= NAMED)
    return;
  sl_buf_printf(out, "<path d=\"M%d %zuh24\" stroke=\"%s\" stroke-dasharray=\"%s\" stroke-width=\"2\"/><text x=\"%d\" y=\"%zu\">",
                W - RIGHT + 16, TOP + i * 18, colour, dashes[i / 10 % 4], W - RIGHT + 46, TOP + 4 + i * 18);
  sl_report_xml_text(out, sl_str(l->name));
  sl_buf_z(out, "</text>\n");
}

int sl_report_svg(struct sl_buf *out, const struct sl_report_chart *c, struct sl_err *err)
{
  struct plot p = { .c = c };
  sl_buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
                "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<text x=\"%d\" y=\"28\" font-size=\"16\">", W, H, W, H, LEFT);
  sl_report_xml_text(out, sl_str(c->title));
  sl_buf_z(out, "</text>\n");
  if (range(&p)) {
    axes(out, &p);
    for (size_t i = c->n; i-- > 0;) /* the baseline is drawn on top */
      line_put(out, &p, i);
    if (c->n > NAMED)
      sl_buf_printf(out, "<text x=\"%d\" y=\"%d\">and %zu more</text>\n", W - RIGHT + 16, TOP + 4 + NAMED * 18, c->n - NAMED);
  } else
    sl_buf_printf(out, "<text x=\"%d\" y=\"%d\">no history</text>\n", LEFT, H / 2);
  sl_buf_z(out, "</svg>\n");
  return sl_buf_check(out, err);
}
