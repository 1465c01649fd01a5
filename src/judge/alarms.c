/* judge/alarms.c: what is wrong about governed models, as findings: in production without an approval that counts, moved past us, and
 * requests that wait for whoever sits here. Only signed statements silence anything; tags that merely say so do not (design.md 9.5). */
#include <stdio.h>

#include "judge/decisions.h"
#include "judge/judge_int.h"
#include "judge/me.h"
#include "loop/loop.h"
#include "model/backend.h"

enum { MODELS, VERSIONS, ASKED };
struct input { struct alarm_state *up; sl_watch watch; struct sl_snap *snap; };
struct alarm_state { struct sl_req *r; struct input in[ASKED]; unsigned waiting; };

/* One governed alias or stage of one model. */
struct line {
  const struct sl_model_conf *m;
  char conn[64], to[280];
  int64_t present;                       /* 0: it names nothing */
  bool approved, recorded;               /* the present version: by a statement that counts; by one that could, were there keys */
  sl_ms approved_at;
  char claim[160];                       /* why the best of its statements counts for nothing */
  char artifact[16], files[160];         /* of the present version's files: ok, missing, changed; in words */
  int64_t last;                          /* the version that was approved last, and when */
  sl_ms last_at;
};
struct work {
  struct sl_snap *snap[ASKED];
  struct sl_me_ask ask;
  struct sl_me me;
  struct sl_ws_conf *conf;
  sl_ms now;
  struct line *line;
  size_t n, cap;
  struct sl_rower w;
  bool keyed;
};

static void work_free(void *user)
{
  struct work *w = user;
  for (size_t i = 0; i < ASKED; i++)
    sl_snap_unref(w->snap[i]);
  sl_me_ask_free(&w->ask);
  sl_me_free(&w->me);
  sl_free(w->line);
  sl_ws_conf_unref(w->conf);
  sl_free(w);
}

static struct sl_val cell(const struct sl_batch *b, uint32_t row, const char *col)
{
  int c = sl_schema_find(sl_batch_schema(b), sl_str(col));
  return c < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)c);
}

static int each(struct work *w, size_t input, int (*fn)(struct work *w, const struct sl_batch *b, uint32_t row, struct sl_err *err),
                struct sl_err *err)
{
  struct sl_snap *snap = w->snap[input];
  int rc = SL_OK;
  for (uint64_t at = 0; snap && at < sl_snap_count(snap) && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++)
      if (!sl_snap_struck(snap, at + i))
        rc = fn(w, b, i, err);
    sl_batch_unref(b);
  }
  return rc;
}

/* ---- what there is to watch ---- */

static int model_look(struct work *w, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  const struct sl_model_conf *m = sl_model_policy(w->conf, sl_batch_conn(b, row), sl_batch_id(b, row));
  struct sl_val aliases = cell(b, row, "aliases");
  struct sl_str rest = aliases.null ? SL_STR("") : aliases.u.s, one, name;
  struct sl_buf to;
  int rc = m ? sl_grow((void **)&w->line, &w->cap, w->n + 1, sizeof *w->line, 10000, err) : SL_OK;
  if (rc || !m)
    return rc;
  struct line *l = &w->line[w->n++];
  *l = (struct line){ .m = m };
  sl_buf_init(&to, 4096);
  sl_model_target(m, &to);
  snprintf(l->conn, sizeof l->conn, "%.*s", SL_ARG(sl_batch_conn(b, row)));
  rc = sl_buf_check(&to, err);
  snprintf(l->to, sizeof l->to, "%s", sl_buf_zstr(&to));
  sl_buf_free(&to);
  while (!m->stage && sl_list_next(&rest, &one))
    if (sl_str_cut(&one, '=', &name) && sl_str_eqz(name, l->to))
      (void)sl_str_i64(one, &l->present);
  return rc;
}

/* ---- findings ---- */

struct say { const char *severity, *kind; sl_ms since; const char *next; };

