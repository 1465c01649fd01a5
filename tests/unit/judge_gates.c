/* The gates of a version: which run and which champion is read, what partial and missing answers come to, and whom it waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fake_backend.h"
#include "judge/gates.h"
#include "judge/me.h"
#include "model/backend.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- a registry ---- */

struct version { const char *model; int64_t version; const char *alias, *stage, *run, *tag, *value, *author; };
struct run { const char *id, *user, *key; double value; const char *param, *said; };
static struct {
  const struct version *v; size_t nv;
  const struct run *r; size_t nr;
  int fail, fail_runs;
  const char *cut, *cut_runs;
  bool never;
  int asked_versions, asked_runs, cancelled;
  struct sl_req *last;
} reg;

static const struct sl_col tag_col[] = { { .name = "tags", .type = SL_FAMILY_TEXT } };
enum { V_MODEL, V_VERSION, V_STATE, V_STAGE, V_ALIASES, V_RUN, V_AUTHOR, V_TAGS = 10 };
enum { R_ID, R_USER = 7, R_PARAMS, R_METRICS };

static void put_version(struct sl_batch *b, const struct version *v)
{
  char id[64];
  struct sl_buf list;
  sl_buf_init(&list, 0);
  snprintf(id, sizeof id, "%s/%lld", v->model, (long long)v->version);
  sl_batch_row(b, SL_PUT, sl_str(id));
  sl_batch_set(b, V_MODEL, sl_vz(v->model));
  sl_batch_set(b, V_VERSION, sl_vi(v->version));
  if (v->alias)
    sl_list_add(&list, sl_str(v->alias));
  sl_batch_set(b, V_ALIASES, sl_vas(SL_LIST, v->alias ? sl_buf_view(&list) : SL_STR("")));
  sl_batch_set(b, V_STAGE, sl_vz(v->stage));
  sl_batch_set(b, V_RUN, sl_vz(v->run));
  sl_batch_set(b, V_AUTHOR, sl_vz(v->author));
  if (v->tag)
    sl_batch_key(b, V_TAGS, sl_str(v->tag), sl_vz(v->value));
  sl_buf_free(&list);
}

static void put_run(struct sl_batch *b, const struct run *r)
{
  sl_batch_row(b, SL_PUT, sl_str(r->id));
  sl_batch_set(b, R_ID, sl_vz(r->id));
  sl_batch_set(b, R_USER, sl_vz(r->user));
  if (r->key)
    sl_batch_key(b, R_METRICS, sl_str(r->key), sl_vf(r->value));
  if (r->param)
    sl_batch_key(b, R_PARAMS, sl_str(r->param), sl_vz(r->said));
}

static void answer(void *user)
{
  struct sl_req *r = user;
  const struct sl_query *q = sl_req_query(r);
  struct sl_batch *b = NULL;
  struct sl_err e = { 0 };
  bool runs = q->res == &sl_res_runs;
  int fail = runs ? reg.fail_runs : reg.fail;
  uint32_t rows = 0;
  if (sl_req_cancelled(r) || fail) {
    sl_req_end(r, fail ? sl_err_set(&e, fail, "the registry said no") : SL_ECANCELED, fail ? &e : NULL);
    return;
  }
  struct sl_schema *s = NULL; /* the program's own connection brings its columns itself */
  assert_int_equal(sl_schema_new(&s, q->res->cols, q->res->ncols, tag_col, runs ? 0 : 1, NULL), SL_OK);
  assert_int_equal(sl_schema_set_resource(s, sl_str(q->res->name), NULL), SL_OK);
  assert_int_equal(sl_req_head(r, s, 0, -1), SL_OK);
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  sl_schema_unref(s);
  for (size_t i = 0; !runs && i < reg.nv; i++)
    put_version(b, &reg.v[i]);
  for (size_t i = 0; runs && i < reg.nr; i++)
    if (sl_str_eqz(q->scope, reg.r[i].id))
      put_run(b, &reg.r[i]);
  rows = sl_batch_count(b);
  (void)sl_req_rows(r, &b);
  if (runs ? reg.cut_runs : reg.cut)
    sl_req_cut(r, runs ? reg.cut_runs : reg.cut);
  sl_req_end(r, runs && !rows ? sl_err_set(&e, SL_ENOENT, "there is no such run") : SL_OK, &e);
}

