/* model/findings.c: what is wrong now, computed from ordinary queries: failed executions that nothing later mended, partitions that are
 * missing or
 * stale, connections that do not answer, actions whose outcome is unknown. Worst first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "model/audit.h"
#include "model/ws_int.h"

enum { INPUTS = 3, AUDIT = 2, MAX_FINDINGS = 2000 };
#define WEEK_MS (7 * 24 * 3600 * 1000LL)

struct finding { int rank; sl_ms since; bool has_since; uint64_t record; char severity[10], kind[32], subject[300], summary[300], next[64];
  int zone_at; int64_t rows; char part[64], zone[48], also[100]; };
struct findings_state {
  struct sl_req *r;
  struct { sl_watch watch; struct sl_snap *snap; struct findings_state *up; bool done, failed; char why[160]; } in[INPUTS + WS_MORE];
  unsigned waiting;
  bool later, in_job;
  struct sl_ws_conf *conf;           /* as of now, for the lane */
  sl_ms now;
  struct finding *f;
  size_t n, cap, missed;
};
static const struct sl_resource *const inputs[INPUTS] = {&sl_res_executions, &sl_res_partitions, &sl_res_audit};

/* Our own, then those that others work out. */
static size_t input_count(const struct findings_state *s) { return INPUTS + s->r->w->nmore; }
static const struct sl_resource *input_of(const struct findings_state *s, size_t i)
{
  return i < INPUTS ? inputs[i] : s->r->w->more[i - INPUTS];
}

int sl_ws_findings_add(struct sl_ws *w, const struct sl_resource *res, struct sl_err *err)
{
  for (size_t i = 0; i < w->nmore; i++)
    if (w->more[i] == res)
      return SL_OK;
  if (w->nmore == WS_MORE)
    return sl_err_set(err, SL_ELIMIT, "too many kinds of findings");
  w->more[w->nmore++] = res;
  return SL_OK;
}
static const char open_scope[] = "open";   /* of the audit: questions without an answer; so a recording holds no more of it than that */

static struct finding *add(struct findings_state *s, int rank, const char *severity, const char *kind)
{
  if (sl_grow((void **)&s->f, &s->cap, s->n + 1, sizeof *s->f, MAX_FINDINGS, NULL)) {
    s->missed++;
    return NULL;
  }
  struct finding *f = &s->f[s->n++];
  memset(f, 0, sizeof *f);
  f->rank = rank;
  snprintf(f->severity, sizeof f->severity, "%s", severity);
  snprintf(f->kind, sizeof f->kind, "%s", kind);
  return f;
}

static void since_set(struct finding *f, const struct sl_val *v)
{
  f->has_since = !v->null && v->type == SL_TIME;
  f->since = f->has_since ? v->u.i : 0;
}

static void subject_set(struct finding *f, const struct sl_batch *b, uint32_t row, const char *res)
{
  struct sl_ref ref = {sl_batch_conn(b, row), sl_str(res), sl_batch_id(b, row)};
  struct sl_buf t;
  sl_buf_init(&t, 4096);
  sl_ref_text(&t, &ref);
  snprintf(f->subject, sizeof f->subject, "%s", sl_buf_zstr(&t));
  sl_buf_free(&t);
}

static struct sl_val cell(const struct sl_batch *b, uint32_t row, const char *col)
{
  int c = sl_schema_find(sl_batch_schema(b), sl_str(col));
  return c < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)c);
}

static struct sl_str text(const struct sl_batch *b, uint32_t row, const char *col)
{
  struct sl_val v = cell(b, row, col);
  return v.null || (v.type != SL_TEXT && v.type != SL_STATE) ? SL_STR("") : v.u.s;
}

/* Parameters as one text, whether an engine has them as a list or as words. */
static void params_put(struct sl_buf *out, const struct sl_batch *b, uint32_t row)
{
  struct sl_val v = cell(b, row, "params");
  struct sl_str rest = v.null || v.type != SL_LIST ? text(b, row, "params") : v.u.s, one;
  size_t start = out->n;
  if (v.type != SL_LIST)
    sl_buf_str(out, rest);
  else
    while (sl_list_next(&rest, &one)) {
      sl_buf_z(out, out->n > start ? " " : "");
      sl_buf_str(out, one);
    }
}

