/* backends/compute/history.c: the resource `drift_history`: a baseline, and the last partitions of a zone or folder, as queries handed to
 * the box (src/box/drift_past.c), whose rows become ours.
 *
 * Partitions of a zone are those that the lake tells (missing ones too), of another folder what lies in it. */
#include <stdlib.h>
#include <unistd.h>

#include "backend_compute/compute_int.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/json.h"
#include "model/drift.h"
#include "compute/drift.h"

/* KEEP: what is remembered of a listing; only its last ones are needed, but it comes in any order. */
enum { KEEP = 1 << 16, NAMES_SHOWN = 200 };

static const struct sl_col own[] = {
  { .name = "chosen", .type = SL_BOOL, .help = "what the profile judges by; others change no verdict", .flags = SL_COL_HIDDEN },
  { .name = "chance", .type = SL_F64, .help = "the statistic to be expected of two samples of one distribution, of these sizes",
    .flags = SL_COL_HIDDEN },
  { .name = "n_baseline", .type = SL_I64, .help = "values used of the baseline", .unit = "rows", .flags = SL_COL_HIDDEN },
  { .name = "n_current", .type = SL_I64, .help = "values used of the partition", .unit = "rows", .flags = SL_COL_HIDDEN },
  { .name = "missing_current", .type = SL_I64, .help = "null and NaN in it", .unit = "rows", .flags = SL_COL_HIDDEN },
  { .name = "infinite_current", .type = SL_I64, .help = "infinities in it", .unit = "rows", .flags = SL_COL_HIDDEN },
  { .name = "back", .type = SL_I64, .help = "how many partitions before the newest; 0: it", .flags = SL_COL_HIDDEN },
  { .name = "note", .type = SL_TEXT, .help = "what is the matter with the column or the partition" },
};

struct part { char *name, *at; bool missing; char *sql, *why; };
struct past {
  struct compute_boxed boxed;
  struct sl_drift_ask ask;
  struct sl_drift_span span;
  struct compute_data *data;
  sl_watch watch;
  char *baseline;              /* as a query */
  struct part *part; size_t n, cap, next;
  char **reads; size_t nreads, cap_reads;
  bool listed, gaps;           /* of the listing something is missing */
};

static void past_leave(struct compute_boxed *b)
{
  struct past *p = (struct past *)b;
  compute_data_drop(p->data);
  p->data = NULL;
  if (p->watch.v)
    sl_ws_unwatch(sl_backend_ws(b->c->b), p->watch);
  p->watch.v = 0;
  for (size_t i = 0; i < p->n; i++) {
    sl_free(p->part[i].name);
    sl_free(p->part[i].at);
    sl_free(p->part[i].sql);
    sl_free(p->part[i].why);
  }
  sl_free(p->part);
  for (size_t i = 0; i < p->nreads; i++) {
    if (p->ask.model && p->reads[i])
      (void)unlink(p->reads[i]); /* predictions */
    sl_free(p->reads[i]);
  }
  sl_free(p->reads);
  sl_free(p->baseline);
  sl_drift_ask_free(&p->ask);
  p->part = NULL;
  p->reads = NULL;
  p->baseline = NULL;
  p->n = p->nreads = 0;
}

/* SCOPE#partition/feature:test@definition, with % where a name holds what would end it. */
static void put_id(struct sl_buf *id, const char *scope, struct sl_batch *from, uint32_t row)
{
  struct sl_val part = sl_batch_get(from, row, 0), feature = sl_batch_get(from, row, 1), test = sl_batch_get(from, row, 3),
                tool = sl_batch_get(from, row, 4);
  sl_buf_printf(id, "%s#", scope);
  sl_fmt_percent(id, part.null ? SL_STR_NONE : part.u.s);
  sl_buf_ch(id, '/');
  sl_fmt_percent(id, feature.null ? SL_STR_NONE : feature.u.s);
  sl_buf_printf(id, ":%.*s", SL_ARG(test.null ? SL_STR_NONE : test.u.s));
  if (!tool.null)
    sl_buf_printf(id, "@%.*s", SL_ARG(tool.u.s));
}