static int query(struct sl_req *r, struct sl_err *err)
{
  bool runs = sl_req_query(r)->res == &sl_res_runs;
  ++*(runs ? &reg.asked_runs : &reg.asked_versions);
  reg.last = r;
  return reg.never ? SL_OK : sl_loop_later(sl_backend_loop(sl_req_backend(r)), answer, r, err);
}

static void cancel(struct sl_req *r)
{
  reg.cancelled++;
  if (reg.never)
    sl_req_end(r, SL_ECANCELED, NULL);
}

static const struct sl_serve serve_versions = { .res = &sl_res_versions, .own = tag_col, .nown = 1, .query = query, .cancel = cancel };
static const struct sl_serve serve_runs = { .res = &sl_res_runs, .query = query, .cancel = cancel };

/* ---- the bench ---- */

static const struct version two[] = {
  { "care", 3, "champion", "Production", "run3", "team", "a", NULL },
  { "care", 4, NULL, "Staging", "run4", "reviewed", "yes", NULL },
  { "other", 4, "champion", NULL, "run3", NULL, NULL, NULL },
};
static const struct run runs[] = {
  { "run3", "omar", "auc", 0.90, "depth", "5" },
  { "run4", "ana", "auc", 0.88, "depth", "6" },
};
struct told { int times; struct sl_gates *g; struct sl_err err; };
struct bench { struct fx f; struct told t; struct sl_gates_job *job; };

static void told(void *user, const struct sl_gates *g, const struct sl_err *err)
{
  struct told *t = user;
  t->times++;
  sl_gates_free(t->g);
  t->g = NULL;
  if (g)
    assert_int_equal(sl_gates_copy(&t->g, g, NULL), SL_OK);
  else
    t->err = *err;
}

static void open_as(struct bench *x, const char *gates, const char *approval)
{
  static char yaml[4096];
  *x = (struct bench){ .job = NULL };
  memset(&reg, 0, sizeof reg);
  reg.v = two;
  reg.nv = N(two);
  reg.r = runs;
  reg.nr = N(runs);
  snprintf(yaml, sizeof yaml, "environment: test\nmodels:\n  care:\n    gates:\n%s    approval: %s\n", gates, approval);
  fx_open(&x->f, &(struct fx_opts){ .headless = true, .workspace = yaml });
  assert_int_equal(sl_ws_serve(x->f.w, &serve_versions, NULL, NULL), SL_OK);
  assert_int_equal(sl_ws_serve(x->f.w, &serve_runs, NULL, NULL), SL_OK);
}

static void open(struct bench *x, const char *gates)
{
  open_as(x, gates, "{four_eyes: false}");
}

static void close(struct bench *x)
{
  sl_gates_free(x->t.g);
  fx_close(&x->f);
}

static const struct sl_gates *ask_to(struct bench *x, int64_t version, const char *to)
{
  struct sl_err err = { 0 };
  if (sl_gates_start(&x->job, x->f.w, SL_STR(""), SL_STR("care"), version, sl_str(to), told, &x->t, &err))
    fail_msg("%s", err.msg);
  assert_int_equal(x->t.times, 0);
  fx_settle(&x->f);
  assert_int_equal(x->t.times, 1);
  x->t.times = 0;
  return x->t.g;
}

static const struct sl_gates *ask(struct bench *x, int64_t version)
{
  return ask_to(x, version, "");
}

static void row_is(const struct sl_gates *g, size_t i, enum sl_gate_state state, const char *why, const char *evidence)
{
  assert_true(i < g->n);
  assert_string_equal(sl_gate_word(g->row[i].state), sl_gate_word(state));
  assert_string_equal(g->row[i].why, why);
  assert_string_equal(g->row[i].evidence, evidence);
}

/* ---- tests ---- */

