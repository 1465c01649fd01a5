/* ui/widgets.h: what views are made of: the table over a query, documents as a tree, text with search, charts. */
#ifndef SL_UI_WIDGETS_H
#define SL_UI_WIDGETS_H

#include "ui/view.h"

/* ---- table: any query; columns from the schema, widths from what is visible, cursor and marks by hash of ref ---- */
struct sl_tablew;
struct sl_tablew_opts {
  const char *columns;                       /* default columns, best first; NULL: the resource's, else all */
  const char *empty;                         /* what emptiness means */
  void (*enter)(struct sl_view *v, const struct sl_subject *s);   /* Enter; NULL: the row's own view, else describe */
  void (*moved)(struct sl_view *v);          /* the cursor is on another row */
  bool compact;                              /* no column heads */
  const char *flex;                          /* the column that gives way, so that the other default ones fit; NULL: none */
  const char *lead;                          /* a state column that is not shown itself: its glyph and colour go before the first column */
};
/* Yours, in a view's state; v must outlive it. q is counted, o copied (its texts not); o NULL: the defaults. ask: another question in the
 * same place; on failure the old one stays. */
int sl_tablew_open(struct sl_tablew **out, struct sl_view *v, struct sl_query *q, const struct sl_tablew_opts *o,
                   struct sl_err *err) SL_NODISCARD;
void sl_tablew_close(struct sl_tablew *t);
int sl_tablew_ask(struct sl_tablew *t, struct sl_query *q, struct sl_err *err) SL_NODISCARD;
/* Also loading, empty, failed. focused: the row under the cursor is shown as such. */
void sl_tablew_draw(struct sl_tablew *t, struct sl_grid *g, struct sl_rect r, bool focused);
/* movement, mark, sort, filter, columns, find, export, refresh */
enum sl_handled sl_tablew_command(struct sl_tablew *t, const char *command);
bool sl_tablew_subject(struct sl_tablew *t, struct sl_subject *out);
struct sl_pane *sl_tablew_pane(struct sl_tablew *t);
void sl_tablew_count(struct sl_tablew *t, struct sl_buf *b);
void sl_tablew_cmdline(struct sl_tablew *t, struct sl_buf *b);
const struct sl_query *sl_tablew_query(const struct sl_tablew *t);       /* as it is asked now */
/* What stands behind the name of what is shown: " by params.depth", or the filter of the group whose rows these are. */
void sl_tablew_crumb(const struct sl_tablew *t, struct sl_buf *b);
struct sl_str sl_tablew_columns(const struct sl_tablew *t);              /* chosen by hand, comma separated; empty: the defaults */
void sl_tablew_choose(struct sl_tablew *t, struct sl_str columns);
size_t sl_tablew_marked(struct sl_tablew *t);
struct sl_str sl_tablew_mark(const struct sl_tablew *t, size_t i);        /* ref of the i-th marked row, in the order of marking */
void sl_tablew_unmark(struct sl_tablew *t, struct sl_str ref);
extern const struct sl_bind sl_tablew_binds[]; extern const size_t sl_tablew_nbinds;

/* ---- documents (describe): JSON as an indented tree that folds ---- */
/* Of a large document the first 200,000 values are kept, and the last line says so. */
struct sl_treew;
int sl_treew_open(struct sl_treew **out, struct sl_view *v, struct sl_err *err) SL_NODISCARD;
void sl_treew_close(struct sl_treew *t);
/* Copies what it needs; the cursor stays on the same path where that is still there. On failure the old document stays. */
int sl_treew_json(struct sl_treew *t, struct sl_str json, struct sl_err *err) SL_NODISCARD;
void sl_treew_draw(struct sl_treew *t, struct sl_grid *g, struct sl_rect r);
/* movement, enter (fold, or show a long text whole), left, right, find, find-next, find-prev, copy, back (ends a search) */
enum sl_handled sl_treew_command(struct sl_treew *t, const char *command);
void sl_treew_find(struct sl_treew *t, struct sl_str text);              /* as if typed after `find` */
size_t sl_treew_lines(const struct sl_treew *t);                         /* values that can be seen now */
bool sl_treew_at(const struct sl_treew *t, struct sl_buf *path, struct sl_str *value); /* the cursor: path appended, value borrowed */

