/* base/json_pull.c: JSON of any size, fed in any pieces, taken token by token. Nothing is kept but the bytes not yet read, one scalar
 * and one bit for each open container. Strict (RFC 8259), but for what `lax` and surrogateescape allow. Duplicate keys are the reader's
 * business: it alone knows whether they matter.
 *
 * A token is only taken when all of it has arrived, or as far as a string's text goes: a cut in the middle of a character or an escape
 * waits for more bytes. So the pieces in which bytes come never change the tokens. */
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { INPUT_MAX = 16 << 20 };
enum want { WANT_VALUE, WANT_ITEM_OR_END, WANT_KEY_OR_END, WANT_KEY, WANT_COLON, WANT_COMMA_OR_END, WANT_NOTHING };

struct sl_json_pull {
  struct sl_buf in;              /* from `at` on: not yet read */
  size_t at;
  struct sl_buf text;            /* the scalar being read */
  uint64_t is_obj[SL_JSON_DEPTH / 64];
  unsigned depth;
  enum want want;
  bool in_string, key, in_word, eof, lax, bad, cut;
  uint64_t line, column;         /* of the next byte; columns count characters */
  uint64_t from_line, from_column; /* of the scalar being read */
  size_t max_scalar;
  uint64_t lost;                 /* of the string being read: bytes beyond max_scalar */
  struct sl_err err;             /* what BAD says again */
};

int sl_json_pull_open(struct sl_json_pull **out, size_t max_scalar, bool lax, struct sl_err *err)
{
  struct sl_json_pull *p = sl_calloc(1, sizeof *p);
  *out = p;
  if (!p)
    return sl_err_nomem(err);
  p->max_scalar = max_scalar ? max_scalar : 1 << 20;
  sl_buf_init(&p->in, INPUT_MAX);
  sl_buf_init(&p->text, p->max_scalar);
  p->lax = lax;
  p->line = p->column = 1;
  return SL_OK;
}

void sl_json_pull_free(struct sl_json_pull *p)
{
  if (!p)
    return;
  sl_buf_free(&p->in);
  sl_buf_free(&p->text);
  sl_free(p);
}

int sl_json_pull_feed(struct sl_json_pull *p, const void *data, size_t n, struct sl_err *err)
{
  sl_buf_drop(&p->in, p->at);
  p->at = 0;
  sl_buf_add(&p->in, data, n);
  return sl_buf_check(&p->in, err);
}

void sl_json_pull_eof(struct sl_json_pull *p) { p->eof = true; }
void sl_json_pull_cut(struct sl_json_pull *p) { p->cut = true; }
uint64_t sl_json_pull_lost(const struct sl_json_pull *p) { return p->lost; }
unsigned sl_json_pull_depth(const struct sl_json_pull *p) { return p->depth; }

static size_t left(const struct sl_json_pull *p) { return p->in.n - p->at; }
static const char *here(const struct sl_json_pull *p) { return p->in.p + p->at; }

static void skip(struct sl_json_pull *p, size_t bytes, size_t columns)
{
  p->at += bytes;
  p->column += columns;
}

static enum sl_json_tok bad_at(struct sl_json_pull *p, uint64_t line, uint64_t column, int code, const char *what)
{
  p->bad = true;
  sl_err_set(&p->err, code, "JSON %llu:%llu: %s", (unsigned long long)line, (unsigned long long)column, what);
  return SL_JT_BAD;
}

static enum sl_json_tok bad(struct sl_json_pull *p, const char *what)
{
  return bad_at(p, p->line, p->column, SL_EPARSE, what);
}

/* Not enough bytes for what has begun. */
static enum sl_json_tok starved(struct sl_json_pull *p)
{
  return p->eof ? bad(p, "ends in the middle") : SL_JT_MORE;
}

