/* box/csv_why.c: which row of a CSV file is broken.
 *
 * The engine guesses how a file is written by trying, and where no guess fits it says only that. A person wants the line: the file is read
 * once more as its first line says it should be, and that reading's error has the line. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "box/csv_line.h"
#include "box/duck.h"

enum { HEAD = 64 << 10 };

static bool sniffed_file(const char *said, struct sl_str *path)
{
  static const char mark[] = "Error when sniffing file \"";
  struct sl_str s = sl_str(said);
  ptrdiff_t at = sl_str_find(s, sl_str(mark));
  struct sl_str rest = at < 0 ? SL_STR_NONE : sl_str_from(s, (size_t)at + sizeof mark - 1);
  ptrdiff_t end = sl_str_chr(rest, '"');
  *path = end > 0 ? sl_str_head(rest, (size_t)end) : SL_STR_NONE;
  return end > 0;
}

static ssize_t read_head(struct sl_str path, char *b, size_t n)
{
  char *z = sl_strndup(path.p, path.n);
  int fd = z ? open(z, O_RDONLY | O_CLOEXEC) : -1;
  ssize_t got = fd >= 0 ? read(fd, b, n) : -1;
  if (fd >= 0)
    close(fd);
  sl_free(z);
  return got;
}

static void put_reading(struct sl_buf *b, struct sl_str path, char delim, unsigned columns)
{
  sl_buf_z(b, "SELECT count(*) FROM read_csv(");
  sl_fmt_quote(b, path, '\'');
  sl_buf_z(b, ", auto_detect = false, header = true, quote = '\"', escape = '\"', delim = ");
  sl_fmt_quote(b, sl_strn(&delim, 1), '\'');
  sl_buf_z(b, ", columns = {");
  for (unsigned i = 0; i < columns; i++)
    sl_buf_printf(b, "%s'c%u': 'VARCHAR'", i ? ", " : "", i);
  sl_buf_z(b, "})");
}

int duck_why_csv(const struct duck *d, duck_conn conn, int rc, struct sl_err *err)
{
  static char head[HEAD];
  struct sl_str path;
  struct sl_err better = { 0 };
  struct sl_buf b;
  char delim;
  if (rc != SL_EPARSE || !err || !sniffed_file(err->msg, &path))
    return rc;
  ssize_t n = read_head(path, head, sizeof head);
  unsigned columns = n > 0 ? csv_columns(sl_strn(head, (size_t)n), &delim) : 0;
  if (!columns)
    return rc;
  sl_buf_init(&b, 0);
  put_reading(&b, path, delim, columns);
  if (!sl_buf_check(&b, NULL) && duck_do(d, conn, b.p, &better) == SL_EPARSE && strstr(better.msg, " line "))
    *err = better;
  sl_buf_free(&b);
  return rc;
}
