/* model/capsule_play.c: connections made from a recording: what was asked then is answered as it was, anything else is an error. */
#include <stdio.h>

#include "base/file.h"
#include "model/capsule_int.h"

struct play_state { struct sl_capsule *c; };
struct play_req {
  struct sl_req *r;
  const struct cap_ask *ask;
  struct sl_schema *schema;        /* of the rows */
  size_t at;
  sl_timer next;                   /* a timer, not "later": it can be taken back */
};

static struct sl_capsule *capsule_of(const struct sl_backend *b)
{
  return b->internal ? b->w->replay : ((const struct cap_conn *)(const void *)b->ops)->c; /* ops is its first member */
}

/* ---- telling one piece ---- */

static int tell_head(struct play_req *q, struct sl_rd *d, struct sl_err *err)
{
  struct sl_schema *s = NULL, *mine = q->r->kind == WS_REQ_QUERY ? sl_req_schema(q->r) : NULL;
  unsigned did = (unsigned)sl_rd_le(d, 1);
  int64_t total = (int64_t)sl_rd_le(d, 8);
  int rc = d->bad ? SL_EPARSE : sl_schema_decode(&s, sl_rd_lstr(d), err);
  if (rc)
    return rc;
  sl_schema_unref(q->schema);
  q->schema = s;
  if (mine && sl_schema_same(mine, s)) { /* the same for all: rows need no translation */
    q->schema = sl_schema_ref(mine);
    sl_schema_unref(s);
  }
  return sl_req_head(q->r, q->schema, did, total);
}

static int tell_rows(struct play_req *q, struct sl_rd *d, struct sl_err *err)
{
  struct sl_batch *b = NULL;
  int rc = q->schema ? sl_batch_decode(&b, q->schema, sl_rd_lstr(d), err) : SL_EPARSE;
  return rc ? rc : sl_req_rows(q->r, &b);
}

static int code_of(struct sl_str name)
{
  for (int code = SL_CODE_FIRST_ + 1; code < SL_CODE_LAST_; code++)
    if (sl_str_eqz(name, sl_code_name(code)))
      return code;
  return sl_str_eqz(name, "OK") ? SL_OK : SL_EINTERNAL;
}

static int tell(struct play_req *q, const struct cap_part *p, struct sl_err *err)
{
  struct sl_rd d = sl_rd(p->body);
  struct sl_str s;
  switch (p->kind) {
  case CAP_SCHEMA: return tell_head(q, &d, err);
  case CAP_ROWS: return tell_rows(q, &d, err);
  case CAP_DOC: return sl_req_doc(q->r, sl_rd_lstr(&d));
  case CAP_BYTES:
    s = sl_rd_lstr(&d);
    return sl_req_bytes(q->r, s.p ? s.p : "", s.n);
  case CAP_GONE: return SL_OK; /* was told when it was asked */
  default: sl_req_size(q->r, (int64_t)sl_rd_le(&d, 8)); return SL_OK;
  }
}

/* ---- the end ---- */

static void end(struct play_req *q, int rc, const struct sl_err *err)
{
  sl_schema_unref(q->schema);
  q->schema = NULL;
  sl_req_end(q->r, rc, err);
}

static void end_as_recorded(struct play_req *q, const struct cap_part *p)
{
  struct sl_rd d = sl_rd(p->body);
  struct sl_err err = {0};
  char note[SL_NOTE_MAX];
  int rc = code_of(sl_rd_lstr(&d));
  struct sl_str msg = sl_rd_lstr(&d);
  bool cut = sl_rd_le(&d, 1);
  struct sl_str words = sl_rd_lstr(&d);
  snprintf(note, sizeof note, "%.*s", SL_ARG(sl_str_head(words, sizeof note - 1)));
  if (rc)
    sl_err_set(&err, rc, "%.*s", SL_ARG(sl_str_head(msg, 250)));
  if (cut)
    sl_req_cut(q->r, note);
  for (size_t i = 0; !rc && q->r->call && i < q->r->call->ntargets; i++)
    (void)sl_req_did(q->r, i, SL_OK, NULL, NULL);
  end(q, rc, rc ? &err : NULL);
}

