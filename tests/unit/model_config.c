/* The workspace file: every kind of mistake with the very line it is told in, every setting with a wrong value, and what a right
 * file means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "model_conf_types.h"

struct bad { const char *text, *says; };   /* says: after "w.yaml:" */
static const struct bad bads[] = {
  { "conections: {}\n",
    "1:1: the workspace has no setting `conections`; did you mean `connections`?" },
  { "frobnicate: 1\n",
    "1:1: the workspace has no setting `frobnicate`; there are: environment, protected, readonly, timezone, "
    "connections, lake, jobs, models, people" },
  { "alerts: {}\n",
    "1:1: the workspace has no setting `alerts`; there are: environment, protected, readonly, timezone, "
    "connections, lake, jobs, models, people" },
  { "- a\n",
    "1:1: the workspace must be a map of settings; write name: value" },
  { "hello\n",
    "1:1: the workspace must be a map of settings; write name: value" },
  { "a:\n\t- b\n",
    "2:1: a tab cannot stand here; indent with spaces" },
  { "environment: a\nenvironment: b\n",
    "2:1: \"environment\" stands here twice; first in line 1" },
  { "environment: \"Prod!\"\n",
    "1:14: `Prod!` is no name for `environment`: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)" },
  { "environment:\n",
    "1:13: `environment` is empty; write e.g. environment: prod, or remove it" },
  { "environment: prod\nprotected: false\n",
    "2:12: environment `prod` is always protected; remove `protected`, or name the environment otherwise" },
  { "readonly: maybe\n",
    "1:11: `readonly` must be true or false, not `maybe`" },
  { "timezone: Mars/Olympus\n",
    "1:11: `timezone` must be a time zone such as Europe/Berlin or UTC, not `Mars/Olympus`" },
  { "timezone: local\n",
    "1:11: `timezone` must name a zone, such as Europe/Berlin: local differs between machines" },
  { "connections: [a]\n",
    "1:14: `connections` must be a map, such as registry: {type: mlflow, uri: \"sqlite:///mlflow.db\"}, not a list" },
  { "connections:\n  a: mlflow\n",
    "2:6: connection `a` must be a map of settings; write {type: mlflow, ...}" },
  { "connections:\n  A b: {type: mlflow}\n",
    "2:3: `A b` is no name for a connection: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)" },
  { "connections:\n  a: {uri: x}\n",
    "2:6: connection `a` has no `type`; add e.g. type: mlflow" },
  { "connections:\n  a: {type: mlfow}\n",
    "2:13: no type of connection `mlfow`; there are: local, mlflow; did you mean `mlflow`?" },
  { "connections:\n  local: {type: mlflow, uri: \"http://a\"}\n",
    "2:17: every workspace has a connection `local` of its own; give this one another name" },
  { "connections:\n  a: {type: mlflow}\n",
    "2:6: connection `a` (mlflow) has no `uri`; add e.g. uri: https://mlflow.example.org" },
  { "connections:\n  a: {type: mlflow, url: x}\n",
    "2:21: connection `a` (mlflow) has no setting `url`; did you mean `uri`?" },
  { "connections:\n  a: {type: mlflow, uri: mlflow.db}\n",
    "2:26: `uri` must be an address such as https://mlflow.example.org, not `mlflow.db`" },
  { "connections:\n  a: {type: mlflow, uri: \"file://host/x\"}\n",
    "2:26: `uri` names a host; write file:///path, or a path" },
  { "connections:\n  a: {type: mlflow, uri: \"sqlite://x.db\"}\n",
    "2:26: `uri` names no file; write sqlite:///file.db, or sqlite:////path/file.db" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", retries: many}\n",
    "2:47: `retries` must be a whole number, not `many`" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", retries: 11}\n",
    "2:47: `retries` must be between 0 and 10, not 11" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", mode: fats}\n",
    "2:44: `mode` must be one of fast, slow, not `fats`; did you mean `fast`?" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", cache: lots}\n",
    "2:45: `cache` must be a size such as 512MB or 2GiB, not `lots`" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", cache: 2GB}\n",
    "2:45: `cache` must be between 1 kB and 1 GB, not 2GB" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", cert: [x]}\n",
    "2:44: `cert` must be a text, such as ca.pem, not a list" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", headers: x}\n",
    "2:47: `headers` must be a list, such as [a, b], not a text" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", headers: [[x]]}\n",
    "2:48: `headers` must hold texts, not a list; put it in quotes" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", token: {evn: X}}\n",
    "2:46: unknown key `evn`; a secret is {env: NAME}, {file: PATH}, {command: [...]} or ask; did you mean `env`?" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", token: {env: X, file: y}}\n",
    "2:45: `token` must be one of {env: NAME}, {file: PATH}, {command: [...]} or ask" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", token:}\n",
    "2:43: found unexpected ':'" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", token: {command: []}}\n",
    "2:55: `command` is empty; write e.g. command: [pass, show, token]" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", timeout: 30}\n",
    "2:47: `timeout` must be a duration such as 90s, 15m, 26h or 7d, not `30`" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\", timeout: 2h}\n",
    "2:47: `timeout` must be between 1s and 1h, not 2h" },
  { "connections:\n  a: {type: mlflow, uri: \"http://a\\eb\"}\n",
    "2:26: `uri` holds a control character; write it in one plain line" },
  { "lake:\n  zone: []\n",
    "2:3: `lake` has no setting `zone`; did you mean `zones`?" },
  { "lake:\n  zones: {raw: x}\n",
    "2:10: `zones` must be a list, such as [{name: raw, uri: lake/raw}], not a map" },
  { "lake:\n  zones: [raw]\n",
    "2:11: a zone must be a map of settings; write {name: raw, uri: lake/raw}" },
  { "lake:\n  zones: [{uri: x}]\n",
    "2:11: the zone has no `name`; add e.g. name: raw" },
  { "lake:\n  zones: [{name: raw}]\n",
    "2:11: zone `raw` has no `uri`; add e.g. uri: lake/raw" },
  { "lake:\n  zones: [{name: Raw, uri: x}]\n",
    "2:18: `Raw` is no name for `name`: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)" },
  { "lake:\n  zones:\n    - {name: raw, uri: lake/raw}\n    - {name: raw, uri: other}\n",
    "4:14: there is a zone `raw` already, in line 3; give this one another name" },
  { "lake:\n  zones: [{name: raw, uri: x, fresh: 1h}]\n",
    "2:31: zone `raw` has no setting `fresh`; there are: name, uri, connection, layout, format, fresh_within, "
    "min_rows, schedule" },
  { "lake:\n  zones: [{name: raw, uri: x, fresh_within: soon}]\n",
    "2:45: `fresh_within` must be a duration such as 90s, 15m, 26h or 7d, not `soon`" },
  { "lake:\n  zones: [{name: raw, uri: x, min_rows: 0}]\n",
    "2:41: `min_rows` must be 1 or more, not 0" },
  { "lake:\n  zones: [{name: raw, uri: x, layout: \"dt=%d\"}]\n",
    "2:39: `layout` must be a folder's name with %Y, %m, %d, %H, such as dt=%Y-%m-%d, not `dt=%d`" },
  { "lake:\n  zones: [{name: raw, uri: x, layout: \"dt=%Q\"}]\n",
    "2:39: `layout` must be a folder's name with %Y, %m, %d, %H, such as dt=%Y-%m-%d, not `dt=%Q`" },
  { "lake:\n  zones: [{name: raw, uri: x, format: parket}]\n",
    "2:39: `format` must be one of csv, json, ndjson, parquet, text, not `parket`; did you mean `parquet`?" },
  { "lake:\n  zones: [{name: raw, uri: x, layout: \"dt=%Y-%m-%d\", schedule: \"0 25 * * *\"}]\n",
    "2:64: `schedule`: cron hour \"25\": use *, 0-23, lists, ranges and steps" },
  { "lake:\n  zones: [{name: raw, uri: x, schedule: \"@daily\"}]\n",
    "2:41: zone `raw` has a schedule, but no `layout`; add e.g. layout: dt=%Y-%m-%d" },
  { "lake:\n  zones: [{name: raw, uri: x, connection: s3}]\n",
    "2:43: zone `raw`: there is no connection `s3`; add it below connections:" },
  { "lake:\n  zones: [{name: raw, uri: \"s3://bucket/x\"}]\n",
    "2:28: zone `raw`: no connection serves `s3://bucket/x`; name one with connection:" },
  { "jobs: []\n",
    "1:7: `jobs` must be a map, such as clean: {steps: {all: {run: [make, clean]}}}, not a list" },
  { "jobs:\n  clean: make\n",
    "2:10: job `clean` must be a map of settings; write {steps: {load: {run: [make, load]}}}" },
  { "jobs:\n  Clean: {steps: {a: {run: [b]}}}\n",
    "2:3: `Clean` is no name for a job: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)" },
  { "jobs:\n  clean:\n    writes: raw\n",
    "3:5: job `clean` has no `steps`; add e.g. steps: {load: {run: [make, load]}}" },
  { "jobs:\n  clean:\n    steps: {}\n",
    "3:12: job `clean` has no steps; add e.g. steps: {load: {run: [make, load]}}" },
  { "jobs:\n  clean:\n    step: {}\n",
    "3:5: job `clean` has no setting `step`; did you mean `steps`?" },
  { "jobs:\n  clean:\n    state_machine: x\n",
    "3:5: job `clean` has no setting `state_machine`; there are: connection, help, params, reads, writes, "
    "schedule, after, timeout, keep, keep_for, steps" },
  { "jobs:\n  clean:\n    connection: aws\n    steps: {a: {run: [b]}}\n",
    "3:17: job `clean`: there is no connection `aws`; add it below connections:" },
  { "lake:\n"
    "  zones:\n"
    "    - {name: raw, uri: lake/raw}\n"
    "jobs:\n"
    "  clean:\n"
    "    reads: rw\n"
    "    steps: {a: {run: [b]}}\n",
    "6:12: job `clean` reads `rw`, which is no zone; did you mean `raw`?" },
  { "lake:\n"
    "  zones:\n"
    "    - {name: raw, uri: lake/raw}\n"
    "jobs:\n"
    "  clean:\n"
    "    reads: [raw, gold]\n"
    "    steps: {a: {run: [b]}}\n",
    "6:18: job `clean` reads `gold`, which is no zone; add it below lake: zones:" },
  { "jobs:\n  clean:\n    writes: raw\n    steps: {a: {run: [b]}}\n",
    "3:13: job `clean` writes `raw`, which is no zone; add it below lake: zones:" },
  { "jobs:\n  clean:\n    schedule: daily\n    steps: {a: {run: [b]}}\n",
    "3:15: `schedule`: cron minute \"daily\": use *, 0-59, lists, ranges and steps" },
  { "jobs:\n  clean:\n    timeout: 31d\n    steps: {a: {run: [b]}}\n",
    "3:14: `timeout` must be between 1s and 30d, not 31d" },
  { "jobs:\n  clean:\n    after: [claen]\n    steps: {a: {run: [b]}}\n",
    "3:13: job `clean` comes after `claen`, which is no job; did you mean `clean`?" },
  { "jobs:\n  a: {after: b, steps: {s: {run: [x]}}}\n  b: {after: [a], steps: {s: {run: [x]}}}\n",
    "2:14: jobs wait for each other: `a` after `b` after `a`; remove one `after`" },
  { "jobs:\n  clean:\n    params: {A: 1}\n    steps: {a: {run: [b]}}\n",
    "3:14: `A` is no name for a parameter: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)" },
  { "jobs:\n  clean:\n    params: {a: [1]}\n    steps: {a: {run: [b]}}\n",
    "3:17: parameter `a` must be a text; put it in quotes" },
  { "jobs:\n  clean:\n    params: {dt: 1}\n    steps: {a: {run: [b, \"${td}\"]}}\n",
    "4:26: job `clean` has no parameter `td`; did you mean `dt`?" },
  { "jobs:\n  clean:\n    steps: {a: {run: [b, \"x=${dt}\"]}}\n",
    "3:26: job `clean` has no parameter `dt`; add it below params:" },
  { "jobs:\n  clean:\n    steps: {a: {run: [b, \"${dt\"]}}\n",
    "3:26: `${` without `}`; write ${name}" },
  { "jobs:\n  clean:\n    steps: {a: {run: make clean}}\n",
    "3:22: `run` must be a list, such as [sluice, sql, \"select 1\"], not a text" },
  { "jobs:\n  clean:\n    steps: {a: {run: []}}\n",
    "3:22: `run` names no program; write e.g. run: [sluice, sql, \"select 1\"]" },
  { "jobs:\n  clean:\n    steps: {a: {after: []}}\n",
    "3:16: step `a` has no `run`; add e.g. run: [sluice, sql, \"select 1\"]" },
  { "jobs:\n  clean:\n    steps: {a: make}\n",
    "3:16: step `a` must be a map of settings; write {run: [program, argument]}" },
  { "jobs:\n  clean:\n    steps: {\"a b\": {run: [b]}}\n",
    "3:13: `a b` is no name for a step: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)" },
  { "jobs:\n  clean:\n    steps: {load: {run: [b]}, b: {run: [b], after: [laod]}}\n",
    "3:53: step `b` comes after `laod`, which is no step of job `clean`; did you mean `load`?" },
  { "jobs:\n  clean:\n    steps:\n      a: {run: [b], after: [a]}\n",
    "4:29: steps wait for each other: `a` after `a`; remove one `after`" },
  { "jobs:\n"
    "  clean:\n"
    "    steps:\n"
    "      x: {run: [b]}\n"
    "      a: {run: [b], after: [x, c]}\n"
    "      b: {run: [b], after: [a]}\n"
    "      c: {run: [b], after: [b]}\n",
    "7:29: steps wait for each other: `c` after `b` after `a` after `c`; remove one `after`" },
  { "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
    "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
    "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
    "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
    "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
    "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\n",
    "6:11: more than 200000 values once aliases are written out" },
  { "a: 1\n---\nb: 2\n",
    "2:1: a second document; keep one in a file" },
  { "environment: \"a\\0b\"\n",
    "1:14: `environment` holds a control character; write it in one plain line" },
  { "environment: \377\n",
    "1:14: invalid UTF-8" },
};

