/* model/secret.c: a secret setting, wherever it comes from: the environment, a file, a command, login's store, or the person.
 *
 * Nothing is kept here: the value goes to the backend that asked and lives there. What the person typed goes into the store only by
 * `login`. Files are read in a lane; a command gets no input, and its first line is the secret. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "loop/child.h"
#include "model/ws_int.h"

enum { SECRET_MAX = 64 << 10, SECRET_ROOM = 256 << 10 /* a file is read in pieces */, COMMAND_MS = 60000 };

static void wait_unlink(struct ws_secret_wait *wait)
{
  struct ws_secret_wait **at = &wait->w->secrets;
  while (*at && *at != wait)
    at = &(*at)->next;
  if (*at)
    *at = wait->next;
}

static void wait_free(struct ws_secret_wait *wait)
{
  if (wait->pins || !wait->told)
    return;
  sl_secret_unref(wait->secret);
  sl_buf_wipe(&wait->out);
  sl_free(wait->owner);
  sl_free(wait->setting);
  sl_free(wait);
}

void ws_secret_tell(struct ws_secret_wait *wait, struct sl_secret *s, const struct sl_err *err)
{
  if (wait->told) {
    sl_secret_unref(s);
    return;
  }
  wait->told = true;
  wait_unlink(wait);
  wait->pins++;
  wait->fn(wait->user, s, s ? NULL : err);
  wait->pins--;
  sl_secret_unref(s);
  wait_free(wait);
}

void ws_secrets_close(struct sl_ws *w, struct sl_backend *b)
{
  struct sl_err e = { 0 };
  sl_err_set(&e, SL_ECANCELED, "%s%s was closed", b ? "connection " : "the workspace", b ? b->name : "");
  for (struct ws_secret_wait *wait = w->secrets, *next; wait; wait = next) {
    next = wait->next;
    if (wait->b != b)
      continue;
    ws_prompt_secret_leave(wait);
    if (wait->child)
      sl_child_kill(wait->child, 9);
    sl_job_cancel(w->l, &wait->job);
    ws_secret_tell(wait, NULL, &e);
    next = w->secrets;
  }
}

/* From a callback of the loop: what was found before it, or what went wrong. */
static void wait_tell_later(void *user)
{
  struct ws_secret_wait *wait = user;
  struct sl_secret *s = wait->secret;
  wait->secret = NULL;
  wait->pins--;
  if (wait->told) {
    sl_secret_unref(s);
    wait_free(wait);
    return;
  }
  ws_secret_tell(wait, s, &wait->err);
}

static int wait_found(struct ws_secret_wait *wait, struct sl_err *err)
{
  int rc = ws_later(wait->w, wait_tell_later, wait, err);
  if (!rc)
    wait->pins++;
  return rc;
}

static void secret_take_line(struct ws_secret_wait *wait, struct sl_str text, const char *from)
{
  ptrdiff_t nl = sl_str_chr(text, '\n');
  if (nl >= 0)
    text = sl_str_head(text, (size_t)nl);
  if (text.n && text.p[text.n - 1] == '\r')
    text.n--;
  if (!text.n)
    sl_err_set(&wait->err, SL_EAUTH, "%s: %s: %s is empty", wait->owner, wait->setting, from);
  else if (sl_secret_new(&wait->secret, text, &wait->err))
    wait->secret = NULL;
}

/* ---- the store of `login`: one file a setting, in a folder only we can read: expiry in ms (0: none), newline, the value ---- */

static char *login_dir(struct sl_ws *w)
{
  char *root = sl_xdg_path(SL_XDG_RUNTIME, "login");
  struct sl_sha256 d = sl_sha256(sl_str(w->conf && sl_ws_conf_path(w->conf) ? sl_ws_conf_path(w->conf) : w->name));
  char hex[65];
  sl_sha256_hex(&d, hex);
  hex[16] = 0; /* two workspaces of one name keep their own */
  char *dir = root ? sl_path_join(root, hex) : NULL;
  sl_free(root);
  return dir;
}

static char *login_path(struct sl_ws *w, const char *conn, const char *setting)
{
  char *dir = login_dir(w);
  char *name = sl_asprintf("%s.%s", conn, setting);
  char *path = dir && name && !strchr(name, '/') ? sl_path_join(dir, name) : NULL;
  sl_free(dir);
  sl_free(name);
  return path;
}

int sl_ws_login_put(struct sl_ws *w, const char *conn, const char *setting, const struct sl_secret *s, sl_ms expires, struct sl_err *err)
{
  char *dir = login_dir(w), *path = login_path(w, conn, setting);
  struct sl_buf b;
  sl_buf_init_secret(&b, SECRET_ROOM);
  sl_buf_printf(&b, "%lld\n", (long long)expires);
  sl_buf_str(&b, sl_secret_reveal(s));
  int rc = dir && path ? sl_mkdirs(dir, 0700, err) : sl_err_nomem(err);
  if (!rc)
    rc = sl_buf_check(&b, err);
  if (!rc)
    rc = sl_file_write(path, sl_buf_view(&b), 0600, err);
  sl_buf_wipe(&b);
  sl_free(dir);
  sl_free(path);
  return rc;
}

