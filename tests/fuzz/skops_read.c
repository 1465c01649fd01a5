/* skops files, as their members. */
#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  fuzz_parts(data, size);
  return 0;
}
