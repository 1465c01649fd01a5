/* Capsules: what was recorded is answered again, equal; what may not enter does not; what was changed is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "act_bench.h"
#include "base/file.h"
#include "model/capsule_int.h" /* lint-ok: internal: fake resources are found by name through its hook */

/* ---- a connection with something to hide ---- */

static const struct sl_col people_cols[] = {
  { .name = "user", .type = SL_TEXT, .flags = SL_COL_PERSONAL }, { .name = "key", .type = SL_TEXT, .flags = SL_COL_SECRET },
  { .name = "note", .type = SL_TEXT },                           { .name = "words", .type = SL_LIST },
  { .name = "tags", .type = SL_FAMILY_TEXT },                    { .name = "born", .type = SL_TIME, .flags = SL_COL_PERSONAL },
};
static const struct sl_resource people = { .name = "people", .help = "people", .shape = SL_KEYED, .cols = people_cols, .ncols = 6 };

static void people_answer(void *user)
{
  struct sl_req *r = user;
  struct sl_batch *b = NULL;
  struct sl_buf list;
  sl_buf_init(&list, 0);
  sl_list_add(&list, SL_STR("plain"));
  sl_list_add(&list, SL_STR("password=sesame"));
  if (!sl_req_head(r, NULL, 0, 2) && !sl_batch_new(&b, sl_req_schema(r), NULL)) {
    for (int i = 0; i < 3; i++) {
      sl_batch_row(b, SL_PUT, sl_str(i == 0 ? "1" : i == 1 ? "2" : "3"));
      sl_batch_set(b, 0, sl_vz(i == 1 ? "Grace Hopper" : "Ada Lovelace"));
      sl_batch_set(b, 1, sl_vz("k3y-of-the-realm"));
      sl_batch_set(b, 2, sl_vz(i ? "likes tea" : "Authorization: Bearer tok3n-in-a-note"));
      sl_batch_set(b, 3, sl_vas(SL_LIST, sl_buf_view(&list)));
      sl_batch_key(b, 4, SL_STR("team"), sl_vz("compilers"));
      sl_batch_set(b, 5, sl_vt(-4867603200000));
    }
    if (sl_req_query(r)->kind == SL_Q_GET)
      (void)sl_req_doc(r, SL_STR("{\"user\":\"Ada Lovelace\"}"));
    (void)sl_req_rows(r, &b);
  }
  sl_buf_free(&list);
  sl_req_end(r, SL_OK, NULL);
}

static int people_query(struct sl_req *r, struct sl_err *err)
{
  return sl_loop_later(sl_backend_loop(sl_req_backend(r)), people_answer, r, err);
}

static const struct sl_serve serve_people = { .res = &people, .query = people_query };
static const struct sl_serve *const serves[] = { &serve_people, NULL };
static const struct sl_backend_ops hr = { .type = "hr", .help = "people", .implicit = true, .serves = serves };
static const struct sl_backend_ops *backends[8];

static const struct sl_resource *find(struct sl_str name)
{
  const struct sl_resource *const all[] = { &fake_things, &fake_lines, &fake_parts, &people };
  for (size_t i = 0; i < 4; i++)
    if (sl_str_eqz(name, all[i]->name))
      return all[i];
  return NULL;
}

/* ---- the bench ---- */

static const struct fake_row rows[] = { { "a", "anna", "failed", 3, 0.5 }, { "b", "bert", "ok", 1, 1.5 }, { "c", "carl", "failed", 2, 2 } };
static struct fake *fake;
static struct fx f;
static char path[96];
static struct sl_capsule_rec *rec;
static struct sl_capsule *cap;

static struct sl_ws_conf *conf;
static void open_ws(const struct sl_backend_ops *const *with, bool readonly)
{
  struct sl_ws_opts o = { .backends = with, .state_dir = f.state_dir, .threads = 2, .readonly = readonly, .conf = conf };
  bool played = cap && with == sl_capsule_backends(cap);
  if (played) {
    o.conf = sl_capsule_conf(cap);
    o.name = sl_capsule_name(cap);
    o.replay = cap;
    o.replay_file = path;
  }
  sl_ws_close(f.w);
  assert_int_equal(sl_ws_open(&f.w, f.l, &o, NULL), SL_OK);
}

