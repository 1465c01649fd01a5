/* loop/exec.h: fork and exec with everything decided beforehand; private to this folder. */
#ifndef SL_LOOP_EXEC_H
#define SL_LOOP_EXEC_H

#include <sys/types.h>

#include "base/err.h"

enum { SL_EXEC_FDS = 11 }; /* 0, 1, 2 and the eight of struct sl_child_spec */
struct sl_exec {
  const char *const *argv, *const *env;  /* argv[0] may be a name: looked up in PATH of env */
  const char *cwd;
  struct { int ours, theirs; } fd[SL_EXEC_FDS];
  size_t nfd;
  bool new_session;                      /* otherwise its own group, and it dies with us */
};
/* Returns when the program runs, or could not: then err says why and there is no child. */
int sl_exec_start(const struct sl_exec *x, pid_t *pid, struct sl_err *err) SL_NODISCARD;

#endif
