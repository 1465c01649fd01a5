/* TZif files: any bytes give a zone that can be asked about any time, or an error. */
#include "base/time.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const sl_ms times[] = {INT64_MIN, -INT64_C(8000000000000), -1, 0, INT64_C(1795262400000), INT64_C(4102444800000), INT64_MAX};
  struct sl_tz *tz;
  struct sl_err err = {0};
  int rc = sl_tz_read(&tz, sl_strn((const char *)data, size), &err);
  if ((rc == SL_OK) != (tz != NULL) || (rc && !err.msg[0]))
    abort();
  for (size_t i = 0; tz && i < sizeof times / sizeof times[0]; i++) {
    int offset = sl_tz_offset_s(tz, times[i]);
    struct sl_civil c = sl_civil_of(times[i], tz);
    if (abs(offset) > 93599 || strlen(sl_tz_abbr(tz, times[i])) > 256 || c.month < 1 || c.month > 12)
      abort();
    (void)sl_tz_to_ms(tz, &c);
  }
  sl_tz_free(tz);
  return 0;
}
