/* SageMaker's k-means and PCA: refused with words, or a model that walks any rows without reading outside. */
#include "model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  fuzz_model(data, size);
  return 0;
}
