/* model/ws_int.h: what the parts of the workspace share; nobody outside src/model includes it.
 *
 * Who owns what: the workspace owns connections, answers and watches; an answer owns its sources, table and snapshot and is kept alive by
 * its watches (or, for a while, by the cache); a request belongs to its backend from start to end, and its asker may have left long before.
 * plan.c, act.c, audit.c and capsule.c hang their own state on `act` and `tap`. */
#ifndef SL_MODEL_WS_INT_H
#define SL_MODEL_WS_INT_H

#include "model/backend.h"

enum {
  WS_TICK_MS = 33,           /* watchers hear at most 30 times a second */
  WS_RUNNING_MAX = 6,        /* requests under way on one connection; more wait in a queue */
  WS_RUNNING_BACKGROUND = 2, /* of which nobody is looking at */
  WS_CACHE_MAX = 24,         /* answers kept without a watcher, for max_age */
  WS_CACHE_MS = 10 * 60 * 1000,
  WS_INPUT_CAP = 100000,     /* rows of a resource that a statement reads */
  WS_SHELLS = 64             /* requests that ended are remembered, so that a second end is noticed and not a crash */
};

struct ws_ans;
struct ws_watch;
struct ws_prompt;
struct ws_secret_wait;
struct ws_narrow;
struct ws_schema;
struct ws_provided;
struct ws_served;
enum { WS_MORE = 4 };
struct ws_act;               /* act.c's own */
struct ws_bytes;

/* ---- a connection ---- */
enum ws_phase { WS_SHUT, WS_OPEN, WS_CLOSING };
struct sl_backend {
  struct sl_ws *w;
  struct sl_backend *next_dying;
  const struct sl_backend_ops *ops;
  char *name;
  const struct sl_conf *conf;       /* NULL: implicit, or the program's own */
  struct sl_ws_conf *conf_owner;    /* keeps conf's texts alive after a reload */
  void *state;
  enum ws_phase phase;
  bool internal;                    /* answers what sl_ws_provide() brought */
  bool close_called, closed, dying;
  bool reconciled;                  /* open questions of the audit were asked, or are being asked */
  char word[16], identity[160];
  sl_ms expires;
  int64_t latency_ms;               /* -1: unknown */
  struct sl_err err;
  struct ws_narrow *narrowed;
  unsigned running, running_background, live, feeds;
};

/* ---- a request ---- */
enum ws_req_kind { WS_REQ_QUERY, WS_REQ_SQL, WS_REQ_STAT, WS_REQ_READ, WS_REQ_CALL, WS_REQ_RECONCILE, WS_REQ_SINK };
/* The asker's side. Every slot may be NULL. After end (exactly once, also for deadlines and cancelled connections) nothing more comes. */
struct ws_req_sink {
  int (*head)(void *user, struct sl_schema *s, unsigned did, int64_t total, struct sl_err *err);  /* an error ends the request with it */
  int (*rows)(void *user, struct sl_batch **take, struct sl_err *err);        /* EAGAIN: taken, ws_req_resume() follows */
  int (*bytes)(void *user, const void *p, size_t n);                          /* the same */
  void (*size)(void *user, int64_t size);                                     /* of the whole object */
  void (*say)(void *user, const char *words);
  int (*doc)(void *user, struct sl_str json);
  int (*did)(void *user, size_t target, int rc, const struct sl_ref *started, const struct sl_err *err);
  void (*end)(void *user, int rc, const char *cut_note /* NULL: not cut */, const struct sl_err *err);
};
struct ws_req_spec {
  enum ws_req_kind kind;
  struct sl_backend *b;
  struct sl_query *q;               /* QUERY, SQL; a reference is taken */
  const struct sl_verb *verb;       /* CALL, RECONCILE */
  const struct sl_resource *res;    /* CALL, RECONCILE: what the verb acts on */
  const struct sl_call *call;       /* borrowed until the end */
  struct sl_str uri;                /* STAT, READ, SINK: copied */
  uint64_t off, len;
  const struct sl_put *put;         /* SINK */
  uint32_t idle_ms, total_ms;       /* 0: the connection's timeout (implicit ones: none); none */
  const struct ws_req_sink *sink;
  void *user;
  /* Exactly once, whether it starts or not: from then on nobody reads call, also where the asker left long before. */
  void (*release)(void *user);
};
struct sl_req {
  uint32_t magic;                   /* WS_REQ_LIVE until the end, then WS_REQ_DEAD */
  enum ws_req_kind kind;
  struct sl_ws *w;
  struct sl_backend *b;
  struct sl_req *prev, *next;
  uint64_t id;
  const struct sl_serve *serve;
  const struct sl_verb *verb;
  const struct sl_resource *res;
  struct sl_query *q;
  const struct sl_call *call;
  const struct sl_put *put;
  char *uri;
  size_t uri_n;
  uint64_t off, len;
  void *state;
  const struct ws_req_sink *sink;   /* NULL once the asker has its answer */
  void *user;
  struct sl_schema *schema;
  struct sl_feed *feed;
  struct ws_prompt *prompt;
  struct sl_req *next_waiting;
  sl_ms started;                    /* wall */
  int64_t began, touched;           /* monotonic */
  int64_t first_ms;                 /* to the first byte; -1: none came */
  uint64_t rows, bytes;
  uint32_t idle_ms, total_ms;
  sl_timer timer;
  void (*release)(void *user);
  void *release_user;
  unsigned inside, pins;            /* frames of the backend's calls; callbacks that still hold r */
  bool own;                         /* of the program itself */
  bool counted;                     /* among the connection's running ones */
  bool background, queued, starting, head, paused, cancelled, told, ended, busy, cut;
  char note[SL_NOTE_MAX];
  int rc;
  struct sl_err err;
};
enum { WS_REQ_LIVE = 0x51e55e01, WS_REQ_DEAD = 0x51e5dead };

