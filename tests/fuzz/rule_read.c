/* Gates: whatever reads is judged without harm, whatever the facts are, and a verdict comes with its words. The first byte says what is
 * known of the facts. */
#include "fuzz.h"

#include "judge/gate.h"

static int look_up(void *user, const struct sl_rule_node *n, struct sl_fact *out)
{
  uint8_t how = *(const uint8_t *)user;
  out->state = (enum sl_fact_state)(how % 5);
  out->v = how & 64 ? sl_vs(n->name.key) : how & 32 ? sl_vi((int64_t)n->fact.n - 8) : sl_vf((double)n->fact.n / (how & 16 ? 0.0 : 8.0));
  snprintf(out->source, sizeof out->source, "run %u", (unsigned)n->fact.n);
  return how == 255 ? SL_EIO : SL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_gate *g;
  struct sl_gate_result r;
  struct sl_err err = { 0 };
  if (!size)
    return 0;
  uint8_t how = data[0];
  if (sl_gate_parse(&g, sl_strn((const char *)data + 1, size - 1), &err)) {
    FUZZ_CHECK(!g && err.msg[0]);
    return 0;
  }
  sl_gate_run(g, look_up, &how, how & 128 ? "pass" : "unknown", &r);
  FUZZ_CHECK(r.state <= SL_GATE_UNKNOWN && r.why[0]);
  FUZZ_CHECK(how % 5 != SL_FACT_STALE || r.state == SL_GATE_UNKNOWN);
  sl_gate_free(g);
  return 0;
}
