/* The sanitiser against the vectors of hostile text (reliability.md 2.5, groups 1-13 and 15; 14 is about input), every code point, and
 * random bytes.
 *
 * The oracle is written apart from the sanitiser's tables: no control byte, no invisible or reordering character, valid UTF-8, and
 * exactly as many cells as were promised. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"

static const enum sl_text_mode modes[] = {SL_TEXT_CELL, SL_TEXT_LINES, SL_TEXT_STRICT};

/* ---- the oracle ---- */

static bool oracle_invisible(uint32_t cp, uint32_t before)
{
  if (cp == 0xfe0f)
    return sl_cp_width(before) != 2; /* asks for colour; changes no width there */
  return cp == 0xad || cp == 0x34f || cp == 0x61c || cp == 0x115f || cp == 0x1160 || cp == 0x180e || (cp >= 0x200b && cp <= 0x200f) ||
    (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) || cp == 0x3164 || (cp >= 0xe000 && cp <= 0xf8ff) ||
    (cp >= 0xfe00 && cp <= 0xfe0f) || cp == 0xfeff || cp == 0xffa0 || (cp >= 0xfff9 && cp <= 0xfffb) || cp >= 0xe0000 || cp == 0xa0 ||
    cp == 0x2007 || cp == 0x3000 || (cp & 0xfffe) == 0xfffe;
}

/* Cells that a terminal would use; -1 where something in it is harmful. */
static long oracle_width(struct sl_str s, bool lines)
{
  long width = 0;
  uint32_t cp = 0, before = 0;
  unsigned marks = 0;
  for (int n; s.n; s = sl_str_from(s, (size_t)n), before = cp) {
    n = sl_utf8_next(s, &cp);
    if (n <= 0)
      return -1;
    if (lines && cp == '\n')
      continue;
    int w = sl_cp_width(cp);
    if (w < 0 || oracle_invisible(cp, before))
      return -1;
    marks = w == 0 ? marks + 1 : 0;
    if (marks > 4 || (w == 0 && width == 0))
      return -1;
    width += w;
  }
  return width;
}

static void assert_harmless_in(struct sl_str s, enum sl_text_mode mode)
{
  struct sl_buf clean, again;
  sl_buf_init(&clean, 0);
  sl_buf_init(&again, 0);
  struct sl_text_it it = sl_text_it(s, mode);
  struct sl_cluster c;
  while (it.s.n) {
    struct sl_str before = it.s;
    if (!sl_text_next(&it, &c)) {
      assert_true(mode == SL_TEXT_LINES && before.p[0] == '\n' && it.s.n == before.n - 1);
      continue;
    }
    assert_true(it.s.n < before.n); /* it always goes on */
    assert_true(c.n > 0 && c.n <= sizeof c.text && c.width > 0);
    if (oracle_width(sl_strn(c.text, c.n), false) != c.width)
      fail_msg("'%.*s' is not %d wide", c.n, c.text, c.width);
  }
  sl_text_clean(&clean, s, mode);
  assert_int_equal(clean.failed, SL_OK);
  assert_true(oracle_width(sl_buf_view(&clean), mode == SL_TEXT_LINES) >= 0);
  if (mode != SL_TEXT_LINES)
    assert_int_equal(oracle_width(sl_buf_view(&clean), false), sl_text_width(s, mode));
  sl_text_clean(&again, sl_buf_view(&clean), mode); /* what is clean stays as it is */
  assert_true(sl_str_eq(sl_buf_view(&clean), sl_buf_view(&again)));
  sl_buf_free(&clean);
  sl_buf_free(&again);
}

/* Every mode, and every beginning of it (short ones): a cut inside a character or a sequence is harmless too. */
static void assert_harmless(struct sl_str s)
{
  for (size_t m = 0; m < 3; m++) {
    assert_harmless_in(s, modes[m]);
    for (size_t n = 0; s.n <= 100 && n < s.n; n++)
      assert_harmless_in(sl_str_head(s, n), modes[m]);
  }
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (size_t cells = 0; cells < 30; cells++)
    for (int keep = SL_KEEP_HEAD; keep <= SL_KEEP_TAIL; keep++) {
      sl_buf_clear(&b);
      size_t used = sl_text_fit(&b, s, cells, (enum sl_text_keep)keep, cells & 1);
      assert_true(used <= cells);
      assert_int_equal(oracle_width(sl_buf_view(&b), false), used);
    }
  sl_buf_clear(&b);
  sl_text_filename(&b, s);
  assert_true(b.n > 0 && b.n <= 200 && oracle_width(sl_buf_view(&b), false) > 0 && b.p[0] != '.' && b.p[0] != '-' && !strchr(b.p, '/'));
  sl_buf_free(&b);
}

