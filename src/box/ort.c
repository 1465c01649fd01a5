/* box/ort.c: ONNX Runtime's library: where it is, what it says when something is wrong, and what stops it when it takes too long.
 *
 * It is told to keep quiet: a line of its own on stderr would stand across a full screen; and to tell nobody else anything. */
#include "box/ort.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { GRACE_S = 5, TICK_NS = 100 * 1000 * 1000 };

static void quiet(void *user, int severity, const char *category, const char *id, const char *place, const char *text)
{
  (void)user;
  (void)severity;
  (void)category;
  (void)id;
  (void)place;
  (void)text;
}

static void missing(struct ort *o, const char *why)
{
  snprintf(o->why, sizeof o->why, "ONNX models need libonnxruntime.so.1, %s: ./run deps fetches it, or set SLUICE_LIB to its folder", why);
}

static bool bind_calls(struct ort *o, const void *const *table)
{
#define ORT_BIND(slot, ret, name, args) memcpy(&o->name, &table[slot], sizeof o->name);
  ORT_CALLS(ORT_BIND)
#undef ORT_BIND
  return o->create_env(quiet, NULL, ORT_LOG_ERROR, "sluice", &o->env) == NULL && o->no_telemetry(o->env) == NULL;
}

int ort_load(struct sl_box_ctx *c, struct sl_err *err)
{
  char path[4096];
  struct ort *o = c->ort = sl_calloc(1, sizeof *o);
  const struct ort_base *(*base)(void) = NULL;
  if (!o)
    return sl_err_nomem(err);
  if (!box_lib(&c->hello->libs, "libonnxruntime.so.1", path, sizeof path)) {
    missing(o, "which is not here");
    return SL_OK;
  }
  /* Newer ones report to their maker how they are used, from a thread that would be outside our walls. */
  if (setenv("ORT_DISABLE_TELEMETRY", "1", 1))
    return sl_err_nomem(err);
  void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol = lib ? dlsym(lib, "OrtGetApiBase") : NULL;
  if (symbol)
    memcpy(&base, &symbol, sizeof base);
  const void *const *table = base ? base()->api(ORT_API) : NULL;
  if (!table || !bind_calls(o, table)) {
    missing(o, lib ? "and the one that is here is too old or damaged" : "and the one that is here cannot be loaded");
    o->env = NULL;
    return SL_OK;
  }
  snprintf(o->version, sizeof o->version, "%s", base()->version());
  return SL_OK;
}

/* ---- what it says ---- */

/* Behind "file.cc:12 type function(arguments) [with T = x] ", which only its authors want. */
static struct sl_str behind_place(struct sl_str s)
{
  ptrdiff_t at;
  struct sl_str left = s;
  while ((at = sl_str_find(left, SL_STR(".cc:"))) >= 0 || (at = sl_str_find(left, SL_STR(".h:"))) >= 0) {
    struct sl_str rest = sl_str_from(left, (size_t)at + 3);
    ptrdiff_t open = sl_str_chr(rest, '('), depth = 0;
    size_t i = open < 0 ? 0 : (size_t)open;
    for (; i < rest.n && open >= 0; i++) {
      depth += rest.p[i] == '(' ? 1 : rest.p[i] == ')' ? -1 : 0;
      if (!depth)
        break;
    }
    rest = sl_str_trim(sl_str_from(rest, i + 1));
    if (sl_str_starts(rest, SL_STR("const ")))
      rest = sl_str_trim(sl_str_from(rest, 6));
    ptrdiff_t close = sl_str_starts(rest, SL_STR("[with ")) ? sl_str_chr(rest, ']') : -1;
    rest = close < 0 ? rest : sl_str_trim(sl_str_from(rest, (size_t)close + 1));
    if (open < 0 || !rest.n)
      break;
    left = s = rest;
  }
  return s;
}

static bool says(struct sl_str s, const char *what) { return sl_str_find(s, sl_str(what)) >= 0; }

static int put_words(int code, struct sl_str s, struct sl_err *err)
{
  char line[224];
  size_t n = 0;
  if (says(s, "bad_alloc") || says(s, "bad allocation") || says(s, "allocate memory"))
    return sl_err_set(err, SL_ELIMIT, "it needs more memory than the box has (box: memory in config.yaml)");
  s = sl_str_trim(behind_place(s));
  for (size_t i = 0; i < s.n && n + 1 < sizeof line; i++) {
    char ch = (unsigned char)s.p[i] < ' ' ? ' ' : s.p[i];
    if (ch != ' ' || (n && line[n - 1] != ' '))
      line[n++] = ch;
  }
  line[n] = 0;
  return sl_err_set(err, code == ORT_E_NOT_IMPLEMENTED ? SL_EUNSUP : SL_EPARSE, "ONNX Runtime says: %s", line);
}

int ort_check(const struct ort *o, ort_status s, struct sl_err *err)
{
  if (!s)
    return SL_OK;
  int rc = put_words(o->error_code(s), sl_str(o->error_message(s)), err);
  o->release_status(s);
  return rc;
}

/* ---- what stops it ---- */

static struct watch {
  pthread_mutex_t lock;
  bool started, on, told;
  struct sl_box_ctx *c;
  ort_run_options run;
  int64_t until;               /* ms */
  unsigned seconds;
  const char *what;
} watch = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int64_t now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A run ends when it is told, if it gets that far; a single step of a graph does not look, nor does loading. */
static void look(struct watch *w)
{
  if (!w->on || now_ms() < w->until)
    return;
  if (!w->run || w->told)
    box_give_up(w->c, SL_ELIMIT, "not re-scored: %s took more than %u s", w->what, w->seconds);
  w->told = true;
  w->until = now_ms() + GRACE_S * 1000;
  ort_check(w->c->ort, ((struct ort *)w->c->ort)->terminate(w->run), NULL);
}

static void *watching(void *user)
{
  struct watch *w = user;
  for (;;) {
    struct timespec t = { .tv_nsec = TICK_NS };
    nanosleep(&t, NULL);
    pthread_mutex_lock(&w->lock);
    look(w);
    pthread_mutex_unlock(&w->lock);
  }
  return NULL;
}

void ort_watch(struct sl_box_ctx *c, ort_run_options run, unsigned seconds, const char *what)
{
  pthread_t t;
  if (!watch.started)
    watch.started = !pthread_create(&t, NULL, watching, &watch);
  pthread_mutex_lock(&watch.lock);
  watch.c = c;
  watch.run = run;
  watch.what = what;
  watch.seconds = seconds;
  watch.until = now_ms() + (int64_t)seconds * 1000;
  watch.told = false;
  watch.on = true;
  pthread_mutex_unlock(&watch.lock);
}

bool ort_watch_end(void)
{
  pthread_mutex_lock(&watch.lock);
  watch.on = false;
  bool told = watch.told;
  pthread_mutex_unlock(&watch.lock);
  return told;
}
