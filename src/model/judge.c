/* model/judge.c: a judged action between its plan and whoever knows the rules (model/judge.h). The judging lives in the plan; the workspace
 * keeps a list, so that a judge who leaves, or a workspace that closes, finds them all. */
#include "model/judge.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "model/act_int.h"

enum { NOTES_MAX = 16 << 10, NAME_MAX = 64, STATEMENT_KEY_MAX = 200 /* MLflow takes 250 */ };

static int no_rules(struct sl_err *err)
{
  return sl_err_set(err, SL_EUNSUP, "no rules are loaded, so this cannot be judged");
}

bool sl_ws_offers(const struct sl_ws *w, const struct sl_action *act)
{
  return !act->judged || w->judge;
}

/* ---- life ---- */

static void list_leave(struct sl_judging *j)
{
  struct sl_judging **at = &j->p->w->judgings;
  while (*at && *at != j)
    at = &(*at)->next;
  if (*at)
    *at = j->next;
  j->next = NULL;
}

/* Tells the judge once that there is nothing more to say. */
static void leave(struct sl_judging *j)
{
  const struct sl_judge_ops *ops = j->ops;
  if (!ops)
    return;
  list_leave(j);
  judge_tag_drop(j);
  ops->drop(j->user, j);
  j->ops = NULL;
  j->own = NULL;
}

void judge_free(struct sl_plan *p)
{
  struct sl_judging *j = &p->judging;
  leave(j);
  for (size_t i = 0; j->seen && i < p->call.ntargets; i++)
    sl_batch_unref(j->seen[i].b);
  sl_free(j->seen);
  sl_buf_free(&j->notes);
}

void judges_close(struct sl_ws *w)
{
  while (w->judgings)
    leave(w->judgings);
}

/* ---- what the targets hold ---- */

int judge_seen(struct sl_plan *p, size_t target, struct sl_batch *b, uint32_t row)
{
  struct sl_judging *j = &p->judging;
  if (!p->call.act->judged)
    return SL_OK;
  if (!j->seen)
    j->seen = sl_calloc(p->call.ntargets, sizeof *j->seen);
  if (!j->seen)
    return sl_err_nomem(&p->err);
  sl_batch_unref(j->seen[target].b);
  j->seen[target].b = sl_batch_ref(b);
  j->seen[target].row = row;
  return SL_OK;
}

bool act_cell(const struct sl_batch *b, uint32_t row, const char *col, struct sl_val *out)
{
  struct sl_schema *schema = sl_batch_schema(b);
  int c = sl_schema_find(schema, sl_str(col));
  const char *dot = strchr(col, '.');
  uint32_t id;
  *out = sl_null(SL_TEXT);
  if (c >= 0) {
    *out = sl_batch_get(b, row, (unsigned)c);
    return !(sl_schema_col(schema, (size_t)c)->flags & SL_COL_LIVE);
  }
  c = dot ? sl_schema_find(schema, sl_strn(col, (size_t)(dot - col))) : -1;
  enum sl_type t = c < 0 ? SL_TEXT : sl_schema_col(schema, (size_t)c)->type;
  if (t != SL_FAMILY_TEXT && t != SL_FAMILY_F64)
    return false;
  if (sl_keys_find(sl_schema_keys(schema), sl_str(dot + 1), &id))
    *out = sl_batch_get_key(b, row, (unsigned)c, id);
  return true;
}

struct sl_val sl_judging_cell(const struct sl_judging *j, size_t target, const char *col)
{
  const struct act_seen *s = j->seen && target < j->p->call.ntargets ? &j->seen[target] : NULL;
  struct sl_val v = sl_null(SL_TEXT);
  if (s && s->b)
    (void)act_cell(s->b, s->row, col, &v);
  return v;
}

/* ---- what the judge says ---- */

