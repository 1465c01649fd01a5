/* What only a person, a file or a command knows: prompts that are asked once for all, secrets wherever they are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "fake_backend.h"

static const struct fake_row abc[] = { { "a", "anna", "ok", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 }, { "c", "carl", "ok", 2, 2.5 } };
static struct fake *fake;

static int fresh(void **state)
{
  (void)state;
  fake_reset();
  fake = fake_of("fake");
  fake->rows = abc;
  fake->nrows = 3;
  unsetenv("FAKE_TOKEN");
  return 0;
}

static struct sl_query *query(const char *conn, const char *scope)
{
  struct sl_query like = { .res = &fake_things, .conn = sl_str(conn), .scope = sl_str(scope), .idle_ms = 5000 }, *q;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  return q;
}

static struct sl_secret *secret(const char *text)
{
  struct sl_secret *s = NULL;
  assert_int_equal(sl_secret_new(&s, sl_str(text), NULL), SL_OK);
  return s;
}

static void one_prompt_for_all_that_wait(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen a, b;
  struct fx_opts o = { .answers = true };
  fx_open(&f, &o);
  fake->ask = "passphrase";
  struct sl_query *p = query("fake", "p"), *q = query("fake", "q");
  fx_watch(&f, p, true, &a);
  fx_watch(&f, q, true, &b);
  fx_settle(&f); /* who waits for a person is settled */
  assert_int_equal(f.asks, 1);
  assert_string_equal(f.asked, "fake/passphrase");
  fx_pass(&f, 60000); /* a person may take their time */
  assert_false(a.done);
  struct sl_secret *s = secret("open sesame");
  sl_ws_answer(f.w, f.ask_id, &s);
  assert_null(s);
  fx_settle(&f);
  assert_true(a.done && b.done);
  assert_int_equal(a.src[0].state, SL_WHOLE);
  assert_int_equal(fake->answers, 2);
  assert_string_equal(fake->answer_was, "open sesame");
  sl_ws_answer(f.w, f.ask_id, NULL); /* twice: ignored */
  fx_forget(&a);
  fx_forget(&b);
  sl_query_unref(p);
  sl_query_unref(q);
  fx_close(&f);
}