/* ---- the job ---- */

static void put(struct sl_jw *j, const char *key, const char *z)
{
  sl_jw_key(j, sl_str(key));
  sl_jw_str(j, sl_str(z ? z : ""));
}

static void put_part(struct sl_jw *j, const struct part *at)
{
  sl_jw_obj(j);
  put(j, "name", at->name);
  if (at->missing) {
    sl_jw_key(j, SL_STR("missing"));
    sl_jw_bool(j, true);
  } else {
    put(j, at->sql ? "sql" : "unread", at->sql ? at->sql : at->why);
  }
  sl_jw_end_obj(j);
}

static int put_job(struct sl_buf *b, const struct past *p, struct sl_err *err)
{
  struct sl_jw j = sl_jw(b, false);
  sl_jw_obj(&j);
  put(&j, "baseline", p->baseline);
  put(&j, "tests", p->ask.tests ? p->ask.tests : "auto");
  put(&j, "profile", p->ask.profile);
  sl_jw_key(&j, SL_STR("need"));
  sl_jw_i64(&j, p->span.need);
  sl_jw_key(&j, SL_STR("of"));
  sl_jw_i64(&j, p->span.of);
  sl_jw_key(&j, SL_STR("partitions"));
  sl_jw_arr(&j);
  for (size_t i = 0; i < p->n; i++)
    put_part(&j, &p->part[i]);
  sl_jw_end_arr(&j);
  sl_jw_end_obj(&j);
  return sl_buf_check(b, err);
}

/* What could not be found makes the answer a part. */
static void tell_cut(struct sl_req *r, const struct past *p)
{
  if (p->gaps)
    sl_req_cut(r, "not all partitions could be listed");
  for (size_t i = 0; i < p->n; i++)
    if (p->part[i].why) {
      sl_req_cut(r, "some partitions cannot be read");
      return;
    }
}

static int start(struct sl_req *r, struct sl_err *err)
{
  struct past *p = sl_req_state(r);
  struct sl_buf b;
  sl_buf_init(&b, 16 << 20);
  int rc = put_job(&b, p, err);
  if (!rc)
    rc = sl_grow((void **)&p->reads, &p->cap_reads, p->nreads + 1, sizeof *p->reads, 4096, err);
  if (!rc) {
    p->reads[p->nreads] = NULL;
    tell_cut(r, p);
    const struct sl_box_work work = { .kind = "drift", .text = sl_buf_view(&b), .reads = (const char *const *)p->reads };
    rc = compute_boxed_start(r, &work, err);
  }
  sl_buf_free(&b);
  return rc;
}

/* ---- data sets, one after the other ---- */

static int next(struct sl_req *r, struct sl_err *err);

static bool has_read(const struct past *p, const char *path)
{
  for (size_t i = 0; i < p->nreads; i++)
    if (!strcmp(p->reads[i], path) || (!p->ask.model && sl_path_inside(path, p->reads[i])))
      return true;
  return false;
}

static int add_reads(struct past *p, const char *const *reads, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; !rc && reads[i]; i++) {
    if (has_read(p, reads[i]))
      continue;
    rc = sl_grow((void **)&p->reads, &p->cap_reads, p->nreads + 1, sizeof *p->reads, 4096, err);
    if (!rc && !(p->reads[p->nreads++] = sl_strdup(reads[i])))
      rc = sl_err_nomem(err);
  }
  return rc;
}

static void on_data(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct past *p = sl_req_state(r);
  struct sl_err e = *err;
  char **to = p->baseline ? &p->part[p->next].sql : &p->baseline;
  p->data = NULL;
  if (!p->baseline && rc)
    sl_err_prefix(&e, "baseline");
  if (!rc) {
    *to = sl_strdup(sql);
    rc = *to ? add_reads(p, reads, &e) : sl_err_nomem(&e);
  } else if (p->baseline && rc != SL_ENOMEM && rc != SL_ECANCELED) {
    p->part[p->next].why = sl_strdup(e.msg); /* the rest goes on */
    rc = p->part[p->next].why ? SL_OK : sl_err_nomem(&e);
  }
  p->next += to != &p->baseline;
  if (!rc)
    rc = next(r, &e);
  if (rc)
    compute_boxed_fail(r, rc, &e);
}

