/* model/bytes.c: reading an address, and addresses that need asking first. One object for both: find out what @newest is, then read. */
#include "base/mem.h"
#include "model/ws_int.h"

enum { NEWEST_AGE_MS = 30000, NEWEST_LOOK = 1024 };

struct ws_bytes {
  struct ws_bytes *next;
  struct sl_ws *w;
  sl_watch id, inner;             /* ours; of the partitions */
  struct sl_req *req;
  char *uri;
  bool foreign, dead;
  unsigned pins;
  sl_resolved *resolved;          /* resolving only */
  struct sl_bytes_fn fn;
  void *user;
  uint64_t off, len, at;
  int64_t size;
  struct sl_snap *parts;
};

static void bytes_free(struct ws_bytes *b)
{
  if (b->pins || !b->dead)
    return;
  sl_snap_unref(b->parts);
  sl_free(b->uri);
  sl_free(b);
}

/* Out of the lists; what waits for it is dropped. */
static void bytes_leave(struct ws_bytes *b)
{
  struct sl_ws *w = b->w;
  if (b->dead)
    return;
  b->dead = true;
  struct ws_bytes **at = &w->reads;
  while (*at && *at != b)
    at = &(*at)->next;
  if (*at)
    *at = b->next;
  if (b->req)
    ws_req_drop(b->req);
  b->req = NULL;
  if (b->inner.v)
    sl_ws_unwatch(w, b->inner);
  b->inner.v = 0;
  struct ws_watch *x = ws_watch_get(w, b->id);
  if (x) {
    x->bytes = NULL;
    ws_watch_free(w, b->id);
  }
}

void ws_bytes_drop(struct ws_bytes *b)
{
  bytes_leave(b);
  bytes_free(b);
}

static void bytes_done(struct ws_bytes *b, int rc, const struct sl_err *err)
{
  b->pins++;
  bytes_leave(b);
  if (b->resolved)
    b->resolved(b->user, rc, SL_STR_NONE, SL_STR_NONE, err);
  else
    b->fn.done(b->user, rc, b->size, rc ? err : NULL);
  b->pins--;
  bytes_free(b);
}

/* ---- reading ---- */

static int read_bytes(void *user, const void *p, size_t n)
{
  struct ws_bytes *b = user;
  uint64_t at = b->at;
  b->at += n;
  return b->fn.data ? b->fn.data(b->user, at, p, n) : SL_OK;
}

static void read_size(void *user, int64_t size)
{
  struct ws_bytes *b = user;
  b->size = size;
}

static void read_end(void *user, int rc, const char *cut_note, const struct sl_err *err)
{
  struct ws_bytes *b = user;
  struct sl_err e = { 0 };
  b->req = NULL;
  if (!rc && cut_note) {
    rc = sl_err_set(&e, SL_EPARTIAL, "%s: %s", b->uri, cut_note);
    err = &e;
  }
  bytes_done(b, rc, err);
}

static int bytes_start(struct ws_bytes *b, struct sl_str canonical, struct sl_str conn, struct sl_err *err)
{
  static const struct ws_req_sink sink = { .bytes = read_bytes, .size = read_size, .end = read_end };
  struct sl_backend *c = ws_conn_find(b->w, conn);
  if (!c)
    return sl_err_set(err, SL_EUSAGE, "no connection %.*s", SL_ARG(conn));
  struct ws_req_spec spec = { .kind = b->len ? WS_REQ_READ : WS_REQ_STAT, .b = c, .uri = canonical, .off = b->off, .len = b->len,
                              .sink = &sink, .user = b };
  struct sl_req *r = NULL;
  b->pins++;
  int rc = ws_req_start(&r, &spec, err);
  b->pins--;
  if (!rc && !b->dead)
    b->req = r;
  return rc;
}

/* ---- the newest partition ---- */

static void newest_look(void *user);

