/* backends/local/local.h: what the program knows of this backend besides its operations: the supervisor of a local job, and the note that a
 * job leaves about the rows it wrote. */
#ifndef SL_LOCAL_LOCAL_H
#define SL_LOCAL_LOCAL_H

#include "model/backend.h"

extern const struct sl_backend_ops sl_backend_local;

/* `sluice --run DIR`: runs the execution that DIR/spec.json describes to its end. Returns the exit code: 0 when every step was fine. It
 * expects the lock of DIR as descriptor 3, held; without one it takes it, and ends with 1 when somebody else has it. */
int sl_local_run_main(int argc, char **argv);

/* Remembers how many rows a file of ours holds (whoever wrote it knows): `partitions` shows it as long as size and time of modification
 * stay. Blocks shortly: appends one line to STATE_DIR/rows. */
int sl_local_rows_note(const char *state_dir, const char *path, int64_t rows, struct sl_err *err) SL_NODISCARD;

#endif
