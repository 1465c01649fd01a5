/* model/audit.c: adding records to the audit. One writer at a time by flock; one write() a record, fsync'ed; a failed write is cut off
 * again, so that the file never holds half a record of ours. */
#include "model/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"

enum { LOCK_MS = 5000, LOCK_STEP_MS = 10 };

struct tail { uint64_t seq; char hash[65], prev[65]; bool torn; off_t size; };

static int lock_wait(int fd, const char *path, struct sl_err *err)
{
  const struct timespec step = {0, LOCK_STEP_MS * 1000000L};
  for (int waited = 0; waited < LOCK_MS; waited += LOCK_STEP_MS) {
    if (!flock(fd, LOCK_EX | LOCK_NB))
      return SL_OK;
    if (errno != EWOULDBLOCK && errno != EINTR)
      return sl_err_sys(err, errno, "cannot lock the audit %s", path);
    nanosleep(&step, NULL);
  }
  return sl_err_set(err, SL_EIO, "the audit %s is locked by another console for %d s", path, LOCK_MS / 1000);
}

static int open_locked(int *out, const char *path, struct sl_err *err)
{
  char *dir = sl_path_dir(path);
  int rc = dir ? sl_mkdirs(dir, 0700, err) : sl_err_nomem(err);
  sl_free(dir);
  if (rc)
    return rc;
  int e = sl_fault_io("audit open");
  int fd = e ? -1 : open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return sl_err_sys(err, e ? e : errno, "cannot open the audit %s", path);
  struct stat st;
  if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
    close(fd);
    return sl_err_set(err, SL_EIO, "the audit %s is no plain file", path);
  }
  rc = lock_wait(fd, path, err);
  if (rc)
    close(fd);
  else
    *out = fd;
  return rc;
}

/* seq and hash of a whole line. EPARSE: it is no record. ENOMEM must not be taken for that: the chain would go on from an older one. */
static int line_parse(struct sl_str line, struct tail *t)
{
  json_t *j = NULL;
  int64_t seq;
  int rc = sl_json_load(&j, line, false, NULL);
  if (rc)
    return rc;
  struct sl_str hash = sl_json_str(j, "hash");
  bool ok = sl_json_i64(j, "seq", &seq) && seq > 0 && hash.n == 64;
  if (ok) {
    t->seq = (uint64_t)seq;
    memcpy(t->hash, hash.p, 64);
    t->hash[64] = 0;
    struct sl_str prev = sl_json_str(j, "prev");
    snprintf(t->prev, sizeof t->prev, "%.*s", SL_ARG(prev));
  }
  json_decref(j);
  return ok ? SL_OK : SL_EPARSE;
}

/* The last whole record and whether something without an end stands behind it. Reads at most two records' length from the end. */
static int tail_read(int fd, const char *path, struct tail *t, struct sl_err *err)
{
  struct stat st;
  *t = (struct tail){ 0 };
  memset(t->hash, '0', 64);
  if (fstat(fd, &st))
    return sl_err_sys(err, errno, "cannot read the audit %s", path);
  t->size = st.st_size;
  if (!st.st_size)
    return SL_OK;
  size_t want = st.st_size > 2 * SL_AUDIT_LINE ? 2 * SL_AUDIT_LINE : (size_t)st.st_size;
  char *p = sl_alloc(want);
  if (!p)
    return sl_err_nomem(err);
  ssize_t got = pread(fd, p, want, st.st_size - (off_t)want);
  size_t n = got > 0 ? (size_t)got : 0, end = n;
  t->torn = n && p[n - 1] != '\n';
  while (end > 0 && p[end - 1] != '\n')
    end--;
  int why = got < 0 ? errno : n < want ? EIO : 0, rc = SL_EPARSE;
  while (!why && end > 0 && rc && rc != SL_ENOMEM) {
    size_t from = end - 1;
    while (from > 0 && p[from - 1] != '\n')
      from--;
    rc = line_parse(sl_strn(p + from, end - 1 - from), t);
    end = from;
  }
  sl_free(p);
  if (why)
    return sl_err_sys(err, why, "cannot read the audit %s", path);
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err);
  if (rc && !t->torn)
    return sl_err_set(err, SL_EPARSE, "the audit %s ends in something that is no record; look at it with `sluice audit verify`", path);
  return SL_OK;
}

static int write_whole(int fd, const char *path, struct sl_str line, off_t size, struct sl_err *err)
{
  int e = sl_fault_io("audit write");
  ssize_t n = e ? -1 : write(fd, line.p, line.n);
  if (n < 0 && !e)
    e = errno;
  if (n == (ssize_t)line.n) {
    e = sl_fault_io("audit fsync");
    if (!e && fsync(fd))
      e = errno;
    if (!e)
      return SL_OK;
  }
  if (ftruncate(fd, size) && !e) /* half a record is worse than none */
    e = errno;
  return sl_err_sys(err, e ? e : ENOSPC, "cannot write the audit %s", path);
}