static char folder[] = "/tmp/sluice-config-XXXXXX";

static int set_up(void **state)
{
  (void)state;
  return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  return chdir("/") == 0 ? sl_rmtree(folder, NULL) : -1;
}

static void write_text(const char *path, const char *text)
{
  assert_int_equal(sl_file_write(path, sl_str(text), 0644, NULL), SL_OK);
}

static int load(struct sl_ws_conf **c, const char *text, struct sl_err *err)
{
  *err = (struct sl_err){ 0 };
  write_text("w.yaml", text);
  return sl_ws_conf_load(c, "w.yaml", types, NTYPES, err);
}

static struct sl_ws_conf *load_ok(const char *text)
{
  struct sl_ws_conf *c = NULL;
  struct sl_err err;
  if (load(&c, text, &err) != SL_OK)
    fail_msg("%s\n%s", err.msg, text);
  return c;
}

static void mistakes_are_told_in_one_line(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
    struct sl_ws_conf *c;
    struct sl_err err;
    char want[300];
    snprintf(want, sizeof want, "w.yaml:%s", bads[i].says);
    assert_int_equal(load(&c, bads[i].text, &err), SL_ECONFIG);
    assert_int_equal(err.code, SL_ECONFIG);
    assert_null(c);
    assert_string_equal(err.msg, want);
    assert_null(strchr(err.msg, '\n'));
  }
}

