/* box/inside.c: the box's own main: takes its limits, loads its engine, shuts itself in, then does one job after another.
 *
 * It trusts the console, and is trusted with nothing: no environment, no descriptor but the socket, no way to a file outside the roots. It
 * ends when the socket does. */
#include "box/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { BEAT_S = 1, EXIT_GONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define SL_BOX_WORKER(name) extern const struct sl_box_worker box_worker_##name;
#include "box/work.def"
#undef SL_BOX_WORKER

static const struct sl_box_worker *const ours[] = {
#define SL_BOX_WORKER(name) &box_worker_##name,
#include "box/work.def"
#undef SL_BOX_WORKER
  NULL
};

static const struct sl_box_worker *find_in(const struct sl_box_worker *const *list, struct sl_str kind)
{
  for (; list && *list; list++)
    if (sl_str_eqz(kind, (*list)->kind))
      return *list;
  return NULL;
}

/* Descriptors and environment: what exec handed over is already little, but we do not rely on whoever called us. */
static void leave_all(void)
{
  static char lang[] = "LANG=C.UTF-8", tz[] = "TZ=UTC";
  /* The SQL engine's allocator gives addresses back, too: kept ones count against the box's limit as if they held something. */
  static char heap[] = "DUCKDB_JE_MALLOC_CONF=retain:false";
  static char *bare[] = { lang, tz, heap, NULL };
  extern char **environ;
  if (syscall(SYS_close_range, WIRE_FD + 1u, ~0u, 0u))
    for (int fd = WIRE_FD + 1; fd < 1024; fd++)
      close(fd);
  for (int fd = 0; fd < WIRE_FD; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
      _exit(EXIT_FAILED);
  environ = bare;
  umask(077);
}

/* ---- sending ---- */

static int box_send(struct sl_box_ctx *c, uint8_t kind, struct sl_str payload, struct sl_err *err)
{
  pthread_mutex_lock(&c->lock);
  int rc = wire_send(WIRE_FD, kind, payload, err);
  pthread_mutex_unlock(&c->lock);
  return rc;
}

int box_head(struct sl_box_ctx *c, const struct sl_schema *s, int64_t total, struct sl_err *err)
{
  sl_buf_clear(&c->buf);
  sl_buf_le(&c->buf, (uint64_t)total, 8);
  int rc = sl_schema_encode(&c->buf, s, err);
  return rc ? rc : box_send(c, WIRE_HEAD, sl_buf_view(&c->buf), err);
}

int box_rows(struct sl_box_ctx *c, struct sl_batch *b, struct sl_err *err)
{
  int rc = sl_batch_seal(b, err);
  sl_buf_clear(&c->buf);
  if (!rc)
    rc = sl_batch_encode(&c->buf, b, err);
  if (rc)
    return rc;
  c->rows += sl_batch_count(b);
  return box_send(c, WIRE_ROWS, sl_buf_view(&c->buf), err);
}

int box_bytes(struct sl_box_ctx *c, const void *p, size_t n, struct sl_err *err)
{
  return box_send(c, WIRE_BYTES, sl_strn(p, n), err);
}

int box_note(struct sl_box_ctx *c, bool cut, struct sl_str text, struct sl_err *err)
{
  sl_buf_clear(&c->buf);
  sl_buf_ch(&c->buf, cut ? 1 : 0);
  sl_buf_str(&c->buf, sl_str_head(text, WIRE_NOTE_MAX));
  int rc = sl_buf_check(&c->buf, err);
  return rc ? rc : box_send(c, WIRE_NOTE, sl_buf_view(&c->buf), err);
}

void box_progress(struct sl_box_ctx *c, uint64_t done, uint64_t total)
{
  atomic_store(&c->done, done);
  atomic_store(&c->total, total);
}

/* Once a second while a job runs, whatever the engine is at. Blocks with everybody else when the console does not read. */
static void *beat(void *user)
{
  struct sl_box_ctx *c = user;
  for (;;) {
    struct timespec t = { .tv_sec = BEAT_S };
    nanosleep(&t, NULL);
    if (!atomic_load(&c->working))
      continue;
    char frame[16];
    uint64_t v[2] = { atomic_load(&c->done), atomic_load(&c->total) };
    for (size_t i = 0; i < sizeof frame; i++)
      frame[i] = (char)(v[i / 8] >> (8 * (i % 8)) & 0xff);
    if (box_send(c, WIRE_PROGRESS, sl_strn(frame, sizeof frame), NULL))
      return NULL;
  }
}

/* ---- inputs ---- */

static int ask_input(struct sl_box_ctx *c, size_t i, struct sl_err *err)
{
  char n[4] = { (char)(i & 0xff), (char)(i >> 8 & 0xff), 0, 0 };
  return box_send(c, WIRE_FEED, sl_strn(n, sizeof n), err);
}

static int take_input(struct sl_box_ctx *c, struct sl_rd *r, struct sl_schema *s, box_input_fn *each, void *user, struct sl_err *err)
{
  struct sl_str conns = sl_rd_lstr(r);
  struct sl_batch *b = NULL;
  (void)c;
  if (r->bad)
    return sl_err_set(err, SL_EPROTO, "a message to the box is damaged");
  int rc = sl_batch_decode(&b, s, sl_rd_bytes(r, (size_t)(r->end - r->p)), err);
  if (!rc)
    rc = each(user, conns, b, err);
  sl_batch_unref(b);
  return rc;
}

int box_input(struct sl_box_ctx *c, size_t i, struct sl_schema *s, box_input_fn *each, void *user, struct sl_err *err)
{
  int rc = SL_OK;
  for (int k = 0; !rc && k < WIRE_WINDOW; k++)
    rc = ask_input(c, i, err);
  while (!rc) {
    uint8_t kind;
    rc = wire_recv(WIRE_FD, &kind, &c->in, err);
    if (rc)
      return rc;
    struct sl_rd r = sl_rd(sl_buf_view(&c->in));
    uint64_t which = sl_rd_le(&r, 4);
    if ((kind != WIRE_INPUT && kind != WIRE_INPUT_END) || which != i)
      return sl_err_set(err, SL_EPROTO, "the box was sent something else than the rows it asked for");
    if (kind == WIRE_INPUT_END)
      return SL_OK;
    rc = take_input(c, &r, s, each, user, err);
    if (!rc)
      rc = ask_input(c, i, err);
  }
  return rc;
}

/* ---- jobs ---- */

#ifdef SL_COVERAGE
void __gcov_dump(void);
void __gcov_reset(void);
/* A box is killed, not ended: what was run is noted after every job. */
static void note_coverage(void)
{
  __gcov_dump();
  __gcov_reset();
}
#else
static void note_coverage(void) {}
#endif

static int send_end(struct sl_box_ctx *c, uint8_t kind, int code, const struct sl_err *e)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_le(&b, (uint32_t)code, 4);
  sl_buf_lstr(&b, sl_str(code ? e->msg : ""));
  if (kind == WIRE_DONE) {
    sl_buf_le(&b, c->wrote, 1);
    sl_buf_le(&b, c->rows, 8);
  }
  int rc = sl_buf_check(&b, NULL);
  if (!rc)
    rc = box_send(c, kind, sl_buf_view(&b), NULL);
  sl_buf_free(&b);
  return rc;
}