static int fresh(void **state)
{
  (void)state;
  size_t n = 0;
  for (; fake_backends[n]; n++)
    backends[n] = fake_backends[n];
  backends[n++] = &hr;
  backends[n] = NULL;
  cap_resource = find;
  fake_reset();
  fake = fake_of("fake");
  fake->rows = rows;
  fake->nrows = 3;
  fx_open(&f, NULL);
  snprintf(path, sizeof path, "%s/x.capsule", f.state_dir);
  open_ws(backends, false);
  return 0;
}

static int close_up(void **state)
{
  (void)state;
  assert_int_equal(f.w->violations, 0);
  if (rec)
    assert_int_equal(sl_capsule_record_end(&rec, NULL, NULL), SL_OK);
  open_ws(backends, false); /* the capsule outlives the workspace that plays it */
  sl_capsule_free(cap);
  cap = NULL;
  fx_close(&f);
  sl_ws_conf_unref(conf);
  conf = NULL;
  return 0;
}

static void record(bool with_data)
{
  struct sl_err e = { 0 };
  if (sl_capsule_record_begin(&rec, f.w, &(struct sl_capsule_opts){ with_data }, &e))
    fail_msg("%s", e.msg);
}

static void replay(void)
{
  struct sl_err e = { 0 };
  assert_int_equal(sl_capsule_record_end(&rec, path, &e), SL_OK);
  assert_null(rec);
  sl_loop_clock_advance(f.l, 86400000);
  fake_reset();
  if (sl_capsule_replay_open(&cap, path, f.l, &e))
    fail_msg("%s", e.msg);
  open_ws(sl_capsule_backends(cap), true);
}

static void add_cell(struct sl_buf *b, const struct sl_batch *page, uint32_t row, unsigned c)
{
  const struct sl_schema *s = sl_batch_schema(page);
  struct sl_val v;
  uint32_t key;
  if (sl_schema_col(s, c)->type == SL_FAMILY_TEXT || sl_schema_col(s, c)->type == SL_FAMILY_F64) {
    for (uint32_t i = 0; sl_batch_pair(page, row, c, i, &key, &v); i++) {
      sl_buf_str(b, sl_keys_name(sl_schema_keys(s), key));
      sl_buf_ch(b, ':');
      sl_val_text(b, &v);
    }
    return;
  }
  v = sl_batch_get(page, row, c);
  sl_val_text(b, &v);
}

/* All that a watcher sees, as one text. */
static char *ask(const struct sl_query *like)
{
  struct fx_seen s;
  struct sl_query *q = NULL;
  struct sl_batch *page = NULL;
  struct sl_buf b;
  assert_int_equal(sl_query_new(&q, like, NULL), SL_OK);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  sl_query_unref(q);
  assert_true(s.done);
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < s.nsrc; i++)
    sl_buf_printf(&b, "%s state %d did %u total %lld note '%s' err %d '%s'\n", s.conn[i], (int)s.src[i].state, s.src[i].did,
                  (long long)s.src[i].total, s.src[i].note, s.src[i].err.code, s.src[i].err.msg);
  sl_buf_printf(&b, "doc %s\n", s.doc);
  for (uint64_t at = 0; s.snap && at < s.rows; at += 1024) {
    assert_int_equal(sl_snap_page(s.snap, at, 1024, &page, NULL, NULL, NULL), SL_OK);
    for (uint32_t i = 0; i < sl_batch_count(page); i++) {
      if (sl_snap_struck(s.snap, at + i))
        continue;
      sl_batch_ref_text(page, i, &b);
      for (unsigned c = 0; c < sl_schema_count(sl_batch_schema(page)); c++) {
        sl_buf_ch(&b, '|');
        add_cell(&b, page, i, c);
      }
      sl_buf_ch(&b, '\n');
    }
    sl_batch_unref(page);
  }
  fx_forget(&s);
  return sl_buf_take(&b, NULL);
}