/* ---- every setting: a wrong value, an empty one, one out of bounds, and its own example ---- */

static const char *const wrong[] = {
  [SL_SET_TEXT] = "[1]", [SL_SET_INT] = "x1", [SL_SET_BOOL] = "maybe", [SL_SET_DURATION] = "soon", [SL_SET_BYTES] = "lots",
  [SL_SET_PATH] = "{a: b}", [SL_SET_URI] = "nowhere", [SL_SET_ENUM] = "xyzzy", [SL_SET_LIST] = "word", [SL_SET_NAMES] = "\"No Name\"",
  [SL_SET_SECRET] = "[x]", [SL_SET_PLACE] = "\"file://host/x\"", [SL_SET_NAME] = "\"No Name\"", [SL_SET_TZ] = "Mars/Olympus",
  [SL_SET_CRON] = "never", [SL_SET_LAYOUT] = "plain", [SL_SET_MAP] = "[x]", [SL_SET_MAPS] = "word",
};

/* The file in which a setting of that table stands alone. Keys are checked before what is missing. */
static void document(char *out, size_t n, const char *table, const char *name, const char *value)
{
  static const struct { const char *table, *before, *after; } frames[] = {
    { "workspace", "", "\n" }, { "connection", "connections:\n  a: {", "}\n" }, { "mlflow", "connections:\n  a: {type: mlflow, ", "}\n" },
    { "lake", "lake:\n  ", "\n" }, { "zone", "lake:\n  zones:\n    - {", "}\n" }, { "job", "jobs:\n  j: {", "}\n" },
    { "step", "jobs:\n  j: {steps: {s: {", "}}}\n" }, { "person", "", "\n" }, { "model", "models:\n  m: {", "}\n" },
    { "evidence", "models:\n  m: {evidence: {", "}}\n" }, { "drift", "models:\n  m: {evidence: {drift: {", "}}}\n" },
    { "rescore", "models:\n  m: {evidence: {rescore: {", "}}}\n" }, { "quality", "models:\n  m: {evidence: {quality: {", "}}}\n" },
    { "gate", "models:\n  m: {gates: [{", "}]}\n" }, { "approval", "models:\n  m: {approval: {", "}}\n" },
    { "promote", "models:\n  m: {promote: {", "}}\n" }, { "member", "people:\n  lead: {", "}\n" },
    { "me", "me: {", "}\n" }, { "box", "box: {", "}\n" },
  };
  for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++)
    if (!strcmp(frames[i].table, table)) {
      const char *type = !strcmp(table, "connection") && strcmp(name, "type") != 0 ? "type: mlflow, " : "";
      snprintf(out, n, "%s%s%s: %s%s", frames[i].before, type, name, value, frames[i].after);
      return;
    }
  fail_msg("no frame for the table %s: add one", table);
}

