/* MXNet's arrays: refused with words, or every value of every array can be taken. */
#include "compute/mxnet.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_arena arena;
  struct mx_file f;
  struct sl_err err = { 0 };
  static volatile double sum;
  sl_arena_init(&arena, 0);
  if (mx_read(&f, sl_strn((const char *)data, size), "model", &arena, &err))
    FUZZ_CHECK(err.code && err.msg[0]);
  else
    for (size_t i = 0; i < f.n; i++)
      for (size_t k = 0; k < f.at[i].n; k++)
        sum = sum + mx_f64(&f.at[i], k);
  sl_arena_free(&arena);
  return 0;
}
