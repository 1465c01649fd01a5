/* app/demo_wipe.c: `demo --reset`: what the demo wrote goes, and nothing else.
 *
 * The marker in the folder lists what was to be written, and names its folder: one that came along with somebody else's files removes
 * nothing. What the demo's jobs write is known by the shipped manifest (`made`). Links are never followed: the demo has none, so a folder
 * with one in it is refused before anything goes. Everything else stays, and is named. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/demo.h"
#include "base/mem.h"

enum { DEPTH_MAX = 64 };

struct wipe {
  struct sl_demo *d;
  struct sl_map known;                 /* files that the marker lists */
  struct sl_buf rel;                   /* of the entry at hand, below the folder */
  bool remove;                         /* second pass; the first only looks */
};
struct found { bool ours, others; };

static bool is_ours(const struct wipe *w, const char *rel)
{
  const json_t *made = json_object_get(w->d->manifest, "made");
  if (!strcmp(rel, SL_DEMO_MARKER) || sl_map_get(&w->known, sl_str(rel), NULL))
    return true;
  for (size_t i = 0; i < json_array_size(made); i++) {
    const char *pattern = json_string_value(json_array_get(made, i));
    if (pattern && !fnmatch(pattern, rel, FNM_PATHNAME | FNM_PERIOD))
      return true;
  }
  return false;
}

/* What stays is counted in the first pass. */
static int stays(struct wipe *w, struct found *f, struct sl_err *err)
{
  f->others = true;
  return w->remove ? SL_OK : sl_map_put(&w->d->foreign, sl_buf_view(&w->rel), 1, NULL, err);
}

static int wipe_folder(struct wipe *w, int fd, int depth, struct found *f, struct sl_err *err);

static int wipe_sub(struct wipe *w, int dir, const char *name, int depth, struct found *f, struct sl_err *err)
{
  struct found in = { false, false };
  int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || depth == DEPTH_MAX) {
    int why = fd < 0 ? errno : ELOOP;
    if (fd >= 0)
      close(fd);
    return sl_err_sys(err, why, "cannot look into %s/%s", w->d->to, sl_buf_zstr(&w->rel));
  }
  int rc = wipe_folder(w, fd, depth + 1, &in, err);
  if (!rc && !in.ours && !in.others) /* somebody's empty one */
    return stays(w, f, err);
  f->ours = f->ours || in.ours;
  f->others = f->others || in.others;
  if (!rc && w->remove && in.ours && !in.others && unlinkat(dir, name, AT_REMOVEDIR))
    rc = sl_err_sys(err, errno, "cannot remove %s/%s", w->d->to, sl_buf_zstr(&w->rel));
  return rc;
}

static int wipe_entry(struct wipe *w, int dir, const char *name, int depth, struct found *f, struct sl_err *err)
{
  struct stat st;
  if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
    return errno == ENOENT ? SL_OK : sl_err_sys(err, errno, "cannot look at %s/%s", w->d->to, sl_buf_zstr(&w->rel));
  if (S_ISLNK(st.st_mode))
    return sl_err_set(err, SL_EDENIED, "%s/%s is a link, and the demo makes none: nothing was removed; take it away first", w->d->to,
                      sl_buf_zstr(&w->rel));
  if (S_ISDIR(st.st_mode))
    return wipe_sub(w, dir, name, depth, f, err);
  if (!S_ISREG(st.st_mode) || !is_ours(w, sl_buf_zstr(&w->rel)))
    return stays(w, f, err);
  f->ours = true;
  bool go = w->remove && strcmp(sl_buf_zstr(&w->rel), SL_DEMO_MARKER) != 0; /* that one says what it is, to the end */
  return go && unlinkat(dir, name, 0) ? sl_err_sys(err, errno, "cannot remove %s/%s", w->d->to, sl_buf_zstr(&w->rel)) : SL_OK;
}

/* Takes fd. */
static int wipe_folder(struct wipe *w, int fd, int depth, struct found *f, struct sl_err *err)
{
  DIR *dir = fdopendir(fd);
  size_t n = w->rel.n;
  int rc = SL_OK;
  if (!dir) {
    rc = sl_err_sys(err, errno, "cannot read %s/%s", w->d->to, sl_buf_zstr(&w->rel));
    close(fd);
    return rc;
  }
  for (struct dirent *e; !rc && (e = readdir(dir));) {
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
      continue;
    sl_buf_z(&w->rel, n ? "/" : "");
    sl_buf_z(&w->rel, e->d_name);
    rc = sl_buf_check(&w->rel, err);
    rc = rc ? rc : wipe_entry(w, dirfd(dir), e->d_name, depth, f, err);
    sl_buf_cut(&w->rel, n);
  }
  closedir(dir);
  return rc;
}

/* Its own folder, or it is somebody else's marker. */
static int read_marker(struct wipe *w, struct sl_str marker, struct sl_err *err)
{
  struct sl_str line;
  bool here = false;
  int rc = SL_OK;
  while (!rc && sl_str_cut(&marker, '\n', &line)) {
    if (sl_str_starts(line, SL_STR("folder ")))
      here = sl_str_eqz(sl_str_from(line, 7), w->d->to);
    else if (sl_str_starts(line, SL_STR("file ")))
      rc = sl_map_put(&w->known, sl_str_from(line, 5), 1, NULL, err);
  }
  if (!rc && !here)
    rc = sl_err_set(err, SL_EDENIED, "%s/%s says that the demo was made elsewhere, so nothing here is removed: remove the folder by "
                    "hand, or choose another with --dir", w->d->to, SL_DEMO_MARKER);
  return rc;
}

static int pass(struct wipe *w, bool remove, struct sl_err *err)
{
  struct found f = { false, false };
  int fd = open(w->d->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  w->remove = remove;
  return fd < 0 ? sl_err_sys(err, errno, "cannot look into %s", w->d->to) : wipe_folder(w, fd, 0, &f, err);
}

int sl_demo_wipe(struct sl_demo *d, struct sl_str marker, struct sl_err *err)
{
  struct wipe w = { .d = d };
  sl_map_init(&w.known);
  sl_buf_init(&w.rel, 1 << 16);
  int rc = read_marker(&w, marker, err);
  if (!rc)
    rc = pass(&w, false, err);
  if (!rc)
    rc = pass(&w, true, err);
  sl_map_free(&w.known);
  sl_buf_free(&w.rel);
  return rc;
}

/* ---- what will be written ---- */

static int list_one(void *user, const char *from, const char *rel, struct sl_err *err)
{
  (void)from;
  sl_buf_printf(user, "file %s\n", rel);
  return sl_buf_check(user, err);
}

int sl_demo_marker(struct sl_demo *d, const char *first, struct sl_buf *b, struct sl_err *err)
{
  sl_buf_printf(b, "%s\nfolder %s\n", first, d->to);
  return sl_demo_files(d, list_one, b, err);
}