static void judges_a_version_by_its_run_and_the_champions(void **state)
{
  (void)state;
  struct bench x;
  open(&x, "      - metrics.auc >= 0.85\n"
           "      - {name: no-worse, pass: metrics.auc >= champion.metrics.auc - 0.005}\n"
           "      - params.depth = 6\n"
           "      - tags.reviewed = 'yes'\n");
  const struct sl_gates *g = ask(&x, 4);
  assert_non_null(g);
  assert_int_equal(g->n, 4);
  row_is(g, 0, SL_GATE_PASS, "metrics.auc is 0.88, >= 0.85", "run run4, logged by ana");
  row_is(g, 1, SL_GATE_FAIL, "metrics.auc is 0.88, not >= 0.895", "run run4, logged by ana; run run3, logged by omar");
  assert_string_equal(g->row[1].name, "no-worse");
  assert_string_equal(g->row[1].value, "0.88");
  assert_string_equal(g->row[1].needs, ">= 0.895");
  row_is(g, 2, SL_GATE_PASS, "params.depth is 6, = 6", "run run4, logged by ana");
  row_is(g, 3, SL_GATE_PASS, "tags.reviewed is yes, = yes", "version 4");
  assert_int_equal(g->worst, SL_GATE_FAIL);
  assert_string_equal(g->alias, "champion");
  assert_string_equal(g->present, "3");
  assert_string_equal(g->conn, "sluice");
  assert_string_equal(g->model, "care");
  assert_int_equal(g->version, 4);
  assert_int_equal(strlen(g->policy), 64);
  assert_string_equal(g->evidence, "");
  assert_int_equal(reg.asked_versions, 1);
  assert_int_equal(reg.asked_runs, 2);
  close(&x);
}

static void a_champion_is_read_only_where_a_gate_speaks_of_it(void **state)
{
  (void)state;
  struct bench x;
  open(&x, "      - metrics.auc >= 0.85\n");
  assert_int_equal(ask(&x, 4)->worst, SL_GATE_PASS);
  assert_int_equal(reg.asked_runs, 1);
  close(&x);
}

static void without_a_champion_first_decides(void **state)
{
  (void)state;
  struct bench x;
  open(&x, "      - {name: no-worse, pass: metrics.auc >= champion.metrics.auc, first: pass}\n"
           "      - {name: strict, pass: metrics.auc >= champion.metrics.auc}\n");
  const struct sl_gates *g = ask_to(&x, 4, "next");
  assert_string_equal(g->present, "");
  row_is(g, 0, SL_GATE_PASS, "there is no champion yet; first: pass", "run run4, logged by ana");
  row_is(g, 1, SL_GATE_UNKNOWN, "champion.metrics.auc is unknown: there is no champion", "run run4, logged by ana");
  assert_int_equal(g->worst, SL_GATE_UNKNOWN);
  close(&x);
}

static void a_stage_has_the_newest_version_in_it(void **state)
{
  (void)state;
  static const struct version staged[] = {
    { "care", 2, NULL, "Production", "run3", NULL, NULL, NULL }, { "care", 3, NULL, "Production", "run3", NULL, NULL, NULL },
    { "care", 1, NULL, "Production", "run3", NULL, NULL, NULL }, { "care", 4, NULL, NULL, "run4", NULL, NULL, NULL },
  };
  struct bench x;
  open(&x, "      - metrics.auc >= champion.metrics.auc\n    promote: {stage: Production}\n");
  reg.v = staged;
  reg.nv = N(staged);
  const struct sl_gates *g = ask(&x, 4);
  assert_string_equal(g->alias, "stage:Production");
  assert_string_equal(g->present, "3");
  close(&x);
}

static void what_cannot_be_read_is_unknown_in_words(void **state)
{
  (void)state;
  struct bench x;
  open(&x, "      - metrics.auc >= 0.85\n"
           "      - metrics.loss < 1\n"
           "      - drift.share < 0.3\n"
           "      - tags.approval.by = 'lead'\n");
  reg.cut_runs = "first 2,500 keys";
  const struct sl_gates *g = ask(&x, 4);
  row_is(g, 0, SL_GATE_PASS, "metrics.auc is 0.88, >= 0.85", "run run4, logged by ana");
  row_is(g, 1, SL_GATE_UNKNOWN, "metrics.loss is known only in part: first 2,500 keys", "run run4, logged by ana");
  row_is(g, 2, SL_GATE_UNKNOWN, "drift.share is missing: the workspace asks for none: models: care: evidence: drift", "");
  row_is(g, 3, SL_GATE_UNKNOWN, "tags.approval.by is missing: tags approval.* are claims, not facts", "");
  reg.cut_runs = NULL;
  reg.fail_runs = SL_ENET;
  g = ask(&x, 4);
  row_is(g, 0, SL_GATE_UNKNOWN, "metrics.auc is missing: its run cannot be read: the registry said no", "run run4");
  close(&x);
}

