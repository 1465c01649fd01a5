/* backends/mlflow/artifact_rest.c: artifacts of a server: which run, logged model or proxied folder an address means, what lies there, and
 * its bytes.
 *
 * A server copies a file before it sends it and says no length where it proxies: one that breaks off looks whole (mlflow#8104). So the
 * size is asked for first, and what came is counted. Ranges are asked for; whoever answers with the whole file is read up to the part that
 * is wanted and no further. */
#include <stdio.h>
#include <string.h>

#include "backend_mlflow/artifact_rest_int.h"
#include "base/fmt.h"

enum { MODELS_MAX = 200 };

static void listing(struct art_ask *x);
static void models(struct art_ask *x);

/* ---- texts that outlive an item ---- */

static struct sl_str keep(struct art_ask *x, struct sl_str s)
{
  char *p = sl_arena_strndup(&x->mem, s.n ? s.p : "", s.n);
  x->nomem |= !p;
  return p ? sl_strn(p, s.n) : SL_STR_NONE;
}

static struct sl_str joined(struct art_ask *x, struct sl_str a, struct sl_str b)
{
  char *p = sl_arena_printf(&x->mem, "%.*s%s%.*s", SL_ARG(a), a.n && b.n ? "/" : "", SL_ARG(b));
  x->nomem |= !p;
  return p ? sl_str(p) : SL_STR_NONE;
}

void mlflow_art_drop(struct mlflow_ask *a)
{
  struct art_ask *x = (struct art_ask *)a;
  sl_arena_free(&x->mem);
  sl_buf_free(&x->uri);
}

static void no_such(struct art_ask *x)
{
  struct sl_err e;
  sl_err_set(&e, SL_ENOENT, "there is no %.*s", SL_ARG(sl_str_head(sl_buf_view(&x->uri), 160)));
  mlflow_ask_end(&x->a, SL_ENOENT, &e);
}

static void place(struct art_ask *x, int in, struct sl_str id, struct sl_str path)
{
  x->in = in;
  x->id = id;
  x->path = path;
  if (x->nomem) {
    struct sl_err e;
    mlflow_ask_end(&x->a, sl_err_nomem(&e), &e);
  } else
    listing(x);
}

/* ---- rows ---- */

static int put(struct art_ask *x, struct sl_str name, bool folder, int64_t bytes, struct sl_err *err)
{
  struct mlflow_object o = { .shown = sl_buf_view(&x->uri), .name = name, .folder = folder, .bytes = bytes };
  struct sl_buf uri;
  struct sl_batch *b = NULL;
  sl_buf_init(&uri, 1 << 20);
  int rc = mlflow_object_uri(&uri, &o, err);
  rc = rc ? rc : mlflow_ask_row(&x->a, sl_buf_view(&uri), &b, err);
  if (!rc)
    mlflow_put_object(b, sl_buf_view(&uri), &o);
  sl_buf_free(&uri);
  return rc ? rc : mlflow_ask_send(&x->a, false, err);
}

static void put_end(struct art_ask *x, struct sl_str name, bool folder, int64_t bytes)
{
  struct sl_err e = { 0 };
  int rc = put(x, name, folder, bytes, &e);
  mlflow_ask_end(&x->a, rc == SL_EAGAIN ? SL_OK : rc, &e);
}

/* ---- one folder ---- */

static int on_file(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct art_ask *x = user;
  const struct sl_mlflow_node *dir = sl_mlflow_get(n, "is_dir");
  struct sl_str name = sl_mlflow_text(n, "path");
  int64_t bytes = -1;
  while (name.n && name.p[name.n - 1] == '/')
    name.n--;
  ptrdiff_t slash = sl_str_rchr(name, '/'); /* below the run's folder, or a bare name where it is proxied */
  name = sl_str_from(name, (size_t)(slash + 1));
  if (!mlflow_name_ok(name)) {
    sl_req_cut(x->a.r, "a name that no file can have was left out");
    return SL_OK;
  }
  bool folder = dir && sl_str_eqz(dir->text, "true");
  if (!sl_mlflow_int(n, "file_size", &bytes) || bytes < 0)
    bytes = -1;
  x->items++;
  if (!x->want.n)
    return put(x, name, folder, bytes, err);
  if (sl_str_eq(name, x->want)) {
    x->found = true;
    x->folder = folder;
    x->size = bytes;
  }
  return SL_OK;
}

static void folder_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct art_ask *x = (struct art_ask *)a;
  (void)w;
  if (x->in == ART_RUN)
    mlflow_param(query, "run_id", x->id);
  if (x->dir.n)
    mlflow_param(query, x->in == ART_MODEL ? "artifact_directory_path" : "path", x->dir);
  if (token.n)
    mlflow_param(query, "page_token", token);
}

