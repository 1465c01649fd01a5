/* table/rule_read.c: a gate's text as a tree. Lexical matters (names, quotes, literals, expressions) are the filter's own.
 *
 *   or := and {or and}      and := not {and not}      not := {not | !} test
 *   test := sum [op sum | ["not"] in "(" sum {"," sum} ")" | is ["not"] null | ~ pattern]
 *   sum := product {+|- product}      product := unary {*|/ unary}      unary := {-} (number | text | fact | f(sum, ...) | "(" or ")")
 *
 * Parentheses group conditions and sums alike; what each part must be is checked where it is used. */
#include "table/rule.h"

#include "table/filter_int.h"

enum { DEPTH_MAX = 64, NODES_MAX = 1000 };

struct sl_rule {
  struct sl_arena arena;
  struct sl_str text;
  struct sl_rule_node *root;
  struct sl_regex *regex[NODES_MAX];
  size_t nregex, nodes;
  bool champion;
};
struct parse { struct sl_rule *r; struct sl_str s; size_t at; unsigned depth; struct sl_err *err; };

static int parse_or(struct parse *p, struct sl_rule_node **out);
static int parse_sum(struct parse *p, struct sl_rule_node **out);

static int fail_at(struct parse *p, size_t at, const char *what)
{
  return sl_err_set(p->err, SL_EUSAGE, "column %zu: %s", at + 1, what);
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static char peek(struct parse *p)
{
  while (p->at < p->s.n && is_space(p->s.p[p->at]))
    p->at++;
  return p->at < p->s.n ? p->s.p[p->at] : 0;
}

static bool accept(struct parse *p, const char *z)
{
  peek(p);
  bool yes = sl_str_starts(sl_str_from(p->s, p->at), sl_str(z));
  if (yes)
    p->at += strlen(z);
  return yes;
}

/* A keyword in any case, alone. */
static bool accept_word(struct parse *p, const char *z)
{
  peek(p);
  size_t n = strlen(z);
  struct sl_str rest = sl_str_from(p->s, p->at);
  bool alone = rest.n <= n || is_space(rest.p[n]) || strchr("()!=<>~'\"`,", rest.p[n]);
  if (rest.n < n || !alone || !sl_str_ieq(sl_str_head(rest, n), sl_str(z)))
    return false;
  p->at += n;
  return true;
}

static int node_new(struct parse *p, enum sl_rule_op op, struct sl_rule_node **out)
{
  if (++p->r->nodes > NODES_MAX)
    return sl_err_set(p->err, SL_ELIMIT, "a gate may have %d parts; make two of it", NODES_MAX);
  *out = sl_arena_alloc(&p->r->arena, sizeof **out);
  if (!*out)
    return sl_err_nomem(p->err);
  (*out)->op = op;
  return SL_OK;
}

static bool is_test(const struct sl_rule_node *n) { return n->op <= SL_R_NOTNULL; }
static bool is_text(const struct sl_rule_node *n) { return n->op == SL_R_VALUE && n->v.type == SL_TEXT; }

static bool has_fact(const struct sl_rule_node *n)
{
  for (; n; n = n->next)
    if (n->op == SL_R_FACT || (n->a && has_fact(n->a)) || (n->b && has_fact(n->b)))
      return true;
  return false;
}

static int want_test(struct parse *p, size_t at, const struct sl_rule_node *n)
{
  return is_test(n) ? SL_OK : fail_at(p, at, "a condition is expected here, such as metrics.auc >= 0.8");
}

static int want_value(struct parse *p, size_t at, const struct sl_rule_node *n)
{
  return is_test(n) ? fail_at(p, at, "a number, a text or a fact is expected here, not a condition") : SL_OK;
}

static int want_number(struct parse *p, size_t at, const struct sl_rule_node *n)
{
  if (is_text(n))
    return fail_at(p, at, "a number or a fact such as metrics.auc is expected here, not a text");
  return want_value(p, at, n);
}

/* ---- values and facts ---- */

static int read_fact(struct parse *p, size_t at, struct sl_rule_node *n)
{
  static const char *const roots[] = { "metrics", "params", "tags", "drift", "rescore", "quality", "champion" };
  struct sl_str champion = SL_STR("champion.");
  struct sl_err why = { 0 };
  n->op = SL_R_FACT;
  n->champion = sl_str_starts(sl_str_from(p->s, at), champion);
  size_t skip = n->champion ? champion.n : 0;
  size_t used = name_read(sl_str_from(p->s, at + skip), &n->name, &p->r->arena, false, &why);
  if (!used && why.code == SL_ENOMEM)
    return sl_err_nomem(p->err);
  if (!used)
    return fail_at(p, at, why.code ? why.msg : "a fact such as metrics.auc is expected here");
  p->at = at + skip + used;
  n->fact = sl_strn(p->s.p + at, skip + used);
  p->r->champion = p->r->champion || n->champion;
  for (size_t i = 0; i + (n->champion ? 1 : 0) < sizeof roots / sizeof roots[0] && n->name.key.n; i++)
    if (sl_str_eqz(n->name.col, roots[i]))
      return SL_OK;
  if (!n->name.key.n)
    return fail_at(p, at, "a fact has two parts, such as metrics.auc or drift.share; text goes in 'quotes'");
  const char *near = sl_str_nearest(n->name.col, roots, sizeof roots / sizeof roots[0] - 1);
  return sl_err_set(p->err, SL_EUSAGE, "column %zu: there are no facts `%.*s.`%s%s%s", at + skip + 1, SL_ARG(sl_str_head(n->name.col, 40)),
                    near ? "; did you mean `" : "; there are: metrics, params, tags, drift, rescore, quality, champion.metrics, ...",
                    near ? near : "", near ? ".`?" : "");
}

static int set_quoted(struct parse *p, struct sl_rule_node *n)
{
  struct sl_err why = { 0 };
  struct sl_str text;
  size_t used = quoted_read(sl_str_from(p->s, p->at), &text, &p->r->arena, &why);
  if (!used)
    return why.code == SL_ENOMEM ? sl_err_nomem(p->err) : fail_at(p, p->at, why.msg);
  p->at += used;
  n->v = sl_vs(text.p ? text : SL_STR(""));
  return SL_OK;
}

static size_t word_len(struct sl_str s)
{
  size_t n = 0;
  while (n < s.n && !is_space(s.p[n]) && !strchr("()<>=!~,'\"`*+", s.p[n]))
    n++;
  return n;
}

/* A number's own sign in its exponent is part of it: 1e-6, 2E+3. */
static size_t number_len(struct sl_str s)
{
  size_t n = word_len(s);
  if (n && n < s.n && s.p[n] == '+' && (s.p[n - 1] | 0x20) == 'e' && s.p[0] >= '0' && s.p[0] <= '9')
    n += 1 + word_len(sl_str_from(s, n + 1));
  return n;
}

static bool is_numeral(struct sl_str word)
{
  size_t i = word.p[0] == '.';
  return i < word.n && word.p[i] >= '0' && word.p[i] <= '9';
}

static int set_word(struct parse *p, struct sl_str word, struct sl_rule_node *n)
{
  struct sl_lit l;
  lit_read(&l, word, false, 0, NULL);
  bool digit = is_numeral(word);
  if (l.may & SL_LIT_INT)
    n->v = sl_vi(l.i);
  else if (l.may & SL_LIT_F64 && digit)
    n->v = sl_vf(l.f);
  else if (l.may & SL_LIT_DUR && digit)
    n->v = sl_vf(l.seconds);
  else if (l.may & SL_LIT_SIZE && digit)
    n->v = sl_vi(l.bytes);
  else
    n->v = sl_vs(word);
  p->at += word.n;
  return SL_OK;
}

/* min(a, b, ...), max(a, b, ...), abs(a) */
static int parse_call(struct parse *p, enum sl_rule_op op, struct sl_rule_node **out)
{
  struct sl_rule_node **at, *n;
  size_t count = 0;
  int rc = node_new(p, op, &n);
  if (rc)
    return rc;
  at = &n->a;
  do {
    peek(p);
    size_t start = p->at;
    if ((rc = parse_sum(p, at)) || (rc = want_number(p, start, *at)))
      return rc;
    at = &(*at)->next;
    count++;
  } while (accept(p, ","));
  if (!accept(p, ")"))
    return fail_at(p, p->at, "',' or ')' is expected here");
  if (op == SL_R_ABS && count != 1)
    return fail_at(p, p->at - 1, "abs takes one number");
  *out = n;
  return SL_OK;
}

static int parse_word(struct parse *p, struct sl_rule_node **out)
{
  static const struct { const char *name; enum sl_rule_op op; } calls[] = { { "abs", SL_R_ABS }, { "min", SL_R_MIN }, { "max", SL_R_MAX } };
  struct sl_str rest = sl_str_from(p->s, p->at), word = sl_str_head(rest, number_len(rest));
  if (!word.n)
    return fail_at(p, p->at, "a fact such as metrics.auc, a number or a 'text' is expected here");
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    if (sl_str_eqz(word, calls[i].name) && rest.n > word.n && rest.p[word.n] == '(') {
      p->at += word.n + 1;
      return parse_call(p, calls[i].op, out);
    }
  struct sl_rule_node *n;
  int rc = node_new(p, SL_R_VALUE, &n);
  if (rc)
    return rc;
  *out = n;
  bool dotted = sl_str_chr(word, '.') > 0 && !is_numeral(word);
  return dotted ? read_fact(p, p->at, n) : set_word(p, word, n);
}

static int parse_unary(struct parse *p, struct sl_rule_node **out)
{
  char c = peek(p);
  size_t at = p->at;
  int rc;
  if (++p->depth > DEPTH_MAX)
    return fail_at(p, at, "it is nested too deep");
  if (c == '-' && at + 1 < p->s.n && p->s.p[at + 1] != '-') {
    struct sl_rule_node *n;
    p->at++;
    size_t start = p->at;
    rc = node_new(p, SL_R_NEG, &n);
    if (!rc)
      rc = parse_unary(p, &n->a);
    if (!rc)
      rc = want_number(p, start, n->a);
    *out = n;
  } else if (accept(p, "(")) {
    rc = parse_or(p, out);
    if (!rc && !accept(p, ")"))
      rc = fail_at(p, p->at, "')' is expected here");
  } else if (c == '\'' || c == '"') {
    rc = node_new(p, SL_R_VALUE, out);
    if (!rc)
      rc = set_quoted(p, *out);
  } else {
    rc = parse_word(p, out);
  }
  p->depth--;
  return rc;
}

static int parse_chain(struct parse *p, const char *signs, const enum sl_rule_op *ops,
                       int (*part)(struct parse *, struct sl_rule_node **), struct sl_rule_node **out)
{
  peek(p);
  size_t start = p->at;
  int rc = part(p, out);
  for (char c; !rc && (c = peek(p)) && strchr(signs, c);) {
    struct sl_rule_node *n;
    if ((rc = want_number(p, start, *out)) || (rc = node_new(p, ops[strchr(signs, c) - signs], &n)))
      return rc;
    p->at++;
    peek(p);
    size_t right = p->at;
    n->a = *out;
    if (!(rc = part(p, &n->b)))
      rc = want_number(p, right, n->b);
    *out = n;
  }
  return rc;
}

static int parse_product(struct parse *p, struct sl_rule_node **out)
{
  static const enum sl_rule_op ops[] = { SL_R_MUL, SL_R_DIV };
  return parse_chain(p, "*/", ops, parse_unary, out);
}

static int parse_sum(struct parse *p, struct sl_rule_node **out)
{
  static const enum sl_rule_op ops[] = { SL_R_ADD, SL_R_SUB };
  return parse_chain(p, "+-", ops, parse_product, out);
}

/* ---- conditions ---- */

static int parse_pattern(struct parse *p, struct sl_rule_node *n)
{
  peek(p);
  size_t at = p->at;
  int rc = node_new(p, SL_R_VALUE, &n->b);
  if (rc)
    return rc;
  char c = peek(p);
  if (c != '\'' && c != '"')
    return fail_at(p, at, "a pattern in 'quotes' is expected here");
  if ((rc = set_quoted(p, n->b)))
    return rc;
  rc = regex_new(&n->re, n->b->v.u.s, p->err);
  if (rc == SL_EUSAGE)
    sl_err_prefix(p->err, "column %zu", at + 1);
  if (!rc)
    p->r->regex[p->r->nregex++] = n->re;
  return rc;
}

static int parse_in(struct parse *p, struct sl_rule_node *n)
{
  struct sl_rule_node **at = &n->b;
  int rc;
  if (!accept(p, "("))
    return fail_at(p, p->at, "'(' is expected after in");
  do {
    peek(p);
    size_t start = p->at;
    if ((rc = parse_sum(p, at)) || (rc = want_value(p, start, *at)))
      return rc;
    at = &(*at)->next;
  } while (accept(p, ","));
  return accept(p, ")") ? SL_OK : fail_at(p, p->at, "',' or ')' is expected here");
}

static bool compared(struct parse *p, enum sl_rule_op *op)
{
  static const struct { const char *z; enum sl_rule_op op; } ops[] = {
    { "!=", SL_R_NE }, { "<>", SL_R_NE }, { "!~", SL_R_NOMATCH }, { "<=", SL_R_LE }, { ">=", SL_R_GE }, { "==", SL_R_EQ }, { "=", SL_R_EQ },
    { "<", SL_R_LT }, { ">", SL_R_GT }, { "~", SL_R_MATCH },
  };
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
    if (accept(p, ops[i].z)) {
      *op = ops[i].op;
      return true;
    }
  return false;
}

static int parse_right(struct parse *p, struct sl_rule_node *n)
{
  if (n->op == SL_R_IN || n->op == SL_R_NOTIN)
    return parse_in(p, n);
  if (n->op == SL_R_MATCH || n->op == SL_R_NOMATCH)
    return parse_pattern(p, n);
  if (n->op == SL_R_NULL) {
    n->op = accept_word(p, "not") ? SL_R_NOTNULL : SL_R_NULL;
    return accept_word(p, "null") ? SL_OK : fail_at(p, p->at, "null is expected after is");
  }
  peek(p);
  size_t at = p->at;
  int rc = parse_sum(p, &n->b);
  return rc ? rc : want_value(p, at, n->b);
}

static int parse_test(struct parse *p, struct sl_rule_node **out)
{
  peek(p);
  size_t start = p->at;
  enum sl_rule_op op;
  int rc = parse_sum(p, out);
  if (rc)
    return rc;
  peek(p);
  size_t at = p->at;
  if (accept_word(p, "is"))
    op = SL_R_NULL;
  else if (accept_word(p, "in"))
    op = SL_R_IN;
  else if (accept_word(p, "not")) {
    op = SL_R_NOTIN;
    if (!accept_word(p, "in"))
      return fail_at(p, p->at, "in is expected after not");
  } else if (!compared(p, &op))
    return SL_OK; /* a condition in parentheses, or half of one: whoever asked looks */
  struct sl_rule_node *n;
  if ((rc = want_value(p, start, *out)) || (rc = node_new(p, op, &n)))
    return rc;
  n->a = *out;
  if ((rc = parse_right(p, n)))
    return rc;
  n->tail = sl_str_trim(sl_strn(p->s.p + at, p->at - at));
  *out = n;
  return has_fact(n->a) || (n->b && has_fact(n->b)) ? SL_OK
    : fail_at(p, start, "this asks nothing of the model; name a fact, such as metrics.auc or drift.share");
}

static int parse_not(struct parse *p, struct sl_rule_node **out)
{
  bool flip = false;
  while (accept_word(p, "not") || (peek(p) == '!' && accept(p, "!")))
    flip = !flip;
  size_t at = p->at;
  int rc = parse_test(p, out);
  if (rc || !flip)
    return rc;
  struct sl_rule_node *n;
  if ((rc = want_test(p, at, *out)) || (rc = node_new(p, SL_R_NOT, &n)))
    return rc;
  n->a = *out;
  *out = n;
  return SL_OK;
}

static int parse_logic(struct parse *p, const char *word, const char *sign, enum sl_rule_op op,
                       int (*part)(struct parse *, struct sl_rule_node **), struct sl_rule_node **out)
{
  peek(p);
  size_t start = p->at;
  int rc = part(p, out);
  while (!rc && (accept_word(p, word) || accept(p, sign))) {
    struct sl_rule_node *n;
    if ((rc = want_test(p, start, *out)) || (rc = node_new(p, op, &n)))
      return rc;
    peek(p);
    size_t right = p->at;
    n->a = *out;
    if (!(rc = part(p, &n->b)))
      rc = want_test(p, right, n->b);
    *out = n;
  }
  return rc;
}

static int parse_and(struct parse *p, struct sl_rule_node **out)
{
  return parse_logic(p, "and", "&&", SL_R_AND, parse_not, out);
}

static int parse_or(struct parse *p, struct sl_rule_node **out)
{
  return parse_logic(p, "or", "||", SL_R_OR, parse_and, out);
}

/* ---- the rule ---- */

int sl_rule_parse(struct sl_rule **out, struct sl_str text, struct sl_err *err)
{
  *out = NULL;
  text = sl_str_trim(text);
  if (!text.n || text.n > SL_RULE_MAX)
    return text.n ? sl_err_set(err, SL_ELIMIT, "a gate of %zu bytes; %d is the limit", text.n, SL_RULE_MAX)
                  : sl_err_set(err, SL_EUSAGE, "a condition is expected, such as metrics.auc >= 0.8");
  struct sl_rule *r = sl_calloc(1, sizeof *r);
  if (!r)
    return sl_err_nomem(err);
  sl_arena_init(&r->arena, 0);
  char *copy = sl_arena_strndup(&r->arena, text.p, text.n);
  r->text = sl_strn(copy, text.n);
  struct parse p = { .r = r, .s = r->text, .err = err };
  int rc = copy ? parse_or(&p, &r->root) : sl_err_nomem(err);
  if (!rc && (peek(&p) || p.at < p.s.n))
    rc = fail_at(&p, p.at, "and, or, an operator or the end is expected here; as operators, - and / stand between spaces");
  if (!rc)
    rc = want_test(&p, is_text(r->root) || !is_test(r->root) ? p.at : 0, r->root);
  if (rc)
    sl_rule_free(r);
  else
    *out = r;
  return rc;
}

void sl_rule_free(struct sl_rule *r)
{
  if (!r)
    return;
  for (size_t i = 0; i < r->nregex; i++)
    regex_free(r->regex[i]);
  sl_arena_free(&r->arena);
  sl_free(r);
}

const struct sl_rule_node *sl_rule_root(const struct sl_rule *r) { return r->root; }
struct sl_str sl_rule_text(const struct sl_rule *r) { return r->text; }
bool sl_rule_champion(const struct sl_rule *r) { return r->champion; }

bool sl_rule_matches(const struct sl_rule_node *n, struct sl_str text)
{
  return regex_matches(n->re, text);
}
