/* compute/xgb_json_read.c: XGBoost's JSON, token by token. NaN, Infinity and -Infinity stand bare, as the library writes them. */
#include "base/utf8.h"
#include "compute/model_int.h"

enum { TEXT_MAX = 16 << 20, NUMBER_MAX = 400 };
enum want { VALUE, ITEM_OR_END, KEY_OR_END, KEY, COMMA_OR_END, NOTHING };

static enum want want_of(const struct xgb_read *r) { return (enum want)(uintptr_t)r->own; }
static void want(struct xgb_read *r, enum want w) { r->own = (void *)(uintptr_t)w; }
static bool in_obj(const struct xgb_read *r) { return r->is_obj >> (r->depth - 1) & 1; }
static void value_done(struct xgb_read *r) { want(r, r->depth ? COMMA_OR_END : NOTHING); }

static void blanks(struct xgb_read *r)
{
  while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
    r->p++;
}

static enum xgb_tok opened(struct xgb_read *r, bool obj)
{
  if (r->depth == XGB_DEPTH)
    return xgb_bad(r, "nested deeper than any model is");
  uint64_t bit = UINT64_C(1) << r->depth++;
  r->is_obj = obj ? r->is_obj | bit : r->is_obj & ~bit;
  r->p++;
  want(r, obj ? KEY_OR_END : ITEM_OR_END);
  return obj ? XT_OBJ : XT_ARR;
}

static enum xgb_tok closed(struct xgb_read *r, char c)
{
  bool obj = in_obj(r);
  if (obj != (c == '}'))
    return xgb_bad(r, obj ? "an object ends with }" : "an array ends with ]");
  r->p++;
  r->depth--;
  value_done(r);
  return obj ? XT_END_OBJ : XT_END_ARR;
}

static int hex4(const char *p)
{
  int v = 0;
  for (int i = 0; i < 4; i++) {
    char c = p[i], low = (char)(c | 0x20);
    int d = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
    if (d < 0)
      return -1;
    v = v << 4 | d;
  }
  return v;
}

static bool escape(struct xgb_read *r)
{
  static const char from[] = "rntbf\"\\/", to[] = "\r\n\t\b\f\"\\/";
  const char *at = r->p + 1 < r->end && r->p[1] ? strchr(from, r->p[1]) : NULL;
  if (at) {
    sl_buf_ch(&r->scratch, to[at - from]);
    r->p += 2;
    return true;
  }
  int v = r->end - r->p >= 6 && r->p[1] == 'u' ? hex4(r->p + 2) : -1;
  if (v < 0)
    return false;
  sl_buf_u8(&r->scratch, v >= 0xd800 && v < 0xe000 ? 0xfffd : (uint32_t)v);
  r->p += 6;
  return true;
}

/* Text between quotes: from the file itself, or from scratch when it has escapes. */
static enum xgb_tok string(struct xgb_read *r, enum xgb_tok kind)
{
  const char *from = ++r->p;
  bool plain = true;
  sl_buf_clear(&r->scratch);
  while (r->p < r->end && *r->p != '"') {
    if ((unsigned char)*r->p < 0x20)
      return xgb_bad(r, "a control character in a text");
    if (*r->p != '\\') {
      if (!plain)
        sl_buf_ch(&r->scratch, *r->p);
      r->p++;
      continue;
    }
    if (plain)
      sl_buf_add(&r->scratch, from, (size_t)(r->p - from));
    plain = false;
    if (!escape(r))
      return xgb_bad(r, "an escape that is none");
  }
  if (r->p == r->end)
    return xgb_bad(r, "ends in the middle of a text");
  if (sl_buf_check(&r->scratch, r->err))
    return XT_BAD;
  r->text = plain ? sl_strn(from, (size_t)(r->p - from)) : sl_buf_view(&r->scratch);
  r->p++;
  return kind;
}

static bool word(struct xgb_read *r, const char *z)
{
  size_t n = strlen(z);
  if ((size_t)(r->end - r->p) < n || memcmp(r->p, z, n) != 0)
    return false;
  r->p += n;
  return true;
}

static bool of_a_number(char c) { return c == '.' || c == 'e' || c == 'E' || c == '-' || c == '+' || !c; }

/* What most numbers look like: few digits, a small power of ten. A double holds both exactly and so rounds once; where that falls on the
 * middle between two floats, a second rounding could go wrong, and the long way is taken. */
