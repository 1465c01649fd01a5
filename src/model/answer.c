/* model/answer.c: what a query has come to: a source for each connection, one table, and runs that fill it.
 *
 * A run asks every source once. Rows of keyed resources go into the table that is there, as a generation a source; rows of logs and of
 * statements go to a new table, and the old one stays on the screen until the run has ended. Nothing that failed takes anything away. */
#include <stdio.h>

#include "base/mem.h"
#include "model/ws_int.h"

/* ---- one source ---- */

static bool ans_fresh_table(const struct ws_ans *a)
{
  return a->q->kind == SL_Q_SQL || a->q->kind == SL_Q_FOLLOW || (a->q->res && a->q->res->shape == SL_LOG);
}

static enum sl_shape ans_shape(const struct ws_ans *a)
{
  return a->q->kind == SL_Q_SQL || !a->q->res ? SL_LOG : a->q->res->shape;
}

/* The table's columns: the resource's, then those of each connection in their order, whoever answers first. */
static int union_add(struct sl_col **own, size_t *n, size_t *cap, const struct ws_ans *a, const struct ws_src *s, struct sl_err *err)
{
  for (size_t i = 0; s->serve && i < s->serve->nown; i++) {
    const struct sl_col *c = &s->serve->own[i];
    bool there = false;
    for (size_t k = 0; k < *n && !there; k++)
      there = strcmp((*own)[k].name, c->name) == 0;
    for (size_t k = 0; a->q->res && k < a->q->res->ncols && !there; k++)
      there = strcmp(a->q->res->cols[k].name, c->name) == 0;
    int rc = there ? SL_OK : sl_grow((void **)own, cap, *n + 1, sizeof **own, 4096, err);
    if (rc)
      return rc;
    if (!there)
      (*own)[(*n)++] = *c;
  }
  return SL_OK;
}

int ws_ans_union(const struct ws_ans *a, struct sl_schema **out, struct sl_err *err)
{
  struct sl_col *own = NULL;
  size_t n = 0, cap = 0;
  int rc = SL_OK;
  for (size_t i = 0; i < a->nsrc && !rc; i++)
    rc = union_add(&own, &n, &cap, a, a->src[i], err);
  const struct sl_resource *res = a->q->res;
  if (!rc)
    rc = sl_schema_new(out, res ? res->cols : NULL, res ? res->ncols : 0, own, n, err);
  if (!rc && res)
    rc = sl_schema_set_resource(*out, sl_str(res->name), err);
  if (rc) {
    sl_schema_unref(*out);
    *out = NULL;
  }
  sl_free(own);
  return rc;
}

static bool ans_one_kind(const struct ws_ans *a)
{
  for (size_t i = 1; i < a->nsrc; i++)
    if (a->src[i]->serve != a->src[0]->serve && (a->src[i]->serve->own != a->src[0]->serve->own || a->src[i]->serve->nown))
      return false;
  return true;
}

/* What the query names must exist somewhere, before anybody is asked. Resources without columns bring theirs with the answer. */
int ws_ans_check(struct ws_ans *a, struct sl_err *err)
{
  if (a->q->kind == SL_Q_SQL || !a->q->res || !a->q->res->ncols)
    return SL_OK;
  struct sl_schema *s = NULL;
  int rc = ws_ans_union(a, &s, err);
  if (!rc && a->q->where)
    rc = sl_filter_check(a->q->where, s, err);
  if (!rc && a->order)
    rc = sl_order_check(a->order, s, err);
  sl_schema_unref(s);
  return rc;
}

