/* base/text_name.c: outside names as file names, and names that look like others.
 *
 * The look-alikes are a small table of our own of what is really used to deceive: Cyrillic and Greek letters with Latin shapes, digits for
 * letters, rn for m. It is not Unicode's whole confusables list; compatibility forms (full width, mathematical letters) come from
 * utf8proc's decomposition. */
#include <utf8proc.h>

#include "base/hash.h"
#include "base/text.h"

enum { NAME_MAX_BYTES = 200, NAME_TAIL = 17 /* ~, 16 digits of the whole name's digest */ };

static void name_percent(struct sl_buf *b, struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++)
    sl_buf_printf(b, "%%%02X", (unsigned char)s.p[i]);
}

/* A reversible encoding, so that two names never become one file: what a shell, a terminal or a path would take for something else is
 * %HH, with the marks that stand on it. */
static void name_piece(struct sl_buf *b, struct sl_str piece, bool escaped, bool first)
{
  if (escaped || strchr("/\\%~", piece.p[0]) || (first && strchr(".-", piece.p[0])))
    name_percent(b, piece);
  else
    sl_buf_str(b, piece);
}

void sl_text_filename(struct sl_buf *b, struct sl_str s)
{
  struct sl_text_it it = sl_text_it(s, SL_TEXT_CELL);
  struct sl_cluster c;
  size_t start = b->n, last_fit = b->n;
  if (s.n == 0)
    sl_buf_z(b, "%"); /* no encoded name is this */
  while (it.s.n && b->n - start <= NAME_MAX_BYTES && !b->failed) {
    struct sl_str before = it.s;
    sl_text_next(&it, &c);
    if (b->n - start <= NAME_MAX_BYTES - NAME_TAIL)
      last_fit = b->n;
    name_piece(b, sl_str_head(before, before.n - it.s.n), c.escaped, b->n == start);
  }
  if (b->n - start <= NAME_MAX_BYTES)
    return;
  struct sl_sha256 d = sl_sha256(s);
  sl_buf_cut(b, last_fit);
  sl_buf_ch(b, '~');
  for (int i = 0; i < 8; i++)
    sl_buf_printf(b, "%02x", d.b[i]);
}

/* ---- look-alikes ---- */

static const struct { uint32_t cp; const char *looks; } alike[] = { /* sorted */
  {'0', "o"}, {'1', "l"}, {'I', "l"}, {'O', "o"}, {'|', "l"},
  {0x0131, "i"}, {0x0251, "a"}, {0x0261, "g"}, {0x0391, "A"}, {0x0392, "B"}, {0x0395, "E"}, {0x0396, "Z"}, {0x0397, "H"}, {0x0399, "l"},
  {0x039a, "K"}, {0x039c, "M"}, {0x039d, "N"}, {0x039f, "o"}, {0x03a1, "P"}, {0x03a4, "T"}, {0x03a5, "Y"}, {0x03a7, "X"}, {0x03b1, "a"},
  {0x03b9, "i"}, {0x03ba, "k"}, {0x03bd, "v"}, {0x03bf, "o"}, {0x03c1, "p"}, {0x03c5, "u"}, {0x03c7, "x"}, {0x03f2, "c"}, {0x03f3, "j"},
  {0x0405, "S"}, {0x0406, "l"}, {0x0408, "J"}, {0x0410, "A"}, {0x0412, "B"}, {0x0415, "E"}, {0x041a, "K"}, {0x041c, "M"}, {0x041d, "H"},
  {0x041e, "o"}, {0x0420, "P"}, {0x0421, "C"}, {0x0422, "T"}, {0x0423, "Y"}, {0x0425, "X"}, {0x0430, "a"}, {0x0435, "e"}, {0x043a, "k"},
  {0x043e, "o"}, {0x0440, "p"}, {0x0441, "c"}, {0x0443, "y"}, {0x0445, "x"}, {0x0455, "s"}, {0x0456, "i"}, {0x0458, "j"}, {0x04bb, "h"},
  {0x04cf, "l"}, {0x0501, "d"}, {0x051b, "q"}, {0x051d, "w"}, {0x0570, "h"}, {0x0578, "n"}, {0x057d, "u"}, {0x0585, "o"}, {0x2010, "-"},
  {0x2011, "-"}, {0x2012, "-"}, {0x2013, "-"}, {0x2212, "-"}, {0x2215, "/"}, {0x2044, "/"}, {0x2223, "l"},
};

static const char *name_alike(uint32_t cp)
{
  for (size_t i = 0; i < sizeof alike / sizeof alike[0]; i++)
    if (alike[i].cp == cp)
      return alike[i].looks;
  return NULL;
}

enum {
  SCRIPT_NONE = 0,
  SCRIPT_LATIN = 1,
  SCRIPT_GREEK = 2,
  SCRIPT_CYRILLIC = 4,
  SCRIPT_ARMENIAN = 8,
  SCRIPT_CHEROKEE = 16,
  SCRIPT_OTHER = 32
};

