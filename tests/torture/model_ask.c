/* Asking, configuration and capsules with everything failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "act_bench.h"
#include "base/file.h"
#include "model/capsule.h"
#include "torture.h"

static struct fx f;
static struct fx_seen seen;
static struct fake *fake;
static char file[96];

static void before(void)
{
  fake_reset();
  fake = fake_of("fake");
  fake->made = 300;
  fx_open(&f, NULL);
  snprintf(file, sizeof file, "%s/x.capsule", f.state_dir);
}

static void finish(void)
{
  fx_close(&f);
}

/* ---- a filtered and sorted listing ---- */

static int query_make(struct sl_query **q, struct sl_err *err)
{
  struct sl_query like = { .res = &fake_things, .conn = SL_STR("fake") };
  int rc = sl_filter_parse(&like.where, SL_STR("size >= 100 and state = 'failed'"), 0, NULL, err);
  if (!rc)
    rc = sl_order_parse(&like.order, SL_STR("-size,name"), err);
  if (!rc)
    rc = sl_query_new(q, &like, err);
  sl_filter_unref(like.where);
  sl_order_unref(like.order);
  return rc;
}

static int ask(struct sl_err *err)
{
  struct sl_query *q = NULL;
  int rc = query_make(&q, err);
  if (!rc)
    rc = fx_try(&f, q, &seen, err);
  sl_query_unref(q);
  if (rc)
    return rc;
  fx_settle(&f);
  if (!seen.done) /* told, whatever happened */
    fail_msg("not told: %d calls, state %d, %s", seen.calls, (int)seen.src[0].state, seen.src[0].err.msg);
  assert_true(seen.nsrc > 0);
  if (seen.src[0].state == SL_FAILED)
    rc = sl_err_set(err, seen.src[0].err.code, "%s", seen.src[0].err.msg);
  if (!rc && seen.src[0].state == SL_WHOLE)
    assert_int_equal(seen.rows, 100);
  return rc;
}

static int ask_run(struct sl_err *err)
{
  int rc = ask(err);
  fx_forget(&seen);
  return rc;
}

static void ask_after(int rc, bool harmed)
{
  struct sl_err e = { 0 };
  (void)rc;
  (void)harmed;
  if (ask(&e)) /* nothing of it stays broken */
    fail_msg("%s", e.msg);
  fx_forget(&seen);
  assert_int_equal(f.w->violations, 0);
}

static void listing(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "query", .before = before, .run = ask_run, .after = ask_after, .finish = finish });
}

/* ---- the workspace file ---- */

static struct sl_ws_conf *conf;

static void conf_before(void)
{
  before();
  snprintf(file, sizeof file, "%s/w.yaml", f.state_dir);
  static const char yaml[] = "environment: dev\n"
                             "connections:\n"
                             "  mine: {type: fake, uri: \"file:///tmp\"}\n"
                             "lake:\n"
                             "  zones:\n"
                             "    - {name: raw, uri: \"file:///tmp/raw\", layout: \"dt=%Y-%m-%d\", fresh_within: 26h, connection: mine}\n";
  assert_int_equal(sl_file_write(file, sl_str(yaml), 0600, NULL), SL_OK);
}

static int conf_run(struct sl_err *err)
{
  struct sl_type_conf types[8];
  size_t n = 0;
  for (; fake_backends[n]; n++)
    types[n] = (struct sl_type_conf){ .type = fake_backends[n]->type, .help = fake_backends[n]->help, .settings =
        fake_backends[n]->settings,
                                      .nsettings = fake_backends[n]->nsettings, .implicit = fake_backends[n]->implicit };
  int rc = sl_ws_conf_load(&conf, file, types, n, err);
  if (!rc)
    sl_ws_conf_unref(conf);
  conf = NULL;
  return rc;
}

static void loading(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "workspace file", .before = conf_before, .run = conf_run, .finish = finish });
}

/* ---- a capsule ---- */

static int cap_run(struct sl_err *err)
{
  struct sl_capsule_rec *rec = NULL;
  struct sl_capsule *cap = NULL;
  struct sl_buf b;
  int rc = sl_capsule_record_begin(&rec, f.w, NULL, err);
  if (rc)
    return rc;
  rc = ask_run(err);
  int end = sl_capsule_record_end(&rec, rc ? NULL : file, rc ? NULL : err);
  rc = rc ? rc : end;
  sl_buf_init(&b, 0);
  if (!rc)
    rc = sl_file_read(&b, file, 1 << 24, err);
  if (!rc)
    rc = sl_capsule_read(&cap, sl_buf_view(&b), err);
  sl_capsule_free(cap);
  sl_buf_free(&b);
  return rc;
}

/* A file that is there is whole, whatever was said. */
static void cap_after(int rc, bool harmed)
{
  struct sl_capsule *cap = NULL;
  struct sl_buf b;
  struct sl_err e = { 0 };
  (void)harmed;
  sl_buf_init(&b, 0);
  if (sl_file_exists(file)) {
    assert_int_equal(sl_file_read(&b, file, 1 << 24, NULL), SL_OK);
    if (sl_capsule_read(&cap, sl_buf_view(&b), &e))
      fail_msg("%s", e.msg);
  } else {
    assert_int_not_equal(rc, SL_OK);
  }
  sl_capsule_free(cap);
  sl_buf_free(&b);
}

static void recording(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "capsule", .before = before, .run = cap_run, .after = cap_after, .finish = finish });
}

int main(void)
{
  sl_mem_install_hooks();
  const struct CMUnitTest tests[] = { cmocka_unit_test(listing), cmocka_unit_test(loading), cmocka_unit_test(recording) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
