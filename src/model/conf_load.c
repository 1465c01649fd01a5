/* model/conf_load.c: one reading of a workspace file, from its bytes to what everybody else asks. Immutable once made, and counted. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/hash.h"
#include "model/conf_int.h"

enum { CONF_MAX = 1 << 20, CONF_MEM = 64 << 20 };

static int read_lake(struct conf_ctx *x, const struct sl_yaml_node *map)
{
  const struct conf_table t = conf_table("lake");
  struct conf_values vs;
  int rc = conf_read_map(x, map, "`lake`", &t, 1, &vs);
  return rc ? rc : conf_read_zones(x, conf_node(&vs, "zones"));
}

static bool protected_name(const char *environment)
{
  static const char *const names[] = { "prod", "production", "live" };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (!strcmp(environment, names[i]))
      return true;
  return false;
}

static int read_top(struct conf_ctx *x, const struct sl_yaml_node *root)
{
  struct sl_ws_conf *c = x->ws;
  const struct conf_table t = conf_table("workspace");
  struct conf_values vs;
  int rc = conf_read_map(x, root, "the workspace", &t, 1, &vs);
  if (rc)
    return rc;
  const struct conf_value *protect = conf_get(&vs, "protected");
  c->environment = conf_text(&vs, "environment") ? conf_text(&vs, "environment") : "";
  c->readonly = conf_get(&vs, "readonly")->b;
  c->protect = protect->b || protected_name(c->environment);
  if (protect->node && !protect->b && c->protect)
    return conf_fail(x, protect->node, "environment `%s` is always protected; remove `protected`, or name the environment otherwise",
                     c->environment);
  c->tz_name = conf_text(&vs, "timezone");
  if (strcmp(c->tz_name, "UTC") != 0 && (rc = sl_tz_open(&c->tz, c->tz_name, x->err)))
    return rc;
  if ((rc = conf_read_conns(x, conf_node(&vs, "connections"))) || (rc = read_lake(x, conf_node(&vs, "lake"))))
    return rc;
  if ((rc = conf_read_jobs(x, conf_node(&vs, "jobs"))) || (rc = conf_read_people(x, conf_node(&vs, "people"))))
    return rc;
  if ((rc = conf_read_models(x, conf_node(&vs, "models"))))
    return rc;
  return conf_evidence_jobs(x);
}

/* The folder's name for DIR/sluice.yaml, else the file's without its ending. */
static const char *name_of(struct sl_ws_conf *c, const char *path)
{
  struct sl_str base = sl_str(sl_path_base(path));
  if (!sl_str_eqz(base, "sluice.yaml") && !sl_str_eqz(base, "sluice.yml")) {
    ptrdiff_t dot = sl_str_rchr(base, '.');
    return sl_arena_strndup(&c->mem, base.p, dot > 0 ? (size_t)dot : base.n);
  }
  const char *folder = sl_path_base(c->dir);
  return *folder ? folder : "root";
}

/* Two files of one name have two states. */
static const char *id_of(struct sl_ws_conf *c)
{
  char real[PATH_MAX], hex[65];
  const char *place = c->path ? c->path : c->dir;
  struct sl_buf name;
  if (realpath(place, real))
    place = real;
  struct sl_sha256 d = sl_sha256(sl_str(place));
  sl_sha256_hex(&d, hex);
  sl_buf_init(&name, 0);
  for (const char *p = c->name; *p && name.n < 40; p++) {
    char low = (char)(*p | 0x20);
    sl_buf_ch(&name, (low >= 'a' && low <= 'z') || (*p >= '0' && *p <= '9') || (name.n && (*p == '-' || *p == '_')) ? *p : '_');
  }
  const char *id = name.failed ? NULL : sl_arena_printf(&c->mem, "%s-%.8s", sl_buf_zstr(&name), hex);
  sl_buf_free(&name);
  return id;
}

