/* Armoured signatures: what was read and is written again is the same text, and verifying it against anything does no harm. */
#include "fuzz.h"

#include "judge/sig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_sig s;
  struct sl_err err = { 0 };
  struct sl_str text = { (const char *)data, size };
  char ns[64];
  if (sl_sig_read(&s, text, &err)) {
    FUZZ_CHECK(err.msg[0] && !s.own);
    return 0;
  }
  if (s.ns.n < sizeof ns && !memchr(s.ns.p, 0, s.ns.n)) {
    snprintf(ns, sizeof ns, "%.*s", (int)s.ns.n, s.ns.p);
    (void)!sl_sig_verify(&s, ns, SL_STR("message\n"), &err);
    if (sl_str_eqz(s.hash, "sha512")) {
      struct sl_buf b;
      sl_buf_init(&b, 0);
      FUZZ_CHECK(!sl_sig_write(&b, &s.key, ns, s.signature, &err));
      FUZZ_CHECK(sl_str_eq(sl_buf_view(&b), text));
      sl_buf_free(&b);
    }
  }
  sl_sig_free(&s);
  return 0;
}
