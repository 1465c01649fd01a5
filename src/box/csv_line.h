/* box/csv_line.h: what the first lines of a CSV file say about the others. [any] */
#ifndef SL_BOX_CSV_LINE_H
#define SL_BOX_CSV_LINE_H

#include "base/buf.h"

/* How many columns the first line has, and what stands between them: the most frequent of , ; TAB | outside quotes. 0: none of them,
 * or no line end within text. */
unsigned csv_columns(struct sl_str text, char *delim);

/* Columns that the engine would read as dates or as text, since it takes `inf` for a date: numbers, as far as text goes, of which the first
 * is infinite. Adds 'NAME': 'DOUBLE', with a comma between, to out; nothing where the first line is no header. ENOMEM. */
int csv_infinite(struct sl_str text, char delim, struct sl_buf *out, struct sl_err *err) SL_NODISCARD;

#endif
