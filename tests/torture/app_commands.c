/* Every command of the command line with everything failing: torture_app_commands [PART OF], part 0..OF-1 of the commands.
 *
 * Each runs on a tiny workspace with one allocation after the other failing, then one system call after the other. Whatever fails, the
 * program ends by itself, with a right exit code; what is not done is told by one line on standard error, what is told as done is printed
 * whole; nothing leaks (LeakSanitizer ends the run with a signal); the lake is as it was or as it should be, never between; the audit
 * holds. A command without a scenario fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "app/app.h"
#include "base/mem.h"
#include "base/secret.h"
#include "lab.h"
#include "model/act.h"
#include "model/audit.h"

enum { SHALLOW = 25, SLOW_SITES = 200, COMPLAINTS = 20 };

struct scene {
  const char *args[12];
  int code;              /* unharmed */
  bool exact;            /* its output is the same each time */
  bool talks;            /* more than one line on standard error is right: progress, a line a source */
  bool slow;             /* starts processes: fewer sites unless all are asked for */
  bool nightly;          /* nightly-1 runs when it begins */
  int also;              /* right beside `code`, 1 and (some source failed) 5: its output says why */
};

static const struct scene scenes[] = {
  { { "get", "zones", "-o", "json", "--columns", "name,objects,bytes" }, .exact = true },
  { { "get", "experiments" }, .code = 3, .exact = true },
  { { "get", "executions", "--filter", "state = 'failed'", "--sort", "-id", "-o", "csv", "--columns", "id,job,state" }, .exact = true },
  { { "ls", "lake:raw/", "-o", "ndjson", "--columns", "name,bytes" }, .exact = true },
  { { "cat", "lake:raw/README.txt" }, .exact = true },
  { { "head", "lake:landing/@newest/labs.csv", "-o", "csv" }, .exact = true, .slow = true },
  { { "head", "lake:raw/README.txt", "--limit", "2" }, .exact = true },
  { { "schema", "lake:landing/@newest/labs.csv", "-o", "csv" }, .exact = true, .slow = true },
  { { "profile", "lake:landing/@newest/labs.csv", "-o", "csv" }, .exact = true, .slow = true },
  { { "freshness", "raw", "-o", "csv", "--columns", "partition,state" }, .code = 4, .exact = true },
  { { "sql", "select state, count(*) as n from executions group by 1 order by 1", "-o", "csv" }, .exact = true, .talks = true,
    .slow = true },
  { { "sql", "select 1 as a", "--out", "lake:raw/out.csv", "-o", "csv" }, .exact = true, .slow = true },
  { { "run", "ingest" }, .talks = true, .slow = true },
  { { "run", "ingest", "--detach" }, .exact = true, .slow = true },
  { { "stop", "nightly-1" }, .exact = true, .slow = true, .nightly = true },
  { { "retry", "clean-1", "--detach" }, .exact = true, .slow = true },
  { { "logs", "clean-1" }, .exact = true },
  { { "logs", "clean-1", "-o", "json", "--columns", "level,text" }, .exact = true },
  { { "cp", "lake:raw/README.txt", "lake:landing/" }, .exact = true },
  { { "rm", "lake:raw/README.txt" }, .exact = true },
  { { "act", "retry", "local:executions/clean-1", "--dry-run" }, .code = 0 },
  { { "connect", "./lake", "--type", "local", "--name", "files" }, .exact = true },
  { { "login", "registry", "--forget" }, .exact = true },
  { { "config", "show" }, .exact = true },
  { { "config", "validate" }, .exact = true },
  { { "config", "schema" }, .exact = true },
  { { "compare", "one", "two" }, .code = 3, .exact = true },
  { { "request", "cancer/4", "--comment", "better" }, .code = 3, .exact = true },
  { { "approve", "registry:versions/cancer%2F4" }, .code = 3, .exact = true },
  { { "reject", "cancer/4", "--comment", "worse" }, .code = 3, .exact = true },
  { { "rollback", "registry:models/cancer", "--alias", "champion" }, .code = 3, .exact = true },
  { { "gate", "one/1" }, .code = 3, .exact = true },
  { { "describe", "jobs", "ingest", "-o", "json" }, .exact = true },
  { { "audit", "list", "-o", "csv", "--columns", "seq,action,target,outcome" }, .exact = true },
  { { "audit", "verify" }, .exact = true },
  { { "audit", "export" }, .exact = true },
  { { "init", "scratch" }, .exact = true, .talks = true },
  { { "trust", "sluice.yaml" }, .exact = true },
  { { "info", "-o", "json" }, .code = 0 },
  { { "doctor", "-o", "json" }, .slow = true, .also = 4 },
  { { "demo", "--dir", "lake" }, .code = 1, .exact = true },
};
enum { NSCENES = sizeof scenes / sizeof scenes[0] };

