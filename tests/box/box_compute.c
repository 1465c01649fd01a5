/* The connection `compute` with a real box behind it: statements over files, zones and resources; profiles; what can be asked. A small
 * stand-in for `local` names the zones' files and their newest partition. */
#include "box_harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "model/backend.h"

extern const struct sl_backend_ops sl_backend_compute;

/* ---- the stand-in ---- */

static int partitions(struct sl_req *r, struct sl_err *err)
{
  static const char *const days[][2] = { { "dt=2026-11-03", "missing" }, { "dt=2026-11-02", "fresh" }, { "dt=2026-11-01", "fresh" } };
  struct sl_batch *b = NULL;
  int rc = sl_req_head(r, NULL, 0, -1);
  if (!rc)
    rc = sl_batch_new(&b, sl_req_schema(r), err);
  for (size_t i = 0; !rc && i < 3; i++) {
    sl_batch_row(b, SL_PUT, sl_str(days[i][0]));
    sl_batch_set(b, 0, sl_vz("raw"));
    sl_batch_set(b, 1, sl_vz(days[i][0]));
    sl_batch_set(b, 2, sl_vas(SL_STATE, sl_str(days[i][1])));
  }
  if (!rc)
    rc = sl_req_rows(r, &b);
  sl_batch_unref(b);
  return rc;
}

static void end_later(void *user) { sl_req_end(user, SL_OK, NULL); }

static int partitions_query(struct sl_req *r, struct sl_err *err)
{
  int rc = partitions(r, err);
  return rc ? rc : sl_loop_later(loop, end_later, r, err);
}

/* More rows than stay in memory: they come back from the disk while they are fed. */
enum { MANY = 60000 };

static int many_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct sl_rower w;
  (void)user;
  int rc = sl_feed_head(f, NULL, 0, -1);
  if (rc || (rc = sl_rower_begin(&w, f, NULL, err)))
    return rc;
  for (int i = 0; !rc && i < MANY; i++) {
    char id[16], text[64];
    snprintf(id, sizeof id, "%d", i);
    snprintf(text, sizeof text, "a text that does not repeat itself %d", i * 7919);
    rc = sl_rower_row(&w, SL_PUT, sl_str(id));
    if (!rc)
      sl_batch_set(sl_rower_batch(&w), 0, sl_vz(text));
  }
  if (!rc)
    return sl_rower_end(&w, err);
  sl_rower_abort(&w);
  return rc;
}

static int many_query(struct sl_req *r, struct sl_err *err)
{
  static const struct sl_feed_ops ops = { many_work, NULL };
  return sl_req_work(r, SL_LANE_LONG, &ops, NULL, err);
}

static const char *const schemes[] = { "file", NULL };
static const struct sl_serve serve_partitions = { .res = &sl_res_partitions, .query = partitions_query };
static const struct sl_serve serve_steps = { .res = &sl_res_steps, .query = many_query };
static const struct sl_serve *const fake_serves[] = { &serve_partitions, &serve_steps, NULL };
static const struct sl_backend_ops fake_local = { .type = "local", .help = "files", .implicit = true, .serves = fake_serves,
                                                  .schemes = schemes };

/* ---- a workspace over a folder ---- */

static struct sl_ws *ws;
static struct sl_ws_conf *conf;
static char base[64];

static void put_file(const char *name, const char *text)
{
  char path[256], folder[256];
  snprintf(path, sizeof path, "%s/%s", base, name);
  snprintf(folder, sizeof folder, "%s", path);
  *strrchr(folder, '/') = 0;
  assert_int_equal(sl_mkdirs(folder, 0700, NULL), SL_OK);
  assert_int_equal(sl_file_write(path, sl_str(text), 0600, NULL), SL_OK);
}

