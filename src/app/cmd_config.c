/* app/cmd_config.c: `sluice config show|validate|schema`: the workspace as it is read, whether it is right, and what may stand in it. */
#include "app/session.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"

int sl_cmd_config(struct sl_app *a);

static int print(struct sl_app *a, int rc, struct sl_err *err)
{
  rc = rc ? rc : sl_out_flush(&a->out, err);
  return rc ? sl_app_fail(a, err) : SL_EXIT_OK;
}

static int schema(struct sl_app *a)
{
  struct sl_session s = { .app = a };
  struct sl_err err = { 0 };
  int rc = sl_session_types(&s, &err);
  if (!rc)
    rc = sl_conf_schema(&a->out.b, s.types, s.ntypes, &err);
  int code = print(a, rc, &err);
  sl_session_close(&s);
  return code;
}

/* FILE, or the workspace that -w and its like name. */
static int read_conf(struct sl_session *s, struct sl_app *a, struct sl_err *err)
{
  const char *file = a->args->npos > 1 ? a->args->pos[1] : NULL;
  if (!file)
    return sl_session_conf(s, a, 0, err);
  *s = (struct sl_session){ .app = a };
  int rc = sl_session_types(s, err);
  char *path = rc ? NULL : sl_path_abs(file, NULL);
  if (!rc && !path)
    rc = sl_err_nomem(err);
  if (!rc)
    rc = sl_ws_conf_load(&s->conf, path, s->types, s->ntypes, err);
  sl_free(path);
  return rc;
}

static int validate(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  int rc = read_conf(&s, a, &err), code;
  if (!rc && !s.conf)
    rc = sl_err_set(&err, SL_EUSAGE, "there is no workspace to validate; name a file");
  if (rc)
    code = sl_app_fail(a, &err);
  else {
    const char *path = sl_ws_conf_path(s.conf);
    const struct sl_conf *const *conns;
    size_t zones, jobs, models, people, n = sl_ws_conf_conns(s.conf, &conns);
    (void)sl_ws_conf_zones(s.conf, &zones);
    (void)sl_ws_conf_jobs(s.conf, &jobs);
    (void)sl_ws_conf_models(s.conf, &models);
    (void)sl_ws_conf_people(s.conf, &people);
    sl_buf_printf(&a->out.b, "%s: %zu connection%s, %zu zone%s, %zu job%s", path ? path : "from environment", n, n == 1 ? "" : "s", zones,
                  zones == 1 ? "" : "s", jobs, jobs == 1 ? "" : "s");
    if (models || people)
      sl_buf_printf(&a->out.b, ", %zu model%s, %zu %s", models, models == 1 ? "" : "s", people, people == 1 ? "person" : "people");
    sl_buf_ch(&a->out.b, '\n');
    code = print(a, SL_OK, &err);
  }
  sl_session_close(&s);
  return code;
}

static int show(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  int rc = read_conf(&s, a, &err);
  if (!rc && !s.conf)
    rc = sl_err_set(&err, SL_EUSAGE, "there is no workspace to show; sluice init writes one");
  if (!rc)
    rc = sl_ws_conf_write(s.conf, &a->out.b, &err);
  int code = print(a, rc, &err);
  sl_session_close(&s);
  return code;
}

int sl_cmd_config(struct sl_app *a)
{
  static const struct { const char *word; int (*run)(struct sl_app *a); } sub[] = {
    { "show", show }, { "validate", validate }, { "schema", schema },
  };
  for (size_t i = 0; i < sizeof sub / sizeof sub[0]; i++)
    if (!strcmp(a->args->pos[0], sub[i].word))
      return sub[i].run(a);
  struct sl_err err;
  sl_err_set(&err, SL_EUSAGE, "config show, validate or schema; not '%s'", a->args->pos[0]);
  return sl_app_fail(a, &err);
}
