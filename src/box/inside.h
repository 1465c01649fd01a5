/* box/inside.h: what a worker inside the box can do; private to this folder. */
#ifndef SL_BOX_INSIDE_H
#define SL_BOX_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "box/guard.h"
#include "box/wire.h"

struct sl_box_ctx {
  const struct wire_hello *hello;
  const struct sl_box_worker *worker;
  void *own;                   /* the worker's, between load and the jobs */
  struct ort *ort;             /* ONNX Runtime, where the worker loads it */
  struct wire_work work;       /* the job's */
  uint64_t rows;               /* sent or written by this job */
  bool wrote;                  /* the job's file lies in the scratch folder */
  char *out_file;              /* absolute; NULL: rows are wanted */
  pthread_mutex_t lock;        /* one frame at a time: the sign of life comes from a thread of its own */
  atomic_bool working;
  atomic_uint_fast64_t done, total;
  struct sl_buf buf;           /* encoding */
  struct sl_buf in;            /* the last frame from the console */
};

/* Frames to the console, for the job that runs; an error ends the job. head: once, before rows; total -1: not known. */
int box_head(struct sl_box_ctx *c, const struct sl_schema *s, int64_t total, struct sl_err *err) SL_NODISCARD;
int box_rows(struct sl_box_ctx *c, struct sl_batch *b, struct sl_err *err) SL_NODISCARD;    /* seals it */
int box_bytes(struct sl_box_ctx *c, const void *p, size_t n, struct sl_err *err) SL_NODISCARD;
/* What to know of the work, for people; cut: not all of it came. */
int box_note(struct sl_box_ctx *c, bool cut, struct sl_str text, struct sl_err *err) SL_NODISCARD;
void box_progress(struct sl_box_ctx *c, uint64_t done, uint64_t total);                     /* [any] sent with the next sign of life */
/* [any] Ends the job with these words, and the box with it: from beside what does not come back. */
void box_give_up(struct sl_box_ctx *c, int code, const char *fmt, ...) SL_PRINTF(3, 4) __attribute__((noreturn));
/* Asks for input i and hands its batches over, until it ends. each gets the run-length coded connections (u32 rows, lstr) and the
 * batch. */
typedef int box_input_fn(void *user, struct sl_str conns, struct sl_batch *b, struct sl_err *err);
int box_input(struct sl_box_ctx *c, size_t i, struct sl_schema *s, box_input_fn *each, void *user, struct sl_err *err) SL_NODISCARD;

/* Where an engine lies: the first of the folders that has it, by absolute path. */
bool box_lib(const struct wire_list *dirs, const char *name, char *path, size_t n);
/* The job's file, from beginning to end. */
int box_write_file(struct sl_box_ctx *c, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
struct json_t;
/* Options of workers whose text is JSON, and the path that all of them have: both yours. */
int box_args(struct sl_str text, struct json_t **out, char **path, struct sl_err *err) SL_NODISCARD;

#endif
