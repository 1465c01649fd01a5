/* Every command of the command line with everything failing: torture_app_commands [PART OF], part 0..OF-1 of the commands.
 *
 * Each runs on a tiny workspace with one allocation after the other failing, then one system call after the other. Whatever fails, the
 * program ends by itself, with a right exit code; what is not done is told by one line on standard error, what is told as done is printed
 * whole; nothing leaks (LeakSanitizer ends the run with a signal); what it changes is as it was or as it should be, never between,
 * and never changed without an intent in the audit; the audit holds. A command without a scenario fails the test. */
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

enum { HALF = 13 /* of 25: allocations, and calls */, SLOW_SITES = 200, COMPLAINTS = 20 };

struct scene {
  const char *args[14];
  int code;              /* unharmed */
  bool exact;            /* its output is the same each time */
  bool talks;            /* more than one line on standard error is right: progress, a line a source */
  bool slow;             /* starts processes: fewer sites unless all are asked for */
  bool boxes;            /* one after the other: fewer still */
  bool nightly;          /* nightly-1 runs when it begins */
  int also;              /* right beside `code`, 1 and (some source failed) 5: its output says why */
  bool (*holds)(const char *out, const char *unharmed);   /* what its output must say where it need not be the same */
  bool whole_audit;      /* every call of its audit, each time; else with --all */
  const char *file;      /* it writes this one: whole or not at all; digits may differ, it says when and how long */
};

static bool nothing_nicer(const char *out, const char *unharmed);

