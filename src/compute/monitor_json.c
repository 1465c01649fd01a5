/* compute/monitor_json.c: a JSON document read by what its objects may hold; the path of the value at hand grows and shrinks with them. */
#include "compute/monitor_json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FEED = 64 << 10, TEXT_MAX = 1 << 20 };

/* ---- tokens ---- */

int mj_bad(struct mj *r, const char *fmt, ...)
{
  char words[200];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(words, sizeof words, fmt, ap);
  va_end(ap);
  return sl_err_set(r->err, SL_EPARSE, "%s: %s%s%s", r->file, r->path, r->path[0] ? ": " : "", words);
}

enum sl_json_tok mj_next(struct mj *r)
{
  for (;;) {
    enum sl_json_tok t = sl_json_pull_next(r->p, &r->text, r->err);
    if (t == SL_JT_BAD)
      sl_err_prefix(r->err, "%s", r->file);
    if (t != SL_JT_MORE)
      return t;
    struct sl_str piece = sl_str_head(r->rest, r->rest.n < FEED ? r->rest.n : FEED);
    r->rest = sl_str_from(r->rest, piece.n);
    if (!piece.n)
      sl_json_pull_eof(r->p);
    else if (sl_json_pull_feed(r->p, piece.p, piece.n, r->err))
      return SL_JT_BAD;
  }
}

/* The error of a token that is not what must stand here. */
int mj_not_a(struct mj *r, enum sl_json_tok t, const char *what)
{
  if (t == SL_JT_BAD)
    return r->err && r->err->code ? r->err->code : SL_EPARSE;
  return mj_bad(r, "%s must stand here", what);
}

static int skip_from(struct mj *r, enum sl_json_tok t)
{
  unsigned open = 0;
  for (;; t = mj_next(r)) {
    if (t == SL_JT_BAD || t == SL_JT_END || t == SL_JT_MORE)
      return mj_not_a(r, t, "a value");
    open += t == SL_JT_OBJ || t == SL_JT_ARR;
    open -= t == SL_JT_END_OBJ || t == SL_JT_END_ARR;
    if (!open && t != SL_JT_KEY)
      return SL_OK;
  }
}

int mj_skip(struct mj *r, void *to)
{
  (void)to;
  return skip_from(r, mj_next(r));
}

/* ---- objects and arrays; the path grows and shrinks with them ---- */

size_t mj_enter(struct mj *r, const char *fmt, ...)
{
  size_t at = strlen(r->path);
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(r->path + at, sizeof r->path - at, fmt, ap);
  va_end(ap);
  return at;
}

void mj_leave(struct mj *r, size_t at) { r->path[at] = 0; }

static int field(struct mj *r, const struct mj_field *f, void *to, uint32_t *seen)
{
  unsigned i = 0;
  while (f[i].name && !sl_str_eqz(r->text, f[i].name))
    i++;
  if (!f[i].name)
    return mj_skip(r, NULL);
  size_t at = mj_enter(r, "%s%s", r->path[0] ? "." : "", f[i].name);
  int rc = *seen >> i & 1 ? mj_bad(r, "stands here twice") : f[i].fn(r, to);
  *seen |= UINT32_C(1) << i;
  if (!rc)
    mj_leave(r, at);
  return rc;
}

/* An object whose first token was taken already. */
int mj_fields_from(struct mj *r, enum sl_json_tok t, const struct mj_field *f, void *to)
{
  uint32_t seen = 0;
  if (t != SL_JT_OBJ)
    return mj_not_a(r, t, "an object");
  while ((t = mj_next(r)) == SL_JT_KEY) {
    int rc = field(r, f, to, &seen);
    if (rc)
      return rc;
  }
  return t == SL_JT_END_OBJ ? SL_OK : mj_not_a(r, t, "a name");
}

int mj_fields(struct mj *r, const struct mj_field *f, void *to)
{
  enum sl_json_tok t = mj_next(r);
  return t == SL_JT_NULL ? SL_OK : mj_fields_from(r, t, f, to);
}

/* each reads from its first token on, which is in t. */
int mj_items_from(struct mj *r, enum sl_json_tok t, int (*each)(struct mj *r, enum sl_json_tok t, void *to), void *to)
{
  if (t != SL_JT_ARR)
    return mj_not_a(r, t, "an array");
  for (size_t i = 0; (t = mj_next(r)) != SL_JT_END_ARR; i++) {
    size_t at = mj_enter(r, "[%zu]", i);
    int rc = t == SL_JT_BAD ? mj_not_a(r, t, "") : SL_OK;
    if (!rc && r->items++ == SL_MONITOR_ITEMS_MAX)
      rc = sl_err_set(r->err, SL_ELIMIT, "%s: %s: more than %d values in all", r->file, r->path, SL_MONITOR_ITEMS_MAX);
    rc = rc ? rc : each(r, t, to);
    if (rc)
      return rc;
    mj_leave(r, at);
  }
  return SL_OK;
}