void box_give_up(struct sl_box_ctx *c, int code, const char *fmt, ...)
{
  struct sl_err e = { 0 };
  va_list ap;
  va_start(ap, fmt);
  sl_err_vset(&e, code, fmt, ap);
  va_end(ap);
  c->wrote = false;
  note_coverage();
  (void)!send_end(c, WIRE_DONE, code, &e);
  _exit(EXIT_FAILED);
}

static int out_file(struct sl_box_ctx *c, struct sl_err *err)
{
  if (!c->work.out.n)
    return SL_OK;
  if (sl_str_chr(c->work.out, '/') >= 0 || c->work.out.p[0] == '.')
    return sl_err_set(err, SL_EINTERNAL, "the box writes only into its own folder");
  c->out_file = sl_asprintf("%.*s/%.*s", SL_ARG(c->hello->scratch), SL_ARG(c->work.out));
  return c->out_file ? SL_OK : sl_err_nomem(err);
}

static int do_work(struct sl_box_ctx *c)
{
  struct sl_err err = { 0 };
  struct sl_buf text; /* the frame's buffer is used again for inputs */
  sl_buf_init(&text, WIRE_MAX_IN);
  sl_buf_str(&text, sl_buf_view(&c->in));
  int rc = sl_buf_check(&text, &err);
  c->rows = 0;
  c->wrote = false;
  box_progress(c, 0, 0);
  atomic_store(&c->working, true);
  if (!rc)
    rc = wire_get_work(&c->work, sl_buf_view(&text), &err);
  if (!rc)
    rc = out_file(c, &err);
  if (!rc)
    rc = c->worker->run(c, c->work.text, &err);
  atomic_store(&c->working, false);
  note_coverage();
  rc = send_end(c, WIRE_DONE, rc, &err);
  wire_work_free(&c->work);
  c->work = (struct wire_work){ 0 };
  sl_free(c->out_file);
  c->out_file = NULL;
  sl_buf_free(&text);
  return rc;
}

static int serve(struct sl_box_ctx *c)
{
  for (;;) {
    uint8_t kind;
    if (wire_recv(WIRE_FD, &kind, &c->in, NULL))
      return EXIT_GONE;
    if (kind == WIRE_INPUT || kind == WIRE_INPUT_END)
      continue; /* of a job that failed before it had read all */
    if (kind != WIRE_WORK || do_work(c))
      return EXIT_FAILED;
  }
}