static void found(struct art_ask *x)
{
  struct sl_err e;
  if (!x->reading) {
    put_end(x, SL_STR_NONE, x->folder, x->size);
    return;
  }
  if (x->folder) {
    sl_err_set(&e, SL_EUNSUP, "%.*s is a folder; `sluice ls` lists it", SL_ARG(sl_str_head(sl_buf_view(&x->uri), 160)));
    mlflow_ask_end(&x->a, SL_EUNSUP, &e);
    return;
  }
  mlflow_art_read(x);
}

static void look_in(struct art_ask *x, struct sl_str dir, struct sl_str want);

static void folder_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct art_ask *x = (struct art_ask *)a;
  bool maybe_model = x->in == ART_RUN && !x->tried;
  if (rc && rc != SL_ENOENT) {
    mlflow_ask_end(a, rc, err);
  } else if (x->want.n ? x->found : x->items > 0 || (!rc && !x->path.n)) {
    if (x->want.n)
      found(x);
    else if (maybe_model && !x->path.n)
      models(x);
    else
      mlflow_ask_end(a, SL_OK, NULL);
  } else if (!rc && !x->want.n) { /* nothing in it: a file, an empty folder, or not there */
    ptrdiff_t slash = sl_str_rchr(x->path, '/');
    look_in(x, slash < 0 ? SL_STR("") : sl_str_head(x->path, (size_t)slash), sl_str_from(x->path, (size_t)(slash + 1)));
  } else if (maybe_model && x->path.n) {
    models(x);
  } else if (rc) {
    mlflow_ask_end(a, rc, err);
  } else
    no_such(x);
}

static void look_in(struct art_ask *x, struct sl_str dir, struct sl_str want)
{
  struct mlflow_list list = { .path = "artifacts/list", .list = "files", .what = "artifacts", .page = folder_page, .item = on_file,
                              .end = folder_end };
  x->dir = dir;
  x->want = want;
  x->items = 0;
  if (x->in == ART_PROXY)
    list.path = "/api/2.0/mlflow-artifacts/artifacts";
  if (x->in == ART_MODEL)
    list.path = sl_arena_printf(&x->mem, "logged-models/%.*s/artifacts/directories", SL_ARG(x->id));
  struct sl_err e;
  if (list.path)
    mlflow_ask_list(&x->a, &list);
  else
    mlflow_ask_end(&x->a, sl_err_nomem(&e), &e);
}

static void listing(struct art_ask *x)
{
  const struct sl_query *q = sl_req_query(x->a.r);
  ptrdiff_t slash = sl_str_rchr(x->path, '/');
  if (q && q->kind != SL_Q_GET)
    look_in(x, x->path, SL_STR_NONE);
  else if (!x->path.n) {
    x->folder = true;
    found(x);
  } else
    look_in(x, slash < 0 ? SL_STR("") : sl_str_head(x->path, (size_t)slash), sl_str_from(x->path, (size_t)(slash + 1)));
}

/* It becomes a part of a path. */
static bool is_id(struct sl_str s)
{
  return sl_mlflow_plain(s) && sl_str_find(s, SL_STR("..")) < 0 && sl_str_chr(s, '/') < 0 && sl_str_chr(s, '?') < 0 &&
    sl_str_chr(s, '%') < 0 && sl_str_chr(s, '#') < 0;
}

/* ---- models that a run logged: since 3.0 their files are no longer among the run's ---- */

static void model_next(struct art_ask *x);

static int on_model(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct art_ask *x = user;
  struct sl_str name = sl_mlflow_text(sl_mlflow_get(n, "info"), "name"), first = SL_STR_NONE, rest = x->path;
  sl_str_cut(&rest, '/', &first);
  if (!mlflow_name_ok(name))
    return SL_OK;
  if (!x->path.n)
    return put(x, name, true, -1, err);
  if (sl_str_eq(name, first))
    x->hit = x->model[x->at_model];
  return SL_OK;
}

static void model_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct art_ask *x = (struct art_ask *)a;
  struct sl_str rest = x->path, first;
  if (rc && rc != SL_ENOENT) {
    mlflow_ask_end(a, rc, err);
    return;
  }
  x->at_model++;
  if (!x->hit.n) {
    model_next(x);
    return;
  }
  sl_str_cut(&rest, '/', &first);
  place(x, ART_MODEL, x->hit, rest);
}

static void no_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  (void)a;
  (void)token;
  (void)query;
  (void)w;
}

static void model_next(struct art_ask *x)
{
  struct mlflow_list list = { .list = "model", .what = "logged model", .page = no_page, .item = on_model, .end = model_end };
  struct sl_err e;
  if (x->at_model == x->nmodel) {
    if (x->path.n)
      no_such(x);
    else
      mlflow_ask_end(&x->a, SL_OK, NULL);
    return;
  }
  list.path = sl_arena_printf(&x->mem, "logged-models/%.*s", SL_ARG(x->model[x->at_model]));
  if (list.path)
    mlflow_ask_list(&x->a, &list);
  else
    mlflow_ask_end(&x->a, sl_err_nomem(&e), &e);
}

