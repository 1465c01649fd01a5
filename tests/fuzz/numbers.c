/* Whole-string numbers beside libc's: what we take, libc reads whole and the same; what libc reads whole and we refuse is refused for a
 * reason that we name (blanks, hex, range, nan(...), length). */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"

enum { LONGEST = 2000 };

static void try_float(const char *z, struct sl_str s)
{
  double v = 0;
  char *end;
  bool ours = sl_str_f64(s, &v);
  double theirs = strtod(z, &end);
  bool whole = s.n > 0 && end == z + s.n;
  FUZZ_CHECK(!ours || (whole && (memcmp(&v, &theirs, sizeof v) == 0 || (isnan(v) && isnan(theirs)))));
  if (whole && !ours)
    FUZZ_CHECK(strpbrk(z, " \t\n\v\f\rxX(") || isinf(theirs) || s.n > SL_STR_F64_MAX);
}

static void try_integers(const char *z, struct sl_str s)
{
  int64_t i;
  uint64_t u;
  char *end;
  errno = 0;
  long long signed_one = strtoll(z, &end, 10);
  bool whole = s.n > 0 && end == z + s.n && errno == 0 && !strpbrk(z, " \t\n\v\f\r");
  FUZZ_CHECK(sl_str_i64(s, &i) == whole);
  FUZZ_CHECK(!whole || i == signed_one);
  errno = 0;
  unsigned long long unsigned_one = strtoull(z, &end, 10);
  whole = s.n > 0 && end == z + s.n && errno == 0 && !strpbrk(z, " \t\n\v\f\r+-");
  FUZZ_CHECK(sl_str_u64(s, &u) == whole);
  FUZZ_CHECK(!whole || u == unsigned_one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size > LONGEST)
    return 0;
  char z[LONGEST + 1];
  if (size)
    memcpy(z, data, size);
  z[size] = 0;
  struct sl_str s = sl_strn((const char *)data, size);
  double v;
  int64_t i;
  if (strlen(z) != size) /* libc would stop at the NUL */
    FUZZ_CHECK(!sl_str_f64(s, &v) && !sl_str_i64(s, &i));
  else {
    try_float(z, s);
    try_integers(z, s);
  }
  struct sl_str a = sl_str_head(s, size / 2), b = sl_str_from(s, size / 2);
  FUZZ_CHECK(sl_str_distance(a, b, 9) == sl_str_distance(b, a, 9));
  return 0;
}
