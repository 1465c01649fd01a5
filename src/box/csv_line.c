/* box/csv_line.c: the first lines of a CSV file. */
#include "box/csv_line.h"

#include <math.h>

#include "base/fmt.h"
#include "base/mem.h"

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

/* ---- columns that begin with an infinity ---- */

struct column {
  struct sl_str name;
  bool seen, infinite, other; /* a cell; the first one is infinite; one that is no number */
};

/* The next cell, without its quotes; ended: the line is over with it. False: text ends before the cell does. */
static bool cell_next(struct sl_str *text, char delim, struct sl_str *cell, bool *ended)
{
  bool quoted = false;
  for (size_t i = 0; i < text->n; i++) {
    char c = text->p[i];
    quoted ^= c == '"';
    if (quoted || (c != delim && c != '\n'))
      continue;
    *cell = sl_str_trim(sl_str_head(*text, i));
    if (cell->n > 1 && cell->p[0] == '"' && cell->p[cell->n - 1] == '"')
      *cell = sl_strn(cell->p + 1, cell->n - 2);
    *ended = c == '\n';
    *text = sl_str_from(*text, i + 1);
    return true;
  }
  return false;
}

static void column_take(struct column *c, struct sl_str cell)
{
  double v;
  if (!cell.n)
    return;
  bool number = sl_str_f64(cell, &v);
  c->other |= !number;
  c->infinite |= !c->seen && number && isinf(v);
  c->seen = true;
}

/* A name that means this column and no other, whatever the engine takes for a quote and however it compares names. */
static bool plain_name(const struct column *c, size_t n, size_t at)
{
  struct sl_str name = c[at].name;
  for (size_t i = 0; i < name.n; i++)
    if (strchr("\"'\\", name.p[i]) || (unsigned char)name.p[i] < ' ')
      return false;
  for (size_t i = 0; i < n; i++)
    if (i != at && sl_str_ieq(c[i].name, name))
      return false;
  return name.n > 0;
}

static void put_infinite(const struct column *c, size_t n, struct sl_buf *out)
{
  for (size_t i = 0; i < n; i++)
    if (c[i].infinite && !c[i].other && plain_name(c, n, i)) {
      sl_buf_z(out, out->n ? ", " : "");
      sl_fmt_quote(out, c[i].name, '\'');
      sl_buf_z(out, ": 'DOUBLE'");
    }
}

int csv_infinite(struct sl_str text, char delim, struct sl_buf *out, struct sl_err *err)
{
  struct column *c = sl_calloc(COLUMNS_MAX, sizeof *c);
  struct sl_str cell;
  size_t n = 0, at = 0;
  bool ended = false, header = true;
  double v;
  if (!c)
    return sl_err_nomem(err);
  if (sl_str_starts(text, SL_STR("\xef\xbb\xbf")))
    text = sl_str_from(text, 3);
  while (!ended && n < COLUMNS_MAX && cell_next(&text, delim, &cell, &ended)) {
    header &= !sl_str_f64(cell, &v);
    c[n++].name = cell;
  }
  n = ended && header ? n : 0;
  for (; n && cell_next(&text, delim, &cell, &ended); at = ended ? 0 : at + 1)
    if (at < n)
      column_take(&c[at], cell);
  put_infinite(c, n, out);
  sl_free(c);
  return sl_buf_check(out, err);
}
