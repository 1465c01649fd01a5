/* model/plan.c: what would happen, exactly: the call is checked and copied, the targets are read (guards, `when`), the backend is asked
 * for its exact calls without sending any. Nothing is changed here. */
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/hash.h"
#include "base/json.h"
#include "model/act_int.h"

struct act_reading {
  struct sl_plan *p;
  int (*each)(struct sl_plan *p, size_t target, struct sl_batch *b, uint32_t row);
  void (*then)(struct sl_plan *p, int rc);
};

/* ---- copying a call ---- */

static int str_copy(struct sl_arena *a, struct sl_str *s)
{
  if (!s->p)
    return SL_OK;
  char *p = sl_arena_strndup(a, s->p, s->n);
  if (!p)
    return SL_ENOMEM;
  s->p = p;
  return SL_OK;
}

static bool is_text(enum sl_type t)
{
  return t == SL_TEXT || t == SL_STATE || t == SL_REF || t == SL_URI || t == SL_LIST || t == SL_JSON;
}

int plan_val_copy(struct sl_arena *a, struct sl_val *v)
{
  return v->null || !is_text(v->type) ? SL_OK : str_copy(a, &v->u.s);
}

static int targets_copy(struct sl_plan *p, const struct sl_call *c)
{
  struct sl_ref *t = sl_arena_alloc(&p->arena, c->ntargets * sizeof *t);
  for (size_t i = 0; t && i < c->ntargets; i++) {
    t[i] = c->targets[i];
    if (str_copy(&p->arena, &t[i].conn) || str_copy(&p->arena, &t[i].id))
      return SL_ENOMEM;
    t[i].res = sl_str(c->res->name);
  }
  p->call.targets = t;
  return t ? SL_OK : SL_ENOMEM;
}

static int args_copy(struct sl_plan *p, const struct sl_call *c)
{
  struct sl_val *v = sl_arena_alloc(&p->arena, (c->act->nargs ? c->act->nargs : 1) * sizeof *v);
  for (size_t i = 0; v && i < c->act->nargs; i++) {
    const struct sl_arg *a = &c->act->args[i];
    v[i] = c->args ? c->args[i] : sl_null(a->type);
    if (v[i].null && a->dflt)
      v[i] = a->type == SL_BOOL ? sl_vb(!strcmp(a->dflt, "true")) : sl_vas(a->type, sl_str(a->dflt));
    if (plan_val_copy(&p->arena, &v[i]))
      return SL_ENOMEM;
  }
  p->call.args = p->args = v;
  return v ? SL_OK : SL_ENOMEM;
}

static int expect_copy(struct sl_plan *p, const struct sl_call *c)
{
  struct sl_expect *e = sl_arena_alloc(&p->arena, (c->nexpect ? c->nexpect : 1) * sizeof *e);
  for (size_t i = 0; e && i < c->nexpect; i++) {
    e[i] = c->expect[i];
    if (str_copy(&p->arena, &e[i].ref.conn) || str_copy(&p->arena, &e[i].ref.res) || str_copy(&p->arena, &e[i].ref.id) ||
        plan_val_copy(&p->arena, &e[i].was))
      return SL_ENOMEM;
  }
  p->call.expect = e;
  return e ? SL_OK : SL_ENOMEM;
}

/* ---- checking it ---- */

bool plan_arg_fits(const struct sl_arg *a, const struct sl_val *v)
{
  return v->type == a->type || (is_text(v->type) && is_text(a->type));
}

static int args_check(const struct sl_call *c, struct sl_err *err)
{
  for (size_t i = 0; i < c->act->nargs; i++) {
    const struct sl_arg *a = &c->act->args[i];
    const struct sl_val *v = c->args ? &c->args[i] : NULL;
    if (a->computed && v && !v->null)
      return sl_err_set(err, SL_EUSAGE, "%s: %s is worked out, not given", c->act->name, a->name);
    if (a->required && !a->computed && (!v || v->null))
      return sl_err_set(err, SL_EUSAGE, "%s needs %s: %s", c->act->name, a->name, a->help);
    if (v && !v->null && !plan_arg_fits(a, v))
      return sl_err_set(err, SL_EUSAGE, "%s: %s is %s", c->act->name, a->name, sl_type_name(a->type));
  }
  return SL_OK;
}