static int ans_table(struct ws_ans *a, struct sl_schema *head, struct sl_err *err)
{
  if (a->table)
    return SL_OK;
  struct sl_schema *s = NULL;
  int rc = SL_OK;
  if (a->q->kind == SL_Q_SQL || ans_one_kind(a))
    s = sl_schema_ref(head);
  else
    rc = ws_ans_union(a, &s, err);
  /* A listing that somebody wrote for a script is all of it, however long: it spills. Who watches sees the end. */
  bool listed = a->q->kind == SL_Q_LIST && (a->w->headless || a->q->no_cap);
  uint64_t ring = ans_shape(a) == SL_LOG && a->q->kind != SL_Q_SQL && a->q->res && !listed ? a->q->res->cap_rows : 0;
  if (!rc)
    rc = sl_table_open(&a->table, a->w->budget, s, ans_shape(a), ring, err);
  if (!rc && a->q->kind == SL_Q_SQL) { /* only now is it known what the statement answers */
    rc = a->q->where ? sl_filter_check(a->q->where, s, err) : SL_OK;
    if (!rc && a->order)
      rc = sl_order_check(a->order, s, err);
  }
  if (!rc) {
    sl_schema_unref(a->schema);
    a->schema = sl_schema_ref(s);
    a->replaced = true;
    a->table_runs = 1;
  }
  sl_schema_unref(s);
  return rc;
}

static int src_head(void *user, struct sl_schema *schema, unsigned did, int64_t total, struct sl_err *err)
{
  struct ws_src *s = user;
  struct ws_ans *a = s->a;
  int rc = ans_table(a, schema, err);
  if (rc)
    return rc;
  s->headed = true;
  if (a->q->kind == SL_Q_FOLLOW)
    a->stale = false;
  s->pub.did = did;
  s->pub.total = total;
  s->pub.rows = 0;
  s->pub.state = SL_FLOWING;
  s->pub.at = sl_loop_wall(a->w->l);
  if (ans_shape(a) == SL_KEYED)
    sl_table_gen_begin(a->table, s->pub.conn);
  ws_ans_mark(a, false);
  return SL_OK;
}

/* How many more rows this source may bring: a cap cuts, a limit that is reached in the right order is the whole answer. */
static uint64_t src_room(const struct ws_src *s, bool *limited)
{
  const struct ws_ans *a = s->a;
  uint64_t limit = a->q->limit && (s->pub.did & SL_DID_WHERE) && (s->pub.did & SL_DID_ORDER) ? a->q->limit : 0;
  uint64_t all = 0;
  for (size_t i = 0; i < a->nsrc; i++)
    all += a->src[i]->run_rows;
  uint64_t left = !a->cap ? UINT64_MAX : a->cap > all ? a->cap - all : 0;
  *limited = limit && limit - s->run_rows <= left;
  return *limited ? limit - s->run_rows : left;
}

/* The source has what it may bring: the request ends here, the backend hears it after its frame. */
static void src_full(struct ws_src *s, bool limited)
{
  struct sl_req *r = s->req;
  s->req = NULL;
  if (r)
    ws_req_drop(r);
  s->said = false;
  if (limited)
    snprintf(s->pub.note, sizeof s->pub.note, "first %llu, as asked", (unsigned long long)s->run_rows);
  else if (s->pub.total > 0 && (uint64_t)s->pub.total > s->run_rows)
    snprintf(s->pub.note, sizeof s->pub.note, "first %llu of %lld", (unsigned long long)s->run_rows, (long long)s->pub.total);
  else
    snprintf(s->pub.note, sizeof s->pub.note, "first %llu of more", (unsigned long long)s->run_rows);
  ws_src_ended(s, limited ? SL_WHOLE : SL_CUT, NULL);
}

static int src_apply(struct ws_src *s, struct sl_batch *b, uint32_t n, struct sl_err *err)
{
  struct ws_ans *a = s->a;
  struct sl_batch *head = NULL;
  int rc = ws_batch_head(&head, b, n, err);
  if (!rc)
    rc = sl_table_apply(a->table, s->pub.conn, &head, err);
  sl_batch_unref(head);
  return rc;
}

static int src_rows(void *user, struct sl_batch **take, struct sl_err *err)
{
  struct ws_src *s = user;
  struct ws_ans *a = s->a;
  if (s->over)
    return SL_ECANCELED; /* it goes on after it was full */
  bool limited;
  uint64_t room = src_room(s, &limited);
  uint32_t have = sl_batch_count(*take), n = room < have ? (uint32_t)room : have;
  int rc = n ? src_apply(s, *take, n, err) : SL_OK;
  if (rc)
    return rc;
  s->run_rows += n;
  s->pub.rows = s->run_rows;
  s->pub.at = sl_loop_wall(a->w->l);
  bool over = have > n, reached = limited && s->run_rows >= a->q->limit;
  if (over || reached) {
    src_full(s, limited);
    return SL_EAGAIN;
  }
  ws_ans_mark(a, false);
  return a->paused ? SL_EAGAIN : SL_OK;
}