/* ---- executions: newest first; a failure counts until the same job with the same parameters went well ---- */

static bool mended(struct sl_map *ok, const struct sl_batch *b, uint32_t row, bool remember)
{
  struct sl_buf key;
  sl_buf_init(&key, 1 << 16);
  sl_buf_str(&key, sl_batch_conn(b, row));
  sl_buf_ch(&key, 0);
  sl_buf_str(&key, text(b, row, "job"));
  sl_buf_ch(&key, 0);
  params_put(&key, b, row);
  bool known = sl_map_get(ok, sl_buf_view(&key), NULL);
  if (remember && !known && sl_map_put(ok, sl_buf_view(&key), 1, NULL, NULL))
    known = false; /* no memory: one finding too many is better than one too few */
  sl_buf_free(&key);
  return known;
}

static void execution_look(struct findings_state *s, struct sl_map *settled, const struct sl_batch *b, uint32_t row, sl_ms now)
{
  struct sl_str state = text(b, row, "state");
  struct sl_val ended = cell(b, row, "ended"), started = cell(b, row, "started");
  struct sl_val *at = ended.null ? &started : &ended;
  bool bad = sl_str_eqz(state, "failed"), lost = sl_str_eqz(state, "unknown");
  if (!bad && !lost) {
    if (sl_str_eqz(state, "ok"))
      mended(settled, b, row, true);
    return;
  }
  if (mended(settled, b, row, true) || (!at->null && at->type == SL_TIME && now - at->u.i > WEEK_MS))
    return;
  struct finding *f = add(s, 0, bad ? "failed" : "unknown", bad ? "job failed" : "job lost");
  if (!f)
    return;
  struct sl_str cause = text(b, row, "cause");
  struct sl_buf params;
  sl_buf_init(&params, 1 << 16);
  params_put(&params, b, row);
  snprintf(f->summary, sizeof f->summary, "%.*s%s%s: %.*s", SL_ARG(text(b, row, "job")), params.n ? " " : "", sl_buf_zstr(&params),
           SL_ARG(cause.n ? cause : SL_STR("no reason was left")));
  sl_buf_free(&params);
  snprintf(f->next, sizeof f->next, "log, retry");
  subject_set(f, b, row, "executions");
  since_set(f, at);
}

/* ---- partitions ---- */

/* Zones stand in the workspace in the order in which data flows: the first that misses a day is where to look. */
static int zone_at(const struct sl_ws_conf *c, struct sl_str name)
{
  size_t n = 0;
  const struct sl_zone *z = c ? sl_ws_conf_zones(c, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(name, z[i].name))
      return (int)i;
  return (int)n;
}

static void also(struct finding *f, const char *zone)
{
  size_t n = strlen(f->also);
  snprintf(f->also + n, sizeof f->also - n, "%s%s", n ? ", " : "; also ", zone);
}

/* The same day missing further down is no finding of its own: what comes from it cannot be there. True: taken in. */
static bool merged(struct findings_state *s, const struct finding *like, const struct sl_batch *b, uint32_t row)
{
  for (size_t i = 0; i < s->n; i++) {
    struct finding *f = &s->f[i];
    if (strcmp(f->kind, like->kind) || !f->part[0] || strcmp(f->part, like->part))
      continue;
    if (like->zone_at < f->zone_at) {
      also(f, f->zone);
      f->zone_at = like->zone_at;
      f->since = like->since;
      f->has_since = like->has_since;
      memcpy(f->zone, like->zone, sizeof f->zone);
      subject_set(f, b, row, "partitions");
    } else {
      also(f, like->zone);
    }
    return true;
  }
  return false;
}

/* Fewer rows than its zone promises is told in numbers; without a row it is empty. */
static void short_look(struct finding *f, const struct sl_batch *b, uint32_t row)
{
  struct sl_val rows = cell(b, row, "rows");
  if (strcmp(f->kind, "partition empty") || rows.null || rows.type != SL_I64 || rows.u.i <= 0)
    return;
  snprintf(f->kind, sizeof f->kind, "partition short");
  f->rows = rows.u.i;
}

