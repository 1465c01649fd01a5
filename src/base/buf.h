/* base/buf.h: bytes that grow, up to a cap, and remember the first failure.
 *
 * Write as often as you like, ask once at the end: after a failed write every further one is ignored. The content is always followed by
 * a NUL that does not count. */
#ifndef SL_BASE_BUF_H
#define SL_BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

struct sl_buf {
  char *p;        /* NULL until the first write; then NUL-ended */
  size_t n, cap;
  size_t max;     /* ELIMIT beyond it */
  int failed;     /* SL_OK, SL_ENOMEM or SL_ELIMIT: sticky */
  bool secret;    /* wiped whenever memory is given back, growing included */
};

void sl_buf_init(struct sl_buf *b, size_t max);   /* max 0: 16 MiB */
void sl_buf_init_secret(struct sl_buf *b, size_t max); /* for passwords and tokens; take: sl_free_wipe() it */
void sl_buf_free(struct sl_buf *b);               /* ready for reuse with the same cap */
void sl_buf_wipe(struct sl_buf *b);               /* overwritten first: it held a secret */
void sl_buf_clear(struct sl_buf *b);              /* keeps the memory, forgets content and failure */
/* At the end. p may point into b itself; NULL with n 0 is nothing, as is a NULL z. printf: one that cannot be formatted is ELIMIT. */
void sl_buf_add(struct sl_buf *b, const void *p, size_t n);
void sl_buf_str(struct sl_buf *b, struct sl_str s);
void sl_buf_z(struct sl_buf *b, const char *z);
void sl_buf_ch(struct sl_buf *b, char c);
void sl_buf_fill(struct sl_buf *b, char c, size_t n);
void sl_buf_printf(struct sl_buf *b, const char *fmt, ...) SL_PRINTF(2, 3);
void sl_buf_vprintf(struct sl_buf *b, const char *fmt, va_list ap);

/* One character; a number; or less than there was. */
void sl_buf_u8(struct sl_buf *b, uint32_t codepoint);                    /* as UTF-8 */
void sl_buf_le(struct sl_buf *b, uint64_t v, unsigned bytes);            /* little endian */
void sl_buf_drop(struct sl_buf *b, size_t n);                            /* from the front */
void sl_buf_cut(struct sl_buf *b, size_t n);                             /* to n bytes */
/* n writable bytes at the end, then sl_buf_wrote(); NULL: failed */
char *sl_buf_room(struct sl_buf *b, size_t n) SL_NODISCARD;
void sl_buf_wrote(struct sl_buf *b, size_t n);
struct sl_str sl_buf_view(const struct sl_buf *b);                       /* valid until the next write */
const char *sl_buf_zstr(const struct sl_buf *b);                         /* never NULL */
char *sl_buf_take(struct sl_buf *b, size_t *n) SL_NODISCARD;             /* yours (sl_free); b is empty; NULL when failed */
int sl_buf_check(const struct sl_buf *b, struct sl_err *err) SL_NODISCARD; /* what stuck */

/* Reading back little endian and lengths, for our own encodings: sticky in the same way. */
struct sl_rd { const unsigned char *p, *end; bool bad; };
/* Borrows s. Beyond the end: bad, and 0 or none. le: 0 to 8 bytes, the lowest first. */
struct sl_rd sl_rd(struct sl_str s);
uint64_t sl_rd_le(struct sl_rd *r, unsigned bytes);
struct sl_str sl_rd_bytes(struct sl_rd *r, size_t n);
struct sl_str sl_rd_lstr(struct sl_rd *r);               /* u32 length, then bytes */
void sl_buf_lstr(struct sl_buf *b, struct sl_str s);     /* as sl_rd_lstr() reads it; ELIMIT from 4 GiB */

#endif
