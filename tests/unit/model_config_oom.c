/* Configuration, partitions and trust with every allocation, and every call on files, failing in turn: an error each time, never a wrong
 * verdict, nothing left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/lake.h"
#include "model_conf_types.h"

static bool trusts(const struct sl_ws_conf *c)
{
  bool has;
  return !sl_trust_look(c, &has, NULL) && has;
}

static char folder[] = "/tmp/sluice-oom-XXXXXX";

static int set_up(void **state)
{
  (void)state;
  return mkdtemp(folder) && chdir(folder) == 0 && !setenv("XDG_CONFIG_HOME", folder, 1) && !setenv("XDG_STATE_HOME", folder, 1) ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  return chdir("/") == 0 ? sl_rmtree(folder, NULL) : -1;
}

static const char right[] =
  "environment: prod\ntimezone: Europe/Berlin\n"
  "connections:\n"
  "  a: {type: mlflow, uri: \"sqlite:///x.db\", token: {command: [pass, x]}, headers: [a, b], cert: c.pem, cache: 10MB, mode: fast,\n"
  "      days: \"dt=%Y\", due: \"@daily\", zone: Asia/Tokyo, root: data, peers: b, keep: 1h}\n"
  "  b: {type: mlflow, uri: \"http://me:pw1@h/\", token: literal}\n"
  "lake:\n  zones:\n    - {name: raw, uri: lake/raw, layout: \"dt=%Y-%m-%d\", fresh_within: 26h, schedule: \"0 6 * * *\"}\n"
  "jobs:\n  one: {params: {dt: x}, reads: raw, steps: {a: {run: [b, \"${dt}\"]}, c: {run: [d], after: [a]}}}\n"
  "  two: {after: [one], steps: {a: {run: [b]}}}\n"
  "models:\n  m:\n    evidence: {rescore: {data: data/x, max_age: 1d}}\n    gates: [\"metrics.auc > champion.metrics.auc - 0.1\"]\n"
  "    approval: {approvers: [lead], lease: \"dir:leases\"}\n    notify: {env: HOOK}\n"
  "people:\n  lead:\n    keys: [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKyNqiaFVnTmDTb2aVp3XRWOGHKYJNvHFyGYjSVRag26\"]\n"
  "    identities: [\"mlflow:lead\"]\n    revoked: [\"SHA256:Bpurir4IhsqXaThVo92V4awjlpvgVo1KS9sJDEuQVC0\"]\n";

/* Runs it with allocation n failing, for n = 0, 1, ... until it succeeds. */
static void each_fails(int (*run)(void), int also)
{
  long n = 0;
  int rc;
  do {
    int64_t live = sl_alloc_live();
    sl_fault_alloc(n, 0);
    rc = run();
    sl_fault_alloc(-1, 0);
    if (rc != SL_OK && rc != SL_ENOMEM && rc != also)
      fail_msg("allocation %ld failing: %s", n, sl_code_name(rc));
    if (sl_alloc_live() != live)
      fail_msg("allocation %ld failing: %lld pieces left behind", n, (long long)(sl_alloc_live() - live));
  } while (rc && ++n < 5000);
  assert_in_range(n, 1, 4999);
}

static int load_and_write(void)
{
  struct sl_ws_conf *c;
  struct sl_buf b;
  int rc = sl_ws_conf_parse(&c, sl_str(right), "w.yaml", NULL, types, NTYPES, NULL);
  if (rc)
    return rc;
  sl_buf_init(&b, 0);
  rc = sl_ws_conf_write(c, &b, NULL);
  sl_buf_free(&b);
  char hex[65];
  size_t n;
  if (!rc)
    rc = sl_ws_conf_policy(c, sl_ws_conf_models(c, &n), hex, NULL);
  sl_ws_conf_unref(c);
  return rc;
}

static void loading(void **state)
{
  (void)state;
  each_fails(load_and_write, SL_OK);
}

static const char *wrong;

static int refuse(void)
{
  struct sl_ws_conf *c;
  int rc = sl_ws_conf_parse(&c, sl_str(wrong), "w.yaml", NULL, types, NTYPES, NULL);
  assert_null(c);
  return rc == SL_ECONFIG ? SL_OK : rc ? rc : SL_EINTERNAL;
}

static void mistakes(void **state)
{
  (void)state;
  static const char *const texts[] = {
    "conections: {}\n", "connections:\n  a: {type: mlfow}\n", "connections:\n  a: {type: mlflow, uri: \"http://a\", mode: fats}\n",
    "connections:\n  a: {type: mlflow, uri: \"http://a\", timeout: 2h}\n", "jobs:\n  a: {after: [a], steps: {s: {run: [x]}}}\n",
    "jobs:\n  a: {params: {dt: 1}, steps: {s: {run: [\"${td}\"]}}}\n", "lake: {zones: [{name: a, uri: x}, {name: a, uri: y}]}\n",
    "people: {a: {keys: [\"ssh-dss AAAA\"]}}\n", "people: {a: {identities: [\"b:c\"]}, b: {identities: [\"b:c\"]}}\n",
    "models: {m: {gates: [\"metric.auc > 1\"]}}\n", "models: {m: {approval: {approvers: [lead]}}}\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    wrong = texts[i];
    each_fails(refuse, SL_OK);
  }
}

