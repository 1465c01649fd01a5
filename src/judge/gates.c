/* judge/gates.c: one evaluation. The model's versions are asked for, then the runs that made the candidate and what the alias points to;
 * looking through rows and judging happen in a lane, so the loop never waits for a table that is on disk, or a file of evidence. */
#include "judge/gates.h"

#include <stdio.h>

#include "base/mem.h"
#include "judge/facts.h"
#include "judge/gates_int.h"
#include "loop/loop.h"

enum { RUN, CHAMPION, RUNS };
struct question { struct sl_gates_job *up; struct facts_side *side; struct gates_folder *folder; sl_watch watch; };
struct sl_gates_job {
  struct sl_ws *w;
  sl_gates_fn *fn; void *user;
  struct sl_ws_conf *conf;           /* of the start: what is judged is what stood there */
  const struct sl_model_conf *m;
  char *conn, *model, *to;           /* conn "": any */
  int64_t version;
  char *state_dir;                   /* NULL: there is none */
  sl_ms now;
  struct question versions, run[RUNS], list[GATES_FOLDERS];
  struct gates_folder folder[GATES_FOLDERS]; size_t nfolders;
  unsigned waiting;
  struct sl_snap *snap;
  char *source_conn;                 /* the connection whose version it is */
  struct sl_buf bad, cut;            /* registries that did not answer, and that answered in part, as lists */
  struct sl_err failed;              /* of one of the first */
  struct facts facts;
  struct gates_set *set;
  struct sl_me_ask ask;              /* who sits here; conf NULL: it is known */
  struct sl_me me;
  bool given;                        /* me is the asker's */
  sl_job job;
  bool working, gone;                /* a lane has it; nobody wants it */
};

/* ---- end ---- */

/* The workspace may be gone when a lane gives back what was cancelled. */
static void unwatch(struct sl_gates_job *j)
{
  sl_ws_unwatch(j->w, j->versions.watch);
  j->versions.watch.v = 0;
  for (size_t i = 0; i < RUNS; i++) {
    sl_ws_unwatch(j->w, j->run[i].watch);
    j->run[i].watch.v = 0;
  }
  for (size_t i = 0; i < GATES_FOLDERS; i++) {
    sl_ws_unwatch(j->w, j->list[i].watch);
    j->list[i].watch.v = 0;
  }
  j->w = NULL;
}

static void job_free(struct sl_gates_job *j)
{
  if (j->w)
    unwatch(j);
  for (size_t i = 0; i < j->nfolders; i++)
    sl_snap_unref(j->folder[i].snap);
  sl_free(j->state_dir);
  sl_buf_free(&j->bad);
  sl_buf_free(&j->cut);
  sl_snap_unref(j->snap);
  facts_free(&j->facts);
  gates_set_free(j->set);
  sl_me_ask_free(&j->ask);
  sl_me_free(&j->me);
  sl_ws_conf_unref(j->conf);
  sl_free(j->conn);
  sl_free(j->model);
  sl_free(j->to);
  sl_free(j->source_conn);
  sl_free(j);
}

static void fail(struct sl_gates_job *j, const struct sl_err *err)
{
  struct sl_err e = *err;
  bool wanted = !j->gone;
  j->gone = true; /* a cancel from inside does nothing */
  if (wanted)
    j->fn(j->user, NULL, &e);
  job_free(j);
}

void sl_gates_cancel(struct sl_gates_job *j)
{
  if (!j || j->gone)
    return;
  j->gone = true;
  if (j->working) /* its end frees */
    sl_job_cancel(sl_ws_loop(j->w), &j->job);
  unwatch(j);
  if (!j->working)
    job_free(j);
}

/* ---- the lane: judging ---- */

static int judge_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct sl_gates_job *j = user;
  const struct gates_ask q = { j->conf, j->m, j->source_conn, j->to, &j->me, j->now };
  int rc = gates_files_compare(&j->facts, j->folder, j->nfolders, err);
  if (!rc && !j->given && j->m->four_eyes != SL_FOUR_EYES_OFF)
    rc = sl_me_find(&j->ask, &j->me, cancel, err);
  return rc ? rc : gates_judge(&j->set, &j->facts, &q, err);
}