static int on_run(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct art_ask *x = user;
  const struct sl_mlflow_node *list = sl_mlflow_get(sl_mlflow_get(n, "outputs"), "model_outputs");
  x->root = keep(x, sl_mlflow_text(sl_mlflow_get(n, "info"), "artifact_uri"));
  size_t all = 0;
  for (const struct sl_mlflow_node *c = list ? list->child : NULL; c; c = c->next)
    all++;
  x->model = all ? sl_arena_alloc(&x->mem, (all < MODELS_MAX ? all : MODELS_MAX) * sizeof *x->model) : NULL;
  for (const struct sl_mlflow_node *c = x->model ? list->child : NULL; c && x->nmodel < MODELS_MAX; c = c->next)
    if (is_id(sl_mlflow_text(c, "model_id")))
      x->model[x->nmodel++] = keep(x, sl_mlflow_text(c, "model_id"));
  return x->nomem ? sl_err_nomem(err) : SL_OK;
}

static void run_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  (void)token;
  (void)w;
  mlflow_param(query, "run_id", ((struct art_ask *)a)->run);
}

static void ask_run(struct art_ask *x, struct sl_str run, mlflow_end_fn *end)
{
  struct mlflow_list list = { .path = "runs/get", .list = "run", .what = "run", .page = run_page, .item = on_run, .end = end };
  x->run = run;
  x->nmodel = 0;
  mlflow_ask_list(&x->a, &list);
}

static void models_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct sl_err e;
  if (rc == SL_ENOENT) {
    sl_err_set(&e, rc, "no run has the id %.*s (sluice get runs lists them)", SL_ARG(sl_str_head(((struct art_ask *)a)->id, 80)));
    err = &e;
  }
  if (rc)
    mlflow_ask_end(a, rc, err);
  else
    model_next((struct art_ask *)a);
}

static void models(struct art_ask *x)
{
  x->tried = true;
  ask_run(x, x->id, models_end);
}

/* ---- where a version's files are ---- */

static void elsewhere(struct art_ask *x)
{
  struct sl_err e;
  sl_err_set(&e, SL_EDENIED, "its files lie at %.*s, which the server does not hand out and which is not read from here; start it with "
             "--serve-artifacts, or copy them and name the copy", SL_ARG(sl_str_head(x->source, 90)));
  mlflow_ask_end(&x->a, SL_EDENIED, &e);
}

/* mlflow-artifacts://HOST/p is another server's, unless HOST is ours. */
static bool is_ours(const struct art_ask *x, struct sl_str host)
{
  struct sl_url u;
  char both[300];
  if (!host.n)
    return true;
  if (!sl_url_parse(sl_str(x->a.m->rest->base), &u))
    return false;
  snprintf(both, sizeof both, "%.*s:%d", SL_ARG(u.host), u.port);
  return sl_str_eq(host, u.host) || sl_str_eqz(host, both);
}

static void proxied(struct art_ask *x, const struct sl_mlflow_address *at, struct sl_str more)
{
  if (is_ours(x, at->id))
    place(x, ART_PROXY, SL_STR_NONE, joined(x, at->path, more));
  else
    elsewhere(x);
}

/* A source below the folder of the run that made it is the run's: the server hands those out itself, by ranges. */
static void source_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct art_ask *x = (struct art_ask *)a;
  struct sl_mlflow_address at;
  struct sl_str root = x->root;
  (void)err;
  while (root.n && root.p[root.n - 1] == '/')
    root.n--;
  if (!rc && root.n && sl_str_starts(x->source, root) && (x->source.n == root.n || x->source.p[root.n] == '/')) {
    struct sl_str path = sl_str_from(x->source, root.n + 1);
    if (sl_str_find(path, SL_STR("..")) < 0) {
      place(x, ART_RUN, x->run, joined(x, path, x->at.path));
      return;
    }
  }
  if (rc == SL_ECANCELED)
    mlflow_ask_end(a, rc, err);
  else if (sl_mlflow_address(x->source, &at) && at.kind == SL_MLFLOW_AT_PROXY)
    proxied(x, &at, x->at.path);
  else
    elsewhere(x);
}

static int on_version(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct art_ask *x = user;
  if (x->source.n)
    return SL_OK; /* of a stage: the first is the newest */
  x->source = keep(x, sl_mlflow_text(n, "source"));
  x->of_run = keep(x, sl_mlflow_text(n, "run_id"));
  x->hit = keep(x, sl_mlflow_text(n, "model_id"));
  return x->nomem ? sl_err_nomem(err) : SL_OK;
}

