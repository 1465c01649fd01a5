/* backends/mlflow/registry_digest.c: the digest of a version's files. Where they lie on this machine they are read (bounded, and only
 * what is new) and compared with what was recorded; elsewhere it is what was recorded. Where neither is, it is not known. */
#include <stdio.h>
#include <unistd.h>

#include "backend_mlflow/artifacts_int.h"
#include "model/manifest.h"
#include "model/recorded.h"

enum { TAGS = 128 };
static const int64_t BYTES_MAX = 256 << 20, FILES_MAX = 50000;     /* of one answer */

struct digests {
  struct mlflow_registry *g;
  struct mlflow_store *s;            /* NULL: a server */
  struct sl_recorder *k;
  struct sl_str conn, only;
  struct sl_manifest_budget left;
};

bool mlflow_want_digests(const struct sl_query *q)
{
  static const char *const cols[] = { "digest", "artifact", "digest_from", "artifact_why" };
  for (size_t i = 0; q->want && i < sl_want_count(q->want); i++)
    for (size_t k = 0; k < sizeof cols / sizeof cols[0]; k++)
      if (sl_str_eqz(sl_want_name(q->want, i).col, cols[k]))
        return true;
  return !q->want || q->kind == SL_Q_GET;
}

/* ---- what was recorded ---- */

/* Whoever may tag may write it: it is believed only where nobody has stated anything. */
static bool by_tag(struct sl_str value, struct sl_recorded *out)
{
  if (sl_str_starts(value, SL_STR("sha256:")))
    value = sl_str_from(value, 7);
  for (size_t i = 0; i < value.n; i++)
    if (!((value.p[i] >= '0' && value.p[i] <= '9') || (value.p[i] >= 'a' && value.p[i] <= 'f')))
      return false;
  if (value.n != 64)
    return false;
  *out = (struct sl_recorded){ .how = "tag" };
  snprintf(out->digest, sizeof out->digest, "%.*s", SL_ARG(value));
  return true;
}

static bool recorded(const struct digests *d, size_t at, struct sl_recorded *out)
{
  const struct mlflow_registry *g = d->g;
  struct sl_recorded_tag tag[TAGS];
  struct sl_recorded claim;
  bool claimed = false;
  size_t n = 0;
  for (size_t i = mlflow_registry_first_tag(g, at); i < g->ntag && g->tag[i].version == at; i++) {
    if (sl_str_eqz(g->tag[i].key, "artifact.digest"))
      claimed = by_tag(g->tag[i].value, &claim) || claimed;
    if (sl_str_starts(g->tag[i].key, SL_STR("approval.")) && n < TAGS)
      tag[n++] = (struct sl_recorded_tag){ g->tag[i].key, g->tag[i].value };
  }
  const struct sl_recorded_version v = { d->conn, g->version[at].model, g->version[at].version, tag, n };
  if (sl_recorder_find(d->k, &v, out))
    return true;
  if (claimed)
    *out = claim;
  return claimed;
}

/* "lead decided about on 2026-..." */
static void told(const struct sl_recorded *r, struct sl_buf *b)
{
  if (!strcmp(r->how, "tag"))
    sl_buf_z(b, "the tag artifact.digest names");
  else if (r->by[0])
    sl_buf_printf(b, "%s decided about", r->by);
  else
    sl_buf_z(b, "the evidence read");
  if (r->at) {
    sl_buf_z(b, " on ");
    sl_time_rfc3339(b, r->at);
  }
}

/* ---- one version ---- */

/* ENOENT: what the store names is not there. */
static int files_digest(struct digests *d, const struct mlflow_version *v, struct sl_manifest *out, struct sl_err *err)
{
  struct sl_buf location, path;
  int fd = -1;
  if (!d->s)
    return sl_err_set(err, SL_EUNSUP, "its files lie behind a server");
  sl_buf_init(&location, 64 << 10);
  sl_buf_init(&path, 64 << 10);
  int rc = mlflow_store_place(d->s, v->source, &location, &path, err);
  struct mlflow_spot at = { sl_buf_view(&location), sl_buf_view(&path), v->source };
  rc = rc ? rc : mlflow_spot_open(d->s, &at, &fd, err);
  rc = rc ? rc : sl_manifest_fd(out, fd, d->s->m->hashes, &d->left, err);
  sl_buf_free(&location);
  sl_buf_free(&path);
  return rc;
}

static void judge(struct mlflow_version *v, int rc, const struct sl_manifest *now, const struct sl_recorded *was, const struct sl_err *err,
                  struct sl_buf *why)
{
  bool same = !rc && was && !strcmp(was->digest, now->digest);
  if (rc == SL_ENOENT) {
    v->artifact = "missing";
    sl_buf_printf(why, "its files are gone: %s", err->msg);
    return;
  }
  if (rc && was) {
    sl_buf_z(why, "what ");
    told(was, why);
    sl_buf_z(why, "; ");
  }
  if (rc && !was && rc != SL_EAGAIN) /* nothing is known, by whatever way */
    return;
  if (rc) {
    sl_buf_printf(why, "not compared: %s", err->msg);
  } else if (!was) {
    sl_buf_z(why, "as they lie there now; what they were is recorded nowhere");
  } else {
    v->artifact = same ? "ok" : "changed";
    sl_buf_z(why, same ? "the files that " : "not the files that ");
    told(was, why);
  }
}

