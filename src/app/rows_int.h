/* app/rows_int.h: what the formats share. Nobody outside rows*.c includes it. */
#ifndef SL_APP_ROWS_INT_H
#define SL_APP_ROWS_INT_H

#include "app/out.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"

enum { ROWS_CONN = -1, ROWS_REF = -2 };
struct rows_col {
  int col;                   /* of the schema; ROWS_CONN, ROWS_REF */
  const struct sl_col *c;    /* NULL: connection, ref */
  char *name;                /* as printed: "metrics.auc" */
  char *key;                 /* of a family; NULL: plain, or all keys */
  bool all;                  /* a family with all keys of the row */
};
struct rows_table;
struct sl_rows {
  struct sl_out *o;
  struct sl_rows_opts how;
  struct sl_schema *s;
  struct rows_col *col;
  size_t ncol, cap_col;
  struct sl_map *seen;       /* beside col: keys of a family that must be known first; NULL: none */
  bool expanded, began;
  uint64_t rows;
  struct rows_table *table;
};

/* The cell, or null. scratch: for refs, at least until the next call. */
struct sl_val rows_cell(const struct sl_rows *r, const struct rows_col *c, const struct sl_batch *b, uint32_t row, struct sl_buf *scratch);

/* A table of texts: holds rows until their widths are known (a screenful, or flush), then writes as they come. notes: columns without
 * room. */
int rows_table_open(struct sl_rows *r, struct sl_err *err) SL_NODISCARD;
int rows_table_put(struct sl_rows *r, const struct sl_batch *b, uint32_t row, struct sl_err *err) SL_NODISCARD;
int rows_table_flush(struct sl_rows *r, struct sl_err *err) SL_NODISCARD;
void rows_table_notes(const struct sl_rows *r, struct sl_buf *b);
void rows_table_free(struct sl_rows *r);

#endif
