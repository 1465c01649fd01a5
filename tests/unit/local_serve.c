/* This machine through the two doors: zones, partitions, files with hostile names, bytes, writing, jobs run, stopped and retried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend_local/local.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/act.h"

static char root[64];
static struct sl_loop *l;
static struct sl_ws *w;
static struct sl_buf out;

static const char *const yaml =
  "environment: test\n"
  "lake:\n"
  "  zones:\n"
  "    - {name: raw, uri: lake/raw/, layout: \"dt=%Y-%m-%d\", fresh_within: 26h}\n"
  "    - {name: out, uri: lake/out/}\n"
  "jobs:\n"
  "  good: {connection: local, reads: raw, writes: out, params: {dt: \"@today\"}, schedule: \"0 6 * * *\", steps: {\n"
  "    one: {run: [/bin/sh, -c, \"echo day ${dt} in $SLUICE_WRITES\"]}, two: {run: [/bin/sh, -c, \"echo two\"], after: [one]}}}\n"
  "  bad: {connection: local, params: {file: x}, steps: {only: {run: [/bin/sh, -c, \"echo error: no ${file} >&2; test -e ${file}\"]}}}\n"
  "  long: {connection: local, steps: {sleep: {run: [/bin/sleep, \"1000\"]}}}\n";

static int64_t real_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void put(const char *name, const char *text)
{
  char path[512];
  snprintf(path, sizeof path, "%s/%s", root, name);
  char *dir = sl_path_dir(path);
  assert_int_equal(sl_mkdirs(dir, 0755, NULL), SL_OK);
  assert_int_equal(sl_file_write(path, sl_str(text), 0644, NULL), SL_OK);
  sl_free(dir);
}

static struct sl_ws_conf *config(const char *path)
{
  struct sl_type_conf type = { sl_backend_local.type, sl_backend_local.help, sl_backend_local.settings, sl_backend_local.nsettings, true };
  struct sl_ws_conf *conf = NULL;
  struct sl_err e = { 0 };
  if (sl_ws_conf_load(&conf, path, &type, 1, &e))
    print_error("%s\n", e.msg);
  assert_non_null(conf);
  return conf;
}

static int fresh(void **state)
{
  static const struct sl_backend_ops *const backends[] = { &sl_backend_local, NULL };
  (void)state;
  memcpy(root, "/tmp/sluice-loc-XXXXXX", sizeof "/tmp/sluice-loc-XXXXXX");
  assert_non_null(mkdtemp(root));
  char path[128], conf_home[128], state_dir[128];
  snprintf(path, sizeof path, "%s/config/sluice/workspaces/t/sluice.yaml", root);
  snprintf(conf_home, sizeof conf_home, "%s/config", root);
  snprintf(state_dir, sizeof state_dir, "%s/state", root);
  setenv("XDG_CONFIG_HOME", conf_home, 1);
  put("config/sluice/workspaces/t/sluice.yaml", yaml);
  struct sl_err e = { 0 };
  struct sl_ws_conf *conf = config(path);
  assert_int_equal(sl_loop_open(&l, &e), SL_OK);
  struct sl_ws_opts o = { .conf = conf, .backends = backends, .state_dir = state_dir, .exe = SLUICE_BINARY_DIR "/sluice", .headless = true,
                          .threads = 2 };
  assert_int_equal(sl_ws_open(&w, l, &o, &e), SL_OK);
  sl_ws_conf_unref(conf);
  sl_buf_init(&out, 0);
  return 0;
}

static int clear(void **state)
{
  (void)state;
  sl_ws_close(w);
  sl_loop_close(l);
  sl_buf_free(&out);
  return sl_rmtree(root, NULL);
}

/* ---- asking ---- */

struct seen { bool done, partial; struct sl_snap *snap; struct sl_err err; char note[SL_NOTE_MAX], doc[4096]; };

static void on_changed(void *user, sl_watch id, const struct sl_answer *a)
{
  struct seen *s = user;
  (void)id;
  s->done = a->done;
  sl_snap_unref(s->snap);
  s->snap = a->snap ? sl_snap_ref(a->snap) : NULL;
  for (size_t i = 0; i < a->nsrc; i++) {
    if (a->src[i].state == SL_FAILED)
      s->err = a->src[i].err;
    s->partial = s->partial || a->src[i].state == SL_CUT;
    if (a->src[i].note[0])
      memcpy(s->note, a->src[i].note, sizeof s->note);
  }
  snprintf(s->doc, sizeof s->doc, "%.*s", SL_ARG(a->doc));
}

