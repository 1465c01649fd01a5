/* tests/unit/table_pick.c: which keys of a family get a column: by how many rows have them, what their names say, whether they differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "table/pick.h"

static const struct sl_col cols[] = {
  { .name = "params", .type = SL_FAMILY_TEXT },
  { .name = "metrics", .type = SL_FAMILY_F64 },
};

static struct sl_schema *schema(void)
{
  struct sl_schema *s = NULL;
  assert_int_equal(sl_schema_new(&s, cols, 2, NULL, 0, NULL), SL_OK);
  return s;
}

static struct sl_batch *rows(struct sl_schema *s)
{
  struct sl_batch *b = NULL;
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  for (int i = 0; i < 4; i++) {
    char id[8];
    snprintf(id, sizeof id, "r%d", i);
    sl_batch_row(b, SL_PUT, sl_str(id));
    sl_batch_key(b, 0, SL_STR("rounds"), sl_vz("100"));
    sl_batch_key(b, 0, SL_STR("seed"), sl_vz(id));
    sl_batch_key(b, 0, SL_STR("leaves"), sl_vz(i < 2 ? "31" : "63"));
    if (i == 3)
      sl_batch_key(b, 0, SL_STR("rare"), sl_vz("1"));
    sl_batch_key(b, 1, SL_STR("fit_seconds"), sl_vf(i));
    sl_batch_key(b, 1, SL_STR("train_loss"), sl_vf(i));
    sl_batch_key(b, 1, SL_STR("intervals"), sl_vf(i));
    sl_batch_key(b, 1, SL_STR("val_auc"), sl_vf(1));
    sl_batch_key(b, 1, SL_STR("eval/loss"), sl_vf(i));
    sl_batch_key(b, 1, SL_STR("system/cpu"), sl_vf(i));
    if (!i)
      sl_batch_key(b, 1, SL_STR("test_once"), sl_vf(i));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  return b;
}

static size_t best(struct sl_schema *s, struct sl_batch *b, unsigned family, const char **names, size_t n)
{
  struct sl_pick *p = NULL;
  uint32_t key[16];
  assert_int_equal(sl_pick_open(&p, s, family, NULL), SL_OK);
  for (uint32_t i = 0; i < sl_batch_count(b); i++)
    assert_true(sl_pick_row(p, b, i));
  size_t got = sl_pick_best(p, key, n);
  for (size_t i = 0; i < got; i++)
    names[i] = sl_keys_name(sl_schema_keys(s), key[i]).p;
  sl_pick_close(p);
  return got;
}

static void names_and_numbers_rank(void **state)
{
  static const char *const want[] = { "eval/loss", "val_auc", "intervals", "train_loss", "fit_seconds", "system/cpu" };
  const char *name[16];
  struct sl_schema *s = schema();
  struct sl_batch *b = rows(s);
  (void)state;
  assert_int_equal(best(s, b, 1, name, 16), 6); /* test_once: one of four */
  for (size_t i = 0; i < 6; i++)
    assert_string_equal(name[i], want[i]);
  assert_int_equal(best(s, b, 1, name, 2), 2);
  sl_batch_unref(b);
  sl_schema_unref(s);
}

static void texts_only_where_they_differ(void **state)
{
  const char *name[16];
  struct sl_schema *s = schema();
  struct sl_batch *b = rows(s);
  (void)state;
  assert_int_equal(best(s, b, 0, name, 16), 2);
  assert_string_equal(name[0], "leaves");
  assert_string_equal(name[1], "seed");
  sl_batch_unref(b);
  sl_schema_unref(s);
}

/* No key is in half of the rows: the most frequent are better than none; and looking ends after so many pairs. */
static void many_keys(void **state)
{
  struct sl_schema *s = schema();
  struct sl_batch *b = NULL;
  struct sl_pick *p = NULL;
  uint32_t key[4];
  char name[24];
  (void)state;
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  for (int i = 0; i < 40; i++) {
    snprintf(name, sizeof name, "r%d", i);
    sl_batch_row(b, SL_PUT, sl_str(name));
    for (int k = 0; k < 300; k++) {
      snprintf(name, sizeof name, "m%d", i * 300 + k);
      sl_batch_key(b, 1, sl_str(name), sl_vf(k));
    }
    if (i < 3)
      sl_batch_key(b, 1, SL_STR("thrice"), sl_vf(i));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  assert_int_equal(sl_pick_open(&p, s, 1, NULL), SL_OK);
  int rows_seen = 0;
  while (sl_pick_row(p, b, (uint32_t)(rows_seen % 40)) && rows_seen < 5000)
    rows_seen++;
  assert_in_range(rows_seen, 990, 1010); /* 300,000 pairs of 300 */
  sl_pick_close(p);
  assert_int_equal(sl_pick_open(&p, s, 1, NULL), SL_OK);
  for (uint32_t i = 0; i < 40; i++)
    assert_true(sl_pick_row(p, b, i));
  assert_int_equal(sl_pick_best(p, key, 4), 1);
  assert_true(sl_str_eqz(sl_keys_name(sl_schema_keys(s), key[0]), "thrice"));
  sl_pick_close(p);
  sl_batch_unref(b);
  sl_schema_unref(s);
}

static void held_out_names(void **state)
{
  (void)state;
  assert_true(sl_metric_held_out(SL_STR("val_auc")));
  assert_true(sl_metric_held_out(SL_STR("loss/Test")));
  assert_true(sl_metric_held_out(SL_STR("eval-f1")));
  assert_false(sl_metric_held_out(SL_STR("interval")));
  assert_false(sl_metric_held_out(SL_STR("value")));
  assert_false(sl_metric_held_out(SL_STR("")));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_and_numbers_rank), cmocka_unit_test(texts_only_where_they_differ), cmocka_unit_test(many_keys),
    cmocka_unit_test(held_out_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