static void declined_fails(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  struct fx_opts o = { .answers = true };
  fx_open(&f, &o);
  fake->ask = "passphrase";
  struct sl_query *q = query("fake", "");
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  struct sl_secret *none = NULL;
  sl_ws_answer(f.w, f.ask_id, &none);
  fx_settle(&f);
  assert_int_equal(s.src[0].err.code, SL_EAUTH);
  assert_string_equal(fake->answer_was, "declined");
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void nobody_to_ask_says_what_to_do(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake->ask = "passphrase";
  struct sl_query *q = query("fake", "");
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.src[0].err.code, SL_EAUTH);
  assert_string_equal(s.src[0].err.msg, "fake: passphrase is needed; run: sluice login fake");
  assert_int_equal(fake->cancels, 1);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_question_nobody_waits_for_is_withdrawn(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  struct fx_opts o = { .answers = true };
  fx_open(&f, &o);
  fake->ask = "passphrase";
  struct sl_query *q = query("fake", "");
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  sl_ws_unwatch(f.w, s.id);
  assert_int_equal(f.withdrawn, 1);
  struct sl_secret *late = secret("too late");
  sl_ws_answer(f.w, f.ask_id, &late);
  assert_int_equal(fake->answers, 0);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

/* ---- secrets of settings ---- */

/* The workspace's connection `one` with this token; what the backend got, "!CODE" for a failure. */
static void with_token(const char *token, const char *want, struct fx *f)
{
  char yaml[512];
  struct fx_seen s;
  struct fx_opts o = { .answers = true };
  snprintf(yaml, sizeof yaml, "connections:\n  one: {type: fake, uri: \"fake://one/\"%s%s}\n", token ? ", token: " : "",
           token ? token : "");
  o.workspace = yaml;
  fake->secret = "token";
  fx_open(f, &o);
  struct sl_query *q = query("one", "");
  fx_watch(f, q, true, &s);
  fx_settle(f);
  for (int i = 0; i < 200 && !fake->secret_was[0] && !f->asks; i++)
    sl_loop_turn(f->l, 10);
  if (want)
    assert_string_equal(fake->secret_was, want);
  fx_forget(&s);
  sl_query_unref(q);
}

static void a_secret_from_the_environment(void **state)
{
  (void)state;
  struct fx f;
  with_token("{env: FAKE_TOKEN}", "!EAUTH", &f);
  fx_close(&f);
  fresh(NULL);
  setenv("FAKE_TOKEN", "hunter22", 1);
  with_token("{env: FAKE_TOKEN}", "hunter22", &f);
  fx_close(&f);
}

static void a_secret_from_a_file_that_only_we_can_read(void **state)
{
  (void)state;
  struct fx f;
  const char *path = "/tmp/sluice-test-token";
  char yaml[128];
  assert_int_equal(sl_file_write(path, SL_STR("from-a-file\nsecond line\n"), 0600, NULL), SL_OK);
  snprintf(yaml, sizeof yaml, "{file: %s}", path);
  with_token(yaml, "from-a-file", &f);
  fx_close(&f);
  fresh(NULL);
  chmod(path, 0644);
  with_token(yaml, "!EAUTH", &f);
  fx_close(&f);
  remove(path);
}

static void a_command_needs_trust(void **state)
{
  (void)state;
  struct fx f;
  struct sl_err e = { 0 };
  with_token("{command: [echo, from-a-command]}", NULL, &f);
  assert_string_equal(fake->secret_was, ""); /* refused before anything was started: the connection did not open */
  char *path = sl_path_join(f.state_dir, "ws.yaml");
  assert_int_equal(sl_trust_add(path, &e), SL_OK);
  sl_free(path);
  struct fx_seen s;
  struct sl_query *q = query("one", "again");
  fx_watch(&f, q, true, &s);
  for (int i = 0; i < 300 && !fake->secret_was[0]; i++)
    sl_loop_turn(f.l, 10);
  assert_string_equal(fake->secret_was, "from-a-command");
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void the_person_is_asked_and_login_remembers(void **state)
{
  (void)state;
  struct fx f;
  with_token("ask", NULL, &f);
  assert_string_equal(f.asked, "one/token");
  struct sl_secret *s = secret("typed");
  sl_ws_answer(f.w, f.ask_id, &s);
  fx_settle(&f);
  assert_string_equal(fake->secret_was, "typed");
  fx_close(&f);
}

static void login_keeps_until_it_expires(void **state)
{
  (void)state;
  struct fx f;
  struct sl_err e = { 0 };
  with_token(NULL, "", &f); /* nothing is set: the connection does not open, and says so */
  struct sl_secret *s = secret("kept");
  assert_int_equal(sl_ws_login_put(f.w, "one", "token", s, 1795240800000 + 60000, &e), SL_OK);
  sl_secret_unref(s);
  struct fx_seen seen;
  struct sl_query *q = query("one", "x");
  fx_watch(&f, q, true, &seen);
  fx_settle(&f);
  assert_string_equal(fake->secret_was, "kept");
  fx_forget(&seen);
  fake->secret_was[0] = 0;
  struct sl_ws_conf *conf = fx_conf(&f, "connections:\n  one: {type: fake, uri: \"fake://two/\"}\n");
  assert_int_equal(sl_ws_reload(f.w, conf, &e), SL_OK); /* reopens */
  fx_pass(&f, 61000);
  fx_watch(&f, q, true, &seen);
  fx_settle(&f);
  assert_string_equal(fake->secret_was, ""); /* expired */
  assert_int_equal(seen.src[0].err.code, SL_EAUTH);
  assert_non_null(strstr(seen.src[0].err.msg, "sluice login one"));
  fx_forget(&seen);
  assert_int_equal(sl_ws_login_forget(f.w, "one", &e), SL_OK);
  sl_query_unref(q);
  sl_ws_conf_unref(conf);
  fx_close(&f);
}

static void closing_tells_who_waits_for_a_secret(void **state)
{
  (void)state;
  struct fx f;
  with_token("ask", NULL, &f);
  assert_int_equal(f.asks, 1);
  fx_close(&f);
  assert_string_equal(fake->secret_was, "!ECANCELED");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(one_prompt_for_all_that_wait, fresh),
    cmocka_unit_test_setup(declined_fails, fresh),
    cmocka_unit_test_setup(nobody_to_ask_says_what_to_do, fresh),
    cmocka_unit_test_setup(a_question_nobody_waits_for_is_withdrawn, fresh),
    cmocka_unit_test_setup(a_secret_from_the_environment, fresh),
    cmocka_unit_test_setup(a_secret_from_a_file_that_only_we_can_read, fresh),
    cmocka_unit_test_setup(a_command_needs_trust, fresh),
    cmocka_unit_test_setup(the_person_is_asked_and_login_remembers, fresh),
    cmocka_unit_test_setup(login_keeps_until_it_expires, fresh),
    cmocka_unit_test_setup(closing_tells_who_waits_for_a_secret, fresh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