static unsigned part, parts = 1;
static uint64_t seed;
static struct ran plain, harmed;   /* large */
static unsigned complaints;        /* of the scenario that runs */

static bool torture_is(const char *word)
{
  const char *how = getenv("SLUICE_TORTURE");
  return how && strcmp(how, word) == 0;
}

static uint64_t dice(void)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

/* ---- what must be true after a run ---- */

struct at { const struct scene *s; enum harm how; uint64_t site; };

static const char *where(const struct at *at)
{
  static char text[512];
  size_t n = 0;
  for (size_t i = 0; at->s->args[i]; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "%s ", at->s->args[i]);
  snprintf(text + n, sizeof text - n, "(%s at %llu)", harm_words[at->how], (unsigned long long)at->site);
  return text;
}

static void begin(const struct scene *s)
{
  lab_again();
  if (!s->nightly)
    return;
  static struct ran r;
  lab_run(&r, (const char *const[]){ "run", "nightly", "--detach", NULL }, NONE, 0);
  for (int i = 0; i < 200 && !strstr(r.out, "running"); i++)
    lab_run(&r, (const char *const[]){ "get", "executions", "--filter", "id = 'nightly-1'", "--columns", "state", NULL }, NONE, 0);
  assert_non_null(strstr(r.out, "running"));
}

/* One site after the other: a finding does not hide those behind it. */
static void complain(const struct at *at, const char *fmt, ...) SL_PRINTF(2, 3);
static void complain(const struct at *at, const char *fmt, ...)
{
  char text[LAB_ERR];
  va_list ap;
  if (++complaints > COMPLAINTS)
    return;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  print_message("%s: %s\n", where(at), text);
  if (at->how == NONE || complaints > 1 + COMPLAINTS / 2)
    return;
  static struct ran again;
  begin(at->s);
  lab_tell_where = true;
  lab_run(&again, at->s->args, at->how, at->site);
  lab_tell_where = false;
  char *last = strstr(again.err, " in sl_app_main");
  if (last)
    *last = 0;
  print_message("  made here: %.*s\n", 1800, again.err);
}

/* A file of settings that cannot be read is wrong configuration. */
static bool right_code(const struct scene *s, enum harm how, int code)
{
  return code == s->code || (s->also && code == s->also) || code == 1 || code == 5 || (code == 2 && (how == IO_ONCE || how == IO_ON));
}

/* How many notes, each of which says who speaks; -1: something else is there. */
static int notes(const char *text)
{
  int n = 0;
  for (const char *line = text; *line; line = strchr(line, '\n') + 1, n++)
    if (strncmp(line, "sluice: ", 8) != 0 || !line[8] || !strchr(line, '\n'))
      return -1;
  return n;
}

static void check_words(const struct at *at)
{
  const struct scene *s = at->s;
  int said = notes(harmed.err);
  if (harmed.code < 0) {
    complain(at, "%s\n%s", harmed.code == -2 ? "hangs" : "dies", harmed.err);
    return;
  }
  if (!right_code(s, at->how, harmed.code))
    complain(at, "exit code %d\n%s", harmed.code, harmed.err);
  if (said < 0)
    complain(at, "on standard error:\n%s", harmed.err);
  if (harmed.code != s->code && !(s->also && harmed.code == s->also) && !said)
    complain(at, "exit code %d without a word", harmed.code);
  if (!s->talks && said > 1)
    complain(at, "%d lines on standard error:\n%s", said, harmed.err);
  if (s->exact && harmed.code == s->code && strcmp(harmed.out, plain.out) != 0 && !said)
    complain(at, "no error, but another output:\n%s\nunharmed:\n%s", harmed.out, plain.out);
}

struct world { uint64_t lake, records; };

static struct world world_now(const struct at *at)
{
  struct world w = { .lake = lab_lake() };
  struct sl_audit_report r;
  struct sl_err err = { 0 };
  if (sl_audit_verify(lab_audit(), &r, &err))
    complain(at, "the audit is broken: %s", err.msg);
  w.records = r.records;
  return w;
}

static void check_world(const struct at *at, const struct world *before, const struct world *done, const struct world *is)
{
  struct world now = *is;
  struct sl_err err = { 0 };
  if (now.lake != before->lake && now.lake != done->lake)
    complain(at, "the lake is neither as before nor as it should be");
  if (now.lake != before->lake && now.records == before->records)
    complain(at, "done, and nowhere written down");
  if (harmed.code == 0 && at->s->code == 0 && (now.lake != done->lake || now.records < done->records))
    complain(at, "exit code 0, but not done");
  if (sl_audit_append(lab_audit(), SL_STR("\"kind\":\"intent\",\"id\":\"after\""), 1, NULL, &err))
    complain(at, "nothing can be written down any more: %s", err.msg);
  world_now(at);
}

