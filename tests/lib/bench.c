/* tests/lib/bench.c: a workspace on a clock that stands still, and watches that remember what they were told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/file.h"
#include "fake_backend.h"

static int64_t real_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void on_ask(void *user, uint64_t id, const struct sl_ask *a)
{
  struct fx *f = user;
  if (!a) {
    f->withdrawn++;
    return;
  }
  f->asks++;
  f->ask_id = id;
  snprintf(f->asked, sizeof f->asked, "%s/%s", a->conn, a->what);
}

struct sl_ws_conf *fx_conf(struct fx *f, const char *yaml)
{
  struct sl_type_conf types[8];
  size_t n = 0;
  struct sl_err e = { 0 };
  for (; fake_backends[n]; n++) {
    const struct sl_backend_ops *o = fake_backends[n];
    types[n] = (struct sl_type_conf){ .type = o->type, .help = o->help, .settings = o->settings, .nsettings = o->nsettings,
                                      .implicit = o->implicit };
  }
  char *path = sl_path_join(f->state_dir, "ws.yaml");
  struct sl_ws_conf *conf = NULL;
  assert_int_equal(sl_file_write(path, sl_str(yaml), 0600, &e), SL_OK);
  int rc = sl_ws_conf_load(&conf, path, types, n, &e);
  if (rc)
    print_error("%s\n", e.msg);
  assert_int_equal(rc, SL_OK);
  sl_free(path);
  return conf;
}

void fx_open(struct fx *f, const struct fx_opts *o)
{
  *f = (struct fx){ 0 };
  struct sl_err e = { 0 };
  assert_int_equal(sl_loop_open(&f->l, &e), SL_OK);
  if (!o || !o->real_clock)
    sl_loop_clock_freeze(f->l, 1795240800000);
  snprintf(f->state_dir, sizeof f->state_dir, "/tmp/sluice-test-XXXXXX");
  assert_non_null(mkdtemp(f->state_dir));
  static const char *const homes[] = { "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", NULL };
  for (int i = 0; homes[i]; i++)
    setenv(homes[i], f->state_dir, 1);
  struct sl_ws_opts w = { .backends = fake_backends, .state_dir = f->state_dir, .threads = 2 };
  if (o) {
    w.headless = o->headless;
    w.no_input = o->no_input;
    w.readonly = o->readonly;
  }
  struct sl_ws_conf *conf = o && o->workspace ? fx_conf(f, o->workspace) : NULL;
  w.conf = conf;
  int rc = sl_ws_open(&f->w, f->l, &w, &e);
  if (conf)
    sl_ws_conf_unref(conf);
  if (rc)
    print_error("%s\n", e.msg);
  assert_int_equal(rc, SL_OK);
  if (o && o->answers)
    sl_ws_on_ask(f->w, on_ask, f);
}

void fx_close(struct fx *f)
{
  sl_ws_close(f->w);
  sl_loop_close(f->l);
  assert_int_equal(sl_rmtree(f->state_dir, NULL), SL_OK);
}

void fx_turn(struct fx *f, int n)
{
  while (n--)
    sl_loop_turn(f->l, 0);
}

void fx_settle(struct fx *f)
{
  int64_t until = real_ms() + 5000;
  while (!sl_loop_settled(f->l)) {
    sl_loop_turn(f->l, 5);
    assert_true(real_ms() < until);
  }
}

void fx_pass(struct fx *f, int64_t ms)
{
  while (ms > 0) {
    int64_t now = ms < 50 ? ms : 50;
    sl_loop_clock_advance(f->l, now);
    ms -= now;
    fx_turn(f, 4);
    while (f->w->jobs) /* what the tables sort is not bound to the clock */
      sl_loop_turn(f->l, 1);
    fx_turn(f, 4);
  }
}

void fx_until(struct fx *f, bool (*is)(void *user), void *user)
{
  int64_t until = real_ms() + 5000;
  while (!is(user)) {
    sl_loop_turn(f->l, 5);
    assert_true(real_ms() < until);
  }
}

static void id_at(const struct sl_answer *a, uint64_t pos, char *out, size_t n)
{
  struct sl_batch *b = NULL;
  out[0] = 0;
  if (sl_snap_page(a->snap, pos, 1, &b, NULL, NULL, NULL) == SL_OK && sl_batch_count(b))
    snprintf(out, n, "%.*s", SL_ARG(sl_batch_id(b, 0)));
  sl_batch_unref(b);
}

static void seen(void *user, sl_watch id, const struct sl_answer *a)
{
  struct fx_seen *s = user;
  s->calls++;
  s->id = id;
  s->done = a->done;
  s->stale = a->stale;
  s->filtered_here = a->filtered_here;
  s->loaded = a->loaded;
  s->dropped = a->dropped;
  s->rows = a->snap ? sl_snap_count(a->snap) : 0;
  s->nsrc = a->nsrc;
  for (size_t i = 0; i < a->nsrc && i < 8; i++) {
    s->src[i] = a->src[i];
    snprintf(s->conn[i], sizeof s->conn[i], "%.*s", SL_ARG(a->src[i].conn));
  }
  snprintf(s->doc, sizeof s->doc, "%.*s", SL_ARG(a->doc));
  s->first[0] = s->last[0] = 0;
  if (s->rows) {
    id_at(a, 0, s->first, sizeof s->first);
    id_at(a, s->rows - 1, s->last, sizeof s->last);
  }
  sl_snap_unref(s->snap);
  s->snap = a->snap ? sl_snap_ref(a->snap) : NULL;
  if (s->unwatch)
    sl_ws_unwatch(s->f->w, id);
}

struct sl_query *fx_query(const char *where, const char *order, uint64_t limit)
{
  struct sl_err e = { 0 };
  struct sl_query like = { .res = &fake_things, .limit = limit }, *q = NULL;
  assert_int_equal(sl_filter_parse(&like.where, sl_str(where), 1795240800000, NULL, &e), SL_OK);
  if (order)
    assert_int_equal(sl_order_parse(&like.order, sl_str(order), &e), SL_OK);
  assert_int_equal(sl_query_new(&q, &like, &e), SL_OK);
  sl_filter_unref(like.where);
  sl_order_unref(like.order);
  return q;
}

int fx_try(struct fx *f, struct sl_query *q, struct fx_seen *s, struct sl_err *err)
{
  *s = (struct fx_seen){ .f = f };
  return sl_ws_query(f->w, q, true, seen, s, &s->id, err);
}

void fx_watch(struct fx *f, struct sl_query *q, bool once, struct fx_seen *s)
{
  struct sl_err e = { 0 };
  *s = (struct fx_seen){ .f = f };
  int rc = sl_ws_query(f->w, q, once, seen, s, &s->id, &e);
  if (rc)
    print_error("%s\n", e.msg);
  assert_int_equal(rc, SL_OK);
  assert_int_equal(s->calls, 0);
}

void fx_forget(struct fx_seen *s)
{
  sl_snap_unref(s->snap);
  s->snap = NULL;
}

void fx_ids(const struct fx_seen *s, struct sl_buf *out)
{
  sl_buf_clear(out);
  for (uint64_t at = 0; s->snap && at < s->rows; at += 1024) {
    struct sl_batch *b = NULL;
    assert_int_equal(sl_snap_page(s->snap, at, 1024, &b, NULL, NULL, NULL), SL_OK);
    for (uint32_t i = 0; i < sl_batch_count(b); i++) {
      sl_buf_z(out, out->n ? " " : "");
      sl_buf_str(out, sl_batch_id(b, i));
    }
    sl_batch_unref(b);
  }
}
