/* model/conf_zone.c: the zones of a workspace file, and which connection serves each. */
#include "base/hash.h"
#include "model/conf_int.h"

enum { ZONES_MAX = 2000 };

/* file: is served by `local`; sftp://NAME/ by the connection NAME; s3://bucket/ by the one connection of that type. */
static const struct sl_conf *conn_of_address(const struct sl_ws_conf *c, struct sl_str uri)
{
  ptrdiff_t colon = sl_str_chr(uri, ':');
  struct sl_str scheme = sl_str_head(uri, colon < 0 ? 0 : (size_t)colon), rest = sl_str_from(uri, scheme.n + 1);
  const struct sl_conf *found = NULL;
  if (sl_str_eqz(scheme, "file"))
    return conf_conn(c, SL_STR("local"));
  if (sl_str_starts(rest, SL_STR("//"))) {
    rest = sl_str_from(rest, 2);
    ptrdiff_t slash = sl_str_chr(rest, '/');
    const struct sl_conf *named = conf_conn(c, slash < 0 ? rest : sl_str_head(rest, (size_t)slash));
    if (named && sl_str_eqz(scheme, named->type))
      return named;
  }
  for (size_t i = 0; i < c->nconns; i++) {
    if (!sl_str_eqz(scheme, c->conns[i]->type))
      continue;
    if (found)
      return NULL;
    found = c->conns[i];
  }
  return found;
}

static bool lies_below(const struct sl_zone *z, const struct sl_zone *other)
{
  struct sl_str in = sl_str(z->uri), out = sl_str(other->uri);
  return sl_str_starts(in, out) && in.n > out.n && (in.p[out.n] == '/' || out.p[out.n - 1] == '/');
}

const struct sl_zone *sl_zone_outer(const struct sl_zone *zones, size_t n, const struct sl_zone *z)
{
  for (size_t i = 0; i < n; i++)
    if (lies_below(z, &zones[i])) {
      z = &zones[i];
      i = (size_t)-1; /* shorter each time: it ends */
    }
  return z;
}

static int zone_conn(struct conf_ctx *x, const struct conf_values *vs, struct sl_zone *z)
{
  char q[CONF_QUOTE];
  const char *said = conf_text(vs, "connection");
  const struct sl_conf *c = said ? conf_conn(x->ws, sl_str(said)) : conn_of_address(x->ws, sl_str(z->uri));
  if (!c && said)
    return conf_fail(x, conf_node(vs, "connection"), "zone `%s`: there is no connection `%s`; add it below connections:", z->name, said);
  if (!c)
    return conf_fail(x, conf_node(vs, "uri"), "zone `%s`: no connection serves `%s`; name one with connection:", z->name,
                     conf_quote(q, sl_str(z->uri)));
  z->conn = c->name;
  return SL_OK;
}

static int read_zone(struct conf_ctx *x, const struct sl_yaml_node *map, struct sl_zone *z)
{
  const struct conf_table t = conf_table("zone");
  const struct sl_yaml_node *name = sl_yaml_get(map, "name");
  char q[CONF_QUOTE];
  struct conf_values vs;
  const char *what = name && name->kind == SL_YAML_SCALAR ? sl_arena_printf(x->mem, "zone `%s`", conf_quote(q, name->text)) : "the zone";
  if (!what)
    return conf_nomem(x);
  int rc = conf_read_map(x, map, what, &t, 1, &vs);
  if (rc)
    return rc;
  z->name = conf_text(&vs, "name");
  z->uri = conf_text(&vs, "uri");
  z->layout = conf_text(&vs, "layout");
  z->format = conf_text(&vs, "format");
  z->schedule = conf_text(&vs, "schedule");
  z->fresh_within_s = (double)conf_get(&vs, "fresh_within")->i / 1000.0;
  z->min_rows = conf_get(&vs, "min_rows")->i;
  if (z->schedule && !z->layout)
    return conf_fail(x, conf_node(&vs, "schedule"), "%s has a schedule, but no `layout`; add e.g. layout: dt=%%Y-%%m-%%d", what);
  return zone_conn(x, &vs, z);
}

/* seen: name -> place in the list */
static int add_zone(struct conf_ctx *x, const struct sl_yaml_node *list, size_t i, struct sl_map *seen)
{
  struct sl_zone *z = &x->ws->zones[i];
  const struct sl_yaml_node *item = list->items[i];
  uint64_t before;
  if (item->kind != SL_YAML_MAP)
    return conf_fail(x, item, "a zone must be a map of settings; write {name: raw, uri: lake/raw}");
  int rc = read_zone(x, item, z);
  if (rc)
    return rc;
  if (sl_map_get(seen, sl_str(z->name), &before))
    return conf_fail(x, sl_yaml_get(item, "name"), "there is a zone `%s` already, in line %d; give this one another name", z->name,
                     list->items[before]->line);
  return sl_map_put(seen, sl_str(z->name), i, NULL, x->err);
}

int conf_read_zones(struct conf_ctx *x, const struct sl_yaml_node *list)
{
  struct sl_ws_conf *c = x->ws;
  struct sl_map seen;
  int rc = SL_OK;
  if (!list)
    return SL_OK;
  if (list->n > ZONES_MAX)
    return conf_fail(x, list, "there are %zu zones; %d is the most", list->n, ZONES_MAX);
  c->zones = sl_arena_alloc(x->mem, (list->n + 1) * sizeof *c->zones);
  if (!c->zones)
    return conf_nomem(x);
  sl_map_init(&seen);
  for (size_t i = 0; i < list->n && !rc; i++)
    if (!(rc = add_zone(x, list, i, &seen)))
      c->nzones++;
  sl_map_free(&seen);
  return rc;
}
