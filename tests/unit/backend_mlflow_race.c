/* Fifty approvers of one alias at once, and an approval killed at each of its writes: one winner, the others told why; nothing that is not
 * in the audit, nothing twice, and the next session knows how it ended. The processes are this program again, by exec. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "mlflow_test.h"
#include "mlflow_act.h"

enum { APPROVERS = 50, KILLED_AT_MOST = 400 };

/* ---- what the child does: one approval on FOLDER/mlflow.db, state in FOLDER ---- */

static long kill_at = -1, calls;

static void count(void)
{
  if (kill_at >= 0 && calls++ == kill_at)
    (void)raise(SIGKILL);
}

/* In the way of libc's own: what SQLite and the audit write with. */
#define WAY(type, name, params, args)                 \
  type name params;                                   \
  type name params                                    \
  {                                                   \
    static type(*real) params;                        \
    if (!real)                                        \
      *(void **)&real = dlsym(RTLD_NEXT, #name);      \
    count();                                          \
    return real args;                                 \
  }
WAY(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
WAY(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at), (fd, p, n, at))
WAY(int, fsync, (int fd), (fd))
WAY(int, fdatasync, (int fd), (fd))
WAY(int, ftruncate64, (int fd, off64_t n), (fd, n))
WAY(int, unlink, (const char *path), (path))
WAY(int, rename, (const char *from, const char *to), (from, to))

static int child_open(const char *folder, struct mt *t)
{
  static const struct sl_backend_ops *const backends[] = { &sl_backend_mlflow, NULL };
  struct sl_type_conf type = { .type = "mlflow", .help = "", .settings = sl_backend_mlflow.settings,
                               .nsettings = sl_backend_mlflow.nsettings };
  char yaml[300], path[100];
  struct sl_ws_conf *conf = NULL;
  struct sl_err e = { 0 };
  snprintf(t->dir, sizeof t->dir, "%s", folder);
  snprintf(path, sizeof path, "%s/ws.yaml", folder);
  snprintf(yaml, sizeof yaml, "connections:\n  reg:\n    type: mlflow\n    uri: \"sqlite:///%s/mlflow.db\"\n", folder);
  if (sl_loop_open(&t->l, &e) || sl_ws_conf_parse(&conf, sl_str(yaml), path, folder, &type, 1, &e))
    return 90;
  struct sl_ws_opts o = { .conf = conf, .backends = backends, .state_dir = t->dir, .headless = true, .no_input = true };
  int rc = sl_ws_open(&t->w, t->l, &o, &e);
  sl_ws_conf_unref(conf);
  return rc ? 91 : 0;
}

/* 0: done; 1: told that somebody else was first; else what went wrong. go: a file that it waits for before it acts, or -. */
static int child(const char *folder, const char *by, const char *go)
{
  static const struct sl_val args[] = { { .type = SL_TEXT, .u.s = { "champion", 8 } }, { .type = SL_TEXT, .u.s = { "race", 4 } },
    { .type = SL_BOOL }, { .type = SL_TEXT, .null = true }, { .type = SL_TEXT, .null = true }, { .type = SL_TEXT, .null = true },
    { .type = SL_TEXT, .null = true }, { .type = SL_BOOL, .null = true }, { .type = SL_TEXT, .null = true } };
  char statement[80], id[16];
  struct mt t;
  struct test_judge judge = { .fill = ma_fill };
  struct ma a;
  int rc = child_open(folder, &t);
  if (rc)
    return rc;
  snprintf(statement, sizeof statement, "{\"statement\":{\"by\":\"%.40s\"}}", by);
  snprintf(id, sizeof id, "cancer/%d", strlen(by) > 3 && by[3] % 2 ? 4 : 5);
  ma_say = (struct ma_decision){ .statement = statement, .by = by, .was = "3", .move = true };
  test_judge_on(t.w, &judge);
  rc = ma_plan(t.w, t.l, &a, &sl_res_versions, &sl_act_version_approve, id, args);
  for (struct timespec nap = { 0, 2000000 }; go[0] != '-' && access(go, F_OK);)
    nanosleep(&nap, NULL);
  rc = rc ? rc : ma_act(t.w, t.l, &a);
  sl_ws_close(t.w);
  sl_loop_close(t.l);
  if (rc && rc != SL_ECONFLICT)
    dprintf(2, "%s: %s\n", by, a.err.msg);
  return !rc ? 0 : rc == SL_ECONFLICT && a.err.msg[0] ? 1 : 92;
}

static pid_t child_start(const char *folder, const char *by, const char *go, long at)
{
  char number[24];
  snprintf(number, sizeof number, "%ld", at);
  pid_t pid = fork();
  if (!pid) {
    execl("/proc/self/exe", "child", folder, by, go, number, (char *)NULL);
    _exit(93);
  }
  return pid;
}

/* ---- the parent ---- */

static char folder[64], db[80], audit[80];

static void fresh(void)
{
  snprintf(folder, sizeof folder, "/tmp/sluice-race-XXXXXX");
  assert_non_null(mkdtemp(folder));
  snprintf(db, sizeof db, "%s/mlflow.db", folder);
  snprintf(audit, sizeof audit, "%s/audit", folder);
  assert_int_equal(ma_copy(db), SL_OK);
  ma_sql(db, "insert or replace into registered_model_aliases(workspace,name,alias,version) values('default','cancer','champion',3)");
  setenv("HOME", folder, 1);
  setenv("XDG_RUNTIME_DIR", folder, 1);
}

static void audit_whole(void)
{
  struct sl_audit_report r;
  struct sl_err e = { 0 };
  if (sl_audit_verify(audit, &r, &e))
    fail_msg("%s", e.msg);
}

static void one_of_fifty_wins(void **state)
{
  pid_t pid[APPROVERS];
  char by[16], go[80], won[16] = "";
  int winners = 0, losers = 0, status;
  (void)state;
  fresh();
  snprintf(go, sizeof go, "%s/go", folder);
  for (int i = 0; i < APPROVERS; i++) {
    snprintf(by, sizeof by, "who%d", i);
    pid[i] = child_start(folder, by, go, -1);
    assert_true(pid[i] > 0);
  }
  struct timespec nap = { 1, 0 };
  nanosleep(&nap, NULL); /* most have their plan by now; who comes later races all the same */
  assert_int_equal(sl_file_write(go, SL_STR("go"), 0600, NULL), SL_OK);
  for (int i = 0; i < APPROVERS; i++) {
    assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 0) {
      winners++;
      snprintf(won, sizeof won, "who%d", i);
    }
    losers += WEXITSTATUS(status) == 1;
  }
  assert_int_equal(winners, 1);
  assert_int_equal(losers, APPROVERS - 1);
  assert_string_equal(ma_sql(db, "select count(*) from model_version_tags where key like 'approval.statement.%'"), "1");
  assert_string_equal(ma_sql(db, "select value from model_version_tags where key='approval.by' and version="
                             "(select version from registered_model_aliases where alias='champion' and name='cancer')"), won);
  audit_whole();
  assert_int_equal(sl_rmtree(folder, NULL), SL_OK);
}

