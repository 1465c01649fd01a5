/* backends/local/logscan.c: logs, a chunk at a time: files in the order they were written, lines that the filter keeps.
 *
 * Rotation: the file being read is known by its number, not its name. At its end the next newer one is looked for by that number, so that
 * renaming under the reader loses nothing. Memory: one chunk and one batch, however long the log. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend_local/log_int.h"
#include "base/file.h"
#include "base/fmt.h"

enum { RECENT = 10, TIME_LEN = 24 };

/* ---- lines ---- */

static bool is_word(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* error, warning, info, debug: among the first words, as most programs write it; otherwise it is not known. */
static struct sl_str guess_level(struct sl_str s)
{
  static const struct { const char *word, *level; } known[] = {
    { "error", "error" }, { "err", "error" }, { "fatal", "error" }, { "critical", "error" }, { "panic", "error" }, { "warning", "warning" },
    { "warn", "warning" }, { "info", "info" }, { "notice", "info" }, { "debug", "debug" }, { "trace", "debug" },
  };
  size_t i = 0;
  for (int words = 0; words < 6 && i < s.n && i < 100; words++) {
    while (i < s.n && !is_word(s.p[i]))
      i++;
    size_t from = i;
    while (i < s.n && is_word(s.p[i]))
      i++;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
      if (sl_str_ieq(sl_strn(s.p + from, i - from), sl_str(known[k].word)))
        return sl_str(known[k].level);
  }
  return SL_STR_NONE;
}

/* A date and a time at the line's beginning, in brackets or not. */
static bool guess_time(struct sl_str s, sl_ms now, sl_ms *out)
{
  char text[40];
  size_t n = 0;
  if (s.n && s.p[0] == '[')
    s = sl_str_from(s, 1);
  if (s.n < 10 || s.p[0] < '0' || s.p[0] > '9' || s.p[4] != '-' || s.p[7] != '-')
    return false;
  while (n < s.n && n < sizeof text && s.p[n] != ']' && s.p[n] != '\t' && (s.p[n] != ' ' || n == 10)) {
    text[n] = s.p[n] == ',' ? '.' : s.p[n];
    n++;
  }
  return sl_time_parse(sl_strn(text, n), now, NULL, out) || (n > 10 && sl_time_parse(sl_strn(text, 10), now, NULL, out));
}

/* "2026-11-21T06:00:00.311Z error validate text" */
static bool parse_exec(struct local_line *l, struct sl_str line)
{
  struct sl_str rest = line, time;
  if (!sl_str_cut(&rest, ' ', &time) || time.n != TIME_LEN || !sl_time_parse(time, 0, NULL, &l->time))
    return false;
  if (!sl_str_cut(&rest, ' ', &l->level) || !sl_str_cut(&rest, ' ', &l->step))
    return false;
  l->text = rest.p ? rest : SL_STR("");
  return true;
}

void local_line_parse(struct local_line *l, bool exec, struct sl_str line, sl_ms now)
{
  if (line.n && line.p[line.n - 1] == '\r')
    line.n--;
  *l = (struct local_line){ .time = INT64_MIN, .text = line, .off = l->off };
  if (exec && parse_exec(l, line))
    return;
  l->text = line.p ? line : SL_STR("");
  l->level = guess_level(sl_str_head(line, 200));
  l->step = SL_STR_NONE;
  if (!guess_time(line, now, &l->time))
    l->time = INT64_MIN;
}

/* ---- batches ---- */

static int put_lines(struct local_scan *x, struct sl_batch **out, const uint8_t *keep, struct sl_err *err)
{
  const struct local_source *s = &x->src[x->at];
  struct sl_buf id, source;
  int rc = sl_batch_new(out, x->schema, err);
  if (rc)
    return rc;
  sl_buf_init(&id, 64 << 10);
  sl_buf_init(&source, 64 << 10);
  for (size_t i = 0; i < x->nlines; i++) {
    const struct local_line *l = &x->lines[i];
    if (keep && !keep[i])
      continue;
    sl_buf_clear(&id);
    sl_buf_printf(&id, "%s#%llx.%llx", s->id, (unsigned long long)s->ino, (unsigned long long)l->off);
    sl_batch_row(*out, SL_PUT, sl_buf_view(&id));
    if (l->time != INT64_MIN)
      sl_batch_set(*out, 0, sl_vt(l->time));
    sl_buf_clear(&source);
    sl_buf_printf(&source, "%s%s%.*s", s->id, l->step.n ? "/" : "", SL_ARG(l->step));
    sl_batch_set(*out, 1, sl_vs(sl_buf_view(&source)));
    if (l->level.p)
      sl_batch_set(*out, 2, sl_vs(l->level));
    sl_batch_set(*out, 3, sl_vs(l->text));
  }
  rc = id.failed || source.failed ? sl_err_nomem(err) : sl_batch_seal(*out, err);
  sl_buf_free(&id);
  sl_buf_free(&source);
  if (rc) {
    sl_batch_unref(*out);
    *out = NULL;
  }
  return rc;
}

/* The lines stand in the chunk: they go before it is used again. */
static int flush(struct local_scan *x, struct sl_err *err)
{
  struct sl_batch *b = NULL;
  uint8_t keep[SL_BATCH_ROWS];
  size_t n = x->nlines, kept = 0;
  if (!n)
    return SL_OK;
  int rc = put_lines(x, &b, NULL, err);
  if (!rc && x->filter_here) {
    rc = sl_filter_run(x->where, b, keep, err);
    for (size_t i = 0; !rc && i < n; i++)
      kept += keep[i] != 0;
    if (!rc && kept < n) {
      sl_batch_unref(b);
      b = NULL;
      rc = kept ? put_lines(x, &b, keep, err) : SL_OK;
    }
  }
  x->nlines = 0;
  if (rc || !b) {
    sl_batch_unref(b);
    return rc;
  }
  rc = x->send(x->user, &b);
  return rc ? sl_err_set(err, rc, "%s", sl_code_words(rc)) : SL_OK;
}

static int add_line(struct local_scan *x, struct sl_str line, uint64_t off, struct sl_err *err)
{
  const struct local_source *s = &x->src[x->at];
  struct local_line *l = &x->lines[x->nlines];
  l->off = off;
  local_line_parse(l, s->exec, sl_str_head(line, LOCAL_LINE_MAX), x->now);
  if (s->step && !sl_str_eqz(l->step, s->step))
    return SL_OK;
  return ++x->nlines == LOCAL_SCAN_LINES ? flush(x, err) : SL_OK;
}

/* Whole lines in p; the first begins at file offset off. */
static int lines_of(struct local_scan *x, const char *p, size_t n, uint64_t off, struct sl_err *err)
{
  const struct sl_str needle = sl_strn(x->needle, x->needle_n);
  const char *at = p, *end = p + n;
  int rc = SL_OK;
  while (!rc && at < end) {
    if (needle.n) {
      const char *hit = local_find(at, (size_t)(end - at), needle);
      if (!hit)
        break;
      const char *before = memrchr(at, '\n', (size_t)(hit - at));
      at = before ? before + 1 : at;
    }
    const char *nl = memchr(at, '\n', (size_t)(end - at));
    const char *stop = nl ? nl : end;
    rc = add_line(x, sl_strn(at, (size_t)(stop - at)), off + (uint64_t)(at - p), err);
    at = nl ? nl + 1 : end;
  }
  return rc ? rc : flush(x, err);
}

/* ---- files ---- */

/* 0, or why not: ENOENT also for what is no plain file. */
static int open_at(struct local_source *s, const char *path)
{
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), why = fd < 0 ? errno : ENOENT;
  if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode) || (!s->exec && local_stays(&s->in, fd, path, NULL)))) {
    close(fd);
    fd = -1;
  }
  if (fd < 0)
    return why;
  if (s->fd >= 0)
    close(s->fd);
  s->fd = fd;
  s->ino = st.st_ino;
  s->off = 0;
  return 0;
}