static int src_doc(void *user, struct sl_str json)
{
  struct ws_src *s = user;
  sl_buf_clear(&s->a->doc);
  sl_buf_str(&s->a->doc, json);
  ws_ans_mark(s->a, false);
  return SL_OK;
}

static void src_say(void *user, const char *words)
{
  struct ws_src *s = user;
  ws_note_set(s->pub.note, words);
  s->said = true;
  ws_ans_mark(s->a, false);
}

static void src_end(void *user, int rc, const char *cut_note, const struct sl_err *err)
{
  struct ws_src *s = user;
  struct ws_ans *a = s->a;
  s->req = NULL;
  if (!rc && !s->headed && a->q->kind != SL_Q_SQL) { /* nothing there is an answer too */
    struct sl_schema *schema = NULL;
    struct sl_err e = { 0 };
    rc = ws_schema_get(a->w, &schema, a->q->res, s->serve ? s->serve->own : NULL, s->serve ? s->serve->nown : 0, &e);
    if (!rc)
      rc = src_head(s, schema, SL_DID_WHERE | SL_DID_ORDER, 0, &e);
    if (rc) {
      ws_src_ended(s, SL_FAILED, &e);
      return;
    }
  }
  if (s->said)
    s->pub.note[0] = 0;
  s->said = false;
  if (cut_note)
    ws_note_set(s->pub.note, cut_note);
  ws_src_ended(s, rc ? SL_FAILED : cut_note ? SL_CUT : SL_WHOLE, err);
}

static const struct ws_req_sink src_sink = { .head = src_head, .rows = src_rows, .doc = src_doc, .say = src_say, .end = src_end };

void ws_src_ended(struct ws_src *s, enum sl_src_state state, const struct sl_err *err)
{
  struct ws_ans *a = s->a;
  struct sl_err e = { 0 };
  if (s->over)
    return;
  s->over = true;
  a->replaced |= a->select_failed; /* shown once more: what failed may go well now, and may not look whole if not */
  if (s->headed && a->table && ans_shape(a) == SL_KEYED && sl_table_gen_end(a->table, s->pub.conn, state == SL_WHOLE, &e)) {
    state = SL_FAILED;
    err = &e;
  }
  s->pub.state = state;
  s->pub.at = sl_loop_wall(a->w->l);
  s->pub.err = state == SL_FAILED && err ? *err : (struct sl_err){ 0 };
  if (state == SL_WHOLE && s->pub.total < 0)
    s->pub.total = (int64_t)s->run_rows;
  s->good = s->good || s->headed;
  if (a->left && !--a->left)
    ws_ans_ended(a);
  ws_ans_mark(a, !a->running);
}

void ws_src_start(struct ws_src *s, struct sl_query *q)
{
  struct ws_ans *a = s->a;
  struct ws_req_spec spec = { .kind = q->kind == SL_Q_SQL ? WS_REQ_SQL : WS_REQ_QUERY, .b = s->b, .q = q, .idle_ms = q->idle_ms,
                              .total_ms = q->total_ms, .sink = &src_sink, .user = s };
  struct sl_err e = s->pub.err;
  struct sl_req *r = NULL;
  uint64_t run = a->run;
  a->pins++;
  int rc = s->b ? ws_req_start(&r, &spec, &e) : SL_EUNSUP;
  a->pins--;
  if (rc)
    ws_src_ended(s, SL_FAILED, &e);
  else if (a->run == run && !s->over)
    s->req = r;
  else if (r && r->sink)
    ws_req_drop(r);
}

/* ---- the answer ---- */

