/* judge/agent.c: the protocol of ssh-agents, as far as listing and signing go: a length, a type, fields; one answer a question. */
#include "judge/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sshwire.h"
#include "judge/key.h"

enum { ANSWER_MAX = 1 << 20, KEYS_MAX = 2048, SLICE_MS = 100 };
enum { FAILURE = 5, LIST = 11, LIST_ANSWER = 12, SIGN = 13, SIGN_ANSWER = 14, RSA_SHA2_512 = 4 };

struct sl_agent { int fd; const atomic_bool *cancel; struct sl_buf in; };

static int64_t now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* In slices, so that a cancelled job ends soon. */
static int wait_for(struct sl_agent *a, short events, int64_t deadline, struct sl_err *err)
{
  for (;;) {
    struct pollfd p = { .fd = a->fd, .events = events };
    int64_t left = deadline - now_ms();
    if (a->cancel && atomic_load(a->cancel))
      return sl_err_set(err, SL_ECANCELED, "cancelled");
    if (left <= 0)
      return sl_err_set(err, SL_ETIMEOUT, "the SSH agent did not answer in time; see ssh-add -l");
    int n = poll(&p, 1, (int)(left < SLICE_MS ? left : SLICE_MS));
    if (n > 0)
      return SL_OK;
    if (n < 0 && errno != EINTR)
      return sl_err_sys(err, errno, "cannot wait for the SSH agent");
  }
}

int sl_agent_open(struct sl_agent **out, const char *path, const atomic_bool *cancel, struct sl_err *err)
{
  struct sockaddr_un addr = { .sun_family = AF_UNIX };
  *out = NULL;
  if (!path || !*path)
    return sl_err_set(err, SL_ENOENT, "no SSH agent (SSH_AUTH_SOCK is not set); start one: eval $(ssh-agent), then ssh-add");
  if (strlen(path) >= sizeof addr.sun_path)
    return sl_err_set(err, SL_EUSAGE, "SSH_AUTH_SOCK is longer than a socket's path can be");
  memcpy(addr.sun_path, path, strlen(path));
  struct sl_agent *a = sl_calloc(1, sizeof *a);
  if (!a)
    return sl_err_nomem(err);
  a->cancel = cancel;
  sl_buf_init(&a->in, ANSWER_MAX);
  a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (a->fd < 0 || connect(a->fd, (const struct sockaddr *)&addr, sizeof addr)) {
    int e = errno; /* a full backlog is EAGAIN: an agent that does not answer */
    sl_agent_close(a);
    return sl_err_sys(err, e, "no SSH agent at %s; start one: eval $(ssh-agent), then ssh-add", path);
  }
  *out = a;
  return SL_OK;
}

void sl_agent_close(struct sl_agent *a)
{
  if (!a)
    return;
  if (a->fd >= 0)
    close(a->fd);
  sl_buf_free(&a->in);
  sl_free(a);
}

static int gone(struct sl_err *err)
{
  return sl_err_set(err, SL_EPROTO, "the SSH agent hung up; see ssh-add -l");
}

