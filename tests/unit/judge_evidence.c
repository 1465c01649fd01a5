/* Evidence: written and read, where it lies, and what makes it stale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <cmocka.h>

#include <math.h>

#include "base/file.h"
#include "base/hash.h"
#include "judge/evidence.h"

#define NOW 1795240800000LL
#define N(a) (sizeof(a) / sizeof((a)[0]))
static char dir[64];

static int set_up(void **state)
{
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/sluice-evidence-XXXXXX");
  return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  return sl_rmtree(dir, NULL);
}

static struct sl_evidence_input file_input(const char *name, const char *text)
{
  static char address[128];
  char path[96];
  struct stat st;
  struct sl_evidence_input in = { .role = SL_STR("data"), .rows = -1, .tag = SL_STR("") };
  snprintf(path, sizeof path, "%s/%s", dir, name);
  snprintf(address, sizeof address, "file://%s", path);
  assert_int_equal(sl_file_write(path, sl_str(text), 0600, NULL), SL_OK);
  assert_int_equal(stat(path, &st), 0);
  in.address = sl_str(address);
  in.bytes = st.st_size;
  in.modified = (sl_ms)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
  struct sl_sha256 d = sl_sha256(sl_str(text));
  sl_sha256_hex(&d, in.sha256);
  return in;
}

static struct sl_evidence sample(const struct sl_evidence_input *in, size_t n)
{
  static const struct sl_evidence_fact facts[] = {
    { { "max_abs_diff", 12 }, 1e-9 }, { { "n", 1 }, 294 }, { { "odd \"name\"\n", 11 }, NAN }, { { "far", 3 }, INFINITY },
  };
  return (struct sl_evidence){ .kind = SL_STR("rescore"), .registry = SL_STR("registry"), .model = SL_STR("../../care"),
                               .version = 4, .at = NOW, .data = SL_STR("lake:holdout"),
                               .label = SL_STR("malignant"), .input = in, .ninputs = n, .fact = facts,
                               .nfacts = N(facts) };
}

static void what_is_written_is_read(void **state)
{
  (void)state;
  struct sl_evidence_input in = file_input("a.csv", "a\n1\n");
  struct sl_evidence e = sample(&in, 1), got;
  struct sl_arena mem;
  struct sl_err err = { 0 };
  struct stat st;
  sl_arena_init(&mem, 0);
  assert_int_equal(sl_evidence_load(&got, dir, e.registry, e.model, 4, "rescore", &mem, &err), SL_ENOENT);
  assert_int_equal(sl_evidence_save(dir, &e, &err), SL_OK);
  char *path = sl_evidence_path(dir, e.registry, e.model, 4, "rescore");
  assert_true(sl_path_inside(path, dir)); /* whatever the model is called */
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_int_equal(sl_evidence_load(&got, dir, e.registry, e.model, 4, "rescore", &mem, &err), SL_OK);
  assert_int_equal(got.nfacts, e.nfacts);
  for (size_t i = 0; i < got.nfacts; i++) {
    assert_true(sl_str_eq(got.fact[i].name, e.fact[i].name));
    assert_true(got.fact[i].value == e.fact[i].value || (isnan(got.fact[i].value) && isnan(e.fact[i].value)));
  }
  assert_int_equal(got.ninputs, 1);
  assert_string_equal(got.input[0].sha256, in.sha256);
  assert_true(!got.baseline.p && sl_str_eqz(got.label, "malignant"));
  assert_int_equal(strlen(got.sha256), 64);
  sl_free(path);
  sl_arena_free(&mem);
}

static void one_of_another_version_is_none(void **state)
{
  (void)state;
  struct sl_evidence e = sample(NULL, 0), got;
  struct sl_arena mem;
  struct sl_err err = { 0 };
  sl_arena_init(&mem, 0);
  assert_int_equal(sl_evidence_save(dir, &e, &err), SL_OK);
  char *from = sl_evidence_path(dir, e.registry, e.model, 4, "rescore"), *to = sl_evidence_path(dir, e.registry, e.model, 5, "rescore");
  char *folder = sl_path_dir(to);
  assert_int_equal(sl_mkdirs(folder, 0700, &err), SL_OK);
  assert_int_equal(rename(from, to), 0);
  assert_int_equal(sl_evidence_load(&got, dir, e.registry, e.model, 5, "rescore", &mem, &err), SL_EPARSE);
  assert_non_null(strstr(err.msg, "not of the version where it lies"));
  sl_free(from);
  sl_free(to);
  sl_free(folder);
  sl_arena_free(&mem);
}

