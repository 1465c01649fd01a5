/* app/list.c: one question, its rows on standard output.
 *
 * Rows are printed as they come where nothing later can change what stands above: one source, in the order that was asked for. Otherwise
 * they are printed when the answer is whole. Tables spill, so that neither needs memory for all rows. */
#include "app/session.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "model/engine.h"

enum { LIST_PAGE = SL_BATCH_ROWS };

struct listing {
  struct sl_session *s;
  struct sl_list *l;
  struct sl_rows *r;
  struct sl_map seen;                /* --watch: hash of the ref -> hash of the row */
  struct sl_source *src;             /* a copy of what the answer said at the end */
  size_t nsrc;
  uint64_t printed, last;            /* rows so far; hash of the last one */
  bool lost;                         /* a log's ring forgot lines before they were printed */
  bool done, breached;
  uint64_t grouped, left_out;        /* --group-by: rows that the groups are made of; values that no mean counts */
  int rc;
  struct sl_err err;
};

/* ---- exit codes ---- */

/* What the program works out itself has no other name to go by than the program's, and that stands before every note. */
static void source_note(const struct sl_source *s, const char *how, const char *what)
{
  if (sl_str_eqz(s->conn, "sluice"))
    sl_app_note("%s%s", how, what);
  else
    sl_app_note("%.*s: %s%s", SL_ARG(s->conn), how, what);
}

/* A statement over a resource fails with what the resource failed with: one line is enough. */
static bool said_before(const struct sl_source *src, size_t at)
{
  for (size_t i = 0; i < at; i++)
    if (src[i].state == SL_FAILED && sl_str_eq(src[i].conn, src[at].conn) && !strcmp(src[i].err.msg, src[at].err.msg))
      return true;
  return false;
}

int sl_sources_exit(const struct sl_app *a, const struct sl_source *src, size_t n, bool rows)
{
  size_t failed = 0, cut = 0;
  int code = 0;
  for (size_t i = 0; i < n; i++) {
    const char *what = src[i].err.msg[0] ? src[i].err.msg : sl_code_words(src[i].err.code);
    if (src[i].state == SL_FAILED) {
      if (!said_before(src, i))
        source_note(&src[i], "", what);
      code = code ? code : sl_code_exit(src[i].err.code);
      failed++;
    } else if (src[i].state == SL_CUT) {
      source_note(&src[i], "not all of it: ", src[i].note);
      cut++;
    }
  }
  if (failed && failed == n && !rows)
    return code ? code : SL_EXIT_FAILED;
  return (failed || cut) && !sl_args_has(a->args, SL_O_partial_ok) ? SL_EXIT_PARTIAL : SL_EXIT_OK;
}

/* ---- rows ---- */

/* Groups say themselves which of their columns are worth a look; JSON has all. */
static int group_columns(struct listing *x, const struct sl_answer *a)
{
  struct sl_want *want = NULL;
  bool all = !x->l->rows.want && (x->l->rows.format == SL_FMT_JSON || x->l->rows.format == SL_FMT_NDJSON);
  int rc = a->grouped && a->columns.n && !all ? sl_want_parse(&want, a->columns, &x->err) : SL_OK;
  if (rc || !want)
    return rc;
  sl_want_unref(x->l->rows.want);
  x->l->rows.want = want;
  return SL_OK;
}

static int open_rows(struct listing *x, const struct sl_answer *a)
{
  if (x->r || !a->snap)
    return SL_OK;
  int rc = group_columns(x, a);
  if (rc)
    return rc;
  return sl_rows_open(&x->r, &x->s->app->out, &x->l->rows, sl_snap_schema(a->snap), &x->err);
}

static bool prefix_stands(const struct listing *x, const struct sl_answer *a)
{
  const struct sl_query *q = &x->l->query;
  bool ordered = q->order || (q->res && q->res->order && !q->unordered);
  if (!a->snap || q->group || (q->kind != SL_Q_LIST && q->kind != SL_Q_FOLLOW))
    return false;
  return ordered ? a->nsrc == 1 && (a->src[0].did & SL_DID_ORDER) : a->nsrc == 1 || q->unordered;
}

