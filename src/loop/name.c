/* loop/name.c: host names to addresses in lane dns.
 *
 * getaddrinfo() cannot be interrupted: with a silent name server it sits for ten seconds and more. So who waits is apart from what runs:
 * a waiter can leave at any moment, the look-up goes on in its thread and its answer goes to the cache. Equal names share one look-up. */
#include <arpa/inet.h>
#include <netdb.h>
#include <resolv.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/trace.h"
#include "loop/priv.h"

enum { ADDRS_MAX = 16, HOST_MAX = 253, CACHE_MAX = 256, CACHE_MS = 60000 };

struct answer {
  int rc;                        /* of getaddrinfo */
  size_t n;
  struct sl_addr addr[ADDRS_MAX];
};

struct ask { /* the job's: touched by its thread until it is done */
  char host[HOST_MAX + 3];
  uint16_t test_port;            /* ask 127.0.0.1 there, see SLUICE_TEST_NS */
  struct sl_loop *l;
  struct answer answer;
};

struct name {
  struct name *next;
  char host[HOST_MAX + 3];
  bool asked;                    /* its job is under way */
  int64_t fresh_until;           /* loop's clock; 0: no answer yet */
  struct answer answer;
};

struct waiter {
  struct waiter *next;
  struct sl_loop *l;
  char host[HOST_MAX + 3];
  uint64_t id, seq;
  int deadline_ms;
  sl_timer timer;                /* the deadline; or 0 ms, when the answer is known */
  struct answer known;
  sl_lookup_fn *fn;
  void *user;
};

struct sl_names {
  struct sl_slots waiters;
  struct waiter *first;
  uint64_t seq;
  struct name *name;
  size_t nname;
  uint16_t test_port;
};

/* ---- in the thread ---- */

static void take_addresses(struct answer *a, const struct addrinfo *ai)
{
  for (; ai && a->n < ADDRS_MAX; ai = ai->ai_next) {
    const void *raw = NULL;
    if (ai->ai_family == AF_INET)
      raw = &((const struct sockaddr_in *)(const void *)ai->ai_addr)->sin_addr;
    else if (ai->ai_family == AF_INET6)
      raw = &((const struct sockaddr_in6 *)(const void *)ai->ai_addr)->sin6_addr;
    struct sl_addr *to = &a->addr[a->n];
    if (raw && inet_ntop(ai->ai_family, raw, to->ip, sizeof to->ip)) {
      to->v6 = ai->ai_family == AF_INET6;
      a->n++;
    }
  }
}

/* The resolver's state is the thread's own: a test can point it at a name server that never answers. */
static void use_test_server(uint16_t port)
{
  res_init();
  _res.nscount = 1;
  _res.nsaddr_list[0] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int ask_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  (void)cancel;
  (void)err;
  struct ask *k = user;
  if (k->test_port)
    use_test_server(k->test_port);
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG }, *ai = NULL;
  k->answer.rc = getaddrinfo(k->host, NULL, &hints, &ai);
  if (!k->answer.rc)
    take_addresses(&k->answer, ai);
  if (ai)
    freeaddrinfo(ai);
  return SL_OK;
}

/* ---- on the loop ---- */

/* Only a port: a program that can set our environment cannot send names to another machine by it. */
unsigned sl_lookup_test_port(void)
{
  const char *port = getenv("SLUICE_TEST_NS");
  uint64_t v = 0;
  return port && sl_str_u64(sl_str(port), &v) && v <= UINT16_MAX ? (unsigned)v : 0;
}

static struct sl_names *names_get(struct sl_loop *l)
{
  if (l->names)
    return l->names;
  struct sl_names *ns = sl_calloc(1, sizeof *ns);
  if (!ns)
    return NULL;
  ns->test_port = (uint16_t)sl_lookup_test_port();
  if (ns->test_port)
    sl_trace(SL_TR_LOOP, 0, "names are asked of 127.0.0.1:%u only: SLUICE_TEST_NS is set", (unsigned)ns->test_port);
  return l->names = ns;
}

static struct name *name_find(struct sl_names *ns, const char *host)
{
  for (struct name *n = ns->name; n; n = n->next)
    if (!strcmp(n->host, host))
      return n;
  return NULL;
}

