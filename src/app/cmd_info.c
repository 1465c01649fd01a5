/* app/cmd_info.c: `sluice info`: where everything is, in one row. */
#include "app/session.h"
#include "model/act.h"

#include "base/file.h"
#include "base/mem.h"

int sl_cmd_info(struct sl_app *a);

static const struct sl_col cols[] = {
  { .name = "version", .type = SL_TEXT, .help = "of the program" },
  { .name = "build", .type = SL_TEXT, .help = "the linker's build id" },
  { .name = "program", .type = SL_TEXT, .help = "its file" },
  { .name = "workspace", .type = SL_TEXT, .help = "its name" },
  { .name = "environment", .type = SL_TEXT, .help = "as the workspace says" },
  { .name = "file", .type = SL_TEXT, .help = "the workspace's file; null: made from what stands around" },
  { .name = "trusted", .type = SL_BOOL, .help = "may start commands" },
  { .name = "identity", .type = SL_TEXT, .help = "who we are, and how that is known" },
  { .name = "readonly", .type = SL_BOOL, .help = "nothing can be changed" },
  { .name = "audit", .type = SL_TEXT, .help = "file of what was done" },
  { .name = "state", .type = SL_TEXT, .help = "folder of executions, locks and the audit" },
  { .name = "config", .type = SL_TEXT, .help = "folder of config.yaml and the workspaces" },
  { .name = "engines", .type = SL_TEXT, .help = "folders in which engines are searched" },
};
enum { VERSION, BUILD, PROGRAM, WORKSPACE, ENVIRONMENT, FILE_, TRUSTED, IDENTITY, READONLY, AUDIT, STATE, CONFIG, ENGINES };


static int set_conf(struct sl_batch *b, const struct sl_session *s, struct sl_err *err)
{
  bool trusted;
  int rc = sl_trust_look(s->conf, &trusted, err);
  sl_batch_set(b, WORKSPACE, sl_vz(sl_ws_conf_name(s->conf)));
  const char *environment = sl_ws_conf_environment_name(s->conf);
  sl_batch_set(b, ENVIRONMENT, environment[0] ? sl_vz(environment) : sl_null(SL_TEXT));
  sl_batch_set(b, FILE_, sl_vz(sl_ws_conf_path(s->conf)));
  sl_batch_set(b, TRUSTED, sl_vb(trusted));
  return rc;
}

static int set_session(struct sl_batch *b, const struct sl_session *s, struct sl_err *err)
{
  const struct sl_identity *me = sl_ws_me(s->ws);
  struct sl_buf text;
  sl_buf_init(&text, 4096);
  sl_buf_printf(&text, "%s (%s)", me->name, sl_known_name(me->known));
  sl_batch_set(b, IDENTITY, sl_vs(sl_buf_view(&text)));
  sl_batch_set(b, STATE, sl_vz(sl_ws_state_dir(s->ws)));
  sl_batch_set(b, AUDIT, sl_vz(sl_ws_audit_path(s->ws)));
  sl_batch_set(b, READONLY, sl_vb(sl_ws_armed_why(s->ws)[0] != 0));
  int rc = sl_buf_check(&text, err);
  sl_buf_free(&text);
  return rc;
}

static int set_program(struct sl_batch *b, const struct sl_app *a, struct sl_err *err)
{
  struct sl_buf text;
  char *config = sl_xdg_path(SL_XDG_CONFIG, NULL);
  sl_buf_init(&text, 64 << 10);
  for (const char *const *d = sl_lib_dirs(); *d; d++)
    sl_buf_printf(&text, "%s%s", text.n ? ":" : "", *d);
  sl_batch_set(b, VERSION, sl_vz(SLUICE_VERSION));
  sl_batch_set(b, BUILD, sl_vz(sl_build_id()));
  sl_batch_set(b, PROGRAM, sl_vz(a->exe));
  sl_batch_set(b, ENGINES, sl_vs(sl_buf_view(&text)));
  sl_batch_set(b, CONFIG, sl_vz(config));
  int rc = config ? sl_buf_check(&text, err) : sl_err_nomem(err);
  sl_free(config);
  sl_buf_free(&text);
  return rc;
}

int sl_cmd_info(struct sl_app *a)
{
  struct sl_err err = { 0 };
  struct sl_session s;
  struct sl_schema *schema = NULL;
  struct sl_batch *b = NULL;
  int rc = sl_session_open(&s, a, SL_SESSION_ANY, &err);
  if (!rc)
    rc = sl_schema_new(&schema, cols, sizeof cols / sizeof cols[0], NULL, 0, &err);
  if (!rc)
    rc = sl_batch_new(&b, schema, &err);
  if (rc)
    goto out;
  sl_batch_row(b, SL_PUT, SL_STR("info"));
  rc = set_program(b, a, &err);
  if (!rc)
    rc = set_session(b, &s, &err);
  if (!rc && s.conf)
    rc = set_conf(b, &s, &err);
  if (!rc)
    rc = sl_batch_seal(b, &err);
  if (!rc)
    rc = sl_app_print(a, b, &(struct sl_rows_opts){ .bare = true, .vertical = true }, &err);
out:
  sl_batch_unref(b);
  sl_schema_unref(schema);
  sl_session_close(&s);
  return rc ? sl_app_fail(a, &err) : SL_EXIT_OK;
}
