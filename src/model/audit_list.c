/* model/audit_list.c: reading the audit back: all records, one row an action, and the verdict whether anybody changed it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/act.h"
#include "model/audit.h"

enum { CHUNK = 64 << 10, ROWS_MAX = 1000000 };

/* ---- lines ---- */

typedef int line_fn(void *user, uint64_t number, struct sl_str line, bool whole, struct sl_err *err);

/* Hands out lines of bounded length; `whole` is false for a last one without its end. */
static int lines_each(const char *path, line_fn *fn, void *user, struct sl_err *err)
{
  struct sl_buf b;
  uint64_t number = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc = SL_OK;
  if (fd < 0)
    return errno == ENOENT ? SL_OK : sl_err_sys(err, errno, "cannot read the audit %s", path);
  sl_buf_init(&b, SL_AUDIT_LINE + 2 * CHUNK);
  for (bool more = true; more && !rc;) {
    char *room = sl_buf_room(&b, CHUNK);
    ssize_t n = room ? read(fd, room, CHUNK) : -1;
    if (n < 0) {
      rc = room ? sl_err_sys(err, errno, "cannot read the audit %s", path) : sl_err_set(err, SL_ELIMIT,
          "%s:%llu: a line over %d bytes is no record",
        path, (unsigned long long)number + 1, SL_AUDIT_LINE);
      break;
    }
    sl_buf_wrote(&b, (size_t)n);
    more = n > 0;
    size_t at = 0;
    for (char *nl; !rc && at < b.n && (nl = memchr(b.p + at, '\n', b.n - at)); at = (size_t)(nl - b.p) + 1)
      rc = fn(user, ++number, sl_strn(b.p + at, (size_t)(nl - b.p) - at), true, err);
    if (!more && at < b.n && !rc)
      rc = fn(user, ++number, sl_strn(b.p + at, b.n - at), false, err);
    sl_buf_drop(&b, at < b.n ? at : b.n);
  }
  sl_buf_free(&b);
  close(fd);
  return rc;
}

/* ---- records ---- */

struct reading { int (*fn)(void *user, const struct sl_audit_rec *r); void *user; uint64_t bad; };

static bool rec_of(json_t *j, uint64_t number, struct sl_str line, struct sl_audit_rec *r)
{
  int64_t seq;
  *r = (struct sl_audit_rec){ .line = number, .raw = line, .json = j };
  r->kind = sl_json_str(j, "kind");
  if (!json_is_object(j) || !sl_json_i64(j, "seq", &seq) || seq <= 0 || !r->kind.p || !sl_time_parse(sl_json_str(j, "time"), 0, NULL,
      &r->time))
    return false;
  r->seq = (uint64_t)seq;
  r->token = sl_json_str(j, "id");
  r->who = sl_json_str(j, "who");
  r->known = sl_json_str(j, "known");
  r->connection = sl_json_str(j, "connection");
  r->action = sl_json_str(j, "action");
  r->outcome = sl_json_str(j, "outcome");
  r->detail = sl_json_str(j, "detail");
  r->hash = sl_json_str(j, "hash");
  return true;
}

static int read_line(void *user, uint64_t number, struct sl_str line, bool whole, struct sl_err *err)
{
  struct reading *rd = user;
  json_t *j = NULL;
  struct sl_audit_rec r;
  int rc = whole ? sl_json_load(&j, line, false, NULL) : SL_EPARSE;
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err); /* not a bad line */
  if (rc || !rec_of(j, number, line, &r)) {
    rd->bad++;
    rc = SL_OK;
  } else {
    rc = rd->fn(rd->user, &r);
  }
  json_decref(j);
  return rc;
}

int sl_audit_read(const char *path, int (*fn)(void *user, const struct sl_audit_rec *r), void *user, uint64_t *bad, struct sl_err *err)
{
  struct reading rd = {.fn = fn, .user = user};
  int rc = lines_each(path, read_line, &rd, err);
  if (bad)
    *bad = rd.bad;
  return rc;
}

/* ---- one row an action ---- */

struct folding { struct sl_audit_rows *rows; struct sl_map by_token; };

static int text_put(char **slot, struct sl_str s)
{
  char *copy = sl_strndup(s.p ? s.p : "", s.n);
  if (!copy)
    return SL_ENOMEM;
  sl_free(*slot);
  *slot = copy;
  return SL_OK;
}

