/* judge/lineage_world.c: what is known, and where addresses of data lead. An address was written by whoever logged the run: it leads only
 * below a zone that the workspace names, and is text otherwise. */
#include <stdio.h>

#include "base/file.h"
#include "judge/lineage.h"
#include "model/ws.h"

enum { PLACES_MAX = 20000 };

void sl_lin_world_init(struct sl_lin_world *w)
{
  *w = (struct sl_lin_world){ .nzone = 0 };
  sl_arena_init(&w->mem, (size_t)256 << 20);
  sl_map_init(&w->part_by);
  sl_map_init(&w->place_by);
  sl_map_init(&w->exec_by);
}

void sl_lin_world_free(struct sl_lin_world *w)
{
  sl_free(w->part);
  sl_free(w->exec);
  sl_free(w->version);
  sl_free(w->run);
  sl_free(w->data);
  sl_free(w->place);
  sl_map_free(&w->part_by);
  sl_map_free(&w->place_by);
  sl_map_free(&w->exec_by);
  sl_arena_free(&w->mem);
}

int sl_lin_world_index(struct sl_lin_world *w, struct sl_err *err)
{
  struct sl_buf b;
  int rc = SL_OK;
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < w->nparts && !rc; i++) {
    sl_buf_clear(&b);
    sl_buf_printf(&b, "%.*s/%.*s", SL_ARG(w->part[i].zone), SL_ARG(w->part[i].name));
    rc = sl_buf_check(&b, err);
    rc = rc ? rc : sl_map_put(&w->part_by, sl_buf_view(&b), i + 1, NULL, err);
  }
  for (size_t i = 0; i < w->nexecs && !rc; i++)
    rc = sl_map_put(&w->exec_by, w->exec[i].id, i + 1, NULL, err);
  sl_buf_free(&b);
  return rc;
}

/* ---- addresses ---- */

static bool has_dots(struct sl_str path)
{
  struct sl_str part;
  while (sl_str_cut(&path, '/', &part))
    if (sl_str_eqz(part, "..") || sl_str_eqz(part, "."))
      return true;
  return false;
}

static struct sl_str no_slashes(struct sl_str s)
{
  while (s.n && s.p[s.n - 1] == '/')
    s.n--;
  while (s.n && s.p[0] == '/')
    s = sl_str_from(s, 1);
  return s;
}

static bool has_scheme(struct sl_str s)
{
  ptrdiff_t colon = sl_str_chr(s, ':');
  return colon > 1 && sl_str_chr(sl_str_head(s, (size_t)colon), '/') < 0;
}

/* The zone whose root the address lies below, and the rest; the longest root wins. */
static const struct sl_zone *zone_below(const struct sl_lin_world *w, struct sl_str uri, struct sl_str *rest)
{
  const struct sl_zone *best = NULL;
  struct sl_str path = uri, root;
  size_t most = 0;
  bool file = sl_uri_path(uri, &path);
  for (size_t i = 0; i < w->nzone; i++) {
    root = sl_str(w->zone[i].uri);
    if (sl_uri_path(root, &root) != file)
      continue;
    while (root.n > 1 && root.p[root.n - 1] == '/')
      root.n--;
    if (root.n < most || !sl_str_starts(path, root) || (path.n > root.n && path.p[root.n] != '/'))
      continue;
    best = &w->zone[i];
    most = root.n;
    *rest = sl_str_from(path, root.n);
  }
  return best;
}

static const struct sl_zone *zone_named(const struct sl_lin_world *w, struct sl_str name)
{
  for (size_t i = 0; i < w->nzone; i++)
    if (sl_str_eqz(name, w->zone[i].name))
      return &w->zone[i];
  return NULL;
}

/* The longest beginning of rest that is a partition there. */
static int part_of(struct sl_lin_world *w, const struct sl_zone *z, struct sl_str rest, struct sl_str *found, struct sl_err *err)
{
  struct sl_buf b;
  int rc = SL_OK;
  *found = SL_STR_NONE;
  sl_buf_init(&b, 0);
  for (ptrdiff_t n = (ptrdiff_t)rest.n; n > 0 && !found->p && !rc; n = sl_str_rchr(sl_str_head(rest, (size_t)n), '/')) {
    sl_buf_clear(&b);
    sl_buf_printf(&b, "%s/%.*s", z->name, SL_ARG(sl_str_head(rest, (size_t)n)));
    rc = sl_buf_check(&b, err);
    if (!rc && sl_map_get(&w->part_by, sl_buf_view(&b), NULL))
      *found = sl_str_head(rest, (size_t)n);
  }
  sl_buf_free(&b);
  return rc;
}