/* Cells of the columns, joined by spaces, a line each row: in `out`. */
static void rows_text(struct sl_snap *snap, const char *cols)
{
  sl_buf_clear(&out);
  for (uint64_t at = 0; snap && at < sl_snap_count(snap); at += 1024) {
    struct sl_batch *b = NULL;
    assert_int_equal(sl_snap_page_wait(snap, at, 1024, &b, NULL), SL_OK);
    for (uint32_t i = 0; i < sl_batch_count(b); i++) {
      struct sl_str rest = sl_str(cols), col;
      for (bool first = true; sl_str_cut(&rest, ',', &col); first = false) {
        int c = sl_schema_find(sl_batch_schema(b), col);
        assert_true(c >= 0);
        struct sl_val v = sl_batch_get(b, i, (unsigned)c);
        sl_buf_z(&out, first ? "" : " ");
        if (v.null)
          sl_buf_ch(&out, '-');
        else
          sl_val_text(&out, &v);
      }
      sl_buf_ch(&out, '\n');
    }
    sl_batch_unref(b);
  }
}

static void ask(struct seen *s, const struct sl_resource *res, enum sl_query_kind kind, const char *scope, const char *cols)
{
  struct sl_query like = { .res = res, .kind = kind, .conn = SL_STR("local"), .scope = sl_str(scope) }, *q = NULL;
  struct sl_err e = { 0 };
  sl_watch id;
  *s = (struct seen){ 0 };
  assert_int_equal(sl_query_new(&q, &like, &e), SL_OK);
  int rc = sl_ws_query(w, q, true, on_changed, s, &id, &e);
  if (rc)
    print_error("%s\n", e.msg);
  assert_int_equal(rc, SL_OK);
  for (int64_t until = real_ms() + 5000; !s->done && real_ms() < until;)
    sl_loop_turn(l, 20);
  assert_true(s->done);
  rows_text(s->snap, cols);
  sl_snap_unref(s->snap);
  s->snap = NULL;
  sl_query_unref(q);
}

#define LIST(s, res, scope, cols) ask(s, &sl_res_##res, SL_Q_LIST, scope, cols)

/* ---- zones, partitions, objects ---- */

static void zones_and_partitions(void **state)
{
  (void)state;
  struct seen s;
  put("config/sluice/workspaces/t/lake/raw/dt=2026-11-01/a.csv", "x,y\n1,\"two\nlines\"\n3,4\n\n");
  put("config/sluice/workspaces/t/lake/raw/dt=2026-11-03/a.ndjson", "{}\n{}\n{}");
  put("config/sluice/workspaces/t/lake/raw/dt=2026-11-03/b.parquet", "PAR1");
  LIST(&s, zones, "", "name,objects,bytes");
  assert_string_equal(out.p, "raw 3 35\nout 0 0\n");
  LIST(&s, partitions, "raw", "partition,objects,rows");
  const char *end = strstr(out.p, "dt=2026-11-03");
  assert_non_null(end);
  assert_string_equal(end, "dt=2026-11-03 2 -\ndt=2026-11-02 0 -\ndt=2026-11-01 1 2\n");
  ask(&s, &sl_res_partitions, SL_Q_GET, "raw/dt=2026-11-02", "zone,state");
  assert_string_equal(out.p, "raw missing\n");
  LIST(&s, partitions, "nowhere", "zone");
  assert_int_equal(s.err.code, SL_ENOENT);
}

static void rows_that_somebody_noted(void **state)
{
  (void)state;
  struct seen s;
  char path[512], dir[128];
  put("config/sluice/workspaces/t/lake/out/x.parquet", "PAR1");
  snprintf(path, sizeof path, "%s/config/sluice/workspaces/t/lake/out/x.parquet", root);
  snprintf(dir, sizeof dir, "%s/state", root);
  LIST(&s, partitions, "out", "partition,rows");
  assert_string_equal(out.p, "x.parquet -\n");
  assert_int_equal(sl_local_rows_note(dir, path, 7, NULL), SL_OK);
  assert_int_equal(sl_local_rows_note(dir, path, 569, NULL), SL_OK);
  LIST(&s, partitions, "out", "partition,rows");
  assert_string_equal(out.p, "x.parquet 569\n");
  put("config/sluice/workspaces/t/lake/out/x.parquet", "PAR1 and more");
  LIST(&s, partitions, "out", "partition,rows");
  assert_string_equal(out.p, "x.parquet -\n");
}

