/* Model Monitor's constraints.json and constraint_violations.json: refused with words, or read back as they are written. */
#include "compute/monitor.h"

#include <string.h>

#include "fuzz.h"

static void constraints(struct sl_str text)
{
  struct sl_monitor_constraints c, d;
  struct sl_err err = { 0 };
  struct sl_buf b;
  sl_buf_init(&b, 64 << 20);
  int rc = sl_monitor_read_constraints(&c, "constraints.json", text, &err);
  FUZZ_CHECK(!rc || err.msg[0]);
  if (!rc) {
    sl_monitor_write_constraints(&b, &c);
    FUZZ_CHECK(!sl_monitor_read_constraints(&d, "again", sl_buf_view(&b), &err));
    FUZZ_CHECK(d.n == c.n);
    for (size_t i = 0; i < c.n; i++)
      FUZZ_CHECK(!strcmp(c.at[i].name, d.at[i].name) && c.at[i].ndomain == d.at[i].ndomain && c.at[i].type == d.at[i].type);
    sl_monitor_constraints_free(&d);
  }
  sl_monitor_constraints_free(&c);
  sl_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_monitor_violations v;
  struct sl_err err = { 0 };
  struct sl_str text = sl_strn((const char *)data, size);
  constraints(text);
  int rc = sl_monitor_read_violations(&v, "constraint_violations.json", text, &err);
  FUZZ_CHECK(!rc || err.msg[0]);
  for (size_t i = 0; !rc && i < v.n; i++)
    FUZZ_CHECK(v.at[i].feature && v.at[i].check && v.at[i].words);
  sl_monitor_violations_free(&v);
  return 0;
}
