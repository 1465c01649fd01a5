/* Files whole or not at all, trees away, names joined and folded. All in one folder of its own below /tmp. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static char root[] = "/tmp/sluice-file-XXXXXX";
static char path_text[512];

static const char *in_root(const char *name)
{
  snprintf(path_text, sizeof path_text, "%s/%s", root, name);
  return path_text;
}

static int make_root(void **state)
{
  (void)state;
  return mkdtemp(root) ? 0 : -1;
}

static int drop_root(void **state)
{
  (void)state;
  return sl_rmtree(root, NULL);
}

static void assert_content(const char *path, const char *want)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_file_read(&b, path, 1 << 20, NULL), SL_OK);
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

static unsigned entries(const char *path)
{
  unsigned n = 0;
  DIR *d = opendir(path);
  assert_non_null(d);
  while (readdir(d))
    n++;
  closedir(d);
  return n - 2;
}

static void writes_and_reads(void **state)
{
  (void)state;
  struct stat st;
  assert_int_equal(sl_mkdirs(in_root("w/a/b"), 0700, NULL), SL_OK);
  assert_int_equal(sl_mkdirs(in_root("w/a/b"), 0700, NULL), SL_OK);
  char *p = sl_strdup(in_root("w/a/b/file"));
  assert_int_equal(sl_file_write(p, SL_STR("one"), 0600, NULL), SL_OK);
  assert_content(p, "one");
  assert_int_equal(sl_file_write(p, SL_STR("two, longer"), 0640, NULL), SL_OK);
  assert_content(p, "two, longer");
  assert_int_equal(stat(p, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0640);
  assert_int_equal(entries(in_root("w/a/b")), 1); /* nothing temporary is left */
  assert_true(sl_file_exists(p) && !sl_dir_exists(p) && sl_dir_exists(in_root("w/a")));
  sl_free(p);
}

static void read_refuses(void **state)
{
  (void)state;
  struct sl_err err;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_file_read(&b, in_root("none"), 10, &err), SL_ENOENT);
  assert_non_null(strstr(err.msg, "/none: No such file or directory"));
  assert_int_equal(sl_file_read(&b, root, 10, &err), SL_EUNSUP);
  assert_int_equal(mkfifo(in_root("fifo"), 0600), 0);
  assert_int_equal(sl_file_read(&b, in_root("fifo"), 10, &err), SL_EUNSUP); /* and does not wait for a writer */
  assert_int_equal(sl_file_write(in_root("ten"), SL_STR("0123456789"), 0600, NULL), SL_OK);
  assert_int_equal(sl_file_read(&b, in_root("ten"), 9, &err), SL_ELIMIT);
  assert_int_equal(sl_file_read(&b, in_root("ten"), 10, &err), SL_OK);
  assert_int_equal(b.n, 10);
  sl_buf_free(&b);
  sl_buf_init(&b, 5);
  assert_int_equal(sl_file_read(&b, in_root("ten"), 100, &err), SL_ELIMIT); /* the buffer's own cap */
  sl_buf_free(&b);
  /* A file that says it is empty and is not: the cap counts bytes, not st_size. */
  sl_buf_init(&b, 0);
  assert_int_equal(sl_file_read(&b, "/proc/self/maps", 20, &err), SL_ELIMIT);
  sl_buf_clear(&b);
  assert_int_equal(sl_file_read(&b, "/proc/self/maps", 1 << 20, &err), SL_OK);
  assert_true(b.n > 100);
  sl_buf_free(&b);
}

static void write_refuses(void **state)
{
  (void)state;
  struct sl_err err;
  assert_int_equal(sl_file_write(in_root("no/such/folder"), SL_STR("x"), 0600, &err), SL_ENOENT);
  assert_int_equal(sl_file_write(in_root("slash/"), SL_STR("x"), 0600, &err), SL_EUSAGE);
  assert_int_equal(sl_mkdirs(in_root("isdir"), 0700, NULL), SL_OK);
  assert_int_equal(sl_file_write(in_root("isdir"), SL_STR("x"), 0600, &err), SL_EIO);
  assert_int_equal(sl_file_write(in_root("plain"), SL_STR("x"), 0600, NULL), SL_OK);
  assert_int_equal(sl_mkdirs(in_root("plain/below"), 0700, &err), SL_ENOENT); /* ENOTDIR */
  assert_int_equal(sl_mkdirs(in_root("plain"), 0700, &err), SL_ENOENT);
}

static void a_link_is_replaced_not_followed(void **state)
{
  (void)state;
  struct stat st;
  assert_int_equal(sl_file_write(in_root("target"), SL_STR("old"), 0600, NULL), SL_OK);
  assert_int_equal(symlink("target", in_root("link")), 0);
  assert_int_equal(sl_file_write(in_root("link"), SL_STR("new"), 0600, NULL), SL_OK);
  assert_content(in_root("target"), "old");
  assert_int_equal(lstat(in_root("link"), &st), 0);
  assert_true(S_ISREG(st.st_mode));
}

