/* The reader of our own encodings over any bytes, and the buffer under any order of calls beside a plain array. */
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"

enum { CAP = 300 };

static void try_read(struct sl_str s)
{
  struct sl_rd r = sl_rd(s);
  for (unsigned i = 0; !r.bad && r.p < r.end; i++) {
    unsigned bytes = *r.p % 10;
    if (i % 3 == 0)
      (void)sl_rd_le(&r, bytes);
    else if (i % 3 == 1)
      (void)sl_rd_bytes(&r, bytes);
    else
      (void)sl_rd_lstr(&r);
    FUZZ_CHECK(r.p <= r.end);
    if (bytes == 0)
      (void)sl_rd_le(&r, 1);
  }
}

/* What the buffer must hold. */
struct model { char p[CAP]; size_t n; bool failed; };

static void model_add(struct model *m, const char *p, size_t n)
{
  if (m->failed || n > CAP - m->n) {
    m->failed = true;
    return;
  }
  memcpy(m->p + m->n, p, n);
  m->n += n;
}

static void step(struct sl_buf *b, struct model *m, unsigned op, struct sl_str arg)
{
  char copy[CAP];
  size_t cut = arg.n < m->n ? arg.n : m->n;
  switch (op) {
  case 0: sl_buf_str(b, arg); model_add(m, arg.p, arg.n); break;
  case 1: memcpy(copy, m->p, m->n); sl_buf_str(b, sl_buf_view(b)); model_add(m, copy, m->n); break;
  case 2: sl_buf_drop(b, arg.n); memmove(m->p, m->p + cut, m->n - cut); m->n -= cut; break;
  case 3: sl_buf_cut(b, arg.n); m->n = cut; break;
  case 4: sl_buf_clear(b); *m = (struct model){.n = 0}; break;
  case 5: sl_buf_printf(b, "%.*s", SL_ARG(arg)); model_add(m, arg.p, arg.p ? strnlen(arg.p, arg.n) : 0); break;
  case 6: sl_buf_free(b); *m = (struct model){.n = 0}; break;
  default: sl_buf_ch(b, 'x'); model_add(m, "x", 1); break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_str s = sl_strn((const char *)data, size);
  try_read(s);
  struct sl_buf b;
  struct model m = {.n = 0};
  if (size & 1)
    sl_buf_init(&b, CAP);
  else
    sl_buf_init_secret(&b, CAP);
  while (s.n) {
    unsigned op = (unsigned char)s.p[0] % 8, n = (unsigned char)s.p[0] / 8;
    s = sl_str_from(s, 1);
    step(&b, &m, op, sl_str_head(s, n));
    s = sl_str_from(s, n);
    FUZZ_CHECK(b.n == m.n && (b.failed == SL_ELIMIT) == m.failed && memcmp(sl_buf_zstr(&b), m.p, m.n) == 0);
    FUZZ_CHECK(sl_buf_zstr(&b)[b.n] == 0);
  }
  sl_buf_free(&b);
  return 0;
}