/* A log has its ring instead. */
static uint64_t cap_of(const struct sl_ws *w, const struct sl_query *q)
{
  if (q->no_cap || q->limit || w->headless || !q->res || (q->res->shape == SL_LOG && q->kind != SL_Q_SQL))
    return 0;
  return q->res->cap_rows;
}

int ws_ans_new(struct sl_ws *w, struct ws_ans **out, struct sl_query *q, uint64_t cap, struct sl_err *err)
{
  *out = NULL;
  struct ws_ans *a = sl_calloc(1, sizeof *a);
  if (!a)
    return sl_err_nomem(err);
  *a = (struct ws_ans){ .w = w, .q = sl_query_ref(q), .ended = -1, .next = w->answers };
  a->order = q->order ? sl_order_ref(q->order) : NULL;
  a->cap = cap == UINT64_MAX ? cap_of(w, q) : cap;
  sl_buf_init(&a->doc, 8 << 20);
  if (w->answers)
    w->answers->prev = a;
  w->answers = a;
  int rc = ws_ans_sources(a, err);
  if (!rc)
    rc = ws_ans_check(a, err);
  if (!rc && q->kind == SL_Q_SQL)
    rc = ws_sql_inputs(a, err);
  if (!rc)
    rc = ws_ans_pub(a, err);
  if (rc)
    ws_ans_free(a);
  else
    *out = a;
  return rc;
}

static void src_free(struct ws_src *s)
{
  if (!s)
    return;
  if (s->req)
    ws_req_drop(s->req);
  sl_free(s);
}

void ws_ans_stop(struct ws_ans *a)
{
  for (size_t i = 0; i < a->nsrc; i++) {
    struct sl_req *r = a->src[i]->req;
    a->src[i]->req = NULL;
    if (r)
      ws_req_drop(r);
  }
  ws_sql_stop(a);
  sl_timer_stop(a->w->l, &a->poll);
  a->running = false;
  a->left = 0;
}

void ws_ans_free(struct ws_ans *a)
{
  struct sl_ws *w = a->w;
  ws_ans_stop(a);
  if (a->op)
    sl_snap_cancel(a->op);
  for (size_t i = 0; i < a->nsrc; i++)
    src_free(a->src[i]);
  sl_free(a->src);
  for (size_t i = 0; i < a->ninput; i++) {
    sl_free(a->input[i].name);
    sl_query_unref(a->input[i].q);
    sl_snap_unref(a->input[i].snap);
    sl_free(a->input[i].src);
  }
  sl_free(a->input);
  sl_free(a->statement);
  sl_free(a->pub);
  sl_query_unref(a->run_q);
  sl_snap_unref(a->snap);
  sl_snap_unref(a->base);
  if (a->table)
    sl_table_close(a->table);
  sl_schema_unref(a->schema);
  sl_order_unref(a->order);
  sl_query_unref(a->q);
  sl_buf_free(&a->doc);
  if (a->prev)
    a->prev->next = a->next;
  else
    w->answers = a->next;
  if (a->next)
    a->next->prev = a->prev;
  sl_free(a);
}

static int ans_src_add(struct ws_ans *a, struct sl_backend *b, const struct sl_serve *serve, struct sl_err *err)
{
  struct ws_src *s = sl_calloc(1, sizeof *s);
  struct ws_src **grown = s ? sl_realloc_array(a->src, a->nsrc + 1, sizeof *grown) : NULL;
  if (!grown) {
    sl_free(s);
    return sl_err_nomem(err);
  }
  *s = (struct ws_src){ .a = a, .b = b, .serve = serve };
  s->pub.conn = sl_str(b->name);
  s->pub.total = -1;
  a->src = grown;
  a->src[a->nsrc++] = s;
  return SL_OK;
}

static struct ws_src *ans_src_named(const struct ws_ans *a, struct sl_str conn)
{
  for (size_t i = 0; i < a->nsrc; i++)
    if (sl_str_eq(a->src[i]->pub.conn, conn))
      return a->src[i];
  return NULL;
}

static void rows_gone(struct ws_ans *a, struct sl_str conn)
{
  if (!a->table || ans_shape(a) != SL_KEYED)
    return;
  for (int i = 0; i < 2; i++) { /* struck by the first, gone by the second */
    sl_table_gen_begin(a->table, conn);
    if (sl_table_gen_end(a->table, conn, true, NULL))
      return; /* no memory: they stay, struck out */
  }
}

