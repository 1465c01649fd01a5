/* Sizes that overflow, arenas, growth under a cap, and the counters of torture. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static void refuses_sizes_that_overflow(void **state)
{
  (void)state;
  volatile size_t huge = SIZE_MAX; /* so that gcc does not warn about what is tested */
  assert_null(sl_alloc(huge));
  assert_null(sl_calloc(huge, 2));
  assert_null(sl_calloc(huge / 2 + 2, 2)); /* wraps to 2 */
  assert_null(sl_realloc_array(NULL, huge / 8 + 2, 8));
  assert_null(sl_strndup("x", huge));
  char *p = sl_strdup("keep");
  assert_null(sl_realloc_array(p, huge / 2 + 2, 2));
  assert_null(sl_realloc(p, huge));
  assert_string_equal(p, "keep"); /* untouched */
  sl_free(p);
}

static void allocates(void **state)
{
  (void)state;
  void *a = sl_alloc(0), *b = sl_alloc(0);
  assert_true(a && b && a != b);
  sl_free(a);
  sl_free(b);
  unsigned char *z = sl_calloc(3, 5);
  for (int i = 0; i < 15; i++)
    assert_int_equal(z[i], 0);
  sl_free(z);
  void *v = sl_alloc_aligned(64, 100);
  assert_int_equal((uintptr_t)v % 64, 0);
  sl_free(v);
  assert_null(sl_strdup(NULL));
  char *s = sl_strndup("a\0b", 3);
  assert_memory_equal(s, "a\0b", 4);
  sl_free_wipe(s, 3);
  s = sl_asprintf("%d-%s", 42, "x");
  assert_string_equal(s, "42-x");
  sl_free(s);
  sl_free(NULL);
  sl_free_wipe(NULL, 0);
}

static void grows_under_a_cap(void **state)
{
  (void)state;
  void *p = NULL;
  size_t cap = 0;
  struct sl_err err = {0};
  assert_int_equal(sl_grow(&p, &cap, 1, 4, 100, &err), SL_OK);
  assert_int_equal(cap, 8);
  assert_int_equal(sl_grow(&p, &cap, 9, 4, 100, &err), SL_OK);
  assert_int_equal(cap, 16);
  assert_int_equal(sl_grow(&p, &cap, 60, 4, 100, &err), SL_OK);
  assert_int_equal(cap, 60);
  assert_int_equal(sl_grow(&p, &cap, 61, 4, 100, &err), SL_OK);
  assert_int_equal(cap, 100);
  assert_int_equal(sl_grow(&p, &cap, 101, 4, 100, &err), SL_ELIMIT);
  assert_string_equal(err.msg, "more than 100 entries");
  assert_int_equal(cap, 100);
  sl_free(p);
  p = NULL;
  cap = 0;
  assert_int_equal(sl_grow(&p, &cap, 2, 4, 3, &err), SL_OK); /* the cap is below the first step */
  assert_int_equal(cap, 3);
  sl_free(p);
}

static void arena_holds_pieces(void **state)
{
  (void)state;
  struct sl_arena a;
  sl_arena_init(&a, 1 << 20);
  for (unsigned i = 0; i < 2000; i++) {
    unsigned char *p = sl_arena_alloc(&a, i % 300);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    for (unsigned k = 0; k < i % 300; k++) {
      assert_int_equal(p[k], 0);
      p[k] = 0xff; /* a later piece must still be zero */
    }
  }
  assert_string_equal(sl_arena_strndup(&a, "hello", 4), "hell");
  assert_string_equal(sl_arena_printf(&a, "%03d", 7), "007");
  sl_arena_reset(&a);
  assert_int_equal(a.used, 0);
  unsigned char *p = sl_arena_alloc(&a, 100);
  for (unsigned k = 0; k < 100; k++)
    assert_int_equal(p[k], 0); /* also in memory that was used before */
  sl_arena_free(&a);
}

static void arena_has_a_cap(void **state)
{
  (void)state;
  struct sl_arena a;
  volatile size_t huge = SIZE_MAX;
  sl_arena_init(&a, 1000);
  assert_null(sl_arena_alloc(&a, 1001));
  assert_null(sl_arena_alloc(&a, huge));
  assert_null(sl_arena_strndup(&a, "x", huge));
  assert_non_null(sl_arena_alloc(&a, 900));
  assert_non_null(sl_arena_alloc(&a, 80));
  assert_null(sl_arena_alloc(&a, 100));
  sl_arena_reset(&a);
  assert_non_null(sl_arena_alloc(&a, 900));
  sl_arena_free(&a);
  sl_arena_free(&a);
  sl_arena_init(&a, 1024);
  assert_non_null(sl_arena_alloc(&a, 1024)); /* exactly the cap */
  assert_null(sl_arena_alloc(&a, 0));
  sl_arena_free(&a);
}

