/* app/out.h: standard output, and rows in the four formats.
 *
 * Rows are written as they come: JSON, NDJSON and CSV keep nothing; a table keeps what it needs to know how wide its columns are. What
 * does not fit a terminal is counted and told on standard error, never dropped in silence. */
#ifndef SL_APP_OUT_H
#define SL_APP_OUT_H

#include "table/filter.h"

struct sl_out {
  int fd;
  bool tty;            /* outside bytes are made harmless there */
  bool gone;           /* nobody reads any more (EPIPE): leave quietly */
  int width;           /* of the terminal; 0: none */
  bool ascii;          /* no UTF-8 there */
  struct sl_buf b;
};
/* fd stays the caller's; close: the buffer only, nothing is sent. */
void sl_out_open(struct sl_out *o, int fd);
void sl_out_close(struct sl_out *o);
int sl_out_flush(struct sl_out *o, struct sl_err *err) SL_NODISCARD;   /* ECANCELED when gone, with no words; EIO */
int sl_out_spill(struct sl_out *o, struct sl_err *err) SL_NODISCARD;   /* flushes when there is much */

enum sl_format { SL_FMT_TABLE, SL_FMT_JSON, SL_FMT_NDJSON, SL_FMT_CSV };
enum sl_format sl_format_of(const char *word);   /* one of the words of -o; NULL: table */

struct sl_rows_opts {
  enum sl_format format;
  struct sl_want *want;      /* NULL: the defaults */
  const char *columns;       /* best first: what a table on a terminal shows; NULL: all */
  const char *conn;          /* of batches that no table has named */
  bool bare;                 /* neither connection nor ref: statements */
  bool vertical;             /* a table of one row: a line a column */
  struct sl_str document;    /* of the one row: JSON formats add it as "document" */
  struct sl_show show;
};
struct sl_rows;
/* s may be NULL when no source came so far as to say its columns: then the output is empty. */
int sl_rows_open(struct sl_rows **out, struct sl_out *o, const struct sl_rows_opts *how, struct sl_schema *s, struct sl_err *err)
  SL_NODISCARD;
/* A table or CSV of `metrics.*` must know the keys first: then every batch goes through scan before the first goes through put. */
bool sl_rows_wants_scan(const struct sl_rows *r);
int sl_rows_scan(struct sl_rows *r, const struct sl_batch *b, struct sl_err *err) SL_NODISCARD;
int sl_rows_put(struct sl_rows *r, const struct sl_batch *b, struct sl_err *err) SL_NODISCARD;
void sl_rows_conn(struct sl_rows *r, const char *conn);   /* borrowed: of the batches that come next and name none */
int sl_rows_flush(struct sl_rows *r, struct sl_err *err) SL_NODISCARD;  /* what is there so far becomes visible (--watch) */
int sl_rows_end(struct sl_rows *r, struct sl_err *err) SL_NODISCARD;    /* closes the array, sends everything */
/* What was left out, as lines for standard error; empty when nothing was. */
void sl_rows_notes(const struct sl_rows *r, struct sl_buf *b);
void sl_rows_free(struct sl_rows *r);

#endif