static void assert_clean(struct sl_str s, enum sl_text_mode mode, const char *want)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_text_clean(&b, s, mode);
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

/* Group vectors: the text, and what a cell shows (NULL: only the oracle judges). */
struct vector { struct sl_str s; const char *cell; };
#define V(lit, cell) {{(lit), sizeof(lit) - 1}, cell}

static void run(const struct vector *v, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    assert_harmless(v[i].s);
    if (v[i].cell)
      assert_clean(v[i].s, SL_TEXT_CELL, v[i].cell);
  }
}
#define RUN(v) run(v, sizeof(v) / sizeof(v)[0])

/* ---- the groups ---- */

static void g01_csi(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("\x1b[31m", "^[[31m"), V("\x1b[2J", "^[[2J"), V("\x1b[3J", NULL), V("\x1b[H", "^[[H"), V("\x1b[?1049l", "^[[?1049l"),
    V("\x1b[1;1r", NULL),
    V("\x1b[6n", "^[[6n"), V("\x1b[c", NULL), V("\x1b[>c", NULL), V("\x1b[21t", NULL), V("\x1b" "c", "^[c"), V("\x1b#8", "^[#8"),
    V("\x1b(0qqq", "^[(0qqq"), V("\x1b[?2026h", NULL),
  };
  RUN(v);
}

/* A sequence that never ends must not swallow what follows. */
static void assert_long_sequence(const char *start)
{
  struct sl_buf b, clean;
  sl_buf_init(&b, 0);
  sl_buf_init(&clean, 0);
  sl_buf_z(&b, start);
  sl_buf_fill(&b, 'A', 1100000);
  sl_buf_z(&b, "end");
  assert_harmless_in(sl_buf_view(&b), SL_TEXT_CELL);
  sl_text_clean(&clean, sl_buf_view(&b), SL_TEXT_CELL);
  assert_int_equal(clean.n, b.n + 1); /* ESC became ^[ */
  assert_true(sl_str_ends(sl_buf_view(&clean), SL_STR("AAAend")));
  sl_buf_free(&b);
  sl_buf_free(&clean);
}

static void g02_osc(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("\x1b]0;pwn\a", "^[]0;pwn^G"), V("\x1b]2;x\x1b\\", "^[]2;x^[\\"), V("\x1b]8;;http://evil/\x1b\\text\x1b]8;;\x1b\\", NULL),
    V("\x1b]50;$(x)\a", NULL), V("\x1b]52;c;cm0gLXJmIC8=\a", "^[]52;c;cm0gLXJmIC8=^G"), V("\x1b]52;c;?\a", NULL),
    V("\x1b]9;4;1;50\a", NULL),
    V("\x1b]1337;File=name=eA==:AAAA\a", NULL), V("\x1b]4;1;?\a", NULL), V("\x1b]7;file:///x\a", NULL),
    V("\x1b]8;id=a:id=b;http://bad", NULL),
  };
  RUN(v);
  assert_long_sequence("\x1b]2;");
}

static void g03_dcs_apc_pm_sos(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("\x1bP$qBAD\x1b\\", "^[P$qBAD^[\\"), V("\x1bP+q544e\x1b\\", NULL), V("\x1b_Gi=1;AAAA\x1b\\", NULL), V("\x1b^x\x1b\\", "^[^x^[\\"),
    V("\x1bXx\x1b\\", NULL), V("\x1bPtmux;\x1b\x1b]52;c;QQ==\a\x1b\\", NULL),
    V("\x1b[11111111111111111111111111111111111111111111111111111111111111111111111111111111\x18", NULL), V("\x1b[?9999z", NULL),
  };
  RUN(v);
  assert_long_sequence("\x1b_");
}

static void g04_c1(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("\x9b" "31m", "\\x9B31m"), V("\x9d" "0;x\a", "\\x9D0;x^G"), V("\x90q\x9c", "\\x90q\\x9C"), V("\x85", "\\x85"), V("\x8d", "\\x8D"),
    V("\xc2\x9b" "31m", "<U+009B>31m"), V("\xc2\x9d", "<U+009D>"), V("\xc2\x90", "<U+0090>"), V("\xc2\x85", "<U+0085>"),
    V("\x1b[31m\0", "^[[31m^@"),
  };
  RUN(v);
}

