/* backends/local/objverb.c: copying, removing and writing files. The guards were read and compared a moment ago; the etag that the person
 * saw is compared once more, right before the call. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "backend_local/objverb_int.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/json.h"

enum { CHUNK = 1 << 20 };

/* What a worker needs of the call: addresses resolved while we were on the loop. */
struct act {
  struct local_ask *a;
  struct local_bounds in;
  const struct sl_call *c;
  bool look;                           /* reconcile: was it done? */
  char *to;                            /* path; NULL: remove */
  char *from;                          /* write: the local file */
  bool replace;
};

static void act_free(void *user)
{
  struct act *x = user;
  if (x->a)
    local_ask_free(x->a);
  sl_free(x->to);
  sl_free(x->from);
  sl_free(x);
}

/* ---- reading what is there ---- */

static int target_path(const struct act *x, size_t i, char **path, struct sl_err *err)
{
  return local_path(x->a, x->c->targets[i].id, path, err);
}

static const struct sl_expect *expected(const struct sl_call *c, size_t i, const char *col)
{
  for (size_t k = 0; k < c->nexpect; k++)
    if (!strcmp(c->expect[k].col, col) && sl_str_eq(c->expect[k].ref.id, c->targets[i].id))
      return &c->expect[k];
  return NULL;
}

