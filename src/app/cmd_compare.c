/* app/cmd_compare.c: `sluice compare`: the resource differences for the runs that are named, or for a file of theirs; with --report, a
 * document beside it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/session.h"
#include "base/file.h"
#include "base/mem.h"
#include "judge/compare.h"
#include "judge/report.h"
#include "model/scope.h"

int sl_cmd_compare(struct sl_app *a);

/* Ids of the runs, comma separated: the scope. */
static int runs_find(struct sl_session *s, struct sl_buf *scope, struct sl_err *err)
{
  const struct sl_args *args = s->app->args;
  int rc = SL_OK;
  for (size_t i = 0; i < args->npos && !rc; i++) {
    struct sl_found f;
    rc = sl_session_find(s, &sl_res_runs, args->pos[i], &f, err);
    if (!rc) {
      sl_buf_z(scope, i ? "," : "");
      sl_buf_str(scope, f.ref.id);
    }
    sl_found_free(&f);
  }
  return rc ? rc : sl_buf_check(scope, err);
}

/* ---- the report ---- */

struct report {
  const char *path;
  bool svg;
  struct sl_buf text, names;       /* names: of the runs, NUL-ended, in the order of the columns */
  struct sl_report md;
  char metric[256]; int rank;
};

/* What came, row by row: the Markdown grows, and the metric whose curves are drawn is chosen. */
static void report_page(void *user, const struct sl_batch *b)
{
  struct report *r = user;
  const struct sl_schema *s = sl_batch_schema(b);
  int spread = sl_schema_find(s, SL_STR("spread"));
  bool named = r->names.n > 0;
  for (size_t i = sl_schema_common(s); !named && spread > 0 && i < (size_t)spread; i++)
    sl_buf_add(&r->names, sl_schema_col(s, i)->name, strlen(sl_schema_col(s, i)->name) + 1);
  if (!r->svg)
    sl_report_rows(&r->md, b);
  for (uint32_t i = 0; i < sl_batch_count(b); i++) {
    struct sl_val kind = sl_batch_get(b, i, 0), name = sl_batch_get(b, i, 1);
    int rank = kind.null || name.null || !sl_str_eqz(kind.u.s, "metric") ? -1 : sl_compare_curve_rank(name.u.s);
    if (rank < 0 || rank <= r->rank)
      continue;
    r->rank = rank;
    snprintf(r->metric, sizeof r->metric, "%.*s", SL_ARG(name.u.s));
  }
}

struct histories { bool done; struct sl_snap *snap; struct sl_err err; };

static void histories_come(void *user, sl_watch id, const struct sl_answer *a)
{
  struct histories *h = user;
  (void)id;
  if (!a->done)
    return;
  h->done = true;
  h->snap = a->snap ? sl_snap_ref(a->snap) : NULL;
  for (size_t i = 0; i < a->nsrc && !h->snap; i++)
    h->err = a->src[i].err;
}

/* All points of one metric of the runs; thinned where they are many. */
static int histories_ask(struct sl_session *s, struct sl_str scope, const char *metric, struct histories *h, struct sl_err *err)
{
  struct sl_query like = { .res = &sl_res_series, .kind = SL_Q_LIST, .scope = scope, .points = 600, .no_cap = true }, *q = NULL;
  struct sl_buf where;
  sl_watch id = { 0 };
  sl_buf_init(&where, 4096);
  sl_buf_printf(&where, "name = '%s'", metric);
  int rc = strchr(metric, '\'') ? sl_err_set(err, SL_EUSAGE, "a metric with ' in its name cannot be asked for") : SL_OK;
  rc = rc ? rc : sl_buf_check(&where, err);
  rc = rc ? rc : sl_filter_parse(&like.where, sl_buf_view(&where), sl_loop_wall(s->loop), NULL, err);
  rc = rc ? rc : sl_order_parse(&like.order, SL_STR("step,time"), err);
  rc = rc ? rc : sl_query_new(&q, &like, err);
  rc = rc ? rc : sl_ws_query(s->ws, q, true, histories_come, h, &id, err);
  rc = rc ? rc : sl_session_wait(s, &h->done, err);
  if (!rc && !h->snap)
    rc = sl_err_set(err, h->err.code ? h->err.code : SL_ENOENT, "no history of %s: %s", metric, h->err.msg);
  sl_ws_unwatch(s->ws, id);
  sl_query_unref(q);
  sl_order_unref(like.order);
  sl_filter_unref(like.where);
  sl_buf_free(&where);
  return rc;
}

struct curve { double *x, *y; size_t n, cap_x, cap_y; };

static int curve_add(struct curve *c, double x, double y, struct sl_err *err)
{
  int rc = sl_grow((void **)&c->x, &c->cap_x, c->n + 1, sizeof *c->x, 10000000, err);
  rc = rc ? rc : sl_grow((void **)&c->y, &c->cap_y, c->n + 1, sizeof *c->y, 10000000, err);
  if (rc)
    return rc;
  c->x[c->n] = x;
  c->y[c->n++] = y;
  return SL_OK;
}

static size_t run_index(struct sl_str scope, struct sl_str run)
{
  struct sl_str one;
  for (size_t i = 0; sl_str_cut(&scope, ',', &one); i++)
    if (sl_str_eq(one, run))
      return i;
  return SIZE_MAX;
}

