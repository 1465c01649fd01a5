/* tests/unit/table_filter.c: what filters and orders mean, and that columns judged at once agree with rows judged one by one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include <cmocka.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "table/filter.h"

static const sl_ms now = 1763704800000; /* 2025-11-21T06:00:00Z */

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT }, { .name = "bytes", .type = SL_I64, .unit = "B" }, { .name = "duration_s", .type = SL_F64,
  .unit = "s" },
  { .name = "latency_ms", .type = SL_I64, .unit = "ms" }, { .name = "started", .type = SL_TIME }, { .name = "done", .type = SL_BOOL },
  { .name = "aliases", .type = SL_LIST }, { .name = "metrics", .type = SL_FAMILY_F64 }, { .name = "params", .type = SL_FAMILY_TEXT },
  { .name = "t.x", .type = SL_I64 },
};
enum { NAME, BYTES, DUR, LAT, STARTED, DONE, ALIASES, METRICS, PARAMS };

static struct sl_schema *schema(void)
{
  struct sl_schema *s;
  assert_int_equal(sl_schema_new(&s, cols, sizeof cols / sizeof cols[0], NULL, 0, NULL), SL_OK);
  return s;
}

/* Which of the rows a, b, c, d of the fixed batch a filter keeps, as letters; or "!" and the message. */
static const char *kept(const char *text)
{
  static char out[300];
  struct sl_schema *s = schema();
  struct sl_batch *b;
  struct sl_filter *f;
  struct sl_err err;
  struct sl_buf list;
  sl_buf_init(&list, 0);
  sl_list_add(&list, SL_STR("champion"));
  sl_list_add(&list, SL_STR("canary"));
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  sl_batch_row(b, SL_PUT, SL_STR("a"));
  sl_batch_set(b, NAME, sl_vz("alpha"));
  sl_batch_set(b, BYTES, sl_vi(10000000));
  sl_batch_set(b, DUR, sl_vf(90));
  sl_batch_set(b, LAT, sl_vi(2000));
  sl_batch_set(b, STARTED, sl_vt(now - 3600000));
  sl_batch_set(b, DONE, sl_vb(true));
  sl_batch_set(b, ALIASES, sl_vas(SL_LIST, sl_buf_view(&list)));
  sl_batch_key(b, METRICS, SL_STR("auc"), sl_vf(0.9));
  sl_batch_key(b, PARAMS, SL_STR("learning rate"), sl_vz("0.1"));
  sl_batch_key(b, PARAMS, SL_STR("a.b"), sl_vz("x"));
  sl_batch_row(b, SL_PUT, SL_STR("b"));
  sl_batch_set(b, NAME, sl_vz("beta gamma"));
  sl_batch_set(b, BYTES, sl_vi(9007199254740993));
  sl_batch_set(b, DUR, sl_vf(NAN));
  sl_batch_set(b, STARTED, sl_vt(now - 3 * 86400000));
  sl_batch_set(b, DONE, sl_vb(false));
  sl_batch_set(b, ALIASES, sl_vas(SL_LIST, sl_strn("", 0)));
  sl_batch_key(b, METRICS, SL_STR("auc"), sl_vf(NAN));
  sl_batch_key(b, PARAMS, SL_STR("learning rate"), sl_vz("1e-2"));
  sl_batch_set(b, 9, sl_vi(4));
  sl_batch_row(b, SL_PUT, SL_STR("c"));
  sl_batch_set(b, NAME, sl_vz("10"));
  sl_batch_key(b, PARAMS, SL_STR("learning rate"), sl_vz("auto"));
  sl_batch_row(b, SL_PUT, SL_STR("d"));
  assert_int_equal(sl_batch_seal(b, &err), SL_OK);
  int rc = sl_filter_parse(&f, sl_str(text), now, NULL, &err);
  if (!rc)
    rc = sl_filter_check(f, s, &err);
  uint8_t keep[SL_BATCH_ROWS];
  if (!rc)
    rc = sl_filter_run(f, b, keep, &err);
  size_t n = 0;
  for (uint32_t i = 0; !rc && i < 4; i++)
    if (keep[i])
      out[n++] = (char)('a' + i);
  out[n] = 0;
  if (rc)
    snprintf(out, sizeof out, "!%s", err.msg);
  if (!rc || f)
    sl_filter_unref(f);
  sl_buf_free(&list);
  sl_batch_unref(b);
  sl_schema_unref(s);
  return out;
}

