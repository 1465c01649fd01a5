/* base/text.c: outside text as clusters that a terminal draws as one expects, and nothing else.
 *
 * What passes: ASCII from space to tilde, and characters of one or two cells that Unicode has assigned and that are visible by themselves,
 * with at most four marks on them. Everything else becomes visible ASCII. The policy is reliability.md 2.4; stricter than it where the
 * width would depend on the terminal: flags, skin tones, joined emoji and blanks other than U+0020 are escaped. Names and look-alikes:
 * text_name.c. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <utf8proc.h>

enum { TEXT_MARKS = 4, TEXT_TAB = 8, TEXT_CIRCLE = 0x25cc, TEXT_VS16 = 0xfe0f };

struct text_range { uint32_t first, last; };

/* Sorted. What is invisible, reorders, or is drawn differently by different terminals, whatever its category says. */
static const struct text_range hidden[] = {
  {0x00ad, 0x00ad},   /* soft hyphen */
  {0x034f, 0x034f},   /* combining grapheme joiner */
  {0x061c, 0x061c},   /* Arabic letter mark */
  {0x115f, 0x1160},   /* Hangul fillers */
  {0x17b4, 0x17b5},   /* Khmer inherent vowels, not drawn */
  {0x180b, 0x180f},   /* Mongolian variation selectors, vowel separator */
  {0x200b, 0x200f},   /* zero width, direction marks */
  {0x2028, 0x202e},   /* separators, embeddings, overrides */
  {0x2060, 0x206f},   /* joiners, invisible operators, isolates */
  {0x3164, 0x3164},   /* Hangul filler */
  {0xfdd0, 0xfdef},   /* noncharacters */
  {0xfe00, 0xfe0f},   /* variation selectors */
  {0xfeff, 0xfeff},   /* byte order mark */
  {0xffa0, 0xffa0},   /* half-width Hangul filler */
  {0xfff0, 0xfffb},   /* interlinear annotation */
  {0x1d173, 0x1d17a}, /* musical controls */
  {0x1f1e6, 0x1f1ff}, /* flags: one or two cells */
  {0x1f3fb, 0x1f3ff}, /* skin tones: two cells or none */
  {0xe0000, 0xe0fff}, /* tags, more variation selectors */
};

static bool text_hidden(uint32_t cp)
{
  size_t low = 0, high = sizeof hidden / sizeof hidden[0];
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (cp > hidden[mid].last)
      low = mid + 1;
    else if (cp < hidden[mid].first)
      high = mid;
    else
      return true;
  }
  return false;
}

/* Drawn as it is (alone or on a base)? */
static bool text_passes(uint32_t cp)
{
  if (cp < 0x7f)
    return cp >= 0x20;
  if (cp < 0xa1 || text_hidden(cp))
    return false;
  switch (utf8proc_category((utf8proc_int32_t)cp)) {
  case UTF8PROC_CATEGORY_CN: /* unassigned: nobody knows its width */
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
  case UTF8PROC_CATEGORY_ZS: /* looks like a space and is another name */
    return false;
  default:
    return true;
  }
}

SL_PRINTF(2, 3) static void text_escape(struct sl_cluster *out, const char *fmt, ...)
{
  *out = (struct sl_cluster){.escaped = true};
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(out->text, sizeof out->text, fmt, ap); /* at most ten characters: <U+10FFFF> */
  va_end(ap);
  out->n = out->width = (uint8_t)n;
}

static void text_put(struct sl_cluster *out, uint32_t cp)
{
  out->n = (uint8_t)(out->n + sl_utf8_put(cp, out->text + out->n));
}