static void g05_overwrite(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("delete prod\rdelete test", "delete prod^Mdelete test"), V("prod\b\b\b\bdev ", "prod^H^H^H^Hdev "), V("ok\n\x1b[1A", "ok^J^[[1A"),
    V("a\vb\fc", "a^Kb^Lc"), V("a\0b", "a^@b"), V("\x7f", "^?"), V("a\tb", "a^Ib"),
  };
  RUN(v);
  assert_clean(SL_STR("a\tb\r\n\tc\v\n"), SL_TEXT_LINES, "a       b^M\n        c^K\n");
  char *bs = sl_alloc(10000);
  memset(bs, '\b', 10000);
  assert_harmless(sl_strn(bs, 10000));
  assert_int_equal(sl_text_width(sl_strn(bs, 10000), SL_TEXT_CELL), 20000);
  sl_free(bs);
}

static void g06_bidi(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("user\u202Ednimda", "user<U+202E>dnimda"), V("a\u2066\u2067b\u2069", "a<U+2066><U+2067>b<U+2069>"), V("\u061C", "<U+061C>"),
    V("\u200F12/34", "<U+200F>12/34"), V("\u202C", "<U+202C>"), V("\u200E", "<U+200E>"), V("\u2068\u202A\u202B\u202D", NULL),
    V("s3://\u0628/1-2", "s3://\u0628/1-2"),
  };
  RUN(v);
  assert_clean(SL_STR("s3://\u0628/1-2"), SL_TEXT_STRICT, "s3://<U+0628>/1-2"); /* where it matters no letter reorders digits */
}

static void g07_invisible(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("prod\u200B", "prod<U+200B>"), V("\u200D", "<U+200D>"), V("\u200C", "<U+200C>"), V("\uFEFFprod", "<U+FEFF>prod"),
    V("\u2060", "<U+2060>"),
    V("prod\U000E0061", "prod<U+E0061>"), V("\u00AD", "<U+00AD>"), V("\u034F", "<U+034F>"), V("\u3164", "<U+3164>"),
    V("\u115F", "<U+115F>"),
    V("\u1160", "<U+1160>"), V("\uFFA0", "<U+FFA0>"), V("a\uFE0F", "a<U+FE0F>"), V("\u2764\uFE0F", "\u2764<U+FE0F>"),
    V("\U0001F600\uFE0F", "\U0001F600\uFE0F"), V("\U0001F600\uFE0F\uFE0F", "\U0001F600\uFE0F<U+FE0F>"),
    V("\U0001F600\uFE0E", "\U0001F600<U+FE0E>"),
    V("\U000E0100", "<U+E0100>"), V("\u180E", "<U+180E>"), V("\uFFF9a\uFFFAb\uFFFB", "<U+FFF9>a<U+FFFA>b<U+FFFB>"), V("\uE000", "<U+E000>"),
    V("\U0010FFFD", "<U+10FFFD>"), V("\uFDD0", "<U+FDD0>"), V("\uFFFF", "<U+FFFF>"), V("\u0378", "<U+0378>"),
  };
  RUN(v);
}

static void g08_separators(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("\u2028", "<U+2028>"), V("\u2029", "<U+2029>"), V("\xc2\x85", "<U+0085>"), V("\x0b", "^K"), V("\x1c\x1d\x1e\x1f", "^\\^]^^^_"),
    V("prod\u00A0", "prod<U+00A0>"), V("prod\u2007", "prod<U+2007>"), V("prod\u3000", "prod<U+3000>"), V("\u1680\u202F\u205F", NULL),
    V("\u00A1\u00A2", "\u00A1\u00A2"),
  };
  RUN(v);
}

