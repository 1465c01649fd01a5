/* judge/approvals.c: the resource approvals: the statements among the versions' tags, a row each, with what they are worth; and tags that
 * claim a decision without a statement. Signatures are verified in a lane. */
#include <stdio.h>

#include "judge/decisions.h"
#include "judge/judge_int.h"
#include "model/backend.h"

struct appr_state { struct sl_req *r; sl_watch watch; };
struct work { struct sl_snap *snap; struct sl_ws_conf *conf; sl_ms now; };
struct filling { struct sl_rower *w; const struct work *job; struct sl_people people; bool keyed; struct sl_buf id, at; };

enum { A_MODEL, A_VERSION, A_DECISION, A_BY, A_KNOWN, A_AT, A_COMMENT, A_TO, A_EVIDENCE, A_VALID, A_WHY, A_WAS, A_REGISTRY, A_POLICY,
  A_FILES };
static const struct sl_col own_cols[] = {
  { .name = "why", .type = SL_TEXT, .help = "who signed it; or why it counts for nothing" },
  { .name = "was", .type = SL_TEXT, .help = "the version that the alias named then", .flags = SL_COL_HIDDEN },
  { .name = "registry", .type = SL_TEXT, .help = "connection that has the version", .flags = SL_COL_HIDDEN },
  { .name = "policy_sha256", .type = SL_TEXT, .help = "of what was asked of the version then", .flags = SL_COL_HIDDEN },
  { .name = "files_sha256", .type = SL_TEXT, .help = "of the version's files then", .flags = SL_COL_HIDDEN },
};

static void work_free(void *user)
{
  struct work *w = user;
  sl_snap_unref(w->snap);
  if (w->conf)
    sl_ws_conf_unref(w->conf);
  sl_free(w);
}

/* ---- rows ---- */

static struct sl_val cell(const struct sl_batch *b, uint32_t row, const char *col)
{
  int c = sl_schema_find(sl_batch_schema(b), sl_str(col));
  return c < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)c);
}

static struct sl_val tag(const struct sl_batch *b, uint32_t row, const char *key)
{
  uint32_t k;
  int c = sl_schema_find(sl_batch_schema(b), SL_STR("tags"));
  if (c < 0 || !sl_keys_find(sl_schema_keys(sl_batch_schema(b)), sl_str(key), &k))
    return sl_null(SL_TEXT);
  const struct sl_val v = sl_batch_get_key(b, row, (unsigned)c, k);
  return v.null || v.type != SL_TEXT ? sl_null(SL_TEXT) : v;
}

static int row_begin(struct filling *f, const struct sl_batch *b, uint32_t row, struct sl_str key)
{
  const struct sl_val model = cell(b, row, "model"), version = cell(b, row, "version");
  sl_buf_clear(&f->id);
  sl_buf_str(&f->id, sl_batch_conn(b, row));
  sl_buf_ch(&f->id, '/');
  sl_buf_str(&f->id, sl_batch_id(b, row));
  if (key.n)
    sl_buf_printf(&f->id, "/%.*s", SL_ARG(key));
  int rc = sl_rower_row(f->w, SL_PUT, sl_buf_view(&f->id));
  if (rc)
    return rc;
  sl_batch_set(sl_rower_batch(f->w), A_MODEL, model);
  sl_batch_set(sl_rower_batch(f->w), A_VERSION, version);
  sl_batch_set(sl_rower_batch(f->w), A_REGISTRY, sl_vs(sl_batch_conn(b, row)));
  return SL_OK;
}

static void set_text(struct sl_batch *o, unsigned col, struct sl_str s)
{
  if (s.n)
    sl_batch_set(o, col, sl_vs(s));
}

/* Where nobody has a key nothing can be signed: then a record that is where it belongs is neither valid nor not. */
static void put_worth(struct filling *f, struct sl_batch *o, const struct sl_decision *x, const struct sl_expected *where)
{
  bool open = !f->keyed && x->v.worth == SL_WORTH_UNSIGNED && sl_decision_here(x, where);
  bool valid = x->v.worth == SL_WORTH_VALID;
  if (!open)
    sl_batch_set(o, A_VALID, sl_vb(valid));
  sl_batch_set(o, A_KNOWN, sl_vas(SL_STATE, sl_str(valid ? "key" : "claimed")));
  sl_batch_set(o, A_WHY, sl_vz(open ? "not signed: people: lists no key" : x->v.why));
}

