/* base/json_write.c: JSON as it comes, without a tree. The writer keeps one bit for each open container; text goes to the caller's
 * buffer, which also remembers failure.
 *
 * Strings are inert: what could move a cursor, hide or turn text around is written as an escape, which loses nothing. */
#include <math.h>

#include "base/fmt.h"
#include "base/json.h"
#include "base/utf8.h"

enum { DEPTH_MAX = 63 };

bool sl_json_hidden(uint32_t cp)
{
  static const struct { uint32_t lo, hi; } ranges[] = {
    {0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c}, {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
    {0xe000, 0xf8ff}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff}};
  if (cp >= 0x20 && cp < 0x7f)
    return false;
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
    if (cp >= ranges[i].lo && cp <= ranges[i].hi)
      return true;
  return false;
}

static void quote_cp(struct sl_buf *b, uint32_t cp)
{
  static const char plain[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
  const char *at = cp && cp < 0x80 ? strchr(plain, (int)cp) : NULL;
  if (at) {
    sl_buf_ch(b, '\\');
    sl_buf_ch(b, letters[at - plain]);
  } else if (!sl_json_hidden(cp)) {
    sl_buf_u8(b, cp);
  } else if (cp < 0x10000) {
    sl_buf_printf(b, "\\u%04x", (unsigned)cp);
  } else {
    sl_buf_printf(b, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (cp >> 10)), (unsigned)(0xdc00 | (cp & 0x3ff)));
  }
}

void sl_json_quote(struct sl_buf *b, struct sl_str s)
{
  sl_buf_ch(b, '"');
  for (size_t i = 0; i < s.n;) {
    size_t run = i;
    while (run < s.n && s.p[run] >= 0x20 && s.p[run] < 0x7f && s.p[run] != '"' && s.p[run] != '\\')
      run++;
    if (run > i) {
      sl_buf_add(b, s.p + i, run - i);
      i = run;
      continue;
    }
    uint32_t cp;
    int n = sl_utf8_next(sl_str_from(s, i), &cp);
    if (n > 0) {
      quote_cp(b, cp);
    } else { /* a byte that is no text: Python's surrogateescape */
      sl_buf_printf(b, "\\udc%02x", (unsigned)(unsigned char)s.p[i]);
    }
    i += n > 0 ? (size_t)n : 1;
  }
  sl_buf_ch(b, '"');
}

bool sl_json_canon(struct sl_buf *b, struct sl_str s)
{
  static const char plain[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
  sl_buf_ch(b, '"');
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    const char *at = c ? strchr(plain, c) : NULL;
    if (at) {
      sl_buf_ch(b, '\\');
      sl_buf_ch(b, letters[at - plain]);
    } else if ((unsigned char)c < 0x20) {
      sl_buf_printf(b, "\\u%04x", (unsigned)c);
    } else {
      sl_buf_ch(b, c);
    }
  }
  sl_buf_ch(b, '"');
  return sl_utf8_valid(s);
}

struct sl_jw sl_jw(struct sl_buf *b, bool pretty)
{
  return (struct sl_jw){.b = b, .pretty = pretty};
}

static void new_line(struct sl_jw *w)
{
  if (!w->pretty)
    return;
  sl_buf_ch(w->b, '\n');
  sl_buf_fill(w->b, ' ', (size_t)w->depth * 2);
}

/* What stands before a key or an item of the container on top. */
static void before_item(struct sl_jw *w)
{
  uint64_t bit = UINT64_C(1) << w->depth;
  if (!(w->first & bit))
    sl_buf_ch(w->b, ',');
  w->first &= ~bit;
  new_line(w);
}

static void before_value(struct sl_jw *w)
{
  if (w->after_key)
    w->after_key = false;
  else if (w->depth)
    before_item(w);
}

static void open_container(struct sl_jw *w, char c)
{
  before_value(w);
  sl_buf_ch(w->b, c);
  if (w->depth == DEPTH_MAX) { /* ours, always: nothing that we write is so deep */
    if (!w->b->failed)
      w->b->failed = SL_ELIMIT;
    return;
  }
  w->depth++;
  w->first |= UINT64_C(1) << w->depth;
}

static void close_container(struct sl_jw *w, char c)
{
  if (w->b->failed)
    return;
  sl_assert(w->depth > 0 && !w->after_key);
  if (!w->depth)
    return;
  bool empty = w->first >> w->depth & 1;
  w->first &= ~(UINT64_C(1) << w->depth);
  w->depth--;
  if (!empty)
    new_line(w);
  sl_buf_ch(w->b, c);
}

void sl_jw_obj(struct sl_jw *w) { open_container(w, '{'); }
void sl_jw_end_obj(struct sl_jw *w) { close_container(w, '}'); }
void sl_jw_arr(struct sl_jw *w) { open_container(w, '['); }
void sl_jw_end_arr(struct sl_jw *w) { close_container(w, ']'); }

void sl_jw_key(struct sl_jw *w, struct sl_str k)
{
  sl_assert(!w->after_key && (w->depth || w->b->failed));
  before_item(w);
  sl_json_quote(w->b, k);
  sl_buf_z(w->b, w->pretty ? ": " : ":");
  w->after_key = true;
}

void sl_jw_str(struct sl_jw *w, struct sl_str s)
{
  before_value(w);
  sl_json_quote(w->b, s);
}

void sl_jw_i64(struct sl_jw *w, int64_t v)
{
  before_value(w);
  sl_buf_printf(w->b, "%lld", (long long)v);
}

void sl_jw_f64(struct sl_jw *w, double v)
{
  before_value(w);
  if (!isfinite(v))
    sl_buf_ch(w->b, '"');
  sl_fmt_f64(w->b, v);
  if (!isfinite(v))
    sl_buf_ch(w->b, '"');
}

void sl_jw_raw(struct sl_jw *w, struct sl_str json)
{
  before_value(w);
  sl_buf_str(w->b, json);
}

void sl_jw_bool(struct sl_jw *w, bool v) { sl_jw_raw(w, v ? SL_STR("true") : SL_STR("false")); }
void sl_jw_null(struct sl_jw *w) { sl_jw_raw(w, SL_STR("null")); }
