/* model/capsule_read.c: a capsule's bytes into what can be asked. They may come from anywhere: each length, checksum and count is checked
 * before it is used, and what is not exactly as we write it is no capsule. */
#include <string.h>

#include "model/capsule_int.h"

struct reader {
  struct sl_capsule *c;
  struct sl_map by_id;
  uint64_t records;
  size_t at;
  bool head, end;
};

const struct sl_resource *(*cap_resource)(struct sl_str name) = sl_resource_find;

static int bad(const struct reader *r, struct sl_err *err, const char *what)
{
  return sl_err_set(err, SL_EPARSE, "byte %zu: %s; this is no whole capsule", r->at, what);
}

static char *keep(struct sl_capsule *c, struct sl_str s)
{
  return sl_arena_strndup(&c->arena, s.p ? s.p : "", s.n);
}

/* ---- connections ---- */

static struct cap_conn *conn_find(const struct sl_capsule *c, struct sl_str name)
{
  for (size_t i = 0; i < c->nconn; i++)
    if (sl_str_eqz(name, c->conn[i]->ops.type))
      return c->conn[i];
  return NULL;
}

static int schemes_read(struct reader *r, struct sl_rd *d, struct cap_conn *k)
{
  size_t n = sl_rd_le(d, 2);
  if (d->bad || n > 64)
    return SL_EPARSE;
  const char **list = sl_arena_alloc(&r->c->arena, (n + 1) * sizeof *list);
  for (size_t i = 0; list && i < n; i++)
    if (!(list[i] = keep(r->c, sl_rd_lstr(d))))
      return SL_ENOMEM;
  k->ops.schemes = n ? list : NULL;
  return list ? SL_OK : SL_ENOMEM;
}

static int conn_read(struct reader *r, struct sl_rd *d, struct sl_err *err)
{
  struct sl_capsule *c = r->c;
  struct sl_str name = sl_rd_lstr(d), type = sl_rd_lstr(d);
  bool sql = sl_rd_le(d, 1);
  unsigned readonly = (unsigned)sl_rd_le(d, 1);
  bool bytes = sl_rd_le(d, 1);
  if (d->bad || !name.n || memchr(name.p, 0, name.n) || conn_find(c, name) || readonly > SL_RO_NONE)
    return bad(r, err, "a connection that is none");
  int rc = sl_grow((void **)&c->conn, &c->cap_conn, c->nconn + 1, sizeof *c->conn, CAP_CONNS, err);
  if (!rc) /* one more: the list ends in NULL */
    rc = sl_grow((void **)&c->ops, &c->cap_ops, c->nconn + 2, sizeof *c->ops, CAP_CONNS + 1, err);
  struct cap_conn *k = rc ? NULL : sl_arena_alloc(&c->arena, sizeof *k);
  if (!k)
    return rc ? rc : sl_err_nomem(err);
  k->c = c;
  k->ops.type = keep(c, name);
  k->ops.help = keep(c, type);
  k->ops.implicit = true;
  k->was = (struct sl_backend_was){ .type = k->ops.help, .state = "unknown", .latency_ms = -1 };
  k->ops.was = &k->was;
  if (!k->ops.type || !k->ops.help)
    return sl_err_nomem(err);
  cap_play_conn(k, sql, readonly, bytes);
  c->conn[c->nconn] = k;
  c->ops[c->nconn++] = &k->ops;
  c->ops[c->nconn] = NULL;
  rc = schemes_read(r, d, k);
  return rc == SL_EPARSE ? bad(r, err, "addresses that are none") : rc ? sl_err_nomem(err) : SL_OK;
}

/* ---- resources ---- */

static bool fits(const struct sl_schema *s, const struct sl_resource *res)
{
  bool ok = sl_schema_common(s) == res->ncols;
  for (size_t i = 0; ok && i < res->ncols; i++) {
    const struct sl_col *a = sl_schema_col(s, i), *b = &res->cols[i];
    ok = a->type == b->type && strcmp(a->name, b->name) == 0;
  }
  return ok;
}

static const struct sl_action *action_of(const struct sl_resource *res, struct sl_str name)
{
  for (size_t i = 0; res->actions && res->actions[i]; i++)
    if (sl_str_eqz(name, res->actions[i]->name))
      return res->actions[i];
  return NULL;
}