static int ws_setup(void **state)
{
  static char exe[512], state_dir[128];
  static const struct sl_backend_ops *const backends[] = { &fake_local, &sl_backend_compute, NULL };
  static const char *const libs[] = { SLUICE_ENGINES, NULL };
  static const char yaml[] = "lake:\n  zones:\n"
    "    - {name: raw, uri: \"lake/raw/\", layout: \"dt=%Y-%m-%d\"}\n"
    "    - {name: bare, uri: \"lake/bare/\"}\n"
    "    - {name: broken, uri: \"lake/broken/\"}\n";
  struct sl_type_conf types[] = { { .type = "local", .help = "files", .implicit = true },
                                  { .type = "compute", .help = "engine", .implicit = true } };
  struct sl_err err = { 0 };
  (void)state;
  snprintf(base, sizeof base, "/tmp/sluice-compute-XXXXXX");
  if (!mkdtemp(base) || sl_loop_open(&loop, NULL))
    return -1;
  put_file("lake/raw/dt=2026-11-01/a.csv", "id,v,t\n1,1.5,x\n2,2.5,y\n");
  put_file("lake/raw/dt=2026-11-02/a.csv", "id,v,t\n3,,z\n4,4.5,x\n5,0.5,x\n");
  put_file("lake/bare/one.ndjson", "{\"k\":1}\n{\"k\":2}\n");
  put_file("lake/broken/x.parquet", "PAR1 no PAR1");
  put_file("other/file.csv", "q\n7\n");
  char path[128];
  snprintf(path, sizeof path, "%s/sluice.yaml", base);
  if (sl_ws_conf_parse(&conf, sl_str(yaml), path, NULL, types, 2, &err)) {
    fprintf(stderr, "%s\n", err.msg);
    return -1;
  }
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  exe[n > 0 ? n : 0] = 0;
  snprintf(state_dir, sizeof state_dir, "%s/state", base);
  struct sl_ws_opts o = { .conf = conf, .backends = backends, .state_dir = state_dir, .exe = exe, .lib_dirs = libs, .headless = true,
                          .table_memory = 2 << 20 };
  if (sl_ws_open(&ws, loop, &o, &err)) {
    fprintf(stderr, "%s\n", err.msg);
    return -1;
  }
  return 0;
}

static int ws_teardown(void **state)
{
  (void)state;
  sl_ws_close(ws);
  sl_ws_conf_unref(conf);
  sl_loop_close(loop);
  (void)!sl_rmtree(base, NULL);
  return sl_alloc_live() > 0 ? -1 : 0;
}

/* ---- asking ---- */

struct got { struct sl_buf text; bool done; struct sl_source src; struct sl_snap *snap; };

static void on_answer(void *user, sl_watch id, const struct sl_answer *a)
{
  struct got *g = user;
  (void)id;
  if (!a->done)
    return;
  g->done = true;
  if (a->nsrc)
    g->src = a->src[0];
  g->src.conn = SL_STR_NONE;
  if (a->snap)
    g->snap = sl_snap_ref(a->snap);
}

static bool got_done(void *user) { return ((struct got *)user)->done; }

static void put_rows(struct got *g)
{
  struct sl_schema *s = sl_snap_schema(g->snap);
  struct sl_batch *b = NULL;
  for (size_t i = 0; i < sl_schema_count(s); i++)
    sl_buf_printf(&g->text, "%s%s", i ? " " : "", sl_schema_col(s, i)->name);
  sl_buf_ch(&g->text, '\n');
  if (!sl_snap_count(g->snap))
    return;
  assert_int_equal(sl_snap_page_wait(g->snap, 0, 1000, &b, NULL), SL_OK);
  for (uint32_t row = 0; row < sl_batch_count(b); row++) {
    for (unsigned i = 0; i < sl_schema_count(s); i++) {
      struct sl_val v = sl_batch_get(b, row, i);
      sl_buf_z(&g->text, i ? "|" : "");
      if (!v.null)
        sl_val_text(&g->text, &v);
    }
    sl_buf_ch(&g->text, '\n');
  }
  sl_batch_unref(b);
}

