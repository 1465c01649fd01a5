/* Digests of files and folders: the form that evidence has, known files are not read again, bounds, and what is no file. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "model/manifest.h"

static char top[64];

static int begin(void **state)
{
  (void)state;
  snprintf(top, sizeof top, "/tmp/sluice-manifest-XXXXXX");
  return mkdtemp(top) ? 0 : -1;
}

static int end(void **state)
{
  (void)state;
  return sl_rmtree(top, NULL);
}

static void put(const char *name, const char *text)
{
  char path[200];
  snprintf(path, sizeof path, "%s/%s", top, name);
  assert_int_equal(sl_file_write(path, sl_str(text), 0644, NULL), SL_OK);
}

static void folder(const char *name)
{
  char path[200];
  snprintf(path, sizeof path, "%s/%s", top, name);
  assert_int_equal(mkdir(path, 0755), 0);
}

static int digest(const char *name, struct sl_hashes *h, struct sl_manifest_budget *left, struct sl_manifest *out, struct sl_err *err)
{
  char path[200];
  snprintf(path, sizeof path, "%s/%s", top, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  return sl_manifest_fd(out, fd, h, left, err);
}

/* Written out by hand: sorted by path, folders by their files. */
static void a_folder_is_its_list(void **state)
{
  (void)state;
  struct sl_manifest_budget left = { 1 << 20, 100, NULL };
  struct sl_manifest m;
  folder("m");
  folder("m/data");
  put("m/b", "two");
  put("m/a", "");
  put("m/data/x", "three");
  assert_int_equal(digest("m", NULL, &left, &m, NULL), SL_OK);
  static const char list[] =
    "[{\"bytes\":0,\"path\":\"a\",\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"},"
    "{\"bytes\":3,\"path\":\"b\",\"sha256\":\"3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3\"},"
    "{\"bytes\":5,\"path\":\"data/x\",\"sha256\":\"8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f\"}]";
  char want[65];
  struct sl_sha256 d = sl_sha256(sl_str(list));
  sl_sha256_hex(&d, want);
  assert_string_equal(m.digest, want);
  assert_int_equal(m.files, 3);
  assert_int_equal(m.bytes, 8);
  assert_int_equal(left.files, 100 - 4); /* the folder too is looked at */
}

static void links_do_not_count(void **state)
{
  (void)state;
  char at[200];
  struct sl_manifest_budget left = { 1 << 20, 100, NULL };
  struct sl_manifest a, b;
  folder("l");
  put("l/one", "1");
  assert_int_equal(digest("l", NULL, &left, &a, NULL), SL_OK);
  snprintf(at, sizeof at, "%s/l/two", top);
  assert_int_equal(symlink("/etc/passwd", at), 0);
  snprintf(at, sizeof at, "%s/l/three", top);
  assert_int_equal(symlink("/etc", at), 0);
  snprintf(at, sizeof at, "%s/l/pipe", top);
  assert_int_equal(mkfifo(at, 0600), 0);
  assert_int_equal(digest("l", NULL, &left, &b, NULL), SL_OK);
  assert_string_equal(a.digest, b.digest);
}

static void known_files_are_not_read_again(void **state)
{
  (void)state;
  struct sl_hashes *h = NULL;
  struct sl_manifest a, b;
  struct sl_manifest_budget left = { 10, 100, NULL };
  struct sl_err err = { 0 };
  assert_int_equal(sl_hashes_new(&h, NULL), SL_OK);
  folder("k");
  put("k/one", "12345");
  put("k/two", "12345");
  put("k/three", "12345");
  assert_int_equal(digest("k", h, &left, &a, &err), SL_EAGAIN); /* two fit */
  assert_string_equal(a.digest, "");
  left.bytes = 5;
  assert_int_equal(digest("k", h, &left, &a, NULL), SL_OK);     /* the third is all that is new */
  assert_int_equal(left.bytes, 0);
  assert_int_equal(digest("k", h, &left, &b, NULL), SL_OK);
  assert_string_equal(a.digest, b.digest);
  put("k/two", "54321");                                        /* other bytes of the same size */
  assert_int_equal(digest("k", h, &left, &b, NULL), SL_EAGAIN);
  left.bytes = 5;
  assert_int_equal(digest("k", h, &left, &b, NULL), SL_OK);
  assert_string_not_equal(a.digest, b.digest);
  sl_hashes_free(h);
}

static void bounds(void **state)
{
  (void)state;
  struct sl_manifest m;
  struct sl_err err = { 0 };
  struct sl_manifest_budget left = { 1 << 20, 2, NULL };
  folder("e");
  assert_int_equal(digest("e", NULL, &left, &m, &err), SL_ENOENT);
  put("e/1", "");
  put("e/2", "");
  put("e/3", "");
  assert_int_equal(digest("e", NULL, &left, &m, &err), SL_EAGAIN);
  char path[200];
  for (int i = 0, n = 0; i < SL_MANIFEST_DEPTH + 2; i++) {
    n += snprintf(path + n, sizeof path - (size_t)n, "%s", i ? "/d" : "deep");
    folder(path);
  }
  left.files = 100;
  assert_int_equal(digest("deep", NULL, &left, &m, &err), SL_ELIMIT);
  atomic_bool stop = true;
  put("big", "x");
  left.cancel = &stop;
  assert_int_equal(digest("big", NULL, &left, &m, &err), SL_ECANCELED);
}

static void a_file_is_its_bytes(void **state)
{
  (void)state;
  struct sl_manifest m;
  struct sl_manifest_budget left = { 3, 0, NULL };
  put("abc", "abc");
  assert_int_equal(digest("abc", NULL, &left, &m, NULL), SL_OK);
  assert_string_equal(m.digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_int_equal(m.files, 1);
  assert_int_equal(m.bytes, 3);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_folder_is_its_list), cmocka_unit_test(links_do_not_count), cmocka_unit_test(known_files_are_not_read_again),
    cmocka_unit_test(bounds), cmocka_unit_test(a_file_is_its_bytes),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
