/* box/box.h: the sandboxed child in which large parsers and engines work on untrusted bytes.
 *
 * Two halves. Inside (box_main): a process that was exec'ed as `sluice --box`, took its limits, shut itself in (no_new_privs, rlimits,
 * seccomp, Landlock, namespaces where the kernel has them), and answers framed messages on one socketpair. Outside (struct sl_box):
 * starts it, sends work, gets batches; killing it is cancelling. A crash is one error line; the next job gets a new box. */
#ifndef SL_BOX_BOX_H
#define SL_BOX_BOX_H

#include "table/batch.h"

struct sl_loop;

/* ---- outside ---- */
struct sl_box_limits {
  uint64_t memory;             /* bytes, 0: 512 MiB */
  uint64_t tmp;                /* bytes of temporary space, 0: 2 GiB */
  unsigned threads;            /* 0: the cores */
  int idle_ms;                 /* an idle box is ended after this; 0: 60 s */
};
struct sl_box_pool;            /* keeps at most one warm box; jobs run one at a time in each, `max` boxes */
struct sl_box_opts {
  struct sl_loop *loop;
  const char *exe;             /* this program */
  const char *const *lib_dirs; /* absolute: where libduckdb.so and friends are searched, NULL-ended */
  const char *const *roots;    /* absolute folders handed over read-only, NULL-ended */
  const char *tmp_dir;         /* absolute: where the box's own scratch folder is made (0700, removed) */
  struct sl_box_limits limits;
  unsigned max;                /* 0: 2 */
};
int sl_box_pool_open(struct sl_box_pool **out, const struct sl_box_opts *o, struct sl_err *err) SL_NODISCARD;
void sl_box_pool_close(struct sl_box_pool *p);

struct sl_box_job;
struct sl_box_input { const char *name; struct sl_schema *schema; };   /* a table made of batches: sent by sl_box_job_rows() */
struct sl_box_work {
  const char *kind;            /* "sql", "image", "archive": the name of a worker inside (box/work_*.c) */
  struct sl_str text;          /* sql: one statement; others: a path or JSON of options */
  const struct sl_box_input *inputs; size_t ninputs;
  /* sql: write the result into this file of the scratch folder instead of sending rows; by its ending; NULL: rows */
  const char *out_path;
  bool write_ok;               /* reserved for files of ours; never lets a statement write elsewhere */
  uint64_t limit;              /* rows, 0: none */
};
struct sl_box_ops {
  void (*head)(void *user, struct sl_schema *s, int64_t total);  /* once, before rows; total -1: not known */
  int (*rows)(void *user, struct sl_batch **take);      /* SL_EAGAIN: taken, stop until sl_box_job_resume(); other errors end the job */
  void (*bytes)(void *user, struct sl_str piece);       /* image, archive workers */
  void (*progress)(void *user, double done, double total);  /* now and then; in the worker's own unit */
  void (*feed)(void *user, size_t input);               /* the box wants rows of this input: sl_box_job_rows(), then _rows_end() */
  /* exactly once. err of a statement has DuckDB's own words, cleaned to one line, with the position. out_path: where the file lies. */
  void (*done)(void *user, int rc, const struct sl_err *err, const char *file, uint64_t rows);
};
int sl_box_start(struct sl_box_job **out, struct sl_box_pool *p, const struct sl_box_work *w, const struct sl_box_ops *ops, void *user,
                 struct sl_err *err) SL_NODISCARD;
int sl_box_job_rows(struct sl_box_job *j, size_t input, const struct sl_batch *b, struct sl_err *err) SL_NODISCARD;
int sl_box_job_rows_end(struct sl_box_job *j, size_t input, struct sl_err *err) SL_NODISCARD;
void sl_box_job_resume(struct sl_box_job *j);
void sl_box_job_cancel(struct sl_box_job *j);           /* kills the box; done() will not come */

/* How strong the sandbox is here: for doctor. A row each: what, whether, words. */
struct sl_box_fact { const char *name; bool ok; char value[96]; const char *advice; };
size_t sl_box_facts(struct sl_box_fact *out, size_t max);          /* probes in a short-lived child; blocks shortly (lane or doctor) */
/* Absolute path of an engine, searched in lib_dirs; "" when absent (the message says how to get it). */
bool sl_box_engine(const char *const *lib_dirs, const char *soname, char *out, size_t n);

/* ---- inside ---- */
int sl_box_main(int argc, char **argv);                 /* `sluice --box`: never returns to the console's code */

/* One worker inside the box: a kind of job. Registered in box/work.def. */
struct sl_box_ctx;
struct sl_box_worker { const char *kind; int (*run)(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err); };

#endif
