/* model/capsule.c: recording: what happens at the first door, written down as it comes, kept in memory until the person has agreed. */
#include "model/capsule.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "model/act_int.h"
#include "model/capsule_int.h"

const char cap_magic[8] = {'S', 'L', 'C', 'A', 'P', 0, 0, 2};
enum { STATS = 256, PIECE = 1 << 20, READS = 4096 };

struct stat_row { char name[64]; uint64_t asks, rows, bytes, docs, docs_out, bytes_out; char hashed[160], out[160]; };
struct held { uint64_t id, n; struct sl_buf b; bool gone; };   /* bytes of a read that goes on: they go in whole, or not at all */
struct sl_capsule_rec {
  struct sl_ws *w;
  struct ws_tap tap;
  struct cap_mask mask;
  struct sl_buf b, body;
  uint64_t records;
  bool full;                       /* the cap was reached, or memory was short: what comes is left out */
  struct sl_map asked;             /* ids of the questions in it */
  struct sl_map conns;             /* names of the connections in it */
  struct held *held;
  size_t nheld, capheld, heldbytes;
  struct stat_row *stat;
  size_t nstat, cap;
};

/* ---- one record ---- */

static void put(struct sl_capsule_rec *c, uint8_t kind)
{
  struct sl_buf *b = &c->body;
  size_t before = c->b.n;
  if (c->full || b->failed) {
    c->full = true;
    return;
  }
  sl_buf_le(&c->b, b->n, 4);
  sl_buf_ch(&c->b, (char)kind);
  sl_buf_str(&c->b, sl_buf_view(b));
  if (!c->b.failed) {
    struct sl_sha256 d = sl_sha256(sl_strn(c->b.p + before + 4, b->n + 1));
    sl_buf_add(&c->b, d.b, CAP_TAIL);
  }
  if (c->b.failed) { /* nothing of it may stand in the file */
    c->full = true;
    c->b.failed = SL_OK;
    sl_buf_cut(&c->b, before);
    return;
  }
  c->records++;
}

static struct sl_buf *body(struct sl_capsule_rec *c, uint64_t id)
{
  sl_buf_clear(&c->body);
  sl_buf_le(&c->body, id, 8);
  return &c->body;
}

static void text(struct sl_buf *b, const char *z) { sl_buf_lstr(b, sl_str(z ? z : "")); }

/* ---- what is asked ---- */

static void key_add(struct sl_buf *k, struct sl_str s)
{
  sl_buf_str(k, s);
  sl_buf_ch(k, 0);
}

static void key_query(struct sl_buf *k, const struct sl_query *q)
{
  sl_buf_printf(k, "%d %llu %d %d", (int)q->kind, (unsigned long long)q->limit, q->deleted, q->no_cap);
  if (q->points)
    sl_buf_printf(k, " points %u", q->points);
  sl_buf_ch(k, 0);
  key_add(k, sl_str(q->res ? q->res->name : ""));
  key_add(k, q->scope);
  key_add(k, q->where ? sl_filter_text(q->where) : SL_STR(""));
  for (size_t i = 0; q->order && i < sl_order_count(q->order); i++) {
    const struct sl_order_key *o = sl_order_key(q->order, i);
    sl_buf_ch(k, o->desc ? '-' : '+');
    key_add(k, o->name.col);
    key_add(k, o->name.key);
  }
  sl_buf_ch(k, 0);
  for (size_t i = 0; q->want && i < sl_want_count(q->want); i++) {
    key_add(k, sl_want_name(q->want, i).col);
    key_add(k, sl_want_name(q->want, i).key);
  }
}

static void key_call(struct sl_buf *k, const struct sl_req *r)
{
  const struct sl_call *c = r->call;
  key_add(k, sl_str(r->res->name));
  key_add(k, sl_str(c->act->name));
  for (size_t i = 0; i < c->ntargets; i++)
    key_add(k, c->targets[i].id);
  for (size_t i = 0; i < c->act->nargs; i++) {
    sl_buf_ch(k, c->args[i].null ? '0' : '1');
    sl_val_text(k, &c->args[i]);
    sl_buf_ch(k, 0);
  }
}

