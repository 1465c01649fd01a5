/* judge/lineage_ask.c: the resource lineage: asks for what a tree is made of (versions, the run, partitions, executions; downstream all
 * runs), then reads, looks at files and builds in a lane. */
#include <stdio.h>

#include "judge/judge_int.h"
#include "judge/lineage_int.h"
#include "loop/loop.h"
#include "model/backend.h"
#include "table/val.h"

enum subject { OF_VERSION, OF_RUN, OF_PARTITION };
enum { VERSIONS, RUN, RUNS, PARTS, EXECS, ASKED };
struct question { struct lin_ask *up; sl_watch watch; struct sl_snap *snap; char *doc; size_t ndoc; char why[240]; bool failed; };
struct lin_ask {
  struct sl_req *r;
  struct sl_ws *w;
  enum subject what;
  char *conn, *id, *scope;         /* conn "": any; id: MODEL/VERSION, a run's, ZONE/PARTITION */
  char *run, *run_conn;            /* of the version: found on the way */
  struct sl_ws_conf *conf;
  char *state_dir;
  struct question q[ASKED];
  unsigned waiting;
  bool working, gone;
};
struct lin_state { struct lin_ask *a; };

/* ---- end ---- */

static void unwatch(struct lin_ask *a)
{
  for (size_t i = 0; i < ASKED && a->w; i++) {
    sl_ws_unwatch(a->w, a->q[i].watch);
    a->q[i].watch.v = 0;
  }
  a->w = NULL;
}

static void ask_free(void *user)
{
  struct lin_ask *a = user;
  if (!a)
    return;
  unwatch(a);
  for (size_t i = 0; i < ASKED; i++) {
    sl_snap_unref(a->q[i].snap);
    sl_free(a->q[i].doc);
  }
  sl_free(a->conn);
  sl_free(a->id);
  sl_free(a->scope);
  sl_free(a->run);
  sl_free(a->run_conn);
  sl_free(a->state_dir);
  if (a->conf)
    sl_ws_conf_unref(a->conf);
  sl_free(a);
}

static void fail(struct lin_ask *a, int rc, const struct sl_err *err)
{
  struct sl_err e = *err;
  struct sl_req *r = a->r;
  ((struct lin_state *)sl_req_state(r))->a = NULL;
  ask_free(a);
  sl_req_end(r, rc, &e);
}

/* ---- rows ---- */

struct emit { struct sl_rower w; const struct lin_ask *a; const struct sl_lineage *l; struct sl_buf id; struct sl_str only; };
enum { C_SEQ, C_DEPTH, C_RELATION, C_KIND, C_LABEL, C_STATE, C_DETAIL, C_DIGEST, C_AT, C_KNOWN, C_TARGET, C_PARENT };

static void put_text(struct sl_batch *b, unsigned col, enum sl_type type, struct sl_str s)
{
  if (s.n)
    sl_batch_set(b, col, sl_vas(type, s));
}

static struct sl_str id_of(struct emit *e, size_t at)
{
  sl_buf_clear(&e->id);
  sl_buf_printf(&e->id, "%s#%s", e->a->scope, e->l->node[at].id);
  return sl_buf_view(&e->id);
}

static int put_row(struct emit *e, size_t at, int64_t seq)
{
  const struct sl_lin_at *n = &e->l->node[at];
  if (e->only.p && !sl_str_eq(id_of(e, at), e->only))
    return SL_OK;
  int rc = sl_rower_row(&e->w, SL_PUT, id_of(e, at));
  if (rc)
    return rc;
  struct sl_batch *b = sl_rower_batch(&e->w);
  sl_batch_set(b, C_SEQ, sl_vi(seq));
  sl_batch_set(b, C_DEPTH, sl_vi(n->depth));
  put_text(b, C_RELATION, SL_TEXT, sl_str(n->n.relation));
  put_text(b, C_KIND, SL_TEXT, sl_str(n->n.kind));
  put_text(b, C_LABEL, SL_TEXT, n->n.label);
  put_text(b, C_STATE, SL_STATE, sl_str(n->n.state));
  put_text(b, C_DETAIL, SL_TEXT, n->again ? SL_STR("as above") : n->n.detail);
  put_text(b, C_DIGEST, SL_TEXT, n->n.digest);
  if (n->n.at)
    sl_batch_set(b, C_AT, sl_vt(n->n.at));
  put_text(b, C_KNOWN, SL_TEXT, n->n.known);
  put_text(b, C_TARGET, SL_REF, n->n.target);
  if (n->parent != SL_LIN_NONE)
    sl_batch_set(b, C_PARENT, sl_vs(id_of(e, n->parent)));
  return SL_OK;
}

