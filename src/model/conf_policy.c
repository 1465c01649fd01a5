/* model/conf_policy.c: what is asked of a promotion, in a form that is hashed and signed; and models and people as `init` writes them.
 *
 * The form is RFC 8785 JSON with every list sorted: moving lines, comments and quotes of the file changes nothing. Places below the file's
 * own folder are written from there, so that two clones of one workspace have one policy. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/pubkey.h"
#include "model/conf_int.h"

/* ---- the canonical form ---- */

struct policy { struct sl_buf b; const struct sl_ws_conf *c; struct sl_err *err; int rc; };

static void text(struct policy *p, const char *before, const char *value)
{
  sl_buf_z(&p->b, before);
  if (!value)
    sl_buf_z(&p->b, "null");
  else
    sl_json_canon(&p->b, sl_str(value));
}

/* prefix: "file://" or "dir:". What lies below the workspace's folder is written as ./path behind it. */
static void place(struct policy *p, const char *before, const char *value, const char *prefix)
{
  size_t n = strlen(prefix), dir = strlen(p->c->dir);
  bool ours = value && !strncmp(value, prefix, n) && !strncmp(value + n, p->c->dir, dir) && value[n + dir] == '/';
  if (!ours) {
    text(p, before, value);
    return;
  }
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_printf(&b, "%s.%s", prefix, value + n + dir);
  if (b.failed)
    p->rc = sl_err_nomem(p->err);
  text(p, before, sl_buf_zstr(&b));
  sl_buf_free(&b);
}

