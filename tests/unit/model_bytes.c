/* Addresses: what they stand for, who owns them, which are refused; and reading what stands there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_backend.h"

static struct fake *fake;
static const char workspace[] = "connections:\n"
                                "  one: {type: fake, uri: \"fake://bucket/root/\"}\n"
                                "  two: {type: fake, uri: \"fake://other/\"}\n"
                                "lake:\n"
                                "  zones:\n"
                                "    - {name: raw, uri: \"fake://bucket/raw/\", connection: one, layout: \"dt=%Y-%m-%d\"}\n"
                                "    - {name: gold, uri: \"fake://gold/x\", connection: two}\n";

static int fresh(void **state)
{
  (void)state;
  fake_reset();
  fake = fake_of("fake");
  fake->bytes = "0123456789";
  fake->nbytes = 10;
  return 0;
}

static void resolves(struct fx *f, const char *uri, bool foreign, int rc, const char *canonical, const char *conn)
{
  struct sl_buf c, n;
  struct sl_err e = { 0 };
  sl_buf_init(&c, 0);
  sl_buf_init(&n, 0);
  int got = sl_ws_resolve(f->w, sl_str(uri), foreign, &c, &n, &e);
  if (got != rc || (!rc && (strcmp(sl_buf_zstr(&c), canonical) != 0 || strcmp(sl_buf_zstr(&n), conn) != 0)))
    print_error("%s -> %s %s %s: %s\n", uri, sl_code_name(got), sl_buf_zstr(&c), sl_buf_zstr(&n), e.msg);
  assert_int_equal(got, rc);
  if (!rc) {
    assert_string_equal(sl_buf_zstr(&c), canonical);
    assert_string_equal(sl_buf_zstr(&n), conn);
    if (!conn[0])
      assert_true(e.msg[0] != 0); /* which line would allow it */
  }
  sl_buf_free(&c);
  sl_buf_free(&n);
}

static void addresses_have_owners(void **state)
{
  (void)state;
  struct fx f;
  struct fx_opts o = { .workspace = workspace };
  fx_open(&f, &o);
  resolves(&f, "lake:raw/dt=2026-11-20/a.csv", false, SL_OK, "fake://bucket/raw/dt=2026-11-20/a.csv", "one");
  resolves(&f, "lake:raw", false, SL_OK, "fake://bucket/raw", "one");
  resolves(&f, "lake:gold/y", false, SL_OK, "fake://gold/x/y", "two");
  resolves(&f, "lake:gold/@newest", false, SL_OK, "fake://gold/x", "two"); /* no layout: the zone is its own newest */
  resolves(&f, "lake:raw/@newest", false, SL_EAGAIN, NULL, NULL);
  resolves(&f, "lake:rwa/x", false, SL_EUSAGE, NULL, NULL);
  resolves(&f, "lake:raw/../../etc", false, SL_EUSAGE, NULL, NULL);
  resolves(&f, "fake://bucket/root/a", false, SL_OK, "fake://bucket/root/a", "one");
  resolves(&f, "fake://other/b", false, SL_OK, "fake://other/b", "two");
  resolves(&f, "fake://two/c", false, SL_OK, "fake://two/c", "two");     /* by the connection's name */
  resolves(&f, "fake://unknown/c", false, SL_OK, "fake://unknown/c", "one"); /* else the first that understands it */
  resolves(&f, "s3://unknown/c", false, SL_OK, "s3://unknown/c", "");
  resolves(&f, "/tmp/./x/../y.csv", false, SL_OK, "file:///tmp/y.csv", "one");
  resolves(&f, "file:///tmp/a b%20c", false, SL_OK, "file:///tmp/a b%20c", "one");
  resolves(&f, "file:/tmp/q", false, SL_OK, "file:///tmp/q", "one");
  resolves(&f, "", false, SL_EUSAGE, NULL, NULL);
  resolves(&f, "file://host/x", false, SL_EUSAGE, NULL, NULL);
  char cwd[4000], want[4100];
  assert_non_null(getcwd(cwd, sizeof cwd));
  snprintf(want, sizeof want, "file://%s/rel.csv", cwd);
  resolves(&f, "rel.csv", false, SL_OK, want, "one");
  fx_close(&f);
}

static void foreign_addresses_stay_below_roots(void **state)
{
  (void)state;
  struct fx f;
  struct fx_opts o = { .workspace = workspace };
  fx_open(&f, &o);
  resolves(&f, "fake://bucket/raw/x", true, SL_OK, "fake://bucket/raw/x", "one");
  resolves(&f, "fake://bucket/root/x", true, SL_OK, "fake://bucket/root/x", "one");
  resolves(&f, "fake://bucket/rootless/x", true, SL_OK, "fake://bucket/rootless/x", "");
  resolves(&f, "fake://bucket/raw/../secret", true, SL_EDENIED, NULL, NULL);
  resolves(&f, "fake://unknown/c", true, SL_OK, "fake://unknown/c", "");
  resolves(&f, "fake://two/c", true, SL_OK, "fake://two/c", ""); /* a host in data is no permission */
  resolves(&f, "/etc/passwd", true, SL_OK, "file:///etc/passwd", "");
  resolves(&f, "rel.csv", true, SL_EUSAGE, NULL, NULL);
  resolves(&f, "~/x", true, SL_EUSAGE, NULL, NULL);
  fx_close(&f);
}