static const struct scene scenes[] = {
  { { "get", "zones", "-o", "json", "--columns", "name,objects,bytes" }, .exact = true },
  { { "get", "experiments", "-c", "registry" }, .code = 3, .exact = true },
  { { "get", "executions", "--filter", "state = 'failed'", "--sort", "-id", "-o", "csv", "--columns", "id,job,state" }, .exact = true },
  { { "view", "list" }, .exact = true },
  { { "view", "delete", "runs", "nosuch" }, .code = 1, .exact = true },
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
  { { "rm", "lake:raw/README.txt" }, .exact = true, .whole_audit = true },
  { { "act", "retry", "local:executions/clean-1", "--dry-run" }, .code = 0 },
  { { "connect", "./lake", "--type", "local", "--name", "files" }, .exact = true },
  { { "login", "registry", "--forget" }, .exact = true },
  { { "config", "show" }, .exact = true },
  { { "config", "validate" }, .exact = true },
  { { "config", "schema" }, .exact = true },
  { { "compare", "one", "two", "-c", "registry" }, .code = 3, .exact = true },
  { { "request", "store:versions/cancer%2F6", "--comment", "better" }, .code = 0 },
  { { "approve", "store:versions/cancer%2F5", "--comment", "yes" }, .also = 4 /* a gate is unknown */ },
  { { "reject", "store:versions/cancer%2F5", "--comment", "worse" }, .code = 0 },
  { { "rollback", "store:models/cancer", "--alias", "champion", "--comment", "back" }, .code = 0 },
  { { "approve", "registry:versions/cancer%2F4" }, .code = 3, .exact = true },
  { { "gate", "one/1" }, .code = 3, .exact = true },
  { { "gate", "cancer/5", "-o", "csv", "--columns", "gate,state" }, .exact = true, .also = 4, .holds = nothing_nicer },
  { { "describe", "jobs", "ingest", "-o", "json" }, .exact = true },
  { { "audit", "list", "-o", "csv", "--columns", "seq,action,target,outcome" }, .exact = true },
  { { "audit", "verify" }, .exact = true },
  { { "audit", "export" }, .exact = true },
  { { "init", "scratch" }, .exact = true, .talks = true },
  { { "trust", "sluice.yaml" }, .exact = true },
  { { "info", "-o", "json" }, .exact = true },
  { { "doctor", "-o", "csv", "--columns", "name,state" }, .slow = true, .also = 4, .holds = nothing_nicer },
  { { "drift", "--baseline", "lake:landing/@newest/labs.csv", "--current", "lake:raw/*/labs.csv", "--tests", "ks,psi", "-o", "csv" },
    .code = 4, .exact = true, .talks = true, .slow = true },
  { { "score", "--model", "model.json", "--data", "lake:landing/@newest/labs.csv", "-o", "csv" }, .exact = true, .slow = true },
  { { "demo", "--dir", "lake" }, .code = 1, .exact = true },
  /* the compute core's other ways: over time, in an engine, in parts, of captured data, of pictures, predictions, as a document */
  { { "drift", "--baseline", "lake:raw/*/labs.csv", "--current", "lake:landing/", "--by", "partition", "--tests", "ks", "-o", "csv" },
    .exact = true, .talks = true, .slow = true, .boxes = true },
  { { "drift", "--baseline", "lake:raw/*/labs.csv", "--current", "lake:landing/@newest", "--engine", "pushdown", "--tests", "ks,psi",
      "-o", "csv" }, .code = 4, .exact = true, .talks = true, .slow = true },
  { { "profile", "lake:landing/@newest/labs.csv", "--engine", "pushdown", "-o", "csv" }, .exact = true, .slow = true },
  { { "drift", "--baseline", "lake:raw/@newest", "--current", "lake:landing/@newest", "--tests", "ks", "--report", "r.md", "-o", "csv" },
    .exact = true, .talks = true, .slow = true, .file = "r.md" },
  { { "score", "--model", "model.json", "--data", "lake:landing/@newest/labs.csv", "--label", "patient", "--report", "r.html", "-o",
      "csv" }, .exact = true, .talks = true, .slow = true, .file = "r.html" },
  { { "score", "--partial", "--model", "model.json", "--data", "lake:landing/@newest/labs.csv", "--label", "patient", "--output",
      "w.partial" }, .slow = true, .file = "w.partial" },
  { { "score", "--merge", "a.partial", "b.partial", "--output", "w.partial" }, .exact = true, .slow = true, .file = "w.partial" },
  { { "drift", "--partial", "--current", "lake:landing/@newest/labs.csv", "--output", "w.sketch" }, .exact = true, .slow = true,
    .file = "w.sketch" },
  { { "drift", "--baseline", "lake:raw/*/labs.csv", "--current", "lake:landing/@newest", "--model", "model.json", "--tests", "ks", "-o",
      "csv" }, .exact = true, .talks = true, .slow = true, .boxes = true },
  { { "score", "--model", "predicted:probability", "--data", "capture:cap truth=gt", "--label", "truth", "-o", "csv" }, .exact = true,
    .talks = true, .slow = true, .boxes = true },
  { { "score", "--model", "pictures/model.onnx", "--data", "pictures/photos", "--label", "folder", "--out", "lake:raw/out.csv" },
    .talks = true, .slow = true },
  { { "get", "lineage", "cancer/4", "-o", "csv" }, .code = 5, .talks = true },
  { { "reject", "store:versions/wine%2F1", "--comment", "told to others" }, .talks = true },
};
enum { NSCENES = sizeof scenes / sizeof scenes[0] };

static unsigned part, parts = 1;
static uint64_t seed;
static struct ran plain, harmed;   /* large */
static unsigned complaints;        /* of the scenario that runs */

/* A run is short, and there are thousands: little is kept of what was freed and by whom. The environment may say otherwise. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "quarantine_size_mb=1:malloc_context_size=6"; }

static char how_much[16], only[32];  /* the environment's words: lab_open() clears it */

static bool torture_is(const char *word)
{
  return strcmp(how_much, word) == 0;
}

