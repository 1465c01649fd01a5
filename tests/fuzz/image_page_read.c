/* What lies beside a model of pictures: preprocessor_config.json, config.json, lists of classes. Whatever is taken must be a way to prepare
 * a picture that image.h knows, and names in their order. */
#include <math.h>

#include "compute/image_page.h"

#include "fuzz.h"

static void names(struct sl_str s, bool config)
{
  struct sl_image_names n;
  struct sl_err err;
  if ((config ? sl_image_names_config : sl_image_names_read)(&n, s, "names", &err))
    return;
  FUZZ_CHECK(n.n <= SL_IMAGE_NAMES_MAX);
  for (size_t i = 0; i < n.n; i++)
    FUZZ_CHECK(n.at[i].n && !n.at[i].p[n.at[i].n]);
  sl_image_names_free(&n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_str s = sl_strn((const char *)data, size);
  struct sl_image_prep p;
  struct sl_err err;
  struct sl_buf words;
  uint32_t w, h;
  names(s, false);
  names(s, true);
  if (sl_image_prep_read(&p, s, "page", &err)) {
    FUZZ_CHECK(err.msg[0]);
    return 0;
  }
  FUZZ_CHECK(p.filter < SL_IMAGE_FILTERS && p.scale > 0 && isfinite(p.scale));
  for (size_t k = 0; k < 3; k++)
    FUZZ_CHECK(isfinite(p.mean[k]) && p.std[k] > 0);
  FUZZ_CHECK(sl_image_prep_size(&p, 300, 200, &w, &h, &err) != SL_EUSAGE);
  sl_buf_init(&words, 0);
  sl_image_prep_words(&words, &p);
  FUZZ_CHECK(words.n > 0);
  sl_buf_free(&words);
  return 0;
}