static const struct { uint32_t first, last; unsigned script; } scripts[] = {
  {'A', 'Z', SCRIPT_LATIN}, {'a', 'z', SCRIPT_LATIN}, {0x00c0, 0x02af, SCRIPT_LATIN}, {0x0370, 0x03ff, SCRIPT_GREEK},
  {0x0400, 0x052f, SCRIPT_CYRILLIC}, {0x0530, 0x058f, SCRIPT_ARMENIAN}, {0x13a0, 0x13ff, SCRIPT_CHEROKEE},
  {0x1c80, 0x1c8f, SCRIPT_CYRILLIC},
  {0x1e00, 0x1eff, SCRIPT_LATIN}, {0x1f00, 0x1fff, SCRIPT_GREEK}, {0x2c60, 0x2c7f, SCRIPT_LATIN}, {0x2de0, 0x2dff, SCRIPT_CYRILLIC},
  {0xa640, 0xa69f, SCRIPT_CYRILLIC}, {0xa720, 0xa7ff, SCRIPT_LATIN}, {0xab70, 0xabbf, SCRIPT_CHEROKEE},
};

static unsigned name_script(uint32_t cp)
{
  for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
    if (cp >= scripts[i].first && cp <= scripts[i].last)
      return scripts[i].script;
  return cp < 0x80 ? SCRIPT_NONE : SCRIPT_OTHER;
}

/* The ASCII of its compatibility forms (full width, mathematical and circled letters, superscripts), or 0; an accent is no such form. */
static char name_folded(uint32_t cp)
{
  utf8proc_int32_t out[32];
  if (cp < 0x80 || !utf8proc_get_property((utf8proc_int32_t)cp)->decomp_type)
    return 0;
  utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)cp, out, 32, UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE, NULL);
  return n >= 1 && out[0] > 0x20 && out[0] < 0x7f ? (char)out[0] : 0;
}

bool sl_text_suspicious(struct sl_str s)
{
  struct sl_text_it it = sl_text_it(s, SL_TEXT_CELL);
  struct sl_cluster c;
  unsigned seen = 0;
  bool only_alikes = true;
  if (s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' '))
    return true;
  while (sl_text_next(&it, &c)) {
    uint32_t cp = 0;
    if (c.escaped || sl_utf8_next(sl_strn(c.text, c.n), &cp) <= 0 || name_folded(cp))
      return true;
    unsigned script = name_script(cp);
    seen |= script;
    if (script > SCRIPT_LATIN && !name_alike(cp))
      only_alikes = false;
  }
  unsigned foreign = seen & ~(unsigned)(SCRIPT_LATIN | SCRIPT_OTHER);
  bool mixed = (seen & SCRIPT_LATIN && foreign) || (foreign & (foreign - 1));
  return mixed || (seen & ~(unsigned)SCRIPT_LATIN && only_alikes);
}

/* What the eye keeps of a name: look-alikes by what they look like, invisible characters gone. */
static void name_skeleton(struct sl_buf *b, struct sl_str s)
{
  while (s.n && !b->failed) {
    uint32_t cp;
    int n = sl_utf8_next(s, &cp);
    struct sl_str one = sl_str_head(s, n > 0 ? (size_t)n : 1);
    s = sl_str_from(s, one.n);
    char folded = n > 0 ? name_folded(cp) : 0;
    if (folded)
      cp = (unsigned char)folded;
    const char *looks = n > 0 ? name_alike(cp) : NULL;
    if (looks)
      sl_buf_z(b, looks);
    else if (folded)
      sl_buf_ch(b, folded);
    else if (n <= 0 || (sl_cp_width(cp) > 0 && utf8proc_category((utf8proc_int32_t)cp) != UTF8PROC_CATEGORY_CF && cp != ' '))
      sl_buf_str(b, one);
  }
}

/* rn looks like m, vv like w, cl like d: in place. */
static size_t name_pairs(char *p, size_t n)
{
  static const char pairs[][3] = {{'r', 'n', 'm'}, {'v', 'v', 'w'}, {'c', 'l', 'd'}};
  size_t to = 0;
  for (size_t i = 0; i < n; i++) {
    char c = p[i];
    for (size_t k = 0; k < 3 && i + 1 < n; k++)
      if (c == pairs[k][0] && p[i + 1] == pairs[k][1]) {
        c = pairs[k][2];
        i++;
        break;
      }
    p[to++] = c;
  }
  return to;
}

bool sl_text_alike(struct sl_str a, struct sl_str b)
{
  enum { NAME_CAP = 64 << 10 };
  if (sl_str_eq(a, b))
    return false;
  struct sl_buf x, y;
  sl_buf_init(&x, NAME_CAP);
  sl_buf_init(&y, NAME_CAP);
  name_skeleton(&x, a);
  name_skeleton(&y, b);
  bool same = x.failed || y.failed; /* cannot tell: warn */
  if (!same) {
    size_t n = x.p ? name_pairs(x.p, x.n) : 0, m = y.p ? name_pairs(y.p, y.n) : 0;
    same = sl_str_eq(sl_strn(x.p, n), sl_strn(y.p, m));
  }
  sl_buf_free(&x);
  sl_buf_free(&y);
  return same;
}
