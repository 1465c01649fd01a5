/* backends/local/logfind.c: what a line must hold to pass a filter, and finding it at the speed of memory. The filter itself decides; this
 * only leaves out lines that cannot pass. */
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <string.h>

#include "backend_local/log_int.h"

#ifdef __SSE2__
/* Sixteen places at once: those where the first and the last byte stand; the rest is compared only there. */
static const char *find_wide(const char *hay, size_t n, struct sl_str what)
{
  const __m128i first = _mm_set1_epi8(what.p[0]), last = _mm_set1_epi8(what.p[what.n - 1]);
  size_t i = 0, end = n - what.n + 1;
  for (; i + 16 <= end; i += 16) {
    __m128i a = _mm_loadu_si128((const void *)(hay + i)), b = _mm_loadu_si128((const void *)(hay + i + what.n - 1));
    unsigned hits = (unsigned)_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last)));
    for (; hits; hits &= hits - 1) {
      size_t at = i + (size_t)__builtin_ctz(hits);
      if (!memcmp(hay + at, what.p, what.n))
        return hay + at;
    }
  }
  return memmem(hay + i, n - i, what.p, what.n);
}
#endif

const char *local_find(const char *hay, size_t n, struct sl_str what)
{
  if (!what.n)
    return hay;
  if (n < what.n)
    return NULL;
#ifdef __SSE2__
  return find_wide(hay, n, what);
#else
  return memmem(hay, n, what.p, what.n);
#endif
}

/* ---- from an expression ---- */

struct run { char *best; size_t best_n, size; char now[256]; size_t n; };

static void run_end(struct run *r)
{
  if (r->n > r->best_n && r->n <= r->size) {
    memcpy(r->best, r->now, r->n);
    r->best_n = r->n;
  }
  r->n = 0;
}

static void run_add(struct run *r, char c)
{
  if (r->n == sizeof r->now || c == '\n')
    run_end(r);
  if (c != '\n')
    r->now[r->n++] = c;
}

/* What stands before * ? { need not be there: the last character goes, all its bytes. */
static void run_optional(struct run *r)
{
  while (r->n && ((unsigned char)r->now[r->n - 1] & 0xc0) == 0x80)
    r->n--;
  r->n -= r->n > 0;
  run_end(r);
}

/* Behind a bracket expression or a group that begins at i. */
static size_t skip_class(struct sl_str p, size_t i)
{
  i++;
  if (i < p.n && p.p[i] == '^')
    i++;
  if (i < p.n && p.p[i] == ']')
    i++;
  while (i < p.n && p.p[i] != ']') {
    if (p.p[i] == '[' && i + 1 < p.n && strchr(".=:", p.p[i + 1])) {
      char kind = p.p[i + 1];
      for (i += 2; i + 1 < p.n && !(p.p[i] == kind && p.p[i + 1] == ']'); i++)
        continue;
      i++;
    }
    i++;
  }
  return i < p.n ? i + 1 : p.n;
}

static size_t skip_group(struct sl_str p, size_t i)
{
  for (size_t depth = 0; i < p.n;) {
    char c = p.p[i];
    if (c == '[') {
      i = skip_class(p, i);
      continue;
    }
    i += c == '\\' ? 2 : 1;
    if (c == '(')
      depth++;
    else if (c == ')' && --depth == 0)
      return i;
  }
  return p.n;
}

static bool has_choice(struct sl_str p)
{
  for (size_t i = 0; i < p.n; i++) {
    if (p.p[i] == '\\')
      i++;
    else if (p.p[i] == '|')
      return true; /* inside brackets and groups too: a literal less is no harm */
  }
  return false;
}

struct sl_str local_regex_literal(struct sl_str p, char *out, size_t size)
{
  struct run r = { .best = out, .size = size };
  if (has_choice(p))
    return SL_STR("");
  for (size_t i = 0; i < p.n;) {
    char c = p.p[i];
    if (c == '[' || c == '(') {
      run_end(&r);
      i = c == '[' ? skip_class(p, i) : skip_group(p, i);
      continue;
    }
    i++;
    if (c == '*' || c == '?') {
      run_optional(&r);
    } else if (c == '{') {
      run_optional(&r);
      while (i < p.n && p.p[i++] != '}')
        continue;
    } else if (strchr(".^$+)", c)) {
      run_end(&r);
    } else if (c == '\\') {
      bool plain = i < p.n && strchr(".^$*+?{}[]()|\\/-\"'", p.p[i]);
      if (plain)
        run_add(&r, p.p[i]);
      else
        run_end(&r); /* \w, \b, \1: the library's own */
      i++;
    } else {
      run_add(&r, c);
    }
  }
  run_end(&r);
  return sl_strn(out, r.best_n);
}

/* ---- from a filter ---- */

static struct sl_str keep(struct sl_str s, char *out, size_t size)
{
  if (!s.n || s.n > size || memchr(s.p, '\n', s.n))
    return SL_STR("");
  memmove(out, s.p, s.n);
  return sl_strn(out, s.n);
}

static struct sl_str leaf_literal(const struct sl_filter_node *n, bool execs, char *out, size_t size)
{
  if (n->name.key.p || n->nlits != 1)
    return SL_STR("");
  bool text = sl_str_eqz(n->name.col, "text"), number = !n->lits[0].quoted && (n->lits[0].may & (SL_LIT_INT | SL_LIT_F64));
  if (text && n->op == SL_F_MATCH)
    return local_regex_literal(n->lits[0].text, out, size);
  if (text && n->op == SL_F_EQ && !number)
    return keep(n->lits[0].text, out, size);
  if (execs && n->op == SL_F_EQ && sl_str_eqz(n->name.col, "level") && n->lits[0].text.n && n->lits[0].text.n + 3 < size && !number) {
    struct sl_str s = n->lits[0].text;
    if (memchr(s.p, '\n', s.n))
      return SL_STR("");
    memmove(out + 2, s.p, s.n);
    out[0] = 'Z'; /* the time's last letter */
    out[1] = ' ';
    out[s.n + 2] = ' ';
    return sl_strn(out, s.n + 3);
  }
  return SL_STR("");
}

static struct sl_str node_literal(const struct sl_filter_node *n, bool execs, char *out, size_t size)
{
  char other[256];
  if (n->op != SL_F_AND)
    return n->op == SL_F_MATCH || n->op == SL_F_EQ ? leaf_literal(n, execs, out, size) : SL_STR("");
  struct sl_str a = node_literal(n->a, execs, out, size);
  struct sl_str b = node_literal(n->b, execs, other, size < sizeof other ? size : sizeof other);
  return b.n > a.n ? keep(b, out, size) : a;
}

struct sl_str local_filter_literal(const struct sl_filter *f, bool execs, char *out, size_t size)
{
  const struct sl_filter_node *n = f ? sl_filter_root(f) : NULL;
  return n ? node_literal(n, execs, out, size) : SL_STR("");
}

static bool node_names(const struct sl_filter_node *n, const char *col)
{
  if (!n)
    return false;
  return sl_str_eqz(n->name.col, col) || node_names(n->a, col) || node_names(n->b, col);
}

bool local_filter_names(const struct sl_filter *f, const char *col)
{
  return f && node_names(sl_filter_root(f), col);
}