int sl_ws_login_forget(struct sl_ws *w, const char *conn, struct sl_err *err)
{
  struct sl_backend *b = ws_conn_find(w, sl_str(conn));
  if (!b)
    return sl_err_set(err, SL_EUSAGE, "no connection %s in this workspace", conn);
  for (size_t i = 0; i < b->ops->nsettings; i++) {
    char *path = b->ops->settings[i].type == SL_SET_SECRET ? login_path(w, conn, b->ops->settings[i].name) : NULL;
    int bad = path && unlink(path) && errno != ENOENT ? errno : 0;
    if (bad)
      sl_err_sys(err, bad, "cannot remove %s", path);
    sl_free(path);
    if (bad)
      return SL_EIO;
  }
  return SL_OK;
}

/* Small, local, ours: read where we stand. True: found and still good. */
static bool login_get(struct ws_secret_wait *wait)
{
  struct sl_ws *w = wait->w;
  char *path = login_path(w, wait->b->name, wait->setting);
  struct sl_buf b;
  sl_buf_init_secret(&b, SECRET_ROOM);
  bool ok = path && sl_file_exists(path) && !sl_file_read_private(&b, path, SECRET_MAX, NULL);
  struct sl_str rest = sl_buf_view(&b), head;
  int64_t expires = 0;
  ok = ok && sl_str_cut(&rest, '\n', &head) && sl_str_i64(head, &expires) && rest.n && (!expires || expires > sl_loop_wall(w->l));
  if (ok && sl_secret_new(&wait->secret, rest, NULL)) {
    wait->secret = NULL;
    ok = false;
  }
  sl_buf_wipe(&b);
  sl_free(path);
  return ok;
}

/* ---- where it may come from ---- */

/* A job of ours gets none of the person's variables: then what `login` kept serves. */
static int from_env(struct ws_secret_wait *wait, const char *name, struct sl_err *err)
{
  const char *v = getenv(name);
  if (v && v[0])
    secret_take_line(wait, sl_str(v), name);
  else if (!wait->b)
    sl_err_set(&wait->err, SL_EAUTH, "%s: %s: the environment has no %s; set it", wait->owner, wait->setting, name);
  else if (!login_get(wait))
    sl_err_set(&wait->err, SL_EAUTH, "%s: %s: the environment has no %s (jobs get none of yours); set it, or run: sluice login %s",
               wait->owner, wait->setting, name, wait->owner);
  return wait_found(wait, err);
}

struct file_job { struct ws_secret_wait *wait; char *path; struct sl_buf b; };

static int file_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct file_job *j = user;
  (void)cancel; /* one small file */
  return sl_file_read_private(&j->b, j->path, SECRET_MAX, err);
}

static void file_done(void *user, int rc, const struct sl_err *err)
{
  struct file_job *j = user;
  struct ws_secret_wait *wait = j->wait;
  if (rc)
    sl_err_set(&wait->err, SL_EAUTH, "%s: %s: %s", wait->owner, wait->setting, err->msg);
  else if (!wait->told)
    secret_take_line(wait, sl_buf_view(&j->b), j->path);
  sl_buf_wipe(&j->b);
  sl_free(j->path);
  sl_free(j);
  wait->job.v = 0;
  wait_tell_later(wait);
}

static int from_file(struct ws_secret_wait *wait, const char *path, struct sl_err *err)
{
  struct sl_ws *w = wait->w;
  struct file_job *j = sl_calloc(1, sizeof *j);
  char *copy = j ? sl_path_abs(path, w->conf ? sl_ws_conf_dir(w->conf) : NULL) : NULL;
  if (!copy) {
    sl_free(j);
    return sl_err_nomem(err);
  }
  *j = (struct file_job){ .wait = wait, .path = copy };
  sl_buf_init_secret(&j->b, SECRET_ROOM);
  static const struct sl_job_ops ops = { .work = file_work, .done = file_done };
  int rc = sl_job_start(w->l, SL_LANE_FILE, &ops, j, &wait->job, err);
  if (rc) {
    sl_free(copy);
    sl_free(j);
    return rc;
  }
  wait->pins++;
  return SL_OK;
}

static void command_out(void *user, int fd, const void *p, size_t n)
{
  struct ws_secret_wait *wait = user;
  if (fd == 1)
    sl_buf_add(&wait->out, p, n);
}

