/* model/capsule_ws.c: what a capsule holds of the workspace itself: how it is drawn and ordered, where its zones lie, what a promotion must
 * meet and whose signatures count (names and public keys), and how its connections stood at the end. No setting of a connection, no job's
 * words, no webhook, no place of the workspace's own file enters. */
#include <stdio.h>
#include <string.h>

#include "model/capsule_int.h"
#include "model/conf_int.h"

enum { WS_MAX = 1 << 20 };

/* ---- the workspace file's part, as the YAML that would say it ---- */

/* Texts of the file may hold a token, too (an address with a password). */
static void put(struct sl_buf *b, const char *key, const char *value)
{
  struct sl_buf clean;
  if (!value || !*value)
    return;
  sl_buf_init(&clean, WS_MAX);
  cap_redact(&clean, sl_str(value));
  sl_buf_printf(b, "%s: ", key);
  sl_yaml_quote(b, sl_buf_view(&clean));
  sl_buf_ch(b, '\n');
  if (clean.failed && !b->failed)
    b->failed = clean.failed;
  sl_buf_free(&clean);
}

static void put_zone(struct sl_buf *b, const struct sl_zone *z)
{
  put(b, "    - name", z->name);
  put(b, "      uri", z->uri);
  put(b, "      connection", z->conn);
  put(b, "      layout", z->layout);
  put(b, "      format", z->format);
  if (z->fresh_within_s > 0)
    sl_buf_printf(b, "      fresh_within: %lldms\n", (long long)(z->fresh_within_s * 1000 + 0.5));
  if (z->min_rows)
    sl_buf_printf(b, "      min_rows: %lld\n", (long long)z->min_rows);
  put(b, "      schedule", z->schedule);
}

/* Rules and people, without which no decision could be judged again; whom a webhook tells stays out. */
static void put_rules(struct sl_buf *b, const struct sl_ws_conf *c)
{
  static const struct sl_secret_src nobody = { .kind = SL_SECRET_NONE };
  struct sl_ws_conf some = *c;
  struct sl_buf text;
  some.models = sl_calloc(c->nmodels + 1, sizeof *some.models);
  sl_buf_init(&text, WS_MAX);
  for (size_t i = 0; some.models && i < c->nmodels; i++) {
    some.models[i] = c->models[i];
    some.models[i].notify = &nobody;
  }
  if (some.models) {
    conf_put_models(&text, &some);
    conf_put_people(&text, &some);
    cap_redact(b, sl_buf_view(&text));
  }
  if (!b->failed)
    b->failed = some.models ? text.failed : SL_ENOMEM;
  sl_buf_free(&text);
  sl_free(some.models);
}

/* Which registry a statement is about stands in it as an address: so each connection's stands here, where there are rules. Played back, a
 * connection's type is its name. */
static void put_addresses(struct sl_buf *b, const struct sl_ws_conf *c)
{
  const struct sl_conf *const *conn = NULL;
  size_t n = c->nmodels ? sl_ws_conf_conns(c, &conn) : 0, put_so_far = 0;
  for (size_t i = 0; i < n; i++) {
    const char *uri = sl_conf_text(conn[i], "uri");
    if (!uri)
      continue;
    sl_buf_z(b, put_so_far++ ? "" : "connections:\n");
    sl_buf_printf(b, "  %s:\n    type: %s\n", sl_conf_name(conn[i]), sl_conf_name(conn[i]));
    put(b, "    uri", uri);
    put(b, "    workspace", sl_conf_text(conn[i], "workspace"));
  }
}

void cap_ws_write(struct sl_buf *b, const struct sl_ws_conf *c)
{
  if (!c)
    return;
  put(b, "environment", c->environment);
  if (c->protect)
    sl_buf_z(b, "protected: true\n");
  put(b, "timezone", c->tz_name);
  if (c->nzones)
    sl_buf_z(b, "lake:\n  zones:\n");
  for (size_t i = 0; i < c->nzones; i++)
    put_zone(b, &c->zones[i]);
  put_rules(b, c);
  put_addresses(b, c);
}

/* Only what we write: a capsule brings no connection's settings and starts no job. */
static bool only_ours(const struct sl_ws_conf *c)
{
  static const char *const keys[] = { "environment", "protected", "timezone", "lake", "models", "people", "connections" };
  const struct sl_yaml_node *root = sl_yaml_root(c->doc);
  for (size_t i = 0; root && i < root->n; i++) {
    bool known = false;
    for (size_t k = 0; k < sizeof keys / sizeof keys[0] && !known; k++)
      known = sl_str_eqz(root->keys[i]->text, keys[k]);
    if (!known)
      return false;
  }
  const struct sl_conf *const *conn = NULL;
  size_t n = sl_ws_conf_conns(c, &conn);
  for (size_t i = 0; i < n; i++) /* none but the recorded ones */
    if (strcmp(sl_conf_name(conn[i]), sl_conf_type(conn[i])) != 0)
      return false;
  return true;
}

