/* model/conf_tables.c: the settings that are no backend's: of the workspace, its zones, jobs and steps, and of the person. */
#include "model/conf_int.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

const struct sl_setting conf_common[] = {
  { .name = "type", .type = SL_SET_NAME, .required = true, .help = "kind of backend", .example = "mlflow" },
  { .name = "readonly", .type = SL_SET_BOOL, .dflt = "false", .help = "nothing is changed through this connection", .example = "true" },
  { .name = "timeout", .type = SL_SET_DURATION, .dflt = "30s", .min = 1, .max = 3600, .help = "how long to wait without a byte",
    .example = "10s" },
};
const size_t conf_ncommon = N(conf_common);

static const struct sl_setting workspace[] = {
  { .name = "environment", .type = SL_SET_NAME, .example = "prod",
    .help = "what this platform is; prod, production and live are protected" },
  { .name = "protected", .type = SL_SET_BOOL, .example = "true", .help = "drawn in its own colour, and changes need a typed confirmation" },
  { .name = "readonly", .type = SL_SET_BOOL, .dflt = "false", .example = "true", .help = "nothing is changed at all" },
  { .name = "timezone", .type = SL_SET_TZ, .dflt = "UTC", .example = "Europe/Berlin", .help = "of partition days and schedules" },
  { .name = "connections", .type = SL_SET_MAP, .example = "registry: {type: mlflow, uri: \"sqlite:///mlflow.db\"}",
    .help = "name: settings of what to connect to" },
  { .name = "lake", .type = SL_SET_MAP, .example = "zones: [{name: raw, uri: lake/raw}]", .help = "the data" },
  { .name = "jobs", .type = SL_SET_MAP, .example = "clean: {steps: {all: {run: [make, clean]}}}", .help = "name: what can be run" },
};

static const struct sl_setting lake[] = {
  { .name = "zones", .type = SL_SET_MAPS, .example = "[{name: raw, uri: lake/raw}]", .help = "its layers, in the order of the data's way" },
};

static const char *const formats[] = { "csv", "json", "ndjson", "parquet", "text", NULL };
static const struct sl_setting zone[] = {
  { .name = "name", .type = SL_SET_NAME, .required = true, .example = "raw", .help = "as in lake:raw/path" },
  { .name = "uri", .type = SL_SET_PLACE, .required = true, .example = "lake/raw", .help = "folder or address where its data lies" },
  { .name = "connection", .type = SL_SET_NAME, .example = "local",
    .help = "which connection serves it; otherwise known from the address" },
  { .name = "layout", .type = SL_SET_LAYOUT, .example = "dt=%Y-%m-%d", .help = "how a partition's folder is named, with %Y %m %d %H" },
  { .name = "format", .type = SL_SET_ENUM, .words = formats, .example = "parquet",
    .help = "how its files are read, where their names do not say" },
  { .name = "fresh_within", .type = SL_SET_DURATION, .min = 1, .max = 10LL * 366 * 86400, .example = "26h",
    .help = "how old its newest data may be" },
  { .name = "min_rows", .type = SL_SET_INT, .min = 1, .max = INT64_MAX, .example = "1000",
    .help = "fewer rows in a partition are too few" },
  { .name = "schedule", .type = SL_SET_CRON, .example = "0 6 * * *", .help = "when a partition is due; otherwise by the layout's step" },
};

static const struct sl_setting job[] = {
  { .name = "connection", .type = SL_SET_NAME, .dflt = "local", .example = "local", .help = "what runs it" },
  { .name = "help", .type = SL_SET_TEXT, .example = "raw to processed", .help = "what it does" },
  { .name = "params", .type = SL_SET_MAP, .example = "{dt: \"@today\"}", .help = "name: default; ${name} in a step is replaced by it" },
  { .name = "reads", .type = SL_SET_NAMES, .example = "[raw]", .help = "zones that it reads" },
  { .name = "writes", .type = SL_SET_NAME, .example = "processed", .help = "the zone below which its steps may write" },
  { .name = "schedule", .type = SL_SET_CRON, .example = "10 6 * * *", .help = "when it is due, for judging lateness; nothing starts it" },
  { .name = "after", .type = SL_SET_NAMES, .example = "[ingest]", .help = "jobs that come before it" },
  { .name = "timeout", .type = SL_SET_DURATION, .min = 1, .max = 30LL * 86400, .example = "2h", .help = "then it is stopped" },
  { .name = "steps", .type = SL_SET_MAP, .required = true, .example = "{load: {run: [make, load]}}", .help = "name: what to run" },
};

