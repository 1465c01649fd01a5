/* backends/mlflow/write_rest.c: changes through a server, which can compare nothing: for each target what is there is read, compared with
 * what the person saw, written by one call for each change, and read again. No call is ever sent twice: an answer that is lost is asked for
 * by reading. */
#include <stdio.h>

#include "backend_mlflow/rest_conn_int.h"
#include "backend_mlflow/write_int.h"
#include "base/utf8.h"

enum { ANSWER_MAX = 4 << 20, PHASES = 3 };

struct write_ask {
  struct mlflow_ask a;
  const struct sl_call *c;
  bool reconcile, after;            /* after: it was written, and is read again */
  bool again;                       /* the tags are written; the alias is looked at once more before it moves */
  size_t target, step;
  enum mlflow_on at;                /* what is being read */
  bool held[MLFLOW_CHANGES];        /* each change, when it was looked for last */
  struct mlflow_changes x;
  bool made;
  int bad;                          /* what the look found */
  struct sl_err why;
};

static void target_next(struct write_ask *w);
static void read_next(struct write_ask *w, int from);

static void drop(struct mlflow_ask *a)
{
  struct write_ask *w = (struct write_ask *)a;
  if (w->made)
    mlflow_changes_free(&w->x);
  w->made = false;
}

static void told(struct write_ask *w, int rc, const struct sl_err *err)
{
  if (rc == SL_ECANCELED) {
    mlflow_ask_end(&w->a, rc, err);
    return;
  }
  rc = sl_req_did(w->a.r, w->target++, rc, NULL, rc ? err : NULL) ? SL_ECANCELED : rc;
  drop(&w->a);
  if (rc == SL_ECANCELED || rc == SL_EUNKNOWN || rc == SL_ETIMEOUT || rc == SL_ENET || rc == SL_EPROTO)
    mlflow_ask_end(&w->a, rc == SL_ECANCELED ? rc : SL_OK, NULL); /* an open question: the others are not touched */
  else
    target_next(w);
}

/* ---- reading ---- */

static struct sl_str tag_of(const struct sl_mlflow_node *tags, struct sl_str key)
{
  for (const struct sl_mlflow_node *t = tags ? tags->child : NULL; t; t = t->next)
    if (sl_str_eq(sl_mlflow_text(t, "key"), key)) {
      struct sl_str v = sl_mlflow_text(t, "value");
      return v.p ? v : SL_STR("");
    }
  return SL_STR_NONE;
}

static struct sl_str alias_of(const struct sl_mlflow_node *aliases, struct sl_str key)
{
  for (const struct sl_mlflow_node *t = aliases ? aliases->child : NULL; t; t = t->next)
    if (sl_str_eq(sl_mlflow_text(t, "alias"), key))
      return sl_mlflow_text(t, "version");
  return SL_STR_NONE;
}

static enum mlflow_on lies_in(const struct mlflow_change *c)
{
  return c->what == MLFLOW_ALIAS || c->what == MLFLOW_UNALIAS ? MLFLOW_MODEL : c->on;
}

static struct sl_str now_of(const struct mlflow_change *c, const struct sl_mlflow_node *n)
{
  switch (c->what) {
  case MLFLOW_TAG:
  case MLFLOW_UNTAG: return tag_of(sl_mlflow_get(c->on == MLFLOW_RUN ? sl_mlflow_get(n, "data") : n, "tags"), c->key);
  case MLFLOW_NOTE: return sl_mlflow_text(n, "description");
  case MLFLOW_STAGE: return sl_mlflow_text(n, "current_stage");
  default: return alias_of(sl_mlflow_get(n, "aliases"), c->key);
  }
}