static int put(struct work *w, const struct line *l, int64_t version, const struct say *s, const char *fmt, ...) SL_PRINTF(5, 6);
static int put(struct work *w, const struct line *l, int64_t version, const struct say *s, const char *fmt, ...)
{
  struct sl_buf ref, id;
  char summary[300];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(summary, sizeof summary, fmt, ap);
  va_end(ap);
  sl_buf_init(&ref, 1 << 16);
  sl_buf_init(&id, 1 << 16);
  sl_buf_printf(&id, "%s/%lld", l->m->name, (long long)version);
  const struct sl_ref at = { sl_str(l->conn), SL_STR("versions"), sl_buf_view(&id) };
  sl_ref_text(&ref, &at);
  sl_buf_printf(&id, "/%s/%s", s->kind, l->conn);
  int rc = sl_rower_row(&w->w, SL_PUT, sl_buf_view(&id));
  if (!rc) {
    struct sl_batch *b = sl_rower_batch(&w->w);
    sl_batch_set(b, 0, sl_vas(SL_STATE, sl_str(s->severity)));
    sl_batch_set(b, 1, sl_vz(s->kind));
    sl_batch_set(b, 2, sl_vas(SL_REF, sl_buf_view(&ref)));
    if (s->since)
      sl_batch_set(b, 3, sl_vt(s->since));
    sl_batch_set(b, 4, sl_vz(summary));
    sl_batch_set(b, 5, sl_vz(s->next));
  }
  sl_buf_free(&ref);
  sl_buf_free(&id);
  return rc;
}

/* Approved by some, but not by as many as must agree; and not by whoever sits here. *n: how many so far. */
static bool half_agreed(const struct work *w, const struct line *l, const struct sl_decisions *d, const struct sl_decision *x, int *n)
{
  char was[24] = "";
  if (l->present)
    snprintf(was, sizeof was, "%lld", (long long)l->present);
  *n = 0;
  if (l->m->required < 2 || !sl_str_eqz(x->s.s.decision, "approved") || !sl_str_eqz(x->s.s.was, was))
    return false;
  for (size_t i = 0; i < d->n; i++) {
    const struct sl_decision *y = &d->v[i];
    if (y->v.worth != SL_WORTH_VALID || !sl_str_eqz(y->s.s.decision, "approved") || !sl_str_eqz(y->s.s.to, l->to))
      continue;
    if (!strcmp(y->v.who->name, w->me.name))
      return false;
    ++*n;
  }
  return *n < l->m->required;
}

/* A valid request that nothing has answered, or an approval that is not enough; and that is not one's own. */
static int waiting(struct work *w, const struct line *l, int64_t version, const struct sl_decisions *d)
{
  const struct sl_decision *x = sl_decisions_newest(d, sl_str(l->to));
  int n = 0;
  if (!x || version == l->present || !strcmp(x->v.who->name, w->me.name) || sl_me_may(&w->me, sl_people(w->conf), l->m) != SL_MAY)
    return SL_OK;
  const struct say s = { "waiting", "waiting for you", x->s.s.at, "approval" };
  if (half_agreed(w, l, d, x, &n))
    return put(w, l, version, &s, "%s/%lld for %s, approved by %s: %d of %d must agree yet", l->m->name, (long long)version, l->to,
               x->v.who->name, l->m->required - n, l->m->required);
  if (!sl_str_eqz(x->s.s.decision, "requested"))
    return SL_OK;
  return put(w, l, version, &s, "%s/%lld for %s, asked by %s: %.*s", l->m->name, (long long)version, l->to, x->v.who->name,
             SL_ARG(sl_str_head(x->s.s.comment, 120)));
}

static bool gives(const struct sl_decision *x, const char *to)
{
  const struct sl_statement *s = &x->s.s;
  return sl_str_eqz(s->to, to) && (sl_str_eqz(s->decision, "approved") || sl_str_eqz(s->decision, "rolled-back"));
}

static void notice(struct work *w, struct line *l, int64_t version, const struct sl_decision *x, const struct sl_expected *where)
{
  bool valid = x->v.worth == SL_WORTH_VALID && gives(x, l->to);
  bool open = !w->keyed && x->v.worth == SL_WORTH_UNSIGNED && sl_decision_here(x, where) && gives(x, l->to);
  if ((valid || open) && x->s.s.at > l->last_at) {
    l->last_at = x->s.s.at;
    l->last = version;
  }
  if (version != l->present)
    return;
  l->approved |= valid;
  l->recorded |= open;
  if ((valid || open) && x->s.s.at > l->approved_at)
    l->approved_at = x->s.s.at;
  if (!valid && !open)
    snprintf(l->claim, sizeof l->claim, "%.150s", x->v.why);
}

static void files_look(struct line *l, const struct sl_batch *b, uint32_t row)
{
  const struct sl_val state = cell(b, row, "artifact"), why = cell(b, row, "artifact_why");
  snprintf(l->artifact, sizeof l->artifact, "%.*s", SL_ARG(state.null ? SL_STR("") : sl_str_head(state.u.s, 15)));
  snprintf(l->files, sizeof l->files, "%.*s", SL_ARG(why.null ? SL_STR("") : sl_str_head(why.u.s, 150)));
}

