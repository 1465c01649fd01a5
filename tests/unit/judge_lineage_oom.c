/* Lineage with every allocation failing once: an error, nothing lost, and no tree that looks whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "judge/lineage.h"
#include "table/val.h"

static const struct sl_zone zones[] = {
  { .name = "raw", .uri = "file:///lake/raw", .conn = "local", .layout = "dt=%Y-%m-%d" },
  { .name = "gold", .uri = "file:///lake/gold", .conn = "local", .layout = "dt=%Y-%m-%d" },
};
static const char *const reads[] = { "raw", NULL }, *const none[] = { NULL };
static const struct sl_job_conf job = { .name = "build", .conn = "local", .writes = "gold", .reads = reads, .after = none };
static char inputs[64];
static size_t ninputs;

static int everything(struct sl_lineage *up, struct sl_lineage *down, struct sl_err *err)
{
  struct sl_lin_part parts[] = {
    { SL_STR("local"), SL_STR("raw"), SL_STR("dt=2026-11-20"), SL_STR("fresh"), 569, 4096, 1 },
    { SL_STR("local"), SL_STR("gold"), SL_STR("dt=2026-11-20"), SL_STR("fresh"), 566, 2048, 2 },
  };
  struct sl_lin_run run = { .conn = SL_STR("reg"), .id = SL_STR("r1"), .name = SL_STR("one"), .commit = SL_STR("a625"), .ended = 5,
                            .inputs = sl_strn(inputs, ninputs) };
  struct sl_lin_data data = { .name = SL_STR("d"), .digest = SL_STR("3f"), .address = SL_STR("lake:gold/dt=2026-11-20/p"), .rows = 4 };
  struct sl_lin_version v = { .conn = SL_STR("reg"), .model = SL_STR("care"), .version = 4, .run = SL_STR("r1") };
  struct sl_lin_world w;
  sl_lin_world_init(&w);
  w.zone = zones;
  w.nzone = 2;
  w.job = &job;
  w.njob = 1;
  w.part = parts;
  w.nparts = 2;
  w.run = &run;
  w.nruns = 1;
  w.data = &data;
  w.ndata = 1;
  w.has_data = true;
  w.version = &v;
  w.nversions = 1;
  int rc = sl_lin_world_index(&w, err);
  rc = rc ? rc : sl_lineage_version(up, &w, &v, err);
  rc = rc ? rc : sl_lineage_partition(down, &w, SL_STR("raw"), SL_STR("dt=2026-11-20"), err);
  w.part = NULL;
  w.run = NULL;
  w.data = NULL;
  w.version = NULL;
  sl_lin_world_free(&w);
  return rc;
}

static void every_allocation(void **state)
{
  long at = -1;
  (void)state;
  struct sl_buf list;
  sl_buf_init(&list, 0);
  sl_list_add(&list, SL_STR("lake:gold/dt=2026-11-20/p"));
  ninputs = list.n;
  memcpy(inputs, list.p, list.n);
  sl_buf_free(&list);
  uint64_t all = 0;
  for (; at < (long)all; at++) {
    struct sl_lineage up, down;
    struct sl_err err = { 0 };
    int64_t live = sl_alloc_live();
    uint64_t before = sl_alloc_count();
    sl_lineage_init(&up);
    sl_lineage_init(&down);
    sl_fault_alloc(at, 0);
    int rc = everything(&up, &down, &err);
    sl_fault_alloc(-1, 0);
    if (at < 0) {
      all = sl_alloc_count() - before;
      assert_int_equal(rc, SL_OK);
      assert_true(up.n > 6 && down.n == 4);
    } else if (rc != SL_ENOMEM || err.code != SL_ENOMEM) {
      fail_msg("allocation %ld failing: %s", at, sl_code_name(rc));
    }
    sl_lineage_free(&up);
    sl_lineage_free(&down);
    assert_int_equal(sl_alloc_live(), live);
  }
  assert_true(all > 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