static int try(const char *text, bool person, struct sl_err *err)
{
  struct sl_person *p = NULL;
  struct sl_ws_conf *c = NULL;
  if (!person)
    return load(&c, text, err);
  *err = (struct sl_err){ 0 };
  write_text("w.yaml", text);
  int rc = sl_person_load(&p, "w.yaml", err);
  sl_person_free(p);
  return rc;
}

static void must_refuse(const char *table, const struct sl_setting *d, bool person, const char *value)
{
  char text[400];
  struct sl_err err;
  document(text, sizeof text, table, d->name, value);
  if (try(text, person, &err) != SL_ECONFIG)
    fail_msg("%s.%s took %s", table, d->name, value);
  if (!sl_str_starts(sl_str(err.msg), SL_STR("w.yaml:")) || err.msg[7] < '1' || err.msg[7] > '9' || !strstr(err.msg, d->name))
    fail_msg("%s.%s: %s is told as: %s", table, d->name, value, err.msg);
}

static void wrong_values(const char *table, const struct sl_setting *set, size_t n, bool person)
{
  for (size_t i = 0; i < n; i++) {
    const struct sl_setting *d = &set[i];
    char number[40];
    bool map = d->type == SL_SET_MAP || d->type == SL_SET_MAPS;
    if (!d->help || !d->example)
      fail_msg("%s.%s has no help or no example", table, d->name);
    assert_true((size_t)d->type < sizeof wrong / sizeof wrong[0]);
    must_refuse(table, d, person, wrong[d->type]);
    if (!map)
      must_refuse(table, d, person, "\"\"");
    if (!d->min && !d->max)
      continue;
    const char *unit = d->type == SL_SET_DURATION ? "s" : "";
    snprintf(number, sizeof number, "%lld%s", (long long)d->min - 1, unit);
    must_refuse(table, d, person, number);
    if (d->max == INT64_MAX)
      continue;
    snprintf(number, sizeof number, "%lld%s", (long long)d->max + 1, unit);
    must_refuse(table, d, person, number);
  }
}