static enum sl_json_tok check_text(struct sl_json_pull *p)
{
  if (p->text.failed == SL_ENOMEM)
    return bad_at(p, p->from_line, p->from_column, SL_ENOMEM, "out of memory");
  return p->text.failed ? bad_at(p, p->from_line, p->from_column, SL_ELIMIT, "a string or number is too long") : SL_JT_END;
}

/* ---- containers ---- */

static bool top_is_obj(const struct sl_json_pull *p)
{
  unsigned i = p->depth - 1;
  return p->is_obj[i / 64] >> (i % 64) & 1;
}

static void value_done(struct sl_json_pull *p)
{
  p->want = p->depth ? WANT_COMMA_OR_END : WANT_NOTHING;
}

static enum sl_json_tok open_container(struct sl_json_pull *p, bool obj)
{
  if (p->depth == SL_JSON_DEPTH)
    return bad_at(p, p->line, p->column, SL_ELIMIT, "nested deeper than 128");
  uint64_t bit = UINT64_C(1) << (p->depth % 64), *word = &p->is_obj[p->depth / 64];
  *word = obj ? *word | bit : *word & ~bit;
  p->depth++;
  skip(p, 1, 1);
  p->want = obj ? WANT_KEY_OR_END : WANT_ITEM_OR_END;
  return obj ? SL_JT_OBJ : SL_JT_ARR;
}

static enum sl_json_tok close_container(struct sl_json_pull *p, char c)
{
  bool obj = top_is_obj(p);
  if (obj != (c == '}'))
    return bad(p, obj ? "an object ends with }" : "an array ends with ]");
  p->depth--;
  skip(p, 1, 1);
  value_done(p);
  return obj ? SL_JT_END_OBJ : SL_JT_END_ARR;
}

/* ---- strings: each step returns END to go on, or the answer ---- */

/* Whole: all of it or nothing, as a character is. What was once cut stays so: the text is how the string begins. */
static void text_add(struct sl_json_pull *p, const char *s, size_t n, bool whole)
{
  size_t room = p->lost || p->text.n > p->max_scalar ? 0 : p->max_scalar - p->text.n, take = n;
  if (p->cut && n > room) {
    take = whole ? 0 : room;
    p->lost += n - take;
  }
  sl_buf_add(&p->text, s, take);
}

static void text_add_char(struct sl_json_pull *p, uint32_t cp)
{
  char utf8[4];
  text_add(p, utf8, (size_t)sl_utf8_put(cp, utf8), true);
}

static int hex4(const char *s)
{
  int v = 0;
  for (int i = 0; i < 4; i++) {
    char c = s[i], low = (char)(c | 0x20);
    int d = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
    if (d < 0)
      return -1;
    v = v << 4 | d;
  }
  return v;
}

/* \uXXXX, a pair of them, or one of \udc80..\udcff, which stands for a byte that was no text. */
static enum sl_json_tok unicode_escape(struct sl_json_pull *p)
{
  if (left(p) < 6)
    return starved(p);
  int hi = hex4(here(p) + 2);
  if (hi < 0)
    return bad(p, "\\u needs four hexadecimal digits");
  if (hi >= 0xdc80 && hi <= 0xdcff) {
    text_add(p, &(char){ (char)(hi & 0xff) }, 1, true);
    skip(p, 6, 6);
    return SL_JT_END;
  }
  if (hi >= 0xdc00 && hi <= 0xdfff)
    return bad(p, "half of a surrogate pair");
  if (hi < 0xd800 || hi > 0xdbff) {
    text_add_char(p, (uint32_t)hi);
    skip(p, 6, 6);
    return SL_JT_END;
  }
  if (left(p) < 12 && (left(p) < 7 || here(p)[6] == '\\') && (left(p) < 8 || here(p)[7] == 'u'))
    return starved(p);
  int lo = left(p) >= 12 && here(p)[6] == '\\' && here(p)[7] == 'u' ? hex4(here(p) + 8) : -1;
  if (lo < 0xdc00 || lo > 0xdfff)
    return bad(p, "half of a surrogate pair");
  text_add_char(p, 0x10000 + ((uint32_t)(hi & 0x3ff) << 10 | (uint32_t)(lo & 0x3ff)));
  skip(p, 12, 12);
  return SL_JT_END;
}

