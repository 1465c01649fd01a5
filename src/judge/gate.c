/* judge/gate.c: a rule over facts. One pass over the tree; what decided is remembered, so that a person reads one condition and not a
 * formula. */
#include "judge/gate.h"

#include <math.h>
#include <stdio.h>

#include "base/fmt.h"
#include "base/mem.h"

/* As they drown each other: in `and` NO before all, in `or` YES; an unknown for another reason before one for want of a champion. */
enum verdict { YES, NO, OPEN, ALONE /* no champion */ };
struct value { struct sl_val v; enum verdict state; };   /* YES: known; OPEN, ALONE: not */
/* said: why the words in at->why stand there; YES: there are none. text: facts that are texts; it never moves within a condition. */
struct run { sl_fact_fn *fact; void *user; struct sl_gate_result *at; enum verdict said; struct sl_buf text; };
enum { TEXT_MAX = 1 << 16 };
struct sl_gate { struct sl_rule *rule; };

int sl_gate_parse(struct sl_gate **out, struct sl_str text, struct sl_err *err)
{
  struct sl_gate *g = sl_calloc(1, sizeof *g);
  *out = NULL;
  if (!g)
    return sl_err_nomem(err);
  int rc = sl_rule_parse(&g->rule, text, err);
  if (rc) {
    sl_free(g);
    return rc;
  }
  *out = g;
  return SL_OK;
}

void sl_gate_free(struct sl_gate *g)
{
  if (!g)
    return;
  sl_rule_free(g->rule);
  sl_free(g);
}

bool sl_gate_champion(const struct sl_gate *g)
{
  return sl_rule_champion(g->rule);
}

const char *sl_gate_word(enum sl_gate_state s)
{
  static const char *const words[] = { [SL_GATE_PASS] = "pass", [SL_GATE_FAIL] = "fail", [SL_GATE_UNKNOWN] = "unknown" };
  return words[s];
}

/* ---- values ---- */

static struct value unknown(struct run *r, enum verdict state, struct sl_str what, const char *why)
{
  if (r->said == YES || (r->said == ALONE && state == OPEN)) {
    r->said = state;
    snprintf(r->at->why, sizeof r->at->why, "%.*s%s%s", (int)(what.n < 100 ? what.n : 100), what.n ? what.p : "", what.n ? " " : "", why);
  }
  return (struct value){ .state = state };
}

static void add_source(struct run *r, const char *source)
{
  size_t n = strlen(r->at->source);
  if (*source && !strstr(r->at->source, source))
    snprintf(r->at->source + n, sizeof r->at->source - n, "%s%s", n ? "; " : "", source);
}

static struct value of_fact(struct run *r, const struct sl_rule_node *n)
{
  static const char *const why[] = {
    [SL_FACT_MISSING] = "is missing", [SL_FACT_STALE] = "is stale", [SL_FACT_PARTIAL] = "is known only in part",
    [SL_FACT_NO_CHAMPION] = "is unknown: there is no champion",
  };
  struct sl_fact f = { .state = SL_FACT_MISSING };
  if (r->fact(r->user, n, &f))
    f.state = SL_FACT_MISSING;
  add_source(r, f.source);
  if (f.state != SL_FACT_KNOWN) {
    char words[160];
    snprintf(words, sizeof words, "%s%s%s", why[f.state], f.why[0] ? ": " : "", f.why);
    return unknown(r, f.state == SL_FACT_NO_CHAMPION ? ALONE : OPEN, n->fact, words);
  }
  if (f.v.null)
    return unknown(r, OPEN, n->fact, why[SL_FACT_MISSING]);
  if (f.v.type == SL_F64 && isnan(f.v.u.f))
    return unknown(r, OPEN, n->fact, "is NaN");
  bool number = f.v.type == SL_F64 || f.v.type == SL_I64;
  if (!number && f.v.type != SL_TEXT && f.v.type != SL_STATE && f.v.type != SL_URI && f.v.type != SL_REF)
    return unknown(r, OPEN, n->fact, "is neither a number nor a text");
  if (number)
    return (struct value){ .v = f.v };
  size_t at = r->text.n; /* borrowed no longer than the next question: kept here, by its place */
  if (f.v.u.s.n > TEXT_MAX - at)
    return unknown(r, OPEN, n->fact, "is too long to be compared");
  sl_buf_str(&r->text, f.v.u.s);
  return (struct value){ .v = sl_vs(sl_strn(r->text.p + at, r->text.n - at)) };
}

