/* What is told beside a model of pictures: each processor's own rule, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compute/image_page.h"

static struct sl_image_prep read_prep(const char *json)
{
  struct sl_image_prep p;
  struct sl_err err = { 0 };
  int rc = sl_image_prep_read(&p, sl_str(json), "page", &err);
  if (rc)
    fail_msg("%s", err.msg);
  return p;
}

#define PLAIN "\"do_normalize\":false,"

static void test_sizes(void **state)
{
  (void)state;
  struct sl_image_prep p = read_prep("{" PLAIN "\"size\":{\"shortest_edge\":30},\"do_center_crop\":true,\"crop_size\":24}");
  assert_true(p.fit == SL_IMAGE_SHORTER && p.w == 30 && p.crop_w == 24 && p.crop_h == 24 && p.crop_floor && p.multiply);
  p = read_prep("{" PLAIN "\"size\":{\"height\":20,\"width\":30},\"resample\":3}");
  assert_true(p.fit == SL_IMAGE_EXACT && p.w == 30 && p.h == 20 && !p.crop_w && p.filter == SL_IMAGE_BICUBIC);
  p = read_prep("{" PLAIN "\"size\":[20,30],\"resample\":\"lanczos\"}");
  assert_true(p.w == 30 && p.h == 20 && p.filter == SL_IMAGE_LANCZOS);
  p = read_prep("{" PLAIN "\"size\":24,\"image_processor_type\":\"ViTImageProcessor\"}");
  assert_true(p.fit == SL_IMAGE_EXACT && p.w == 24 && p.h == 24);
  p = read_prep("{" PLAIN "\"size\":24,\"feature_extractor_type\":\"CLIPFeatureExtractor\"}");
  assert_true(p.fit == SL_IMAGE_SHORTER && p.w == 24);
  p = read_prep("{" PLAIN "\"do_resize\":false}");
  assert_true(p.fit == SL_IMAGE_KEEP);
}

/* size / crop_pct, cut down; from 384 on at once. */
static void test_convnext(void **state)
{
  (void)state;
  struct sl_image_prep p = read_prep("{" PLAIN "\"size\":224,\"crop_pct\":0.875}");
  assert_true(p.fit == SL_IMAGE_SHORTER && p.w == 256 && p.crop_w == 224 && p.crop_h == 224);
  p = read_prep("{" PLAIN "\"size\":{\"shortest_edge\":288},\"crop_pct\":0.95}");
  assert_true(p.w == 303 && p.crop_w == 288);
  p = read_prep("{" PLAIN "\"size\":{\"shortest_edge\":384},\"image_processor_type\":\"ConvNextImageProcessor\"}");
  assert_true(p.fit == SL_IMAGE_EXACT && p.w == 384 && p.h == 384 && !p.crop_w);
}

static void test_numbers(void **state)
{
  (void)state;
  struct sl_image_prep p = read_prep("{\"do_resize\":false,\"image_mean\":0.5,\"image_std\":[1,2,4],\"rescale_factor\":0.5}");
  assert_true(p.scale >= 0.5 && p.scale <= 0.5 && p.mean[2] >= 0.5f && p.mean[2] <= 0.5f && p.std[2] >= 4 && p.std[2] <= 4);
  p = read_prep("{\"do_resize\":false,\"do_rescale\":false,\"do_normalize\":false,\"rescale_factor\":0.5}");
  assert_true(p.scale >= 1 && p.scale <= 1 && p.std[0] >= 1 && p.std[0] <= 1);
}