static void a_version_without_a_run(void **state)
{
  (void)state;
  static const struct version bare[] = { { "care", 4, NULL, NULL, NULL, NULL, NULL, NULL },
                                         { "care", 5, NULL, NULL, "gone", NULL, NULL, NULL } };
  struct bench x;
  open(&x, "      - metrics.auc >= 0.85\n");
  reg.v = bare;
  reg.nv = N(bare);
  row_is(ask(&x, 4), 0, SL_GATE_UNKNOWN, "metrics.auc is missing: version 4 names no run", "");
  row_is(ask(&x, 5), 0, SL_GATE_UNKNOWN, "metrics.auc is missing: its run cannot be read: there is no such run", "run gone");
  close(&x);
}

static void what_is_not_there_is_told(void **state)
{
  (void)state;
  struct bench x;
  struct sl_err err = { 0 };
  open(&x, "      - metrics.auc >= 0.85\n");
  assert_null(ask(&x, 9));
  assert_int_equal(x.t.err.code, SL_ENOENT);
  assert_string_equal(x.t.err.msg, "there is no version 9 of care (sluice get versions care lists them)");
  reg.fail = SL_ENET;
  assert_null(ask(&x, 4));
  assert_int_equal(x.t.err.code, SL_ENET);
  reg.fail = 0;
  reg.cut = "one page was lost";
  assert_string_equal(ask(&x, 4)->present, "3");
  assert_null(ask_to(&x, 4, "next"));
  assert_string_equal(x.t.err.msg, "sluice listed only some versions of care: whether one of them is next is not known");
  assert_int_equal(x.t.err.code, SL_EPARTIAL);
  assert_int_equal(sl_gates_start(&x.job, x.f.w, SL_STR(""), SL_STR("other"), 4, SL_STR(""), told, &x.t, &err), SL_ECONFIG);
  assert_non_null(strstr(err.msg, "models: {other: {gates: ["));
  assert_null(x.job);
  close(&x);
}

/* ---- four eyes ---- */

/* Whoever runs this test is known as os:HOST:USER; MLflow's claim about an author can be compared with nothing. */
static void four_eyes_are_the_last_row(void **state)
{
  (void)state;
  static const struct version made[] = { { "care", 4, NULL, NULL, "run4", NULL, NULL, "ana" } };
  struct bench x;
  open_as(&x, "      - metrics.auc >= 0.85\n", "{four_eyes: true}");
  reg.v = made;
  reg.nv = N(made);
  const struct sl_gates *g = ask(&x, 4);
  assert_int_equal(g->n, 2);
  assert_string_equal(g->row[1].name, SL_FOUR_EYES_GATE);
  assert_int_equal(g->row[1].state, SL_GATE_UNKNOWN);
  assert_string_equal(g->row[1].needs, "two people");
  assert_true(sl_str_starts(sl_str(g->row[1].value), SL_STR("ana, ")));
  assert_true(sl_str_starts(sl_str(g->row[1].evidence), SL_STR("author ana (claimed), approver ")));
  assert_non_null(strstr(g->row[1].why, "the author is only claimed"));
  assert_int_equal(g->worst, SL_GATE_UNKNOWN);
  close(&x);
  open_as(&x, "      - metrics.auc >= 0.85\n", "{four_eyes: advisory}");
  reg.v = made;
  reg.nv = N(made);
  g = ask(&x, 4);
  assert_int_equal(g->row[1].state, SL_GATE_PASS);
  assert_true(g->row[1].advised && sl_str_starts(sl_str(g->row[1].why), SL_STR("only advised: made by ana")));
  assert_int_equal(g->worst, SL_GATE_PASS);
  close(&x);
}

#define KEY_LEAD "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKyNqiaFVnTmDTb2aVp3XRWOGHKYJNvHFyGYjSVRag26"