static bool as_number(const struct sl_val *v, double *out)
{
  if (v->type == SL_I64)
    *out = (double)v->u.i;
  else if (v->type == SL_F64)
    *out = v->u.f;
  else
    return sl_str_f64(v->u.s, out) && isfinite(*out);
  return true;
}

static struct value of(struct run *r, const struct sl_rule_node *n);

static enum verdict worse(enum verdict a, enum verdict b)
{
  return a == OPEN || b == OPEN ? OPEN : a == ALONE || b == ALONE ? ALONE : YES;
}

static bool number_of(struct run *r, const struct sl_rule_node *n, struct value *v, double *out)
{
  *v = of(r, n);
  if (v->state == YES && !as_number(&v->v, out))
    *v = unknown(r, OPEN, n->op == SL_R_FACT ? n->fact : SL_STR("a part of it"), "is no number");
  return v->state == YES;
}

static struct value number(struct run *r, double f)
{
  return isnan(f) ? unknown(r, OPEN, SL_STR_NONE, "the sum comes to no number") : (struct value){ .v = sl_vf(f) };
}

static struct value of_two(struct run *r, const struct sl_rule_node *n)
{
  struct value a, b;
  double x = 0, y = 0;
  bool both = number_of(r, n->a, &a, &x);
  both = number_of(r, n->b, &b, &y) && both;
  if (!both)
    return (struct value){ .state = worse(a.state, b.state) };
  if (n->op == SL_R_DIV && y == 0) /* not infinity: a share of nothing is no share */
    return unknown(r, OPEN, SL_STR_NONE, "it divides by zero");
  return number(r, n->op == SL_R_ADD ? x + y : n->op == SL_R_SUB ? x - y : n->op == SL_R_MUL ? x * y : x / y);
}

static struct value of_list(struct run *r, const struct sl_rule_node *n)
{
  double best = 0, x = 0;
  enum verdict state = YES;
  for (const struct sl_rule_node *i = n->a; i; i = i->next) {
    struct value v;
    if (!number_of(r, i, &v, &x))
      state = worse(state, v.state);
    else if (i == n->a || (n->op == SL_R_MIN ? x < best : x > best))
      best = x;
  }
  return state == YES ? number(r, best) : (struct value){ .state = state };
}

static struct value of(struct run *r, const struct sl_rule_node *n)
{
  struct value v;
  double x = 0;
  switch (n->op) {
  case SL_R_VALUE: return (struct value){ .v = n->v };
  case SL_R_FACT: return of_fact(r, n);
  case SL_R_NEG:
  case SL_R_ABS:
    if (!number_of(r, n->a, &v, &x))
      return v;
    return number(r, n->op == SL_R_NEG ? -x : fabs(x));
  case SL_R_MIN:
  case SL_R_MAX: return of_list(r, n);
  default: return of_two(r, n);
  }
}

/* ---- conditions ---- */

static void show(char *out, size_t size, const char *before, const struct sl_val *v)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_val_text(&b, v);
  struct sl_str s = sl_buf_view(&b);
  snprintf(out, size, "%s%.*s", before, (int)(s.n < size ? s.n : size), s.p);
  sl_buf_free(&b);
}