static void hostile_names_come_out_unchanged(void **state)
{
  (void)state;
  struct seen s;
  put("config/sluice/workspaces/t/lake/out/a\x1b[31m\nb", "1");
  put("config/sluice/workspaces/t/lake/out/\xff\xfe", "22");
  put("config/sluice/workspaces/t/lake/out/.sluice-0123", "half written");
  LIST(&s, objects, "lake:out", "name,kind,bytes");
  assert_string_equal(out.p, "a\x1b[31m\nb file 1\n\xff\xfe file 2\n");
  LIST(&s, objects, "out", "name");
  assert_string_equal(out.p, "a\x1b[31m\nb\n\xff\xfe\n");
}

static void what_is_not_there_or_not_ours_to_read(void **state)
{
  (void)state;
  struct seen s;
  char path[256];
  LIST(&s, objects, "/nonexistent-sluice", "name");
  assert_int_equal(s.err.code, SL_ENOENT);
  assert_non_null(strstr(s.err.msg, "/nonexistent-sluice"));
  ask(&s, &sl_res_objects, SL_Q_GET, "/nonexistent-sluice", "name");
  assert_int_equal(s.err.code, 0);
  assert_int_equal(out.n, 0);
  put("config/sluice/workspaces/t/lake/raw/dt=2026-11-01/secret/a.csv", "x\n1\n");
  snprintf(path, sizeof path, "%s/config/sluice/workspaces/t/lake/raw/dt=2026-11-01/secret", root);
  if (geteuid() == 0)
    return; /* root reads everything */
  assert_int_equal(chmod(path, 0), 0);
  LIST(&s, zones, "", "name,state");
  chmod(path, 0755);
  assert_true(s.partial);
  assert_non_null(strstr(s.note, "secret"));
  assert_non_null(strstr(out.p, "raw unknown"));
}

/* ---- bytes ---- */

struct got { bool done; int rc; int64_t size; struct sl_buf b; struct sl_err err; };

static int on_data(void *user, uint64_t off, const void *p, size_t n)
{
  (void)off;
  sl_buf_add(&((struct got *)user)->b, p, n);
  return SL_OK;
}

static void on_done(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct got *g = user;
  g->done = true;
  g->rc = rc;
  g->size = size;
  if (err)
    g->err = *err;
}

static void read_range(struct got *g, const char *uri, uint64_t off, uint64_t len)
{
  static const struct sl_bytes_fn fn = { on_data, on_done };
  sl_watch id;
  *g = (struct got){ 0 };
  sl_buf_init(&g->b, 0);
  assert_int_equal(sl_ws_bytes(w, sl_str(uri), off, len, &fn, g, &id, NULL), SL_OK);
  for (int64_t until = real_ms() + 5000; !g->done && real_ms() < until;)
    sl_loop_turn(l, 20);
  assert_true(g->done);
}

static void bytes_of_files(void **state)
{
  (void)state;
  struct got g;
  put("config/sluice/workspaces/t/lake/out/f", "0123456789");
  read_range(&g, "lake:out/f", 0, 0);
  assert_int_equal(g.size, 10);
  read_range(&g, "lake:out/f", 3, 4);
  assert_string_equal(sl_buf_zstr(&g.b), "3456");
  sl_buf_free(&g.b);
  read_range(&g, "lake:out/f", 8, UINT64_MAX);
  assert_string_equal(sl_buf_zstr(&g.b), "89");
  sl_buf_free(&g.b);
  read_range(&g, "lake:out/f", 100, 5);
  assert_int_equal(g.b.n, 0);
  sl_buf_free(&g.b);
  read_range(&g, "lake:out/none", 0, 5);
  assert_int_equal(g.rc, SL_ENOENT);
  read_range(&g, "/dev/zero", 0, 5);
  assert_int_equal(g.rc, SL_EUNSUP);
  read_range(&g, "lake:out", 0, 5);
  assert_non_null(strstr(g.err.msg, "is a folder"));
}

/* ---- acting ---- */

struct acted { bool planned, done; int rc; struct sl_plan *plan; struct sl_err err; char started[128], calls[1024]; };

static void on_planned(void *user, struct sl_plan **take, const struct sl_err *err)
{
  struct acted *a = user;
  a->planned = true;
  a->plan = *take;
  *take = NULL;
  if (err)
    a->err = *err;
  for (size_t i = 0; a->plan && i < sl_plan_calls(a->plan); i++)
    snprintf(a->calls + strlen(a->calls), sizeof a->calls - strlen(a->calls), "%s\n", sl_plan_call(a->plan, i));
}

static void on_acted(void *user, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  struct acted *a = user;
  a->done = true;
  a->rc = rc;
  if (err)
    a->err = *err;
  if (started)
    snprintf(a->started, sizeof a->started, "%.*s", SL_ARG(started->id));
}

