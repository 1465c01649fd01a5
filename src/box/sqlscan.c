/* box/sqlscan.c: tokens of a statement, as DuckDB and PostgreSQL cut them. */
#include "box/sqlscan.h"

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_word(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool at(struct sl_str s, size_t i, char a, char b) { return i + 1 < s.n && s.p[i] == a && s.p[i + 1] == b; }

/* Comments of the second kind nest. */
static size_t comment_end(struct sl_str s, size_t i)
{
  int depth = 0;
  do {
    if (at(s, i, '/', '*')) {
      depth++;
      i += 2;
    } else if (at(s, i, '*', '/')) {
      depth--;
      i += 2;
    } else {
      i++;
    }
  } while (depth && i < s.n);
  return i < s.n ? i : s.n;
}

static size_t blank_end(struct sl_str s, size_t i)
{
  for (;;) {
    if (i < s.n && is_blank(s.p[i]))
      i++;
    else if (at(s, i, '/', '*'))
      i = comment_end(s, i);
    else if (at(s, i, '-', '-'))
      while (i < s.n && s.p[i] != '\n')
        i++;
    else
      return i;
  }
}

static size_t quoted_end(struct sl_str s, size_t i, bool backslash)
{
  char q = s.p[i++];
  while (i < s.n) {
    if (backslash && s.p[i] == '\\')
      i += 2;
    else if (at(s, i, q, q))
      i += 2;
    else if (s.p[i++] == q)
      return i;
  }
  return s.n;
}

/* $tag$ ... $tag$; 0: it is none. */
static size_t dollar_end(struct sl_str s, size_t i)
{
  size_t k = i + 1;
  while (k < s.n && (is_word(s.p[k]) || (k > i + 1 && is_digit(s.p[k]))))
    k++;
  if (k >= s.n || s.p[k] != '$')
    return 0;
  struct sl_str tag = sl_strn(s.p + i, k + 1 - i);
  ptrdiff_t end = sl_str_find(sl_str_from(s, k + 1), tag);
  return end < 0 ? s.n : k + 1 + (size_t)end + tag.n;
}

static size_t word_end(struct sl_str s, size_t i)
{
  while (i < s.n && (is_word(s.p[i]) || is_digit(s.p[i]) || s.p[i] == '$'))
    i++;
  return i;
}

static size_t number_end(struct sl_str s, size_t i)
{
  while (i < s.n && (is_word(s.p[i]) || is_digit(s.p[i]) || (s.p[i] == '.' && !at(s, i, '.', '.'))))
    i++;
  return i;
}

bool sl_sql_next(struct sl_str *rest, struct sl_sql_tok *t)
{
  struct sl_str s = *rest;
  size_t i = blank_end(s, 0), end;
  if (i >= s.n)
    return false;
  char c = s.p[i];
  t->kind = SL_SQL_OTHER;
  end = i + 1;
  if (c == '\'') {
    t->kind = SL_SQL_TEXT;
    end = quoted_end(s, i, false);
  } else if ((c == 'e' || c == 'E') && i + 1 < s.n && s.p[i + 1] == '\'') {
    t->kind = SL_SQL_TEXT;
    end = quoted_end(s, i + 1, true);
  } else if (c == '"') {
    t->kind = SL_SQL_QUOTED;
    end = quoted_end(s, i, false);
  } else if (c == '$' && (end = dollar_end(s, i))) {
    t->kind = SL_SQL_TEXT;
  } else if (is_word(c)) {
    t->kind = SL_SQL_WORD;
    end = word_end(s, i);
  } else if (is_digit(c)) {
    t->kind = SL_SQL_NUMBER;
    end = number_end(s, i);
  } else {
    end = i + 1;
  }
  t->s = sl_strn(s.p + i, (end < s.n ? end : s.n) - i);
  *rest = sl_str_from(s, end);
  return true;
}

bool sl_sql_unquote(const struct sl_sql_tok *t, struct sl_buf *b)
{
  struct sl_str s = t->s;
  if (t->kind != SL_SQL_TEXT || s.n < 2 || s.p[0] != '\'' || s.p[s.n - 1] != '\'')
    return false;
  for (size_t i = 1; i + 1 < s.n; i++) {
    sl_buf_ch(b, s.p[i]);
    if (s.p[i] == '\'')
      i++;
  }
  return true;
}

struct sl_str sql_without_end(struct sl_str sql)
{
  struct sl_str rest = sql;
  struct sl_sql_tok t;
  size_t end = 0;
  while (sl_sql_next(&rest, &t) && !sl_str_eqz(t.s, ";"))
    end = (size_t)(t.s.p - sql.p) + t.s.n;
  return sl_str_head(sql, end);
}

struct sl_str sql_explained(struct sl_str sql)
{
  struct sl_str rest = sql, before;
  struct sl_sql_tok t;
  if (!sl_sql_next(&rest, &t) || !sl_str_ieq(t.s, SL_STR("explain")))
    return sql;
  before = rest;
  if (sl_sql_next(&rest, &t) && sl_str_ieq(t.s, SL_STR("analyze")))
    before = rest;
  return sl_str_from(before, blank_end(before, 0));
}

struct sl_str sql_behind_parens(struct sl_str sql)
{
  struct sl_str rest = sql;
  struct sl_sql_tok t;
  int depth = 0;
  while (sl_sql_next(&rest, &t)) {
    depth += sl_str_eqz(t.s, "(") - sl_str_eqz(t.s, ")");
    if (depth <= 0)
      break;
  }
  return rest;
}

/* ---- FROM 'a.x' UNION ALL FROM 'b.x' ---- */

static bool is(const struct sl_sql_tok *t, const char *z) { return sl_str_ieq(t->s, sl_str(z)); }

/* False at the end, *bad when it is something else. */
static bool next_file(struct sl_str *rest, bool first, struct sl_buf *name, bool *bad)
{
  struct sl_sql_tok t;
  *bad = true;
  if (!first) {
    if (!sl_sql_next(rest, &t) || is(&t, ";")) {
      *bad = false;
      return false;
    }
    if (!is(&t, "union") || !sl_sql_next(rest, &t) || !is(&t, "all"))
      return false;
  }
  sl_buf_clear(name);
  *bad = !sl_sql_next(rest, &t) || !is(&t, "from") || !sl_sql_next(rest, &t) || t.kind != SL_SQL_TEXT || !sl_sql_unquote(&t, name);
  return !*bad;
}

bool sql_next_file(struct sl_str *rest, bool first, struct sl_buf *name)
{
  bool bad;
  return next_file(rest, first, name, &bad);
}

bool sql_is_files(struct sl_str sql, const char *end, const char *other)
{
  struct sl_buf name;
  bool bad = false, first = true;
  sl_buf_init(&name, 1 << 20);
  while (!name.failed && next_file(&sql, first, &name, &bad)) {
    first = false;
    bad = !sl_str_ends(sl_buf_view(&name), sl_str(end)) && !(other && sl_str_ends(sl_buf_view(&name), sl_str(other)));
    if (bad)
      break;
  }
  bad = bad || first || name.failed;
  sl_buf_free(&name);
  return !bad;
}