static void every_setting_refuses_a_wrong_value(void **state)
{
  (void)state;
  size_t n, seen = 0;
  const struct sl_conf_table *t = sl_conf_tables(&n);
  for (size_t i = 0; i < n; i++, seen++)
    wrong_values(t[i].name, t[i].settings, t[i].nsettings, t[i].person);
  wrong_values("mlflow", every, sizeof every / sizeof every[0], false);
  assert_true(seen >= 9);
}

/* What else must stand in the file for the example to be right. */
static void example_document(char *out, size_t n, const char *table, const struct sl_setting *d)
{
  const char *lake = "lake:\n  zones: [{name: raw, uri: x}, {name: processed, uri: y}]\n";
  const char *ingest = "jobs:\n  ingest: {steps: {a: {run: [b]}}}\n";
  if (!strcmp(table, "zone"))
    snprintf(out, n, "lake:\n  zones: [{%s%s%s%s: %s}]\n", strcmp(d->name, "name") ? "name: raw, " : "",
             strcmp(d->name, "uri") ? "uri: x, " : "",
             strcmp(d->name, "layout") ? "layout: \"dt=%Y\", " : "", d->name, d->example);
  else if (!strcmp(table, "job"))
    snprintf(out, n, "%s%s  j: {%s%s: %s}\n", lake, ingest, strcmp(d->name, "steps") ? "steps: {a: {run: [b]}}, " : "", d->name,
             d->example);
  else if (!strcmp(table, "step"))
    snprintf(out, n, "jobs:\n  j: {steps: {validate: {run: [b]}, s: {%s%s: %s}}}\n", strcmp(d->name, "run") ? "run: [b], " : "", d->name,
             d->example);
  else if (!strcmp(table, "connection") || !strcmp(table, "mlflow"))
    snprintf(out, n, "connections:\n  a: {%s%s%s: %s}\n", strcmp(d->name, "uri") ? "uri: \"http://a\", " : "",
             strcmp(d->name, "type") ? "type: mlflow, " : "", d->name, d->example);
  else if (!strcmp(table, "model") && !strcmp(d->name, "connection"))
    snprintf(out, n, "connections:\n  %s: {type: mlflow, uri: \"http://a\"}\nmodels:\n  m: {connection: %s}\n", d->example,
             d->example);
  else if (!strcmp(table, "drift"))
    snprintf(out, n, "models:\n  m: {evidence: {drift: {%s%s%s: %s}}}\n", strcmp(d->name, "baseline") ? "baseline: x, " : "",
             strcmp(d->name, "current") ? "current: x, " : "", d->name, d->example);
  else if (!strcmp(table, "rescore") || !strcmp(table, "quality"))
    snprintf(out, n, "models:\n  m: {evidence: {%s: {%s%s%s: %s}}}\n", table, strcmp(d->name, "data") ? "data: x, " : "",
             strcmp(d->name, "label") ? "label: x, " : "", d->name, d->example);
  else if (!strcmp(table, "gate"))
    snprintf(out, n, "models:\n  m: {gates: [{%s%s: %s}]}\n", strcmp(d->name, "pass") ? "pass: drift.a = 1, " : "", d->name, d->example);
  else if (!strcmp(table, "approval") && !strcmp(d->name, "approvers"))
    snprintf(out, n, "people: {lead: {identities: [\"a:b\"]}}\nmodels:\n  m: {approval: {%s: %s}}\n", d->name, d->example);
  else if (!strcmp(table, "workspace") && d->type == SL_SET_MAP)
    snprintf(out, n, "%s:\n  %s\n", d->name, d->example);
  else
    document(out, n, table, d->name, d->example);
}