static int by_bytes(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A NULL-ended list, sorted. */
static void list(struct policy *p, const char *before, const char *const *v)
{
  size_t n = 0;
  while (v[n])
    n++;
  const char **sorted = sl_alloc((n + 1) * sizeof *sorted);
  if (!sorted) {
    p->rc = sl_err_nomem(p->err);
    return;
  }
  memcpy(sorted, v, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, by_bytes);
  sl_buf_z(&p->b, before);
  sl_buf_ch(&p->b, '[');
  for (size_t i = 0; i < n; i++)
    text(p, i ? "," : "", sorted[i]);
  sl_buf_ch(&p->b, ']');
  sl_free(sorted);
}

/* Keys by their fingerprints: a comment, or how a revoked one is named, says nothing. */
static void prints(struct policy *p, const char *before, const char *const *lines)
{
  size_t n = 0;
  while (lines[n])
    n++;
  char (*print)[SL_FINGERPRINT] = sl_alloc((n + 1) * sizeof *print);
  const char **v = sl_calloc(n + 1, sizeof *v);
  int rc = print && v ? SL_OK : sl_err_nomem(p->err);
  for (size_t i = 0; i < n && !rc; i++) {
    struct sl_pubkey k;
    v[i] = lines[i];
    if (!strncmp(lines[i], "SHA256:", 7))
      continue;
    rc = sl_pubkey_line(&k, sl_str(lines[i]), p->err);
    if (rc)
      break;
    sl_pubkey_fingerprint(&k, print[i]);
    v[i] = print[i];
    sl_pubkey_free(&k);
  }
  if (rc)
    p->rc = rc;
  else
    list(p, before, v);
  sl_free(print);
  sl_free(v);
}

static void milliseconds(struct policy *p, const char *before, double s)
{
  sl_buf_z(&p->b, before);
  if (s > 0)
    sl_buf_printf(&p->b, "%lld", (long long)(s * 1000 + 0.5));
  else
    sl_buf_z(&p->b, "null");
}

static int by_gate(const void *a, const void *b)
{
  const struct sl_gate_conf *x = *(const struct sl_gate_conf *const *)a, *y = *(const struct sl_gate_conf *const *)b;
  return strcmp(x->name, y->name);
}

static void gates(struct policy *p, const struct sl_model_conf *m)
{
  const struct sl_gate_conf **g = sl_alloc((m->ngates + 1) * sizeof *g);
  if (!g) {
    p->rc = sl_err_nomem(p->err);
    return;
  }
  for (size_t i = 0; i < m->ngates; i++)
    g[i] = &m->gates[i];
  qsort(g, m->ngates, sizeof *g, by_gate);
  sl_buf_z(&p->b, ",\"gates\":[");
  for (size_t i = 0; i < m->ngates; i++) {
    text(p, i ? ",{\"first\":" : "{\"first\":", g[i]->first);
    text(p, ",\"name\":", g[i]->name);
    text(p, ",\"pass\":", g[i]->pass);
    sl_buf_ch(&p->b, '}');
  }
  sl_buf_ch(&p->b, ']');
  sl_free(g);
}

static void model(struct policy *p, const struct sl_model_conf *m)
{
  static const char *const eyes[] = { [SL_FOUR_EYES_ON] = "true", [SL_FOUR_EYES_ADVISORY] = "advisory", [SL_FOUR_EYES_OFF] = "false" };
  list(p, "{\"approval\":{\"approvers\":", m->approvers);
  milliseconds(p, ",\"expires_ms\":", m->expires_s);
  text(p, ",\"four_eyes\":", eyes[m->four_eyes]);
  place(p, ",\"lease\":", m->lease, "dir:");
  sl_buf_printf(&p->b, ",\"required\":%d}", m->required);
  text(p, ",\"connection\":", m->conn);
  sl_buf_z(&p->b, ",\"evidence\":[");
  for (size_t i = 0; i < m->nevidence; i++) { /* in the order of the settings' table, whatever the file's is */
    const struct sl_evidence_conf *e = &m->evidence[i];
    place(p, i ? ",{\"baseline\":" : "{\"baseline\":", e->baseline, "file://");
    place(p, ",\"current\":", e->current, "file://");
    place(p, ",\"data\":", e->data, "file://");
    text(p, ",\"kind\":", e->kind);
    text(p, ",\"label\":", e->label);
    milliseconds(p, ",\"max_age_ms\":", e->max_age_s);
    if (e->persist) /* policies without it are what they always were */
      text(p, ",\"persist\":", e->persist);
    sl_buf_ch(&p->b, '}');
  }
  sl_buf_ch(&p->b, ']');
  gates(p, m);
  text(p, ",\"name\":", m->name);
  text(p, ",\"promote\":{\"alias\":", m->alias);
  text(p, ",\"stage\":", m->stage);
  sl_buf_z(&p->b, "}}");
}

static int by_member(const void *a, const void *b)
{
  const struct sl_member *x = *(const struct sl_member *const *)a, *y = *(const struct sl_member *const *)b;
  return strcmp(x->name, y->name);
}

static bool named(const struct sl_model_conf *m, const struct sl_member *who)
{
  for (size_t i = 0; m && m->approvers[i]; i++)
    if (!strcmp(m->approvers[i], who->name))
      return true;
  return false;
}

/* Only those whom the policy names: somebody new below people: changes nothing that was agreed. Where it names nobody, anybody may agree,
 * and what they sign counts by itself. */
static void people(struct policy *p, const struct sl_model_conf *of)
{
  size_t n = 0;
  const struct sl_member **m = sl_alloc((p->c->npeople + 1) * sizeof *m);
  if (!m) {
    p->rc = sl_err_nomem(p->err);
    return;
  }
  for (size_t i = 0; i < p->c->npeople; i++)
    if (named(of, &p->c->people[i]))
      m[n++] = &p->c->people[i];
  qsort(m, n, sizeof *m, by_member);
  sl_buf_z(&p->b, ",\"people\":{");
  for (size_t i = 0; i < n; i++) {
    text(p, i ? "," : "", m[i]->name);
    list(p, ":{\"identities\":", m[i]->identities);
    prints(p, ",\"keys\":", m[i]->keys);
    prints(p, ",\"revoked\":", m[i]->revoked);
    sl_buf_ch(&p->b, '}');
  }
  sl_buf_ch(&p->b, '}');
  sl_free(m);
}

int conf_policy_text(struct sl_buf *out, const struct sl_ws_conf *c, const struct sl_model_conf *m, struct sl_err *err)
{
  struct policy p = { .c = c, .err = err, .rc = SL_OK };
  sl_buf_init(&p.b, 0);
  sl_buf_z(&p.b, "{\"model\":");
  if (m)
    model(&p, m);
  else
    sl_buf_z(&p.b, "null");
  people(&p, m);
  sl_buf_z(&p.b, ",\"v\":2}");
  if (!p.rc)
    p.rc = sl_buf_check(&p.b, err);
  if (!p.rc)
    sl_buf_str(out, sl_buf_view(&p.b));
  sl_buf_free(&p.b);
  return p.rc ? p.rc : sl_buf_check(out, err);
}

int sl_ws_conf_policy(const struct sl_ws_conf *c, const struct sl_model_conf *m, char out[65], struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  int rc = conf_policy_text(&b, c, m, err);
  if (!rc) {
    struct sl_sha256 d = sl_sha256(sl_buf_view(&b));
    sl_sha256_hex(&d, out);
  }
  sl_buf_free(&b);
  return rc;
}

/* ---- as YAML ---- */

static void put_evidence(struct sl_buf *b, const struct sl_model_conf *m)
{
  for (size_t i = 0; i < m->nevidence; i++) {
    const struct sl_evidence_conf *e = &m->evidence[i];
    sl_buf_printf(b, "%s      %s:\n", i ? "" : "    evidence:\n", e->kind);
    conf_put(b, 8, "baseline", e->baseline);
    conf_put(b, 8, "current", e->current);
    conf_put(b, 8, "data", e->data);
    conf_put(b, 8, "label", e->label);
    conf_put(b, 8, "persist", e->persist);
    conf_put_seconds(b, 8, "max_age", e->max_age_s);
  }
}

static void put_gates(struct sl_buf *b, const struct sl_model_conf *m)
{
  for (size_t i = 0; i < m->ngates; i++) {
    const struct sl_gate_conf *g = &m->gates[i];
    sl_buf_z(b, i ? "      - pass: " : "    gates:\n      - pass: ");
    sl_yaml_quote(b, sl_str(g->pass));
    sl_buf_ch(b, '\n');
    conf_put(b, 8, "name", strcmp(g->name, g->pass) ? g->name : NULL);
    conf_put(b, 8, "first", strcmp(g->first, "unknown") ? g->first : NULL);
  }
}

static void put_approval(struct sl_buf *b, const struct sl_model_conf *m)
{
  static const char *const eyes[] = { [SL_FOUR_EYES_ON] = "true", [SL_FOUR_EYES_ADVISORY] = "advisory", [SL_FOUR_EYES_OFF] = "false" };
  sl_buf_printf(b, "    approval:\n      required: %d\n      four_eyes: %s\n", m->required, eyes[m->four_eyes]);
  conf_put_list(b, 6, "approvers", m->approvers);
  conf_put(b, 6, "lease", m->lease);
  conf_put_seconds(b, 6, "expires", m->expires_s);
}

void conf_put_models(struct sl_buf *b, const struct sl_ws_conf *c)
{
  for (size_t i = 0; i < c->nmodels; i++) {
    const struct sl_model_conf *m = &c->models[i];
    sl_buf_z(b, i ? "  " : "models:\n  ");
    sl_yaml_quote(b, sl_str(m->name));
    sl_buf_z(b, ":\n");
    conf_put(b, 4, "connection", m->conn);
    put_evidence(b, m);
    put_gates(b, m);
    put_approval(b, m);
    sl_buf_z(b, "    promote:\n");
    conf_put(b, 6, "alias", m->alias);
    conf_put(b, 6, "stage", m->stage);
    if (m->notify->kind != SL_SECRET_NONE)
      conf_put_secret(b, 4, "notify", m->notify);
  }
}

void conf_put_people(struct sl_buf *b, const struct sl_ws_conf *c)
{
  for (size_t i = 0; i < c->npeople; i++) {
    const struct sl_member *m = &c->people[i];
    sl_buf_printf(b, "%s  %s:\n", i ? "" : "people:\n", m->name);
    conf_put_list(b, 4, "keys", m->keys);
    conf_put_list(b, 4, "identities", m->identities);
    conf_put_list(b, 4, "revoked", m->revoked);
  }
}
