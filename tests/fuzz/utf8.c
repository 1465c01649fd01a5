/* Our decoder beside utf8proc's: they must agree on every byte. */
#include <utf8proc.h>

#include "base/utf8.h"
#include "fuzz.h"

static void try_at(struct sl_str s)
{
  uint32_t cp = 0;
  utf8proc_int32_t theirs = 0;
  int n = sl_utf8_next(s, &cp);
  utf8proc_ssize_t m = utf8proc_iterate((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &theirs);
  FUZZ_CHECK(n > 0 ? m == n && theirs == (utf8proc_int32_t)cp : m <= 0);
  if (n <= 0)
    return;
  char out[4];
  FUZZ_CHECK(sl_utf8_put(cp, out) == n && sl_str_eq(sl_strn(out, (size_t)n), sl_str_head(s, (size_t)n)));
  FUZZ_CHECK(sl_cp_width(cp) >= -1 && sl_cp_width(cp) <= 2);
  (void)sl_cp_lower(cp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_str s = sl_strn((const char *)data, size);
  for (size_t at = 0; at < size; at++)
    try_at(sl_str_from(s, at));
  bool valid = sl_utf8_valid(s);
  for (size_t max = 0; max <= size; max++) {
    size_t cut = sl_utf8_cut(s, max);
    FUZZ_CHECK(cut <= max && max - cut <= 3);
    FUZZ_CHECK(!valid || sl_utf8_valid(sl_str_head(s, cut)));
  }
  return 0;
}
