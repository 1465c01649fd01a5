/* What an ONNX file says of itself: refused with words, or texts within the file and weights below its folder. */
#include "compute/onnx.h"

#include "fuzz.h"

static void within(struct sl_str s, const uint8_t *data, size_t size)
{
  FUZZ_CHECK(!s.n || (s.p >= (const char *)data && s.n <= size && s.p + s.n <= (const char *)data + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_onnx o;
  struct sl_err err = { 0 };
  if (sl_onnx_read(&o, sl_strn((const char *)data, size), "model", &err)) {
    FUZZ_CHECK(err.code && err.msg[0]);
    return 0;
  }
  FUZZ_CHECK(o.ir > 0 && !(o.classes.text && o.classes.number));
  for (size_t i = 0; i < o.nexternal; i++) {
    within(o.external[i], data, size);
    FUZZ_CHECK(o.external[i].n && o.external[i].p[0] != '/' && o.external[i].p[0] != '*');
    FUZZ_CHECK(sl_str_find(o.external[i], SL_STR("../")) != 0 && sl_str_find(o.external[i], SL_STR("/../")) < 0);
  }
  for (size_t i = 0; i < o.nnotes; i++)
    within(o.note[i].value, data, size);
  for (size_t i = 0; o.classes.text && i < o.classes.n; i++)
    within(o.classes.text[i], data, size);
  sl_onnx_free(&o);
  return 0;
}
