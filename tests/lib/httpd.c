/* tests/lib/httpd.c: see httpd.h. One thread accepts, one serves each connection; plain malloc, so that the count of our own allocator
 * shows the program's pieces only. */
#include "httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNS_MAX = 256, REQUESTS_MAX = 256, REQUEST_BYTES_MAX = 4 << 20 };

struct request { char *p; size_t n; };

struct httpd {
  const struct httpd_step *step;
  unsigned *used;
  size_t nstep;
  int listener, stop[2], port;
  pthread_t acceptor;
  pthread_mutex_t lock;
  struct request request[REQUESTS_MAX];
  unsigned nrequest, nconn;
  pthread_t conn[CONNS_MAX];
};

struct conn {
  struct httpd *d;
  int fd;
  const struct httpd_step *step;
  size_t sent;              /* of the present answer */
  bool over;
};

/* ---- waiting: everything ends when the server is stopped ---- */

static bool wait_fd(struct httpd *d, int fd, short events, int ms)
{
  struct pollfd p[2] = { { .fd = d->stop[0], .events = POLLIN }, { .fd = fd, .events = events } };
  int rc = poll(p, fd < 0 ? 1 : 2, ms);
  return rc >= 0 && !p[0].revents;
}

static void conn_write(struct conn *c, const char *p, size_t n)
{
  while (n && !c->over) {
    size_t piece = n;
    if (c->step->slice && piece > c->step->slice)
      piece = c->step->slice;
    if (c->step->drop_at > 0 && c->sent + piece > (size_t)c->step->drop_at)
      piece = (size_t)c->step->drop_at - c->sent;
    ssize_t w = piece ? send(c->fd, p, piece, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    if (w < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      c->over = !wait_fd(c->d, c->fd, POLLOUT, -1);
      continue;
    }
    if (w < 0) {
      c->over = true;
      return;
    }
    p += w;
    n -= (size_t)w;
    c->sent += (size_t)w;
    if (c->step->drop_at > 0 && c->sent >= (size_t)c->step->drop_at)
      c->over = true;
    if (c->step->slice_ms && !c->over)
      c->over = !wait_fd(c->d, -1, 0, c->step->slice_ms);
  }
}

static void conn_text(struct conn *c, const char *s)
{
  conn_write(c, s, strlen(s));
}

/* ---- answers ---- */

static void answer_chunked(struct conn *c, const char *body, size_t n)
{
  size_t piece = c->step->slice ? c->step->slice : n;
  char line[32];
  for (size_t at = 0; at < n && !c->over; at += piece) {
    size_t len = n - at < piece ? n - at : piece;
    snprintf(line, sizeof line, "%zx\r\n", len);
    conn_text(c, line);
    conn_write(c, body + at, len);
    conn_text(c, "\r\n");
  }
  conn_text(c, "0\r\n\r\n");
}

static void answer_endless(struct conn *c, const char *first, const char *piece)
{
  conn_text(c, first);
  while (!c->over)
    conn_text(c, piece);
}

static void answer_normal(struct conn *c)
{
  const struct httpd_step *s = c->step;
  size_t n = s->nbody ? s->nbody : s->body ? strlen(s->body) : 0;
  char head[512];
  int status = s->status ? s->status : 200;
  snprintf(head, sizeof head, "HTTP/1.1 %d X\r\n%s", status, s->shape == HTTPD_CHUNKED ? "Transfer-Encoding: chunked\r\n" : "");
  conn_text(c, head);
  if (s->headers)
    conn_text(c, s->headers);
  if (s->shape == HTTPD_LENGTH) {
    snprintf(head, sizeof head, "Content-Length: %ld\r\n", s->length ? s->length : (long)n);
    conn_text(c, head);
  }
  conn_text(c, "\r\n");
  if (s->shape == HTTPD_CHUNKED)
    answer_chunked(c, s->body, n);
  else
    conn_write(c, s->body, n);
  if (s->shape == HTTPD_UNTIL_CLOSE)
    c->over = true;
}

static void answer(struct conn *c)
{
  const struct httpd_step *s = c->step;
  c->sent = 0;
  if (s->delay_ms && !wait_fd(c->d, -1, 0, s->delay_ms))
    c->over = true;
  if (s->drop_at < 0)
    c->over = true;
  if (c->over)
    return;
  switch (s->shape) {
  case HTTPD_RAW: conn_write(c, s->body, s->nbody ? s->nbody : strlen(s->body)); break;
  case HTTPD_ENDLESS_HEADERS: answer_endless(c, "HTTP/1.1 200 X\r\n", "X-More: and more and more and more and more\r\n"); break;
  case HTTPD_ENDLESS_LINE: answer_endless(c, "HTTP/1.1 200 X\r\nX-Long: ", "and more and more and more and more and more "); break;
  case HTTPD_ENDLESS_100: answer_endless(c, "", "HTTP/1.1 100 Continue\r\n\r\n"); break;
  case HTTPD_ENDLESS_BODY:
    answer_endless(c, "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n", "20\r\n0123456789abcdef0123456789abcdef\r\n");
    break;
  case HTTPD_SILENT: wait_fd(c->d, -1, 0, -1); c->over = true; break;
  default: answer_normal(c); break;
  }
}

/* ---- requests ---- */

static size_t digits(const char *p)
{
  size_t v = 0;
  for (p += strspn(p, " "); *p >= '0' && *p <= '9' && v < REQUEST_BYTES_MAX; p++)
    v = v * 10 + (size_t)(*p - '0');
  return v;
}

static size_t body_length(const char *head)
{
  for (const char *p = head; (p = strchr(p, '\n')); ) {
    p++;
    if (!strncasecmp(p, "content-length:", 15))
      return digits(p + 15);
  }
  return 0;
}

/* A whole request, malloc'ed; false at the end of the connection. What came of the next one stays in *rest. */
static bool read_request(struct conn *c, struct request *out)
{
  char *p = malloc(REQUEST_BYTES_MAX + 1);
  size_t n = 0, want = SIZE_MAX;
  while (p && n < want) {
    if (!wait_fd(c->d, c->fd, POLLIN, -1))
      break;
    ssize_t r = recv(c->fd, p + n, (size_t)REQUEST_BYTES_MAX - n, 0);
    if (r <= 0)
      break;
    n += (size_t)r;
    p[n] = 0;
    char *end = want == SIZE_MAX ? strstr(p, "\r\n\r\n") : NULL;
    if (end)
      want = (size_t)(end + 4 - p) + body_length(p);
  }
  if (!p || n < want) {
    free(p);
    return false;
  }
  *out = (struct request){ realloc(p, n + 1), n };
  return true;
}

static const struct httpd_step *choose(struct httpd *d, const char *request)
{
  const char *target = strchr(request, ' ');
  target = target ? target + 1 : "";
  for (size_t i = 0; i < d->nstep; i++) {
    const struct httpd_step *s = &d->step[i];
    if (s->path && strncmp(target, s->path, strlen(s->path)))
      continue;
    if (s->times && d->used[i] >= s->times)
      continue;
    d->used[i]++;
    return s;
  }
  return NULL;
}

static void keep(struct httpd *d, struct request r, struct conn *c)
{
  pthread_mutex_lock(&d->lock);
  c->step = choose(d, r.p);
  if (d->nrequest < REQUESTS_MAX)
    d->request[d->nrequest++] = r;
  else
    free(r.p);
  pthread_mutex_unlock(&d->lock);
}

static void *conn_main(void *arg)
{
  static const struct httpd_step none = { .status = 404, .body = "no such step" };
  struct conn *c = arg;
  struct request r;
  while (!c->over && read_request(c, &r)) {
    keep(c->d, r, c);
    if (!c->step)
      c->step = &none;
    answer(c);
  }
  if (c->step && c->step->reset)
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
  close(c->fd);
  free(c);
  return NULL;
}

static void *accept_main(void *arg)
{
  struct httpd *d = arg;
  while (wait_fd(d, d->listener, POLLIN, -1)) {
    int fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC);
    struct conn *c = fd < 0 ? NULL : calloc(1, sizeof *c);
    if (!c) {
      if (fd >= 0)
        close(fd);
      continue;
    }
    c->d = d;
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)); /* answers are written in pieces */
    pthread_mutex_lock(&d->lock);
    if (d->nconn < CONNS_MAX && !pthread_create(&d->conn[d->nconn], NULL, conn_main, c)) {
      d->nconn++;
    } else {
      close(fd);
      free(c);
    }
    pthread_mutex_unlock(&d->lock);
  }
  return NULL;
}

