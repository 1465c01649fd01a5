/* backends/compute/compute_int.h: what the parts of this backend share. */
#ifndef SL_COMPUTE_INT_H
#define SL_COMPUTE_INT_H

#include "base/mem.h"
#include "box/box.h"
#include "model/backend.h"
#include "model/quality.h"

struct compute {
  struct sl_backend *b;
  struct sl_box_pool *pool;
  char **roots;                /* of the pool; NULL-ended */
  unsigned jobs;               /* in the pool: while any runs it stays as it is */
};

/* ---- addresses in a statement (prep.c) ---- */
struct compute_prep;
/* Once, never inside compute_prep(). reads: absolute paths that the statement names, NULL-ended; both borrowed for the call. */
typedef void compute_prepped(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err);
/* Every address at the place of a table ('lake:raw/@newest', a path, a zone's folder) becomes an absolute path or glob. */
int compute_prep(struct compute_prep **out, struct compute *c, struct sl_str sql, compute_prepped *fn, void *user, struct sl_err *err)
  SL_NODISCARD;
/* FROM and an address, whatever lies there: a folder without data files stays a folder. *reads is that place. */
int compute_prep_data(struct compute_prep **out, struct compute *c, struct sl_str sql, compute_prepped *fn, void *user,
                      struct sl_err *err) SL_NODISCARD;
/* The same for one address alone: sql is nothing then, reads[0] its absolute path; no wildcards, no folder stands for what lies in it. */
int compute_prep_address(struct compute_prep **out, struct compute *c, struct sl_str address, compute_prepped *fn, void *user,
                         struct sl_err *err) SL_NODISCARD;
void compute_prep_drop(struct compute_prep *p);            /* fn does not come */

/* ---- captured data (capture.c): an address at the place of a table becomes a query, addresses in it not yet resolved ---- */
struct compute_capture;
typedef void compute_captured(void *user, int rc, struct sl_str sql, const struct sl_err *err);     /* once, never inside */
bool compute_capture_is(struct sl_str address);            /* capture:... */
int compute_capture(struct compute_capture **out, struct compute *c, struct sl_str address, compute_captured *fn, void *user,
                    struct sl_err *err) SL_NODISCARD;
void compute_capture_drop(struct compute_capture *k);      /* fn does not come any more */

/* ---- the pool (compute.c): the work's reads are cut to what the pool's roots do not hold already ---- */
int compute_start(struct compute *c, struct sl_box_job **out, const struct sl_box_work *w, const struct sl_box_ops *ops, void *user,
                  struct sl_err *err) SL_NODISCARD;
void compute_cancel(struct compute *c, struct sl_box_job *j);
void compute_ended(struct compute *c);                     /* in done(), first */

/* ---- statements that the engine does not know (look.c): pictures, archives, their members ---- */
struct compute_look;
/* *out NULL: an ordinary statement. `from image(` and so on must be the whole statement; else an error that says how it is written. */
int compute_look_parse(struct compute_look **out, struct sl_str sql, struct sl_err *err) SL_NODISCARD;
void compute_look_free(struct compute_look *k);
const char *compute_look_uri(const struct compute_look *k);
const char *compute_look_kind(const struct compute_look *k);   /* of the box's worker */
bool compute_look_lists(const struct compute_look *k);         /* the box sends rows for it, not bytes */
int compute_look_job(const struct compute_look *k, const char *path, struct sl_buf *json, struct sl_err *err) SL_NODISCARD;
int compute_look_bytes(struct compute_look *k, struct sl_str piece) SL_NODISCARD;
/* Behind the box's end rc: what came, as rows of r. EAGAIN: again when there is room; other: the request's end. */
int compute_look_send(struct compute_look *k, struct sl_req *r, int rc, struct sl_err *err);

/* ---- a registry's model in a folder of ours (fetch.c) ---- */
struct compute_fetch;
/* Once, never inside compute_fetch(). dir: with MLmodel and `model`, the file that it names; stays until compute_fetch_drop(). */
typedef void compute_fetched(void *user, int rc, const char *dir, const struct sl_err *err);
int compute_fetch(struct compute_fetch **out, struct compute *c, const char *uri, struct sl_req *touch, compute_fetched *fn, void *user,
                  struct sl_err *err) SL_NODISCARD;
/* The same with one file of a run or a version: dir holds it as `model`. */
int compute_fetch_file(struct compute_fetch **out, struct compute *c, const char *uri, struct sl_req *touch, compute_fetched *fn,
                       void *user, struct sl_err *err) SL_NODISCARD;
bool compute_fetch_needed(struct sl_str uri);              /* a registry has it, not this machine */
void compute_fetch_drop(struct compute_fetch *f);          /* fn does not come any more */

/* ---- models over data (score.c): from score('MODEL', 'DATA', ...), from quality(...) ---- */
struct compute_score;
/* *out NULL: another statement. */
int compute_score_parse(struct compute_score **out, struct sl_str sql, struct sl_err *err) SL_NODISCARD;
int compute_score_of(struct compute_score **out, const struct sl_quality_ask *a, struct sl_err *err) SL_NODISCARD;
int compute_score_all(struct compute_score **out, const char *model, const char *data, struct sl_err *err) SL_NODISCARD;
void compute_score_free(struct compute_score *k);          /* fn does not come any more; the model's copy goes */
extern const char *const compute_beside[];                 /* what may lie beside a model of pictures and tells of it; NULL-ended */
/* Finds model and data: fn once, never inside; sql is then the text of the box's work `score`. touch: it is at work. */
int compute_score_begin(struct compute_score *k, struct compute *c, struct sl_req *touch, compute_prepped *fn, void *user,
                        struct sl_err *err) SL_NODISCARD;