int cap_key(struct sl_buf *out, const struct sl_req *r)
{
  struct sl_buf k;
  sl_buf_init(&k, 4 << 20);
  sl_buf_printf(&k, "%d ", (int)r->kind);
  int rc = r->b->internal && r->res != &sl_res_audit ? SL_EUNSUP : SL_OK; /* the rest is worked out again */
  switch (r->kind) {
  case WS_REQ_QUERY:
  case WS_REQ_SQL: key_query(&k, r->q); break;
  case WS_REQ_STAT:
  case WS_REQ_READ:
    sl_buf_printf(&k, "%llu %llu ", (unsigned long long)r->off, (unsigned long long)r->len);
    key_add(&k, sl_strn(r->uri, r->uri_n));
    break;
  case WS_REQ_CALL:
    if (r->call->dry) /* what was done is the audit's */
      key_call(&k, r);
    else
      rc = SL_EUNSUP;
    break;
  default: rc = SL_EUNSUP;
  }
  rc = rc ? rc : k.failed;
  if (!rc)
    cap_redact(out, sl_buf_view(&k));
  sl_buf_free(&k);
  return rc ? rc : out->failed;
}

static struct sl_str id_of(const struct sl_req *r)
{
  return sl_strn((const char *)&r->id, sizeof r->id);
}

/* Its question is in the recording: it may have been on its way when that began. */
static bool recorded(const struct sl_capsule_rec *c, const struct sl_req *r)
{
  return !c->full && sl_map_get(&c->asked, id_of(r), NULL);
}

/* ---- accounts ---- */

static struct stat_row *stat_of(struct sl_capsule_rec *c, const struct sl_req *r)
{
  static struct stat_row nowhere;
  const char *name = r->kind == WS_REQ_SQL ? "sql" : r->res ? r->res->name : "bytes";
  for (size_t i = 0; i < c->nstat; i++)
    if (strcmp(c->stat[i].name, name) == 0)
      return &c->stat[i];
  if (sl_grow((void **)&c->stat, &c->cap, c->nstat + 1, sizeof *c->stat, STATS, NULL))
    return &nowhere;
  c->stat[c->nstat] = (struct stat_row){ 0 };
  snprintf(c->stat[c->nstat].name, sizeof c->stat[0].name, "%s", name);
  return &c->stat[c->nstat++];
}

static void names_add(char *list, size_t n, const char *name)
{
  size_t at = strlen(list);
  snprintf(list + at, n - at, "%s%s", at ? ", " : "", name);
}

static void stat_cols(struct stat_row *t, const struct cap_mask *m, const struct sl_schema *s)
{
  t->hashed[0] = t->out[0] = 0;
  for (size_t i = 0; i < sl_schema_count(s); i++) {
    const struct sl_col *col = sl_schema_col(s, i);
    if (col->flags & SL_COL_SECRET)
      names_add(t->out, sizeof t->out, col->name);
    else if ((col->flags & SL_COL_PERSONAL) && !m->with_data)
      names_add(t->hashed, sizeof t->hashed, col->name);
  }
}

/* ---- what is there to ask ---- */

static void put_serve(struct sl_capsule_rec *c, const struct sl_backend *k, const struct sl_serve *s)
{
  struct sl_schema *schema = NULL;
  struct sl_buf t;
  sl_buf_init(&t, 4 << 20);
  sl_buf_clear(&c->body);
  if (ws_schema_get(c->w, &schema, s->res, s->own, s->nown, NULL) || sl_schema_encode(&t, schema, NULL))
    c->full = true;
  text(&c->body, k->name);
  text(&c->body, s->res->name);
  sl_buf_lstr(&c->body, sl_buf_view(&t));
  sl_buf_le(&c->body, s->nverbs, 2);
  for (size_t i = 0; i < s->nverbs; i++)
    text(&c->body, s->verbs[i].act->name);
  put(c, CAP_SERVE);
  sl_buf_free(&t);
}

/* Addresses without a list of schemes go by the type's name, which a recording's connection does not have. */
static void put_schemes(struct sl_buf *b, const struct sl_backend_ops *o)
{
  size_t n = 0;
  bool reads = o->bytes || o->sink;
  while (o->schemes && o->schemes[n])
    n++;
  sl_buf_le(b, n ? n : reads, 2);
  for (size_t i = 0; i < n; i++)
    text(b, o->schemes[i]);
  if (!n && reads)
    text(b, o->type);
}