static int verbs_read(struct reader *r, struct sl_rd *d, struct cap_serve *s)
{
  size_t n = sl_rd_le(d, 2), have = 0;
  if (d->bad || n > 256)
    return SL_EPARSE;
  s->verb = sl_arena_alloc(&r->c->arena, (n + 1) * sizeof *s->verb);
  for (size_t i = 0; s->verb && i < n; i++) {
    const struct sl_action *act = action_of(s->serve.res, sl_rd_lstr(d));
    if (act)
      s->verb[have++].act = act;
  }
  s->serve.verbs = s->verb;
  s->serve.nverbs = have;
  return s->verb ? SL_OK : SL_ENOMEM;
}

static int serve_fill(struct reader *r, struct sl_rd *d, struct cap_serve *s)
{
  size_t common = sl_schema_common(s->schema), n = sl_schema_count(s->schema) - common;
  struct sl_col *own = sl_arena_alloc(&r->c->arena, (n + 1) * sizeof *own);
  if (!own)
    return SL_ENOMEM;
  for (size_t i = 0; i < n; i++)
    own[i] = *sl_schema_col(s->schema, common + i);
  s->serve.own = own;
  s->serve.nown = n;
  int rc = verbs_read(r, d, s);
  if (!rc)
    cap_play_serve(s);
  return rc;
}

static int serve_add(struct reader *r, struct cap_conn *k, struct cap_serve *s, struct sl_err *err)
{
  struct sl_capsule *c = r->c;
  int rc = sl_grow((void **)&c->serve, &c->cap_serve, c->nserve + 1, sizeof *c->serve, CAP_SERVES, err);
  if (!rc)
    c->serve[c->nserve++] = s; /* its schema is freed with the capsule from here on */
  else
    sl_schema_unref(s->schema);
  if (!rc)
    rc = sl_grow((void **)&k->serves, &k->cap, k->nserves + 2, sizeof *k->serves, CAP_SERVES, err);
  if (rc)
    return rc;
  k->serves[k->nserves++] = &s->serve;
  k->serves[k->nserves] = NULL;
  k->ops.serves = k->serves;
  return SL_OK;
}

/* A resource that this program does not know is left out; one that it knows with other columns cannot be shown as it was. */
static int serve_read(struct reader *r, struct sl_rd *d, struct sl_err *err)
{
  struct cap_conn *k = conn_find(r->c, sl_rd_lstr(d));
  struct sl_str name = sl_rd_lstr(d), text = sl_rd_lstr(d);
  const struct sl_resource *res = d->bad ? NULL : cap_resource(name);
  struct sl_schema *schema = NULL;
  if (d->bad || !k)
    return bad(r, err, "a resource of nobody");
  for (size_t i = 0; i < k->nserves; i++)
    if (k->serves[i]->res == res)
      return bad(r, err, "a resource twice");
  int rc = sl_schema_decode(&schema, text, err);
  if (rc)
    return rc == SL_ENOMEM ? rc : bad(r, err, "columns that are none");
  if (res && !fits(schema, res)) {
    sl_schema_unref(schema);
    return sl_err_set(err, SL_EUNSUP, "recorded by another version: %s had other columns", res->name);
  }
  struct cap_serve *s = res ? sl_arena_alloc(&r->c->arena, sizeof *s) : NULL;
  if (!s) {
    sl_schema_unref(schema);
    if (res)
      return sl_err_nomem(err);
    *d = sl_rd(SL_STR(""));
    return SL_OK;
  }
  s->schema = schema;
  s->serve.res = res;
  rc = serve_add(r, k, s, err);
  if (rc)
    return rc;
  rc = serve_fill(r, d, s);
  return rc == SL_EPARSE ? bad(r, err, "actions that are none") : rc ? sl_err_nomem(err) : SL_OK;
}

static int state_read(struct reader *r, struct sl_rd *d, struct sl_err *err)
{
  struct cap_conn *k = conn_find(r->c, sl_rd_lstr(d));
  if (d->bad || !k || k->told)
    return bad(r, err, "the state of nobody");
  k->told = true;
  int rc = cap_state_read(r->c, k, d);
  return rc == SL_EPARSE ? bad(r, err, "a state that is none") : rc ? sl_err_nomem(err) : SL_OK;
}

/* Understood when all connections are known. */
static int ws_read(struct reader *r, struct sl_rd *d, struct sl_err *err)
{
  if (r->c->has_ws)
    return bad(r, err, "two workspaces");
  r->c->has_ws = true;
  r->c->ws = sl_rd_lstr(d);
  return SL_OK;
}

/* ---- questions and the pieces of their answers ---- */