static int next(struct sl_req *r, struct sl_err *err)
{
  struct past *p = sl_req_state(r);
  while (p->baseline && p->next < p->n && p->part[p->next].missing)
    p->next++;
  if (p->baseline && p->next == p->n)
    return start(r, err);
  const char *data = p->baseline ? p->part[p->next].at : p->ask.baseline;
  return compute_data(&p->data, p->boxed.c, data, p->ask.model, r, on_data, r, err);
}

/* ---- partitions ---- */

/* lake:raw/site=a/ -> the zone, and what names of partitions begin with. */
static bool zone_of(struct sl_str address, struct sl_str *zone, struct sl_str *below)
{
  *below = sl_str_from(address, 5);
  if (!sl_str_starts(address, SL_STR("lake:")))
    return false;
  if (!sl_str_cut(below, '/', zone))
    *zone = *below, *below = SL_STR("");
  while (below->n && below->p[below->n - 1] == '/')
    below->n--;
  return zone->n > 0;
}

static bool is_newest(struct sl_str address) { return sl_str_ends(address, SL_STR("@newest")) || sl_str_ends(address, SL_STR("@newest/")); }

static struct sl_str text_at(const struct sl_batch *b, uint32_t row, const char *col)
{
  int at = sl_schema_find(sl_batch_schema(b), sl_str(col));
  struct sl_val v = at < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)at);
  return v.null ? SL_STR("") : v.u.s;
}

static int add_part(struct past *p, struct sl_str name, char *at, bool missing, struct sl_err *err)
{
  int rc = at ? sl_grow((void **)&p->part, &p->cap, p->n + 1, sizeof *p->part, KEEP, err) : sl_err_nomem(err);
  if (rc) {
    sl_free(at);
    return rc;
  }
  p->part[p->n] = (struct part){ .name = sl_strndup(name.p, name.n < NAMES_SHOWN ? name.n : NAMES_SHOWN), .at = at, .missing = missing };
  return p->part[p->n++].name ? SL_OK : sl_err_nomem(err);
}

static int zone_row(struct past *p, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct sl_str zone, below, name = text_at(b, row, "partition");
  (void)zone_of(sl_str(p->ask.current), &zone, &below);
  if (below.n && !(sl_str_starts(name, below) && name.n > below.n && name.p[below.n] == '/'))
    return SL_OK;
  return add_part(p, name, sl_asprintf("lake:%.*s/%.*s", SL_ARG(zone), SL_ARG(name)),
                  sl_str_eqz(text_at(b, row, "state"), "missing"), err);
}

/* Folders, and files of data, but none that is hidden. */
static int object_row(struct past *p, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct sl_str name = text_at(b, row, "name"), uri = text_at(b, row, "uri");
  while (name.n && name.p[name.n - 1] == '/')
    name.n--;
  if (!name.n || name.p[0] == '.' || name.p[0] == '_')
    return SL_OK;
  return add_part(p, name, sl_strndup(uri.p, uri.n), false, err);
}

static int by_name(const void *a, const void *b) { return strcmp(((const struct part *)a)->name, ((const struct part *)b)->name); }

/* The last ones by name, the oldest first. */
static int choose(struct past *p, struct sl_err *err)
{
  if (!p->n)
    return sl_err_set(err, SL_ENOENT, "%s has no partitions", p->ask.current);
  qsort(p->part, p->n, sizeof p->part[0], by_name);
  size_t drop = p->n > p->span.last ? p->n - p->span.last : 0;
  for (size_t i = 0; i < drop; i++) {
    sl_free(p->part[i].name);
    sl_free(p->part[i].at);
  }
  memmove(p->part, p->part + drop, (p->n - drop) * sizeof p->part[0]);
  p->n -= drop;
  return SL_OK;
}

