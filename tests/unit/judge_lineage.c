/* Lineage: the tree out of what is known, without a connection: both ways, circles, ten thousand runs, addresses that lead nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "judge/lineage.h"
#include "table/val.h"

static const struct sl_zone zones[] = {
  { .name = "raw", .uri = "file:///lake/raw", .conn = "local", .layout = "dt=%Y-%m-%d" },
  { .name = "gold", .uri = "file:///lake/gold", .conn = "local", .layout = "dt=%Y-%m-%d" },
  { .name = "far", .uri = "s3://care-gold/features", .conn = "aws", .layout = "dt=%Y-%m-%d" },
  { .name = "holdout", .uri = "file:///lake/holdout", .conn = "local" },
};
static const char *const reads_raw[] = { "raw", NULL }, *const reads_gold[] = { "gold", NULL }, *const none[] = { NULL };
static const struct sl_job_conf jobs[] = {
  { .name = "build", .conn = "local", .writes = "gold", .reads = reads_raw, .after = none },
};
/* One that goes in a circle: nobody should write that, and it must end all the same. */
static const struct sl_job_conf circle[] = {
  { .name = "build", .conn = "local", .writes = "gold", .reads = reads_raw, .after = none },
  { .name = "back", .conn = "local", .writes = "raw", .reads = reads_gold, .after = none },
};

static void *grown(void *p, size_t n, size_t size)
{
  void *fresh = sl_realloc_array(p, n, size);
  assert_non_null(fresh);
  return fresh;
}

static void world(struct sl_lin_world *w, const struct sl_job_conf *job, size_t njob)
{
  sl_lin_world_init(w);
  w->zone = zones;
  w->nzone = sizeof zones / sizeof zones[0];
  w->job = job;
  w->njob = njob;
  w->part = grown(NULL, 4, sizeof *w->part);
  w->part[0] = (struct sl_lin_part){ SL_STR("local"), SL_STR("raw"), SL_STR("dt=2026-11-20"), SL_STR("fresh"), 569, 4096, 1 };
  w->part[1] = (struct sl_lin_part){ SL_STR("local"), SL_STR("gold"), SL_STR("dt=2026-11-20"), SL_STR("stale"), 566, 2048, 2 };
  w->part[2] = (struct sl_lin_part){ SL_STR("local"), SL_STR("holdout"), SL_STR("a.parquet"), SL_STR("unknown"), 10, 100, 2 };
  w->part[3] = (struct sl_lin_part){ SL_STR("local"), SL_STR("raw"), SL_STR("dt=2026-11-19"), SL_STR("missing"), -1, 0, 0 };
  w->nparts = 4;
}

static struct sl_str params(struct sl_lin_world *w, const char *one)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_list_add(&b, SL_STR("mode=full"));
  sl_list_add(&b, sl_str(one));
  struct sl_str s = sl_strn(sl_arena_strndup(&w->mem, b.p, b.n), b.n);
  sl_buf_free(&b);
  return s;
}

static struct sl_str list(struct sl_lin_world *w, const char *one)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_list_add(&b, sl_str(one));
  struct sl_str s = sl_strn(sl_arena_strndup(&w->mem, b.p, b.n), b.n);
  sl_buf_free(&b);
  return s;
}

/* The tree as text: a line a node, "  relation kind label state". */
static void picture(const struct sl_lineage *l, struct sl_buf *b)
{
  sl_buf_init(b, 0);
  for (size_t at = l->n ? 0 : SL_LIN_NONE; at != SL_LIN_NONE; at = sl_lineage_next(l, at)) {
    const struct sl_lin_at *n = &l->node[at];
    sl_buf_printf(b, "%*s%s%s%s %.*s %s%s\n", (int)n->depth * 2, "", n->n.relation, *n->n.relation ? " " : "", n->n.kind,
                  SL_ARG(n->n.label), n->n.state ? n->n.state : "-", n->again ? " again" : "");
  }
}

static const struct sl_lin_at *node(const struct sl_lineage *l, const char *label)
{
  for (size_t i = 0; i < l->n; i++)
    if (sl_str_eqz(l->node[i].n.label, label))
      return &l->node[i];
  fail_msg("no node %s", label);
  return NULL;
}

static bool says(const struct sl_lineage *l, const char *label, const char *words)
{
  return sl_str_find(node(l, label)->n.detail, sl_str(words)) >= 0;
}