static const struct sl_verb *verb_find(const struct sl_serve *s, const struct sl_action *act)
{
  for (size_t i = 0; s && i < s->nverbs; i++)
    if (s->verbs[i].act == act)
      return &s->verbs[i];
  return NULL;
}

static bool is_target(const struct sl_call *c, const struct sl_ref *r)
{
  for (size_t i = 0; i < c->ntargets; i++)
    if (sl_str_eq(r->id, c->targets[i].id))
      return true;
  return false;
}

static int targets_check(struct sl_ws *w, struct sl_plan *p, const struct sl_call *c, struct sl_err *err)
{
  const char *why = NULL;
  if (!c->ntargets)
    return sl_err_set(err, SL_EUSAGE, "%s needs a row to act on", c->act->name);
  if (c->ntargets > ACT_TARGETS)
    return sl_err_set(err, SL_ELIMIT, "%s takes at most %d rows at once; mark fewer", c->act->name, ACT_TARGETS);
  for (size_t i = 1; i < c->ntargets; i++)
    if (!sl_str_eq(c->targets[i].conn, c->targets[0].conn))
      return sl_err_set(err, SL_EUSAGE, "rows of one connection at a time: %.*s and %.*s are two", SL_ARG(c->targets[0].conn),
          SL_ARG(c->targets[i].conn));
  for (size_t i = 1; i < c->ntargets; i++)
    for (size_t k = 0; k < i; k++)
      if (sl_str_eq(c->targets[i].id, c->targets[k].id))
        return sl_err_set(err, SL_EUSAGE, "%.*s is named twice", SL_ARG(sl_str_head(c->targets[i].id, 100)));
  for (size_t i = 0; i < c->nexpect; i++)
    if (!is_target(c, &c->expect[i].ref))
      return sl_err_set(err, SL_EUSAGE, "what was seen of %.*s cannot be compared: it is not acted on", SL_ARG(c->expect[i].ref.id));
  p->b = ws_conn_find(w, c->targets[0].conn);
  if (!p->b)
    return sl_err_set(err, SL_ENOENT, "no connection `%.*s`", SL_ARG(c->targets[0].conn));
  p->verb = verb_find(ws_conn_serves(p->b, c->res, &why), c->act);
  if (p->verb && !sl_ws_offers(w, c->act))
    return sl_err_set(err, SL_EUNSUP, "cannot %s %s: no rules are loaded", c->act->name, c->res->name);
  return p->verb ? SL_OK : sl_err_set(err, SL_EUNSUP, "%s cannot %s %s%s%s", p->b->name, c->act->name, c->res->name, why ? ": " : "", why
      ? why : "");
}

int plan_conn(struct sl_plan *p, struct sl_err *err)
{
  p->b = ws_conn_find(p->w, sl_str(p->conn));
  if (!p->b)
    return sl_err_set(err, SL_ENOENT, "connection %s is gone from the workspace", p->conn);
  if (verb_find(ws_conn_serves(p->b, p->call.res, NULL), p->call.act) != p->verb)
    return sl_err_set(err, SL_ECONFLICT, "connection %s is another one now; look again", p->conn);
  return SL_OK;
}

/* ---- life ---- */

void plan_link(struct sl_plan *p)
{
  p->next = p->w->act->plans;
  p->w->act->plans = p;
}

void plan_unlink(struct sl_plan *p)
{
  for (struct sl_plan **at = &p->w->act->plans; *at; at = &(*at)->next)
    if (*at == p) {
      *at = p->next;
      return;
    }
}