static void same_again(const struct sl_query *like)
{
  char *before, *after;
  record(false);
  before = ask(like);
  replay();
  after = ask(like);
  size_t at = 0;
  while (before[at] && before[at] == after[at])
    at++;
  if (before[at] || after[at])
    fail_msg("differs at byte %zu: '%.60s' is now '%.60s'", at, before + at, after + at);
  sl_free(before);
  sl_free(after);
  assert_int_equal(fake->queries, 0); /* nobody was asked */
}

/* ---- equal answers ---- */

static void a_listing_is_equal(void **state)
{
  (void)state;
  same_again(&(struct sl_query){ .res = &fake_things, .conn = SL_STR("fake") });
}

static void a_long_listing_of_two_connections_is_equal(void **state)
{
  (void)state;
  fake->made = 3000;
  fake->cut = "page 7 was lost";
  fake_of("other")->fail = SL_EDENIED;
  fake_of("other")->message = "403: not for you";
  same_again(&(struct sl_query){ .res = &fake_things });
}

static void a_filtered_and_sorted_listing_is_equal(void **state)
{
  struct sl_query q = { .res = &fake_things, .limit = 2, .conn = SL_STR("fake") };
  (void)state;
  assert_int_equal(sl_filter_parse(&q.where, SL_STR("size >= 2"), 0, NULL, NULL), SL_OK);
  assert_int_equal(sl_order_parse(&q.order, SL_STR("-size"), NULL), SL_OK);
  fake->total = 3;
  same_again(&q);
  sl_filter_unref(q.where);
  sl_order_unref(q.order);
}

static void a_row_and_its_document_are_equal(void **state)
{
  (void)state;
  fake->doc = "{\"deep\":[1,2,{\"x\":null}]}";
  same_again(&(struct sl_query){ .res = &fake_things, .kind = SL_Q_GET, .conn = SL_STR("fake"), .scope = SL_STR("a") });
}

static void a_statement_is_equal(void **state)
{
  (void)state;
  same_again(&(struct sl_query){ .kind = SL_Q_SQL, .scope = SL_STR("select 1") });
}

struct got { struct sl_buf b; int rc; int64_t size; bool done; };
static int on_data(void *user, uint64_t off, const void *p, size_t n)
{
  struct got *g = user;
  (void)off;
  sl_buf_add(&g->b, p, n);
  return SL_OK;
}
static void on_bytes(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct got *g = user;
  (void)err;
  g->rc = rc;
  g->size = size;
  g->done = true;
}

static void read_bytes(struct got *g)
{
  static const struct sl_bytes_fn fn = { on_data, on_bytes };
  sl_watch id;
  *g = (struct got){ 0 };
  sl_buf_init(&g->b, 0);
  assert_int_equal(sl_ws_bytes(f.w, SL_STR("fake://x/y"), 2, 6, &fn, g, &id, NULL), SL_OK);
  fx_settle(&f);
  assert_true(g->done);
}

static void bytes_are_equal(void **state)
{
  struct got a, b;
  (void)state;
  fake->bytes = "0123456789";
  fake->nbytes = 10;
  fake->chunk = 4;
  record(false);
  read_bytes(&a);
  replay();
  read_bytes(&b);
  assert_int_equal(a.rc, b.rc);
  assert_int_equal(a.size, b.size);
  assert_string_equal(sl_buf_zstr(&a.b), sl_buf_zstr(&b.b));
  assert_string_equal(sl_buf_zstr(&b.b), "234567");
  sl_buf_free(&a.b);
  sl_buf_free(&b.b);
}

