/* model/conf_tables.c: the settings that are no backend's: of the workspace, its zones, jobs, models and people, and of the
 * person. */
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
  { .name = "models", .type = SL_SET_MAP, .example = "readmission: {gates: [\"metrics.val_auc >= 0.85\"]}",
    .help = "name: what a promotion of this model must meet" },
  { .name = "people", .type = SL_SET_MAP, .example = "lead: {identities: [\"mlflow:lead\"]}",
    .help = "name: by which keys and identities somebody is known" },
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
  { .name = "keep", .type = SL_SET_INT, .dflt = "1000", .min = 1, .max = 100000, .example = "100",
    .help = "how many executions of it stay, with their logs" },
  { .name = "keep_for", .type = SL_SET_DURATION, .dflt = "90d", .min = 60, .max = 10LL * 366 * 86400, .example = "30d",
    .help = "how long they stay; the newest always does" },
  { .name = "steps", .type = SL_SET_MAP, .required = true, .example = "{load: {run: [make, load]}}", .help = "name: what to run" },
};

static const struct sl_setting step[] = {
  { .name = "run", .type = SL_SET_LIST, .required = true, .example = "[sluice, sql, \"select 1\"]",
    .help = "program and its arguments, word by word; no shell" },
  { .name = "after", .type = SL_SET_NAMES, .example = "[validate]", .help = "steps that must have succeeded before" },
};

static const struct sl_setting model[] = {
  { .name = "connection", .type = SL_SET_NAME, .example = "registry", .help = "which registry has it; otherwise the one that does" },
  { .name = "evidence", .type = SL_SET_MAP, .example = "{rescore: {data: \"lake:gold/holdout\"}}",
    .help = "what is worked out beforehand, for gates to judge" },
  { .name = "gates", .type = SL_SET_MAPS, .example = "[\"metrics.val_auc >= 0.85\", {name: no-worse, pass: \"drift.share < 0.3\"}]",
    .help = "conditions that it must meet, each a text or a map" },
  { .name = "approval", .type = SL_SET_MAP, .example = "{required: 2}", .help = "who must agree" },
  { .name = "promote", .type = SL_SET_MAP, .example = "{alias: champion}", .help = "what moves; without it the alias champion" },
  { .name = "notify", .type = SL_SET_SECRET, .example = "{env: SLACK_WEBHOOK}",
    .help = "address of a Slack-compatible webhook that is told of each decision; a secret" },
};

static const struct sl_setting evidence[] = {
  { .name = "drift", .type = SL_SET_MAP, .example = "{baseline: data/train.parquet, current: data/now.parquet}",
    .help = "whether the data still looks as it did" },
  { .name = "rescore", .type = SL_SET_MAP, .example = "{data: data/holdout.parquet}", .help = "its predictions, made again here" },
  { .name = "quality", .type = SL_SET_MAP, .example = "{data: data/holdout.parquet, label: readmitted}",
    .help = "how good its predictions are" },
};

enum { TEN_YEARS = 10 * 366 * 86400 };
#define MAX_AGE { .name = "max_age", .type = SL_SET_DURATION, .min = 1, .max = TEN_YEARS, .example = "24h", \
  .help = "older than this it is stale" }
static const struct sl_setting drift[] = {
  { .name = "baseline", .type = SL_SET_PLACE, .required = true, .example = "models:/readmission@champion/train.parquet",
    .help = "data that it was trained on" },
  { .name = "current", .type = SL_SET_PLACE, .required = true, .example = "\"lake:gold/@newest\"", .help = "data that it meets now" },
  { .name = "persist", .type = SL_SET_TEXT, .example = "2/3",
    .help = "current is a zone then, its newest partition is judged, and a feature counts where it drifted in M of the last N partitions" },
  MAX_AGE,
};

static const struct sl_setting rescore[] = {
  { .name = "data", .type = SL_SET_PLACE, .required = true, .example = "\"lake:gold/holdout\"", .help = "rows to predict" },
  { .name = "label", .type = SL_SET_TEXT, .example = "readmitted", .help = "column with the truth" },
  MAX_AGE,
};

static const struct sl_setting quality[] = {
  { .name = "data", .type = SL_SET_PLACE, .required = true, .example = "\"lake:gold/holdout\"", .help = "rows to predict" },
  { .name = "label", .type = SL_SET_TEXT, .required = true, .example = "readmitted", .help = "column with the truth" },
  MAX_AGE,
};