static void plan(struct acted *a, const struct sl_action *action, const struct sl_resource *res, const char *id, const struct sl_val *args)
{
  struct sl_ref target = { SL_STR("local"), sl_str(res->name), sl_str(id) };
  struct sl_call c = { .act = action, .res = res, .targets = &target, .ntargets = 1, .args = args };
  *a = (struct acted){ 0 };
  int rc = sl_ws_plan(w, &c, on_planned, a, &a->err);
  for (int64_t until = real_ms() + 5000; !rc && !a->planned && real_ms() < until;)
    sl_loop_turn(l, 20);
  a->rc = rc ? rc : a->plan ? SL_OK : a->err.code;
}

static void go(struct acted *a)
{
  assert_int_equal(sl_ws_act(w, &a->plan, SL_STR(""), on_acted, a, &a->err), SL_OK);
  for (int64_t until = real_ms() + 5000; !a->done && real_ms() < until;)
    sl_loop_turn(l, 20);
  assert_true(a->done);
  if (a->rc)
    print_message("%s\n", a->err.msg);
}

static void act(struct acted *a, const struct sl_action *action, const struct sl_resource *res, const char *id, const struct sl_val *args)
{
  plan(a, action, res, id, args);
  if (a->plan)
    go(a);
}

static void edited(const char *was, const char *now)
{
  char path[128], text[4096];
  const char *at = strstr(yaml, was);
  assert_non_null(at);
  snprintf(path, sizeof path, "%s/config/sluice/workspaces/t/sluice.yaml", root);
  snprintf(text, sizeof text, "%.*s%s%s", (int)(at - yaml), yaml, now, at + strlen(was));
  put("config/sluice/workspaces/t/sluice.yaml", text);
  struct sl_ws_conf *conf = config(path);
  assert_int_equal(sl_ws_reload(w, conf, NULL), SL_OK);
  sl_ws_conf_unref(conf);
}

static struct sl_val list_of(struct sl_buf *b, const char *one)
{
  sl_buf_init(b, 0);
  sl_list_add(b, sl_str(one));
  return sl_vas(SL_LIST, sl_buf_view(b));
}

static void until_over(const char *id)
{
  struct seen s;
  for (int i = 0; i < 300; i++) {
    ask(&s, &sl_res_executions, SL_Q_GET, id, "state");
    if (!strstr(out.p, "running") && !strstr(out.p, "pending"))
      return;
    sl_loop_turn(l, 20);
  }
  fail_msg("%s never ended", id);
}

static void a_job_runs(void **state)
{
  (void)state;
  struct acted a;
  struct seen s;
  struct sl_buf list;
  struct sl_val args[2] = { list_of(&list, "dt=2026-11-05"), sl_null(SL_BOOL) };
  act(&a, &sl_act_run, &sl_res_jobs, "good", args);
  assert_int_equal(a.rc, SL_OK);
  assert_string_equal(a.started, "good-1");
  assert_non_null(strstr(a.calls, "echo day 2026-11-05"));
  until_over("good-1");
  ask(&s, &sl_res_executions, SL_Q_GET, "good-1", "id,job,engine,state,native,done,total,unit,cause,params");
  assert_string_equal(out.p, "good-1 good local ok exit 0 2 2 steps - [\"dt=2026-11-05\"]\n");
  assert_non_null(strstr(s.doc, "\"token\""));
  LIST(&s, steps, "good-1", "execution,name,state,after,exit_code");
  assert_string_equal(out.p, "good-1 one ok [] 0\ngood-1 two ok [\"one\"] 0\n");
  LIST(&s, log, "good-1", "source,level,text");
  char line[256];
  snprintf(line, sizeof line, "good-1/one info day 2026-11-05 in file://%s/config/sluice/workspaces/t/lake/out\n"
           "good-1/two info two\n", root);
  assert_string_equal(out.p, line);
  LIST(&s, log, "good-1/two", "text");
  assert_string_equal(out.p, "two\n");
  LIST(&s, jobs, "", "name,state,last_execution");
  assert_string_equal(out.p, "bad - -\ngood ok good-1\nlong - -\n");
  sl_buf_free(&list);
}

