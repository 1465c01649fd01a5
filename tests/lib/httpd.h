/* tests/lib/httpd.h: a small scripted HTTP server on loopback that can misbehave, for tests of whoever speaks HTTP.
 *
 * It has its own threads. Every wait ends at once when it is stopped. It answers each request with the first step whose path fits and whose
 * times are not used up, and keeps what it was asked. */
#ifndef SL_TESTS_HTTPD_H
#define SL_TESTS_HTTPD_H

#include <stdbool.h>
#include <stddef.h>

enum httpd_shape {
  HTTPD_LENGTH,          /* Content-Length and the body */
  HTTPD_CHUNKED,         /* chunks of `slice` bytes */
  HTTPD_UNTIL_CLOSE,     /* neither: the body ends with the connection */
  HTTPD_RAW,             /* `body` is the whole answer, head included */
  HTTPD_ENDLESS_HEADERS, /* header lines for ever */
  HTTPD_ENDLESS_LINE,    /* one header that never ends */
  HTTPD_ENDLESS_100,     /* 100 Continue for ever */
  HTTPD_ENDLESS_BODY,    /* chunks for ever */
  HTTPD_SILENT           /* reads the request, never answers */
};

struct httpd_step {
  const char *path;      /* how the request's target begins; NULL: any */
  unsigned times;        /* 0: for ever */
  enum httpd_shape shape;
  int status;            /* 0: 200 */
  const char *headers;   /* further lines, each with \r\n */
  const char *body;      /* nbody 0: up to its NUL */
  size_t nbody;
  long length;           /* != 0: said as Content-Length instead of the truth */
  long drop_at;          /* > 0: closes after so many bytes of the answer; -1: at once */
  bool reset;            /* closes with RST */
  int delay_ms;          /* before the answer */
  size_t slice;          /* > 0: written in pieces of so many bytes, */
  int slice_ms;          /* with so long between them */
};

struct httpd;
struct httpd *httpd_start(const struct httpd_step *step, size_t n); /* steps are borrowed until stop; NULL: failed, errno says why */
void httpd_stop(struct httpd *d);
int httpd_port(const struct httpd *d);
const char *httpd_url(struct httpd *d, const char *path, char *buf, size_t n);  /* http://127.0.0.1:PORT + path */
unsigned httpd_requests(struct httpd *d);
unsigned httpd_connections(struct httpd *d);
/* The whole of request i as it came, head and body; copied; false when there is none. Cut to n. */
bool httpd_request(struct httpd *d, unsigned i, char *buf, size_t n);

/* A gzip member: `n` bytes of p stored, and one that swells to `swell` zero bytes at about 1:159. malloc'ed; *out its size. */
char *httpd_gzip(const void *p, size_t n, size_t *out);
char *httpd_gzip_bomb(size_t swell, size_t *out);

/* A UDP socket on loopback that takes questions and never answers: a silent name server. Its port; closed by close(*fd). */
int httpd_silent_udp(int *fd);
/* A TCP port on loopback where nobody listens (bound and closed). */
int httpd_dead_port(void);

#endif
