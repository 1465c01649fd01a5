/* model.h: what the three model targets share: load, and whatever loads can be asked and walked with any rows. */
#ifndef SL_TESTS_FUZZ_MODEL_H
#define SL_TESTS_FUZZ_MODEL_H

#include <math.h>

#include "compute/model.h"
#include "fuzz.h"

enum { FUZZ_ROWS = 70, FUZZ_FEATURES = 64, FUZZ_WIDTH = 512 };

/* scikit-learn and SageMaker refuse values, so their models may; all others take any number. */
static inline void fuzz_predict_as(const struct sl_model *m, bool texts)
{
  bool strict = !strcmp(sl_model_facts(m).engine, "scikit-learn") || !strcmp(sl_model_facts(m).engine, "sagemaker");
  static double out[FUZZ_ROWS * FUZZ_WIDTH];
  static const double odd[] = { 0, -1, 1, 2.5, 1e-36, 40, 1e12, -1e300, INFINITY, -INFINITY };
  struct sl_column col[FUZZ_FEATURES];
  const struct sl_column *at[FUZZ_FEATURES];
  struct sl_model_bind *b = NULL;
  size_t n = sl_model_facts(m).features;
  for (size_t i = 0; i < n; i++) {
    bool text = texts && i % 2 == 0;
    if (sl_column_init(&col[i], NULL, text ? SL_COLUMN_DICT : SL_COLUMN_F64, NULL))
      abort();
    for (size_t r = 0; r < FUZZ_ROWS; r++)
      if (r % 11 == 10 && (!strict || texts) ? sl_column_put_null(&col[i], NULL)
          : text ? sl_column_put_text(&col[i], r % 2 ? SL_STR("a") : SL_STR("b"), NULL)
                 : sl_column_put_f64(&col[i], odd[(r + i) % (strict ? 6 : 10)], NULL))
        abort();
    at[i] = &col[i];
  }
  if (!sl_model_bind(&b, m, at, NULL) && !sl_model_bind_rows(b, NULL))
    for (int what = SL_MODEL_PREDICT; what <= SL_MODEL_POINT; what++) {
      struct sl_model_shape s;
      if (!sl_model_shape(m, (enum sl_model_output)what, &s, NULL) && s.width <= FUZZ_WIDTH)
        FUZZ_CHECK(!sl_model_predict(b, (enum sl_model_output)what, 0, FUZZ_ROWS, out, NULL) || strict);
    }
  sl_model_bind_free(b);
  for (size_t i = 0; i < n; i++)
    sl_column_free(&col[i]);
}

static inline void fuzz_predict(const struct sl_model *m)
{
  fuzz_predict_as(m, false);
  if (!strcmp(sl_model_facts(m).engine, "scikit-learn"))
    fuzz_predict_as(m, true);
}

static inline void fuzz_model(const uint8_t *data, size_t size)
{
  for (int wrapper = SL_MODEL_BOOSTER; wrapper <= SL_MODEL_CLASSIFIER; wrapper++) {
    struct sl_model *m;
    struct sl_err err = { 0 };
    if (sl_model_load(&m, sl_strn((const char *)data, size), "model", (enum sl_model_wrapper)wrapper, &err)) {
      FUZZ_CHECK(err.code && err.msg[0]);
      return;
    }
    if (sl_model_facts(m).features <= FUZZ_FEATURES)
      fuzz_predict(m);
    sl_model_free(m);
  }
}

#endif
