/* model/ws.h: the two doors. Everything that reads goes through sl_ws_query() (and sl_ws_bytes()); everything that changes the world goes
 * through sl_ws_plan() and sl_ws_act(). Views, command line, SQL, findings and capsules use the same two, so caching, fan-out over
 * connections, deadlines, retries, read-only mode, confirmation and audit are written once.
 *
 * Ownership: parameters are borrowed for the call; what a callback gets is borrowed until it returns. Threads: the loop's. */
#ifndef SL_MODEL_WS_H
#define SL_MODEL_WS_H

#include "base/secret.h"
#include "model/config.h"
#include "model/resource.h"

struct sl_ws;
struct sl_loop;
struct sl_backend_ops;
struct sl_capsule;

/* Who is asking, and how that is known. */
enum sl_known { SL_KNOWN_CLAIMED, SL_KNOWN_OS, SL_KNOWN_AUTHENTICATED, SL_KNOWN_KEY };   /* the later the surer */
struct sl_identity { char name[64]; enum sl_known known; char issuer[96], subject[160]; };
const char *sl_known_name(int known);       /* claimed, os, authenticated, key */

struct sl_ws_opts {
  struct sl_ws_conf *conf;                  /* counted; NULL: no workspace (files and SQL still work) */
  const struct sl_backend_ops *const *backends;  /* NULL-ended registry */
  const struct sl_person *person;           /* NULL: defaults */
  const char *name;                         /* what the workspace is called; NULL: as conf says */
  struct sl_capsule *replay;                /* conf and backends are a recording's; kept by the caller until the workspace has closed */
  const char *replay_file;                  /* as the person named it */
  const char *state_dir;                    /* audit, locks, executions; NULL: XDG state / the file's id */
  const char *exe;                          /* path of this program, for the box and for jobs */
  const char *const *lib_dirs;              /* absolute folders in which engines are searched, NULL-ended; kept by the caller; NULL: none */
  bool readonly, headless, no_input;        /* headless: armed by being typed */
  const char *as;                           /* --as */
  unsigned threads;
  size_t table_memory;                      /* 0: 32 MiB */
};
/* Yours. o is for the call, but for what is said to be kept; a connection that cannot open is no failure. */
int sl_ws_open(struct sl_ws **out, struct sl_loop *l, const struct sl_ws_opts *o, struct sl_err *err) SL_NODISCARD;
void sl_ws_close(struct sl_ws *w);          /* ends all watches; turns the loop until the backends have closed: not from a callback of it */
/* changed connections reopen, the rest stays, armed ends */
int sl_ws_reload(struct sl_ws *w, struct sl_ws_conf *fresh, struct sl_err *err) SL_NODISCARD;
struct sl_loop *sl_ws_loop(struct sl_ws *w);
const struct sl_ws_conf *sl_ws_config(const struct sl_ws *w);    /* NULL: none */
const char *sl_ws_name(const struct sl_ws *w);
const char *sl_ws_replay(const struct sl_ws *w);                 /* the recording's file; NULL: this is the world itself */
const char *sl_ws_state_dir(const struct sl_ws *w);
const struct sl_identity *sl_ws_me(const struct sl_ws *w);
/* Who decisions are signed as: whose key is at hand. Until the judge knows, and without one, sl_ws_me(). The first question, and the first
 * after a reload, lets the judge look, which may take an SSH agent's time; sl_ws_on_state() tells when it is another. */
const struct sl_identity *sl_ws_signer(struct sl_ws *w);
void sl_ws_set_signer(struct sl_ws *w, const struct sl_identity *who);   /* the judge's */
const struct sl_person *sl_ws_person(const struct sl_ws *w);     /* NULL: defaults */
const struct sl_tz *sl_ws_tz(const struct sl_ws *w);             /* of partition days; NULL: UTC */
sl_ms sl_ws_now(const struct sl_ws *w);                          /* wall clock of the loop's turn: what people read */
int64_t sl_ws_mono(const struct sl_ws *w);                       /* monotonic ms: for intervals */

