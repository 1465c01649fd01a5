/* What a query comes to: rows of several connections in one order, partial and cut answers, deadlines, cancelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_backend.h"

static const struct fake_row abc[] = { { "a", "anna", "ok", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 }, { "c", "carl", "ok", 2, 2.5 } };
static const struct fake_row xyz[] = { { "x", "bart", "ok", 9, 0 }, { "y", "anna", "ok", 8, 0 } };

static void script(const char *type, const struct fake_row *rows, size_t n)
{
  fake_of(type)->rows = rows;
  fake_of(type)->nrows = n;
}

static int fresh(void **state)
{
  (void)state;
  fake_reset();
  script("fake", abc, 3);
  script("other", xyz, 2);
  return 0;
}

static struct sl_query *of_fake(const char *where, const char *order, uint64_t limit)
{
  struct sl_query *q = fx_query(where, order, limit), *mine = NULL;
  struct sl_query like = *q;
  like.conn = SL_STR("fake");
  assert_int_equal(sl_query_new(&mine, &like, NULL), SL_OK);
  sl_query_unref(q);
  return mine;
}

static void expect_ids(const struct fx_seen *s, const char *want)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  fx_ids(s, &b);
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

static void merges_by_order_ties_by_ref(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->delay_ms = 20; /* arrival does not matter */
  struct sl_query *q = fx_query(NULL, NULL, 0);
  fx_watch(&f, q, false, &s);
  fx_pass(&f, 100);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.nsrc, 2);
  assert_int_equal(s.src[0].state, SL_WHOLE);
  assert_int_equal(s.src[1].state, SL_WHOLE);
  assert_int_equal(s.src[0].rows, 3);
  expect_ids(&s, "a y x b c"); /* anna (fake), anna (other), bart, bert, carl */
  assert_false(s.stale);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
  assert_int_equal(fake_of("fake")->closes, 1);
  assert_int_equal(fake_of("other")->closes, 1);
  assert_int_equal(fake_of("third")->opens, 0); /* never asked, never opened */
}

