/* What an ONNX file says of itself, on files written by hand: fields, classes, notes, and every way to name weights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "compute/onnx.h"

/* A message within: field, its length, its bytes. */
static void put(struct sl_buf *b, unsigned field, struct sl_str s)
{
  for (unsigned v = field << 3 | 2; v; v >>= 7)
    sl_buf_ch(b, (char)(v > 127 ? (v & 127) | 128 : v));
  size_t n = s.n;
  do {
    sl_buf_ch(b, (char)(n > 127 ? (n & 127) | 128 : n));
    n >>= 7;
  } while (n);
  sl_buf_str(b, s);
}

static void wrap(struct sl_buf *b, unsigned field)
{
  struct sl_buf in = *b;
  sl_buf_init(b, 0);
  put(b, field, sl_buf_view(&in));
  sl_buf_free(&in);
}

static void entry(struct sl_buf *b, const char *key, const char *value)
{
  sl_buf_init(b, 0);
  put(b, 1, sl_str(key));
  put(b, 2, sl_str(value));
}

/* The model around a graph: path leads from the graph to what is in b, field by field, 0 ends it. */
static int read_in(struct sl_onnx *o, struct sl_buf *b, const unsigned *path, struct sl_err *err)
{
  struct sl_buf all;
  for (size_t i = 0; path[i]; i++)
    wrap(b, path[i]);
  sl_buf_init(&all, 0);
  sl_buf_str(&all, SL_STR("\x08\x09"));
  sl_buf_str(&all, sl_buf_view(b));
  sl_buf_free(b);
  int rc = sl_onnx_read(o, sl_buf_view(&all), "m.onnx", err);
  if (!rc && o->nexternal)
    assert_true(o->external[0].p >= all.p && o->external[0].p < all.p + all.n);
  sl_buf_free(&all);
  return rc;
}

static void every_place_of_weights(void **state)
{
  /* entry -> tensor (13) -> graph's initializer, sparse, a step's attribute, its graphs */
  static const unsigned paths[][8] = { { 13, 5, 7 }, { 13, 1, 15, 7 }, { 13, 2, 15, 7 }, { 13, 5, 5, 1, 7 }, { 13, 10, 5, 1, 7 },
                                       { 13, 5, 6, 5, 1, 7 }, { 13, 5, 11, 5, 1, 7 }, { 13, 1, 22, 5, 1, 7 }, { 13, 1, 23, 5, 1, 7 } };
  static const char *const bad[] = { "/etc/passwd", "../w", "a/../../w", "a//b", "", "a\\b", "*/x", "a/", ".." };
  (void)state;
  for (size_t p = 0; p < sizeof paths / sizeof paths[0]; p++) {
    struct sl_onnx o;
    struct sl_buf b;
    entry(&b, "location", "w.bin");
    assert_int_equal(read_in(&o, &b, paths[p], NULL), SL_OK);
    assert_int_equal(o.nexternal, 1);
    sl_onnx_free(&o);
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
      struct sl_err err = { 0 };
      entry(&b, "location", bad[k]);
      assert_int_equal(read_in(&o, &b, paths[p], &err), SL_EDENIED);
    }
  }
}

static void functions_and_training_too(void **state)
{
  static const unsigned function[] = { 13, 5, 5, 7, 25, 0 }, training[] = { 13, 5, 1, 20, 0 };
  struct sl_onnx o;
  struct sl_buf b;
  (void)state;
  entry(&b, "location", "../w");
  assert_int_equal(read_in(&o, &b, function, NULL), SL_EDENIED);
  entry(&b, "location", "../w");
  assert_int_equal(read_in(&o, &b, training, NULL), SL_EDENIED);
}

static void notes_are_found(void **state)
{
  struct sl_onnx o;
  struct sl_buf b, all;
  (void)state;
  entry(&b, "classes", "cat,dog");
  sl_buf_init(&all, 0);
  sl_buf_str(&all, SL_STR("\x08\x09"));
  put(&all, 2, SL_STR("skl2onnx"));
  put(&all, 7, SL_STR(""));
  put(&all, 8, SL_STR("\x0a\x00\x10\x11"));
  put(&all, 14, sl_buf_view(&b));
  assert_int_equal(sl_onnx_read(&o, sl_buf_view(&all), "m", NULL), SL_OK);
  assert_true(o.ir == 9 && o.opset == 17 && sl_str_eqz(o.producer, "skl2onnx"));
  assert_true(sl_str_eqz(sl_onnx_note(&o, "classes"), "cat,dog") && !sl_onnx_note(&o, "other").p);
  sl_onnx_free(&o);
  sl_buf_free(&all);
  sl_buf_free(&b);
}

