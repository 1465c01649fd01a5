/* backends/compute/prep.c: addresses inside a statement.
 *
 * A text at the place of a table (behind FROM, JOIN, DESCRIBE, SUMMARIZE, or first in read_csv('...') and its kind) is an address as
 * everywhere else: lake:zone/path, lake:zone/@newest, a path from the current folder. The engine gets absolute paths: a folder becomes a
 * glob over the kind of file that lies in it. Everything else in the statement stays as it is.
 *
 * A single CSV file behind FROM is read as its first line says: left alone, the engine takes a file with one broken row for a file of one
 * column, or leaves rows out until a guess fits. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend_compute/compute_int.h"
#include "base/file.h"
#include "base/fmt.h"
#include "box/csv_line.h"
#include "box/sqlscan.h"

enum { ADDRESSES_MAX = 256, NEST_MAX = 256, LOOK_MAX = 20000, DEPTH_MAX = 12, SQL_MAX = 1 << 20, HEAD = 16 << 10 };

struct address {
  size_t at, n;                /* in the statement, quotes included */
  char *given, *path;          /* what was written; absolute, perhaps with wildcards */
  char *read;                  /* what must be readable for it: the part before wildcards */
  bool bare;                   /* behind FROM or JOIN: a function may stand there, too */
  char delim;                  /* of a single CSV file that stands there; 0: the engine guesses */
  char *types;                 /* of its columns, as far as the engine would guess wrong; NULL: none */
};

struct compute_prep {
  struct compute *c;
  compute_prepped *fn;
  void *user;
  struct sl_str sql;
  char *text;
  struct address *a;
  size_t n, cap, next;         /* next: to be resolved */
  sl_watch newest;
  sl_job job;
  bool working, dropped;       /* the lane's job owns us until its end */
  struct compute_capture *capture;             /* of address `next`: it is about to become a query */
  bool plain;                  /* one address and no statement around it */
  bool any;                    /* a folder may hold what is no data file */
};

static void addresses_free(struct compute_prep *p)
{
  for (size_t i = 0; i < p->n; i++) {
    sl_free(p->a[i].given);
    sl_free(p->a[i].path);
    sl_free(p->a[i].read);
    sl_free(p->a[i].types);
  }
  p->n = p->next = 0;
}

static void prep_free(struct compute_prep *p)
{
  compute_capture_drop(p->capture);
  addresses_free(p);
  sl_free(p->a);
  sl_free(p->text);
  sl_free(p);
}

/* ---- where addresses stand ---- */

struct nest { bool file, first, bracket, from; };   /* file: inside read_x(...); first: its first argument */
struct scan { struct nest at[NEST_MAX]; size_t depth; struct sl_sql_tok prev; bool any; };

static bool is_word(const struct sl_sql_tok *t, const char *const *words)
{
  for (; *words && t->kind == SL_SQL_WORD; words++)
    if (sl_str_ieq(t->s, sl_str(*words)))
      return true;
  return false;
}

static bool reads_files(const struct sl_sql_tok *t)
{
  static const char *const names[] = { "parquet_scan", "parquet_metadata", "parquet_schema", "parquet_file_metadata",
    "parquet_kv_metadata", "parquet_bloom_probe", "glob", "sniff_csv", NULL };
  return is_word(t, names) || (t->kind == SL_SQL_WORD && t->s.n > 5 && sl_str_ieq(sl_str_head(t->s, 5), SL_STR("read_")));
}

static bool is_other(const struct sl_sql_tok *t, char c)
{
  return t->kind == SL_SQL_OTHER && t->s.p[0] == c;
}

/* Is a text that comes now an address? */
static bool is_place(const struct scan *s)
{
  static const char *const before[] = { "from", "join", "describe", "desc", "summarize", NULL };
  const struct nest *n = &s->at[s->depth];
  if (!s->any)
    return false;
  if (n->file)
    return n->first && (is_other(&s->prev, '(') || is_other(&s->prev, '[') || (n->bracket && is_other(&s->prev, ',')));
  return is_word(&s->prev, before) || (n->from && is_other(&s->prev, ','));
}