/* ---- outside ---- */

static int bound(int type, int *port)
{
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t n = sizeof a;
  int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || getsockname(fd, (struct sockaddr *)&a, &n))
    return -1;
  *port = ntohs(a.sin_port);
  return fd;
}

int httpd_silent_udp(int *fd)
{
  int port = -1;
  *fd = bound(SOCK_DGRAM, &port);
  return port;
}

int httpd_dead_port(void)
{
  int port = -1, fd = bound(SOCK_STREAM, &port);
  close(fd);
  return port;
}

struct httpd *httpd_start(const struct httpd_step *step, size_t n)
{
  struct httpd *d = calloc(1, sizeof *d);
  if (!d)
    return NULL;
  d->step = step;
  d->nstep = n;
  d->used = calloc(n ? n : 1, sizeof *d->used);
  pthread_mutex_init(&d->lock, NULL);
  d->listener = bound(SOCK_STREAM, &d->port);
  if (!d->used || d->listener < 0 || listen(d->listener, 64) || pipe(d->stop) || pthread_create(&d->acceptor, NULL, accept_main, d)) {
    free(d->used);
    free(d);
    return NULL;
  }
  return d;
}

void httpd_stop(struct httpd *d)
{
  if (!d)
    return;
  if (write(d->stop[1], "x", 1) != 1)
    abort();
  pthread_join(d->acceptor, NULL);
  for (unsigned i = 0; i < d->nconn; i++)
    pthread_join(d->conn[i], NULL);
  close(d->listener);
  close(d->stop[0]);
  close(d->stop[1]);
  for (unsigned i = 0; i < d->nrequest; i++)
    free(d->request[i].p);
  pthread_mutex_destroy(&d->lock);
  free(d->used);
  free(d);
}

