/* box/duck_error.c: the engine's errors run over many lines, with hints for its own shell; a person gets one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "box/duck.h"

enum { LINE_CAP = 8, LONG = 1000 };       /* a longer line is the data's, quoted */

struct told { struct sl_str line[LINE_CAP]; size_t n; struct sl_str file, at, caret, csv_line; };

static struct sl_str after(struct sl_str s, const char *prefix)
{
  struct sl_str p = sl_str(prefix);
  return sl_str_starts(s, p) ? sl_str_trim(sl_str_from(s, p.n)) : SL_STR_NONE;
}

/* "... CSV Error on Line: 3": the number, and the line no longer counts as words. */
static bool csv_place(struct told *t, struct sl_str line)
{
  static const char mark[] = "CSV Error on Line: ";
  ptrdiff_t i = sl_str_find(line, sl_str(mark));
  if (i < 0)
    return false;
  t->csv_line = sl_str_trim(sl_str_from(line, (size_t)i + sizeof mark - 1));
  return true;
}

/* The first paragraph is what is wrong, the second is advice for another program; places may stand anywhere. */
static struct told listen(struct sl_str text)
{
  struct told t = { .n = 0 };
  struct sl_str line;
  bool words = true, caret = false;
  while (sl_str_cut(&text, '\n', &line)) {
    struct sl_str s = sl_str_trim(line), file = after(s, "file = ");
    if (caret)
      t.caret = line;
    caret = false;
    if (file.p) {
      t.file = file;
    } else if (sl_str_starts(line, SL_STR("LINE "))) {
      t.at = line;
      caret = true;
      words = false;
    } else if (!s.n) {
      words = words && !t.n;
    } else if (sl_str_starts(s, SL_STR("Possible ")) || sl_str_starts(s, SL_STR("* "))) {
      words = false; /* advice for its own shell */
    } else if (words && !csv_place(&t, s) && !after(s, "Original Line:").p && s.n < LONG && t.n < LINE_CAP) {
      t.line[t.n++] = s;
    }
  }
  return t;
}

/* "LINE 2: select x" and "           ^" beneath: line 2, column 4. A line that the engine cut has no column. */
static void put_place(struct sl_buf *b, const struct told *t)
{
  struct sl_str rest = sl_str_from(t->at, 5), number;
  if (!t->at.p || !sl_str_cut(&rest, ':', &number))
    return;
  ptrdiff_t caret = sl_str_chr(t->caret, '^');
  ptrdiff_t shift = rest.p - t->at.p + 1;
  sl_buf_printf(b, " (line %.*s", SL_ARG(number));
  if (caret >= shift && !sl_str_starts(sl_str_trim(rest), SL_STR("...")))
    sl_buf_printf(b, ", column %td", caret - shift + 1);
  sl_buf_ch(b, ')');
}

static int code_of(struct sl_str first)
{
  if (sl_str_find(first, SL_STR("Out of Memory")) >= 0 || sl_str_find(first, SL_STR("bad_alloc")) >= 0 ||
      sl_str_find(first, SL_STR("No space left")) >= 0 || sl_str_find(first, SL_STR("File too large")) >= 0 ||
      sl_str_find(first, SL_STR("max_temp_directory_size")) >= 0)
    return SL_ELIMIT;
  if (sl_str_starts(first, SL_STR("Permission Error")) || sl_str_find(first, SL_STR("Permission denied")) >= 0)
    return SL_EDENIED;
  return SL_EPARSE;
}

/* The engine's words for a file that is no Parquet, or only a part of one; some name no file and read like a bug of its own. */
static bool damaged(struct sl_str text)
{
  static const char *const words[] = { "No magic bytes found", "Footer length error", "too small to be a Parquet file",
                                       "TProtocolException", "ecompression failure", "decompress" };
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (sl_str_find(text, sl_str(words[i])) >= 0)
      return true;
  return sl_str_starts(text, SL_STR("Invalid Error:")); /* what its reader of footers throws has no class of its own */
}

/* A path is a table to the engine where it does not know the name's ending. */
static bool no_data(struct sl_str text, struct sl_str *path)
{
  static const char mark[] = "Catalog Error: Table with name ";
  struct sl_str rest = after(text, mark);
  ptrdiff_t end = rest.p && sl_str_starts(rest, SL_STR("/")) ? sl_str_find(rest, SL_STR(" does not exist!")) : -1;
  *path = end > 0 ? sl_str_head(rest, (size_t)end) : SL_STR_NONE;
  return end > 0;
}

