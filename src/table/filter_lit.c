/* table/filter_lit.c: what a literal of a filter means for a column: numbers, sizes, durations, times, text, expressions. */
#include <math.h>
#include <regex.h>

#include "base/fmt.h"
#include "table/filter_int.h"
#include "table/num_int.h"

void lit_read(struct sl_lit *l, struct sl_str text, bool quoted, sl_ms now, const struct sl_tz *tz)
{
  *l = (struct sl_lit){ .text = text, .quoted = quoted };
  if (sl_str_i64(text, &l->i)) {
    l->may |= SL_LIT_INT | SL_LIT_F64;
    l->f = (double)l->i;
  } else if (sl_str_f64(text, &l->f)) {
    l->may |= SL_LIT_F64;
  }
  if (sl_time_parse(text, now, tz, &l->time))
    l->may |= SL_LIT_TIME;
  if (sl_dur_parse(text, &l->seconds))
    l->may |= SL_LIT_DUR;
  if (sl_parse_bytes(text, &l->bytes))
    l->may |= SL_LIT_SIZE;
}

static bool unit_is(const struct sl_col *col, const char *unit)
{
  return col->unit && strcmp(col->unit, unit) == 0;
}

/* Whole where it can be, so that integers compare exactly. */
static struct sl_val number_val(double f)
{
  if (f >= -9007199254740992.0 && f <= 9007199254740992.0 && f == (double)(int64_t)f)
    return sl_vi((int64_t)f);
  return sl_vf(f);
}

static bool lit_number(const struct sl_lit *l, const struct sl_col *col, struct sl_val *out)
{
  if (l->quoted)
    return false;
  if (l->may & SL_LIT_INT)
    *out = sl_vi(l->i);
  else if (l->may & SL_LIT_F64)
    *out = sl_vf(l->f);
  else if (l->may & SL_LIT_DUR && !unit_is(col, "B"))
    *out = number_val(unit_is(col, "ms") ? l->seconds * 1000 : l->seconds);
  else if (l->may & SL_LIT_SIZE)
    *out = sl_vi(l->bytes);
  else
    return false;
  return true;
}

static bool lit_bool(const struct sl_lit *l, struct sl_val *out)
{
  static const char *const words[] = { "false", "true", "no", "yes", "0", "1" };
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (sl_str_ieq(l->text, sl_str(words[i]))) {
      *out = sl_vb(i & 1);
      return true;
    }
  return false;
}

bool sl_lit_value(const struct sl_lit *l, const struct sl_col *col, struct sl_val *out)
{
  switch (col->type) {
  case SL_BOOL: return lit_bool(l, out);
  case SL_I64:
  case SL_F64:
  case SL_FAMILY_F64: return lit_number(l, col, out);
  case SL_TIME:
    *out = sl_vt(l->time);
    return l->may & SL_LIT_TIME;
  default: break;
  }
  if (!l->quoted && l->may & SL_LIT_INT)
    *out = sl_vi(l->i);
  else if (!l->quoted && l->may & SL_LIT_F64 && isfinite(l->f)) /* inf and nan are words beside text */
    *out = sl_vf(l->f);
  else
    *out = sl_vas(SL_TEXT, l->text.p ? l->text : SL_STR(""));
  return true;
}

int lit_cmp_text(struct sl_str cell, const struct sl_lit *l, const struct sl_val *v)
{
  struct num n;
  if (v->type != SL_TEXT && num_of_text(cell, &n))
    return num_cmp(n, v->type == SL_I64 ? num_i(v->u.i) : num_f(v->u.f));
  int c = sl_str_cmp(cell, l->text);
  return (c > 0) - (c < 0);
}

/* ---- checks ---- */

static const char *what_fits(const struct sl_col *col)
{
  switch (col->type) {
  case SL_BOOL: return "true or false";
  case SL_TIME: return "a time: -2h, today, 2026-11-01, '2026-11-01 06:00'";
  default: return unit_is(col, "B") ? "a size: 300, 10MB, 512KiB" : unit_is(col, "s") ? "a number or duration: 90s, 26h" : "a number";
  }
}

