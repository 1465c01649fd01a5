/* parts.h: a model of several files, one behind the other (name, NUL, length of four bytes, bytes): refused with words, or one that
 * walks. */
#ifndef SL_TESTS_FUZZ_PARTS_H
#define SL_TESTS_FUZZ_PARTS_H

#include "model.h"

enum { PARTS = 200 };

static inline void fuzz_parts(const uint8_t *data, size_t size)
{
  static struct sl_model_part part[PARTS];
  struct sl_model *m;
  struct sl_err err = { 0 };
  struct sl_str rest = sl_strn((const char *)data, size);
  size_t n = 0;
  while (rest.n && n < PARTS) {
    struct sl_rd r;
    ptrdiff_t nul = sl_str_chr(rest, 0);
    if (nul < 0)
      break;
    part[n].name = sl_str_head(rest, (size_t)nul);
    r = sl_rd(sl_str_from(rest, (size_t)nul + 1));
    size_t want = (size_t)sl_rd_le(&r, 4), left = (size_t)(r.end - r.p);
    part[n].bytes = sl_rd_bytes(&r, want < left ? want : left);
    rest = sl_strn((const char *)r.p, (size_t)(r.end - r.p));
    n++;
  }
  if (sl_model_load_parts(&m, part, n, "model", SL_MODEL_BOOSTER, &err)) {
    FUZZ_CHECK(err.code && err.msg[0]);
    return;
  }
  if (sl_model_facts(m).features <= FUZZ_FEATURES)
    fuzz_predict(m);
  sl_model_free(m);
}

#endif