/* FROM 'x', JOIN 'x', FROM 'x', 'y': not DESCRIBE 'x', not read_csv('x'). */
static bool is_bare(const struct scan *s)
{
  static const char *const before[] = { "from", "join", NULL };
  return !s->at[s->depth].file && (is_word(&s->prev, before) || is_other(&s->prev, ','));
}

static int scan_open(struct scan *s, bool bracket, struct sl_err *err)
{
  if (s->depth + 1 == NEST_MAX)
    return sl_err_set(err, SL_EUSAGE, "the statement nests deeper than %d parentheses", NEST_MAX);
  const struct nest *out = &s->at[s->depth];
  bool file = bracket ? out->file : s->any && reads_files(&s->prev);
  bool first = bracket ? out->first : true;
  s->at[++s->depth] = (struct nest){ .file = file, .first = first, .bracket = bracket };
  return SL_OK;
}

static int scan_step(struct scan *s, const struct sl_sql_tok *t, struct sl_err *err)
{
  static const char *const begin[] = { "from", NULL };
  static const char *const end[] = { "where", "group", "order", "having", "limit", "window", "qualify", "select", "union", "except",
    "intersect", "on", "using", NULL };
  struct nest *n = &s->at[s->depth];
  int rc = SL_OK;
  if (is_other(t, '(') || is_other(t, '['))
    rc = scan_open(s, is_other(t, '['), err);
  else if ((is_other(t, ')') || is_other(t, ']')) && s->depth)
    s->depth--;
  else if (is_other(t, ',') && n->file && !n->bracket)
    n->first = false;
  else if (is_word(t, begin))
    n->from = true;
  else if (is_word(t, end))
    n->from = false;
  s->prev = *t;
  s->any = true;
  return rc;
}

static int add_address(struct compute_prep *p, const struct sl_sql_tok *t, bool bare, struct sl_err *err)
{
  struct sl_buf b;
  int rc = sl_grow((void **)&p->a, &p->cap, p->n + 1, sizeof *p->a, ADDRESSES_MAX, err);
  if (rc)
    return rc;
  sl_buf_init(&b, 0);
  bool text = sl_sql_unquote(t, &b);
  rc = sl_buf_check(&b, err);
  if (rc || !text || !b.n) {
    sl_buf_free(&b);
    return rc;
  }
  p->a[p->n] = (struct address){ .at = (size_t)(t->s.p - p->text), .n = t->s.n, .bare = bare, .given = sl_buf_take(&b, NULL) };
  rc = p->a[p->n].given ? SL_OK : sl_err_nomem(err);
  p->n += !rc;
  return rc;
}

static int find_addresses(struct compute_prep *p, struct sl_err *err)
{
  struct scan *s = sl_calloc(1, sizeof *s);
  struct sl_str rest = p->sql;
  struct sl_sql_tok t;
  int rc = s ? SL_OK : sl_err_nomem(err);
  while (!rc && sl_sql_next(&rest, &t)) {
    if (t.kind == SL_SQL_TEXT && is_place(s))
      rc = add_address(p, &t, is_bare(s), err);
    if (!rc)
      rc = scan_step(s, &t, err);
  }
  sl_free(s);
  return rc;
}

/* ---- what they stand for ---- */

static size_t wildcard(const char *path)
{
  return strcspn(path, "*?[");
}

/* The part that must be readable: the file or folder, or the folder above the first wildcard. */
static char *base_of(const char *path)
{
  size_t n = wildcard(path);
  if (!path[n])
    return sl_strdup(path);
  while (n > 1 && path[n - 1] != '/')
    n--;
  return sl_strndup(path, n > 1 ? n - 1 : 1);
}

static int take_path(const struct compute_prep *p, struct address *a, struct sl_str canonical, struct sl_err *err)
{
  struct sl_str path;
  if (!sl_uri_path(canonical, &path))
    return sl_err_set(err, SL_EUNSUP, "%s: SQL reads files of this machine; copy it here first (sluice cp)", a->given);
  a->path = sl_strndup(path.p, path.n);
  a->read = !a->path ? NULL : p->plain ? sl_strdup(a->path) : base_of(a->path);
  return a->read ? SL_OK : sl_err_nomem(err);
}

/* ---- folders become globs, in a lane ---- */

