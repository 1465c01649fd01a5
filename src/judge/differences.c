/* judge/differences.c: the resource differences: runs beside each other, a row each attribute, parameter and metric, a column each run.
 *
 * The scope names the runs (ids, comma separated; the first is the baseline). First these are asked for, then the runs of their
 * experiments, for the spread of repeats; the comparing happens in a lane. The columns depend on the question, so every answer brings its
 * own schema. Behind the runs may stand a path among their artifacts: then it is these files that are compared (files.h). */
#include <stdio.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "judge/compare.h"
#include "judge/files.h"
#include "judge/judge_int.h"
#include "model/backend.h"
#include "model/scope.h"

enum { EXPERIMENTS = 16, REPEATS = 2000 };

struct part { struct diff_state *up; sl_watch watch; struct sl_snap *snap; bool done; };
struct diff_state {
  struct sl_req *r;
  struct sl_buf ids;                  /* as a list (sl_list) */
  size_t nids;
  struct sl_buf path;                 /* of an artifact; empty: parameters and metrics */
  struct judge_files *files;
  struct part runs, near[EXPERIMENTS];
  size_t nnear, waiting;
  bool part, cut;                     /* not all runs may have come; not all repeats */
  struct sl_err err;
};

/* Behind the columns of the runs. */
static const struct sl_col own_cols[] = {
  { .name = "spread", .type = SL_F64, .help = "standard deviation of repeats; none: null" },
  { .name = "verdict", .type = SL_TEXT, .help = "against the baseline, in words" },
  { .name = "marks", .type = SL_TEXT, .flags = SL_COL_HIDDEN,
    .help = "a sign a run: = same, ~ within the spread, + better, - worse, > higher, < lower, ? no repeats" },
};
enum { OWN_SPREAD, OWN_VERDICT, OWN_MARKS, OWN_COLS };

static const char own_want[] = "id,name,experiment,state,duration_s,user,params.*,metrics.*,tags.*",
    near_want[] = "id,state,params.*,metrics.*";

static void part_drop(struct diff_state *s, struct part *p)
{
  sl_ws_unwatch(sl_backend_ws(sl_req_backend(s->r)), p->watch);
  p->watch.v = 0;
  sl_snap_unref(p->snap);
  p->snap = NULL;
}

static void state_drop(struct diff_state *s)
{
  part_drop(s, &s->runs);
  for (size_t i = 0; i < s->nnear; i++)
    part_drop(s, &s->near[i]);
  sl_buf_free(&s->ids);
  sl_buf_free(&s->path);
  judge_files_free(s->files);
  s->files = NULL;
}

static void fail(struct diff_state *s, int rc, const struct sl_err *err)
{
  struct sl_req *r = s->r;
  struct sl_err e = *err;
  state_drop(s);
  sl_req_end(r, rc, &e);
}

/* ---- rows, in the lane ---- */

/* rules: the conditions of all gates, as a list. */
struct work {
  struct sl_buf ids, rules;
  size_t nids, nnear;
  bool part;
  struct sl_snap *runs, *near[EXPERIMENTS];
  struct judge_files *files;
};

static void work_free(void *user)
{
  struct work *w = user;
  sl_snap_unref(w->runs);
  for (size_t i = 0; i < w->nnear; i++)
    sl_snap_unref(w->near[i]);
  sl_buf_free(&w->ids);
  sl_buf_free(&w->rules);
  judge_files_free(w->files);
  sl_free(w);
}

static int each_row(struct sl_snap *snap, int (*fn)(void *user, const struct sl_batch *b, uint32_t row, struct sl_err *err), void *user,
                    struct sl_err *err)
{
  uint64_t n = snap ? sl_snap_count(snap) : 0;
  int rc = SL_OK;
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++)
      rc = fn(user, b, i, err);
    sl_batch_unref(b);
  }
  return rc;
}

struct filling { struct sl_compare *c; struct work *w; bool *seen; };