static void a_plan_is_equal_and_nothing_can_be_done(void **state)
{
  struct fa a;
  (void)state;
  fake->dry_doc = "{\"calls\":[\"POST /halt/a\"],\"undo\":\"start a\"}";
  record(false);
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  sl_plan_free(a.plan);
  replay();
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  assert_string_equal(sl_plan_call(a.plan, 0), "POST /halt/a");
  assert_string_equal(sl_plan_undo(a.plan), "start a");
  assert_int_equal(fa_act(&f, &a, ""), SL_EREADONLY);
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "c", NULL), SL_ENOENT); /* was not recorded */
}

static void the_latest_answer_counts_and_the_clock_stands_at_the_end(void **state)
{
  struct sl_query q = { .res = &fake_things, .conn = SL_STR("fake") };
  (void)state;
  record(false);
  sl_free(ask(&q));
  fake->nrows = 1;
  sl_loop_clock_advance(f.l, 5000);
  char *last = ask(&q);
  replay();
  char *again = ask(&q);
  assert_string_equal(last, again);
  assert_int_equal(sl_ws_now(f.w), 1795240805000);
  sl_free(last);
  sl_free(again);
}

static void what_was_not_recorded_is_an_error(void **state)
{
  (void)state;
  record(false);
  sl_free(ask(&(struct sl_query){ .res = &fake_things, .conn = SL_STR("fake") }));
  replay();
  char *other = ask(&(struct sl_query){ .res = &fake_things, .conn = SL_STR("fake"), .limit = 1 });
  assert_non_null(strstr(other, "not in this recording: things of fake"));
  sl_free(other);
}

/* ---- what may not enter ---- */

static bool holds(const char *what)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_file_read(&b, path, 1 << 24, NULL), SL_OK);
  bool is = sl_str_find(sl_buf_view(&b), sl_str(what)) >= 0;
  sl_buf_free(&b);
  return is;
}

static void secrets_and_people_stay_out(void **state)
{
  struct sl_query all = { .res = &people }, one = { .res = &people, .kind = SL_Q_GET, .conn = SL_STR("hr"), .scope = SL_STR("1") };
  (void)state;
  record(false);
  sl_free(ask(&all));
  sl_free(ask(&one));
  struct sl_buf sum;
  sl_buf_init(&sum, 0);
  assert_int_equal(sl_capsule_summary(rec, &sum, NULL), SL_OK);
  assert_non_null(strstr(sl_buf_zstr(&sum),
      "people: 2 asked, 6 rows, 0 documents, 0 bytes; hashed: user, born; left out: key; 1 documents"));
  sl_buf_free(&sum);
  replay();
  static const char *const not_in[] = { "Lovelace", "Hopper", "k3y-of", "tok3n", "sesame" };
  for (size_t i = 0; i < sizeof not_in / sizeof not_in[0]; i++)
    if (holds(not_in[i]))
      fail_msg("%s stands in the capsule", not_in[i]);
  assert_true(holds("likes tea"));
  char *seen = ask(&all);
  char *first = strstr(seen, "people/1|~"), *third = strstr(seen, "people/3|~"), *second = strstr(seen, "people/2|~");
  assert_true(first && second && third);
  assert_memory_equal(first + 9, third + 9, 13); /* equal stays equal */
  assert_memory_not_equal(first + 9, second + 9, 13);
  assert_non_null(strstr(seen, "team:compilers"));
  assert_non_null(strstr(seen, "\"plain\""));
  sl_free(seen);
}

static void with_data_people_enter_and_secrets_do_not(void **state)
{
  (void)state;
  record(true);
  sl_free(ask(&(struct sl_query){ .res = &people }));
  replay();
  assert_true(holds("Lovelace"));
  assert_false(holds("k3y-of"));
  assert_false(holds("tok3n"));
}

static void two_capsules_hash_differently(void **state)
{
  char *one, *two;
  (void)state;
  record(false);
  sl_free(ask(&(struct sl_query){ .res = &people }));
  replay();
  one = ask(&(struct sl_query){ .res = &people });
  open_ws(backends, false);
  sl_capsule_free(cap);
  record(false);
  sl_free(ask(&(struct sl_query){ .res = &people }));
  replay();
  two = ask(&(struct sl_query){ .res = &people });
  assert_string_not_equal(one, two);
  sl_free(one);
  sl_free(two);
}

