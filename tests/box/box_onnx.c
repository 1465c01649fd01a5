/* ONNX models in the box: a run that does not end, memory, a library that is missing or none. Files: tests/peers/data/onnx. */
#include "box_harness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define ROWS "select 1.0 as a, 2.0 as b, 3.0 as c, i as d from range(0, 300) t(i)"

static int score(const char *model, const char *more, char *why, size_t n)
{
  char path[600], json[1400];
  struct sl_buf b;
  struct run r = { 0 };
  snprintf(path, sizeof path, "%s/%s", SLUICE_MODELS, model);
  sl_buf_init(&b, 0);
  if (sl_file_exists(path)) {
    assert_int_equal(sl_file_read(&b, path, 1 << 20, NULL), SL_OK);
    write_file(model, b.p, b.n);
  }
  sl_buf_free(&b);
  snprintf(json, sizeof json, "{\"path\":\"%s/%s\",\"model\":\"m\",\"data\":\"%s\",\"threads\":2%s}", dir, model, ROWS, more);
  run_start(&r, &(struct sl_box_work){ .kind = "score", .text = sl_str(json) });
  run_wait(&r, 60000);
  snprintf(why, n, "%s", r.rc ? r.err.msg : sl_buf_zstr(&r.text));
  int rc = r.rc;
  run_free(&r);
  return rc;
}

static void a_model_is_scored(void **state)
{
  char why[256];
  (void)state;
  if (score("boosted.onnx", "", why, sizeof why) || !strstr(why, "prediction"))
    fail_msg("%s", why);
}

/* The next job gets a new box, or the same one: it works. */
static void endless_runs_end(void **state)
{
  char why[256];
  (void)state;
  int64_t from = now_ms();
  assert_int_equal(score("bad_endless.onnx", ",\"seconds\":1", why, sizeof why), SL_ELIMIT);
  if (!strstr(why, "bad_endless.onnx: one run of it took more than 1 s"))
    fail_msg("%s", why);
  assert_true(now_ms() - from < 20000);
  a_model_is_scored(state);
}

/* Not where a sanitiser's shadow leaves no room for a limit of memory (guard.c): there is none to run into then. */
#ifndef __SANITIZE_ADDRESS__
static void memory_ends(void **state)
{
  char why[256];
  (void)state;
  assert_int_equal(score("bad_huge.onnx", "", why, sizeof why), SL_ELIMIT);
  if (!strstr(why, "more memory than the box has"))
    fail_msg("%s", why);
  a_model_is_scored(state);
}
#define LIMITED BOXED(memory_ends),
#else
#define LIMITED
#endif

static void pool_with(const char *library)
{
  static char exe[512], libs[300], tmp[300];
  char from[600], to[600];
  const char *const lib_dirs[] = { libs, NULL }, *const roots[] = { dir, NULL };
  struct sl_err err = { 0 };
  sl_box_pool_close(pool);
  pool = NULL;
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  assert_true(n > 0);
  snprintf(libs, sizeof libs, "%s/libs", dir);
  snprintf(tmp, sizeof tmp, "%s/tmp", dir);
  assert_int_equal(sl_mkdirs(libs, 0700, NULL), SL_OK);
  snprintf(from, sizeof from, "%s/libduckdb.so", SLUICE_ENGINES);
  snprintf(to, sizeof to, "%s/libduckdb.so", libs);
  (void)!symlink(from, to);
  if (library)
    write_text("libs/libonnxruntime.so.1", library);
  struct sl_box_opts o = { .loop = loop, .exe = exe, .lib_dirs = lib_dirs, .roots = roots, .tmp_dir = tmp, .limits = small, .max = 1 };
  if (sl_box_pool_open(&pool, &o, &err))
    fail_msg("%s", err.msg);
}

/* Other models are scored without it. */
static void without_the_library(void **state)
{
  char why[256];
  (void)state;
  pool_with(NULL);
  assert_int_equal(score("boosted.onnx", "", why, sizeof why), SL_EUNSUP);
  if (!strstr(why, "boosted.onnx: ONNX models need libonnxruntime.so.1, which is not here: ./run deps"))
    fail_msg("%s", why);
  write_text("m.txt", "tree\nversion=v4\n");
  assert_int_equal(score("m.txt", "", why, sizeof why), SL_EPARSE);
  pool_with("this is no library");
  assert_int_equal(score("boosted.onnx", "", why, sizeof why), SL_EUNSUP);
  if (!strstr(why, "cannot be loaded"))
    fail_msg("%s", why);
}

#define BOXED(f) cmocka_unit_test_setup_teardown(f, pool_setup, pool_teardown)

int main(int argc, char **argv)
{
  static const struct CMUnitTest tests[] = { BOXED(a_model_is_scored), BOXED(endless_runs_end), LIMITED
                                             BOXED(without_the_library) };
  return harness_main(argc, argv, NULL, tests, sizeof tests / sizeof tests[0]);
}