static void take_word(char *to, size_t room, const char *name)
{
  const char *word = getenv(name);
  snprintf(to, room, "%s", word ? word : "");
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
  snprintf(text + n, sizeof text - n, "(%s at %llu%s)", harm_words[at->how], (unsigned long long)at->site,
           lab_audit_only ? " of its audit" : "");
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

/* 2: a file of settings could not be read, and is named. */
static bool right_code(const struct scene *s, enum harm how, const struct ran *r)
{
  bool settings = (how == IO_ONCE || how == IO_ON) && strstr(r->err, ".yaml");
  return r->code == s->code || (s->also && r->code == s->also) || r->code == 1 || r->code == 5 || (r->code == 2 && settings);
}

/* Lines "name,state": whatever was looked at unharmed is there, and no better than it was. A check that could not be made is unknown. */
static bool nothing_nicer(const char *out, const char *unharmed)
{
  static const char *const worse[] = { "pass", "ok", "unknown", "late", "fail", "failed" };
  const size_t n = sizeof worse / sizeof worse[0];
  struct sl_str rest = sl_str(unharmed), line, name;
  while (rest.n && sl_str_cut(&rest, '\n', &line)) {
    char begin[256];
    size_t was = 0, is = 0;
    sl_str_cut(&line, ',', &name);
    snprintf(begin, sizeof begin, "\n%.*s,", SL_ARG(name));
    const char *at = strstr(out, begin);
    while (was < n && !sl_str_eqz(line, worse[was]))
      was++;
    while (at && is < n && strncmp(at + strlen(begin), worse[is], strlen(worse[is])) != 0)
      is++;
    bool box = sl_str_starts(name, SL_STR("box ")) && strstr(out, "\nbox start,");
    bool cannot = !at && (box || strstr(out, "\nworkspace,failed")); /* what is looked at through it */
    if (was < n && !cannot && (!at || is == n || is < was))
      return false;
  }
  return true;
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
  if (!right_code(s, at->how, &harmed))
    complain(at, "exit code %d\n%s", harmed.code, harmed.err);
  if (said < 0)
    complain(at, "on standard error:\n%s", harmed.err);
  if (harmed.code != s->code && !(s->also && harmed.code == s->also) && !said)
    complain(at, "exit code %d without a word", harmed.code);
  if (!s->talks && said > 1)
    complain(at, "%d lines on standard error:\n%s", said, harmed.err);
  if (s->exact && harmed.code == s->code && strcmp(harmed.out, plain.out) != 0 && !said)
    complain(at, "no error, but another output:\n%s\nunharmed:\n%s", harmed.out, plain.out);
  if (s->holds && (harmed.code == s->code || harmed.code == s->also) && !s->holds(harmed.out, plain.out))
    complain(at, "its output hides something:\n%s\nunharmed:\n%s", harmed.out, plain.out);
}

/* What was done, and what is written down: records, intents among them, the last intent's action. */
struct world { uint64_t done, records, intents, file; char action[64]; };

static int count_intent(void *user, const struct sl_audit_rec *r)
{
  struct world *w = user;
  if (sl_str_eqz(r->kind, "intent")) {
    w->intents++;
    snprintf(w->action, sizeof w->action, "%.*s", SL_ARG(r->action));
  }
  return SL_OK;
}

static struct world world_now(const struct at *at)
{
  struct world w = { .done = lab_done(), .file = at->s->file ? lab_file(at->s->file) : 0 };
  struct sl_audit_report r;
  struct sl_err err = { 0 };
  if (sl_audit_verify(lab_audit(), &r, &err) || sl_audit_read(lab_audit(), count_intent, &w, NULL, &err))
    complain(at, "the audit is broken: %s", err.msg);
  w.records = r.records;
  return w;
}

static void check_file(const struct at *at, uint64_t should)
{
  uint64_t is = at->s->file ? lab_file(at->s->file) : 0;
  bool says = is && lab_file_says(at->s->file, "not known: "); /* a digest of what could not be read: the document tells */
  if (is && is != should && !says)
    complain(at, "%s is there, and not whole; exit code %d\n%s", at->s->file, harmed.code, harmed.err);
  if (!is && should && harmed.code == at->s->code)
    complain(at, "exit code %d, and no %s", harmed.code, at->s->file);
  const char *stray = lab_stray(at->s->file);
  if (stray)
    complain(at, "left behind: %s", stray);
}

static void check_world(const struct at *at, const struct world *before, const struct world *done, const struct world *now)
{
  struct sl_err err = { 0 };
  bool changed = now->done != before->done;
  if (changed && now->done != done->done)
    complain(at, "the world is neither as before nor as it should be");
  if (changed && (now->intents == before->intents || strcmp(now->action, done->action) != 0))
    complain(at, "done, and no intent was written down");
  bool told = strstr(harmed.err, "could not be written down") || strstr(harmed.err, "nobody was told"); /* after it */
  if (harmed.code == 0 && at->s->code == 0 && (now->done != done->done || (now->records < done->records && !told)))
    complain(at, "exit code 0, but not done\n%s", harmed.err);
  check_file(at, done->file);
  if (!lab_touched())
    return;
  if (sl_audit_append(lab_audit(), SL_STR("\"kind\":\"intent\",\"id\":\"after\""), 1, NULL, &err))
    complain(at, "nothing can be written down any more: %s", err.msg);
  world_now(at);
}

/* ---- a scenario ---- */

static void at_site(const struct at *at, const struct world *before, const struct world *done)
{
  begin(at->s);
  lab_run(&harmed, at->s->args, at->how, at->site);
  unsigned had = complaints;
  struct world now = world_now(at);
  check_words(at);
  if (complaints == had)
    check_world(at, before, done, &now);
}

static void sites(const struct scene *s, enum harm once, enum harm on, uint64_t n, const struct world *before, const struct world *done)
{
  /* Shallow is 25 sites a scenario, a quarter where processes start. "exhaustive" is every site of what is quick, and SLOW_SITES evenly
   * spaced ones of what starts processes; "all" is all, "once" all, each failing once; "audit" is every site of the audit, and no other. */
  bool single = torture_is("once"), every = single || torture_is("all"), all = every || torture_is("exhaustive");
  uint64_t step = s->slow && !every ? n / SLOW_SITES + 1 : 1, few = s->boxes ? 1 : s->slow ? HALF / 4 : HALF;
  uint64_t count = all ? 2 * ((n + step - 1) / step) : few;
  for (uint64_t i = 0; i < count && n; i += single ? 2 : 1)
    at_site(&(struct at){ s, i % 2 ? on : once, all ? i / 2 * step : dice() % n }, before, done);
}

/* Where something is written down: each allocation and call of that alone, calls that fail, and writes of which half is done. */
static void audit_sites(const struct scene *s, const struct world *before, const struct world *done)
{
  static const enum harm how[] = { IO_ONCE, IO_ON, IO_HALF, ALLOC_ONCE, ALLOC_ON };
  static struct ran r;
  lab_audit_only = true;
  begin(s);
  lab_run(&r, s->args, NONE, 0);
  bool all = torture_is("audit") || torture_is("all") || torture_is("exhaustive");
  for (size_t h = 0; h < sizeof how / sizeof how[0]; h++) {
    bool io = how[h] != ALLOC_ONCE && how[h] != ALLOC_ON, every = all || (io && s->whole_audit);
    uint64_t n = io ? r.ios : r.allocs;
    for (uint64_t i = 0; i < (every ? n : 1) && n; i++)
      at_site(&(struct at){ s, how[h], every ? i : dice() % n }, before, done);
  }
  lab_audit_only = false;
  print_message("          its audit: %llu allocations, %llu calls\n", (unsigned long long)r.allocs, (unsigned long long)r.ios);
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
  if (!torture_is("audit")) {
    sites(s, ALLOC_ONCE, ALLOC_ON, plain.allocs, &before, &done);
    sites(s, IO_ONCE, IO_ON, plain.ios, &before, &done);
  }
  if (done.records > before.records)
    audit_sites(s, &before, &done);
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

static bool wanted(const struct scene *s)
{
  bool yes = !only[0];
  for (size_t i = 0; s->args[i] && !yes; i++)
    yes = strcmp(only, s->args[i]) == 0;
  return yes;
}

static void each_command(void **state)
{
  (void)state;
  unsigned bad = 0;
  for (size_t i = part; i < NSCENES; i += parts)
    bad += wanted(&scenes[i]) ? play(&scenes[i]) : 0;
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
  for (int i = 0; i < 2; i++)
    must((const char *const[]){ "score", "--partial", "--model", "model.json", "--data", "lake:raw/@newest/labs.csv", "--label", "patient",
                                "--output", i ? "a.partial" : "b.partial", NULL }, 0);
  must((const char *const[]){ "approve", "store:versions/cancer%2F4", "--comment", "for rollback to go back from", NULL }, 0);
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
  take_word(how_much, sizeof how_much, "SLUICE_TORTURE");
  take_word(only, sizeof only, "SLUICE_TORTURE_ONLY"); /* those with this word: for whoever looks into a finding */
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