static void test_meaning(void **state)
{
  (void)state;
  static const struct { const char *filter, *rows; } cases[] = {
    { "name = alpha", "a" }, { "name != alpha", "bc" }, { "not name = alpha", "bc" }, { "name = 'beta gamma'", "b" },
    { "name = \"beta gamma\"", "b" }, { "name ~ ^.eta", "b" }, { "name !~ a", "c" }, { "name ~ (al|be).*", "ab" },
    { "name ~ ' '", "b" }, { "(name ~ alp(h|x)a)", "a" },
    { "name = 10", "c" }, { "name = 10.0", "c" }, { "name = '10.0'", "" }, { "name < 9", "" }, { "name > 9.5", "abc" },
    { "name < '9'", "c" }, { "name in (alpha, '10', zzz)", "ac" }, { "name not in (alpha)", "bc" }, { "name is null", "d" },
    { "name IS NOT NULL", "abc" }, { "name = alpha or name is null", "ad" }, { "name = alpha OR done = false AND name = '10'", "a" },
    { "!(name = alpha) && name != '10'", "b" }, { "name = alpha||name=10", "ac" }, { "not not name = alpha", "a" },
    { "bytes = 10MB", "a" }, { "bytes >= 10MB", "ab" }, { "bytes < 512KiB", "" }, { "bytes = 9007199254740993", "b" },
    { "bytes > 9007199254740992.0", "b" }, { "bytes = 9007199254740992", "" }, { "bytes in (1, 1e7)", "a" },
    { "duration_s = 90s", "a" }, { "duration_s > 1m", "a" }, { "duration_s != 5", "a" }, { "duration_s is null", "cd" },
    { "duration_s in (1, 90)", "a" }, { "not duration_s in (1)", "a" }, { "latency_ms = 2s", "a" }, { "latency_ms < 2.5s", "a" },
    { "started > -2h", "a" }, { "started < -2h", "b" }, { "started > today", "a" }, { "started > now", "" },
    { "started < 2025-11-19", "b" },
    { "started >= '2025-11-21 05:00'", "a" }, { "done = true", "a" }, { "done != yes", "b" },
    { "aliases = champion", "a" }, { "aliases != champion", "b" }, { "aliases in (x, canary)", "a" }, { "aliases ~ ^can", "a" },
    { "aliases !~ ^can", "b" }, { "aliases is null", "cd" },
    { "metrics.auc > 0.5", "a" }, { "not metrics.auc > 0.5", "" }, { "metrics.auc is null", "cd" }, { "metrics is null", "cd" },
    { "metrics.nobody > 1", "" }, { "metrics.nobody is null", "abcd" }, { "params.\"learning rate\" < 0.05", "b" },
    { "params.`learning rate` = 0.10", "a" }, { "params.'x' = 1", "!filter, column 1: a key after 'params.'" },
    { "params.`learning rate` = '0.10'", "" }, { "params.`learning rate` ~ ^a", "c" }, { "params.a.b = x", "a" },
    { "params.`a.b` = x", "a" },
    { "params.`learning rate` > 5", "c" }, { "t.x = 4", "b" }, { "\"t.x\" = 4", "b" },
    { "connection = ''", "abcd" }, { "connection = x", "" }, { "ref ~ b$", "b" }, { "ref in (':/a', ':/d')", "ad" }, { "ref is null", "" },
    { "name = 'it''s'", "" },
    /* mistakes */
    { "nam = x", "!no column 'nam'; did you mean 'name'?" }, { "zzzzzzzzzz = x", "!no column 'zzzzzzzzzz'" },
    { "name", "!filter, column 5: one of = != < <= > >= ~ !~ in is is expected after the name" },
    { "name =", "!filter, column 7: a value is expected here; text with spaces goes in 'quotes'" },
    { "name = a b", "!filter, column 10: and, or, or the end is expected here" },
    { "(name = a", "!filter, column 10: and, or, ')' is expected here" },
    { "name = 'a", "!filter, column 8: this ' is never closed" },
    { "and", "!filter, column 4: one of = != < <= > >= ~ !~ in is is expected after the name" },
    { "bytes > much", "!'bytes' is integer; 'much' is not a size: 300, 10MB, 512KiB" },
    { "bytes > '5'", "!'bytes' is integer; '5' is not a size: 300, 10MB, 512KiB" },
    { "started > 2h", "!'started' is time; '2h' is not a time: -2h, today, 2026-11-01, '2026-11-01 06:00'" },
    { "done = maybe", "!'done' is bool; 'maybe' is not true or false" },
    { "done < true", "!'done' is bool: it cannot be compared that way; use =, !=" },
    { "bytes ~ 1", "!'bytes' is integer: it cannot be compared that way; use =, !=, <, >, in" },
    { "metrics > 1", "!'metrics' is many values; name one: metrics.KEY" }, { "name.x = 1", "!column 'name' has no keys (asked for 'x')" },
    { "name in ()", "!filter, column 10: a value is expected here; text with spaces goes in 'quotes'" },
    { "name in (a", "!filter, column 11: ',' or ')' is expected here" }, { "name is x", "!filter, column 9: null is expected after is" },
    { "name not x", "!filter, column 10: in is expected after not" },
  };
  unsigned bad = 0;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *got = kept(cases[i].filter);
    if (strcmp(got, cases[i].rows) != 0) {
      print_error("%s: got \"%s\", want \"%s\"\n", cases[i].filter, got, cases[i].rows);
      bad++;
    }
  }
  assert_int_equal(bad, 0);
  assert_non_null(strstr(kept("metrics.auc ~ 1"), "cannot be compared that way")); /* a key is judged by its family */
  assert_string_equal(kept("name ~ x\\)"), ""); /* an escaped bracket belongs to the expression, also at the end */
  assert_string_equal(kept("name ~ '\\{2000}'"), ""); /* and an escaped brace repeats nothing */
  assert_non_null(strstr(kept("name ~ 'a('"), "!filter, column 8: the expression after ~: "));
}