static int line_look(struct work *w, struct line *l, const struct sl_batch *b, uint32_t row, int64_t version, struct sl_err *err)
{
  struct sl_decisions past;
  struct sl_buf registry;
  char number[24];
  const struct sl_val stage = cell(b, row, "stage");
  if (l->m->stage && !stage.null && sl_str_eqz(stage.u.s, l->m->stage))
    l->present = version;
  if (version == l->present)
    files_look(l, b, row);
  snprintf(number, sizeof number, "%lld", (long long)version);
  sl_buf_init(&registry, 4096);
  (void)sl_registry_address(w->conf, sl_str(l->conn), &registry);
  const struct sl_expected where = { registry.p ? sl_buf_view(&registry) : SL_STR(""), sl_str(l->m->name), sl_str(number), w->now };
  sl_decisions_init(&past);
  int rc = sl_buf_check(&registry, err);
  rc = rc ? rc : sl_decisions_row(&past, b, row, &where, sl_people(w->conf), err);
  for (size_t i = 0; i < past.n && !rc; i++)
    notice(w, l, version, &past.v[i], &where);
  if (!rc)
    rc = waiting(w, l, version, &past);
  sl_decisions_free(&past);
  sl_buf_free(&registry);
  return rc;
}

static int version_look(struct work *w, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  const struct sl_val model = cell(b, row, "model"), version = cell(b, row, "version");
  for (size_t i = 0; i < w->n && !model.null && !version.null; i++)
    if (sl_str_eqz(model.u.s, w->line[i].m->name) && sl_str_eqz(sl_batch_conn(b, row), w->line[i].conn))
      return line_look(w, &w->line[i], b, row, version.u.i, err);
  return SL_OK;
}

/* What runs is not what was decided about, whoever decided it. */
static int files(struct work *w, const struct line *l)
{
  bool missing = !strcmp(l->artifact, "missing");
  if (!l->present || (!missing && strcmp(l->artifact, "changed") != 0))
    return SL_OK;
  return put(w, l, l->present, &(struct say){ "failed", missing ? "files missing in production" : "files changed in production", 0,
             "approval" }, "%s %s is version %lld: %s", l->m->name, l->to, (long long)l->present, l->files);
}

static int production(struct work *w, const struct line *l)
{
  char last[80] = "";
  long long now = (long long)l->present;
  if (!l->present)
    return SL_OK;
  if (l->last && l->last != l->present)
    snprintf(last, sizeof last, "; the last that was is %lld", (long long)l->last);
  if (!l->approved && !l->recorded)
    return put(w, l, l->present, &(struct say){ "failed", "unapproved in production", 0, "approval" },
               "%s %s is version %lld, which nobody has approved%s%s%s", l->m->name, l->to, now, last,
               l->claim[0] ? "; its statement: " : "", l->claim);
  if (l->last != l->present && l->last_at > l->approved_at)
    return put(w, l, l->present, &(struct say){ "failed", "alias moved outside", l->last_at, "approval" },
               "%s %s is version %lld, but was given to %lld last: somebody moved it past Sluice", l->m->name, l->to, now,
               (long long)l->last);
  if (!l->approved)
    return put(w, l, l->present, &(struct say){ "waiting", "unsigned in production", l->approved_at, "approval" },
               "%s %s is version %lld by an unsigned record: list keys below people:", l->m->name, l->to, now);
  return SL_OK;
}

static int work(struct sl_feed *feed, void *user, struct sl_err *err)
{
  struct work *w = user;
  atomic_bool never = false;
  int rc = sl_me_find(&w->ask, &w->me, &never, err);
  w->keyed = sl_people_keyed(sl_people(w->conf));
  rc = rc ? rc : each(w, MODELS, model_look, err);
  rc = rc ? rc : sl_feed_head(feed, NULL, 0, -1);
  rc = rc ? rc : sl_rower_begin(&w->w, feed, NULL, err);
  if (rc)
    return rc;
  rc = each(w, VERSIONS, version_look, err);
  for (size_t i = 0; i < w->n && !rc; i++) {
    rc = production(w, &w->line[i]);
    rc = rc ? rc : files(w, &w->line[i]);
  }
  return rc ? (sl_rower_abort(&w->w), rc) : sl_rower_end(&w->w, err);
}

/* ---- the questions ---- */

static void drop(struct alarm_state *s)
{
  for (size_t i = 0; i < ASKED; i++) {
    sl_ws_unwatch(sl_backend_ws(sl_req_backend(s->r)), s->in[i].watch);
    s->in[i].watch.v = 0;
    sl_snap_unref(s->in[i].snap);
    s->in[i].snap = NULL;
  }
}