static const char *const data_ends[] = { ".parquet", ".csv", ".csv.gz", ".ndjson", ".jsonl", ".ndjson.gz", ".json", ".tsv" };

static const char *data_end(struct sl_str name)
{
  for (size_t i = 0; i < sizeof data_ends / sizeof data_ends[0]; i++)
    if (sl_str_ends(name, sl_str(data_ends[i])))
      return data_ends[i];
  return NULL;
}

/* The first data file's ending below a folder; its own files before those of folders in it. */
static const char *look_below(int at, const char *name, int depth, int *left, const atomic_bool *cancel)
{
  int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0));
  DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
  const char *end = NULL;
  struct dirent *e;
  if (!d && fd >= 0)
    close(fd);
  while (d && !end && (e = readdir(d)) && --*left > 0 && !atomic_load(cancel))
    if (e->d_name[0] != '.')
      end = data_end(sl_str(e->d_name));
  if (d)
    rewinddir(d);
  while (d && !end && depth < DEPTH_MAX && (e = readdir(d)) && --*left > 0 && !atomic_load(cancel))
    if (e->d_name[0] != '.' && (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN))
      end = look_below(dirfd(d), e->d_name, depth + 1, left, cancel);
  if (d)
    closedir(d);
  return end;
}

static int look_csv(struct address *a, struct sl_err *err)
{
  char head[HEAD];
  struct sl_str name = sl_str(a->path);
  if (!a->bare || !(sl_str_ends(name, SL_STR(".csv")) || sl_str_ends(name, SL_STR(".tsv"))))
    return SL_OK;
  int fd = open(a->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : -1;
  if (fd >= 0)
    close(fd);
  if (n <= 0 || !csv_columns(sl_strn(head, (size_t)n), &a->delim)) {
    a->delim = 0;
    return SL_OK;
  }
  struct sl_buf types;
  sl_buf_init(&types, SQL_MAX);
  int rc = csv_infinite(sl_strn(head, (size_t)n), a->delim, &types, err);
  if (!rc && types.n && !(a->types = sl_buf_take(&types, NULL)))
    rc = sl_err_nomem(err);
  sl_buf_free(&types);
  return rc;
}

static int expand(struct address *a, bool any, const atomic_bool *cancel, struct sl_err *err)
{
  struct stat st;
  int left = LOOK_MAX;
  if (a->path[wildcard(a->path)] || stat(a->path, &st))
    return SL_OK; /* a missing file is the engine's to tell */
  int rc = S_ISREG(st.st_mode) ? look_csv(a, err) : SL_OK;
  if (rc)
    return rc;
  if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
    return sl_err_set(err, SL_EUNSUP, "%s is %s: data is read by place and more than once; write it into a file first", a->given,
                      S_ISFIFO(st.st_mode) ? "a named pipe" : "no regular file");
  if (!S_ISDIR(st.st_mode))
    return SL_OK;
  const char *end = look_below(AT_FDCWD, a->path, 0, &left, cancel);
  if (!end && any)
    return SL_OK;
  if (!end)
    return sl_err_set(err, SL_ENOENT, "%s: no Parquet, CSV or JSON file lies there", a->given);
  char *glob = sl_asprintf("%s/**/*%s", strcmp(a->path, "/") ? a->path : "", end);
  if (!glob)
    return sl_err_nomem(err);
  sl_free(a->path);
  a->path = glob;
  return SL_OK;
}

static int expand_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct compute_prep *p = user;
  int rc = SL_OK;
  for (size_t i = 0; !rc && !p->plain && i < p->n; i++)
    rc = expand(&p->a[i], p->any, cancel, err);
  return rc;
}

/* ---- the end: the statement with what they stand for ---- */

static int compose(struct compute_prep *p, struct sl_buf *b, const char **reads, struct sl_err *err)
{
  size_t at = 0;
  for (size_t i = 0; i < p->n; i++) {
    sl_buf_add(b, p->text + at, p->a[i].at - at);
    if (p->a[i].delim)
      sl_buf_z(b, "read_csv(");
    sl_fmt_quote(b, sl_str(p->a[i].path), '\'');
    if (p->a[i].delim)
      sl_buf_printf(b, ", delim = '%c', skip = 0", p->a[i].delim);
    if (p->a[i].types) {
      sl_buf_z(b, ", types = {");
      sl_buf_z(b, p->a[i].types);
      sl_buf_ch(b, '}');
    }
    if (p->a[i].delim)
      sl_buf_ch(b, ')');
    at = p->a[i].at + p->a[i].n;
    reads[i] = p->a[i].read;
  }
  sl_buf_str(b, sl_str_from(p->sql, at));
  return sl_buf_check(b, err);
}