/* As numbers where both are; texts by bytes. A text in quotes is never a number. */
static int compare(const struct sl_val *a, const struct sl_val *b, bool facts)
{
  double x, y;
  bool whole = a->type == SL_I64 && b->type == SL_I64, texts = a->type == SL_TEXT && b->type == SL_TEXT;
  if (!whole && (!texts || facts) && as_number(a, &x) && as_number(b, &y))
    return (x > y) - (x < y);
  return sl_val_cmp(a, b);
}

/* A text that is no number is neither more nor less than one. */
static bool ordered(enum sl_rule_op op, const struct sl_val *a, const struct sl_val *b)
{
  double x;
  return op == SL_R_EQ || op == SL_R_NE || (a->type == SL_TEXT) == (b->type == SL_TEXT) || as_number(a->type == SL_TEXT ? a : b, &x);
}

static bool holds(enum sl_rule_op op, int c)
{
  switch (op) {
  case SL_R_EQ: return c == 0;
  case SL_R_NE: return c != 0;
  case SL_R_LT: return c < 0;
  case SL_R_LE: return c <= 0;
  case SL_R_GT: return c > 0;
  default: return c >= 0;
  }
}

static enum verdict in_list(struct run *r, const struct sl_rule_node *n, const struct sl_val *v)
{
  enum verdict state = NO;
  for (const struct sl_rule_node *i = n->b; i; i = i->next) {
    struct value one = of(r, i);
    if (one.state == YES && !compare(v, &one.v, n->a->op == SL_R_FACT && i->op == SL_R_FACT))
      return n->op == SL_R_IN ? YES : NO;
    if (one.state != YES)
      state = state == NO ? one.state : worse(state, one.state);
  }
  return state != NO ? state : n->op == SL_R_IN ? NO : YES;
}

static enum verdict compared(struct run *r, const struct sl_rule_node *n, const struct value *a)
{
  static const char *const signs[] = {
    [SL_R_EQ] = "= ", [SL_R_NE] = "!= ", [SL_R_LT] = "< ", [SL_R_LE] = "<= ", [SL_R_GT] = "> ", [SL_R_GE] = ">= ",
  };
  struct value b = of(r, n->b);
  if (b.state == YES)
    show(r->at->needs, sizeof r->at->needs, signs[n->op], &b.v);
  if (a->state != YES || b.state != YES)
    return worse(a->state, b.state);
  if (!ordered(n->op, &a->v, &b.v))
    return unknown(r, OPEN, n->a->op == SL_R_FACT ? n->a->fact : SL_STR("a part of it"), "is no number").state;
  return holds(n->op, compare(&a->v, &b.v, n->a->op == SL_R_FACT && n->b->op == SL_R_FACT)) ? YES : NO;
}

static enum verdict matched(struct run *r, const struct sl_rule_node *n, const struct sl_val *v)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_val_text(&b, v);
  bool yes = sl_rule_matches(n, sl_buf_view(&b)), failed = b.failed;
  sl_buf_free(&b);
  if (failed)
    return unknown(r, OPEN, SL_STR_NONE, "there is no memory to compare it").state;
  return yes == (n->op == SL_R_MATCH) ? YES : NO;
}

/* Whether a fact is there is known also where it is not; stale and partial are no answer, nor is NaN to anything else. */
static enum verdict is_null(struct run *r, const struct sl_rule_node *n)
{
  struct sl_fact f = { .state = SL_FACT_MISSING };
  if (n->a->op != SL_R_FACT) {
    struct value v = of(r, n->a);
    return v.state == YES ? (n->op == SL_R_NOTNULL ? YES : NO) : v.state;
  }
  if (r->fact(r->user, n->a, &f) || f.state == SL_FACT_STALE || f.state == SL_FACT_PARTIAL || f.state == SL_FACT_NO_CHAMPION)
    return of_fact(r, n->a).state;
  add_source(r, f.source);
  bool null = f.state == SL_FACT_MISSING || f.v.null;
  if (!null)
    show(r->at->value, sizeof r->at->value, "", &f.v);
  return null == (n->op == SL_R_NULL) ? YES : NO;
}

