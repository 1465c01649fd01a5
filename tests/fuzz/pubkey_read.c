/* SSH public keys: a key that was read, written and read again is the same key, by its line and by its bytes. */
#include "fuzz.h"

#include "base/buf.h"
#include "base/pubkey.h"

static void again(const struct sl_pubkey *k)
{
  struct sl_pubkey same = { .kind = SL_KEY_NONE }, blob = { .kind = SL_KEY_NONE };
  struct sl_buf b;
  struct sl_err err = { 0 };
  char print[SL_FINGERPRINT];
  sl_buf_init(&b, 0);
  sl_pubkey_text(&b, k);
  FUZZ_CHECK(!sl_pubkey_line(&same, sl_buf_view(&b), &err));
  FUZZ_CHECK(!sl_pubkey_blob(&blob, k->blob, &err));
  FUZZ_CHECK(sl_pubkey_eq(&same, k) && sl_pubkey_eq(&blob, k));
  FUZZ_CHECK(blob.kind == k->kind && blob.point.n == k->point.n && sl_str_eq(blob.n, k->n) && sl_str_eq(blob.application, k->application));
  sl_pubkey_fingerprint(k, print);
  FUZZ_CHECK(strlen(print) == SL_FINGERPRINT - 1);
  sl_pubkey_free(&same);
  sl_pubkey_free(&blob);
  sl_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_pubkey k;
  struct sl_err err = { 0 };
  struct sl_str s = { (const char *)data, size };
  if (!sl_pubkey_line(&k, s, &err))
    again(&k);
  else
    FUZZ_CHECK(err.code && err.msg[0]);
  sl_pubkey_free(&k);
  if (!sl_pubkey_blob(&k, s, &err))
    again(&k);
  sl_pubkey_free(&k);
  return 0;
}
