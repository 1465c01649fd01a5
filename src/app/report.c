/* app/report.c: what reports of score and drift have in common: rows that are kept, the head, the file. */
#include "app/report.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/manifest.h"

enum { BATCHES_MAX = 4096, REPORT_MAX = 64 << 20, HASHED_FILES = 10000 };
#define HASHED_BYTES ((int64_t)64 << 30)

int report_open(struct report_rows *r, const struct sl_app *a, struct sl_err *err)
{
  *r = (struct report_rows){ .path = sl_args_text(a->args, SL_O_report, NULL) };
  if (!r->path)
    return SL_OK;
  if (sl_args_has(a->args, SL_O_filter) || sl_args_has(a->args, SL_O_limit))
    return sl_err_set(err, SL_EUSAGE, "--report is of all rows: leave out --filter and --limit");
  return sl_document_kind(r->path, &r->html, err);
}

void report_free(struct report_rows *r)
{
  for (size_t i = 0; i < r->n; i++)
    sl_batch_unref(r->b[i]);
  sl_free(r->b);
  r->b = NULL;
  r->n = 0;
}

void report_keep(struct report_rows *r, const struct sl_batch *b)
{
  struct sl_err err;
  if (!r->path || r->rc)
    return;
  r->rc = sl_grow((void **)&r->b, &r->cap, r->n + 1, sizeof *r->b, BATCHES_MAX, &err);
  if (!r->rc)
    r->b[r->n++] = sl_batch_ref((struct sl_batch *)(uintptr_t)b);
}

bool report_next(const struct report_rows *r, struct report_row *at, size_t *batch)
{
  if (at->b)
    at->row++;
  while (!at->b || at->row >= sl_batch_count(at->b)) {
    if (*batch >= r->n)
      return false;
    *at = (struct report_row){ r->b[(*batch)++], 0 };
  }
  return true;
}

static struct sl_val cell(const struct report_row *at, const char *col)
{
  int i = sl_schema_find(sl_batch_schema(at->b), sl_str(col));
  return i < 0 ? sl_null(SL_TEXT) : sl_batch_get(at->b, at->row, (unsigned)i);
}

struct sl_str report_text(const struct report_row *at, const char *col)
{
  struct sl_val v = cell(at, col);
  return v.null || (v.type != SL_TEXT && v.type != SL_LIST) ? SL_STR("") : v.u.s;
}

double report_f64(const struct report_row *at, const char *col)
{
  struct sl_val v = cell(at, col);
  return v.null ? (double)NAN : v.type == SL_F64 ? v.u.f : v.type == SL_I64 ? (double)v.u.i : v.type == SL_BOOL ? v.u.b : (double)NAN;
}

/* ---- digests ---- */

