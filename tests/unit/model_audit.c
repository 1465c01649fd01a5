/* The audit: what is added can be read back, and nothing can be changed unseen. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/act.h"
#include "model/audit.h"

enum { NOW = 1000000 };

static char dir[64], path[96];

static int setup(void **state)
{
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/sluice-audit-XXXXXX");
  if (!mkdtemp(dir))
    return -1;
  snprintf(path, sizeof path, "%s/audit", dir);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  return sl_rmtree(dir, NULL);
}

static void add(const char *fields)
{
  struct sl_err err = {0};
  if (sl_audit_append(path, sl_str(fields), NOW, NULL, &err))
    fail_msg("%s", err.msg);
}

static void add_three(void)
{
  add("\"kind\":\"intent\",\"id\":\"t1\",\"who\":\"lead\",\"action\":\"executions.retry\",\"targets\":[\"local:executions/a\"]");
  add("\"kind\":\"outcome\",\"id\":\"t1\",\"outcome\":\"ok\",\"detail\":\"started b\"");
  add("\"kind\":\"intent\",\"id\":\"t2\",\"who\":\"ana\",\"action\":\"objects.remove\",\"targets\":[\"local:objects/x\"]");
}

static int verify(struct sl_err *err)
{
  struct sl_audit_report r;
  return sl_audit_verify(path, &r, err);
}

static void test_rows_fold_to_the_latest_outcome(void **state)
{
  struct sl_audit_rows rows;
  (void)state;
  add_three();
  assert_int_equal(sl_audit_rows_read(path, &rows, NULL), SL_OK);
  assert_int_equal(rows.n, 2);
  assert_string_equal(rows.row[0].outcome, "ok");
  assert_string_equal(rows.row[0].target, "local:executions/a");
  assert_string_equal(rows.row[0].detail, "started b");
  assert_string_equal(rows.row[1].outcome, "intent");
  sl_audit_rows_free(&rows);
}

static void test_whole_chain_verifies(void **state)
{
  struct sl_audit_report r;
  struct sl_err err = {0};
  (void)state;
  assert_int_equal(sl_audit_verify(path, &r, &err), SL_OK); /* nothing yet */
  add_three();
  assert_int_equal(sl_audit_verify(path, &r, &err), SL_OK);
  assert_int_equal(r.records, 3);
  assert_int_equal(r.actions, 2);
  assert_non_null(strstr(r.anchor, "audit.head"));
}

static void test_every_flipped_bit_is_found(void **state)
{
  struct sl_buf b;
  (void)state;
  add_three();
  sl_buf_init(&b, 0);
  assert_int_equal(sl_file_read(&b, path, 1 << 20, NULL), SL_OK);
  for (size_t i = 0; i < b.n * 8; i++) {
    b.p[i / 8] = (char)(b.p[i / 8] ^ (1 << i % 8));
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
    fclose(f);
    struct sl_err err = {0};
    if (verify(&err) != SL_EBREACH)
      fail_msg("bit %zu of byte %zu went unseen: %s", i % 8, i / 8, err.msg);
    b.p[i / 8] = (char)(b.p[i / 8] ^ (1 << i % 8));
  }
  sl_buf_free(&b);
}

/* Removed, swapped, doubled and cut records; the head changed or gone. */
static void test_structure_changes_are_found(void **state)
{
  struct sl_buf b, t;
  struct sl_str rest, line[4];
  static const int orders[][4] = {{0, 2, -1, -1}, {1, 2, -1, -1}, {0, 1, -1, -1}, {1, 0, 2, -1}, {0, 1, 1, 2}, {0, 1, 2, 2}, {-1, -1, -1,
      -1}};
  (void)state;
  add_three();
  sl_buf_init(&b, 0);
  sl_buf_init(&t, 0);
  assert_int_equal(sl_file_read(&b, path, 1 << 20, NULL), SL_OK);
  rest = sl_buf_view(&b);
  for (int i = 0; i < 3; i++)
    assert_true(sl_str_cut(&rest, '\n', &line[i]));
  for (size_t k = 0; k < sizeof orders / sizeof orders[0]; k++) {
    sl_buf_clear(&t);
    for (int i = 0; i < 4 && orders[k][i] >= 0; i++) {
      sl_buf_str(&t, line[orders[k][i]]);
      sl_buf_ch(&t, '\n');
    }
    assert_int_equal(sl_file_write(path, sl_buf_view(&t), 0600, NULL), SL_OK);
    struct sl_err err = {0};
    assert_int_equal(verify(&err), SL_EBREACH);
    assert_true(err.msg[0] != 0);
  }
  assert_int_equal(sl_file_write(path, sl_buf_view(&b), 0600, NULL), SL_OK);
  assert_int_equal(verify(NULL), SL_OK);
  char head[128];
  snprintf(head, sizeof head, "%s.head", path);
  assert_int_equal(unlink(head), 0);
  assert_int_equal(verify(NULL), SL_EBREACH);
  sl_buf_free(&b);
  sl_buf_free(&t);
}

