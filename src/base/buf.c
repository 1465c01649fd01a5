/* base/buf.c: the growing buffer, and reading back what it encodes. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { BUF_MAX = 16 << 20, BUF_FIRST = 64 };

void sl_buf_init(struct sl_buf *b, size_t max)
{
  *b = (struct sl_buf){.max = max ? max : BUF_MAX};
}

void sl_buf_init_secret(struct sl_buf *b, size_t max)
{
  sl_buf_init(b, max);
  b->secret = true;
}

void sl_buf_free(struct sl_buf *b)
{
  if (b->secret)
    sl_free_wipe(b->p, b->cap);
  else
    sl_free(b->p);
  *b = (struct sl_buf){.max = b->max, .secret = b->secret};
}

void sl_buf_wipe(struct sl_buf *b)
{
  sl_free_wipe(b->p, b->cap);
  *b = (struct sl_buf){.max = b->max, .secret = b->secret};
}

void sl_buf_clear(struct sl_buf *b)
{
  b->n = 0;
  b->failed = SL_OK;
  if (b->p)
    b->p[0] = 0;
}

/* realloc() may leave a copy behind where it moves, so a secret is moved by us. */
static char *buf_move(struct sl_buf *b, size_t cap)
{
  if (!b->secret)
    return sl_realloc(b->p, cap);
  char *p = sl_alloc(cap);
  if (p && b->p) {
    memcpy(p, b->p, b->n + 1);
    sl_free_wipe(b->p, b->cap);
  }
  return p;
}

static bool buf_reserve(struct sl_buf *b, size_t n)
{
  if (b->failed)
    return false;
  size_t max = b->max ? b->max : BUF_MAX; /* a zeroed buffer is a fresh one */
  if (n > max || b->n > max - n) {
    b->failed = SL_ELIMIT;
    return false;
  }
  size_t need = b->n + n + 1;
  if (need <= b->cap)
    return true;
  size_t cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap > max / 2 ? max + 1 : b->cap * 2;
  if (cap < need)
    cap = need;
  char *p = buf_move(b, cap);
  if (!p) {
    b->failed = SL_ENOMEM;
    return false;
  }
  b->p = p;
  b->cap = cap;
  return true;
}

char *sl_buf_room(struct sl_buf *b, size_t n)
{
  return buf_reserve(b, n) ? b->p + b->n : NULL;
}

void sl_buf_wrote(struct sl_buf *b, size_t n)
{
  if (b->failed || !b->p)
    return;
  b->n += n;
  b->p[b->n] = 0;
}

void sl_buf_add(struct sl_buf *b, const void *p, size_t n)
{
  const char *from = p;
  bool own = b->p && n && from >= b->p && from <= b->p + b->n; /* a piece of itself, which growing may move */
  size_t at = own ? (size_t)(from - b->p) : 0;
  char *to = sl_buf_room(b, n);
  if (!to)
    return;
  if (n)
    memmove(to, own ? b->p + at : from, n);
  sl_buf_wrote(b, n);
}

void sl_buf_str(struct sl_buf *b, struct sl_str s)
{
  sl_buf_add(b, s.p, s.n);
}

void sl_buf_z(struct sl_buf *b, const char *z)
{
  sl_buf_str(b, sl_str(z));
}

void sl_buf_ch(struct sl_buf *b, char c)
{
  char *to = sl_buf_room(b, 1);
  if (!to)
    return;
  *to = c;
  sl_buf_wrote(b, 1);
}

void sl_buf_fill(struct sl_buf *b, char c, size_t n)
{
  char *to = sl_buf_room(b, n);
  if (!to)
    return;
  memset(to, c, n);
  sl_buf_wrote(b, n);
}

void sl_buf_vprintf(struct sl_buf *b, const char *fmt, va_list ap)
{
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, again);
  va_end(again);
  char *to = n < 0 ? NULL : sl_buf_room(b, (size_t)n);
  if (n < 0 && !b->failed)
    b->failed = SL_ELIMIT; /* longer than an int can say */
  if (!to)
    return;
  vsnprintf(to, (size_t)n + 1, fmt, ap);
  sl_buf_wrote(b, (size_t)n);
}

void sl_buf_printf(struct sl_buf *b, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  sl_buf_vprintf(b, fmt, ap);
  va_end(ap);
}

void sl_buf_u8(struct sl_buf *b, uint32_t codepoint)
{
  char out[4];
  sl_buf_add(b, out, (size_t)sl_utf8_put(codepoint, out));
}

void sl_buf_le(struct sl_buf *b, uint64_t v, unsigned bytes)
{
  char out[8];
  if (bytes > sizeof out)
    bytes = sizeof out;
  for (unsigned i = 0; i < bytes; i++)
    out[i] = (char)(v >> (8 * i) & 0xff);
  sl_buf_add(b, out, bytes);
}

void sl_buf_lstr(struct sl_buf *b, struct sl_str s)
{
  if (s.n > UINT32_MAX) {
    b->failed = b->failed ? b->failed : SL_ELIMIT;
    return;
  }
  sl_buf_le(b, s.n, 4);
  sl_buf_str(b, s);
}

void sl_buf_drop(struct sl_buf *b, size_t n)
{
  if (!b->p)
    return;
  if (n > b->n)
    n = b->n;
  memmove(b->p, b->p + n, b->n - n + 1);
  b->n -= n;
}

void sl_buf_cut(struct sl_buf *b, size_t n)
{
  if (!b->p || n >= b->n)
    return;
  b->n = n;
  b->p[n] = 0;
}

struct sl_str sl_buf_view(const struct sl_buf *b)
{
  return sl_strn(sl_buf_zstr(b), b->n);
}

const char *sl_buf_zstr(const struct sl_buf *b)
{
  return b->p ? b->p : "";
}

char *sl_buf_take(struct sl_buf *b, size_t *n)
{
  char *p = sl_buf_room(b, 0) ? b->p : NULL; /* also where nothing was written yet */
  if (n)
    *n = p ? b->n : 0;
  if (p) {
    p[b->n] = 0;
    b->p = NULL;
  }
  sl_buf_free(b);
  return p;
}

int sl_buf_check(const struct sl_buf *b, struct sl_err *err)
{
  if (b->failed == SL_ENOMEM)
    return sl_err_nomem(err);
  if (b->failed)
    return sl_err_set(err, b->failed, "more than %zu bytes", b->max ? b->max : (size_t)BUF_MAX);
  return SL_OK;
}

/* ---- reading back ---- */

struct sl_rd sl_rd(struct sl_str s)
{
  const unsigned char *p = (const unsigned char *)(s.p ? s.p : "");
  return (struct sl_rd){.p = p, .end = p + s.n};
}

struct sl_str sl_rd_bytes(struct sl_rd *r, size_t n)
{
  if (r->bad || n > (size_t)(r->end - r->p)) {
    r->bad = true;
    return SL_STR_NONE;
  }
  struct sl_str s = sl_strn((const char *)r->p, n);
  r->p += n;
  return s;
}

uint64_t sl_rd_le(struct sl_rd *r, unsigned bytes)
{
  if (bytes > 8)
    r->bad = true;
  struct sl_str s = sl_rd_bytes(r, bytes);
  uint64_t v = 0;
  for (size_t i = s.n; i-- > 0;)
    v = v << 8 | (unsigned char)s.p[i];
  return v;
}

struct sl_str sl_rd_lstr(struct sl_rd *r)
{
  uint64_t n = sl_rd_le(r, 4);
  return sl_rd_bytes(r, (size_t)n);
}
