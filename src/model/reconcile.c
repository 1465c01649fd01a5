/* model/reconcile.c: actions whose end nobody saw: asked about again by reading, never sent again.
 *
 * The audit is read in a lane; what is still open there (an intent whose process is gone,
     or an outcome that was unknown) is rebuilt from its
 * record, one after the other, and the connection's verb is asked whether it was done. What it says becomes a record `reconciled`; where it
 * cannot say, nothing is written and the question stays open. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json.h"
#include "model/act_int.h"

enum { INTENTS_MAX = 1000000, FOREIGN_MS = 10 * 60 * 1000 };

struct intent { char *raw; bool alive, unknown; };   /* raw NULL: its end is known */
struct act_rec {
  struct act_rec *next;
  struct sl_ws *w;
  char *only;                        /* this connection alone; NULL: all */
  char *path, *dead;                 /* dead: a connection that could not say: its other questions wait for the next time */
  sl_ms now;
  struct intent *intent;
  size_t nintent, cap, at, open, settled;
  struct sl_map by_token;
  bool in_job, closing;
  bool reached;                      /* connections alone that have answered in this session */
  act_rec_fn *fn;
  void *user;
};

/* ---- reading the audit, in the lane ---- */

static bool alive(const struct act_rec *c, const struct sl_audit_rec *r)
{
  char host[128] = "";
  struct sl_buf b;
  int64_t pid = 0;
  struct sl_str boot = sl_json_str(r->json, "boot"), born = sl_json_str(r->json, "born");
  if (gethostname(host, sizeof host - 1))
    host[0] = 0;
  if (!sl_str_eqz(sl_json_str(r->json, "host"), host) || !boot.n || !born.n)
    return c->now - r->time < FOREIGN_MS; /* nothing to be seen from here: it has had its time */
  sl_buf_init(&b, 8192);
  bool same = sl_str_eq(act_boot(&b), boot);
  sl_buf_clear(&b);
  same = same && sl_json_i64(r->json, "pid", &pid) && sl_str_eq(act_born(&b, (long)pid), born);
  sl_buf_free(&b);
  return same;
}

static int intent_add(struct act_rec *c, const struct sl_audit_rec *r)
{
  if (c->only && !sl_str_eqz(r->connection, c->only))
    return SL_OK;
  int rc = sl_grow((void **)&c->intent, &c->cap, c->nintent + 1, sizeof *c->intent, INTENTS_MAX, NULL);
  if (!rc)
    rc = sl_map_put(&c->by_token, r->token, c->nintent, NULL, NULL);
  if (rc)
    return rc;
  char *raw = sl_strndup(r->raw.p, r->raw.n);
  c->intent[c->nintent++] = (struct intent){ .raw = raw, .alive = alive(c, r) };
  return raw ? SL_OK : SL_ENOMEM;
}

static int look(void *user, const struct sl_audit_rec *r)
{
  struct act_rec *c = user;
  uint64_t at;
  if (!r->token.n)
    return SL_OK;
  if (sl_str_eqz(r->kind, "intent"))
    return intent_add(c, r);
  if (!sl_map_get(&c->by_token, r->token, &at))
    return SL_OK;
  struct intent *i = &c->intent[at];
  i->unknown = sl_str_eqz(r->outcome, "unknown");
  if (!i->unknown) {
    sl_free(i->raw);
    i->raw = NULL;
  }
  return SL_OK;
}

static bool is_open(const struct intent *i)
{
  return i->raw && (i->unknown || !i->alive);
}

static int rec_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct act_rec *c = user;
  (void)cancel;
  int rc = sl_audit_read(c->path, look, c, NULL, err);
  if (rc == SL_ENOMEM)
    sl_err_nomem(err);
  for (size_t i = 0; i < c->nintent; i++)
    c->open += is_open(&c->intent[i]);
  return rc;
}

/* ---- an action, from its record ---- */

