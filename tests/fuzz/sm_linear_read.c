/* SageMaker's linear learner: symbol and parameters, as the members of their zip. */
#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  fuzz_parts(data, size);
  return 0;
}