static void examples(const char *table, const struct sl_setting *set, size_t n, bool person)
{
  char text[600];
  for (size_t i = 0; i < n; i++) {
    struct sl_err err;
    struct sl_ws_conf *c = NULL;
    example_document(text, sizeof text, table, &set[i]);
    int rc = person ? try(text, true, &err) : load(&c, text, &err);
    if (rc)
      fail_msg("%s.%s: its own example does not load: %s\n%s", table, set[i].name, err.msg, text);
    sl_ws_conf_unref(c);
  }
}

static void every_example_loads(void **state)
{
  (void)state;
  size_t n;
  const struct sl_conf_table *t = sl_conf_tables(&n);
  for (size_t i = 0; i < n; i++)
    examples(t[i].name, t[i].settings, t[i].nsettings, t[i].person);
  examples("mlflow", every, sizeof every / sizeof every[0], false);
}

/* ---- what a right file means ---- */

static const char right[] =
  "environment: prod\n"
  "timezone: Europe/Berlin\n"
  "connections:\n"
  "  registry: {type: mlflow, uri: \"sqlite:///sub/../mlflow.db\", timeout: 5s, keep: 90s, cache: 10MB, headers: [a, b c], cert: ca.pem,\n"
  "             verify: off, token: {command: [pass, show]}}\n"
  "  local: {readonly: true}\n"
  "lake:\n"
  "  zones:\n"
  "    - {name: raw, uri: lake/raw/, layout: \"dt=%Y-%m-%d\", fresh_within: 26h, min_rows: 10, schedule: \"0 6 * * *\", format: csv}\n"
  "    - {name: remote, uri: \"mlflow://registry/x/\"}\n"
  "    - {name: same, uri: \"file:lake/same\"}\n"
  "jobs:\n"
  "  clean:\n"
  "    params: {dt: \"@today\", n: 5, empty: }\n"
  "    reads: raw\n"
  "    writes: raw\n"
  "    timeout: 2h\n"
  "    steps:\n"
  "      a: {run: [\"echo\", \"${dt}-${n}\", \"multi\\nline\"]}\n"
  "      b: {run: [x], after: [a]}\n";

static const struct sl_conf *conn(const struct sl_ws_conf *c, const char *name)
{
  const struct sl_conf *const *list;
  size_t n = sl_ws_conf_conns(c, &list);
  for (size_t i = 0; i < n; i++)
    if (!strcmp(sl_conf_name(list[i]), name))
      return list[i];
  fail_msg("no connection %s", name);
  return NULL;
}

static void settings_are_read(void **state)
{
  (void)state;
  char want[200];
  struct sl_ws_conf *c = load_ok(right);
  const struct sl_conf *r = conn(c, "registry");
  assert_string_equal(sl_conf_type(r), "mlflow");
  snprintf(want, sizeof want, "sqlite:///%s/mlflow.db", folder);
  assert_string_equal(sl_conf_text(r, "uri"), want);
  snprintf(want, sizeof want, "%s/ca.pem", folder);
  assert_string_equal(sl_conf_text(r, "cert"), want);
  assert_int_equal(sl_conf_timeout_ms(r), 5000);
  assert_int_equal(sl_conf_int(r, "keep", 0), 90000);
  assert_int_equal(sl_conf_int(r, "cache", 0), 10000000);
  assert_int_equal(sl_conf_int(r, "retries", 7), 3);
  assert_int_equal(sl_conf_int(r, "nothing", 7), 7);
  assert_false(sl_conf_bool(r, "verify", true));
  assert_string_equal(sl_conf_text(r, "label"), "plain");
  assert_null(sl_conf_text(r, "mode"));
  assert_string_equal(sl_conf_list(r, "headers")[1], "b c");
  assert_null(sl_conf_list(r, "headers")[2]);
  assert_string_equal(sl_conf_text(r, "headers"), "a\nb c");
  assert_int_equal(sl_conf_secret(r, "token")->kind, SL_SECRET_COMMAND);
  assert_string_equal(sl_conf_secret(r, "token")->argv[1], "show");
  assert_false(sl_conf_readonly(r));
  assert_true(sl_conf_readonly(conn(c, "local")));
  assert_int_equal(sl_conf_timeout_ms(conn(c, "local")), 30000);
  sl_ws_conf_unref(c);
}