static struct sl_lin_version version(void)
{
  return (struct sl_lin_version){ .conn = SL_STR("reg"), .model = SL_STR("care"), .version = 4, .run = SL_STR("r1"),
                                  .state = SL_STR("none") };
}

static void one_run(struct sl_lin_world *w, const char *address)
{
  w->run = grown(NULL, 1, sizeof *w->run);
  w->nruns = 1;
  w->run[0] = (struct sl_lin_run){ .conn = SL_STR("reg"), .id = SL_STR("r1"), .name = SL_STR("lgb"), .state = SL_STR("ok"), .started = 10,
                                   .ended = 20, .commit = SL_STR("a625406f6977d45c"), .source = SL_STR("train.py"),
                                   .repo = SL_STR("https://git.example.org/care") };
  w->data = grown(NULL, 1, sizeof *w->data);
  w->ndata = 1;
  w->has_data = true;
  w->data[0] = (struct sl_lin_data){ .name = SL_STR("the data"), .digest = SL_STR("abcd"), .address = sl_str(address),
                                     .context = SL_STR("training"), .rows = 5 };
}

static void a_version_leads_to_the_landed_file(void **state)
{
  struct sl_lin_world w;
  struct sl_lineage l;
  struct sl_buf b;
  struct sl_lin_version v = version();
  (void)state;
  world(&w, jobs, 1);
  one_run(&w, "lake:gold/dt=2026-11-20/part.parquet");
  w.exec = grown(NULL, 2, sizeof *w.exec);
  w.nexecs = 2;
  w.exec[0] = (struct sl_lin_exec){ .conn = SL_STR("local"), .id = SL_STR("build-8"), .job = SL_STR("build"), .state = SL_STR("failed"),
                                    .params = params(&w, "dt=2026-11-20"), .started = 9 };
  w.exec[1] = (struct sl_lin_exec){ .conn = SL_STR("local"), .id = SL_STR("build-7"), .job = SL_STR("build"), .state = SL_STR("ok"),
                                    .params = params(&w, "dt=2026-11-20"), .started = 5, .ended = 6 };
  w.run[0].execution = SL_STR("local:executions/build-7");
  assert_int_equal(sl_lin_world_index(&w, NULL), SL_OK);
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_version(&l, &w, &v, NULL), SL_OK);
  picture(&l, &b);
  assert_string_equal(sl_buf_zstr(&b),
    "version care/4 ok\n"
    "  has files files unknown\n"
    "  made by run lgb ok\n"
    "    run by execution build-7 ok\n"
    "    ran code train.py @ a625406f69 -\n"
    "    read data the data -\n"
    "      of partition gold/dt=2026-11-20 ok\n"
    "        written by execution build-7 ok again\n");
  assert_true(says(&l, "the data", "training, 5 rows, lake:gold/dt=2026-11-20/part.parquet"));
  assert_true(says(&l, "gold/dt=2026-11-20", "stale"));
  assert_true(sl_str_eqz(node(&l, "the data")->n.target, "local:objects/file%3A%2F%2F%2Flake%2Fgold%2Fdt%3D2026-11-20%2Fpart.parquet"));
  assert_true(sl_str_eqz(node(&l, "gold/dt=2026-11-20")->n.target, "local:partitions/gold%2Fdt%3D2026-11-20"));
  sl_buf_free(&b);
  sl_lineage_free(&l);
  sl_lineage_init(&l); /* without the tag the execution is followed from the partition */
  w.run[0].execution = SL_STR_NONE;
  assert_int_equal(sl_lineage_version(&l, &w, &v, NULL), SL_OK);
  picture(&l, &b);
  assert_non_null(strstr(sl_buf_zstr(&b), "        written by execution build-7 ok\n          read partition raw/dt=2026-11-20 ok\n"));
  assert_true(says(&l, "build-7", "ok, mode=full, dt=2026-11-20, 1 more"));
  sl_buf_free(&b);
  sl_lineage_free(&l);
  sl_lin_world_free(&w);
}