/* A file, or what has wildcards, that is not there. */
static bool no_file(struct sl_str text, struct sl_str *path)
{
  static const char mark[] = "No files found that match the pattern \"";
  ptrdiff_t at = sl_str_find(text, sl_str(mark));
  struct sl_str rest = at >= 0 ? sl_str_from(text, (size_t)at + sizeof mark - 1) : SL_STR_NONE, line = SL_STR_NONE;
  sl_str_cut(&rest, '\n', &line);
  while (line.n && line.p[line.n - 1] != '"') /* the last one: a name may hold some */
    line.n--;
  *path = line.n > 1 ? sl_str_head(line, line.n - 1) : SL_STR_NONE;
  return line.n > 1;
}

/* What the engine calls a table or a pattern, in words of files. OK: it is neither. */
static int say_file(struct sl_err *err, struct sl_str text)
{
  struct sl_str path;
  if (no_file(text, &path))
    return sl_err_set(err, SL_ENOENT, "%.*s: %s", SL_ARG(path), memchr(path.p, '*', path.n) ? "no file has such a name" : "no such file");
  if (!no_data(text, &path))
    return SL_OK;
  char name[4096];
  int n = snprintf(name, sizeof name, "%.*s", SL_ARG(path));
  if (n > 0 && (size_t)n < sizeof name && access(name, F_OK) && errno == ENOENT)
    return sl_err_set(err, SL_ENOENT, "%.*s: no such file or folder", SL_ARG(path));
  return sl_err_set(err, SL_EUNSUP, "%.*s: no data by its name: that ends in .parquet, .csv, .tsv, .json or .ndjson", SL_ARG(path));
}

static const char *advice(int code)
{
  switch (code) {
  case SL_ELIMIT: return "; the box is limited by box.memory and box.tmp in config.yaml";
  case SL_EDENIED: return "; only files below the workspace's zones and those named in the statement are open to it";
  default: return "";
  }
}

/* A file that the box may not make any larger, or the disk cannot hold. */
static const char *no_room(const char *text)
{
  if (strstr(text, "File too large"))
    return "the result is larger than a file of the box may be: set box.tmp in config.yaml (box: tmp: 20GB)";
  if (strstr(text, "ould not write") && strstr(text, "No space left"))
    return "the disk is full: the result lies in the state folder's box/ until it is whole (XDG_STATE_HOME says where that is)";
  return NULL;
}

int duck_error(struct sl_err *err, const char *text)
{
  if (text && no_room(text))
    return sl_err_set(err, SL_ELIMIT, "%s", no_room(text));
  struct told t = listen(sl_str(text && *text ? text : "the SQL engine failed and does not say why"));
  struct sl_buf b;
  int file = say_file(err, sl_str(text ? text : ""));
  if (file)
    return file;
  sl_buf_init(&b, 0);
  int code = code_of(sl_str(text ? text : ""));
  if (t.csv_line.p)
    sl_buf_printf(&b, "%.*s line %.*s: ", SL_ARG(t.file), SL_ARG(t.csv_line));
  for (size_t i = 0; i < t.n; i++) {
    sl_buf_z(&b, i ? "; " : "");
    sl_buf_str(&b, t.line[i]);
  }
  if (code == SL_ELIMIT && b.n > 120) { /* the rest is about settings that cannot be changed here */
    struct sl_str head = sl_str_head(sl_buf_view(&b), 120);
    ptrdiff_t space = sl_str_rchr(head, ' ');
    sl_buf_cut(&b, space > 0 ? (size_t)space : 120);
  }
  put_place(&b, &t);
  if (damaged(sl_str(text ? text : "")))
    sl_buf_z(&b, "; " SL_BOX_DAMAGED ": get it again from where it came");
  else if (text && strstr(text, "in value construction"))
    sl_buf_z(&b, "; a file's name is not UTF-8, and the engine takes no other: copy it to another name (sluice cp)");
  else
    sl_buf_z(&b, advice(code));
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = sl_err_set(err, code, "%s", b.p);
  sl_buf_free(&b);
  return rc;
}