static int on_item(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct write_ask *w = user;
  const struct sl_mlflow_node *info = sl_mlflow_get(n, "info");
  (void)err;
  bool before = !w->after && !w->reconcile; /* later only what was written is asked for: whoever deletes the run takes nothing back */
  struct sl_str stage = sl_mlflow_text(info, "lifecycle_stage");
  if (before && stage.n && !sl_str_eqz(stage, "active") && !w->bad)
    w->bad = sl_err_set(&w->why, SL_ECONFLICT, "run %.*s is deleted; restore it with MLflow first", SL_ARG(sl_str_head(w->x.run, 80)));
  for (size_t i = 0; i < w->x.n; i++) {
    const struct mlflow_change *c = &w->x.c[i];
    if (lies_in(c) != w->at || (w->again && i != w->step))
      continue;
    struct sl_str now = now_of(c, n);
    w->held[i] = mlflow_change_holds(&w->x, c, now);
    if (before && !w->bad && !mlflow_change_stands(c, now))
      w->bad = mlflow_change_moved(&w->x, c, now, &w->why);
    else if (w->after && !w->bad && !w->held[i])
      w->bad = sl_err_set(&w->why, SL_EIO, "written, but %.*s is %.*s now: somebody changed it at the same time; look again",
                          SL_ARG(sl_str_head(c->key.n ? c->key : SL_STR("the description"), 60)),
                          SL_ARG(now.p ? sl_str_head(now, 60) : SL_STR("not set")));
  }
  return SL_OK;
}

static void page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *body)
{
  struct write_ask *w = (struct write_ask *)a;
  char version[24];
  (void)token;
  (void)body;
  snprintf(version, sizeof version, "%lld", (long long)w->x.version);
  if (w->at == MLFLOW_RUN)
    mlflow_param(query, "run_id", w->x.run);
  else
    mlflow_param(query, "name", w->x.model);
  if (w->at == MLFLOW_VERSION)
    mlflow_param(query, "version", sl_str(version));
}

static void write_next(struct write_ask *w);

static void asked(struct write_ask *w)
{
  bool done = true;
  for (size_t i = 0; i < w->x.n; i++)
    done = done && (w->held[i] || !mlflow_changes_count(&w->x, i));
  told(w, done ? SL_OK : SL_ENOENT, NULL);
}

/* Looked at between two calls: what came before is written, the rest is not tried unless all is as it was. */
static void looked(struct write_ask *w, int rc, struct sl_err *e)
{
  if (!rc && w->bad) {
    *e = w->why;
    rc = w->bad;
  } else if (rc && rc != SL_ECANCELED) {
    e->code = rc = rc == SL_EAUTH || rc == SL_EDENIED ? rc : SL_EIO;
  }
  if (!rc) {
    write_next(w);
    return;
  }
  sl_err_prefix(e, "%zu of %zu calls done, then", w->step, w->x.n);
  told(w, rc, e);
}

static void read_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct write_ask *w = (struct write_ask *)a;
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  if (w->again && !w->after) {
    looked(w, rc, &e);
    return;
  }
  if (rc && rc != SL_ECANCELED && w->after) { /* the calls were answered well; only the look failed */
    struct sl_err was = e;
    rc = sl_err_set(&e, SL_EUNKNOWN, "written, but it could not be read again: %.180s", was.msg);
  } else if (rc == SL_ENOENT && w->reconcile) { /* it is gone: nothing shows that it was done */
    rc = SL_OK;
  } else if (rc && rc != SL_ECANCELED && !w->reconcile && rc != SL_EAUTH && rc != SL_EDENIED && rc != SL_ENOENT) {
    struct sl_err was = e;
    rc = sl_err_set(&e, SL_EIO, "nothing was written: %.200s", was.msg);
  }
  if (rc)
    told(w, rc, &e);
  else if (w->bad)
    told(w, w->bad, &w->why);
  else
    read_next(w, (int)w->at + 1);
}

static void look(struct write_ask *w, enum mlflow_on at)
{
  static const struct mlflow_list lists[] = {
    [MLFLOW_RUN] = { .path = "runs/get", .list = "run", .what = "the run", .one_page = true, .page = page, .item = on_item,
                     .end = read_end },
    [MLFLOW_MODEL] = { .path = "registered-models/get", .list = "registered_model", .what = "the model", .one_page = true, .page = page,
                       .item = on_item, .end = read_end },
    [MLFLOW_VERSION] = { .path = "model-versions/get", .list = "model_version", .what = "the version", .one_page = true, .page = page,
                         .item = on_item, .end = read_end },
  };
  w->at = at;
  mlflow_ask_list(&w->a, &lists[at]);
}