static int below(struct sl_lin_world *w, struct sl_lin_place *p, const struct sl_zone *z, struct sl_str rest, struct sl_err *err)
{
  struct sl_str root = sl_str(z->uri);
  while (root.n > 1 && root.p[root.n - 1] == '/')
    root.n--;
  rest = no_slashes(rest);
  if (has_dots(rest) || (rest.n && memchr(rest.p, 0, rest.n))) {
    snprintf(p->why, sizeof p->why, "it goes up with .., which is not followed");
    return SL_OK;
  }
  char *whole = sl_arena_printf(&w->mem, "%.*s%s%.*s", SL_ARG(root), rest.n ? "/" : "", SL_ARG(rest));
  if (!whole)
    return sl_err_nomem(err);
  p->canonical = sl_str(whole);
  p->conn = sl_str(z->conn ? z->conn : "");
  p->zone = sl_str(z->name);
  int rc = part_of(w, z, sl_str_from(p->canonical, p->canonical.n - rest.n), &p->part, err);
  if (!p->part.p && rest.n && z->layout)
    snprintf(p->why, sizeof p->why, "zone %.60s lists no partition of it", z->name);
  return rc;
}

static void outside(struct sl_lin_place *p)
{
  snprintf(p->why, sizeof p->why, "outside every zone; to follow it add to zones: - {name: NAME, uri: \"%.*s\"}",
           SL_ARG(sl_str_head(p->address, 90)));
}

static int find(struct sl_lin_world *w, struct sl_lin_place *p, struct sl_err *err)
{
  struct sl_str rest = p->address, name, path;
  const struct sl_zone *z;
  if (!rest.n) {
    snprintf(p->why, sizeof p->why, "the run says no address of it");
    return SL_OK;
  }
  if (sl_str_starts(rest, SL_STR("lake:"))) {
    rest = sl_str_from(rest, 5);
    sl_str_cut(&rest, '/', &name);
    z = zone_named(w, name);
    if (!z)
      snprintf(p->why, sizeof p->why, "this workspace has no zone %.*s", SL_ARG(sl_str_head(name, 60)));
    else if (sl_str_starts(rest, SL_STR("@newest")))
      snprintf(p->why, sizeof p->why, "it names the newest partition, which is another one by now");
    return z && !p->why[0] ? below(w, p, z, rest, err) : SL_OK;
  }
  if (!sl_uri_path(rest, &path) && (!has_scheme(rest) || sl_str_starts(rest, SL_STR("file:")))) {
    snprintf(p->why, sizeof p->why, "a path of the machine that trained; log it as lake:ZONE/PATH to follow it");
    return SL_OK;
  }
  z = zone_below(w, p->address, &rest);
  if (!z)
    outside(p);
  return z ? below(w, p, z, rest, err) : SL_OK;
}

struct sl_lin_place *sl_lin_place(struct sl_lin_world *w, struct sl_str address, struct sl_err *err)
{
  static struct sl_lin_place full = { .why = "more addresses than are looked at" };
  uint64_t at;
  if (sl_map_get(&w->place_by, address, &at))
    return &w->place[at - 1];
  if (w->nplaces == PLACES_MAX)
    return &full;
  char *copy = sl_arena_strndup(&w->mem, address.n ? address.p : "", address.n);
  if (!copy || sl_grow((void **)&w->place, &w->cap_place, w->nplaces + 1, sizeof *w->place, PLACES_MAX, err))
    return copy ? NULL : (sl_err_nomem(err), NULL);
  struct sl_lin_place *p = &w->place[w->nplaces];
  *p = (struct sl_lin_place){ .address = sl_strn(copy, address.n) };
  if (find(w, p, err) || sl_map_put(&w->place_by, p->address, w->nplaces + 1, NULL, err))
    return NULL;
  w->nplaces++;
  return p;
}