/* ---- killed at each of its writes ---- */

struct last { char outcome[24]; int intents, ends; };

static int on_record(void *user, const struct sl_audit_rec *r)
{
  struct last *l = user;
  l->intents += sl_str_eqz(r->kind, "intent");
  l->ends += r->outcome.n > 0;
  if (r->outcome.n)
    snprintf(l->outcome, sizeof l->outcome, "%.*s", SL_ARG(r->outcome));
  return SL_OK;
}

static void on_reconciled(void *user, size_t open, size_t settled)
{
  (void)open;
  (void)settled;
  *(bool *)user = true;
}

/* The next session asks, by reading, what became of it. */
static void next_session(void)
{
  struct mt t;
  bool done = false;
  assert_int_equal(child_open(folder, &t), 0);
  assert_int_equal(sl_ws_reconcile(t.w, on_reconciled, &done, NULL), SL_OK);
  for (int64_t end = sl_loop_now(t.l) + 20000; !done && sl_loop_now(t.l) < end;)
    sl_loop_turn(t.l, 20);
  assert_true(done);
  sl_ws_close(t.w);
  sl_loop_close(t.l);
}

static void look_at(long at, bool killed)
{
  struct last l = { .outcome = "" };
  next_session();
  audit_whole();
  assert_int_equal(sl_audit_read(audit, on_record, &l, NULL, NULL), SL_OK);
  bool moved = !strcmp(ma_sql(db, "select version from registered_model_aliases where name='cancer' and alias='champion'"), "5");
  bool said = !strcmp(ma_sql(db, "select count(*) from model_version_tags where key like 'approval.statement%'"), "2");
  if (moved != said)
    fail_msg("killed at %ld: half of it was written", at);
  if (moved && !l.intents)
    fail_msg("killed at %ld: written, and the audit knows nothing", at);
  if (l.intents && (l.ends != 1 || !strcmp(l.outcome, "ok") != moved))
    fail_msg("killed at %ld: %d ends, the last %s, but moved is %d", at, l.ends, l.outcome, moved);
  assert_true(killed || (moved && l.intents == 1));
  assert_string_equal(ma_sql(db, "pragma integrity_check"), "ok");
}

static void killed_at_each_write(void **state)
{
  int status = 0;
  long at = 0;
  bool killed = true;
  (void)state;
  for (; killed && at < KILLED_AT_MOST; at++) {
    fresh();
    pid_t pid = child_start(folder, "lead", "-", at);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    killed = WIFSIGNALED(status);
    assert_true(killed || WEXITSTATUS(status) == 0);
    look_at(at, killed);
    assert_int_equal(sl_rmtree(folder, NULL), SL_OK);
  }
  print_message("%ld places to be killed at\n", at - 1);
  assert_true(!killed && at > 15);
}

int main(int argc, char **argv)
{
  if (argc == 5 && !strcmp(argv[0], "child")) {
    struct sl_str n = sl_str(argv[4]);
    int64_t at = -1;
    (void)!sl_str_i64(n, &at);
    kill_at = (long)at;
    return child(argv[1], argv[2], argv[3]);
  }
  const struct CMUnitTest tests[] = { cmocka_unit_test(one_of_fifty_wins), cmocka_unit_test(killed_at_each_write) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
