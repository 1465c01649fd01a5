/* backends/local/sink.c: the sink port: one file, part by part. The last step, which waits for the disk, runs in the lane `file`. */
#include "backend_local/local_int.h"

struct sink { struct local_put put; struct committing *under_way; };
struct committing { struct local *s; struct sl_req *r; struct local_put put; };

static int sink_begin(struct sl_req *r, const struct sl_put *how, struct sl_err *err)
{
  struct sink *k = sl_req_state(r);
  struct sl_backend *b = sl_req_backend(r);
  struct local *s = sl_backend_state(b);
  struct sl_str path;
  if (!sl_uri_path(sl_req_uri(r), &path))
    return sl_err_set(err, SL_EUSAGE, "%.*s is no file of this machine", SL_ARG(sl_req_uri(r)));
  char *z = sl_strndup(path.p, path.n);
  struct local_bounds in = local_bounds(s, sl_backend_ws_conf(b));
  int rc = z ? local_put_begin(&k->put, &in, z, how->replace, err) : sl_err_nomem(err);
  sl_free(z);
  return rc;
}

static int sink_part(struct sl_req *r, const void *p, size_t n, struct sl_err *err)
{
  struct sink *k = sl_req_state(r);
  return k->under_way ? sl_err_set(err, SL_EINTERNAL, "a part after the commit") : local_put_part(&k->put, p, n, err);
}

static int commit_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct committing *c = user;
  if (!atomic_load(cancel))
    return local_put_commit(&c->put, err);
  local_put_drop(&c->put);
  return SL_ECANCELED;
}

static void commit_done(void *user, int rc, const struct sl_err *err)
{
  struct committing *c = user;
  struct local *s = c->s;
  local_put_drop(&c->put); /* nothing left, unless it never ran */
  sl_req_end(c->r, rc, err);
  sl_free(c);
  local_job_over(s);
}

static int sink_commit(struct sl_req *r, struct sl_err *err)
{
  static const struct sl_job_ops ops = { .work = commit_work, .done = commit_done };
  struct sink *k = sl_req_state(r);
  struct sl_backend *b = sl_req_backend(r);
  struct committing *c = sl_calloc(1, sizeof *c);
  if (!c)
    return sl_err_nomem(err);
  *c = (struct committing){ .s = sl_backend_state(b), .r = r, .put = k->put };
  int rc = sl_job_start(sl_backend_loop(b), SL_LANE_FILE, &ops, c, &(sl_job){ 0 }, err);
  if (rc) {
    sl_free(c);
    return rc;
  }
  k->put = (struct local_put){ .dir = -1, .fd = -1 };
  k->under_way = c;
  c->s->jobs++;
  return SL_OK;
}

/* A commit that is under way is let through: it ends by itself, and soon. */
static void sink_cancel(struct sl_req *r)
{
  struct sink *k = sl_req_state(r);
  if (k->under_way)
    return;
  local_put_drop(&k->put);
  struct sl_err e = { 0 };
  sl_err_set(&e, SL_ECANCELED, "not written");
  sl_req_end(r, SL_ECANCELED, &e);
}

const struct sl_sink_ops local_sink = { .port = { .req_size = sizeof(struct sink), .cancel = sink_cancel }, .begin = sink_begin,
                                        .part = sink_part, .commit = sink_commit };
