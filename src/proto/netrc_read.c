/* proto/netrc_read.c: the login of a host from ~/.netrc: words between white space, "machine HOST login NAME password SECRET", the first
 * that fits; `default` fits everybody. Macros are passed over. */
#include "proto/netrc.h"

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static void skip_line(struct sl_str *rest)
{
  struct sl_str line;
  (void)!sl_str_cut(rest, '\n', &line);
}

/* The next word; quotes hold white space together. */
static bool word(struct sl_str *rest, struct sl_str *out)
{
  size_t i = 0, n = 0;
  while (i < rest->n && is_space(rest->p[i]))
    i++;
  *rest = sl_str_from(*rest, i);
  if (!rest->n)
    return false;
  if (rest->p[0] == '"') {
    ptrdiff_t end = sl_str_chr(sl_str_from(*rest, 1), '"');
    n = end < 0 ? rest->n - 1 : (size_t)end;
    *out = sl_str_head(sl_str_from(*rest, 1), n);
    *rest = sl_str_from(*rest, n + 2);
    return true;
  }
  while (n < rest->n && !is_space(rest->p[n]))
    n++;
  *out = sl_str_head(*rest, n);
  *rest = sl_str_from(*rest, n);
  return true;
}

/* A macro ends at an empty line. */
static void skip_macro(struct sl_str *rest)
{
  struct sl_str line;
  skip_line(rest);
  while (sl_str_cut(rest, '\n', &line) && sl_str_trim(line).n)
    ;
}

bool sl_netrc_find(struct sl_str text, struct sl_str host, struct sl_str *login, struct sl_str *password)
{
  struct sl_str key, value;
  bool ours = false;
  *login = *password = SL_STR_NONE;
  while (word(&text, &key)) {
    if (key.n && key.p[0] == '#') {
      skip_line(&text);
      continue;
    }
    bool machine = sl_str_eqz(key, "machine"), all = sl_str_eqz(key, "default");
    if (machine || all) {
      if (ours)
        break;
      ours = all || (word(&text, &value) && sl_str_ieq(value, host));
    } else if (sl_str_eqz(key, "macdef")) {
      skip_macro(&text);
    } else if (sl_str_eqz(key, "login") || sl_str_eqz(key, "user")) {
      if (word(&text, &value) && ours)
        *login = value;
    } else if (sl_str_eqz(key, "password")) {
      if (word(&text, &value) && ours)
        *password = value;
    } else if (sl_str_eqz(key, "account"))
      (void)!word(&text, &value);
  }
  return ours && login->n && password->n;
}