static void test_caps(void **state)
{
  (void)state;
  struct sl_filter *f;
  struct sl_err err;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_filter_parse(&f, SL_STR("  "), now, NULL, &err), SL_OK);
  assert_null(f);
  sl_buf_fill(&b, '(', 10000);
  assert_int_equal(sl_filter_parse(&f, sl_buf_view(&b), now, NULL, &err), SL_EUSAGE);
  sl_buf_clear(&b);
  for (int i = 0; i < 5000; i++)
    sl_buf_z(&b, "a=1 or ");
  sl_buf_z(&b, "a=1");
  assert_int_equal(sl_filter_parse(&f, sl_buf_view(&b), now, NULL, &err), SL_ELIMIT);
  sl_buf_clear(&b);
  for (int i = 0; i < 30000; i++)
    sl_buf_z(&b, "! ");
  sl_buf_z(&b, "a=1");
  assert_int_equal(sl_filter_parse(&f, sl_buf_view(&b), now, NULL, &err), SL_OK);
  sl_filter_unref(f);
  sl_buf_clear(&b);
  sl_buf_z(&b, "a in (");
  for (int i = 0; i < 9000; i++)
    sl_buf_z(&b, "'x''',");
  sl_buf_z(&b, "1)");
  assert_int_equal(sl_filter_parse(&f, sl_buf_view(&b), now, NULL, &err), SL_OK);
  assert_int_equal(sl_filter_root(f)->nlits, 9001);
  sl_filter_unref(f);
  assert_int_equal(sl_filter_parse(&f, SL_STR("a ~ '((x{100}){100}){100}'"), now, NULL, &err), SL_EUSAGE);
  sl_buf_free(&b);
}