static void partition_words(const struct findings_state *s, struct finding *f)
{
  size_t n = 0;
  const struct sl_zone *z = s->conf ? sl_ws_conf_zones(s->conf, &n) : NULL;
  int64_t least = z && (size_t)f->zone_at < n ? z[f->zone_at].min_rows : 0;
  char rows[64] = "";
  if (f->rows && least)
    snprintf(rows, sizeof rows, ": %lld rows, at least %lld expected", (long long)f->rows, (long long)least);
  else if (f->rows)
    snprintf(rows, sizeof rows, ": %lld rows", (long long)f->rows);
  snprintf(f->summary, sizeof f->summary, "%s %s%s%s", f->zone, f->part, rows, f->also);
}

static void partition_look(struct findings_state *s, const struct sl_batch *b, uint32_t row)
{
  static const struct { const char *state, *kind, *next; int rank; } bad[] = {
    {"missing", "partition missing", "lake", 2}, {"empty", "partition empty", "lake", 2},
    {"stale", "partition stale", "lake", 3}};
  struct sl_str state = text(b, row, "state");
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (!sl_str_eqz(state, bad[i].state))
      continue;
    struct sl_val expected = cell(b, row, "expected"), newest = cell(b, row, "newest");
    struct finding like = {.rank = bad[i].rank};
    snprintf(like.severity, sizeof like.severity, "%s", bad[i].state);
    snprintf(like.kind, sizeof like.kind, "%s", bad[i].kind);
    snprintf(like.next, sizeof like.next, "%s", bad[i].next);
    snprintf(like.part, sizeof like.part, "%.*s", SL_ARG(text(b, row, "partition")));
    snprintf(like.zone, sizeof like.zone, "%.*s", SL_ARG(text(b, row, "zone")));
    like.zone_at = zone_at(s->conf, text(b, row, "zone"));
    since_set(&like, expected.null ? &newest : &expected);
    short_look(&like, b, row);
    if (merged(s, &like, b, row))
      return;
    struct finding *f = add(s, like.rank, like.severity, like.kind);
    if (!f)
      return;
    *f = like;
    subject_set(f, b, row, "partitions");
    return;
  }
}

/* ---- connections, actions, and inputs that did not come ---- */

static void connections_look(struct findings_state *s)
{
  struct sl_ws *w = s->r->w;
  for (size_t i = 0; i < w->nconn; i++) {
    const struct sl_backend *b = w->conn[i];
    bool login = !strcmp(b->word, "login");
    if (b->internal || (strcmp(b->word, "failed") && !login))
      continue;
    struct finding *f = add(s, 1, login ? "waiting" : "failed", login ? "login needed" : "connection failed");
    if (!f)
      return;
    snprintf(f->summary, sizeof f->summary, "%.40s: %.200s", b->name, b->err.msg[0] ? b->err.msg : "does not answer");
    snprintf(f->next, sizeof f->next, login ? "sluice login %.40s" : "connections", b->name);
    snprintf(f->subject, sizeof f->subject, "sluice:connections/%.200s", b->name);
  }
}

static void audit_look(struct findings_state *s, const struct sl_batch *b, uint32_t row)
{
  struct sl_str outcome = text(b, row, "outcome");
  struct sl_val time = cell(b, row, "time"), seq = cell(b, row, "seq"), target = cell(b, row, "target");
  bool begun = sl_str_eqz(outcome, "intent") && !time.null && s->now - time.u.i > 5 * 60 * 1000;
  struct finding *f = begun || sl_str_eqz(outcome, "unknown") ? add(s, 0, "unknown", "outcome unknown") : NULL;
  if (!f)
    return;
  struct sl_str at = target.null ? SL_STR("") : target.u.s;
  snprintf(f->summary, sizeof f->summary, "%.*s %.*s by %.*s", SL_ARG(sl_str_head(text(b, row, "action"), 60)),
           SL_ARG(sl_str_head(at, 200)), SL_ARG(sl_str_head(text(b, row, "who"), 30)));
  snprintf(f->next, sizeof f->next, "audit");
  snprintf(f->subject, sizeof f->subject, "%.*s", SL_ARG(sl_str_head(at, sizeof f->subject - 1)));
  since_set(f, &time);
  f->record = seq.null ? 0 : (uint64_t)seq.u.i; /* two open questions about one target are two findings */
}

