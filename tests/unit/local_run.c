/* The supervisor: order, parallel steps, exit codes, signals, resource use, logs, stopping, timeouts, its own death. Steps are /bin/sh. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend_local/exec_int.h" /* lint-ok: internal: tests look at the files of an execution */
#include "base/file.h"

static char root[64], *dir;

static int fresh(void **state)
{
  (void)state;
  memcpy(root, "/tmp/sluice-run-XXXXXX", sizeof "/tmp/sluice-run-XXXXXX");
  return mkdtemp(root) ? 0 : -1;
}

static int clear(void **state)
{
  (void)state;
  sl_free(dir);
  dir = NULL;
  return sl_rmtree(root, NULL);
}

struct sh { const char *name, *script, *after; };

static void spec(const struct sh *s, size_t n, int64_t timeout_ms)
{
  struct local_spec x;
  struct sl_err e = { 0 };
  local_spec_init(&x);
  x.job = "job";
  x.token = "token";
  x.cwd = root;
  x.exe = "/bin/false";
  x.writes = "file:///nowhere";
  x.timeout_ms = timeout_ms;
  x.steps = sl_arena_alloc(&x.mem, n * sizeof *x.steps);
  x.nsteps = n;
  for (size_t i = 0; i < n; i++) {
    const char **argv = sl_arena_alloc(&x.mem, 4 * sizeof *argv), **after = sl_arena_alloc(&x.mem, 2 * sizeof *after);
    argv[0] = "/bin/sh";
    argv[1] = "-c";
    argv[2] = s[i].script;
    after[0] = s[i].after;
    x.steps[i] = (struct local_step_spec){ s[i].name, argv, after };
  }
  assert_int_equal(local_exec_new(&x, root, &dir, &e), SL_OK);
  assert_string_equal(x.id, "job-1");
  assert_int_equal(local_spec_write(dir, &x, &e), SL_OK);
  local_spec_free(&x);
}

static pid_t start(void)
{
  pid_t pid = fork();
  if (pid == 0) {
    char *argv[] = { (char[]){ "sluice" }, (char[]){ "--run" }, dir, NULL };
    _exit(sl_local_run_main(3, argv));
  }
  assert_true(pid > 0);
  return pid;
}