static int none_serves(const struct ws_ans *a, struct sl_err *err)
{
  const char *res = a->q->res ? a->q->res->name : "this";
  struct sl_buf types;
  sl_buf_init(&types, 200);
  for (size_t i = 0; a->w->backends && a->w->backends[i]; i++)
    for (size_t k = 0; a->w->backends[i]->serves && a->w->backends[i]->serves[k]; k++)
      if (a->w->backends[i]->serves[k]->res == a->q->res)
        sl_buf_printf(&types, "%s%s", types.n ? ", " : "", a->w->backends[i]->type);
  int rc = types.n ? sl_err_set(err, SL_EUNSUP, "no connection of this workspace has %s; add one of type %s", res, sl_buf_zstr(&types))
                   : sl_err_set(err, SL_EUNSUP, "nothing in this build has %s", res);
  sl_buf_free(&types);
  return rc;
}

static int named_source(struct ws_ans *a, struct sl_err *err)
{
  const struct sl_ws *w = a->w;
  struct sl_backend *b = ws_conn_find(w, a->q->conn);
  if (!b) {
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < w->nconn && n < 64; i++)
      names[n++] = w->conn[i]->name;
    const char *near = sl_str_nearest(a->q->conn, names, n);
    return sl_err_set(err, SL_EUSAGE, "no connection %.*s in this workspace%s%s%s", SL_ARG(a->q->conn), near ? "; did you mean " : "",
                      near ? near : "", near ? "?" : "");
  }
  const char *why = NULL;
  if (a->q->kind == SL_Q_SQL) {
    if (!b->ops->sql)
      return sl_err_set(err, SL_EUNSUP, "connection %s (%s) runs no SQL", b->name, b->ops->type);
    return ans_src_add(a, b, NULL, err);
  }
  const struct sl_serve *serve = ws_conn_serves(b, a->q->res, &why);
  if (!serve)
    return sl_err_set(err, SL_EUNSUP, "connection %s (%s) has no %s%s%s", b->name, b->ops->type, a->q->res->name, why ? ": " : "",
                      why ? why : "");
  return ans_src_add(a, b, serve, err);
}

/* Sources of connections that are no more go, with their rows; new ones are added in the order of the workspace. */
int ws_ans_sources(struct ws_ans *a, struct sl_err *err)
{
  struct ws_src **old = a->src;
  size_t nold = a->nsrc;
  a->src = NULL;
  a->nsrc = 0;
  int rc = SL_OK;
  if (a->q->conn.n || a->q->kind == SL_Q_SQL) {
    rc = named_source(a, err);
  } else {
    for (size_t i = 0; i < a->w->nconn && !rc; i++) {
      const struct sl_serve *serve = ws_conn_serves(a->w->conn[i], a->q->res, NULL);
      if (serve)
        rc = ans_src_add(a, a->w->conn[i], serve, err);
    }
    if (!rc && !a->nsrc)
      rc = none_serves(a, err);
  }
  for (size_t i = 0; i < nold; i++) { /* what stays keeps its state */
    struct ws_src *now = ans_src_named(a, old[i]->pub.conn);
    if (now) {
      struct sl_str conn = now->pub.conn;
      now->pub = old[i]->pub;
      now->pub.conn = conn;
      now->good = old[i]->good;
    } else if (!rc) {
      rows_gone(a, old[i]->pub.conn);
    }
    src_free(old[i]);
  }
  sl_free(old);
  return rc;
}

/* A reload took the only connection away: one source stays and says so. */
void ws_ans_lost(struct ws_ans *a, const struct sl_err *err)
{
  for (size_t i = 0; i < a->nsrc; i++)
    src_free(a->src[i]);
  a->nsrc = 0;
  struct ws_src *s = sl_calloc(1, sizeof *s);
  struct ws_src **grown = s ? sl_realloc_array(a->src, 1, sizeof *grown) : NULL;
  if (!grown) {
    sl_free(s);
    return;
  }
  *s = (struct ws_src){ .a = a };
  s->pub = (struct sl_source){ .conn = a->q->conn, .total = -1, .err = *err };
  a->src = grown;
  a->src[a->nsrc++] = s;
}

