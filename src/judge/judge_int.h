/* judge/judge_int.h: what the files of this folder share. */
#ifndef SL_JUDGE_JUDGE_INT_H
#define SL_JUDGE_JUDGE_INT_H

#include "judge/judge.h"

struct sl_serve;
struct sl_judge_ops;
extern const struct sl_judge_ops judge_ops;      /* decide.c */
extern const struct sl_serve judge_differences_serve, judge_gates_serve;

#endif