static void test_and(void **state)
{
  (void)state;
  struct sl_filter *a, *b, *both;
  assert_int_equal(sl_filter_parse(&a, SL_STR("x = 1 or y = 2"), now, NULL, NULL), SL_OK);
  assert_int_equal(sl_filter_parse(&b, SL_STR("z ~ q"), now, NULL, NULL), SL_OK);
  assert_int_equal(sl_filter_and(&both, a, b, NULL), SL_OK);
  sl_filter_unref(a);
  sl_filter_unref(b);
  assert_true(sl_str_eqz(sl_filter_text(both), "(x = 1 or y = 2) and (z ~ q)"));
  assert_int_equal(sl_filter_root(both)->op, SL_F_AND);
  assert_int_equal(sl_filter_and(&a, both, NULL, NULL), SL_OK);
  assert_ptr_equal(a, both);
  sl_filter_unref(a);
  sl_filter_unref(both);
}

/* ---- the same by the slow way: one row, one value, written from the definition ---- */

static uint64_t seed;
static uint32_t rnd(uint32_t below)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 32) % below;
}

enum { N, Y, U };
struct rcell { bool null; int kind; /* 0 int, 1 float, 2 text */ long long i; double f; const char *s; };
struct rrow { struct rcell c[5]; }; /* i, f, s, m.k, p.k */

static const char *const texts[] = { "", "0", "1", "2.5", "1e1", "abc", "b", "-3", "nan", "9007199254740993", "zz" };
static const long long ints[] = { 0, 1, -3, 10, 9007199254740993, INT64_MAX, INT64_MIN, 2 };
static const double floats[] = { 0, 1, 2.5, -3, 9007199254740992.0, 1e300, 10 };

static struct rcell rnd_cell(int kind)
{
  struct rcell c = { .kind = kind, .null = rnd(5) == 0 };
  c.i = ints[rnd(8)];
  c.f = rnd(6) ? floats[rnd(7)] : (double)NAN;
  c.s = texts[rnd(11)];
  return c;
}

static int sign(long double d) { return (d > 0) - (d < 0); }

/* x87 long double holds every i64 and double exactly. */
static int ref_cmp(const struct rcell *c, const char *lit)
{
  char *end;
  long double y = strtold(lit, &end); /* lint-ok: banned: the reference must not share our parser */
  bool num = *lit && !*end && (lit[0] == '-' || (lit[0] >= '0' && lit[0] <= '9'));
  if (c->kind < 2) {
    long double x = c->kind ? (long double)c->f : (long double)c->i;
    return isnan(x) ? 2 : sign(x - y);
  }
  long double x = strtold(c->s, &end); /* lint-ok: banned: the reference must not share our parser */
  if (num && *c->s && !*end)
    return isnan(x) ? 2 : sign(x - y);
  return sign(strcmp(c->s, lit));
}

struct rnode { int op; /* 0 and, 1 or, 2 not, 3.. leaf */ int col, cmp; const char *lit; struct rnode *a, *b; };
static struct rnode pool[64];
static int npool;
static const char *const colnames[] = { "i", "f", "s", "m.k", "p.k" };
static const char *const cmps[] = { "=", "!=", "<", "<=", ">", ">=", " is null", " in " };
static const char *const numlits[] = { "0", "1", "2.5", "-3", "9007199254740992", "9007199254740993", "10" };
static const char *const txtlits[] = { "abc", "b", "1", "2.5", "zz", "9007199254740992" };

