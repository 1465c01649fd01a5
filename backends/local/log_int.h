/* backends/local/log_int.h: reading logs: files found, narrowed and cut into lines by a worker, a bounded piece at a time. */
#ifndef SL_LOCAL_LOG_INT_H
#define SL_LOCAL_LOG_INT_H

#include "backend_local/exec_int.h"

/* ---- logfind.c: what a line must hold, found fast ---- */
/* The first place of what in hay, or NULL. */
const char *local_find(const char *hay, size_t n, struct sl_str what);
/* The longest run of bytes that every text matching this POSIX extended expression holds; empty: none is known. In out, cut at its size. */
struct sl_str local_regex_literal(struct sl_str pattern, char *out, size_t size);
/* The same for a whole filter over lines: bytes that each line it keeps must hold. execs: all lines are those of executions. */
struct sl_str local_filter_literal(const struct sl_filter *f, bool execs, char *out, size_t size);
bool local_filter_names(const struct sl_filter *f, const char *col);

/* ---- logscan.c ---- */
enum { LOCAL_SCAN_CHUNK = 1 << 20, LOCAL_SCAN_LINES = SL_BATCH_ROWS };
struct local_source {                /* one execution's log, or one text file */
  char *id;                          /* how rows call it: the execution's id, the path */
  char *path;
  char *step;                        /* only this step's lines; NULL: all */
  bool exec;
  struct local_bounds in;            /* of a file that is no execution's: it must stay there whenever it is opened again */
  int fd;                            /* of the file being read; -1: none yet */
  uint64_t ino;
  int64_t off;                       /* of the first line not read yet */
  bool over;                         /* its end was seen */
};
struct local_line { sl_ms time; struct sl_str level, step, text; uint64_t off; };
struct local_scan {
  struct local_source *src;
  size_t n, at;
  struct sl_schema *schema;          /* counted */
  struct sl_filter *where;           /* counted; NULL: every line */
  char needle[256];
  size_t needle_n;
  bool filter_here;                  /* where is applied here, whole */
  bool last_counts;                  /* a last line without newline is a line (not while following) */
  sl_ms now;
  char *chunk;
  struct local_line *lines;
  size_t nlines;
  int64_t skipped;                   /* bytes before the first line */
  int (*send)(void *user, struct sl_batch **take);
  bool (*stop)(void *user);          /* NULL: never */
  void *user;
};
/* [loop or worker] opens the sources that scope names. ENOENT: nothing of that name. */
int local_scan_open(struct local_scan **out, const struct local_ask *a, struct sl_schema *schema, struct sl_err *err) SL_NODISCARD;
void local_scan_free(struct local_scan *x);
/* Where no filter searches all of it, only so many bytes at the end are read; what is left out is in skipped. */
void local_scan_tail(struct local_scan *x, int64_t bytes);
/* Reads on, at most `bytes`. *more: there is more at once. ECANCELED when stop() says so. */
int local_scan_some(struct local_scan *x, int64_t bytes, bool *more, struct sl_err *err) SL_NODISCARD;
void local_scan_rewind(struct local_scan *x);      /* looks at all sources again for what came since */
/* One line by its row's id. */
int local_scan_one(struct local_scan *x, uint64_t ino, uint64_t off, struct sl_err *err) SL_NODISCARD;
void local_line_parse(struct local_line *l, bool exec, struct sl_str line, sl_ms now);

/* ---- follow.c ---- */
int local_follow(struct sl_req *r, struct sl_err *err) SL_NODISCARD;
void local_follow_resume(struct sl_req *r);
void local_follow_cancel(struct sl_req *r);

#endif
