/* table/filter_parse.c: the filter language of design section 6 as a tree.
 *
 *   or   := and { ("or" | "||") and }          not  := ("not" | "!") not | "(" or ")" | leaf
 *   and  := not { ("and" | "&&") not }         leaf := name op value | name ["not"] "in" "(" value {"," value} ")"
 *                                                           | name "is" ["not"] "null"
 *
 * A bare value ends at white space, a comma, a parenthesis, && or ||; after ~ only at white space or a ) that it did not open, so that
 * most expressions need no quotes. In quotes the quote itself is doubled. */
#include "table/filter_int.h"

struct sl_filter {
  uint32_t refs;
  struct sl_filter_node *root;
  struct sl_str text;
  struct sl_arena arena;
  struct sl_regex **regex;       /* all that were compiled */
  size_t nregex, capregex, nodes;
  struct sl_filter *part[2];     /* a conjunction keeps its parts, whose nodes it uses */
};

struct parse {
  struct sl_filter *f;
  struct sl_str s;
  size_t at;
  unsigned depth;
  sl_ms now;
  const struct sl_tz *tz;
  struct sl_err *err;
};

static int parse_or(struct parse *p, struct sl_filter_node **out);

static int parse_fail(struct parse *p, const char *what)
{
  return sl_err_set(p->err, SL_EUSAGE, "filter, column %zu: %s", p->at + 1, what);
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static char peek(struct parse *p)
{
  while (p->at < p->s.n && is_space(p->s.p[p->at]))
    p->at++;
  return p->at < p->s.n ? p->s.p[p->at] : 0;
}

static bool looking_at(struct parse *p, const char *z)
{
  peek(p);
  return sl_str_starts(sl_str_from(p->s, p->at), sl_str(z));
}

static bool accept(struct parse *p, const char *z)
{
  bool yes = looking_at(p, z);
  if (yes)
    p->at += strlen(z);
  return yes;
}

/* A keyword in any case, alone: not the beginning of a longer word. */
static bool accept_word(struct parse *p, const char *z)
{
  peek(p);
  size_t n = strlen(z);
  struct sl_str rest = sl_str_from(p->s, p->at);
  if (!sl_str_ieq(sl_str_head(rest, n), sl_str(z)) || rest.n < n)
    return false;
  if (rest.n > n && !is_space(rest.p[n]) && !strchr("()!=<>~'\"`,", rest.p[n]))
    return false;
  p->at += n;
  return true;
}

static int node_new(struct parse *p, enum sl_filter_op op, struct sl_filter_node **out)
{
  if (++p->f->nodes > FILTER_NODES_MAX)
    return sl_err_set(p->err, SL_ELIMIT, "a filter may have %d conditions", FILTER_NODES_MAX);
  *out = sl_arena_alloc(&p->f->arena, sizeof **out);
  if (!*out)
    return sl_err_nomem(p->err);
  (*out)->op = op;
  return SL_OK;
}

/* ---- values ---- */

static size_t bare_length(struct sl_str s, bool pattern)
{
  size_t n = 0;
  for (unsigned open = 0; n < s.n && !is_space(s.p[n]); n++) {
    char c = s.p[n], next = n + 1 < s.n ? s.p[n + 1] : 0;
    if (pattern && c == '(')
      open++;
    else if (c == ')' && (!pattern || !open--))
      break;
    else if (!pattern && (strchr("(,'\"`", c) || ((c == '&' || c == '|') && next == c)))
      break;
    if (pattern && c == '\\' && next && !is_space(next))
      n++;
  }
  return n;
}

static int read_value(struct parse *p, bool pattern, struct sl_lit *out)
{
  char c = peek(p);
  struct sl_str text;
  bool quoted = c == '\'' || c == '"';
  if (quoted) {
    struct sl_err why = { 0 };
    size_t n = quoted_read(sl_str_from(p->s, p->at), &text, &p->f->arena, &why);
    if (!n)
      return why.code == SL_ENOMEM ? sl_err_nomem(p->err) : parse_fail(p, why.msg);
    p->at += n;
  } else {
    size_t n = bare_length(sl_str_from(p->s, p->at), pattern);
    if (!n)
      return parse_fail(p, "a value is expected here; text with spaces goes in 'quotes'");
    text = sl_strn(p->s.p + p->at, n);
    p->at += n;
  }
  lit_read(out, text, quoted, p->now, p->tz);
  return SL_OK;
}

/* ---- leaves ---- */

static int parse_in(struct parse *p, struct sl_filter_node *n)
{
  if (!accept(p, "("))
    return parse_fail(p, "'(' is expected after in");
  struct sl_lit *list = NULL;
  size_t cap = 0;
  int rc;
  do {
    rc = sl_grow((void **)&list, &cap, n->nlits + 1, sizeof *list, FILTER_IN_MAX, p->err);
    if (!rc)
      rc = read_value(p, false, &list[n->nlits]);
    if (rc)
      goto out;
    n->nlits++;
  } while (accept(p, ","));
  if (!accept(p, ")")) {
    rc = parse_fail(p, "',' or ')' is expected here");
    goto out;
  }
  n->lits = sl_arena_alloc(&p->f->arena, n->nlits * sizeof *list);
  if (!n->lits)
    rc = sl_err_nomem(p->err);
  else
    memcpy(n->lits, list, n->nlits * sizeof *list);
out:
  sl_free(list);
  return rc;
}

static int parse_pattern(struct parse *p, struct sl_filter_node *n)
{
  struct sl_filter *f = p->f;
  size_t at = p->at;
  int rc = sl_grow((void **)&f->regex, &f->capregex, f->nregex + 1, sizeof *f->regex, FILTER_NODES_MAX, p->err);
  if (!rc)
    rc = regex_new(&n->re, n->lits[0].text, p->err);
  if (rc == SL_EUSAGE)
    sl_err_prefix(p->err, "filter, column %zu", at + 1);
  if (!rc)
    f->regex[f->nregex++] = n->re;
  return rc;
}

static int parse_compared(struct parse *p, struct sl_filter_node *n)
{
  static const struct { const char *z; enum sl_filter_op op; } ops[] = {
    { "!=", SL_F_NE }, { "<>", SL_F_NE }, { "!~", SL_F_NOMATCH }, { "<=", SL_F_LE }, { ">=", SL_F_GE }, { "==", SL_F_EQ }, { "=", SL_F_EQ },
    { "<", SL_F_LT }, { ">", SL_F_GT }, { "~", SL_F_MATCH }
  };
  size_t i = 0, count = sizeof ops / sizeof ops[0];
  while (i < count && !accept(p, ops[i].z))
    i++;
  if (i == count)
    return parse_fail(p, "one of = != < <= > >= ~ !~ in is is expected after the name");
  n->op = ops[i].op;
  bool pattern = n->op == SL_F_MATCH || n->op == SL_F_NOMATCH;
  n->lits = sl_arena_alloc(&p->f->arena, sizeof *n->lits);
  if (!n->lits)
    return sl_err_nomem(p->err);
  n->nlits = 1;
  peek(p);
  size_t at = p->at;
  int rc = read_value(p, pattern, &n->lits[0]);
  if (rc || !pattern)
    return rc;
  size_t end = p->at;
  p->at = at;
  rc = parse_pattern(p, n);
  p->at = end;
  return rc;
}

static int parse_leaf(struct parse *p, struct sl_filter_node **out)
{
  struct sl_filter_node *n;
  int rc = node_new(p, SL_F_EQ, &n);
  if (rc)
    return rc;
  *out = n;
  peek(p);
  struct sl_err why = { 0 };
  size_t used = name_read(sl_str_from(p->s, p->at), &n->name, &p->f->arena, false, &why);
  if (!used) {
    if (why.code == SL_ENOMEM)
      return sl_err_nomem(p->err);
    return parse_fail(p, why.code ? why.msg : "the name of a column is expected here");
  }
  p->at += used;
  if (accept_word(p, "is")) {
    n->op = accept_word(p, "not") ? SL_F_NOTNULL : SL_F_NULL;
    return accept_word(p, "null") ? SL_OK : parse_fail(p, "null is expected after is");
  }
  bool negated = accept_word(p, "not");
  if (negated || accept_word(p, "in")) {
    if (negated && !accept_word(p, "in"))
      return parse_fail(p, "in is expected after not");
    n->op = SL_F_IN;
    rc = parse_in(p, n);
    if (rc || !negated)
      return rc;
    rc = node_new(p, SL_F_NOT, out);
    if (!rc)
      (*out)->a = n;
    return rc;
  }
  return parse_compared(p, n);
}

/* ---- logic ---- */

static int parse_not(struct parse *p, struct sl_filter_node **out)
{
  bool flip = false;
  struct sl_filter_node *n;
  while (accept_word(p, "not") || (peek(p) == '!' && !looking_at(p, "!=") && !looking_at(p, "!~") && accept(p, "!")))
    flip = !flip;
  int rc;
  if (accept(p, "(")) {
    if (++p->depth > FILTER_DEPTH_MAX)
      return parse_fail(p, "parentheses are nested too deep");
    rc = parse_or(p, &n);
    if (!rc && !accept(p, ")"))
      rc = parse_fail(p, "and, or, ')' is expected here");
    p->depth--;
  } else {
    rc = parse_leaf(p, &n);
  }
  *out = n;
  if (rc || !flip)
    return rc;
  rc = node_new(p, SL_F_NOT, out);
  if (!rc)
    (*out)->a = n;
  return rc;
}

static int parse_chain(struct parse *p, const char *word, const char *sign, enum sl_filter_op op,
                       int (*part)(struct parse *, struct sl_filter_node **), struct sl_filter_node **out)
{
  int rc = part(p, out);
  while (!rc && (accept_word(p, word) || accept(p, sign))) {
    struct sl_filter_node *n;
    rc = node_new(p, op, &n);
    if (rc)
      return rc;
    n->a = *out;
    rc = part(p, &n->b);
    *out = n;
  }
  return rc;
}

static int parse_and(struct parse *p, struct sl_filter_node **out)
{
  return parse_chain(p, "and", "&&", SL_F_AND, parse_not, out);
}

static int parse_or(struct parse *p, struct sl_filter_node **out)
{
  return parse_chain(p, "or", "||", SL_F_OR, parse_and, out);
}

/* ---- the object ---- */

static int filter_new(struct sl_filter **out, struct sl_str text, struct sl_err *err)
{
  struct sl_filter *f = sl_calloc(1, sizeof *f);
  if (!f)
    return sl_err_nomem(err);
  f->refs = 1;
  sl_arena_init(&f->arena, 0);
  char *copy = sl_arena_strndup(&f->arena, text.p, text.n);
  if (!copy) {
    sl_filter_unref(f);
    return sl_err_nomem(err);
  }
  f->text = sl_strn(copy, text.n);
  *out = f;
  return SL_OK;
}

int sl_filter_parse(struct sl_filter **out, struct sl_str text, sl_ms now, const struct sl_tz *tz, struct sl_err *err)
{
  *out = NULL;
  text = sl_str_trim(text);
  if (!text.n)
    return SL_OK;
  if (text.n > FILTER_TEXT_MAX)
    return sl_err_set(err, SL_ELIMIT, "a filter of %zu bytes; %d is the limit", text.n, FILTER_TEXT_MAX);
  struct sl_filter *f;
  int rc = filter_new(&f, text, err);
  if (rc)
    return rc;
  struct parse p = { .f = f, .s = f->text, .now = now, .tz = tz, .err = err };
  rc = parse_or(&p, &f->root);
  if (!rc && peek(&p))
    rc = parse_fail(&p, "and, or, or the end is expected here");
  if (!rc && p.at < p.s.n)
    rc = parse_fail(&p, "a NUL byte cannot stand here");
  if (rc)
    sl_filter_unref(f);
  else
    *out = f;
  return rc;
}

struct sl_filter *sl_filter_ref(struct sl_filter *f)
{
  __atomic_add_fetch(&f->refs, 1, __ATOMIC_RELAXED);
  return f;
}

void sl_filter_unref(struct sl_filter *f)
{
  if (!f || __atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL))
    return;
  for (size_t i = 0; i < f->nregex; i++)
    regex_free(f->regex[i]);
  sl_free(f->regex);
  sl_filter_unref(f->part[0]);
  sl_filter_unref(f->part[1]);
  sl_arena_free(&f->arena);
  sl_free(f);
}