static const struct sl_setting step[] = {
  { .name = "run", .type = SL_SET_LIST, .required = true, .example = "[sluice, sql, \"select 1\"]",
    .help = "program and its arguments, word by word; no shell" },
  { .name = "after", .type = SL_SET_NAMES, .example = "[validate]", .help = "steps that must have succeeded before" },
};

static const char *const glyphs[] = { "auto", "braille", "block", "ascii", NULL };
static const struct sl_setting person[] = {
  { .name = "me", .type = SL_SET_MAP, .example = "{name: ana}", .help = "who you are" },
  { .name = "workspace", .type = SL_SET_TEXT, .example = "care", .help = "the workspace to open: a name, a file, or a folder" },
  { .name = "theme", .type = SL_SET_TEXT, .example = "light", .help = "colours" },
  { .name = "glyphs", .type = SL_SET_ENUM, .words = glyphs, .dflt = "auto", .example = "ascii", .help = "what charts are drawn with" },
  { .name = "timezone", .type = SL_SET_TZ, .example = "Europe/Berlin", .help = "of times on the screen; local: the machine's" },
  { .name = "keys", .type = SL_SET_MAP, .example = "{table: {export: E}}", .help = "view: {command: key}" },
  { .name = "low_bandwidth", .type = SL_SET_BOOL, .dflt = "false", .example = "true", .help = "paint less often and less of it" },
  { .name = "mouse", .type = SL_SET_BOOL, .dflt = "false", .example = "true", .help = "take the mouse" },
  { .name = "table_memory", .type = SL_SET_BYTES, .min = 1000000, .max = 1LL << 40, .example = "48MB",
    .help = "for all tables together; beyond it they go to disk" },
  { .name = "box", .type = SL_SET_MAP, .example = "{memory: 2GB}", .help = "limits of the sandbox" },
};

static const struct sl_setting me[] = {
  { .name = "name", .type = SL_SET_NAME, .example = "ana", .help = "your name" },
  { .name = "key", .type = SL_SET_PATH, .example = "~/.ssh/id_ed25519", .help = "your SSH key" },
};

static const struct sl_setting box[] = {
  { .name = "memory", .type = SL_SET_BYTES, .min = 64000000, .max = 1LL << 44, .example = "2GB", .help = "memory it may take" },
  { .name = "threads", .type = SL_SET_INT, .min = 1, .max = 1024, .example = "4", .help = "threads it may use" },
  { .name = "tmp", .type = SL_SET_BYTES, .min = 1000000, .max = 1LL << 44, .example = "20GB", .help = "temporary space on the disk" },
};

static const struct sl_conf_table tables[] = {
  { .name = "workspace", .where = "", .help = "The file itself.", .settings = workspace, .nsettings = N(workspace) },
  { .name = "connection", .where = "connections.NAME", .help = "Every connection takes these, beside those of its type.",
    .settings = conf_common, .nsettings = N(conf_common) },
  { .name = "lake", .where = "lake", .help = "The data.", .settings = lake, .nsettings = N(lake) },
  { .name = "zone", .where = "lake.zones[]", .help = "A layer of the lake.", .settings = zone, .nsettings = N(zone) },
  { .name = "job", .where = "jobs.NAME", .help = "Something that can be run.", .settings = job, .nsettings = N(job) },
  { .name = "step", .where = "jobs.NAME.steps.NAME", .help = "One program of a job.", .settings = step, .nsettings = N(step) },
  { .name = "person", .where = "", .person = true, .help = "The file itself.", .settings = person, .nsettings = N(person) },
  { .name = "me", .where = "me", .person = true, .help = "Who you are.", .settings = me, .nsettings = N(me) },
  { .name = "box", .where = "box", .person = true, .help = "Limits of the sandbox in which engines work on data.",
    .settings = box, .nsettings = N(box) },
};

const struct sl_conf_table *sl_conf_tables(size_t *n)
{
  *n = N(tables);
  return tables;
}

struct conf_table conf_table(const char *name)
{
  for (size_t i = 0; i < N(tables); i++)
    if (!strcmp(tables[i].name, name))
      return (struct conf_table){ tables[i].settings, tables[i].nsettings };
  sl_assert(!"a table of that name");
  return (struct conf_table){ NULL, 0 };
}