static int version_digest(struct digests *d, size_t at, struct sl_err *err)
{
  struct mlflow_version *v = &d->g->version[at];
  struct sl_recorded was;
  struct sl_manifest now = { .files = 0 };
  struct sl_err e = { 0 };
  struct sl_buf why;
  bool has = recorded(d, at, &was);
  int rc = files_digest(d, v, &now, &e);
  if (rc == SL_ECANCELED || rc == SL_ENOMEM)
    return sl_err_set(err, rc, "%s", e.msg);
  sl_buf_init(&why, 4096);
  judge(v, rc, &now, has ? &was : NULL, &e, &why);
  const char *digest = rc ? (has ? was.digest : NULL) : now.digest;
  v->digest_from = rc ? (has ? sl_arena_strndup(&d->g->mem, was.how, strlen(was.how)) : NULL) : "files";
  v->digest = digest ? sl_arena_strndup(&d->g->mem, digest, strlen(digest)) : NULL;
  v->why = why.n ? sl_arena_strndup(&d->g->mem, why.p, why.n) : NULL;
  rc = (digest && !v->digest) || (why.n && !v->why) || why.failed ? sl_err_nomem(err) : SL_OK;
  sl_buf_free(&why);
  return rc;
}

/* ---- all of them: what is in use first, then the newest ---- */

static int wanted(const struct digests *d, size_t at, struct sl_buf *id)
{
  sl_buf_clear(id);
  sl_buf_printf(id, "%.*s/%lld", SL_ARG(d->g->version[at].model), (long long)d->g->version[at].version);
  return !d->only.p || sl_str_eq(sl_buf_view(id), d->only);
}

static int in_use(const struct mlflow_registry *g, struct sl_map *out, struct sl_err *err)
{
  struct sl_buf id;
  int rc = SL_OK;
  sl_buf_init(&id, 64 << 10);
  for (size_t i = 0; i < g->nalias && !rc; i++) {
    sl_buf_clear(&id);
    sl_buf_printf(&id, "%.*s/%lld", SL_ARG(g->model[g->alias[i].model].name), (long long)g->alias[i].version);
    rc = sl_map_put(out, sl_buf_view(&id), 0, NULL, err);
  }
  sl_buf_free(&id);
  return rc;
}

int mlflow_registry_digests(struct mlflow_registry *g, struct mlflow_store *s, struct sl_recorder *k, struct sl_str conn,
                            struct sl_str only, const atomic_bool *cancel, struct sl_err *err)
{
  struct digests d = { g, s, k, conn, only, { BYTES_MAX, FILES_MAX, cancel } };
  struct sl_map used;
  struct sl_buf id;
  sl_map_init(&used);
  sl_buf_init(&id, 64 << 10);
  int rc = in_use(g, &used, err);
  for (int pass = 0; pass < 2 && !rc; pass++)
    for (size_t i = g->nversion; i-- > 0 && !rc;)
      if (wanted(&d, i, &id) && sl_map_get(&used, sl_buf_view(&id), NULL) == !pass) {
        rc = cancel && atomic_load(cancel) ? sl_err_set(err, SL_ECANCELED, "cancelled") : version_digest(&d, i, err);
        if (!rc && s)
          sl_feed_touch(s->f);
      }
  sl_map_free(&used);
  sl_buf_free(&id);
  return rc;
}

/* ---- of a server: rows go on from a lane, which reads what was recorded ---- */

struct later { struct mlflow_registry g; struct sl_recorder *k; struct sl_str conn, only; struct sl_schema *schema; };

static int later_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct later *x = user;
  bool more = true;
  uint64_t rows = 0;
  size_t at = 0;
  int rc = mlflow_registry_digests(&x->g, NULL, x->k, x->conn, x->only, sl_feed_cancel_flag(f), err);
  while (more && !rc) {
    struct sl_batch *b = NULL;
    rc = sl_batch_new(&b, x->schema, err);
    if (rc)
      break;
    more = mlflow_fill_versions(&x->g, &at, x->only, b);
    rows += sl_batch_count(b);
    rc = sl_feed_rows(f, &b);
  }
  if (!rc && x->only.p && !rows)
    rc = sl_err_set(err, SL_ENOENT, "there is no %.*s in the registry", SL_ARG(sl_str_head(x->only, 80)));
  return rc;
}

static void later_free(void *user)
{
  struct later *x = user;
  mlflow_registry_free(&x->g);
  sl_recorder_close(x->k);
  sl_schema_unref(x->schema);
  sl_free(x);
}

bool mlflow_registry_later(struct sl_req *r, struct mlflow_registry *take, struct sl_str only)
{
  static const struct sl_feed_ops ops = { .work = later_work, .free = later_free };
  struct sl_recorder *k = mlflow_want_digests(sl_req_query(r)) ? sl_recorder_open(sl_req_backend(r)) : NULL;
  struct later *x = k ? sl_calloc(1, sizeof *x) : NULL;
  struct sl_err err = { 0 };
  if (!x) {
    sl_recorder_close(k);
    return false;
  }
  *x = (struct later){ *take, k, sl_str(sl_backend_name(sl_req_backend(r))), only, sl_schema_ref(sl_req_schema(r)) };
  if (!sl_req_work(r, SL_LANE_FILE, &ops, x, &err)) {
    mlflow_registry_init(take);
    return true;
  }
  mlflow_registry_init(&x->g); /* it stays with the asker */
  later_free(x);
  return false;
}