static void judge_done(void *user, int rc, const struct sl_err *err)
{
  struct sl_gates_job *j = user;
  j->working = false;
  bool wanted = !j->gone;
  if (rc) {
    fail(j, err);
    return;
  }
  j->gone = true;
  if (wanted && !j->given && j->me.name[0])
    sl_me_tell(j->w, &j->me);
  if (wanted)
    j->fn(j->user, &j->set->g, NULL);
  job_free(j);
}

static void work(struct sl_gates_job *j, enum sl_lane lane, const struct sl_job_ops *ops)
{
  struct sl_err err = { 0 };
  j->working = true;
  if (sl_job_start(sl_ws_loop(j->w), lane, ops, j, &j->job, &err)) {
    j->working = false;
    fail(j, &err);
  }
}

static void judge(struct sl_gates_job *j)
{
  static const struct sl_job_ops ops = { .work = judge_work, .done = judge_done };
  work(j, SL_LANE_LONG, &ops); /* an SSH agent answers when it likes */
}

/* ---- the runs ---- */

static const struct sl_source *failed_source(const struct sl_answer *a)
{
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED)
      return &a->src[i];
  return NULL;
}

/* What could not be read is unknown, and says so: the other gates are judged all the same. */
static void on_run(void *user, sl_watch id, const struct sl_answer *a)
{
  struct question *q = user;
  struct facts_side *s = q->side;
  struct sl_err err = { 0 };
  (void)id;
  if (!a->done)
    return;
  q->watch.v = 0;
  const struct sl_source *bad = failed_source(a);
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_CUT) {
      s->part = true;
      snprintf(s->why, sizeof s->why, "%.100s", a->src[i].note);
    }
  if (bad) /* rows of an earlier answer may stand there all the same */
    snprintf(s->why, sizeof s->why, "its run cannot be read: %.90s", bad->err.msg);
  else if (!a->snap || !sl_snap_count(a->snap))
    snprintf(s->why, sizeof s->why, "its run is not there");
  else if (sl_snap_page(a->snap, 0, 1, &s->run.b, NULL, NULL, &err))
    snprintf(s->why, sizeof s->why, "its run cannot be read: %.90s", err.msg);
  else
    s->run.row = 0;
  if (!--q->up->waiting)
    judge(q->up);
}

static int ask(struct sl_gates_job *j, struct question *q, const struct sl_query *like, sl_changed *fn, struct sl_err *err)
{
  struct sl_query *query = NULL;
  int rc = sl_query_new(&query, like, err);
  q->up = j;
  rc = rc ? rc : sl_ws_query(j->w, query, true, fn, q, &q->watch, err);
  sl_query_unref(query);
  return rc;
}

static int ask_run(struct sl_gates_job *j, struct question *q, struct facts_side *s, struct sl_err *err)
{
  struct sl_val id = facts_cell(&s->v, "run");
  q->side = s;
  if (!s->there)
    return SL_OK;
  if (id.null || !id.u.s.n) {
    snprintf(s->why, sizeof s->why, "version %lld names no run", (long long)s->version);
    return SL_OK;
  }
  struct sl_query like = { .res = &sl_res_runs, .kind = SL_Q_GET, .conn = sl_str(j->source_conn), .scope = id.u.s };
  int rc = ask(j, q, &like, on_run, err);
  j->waiting += !rc;
  return rc;
}

static bool speaks_of_champion(const struct sl_model_conf *m)
{
  bool yes = false;
  for (size_t i = 0; i < m->ngates && !yes; i++) {
    struct sl_gate *g = NULL;
    yes = sl_gate_parse(&g, sl_str(m->gates[i].pass), NULL) || sl_gate_champion(g);
    sl_gate_free(g);
  }
  return yes;
}

/* ---- the files that evidence read from the registry ---- */