/* Over the cap the first name that nobody asks for goes. */
static void cache_trim(struct sl_names *ns)
{
  for (struct name **at = &ns->name; ns->nname >= CACHE_MAX && *at;) {
    struct name *n = *at;
    if (n->asked) {
      at = &n->next;
      continue;
    }
    *at = n->next;
    ns->nname--;
    sl_free(n);
  }
}

static struct name *name_get(struct sl_names *ns, const char *host)
{
  struct name *n = name_find(ns, host);
  if (n)
    return n;
  cache_trim(ns);
  n = sl_calloc(1, sizeof *n);
  if (!n)
    return NULL;
  memcpy(n->host, host, sizeof n->host);
  n->next = ns->name;
  ns->name = n;
  ns->nname++;
  return n;
}

static int answer_error(const char *host, const struct answer *a, struct sl_err *err)
{
  if (!a->rc && a->n)
    return SL_OK;
  if (a->rc == EAI_MEMORY)
    return sl_err_nomem(err);
  if (a->rc == EAI_AGAIN)
    return sl_err_set(err, SL_ENET, "%s: the name server does not answer; check the network", host);
  return sl_err_set(err, SL_ENET, "%s: no such host (%s)", host, a->rc ? gai_strerror(a->rc) : "it has no address");
}

/* Takes w out before its fn runs: fn may start and cancel others. */
static void waiter_end(struct waiter *w, int rc, const struct answer *a, const struct sl_err *err)
{
  struct sl_names *ns = w->l->names;
  struct waiter **at = &ns->first;
  while (*at && *at != w)
    at = &(*at)->next;
  if (*at)
    *at = w->next;
  sl_slots_take(&ns->waiters, w->id);
  sl_timer_stop(w->l, &w->timer);
  sl_loop_busy(w->l, -1);
  if (w->fn)
    w->fn(w->user, rc, a ? a->addr : NULL, a ? a->n : 0, err);
  sl_free(w);
}

static void waiter_answer(struct waiter *w, const struct answer *a)
{
  struct sl_err err = { .code = SL_OK };
  int rc = answer_error(w->host, a, &err);
  waiter_end(w, rc, rc ? NULL : a, &err);
}

static struct waiter *waiter_for(struct sl_names *ns, const char *host, uint64_t seq)
{
  struct waiter *w = ns->first;
  while (w && (w->seq > seq || strcmp(w->host, host)))
    w = w->next;
  return w;
}

/* Those that wait for host now, the first one first; looked up anew each time, since a callback may take others away or add some. */
static void answer_all(struct sl_loop *l, const char *host, const struct answer *a)
{
  struct waiter *w;
  uint64_t seq = l->names->seq;
  while ((w = waiter_for(l->names, host, seq)))
    waiter_answer(w, a);
}

static void ask_done(void *user, int rc, const struct sl_err *err)
{
  (void)err;
  struct ask *k = user;
  struct sl_loop *l = k->l;
  struct name *n = l->closing ? NULL : name_find(l->names, k->host);
  if (n) {
    struct answer a = k->answer;
    if (rc)
      a.rc = EAI_AGAIN;
    n->asked = false;
    n->answer = a;
    n->fresh_until = a.rc || !a.n ? 0 : sl_loop_now(l) + CACHE_MS;
    sl_trace(SL_TR_LOOP, 2, "name %s: %zu addresses", k->host, a.n);
    answer_all(l, k->host, &a);
  }
  sl_free(k);
}

static int ask_start(struct sl_loop *l, struct name *n, struct sl_err *err)
{
  struct ask *k = sl_calloc(1, sizeof *k);
  if (!k)
    return sl_err_nomem(err);
  memcpy(k->host, n->host, sizeof k->host);
  k->l = l;
  k->test_port = l->names->test_port;
  static const struct sl_job_ops ops = { .work = ask_work, .done = ask_done };
  int rc = sl_job_start_droppable(l, SL_LANE_DNS, &ops, sl_free, k, NULL, err);
  if (rc)
    sl_free(k);
  else
    n->asked = true;
  return rc;
}

static bool is_literal(const char *host, struct sl_addr *out)
{
  unsigned char raw[16];
  out->v6 = strchr(host, ':') != NULL;
  return inet_pton(out->v6 ? AF_INET6 : AF_INET, host, raw) == 1 && inet_ntop(out->v6 ? AF_INET6 : AF_INET, raw, out->ip, sizeof out->ip);
}