static void ask(struct got *g, const struct sl_query *like)
{
  struct sl_query *q = NULL;
  struct sl_err err = { 0 };
  sl_watch id;
  sl_buf_init(&g->text, 0);
  assert_int_equal(sl_query_new(&q, like, &err), SL_OK);
  int rc = sl_ws_query(ws, q, true, on_answer, g, &id, &err);
  sl_query_unref(q);
  if (rc)
    fail_msg("%s", err.msg);
  if (!turn_until(got_done, g, 30000))
    fail_msg("no answer");
  if (g->snap)
    put_rows(g);
}

static void got_free(struct got *g)
{
  sl_buf_free(&g->text);
  sl_snap_unref(g->snap);
  memset(g, 0, sizeof *g);
}

static void expect_rows(const struct sl_query *like, const char *text)
{
  struct got g = { 0 };
  ask(&g, like);
  assert_string_equal(g.src.err.msg, "");
  assert_string_equal(sl_buf_zstr(&g.text), text);
  got_free(&g);
}

static struct sl_query sql(const char *statement)
{
  return (struct sl_query){ .res = &sl_res_rows, .kind = SL_Q_SQL, .scope = sl_str(statement) };
}

static void expect_statement(const char *statement, const char *text)
{
  struct sl_query q = sql(statement);
  expect_rows(&q, text);
}

static void expect_refused(const char *statement, const char *part)
{
  struct got g = { 0 };
  struct sl_query q = sql(statement);
  ask(&g, &q);
  if (g.src.state != SL_FAILED || !strstr(g.src.err.msg, part))
    fail_msg("%s: %s", statement, g.src.err.msg);
  got_free(&g);
}

/* ---- the tests ---- */

static void addresses(void **state)
{
  (void)state;
  expect_statement("select count(*) n from 'lake:raw'", "n\n5\n");
  expect_statement("select id, t, dt from 'lake:raw/@newest' order by id", "id t dt\n3|z|2026-11-02\n4|x|2026-11-02\n5|x|2026-11-02\n");
  expect_statement("select sum(id) s from 'lake:raw/dt=2026-11-01/a.csv'", "s\n3\n");
  expect_statement("select sum(id) s from read_csv('lake:raw/*/a.csv', delim = ',')", "s\n15\n");
  expect_statement("select count(*) n from read_csv(['lake:raw/dt=2026-11-01/a.csv', 'lake:raw/@newest/a.csv'])", "n\n5\n");
  expect_statement("select r.id, b.k from 'lake:raw' r, 'lake:bare' b where r.id = b.k order by 1", "id k\n1|1\n2|2\n");
  expect_statement("select 'lake:raw' a, b from (values ('lake:raw')) t(b) where b = 'lake:raw'", "a b\nlake:raw|lake:raw\n");
}

static void other_files(void **state)
{
  (void)state;
  char text[256];
  snprintf(text, sizeof text, "select q from '%s/other/file.csv'", base);
  expect_statement(text, "q\n7\n");
  snprintf(text, sizeof text, "select q from '%s/other/*.csv'", base);
  expect_statement(text, "q\n7\n");
  assert_int_equal(chdir(base), 0);
  expect_statement("select q from 'other/file.csv'", "q\n7\n");
  assert_int_equal(chdir("/"), 0);
  expect_refused("select * from read_text(concat('/etc/', 'passwd'))", "only files below");
  expect_refused("select * from 's3://bucket/x.csv'", "s3://bucket/x.csv");
  expect_refused("select * from 'lake:rwa'", "did you mean raw?");
  expect_refused("select * from 'lake:broken'", "x.parquet");
  expect_refused("copy (select 1) to 'x.csv'", "--out");
}