static int file_digest(struct sl_session *s, const char *address, struct sl_buf *out, struct sl_err *err)
{
  struct sl_buf uri, conn;
  struct sl_str path;
  struct sl_manifest m;
  atomic_bool never = false;
  struct sl_manifest_budget left = { HASHED_BYTES, HASHED_FILES, &never };
  sl_buf_init(&uri, 64 << 10);
  sl_buf_init(&conn, 4096);
  int rc = sl_session_resolve(s, address, &uri, &conn, err);
  if (!rc && !sl_uri_path(sl_buf_view(&uri), &path))
    rc = sl_err_set(err, SL_EUNSUP, "no file of this machine");
  char *z = rc ? NULL : sl_strndup(path.p, path.n);
  int fd = z ? open(z, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
  if (!rc && fd < 0)
    rc = z ? sl_err_sys(err, errno, "cannot be opened") : sl_err_nomem(err);
  if (!rc)
    rc = sl_manifest_fd(&m, fd, NULL, &left, err);
  if (!rc)
    sl_buf_printf(out, "sha256:%s (%llu file%s, %lld bytes)", m.digest, (unsigned long long)m.files, m.files == 1 ? "" : "s",
                  (long long)m.bytes);
  sl_free(z);
  sl_buf_free(&uri);
  sl_buf_free(&conn);
  return rc;
}

/* models:/NAME/3 or models:/NAME@alias: what the registry's row says. */
static bool version_is(const struct sl_batch *b, uint32_t row, struct sl_str which, bool alias)
{
  int i = sl_schema_find(sl_batch_schema(b), alias ? SL_STR("aliases") : SL_STR("version"));
  struct sl_val v = i < 0 ? sl_null(SL_I64) : sl_batch_get(b, row, (unsigned)i);
  struct sl_str items = v.null || !alias ? SL_STR("") : v.u.s, one;
  uint64_t n;
  if (!alias)
    return !v.null && v.type == SL_I64 && sl_str_u64(which, &n) && (uint64_t)v.u.i == n;
  while (sl_list_next(&items, &one))
    if (sl_str_eq(one, which))
      return true;
  return false;
}

struct versions { bool done; struct sl_snap *snap; };

static void versions_come(void *user, sl_watch id, const struct sl_answer *a)
{
  struct versions *v = user;
  (void)id;
  v->done = a->done;
  if (a->done && a->snap && !v->snap)
    v->snap = sl_snap_ref(a->snap);
}

static void version_tell(const struct sl_batch *b, uint32_t row, struct sl_buf *out)
{
  struct report_row at = { b, row };
  struct sl_str digest = report_text(&at, "digest");
  sl_buf_printf(out, "version %.0f", report_f64(&at, "version"));
  if (digest.n)
    sl_buf_printf(out, ", digest %.*s", SL_ARG(digest));
  else
    sl_buf_z(out, ", no digest is recorded: sluice gate MODEL/VERSION computes the evidence that holds it");
}

static int version_digest(struct sl_session *s, struct sl_str name, struct sl_str which, bool alias, struct sl_buf *out, struct sl_err *err)
{
  struct sl_query like = { .res = &sl_res_versions, .kind = SL_Q_LIST, .scope = name, .no_cap = true }, *q = NULL;
  struct versions v = { .done = false };
  sl_watch id = { 0 };
  int rc = sl_query_new(&q, &like, err);
  rc = rc ? rc : sl_ws_query(s->ws, q, true, versions_come, &v, &id, err);
  rc = rc ? rc : sl_session_wait(s, &v.done, err);
  uint64_t n = v.snap ? sl_snap_count(v.snap) : 0;
  for (uint64_t at = 0; at < n && !rc && !out->n; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(v.snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && !out->n && i < sl_batch_count(b); i++)
      if (version_is(b, i, which, alias))
        version_tell(b, i, out);
    sl_batch_unref(b);
  }
  sl_ws_unwatch(s->ws, id);
  sl_snap_unref(v.snap);
  sl_query_unref(q);
  return rc;
}

/* ENOMEM alone is a failure of the document; whatever else is in the way stands in it. */
static int digest_of(struct sl_session *s, const char *address, struct sl_buf *out, struct sl_err *err)
{
  struct sl_str rest = sl_str(address), name, head = SL_STR("models:/");
  int rc;
  if (sl_str_starts(rest, SL_STR("sql:"))) {
    sl_buf_z(out, "a query: its rows have no digest");
    return SL_OK;
  }
  if (sl_str_starts(rest, head)) {
    rest = sl_str_from(rest, head.n);
    bool alias = sl_str_chr(rest, '@') >= 0;
    (void)sl_str_cut(&rest, alias ? '@' : '/', &name);
    struct sl_str which = sl_str_chr(rest, '/') >= 0 ? sl_str_head(rest, (size_t)sl_str_chr(rest, '/')) : rest;
    rc = version_digest(s, name, which, alias, out, err);
  } else {
    rc = file_digest(s, address, out, err);
  }
  if (rc == SL_ENOMEM)
    return rc;
  if (rc || (!out->n && !out->failed)) {
    sl_buf_clear(out);
    sl_buf_printf(out, "not known%s%s", rc ? ": " : "", rc ? err->msg : "");
  }
  return SL_OK;
}

/* ---- the head, the file ---- */

static int put_asked(struct sl_document *d, struct sl_session *s, const struct report_asked *asked, struct sl_err *err)
{
  static const char *const heads[] = { "", "" };
  const struct sl_identity *me = sl_ws_me(s->ws);
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  sl_document_heading(d, "What was asked");
  sl_document_code(d, sl_str(asked->command));
  sl_document_table(d, heads, 2, 0);
  sl_document_cell(d, SL_STR("when"));
  sl_time_rfc3339(&b, sl_ws_now(s->ws));
  sl_document_cell(d, sl_buf_view(&b));
  int rc = sl_buf_check(&b, err); /* each time: clearing forgets */
  sl_buf_clear(&b);
  sl_document_cell(d, SL_STR("by"));
  sl_buf_printf(&b, "%s (%s)", me->name, sl_known_name(me->known));
  sl_document_cell(d, sl_buf_view(&b));
  rc = rc ? rc : sl_buf_check(&b, err);
  sl_buf_clear(&b);
  sl_document_cell(d, SL_STR("with"));
  sl_buf_printf(&b, "sluice %s, build %.16s", sl_version(), sl_build_id());
  sl_document_cell(d, sl_buf_view(&b));
  rc = rc ? rc : sl_buf_check(&b, err);
  for (const char *const *in = asked->input; *in && !rc; in += 2) {
    if (!in[1])
      continue;
    sl_document_cell(d, sl_str(in[0]));
    sl_document_cell(d, sl_str(in[1]));
    sl_document_cell(d, SL_STR(""));
    sl_buf_clear(&b);
    rc = digest_of(s, in[1], &b, err);
    rc = rc ? rc : sl_buf_check(&b, err);
    sl_document_cell(d, sl_buf_view(&b));
  }
  sl_document_table_end(d);
  sl_buf_free(&b);
  return rc;
}

int report_begin(struct sl_document *d, struct sl_buf *out, const struct report_rows *r, struct sl_session *s,
                 const struct report_asked *asked, struct sl_err *err)
{
  if (r->rc)
    return sl_err_set(err, r->rc, "--report %s: too many rows for a document", r->path);
  sl_buf_init(out, REPORT_MAX);
  sl_document_begin(d, out, r->html, asked->title);
  sl_document_verdict(d, asked->verdict);
  return put_asked(d, s, asked, err);
}

int report_save(const struct report_rows *r, struct sl_document *d, struct sl_err *err)
{
  sl_document_end(d);
  int rc = sl_buf_check(d->out, err);
  return rc ? rc : sl_file_write(r->path, sl_buf_view(d->out), 0600, err);
}
