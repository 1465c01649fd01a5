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
#include "model/audit.h"

enum { SHALLOW = 25, ALSO = 3 };

struct scene {
  const char *args[10];
  int code;              /* unharmed */
  bool exact;            /* its output is the same each time */
  bool talks;            /* more than one line on standard error is right: progress, a line a source */
  bool slow;             /* starts processes: fewer sites unless all are asked for */
  bool nightly;          /* nightly-1 runs when it begins */
  int also[ALSO];        /* right exit codes beside `code`, 1 and (some source failed) 5 */
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
  { { "sql", "select state, count(*) as n from executions group by 1 order by 1", "-o", "csv" }, .exact = true, .slow = true },
  { { "sql", "select 1 as a", "--out", "lake:raw/out.csv", "-o", "csv" }, .exact = true, .slow = true },
  { { "run", "ingest" }, .talks = true, .slow = true },
  { { "run", "ingest", "--detach" }, .exact = true, .slow = true },
  { { "stop", "nightly-1" }, .exact = true, .slow = true, .nightly = true },
  { { "retry", "clean-1", "--detach" }, .exact = true, .slow = true },
  { { "logs", "clean-1" }, .exact = true },
  { { "logs", "clean-1", "-o", "json", "--columns", "level,text" }, .exact = true },
  { { "cp", "lake:raw/README.txt", "lake:landing/" }, .exact = true },
  { { "rm", "lake:raw/README.txt" }, .exact = true },
  { { "act", "retry", "local:executions/clean-1", "--dry-run" } },
  { { "connect", "./lake", "--type", "local", "--name", "files" }, .exact = true },
  { { "login", "registry", "--forget" }, .exact = true },
  { { "config", "show" }, .exact = true },
  { { "config", "validate" }, .exact = true },
  { { "config", "schema" }, .exact = true },
  { { "describe", "jobs", "ingest", "-o", "json" }, .exact = true },
  { { "audit", "list", "-o", "csv", "--columns", "seq,action,target,outcome" }, .exact = true },
  { { "audit", "verify" }, .exact = true, .also = { 4 } },
  { { "audit", "export" }, .exact = true },
  { { "init", "scratch" }, .exact = true },
  { { "trust", "sluice.yaml" }, .exact = true },
  { { "info", "-o", "json" }, .exact = true },
  { { "doctor", "-o", "json" }, .slow = true, .also = { 4 } },
  { { "demo", "--dir", "lake" }, .code = 1, .exact = true },
};
enum { NSCENES = sizeof scenes / sizeof scenes[0] };

static unsigned part, parts = 1;
static uint64_t seed;
static struct ran plain, harmed;   /* large */

static bool exhaustive(void)
{
  const char *how = getenv("SLUICE_TORTURE");
  return how && (strcmp(how, "exhaustive") == 0 || strcmp(how, "all") == 0);
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

static bool right_code(const struct scene *s, int code)
{
  bool right = code == s->code || code == 1 || code == 5;
  for (size_t i = 0; i < ALSO; i++)
    right = right || (s->also[i] && code == s->also[i]);
  return right;
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
  if (harmed.code == -2)
    fail_msg("%s: hangs", where(at));
  if (harmed.code < 0)
    fail_msg("%s: dies\n%s", where(at), harmed.err);
  if (!right_code(s, harmed.code))
    fail_msg("%s: exit code %d\n%s", where(at), harmed.code, harmed.err);
  if (said < 0)
    fail_msg("%s: on standard error:\n%s", where(at), harmed.err);
  if (harmed.code != s->code && !said)
    fail_msg("%s: exit code %d without a word", where(at), harmed.code);
  if (!s->talks && said > 1)
    fail_msg("%s: %d lines on standard error:\n%s", where(at), said, harmed.err);
  if (s->exact && harmed.code == s->code && strcmp(harmed.out, plain.out) != 0 && !said)
    fail_msg("%s: no error, but another output:\n%s\nunharmed:\n%s", where(at), harmed.out, plain.out);
}

struct world { uint64_t lake, records; };

static struct world world_now(const struct at *at)
{
  struct world w = { .lake = lab_lake() };
  struct sl_audit_report r;
  struct sl_err err = { 0 };
  if (sl_audit_verify(lab_audit(), &r, &err))
    fail_msg("%s: the audit is broken: %s", where(at), err.msg);
  w.records = r.records;
  return w;
}

static void check_world(const struct at *at, const struct world *before, const struct world *done)
{
  struct world now = world_now(at);
  struct sl_err err = { 0 };
  if (now.lake != before->lake && now.lake != done->lake)
    fail_msg("%s: the lake is neither as before nor as it should be", where(at));
  if (now.lake != before->lake && now.records == before->records)
    fail_msg("%s: done, and nowhere written down", where(at));
  if (harmed.code == 0 && at->s->code == 0 && (now.lake != done->lake || now.records < done->records))
    fail_msg("%s: exit code 0, but not done", where(at));
  if (sl_audit_append(lab_audit(), SL_STR("\"kind\":\"intent\",\"id\":\"after\""), 1, NULL, &err))
    fail_msg("%s: nothing can be written down any more: %s", where(at), err.msg);
  world_now(at);
}

/* ---- a scenario ---- */

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

static void sites(const struct scene *s, enum harm once, enum harm on, uint64_t n, const struct world *before, const struct world *done)
{
  bool all = exhaustive();
  uint64_t few = s->slow ? SHALLOW / 3 : SHALLOW, count = all ? 2 * n : few;
  for (uint64_t i = 0; i < count && n; i++) {
    struct at at = { s, i % 2 ? on : once, all ? i / 2 : dice() % n };
    begin(s);
    lab_run(&harmed, s->args, at.how, at.site);
    check_words(&at);
    check_world(&at, before, done);
  }
}

static void play(const struct scene *s)
{
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
  print_message("%6.1f s  %s %s: %llu allocations, %llu calls\n", (double)(t1.tv_sec - t0.tv_sec) + 1e-9 * (double)(t1.tv_nsec - t0.tv_nsec),
                s->args[0], s->args[1] ? s->args[1] : "", (unsigned long long)plain.allocs, (unsigned long long)plain.ios);
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
  for (size_t i = part; i < NSCENES; i += parts)
    play(&scenes[i]);
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
