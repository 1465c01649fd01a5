/* model/audit.h: the record of what was done: JSON lines, hash-chained under a file lock.
 *
 * Each record carries the hash of the one before it and its own: SHA-256 over the bytes of its line up to `,"hash":`. So a changed,
 * removed, moved or added record is found. A chain alone does not show a cut tail: the latest hash stays in `audit.head` beside the file,
 * which shows accidents and cut tails, not a rewrite by the file's owner; `verify` says which it compared with. These functions block:
 * lane `file`, or the command line. */
#ifndef SL_MODEL_AUDIT_H
#define SL_MODEL_AUDIT_H

#include "base/buf.h"
#include "base/time.h"
#include "model/ws.h"

enum { SL_AUDIT_LINE = 256 << 10 };        /* longest record */

/* Appends one record: `fields` is the inside of a JSON object (`"kind":"intent",...`), to which seq, time, prev and hash are added. A
 * torn last line (a crash while writing) is closed by a record of kind `mended` first. fsync'ed on return. On failure nothing was added,
 * or (where audit.head could be neither written nor read) a record that nobody was promised. Secrets are redacted here. seq may be NULL. */
int sl_audit_append(const char *path, struct sl_str fields, sl_ms now, uint64_t *seq, struct sl_err *err) SL_NODISCARD;

/* One record, as read. Borrowed for the call. */
struct sl_audit_rec {
  uint64_t line, seq;
  sl_ms time;
  struct sl_str kind, token /* `id` in the file */, who, known, connection, action, outcome, detail, hash, raw;
  const void *json;                        /* json_t of the whole */
};
/* Reads all records in order; stops when fn returns other than SL_OK. Lines that are no record are skipped and counted in *bad (may be
 * NULL). */
int sl_audit_read(const char *path, int (*fn)(void *user, const struct sl_audit_rec *r), void *user, uint64_t *bad,
    struct sl_err *err) SL_NODISCARD;

/* One row per action with its latest outcome, as design section 15 has it; the same for the resource `audit` and `sluice audit list`. */
struct sl_audit_row { uint64_t seq; sl_ms time; char *who, *action, *target, *outcome, *detail, *token, *conn; char hash[65]; };
struct sl_audit_rows { struct sl_audit_row *row; size_t n, cap; };
/* Oldest action first; a file that is not there has none. *out is yours (sl_audit_rows_free: the rows, not out), nothing after a
 * failure. */
int sl_audit_rows_read(const char *path, struct sl_audit_rows *out, struct sl_err *err) SL_NODISCARD;
void sl_audit_rows_free(struct sl_audit_rows *r);

/* A JSON text with each of its texts cleaned of secrets by itself, so that it stays JSON; also what capsules do to documents. */
int sl_audit_clean_json(struct sl_buf *out, struct sl_str json, struct sl_err *err) SL_NODISCARD;

#endif