int plan_text(struct sl_plan *p, char **slot, struct sl_str s)
{
  (void)p;
  char *copy = sl_strndup(s.p ? s.p : "", s.n);
  if (!copy)
    return SL_ENOMEM;
  sl_free(*slot);
  *slot = copy;
  return SL_OK;
}

static void plan_end(struct sl_plan *p)
{
  for (size_t i = 0; i < p->nline; i++)
    sl_free(p->line[i]);
  for (size_t i = 0; i < p->nguard; i++)
    sl_free(p->guard[i].words);
  judge_free(p);
  sl_free(p->line);
  sl_free(p->guard);
  sl_free(p->undo);
  sl_free(p->must);
  sl_free(p->command);
  sl_free(p->conn);
  for (size_t i = 0; p->did && i < p->call.ntargets; i++)
    sl_free(p->did[i].started);
  sl_free(p->did);
  sl_free(p->audit_path);
  sl_buf_free(&p->fields);
  sl_arena_free(&p->arena);
  sl_free(p);
}

struct sl_plan *plan_ref(struct sl_plan *p)
{
  p->refs++;
  return p;
}

void plan_unref(void *plan)
{
  struct sl_plan *p = plan;
  if (!--p->refs)
    plan_end(p);
}

void sl_plan_free(struct sl_plan *p)
{
  if (p)
    plan_unref(p);
}
struct sl_plan *act_plan_bare(struct sl_ws *w)
{
  struct sl_plan *p = sl_calloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->w = w;
  p->refs = 1;
  sl_arena_init(&p->arena, 0);
  sl_buf_init(&p->fields, SL_AUDIT_LINE);
  return p;
}

static int plan_new(struct sl_plan **out, struct sl_ws *w, const struct sl_call *c, struct sl_err *err)
{
  struct sl_plan *p = act_plan_bare(w);
  if (!p)
    return sl_err_nomem(err);
  int rc = args_check(c, err);
  if (!rc)
    rc = targets_check(w, p, c, err);
  p->call = *c;
  if (!rc && (targets_copy(p, c) || args_copy(p, c) || expect_copy(p, c)))
    rc = sl_err_nomem(err);
  if (!rc && !p->call.token[0])
    rc = sl_uuid4(p->call.token, err);
  p->conn = rc ? NULL : sl_strdup(p->b->name);
  p->did = rc ? NULL : sl_calloc(c->ntargets, sizeof *p->did);
  if (!rc && (!p->conn || !p->did))
    rc = sl_err_nomem(err);
  if (rc)
    sl_plan_free(p);
  else
    *out = p;
  return rc;
}

/* ---- reading the targets ---- */

static void read_next(struct act_reading *r);

void plan_reading_drop(struct sl_plan *p)
{
  sl_ws_unwatch(p->w, p->watch); /* one that has ended is ignored */
  p->watch.v = 0;
  sl_free(p->reading);
  p->reading = NULL;
}

static void read_end(struct act_reading *r, int rc)
{
  struct sl_plan *p = r->p;
  void (*then)(struct sl_plan *, int) = r->then;
  plan_reading_drop(p);
  then(p, rc);
}

static void on_row(void *user, sl_watch id, const struct sl_answer *a)
{
  struct act_reading *r = user;
  struct sl_plan *p = r->p;
  struct sl_batch *b = NULL;
  (void)id;
  if (!a->done)
    return;
  int rc = SL_OK;
  if (a->nsrc && a->src[0].state == SL_FAILED) {
    p->err = a->src[0].err;
    rc = p->err.code ? p->err.code : SL_EIO;
  } else if (a->snap && sl_snap_count(a->snap)) {
    rc = sl_snap_page(a->snap, 0, SL_BATCH_ROWS, &b, NULL, NULL, &p->err);
  }
  uint32_t row = 0, n = b ? sl_batch_count(b) : 0;
  while (row < n && (sl_snap_struck(a->snap, row) || !sl_str_eq(sl_batch_id(b, row), p->call.targets[p->at].id)))
    row++; /* one that the last answer did not repeat is still there, struck out */
  if (!rc && row == n)
    rc = sl_err_set(&p->err, SL_ENOENT, "%.*s is gone", SL_ARG(p->call.targets[p->at].id));
  if (!rc)
    rc = r->each(p, p->at, b, row);
  sl_batch_unref(b);
  p->watch.v = 0; /* asked once: it ends by itself */
  if (rc) {
    read_end(r, rc);
    return;
  }
  p->at++;
  read_next(r);
}