static void what_lies_there_now(void **state)
{
  struct sl_lin_world w;
  struct sl_lineage l;
  struct sl_lin_version v = version();
  (void)state;
  world(&w, jobs, 1);
  one_run(&w, "file:///lake/gold/dt=2026-11-20/part.parquet");
  assert_int_equal(sl_lin_world_index(&w, NULL), SL_OK);
  struct sl_lin_place *p = sl_lin_place(&w, w.data[0].address, NULL);
  p->state = "ok";
  p->modified = 20; /* as the run ended: as it was */
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_version(&l, &w, &v, NULL), SL_OK);
  assert_string_equal(node(&l, "the data")->n.state, "ok");
  sl_lineage_free(&l);
  p->modified = 21;
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_version(&l, &w, &v, NULL), SL_OK);
  assert_string_equal(node(&l, "the data")->n.state, "changed");
  assert_true(says(&l, "the data", "after it was read"));
  sl_lineage_free(&l);
  p->state = "missing";
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_version(&l, &w, &v, NULL), SL_OK);
  assert_string_equal(node(&l, "the data")->n.state, "missing");
  assert_true(says(&l, "build", "no execution of this job for it is kept"));
  sl_lineage_free(&l);
  sl_lin_world_free(&w);
}

/* What was written by whoever logged the run opens only below a zone; else it is text, and says what to add. */
static void addresses_lead_below_zones_only(void **state)
{
  static const struct { const char *address, *canonical, *part, *why; } cases[] = {
    { "lake:gold/dt=2026-11-20/part.parquet", "file:///lake/gold/dt=2026-11-20/part.parquet", "dt=2026-11-20", "" },
    { "lake:gold/dt=2026-11-20", "file:///lake/gold/dt=2026-11-20", "dt=2026-11-20", "" },
    { "lake:gold/", "file:///lake/gold", NULL, "" },
    { "lake:gold", "file:///lake/gold", NULL, "" },
    { "/lake/gold/dt=2026-11-20/x", "file:///lake/gold/dt=2026-11-20/x", "dt=2026-11-20", "" },
    { "file:///lake/holdout/a.parquet", "file:///lake/holdout/a.parquet", "a.parquet", "" },
    { "s3://care-gold/features/dt=2026-11-20/p", "s3://care-gold/features/dt=2026-11-20/p", NULL, "lists no partition" },
    { "lake:gold/dt=1999-01-01/part.parquet", "file:///lake/gold/dt=1999-01-01/part.parquet", NULL, "lists no partition" },
    { "file:///etc/passwd", NULL, NULL, "outside every zone" },
    { "/etc/passwd", NULL, NULL, "outside every zone" },
    { "file:///lake/golden/x", NULL, NULL, "outside every zone" },
    { "file:///lake/gold/../../etc/passwd", NULL, NULL, "goes up" },
    { "lake:gold/../raw/x", NULL, NULL, "goes up" },
    { "lake:nosuch/x", NULL, NULL, "no zone nosuch" },
    { "lake:gold/@newest", NULL, NULL, "newest" },
    { "s3://other/features/dt=2026-11-20/p", NULL, NULL, "uri: \"s3://other/features/dt=2026-11-20/p\"" },
    { "s3://care-gold/features-old/p", NULL, NULL, "outside every zone" },
    { "data/train.csv", NULL, NULL, "machine that trained" },
    { "file:relative", NULL, NULL, "machine that trained" },
    { "https://example.org/x.csv", NULL, NULL, "outside every zone" },
    { "", NULL, NULL, "no address" },
  };
  struct sl_lin_world w;
  (void)state;
  world(&w, jobs, 1);
  assert_int_equal(sl_lin_world_index(&w, NULL), SL_OK);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct sl_lin_place *p = sl_lin_place(&w, sl_str(cases[i].address), NULL);
    assert_non_null(p);
    if (!sl_str_eq(p->canonical, sl_str(cases[i].canonical)) || !sl_str_eq(p->part, sl_str(cases[i].part)) ||
        !strstr(p->why, cases[i].why) || !*cases[i].why != !*p->why)
      fail_msg("%s: %.*s, part %.*s, %s", cases[i].address, SL_ARG(p->canonical), SL_ARG(p->part), p->why);
  }
  sl_lin_world_free(&w);
}