static int put_decision(struct filling *f, const struct sl_batch *b, uint32_t row, const struct sl_decision *x,
                        const struct sl_expected *where)
{
  struct sl_str key = x->key.n > sizeof SL_STATEMENT_TAG ? sl_str_from(x->key, sizeof SL_STATEMENT_TAG) : SL_STR("");
  const struct sl_statement *s = &x->s.s;
  int rc = row_begin(f, b, row, key);
  if (rc)
    return rc;
  struct sl_batch *o = sl_rower_batch(f->w);
  if (s->decision.n)
    sl_batch_set(o, A_DECISION, sl_vas(SL_STATE, s->decision));
  set_text(o, A_BY, s->by);
  if (s->at)
    sl_batch_set(o, A_AT, sl_vt(s->at));
  set_text(o, A_COMMENT, s->comment);
  set_text(o, A_TO, s->to);
  set_text(o, A_EVIDENCE, s->evidence);
  set_text(o, A_WAS, s->was);
  set_text(o, A_POLICY, s->policy);
  set_text(o, A_FILES, s->digest);
  put_worth(f, o, x, where);
  return SL_OK;
}

/* Tags that say so, and no statement at all. */
static int put_claim(struct filling *f, const struct sl_batch *b, uint32_t row)
{
  static const struct { const char *key; unsigned col; } texts[] = {
    { "approval.by", A_BY }, { "approval.comment", A_COMMENT }, { "approval.to", A_TO } };
  const struct sl_val word = tag(b, row, "approval.decision"), at = tag(b, row, "approval.at");
  sl_ms when;
  if (word.null)
    return SL_OK;
  int rc = row_begin(f, b, row, SL_STR(""));
  if (rc)
    return rc;
  struct sl_batch *o = sl_rower_batch(f->w);
  sl_batch_set(o, A_DECISION, sl_vas(SL_STATE, sl_str_head(word.u.s, 40)));
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    const struct sl_val v = tag(b, row, texts[i].key);
    if (!v.null)
      sl_batch_set(o, texts[i].col, v);
  }
  if (!at.null && sl_time_parse(at.u.s, 0, NULL, &when))
    sl_batch_set(o, A_AT, sl_vt(when));
  sl_batch_set(o, A_KNOWN, sl_vas(SL_STATE, SL_STR("claimed")));
  sl_batch_set(o, A_VALID, sl_vb(false));
  sl_batch_set(o, A_WHY, sl_vz("no statement: tags that anybody may write"));
  return SL_OK;
}

static int version_look(struct filling *f, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct sl_decisions past;
  const struct sl_val model = cell(b, row, "model"), version = cell(b, row, "version");
  char number[24];
  if (model.null || version.null)
    return SL_OK;
  snprintf(number, sizeof number, "%lld", (long long)version.u.i);
  sl_buf_clear(&f->at);
  (void)sl_registry_address(f->job->conf, sl_batch_conn(b, row), &f->at);
  const struct sl_expected where = { f->at.p ? sl_buf_view(&f->at) : SL_STR(""), model.u.s, sl_str(number), f->job->now };
  sl_decisions_init(&past);
  int rc = sl_decisions_row(&past, b, row, &where, f->people, err);
  for (size_t i = 0; i < past.n && !rc; i++)
    rc = put_decision(f, b, row, &past.v[i], &where);
  if (!rc && !past.n)
    rc = put_claim(f, b, row);
  sl_decisions_free(&past);
  return rc;
}

static int rows_each(struct filling *f, struct sl_feed *feed, struct sl_err *err)
{
  struct sl_snap *snap = f->job->snap;
  int rc = SL_OK;
  for (uint64_t at = 0; at < sl_snap_count(snap) && !rc && !sl_feed_cancelled(feed); at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++)
      if (!sl_snap_struck(snap, at + i))
        rc = version_look(f, b, i, err);
    sl_batch_unref(b);
  }
  return rc;
}