static int run_each(void *user, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct filling *f = user;
  struct sl_str rest = sl_buf_view(&f->w->ids), id;
  for (size_t i = 0; sl_list_next(&rest, &id); i++)
    if (sl_str_eq(id, sl_batch_id(b, row)) && f->seen[i])
      return sl_err_set(err, SL_EUSAGE, "several registries have a run %.*s: name one with -c", SL_ARG(sl_str_head(id, 40)));
    else if (sl_str_eq(id, sl_batch_id(b, row))) {
      f->seen[i] = true;
      return sl_compare_run(f->c, i, b, row, err);
    }
  return SL_OK;
}

static int near_each(void *user, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  return sl_compare_repeat(user, b, row, err);
}

static int all_seen(const struct filling *f, struct sl_err *err)
{
  struct sl_str rest = sl_buf_view(&f->w->ids), id;
  for (size_t i = 0; sl_list_next(&rest, &id); i++)
    if (!f->seen[i])
      return f->w->part ? sl_err_set(err, SL_EIO, "run %.*s is not among the rows that came, and they are not all",
          SL_ARG(sl_str_head(id, 80)))
                        : sl_err_set(err, SL_ENOENT, "there is no run %.*s; `sluice get runs` lists them", SL_ARG(sl_str_head(id, 80)));
  return SL_OK;
}

static int schema_of(const struct sl_compare *c, struct sl_schema **out, struct sl_err *err)
{
  size_t n = sl_compare_runs(c);
  struct sl_col *own = sl_calloc(n + OWN_COLS, sizeof *own);
  struct sl_buf names;
  sl_buf_init(&names, 0);
  if (!own)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) { /* NUL-ended, behind each other: they are copied */
    struct sl_str name = sl_compare_name(c, i);
    sl_buf_str(&names, name);
    sl_buf_ch(&names, 0);
  }
  int rc = sl_buf_check(&names, err);
  for (size_t i = 0, at = 0; i < n && !rc; i++) {
    own[i] = (struct sl_col){ .name = names.p + at, .type = SL_JSON, .help = i ? "this run's" : "the baseline's" };
    at += sl_compare_name(c, i).n + 1;
  }
  for (size_t i = 0; i < OWN_COLS; i++)
    own[n + i] = own_cols[i];
  if (!rc)
    rc = sl_schema_new(out, sl_res_differences.cols, sl_res_differences.ncols, own, n + OWN_COLS, err);
  if (!rc && (rc = sl_schema_set_resource(*out, SL_STR("differences"), err))) {
    sl_schema_unref(*out);
    *out = NULL;
  }
  sl_free(own);
  sl_buf_free(&names);
  return rc;
}

static void cell_json(struct sl_buf *out, const struct sl_cmp_cell *cell)
{
  struct sl_jw w = sl_jw(out, false);
  sl_buf_clear(out);
  if (cell->number)
    sl_jw_f64(&w, cell->num);
  else
    sl_jw_str(&w, cell->text);
}

static int put_item(struct sl_rower *w, const struct sl_compare *c, const struct sl_cmp_item *it, struct sl_buf *text)
{
  static const char *const kinds[] = { [SL_CMP_ATTRIBUTE] = "attribute", [SL_CMP_PARAM] = "param", [SL_CMP_METRIC] = "metric" };
  unsigned n = (unsigned)sl_compare_runs(c), own = (unsigned)sl_res_differences.ncols;
  sl_buf_clear(text);
  sl_buf_printf(text, "%s/%.*s", kinds[it->kind], SL_ARG(it->name));
  int rc = sl_rower_row(w, SL_PUT, sl_buf_view(text));
  if (rc)
    return rc;
  struct sl_batch *b = sl_rower_batch(w);
  sl_batch_set(b, 0, sl_vz(kinds[it->kind]));
  sl_batch_set(b, 1, sl_vs(it->name));
  for (unsigned i = 0; i < n; i++)
    if (it->cell[i].there) {
      cell_json(text, &it->cell[i]);
      sl_batch_set(b, own + i, sl_vas(SL_JSON, sl_buf_view(text)));
    }
  if (it->kind == SL_CMP_METRIC && it->df)
    sl_batch_set(b, own + n + OWN_SPREAD, sl_vf(it->spread));
  sl_buf_clear(text);
  sl_compare_verdict(c, it, text);
  sl_batch_set(b, own + n + OWN_VERDICT, sl_vs(sl_buf_view(text)));
  sl_buf_clear(text);
  for (unsigned i = 0; i < n; i++)
    sl_buf_ch(text, (char)it->cell[i].mark);
  sl_batch_set(b, own + n + OWN_MARKS, sl_vs(sl_buf_view(text)));
  return SL_OK;
}

