/* app/places.c: where engines are searched: absolute folders only, never relative to the current one. */
#include <stdlib.h>

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
