/* judge/judge.c: puts what is judged here behind the first door. */
#include "judge/judge_int.h"
#include "model/backend.h"
#include "model/judge.h"

int sl_judge_open(struct sl_ws *w, struct sl_err *err)
{
  sl_ws_judge(w, &judge_ops, NULL);
  int rc = sl_ws_serve(w, &judge_differences_serve, NULL, err);
  rc = rc ? rc : sl_ws_serve(w, &judge_gates_serve, NULL, err);
  rc = rc ? rc : sl_ws_serve(w, &judge_approvals_serve, NULL, err);
  rc = rc ? rc : sl_ws_serve(w, &judge_alarms_serve, NULL, err);
  return rc ? rc : sl_ws_findings_add(w, &judge_alarms, err);
}