/* The next of run, model, version that has to be looked at; behind the last, what the look was for. */
static void read_next(struct write_ask *w, int from)
{
  while (from < PHASES && !w->x.reads[from])
    from++;
  if (from < PHASES)
    look(w, (enum mlflow_on)from);
  else if (w->reconcile)
    asked(w);
  else if (w->after)
    told(w, SL_OK, NULL);
  else
    write_next(w);
}

/* ---- writing ---- */

struct endpoint { const char *method, *path; };
static struct endpoint endpoint(const struct mlflow_change *c)
{
  bool version = c->on == MLFLOW_VERSION;
  switch (c->what) {
  case MLFLOW_TAG:
    return (struct endpoint){ "POST", c->on == MLFLOW_RUN ? "runs/set-tag" : version ? "model-versions/set-tag"
      : "registered-models/set-tag" };
  case MLFLOW_UNTAG:
    if (c->on == MLFLOW_RUN)
      return (struct endpoint){ "POST", "runs/delete-tag" };
    return (struct endpoint){ "DELETE", version ? "model-versions/delete-tag" : "registered-models/delete-tag" };
  case MLFLOW_NOTE: return (struct endpoint){ "PATCH", version ? "model-versions/update" : "registered-models/update" };
  case MLFLOW_STAGE: return (struct endpoint){ "POST", "model-versions/transition-stage" };
  case MLFLOW_ALIAS: return (struct endpoint){ "POST", "registered-models/alias" };
  default: return (struct endpoint){ "DELETE", "registered-models/alias" };
  }
}

static void member(struct sl_jw *w, const char *key, struct sl_str s)
{
  sl_jw_key(w, sl_str(key));
  sl_jw_str(w, s);
}

static void body_make(const struct mlflow_changes *x, const struct mlflow_change *c, struct sl_buf *out)
{
  struct sl_jw w = sl_jw(out, false);
  char version[24];
  snprintf(version, sizeof version, "%lld", (long long)x->version);
  sl_jw_obj(&w);
  if (c->on == MLFLOW_RUN)
    member(&w, "run_id", x->run);
  else
    member(&w, "name", x->model);
  if (c->on == MLFLOW_VERSION || c->what == MLFLOW_ALIAS)
    member(&w, "version", sl_str(version));
  if (c->what == MLFLOW_TAG || c->what == MLFLOW_UNTAG)
    member(&w, "key", c->key);
  if (c->what == MLFLOW_TAG)
    member(&w, "value", c->value);
  if (c->what == MLFLOW_NOTE)
    member(&w, "description", c->value);
  if (c->what == MLFLOW_ALIAS || c->what == MLFLOW_UNALIAS)
    member(&w, "alias", c->key);
  if (c->what == MLFLOW_STAGE) {
    member(&w, "stage", c->key);
    sl_jw_key(&w, SL_STR("archive_existing_versions"));
    sl_jw_bool(&w, c->archive);
  }
  sl_jw_end_obj(&w);
}

/* The open-source server's own rule: deleting what is in the registry needs MANAGE. */
bool mlflow_wants_manage(const struct mlflow_change *c)
{
  return c->what == MLFLOW_UNALIAS || (c->what == MLFLOW_UNTAG && c->on == MLFLOW_VERSION);
}