static bool text_wide_emoji(uint32_t cp, int width)
{
  return width == 2 && utf8proc_get_property((utf8proc_int32_t)cp)->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

/* Appends what combines with the base just written, up to four marks; the fifth begins a cluster of its own, on a dotted circle. Returns
 * the bytes eaten. */
static size_t text_marks(struct sl_str s, struct sl_cluster *out, int marks, bool wide_emoji)
{
  size_t eaten = 0;
  uint32_t cp;
  int n;
  while (marks < TEXT_MARKS && (n = sl_utf8_next(sl_str_from(s, eaten), &cp)) > 0) {
    bool selector = cp == TEXT_VS16 && wide_emoji; /* changes nothing but asks for colour */
    if (!selector && !(sl_cp_combining(cp) && text_passes(cp)))
      break;
    text_put(out, cp);
    eaten += (size_t)n;
    wide_emoji = false;
    marks++;
  }
  return eaten;
}

static size_t text_char(struct sl_str s, uint32_t cp, size_t n, struct sl_cluster *out)
{
  int width = sl_cp_width(cp);
  if (width == 0) {
    *out = (struct sl_cluster){.width = 1, .escaped = true};
    text_put(out, TEXT_CIRCLE);
    text_put(out, cp);
    return n + text_marks(sl_str_from(s, n), out, 1, false);
  }
  *out = (struct sl_cluster){.width = (uint8_t)width};
  text_put(out, cp);
  return n + text_marks(sl_str_from(s, n), out, 0, text_wide_emoji(cp, width));
}

static void text_tab(struct sl_text_it *it, struct sl_cluster *out)
{
  size_t n = TEXT_TAB - it->column % TEXT_TAB;
  *out = (struct sl_cluster){.n = (uint8_t)n, .width = (uint8_t)n};
  memset(out->text, ' ', n);
}

/* How many bytes (up to `most`, within s) s begins with that are printable ASCII and have no mark behind them: most text. */
static size_t text_plain(struct sl_str s, size_t most)
{
  size_t n = 0;
  while (n < most && s.p[n] >= 0x20 && s.p[n] < 0x7f)
    n++;
  return n > 0 && n < s.n && (unsigned char)s.p[n] >= 0x80 ? n - 1 : n;
}

/* Fills out with what s begins with and returns how many bytes that was. */
static size_t text_cluster(struct sl_text_it *it, struct sl_cluster *out)
{
  if (text_plain(it->s, 1)) {
    out->text[0] = it->s.p[0];
    out->n = out->width = 1;
    out->escaped = false;
    return 1;
  }
  uint32_t cp;
  int n = sl_utf8_next(it->s, &cp);
  if (n < 0) {
    text_escape(out, "\\x%02X", (unsigned char)it->s.p[0]);
    return 1;
  }
  if (cp == '\t' && it->mode == SL_TEXT_LINES)
    text_tab(it, out);
  else if (cp < 0x20 || cp == 0x7f)
    text_escape(out, "^%c", (int)(cp ^ 0x40));
  else if (!text_passes(cp) || (it->mode == SL_TEXT_STRICT && cp > 0x7e))
    text_escape(out, "<U+%04X>", cp);
  else if (it->mode == SL_TEXT_STRICT) {
    *out = (struct sl_cluster){.n = 1, .width = 1};
    out->text[0] = (char)cp;
  } else
    return text_char(it->s, cp, (size_t)n, out);
  return (size_t)n;
}

struct sl_text_it sl_text_it(struct sl_str s, enum sl_text_mode mode)
{
  return (struct sl_text_it){.s = s, .mode = mode};
}

bool sl_text_next(struct sl_text_it *it, struct sl_cluster *out)
{
  if (it->s.n == 0)
    return false;
  if (it->mode == SL_TEXT_LINES && it->s.p[0] == '\n') {
    it->s = sl_str_from(it->s, 1);
    it->column = 0;
    return false;
  }
  it->s = sl_str_from(it->s, text_cluster(it, out));
  it->column += out->width;
  return true;
}

void sl_text_clean(struct sl_buf *b, struct sl_str s, enum sl_text_mode mode)
{
  struct sl_text_it it = sl_text_it(s, mode);
  struct sl_cluster c;
  while (it.s.n && !b->failed) {
    const char *before = it.s.p;
    size_t plain = text_plain(it.s, it.s.n);
    sl_buf_add(b, before, plain);
    it.s = sl_str_from(it.s, plain);
    it.column += plain;
    if (plain)
      continue;
    if (sl_text_next(&it, &c))
      sl_buf_add(b, c.text, c.n);
    else if (it.s.p != before)
      sl_buf_ch(b, '\n');
  }
}

size_t sl_text_width(struct sl_str s, enum sl_text_mode mode)
{
  struct sl_text_it it = sl_text_it(s, mode);
  struct sl_cluster c;
  size_t widest = 0;
  while (it.s.n) {
    size_t width = 0;
    while (sl_text_next(&it, &c))
      width += c.width;
    if (width > widest)
      widest = width;
  }
  return widest;
}

/* ---- fitting ---- */

/* Bytes of the longest beginning that takes at most `cells`, and what it takes. Looks no further than that. */
static size_t text_head(struct sl_str s, size_t cells, size_t *used)
{
  struct sl_text_it it = sl_text_it(s, SL_TEXT_CELL);
  struct sl_cluster c;
  *used = 0;
  for (;;) {
    size_t at = s.n - it.s.n;
    if (!sl_text_next(&it, &c) || *used + c.width > cells)
      return at;
    *used += c.width;
  }
}

/* Where the longest ending that takes at most `cells` begins. A cell never comes from more than 24 bytes, so a long line is not read from
 * its beginning. */
static size_t text_tail(struct sl_str s, size_t cells, size_t *used)
{
  enum { CLUSTER_MOST = 24 };
  size_t far = cells < s.n / CLUSTER_MOST ? (cells + 2) * CLUSTER_MOST : s.n;
  size_t start = far < s.n ? s.n - far : 0;
  while (start > 0 && start < s.n && ((unsigned char)s.p[start] & 0xc0) == 0x80)
    start++;
  struct sl_text_it it = sl_text_it(sl_str_from(s, start), SL_TEXT_CELL), from = it;
  struct sl_cluster c;
  size_t width = 0;
  while (sl_text_next(&it, &c)) {
    width += c.width;
    while (width > cells && sl_text_next(&from, &c))
      width -= c.width;
  }
  *used = width;
  return s.n - from.s.n;
}

static void text_dots(struct sl_buf *b, bool ascii, size_t width)
{
  if (ascii)
    sl_buf_fill(b, '.', width);
  else if (width)
    sl_buf_u8(b, 0x2026);
}

size_t sl_text_fit(struct sl_buf *b, struct sl_str s, size_t cells, enum sl_text_keep keep, bool ascii)
{
  size_t used, rest = 0;
  if (text_head(s, cells, &used) == s.n) {
    sl_text_clean(b, s, SL_TEXT_CELL);
    return used;
  }
  size_t dots = ascii ? 3 : 1;
  if (dots > cells)
    dots = cells;
  size_t left = cells - dots, tail = s.n;
  size_t want = keep == SL_KEEP_HEAD ? left : keep == SL_KEEP_TAIL ? 0 : (left + 1) / 2;
  size_t head = text_head(s, want, &used);
  if (keep != SL_KEEP_HEAD)
    tail = text_tail(s, left - used, &rest);
  sl_text_clean(b, sl_str_head(s, head), SL_TEXT_CELL);
  text_dots(b, ascii, dots);
  sl_text_clean(b, sl_str_from(s, tail), SL_TEXT_CELL);
  return used + dots + rest;
}