/* ---- asking ---- */
enum sl_query_kind { SL_Q_LIST, SL_Q_GET, SL_Q_FOLLOW, SL_Q_SQL };
struct sl_query_input { const char *name; struct sl_snap *snap; };   /* SQL: a resource's rows as a table */
struct sl_query {            /* counted, immutable once asked */
  const struct sl_resource *res;
  /* GET: one row (scope = its id), all columns, its document. FOLLOW: no total deadline. SQL: scope = one statement */
  enum sl_query_kind kind;
  struct sl_str conn, scope; /* conn empty: all that serve res. scope: parent's id, a URI, a statement */
  struct sl_want *want; struct sl_filter *where; struct sl_order *order;   /* order NULL: the resource's */
  uint64_t limit;            /* 0: the resource's cap (headless: none) */
  uint32_t idle_ms, total_ms, max_age_ms;  /* 0: the connection's timeout; none; none: always ask */
  bool any_age;                            /* a statement or groups: rows that are here will do, also those of another order or filter */
  bool background, deleted;  /* deleted: rows that the server keeps as deleted, too */
  /* SQL: the result goes into a file of this bare name (out.parquet, .csv, .ndjson) that whoever ran it keeps until it closes; the
   * answer is
   * one row: file (absolute path), rows. To be put in its place by the action `write`. */
  struct sl_str out;
  uint32_t points;           /* series: at most about so many points of each history, its least and greatest among them; 0: all */
  uint64_t input_rows;       /* SQL: of each resource that the statement names; 0: 100,000 */
  bool no_cap;
  /* The answer's rows are groups of rows (table/group.h) by these columns; `where` is of the rows, order and limit are of the groups, want
   * says which numbers. */
  struct sl_want *group;
  bool unordered;            /* order NULL means as they arrive, not the resource's: a stream for a program that reads while it comes */
  struct sl_query_input *inputs; size_t ninputs;
  int refs;
};
/* Copies texts; takes references of want, where, order, snapshots. */
int sl_query_new(struct sl_query **out, const struct sl_query *like, struct sl_err *err) SL_NODISCARD;
struct sl_query *sl_query_ref(struct sl_query *q);
void sl_query_unref(struct sl_query *q);

/* CUT: a cap, a lost page. A limit that the asker gave and that was reached is WHOLE: it is what was asked for; the note says so. */
enum sl_src_state { SL_ASKED, SL_FLOWING, SL_WHOLE, SL_CUT, SL_FAILED };
enum { SL_DID_WHERE = 1, SL_DID_ORDER = 2, SL_DID_LIMIT = 4 };            /* LIMIT without the other two is refused by the core */
enum { SL_NOTE_MAX = 256 };
struct sl_source {           /* what one connection has contributed so far */
  struct sl_str conn;
  enum sl_src_state state;
  unsigned did; uint64_t rows; int64_t total;   /* total -1: unknown */
  sl_ms at;                                     /* when it ended (or last byte) */
  char note[SL_NOTE_MAX];                       /* "first 10,000 of more", "scanned 12 MB" */
  struct sl_err err;
};
struct sl_answer {           /* borrowed */
  struct sl_snap *snap;      /* filtered and sorted; NULL until the first head came */
  const struct sl_source *src; size_t nsrc;
  bool done;                 /* every source has ended (FOLLOW: never) */
  bool stale;                /* last good table; a refresh failed or is on its way */
  bool filtered_here;        /* some of the filter ran here, over what was loaded */
  uint64_t loaded, dropped;  /* rows before the local filter; rows a log ring forgot */
  struct sl_str doc;         /* GET: the nested original as JSON, or empty */
  bool grouped;              /* rows are groups; loaded and the like are of the rows that they are made of */
  uint64_t group_rows;       /* that were grouped */
  uint64_t group_left_out;   /* NaN and infinities, which no mean counts */
  struct sl_str columns;     /* groups: what to show of them, best first, as sl_want_parse() reads it; empty: as the resource says */
};
typedef struct { uint64_t v; } sl_watch;        /* slot + generation; a stale one is ignored */
typedef void sl_changed(void *user, sl_watch id, const struct sl_answer *a);   /* a: until it returns; count a->snap to keep it */
/* fn comes on every change (at most 30 a second), never inside this call. once: the watch ends by itself after `done`. Equal queries share
 * one request; the interval is the most eager visible watcher's; no watcher, no request. */
int sl_ws_query(struct sl_ws *w, struct sl_query *q, bool once, sl_changed *fn, void *user, sl_watch *out, struct sl_err *err) SL_NODISCARD;
void sl_ws_unwatch(struct sl_ws *w, sl_watch id);
void sl_ws_visible(struct sl_ws *w, sl_watch id, bool visible);  /* hidden watches do not poll */
void sl_ws_refresh(struct sl_ws *w, sl_watch id);                /* ask again now */
void sl_ws_pause(struct sl_ws *w, sl_watch id, bool paused);
/* Everything about a resource is stale (an action touched it). */
void sl_ws_stale(struct sl_ws *w, const struct sl_resource *res);

