/* model/res/tables.c: what can be asked by SQL on a connection. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "schema", .type = SL_TEXT, .help = "schema or zone" },
  { .name = "name", .type = SL_TEXT, .help = "name" },
  { .name = "kind", .type = SL_TEXT, .help = "table, view, file" },
  { .name = "rows", .type = SL_I64, .help = "rows, exact or as the server estimates", .unit = "rows", .flags = SL_COL_LIVE },
  { .name = "bytes", .type = SL_I64, .help = "size", .unit = "B", .flags = SL_COL_LIVE },
  { .name = "modified", .type = SL_TIME, .help = "last written" },
};

const struct sl_resource sl_res_tables = {
  .name = "tables",
  .help = "tables, views and readable files of a connection",
  .scope = "a schema's or zone's name; without one: all",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "schema,name",
  .columns = "schema,name,kind,rows,bytes,modified",
  .opens = "columns",
  .poll_ms = 60000,
  .cap_rows = 200000,
};
