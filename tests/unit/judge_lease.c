/* Leases in a folder: one at a time, whoever dies, lies or is late; and what a lease may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "judge/lease.h"

static char dir[200], name[40];
static struct sl_holder lead, omar;
static struct sl_buf note;
static struct sl_err err;

static int fresh(void **state)
{
  (void)state;
  snprintf(dir, sizeof dir, "%s/lease-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
  assert_non_null(mkdtemp(dir));
  sl_buf_init(&note, 4096);
  assert_int_equal(sl_holder_me(&lead, "lead", 1000, &err), SL_OK);
  assert_int_equal(sl_holder_me(&omar, "omar", 1000, &err), SL_OK);
  return 0;
}

static int done(void **state)
{
  (void)state;
  sl_buf_free(&note);
  assert_int_equal(sl_rmtree(dir, &err), SL_OK);
  return 0;
}

static int take(struct sl_lease_dir *x, const struct sl_holder *who)
{
  err = (struct sl_err){ 0 };
  int rc = sl_lease_dir_take(x, dir, SL_STR("http://reg\ncare"), who, &note, &err);
  snprintf(name, sizeof name, "%s", x->name);
  return rc;
}

static const char *path(uint64_t number)
{
  static char out[300];
  snprintf(out, sizeof out, "%s/%s.%llu", dir, name, (unsigned long long)number);
  return out;
}

/* As if it had been written so long ago (negative: will be). */
static void aged(uint64_t number, int64_t ms)
{
  struct timespec now, at[2];
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t t = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - ms;
  at[0] = at[1] = (struct timespec){ .tv_sec = t / 1000, .tv_nsec = t % 1000 * 1000000 };
  assert_int_equal(utimensat(AT_FDCWD, path(number), at, AT_SYMLINK_NOFOLLOW), 0);
}

