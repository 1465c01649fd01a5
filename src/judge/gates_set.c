/* judge/gates_set.c: the policy's gates over the facts: rows that can be kept. */
#include <stdio.h>

#include "judge/gates_int.h"

void gates_set_free(struct gates_set *s)
{
  if (!s)
    return;
  sl_arena_free(&s->mem);
  sl_free(s);
}

void sl_gates_free(struct sl_gates *g)
{
  gates_set_free((struct gates_set *)g); /* its first member */
}

static const char *keep(struct gates_set *s, const char *text)
{
  return sl_arena_strndup(&s->mem, text, strlen(text));
}

static struct gates_set *set_new(size_t n)
{
  struct gates_set *s = sl_calloc(1, sizeof *s);
  if (!s)
    return NULL;
  sl_arena_init(&s->mem, 0);
  s->row = sl_arena_alloc(&s->mem, (n + 1) * sizeof *s->row);
  s->g.row = s->row;
  return s;
}

static int row_put(struct gates_set *s, const struct sl_gate_row *like, struct sl_err *err)
{
  struct sl_gate_row *r = &s->row[s->g.n];
  *r = (struct sl_gate_row){ keep(s, like->name), like->state, keep(s, like->value), keep(s, like->needs), keep(s, like->evidence),
                             keep(s, like->why), like->advised };
  if (!r->name || !r->value || !r->needs || !r->evidence || !r->why)
    return sl_err_nomem(err);
  s->g.n++;
  return SL_OK;
}

static int head_put(struct gates_set *s, const struct sl_gates *like, struct sl_err *err)
{
  struct sl_gate_row *row = s->row;
  s->g = *like;
  s->g.row = row;
  s->g.n = 0;
  s->g.conn = keep(s, like->conn);
  s->g.model = keep(s, like->model);
  s->g.alias = keep(s, like->alias);
  s->g.present = keep(s, like->present);
  return row && s->g.conn && s->g.model && s->g.alias && s->g.present ? SL_OK : sl_err_nomem(err);
}

int sl_gates_copy(struct sl_gates **out, const struct sl_gates *g, struct sl_err *err)
{
  struct gates_set *s = set_new(g->n);
  int rc = s ? head_put(s, g, err) : sl_err_nomem(err);
  for (size_t i = 0; i < g->n && !rc; i++)
    rc = row_put(s, &g->row[i], err);
  *out = rc ? NULL : &s->g;
  if (rc)
    gates_set_free(s);
  return rc;
}

/* ---- judging ---- */

static enum sl_gate_state worse(enum sl_gate_state a, enum sl_gate_state b)
{
  static const int rank[] = { [SL_GATE_PASS] = 0, [SL_GATE_UNKNOWN] = 1, [SL_GATE_FAIL] = 2 };
  return rank[b] > rank[a] ? b : a;
}

static int judge_one(struct gates_set *s, struct facts *f, const struct sl_gate_conf *gc, struct sl_err *err)
{
  struct sl_gate *gate = NULL;
  struct sl_gate_result r = { .state = SL_GATE_UNKNOWN };
  int rc = sl_gate_parse(&gate, sl_str(gc->pass), err);
  if (rc)
    return rc;
  sl_gate_run(gate, facts_ask, f, gc->first, &r);
  sl_gate_free(gate);
  s->g.worst = worse(s->g.worst, r.state);
  return row_put(s, &(struct sl_gate_row){ gc->name, r.state, r.value, r.needs, r.source, r.why, false }, err);
}

/* Of evidence that holds; without any, of the files themselves where the registry has read them. */
static void artifact_digest(const struct facts_side *s, char out[65])
{
  struct sl_val d = facts_cell(&s->v, "digest"), from = facts_cell(&s->v, "digest_from");
  snprintf(out, 65, "%s", facts_artifact_digest(s));
  if (!out[0] && !d.null && d.u.s.n == 64 && !from.null && sl_str_eqz(from.u.s, "files"))
    snprintf(out, 65, "%.*s", SL_ARG(d.u.s));
}

static int judge_eyes(struct gates_set *s, const struct facts *f, const struct gates_ask *q, struct sl_err *err)
{
  struct gates_eyes e;
  int rc = gates_eyes(&e, &f->own.v, q, err);
  if (rc || !e.judged)
    return rc;
  s->g.worst = worse(s->g.worst, e.is.state);
  char why[sizeof e.is.why + 20];
  snprintf(why, sizeof why, "%s%s", e.advised ? "only advised: " : "", e.is.why);
  return row_put(s, &(struct sl_gate_row){ SL_EYES_GATE, e.is.state, e.is.value, "two people", e.is.evidence, why, e.advised }, err);
}

int gates_judge(struct gates_set **out, struct facts *f, const struct gates_ask *q, struct sl_err *err)
{
  char present[24] = "";
  const struct sl_model_conf *m = q->m;
  if (f->champion.there)
    snprintf(present, sizeof present, "%lld", (long long)f->champion.version);
  struct sl_gates head = { .conn = q->conn, .model = m->name, .version = f->own.version, .alias = q->to, .present = present,
                           .worst = SL_GATE_PASS };
  struct gates_set *s = *out = set_new(m->ngates + 1);
  facts_evidence_digest(&f->own, head.evidence);
  artifact_digest(&f->own, head.digest);
  int rc = s ? sl_ws_conf_policy(q->c, m, head.policy, err) : sl_err_nomem(err);
  rc = rc ? rc : head_put(s, &head, err);
  for (size_t i = 0; i < m->ngates && !rc; i++)
    rc = judge_one(s, f, &m->gates[i], err);
  return rc ? rc : judge_eyes(s, f, q, err);
}
