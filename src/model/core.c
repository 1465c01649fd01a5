/* model/core.c: the workspace about itself: `connections` and `requests`. */
#include <stdio.h>

#include "base/mem.h"
#include "model/ws_int.h"

/* ---- connections ---- */

static const char *readonly_word(const struct sl_backend *b)
{
  if (!b->ops->sql)
    return NULL;
  return b->ops->sql->readonly == SL_RO_SERVER ? "server" : b->ops->sql->readonly == SL_RO_ROLE ? "role" : "none";
}

static int fill_connections(void *user, const struct sl_query *q, struct sl_rows_sink *s, struct sl_err *err)
{
  struct sl_ws *w = user;
  (void)q;
  for (size_t i = 0; i < w->nconn; i++) {
    const struct sl_backend *b = w->conn[i];
    if (b->internal)
      continue;
    const struct sl_val v[] = {
      sl_vz(b->name), sl_vz(b->ops->was ? b->ops->was->type : b->ops->type), sl_vas(SL_STATE, sl_str(b->word)),
      b->identity[0] ? sl_vz(b->identity) : sl_null(SL_TEXT),
      b->expires ? sl_vt(b->expires) : sl_null(SL_TIME), sl_vz(readonly_word(b)),
      b->latency_ms >= 0 ? sl_vi(b->latency_ms) : sl_null(SL_I64),
      b->err.msg[0] ? sl_vz(b->err.msg) : sl_null(SL_TEXT),
    };
    int rc = sl_rows_sink_put(s, sl_str(b->name), v, sizeof v / sizeof v[0]);
    if (rc)
      return sl_err_set(err, rc, "%s", sl_code_words(rc));
  }
  return SL_OK;
}

/* ---- requests: in flight, and those that just ended ---- */

static const char *kind_word(const struct sl_req *r)
{
  static const char *const of_query[] = { [SL_Q_LIST] = "list", [SL_Q_GET] = "get", [SL_Q_FOLLOW] = "follow", [SL_Q_SQL] = "sql" };
  switch (r->kind) {
  case WS_REQ_QUERY:
  case WS_REQ_SQL: return of_query[r->q->kind];
  case WS_REQ_STAT:
  case WS_REQ_READ: return "bytes";
  default: return "action";
  }
}

static const char *state_word(const struct sl_req *r)
{
  if (r->magic == WS_REQ_LIVE)
    return r->queued || r->prompt ? "waiting" : r->cancelled ? "stopped" : "running";
  return r->rc == SL_ECANCELED || (r->cancelled && !r->rc) ? "stopped" : r->rc ? "failed" : "ok";
}

static int put_request(const struct sl_req *r, struct sl_rows_sink *s)
{
  char id[24];
  snprintf(id, sizeof id, "%llu", (unsigned long long)r->id);
  struct sl_str scope = r->uri ? sl_strn(r->uri, r->uri_n) : r->q ? r->q->scope : SL_STR_NONE;
  bool live = r->magic == WS_REQ_LIVE && !r->queued;
  int64_t now = sl_loop_now(r->w->l);
  const struct sl_val v[] = {
    sl_vz(r->res ? r->res->name : r->kind == WS_REQ_SQL ? "sql" : "bytes"), scope.n ? sl_vs(scope) : sl_null(SL_TEXT), sl_vz(kind_word(r)),
    sl_vas(SL_STATE, sl_str(state_word(r))), r->started ? sl_vt(r->started) : sl_null(SL_TIME), sl_vi((int64_t)r->rows),
    sl_vi((int64_t)r->bytes),
    live ? sl_vf((double)(now - r->touched) / 1000.0) : sl_null(SL_F64), r->rc && r->err.msg[0] ? sl_vz(r->err.msg) : sl_null(SL_TEXT),
  };
  return sl_rows_sink_put(s, sl_str(id), v, sizeof v / sizeof v[0]);
}

static int fill_requests(void *user, const struct sl_query *q, struct sl_rows_sink *s, struct sl_err *err)
{
  struct sl_ws *w = user;
  (void)q;
  int rc = SL_OK;
  for (const struct sl_req *r = w->reqs; r && !rc; r = r->next)
    if (!r->b->internal)
      rc = put_request(r, s);
  for (const struct sl_req *r = w->shells; r && !rc; r = r->next)
    if (!r->own)
      rc = put_request(r, s);
  return rc ? sl_err_set(err, rc, "%s", sl_code_words(rc)) : SL_OK;
}

int ws_core_provide(struct sl_ws *w, struct sl_err *err)
{
  int rc = sl_ws_provide(w, &sl_res_connections, fill_connections, w, err);
  return rc ? rc : sl_ws_provide(w, &sl_res_requests, fill_requests, w, err);
}