/* On failure nothing was started, and end() does not come. */
int ws_req_start(struct sl_req **out, const struct ws_req_spec *s, struct sl_err *err) SL_NODISCARD;
void ws_req_drop(struct sl_req *r);            /* the asker leaves: end() does not come; the backend is told to stop */
void ws_req_resume(struct sl_req *r);          /* after EAGAIN */
void ws_req_rearm(struct sl_req *r);           /* the deadlines start again (a person has answered) */
void ws_req_fail(struct sl_req *r, int rc, const struct sl_err *err);  /* end() with this error, then the backend is told */
int ws_req_fail_inside(struct sl_req *r, int rc, const struct sl_err *err);  /* the same, from a call of the backend; rc */
void ws_req_finish(struct sl_req *r);          /* the backend's end: the last thing in r's life */
void ws_req_busy(struct sl_req *r, bool busy); /* counts in sl_loop_settled() */
void ws_reqs_close(struct sl_backend *b, struct sl_err *why);  /* fails and cancels all of b's */
void ws_reqs_force(struct sl_backend *b);      /* b has closed: what did not end is buried */
void ws_shells_free(struct sl_ws *w);
/* Longer words end in an ellipsis, behind a whole character. */
void ws_note_set(char note[SL_NOTE_MAX], const char *words);
bool ws_req_live(struct sl_req *r, const char *what);  /* notes a violation when r has ended */
void ws_violation(struct sl_ws *w, const struct sl_backend *b, const char *what);
void ws_feed_cancel(struct sl_feed *f);
void ws_feed_resume(struct sl_feed *f);

/* Recording (capsule.c; replaying is a backend like any other: capsule_play.c). Each slot may be NULL. */
struct ws_tap {
  void *user;
  void (*start)(void *user, const struct sl_req *r);                /* as it happens */
  void (*head)(void *user, const struct sl_req *r, struct sl_schema *s, unsigned did, int64_t total);
  void (*rows)(void *user, const struct sl_req *r, struct sl_batch *b);
  void (*bytes)(void *user, const struct sl_req *r, const void *p, size_t n);
  void (*size)(void *user, const struct sl_req *r, int64_t size);
  void (*doc)(void *user, const struct sl_req *r, struct sl_str json);
  void (*end)(void *user, const struct sl_req *r, int rc, const struct sl_err *err);
};