static void live_secrets_stay_out_of_texts_and_bytes(void **state)
{
  struct sl_secret *s = NULL;
  struct got g;
  (void)state;
  assert_int_equal(sl_secret_new(&s, SL_STR("hush-hush-42"), NULL), SL_OK);
  fake->bytes = "xxhush-hush-42xx";
  fake->nbytes = 16;
  fake->fail = SL_EAUTH;
  fake->message = "401 for hush-hush-42";
  record(false);
  sl_free(ask(&(struct sl_query){ .res = &fake_things, .conn = SL_STR("fake") }));
  sl_free(ask(&(struct sl_query){ .kind = SL_Q_SQL, .scope = SL_STR("select 'hush-hush-42'") }));
  static const struct sl_bytes_fn fn = { on_data, on_bytes };
  sl_watch id;
  g = (struct got){ 0 };
  sl_buf_init(&g.b, 0);
  assert_int_equal(sl_ws_bytes(f.w, SL_STR("fake://x/y"), 0, UINT64_MAX, &fn, &g, &id, NULL), SL_OK);
  fx_settle(&f);
  sl_buf_free(&g.b);
  replay();
  assert_false(holds("hush-hush"));
  sl_secret_unref(s);
}

/* A piece of a token is no token, and a file with a hole is another file: such bytes are left out as a whole, and replaying says so. */
static void a_token_across_two_pieces_stays_out(void **state)
{
  struct got a, b;
  (void)state;
  fake->bytes = "# settings\npassword=sesame-open\n";
  fake->nbytes = strlen(fake->bytes);
  fake->chunk = 4;
  static const struct sl_bytes_fn fn = { on_data, on_bytes };
  sl_watch id;
  record(false);
  for (int again = 0; again < 2; again++) {
    struct got *g = again ? &b : &a;
    *g = (struct got){ 0 };
    sl_buf_init(&g->b, 0);
    assert_int_equal(sl_ws_bytes(f.w, SL_STR("fake://x/y"), 0, UINT64_MAX, &fn, g, &id, NULL), SL_OK);
    fx_settle(&f);
    assert_true(g->done);
    if (again)
      break;
    struct sl_buf sum;
    sl_buf_init(&sum, 0);
    assert_int_equal(sl_capsule_summary(rec, &sum, NULL), SL_OK);
    assert_non_null(strstr(sl_buf_zstr(&sum), "0 bytes; 32 bytes left out (what looks like a token stands in them, or they are too many)"));
    sl_buf_free(&sum);
    replay();
    assert_false(holds("sesa"));
    assert_false(holds("# se"));
  }
  assert_int_equal(a.rc, SL_OK);
  assert_int_equal(a.b.n, 32);
  assert_int_equal(b.rc, SL_ENOENT);
  assert_int_equal(b.b.n, 0);
  sl_buf_free(&a.b);
  sl_buf_free(&b.b);
}

/* ---- the workspace itself ---- */

static const char yaml[] = "environment: prod\ntimezone: Europe/Berlin\n"
  "connections:\n  second: {type: fake}\n"
  "lake:\n  zones:\n"
  "    - {name: late, uri: \"fake://x/late\", connection: second, layout: \"dt=%Y-%m-%d\", fresh_within: 26h,\n"
  "       min_rows: 7, schedule: \"0 6 * * *\"}\n"
  "    - {name: early, uri: \"fake://ann:sesame@x/early\", connection: fake, format: csv}\n"
  "jobs:\n  secret-job: {steps: {one: {run: [cat, private-words]}}, connection: fake}\n";

