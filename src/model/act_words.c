/* model/act_words.c: what is so now that a decision was taken, in a sentence: the command line and the console say the same. */
#include <string.h>

#include "model/act.h"
#include "model/resource.h"

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

void sl_plan_said(const struct sl_plan *p, struct sl_buf *b)
{
  const struct sl_action *act = sl_plan_action(p);
  bool request = act == &sl_act_version_request, approve = act == &sl_act_version_approve;
  if (sl_plan_targets(p) != 1 || !(request || approve || act == &sl_act_version_reject || act == &sl_act_model_rollback))
    return;
  struct sl_str id = sl_plan_target(p, 0)->id, by = arg(p, "by"), to = arg(p, "to"), version = id, model = SL_STR("");
  (void)sl_str_cut(&version, '/', &model);
  struct sl_val move = sl_plan_arg(p, "move");
  if (act == &sl_act_model_rollback) {
    put_move(b, p, arg(p, "alias"), id, SL_STR(""));
    return;
  }
  sl_buf_str(b, id);
  sl_buf_z(b, request ? " is requested" : approve ? " is approved" : " is rejected");
  if (to.n && request)
    sl_buf_printf(b, " for %.*s", SL_ARG(to));
  if (by.n)
    sl_buf_printf(b, " by %.*s", SL_ARG(by));
  if (request)
    sl_buf_printf(b, "; somebody else decides: sluice approve %.*s", SL_ARG(id));
  else if (approve && !move.null && move.u.b) {
    sl_buf_z(b, "; ");
    put_move(b, p, to, model, version);
  } else if (approve)
    sl_buf_printf(b, "; more must agree before %.*s moves", SL_ARG(to.n ? to : SL_STR("it")));
}