static bool quick(struct xgb_read *r, enum xgb_tok *kind)
{
  static const double tens[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
                                 1e19, 1e20, 1e21, 1e22 };
  const char *p = r->p, *end = r->end;
  bool minus = *p == '-', whole = true;
  uint64_t m = 0, bits;
  int digits = 0, e = 0;
  p += minus;
  if (end - p > 1 && p[0] == '0' && p[1] >= '0' && p[1] <= '9')
    return false;
  for (; p < end && *p >= '0' && *p <= '9' && digits < 16; p++, digits++)
    m = m * 10 + (uint64_t)(*p - '0');
  if (digits && end - p > 1 && *p == '.' && p[1] >= '0' && p[1] <= '9')
    for (p++, whole = false; p < end && *p >= '0' && *p <= '9' && digits < 16; p++, digits++, e--)
      m = m * 10 + (uint64_t)(*p - '0');
  if (digits && end - p > 2 && (*p == 'e' || *p == 'E')) {
    bool down = p[1] == '-';
    int x = 0, n = 0;
    for (p += 1 + (down || p[1] == '+'), whole = false; p < end && *p >= '0' && *p <= '9' && n < 3; p++, n++)
      x = x * 10 + (*p - '0');
    if (!n)
      return false;
    e += down ? -x : x;
  }
  if (!digits || p == end || (*p >= '0' && *p <= '9') || of_a_number(*p) || m >> 53 || e < -22 || e > 22)
    return false;
  double d = e < 0 ? (double)m / tens[-e] : (double)m * tens[e];
  memcpy(&bits, &d, sizeof bits);
  if (m && (d < 1.2e-38 || d > 3.4e38 || (bits & 0x1fffffff) == 0x10000000))
    return false;
  r->i = minus ? -(int64_t)m : (int64_t)m;
  r->f = whole ? (float)r->i : (float)(minus ? -d : d);
  r->p = p;
  *kind = whole ? XT_INT : XT_NUM;
  return true;
}

static enum xgb_tok number(struct xgb_read *r)
{
  enum xgb_tok kind;
  if (quick(r, &kind))
    return kind;
  const char *from = r->p;
  bool minus = *r->p == '-';
  r->p += minus;
  if (word(r, "Infinity")) {
    r->f = minus ? -__builtin_inff() : __builtin_inff();
    return XT_NUM;
  }
  bool whole = true;
  while (r->p < r->end && ((*r->p >= '0' && *r->p <= '9') || strchr("+-.eE", *r->p)) && *r->p) {
    whole = whole && *r->p >= '0' && *r->p <= '9';
    r->p++;
  }
  struct sl_str s = sl_strn(from, (size_t)(r->p - from));
  if (whole && s.n <= 20 && sl_str_i64(s, &r->i)) {
    r->f = (float)r->i;
    return XT_INT;
  }
  if (s.n > NUMBER_MAX || !sl_str_f32(s, &r->f)) {
    r->p = from;
    return xgb_bad(r, "a number that cannot be read");
  }
  return XT_NUM;
}

static enum xgb_tok value(struct xgb_read *r)
{
  char c = *r->p;
  if (c == '{' || c == '[')
    return opened(r, c == '{');
  value_done(r);
  if (c == '"')
    return string(r, XT_STR);
  if (c == '-' || (c >= '0' && c <= '9') || c == 'I')
    return number(r);
  if (word(r, "NaN")) {
    r->f = __builtin_nanf("");
    return XT_NUM;
  }
  return word(r, "true") ? XT_TRUE : word(r, "false") ? XT_FALSE : word(r, "null") ? XT_NULL : xgb_bad(r, "no JSON value");
}

static enum xgb_tok key(struct xgb_read *r)
{
  if (*r->p != '"')
    return xgb_bad(r, "a key must stand here");
  enum xgb_tok t = string(r, XT_KEY);
  if (t != XT_KEY)
    return t;
  blanks(r);
  if (r->p == r->end || *r->p != ':')
    return xgb_bad(r, "a : must stand behind a key");
  r->p++;
  want(r, VALUE);
  return XT_KEY;
}

static enum xgb_tok json_next(struct xgb_read *r)
{
  blanks(r);
  if (want_of(r) == NOTHING)
    return r->p == r->end ? XT_END : xgb_bad(r, "something stands behind the model");
  if (r->p == r->end)
    return xgb_bad(r, "the file ends in the middle");
  if (want_of(r) == COMMA_OR_END) {
    if (*r->p == '}' || *r->p == ']')
      return closed(r, *r->p);
    if (*r->p++ != ',')
      return xgb_bad(r, "a comma must stand here");
    blanks(r);
    want(r, in_obj(r) ? KEY : VALUE);
    if (r->p == r->end)
      return xgb_bad(r, "the file ends in the middle");
  }
  if ((want_of(r) == KEY_OR_END && *r->p == '}') || (want_of(r) == ITEM_OR_END && *r->p == ']'))
    return closed(r, *r->p);
  return want_of(r) == KEY || want_of(r) == KEY_OR_END ? key(r) : value(r);
}

int xgb_json_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err)
{
  struct xgb_read r = { .m = m, .err = err, .next = json_next, .from = bytes.p, .p = bytes.p, .end = bytes.p + bytes.n };
  sl_buf_init(&r.scratch, TEXT_MAX);
  int rc = xgb_load(&r);
  sl_buf_free(&r.scratch);
  return rc;
}
