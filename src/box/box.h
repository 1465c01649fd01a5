/* box/box.h: the sandboxed child in which large parsers and engines work on untrusted bytes.
 *
 * Two halves. Inside (sl_box_main): a process that was exec'ed as `sluice --box`, took its limits, loaded its engine, shut itself in
 * (no_new_privs, rlimits, seccomp, Landlock, namespaces, where the kernel has them), and answers framed messages on one socketpair.
 * Outside (struct sl_box_pool): starts it, sends work, gets batches; killing it is cancelling. A crash is one error line; the next job
 * gets a new box. */
#ifndef SL_BOX_BOX_H
#define SL_BOX_BOX_H

#include "table/batch.h"

struct sl_loop;

/* ---- outside ---- */
struct sl_box_limits {
  uint64_t memory;             /* bytes, 0: 512 MiB; at least 128 MiB */
  uint64_t tmp;                /* bytes of temporary space, 0: 2 GiB */
  unsigned threads;            /* 0: the cores */
  int idle_ms;                 /* an idle box is ended after this; 0: 60 s */
  int hang_ms;                 /* a box at work that gives no sign of life (it gives one a second) for so long is ended; 0: 30 s */
};
struct sl_box_pool;            /* keeps at most one warm box; jobs run one at a time in each, `max` boxes; further jobs wait */
struct sl_box_opts {
  struct sl_loop *loop;
  const char *exe;             /* this program */
  const char *const *lib_dirs; /* absolute: where libduckdb.so and friends are searched, NULL-ended */
  const char *const *roots;    /* absolute folders or files handed over read-only, NULL-ended; what is not there is skipped */
  const char *tmp_dir;         /* absolute: where the pool's own folder is made (0700, removed); what dead consoles left there goes */
  struct sl_box_limits limits;
  unsigned max;                /* 0: 2 */
};
/* Yours; o is copied. Starts no box yet, but makes its folder. */
int sl_box_pool_open(struct sl_box_pool **out, const struct sl_box_opts *o, struct sl_err *err) SL_NODISCARD;
/* Kills the boxes; done() does not come for what still ran. Inside a callback of a job: only in done(). */
void sl_box_pool_close(struct sl_box_pool *p);

/* In the words of an error: of a file that is no Parquet, or only a part of one. Which file, the engine does not always say. */
#define SL_BOX_DAMAGED "a Parquet file is damaged or is none"

struct sl_box_job;
struct sl_box_input { const char *name; struct sl_schema *schema; };   /* a table made of batches: sent by sl_box_job_rows() */
struct sl_box_work {
  const char *kind;            /* "sql", "image", "archive": the name of a worker inside (work.def) */
  /* sql: one statement. image: {"path":P,"width":W,"height":H,"fit":F}, 0 keeps the size; fit true: as large as cells twice as high as
   * wide hold it without stretching; bytes: four u32 (little endian: width, height, and those of the original), then RGB rows.
   * archive: {"path":P} lists (rows: name, kind, bytes, modified), {"path":P,"member":M,"max":N} reads one member ("number":I instead:
   * the Ith), at most N bytes (0: 16 MiB; ELIMIT where it is longer, after N bytes came).
   * score: {"path":P,"model":M,"data":SQL,"label":C,"output":O,"threads":N,"quality":Q} (work_score.c); with out_path rows that sum
   * up. */
  struct sl_str text;
  const struct sl_box_input *inputs; size_t ninputs;
  /* absolute files or folders that this job may read besides the pool's roots, NULL-ended, or NULL: then it gets a box of its own */
  const char *const *reads;
  /* sql: write the result into this file (a bare name; .parquet, .csv, .ndjson, .json) instead of sending rows; NULL: rows */
  const char *out_path;
  uint64_t limit;              /* rows, 0: none */
};
struct sl_box_ops {            /* each may be NULL but done; none comes inside a call of the owner's */
  void (*head)(void *user, struct sl_schema *s, int64_t total);  /* once, before rows; total -1: not known; borrowed */
  int (*rows)(void *user, struct sl_batch **take);      /* SL_EAGAIN: taken, stop until sl_box_job_resume(); other errors end the job */
  int (*bytes)(void *user, struct sl_str piece);        /* image, archive; answers as rows() */
  void (*progress)(void *user, double done, double total);  /* about once a second while it works; total 0: not known */
  void (*note)(void *user, bool cut, struct sl_str text);   /* what to know of the work; cut: not all of it came; from outside */
  /* The box has room for a batch of this input: sl_box_job_rows(), or sl_box_job_rows_end() (now or later). Comes again after each. */
  void (*feed)(void *user, size_t input);
  /* exactly once. err of a statement has DuckDB's own words, cleaned to one line, with the position. file: where out_path lies; it is
   * yours to move away, else it goes with the pool. rows: sent, or written. The job is gone after it. */
  void (*done)(void *user, int rc, const struct sl_err *err, const char *file, uint64_t rows);
};
/* w and ops are copied. Where all boxes are at work it waits. On failure no callback comes. */
int sl_box_start(struct sl_box_job **out, struct sl_box_pool *p, const struct sl_box_work *w, const struct sl_box_ops *ops, void *user,
                 struct sl_err *err) SL_NODISCARD;
/* What secret columns hold is not sent. */
int sl_box_job_rows(struct sl_box_job *j, size_t input, struct sl_batch *b, struct sl_err *err) SL_NODISCARD;
int sl_box_job_rows_end(struct sl_box_job *j, size_t input, struct sl_err *err) SL_NODISCARD;
void sl_box_job_resume(struct sl_box_job *j);
void sl_box_job_cancel(struct sl_box_job *j);           /* kills the box; done() will not come; j is gone */
int sl_box_job_pid(const struct sl_box_job *j);         /* 0: it still waits */

/* How strong the sandbox is here: for doctor. A row each: what, whether, words. Probed by a short-lived `--box` of this very program (so
 * main() must know it); blocks for some ms: lane or doctor. */
struct sl_box_fact { const char *name; bool ok; char value[96]; const char *advice; };
size_t sl_box_facts(struct sl_box_fact *out, size_t max);   /* how many of max; 0: it did not start */
/* Absolute path of an engine, searched in lib_dirs; false when absent (the message says how to get it). */
bool sl_box_engine(const char *const *lib_dirs, const char *soname, char *out, size_t n);

/* ---- inside ---- */
int sl_box_main(int argc, char **argv);                 /* `sluice --box`: never returns to the console's code */

/* One worker inside the box: a kind of job. Ours are listed in box/work.def. */
struct sl_box_ctx;
struct sl_box_worker {
  const char *kind;
  int (*load)(struct sl_box_ctx *c, struct sl_err *err); /* before the box shuts itself in: engines are loaded here; NULL: nothing */
  int (*run)(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err);
};
/* The same with further workers, NULL-ended: for tests that put something hostile into the engine's place. */
int sl_box_main_with(int argc, char **argv, const struct sl_box_worker *const *extra);

#endif
