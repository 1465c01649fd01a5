/* backends/compute/fetch.c: a registry's model, copied into a folder of ours: its page (MLmodel) and the one file that the page names,
 * called `model`; or any one file, by the same name. The box reads it from there; nothing of it is opened here but the page, and of an
 * ONNX file what it says of itself: the files that hold its weights come, too, and what may lie beside a model of pictures.
 *
 * Bytes come on the loop and are written in a lane, a buffer at a time, while the next one fills. The folder lies beside the box pool's
 * own and is named like it, after this process: what a killed console leaves goes when the next one opens its pool. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend_compute/compute_int.h"
#include "base/file.h"
#include "base/fmt.h"
#include "compute/mlmodel.h"
#include "compute/onnx.h"

enum { MODEL_MAX = 256 << 20, BESIDE_MAX = 4 << 20, PIECE = 1 << 20, BUFFER_MAX = 64 << 20 };
#define WEIGHTS_MAX ((uint64_t)4 << 30)       /* of all files together */

/* What the lane works on; nobody else while `busy`. */
struct folder {
  struct compute_fetch *f;     /* NULL: dropped meanwhile, the folder goes */
  struct sl_loop *loop;
  char *parent, *dir;
  const char *name;            /* of the file that is written */
  int fd;                      /* of it; -1: to be made */
  bool last, look;             /* its last bytes; it is to be read for what else is wanted */
  struct want { char *name; bool optional; } *want; size_t nwant, want_cap;
  struct sl_buf page, out;
  sl_job job;
};
struct compute_fetch {
  struct compute *c;
  struct sl_req *touch;
  compute_fetched *fn;
  void *user;
  char *uri;
  char *base;                  /* of the model's file below it: "" or "folder/" */
  sl_watch watch;
  struct folder *d;
  struct sl_buf in;
  uint64_t got, before;        /* of this file; of the weights before it */
  size_t next;                 /* of what else is wanted; 0: the model itself comes */
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
  char *path = sl_path_join(d->dir, name), *above = path && strchr(name, '/') ? sl_path_dir(path) : NULL;
  int rc = path ? SL_OK : sl_err_nomem(err);
  if (!rc && above)
    rc = sl_mkdirs(above, 0700, err);
  sl_free(above);
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
  return rc;
}

static int add_want(struct folder *d, struct sl_str name, bool optional, struct sl_err *err)
{
  int rc = sl_grow((void **)&d->want, &d->want_cap, d->nwant + 1, sizeof *d->want, SL_ONNX_EXTERNAL_MAX + 8, err);
  if (!rc && !(d->want[d->nwant].name = sl_strndup(name.p, name.n)))
    rc = sl_err_nomem(err);
  if (!rc)
    d->want[d->nwant++].optional = optional;
  return rc;
}

static int want_named(struct folder *d, struct sl_str bytes, struct sl_err *err)
{
  struct sl_onnx o;
  int rc = sl_onnx_read(&o, bytes, "the model's file", err);
  if (rc) /* the box says it in its own words */
    return SL_OK;
  for (size_t i = 0; !rc && i < o.nexternal; i++)
    rc = add_want(d, o.external[i], false, err);
  for (size_t i = 0; !rc && compute_beside[i]; i++)
    rc = add_want(d, sl_str(compute_beside[i]), true, err);
  sl_onnx_free(&o);
  return rc;
}

/* The file is ours alone by now; it is mapped, since it may be large. */
static int look_into(struct folder *d, struct sl_err *err)
{
  struct stat st;
  char *path = sl_path_join(d->dir, "model");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1, rc = path ? SL_OK : sl_err_nomem(err);
  sl_free(path);
  if (!rc && (fd < 0 || fstat(fd, &st)))
    rc = sl_err_sys(err, errno, "cannot read the model's copy");
  if (!rc && st.st_size > 0) {
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    rc = p == MAP_FAILED ? sl_err_sys(err, errno, "cannot read the model's copy") : want_named(d, sl_strn(p, (size_t)st.st_size), err);
    if (p != MAP_FAILED)
      munmap(p, (size_t)st.st_size);
  }
  if (fd >= 0)
    close(fd);
  return rc;
}

