/* Children: how they end, what they inherit, what they say, and that killing reaches their children. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/child.h"

struct seen {
  struct sl_buf out, err;
  int exited, code, signum;
  int64_t cpu_ms, maxrss_kb;
};

static struct sl_loop *loop;
static struct seen seen;

static void on_out(void *user, int fd, const void *p, size_t n)
{
  struct seen *s = user;
  assert_false(s->exited);
  sl_buf_add(fd == 1 ? &s->out : &s->err, p, n);
}

static void on_exited(void *user, int code, int signum, int64_t cpu_ms, int64_t maxrss_kb)
{
  struct seen *s = user;
  s->exited++;
  s->code = code;
  s->signum = signum;
  s->cpu_ms = cpu_ms;
  s->maxrss_kb = maxrss_kb;
}

static const struct sl_child_ops ops = { on_out, on_exited };

static int setup(void **state)
{
  (void)state;
  seen = (struct seen){ .exited = 0 };
  sl_buf_init(&seen.out, 0);
  sl_buf_init(&seen.err, 0);
  return sl_loop_open(&loop, NULL);
}

static int teardown(void **state)
{
  (void)state;
  sl_loop_close(loop);
  sl_buf_free(&seen.out);
  sl_buf_free(&seen.err);
  return sl_alloc_live() ? -1 : 0;
}

static struct sl_child *start(const struct sl_child_spec *s)
{
  struct sl_child *c;
  struct sl_err err;
  int rc = sl_child_start(&c, loop, s, &ops, &seen, &err);
  if (rc)
    fail_msg("%s", err.msg);
  assert_int_equal(seen.exited, 0);
  return c;
}

static void finish(void)
{
  while (!seen.exited)
    sl_loop_turn(loop, -1);
  assert_int_equal(seen.exited, 1);
}

#define SH(script) (const char *const[]){ "/bin/sh", "-c", script, NULL }
#define CLEAN (const char *const[]){ "PATH=/usr/bin:/bin", NULL }

static void exit_code_and_both_outputs(void **state)
{
  (void)state;
  start(&(struct sl_child_spec){ .argv = SH("echo out; echo err >&2; exit 7"), .env = CLEAN, .capture_out = true, .capture_err = true });
  assert_false(sl_loop_settled(loop));
  finish();
  assert_int_equal(seen.code, 7);
  assert_int_equal(seen.signum, 0);
  assert_string_equal(sl_buf_zstr(&seen.out), "out\n");
  assert_string_equal(sl_buf_zstr(&seen.err), "err\n");
  assert_true(seen.maxrss_kb > 100);
  assert_true(sl_loop_settled(loop));
}

static void large_output_and_input_come_whole(void **state)
{
  (void)state;
  struct sl_buf in;
  sl_buf_init(&in, 0);
  for (int i = 0; i < 100000; i++)
    sl_buf_printf(&in, "%d\n", i);
  start(&(struct sl_child_spec){ .argv = (const char *const[]){ "cat", NULL }, .env = CLEAN, .capture_out = true,
                                 .input = sl_buf_view(&in) });
  finish();
  assert_int_equal(seen.code, 0);
  assert_true(sl_str_eq(sl_buf_view(&seen.out), sl_buf_view(&in)));
  sl_buf_free(&in);
}

static void a_signal_is_told(void **state)
{
  (void)state;
  struct sl_child *c = start(&(struct sl_child_spec){ .argv = (const char *const[]){ "sleep", "100", NULL }, .env = CLEAN });
  assert_true(sl_loop_settled(loop)); /* no output is due */
  sl_child_kill(c, SIGKILL);
  finish();
  assert_int_equal(seen.code, -1);
  assert_int_equal(seen.signum, SIGKILL);
}

static void wait_for_line(void)
{
  while (sl_str_chr(sl_buf_view(&seen.out), '\n') < 0)
    sl_loop_turn(loop, -1);
}

