/* model/conf_conn.c: the connections of a workspace file: each by its type's table, and those that every workspace has by itself. */
#include "model/conf_int.h"

const struct sl_conf *conf_conn(const struct sl_ws_conf *c, struct sl_str name)
{
  for (size_t i = 0; i < c->nconns; i++)
    if (sl_str_eqz(name, c->conns[i]->name))
      return c->conns[i];
  return NULL;
}

static const struct sl_type_conf *find_type(const struct conf_ctx *x, struct sl_str type)
{
  for (size_t i = 0; i < x->ntypes; i++)
    if (sl_str_eqz(type, x->types[i].type))
      return &x->types[i];
  return NULL;
}

static int unknown_type(struct conf_ctx *x, const struct sl_yaml_node *n)
{
  char q[CONF_QUOTE];
  struct sl_buf all;
  const char **names = sl_arena_alloc(x->mem, (x->ntypes + 1) * sizeof *names);
  if (!names)
    return conf_nomem(x);
  sl_buf_init(&all, 0);
  for (size_t i = 0; i < x->ntypes; i++) {
    names[i] = x->types[i].type;
    sl_buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
  }
  int rc = conf_fail(x, n, "no type of connection `%s`; there are: %s%s", conf_quote(q, n->text), sl_buf_zstr(&all),
                     conf_hint(x, n->text, names, x->ntypes));
  sl_buf_free(&all);
  return rc;
}

/* The type that the map names; what every workspace has may leave it out. */
static int type_of(struct conf_ctx *x, struct sl_str name, const struct sl_yaml_node *map, const struct sl_type_conf **out)
{
  const struct sl_yaml_node *n = map ? sl_yaml_get(map, "type") : NULL;
  const struct sl_type_conf *own = find_type(x, name);
  *out = own && own->implicit ? own : NULL;
  if (!n && *out)
    return SL_OK;
  if (!n || n->kind != SL_YAML_SCALAR || !n->text.n)
    return conf_fail(x, n ? n : map, "connection `%.*s` has no `type`; add e.g. type: mlflow", SL_ARG(name));
  const struct sl_type_conf *t = find_type(x, n->text);
  if (!t)
    return unknown_type(x, n);
  if (*out && t != *out)
    return conf_fail(x, n, "every workspace has a connection `%.*s` of its own; give this one another name", SL_ARG(name));
  *out = t;
  return SL_OK;
}

static int read_conn(struct conf_ctx *x, struct sl_str name, const struct sl_yaml_node *map, const struct sl_type_conf *t, bool implicit)
{
  struct sl_conf *c = sl_arena_alloc(x->mem, sizeof *c);
  const char *what = sl_arena_printf(x->mem, "connection `%.*s` (%s)", SL_ARG(name), t->type);
  if (!c || !what || !(c->name = conf_dup(x, name)))
    return conf_nomem(x);
  /* its type is known by now, said or not */
  struct conf_table tabs[] = { { conf_common + 1, conf_ncommon - 1 }, { t->settings, t->nsettings }, { conf_common, 1 } };
  struct sl_yaml_node empty = { .kind = SL_YAML_MAP, .line = map ? map->line : 0, .column = map ? map->column : 0 };
  bool said = map && !sl_yaml_is_null(map) && (map->kind != SL_YAML_MAP || sl_yaml_get(map, "type"));
  int rc = conf_read_map(x, map && !sl_yaml_is_null(map) ? map : &empty, what, tabs, said ? 3 : 2, &c->values);
  if (rc)
    return rc;
  c->type = t->type;
  c->ws = x->ws;
  c->implicit = implicit;
  c->node = map;
  x->ws->conns[x->ws->nconns++] = c;
  return SL_OK;
}

int conf_read_conns(struct conf_ctx *x, const struct sl_yaml_node *map)
{
  char q[CONF_QUOTE];
  const struct sl_type_conf *t;
  int rc;
  x->ws->conns = sl_arena_alloc(x->mem, ((map ? map->n : 0) + x->ntypes + 1) * sizeof *x->ws->conns);
  if (!x->ws->conns)
    return conf_nomem(x);
  for (size_t i = 0; map && i < map->n; i++) {
    const struct sl_yaml_node *key = map->keys[i], *value = map->items[i];
    if (!conf_name_ok(key->text))
      return conf_fail(x, key, "`%s` is no name for a connection: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)",
                       conf_quote(q, key->text));
    if (value->kind != SL_YAML_MAP && !sl_yaml_is_null(value))
      return conf_fail(x, value, "connection `%.*s` must be a map of settings; write {type: mlflow, ...}", SL_ARG(key->text));
    if ((rc = type_of(x, key->text, value, &t)) || (rc = read_conn(x, key->text, value, t, false)))
      return rc;
  }
  for (size_t i = 0; i < x->ntypes; i++) {
    struct sl_str name = sl_str(x->types[i].type);
    if (x->types[i].implicit && !conf_conn(x->ws, name) && (rc = read_conn(x, name, NULL, &x->types[i], true)))
      return rc;
  }
  return SL_OK;
}
