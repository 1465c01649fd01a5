/* base/sshwire.c: SSH's own encoding, read and written. */
#include "base/sshwire.h"

struct sl_ssh_rd sl_ssh_rd(struct sl_str s)
{
  return (struct sl_ssh_rd){ .left = s };
}

static struct sl_str take(struct sl_ssh_rd *r, size_t n)
{
  if (r->bad || n > r->left.n) {
    r->bad = true;
    return SL_STR_NONE;
  }
  struct sl_str s = sl_str_head(r->left, n);
  r->left = sl_str_from(r->left, n);
  return s;
}

uint8_t sl_ssh_u8(struct sl_ssh_rd *r)
{
  struct sl_str s = take(r, 1);
  return s.n ? (uint8_t)s.p[0] : 0;
}

uint32_t sl_ssh_u32(struct sl_ssh_rd *r)
{
  struct sl_str s = take(r, 4);
  uint32_t v = 0;
  for (size_t i = 0; i < s.n; i++)
    v = v << 8 | (unsigned char)s.p[i];
  return v;
}

struct sl_str sl_ssh_str(struct sl_ssh_rd *r)
{
  return take(r, sl_ssh_u32(r));
}

struct sl_str sl_ssh_mpint(struct sl_ssh_rd *r)
{
  struct sl_str s = sl_ssh_str(r);
  bool sign = s.n && (unsigned char)s.p[0] >= 0x80;
  bool padded = s.n && !s.p[0];
  if (!s.n || sign || (padded && (s.n < 2 || (unsigned char)s.p[1] < 0x80))) {
    r->bad = true;
    return SL_STR_NONE;
  }
  return sl_str_from(s, padded);
}

bool sl_ssh_end(const struct sl_ssh_rd *r)
{
  return !r->bad && !r->left.n;
}

void sl_ssh_put_u32(struct sl_buf *b, uint32_t v)
{
  for (int shift = 24; shift >= 0; shift -= 8)
    sl_buf_ch(b, (char)(v >> shift & 0xff));
}

void sl_ssh_put_str(struct sl_buf *b, struct sl_str s)
{
  sl_ssh_put_u32(b, (uint32_t)s.n);
  sl_buf_str(b, s);
}

void sl_ssh_put_mpint(struct sl_buf *b, struct sl_str s)
{
  while (s.n && !s.p[0])
    s = sl_str_from(s, 1);
  bool pad = s.n && (unsigned char)s.p[0] >= 0x80;
  sl_ssh_put_u32(b, (uint32_t)(s.n + pad));
  if (pad)
    sl_buf_ch(b, 0);
  sl_buf_str(b, s);
}
