/* A pretended registry of backends for the tests of configuration: one setting of every type. */
#ifndef TESTS_MODEL_CONF_TYPES_H
#define TESTS_MODEL_CONF_TYPES_H

#include "model/config.h"

static const char *const modes[] = { "fast", "slow", NULL };
static const struct sl_setting every[] = {
  { .name = "uri", .type = SL_SET_URI, .required = true, .help = "where it is", .example = "https://mlflow.example.org" },
  { .name = "token", .type = SL_SET_SECRET, .help = "token", .example = "{env: TOKEN}" },
  { .name = "retries", .type = SL_SET_INT, .min = 0, .max = 10, .dflt = "3", .help = "how often to try", .example = "3" },
  { .name = "mode", .type = SL_SET_ENUM, .words = modes, .help = "how", .example = "fast" },
  { .name = "cert", .type = SL_SET_PATH, .help = "file | of the authority", .example = "ca.pem" },
  { .name = "artifact_root", .type = SL_SET_PATH, .help = "folder of artifacts", .example = "artifacts" },
  { .name = "cache", .type = SL_SET_BYTES, .min = 1000, .max = 1000000000, .help = "kept bytes", .example = "10MB" },
  { .name = "headers", .type = SL_SET_LIST, .help = "sent along", .example = "[a, b]" },
  { .name = "label", .type = SL_SET_TEXT, .dflt = "plain", .help = "shown", .example = "our own" },
  { .name = "verify", .type = SL_SET_BOOL, .dflt = "true", .help = "check it", .example = "false" },
  { .name = "keep", .type = SL_SET_DURATION, .dflt = "5m", .help = "how long", .example = "1h" },
  { .name = "root", .type = SL_SET_PLACE, .help = "where files are", .example = "data" },
  { .name = "peer", .type = SL_SET_NAME, .help = "the other", .example = "aws" },
  { .name = "peers", .type = SL_SET_NAMES, .help = "the others", .example = "[a, b]" },
  { .name = "zone", .type = SL_SET_TZ, .help = "its clock", .example = "Europe/Berlin" },
  { .name = "due", .type = SL_SET_CRON, .help = "when", .example = "0 6 * * *" },
  { .name = "days", .type = SL_SET_LAYOUT, .help = "names", .example = "dt=%Y-%m-%d" },
};
static const struct sl_type_conf types[] = {
  { .type = "local", .help = "This machine", .implicit = true },
  { .type = "mlflow", .help = "An MLflow registry", .settings = every, .nsettings = sizeof every / sizeof every[0] },
};
enum { NTYPES = 2 };

#endif