static void a_failed_job_is_retried(void **state)
{
  (void)state;
  struct acted a;
  struct seen s;
  struct sl_val none[2] = { sl_null(SL_LIST), sl_null(SL_BOOL) };
  act(&a, &sl_act_run, &sl_res_jobs, "bad", none);
  assert_string_equal(a.started, "bad-1");
  until_over("bad-1");
  ask(&s, &sl_res_executions, SL_Q_GET, "bad-1", "state,native,cause");
  assert_string_equal(out.p, "failed exit 1 error: no x\n");
  put("config/sluice/workspaces/t/x", "now it is there");
  act(&a, &sl_act_retry, &sl_res_executions, "bad-1", NULL);
  assert_int_equal(a.rc, SL_OK);
  assert_string_equal(a.started, "bad-2");
  until_over("bad-2");
  LIST(&s, executions, "bad", "id,state,retry_of");
  assert_non_null(strstr(out.p, "bad-1 failed -\n"));
  assert_non_null(strstr(out.p, "bad-2 ok bad-1\n"));
  act(&a, &sl_act_retry, &sl_res_executions, "bad-2", NULL); /* it did not fail */
  assert_int_equal(a.rc, SL_ECONFLICT);
}

static void a_running_job_is_stopped(void **state)
{
  (void)state;
  struct acted a;
  struct seen s;
  struct sl_val none[2] = { sl_null(SL_LIST), sl_null(SL_BOOL) };
  act(&a, &sl_act_run, &sl_res_jobs, "long", none);
  assert_int_equal(a.rc, SL_OK);
  for (int64_t until = real_ms() + 5000; strcmp(sl_buf_zstr(&out), "running\n") != 0 && real_ms() < until; sl_loop_turn(l, 20))
    ask(&s, &sl_res_executions, SL_Q_GET, "long-1", "state");
  act(&a, &sl_act_stop, &sl_res_executions, "long-1", NULL);
  assert_int_equal(a.rc, SL_OK);
  until_over("long-1");
  ask(&s, &sl_res_executions, SL_Q_GET, "long-1", "state");
  assert_string_equal(out.p, "stopped\n");
}

static void wrong_parameters(void **state)
{
  (void)state;
  static const struct { const char *p, *says; } cases[] = {
    { "day=1", "no parameter day" }, { "dt", "NAME=VALUE" }, { "dt=a\nb", "control character" }, { "dt=../../x", ".." },
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct acted a;
    struct sl_buf list;
    struct sl_val args[2] = { list_of(&list, cases[i].p), sl_null(SL_BOOL) };
    act(&a, &sl_act_run, &sl_res_jobs, "good", args);
    assert_int_equal(a.rc, SL_EUSAGE);
    if (!strstr(a.err.msg, cases[i].says))
      print_error("%s\n", a.err.msg);
    assert_non_null(strstr(a.err.msg, cases[i].says));
    sl_buf_free(&list);
  }
}

static void files_are_copied_and_removed(void **state)
{
  (void)state;
  struct acted a;
  struct seen s;
  char uri[256];
  put("config/sluice/workspaces/t/lake/out/f", "content");
  snprintf(uri, sizeof uri, "file://%s/config/sluice/workspaces/t/lake/out/f", root);
  struct sl_val to[2] = { sl_vas(SL_URI, SL_STR("lake:out/new/folder/g")), sl_null(SL_BOOL) };
  act(&a, &sl_act_copy, &sl_res_objects, uri, to);
  assert_int_equal(a.rc, SL_OK);
  LIST(&s, objects, "lake:out/new/folder", "name,bytes");
  assert_string_equal(out.p, "g 7\n");
  act(&a, &sl_act_copy, &sl_res_objects, uri, to); /* it is there */
  assert_int_equal(a.rc, SL_EEXIST);
  act(&a, &sl_act_remove, &sl_res_objects, uri, NULL);
  assert_int_equal(a.rc, SL_OK);
  LIST(&s, objects, "lake:out", "name,kind");
  assert_string_equal(out.p, "new prefix\n");
}

/* A link in a zone leads nobody out of it; a step writes only where its job may. */
static void writing_stays_where_it_may(void **state)
{
  (void)state;
  struct acted a;
  char uri[256], link[256], elsewhere[128];
  put("config/sluice/workspaces/t/lake/out/f", "content");
  snprintf(uri, sizeof uri, "file://%s/config/sluice/workspaces/t/lake/out/f", root);
  snprintf(link, sizeof link, "%s/config/sluice/workspaces/t/lake/out/way", root);
  snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", root);
  assert_int_equal(mkdir(elsewhere, 0755), 0);
  assert_int_equal(symlink(elsewhere, link), 0);
  struct sl_val to[2] = { sl_vas(SL_URI, SL_STR("lake:out/way/g")), sl_null(SL_BOOL) };
  act(&a, &sl_act_copy, &sl_res_objects, uri, to);
  assert_int_equal(a.rc, SL_EDENIED);
  assert_non_null(strstr(a.err.msg, "link"));
  to[0] = sl_vas(SL_URI, SL_STR("lake:out/g"));
  setenv("SLUICE_WRITES", "file:///somewhere/else", 1);
  act(&a, &sl_act_copy, &sl_res_objects, uri, to);
  assert_int_equal(a.rc, SL_EDENIED);
  setenv("SLUICE_WRITES", "", 1);
  act(&a, &sl_act_remove, &sl_res_objects, uri, NULL);
  unsetenv("SLUICE_WRITES");
  assert_int_equal(a.rc, SL_EDENIED);
}

