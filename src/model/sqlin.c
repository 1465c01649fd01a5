/* model/sqlin.c: which resources a statement reads.
 *
 * No SQL parser: a tokenizer that knows quotes, comments and parentheses, and the few places where a table's name may stand. A name there
 * that is a resource is written back quoted; its arguments, `executions(where => 'started > -2h', limit => 10)`, are taken out of the
 * statement. Names of common table expressions hide resources. What is missed here the engine reports as a table that it does not know. */
#include "base/mem.h"
#include "model/ws_int.h"

enum { STATEMENT_MAX = 1 << 20, DEPTH_MAX = 256, INPUTS_MAX = 64 };
enum tok_kind { TOK_WORD, TOK_QUOTED, TOK_STRING, TOK_NUMBER, TOK_PUNCT };
struct tok { enum tok_kind kind; size_t at, end; size_t match; /* parentheses: the other one */ };

struct lex {
  struct sl_str s;
  struct tok *tok;
  size_t n, cap;
  size_t open[DEPTH_MAX], depth;
};

/* ---- tokens ---- */

static bool word_char(char c, bool first)
{
  unsigned char u = (unsigned char)c;
  return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || u == '_' || u >= 0x80 || (!first && ((u >= '0' && u <= '9') || u == '$'));
}

static bool at_text(struct sl_str s, size_t i, const char *z)
{
  return sl_str_starts(sl_str_from(s, i), sl_str(z));
}

static size_t skip_comment(struct sl_str s, size_t i)
{
  if (at_text(s, i, "--")) {
    while (i < s.n && s.p[i] != '\n')
      i++;
    return i;
  }
  size_t depth = 1;
  for (i += 2; i < s.n && depth; i++) {
    if (at_text(s, i, "/*")) {
      depth++;
      i++;
    } else if (at_text(s, i, "*/")) {
      depth--;
      i++;
    }
  }
  return i;
}

/* Behind the closing quote; a doubled quote is one inside; s.n when it is not closed. */
static size_t skip_quoted(struct sl_str s, size_t i, bool backslash)
{
  char q = s.p[i++];
  while (i < s.n) {
    if (backslash && s.p[i] == '\\') {
      i += 2;
      continue;
    }
    if (s.p[i++] != q)
      continue;
    if (i >= s.n || s.p[i] != q)
      return i;
    i++;
  }
  return s.n;
}

/* $tag$ ... $tag$; 0: no such thing begins here. */
static size_t skip_dollar(struct sl_str s, size_t i)
{
  size_t k = i + 1;
  while (k < s.n && word_char(s.p[k], k == i + 1) && s.p[k] != '$')
    k++;
  if (k >= s.n || s.p[k] != '$')
    return 0;
  struct sl_str tag = sl_strn(s.p + i, k + 1 - i);
  ptrdiff_t close = sl_str_find(sl_str_from(s, k + 1), tag);
  return close < 0 ? s.n : k + 1 + (size_t)close + tag.n;
}

static int lex_add(struct lex *x, enum tok_kind kind, size_t at, size_t end, struct sl_err *err)
{
  int rc = sl_grow((void **)&x->tok, &x->cap, x->n + 1, sizeof *x->tok, STATEMENT_MAX, err);
  if (rc)
    return rc;
  struct tok t = { .kind = kind, .at = at, .end = end, .match = SIZE_MAX };
  if (kind == TOK_PUNCT && x->s.p[at] == '(') {
    if (x->depth == DEPTH_MAX)
      return sl_err_set(err, SL_EUSAGE, "the statement nests deeper than %d parentheses", DEPTH_MAX);
    x->open[x->depth++] = x->n;
  } else if (kind == TOK_PUNCT && x->s.p[at] == ')' && x->depth) {
    t.match = x->open[--x->depth];
    x->tok[t.match].match = x->n;
  }
  x->tok[x->n++] = t;
  return SL_OK;
}

static bool digit(char c)
{
  return c >= '0' && c <= '9';
}

static int lex_one(struct lex *x, size_t *at, struct sl_err *err)
{
  struct sl_str s = x->s;
  size_t i = *at, end;
  enum tok_kind kind = TOK_PUNCT;
  char c = s.p[i];
  if ((c == 'e' || c == 'E') && i + 1 < s.n && s.p[i + 1] == '\'') {
    kind = TOK_STRING;
    end = skip_quoted(s, i + 1, true);
  } else if (c == '\'' || c == '"') {
    kind = c == '"' ? TOK_QUOTED : TOK_STRING;
    end = skip_quoted(s, i, false);
  } else if (c == '$' && (end = skip_dollar(s, i)) != 0) {
    kind = TOK_STRING;
  } else if (word_char(c, true)) {
    kind = TOK_WORD;
    for (end = i + 1; end < s.n && word_char(s.p[end], false);)
      end++;
  } else if (digit(c)) {
    kind = TOK_NUMBER;
    for (end = i + 1; end < s.n && (digit(s.p[end]) || s.p[end] == '.' || word_char(s.p[end], false));)
      end++;
  } else {
    end = i + (at_text(s, i, "=>") || at_text(s, i, ":=") ? 2 : 1);
  }
  *at = end;
  return lex_add(x, kind, i, end, err);
}