static int emit_rows(struct lin_ask *a, struct sl_feed *f, const struct sl_lineage *l, struct sl_err *err)
{
  struct emit e = { .a = a, .l = l };
  const struct sl_query *q = sl_req_query(a->r);
  int64_t seq = 0;
  e.only = q->kind == SL_Q_GET ? q->scope : SL_STR_NONE;
  sl_buf_init(&e.id, 64 << 10);
  int rc = sl_feed_head(f, NULL, 0, e.only.p ? 1 : (int64_t)l->n);
  rc = rc ? rc : sl_rower_begin(&e.w, f, NULL, err);
  if (!rc) {
    for (size_t at = l->n ? 0 : SL_LIN_NONE; at != SL_LIN_NONE && !rc; at = sl_lineage_next(l, at))
      rc = put_row(&e, at, seq++);
    rc = rc ? (sl_rower_abort(&e.w), rc) : sl_rower_end(&e.w, err);
  }
  sl_buf_free(&e.id);
  return rc;
}

/* ---- the lane: read, look, build ---- */

static int world_read(struct lin_ask *a, struct sl_lin_world *w, struct sl_err *err)
{
  if (a->conf) {
    w->zone = sl_ws_conf_zones(a->conf, &w->nzone);
    w->job = sl_ws_conf_jobs(a->conf, &w->njob);
  }
  w->run_why = sl_str(a->q[RUN].why);
  w->parts_why = sl_str(a->q[PARTS].why);
  w->execs_why = sl_str(a->q[EXECS].why);
  int rc = lin_read_parts(w, a->q[PARTS].snap, err);
  rc = rc ? rc : lin_read_execs(w, a->q[EXECS].snap, err);
  rc = rc ? rc : lin_read_versions(w, a->q[VERSIONS].snap, err);
  rc = rc ? rc : lin_read_runs(w, a->q[a->what == OF_PARTITION ? RUNS : RUN].snap, err);
  if (!rc && a->q[RUN].doc)
    rc = lin_read_doc(w, sl_strn(a->q[RUN].doc, a->q[RUN].ndoc), err);
  return rc ? rc : sl_lin_world_index(w, err);
}

static const struct sl_lin_version *the_version(const struct lin_ask *a, const struct sl_lin_world *w)
{
  char id[400];
  for (size_t i = 0; i < w->nversions; i++) {
    const struct sl_lin_version *v = &w->version[i];
    snprintf(id, sizeof id, "%.*s/%lld", SL_ARG(sl_str_head(v->model, 360)), (long long)v->version);
    if (!strcmp(id, a->id) && (!a->conn[0] || sl_str_eqz(v->conn, a->conn)))
      return v;
  }
  return NULL;
}

/* A name that two registries have means neither: their runs and files differ. */
static int only_one(const struct lin_ask *a, const struct sl_lin_world *w, const struct sl_lin_version *v, struct sl_err *err)
{
  for (size_t i = 0; i < w->nversions && !a->conn[0]; i++) {
    const struct sl_lin_version *o = &w->version[i];
    if (o->version != v->version || !sl_str_eq(o->model, v->model) || sl_str_eq(o->conn, v->conn))
      continue;
    struct sl_buf refs;
    sl_buf_init(&refs, 4096);
    sl_ref_text(&refs, &(struct sl_ref){ v->conn, SL_STR("versions"), sl_str(a->id) });
    sl_buf_z(&refs, " or ");
    sl_ref_text(&refs, &(struct sl_ref){ o->conn, SL_STR("versions"), sl_str(a->id) });
    int rc = sl_err_set(err, SL_EUSAGE, "%.*s and %.*s both have %.60s: name one, as %s", SL_ARG(sl_str_head(v->conn, 30)),
                        SL_ARG(sl_str_head(o->conn, 30)), a->id, sl_buf_zstr(&refs));
    sl_buf_free(&refs);
    return rc;
  }
  return SL_OK;
}

/* Evidence of ours about it; a file that is none is as good as none here. */
static void evidence_read(const struct lin_ask *a, struct sl_lin_world *w, const struct sl_lin_version *v)
{
  for (size_t i = 0; i < SL_EVIDENCE_KINDS && a->state_dir; i++)
    if (!sl_evidence_load(&w->evidence[w->nevidence], a->state_dir, v->conn, v->model, v->version, sl_evidence_kinds[i], &w->mem, NULL))
      w->nevidence++;
}