static const char *const results[] = { "pass", "fail", "unknown", NULL };
static const struct sl_setting gate[] = {
  { .name = "name", .type = SL_SET_NAME, .example = "no-worse", .help = "what it is called; otherwise as its expression" },
  { .name = "pass", .type = SL_SET_TEXT, .required = true, .example = "\"metrics.val_auc >= champion.metrics.val_auc - 0.005\"",
    .help = "what must be true; the language of filters, with + - * / abs min max" },
  { .name = "first", .type = SL_SET_ENUM, .words = results, .dflt = "unknown", .example = "pass",
    .help = "its result while there is no champion to compare with" },
};

static const char *const eyes[] = { "true", "false", "advisory", NULL };
static const struct sl_setting approval[] = {
  { .name = "required", .type = SL_SET_INT, .min = 1, .max = 20, .dflt = "1", .example = "2", .help = "how many must agree" },
  { .name = "four_eyes", .type = SL_SET_ENUM, .words = eyes, .dflt = "true", .example = "advisory",
    .help = "whether author, requester and approver must be different people; advisory: said, but no bar" },
  { .name = "approvers", .type = SL_SET_NAMES, .example = "[lead]",
    .help = "who may agree, of those below people:; otherwise all of them" },
  { .name = "lease", .type = SL_SET_TEXT, .example = "\"dir:/srv/leases\"",
    .help = "where approvers of a server take turns: dir:PATH, a folder that all of them may write to, or registry (advisory)" },
  { .name = "expires", .type = SL_SET_DURATION, .min = 60, .max = TEN_YEARS, .example = "30d", .help = "a decision counts so long" },
};

static const char *const stages[] = { "Staging", "Production", "Archived", NULL };
static const struct sl_setting promote[] = {
  { .name = "alias", .type = SL_SET_TEXT, .example = "champion", .help = "alias that the version gets" },
  { .name = "stage", .type = SL_SET_ENUM, .words = stages, .example = "Production", .help = "stage that it gets, instead of an alias" },
};

static const struct sl_setting member[] = {
  { .name = "keys", .type = SL_SET_LIST,
    .example = "[\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHOvO1eTBnJiYo0IO6inDEGfYPQgXNN86kkK0vnEVUKI lead\"]",
    .help = "SSH public keys, as in a .pub file; who holds one can sign decisions" },
  { .name = "identities", .type = SL_SET_LIST, .example = "[\"mlflow:lead\", \"aws:arn:aws:iam::1:user/lead\"]",
    .help = "issuer:subject of accounts that are the same person" },
  { .name = "revoked", .type = SL_SET_LIST, .example = "[\"SHA256:uxaFqSADmpPXYXhwGY5Kml0LcX5Gd8dkDJEQ1H+f+lM\"]",
    .help = "keys that count for nothing any more: as above, or fingerprints" },
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
  { .name = "model", .where = "models.NAME", .help = "What a promotion of a model must meet.", .settings = model, .nsettings = N(model) },
  { .name = "evidence", .where = "models.NAME.evidence", .help = "What is worked out beforehand.", .settings = evidence,
    .nsettings = N(evidence) },
  { .name = "drift", .where = "models.NAME.evidence.drift", .help = "Two sets of data are compared, column by column.", .settings = drift,
    .nsettings = N(drift) },
  { .name = "rescore", .where = "models.NAME.evidence.rescore", .help = "Rows are predicted again.", .settings = rescore,
    .nsettings = N(rescore) },
  { .name = "quality", .where = "models.NAME.evidence.quality", .help = "Predictions are compared with the truth.", .settings = quality,
    .nsettings = N(quality) },
  { .name = "gate", .where = "models.NAME.gates[]", .help = "A condition: the expression alone, or a map.", .settings = gate,
    .nsettings = N(gate) },
  { .name = "approval", .where = "models.NAME.approval", .help = "Who must agree.", .settings = approval, .nsettings = N(approval) },
  { .name = "promote", .where = "models.NAME.promote", .help = "What moves: an alias or a stage.", .settings = promote,
    .nsettings = N(promote) },
  { .name = "member", .where = "people.NAME", .help = "Somebody who signs or approves.", .settings = member, .nsettings = N(member) },
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