static void paths_of_files(void **state)
{
  (void)state;
  struct sl_str p;
  assert_true(sl_uri_path(SL_STR("file:///a/b"), &p) && sl_str_eqz(p, "/a/b"));
  assert_true(sl_uri_path(SL_STR("file:/a"), &p) && sl_str_eqz(p, "/a"));
  assert_true(sl_uri_path(SL_STR("/a"), &p) && sl_str_eqz(p, "/a"));
  assert_false(sl_uri_path(SL_STR("file://host/a"), &p));
  assert_false(sl_uri_path(SL_STR("s3://a/b"), &p));
  assert_false(sl_uri_path(SL_STR("a/b"), &p));
}

/* ---- reading ---- */

struct reader { char got[64]; size_t n; int done, rc; int64_t size; int pause_after; char err[256]; };

static int on_data(void *user, uint64_t off, const void *p, size_t n)
{
  struct reader *r = user;
  assert_true(r->n + n < sizeof r->got);
  (void)off;
  memcpy(r->got + r->n, p, n);
  r->n += n;
  return r->pause_after && --r->pause_after == 0 ? SL_EAGAIN : SL_OK;
}

static void on_done(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct reader *r = user;
  r->done++;
  r->rc = rc;
  r->size = size;
  snprintf(r->err, sizeof r->err, "%s", err ? err->msg : "");
}

static const struct sl_bytes_fn fns = { on_data, on_done };

static sl_watch reads(struct fx *f, const char *uri, uint64_t off, uint64_t len, struct reader *r)
{
  sl_watch id;
  struct sl_err e = { 0 };
  int pause = r->pause_after;
  *r = (struct reader){ .pause_after = pause };
  int rc = sl_ws_bytes(f->w, sl_str(uri), off, len, &fns, r, &id, &e);
  if (rc)
    print_error("%s\n", e.msg);
  assert_int_equal(rc, SL_OK);
  assert_int_equal(r->done, 0);
  return id;
}

static void reads_ranges_sizes_and_all(void **state)
{
  (void)state;
  struct fx f;
  struct reader r = { 0 };
  struct fx_opts o = { .workspace = workspace };
  fx_open(&f, &o);
  fake->chunk = 3;
  reads(&f, "fake://one/x", 0, UINT64_MAX, &r);
  fx_settle(&f);
  assert_int_equal(r.done, 1);
  assert_int_equal(r.size, 10);
  assert_string_equal(r.got, "0123456789");
  reads(&f, "lake:raw/x", 2, 4, &r);
  fx_settle(&f);
  assert_string_equal(r.got, "2345");
  assert_string_equal(fake->scope, "fake://bucket/raw/x");
  reads(&f, "fake://one/x", 0, 0, &r);
  fx_settle(&f);
  assert_string_equal(r.got, "");
  assert_int_equal(r.size, 10);
  fake->fail = SL_ENOENT;
  reads(&f, "fake://one/x", 0, UINT64_MAX, &r);
  fx_settle(&f);
  assert_int_equal(r.rc, SL_ENOENT);
  assert_null(f.w->reads);
  fx_close(&f);
}

static void a_full_reader_stops_the_backend(void **state)
{
  (void)state;
  struct fx f;
  struct reader r = { .pause_after = 2 };
  fx_open(&f, NULL);
  fake->chunk = 3;
  sl_watch id = reads(&f, "fake://x/y", 0, UINT64_MAX, &r);
  fx_turn(&f, 10);
  assert_string_equal(r.got, "012345");
  assert_int_equal(fake->stopped, 1);
  sl_ws_bytes_resume(f.w, id);
  fx_settle(&f);
  assert_string_equal(r.got, "0123456789");
  assert_int_equal(r.done, 1);
  fx_close(&f);
}

static void leaving_a_read_cancels_it(void **state)
{
  (void)state;
  struct fx f;
  struct reader r = { .pause_after = 1 };
  fx_open(&f, NULL);
  fake->chunk = 3;
  sl_watch id = reads(&f, "fake://x/y", 0, UINT64_MAX, &r);
  sl_ws_unwatch(f.w, id); /* before it was asked */
  fx_settle(&f);
  assert_int_equal(fake->queries, 0);
  r.pause_after = 1;
  id = reads(&f, "fake://x/y", 0, UINT64_MAX, &r);
  fx_turn(&f, 10);
  sl_ws_unwatch(f.w, id);
  fx_settle(&f);
  assert_int_equal(fake->cancels, 1);
  assert_int_equal(r.done, 0);
  assert_null(f.w->reqs);
  fx_close(&f);
}

