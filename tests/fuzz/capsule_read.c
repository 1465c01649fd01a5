/* A capsule's bytes: refused in one line or taken, and what is taken can be walked. The checksums are made to fit first, so that the parts
 * behind them are reached; the first byte says whether. */
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "fuzz.h"
#include "model/backend.h"
#include "model/capsule.h"

enum { HEAD = 8, TAIL = 8 };

static size_t length(const char *p)
{
  const unsigned char *u = (const unsigned char *)p;
  return u[0] | (size_t)u[1] << 8 | (size_t)u[2] << 16 | (size_t)u[3] << 24;
}

static void fit(char *p, size_t n)
{
  for (size_t at = HEAD; at + 4 + 1 + TAIL <= n;) {
    size_t body = length(p + at);
    if (body > n - at - 4 - 1 - TAIL)
      return;
    struct sl_sha256 d = sl_sha256(sl_strn(p + at + 4, body + 1));
    memcpy(p + at + 5 + body, d.b, TAIL);
    at += 5 + body + TAIL;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_capsule *c = NULL;
  struct sl_err err = {0};
  if (size < 1 || size > 1 << 20)
    return 0;
  char *copy = sl_strndup((const char *)data + 1, size - 1);
  if (!copy)
    return 0;
  if (data[0] & 1)
    fit(copy, size - 1);
  int rc = sl_capsule_read(&c, sl_strn(copy, size - 1), &err);
  FUZZ_CHECK(!rc == !!c);
  FUZZ_CHECK(!rc || err.msg[0]);
  for (size_t i = 0; c && sl_capsule_backends(c)[i]; i++)
    FUZZ_CHECK(sl_capsule_backends(c)[i]->type[0] && sl_capsule_backends(c)[i]->was && !sl_capsule_backends(c)[i]->settings);
  const struct sl_ws_conf *w = c ? sl_capsule_conf(c) : NULL;
  size_t n = 0;
  FUZZ_CHECK(!c == !w);
  if (w) { /* no recording brings what could be started, or a secret */
    FUZZ_CHECK((sl_ws_conf_jobs(w, &n), n == 0));
    const struct sl_zone *z = sl_ws_conf_zones(w, &n);
    for (size_t i = 0; i < n; i++)
      FUZZ_CHECK(z[i].name[0] && z[i].uri[0] && z[i].conn[0]);
  }
  sl_capsule_free(c);
  sl_free(copy);
  return 0;
}
