/* ui/textw_int.h: the text widget's state, shared by drawing, moving and searching. */
#ifndef SL_UI_TEXTW_INT_H
#define SL_UI_TEXTW_INT_H

#include "base/mem.h"
#include "ui/find_int.h"
#include "ui/widgets.h"

enum { SL_TEXTW_ANCHOR = 1 << 13, SL_TEXTW_SLICE_LINES = 20000, SL_TEXTW_SLICE_BYTES = 8 << 20 };

struct sl_textw {
  struct sl_view *v;
  struct sl_text_source src;
  uint64_t top;                /* line at the top */
  size_t top_at;               /* wrapping: byte of it where the first row begins */
  size_t left;                 /* not wrapping: cells scrolled off */
  int w, h;                    /* of the text, as last drawn */
  bool wrap, follow, numbers;
  struct sl_buf needle;
  bool searching, forward;
  uint64_t next, todo;         /* line to look at next; lines still to look at */
  bool matched; uint64_t match;
};

/* The source asked. line: borrowed until it is asked again; false: not loaded yet, or no such (then empty). */
uint64_t sl_textw_count(const struct sl_textw *t);
bool sl_textw_line(const struct sl_textw *t, uint64_t i, struct sl_str *s, enum sl_role *role);
/* As SL_TEXT_LINES (tabs to columns of the row), but a line end inside a line is drawn as ^J. */
bool sl_textw_cluster(struct sl_text_it *it, struct sl_cluster *c);
/* Wrapping: where the row that begins at `at` ends (= where the next begins); s.n at the last. */
size_t sl_textw_row_end(struct sl_str s, size_t at, int w);
size_t sl_textw_row_begin(struct sl_str s, size_t at, int w);   /* the row that holds the byte before `at` */
void sl_textw_up(struct sl_textw *t, uint64_t rows);
void sl_textw_down(struct sl_textw *t, uint64_t rows);
void sl_textw_bottom(struct sl_textw *t);                       /* so that the last row is the last line */
void sl_textw_search_begin(struct sl_textw *t, bool forward, uint64_t from);
void sl_textw_search_step(struct sl_textw *t);                  /* one slice */

#endif
