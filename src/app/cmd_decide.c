/* app/cmd_decide.c: `request`, `approve`, `reject`, `rollback`: decisions about a model's versions. The rules are the judge's (src/judge);
 * here are only the words of the command line. */
#include <string.h>

#include "app/do.h"
#include "base/mem.h"

int sl_cmd_request(struct sl_app *a);
int sl_cmd_approve(struct sl_app *a);
int sl_cmd_reject(struct sl_app *a);
int sl_cmd_rollback(struct sl_app *a);

enum { VALS = 16 };

static void set(const struct sl_action *act, struct sl_val *vals, const char *name, struct sl_val v)
{
  for (size_t i = 0; i < act->nargs; i++)
    if (!strcmp(act->args[i].name, name))
      vals[i] = v;
}

static void set_text(const struct sl_args *args, const struct sl_action *act, struct sl_val *vals, const char *name, enum sl_opt_id option)
{
  const char *text = sl_args_text(args, option, NULL);
  if (text)
    set(act, vals, name, sl_vz(text));
}

/* Without a person the alias's present target must be named, so that two scripts cannot overwrite each other unseen. */
static int blind(const struct sl_app *a, struct sl_err *err)
{
  const struct sl_args *args = a->args;
  if (!sl_args_has(args, SL_O_no_input) || sl_args_has(args, SL_O_expect) || sl_args_has(args, SL_O_dry_run))
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "with --no-input say where the alias stands: --expect ALIAS=VERSION (ALIAS= where it names nothing)");
}

static int decide(struct sl_app *a, const struct sl_resource *res, const struct sl_action *act, bool moves)
{
  struct sl_session s = { 0 };
  struct sl_err err = { 0 };
  struct sl_found at = { 0 };
  struct sl_val vals[VALS];
  for (size_t i = 0; i < act->nargs; i++)
    vals[i] = sl_null(act->args[i].type);
  set_text(a->args, act, vals, "to", SL_O_to);
  set_text(a->args, act, vals, "alias", SL_O_alias);
  set_text(a->args, act, vals, "comment", SL_O_comment);
  set_text(a->args, act, vals, "expect", SL_O_expect);
  set(act, vals, "break_glass", sl_vb(sl_args_has(a->args, SL_O_break_glass)));
  int code, rc = moves ? blind(a, &err) : SL_OK;
  rc = rc ? rc : sl_session_open(&s, a, 0, &err);
  rc = rc ? rc : sl_session_find(&s, res, a->args->pos[0], &at, &err);
  if (rc)
    code = s.interrupted ? SL_EXIT_INTERRUPTED : sl_app_fail(a, &err);
  else
    code = sl_session_do_tell(&s, &(struct sl_call){ .act = act, .res = res, .targets = &at.ref, .ntargets = 1, .args = vals },
                              sl_plan_said);
  sl_found_free(&at);
  sl_session_close(&s);
  return code;
}

int sl_cmd_request(struct sl_app *a) { return decide(a, &sl_res_versions, &sl_act_version_request, false); }
int sl_cmd_approve(struct sl_app *a) { return decide(a, &sl_res_versions, &sl_act_version_approve, true); }
int sl_cmd_reject(struct sl_app *a) { return decide(a, &sl_res_versions, &sl_act_version_reject, false); }
int sl_cmd_rollback(struct sl_app *a) { return decide(a, &sl_res_models, &sl_act_model_rollback, true); }
