/* judge/judge_int.h: what the files of this folder share. */
#ifndef SL_JUDGE_JUDGE_INT_H
#define SL_JUDGE_JUDGE_INT_H

#include "judge/judge.h"

struct sl_serve;
struct sl_judge_ops;
struct sl_recorded_ops;
extern const struct sl_judge_ops judge_ops;      /* decide.c */
void judge_who(void *user);                      /* judge.c: two of its operations */
void judge_close(void *user);                    /* frees user */
extern const struct sl_serve judge_differences_serve, judge_gates_serve;
extern const struct sl_serve judge_approvals_serve, judge_alarms_serve, judge_lineage_serve;
extern const struct sl_recorded_ops judge_recorded;  /* recorded.c */
extern const struct sl_resource judge_alarms;   /* findings about models */
/* The versions of model ("": of all), with what decisions are judged by. */
int judge_ask_versions(struct sl_ws *w, struct sl_str conn, struct sl_str model, sl_changed *fn, void *user, sl_watch *out,
                       struct sl_err *err) SL_NODISCARD;

#endif
