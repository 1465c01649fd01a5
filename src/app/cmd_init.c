/* app/cmd_init.c: `sluice init`: a workspace's first file. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/session.h"
#include "base/file.h"
#include "base/mem.h"

int sl_cmd_init(struct sl_app *a);

static const char skeleton[] =
  "# A workspace of Sluice. What may stand here: sluice config schema, man sluice, docs/CONFIG.md. Check it: sluice config validate.\n"
  "environment: dev\n"
  "# connections:\n"
  "#   registry: {type: mlflow, uri: \"https://mlflow.example.org\"}\n"
  "# lake:\n"
  "#   zones:\n"
  "#     - {name: raw, uri: \"/data/raw/\", layout: \"dt=%Y-%m-%d\", fresh_within: 26h}\n"
  "# jobs:\n"
  "#   hello: {connection: local, steps: {greet: {run: [echo, hello]}}}\n";

/* A name that a file may have: the folder's, or the one given. */
static char *init_name(const struct sl_args *args, const char *cwd)
{
  if (args->npos)
    return sl_strdup(args->pos[0]);
  const char *base = sl_path_base(cwd);
  return sl_strdup(*base ? base : "main");
}

static bool name_ok(const char *name)
{
  bool ok = *name && *name != '.';
  for (; *name; name++)
    ok = ok && ((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9') || strchr("-_.", *name));
  return ok;
}

static int init_text(struct sl_session *s, const char *cwd, struct sl_buf *b, struct sl_err *err)
{
  int rc = sl_ws_conf_environment(&s->conf, cwd, s->types, s->ntypes, err);
  if (!rc && s->conf) {
    sl_buf_z(b, "# Written by sluice init from what it found. What else may stand here: sluice config schema, docs/CONFIG.md.\n");
    rc = sl_ws_conf_write(s->conf, b, err);
  } else if (!rc)
    sl_buf_z(b, skeleton);
  return rc ? rc : sl_buf_check(b, err);
}

static int init_write(struct sl_session *s, const char *cwd, const char *name, struct sl_err *err)
{
  struct sl_buf text;
  sl_buf_init(&text, 1 << 20);
  char *rel = sl_asprintf("workspaces/%s.yaml", name), *path = rel ? sl_xdg_path(SL_XDG_CONFIG, rel) : NULL;
  char *dir = path ? sl_path_dir(path) : NULL;
  int rc = dir ? SL_OK : sl_err_nomem(err);
  if (!rc && !name_ok(name))
    rc = sl_err_set(err, SL_EUSAGE, "'%s' is no name for a workspace: letters, digits, - _ . ; name another: sluice init NAME", name);
  else if (!rc && sl_file_exists(path))
    rc = sl_err_set(err, SL_EEXIST, "%s exists already; edit it, or name another: sluice init NAME", path);
  if (!rc)
    rc = init_text(s, cwd, &text, err);
  if (!rc)
    rc = sl_mkdirs(dir, 0700, err);
  if (!rc)
    rc = sl_file_write(path, sl_buf_view(&text), 0600, err);
  if (!rc)
    sl_buf_printf(&s->app->out.b, "%s\n", path);
  if (!rc && !s->conf)
    sl_app_note("nothing was found here, so it holds examples to fill in");
  sl_buf_free(&text);
  sl_free(rel);
  sl_free(path);
  sl_free(dir);
  return rc;
}

int sl_cmd_init(struct sl_app *a)
{
  struct sl_session s = { .app = a };
  struct sl_err err = { 0 };
  char cwd[4096];
  int rc = sl_app_writes(a, &err);
  if (!rc)
    rc = sl_session_types(&s, &err);
  if (!rc && !getcwd(cwd, sizeof cwd))
    rc = sl_err_sys(&err, errno, "the current folder");
  char *name = rc ? NULL : init_name(a->args, cwd);
  if (!rc && !name)
    rc = sl_err_nomem(&err);
  if (!rc)
    rc = init_write(&s, cwd, name, &err);
  if (!rc)
    rc = sl_out_flush(&a->out, &err);
  sl_free(name);
  sl_session_close(&s);
  return rc ? sl_app_fail(a, &err) : SL_EXIT_OK;
}
