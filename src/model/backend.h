/* model/backend.h: what a source looks like to the core. A backend is configuration, policy and resources over protocols; it runs on the
 * loop, never blocks, knows nothing of views or of other providers. See docs/HACKING.md for the steps. */
#ifndef SL_MODEL_BACKEND_H
#define SL_MODEL_BACKEND_H

#include <stdatomic.h>

#include "loop/loop.h"
#include "model/act.h"

struct sl_backend;           /* one connection; opaque; state_size zeroed bytes are the backend's own */
struct sl_req;               /* one query, call, read or statement on one connection: deadline, cancel, exactly one end */
struct sl_http;
struct sl_serve;

/* A resource that the program itself answers with requests of its own (gates, approvals), under the connection `sluice`. s is constant;
 * user is yours, and given back by sl_req_own() in the slots. Again for the same resource: replaces. */
int sl_ws_serve(struct sl_ws *w, const struct sl_serve *s, void *user, struct sl_err *err) SL_NODISCARD;
void *sl_req_own(const struct sl_req *r);
/* Its rows (with the columns of findings) are findings too. It is served like the above, and needs no place in resources.def. */
int sl_ws_findings_add(struct sl_ws *w, const struct sl_resource *res, struct sl_err *err) SL_NODISCARD;

/* ---- the request, as the backend sees it ---- */
void *sl_req_state(struct sl_req *r);                       /* req_size zeroed bytes, freed after the end: no id-to-state maps */
struct sl_backend *sl_req_backend(const struct sl_req *r);
const struct sl_query *sl_req_query(const struct sl_req *r);/* immutable, alive until the end; NULL for calls and bytes */
const struct sl_call *sl_req_call(const struct sl_req *r);  /* verbs only */
struct sl_str sl_req_uri(const struct sl_req *r);           /* bytes and sink: canonical */
uint64_t sl_req_off(const struct sl_req *r);
uint64_t sl_req_len(const struct sl_req *r);
/* The schema for this resource and backend: common columns, then own. Counted by the backend; take a ref to keep. */
struct sl_schema *sl_req_schema(struct sl_req *r);          /* of queries: never NULL */
/* Once, before the first rows. s NULL: sl_req_schema(). SQL and families bring their own. */
int sl_req_head(struct sl_req *r, struct sl_schema *s, unsigned did, int64_t total);
/* Sealed here if it is not; NULL: there was no memory for one. SL_EAGAIN: taken, but stop until resume(). Other: nobody wants more;
 * cancel() follows after this call, then end as always. */
int sl_req_rows(struct sl_req *r, struct sl_batch **take);
int sl_req_bytes(struct sl_req *r, const void *p, size_t n);/* the same, for the bytes port */
void sl_req_size(struct sl_req *r, int64_t size);           /* bytes port: of the whole object */
/* GET: the nested original; dry call: {"calls":["PUT ...",...],"undo":"...","settled":"..."}; capped. What depends on the moment (a clock,
 * the newest of something) is settled then: `settled`, a text of the backend's own, comes back with the call. */
int sl_req_doc(struct sl_req *r, struct sl_str json);
/* verbs: each target once */
int sl_req_did(struct sl_req *r, size_t target, int rc, const struct sl_ref *started, const struct sl_err *err);
void sl_req_cut(struct sl_req *r, const char *note);        /* what came is not all: the source is CUT, with this note */
void sl_req_touch(struct sl_req *r, uint64_t bytes);        /* a byte came: the idle deadline starts again */
/* The same, and what it is at, for who waits: "copying the model, 34 MB". The source's note until it ends. */
void sl_req_say(struct sl_req *r, const char *words);
int sl_req_ask(struct sl_req *r, const struct sl_ask *a);   /* a person is needed: answer() follows, or the request has failed */
void sl_req_end(struct sl_req *r, int rc, const struct sl_err *err);  /* exactly once, not before the starting slot returned; r dies */
bool sl_req_cancelled(const struct sl_req *r);