static void the_workspace_is_read(void **state)
{
  (void)state;
  struct sl_ws_conf *c = load_ok(right);
  assert_string_equal(sl_ws_conf_name(c), "w");
  assert_string_equal(sl_ws_conf_dir(c), folder);
  assert_string_equal(sl_ws_conf_environment_name(c), "prod");
  assert_true(sl_ws_conf_protected(c));
  assert_false(sl_ws_conf_readonly(c));
  assert_int_equal(sl_tz_offset_s(sl_ws_conf_tz(c), 1795219200000), 3600);
  assert_int_equal(sl_ws_conf_digest(c).n, 64);
  assert_ptr_equal(sl_ws_conf_ref(c), c);
  sl_ws_conf_unref(c);
  sl_ws_conf_unref(c);
  c = load_ok("readonly: true\n");
  assert_true(sl_conf_readonly(conn(c, "local")));
  assert_false(sl_ws_conf_protected(c));
  assert_string_equal(sl_ws_conf_environment_name(c), "");
  sl_ws_conf_unref(c);
  c = load_ok("");
  assert_string_equal(sl_conf_type(conn(c, "local")), "local");
  sl_ws_conf_unref(c);
  c = load_ok("jobs:\nlake:\nconnections:\n");
  sl_ws_conf_unref(c);
}

static void zones_are_read(void **state)
{
  (void)state;
  char want[200];
  size_t n;
  struct sl_ws_conf *c = load_ok(right);
  const struct sl_zone *z = sl_ws_conf_zones(c, &n);
  assert_int_equal(n, 3);
  snprintf(want, sizeof want, "file://%s/lake/raw", folder);
  assert_string_equal(z[0].uri, want);
  assert_string_equal(z[0].conn, "local");
  assert_string_equal(z[0].layout, "dt=%Y-%m-%d");
  assert_string_equal(z[0].format, "csv");
  assert_string_equal(z[0].schedule, "0 6 * * *");
  assert_true(z[0].fresh_within_s == 26 * 3600.0);
  assert_int_equal(z[0].min_rows, 10);
  assert_string_equal(z[1].uri, "mlflow://registry/x/");
  assert_string_equal(z[1].conn, "registry");
  snprintf(want, sizeof want, "file://%s/lake/same", folder);
  assert_string_equal(z[2].uri, want);
  assert_null(z[2].layout);
  sl_ws_conf_unref(c);
}

static void jobs_are_read(void **state)
{
  (void)state;
  size_t n;
  struct sl_ws_conf *c = load_ok(right);
  const struct sl_job_conf *j = sl_ws_conf_jobs(c, &n);
  assert_int_equal(n, 1);
  assert_string_equal(j->conn, "local");
  assert_string_equal(j->reads[0], "raw");
  assert_null(j->reads[1]);
  assert_null(j->after[0]);
  assert_string_equal(j->writes, "raw");
  assert_true(j->timeout_s == 7200);
  assert_int_equal(j->nparams, 3);
  assert_string_equal(j->params[1].value, "5");
  assert_string_equal(j->params[2].value, "");
  assert_int_equal(j->nsteps, 2);
  assert_string_equal(j->steps[0].argv[2], "multi\nline");
  assert_null(j->steps[0].argv[3]);
  assert_null(j->steps[0].after[0]);
  assert_string_equal(j->steps[1].after[0], "a");
  sl_ws_conf_unref(c);
}

static void literal_secrets_warn(void **state)
{
  (void)state;
  const char *const *w;
  struct sl_ws_conf *c = load_ok("connections:\n  a: {type: mlflow, uri: \"https://ana:pw1234@host/\", token: s3cret}\n"
                                 "  b: {type: mlflow, uri: \"https://ana@host/a:b@c\", token: ask}\n"
                                 "  c: {type: mlflow, uri: \"http://h\", token: {file: ~/t}}\n"
                                 "  d: {type: mlflow, uri: \"http://h\", token: \"ask\"}\n");
  assert_int_equal(sl_ws_conf_warnings(c, &w), 3);
  assert_string_equal(w[0], "w.yaml:2:26: `uri` holds a password; name where it is kept instead: {env: NAME}, {file: PATH} or ask");
  assert_string_equal(w[1], "w.yaml:2:61: `token` stands here in plain text; use {env: NAME}, {file: PATH}, {command: [...]} or ask");
  assert_true(sl_str_starts(sl_str(w[2]), SL_STR("w.yaml:5:")));
  for (size_t i = 0; i < 3; i++)
    assert_true(!strstr(w[i], "pw1234") && !strstr(w[i], "s3cret"));
  assert_int_equal(sl_conf_secret(conn(c, "a"), "token")->kind, SL_SECRET_LITERAL);
  assert_string_equal(sl_conf_secret(conn(c, "a"), "token")->text, "s3cret");
  assert_int_equal(sl_conf_secret(conn(c, "b"), "token")->kind, SL_SECRET_ASK);
  assert_int_equal(sl_conf_secret(conn(c, "c"), "token")->kind, SL_SECRET_FILE);
  assert_int_equal(sl_conf_secret(conn(c, "c"), "token")->text[0], '/');
  assert_int_equal(sl_conf_secret(conn(c, "d"), "token")->kind, SL_SECRET_LITERAL);
  assert_int_equal(sl_conf_secret(conn(c, "local"), "token")->kind, SL_SECRET_NONE);
  sl_ws_conf_unref(c);
}