static struct sl_str first_target(const json_t *j)
{
  const json_t *list = json_object_get(j, "targets"), *one = json_array_get(list, 0);
  return json_is_string(one) ? sl_strn(json_string_value(one), json_string_length(one)) : SL_STR("");
}

static int row_begin(struct folding *f, const struct sl_audit_rec *r, struct sl_audit_row **out)
{
  struct sl_audit_rows *rows = f->rows;
  int rc = sl_grow((void **)&rows->row, &rows->cap, rows->n + 1, sizeof *rows->row, ROWS_MAX, NULL);
  if (rc)
    return rc;
  struct sl_audit_row *row = *out = &rows->row[rows->n++];
  memset(row, 0, sizeof *row);
  row->seq = r->seq;
  row->time = r->time;
  if (text_put(&row->who, r->who) || text_put(&row->action, r->action.n ? r->action : r->kind) || text_put(&row->token, r->token) ||
      text_put(&row->target, first_target(r->json)) || text_put(&row->conn, r->connection) || text_put(&row->detail, r->detail) ||
      text_put(&row->outcome, r->kind))
    return SL_ENOMEM;
  return r->token.n ? sl_map_put(&f->by_token, r->token, rows->n - 1, NULL, NULL) : SL_OK;
}

/* The latest word wins: intent, then what became of it. */
static int fold(void *user, const struct sl_audit_rec *r)
{
  struct folding *f = user;
  struct sl_audit_row *row = NULL;
  uint64_t at;
  int rc = SL_OK;
  if (r->token.n && sl_map_get(&f->by_token, r->token, &at))
    row = &f->rows->row[at];
  else
    rc = row_begin(f, r, &row);
  if (!rc && !sl_str_eqz(r->kind, "intent"))
    rc = text_put(&row->outcome, sl_str_eqz(r->kind, "outcome") ? r->outcome : r->kind);
  if (!rc && r->detail.n)
    rc = text_put(&row->detail, r->detail);
  if (!rc)
    snprintf(row->hash, sizeof row->hash, "%.*s", SL_ARG(r->hash));
  return rc;
}

int sl_audit_rows_read(const char *path, struct sl_audit_rows *out, struct sl_err *err)
{
  struct folding f = {.rows = out};
  *out = (struct sl_audit_rows){ 0 };
  sl_map_init(&f.by_token);
  int rc = sl_audit_read(path, fold, &f, NULL, err);
  sl_map_free(&f.by_token);
  if (rc == SL_ENOMEM)
    sl_err_nomem(err);
  if (rc)
    sl_audit_rows_free(out);
  return rc;
}

void sl_audit_rows_free(struct sl_audit_rows *r)
{
  for (size_t i = 0; i < r->n; i++) {
    struct sl_audit_row *w = &r->row[i];
    char *const texts[] = {w->who, w->action, w->target, w->outcome, w->detail, w->token, w->conn};
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
      sl_free(texts[k]);
  }
  sl_free(r->row);
  *r = (struct sl_audit_rows){ 0 };
}

/* ---- verify ---- */

struct verifying { struct sl_audit_report *r; const char *path; char prev[65], before[65]; uint64_t seq; bool after_torn; };

static int broken(struct verifying *v, uint64_t number, struct sl_err *err, const char *what)
{
  v->r->bad_line = number;
  return sl_err_set(err, SL_EBREACH, "%s:%llu: %s", v->path, (unsigned long long)number, what);
}

static bool hash_fits(struct sl_str line, struct sl_str hash)
{
  static const char mark[] = ",\"hash\":\"";
  size_t tail = sizeof mark - 1 + 64 + 2; /* ,"hash":"<64>"} */
  char hex[65];
  if (line.n <= tail || hash.n != 64 || memcmp(line.p + line.n - tail, mark, sizeof mark - 1))
    return false;
  if (memcmp(line.p + line.n - 66, hash.p, 64) || memcmp(line.p + line.n - 2, "\"}", 2))
    return false;
  struct sl_sha256 d = sl_sha256(sl_str_head(line, line.n - tail));
  sl_sha256_hex(&d, hex);
  return !memcmp(hex, hash.p, 64);
}