/* ---- a scenario ---- */

static void sites(const struct scene *s, enum harm once, enum harm on, uint64_t n, const struct world *before, const struct world *done)
{
  /* "exhaustive" is every site of what is quick, and SLOW_SITES evenly spaced ones of what starts processes; "all" is all. */
  bool every = torture_is("all"), all = every || torture_is("exhaustive");
  uint64_t step = s->slow && !every ? n / SLOW_SITES + 1 : 1, few = s->slow ? SHALLOW / 3 : SHALLOW;
  uint64_t count = all ? 2 * ((n + step - 1) / step) : few;
  for (uint64_t i = 0; i < count && n; i++) {
    struct at at = { s, i % 2 ? on : once, all ? i / 2 * step : dice() % n };
    begin(s);
    lab_run(&harmed, s->args, at.how, at.site);
    unsigned had = complaints;
    struct world now = world_now(&at);
    check_words(&at);
    if (complaints == had)
      check_world(&at, before, done, &now);
  }
}

static unsigned play(const struct scene *s)
{
  complaints = 0;
  struct at at = { s, NONE, 0 };
  struct timespec t0, t1;
  clock_gettime(CLOCK_MONOTONIC, &t0);
  begin(s);
  struct world before = world_now(&at);
  lab_run(&plain, s->args, NONE, 0);
  if (plain.code != s->code || notes(plain.err) < 0)
    fail_msg("%s: exit code %d, not %d\n%s%s", where(&at), plain.code, s->code, plain.out, plain.err);
  struct world done = world_now(&at);
  begin(s);
  lab_run(&harmed, s->args, NONE, 0);
  check_words(&at);
  sites(s, ALLOC_ONCE, ALLOC_ON, plain.allocs, &before, &done);
  sites(s, IO_ONCE, IO_ON, plain.ios, &before, &done);
  clock_gettime(CLOCK_MONOTONIC, &t1);
  double lasted = (double)(t1.tv_sec - t0.tv_sec) + 1e-9 * (double)(t1.tv_nsec - t0.tv_nsec);
  print_message("%6.1f s  %s %s: %llu allocations, %llu calls\n", lasted, s->args[0], s->args[1] ? s->args[1] : "",
                (unsigned long long)plain.allocs, (unsigned long long)plain.ios);
  return complaints;
}

/* ---- the tests ---- */

static void every_command_has_a_scenario(void **state)
{
  (void)state;
  for (size_t c = 0; c < sl_ncmds; c++) {
    bool found = false;
    for (size_t i = 0; i < NSCENES; i++)
      found = found || strcmp(scenes[i].args[0], sl_cmds[c].name) == 0;
    if (!found)
      fail_msg("`%s` has no torture scenario: add one to tests/torture/app_commands.c", sl_cmds[c].name);
  }
  for (size_t i = 0; i < NSCENES; i++)
    assert_non_null(sl_cmd_find(sl_str(scenes[i].args[0])));
}

static void each_command(void **state)
{
  (void)state;
  unsigned bad = 0;
  for (size_t i = part; i < NSCENES; i += parts)
    bad += play(&scenes[i]);
  if (bad)
    fail_msg("%u findings", bad);
}

static void must(const char *const *args, int code)
{
  lab_run(&plain, args, NONE, 0);
  if (plain.code != code)
    fail_msg("%s: exit code %d, not %d\n%s", args[0], plain.code, code, plain.err);
}

static int set_up(void **state)
{
  (void)state;
  lab_open();
  must((const char *const[]){ "trust", "sluice.yaml", NULL }, 0);
  must((const char *const[]){ "run", "ingest", NULL }, 0);
  must((const char *const[]){ "run", "clean", NULL }, 1);
  assert_true(lab_audit()[0] != 0);
  lab_keep();
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  lab_close();
  return 0;
}

int main(int argc, char **argv)
{
  int code;
  sl_mem_install_hooks();
  if (sl_hidden(argc, argv, &code)) /* the box, and what supervises a job, are this program too */
    return code;
  const char *said = getenv("SLUICE_TORTURE_SEED");
  uint64_t v[2] = { 0, 1 };
  for (int i = 1; i < argc && i < 3; i++)
    if (!sl_str_u64(sl_str(argv[i]), &v[i - 1]))
      return 2;
  part = (unsigned)v[0];
  parts = v[1] ? (unsigned)v[1] : 1;
  if (!said || !sl_str_u64(sl_str(said), &seed) || !seed)
    seed = (uint64_t)time(NULL) | 1;
  print_message("seed %llu\n", (unsigned long long)seed);
  const struct CMUnitTest tests[] = { cmocka_unit_test(every_command_has_a_scenario), cmocka_unit_test(each_command) };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