const struct sl_filter_node *sl_filter_root(const struct sl_filter *f) { return f->root; }
struct sl_str sl_filter_text(const struct sl_filter *f) { return f->text; }

int sl_filter_and(struct sl_filter **out, struct sl_filter *a, struct sl_filter *b, struct sl_err *err)
{
  *out = NULL;
  if (!a || !b) {
    *out = a || b ? sl_filter_ref(a ? a : b) : NULL;
    return SL_OK;
  }
  if (a->nodes + b->nodes >= FILTER_NODES_MAX)
    return sl_err_set(err, SL_ELIMIT, "a filter may have %d conditions", FILTER_NODES_MAX);
  struct sl_buf text;
  sl_buf_init(&text, 0);
  sl_buf_printf(&text, "(%.*s) and (%.*s)", SL_ARG(a->text), SL_ARG(b->text));
  struct sl_filter *f = NULL;
  int rc = sl_buf_check(&text, err);
  if (!rc)
    rc = filter_new(&f, sl_buf_view(&text), err);
  sl_buf_free(&text);
  if (rc)
    return rc;
  f->root = sl_arena_alloc(&f->arena, sizeof *f->root);
  if (!f->root) {
    sl_filter_unref(f);
    return sl_err_nomem(err);
  }
  *f->root = (struct sl_filter_node){ .op = SL_F_AND, .a = a->root, .b = b->root };
  f->part[0] = sl_filter_ref(a);
  f->part[1] = sl_filter_ref(b);
  f->nodes = a->nodes + b->nodes + 1;
  *out = f;
  return SL_OK;
}