static int ask_read(struct reader *r, struct sl_str id, struct sl_rd *d, struct sl_err *err)
{
  struct sl_capsule *c = r->c;
  struct sl_str conn = sl_rd_lstr(d), key = sl_rd_lstr(d);
  bool known = conn_find(c, conn) || sl_str_eqz(conn, ws_own_ops.type);
  if (d->bad || !known || sl_map_get(&r->by_id, id, NULL))
    return bad(r, err, "a question to nobody");
  int rc = sl_grow((void **)&c->ask, &c->cap_ask, c->nask + 1, sizeof *c->ask, CAP_ASKS, err);
  if (rc)
    return rc;
  c->ask[c->nask] = (struct cap_ask){ .conn = conn, .key = key };
  rc = sl_map_put(&r->by_id, id, c->nask, NULL, err);
  c->nask++;
  return rc;
}

static int part_read(struct reader *r, uint8_t kind, struct sl_str id, struct sl_rd *d, struct sl_err *err)
{
  struct sl_capsule *c = r->c;
  uint64_t at;
  if (!sl_map_get(&r->by_id, id, &at))
    return bad(r, err, "an answer to nothing");
  struct cap_ask *a = &c->ask[at];
  struct sl_str rest = sl_strn((const char *)d->p, (size_t)(d->end - d->p));
  if (a->npart && a->part[a->npart - 1].kind == CAP_DONE)
    return bad(r, err, "an answer after its end");
  a->gone = a->gone || kind == CAP_GONE;
  int rc = sl_grow((void **)&a->part, &a->cap, a->npart + 1, sizeof *a->part, CAP_ASKS, err);
  if (rc)
    return rc;
  a->part[a->npart++] = (struct cap_part){ kind, rest };
  *d = sl_rd(SL_STR(""));
  return SL_OK;
}

/* ---- records ---- */

static int head_read(struct reader *r, struct sl_rd *d, struct sl_err *err)
{
  r->c->began = (sl_ms)sl_rd_le(d, 8);
  (void)sl_rd_le(d, 1);
  struct sl_str name = sl_rd_lstr(d);
  if (d->bad || r->head)
    return bad(r, err, "a beginning that is none");
  r->head = true;
  r->c->name = keep(r->c, name);
  return r->c->name ? SL_OK : sl_err_nomem(err);
}

static int end_read(struct reader *r, struct sl_rd *d, struct sl_err *err)
{
  uint64_t n = sl_rd_le(d, 8);
  r->c->ended = (sl_ms)sl_rd_le(d, 8);
  if (d->bad || n != r->records)
    return bad(r, err, "records are missing");
  r->end = true;
  return SL_OK;
}

static int record_read(struct reader *r, uint8_t kind, struct sl_str body, struct sl_err *err)
{
  struct sl_rd d = sl_rd(body);
  struct sl_str id;
  int rc;
  if (!r->head && kind != CAP_HEAD)
    return bad(r, err, "it does not begin with its beginning");
  switch (kind) {
  case CAP_HEAD: rc = head_read(r, &d, err); break;
  case CAP_CONN: rc = conn_read(r, &d, err); break;
  case CAP_SERVE: rc = serve_read(r, &d, err); break;
  case CAP_STATE: rc = state_read(r, &d, err); break;
  case CAP_WS: rc = ws_read(r, &d, err); break;
  case CAP_END: rc = end_read(r, &d, err); break;
  case CAP_ASK:
  case CAP_SCHEMA:
  case CAP_ROWS:
  case CAP_DOC:
  case CAP_BYTES:
  case CAP_SIZE:
  case CAP_GONE:
  case CAP_DONE:
    id = sl_rd_bytes(&d, 8);
    if (d.bad)
      return bad(r, err, "a record without its number");
    rc = kind == CAP_ASK ? ask_read(r, id, &d, err) : part_read(r, kind, id, &d, err);
    break;
  default: return bad(r, err, "a record of an unknown kind");
  }
  if (!rc && (d.bad || d.p != d.end))
    return bad(r, err, "a record with more or less in it than belongs there");
  r->records++;
  return rc;
}