static void test_torn_line_is_mended_and_said(void **state)
{
  struct sl_audit_report r;
  (void)state;
  add_three();
  int fd = open(path, O_WRONLY | O_APPEND);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, "{\"seq\":4,\"ti", 12), 12);
  close(fd);
  assert_int_equal(sl_audit_verify(path, &r, NULL), SL_OK);
  assert_true(r.torn);
  add("\"kind\":\"intent\",\"id\":\"t3\"");
  assert_int_equal(sl_audit_verify(path, &r, NULL), SL_OK);
  assert_false(r.torn);
  assert_int_equal(r.records, 5);
}

/* A disk that is full: the record is not there, and the file is as it was. */
static void test_full_disk_adds_nothing(void **state)
{
  struct sl_buf before, after;
  (void)state;
  add_three();
  sl_buf_init(&before, 0);
  sl_buf_init(&after, 0);
  assert_int_equal(sl_file_read(&before, path, 1 << 20, NULL), SL_OK);
  pid_t pid = fork();
  if (!pid) {
    struct rlimit small = {before.n + 20, before.n + 20};
    struct sl_err err = {0};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int rc = sl_audit_append(path, SL_STR("\"kind\":\"intent\",\"id\":\"t4\""), NOW, NULL, &err);
    _exit(rc && strstr(err.msg, "cannot write the audit") ? 0 : 1);
  }
  int status = -1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_int_equal(sl_file_read(&after, path, 1 << 20, NULL), SL_OK);
  assert_true(sl_str_eq(sl_buf_view(&before), sl_buf_view(&after)));
  assert_int_equal(verify(NULL), SL_OK);
  sl_buf_free(&before);
  sl_buf_free(&after);
}

static void test_two_writers_one_chain(void **state)
{
  struct sl_audit_report r;
  (void)state;
  pid_t pid[4];
  for (int k = 0; k < 4; k++) {
    pid[k] = fork();
    if (!pid[k]) {
      int bad = 0;
      for (int i = 0; i < 25; i++)
        bad |= sl_audit_append(path, SL_STR("\"kind\":\"intent\",\"id\":\"x\""), NOW, NULL, NULL);
      _exit(bad ? 1 : 0);
    }
  }
  for (int k = 0; k < 4; k++) {
    int status = -1;
    assert_int_equal(waitpid(pid[k], &status, 0), pid[k]);
    assert_int_equal(status, 0);
  }
  assert_int_equal(sl_audit_verify(path, &r, NULL), SL_OK);
  assert_int_equal(r.records, 100);
}

static void test_a_link_is_not_followed(void **state)
{
  char target[128];
  (void)state;
  snprintf(target, sizeof target, "%s/elsewhere", dir);
  assert_int_equal(symlink(target, path), 0);
  struct sl_err err = {0};
  assert_int_not_equal(sl_audit_append(path, SL_STR("\"kind\":\"intent\""), NOW, NULL, &err), SL_OK);
  assert_false(sl_file_exists(target));
}

/* A writer that died between its record and audit.head is no tamperer; and the head never falls back by two. */
static void test_a_head_one_behind_is_an_accident(void **state)
{
  char head[128], text[3][128];
  struct sl_err err = {0};
  (void)state;
  snprintf(head, sizeof head, "%s.head", path);
  for (int i = 0; i < 3; i++) {
    struct sl_buf b;
    add("\"kind\":\"intent\",\"id\":\"t\"");
    sl_buf_init(&b, 0);
    assert_int_equal(sl_file_read(&b, head, 4096, NULL), SL_OK);
    snprintf(text[i], sizeof text[i], "%s", sl_buf_zstr(&b));
    sl_buf_free(&b);
  }
  assert_int_equal(sl_file_write(head, sl_str(text[0]), 0600, NULL), SL_OK);
  assert_int_equal(verify(&err), SL_EBREACH);
  assert_int_equal(sl_file_write(head, sl_str(text[1]), 0600, NULL), SL_OK);
  assert_int_equal(verify(&err), SL_OK);
  add("\"kind\":\"intent\",\"id\":\"u\"");
  assert_int_equal(verify(&err), SL_OK);
  assert_int_equal(sl_file_write(head, sl_str(text[1]), 0600, NULL), SL_OK);
  add("\"kind\":\"intent\",\"id\":\"v\""); /* what does not fit is not made to fit by going on */
  assert_int_equal(sl_file_write(head, sl_str(text[1]), 0600, NULL), SL_OK);
  assert_int_equal(verify(&err), SL_EBREACH);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_rows_fold_to_the_latest_outcome, setup, teardown),
    cmocka_unit_test_setup_teardown(test_whole_chain_verifies, setup, teardown),
    cmocka_unit_test_setup_teardown(test_a_head_one_behind_is_an_accident, setup, teardown),
    cmocka_unit_test_setup_teardown(test_every_flipped_bit_is_found, setup, teardown),
    cmocka_unit_test_setup_teardown(test_structure_changes_are_found, setup, teardown),
    cmocka_unit_test_setup_teardown(test_torn_line_is_mended_and_said, setup, teardown),
    cmocka_unit_test_setup_teardown(test_full_disk_adds_nothing, setup, teardown),
    cmocka_unit_test_setup_teardown(test_two_writers_one_chain, setup, teardown),
    cmocka_unit_test_setup_teardown(test_a_link_is_not_followed, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
