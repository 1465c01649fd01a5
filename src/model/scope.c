/* model/scope.c: words of a scope, read and written. */
#include "model/scope.h"

#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

int sl_scope_word(struct sl_str *rest, char **out, bool *quoted, struct sl_err *err)
{
  struct sl_buf b;
  *out = NULL;
  *rest = sl_str_trim(*rest);
  char q = rest->n && (rest->p[0] == '\'' || rest->p[0] == '"') ? rest->p[0] : 0;
  size_t i = q ? 1 : 0;
  bool open = q;
  *quoted = q;
  sl_buf_init(&b, 0);
  for (; i < rest->n && (open || (!q && !blank(rest->p[i]))); i++) {
    bool twice = q && rest->p[i] == q && i + 1 < rest->n && rest->p[i + 1] == q;
    if (q && rest->p[i] == q && !twice) {
      open = false;
      continue;
    }
    sl_buf_ch(&b, rest->p[i]);
    i += twice;
  }
  *rest = sl_str_from(*rest, i);
  int rc = open ? sl_err_set(err, SL_EUSAGE, "a quote is not closed: %c", q) : sl_buf_check(&b, err);
  if (!rc && (b.n || q) && !(*out = sl_strndup(b.p ? b.p : "", b.n)))
    rc = sl_err_nomem(err);
  sl_buf_free(&b);
  return rc;
}

/* label="a b": the option's name, then a word in quotes. */
int sl_scope_next(struct sl_str *rest, const char *const *keys, char **out, bool *quoted, struct sl_err *err)
{
  *rest = sl_str_trim(*rest);
  for (size_t i = 0; keys[i]; i++) {
    struct sl_str key = sl_str(keys[i]), value = sl_str_from(*rest, key.n);
    char *inner;
    if (!sl_str_starts(*rest, key) || !value.n || (value.p[0] != '\'' && value.p[0] != '"'))
      continue;
    int rc = sl_scope_word(&value, &inner, quoted, err);
    *rest = value;
    *quoted = false;
    *out = rc ? NULL : sl_asprintf("%s%s", keys[i], inner);
    sl_free(rc ? NULL : inner);
    return rc ? rc : *out ? SL_OK : sl_err_nomem(err);
  }
  return sl_scope_word(rest, out, quoted, err);
}

static bool is_option(const char *w, const char *const *keys)
{
  for (; *keys; keys++)
    if (!strncmp(w, *keys, strlen(*keys)))
      return true;
  return false;
}

void sl_scope_put(struct sl_buf *b, const char *w, const char *const *keys)
{
  bool plain = *w && !strpbrk(w, " \t\n'\"") && !is_option(w, keys);
  if (plain) {
    sl_buf_z(b, w);
    return;
  }
  sl_fmt_quote(b, sl_str(w), '\'');
}
