/* table/name.c: names of columns and of keys in families, as filters, orders and wishes write them. */
#include "base/mem.h"
#include "table/batch_int.h"

static bool is_word(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '/' || c == ':' ||
         c == '@' || c == '$' || c == '%' || c == '#' || (unsigned char)c >= 0x80;
}

size_t quoted_read(struct sl_str s, struct sl_str *out, struct sl_arena *a, struct sl_err *err)
{
  size_t end = 1, doubled = 0;
  for (; end < s.n; end++) {
    if (s.p[end] != s.p[0])
      continue;
    if (end + 1 >= s.n || s.p[end + 1] != s.p[0])
      break;
    end++;
    doubled++;
  }
  if (end >= s.n) {
    sl_err_set(err, SL_EUSAGE, "this %c is never closed", s.p[0]);
    return 0;
  }
  *out = sl_strn(s.p + 1, end - 1);
  if (!doubled)
    return end + 1;
  char *p = sl_arena_alloc(a, end);
  if (!p) {
    sl_err_nomem(err);
    return 0;
  }
  size_t n = 0;
  for (size_t i = 1; i < end; i++) {
    p[n++] = s.p[i];
    i += s.p[i] == s.p[0];
  }
  *out = sl_strn(p, n);
  return end + 1;
}

static size_t read_part(struct sl_str s, bool dots, bool star, struct sl_str *out, struct sl_arena *a, struct sl_err *err)
{
  if (s.n && (s.p[0] == '"' || s.p[0] == '`'))
    return quoted_read(s, out, a, err);
  size_t n = 0;
  while (n < s.n && (is_word(s.p[n]) || (dots && s.p[n] == '.') || (star && s.p[n] == '*')))
    n++;
  *out = sl_strn(s.p, n);
  return n;
}

size_t name_read(struct sl_str s, struct sl_name *out, struct sl_arena *a, bool star, struct sl_err *err)
{
  *out = (struct sl_name){ SL_STR_NONE, SL_STR_NONE };
  sl_err_clear(err);
  size_t n = read_part(s, false, false, &out->col, a, err);
  if (!n || n >= s.n || s.p[n] != '.')
    return n;
  size_t k = read_part(sl_str_from(s, n + 1), true, star, &out->key, a, err);
  if (!k && (!err || !err->code))
    sl_err_set(err, SL_EUSAGE, "a key after '%.*s.'", SL_ARG(out->col));
  return k ? n + 1 + k : 0;
}

/* A column whose own name holds a dot: `t.x` of an SQL result. */
static int find_dotted(const struct sl_schema *s, const struct sl_name *name)
{
  char text[256];
  size_t n = name->col.n + 1 + name->key.n;
  if (n > sizeof text)
    return -1;
  memcpy(text, name->col.p, name->col.n);
  text[name->col.n] = '.';
  if (name->key.n)
    memcpy(text + name->col.n + 1, name->key.p, name->key.n);
  return sl_schema_find(s, sl_strn(text, n));
}

struct name_at name_find(const struct sl_schema *s, const struct sl_name *name)
{
  int col = sl_schema_find(s, name->col);
  if (!name->key.p) {
    if (col >= 0)
      return (struct name_at){ .kind = NAME_COL, .col = col };
    if (sl_str_eqz(name->col, "connection"))
      return (struct name_at){ .kind = NAME_CONN };
    return (struct name_at){ .kind = sl_str_eqz(name->col, "ref") ? NAME_REF : NAME_NONE };
  }
  if (col >= 0 && type_is_family(sl_schema_col(s, (size_t)col)->type))
    return (struct name_at){ .kind = NAME_KEY, .col = col, .key = name->key };
  col = find_dotted(s, name);
  return (struct name_at){ .kind = col >= 0 ? NAME_COL : NAME_NONE, .col = col };
}

static bool is_plain(struct sl_str s, bool dots)
{
  for (size_t i = 0; i < s.n; i++)
    if (!is_word(s.p[i]) && !(dots && s.p[i] == '.'))
      return false;
  return s.n > 0;
}

static void put_part(struct sl_buf *b, struct sl_str s, bool dots)
{
  if (is_plain(s, dots)) {
    sl_buf_str(b, s);
    return;
  }
  sl_buf_ch(b, '"');
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] == '"')
      sl_buf_ch(b, '"');
    sl_buf_ch(b, s.p[i]);
  }
  sl_buf_ch(b, '"');
}

void name_text(struct sl_buf *b, const struct sl_name *name)
{
  put_part(b, name->col, false);
  if (!name->key.p)
    return;
  sl_buf_ch(b, '.');
  if (sl_str_eqz(name->key, "*"))
    sl_buf_ch(b, '*');
  else
    put_part(b, name->key, true);
}

int name_unknown(const struct sl_schema *s, const struct sl_name *name, struct sl_err *err)
{
  int col = sl_schema_find(s, name->col);
  if (col >= 0 && name->key.p)
    return sl_err_set(err, SL_EUSAGE, "column '%.*s' has no keys (asked for '%.*s')", SL_ARG(sl_str_head(name->col, 80)),
                      SL_ARG(sl_str_head(name->key, 80)));
  size_t n = sl_schema_count(s);
  const char **names = sl_calloc(n + 2, sizeof *names);
  if (!names)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++)
    names[i] = sl_schema_col(s, i)->name;
  names[n] = "connection";
  names[n + 1] = "ref";
  const char *near = sl_str_nearest(name->col, names, n + 2);
  sl_free(names);
  if (near)
    return sl_err_set(err, SL_EUSAGE, "no column '%.*s'; did you mean '%.80s'?", SL_ARG(sl_str_head(name->col, 80)), near);
  return sl_err_set(err, SL_EUSAGE, "no column '%.*s'", SL_ARG(sl_str_head(name->col, 80)));
}
