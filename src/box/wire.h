/* box/wire.h: what console and box say to each other: kinds of frames and their payloads (loop/child.h has the framing).
 *
 * Everything that comes from the box is untrusted; what goes in is ours. A kind that is not known ends the box. Kinds 8 and 24 are
 * kept for read(handle, offset, length) and its answer: remote files, once they are read through the connections' own bytes port. */
#ifndef SL_BOX_WIRE_H
#define SL_BOX_WIRE_H

#include "base/buf.h"

enum {
  /* in */
  WIRE_HELLO = 1,      /* struct wire_hello: once, first */
  WIRE_WORK = 2,       /* struct wire_work */
  WIRE_INPUT = 3,      /* u32 input; batch with the columns connection, ref, then the schema's */
  WIRE_INPUT_END = 4,  /* u32 input */
  /* out */
  WIRE_READY = 16,     /* shut in; what is in force: name, u8 ok, value, advice; repeated */
  WIRE_HEAD = 17,      /* i64 total, schema */
  WIRE_ROWS = 18,      /* batch */
  WIRE_BYTES = 19,
  WIRE_PROGRESS = 20,  /* u64 done, u64 total; also the sign of life */
  WIRE_FEED = 21,      /* u32 input */
  WIRE_DONE = 22,      /* i32 code, text, u8 a file was written, u64 rows */
  WIRE_NOTE = 25,      /* u8 not all of it came, text: what to know of the work, for people */
  WIRE_FAILED = 23     /* i32 code, text: the box could not be set up, and ends */
};
enum { WIRE_MAX_OUT = 64 << 20, WIRE_MAX_IN = 64 << 20, WIRE_FD = 3, WIRE_HEAD_LEN = 5, WIRE_WINDOW = 4, WIRE_LIST_MAX = 4096,
       WIRE_NOTE_MAX = 2048 };

struct wire_list { struct sl_str *at; size_t n; };
struct wire_hello {
  struct sl_str kind, scratch;
  uint64_t memory, tmp;
  uint32_t threads;
  struct wire_list libs, roots;
};
struct wire_input { struct sl_str name, schema; };
struct wire_work {
  struct sl_str text, out;  /* out: a bare file name, or empty */
  uint64_t limit;
  struct wire_input *inputs; size_t ninputs;
};

/* The payloads: little endian, texts as sl_buf_lstr(), lists with their number first. */
void wire_put_hello(struct sl_buf *b, const struct wire_hello *h);
void wire_put_work(struct sl_buf *b, const struct wire_work *w);
/* Texts stay borrowed from the payload; lists are allocated. EPROTO. */
int wire_get_hello(struct wire_hello *h, struct sl_str payload, struct sl_err *err) SL_NODISCARD;
int wire_get_work(struct wire_work *w, struct sl_str payload, struct sl_err *err) SL_NODISCARD;
void wire_hello_free(struct wire_hello *h);
void wire_work_free(struct wire_work *w);

/* Blocking, for the inside. get: EIO when the console is gone. */
int wire_send(int fd, uint8_t kind, struct sl_str payload, struct sl_err *err) SL_NODISCARD;
int wire_recv(int fd, uint8_t *kind, struct sl_buf *payload, struct sl_err *err) SL_NODISCARD;

#endif
