/* backends/local/exec_int.h: an execution on disk, as its supervisor and every console see it.
 *
 * STATE/executions/ID/ holds: spec.json (what to run; written once, before anything starts), state.json (how it goes; replaced by rename),
 * lock (flock held by the supervisor as long as it lives), log, log.1 ... log.3, and `stop` (made by whoever wants it to end). ID is
 * JOB-NUMBER; mkdir() makes it unique among all consoles. */
#ifndef SL_LOCAL_EXEC_INT_H
#define SL_LOCAL_EXEC_INT_H

#include "backend_local/local_int.h"
#include "base/json.h"

enum { LOCAL_CAUSE = 240, LOCAL_LOG_BYTES = 64 << 20, LOCAL_LOG_FILES = 4, LOCAL_LINE_MAX = 64 << 10 };

struct local_step_spec { const char *name, *const *argv, *const *after; };    /* both NULL-ended; argv[0] "sluice" means exe */
struct local_spec {
  struct sl_arena mem;               /* holds the texts */
  const char *id, *job, *token, *cwd, *exe;
  const char *workspace, *config, *writes, *retry_of;    /* NULL: none; writes "": nowhere */
  sl_ms created;
  int64_t timeout_ms;                /* 0: none */
  int64_t keep, keep_ms;             /* executions of the job that stay, and for how long; 0: all, for ever */
  struct sl_param *params; size_t nparams;
  struct local_step_spec *steps; size_t nsteps;
};
struct local_step_state {
  const char *state;                 /* one of the words: static */
  char native[48], cause[LOCAL_CAUSE];
  int64_t pid, code, signum;         /* -1: none */
  sl_ms started, ended;              /* 0: not yet */
  int64_t cpu_ms, maxrss_kb;         /* -1: unknown */
};
struct local_state {
  const char *state;
  char native[48], cause[LOCAL_CAUSE];
  sl_ms started, ended;
  int64_t pid;
  struct local_step_state *steps;    /* as many as the spec's; sl_free */
  size_t nsteps;
};
struct local_exec {
  struct local_spec spec;
  struct local_state st;
  int unread;                /* why its files could not be read; SL_OK: they were */
};

/* dir/spec.json: written whole, before the supervisor starts; EUSAGE: a text that is no UTF-8. read makes s (ENOENT, EPARSE); after a
 * failure it holds nothing. */
void local_spec_init(struct local_spec *s);
void local_spec_free(struct local_spec *s);
int local_spec_write(const char *dir, const struct local_spec *s, struct sl_err *err) SL_NODISCARD;
int local_spec_read(struct local_spec *s, const char *dir, struct sl_err *err) SL_NODISCARD;
int local_spec_params(struct local_spec *s, json_t *params, struct sl_err *err) SL_NODISCARD;   /* from an object of texts */
void local_spec_json(struct sl_jw *w, const struct local_spec *s);      /* without its braces */

int local_state_init(struct local_state *st, const struct local_spec *s, struct sl_err *err) SL_NODISCARD;   /* everything pending */
/* dir/state.json: written over whole at each change, by the supervisor alone, and read by anybody: as many steps as the spec has. */
void local_state_free(struct local_state *st);
int local_state_write(const char *dir, const struct local_spec *s, const struct local_state *st, struct sl_err *err) SL_NODISCARD;
int local_state_read(struct local_state *st, const char *dir, const struct local_spec *s, struct sl_err *err) SL_NODISCARD;
void local_state_json(struct sl_jw *w, const struct local_spec *s, const struct local_state *st);
const char *local_state_word(struct sl_str s);                          /* static; "unknown" for others */
bool local_state_final(const char *word);                               /* it changes no more */
int64_t local_state_done(const struct local_state *st);                 /* steps that ran to their end; skipped ones did not */

/* Reads an execution as it is now. One whose supervisor died is failed, with that cause. One that cannot be read is unknown, with the
 * reason as cause. ENOENT: there is no such. */
int local_exec_read(struct local_exec *e, const char *execs, struct sl_str id, struct sl_err *err) SL_NODISCARD;
void local_exec_free(struct local_exec *e);
bool local_exec_id(struct sl_str id, struct sl_str *job, int64_t *number);   /* splits JOB-NUMBER */
bool local_exec_alive(const char *dir);                                 /* its lock is held */
/* Names of all executions (of job, where it is given), newest number first within a job; yours. */
struct local_ids { char **id; size_t n, cap; };
int local_ids_read(struct local_ids *ids, const char *execs, struct sl_str job, struct sl_err *err) SL_NODISCARD;   /* no folder: none */
void local_ids_free(struct local_ids *ids);   /* what it holds, not ids */
/* Makes the folder of the next execution of spec->job and sets spec->id; *dir is yours. */
int local_exec_new(struct local_spec *s, const char *execs, char **dir, struct sl_err *err) SL_NODISCARD;

/* ---- spec.c's other half, expand.c: from a job's settings to what will run ---- */
/* given: the list value of the action's argument `p`. keep: parameters of an older execution, or of the plan, come first. Blocks (@newest
 * lists a zone). */
int local_expand(struct local_spec *s, const struct sl_job_conf *job, const struct local_bounds *in, sl_ms now, struct sl_str given,
                 const struct local_spec *keep, struct sl_err *err) SL_NODISCARD;

/* ---- settled.c: what a plan has settled, on its way to the call ---- */
struct local_settled_one { struct local_spec spec; char digest[65]; };   /* of spec only the parameters */
struct local_settled { struct local_settled_one *one; size_t n; };
/* Of everything that decides what will happen: steps, order, folders, timeout, parameters. Not of id, token and time. */
int local_spec_digest(const struct local_spec *s, char digest[65], struct sl_err *err) SL_NODISCARD;
int local_settled_add(struct sl_buf *b, const struct local_spec *s, struct sl_err *err) SL_NODISCARD;    /* one JSON object */
/* Of an array of those, n of them. EINTERNAL where it is something else. */
int local_settled_read(struct local_settled *s, struct sl_str json, size_t n, struct sl_err *err) SL_NODISCARD;
void local_settled_free(struct local_settled *s);

/* ---- env.c: what a child gets to see of the environment; NULL-ended, in mem ---- */
int local_env(struct sl_arena *mem, const char *const *more, const char *const **out, struct sl_err *err) SL_NODISCARD;

/* ---- runlog.c: the log of an execution while it is written ---- */
struct local_runlog { char *path; int fd; int64_t size, max; struct sl_buf line; };
/* dir/log, appended: "TIME LEVEL STEP text"; turned over to log.1 at LOCAL_LOG_BYTES. A line that cannot be written is lost: the job goes
 * on. */
int local_runlog_open(struct local_runlog *g, const char *dir, struct sl_err *err) SL_NODISCARD;
void local_runlog_line(struct local_runlog *g, sl_ms now, const char *level, const char *step, struct sl_str text);
void local_runlog_close(struct local_runlog *g);

/* ---- prune.c ---- */
/* Removes what the job keeps no longer: never the newest, never one that runs. How many went. Blocks. */
size_t local_prune(const char *execs, const struct local_spec *s, sl_ms now);

/* ---- execverb.c ---- */
int local_run(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;
int local_run_look(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;
int local_retry(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;
int local_stop(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;
int local_stop_look(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;

#endif