static enum sl_json_tok escape(struct sl_json_pull *p)
{
  static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
  if (left(p) < 2)
    return starved(p);
  char c = here(p)[1];
  if (c == 'u')
    return unicode_escape(p);
  const char *at = c ? strchr(letters, c) : NULL;
  if (!at)
    return bad(p, "no such escape");
  text_add(p, &bytes[at - letters], 1, true);
  skip(p, 2, 2);
  return SL_JT_END;
}

static enum sl_json_tok wide_char(struct sl_json_pull *p)
{
  uint32_t cp;
  unsigned char lead = (unsigned char)*here(p);
  size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  int n = sl_utf8_next(sl_strn(here(p), left(p)), &cp);
  if (n > 0) {
    text_add(p, here(p), (size_t)n, true);
    skip(p, (size_t)n, 1);
    return SL_JT_END;
  }
  return left(p) < need && !p->eof ? SL_JT_MORE : bad(p, "invalid UTF-8");
}

static enum sl_json_tok string_end(struct sl_json_pull *p, struct sl_str *text)
{
  skip(p, 1, 1);
  p->in_string = false;
  *text = p->text.n ? sl_buf_view(&p->text) : SL_STR("");
  if (p->key) {
    p->want = WANT_COLON;
    return SL_JT_KEY;
  }
  value_done(p);
  return SL_JT_STR;
}

static enum sl_json_tok read_string(struct sl_json_pull *p, struct sl_str *text)
{
  enum sl_json_tok t = SL_JT_END;
  while (t == SL_JT_END) {
    size_t n = 0, most = left(p);
    const char *s = here(p);
    while (n < most && s[n] >= 0x20 && s[n] != '"' && s[n] != '\\') /* ASCII; char is signed */
      n++;
    text_add(p, s, n, false);
    skip(p, n, n);
    t = check_text(p);
    if (t != SL_JT_END)
      break;
    if (n == most)
      return starved(p);
    unsigned char c = (unsigned char)s[n];
    if (c == '"')
      return string_end(p, text);
    t = c == '\\' ? escape(p) : c >= 0x80 ? wide_char(p) : bad(p, "a control character in a string");
  }
  return t;
}

static void begin_scalar(struct sl_json_pull *p)
{
  sl_buf_clear(&p->text);
  p->lost = 0;
  p->from_line = p->line;
  p->from_column = p->column;
}

static enum sl_json_tok begin_string(struct sl_json_pull *p, bool key, struct sl_str *text)
{
  begin_scalar(p);
  p->in_string = true;
  p->key = key;
  skip(p, 1, 1);
  return read_string(p, text);
}

/* ---- words: numbers and names ---- */

static bool digit(char c) { return c >= '0' && c <= '9'; }

static bool word_ch(char c)
{
  return digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '+' || c == '.';
}

static size_t digits(const char *s) /* s ends with a NUL */
{
  size_t n = 0;
  while (digit(s[n]))
    n++;
  return n;
}

static bool number_ok(const char *s)
{
  s += *s == '-';
  size_t n = digits(s);
  if (!n || (n > 1 && *s == '0'))
    return false;
  s += n;
  if (*s == '.') {
    n = digits(++s);
    if (!n)
      return false;
    s += n;
  }
  if (*s == 'e' || *s == 'E') {
    s++;
    s += *s == '-' || *s == '+';
    n = digits(s);
    if (!n)
      return false;
    s += n;
  }
  return !*s;
}

