/* box/csv_line.c: the first line of a CSV file. */
#include "box/csv_line.h"

enum { COLUMNS_MAX = 4000 };

unsigned csv_columns(struct sl_str text, char *delim)
{
  static const char marks[] = ",;\t|";
  unsigned count[sizeof marks] = { 0 }, best = 0;
  bool quoted = false, ended = false;
  for (size_t i = 0; i < text.n && !ended; i++) {
    quoted ^= text.p[i] == '"';
    const char *m = quoted || !text.p[i] ? NULL : strchr(marks, text.p[i]);
    if (m)
      count[m - marks]++;
    ended = !quoted && text.p[i] == '\n';
  }
  for (unsigned i = 1; marks[i]; i++)
    if (count[i] > count[best])
      best = i;
  *delim = marks[best];
  return ended && count[best] && count[best] < COLUMNS_MAX ? count[best] + 1 : 0;
}