/* ---- the workspace ---- */
struct sl_ws {
  struct sl_loop *l;
  struct sl_ws_conf *conf;
  const struct sl_backend_ops *const *backends;
  const struct sl_person *person;
  char *name, *state_dir, *audit_path, *exe, *as;
  const char *const *lib_dirs;
  bool readonly, headless, no_input, closing;
  unsigned threads;
  struct sl_identity me;
  struct sl_table_env env;
  struct sl_budget *budget;
  unsigned jobs;                    /* of the tables, under way */
  struct sl_backend **conn;         /* the program's own is the last */
  size_t nconn, cap_conn;
  struct sl_backend *dying;         /* closing since a reload */
  struct ws_watch *watch;
  size_t nwatch, cap_watch;
  struct ws_ans *answers;
  struct ws_schema *schemas;
  struct sl_req *reqs, *queue_tail;
  uint64_t req_id;
  struct sl_req *shells, **shells_tail;
  size_t nshells;
  struct ws_provided *provided;
  struct ws_served *served;
  const struct sl_resource *more[WS_MORE];   /* whose rows are findings too */
  size_t nmore;
  struct ws_bytes *reads;
  struct ws_prompt *prompts;
  uint64_t prompt_id;
  struct ws_secret_wait *secrets;
  sl_ask_fn *on_ask;
  void *on_ask_user;
  void (*on_state)(void *user);
  void *on_state_user;
  void (*on_say)(void *user, const char *line);
  void *on_say_user;
  bool state_queued;
  int64_t ticked;
  bool tick_queued;
  sl_timer tick;
  unsigned violations;              /* of the backends' side of the contract; tests and doctor look */
  struct ws_tap *tap;
  const struct sl_judge_ops *judge; /* judge.c */
  void *judge_user;
  struct sl_identity signer;        /* name "": not known yet */
  bool signer_asked;
  const struct sl_recorded_ops *recorded; /* recorded.c */
  struct sl_judging *judgings;
  struct sl_capsule *replay;        /* the recording that stands in for the world; NULL: none */
  char *replay_file;
  struct ws_act *act;               /* act.c: made when first needed */
  void (*act_close)(struct sl_ws *w);   /* called by sl_ws_close() when act is set */
  void (*act_reload)(struct sl_ws *w);  /* called by sl_ws_reload(): armed ends */
};

/* conn.c */
struct sl_backend *ws_conn_find(const struct sl_ws *w, struct sl_str name);       /* NULL: none of that name */
struct sl_backend *ws_conn_type(const struct sl_ws *w, const char *type);         /* the first of that type */
const struct sl_serve *ws_conn_serves(const struct sl_backend *b, const struct sl_resource *res, const char **why_not);
/* The i-th resource that this server turned out not to have; false: there are no more. */
bool ws_conn_narrowed(const struct sl_backend *b, size_t i, const struct sl_resource **res, const char **why);
int ws_conn_open(struct sl_backend *b, struct sl_err *err) SL_NODISCARD;
int ws_conns_load(struct sl_ws *w, struct sl_ws_conf *conf, struct sl_err *err) SL_NODISCARD;
void ws_conn_close(struct sl_backend *b);      /* starts closing */
void ws_conn_settle(struct sl_backend *b);     /* goes on closing when nothing stands in the way */
void ws_conn_free(struct sl_backend *b);
void ws_state_changed(struct sl_ws *w);
uint32_t ws_conn_timeout(const struct sl_backend *b);
void ws_conn_heard(struct sl_backend *b, int rc, int64_t latency_ms, const struct sl_err *err);
/* Counted by the workspace's cache: the same for all requests of one resource and backend type, so that rows need no translation. */
int ws_schema_get(struct sl_ws *w, struct sl_schema **out, const struct sl_resource *res, const struct sl_col *own, size_t nown,
                  struct sl_err *err) SL_NODISCARD;
void ws_schemas_free(struct sl_ws *w);

/* query.c */
bool ws_query_same(const struct sl_query *a, const struct sl_query *b);           /* would have the same answer */
bool ws_query_alike(const struct sl_query *a, const struct sl_query *b);          /* the same but for filter and order */
bool ws_query_rows_same(const struct sl_query *a, const struct sl_query *b);      /* the same but for the order */

