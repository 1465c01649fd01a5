/* app/tape.c: --record FILE and --replay FILE: a capsule is begun and ended around whatever the program does, or stands in for the
 * workspace. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/session.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/capsule.h"

enum { ASKED = 4 };

/* A recording's workspace leaves nothing behind: its state folder is its own and goes with it. */
static int own_state(struct sl_session *s, struct sl_err *err)
{
  char *cache = sl_xdg_path(SL_XDG_CACHE, "replay"), *dir = cache ? sl_asprintf("%s/XXXXXX", cache) : NULL;
  int rc = dir ? sl_mkdirs(cache, 0700, err) : sl_err_nomem(err);
  if (!rc && !mkdtemp(dir))
    rc = sl_err_set(err, SL_EIO, "cannot make a folder in %s", cache);
  s->replay_state = rc ? NULL : dir;
  if (rc)
    sl_free(dir);
  sl_free(cache);
  return rc;
}

int sl_tape_open(struct sl_session *s, struct sl_ws_opts *o, struct sl_err *err)
{
  const char *file = sl_args_text(s->app->args, SL_O_replay, NULL);
  if (!file || s->capsule)
    return SL_OK;
  int rc = sl_capsule_replay_open(&s->capsule, file, s->loop, err);
  if (!rc)
    rc = own_state(s, err);
  if (rc)
    return rc;
  o->conf = sl_capsule_conf(s->capsule);
  o->backends = sl_capsule_backends(s->capsule);
  o->replay = s->capsule;
  o->replay_file = file;
  o->name = sl_capsule_name(s->capsule);
  o->state_dir = s->replay_state;
  o->readonly = true;
  return SL_OK;
}

/* Found out before the work, not after it. */
static int may_write(const char *file, struct sl_err *err)
{
  struct stat st;
  char *dir = sl_path_dir(file);
  bool other = stat(file, &st) == 0 && !S_ISREG(st.st_mode); /* a device would be replaced */
  int rc = !dir ? sl_err_nomem(err) : other ? sl_err_set(err, SL_EUSAGE, "--record %s: this is no regular file; name another", file)
           : access(dir, W_OK) ? sl_err_sys(err, errno, "--record %s: cannot write in %s", file, dir) : SL_OK;
  sl_free(dir);
  return rc;
}

int sl_tape_begin(struct sl_session *s, struct sl_err *err)
{
  const struct sl_capsule_opts o = {.with_data = sl_args_has(s->app->args, SL_O_with_data)};
  const char *file = sl_args_text(s->app->args, SL_O_record, NULL);
  if (!file || s->recording)
    return SL_OK;
  int rc = may_write(file, err);
  return rc ? rc : sl_capsule_record_begin(&s->recording, s->ws, &o, err);
}

/* What goes in is said before it is written; standard output stays the command's own. */
static void say_contents(const struct sl_capsule_rec *r)
{
  struct sl_buf b;
  struct sl_str rest, line;
  sl_buf_init(&b, 1 << 20);
  if (!sl_capsule_summary(r, &b, NULL)) {
    rest = sl_buf_view(&b);
    while (sl_str_cut(&rest, '\n', &line))
      if (line.n)
        sl_app_note("recorded: %.*s", SL_ARG(line));
  }
  sl_buf_free(&b);
}

/* Whoever sits there decides; a script decided when it was written. No answer is no. */
static bool agreed(struct sl_session *s, const char *file)
{
  if (s->killed)
    return false;
  if (sl_args_has(s->app->args, SL_O_no_input) || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
    return true;
  char *words = sl_asprintf("write this to %s? (y or n)", file);
  const struct sl_ask ask = { .what = "recording", .prompt = words };
  char said = 0;
  for (int i = 0; i < ASKED && said != 'y' && said != 'n'; i++) {
    struct sl_secret *answer = NULL;
    if (words && sl_ask_terminal(&ask, &answer))
      said = (char)(sl_secret_reveal(answer).p[0] | 0x20);
    sl_secret_unref(answer);
  }
  sl_free(words);
  return said == 'y';
}

void sl_tape_end(struct sl_session *s)
{
  struct sl_err err = {0};
  if (!s->recording) /* nor, perhaps, was the session ever opened */
    return;
  const char *file = sl_args_text(s->app->args, SL_O_record, NULL);
  say_contents(s->recording);
  bool wanted = agreed(s, file);
  if (!wanted)
    sl_app_note("%s: not written", file);
  int rc = sl_capsule_record_end(&s->recording, wanted ? file : NULL, &err);
  if (rc)
    s->app->tape_code = rc == SL_ELIMIT ? SL_EXIT_PARTIAL : sl_code_exit(rc);
  if (rc)
    sl_app_note("%s", err.msg);
}

void sl_tape_close(struct sl_session *s)
{
  sl_capsule_free(s->capsule);
  if (s->replay_state)
    (void)!sl_rmtree(s->replay_state, NULL);
  sl_free(s->replay_state);
}
