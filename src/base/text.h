/* base/text.h: the one sanitiser. Every byte from outside that goes to the screen, to a file name that we make, to a log of ours or to
 * stdout on a terminal goes through here (reliability.md section 2.4).
 *
 * It yields clusters: one printable base character with up to four combining marks, and how wide it is. What must not reach a terminal
 * is replaced by visible ASCII in a role of its own: bad bytes `\xHH`, C0 as caret notation, C1, bidi controls, zero-width, tags, private
 * use, unassigned, blanks other than the space, flags and skin tones (their width differs between terminals) as `<U+202E>`. */
#ifndef SL_BASE_TEXT_H
#define SL_BASE_TEXT_H

#include "base/buf.h"
#include "base/utf8.h"

enum sl_text_mode {
  SL_TEXT_CELL,    /* one line: LF, CR, HT, VT, FF are drawn as ^J ^M ^I ^K ^L */
  SL_TEXT_LINES,   /* many lines: LF ends one, HT goes to the next multiple of eight; the rest as above */
  SL_TEXT_STRICT   /* confirmations: everything but printable ASCII is escaped, so that look-alikes cannot hide */
};

struct sl_cluster {
  char text[40];      /* UTF-8, never a control, never NUL-ended early; n bytes */
  uint8_t n, width;   /* width 1-2 for a character; an escape such as <U+202E> and a tab (1-8 spaces) are as wide as they are long */
  bool escaped;       /* a replacement, or marks without a base (on U+25CC): drawn in the role `escape` */
};

struct sl_text_it { struct sl_str s; enum sl_text_mode mode; size_t column; };
/* Begins; borrows s. */
struct sl_text_it sl_text_it(struct sl_str s, enum sl_text_mode mode);
bool sl_text_next(struct sl_text_it *it, struct sl_cluster *out);   /* false at the end (or at LF in LINES, which is eaten) */

/* The whole of s, made harmless, appended to b; in LINES the LFs stay. */
void sl_text_clean(struct sl_buf *b, struct sl_str s, enum sl_text_mode mode);
size_t sl_text_width(struct sl_str s, enum sl_text_mode mode);      /* in cells, after cleaning; LINES: the widest line */
/* Cleaned as a CELL and cut to `cells`: HEAD keeps the beginning ("name…"), ENDS both ("1f0c…9e"), TAIL the end. ascii: "..." instead
 * of the ellipsis. Never cuts inside a cluster. Costs as much as what it keeps, however long s is. */
enum sl_text_keep { SL_KEEP_HEAD, SL_KEEP_ENDS, SL_KEEP_TAIL };
size_t sl_text_fit(struct sl_buf *b, struct sl_str s, size_t cells, enum sl_text_keep keep, bool ascii); /* cells used */

/* A name from outside as a file name that stays inside its folder: no slash, backslash, control, escaped character, tilde, leading dot or
 * dash: they are %HH, as is %, so that two names never become one file. At most 200 bytes: a longer one ends in ~ and digits of its
 * digest. An empty name is "%". */
void sl_text_filename(struct sl_buf *b, struct sl_str s);

/* True where a name may be read as another: mixed Latin, Greek and Cyrillic, letters that all look Latin, invisible or escaped characters,
 * full width and mathematical letters, blanks at the ends. Shown as a warning when approving. */
bool sl_text_suspicious(struct sl_str s);
/* True where two names differ but look alike (prod and prоd, l and 1, rn and m): asked against the other names in the list. */
bool sl_text_alike(struct sl_str a, struct sl_str b);

#endif