static void judge(struct listing *x, const struct sl_batch *b)
{
  int state = x->l->breach ? sl_schema_find(sl_batch_schema(b), SL_STR("state")) : -1;
  for (uint32_t row = 0; state >= 0 && row < sl_batch_count(b); row++) {
    struct sl_val v = sl_batch_get(b, row, (unsigned)state);
    if (!v.null && (sl_str_eqz(v.u.s, "stale") || sl_str_eqz(v.u.s, "missing") || sl_str_eqz(v.u.s, "empty")))
      x->breached = true;
  }
}

static int each_page(struct listing *x, struct sl_snap *snap, uint64_t from,
                     int (*fn)(struct listing *x, const struct sl_batch *b))
{
  uint64_t n = sl_snap_count(snap);
  int rc = SL_OK;
  for (uint64_t at = from; at < n && !rc && !x->s->interrupted; at += LIST_PAGE) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, n - at < LIST_PAGE ? (uint32_t)(n - at) : LIST_PAGE, &b, &x->err);
    if (!rc)
      rc = fn(x, b);
    sl_batch_unref(b);
  }
  return rc;
}

static int put_page(struct listing *x, const struct sl_batch *b)
{
  judge(x, b);
  if (x->l->page)
    x->l->page(x->l->page_user, b);
  return sl_rows_put(x->r, b, &x->err);
}

static int scan_page(struct listing *x, const struct sl_batch *b)
{
  return sl_rows_scan(x->r, b, &x->err);
}

/* Where the rows begin that have not been printed. A log's ring forgets its oldest lines, so what was printed stands further up than it
 * did; when it is gone altogether, lines went by unseen, and that is said. */
static uint64_t unprinted(struct listing *x, struct sl_snap *snap)
{
  uint64_t n = sl_snap_count(snap), at = x->printed < n ? x->printed : n;
  if (x->l->query.res->shape != SL_LOG || !x->printed)
    return at;
  while (at > 0 && sl_snap_hash(snap, at - 1) != x->last)
    at--;
  x->lost |= at == 0;
  return at;
}

static int print_from(struct listing *x, struct sl_snap *snap)
{
  int rc = SL_OK;
  if (!x->printed && sl_rows_wants_scan(x->r))
    rc = each_page(x, snap, 0, scan_page);
  if (!rc)
    rc = each_page(x, snap, unprinted(x, snap), put_page);
  x->printed = sl_snap_count(snap);
  x->last = x->printed ? sl_snap_hash(snap, x->printed - 1) : 0;
  return rc;
}

/* ---- --watch ---- */

static uint64_t row_hash(const struct sl_batch *b, uint32_t row)
{
  uint64_t h = 1469598103934665603u;
  for (unsigned c = 0; c < sl_schema_count(sl_batch_schema(b)); c++) {
    const struct sl_col *col = sl_schema_col(sl_batch_schema(b), c);
    bool family = col->type == SL_FAMILY_F64 || col->type == SL_FAMILY_TEXT;
    if (col->flags & SL_COL_LIVE && !family)
      continue; /* ages and counters change by themselves; metrics are what one watches for */
    uint32_t key;
    struct sl_val v = sl_batch_get(b, row, c);
    h = (h ^ sl_val_hash(&v)) * 1099511628211u;
    for (uint32_t i = 0; family && sl_batch_pair(b, row, c, i, &key, &v); i++)
      h = (h ^ key ^ sl_val_hash(&v)) * 1099511628211u;
  }
  return h;
}

