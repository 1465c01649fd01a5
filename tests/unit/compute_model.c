/* Models: read from text that is short enough to score by hand; what is refused, and in which words. Whole libraries are compared with in
 * tests/peers/test_score.py. */
#include "compute/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define XGB_OF(booster, feature, objective, base, left, right) \
  "{\"learner\":{\"attributes\":{},\"feature_names\":[\"a\",\"b\"],\"gradient_booster\":{\"model\":{\"gbtree_model_param\":{" \
  "\"num_trees\":\"1\"},\"tree_info\":[0],\"trees\":[{\"id\":0,\"default_left\":[0,0,0]," \
  "\"left_children\":" left ",\"right_children\":" right ",\"split_conditions\":[1.5,-0.25,0.5],\"split_indices\":[" feature ",0,0]," \
  "\"tree_param\":{\"num_nodes\":\"3\"}}],\"weights\":[1,1,1]},\"name\":\"" booster "\"}," \
  "\"learner_model_param\":{\"base_score\":\"" base "\",\"num_class\":\"0\",\"num_feature\":\"2\"},\"objective\":{\"name\":\"" objective \
  "\"}},\"version\":[3,2,0]}"
#define XGB(objective, base, left, right) XGB_OF("gbtree", "1", objective, base, left, right)
#define XGB_TREE(objective, base) XGB(objective, base, "[1,-1,-1]", "[2,-1,-1]")

#define LGB(objective, left) \
  "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\nobjective=" objective \
  "\nfeature_names=a_b c\nfeature_infos=[0:1] 0:1:2\ntree_sizes=1\n\nTree=0\nnum_leaves=3\nnum_cat=1\n" \
  "split_feature=0 1\nthreshold=inf 0\ndecision_type=8 1\nleft_child=" left "\nright_child=-1 -3\nleaf_value=10 20 30\n" \
  "cat_boundaries=0 1\ncat_threshold=5\nshrinkage=1\n\n" \
  "end of trees\n\npandas_categorical:[[\"x\",\"y\",\"z\"]]\n"

static struct sl_model *load(const char *text, enum sl_model_wrapper w)
{
  struct sl_model *m;
  struct sl_err err = { 0 };
  if (sl_model_load(&m, sl_str(text), "m", w, &err))
    fail_msg("%s", err.msg);
  return m;
}

static void fails(const char *text, int code, const char *words)
{
  struct sl_model *m;
  struct sl_err err = { 0 };
  assert_int_equal(sl_model_load(&m, sl_str(text), "m", SL_MODEL_BOOSTER, &err), code);
  assert_null(m);
  if (!strstr(err.msg, words))
    fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
}

/* Two columns of numbers, rows of them. */
static void score(const struct sl_model *m, const double (*rows)[2], size_t n, enum sl_model_output what, void *out)
{
  struct sl_column c[2];
  const struct sl_column *at[2] = { &c[0], &c[1] };
  struct sl_model_bind *b;
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(sl_column_init(&c[i], NULL, SL_COLUMN_F64, NULL), SL_OK);
    for (size_t r = 0; r < n; r++)
      assert_int_equal(sl_column_put_f64(&c[i], rows[r][i], NULL), SL_OK);
  }
  assert_int_equal(sl_model_bind(&b, m, at, NULL), SL_OK);
  assert_int_equal(sl_model_bind_rows(b, NULL), SL_OK);
  assert_int_equal(sl_model_predict(b, what, 0, n, out, NULL), SL_OK);
  sl_model_bind_free(b);
  sl_column_free(&c[0]);
  sl_column_free(&c[1]);
}

static void xgboost_by_hand(void **state)
{
  const double rows[][2] = { { 0, 1.4999999 }, { 0, 1.5 }, { 0, NAN } };
  float f[3];
  int64_t k[3];
  (void)state;
  struct sl_model *m = load(XGB_TREE("reg:squarederror", "5E-1"), SL_MODEL_BOOSTER);
  score(m, rows, 3, SL_MODEL_PREDICT, f);
  assert_true(f[0] == 0.25f && f[1] == 1.0f && f[2] == 1.0f);
  score(m, rows, 3, SL_MODEL_LEAF, k);
  assert_true(k[0] == 1 && k[1] == 2);
  sl_model_free(m);
  m = load(XGB_TREE("binary:logistic", "[5E-1]"), SL_MODEL_CLASSIFIER);
  score(m, rows, 3, SL_MODEL_RAW, f);
  assert_true(f[0] == -0.25f && f[1] == 0.5f);
  score(m, rows, 3, SL_MODEL_PREDICT, k); /* a classifier predicts classes */
  assert_true(k[0] == 0 && k[1] == 1);
  sl_model_free(m);
}