/* Somebody else's finding, as it stands. */
static void more_look(struct findings_state *s, const struct sl_batch *b, uint32_t row)
{
  struct sl_str severity = text(b, row, "severity"), kind = text(b, row, "kind");
  struct sl_val since = cell(b, row, "since"), subject = cell(b, row, "subject");
  struct finding *f = add(s, sl_str_eqz(severity, "failed") ? 0 : 1, "", "");
  if (!f)
    return;
  snprintf(f->severity, sizeof f->severity, "%.*s", SL_ARG(severity));
  snprintf(f->kind, sizeof f->kind, "%.*s", SL_ARG(kind));
  snprintf(f->summary, sizeof f->summary, "%.*s", SL_ARG(text(b, row, "summary")));
  snprintf(f->next, sizeof f->next, "%.*s", SL_ARG(text(b, row, "next")));
  if (!subject.null)
    snprintf(f->subject, sizeof f->subject, "%.*s", SL_ARG(subject.u.s));
  since_set(f, &since);
}

static void inputs_look(struct findings_state *s)
{
  for (size_t i = 0; i < input_count(s); i++)
    if (s->in[i].failed) {
      struct finding *f = add(s, 1, "unknown", "cannot be judged");
      if (!f)
        return;
      snprintf(f->summary, sizeof f->summary, "%s: %.200s", input_of(s, i)->name, s->in[i].why);
      snprintf(f->next, sizeof f->next, "%s", i == AUDIT ? "sluice audit verify" : "connections");
    }
}

/* ---- composing ---- */

static int worst_first(const void *a, const void *b)
{
  const struct finding *x = a, *y = b;
  if (x->rank != y->rank)
    return x->rank < y->rank ? -1 : 1;
  if (x->since != y->since)
    return x->since > y->since ? -1 : 1;
  return strcmp(x->subject, y->subject);
}

/* In the lane: pages may lie on the disk. */
static int rows_each(struct findings_state *s, size_t input, struct sl_err *err)
{
  struct sl_snap *snap = s->in[input].snap;
  struct sl_map settled;
  uint64_t n = snap ? sl_snap_count(snap) : 0;
  int rc = SL_OK;
  sl_map_init(&settled);
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++) {
      if (sl_snap_struck(snap, at + i))
        continue;
      if (input == 0)
        execution_look(s, &settled, b, i, s->now);
      else if (input == AUDIT)
        audit_look(s, b, i);
      else if (input >= INPUTS)
        more_look(s, b, i);
      else
        partition_look(s, b, i);
    }
    sl_batch_unref(b);
  }
  sl_map_free(&settled);
  return rc;
}

static int emit(struct findings_state *s, struct sl_err *err)
{
  struct sl_batch *b = NULL;
  int rc = sl_req_head(s->r, NULL, 0, (int64_t)s->n);
  for (size_t i = 0; i < s->n && !rc; i++) {
    const struct finding *f = &s->f[i];
    char id[400];
    if (!b)
      rc = sl_batch_new(&b, sl_req_schema(s->r), err);
    if (rc)
      break;
    if (f->part[0])
      partition_words(s, &s->f[i]);
    snprintf(id, sizeof id, "%s/%s", f->kind, f->subject[0] ? f->subject : f->summary);
    if (f->record)
      snprintf(id, sizeof id, "%s/%llu", f->kind, (unsigned long long)f->record);
    sl_batch_row(b, SL_PUT, sl_str(id));
    sl_batch_set(b, 0, sl_vas(SL_STATE, sl_str(f->severity)));
    sl_batch_set(b, 1, sl_vz(f->kind));
    sl_batch_set(b, 2, f->subject[0] ? sl_vas(SL_REF, sl_str(f->subject)) : sl_null(SL_REF));
    sl_batch_set(b, 3, f->has_since ? sl_vt(f->since) : sl_null(SL_TIME));
    sl_batch_set(b, 4, sl_vz(f->summary));
    sl_batch_set(b, 5, sl_vz(f->next));
    if (sl_batch_full(b))
      rc = sl_req_rows(s->r, &b) == SL_EAGAIN ? SL_OK : rc;
  }
  if (!rc && b)
    rc = sl_req_rows(s->r, &b);
  sl_batch_unref(b);
  return rc == SL_EAGAIN ? SL_OK : rc;
}

