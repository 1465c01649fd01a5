/* model/res/columns.c: the profile of a table, file or query, column by column. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT, .help = "name" },
  { .name = "type", .type = SL_TEXT, .help = "type, as the engine names it" },
  { .name = "nullable", .type = SL_BOOL, .help = "may hold nulls" },
  { .name = "nulls", .type = SL_I64, .help = "missing values", .unit = "rows" },
  { .name = "distinct", .type = SL_I64, .help = "different values (estimated where large)" },
  { .name = "min", .type = SL_TEXT, .help = "smallest value" },
  { .name = "max", .type = SL_TEXT, .help = "largest value" },
  { .name = "mean", .type = SL_F64, .help = "mean of numbers" },
};

const struct sl_resource sl_res_columns = {
  .name = "columns",
  .help = "columns of a table, file or query, with their profile",
  .scope = "[engine=local|pushdown] a table, an address of a file or zone, or a query; without one: those of all tables, without profile",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "name,type,nulls,distinct,min,max,mean,nullable",
  .poll_ms = 0,
  .cap_rows = 100000,
};
