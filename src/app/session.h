/* app/session.h: a workspace opened for one command, and questions put to it.
 *
 * Headless: one loop, turned until the answer is whole. Ctrl-C ends the waiting (130); a second one ends the program. */
#ifndef SL_APP_SESSION_H
#define SL_APP_SESSION_H

#include "app/app.h"
#include "loop/loop.h"
#include "model/act.h"

struct sl_capsule; struct sl_capsule_rec;
struct sl_session {
  struct sl_app *app;
  struct sl_person *person;
  struct sl_ws_conf *conf;           /* NULL: none was found */
  struct sl_loop *loop;
  struct sl_ws *ws;
  struct sl_type_conf *types;
  size_t ntypes;
  bool interrupted;
  bool killed;                       /* by a signal: nobody is there to be asked */
  struct sl_capsule *capsule;        /* --replay: what stands in for the workspace */
  struct sl_capsule_rec *recording;  /* --record */
  char *replay_state;
};
enum { SL_SESSION_ANY = 1 };         /* works without a workspace: several and none chosen is no mistake */
/* Files, loop, workspace; s needs not be zeroed. Close it also after a failure. ECONFIG; EUSAGE: which workspace? */
int sl_session_open(struct sl_session *s, struct sl_app *a, unsigned flags, struct sl_err *err) SL_NODISCARD;
/* The rest of opening, for a session whose types and conf are set. */
int sl_session_open_conf(struct sl_session *s, struct sl_err *err) SL_NODISCARD;
void sl_session_close(struct sl_session *s);
/* Only the files: person, types and the workspace's configuration; no loop. */
int sl_session_conf(struct sl_session *s, struct sl_app *a, unsigned flags, struct sl_err *err) SL_NODISCARD;
/* Settings of every backend, from their tables. */
int sl_session_types(struct sl_session *s, struct sl_err *err) SL_NODISCARD;
/* After an answer: what an earlier command began and did not see the end of is asked about where somebody answered; a note says so. */
void sl_session_settle(struct sl_session *s);
/* Turns the loop until *done or an interrupt (ECANCELED). */
int sl_session_wait(struct sl_session *s, const bool *done, struct sl_err *err) SL_NODISCARD;

/* Asks, and prints the rows as they come; the exit code. Notes on standard error name every source that failed or was cut. */
struct sl_list {
  struct sl_query query;             /* texts borrowed; where, order and want are added from the options */
  struct sl_rows_opts rows;          /* format, want and show are filled in */
  bool watch;                        /* goes on: rows that are new or changed */
  void (*page)(void *user, const struct sl_batch *b);   /* NULL, or hears every row that is printed, in order */
  void *page_user;
  bool breach;                       /* exit 4 when state is other than fresh in some row */
};
int sl_session_list(struct sl_session *s, struct sl_list *l);   /* the exit code; errors are told here */
/* Opens, lists, closes: most commands. */
int sl_app_list(struct sl_app *a, unsigned flags, struct sl_list *l);
struct sl_query sl_app_query(const struct sl_app *a, const struct sl_resource *res, const char *scope);

/* The exit code that sources come to; notes for those that are not whole. rows: whether anything came. */
int sl_sources_exit(const struct sl_app *a, const struct sl_source *src, size_t n, bool rows);

/* A row's ref from a ref's text, or from an id or name that fits exactly one row (EUSAGE with the candidates). Always free it. */
struct sl_found { struct sl_ref ref; struct sl_buf text, id; };
/* ENOENT: no row; EUSAGE; what the question itself failed with. */
int sl_session_find(struct sl_session *s, const struct sl_resource *res, const char *text, struct sl_found *out,
                    struct sl_err *err) SL_NODISCARD;
void sl_found_free(struct sl_found *f);   /* its texts; ref is gone then */
/* An address as it was typed -> the canonical one, and the connection that serves it (EUSAGE: none does). */
int sl_session_resolve(struct sl_session *s, const char *text, struct sl_buf *uri, struct sl_buf *conn, struct sl_err *err) SL_NODISCARD;

/* What doctor looks at in the workspace, beside sl_checks_run(); err: why it did not open, NULL: it did. */
void sl_checks_workspace(struct sl_checks *c, const struct sl_session *s, const struct sl_err *err);

/* keys and checks, as resources. */
int sl_provide(struct sl_session *s, struct sl_err *err) SL_NODISCARD;
/* Into s->ws, answered by `user`, which lives as long as that. */
int sl_provide_for(struct sl_session *s, struct sl_session *user, struct sl_err *err) SL_NODISCARD;
/* Questions of a backend, on the terminal. */
void sl_session_asks(struct sl_session *s);
/* Asks on the terminal; false: declined, or there is none. *out is yours. */
bool sl_ask_terminal(const struct sl_ask *a, struct sl_secret **out);


/* ---- tape.c: --record and --replay ---- */
int sl_tape_open(struct sl_session *s, struct sl_ws_opts *o, struct sl_err *err) SL_NODISCARD;   /* before the workspace opens */
int sl_tape_begin(struct sl_session *s, struct sl_err *err) SL_NODISCARD;                          /* when it has */
void sl_tape_end(struct sl_session *s);                                                            /* before it closes */
void sl_tape_close(struct sl_session *s);                                                          /* when it has */

#endif