static void state_drop(struct findings_state *s)
{
  for (size_t i = 0; i < input_count(s); i++) {
    sl_ws_unwatch(s->r->w, s->in[i].watch);
    s->in[i].watch.v = 0;
    sl_snap_unref(s->in[i].snap);
    s->in[i].snap = NULL;
  }
  sl_free(s->f);
  s->f = NULL;
  if (s->conf)
    sl_ws_conf_unref(s->conf);
  s->conf = NULL;
}

static void compose(struct findings_state *s)
{
  struct sl_err err = {0};
  connections_look(s);
  inputs_look(s);
  if (s->n)
    qsort(s->f, s->n, sizeof *s->f, worst_first);
  int rc = emit(s, &err);
  struct sl_req *r = s->r;
  if (s->missed)
    sl_req_cut(r, "more is wrong than is shown");
  state_drop(s);
  sl_req_end(r, rc, &err);
}

/* Somebody will come back to r's state: the connection closes only after that. */
static void hold(struct sl_req *r, int by)
{
  r->pins += (unsigned)by;
  r->b->feeds += (unsigned)by;
}

static int judge_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct findings_state *s = user;
  int rc = SL_OK;
  for (size_t i = 0; i < input_count(s) && !rc && !atomic_load(cancel); i++)
    rc = rows_each(s, i, err);
  return rc;
}

static void judge_done(void *user, int rc, const struct sl_err *err)
{
  struct findings_state *s = user;
  struct sl_req *r = s->r;
  hold(r, -1);
  if (!rc && !sl_req_cancelled(r)) {
    compose(s);
    return;
  }
  state_drop(s);
  sl_req_end(r, rc ? rc : SL_ECANCELED, err);
}

static void judge(struct findings_state *s)
{
  static const struct sl_job_ops ops = {.work = judge_work, .done = judge_done};
  struct sl_err err = {0};
  struct sl_req *r = s->r;
  s->now = sl_ws_now(r->w);
  s->conf = r->w->conf ? sl_ws_conf_ref(r->w->conf) : NULL;
  int rc = sl_job_start(r->w->l, SL_LANE_LONG, &ops, s, &(sl_job){ 0 }, &err);
  if (!rc) {
    hold(r, 1);
    s->in_job = true;
    return;
  }
  state_drop(s);
  sl_req_end(r, rc, &err);
}

static void one_less(struct findings_state *s)
{
  if (!--s->waiting)
    judge(s);
}

/* ---- inputs ---- */

static void on_input(void *user, sl_watch id, const struct sl_answer *a)
{
  struct findings_state *s = user;
  size_t i = 0;
  if (!a->done)
    return;
  while (i < input_count(s) && s->in[i].watch.v != id.v)
    i++;
  if (i == input_count(s))
    return;
  s->in[i].watch.v = 0;
  s->in[i].snap = a->snap ? sl_snap_ref(a->snap) : NULL;
  for (size_t k = 0; k < a->nsrc; k++)
    if (a->src[k].state == SL_FAILED || a->src[k].state == SL_CUT) {
      s->in[i].failed = true;
      snprintf(s->in[i].why, sizeof s->in[i].why, "%.*s: %.110s", SL_ARG(sl_str_head(a->src[k].conn, 40)),
               a->src[k].state == SL_CUT ? a->src[k].note : a->src[k].err.msg);
    }
  one_less(s);
}

static int input_start(struct findings_state *s, size_t i, struct sl_err *err)
{
  struct sl_query like = {.res = input_of(s, i), .kind = SL_Q_LIST, .background = true, .max_age_ms = i == AUDIT ? 0 : 1000}, *q = NULL;
  if (i == AUDIT)
    like.scope = sl_str(open_scope);
  if (!sl_ws_serves(s->r->w, input_of(s, i)))
    return SL_OK;
  int rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = sl_ws_query(s->r->w, q, true, on_input, s, &s->in[i].watch, err);
  sl_query_unref(q);
  s->waiting += !rc;
  return rc;
}