static int wait_for(pid_t pid)
{
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void result(struct local_exec *e)
{
  struct sl_err err = { 0 };
  assert_int_equal(local_exec_read(e, root, SL_STR("job-1"), &err), SL_OK);
}

static void pause_ms(long ms)
{
  nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* Gone, or dead and waiting for an init that does not care. */
static bool is_gone(int64_t pid)
{
  char path[64], text[512] = "";
  snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
  FILE *f = fopen(path, "re");
  if (!f)
    return true;
  size_t n = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  const char *paren = n ? strrchr(text, ')') : NULL;
  return paren && paren[1] && paren[2] == 'Z';
}

static void until_gone(int64_t pid)
{
  for (int i = 0; i < 200 && !is_gone(pid); i++)
    pause_ms(10);
  assert_true(is_gone(pid));
}

static void log_text(struct sl_buf *b)
{
  char *path = sl_path_join(dir, "log");
  sl_buf_init(b, 0);
  assert_int_equal(sl_file_read(b, path, 1 << 20, NULL), SL_OK);
  sl_free(path);
}

static bool has(const struct sl_buf *b, const char *what)
{
  return sl_str_find(sl_buf_view(b), sl_str(what)) >= 0;
}

static void steps_run_in_order(void **state)
{
  (void)state;
  const struct sh s[] = { { "second", "echo b >> order; test -n \"$SLUICE_STEP\"", "first" }, { "first", "echo a >> order", NULL } };
  struct local_exec e;
  struct sl_buf order;
  spec(s, 2, 0);
  assert_int_equal(wait_for(start()), 0);
  result(&e);
  assert_string_equal(e.st.state, "ok");
  assert_string_equal(e.st.native, "exit 0");
  assert_int_equal(e.st.steps[0].code, 0);
  assert_true(e.st.steps[0].started >= e.st.steps[1].ended);
  assert_true(e.st.steps[0].cpu_ms >= 0 && e.st.steps[0].maxrss_kb > 0);
  assert_int_equal(local_state_done(&e.st), 2);
  local_exec_free(&e);
  char *path = sl_path_join(root, "order");
  sl_buf_init(&order, 0);
  assert_int_equal(sl_file_read(&order, path, 100, NULL), SL_OK);
  assert_string_equal(order.p, "a\nb\n");
  sl_buf_free(&order);
  sl_free(path);
}

/* Each waits for a file that the other makes: alone neither would end. */
static void steps_without_after_run_side_by_side(void **state)
{
  (void)state;
  const struct sh s[] = { { "a", "touch a; while ! test -e b; do sleep 0.01; done", NULL },
                          { "b", "touch b; while ! test -e a; do sleep 0.01; done", NULL } };
  spec(s, 2, 10000);
  assert_int_equal(wait_for(start()), 0);
}

static void a_failed_step_skips_those_after_it(void **state)
{
  (void)state;
  const struct sh s[] = { { "bad", "echo fine; echo note >&2; echo 'sluice: row 214: no number' >&2; echo error again >&2; exit 3", NULL },
                          { "after", "echo never", "bad" }, { "beside", "true", NULL } };
  struct local_exec e;
  struct sl_buf log;
  spec(s, 3, 0);
  assert_int_equal(wait_for(start()), 1);
  result(&e);
  assert_string_equal(e.st.state, "failed");
  assert_string_equal(e.st.native, "exit 3");
  assert_string_equal(e.st.cause, "row 214: no number");
  assert_int_equal(e.st.steps[0].code, 3);
  assert_string_equal(e.st.steps[1].state, "stopped");
  assert_string_equal(e.st.steps[1].native, "skipped");
  assert_string_equal(e.st.steps[1].cause, "it comes after bad, which failed");
  assert_string_equal(e.st.steps[2].state, "ok");
  local_exec_free(&e);
  log_text(&log);
  assert_true(has(&log, " info bad fine\n"));
  assert_true(has(&log, " info bad note\n"));
  assert_true(has(&log, " error bad sluice: row 214: no number\n"));
  assert_false(has(&log, "never"));
  sl_buf_free(&log);
}

static void a_signal_is_told(void **state)
{
  (void)state;
  const struct sh s[] = { { "dies", "kill -SEGV $$", NULL } };
  struct local_exec e;
  spec(s, 1, 0);
  assert_int_equal(wait_for(start()), 1);
  result(&e);
  assert_int_equal(e.st.steps[0].signum, SIGSEGV);
  assert_string_equal(e.st.steps[0].native, "signal 11 (SEGV)");
  assert_string_equal(e.st.cause, "killed by signal 11");
  local_exec_free(&e);
}

static void the_environment_is_clean(void **state)
{
  (void)state;
  const struct sh s[] = { { "env", "env", NULL } };
  struct sl_buf log;
  setenv("AWS_SECRET_ACCESS_KEY", "very-secret", 1);
  spec(s, 1, 0);
  assert_int_equal(wait_for(start()), 0);
  unsetenv("AWS_SECRET_ACCESS_KEY");
  log_text(&log);
  assert_false(has(&log, "very-secret"));
  assert_true(has(&log, "SLUICE_WRITES=file:///nowhere\n"));
  assert_true(has(&log, "SLUICE_EXECUTION=job-1\n"));
  sl_buf_free(&log);
}

static void a_program_that_is_not_there(void **state)
{
  (void)state;
  struct sh s[] = { { "x", "true", NULL } };
  struct local_exec e;
  spec(s, 1, 0);
  struct sl_buf b;
  char *path = sl_path_join(dir, "spec.json");
  sl_buf_init(&b, 0);
  assert_int_equal(sl_file_read(&b, path, 1 << 20, NULL), SL_OK);
  char *sh = strstr(b.p, "/bin/sh");
  memcpy(sh, "/bin/no", 7);
  assert_int_equal(sl_file_write(path, sl_buf_view(&b), 0600, NULL), SL_OK);
  sl_buf_free(&b);
  sl_free(path);
  assert_int_equal(wait_for(start()), 1);
  result(&e);
  assert_string_equal(e.st.steps[0].native, "not started");
  assert_non_null(strstr(e.st.cause, "/bin/no"));
  local_exec_free(&e);
}

static void until_running(void)
{
  for (int i = 0; i < 500; i++) {
    struct local_exec e;
    result(&e);
    bool running = e.st.nsteps && !strcmp(e.st.steps[0].state, "running");
    local_exec_free(&e);
    if (running)
      return;
    pause_ms(10);
  }
  fail_msg("it never ran");
}

static void a_stop_file_ends_the_group(void **state)
{
  (void)state;
  const struct sh s[] = { { "long", "sleep 1000 & echo $! > grandchild; wait", NULL }, { "next", "true", "long" } };
  struct local_exec e;
  struct sl_buf b;
  int64_t grandchild = 0;
  spec(s, 2, 0);
  pid_t pid = start();
  char *pid_file = sl_path_join(root, "grandchild"), *stop = sl_path_join(dir, "stop");
  sl_buf_init(&b, 0);
  for (int i = 0; i < 500 && !b.n; i++) {
    pause_ms(10);
    if (sl_file_exists(pid_file))
      assert_int_equal(sl_file_read(&b, pid_file, 100, NULL), SL_OK);
  }
  assert_true(sl_str_i64(sl_str_trim(sl_buf_view(&b)), &grandchild));
  assert_int_equal(sl_file_write(stop, SL_STR(""), 0600, NULL), SL_OK);
  assert_int_equal(wait_for(pid), 1);
  result(&e);
  assert_string_equal(e.st.state, "stopped");
  assert_string_equal(e.st.steps[0].native, "signal 15 (TERM)");
  assert_string_equal(e.st.steps[1].native, "skipped");
  local_exec_free(&e);
  until_gone(grandchild);
  sl_buf_free(&b);
  sl_free(pid_file);
  sl_free(stop);
}

static void a_timeout_is_a_failure(void **state)
{
  (void)state;
  const struct sh s[] = { { "long", "sleep 1000", NULL } };
  struct local_exec e;
  spec(s, 1, 100);
  assert_int_equal(wait_for(start()), 1);
  result(&e);
  assert_string_equal(e.st.state, "failed");
  assert_string_equal(e.st.native, "timeout");
  assert_string_equal(e.st.cause, "stopped after 0.1 s, the job's timeout");
  local_exec_free(&e);
}

static void a_killed_supervisor_is_noticed(void **state)
{
  (void)state;
  const struct sh s[] = { { "long", "sleep 1000", NULL }, { "next", "true", "long" } };
  struct local_exec e;
  spec(s, 2, 0);
  pid_t pid = start();
  until_running();
  assert_true(local_exec_alive(dir));
  kill(pid, SIGKILL);
  assert_int_equal(wait_for(pid), 1000 + SIGKILL);
  result(&e);
  assert_string_equal(e.st.state, "failed");
  assert_string_equal(e.st.native, "lost");
  assert_string_equal(e.st.cause, "its supervisor died");
  assert_string_equal(e.st.steps[0].state, "unknown");
  assert_string_equal(e.st.steps[1].native, "skipped");
  int64_t step = e.st.steps[0].pid;
  local_exec_free(&e);
  until_gone(step); /* it died with it */
}

static void one_that_never_started(void **state)
{
  (void)state;
  const struct sh s[] = { { "a", "true", NULL } };
  struct local_exec e;
  struct local_state st;
  spec(s, 1, 0);
  result(&e); /* no state yet */
  assert_string_equal(e.st.state, "unknown");
  assert_int_equal(local_state_init(&st, &e.spec, NULL), SL_OK);
  assert_int_equal(local_state_write(dir, &e.spec, &st, NULL), SL_OK);
  local_state_free(&st);
  local_exec_free(&e);
  result(&e);
  assert_string_equal(e.st.state, "failed");
  assert_string_equal(e.st.native, "not started");
  local_exec_free(&e);
}

static void two_supervisors_do_not_run_one_execution(void **state)
{
  (void)state;
  const struct sh s[] = { { "long", "sleep 1000", NULL } };
  spec(s, 1, 0);
  pid_t pid = start();
  until_running();
  assert_int_equal(wait_for(start()), 1);
  kill(pid, SIGTERM);
  assert_int_equal(wait_for(pid), 1);
}

static void damaged_files_are_unknown(void **state)
{
  (void)state;
  const struct sh s[] = { { "a", "true", NULL } };
  struct local_exec e;
  spec(s, 1, 0);
  char *path = sl_path_join(dir, "spec.json");
  assert_int_equal(sl_file_write(path, SL_STR("{\"id\": \"job-1\", \"steps\": [\xff"), 0600, NULL), SL_OK);
  sl_free(path);
  result(&e);
  assert_string_equal(e.st.state, "unknown");
  assert_string_equal(e.spec.job, "job");
  assert_true(e.st.cause[0] != 0);
  local_exec_free(&e);
  assert_int_equal(local_exec_read(&e, root, SL_STR("../x-1"), NULL), SL_ENOENT);
  assert_int_equal(local_exec_read(&e, root, SL_STR("job-2"), NULL), SL_ENOENT);
}

static void numbers_go_on(void **state)
{
  (void)state;
  const struct sh s[] = { { "a", "true", NULL } };
  struct local_spec x;
  struct local_ids ids;
  char *other = NULL;
  spec(s, 1, 0);
  local_spec_init(&x);
  x.job = "job";
  for (int i = 0; i < 10; i++) {
    assert_int_equal(local_exec_new(&x, root, &other, NULL), SL_OK);
    sl_free(other);
  }
  assert_string_equal(x.id, "job-11");
  x.job = "job-2"; /* another job, whose name looks like an execution */
  assert_int_equal(local_exec_new(&x, root, &other, NULL), SL_OK);
  sl_free(other);
  assert_string_equal(x.id, "job-2-1");
  assert_int_equal(local_ids_read(&ids, root, SL_STR("job"), NULL), SL_OK);
  assert_int_equal(ids.n, 11);
  assert_string_equal(ids.id[0], "job-11");
  assert_string_equal(ids.id[10], "job-1");
  local_ids_free(&ids);
  local_spec_free(&x);
}

/* An older execution, as one that has ended; created: days before now. */
static char *older(const char *job, int days, bool ended)
{
  struct local_spec x;
  char *at = NULL;
  struct timespec t;
  static const char *const words[] = { "/bin/true", NULL }, *const none[] = { NULL };
  struct local_step_spec step = { "a", words, none };
  clock_gettime(CLOCK_REALTIME, &t);
  local_spec_init(&x);
  x.job = job;
  x.token = "t";
  x.cwd = x.exe = "/";
  x.created = ((sl_ms)t.tv_sec - (sl_ms)days * 86400) * 1000;
  x.steps = &step;
  x.nsteps = 1;
  assert_int_equal(local_exec_new(&x, root, &at, NULL), SL_OK);
  assert_int_equal(local_spec_write(at, &x, NULL), SL_OK);
  char *lock = sl_path_join(at, "lock");
  if (ended)
    assert_int_equal(sl_file_write(lock, SL_STR(""), 0600, NULL), SL_OK);
  sl_free(lock);
  local_spec_free(&x);
  return at;
}

static void left(const char *job, const char *what)
{
  struct local_ids ids;
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  assert_int_equal(local_ids_read(&ids, root, sl_str(job), NULL), SL_OK);
  for (size_t i = 0; i < ids.n; i++)
    sl_buf_printf(&b, "%s%s", i ? " " : "", ids.id[i]);
  assert_string_equal(sl_buf_zstr(&b), what);
  sl_buf_free(&b);
  local_ids_free(&ids);
}

static void old_executions_go(void **state)
{
  static const int days[] = { 200, 100, 91, 89, 1 };
  struct local_spec keep = { .job = "job", .keep = 1000, .keep_ms = 90 * INT64_C(86400000) };
  struct timespec t;
  (void)state;
  clock_gettime(CLOCK_REALTIME, &t);
  sl_ms now = (sl_ms)t.tv_sec * 1000;
  for (size_t i = 0; i < sizeof days / sizeof days[0]; i++)
    sl_free(older("job", days[i], true));
  sl_free(older("other", 500, true));
  assert_int_equal(local_prune(root, &keep, now), 3);
  left("job", "job-5 job-4");
  left("other", "other-1"); /* another job's, and its newest */
  assert_int_equal(local_prune(root, &keep, now), 0);
  keep.keep = 1;
  assert_int_equal(local_prune(root, &keep, now), 1);
  left("job", "job-5");
  assert_int_equal(local_prune(root, &keep, now + 1000 * keep.keep_ms), 0); /* the newest stays: numbers go on */
  sl_free(older("job", 0, true));
  left("job", "job-6 job-5");
  keep = (struct local_spec){ .job = "other" };
  assert_int_equal(local_prune(root, &keep, now), 0);
}

/* Put aside, and then the supervisor was killed: the next one takes it away, whatever its job keeps. */
static void what_was_left_goes(void **state)
{
  static const char *const names[] = { ".pruned-job-9~", ".pruned-gone-1~", ".pruned-mine", "notes~" };
  struct local_spec keep = { .job = "job" };
  char path[200];
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "%s/%s/steps", root, names[i]);
    assert_int_equal(sl_mkdirs(path, 0700, NULL), SL_OK);
    snprintf(path, sizeof path, "%s/%s/log", root, names[i]);
    assert_int_equal(sl_file_write(path, SL_STR("x\n"), 0600, NULL), SL_OK);
  }
  sl_free(older("job", 500, true));
  assert_int_equal(local_prune(root, &keep, 5000000000000), 0);
  left("job", "job-1");
  for (size_t i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "%s/%s", root, names[i]);
    assert_int_equal(sl_dir_exists(path), i >= 2);
  }
}

