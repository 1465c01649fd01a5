/* model/person.c: the person's own file, config.yaml: checked as strictly as a workspace, by tables of the same kind. */
#include <stdlib.h>

#include "base/file.h"
#include "model/conf_int.h"

enum { PERSON_MAX = 1 << 20, PERSON_MEM = 8 << 20 };

static int read_parts(struct conf_ctx *x, struct sl_person *p, const struct conf_values *vs)
{
  const struct conf_table me = conf_table("me"), box = conf_table("box");
  struct conf_values part;
  int rc = conf_read_map(x, conf_node(vs, "me"), "`me`", &me, 1, &part);
  if (rc)
    return rc;
  p->name = conf_text(&part, "name");
  p->key = conf_text(&part, "key");
  if ((rc = conf_read_map(x, conf_node(vs, "box"), "`box`", &box, 1, &part)))
    return rc;
  p->box_memory = conf_get(&part, "memory")->i;
  p->box_threads = conf_get(&part, "threads")->i;
  p->box_tmp = conf_get(&part, "tmp")->i;
  return SL_OK;
}

static int read_person(struct conf_ctx *x, struct sl_person *p)
{
  const struct conf_table t = conf_table("person");
  struct conf_values vs;
  int rc = conf_read_map(x, p->doc ? sl_yaml_root(p->doc) : NULL, "config.yaml", &t, 1, &vs);
  if (rc)
    return rc;
  p->workspace = conf_text(&vs, "workspace");
  p->theme = conf_text(&vs, "theme");
  p->glyphs = conf_text(&vs, "glyphs");
  p->keys = conf_node(&vs, "keys");
  p->low_bandwidth = conf_get(&vs, "low_bandwidth")->b;
  p->mouse = conf_get(&vs, "mouse")->b;
  p->table_memory = conf_get(&vs, "table_memory")->i;
  const char *tz = conf_text(&vs, "timezone");
  if (tz && strcmp(tz, "UTC") != 0 && (rc = sl_tz_open(&p->tz, tz, x->err)))
    return rc;
  return read_parts(x, p, &vs);
}

/* The named file must be there; the default one need not. */
static int read_file(struct sl_person *p, bool named, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_err why = { 0 };
  sl_buf_init(&b, PERSON_MAX + 1);
  int rc = sl_file_read(&b, p->path, PERSON_MAX, &why);
  if (rc == SL_ENOENT && !named)
    goto out_ok;
  if (rc == SL_ENOMEM) {
    sl_err_nomem(err);
    goto out;
  }
  if (rc) {
    rc = sl_err_set(err, SL_ECONFIG, "%s; mend it, or name another with --config", why.msg);
    goto out;
  }
  rc = sl_yaml_parse(&p->doc, sl_buf_view(&b), p->path, err);
  if (rc == SL_EPARSE || rc == SL_ELIMIT) {
    rc = SL_ECONFIG;
    if (err)
      err->code = rc;
  }
  goto out;
out_ok:
  rc = SL_OK;
out:
  sl_buf_free(&b);
  return rc;
}

static int set_path(struct sl_person *p, const char *path, char **dir, struct sl_err *err)
{
  char *where = path ? sl_path_abs(path, NULL) : sl_xdg_path(SL_XDG_CONFIG, "config.yaml");
  *dir = where ? sl_path_dir(where) : NULL;
  const char *shown = path ? path : where;
  p->path = shown ? sl_arena_strndup(&p->mem, shown, strlen(shown)) : NULL;
  const char *home = getenv("HOME");
  bool no_home = !where && !path && !(home && home[0] == '/'); /* else it was memory that was missing */
  sl_free(where);
  if (!no_home)
    return p->path && *dir ? SL_OK : sl_err_nomem(err);
  return sl_err_set(err, SL_ECONFIG, "no home folder to read config.yaml from; set HOME or --config");
}

int sl_person_load(struct sl_person **out, const char *path, struct sl_err *err)
{
  struct sl_person *p = sl_calloc(1, sizeof *p);
  char *dir = NULL;
  *out = NULL;
  if (!p)
    return sl_err_nomem(err);
  sl_arena_init(&p->mem, PERSON_MEM);
  if (!path) { /* a step of a job: the file that its console was started with */
    const char *given = getenv("SLUICE_CONFIG");
    path = given && given[0] == '/' ? given : NULL;
  }
  int rc = set_path(p, path, &dir, err);
  if (!rc)
    rc = read_file(p, path != NULL, err);
  if (!rc) {
    struct conf_ctx x = { .mem = &p->mem, .y = p->doc, .dir = dir, .err = err };
    rc = read_person(&x, p);
  }
  sl_free(dir);
  if (rc)
    sl_person_free(p);
  else
    *out = p;
  return rc;
}

void sl_person_free(struct sl_person *p)
{
  if (!p)
    return;
  sl_tz_free(p->tz);
  sl_yaml_free(p->doc);
  sl_arena_free(&p->mem);
  sl_free(p);
}