static void name_of(const struct local_source *s, int k, char *out, size_t n)
{
  if (k)
    snprintf(out, n, "%s.%d", s->path, k);
  else
    snprintf(out, n, "%s", s->path);
}

/* Which of log, log.1, ... the file being read is called now; -1: none of them. */
static int place_of(const struct local_source *s)
{
  char name[4096];
  struct stat st;
  for (int k = 0; k < LOCAL_LOG_FILES; k++) {
    name_of(s, k, name, sizeof name);
    if (!stat(name, &st) && st.st_ino == s->ino)
      return k;
  }
  return -1;
}

/* Goes to the next newer file. False: there is none; the one at hand is the newest, and may still grow; *why says when one is there and
 * cannot be opened. */
static bool next_file(struct local_source *s, int *why)
{
  char name[4096];
  int k = s->fd < 0 ? LOCAL_LOG_FILES : s->exec ? place_of(s) : -1;
  if (!s->exec) {
    struct stat st;
    if (s->fd >= 0 && !stat(s->path, &st) && st.st_ino == s->ino) {
      if (st.st_size >= s->off)
        return false;
      s->off = 0; /* emptied: it begins anew */
      return st.st_size > 0;
    }
    *why = open_at(s, s->path);
    return *why == 0;
  }
  for (k = k < 0 ? LOCAL_LOG_FILES : k; k > 0; k--) {
    name_of(s, k - 1, name, sizeof name);
    *why = open_at(s, name);
    if (!*why)
      return true;
    if (*why != ENOENT)
      return false;
  }
  return false;
}

