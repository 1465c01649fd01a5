/* judge/judge.h: what is judged here, as clients of the two doors: comparisons; later gates, evidence, approvals. */
#ifndef SL_JUDGE_JUDGE_H
#define SL_JUDGE_JUDGE_H

#include "model/ws.h"

/* Puts the judge's resources into w, where they are the program's own (connection `sluice`). Once after sl_ws_open(). */
int sl_judge_open(struct sl_ws *w, struct sl_err *err) SL_NODISCARD;

#endif
