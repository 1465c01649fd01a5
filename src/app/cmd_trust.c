/* app/cmd_trust.c: `sluice trust FILE`: from now on this workspace file, with these bytes at this place, may start commands. */
#include "app/session.h"

#include "base/file.h"
#include "base/mem.h"

int sl_cmd_trust(struct sl_app *a);

/* Read before it is trusted: what cannot be read is not worth it. */
int sl_cmd_trust(struct sl_app *a)
{
  struct sl_session s = { .app = a };
  struct sl_err err = { 0 };
  char *path = sl_path_abs(a->args->pos[0], NULL), *inside = NULL;
  int rc = path ? sl_session_types(&s, &err) : sl_err_nomem(&err);
  if (!rc && sl_dir_exists(path)) {
    inside = sl_path_join(path, "sluice.yaml");
    rc = inside ? SL_OK : sl_err_nomem(&err);
  }
  const char *file = inside ? inside : path;
  if (!rc)
    rc = sl_ws_conf_load(&s.conf, file, s.types, s.ntypes, &err);
  if (!rc)
    rc = sl_trust_add(file, &err);
  if (!rc)
    sl_app_note("%s may start its jobs and commands from now on, until it changes", file);
  int code = rc ? sl_app_fail(a, &err) : SL_EXIT_OK;
  sl_session_close(&s);
  sl_free(inside);
  sl_free(path);
  return code;
}