static void command_exited(void *user, int code, int signum, int64_t cpu_ms, int64_t maxrss_kb)
{
  struct ws_secret_wait *wait = user;
  (void)cpu_ms;
  (void)maxrss_kb;
  wait->child = NULL;
  if (!wait->told) {
    if (code || signum || wait->out.failed)
      sl_err_set(&wait->err, SL_EAUTH, "%s: %s: its command %s %d", wait->owner, wait->setting,
                 signum ? "was ended by signal" : "ended with code", signum ? signum : code);
    else
      secret_take_line(wait, sl_buf_view(&wait->out), "its command's output");
  }
  sl_buf_wipe(&wait->out);
  wait_tell_later(wait);
}

static int from_command(struct ws_secret_wait *wait, const char *const *argv, struct sl_err *err)
{
  struct sl_ws *w = wait->w;
  bool trusted = !w->conf;
  int rc = w->conf ? sl_trust_look(w->conf, &trusted, err) : SL_OK;
  if (rc)
    return rc;
  if (!trusted)
    return sl_err_set(err, SL_EAUTH, "%s: %s comes from a command, and this workspace file is not trusted; look at it, then run: "
                      "sluice trust %s", wait->owner, wait->setting, sl_ws_conf_path(w->conf) ? sl_ws_conf_path(w->conf) : "FILE");
  const char *cwd = w->conf ? sl_ws_conf_dir(w->conf) : NULL;
  struct sl_child_spec spec = { .argv = argv, .cwd = cwd, .capture_out = true, .timeout_ms = COMMAND_MS };
  static const struct sl_child_ops ops = { .out = command_out, .exited = command_exited };
  rc = sl_child_start(&wait->child, w->l, &spec, &ops, wait, err);
  if (!rc)
    wait->pins++;
  else if (rc != SL_ENOMEM && err) { /* whatever its reason: there is no secret */
    sl_err_prefix(err, "%s: %s", wait->owner, wait->setting);
    rc = err->code = SL_EAUTH;
  }
  return rc;
}

static int from_person(struct ws_secret_wait *wait, bool may_ask, struct sl_err *err)
{
  if (login_get(wait))
    return wait_found(wait, err);
  if (may_ask)
    return ws_prompt_secret(wait, err);
  return sl_err_set(err, SL_EAUTH, "%s: no %s is set; set it in the workspace, or run: sluice login %s", wait->b->name, wait->setting,
                    wait->b->name);
}

static int wait_start(struct ws_secret_wait *wait, const struct sl_secret_src *src, struct sl_err *err)
{
  static const struct sl_secret_src none = { .kind = SL_SECRET_NONE };
  if (!src)
    src = &none;
  switch (src->kind) {
  case SL_SECRET_LITERAL:
    secret_take_line(wait, sl_str(src->text), "its value");
    return wait_found(wait, err);
  case SL_SECRET_ENV: return from_env(wait, src->text, err);
  case SL_SECRET_FILE: return from_file(wait, src->text, err);
  case SL_SECRET_COMMAND: return from_command(wait, src->argv, err);
  case SL_SECRET_ASK:
  case SL_SECRET_NONE:
    if (wait->b)
      return from_person(wait, src->kind == SL_SECRET_ASK, err);
    return sl_err_set(err, SL_EAUTH, "%s: %s cannot be asked for; write {env: NAME}, {file: PATH} or {command: [...]}", wait->owner,
                      wait->setting);
  }
  return sl_err_set(err, SL_EINTERNAL, "a secret of no kind");
}

static int wait_new(struct sl_ws *w, struct sl_backend *b, const char *owner, const char *setting, const struct sl_secret_src *src,
                    sl_secret_fn *fn, void *user, struct sl_err *err)
{
  struct ws_secret_wait *wait = sl_calloc(1, sizeof *wait);
  char *who = sl_strdup(owner), *copy = sl_strdup(setting);
  if (!wait || !who || !copy) {
    sl_free(wait);
    sl_free(who);
    sl_free(copy);
    return sl_err_nomem(err);
  }
  *wait = (struct ws_secret_wait){ .w = w, .b = b, .owner = who, .setting = copy, .fn = fn, .user = user };
  sl_buf_init_secret(&wait->out, SECRET_MAX);
  wait->next = w->secrets;
  w->secrets = wait;
  int rc = wait_start(wait, src, err);
  if (rc) { /* fn does not come */
    wait_unlink(wait);
    wait->told = true;
    wait_free(wait);
  }
  return rc;
}

int sl_backend_secret(struct sl_backend *b, const char *setting, sl_secret_fn *fn, void *user, struct sl_err *err)
{
  return wait_new(b->w, b, b->name, setting, b->conf ? sl_conf_secret(b->conf, setting) : NULL, fn, user, err);
}

int sl_ws_secret(struct sl_ws *w, const char *owner, const char *setting, const struct sl_secret_src *src, sl_secret_fn *fn, void *user,
                 struct sl_err *err)
{
  return wait_new(w, NULL, owner, setting, src, fn, user, err);
}