static void test_refused(void **state)
{
  (void)state;
  static const char *const bad[] = { "", "{", "[]", "3", "{}", "{\"do_resize\":false}", "{" PLAIN "\"size\":0}", "{" PLAIN "\"size\":4097}",
    "{" PLAIN "\"size\":2.5}", "{" PLAIN "\"size\":{\"height\":3}}", "{" PLAIN "\"size\":[1,2,3]}", "{" PLAIN "\"size\":9,\"resample\":6}",
    "{" PLAIN "\"size\":9,\"resample\":-1}", "{" PLAIN "\"size\":9,\"resample\":\"cubic\"}", "{" PLAIN "\"size\":9,\"crop_pct\":0}",
    "{" PLAIN "\"size\":9,\"do_center_crop\":true}", "{" PLAIN "\"size\":9,\"rescale_factor\":0}",
    "{" PLAIN "\"size\":9,\"rescale_factor\":-1}",
    "{" PLAIN "\"size\":9,\"do_pad\":true}", "{" PLAIN "\"size\":9,\"do_resize\":\"yes\"}", "{" PLAIN "\"size\":9,\"size\":9}",
    "{\"do_resize\":false,\"image_mean\":[1,2],\"image_std\":1}", "{\"do_resize\":false,\"image_mean\":0,\"image_std\":0}",
    "{\"do_resize\":false,\"image_mean\":0,\"image_std\":-1}", "{\"do_resize\":false,\"image_mean\":1e300,\"image_std\":1}",
    "{\"do_resize\":false,\"image_mean\":0,\"image_std\":1e-300}" };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct sl_image_prep p;
    struct sl_err err = { 0 };
    if (!sl_image_prep_read(&p, sl_str(bad[i]), "page", &err))
      fail_msg("taken: %s", bad[i]);
    assert_true(!strncmp(err.msg, "page", 4));
  }
}

static void test_preset(void **state)
{
  (void)state;
  struct sl_image_prep p = sl_image_prep_preset(224, 224, false);
  assert_true(p.w == 256 && p.crop_w == 224 && !p.crop_floor && !p.multiply);
  assert_int_equal(sl_image_prep_preset(384, 384, false).w, 439);
  assert_int_equal(sl_image_prep_preset(32, 24, false).w, 37);
  struct sl_buf b;
  sl_buf_init(&b, 0);
  p = sl_image_prep_preset(24, 24, true);
  sl_image_prep_words(&b, &p);
  assert_string_equal(sl_buf_zstr(&b), "shorter side to 27 by bilinear, 24 x 24 of its middle");
  sl_buf_free(&b);
}

static void test_names(void **state)
{
  (void)state;
  static const char *const good[] = { "a\nb c\n", "a\r\nb c", "[\"a\",\"b c\"]", "{\"1\":\"b c\",\"0\":\"a\"}" };
  static const char *const bad[] = { "a\n\nb", "[\"a\",1]", "[\"a\",\"\"]", "{\"0\":\"a\",\"2\":\"b\"}", "[", "{\"0\":[]}" };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    struct sl_image_names n;
    assert_int_equal(sl_image_names_read(&n, sl_str(good[i]), "names", NULL), SL_OK);
    assert_int_equal(n.n, 2);
    assert_true(sl_str_eqz(n.at[0], "a") && sl_str_eqz(n.at[1], "b c"));
    sl_image_names_free(&n);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct sl_image_names n;
    struct sl_err err = { 0 };
    assert_true(sl_image_names_read(&n, sl_str(bad[i]), "names", &err) && !strncmp(err.msg, "names", 5));
  }
  struct sl_image_names n;
  assert_int_equal(sl_image_names_config(&n, SL_STR("{\"x\":1,\"id2label\":{\"0\":\"cat\"}}"), "config", NULL), SL_OK);
  assert_true(n.n == 1 && sl_str_eqz(n.at[0], "cat"));
  sl_image_names_free(&n);
  assert_int_equal(sl_image_names_config(&n, SL_STR("{\"x\":1}"), "config", NULL), SL_OK);
  assert_int_equal(n.n, 0);
}

static void test_names_as_they_are(void **state)
{
  (void)state;
  static const char *const as[] = { "[ant]", " bee\n", "{}", "10" };
  static struct sl_str many[SL_IMAGE_NAMES_MAX + 1];
  struct sl_str name[4];
  struct sl_image_names n;
  struct sl_err err = { 0 };
  for (size_t i = 0; i < 4; i++)
    name[i] = sl_str(as[i]);
  assert_int_equal(sl_image_names_of(&n, name, 4, "names", NULL), SL_OK);
  assert_int_equal(n.n, 4);
  for (size_t i = 0; i < 4; i++)
    assert_true(sl_str_eqz(n.at[i], as[i]) && !n.at[i].p[n.at[i].n]);
  sl_image_names_free(&n);
  assert_int_equal(sl_image_names_of(&n, many, SL_IMAGE_NAMES_MAX + 1, "names", &err), SL_ELIMIT);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(test_sizes), cmocka_unit_test(test_convnext), cmocka_unit_test(test_numbers),
                                      cmocka_unit_test(test_refused), cmocka_unit_test(test_preset), cmocka_unit_test(test_names),
                                      cmocka_unit_test(test_names_as_they_are) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
