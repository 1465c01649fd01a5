/* Files of sketches: refused with words, or taken: then they are written to the same bytes, say something of every column, and merge. */
#include <string.h>

#include "base/mem.h"
#include "compute/sketch.h"
#include "fuzz.h"

static void ask_number(const struct sl_sketch *s)
{
  double low, high, v;
  bool exact;
  FUZZ_CHECK(!(sl_sketch_variance(s) < 0));
  (void)(sl_sketch_sum(s) + sl_sketch_mean(s));
  (void)sl_sketch_distinct(s, &v, &exact);
  for (int i = 0; i <= 4; i++) {
    v = sl_sketch_quantile(s, i / 4.0, &low, &high);
    FUZZ_CHECK(!(v < low) && !(v > high));
  }
}

static void ask_text(struct sl_sketch *s)
{
  uint64_t n, sum = sl_sketch_other(s);
  FUZZ_CHECK(!sl_sketch_tidy(s, NULL));
  for (size_t i = 0; i < sl_sketch_texts(s); i++) {
    (void)sl_sketch_text(s, i, &n);
    sum += n;
  }
  FUZZ_CHECK(sum == sl_sketch_counts(s).finite);
}

static void ask_pair(const struct sl_sketch *a, const struct sl_sketch *b)
{
  double low, high;
  FUZZ_CHECK(!sl_sketch_ks(a, b, &low, &high, NULL));
  FUZZ_CHECK(!(low > high) && !(low < 0) && !(high > 1));
  FUZZ_CHECK(!sl_sketch_wasserstein(a, b, &low, &high, NULL));
  FUZZ_CHECK(!(low > high) && !(low < 0));
}

static void ask(struct sl_sketches *f)
{
  const struct sl_sketch *last = NULL;
  for (size_t i = 0; i < f->n; i++) {
    if (sl_sketch_kind(f->at[i].s) == SL_SKETCH_TEXT) {
      ask_text(f->at[i].s);
      continue;
    }
    ask_number(f->at[i].s);
    if (last)
      ask_pair(last, f->at[i].s);
    last = f->at[i].s;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_sketches f, twice;
  struct sl_buf b;
  struct sl_err err = { 0 };
  struct sl_str bytes = sl_strn((const char *)data, size);
  if (sl_sketches_read(&f, bytes, &err)) {
    FUZZ_CHECK(err.code && err.msg[0] && !f.at);
    return 0;
  }
  sl_buf_init(&b, 0);
  FUZZ_CHECK(!sl_sketches_write(&b, &f, &err));
  FUZZ_CHECK(b.n == size && !memcmp(b.p, data, size));
  ask(&f);
  FUZZ_CHECK(!sl_sketches_read(&twice, bytes, &err));
  int rc = sl_sketches_merge(&twice, &f, &err);
  FUZZ_CHECK(rc == SL_OK || rc == SL_ELIMIT);
  if (!rc)
    ask(&twice);
  sl_sketches_free(&twice);
  sl_sketches_free(&f);
  sl_buf_free(&b);
  return 0;
}