static void judge(struct alarm_state *s)
{
  static const struct sl_feed_ops ops = { .work = work, .free = work_free };
  struct sl_req *r = s->r;
  struct sl_ws *ws = sl_backend_ws(sl_req_backend(r));
  struct sl_err err = { 0 };
  struct work *w = sl_calloc(1, sizeof *w);
  int rc = w ? SL_OK : sl_err_nomem(&err);
  if (!rc) {
    w->conf = sl_ws_conf_ref((struct sl_ws_conf *)(uintptr_t)sl_ws_config(ws));
    w->now = sl_ws_now(ws);
    for (size_t i = 0; i < ASKED; i++)
      w->snap[i] = s->in[i].snap ? sl_snap_ref(s->in[i].snap) : NULL;
    rc = sl_me_ask(&w->ask, ws, &err);
  }
  drop(s);
  if (!rc)
    rc = sl_req_work(r, SL_LANE_LONG, &ops, w, &err);
  if (rc && w)
    work_free(w);
  if (rc)
    sl_req_end(r, rc, &err);
}

static void on_input(void *user, sl_watch id, const struct sl_answer *a)
{
  struct input *in = user;
  struct alarm_state *s = in->up;
  (void)id;
  if (!a->done)
    return;
  in->watch.v = 0;
  in->snap = a->snap ? sl_snap_ref(a->snap) : NULL;
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED || a->src[i].state == SL_CUT)
      sl_req_cut(s->r, a->src[i].state == SL_CUT ? a->src[i].note : a->src[i].err.msg);
  if (!--s->waiting)
    judge(s);
}

static int ask_models(struct alarm_state *s, struct sl_ws *w, struct sl_err *err)
{
  struct sl_query like = { .res = &sl_res_models, .kind = SL_Q_LIST, .no_cap = true, .max_age_ms = 1000, .background = true }, *q = NULL;
  int rc = sl_query_new(&q, &like, err);
  rc = rc ? rc : sl_ws_query(w, q, true, on_input, &s->in[MODELS], &s->in[MODELS].watch, err);
  sl_query_unref(q);
  return rc;
}

static int none_work(struct sl_feed *feed, void *user, struct sl_err *err)
{
  (void)user;
  (void)err;
  return sl_feed_head(feed, NULL, 0, 0);
}

static int alarms_query(struct sl_req *r, struct sl_err *err)
{
  struct alarm_state *s = sl_req_state(r);
  struct sl_ws *w = sl_backend_ws(sl_req_backend(r));
  const struct sl_ws_conf *c = sl_ws_config(w);
  size_t n = 0;
  s->r = r;
  for (size_t i = 0; i < ASKED; i++)
    s->in[i].up = s;
  if (c)
    (void)sl_ws_conf_models(c, &n);
  if (!n || !sl_ws_serves(w, &sl_res_models)) { /* nothing is governed: nothing to ask for */
    static const struct sl_feed_ops none = { .work = none_work };
    return sl_req_work(r, SL_LANE_FILE, &none, NULL, err);
  }
  s->waiting = ASKED;
  int rc = ask_models(s, w, err);
  rc = rc ? rc : judge_ask_versions(w, SL_STR(""), SL_STR(""), on_input, &s->in[VERSIONS], &s->in[VERSIONS].watch, err);
  if (rc)
    drop(s);
  return rc;
}

static void alarms_cancel(struct sl_req *r)
{
  struct alarm_state *s = sl_req_state(r);
  drop(s);
  sl_req_end(r, SL_ECANCELED, NULL);
}

/* Not in resources.def: it is a part of findings, and has their columns. */
static const struct sl_col cols[] = {
  { .name = "severity", .type = SL_STATE, .help = "failed, waiting" },
  { .name = "kind", .type = SL_TEXT, .help = "unapproved in production, ..." },
  { .name = "subject", .type = SL_REF, .help = "the version" },
  { .name = "since", .type = SL_TIME, .help = "since when" },
  { .name = "summary", .type = SL_TEXT, .help = "what is wrong, in one line" },
  { .name = "next", .type = SL_TEXT, .help = "what to do" },
};
const struct sl_resource judge_alarms = {
  .name = "decisions", .help = "what is wrong about governed models", .shape = SL_KEYED, .cols = cols,
  .ncols = sizeof cols / sizeof cols[0], .columns = "severity,kind,summary", .poll_ms = 15000, .cap_rows = 10000,
};
const struct sl_serve judge_alarms_serve = {
  .res = &judge_alarms, .req_size = sizeof(struct alarm_state), .query = alarms_query, .cancel = alarms_cancel,
};