static void prep_end(struct compute_prep *p, int rc, const struct sl_err *why)
{
  struct sl_err err = { 0 };
  struct sl_buf b;
  const char **reads = sl_calloc(p->n + 1, sizeof *reads);
  sl_buf_init(&b, 2 * SQL_MAX);
  if (rc)
    err = *why;
  else
    rc = reads ? compose(p, &b, reads, &err) : sl_err_nomem(&err);
  p->fn(p->user, rc, rc ? NULL : b.n ? b.p : "", reads, &err);
  sl_free(reads);
  sl_buf_free(&b);
  prep_free(p);
}

static void expand_done(void *user, int rc, const struct sl_err *err)
{
  struct compute_prep *p = user;
  p->working = false;
  if (p->dropped)
    prep_free(p);
  else
    prep_end(p, rc, err);
}

static void prep_next(struct compute_prep *p);

static void on_newest(void *user, int rc, struct sl_str canonical, struct sl_str conn, const struct sl_err *err)
{
  struct compute_prep *p = user;
  struct sl_err e = { 0 };
  (void)conn;
  p->newest.v = 0;
  if (!rc)
    rc = take_path(p, &p->a[p->next++], canonical, &e);
  else
    e = *err;
  if (rc)
    prep_end(p, rc, &e);
  else
    prep_next(p);
}

static int resolve(struct compute_prep *p, bool *waits, struct sl_err *err)
{
  struct sl_ws *ws = sl_backend_ws(p->c->b);
  struct address *a = &p->a[p->next];
  struct sl_buf canonical, conn;
  sl_buf_init(&canonical, 64 << 10);
  sl_buf_init(&conn, 4096);
  int rc = sl_ws_resolve(ws, sl_str(a->given), false, &canonical, &conn, err);
  *waits = rc == SL_EAGAIN;
  if (*waits)
    rc = sl_ws_resolve_newest(ws, sl_str(a->given), false, on_newest, p, &p->newest, err);
  else if (!rc)
    rc = take_path(p, a, sl_buf_view(&canonical), err);
  sl_buf_free(&canonical);
  sl_buf_free(&conn);
  return rc;
}

/* One address after the other; at the end a lane looks at the folders (and the answer never comes inside the caller's frame). */
static void prep_next(struct compute_prep *p)
{
  static const struct sl_job_ops ops = { expand_work, expand_done };
  struct sl_err err = { 0 };
  int rc = SL_OK;
  bool waits = false;
  while (!rc && p->next < p->n) {
    rc = resolve(p, &waits, &err);
    if (!rc && waits)
      return;
    p->next++;
  }
  if (!rc)
    rc = sl_job_start(sl_backend_loop(p->c->b), SL_LANE_LONG, &ops, p, &p->job, &err);
  if (rc)
    prep_end(p, rc, &err);
  else
    p->working = true;
}

/* ---- captured data: its query takes the address's place, then all begins anew ---- */

static void prep_captures(struct compute_prep *p);

static int put_query(struct compute_prep *p, struct sl_str sql, struct sl_err *err)
{
  struct address *a = &p->a[p->next];
  struct sl_buf b;
  sl_buf_init(&b, SQL_MAX);
  sl_buf_add(&b, p->text, a->at);
  sl_buf_printf(&b, "(%.*s)", SL_ARG(sql));
  sl_buf_str(&b, sl_str_from(p->sql, a->at + a->n));
  int rc = sl_buf_check(&b, err);
  if (!rc) {
    addresses_free(p);
    sl_free(p->text);
    p->text = sl_buf_take(&b, NULL);
    p->sql = sl_str(p->text);
    rc = p->text ? find_addresses(p, err) : sl_err_nomem(err);
  }
  sl_buf_free(&b);
  return rc;
}