int mj_items(struct mj *r, int (*each)(struct mj *r, enum sl_json_tok t, void *to), void *to)
{
  enum sl_json_tok t = mj_next(r);
  return t == SL_JT_NULL ? SL_OK : mj_items_from(r, t, each, to);
}

int mj_each(struct mj *r, int (*each)(struct mj *r, struct sl_str key, void *to), void *to)
{
  enum sl_json_tok t = mj_next(r);
  if (t == SL_JT_NULL)
    return SL_OK;
  if (t != SL_JT_OBJ)
    return mj_not_a(r, t, "an object");
  while ((t = mj_next(r)) == SL_JT_KEY) {
    size_t at = mj_enter(r, ".%.*s", (int)(r->text.n < 60 ? r->text.n : 60), r->text.p);
    int rc = each(r, r->text, to);
    if (rc)
      return rc;
    mj_leave(r, at);
  }
  return t == SL_JT_END_OBJ ? SL_OK : mj_not_a(r, t, "a name");
}

/* ---- scalars ---- */

int mj_text_from(struct mj *r, enum sl_json_tok t, const char **out)
{
  if (t != SL_JT_STR)
    return mj_not_a(r, t, "a text");
  if (memchr(r->text.p, 0, r->text.n))
    return mj_bad(r, "a NUL in a text");
  *out = sl_arena_strndup(r->mem, r->text.p, r->text.n);
  return *out ? SL_OK : sl_err_nomem(r->err);
}

int mj_text(struct mj *r, const char **out) { return mj_text_from(r, mj_next(r), out); }

/* What Spark cannot write as a number is the text "NaN". */
int mj_number_from(struct mj *r, enum sl_json_tok t, double *out)
{
  if (t == SL_JT_NULL) {
    *out = (double)NAN;
    return SL_OK;
  }
  bool word = t == SL_JT_STR && (sl_str_eqz(r->text, "NaN") || sl_str_eqz(r->text, "Infinity") || sl_str_eqz(r->text, "-Infinity"));
  if ((t != SL_JT_NUM && !word) || !sl_str_f64(r->text, out))
    return mj_not_a(r, t, "a number");
  return SL_OK;
}

int mj_number(struct mj *r, double *out) { return mj_number_from(r, mj_next(r), out); }

int mj_count_of(struct mj *r, double *out)
{
  int rc = mj_number(r, out);
  if (rc)
    return rc;
  return *out >= 0 && *out <= 9007199254740992.0 && *out == floor(*out) ? SL_OK : mj_bad(r, "a count must stand here");
}

int mj_share(struct mj *r, double *out)
{
  int rc = mj_number(r, out);
  if (rc)
    return rc;
  return *out >= 0 ? SL_OK : mj_bad(r, "a number from 0 on must stand here");
}

/* One of several words, by its place; a bool where they are two of no and yes. */
int mj_word_of(struct mj *r, const char *const *words, int *out)
{
  enum sl_json_tok t = mj_next(r);
  if (t == SL_JT_TRUE || t == SL_JT_FALSE) {
    *out = t == SL_JT_TRUE;
    return SL_OK;
  }
  if (t != SL_JT_STR)
    return mj_not_a(r, t, "a word");
  for (int i = 0; words[i]; i++)
    if (sl_str_ieq(r->text, sl_str(words[i]))) {
      *out = i;
      return SL_OK;
    }
  return mj_bad(r, "%.*s: not known here", (int)(r->text.n < 40 ? r->text.n : 40), r->text.p);
}

int mj_type_of(struct mj *r, enum sl_monitor_type *out)
{
  static const char *const words[] = { "Unknown", "Integral", "Fractional", "String", NULL };
  int at = 0, rc = mj_word_of(r, words, &at);
  *out = (enum sl_monitor_type)at;
  return rc;
}

/* ---- a document ---- */

int mj_document(struct mj *r, const char *file, struct sl_str all, const struct mj_field *f, void *to, struct sl_err *err)
{
  struct sl_err mine = { 0 };
  *r = (struct mj){ .rest = all, .file = file, .err = err ? err : &mine, .mem = r->mem };
  r->err->code = 0;
  int rc = sl_json_pull_open(&r->p, TEXT_MAX, false, r->err);
  if (!rc)
    rc = mj_fields_from(r, mj_next(r), f, to);
  enum sl_json_tok t = rc ? SL_JT_END : mj_next(r);
  if (t != SL_JT_END)
    rc = mj_not_a(r, t, "the end");
  sl_json_pull_free(r->p);
  return rc;
}
