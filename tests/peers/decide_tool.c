/* tests/peers/decide_tool.c: one judged action on an MLflow connection, with a judge that lets pass whatever the command line says: what
 * the verbs write to a real server is tested apart from the rules of who may.
 *
 *   decide_tool WORKSPACE-FILE STATE-DIR RESOURCE/ACTION ID [NAME=VALUE ...]
 *
 * STATE-DIR is the workspace's own, so that `sluice audit` shows what was done. Prints the exact calls, a line each, then the outcome:
 * OK, or a code and the words. Exit code 0 or 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "model/backend.h"
#include "model/judge.h"

extern const struct sl_backend_ops sl_backend_mlflow;
extern const struct sl_resource sl_res_versions, sl_res_models;

struct tool {
  struct sl_loop *l;
  struct sl_ws *w;
  char **pair;                       /* NAME=VALUE */
  int npair;
  struct sl_plan *plan;
  bool done;
  int rc;
  struct sl_err err;
};

static const char *given(const struct tool *t, const char *name)
{
  size_t n = strlen(name);
  for (int i = 0; i < t->npair; i++)
    if (!strncmp(t->pair[i], name, n) && t->pair[i][n] == '=')
      return t->pair[i] + n + 1;
  return NULL;
}

static struct sl_val value(const struct sl_arg *a, const char *text)
{
  int64_t n = 0;
  if (!text)
    return sl_null(a->type);
  if (a->type == SL_BOOL)
    return sl_vb(!strcmp(text, "true"));
  if (a->type == SL_I64)
    return sl_str_i64(sl_str(text), &n) ? sl_vi(n) : sl_null(SL_I64);
  return sl_vas(a->type, sl_str(text));
}

static void prepare(void *user, struct sl_judging *j)
{
  struct tool *t = user;
  const struct sl_action *act = sl_judging_call(j)->act;
  struct sl_err e = { 0 };
  int rc = SL_OK;
  for (size_t i = 0; i < act->nargs && !rc; i++)
    if (act->args[i].computed && given(t, act->args[i].name))
      rc = sl_judging_arg(j, act->args[i].name, value(&act->args[i], given(t, act->args[i].name)), &e);
  sl_judging_end(j, rc, &e);
}

static void recheck(void *user, struct sl_judging *j)
{
  (void)user;
  sl_judging_end(j, SL_OK, NULL);
}

static void dropped(void *user, struct sl_judging *j)
{
  (void)user;
  (void)j;
}

static void ended(struct tool *t, int rc, const struct sl_err *err)
{
  t->done = true;
  t->rc = rc;
  t->err = err ? *err : (struct sl_err){ 0 };
}

static void planned(void *user, struct sl_plan **take, const struct sl_err *err)
{
  struct tool *t = user;
  t->plan = *take;
  *take = NULL;
  ended(t, err ? err->code : SL_OK, err);
}

static void acted(void *user, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  (void)started;
  ended(user, rc, err);
}

static int waited(struct tool *t, int rc)
{
  while (!rc && !t->done)
    sl_loop_turn(t->l, 100);
  t->done = false;
  return rc ? rc : t->rc;
}

static int workspace_open(struct tool *t, const char *file, const char *state)
{
  static const struct sl_backend_ops *const backends[] = { &sl_backend_mlflow, NULL };
  const struct sl_type_conf type = { .type = "mlflow", .help = "", .settings = sl_backend_mlflow.settings,
                                     .nsettings = sl_backend_mlflow.nsettings };
  struct sl_ws_conf *conf = NULL;
  int rc = sl_loop_open(&t->l, &t->err);
  rc = rc ? rc : sl_ws_conf_load(&conf, file, &type, 1, &t->err);
  struct sl_ws_opts o = { .conf = conf, .backends = backends, .state_dir = state, .headless = true, .no_input = true };
  rc = rc ? rc : sl_ws_open(&t->w, t->l, &o, &t->err);
  sl_ws_conf_unref(conf);
  return rc;
}

static const struct sl_action *action_of(const struct sl_resource *res, const char *name)
{
  for (const struct sl_action *const *a = res->actions; *a; a++)
    if (!strcmp((*a)->name, name))
      return *a;
  return NULL;
}

static int decide(struct tool *t, const char *what, const char *id)
{
  const struct sl_resource *res = strncmp(what, "models/", 7) ? &sl_res_versions : &sl_res_models;
  const struct sl_action *act = strchr(what, '/') ? action_of(res, strchr(what, '/') + 1) : NULL;
  struct sl_val args[16];
  struct sl_ref ref = { SL_STR("reg"), sl_str(res->name), sl_str(id) };
  if (!act || act->nargs > sizeof args / sizeof args[0])
    return sl_err_set(&t->err, SL_EUSAGE, "no action %s", what);
  for (size_t i = 0; i < act->nargs; i++)
    args[i] = act->args[i].computed ? sl_null(act->args[i].type) : value(&act->args[i], given(t, act->args[i].name));
  struct sl_call c = { .act = act, .res = res, .targets = &ref, .ntargets = 1, .args = args };
  int rc = waited(t, sl_ws_plan(t->w, &c, planned, t, &t->err));
  for (size_t i = 0; !rc && i < sl_plan_calls(t->plan); i++)
    printf("%s\n", sl_plan_call(t->plan, i));
  return rc ? rc : waited(t, sl_ws_act(t->w, &t->plan, SL_STR(""), acted, t, &t->err));
}

int main(int argc, char **argv)
{
  static const struct sl_judge_ops ops = { .prepare = prepare, .recheck = recheck, .drop = dropped };
  struct tool t = { .pair = argv + 5, .npair = argc - 5 };
  if (argc < 5) {
    fprintf(stderr, "decide_tool WORKSPACE-FILE STATE-DIR RESOURCE/ACTION ID [NAME=VALUE ...]\n");
    return 2;
  }
  int rc = workspace_open(&t, argv[1], argv[2]);
  if (!rc) {
    sl_ws_judge(t.w, &ops, &t);
    rc = decide(&t, argv[3], argv[4]);
  }
  printf(rc ? "%s: %s\n" : "%s%s\n", rc ? sl_code_name(rc) : "OK", rc ? t.err.msg : "");
  sl_plan_free(t.plan);
  if (t.w)
    sl_ws_close(t.w);
  if (t.l)
    sl_loop_close(t.l);
  return rc != SL_OK;
}