/* A missing alias is a bad request to MLflow, a missing version or model none such: to a person they are the same. */
static int no_version(const struct art_ask *x, int rc, const struct sl_err *from, struct sl_err *err)
{
  static const char *const what[] = { [SL_MLFLOW_AT_VERSION] = "version", [SL_MLFLOW_AT_ALIAS] = "alias",
                                      [SL_MLFLOW_AT_STAGE] = "version in stage" };
  if (rc != SL_ENOENT && !(rc == SL_EPROTO && strstr(from->msg, "not found")))
    return rc;
  return sl_err_set(err, SL_ENOENT, "model %.*s has no %s %.*s (sluice get versions lists them)", SL_ARG(sl_str_head(x->at.id, 80)),
                    what[x->at.kind], SL_ARG(sl_str_head(x->at.which, 60)));
}

static void version_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct art_ask *x = (struct art_ask *)a;
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  struct sl_mlflow_address at = { .kind = SL_MLFLOW_AT_PROXY };
  bool known = sl_mlflow_address(x->source, &at);
  struct sl_str model = known && at.kind == SL_MLFLOW_AT_MODEL ? at.id : x->hit;
  x->hit = SL_STR_NONE;
  rc = no_version(x, rc, &e, &e);
  if (rc)
    mlflow_ask_end(a, rc, &e);
  else if (!x->source.n)
    no_such(x);
  else if (model.n && is_id(model))
    place(x, ART_MODEL, model, joined(x, known && at.kind == SL_MLFLOW_AT_MODEL ? at.path : SL_STR_NONE, x->at.path));
  else if (known && at.kind == SL_MLFLOW_AT_RUN)
    place(x, ART_RUN, at.id, joined(x, at.path, x->at.path));
  else if (x->of_run.n)
    ask_run(x, x->of_run, source_end);
  else
    source_end(a, SL_OK, NULL);
}

static void version_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct art_ask *x = (struct art_ask *)a;
  static const char *const names[] = { [SL_MLFLOW_AT_VERSION] = "version", [SL_MLFLOW_AT_ALIAS] = "alias",
                                       [SL_MLFLOW_AT_STAGE] = "stages" };
  (void)token;
  (void)w;
  mlflow_param(query, "name", x->at.id);
  mlflow_param(query, names[x->at.kind], x->at.which);
}

static void ask_version(struct art_ask *x)
{
  static const char *const paths[] = { [SL_MLFLOW_AT_VERSION] = "model-versions/get", [SL_MLFLOW_AT_ALIAS] = "registered-models/alias",
                                       [SL_MLFLOW_AT_STAGE] = "registered-models/get-latest-versions" };
  struct mlflow_list list = { .path = paths[x->at.kind], .list = x->at.kind == SL_MLFLOW_AT_STAGE ? "model_versions" : "model_version",
                              .what = "version", .page = version_page, .item = on_version, .end = version_end };
  mlflow_ask_list(&x->a, &list);
}

/* ---- the request ---- */

void mlflow_art_start(struct mlflow_ask *a)
{
  struct art_ask *x = (struct art_ask *)a;
  struct sl_err e = { 0 };
  if (sl_req_query(a->r) && sl_req_head(a->r, NULL, 0, -1) == SL_ECANCELED) {
    mlflow_ask_end(a, SL_ECANCELED, NULL);
    return;
  }
  if (!sl_mlflow_address(sl_buf_view(&x->uri), &x->at)) {
    mlflow_ask_end(a, mlflow_address_bad(sl_buf_view(&x->uri), &e), &e);
    return;
  }
  x->source = SL_STR_NONE;
  switch (x->at.kind) {
  case SL_MLFLOW_AT_RUN: place(x, ART_RUN, x->at.id, x->at.path); break;
  case SL_MLFLOW_AT_MODEL:
    if (is_id(x->at.id))
      place(x, ART_MODEL, x->at.id, x->at.path);
    else
      no_such(x);
    break;
  case SL_MLFLOW_AT_PROXY:
    x->source = sl_buf_view(&x->uri);
    proxied(x, &x->at, SL_STR_NONE);
    break;
  default: ask_version(x);
  }
}

static void root_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct art_ask *x = (struct art_ask *)a;
  struct sl_mlflow_address at;
  bool known = !rc && sl_mlflow_address(x->root, &at) && at.kind == SL_MLFLOW_AT_PROXY && is_ours(x, at.id);
  if (!known) {
    mlflow_ask_end(a, x->bad.code ? x->bad.code : rc, x->bad.code ? &x->bad : err);
    return;
  }
  x->in = ART_PROXY;
  x->path = joined(x, at.path, x->path);
  mlflow_art_read(x);
}

/* Some gateways let only /api through: then by the proxy of the artifacts. */
void mlflow_art_detour(struct art_ask *x)
{
  x->detour = true;
  ask_run(x, x->id, root_end);
}