static void broken_rows(void **state)
{
  (void)state;
  struct sl_buf b;
  char text[256];
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "a,b,c\n");
  for (int i = 1; i < 40; i++)
    sl_buf_printf(&b, i == 20 ? "%d,%d,x,MORE\n" : "%d,%d,x\n", i, i);
  put_file("other/more.csv", sl_buf_zstr(&b));
  snprintf(text, sizeof text, "select count(*) from '%s/other/more.csv'", base);
  expect_refused(text, "more.csv line 21: Expected Number of Columns: 3 Found: 4");
  sl_buf_free(&b);
  put_file("other/two.csv", "a;b\n1;2\n3\n");
  snprintf(text, sizeof text, "select count(*) from '%s/other/two.csv'", base);
  expect_refused(text, "two.csv line 3: Expected Number of Columns: 2 Found: 1");
  put_file("other/note.csv", "# written by a machine\na,b\n1,2\n");
  snprintf(text, sizeof text, "select * from '%s/other/note.csv'", base);
  expect_statement(text, "a b\n1|2\n");
  put_file("other/one.csv", "a\n1\n2\n");
  snprintf(text, sizeof text, "select sum(t.a) s from '%s/other/one.csv' t", base);
  expect_statement(text, "s\n3\n");
}

static void resources(void **state)
{
  (void)state;
  expect_statement("select partition, state, connection, ref from partitions order by 1 limit 2",
                   "partition state connection ref\ndt=2026-11-01|fresh|local|local:partitions/dt%3D2026-11-01\n"
                   "dt=2026-11-02|fresh|local|local:partitions/dt%3D2026-11-02\n");
  expect_statement("select p.state, count(*) n from partitions p join 'lake:raw' r on p.partition = 'dt=' || r.dt group by 1",
                   "state n\nfresh|5\n");
}

static void from_disk(void **state)
{
  (void)state;
  expect_statement("select count(*)::bigint n, count(distinct execution)::bigint d, count(distinct ref)::bigint r from steps",
                   "n d r\n60000|60000|60000\n");
  expect_statement("select count(*)::bigint n from steps a join steps b using (execution)", "n\n60000\n");
}

static void out(void **state)
{
  (void)state;
  struct got g = { 0 };
  struct sl_query q = sql("select * from 'lake:raw'");
  q.out = SL_STR("o.parquet");
  ask(&g, &q);
  assert_string_equal(g.src.err.msg, "");
  struct sl_str rest = sl_buf_view(&g.text), line;
  assert_true(sl_str_cut(&rest, '\n', &line));
  assert_true(sl_str_eqz(line, "file rows"));
  assert_true(sl_str_cut(&rest, '|', &line));
  char path[256];
  snprintf(path, sizeof path, "%.*s", SL_ARG(line));
  assert_true(sl_str_eqz(rest, "5\n"));
  assert_true(sl_file_exists(path));
  got_free(&g);
}

static void profiles(void **state)
{
  (void)state;
  struct sl_query q = { .res = &sl_res_columns, .scope = SL_STR("raw") };
  expect_rows(&q,
    "name type nullable nulls distinct min max mean table q25 q50 q75 histogram\n"
    "id|BIGINT|true|0|5|1|5|3|raw|2|3|4|[\"1\",\"0\",\"0\",\"0\",\"0\",\"1\",\"0\",\"0\",\"0\",\"0\",\"1\",\"0\",\"0\",\"0\",\"0\","
    "\"1\",\"0\",\"0\",\"0\",\"1\"]\n"
    "v|DOUBLE|true|1|4|0.5|4.5|2.25|raw|1.25|2|3|[\"1\",\"0\",\"0\",\"0\",\"0\",\"1\",\"0\",\"0\",\"0\",\"0\",\"1\",\"0\",\"0\",\"0\","
    "\"0\",\"0\",\"0\",\"0\",\"0\",\"1\"]\n"
    "t|VARCHAR|true|0|3|x|z||raw||||\ndt|DATE|true|0|2|2026-11-01|2026-11-02||raw||||\n");
  q.scope = SL_STR("sql:select [1] l, {'a': 1} s, 'nan'::double f, null n;");
  expect_rows(&q,
    "name type nullable nulls distinct min max mean table q25 q50 q75 histogram\n"
    "l|INTEGER[]|true|0|||||sql:select [1] l, {'a': 1} s, 'nan'::double f, null n;||||\n"
    "s|STRUCT(a INTEGER)|true|0|||||sql:select [1] l, {'a': 1} s, 'nan'::double f, null n;||||\n"
    "f|DOUBLE|true|0|1|nan|nan|NaN|sql:select [1] l, {'a': 1} s, 'nan'::double f, null n;||||\n"
    "n|INTEGER|true|1|0||||sql:select [1] l, {'a': 1} s, 'nan'::double f, null n;||||\n");
}

