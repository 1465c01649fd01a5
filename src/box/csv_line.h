/* box/csv_line.h: what the first line of a CSV file says about the others. [any] */
#ifndef SL_BOX_CSV_LINE_H
#define SL_BOX_CSV_LINE_H

#include "base/str.h"

/* How many columns the first line has, and what stands between them: the most frequent of , ; TAB | outside quotes. 0: none of them,
 * or no line end within text. */
unsigned csv_columns(struct sl_str text, char *delim);

#endif
