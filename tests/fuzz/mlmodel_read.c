/* MLmodel: refused with words, or a file that lies beside it. */
#include "compute/mlmodel.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_mlmodel p;
  struct sl_err err = { 0 };
  int rc = sl_mlmodel_read(&p, sl_strn((const char *)data, size), "MLmodel", &err);
  FUZZ_CHECK(rc ? err.code && err.msg[0] : p.file && p.file[0] != '/');
  for (size_t i = 0; i < p.n; i++)
    FUZZ_CHECK(p.names[i] && p.types[i]);
  sl_mlmodel_free(&p);
  return 0;
}