/* Every address that the tree will speak of, so that files are looked at before it is built. */
static int places_find(const struct lin_ask *a, struct sl_lin_world *w, struct sl_err *err)
{
  for (size_t i = 0; i < w->ndata; i++)
    if (!sl_lin_place(w, w->data[i].address, err))
      return SL_ENOMEM;
  for (size_t i = 0; i < w->nevidence; i++)
    for (size_t k = 0; k < w->evidence[i].ninputs; k++)
      if (!sl_str_eqz(w->evidence[i].input[k].role, "model") && !sl_lin_place(w, w->evidence[i].input[k].address, err))
        return SL_ENOMEM;
  (void)a;
  return SL_OK;
}

static int build(struct lin_ask *a, struct sl_lin_world *w, struct sl_lineage *l, const atomic_bool *cancel, struct sl_err *err)
{
  const struct sl_lin_version *v = a->what == OF_VERSION ? the_version(a, w) : NULL;
  if (a->what == OF_VERSION && !v)
    return a->q[VERSIONS].failed ? sl_err_set(err, SL_EIO, "%s", a->q[VERSIONS].why)
      : sl_err_set(err, SL_ENOENT, "there is no version %.80s (sluice get versions lists them)", a->id);
  if (a->what == OF_RUN && !w->nruns)
    return sl_err_set(err, SL_ENOENT, "%s", a->q[RUN].why[0] ? a->q[RUN].why : "there is no such run");
  int rc = v ? only_one(a, w, v, err) : SL_OK;
  if (rc)
    return rc;
  if (v)
    evidence_read(a, w, v);
  rc = places_find(a, w, err);
  rc = rc ? rc : lin_files(w, cancel, err);
  if (rc)
    return rc;
  if (v)
    return sl_lineage_version(l, w, v, err);
  if (a->what == OF_RUN)
    return sl_lineage_run(l, w, &w->run[0], err);
  struct sl_str rest = sl_str(a->id), zone;
  sl_str_cut(&rest, '/', &zone);
  return sl_lineage_partition(l, w, zone, rest, err);
}

static int tree_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct lin_ask *a = user;
  struct sl_lin_world w;
  struct sl_lineage l;
  sl_lin_world_init(&w);
  sl_lineage_init(&l);
  int rc = world_read(a, &w, err);
  rc = rc ? rc : build(a, &w, &l, sl_feed_cancel_flag(f), err);
  rc = rc ? rc : emit_rows(a, f, &l, err);
  if (!rc && l.cut)
    sl_feed_cut(f, "the tree is larger than is shown");
  sl_lineage_free(&l);
  sl_lin_world_free(&w);
  return rc;
}

static void finish(struct lin_ask *a)
{
  static const struct sl_feed_ops ops = { .work = tree_work, .free = ask_free };
  struct sl_err err = { 0 };
  struct sl_req *r = a->r;
  for (size_t i = 0; i < ASKED; i++)
    if (a->q[i].why[0] && i != RUN) {
      char note[96];
      snprintf(note, sizeof note, "%.90s", a->q[i].why);
      sl_req_cut(r, note);
    }
  ((struct lin_state *)sl_req_state(r))->a = NULL; /* the lane's from here */
  unwatch(a);
  int rc = sl_req_work(r, SL_LANE_LONG, &ops, a, &err);
  if (rc) {
    ask_free(a);
    sl_req_end(r, rc, &err);
  }
}

/* ---- which run made the version: in a lane, since rows may lie on the disk ---- */

static int run_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct lin_ask *a = user;
  struct sl_lin_world w;
  (void)cancel;
  sl_lin_world_init(&w);
  int rc = lin_read_versions(&w, a->q[VERSIONS].snap, err);
  const struct sl_lin_version *v = rc ? NULL : the_version(a, &w);
  if (v && v->run.n) {
    a->run = sl_strndup(v->run.p, v->run.n);
    a->run_conn = sl_strndup(v->conn.n ? v->conn.p : "", v->conn.n);
    rc = a->run && a->run_conn ? SL_OK : sl_err_nomem(err);
  }
  sl_lin_world_free(&w);
  return rc;
}

static int ask(struct lin_ask *a, size_t which, const struct sl_query *like, const char *want, struct sl_err *err);

static void ask_the_run(struct lin_ask *a)
{
  struct sl_err err = { 0 };
  struct sl_query like = { .res = &sl_res_runs, .kind = SL_Q_GET, .conn = sl_str(a->run_conn), .scope = sl_str(a->run),
                           .max_age_ms = 5000 };
  int rc = a->run ? ask(a, RUN, &like, NULL, &err) : SL_OK;
  if (rc)
    fail(a, rc, &err);
  else if (!a->waiting)
    finish(a);
}