static int take_list(struct past *p, const struct sl_answer *a, struct sl_err *err)
{
  struct sl_str zone, below;
  bool lake = zone_of(sl_str(p->ask.current), &zone, &below);
  uint64_t n = a->snap ? sl_snap_count(a->snap) : 0;
  int rc = SL_OK;
  for (size_t i = 0; i < a->nsrc; i++)
    p->gaps = p->gaps || a->src[i].state == SL_CUT || a->src[i].state == SL_FAILED;
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED && !n)
      return sl_err_set(err, a->src[i].err.code, "%s", a->src[i].err.msg);
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(a->snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t row = 0; !rc && row < sl_batch_count(b); row++)
      rc = lake ? zone_row(p, b, row, err) : object_row(p, b, row, err);
    sl_batch_unref(b);
  }
  return rc ? rc : choose(p, err);
}

static void on_list(void *user, sl_watch id, const struct sl_answer *a)
{
  struct sl_req *r = user;
  struct past *p = sl_req_state(r);
  struct sl_err err = { 0 };
  (void)id;
  if (!a->done || p->listed)
    return;
  p->listed = true;
  p->watch.v = 0; /* it was asked once */
  int rc = take_list(p, a, &err);
  rc = rc ? rc : next(r, &err);
  if (rc)
    compute_boxed_fail(r, rc, &err);
}

static int list(struct sl_req *r, struct sl_err *err)
{
  struct past *p = sl_req_state(r);
  struct sl_str zone, below, current = sl_str(p->ask.current);
  bool lake = zone_of(current, &zone, &below);
  struct sl_query like = { .res = lake ? &sl_res_partitions : &sl_res_objects, .kind = SL_Q_LIST, .scope = lake ? zone : current,
                           .no_cap = true };
  struct sl_query *q = NULL;
  int rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = sl_ws_query(sl_backend_ws(p->boxed.c->b), q, true, on_list, r, &p->watch, err);
  sl_query_unref(q);
  return rc;
}

/* ---- the resource ---- */

static int past_parse(struct sl_req *r, struct sl_str scope, struct sl_err *err)
{
  struct past *p = sl_req_state(r);
  int rc = sl_drift_ask_parse(&p->ask, scope, err);
  rc = rc ? rc : sl_drift_span_of(&p->span, &p->ask, err);
  rc = rc ? rc : compute_drift_tests(&p->ask, err);
  if (rc)
    return rc;
  if (p->ask.engine && !strcmp(p->ask.engine, "pushdown"))
    return sl_err_set(err, SL_EUSAGE, "drift over time is worked out here, not in an engine: leave engine=pushdown away");
  if (!p->ask.current || compute_monitor_is(sl_str(p->ask.baseline)))
    return sl_err_set(err, SL_EUSAGE, "drift over time compares data with a baseline of data or sketches, not files of other tools");
  if (is_newest(sl_str(p->ask.current)) || sl_str_starts(sl_str(p->ask.current), SL_STR("sql:")))
    return sl_err_set(err, SL_EUSAGE, "%s is one data set; drift over time takes a zone (lake:raw/) or a folder of partitions",
                      p->ask.current);
  return SL_OK;
}

static int past_query(struct sl_req *r, struct sl_err *err)
{
  static const struct compute_boxed_ops ops = { .parse = past_parse, .begin = list, .put_id = put_id, .leave = past_leave };
  return compute_boxed_query(r, &ops, err);
}

const struct sl_serve compute_drift_history = {
  .res = &sl_res_drift_history,
  .own = own,
  .nown = sizeof own / sizeof own[0],
  .req_size = sizeof(struct past),
  .query = past_query,
  .resume = compute_boxed_resume,
  .cancel = compute_boxed_cancel,
};