/* Whoever may write the outer zone has put a link in the place of the inner one's folder. */
static void an_inner_zone_that_became_a_link(void **state)
{
  (void)state;
  struct acted a;
  struct seen s;
  struct got g;
  char uri[320], link[256], elsewhere[128], secret[160];
  edited("- {name: out, uri: lake/out/}", "- {name: out, uri: lake/out/}\n    - {name: whole, uri: lake/}");
  put("config/sluice/workspaces/t/lake/f", "content");
  put("elsewhere/secret.csv", "a,b\n1,2\n");
  snprintf(uri, sizeof uri, "file://%s/config/sluice/workspaces/t/lake/f", root);
  snprintf(link, sizeof link, "%s/config/sluice/workspaces/t/lake/out", root);
  snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", root);
  snprintf(secret, sizeof secret, "%s/secret.csv", elsewhere);
  assert_int_equal(symlink(elsewhere, link), 0);
  struct sl_val to[2] = { sl_vas(SL_URI, SL_STR("lake:out/g")), sl_vb(true) };
  act(&a, &sl_act_copy, &sl_res_objects, uri, to);
  assert_int_equal(a.rc, SL_EDENIED);
  assert_non_null(strstr(a.err.msg, "`out` is a link"));
  read_range(&g, "lake:out/secret.csv", 0, 10);
  assert_int_equal(g.rc, SL_EDENIED);
  sl_buf_free(&g.b);
  LIST(&s, objects, "lake:out", "name");
  assert_int_equal(s.err.code, SL_EDENIED);
  LIST(&s, partitions, "out", "partition");
  assert_true(s.partial);
  assert_string_equal(sl_buf_zstr(&out), "");
  LIST(&s, log, secret, "text"); /* by its own name it lies in no zone: a person typed it */
  assert_int_equal(s.err.code, 0);
  snprintf(uri, sizeof uri, "file://%s/secret.csv", link);
  act(&a, &sl_act_remove, &sl_res_objects, uri, NULL);
  assert_int_equal(a.rc, SL_EDENIED);
  assert_true(sl_file_exists(secret));
  snprintf(uri, sizeof uri, "file://%s/config/sluice/workspaces/t/lake/f", root);
  char writes[320];
  snprintf(writes, sizeof writes, "file://%s", link);
  setenv("SLUICE_WRITES", writes, 1); /* a job that writes to the inner zone */
  act(&a, &sl_act_copy, &sl_res_objects, uri, to);
  unsetenv("SLUICE_WRITES");
  assert_int_equal(a.rc, SL_EDENIED);
  assert_int_equal(unlink(link), 0); /* its folder again */
  act(&a, &sl_act_copy, &sl_res_objects, uri, to);
  assert_int_equal(a.rc, SL_OK);
}

/* ---- what a person typed lies in no zone ---- */

static void outside_of_all_zones(void **state)
{
  (void)state;
  struct acted a;
  char uri[256], there[160];
  put("elsewhere/f", "content");
  snprintf(uri, sizeof uri, "file://%s/elsewhere/f", root);
  snprintf(there, sizeof there, "file://%s/elsewhere/g", root);
  struct sl_val to[2] = { sl_vas(SL_URI, sl_str(there)), sl_null(SL_BOOL) };
  act(&a, &sl_act_copy, &sl_res_objects, uri, to);
  assert_int_equal(a.rc, SL_OK);
  act(&a, &sl_act_remove, &sl_res_objects, there, NULL);
  assert_int_equal(a.rc, SL_OK);
  edited("environment: test\n", "environment: prod\nprotected: true\n");
  plan(&a, &sl_act_copy, &sl_res_objects, uri, to);
  assert_null(a.plan); /* not even a plan */
  assert_int_equal(a.rc, SL_EDENIED);
  assert_non_null(strstr(a.err.msg, "add to lake.zones: {name: NAME, uri: \""));
  plan(&a, &sl_act_remove, &sl_res_objects, uri, NULL);
  assert_int_equal(a.rc, SL_EDENIED);
  to[0] = sl_vas(SL_URI, SL_STR("lake:out/g"));
  plan(&a, &sl_act_copy, &sl_res_objects, uri, to); /* reading it is fine */
  assert_int_equal(a.rc, SL_OK);
  sl_plan_free(a.plan);
}

