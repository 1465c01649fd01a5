/* A line of the old file store: what is read and written again is read the same. */
#include "fuzz.h"

#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/fmt.h"
#include "proto/mlflow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_mlflow_sample a, b;
  struct sl_buf out;
  if (size > 4096 || !sl_mlflow_line(sl_strn((const char *)data, size), &a))
    return 0;
  sl_buf_init(&out, 0);
  sl_buf_printf(&out, "%lld ", (long long)a.time);
  sl_fmt_f64(&out, a.value);
  sl_buf_printf(&out, " %lld", (long long)a.step);
  FUZZ_CHECK(sl_mlflow_line(sl_buf_view(&out), &b));
  FUZZ_CHECK(a.time == b.time && a.step == b.step && (a.value == b.value || (isnan(a.value) && isnan(b.value))));
  sl_buf_free(&out);
  return 0;
}