static void on_captured(void *user, int rc, struct sl_str sql, const struct sl_err *err)
{
  struct compute_prep *p = user;
  struct compute_capture *k = p->capture;
  struct sl_err e = *err;
  p->capture = NULL;
  rc = rc ? rc : put_query(p, sql, &e);
  compute_capture_drop(k);
  if (rc)
    prep_end(p, rc, &e);
  else
    prep_captures(p);
}

static void prep_captures(struct compute_prep *p)
{
  struct sl_err err = { 0 };
  while (p->next < p->n && (p->plain || !compute_capture_is(sl_str(p->a[p->next].given))))
    p->next++;
  if (p->next == p->n) {
    p->next = 0;
    prep_next(p);
    return;
  }
  const struct address *a = &p->a[p->next];
  int rc = a->bare ? compute_capture(&p->capture, p->c, sl_str(a->given), on_captured, p, &err)
                   : sl_err_set(&err, SL_EUSAGE, "%s: behind FROM or JOIN only", a->given);
  if (rc)
    prep_end(p, rc, &err);
}

static void prep_first(void *user)
{
  struct compute_prep *p = user;
  p->working = false;
  if (p->dropped)
    prep_free(p);
  else
    prep_captures(p);
}

static int prep_new(struct compute_prep **out, struct compute *c, struct sl_str text, compute_prepped *fn, void *user, struct sl_err *err)
{
  if (text.n > SQL_MAX || (text.n && memchr(text.p, 0, text.n)))
    return sl_err_set(err, SL_EUSAGE, text.n > SQL_MAX ? "a statement of more than 1 MiB" : "the statement holds a NUL");
  struct compute_prep *p = *out = sl_calloc(1, sizeof *p);
  if (!p)
    return sl_err_nomem(err);
  *p = (struct compute_prep){ .c = c, .fn = fn, .user = user, .text = sl_strndup(text.p ? text.p : "", text.n) };
  p->sql = sl_strn(p->text, text.n);
  return p->text ? SL_OK : sl_err_nomem(err);
}

/* rc: what finding the addresses came to. */
static int prep_begin(struct compute_prep **out, struct compute_prep *p, int rc, struct sl_err *err)
{
  if (!rc)
    rc = sl_loop_later(sl_backend_loop(p->c->b), prep_first, p, err);
  if (rc) {
    if (p)
      prep_free(p);
    return rc;
  }
  p->working = true;
  *out = p;
  return SL_OK;
}

int compute_prep(struct compute_prep **out, struct compute *c, struct sl_str sql, compute_prepped *fn, void *user, struct sl_err *err)
{
  struct compute_prep *p = *out = NULL;
  int rc = prep_new(&p, c, sql, fn, user, err);
  return prep_begin(out, p, rc ? rc : find_addresses(p, err), err);
}

int compute_prep_data(struct compute_prep **out, struct compute *c, struct sl_str sql, compute_prepped *fn, void *user, struct sl_err *err)
{
  int rc = compute_prep(out, c, sql, fn, user, err);
  if (!rc)
    (*out)->any = true;
  return rc;
}

int compute_prep_address(struct compute_prep **out, struct compute *c, struct sl_str address, compute_prepped *fn, void *user,
                         struct sl_err *err)
{
  struct compute_prep *p = *out = NULL;
  int rc = prep_new(&p, c, address, fn, user, err);
  if (!rc)
    rc = sl_grow((void **)&p->a, &p->cap, 1, sizeof *p->a, 1, err);
  if (!rc) {
    p->plain = true;
    p->a[p->n++] = (struct address){ .n = address.n, .given = sl_strndup(address.p, address.n) };
    rc = p->a[0].given ? SL_OK : sl_err_nomem(err);
  }
  return prep_begin(out, p, rc, err);
}

void compute_prep_drop(struct compute_prep *p)
{
  if (!p)
    return;
  if (p->newest.v)
    sl_ws_unwatch(sl_backend_ws(p->c->b), p->newest);
  if (!p->working) {
    prep_free(p);
    return;
  }
  p->dropped = true;
  if (p->job.v)
    sl_job_cancel(sl_backend_loop(p->c->b), &p->job);
}