/* ---- rows of an artifact ---- */

struct putting { struct sl_rower w; const struct sl_compare *c; struct sl_buf text; };

/* What stands in each run beside the baseline's, in a word; where some run has nothing there, which. */
static void art_verdict(struct putting *p, const struct sl_art_row *row)
{
  size_t n = sl_compare_runs(p->c), lack = 0;
  sl_buf_clear(&p->text);
  for (size_t i = 0; i < n && !row->same; i++) {
    if (row->cell[i].p)
      continue;
    if (lack < 4) {
      sl_buf_z(&p->text, lack ? ", " : "not in: ");
      sl_buf_str(&p->text, sl_compare_name(p->c, i));
    }
    lack++;
  }
  if (lack > 4)
    sl_buf_printf(&p->text, " and %zu more", lack - 4);
  if (!p->text.n)
    sl_buf_z(&p->text, !row->same ? "differs" : !strcmp(row->kind, "artifact") ? "same size" : "same"); /* a list reads no bytes */
}

static int put_art(void *user, const struct sl_art_row *row, struct sl_err *err)
{
  struct putting *p = user;
  unsigned n = (unsigned)sl_compare_runs(p->c), own = (unsigned)sl_res_differences.ncols;
  sl_buf_clear(&p->text);
  sl_buf_printf(&p->text, "%s/%.*s", row->kind, SL_ARG(row->name));
  int rc = sl_buf_check(&p->text, err);
  rc = rc ? rc : sl_rower_row(&p->w, SL_PUT, sl_buf_view(&p->text));
  if (rc)
    return rc;
  struct sl_batch *b = sl_rower_batch(&p->w);
  sl_batch_set(b, 0, sl_vz(row->kind));
  sl_batch_set(b, 1, sl_vs(row->name));
  for (unsigned i = 0; i < n; i++)
    if (row->cell[i].p)
      sl_batch_set(b, own + i, sl_vas(SL_JSON, row->cell[i]));
  art_verdict(p, row);
  sl_batch_set(b, own + n + OWN_VERDICT, sl_vs(sl_buf_view(&p->text)));
  return SL_OK;
}

static int put_all(struct sl_feed *f, struct work *w, struct putting *p, struct sl_err *err)
{
  int rc = SL_OK;
  if (w->files)
    return judge_files_rows(w->files, sl_feed_cancel_flag(f), put_art, p, err);
  for (size_t i = 0; i < sl_compare_items(p->c) && !rc; i++)
    rc = put_item(&p->w, p->c, sl_compare_item(p->c, i), &p->text);
  return rc;
}

static int emit(struct sl_feed *f, struct work *w, const struct sl_compare *c, struct sl_err *err)
{
  struct sl_schema *schema = NULL;
  struct putting p = { .c = c };
  int rc = schema_of(c, &schema, err);
  if (rc)
    return rc;
  sl_buf_init(&p.text, 4 << 20);
  rc = sl_feed_head(f, schema, 0, w->files ? -1 : (int64_t)sl_compare_items(c));
  if (!rc)
    rc = sl_rower_begin(&p.w, f, schema, err);
  if (!rc) {
    rc = put_all(f, w, &p, err);
    rc = rc ? (sl_rower_abort(&p.w), rc) : sl_rower_end(&p.w, err);
  }
  sl_buf_free(&p.text);
  sl_schema_unref(schema);
  return rc;
}