static void what_is_not_known_says_why(void **state)
{
  struct sl_lin_world w;
  struct sl_lineage l;
  struct sl_lin_version v = version();
  (void)state;
  world(&w, jobs, 1);
  assert_int_equal(sl_lin_world_index(&w, NULL), SL_OK);
  w.run_why = SL_STR("no run has the id r1");
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_version(&l, &w, &v, NULL), SL_OK);
  assert_string_equal(node(&l, "r1")->n.state, "unknown");
  assert_true(says(&l, "r1", "no run has the id r1"));
  sl_lineage_free(&l);
  one_run(&w, "file:///etc/passwd");
  w.run[0].lifecycle = SL_STR("deleted");
  w.run[0].commit = w.run[0].source = SL_STR_NONE;
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_version(&l, &w, &v, NULL), SL_OK);
  assert_string_equal(node(&l, "lgb")->n.state, "missing");
  assert_true(says(&l, "lgb", "run deleted"));
  assert_string_equal(node(&l, "the data")->n.state, "unknown");
  assert_int_equal(node(&l, "the data")->n.target.n, 0); /* text only */
  assert_true(says(&l, "the data", "outside every zone"));
  assert_true(says(&l, "code", "names no commit"));
  sl_lineage_free(&l);
  w.ndata = 0;
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_version(&l, &w, &v, NULL), SL_OK);
  assert_true(says(&l, "data", "mlflow.log_input"));
  sl_lineage_free(&l);
  sl_lin_world_free(&w);
}

static void runs(struct sl_lin_world *w, size_t n, const char *address)
{
  char id[32];
  w->run = grown(w->run, n, sizeof *w->run);
  w->nruns = n;
  for (size_t i = 0; i < n; i++) {
    snprintf(id, sizeof id, "r%zu", i + 1);
    w->run[i] = (struct sl_lin_run){ .conn = SL_STR("reg"), .id = sl_str(sl_arena_strndup(&w->mem, id, strlen(id))), .state = SL_STR("ok"),
                                     .inputs = list(w, address) };
  }
}

static void the_blast_radius_of_a_partition(void **state)
{
  struct sl_lin_world w;
  struct sl_lineage l;
  struct sl_buf b;
  (void)state;
  world(&w, jobs, 1);
  runs(&w, 3, "lake:gold/dt=2026-11-20/part.parquet");
  w.run[1].inputs = list(&w, "lake:gold");                     /* all of the zone */
  w.run[2].inputs = list(&w, "lake:gold/dt=2026-11-19/part.parquet");
  w.version = grown(NULL, 2, sizeof *w.version);
  w.nversions = 2;
  w.version[0] = version();
  w.version[0].aliases = list(&w, "champion");
  w.version[1] = version();
  w.version[1].conn = SL_STR("other");                         /* a run of that id in another registry */
  w.version[1].version = 9;
  w.exec = grown(NULL, 1, sizeof *w.exec);
  w.nexecs = 1;
  w.exec[0] = (struct sl_lin_exec){ .conn = SL_STR("local"), .id = SL_STR("build-7"), .job = SL_STR("build"), .state = SL_STR("ok"),
                                    .params = params(&w, "dt=2026-11-20") };
  assert_int_equal(sl_lin_world_index(&w, NULL), SL_OK);
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_partition(&l, &w, SL_STR("raw"), SL_STR("dt=2026-11-20"), NULL), SL_OK);
  assert_true(says(&l, "gold/dt=2026-11-20", "by build-7, 566 rows"));
  picture(&l, &b);
  assert_string_equal(sl_buf_zstr(&b),
    "partition raw/dt=2026-11-20 ok\n"
    "  made into partition gold/dt=2026-11-20 ok\n"
    "    read by run r1 ok\n"
    "      became version care/4 ok\n"
    "    read with all of its zone by run r2 ok\n");
  assert_true(says(&l, "care/4", "champion"));
  sl_buf_free(&b);
  sl_lineage_free(&l);
  sl_lin_world_free(&w);
}

static void circles_end(void **state)
{
  struct sl_lin_world w;
  struct sl_lineage l;
  struct sl_buf b;
  (void)state;
  world(&w, circle, 2);
  assert_int_equal(sl_lin_world_index(&w, NULL), SL_OK);
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_partition(&l, &w, SL_STR("raw"), SL_STR("dt=2026-11-20"), NULL), SL_OK);
  assert_true(l.n < 20);
  assert_false(l.cut);
  picture(&l, &b);
  assert_non_null(strstr(sl_buf_zstr(&b), "partition raw/dt=2026-11-20 ok again\n"));
  sl_buf_free(&b);
  sl_lineage_free(&l);
  sl_lin_world_free(&w);
}