static int copy_cell(struct sl_batch *to, const struct sl_batch *b, uint32_t row, unsigned c)
{
  enum sl_type type = sl_schema_col(sl_batch_schema(b), c)->type;
  if (type != SL_FAMILY_F64 && type != SL_FAMILY_TEXT) {
    sl_batch_set(to, c, sl_batch_get(b, row, c));
    return SL_OK;
  }
  uint32_t key;
  struct sl_val v;
  for (uint32_t i = 0; sl_batch_pair(b, row, c, i, &key, &v); i++)
    sl_batch_key(to, c, sl_keys_name(sl_schema_keys(sl_batch_schema(b)), key), v);
  return SL_OK;
}

/* One row as a batch of its own. It has lost its connection, so the ref is made from what the page says. */
static int put_one(struct listing *x, const struct sl_batch *b, uint32_t row)
{
  struct sl_batch *one = NULL;
  char conn[256];
  int rc = sl_batch_new(&one, sl_batch_schema(b), &x->err);
  if (rc)
    return rc;
  sl_batch_row(one, SL_PUT, sl_batch_id(b, row));
  for (unsigned c = 0; c < sl_schema_count(sl_batch_schema(b)); c++)
    rc = copy_cell(one, b, row, c);
  snprintf(conn, sizeof conn, "%.*s", SL_ARG(sl_batch_conn(b, row)));
  rc = sl_batch_seal(one, &x->err);
  sl_rows_conn(x->r, conn);
  if (!rc)
    rc = sl_rows_put(x->r, one, &x->err);
  sl_rows_conn(x->r, NULL);
  sl_batch_unref(one);
  return rc;
}

static int watch_page(struct listing *x, const struct sl_batch *b)
{
  for (uint32_t row = 0; row < sl_batch_count(b); row++) {
    uint64_t ref = sl_batch_hash(b, row), now = row_hash(b, row), was;
    struct sl_str key = sl_strn((const char *)&ref, sizeof ref);
    if (sl_map_get(&x->seen, key, &was) && was == now)
      continue;
    int rc = sl_map_put(&x->seen, key, now, NULL, &x->err);
    rc = rc ? rc : put_one(x, b, row);
    if (rc)
      return rc;
  }
  return SL_OK;
}

/* ---- the answer ---- */

static int keep_sources(struct listing *x, const struct sl_answer *a)
{
  struct sl_source *copy = sl_calloc(a->nsrc ? a->nsrc : 1, sizeof *copy);
  if (!copy)
    return sl_err_nomem(&x->err);
  for (size_t i = 0; i < a->nsrc; i++) {
    copy[i] = a->src[i];
    copy[i].conn.p = sl_strndup(a->src[i].conn.n ? a->src[i].conn.p : "", a->src[i].conn.n);
    if (!copy[i].conn.p)
      copy[i].conn = SL_STR_NONE;
  }
  x->src = copy;
  x->nsrc = a->nsrc;
  return SL_OK;
}

static void free_sources(struct listing *x)
{
  for (size_t i = 0; i < x->nsrc; i++)
    sl_free((void *)(uintptr_t)x->src[i].conn.p);
  sl_free(x->src);
}

static int answer_watch(struct listing *x, const struct sl_answer *a)
{
  int rc = open_rows(x, a);
  if (rc || !a->snap || !x->r)
    return rc;
  if (x->l->query.kind == SL_Q_FOLLOW)
    rc = print_from(x, a->snap);
  else if (a->done)
    rc = each_page(x, a->snap, 0, watch_page);
  return rc ? rc : sl_rows_flush(x->r, &x->err);
}

static int answer_once(struct listing *x, const struct sl_answer *a)
{
  if (!a->done && !prefix_stands(x, a))
    return SL_OK;
  int rc = open_rows(x, a);
  if (!rc && !a->done && x->r && sl_rows_wants_scan(x->r))
    return SL_OK;
  if (!rc && x->r && a->snap)
    rc = print_from(x, a->snap);
  if (!rc && a->done)
    rc = keep_sources(x, a);
  x->grouped = a->grouped ? a->group_rows : 0;
  x->left_out = a->grouped ? a->group_left_out : 0;
  x->done = x->done || a->done;
  return rc;
}