static void bytes_go(struct ws_bytes *b, const char *newest)
{
  struct sl_buf canonical, conn;
  struct sl_err e = { 0 };
  sl_buf_init(&canonical, 64 << 10);
  sl_buf_init(&conn, 4096);
  b->pins++;
  int rc = ws_resolve_with(b->w, sl_str(b->uri), b->foreign, newest, &canonical, &conn, &e);
  if (!rc && b->resolved) {
    bytes_leave(b);
    b->resolved(b->user, SL_OK, sl_buf_view(&canonical), sl_buf_view(&conn), conn.n ? NULL : &e);
  } else {
    if (!rc && !conn.n)
      rc = e.code;
    if (!rc)
      rc = bytes_start(b, sl_buf_view(&canonical), sl_buf_view(&conn), &e);
    if (rc && !b->dead)
      bytes_done(b, rc, &e);
  }
  b->pins--;
  bytes_free(b);
  sl_buf_free(&canonical);
  sl_buf_free(&conn);
}

/* The first in falling order that is there and holds something. */
static bool newest_row(const struct sl_batch *rows, struct sl_buf *out)
{
  const struct sl_schema *s = sl_batch_schema(rows);
  int part = sl_schema_find(s, SL_STR("partition")), state = sl_schema_find(s, SL_STR("state"));
  for (uint32_t i = 0; part >= 0 && state >= 0 && i < sl_batch_count(rows); i++) {
    struct sl_val v = sl_batch_get(rows, i, (unsigned)state), name = sl_batch_get(rows, i, (unsigned)part);
    if (name.null || (!v.null && (sl_str_eqz(v.u.s, "missing") || sl_str_eqz(v.u.s, "empty"))))
      continue;
    sl_buf_str(out, name.u.s);
    return true;
  }
  return false;
}

static void newest_ready(void *user)
{
  struct ws_bytes *b = user;
  b->pins--;
  if (b->dead)
    bytes_free(b);
  else
    newest_look(b);
}

static void newest_look(void *user)
{
  struct ws_bytes *b = user;
  struct sl_batch *rows = NULL;
  struct sl_err e = { 0 };
  int rc = sl_snap_page(b->parts, 0, NEWEST_LOOK, &rows, newest_ready, b, &e);
  if (rc == SL_EAGAIN) {
    b->pins++;
    return;
  }
  struct sl_buf name;
  sl_buf_init(&name, 4096);
  if (!rc && !newest_row(rows, &name))
    rc = sl_err_set(&e, SL_ENOENT, "%s: the zone has no partition with anything in it", b->uri);
  sl_batch_unref(rows);
  if (rc)
    bytes_done(b, rc, &e);
  else
    bytes_go(b, sl_buf_zstr(&name));
  sl_buf_free(&name);
}

/* A partition that is newer may lie in what could not be listed: an older one in its place would be a wrong answer without a word. */
static void newest_unknown(struct ws_bytes *b, const struct sl_source *s)
{
  struct sl_err e = { 0 };
  sl_err_set(&e, SL_EIO, "%.200s: not all of the zone could be listed, so which partition is the newest is not known; name one: %.95s",
             b->uri, s->note[0] ? s->note : "the listing was cut");
  bytes_done(b, SL_EIO, &e);
}

static void newest_changed(void *user, sl_watch id, const struct sl_answer *a)
{
  struct ws_bytes *b = user;
  (void)id;
  if (!a->done)
    return;
  b->inner.v = 0;
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED) {
      bytes_done(b, a->src[i].err.code, &a->src[i].err);
      return;
    } else if (a->src[i].state == SL_CUT) {
      newest_unknown(b, &a->src[i]);
      return;
    }
  if (!a->snap || !sl_snap_count(a->snap)) {
    struct sl_err e = { 0 };
    sl_err_set(&e, SL_ENOENT, "%s: the zone has no partitions", b->uri);
    bytes_done(b, SL_ENOENT, &e);
    return;
  }
  b->parts = sl_snap_ref(a->snap);
  newest_look(b);
}

