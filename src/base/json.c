/* base/json.c: small JSON documents as jansson's values, and the questions one asks of them.
 *
 * A scan goes before the parser: it says where bad UTF-8 stands, caps depth and the number of containers (jansson takes up to 68 times the
 * input), and with `lax` turns the tokens that are no JSON into strings. */
#include "base/json_int.h"

#include <math.h>

#include "base/utf8.h"

enum { CONTAINERS_MAX = 400000 };

struct json_scan {
  struct sl_str s;
  size_t at;
  int line, column, depth, containers;
  struct sl_buf *lax;   /* the text rewritten; NULL: as it stands */
  size_t copied, longest;   /* longest: of a token, in bytes */
};

static int scan_fail(const struct json_scan *c, int code, struct sl_err *err, const char *what)
{
  return sl_err_set(err, code, "JSON %d:%d: %s", c->line, c->column, what);
}

/* One character on: columns count characters, not bytes. */
static int scan_step(struct json_scan *c, struct sl_err *err)
{
  uint32_t cp;
  int n = sl_utf8_next(sl_str_from(c->s, c->at), &cp);
  if (n <= 0)
    return scan_fail(c, SL_EPARSE, err, "invalid UTF-8");
  c->at += (size_t)n;
  c->column++;
  if (cp == '\n') {
    c->line++;
    c->column = 1;
  }
  return SL_OK;
}

static int scan_string(struct json_scan *c, struct sl_err *err)
{
  int rc = scan_step(c, err);
  while (!rc && c->at < c->s.n && c->s.p[c->at] != '"') {
    bool escape = c->s.p[c->at] == '\\';
    rc = scan_step(c, err);
    if (!rc && escape && c->at < c->s.n)
      rc = scan_step(c, err);
  }
  return !rc && c->at < c->s.n ? scan_step(c, err) : rc;
}

static bool word_ch(char c)
{
  return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
}

/* A bare word: NaN, Infinity and -Infinity are quoted on the way where that is asked. */
static void scan_word(struct json_scan *c)
{
  size_t from = c->at;
  while (c->at < c->s.n && word_ch(c->s.p[c->at]))
    c->at++;
  c->column += (int)(c->at - from);
  struct sl_str word = sl_strn(c->s.p + from, c->at - from);
  if (!c->lax || !(sl_str_eqz(word, "NaN") || sl_str_eqz(word, "Infinity") || sl_str_eqz(word, "-Infinity")))
    return;
  sl_buf_add(c->lax, c->s.p + c->copied, from - c->copied);
  sl_buf_ch(c->lax, '"');
  sl_buf_str(c->lax, word);
  sl_buf_ch(c->lax, '"');
  c->copied = c->at;
}

static int scan_bracket(struct json_scan *c, bool opens, struct sl_err *err)
{
  c->depth += opens ? 1 : -1;
  c->containers += opens;
  if (c->depth > SL_JSON_DEPTH)
    return scan_fail(c, SL_ELIMIT, err, "nested deeper than 128");
  return c->containers > CONTAINERS_MAX ? scan_fail(c, SL_ELIMIT, err, "more than 400000 objects and arrays") : SL_OK;
}

static int scan(struct json_scan *c, struct sl_err *err)
{
  int rc = SL_OK;
  while (!rc && c->at < c->s.n) {
    char ch = c->s.p[c->at];
    size_t from = c->at;
    if (ch == '"') {
      rc = scan_string(c, err);
    } else if (word_ch(ch)) {
      scan_word(c);
    } else {
      if ((unsigned char)ch < 0x20 && ch != '\t' && ch != '\n' && ch != '\r')
        rc = scan_fail(c, SL_EPARSE, err, "a control character"); /* jansson overlooks a NUL behind a number */
      else if (ch == '{' || ch == '[' || ch == '}' || ch == ']')
        rc = scan_bracket(c, ch == '{' || ch == '[', err);
      if (!rc)
        rc = scan_step(c, err);
    }
    c->longest = c->at - from > c->longest ? c->at - from : c->longest;
  }
  if (c->lax)
    sl_buf_add(c->lax, c->s.p + c->copied, c->s.n - c->copied);
  return rc;
}

/* jansson's sentence, on one line: it quotes the document. */
static int load_fail(const json_error_t *e, struct sl_err *err)
{
  char text[JSON_ERROR_TEXT_LENGTH];
  memcpy(text, e->text, sizeof text);
  text[sizeof text - 1] = 0;
  for (char *p = text; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7f)
      *p = ' ';
  return sl_err_set(err, SL_EPARSE, "JSON %d:%d: %s", e->line < 1 ? 1 : e->line, e->column < 1 ? 1 : e->column, text);
}

static int load(json_t **out, struct sl_str text, size_t longest, struct sl_err *err)
{
  json_error_t e = {0};
  int rc = sl_json_mem_begin(longest, err);
  if (rc)
    return rc;
  *out = json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
  if (sl_json_mem_refused()) { /* jansson calls it a syntax error, or nothing at all */
    json_decref(*out);
    *out = NULL;
    rc = sl_err_nomem(err);
  } else if (!*out) {
    rc = load_fail(&e, err);
  }
  sl_json_mem_end();
  return rc;
}

int sl_json_load(json_t **out, struct sl_str s, bool lax, struct sl_err *err)
{
  *out = NULL;
  if (s.n > SL_JSON_MAX)
    return sl_err_set(err, SL_ELIMIT, "JSON of %zu bytes: at most %d are read at once", s.n, (int)SL_JSON_MAX);
  struct sl_buf b;
  sl_buf_init(&b, 2 * SL_JSON_MAX);
  struct json_scan c = {.s = s, .line = 1, .column = 1, .lax = lax ? &b : NULL};
  int rc = scan(&c, err);
  if (!rc)
    rc = sl_buf_check(&b, err);
  if (!rc)
    rc = load(out, lax ? sl_buf_view(&b) : s, c.longest, err);
  sl_buf_free(&b);
  return rc;
}

struct sl_str sl_json_str(const json_t *obj, const char *key)
{
  const json_t *v = json_object_get(obj, key);
  return json_is_string(v) ? sl_strn(json_string_value(v), json_string_length(v)) : SL_STR_NONE;
}

bool sl_json_i64(const json_t *obj, const char *key, int64_t *out)
{
  const json_t *v = json_object_get(obj, key);
  if (json_is_integer(v)) {
    *out = json_integer_value(v);
    return true;
  }
  if (json_is_real(v)) { /* 1.7e12 for milliseconds, when it is whole */
    double d = json_real_value(v);
    if (!(d >= -9007199254740992.0 && d <= 9007199254740992.0) || d != floor(d))
      return false;
    *out = (int64_t)d;
    return true;
  }
  return json_is_string(v) && sl_str_i64(sl_json_str(obj, key), out);
}

bool sl_json_f64(const json_t *obj, const char *key, double *out)
{
  const json_t *v = json_object_get(obj, key);
  if (json_is_number(v)) {
    *out = json_number_value(v);
    return true;
  }
  struct sl_str s = sl_json_str(obj, key);
  if (sl_str_eqz(s, "NaN"))
    *out = (double)NAN;
  else if (sl_str_eqz(s, "Infinity"))
    *out = (double)INFINITY;
  else if (sl_str_eqz(s, "-Infinity"))
    *out = -(double)INFINITY;
  else
    return false;
  return true;
}
