/* Private key files: whatever they hold, a key that was read has a public half that reads too. */
#include "fuzz.h"

#include "judge/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_key *k;
  struct sl_pubkey same;
  struct sl_err err = { 0 };
  if (sl_key_read(&k, sl_strn((const char *)data, size), "k", &err)) {
    FUZZ_CHECK(!k && err.msg[0]);
    return 0;
  }
  FUZZ_CHECK(!sl_pubkey_blob(&same, sl_key_public(k)->blob, &err));
  FUZZ_CHECK(sl_pubkey_eq(&same, sl_key_public(k)));
  sl_pubkey_free(&same);
  sl_key_free(k);
  return 0;
}
