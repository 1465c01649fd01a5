/* Numbers as text and back: exact, shortest, the same in every locale. */
#include "base/fmt.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static uint64_t seed;

static uint64_t next_random(void) /* splitmix64 */
{
  uint64_t z = (seed += 0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

static const char *f64(double v)
{
  static char text[64];
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_fmt_f64(&b, v);
  snprintf(text, sizeof text, "%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
  return text;
}

static const char *f32(float v)
{
  static char text[64];
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_fmt_f32(&b, v);
  snprintf(text, sizeof text, "%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
  return text;
}

/* libc's reading, not ours: the judge must be somebody else. */
static double read_f64(const char *s)
{
  double v = (double)NAN;
  assert_int_equal(sscanf(s, "%lf", &v), 1);
  return v;
}

static float read_f32(const char *s)
{
  float v = NAN;
  assert_int_equal(sscanf(s, "%f", &v), 1);
  return v;
}

static size_t count_digits(const char *s)
{
  size_t n = 0, zeros = 0;
  for (; *s && *s != 'e'; s++)
    if (*s >= '0' && *s <= '9' && (n || *s != '0')) {
      n++;
      zeros = *s == '0' ? zeros + 1 : 0;
    }
  return n - zeros;
}

static void doubles_round_trip(void **state)
{
  (void)state;
  uint64_t first = seed = (uint64_t)time(NULL);
  print_message("seed %llu\n", (unsigned long long)first);
  for (int i = 0; i < 100000; i++) {
    uint64_t bits = next_random();
    double v, back;
    memcpy(&v, &bits, sizeof v);
    if (!isfinite(v))
      continue;
    const char *s = f64(v);
    back = read_f64(s);
    if (memcmp(&v, &back, sizeof v))
      fail_msg("seed %llu: %a became %s", (unsigned long long)first, v, s);
    if (i % 8 == 0) { /* one digit less does not do */
      char less[64];
      size_t n = count_digits(s);
      snprintf(less, sizeof less, "%.*e", n < 2 ? 0 : (int)n - 2, v);
      assert_true(n < 2 || read_f64(less) != v);
    }
  }
}

static void floats_round_trip(void **state)
{
  (void)state;
  uint64_t first = seed = (uint64_t)time(NULL) ^ 0x5eed;
  print_message("seed %llu\n", (unsigned long long)first);
  for (int i = 0; i < 100000; i++) {
    uint32_t bits = (uint32_t)next_random();
    float v, back;
    memcpy(&v, &bits, sizeof v);
    if (!isfinite(v))
      continue;
    back = read_f32(f32(v));
    if (memcmp(&v, &back, sizeof v))
      fail_msg("seed %llu: %a became %s", (unsigned long long)first, (double)v, f32(v));
  }
}

/* As Python's repr and numpy's float32 have them. */
static void known_numbers(void **state)
{
  (void)state;
  static const struct { double v; const char *want; } rows[] = {{0, "0"}, {-0.0, "-0.0"}, {3, "3"}, {0.1, "0.1"}, {-1.5, "-1.5"},
    {1.0 / 3, "0.3333333333333333"},
    {0.1 + 0.2, "0.30000000000000004"}, {5e-324, "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"}, {1e15, "1000000000000000"},
    {1e16, "1e+16"}, {1e22, "1e+22"}, {0.0001, "0.0001"}, {0.00001, "1e-05"}, {123456789012345680.0, "1.2345678901234568e+17"},
    {9007199254740993.0, "9007199254740992"}, {2.2250738585072014e-308, "2.2250738585072014e-308"},
    {2.2250738585072009e-308, "2.225073858507201e-308"},
    {5.684341886080802e-14, "5.684341886080802e-14"}, {9.5367431640625e-07, "9.5367431640625e-07"}, {(double)NAN, "NaN"},
    {(double)INFINITY, "Infinity"}, {-(double)INFINITY, "-Infinity"}, {100, "100"}, {1234.5, "1234.5"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    assert_string_equal(f64(rows[i].v), rows[i].want);
  assert_string_equal(f32(0.1f), "0.1");
  assert_string_equal(f32(16777216.0f), "16777216");
  assert_string_equal(f32(1e-45f), "1e-45");
  assert_string_equal(f32(3.4028235e38f), "3.4028235e+38");
  assert_string_equal(f32(0.33333334f), "0.33333334");
}

/* Powers of two are where the nearest n digits may miss. */
static void powers_of_two(void **state)
{
  (void)state;
  for (int e = -1074; e < 1024; e++)
    assert_true(read_f64(f64(ldexp(1, e))) == ldexp(1, e));
  for (int e = -149; e < 128; e++)
    assert_true(read_f32(f32(ldexpf(1, e))) == ldexpf(1, e));
}

static void no_locale(void **state)
{
  (void)state;
  if (setlocale(LC_NUMERIC, "de_DE.UTF-8")) {
    assert_string_equal(f64(1234.5678), "1234.5678");
    assert_string_equal(f64(0.1 + 0.2), "0.30000000000000004");
    setlocale(LC_NUMERIC, "C");
  } else {
    print_message("de_DE.UTF-8 is not installed\n");
  }
}

#define CHECK(call, want)                     \
  do {                                        \
    struct sl_buf b_;                         \
    struct sl_buf *b = &b_;                   \
    sl_buf_init(b, 0);                        \
    call;                                     \
    assert_string_equal(sl_buf_zstr(b), want); \
    sl_buf_free(b);                           \
  } while (0)

static void for_people(void **state)
{
  (void)state;
  CHECK(sl_fmt_sig(b, 0.91234, 3), "0.912");
  CHECK(sl_fmt_sig(b, 0.9, 3), "0.9");
  CHECK(sl_fmt_sig(b, 101766, 3), "102000");
  CHECK(sl_fmt_sig(b, 12345678, 3), "1.23e7");
  CHECK(sl_fmt_sig(b, -1.04e-19, 2), "-1e-19");
  CHECK(sl_fmt_sig(b, 0.99999, 3), "1");
  CHECK(sl_fmt_sig(b, 0.00012345, 3), "0.000123");
  CHECK(sl_fmt_sig(b, 0, 3), "0");
  CHECK(sl_fmt_count(b, 0), "0");
  CHECK(sl_fmt_count(b, 999), "999");
  CHECK(sl_fmt_count(b, 101766), "101 766");
  CHECK(sl_fmt_count(b, -1234567), "-1 234 567");
  CHECK(sl_fmt_count(b, INT64_MIN), "-9 223 372 036 854 775 808");
  CHECK(sl_fmt_bytes(b, 0), "0 B");
  CHECK(sl_fmt_bytes(b, 999), "999 B");
  CHECK(sl_fmt_bytes(b, 31234), "31.2 kB");
  CHECK(sl_fmt_bytes(b, 8000000), "8 MB");
  CHECK(sl_fmt_bytes(b, 999499), "999 kB");
  CHECK(sl_fmt_bytes(b, 999500), "1 MB");
  CHECK(sl_fmt_bytes(b, 999999999), "1 GB");
  CHECK(sl_fmt_bytes(b, INT64_MAX), "9.22 EB");
  CHECK(sl_fmt_bytes(b, INT64_MIN), "-9.22 EB");
}

static void sizes(void **state)
{
  (void)state;
  static const struct { const char *text; int64_t want; } good[] = {{"300", 300}, {"10MB", 10000000}, {"512KiB", 524288},
    {"1.5GB", 1500000000}, {"0", 0},
    {"1.5 KiB", 1536}, {"2k", 2000}, {"1b", 1}, {"9.223372EB", 9223372000000000000}};
  static const char *const wrong[] = {"", "MB", "-1", "1.5", "1.5B", "10XB", "10MBx", "1. GB", "1.2.3GB", "10  MB", "9999999999999999999",
    "9223372036854775807k", "10MiBB",
    "1e3", "9.3EB"};
  int64_t v;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    if (!sl_parse_bytes(sl_str(good[i].text), &v))
      fail_msg("refused: %s", good[i].text);
    assert_true(v == good[i].want);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    if (sl_parse_bytes(sl_str(wrong[i]), &v))
      fail_msg("accepted: %s", wrong[i]);
}

static void encodings(void **state)
{
  (void)state;
  unsigned char out[3];
  CHECK(sl_fmt_hex(b, "\x00\xff\x1a", 3), "00ff1a");
  assert_true(sl_parse_hex(SL_STR("00Ff1a"), out, 3));
  assert_memory_equal(out, "\x00\xff\x1a", 3);
  assert_false(sl_parse_hex(SL_STR("00ff1"), out, 3));
  assert_false(sl_parse_hex(SL_STR("00ff1g"), out, 3));
  CHECK(sl_fmt_base64(b, "", 0), "");
  CHECK(sl_fmt_base64(b, "f", 1), "Zg==");
  CHECK(sl_fmt_base64(b, "fo", 2), "Zm8=");
  CHECK(sl_fmt_base64(b, "foobar", 6), "Zm9vYmFy");
  CHECK(sl_fmt_base64(b, "\xff\xfe\xfd", 3), "//79");
  CHECK(sl_fmt_percent(b, SL_STR("a-Z_0.~ /\xc3\xa9\0")), "a-Z_0.~%20%2F%C3%A9%00");
  CHECK(assert_true(sl_parse_percent(b, SL_STR("a%2fb%20%C3%A9+"))), "a/b \xc3\xa9+");
  struct sl_buf junk;
  sl_buf_init(&junk, 0);
  assert_false(sl_parse_percent(&junk, SL_STR("%")));
  assert_false(sl_parse_percent(&junk, SL_STR("%4")));
  assert_false(sl_parse_percent(&junk, SL_STR("%zz")));
  sl_buf_free(&junk);
  CHECK(sl_fmt_shell(b, SL_STR("plain/path-1.txt")), "plain/path-1.txt");
  CHECK(sl_fmt_shell(b, SL_STR("")), "''");
  CHECK(sl_fmt_shell(b, SL_STR("it's; rm -rf $HOME")), "'it'\\''s; rm -rf $HOME'");
  CHECK(sl_fmt_shell(b, SL_STR("~root")), "'~root'");
  CHECK(sl_fmt_shell(b, SL_STR("select 1\nfrom a\\b")), "'select 1\nfrom a\\b'");
  CHECK(sl_fmt_shell(b, SL_STR("a'\\\x1b[31m\xff\n\xe2\x80\xaeg\xc3\xbc")), "$'a\\'\\\\\\x1b[31m\\xff\\x0a\\xe2\\x80\\xaeg\xc3\xbc'");
  CHECK(sl_fmt_csv(b, SL_STR("plain text")), "plain text");
  CHECK(sl_fmt_csv(b, SL_STR("a,\"b\"\n")), "\"a,\"\"b\"\"\n\"");
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(doubles_round_trip), cmocka_unit_test(floats_round_trip),
    cmocka_unit_test(known_numbers),
    cmocka_unit_test(powers_of_two), cmocka_unit_test(no_locale), cmocka_unit_test(for_people), cmocka_unit_test(sizes),
      cmocka_unit_test(encodings)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