static bool gone_soon(pid_t pid)
{
  for (int i = 0; i < 500; i++) {
    char path[64], stat[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      return true;
    ssize_t n = read(fd, stat, sizeof stat - 1);
    close(fd);
    if (n <= 0 || strstr(stat, ") Z")) /* nobody reaps orphans in some containers */
      return true;
    usleep(2000);
  }
  return false;
}

static void killing_reaches_grandchildren(void **state)
{
  (void)state;
  /* the grandchild ignores TERM: it goes with KILL when its leader is gone */
  struct sl_child *c = start(&(struct sl_child_spec){
    .argv = SH("(trap '' TERM; exec sleep 100) & sleep 0.05; echo $!; wait"), .env = CLEAN, .capture_out = true });
  wait_for_line();
  int64_t pid = 0;
  assert_true(sl_str_i64(sl_str_trim(sl_buf_view(&seen.out)), &pid));
  assert_int_equal(kill((pid_t)pid, 0), 0);
  sl_child_kill(c, SIGTERM);
  finish();
  assert_int_equal(seen.signum, SIGTERM);
  assert_true(gone_soon((pid_t)pid));
}

static void timeout_terminates(void **state)
{
  (void)state;
  start(&(struct sl_child_spec){ .argv = SH("sleep 100 & wait"), .env = CLEAN, .capture_out = true, .timeout_ms = 30 });
  int64_t began = sl_loop_now(loop);
  finish();
  assert_int_equal(seen.signum, SIGTERM);
  assert_in_range(sl_loop_now(loop) - began, 20, 1000);
}

static void timeout_kills_what_ignores_term(void **state)
{
  (void)state;
  sl_loop_clock_freeze(loop, 0);
  start(&(struct sl_child_spec){ .argv = SH("trap '' TERM; echo ready; while :; do sleep 100; done"), .env = CLEAN, .capture_out = true,
                                 .timeout_ms = 1000 });
  wait_for_line();
  sl_loop_clock_advance(loop, 1000);
  for (int i = 0; i < 5; i++)
    sl_loop_turn(loop, 10);
  assert_int_equal(seen.exited, 0);
  sl_loop_clock_advance(loop, 2000);
  finish();
  assert_int_equal(seen.signum, SIGKILL);
}

static void environment_is_what_was_given(void **state)
{
  (void)state;
  setenv("AWS_SECRET_ACCESS_KEY", "canary", 1);
  start(&(struct sl_child_spec){ .argv = (const char *const[]){ "env", NULL }, .capture_out = true,
                                 .env = (const char *const[]){ "PATH=/usr/bin:/bin", "A=b c", NULL } });
  finish();
  assert_string_equal(sl_buf_zstr(&seen.out), "PATH=/usr/bin:/bin\nA=b c\n");
  sl_buf_clear(&seen.out);
  seen.exited = 0;
  setenv("LANG", "C.UTF-8", 1);
  start(&(struct sl_child_spec){ .argv = (const char *const[]){ "env", NULL }, .capture_out = true });
  finish();
  assert_true(sl_str_find(sl_buf_view(&seen.out), SL_STR("LANG=C.UTF-8\n")) >= 0);
  assert_true(sl_str_find(sl_buf_view(&seen.out), SL_STR("canary")) < 0);
  unsetenv("AWS_SECRET_ACCESS_KEY");
}

static void descriptors_are_closed_but_the_named(void **state)
{
  (void)state;
  int leaky[3], p[2];
  for (int i = 0; i < 3; i++)
    leaky[i] = open("/dev/null", O_RDONLY); /* on purpose without CLOEXEC */
  assert_int_equal(pipe(p), 0);
  start(&(struct sl_child_spec){ .argv = SH("ls /proc/$$/fd; echo hello >&5"), .env = CLEAN, .capture_out = true,
                                 .fd = { { p[1], 5 }, { p[0], 4 } }, .nfd = 2 });
  finish();
  assert_string_equal(sl_buf_zstr(&seen.out), "0\n1\n2\n4\n5\n");
  char word[8] = "";
  assert_int_equal(read(p[0], word, 6), 6);
  assert_string_equal(word, "hello\n");
  for (int i = 0; i < 3; i++)
    close(leaky[i]);
  close(p[0]);
  close(p[1]);
}

/* Each is the other's target. */
static void descriptors_can_swap(void **state)
{
  (void)state;
  int a[2], b[2];
  assert_int_equal(pipe2(a, O_CLOEXEC), 0);
  assert_int_equal(pipe2(b, O_CLOEXEC), 0);
  char script[64];
  snprintf(script, sizeof script, "echo one >/dev/fd/%d; echo two >/dev/fd/%d", b[1], a[1]);
  start(&(struct sl_child_spec){ .argv = SH(script), .env = CLEAN, .fd = { { a[1], b[1] }, { b[1], a[1] } }, .nfd = 2 });
  finish();
  char word[8] = "";
  assert_int_equal(read(a[0], word, 4), 4);
  assert_string_equal(word, "one\n");
  assert_int_equal(read(b[0], word, 4), 4);
  assert_string_equal(word, "two\n");
  for (int i = 0; i < 2; i++) {
    close(a[i]);
    close(b[i]);
  }
}

static void what_cannot_start_says_so(void **state)
{
  (void)state;
  struct sl_child *c;
  struct sl_err err;
  struct sl_child_spec s = { .argv = (const char *const[]){ "no-such-program-here", NULL }, .env = CLEAN };
  assert_int_equal(sl_child_start(&c, loop, &s, &ops, &seen, &err), SL_ENOENT);
  assert_string_equal(err.msg, "no-such-program-here: no such program in PATH; install it, or give its path");
  s.argv = (const char *const[]){ "/etc/passwd", NULL };
  assert_int_equal(sl_child_start(&c, loop, &s, &ops, &seen, &err), SL_EDENIED);
  assert_string_equal(err.msg, "cannot run /etc/passwd: Permission denied");
  s.argv = SH("true");
  s.cwd = "/no/such/folder";
  assert_int_equal(sl_child_start(&c, loop, &s, &ops, &seen, &err), SL_ENOENT);
  assert_string_equal(err.msg, "cannot enter the folder /no/such/folder: No such file or directory");
  assert_null(c);
  sl_loop_turn(loop, 0);
  assert_int_equal(seen.exited, 0);
}

static void session_group_and_folder(void **state)
{
  (void)state;
  struct sl_child *c = start(&(struct sl_child_spec){ .argv = SH("pwd; cut -d' ' -f5,6 /proc/$$/stat"), .env = CLEAN, .cwd = "/usr",
                                                     .capture_out = true, .new_session = true });
  char want[64];
  snprintf(want, sizeof want, "/usr\n%d %d\n", sl_child_pid(c), sl_child_pid(c));
  finish();
  assert_string_equal(sl_buf_zstr(&seen.out), want);
}

static void detached_children_live_on_and_are_reaped(void **state)
{
  (void)state;
  struct sl_child *c = start(&(struct sl_child_spec){ .argv = SH("sleep 0.05"), .env = CLEAN, .capture_out = true, .new_session = true });
  pid_t pid = (pid_t)sl_child_pid(c);
  sl_child_detach(c);
  assert_true(sl_loop_settled(loop));
  assert_int_equal(kill(pid, 0), 0);
  for (int i = 0; i < 200 && !kill(pid, 0); i++)
    sl_loop_turn(loop, 10);
  assert_int_equal(kill(pid, 0), -1);
  assert_int_equal(errno, ESRCH); /* reaped: not even a zombie */
  assert_int_equal(seen.exited, 0);
}

static void closing_the_loop_kills_what_is_ours(void **state)
{
  (void)state;
  struct sl_child *c = start(&(struct sl_child_spec){ .argv = SH("sleep 100 & echo $!; wait"), .env = CLEAN, .capture_out = true });
  pid_t pid = (pid_t)sl_child_pid(c);
  wait_for_line();
  int64_t grandchild = 0;
  assert_true(sl_str_i64(sl_str_trim(sl_buf_view(&seen.out)), &grandchild));
  sl_loop_close(loop);
  loop = NULL;
  assert_int_equal(kill(pid, 0), -1);
  assert_true(gone_soon((pid_t)grandchild));
  assert_int_equal(seen.exited, 0);
}

/* The leader ends well, its background process keeps the pipe: told after the drain time, not never. */
static void output_held_by_a_grandchild_does_not_hang(void **state)
{
  (void)state;
  sl_loop_clock_freeze(loop, 0);
  start(&(struct sl_child_spec){ .argv = SH("sleep 3 & echo done"), .env = CLEAN, .capture_out = true });
  wait_for_line();
  for (int i = 0; i < 20 && !seen.exited; i++)
    sl_loop_turn(loop, 5);
  assert_int_equal(seen.exited, 0);
  sl_loop_clock_advance(loop, 1000);
  sl_loop_turn(loop, 0);
  assert_int_equal(seen.exited, 1);
  assert_int_equal(seen.code, 0);
}

static struct sl_child *detach_me;
static void out_detaches(void *user, int fd, const void *p, size_t n)
{
  (void)fd;
  (void)p;
  (void)n;
  *(int *)user += 1;
  sl_child_kill(detach_me, SIGKILL);
  sl_child_detach(detach_me);
}

static void an_owner_may_leave_inside_out(void **state)
{
  (void)state;
  int calls = 0;
  struct sl_child_spec s = { .argv = SH("while :; do echo y; done"), .env = CLEAN, .capture_out = true };
  assert_int_equal(sl_child_start(&detach_me, loop, &s, &(struct sl_child_ops){ out_detaches, on_exited }, &calls, NULL), SL_OK);
  pid_t pid = (pid_t)sl_child_pid(detach_me);
  for (int i = 0; i < 200 && !kill(pid, 0); i++)
    sl_loop_turn(loop, 10);
  assert_int_equal(calls, 1);
  assert_int_equal(kill(pid, 0), -1);
  assert_int_equal(seen.exited, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
    T(exit_code_and_both_outputs), T(large_output_and_input_come_whole), T(a_signal_is_told), T(killing_reaches_grandchildren),
    T(timeout_terminates), T(timeout_kills_what_ignores_term), T(environment_is_what_was_given), T(descriptors_are_closed_but_the_named),
    T(descriptors_can_swap), T(what_cannot_start_says_so), T(session_group_and_folder), T(detached_children_live_on_and_are_reaped),
    T(closing_the_loop_kills_what_is_ours), T(output_held_by_a_grandchild_does_not_hang), T(an_owner_may_leave_inside_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