/* ---- a piece ---- */

/* Reads one chunk. *read 0: the end of what there is. */
static int one_chunk(struct local_scan *x, int64_t *read_n, struct sl_err *err)
{
  struct local_source *s = &x->src[x->at];
  ssize_t n = s->fd < 0 ? 0 : pread(s->fd, x->chunk, LOCAL_SCAN_CHUNK, s->off);
  *read_n = 0;
  if (n < 0)
    return errno == EINTR ? SL_OK : sl_err_sys(err, errno, "cannot read %s", s->path);
  const char *nl = n ? memrchr(x->chunk, '\n', (size_t)n) : NULL;
  size_t whole = nl ? (size_t)(nl + 1 - x->chunk) : 0;
  bool newest = n > 0 && n < LOCAL_SCAN_CHUNK && !whole;
  if (n > 0 && !whole && (n == LOCAL_SCAN_CHUNK || x->last_counts))
    whole = (size_t)n; /* a line without end */
  else if (newest && s->exec && place_of(s) != 0)
    whole = (size_t)n; /* nobody will finish it */
  if (!whole) {
    int why = 0;
    s->over = !next_file(s, &why);
    return why && why != ENOENT ? sl_err_sys(err, why, "cannot open %s", s->path) : SL_OK;
  }
  uint64_t off = (uint64_t)s->off;
  s->off += (int64_t)whole;
  *read_n = (int64_t)whole;
  return lines_of(x, x->chunk, whole, off, err);
}

int local_scan_some(struct local_scan *x, int64_t bytes, bool *more, struct sl_err *err)
{
  int64_t n = 0;
  int rc = SL_OK;
  while (!rc && bytes > 0 && x->at < x->n) {
    if (x->src[x->at].over) {
      x->at++;
      continue;
    }
    if (x->stop && x->stop(x->user))
      return sl_err_set(err, SL_ECANCELED, "cancelled");
    rc = one_chunk(x, &n, err);
    bytes -= n;
  }
  *more = x->at < x->n;
  return rc;
}

void local_scan_rewind(struct local_scan *x)
{
  for (size_t i = 0; i < x->n; i++)
    x->src[i].over = false;
  x->at = 0;
}