static struct rnode *gen(struct sl_buf *b, int depth)
{
  struct rnode *n = &pool[npool++];
  *n = (struct rnode){ .op = depth ? (int)rnd(5) : 3 };
  if (n->op < 2) {
    sl_buf_z(b, "(");
    n->a = gen(b, depth - 1);
    sl_buf_z(b, n->op ? " or " : " AND ");
    n->b = gen(b, depth - 1);
    sl_buf_z(b, ")");
  } else if (n->op == 2) {
    sl_buf_z(b, "not (");
    n->a = gen(b, depth - 1);
    sl_buf_z(b, ")");
  } else {
    n->col = (int)rnd(5);
    n->cmp = (int)rnd(8);
    n->lit = n->col == 2 || n->col == 4 ? txtlits[rnd(6)] : numlits[rnd(7)];
    sl_buf_printf(b, "%s%s", colnames[n->col], cmps[n->cmp]);
    if (n->cmp == 7)
      sl_buf_printf(b, "(%s, 10)", n->lit);
    else if (n->cmp != 6)
      sl_buf_z(b, n->lit);
  }
  return n;
}

static int ref_run(const struct rnode *n, const struct rrow *r)
{
  if (n->op == 2) {
    int a = ref_run(n->a, r);
    return a == U ? U : !a;
  }
  if (n->op < 2) {
    int a = ref_run(n->a, r), b = ref_run(n->b, r), settle = n->op;
    return a == settle || b == settle ? settle : a == U || b == U ? U : !settle;
  }
  const struct rcell *c = &r->c[n->col];
  if (n->cmp == 6)
    return c->null;
  if (c->null)
    return U;
  int x = ref_cmp(c, n->lit);
  if (n->cmp == 7) {
    int y = ref_cmp(c, "10");
    return x == 0 || y == 0 ? Y : x == 2 || y == 2 ? U : N;
  }
  if (x == 2)
    return U;
  bool yes[] = { x == 0, x != 0, x < 0, x <= 0, x > 0, x >= 0 };
  return yes[n->cmp];
}