static int lex_run(struct lex *x, struct sl_err *err)
{
  struct sl_str s = x->s;
  for (size_t i = 0; i < s.n;) {
    if (s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r'))
      i++;
    else if (at_text(s, i, "--") || at_text(s, i, "/*"))
      i = skip_comment(s, i);
    else {
      int rc = lex_one(x, &i, err);
      if (rc)
        return rc;
    }
  }
  return SL_OK;
}

static struct sl_str tok_text(const struct lex *x, size_t i)
{
  return i < x->n ? sl_strn(x->s.p + x->tok[i].at, x->tok[i].end - x->tok[i].at) : SL_STR_NONE;
}

static bool is(const struct lex *x, size_t i, const char *what)
{
  return i < x->n && (x->tok[i].kind == TOK_WORD || x->tok[i].kind == TOK_PUNCT) && sl_str_ieq(tok_text(x, i), sl_str(what));
}

static bool is_any(const struct lex *x, size_t i, const char *const *words)
{
  for (; *words; words++)
    if (is(x, i, *words))
      return true;
  return false;
}

static bool is_name(const struct lex *x, size_t i)
{
  return i < x->n && (x->tok[i].kind == TOK_WORD || x->tok[i].kind == TOK_QUOTED);
}

/* An identifier's name or a string's value, unquoted, in the arena. */
static char *tok_value(const struct lex *x, size_t i, struct sl_arena *a)
{
  struct sl_str t = tok_text(x, i);
  if (x->tok[i].kind == TOK_WORD || x->tok[i].kind == TOK_NUMBER)
    return sl_arena_strndup(a, t.p, t.n);
  if (t.p[0] == '$') {
    size_t tag = (size_t)sl_str_chr(sl_str_from(t, 1), '$') + 2;
    size_t end = t.n >= 2 * tag && sl_str_ends(t, sl_str_head(t, tag)) ? t.n - tag : t.n; /* not closed: what there is */
    return sl_arena_strndup(a, t.p + tag, end - tag);
  }
  bool esc = t.p[0] == 'e' || t.p[0] == 'E';
  char q = t.p[esc], *out = sl_arena_alloc(a, t.n + 1);
  size_t n = 0;
  for (size_t k = 1u + esc; out && k + 1 < t.n; k++) {
    if (t.p[k] == q || (esc && t.p[k] == '\\'))
      k++;
    out[n++] = t.p[k];
  }
  return out;
}

/* ---- where tables stand ---- */

struct ctx { bool want, from, select, start; };

/* `name AS (`, `name(a, b) AS (`, with [NOT] MATERIALIZED between: a common table expression. */
static size_t cte_name(const struct lex *x, size_t open)
{
  size_t i = open;
  if (i && is(x, i - 1, "materialized"))
    i--;
  if (i && is(x, i - 1, "not"))
    i--;
  if (i < 2 || !is(x, i - 1, "as"))
    return SIZE_MAX;
  i -= 2;
  if (is(x, i, ")")) {
    if (x->tok[i].match == SIZE_MAX || !x->tok[i].match)
      return SIZE_MAX;
    i = x->tok[i].match - 1;
  }
  return is_name(x, i) ? i : SIZE_MAX;
}

static bool is_cte(const struct lex *x, const char *name, struct sl_arena *a)
{
  for (size_t i = 0; i < x->n; i++) {
    size_t k = is(x, i, "(") ? cte_name(x, i) : SIZE_MAX;
    const char *cte = k == SIZE_MAX ? NULL : tok_value(x, k, a);
    if (cte && sl_str_ieq(sl_str(cte), sl_str(name)))
      return true;
  }
  return false;
}

static const char *const from_ends[] = { "where", "group", "order", "having", "limit", "window", "qualify", "offset", "fetch", NULL };
static const char *const set_words[] = { "union", "intersect", "except", NULL };
static const char *const head_words[] = { "describe", "summarize", "show", "table", "pivot", "unpivot", "explain", "analyze", NULL };
static const char *const pass_words[] = { "lateral", "only", "all", NULL };

/* What a keyword does to the place that follows it. True: it was one. */
static bool ctx_word(struct ctx *c, const struct lex *x, size_t i)
{
  if (is(x, i, "select")) {
    *c = (struct ctx){ .select = true };
  } else if (is(x, i, "from")) {
    bool takes = c->select || c->start;
    if (!takes || (i > 1 && is(x, i - 1, "distinct") && (is(x, i - 2, "is") || is(x, i - 2, "not"))))
      return true;
    c->want = c->from = true;
  } else if (is(x, i, "join")) {
    c->want = c->from = true;
  } else if (is_any(x, i, from_ends)) {
    c->from = c->want = false;
  } else if (is_any(x, i, set_words)) {
    *c = (struct ctx){ .start = true };
    return true;
  } else if (c->start && is_any(x, i, head_words)) {
    c->want = true;
    return true; /* still the start: EXPLAIN FROM x */
  } else if (c->start && is_any(x, i, pass_words)) {
    return true;
  } else if (!(c->want && is_any(x, i, pass_words))) {
    return false;
  }
  c->start = false;
  return true;
}

/* ---- arguments ---- */

static int arg_set(struct ws_sql_name *n, const struct lex *x, size_t name, size_t value, struct sl_arena *a, struct sl_err *err)
{
  bool text = x->tok[value].kind == TOK_STRING, number = x->tok[value].kind == TOK_NUMBER;
  char *v = text || number ? tok_value(x, value, a) : NULL;
  char **to = is(x, name, "where") ? &n->where : is(x, name, "scope") ? &n->scope : is(x, name, "conn") ? &n->conn :
              is(x, name, "order") ? &n->order : NULL;
  if (!v && (text || number))
    return sl_err_nomem(err);
  if (is(x, name, "limit")) {
    if (!number || !sl_str_u64(sl_str(v), &n->limit) || !n->limit)
      return sl_err_set(err, SL_EUSAGE, "%s(limit => N): N is a number of rows", n->res->name);
  } else if (!to || !text) {
    return sl_err_set(err, SL_EUSAGE, "%s(...) takes where, scope, conn, order => 'text' and limit => N; got %.*s", n->res->name,
                      SL_ARG(tok_text(x, to ? value : name)));
  } else {
    *to = v;
  }
  return SL_OK;
}

/* quality('MODEL', 'DATA', ...) is a statement of the engine's own: resources take one text. */
static bool two_texts(const struct lex *x, size_t open)
{
  return open + 3 < x->n && x->tok[open + 1].kind == TOK_STRING && is(x, open + 2, ",") && x->tok[open + 3].kind == TOK_STRING;
}

static int args_parse(struct ws_sql_name *n, const struct lex *x, size_t open, struct sl_arena *a, struct sl_err *err)
{
  size_t close = x->tok[open].match;
  if (close == SIZE_MAX)
    return sl_err_set(err, SL_EUSAGE, "%s(: the parenthesis is not closed", n->res->name);
  for (size_t i = open + 1; i < close;) {
    int rc;
    if (is_name(x, i) && (is(x, i + 1, "=>") || is(x, i + 1, ":=")) && i + 2 < close) {
      rc = arg_set(n, x, i, i + 2, a, err);
      i += 3;
    } else if (x->tok[i].kind == TOK_STRING && i == open + 1) { /* runs('readmission'): its scope */
      n->scope = tok_value(x, i++, a);
      rc = n->scope ? SL_OK : sl_err_nomem(err);
    } else {
      rc = sl_err_set(err, SL_EUSAGE, "%s(...): expected name => 'value' at %.*s", n->res->name, SL_ARG(tok_text(x, i)));
    }
    if (rc)
      return rc;
    if (i < close && !is(x, i++, ","))
      return sl_err_set(err, SL_EUSAGE, "%s(...): expected a comma at %.*s", n->res->name, SL_ARG(tok_text(x, i - 1)));
  }
  return SL_OK;
}

static bool same_text(const char *a, const char *b)
{
  return a == b || (a && b && strcmp(a, b) == 0);
}

/* The same resource with the same arguments is one table; with others another: executions__2. */
static int name_add(struct ws_sql *out, struct ws_sql_name *n, struct sl_err *err)
{
  size_t of_res = 0;
  for (size_t i = 0; i < out->n; i++) {
    const struct ws_sql_name *o = &out->name[i];
    of_res += o->res == n->res;
    if (o->res == n->res && same_text(o->where, n->where) && same_text(o->scope, n->scope) && same_text(o->conn, n->conn) &&
        same_text(o->order, n->order) && o->limit == n->limit) {
      n->table = o->table;
      return SL_OK;
    }
  }
  if (out->n == INPUTS_MAX)
    return sl_err_set(err, SL_EUSAGE, "a statement that reads more than %d resources", INPUTS_MAX);
  char *t = of_res ? sl_arena_printf(&out->arena, "%s__%zu", n->res->name, of_res + 1) : sl_arena_printf(&out->arena, "%s", n->res->name);
  struct ws_sql_name *grown = t ? sl_realloc_array(out->name, out->n + 1, sizeof *grown) : NULL;
  if (!grown)
    return sl_err_nomem(err);
  n->table = sl_str(t);
  out->name = grown;
  out->name[out->n++] = *n;
  return SL_OK;
}

/* ---- the walk ---- */

struct walk { struct ws_sql *out; struct lex *x; ws_sql_lookup *find; void *user; struct sl_buf text; size_t copied; };

/* Token i stands where a table may: *next is where to go on. */
static int walk_table(struct walk *k, size_t i, size_t *next, struct sl_err *err)
{
  struct lex *x = k->x;
  char *name = tok_value(x, i, &k->out->arena);
  if (!name)
    return sl_err_nomem(err);
  for (char *c = name; *c; c++) /* as SQL folds names, quoted or not: a table of ours has no capitals */
    *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
  const struct sl_resource *res = is(x, i + 1, ".") ? NULL : k->find(k->user, sl_str(name));
  if (!res || is_cte(x, name, &k->out->arena) || (is(x, i + 1, "(") && two_texts(x, i + 1)))
    return SL_OK;
  struct ws_sql_name n = { .res = res };
  size_t end = x->tok[i].end;
  int rc = SL_OK;
  if (is(x, i + 1, "(")) {
    rc = args_parse(&n, x, i + 1, &k->out->arena, err);
    if (!rc) {
      *next = x->tok[i + 1].match + 1;
      end = x->tok[*next - 1].end;
      if (is(x, *next, "("))
        rc = sl_err_set(err, SL_EUSAGE, "%s(...) is followed by another parenthesis", res->name);
    }
  }
  if (!rc)
    rc = name_add(k->out, &n, err);
  if (rc)
    return rc;
  sl_buf_add(&k->text, x->s.p + k->copied, x->tok[i].at - k->copied);
  sl_buf_printf(&k->text, "\"%.*s\"", SL_ARG(n.table));
  k->copied = end;
  return SL_OK;
}

static int walk_run(struct walk *k, struct sl_err *err)
{
  struct lex *x = k->x;
  struct ctx stack[DEPTH_MAX + 1] = { { .start = true } };
  size_t depth = 0;
  int rc = SL_OK;
  for (size_t i = 0; i < x->n && !rc;) {
    struct ctx *c = &stack[depth];
    size_t next = i + 1;
    if (is(x, i, "(")) {
      bool group = c->want || c->start; /* (a join b), (select ...), (from x) */
      bool want = c->want;
      c->want = c->start = false;
      stack[++depth] = (struct ctx){ .start = true, .want = want && group, .from = want };
    } else if (is(x, i, ")")) {
      depth -= depth > 0;
    } else if (is(x, i, ",")) {
      c->want = c->from;
    } else if (is(x, i, ";")) {
      *c = (struct ctx){ .start = true };
    } else if (x->tok[i].kind == TOK_WORD && ctx_word(c, x, i)) {
      /* said all */
    } else {
      if (c->want && is_name(x, i))
        rc = walk_table(k, i, &next, err);
      c->want = c->start = false;
    }
    i = next;
  }
  return rc;
}

int ws_sql_parse(struct ws_sql *out, struct sl_str statement, ws_sql_lookup *find, void *user, struct sl_err *err)
{
  *out = (struct ws_sql){ 0 };
  sl_arena_init(&out->arena, 16 << 20);
  if (statement.n > STATEMENT_MAX)
    return sl_err_set(err, SL_EUSAGE, "a statement of %zu bytes; %d is the limit", statement.n, STATEMENT_MAX);
  if (statement.n && memchr(statement.p, 0, statement.n))
    return sl_err_set(err, SL_EUSAGE, "a statement with a NUL byte");
  struct lex x = { .s = statement };
  struct walk k = { .out = out, .x = &x, .find = find, .user = user };
  sl_buf_init(&k.text, 2 * STATEMENT_MAX);
  int rc = lex_run(&x, err);
  if (!rc)
    rc = walk_run(&k, err);
  if (!rc) {
    sl_buf_add(&k.text, statement.p + k.copied, statement.n - k.copied);
    rc = sl_buf_check(&k.text, err);
  }
  if (!rc && !(out->statement = sl_strdup(sl_buf_zstr(&k.text))))
    rc = sl_err_nomem(err);
  sl_buf_free(&k.text);
  sl_free(x.tok);
  if (rc)
    ws_sql_free(out);
  return rc;
}

void ws_sql_free(struct ws_sql *s)
{
  sl_free(s->name);
  sl_free(s->statement);
  sl_arena_free(&s->arena);
  *s = (struct ws_sql){ 0 };
}
