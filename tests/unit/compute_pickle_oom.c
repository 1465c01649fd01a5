/* Models of scikit-learn with every allocation of loading, binding and predicting failing in turn: out of memory each time, nothing left
 * behind. */
#include <stdio.h>

#include "base/file.h"
#include "compute/model.h"
#include "oom_test.h"

static int predict(const struct sl_model *m, struct sl_column *c, struct sl_err *err)
{
  const struct sl_column *at[2] = { &c[0], &c[1] };
  struct sl_model_bind *b = NULL;
  double out[64];
  int rc = sl_model_facts(m).features == 2 ? sl_model_bind(&b, m, at, err) : SL_OK;
  if (!rc && b)
    rc = sl_model_bind_rows(b, err);
  if (!rc && b)
    rc = sl_model_predict(b, SL_MODEL_PREDICT, 0, 2, out, err);
  sl_model_bind_free(b);
  return rc;
}

struct given { struct sl_str bytes; struct sl_column *c; };

static int whole(void *user, struct sl_err *err)
{
  const struct given *g = user;
  struct sl_model *m;
  int rc = sl_model_load(&m, g->bytes, "m", SL_MODEL_BOOSTER, err);
  if (!rc)
    rc = predict(m, g->c, err);
  sl_model_free(m);
  return rc;
}

static void each(const char *name, struct sl_column *c)
{
  char path[512];
  struct sl_buf b;
  struct sl_err err = { 0 };
  snprintf(path, sizeof path, "%s/tests/fuzz/corpus/pickle_read/%s", SLUICE_SOURCE_DIR, name);
  sl_buf_init(&b, 0);
  assert_int_equal(sl_file_read(&b, path, 1 << 20, &err), SL_OK);
  struct given g = { sl_buf_view(&b), c };
  oom_each(name, whole, &g, 3);
  sl_buf_free(&b);
}

static void out_of_memory(void **state)
{
  static const char *const names[] = { "linear", "logistic", "tree", "forest", "boosting", "hist", "kmeans", "gauss", "steps", "isotonic",
    "linear_joblib" };
  struct sl_column c[2];
  (void)state;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(sl_column_init(&c[i], NULL, SL_COLUMN_F64, NULL), SL_OK);
    assert_int_equal(sl_column_put_f64(&c[i], i, NULL), SL_OK);
    assert_int_equal(sl_column_put_f64(&c[i], -1, NULL), SL_OK);
  }
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    each(names[i], c);
  sl_column_free(&c[0]);
  sl_column_free(&c[1]);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(out_of_memory) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