static void step(void *user)
{
  struct play_req *q = user;
  struct sl_err err = {0};
  int rc = SL_OK;
  q->next.v = 0;
  while (!rc && q->at < q->ask->npart) {
    const struct cap_part *p = &q->ask->part[q->at++];
    if (p->kind == CAP_DONE) {
      end_as_recorded(q, p);
      return;
    }
    rc = tell(q, p, &err);
  }
  if (rc == SL_EAGAIN) /* resume or cancel follows */
    return;
  if (rc == SL_EPARSE || rc == SL_ENOMEM)
    end(q, rc, &err);
  else if (rc) /* the asker has gone: cancel follows */
    return;
  else if (!q->r->q || q->r->q->kind != SL_Q_FOLLOW) {
    sl_req_cut(q->r, "the recording ends here");
    end(q, SL_OK, NULL);
  }
}

/* ---- slots ---- */

static int later(struct play_req *q, struct sl_err *err)
{
  return sl_timer_start(q->r->w->l, 0, 0, step, q, &q->next, err);
}

static int play(struct sl_req *r, struct sl_err *err)
{
  struct play_req *q = sl_req_state(r);
  const struct sl_capsule *c = capsule_of(r->b);
  struct sl_buf key;
  uint64_t at;
  sl_buf_init(&key, 8 << 20);
  sl_buf_z(&key, r->b->name);
  sl_buf_ch(&key, 0);
  int rc = cap_key(&key, r);
  bool known = !rc && sl_map_get(&c->by_key, sl_buf_view(&key), &at);
  if (rc == SL_ENOMEM)
    sl_err_nomem(err);
  else if (rc == SL_EUNSUP || rc == SL_ELIMIT)
    rc = SL_OK; /* then it is not in there */
  sl_buf_free(&key);
  if (rc)
    return rc;
  if (!known)
    return sl_err_set(err, SL_ENOENT, "not in this recording: %s of %s", r->kind == WS_REQ_SQL ? "this statement"
                      : r->res ? r->res->name : "these bytes", r->b->name);
  if (c->ask[at].gone)
    return sl_err_set(err, SL_ENOENT, "left out of this recording: these bytes hold what looks like a token, or were too many");
  *q = (struct play_req){ .r = r, .ask = &c->ask[at] };
  return later(q, err);
}

static int play_call(struct sl_req *r, const struct sl_call *c, struct sl_err *err)
{
  return c->dry ? play(r, err) : sl_err_set(err, SL_EREADONLY, "a recording changes nothing");
}

static void play_resume(struct sl_req *r)
{
  struct play_req *q = sl_req_state(r);
  struct sl_err err = {0};
  if (!q->next.v && later(q, &err))
    end(q, err.code, &err);
}

static void play_cancel(struct sl_req *r)
{
  struct play_req *q = sl_req_state(r);
  sl_timer_stop(r->w->l, &q->next);
  end(q, SL_ECANCELED, NULL);
}

const struct sl_serve cap_play_audit = { .res = &sl_res_audit, .req_size = sizeof(struct play_req), .query = play, .resume = play_resume,
  .cancel = play_cancel };

void cap_play_serve(struct cap_serve *s)
{
  s->serve.req_size = sizeof(struct play_req);
  s->serve.query = play;
  s->serve.resume = play_resume;
  s->serve.cancel = play_cancel;
  for (size_t i = 0; i < s->serve.nverbs; i++) {
    s->verb[i].req_size = sizeof(struct play_req);
    s->verb[i].run = play_call;
    s->verb[i].cancel = play_cancel;
  }
}

void cap_play_conn(struct cap_conn *k, bool sql, unsigned readonly, bool bytes)
{
  static const struct sl_bytes_ops reads = {.port = {sizeof(struct play_req), play_resume, play_cancel}, .stat = play, .read = play};
  k->ops.state_size = sizeof(struct play_state);
  k->sql = (struct sl_sql_ops){ .port = {sizeof(struct play_req), play_resume, play_cancel}, .readonly = (enum sl_ro)readonly, .run =
      play };
  k->ops.sql = sql ? &k->sql : NULL;
  k->ops.bytes = bytes ? &reads : NULL;
}

int sl_capsule_replay_open(struct sl_capsule **out, const char *path, struct sl_loop *l, struct sl_err *err)
{
  struct sl_buf b;
  *out = NULL;
  sl_buf_init(&b, CAP_FILE_MAX + (1 << 16));
  int rc = sl_file_read(&b, path, CAP_FILE_MAX, err);
  if (!rc) {
    rc = sl_capsule_read(out, sl_buf_view(&b), err);
    if (rc && err)
      sl_err_prefix(err, "%s", path);
  }
  if (!rc)
    sl_loop_wall_stand(l, sl_capsule_time(*out));
  sl_buf_free(&b);
  return rc;
}
