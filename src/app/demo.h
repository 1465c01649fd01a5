/* app/demo.h: the demo's workspace: copied, moved to today, its last days' jobs run for real. */
#ifndef SL_APP_DEMO_H
#define SL_APP_DEMO_H

#include <jansson.h>

#include "app/session.h"
#include "base/hash.h"

#define SL_DEMO_MARKER ".sluice-demo"   /* in the demo's folder: its state and last day, its folder, the files that were copied */

/* demo/manifest.json, read: what to copy, where dates stand, which jobs to run. */
struct sl_demo {
  json_t *manifest;
  char *from, *to;             /* the shipped folder; where it goes: both absolute */
  sl_ms last_day, today;       /* midnights UTC */
  int64_t days;                /* how far it is moved */
  struct sl_map foreign;       /* what lies in `to` and is not the demo's: paths below it, found by sl_demo_wipe() */
};
/* Reads the manifest and writes nothing. ENOENT: not installed. Owns nothing after a failure; close: what it holds, not d. */
int sl_demo_open(struct sl_demo *d, const char *to, sl_ms now, struct sl_err *err) SL_NODISCARD;
void sl_demo_close(struct sl_demo *d);

/* Removes what the demo wrote into d->to, never through a link; what else is there goes to d->foreign. marker: its text. EDENIED where it
 * is not this folder's, or a link lies in it. Then nothing has gone. */
int sl_demo_wipe(struct sl_demo *d, struct sl_str marker, struct sl_err *err) SL_NODISCARD;
/* The marker's text: `first`, the folder, the files that will be copied. */
int sl_demo_marker(struct sl_demo *d, const char *first, struct sl_buf *b, struct sl_err *err) SL_NODISCARD;
/* fn for each shipped file: where it lies, and its path below d->to. */
typedef int sl_demo_file(void *user, const char *from, const char *rel, struct sl_err *err);
int sl_demo_files(struct sl_demo *d, sl_demo_file *fn, void *user, struct sl_err *err) SL_NODISCARD;
/* Copies the files and moves names, texts and the store. What is foreign in d->to is not touched. */
int sl_demo_copy(struct sl_demo *d, struct sl_err *err) SL_NODISCARD;
int sl_demo_store(struct sl_demo *d, struct sl_err *err) SL_NODISCARD;
/* Statements for the store's decisions, with the keys that came along. After sl_demo_store(). */
int sl_demo_sign(struct sl_demo *d, struct sl_app *a, struct sl_err *err) SL_NODISCARD;
/* Columns of Parquet files, and --rows: statements in the box. */
int sl_demo_tables(struct sl_demo *d, struct sl_app *a, int64_t rows, struct sl_err *err) SL_NODISCARD;
/* Rows of every Parquet file, from their footers, noted where `partitions` looks for them. After the times: they belong to the note. */
int sl_demo_rows(struct sl_demo *d, struct sl_app *a, struct sl_err *err) SL_NODISCARD;
/* Files get the times at which they would have come: judged by freshness. */
int sl_demo_times(struct sl_demo *d, struct sl_err *err) SL_NODISCARD;
/* The last days' jobs, one after the other; each must end as the manifest says. */
int sl_demo_jobs(struct sl_demo *d, struct sl_app *a, struct sl_err *err) SL_NODISCARD;

/* Every 20YY-MM-DD between non-digits, moved by `days`; the same length. */
void sl_demo_shift(char *p, size_t n, int64_t days);
/* fn for each path below d->to that fits the manifest's pattern and is not foreign. */
int sl_demo_each(const struct sl_demo *d, const char *pattern, int (*fn)(void *user, const char *path, struct sl_err *err), void *user,
                 struct sl_err *err) SL_NODISCARD;

#endif