/* answer.c, publish.c, watch.c */
struct ws_src {
  struct ws_ans *a;
  struct sl_backend *b;             /* NULL: the connection is gone */
  const struct sl_serve *serve;
  struct sl_req *req;
  struct sl_source pub;
  uint64_t run_rows;
  bool said;                        /* the note is what it is at */
  bool headed, good;                /* in this run; rows of an earlier, whole or cut run are in the table */
  bool over;                        /* this run's end came: what it shows as may be FAILED before that, for want of memory */
};
struct ws_input {                   /* SQL: a resource that the statement names */
  struct ws_ans *a;
  char *name;
  struct sl_query *q;
  sl_watch watch;
  struct sl_snap *snap;
  struct sl_source *src;            /* a copy of what the input's own answer said */
  size_t nsrc;
  bool done;
};
struct ws_ans {
  struct sl_ws *w;
  struct ws_ans *prev, *next;
  struct sl_query *q;
  struct sl_order *order;           /* the query's or the resource's; NULL: as they arrived */
  uint64_t cap;                     /* rows after which a listing is cut; 0: none */
  struct ws_src **src;
  size_t nsrc;
  struct sl_source *pub;            /* what watchers see: sources, then those of the inputs */
  size_t npub, cappub;
  struct ws_input *input;
  size_t ninput, inputs_left;
  char *statement;                  /* SQL: with the arguments of resources taken out; NULL: as it stands */
  struct sl_query *run_q;           /* SQL: the statement with its inputs */
  struct sl_table *table;
  struct sl_snap *base;             /* instead of the table: all rows of an answer that asked the same in another order */
  struct sl_schema *schema;
  struct sl_snap *snap;             /* shown */
  struct sl_snap_op *op;
  uint64_t version, op_version;     /* of the table, that snap and op were made from */
  bool select_failed;               /* of that version: not tried again until the table changes */
  unsigned table_runs;
  struct sl_buf doc;
  uint64_t run;                     /* counts from 1 */
  unsigned left;                    /* sources of this run that have not ended */
  bool running, again;              /* again: run once more when this run has ended */
  bool paused;                      /* by all its watchers: a log is no longer read */
  bool replacing;                   /* rows of this run go to a new table; snap is of the old one */
  bool replaced;                    /* the table is a new one: version does not tell */
  bool had, stale, dirty, filtered_here;
  uint64_t seq;                     /* rises with each change that watchers should hear of */
  unsigned watchers, pins, fails;
  int64_t began, ended, op_began, op_cost; /* monotonic; ended -1: never */
  sl_timer poll;
  struct sl_err err;                /* of our own side (filter, memory): every source failed with it */
  bool wanted;                      /* stale while nobody looked: ask when somebody does */
};
struct ws_watch {
  uint32_t gen;
  bool used, once, visible, paused, internal;
  struct ws_ans *a;
  struct ws_bytes *bytes;           /* a read of bytes instead of an answer */
  struct ws_group *group;           /* it hears the answer, and tells its own */
  sl_changed *fn;
  void *user;
  uint32_t max_age_ms;
  uint64_t seen, want_run;
};
/* cap: UINT64_MAX: by the query and the workspace. */
int ws_ask(struct sl_ws *w, struct sl_query *q, uint64_t cap, bool once, sl_changed *fn, void *user, sl_watch *out, struct sl_err *err)
  SL_NODISCARD;
/* The same; rows that are so old will do. */
int ws_ask_aged(struct sl_ws *w, struct sl_query *q, uint64_t cap, uint32_t max_age_ms, bool once, sl_changed *fn, void *user,
                sl_watch *out, struct sl_err *err) SL_NODISCARD;
/* group.c */
int ws_group_ask(struct sl_ws *w, struct sl_query *q, bool once, sl_changed *fn, void *user, sl_watch *out, struct sl_err *err)
  SL_NODISCARD;
