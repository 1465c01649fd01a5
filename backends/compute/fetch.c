/* backends/compute/fetch.c: a registry's model, copied into a folder of ours: its page (MLmodel) and the one file that the page names,
 * called `model`; or any one file, by the same name. The box reads it from there; nothing of it is opened here but the page.
 *
 * Bytes come on the loop and are written in a lane, a buffer at a time, while the next one fills. The folder lies beside the box pool's
 * own and is named like it, after this process: what a killed console leaves goes when the next one opens its pool. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend_compute/compute_int.h"
#include "base/file.h"
#include "base/fmt.h"
#include "compute/mlmodel.h"

enum { MODEL_MAX = 256 << 20, PIECE = 1 << 20, BUFFER_MAX = 64 << 20 };

/* What the lane works on; nobody else while `busy`. */
struct folder {
  struct compute_fetch *f;     /* NULL: dropped meanwhile, the folder goes */
  struct sl_loop *loop;
  char *parent, *dir;
  int fd;                      /* of `model` */
  struct sl_buf page, out;
  sl_job job;
};
struct compute_fetch {
  struct compute *c;
  struct sl_req *touch;
  compute_fetched *fn;
  void *user;
  char *uri;
  sl_watch watch;
  struct folder *d;
  struct sl_buf in;
  uint64_t got;
  bool plain;                  /* one file, without a page */
  bool file, busy, paused, ended;   /* file: the page is read, its file comes */
};

/* ---- in the lane ---- */

static int write_all(int fd, struct sl_str s, struct sl_err *err)
{
  return sl_fd_write(fd, s) ? sl_err_sys(err, errno, "cannot keep the model") : SL_OK;
}

static int make_file(const struct folder *d, const char *name, int *fd, struct sl_err *err)
{
  char *path = sl_path_join(d->dir, name);
  int rc = path ? SL_OK : sl_err_nomem(err);
  *fd = rc ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (!rc && *fd < 0)
    rc = sl_err_sys(err, errno, "cannot keep the model in %s", path);
  sl_free(path);
  return rc;
}

static int make_dir(struct folder *d, struct sl_err *err)
{
  int rc = sl_mkdirs(d->parent, 0700, err);
  d->dir = rc ? NULL : sl_asprintf("%s/sluice-box-%d-XXXXXX", d->parent, (int)getpid());
  if (!rc && !d->dir)
    rc = sl_err_nomem(err);
  if (!rc && !mkdtemp(d->dir)) {
    rc = sl_err_sys(err, errno, "cannot make a folder for the model: %s", d->dir);
    sl_free(d->dir);
    d->dir = NULL;
  }
  return rc;
}

static int make(struct folder *d, struct sl_err *err)
{
  int fd = -1, rc = make_dir(d, err);
  if (!rc)
    rc = make_file(d, "MLmodel", &fd, err);
  if (!rc)
    rc = write_all(fd, sl_buf_view(&d->page), err);
  if (fd >= 0)
    close(fd);
  return rc ? rc : make_file(d, "model", &d->fd, err);
}

static int work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct folder *d = user;
  (void)cancel;
  int rc = d->dir ? SL_OK : make(d, err);
  return rc ? rc : write_all(d->fd, sl_buf_view(&d->out), err);
}

static void folder_free(struct folder *d)
{
  if (d->fd >= 0)
    close(d->fd);
  if (d->dir)
    (void)!sl_rmtree(d->dir, NULL);
  sl_buf_free(&d->page);
  sl_buf_free(&d->out);
  sl_free(d->parent);
  sl_free(d->dir);
  sl_free(d);
}

static int remove_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct folder *d = user;
  (void)cancel;
  return d->dir ? sl_rmtree(d->dir, err) : SL_OK;
}

static void removed(void *user, int rc, const struct sl_err *err)
{
  struct folder *d = user;
  (void)err;
  if (!rc) {
    sl_free(d->dir);
    d->dir = NULL;
  }
  folder_free(d);
}

/* A large file takes a while to go. */
static void folder_remove(struct folder *d)
{
  static const struct sl_job_ops ops = { .work = remove_work, .done = removed };
  if (!d->dir || sl_job_start(d->loop, SL_LANE_FILE, &ops, d, &d->job, NULL))
    folder_free(d);
}

/* ---- on the loop ---- */

void compute_fetch_drop(struct compute_fetch *f)
{
  if (!f)
    return;
  if (f->watch.v)
    sl_ws_unwatch(sl_backend_ws(f->c->b), f->watch);
  if (f->d && f->busy)
    f->d->f = NULL;
  else if (f->d)
    folder_remove(f->d);
  sl_buf_free(&f->in);
  sl_free(f->uri);
  sl_free(f);
}

static void finish(struct compute_fetch *f, int rc, const struct sl_err *err)
{
  if (f->watch.v)
    sl_ws_unwatch(sl_backend_ws(f->c->b), f->watch);
  f->watch.v = 0;
  f->fn(f->user, rc, f->d ? f->d->dir : NULL, err);
}

static int read_from(struct compute_fetch *f, struct sl_str name, struct sl_err *err);

static void written(void *user, int rc, const struct sl_err *err);

static int write_more(struct compute_fetch *f, struct sl_err *err)
{
  static const struct sl_job_ops ops = { .work = work, .done = written };
  struct sl_buf was = f->d->out;
  f->d->out = f->in;
  f->in = was;
  sl_buf_clear(&f->in);
  int rc = sl_job_start(sl_backend_loop(f->c->b), SL_LANE_FILE, &ops, f->d, &f->d->job, err);
  f->busy = !rc;
  return rc;
}