static int work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct folder *d = user;
  (void)cancel;
  int rc = d->dir ? SL_OK : make(d, err);
  if (!rc && d->fd < 0)
    rc = make_file(d, d->name, &d->fd, err);
  if (!rc)
    rc = write_all(d->fd, sl_buf_view(&d->out), err);
  if (!rc && d->last) {
    close(d->fd);
    d->fd = -1;
  }
  return rc || !d->last || !d->look ? rc : look_into(d, err);
}

static void folder_free(struct folder *d)
{
  if (d->fd >= 0)
    close(d->fd);
  if (d->dir)
    (void)!sl_rmtree(d->dir, NULL);
  for (size_t i = 0; i < d->nwant; i++)
    sl_free(d->want[i].name);
  sl_free(d->want);
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
  sl_free(f->base);
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

/* What was there when the file's end was known is its last. */
static int write_more(struct compute_fetch *f, struct sl_err *err)
{
  static const struct sl_job_ops ops = { .work = work, .done = written };
  struct sl_buf was = f->d->out;
  f->d->last = f->ended;
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
  const char *slash = strrchr(page.file, '/');
  f->file = true;
  f->got = 0;
  f->d->look = page.onnx;
  f->base = sl_strndup(page.file, slash ? (size_t)(slash + 1 - page.file) : 0);
  rc = f->base ? read_from(f, sl_str(page.file), err) : sl_err_nomem(err);
  sl_mlmodel_free(&page);
  return rc;
}

/* Each file that the model names, then what may lie beside it. */
static int next_file(struct compute_fetch *f, bool *none, struct sl_err *err)
{
  struct folder *d = f->d;
  *none = f->next >= d->nwant;
  if (*none)
    return SL_OK;
  f->before += f->next && !d->want[f->next - 1].optional ? f->got : 0;
  d->name = d->want[f->next++].name;
  d->look = f->ended = false;
  f->got = 0;
  char *name = sl_asprintf("%s%s", f->base, d->name);
  int rc = name ? read_from(f, sl_str(name), err) : sl_err_nomem(err);
  sl_free(name);
  return rc;
}

/* Optional, and it is not there, or the store does not say so in other words than that it fails. */
static bool does_without(const struct compute_fetch *f, int rc)
{
  bool lost = rc == SL_ENET || rc == SL_ETIMEOUT || rc == SL_EAUTH || rc == SL_ECANCELED || rc == SL_ENOMEM || rc == SL_ELIMIT;
  return f->next && f->d->want[f->next - 1].optional && !f->got && !lost;
}

static uint64_t most(const struct compute_fetch *f)
{
  return !f->next ? MODEL_MAX : f->d->want[f->next - 1].optional ? BESIDE_MAX : WEIGHTS_MAX;
}

static bool too_much(const struct compute_fetch *f)
{
  bool weights = f->next && !f->d->want[f->next - 1].optional;
  return f->got + (weights ? f->before : 0) > most(f);
}

static void say_copied(const struct compute_fetch *f)
{
  struct sl_buf b;
  sl_buf_init(&b, 128);
  sl_buf_z(&b, f->plain ? "copying, " : "copying the model, ");
  sl_fmt_bytes(&b, (int64_t)(f->before + f->got));
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
  if (!rc && (f->in.n || (f->ended && !d->last)))
    rc = write_more(f, &e);
  if (!rc && f->paused) {
    f->paused = false;
    sl_ws_bytes_resume(sl_backend_ws(f->c->b), f->watch);
  }
  bool none = rc || (f->ended && !f->busy);
  if (!rc && none)
    rc = next_file(f, &none, &e);
  if (rc || none)
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
  if (to->failed || too_much(f))
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
  if (rc == SL_ELIMIT || too_much(f))
    rc = sl_err_set(&e, SL_ELIMIT, "%s is larger than %d MiB", f->plain ? f->uri : f->next ? "not re-scored: what lies beside the model"
                                                                                             : "not re-scored: the model",
                    (int)(most(f) >> 20));
  if (rc && does_without(f, rc)) {
    bool none = true;
    sl_err_clear(&e);
    rc = next_file(f, &none, &e);
    if (rc || none)
      finish(f, rc, &e);
    return;
  }
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
  *d = (struct folder){ .f = f, .loop = sl_backend_loop(f->c->b), .fd = -1, .name = "model",
                         .parent = sl_path_join(state ? state : "/tmp", "box") };
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