/* ---- start ---- */

static void put_facts(struct sl_buf *b, const struct guard *g)
{
  for (size_t i = 0; i < g->nfacts; i++) {
    const struct sl_box_fact *f = &g->fact[i];
    sl_buf_lstr(b, sl_str(f->name));
    sl_buf_le(b, f->ok, 1);
    sl_buf_lstr(b, sl_str(f->value));
    sl_buf_lstr(b, sl_str(f->advice ? f->advice : ""));
  }
}

/* One thread, or parts of us would stay outside: Landlock binds only the thread that calls it. */
static int alone(struct sl_err *err)
{
  struct stat st;
  if (stat("/proc/self/task", &st) == 0 && st.st_nlink > 3)
    return sl_err_set(err, SL_EINTERNAL, "an engine started threads while it was loaded: the box does not start");
  return SL_OK;
}

static int shut_in(struct sl_box_ctx *c, struct guard *g, struct sl_err *err)
{
  pthread_t t;
  int rc = guard_before(g, err);
  if (!rc && c->worker->load)
    rc = c->worker->load(c, err);
  if (!rc)
    rc = alone(err);
  if (!rc)
    rc = guard_shut(g, err);
  if (!rc && pthread_create(&t, NULL, beat, c))
    rc = sl_err_set(err, SL_ENOMEM, "the box cannot start its threads");
  return rc;
}

static int start(struct sl_box_ctx *c, struct wire_hello *h, const struct sl_box_worker *const *extra, struct sl_err *err)
{
  uint8_t kind;
  int rc = wire_recv(WIRE_FD, &kind, &c->in, err);
  if (!rc && kind != WIRE_HELLO)
    rc = sl_err_set(err, SL_EPROTO, "the box was not told what it is for");
  struct sl_buf keep; /* hello is read from it until the end */
  sl_buf_init(&keep, WIRE_MAX_IN);
  sl_buf_str(&keep, sl_buf_view(&c->in));
  if (!rc)
    rc = sl_buf_check(&keep, err);
  if (!rc)
    rc = wire_get_hello(h, sl_buf_view(&keep), err);
  if (rc)
    return rc;
  c->hello = h;
  c->worker = find_in(ours, h->kind);
  if (!c->worker)
    c->worker = find_in(extra, h->kind);
  if (!c->worker)
    return sl_err_set(err, SL_EINTERNAL, "the box knows no work of the kind \"%.*s\"", SL_ARG(h->kind));
  char *scratch = sl_strndup(h->scratch.p, h->scratch.n);
  if (!scratch)
    return sl_err_nomem(err);
  struct guard g = { .hello = h, .scratch = scratch };
  rc = shut_in(c, &g, err);
  sl_free(scratch);
  if (rc)
    return rc;
  sl_buf_clear(&c->buf);
  put_facts(&c->buf, &g);
  return box_send(c, WIRE_READY, sl_buf_view(&c->buf), err);
}

/* `--box facts`: the same walls around nothing, told on stdout. */
static int tell_facts(void)
{
  struct sl_err err = { 0 };
  struct wire_hello h = { .memory = UINT64_C(512) << 20, .tmp = UINT64_C(2) << 30, .threads = 1 };
  struct guard g = { .hello = &h };
  struct sl_buf b;
  sl_buf_init(&b, 0);
  int rc = guard_before(&g, &err);
  if (!rc)
    rc = guard_shut(&g, &err);
  if (rc)
    guard_fact(&g, "start", false, "files and SQL cannot be opened until this is mended", "%s", err.msg);
  put_facts(&b, &g);
  ssize_t n = write(STDOUT_FILENO, b.p, b.n);
  return rc || n != (ssize_t)b.n ? EXIT_FAILED : EXIT_GONE;
}

int sl_box_main_with(int argc, char **argv, const struct sl_box_worker *const *extra)
{
  static struct sl_box_ctx c;
  static struct wire_hello h;
  struct sl_err err = { 0 };
  struct stat st;
  if (argc > 2 && !strcmp(argv[2], "facts")) {
    _exit(tell_facts());
  }
  if (fstat(WIRE_FD, &st) || !S_ISSOCK(st.st_mode)) {
    fputs("sluice --box is started by sluice itself, with a socket\n", stderr);
    return EXIT_USAGE;
  }
  leave_all();
  pthread_mutex_init(&c.lock, NULL);
  sl_buf_init(&c.buf, WIRE_MAX_OUT);
  sl_buf_init(&c.in, WIRE_MAX_IN);
  int rc = start(&c, &h, extra, &err);
  note_coverage();
  if (rc)
    send_end(&c, WIRE_FAILED, rc, &err);
  /* at once: no destructor of an engine gets a say */
  _exit(rc ? EXIT_FAILED : serve(&c));
}

int sl_box_main(int argc, char **argv)
{
  return sl_box_main_with(argc, argv, NULL);
}