/* Numbers are read the short way where that is exact, else the long way: both as strtof reads them. */
static void numbers_to_the_bit(void **state)
{
  static const char *const words[] = { "0.1", "-0.0", "1e22", "1E-22", "16777217", "16777217.0", "1.00000005960464477539", "3.4028234e38",
    "1e-45", "1.1754942e-38", "123456789.5e-3", "8.589973e9", "9007199254740993", "0.3333333432674407958984375", "7" };
  static const float want[] = { 0.1f, -0.0f, 1e22f, 1E-22f, 16777217.f, 16777217.0f, 1.00000005960464477539f, 3.4028234e38f, 1e-45f,
    1.1754942e-38f, 123456789.5e-3f, 8.589973e9f, 9007199254740993.f, 0.3333333432674407958984375f, 7.f };
  (void)state;
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    char text[2000];
    const double row[][2] = { { 0, 0 } };
    float got;
    static const char whole[] = XGB_TREE("reg:squarederror", "0"), mark[] = "-0.25";
    const char *at = strstr(whole, mark);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, words[i], at + strlen(mark));
    struct sl_model *m = load(text, SL_MODEL_BOOSTER);
    score(m, row, 1, SL_MODEL_RAW, &got);
    if (got != want[i])
      fail_msg("%s became %a, not %a", words[i], (double)got, (double)want[i]);
    sl_model_free(m);
  }
}

static void refused_in_words(void **state)
{
  (void)state;
  fails("", SL_EUNSUP, "an empty file");
  fails("\x80\x04\x95", SL_EPARSE, "m: byte 2: the file ends in the middle");
  fails("{\"learner\":{\"x\":1}}", SL_EPARSE, "no XGBoost model");
  fails(XGB_TREE("reg:new", "0"), SL_EUNSUP, "reg:new");
  fails(XGB_TREE("reg:squarederror", "zero"), SL_EPARSE, "base_score");
  fails(XGB("reg:squarederror", "0", "[1,0,-1]", "[2,2,-1]"), SL_EPARSE, "form no tree");
  fails(XGB("reg:squarederror", "0", "[1,-1,-1]", "[9,-1,-1]"), SL_EPARSE, "form no tree");
  fails(XGB("reg:squarederror", "0", "[1,-1]", "[2,-1]"), SL_EPARSE, "different lengths");
  fails(XGB_OF("gbtree", "2", "reg:squarederror", "0", "[1,-1,-1]", "[2,-1,-1]"), SL_EPARSE, "a feature that there is not");
  fails(XGB_OF("gblinear", "900000", "reg:squarederror", "0", "[1,-1,-1]", "[2,-1,-1]"), SL_EPARSE, "linear model with trees");
  fails("{\"learner\":{", SL_EPARSE, "byte 12: the file ends");
  fails(LGB("regression", "1 0"), SL_EPARSE, "form no tree");
  fails(LGB("regression", "1 7"), SL_EPARSE, "out of range");
  fails(LGB("magic", "1 -2"), SL_EUNSUP, "magic");
}

static void lightgbm_by_hand(void **state)
{
  /* missing stands against everything: threshold inf; then categories 0 and 2 go left */
  struct sl_model *m = load(LGB("regression", "1 -2"), SL_MODEL_BOOSTER);
  struct sl_column a, c;
  const struct sl_column *at[2] = { &a, &c };
  struct sl_model_bind *b;
  double out[4];
  (void)state;
  assert_int_equal(sl_column_init(&a, NULL, SL_COLUMN_F64, NULL), SL_OK);
  assert_int_equal(sl_column_init(&c, NULL, SL_COLUMN_DICT, NULL), SL_OK);
  static const char *const words[] = { "z", "y", "new", "x" };
  for (int i = 0; i < 4; i++) {
    assert_int_equal(sl_column_put_f64(&a, i == 3 ? (double)NAN : 7, NULL), SL_OK);
    assert_int_equal(sl_column_put_text(&c, sl_str(words[i]), NULL), SL_OK);
  }
  assert_int_equal(sl_model_bind(&b, m, at, NULL), SL_OK);
  assert_int_equal(sl_model_bind_rows(b, NULL), SL_OK);
  assert_int_equal(sl_model_predict(b, SL_MODEL_PREDICT, 0, 4, out, NULL), SL_OK);
  assert_true(out[0] == 20 && out[1] == 30 && out[2] == 30 && out[3] == 10);
  sl_model_bind_free(b);
  sl_column_free(&a);
  sl_column_free(&c);
  sl_model_free(m);
}

static void columns_by_name(void **state)
{
  struct sl_model *m = load(LGB("regression", "1 -2"), SL_MODEL_BOOSTER), *x = load(XGB_TREE("reg:squarederror", "0"), SL_MODEL_BOOSTER);
  static const char *const names[] = { "y", "c", "a b" }, *const few[] = { "a", "bb" };
  size_t of[2];
  struct sl_err err = { 0 };
  (void)state;
  assert_int_equal(sl_model_match(m, names, 3, NULL, 0, 0, of, &err), SL_OK);
  assert_true(of[0] == 2 && of[1] == 1); /* LightGBM writes "a b" as a_b */
  assert_int_equal(sl_model_match(x, few, 2, NULL, 0, SIZE_MAX, of, &err), SL_ENOENT);
  assert_true(sl_str_starts(sl_str(err.msg), SL_STR("the data has no column b, which the model takes")));
  sl_model_free(m);
  sl_model_free(x);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(xgboost_by_hand),
    cmocka_unit_test(numbers_to_the_bit),
    cmocka_unit_test(refused_in_words),
    cmocka_unit_test(lightgbm_by_hand),
    cmocka_unit_test(columns_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
