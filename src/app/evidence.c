/* app/evidence.c: `sluice --evidence KIND MODEL/VERSION`: a step of the job evidence-MODEL; nobody types it. What is computed is written
 * into the state folder; a version whose model is not read here has that as its evidence. */
#include "app/evidence_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/evidence.h"
#include "judge/gates.h"

static int find_conf(struct sl_maker *k, const char *kind, struct sl_err *err)
{
  for (size_t i = 0; k->m && i < k->m->nevidence; i++)
    if (!strcmp(k->m->evidence[i].kind, kind))
      k->c = &k->m->evidence[i];
  return k->c ? SL_OK : sl_err_set(err, SL_ECONFIG, "the workspace asks for no %s of this model: models: NAME: evidence: %s", kind, kind);
}

/* Which registry has it, and the run that made it. */
static int find_version(struct sl_maker *k, struct sl_err *err)
{
  struct sl_snap *snap = NULL;
  struct sl_batch *b = NULL;
  char id[300];
  snprintf(id, sizeof id, "%s/%lld", k->m->name, (long long)k->e.version);
  struct sl_query like = { .res = &sl_res_versions, .kind = SL_Q_LIST, .conn = sl_str(k->m->conn), .scope = sl_str(k->m->name),
                           .no_cap = true };
  int rc = sl_maker_ask(k->s, &like, &snap, err);
  uint64_t n = snap ? sl_snap_count(snap) : 0;
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    sl_batch_unref(b);
    b = NULL;
    rc = sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++) {
      if (!sl_str_eqz(sl_batch_id(b, i), id))
        continue;
      if (k->e.registry.n)
        rc = sl_err_set(err, SL_EUSAGE, "several registries have %s: add connection: below models: %s", id, k->m->name);
      struct sl_str conn = sl_batch_conn(b, i);
      struct sl_val run = sl_maker_cell(b, i, "run");
      char *p = sl_arena_strndup(&k->mem, conn.p, conn.n);
      char *r = run.null ? NULL : sl_arena_strndup(&k->mem, run.u.s.p, run.u.s.n);
      if (!p || (!run.null && !r))
        rc = sl_err_nomem(err);
      k->e.registry = sl_str(p);
      k->e.execution = sl_str(r); /* until the run is read */
    }
  }
  sl_batch_unref(b);
  sl_snap_unref(snap);
  if (!rc && !k->e.registry.n)
    rc = sl_err_set(err, SL_ENOENT, "there is no version %s (sluice get versions %s lists them)", id, k->m->name);
  return rc;
}

/* Without its run nothing can be compared with what it claimed; the rest can. */
static int find_run(struct sl_maker *k, struct sl_err *err)
{
  struct sl_snap *snap = NULL;
  struct sl_err gone = { 0 };
  struct sl_query like = { .res = &sl_res_runs, .kind = SL_Q_GET, .conn = k->e.registry, .scope = k->e.execution };
  int rc = k->e.execution.n ? sl_maker_ask(k->s, &like, &snap, &gone) : SL_OK;
  if (!rc && snap && sl_snap_count(snap))
    rc = sl_snap_page_wait(snap, 0, 1, &k->run, &gone);
  sl_snap_unref(snap);
  k->e.execution = SL_STR("");
  if (rc && rc != SL_ENOENT)
    *err = gone;
  return rc == SL_ENOENT ? SL_OK : rc;
}

static int make(struct sl_maker *k, const char *kind, struct sl_err *err)
{
  static const struct { const char *kind; int (*fn)(struct sl_maker *k, struct sl_err *err); } makers[] = {
    { "drift", sl_make_drift }, { "rescore", sl_make_rescore }, { "quality", sl_make_quality },
  };
  for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
    if (!strcmp(kind, makers[i].kind))
      return makers[i].fn(k, err);
  return sl_err_set(err, SL_EUSAGE, "there is no evidence %s", kind);
}

static int save(struct sl_maker *k, struct sl_err *err)
{
  const char *execution = getenv("SLUICE_EXECUTION");
  struct sl_evidence *e = &k->e;
  char *ref = execution && *execution ? sl_arena_printf(&k->mem, "local:executions/%s", execution) : NULL;
  e->execution = sl_str(ref ? ref : "");
  e->at = sl_ws_now(k->s->ws);
  e->baseline = k->c->baseline ? sl_str(k->c->baseline) : SL_STR_NONE;
  e->current = k->c->current ? sl_str(k->c->current) : SL_STR_NONE;
  e->data = k->c->data ? sl_str(k->c->data) : SL_STR_NONE;
  e->label = k->c->label ? sl_str(k->c->label) : SL_STR_NONE;
  e->input = k->input;
  e->ninputs = k->ninputs;
  e->fact = k->fact;
  e->nfacts = k->nfacts;
  return sl_evidence_save(sl_ws_state_dir(k->s->ws), e, err);
}

static void tell(const struct sl_maker *k)
{
  struct sl_buf b;
  sl_buf_init(&b, 64 << 10);
  sl_buf_printf(&b, "%.*s of %s/%lld: ", SL_ARG(k->e.kind), k->m->name, (long long)k->e.version);
  if (k->e.refused.n)
    sl_buf_printf(&b, "refused: %.*s", SL_ARG(k->e.refused));
  for (size_t i = 0; i < k->nfacts; i++) {
    sl_buf_printf(&b, "%s%.*s ", i ? ", " : "", SL_ARG(k->fact[i].name));
    sl_val_text(&b, &(struct sl_val){ .type = SL_F64, .u.f = k->fact[i].value });
  }
  sl_buf_printf(&b, "; %zu files read", k->ninputs);
  sl_app_note("%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
}

static int evidence(struct sl_session *s, const char *kind, const char *what, struct sl_err *err)
{
  struct sl_maker k = { .s = s };
  struct sl_str model, to;
  sl_arena_init(&k.mem, 0);
  int rc = sl_gates_scope(sl_str(what), &model, &k.e.version, &to) && !to.n ? SL_OK
    : sl_err_set(err, SL_EUSAGE, "%s is no version; write MODEL/VERSION", what);
  k.m = rc ? NULL : sl_gates_conf(s->conf, model);
  rc = rc ? rc : find_conf(&k, kind, err);
  if (!rc) {
    k.e.kind = sl_str(k.c->kind);
    k.e.model = sl_str(k.m->name);
  }
  rc = rc ? rc : find_version(&k, err);
  rc = rc ? rc : find_run(&k, err);
  rc = rc ? rc : make(&k, kind, err);
  rc = rc ? rc : sl_maker_again(&k, err);
  rc = rc ? rc : save(&k, err);
  if (!rc)
    tell(&k);
  sl_maker_free(&k);
  return rc;
}

int sl_evidence_main(struct sl_app *a, const char *kind, const char *what)
{
  static struct sl_args args;
  struct sl_session s;
  struct sl_err err = { 0 };
  char exe[4096];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  args.val[SL_O_no_input] = "";
  a->args = &args;
  a->exe = n > 0 ? sl_strndup(exe, (size_t)n) : NULL;
  int rc = sl_session_open(&s, a, 0, &err);
  rc = rc ? rc : evidence(&s, kind, what, &err);
  int code = rc ? sl_app_fail(a, &err) : SL_EXIT_OK;
  sl_session_close(&s);
  sl_free(a->exe);
  a->exe = NULL;
  return code;
}