/* Once each; one that came by a changed workspace file comes with its first question. */
static void put_conn(struct sl_capsule_rec *c, const struct sl_backend *k)
{
  const struct sl_backend_ops *o = k->ops;
  if (k->internal || sl_map_get(&c->conns, sl_str(k->name), NULL))
    return;
  if (sl_map_put(&c->conns, sl_str(k->name), 1, NULL, NULL))
    c->full = true;
  sl_buf_clear(&c->body);
  text(&c->body, k->name);
  text(&c->body, o->was ? o->was->type : o->type); /* a recording of a recording */
  sl_buf_le(&c->body, o->sql != NULL, 1);
  sl_buf_le(&c->body, o->sql ? o->sql->readonly : 0, 1);
  sl_buf_le(&c->body, o->bytes != NULL, 1);
  put_schemes(&c->body, o);
  put(c, CAP_CONN);
  for (size_t i = 0; o->serves && o->serves[i]; i++)
    put_serve(c, k, o->serves[i]);
}

/* ---- the tap ---- */

static void on_start(void *user, const struct sl_req *r)
{
  struct sl_capsule_rec *c = user;
  struct sl_buf key;
  sl_buf_init(&key, 4 << 20);
  int rc = cap_key(&key, r);
  if (rc == SL_OK && !c->full && !sl_map_put(&c->asked, id_of(r), 1, NULL, NULL)) {
    put_conn(c, r->b);
    struct sl_buf *b = body(c, r->id);
    text(b, r->b->name);
    sl_buf_lstr(b, sl_buf_view(&key));
    put(c, CAP_ASK);
    stat_of(c, r)->asks++;
  } else if (rc != SL_EUNSUP) {
    c->full = true;
  }
  sl_buf_free(&key);
}

static void on_head(void *user, const struct sl_req *r, struct sl_schema *s, unsigned did, int64_t total)
{
  struct sl_capsule_rec *c = user;
  struct sl_buf t;
  if (!recorded(c, r))
    return;
  sl_buf_init(&t, 4 << 20);
  struct sl_buf *b = body(c, r->id);
  sl_buf_le(b, did, 1);
  sl_buf_le(b, (uint64_t)total, 8);
  if (sl_schema_encode(&t, s, NULL))
    c->full = true;
  sl_buf_lstr(b, sl_buf_view(&t));
  put(c, CAP_SCHEMA);
  sl_buf_free(&t);
  stat_cols(stat_of(c, r), &c->mask, s);
}

static void on_rows(void *user, const struct sl_req *r, struct sl_batch *rows)
{
  struct sl_capsule_rec *c = user;
  struct sl_buf t;
  if (!recorded(c, r))
    return;
  sl_buf_init(&t, CAP_MAX);
  if (cap_mask_rows(&c->mask, rows, &t, NULL))
    c->full = true;
  sl_buf_lstr(body(c, r->id), sl_buf_view(&t));
  put(c, CAP_ROWS);
  sl_buf_free(&t);
  stat_of(c, r)->rows += sl_batch_count(rows);
}

/* Bytes go in whole or not at all: with a token cut out of them they would be another file, and a token may lie across two pieces. */
static void on_bytes(void *user, const struct sl_req *r, const void *p, size_t n)
{
  struct sl_capsule_rec *c = user;
  struct held *h = NULL;
  if (!recorded(c, r))
    return;
  for (size_t i = 0; i < c->nheld && !h; i++)
    if (c->held[i].id == r->id)
      h = &c->held[i];
  if (!h && sl_grow((void **)&c->held, &c->capheld, c->nheld + 1, sizeof *c->held, READS, NULL)) {
    c->full = true;
    return;
  }
  if (!h) {
    h = &c->held[c->nheld++];
    *h = (struct held){ .id = r->id };
    sl_buf_init(&h->b, CAP_MAX);
  }
  h->n += n;
  if (h->gone)
    return;
  if (c->heldbytes + n <= CAP_MAX)
    sl_buf_add(&h->b, p, n);
  h->gone = h->b.n != h->n; /* too many, or no memory for them */
  if (!h->gone) {
    c->heldbytes += n;
    return;
  }
  c->heldbytes -= h->b.n;
  sl_buf_free(&h->b);
}