static int newest_ask(struct ws_bytes *b, struct sl_err *err)
{
  struct sl_query like = { .res = &sl_res_partitions, .scope = ws_lake_zone(sl_str(b->uri)), .max_age_ms = NEWEST_AGE_MS };
  struct sl_query *q = NULL;
  int rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = ws_ask(b->w, q, 0, true, newest_changed, b, &b->inner, err);
  sl_query_unref(q);
  return rc;
}

static void go_later(void *user)
{
  struct ws_bytes *b = user;
  b->pins--;
  if (b->dead)
    bytes_free(b);
  else
    bytes_go(b, NULL);
}

/* ---- the doors ---- */

static int bytes_new(struct ws_bytes **out, struct sl_ws *w, struct sl_str uri, struct sl_err *err)
{
  struct ws_bytes *b = sl_calloc(1, sizeof *b);
  if (!b)
    return sl_err_nomem(err);
  *b = (struct ws_bytes){ .w = w, .size = -1, .uri = sl_strndup(uri.p ? uri.p : "", uri.n) };
  struct ws_watch *x = NULL;
  int rc = w->closing ? sl_err_set(err, SL_ECANCELED, "the workspace is closing") : b->uri ? SL_OK : sl_err_nomem(err);
  if (!rc)
    rc = ws_watch_new(w, &x, &b->id, err);
  if (rc) {
    sl_free(b->uri);
    sl_free(b);
    return rc;
  }
  x->bytes = b;
  b->next = w->reads;
  w->reads = b;
  *out = b;
  return SL_OK;
}

/* Asks for the partitions where it must; else all is known and go_later() goes on. */
static int bytes_begin(struct ws_bytes *b, struct sl_err *err)
{
  struct sl_buf canonical, conn;
  struct sl_err e = { 0 };
  sl_buf_init(&canonical, 64 << 10);
  sl_buf_init(&conn, 4096);
  int rc = sl_ws_resolve(b->w, sl_str(b->uri), b->foreign, &canonical, &conn, &e);
  if (rc == SL_EAGAIN)
    rc = newest_ask(b, err);
  else if (rc)
    sl_err_set(err, rc, "%s", e.msg);
  else if (!conn.n && !b->resolved)
    rc = sl_err_set(err, e.code, "%s", e.msg);
  else if (!(rc = ws_later(b->w, go_later, b, err)))
    b->pins++;
  sl_buf_free(&canonical);
  sl_buf_free(&conn);
  return rc;
}

int sl_ws_resolve_newest(struct sl_ws *w, struct sl_str uri, bool foreign, sl_resolved *fn, void *user, sl_watch *out, struct sl_err *err)
{
  struct ws_bytes *b;
  out->v = 0;
  int rc = bytes_new(&b, w, uri, err);
  if (rc)
    return rc;
  b->foreign = foreign;
  b->resolved = fn;
  b->user = user;
  rc = bytes_begin(b, err);
  if (rc)
    ws_bytes_drop(b);
  else
    *out = b->id;
  return rc;
}

int sl_ws_bytes(struct sl_ws *w, struct sl_str uri, uint64_t off, uint64_t len, const struct sl_bytes_fn *fn, void *user, sl_watch *out,
                struct sl_err *err)
{
  struct ws_bytes *b;
  out->v = 0;
  int rc = bytes_new(&b, w, uri, err);
  if (rc)
    return rc;
  b->fn = *fn;
  b->user = user;
  b->off = b->at = off;
  b->len = len;
  rc = bytes_begin(b, err);
  if (rc)
    ws_bytes_drop(b);
  else
    *out = b->id;
  return rc;
}

void sl_ws_bytes_resume(struct sl_ws *w, sl_watch id)
{
  struct ws_watch *x = ws_watch_get(w, id);
  if (x && x->bytes && x->bytes->req)
    ws_req_resume(x->bytes->req);
}