static void g09_confusable(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("\u0440rod", "\u0440rod"), V("pr\u03BFd", NULL), V("\uFF50\uFF52\uFF4F\uFF44", NULL), V("model-l1I|", "model-l1I|"),
    V("rn", NULL), V("0O", NULL),
  };
  RUN(v);
  assert_clean(SL_STR("\u0440rod"), SL_TEXT_STRICT, "<U+0440>rod");
  static const char *const odd[] = {"\u0440rod", "pr\u03BFd", "\uFF50\uFF52\uFF4F\uFF44", "\u0440\u0430\u0443", "prod ", " prod",
    "pro\u200Bd", "prod\xff",
    "\U0001D429rod", "a\u0301\u0301\u0301\u0301\u0301", "\u03b1\u0430", "\u24d0", "x\u0585y"};
  static const char *const fine[] = {"prod", "caf\u00e9", "\u043c\u043e\u0434\u0435\u043b\u044c-1", "\u30e2\u30c7\u30eb v2",
    "\u03bc\u03ad\u03c3\u03b7",
    "na\u00efve_bayes.v12", "", "a b", "\u00fcber-1I"};
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
    if (!sl_text_suspicious(sl_str(odd[i])))
      fail_msg("'%s' does not look odd", odd[i]);
  for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
    if (sl_text_suspicious(sl_str(fine[i])))
      fail_msg("'%s' looks odd", fine[i]);
  static const char *const pairs[][2] = {{"prod", "\u0440rod"}, {"prod", "pr\u03BFd"}, {"prod", "\uFF50\uFF52\uFF4F\uFF44"},
    {"prod", "prod\u200B"},
    {"model-l", "model-1"}, {"model-I", "model-l"}, {"model-|", "model-l"}, {"modern", "modem"}, {"vO", "v0"}, {"prod ", "prod"},
    {"a-b", "a\u2013b"}, {"click", "dick"}, {"vv1", "wl"}};
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
    if (!sl_text_alike(sl_str(pairs[i][0]), sl_str(pairs[i][1])))
      fail_msg("'%s' and '%s' look alike", pairs[i][0], pairs[i][1]);
  assert_false(sl_text_alike(SL_STR("prod"), SL_STR("prod")));
  assert_false(sl_text_alike(SL_STR("prod"), SL_STR("test")));
  assert_false(sl_text_alike(SL_STR("v1"), SL_STR("v2")));
  assert_false(sl_text_alike(SL_STR("e"), SL_STR("\u00e9")));
}

static void g10_width(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("\u65e5\u672c\u8a9e", "\u65e5\u672c\u8a9e"),
    V("\U0001F468\u200D\U0001F469\u200D\U0001F467", "\U0001F468<U+200D>\U0001F469<U+200D>\U0001F467"),
    V("\U0001F1E9\U0001F1EA", "<U+1F1E9><U+1F1EA>"), V("1\uFE0F\u20E3", "1<U+FE0F>\u25CC\u20E3"), V("1\u20E3", "1\u20E3"),
    V("\u00B1", "\u00B1"),
    V("\uFDFD", "\uFDFD"), V("\u0301a", "\u25CC\u0301a"), V("\u1112\u1161\u11AB", "\u1112\u1161\u11AB"), V("\u1161", "\u25CC\u1161"),
    V("e\u0301\u0302\u0303\u0304", "e\u0301\u0302\u0303\u0304"),
    V("e\u0301\u0302\u0303\u0304\u0305", "e\u0301\u0302\u0303\u0304\u25CC\u0305"),
    V("\U0001F44D\U0001F3FD", "\U0001F44D<U+1F3FD>"), V("\x1b\u0301", "^[\u25CC\u0301"),
    V("Z\u0334\u0321\u0322\u031b\u0337\u0338\u0327a\u0335\u0316", NULL),
  };
  RUN(v);
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (int i = 0; i < 10000; i++)
    sl_buf_u8(&b, 0x301);
  assert_harmless(sl_buf_view(&b));
  assert_int_equal(sl_text_width(sl_buf_view(&b), SL_TEXT_CELL), 2500);
  sl_buf_clear(&b);
  assert_int_equal(sl_text_fit(&b, SL_STR("ab\u65e5c"), 4, SL_KEEP_HEAD, false), 3); /* a wide one does not fit half */
  assert_string_equal(sl_buf_zstr(&b), "ab\u2026");
  sl_buf_free(&b);
}

static void g11_bad_utf8(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("\xff\xfe", "\\xFF\\xFE"), V("\xc0\xaf", "\\xC0\\xAF"), V("\xe0\x80\xaf", "\\xE0\\x80\\xAF"),
    V("\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"),
    V("\xed\xa0\x80", "\\xED\\xA0\\x80"), V("a\xe2\x82>", "a\\xE2\\x82>"), V("\xe2\x82", "\\xE2\\x82"), V("\x80", "\\x80"),
    V("\xf8\x88\x80\x80\x80", "\\xF8\\x88\\x80\\x80\\x80"), V("a\xcc", "a\\xCC"),
  };
  RUN(v);
}