/* ---- no secret is written down ---- */

/* One text by itself; under a key that names a secret, all of it. */
static void clean_text(struct sl_jw *w, const char *key, struct sl_str s)
{
  struct sl_buf probe, out;
  sl_buf_init(&probe, SL_AUDIT_LINE);
  sl_buf_init(&out, SL_AUDIT_LINE);
  sl_buf_printf(&probe, "%s=x", key);
  sl_secret_redact(&out, sl_buf_view(&probe));
  if (out.failed || !sl_str_eq(sl_buf_view(&out), sl_buf_view(&probe))) {
    sl_jw_str(w, SL_STR("***"));
  } else {
    sl_buf_clear(&out);
    sl_secret_redact(&out, s);
    sl_jw_str(w, out.failed ? SL_STR("***") : sl_buf_view(&out));
  }
  sl_buf_free(&probe);
  sl_buf_free(&out);
}

static void clean_value(struct sl_jw *w, const char *key, const json_t *v)
{
  const char *k;
  json_t *each;
  size_t i;
  switch (json_typeof(v)) {
  case JSON_OBJECT:
    sl_jw_obj(w);
    json_object_foreach((json_t *)(uintptr_t)v, k, each) {
      sl_jw_key(w, sl_str(k));
      clean_value(w, k, each);
    }
    sl_jw_end_obj(w);
    break;
  case JSON_ARRAY:
    sl_jw_arr(w);
    json_array_foreach(v, i, each)
      clean_value(w, key, each);
    sl_jw_end_arr(w);
    break;
  case JSON_STRING: clean_text(w, key, sl_strn(json_string_value(v), json_string_length(v))); break;
  case JSON_INTEGER: sl_jw_i64(w, json_integer_value(v)); break;
  case JSON_REAL: sl_jw_f64(w, json_real_value(v)); break;
  case JSON_TRUE:
  case JSON_FALSE: sl_jw_bool(w, json_is_true(v)); break;
  default: sl_jw_null(w);
  }
}

int sl_audit_clean_json(struct sl_buf *out, struct sl_str json, struct sl_err *err)
{
  json_t *j = NULL;
  int rc = sl_json_load(&j, json, false, err);
  if (!rc) {
    struct sl_jw w = sl_jw(out, false);
    clean_value(&w, "", j);
    rc = sl_buf_check(out, err);
  }
  json_decref(j);
  return rc;
}

/* Where the net finds something in the whole, each text is cleaned by itself: what it cuts may not take the quotes with it. */
static int clean(struct sl_buf *out, struct sl_str fields, struct sl_err *err)
{
  struct sl_buf whole;
  sl_buf_init(&whole, SL_AUDIT_LINE);
  sl_secret_redact(out, fields);
  if (!out->failed && sl_str_eq(sl_buf_view(out), fields))
    return SL_OK;
  sl_buf_clear(out);
  sl_buf_ch(&whole, '{');
  sl_buf_str(&whole, fields);
  sl_buf_ch(&whole, '}');
  int rc = sl_buf_check(&whole, err);
  if (!rc)
    rc = sl_audit_clean_json(out, sl_buf_view(&whole), err);
  if (!rc) { /* without the braces */
    sl_buf_drop(out, 1);
    sl_buf_cut(out, out->n - 1);
  }
  sl_buf_free(&whole);
  return rc;
}

/* `{"seq":..,"time":..,FIELDS,"prev":".."` then its hash. */
static int record_make(struct sl_buf *b, const struct tail *t, struct sl_str fields, sl_ms now, char hash[65], struct sl_err *err)
{
  struct sl_buf safe;
  sl_buf_init(&safe, SL_AUDIT_LINE);
  int rc = clean(&safe, fields, err);
  sl_buf_printf(b, "{\"seq\":%llu,\"time\":\"", (unsigned long long)t->seq + 1);
  sl_time_rfc3339(b, now);
  sl_buf_z(b, "\",");
  sl_buf_str(b, sl_buf_view(&safe));
  sl_buf_printf(b, ",\"prev\":\"%s\"", t->hash);
  sl_buf_free(&safe);
  if (rc && rc != SL_ELIMIT)
    return rc;
  if (rc)
    b->failed = rc;
  if (sl_buf_check(b, NULL))
    return sl_err_set(err, b->failed, "%s", b->failed == SL_ELIMIT ? "the audit record is too long; act on fewer rows at once"
        : "out of memory");
  struct sl_sha256 d = sl_sha256(sl_buf_view(b));
  sl_sha256_hex(&d, hash);
  sl_buf_printf(b, ",\"hash\":\"%s\"}\n", hash);
  return sl_buf_check(b, err);
}