const struct sl_call *sl_judging_call(const struct sl_judging *j) { return &j->p->call; }
struct sl_ws *sl_judging_ws(const struct sl_judging *j) { return j->p->w; }
void sl_judging_set_user(struct sl_judging *j, void *own) { j->own = own; }
void *sl_judging_user(const struct sl_judging *j) { return j->own; }
int sl_judging_rc(const struct sl_judging *j) { return j->p->rc; }

static int preparing(const struct sl_judging *j, struct sl_err *err)
{
  return j->stage == JUDGE_PREPARE && !j->ended ? SL_OK : sl_err_set(err, SL_EINTERNAL, "said at the wrong time");
}

int sl_judging_arg(struct sl_judging *j, const char *name, struct sl_val v, struct sl_err *err)
{
  struct sl_plan *p = j->p;
  const struct sl_action *act = p->call.act;
  int rc = preparing(j, err);
  for (size_t i = 0; i < act->nargs && !rc; i++) {
    if (strcmp(act->args[i].name, name) != 0)
      continue;
    if ((!act->args[i].computed && !p->args[i].null) || (!v.null && !plan_arg_fits(&act->args[i], &v)))
      break;
    if (plan_val_copy(&p->arena, &v))
      return sl_err_nomem(err);
    p->args[i] = v;
    return SL_OK;
  }
  return rc ? rc : sl_err_set(err, SL_EINTERNAL, "%s has no argument %s of that type to be filled in", act->name, name);
}

int sl_judging_guard(struct sl_judging *j, const char *words, struct sl_err *err)
{
  int rc = preparing(j, err);
  return rc ? rc : plan_guard_words(j->p, words, err);
}

int sl_judging_note(struct sl_judging *j, const char *words, struct sl_err *err)
{
  if (j->notes.n)
    sl_buf_z(&j->notes, "; ");
  sl_buf_z(&j->notes, words);
  return sl_buf_check(&j->notes, err);
}

/* ---- the two stages ---- */

static void refused_written(struct sl_plan *p, int rc, const struct sl_err *err)
{
  if (rc) { /* the refusal stands all the same */
    struct sl_err was = p->err;
    sl_err_set(&p->err, SL_EBREACH, "%.150s; and that could not be written down: %.80s", was.msg, err ? err->msg : "");
  } else {
    sl_ws_stale(p->w, &sl_res_audit);
  }
  plan_judged(p, SL_EBREACH);
}

static void refused_done(void *user, int rc, const struct sl_err *err)
{
  struct sl_plan *p = user;
  if (act_job_over(p))
    refused_written(p, rc, err);
}

static void refused_write(struct sl_plan *p)
{
  static const struct sl_job_ops ops = { .work = act_append_work, .done = refused_done };
  struct sl_err err = { 0 };
  act_fields(p, "refused");
  sl_buf_z(&p->fields, ",\"outcome\":\"refused\"");
  act_detail(p, "refused");
  int rc = act_append(p, &ops, &err);
  if (rc)
    refused_written(p, rc, &err);
}

static int computed_check(struct sl_plan *p)
{
  for (size_t i = 0; i < p->call.act->nargs; i++)
    if (p->call.act->args[i].computed && p->call.act->args[i].required && p->call.args[i].null)
      return sl_err_set(&p->err, SL_EINTERNAL, "the rules did not say %s", p->call.act->args[i].name);
  return SL_OK;
}

static void go_on(struct sl_judging *j)
{
  struct sl_plan *p = j->p;
  enum judge_stage was = j->stage;
  int rc = j->rc;
  j->stage = JUDGE_IDLE;
  if (was == JUDGE_LET_GO) {
    act_let_go(p);
    return;
  }
  if (rc) {
    p->err = j->err;
    if (!p->err.msg[0])
      sl_err_set(&p->err, rc, "%s", sl_code_words(rc));
    p->err.code = rc;
  }
  if (!rc && was == JUDGE_PREPARE)
    rc = computed_check(p);
  if (was == JUDGE_HOLD)
    act_held(p, rc);
  else if (was == JUDGE_RECHECK)
    act_judged(p, rc);
  else if (rc == SL_EBREACH && !p->call.ask_only)
    refused_write(p);
  else
    plan_judged(p, rc);
}