int local_scan_one(struct local_scan *x, uint64_t ino, uint64_t off, struct sl_err *err)
{
  struct local_source *s = &x->src[0];
  int why = 0;
  while (x->n && (s->fd < 0 || s->ino != ino))
    if (!next_file(s, &why))
      return why && why != ENOENT ? sl_err_sys(err, why, "cannot open %s", s->path) : SL_OK;
  ssize_t n = x->n && off < INT64_MAX ? pread(s->fd, x->chunk, LOCAL_SCAN_CHUNK, (off_t)off) : 0;
  if (n <= 0)
    return SL_OK;
  const char *nl = memchr(x->chunk, '\n', (size_t)n);
  int rc = add_line(x, sl_strn(x->chunk, nl ? (size_t)(nl - x->chunk) : (size_t)n), off, err);
  return rc ? rc : flush(x, err);
}

void local_scan_tail(struct local_scan *x, int64_t bytes)
{
  struct local_source *s = &x->src[0];
  struct stat st;
  if (x->n != 1 || s->fd >= 0 || x->where)
    return;
  int k = s->exec ? LOCAL_LOG_FILES - 1 : 0;
  int64_t total = 0;
  char name[4096];
  for (int i = 0; i <= k; i++) {
    name_of(s, i, name, sizeof name);
    total += stat(name, &st) ? 0 : st.st_size;
  }
  int64_t skip = total - bytes;
  int why; /* whoever reads on meets it again */
  while (skip > 0 && next_file(s, &why) && !fstat(s->fd, &st) && skip >= st.st_size) {
    skip -= st.st_size;
    x->skipped += st.st_size;
    s->off = st.st_size;
  }
  if (skip <= 0 || s->fd < 0 || s->off)
    return;
  ssize_t n = pread(s->fd, x->chunk, LOCAL_SCAN_CHUNK, skip); /* to the next whole line */
  const char *nl = n > 0 ? memchr(x->chunk, '\n', (size_t)n) : NULL;
  s->off = skip + (nl ? nl + 1 - x->chunk : 0);
  x->skipped += s->off;
}

/* ---- sources ---- */

static int add_source(struct local_scan *x, size_t cap, const char *id, char *path, struct sl_str step, bool exec, struct sl_err *err)
{
  struct local_source *s = &x->src[x->n];
  sl_assert(x->n < cap);
  *s = (struct local_source){ .fd = -1, .exec = exec, .id = sl_strdup(id), .path = path,
                              .step = step.n ? sl_strndup(step.p, step.n) : NULL };
  x->n++;
  return s->id && s->path && (s->step || !step.n) ? SL_OK : sl_err_nomem(err);
}

static int add_exec(struct local_scan *x, size_t cap, const char *execs, const char *id, struct sl_str step, struct sl_err *err)
{
  return add_source(x, cap, id, sl_asprintf("%s/%s/log", execs, id), step, true, err);
}

struct recent { char *id; sl_ms made; };

static int newest_first(const void *a, const void *b)
{
  const struct recent *x = a, *y = b;
  return x->made < y->made ? 1 : x->made > y->made ? -1 : 0;
}

/* The latest executions, in the order in which they were made. */
static int open_recent(struct local_scan *x, const char *execs, struct sl_err *err)
{
  struct local_ids ids;
  int rc = local_ids_read(&ids, execs, SL_STR_NONE, err);
  if (rc)
    return rc;
  struct recent *r = sl_calloc(ids.n + 1, sizeof *r);
  for (size_t i = 0; r && i < ids.n; i++) {
    char *dir = sl_path_join(execs, ids.id[i]), *spec = dir ? sl_path_join(dir, "spec.json") : NULL;
    struct stat st;
    r[i] = (struct recent){ ids.id[i], spec && !stat(spec, &st) ? (sl_ms)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 : 0 };
    sl_free(dir);
    sl_free(spec);
  }
  size_t n = ids.n < RECENT ? ids.n : RECENT;
  if (r && ids.n)
    qsort(r, ids.n, sizeof *r, newest_first);
  x->src = sl_calloc(n + 1, sizeof *x->src);
  if (!r || !x->src)
    rc = sl_err_nomem(err);
  for (size_t i = n; !rc && i > 0; i--)
    rc = add_exec(x, n, execs, r[i - 1].id, SL_STR_NONE, err);
  sl_free(r);
  local_ids_free(&ids);
  return rc;
}