void ws_group_hear(struct ws_group *x, const struct sl_answer *rows);   /* x may be gone after it */
void ws_group_free(struct ws_group *x);
struct ws_watch *ws_watch_get(struct sl_ws *w, sl_watch id);
int ws_watch_new(struct sl_ws *w, struct ws_watch **out, sl_watch *id, struct sl_err *err) SL_NODISCARD;
void ws_watch_free(struct sl_ws *w, sl_watch id);
int ws_ans_new(struct sl_ws *w, struct ws_ans **out, struct sl_query *q, uint64_t cap, struct sl_err *err) SL_NODISCARD;
int ws_ans_sources(struct ws_ans *a, struct sl_err *err) SL_NODISCARD;   /* again after a reload */
int ws_ans_union(const struct ws_ans *a, struct sl_schema **out, struct sl_err *err) SL_NODISCARD;   /* of all its sources */
int ws_ans_check(struct ws_ans *a, struct sl_err *err) SL_NODISCARD;     /* the columns that the query names exist */
bool ws_ans_adopt(struct ws_ans *a, uint32_t max_age_ms);                /* took the rows of such an answer: nobody need be asked */
void ws_ans_lost(struct ws_ans *a, const struct sl_err *err);            /* it cannot: one source stays, with the reason */
void ws_ans_run(struct ws_ans *a);
void ws_ans_stop(struct ws_ans *a);            /* drops its requests */
void ws_ans_free(struct ws_ans *a);
void ws_ans_paused(struct ws_ans *a, bool paused);
void ws_ans_ended(struct ws_ans *a);           /* every source of this run has: decides what is kept, when to ask again */
void ws_ans_mark(struct ws_ans *a, bool urgent);  /* something to show */
void ws_ans_publish(struct ws_ans *a);
bool ws_ans_settled(const struct ws_ans *a);   /* all ended, and shown */
struct sl_answer ws_ans_view(struct ws_ans *a, uint64_t want_run);
int ws_ans_pub(struct ws_ans *a, struct sl_err *err) SL_NODISCARD;
void ws_ans_schedule(struct ws_ans *a);        /* the next poll */
void ws_ans_conn_gone(struct sl_ws *w, struct sl_backend *b);
void ws_answers_reload(struct sl_ws *w);
void ws_soon(struct sl_ws *w, bool urgent);
/* sl_loop_later(), or a timer that is due now where the one has no memory: what must not be lost. */
int ws_later(struct sl_ws *w, sl_timer_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;
int ws_batch_head(struct sl_batch **out, struct sl_batch *b, uint32_t n, struct sl_err *err) SL_NODISCARD;  /* its first n rows */

/* sqlin.c: the statement with resources' arguments taken out, and the resources it names */
struct ws_sql_name { struct sl_str table; const struct sl_resource *res; char *where, *scope, *conn, *order; uint64_t limit; };
struct ws_sql { char *statement; struct ws_sql_name *name; size_t n; struct sl_arena arena; };
/* Which resource a name in FROM is; NULL: none, the engine knows it or nobody does. */
typedef const struct sl_resource *ws_sql_lookup(void *user, struct sl_str name);
/* EUSAGE. *out holds nothing after a failure. */
int ws_sql_parse(struct ws_sql *out, struct sl_str statement, ws_sql_lookup *find, void *user, struct sl_err *err) SL_NODISCARD;
void ws_sql_free(struct ws_sql *s);
int ws_sql_inputs(struct ws_ans *a, struct sl_err *err) SL_NODISCARD;    /* sqlask.c: finds them, makes a->input */
void ws_sql_run(struct ws_ans *a);             /* reads the inputs, then starts the statement */
void ws_sql_stop(struct ws_ans *a);            /* the inputs; the statement is a source like others */
/* Asks its connection; whatever prevents that is the source's end, once a run: later ends are not heard. */
void ws_src_start(struct ws_src *s, struct sl_query *q);
void ws_src_ended(struct ws_src *s, enum sl_src_state state, const struct sl_err *err);

/* provide.c, core.c */
bool ws_provides(const struct sl_ws *w, const struct sl_resource *res);
extern const struct sl_backend_ops ws_own_ops;
extern const struct sl_serve ws_own_serve, ws_findings_serve, ws_audit_serve;
extern const struct sl_serve cap_play_audit;       /* capsule_play.c: the audit of a recording */
const struct sl_serve *ws_own_serves(const struct sl_ws *w, const struct sl_resource *res);   /* NULL: not the program's own */
int ws_core_provide(struct sl_ws *w, struct sl_err *err) SL_NODISCARD;
void ws_provided_free(struct sl_ws *w);

/* ask.c, secret.c */
struct ws_secret_wait {             /* somebody waits for a secret setting */
  struct ws_secret_wait *next, *next_waiting;
  struct sl_ws *w;
  struct sl_backend *b;             /* NULL: no connection's */
  char *owner, *setting;            /* owner: whose setting it is, for messages */
  sl_secret_fn *fn;
  void *user;
  struct ws_prompt *prompt;
  struct sl_child *child;
  struct sl_buf out;                /* of the command; wiped */
  struct sl_secret *secret;         /* found, not yet told */
  struct sl_err err;
  sl_job job;
  unsigned pins;                    /* callbacks that still hold it */
  bool told;
};
/* Whoever waits for a person leaves, or asks: one prompt for all that want the same. A prompt that nobody waits for is withdrawn. */
void ws_prompt_leave(struct sl_req *r);
void ws_prompt_secret_leave(struct ws_secret_wait *wait);
void ws_prompts_free(struct sl_ws *w);
int ws_prompt_secret(struct ws_secret_wait *wait, struct sl_err *err) SL_NODISCARD;
void ws_secret_tell(struct ws_secret_wait *wait, struct sl_secret *s, const struct sl_err *err);  /* takes s */
void ws_secrets_close(struct sl_ws *w, struct sl_backend *b);   /* b NULL: those of no connection */

/* uri.c, bytes.c */
int ws_resolve_with(struct sl_ws *w, struct sl_str uri, bool foreign, const char *newest, struct sl_buf *canonical, struct sl_buf *conn,
                    struct sl_err *err) SL_NODISCARD;
struct sl_str ws_lake_zone(struct sl_str uri);   /* of lake:zone/path */
void ws_bytes_drop(struct ws_bytes *b);

#endif