static void on_list(void *user, sl_watch id, const struct sl_answer *a)
{
  struct question *q = user;
  (void)id;
  if (!a->done)
    return;
  q->watch.v = 0;
  const struct sl_source *bad = failed_source(a);
  for (size_t i = 0; i < a->nsrc && !bad; i++)
    if (a->src[i].state == SL_CUT)
      snprintf(q->folder->why, sizeof q->folder->why, "%.79s", a->src[i].note);
  if (bad)
    snprintf(q->folder->why, sizeof q->folder->why, "%.79s", bad->err.msg);
  else if (a->snap)
    q->folder->snap = sl_snap_ref(a->snap);
  if (!--q->up->waiting)
    judge(q->up);
}

static int ask_lists(struct sl_gates_job *j, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < j->nfolders && !rc; i++) {
    struct sl_query like = { .res = &sl_res_objects, .kind = SL_Q_LIST, .conn = sl_str(j->source_conn),
                             .scope = sl_str(j->folder[i].address), .no_cap = true };
    j->list[i].folder = &j->folder[i];
    rc = ask(j, &j->list[i], &like, on_list, err);
    j->waiting += !rc;
  }
  return rc;
}

static void ask_runs(struct sl_gates_job *j)
{
  struct sl_err err = { 0 };
  int rc = ask_run(j, &j->run[RUN], &j->facts.own, &err);
  if (!rc && speaks_of_champion(j->m))
    rc = ask_run(j, &j->run[CHAMPION], &j->facts.champion, &err);
  rc = rc ? rc : ask_lists(j, &err);
  if (rc)
    fail(j, &err);
  else if (!j->waiting)
    judge(j);
}

/* ---- the versions ---- */

static bool listed(const struct sl_buf *list, struct sl_str what)
{
  struct sl_str rest = sl_buf_view(list), one;
  while (sl_list_next(&rest, &one))
    if (sl_str_eq(one, what))
      return true;
  return false;
}

static bool has_alias(const struct facts_row *r, struct sl_str alias)
{
  struct sl_val v = facts_cell(r, "aliases");
  struct sl_str rest = v.null || v.type != SL_LIST ? SL_STR("") : v.u.s, one;
  while (sl_list_next(&rest, &one))
    if (sl_str_eq(one, alias))
      return true;
  return false;
}

/* Does this version have what is decided about: the alias, or the stage? */
static bool is_present(const struct facts_row *r, const char *to)
{
  if (!sl_str_starts(sl_str(to), SL_STR("stage:")))
    return has_alias(r, sl_str(to));
  struct sl_val v = facts_cell(r, "stage");
  return !v.null && sl_str_eqz(v.u.s, to + 6);
}

static void side_set(struct facts_side *s, const struct facts_row *r, int64_t version)
{
  sl_batch_unref(s->v.b);
  *s = (struct facts_side){ .there = true, .version = version, .v = { sl_batch_ref(r->b), r->row } };
}

static int look(struct sl_gates_job *j, const struct facts_row *r, struct sl_err *err)
{
  struct sl_val model = facts_cell(r, "model"), version = facts_cell(r, "version");
  struct sl_str conn = sl_batch_conn(r->b, r->row);
  if (model.null || version.null || version.type != SL_I64 || !sl_str_eqz(model.u.s, j->model))
    return SL_OK;
  if (version.u.i == j->version && j->facts.own.there)
    return sl_err_set(err, SL_EUSAGE, "%s and %.*s both have %.80s/%lld: name one with -c", j->source_conn, SL_ARG(sl_str_head(conn, 40)),
                      j->model, (long long)j->version);
  if (version.u.i != j->version)
    return SL_OK;
  side_set(&j->facts.own, r, version.u.i);
  j->source_conn = sl_strndup(conn.n ? conn.p : "", conn.n);
  return j->source_conn ? SL_OK : sl_err_nomem(err);
}