static void run_done(void *user, int rc, const struct sl_err *err)
{
  struct lin_ask *a = user;
  a->working = false;
  if (a->gone)
    ask_free(a);
  else if (rc)
    fail(a, rc, err);
  else
    ask_the_run(a);
}

static void answered(struct lin_ask *a)
{
  static const struct sl_job_ops ops = { .work = run_work, .done = run_done };
  struct sl_err err = { 0 };
  sl_job id;
  if (a->what != OF_VERSION || a->run || a->q[RUN].snap || a->q[RUN].why[0]) {
    finish(a);
    return;
  }
  a->working = true;
  int rc = sl_job_start(sl_ws_loop(a->w), SL_LANE_FILE, &ops, a, &id, &err);
  if (rc) {
    a->working = false;
    fail(a, rc, &err);
  }
}

/* ---- questions ---- */

static void on_answer(void *user, sl_watch id, const struct sl_answer *a)
{
  struct question *q = user;
  (void)id;
  if (!a->done)
    return;
  q->watch.v = 0;
  q->snap = a->snap ? sl_snap_ref(a->snap) : NULL;
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED || a->src[i].state == SL_CUT) {
      q->failed = a->src[i].state == SL_FAILED;
      snprintf(q->why, sizeof q->why, "%.200s", q->failed ? a->src[i].err.msg : a->src[i].note);
    }
  if (a->doc.n) {
    q->doc = sl_strndup(a->doc.p, a->doc.n);
    q->ndoc = q->doc ? a->doc.n : 0;
  }
  if (!--q->up->waiting)
    answered(q->up);
}

static int ask(struct lin_ask *a, size_t which, const struct sl_query *like, const char *want, struct sl_err *err)
{
  struct sl_query mine = *like, *q = NULL;
  if (!sl_ws_serves(a->w, like->res)) {
    snprintf(a->q[which].why, sizeof a->q[which].why, "no connection has %s", like->res->name);
    return SL_OK;
  }
  int rc = want ? sl_want_parse(&mine.want, sl_str(want), err) : SL_OK;
  rc = rc ? rc : sl_query_new(&q, &mine, err);
  a->q[which].up = a;
  rc = rc ? rc : sl_ws_query(a->w, q, true, on_answer, &a->q[which], &a->q[which].watch, err);
  sl_query_unref(q);
  sl_want_unref(mine.want);
  a->waiting += !rc;
  return rc;
}

static int ask_all(struct lin_ask *a, struct sl_err *err)
{
  ptrdiff_t slash = sl_str_rchr(sl_str(a->id), '/');
  struct sl_str model = sl_str_head(sl_str(a->id), slash > 0 ? (size_t)slash : 0);
  struct sl_query versions = { .res = &sl_res_versions, .kind = SL_Q_LIST, .conn = sl_str(a->conn), .no_cap = true, .max_age_ms = 5000 };
  struct sl_query run = { .res = &sl_res_runs, .kind = SL_Q_GET, .conn = sl_str(a->conn), .scope = sl_str(a->id), .max_age_ms = 5000 };
  struct sl_query runs = { .res = &sl_res_runs, .kind = SL_Q_LIST, .no_cap = true, .max_age_ms = 15000 };
  struct sl_query parts = { .res = &sl_res_partitions, .kind = SL_Q_LIST, .no_cap = true, .max_age_ms = 5000 };
  struct sl_query execs = { .res = &sl_res_executions, .kind = SL_Q_LIST, .no_cap = true, .max_age_ms = 5000 };
  if (a->what == OF_VERSION)
    versions.scope = model;
  if (a->what == OF_PARTITION)
    versions.conn = SL_STR("");
  int rc = ask(a, VERSIONS, &versions,
               "model,version,state,aliases,run,author,created,source,digest,digest_from,artifact,artifact_why", err);
  if (!rc && a->what == OF_RUN)
    rc = ask(a, RUN, &run, NULL, err);
  if (!rc && a->what == OF_PARTITION)
    rc = ask(a, RUNS, &runs, "id,name,experiment,state,started,ended,user,lifecycle,inputs", err);
  rc = rc ? rc : ask(a, PARTS, &parts, NULL, err);
  return rc ? rc : ask(a, EXECS, &execs, NULL, err);
}

/* ---- what is asked about ---- */

