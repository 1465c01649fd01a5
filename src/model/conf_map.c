/* model/conf_map.c: a map of the file against the tables of its settings: nothing unknown, nothing missing, every value what it must be. */
#include "model/conf_int.h"

const struct conf_value *conf_get(const struct conf_values *vs, const char *name)
{
  for (size_t i = 0; i < vs->n; i++)
    if (!strcmp(vs->v[i].def->name, name))
      return &vs->v[i];
  return NULL;
}

const char *conf_text(const struct conf_values *vs, const char *name)
{
  const struct conf_value *v = conf_get(vs, name);
  sl_assert(v);
  return v ? v->text : NULL;
}

const struct sl_yaml_node *conf_node(const struct conf_values *vs, const char *name)
{
  const struct conf_value *v = conf_get(vs, name);
  sl_assert(v);
  return v ? v->node : NULL;
}

static int unknown(struct conf_ctx *x, const struct sl_yaml_node *key, const char *what, const struct conf_values *vs)
{
  char q[CONF_QUOTE];
  struct sl_buf known;
  const char **names = sl_arena_alloc(x->mem, (vs->n + 1) * sizeof *names);
  if (!names)
    return conf_nomem(x);
  sl_buf_init(&known, 0);
  for (size_t i = 0; i < vs->n; i++) {
    names[i] = vs->v[i].def->name;
    sl_buf_printf(&known, "%s%s", i ? ", " : "", names[i]);
  }
  const char *hint = conf_hint(x, key->text, names, vs->n);
  int rc = *hint ? conf_fail(x, key, "%s has no setting `%s`%s", what, conf_quote(q, key->text), hint)
                 : conf_fail(x, key, "%s has no setting `%s`; there are: %s", what, conf_quote(q, key->text), sl_buf_zstr(&known));
  sl_buf_free(&known);
  return rc;
}

static int read_keys(struct conf_ctx *x, const struct sl_yaml_node *map, const char *what, struct conf_values *vs)
{
  for (size_t i = 0; map && i < map->n; i++) {
    struct conf_value *v = NULL;
    for (size_t k = 0; !v && k < vs->n; k++)
      if (sl_str_eqz(map->keys[i]->text, vs->v[k].def->name))
        v = &vs->v[k];
    int rc = v ? conf_check(x, map->items[i], v) : unknown(x, map->keys[i], what, vs);
    if (rc)
      return rc;
  }
  return SL_OK;
}

static int fill_defaults(struct conf_ctx *x, const struct sl_yaml_node *map, const char *what, struct conf_values *vs)
{
  for (size_t i = 0; i < vs->n; i++) {
    const struct sl_setting *d = vs->v[i].def;
    if (vs->v[i].node)
      continue;
    if (d->required)
      return conf_fail(x, map, "%s has no `%s`; add e.g. %s: %s", what, d->name, d->name, d->example);
    int rc = conf_default(x, &vs->v[i]);
    if (rc)
      return rc;
  }
  return SL_OK;
}

int conf_read_map(struct conf_ctx *x, const struct sl_yaml_node *map, const char *what, const struct conf_table *t, size_t nt,
                  struct conf_values *out)
{
  size_t n = 0;
  if (map && sl_yaml_is_null(map))
    map = NULL;
  if (map && map->kind != SL_YAML_MAP)
    return conf_fail(x, map, "%s must be a map of settings; write name: value", what);
  for (size_t i = 0; i < nt; i++)
    n += t[i].n;
  out->v = sl_arena_alloc(x->mem, (n ? n : 1) * sizeof *out->v);
  if (!out->v)
    return conf_nomem(x);
  out->n = 0;
  for (size_t i = 0; i < nt; i++)
    for (size_t k = 0; k < t[i].n; k++)
      out->v[out->n++].def = &t[i].set[k];
  int rc = read_keys(x, map, what, out);
  return rc ? rc : fill_defaults(x, map, what, out);
}