static int read_one(struct act_reading *r, struct sl_err *err)
{
  struct sl_plan *p = r->p;
  const struct sl_ref *t = &p->call.targets[p->at];
  struct sl_query like = {.res = p->call.res, .kind = SL_Q_GET, .conn = t->conn, .scope = t->id, .total_ms = ACT_READ_MS}, *q = NULL;
  int rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = sl_ws_query(p->w, q, true, on_row, r, &p->watch, err);
  sl_query_unref(q);
  return rc;
}

static void read_next(struct act_reading *r)
{
  struct sl_plan *p = r->p;
  if (p->at == p->call.ntargets) {
    read_end(r, SL_OK);
    return;
  }
  int rc = read_one(r, &p->err);
  if (rc)
    read_end(r, rc);
}

int act_read_targets(struct sl_plan *p, int (*each)(struct sl_plan *p, size_t target, struct sl_batch *b, uint32_t row),
                     void (*then)(struct sl_plan *p, int rc), struct sl_err *err)
{
  struct act_reading *r = sl_calloc(1, sizeof *r);
  if (!r)
    return sl_err_nomem(err);
  *r = (struct act_reading){ p, each, then };
  p->reading = r;
  p->at = 0;
  int rc = read_one(r, err);
  if (rc)
    plan_reading_drop(p);
  return rc;
}

/* ---- guards ---- */

static const char *const state_only[] = {"state", NULL};

void val_words(struct sl_buf *b, const struct sl_val *v)
{
  if (v->null)
    sl_buf_z(b, "not set");
  else
    sl_val_text(b, v);
}

bool val_is(const struct sl_val *a, const struct sl_val *b)
{
  if (a->null || b->null)
    return a->null == b->null;
  return sl_val_eq(a, b);
}

static int guard_add(struct sl_plan *p, size_t target, const char *col, const struct sl_val *v)
{
  struct sl_buf b;
  int rc = sl_grow((void **)&p->guard, &p->cap_guard, p->nguard + 1, sizeof *p->guard, ACT_TARGETS * 8, &p->err);
  if (rc)
    return rc;
  struct act_guard g = {target, col, *v, NULL};
  sl_buf_init(&b, 4096);
  if (p->call.ntargets > 1)
    sl_buf_printf(&b, "%.*s: ", SL_ARG(p->call.targets[target].id));
  sl_buf_printf(&b, "%s is ", col);
  val_words(&b, v);
  rc = plan_val_copy(&p->arena, &g.was) || plan_text(p, &g.words, sl_buf_view(&b)) ? sl_err_nomem(&p->err) : SL_OK;
  sl_buf_free(&b);
  if (!rc)
    p->guard[p->nguard++] = g;
  return rc;
}

int plan_guard_words(struct sl_plan *p, const char *words, struct sl_err *err)
{
  struct act_guard g = { .was = sl_null(SL_TEXT) };
  int rc = sl_grow((void **)&p->guard, &p->cap_guard, p->nguard + 1, sizeof *p->guard, ACT_TARGETS * 8, err);
  if (!rc)
    rc = plan_text(p, &g.words, sl_str(words)) ? sl_err_nomem(err) : SL_OK;
  if (!rc)
    p->guard[p->nguard++] = g;
  return rc;
}

