/* ~/.netrc: what is found lies inside the text; a file that names a host in front of anything names it first. */
#include "fuzz.h"

#include "base/mem.h"
#include "proto/netrc.h"

static bool inside(struct sl_str part, struct sl_str whole)
{
  return !part.n || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char head[] = "machine h.example login ana password secret\n";
  struct sl_str text = sl_strn((const char *)data, size), login, password;
  if (size > 1 << 16)
    return 0;
  if (sl_netrc_find(text, SL_STR("h.example"), &login, &password))
    FUZZ_CHECK(login.n && password.n);
  FUZZ_CHECK(inside(login, text) && inside(password, text));
  char *all = sl_asprintf("%s%.*s", head, (int)size, size ? (const char *)data : "");
  if (all && sl_netrc_find(sl_str(all), SL_STR("H.example"), &login, &password) && size && !memchr(data, 0, size)) {
    struct sl_str rest = text, first;
    while (rest.n && strchr(" \t\r\n\f\v", rest.p[0]))
      rest = sl_str_from(rest, 1);
    first = sl_str_head(rest, 7);
    if (sl_str_eqz(first, "machine"))
      FUZZ_CHECK(login.n && password.n);
  }
  sl_free(all);
  return 0;
}
