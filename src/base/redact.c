/* base/redact.c: text without its secrets: by value (whatever lives as a struct sl_secret, plain or percent-encoded) and by shape.
 *
 * The shapes are a net under the first rule: passwords that we never knew as such, in a server's error text or a URL. Better one word too
 * many than one too few, so a page token or the word after "token:" goes too. */
#include "base/buf.h"
#include "base/secret.h"
#include "base/secret_list.h"

enum { REDACT_DECODED_MAX = 1 << 20, REDACT_KEY_MAX = 200 };

/* A key whose value is hidden contains one of these (any case; - and _ are left out before comparing). */
static const char *const words[] = {
  "password", "passwd", "passphrase", "secret", "token", "authorization", "cookie", "signature", "apikey", "privatekey", "accesskey",
  "credential", "pwd", "sessionkey",
};

/* Tokens that one knows by their first letters. */
static const char *const prefixes[] = {"eyJ", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "dapi", "xoxb-", "xoxp-", "sk-"};

static bool redact_key_char(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool redact_token_char(char c)
{
  return redact_key_char(c) || c == '.' || c == '+' || c == '/' || c == '=' || c == '~' || c == '%';
}

static size_t redact_run(struct sl_str s, size_t at, bool (*is)(char))
{
  size_t i = at;
  while (i < s.n && is(s.p[i]))
    i++;
  return i - at;
}

static bool redact_secret_key(struct sl_str key)
{
  char plain[REDACT_KEY_MAX];
  size_t n = 0;
  for (size_t i = 0; i < key.n; i++) /* at most REDACT_KEY_MAX, redact_shape() saw to it */
    if (key.p[i] != '-' && key.p[i] != '_')
      plain[n++] = key.p[i] >= 'A' && key.p[i] <= 'Z' ? (char)(key.p[i] + 32) : key.p[i];
  struct sl_str k = sl_strn(plain, n);
  if (sl_str_eqz(k, "sig"))
    return true;
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (sl_str_find(k, sl_str(words[i])) >= 0)
      return true;
  return false;
}

static size_t redact_blanks(struct sl_str s, size_t at)
{
  while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
    at++;
  return at;
}

/* Behind the quote at `at`: where its string ends. In JSON inside JSON the quotes have a backslash before them. */
static size_t redact_quoted_end(struct sl_str s, size_t at, bool escaped)
{
  char quote = s.p[at - 1];
  size_t i = at;
  while (escaped && i < s.n && !(s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == quote))
    i++;
  while (!escaped && i < s.n && s.p[i] != quote)
    i += s.p[i] == '\\' && i + 1 < s.n ? 2 : 1;
  return i;
}

static size_t redact_line_end(struct sl_str s, size_t at)
{
  while (at < s.n && s.p[at] != '\n' && s.p[at] != '\r')
    at++;
  return at;
}

/* A query's value ends at &, a connection string's at a blank; commas and semicolons may be part of a password. */
static size_t redact_word_end(struct sl_str s, size_t at)
{
  while (at < s.n && (unsigned char)s.p[at] > ' ' && !strchr("&\"'<>", s.p[at]))
    at++;
  return at;
}

/* After a key that ends at `at`: the value's beginning and end; false when no value follows. A header's value (after a colon, unquoted) is
 * the rest of the line: "Authorization: Bearer x", "Cookie: a=b; c=d". */
static bool redact_value(struct sl_str s, size_t at, size_t *from, size_t *to)
{
  if (at < s.n && s.p[at] == '\\') /* JSON inside JSON */
    at++;
  if (at < s.n && (s.p[at] == '"' || s.p[at] == '\''))
    at++;
  at = redact_blanks(s, at);
  if (at >= s.n || (s.p[at] != ':' && s.p[at] != '='))
    return false;
  bool colon = s.p[at] == ':';
  at = redact_blanks(s, at + 1);
  bool escaped = at + 1 < s.n && s.p[at] == '\\' && (s.p[at + 1] == '"' || s.p[at + 1] == '\'');
  at += escaped;
  bool quoted = at < s.n && (s.p[at] == '"' || s.p[at] == '\'');
  *from = quoted ? at + 1 : at;
  *to = quoted ? redact_quoted_end(s, *from, escaped) : colon ? redact_line_end(s, *from) : redact_word_end(s, *from);
  return *to > *from;
}

/* scheme://user:PASSWORD@host */
static bool redact_userinfo(struct sl_str s, size_t at, size_t *from, size_t *to)
{
  if (!sl_str_starts(sl_str_from(s, at), SL_STR("://")))
    return false;
  size_t colon = 0;
  for (size_t i = at + 3; i < s.n && (unsigned char)s.p[i] > ' ' && !strchr("/?#\"'<>", s.p[i]); i++) {
    if (s.p[i] == ':' && !colon)
      colon = i;
    if (s.p[i] == '@' && colon) {
      *from = colon + 1;
      *to = i;
    }
  }
  return *to > *from;
}

static bool redact_pem(struct sl_str s, size_t at, size_t *from, size_t *to)
{
  struct sl_str rest = sl_str_from(s, at);
  if (!sl_str_starts(rest, SL_STR("-----BEGIN ")))
    return false;
  ptrdiff_t is_key = sl_str_find(sl_str_head(rest, 64), SL_STR("PRIVATE KEY-----"));
  if (is_key < 0)
    return false;
  ptrdiff_t end = sl_str_find(rest, SL_STR("-----END "));
  *from = at + (size_t)is_key + 16;
  *to = end < 0 ? s.n : at + (size_t)end;
  return *to > *from;
}

static bool redact_known_token(struct sl_str s, size_t at, size_t *from, size_t *to)
{
  struct sl_str rest = sl_str_from(s, at);
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
    if (!sl_str_starts(rest, sl_str(prefixes[i])))
      continue;
    size_t n = redact_run(s, at, redact_token_char);
    if (n >= 20) {
      *from = at + strlen(prefixes[i]);
      *to = at + n;
      return true;
    }
  }
  return false;
}