static int when_check(struct sl_plan *p, struct sl_batch *b, uint32_t row)
{
  struct sl_filter *f = NULL;
  uint8_t keep[SL_BATCH_ROWS] = {0};
  if (!p->call.act->when)
    return SL_OK;
  int rc = sl_filter_parse(&f, sl_str(p->call.act->when), sl_ws_now(p->w), NULL, &p->err);
  if (!rc)
    rc = sl_filter_run(f, b, keep, &p->err);
  if (!rc && !keep[row])
    rc = sl_err_set(&p->err, SL_ECONFLICT, "cannot %s %.*s: only when %s", p->call.act->name, SL_ARG(p->call.targets[p->at].id),
        p->call.act->when);
  sl_filter_unref(f);
  return rc;
}

/* `tags.{key}`: of the key that the argument names. */
static const char *guard_col(struct sl_plan *p, const char *pattern)
{
  const char *open = strchr(pattern, '{');
  const struct sl_action *act = p->call.act;
  if (!open)
    return pattern;
  struct sl_str name = sl_strn(open + 1, strlen(open + 1) - 1);
  for (size_t i = 0; i < act->nargs; i++) {
    if (!sl_str_eqz(name, act->args[i].name) || p->call.args[i].null || !is_text(p->call.args[i].type))
      continue;
    char *whole = sl_asprintf("%.*s%.*s", (int)(open - pattern), pattern, SL_ARG(p->call.args[i].u.s));
    char *kept = whole ? sl_arena_strndup(&p->arena, whole, strlen(whole)) : NULL;
    sl_free(whole);
    return kept;
  }
  return pattern;
}

/* What the guards held goes with the call: a backend that can compare does it in the same step. */
static int held_make(struct sl_plan *p)
{
  struct sl_expect *e = sl_arena_alloc(&p->arena, (p->nguard + 1) * sizeof *e);
  size_t n = 0;
  for (size_t i = 0; e && i < p->nguard; i++)
    if (p->guard[i].col)
      e[n++] = (struct sl_expect){ p->call.targets[p->guard[i].target], p->guard[i].col, p->guard[i].was };
  p->call.held = e;
  p->call.nheld = n;
  return e ? SL_OK : sl_err_nomem(&p->err);
}

static int target_seen(struct sl_plan *p, size_t target, struct sl_batch *b, uint32_t row)
{
  const char *const *cols = p->call.act->guards ? p->call.act->guards : state_only;
  int rc = when_check(p, b, row);
  for (; *cols && !rc; cols++) {
    struct sl_val v;
    const char *col = guard_col(p, *cols);
    if (!col)
      return sl_err_nomem(&p->err);
    if (act_cell(b, row, col, &v))
      rc = guard_add(p, target, col, &v);
  }
  return rc ? rc : judge_seen(p, target, b, row);
}

/* ---- the backend's exact calls ---- */

static int dry_doc(void *user, struct sl_str json)
{
  struct sl_plan *p = user;
  json_t *j = NULL;
  int rc = sl_json_load(&j, json, false, &p->err);
  const json_t *calls = json_object_get(j, "calls");
  for (size_t i = 0; i < json_array_size(calls) && !rc; i++) {
    const char *z = json_string_value(json_array_get(calls, i));
    rc = z ? SL_OK : sl_err_set(&p->err, SL_EPROTO, "%s told its calls in a form that is not understood", p->conn);
    if (!rc)
      rc = sl_grow((void **)&p->line, &p->cap_line, p->nline + 1, sizeof *p->line, ACT_CALLS, &p->err);
    if (!rc) {
      p->line[p->nline] = NULL;
      rc = plan_text(p, &p->line[p->nline], sl_str(z));
      p->nline += !rc;
    }
  }
  struct sl_str undo = sl_json_str(j, "undo");
  if (!rc && undo.n)
    rc = plan_text(p, &p->undo, undo);
  p->call.settled = sl_json_str(j, "settled");
  rc = rc ? rc : str_copy(&p->arena, &p->call.settled);
  if (rc == SL_ENOMEM)
    sl_err_nomem(&p->err);
  json_decref(j);
  p->rc = p->rc ? p->rc : rc; /* half of its calls is not what a person may agree to */
  return rc;
}