static int still_same(const struct sl_call *c, size_t i, const struct stat *st, struct sl_err *err)
{
  char etag[40];
  const struct sl_expect *e = expected(c, i, "etag");
  local_etag(etag, st->st_size, (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec, st->st_ino);
  if (!e || e->was.null || sl_str_eqz(e->was.u.s, etag))
    return SL_OK;
  return sl_err_set(err, SL_ECONFLICT, "%.*s was changed meanwhile; look again", SL_ARG(c->targets[i].id));
}

/* ---- copying and writing ---- */

static int copy_bytes(struct sl_feed *f, int in, struct local_put *p, struct sl_err *err)
{
  char *chunk = sl_alloc(CHUNK);
  int rc = chunk ? SL_OK : sl_err_nomem(err);
  while (!rc) {
    ssize_t n = read(in, chunk, CHUNK);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      rc = sl_err_sys(err, errno, "cannot read");
    if (n <= 0)
      break;
    rc = sl_feed_cancelled(f) ? sl_err_set(err, SL_ECANCELED, "cancelled; nothing was written") : local_put_part(p, chunk, (size_t)n, err);
    sl_feed_touch(f);
  }
  sl_free(chunk);
  return rc;
}

static int copy_fd(struct sl_feed *f, const struct act *x, int in, struct sl_err *err)
{
  struct local_put p;
  int rc = local_put_begin(&p, &x->in, x->to, x->replace, err);
  if (rc)
    return rc;
  rc = copy_bytes(f, in, &p, err);
  if (!rc)
    return local_put_commit(&p, err);
  local_put_drop(&p);
  return rc;
}

static int copy_one(struct sl_feed *f, const struct act *x, size_t i, struct sl_err *err)
{
  char *path = NULL;
  struct stat st;
  int fd = -1, rc = target_path(x, i, &path, err);
  if (!rc)
    rc = local_open(&x->in, path, &fd, &st, err);
  if (!rc)
    rc = still_same(x->c, i, &st, err);
  if (!rc)
    rc = copy_fd(f, x, fd, err);
  if (fd >= 0)
    close(fd);
  sl_free(path);
  return rc;
}

static int write_one(struct sl_feed *f, const struct act *x, struct sl_err *err)
{
  struct stat st;
  int in = open(x->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (in < 0)
    return sl_err_sys(err, errno, "cannot open %s", x->from);
  int rc = fstat(in, &st) || !S_ISREG(st.st_mode) ? sl_err_set(err, SL_EUSAGE, "%s is no regular file", x->from) : copy_fd(f, x, in, err);
  close(in);
  return rc;
}

static int remove_one(const struct act *x, size_t i, struct sl_err *err)
{
  char *path = NULL;
  const char *name;
  struct stat st;
  int dir = -1, rc = target_path(x, i, &path, err);
  if (!rc)
    rc = local_place(&x->in, path, false, &dir, &name, err);
  if (!rc && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
    rc = sl_err_sys(err, errno, "cannot remove %s", path);
  if (!rc && S_ISDIR(st.st_mode))
    rc = sl_err_set(err, SL_EUNSUP, "%s is a folder; only files are removed", path);
  if (!rc)
    rc = S_ISLNK(st.st_mode) ? SL_OK : still_same(x->c, i, &st, err);
  if (!rc && unlinkat(dir, name, 0))
    rc = sl_err_sys(err, errno, "cannot remove %s", path);
  if (dir >= 0)
    close(dir);
  sl_free(path);
  return rc;
}

static int act_one(struct sl_feed *f, const struct act *x, size_t i, struct sl_err *err)
{
  if (x->from)
    return write_one(f, x, err);
  return x->to ? copy_one(f, x, i, err) : remove_one(x, i, err);
}

/* ---- what would be done ---- */

static void say_call(struct sl_jw *j, const struct act *x, size_t i)
{
  struct sl_buf line;
  sl_buf_init(&line, 64 << 10);
  sl_buf_z(&line, x->from ? "write " : x->to ? "copy " : "unlink ");
  if (x->from)
    sl_fmt_shell(&line, sl_str(x->from));
  else
    sl_fmt_shell(&line, x->c->targets[i].id);
  if (x->to) {
    sl_buf_z(&line, x->replace ? " over " : " to ");
    sl_fmt_shell(&line, sl_str(x->to));
    sl_buf_z(&line, " (beside it, fsync, rename)");
  }
  sl_jw_str(j, sl_buf_view(&line));
  sl_buf_free(&line);
}

static int say(struct sl_feed *f, const struct act *x)
{
  struct sl_buf doc;
  sl_buf_init(&doc, 1 << 20);
  struct sl_jw j = sl_jw(&doc, false);
  sl_jw_obj(&j);
  sl_jw_key(&j, SL_STR("calls"));
  sl_jw_arr(&j);
  for (size_t i = 0; i < x->c->ntargets; i++)
    say_call(&j, x, i);
  sl_jw_end_arr(&j);
  if (x->to && access(x->to, F_OK) != 0) { /* over something else it cannot be undone */
    struct sl_buf undo;
    sl_buf_init(&undo, 64 << 10);
    sl_buf_z(&undo, "sluice rm ");
    sl_fmt_shell(&undo, sl_str(x->to));
    sl_jw_key(&j, SL_STR("undo"));
    sl_jw_str(&j, sl_buf_view(&undo));
    sl_buf_free(&undo);
  }
  sl_jw_end_obj(&j);
  int rc = doc.failed ? doc.failed : sl_feed_doc(f, sl_buf_view(&doc));
  sl_buf_free(&doc);
  return rc;
}

/* ---- was it done ---- */

static int compare(int a, int b, bool *same, struct sl_err *err)
{
  char *x = sl_alloc(CHUNK), *y = sl_alloc(CHUNK);
  int rc = x && y ? SL_OK : sl_err_nomem(err);
  *same = true;
  for (off_t at = 0; !rc && *same;) {
    ssize_t n = pread(a, x, CHUNK, at), m = pread(b, y, CHUNK, at);
    if (n < 0 || m < 0)
      rc = sl_err_sys(err, errno, "cannot compare");
    *same = n == m && (n <= 0 || !memcmp(x, y, (size_t)n));
    if (n <= 0)
      break;
    at += n;
  }
  sl_free(x);
  sl_free(y);
  return rc;
}

static int look(const struct act *x, struct sl_err *err)
{
  char *path = NULL;
  struct stat st;
  bool same = false;
  int rc = x->from ? ((path = sl_strdup(x->from)) ? SL_OK : sl_err_nomem(err)) : target_path(x, 0, &path, err);
  if (!rc && !x->to)
    rc = lstat(path, &st) && errno == ENOENT ? SL_OK : sl_err_set(err, SL_ENOENT, "%s is still there", path);
  else if (!rc) {
    int a = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), b = -1;
    struct sl_err none = { 0 }; /* whatever it is, it does not hold it */
    if (a >= 0 && !local_open(&x->in, x->to, &b, &st, &none))
      rc = compare(a, b, &same, err);
    if (!rc && !same)
      rc = sl_err_set(err, SL_ENOENT, "%s does not hold it", x->to);
    if (a >= 0)
      close(a);
    if (b >= 0)
      close(b);
  }
  sl_free(path);
  return rc;
}

/* ---- the call ---- */

/* A folder that is there gets the file's own name in it. */
static int into_folder(struct act *x, struct sl_err *err)
{
  if (!x->to || x->from || !sl_dir_exists(x->to))
    return SL_OK;
  struct sl_str id = x->c->targets[0].id;
  char *into = sl_asprintf("%s/%.*s", x->to, SL_ARG(sl_str_from(id, (size_t)(sl_str_rchr(id, '/') + 1))));
  sl_free(x->to);
  x->to = into;
  return into ? SL_OK : sl_err_nomem(err);
}

/* Said before anybody is asked: what may not be written is no plan. */
static int may_all(const struct act *x, struct sl_err *err)
{
  int rc = x->to ? local_may_write(&x->in, x->to, err) : SL_OK;
  for (size_t i = 0; !rc && !x->to && i < x->c->ntargets; i++) {
    char *path = NULL;
    rc = target_path(x, i, &path, err);
    rc = rc ? rc : local_may_write(&x->in, path, err);
    sl_free(path);
  }
  return rc;
}

static int act_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct act *x = user;
  int rc = into_folder(x, err);
  if (rc)
    return rc;
  if (x->look)
    return look(x, err);
  if (x->c->dry)
    return (rc = may_all(x, err)) ? rc : say(f, x);
  for (size_t i = 0; i < x->c->ntargets && !rc; i++) {
    struct sl_err e = { 0 };
    int one = act_one(f, x, i, &e);
    rc = sl_feed_did(f, i, one, NULL, one ? &e : NULL);
  }
  return rc;
}

static bool arg_bool(const struct sl_call *c, const char *name, bool dflt)
{
  for (size_t i = 0; i < c->act->nargs; i++)
    if (!strcmp(c->act->args[i].name, name))
      return c->args[i].null ? dflt : c->args[i].u.b;
  return dflt;
}

static struct sl_str arg_text(const struct sl_call *c, const char *name)
{
  for (size_t i = 0; i < c->act->nargs; i++)
    if (!strcmp(c->act->args[i].name, name))
      return c->args[i].null ? SL_STR_NONE : c->args[i].u.s;
  return SL_STR_NONE;
}

/* The address of the copy. */
static int resolve_to(struct sl_backend *b, struct act *x, struct sl_str to, struct sl_err *err)
{
  struct sl_buf uri, conn;
  struct sl_str path = SL_STR_NONE;
  sl_buf_init(&uri, 64 << 10);
  sl_buf_init(&conn, 4096);
  int rc = sl_ws_resolve(sl_backend_ws(b), to, false, &uri, &conn, err);
  if (!rc && (!sl_uri_path(sl_buf_view(&uri), &path) || !sl_str_eqz(sl_buf_view(&conn), sl_backend_name(b))))
    rc = sl_err_set(err, SL_EUNSUP, "%.*s belongs to another connection; files are copied within one", SL_ARG(to));
  if (!rc && !(x->to = sl_strndup(path.p, path.n)))
    rc = sl_err_nomem(err);
  sl_buf_free(&uri);
  sl_buf_free(&conn);
  return rc;
}

static int act_args(struct sl_backend *b, struct act *x, struct sl_err *err)
{
  const struct sl_call *c = x->c;
  if (c->act == &sl_act_remove)
    return SL_OK;
  if (c->ntargets != 1)
    return sl_err_set(err, SL_EUSAGE, "%s takes one file at a time", c->act->name);
  if (c->act == &sl_act_write) {
    struct sl_str from = arg_text(c, "from");
    if (!(x->from = sl_strndup(from.p ? from.p : "", from.n)))
      return sl_err_nomem(err);
  }
  x->replace = arg_bool(c, "replace", c->act == &sl_act_write);
  return resolve_to(b, x, arg_text(c, "to"), err);
}

static int act_start(struct sl_req *r, const struct sl_call *c, bool reconcile, struct sl_err *err)
{
  static const struct sl_feed_ops ops = { .work = act_work, .free = act_free };
  struct sl_backend *b = sl_req_backend(r);
  struct act *x = sl_calloc(1, sizeof *x);
  struct local_ask *a = sl_calloc(1, sizeof *a);
  if (!x || !a) {
    sl_free(x);
    sl_free(a);
    return sl_err_nomem(err);
  }
  *a = (struct local_ask){ .s = sl_backend_state(b), .conf = local_conf_hold(b), .conn = sl_str(sl_backend_name(b)) };
  *x = (struct act){ .a = a, .in = local_bounds(a->s, a->conf), .c = c, .look = reconcile };
  int rc = act_args(b, x, err);
  if (!rc)
    rc = sl_req_work(r, SL_LANE_LONG, &ops, x, err);
  if (rc)
    act_free(x);
  return rc;
}

int local_copy(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return act_start(r, c, false, err); }
int local_remove(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return act_start(r, c, false, err); }
int local_write(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return act_start(r, c, false, err); }
int local_copy_look(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return act_start(r, c, true, err); }
int local_remove_look(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return act_start(r, c, true, err); }
int local_write_look(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return act_start(r, c, true, err); }