static void put_needs(struct sl_gate_result *at, struct sl_str tail)
{
  if (!at->needs[0])
    snprintf(at->needs, sizeof at->needs, "%.*s", (int)(tail.n < sizeof at->needs ? tail.n : sizeof at->needs), tail.p);
}

/* One condition, told in *at. */
static enum verdict leaf(struct run *r, const struct sl_rule_node *n, struct sl_gate_result *at)
{
  enum verdict state;
  *at = (struct sl_gate_result){ .state = SL_GATE_UNKNOWN };
  r->at = at;
  r->said = YES;
  sl_buf_clear(&r->text);
  if (!sl_buf_room(&r->text, TEXT_MAX)) /* so that it does not move while it is borrowed */
    return unknown(r, OPEN, SL_STR_NONE, "there is no memory to judge it").state;
  if (n->op == SL_R_NULL || n->op == SL_R_NOTNULL) {
    state = is_null(r, n);
  } else {
    struct value a = of(r, n->a);
    if (a.state == YES)
      show(at->value, sizeof at->value, "", &a.v);
    if (n->op <= SL_R_GE)
      state = compared(r, n, &a);
    else if (a.state != YES)
      state = a.state;
    else
      state = n->op == SL_R_MATCH || n->op == SL_R_NOMATCH ? matched(r, n, &a.v) : in_list(r, n, &a.v);
  }
  put_needs(at, n->tail);
  if (state == NO || state == YES) {
    struct sl_str left = n->a->op == SL_R_FACT ? n->a->fact : SL_STR("it");
    snprintf(at->why, sizeof at->why, "%.*s is %s%s %s", (int)(left.n < 80 ? left.n : 80), left.p, at->value[0] ? at->value : "missing",
             state == NO ? ", not" : ",", at->needs);
  }
  return state;
}

/* Which of two decided: the one whose verdict the whole has; of equals the first. */
static enum verdict join(bool all, enum verdict a, enum verdict b, bool *second)
{
  enum verdict strong = all ? NO : YES;
  static const int rank[] = { [OPEN] = 2, [ALONE] = 1 };
  int ra = a == strong ? 3 : a == OPEN || a == ALONE ? rank[a] : 0, rb = b == strong ? 3 : b == OPEN || b == ALONE ? rank[b] : 0;
  *second = rb > ra;
  return *second ? b : a;
}

static enum verdict judge(struct run *r, const struct sl_rule_node *n, struct sl_gate_result *at)
{
  if (n->op == SL_R_NOT) {
    enum verdict v = judge(r, n->a, at);
    return v == YES ? NO : v == NO ? YES : v;
  }
  if (n->op != SL_R_AND && n->op != SL_R_OR)
    return leaf(r, n, at);
  struct sl_gate_result other;
  bool second;
  enum verdict a = judge(r, n->a, at), b = judge(r, n->b, &other), v = join(n->op == SL_R_AND, a, b, &second);
  if (second)
    *at = other;
  return v;
}

void sl_gate_run(const struct sl_gate *g, sl_fact_fn *fact, void *user, const char *first, struct sl_gate_result *out)
{
  struct run r = { .fact = fact, .user = user };
  sl_buf_init(&r.text, 2 * TEXT_MAX);
  enum verdict v = judge(&r, sl_rule_root(g->rule), out);
  sl_buf_free(&r.text);
  if (v == ALONE && strcmp(first, "unknown") != 0) {
    snprintf(out->why, sizeof out->why, "there is no champion yet; first: %s", first);
    v = !strcmp(first, "pass") ? YES : NO;
  }
  out->state = v == YES ? SL_GATE_PASS : v == NO ? SL_GATE_FAIL : SL_GATE_UNKNOWN;
}