static void who_may_not_decide_cannot_show_them(void **state)
{
  (void)state;
  static const struct version made[] = { { "care", 4, NULL, NULL, "run4", NULL, NULL, "ana" } };
  static const struct { const char *approval, *why; } cases[] = {
    { "{approvers: [lead]}\npeople: {lead: {identities: [\"mlflow:lead\"]}}", "is no approver; ask one of them: lead" },
    { "{approvers: [lead], four_eyes: advisory}\npeople: {lead: {keys: [\"" KEY_LEAD "\"]}}", "who approves is not known: " },
  };
  for (size_t i = 0; i < N(cases); i++) {
    struct bench x;
    open_as(&x, "      - metrics.auc >= 0.85\n", cases[i].approval);
    reg.v = made;
    reg.nv = N(made);
    const struct sl_gates *g = ask(&x, 4);
    assert_int_equal(g->row[1].state, SL_GATE_UNKNOWN);
    assert_non_null(strstr(g->row[1].why, cases[i].why));
    close(&x);
  }
}

static void the_asker_may_bring_the_approver(void **state)
{
  (void)state;
  static const struct version made[] = { { "care", 4, NULL, NULL, "run4", NULL, NULL, "ana" } };
  const struct sl_me lead = { .name = "lead", .known = SL_KNOWN_KEY, .issuer = "people", .subject = "lead" };
  struct sl_err err = { 0 };
  struct bench x;
  open_as(&x, "      - metrics.auc >= 0.85\n", "{approvers: [lead]}\npeople: {lead: {keys: [\"" KEY_LEAD "\"]}}");
  reg.v = made;
  reg.nv = N(made);
  assert_int_equal(sl_gates_start(&x.job, x.f.w, SL_STR(""), SL_STR("care"), 4, SL_STR(""), told, &x.t, &err), SL_OK);
  sl_gates_as(x.job, &lead);
  fx_settle(&x.f);
  assert_int_equal(x.t.times, 1);
  assert_string_equal(x.t.g->row[1].value, "ana, lead");
  assert_string_equal(x.t.g->row[1].evidence, "author ana (claimed), approver lead (key)");
  close(&x);
}

/* ---- in one line ---- */

static void words_are(const struct sl_gate_row *row, size_t n, size_t room, const char *want)
{
  const struct sl_gates g = { .row = row, .n = n, .model = "care", .version = 4 };
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  sl_gates_words(&b, &g, room);
  assert_string_equal(b.n ? sl_buf_zstr(&b) : "", want);
  sl_buf_free(&b);
}

static void what_does_not_pass_in_one_line(void **state)
{
  (void)state;
  static const struct sl_gate_row rows[] = {
    { "metrics.auc >= 0.9", SL_GATE_PASS, "0.95", ">= 0.9", "", "metrics.auc is 0.95, >= 0.9", false },
    { "drift.share < 0.5", SL_GATE_UNKNOWN, "", "< 0.5", "",
      "drift.share is missing: not computed yet: sluice run evidence-cancer -p version=4", false },
    { "rescore.max_abs_diff <= 1e-6", SL_GATE_UNKNOWN, "", "<= 1e-06", "",
      "rescore.max_abs_diff is missing: not computed yet: sluice run evidence-cancer -p version=4", false },
    { "no-worse", SL_GATE_FAIL, "0.98", ">= 0.99", "", "metrics.val_auc is 0.98, not >= 0.99", false },
    { SL_FOUR_EYES_GATE, SL_GATE_FAIL, "ana, ana", "two people", "", "ana made this version and cannot approve it", false },
  };
  words_are(rows, 1, 255, "");
  words_are(rows + 3, 1, 255, "no-worse fails (metrics.val_auc is 0.98, not >= 0.99)");
  words_are(rows, 3, 255, "2 gates do not pass: drift.share, rescore.max_abs_diff are unknown (not computed yet: "
                          "sluice run evidence-cancer -p version=4)");
  words_are(rows, 5, 255, "4 gates do not pass: drift.share, rescore.max_abs_diff are unknown (not computed yet: "
                          "sluice run evidence-cancer -p version=4); "
                          "no-worse fails (metrics.val_auc is 0.98, not >= 0.99); four-eyes fails (ana made this version and "
                          "cannot approve it)");
  words_are(rows, 5, 210, "4 gates do not pass: drift.share, rescore.max_abs_diff are unknown (not computed yet); no-worse fails "
                          "(metrics.val_auc is 0.98, not >= 0.99); four-eyes fails (ana made this version and cannot approve it)");
  words_are(rows, 5, 120, "4 gates do not pass: drift.share, rescore.max_abs_diff are unknown; no-worse fails; four-eyes fails");
  words_are(rows, 5, 60, "4 gates do not pass; sluice gate care/4 lists them");
}