/* A step with classes: op_type and an attribute of numbers, packed or one by one. */
static void step(struct sl_buf *graph, const char *op, struct sl_str numbers)
{
  struct sl_buf a, n;
  sl_buf_init(&a, 0);
  sl_buf_init(&n, 0);
  put(&a, 1, SL_STR("classlabels_int64s"));
  sl_buf_str(&a, numbers);
  put(&n, 5, sl_buf_view(&a));
  put(&n, 4, sl_str(op));
  put(graph, 1, sl_buf_view(&n));
  sl_buf_free(&a);
  sl_buf_free(&n);
}

static size_t classes_of(struct sl_onnx *o, struct sl_buf *graph)
{
  struct sl_buf all;
  sl_buf_init(&all, 0);
  sl_buf_str(&all, SL_STR("\x08\x09"));
  put(&all, 7, sl_buf_view(graph));
  sl_buf_free(graph);
  assert_int_equal(sl_onnx_read(o, sl_buf_view(&all), "m", NULL), SL_OK);
  sl_buf_free(&all); /* numbers are copied */
  size_t n = o->classes.n;
  return n;
}

static void whose_classes_count(void **state)
{
  const struct sl_str one_by_one = SL_STR("\x40\x05\x40\x07"), packed = SL_STR("\x42\x02\x05\x07"), others = SL_STR("\x42\x03\x01\x02\x03");
  struct sl_onnx o;
  struct sl_buf g;
  (void)state;
  sl_buf_init(&g, 0);
  step(&g, "LinearClassifier", one_by_one);
  step(&g, "TreeEnsembleClassifier", packed);
  assert_int_equal(classes_of(&o, &g), 2);
  assert_true(o.classes.number[0] == 5 && o.classes.number[1] == 7 && !o.mapped);
  sl_onnx_free(&o);
  step(&g, "LinearClassifier", one_by_one);
  step(&g, "TreeEnsembleClassifier", others);
  assert_int_equal(classes_of(&o, &g), 0);
  sl_onnx_free(&o);
  step(&g, "LinearClassifier", one_by_one);
  step(&g, "TreeEnsembleClassifier", others);
  step(&g, "ZipMap", packed);
  step(&g, "SVMClassifier", others);
  assert_int_equal(classes_of(&o, &g), 2);
  assert_true(o.mapped);
  sl_onnx_free(&o);
}

static void damaged_files_are_refused(void **state)
{
  static const struct { struct sl_str bytes; const char *why; } bad[] = {
    { { "", 0 }, "no version" }, { { "\x08\x09", 2 }, "no graph" }, { { "\x3a\x00", 2 }, "no version" },
    { { "\x08", 1 }, "cut off" }, { { "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 }, "cut off" },
    { { "\x08\x09\x3a\x05\x00", 5 }, "longer than" }, { { "\x08\x09\x3b", 3 }, "of a kind" }, { { "\x00\x01", 2 }, "begins here" },
    { { "\x08\x09\x38\x01", 4 }, "a number where" }, { { "\x08\x09\x3a\x00\x3a\x00", 6 }, "no graph" },
  };
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct sl_onnx o;
    struct sl_err err = { 0 };
    assert_int_equal(sl_onnx_read(&o, bad[i].bytes, "m.onnx", &err), SL_EPARSE);
    if (!strstr(err.msg, bad[i].why))
      fail_msg("%zu: %s", i, err.msg);
  }
}

static void depth_ends(void **state)
{
  struct sl_onnx o;
  struct sl_buf b;
  struct sl_err err = { 0 };
  unsigned path[200] = { 0 };
  size_t n = 0;
  (void)state;
  while (n < 150) { /* graph in attribute in step in graph ... */
    path[n++] = 1;
    path[n++] = 6;
    path[n++] = 5;
  }
  path[n++] = 1;
  path[n++] = 7;
  sl_buf_init(&b, 0);
  put(&b, 4, SL_STR("If"));
  assert_int_equal(read_in(&o, &b, path, &err), SL_EPARSE);
  assert_non_null(strstr(err.msg, "too deep"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_place_of_weights), cmocka_unit_test(functions_and_training_too), cmocka_unit_test(notes_are_found),
    cmocka_unit_test(whose_classes_count), cmocka_unit_test(damaged_files_are_refused), cmocka_unit_test(depth_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