static void outside_of_the_root(void **state)
{
  (void)state;
  struct acted a;
  struct got g;
  char uri[256], rooted[256];
  put("elsewhere/f", "content");
  put("config/sluice/workspaces/t/lake/out/f", "content");
  snprintf(rooted, sizeof rooted, "environment: test\nconnections:\n  local: {type: local, root: \"%s/config/\"}\n", root);
  edited("environment: test\n", rooted);
  snprintf(uri, sizeof uri, "file://%s/elsewhere/g", root);
  struct sl_val to[2] = { sl_vas(SL_URI, sl_str(uri)), sl_null(SL_BOOL) };
  char from[256];
  snprintf(from, sizeof from, "file://%s/config/sluice/workspaces/t/lake/out/f", root);
  plan(&a, &sl_act_copy, &sl_res_objects, from, to);
  assert_null(a.plan);
  if (a.rc != SL_EDENIED || !strstr(a.err.msg, "add to connections: NAME: {type: local, root: \""))
    fail_msg("%d %s", a.rc, a.err.msg);
  read_range(&g, uri, 0, 5);
  assert_int_equal(g.rc, SL_EDENIED);
  sl_buf_free(&g.b);
  read_range(&g, from, 0, 5);
  assert_int_equal(g.rc, SL_OK);
  sl_buf_free(&g.b);
}

/* Nobody asks again: the supervisor's bell does, long before the five seconds of a poll. */
static void an_end_is_heard(void **state)
{
  (void)state;
  struct acted a;
  struct seen s = { 0 };
  struct sl_query like = { .res = &sl_res_jobs, .conn = SL_STR("local") }, *q = NULL;
  struct sl_val none[2] = { sl_null(SL_LIST), sl_null(SL_BOOL) };
  sl_watch id;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  assert_int_equal(sl_ws_query(w, q, false, on_changed, &s, &id, NULL), SL_OK);
  act(&a, &sl_act_run, &sl_res_jobs, "good", none);
  assert_int_equal(a.rc, SL_OK);
  int64_t began = real_ms();
  do {
    sl_loop_turn(l, 20);
    rows_text(s.snap, "name,state");
  } while (!strstr(sl_buf_zstr(&out), "good ok") && real_ms() - began < 4000);
  assert_non_null(strstr(out.p, "good ok"));
  sl_ws_unwatch(w, id);
  sl_snap_unref(s.snap);
  sl_query_unref(q);
}

static void the_newest_partition_as_parameter(void **state)
{
  (void)state;
  struct acted a;
  struct seen s;
  struct sl_buf list;
  struct sl_val args[2] = { list_of(&list, "dt=@newest"), sl_null(SL_BOOL) };
  act(&a, &sl_act_run, &sl_res_jobs, "good", args);
  assert_int_equal(a.rc, SL_ENOENT); /* the zone is not there */
  put("config/sluice/workspaces/t/lake/raw/dt=2026-11-03/a.csv", "x\n1\n");
  put("config/sluice/workspaces/t/lake/raw/dt=2026-11-01/a.csv", "x\n1\n");
  act(&a, &sl_act_run, &sl_res_jobs, "good", args);
  assert_int_equal(a.rc, SL_OK);
  ask(&s, &sl_res_executions, SL_Q_GET, a.started, "params");
  assert_string_equal(out.p, "[\"dt=2026-11-03\"]\n");
  until_over(a.started);
  char link[256];
  snprintf(link, sizeof link, "%s/config/sluice/workspaces/t/lake/raw/dt=2026-11-04", root);
  assert_int_equal(symlink("/", link), 0);
  act(&a, &sl_act_run, &sl_res_jobs, "good", args);
  assert_int_equal(a.rc, SL_EIO); /* a newer one that cannot be looked into: never an older one in its place */
  assert_non_null(strstr(a.err.msg, "dt=2026-11-04: it leads out of the workspace"));
  assert_int_equal(unlink(link), 0);
  sl_buf_free(&list);
}

/* ---- what was confirmed is what runs ---- */