/* Of the candidate's registry; in a stage there may be several: the newest of them. */
static int look_present(struct sl_gates_job *j, const struct facts_row *r, struct sl_err *err)
{
  struct facts_side *c = &j->facts.champion;
  struct sl_val model = facts_cell(r, "model"), version = facts_cell(r, "version");
  (void)err;
  if (model.null || version.null || version.type != SL_I64 || !sl_str_eqz(model.u.s, j->model) ||
      !sl_str_eqz(sl_batch_conn(r->b, r->row), j->source_conn))
    return SL_OK;
  if (is_present(r, j->to) && (!c->there || version.u.i > c->version))
    side_set(c, r, version.u.i);
  return SL_OK;
}

static int each_version(struct sl_gates_job *j, int (*fn)(struct sl_gates_job *j, const struct facts_row *r, struct sl_err *err),
                        struct sl_err *err)
{
  uint64_t n = j->snap ? sl_snap_count(j->snap) : 0;
  int rc = SL_OK;
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct facts_row r = { NULL, 0 };
    rc = sl_snap_page_wait(j->snap, at, SL_BATCH_ROWS, &r.b, err);
    for (; !rc && r.row < sl_batch_count(r.b); r.row++)
      if (!sl_snap_struck(j->snap, at + r.row) && !listed(&j->bad, sl_batch_conn(r.b, r.row)))
        rc = fn(j, &r, err);
    sl_batch_unref(r.b);
  }
  return rc;
}

/* An @ALIAS in what the workspace asks for may stand for another version by now. */
struct standing { struct sl_str alias; int64_t version; bool found; };

static bool alias_in(const char *address, const char *model, struct sl_str *alias)
{
  char prefix[300];
  struct sl_str rest = sl_str(address);
  snprintf(prefix, sizeof prefix, "models:/%s@", model);
  if (!address || !sl_str_starts(rest, sl_str(prefix)))
    return false;
  rest = sl_str_from(rest, strlen(prefix));
  return sl_str_cut(&rest, '/', alias);
}

static int version_with(struct sl_gates_job *j, struct sl_str alias, struct standing *out, struct sl_err *err)
{
  uint64_t n = j->snap ? sl_snap_count(j->snap) : 0;
  int rc = SL_OK;
  for (uint64_t at = 0; at < n && !rc && !out->found; at += SL_BATCH_ROWS) {
    struct facts_row r = { NULL, 0 };
    rc = sl_snap_page_wait(j->snap, at, SL_BATCH_ROWS, &r.b, err);
    for (; !rc && !out->found && r.row < sl_batch_count(r.b); r.row++) {
      struct sl_val version = facts_cell(&r, "version");
      out->found = !sl_snap_struck(j->snap, at + r.row) && sl_str_eqz(sl_batch_conn(r.b, r.row), j->source_conn) && !version.null &&
                   has_alias(&r, alias);
      out->version = out->found ? version.u.i : 0;
    }
    sl_batch_unref(r.b);
  }
  return rc;
}

static int check_alias(struct sl_gates_job *j, struct facts_evidence *v, struct sl_err *err)
{
  const char *asked[] = { v->conf->baseline, v->conf->current, v->conf->data };
  struct sl_str alias;
  char now[24];
  int rc = SL_OK;
  for (size_t i = 0; i < 3 && !rc; i++) {
    struct standing s = { .found = false };
    if (!alias_in(asked[i], j->m->name, &alias))
      continue;
    rc = version_with(j, alias, &s, err);
    snprintf(now, sizeof now, "%lld", (long long)s.version);
    if (rc || (s.found && sl_str_eqz(v->e.champion, now)))
      continue;
    v->state = SL_FACT_STALE;
    snprintf(v->why, sizeof v->why, "%.*s was version %.*s when it was computed, it is %s now", SL_ARG(sl_str_head(alias, 30)),
             SL_ARG(sl_str_head(v->e.champion, 10)), s.found ? now : "none");
  }
  return rc;
}