/* Reads bytes of an address (file:, lake:zone/path, conn uri): data() in order; SL_EAGAIN from data pauses until sl_ws_bytes_resume(). */
struct sl_bytes_fn {
  int (*data)(void *user, uint64_t off, const void *p, size_t n);
  void (*done)(void *user, int rc, int64_t size /* of the whole, -1 unknown */, const struct sl_err *err);
};
int sl_ws_bytes(struct sl_ws *w, struct sl_str uri, uint64_t off, uint64_t len /* 0: only stat; UINT64_MAX: all */,
                const struct sl_bytes_fn *fn, void *user, sl_watch *out, struct sl_err *err) SL_NODISCARD;
void sl_ws_bytes_resume(struct sl_ws *w, sl_watch id);   /* harmless where nothing was paused */
/* lake:zone/path, lake:zone/@newest, relative paths, file: ... into the canonical address and the connection that owns it (conn may be
 * empty: nobody does, and err says which line would allow it). Foreign addresses (from data) only below roots that the workspace names. */
int sl_ws_resolve(struct sl_ws *w, struct sl_str uri, bool foreign, struct sl_buf *canonical, struct sl_buf *conn,
                  struct sl_err *err) SL_NODISCARD;
/* The same for addresses that need asking first (lake:zone/@newest, for which sl_ws_resolve() answers EAGAIN). fn comes once, never inside
 * this call; sl_ws_unwatch() drops it. Canonical addresses of files are file:///absolute/path, bytes as they are (no percent-encoding). */
typedef void sl_resolved(void *user, int rc, struct sl_str canonical, struct sl_str conn, const struct sl_err *err);
int sl_ws_resolve_newest(struct sl_ws *w, struct sl_str uri, bool foreign, sl_resolved *fn, void *user, sl_watch *out, struct sl_err *err)
  SL_NODISCARD;
bool sl_uri_path(struct sl_str uri, struct sl_str *path);        /* of file:///p, file:/p and /p; false: no file */

/* Simple resources that the program itself answers at once (keys, checks): fill puts rows into the sink. */
struct sl_rows_sink;
int sl_rows_sink_put(struct sl_rows_sink *s, struct sl_str id, const struct sl_val *vals, size_t n);   /* in the order of the columns */
int sl_ws_provide(struct sl_ws *w, const struct sl_resource *res, int (*fill)(void *user, const struct sl_query *q, struct sl_rows_sink *s,
                  struct sl_err *err), void *user, struct sl_err *err) SL_NODISCARD;

/* ---- what is served: for palette, completion, help ---- */
bool sl_ws_serves(const struct sl_ws *w, const struct sl_resource *res);   /* by what is known now: servers are not asked for it */
size_t sl_ws_conn_count(const struct sl_ws *w);
const char *sl_ws_conn_name(const struct sl_ws *w, size_t i);

/* ---- prompts: one for all requests that wait for the same thing ---- */
struct sl_ask { const char *conn, *what, *prompt, *advice; bool secret; };
typedef void sl_ask_fn(void *user, uint64_t id, const struct sl_ask *a);      /* shown by the ui; a NULL: nobody waits for id */
void sl_ws_on_ask(struct sl_ws *w, sl_ask_fn *fn, void *user);                 /* NULL (headless --no-input): requests fail with EAUTH */
void sl_ws_answer(struct sl_ws *w, uint64_t id, struct sl_secret **take);      /* NULL inside: declined */
/* The store of `login`: in $XDG_RUNTIME_DIR, 0600, until it expires (0: as long as the session). Used where a setting says `ask` or
 * nothing. */
int sl_ws_login_put(struct sl_ws *w, const char *conn, const char *setting, const struct sl_secret *s, sl_ms expires,
                    struct sl_err *err) SL_NODISCARD;
int sl_ws_login_forget(struct sl_ws *w, const char *conn, struct sl_err *err) SL_NODISCARD;
/* Something in connections, armed state, clock of credentials changed: the header listens. */
void sl_ws_on_state(struct sl_ws *w, void (*fn)(void *user), void *user);
/* One line for the person, a warning that belongs to no row and fails nothing. fn NULL: nobody hears. */
void sl_ws_on_say(struct sl_ws *w, void (*fn)(void *user, const char *line), void *user);
void sl_ws_say(struct sl_ws *w, const char *line);

#endif
