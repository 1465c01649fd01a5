/* app/cmd_connect.c: `sluice connect URI`: tries a connection, shows who we are there and what it serves, then adds its lines to the
 * workspace. Nothing is written before it has answered. */
#include <stdio.h>
#include <string.h>

#include "app/session.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/backend.h"

int sl_cmd_connect(struct sl_app *a);

/* ---- which backend an address is for ---- */

static bool has_setting(const struct sl_backend_ops *o, const char *name)
{
  for (size_t i = 0; i < o->nsettings; i++)
    if (!strcmp(o->settings[i].name, name))
      return true;
  return false;
}

/* --type says it; else the one type whose setting `uri` may hold such an address. */
static const struct sl_backend_ops *type_of(const char *uri, const char *type, struct sl_err *err)
{
  struct sl_buf all;
  const struct sl_backend_ops *found = NULL;
  sl_buf_init(&all, 4096);
  bool address = strstr(uri, "://") != NULL;
  for (size_t i = 0; sl_backends[i]; i++) {
    const struct sl_backend_ops *o = sl_backends[i];
    bool fits = type ? !strcmp(o->type, type) : address && has_setting(o, "uri");
    sl_buf_printf(&all, "%s%s", i ? ", " : "", o->type);
    found = found ? found : fits ? o : NULL;
  }
  if (!found)
    sl_err_set(err, SL_EUSAGE, "what is %s? --type says which of: %s", uri, sl_buf_zstr(&all));
  sl_buf_free(&all);
  return found;
}

/* The host, or the file's stem, as a name: a-z 0-9 - _ . */
static char *name_of(const char *uri, const char *given)
{
  if (given)
    return sl_strdup(given);
  const char *at = strstr(uri, "://");
  struct sl_str rest = sl_str(at ? at + 3 : uri), part = SL_STR_NONE;
  while (rest.n && rest.p[0] == '/')
    rest = sl_str_from(rest, 1);
  if (at && !strncmp(uri, "sqlite", 6)) {
    ptrdiff_t slash = sl_str_rchr(rest, '/');
    rest = sl_str_from(rest, slash < 0 ? 0 : (size_t)slash + 1);
  }
  if (!sl_str_cut(&rest, '.', &part))
    part = SL_STR("new");
  struct sl_buf b;
  sl_buf_init(&b, 256);
  for (size_t i = 0; i < part.n && b.n < 40; i++) {
    char c = part.p[i];
    c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
      sl_buf_ch(&b, c);
    else
      break;
  }
  if (!b.n)
    sl_buf_z(&b, "new");
  return sl_buf_take(&b, NULL);
}

/* Paths from here, not from the folder of the workspace's file: sqlite:///store.db and ./data become absolute. Yours. */
static char *absolute(const char *uri)
{
  static const char sqlite[] = "sqlite:///";
  bool store = !strncmp(uri, sqlite, sizeof sqlite - 1);
  if (!store && strstr(uri, "://"))
    return sl_strdup(uri);
  char *path = sl_path_abs(store ? uri + sizeof sqlite - 1 : uri, NULL);
  char *whole = path && store ? sl_asprintf("sqlite:///%s", path) : path ? sl_strdup(path) : NULL;
  sl_free(path);
  return whole;
}

/* ---- trying it ---- */

struct trying { bool done; size_t rows; enum sl_src_state state; struct sl_err err; };

static void tried(void *user, sl_watch id, const struct sl_answer *a)
{
  struct trying *t = user;
  (void)id;
  if (!a->done || t->done)
    return;
  t->done = true;
  t->state = a->nsrc ? a->src[0].state : SL_FAILED;
  t->rows = a->snap ? (size_t)sl_snap_count(a->snap) : 0;
  if (a->nsrc)
    t->err = a->src[0].err;
}

static int try_one(struct sl_session *s, const char *conn, const struct sl_resource *res, struct trying *t, struct sl_err *err)
{
  struct sl_query like = { .res = res, .kind = SL_Q_LIST, .conn = sl_str(conn), .limit = 1 }, *q = NULL;
  sl_watch id = { 0 };
  int rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = sl_ws_query(s->ws, q, true, tried, t, &id, err);
  if (!rc)
    rc = sl_session_wait(s, &t->done, err);
  sl_ws_unwatch(s->ws, id);
  sl_query_unref(q);
  return rc;
}

/* The first resource that takes no scope must answer; the rest is named. */
static int try_all(struct sl_session *s, const struct sl_backend_ops *o, const char *conn, struct sl_err *err)
{
  struct sl_buf *b = &s->app->out.b;
  for (size_t i = 0; o->serves[i]; i++) {
    const struct sl_resource *res = o->serves[i]->res;
    struct trying t = { 0 };
    if (res->scope_required)
      continue;
    int rc = try_one(s, conn, res, &t, err);
    if (rc)
      return rc;
    if (t.state == SL_FAILED) {
      *err = t.err;
      return err->code ? err->code : SL_ENET;
    }
    break;
  }
  sl_buf_printf(b, "%s: it answers, and serves:", conn);
  for (size_t i = 0; o->serves[i]; i++)
    sl_buf_printf(b, "%s %s", i ? "," : "", o->serves[i]->res->name);
  sl_buf_ch(b, '\n');
  return SL_OK;
}