static void inputs_ready(void *user)
{
  struct findings_state *s = user;
  hold(s->r, -1);
  if (sl_req_cancelled(s->r)) {
    struct sl_req *r = s->r;
    state_drop(s);
    sl_req_end(r, SL_ECANCELED, NULL);
    return;
  }
  s->later = false;
  one_less(s);
}

static int findings_query(struct sl_req *r, struct sl_err *err)
{
  struct findings_state *s = sl_req_state(r);
  s->r = r;
  int rc = SL_OK;
  for (size_t i = 0; i < input_count(s) && !rc; i++)
    rc = input_start(s, i, err);
  if (!rc) /* there may be no input at all: then on from the next turn */
    rc = sl_loop_later(r->w->l, inputs_ready, s, err);
  if (rc) {
    state_drop(s);
    return rc;
  }
  hold(r, 1);
  s->later = true;
  s->waiting++;
  return SL_OK;
}

static void findings_cancel(struct sl_req *r)
{
  struct findings_state *s = sl_req_state(r);
  for (size_t i = 0; i < input_count(s); i++) {
    sl_ws_unwatch(r->w, s->in[i].watch);
    s->in[i].watch.v = 0;
  }
  if (s->later || s->in_job) /* they find out when they come */
    return;
  state_drop(s);
  sl_req_end(r, SL_ECANCELED, NULL);
}

const struct sl_serve ws_findings_serve = {
  .res = &sl_res_findings, .req_size = sizeof(struct findings_state), .query = findings_query, .cancel = findings_cancel};

/* ---- the audit as a resource ---- */

struct audit_ask { char *path; bool open; };

static int audit_rows(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct sl_audit_rows rows;
  struct sl_rower w;
  const struct audit_ask *a = user;
  int rc = sl_audit_rows_read(a->path, &rows, err);
  if (!rc)
    rc = sl_feed_head(f, NULL, 0, a->open ? -1 : (int64_t)rows.n);
  if (!rc)
    rc = sl_rower_begin(&w, f, NULL, err);
  if (rc) {
    sl_audit_rows_free(&rows);
    return rc;
  }
  for (size_t i = 0; i < rows.n && !rc; i++) {
    const struct sl_audit_row *r = &rows.row[i];
    char id[24];
    if (a->open && strcmp(r->outcome, "unknown") != 0 && strcmp(r->outcome, "intent") != 0)
      continue;
    snprintf(id, sizeof id, "%llu", (unsigned long long)r->seq);
    rc = sl_rower_row(&w, SL_PUT, sl_str(id));
    if (rc)
      break;
    struct sl_batch *b = sl_rower_batch(&w);
    sl_batch_set(b, 0, sl_vi((int64_t)r->seq));
    sl_batch_set(b, 1, sl_vt(r->time));
    sl_batch_set(b, 2, sl_vz(r->who));
    sl_batch_set(b, 3, sl_vz(r->action));
    sl_batch_set(b, 4, sl_vas(SL_REF, sl_str(r->target)));
    sl_batch_set(b, 5, sl_vas(SL_STATE, sl_str(r->outcome)));
    sl_batch_set(b, 6, sl_vz(r->detail));
    sl_batch_set(b, 7, sl_vz(r->hash));
  }
  rc = rc ? (sl_rower_abort(&w), rc) : sl_rower_end(&w, err);
  sl_audit_rows_free(&rows);
  return rc;
}

static void audit_free(void *user)
{
  struct audit_ask *a = user;
  sl_free(a->path);
  sl_free(a);
}

static int audit_query(struct sl_req *r, struct sl_err *err)
{
  static const struct sl_feed_ops ops = {.work = audit_rows, .free = audit_free};
  struct audit_ask *a = sl_calloc(1, sizeof *a);
  if (!a || !(a->path = sl_strdup(sl_ws_audit_path(r->w)))) {
    sl_free(a);
    return sl_err_nomem(err);
  }
  a->open = sl_str_eqz(r->q->scope, open_scope);
  int rc = sl_req_work(r, SL_LANE_FILE, &ops, a, err);
  if (rc)
    audit_free(a);
  return rc;
}

const struct sl_serve ws_audit_serve = {.res = &sl_res_audit, .query = audit_query};
