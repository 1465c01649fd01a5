/* Model Monitor's statistics.json: refused with words, or statistics that compare with themselves and read back as they are written. */
#include "compute/monitor.h"

#include <math.h>
#include <string.h>

#include "fuzz.h"

enum { SIZE_MAX_ = 1 << 20 };

static void again(const struct sl_monitor_stats *s)
{
  struct sl_buf b;
  struct sl_monitor_stats t;
  struct sl_err err;
  sl_buf_init(&b, 64 << 20);
  sl_monitor_write_stats(&b, s);
  FUZZ_CHECK(!sl_buf_check(&b, &err));
  FUZZ_CHECK(!sl_monitor_read_stats(&t, "again", sl_buf_view(&b), &err));
  FUZZ_CHECK(t.n == s->n);
  for (size_t i = 0; i < t.n; i++) {
    FUZZ_CHECK(!strcmp(t.at[i].name, s->at[i].name) && t.at[i].type == s->at[i].type && t.at[i].nvalues == s->at[i].nvalues);
    FUZZ_CHECK(sl_kll_weight(&t.at[i].sketch) == sl_kll_weight(&s->at[i].sketch));
  }
  sl_monitor_stats_free(&t);
  sl_buf_free(&b);
}

static void compare(const struct sl_monitor_stats *s)
{
  struct sl_monitor_constraints c;
  struct sl_monitor_check k;
  struct sl_buf b;
  struct sl_err err;
  sl_buf_init(&b, 64 << 20);
  FUZZ_CHECK(!sl_monitor_suggest(&c, s, &err));
  FUZZ_CHECK(!sl_monitor_compare(&k, s, &c, s, 3, &err));
  for (size_t i = 0; i < k.n; i++) /* what a baseline suggests, it keeps */
    FUZZ_CHECK(k.at[i].violated != 1);
  sl_monitor_write_constraints(&b, &c);
  sl_monitor_write_violations(&b, &k, s->n, c.n);
  FUZZ_CHECK(!sl_buf_check(&b, &err));
  sl_monitor_check_free(&k);
  sl_monitor_constraints_free(&c);
  sl_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_monitor_stats s;
  struct sl_err err = { 0 };
  if (size > SIZE_MAX_)
    return 0;
  int rc = sl_monitor_read_stats(&s, "statistics.json", sl_strn((const char *)data, size), &err);
  FUZZ_CHECK(!rc || err.msg[0]);
  if (!rc) {
    compare(&s);
    again(&s);
  }
  sl_monitor_stats_free(&s);
  return 0;
}
