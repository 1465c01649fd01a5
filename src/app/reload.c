/* app/reload.c: the workspace's file is looked at once a second: what changed is read again at once, a mistake keeps the old state and is
 * told in the header. And :ws NAME. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/console_int.h"
#include "base/mem.h"

enum { RELOAD_MS = 1000 };

static void said(void *user, const char *line)
{
  struct console *c = user;
  if (c->ui)
    sl_ui_notice(c->ui, SL_ROLE_warn, sl_str(line));
}

int console_open_ws(struct console *c, struct sl_ws_conf *conf, struct sl_ws **out, struct sl_err *err)
{
  const struct sl_args *args = c->s.app->args;
  struct sl_ws_opts o = {
    .conf = conf, .backends = sl_backends, .person = c->s.person, .exe = c->s.app->exe,
    .lib_dirs = sl_lib_dirs(),
    .readonly = sl_app_readonly(c->s.app), .as = sl_args_text(args, SL_O_as, NULL),
    .threads = (unsigned)sl_args_count(args, SL_O_threads, 0),
    .table_memory = c->s.person->table_memory > 0 ? (size_t)c->s.person->table_memory : 0,
  };
  int rc = sl_tape_open(&c->s, &o, err);
  if (!rc)
    rc = sl_ws_open(out, c->s.loop, &o, err);
  if (rc)
    return rc;
  sl_ws_on_say(*out, said, c);
  struct sl_session with = c->s;
  with.ws = *out;
  return sl_provide_for(&with, &c->s, err);
}

/* True when the file is another one than when it was looked at last. */
static bool file_changed(struct console *c)
{
  struct stat st;
  const char *path = c->s.conf ? sl_ws_conf_path(c->s.conf) : NULL;
  if (!path || stat(path, &st)) /* gone for a moment: editors write anew */
    return false;
  int64_t when = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
  bool other = when != c->file_time || st.st_size != c->file_size || st.st_ino != c->file_inode;
  c->file_time = when;
  c->file_size = st.st_size;
  c->file_inode = st.st_ino;
  return other;
}

static void look(void *user)
{
  struct console *c = user;
  struct sl_ws_conf *fresh = NULL;
  struct sl_err err = { 0 };
  if (!file_changed(c))
    return;
  int rc = sl_ws_conf_load(&fresh, sl_ws_conf_path(c->s.conf), c->s.types, c->s.ntypes, &err);
  if (!rc && sl_str_eq(sl_ws_conf_digest(fresh), sl_ws_conf_digest(c->s.conf))) {
    sl_ws_conf_unref(fresh);
    return;
  }
  if (!rc)
    rc = sl_ws_reload(c->s.ws, fresh, &err);
  if (rc) {
    sl_ui_notice(c->ui, SL_ROLE_bad, sl_str(err.msg));
    sl_ws_conf_unref(fresh);
    return;
  }
  sl_ws_conf_unref(c->s.conf);
  c->s.conf = fresh;
  sl_ui_notice(c->ui, SL_ROLE_ok, SL_STR("the workspace's file has changed and was read again"));
}

int console_watch_file(struct console *c, struct sl_err *err)
{
  c->file_inode = 0; /* the first look reads the file again: it may have changed since it was read */
  return sl_timer_start(c->s.loop, RELOAD_MS, RELOAD_MS, look, c, &c->reload, err);
}

void console_switch(struct console *c)
{
  struct sl_err err = { 0 };
  struct sl_ws_conf *conf = NULL;
  struct sl_ws *ws = NULL, *old = c->s.ws;
  char *path = NULL;
  const char *stay = c->s.capsule ? "this is a recording; leave it to open a workspace" : c->s.recording
    ? "this workspace is being recorded; leave it to open another" : sl_ws_under_way(old, false)
    ? "an action is under way here; switch when it has ended" : NULL; /* closing it now would leave the action without its outcome */
  if (stay) {
    sl_ui_notice(c->ui, SL_ROLE_warn, sl_str(stay));
    sl_free(c->switch_to);
    c->switch_to = NULL;
    return;
  }
  int rc = sl_ws_find(&path, c->switch_to, c->s.person, &err);
  if (!rc)
    rc = sl_ws_conf_load(&conf, path, c->s.types, c->s.ntypes, &err);
  if (!rc)
    rc = console_open_ws(c, conf, &ws, &err);
  sl_free(path);
  sl_free(c->switch_to);
  c->switch_to = NULL;
  if (rc) {
    sl_ui_notice(c->ui, SL_ROLE_bad, sl_str(err.msg));
    sl_ws_close(ws);
    sl_ws_conf_unref(conf);
    return;
  }
  struct sl_ws_conf *old_conf = c->s.conf;
  c->s.ws = ws;
  c->s.conf = conf;
  sl_ui_ws(c->ui, ws);
  c->file_inode = 0;
  sl_ws_close(old);
  console_exports_drop(c, old);
  sl_ws_conf_unref(old_conf);
}