static void with_conf(void)
{
  struct sl_type_conf types[8];
  struct sl_err e = { 0 };
  size_t n = 0;
  for (; backends[n]; n++)
    types[n] = (struct sl_type_conf){ .type = backends[n]->type, .help = backends[n]->help, .settings = backends[n]->settings,
                                      .nsettings = backends[n]->nsettings, .implicit = backends[n]->implicit };
  if (sl_ws_conf_parse(&conf, sl_str(yaml), "/private/place/care.yaml", NULL, types, n, &e))
    fail_msg("%s", e.msg);
  open_ws(backends, false);
}

static void what_views_need_of_the_workspace_is_there_and_no_more(void **state)
{
  const struct sl_zone *z;
  size_t n;
  (void)state;
  with_conf();
  record(false);
  struct sl_buf sum;
  sl_buf_init(&sum, 0);
  assert_int_equal(sl_capsule_summary(rec, &sum, NULL), SL_OK);
  assert_non_null(strstr(sl_buf_zstr(&sum), "workspace care, prod: environment, timezone, 2 zones with their addresses\n"));
  sl_buf_free(&sum);
  replay();
  const struct sl_ws_conf *c = sl_ws_config(f.w);
  assert_non_null(c);
  assert_string_equal(sl_ws_name(f.w), "care");
  assert_string_equal(sl_ws_replay(f.w), path);
  assert_string_equal(sl_ws_conf_environment_name(c), "prod");
  assert_true(sl_ws_conf_protected(c));
  assert_non_null(sl_ws_tz(f.w));
  z = sl_ws_conf_zones(c, &n);
  assert_int_equal(n, 2);
  assert_string_equal(z[0].name, "late"); /* in the file's order, not the alphabet's */
  assert_string_equal(z[0].uri, "fake://x/late");
  assert_string_equal(z[0].conn, "second");
  assert_string_equal(z[0].layout, "dt=%Y-%m-%d");
  assert_true(z[0].fresh_within_s > 93599 && z[0].fresh_within_s < 93601);
  assert_int_equal(z[0].min_rows, 7);
  assert_string_equal(z[0].schedule, "0 6 * * *");
  assert_string_equal(z[1].format, "csv");
  assert_int_equal((sl_ws_conf_jobs(c, &n), n), 0);
  static const char *const not_in[] = { "sesame", "private", "secret-job" };
  for (size_t i = 0; i < sizeof not_in / sizeof not_in[0]; i++)
    if (holds(not_in[i]))
      fail_msg("%s stands in the capsule", not_in[i]);
}

static void an_address_finds_its_connection_again(void **state)
{
  struct sl_buf uri, conn;
  struct sl_err e = { 0 };
  (void)state;
  with_conf();
  record(false);
  replay();
  sl_buf_init(&uri, 0);
  sl_buf_init(&conn, 0);
  assert_int_equal(sl_ws_resolve(f.w, SL_STR("lake:late/dt=2026-11-20/x"), false, &uri, &conn, &e), SL_OK);
  assert_string_equal(sl_buf_zstr(&uri), "fake://x/late/dt=2026-11-20/x");
  assert_string_equal(sl_buf_zstr(&conn), "second");
  sl_buf_free(&uri);
  sl_buf_free(&conn);
}

static void connections_stand_as_they_stood(void **state)
{
  static const struct sl_query conns = { .res = &sl_res_connections };
  (void)state;
  with_conf();
  sl_backend_report(ws_conn_find(f.w, SL_STR("second")), "slow", "user:ada", 1795300000000, 412, NULL);
  fake->fail = SL_ENET;
  fake->message = "no route for password=sesame";
  record(true);
  sl_free(ask(&(struct sl_query){ .res = &fake_things, .conn = SL_STR("fake") }));
  char *before = ask(&conns);
  sl_backend_narrow(ws_conn_find(f.w, SL_STR("second")), &fake_parts, "this server is too old");
  replay();
  assert_false(holds("sesame"));
  char *seen = ask(&(struct sl_query){ .res = &fake_things, .conn = SL_STR("fake") });
  assert_non_null(strstr(seen, "no route for"));
  sl_free(seen);
  seen = ask(&conns);
  assert_non_null(strstr(before, "second|fake|slow|user:ada|"));
  assert_non_null(strstr(seen, "second|fake|slow|user:ada|"));
  assert_non_null(strstr(seen, "fake|fake|failed|"));
  assert_null(ws_conn_serves(ws_conn_find(f.w, SL_STR("second")), &fake_parts, NULL));
  sl_free(seen);
  sl_free(before);
  open_ws(backends, false);
  sl_capsule_free(cap);
  cap = NULL;
  sl_backend_report(ws_conn_find(f.w, SL_STR("second")), "ok", "user:ada", 0, 1, NULL);
  record(false);
  replay();
  assert_false(holds("user:ada")); /* who we are there is personal */
}

