/* Evidently's reports: refused with words, or rows whose verdict agrees with their method's direction. */
#include "compute/evidently.h"

#include <math.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_evidently e;
  struct sl_err err = { 0 };
  int rc = sl_evidently_read(&e, "report.json", sl_strn((const char *)data, size), &err);
  FUZZ_CHECK(!rc || err.msg[0]);
  for (size_t i = 0; !rc && i < e.n; i++) {
    const struct sl_evidently_method *m = sl_evidently_method(e.at[i].method);
    FUZZ_CHECK(e.at[i].feature);
    if (m && e.at[i].detected < 0 && e.at[i].score > e.at[i].threshold)
      FUZZ_CHECK(sl_evidently_drifted(&e.at[i]) == !m->by_p);
  }
  sl_evidently_free(&e);
  return 0;
}