static int load_evidence(struct sl_gates_job *j, struct sl_err *err)
{
  int rc = facts_evidence_load(&j->facts, &j->facts.own, j->m, j->state_dir, sl_str(j->source_conn), j->now, err);
  if (!rc && speaks_of_champion(j->m))
    rc = facts_evidence_load(&j->facts, &j->facts.champion, j->m, j->state_dir, sl_str(j->source_conn), j->now, err);
  for (size_t i = 0; i < SL_EVIDENCE_KINDS && !rc; i++)
    if (j->facts.own.ev[i].read && j->facts.own.ev[i].state != SL_FACT_STALE)
      rc = check_alias(j, &j->facts.own.ev[i], err);
  return rc ? rc : gates_folders(&j->facts, j->folder, &j->nfolders, err);
}

static int pick_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct sl_gates_job *j = user;
  (void)cancel;
  int rc = each_version(j, look, err);
  if (!rc && !j->facts.own.there) {
    if (j->failed.code) {
      *err = j->failed;
      return j->failed.code;
    }
    return sl_err_set(err, SL_ENOENT, "there is no version %lld of %.80s (sluice get versions %.80s lists them)", (long long)j->version,
                      j->model, j->model);
  }
  rc = rc ? rc : each_version(j, look_present, err);
  bool sure = j->facts.champion.there && strncmp(j->to, "stage:", 6) != 0;
  if (!rc && !sure && listed(&j->cut, sl_str(j->source_conn)))
    return sl_err_set(err, SL_EPARTIAL, "%.40s listed only some versions of %.80s: whether one of them is %.40s is not known",
                      j->source_conn, j->model, j->to);
  return rc ? rc : load_evidence(j, err);
}

static void pick_done(void *user, int rc, const struct sl_err *err)
{
  struct sl_gates_job *j = user;
  j->working = false;
  if (j->gone)
    job_free(j);
  else if (rc)
    fail(j, err);
  else
    ask_runs(j);
}

static void on_versions(void *user, sl_watch id, const struct sl_answer *a)
{
  static const struct sl_job_ops ops = { .work = pick_work, .done = pick_done };
  struct question *q = user;
  struct sl_gates_job *j = q->up;
  (void)id;
  if (!a->done)
    return;
  q->watch.v = 0;
  const struct sl_source *bad = failed_source(a);
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED || a->src[i].state == SL_CUT)
      sl_list_add(a->src[i].state == SL_CUT ? &j->cut : &j->bad, a->src[i].conn);
  if (bad) /* another registry's failure does not matter where this one has it */
    sl_err_set(&j->failed, bad->err.code ? bad->err.code : SL_EIO, "%s", bad->err.msg);
  else if (!a->nsrc)
    sl_err_set(&j->failed, SL_ENOENT, "no connection has model versions");
  j->snap = a->snap ? sl_snap_ref(a->snap) : NULL;
  struct sl_err err = { 0 };
  if (sl_buf_check(&j->bad, &err) || sl_buf_check(&j->cut, &err)) {
    fail(j, &err);
    return;
  }
  work(j, SL_LANE_FILE, &ops);
}

/* ---- start ---- */

const struct sl_model_conf *sl_gates_conf(const struct sl_ws_conf *c, struct sl_str model)
{
  size_t n = 0;
  const struct sl_model_conf *m = c ? sl_ws_conf_models(c, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(model, m[i].name))
      return &m[i];
  return NULL;
}

bool sl_gates_scope(struct sl_str scope, struct sl_str *model, int64_t *version, struct sl_str *to)
{
  ptrdiff_t slash = sl_str_rchr(scope, '/');
  struct sl_str rest = sl_str_from(scope, (size_t)slash + 1);
  ptrdiff_t at = sl_str_chr(rest, '@');
  *to = at < 0 ? SL_STR("") : sl_str_from(rest, (size_t)at + 1);
  *model = slash > 0 ? sl_str_head(scope, (size_t)slash) : SL_STR("");
  return slash > 0 && (at < 0 || to->n) && sl_str_i64(at < 0 ? rest : sl_str_head(rest, (size_t)at), version) && *version >= 0;
}