static int rules_take(struct sl_compare *c, struct sl_str rest, struct sl_err *err)
{
  struct sl_str one;
  int rc = SL_OK;
  while (!rc && sl_list_next(&rest, &one))
    rc = sl_compare_rules(c, one, err);
  return rc;
}

static int work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct work *w = user;
  struct filling fill = { .w = w, .seen = sl_calloc(w->nids, sizeof(bool)) };
  int rc = fill.seen ? sl_compare_new(&fill.c, w->nids, err) : sl_err_nomem(err);
  if (!rc)
    rc = each_row(w->runs, run_each, &fill, err);
  if (!rc)
    rc = all_seen(&fill, err);
  for (size_t i = 0; i < w->nnear && !rc && !sl_feed_cancelled(f); i++)
    rc = each_row(w->near[i], near_each, fill.c, err);
  if (!rc)
    rc = rules_take(fill.c, sl_buf_view(&w->rules), err);
  if (!rc)
    rc = sl_compare_judge(fill.c, err);
  if (!rc)
    rc = emit(f, w, fill.c, err);
  sl_compare_free(fill.c);
  sl_free(fill.seen);
  return rc;
}

/* What anybody's promotion hangs on, whatever these runs are of. */
static void rules_of(struct sl_ws *ws, struct sl_buf *out)
{
  size_t n = 0;
  const struct sl_ws_conf *c = sl_ws_config(ws);
  const struct sl_model_conf *m = c ? sl_ws_conf_models(c, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < m[i].ngates; k++)
      sl_list_add(out, sl_str(m[i].gates[k].pass));
}

static void compare(struct diff_state *s)
{
  static const struct sl_feed_ops ops = { .work = work, .free = work_free };
  struct sl_err err = { 0 };
  struct sl_req *r = s->r;
  struct work *w = sl_calloc(1, sizeof *w);
  if (!w) {
    fail(s, sl_err_nomem(&err), &err);
    return;
  }
  sl_buf_init(&w->ids, 1 << 20);
  sl_buf_init(&w->rules, 1 << 20);
  sl_buf_str(&w->ids, sl_buf_view(&s->ids));
  rules_of(sl_backend_ws(sl_req_backend(r)), &w->rules);
  w->nids = s->nids;
  w->part = s->part;
  w->runs = s->runs.snap ? sl_snap_ref(s->runs.snap) : NULL;
  w->files = s->files;
  s->files = NULL;
  for (; w->nnear < s->nnear; w->nnear++)
    w->near[w->nnear] = s->near[w->nnear].snap ? sl_snap_ref(s->near[w->nnear].snap) : NULL;
  int rc = sl_buf_check(&w->ids, &err);
  rc = rc ? rc : sl_buf_check(&w->rules, &err);
  if (s->cut)
    sl_req_cut(r, "repeats: only the newest runs of each experiment were read");
  state_drop(s);
  if (!rc)
    rc = sl_req_work(r, SL_LANE_LONG, &ops, w, &err);
  else
    work_free(w);
  if (rc)
    sl_req_end(r, rc, &err);
}

/* ---- the questions ---- */

static int ask(struct diff_state *s, struct part *p, struct sl_str scope, struct sl_str conn, const char *where, const char *want,
    uint64_t limit,
               sl_changed *fn, struct sl_err *err)
{
  const struct sl_query *mine = sl_req_query(s->r);
  struct sl_ws *w = sl_backend_ws(sl_req_backend(s->r));
  struct sl_query like = { .res = &sl_res_runs, .kind = SL_Q_LIST, .conn = conn, .scope = scope, .limit = limit, .no_cap = true,
    .max_age_ms = 5000, .background = mine->background, .deleted = !limit }, *q = NULL;
  p->up = s;
  int rc = sl_filter_parse(&like.where, sl_str(where), sl_ws_now(w), NULL, err);
  if (!rc)
    rc = sl_want_parse(&like.want, sl_str(want), err);
  if (!rc)
    rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = sl_ws_query(w, q, true, fn, p, &p->watch, err);
  sl_query_unref(q);
  sl_want_unref(like.want);
  sl_filter_unref(like.where);
  return rc;
}

