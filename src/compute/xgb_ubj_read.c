/* compute/xgb_ubj_read.c: XGBoost's UBJSON, token by token: the part of the format that the library writes. Numbers are big endian, keys
 * have no S before them, objects are never counted, arrays may be typed and counted, or counted, or neither. */
#include "compute/model_int.h"

enum { UBJ_DEPTH = XGB_DEPTH };
struct ubj { char type[UBJ_DEPTH]; bool counted[UBJ_DEPTH]; uint64_t left[UBJ_DEPTH]; bool started, key_done; };

static bool take(struct xgb_read *r, size_t n, uint64_t *out)
{
  if ((size_t)(r->end - r->p) < n)
    return false;
  uint64_t v = 0;
  for (size_t i = 0; i < n; i++)
    v = v << 8 | (unsigned char)*r->p++;
  *out = v;
  return true;
}

static bool integer(struct xgb_read *r, char type, int64_t *out)
{
  uint64_t v;
  switch (type) {
  case 'i': return take(r, 1, &v) ? *out = (int8_t)v, true : false;
  case 'U': return take(r, 1, &v) ? *out = (int64_t)v, true : false;
  case 'I': return take(r, 2, &v) ? *out = (int16_t)v, true : false;
  case 'u': return take(r, 2, &v) ? *out = (int64_t)v, true : false;
  case 'l': return take(r, 4, &v) ? *out = (int32_t)v, true : false;
  case 'm': return take(r, 4, &v) ? *out = (int64_t)v, true : false;
  case 'L': return take(r, 8, &v) ? *out = (int64_t)v, true : false;
  default: return false;
  }
}

static bool length(struct xgb_read *r, uint64_t *out)
{
  int64_t n;
  if (r->p == r->end || !integer(r, *r->p++, &n) || n < 0)
    return false;
  *out = (uint64_t)n;
  return true;
}

static enum xgb_tok text(struct xgb_read *r, enum xgb_tok kind)
{
  uint64_t n;
  if (!length(r, &n) || n > (uint64_t)(r->end - r->p))
    return xgb_bad(r, "a text longer than the file");
  r->text = sl_strn(r->p, (size_t)n);
  r->p += n;
  return kind;
}

static bool is_size(char type) { return type && strchr("iUIulmLdD", type) != NULL; }

/* What stands behind '[': $ TYPE # LENGTH, # LENGTH, or nothing. */
static enum xgb_tok array(struct xgb_read *r, struct ubj *u)
{
  if (r->depth == UBJ_DEPTH)
    return xgb_bad(r, "nested deeper than any model is");
  unsigned d = r->depth++;
  r->is_obj &= ~(UINT64_C(1) << d);
  u->type[d] = 0;
  u->left[d] = 0;
  u->counted[d] = false;
  if (r->end - r->p >= 2 && *r->p == '$') {
    u->type[d] = r->p[1];
    r->p += 2;
    if (!is_size(u->type[d]))
      return xgb_bad(r, "an array of a type that no model has");
    if (r->p == r->end || *r->p != '#')
      return xgb_bad(r, "a typed array without its length");
  }
  if (r->p < r->end && *r->p == '#') {
    r->p++;
    u->counted[d] = true;
    if (!length(r, &u->left[d]) || u->left[d] > (uint64_t)(r->end - r->p))
      return xgb_bad(r, "an array longer than the file");
  }
  return XT_ARR;
}

static enum xgb_tok object(struct xgb_read *r)
{
  if (r->depth == UBJ_DEPTH)
    return xgb_bad(r, "nested deeper than any model is");
  r->is_obj |= UINT64_C(1) << r->depth++;
  return XT_OBJ;
}

static enum xgb_tok real(struct xgb_read *r, char type)
{
  uint64_t v;
  if (!take(r, type == 'd' ? 4 : 8, &v))
    return xgb_bad(r, "the file ends in the middle");
  if (type == 'd') {
    uint32_t bits = (uint32_t)v;
    memcpy(&r->f, &bits, sizeof r->f);
  } else {
    double x;
    memcpy(&x, &v, sizeof x);
    r->f = (float)x;
  }
  return XT_NUM;
}

static enum xgb_tok value(struct xgb_read *r, struct ubj *u, char type)
{
  switch (type) {
  case '{': return object(r);
  case '[': return array(r, u);
  case 'S': return text(r, XT_STR);
  case 'C':
    r->text = sl_strn(r->p, r->p < r->end);
    r->p += r->p < r->end;
    return XT_STR;
  case 'T': return XT_TRUE;
  case 'F': return XT_FALSE;
  case 'Z': return XT_NULL;
  case 'd':
  case 'D': return real(r, type);
  default: break;
  }
  const char *at = r->p;
  if (!integer(r, type, &r->i)) {
    r->p = at > r->from ? at - 1 : at;
    return xgb_bad(r, "no UBJSON value");
  }
  r->f = (float)r->i;
  return XT_INT;
}

static enum xgb_tok in_array(struct xgb_read *r, struct ubj *u)
{
  unsigned d = r->depth - 1;
  if (u->counted[d] && !u->left[d]--) {
    r->depth--;
    return XT_END_ARR;
  }
  if (u->type[d])
    return value(r, u, u->type[d]);
  if (r->p == r->end)
    return xgb_bad(r, "the file ends in the middle");
  char c = *r->p++;
  if (c != ']' || u->counted[d])
    return value(r, u, c);
  r->depth--;
  return XT_END_ARR;
}

static enum xgb_tok in_object(struct xgb_read *r, struct ubj *u)
{
  if (r->p == r->end)
    return xgb_bad(r, "the file ends in the middle");
  if (u->key_done) {
    u->key_done = false;
    return value(r, u, *r->p++);
  }
  if (*r->p != '}') {
    u->key_done = true;
    return text(r, XT_KEY);
  }
  r->p++;
  r->depth--;
  return XT_END_OBJ;
}

static enum xgb_tok ubj_next(struct xgb_read *r)
{
  struct ubj *u = r->own;
  if (r->depth)
    return r->is_obj >> (r->depth - 1) & 1 ? in_object(r, u) : in_array(r, u);
  if (u->started)
    return r->p == r->end ? XT_END : xgb_bad(r, "something stands behind the model");
  u->started = true;
  return r->p < r->end && *r->p == '{' ? r->p++, object(r) : xgb_bad(r, "a model begins with {");
}

int xgb_ubj_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err)
{
  struct ubj u = { .started = false };
  struct xgb_read r = { .m = m, .err = err, .next = ubj_next, .from = bytes.p, .p = bytes.p, .end = bytes.p + bytes.n, .own = &u };
  return xgb_load(&r);
}
