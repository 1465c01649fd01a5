/* app/find.c: which row is meant: by its ref, or by an id or name that fits exactly one. Several fit: they are all named, and nothing
 * happens. */
#include "app/session.h"

#include "base/fmt.h"
#include "base/mem.h"
#include "base/text.h"

struct finding {
  const char *text;
  bool done;
  int rc;
  size_t n;                          /* rows that fit */
  struct sl_buf *scratch;            /* ref of the first */
  struct sl_buf others;
  struct sl_err err;
  bool failed;                       /* a source did not answer, so that one row may be one of two */
};

static bool fits(const struct sl_batch *b, uint32_t row, const char *text)
{
  if (sl_str_eqz(sl_batch_id(b, row), text))
    return true;
  static const char *const names[] = { "id", "name", "uri" };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    int c = sl_schema_find(sl_batch_schema(b), sl_str(names[i]));
    if (c < 0)
      continue;
    struct sl_val v = sl_batch_get(b, row, (unsigned)c);
    if (!v.null && (v.type == SL_TEXT || v.type == SL_URI) && sl_str_eqz(v.u.s, text))
      return true;
  }
  return false;
}

static int look(struct finding *f, const struct sl_answer *a)
{
  uint64_t n = a->snap ? sl_snap_count(a->snap) : 0;
  for (uint64_t at = 0; at < n; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    int rc = sl_snap_page_wait(a->snap, at, n - at < SL_BATCH_ROWS ? (uint32_t)(n - at) : SL_BATCH_ROWS, &b, &f->err);
    for (uint32_t row = 0; !rc && row < sl_batch_count(b); row++) {
      if (!fits(b, row, f->text))
        continue;
      if (!f->n++)
        sl_batch_ref_text(b, row, f->scratch);
      if (f->n <= 8) {
        sl_buf_z(&f->others, f->n > 1 ? ", " : "");
        sl_batch_ref_text(b, row, &f->others);
      }
    }
    sl_batch_unref(b);
    if (rc)
      return rc;
  }
  return SL_OK;
}

static void changed(void *user, sl_watch id, const struct sl_answer *a)
{
  struct finding *f = user;
  (void)id;
  if (!a->done || f->done)
    return;
  f->done = true;
  f->rc = look(f, a);
  for (size_t i = 0; i < a->nsrc && !f->rc; i++)
    if (a->src[i].state == SL_FAILED) {
      f->failed = true;
      if (!f->n) {
        f->err = a->src[i].err;
        f->rc = f->err.code ? f->err.code : SL_ENET;
      }
    }
}

static int ask(struct sl_session *s, const struct sl_resource *res, struct finding *f, struct sl_err *err)
{
  struct sl_query like = sl_app_query(s->app, res, NULL), *q = NULL;
  sl_watch id = { 0 };
  if (res->scope_required)
    return sl_err_set(err, SL_EUSAGE, "name the row by its ref: CONNECTION:%s/ID", res->name);
  int rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = sl_ws_query(s->ws, q, true, changed, f, &id, err);
  if (!rc)
    rc = sl_session_wait(s, &f->done, err);
  sl_ws_unwatch(s->ws, id);
  sl_query_unref(q);
  if (!rc && f->rc && err)
    *err = f->err;
  return rc ? rc : f->rc;
}

static int find_row(struct sl_session *s, const struct sl_resource *res, const char *text, struct sl_found *out, struct sl_err *err)
{
  struct finding f = { .text = text, .scratch = &out->text };
  sl_buf_init(&f.others, 4096);
  int rc = ask(s, res, &f, err);
  if (!rc && !f.n)
    rc = sl_err_set(err, SL_ENOENT, "no row of %s has the id or name %s (sluice get %s lists them)", res->name, text, res->name);
  else if (!rc && f.n > 1)
    rc = sl_err_set(err, SL_EUSAGE, "%s fits %zu rows of %s: %s%s", text, f.n, res->name, sl_buf_zstr(&f.others), f.n > 8 ? ", ..." : "");
  sl_buf_free(&f.others);
  return rc;
}

int sl_session_find(struct sl_session *s, const struct sl_resource *res, const char *text, struct sl_found *out, struct sl_err *err)
{
  struct sl_err no_ref;
  sl_buf_init(&out->text, 64 << 10);
  sl_buf_init(&out->id, 64 << 10);
  sl_buf_z(&out->text, text);
  int rc = sl_buf_check(&out->text, err);
  if (rc)
    return rc;
  rc = sl_ref_parse(sl_buf_view(&out->text), &out->ref, &out->id, &no_ref);
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err); /* it may be one: not a reason to ask every connection */
  bool ref = !rc && sl_resource_find(out->ref.res);
  if (ref && !sl_str_eqz(out->ref.res, res->name))
    return sl_err_set(err, SL_EUSAGE, "%s names a row of %.*s, not of %s", text, SL_ARG(out->ref.res), res->name);
  if (ref)
    return SL_OK;
  sl_buf_clear(&out->text);
  sl_buf_clear(&out->id);
  rc = find_row(s, res, text, out, err);
  return rc ? rc : sl_ref_parse(sl_buf_view(&out->text), &out->ref, &out->id, err);
}

void sl_found_free(struct sl_found *f)
{
  sl_buf_free(&f->text);
  sl_buf_free(&f->id);
}

/* ---- addresses ---- */

struct resolving { bool done; int rc; struct sl_err err; struct sl_buf *uri, *conn; };

static void resolved(void *user, int rc, struct sl_str canonical, struct sl_str conn, const struct sl_err *err)
{
  struct resolving *r = user;
  r->done = true;
  r->rc = rc;
  if (rc && err)
    r->err = *err;
  sl_buf_clear(r->uri);
  sl_buf_clear(r->conn);
  sl_buf_str(r->uri, canonical);
  sl_buf_str(r->conn, conn);
}

int sl_session_resolve(struct sl_session *s, const char *text, struct sl_buf *uri, struct sl_buf *conn, struct sl_err *err)
{
  struct resolving r = { .uri = uri, .conn = conn };
  sl_watch id = { 0 };
  int rc = sl_ws_resolve(s->ws, sl_str(text), false, uri, conn, err);
  if (rc == SL_EAGAIN) {
    rc = sl_ws_resolve_newest(s->ws, sl_str(text), false, resolved, &r, &id, err);
    if (!rc)
      rc = sl_session_wait(s, &r.done, err);
    if (!rc && r.rc && err)
      *err = r.err;
    rc = rc ? rc : r.rc;
  }
  if (!rc && !conn->n)
    rc = sl_err_set(err, SL_EUSAGE, "no connection of this workspace serves %s; a zone or a connection with that root would", text);
  return rc;
}
