/* box/scan.h: the columns of a query, streamed past a function by several threads; private to this folder. */
#ifndef SL_BOX_SCAN_H
#define SL_BOX_SCAN_H

#include "box/duck.h"
#include "compute/sketch.h"

enum { SCAN_CHUNK = 2048, SCAN_THREADS_MAX = 16 };

/* What a column of a query is, and how it is asked for. */
struct scan_column {
  char *name;                  /* owned */
  int type;                    /* enum duck_type_id, as the data has it */
  const char *cast;            /* to be read: a type that its values become; NULL: as it is */
  enum sl_sketch_class is;
  enum sl_sketch_kind kind;
};
const char *scan_type_name(int type);      /* "DOUBLE" */
struct scan_columns { struct scan_column *at; size_t n; };
void scan_columns_free(struct scan_columns *c);   /* what it holds, not c */
/* Of a query; whatever is no query is refused. EREADONLY */
int scan_columns(const struct duck *d, duck_conn conn, const char *sql, struct scan_columns *out, struct sl_err *err) SL_NODISCARD;

/* Values of one column: in the engine's own layout of its type (the cast's, if any). Never more than SCAN_CHUNK. */
struct scan_span { size_t column; int type; const void *data; const uint64_t *valid; size_t n; };
/* Columns are divided among threads: it comes for different ones at once, for one in the data's order. */
typedef int scan_fn(void *user, const struct scan_span *s, struct sl_err *err);
/* which: columns (of all), n of them. The data is read once by each thread, and only a Parquet file leaves out what is not wanted: anything
 * else gets one thread. */
int scan_run(struct sl_box_ctx *c, struct sl_str sql, const struct scan_columns *all, const size_t *which, size_t n, unsigned threads,
             scan_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;

/* Integers, booleans, dates, times (microseconds) as int64; any numbers as doubles. Points into out or the span itself. */
const int64_t *scan_whole(const struct scan_span *s, int64_t out[SCAN_CHUNK]);
const double *scan_f64(const struct scan_span *s, double out[SCAN_CHUNK]);
int scan_sketch(struct sl_sketch *to, const struct scan_span *s, struct sl_err *err) SL_NODISCARD;

#endif