static void own_columns_stand_beside_each_other(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = fx_query(NULL, NULL, 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  struct sl_schema *schema = sl_snap_schema(s.snap);
  assert_int_equal(sl_schema_count(schema), 6);
  assert_int_equal(sl_schema_find(schema, SL_STR("shelf")), 5);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void filters_sorts_and_cuts_here(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = of_fake("state = ok", "-size", 1);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_true(s.filtered_here);
  assert_int_equal(s.loaded, 3);
  expect_ids(&s, "a");
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void believes_what_the_backend_did(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->did = SL_DID_WHERE | SL_DID_ORDER;
  struct sl_query *q = of_fake("size > 0", "score", 2);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_false(s.filtered_here);
  expect_ids(&s, "a b");
  assert_int_equal(s.src[0].state, SL_WHOLE); /* what was asked for */
  assert_string_equal(s.src[0].note, "first 2, as asked");
  assert_int_equal(fake_of("fake")->cancels, 1); /* the rest is not read */
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void wrong_columns_are_refused_at_once(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  struct sl_err e = { 0 };
  fx_open(&f, NULL);
  struct sl_query *q = fx_query("sice > 3", NULL, 0);
  assert_int_equal(fx_try(&f, q, &s, &e), SL_EUSAGE);
  assert_non_null(strstr(e.msg, "size"));
  assert_int_equal(fake_of("fake")->queries, 0);
  sl_query_unref(q);
  struct sl_query like = { .res = &fake_things, .conn = SL_STR("fske") };
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  assert_int_equal(fx_try(&f, q, &s, &e), SL_EUSAGE);
  assert_string_equal(e.msg, "no connection fske in this workspace; did you mean fake?");
  sl_query_unref(q);
  like = (struct sl_query){ .res = &fake_things, .conn = SL_STR("third") };
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  assert_int_equal(fx_try(&f, q, &s, &e), SL_EUNSUP);
  sl_query_unref(q);
  like = (struct sl_query){ .res = &fake_parts };
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  assert_int_equal(fx_try(&f, q, &s, &e), SL_EUSAGE);
  assert_string_equal(e.msg, "parts of what? it takes a thing's id");
  sl_query_unref(q);
  like = (struct sl_query){ .res = &sl_res_runs };
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  assert_int_equal(fx_try(&f, q, &s, &e), SL_EUNSUP);
  sl_query_unref(q);
  fx_close(&f);
}

static void one_of_two_failed_is_partial(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("other")->fail = SL_ENET;
  fake_of("other")->fail_after = 1;
  fake_of("other")->message = "connection reset";
  struct sl_query *q = fx_query(NULL, NULL, 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.src[0].state, SL_WHOLE);
  assert_int_equal(s.src[1].state, SL_FAILED);
  assert_int_equal(s.src[1].err.code, SL_ENET);
  assert_string_equal(s.src[1].err.msg, "connection reset");
  expect_ids(&s, "a x b c"); /* what came of it stays */
  assert_false(s.stale);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void refusal_and_closed_doors_are_sources_that_failed(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->refuse = SL_EUNSUP;
  fake_of("other")->open_fails = SL_EAUTH;
  struct sl_query *q = fx_query(NULL, NULL, 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.src[0].err.code, SL_EUNSUP);
  assert_int_equal(s.src[1].err.code, SL_EAUTH);
  assert_null(s.snap);
  fake_of("other")->open_fails = 0; /* tried again when asked again, from zeroed state */
  fake_of("fake")->refuse = 0;
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(s.src[1].state, SL_WHOLE);
  assert_int_equal(fake_of("other")->opens, 2);
  assert_int_equal(fake_of("other")->state_was, 0);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void cap_cuts_and_says_so(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->made = 5003;
  fake_of("fake")->batch = 1000;
  struct sl_query *q = of_fake(NULL, NULL, 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(s.src[0].state, SL_CUT);
  assert_int_equal(s.rows, 5000);
  assert_string_equal(s.src[0].note, "first 5000 of more");
  assert_int_equal(fake_of("fake")->cancels, 1);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
  fake_reset();
  fake_of("fake")->made = 5003;
  struct fx_opts headless = { .headless = true };
  fx_open(&f, &headless);
  q = of_fake(NULL, NULL, 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(s.rows, 5003); /* headless: no cap */
  assert_int_equal(s.src[0].state, SL_WHOLE);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void exactly_the_cap_is_whole(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->made = 5000;
  fake_of("fake")->batch = 1000;
  struct sl_query *q = of_fake(NULL, NULL, 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(s.src[0].state, SL_WHOLE);
  assert_int_equal(s.rows, 5000);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void cut_by_the_backend_keeps_its_note(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->cut = "a page was lost";
  struct sl_query *q = of_fake(NULL, NULL, 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(s.src[0].state, SL_CUT);
  assert_string_equal(s.src[0].note, "a page was lost");
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

/* A sentence with a path in it comes whole; what is longer than any ends behind a whole character. */
static void long_notes_are_not_cut(void **state)
{
  (void)state;
  char text[2 * SL_NOTE_MAX + 1];
  for (size_t n = 90; n <= 2 * SL_NOTE_MAX; n += n < SL_NOTE_MAX - 8 ? 80 : 1) {
    struct fx f;
    struct fx_seen s;
    fx_open(&f, NULL);
    for (size_t i = 0; i < n; i++)
      text[i] = "\u00e4"[i % 2];
    text[n & ~(size_t)1] = 0;
    fake_of("fake")->cut = text;
    struct sl_query *q = of_fake(NULL, NULL, 0);
    fx_watch(&f, q, true, &s);
    fx_settle(&f);
    const char *note = s.src[0].note;
    if (strlen(text) < SL_NOTE_MAX)
      assert_string_equal(note, text);
    else
      assert_true(strlen(note) > SL_NOTE_MAX - 6 && strlen(note) % 2 && !strcmp(note + strlen(note) - 3, "\u2026"));
    fx_forget(&s);
    sl_query_unref(q);
    fx_close(&f);
    n = n > SL_NOTE_MAX + 4 ? 2 * SL_NOTE_MAX : n;
  }
}

/* What a source is at is told while it is at it, and is no note of what came in the end. */
static void what_it_is_at_goes_with_the_end(void **state)
{
  static const struct fake_row row[] = { { .name = "a" } };
  (void)state;
  for (int round = 0; round < 3; round++) {
    struct fx f;
    struct fx_seen s;
    fx_open(&f, NULL);
    struct fake *k = fake_of("fake");
    k->rows = row;
    k->nrows = 1;
    k->say = "copying the model, 34 MB";
    k->never = !round;
    k->cut = round == 2 ? "a page was lost" : NULL;
    struct sl_query *q = of_fake(NULL, NULL, 0);
    fx_watch(&f, q, true, &s);
    if (round)
      fx_settle(&f);
    else
      fx_pass(&f, 100);
    assert_int_equal(s.src[0].state, !round ? SL_FLOWING : round == 1 ? SL_WHOLE : SL_CUT);
    assert_string_equal(s.src[0].note, !round ? "copying the model, 34 MB" : round == 1 ? "" : "a page was lost");
    sl_ws_unwatch(f.w, s.id);
    fx_forget(&s);
    sl_query_unref(q);
    fx_close(&f);
  }
}

static void unwatching_cancels_and_a_late_end_is_ignored(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->delay_ms = 1000;
  fake_of("fake")->late_end_ms = 500;
  struct sl_query *q = of_fake(NULL, NULL, 0);
  fx_watch(&f, q, false, &s);
  fx_turn(&f, 3);
  int calls = s.calls;
  sl_ws_unwatch(f.w, s.id);
  assert_int_equal(fake_of("fake")->cancels, 1);
  assert_non_null(f.w->reqs); /* the backend is not done with it */
  fx_pass(&f, 600);
  assert_null(f.w->reqs);
  assert_int_equal(s.calls, calls);
  assert_int_equal(f.w->violations, 0);
  assert_null(f.w->answers);
  sl_ws_unwatch(f.w, s.id); /* a stale id is ignored */
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void unwatching_from_the_callback(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->delay_ms = 1000;
  struct sl_query *q = of_fake(NULL, NULL, 0);
  fx_watch(&f, q, false, &s);
  s.unwatch = true;
  fx_turn(&f, 3);
  assert_int_equal(s.calls, 1);
  assert_int_equal(fake_of("fake")->cancels, 1);
  assert_null(f.w->answers);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void silence_ends_at_the_idle_deadline(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->silent = true;
  struct sl_query *q = of_fake(NULL, NULL, 0);
  q->idle_ms = 3000;
  fx_watch(&f, q, true, &s);
  fx_pass(&f, 2900);
  assert_false(s.done);
  fx_pass(&f, 200);
  assert_true(s.done);
  assert_int_equal(s.src[0].err.code, SL_ETIMEOUT);
  assert_string_equal(s.src[0].err.msg, "no answer for 3 s; try again, or give the connection a longer `timeout`");
  assert_int_equal(fake_of("fake")->cancels, 1);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void rows_push_the_idle_deadline_but_not_the_total_one(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->made = 1000;
  fake_of("fake")->batch = 10;
  fake_of("fake")->gap_ms = 800;
  struct sl_query *q = of_fake(NULL, NULL, 0);
  q->idle_ms = 1000;
  q->total_ms = 5000;
  fx_watch(&f, q, true, &s);
  fx_pass(&f, 4900);
  assert_false(s.done);
  fx_pass(&f, 200);
  assert_true(s.done);
  assert_int_equal(s.src[0].err.code, SL_ETIMEOUT);
  assert_string_equal(s.src[0].err.msg, "fake: not finished within 5 s");
  assert_int_equal(s.rows, 70); /* half an answer is shown as such */
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void following_has_no_total_deadline(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("third")->rows = abc;
  fake_of("third")->nrows = 3;
  fake_of("third")->never = true;
  struct sl_query like = { .res = &fake_lines, .kind = SL_Q_FOLLOW, .conn = SL_STR("third"), .idle_ms = 1000, .total_ms = 2000 }, *q;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  fx_watch(&f, q, false, &s);
  fx_settle(&f); /* a log that waits for lines is settled */
  fx_pass(&f, 10000);
  assert_int_equal(s.rows, 3);
  assert_false(s.done);
  assert_int_equal(s.src[0].state, SL_FLOWING);
  sl_ws_unwatch(f.w, s.id);
  assert_int_equal(fake_of("third")->cancels, 1);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void one_row_and_its_document(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->nrows = 1;
  fake_of("fake")->doc = "{\"a\":1}";
  struct sl_query like = { .res = &fake_things, .kind = SL_Q_GET, .conn = SL_STR("fake"), .scope = SL_STR("a") }, *q;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_string_equal(s.doc, "{\"a\":1}");
  assert_string_equal(s.first, "a");
  assert_string_equal(fake_of("fake")->scope, "a");
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void nothing_there_is_an_answer(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->nrows = 0;
  struct sl_query *q = of_fake(NULL, NULL, 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_non_null(s.snap);
  assert_int_equal(s.rows, 0);
  assert_int_equal(s.src[0].total, 0);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(merges_by_order_ties_by_ref, fresh),
    cmocka_unit_test_setup(own_columns_stand_beside_each_other, fresh),
    cmocka_unit_test_setup(filters_sorts_and_cuts_here, fresh),
    cmocka_unit_test_setup(believes_what_the_backend_did, fresh),
    cmocka_unit_test_setup(wrong_columns_are_refused_at_once, fresh),
    cmocka_unit_test_setup(one_of_two_failed_is_partial, fresh),
    cmocka_unit_test_setup(refusal_and_closed_doors_are_sources_that_failed, fresh),
    cmocka_unit_test_setup(cap_cuts_and_says_so, fresh),
    cmocka_unit_test_setup(exactly_the_cap_is_whole, fresh),
    cmocka_unit_test_setup(cut_by_the_backend_keeps_its_note, fresh),
    cmocka_unit_test_setup(long_notes_are_not_cut, fresh),
    cmocka_unit_test_setup(what_it_is_at_goes_with_the_end, fresh),
    cmocka_unit_test_setup(unwatching_cancels_and_a_late_end_is_ignored, fresh),
    cmocka_unit_test_setup(unwatching_from_the_callback, fresh),
    cmocka_unit_test_setup(silence_ends_at_the_idle_deadline, fresh),
    cmocka_unit_test_setup(rows_push_the_idle_deadline_but_not_the_total_one, fresh),
    cmocka_unit_test_setup(following_has_no_total_deadline, fresh),
    cmocka_unit_test_setup(one_row_and_its_document, fresh),
    cmocka_unit_test_setup(nothing_there_is_an_answer, fresh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