static void bytes_end(struct sl_capsule_rec *c, const struct sl_req *r)
{
  size_t i = 0;
  while (i < c->nheld && c->held[i].id != r->id)
    i++;
  if (i == c->nheld)
    return;
  struct held h = c->held[i];
  c->held[i] = c->held[--c->nheld];
  c->heldbytes -= h.b.n;
  struct sl_str rest = sl_buf_view(&h.b), piece;
  if (h.gone || !cap_clean(rest)) {
    (void)body(c, r->id);
    put(c, CAP_GONE);
    stat_of(c, r)->bytes_out += h.n;
    rest = SL_STR_NONE;
  } else {
    stat_of(c, r)->bytes += rest.n;
  }
  for (; rest.n; rest = sl_str_from(rest, piece.n)) {
    piece = sl_str_head(rest, PIECE);
    sl_buf_lstr(body(c, r->id), piece);
    put(c, CAP_BYTES);
  }
  sl_buf_free(&h.b);
}

static void on_size(void *user, const struct sl_req *r, int64_t size)
{
  struct sl_capsule_rec *c = user;
  if (!recorded(c, r))
    return;
  sl_buf_le(body(c, r->id), (uint64_t)size, 8);
  put(c, CAP_SIZE);
}

static void on_doc(void *user, const struct sl_req *r, struct sl_str json)
{
  struct sl_capsule_rec *c = user;
  struct sl_buf t;
  const struct sl_schema *s = r->schema;
  if (!recorded(c, r))
    return;
  sl_buf_init(&t, CAP_MAX);
  if ((!s || cap_mask_doc_ok(&c->mask, s)) && !sl_audit_clean_json(&t, json, NULL)) {
    sl_buf_lstr(body(c, r->id), sl_buf_view(&t));
    put(c, CAP_DOC);
    stat_of(c, r)->docs++;
  } else {
    stat_of(c, r)->docs_out++;
  }
  sl_buf_free(&t);
}

static void on_end(void *user, const struct sl_req *r, int rc, const struct sl_err *err)
{
  struct sl_capsule_rec *c = user;
  struct sl_buf t;
  if (!recorded(c, r))
    return;
  bytes_end(c, r);
  sl_buf_init(&t, 4096);
  struct sl_buf *b = body(c, r->id);
  text(b, sl_code_name(rc));
  cap_redact(&t, sl_str(rc && err ? err->msg : ""));
  sl_buf_lstr(b, sl_buf_view(&t));
  sl_buf_le(b, r->cut, 1);
  text(b, r->cut ? r->note : "");
  put(c, CAP_DONE);
  sl_buf_free(&t);
}

static void rec_free(struct sl_capsule_rec *c)
{
  if (c->w->tap == &c->tap)
    c->w->tap = NULL;
  sl_buf_free(&c->b);
  sl_buf_free(&c->body);
  sl_map_free(&c->asked);
  sl_map_free(&c->conns);
  for (size_t i = 0; i < c->nheld; i++)
    sl_buf_free(&c->held[i].b);
  sl_free(c->held);
  sl_free(c->stat);
  sl_free_wipe(c, sizeof *c);
}

int sl_capsule_record_begin(struct sl_capsule_rec **out, struct sl_ws *w, const struct sl_capsule_opts *o, struct sl_err *err)
{
  *out = NULL;
  if (w->tap)
    return sl_err_set(err, SL_EEXIST, "this workspace is being recorded already");
  struct sl_capsule_rec *c = sl_calloc(1, sizeof *c);
  if (!c)
    return sl_err_nomem(err);
  c->w = w;
  c->tap = (struct ws_tap){ .user = c, .start = on_start, .head = on_head, .rows = on_rows, .bytes = on_bytes, .size = on_size,
    .doc = on_doc, .end = on_end };
  c->mask.with_data = o && o->with_data;
  sl_buf_init(&c->b, CAP_MAX);
  sl_buf_init(&c->body, CAP_MAX);
  sl_map_init(&c->asked);
  sl_map_init(&c->conns);
  sl_buf_add(&c->b, cap_magic, sizeof cap_magic);
  sl_buf_le(&c->body, (uint64_t)sl_ws_now(w), 8);
  sl_buf_le(&c->body, c->mask.with_data, 1);
  text(&c->body, sl_ws_name(w));
  put(c, CAP_HEAD);
  for (size_t i = 0; i < w->nconn; i++)
    put_conn(c, w->conn[i]);
  int rc = sl_random(c->mask.secret, sizeof c->mask.secret, err);
  if (!rc && c->full)
    rc = sl_err_nomem(err);
  if (rc) {
    rec_free(c);
    return rc;
  }
  w->tap = &c->tap;
  *out = c;
  return SL_OK;
}

