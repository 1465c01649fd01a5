/* app/session.c: from options to an open workspace. */
#include "app/session.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "model/backend.h"

int sl_session_types(struct sl_session *s, struct sl_err *err)
{
  size_t n = 0;
  while (sl_backends[n])
    n++;
  s->types = sl_calloc(n + 1, sizeof *s->types);
  if (!s->types)
    return sl_err_nomem(err);
  s->ntypes = n;
  for (size_t i = 0; i < n; i++) {
    const struct sl_backend_ops *o = sl_backends[i];
    s->types[i] = (struct sl_type_conf){ .type = o->type, .help = o->help, .settings = o->settings, .nsettings = o->nsettings,
                                         .implicit = o->implicit };
  }
  return SL_OK;
}

/* A file that was named must be there. Without one, what stands around makes a workspace. */
static int find_conf(struct sl_session *s, unsigned flags, struct sl_err *err)
{
  const char *arg = sl_args_text(s->app->args, SL_O_workspace, NULL);
  char *path = NULL;
  if (sl_args_text(s->app->args, SL_O_replay, NULL))
    return arg ? sl_err_set(err, SL_EUSAGE, "--replay stands in for the workspace: leave -w away") : SL_OK;
  int rc = sl_ws_find(&path, arg, s->person, err);
  if (rc == SL_EUSAGE && !arg && (flags & SL_SESSION_ANY) && !getenv("SLUICE_WORKSPACE")) {
    sl_err_clear(err);
    rc = SL_OK; /* several: the command needs none */
  } else if (!rc && path)
    rc = sl_ws_conf_load(&s->conf, path, s->types, s->ntypes, err);
  else if (!rc) {
    char cwd[4096];
    if (getcwd(cwd, sizeof cwd))
      rc = sl_ws_conf_environment(&s->conf, cwd, s->types, s->ntypes, err);
  }
  sl_free(path);
  return rc;
}

static void say_warnings(const struct sl_session *s)
{
  const char *const *words = NULL;
  size_t n = s->conf ? sl_ws_conf_warnings(s->conf, &words) : 0;
  for (size_t i = 0; i < n; i++)
    sl_app_note("%s", words[i]);
}

int sl_session_conf(struct sl_session *s, struct sl_app *a, unsigned flags, struct sl_err *err)
{
  *s = (struct sl_session){ .app = a };
  int rc = sl_session_types(s, err);
  if (!rc)
    rc = sl_person_load(&s->person, sl_args_text(a->args, SL_O_config, NULL), err);
  if (!rc)
    rc = find_conf(s, flags, err);
  if (!rc)
    say_warnings(s);
  return rc;
}

static void interrupted(void *user, int signum)
{
  struct sl_session *s = user;
  if (s->interrupted)
    _exit(128 + signum);
  s->interrupted = true;
}

static int open_ws(struct sl_session *s, struct sl_err *err)
{
  const struct sl_args *args = s->app->args;
  struct sl_ws_opts o = {
    .conf = s->conf, .backends = sl_backends, .person = s->person, .exe = s->app->exe, .lib_dirs = sl_lib_dirs(),
    .headless = true,
    .readonly = sl_app_readonly(s->app), .no_input = sl_args_has(args, SL_O_no_input),
    .as = sl_args_text(args, SL_O_as, NULL), .threads = (unsigned)sl_args_count(args, SL_O_threads, 0),
    .table_memory = s->person->table_memory > 0 ? (size_t)s->person->table_memory : 0,
  };
  int rc = sl_tape_open(s, &o, err);
  if (!rc)
    rc = sl_ws_open(&s->ws, s->loop, &o, err);
  return rc ? rc : sl_tape_begin(s, err);
}

int sl_session_open(struct sl_session *s, struct sl_app *a, unsigned flags, struct sl_err *err)
{
  int rc = sl_session_conf(s, a, flags, err);
  return rc ? rc : sl_session_open_conf(s, err);
}

static void said(void *user, const char *line)
{
  (void)user;
  sl_app_note("%s", line);
}

int sl_session_open_conf(struct sl_session *s, struct sl_err *err)
{
  const struct sl_args *args = s->app->args;
  int rc = s->person ? SL_OK : sl_person_load(&s->person, sl_args_text(args, SL_O_config, NULL), err);
  if (!rc)
    rc = sl_loop_open(&s->loop, err);
  if (!rc) {
    sl_loop_threads(s->loop, (unsigned)sl_args_count(args, SL_O_threads, 0));
    rc = sl_signal_watch(s->loop, SIGINT, interrupted, s, err);
  }
  if (!rc)
    rc = sl_signal_watch(s->loop, SIGTERM, interrupted, s, err);
  if (!rc)
    rc = open_ws(s, err);
  if (!rc)
    rc = sl_provide(s, err);
  if (!rc) {
    sl_session_asks(s);
    sl_ws_on_say(s->ws, said, s);
  }
  return rc;
}

void sl_session_close(struct sl_session *s)
{
  sl_app_progress(NULL);
  sl_tape_end(s);
  sl_ws_close(s->ws);
  if (s->loop)
    sl_loop_close(s->loop);
  sl_tape_close(s);
  sl_ws_conf_unref(s->conf);
  sl_person_free(s->person);
  sl_free(s->types);
  *s = (struct sl_session){ 0 };
}

struct settling { bool done; size_t open, settled; };

static void settled(void *user, size_t open, size_t known)
{
  struct settling *x = user;
  *x = (struct settling){ true, open, known };
}

void sl_session_settle(struct sl_session *s)
{
  struct settling x = { .done = false };
  struct sl_err none;
  if (s->capsule || s->interrupted || sl_ws_reconcile_reached(s->ws, settled, &x, &none))
    return;
  (void)!sl_session_wait(s, &x.done, &none);
  if (x.settled)
    sl_app_note("%zu of %zu actions that had no known end have one now: sluice audit list", x.settled, x.open);
}

int sl_session_wait(struct sl_session *s, const bool *done, struct sl_err *err)
{
  while (!*done && !s->interrupted)
    if (!sl_loop_turn(s->loop, -1))
      break;
  if (*done)
    return SL_OK;
  sl_err_clear(err);
  return SL_ECANCELED;
}