static const struct sl_source *failed_source(const struct sl_answer *a)
{
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED)
      return &a->src[i];
  return NULL;
}

static void on_near(void *user, sl_watch id, const struct sl_answer *a)
{
  struct part *p = user;
  struct diff_state *s = p->up;
  (void)id;
  if (!a->done)
    return;
  p->watch.v = 0;
  p->snap = a->snap ? sl_snap_ref(a->snap) : NULL;
  s->cut |= a->snap && sl_snap_count(a->snap) >= REPEATS;
  if (failed_source(a)) /* the runs are here; their repeats are not: said, and nothing is called noise */
    sl_req_cut(s->r, "repeats could not be read");
  if (!--s->waiting)
    compare(s);
}

/* The experiments of the runs, a question each. */
static int ask_near(struct diff_state *s, struct sl_err *err)
{
  uint64_t n = sl_snap_count(s->runs.snap);
  struct sl_map seen;
  int rc = SL_OK;
  sl_map_init(&seen);
  for (uint64_t at = 0; at < n && !rc && s->nnear < EXPERIMENTS; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(s->runs.snap, at, SL_BATCH_ROWS, &b, err);
    int col = rc ? -1 : sl_schema_find(sl_batch_schema(b), SL_STR("experiment"));
    for (uint32_t i = 0; col >= 0 && i < sl_batch_count(b) && !rc && s->nnear < EXPERIMENTS; i++) {
      struct sl_val v = sl_batch_get(b, i, (unsigned)col);
      if (v.null || !v.u.s.n || sl_map_get(&seen, v.u.s, NULL))
        continue;
      rc = sl_map_put(&seen, v.u.s, 1, NULL, err);
      if (!rc)
        rc = ask(s, &s->near[s->nnear], v.u.s, sl_batch_conn(b, i), "state = 'ok'", near_want, REPEATS, on_near, err);
      if (!rc) {
        s->nnear++;
        s->waiting++;
      }
    }
    sl_batch_unref(b);
  }
  sl_map_free(&seen);
  return rc;
}

static void on_files(void *user, int rc, const struct sl_err *err)
{
  struct diff_state *s = user;
  if (rc) {
    fail(s, rc, err);
    return;
  }
  if (judge_files_cut(s->files))
    sl_req_cut(s->r, "not all files could be listed");
  compare(s);
}

static void on_runs(void *user, sl_watch id, const struct sl_answer *a)
{
  struct part *p = user;
  struct diff_state *s = p->up;
  struct sl_err err = { 0 };
  (void)id;
  if (!a->done)
    return;
  p->watch.v = 0;
  const struct sl_source *bad = failed_source(a);
  if (!a->snap || (bad && !sl_snap_count(a->snap))) {
    if (bad)
      fail(s, bad->err.code ? bad->err.code : SL_EIO, &bad->err);
    else
      fail(s, sl_err_set(&err, SL_ENOENT, "no registry answered for these runs"), &err);
    return;
  }
  p->snap = sl_snap_ref(a->snap);
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_CUT) {
      s->part = true;
      sl_req_cut(s->r, a->src[i].note[0] ? a->src[i].note : "the listing of runs was cut");
    }
  s->part |= bad != NULL;
  int rc = s->path.n ? judge_files_start(&s->files, sl_backend_ws(sl_req_backend(s->r)), sl_buf_view(&s->ids), sl_buf_view(&s->path),
                                         on_files, s, &err)
                     : ask_near(s, &err);
  if (rc)
    fail(s, rc, &err);
  else if (!s->path.n && !s->waiting)
    compare(s);
}

