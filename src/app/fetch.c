/* app/fetch.c: `sluice cp` of what no storage can copy by itself (an artifact of a registry): its bytes come into a file of ours, are
 * counted, and are then put in their place by the action `write`, with its plan, its checks and its record. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/do.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

enum { UUID_CHARS = 36, OLD_S = 86400 };

struct fetch { int fd; bool done; int rc; uint64_t got; struct sl_err err; };

static int fetch_data(void *user, uint64_t off, const void *p, size_t n)
{
  struct fetch *f = user;
  (void)off;
  f->got += n;
  if (sl_fd_write(f->fd, sl_strn(p, n)))
    return f->rc = sl_err_sys(&f->err, errno, "cannot write the copy");
  return SL_OK;
}

static void fetch_end(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct fetch *f = user;
  f->done = true;
  if (f->rc) /* writing failed: that is why it ended */
    return;
  f->rc = rc;
  if (rc && err)
    f->err = *err;
  if (!rc && size >= 0 && (uint64_t)size != f->got)
    f->rc = sl_err_set(&f->err, SL_EPARTIAL, "%" PRIu64 " of %" PRId64 " bytes came; nothing was written", f->got, size);
}

static int fetch_into(struct sl_session *s, struct sl_str uri, const char *path, struct sl_err *err)
{
  static const struct sl_bytes_fn fn = { .data = fetch_data, .done = fetch_end };
  struct fetch f = { .fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) };
  sl_watch id = { 0 };
  if (f.fd < 0)
    return sl_err_sys(err, errno, "cannot make %s", path);
  int rc = sl_ws_bytes(s->ws, uri, 0, UINT64_MAX, &fn, &f, &id, err);
  if (!rc) {
    rc = sl_session_wait(s, &f.done, err);
    sl_ws_unwatch(s->ws, id);
    if (!rc && f.rc)
      rc = sl_err_set(err, f.rc, "%s", f.err.msg);
  }
  if (close(f.fd) && !rc)
    rc = sl_err_sys(err, errno, "cannot write %s", path);
  return rc;
}

/* What a copy that was killed left there; one that is under way was written to a moment ago. */
static void fetch_sweep(const char *dir)
{
  struct timespec now;
  struct stat st;
  DIR *d = opendir(dir);
  clock_gettime(CLOCK_REALTIME, &now);
  for (struct dirent *e; d && (e = readdir(d));)
    if (strlen(e->d_name) == UUID_CHARS && !fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
        now.tv_sec - st.st_mtim.tv_sec > OLD_S && unlinkat(dirfd(d), e->d_name, 0)) {
      /* the next copy looks again */
    }
  if (d)
    closedir(d);
}

/* A name in our own cache; yours. */
static int fetch_place(char **out, struct sl_err *err)
{
  char name[37];
  char *dir = sl_xdg_path(SL_XDG_CACHE, "fetch");
  int rc = dir ? sl_mkdirs(dir, 0700, err) : sl_err_nomem(err);
  if (!rc)
    fetch_sweep(dir);
  rc = rc ? rc : sl_uuid4(name, err);
  *out = rc ? NULL : sl_path_join(dir, name);
  sl_free(dir);
  return rc || *out ? rc : sl_err_nomem(err);
}

int sl_session_fetch(struct sl_session *s, struct sl_str uri, struct sl_str to, struct sl_str conn)
{
  struct sl_err err = { 0 };
  char *path = NULL;
  bool real = !sl_args_has(s->app->args, SL_O_dry_run);
  int code, rc = fetch_place(&path, &err);
  if (!rc && real)
    rc = fetch_into(s, uri, path, &err);
  if (rc)
    code = s->interrupted ? SL_EXIT_INTERRUPTED : sl_app_fail(s->app, &err);
  else {
    struct sl_ref at = { conn, SL_STR("objects"), to };
    const struct sl_val vals[] = { sl_vas(SL_URI, to), sl_vz(path), sl_vb(sl_args_has(s->app->args, SL_O_replace)) };
    code = sl_session_do(s, &(struct sl_call){ .act = &sl_act_write, .res = &sl_res_objects, .targets = &at, .ntargets = 1, .args = vals },
                         NULL);
  }
  if (path && real)
    unlink(path);
  sl_free(path);
  return code;
}
