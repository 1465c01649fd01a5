/* model/conf_people.c: the people of a workspace file: by which keys and identities somebody is known. Who signed what is decided by this
 * list, so nothing in it may stand for two persons, and a key that cannot be read is a mistake and not a key less. */
#include <stdio.h>

#include "base/fmt.h"
#include "base/hash.h"
#include "base/pubkey.h"
#include "model/conf_int.h"

enum { PEOPLE_MAX = 1000, KEYS_MAX = 100, FINGERPRINT_LEN = SL_FINGERPRINT - 1 };

static const char *const none[] = { NULL };

/* seen: fingerprint or identity -> place in the map of people */
struct people { struct conf_ctx *x; const struct sl_yaml_node *map; struct sl_map seen; };

/* what: "key", "identity"; each of them is one person's, and stands there once. */
static int claim(struct people *p, const struct sl_yaml_node *n, size_t who, const char *what, struct sl_str value)
{
  uint64_t before;
  if (!sl_map_get(&p->seen, value, &before))
    return sl_map_put(&p->seen, value, who, NULL, p->x->err);
  struct sl_str name = p->map->keys[before]->text;
  if (before == who)
    return conf_fail(p->x, n, "this %s stands twice below `%.*s`; remove one", what, SL_ARG(name));
  return conf_fail(p->x, n, "this %s is `%.*s`'s already (line %d); one %s is one person's", what, SL_ARG(name), p->map->keys[before]->line,
                   what);
}

static int add_key(struct people *p, const struct sl_yaml_node *n, size_t who, const char *line)
{
  struct sl_pubkey k;
  struct sl_err why = { 0 };
  char print[SL_FINGERPRINT];
  int rc = sl_pubkey_line(&k, sl_str(line), &why);
  if (rc == SL_ENOMEM)
    return conf_nomem(p->x);
  if (rc)
    return conf_fail(p->x, n, "`%.*s`: %s", SL_ARG(p->map->keys[who]->text), why.msg);
  sl_pubkey_fingerprint(&k, print);
  sl_pubkey_free(&k);
  return claim(p, n, who, "key", sl_str(print));
}

/* A key by its line, or by its fingerprint: of a lost key that may be all there is. */
static int add_revoked(struct people *p, const struct sl_yaml_node *n, size_t who, const char *text)
{
  struct sl_str s = sl_str(text);
  if (!sl_str_starts(s, SL_STR("SHA256:")))
    return add_key(p, n, who, text);
  struct sl_buf b;
  char padded[64];
  snprintf(padded, sizeof padded, "%.43s=", text + 7);
  sl_buf_init(&b, 0);
  bool ok = s.n == FINGERPRINT_LEN && sl_parse_base64(&b, sl_str(padded)) && b.n == sizeof(struct sl_sha256);
  int failed = b.failed;
  sl_buf_free(&b);
  if (failed)
    return conf_nomem(p->x);
  return ok ? claim(p, n, who, "key", s)
            : conf_fail(p->x, n, "a fingerprint is SHA256: and 43 characters, as ssh-keygen -l prints it; or write the key's line");
}

static int add_identity(struct people *p, const struct sl_yaml_node *n, size_t who, const char *text)
{
  char q[CONF_QUOTE];
  struct sl_str s = sl_str(text);
  ptrdiff_t colon = sl_str_chr(s, ':');
  if (colon <= 0 || !conf_name_ok(sl_str_head(s, (size_t)colon)) || (size_t)colon + 1 == s.n)
    return conf_fail(p->x, n, "`%s` is no identity; write issuer:subject, such as mlflow:lead", conf_quote(q, s));
  return claim(p, n, who, "identity", s);
}

static int each(struct people *p, const struct conf_values *vs, const char *name, size_t who,
                int (*add)(struct people *, const struct sl_yaml_node *, size_t, const char *), const char *const **out)
{
  const struct conf_value *v = conf_get(vs, name);
  size_t n = v->node ? v->node->n : 0;
  *out = v->list ? v->list : none;
  if (n > KEYS_MAX)
    return conf_fail(p->x, v->node, "`%s` holds %zu; %d is the most", name, n, KEYS_MAX);
  for (size_t i = 0; i < n; i++) {
    int rc = add(p, v->node->items[i], who, v->list[i]);
    if (rc)
      return rc;
  }
  return SL_OK;
}

static int read_member(struct people *p, size_t who, struct sl_member *m)
{
  struct conf_ctx *x = p->x;
  const struct conf_table t = conf_table("member");
  const struct sl_yaml_node *key = p->map->keys[who], *map = p->map->items[who];
  struct conf_values vs;
  int rc = conf_check_key(x, key, "a person");
  if (rc)
    return rc;
  const char *what = sl_arena_printf(x->mem, "person `%.*s`", SL_ARG(key->text));
  if (!what || !(m->name = conf_dup(x, key->text)))
    return conf_nomem(x);
  if (map->kind != SL_YAML_MAP)
    return conf_fail(x, map, "%s must be a map of settings; write {keys: [\"ssh-ed25519 AAAA...\"]}", what);
  if ((rc = conf_read_map(x, map, what, &t, 1, &vs)))
    return rc;
  if ((rc = each(p, &vs, "keys", who, add_key, &m->keys)) || (rc = each(p, &vs, "revoked", who, add_revoked, &m->revoked)) ||
      (rc = each(p, &vs, "identities", who, add_identity, &m->identities)))
    return rc;
  if (!m->keys[0] && !m->identities[0] && !m->revoked[0])
    return conf_fail(x, map, "%s has neither keys nor identities, so nobody can be known as them; add `keys`", what);
  return SL_OK;
}

int conf_read_people(struct conf_ctx *x, const struct sl_yaml_node *map)
{
  struct sl_ws_conf *c = x->ws;
  struct people p = { .x = x, .map = map };
  int rc = SL_OK;
  if (!map)
    return SL_OK;
  if (map->n > PEOPLE_MAX)
    return conf_fail(x, map, "there are %zu people; %d is the most", map->n, PEOPLE_MAX);
  c->people = sl_arena_alloc(x->mem, (map->n + 1) * sizeof *c->people);
  if (!c->people)
    return conf_nomem(x);
  sl_map_init(&p.seen);
  for (size_t i = 0; i < map->n && !rc; i++)
    if (!(rc = read_member(&p, i, &c->people[i])))
      c->npeople++;
  sl_map_free(&p.seen);
  return rc;
}
