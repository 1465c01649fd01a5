/* What a backend asks of a person, on the screen: shown, answered, and taken away when nobody waits for the answer any more; and
 * what a confirmation shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "act_bench.h"
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

/* ---- the confirmation shows all that it does ---- */

static void whole_calls(void **state)
{
  struct fa a;
  struct sl_grid g;
  char path[301], doc[400], lines[3][80];
  struct sl_buf dump;
  (void)state;
  memset(path, 'p', sizeof path - 1);
  path[sizeof path - 1] = 0;
  memcpy(path + 140, "MIDDLE", 6);
  memcpy(path + 294, "/alpha", 6);
  snprintf(doc, sizeof doc, "{\"calls\":[\"unlink %s\"]}", path);
  fake_of("fake")->ask = NULL;
  fake_of("fake")->dry_doc = doc;
  assert_int_equal(fa_call(&f, &a, &fake_act_look, "a", NULL), SL_OK);
  sl_confirm_open(ui, &a.plan);
  assert_int_equal(sl_grid_init(&g, 80, 24, NULL), SL_OK);
  ui->over[0]->ops->draw(ui->over[0], &g);
  sl_buf_init(&dump, 1 << 20);
  assert_int_equal(sl_grid_dump(&g, false, &dump), SL_OK);
  const char *text = sl_buf_zstr(&dump);
  assert_non_null(strstr(text, "unlink pppp"));
  assert_non_null(strstr(text, "/alpha"));
  assert_non_null(strstr(text, "undo"));
  for (size_t i = 0; i < 3; i++) { /* each line in full, none cut */
    snprintf(lines[i], sizeof lines[i], "%.60s", path + i * 69 + 62);
    assert_non_null(strstr(text, lines[i]));
  }
  assert_null(strstr(text, "..."));
  sl_buf_free(&dump);
  sl_grid_free(&g);
}

/* Of many, the last is seen as well: with a decision it is the one that moves the alias. */
static void last_call(void **state)
{
  struct fa a;
  struct sl_grid g;
  char doc[400] = "{\"calls\":[";
  struct sl_buf dump;
  (void)state;
  for (size_t i = 1; i < 12; i++)
    snprintf(doc + strlen(doc), sizeof doc - strlen(doc), "\"tag %zu\",", i);
  snprintf(doc + strlen(doc), sizeof doc - strlen(doc), "\"champion -> 7\"]}");
  fake_of("fake")->ask = NULL;
  fake_of("fake")->dry_doc = doc;
  assert_int_equal(fa_call(&f, &a, &fake_act_look, "a", NULL), SL_OK);
  sl_confirm_open(ui, &a.plan);
  assert_int_equal(sl_grid_init(&g, 80, 24, NULL), SL_OK);
  ui->over[0]->ops->draw(ui->over[0], &g);
  sl_buf_init(&dump, 1 << 20);
  assert_int_equal(sl_grid_dump(&g, false, &dump), SL_OK);
  const char *text = sl_buf_zstr(&dump);
  assert_non_null(strstr(text, "6  tag 6 "));
  assert_null(strstr(text, "tag 7 "));
  assert_non_null(strstr(text, "and 5 more"));
  assert_non_null(strstr(text, "12 champion -> 7"));
  sl_buf_free(&dump);
  sl_grid_free(&g);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(last_call, fresh, close_up),
                                      cmocka_unit_test_setup_teardown(answered, fresh, close_up),
                                      cmocka_unit_test_setup_teardown(withdrawn, fresh, close_up),
                                      cmocka_unit_test_setup_teardown(left_open, fresh, close_up),
                                      cmocka_unit_test_setup_teardown(whole_calls, fresh, close_up) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