static int verify_rec(struct verifying *v, uint64_t number, struct sl_str line, const struct sl_audit_rec *r, struct sl_err *err)
{
  struct sl_str prev = sl_json_str(r->json, "prev");
  if (!hash_fits(line, r->hash))
    return broken(v, number, err, "this record was changed: its hash does not fit its text");
  if (!sl_str_eqz(prev, v->prev))
    return broken(v, number, err, "a record before this one was removed, moved or changed: the chain does not fit");
  if (r->seq != v->seq + 1)
    return broken(v, number, err, "a record is missing before this one: the numbers jump");
  if (v->after_torn && !sl_str_eqz(r->kind, "mended"))
    return broken(v, number, err, "the line before was torn and nothing says so");
  v->after_torn = false;
  v->seq = r->seq;
  memcpy(v->before, v->prev, sizeof v->before);
  memcpy(v->prev, r->hash.p, 64);
  v->r->records++;
  v->r->actions += sl_str_eqz(r->kind, "intent") || sl_str_eqz(r->kind, "refused");
  v->r->unknown += sl_str_eqz(r->outcome, "unknown");
  if (sl_str_eqz(r->kind, "reconciled") && v->r->unknown)
    v->r->unknown--;
  return SL_OK;
}

/* A torn line is no record of anybody's; it is an accident only when the next record says that it was mended (or when it is the last). */
static int verify_line(void *user, uint64_t number, struct sl_str line, bool whole, struct sl_err *err)
{
  struct verifying *v = user;
  json_t *j = NULL;
  struct sl_audit_rec r;
  int rc;
  if (!whole) {
    v->r->torn = true;
    return SL_OK;
  }
  rc = sl_json_load(&j, line, false, NULL);
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err); /* not a broken chain */
  if (rc || !rec_of(j, number, line, &r)) {
    rc = v->after_torn ? broken(v, number, err, "this is no record") : SL_OK;
    v->after_torn = true;
    v->r->bad_line = number;
  } else {
    rc = verify_rec(v, number, line, &r, err);
    v->r->bad_line = rc ? number : 0;
  }
  json_decref(j);
  return rc;
}

static int head_compare(struct verifying *v, struct sl_err *err)
{
  char *path = sl_asprintf("%s.head", v->path);
  struct sl_buf b;
  struct sl_str rest, seq;
  uint64_t n = 0;
  if (!path)
    return sl_err_nomem(err);
  sl_buf_init(&b, 8192);
  struct sl_err why = {0};
  int rc = sl_file_read(&b, path, 4096, &why);
  sl_free(path);
  rest = sl_str_trim(sl_buf_view(&b));
  if (rc == SL_ENOENT && v->r->records == 1) {
    v->r->anchor = "nothing: the first record's writer died before it wrote audit.head";
    rc = SL_OK;
  } else if (rc == SL_ENOENT && !v->r->records) {
    v->r->anchor = "nothing: there is no record yet";
    rc = SL_OK;
  } else if (rc == SL_ENOENT) {
    rc = sl_err_set(err, SL_EBREACH, "%s.head is missing: whether the tail was cut cannot be told", v->path);
  } else if (rc) {
    rc = sl_err_set(err, rc, "%s", why.msg);
  } else if (!sl_str_cut(&rest, ' ', &seq) || !sl_str_u64(seq, &n)) {
    rc = sl_err_set(err, SL_EBREACH, "%s.head was changed: it is no number and hash", v->path);
  } else if (n + 1 == v->seq && sl_str_eqz(rest, v->before)) { /* nothing that a writer of the file could not bring about anyway */
    v->r->anchor = "audit.head beside the file, one record behind: its writer died in between";
  } else if (n != v->seq || !sl_str_eqz(rest, v->prev)) {
    rc = sl_err_set(err, SL_EBREACH, "the audit ends at record %llu, but audit.head says %llu: its tail was cut or added to",
        (unsigned long long)v->seq,
                    (unsigned long long)n);
  } else {
    v->r->anchor = "audit.head beside the file (shows accidents and cut tails, not a rewrite by the owner)";
  }
  sl_buf_free(&b);
  return rc;
}

int sl_audit_verify(const char *path, struct sl_audit_report *out, struct sl_err *err)
{
  struct verifying v = {.r = out, .path = path};
  *out = (struct sl_audit_report){ 0 };
  memset(v.prev, '0', 64);
  int rc = lines_each(path, verify_line, &v, err);
  if (!rc && v.after_torn)
    rc = broken(&v, out->bad_line, err, "the last line is no record");
  if (rc == SL_ELIMIT || rc == SL_EPARSE)
    rc = sl_err_set(err, SL_EBREACH, "%s", err ? err->msg : "");
  memcpy(out->head, v.prev, sizeof out->head);
  return rc ? rc : head_compare(&v, err);
}