static bool is_zone(const struct sl_ws_conf *c, struct sl_str name)
{
  size_t n = 0;
  const struct sl_zone *z = c ? sl_ws_conf_zones(c, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(name, z[i].name))
      return true;
  return false;
}

static bool kind_of(struct lin_ask *a, struct sl_str res)
{
  static const char *const names[] = { "versions", "runs", "partitions" };
  for (size_t i = 0; i < 3; i++)
    if (sl_str_eqz(res, names[i])) {
      a->what = (enum subject)i;
      return true;
    }
  return false;
}

/* A ref, lake:ZONE/PARTITION, runs:/ID, MODEL/VERSION, ZONE/PARTITION, or a run's id. */
static int subject_read(struct lin_ask *a, struct sl_str text, struct sl_err *err)
{
  struct sl_buf scratch;
  struct sl_ref ref = { SL_STR_NONE, SL_STR_NONE, text };
  struct sl_str rest = text, first;
  int64_t number;
  sl_buf_init(&scratch, 64 << 10);
  ptrdiff_t slash = sl_str_rchr(text, '/');
  bool known = !sl_ref_parse(text, &ref, &scratch, NULL) && kind_of(a, ref.res);
  if (!known) {
    ref = (struct sl_ref){ SL_STR_NONE, SL_STR_NONE, text };
    if (sl_str_starts(text, SL_STR("lake:")))
      ref.id = sl_str_from(text, 5);
    else if (sl_str_starts(text, SL_STR("runs:/")))
      ref.id = sl_str_from(text, 6);
    rest = ref.id;
    sl_str_cut(&rest, '/', &first);
    a->what = ref.id.n == text.n && slash > 0 && sl_str_i64(sl_str_from(text, (size_t)slash + 1), &number) ? OF_VERSION
            : rest.n && is_zone(a->conf, first) ? OF_PARTITION : OF_RUN;
    if (a->what == OF_RUN && rest.n)
      known = false;
    else
      known = ref.id.n > 0;
  }
  while (a->what != OF_VERSION && ref.id.n && ref.id.p[ref.id.n - 1] == '/')
    ref.id.n--;
  a->conn = sl_strndup(ref.conn.n ? ref.conn.p : "", ref.conn.n);
  a->id = sl_strndup(ref.id.n ? ref.id.p : "", ref.id.n);
  a->scope = sl_strndup(text.n ? text.p : "", text.n);
  sl_buf_free(&scratch);
  if (!known)
    return sl_err_set(err, SL_EUSAGE, "%.*s is no version, run or partition; write MODEL/VERSION, a run's id, or ZONE/PARTITION",
                      SL_ARG(sl_str_head(text, 80)));
  return a->conn && a->id && a->scope ? SL_OK : sl_err_nomem(err);
}

static int lineage_query(struct sl_req *r, struct sl_err *err)
{
  struct lin_state *s = sl_req_state(r);
  const struct sl_query *q = sl_req_query(r);
  struct sl_ws *w = sl_backend_ws(sl_req_backend(r));
  const struct sl_ws_conf *c = sl_ws_config(w);
  struct sl_str scope = q->scope;
  ptrdiff_t mark = q->kind == SL_Q_GET ? sl_str_rchr(scope, '#') : -1;
  struct lin_ask *a = sl_calloc(1, sizeof *a);
  if (!a)
    return sl_err_nomem(err);
  *a = (struct lin_ask){ .r = r, .w = w, .conf = c ? sl_ws_conf_ref((struct sl_ws_conf *)(uintptr_t)c) : NULL };
  a->state_dir = sl_strdup(sl_ws_state_dir(w));
  int rc = subject_read(a, mark > 0 ? sl_str_head(scope, (size_t)mark) : scope, err);
  rc = rc ? rc : ask_all(a, err);
  if (!rc && !a->waiting)
    rc = sl_err_set(err, SL_ENOENT, "no connection has versions, runs or partitions");
  if (rc)
    ask_free(a);
  else
    s->a = a;
  return rc;
}

static void lineage_cancel(struct sl_req *r)
{
  struct lin_state *s = sl_req_state(r);
  struct lin_ask *a = s->a;
  s->a = NULL;
  if (a) {
    a->gone = true;
    unwatch(a);
    if (!a->working)
      ask_free(a);
  }
  sl_req_end(r, SL_ECANCELED, NULL);
}

const struct sl_serve judge_lineage_serve = {
  .res = &sl_res_lineage, .req_size = sizeof(struct lin_state), .query = lineage_query, .cancel = lineage_cancel,
};