static void g12_size(void **state)
{
  (void)state;
  static const struct vector v[] = {
    V("   ", "   "), V("", ""), V(".", "."), V("..", ".."), V("/", "/"), V("a//b", "a//b"), V("a\\b", "a\\b"), V("-rf", "-rf"),
  };
  RUN(v);
  struct sl_buf b, out;
  sl_buf_init(&b, 0);
  sl_buf_init(&out, 0);
  sl_buf_fill(&b, 'x', 1 << 20);
  sl_buf_z(&b, "\x1b\u65e5");
  assert_harmless(sl_buf_view(&b));
  for (int i = 0; i < 20000; i++) { /* quick only where the length of the line does not matter */
    sl_buf_clear(&out);
    assert_int_equal(sl_text_fit(&out, sl_buf_view(&b), 10, SL_KEEP_ENDS, false), 10);
  }
  assert_string_equal(sl_buf_zstr(&out), "xxxxx\u2026^[\u65e5");
  sl_buf_cut(&b, 1024);
  sl_buf_clear(&out);
  sl_text_filename(&out, sl_buf_view(&b));
  assert_int_equal(out.n, 200);
  sl_buf_free(&b);
  sl_buf_free(&out);
}

static void g13_formats(void **state)
{
  (void)state;
  static const struct vector v[] = {V("%n%s%1000000d", "%n%s%1000000d"), V("[red]x[-]", "[red]x[-]"), V("{bad:x}", "{bad:x}"),
    V("<U+202E>", "<U+202E>")};
  RUN(v);
}

static uint32_t seed = 20261121;

static uint32_t next_random(void)
{
  seed ^= seed << 13;
  seed ^= seed >> 17;
  return seed ^= seed << 5;
}

static void g15_random_bytes(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (int i = 0; i < 1 << 17; i++)
    sl_buf_ch(&b, (char)(next_random() >> 11));
  for (size_t m = 0; m < 3; m++)
    assert_harmless_in(sl_buf_view(&b), modes[m]);
  sl_buf_clear(&b);
  for (int i = 0; i < 1 << 15; i++) /* valid, and mostly of the first planes */
    sl_buf_u8(&b, next_random() % (i % 3 ? 0x3000 : 0x110000));
  for (size_t m = 0; m < 3; m++)
    assert_harmless_in(sl_buf_view(&b), modes[m]);
  sl_buf_free(&b);
}

/* ---- beyond the vectors ---- */

static void every_code_point(void **state)
{
  (void)state; /* behind an a, on which marks stand */
  for (uint32_t cp = 0; cp < 0x110000; cp++) {
    char text[8] = "a", out[64];
    int n = sl_utf8_put(cp, text + 1);
    struct sl_text_it it = sl_text_it(sl_strn(text, (size_t)n + 1), SL_TEXT_CELL);
    struct sl_cluster c;
    size_t cells = 0, bytes = 0;
    for (; sl_text_next(&it, &c); bytes += c.n, cells += c.width)
      memcpy(out + bytes, c.text, c.n);
    if (oracle_width(sl_strn(out, bytes), false) != (long)cells)
      fail_msg("U+%04X", cp);
  }
}

static void fit_one(const char *s, size_t cells, enum sl_text_keep keep, bool ascii, const char *want, size_t used)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_text_fit(&b, sl_str(s), cells, keep, ascii), used);
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

static void fits(void **state)
{
  (void)state;
  fit_one("abcdef", 6, SL_KEEP_HEAD, false, "abcdef", 6);
  fit_one("abcdef", 5, SL_KEEP_HEAD, false, "abcd\u2026", 5);
  fit_one("abcdef", 5, SL_KEEP_TAIL, false, "\u2026cdef", 5);
  fit_one("abcdef", 5, SL_KEEP_ENDS, false, "ab\u2026ef", 5);
  fit_one("abcdef", 4, SL_KEEP_ENDS, false, "ab\u2026f", 4);
  fit_one("abcdef", 5, SL_KEEP_HEAD, true, "ab...", 5);
  fit_one("abcdef", 2, SL_KEEP_HEAD, true, "..", 2);
  fit_one("abcdef", 1, SL_KEEP_ENDS, false, "\u2026", 1);
  fit_one("abcdef", 0, SL_KEEP_HEAD, false, "", 0);
  fit_one("", 3, SL_KEEP_HEAD, false, "", 0);
  fit_one("ab\u202Ecd", 6, SL_KEEP_HEAD, false, "ab\u2026", 3); /* an escape is kept whole or not at all */
  fit_one("ab\u202Ecd", 12, SL_KEEP_HEAD, false, "ab<U+202E>cd", 12);
  fit_one("\u65e5\u672c\u8a9e", 4, SL_KEEP_TAIL, false, "\u2026\u8a9e", 3);
}