static void secrets_are_private(void **state)
{
  (void)state;
  struct sl_err err;
  struct sl_buf b;
  char *p = sl_strdup(in_root("key"));
  sl_buf_init_secret(&b, 0);
  assert_int_equal(sl_file_write(p, SL_STR("hush"), 0600, NULL), SL_OK);
  assert_int_equal(sl_file_private(p, &err), SL_OK);
  assert_int_equal(sl_file_read_private(&b, p, 100, &err), SL_OK);
  assert_string_equal(sl_buf_zstr(&b), "hush");
  sl_buf_clear(&b);
  static const mode_t open_to[] = {0640, 0604, 0620, 0601};
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(chmod(p, open_to[i]), 0);
    assert_int_equal(sl_file_private(p, &err), SL_EDENIED);
    assert_non_null(strstr(err.msg, "chmod 600"));
    assert_int_equal(sl_file_read_private(&b, p, 100, &err), SL_EDENIED);
    assert_int_equal(b.n, 0);
  }
  assert_int_equal(sl_file_private(in_root("nokey"), &err), SL_ENOENT);
  if (geteuid() == 0) {
    assert_int_equal(chmod(p, 0600), 0);
    assert_int_equal(chown(p, 12345, 12345), 0);
    assert_int_equal(sl_file_private(p, &err), SL_EDENIED);
    assert_non_null(strstr(err.msg, "another user"));
  }
  sl_buf_free(&b);
  sl_free(p);
}

static void tree_goes_links_stay_unfollowed(void **state)
{
  (void)state;
  struct sl_err err;
  assert_int_equal(sl_mkdirs(in_root("keep"), 0700, NULL), SL_OK);
  assert_int_equal(sl_file_write(in_root("keep/me"), SL_STR("x"), 0600, NULL), SL_OK);
  assert_int_equal(sl_mkdirs(in_root("tree/a/b/c"), 0700, NULL), SL_OK);
  assert_int_equal(sl_file_write(in_root("tree/a/b/f"), SL_STR("x"), 0400, NULL), SL_OK);
  assert_int_equal(symlink("../keep", in_root("tree/dirlink")), 0);
  assert_int_equal(symlink("nowhere", in_root("tree/a/dangling")), 0);
  assert_int_equal(sl_rmtree(in_root("tree"), &err), SL_OK);
  assert_false(sl_file_exists(in_root("tree")));
  assert_true(sl_file_exists(in_root("keep/me")));
  assert_int_equal(symlink("keep", in_root("onlylink")), 0);
  assert_int_equal(sl_rmtree(in_root("onlylink/"), &err), SL_OK); /* the link, with a slash behind too */
  assert_true(sl_file_exists(in_root("keep/me")));
  assert_int_equal(sl_rmtree(in_root("keep/me"), &err), SL_OK);
  assert_int_equal(sl_rmtree(in_root("keep/me"), &err), SL_OK); /* gone already */
  static const char *const refused[] = {"", "/", "//", ".", "..", "a/..", "a/."};
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
    assert_int_equal(sl_rmtree(refused[i], &err), SL_EUSAGE);
}

static void too_deep_is_refused(void **state)
{
  (void)state;
  struct sl_err err;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, in_root("deep"));
  for (int i = 0; i < 205; i++)
    sl_buf_z(&b, "/d");
  assert_int_equal(sl_mkdirs(sl_buf_zstr(&b), 0700, NULL), SL_OK);
  assert_int_equal(sl_rmtree(in_root("deep"), &err), SL_ELIMIT);
  assert_int_equal(sl_rmtree(in_root("deep/d/d/d/d/d/d/d/d"), &err), SL_OK);
  sl_buf_free(&b);
}

static void assert_taken(char *got, const char *want)
{
  assert_non_null(got);
  assert_string_equal(got, want);
  sl_free(got);
}

static void folds_paths(void **state)
{
  (void)state;
  assert_taken(sl_path_join("/a", "b"), "/a/b");
  assert_taken(sl_path_join("/a/", "b"), "/a/b");
  assert_taken(sl_path_join("/a", "/b"), "/b");
  assert_taken(sl_path_join("", "b"), "b");
  assert_taken(sl_path_dir("a"), ".");
  assert_taken(sl_path_dir("/a"), "/");
  assert_taken(sl_path_dir("//a"), "/");
  assert_taken(sl_path_dir("a//b"), "a");
  assert_string_equal(sl_path_base("/a/b"), "b");
  assert_string_equal(sl_path_base("b"), "b");
  assert_taken(sl_path_abs("/a/./b//c/../d/", NULL), "/a/b/d");
  assert_taken(sl_path_abs("/../..", NULL), "/");
  assert_taken(sl_path_abs("x/../y", "/base/dir"), "/base/dir/y");
  assert_taken(sl_path_abs("../..", "/base"), "/");
  setenv("HOME", "/home/me", 1);
  assert_taken(sl_path_abs("~/x", "/base"), "/home/me/x");
  assert_taken(sl_path_abs("~", NULL), "/home/me");
  assert_taken(sl_path_abs("~x", "/b"), "/b/~x");
  char *cwd = getcwd(NULL, 0), *here = sl_path_abs(".", NULL);
  assert_string_equal(here, cwd);
  free(cwd);
  sl_free(here);
}

