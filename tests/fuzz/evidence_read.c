/* Files of evidence: what is read can be written, and is then the same; nothing else counts. */
#include "fuzz.h"

#include "judge/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_str text = { (const char *)data, size };
  struct sl_evidence e, again;
  struct sl_arena mem;
  struct sl_buf b;
  struct sl_err err = { 0 };
  sl_arena_init(&mem, 0);
  sl_buf_init(&b, 0);
  if (!sl_evidence_read(&e, text, &mem, &err)) {
    FUZZ_CHECK(!sl_evidence_text(&b, &e, &err));
    FUZZ_CHECK(!sl_evidence_read(&again, sl_buf_view(&b), &mem, &err));
    FUZZ_CHECK(again.version == e.version && again.nfacts == e.nfacts && again.ninputs == e.ninputs && sl_str_eq(again.kind, e.kind) &&
               sl_str_eq(again.refused, e.refused));
  } else {
    FUZZ_CHECK(err.code && err.msg[0] && !e.nfacts && !e.ninputs);
  }
  sl_buf_free(&b);
  sl_arena_free(&mem);
  return 0;
}
