/* base/trace.h: what happened, for whoever looks for a fault: SLUICE_TRACE=http,box:2 writes to SLUICE_TRACE_FILE (or stderr when it is no
 * terminal). Secrets are redacted at this sink, by value and by shape, at every level. */
#ifndef SL_BASE_TRACE_H
#define SL_BASE_TRACE_H

#include "base/err.h"

enum sl_trace_area { SL_TR_LOOP, SL_TR_HTTP, SL_TR_SSH, SL_TR_PG, SL_TR_BOX, SL_TR_MODEL, SL_TR_UI, SL_TR_JOB, SL_TR_N };
/* Reads both variables again: AREA[:LEVEL],... or all; 0 to 9, 1 where no level is said. A terminal, or a file that cannot be opened: no
 * trace. */
void sl_trace_init(void);
bool sl_trace_on(enum sl_trace_area a, int level);   /* [any] ask before what is dear to say */
void sl_trace(enum sl_trace_area a, int level, const char *fmt, ...) SL_PRINTF(3, 4);   /* [any] one line, without LF; 64 KiB at most */

#endif