/* What watchers read is one array: the sources, then what a statement read beforehand. */
int ws_ans_pub(struct ws_ans *a, struct sl_err *err)
{
  size_t n = a->nsrc;
  for (size_t i = 0; i < a->ninput; i++)
    n += a->input[i].nsrc;
  int rc = sl_grow((void **)&a->pub, &a->cappub, n ? n : 1, sizeof *a->pub, 100000, err);
  a->npub = 0;
  for (size_t i = 0; i < a->nsrc && a->npub < a->cappub; i++)
    a->pub[a->npub++] = a->src[i]->pub;
  for (size_t i = 0; i < a->ninput; i++)
    for (size_t k = 0; k < a->input[i].nsrc && a->npub < a->cappub; k++)
      a->pub[a->npub++] = a->input[i].src[k];
  return rc;
}

/* ---- runs ---- */

static void run_reset(struct ws_ans *a)
{
  a->run++;
  a->running = true;
  a->began = sl_loop_now(a->w->l);
  a->again = false;
  a->wanted = false;
  a->left = (unsigned)a->nsrc;
  a->stale = a->had;
  if (ans_fresh_table(a) && (a->table || a->base)) {
    if (a->table)
      sl_table_close(a->table);
    sl_snap_unref(a->base);
    a->table = NULL;
    a->base = NULL;
    a->replacing = a->q->kind != SL_Q_FOLLOW; /* which never ends: its lines are shown as they come */
  }
  a->table_runs++;
  for (size_t i = 0; i < a->nsrc; i++) {
    struct ws_src *s = a->src[i];
    s->headed = false;
    s->run_rows = 0;
    s->pub.state = SL_ASKED;
    s->over = false;
    s->pub.note[0] = 0;
    if (s->b)
      s->pub.err = (struct sl_err){ 0 };
  }
}

void ws_ans_run(struct ws_ans *a)
{
  if (a->running || a->w->closing) {
    return;
  }
  sl_timer_stop(a->w->l, &a->poll);
  run_reset(a);
  a->pins++;
  uint64_t run = a->run;
  if (a->q->kind == SL_Q_SQL) {
    ws_sql_run(a);
  } else if (!a->nsrc) { /* the last connection went with a reload */
    ws_ans_ended(a);
  } else {
    for (size_t i = 0; i < a->nsrc && a->run == run && a->running; i++)
      ws_src_start(a->src[i], a->q);
  }
  ws_ans_mark(a, !a->running);
  a->pins--;
}

static unsigned count_failed(const struct ws_ans *a)
{
  unsigned n = 0;
  for (size_t i = 0; i < a->nsrc; i++)
    n += a->src[i]->pub.state == SL_FAILED;
  return n;
}

void ws_ans_ended(struct ws_ans *a)
{
  unsigned failed = count_failed(a);
  a->running = false;
  a->left = 0;
  a->ended = sl_loop_now(a->w->l);
  a->fails = failed ? a->fails + 1 : 0;
  if (a->replacing && failed == a->nsrc && a->table) { /* nothing came that could take the old one's place */
    sl_table_close(a->table);
    a->table = NULL;
  } else if (a->replacing && !a->table && failed < a->nsrc) { /* an answer without columns replaces the old one, too */
    sl_snap_unref(a->snap);
    a->snap = NULL;
  }
  a->stale = a->had && failed;
  if (a->table)
    a->replacing = false;
  a->had = a->had || failed < a->nsrc;
  if (a->again && a->watchers)
    ws_ans_run(a);
  else
    ws_ans_schedule(a);
}

void ws_ans_paused(struct ws_ans *a, bool paused)
{
  if (a->paused == paused)
    return;
  a->paused = paused;
  for (size_t i = 0; i < a->nsrc && !paused; i++)
    if (a->src[i]->req)
      ws_req_resume(a->src[i]->req);
}