/* What a refusal of this call means. */
static int refused(struct write_ask *w, const struct sl_http_info *i, struct sl_str body, struct sl_err *err)
{
  const struct mlflow_change *c = &w->x.c[w->step];
  const struct mlflow_rest *rest = w->a.m->rest;
  struct sl_buf b;
  bool alias = c->what == MLFLOW_ALIAS || c->what == MLFLOW_UNALIAS;
  if (i->status == 404 && alias && (sl_str_find(body, SL_STR("RESOURCE_DOES_NOT_EXIST")) < 0))
    return sl_err_set(err, SL_EUNSUP, "this server%s%s has no aliases (they came with MLflow 2.3); use stages",
                      rest->version[0] ? ", MLflow " : "", rest->version);
  if (i->status == 400 && sl_str_find(body, SL_STR("IntegrityError")) >= 0)
    return sl_err_set(err, SL_ECONFLICT, "somebody set %.*s at the same moment; look again", SL_ARG(sl_str_head(c->key, 60)));
  sl_buf_init(&b, 4096);
  mlflow_change_words(&w->x, c, &b);
  char what[100];
  snprintf(what, sizeof what, "%.*s", SL_ARG(sl_str_head(sl_buf_view(&b), sl_utf8_cut(sl_buf_view(&b), 90))));
  sl_buf_free(&b);
  int rc = mlflow_conn_explain(w->a.m, i, body, what, err);
  if (i->status == 403 && sl_str_find(body, SL_STR("Invalid Host header")) < 0)
    return sl_err_set(err, SL_EDENIED, "%s may not do this: %.90s needs the permission %s on the %s", rest->who[0] ? rest->who : "you",
                      what, mlflow_wants_manage(c) ? "MANAGE" : "EDIT", c->on == MLFLOW_RUN ? "experiment" : "model");
  if (i->status == 429)
    rc = SL_EIO; /* refused at the door: nothing was done */
  else if (i->status >= 400 && i->status < 500 && rc == SL_EPROTO)
    rc = SL_EIO;
  if (err)
    err->code = rc;
  return rc;
}

static void on_written(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err)
{
  struct write_ask *w = user;
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  w->a.http = NULL;
  if (!rc && (i->status != 200 || sl_str_find(i->content_type, SL_STR("json")) < 0))
    rc = refused(w, i, body, &e);
  if (!rc) {
    w->step++;
    write_next(w);
    return;
  }
  if (w->step && rc != SL_ECANCELED)
    sl_err_prefix(&e, "%zu of %zu calls done, then", w->step, w->x.n);
  told(w, rc, &e);
}

static int call_start(struct write_ask *w, const struct mlflow_change *c, struct sl_err *err)
{
  static const struct sl_http_ops ops = { .done = on_written };
  const struct endpoint to = endpoint(c);
  struct mlflow_rest *rest = w->a.m->rest;
  struct sl_buf body;
  sl_buf_init(&body, 2 << 20);
  body_make(&w->x, c, &body);
  char *url = sl_asprintf("%s/api/2.0/mlflow/%s", rest->base, to.path);
  int rc = url ? sl_buf_check(&body, err) : sl_err_nomem(err);
  struct sl_http_req req = { .method = to.method, .url = url, .body = sl_buf_view(&body), .idle_ms = w->a.m->timeout_ms,
                             .max_tries = 1, .max_body = ANSWER_MAX };
  rc = rc ? rc : sl_http_new(&w->a.http, rest->pool, &req, &ops, w, err);
  if (!rc)
    rc = sl_http_header(w->a.http, "Content-Type", SL_STR("application/json"), err);
  rc = rc ? rc : mlflow_conn_sign(w->a.m, w->a.http, err);
  if (rc && w->a.http)
    sl_http_cancel(w->a.http);
  rc = rc ? rc : sl_http_start(w->a.http, err);
  if (rc)
    w->a.http = NULL;
  sl_buf_free(&body);
  sl_free(url);
  return rc;
}

static void write_next(struct write_ask *w)
{
  struct sl_err e = { 0 };
  if (w->step == w->x.n) {
    w->after = true;
    w->again = false;
    read_next(w, 0);
    return;
  }
  if (w->step && !w->again && w->x.c[w->step].compare) { /* calls take time */
    w->again = true;
    look(w, lies_in(&w->x.c[w->step]));
    return;
  }
  int rc = call_start(w, &w->x.c[w->step], &e);
  if (rc)
    told(w, rc, &e); /* it never left */
}

/* ---- targets ---- */

