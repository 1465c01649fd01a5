/* model/sqlask.c: statements over resources: what a statement names is read first, by ordinary queries, then the engine gets statement and
 * rows together. No callback of an engine ever waits for the loop. */
#include <stdio.h>

#include "base/mem.h"
#include "model/ws_int.h"

/* A resource that somebody here serves, by name: others are the engine's business. */
static const struct sl_resource *served(void *user, struct sl_str name)
{
  const struct sl_ws *w = user;
  for (size_t i = 0; i < w->nconn; i++) {
    const struct sl_serve *const *s = w->conn[i]->ops->serves;
    for (; s && *s; s++)
      if (sl_str_eqz(name, (*s)->res->name) && ws_conn_serves(w->conn[i], (*s)->res, NULL))
        return (*s)->res;
  }
  const struct sl_resource *res = sl_resource_find(name);
  return res && ws_provides(w, res) ? res : NULL;
}

static int input_query(struct ws_ans *a, struct ws_input *in, const struct ws_sql_name *n, struct sl_err *err)
{
  struct sl_query like = { .res = n->res, .kind = SL_Q_LIST, .conn = sl_str(n->conn), .scope = sl_str(n->scope), .limit = n->limit,
                           .idle_ms = a->q->idle_ms, .total_ms = a->q->total_ms, .max_age_ms = a->q->max_age_ms,
                           .background = a->q->background };
  int rc = SL_OK;
  if (n->where)
    rc = sl_filter_parse(&like.where, sl_str(n->where), sl_loop_wall(a->w->l), sl_ws_tz(a->w), err);
  if (!rc && n->order)
    rc = sl_order_parse(&like.order, sl_str(n->order), err);
  if (!rc)
    rc = sl_query_new(&in->q, &like, err);
  if (rc && err)
    sl_err_prefix(err, "%s(...)", n->res->name);
  sl_filter_unref(like.where);
  sl_order_unref(like.order);
  if (rc)
    return rc;
  in->a = a;
  in->name = sl_strndup(n->table.p, n->table.n);
  return in->name ? SL_OK : sl_err_nomem(err);
}

int ws_sql_inputs(struct ws_ans *a, struct sl_err *err)
{
  if (strcmp(a->src[0]->b->ops->type, "compute") != 0)
    return SL_OK; /* a warehouse's tables are its own */
  struct ws_sql sql;
  int rc = ws_sql_parse(&sql, a->q->scope, served, a->w, err);
  if (rc)
    return rc;
  if (sql.n) {
    a->statement = sql.statement;
    sql.statement = NULL;
    a->input = sl_calloc(sql.n, sizeof *a->input);
    if (!a->input)
      rc = sl_err_nomem(err);
    for (size_t i = 0; i < sql.n && !rc; i++)
      rc = input_query(a, &a->input[a->ninput++], &sql.name[i], err);
  }
  ws_sql_free(&sql);
  return rc;
}

static void sql_failed(struct ws_ans *a, int rc, const char *name, const struct sl_err *why)
{
  struct sl_err e = { 0 };
  sl_err_set(&e, rc, "%s%s%s", name ? name : "", name ? ": " : "", why->msg);
  ws_sql_stop(a);
  ws_src_ended(a->src[0], SL_FAILED, &e);
}

/* The statement with the rows that were read. */
static int run_query(struct ws_ans *a, struct sl_err *err)
{
  struct sl_query like = *a->q;
  size_t n = a->q->ninputs + a->ninput;
  struct sl_query_input *in = sl_calloc(n, sizeof *in);
  if (!in)
    return sl_err_nomem(err);
  for (size_t i = 0; i < a->q->ninputs; i++)
    in[i] = a->q->inputs[i];
  for (size_t i = 0; i < a->ninput; i++)
    in[a->q->ninputs + i] = (struct sl_query_input){ a->input[i].name, a->input[i].snap };
  like.inputs = in;
  like.ninputs = n;
  like.scope = sl_str(a->statement);
  sl_query_unref(a->run_q);
  a->run_q = NULL;
  int rc = sl_query_new(&a->run_q, &like, err);
  sl_free(in);
  return rc;
}

static void inputs_ready(struct ws_ans *a)
{
  struct sl_err e = { 0 };
  int rc = run_query(a, &e);
  for (size_t i = 0; i < a->ninput; i++) { /* the query holds them now */
    sl_snap_unref(a->input[i].snap);
    a->input[i].snap = NULL;
  }
  if (rc)
    sql_failed(a, rc, NULL, &e);
  else
    ws_src_start(a->src[0], a->run_q);
}

/* A copy of what the input's own answer says, with the resource's name in the note. */
static int input_copy(struct ws_input *in, const struct sl_answer *view, struct sl_err *err)
{
  struct sl_source *grown = sl_realloc_array(in->src, view->nsrc ? view->nsrc : 1, sizeof *grown);
  if (!grown)
    return sl_err_nomem(err);
  in->src = grown;
  in->nsrc = view->nsrc;
  for (size_t i = 0; i < view->nsrc; i++) {
    in->src[i] = view->src[i];
    snprintf(in->src[i].note, sizeof in->src[i].note, "%.40s%s%.50s", in->name, view->src[i].note[0] ? ": " : "", view->src[i].note);
    if (in->src[i].err.msg[0])
      sl_err_prefix(&in->src[i].err, "%s", in->name);
  }
  return SL_OK;
}

static void input_changed(void *user, sl_watch id, const struct sl_answer *view)
{
  struct ws_input *in = user;
  struct ws_ans *a = in->a;
  struct sl_err e = { 0 };
  (void)id;
  if (input_copy(in, view, &e)) {
    sql_failed(a, SL_ENOMEM, in->name, &e);
    return;
  }
  if (!view->done) {
    ws_ans_mark(a, false);
    return;
  }
  in->watch.v = 0;
  in->done = true;
  if (!view->snap) { /* nobody had an answer */
    static const struct sl_err none = { .code = SL_EIO, .msg = "no answer" };
    const struct sl_err *why = view->nsrc && view->src[0].err.msg[0] ? &view->src[0].err : &none;
    sql_failed(a, why->code, in->name, why);
    return;
  }
  in->snap = sl_snap_ref(view->snap);
  if (!--a->inputs_left)
    inputs_ready(a);
}

void ws_sql_run(struct ws_ans *a)
{
  if (!a->ninput || !a->src[0]->b) {
    ws_src_start(a->src[0], a->q);
    return;
  }
  uint64_t run = a->run;
  a->inputs_left = a->ninput;
  for (size_t i = 0; i < a->ninput; i++)
    a->input[i].done = false;
  for (size_t i = 0; i < a->ninput && a->run == run && a->running; i++) {
    struct ws_input *in = &a->input[i];
    uint64_t cap = in->q->limit ? 0 : a->q->input_rows ? a->q->input_rows : WS_INPUT_CAP;
    struct sl_err e = { 0 };
    int rc = ws_ask(a->w, in->q, cap, true, input_changed, in, &in->watch, &e);
    if (rc)
      sql_failed(a, rc, in->name, &e);
  }
}

void ws_sql_stop(struct ws_ans *a)
{
  for (size_t i = 0; i < a->ninput; i++) {
    sl_watch id = a->input[i].watch;
    a->input[i].watch.v = 0;
    if (id.v)
      sl_ws_unwatch(a->w, id);
    sl_snap_unref(a->input[i].snap);
    a->input[i].snap = NULL;
  }
}
