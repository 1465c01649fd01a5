/* backends/local/local_int.h: what the files of this folder share.
 *
 * Everything that may block (folders, files, locks) runs in a lane; the connection's state is the loop's, but for `rows`, which locks. What
 * a worker needs of the workspace it holds as a counted configuration. */
#ifndef SL_LOCAL_LOCAL_INT_H
#define SL_LOCAL_LOCAL_INT_H

#include <sys/stat.h>

#include "backend_local/local.h"
#include "base/buf.h"
#include "base/mem.h"

struct local_rows;
struct local {                       /* one connection */
  struct sl_backend *b;
  char *root;                        /* absolute path below which everything must lie; NULL: what the person may read */
  char *execs;                       /* the folder of executions; NULL: there is no state folder */
  struct local_rows *rows;
  int inotify;                       /* -1: none; then only polling shows changes */
  sl_fdwatch watch;
  sl_timer tell;                     /* changes are told together */
  unsigned jobs;                     /* of ours in lanes: close() waits for them */
  bool closing;
};

/* ---- ask.c: a query that works in the lane `long` ---- */
struct local_ask {
  struct local *s;
  struct sl_ws_conf *conf;           /* held; NULL: no workspace */
  const struct sl_query *q;          /* NULL: no query (bytes) */
  const struct sl_call *call;        /* verbs */
  struct sl_str uri;
  uint64_t off, len;
  sl_ms now;
  struct sl_str conn;
};
/* Starts ops->work in lane `long` with a struct local_ask of r as user; ops->free must lead to local_ask_free(). */
int local_ask(struct sl_req *r, const struct sl_feed_ops *ops, struct sl_err *err) SL_NODISCARD;
void local_ask_free(void *user);
struct sl_ws_conf *local_conf_hold(struct sl_backend *b);    /* NULL: no workspace */
#define LOCAL_ASK(name, work_fn)                                                            \
  static int name(struct sl_req *r, struct sl_err *err)                                     \
  {                                                                                         \
    static const struct sl_feed_ops ops = { .work = work_fn, .free = local_ask_free };      \
    return local_ask(r, &ops, err);                                                         \
  }

/* ---- place.c: addresses, and where this connection may write ---- */
bool local_inside(struct sl_str path, struct sl_str root);    /* equal, or below at a slash */
const struct sl_zone *local_zone_named(const struct local_ask *a, struct sl_str name);   /* of this connection; NULL: none */
bool local_zone_ours(const struct local_ask *a, const struct sl_zone *z);
struct sl_str local_zone_path(const struct sl_zone *z);       /* none: no file address */
/* file: addresses, paths, ZONE and ZONE/path as an absolute path; yours. ENOENT with words where it is none. */
int local_path(const struct local_ask *a, struct sl_str address, char **out, struct sl_err *err) SL_NODISCARD;
struct local_bounds { const struct sl_ws_conf *conf; const char *conn, *root; };   /* of one connection; conf, root: may be NULL */
struct local_bounds local_bounds(const struct local *s, const struct sl_ws_conf *conf);   /* borrows both */
/* May this connection (and the job that we are a step of) write there at all? EDENIED with what to add to the workspace file. */
int local_may_write(const struct local_bounds *in, const char *path, struct sl_err *err) SL_NODISCARD;
/* The folder that path's last part lies in, opened, and that part (borrowed from path). Below a zone or the root no link is followed and,
 * with make, folders are made. What local_may_write() refuses is refused. */
int local_place(const struct local_bounds *in, const char *path, bool make, int *dir, const char **name, struct sl_err *err) SL_NODISCARD;
/* EDENIED where fd, opened by a path below the root or a zone, really lies outside of root and zones, by a link. */
int local_stays(const struct local_bounds *in, int fd, const char *path, struct sl_err *err) SL_NODISCARD;
/* Opens a regular file for reading, which stays where it may. */
int local_open(const struct local_bounds *in, const char *path, int *fd, struct stat *st, struct sl_err *err) SL_NODISCARD;

/* ---- walk.c ---- */
struct local_entry {
  struct sl_str rel;                 /* below the folder that was asked for; a folder has no slash at the end */
  struct sl_str name;
  bool folder, known;                /* known: it could be looked at */
  int64_t bytes, mtime_ns;
  uint64_t ino;
  int dir;                           /* the folder it lies in, open for the call */
};
sl_ms local_entry_ms(const struct local_entry *e);   /* when it was written */
/* As hex: mtime in ns, inode, bytes: another file, another tag. */
void local_etag(char out[40], int64_t bytes, int64_t mtime_ns, uint64_t ino);
struct local_walk {
  int (*entry)(void *user, const struct local_entry *e, struct sl_err *err);
  void (*unreadable)(void *user, struct sl_str rel, int errnum);     /* rel empty: the folder itself */
  void *user;
  struct sl_feed *feed;              /* NULL: cannot be cancelled */
  const struct local_bounds *in;     /* the folder itself must stay there; NULL: anywhere */
  bool deep;
};
/* Says that an answer is not whole: a note has little room, so the middle goes, and what went wrong stays. */
void local_cut(struct sl_feed *f, const char *text);
/* In the folder's own order. ENOENT and the like only for the folder itself; below it they are told by unreadable(). */
int local_walk(const char *path, const struct local_walk *w, struct sl_err *err) SL_NODISCARD;
enum { LOCAL_TMP_LEN = 32 };
void local_tmp_name(char out[LOCAL_TMP_LEN]);                 /* ".sluice-" and digits: listings leave it out */
bool local_is_tmp(const char *name);

/* ---- rows.c: how many rows a file holds, where somebody knows ---- */
int local_rows_open(struct local_rows **out, const char *state_dir, struct sl_err *err) SL_NODISCARD;
void local_rows_free(struct local_rows *r);
void local_rows_load(struct local_rows *r);                   /* [worker] what was noted since */
/* [worker] -1: unknown. Small CSV and NDJSON files are counted, as long as *budget bytes last. */
int64_t local_rows_of(struct local_rows *r, struct sl_str path, const struct local_entry *e, int64_t *budget);

/* ---- put.c: a file written whole or not at all ---- */
struct local_put { int dir, fd; char tmp[LOCAL_TMP_LEN]; char *name; bool replace; };
/* Beside its place under a name of ours, until commit renames it. EDENIED, EEXIST (replace false). Drop it after any failure; harmless
 * after commit. */
int local_put_begin(struct local_put *p, const struct local_bounds *in, const char *path, bool replace, struct sl_err *err) SL_NODISCARD;
int local_put_part(struct local_put *p, const void *bytes, size_t n, struct sl_err *err) SL_NODISCARD;
int local_put_commit(struct local_put *p, struct sl_err *err) SL_NODISCARD;    /* blocks; then p is empty */
void local_put_drop(struct local_put *p);

void local_job_over(struct local *s);                          /* a lane has done one of s->jobs */

/* ---- what is served ---- */
extern const struct sl_serve local_zones, local_partitions, local_objects, local_jobs, local_executions, local_steps, local_log;
extern const struct sl_bytes_ops local_bytes;
extern const struct sl_sink_ops local_sink;

#endif