static void a_read_that_nobody_serves_fails_at_once(void **state)
{
  (void)state;
  struct fx f;
  struct reader r = { 0 };
  sl_watch id;
  struct sl_err e = { 0 };
  fx_open(&f, NULL);
  assert_int_equal(sl_ws_bytes(f.w, SL_STR("s3://b/k"), 0, 1, &fns, &r, &id, &e), SL_EUSAGE);
  assert_non_null(strstr(e.msg, "s3://b/k"));
  assert_null(f.w->reads);
  fx_close(&f);
}

/* ---- newest ---- */

static int fill_partitions(void *user, const struct sl_query *q, struct sl_rows_sink *s, struct sl_err *err)
{
  (void)err;
  const int *mode = user;
  assert_true(sl_str_eqz(q->scope, "raw"));
  static const char *const parts[][2] = { { "dt=2026-11-19", "fresh" }, { "dt=2026-11-21", "missing" }, { "dt=2026-11-20", "stale" } };
  for (int i = 0; *mode && i < 3; i++) {
    struct sl_val v[] = { sl_vz("raw"), sl_vz(parts[i][0]), sl_vas(SL_STATE, sl_str(parts[i][1])), sl_vi(1), sl_vi(2), sl_null(SL_I64),
                          sl_vt(3) };
    int rc = sl_rows_sink_put(s, sl_str(parts[i][0]), v, 7);
    if (rc)
      return rc;
  }
  return SL_OK;
}

static void on_resolved(void *user, int rc, struct sl_str canonical, struct sl_str conn, const struct sl_err *err)
{
  struct reader *r = user;
  r->done++;
  r->rc = rc;
  snprintf(r->got, sizeof r->got, "%.*s %.*s", SL_ARG(canonical), SL_ARG(conn));
  snprintf(r->err, sizeof r->err, "%s", err ? err->msg : "");
}

static void newest_is_the_last_that_holds_something(void **state)
{
  (void)state;
  struct fx f;
  struct reader r = { 0 };
  struct sl_err e = { 0 };
  int mode = 1;
  struct fx_opts o = { .workspace = workspace };
  fx_open(&f, &o);
  assert_int_equal(sl_ws_provide(f.w, &sl_res_partitions, fill_partitions, &mode, &e), SL_OK);
  sl_watch id;
  assert_int_equal(sl_ws_resolve_newest(f.w, SL_STR("lake:raw/@newest/part.csv"), false, on_resolved, &r, &id, &e), SL_OK);
  fx_settle(&f);
  assert_int_equal(r.done, 1);
  assert_string_equal(r.got, "fake://bucket/raw/dt=2026-11-20/part.csv one");
  reads(&f, "lake:raw/@newest/part.csv", 0, UINT64_MAX, &r);
  fx_settle(&f);
  assert_string_equal(r.got, "0123456789");
  assert_string_equal(fake->scope, "fake://bucket/raw/dt=2026-11-20/part.csv");
  mode = 0;
  fx_pass(&f, 31000); /* what was known of the partitions is too old */
  r = (struct reader){ 0 };
  assert_int_equal(sl_ws_resolve_newest(f.w, SL_STR("lake:raw/@newest"), false, on_resolved, &r, &id, &e), SL_OK);
  fx_settle(&f);
  fx_pass(&f, 31000);
  assert_int_equal(sl_ws_resolve_newest(f.w, SL_STR("lake:raw/@newest"), false, on_resolved, &r, &id, &e), SL_OK);
  fx_settle(&f); /* struck rows are gone after the second listing */
  assert_int_equal(r.rc, SL_ENOENT);
  assert_int_equal(sl_ws_resolve_newest(f.w, SL_STR("lake:raw/@newest"), false, on_resolved, &r, &id, &e), SL_OK);
  int done = r.done;
  sl_ws_unwatch(f.w, id);
  fx_settle(&f);
  assert_int_equal(r.done, done);
  assert_null(f.w->reads);
  fx_close(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(addresses_have_owners, fresh),
    cmocka_unit_test_setup(foreign_addresses_stay_below_roots, fresh),
    cmocka_unit_test_setup(paths_of_files, fresh),
    cmocka_unit_test_setup(reads_ranges_sizes_and_all, fresh),
    cmocka_unit_test_setup(a_full_reader_stops_the_backend, fresh),
    cmocka_unit_test_setup(leaving_a_read_cancels_it, fresh),
    cmocka_unit_test_setup(a_read_that_nobody_serves_fails_at_once, fresh),
    cmocka_unit_test_setup(newest_is_the_last_that_holds_something, fresh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