/* The recorded connections are all there is, and none has a setting but its address. */
int cap_ws_read(struct sl_capsule *c, struct sl_err *err)
{
  static const struct sl_setting address[] = {
    { .name = "uri", .help = "where it was", .type = SL_SET_TEXT },
    { .name = "workspace", .help = "the server's, where it has several", .type = SL_SET_TEXT },
  };
  struct sl_type_conf *types = sl_calloc(c->nconn + 1, sizeof *types);
  struct sl_err why = { 0 };
  if (!types)
    return sl_err_nomem(err);
  for (size_t i = 0; i < c->nconn; i++)
    types[i] = (struct sl_type_conf){ .type = c->conn[i]->ops.type, .help = c->conn[i]->ops.help, .implicit = true,
      .settings = address, .nsettings = sizeof address / sizeof address[0] };
  int rc = sl_ws_conf_parse(&c->conf, c->ws, NULL, "/", types, c->nconn, &why);
  sl_free(types);
  if (!rc)
    c->conf->njobs = 0; /* those that follow from the rules: nothing is computed from a recording */
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err);
  if (!rc && !only_ours(c->conf))
    rc = sl_err_set(&why, SL_EPARSE, "a setting that no recording has");
  return rc ? sl_err_set(err, SL_EPARSE, "the workspace in it cannot be read (%.180s); this is no whole capsule", why.msg) : SL_OK;
}

/* ---- how a connection stood ---- */

static void put_text(struct sl_buf *b, const char *z)
{
  struct sl_buf clean;
  sl_buf_init(&clean, WS_MAX);
  cap_redact(&clean, sl_str(z ? z : ""));
  sl_buf_lstr(b, sl_buf_view(&clean));
  sl_buf_free(&clean);
}

void cap_state_write(struct sl_buf *b, const struct cap_mask *m, const struct sl_backend *k)
{
  struct sl_buf who;
  const struct sl_resource *res;
  const char *why;
  size_t n = 0;
  sl_buf_init(&who, 4096);
  if (m->with_data)
    cap_redact(&who, sl_str(k->identity));
  else if (k->identity[0])
    cap_hash(m, sl_str(k->identity), &who);
  sl_buf_lstr(b, sl_str(k->name));
  sl_buf_lstr(b, sl_str(k->word));
  sl_buf_lstr(b, sl_buf_view(&who));
  sl_buf_le(b, (uint64_t)k->expires, 8);
  sl_buf_le(b, (uint64_t)k->latency_ms, 8);
  put_text(b, k->err.msg);
  while (ws_conn_narrowed(k, n, &res, &why))
    n++;
  sl_buf_le(b, n, 2);
  for (size_t i = 0; i < n && ws_conn_narrowed(k, i, &res, &why); i++) {
    sl_buf_lstr(b, sl_str(res->name));
    put_text(b, why);
  }
  sl_buf_free(&who);
}

static int narrowed_read(struct sl_capsule *c, struct sl_rd *d, struct cap_conn *k)
{
  size_t n = sl_rd_le(d, 2), have = 0;
  if (d->bad || n > CAP_SERVES)
    return SL_EPARSE;
  struct sl_was_narrow *list = sl_arena_alloc(&c->arena, (n + 1) * sizeof *list);
  for (size_t i = 0; list && i < n; i++) {
    const struct sl_resource *res = cap_resource(sl_rd_lstr(d));
    struct sl_str why = sl_rd_lstr(d);
    char *words = sl_arena_strndup(&c->arena, why.p ? why.p : "", why.n);
    if (d->bad || !words)
      return d->bad ? SL_EPARSE : SL_ENOMEM;
    if (res) /* one that this program does not know is not asked for either */
      list[have++] = (struct sl_was_narrow){ res, words };
  }
  k->was.narrow = list;
  k->was.nnarrow = have;
  return list ? SL_OK : SL_ENOMEM;
}

static void text_into(char *out, size_t n, struct sl_str s)
{
  snprintf(out, n, "%.*s", SL_ARG(sl_str_head(s, n - 1)));
}

int cap_state_read(struct sl_capsule *c, struct cap_conn *k, struct sl_rd *d)
{
  struct sl_backend_was *was = &k->was;
  text_into(was->state, sizeof was->state, sl_rd_lstr(d));
  text_into(was->identity, sizeof was->identity, sl_rd_lstr(d));
  was->expires = (sl_ms)sl_rd_le(d, 8);
  was->latency_ms = (int64_t)sl_rd_le(d, 8);
  text_into(was->why, sizeof was->why, sl_rd_lstr(d));
  return d->bad ? SL_EPARSE : narrowed_read(c, d, k);
}
