/* app/app.h: one run of the program: what was typed, what is open, where output goes.
 *
 * A command is a function over struct sl_app that returns an exit code by sl_app_fail() or the codes of design section 6. Commands are
 * clients of the two doors (model/ws.h, model/act.h), as the views are; this folder adds words, formats and waiting. */
#ifndef SL_APP_APP_H
#define SL_APP_APP_H

#include "app/opt.h"
#include "app/out.h"
#include "model/ws.h"

enum { SL_EXIT_OK = 0, SL_EXIT_FAILED = 1, SL_EXIT_USAGE = 2, SL_EXIT_RETRY = 3, SL_EXIT_BREACH = 4, SL_EXIT_PARTIAL = 5,
  SL_EXIT_INTERRUPTED = 130 };

struct sl_app {
  const struct sl_args *args;
  struct sl_out out;                 /* standard output */
  enum sl_format format;
  char *exe;                         /* absolute path of this program */
  int tape_code;                     /* why --record did not do what was asked; 0: it did */
};

/* Reads the arguments, does what they say; the exit code. What a process needs before it is main.c's. */
int sl_app_main(int argc, char **argv);
/* Says err on standard error and returns its exit code; 0 and quiet when standard output has gone. */
int sl_app_fail(struct sl_app *a, const struct sl_err *err);
bool sl_app_readonly(const struct sl_app *a);   /* --read-only, or SLUICE_READONLY is set and not 0 */
int sl_app_writes(const struct sl_app *a, struct sl_err *err) SL_NODISCARD;   /* SL_EREADONLY where nothing may be changed */
/* One line on standard error: "sluice: ...", made harmless. */
void sl_app_note(const char *fmt, ...) SL_PRINTF(1, 2);
/* How far it is, on a line of standard error that is written over, where that is a terminal (progress.c). NULL, and whatever else is
 * written: it goes. */
void sl_app_progress(const char *words);
struct sl_answer;
void sl_app_progress_of(const struct sl_answer *a);      /* what its sources say while they work */

/* Rows that the program made itself, in the format that was asked for; notes go to standard error. */
int sl_app_print(struct sl_app *a, struct sl_batch *b, const struct sl_rows_opts *like, struct sl_err *err) SL_NODISCARD;
int sl_app_want(const struct sl_app *a, struct sl_want **out, struct sl_err *err) SL_NODISCARD;   /* --columns */
void sl_app_notes(const struct sl_rows *r);
sl_ms sl_app_now(void);

/* --box, --run, --generate: true when the first argument was one; *code is the exit code. */
bool sl_hidden(int argc, char **argv, int *code);
int sl_console(struct sl_app *a);

/* ---- what can be shown: made from backends/backends.def and views/views.def ---- */
struct sl_backend_ops;
struct sl_view_ops;
extern const struct sl_backend_ops *const sl_backends[];    /* NULL-ended */
extern const struct sl_view_ops *const sl_views[];          /* NULL-ended */

/* ---- crash.c ---- */
void sl_crash_init(void);            /* a crash restores the terminal and prints where it was, no data */
const char *sl_build_id(void);       /* hex; "unknown" when the linker made none */
const char *sl_version(void);

/* ---- where things are ---- */
/* Absolute folders in which engines are searched, NULL-ended; made once: SLUICE_LIB, then what the build knows. */
const char *const *sl_lib_dirs(void);
/* Absolute path of something installed with the program: "themes", "demo". Valid until the next call. */
const char *sl_share_path(const char *name);

/* ---- checks.c: what doctor looks at ---- */
struct sl_check { const char *state; char name[32], value[200], advice[200]; };
struct sl_checks { struct sl_check item[96]; size_t n; };
void sl_checks_run(struct sl_checks *c);   /* blocks shortly */
/* As rows of `checks`; sealed, yours. */
int sl_checks_batch(const struct sl_checks *c, struct sl_batch **out, struct sl_err *err) SL_NODISCARD;

#endif