static bool op_fits(enum sl_filter_op op, enum sl_type type)
{
  bool order = op == SL_F_LT || op == SL_F_LE || op == SL_F_GT || op == SL_F_GE;
  bool match = op == SL_F_MATCH || op == SL_F_NOMATCH;
  if (op == SL_F_NULL || op == SL_F_NOTNULL)
    return true;
  if (match)
    return type_is_text(type) || type == SL_FAMILY_TEXT;
  return !order || (type != SL_BOOL && type != SL_LIST);
}

int leaf_check(const struct sl_filter_node *n, const struct sl_col *col, bool keyed, struct sl_err *err)
{
  if (type_is_family(col->type) && !keyed && n->op != SL_F_NULL && n->op != SL_F_NOTNULL)
    return sl_err_set(err, SL_EUSAGE, "'%.80s' is many values; name one: %.80s.KEY", col->name, col->name);
  if (!op_fits(n->op, col->type))
    return sl_err_set(err, SL_EUSAGE, "'%.80s' is %s: it cannot be compared that way; use =, !=%s", col->name, sl_type_name(col->type),
                      col->type == SL_LIST ? ", ~, in" : col->type == SL_BOOL ? "" : ", <, >, in");
  bool match = n->op == SL_F_MATCH || n->op == SL_F_NOMATCH;
  for (size_t i = 0; i < n->nlits && !match; i++) {
    struct sl_val v;
    if (!sl_lit_value(&n->lits[i], col, &v))
      return sl_err_set(err, SL_EUSAGE, "'%.80s' is %s; '%.*s' is not %s", col->name, sl_type_name(col->type),
                        SL_ARG(sl_str_head(n->lits[i].text, 60)), what_fits(col));
  }
  return SL_OK;
}

/* ---- expressions ---- */

struct sl_regex { regex_t re; };
enum { PATTERN_MAX = 1024, REPEAT_MAX = 1000 };

/* The library unrolls {n}: nested ones multiply to gigabytes. The product of all is capped, which is stricter than need be. */
static bool repeats_ok(struct sl_str p)
{
  unsigned long product = 1;
  for (size_t i = 0; i < p.n; i++) {
    if (p.p[i] == '\\') {
      i++;
      continue;
    }
    if (p.p[i] != '{')
      continue;
    unsigned long most = 0, n = 0;
    for (i++; i < p.n && ((p.p[i] >= '0' && p.p[i] <= '9') || p.p[i] == ','); i++) {
      n = p.p[i] == ',' ? 0 : n * 10 + (unsigned long)(p.p[i] - '0');
      most = n > most ? n : most;
      if (most > REPEAT_MAX)
        return false;
    }
    product *= most ? most : 1;
    if (product > REPEAT_MAX)
      return false;
  }
  return true;
}

int regex_new(struct sl_regex **out, struct sl_str pattern, struct sl_err *err)
{
  if (pattern.n > PATTERN_MAX || !repeats_ok(pattern))
    return sl_err_set(err, SL_EUSAGE, "an expression may have %d bytes and repeat %d times in all", PATTERN_MAX, REPEAT_MAX);
  if (pattern.n && memchr(pattern.p, 0, pattern.n))
    return sl_err_set(err, SL_EUSAGE, "an expression may not hold a NUL byte");
  struct sl_regex *r = sl_alloc(sizeof *r);
  char *z = sl_strndup(pattern.n ? pattern.p : "", pattern.n);
  if (!r || !z) {
    sl_free(r);
    sl_free(z);
    return sl_err_nomem(err);
  }
  int bad = regcomp(&r->re, z, REG_EXTENDED | REG_NOSUB);
  sl_free(z);
  if (!bad) {
    *out = r;
    return SL_OK;
  }
  char why[100];
  regerror(bad, &r->re, why, sizeof why);
  sl_free(r);
  return bad == REG_ESPACE ? sl_err_nomem(err) : sl_err_set(err, SL_EUSAGE, "the expression after ~: %s", why);
}

void regex_free(struct sl_regex *re)
{
  if (!re)
    return;
  regfree(&re->re);
  sl_free(re);
}

bool regex_matches(const struct sl_regex *re, struct sl_str text)
{
  regmatch_t whole = { .rm_so = 0, .rm_eo = (regoff_t)(text.n > INT32_MAX ? INT32_MAX : text.n) };
  return regexec(&re->re, text.p ? text.p : "", 1, &whole, REG_STARTEND) == 0;
}