static int curves_fill(struct sl_snap *snap, struct sl_str scope, struct curve *c, size_t n, struct sl_err *err)
{
  uint64_t count = sl_snap_count(snap);
  uint32_t key;
  int rc = SL_OK;
  for (uint64_t at = 0; at < count && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, count - at < SL_BATCH_ROWS ? (uint32_t)(count - at) : SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b) && sl_keys_find(sl_schema_keys(sl_batch_schema(b)), SL_STR("run"), &key); i++) {
      struct sl_val run = sl_batch_get_key(b, i, 1, key), step = sl_batch_get(b, i, 2), value = sl_batch_get(b, i, 4);
      size_t k = run.null ? SIZE_MAX : run_index(scope, run.u.s);
      if (k < n)
        rc = curve_add(&c[k], step.null ? NAN : (double)step.u.i, value.null ? NAN : value.u.f, err);
    }
    sl_batch_unref(b);
  }
  return rc;
}

static int report_svg(struct sl_session *s, struct report *r, struct sl_str scope, struct sl_err *err)
{
  const char *metric = sl_args_text(s->app->args, SL_O_metric, r->metric), *name = r->names.n ? r->names.p : "";
  size_t n = s->app->args->npos;
  struct curve *c = sl_calloc(n, sizeof *c);
  struct sl_report_line *line = sl_calloc(n, sizeof *line);
  struct histories h = { 0 };
  int rc = c && line ? SL_OK : sl_err_nomem(err);
  if (!rc && !metric[0])
    rc = sl_err_set(err, SL_ENOENT, "these runs have no metric in common with the filter; --metric names one");
  rc = rc ? rc : histories_ask(s, scope, metric, &h, err);
  rc = rc ? rc : curves_fill(h.snap, scope, c, n, err);
  for (size_t i = 0; i < n && !rc; i++) {
    line[i] = (struct sl_report_line){ name < r->names.p + r->names.n ? name : s->app->args->pos[i], c[i].x, c[i].y, c[i].n };
    name += name < r->names.p + r->names.n ? strlen(name) + 1 : 0;
  }
  struct sl_report_chart chart = { .title = metric, .xlabel = "step", .line = line, .n = n };
  rc = rc ? rc : sl_report_svg(&r->text, &chart, err);
  for (size_t i = 0; c && i < n; i++) {
    sl_free(c[i].x);
    sl_free(c[i].y);
  }
  sl_free(c);
  sl_free(line);
  sl_snap_unref(h.snap);
  return rc;
}

static int report_write(struct sl_session *s, struct report *r, struct sl_str scope, struct sl_err *err)
{
  int rc = SL_OK;
  if (r->svg)
    rc = report_svg(s, r, scope, err);
  else
    sl_report_end(&r->md);
  rc = rc ? rc : sl_buf_check(&r->text, err);
  return rc ? rc : sl_file_write(r->path, sl_buf_view(&r->text), 0600, err);
}

static int report_open(const struct sl_args *args, struct report *r, struct sl_err *err)
{
  r->path = sl_args_text(args, SL_O_report, NULL);
  sl_buf_init(&r->text, 64 << 20);
  sl_buf_init(&r->names, 1 << 20);
  r->md.out = &r->text;
  r->rank = -1;
  if (!r->path)
    return SL_OK;
  r->svg = sl_str_ends(sl_str(r->path), SL_STR(".svg"));
  if (!r->svg && !sl_str_ends(sl_str(r->path), SL_STR(".md")))
    return sl_err_set(err, SL_EUSAGE, "--report %s: name a file that ends in .md or .svg", r->path);
  return SL_OK;
}

/* Behind the runs, the path; a list of files is wanted whole, as it is. */
static int artifact_put(const struct sl_args *args, struct sl_buf *scope, bool *lists, struct sl_err *err)
{
  static const char *const none[] = { NULL };
  struct sl_str path = sl_str(sl_args_text(args, SL_O_artifact, NULL));
  if (!path.p)
    return SL_OK;
  if (sl_args_has(args, SL_O_report) || sl_args_has(args, SL_O_metric))
    return sl_err_set(err, SL_EUSAGE, "--report and --metric are about metrics; with --artifact use -o");
  *lists = sl_str_eqz(path, ".") || sl_str_ends(path, SL_STR("/"));
  sl_buf_ch(scope, ' ');
  sl_scope_put(scope, path.p, none);
  return sl_buf_check(scope, err);
}

static int compare(struct sl_session *s, struct sl_err *err)
{
  struct sl_app *a = s->app;
  struct sl_buf scope;
  struct report r = { 0 };
  bool lists = false;
  sl_buf_init(&scope, 1 << 20);
  int rc = report_open(a->args, &r, err);
  rc = rc ? rc : runs_find(s, &scope, err);
  rc = rc ? rc : artifact_put(a->args, &scope, &lists, err);
  struct sl_list l = { .query = sl_app_query(a, &sl_res_differences, sl_buf_zstr(&scope)), .rows = { .bare = a->format == SL_FMT_TABLE } };
  l.query.conn = SL_STR(""); /* -c says whose runs are meant; the comparing is ours */
  if (r.path) {
    l.page = report_page;
    l.page_user = &r;
  }
  if (!rc && !lists && !sl_args_has(a->args, SL_O_all) && !sl_args_has(a->args, SL_O_filter))
    rc = sl_filter_parse(&l.query.where, SL_STR("verdict != 'same'"), sl_loop_wall(s->loop), NULL, err);
  int code = rc ? sl_app_fail(a, err) : sl_session_list(s, &l);
  if (!rc && r.path && (!code || code == SL_EXIT_PARTIAL) && report_write(s, &r, sl_buf_view(&scope), err))
    code = sl_app_fail(a, err);
  sl_buf_free(&r.text);
  sl_buf_free(&r.names);
  sl_buf_free(&scope);
  return code;
}

int sl_cmd_compare(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  int code = sl_session_open(&s, a, 0, &err) ? sl_app_fail(a, &err) : compare(&s, &err);
  sl_session_close(&s);
  return code;
}