static int work(struct sl_feed *feed, void *user, struct sl_err *err)
{
  struct work *job = user;
  struct sl_rower w;
  struct filling f = { .w = &w, .job = job, .people = sl_people(job->conf) };
  f.keyed = sl_people_keyed(f.people);
  sl_buf_init(&f.id, 1 << 16);
  sl_buf_init(&f.at, 4096);
  int rc = sl_feed_head(feed, NULL, 0, -1);
  rc = rc ? rc : sl_rower_begin(&w, feed, NULL, err);
  if (!rc) {
    rc = rows_each(&f, feed, err);
    rc = rc ? (sl_rower_abort(&w), rc) : sl_rower_end(&w, err);
  }
  sl_buf_free(&f.id);
  sl_buf_free(&f.at);
  return rc;
}

/* ---- the question ---- */

static void on_versions(void *user, sl_watch id, const struct sl_answer *a)
{
  static const struct sl_feed_ops ops = { .work = work, .free = work_free };
  struct appr_state *s = user;
  struct sl_req *r = s->r;
  struct sl_ws *ws = sl_backend_ws(sl_req_backend(r));
  struct sl_err err = { 0 };
  (void)id;
  if (!a->done)
    return;
  s->watch.v = 0;
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED || a->src[i].state == SL_CUT)
      sl_req_cut(r, a->src[i].state == SL_CUT ? a->src[i].note : a->src[i].err.msg);
  if (!a->snap) {
    const struct sl_err *bad = a->nsrc && a->src[0].err.code ? &a->src[0].err : NULL;
    sl_req_end(r, bad ? bad->code : SL_EIO, bad);
    return;
  }
  struct work *w = sl_calloc(1, sizeof *w);
  const struct sl_ws_conf *c = sl_ws_config(ws);
  int rc = w ? SL_OK : sl_err_nomem(&err);
  if (!rc) {
    *w = (struct work){ .snap = sl_snap_ref(a->snap), .conf = c ? sl_ws_conf_ref((struct sl_ws_conf *)(uintptr_t)c) : NULL,
                        .now = sl_ws_now(ws) };
    rc = sl_req_work(r, SL_LANE_LONG, &ops, w, &err);
    if (rc)
      work_free(w);
  }
  if (rc)
    sl_req_end(r, rc, &err);
}

int judge_ask_versions(struct sl_ws *w, struct sl_str conn, struct sl_str model, sl_changed *fn, void *user, sl_watch *out,
                       struct sl_err *err)
{
  struct sl_query like = { .res = &sl_res_versions, .kind = SL_Q_LIST, .conn = conn, .scope = model, .no_cap = true, .max_age_ms = 1000 };
  struct sl_query *q = NULL;
  int rc = sl_want_parse(&like.want, SL_STR("model,version,stage,aliases,author,digest,artifact,artifact_why,tags.*"), err);
  rc = rc ? rc : sl_query_new(&q, &like, err);
  rc = rc ? rc : sl_ws_query(w, q, true, fn, user, out, err);
  sl_query_unref(q);
  sl_want_unref(like.want);
  return rc;
}

static int approvals_query(struct sl_req *r, struct sl_err *err)
{
  struct appr_state *s = sl_req_state(r);
  const struct sl_query *q = sl_req_query(r);
  struct sl_str model = q->scope;
  s->r = r;
  if (q->kind == SL_Q_GET) /* its id begins with the connection: all are looked through */
    model = SL_STR("");
  return judge_ask_versions(sl_backend_ws(sl_req_backend(r)), SL_STR(""), model, on_versions, s, &s->watch, err);
}

static void approvals_cancel(struct sl_req *r)
{
  struct appr_state *s = sl_req_state(r);
  sl_ws_unwatch(sl_backend_ws(sl_req_backend(r)), s->watch);
  sl_req_end(r, SL_ECANCELED, NULL);
}

const struct sl_serve judge_approvals_serve = {
  .res = &sl_res_approvals, .own = own_cols, .nown = sizeof own_cols / sizeof own_cols[0], .req_size = sizeof(struct appr_state),
  .query = approvals_query, .cancel = approvals_cancel,
};