static void changed(void *user, sl_watch id, const struct sl_answer *a)
{
  struct listing *x = user;
  (void)id;
  if (x->done)
    return;
  sl_app_progress_of(a);
  x->rc = x->l->watch ? answer_watch(x, a) : answer_once(x, a);
  if (x->rc)
    x->done = true;
  /* a follow that cannot begin would wait for ever */
  bool dead = a->nsrc > 0;
  for (size_t i = 0; i < a->nsrc; i++)
    dead = dead && (a->src[i].state == SL_FAILED || (x->l->query.kind == SL_Q_FOLLOW && a->src[i].state >= SL_WHOLE));
  if (x->l->watch && dead && !x->done) {
    x->done = true;
    x->rc = keep_sources(x, a);
  }
}

static int add_options(struct sl_session *s, struct sl_list *l, struct sl_err *err)
{
  const struct sl_args *args = s->app->args;
  struct sl_query *q = &l->query;
  const char *where = sl_args_text(args, SL_O_filter, NULL), *sort = sl_args_text(args, SL_O_sort, NULL);
  const char *group = sl_args_text(args, SL_O_group_by, NULL);
  int rc = SL_OK;
  if (where)
    rc = sl_filter_parse(&q->where, sl_str(where), sl_loop_wall(s->loop), sl_ws_tz(s->ws), err);
  if (!rc && sort)
    rc = sl_order_parse(&q->order, sl_str(sort), err);
  if (!rc)
    rc = sl_app_want(s->app, &l->rows.want, err);
  if (!rc && group)
    rc = sl_want_parse(&q->group, sl_str(group), err);
  if (l->rows.want && !q->want)
    q->want = sl_want_ref(l->rows.want);
  if (!q->limit)
    q->limit = sl_args_count(args, SL_O_limit, 0);
  q->deleted = sl_args_has(args, SL_O_deleted);
  /* A listing may be endless: whoever reads lines gets them as they come, unless an order was asked for. */
  q->unordered = q->res == &sl_res_objects && !sort && (s->app->format == SL_FMT_NDJSON || s->app->format == SL_FMT_CSV);
  l->rows.format = s->app->format;
  l->rows.show = (struct sl_show){ .now = sl_loop_wall(s->loop), .tz = s->person->tz, .ascii = s->app->out.ascii };
  return rc;
}

static void note_groups(const struct listing *x)
{
  const struct sl_list *l = x->l;
  if (!l->query.group || !x->grouped || l->rows.format == SL_FMT_JSON || l->rows.format == SL_FMT_NDJSON)
    return;
  if (l->rows.format == SL_FMT_TABLE)
    sl_app_note("%llu %s in %llu groups; sd is of n - 1",
                (unsigned long long)x->grouped, l->query.res->name, (unsigned long long)x->printed);
  if (x->left_out)
    sl_app_note("%llu values are NaN or infinite and in no mean: C.nan and C.infinite count them", (unsigned long long)x->left_out);
}

static int finish(struct listing *x)
{
  struct sl_app *a = x->s->app;
  int rc = x->rc;
  if (!rc && !x->r) /* nobody came so far: still an array, for whoever reads it */
    rc = sl_rows_open(&x->r, &a->out, &x->l->rows, NULL, &x->err);
  if (!rc)
    rc = sl_rows_end(x->r, &x->err);
  if (a->out.gone)
    return SL_EXIT_OK;
  if (rc)
    return sl_app_fail(a, &x->err);
  if (x->r && !x->l->watch)
    sl_app_notes(x->r);
  if (!x->l->watch)
    note_groups(x);
  if (x->s->interrupted)
    return SL_EXIT_INTERRUPTED;
  int code = sl_sources_exit(a, x->src, x->nsrc, x->printed > 0);
  if (x->lost) {
    sl_app_note("lines came faster than they were printed, and some are missing; without -f all of them come");
    code = code || sl_args_has(a->args, SL_O_partial_ok) ? code : SL_EXIT_PARTIAL;
  }
  if (!code && !x->printed && a->out.tty && a->format == SL_FMT_TABLE)
    sl_app_note("no rows");
  return code ? code : x->breached ? SL_EXIT_BREACH : SL_EXIT_OK;
}