static void planned_tell(struct sl_plan *p, int rc)
{
  sl_planned *fn = p->planned;
  void *user = p->user;
  struct sl_err err = p->err;
  struct sl_plan *take = p;
  plan_unlink(p);
  p->err = (struct sl_err){ 0 };
  if (rc) {
    sl_plan_free(p);
    take = NULL;
    err.code = rc;
    if (!err.msg[0])
      snprintf(err.msg, sizeof err.msg, "%s", sl_code_words(rc));
  }
  fn(user, &take, rc ? &err : NULL);
  sl_plan_free(take); /* not taken */
}

/* What must be typed: in a protected environment the target's own name, unless nothing can go wrong. */
int plan_must_type(struct sl_plan *p)
{
  const struct sl_ws_conf *c = sl_ws_config(p->w);
  if (!c || !sl_ws_conf_protected(c) || p->call.act->risk == SL_SAFE)
    return SL_OK;
  char many[32];
  snprintf(many, sizeof many, "%zu %.20s", p->call.ntargets, p->call.res->name);
  struct sl_str name = p->call.targets[0].id;
  ptrdiff_t slash = sl_str_rchr(name, '/');
  if (p->call.res == &sl_res_versions && slash > 0) /* readmission/7: the model is what must be known */
    name = sl_str_head(name, (size_t)slash);
  return plan_text(p, &p->must, p->call.ntargets > 1 ? sl_str(many) : name);
}

static void arg_words(struct sl_buf *b, const struct sl_arg *a, const struct sl_val *v)
{
  struct sl_buf text;
  sl_buf_init(&text, 1 << 16);
  if (v->type == SL_LIST) {
    struct sl_str rest = v->u.s, one;
    while (sl_list_next(&rest, &one)) {
      sl_buf_clear(&text);
      sl_buf_printf(&text, "%s=%.*s", a->name, SL_ARG(one));
      sl_buf_z(b, " -p ");
      sl_fmt_shell(b, sl_buf_view(&text));
    }
  } else {
    sl_buf_printf(&text, "%s=", a->name);
    sl_val_text(&text, v);
    sl_buf_z(b, " -p ");
    sl_fmt_shell(b, sl_buf_view(&text));
  }
  sl_buf_free(&text);
}

/* The equal command line: `act` reaches every action. */
static int command_make(struct sl_plan *p)
{
  struct sl_buf b, ref;
  sl_buf_init(&b, 1 << 20);
  sl_buf_init(&ref, 1 << 16);
  sl_buf_printf(&b, "sluice act %s.%s", p->call.res->name, p->call.act->name);
  for (size_t i = 0; i < p->call.ntargets; i++) {
    sl_buf_clear(&ref);
    sl_ref_text(&ref, &p->call.targets[i]);
    sl_buf_ch(&b, ' ');
    sl_fmt_shell(&b, sl_buf_view(&ref));
    b.failed = b.failed ? b.failed : ref.failed;
  }
  for (size_t i = 0; i < p->call.act->nargs; i++)
    if (!p->call.args[i].null && !p->call.act->args[i].computed)
      arg_words(&b, &p->call.act->args[i], &p->call.args[i]);
  int rc = b.failed ? b.failed : plan_text(p, &p->command, sl_buf_view(&b));
  sl_buf_free(&b);
  sl_buf_free(&ref);
  return rc;
}

static void dry_end(void *user, int rc, const char *cut, const struct sl_err *err)
{
  struct sl_plan *p = user;
  (void)cut;
  p->req = NULL;
  rc = p->rc ? p->rc : rc;
  p->rc = SL_OK;
  if (rc && err && !p->err.msg[0])
    p->err = *err;
  if (!rc && !p->nline)
    rc = sl_err_set(&p->err, SL_EINTERNAL, "%s did not say what it would do", p->conn);
  if (!rc && !p->undo && p->call.act->undo)
    rc = plan_text(p, &p->undo, sl_str(p->call.act->undo));
  if (!rc && (plan_must_type(p) || command_make(p)))
    rc = sl_err_nomem(&p->err);
  planned_tell(p, rc);
}