static int open_scope(struct local_scan *x, const struct local_ask *a, struct sl_str scope, struct sl_err *err)
{
  struct sl_str step = scope, id = scope, job;
  int64_t number;
  char *name = NULL, *dir = NULL, *path = NULL;
  struct stat st;
  const struct local_bounds in = local_bounds(a->s, a->conf);
  int fd = -1;
  sl_str_cut(&step, '/', &id);
  if (!(x->src = sl_calloc(1, sizeof *x->src)))
    return sl_err_nomem(err);
  if (a->s->execs && local_exec_id(id, &job, &number) && (name = sl_strndup(id.p, id.n)))
    dir = sl_path_join(a->s->execs, name);
  int rc;
  if (dir && sl_dir_exists(dir))
    rc = add_exec(x, 1, a->s->execs, name, step, err);
  else if (scope.n && scope.p[0] != '/' && sl_str_chr(scope, ':') < 0 && !local_zone_named(a, id))
    rc = sl_err_set(err, SL_ENOENT, "no execution %.*s, and no file by an absolute path", SL_ARG(sl_str_head(scope, 100)));
  else if (!(rc = local_path(a, scope, &path, err)) && !(rc = local_open(&in, path, &fd, &st, err))) {
    close(fd);
    rc = add_source(x, 1, path, path, SL_STR_NONE, false, err);
    x->src[0].in = in;
    path = NULL;
  }
  sl_free(path);
  sl_free(name);
  sl_free(dir);
  return rc;
}

/* A row's id is SOURCE#FILE.OFFSET: without what follows the last #. */
static struct sl_str source_of(const struct sl_query *q)
{
  ptrdiff_t hash = q->kind == SL_Q_GET ? sl_str_rchr(q->scope, '#') : -1;
  return hash < 0 ? q->scope : sl_str_head(q->scope, (size_t)hash);
}

int local_scan_open(struct local_scan **out, const struct local_ask *a, struct sl_schema *schema, struct sl_err *err)
{
  struct local_scan *x = sl_calloc(1, sizeof *x);
  *out = NULL;
  if (!x)
    return sl_err_nomem(err);
  struct sl_str scope = source_of(a->q);
  x->schema = sl_schema_ref(schema);
  x->where = a->q->where ? sl_filter_ref(a->q->where) : NULL;
  x->now = a->now;
  x->chunk = sl_alloc(LOCAL_SCAN_CHUNK);
  x->lines = sl_calloc(LOCAL_SCAN_LINES, sizeof *x->lines);
  int rc = x->chunk && x->lines ? SL_OK : sl_err_nomem(err);
  if (!rc)
    rc = scope.n ? open_scope(x, a, scope, err) : open_recent(x, a->s->execs, err);
  if (rc) {
    local_scan_free(x);
    return rc;
  }
  bool execs = true;
  for (size_t i = 0; i < x->n; i++)
    execs = execs && x->src[i].exec;
  x->filter_here = x->where && !local_filter_names(x->where, "connection") && !local_filter_names(x->where, "ref");
  x->needle_n = local_filter_literal(x->where, execs, x->needle, sizeof x->needle).n;
  *out = x;
  return SL_OK;
}

void local_scan_free(struct local_scan *x)
{
  if (!x)
    return;
  for (size_t i = 0; i < x->n; i++) {
    if (x->src[i].fd >= 0)
      close(x->src[i].fd);
    sl_free(x->src[i].id);
    sl_free(x->src[i].path);
    sl_free(x->src[i].step);
  }
  sl_free(x->src);
  sl_free(x->chunk);
  sl_free(x->lines);
  sl_schema_unref(x->schema);
  sl_filter_unref(x->where);
  sl_free(x);
}