/* lake:ZONE/@newest must be asked for before the listing below it can begin; of columns an engine may stand before it. */
static int resolve_newest(struct sl_session *s, struct sl_query *q, struct sl_buf *uri, struct sl_buf *conn, struct sl_err *err)
{
  bool address = q->res == &sl_res_objects || q->res == &sl_res_columns;
  if (!address || !q->scope.n || sl_str_find(q->scope, SL_STR("/@newest")) < 0)
    return SL_OK;
  struct sl_str rest = q->scope;
  struct sl_buf found;
  bool push;
  sl_buf_init(&found, 64 << 10);
  int rc = q->res == &sl_res_columns ? sl_engine_scope(q->scope, &rest, &push, err) : SL_OK;
  rc = rc ? rc : sl_session_resolve(s, rest.p, &found, conn, err); /* ended as the scope is */
  sl_buf_str(uri, sl_str_head(q->scope, (size_t)(rest.p - q->scope.p)));
  sl_buf_str(uri, sl_buf_view(&found));
  rc = rc ? rc : sl_buf_check(uri, err);
  sl_buf_free(&found);
  q->scope = sl_buf_view(uri);
  if (q->res == &sl_res_objects && !q->conn.n)
    q->conn = sl_buf_view(conn);
  return rc;
}

int sl_session_list(struct sl_session *s, struct sl_list *l)
{
  struct listing x = { .s = s, .l = l };
  struct sl_query *q = NULL;
  sl_watch id = { 0 };
  struct sl_buf uri, conn;
  sl_map_init(&x.seen);
  sl_buf_init(&uri, 64 << 10);
  sl_buf_init(&conn, 4096);
  int code, rc = add_options(s, l, &x.err);
  if (!rc)
    rc = resolve_newest(s, &l->query, &uri, &conn, &x.err);
  if (!rc && l->watch && l->rows.format == SL_FMT_JSON)
    rc = sl_err_set(&x.err, SL_EUSAGE, "an array that never ends is of no use: -o ndjson prints an object a line as they come");
  if (!rc)
    rc = sl_query_new(&q, &l->query, &x.err);
  if (!rc)
    rc = sl_ws_query(s->ws, q, !l->watch, changed, &x, &id, &x.err);
  if (!rc) {
    struct sl_err none;
    (void)!sl_session_wait(s, &x.done, &none);
    code = finish(&x);
    if (x.done && !l->watch)
      sl_session_settle(s);
    sl_ws_unwatch(s->ws, id);
  } else
    code = sl_app_fail(s->app, &x.err);
  sl_rows_free(x.r);
  free_sources(&x);
  sl_map_free(&x.seen);
  sl_buf_free(&uri);
  sl_buf_free(&conn);
  sl_query_unref(q);
  sl_filter_unref(l->query.where);
  sl_order_unref(l->query.order);
  sl_want_unref(l->query.want);
  sl_want_unref(l->query.group);
  sl_want_unref(l->rows.want);
  return code;
}

int sl_app_list(struct sl_app *a, unsigned flags, struct sl_list *l)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  int code, rc = sl_session_open(&s, a, flags, &err);
  if (rc) {
    code = sl_app_fail(a, &err);
    sl_want_unref(l->query.want);
  } else {
    code = sl_session_list(&s, l);
  }
  sl_session_close(&s);
  return code;
}

struct sl_query sl_app_query(const struct sl_app *a, const struct sl_resource *res, const char *scope)
{
  return (struct sl_query){ .res = res, .kind = SL_Q_LIST, .conn = sl_str(sl_args_text(a->args, SL_O_connection, NULL)),
                            .scope = sl_str(scope) };
}