static enum sl_json_tok word_end(struct sl_json_pull *p, struct sl_str *text)
{
  const char *w = sl_buf_zstr(&p->text);
  p->in_word = false;
  value_done(p);
  if (!strcmp(w, "true"))
    return SL_JT_TRUE;
  if (!strcmp(w, "false"))
    return SL_JT_FALSE;
  if (!strcmp(w, "null"))
    return SL_JT_NULL;
  *text = sl_buf_view(&p->text);
  if (number_ok(w) || (p->lax && (!strcmp(w, "NaN") || !strcmp(w, "Infinity") || !strcmp(w, "-Infinity"))))
    return SL_JT_NUM;
  return bad_at(p, p->from_line, p->from_column, SL_EPARSE, "no number, true, false or null");
}

static enum sl_json_tok read_word(struct sl_json_pull *p, struct sl_str *text)
{
  size_t n = 0, most = left(p);
  while (n < most && word_ch(here(p)[n]))
    n++;
  sl_buf_add(&p->text, here(p), n);
  skip(p, n, n);
  enum sl_json_tok t = check_text(p);
  if (t != SL_JT_END)
    return t;
  return n == most && !p->eof ? SL_JT_MORE : word_end(p, text);
}

static enum sl_json_tok begin_word(struct sl_json_pull *p, struct sl_str *text)
{
  begin_scalar(p);
  p->in_word = true;
  return read_word(p, text);
}

/* ---- structure ---- */

static void skip_space(struct sl_json_pull *p)
{
  for (; left(p); p->at++) {
    char c = *here(p);
    if (c == '\n') {
      p->line++;
      p->column = 1;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      p->column++;
    } else {
      return;
    }
  }
}

static enum sl_json_tok read_value(struct sl_json_pull *p, char c, struct sl_str *text)
{
  if (c == '{' || c == '[')
    return open_container(p, c == '{');
  if (c == '"')
    return begin_string(p, false, text);
  return word_ch(c) ? begin_word(p, text) : bad(p, "a value should stand here");
}

/* One step; END: nothing to tell yet, go on. */
static enum sl_json_tok step(struct sl_json_pull *p, char c, struct sl_str *text)
{
  switch (p->want) {
  case WANT_KEY_OR_END:
    if (c == '}')
      return close_container(p, c);
    return c == '"' ? begin_string(p, true, text) : bad(p, "a key or } should stand here");
  case WANT_KEY:
    return c == '"' ? begin_string(p, true, text) : bad(p, "a key should stand here");
  case WANT_COLON:
    if (c != ':')
      return bad(p, "a colon should stand here");
    break;
  case WANT_COMMA_OR_END:
    if (c == '}' || c == ']')
      return close_container(p, c);
    if (c != ',')
      return bad(p, "a comma or the end should stand here");
    break;
  case WANT_NOTHING:
    return bad(p, "something follows the document");
  case WANT_ITEM_OR_END:
    if (c == ']')
      return close_container(p, c);
    return read_value(p, c, text);
  case WANT_VALUE:
    return read_value(p, c, text);
  }
  p->want = p->want == WANT_COMMA_OR_END && top_is_obj(p) ? WANT_KEY : WANT_VALUE;
  skip(p, 1, 1);
  return SL_JT_END;
}

static enum sl_json_tok next(struct sl_json_pull *p, struct sl_str *text)
{
  if (p->in_string)
    return read_string(p, text);
  if (p->in_word)
    return read_word(p, text);
  for (;;) {
    skip_space(p);
    if (!left(p)) {
      if (!p->eof)
        return SL_JT_MORE;
      return p->want == WANT_NOTHING ? SL_JT_END : bad(p, "ends too early");
    }
    enum sl_json_tok t = step(p, *here(p), text);
    if (t != SL_JT_END)
      return t;
  }
}

enum sl_json_tok sl_json_pull_next(struct sl_json_pull *p, struct sl_str *text, struct sl_err *err)
{
  *text = SL_STR_NONE;
  enum sl_json_tok t = p->bad ? SL_JT_BAD : next(p, text);
  if (t == SL_JT_BAD) {
    *text = SL_STR_NONE;
    if (err)
      *err = p->err;
  }
  return t;
}
