/* model/conf_markdown.c: docs/CONFIG.md, from the same tables that check the files, so that it cannot say otherwise. */
#include "base/fmt.h"
#include "model/conf_int.h"

static const char *const type_words[] = {
  [SL_SET_TEXT] = "text", [SL_SET_INT] = "number", [SL_SET_BOOL] = "true or false", [SL_SET_DURATION] = "duration",
  [SL_SET_BYTES] = "size", [SL_SET_PATH] = "path", [SL_SET_URI] = "address", [SL_SET_ENUM] = "", [SL_SET_LIST] = "list of texts",
  [SL_SET_SECRET] = "secret", [SL_SET_PLACE] = "path or address", [SL_SET_NAME] = "name", [SL_SET_NAMES] = "name, or list of names",
  [SL_SET_TZ] = "time zone", [SL_SET_CRON] = "cron text", [SL_SET_LAYOUT] = "layout", [SL_SET_MAP] = "map", [SL_SET_MAPS] = "list of maps",
};

/* As a cell of a table: `|` would end it. */
static void cell(struct sl_buf *b, const char *z)
{
  for (; *z; z++) {
    if (*z == '|')
      sl_buf_ch(b, '\\');
    sl_buf_ch(b, *z);
  }
}

static void bounds(struct sl_buf *b, const struct sl_setting *d)
{
  if (!d->min && !d->max)
    return;
  sl_buf_z(b, ", ");
  if (d->type == SL_SET_DURATION)
    sl_dur_show(b, (double)d->min);
  else if (d->type == SL_SET_BYTES)
    sl_fmt_bytes(b, d->min);
  else
    sl_buf_printf(b, "%lld", (long long)d->min);
  if (d->max == INT64_MAX) {
    sl_buf_z(b, " or more");
    return;
  }
  sl_buf_z(b, " to ");
  if (d->type == SL_SET_DURATION)
    sl_dur_show(b, (double)d->max);
  else if (d->type == SL_SET_BYTES)
    sl_fmt_bytes(b, d->max);
  else
    sl_buf_printf(b, "%lld", (long long)d->max);
}

static void row(struct sl_buf *b, const struct sl_setting *d)
{
  sl_buf_printf(b, "| `%s` | %s", d->name, type_words[d->type]);
  for (size_t i = 0; d->words && d->words[i]; i++)
    sl_buf_printf(b, "%s`%s`", i ? ", " : "", d->words[i]);
  bounds(b, d);
  sl_buf_z(b, " | ");
  if (d->required)
    sl_buf_z(b, "required");
  else if (d->dflt)
    sl_buf_printf(b, "`%s`", d->dflt);
  sl_buf_z(b, " | ");
  cell(b, d->help);
  if (d->example) {
    sl_buf_z(b, "; e.g. `");
    cell(b, d->example);
    sl_buf_ch(b, '`');
  }
  sl_buf_z(b, " |\n");
}

static void table(struct sl_buf *b, const struct sl_setting *set, size_t n)
{
  sl_buf_z(b, "| setting | value | default | what |\n|---|---|---|---|\n");
  for (size_t i = 0; i < n; i++)
    row(b, &set[i]);
  sl_buf_ch(b, '\n');
}

static void types_of(struct sl_buf *b, const struct sl_type_conf *types, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    sl_buf_printf(b, "### `type: %s`\n\n%s.%s\n\n", types[i].type, types[i].help,
                  types[i].implicit ? " Every workspace has one of this name by itself; name it only to change its settings." : "");
    if (types[i].nsettings)
      table(b, types[i].settings, types[i].nsettings);
  }
}

static void file(struct sl_buf *b, bool person, const struct sl_type_conf *types, size_t ntypes)
{
  size_t n;
  const struct sl_conf_table *t = sl_conf_tables(&n);
  for (size_t i = 0; i < n; i++) {
    if (t[i].person != person)
      continue;
    if (*t[i].where)
      sl_buf_printf(b, "### `%s`\n\n", t[i].where);
    sl_buf_printf(b, "%s\n\n", t[i].help);
    table(b, t[i].settings, t[i].nsettings);
    if (t[i].settings == conf_common)
      types_of(b, types, ntypes);
  }
}

int sl_conf_markdown(struct sl_buf *out, const struct sl_type_conf *types, size_t ntypes, struct sl_err *err)
{
  sl_buf_z(out,
    "# Configuration\n\n"
    "Generated from the tables that check the files. `sluice config validate` checks one, `sluice config schema` prints its JSON\n"
    "Schema.\n\n"
    "Durations are written `90s`, `15m`, `26h`, `7d`; sizes `512MB`, `2GiB`; names are a-z, 0-9, `_`, `.`, `-`. Relative paths start at\n"
    "the file's own folder. A secret is `{env: NAME}`, `{file: PATH}` (mode 0600), `{command: [program, argument]}` or `ask`; written\n"
    "out it works, and warns.\n\n"
    "## The workspace file\n\n"
    "`$XDG_CONFIG_HOME/sluice/workspaces/NAME.yaml`, or any file named by `-w`; a folder that holds `sluice.yaml` will do. A file outside\n"
    "the config folder starts no command until `sluice trust FILE`.\n\n");
  file(out, false, types, ntypes);
  sl_buf_z(out, "## The person's file\n\n`$XDG_CONFIG_HOME/sluice/config.yaml`, or the file that `--config` names. It need not exist.\n\n");
  file(out, true, types, ntypes);
  return sl_buf_check(out, err);
}