void plan_judged(struct sl_plan *p, int rc)
{
  static const struct ws_req_sink sink = {.doc = dry_doc, .end = dry_end};
  rc = rc ? rc : plan_conn(p, &p->err);
  rc = rc ? rc : held_make(p);
  if (rc) {
    planned_tell(p, rc);
    return;
  }
  p->dry = p->call;
  p->dry.dry = true;
  const struct ws_req_spec spec = {.kind = WS_REQ_CALL, .b = p->b, .verb = p->verb, .res = p->call.res, .call = &p->dry,
    .total_ms = ACT_READ_MS, .sink = &sink, .user = plan_ref(p), .release = plan_unref};
  rc = ws_req_start(&p->req, &spec, &p->err);
  if (rc)
    planned_tell(p, rc);
}

static void targets_read(struct sl_plan *p, int rc)
{
  if (!rc && p->call.act->judged)
    judge_prepare(p);
  else
    plan_judged(p, rc);
}

/* An action with no guard at all (a file that is yet to be written) has no row to read. */
static void targets_skip(void *user)
{
  struct sl_plan *p = user;
  if (!p->closing)
    targets_read(p, SL_OK);
  plan_unref(p);
}

static int plan_begin(struct sl_plan *p, struct sl_err *err)
{
  if (!p->call.act->guards || p->call.act->guards[0])
    return act_read_targets(p, target_seen, targets_read, err);
  int rc = sl_loop_later(p->w->l, targets_skip, plan_ref(p), err);
  if (rc)
    p->refs--;
  return rc;
}

/* What an earlier session left open on this connection is asked first: it may be what this plan is about to do again. */
static void reconciled(void *user, size_t open, size_t settled)
{
  struct sl_plan *p = user;
  (void)open;
  (void)settled;
  int rc = plan_begin(p, &p->err);
  if (rc)
    planned_tell(p, rc);
}

int sl_ws_plan(struct sl_ws *w, const struct sl_call *c, sl_planned *fn, void *user, struct sl_err *err)
{
  struct ws_act *state;
  struct sl_plan *p = NULL;
  int rc = act_state(w, &state, err);
  if (!rc)
    rc = plan_new(&p, w, c, err);
  if (rc)
    return rc;
  p->planned = fn;
  p->user = user;
  bool first = !p->b->reconciled;
  rc = first ? act_rec_start(w, p->conn, reconciled, p, err) : plan_begin(p, err);
  if (rc) {
    sl_plan_free(p);
    return rc;
  }
  p->b->reconciled = true;
  plan_link(p);
  return SL_OK;
}

/* ---- what a confirmation shows ---- */

const struct sl_action *sl_plan_action(const struct sl_plan *p) { return p->call.act; }

struct sl_val sl_plan_arg(const struct sl_plan *p, const char *name)
{
  const struct sl_action *a = p->call.act;
  for (size_t i = 0; i < a->nargs; i++)
    if (!strcmp(a->args[i].name, name))
      return p->call.args[i];
  return sl_null(SL_TEXT);
}

size_t sl_plan_calls(const struct sl_plan *p) { return p->nline; }
const char *sl_plan_call(const struct sl_plan *p, size_t i) { return i < p->nline ? p->line[i] : ""; }
const char *sl_plan_undo(const struct sl_plan *p) { return p->undo; }
size_t sl_plan_guards(const struct sl_plan *p) { return p->nguard; }
const char *sl_plan_guard(const struct sl_plan *p, size_t i) { return i < p->nguard ? p->guard[i].words : ""; }
const char *sl_plan_must_type(const struct sl_plan *p) { return p->must; }
const char *sl_plan_command(const struct sl_plan *p) { return p->command; }
size_t sl_plan_targets(const struct sl_plan *p) { return p->call.ntargets; }
const struct sl_ref *sl_plan_target(const struct sl_plan *p, size_t i) { return &p->call.targets[i]; }