static void what_runs_is_never_removed(void **state)
{
  const struct sh s[] = { { "long", "sleep 1000", NULL } };
  struct local_spec keep = { .job = "job", .keep = 1, .keep_ms = 1 };
  (void)state;
  spec(s, 1, 0);
  pid_t pid = start();
  until_running();
  sl_free(older("job", 0, true));
  sl_free(older("job", 0, false)); /* being made: it has no lock yet */
  sl_free(older("job", 0, true));
  assert_int_equal(local_prune(root, &keep, 5000000000000), 1);
  left("job", "job-4 job-3 job-1");
  kill(pid, SIGTERM);
  assert_int_equal(wait_for(pid), 1);
  assert_int_equal(local_prune(root, &keep, 5000000000000), 1);
  left("job", "job-4 job-3");
}

static void logs_rotate(void **state)
{
  (void)state;
  const struct sh s[] = { { "a", "true", NULL } };
  struct local_runlog g;
  spec(s, 1, 0);
  assert_int_equal(local_runlog_open(&g, dir, NULL), SL_OK);
  g.max = 1000;
  for (int i = 0; i < 200; i++)
    local_runlog_line(&g, 0, "info", "a", SL_STR("some text in a line that fills the log"));
  char *path = sl_asprintf("%s.3", g.path), *none = sl_asprintf("%s.4", g.path);
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  assert_in_range(st.st_size, 500, 1000);
  assert_false(sl_file_exists(none));
  sl_free(path);
  sl_free(none);
  local_runlog_close(&g);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fresh, clear)
  const struct CMUnitTest tests[] = {
    T(steps_run_in_order), T(steps_without_after_run_side_by_side), T(a_failed_step_skips_those_after_it), T(a_signal_is_told),
    T(the_environment_is_clean), T(a_program_that_is_not_there), T(a_stop_file_ends_the_group), T(a_timeout_is_a_failure),
    T(a_killed_supervisor_is_noticed), T(one_that_never_started), T(two_supervisors_do_not_run_one_execution),
    T(damaged_files_are_unknown), T(numbers_go_on), T(logs_rotate),
    T(old_executions_go), T(what_was_left_goes), T(what_runs_is_never_removed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