static void lines(struct sl_buf *b, const struct sl_backend_ops *o, const char *uri)
{
  sl_buf_printf(b, "type: %s\n", o->type);
  sl_buf_z(b, has_setting(o, "uri") ? "uri: " : "root: ");
  sl_yaml_quote(b, sl_str(uri));
  sl_buf_ch(b, '\n');
}

/* A workspace of this connection alone, so that nothing else is touched while it is tried. */
static int trial_conf(struct sl_session *s, const char *name, const struct sl_buf *yaml, struct sl_ws_conf **out, struct sl_err *err)
{
  char *dir = sl_xdg_path(SL_XDG_RUNTIME, NULL), *path = dir ? sl_asprintf("%s/connect-%s.yaml", dir, name) : NULL;
  int rc = path ? sl_mkdirs(dir, 0700, err) : sl_err_nomem(err);
  if (!rc) {
    (void)!sl_rmtree(path, NULL);
    rc = sl_ws_conf_add_connection(path, name, sl_buf_view(yaml), err);
  }
  if (!rc)
    rc = sl_ws_conf_load(out, path, s->types, s->ntypes, err);
  if (path)
    (void)!sl_rmtree(path, NULL);
  sl_free(path);
  sl_free(dir);
  return rc;
}

static int try_connection(struct sl_session *s, const struct sl_backend_ops *o, const char *name, const struct sl_buf *yaml,
                          struct sl_err *err)
{
  struct sl_session t = { .app = s->app };
  int rc = sl_session_types(&t, err);
  if (!rc)
    rc = trial_conf(&t, name, yaml, &t.conf, err);
  if (!rc)
    rc = sl_session_open_conf(&t, err);
  if (!rc)
    rc = try_all(&t, o, name, err);
  sl_session_close(&t);
  return rc;
}

/* It wants to know who we are: what to write by hand, since nothing was. */
static void say_login(const struct sl_backend_ops *o, const char *name, const char *uri)
{
  struct sl_buf b;
  sl_buf_init(&b, 64 << 10);
  sl_yaml_quote(&b, sl_str(uri));
  sl_app_note("nothing was written; put it below `connections:` with who you are: %s: {type: %s, uri: %s, username: NAME, password: ask}",
              name, o->type, sl_buf_zstr(&b));
  sl_buf_free(&b);
}

int sl_cmd_connect(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  struct sl_buf yaml;
  char *uri = absolute(a->args->pos[0]);
  sl_buf_init(&yaml, 64 << 10);
  bool dry = sl_args_has(a->args, SL_O_dry_run);
  int rc = sl_session_conf(&s, a, 0, &err);
  if (!rc && !dry)
    rc = sl_app_writes(a, &err);
  if (!rc && !uri)
    rc = sl_err_nomem(&err);
  const char *path = !rc && s.conf ? sl_ws_conf_path(s.conf) : NULL;
  if (!rc && !path)
    rc = sl_err_set(&err, SL_EUSAGE, "there is no workspace file to add it to; sluice init writes one");
  const struct sl_backend_ops *o = rc ? NULL : type_of(uri, sl_args_text(a->args, SL_O_type, NULL), &err);
  rc = !rc && !o ? SL_EUSAGE : rc;
  char *name = rc ? NULL : name_of(uri, sl_args_text(a->args, SL_O_name, NULL));
  if (!rc && !name)
    rc = sl_err_nomem(&err);
  if (!rc) {
    lines(&yaml, o, uri);
    rc = sl_buf_check(&yaml, &err);
  }
  if (!rc)
    rc = try_connection(&s, o, name, &yaml, &err);
  if (!rc && !dry)
    rc = sl_ws_conf_add_connection(path, name, sl_buf_view(&yaml), &err);
  if (!rc) {
    sl_buf_printf(&a->out.b, "%s %s:\n  %s:\n", dry ? "would add to" : "added to", path, name);
    struct sl_str rest = sl_buf_view(&yaml), line;
    while (rest.n && sl_str_cut(&rest, '\n', &line))
      sl_buf_printf(&a->out.b, "    %.*s\n", SL_ARG(line));
    rc = sl_out_flush(&a->out, &err);
  }
  int code = rc ? sl_app_fail(a, &err) : SL_EXIT_OK;
  if (rc == SL_EAUTH && o && name && has_setting(o, "username"))
    say_login(o, name, uri);
  sl_buf_free(&yaml);
  sl_free(name);
  sl_free(uri);
  sl_session_close(&s);
  return code;
}