static int person(void)
{
  struct sl_person *p;
  int rc = sl_person_load(&p, "c.yaml", NULL);
  sl_person_free(p);
  return rc;
}

static int find(void)
{
  char *path;
  int rc = sl_ws_find(&path, "sub", NULL, NULL);
  sl_free(path);
  return rc;
}

static int environment(void)
{
  struct sl_ws_conf *c;
  int rc = sl_ws_conf_environment(&c, "sub", types, NTYPES, NULL);
  sl_ws_conf_unref(c);
  return rc;
}

static int tell(void)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  int rc = sl_conf_schema(&b, types, NTYPES, NULL);
  if (!rc)
    rc = sl_conf_markdown(&b, types, NTYPES, NULL);
  sl_buf_free(&b);
  return rc;
}

static int add(void)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  int rc = sl_ws_conf_add_text(&b, "w.yaml", "new", SL_STR("type: x\n"), SL_STR("connections:\n  a: {type: y}\n"), NULL);
  sl_buf_free(&b);
  return rc;
}

static void the_rest(void **state)
{
  (void)state;
  assert_int_equal(sl_file_write("c.yaml", SL_STR("me: {name: ana, key: k}\ntimezone: Asia/Tokyo\nbox: {memory: 2GB}\n"), 0600, NULL),
                   SL_OK);
  assert_int_equal(sl_mkdirs("sub", 0755, NULL), SL_OK);
  assert_int_equal(sl_file_write("sub/sluice.yaml", SL_STR("readonly: true\n"), 0600, NULL), SL_OK);
  assert_int_equal(sl_file_write("sub/a.csv", SL_STR("x\n"), 0600, NULL), SL_OK);
  each_fails(person, SL_OK);
  each_fails(find, SL_OK);
  each_fails(environment, SL_OK);
  each_fails(tell, SL_OK);
  each_fails(add, SL_OK);
}

static int lake(void)
{
  static const struct sl_zone z = { .name = "raw", .layout = "dt=%Y-%m-%d", .fresh_within_s = 26 * 3600.0, .schedule = "0 6 * * *" };
  struct sl_lake_acc *a;
  const struct sl_lake_part *p;
  size_t n;
  int rc = sl_lake_begin(&a, &z, NULL, 1795219200000, NULL);
  if (rc)
    return rc;
  if ((rc = sl_lake_add(a, SL_STR("dt=2026-11-01/x"), 1, 0, -1, NULL)) == SL_OK)
    rc = sl_lake_add(a, SL_STR("dt=2026-11-20/x"), 1, 0, -1, NULL);
  if (!rc && (rc = sl_lake_end(a, true, &p, &n, NULL)) == SL_OK && n != 20)
    rc = SL_EINTERNAL;
  sl_lake_free(a);
  return rc;
}

static void partitions(void **state)
{
  (void)state;
  each_fails(lake, SL_OK);
}

/* Trust is refused where anything fails, and never given; a failed write leaves what was there. */
static void trust(void **state)
{
  (void)state;
  struct sl_ws_conf *c;
  assert_int_equal(sl_mkdirs("t", 0755, NULL), SL_OK);
  assert_int_equal(sl_file_write("t/w.yaml", SL_STR("readonly: true\n"), 0600, NULL), SL_OK);
  assert_int_equal(sl_ws_conf_load(&c, "t/w.yaml", types, NTYPES, NULL), SL_OK);
  for (long n = 0, failed = 1; failed; n++) {
    assert_in_range(n, 0, 500);
    sl_fault_alloc(n, 0);
    failed = sl_trust_add("t/w.yaml", NULL) != SL_OK;
    sl_fault_alloc(-1, 0);
  }
  assert_true(trusts(c));
  for (long n = 0; n < 3; n++) {
    sl_fault_alloc(n, 1);
    assert_false(trusts(c));
    sl_fault_alloc(-1, 0);
  }
  assert_int_equal(sl_file_write("t/w.yaml", SL_STR("readonly: false\n"), 0600, NULL), SL_OK);
  for (long n = 0, failed = 1; failed; n++) {
    assert_in_range(n, 0, 500);
    sl_fault_io_after(n, 0, ENOSPC);
    failed = sl_trust_add("t/w.yaml", NULL) != SL_OK;
    sl_fault_io_after(-1, 0, 0);
    assert_true(trusts(c)); /* the bytes that were trusted before still are */
  }
  sl_ws_conf_unref(c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(loading), cmocka_unit_test(mistakes), cmocka_unit_test(the_rest), cmocka_unit_test(partitions),
    cmocka_unit_test(trust),
  };
  return cmocka_run_group_tests_name("model_config_oom", tests, set_up, tear_down);
}
