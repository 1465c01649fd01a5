/* sl_json_load: never more than it may take, and what it accepts the stricter-or-equal pull parser accepts too. First byte: whether lax. */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool pull_accepts(struct sl_str s, bool lax)
{
  struct sl_json_pull *p;
  struct sl_str text;
  enum sl_json_tok t;
  if (sl_json_pull_open(&p, 0, lax, NULL) || sl_json_pull_feed(p, s.p, s.n, NULL))
    abort();
  sl_json_pull_eof(p);
  do
    t = sl_json_pull_next(p, &text, NULL);
  while (t != SL_JT_BAD && t != SL_JT_END);
  sl_json_pull_free(p);
  return t == SL_JT_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  json_t *v;
  struct sl_err err = {0};
  if (!size || size > 1 << 16)
    return 0;
  struct sl_str s = sl_strn((const char *)data + 1, size - 1);
  int rc = sl_json_load(&v, s, data[0] & 1, &err);
  if ((rc == SL_OK) != (v != NULL) || (rc && !err.msg[0]) || (!rc && !pull_accepts(s, data[0] & 1)))
    abort();
  json_decref(v);
  return 0;
}
