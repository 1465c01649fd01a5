/* loop/http_proxy.c: the proxy variables of the environment: http_proxy, https_proxy, all_proxy, no_proxy, in both cases. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "loop/http_priv.h"

static char *env_either(const char *low, const char *high)
{
  const char *v = getenv(low);
  if (!v || !*v)
    v = getenv(high);
  return v && *v ? sl_strdup(v) : NULL;
}

void http_proxies_read(struct sl_proxies *p)
{
  p->http = env_either("http_proxy", "HTTP_PROXY");
  p->https = env_either("https_proxy", "HTTPS_PROXY");
  if (!p->http)
    p->http = env_either("all_proxy", "ALL_PROXY");
  if (!p->https)
    p->https = env_either("all_proxy", "ALL_PROXY");
  p->no = env_either("no_proxy", "NO_PROXY");
}

void http_proxies_free(struct sl_proxies *p)
{
  sl_free(p->http);
  sl_free(p->https);
  sl_free(p->no);
  *p = (struct sl_proxies){ .http = NULL };
}

static bool copy_z(char *to, size_t room, struct sl_str s)
{
  if (s.n >= room)
    return false;
  memcpy(to, s.p, s.n);
  to[s.n] = 0;
  return true;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
  unsigned whole = bits / 8, rest = bits % 8;
  if (memcmp(a, b, whole))
    return false;
  return !rest || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

/* 10.0.0.0/8, fd00::/8, or one address. */
static bool in_network(struct sl_str host, struct sl_str entry)
{
  char h[64], e[64];
  unsigned char ha[16], ea[16];
  ptrdiff_t slash = sl_str_chr(entry, '/');
  if (!copy_z(h, sizeof h, host) || !copy_z(e, sizeof e, slash < 0 ? entry : sl_str_head(entry, (size_t)slash)))
    return false;
  int family = strchr(h, ':') ? AF_INET6 : AF_INET;
  if (inet_pton(family, h, ha) != 1 || inet_pton(family, e, ea) != 1)
    return false;
  uint64_t all = family == AF_INET ? 32 : 128, bits = all;
  if (slash >= 0 && (!sl_str_u64(sl_str_from(entry, (size_t)slash + 1), &bits) || bits > all))
    return false;
  return same_bits(ha, ea, (unsigned)bits);
}

/* "*", "host", "domain" and ".domain" (with all below it), addresses and networks; between commas or blanks. */
bool http_no_proxy(const char *list, struct sl_str host)
{
  for (const char *p = list ? list : ""; *p;) {
    size_t n = strcspn(p, ", \t");
    struct sl_str e = sl_strn(p, n);
    p += n + (p[n] != 0);
    if (e.n && e.p[0] == '.')
      e = sl_str_from(e, 1);
    if (!e.n)
      continue;
    if (sl_str_eqz(e, "*") || sl_str_ieq(e, host) || in_network(host, e))
      return true;
    if (host.n > e.n && host.p[host.n - e.n - 1] == '.' && sl_str_ieq(sl_str_from(host, host.n - e.n), e))
      return true;
  }
  return false;
}

const char *http_proxy_for(const struct sl_proxies *p, const struct sl_url *u)
{
  const char *proxy = sl_str_ieq(u->scheme, SL_STR("https")) ? p->https : p->http;
  return proxy && !http_no_proxy(p->no, u->host) ? proxy : NULL;
}

/* socks4 and socks5 would have curl look the name up here; their a and h kinds leave it to the proxy. */
static const struct { const char *from, *to; int port; } schemes[] = {
  { "http", "http", 1080 }, { "https", "https", 443 }, { "socks4a", "socks4a", 1080 }, { "socks4", "socks4a", 1080 },
  { "socks5h", "socks5h", 1080 }, { "socks5", "socks5h", 1080 },
};

int http_proxy_target(const char *proxy, char **host, int *port, char **normal, struct sl_err *err)
{
  struct sl_str s = sl_str(proxy);
  ptrdiff_t sep = sl_str_find(s, SL_STR("://"));
  struct sl_str scheme = sep < 0 ? SL_STR("http") : sl_str_head(s, (size_t)sep);
  struct sl_str rest = sep < 0 ? s : sl_str_from(s, (size_t)sep + 3);
  size_t i = 0, n = sizeof schemes / sizeof schemes[0];
  while (i < n && !sl_str_ieq(scheme, sl_str(schemes[i].from)))
    i++;
  if (i == n)
    return sl_err_set(err, SL_ECONFIG, "a proxy of kind %.*s is not supported; use http, https, socks4a or socks5h", SL_ARG(scheme));
  char *as_http = sl_asprintf("http://%.*s", SL_ARG(rest));
  if (!as_http)
    return sl_err_nomem(err);
  struct sl_url u;
  int rc = SL_OK;
  if (!sl_url_parse(sl_str(as_http), &u))
    rc = sl_err_set(err, SL_ECONFIG, "the proxy's address cannot be read; write http://HOST:PORT");
  if (!rc) {
    const char *end = u.host.p + u.host.n;
    *port = end[*end == ']'] == ':' ? u.port : schemes[i].port;
    *host = sl_strndup(u.host.p, u.host.n);
    *normal = sl_asprintf("%s://%.*s", schemes[i].to, SL_ARG(rest));
    if (!*host || !*normal)
      rc = sl_err_nomem(err);
  }
  sl_free(as_http);
  return rc;
}