int httpd_port(const struct httpd *d)
{
  return d->port;
}

const char *httpd_url(struct httpd *d, const char *path, char *buf, size_t n)
{
  snprintf(buf, n, "http://127.0.0.1:%d%s", d->port, path);
  return buf;
}

unsigned httpd_requests(struct httpd *d)
{
  pthread_mutex_lock(&d->lock);
  unsigned n = d->nrequest;
  pthread_mutex_unlock(&d->lock);
  return n;
}

unsigned httpd_connections(struct httpd *d)
{
  pthread_mutex_lock(&d->lock);
  unsigned n = d->nconn;
  pthread_mutex_unlock(&d->lock);
  return n;
}

bool httpd_request(struct httpd *d, unsigned i, char *buf, size_t n)
{
  pthread_mutex_lock(&d->lock);
  bool there = i < d->nrequest;
  if (there)
    snprintf(buf, n, "%.*s", (int)d->request[i].n, d->request[i].p);
  pthread_mutex_unlock(&d->lock);
  return there;
}

/* ---- gzip without a compressor ---- */

static uint32_t crc_add(uint32_t crc, unsigned char byte)
{
  crc ^= byte;
  for (int k = 0; k < 8; k++)
    crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
  return crc;
}

struct bits { unsigned char *p; size_t n; unsigned acc, have; };

static void bits_put(struct bits *b, unsigned v, unsigned n)
{
  b->acc |= v << b->have;
  for (b->have += n; b->have >= 8; b->have -= 8) {
    b->p[b->n++] = (unsigned char)b->acc;
    b->acc >>= 8;
  }
}

static void put_le32(struct bits *b, uint32_t v)
{
  for (int i = 0; i < 4; i++)
    b->p[b->n++] = (unsigned char)(v >> (8 * i));
}

static struct bits gzip_begin(size_t room)
{
  static const unsigned char head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
  struct bits b = { .p = malloc(room) };
  if (!b.p)
    abort();
  memcpy(b.p, head, sizeof head);
  b.n = sizeof head;
  return b;
}

char *httpd_gzip(const void *p, size_t n, size_t *out)
{
  struct bits b = gzip_begin(n + n / 65535 * 5 + 64);
  const unsigned char *from = p;
  uint32_t crc = ~0u;
  for (size_t at = 0; at == 0 || at < n; at += 65535) {
    size_t len = n - at < 65535 ? n - at : 65535;
    b.p[b.n++] = at + len >= n;
    b.p[b.n++] = (unsigned char)len;
    b.p[b.n++] = (unsigned char)(len >> 8);
    b.p[b.n++] = (unsigned char)~len;
    b.p[b.n++] = (unsigned char)(~len >> 8);
    memcpy(b.p + b.n, from + at, len);
    b.n += len;
  }
  for (size_t i = 0; i < n; i++)
    crc = crc_add(crc, from[i]);
  put_le32(&b, ~crc);
  put_le32(&b, (uint32_t)n);
  *out = b.n;
  return (char *)b.p;
}

/* Fixed codes: one literal 0, then "258 bytes from one byte back" (13 bits) as often as it takes. The sum behind it is left out: whoever
 * gets that far has failed the test. */
char *httpd_gzip_bomb(size_t swell, size_t *out)
{
  size_t copies = swell / 258 + 1;
  struct bits b = gzip_begin(copies * 13 / 8 + 64);
  bits_put(&b, 1 | 1 << 1, 3);
  bits_put(&b, 0x0c, 8);              /* literal 0: code 00110000, most significant bit first */
  for (size_t i = 0; i < copies; i++) {
    bits_put(&b, 0xa3, 8);            /* length 258: 285 is code 11000101 */
    bits_put(&b, 0, 5);
  }
  bits_put(&b, 0, 7);
  bits_put(&b, 0, 8);
  *out = b.n;
  return (char *)b.p;
}