static void a_newer_partition_after_the_plan(void **state)
{
  (void)state;
  struct acted a;
  struct seen s;
  struct sl_buf list;
  struct sl_val args[2] = { list_of(&list, "dt=@newest"), sl_null(SL_BOOL) };
  put("config/sluice/workspaces/t/lake/raw/dt=2026-11-03/a.csv", "x\n1\n");
  plan(&a, &sl_act_run, &sl_res_jobs, "good", args);
  assert_non_null(strstr(a.calls, "echo day 2026-11-03"));
  put("config/sluice/workspaces/t/lake/raw/dt=2026-11-04/a.csv", "x\n1\n");
  go(&a);
  assert_int_equal(a.rc, SL_OK);
  ask(&s, &sl_res_executions, SL_Q_GET, a.started, "params");
  assert_string_equal(out.p, "[\"dt=2026-11-03\"]\n");
  until_over(a.started);
  sl_buf_free(&list);
}

static void a_plan_confirmed_after_midnight(void **state)
{
  (void)state;
  struct acted a;
  struct seen s;
  struct sl_val none[2] = { sl_null(SL_LIST), sl_null(SL_BOOL) };
  sl_loop_clock_freeze(l, 1793836790000); /* 2026-11-04 23:59:50 */
  plan(&a, &sl_act_run, &sl_res_jobs, "good", none);
  assert_non_null(strstr(a.calls, "echo day 2026-11-04"));
  sl_loop_clock_advance(l, 20000);
  go(&a);
  assert_int_equal(a.rc, SL_OK);
  ask(&s, &sl_res_executions, SL_Q_GET, a.started, "params");
  assert_string_equal(out.p, "[\"dt=2026-11-04\"]\n");
  until_over(a.started);
  plan(&a, &sl_act_run, &sl_res_jobs, "good", none);
  assert_non_null(strstr(a.calls, "echo day 2026-11-05"));
  sl_plan_free(a.plan);
}

static void a_job_that_was_edited_after_the_plan(void **state)
{
  (void)state;
  struct acted a;
  struct seen s;
  struct sl_val none[2] = { sl_null(SL_LIST), sl_null(SL_BOOL) };
  plan(&a, &sl_act_run, &sl_res_jobs, "good", none);
  assert_non_null(a.plan);
  edited("echo two", "echo three");
  go(&a);
  assert_int_equal(a.rc, SL_ECONFLICT);
  assert_non_null(strstr(a.err.msg, "changed meanwhile"));
  LIST(&s, executions, "", "id");
  assert_string_equal(sl_buf_zstr(&out), "");
  act(&a, &sl_act_run, &sl_res_jobs, "good", none); /* seen again, it runs */
  assert_int_equal(a.rc, SL_OK);
  until_over(a.started);
}

static void a_retry_keeps_what_was_seen(void **state)
{
  (void)state;
  struct acted a;
  struct seen s;
  struct sl_val none[2] = { sl_null(SL_LIST), sl_null(SL_BOOL) };
  act(&a, &sl_act_run, &sl_res_jobs, "bad", none);
  until_over("bad-1");
  edited("params: {file: x}", "reads: raw, params: {file: x, dt: \"@newest\"}"); /* a parameter that the execution does not have */
  put("config/sluice/workspaces/t/lake/raw/dt=2026-11-03/a.csv", "x\n1\n");
  plan(&a, &sl_act_retry, &sl_res_executions, "bad-1", NULL);
  assert_non_null(a.plan);
  put("config/sluice/workspaces/t/lake/raw/dt=2026-11-04/a.csv", "x\n1\n");
  go(&a);
  assert_int_equal(a.rc, SL_OK);
  ask(&s, &sl_res_executions, SL_Q_GET, a.started, "params");
  assert_string_equal(out.p, "[\"file=x\",\"dt=2026-11-03\"]\n");
  until_over(a.started);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fresh, clear)
  const struct CMUnitTest tests[] = {
    T(zones_and_partitions), T(rows_that_somebody_noted), T(hostile_names_come_out_unchanged), T(what_is_not_there_or_not_ours_to_read),
    T(bytes_of_files), T(a_job_runs), T(a_failed_job_is_retried), T(a_running_job_is_stopped), T(wrong_parameters),
    T(files_are_copied_and_removed), T(writing_stays_where_it_may),
    T(an_inner_zone_that_became_a_link), T(outside_of_all_zones), T(outside_of_the_root),
    T(an_end_is_heard), T(the_newest_partition_as_parameter),
    T(a_newer_partition_after_the_plan), T(a_plan_confirmed_after_midnight), T(a_job_that_was_edited_after_the_plan),
    T(a_retry_keeps_what_was_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