static void names_only(void **state)
{
  (void)state;
  struct sl_query q = { .res = &sl_res_columns, .scope = SL_STR("lake:bare") };
  assert_int_equal(sl_want_parse(&q.want, SL_STR("name,type,nullable"), NULL), SL_OK);
  expect_rows(&q, "name type nullable nulls distinct min max mean table q25 q50 q75 histogram\n"
                  "k|BIGINT|true||||||lake:bare||||\n");
  sl_want_unref(q.want);
}

static void every_zone(void **state)
{
  (void)state;
  struct got g = { 0 };
  ask(&g, &(struct sl_query){ .res = &sl_res_columns });
  assert_int_equal(g.src.state, SL_CUT); /* one zone is broken, and named */
  assert_non_null(strstr(g.src.note, "broken"));
  assert_int_equal(sl_snap_count(g.snap), 5);
  got_free(&g);
}

static void one_column(void **state)
{
  (void)state;
  struct got g = { 0 };
  ask(&g, &(struct sl_query){ .res = &sl_res_columns, .kind = SL_Q_GET, .scope = SL_STR("raw#3:t"), .conn = SL_STR("compute") });
  assert_string_equal(g.src.err.msg, "");
  assert_int_equal(sl_snap_count(g.snap), 1);
  assert_non_null(strstr(sl_buf_zstr(&g.text), "\nt|VARCHAR|"));
  got_free(&g);
}

static void tables(void **state)
{
  (void)state;
  struct got g = { 0 };
  ask(&g, &(struct sl_query){ .res = &sl_res_tables });
  assert_string_equal(g.src.err.msg, "");
  assert_int_equal(sl_snap_count(g.snap), 3);
  assert_non_null(strstr(sl_buf_zstr(&g.text), "\nlake|raw|files||"));
  got_free(&g);
  ask(&g, &(struct sl_query){ .res = &sl_res_tables, .scope = SL_STR("raw") });
  assert_int_equal(sl_snap_count(g.snap), 1);
  got_free(&g);
}

static void leaving(void **state)
{
  (void)state;
  static const char *const statements[] = { "select sum(i * random()) from range(1000000000000) t(i)", "select * from 'lake:raw/@newest'",
                                            "select * from partitions, range(1000000000000)",
                                            "select count(*) from steps" };
  for (size_t i = 0; i < 4; i++)
    for (int turns = 0; turns < 8; turns++) {
      struct sl_query like = sql(statements[i]), *q = NULL;
      struct got g = { 0 };
      sl_watch id;
      assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
      assert_int_equal(sl_ws_query(ws, q, true, on_answer, &g, &id, NULL), SL_OK);
      sl_query_unref(q);
      for (int k = 0; k < turns * 3; k++)
        sl_loop_turn(loop, 5);
      sl_ws_unwatch(ws, id);
      sl_snap_unref(g.snap);
    }
  expect_statement("select 1 a", "a\n1\n");
}

#define WS(f) cmocka_unit_test_setup_teardown(f, ws_setup, ws_teardown)

int main(int argc, char **argv)
{
  static const struct CMUnitTest tests[] = { WS(addresses), WS(other_files), WS(broken_rows), WS(resources), WS(from_disk), WS(out),
                                                WS(profiles),
                                                WS(names_only),
    WS(every_zone), WS(one_column), WS(tables), WS(leaving) };
  return harness_main(argc, argv, NULL, tests, sizeof tests / sizeof tests[0]);
}