static void hooks_move_and_wipe(void **state)
{
  (void)state;
  char *p = sl_hook_strdup("token");
  p = sl_hook_realloc(p, 4096);
  assert_string_equal(p, "token");
  p = sl_hook_realloc(p, 3);
  assert_memory_equal(p, "tok", 3);
  sl_hook_free(p);
  sl_hook_free(NULL);
  void *q = sl_hook_ssh_realloc(sl_hook_ssh_alloc(8, NULL), 16, NULL);
  assert_non_null(q);
  sl_hook_ssh_free(q, NULL);
  q = sl_hook_realloc(sl_hook_calloc(2, 8), 32);
  assert_non_null(q);
  sl_hook_free(q);
  sl_mem_install_hooks();
  json_t *j = json_pack("{s:s}", "a", "b");
  assert_non_null(j);
  json_decref(j);
}

#if SL_FAULTS
static void faults_count_and_fail(void **state)
{
  (void)state;
  int64_t live = sl_alloc_live();
  uint64_t count = sl_alloc_count();
  sl_fault_alloc(2, 0);
  void *a = sl_alloc(1), *b = sl_calloc(1, 1), *c = sl_alloc(1), *d = sl_alloc(1);
  assert_true(a && b && !c && d);
  assert_int_equal(sl_alloc_count() - count, 4);
  assert_int_equal(sl_alloc_live() - live, 3);
  sl_fault_alloc(0, 1);
  assert_null(sl_alloc(1));
  assert_null(sl_realloc(a, 10));
  assert_null(sl_alloc_aligned(16, 16));
  assert_null(sl_strdup("x"));
  assert_null(sl_hook_realloc(b, 10));
  assert_null(sl_asprintf("%d", 1));
  sl_fault_alloc(-1, 0);
  sl_free(a);
  sl_free(b);
  sl_free(d);
  assert_int_equal(sl_alloc_live(), live);
  uint64_t io = sl_io_count();
  sl_fault_io_after(1, 1, ENOSPC);
  assert_int_equal(sl_fault_io("a"), 0);
  assert_int_equal(sl_fault_io("b"), ENOSPC);
  assert_int_equal(sl_fault_io("c"), ENOSPC);
  sl_fault_io_after(-1, 0, 0);
  assert_int_equal(sl_fault_io("d"), 0);
  assert_int_equal(sl_io_count() - io, 4);
}

static void jansson_is_counted(void **state)
{
  (void)state;
  sl_mem_install_hooks();
  int64_t live = sl_alloc_live();
  json_t *j = json_object();
  assert_true(sl_alloc_live() > live);
  json_decref(j);
  assert_int_equal(sl_alloc_live(), live);
  sl_fault_alloc(0, 1);
  assert_null(json_loads("[1,2]", 0, NULL));
  sl_fault_alloc(-1, 0);
}

static void arena_survives_no_memory(void **state)
{
  (void)state;
  struct sl_arena a;
  sl_arena_init(&a, 0);
  sl_fault_alloc(0, 1);
  assert_null(sl_arena_alloc(&a, 10));
  sl_fault_alloc(-1, 0);
  assert_non_null(sl_arena_alloc(&a, 10));
  uint64_t count = sl_alloc_count();
  for (int frame = 0; frame < 100; frame++) { /* frames that are alike allocate nothing */
    sl_arena_reset(&a);
    for (int i = 0; i < 50; i++)
      assert_non_null(sl_arena_alloc(&a, 64));
  }
  assert_int_equal(sl_alloc_count(), count);
  sl_arena_free(&a);
}
#else
static void faults_are_compiled_out(void **state)
{
  (void)state;
  sl_fault_alloc(0, 1);
  void *p = sl_alloc(1);
  assert_non_null(p);
  sl_free(p);
  sl_fault_io_after(0, 1, EIO);
  assert_int_equal(sl_fault_io("x"), 0);
  assert_int_equal(sl_alloc_count(), 0);
  assert_int_equal(sl_alloc_live(), 0);
}
#endif

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(refuses_sizes_that_overflow), cmocka_unit_test(allocates), cmocka_unit_test(grows_under_a_cap),
    cmocka_unit_test(arena_holds_pieces), cmocka_unit_test(arena_has_a_cap), cmocka_unit_test(hooks_move_and_wipe),
#if SL_FAULTS
    cmocka_unit_test(faults_count_and_fail), cmocka_unit_test(jansson_is_counted), cmocka_unit_test(arena_survives_no_memory),
#else
    cmocka_unit_test(faults_are_compiled_out),
#endif
  };
  return cmocka_run_group_tests_name("base_mem", tests, NULL, NULL);
}