/* What is known of the server beforehand: aliases came with 2.3. */
static int too_old(const struct write_ask *w, struct sl_err *err)
{
  int major = 0, minor = 0;
  const char *version = w->a.m->rest->version;
  if (!version[0] || !sl_mlflow_version(sl_str(version), &major, &minor) || major > 2 || (major == 2 && minor >= 3))
    return SL_OK;
  for (size_t i = 0; i < w->x.n; i++)
    if (w->x.c[i].what == MLFLOW_ALIAS || w->x.c[i].what == MLFLOW_UNALIAS)
      return sl_err_set(err, SL_EUNSUP, "this server, MLflow %s, has no aliases (they came with 2.3); use stages", version);
  return SL_OK;
}

static void target_next(struct write_ask *w)
{
  struct sl_err e = { 0 };
  if (w->target == w->c->ntargets) {
    mlflow_ask_end(&w->a, SL_OK, NULL);
    return;
  }
  w->step = 0;
  w->after = w->again = false;
  w->bad = SL_OK;
  memset(w->held, 0, sizeof w->held);
  int rc = mlflow_changes_make(&w->x, w->c, w->target, &e);
  w->made = true;
  rc = rc ? rc : too_old(w, &e);
  if (rc)
    told(w, rc, &e);
  else
    read_next(w, 0);
}

static void start(struct mlflow_ask *a)
{
  target_next((struct write_ask *)a);
}

int mlflow_rest_write(struct sl_req *r, const struct sl_call *c, bool reconcile, struct sl_err *err)
{
  struct write_ask *w = sl_req_state(r);
  w->c = c;
  w->reconcile = reconcile;
  w->a.drop = drop;
  return mlflow_ask_begin(r, start, err);
}

/* ---- the verbs ---- */

void mlflow_rest_words(const struct mlflow_change *c, struct sl_buf *out)
{
  const struct endpoint to = endpoint(c);
  sl_buf_printf(out, "%s %s: ", to.method, to.path);
}

static int dry_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct sl_buf doc;
  sl_buf_init(&doc, 4 << 20);
  int rc = mlflow_dry_doc(user, NULL, &doc, err);
  rc = rc ? rc : sl_feed_doc(f, sl_buf_view(&doc));
  sl_buf_free(&doc);
  return rc;
}

static int store_dry(struct sl_req *r, const struct sl_call *c, struct sl_err *err)
{
  static const struct sl_feed_ops ops = { .work = dry_work };
  return sl_req_work(r, SL_LANE_FILE, &ops, (void *)(uintptr_t)c, err);
}

static int verb_run(struct sl_req *r, const struct sl_call *c, struct sl_err *err)
{
  const struct mlflow *m = sl_backend_state(sl_req_backend(r));
  if (m->folder)
    return sl_err_set(err, SL_EUNSUP, "connection %s is MLflow's old file store, which is read only here", sl_backend_name(m->b));
  if (c->dry)
    return m->path ? store_dry(r, c, err) : mlflow_rest_dry(r, c, err);
  return m->path ? mlflow_store_write(r, c, false, err) : mlflow_rest_write(r, c, false, err);
}

static int verb_reconcile(struct sl_req *r, const struct sl_call *c, struct sl_err *err)
{
  const struct mlflow *m = sl_backend_state(sl_req_backend(r));
  if (m->folder)
    return sl_err_set(err, SL_EUNSUP, "a file store is never written, so nothing can be asked of it");
  return m->path ? mlflow_store_write(r, c, true, err) : mlflow_rest_write(r, c, true, err);
}

union state { struct write_ask write; struct mlflow_may may; };
#define VERB(name) { .act = &sl_act_##name, .req_size = sizeof(union state), .run = verb_run, .cancel = mlflow_ask_cancel, \
                     .reconcile = verb_reconcile }
const struct sl_verb mlflow_run_verbs[MLFLOW_RUN_VERBS] = { VERB(run_tag), VERB(run_untag), VERB(run_note) };
const struct sl_verb mlflow_model_verbs[MLFLOW_MODEL_VERBS] = { VERB(model_tag), VERB(model_untag), VERB(model_note), VERB(model_alias),
  VERB(model_unalias), VERB(model_rollback) };
const struct sl_verb mlflow_version_verbs[MLFLOW_VERSION_VERBS] = { VERB(version_request), VERB(version_approve), VERB(version_reject),
  VERB(version_stage), VERB(version_tag), VERB(version_untag), VERB(version_note) };
