/* base/err.h: how a function says that it failed.
 *
 * Every fallible function returns int: SL_OK or one of the negative codes below, and takes the caller's `struct sl_err *` as its last
 * argument (NULL is allowed). The text is written once, at the lowest level that knows what happened, as one line that says what to
 * do; it is never overwritten on the way up. Nothing here allocates. */
#ifndef SL_BASE_ERR_H
#define SL_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* name, exit code of the command line (design section 6), words */
#define SL_CODES(X)                                                                  \
  X(ENOMEM, 1, "out of memory")                                                      \
  X(ECANCELED, 130, "cancelled")                                                     \
  X(ETIMEOUT, 3, "no answer in time")                                                \
  X(EAUTH, 3, "not logged in")          /* credentials are missing, wrong or expired */  \
  X(EDENIED, 1, "not allowed")          /* known, and may not (403) */               \
  X(ENET, 3, "nobody answered")         /* name, connect, TLS, dropped */            \
  X(EPROTO, 1, "unexpected answer")     /* the peer broke the protocol */            \
  X(EPARSE, 1, "cannot be read")        /* data that is not what it says it is */    \
  X(ECONFIG, 2, "wrong configuration")                                               \
  X(EUSAGE, 2, "wrong usage")                                                        \
  X(ELIMIT, 1, "limit reached")         /* a cap of ours */                          \
  X(EUNSUP, 1, "not supported")                                                      \
  X(ENOENT, 1, "not found")                                                          \
  X(EEXIST, 1, "exists already")                                                     \
  X(ECONFLICT, 1, "changed meanwhile")  /* a guard failed; look again, then decide */    \
  X(EUNKNOWN, 1, "outcome unknown")     /* sent, answer lost; reconcile by reading */    \
  X(EREADONLY, 2, "read-only")                                                       \
  X(EBREACH, 4, "a check was breached")                                              \
  X(EPARTIAL, 5, "partial")                                                          \
  X(EIO, 1, "input/output error")                                                    \
  X(EAGAIN, 1, "later")                 /* not a failure: ask again when told */     \
  X(EINTERNAL, 1, "a mistake of ours")

enum { SL_OK = 0, SL_CODE_FIRST_ = -1000,
#define SL_CODE_ENUM(name, exitcode, words) SL_##name,
  SL_CODES(SL_CODE_ENUM)
#undef SL_CODE_ENUM
  SL_CODE_LAST_ };

#define SL_NODISCARD __attribute__((warn_unused_result))
#define SL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

struct sl_err {
  int code;
  char msg[256]; /* one line, UTF-8, cut at a character; may quote outside bytes, so it is sanitised where it is drawn */
};

/* Fills err (when not NULL) and returns code, so that `return sl_err_set(err, SL_EPARSE, "...")` reads as one sentence. */
int sl_err_set(struct sl_err *err, int code, const char *fmt, ...) SL_PRINTF(3, 4);
int sl_err_vset(struct sl_err *err, int code, const char *fmt, va_list ap);
/* The same with strerror(errno) behind it: "cannot open /x: No such file or directory". Maps ENOENT, EACCES, EEXIST, ENOMEM. */
int sl_err_sys(struct sl_err *err, int errnum, const char *fmt, ...) SL_PRINTF(3, 4);
/* Puts "where: " before what stands there already; for the one level that knows the file or field. */
void sl_err_prefix(struct sl_err *err, const char *fmt, ...) SL_PRINTF(2, 3);
int sl_err_nomem(struct sl_err *err); /* returns SL_ENOMEM */
void sl_err_clear(struct sl_err *err);

const char *sl_code_name(int code);  /* "ENOENT"; "OK" for 0 */
const char *sl_code_words(int code); /* "not found" */
int sl_code_exit(int code);          /* exit code of the command line; 0 for SL_OK */

/* For our own mistakes only: aborts in debug builds, otherwise notes it in the trace and goes on with the error path behind it. */
void sl_assert_failed(const char *what, const char *file, int line);
#define sl_assert(x) ((x) ? (void)0 : sl_assert_failed(#x, __FILE__, __LINE__))

#endif