/* ---- text: lines with wrap, search, line numbers; the source hands out lines by number, so a gigabyte is fine ---- */
struct sl_textw;
struct sl_text_source {
  void *ctx;
  uint64_t (*count)(void *ctx);                                        /* lines known so far */
  bool (*line)(void *ctx, uint64_t i, struct sl_str *out, enum sl_role *role);   /* false: not loaded yet */
};
/* Yours, in a view's state; v and src->ctx must outlive it (close: NULL is fine). */
int sl_textw_open(struct sl_textw **out, struct sl_view *v, const struct sl_text_source *src, struct sl_err *err) SL_NODISCARD;
void sl_textw_close(struct sl_textw *t);
void sl_textw_draw(struct sl_textw *t, struct sl_grid *g, struct sl_rect r);
/* movement, find, find-next, find-prev, goto-line, wrap, line-numbers, copy */
enum sl_handled sl_textw_command(struct sl_textw *t, const char *command);
void sl_textw_find(struct sl_textw *t, struct sl_str text, bool forward);   /* as if typed after `find`; runs in slices, one a paint */
bool sl_textw_searching(const struct sl_textw *t);                          /* not at its end yet */
bool sl_textw_match(const struct sl_textw *t, uint64_t *line);           /* the line that the last search ended on */
void sl_textw_wrap(struct sl_textw *t, bool wrap);                       /* long lines over several rows */
void sl_textw_follow(struct sl_textw *t, bool follow);                   /* at the end, and stay there */
bool sl_textw_following(const struct sl_textw *t);                       /* the last line stays in sight */
extern const struct sl_bind sl_textw_binds[]; extern const size_t sl_textw_nbinds;   /* wrap, line-numbers, goto-line: for the view's own */
void sl_textw_goto(struct sl_textw *t, uint64_t line);                 /* UINT64_MAX: the end, and follow */
void sl_textw_changed(struct sl_textw *t);                              /* lines were added: follows when at the end */
uint64_t sl_textw_top(const struct sl_textw *t);                        /* the first line on the screen, from 0 */

/* ---- charts: pure drawing; NaN are gaps ---- */
/* one line from 0 to its max; more values than cells: the greatest of each cell. NaN is a blank, anything above 0 is seen */
void sl_chart_spark(struct sl_grid *g, int x, int y, int w, enum sl_role role, const double *v, size_t n);
void sl_chart_bar(struct sl_grid *g, int x, int y, int w, enum sl_role role, double share);                   /* 0..1 */
void sl_chart_hist(struct sl_grid *g, struct sl_rect r, enum sl_role role, const double *v, size_t n);        /* columns, eighths */
struct sl_series_line { const double *x, *y; size_t n; enum sl_role role; const char *name; };
struct sl_chart_opts {
  const char *xlabel, *ylabel;
  bool logx, logy;                           /* values <= 0 are gaps there */
  bool points;                               /* scatter: a marker each, no lines */
  double xmin, xmax, ymin, ymax;             /* min < max: fixed; else (zeroes, NaN) from the data */
  const struct sl_show *xtime;               /* x is ms since 1970 UTC, labelled on this clock; NULL: a number */
};
/* Series are told apart by role and by dash (braille, blocks) or marker (ASCII, points); the first is drawn on top. Any number of points:
 * each column of dots shows the least and the greatest. Two or more named series get a legend above. */
void sl_chart_lines(struct sl_grid *g, struct sl_rect r, const struct sl_series_line *s, size_t n, const struct sl_chart_opts *o);

#endif
