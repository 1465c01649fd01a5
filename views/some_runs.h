/* views/some_runs.h: the runs that a view was opened with, RUN,RUN,...; the first is the baseline. */
#ifndef SL_VIEWS_SOME_RUNS_H
#define SL_VIEWS_SOME_RUNS_H

#include "base/buf.h"

struct some_runs { char **id; size_t n, cap; };
int some_runs_read(struct some_runs *r, struct sl_str ids, size_t most, struct sl_err *err) SL_NODISCARD;   /* EUSAGE: too many */
void some_runs_put(const struct some_runs *r, size_t first, struct sl_buf *b);   /* RUN,RUN,... with that one first */
void some_runs_cmdline(const struct some_runs *r, struct sl_buf *b);             /* compare RUN RUN ... */
void some_runs_free(struct some_runs *r);                                        /* what it holds, not r */

#endif
