/* app/do.h: changing the world from the command line: plan, confirm, act, tell; and waiting for what was started. */
#ifndef SL_APP_DO_H
#define SL_APP_DO_H

#include "app/session.h"

/* Plans and acts; --dry-run prints the exact calls instead. The exit code. started (may be NULL): ref of the execution, empty: none. */
int sl_session_do(struct sl_session *s, const struct sl_call *c, struct sl_buf *started);
/* The same, and what `words` says of the plan is a note once it is done. */
int sl_session_do_tell(struct sl_session *s, const struct sl_call *c, void (*words)(const struct sl_plan *p, struct sl_buf *out));
/* Shows the log of an execution until it has ended: 0 ok, 1 failed or stopped, 130 left running. */
int sl_session_follow(struct sl_session *s, const struct sl_ref *execution);
/* Prints the log once, or follows it without judging the end. */
int sl_session_log(struct sl_session *s, const struct sl_ref *execution, bool follow);

/* `cp` of what no storage can copy by itself: the bytes of uri, fetched and counted, written to the address `to` of conn. The exit code. */
int sl_session_fetch(struct sl_session *s, struct sl_str uri, struct sl_str to, struct sl_str conn);

/* One statement, printed, or with --out written where that says; the exit code. */
int sl_app_sql(struct sl_app *a, const char *sql);
/* One of Model Monitor's files to the address `to`, said on stderr: `from WHAT(['BASE', ]'DATA')`. base NULL: none. */
int sl_app_monitor_file(struct sl_app *a, const char *what, const char *base, const char *data, const char *to);

/* Values of an action's arguments: from -p NAME=VALUE. Bytes live in scratch. */
int sl_call_args(const struct sl_args *args, const struct sl_action *act, struct sl_val *vals, struct sl_buf *scratch,
                 struct sl_err *err) SL_NODISCARD;

#endif