/* A model that the file has, and that is called almost so. */
static const char *almost(const struct sl_ws_conf *c, struct sl_str model)
{
  const char *names[64];
  size_t n = 0, k = 0;
  const struct sl_model_conf *m = c ? sl_ws_conf_models(c, &n) : NULL;
  for (; k < n && k < sizeof names / sizeof names[0]; k++)
    names[k] = m[k].name;
  return sl_str_nearest(model, names, k);
}

static int no_policy(const struct sl_ws_conf *c, struct sl_str model, struct sl_err *err)
{
  const char *path = c ? sl_ws_conf_path(c) : NULL, *near = almost(c, model);
  if (near)
    return sl_err_set(err, SL_ECONFIG, "the workspace asks nothing of %.*s; did you mean %.100s?", SL_ARG(sl_str_head(model, 40)), near);
  model = sl_str_head(model, 40);
  return sl_err_set(err, SL_ECONFIG, "the workspace asks nothing of %.*s; add to %.100s: "
                    "models: {%.*s: {gates: [\"metrics.auc >= 0.9\"]}}", SL_ARG(model), path ? path : "its file", SL_ARG(model));
}

static int promotes_to(struct sl_gates_job *j, struct sl_str to)
{
  if (to.n)
    j->to = sl_strndup(to.p, to.n);
  else if (j->m->stage)
    j->to = sl_asprintf("stage:%s", j->m->stage);
  else
    j->to = sl_strdup(j->m->alias ? j->m->alias : "champion");
  return j->to ? SL_OK : SL_ENOMEM;
}

static int start(struct sl_gates_job *j, struct sl_str conn, struct sl_str model, struct sl_str to, struct sl_err *err)
{
  conn = conn.n ? conn : sl_str(j->m->conn);
  j->conn = sl_strndup(conn.n ? conn.p : "", conn.n);
  j->model = sl_strndup(model.p, model.n);
  if (!j->conn || !j->model || promotes_to(j, to))
    return sl_err_nomem(err);
  int rc = sl_me_ask(&j->ask, j->w, err);
  if (rc)
    return rc;
  struct sl_query like = { .res = &sl_res_versions, .kind = SL_Q_LIST, .conn = sl_str(j->conn), .scope = sl_str(j->model), .no_cap = true };
  rc = sl_want_parse(&like.want, SL_STR("model,version,state,stage,aliases,run,author,created,source,digest,digest_from,tags.*"), err);
  rc = rc ? rc : ask(j, &j->versions, &like, on_versions, err);
  sl_want_unref(like.want);
  return rc;
}

int sl_gates_start(struct sl_gates_job **out, struct sl_ws *w, struct sl_str conn, struct sl_str model, int64_t version, struct sl_str to,
                   sl_gates_fn *fn, void *user, struct sl_err *err)
{
  *out = NULL;
  const struct sl_model_conf *m = sl_gates_conf(sl_ws_config(w), model);
  if (!m)
    return no_policy(sl_ws_config(w), model, err);
  struct sl_gates_job *j = sl_calloc(1, sizeof *j);
  if (!j)
    return sl_err_nomem(err);
  *j = (struct sl_gates_job){ .w = w, .fn = fn, .user = user, .m = m, .version = version };
  sl_arena_init(&j->facts.mem, 0);
  j->now = sl_ws_now(w);
  j->state_dir = sl_strdup(sl_ws_state_dir(w));
  sl_buf_init(&j->bad, 0);
  sl_buf_init(&j->cut, 0);
  j->conf = sl_ws_conf_ref((struct sl_ws_conf *)(uintptr_t)sl_ws_config(w));
  int rc = start(j, conn, model, to, err);
  if (rc)
    job_free(j);
  else
    *out = j;
  return rc;
}

void sl_gates_as(struct sl_gates_job *j, const struct sl_me *me)
{
  j->me = *me;
  j->me.file = NULL; /* nothing is signed here */
  j->me.key = (struct sl_pubkey){ .blob = SL_STR_NONE };
  j->given = true;
}
