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

/* ---- what now is so ---- */

static struct sl_str arg(const struct sl_plan *p, const char *name)
{
  struct sl_val v = sl_plan_arg(p, name);
  return v.null || v.type != SL_TEXT ? SL_STR("") : v.u.s;
}

static void put_move(struct sl_buf *b, const struct sl_plan *p, struct sl_str alias, struct sl_str model, struct sl_str version)
{
  struct sl_str was = arg(p, "was");
  struct sl_val back = sl_plan_arg(p, "version");
  sl_buf_printf(b, "%.*s of %.*s is ", SL_ARG(alias), SL_ARG(model));
  if (!back.null && back.type == SL_I64)
    sl_buf_printf(b, "%lld now", (long long)back.u.i);
  else
    sl_buf_printf(b, "%.*s now", SL_ARG(version.n ? version : arg(p, "version")));
  if (was.n)
    sl_buf_printf(b, ", it was %.*s", SL_ARG(was));
}

static void said(const struct sl_plan *p, struct sl_buf *b)
{
  const struct sl_action *act = sl_plan_action(p);
  struct sl_str id = sl_plan_target(p, 0)->id, by = arg(p, "by"), to = arg(p, "to"), version = id, model = SL_STR("");
  (void)sl_str_cut(&version, '/', &model);
  struct sl_val move = sl_plan_arg(p, "move");
  if (act == &sl_act_model_rollback) {
    put_move(b, p, arg(p, "alias"), id, SL_STR(""));
    return;
  }
  sl_buf_str(b, id);
  sl_buf_z(b, act == &sl_act_version_request ? " is requested" : act == &sl_act_version_approve ? " is approved" : " is rejected");
  if (to.n && act == &sl_act_version_request)
    sl_buf_printf(b, " for %.*s", SL_ARG(to));
  if (by.n)
    sl_buf_printf(b, " by %.*s", SL_ARG(by));
  if (act == &sl_act_version_request)
    sl_buf_printf(b, "; somebody else decides: sluice approve %.*s", SL_ARG(id));
  else if (act == &sl_act_version_approve && !move.null && move.u.b) {
    sl_buf_z(b, "; ");
    put_move(b, p, to, model, version);
  } else if (act == &sl_act_version_approve)
    sl_buf_printf(b, "; more must agree before %.*s moves", SL_ARG(to.n ? to : SL_STR("it")));
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
    code = sl_session_do_tell(&s, &(struct sl_call){ .act = act, .res = res, .targets = &at.ref, .ntargets = 1, .args = vals }, said);
  sl_found_free(&at);
  sl_session_close(&s);
  return code;
}

int sl_cmd_request(struct sl_app *a) { return decide(a, &sl_res_versions, &sl_act_version_request, false); }
int sl_cmd_approve(struct sl_app *a) { return decide(a, &sl_res_versions, &sl_act_version_approve, true); }
int sl_cmd_reject(struct sl_app *a) { return decide(a, &sl_res_versions, &sl_act_version_reject, false); }
int sl_cmd_rollback(struct sl_app *a) { return decide(a, &sl_res_models, &sl_act_model_rollback, true); }