/* ---- files ---- */

static void files_that_cannot_be_read(void **state)
{
  (void)state;
  struct sl_ws_conf *c;
  struct sl_err err = { 0 };
  assert_int_equal(sl_ws_conf_load(&c, "gone.yaml", types, NTYPES, &err), SL_ECONFIG);
  assert_string_equal(err.msg, "gone.yaml: no such file; name another with -w, or write one with: sluice init");
  assert_int_equal(sl_ws_conf_load(&c, folder, types, NTYPES, &err), SL_ECONFIG);
  assert_non_null(strstr(err.msg, "is a folder; name the file in it"));
  if (geteuid() != 0) { /* root may read everything */
    assert_int_equal(sl_file_write("closed.yaml", SL_STR("environment: a\n"), 0, NULL), SL_OK);
    assert_int_equal(sl_ws_conf_load(&c, "closed.yaml", types, NTYPES, &err), SL_ECONFIG);
    assert_string_equal(err.msg, "closed.yaml: may not be read; chmod u+r it, or name another with -w");
  }
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "# ");
  sl_buf_fill(&b, 'x', 2 << 20);
  write_text("big.yaml", sl_buf_zstr(&b));
  sl_buf_free(&b);
  assert_int_equal(sl_ws_conf_load(&c, "big.yaml", types, NTYPES, &err), SL_ECONFIG);
  assert_non_null(strstr(err.msg, "larger than"));
}

static void two_files_have_two_ids(void **state)
{
  (void)state;
  struct sl_ws_conf *a, *b;
  assert_int_equal(sl_mkdirs("one/demo", 0755, NULL) | sl_mkdirs("two/demo", 0755, NULL), SL_OK);
  write_text("one/demo/sluice.yaml", "readonly: true\n");
  write_text("two/demo/sluice.yaml", "readonly: true\n");
  assert_int_equal(sl_ws_conf_load(&a, "one/demo/sluice.yaml", types, NTYPES, NULL), SL_OK);
  assert_int_equal(sl_ws_conf_load(&b, "two/demo/sluice.yaml", types, NTYPES, NULL), SL_OK);
  assert_string_equal(sl_ws_conf_name(a), "demo");
  assert_string_equal(sl_ws_conf_name(b), "demo");
  assert_string_not_equal(sl_ws_conf_id(a), sl_ws_conf_id(b));
  assert_true(sl_str_starts(sl_str(sl_ws_conf_id(a)), SL_STR("demo-")));
  assert_int_equal(strlen(sl_ws_conf_id(a)), 13);
  sl_ws_conf_unref(a);
  sl_ws_conf_unref(b);
}

static void the_demo_loads(void **state)
{
  (void)state;
  struct sl_ws_conf *c;
  struct sl_err err = { 0 };
  size_t zones, jobs;
  if (sl_ws_conf_load(&c, SLUICE_SOURCE_DIR "/demo/sluice.yaml", types, NTYPES, &err))
    fail_msg("%s", err.msg);
  sl_ws_conf_zones(c, &zones);
  sl_ws_conf_jobs(c, &jobs);
  assert_true(zones >= 4 && jobs >= 3);
  sl_ws_conf_unref(c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(mistakes_are_told_in_one_line), cmocka_unit_test(every_setting_refuses_a_wrong_value),
    cmocka_unit_test(every_example_loads), cmocka_unit_test(settings_are_read), cmocka_unit_test(the_workspace_is_read),
    cmocka_unit_test(zones_are_read), cmocka_unit_test(jobs_are_read), cmocka_unit_test(literal_secrets_warn),
    cmocka_unit_test(files_that_cannot_be_read), cmocka_unit_test(two_files_have_two_ids), cmocka_unit_test(the_demo_loads),
  };
  return cmocka_run_group_tests_name("model_config", tests, set_up, tear_down);
}