static int arg_read(struct sl_plan *p, const struct sl_arg *a, const json_t *args, struct sl_val *v)
{
  const json_t *j = json_object_get(args, a->name), *one;
  struct sl_str s = sl_json_str(args, a->name);
  struct sl_buf list;
  size_t i;
  *v = sl_null(a->type);
  if (!j || json_is_null(j))
    return a->required ? SL_EPARSE : SL_OK;
  v->null = false;
  switch (a->type) {
  case SL_BOOL: v->u.b = json_is_true(j); return json_is_boolean(j) ? SL_OK : SL_EPARSE;
  case SL_I64: return sl_json_i64(args, a->name, &v->u.i) ? SL_OK : SL_EPARSE;
  case SL_F64: return sl_json_f64(args, a->name, &v->u.f) ? SL_OK : SL_EPARSE;
  case SL_TIME: return s.p && sl_time_parse(s, 0, NULL, &v->u.i) ? SL_OK : SL_EPARSE;
  case SL_LIST:
    sl_buf_init(&list, SL_AUDIT_LINE);
    json_array_foreach((json_t *)(uintptr_t)j, i, one)
      sl_list_add(&list, sl_strn(json_string_value(one), json_string_length(one)));
    v->u.s = sl_buf_view(&list);
    v->u.s.p = list.failed ? NULL : sl_arena_strndup(&p->arena, v->u.s.p ? v->u.s.p : "", v->u.s.n);
    sl_buf_free(&list);
    return v->u.s.p ? SL_OK : SL_ENOMEM;
  default:
    if (!s.p || sl_str_find(s, SL_STR("***")) >= 0) /* redacted: what was meant is not known any more */
      return SL_EPARSE;
    v->u.s.p = sl_arena_strndup(&p->arena, s.p, s.n);
    v->u.s.n = s.n;
    return v->u.s.p ? SL_OK : SL_ENOMEM;
  }
}

static int args_read(struct sl_plan *p, const json_t *rec)
{
  const struct sl_action *act = p->call.act;
  struct sl_val *v = sl_arena_alloc(&p->arena, (act->nargs ? act->nargs : 1) * sizeof *v);
  int rc = v ? SL_OK : SL_ENOMEM;
  for (size_t i = 0; i < act->nargs && !rc; i++)
    rc = arg_read(p, &act->args[i], json_object_get(rec, "args"), &v[i]);
  p->call.args = v;
  return rc;
}

static int target_read(struct sl_plan *p, struct sl_str text, struct sl_ref *t)
{
  struct sl_buf scratch;
  sl_buf_init(&scratch, SL_AUDIT_LINE);
  int rc = sl_ref_parse(text, t, &scratch, NULL);
  if (!rc) {
    t->conn = sl_str(p->conn);
    t->res = sl_str(p->call.res->name);
    t->id.p = sl_arena_strndup(&p->arena, t->id.p, t->id.n);
    rc = t->id.p ? SL_OK : SL_ENOMEM;
  }
  sl_buf_free(&scratch);
  return rc;
}

static int targets_read(struct sl_plan *p, const json_t *rec)
{
  const json_t *list = json_object_get(rec, "targets");
  size_t n = json_array_size(list);
  if (!n || n > ACT_TARGETS)
    return SL_EPARSE;
  struct sl_ref *t = sl_arena_alloc(&p->arena, n * sizeof *t);
  p->did = sl_calloc(n, sizeof *p->did);
  int rc = t && p->did ? SL_OK : SL_ENOMEM;
  for (size_t i = 0; i < n && !rc; i++) {
    const json_t *one = json_array_get(list, i);
    rc = json_is_string(one) ? target_read(p, sl_strn(json_string_value(one), json_string_length(one)), &t[i]) : SL_EPARSE;
    p->did[i].rc = SL_EUNKNOWN;
  }
  p->call.targets = t;
  p->call.ntargets = rc ? 0 : n;
  return rc;
}

/* `things.halt`: the connection serves a resource of that name, and a verb of that action's. */
static bool verb_of(struct sl_plan *p, struct sl_str action)
{
  size_t dot = action.n;
  while (dot > 0 && action.p[dot - 1] != '.')
    dot--;
  if (!dot || !p->b->ops->serves)
    return false;
  struct sl_str res = sl_str_head(action, dot - 1), act = sl_str_from(action, dot);
  for (size_t i = 0; p->b->ops->serves[i]; i++) {
    const struct sl_serve *s = p->b->ops->serves[i];
    for (size_t k = 0; sl_str_eqz(res, s->res->name) && k < s->nverbs; k++)
      if (sl_str_eqz(act, s->verbs[k].act->name)) {
        p->verb = &s->verbs[k];
        p->call.res = s->res;
        p->call.act = p->verb->act;
        return p->verb->reconcile != NULL;
      }
  }
  return false;
}

/* EUNSUP and EPARSE: this one cannot be asked about; it stays open. */
static int plan_of(struct act_rec *c, const json_t *rec, struct sl_plan **out)
{
  struct sl_str token = sl_json_str(rec, "id"), conn = sl_json_str(rec, "connection");
  struct sl_backend *b = ws_conn_find(c->w, conn);
  bool silent = b && c->reached && strcmp(b->word, "ok") != 0;
  if (!b || silent || (c->dead && sl_str_eqz(conn, c->dead)) || token.n >= sizeof ((struct sl_call *)0)->token)
    return SL_EUNSUP;
  struct sl_plan *p = act_plan_bare(c->w);
  if (!p)
    return SL_ENOMEM;
  p->b = b;
  p->conn = sl_strdup(b->name);
  memcpy(p->call.token, token.p, token.n);
  int rc = !p->conn ? SL_ENOMEM : verb_of(p, sl_json_str(rec, "action")) ? SL_OK : SL_EUNSUP;
  if (!rc)
    rc = targets_read(p, rec);
  if (!rc)
    rc = args_read(p, rec);
  if (rc)
    sl_plan_free(p);
  else
    *out = p;
  return rc;
}