static int records_read(struct reader *r, struct sl_str s, struct sl_err *err)
{
  if (s.n < sizeof cap_magic || memcmp(s.p, cap_magic, sizeof cap_magic - 1) != 0)
    return sl_err_set(err, SL_EPARSE, "this is no capsule");
  if (s.p[7] != cap_magic[7])
    return sl_err_set(err, SL_EUNSUP, "a capsule of version %d; this program reads version %d", s.p[7], cap_magic[7]);
  r->at = sizeof cap_magic;
  while (r->at < s.n && !r->end) {
    struct sl_rd d = sl_rd(sl_str_from(s, r->at));
    size_t n = sl_rd_le(&d, 4);
    if (d.bad || n > CAP_FILE_MAX || s.n - r->at < 4 + 1 + n + CAP_TAIL)
      return bad(r, err, "it stops in the middle of a record");
    struct sl_str signed_part = sl_strn(s.p + r->at + 4, n + 1);
    struct sl_sha256 sum = sl_sha256(signed_part);
    if (memcmp(sum.b, signed_part.p + signed_part.n, CAP_TAIL) != 0)
      return bad(r, err, "the checksum does not fit");
    int rc = record_read(r, (uint8_t)signed_part.p[0], sl_str_from(signed_part, 1), err);
    if (rc)
      return rc;
    r->at += 4 + 1 + n + CAP_TAIL;
  }
  return !r->end || r->at != s.n ? bad(r, err, r->end ? "something stands behind its end" : "its end is missing") : SL_OK;
}

/* How good an answer is: one that came whole, one that failed, one that the recording's end or a refresh cut off. */
static int worth(const struct cap_ask *a)
{
  const struct cap_part *last = a->npart ? &a->part[a->npart - 1] : NULL;
  if (!last || last->kind != CAP_DONE)
    return 0;
  struct sl_rd d = sl_rd(last->body);
  return sl_str_eqz(sl_rd_lstr(&d), "OK") ? 2 : 1;
}

/* Of equal questions the latest of the best answers is played: a refresh that was under way at the end hides nothing. */
static int choose(struct sl_capsule *c, struct sl_err *err)
{
  struct sl_buf k;
  int rc = SL_OK;
  sl_buf_init(&k, CAP_MAX);
  for (size_t i = 0; i < c->nask && !rc; i++) {
    uint64_t had;
    sl_buf_clear(&k);
    sl_buf_str(&k, c->ask[i].conn);
    sl_buf_ch(&k, 0);
    sl_buf_str(&k, c->ask[i].key);
    rc = sl_buf_check(&k, err);
    if (!rc && (!sl_map_get(&c->by_key, sl_buf_view(&k), &had) || worth(&c->ask[i]) >= worth(&c->ask[had])))
      rc = sl_map_put(&c->by_key, sl_buf_view(&k), i, NULL, err);
  }
  sl_buf_free(&k);
  return rc;
}

int sl_capsule_read(struct sl_capsule **out, struct sl_str bytes, struct sl_err *err)
{
  *out = NULL;
  struct sl_capsule *c = sl_calloc(1, sizeof *c);
  if (!c)
    return sl_err_nomem(err);
  struct reader r = {.c = c};
  sl_map_init(&r.by_id);
  sl_map_init(&c->by_key);
  sl_arena_init(&c->arena, CAP_FILE_MAX);
  c->bytes = sl_strndup(bytes.p ? bytes.p : "", bytes.n);
  c->n = bytes.n;
  int rc = sl_grow((void **)&c->ops, &c->cap_ops, 1, sizeof *c->ops, CAP_CONNS + 1, err);
  if (!rc)
    c->ops[0] = NULL;
  rc = rc ? rc : c->bytes ? records_read(&r, sl_strn(c->bytes, c->n), err) : sl_err_nomem(err);
  rc = rc ? rc : cap_ws_read(c, err);
  rc = rc ? rc : choose(c, err);
  sl_map_free(&r.by_id);
  if (rc)
    sl_capsule_free(c);
  else
    *out = c;
  return rc;
}

void sl_capsule_free(struct sl_capsule *c)
{
  if (!c)
    return;
  for (size_t i = 0; i < c->nask; i++)
    sl_free(c->ask[i].part);
  for (size_t i = 0; i < c->nserve; i++)
    sl_schema_unref(c->serve[i]->schema);
  for (size_t i = 0; i < c->nconn; i++)
    sl_free(c->conn[i]->serves);
  sl_free(c->ask);
  sl_free(c->serve);
  sl_free(c->conn);
  sl_free(c->ops);
  sl_map_free(&c->by_key);
  sl_ws_conf_unref(c->conf);
  sl_arena_free(&c->arena);
  sl_free(c->bytes);
  sl_free(c);
}

const struct sl_backend_ops *const *sl_capsule_backends(const struct sl_capsule *c) { return c->ops; }
const char *sl_capsule_name(const struct sl_capsule *c) { return c->name; }
struct sl_ws_conf *sl_capsule_conf(const struct sl_capsule *c) { return c->conf; }
sl_ms sl_capsule_time(const struct sl_capsule *c) { return c->ended; }
