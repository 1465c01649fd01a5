/* Following a log through the door, and the sink port: growth is seen, a filter is kept to, leaving and closing at any moment is fine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend_local/local.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/ws_int.h" /* lint-ok: internal: the sink port has no other door yet */

static char root[64], log_path[128];
static struct sl_loop *l;
static struct sl_ws *w;

static int64_t real_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int fresh(void **state)
{
  static const struct sl_backend_ops *const backends[] = { &sl_backend_local, NULL };
  struct sl_err e = { 0 };
  (void)state;
  memcpy(root, "/tmp/sluice-fol-XXXXXX", sizeof "/tmp/sluice-fol-XXXXXX");
  assert_non_null(mkdtemp(root));
  snprintf(log_path, sizeof log_path, "%s/app.log", root);
  assert_int_equal(sl_loop_open(&l, &e), SL_OK);
  struct sl_ws_opts o = { .backends = backends, .state_dir = root, .exe = "/bin/false", .headless = true, .threads = 2 };
  assert_int_equal(sl_ws_open(&w, l, &o, &e), SL_OK);
  return 0;
}

static int clear(void **state)
{
  (void)state;
  sl_ws_close(w);
  sl_loop_close(l);
  return sl_rmtree(root, NULL);
}

static void put(const char *text, const char *mode)
{
  FILE *f = fopen(log_path, mode);
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

struct seen { uint64_t rows, loaded, dropped; int rc; char first[256]; };

static void on_changed(void *user, sl_watch id, const struct sl_answer *a)
{
  struct seen *s = user;
  struct sl_batch *b = NULL;
  (void)id;
  s->rows = a->snap ? sl_snap_count(a->snap) : 0;
  s->dropped = a->dropped;
  for (size_t i = 0; i < a->nsrc; i++)
    s->rc = a->src[i].state == SL_FAILED ? a->src[i].err.code : s->rc;
  if (s->rows && !sl_snap_page(a->snap, 0, 1, &b, NULL, NULL, NULL)) {
    struct sl_val v = sl_batch_get(b, 0, 3);
    snprintf(s->first, sizeof s->first, "%.*s", SL_ARG(v.u.s));
  }
  sl_batch_unref(b);
}

static sl_watch follow(struct seen *s, const char *filter)
{
  struct sl_query like = { .res = &sl_res_log, .kind = SL_Q_FOLLOW, .conn = SL_STR("local"), .scope = sl_str(log_path) }, *q = NULL;
  struct sl_err e = { 0 };
  sl_watch id;
  *s = (struct seen){ 0 };
  assert_int_equal(sl_filter_parse(&like.where, sl_str(filter), 0, NULL, &e), SL_OK);
  assert_int_equal(sl_query_new(&q, &like, &e), SL_OK);
  int rc = sl_ws_query(w, q, false, on_changed, s, &id, &e);
  if (rc)
    print_error("%s\n", e.msg);
  assert_int_equal(rc, SL_OK);
  sl_filter_unref(like.where);
  sl_query_unref(q);
  return id;
}

static void until_rows(const struct seen *s, uint64_t n)
{
  for (int64_t until = real_ms() + 20000; s->rows != n && real_ms() < until;)
    sl_loop_turn(l, 20);
  assert_int_equal(s->rows, n);
}

static void growth_is_seen(void **state)
{
  (void)state;
  struct seen s;
  put("one\ntwo\n", "w");
  sl_watch id = follow(&s, "");
  until_rows(&s, 2);
  put("three\n", "a");
  until_rows(&s, 3);
  put("half", "a");
  for (int i = 0; i < 10; i++)
    sl_loop_turn(l, 20);
  assert_int_equal(s.rows, 3);
  put(" done\nfive\n", "a");
  until_rows(&s, 5);
  char away[160];
  snprintf(away, sizeof away, "%s.1", log_path);
  assert_int_equal(rename(log_path, away), 0);
  put("after\n", "w");
  until_rows(&s, 6);
  sl_ws_unwatch(w, id);
}

static void a_filter_is_kept_to(void **state)
{
  (void)state;
  struct seen s;
  put("needle 1\nother\n", "w");
  sl_watch id = follow(&s, "text ~ 'needle [0-9]'");
  until_rows(&s, 1);
  put("other\nneedle x\nneedle 2\n", "a");
  until_rows(&s, 2);
  assert_string_equal(s.first, "needle 1");
  sl_ws_unwatch(w, id);
}

static void only_the_end_of_a_long_one(void **state)
{
  (void)state;
  struct seen s;
  FILE *f = fopen(log_path, "w");
  for (int i = 0; i < 10 << 20; i += 64)
    fprintf(f, "%063d\n", i);
  fclose(f);
  sl_watch id = follow(&s, "");
  until_rows(&s, (8 << 20) / 64); /* without the first, begun line; with the one that says so */
  assert_string_equal(s.first, "(the 2.1 MB before this are not shown; a filter searches all of it)");
  sl_ws_unwatch(w, id);
}

static void leaving_at_once(void **state)
{
  (void)state;
  struct seen s;
  put("one\n", "w");
  for (int i = 0; i < 5; i++) {
    sl_watch id = follow(&s, i % 2 ? "text ~ 'x'" : "");
    for (int k = 0; k < i; k++)
      sl_loop_turn(l, 1);
    sl_ws_unwatch(w, id);
  }
  follow(&s, ""); /* and the workspace closes while it runs */
}

static void what_is_not_there(void **state)
{
  (void)state;
  struct seen s;
  follow(&s, "");
  for (int64_t until = real_ms() + 20000; !s.rc && real_ms() < until;)
    sl_loop_turn(l, 20);
  assert_int_equal(s.rc, SL_ENOENT);
}

/* ---- the sink ---- */

struct ended { bool done; int rc; struct sl_err err; };

static void on_end(void *user, int rc, const char *cut, const struct sl_err *err)
{
  struct ended *e = user;
  (void)cut;
  e->done = true;
  e->rc = rc;
  if (err)
    e->err = *err;
}

static const struct ws_req_sink sink = { .end = on_end };

static int sink_start(struct sl_req **r, struct ended *e, const char *uri, bool replace, struct sl_err *err)
{
  static struct sl_put how;
  how = (struct sl_put){ .size = -1, .replace = replace };
  struct ws_req_spec spec = { .kind = WS_REQ_SINK, .b = ws_conn_find(w, SL_STR("local")), .uri = sl_str(uri), .put = &how, .sink = &sink,
                              .user = e };
  *e = (struct ended){ 0 };
  return ws_req_start(r, &spec, err);
}

static bool is_there(const char *name)
{
  char *path = sl_path_join(root, name);
  bool there = sl_file_exists(path);
  sl_free(path);
  return there;
}

static void the_sink_writes_whole_or_not_at_all(void **state)
{
  (void)state;
  struct sl_req *r = NULL;
  struct ended e;
  struct sl_err err = { 0 };
  char uri[128];
  snprintf(uri, sizeof uri, "file://%s/new", root);
  assert_int_equal(sink_start(&r, &e, uri, false, &err), SL_OK);
  assert_int_equal(sl_backend_local.sink->part(r, "abc", 3, &err), SL_OK);
  assert_false(is_there("new")); /* not before the commit */
  assert_int_equal(sl_backend_local.sink->part(r, "def", 3, &err), SL_OK);
  assert_int_equal(sl_backend_local.sink->commit(r, &err), SL_OK);
  for (int64_t until = real_ms() + 20000; !e.done && real_ms() < until;)
    sl_loop_turn(l, 20);
  assert_int_equal(e.rc, SL_OK);
  assert_true(is_there("new"));
  assert_int_equal(sink_start(&r, &e, uri, false, &err), SL_EEXIST);
  assert_int_equal(sink_start(&r, &e, uri, true, &err), SL_OK);
  assert_int_equal(sl_backend_local.sink->part(r, "other", 5, &err), SL_OK);
  ws_req_drop(r);
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_file_read(&b, uri + 7, 100, NULL), SL_OK);
  assert_string_equal(b.p, "abcdef");
  sl_buf_free(&b);
  assert_int_equal(sink_start(&r, &e, "file:///nonexistent-sluice/x", true, &err), SL_ENOENT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fresh, clear)
  const struct CMUnitTest tests[] = {
    T(growth_is_seen), T(a_filter_is_kept_to), T(only_the_end_of_a_long_one), T(leaving_at_once), T(what_is_not_there),
    T(the_sink_writes_whole_or_not_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
