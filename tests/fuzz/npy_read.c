/* .npy files: refused with words, or an array all of whose values can be taken out. */
#include "compute/npy.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct npy a;
  struct sl_arena mem;
  struct sl_err err = { 0 };
  sl_arena_init(&mem, 8 << 20);
  if (npy_read(&a, sl_strn((const char *)data, size), &mem, &err)) {
    FUZZ_CHECK(err.code && err.msg[0]);
  } else {
    FUZZ_CHECK(a.n * a.type.size == a.raw.n && a.type.kind != 'O');
    for (size_t i = 0; i < a.n; i++) {
      struct sl_str s;
      FUZZ_CHECK(npy_at(&a, i) + a.type.size <= a.raw.n);
      (void)(npy_f64(&a, i) + (double)npy_i64(&a, i));
      for (size_t k = 0; k < a.type.nfields; k++)
        (void)(npy_field_f64(&a, &a.type.fields[k], i) + (double)npy_field_i64(&a, &a.type.fields[k], i));
      if (a.type.kind == 'U' || a.type.kind == 'S')
        FUZZ_CHECK(!npy_text(&a, i, &mem, &s, &err) || err.code);
    }
  }
  sl_arena_free(&mem);
  return 0;
}
