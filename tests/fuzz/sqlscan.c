/* sl_sql_next: tokens lie in the statement, in order, not empty, and end; what is taken off its end or front is part of it. And the first
 * line of a CSV file, from the same bytes. */
#include <stdlib.h>

#include "box/csv_line.h"
#include "box/sqlscan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool part_of(struct sl_str whole, struct sl_str s)
{
  return s.n <= whole.n && s.p >= whole.p && s.p + s.n <= whole.p + whole.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char nothing[] = "";
  struct sl_str all = sl_strn(size ? (const char *)data : nothing, size), rest = all;
  struct sl_sql_tok t;
  struct sl_buf b;
  char delim;
  const char *at = all.p;
  if (size > 1 << 16)
    return 0;
  sl_buf_init(&b, 0);
  while (sl_sql_next(&rest, &t)) {
    if (!t.s.n || t.s.p < at || !part_of(all, t.s))
      abort();
    at = t.s.p + t.s.n;
    sl_buf_clear(&b);
    if (sl_sql_unquote(&t, &b) && b.n + 2 > t.s.n)
      abort();
  }
  sl_buf_free(&b);
  if (!part_of(all, sql_without_end(all)) || !part_of(all, sql_explained(all)) || !part_of(all, sql_behind_parens(all)))
    abort();
  if (csv_columns(all, &delim) == 1)
    abort();
  sl_buf_init(&b, 0);
  if (csv_infinite(all, delim, &b, NULL))
    abort();
  sl_buf_free(&b);
  return 0;
}