/* The page names the file that is wanted next. */
static int after_page(struct compute_fetch *f, struct sl_err *err)
{
  struct sl_mlmodel page;
  int rc = sl_mlmodel_read(&page, sl_buf_view(&f->d->page), "MLmodel", err);
  if (rc) {
    sl_err_prefix(err, "not re-scored");
    return rc;
  }
  f->file = true;
  f->got = 0;
  rc = read_from(f, sl_str(page.file), err);
  sl_mlmodel_free(&page);
  return rc;
}

static void say_copied(const struct compute_fetch *f)
{
  struct sl_buf b;
  sl_buf_init(&b, 128);
  sl_buf_z(&b, f->plain ? "copying, " : "copying the model, ");
  sl_fmt_bytes(&b, (int64_t)f->got);
  sl_req_say(f->touch, sl_buf_zstr(&b));
  sl_buf_free(&b);
}

static void written(void *user, int rc, const struct sl_err *err)
{
  struct folder *d = user;
  struct compute_fetch *f = d->f;
  struct sl_err e = *err;
  if (!f) { /* dropped while the lane wrote */
    folder_remove(d);
    return;
  }
  f->busy = false;
  sl_buf_clear(&d->out);
  if (f->touch)
    say_copied(f);
  if (!rc && f->in.n)
    rc = write_more(f, &e);
  if (!rc && f->paused) {
    f->paused = false;
    sl_ws_bytes_resume(sl_backend_ws(f->c->b), f->watch);
  }
  if (rc || (f->ended && !f->busy))
    finish(f, rc, &e);
}

static int on_bytes(void *user, uint64_t off, const void *p, size_t n)
{
  struct compute_fetch *f = user;
  struct sl_buf *to = f->file ? &f->in : &f->d->page;
  (void)off;
  if (f->touch)
    sl_req_touch(f->touch, n);
  f->got += n;
  sl_buf_add(to, p, n);
  if (to->failed || f->got > MODEL_MAX)
    return to->failed ? to->failed : SL_ELIMIT;
  if (!f->file || f->in.n < PIECE)
    return SL_OK;
  f->paused = f->busy;
  return f->busy ? SL_EAGAIN : write_more(f, NULL);
}

static void on_fetched(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct compute_fetch *f = user;
  struct sl_err e = { 0 };
  (void)size;
  if (err)
    e = *err;
  f->watch.v = 0;
  f->paused = false;
  if (rc == SL_ELIMIT || f->got > MODEL_MAX)
    rc = sl_err_set(&e, SL_ELIMIT, "%s is larger than %d MiB", f->plain ? f->uri : "not re-scored: the model", MODEL_MAX >> 20);
  if (!rc && !f->file) {
    rc = after_page(f, &e);
    if (!rc)
      return;
  }
  f->ended = true;
  if (!rc && !f->busy) /* also what is empty: the folder must be there */
    rc = write_more(f, &e);
  if (rc)
    finish(f, rc, &e);
}

static int read_from(struct compute_fetch *f, struct sl_str name, struct sl_err *err)
{
  static const struct sl_bytes_fn fn = { .data = on_bytes, .done = on_fetched };
  struct sl_buf uri;
  sl_buf_init(&uri, 64 << 10);
  sl_buf_printf(&uri, "%s%s%.*s", f->uri, !name.n || sl_str_ends(sl_str(f->uri), SL_STR("/")) ? "" : "/", SL_ARG(name));
  int rc = sl_buf_check(&uri, err);
  if (!rc)
    rc = sl_ws_bytes(sl_backend_ws(f->c->b), sl_buf_view(&uri), 0, UINT64_MAX, &fn, f, &f->watch, err);
  sl_buf_free(&uri);
  return rc;
}

static int begin(struct compute_fetch *f, const char *uri, struct sl_err *err)
{
  const char *state = sl_backend_state_dir(f->c->b);
  struct folder *d = f->d = sl_calloc(1, sizeof *d);
  if (!d)
    return sl_err_nomem(err);
  *d = (struct folder){ .f = f, .loop = sl_backend_loop(f->c->b), .fd = -1, .parent = sl_path_join(state ? state : "/tmp", "box") };
  sl_buf_init(&d->page, SL_MLMODEL_MAX);
  sl_buf_init(&d->out, BUFFER_MAX);
  f->uri = sl_strdup(uri);
  return f->uri && d->parent ? read_from(f, f->plain ? SL_STR("") : SL_STR("MLmodel"), err) : sl_err_nomem(err);
}

static int fetch(struct compute_fetch **out, struct compute *c, const char *uri, bool plain, struct sl_req *touch, compute_fetched *fn,
                 void *user, struct sl_err *err)
{
  struct compute_fetch *f = *out = sl_calloc(1, sizeof *f);
  if (!f)
    return sl_err_nomem(err);
  *f = (struct compute_fetch){ .c = c, .plain = plain, .file = plain, .touch = touch, .fn = fn, .user = user };
  sl_buf_init(&f->in, BUFFER_MAX);
  int rc = begin(f, uri, err);
  if (rc) {
    compute_fetch_drop(f);
    *out = NULL;
  }
  return rc;
}

int compute_fetch(struct compute_fetch **out, struct compute *c, const char *uri, struct sl_req *touch, compute_fetched *fn, void *user,
                  struct sl_err *err)
{
  return fetch(out, c, uri, false, touch, fn, user, err);
}

int compute_fetch_file(struct compute_fetch **out, struct compute *c, const char *uri, struct sl_req *touch, compute_fetched *fn,
                       void *user, struct sl_err *err)
{
  return fetch(out, c, uri, true, touch, fn, user, err);
}

bool compute_fetch_needed(struct sl_str uri)
{
  return sl_str_starts(uri, SL_STR("models:/")) || sl_str_starts(uri, SL_STR("runs:/"));
}