static void name_one(struct sl_str s, const char *want)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_text_filename(&b, s);
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

static void file_names(void **state)
{
  (void)state;
  name_one(SL_STR("report-2026.csv"), "report-2026.csv");
  name_one(SL_STR("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
  name_one(SL_STR("."), "%2E");
  name_one(SL_STR("-rf"), "%2Drf");
  name_one(SL_STR("a\0b\n\\c%~"), "a%00b%0A%5Cc%25%7E");
  name_one(SL_STR("\u65e5\u672c.txt"), "\u65e5\u672c.txt");
  name_one(SL_STR("x\u202Ey\xff"), "x%E2%80%AEy%FF");
  name_one(SL_STR("a/\u0308b"), "a%2F%CC%88b"); /* a slash is one with a mark on it too */
  name_one(SL_STR(".\u0308"), "%2E%CC%88");
  name_one(SL_STR_NONE, "%");
  char a[300], b[300];
  memset(a, 'a', sizeof a);
  memcpy(b, a, sizeof b);
  b[299] = 'b';
  struct sl_buf x, y;
  sl_buf_init(&x, 0);
  sl_buf_init(&y, 0);
  sl_text_filename(&x, sl_strn(a, 200));
  assert_true(x.n == 200 && !strchr(x.p, '~')); /* fits as it is */
  sl_buf_clear(&x);
  sl_text_filename(&x, sl_strn(a, sizeof a));
  sl_text_filename(&y, sl_strn(b, sizeof b));
  assert_true(x.n <= 200 && y.n <= 200 && strcmp(x.p, y.p) != 0 && strchr(x.p, '~'));
  sl_buf_z(&x, "/");
  size_t at = x.n;
  sl_text_filename(&x, SL_STR(".x")); /* appended: its own beginning counts */
  assert_string_equal(x.p + at, "%2Ex");
  sl_buf_free(&x);
  sl_buf_free(&y);
}

static void lines(void **state)
{
  (void)state;
  struct sl_text_it it = sl_text_it(SL_STR("ab\n\n\tc"), SL_TEXT_LINES);
  struct sl_cluster c;
  assert_true(sl_text_next(&it, &c) && sl_text_next(&it, &c));
  assert_false(sl_text_next(&it, &c)); /* the first line's end */
  assert_false(sl_text_next(&it, &c)); /* an empty line */
  assert_true(sl_text_next(&it, &c) && c.width == 8 && c.n == 8 && !c.escaped);
  assert_int_equal(it.column, 8);
  assert_true(sl_text_next(&it, &c) && c.text[0] == 'c');
  assert_false(sl_text_next(&it, &c));
  assert_int_equal(it.s.n, 0);
  assert_int_equal(sl_text_width(SL_STR("a\n1234\nbb"), SL_TEXT_LINES), 4);
  it = sl_text_it(SL_STR("\x1b\u0301\u65e5"), SL_TEXT_CELL);
  assert_true(sl_text_next(&it, &c) && c.escaped && c.width == 2);
  assert_true(sl_text_next(&it, &c) && c.escaped && c.width == 1); /* a mark without a base is nobody's text */
  assert_true(sl_text_next(&it, &c) && !c.escaped && c.width == 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(g01_csi), cmocka_unit_test(g02_osc), cmocka_unit_test(g03_dcs_apc_pm_sos), cmocka_unit_test(g04_c1),
    cmocka_unit_test(g05_overwrite), cmocka_unit_test(g06_bidi), cmocka_unit_test(g07_invisible), cmocka_unit_test(g08_separators),
    cmocka_unit_test(g09_confusable), cmocka_unit_test(g10_width), cmocka_unit_test(g11_bad_utf8), cmocka_unit_test(g12_size),
    cmocka_unit_test(g13_formats), cmocka_unit_test(g15_random_bytes), cmocka_unit_test(every_code_point), cmocka_unit_test(fits),
    cmocka_unit_test(file_names), cmocka_unit_test(lines),
  };
  return cmocka_run_group_tests_name("base_text", tests, NULL, NULL);
}
