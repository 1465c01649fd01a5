/* model/ws_find.c: which workspace file is meant: by -w, SLUICE_WORKSPACE, the person's file, or because there is only one. */
#include <dirent.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/config.h"

struct names { char **v; size_t n, cap; };

static void names_free(struct names *l)
{
  for (size_t i = 0; i < l->n; i++)
    sl_free(l->v[i]);
  sl_free(l->v);
}

static int by_bytes(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int names_add(struct names *l, const char *file, struct sl_err *err)
{
  struct sl_str s = sl_str(file);
  size_t end = sl_str_ends(s, SL_STR(".yaml")) ? 5 : sl_str_ends(s, SL_STR(".yml")) ? 4 : 0;
  if (!end || s.n == end || s.p[0] == '.')
    return SL_OK;
  void *p = l->v;
  int rc = sl_grow(&p, &l->cap, l->n + 1, sizeof *l->v, 10000, err);
  l->v = p;
  if (rc)
    return rc;
  l->v[l->n] = sl_strndup(file, s.n - end);
  return l->v[l->n++] ? SL_OK : sl_err_nomem(err);
}

/* *dir NULL with SL_OK: there is no home, so there are no names. */
static int config_dir(char **dir, struct sl_err *err)
{
  *dir = sl_xdg_path(SL_XDG_CONFIG, "workspaces");
  return *dir || (!getenv("HOME") && !getenv("XDG_CONFIG_HOME")) ? SL_OK : sl_err_nomem(err);
}

static int names_list(struct names *l, struct sl_err *err)
{
  char *dir;
  int rc = config_dir(&dir, err);
  DIR *d = dir ? opendir(dir) : NULL; /* no such folder: no names */
  for (struct dirent *e; d && !rc && (e = readdir(d));)
    rc = names_add(l, e->d_name, err);
  if (d)
    closedir(d);
  sl_free(dir);
  if (l->n)
    qsort(l->v, l->n, sizeof *l->v, by_bytes);
  return rc;
}

int sl_ws_names(struct sl_buf *out, struct sl_err *err)
{
  struct names l = { 0 };
  int rc = names_list(&l, err);
  for (size_t i = 0; i < l.n && !rc; i++)
    if (!i || strcmp(l.v[i], l.v[i - 1]) != 0)
      sl_buf_printf(out, "%s\n", l.v[i]);
  names_free(&l);
  return rc ? rc : sl_buf_check(out, err);
}

static void join_names(struct sl_buf *b, const struct names *l)
{
  for (size_t i = 0; i < l->n; i++)
    sl_buf_printf(b, "%s%s", i ? ", " : "", l->v[i]);
}

/* The config folder's workspaces/NAME.yaml; *path NULL with SL_OK: it is not there. */
static int by_name(char **path, const char *name, struct sl_err *err)
{
  static const char *const ends[] = { "yaml", "yml" };
  char *dir = NULL;
  int rc = strchr(name, '/') ? SL_OK : config_dir(&dir, err);
  for (size_t i = 0; dir && !*path && !rc && i < 2; i++) {
    char *file = sl_asprintf("%s/%s.%s", dir, name, ends[i]);
    if (!file)
      rc = sl_err_nomem(err);
    else if (sl_file_exists(file))
      *path = file, file = NULL;
    sl_free(file);
  }
  sl_free(dir);
  return rc;
}

static int not_found(const char *arg, const char *from, struct sl_err *err)
{
  struct names l = { 0 };
  struct sl_buf all;
  int rc = names_list(&l, err);
  sl_buf_init(&all, 0);
  join_names(&all, &l);
  const char *near = rc ? NULL : sl_str_nearest(sl_str(arg), (const char *const *)l.v, l.n);
  if (!rc && near)
    rc = sl_err_set(err, SL_EUSAGE, "%s: no workspace `%.80s`; did you mean `%s`?", from, arg, near);
  else if (!rc && l.n)
    rc = sl_err_set(err, SL_EUSAGE, "%s: no workspace, file or folder `%.80s`; there are: %s", from, arg, sl_buf_zstr(&all));
  else if (!rc)
    rc = sl_err_set(err, SL_EUSAGE, "%s: no workspace, file or folder `%.80s`; write one with: sluice init", from, arg);
  sl_buf_free(&all);
  names_free(&l);
  return rc;
}

/* A name of the config folder, a file, or a folder that holds sluice.yaml. */
static int find_arg(char **path, const char *arg, const char *from, struct sl_err *err)
{
  if (!*arg)
    return sl_err_set(err, SL_EUSAGE, "%s: the workspace's name is empty", from);
  int rc = by_name(path, arg, err);
  if (rc || *path)
    return rc;
  char *at = sl_path_abs(arg, NULL), *inside = at ? sl_path_join(at, "sluice.yaml") : NULL;
  if (!inside)
    rc = sl_err_nomem(err);
  else if (sl_file_exists(inside))
    *path = inside, inside = NULL;
  else if (sl_dir_exists(at))
    rc = sl_err_set(err, SL_EUSAGE, "%s: the folder %.120s holds no sluice.yaml; write one with: sluice init", from, arg);
  else if (sl_file_exists(at))
    *path = at, at = NULL;
  else
    rc = not_found(arg, from, err);
  sl_free(inside);
  sl_free(at);
  return rc;
}

static int find_only(char **path, struct sl_err *err)
{
  struct names l = { 0 };
  struct sl_buf all;
  int rc = names_list(&l, err);
  sl_buf_init(&all, 0);
  if (!rc && l.n == 1) {
    rc = by_name(path, l.v[0], err); /* gone meanwhile: none */
  } else if (!rc && l.n > 1) {
    join_names(&all, &l);
    rc = sl_err_set(err, SL_EUSAGE, "several workspaces: %s; choose one with -w NAME", sl_buf_zstr(&all));
  }
  sl_buf_free(&all);
  names_free(&l);
  return rc;
}

int sl_ws_find(char **path, const char *arg, const struct sl_person *me, struct sl_err *err)
{
  const char *env = getenv("SLUICE_WORKSPACE");
  *path = NULL;
  if (arg)
    return find_arg(path, arg, "-w", err);
  if (env && *env)
    return find_arg(path, env, "SLUICE_WORKSPACE", err);
  if (me && me->workspace)
    return find_arg(path, me->workspace, me->path ? me->path : "config.yaml", err);
  return find_only(path, err);
}
