/* tests/lib/fake_backend.h: a backend that does what a test says: rows, delays on the loop's clock, failures, half answers, silence, and
 * every way of breaking the contract. One script a connection; several connections by several types, all implicit, so that no workspace
 * file is needed. And a bench around it: a workspace, watches that remember what they were told. */
#ifndef SL_TESTS_FAKE_BACKEND_H
#define SL_TESTS_FAKE_BACKEND_H

#include <stdatomic.h>

#include "base/mem.h"
#include "model/ws_int.h" /* lint-ok: internal: tests look at the workspace's own state */

/* things: keyed; name, state, size, score, tags; polled each 10 s, cut at 5,000 rows. lines: a log. parts: no poll, scope required. */
extern const struct sl_resource fake_things, fake_lines, fake_parts;
/* halt: where state is not ok; make: arguments, no row to read; drop: guards, no reconcile; look: safe; bless: judged. Of `fake` alone. */
extern const struct sl_action fake_act_halt, fake_act_make, fake_act_drop, fake_act_look, fake_act_bless;
extern const struct sl_action *const fake_actions[];
enum { FAKE_UNTOLD = 1 /* as verb_rc: the target is never told about */, FAKE_VERBS = 5 };
extern const struct sl_verb fake_verbs[FAKE_VERBS];

enum fake_wrong {
  FAKE_RIGHT,
  FAKE_END_TWICE, FAKE_END_IN_SLOT, FAKE_ROWS_BEFORE_HEAD, FAKE_TWO_HEADS, FAKE_LIMIT_ALONE,
  FAKE_NO_END,                   /* nor after cancel */
  FAKE_FAIL_AFTER_WORK,          /* starts a worker, then the slot fails */
  FAKE_NO_CLOSE,                 /* never says that it has closed */
  FAKE_GOES_ON                   /* sends rows after it was told to stop */
};

struct fake_row { const char *id, *name, *state; int64_t size; double score; };
struct fake {
  const char *type;              /* fake, other, third, compute */
  /* ---- the script ---- */
  const struct fake_row *rows; size_t nrows;
  size_t made;                   /* instead of rows: this many, r000000 ... */
  size_t batch;                  /* rows a batch; 0: 100 */
  int delay_ms, gap_ms;          /* before the head; between batches (0: the next turn) */
  unsigned did; int64_t total;   /* of the head; total 0: unknown */
  int refuse;                    /* the slot fails with this code */
  int fail; size_t fail_after;   /* the end's code, after so many rows */
  const char *message;           /* of refuse and fail */
  const char *cut;               /* note: not all of it came */
  const char *say;               /* what it is at, said before the first rows */
  const char *doc;               /* GET: the document */
  const char *ask;               /* what a person is asked for before the head */
  bool never;                    /* after its rows: no end */
  bool silent;                   /* no head either */
  bool worker;                   /* answers from a lane */
  bool blocks;                   /* the worker waits for `go` before each batch */
  int late_end_ms;               /* after cancel it ends that much later; 0: at once */
  enum fake_wrong wrong;
  int open_fails;
  const char *bytes; size_t nbytes, chunk;
  const char *secret;            /* a secret setting that open asks for */
  int call_rc, verb_rc[4];       /* of a call: its end's code, and each target's */
  int call_refuse, dry_rc, reconcile_rc;
  const char *dry_doc, *started; /* instead of its own; id of what each call starts */
  bool call_never; int call_ms;  /* no answer; an answer that late */
  int dry_ms;                    /* the dry call's answer comes that late */
  atomic_bool go;
  /* ---- what happened ---- */
  int opens, closes, queries, cancels, resumes, answers, stopped;
  int dry_turned;                /* calls that began dry and no longer were when they ended */
  atomic_int worker_rc, freed, blocked;
  uint32_t state_was;            /* the backend's state when it was opened: must be 0 */
  char scope[128], conn[32], statement[512], inputs[256], secret_was[64], answer_was[64];
  int calls, dries, reconciles;
  int ending; bool closing;      /* calls that will still end; closed() waits for them */
  char targets_was[256], args_was[512], token_was[40];
  struct sl_req *last;
  struct sl_backend *b;
};
struct fake *fake_of(const char *type);                 /* forgets nothing by itself: see fake_reset() */
void fake_reset(void);
void fake_may_close(struct fake *f, struct sl_backend *b);   /* after a late end */
extern const struct sl_backend_ops *const fake_backends[];   /* fake, other, third, compute */

/* ---- the bench ---- */
struct fx {
  struct sl_loop *l;
  struct sl_ws *w;
  char state_dir[64];
  uint64_t ask_id;
  char asked[128];
  int asks, withdrawn;
};
struct fx_opts { bool headless, no_input, real_clock, answers, readonly; const char *workspace; /* YAML; NULL: none */ };
void fx_open(struct fx *f, const struct fx_opts *o);    /* frozen at 2026-11-21T06:00:00Z */
void fx_close(struct fx *f);
struct sl_ws_conf *fx_conf(struct fx *f, const char *yaml);  /* yours; the file is ws.yaml in the bench's folder */
void fx_turn(struct fx *f, int n);                      /* n turns that do not wait */
void fx_settle(struct fx *f);                           /* until nothing is under way; fails the test after 5 s */
void fx_pass(struct fx *f, int64_t ms);                 /* the clock moves, in steps of at most 50 ms, and the loop settles */
void fx_until(struct fx *f, bool (*is)(void *user), void *user);

struct fx_seen {                 /* what a watch was told */
  struct fx *f;
  sl_watch id;
  int calls;
  bool done, stale, filtered_here;
  uint64_t rows, loaded, dropped;
  size_t nsrc;
  struct sl_source src[8];
  char conn[8][32];
  char doc[256];
  char first[64], last[64];      /* ids */
  bool unwatch;                  /* from inside the callback */
  struct sl_snap *snap;
};
struct sl_query *fx_query(const char *where, const char *order, uint64_t limit);  /* of things; yours */
void fx_watch(struct fx *f, struct sl_query *q, bool once, struct fx_seen *s);
int fx_try(struct fx *f, struct sl_query *q, struct fx_seen *s, struct sl_err *err);
void fx_forget(struct fx_seen *s);
void fx_ids(const struct fx_seen *s, struct sl_buf *out);   /* "a b c" */

#endif
