/* loop/http_url.c: the parts of an http(s) address. Strict: what two programs could read in two ways is refused. */
#include "loop/http.h"

static bool bytes_fine(struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (c <= ' ' || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>')
      return false;
  }
  return true;
}

static bool port_of(struct sl_str s, int *out)
{
  uint64_t v;
  if (!s.n || s.n > 5 || !sl_str_u64(s, &v) || !v || v > 65535)
    return false;
  *out = (int)v;
  return true;
}

/* [v6], v6 without a zone, or a name; then :port. */
static bool authority(struct sl_str s, struct sl_url *u)
{
  ptrdiff_t at = sl_str_rchr(s, '@');
  if (at >= 0) {
    u->user = sl_str_head(s, (size_t)at);
    s = sl_str_from(s, (size_t)at + 1);
  }
  ptrdiff_t end = s.n && s.p[0] == '[' ? sl_str_chr(s, ']') : -1;
  if (end > 0) {
    u->host = sl_strn(s.p + 1, (size_t)end - 1);
    s = sl_str_from(s, (size_t)end + 1);
  } else {
    ptrdiff_t colon = sl_str_chr(s, ':');
    u->host = sl_str_head(s, colon < 0 ? s.n : (size_t)colon);
    s = sl_str_from(s, u->host.n);
  }
  if (!u->host.n || sl_str_chr(u->host, '%') >= 0 || sl_str_chr(u->host, '[') >= 0)
    return false;
  return !s.n || (s.p[0] == ':' && port_of(sl_str_from(s, 1), &u->port));
}

bool sl_url_parse(struct sl_str url, struct sl_url *out)
{
  *out = (struct sl_url){ .port = 0 };
  ptrdiff_t sep = sl_str_find(url, SL_STR("://"));
  if (sep < 0 || !bytes_fine(url))
    return false;
  out->scheme = sl_str_head(url, (size_t)sep);
  bool tls = sl_str_ieq(out->scheme, SL_STR("https"));
  if (!tls && !sl_str_ieq(out->scheme, SL_STR("http")))
    return false;
  out->port = tls ? 443 : 80;
  struct sl_str rest = sl_str_from(url, (size_t)sep + 3);
  size_t n = 0;
  while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
    n++;
  if (!authority(sl_str_head(rest, n), out))
    return false;
  rest = sl_str_from(rest, n);
  ptrdiff_t hash = sl_str_chr(rest, '#');
  rest = sl_str_head(rest, hash < 0 ? rest.n : (size_t)hash);
  ptrdiff_t q = sl_str_chr(rest, '?');
  out->path = sl_str_head(rest, q < 0 ? rest.n : (size_t)q);
  if (q >= 0)
    out->query = sl_str_from(rest, (size_t)q + 1);
  return true;
}

bool sl_url_loopback(const struct sl_url *u)
{
  struct sl_str h = u->host;
  if (h.n && h.p[h.n - 1] == '.')
    h.n--;
  if (sl_str_ieq(h, SL_STR("localhost")) || sl_str_eqz(h, "::1"))
    return true;
  if (h.n > 10 && sl_str_ieq(sl_str_from(h, h.n - 10), SL_STR(".localhost")))
    return true;
  unsigned dots = 0;
  for (size_t i = 0; i < h.n; i++) {
    if (h.p[i] != '.' && (h.p[i] < '0' || h.p[i] > '9'))
      return false;
    dots += h.p[i] == '.';
  }
  return dots == 3 && sl_str_starts(h, SL_STR("127."));
}
