/* app/cmd_info.c: `sluice info`: where everything is, in one row. */
#include "app/app.h"

#include "base/file.h"
#include "base/mem.h"

int sl_cmd_info(struct sl_app *a);

static const struct sl_col cols[] = {
  { .name = "version", .type = SL_TEXT, .help = "of the program" },
  { .name = "build", .type = SL_TEXT, .help = "the linker's build id" },
  { .name = "program", .type = SL_TEXT, .help = "its file" },
  { .name = "config", .type = SL_TEXT, .help = "folder of config.yaml and the workspaces" },
  { .name = "state", .type = SL_TEXT, .help = "folder of executions, locks and the audit" },
};
enum { VERSION, BUILD, PROGRAM, CONFIG, STATE };

static void set_path(struct sl_batch *b, unsigned col, char *take)
{
  sl_batch_set(b, col, sl_vz(take));
  sl_free(take);
}

int sl_cmd_info(struct sl_app *a)
{
  struct sl_err err = { 0 };
  struct sl_schema *s = NULL;
  struct sl_batch *b = NULL;
  int rc = sl_schema_new(&s, cols, sizeof cols / sizeof cols[0], NULL, 0, &err);
  if (!rc)
    rc = sl_batch_new(&b, s, &err);
  if (rc)
    goto out;
  sl_batch_row(b, SL_PUT, SL_STR("info"));
  sl_batch_set(b, VERSION, sl_vz(SLUICE_VERSION));
  sl_batch_set(b, BUILD, sl_vz(sl_build_id()));
  sl_batch_set(b, PROGRAM, sl_vz(a->exe));
  set_path(b, CONFIG, sl_xdg_path(SL_XDG_CONFIG, NULL));
  set_path(b, STATE, sl_xdg_path(SL_XDG_STATE, NULL));
  rc = sl_batch_seal(b, &err);
  if (!rc)
    rc = sl_app_print(a, b, &(struct sl_rows_opts){ .bare = true, .vertical = true }, &err);
out:
  sl_batch_unref(b);
  sl_schema_unref(s);
  return rc ? sl_app_fail(a, &err) : SL_EXIT_OK;
}
