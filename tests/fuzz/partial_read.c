/* Files of partial scorings: refused with words, or taken: then they are written to the same bytes, say something, and merge with
 * themselves. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/partial.h"
#include "fuzz.h"

static int each(void *user, const struct sl_partial_figure *f)
{
  size_t *n = user;
  FUZZ_CHECK(f->metric && f->other >= -1 && (!f->between || f->low < f->high));
  FUZZ_CHECK(!f->between || strcmp(f->metric, "auc") != 0 || (f->low >= 0 && f->high <= 1 + 1e-9));
  FUZZ_CHECK(!f->between || strcmp(f->metric, "ks") != 0 || (f->low >= 0 && f->high <= 1 + 1e-9));
  (*n)++;
  return SL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_partial *p, *twice;
  struct sl_buf b;
  struct sl_err err = { 0 };
  struct sl_str bytes = sl_strn((const char *)data, size);
  size_t n = 0;
  if (sl_partial_read(&p, bytes, &err)) {
    FUZZ_CHECK(err.code && err.msg[0] && !p);
    return 0;
  }
  sl_buf_init(&b, 0);
  FUZZ_CHECK(!sl_partial_write(&b, p, &err));
  FUZZ_CHECK(b.n == size && !memcmp(b.p, data, size));
  FUZZ_CHECK(!sl_partial_end(p, each, &n) && n);
  FUZZ_CHECK(!sl_partial_read(&twice, bytes, &err));
  int rc = sl_partial_merge(twice, p, &err);
  FUZZ_CHECK(rc == SL_OK || rc == SL_ELIMIT);
  FUZZ_CHECK(rc || !sl_partial_end(twice, each, &n));
  sl_partial_free(twice);
  sl_partial_free(p);
  sl_buf_free(&b);
  return 0;
}