/* A connection that came with a changed file while recording is in it, and so are its answers. */
static void a_file_that_changes_meanwhile(void **state)
{
  struct sl_query q = { .res = &fake_things, .conn = SL_STR("second") };
  (void)state;
  record(false);
  struct sl_type_conf types[8];
  size_t n = 0;
  for (; backends[n]; n++)
    types[n] = (struct sl_type_conf){ .type = backends[n]->type, .help = backends[n]->help, .settings = backends[n]->settings,
                                      .nsettings = backends[n]->nsettings, .implicit = backends[n]->implicit };
  assert_int_equal(sl_ws_conf_parse(&conf, sl_str(yaml), "/private/place/care.yaml", NULL, types, n, NULL), SL_OK);
  assert_int_equal(sl_ws_reload(f.w, conf, NULL), SL_OK);
  char *before = ask(&q);
  replay();
  char *after = ask(&q);
  assert_string_equal(before, after);
  assert_non_null(strstr(after, "anna"));
  sl_free(before);
  sl_free(after);
}

/* The audit is the recording's: all of it where somebody looked at it, else the open questions that the findings are made of. */
static void the_audit_is_the_recordings(void **state)
{
  static const struct sl_query audit = { .res = &sl_res_audit }, findings = { .res = &sl_res_findings };
  static const char *const records[] = {
    "\"kind\":\"intent\",\"id\":\"t1\",\"who\":\"ada\",\"action\":\"things.halt\",\"targets\":[\"fake:things/a\"]",
    "\"kind\":\"intent\",\"id\":\"t2\",\"who\":\"ada\",\"action\":\"things.poke\",\"targets\":[\"fake:things/b\"]",
    "\"kind\":\"outcome\",\"id\":\"t2\",\"outcome\":\"ok\"",
  };
  const char *log = sl_ws_audit_path(f.w);
  (void)state;
  for (size_t i = 0; i < sizeof records / sizeof records[0]; i++)
    assert_int_equal(sl_audit_append(log, sl_str(records[i]), sl_ws_now(f.w) - 600000, NULL, NULL), SL_OK);
  record(false);
  char *wrong = ask(&findings);
  assert_non_null(strstr(wrong, "outcome unknown"));
  replay();
  assert_true(holds("things.halt"));
  assert_false(holds("things.poke")); /* settled, and nobody looked */
  assert_false(holds("ada"));
  char *again = ask(&findings);
  assert_non_null(strstr(again, "things.halt fake:things/a by ~"));
  sl_free(again);
  char *all = ask(&audit);
  assert_non_null(strstr(all, "not in this recording: audit"));
  sl_free(all);
  sl_free(wrong);
  open_ws(backends, false);
  sl_capsule_free(cap);
  cap = NULL;
  record(true);
  all = ask(&audit);
  replay();
  again = ask(&audit);
  assert_string_equal(all, again);
  assert_non_null(strstr(again, "things.poke"));
  sl_free(all);
  sl_free(again);
}

/* ---- files ---- */

