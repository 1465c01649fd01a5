/* app/cmd_setup.c: `sluice init` and `sluice login`: a workspace's first file, and secrets that are asked once. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/session.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/backend.h"

int sl_cmd_init(struct sl_app *a);
int sl_cmd_login(struct sl_app *a);

/* ---- init ---- */

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
  int rc = sl_session_types(&s, &err);
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

/* ---- login ---- */

static const struct sl_conf *conn_conf(const struct sl_session *s, const char *name)
{
  const struct sl_conf *const *c = NULL;
  size_t n = s->conf ? sl_ws_conf_conns(s->conf, &c) : 0;
  for (size_t i = 0; i < n; i++)
    if (!strcmp(sl_conf_name(c[i]), name))
      return c[i];
  return NULL;
}

/* Settings that say `ask`; where none does, secrets that have no other source. */
static size_t asked_settings(const struct sl_session *s, const struct sl_conf *c, const struct sl_setting **out, size_t max)
{
  size_t n = 0;
  for (int round = 0; round < 2 && !n; round++)
    for (size_t t = 0; t < s->ntypes; t++)
      for (size_t i = 0; !strcmp(s->types[t].type, sl_conf_type(c)) && i < s->types[t].nsettings && n < max; i++) {
        const struct sl_setting *set = &s->types[t].settings[i];
        const struct sl_secret_src *src = set->type == SL_SET_SECRET ? sl_conf_secret(c, set->name) : NULL;
        int kind = src ? (int)src->kind : (int)SL_SECRET_NONE;
        if (set->type == SL_SET_SECRET && kind == (round ? (int)SL_SECRET_NONE : (int)SL_SECRET_ASK))
          out[n++] = set;
      }
  return n;
}

static int login_one(struct sl_session *s, const char *conn, const struct sl_setting *set, struct sl_err *err)
{
  struct sl_secret *secret = NULL;
  if (!sl_ask_terminal(&(struct sl_ask){ .conn = conn, .what = set->name, .prompt = set->name, .secret = true }, &secret))
    return sl_err_set(err, SL_EAUTH, "%s: nothing was typed (a terminal is needed)", conn);
  int rc = sl_ws_login_put(s->ws, conn, set->name, secret, 0, err);
  sl_secret_unref(secret);
  return rc;
}

static int login(struct sl_session *s, const char *conn, struct sl_err *err)
{
  const struct sl_setting *set[8];
  const struct sl_conf *c = conn_conf(s, conn);
  if (!c)
    return sl_err_set(err, SL_EUSAGE, "no connection %s in this workspace", conn);
  if (sl_args_has(s->app->args, SL_O_forget))
    return sl_ws_login_forget(s->ws, conn, err);
  size_t n = asked_settings(s, c, set, sizeof set / sizeof set[0]);
  if (!n)
    return sl_err_set(err, SL_EUSAGE, "%s (%s) has no secret to ask for: its settings name where it comes from, or it needs none", conn,
                      sl_conf_type(c));
  if (sl_args_has(s->app->args, SL_O_no_input))
    return sl_err_set(err, SL_EAUTH, "%s asks for %s; --no-input forbids that", conn, set[0]->name);
  int rc = SL_OK;
  for (size_t i = 0; i < n && !rc; i++)
    rc = login_one(s, conn, set[i], err);
  return rc;
}

int sl_cmd_login(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  int rc = sl_session_open(&s, a, 0, &err);
  if (!rc)
    rc = login(&s, a->args->pos[0], &err);
  sl_session_close(&s);
  return rc ? sl_app_fail(a, &err) : SL_EXIT_OK;
}