/* Any byte that is flipped makes it another file, or none. */
static void a_flipped_byte_is_noticed(void **state)
{
  (void)state;
  struct sl_evidence_input in = file_input("a.csv", "a\n1\n");
  struct sl_evidence e = sample(&in, 1), got, was;
  struct sl_arena mem;
  struct sl_buf b;
  sl_arena_init(&mem, 0);
  sl_buf_init(&b, 0);
  assert_int_equal(sl_evidence_text(&b, &e, NULL), SL_OK);
  assert_int_equal(sl_evidence_read(&was, sl_buf_view(&b), &mem, NULL), SL_OK);
  for (size_t i = 0; i < b.n; i++) {
    b.p[i] ^= 1;
    int rc = sl_evidence_read(&got, sl_buf_view(&b), &mem, NULL);
    assert_true(rc || strcmp(got.sha256, was.sha256) != 0);
    b.p[i] ^= 1;
  }
  sl_buf_free(&b);
  sl_arena_free(&mem);
}

static void it_holds_until_something_changed(void **state)
{
  (void)state;
  struct sl_evidence_input in = file_input("a.csv", "a\n1\n");
  struct sl_evidence e = sample(&in, 1);
  struct sl_evidence_conf c = { .kind = "rescore", .data = "lake:holdout", .label = "malignant", .max_age_s = 3600 };
  char why[120] = "", path[96];
  assert_true(sl_evidence_holds(&e, &c, NOW, why, sizeof why));
  assert_true(sl_evidence_holds(&e, &c, NOW + 3600 * 1000, why, sizeof why));
  assert_false(sl_evidence_holds(&e, &c, NOW + 3600 * 1000 + 1, why, sizeof why));
  assert_non_null(strstr(why, "beyond max_age"));
  assert_false(sl_evidence_holds(&e, &c, NOW - 24 * 3600 * 1000LL, why, sizeof why)); /* the clock a day back */
  assert_string_equal(why, "it was made in the future; is the clock right?");
  c.max_age_s = 0;
  assert_true(sl_evidence_holds(&e, &c, NOW + 400 * 24 * 3600 * 1000LL, why, sizeof why));
  c.label = NULL;
  assert_false(sl_evidence_holds(&e, &c, NOW, why, sizeof why));
  c.label = "benign";
  assert_false(sl_evidence_holds(&e, &c, NOW, why, sizeof why));
  assert_string_equal(why, "the workspace asks for other data by now");
  c.label = "malignant";
  snprintf(path, sizeof path, "%s/a.csv", dir);
  assert_int_equal(utime(path, &(struct utimbuf){ 1000, 1000 }), 0); /* touched, the same bytes */
  assert_true(sl_evidence_holds(&e, &c, NOW, why, sizeof why));
  assert_int_equal(sl_file_write(path, SL_STR("a\n2\n"), 0600, NULL), SL_OK);
  assert_int_equal(utime(path, &(struct utimbuf){ 1000, 1000 }), 0);
  assert_false(sl_evidence_holds(&e, &c, NOW, why, sizeof why));
  assert_string_equal(why, "it was computed from other bytes of a.csv");
  unlink(path);
  assert_false(sl_evidence_holds(&e, &c, NOW, why, sizeof why));
  assert_string_equal(why, "what it was computed from is gone: a.csv");
}

static void the_manifest_is_over_the_models_files(void **state)
{
  (void)state;
  struct sl_evidence_input in[] = {
    { .role = SL_STR("model"), .address = SL_STR("models:/care/4/model.ubj"), .bytes = 2 },
    { .role = SL_STR("model"), .address = SL_STR("models:/care/4/MLmodel"), .bytes = 1 },
    { .role = SL_STR("data"), .address = SL_STR("models:/care/4/train.parquet"), .bytes = 1 },
  };
  char a[65], b[65], want[65];
  for (size_t i = 0; i < N(in); i++)
    memset(in[i].sha256, '0', 64);
  assert_int_equal(sl_evidence_manifest(in, 3, SL_STR("models:/care/4/"), a, NULL), SL_OK);
  char text[400], zeros[65];
  snprintf(zeros, sizeof zeros, "%064d", 0);
  snprintf(text, sizeof text, "[{\"bytes\":1,\"path\":\"MLmodel\",\"sha256\":\"%s\"},"
           "{\"bytes\":2,\"path\":\"model.ubj\",\"sha256\":\"%s\"}]", zeros, zeros);
  struct sl_sha256 d = sl_sha256(sl_str(text));
  sl_sha256_hex(&d, want);
  assert_string_equal(a, want);
  in[0].bytes = 3;
  assert_int_equal(sl_evidence_manifest(in, 3, SL_STR("models:/care/4/"), b, NULL), SL_OK);
  assert_string_not_equal(a, b);
  assert_int_equal(sl_evidence_manifest(in, 0, SL_STR("models:/care/4/"), b, NULL), SL_OK);
  assert_string_equal(b, "");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
    cmocka_unit_test_setup_teardown(one_of_another_version_is_none, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_flipped_byte_is_noticed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(it_holds_until_something_changed, set_up, tear_down),
    cmocka_unit_test(the_manifest_is_over_the_models_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
