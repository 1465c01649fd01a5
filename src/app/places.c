/* app/places.c: where engines, themes and the demo are searched: absolute folders only, never relative to the current one. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/app.h"
#include "base/file.h"
#include "base/mem.h"

const char *const *sl_lib_dirs(void)
{
  static const char *dirs[8];
  size_t n = 0;
  if (dirs[0])
    return dirs;
  const char *own = getenv("SLUICE_LIB");
  if (own && own[0] == '/')
    dirs[n++] = own;
  dirs[n++] = SLUICE_DEPS_DIR "/engines";
  dirs[n++] = SLUICE_PREFIX "/lib/sluice";
  dirs[n++] = "/usr/lib/sluice";
  dirs[n++] = "/usr/local/lib/sluice";
  dirs[n++] = "/usr/lib/x86_64-linux-gnu";
  dirs[n] = NULL;
  return dirs;
}

/* From the build tree: the source's own folder. Installed: beside the program, wherever that was moved to. */
const char *sl_share_path(const char *name)
{
  static char path[4096];
  char exe[2048];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  exe[n > 0 ? n : 0] = 0;
  char *dir = sl_path_dir(exe);
  if (sl_path_inside(exe, SLUICE_SOURCE_DIR))
    snprintf(path, sizeof path, "%s/%s", SLUICE_SOURCE_DIR, name);
  else
    snprintf(path, sizeof path, "%s/../share/sluice/%s", dir ? dir : "/usr/bin", name);
  sl_free(dir);
  if (!sl_file_exists(path) && !sl_dir_exists(path))
    snprintf(path, sizeof path, "%s/share/sluice/%s", SLUICE_PREFIX, name);
  return path;
}