/* ---- one after the other ---- */

static void rec_next(struct act_rec *c);

static void rec_free(struct act_rec *c)
{
  for (size_t i = 0; i < c->nintent; i++)
    sl_free(c->intent[i].raw);
  sl_map_free(&c->by_token);
  sl_free(c->intent);
  sl_free(c->only);
  sl_free(c->path);
  sl_free(c->dead);
  sl_free(c);
}

static void rec_end(struct act_rec *c)
{
  act_rec_fn *fn = c->fn;
  void *user = c->user;
  size_t open = c->open, settled = c->settled;
  struct act_rec **at = &c->w->act->recs;
  while (*at != c)
    at = &(*at)->next;
  *at = c->next;
  rec_free(c);
  if (fn)
    fn(user, open, settled);
}

static void one_done(void *user, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  struct act_rec *c = user;
  const struct intent *i = &c->intent[c->at++];
  json_t *j = NULL;
  (void)started;
  (void)err;
  c->settled += rc != SL_EUNKNOWN;
  if (rc == SL_EUNKNOWN && !sl_json_load(&j, sl_str(i->raw), false, NULL)) {
    struct sl_str conn = sl_json_str(j, "connection");
    sl_free(c->dead);
    c->dead = sl_strndup(conn.p, conn.n);
    json_decref(j);
  }
  rec_next(c);
}

static void rec_next(struct act_rec *c)
{
  for (; c->at < c->nintent; c->at++) {
    json_t *j = NULL;
    struct sl_plan *p = NULL;
    if (!is_open(&c->intent[c->at]) || sl_json_load(&j, sl_str(c->intent[c->at].raw), false, NULL))
      continue;
    int rc = plan_of(c, j, &p);
    json_decref(j);
    if (!rc) {
      act_reconcile(p, one_done, c);
      return;
    }
  }
  rec_end(c);
}

static void rec_read(void *user, int rc, const struct sl_err *err)
{
  struct act_rec *c = user;
  (void)err; /* an audit that cannot be read stops the next action anyway, and says why */
  c->in_job = false;
  c->w->jobs--;
  if (c->closing)
    rec_free(c);
  else if (rc)
    rec_end(c);
  else
    rec_next(c);
}

void act_recs_close(struct sl_ws *w)
{
  while (w->act->recs) {
    struct act_rec *c = w->act->recs;
    w->act->recs = c->next;
    c->closing = true;
    if (!c->in_job)
      rec_free(c);
  }
}

int act_rec_start(struct sl_ws *w, const char *only, act_rec_fn *fn, void *user, struct sl_err *err)
{
  static const struct sl_job_ops ops = {.work = rec_work, .done = rec_read};
  struct ws_act *state;
  int rc = act_state(w, &state, err);
  struct act_rec *c = rc ? NULL : sl_calloc(1, sizeof *c);
  if (!c)
    return rc ? rc : sl_err_nomem(err);
  *c = (struct act_rec){ .w = w, .fn = fn, .user = user, .now = sl_ws_now(w), .path = sl_strdup(w->audit_path),
    .only = sl_strdup(only), .in_job = true };
  sl_map_init(&c->by_token);
  rc = c->path && (c->only || !only) ? SL_OK : sl_err_nomem(err);
  if (!rc)
    rc = sl_job_start(w->l, SL_LANE_FILE, &ops, c, &(sl_job){ 0 }, err);
  if (rc) {
    rec_free(c);
    return rc;
  }
  w->jobs++;
  c->next = state->recs;
  state->recs = c;
  return SL_OK;
}

int sl_ws_reconcile_reached(struct sl_ws *w, void (*fn)(void *user, size_t open, size_t settled), void *user, struct sl_err *err)
{
  bool any = false;
  for (size_t i = 0; i < w->nconn; i++)
    any = any || (!w->conn[i]->reconciled && !strcmp(w->conn[i]->word, "ok"));
  int rc = any ? act_rec_start(w, NULL, fn, user, err) : SL_ENOENT;
  if (!rc)
    w->act->recs->reached = true; /* the newest; it reads in a lane, and asks on the loop */
  return rc;
}

int sl_ws_reconcile(struct sl_ws *w, void (*fn)(void *user, size_t open, size_t settled), void *user, struct sl_err *err)
{
  for (size_t i = 0; i < w->nconn; i++)
    w->conn[i]->reconciled = true;
  return act_rec_start(w, NULL, fn, user, err);
}