static void property_round(struct sl_schema *s)
{
  static struct rrow rows[300];
  struct sl_batch *b;
  uint32_t n = 1 + rnd(300);
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  for (uint32_t i = 0; i < n; i++) {
    for (int c = 0; c < 5; c++)
      rows[i].c[c] = rnd_cell(c == 0 ? 0 : c == 1 || c == 3 ? 1 : 2);
    struct rcell *c = rows[i].c;
    sl_batch_row(b, SL_PUT, SL_STR("x"));
    sl_batch_set(b, 0, c[0].null ? sl_null(SL_I64) : sl_vi(c[0].i));
    sl_batch_set(b, 1, c[1].null ? sl_null(SL_F64) : sl_vf(c[1].f));
    sl_batch_set(b, 2, c[2].null ? sl_null(SL_TEXT) : sl_vz(c[2].s));
    sl_batch_key(b, 3, SL_STR("k"), c[3].null ? sl_null(SL_F64) : sl_vf(c[3].f));
    sl_batch_key(b, 4, SL_STR("k"), c[4].null ? sl_null(SL_TEXT) : sl_vz(c[4].s));
    sl_batch_key(b, 4, SL_STR("other"), sl_vz("1"));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  for (int k = 0; k < 20; k++) {
    struct sl_buf text;
    sl_buf_init(&text, 0);
    npool = 0;
    struct rnode *tree = gen(&text, 3);
    struct sl_filter *f;
    struct sl_err err;
    uint8_t keep[SL_BATCH_ROWS];
    assert_int_equal(sl_filter_parse(&f, sl_buf_view(&text), now, NULL, &err), SL_OK);
    assert_int_equal(sl_filter_check(f, s, &err), SL_OK);
    assert_int_equal(sl_filter_run(f, b, keep, &err), SL_OK);
    for (uint32_t i = 0; i < n; i++)
      if (keep[i] != (ref_run(tree, &rows[i]) == Y))
        fail_msg("row %u (i=%lld f=%g s='%s' m=%g p='%s'): %s gave %d", i, rows[i].c[0].i, rows[i].c[1].f, rows[i].c[2].s, rows[i].c[3].f,
                 rows[i].c[4].s, sl_buf_zstr(&text), keep[i]);
    sl_filter_unref(f);
    sl_buf_free(&text);
  }
  sl_batch_unref(b);
}

static void test_property(void **state)
{
  (void)state;
  const struct sl_col five[] = { { .name = "i", .type = SL_I64 }, { .name = "f", .type = SL_F64 }, { .name = "s", .type = SL_TEXT },
                                 { .name = "m", .type = SL_FAMILY_F64 }, { .name = "p", .type = SL_FAMILY_TEXT } };
  assert_int_equal(getrandom(&seed, sizeof seed, 0), (int)sizeof seed);
  const char *given = getenv("SLUICE_SEED");
  if (given && sl_parse_hex(sl_str(given), (unsigned char *)&seed, sizeof seed))
    print_message("seed given\n");
  seed |= 1;
  struct sl_buf hex;
  sl_buf_init(&hex, 0);
  sl_fmt_hex(&hex, &seed, sizeof seed);
  print_message("SLUICE_SEED=%s\n", sl_buf_zstr(&hex));
  sl_buf_free(&hex);
  struct sl_schema *s;
  assert_int_equal(sl_schema_new(&s, five, 5, NULL, 0, NULL), SL_OK);
  for (int i = 0; i < 60; i++)
    property_round(s);
  sl_schema_unref(s);
}

static void test_order(void **state)
{
  (void)state;
  struct sl_schema *s = schema();
  struct sl_order *o;
  struct sl_err err;
  assert_int_equal(sl_order_parse(&o, SL_STR(" -metrics.auc, name,+started,`t.x`"), &err), SL_OK);
  assert_int_equal(sl_order_count(o), 4);
  assert_true(sl_order_key(o, 0)->desc && sl_str_eqz(sl_order_key(o, 0)->name.key, "auc"));
  assert_false(sl_order_key(o, 2)->desc);
  assert_int_equal(sl_order_check(o, s, &err), SL_OK);
  sl_order_unref(o);
  assert_int_equal(sl_order_parse(&o, SL_STR("metrics"), &err), SL_OK);
  assert_int_equal(sl_order_check(o, s, &err), SL_EUSAGE);
  assert_string_equal(err.msg, "'metrics' is many values; sort by one: metrics.KEY");
  sl_order_unref(o);
  assert_int_equal(sl_order_parse(&o, SL_STR("strated"), &err), SL_OK);
  assert_int_equal(sl_order_check(o, s, &err), SL_EUSAGE);
  assert_string_equal(err.msg, "no column 'strated'; did you mean 'started'?");
  sl_order_unref(o);
  static const char *const bad[] = { ",", "a,", "a b", "-", "a,,b", "a.'x'" };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(sl_order_parse(&o, sl_str(bad[i]), &err), SL_EUSAGE);
  assert_int_equal(sl_order_parse(&o, SL_STR(""), &err), SL_OK);
  assert_null(o);
  sl_schema_unref(s);
}

static void test_want(void **state)
{
  (void)state;
  struct sl_want *w;
  struct sl_err err;
  assert_int_equal(sl_want_parse(&w, SL_STR("name, metrics.*,params.\"learning rate\""), &err), SL_OK);
  assert_int_equal(sl_want_count(w), 3);
  assert_true(sl_str_eqz(sl_want_name(w, 1).key, "*"));
  assert_true(sl_str_eqz(sl_want_name(w, 2).key, "learning rate"));
  assert_null(sl_want_name(w, 0).key.p);
  assert_null(sl_want_name(w, 3).col.p);
  sl_want_unref(w);
  assert_int_equal(sl_want_parse(&w, SL_STR("metrics.a*"), &err), SL_EUSAGE);
  assert_int_equal(sl_want_parse(&w, SL_STR("name,"), &err), SL_EUSAGE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_meaning), cmocka_unit_test(test_caps), cmocka_unit_test(test_and), cmocka_unit_test(test_property),
    cmocka_unit_test(test_order), cmocka_unit_test(test_want),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
