/* backends/local/env.c: the clean environment of a job: where things are, in which language, and nothing that may be a secret. */
#include <stdlib.h>

#include "backend_local/exec_int.h"

static const char *const passed[] = {
  "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME",
  "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "SLUICE_LIB", "SLUICE_CPU", "ASAN_OPTIONS",
};

int local_env(struct sl_arena *mem, const char *const *more, const char *const **out, struct sl_err *err)
{
  size_t n = 0, extra = 0;
  while (more && more[extra])
    extra++;
  const char **env = sl_arena_alloc(mem, (sizeof passed / sizeof passed[0] + extra + 1) * sizeof *env);
  for (size_t i = 0; env && i < sizeof passed / sizeof passed[0]; i++) {
    const char *v = getenv(passed[i]);
    if (v && !(env[n++] = sl_arena_printf(mem, "%s=%s", passed[i], v)))
      return sl_err_nomem(err);
  }
  for (size_t i = 0; env && i < extra; i++)
    env[n++] = more[i];
  *out = env;
  return env ? SL_OK : sl_err_nomem(err);
}