void sl_judging_end(struct sl_judging *j, int rc, const struct sl_err *err)
{
  sl_assert(j->stage != JUDGE_IDLE && !j->ended);
  if (j->stage == JUDGE_IDLE || j->ended)
    return;
  j->ended = true;
  j->rc = rc;
  j->err = rc && err ? *err : (struct sl_err){ 0 };
  if (!j->inside) /* else when it has returned: the plan may die of it */
    go_on(j);
}

/* The plan may be gone when this returns. */
static void stage(struct sl_judging *j, enum judge_stage at, void (*ask)(void *user, struct sl_judging *j))
{
  j->stage = at;
  j->ended = false;
  j->inside = true;
  ask(j->user, j);
  j->inside = false;
  if (j->ended)
    go_on(j);
}

void judge_prepare(struct sl_plan *p)
{
  struct sl_judging *j = &p->judging;
  struct sl_ws *w = p->w;
  if (!w->judge) {
    plan_judged(p, no_rules(&p->err));
    return;
  }
  *j = (struct sl_judging){ .p = p, .ops = w->judge, .user = w->judge_user, .seen = j->seen, .next = w->judgings };
  sl_buf_init(&j->notes, NOTES_MAX);
  w->judgings = j;
  stage(j, JUDGE_PREPARE, j->ops->prepare);
}

void judge_recheck(struct sl_plan *p)
{
  struct sl_judging *j = &p->judging;
  if (j->ops)
    stage(j, JUDGE_RECHECK, j->ops->recheck);
  else
    act_judged(p, no_rules(&p->err)); /* who prepared it has left */
}

void judge_hold(struct sl_plan *p)
{
  struct sl_judging *j = &p->judging;
  j->held = j->ops != NULL;
  if (j->ops && j->ops->hold)
    stage(j, JUDGE_HOLD, j->ops->hold);
  else
    act_held(p, SL_OK); /* who has left is missed at the recheck */
}

void judge_let_go(struct sl_plan *p)
{
  struct sl_judging *j = &p->judging;
  if (j->ops && j->ops->let_go && j->held)
    stage(j, JUDGE_LET_GO, j->ops->let_go);
  else
    act_let_go(p);
}

void judge_told(struct sl_plan *p)
{
  struct sl_judging *j = &p->judging;
  if (j->ops && j->ops->told && j->held)
    j->ops->told(j->user, j);
}

void sl_ws_judge(struct sl_ws *w, const struct sl_judge_ops *ops, void *user)
{
  const struct sl_judge_ops *before = w->judge;
  void *its = w->judge_user;
  w->judge = ops;
  w->judge_user = user;
  while (w->judgings) {
    struct sl_judging *j = w->judgings;
    leave(j);
    if (j->stage == JUDGE_IDLE || j->ended)
      continue;
    struct sl_err e = { 0 };
    int rc = no_rules(&e);
    sl_judging_end(j, rc, &e);
  }
  if (before && before->close)
    before->close(its);
}

/* ---- where a statement lies ---- */

static bool plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; }

int sl_statement_key(struct sl_buf *out, struct sl_str person, struct sl_err *err)
{
  size_t need = 0;
  for (size_t i = 0; i < person.n; i++)
    need += plain(person.p[i]) ? 1 : 3;
  sl_buf_z(out, "approval.statement.");
  if (need > STATEMENT_KEY_MAX) { /* `_-` begins no escape */
    char hex[65];
    struct sl_sha256 d = sl_sha256(person);
    sl_sha256_hex(&d, hex);
    sl_buf_printf(out, "_-%s", hex);
  }
  for (size_t i = 0; i < person.n && need <= STATEMENT_KEY_MAX; i++)
    if (plain(person.p[i]))
      sl_buf_ch(out, person.p[i]);
    else
      sl_buf_printf(out, "_%02x", (unsigned)(unsigned char)person.p[i]);
  return sl_buf_check(out, err);
}