/* ---- a request that works in a lane (SQLite, directories): blocks there, flows here ---- */
struct sl_feed;              /* [worker] */
struct sl_feed_ops {
  int (*work)(struct sl_feed *f, void *user, struct sl_err *err);   /* in the lane; returns the end's code */
  void (*free)(void *user);                                          /* on the loop, after the end */
};
/* Starts work in the lane and ends r by itself. From then on r is the feed's: the backend's cancel/resume slots may be NULL. */
int sl_req_work(struct sl_req *r, enum sl_lane lane, const struct sl_feed_ops *ops, void *user, struct sl_err *err) SL_NODISCARD;
int sl_feed_head(struct sl_feed *f, struct sl_schema *s, unsigned did, int64_t total) SL_NODISCARD;
int sl_feed_rows(struct sl_feed *f, struct sl_batch **take) SL_NODISCARD;      /* waits while the reader is full; ECANCELED */
int sl_feed_bytes(struct sl_feed *f, const void *p, size_t n) SL_NODISCARD;
/* A range of an open file, as it is now: one that shrinks meanwhile ends early, and the reader sees that from the size. */
int sl_feed_file(struct sl_feed *f, int fd, uint64_t off, uint64_t len, struct sl_err *err) SL_NODISCARD;
void sl_feed_size(struct sl_feed *f, int64_t size);
int sl_feed_doc(struct sl_feed *f, struct sl_str json) SL_NODISCARD;
int sl_feed_did(struct sl_feed *f, size_t target, int rc, const struct sl_ref *started, const struct sl_err *err) SL_NODISCARD;
void sl_feed_cut(struct sl_feed *f, const char *note);
bool sl_feed_cancelled(const struct sl_feed *f);
const atomic_bool *sl_feed_cancel_flag(const struct sl_feed *f);
void sl_feed_touch(struct sl_feed *f);                      /* still at it: the idle deadline starts again */
/* A batch writer for workers: begins, fills and sends batches of the request's schema by itself. */
struct sl_rower { struct sl_feed *f; struct sl_schema *s; struct sl_batch *b; int rc; uint64_t rows; };
/* s NULL: the request's; it is counted. The first failure sticks. end sends the last batch and lets everything go; abort lets go without
 * sending, also after end: harmless. */
int sl_rower_begin(struct sl_rower *w, struct sl_feed *f, struct sl_schema *s, struct sl_err *err) SL_NODISCARD;
int sl_rower_row(struct sl_rower *w, enum sl_op op, struct sl_str id);         /* sends the full batch first */
struct sl_batch *sl_rower_batch(struct sl_rower *w);                           /* where the row just begun is set; NULL before the first */
int sl_rower_end(struct sl_rower *w, struct sl_err *err) SL_NODISCARD;
void sl_rower_abort(struct sl_rower *w);

/* ---- the backend, as the core sees it ---- */
struct sl_port { size_t req_size; void (*resume)(struct sl_req *r); void (*cancel)(struct sl_req *r); };
struct sl_bytes_ops {        /* reading only; listing is a query for `objects` with a URI as scope */
  struct sl_port port;       /* of both requests below */
  int (*stat)(struct sl_req *r, struct sl_err *err);        /* sl_req_size() */
  int (*read)(struct sl_req *r, struct sl_err *err);        /* sl_req_off/len */
};
struct sl_put { int64_t size; bool replace; const char *content_type; };
struct sl_sink_ops {         /* writing: reached only from sl_ws_act(), after INTENT; commit makes it visible, cancel undoes */
  struct sl_port port;       /* one request from begin to commit or cancel */
  int (*begin)(struct sl_req *r, const struct sl_put *how, struct sl_err *err); /* once, first */
  /* in order; blocks shortly at most (lane file inside the core) */
  int (*part)(struct sl_req *r, const void *p, size_t n, struct sl_err *err);
  int (*commit)(struct sl_req *r, struct sl_err *err);      /* once, last: whole or not at all */
};
enum sl_ro { SL_RO_SERVER, SL_RO_ROLE, SL_RO_NONE };        /* who keeps a query from writing: shown on screen */
struct sl_sql_ops {
  struct sl_port port;       /* of run */
  enum sl_ro readonly;       /* what stands behind "this is a query" */
  int (*run)(struct sl_req *r, struct sl_err *err);         /* statement: sl_req_query()->scope, inputs beside it */
};
struct sl_verb {             /* one action that this backend can do on one resource */
  const struct sl_action *act;
  size_t req_size;
  int (*run)(struct sl_req *r, const struct sl_call *c, struct sl_err *err);    /* sl_req_did() for each target, then sl_req_end() */
  void (*cancel)(struct sl_req *r);
  /* The answer was lost: was it done? Reads only. Ends with SL_OK done, ENOENT not done, other: still unknown. */
  int (*reconcile)(struct sl_req *r, const struct sl_call *c, struct sl_err *err);
};
struct sl_serve {            /* one resource as one backend answers it: one file, no switch over resources anywhere */
  const struct sl_resource *res;
  const struct sl_col *own; size_t nown;    /* columns after the common ones */
  const struct sl_verb *verbs; size_t nverbs;
  size_t req_size;
  int (*query)(struct sl_req *r, struct sl_err *err);       /* failing here needs no end */
  void (*resume)(struct sl_req *r);
  void (*cancel)(struct sl_req *r);         /* the asker has its answer already; end r soon */
};
/* A connection that a recording stands in for: how it stood when the recording ended. It stays so: nothing is measured of a recording. */
struct sl_was_narrow { const struct sl_resource *res; const char *why; };
struct sl_backend_was {
  const char *type; char state[16], identity[160], why[256]; sl_ms expires; int64_t latency_ms;
  const struct sl_was_narrow *narrow; size_t nnarrow;
};
struct sl_backend_ops {      /* const, designated; a NULL slot or port: not supported, and the core says so in words */
  const char *type, *help;   /* "mlflow": stable, it is in config files */
  size_t state_size;         /* zeroed bytes that the core keeps for each connection: sl_backend_state() */
  bool implicit;             /* every workspace has one connection of this type, named after it */
  const struct sl_setting *settings; size_t nsettings;  /* its keys in the workspace file */
  const struct sl_serve *const *serves;     /* NULL-ended: may serve; sl_backend_narrow() once the server is known */
  int (*open)(struct sl_backend *b, const struct sl_conf *c, struct sl_err *err); /* reads settings; on failure owns nothing */
  void (*answer)(struct sl_req *r, struct sl_secret **take);  /* NULL inside: the person declined */
  void (*close)(struct sl_backend *b);      /* then sl_backend_closed(), once nothing of yours can fire. NULL: at once */
  /* The ports; NULL: it has none. */
  const struct sl_bytes_ops *bytes; const struct sl_sink_ops *sink;
  const struct sl_sql_ops *sql;
  const char *const *schemes; /* NULL-ended: addresses that bytes, sink and `objects` understand: "s3", "file"; NULL: the type's name */
  /* One of this connection's roots contains the address (by its settings). NULL: the settings `root` and `uri` are compared. */
  bool (*owns)(const struct sl_conf *c, struct sl_str canonical);
  const struct sl_backend_was *was;         /* NULL: a real one */
};