static void ten_thousand_runs_are_bounded(void **state)
{
  struct sl_lin_world w;
  struct sl_lineage l;
  size_t seen = 0;
  (void)state;
  world(&w, jobs, 1);
  runs(&w, 10000, "lake:gold/dt=2026-11-20");
  assert_int_equal(sl_lin_world_index(&w, NULL), SL_OK);
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_partition(&l, &w, SL_STR("gold"), SL_STR("dt=2026-11-20"), NULL), SL_OK);
  assert_true(l.cut);
  assert_int_equal(l.n, SL_LIN_NODES);
  for (size_t at = 0; at != SL_LIN_NONE; at = sl_lineage_next(&l, at))
    seen++;
  assert_int_equal(seen, l.n);
  assert_int_equal(l.node[0].children, SL_LIN_NODES - 1);
  sl_lineage_free(&l);
  sl_lin_world_free(&w);
}

/* Deeper than it may be: cut, and said; the same thing has the same id each time. */
static void depth_and_ids(void **state)
{
  struct sl_lineage l, again;
  struct sl_lin_node n = { .kind = "data", .relation = "read", .label = SL_STR("x") };
  size_t at = SL_LIN_NONE, below;
  (void)state;
  sl_lineage_init(&l);
  sl_lineage_init(&again);
  for (int i = 0; i < SL_LIN_DEPTH; i++) {
    assert_int_equal(sl_lineage_add(&l, at, &n, &below, NULL), SL_OK);
    assert_int_not_equal(below, SL_LIN_NONE);
    at = below;
  }
  assert_false(l.cut);
  assert_int_equal(sl_lineage_add(&l, at, &n, &below, NULL), SL_OK);
  assert_int_equal(below, SL_LIN_NONE);
  assert_true(l.cut);
  assert_int_equal(sl_lineage_add(&again, SL_LIN_NONE, &n, &below, NULL), SL_OK);
  assert_string_equal(again.node[0].id, l.node[0].id);
  assert_string_not_equal(l.node[1].id, l.node[0].id);
  sl_lineage_free(&again);
  sl_lineage_free(&l);
}

static void evidence_and_its_inputs(void **state)
{
  struct sl_lin_world w;
  struct sl_lineage l;
  struct sl_lin_version v = version();
  struct sl_evidence_input in[10] = { { .role = SL_STR("model"), .address = SL_STR("models:/care/4/MLmodel") } };
  struct sl_evidence_fact fact = { SL_STR("share"), 0.06 };
  (void)state;
  world(&w, jobs, 1);
  for (size_t i = 1; i < 10; i++) {
    in[i] = (struct sl_evidence_input){ .role = SL_STR("current"), .address = SL_STR("file:///lake/gold/dt=2026-11-20/part.parquet") };
    snprintf(in[i].sha256, sizeof in[i].sha256, "%064zu", i);
  }
  w.evidence[0] = (struct sl_evidence){ .kind = SL_STR("drift"), .execution = SL_STR("local:executions/evidence-care-1"), .input = in,
                                        .ninputs = 10, .fact = &fact, .nfacts = 1, .sha256 = "e1" };
  w.nevidence = 1;
  assert_int_equal(sl_lin_world_index(&w, NULL), SL_OK);
  struct sl_lin_place *p = sl_lin_place(&w, in[1].address, NULL);
  p->state = "ok";
  snprintf(p->sha256, sizeof p->sha256, "%064d", 1);
  sl_lineage_init(&l);
  assert_int_equal(sl_lineage_version(&l, &w, &v, NULL), SL_OK);
  assert_true(says(&l, "drift", "share 0.06"));
  assert_string_equal(node(&l, "evidence-care-1")->n.state, "unknown"); /* pruned */
  assert_true(says(&l, "evidence-care-1", "no such execution is kept"));
  unsigned ok = 0, changed = 0;
  for (size_t i = 0; i < l.n; i++) {
    bool data = !strcmp(l.node[i].n.kind, "data") && l.node[i].n.state;
    ok += data && !strcmp(l.node[i].n.state, "ok");
    changed += data && !strcmp(l.node[i].n.state, "changed");
  }
  assert_int_equal(ok, 1);
  assert_int_equal(changed, 7); /* eight are shown */
  (void)node(&l, "1 more files");
  sl_lineage_free(&l);
  sl_lin_world_free(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_version_leads_to_the_landed_file), cmocka_unit_test(what_lies_there_now),
    cmocka_unit_test(addresses_lead_below_zones_only), cmocka_unit_test(what_is_not_known_says_why),
    cmocka_unit_test(the_blast_radius_of_a_partition), cmocka_unit_test(circles_end), cmocka_unit_test(ten_thousand_runs_are_bounded),
    cmocka_unit_test(depth_and_ids), cmocka_unit_test(evidence_and_its_inputs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
