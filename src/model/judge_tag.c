/* model/judge_tag.c: a tag that a judge sets or removes while an action of its is under way (a lease that is kept in the registry): by the
 * same verb as everybody's, under the intent that is written already. */
#include "base/hash.h"
#include "model/act_int.h"

enum { TAG_MS = 30000 };

struct judge_aside {
  unsigned refs;                     /* the judging's, the request's */
  struct sl_plan *p;
  struct sl_req *req;
  sl_judging_tagged *fn;
  void *user;
  struct sl_call call;
  struct sl_ref target;
  struct sl_val args[2];
  struct sl_expect held;
  struct sl_arena mem;
  bool told, starting, over, gone;   /* gone: nobody wants the answer */
  int rc;
  struct sl_err err;
};

static void aside_unref(void *user)
{
  struct judge_aside *a = user;
  if (--a->refs)
    return;
  sl_arena_free(&a->mem);
  sl_free(a);
}

void judge_tag_drop(struct sl_judging *j)
{
  struct judge_aside *a = j->aside;
  if (!a)
    return;
  j->aside = NULL;
  a->gone = true;
  if (!a->over)
    ws_req_drop(a->req);
  aside_unref(a);
}

static int on_did(void *user, size_t target, int rc, const struct sl_ref *ref, const struct sl_err *err)
{
  struct judge_aside *a = user;
  (void)target;
  (void)ref;
  a->told = true;
  a->rc = rc;
  a->err = rc && err ? *err : (struct sl_err){ 0 };
  return SL_OK;
}

static void tell(struct judge_aside *a)
{
  a->p->judging.aside = NULL;
  a->fn(a->user, a->rc, &a->err);
  aside_unref(a);
}

static void tell_later(void *user)
{
  struct judge_aside *a = user;
  if (!a->gone)
    tell(a);
  aside_unref(a);
}

static void on_end(void *user, int rc, const char *cut, const struct sl_err *err)
{
  struct judge_aside *a = user;
  (void)cut;
  if (!a->told) {
    a->rc = rc ? rc : SL_EUNKNOWN;
    a->err = rc && err ? *err : (struct sl_err){ 0 };
  }
  a->err.code = a->rc;
  a->over = true;
  if (!a->starting)
    tell(a);
}

static const struct sl_verb *verb_of(const struct sl_backend *b, const struct sl_action *act)
{
  const struct sl_serve *s = ws_conn_serves(b, &sl_res_models, NULL);
  for (size_t i = 0; s && i < s->nverbs; i++)
    if (s->verbs[i].act == act)
      return &s->verbs[i];
  return NULL;
}

static int keep(struct judge_aside *a, struct sl_str *out, struct sl_str s)
{
  char *p = s.p ? sl_arena_strndup(&a->mem, s.p, s.n) : NULL;
  *out = p ? sl_strn(p, s.n) : SL_STR_NONE;
  return p || !s.p ? SL_OK : SL_ENOMEM;
}

static int fill(struct judge_aside *a, struct sl_str model, struct sl_str key, struct sl_str was, struct sl_str value)
{
  struct sl_str id, name, old, new;
  char *col = sl_arena_printf(&a->mem, "tags.%.*s", SL_ARG(key));
  if (!col || keep(a, &id, model) || keep(a, &name, key) || keep(a, &old, was) || keep(a, &new, value))
    return SL_ENOMEM;
  a->target = (struct sl_ref){ .conn = sl_str(a->p->conn), .res = sl_str(sl_res_models.name), .id = id };
  a->args[0] = sl_vs(name);
  a->args[1] = sl_vs(new);
  a->held = (struct sl_expect){ a->target, col, old.p ? sl_vs(old) : sl_null(SL_TEXT) };
  a->call.act = value.p ? &sl_act_model_tag : &sl_act_model_untag;
  a->call.res = &sl_res_models;
  a->call.targets = &a->target;
  a->call.ntargets = 1;
  a->call.args = a->args;
  a->call.held = &a->held;
  a->call.nheld = 1;
  return SL_OK;
}

static int begin(struct judge_aside *a, struct sl_err *err)
{
  static const struct ws_req_sink sink = { .did = on_did, .end = on_end };
  struct sl_plan *p = a->p;
  int rc = plan_conn(p, err);
  const struct sl_verb *verb = rc ? NULL : verb_of(p->b, a->call.act);
  if (!rc && !verb)
    rc = sl_err_set(err, SL_EUNSUP, "%s cannot %s models", p->conn, a->call.act->name);
  rc = rc ? rc : sl_uuid4(a->call.token, err);
  if (rc)
    return rc;
  const struct ws_req_spec spec = { .kind = WS_REQ_CALL, .b = p->b, .verb = verb, .res = &sl_res_models, .call = &a->call,
                                    .total_ms = TAG_MS, .sink = &sink, .user = a, .release = aside_unref };
  a->refs++;
  a->starting = true;
  rc = ws_req_start(&a->req, &spec, err);
  a->starting = false;
  if (rc || !a->over)
    return rc;
  rc = sl_loop_later(p->w->l, tell_later, a, err); /* it ended at once; not inside this call */
  a->refs += !rc;
  return rc;
}

int sl_judging_tag(struct sl_judging *j, struct sl_str model, struct sl_str key, struct sl_str was, struct sl_str value,
                   sl_judging_tagged *fn, void *user, struct sl_err *err)
{
  if (!j->held || j->aside)
    return sl_err_set(err, SL_EINTERNAL, "a tag at the wrong time");
  struct judge_aside *a = sl_calloc(1, sizeof *a);
  if (!a)
    return sl_err_nomem(err);
  *a = (struct judge_aside){ .refs = 1, .p = j->p, .fn = fn, .user = user };
  sl_arena_init(&a->mem, 1 << 20);
  int rc = fill(a, model, key, was, value) ? sl_err_nomem(err) : begin(a, err);
  if (rc)
    aside_unref(a);
  else
    j->aside = a;
  return rc;
}
