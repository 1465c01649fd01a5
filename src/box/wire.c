/* box/wire.c: frames inside the box, where blocking is what we want: a full pipe stops the engine, an empty one waits for work. */
#include "box/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

static void put_list(struct sl_buf *b, const struct wire_list *l)
{
  sl_buf_le(b, l->n, 4);
  for (size_t i = 0; i < l->n; i++)
    sl_buf_lstr(b, l->at[i]);
}

static int get_count(struct sl_rd *r, size_t *n, struct sl_err *err)
{
  *n = (size_t)sl_rd_le(r, 4);
  if (r->bad || *n > WIRE_LIST_MAX)
    return sl_err_set(err, SL_EPROTO, "a message to the box is damaged");
  return SL_OK;
}

static int get_list(struct sl_rd *r, struct wire_list *l, struct sl_err *err)
{
  size_t n;
  int rc = get_count(r, &n, err);
  if (rc)
    return rc;
  l->at = sl_calloc(n + 1, sizeof *l->at);
  if (!l->at)
    return sl_err_nomem(err);
  for (l->n = 0; l->n < n; l->n++)
    l->at[l->n] = sl_rd_lstr(r);
  return SL_OK;
}

void wire_put_hello(struct sl_buf *b, const struct wire_hello *h)
{
  sl_buf_lstr(b, h->kind);
  sl_buf_lstr(b, h->scratch);
  sl_buf_le(b, h->memory, 8);
  sl_buf_le(b, h->tmp, 8);
  sl_buf_le(b, h->threads, 4);
  put_list(b, &h->libs);
  put_list(b, &h->roots);
}

int wire_get_hello(struct wire_hello *h, struct sl_str payload, struct sl_err *err)
{
  struct sl_rd r = sl_rd(payload);
  *h = (struct wire_hello){ .kind = sl_rd_lstr(&r) };
  h->scratch = sl_rd_lstr(&r);
  h->memory = sl_rd_le(&r, 8);
  h->tmp = sl_rd_le(&r, 8);
  h->threads = (uint32_t)sl_rd_le(&r, 4);
  int rc = get_list(&r, &h->libs, err);
  if (!rc)
    rc = get_list(&r, &h->roots, err);
  if (!rc && (r.bad || r.p != r.end))
    rc = sl_err_set(err, SL_EPROTO, "a message to the box is damaged");
  return rc;
}

void wire_hello_free(struct wire_hello *h)
{
  sl_free(h->libs.at);
  sl_free(h->roots.at);
}

void wire_put_work(struct sl_buf *b, const struct wire_work *w)
{
  sl_buf_lstr(b, w->text);
  sl_buf_lstr(b, w->out);
  sl_buf_le(b, w->limit, 8);
  sl_buf_le(b, w->ninputs, 4);
  for (size_t i = 0; i < w->ninputs; i++) {
    sl_buf_lstr(b, w->inputs[i].name);
    sl_buf_lstr(b, w->inputs[i].schema);
  }
}

int wire_get_work(struct wire_work *w, struct sl_str payload, struct sl_err *err)
{
  struct sl_rd r = sl_rd(payload);
  *w = (struct wire_work){ .text = sl_rd_lstr(&r) };
  w->out = sl_rd_lstr(&r);
  w->limit = sl_rd_le(&r, 8);
  size_t n;
  int rc = get_count(&r, &n, err);
  if (rc)
    return rc;
  w->inputs = sl_calloc(n + 1, sizeof *w->inputs);
  if (!w->inputs)
    return sl_err_nomem(err);
  for (w->ninputs = 0; w->ninputs < n; w->ninputs++) {
    w->inputs[w->ninputs].name = sl_rd_lstr(&r);
    w->inputs[w->ninputs].schema = sl_rd_lstr(&r);
  }
  return r.bad || r.p != r.end ? sl_err_set(err, SL_EPROTO, "a message to the box is damaged") : SL_OK;
}

void wire_work_free(struct wire_work *w)
{
  sl_free(w->inputs);
}

static int send_all(int fd, const char *p, size_t n, struct sl_err *err)
{
  while (n) {
    ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
    if (k < 0 && errno == EINTR)
      continue;
    if (k < 0)
      return sl_err_sys(err, errno, "the console is gone");
    p += k;
    n -= (size_t)k;
  }
  return SL_OK;
}

int wire_send(int fd, uint8_t kind, struct sl_str payload, struct sl_err *err)
{
  char head[WIRE_HEAD_LEN];
  if (payload.n > WIRE_MAX_OUT)
    return sl_err_set(err, SL_ELIMIT, "a piece of the result is larger than %d MiB", WIRE_MAX_OUT >> 20);
  for (int i = 0; i < 4; i++)
    head[i] = (char)(payload.n >> (8 * i) & 0xff);
  head[4] = (char)kind;
  int rc = send_all(fd, head, sizeof head, err);
  return rc ? rc : send_all(fd, payload.p, payload.n, err);
}

static int recv_all(int fd, char *p, size_t n, struct sl_err *err)
{
  while (n) {
    ssize_t k = recv(fd, p, n, 0);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      return sl_err_set(err, SL_EIO, "the console is gone");
    p += k;
    n -= (size_t)k;
  }
  return SL_OK;
}

int wire_recv(int fd, uint8_t *kind, struct sl_buf *payload, struct sl_err *err)
{
  char head[WIRE_HEAD_LEN];
  int rc = recv_all(fd, head, sizeof head, err);
  if (rc)
    return rc;
  struct sl_rd r = sl_rd(sl_strn(head, sizeof head));
  size_t n = (size_t)sl_rd_le(&r, 4);
  *kind = (uint8_t)sl_rd_le(&r, 1);
  if (n > WIRE_MAX_IN)
    return sl_err_set(err, SL_EPROTO, "a message to the box is too long");
  sl_buf_clear(payload);
  char *room = sl_buf_room(payload, n ? n : 1);
  if (!room)
    return sl_buf_check(payload, err);
  rc = recv_all(fd, room, n, err);
  if (!rc)
    sl_buf_wrote(payload, n);
  return rc;
}
