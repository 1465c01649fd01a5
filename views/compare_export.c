/* views/compare_export.c: the comparison as a file: its rows as CSV, JSON or Markdown, its curves as SVG. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "judge/report.h"
#include "views/compare_int.h"

static int curves_svg(struct compare_state *s, struct sl_buf *out, struct sl_err *err)
{
  struct sl_report_line *line = sl_calloc(s->runs.n, sizeof *line);
  char (*name)[120] = sl_calloc(s->runs.n, sizeof *name), title[300];
  snprintf(title, sizeof title, "%s, smoothing %g", s->metric, s->smooth);
  struct sl_report_chart c = { .title = title, .xlabel = curves_axis(s), .line = line, .n = s->of.n, .log = s->logy };
  curves_range(s);
  for (size_t i = 0; line && name && i < s->of.n; i++) {
    curves_place(s, i);
    snprintf(name[i], sizeof name[i], "%.*s", SL_ARG(compare_run_name(s, i)));
    line[i] = (struct sl_report_line){ name[i], s->of.curve[i].x, s->of.curve[i].y, s->of.curve[i].n };
  }
  int rc = line && name ? sl_report_svg(out, &c, err) : sl_err_nomem(err);
  sl_free(line);
  sl_free(name);
  return rc;
}

/* What is seen: with `A`, also what is the same. */
static void table_md(struct compare_state *s, struct sl_buf *out)
{
  struct sl_report r = { .out = out };
  for (size_t i = 0; i < s->nline; i++) {
    const struct sl_batch *b;
    uint32_t row;
    if (compare_is_row(&s->line[i]) && sl_pane_row(s->diff, s->line[i].row, &b, &row))
      sl_report_row(&r, b, row);
  }
  sl_report_end(&r);
  if (s->verdict.n)
    sl_buf_printf(out, "\nVerdict: %.*s.\n", SL_ARG(sl_buf_view(&s->verdict)));
}

void compare_export(struct sl_view *v, void *user, const char *path)
{
  struct compare_state *s = sl_view_state(v);
  struct sl_query *q = NULL;
  struct sl_err err = {0};
  struct sl_buf text;
  (void)user;
  if (!path || !path[0])
    return;
  sl_buf_init(&text, 64 << 20);
  bool svg = sl_str_ends(sl_str(path), SL_STR(".svg")), md = sl_str_ends(sl_str(path), SL_STR(".md"));
  int rc = SL_OK;
  if (svg)
    rc = curves_svg(s, &text, &err);
  else if (md)
    table_md(s, &text);
  else {
    some_runs_put(&s->runs, 0, &text);
    rc = sl_query_new(&q, &(struct sl_query){ .res = &sl_res_differences, .kind = SL_Q_LIST, .scope = sl_buf_view(&text) }, &err);
  }
  rc = rc ? rc : sl_buf_check(&text, &err);
  if (rc)
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
  else if (q)
    sl_view_export(v, q, path);
  else
    sl_view_export_text(v, sl_buf_view(&text), path);
  sl_query_unref(q);
  sl_buf_free(&text);
}