static int send_all(struct sl_agent *a, struct sl_str s, int64_t deadline, struct sl_err *err)
{
  while (s.n) {
    int rc = wait_for(a, POLLOUT, deadline, err);
    if (rc)
      return rc;
    ssize_t n = send(a->fd, s.p, s.n, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      continue;
    if (n < 0)
      return gone(err);
    s = sl_str_from(s, (size_t)n);
  }
  return SL_OK;
}

/* a->in gets exactly n bytes more. */
static int receive(struct sl_agent *a, size_t n, int64_t deadline, struct sl_err *err)
{
  while (n) {
    int rc = wait_for(a, POLLIN, deadline, err);
    if (rc)
      return rc;
    char *room = sl_buf_room(&a->in, n < 4096 ? n : 4096);
    if (!room)
      return sl_buf_check(&a->in, err);
    ssize_t got = recv(a->fd, room, n < 4096 ? n : 4096, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
      continue;
    if (got <= 0)
      return gone(err);
    sl_buf_wrote(&a->in, (size_t)got);
    n -= (size_t)got;
  }
  return SL_OK;
}

/* Sends body, waits for the answer; *type and fields of it. */
static int ask(struct sl_agent *a, struct sl_str body, int ms, uint8_t *type, struct sl_ssh_rd *answer, struct sl_err *err)
{
  int64_t deadline = now_ms() + ms;
  struct sl_buf out;
  sl_buf_init(&out, 0);
  sl_ssh_put_str(&out, body);
  int rc = sl_buf_check(&out, err);
  if (!rc)
    rc = send_all(a, sl_buf_view(&out), deadline, err);
  sl_buf_free(&out);
  sl_buf_clear(&a->in);
  if (rc || (rc = receive(a, 4, deadline, err)))
    return rc;
  struct sl_ssh_rd r = sl_ssh_rd(sl_buf_view(&a->in));
  uint32_t n = sl_ssh_u32(&r);
  if (!n || n > ANSWER_MAX / 2)
    return sl_err_set(err, SL_EPROTO, "what answers at SSH_AUTH_SOCK is no SSH agent");
  sl_buf_clear(&a->in);
  if ((rc = receive(a, n, deadline, err)))
    return rc;
  *answer = sl_ssh_rd(sl_buf_view(&a->in));
  *type = sl_ssh_u8(answer);
  return SL_OK;
}

/* ---- listing ---- */

static int add_key(struct sl_agent_keys *out, size_t *cap, struct sl_str blob, struct sl_err *err)
{
  struct sl_pubkey k;
  struct sl_err why = { 0 };
  void *v = out->v;
  int rc = sl_pubkey_blob(&k, blob, &why);
  if (rc)
    return rc == SL_ENOMEM ? sl_err_nomem(err) : SL_OK;
  rc = sl_grow(&v, cap, out->n + 1, sizeof *out->v, KEYS_MAX, err);
  out->v = v;
  if (rc)
    sl_pubkey_free(&k);
  else
    out->v[out->n++] = k;
  return rc;
}

int sl_agent_list(struct sl_agent *a, struct sl_agent_keys *out, struct sl_err *err)
{
  static const char question = LIST;
  struct sl_ssh_rd r;
  uint8_t type;
  size_t cap = 0;
  *out = (struct sl_agent_keys){ NULL, 0 };
  int rc = ask(a, sl_strn(&question, 1), SL_AGENT_LIST_MS, &type, &r, err);
  if (rc)
    return rc;
  uint32_t n = sl_ssh_u32(&r);
  if (type != LIST_ANSWER || r.bad || n > KEYS_MAX)
    return sl_err_set(err, SL_EPROTO, "the SSH agent does not say which keys it has; see ssh-add -l");
  for (uint32_t i = 0; i < n && !rc; i++) {
    struct sl_str blob = sl_ssh_str(&r);
    (void)sl_ssh_str(&r); /* its comment: a claim of whoever added it */
    rc = r.bad ? sl_err_set(err, SL_EPROTO, "the SSH agent's list of keys is cut; see ssh-add -l") : add_key(out, &cap, blob, err);
  }
  if (rc)
    sl_agent_keys_free(out);
  return rc;
}

void sl_agent_keys_free(struct sl_agent_keys *k)
{
  for (size_t i = 0; i < k->n; i++)
    sl_pubkey_free(&k->v[i]);
  sl_free(k->v);
  *k = (struct sl_agent_keys){ NULL, 0 };
}

/* ---- signing ---- */

int sl_agent_sign(struct sl_agent *a, const struct sl_pubkey *k, struct sl_str data, struct sl_buf *out, struct sl_err *err)
{
  struct sl_buf body;
  struct sl_ssh_rd r;
  uint8_t type = 0;
  sl_buf_init(&body, 0);
  sl_buf_ch(&body, SIGN);
  sl_ssh_put_str(&body, k->blob);
  sl_ssh_put_str(&body, data);
  sl_ssh_put_u32(&body, k->kind == SL_KEY_RSA ? RSA_SHA2_512 : 0);
  int rc = sl_buf_check(&body, err);
  if (!rc)
    rc = ask(a, sl_buf_view(&body), SL_AGENT_SIGN_MS, &type, &r, err);
  sl_buf_free(&body);
  if (rc)
    return rc;
  if (type == FAILURE)
    return sl_err_set(err, SL_EDENIED, "the SSH agent refused to sign; see ssh-add -l");
  struct sl_str sig = sl_ssh_str(&r);
  if (type != SIGN_ANSWER || !sl_ssh_end(&r))
    return sl_err_set(err, SL_EPROTO, "the SSH agent answered with something else than a signature");
  rc = sl_key_verify(k, data, sig, err);
  if (rc) {
    sl_err_prefix(err, "the SSH agent's signature");
    return rc;
  }
  sl_buf_str(out, sig);
  return sl_buf_check(out, err);
}