static void written(uint64_t number, const char *text)
{
  FILE *f = fopen(path(number), "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

/* ---- turns ---- */

static void one_after_the_other(void **state)
{
  struct sl_lease_dir a, b;
  (void)state;
  assert_int_equal(sl_lease_dir_look(dir, &err), SL_OK);
  assert_int_equal(take(&a, &lead), SL_OK);
  assert_int_equal(a.number, 1);
  assert_int_equal(note.n, 0);
  assert_int_equal(sl_lease_dir_check(&a, dir, &err), SL_OK);
  assert_int_equal(take(&b, &omar), SL_ECONFLICT);
  assert_non_null(strstr(err.msg, "lead decides about this model now"));
  assert_non_null(strstr(err.msg, "holds the lease until 2"));
  assert_int_equal(sl_lease_dir_give_back(&a, dir, &lead, &err), SL_OK);
  assert_int_equal(sl_lease_dir_check(&a, dir, &err), SL_ECONFLICT);
  for (uint64_t n = 2; n < 12; n++) {
    assert_int_equal(take(&b, &omar), SL_OK);
    assert_int_equal(b.number, n);
    assert_int_equal(sl_lease_dir_give_back(&b, dir, &omar, &err), SL_OK);
  }
  assert_int_equal(access(path(11), F_OK), 0);
  assert_int_equal(access(path(3), F_OK), -1); /* old ones are swept */
}

static void models_do_not_wait_for_each_other(void **state)
{
  struct sl_lease_dir a, b;
  (void)state;
  assert_int_equal(take(&a, &lead), SL_OK);
  assert_int_equal(sl_lease_dir_take(&b, dir, SL_STR("http://reg\nother"), &omar, &note, &err), SL_OK);
  assert_int_equal(b.number, 1);
}

/* ---- who dies, and who is slow ---- */

static void a_dead_holder_runs_out(void **state)
{
  struct sl_lease_dir a, b;
  (void)state;
  assert_int_equal(take(&a, &lead), SL_OK); /* and is never heard of again */
  aged(1, SL_LEASE_MS - 2000);
  assert_int_equal(take(&b, &omar), SL_ECONFLICT);
  aged(1, SL_LEASE_MS + SL_LEASE_GRACE_MS + 61000);
  assert_int_equal(take(&b, &omar), SL_OK);
  assert_int_equal(b.number, 2);
  assert_non_null(strstr(sl_buf_zstr(&note), "took over the lease"));
  assert_non_null(strstr(sl_buf_zstr(&note), "of lead (process "));
  assert_non_null(strstr(sl_buf_zstr(&note), "which ended 6"));
  /* the dead comes back: it neither writes nor takes anything away */
  assert_int_equal(sl_lease_dir_check(&a, dir, &err), SL_ECONFLICT);
  assert_non_null(strstr(err.msg, "taken away meanwhile"));
  assert_int_equal(sl_lease_dir_give_back(&a, dir, &lead, &err), SL_ECONFLICT);
  assert_int_equal(sl_lease_dir_check(&b, dir, &err), SL_OK);
}

static void who_looked_too_long_does_not_write(void **state)
{
  struct sl_lease_dir a;
  (void)state;
  assert_int_equal(take(&a, &lead), SL_OK);
  a.taken -= SL_LEASE_MS - SL_LEASE_NEEDS_MS - 1000;
  assert_int_equal(sl_lease_dir_check(&a, dir, &err), SL_OK);
  a.taken -= 2000;
  assert_int_equal(sl_lease_dir_check(&a, dir, &err), SL_ECONFLICT);
  assert_non_null(strstr(err.msg, "does not last for the writing"));
}

/* What machines think the time is does not matter: a lease's words may lie a day ahead or behind. */
static void clocks_do_not_matter(void **state)
{
  struct sl_lease_dir a, b;
  (void)state;
  lead.until = 1000;
  assert_int_equal(take(&a, &lead), SL_OK);
  assert_int_equal(take(&b, &omar), SL_ECONFLICT);
  assert_int_equal(sl_lease_dir_give_back(&a, dir, &lead, &err), SL_OK);
  lead.until = 4102444800000;
  assert_int_equal(take(&a, &lead), SL_OK);
  assert_int_equal(a.number, 2);
  assert_int_equal(take(&b, &omar), SL_ECONFLICT);
  assert_null(strstr(err.msg, "2100"));
  aged(2, SL_LEASE_MS + SL_LEASE_GRACE_MS + 1000);
  assert_int_equal(take(&b, &omar), SL_OK);
  aged(3, -86400000); /* the storage's own clock was put back, or somebody touched it */
  assert_int_equal(take(&a, &lead), SL_ECONFLICT);
  assert_non_null(strstr(err.msg, "lies ahead"));
}

/* ---- many at once ---- */

enum { RACERS = 12, ROUNDS = 6 };

static int racer(int start)
{
  struct sl_lease_dir x;
  struct sl_holder me;
  char c;
  if (sl_holder_me(&me, "racer", 1000, &err) || read(start, &c, 1) != 0) /* until its writer closes it */
    return 2;
  int rc = take(&x, &me);
  return !rc ? 0 : rc == SL_ECONFLICT ? 1 : 2;
}

static void one_of_many(void **state)
{
  (void)state;
  for (int round = 1; round <= ROUNDS; round++) {
    int gate[2], won = 0, lost = 0;
    pid_t child[RACERS];
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < RACERS; i++) {
      child[i] = fork();
      assert_true(child[i] >= 0);
      if (!child[i]) {
        close(gate[1]);
        _exit(racer(gate[0]));
      }
    }
    close(gate[1]);
    for (int i = 0; i < RACERS; i++) {
      int status = 0;
      assert_int_equal(waitpid(child[i], &status, 0), child[i]);
      won += WEXITSTATUS(status) == 0;
      lost += WEXITSTATUS(status) == 1;
    }
    close(gate[0]);
    assert_int_equal(won, 1);
    assert_int_equal(lost, RACERS - 1);
    struct sl_lease_dir x;
    assert_int_equal(take(&x, &omar), SL_ECONFLICT); /* the winner is dead by now; the next round takes over what ran out */
    aged((uint64_t)round, SL_LEASE_MS + SL_LEASE_GRACE_MS + 1000);
  }
}

/* ---- what others put there ---- */

static void nonsense_runs_out_too(void **state)
{
  static const char *const texts[] = {
    "", "{", "null", "[]", "{\"v\":1}", "{\"v\":2,\"nonce\":\"00000000-0000-0000-0000-000000000000\",\"pid\":1,\"until\":null}",
    "{\"v\":1,\"nonce\":\"../../../../etc/passwd-0000-0000-00000\",\"pid\":1,\"until\":null}",
    "{\"v\":1,\"nonce\":\"00000000-0000-0000-0000-000000000000\",\"pid\":1}",
    "{\"v\":1,\"nonce\":\"00000000-0000-0000-0000-000000000000\",\"pid\":1,\"until\":\"soon\"}", "\x1b[2J\xff\xfe",
  };
  struct sl_lease_dir x;
  (void)state;
  assert_int_equal(take(&x, &lead), SL_OK);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    uint64_t n = x.number;
    written(n, texts[i]);
    assert_int_equal(take(&x, &omar), SL_ECONFLICT);
    assert_non_null(strstr(err.msg, "somebody whose lease cannot be read"));
    aged(n, SL_LEASE_MS + SL_LEASE_GRACE_MS + 1000);
    assert_int_equal(take(&x, &omar), SL_OK);
    assert_non_null(strstr(sl_buf_zstr(&note), "cannot be read"));
  }
}