static void summary_ws(const struct sl_capsule_rec *c, struct sl_buf *out)
{
  const struct sl_ws *w = c->w;
  size_t nzones = 0;
  if (w->conf)
    (void)sl_ws_conf_zones(w->conf, &nzones);
  const char *environment = w->conf ? sl_ws_conf_environment_name(w->conf) : "";
  sl_buf_printf(out, "workspace %s%s%s: environment, timezone, %zu zones with their addresses\nconnections:", w->name,
                environment[0] ? ", " : "", environment, nzones);
  for (size_t i = 0; i < w->nconn; i++)
    if (!w->conn[i]->internal)
      sl_buf_printf(out, " %s", w->conn[i]->name);
  sl_buf_printf(out, ": type, state and error, who we are there %s; no setting of theirs\n", c->mask.with_data ? "in clear" : "as a hash");
}

int sl_capsule_summary(const struct sl_capsule_rec *c, struct sl_buf *out, struct sl_err *err)
{
  summary_ws(c, out);
  for (size_t i = 0; i < c->nstat; i++) {
    const struct stat_row *t = &c->stat[i];
    sl_buf_printf(out, "%s: %llu asked, %llu rows, %llu documents, %llu bytes", t->name, (unsigned long long)t->asks,
                  (unsigned long long)t->rows, (unsigned long long)t->docs, (unsigned long long)t->bytes);
    if (t->hashed[0])
      sl_buf_printf(out, "; hashed: %s", t->hashed);
    if (t->out[0])
      sl_buf_printf(out, "; left out: %s", t->out);
    if (t->docs_out)
      sl_buf_printf(out, "; %llu documents left out", (unsigned long long)t->docs_out);
    if (t->bytes_out)
      sl_buf_printf(out, "; %llu bytes left out (what looks like a token stands in them, or they are too many)",
                    (unsigned long long)t->bytes_out);
    sl_buf_ch(out, '\n');
  }
  sl_buf_printf(out, "%llu records, %zu bytes%s\n", (unsigned long long)c->records, c->b.n,
      c->full ? "; full: what came later is missing" : "");
  return sl_buf_check(out, err);
}

/* What is told at the end always fits. */
static int put_end(struct sl_capsule_rec *c, struct sl_err *err)
{
  const struct sl_ws *w = c->w;
  c->full = false;
  c->b.max = CAP_FILE_MAX;
  for (size_t i = 0; i < w->nconn; i++) {
    if (w->conn[i]->internal)
      continue;
    put_conn(c, w->conn[i]);
    sl_buf_clear(&c->body);
    cap_state_write(&c->body, &c->mask, w->conn[i]);
    put(c, CAP_STATE);
  }
  struct sl_buf yaml;
  sl_buf_init(&yaml, 1 << 20);
  cap_ws_write(&yaml, w->conf);
  int rc = sl_buf_check(&yaml, err);
  sl_buf_clear(&c->body);
  sl_buf_lstr(&c->body, sl_buf_view(&yaml));
  sl_buf_free(&yaml);
  put(c, CAP_WS);
  sl_buf_le(body(c, c->records), (uint64_t)sl_ws_now(w), 8);
  put(c, CAP_END);
  return rc ? rc : c->full ? sl_err_nomem(err) : SL_OK;
}

int sl_capsule_record_end(struct sl_capsule_rec **take, const char *path, struct sl_err *err)
{
  struct sl_capsule_rec *c = *take;
  int rc = SL_OK;
  *take = NULL;
  bool full = c->full;
  if (path) {
    rc = put_end(c, err);
    if (!rc)
      rc = sl_file_write(path, sl_buf_view(&c->b), 0600, err);
    if (!rc && full)
      rc = sl_err_set(err, SL_ELIMIT, "%s: a recording ends at %d MiB; what came later is not in it", path, CAP_MAX >> 20);
  }
  rec_free(c);
  return rc;
}
