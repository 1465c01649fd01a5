/* model/conf_address.c: addresses in the file: with a scheme, made absolute where they name a file, or plain paths where those may
 * stand. */
#include "base/file.h"
#include "model/conf_int.h"

/* The length of "scheme:" at the start of s; 0: there is none. One letter is no scheme. */
static size_t scheme_len(struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i], low = (char)(c | 0x20);
    if (c == ':')
      return i >= 2 ? i + 1 : 0;
    bool letter = low >= 'a' && low <= 'z';
    if (!letter && !(i && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
      return 0;
  }
  return 0;
}

/* prefix, then path made absolute; "/" stays one slash. */
static int absolute(struct conf_ctx *x, const char *prefix, struct sl_str path, struct conf_value *v)
{
  char *z = conf_dup(x, path);
  char *abs = z ? sl_path_abs(z, x->dir) : NULL;
  v->text = abs ? sl_arena_printf(x->mem, "%s%s", prefix, abs) : NULL;
  sl_free(abs);
  return v->text ? SL_OK : conf_nomem(x);
}

static int file_address(struct conf_ctx *x, const struct sl_yaml_node *n, struct sl_str rest, struct conf_value *v)
{
  if (sl_str_starts(rest, SL_STR("//"))) {
    rest = sl_str_from(rest, 2);
    if (!rest.n || rest.p[0] != '/')
      return conf_fail(x, n, "`%s` names a host; write file:///path, or a path", v->def->name);
  }
  return rest.n ? absolute(x, "file://", rest, v) : conf_fail(x, n, "`%s` names no file; write file:///path", v->def->name);
}

/* As SQLAlchemy has it: sqlite:///relative, sqlite:////absolute. */
static int sqlite_address(struct conf_ctx *x, const struct sl_yaml_node *n, struct sl_str rest, struct conf_value *v)
{
  if (!sl_str_starts(rest, SL_STR("///")) || rest.n == 3)
    return conf_fail(x, n, "`%s` names no file; write sqlite:///file.db, or sqlite:////path/file.db", v->def->name);
  return absolute(x, "sqlite:///", sl_str_from(rest, 3), v);
}

/* user:password@ before the first slash. */
static bool has_password(struct sl_str rest)
{
  if (!sl_str_starts(rest, SL_STR("//")))
    return false;
  struct sl_str host = sl_str_from(rest, 2);
  ptrdiff_t slash = sl_str_chr(host, '/');
  host = slash < 0 ? host : sl_str_head(host, (size_t)slash);
  ptrdiff_t at = sl_str_rchr(host, '@');
  ptrdiff_t colon = at < 0 ? -1 : sl_str_chr(sl_str_head(host, (size_t)at), ':');
  return colon >= 0 && colon + 1 < at;
}

int conf_address(struct conf_ctx *x, const struct sl_yaml_node *n, struct sl_str s, struct conf_value *v)
{
  char q[CONF_QUOTE];
  size_t len = scheme_len(s);
  if (!len && v->def->type == SL_SET_PLACE)
    return absolute(x, "file://", s, v);
  if (!len)
    return conf_fail(x, n, "`%s` must be an address such as %s, not `%s`", v->def->name, v->def->example, conf_quote(q, s));
  struct sl_str scheme = sl_str_head(s, len - 1), rest = sl_str_from(s, len);
  if (sl_str_eqz(scheme, "file"))
    return file_address(x, n, rest, v);
  if (sl_str_eqz(scheme, "sqlite"))
    return sqlite_address(x, n, rest, v);
  if (has_password(rest))
    return conf_warn(x, n, "`%s` holds a password; name where it is kept instead: {env: NAME}, {file: PATH} or ask", v->def->name);
  return SL_OK;
}