static int place(struct sl_ws_conf *c, const char *path, const char *dir, struct sl_err *err)
{
  char *abs_path = path ? sl_path_abs(path, NULL) : NULL;
  char *abs_dir = path ? (abs_path ? sl_path_dir(abs_path) : NULL) : sl_path_abs(dir, NULL);
  if (abs_dir) {
    c->dir = sl_arena_strndup(&c->mem, abs_dir, strlen(abs_dir));
    c->path = abs_path ? sl_arena_strndup(&c->mem, abs_path, strlen(abs_path)) : NULL;
    c->name = c->dir && !path ? "here" : c->dir && c->path ? name_of(c, c->path) : NULL;
    c->id = c->name ? id_of(c) : NULL;
  }
  sl_free(abs_path);
  sl_free(abs_dir);
  return c->id ? SL_OK : sl_err_nomem(err);
}

int sl_ws_conf_parse(struct sl_ws_conf **out, struct sl_str text, const char *path, const char *dir, const struct sl_type_conf *types,
                   size_t ntypes, struct sl_err *err)
{
  struct sl_ws_conf *c = sl_calloc(1, sizeof *c);
  *out = NULL;
  if (!c)
    return sl_err_nomem(err);
  c->refs = 1;
  sl_arena_init(&c->mem, CONF_MEM);
  int rc = place(c, path, dir, err);
  if (rc)
    goto out;
  struct sl_sha256 d = sl_sha256(text);
  sl_sha256_hex(&d, c->digest);
  rc = sl_yaml_parse(&c->doc, text, path ? path : "environment", err);
  if (rc == SL_EPARSE || rc == SL_ELIMIT) {
    rc = SL_ECONFIG;
    if (err)
      err->code = rc;
  }
  if (rc)
    goto out;
  struct conf_ctx x = { .mem = &c->mem, .y = c->doc, .dir = c->dir, .ws = c, .types = types, .ntypes = ntypes, .err = err };
  rc = read_top(&x, sl_yaml_root(c->doc));
  if (rc)
    goto out;
  *out = c;
  c = NULL;
out:
  sl_ws_conf_unref(c);
  return rc;
}

/* Why the file could not be read, and what to do about it. */
static int unreadable(const char *path, const struct sl_err *why, struct sl_err *err)
{
  if (why->code == SL_ENOMEM)
    return sl_err_nomem(err);
  if (why->code == SL_ENOENT)
    return sl_err_set(err, SL_ECONFIG, "%s: no such file; name another with -w, or write one with: sluice init", path);
  if (why->code == SL_EDENIED)
    return sl_err_set(err, SL_ECONFIG, "%s: may not be read; chmod u+r it, or name another with -w", path);
  if (sl_dir_exists(path))
    return sl_err_set(err, SL_ECONFIG, "%s: is a folder; name the file in it", path);
  return sl_err_set(err, SL_ECONFIG, "%s; name another file with -w", why->msg);
}

int sl_ws_conf_load(struct sl_ws_conf **out, const char *path, const struct sl_type_conf *types, size_t ntypes, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_err why = { 0 };
  *out = NULL;
  sl_buf_init(&b, CONF_MAX + 1);
  int rc = sl_file_read(&b, path, CONF_MAX, &why);
  if (rc)
    rc = unreadable(path, &why, err);
  else
    rc = sl_ws_conf_parse(out, sl_buf_view(&b), path, NULL, types, ntypes, err);
  sl_buf_wipe(&b);
  return rc;
}

struct sl_ws_conf *sl_ws_conf_ref(struct sl_ws_conf *c)
{
  if (c)
    c->refs++;
  return c;
}

void sl_ws_conf_unref(struct sl_ws_conf *c)
{
  if (!c || --c->refs)
    return;
  sl_tz_free(c->tz);
  sl_yaml_free(c->doc);
  sl_free(c->warnings);
  sl_arena_free(&c->mem);
  sl_free(c);
}
