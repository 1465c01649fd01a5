/* What a backend asks of a person, on the screen: shown, answered, and taken away when nobody waits for the answer any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_backend.h"
#include "ui/ui_int.h" /* lint-ok: internal: tests look at the frame's own state */

static const struct fake_row one[] = { { "a", "anna", "ok", 3, 0.5 } };
static struct fx f;
static struct sl_ui *ui;

static int fresh(void **state)
{
  static const struct sl_view_ops *const none[] = { NULL };
  (void)state;
  fake_reset();
  struct fake *fake = fake_of("fake");
  fake->rows = one;
  fake->nrows = 1;
  fake->ask = "passphrase";
  fx_open(&f, NULL);
  struct sl_ui_opts o = { .ws = f.w, .views = none, .w = 80, .h = 24, .theme_dir = SLUICE_SOURCE_DIR "/themes" };
  return sl_ui_open(&ui, &o, NULL);
}

static int close_up(void **state)
{
  (void)state;
  sl_ui_close(ui);
  fx_close(&f);
  return 0;
}

static void ask(struct fx_seen *s)
{
  struct sl_query like = { .res = &fake_things, .conn = SL_STR("fake") }, *q = NULL;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  fx_watch(&f, q, true, s);
  sl_query_unref(q);
  fx_settle(&f);
  assert_int_equal(ui->nover, 1);
}

static void answered(void **state)
{
  struct fx_seen s;
  (void)state;
  ask(&s);
  sl_ui_key(ui, 'x');
  sl_ui_key(ui, SL_KEY_ENTER);
  fx_settle(&f);
  assert_int_equal(ui->nover, 0);
  assert_true(s.done);
  assert_string_equal(fake_of("fake")->answer_was, "x");
  fx_forget(&s);
}

static void withdrawn(void **state)
{
  struct fx_seen s;
  (void)state;
  ask(&s);
  sl_help_open(ui); /* drawn over it: stays */
  sl_ws_unwatch(f.w, s.id);
  fx_settle(&f);
  assert_int_equal(ui->nover, 1);
  sl_overlay_pop(ui);
  assert_int_equal(ui->nover, 0);
  fx_forget(&s);
}

static void left_open(void **state)
{
  struct fx_seen s;
  (void)state;
  ask(&s);
  fx_forget(&s); /* the frame closes while it asks */
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(answered, fresh, close_up),
                                      cmocka_unit_test_setup_teardown(withdrawn, fresh, close_up),
                                      cmocka_unit_test_setup_teardown(left_open, fresh, close_up) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