static void on_known(void *user)
{
  struct waiter *w = user;
  struct answer a = w->known; /* w ends before its callback has read it */
  waiter_answer(w, &a);
}

static void on_deadline(void *user)
{
  struct waiter *w = user;
  struct sl_err err;
  int rc = sl_err_set(&err, SL_ETIMEOUT, "%s: the name server did not answer within %g s; check the network", w->host,
                      w->deadline_ms / 1000.0);
  waiter_end(w, rc, NULL, &err);
}

static int copy_host(char *to, const char *host, struct sl_err *err)
{
  size_t n = strlen(host);
  if (n > 1 && host[0] == '[' && host[n - 1] == ']') {
    host++;
    n -= 2;
  }
  if (!n || n > HOST_MAX)
    return sl_err_set(err, SL_ECONFIG, n ? "a host name is longer than %d bytes" : "a host name is empty", HOST_MAX);
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)host[i];
    if (c <= ' ' || c >= 0x7f || c == '/' || c == '%' || c == '@')
      return sl_err_set(err, SL_ECONFIG, "%s is no host name; write an international one in its xn-- form", host);
    to[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : (char)c;
  }
  to[n] = 0;
  return SL_OK;
}

/* The timer is the deadline, or says at once what is known already. */
static int waiter_begin(struct waiter *w, struct sl_err *err)
{
  struct sl_loop *l = w->l;
  struct name *n = NULL;
  bool known = is_literal(w->host, &w->known.addr[0]);
  w->known.n = known;
  if (!known) {
    n = name_get(l->names, w->host);
    if (!n)
      return sl_err_nomem(err);
    known = !n->asked && n->fresh_until > sl_loop_now(l);
    if (known)
      w->known = n->answer;
  }
  int rc = sl_timer_start(l, known ? 0 : w->deadline_ms, 0, known ? on_known : on_deadline, w, &w->timer, err);
  if (!rc && !known && !n->asked)
    rc = ask_start(l, n, err);
  return rc;
}

static void waiter_append(struct sl_names *ns, struct waiter *w)
{
  struct waiter **at = &ns->first;
  while (*at)
    at = &(*at)->next;
  w->seq = ++ns->seq;
  *at = w;
}

int sl_lookup_start(struct sl_loop *l, const char *host, int deadline_ms, sl_lookup_fn *fn, void *user, sl_lookup *out, struct sl_err *err)
{
  out->v = 0;
  struct sl_names *ns = names_get(l);
  struct waiter *w = ns ? sl_calloc(1, sizeof *w) : NULL;
  if (!w)
    return sl_err_nomem(err);
  *w = (struct waiter){ .l = l, .deadline_ms = deadline_ms > 0 ? deadline_ms : 10000, .fn = fn, .user = user };
  int rc = copy_host(w->host, host, err);
  if (!rc)
    rc = sl_slots_put(&ns->waiters, w, &w->id, err);
  if (!rc) {
    rc = waiter_begin(w, err);
    if (rc)
      sl_slots_take(&ns->waiters, w->id);
  }
  if (rc) {
    sl_timer_stop(l, &w->timer);
    sl_free(w);
    return rc;
  }
  waiter_append(ns, w);
  sl_loop_busy(l, 1);
  out->v = w->id;
  return SL_OK;
}

void sl_lookup_cancel(struct sl_loop *l, sl_lookup *q)
{
  struct waiter *w = l->names ? sl_slots_get(&l->names->waiters, q->v) : NULL;
  q->v = 0;
  if (!w)
    return;
  w->fn = NULL;
  waiter_end(w, SL_ECANCELED, NULL, NULL);
}

void sl_names_free(struct sl_loop *l)
{
  struct sl_names *ns = l->names;
  if (!ns)
    return;
  while (ns->first) {
    ns->first->fn = NULL;
    waiter_end(ns->first, SL_ECANCELED, NULL, NULL);
  }
  while (ns->name) {
    struct name *n = ns->name;
    ns->name = n->next;
    sl_free(n);
  }
  sl_slots_free(&ns->waiters);
  sl_free(ns);
  l->names = NULL;
}
