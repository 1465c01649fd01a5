/* What a webhook is told: nothing from outside becomes a link, a mention, another line, or half a character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "judge/notify.h"

static struct sl_buf b;

static const char *text(struct sl_notice n)
{
  sl_buf_clear(&b);
  sl_notice_text(&b, &n);
  assert_int_equal(b.failed, SL_OK);
  assert_true(sl_utf8_valid(sl_buf_view(&b)));
  return sl_buf_zstr(&b);
}

static struct sl_notice of(enum sl_news news)
{
  return (struct sl_notice){ .news = news, .conn = SL_STR("reg"), .model = SL_STR("care"), .version = 7, .to = SL_STR("champion"),
                             .was = SL_STR("6"), .by = SL_STR("lead"), .comment = SL_STR(""), .token = "t" };
}

static void each_kind(void **state)
{
  struct sl_notice n = of(SL_NEWS_APPROVED);
  (void)state;
  assert_string_equal(text(of(SL_NEWS_REQUESTED)), "`lead` asks for `care/7` to become `champion`");
  assert_string_equal(text(n), "`lead` approved `care/7`: `champion` names 7 now, was `6`");
  n.was = SL_STR("");
  n.comment = SL_STR("good");
  assert_string_equal(text(n), "`lead` approved `care/7`: `champion` names 7 now, was nothing. `good`");
  assert_string_equal(text(of(SL_NEWS_COUNTED)), "`lead` approved `care/7` for `champion`; more must agree");
  assert_string_equal(text(of(SL_NEWS_REJECTED)), "`lead` rejected `care/7` for `champion`");
  assert_string_equal(text(of(SL_NEWS_ROLLED_BACK)), "`lead` rolled back to `care/7`: `champion` names 7 now, was `6`");
  n.glass = true;
  assert_non_null(strstr(text(n), "*BREAK-GLASS, over the gates:* `lead`"));
}

static void hostile_names(void **state)
{
  struct sl_notice n = of(SL_NEWS_REJECTED);
  (void)state;
  n.model = SL_STR("<!here>`<https://evil.example|x>`\n\x1b[2J\xff&amp;");
  assert_string_equal(text(n), "`lead` rejected `&lt;!here&gt;'&lt;https://evil.example|x&gt;'^J^[[2J\\xFF&amp;amp;/7` for `champion`");
  char *big = malloc(5000);
  assert_non_null(big);
  for (size_t i = 0; i < 5000; i += 2)
    memcpy(big + i, "\xc3\xa9", 2);
  n.model = SL_STR("care");
  n.comment = sl_strn(big + 1, 4999); /* begins within a character, and is cut at one */
  const char *said = text(n);
  assert_true(strlen(said) < 800);
  assert_non_null(strstr(said, "...`"));
  size_t ticks = 0;
  for (const char *p = said; *p; p++)
    ticks += *p == '`';
  assert_int_equal(ticks % 2, 0);
  free(big);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(each_kind), cmocka_unit_test(hostile_names) };
  sl_buf_init(&b, 0);
  int rc = cmocka_run_group_tests(tests, NULL, NULL);
  sl_buf_free(&b);
  return rc;
}