static void no_gate_is_no_objection(void **state)
{
  (void)state;
  struct bench x;
  open(&x, "      []\n");
  assert_int_equal(ask(&x, 4)->n, 0);
  assert_int_equal(x.t.g->worst, SL_GATE_PASS);
  close(&x);
}

static void a_cancelled_one_tells_nothing(void **state)
{
  (void)state;
  struct bench x;
  struct sl_err err = { 0 };
  open(&x, "      - metrics.auc >= champion.metrics.auc\n");
  for (int turns = 0; turns < 12; turns++) { /* at each of its steps */
    assert_int_equal(sl_gates_start(&x.job, x.f.w, SL_STR("sluice"), SL_STR("care"), 4, SL_STR(""), told, &x.t, &err), SL_OK);
    fx_turn(&x.f, turns);
    if (!x.t.times)
      sl_gates_cancel(x.job);
    fx_settle(&x.f);
    assert_true(x.t.times <= 1);
    if (turns < 2)
      assert_int_equal(x.t.times, 0);
    x.t.times = 0;
  }
  reg.never = true;
  assert_int_equal(sl_gates_start(&x.job, x.f.w, SL_STR("sluice"), SL_STR("care"), 4, SL_STR(""), told, &x.t, &err), SL_OK);
  fx_turn(&x.f, 5);
  sl_gates_cancel(x.job);
  fx_settle(&x.f);
  assert_int_equal(x.t.times, 0);
  sl_gates_cancel(NULL);
  close(&x);
}

static void scopes(void **state)
{
  (void)state;
  static const struct { const char *text, *model; int64_t version; const char *to; bool ok; } s[] = {
    { "care/4", "care", 4, "", true }, { "a/b@c/12", "a/b@c", 12, "", true }, { "care/4@next", "care", 4, "next", true },
    { "care/4@stage:Production", "care", 4, "stage:Production", true }, { "care", "", 0, "", false }, { "care/", "care", 0, "", false },
    { "/4", "", 0, "", false }, { "care/x", "care", 0, "", false }, { "care/4@", "care", 0, "", false },
    { "care/-1", "care", 0, "", false }, { "", "", 0, "", false },
  };
  for (size_t i = 0; i < N(s); i++) {
    struct sl_str model, to;
    int64_t version = 0;
    assert_int_equal(sl_gates_scope(sl_str(s[i].text), &model, &version, &to), s[i].ok);
    if (!s[i].ok)
      continue;
    assert_true(sl_str_eqz(model, s[i].model) && sl_str_eqz(to, s[i].to));
    assert_int_equal(version, s[i].version);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(judges_a_version_by_its_run_and_the_champions),
    cmocka_unit_test(a_champion_is_read_only_where_a_gate_speaks_of_it),
    cmocka_unit_test(without_a_champion_first_decides),
    cmocka_unit_test(a_stage_has_the_newest_version_in_it),
    cmocka_unit_test(what_cannot_be_read_is_unknown_in_words),
    cmocka_unit_test(a_version_without_a_run),
    cmocka_unit_test(what_is_not_there_is_told),
    cmocka_unit_test(four_eyes_are_the_last_row),
    cmocka_unit_test(who_may_not_decide_cannot_show_them),
    cmocka_unit_test(the_asker_may_bring_the_approver),
    cmocka_unit_test(what_does_not_pass_in_one_line),
    cmocka_unit_test(no_gate_is_no_objection),
    cmocka_unit_test(a_cancelled_one_tells_nothing),
    cmocka_unit_test(scopes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