static void one_recording_at_a_time_and_none_without_a_wish(void **state)
{
  struct sl_capsule_rec *two = NULL;
  struct stat st;
  (void)state;
  record(false);
  assert_int_equal(sl_capsule_record_begin(&two, f.w, NULL, NULL), SL_EEXIST);
  assert_int_equal(sl_capsule_record_end(&rec, NULL, NULL), SL_OK);
  assert_int_not_equal(stat(path, &st), 0);
  record(false);
  assert_int_not_equal(sl_capsule_record_end(&rec, "/proc/nowhere/x", NULL), SL_OK);
  record(false);
  assert_int_equal(sl_capsule_record_end(&rec, path, NULL), SL_OK);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
}

/* Each length and each flipped bit is refused, and says so. */
static void what_was_changed_is_refused(void **state)
{
  struct sl_buf b;
  struct sl_err e;
  (void)state;
  fake->doc = "{}";
  record(false);
  sl_free(ask(&(struct sl_query){ .res = &fake_things, .kind = SL_Q_GET, .conn = SL_STR("fake"), .scope = SL_STR("a") }));
  assert_int_equal(sl_capsule_record_end(&rec, path, NULL), SL_OK);
  sl_buf_init(&b, 0);
  assert_int_equal(sl_file_read(&b, path, 1 << 20, NULL), SL_OK);
  for (size_t n = 0; n < b.n; n++)
    if (sl_capsule_read(&cap, sl_strn(b.p, n), &e) == SL_OK)
      fail_msg("%zu of %zu bytes were taken for a capsule", n, b.n);
  for (size_t i = 0; i < b.n; i++) {
    b.p[i] = (char)(b.p[i] ^ (1 << i % 8));
    if (sl_capsule_read(&cap, sl_buf_view(&b), &e) == SL_OK)
      fail_msg("a changed bit in byte %zu was not seen", i);
    assert_null(cap);
    b.p[i] = (char)(b.p[i] ^ (1 << i % 8));
  }
  sl_buf_ch(&b, 'x');
  assert_int_equal(sl_capsule_read(&cap, sl_buf_view(&b), &e), SL_EPARSE);
  assert_int_equal(sl_capsule_replay_open(&cap, "/nowhere/x", f.l, &e), SL_ENOENT);
  sl_buf_free(&b);
}

static void closed_while_playing(void **state)
{
  (void)state;
  fake->made = 5000;
  fake->batch = 10;
  record(false);
  sl_free(ask(&(struct sl_query){ .res = &fake_things, .conn = SL_STR("fake"), .limit = 4000 }));
  replay();
  for (int turns = 0; turns < 5; turns++) {
    struct fx_seen s;
    struct sl_query like = { .res = &fake_things, .conn = SL_STR("fake"), .limit = 4000 }, *q;
    assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
    fx_watch(&f, q, false, &s);
    sl_query_unref(q);
    fx_turn(&f, turns);
    fx_forget(&s);
    open_ws(sl_capsule_backends(cap), true);
  }
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, fresh, close_up)
  const struct CMUnitTest tests[] = {
    T(a_listing_is_equal), T(a_long_listing_of_two_connections_is_equal), T(a_filtered_and_sorted_listing_is_equal),
    T(a_row_and_its_document_are_equal), T(a_statement_is_equal), T(bytes_are_equal), T(a_plan_is_equal_and_nothing_can_be_done),
    T(the_latest_answer_counts_and_the_clock_stands_at_the_end), T(what_was_not_recorded_is_an_error), T(secrets_and_people_stay_out),
    T(with_data_people_enter_and_secrets_do_not), T(two_capsules_hash_differently), T(live_secrets_stay_out_of_texts_and_bytes),
    T(a_token_across_two_pieces_stays_out), T(what_views_need_of_the_workspace_is_there_and_no_more),
    T(an_address_finds_its_connection_again), T(connections_stand_as_they_stood), T(a_file_that_changes_meanwhile),
    T(the_audit_is_the_recordings),
    T(one_recording_at_a_time_and_none_without_a_wish), T(what_was_changed_is_refused), T(closed_while_playing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
