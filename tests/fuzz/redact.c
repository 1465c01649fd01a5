/* Redaction: a living secret, put in wherever the input has a 0x01 (or percent-encoded, 0x02), never comes out. */
#include "base/buf.h"
#include "base/secret.h"
#include "fuzz.h"

#define CANARY "k9/+&zq!"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_secret *secret;
  struct sl_buf text, out;
  if (sl_secret_new(&secret, SL_STR(CANARY), NULL) != SL_OK)
    return 0;
  sl_buf_init(&text, 1 << 20);
  sl_buf_init(&out, 4 << 20);
  bool has = false;
  for (size_t i = 0; i < size && size < 20000; i++) {
    has = has || data[i] == 1 || data[i] == 2;
    if (data[i] == 1)
      sl_buf_z(&text, CANARY);
    else if (data[i] == 2)
      sl_buf_z(&text, "k9%2F%2b%26zq!");
    else
      sl_buf_ch(&text, (char)data[i]);
  }
  sl_secret_redact(&out, sl_buf_view(&text));
  FUZZ_CHECK(!out.failed && sl_str_find(sl_buf_view(&out), SL_STR(CANARY)) < 0);
  FUZZ_CHECK(sl_str_find(sl_buf_view(&out), SL_STR("k9%2F%2b%26zq!")) < 0);
  FUZZ_CHECK(!has || sl_secret_in(sl_buf_view(&text)));
  sl_buf_free(&text);
  sl_buf_free(&out);
  sl_secret_unref(secret);
  return 0;
}
