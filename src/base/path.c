/* base/path.c: names of files: joined, folded, and where the system wants ours. Text only, but for the home folder. */
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { PATH_CAP = 64 << 10 };

const char *sl_path_base(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

char *sl_path_dir(const char *path)
{
  const char *slash = strrchr(path, '/');
  if (!slash)
    return sl_strdup(".");
  while (slash > path && slash[-1] == '/')
    slash--;
  return slash == path ? sl_strdup("/") : sl_strndup(path, (size_t)(slash - path));
}

char *sl_path_join(const char *dir, const char *name)
{
  if (!dir || !*dir || name[0] == '/')
    return sl_strdup(name);
  bool slash = dir[strlen(dir) - 1] == '/';
  return sl_asprintf("%s%s%s", dir, slash ? "" : "/", name);
}

static char *path_home(void)
{
  const char *home = getenv("HOME");
  if (home && home[0] == '/')
    return sl_strdup(home);
  struct passwd pw, *found = NULL;
  char *text = sl_alloc(16 << 10);
  char *copy = NULL;
  if (text && getpwuid_r(getuid(), &pw, text, 16 << 10, &found) == 0 && found && found->pw_dir[0] == '/')
    copy = sl_strdup(found->pw_dir);
  sl_free(text);
  return copy;
}

/* b holds a folded absolute path without a slash at its end ("" is the root); the parts of `rest` are added to it. */
static void path_fold(struct sl_buf *b, struct sl_str rest)
{
  struct sl_str part;
  while (sl_str_cut(&rest, '/', &part)) {
    if (part.n == 0 || sl_str_eqz(part, "."))
      continue;
    if (sl_str_eqz(part, "..")) {
      ptrdiff_t slash = sl_str_rchr(sl_buf_view(b), '/');
      sl_buf_cut(b, slash < 0 ? 0 : (size_t)slash);
    } else {
      sl_buf_ch(b, '/');
      sl_buf_str(b, part);
    }
  }
}

static char *path_cwd(void)
{
  char *text = sl_alloc(PATH_CAP), *copy = NULL;
  if (text && getcwd(text, PATH_CAP))
    copy = sl_strdup(text);
  sl_free(text);
  return copy;
}

/* Puts what a path that does not begin at the root begins at. */
static bool path_start(struct sl_buf *b, bool home, const char *base)
{
  char *from = home ? path_home() : base ? sl_path_abs(base, NULL) : path_cwd();
  if (!from)
    return false;
  path_fold(b, sl_str(from));
  sl_free(from);
  return true;
}

char *sl_path_abs(const char *path, const char *base)
{
  struct sl_buf b;
  sl_buf_init(&b, PATH_CAP);
  bool home = path[0] == '~' && (path[1] == '/' || !path[1]);
  if (path[0] != '/' && !path_start(&b, home, base)) {
    sl_buf_free(&b);
    return NULL;
  }
  path_fold(&b, sl_str(home ? path + 1 : path));
  if (b.n == 0)
    sl_buf_ch(&b, '/');
  return sl_buf_take(&b, NULL);
}

bool sl_path_climbs(struct sl_str path)
{
  struct sl_str part;
  while (sl_str_cut(&path, '/', &part))
    if (sl_str_eqz(part, ".."))
      return true;
  return false;
}

bool sl_path_inside(const char *path, const char *root)
{
  char *p = sl_path_abs(path, NULL), *r = sl_path_abs(root, NULL);
  bool inside = false;
  if (p && r) {
    size_t n = strcmp(r, "/") == 0 ? 0 : strlen(r);
    inside = strncmp(p, r, n) == 0 && (p[n] == '/' || p[n] == 0);
  }
  sl_free(p);
  sl_free(r);
  return inside;
}

static const struct { const char *variable, *below_home; } xdg[] = {
  [SL_XDG_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
  [SL_XDG_DATA] = {"XDG_DATA_HOME", ".local/share"},
  [SL_XDG_STATE] = {"XDG_STATE_HOME", ".local/state"},
  [SL_XDG_CACHE] = {"XDG_CACHE_HOME", ".cache"},
  [SL_XDG_RUNTIME] = {"XDG_RUNTIME_DIR", NULL},
};

static char *xdg_folder(enum sl_xdg which)
{
  const char *set = getenv(xdg[which].variable);
  if (set && set[0] == '/')
    return sl_asprintf("%s/sluice", set);
  if (which == SL_XDG_RUNTIME) {
    char *state = xdg_folder(SL_XDG_STATE);
    char *run = state ? sl_asprintf("%s/run", state) : NULL;
    sl_free(state);
    if (run && sl_mkdirs(run, 0700, NULL) != SL_OK) {
      sl_free(run);
      run = NULL;
    }
    return run;
  }
  char *home = path_home();
  char *folder = home ? sl_asprintf("%s/%s/sluice", home, xdg[which].below_home) : NULL;
  sl_free(home);
  return folder;
}

char *sl_xdg_path(enum sl_xdg which, const char *name)
{
  char *folder = xdg_folder(which);
  if (!folder || !name)
    return folder;
  char *path = sl_path_join(folder, name);
  sl_free(folder);
  return path;
}