/* ---- statement and its small result, in memory (ask.c): for what this backend asks itself ---- */
struct compute_ask;
typedef void compute_answered(void *user, int rc, struct sl_batch *const *rows, size_t nrows, const struct sl_err *err);
int compute_ask(struct compute_ask **out, struct compute *c, const char *sql, const char *const *reads, struct sl_req *touch,
                compute_answered *fn, void *user, struct sl_err *err) SL_NODISCARD;
/* The same of another kind of work: text is the job's. */
int compute_ask_work(struct compute_ask **out, struct compute *c, const char *kind, struct sl_str text, const char *const *reads,
                     struct sl_req *touch, compute_answered *fn, void *user, struct sl_err *err) SL_NODISCARD;
/* fn does not come any more. */
void compute_ask_drop(struct compute_ask *a);

/* ---- a resource whose rows the box works out (boxed.c) ---- */
struct compute_boxed;
struct compute_boxed_ops {
  int (*parse)(struct sl_req *r, struct sl_str scope, struct sl_err *err);  /* what is asked; the scope of one row is that of all */
  int (*begin)(struct sl_req *r, struct sl_err *err);                       /* now or later: compute_boxed_start(), or _fail() */
  void (*put_id)(struct sl_buf *id, const char *scope, struct sl_batch *from, uint32_t row);  /* of a row as the box sent it */
  void (*leave)(struct compute_boxed *w);                                   /* the end: frees what is not in here; may come twice */
};
/* What the box says of itself, to who waits: as the request's note; started: ms of the loop's clock. A note that is `cut` marks the
 * source. */
void compute_say_progress(struct sl_req *r, struct compute *c, int64_t started, double done, double total);
void compute_say_note(struct sl_req *r, struct compute *c, bool cut, struct sl_str text);
struct compute_boxed {         /* the first member of the request's state */
  struct compute *c;
  const struct compute_boxed_ops *ops;
  struct sl_box_job *job;
  int64_t started;             /* ms of the loop's clock */
  char *scope, *only;          /* only: the id of the one row that is wanted */
};
/* query(), resume() and cancel() of such a resource; start: the job, once; fail: the end before there is one. leave frees what w holds. */
int compute_boxed_query(struct sl_req *r, const struct compute_boxed_ops *ops, struct sl_err *err) SL_NODISCARD;
int compute_boxed_start(struct sl_req *r, const struct sl_box_work *work, struct sl_err *err) SL_NODISCARD;
int compute_boxed_rows(struct sl_req *r, struct sl_batch *from, struct sl_err *err) SL_NODISCARD;  /* as if the box had sent them */
void compute_boxed_leave(struct compute_boxed *w);
void compute_boxed_fail(struct sl_req *r, int rc, const struct sl_err *err);
void compute_boxed_resume(struct sl_req *r);
void compute_boxed_cancel(struct sl_req *r);

/* ---- Model Monitor's files (monitor.c) ---- */
bool compute_monitor_is(struct sl_str address);            /* by its name: ends in statistics.json */
/* `columns` of such a file. The first member of the request's state. */
struct compute_monitor { struct compute_boxed boxed; struct compute_prep *prep; char *path; };
int compute_monitor_columns(struct sl_req *r, struct sl_err *err) SL_NODISCARD;   /* its query() */
/* PATH/statistics.json -> PATH/constraints.json: yours; NULL: no memory. */
char *compute_monitor_beside(const char *path);

/* FROM 'path' as a drift's data: the day in a folder's name is no column. Yours; NULL: no memory (drift.c). */
char *compute_without_folders(struct sl_str sql);
/* ---- Model Monitor's files made of data (monitor_out.c) ---- */
struct compute_monitor_out;
/* *out NULL: another statement. file: the result goes into one; nothing else makes sense. */
int compute_monitor_out_parse(struct compute_monitor_out **out, struct sl_str sql, bool file, struct sl_err *err) SL_NODISCARD;
void compute_monitor_out_free(struct compute_monitor_out *k);      /* fn does not come any more */
/* fn once, never inside: sql is then the text of the box's work `monitor`. */
int compute_monitor_out_begin(struct compute_monitor_out *k, struct compute *c, compute_prepped *fn, void *user,
                              struct sl_err *err) SL_NODISCARD;

/* Files of a zone by the zone's name, `lake:raw/dt=.../part.parquet`: shorter than their paths, and what a person typed. */
void compute_words(const struct compute *c, const char *reads, struct sl_err *err);   /* reads: named where the engine names no file */
char *compute_only(const char *const *reads);              /* yours: the one path of them; NULL: none, several (or no memory) */


struct sl_drift_ask;
int compute_drift_tests(const struct sl_drift_ask *a, struct sl_err *err) SL_NODISCARD;        /* are all of them known? (drift.c) */

/* ---- one data set of a comparison (data.c) ---- */
struct compute_data;
/* An address, or sql:QUERY, as a query; with a model (NULL: none) its predictions over it, in a file of ours: then the one of `reads`,
 * yours to unlink. fn once, never inside. touch: it is at work. */
int compute_data(struct compute_data **out, struct compute *c, const char *data, const char *model, struct sl_req *touch,
                 compute_prepped *fn, void *user, struct sl_err *err) SL_NODISCARD;
void compute_data_drop(struct compute_data *d);            /* fn does not come any more */

/* A statement over one address that takes no column from the names of folders (drift.c). Yours; NULL: no memory. */
char *compute_without_folders(struct sl_str sql);

extern const struct sl_sql_ops compute_sql;
extern const struct sl_serve compute_columns, compute_tables, compute_drift, compute_drift_history,
  compute_quality;

#endif