static void inside(void **state)
{
  (void)state;
  assert_true(sl_path_inside("/a/b", "/a"));
  assert_true(sl_path_inside("/a", "/a/"));
  assert_true(sl_path_inside("/x", "/"));
  assert_false(sl_path_inside("/ab", "/a"));
  assert_false(sl_path_inside("/a/../b", "/a"));
  assert_false(sl_path_inside("/a/b/../../etc/passwd", "/a/b"));
  assert_false(sl_path_inside("/", "/a"));
}

static void finds_xdg(void **state)
{
  (void)state;
  setenv("HOME", root, 1);
  setenv("XDG_CONFIG_HOME", "/conf", 1);
  setenv("XDG_STATE_HOME", "relative", 1);
  unsetenv("XDG_RUNTIME_DIR");
  unsetenv("XDG_CACHE_HOME");
  assert_taken(sl_xdg_path(SL_XDG_CONFIG, "x.yaml"), "/conf/sluice/x.yaml");
  assert_taken(sl_xdg_path(SL_XDG_STATE, NULL), in_root(".local/state/sluice")); /* a relative value is ignored */
  assert_taken(sl_xdg_path(SL_XDG_CACHE, "c"), in_root(".cache/sluice/c"));
  assert_taken(sl_xdg_path(SL_XDG_RUNTIME, "s"), in_root(".local/state/sluice/run/s"));
  struct stat st;
  assert_int_equal(stat(in_root(".local/state/sluice/run"), &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
  setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
  assert_taken(sl_xdg_path(SL_XDG_RUNTIME, NULL), "/run/user/1/sluice");
  unsetenv("HOME");
  char *p = sl_xdg_path(SL_XDG_DATA, NULL); /* the passwd entry's home */
  assert_non_null(p);
  assert_true(p[0] == '/' && sl_str_ends(sl_str(p), SL_STR("/.local/share/sluice")));
  sl_free(p);
}

#if SL_FAULTS
/* Every call of a write failing in turn: the old content or the new one, nothing half, nothing left over. */
static void write_survives_io_faults(void **state)
{
  (void)state;
  assert_int_equal(sl_mkdirs(in_root("faults"), 0700, NULL), SL_OK);
  char *p = sl_strdup(in_root("faults/f"));
  assert_int_equal(sl_file_write(p, SL_STR("old"), 0600, NULL), SL_OK);
  int rc = SL_EIO, failures = 0;
  for (long fail = 0; rc != SL_OK; fail++, failures++) {
    struct sl_err err = {0};
    sl_fault_io_after(fail, 0, ENOSPC);
    rc = sl_file_write(p, SL_STR("new"), 0600, &err);
    sl_fault_io_after(-1, 0, 0);
    assert_true(rc == SL_OK || (rc == SL_EIO && err.msg[0]));
    struct sl_buf b;
    sl_buf_init(&b, 0);
    assert_int_equal(sl_file_read(&b, p, 100, NULL), SL_OK);
    assert_true(strcmp(b.p, "old") == 0 || strcmp(b.p, "new") == 0);
    sl_buf_free(&b);
    assert_int_equal(entries(in_root("faults")), 1);
  }
  assert_true(failures > 6); /* random, folder, open, write, chmod, fsync, rename, fsync */
  assert_content(p, "new");
  sl_free(p);
}

static void all_survive_no_memory(void **state)
{
  (void)state;
  int64_t before = sl_alloc_live();
  bool whole = false;
  for (long fail = 0; !whole; fail++) {
    struct sl_buf b;
    sl_buf_init(&b, 0);
    sl_fault_alloc(fail, 0);
    char *cwd = sl_path_abs("x", NULL), *xdg = sl_xdg_path(SL_XDG_RUNTIME, "n");
    const char *p = in_root("oom");
    whole = sl_file_write(p, SL_STR("x"), 0600, NULL) == SL_OK && sl_file_read(&b, p, 9, NULL) == SL_OK && sl_rmtree(p, NULL) == SL_OK &&
      sl_path_inside(p, root) && cwd && xdg;
    sl_fault_alloc(-1, 0);
    sl_free(cwd);
    sl_free(xdg);
    sl_buf_free(&b);
    assert_int_equal(sl_alloc_live(), before);
  }
}
#endif

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_and_reads), cmocka_unit_test(read_refuses), cmocka_unit_test(write_refuses),
    cmocka_unit_test(a_link_is_replaced_not_followed), cmocka_unit_test(secrets_are_private),
    cmocka_unit_test(tree_goes_links_stay_unfollowed), cmocka_unit_test(too_deep_is_refused), cmocka_unit_test(folds_paths),
    cmocka_unit_test(inside), cmocka_unit_test(finds_xdg),
#if SL_FAULTS
    cmocka_unit_test(write_survives_io_faults), cmocka_unit_test(all_survive_no_memory),
#endif
  };
  return cmocka_run_group_tests_name("base_file", tests, make_root, drop_root);
}