/* "a, b,c path": where the ids end: at the first blank that stands beside no comma. */
static struct sl_str ids_cut(struct sl_str *scope)
{
  struct sl_str all = sl_str_trim(*scope);
  for (size_t i = 0; i < all.n; i++) {
    struct sl_str before = sl_str_trim(sl_str_head(all, i)), after = sl_str_trim(sl_str_from(all, i));
    bool comma = (before.n && before.p[before.n - 1] == ',') || (after.n && after.p[0] == ',');
    if (all.p[i] != ' ' || comma)
      continue;
    *scope = after;
    return before;
  }
  *scope = SL_STR_NONE;
  return all;
}

static int path_read(struct diff_state *s, struct sl_str rest, struct sl_err *err)
{
  bool quoted;
  char *word = NULL;
  int rc = sl_scope_word(&rest, &word, &quoted, err);
  if (!rc && word && sl_str_trim(rest).n)
    rc = sl_err_set(err, SL_EUSAGE, "one too many: %.*s; it is RUN,RUN [PATH]", SL_ARG(sl_str_head(sl_str_trim(rest), 60)));
  sl_buf_z(&s->path, word ? word : "");
  sl_free(word);
  return rc ? rc : sl_buf_check(&s->path, err);
}

/* "a,b,c" -> a list, and a filter that names them. */
static int ids_read(struct diff_state *s, struct sl_str scope, struct sl_buf *where, struct sl_err *err)
{
  struct sl_str rest = ids_cut(&scope), one;
  struct sl_map seen;
  int rc = path_read(s, scope, err);
  sl_map_init(&seen);
  sl_buf_z(where, "id in (");
  while (!rc && sl_str_cut(&rest, ',', &one)) {
    one = sl_str_trim(one);
    if (!one.n || sl_map_get(&seen, one, NULL))
      continue;
    if (sl_str_chr(one, '\'') >= 0)
      rc = sl_err_set(err, SL_EUSAGE, "%.*s is no run's id", SL_ARG(sl_str_head(one, 60)));
    if (!rc)
      rc = sl_map_put(&seen, one, 1, NULL, err);
    sl_list_add(&s->ids, one);
    sl_buf_printf(where, "%s'%.*s'", s->nids++ ? ", " : "", SL_ARG(one));
  }
  sl_buf_z(where, ")");
  sl_map_free(&seen);
  if (!rc && (s->nids < 2 || s->nids > SL_CMP_RUNS))
    rc = sl_err_set(err, SL_EUSAGE, "the scope names %zu run%s: 2 to %d ids, comma separated, the baseline first", s->nids,
        s->nids == 1 ? "" : "s", SL_CMP_RUNS);
  if (!rc)
    rc = sl_buf_check(where, err);
  return rc ? rc : sl_buf_check(&s->ids, err);
}

static int differences_query(struct sl_req *r, struct sl_err *err)
{
  struct diff_state *s = sl_req_state(r);
  const struct sl_query *q = sl_req_query(r);
  struct sl_buf where;
  s->r = r;
  sl_buf_init(&s->ids, 1 << 20);
  sl_buf_init(&s->path, 1 << 16);
  sl_buf_init(&where, 1 << 20);
  int rc = ids_read(s, q->scope, &where, err);
  if (!rc)
    rc = ask(s, &s->runs, SL_STR(""), SL_STR(""), sl_buf_zstr(&where), own_want, 0, on_runs, err);
  sl_buf_free(&where);
  if (rc)
    state_drop(s);
  return rc;
}

static void differences_cancel(struct sl_req *r)
{
  struct diff_state *s = sl_req_state(r);
  state_drop(s);
  sl_req_end(r, SL_ECANCELED, NULL);
}

const struct sl_serve judge_differences_serve = {
  .res = &sl_res_differences,
  .own = own_cols,
  .nown = OWN_COLS,
  .req_size = sizeof(struct diff_state),
  .query = differences_query,
  .cancel = differences_cancel,
};