static void names_are_cleaned(void **state)
{
  struct sl_lease_dir x;
  char big[3000];
  (void)state;
  assert_int_equal(take(&x, &lead), SL_OK);
  written(1, "{\"v\":1,\"nonce\":\"00000000-0000-0000-0000-000000000000\",\"pid\":1,\"by\":\"\\u001b]0;x\\u0007 lead\\n\",\"host\":"
          "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"until\":\"2026-11-21T06:00:00Z\"}");
  assert_int_equal(take(&x, &omar), SL_ECONFLICT);
  assert_null(strchr(err.msg, '\x1b'));
  assert_null(strchr(err.msg, '\n'));
  assert_null(strstr(err.msg, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
  memset(big, ' ', sizeof big - 1);
  big[sizeof big - 1] = 0;
  written(1, big);
  assert_int_equal(take(&x, &omar), SL_ECONFLICT);
}

static void what_is_no_file_stops_us(void **state)
{
  struct sl_lease_dir x;
  (void)state;
  assert_int_equal(take(&x, &lead), SL_OK);
  for (int kind = 0; kind < 3; kind++) {
    unlink(path(2));
    assert_int_equal(kind == 0 ? symlink("/etc/passwd", path(2)) : kind == 1 ? mkfifo(path(2), 0600) : mkdir(path(2), 0700), 0);
    assert_int_equal(take(&x, &omar), SL_EIO);
    assert_non_null(strstr(err.msg, "is no lease's file"));
    if (kind == 2)
      rmdir(path(2));
  }
  written(999999999999999, "");
  aged(999999999999999, 2 * SL_LEASE_MS);
  assert_int_equal(take(&x, &omar), SL_ELIMIT);
  unlink(path(999999999999999));
  char odd[300];
  static const char *const others[] = { "01", "1x", "-1", "1000000000000000", "18446744073709551616", "" };
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    snprintf(odd, sizeof odd, "%s/%s.%s", dir, name, others[i]);
    FILE *f = fopen(odd, "w");
    assert_non_null(f);
    fclose(f);
  }
  assert_int_equal(take(&x, &omar), SL_ECONFLICT);
  assert_non_null(strstr(err.msg, "lead decides"));
}

/* ---- folders that cannot be used ---- */

static void folders(void **state)
{
  struct sl_lease_dir x;
  char gone[260];
  (void)state;
  snprintf(gone, sizeof gone, "%s/gone", dir);
  assert_int_equal(sl_lease_dir_look(gone, &err), SL_ECONFIG);
  assert_non_null(strstr(err.msg, "make it, on storage that all approvers see"));
  assert_int_equal(sl_lease_dir_take(&x, gone, SL_STR("x"), &lead, &note, &err), SL_ECONFIG);
  FILE *f = fopen(gone, "w");
  assert_non_null(f);
  fclose(f);
  assert_int_equal(sl_lease_dir_look(gone, &err), SL_ECONFIG);
  assert_int_equal(chmod(dir, 0555), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (!child) {
    if (!geteuid() && setuid(65534))
      _exit(77);
    int code = sl_lease_dir_look(dir, &err) != SL_EDENIED || !strstr(err.msg, "must be able to write there");
    _exit(code || sl_lease_dir_take(&x, dir, SL_STR("x"), &lead, &note, &err) != SL_EDENIED);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(WEXITSTATUS(status), 0);
  assert_int_equal(chmod(dir, 0700), 0);
}

/* ---- words ---- */

static void how_strong(void **state)
{
  struct sl_model_conf m = { .lease = NULL };
  struct sl_buf b;
  (void)state;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_turns(SL_STR("sqlite:////srv/mlflow.db"), &m), SL_TURNS_STORE);
  assert_int_equal(sl_turns(SL_STR("https://reg"), &m), SL_TURNS_NONE);
  assert_int_equal(sl_turns(SL_STR("https://reg"), NULL), SL_TURNS_NONE);
  m.lease = "registry";
  assert_int_equal(sl_turns(SL_STR("https://reg"), &m), SL_TURNS_REGISTRY);
  m.lease = "dir:/srv/leases";
  assert_int_equal(sl_turns(SL_STR("sqlite:////srv/mlflow.db"), &m), SL_TURNS_STORE);
  for (int t = SL_TURNS_STORE; t <= SL_TURNS_NONE; t++) {
    sl_turns_words((enum sl_turns)t, &m, &b);
    sl_buf_z(&b, "|");
  }
  assert_string_equal(sl_buf_zstr(&b), "store: one transaction|lease: dir /srv/leases|registry tag, advisory|"
                      "none: two approvers may both win|");
  sl_buf_free(&b);
}

static void a_holder_is_read_as_it_was_written(void **state)
{
  struct sl_buf b;
  struct sl_holder got;
  (void)state;
  sl_buf_init(&b, SL_LEASE_TEXT_MAX);
  assert_int_equal(sl_holder_text(&b, &lead, &err), SL_OK);
  assert_true(sl_holder_read(&got, sl_buf_view(&b)));
  assert_string_equal(got.nonce, lead.nonce);
  assert_string_equal(got.by, "lead");
  assert_int_equal(got.pid, getpid());
  assert_int_equal(got.until, 1000 + SL_LEASE_MS);
  lead.until = 0;
  sl_buf_clear(&b);
  assert_int_equal(sl_holder_text(&b, &lead, &err), SL_OK);
  assert_true(sl_holder_read(&got, sl_buf_view(&b)));
  assert_int_equal(got.until, 0);
  sl_buf_free(&b);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fresh, done)
  const struct CMUnitTest tests[] = {
    T(one_after_the_other), T(models_do_not_wait_for_each_other), T(a_dead_holder_runs_out), T(who_looked_too_long_does_not_write),
    T(clocks_do_not_matter), T(one_of_many), T(nonsense_runs_out_too), T(names_are_cleaned), T(what_is_no_file_stops_us), T(folders),
    T(how_strong), T(a_holder_is_read_as_it_was_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