/* "Basic dXNlcjpwYXNz", "Bearer x0x0": the header's value without its name, as some servers repeat it. Plain words follow these two in
 * sentences, so what is hidden has at least one capital, digit or = in it. */
static bool redact_scheme(struct sl_str s, size_t at, size_t n, size_t *from, size_t *to)
{
  struct sl_str word = sl_strn(s.p + at, n);
  if (!sl_str_ieq(word, SL_STR("basic")) && !sl_str_ieq(word, SL_STR("bearer")))
    return false;
  *from = redact_blanks(s, at + n);
  *to = *from + redact_run(s, *from, redact_token_char);
  bool odd = false;
  for (size_t i = *from; i < *to; i++)
    odd = odd || (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '=';
  return odd && *from > at + n && *to - *from >= 8;
}

/* A signature by ssh-keygen is public, and who verifies what it signs needs it whole: how long it is, up to its last line; 0: none. */
static size_t redact_public(struct sl_str s, size_t at)
{
  struct sl_str rest = sl_str_from(s, at);
  if (!sl_str_starts(rest, SL_STR("-----BEGIN SSH SIGNATURE-----")))
    return 0;
  ptrdiff_t end = sl_str_find(rest, SL_STR("-----END SSH SIGNATURE-----"));
  return end < 0 ? 0 : (size_t)end;
}

/* A key of JSON that says that there is nothing: what stands behind it in the same line is another member. */
static bool redact_null(struct sl_str s, size_t at)
{
  struct sl_str rest = sl_str_from(s, at);
  return sl_str_starts(rest, SL_STR("null")) && rest.n > 4 && (rest.p[4] == ',' || rest.p[4] == '}');
}

/* What begins at `at` and is hidden by its shape. Words are only looked at from their beginning. */
static bool redact_shape(struct sl_str s, size_t at, size_t *from, size_t *to)
{
  *from = *to = 0;
  if (s.p[at] == ':')
    return redact_userinfo(s, at, from, to);
  if (s.p[at] == '-' && redact_pem(s, at, from, to))
    return true;
  if (!redact_key_char(s.p[at]) || (at > 0 && redact_key_char(s.p[at - 1])))
    return false;
  if (redact_known_token(s, at, from, to))
    return true;
  size_t n = redact_run(s, at, redact_key_char);
  if (n > REDACT_KEY_MAX)
    return false;
  if (redact_scheme(s, at, n, from, to))
    return true;
  return redact_secret_key(sl_strn(s.p + at, n)) && redact_value(s, at + n, from, to) && !redact_public(s, *from) &&
    !redact_null(s, *from);
}

static void redact_shapes(struct sl_buf *b, struct sl_str s)
{
  size_t kept = 0;
  for (size_t at = 0; at < s.n; at++) {
    size_t from, to, public = s.p[at] == '-' ? redact_public(s, at) : 0;
    if (public) {
      at += public - 1;
      continue;
    }
    if (!redact_shape(s, at, &from, &to))
      continue;
    sl_buf_str(b, sl_strn(s.p + kept, from - kept));
    sl_buf_z(b, "***");
    kept = to;
    at = to - 1;
  }
  sl_buf_str(b, sl_str_from(s, kept));
}

static int redact_hex(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One byte of percent-encoded text at s.p, and how many bytes it took. */
static size_t redact_percent(struct sl_str s, char *out)
{
  if (s.n >= 3 && s.p[0] == '%' && redact_hex(s.p[1]) >= 0 && redact_hex(s.p[2]) >= 0) {
    *out = (char)(redact_hex(s.p[1]) << 4 | redact_hex(s.p[2]));
    return 3;
  }
  *out = s.p[0];
  return 1;
}

/* The secret at `at` of the decoded text, back in the places of the encoded one. */
static size_t redact_encoded_at(struct sl_str s, size_t decoded)
{
  size_t i = 0;
  char c;
  while (i < s.n && decoded--)
    i += redact_percent(sl_str_from(s, i), &c);
  return i;
}

static bool redact_decode(struct sl_buf *decoded, struct sl_str s)
{
  sl_buf_clear(decoded);
  char *to = sl_buf_room(decoded, s.n);
  if (!to)
    return false;
  size_t len = 0;
  for (size_t i = 0; i < s.n; len++)
    i += redact_percent(sl_str_from(s, i), to + len);
  sl_buf_wrote(decoded, len);
  return true;
}

/* The first secret in s, as it is or percent-encoded; false when there is none, or (decoded failed) no memory to tell. */
static bool redact_find(struct sl_str s, struct sl_buf *decoded, size_t *at, size_t *n)
{
  *at = sl_secret_find(s, n);
  if (sl_str_chr(s, '%') < 0)
    return *n > 0;
  if (!redact_decode(decoded, s))
    return false;
  size_t length, where = sl_secret_find(sl_buf_view(decoded), &length);
  size_t begin = redact_encoded_at(s, where), end = redact_encoded_at(s, where + length);
  if (length && (*n == 0 || begin < *at)) {
    *at = begin;
    *n = end - begin;
  }
  return *n > 0;
}

bool sl_secret_in(struct sl_str text)
{
  struct sl_buf decoded;
  size_t at, n;
  sl_buf_init_secret(&decoded, REDACT_DECODED_MAX);
  bool found = redact_find(text, &decoded, &at, &n) || decoded.failed; /* unknown counts as yes */
  sl_buf_free(&decoded);
  return found;
}

void sl_secret_redact(struct sl_buf *b, struct sl_str text)
{
  struct sl_buf plain, decoded;
  size_t at, n;
  sl_buf_init_secret(&plain, b->max ? b->max : REDACT_DECODED_MAX);
  sl_buf_init_secret(&decoded, REDACT_DECODED_MAX);
  while (redact_find(text, &decoded, &at, &n)) {
    sl_buf_str(&plain, sl_str_head(text, at));
    sl_buf_z(&plain, "***");
    text = sl_str_from(text, at + n);
  }
  sl_buf_str(&plain, text);
  if (plain.failed || decoded.failed)
    b->failed = b->failed ? b->failed : plain.failed ? plain.failed : decoded.failed; /* never the text as it came */
  else
    redact_shapes(b, sl_buf_view(&plain));
  sl_buf_free(&plain);
  sl_buf_free(&decoded);
}
