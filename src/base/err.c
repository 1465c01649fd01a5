/* base/err.c: error values and their words. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/trace.h"
#include "base/utf8.h"

/* A text that filled its room was cut: not inside a character. */
static void err_cut(struct sl_err *err)
{
  size_t n = strlen(err->msg);
  if (n == sizeof err->msg - 1)
    err->msg[sl_utf8_cut(sl_strn(err->msg, n), n)] = 0;
}

int sl_err_vset(struct sl_err *err, int code, const char *fmt, va_list ap)
{
  if (!err)
    return code;
  err->code = code;
  vsnprintf(err->msg, sizeof err->msg, fmt, ap);
  err_cut(err);
  return code;
}

int sl_err_set(struct sl_err *err, int code, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  sl_err_vset(err, code, fmt, ap);
  va_end(ap);
  return code;
}

static int code_of_errno(int errnum)
{
  switch (errnum) {
  case ENOENT: case ENOTDIR: return SL_ENOENT;
  case EACCES: case EPERM: return SL_EDENIED;
  case EEXIST: return SL_EEXIST;
  case ENOMEM: return SL_ENOMEM;
  default: return SL_EIO;
  }
}

int sl_err_sys(struct sl_err *err, int errnum, const char *fmt, ...)
{
  int code = code_of_errno(errnum);
  if (!err)
    return code;
  va_list ap;
  va_start(ap, fmt);
  sl_err_vset(err, code, fmt, ap);
  va_end(ap);
  size_t n = strlen(err->msg);
  char words[128];
  snprintf(err->msg + n, sizeof err->msg - n, ": %s", strerror_r(errnum, words, sizeof words));
  err_cut(err);
  return code;
}

void sl_err_prefix(struct sl_err *err, const char *fmt, ...)
{
  if (!err)
    return;
  char was[sizeof err->msg];
  memcpy(was, err->msg, sizeof was);
  va_list ap;
  va_start(ap, fmt);
  sl_err_vset(err, err->code, fmt, ap);
  va_end(ap);
  size_t n = strlen(err->msg);
  snprintf(err->msg + n, sizeof err->msg - n, ": %s", was);
  err_cut(err);
}

int sl_err_nomem(struct sl_err *err)
{
  return sl_err_set(err, SL_ENOMEM, "out of memory");
}

void sl_err_clear(struct sl_err *err)
{
  if (err) {
    err->code = SL_OK;
    err->msg[0] = 0;
  }
}

static const struct { const char *name, *words; int exitcode; } codes[] = {
#define SL_CODE_ROW(name, exitcode, words) {#name, words, exitcode},
  SL_CODES(SL_CODE_ROW)
#undef SL_CODE_ROW
};

static int index_of(int code)
{
  int i = code - SL_CODE_FIRST_ - 1;
  return i >= 0 && i < (int)(sizeof codes / sizeof codes[0]) ? i : -1;
}

const char *sl_code_name(int code)
{
  int i = index_of(code);
  return code == SL_OK ? "OK" : i < 0 ? "?" : codes[i].name;
}

const char *sl_code_words(int code)
{
  int i = index_of(code);
  return code == SL_OK ? "ok" : i < 0 ? "unknown code" : codes[i].words;
}

int sl_code_exit(int code)
{
  int i = index_of(code);
  return code == SL_OK ? 0 : i < 0 ? 1 : codes[i].exitcode;
}

void sl_assert_failed(const char *what, const char *file, int line)
{
  sl_trace(SL_TR_MODEL, 0, "assertion failed: %s (%s:%d)", what, file, line);
#ifndef NDEBUG
  fprintf(stderr, "sluice: assertion failed: %s (%s:%d)\n", what, file, line);
  abort();
#endif
}