static int head_write(const char *path, uint64_t seq, const char *hash, struct sl_err *err)
{
  char *head = sl_asprintf("%s.head", path), text[128];
  if (!head)
    return sl_err_nomem(err);
  int n = snprintf(text, sizeof text, "%llu %s\n", (unsigned long long)seq, hash);
  int rc = sl_file_write(head, sl_strn(text, (size_t)n), 0600, err);
  sl_free(head);
  return rc;
}

/* What audit.head says: SL_OK and its number and hash; ENOENT: there is none. */
static int head_read(const char *path, uint64_t *seq, char hash[65])
{
  char *head = sl_asprintf("%s.head", path);
  struct sl_buf b;
  struct sl_str rest, number;
  if (!head)
    return SL_ENOMEM;
  sl_buf_init(&b, 8192);
  int rc = sl_file_read(&b, head, 4096, NULL);
  rest = sl_str_trim(sl_buf_view(&b));
  if (!rc && (!sl_str_cut(&rest, ' ', &number) || !sl_str_u64(number, seq) || rest.n != 64))
    rc = SL_EPARSE;
  if (!rc) {
    memcpy(hash, rest.p, 64);
    hash[64] = 0;
  }
  sl_buf_free(&b);
  sl_free(head);
  return rc;
}

/* A writer that died between its record and the head left the head one behind: it is brought up before it could fall back by two. Anything
 * else that does not fit is left for `verify` to name. */
static int head_catch_up(const char *path, const struct tail *t, const char *prev, struct sl_err *err)
{
  uint64_t seq = 0;
  char hash[65] = "";
  int rc = t->seq ? head_read(path, &seq, hash) : SL_OK;
  bool behind = t->seq && ((!rc && seq + 1 == t->seq && !strcmp(hash, prev)) || (rc == SL_ENOENT && t->seq == 1));
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err);
  return behind ? head_write(path, t->seq, t->hash, err) : SL_OK;
}

/* The head could not be written, as far as we know. New all the same (only its folder was not flushed): the record stands. Old: the record
 * is taken back. Nobody can tell: it stays, and catches up later. */
static int head_failed(int fd, const char *path, const struct tail *t, const char *mine, struct sl_err *err)
{
  uint64_t seq = 0;
  char hash[65] = "";
  int rc = head_read(path, &seq, hash);
  if (!rc && seq == t->seq + 1 && !strcmp(hash, mine))
    return SL_OK;
  if ((!rc || rc == SL_ENOENT) && ftruncate(fd, t->size))
    return sl_err_sys(err, errno, "cannot take back a record of the audit %s", path);
  return SL_EIO;
}

/* Half a line becomes its own, so that the next record begins at a line's start; the record says what was found. */
static int mend(int fd, const char *path, struct tail *t, sl_ms now, struct sl_err *err)
{
  struct sl_buf b;
  char hash[65];
  sl_buf_init(&b, SL_AUDIT_LINE);
  sl_buf_ch(&b, '\n');
  struct sl_buf rec;
  sl_buf_init(&rec, SL_AUDIT_LINE);
  int rc = record_make(&rec, t, SL_STR("\"kind\":\"mended\",\"detail\":\"the line before was torn: a write that did not end\""), now,
      hash, err);
  sl_buf_str(&b, sl_buf_view(&rec));
  if (!rc)
    rc = sl_buf_check(&b, err);
  if (!rc)
    rc = write_whole(fd, path, sl_buf_view(&b), t->size, err);
  if (!rc) {
    t->seq++;
    memcpy(t->hash, hash, 65);
    t->size += (off_t)b.n;
  }
  sl_buf_free(&rec);
  sl_buf_free(&b);
  return rc;
}

int sl_audit_append(const char *path, struct sl_str fields, sl_ms now, uint64_t *seq, struct sl_err *err)
{
  struct tail t;
  struct sl_buf b;
  char hash[65];
  int fd = -1, rc = open_locked(&fd, path, err);
  if (rc)
    return rc;
  sl_buf_init(&b, SL_AUDIT_LINE);
  rc = tail_read(fd, path, &t, err);
  if (!rc)
    rc = head_catch_up(path, &t, t.prev, err);
  if (!rc && t.torn)
    rc = mend(fd, path, &t, now, err);
  if (!rc)
    rc = record_make(&b, &t, fields, now, hash, err);
  if (!rc)
    rc = write_whole(fd, path, sl_buf_view(&b), t.size, err);
  if (!rc && head_write(path, t.seq + 1, hash, err))
    rc = head_failed(fd, path, &t, hash, err);
  if (!rc && seq)
    *seq = t.seq + 1;
  sl_buf_free(&b);
  close(fd);
  return rc;
}