void *sl_backend_state(struct sl_backend *b);               /* never NULL */
/* The connection's name; then what the workspace was opened with. Borrowed: they live as long as it. */
const char *sl_backend_name(const struct sl_backend *b);
struct sl_loop *sl_backend_loop(struct sl_backend *b);
struct sl_ws *sl_backend_ws(struct sl_backend *b);          /* to read others' bytes through the door (`compute`) */
const struct sl_ws_conf *sl_backend_ws_conf(const struct sl_backend *b);   /* as of now: keep no pointer. NULL: none */
const char *sl_backend_state_dir(const struct sl_backend *b);              /* absolute; it may be missing: whoever writes makes it */
const char *sl_backend_exe(const struct sl_backend *b);                    /* this program, to start it again: box, jobs */
const char *const *sl_backend_lib_dirs(const struct sl_backend *b);        /* where engines are searched; NULL-ended, or NULL */
unsigned sl_backend_threads(const struct sl_backend *b);                   /* --threads; 0: the cores */
const struct sl_person *sl_backend_person(const struct sl_backend *b);     /* NULL: defaults */
void sl_backend_closed(struct sl_backend *b);                              /* see close(): once, after it; requests that are left end now */
/* What became known of the peer, for `connections`: state word (ok, slow, failed, login), identity, latency (-1: as before). The core
 * itself notes ok, failed and login from the ends of requests. */
void sl_backend_report(struct sl_backend *b, const char *state, const char *identity, sl_ms expires, int64_t latency_ms,
                       const struct sl_err *err);
/* This server does not have this resource after all; words for the person. */
void sl_backend_narrow(struct sl_backend *b, const struct sl_resource *res, const char *why);
/* A resource of this connection changed by itself (a job ended): watchers ask again. */
void sl_backend_changed(struct sl_backend *b, const struct sl_resource *res);
/* A secret setting, wherever it comes from (env, file, command, login's store, the person). fn on the loop; secret NULL: err says what
 * to do. */
typedef void sl_secret_fn(void *user, struct sl_secret *s, const struct sl_err *err);
/* fn never comes inside the call; a connection that closes first is told ECANCELED. */
int sl_backend_secret(struct sl_backend *b, const char *setting, sl_secret_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;
/* The same for a setting that is no connection's (owner and setting: for messages), which nobody is asked for. fn never comes inside the
 * call; a workspace that closes first says ECANCELED. */
int sl_ws_secret(struct sl_ws *w, const char *owner, const char *setting, const struct sl_secret_src *src, sl_secret_fn *fn, void *user,
                 struct sl_err *err) SL_NODISCARD;

#endif
