/* model/conf_model.c: the models of a workspace file: the gates of a promotion, the evidence that they need, who must agree, what moves. */
#include "base/file.h"
#include "base/hash.h"
#include "model/conf_int.h"
#include "model/drift.h"
#include "table/rule.h"

enum { MODELS_MAX = 2000, GATES_MAX = 200, MODEL_NAME_MAX = 255, GATE_TEXT_MAX = SL_RULE_MAX };

struct model_ctx { struct conf_ctx *x; struct sl_model_conf *m; const char *what; };

/* A model is named by its registry, not by us; but MODEL/VERSION and models:/MODEL@ALIAS must stay readable. */
static int check_model_name(struct conf_ctx *x, const struct sl_yaml_node *key)
{
  char q[CONF_QUOTE];
  struct sl_str s = key->text;
  bool ok = s.n && s.n <= MODEL_NAME_MAX;
  for (size_t i = 0; i < s.n && ok; i++)
    ok = (unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f && !strchr("/:@", s.p[i]);
  return ok ? SL_OK : conf_fail(x, key, "`%s` is no name of a model: it may hold no / : @ nor controls (%d bytes at most)",
                                conf_quote(q, s), MODEL_NAME_MAX);
}

/* ---- gates ---- */

static int check_rule(struct conf_ctx *x, const struct sl_yaml_node *n, const char *text)
{
  struct sl_rule *r = NULL;
  struct sl_err why = { 0 };
  int rc = sl_rule_parse(&r, sl_str(text), &why);
  sl_rule_free(r);
  if (rc == SL_ENOMEM)
    return conf_nomem(x);
  return rc ? conf_fail(x, n, "gate: %s", why.msg) : SL_OK;
}

static int read_gate(struct model_ctx *m, struct sl_yaml_node *n, struct sl_gate_conf *g)
{
  const struct conf_table t = conf_table("gate");
  struct sl_yaml_node key = { .kind = SL_YAML_SCALAR, .text = SL_STR("pass"), .line = n->line, .column = n->column };
  struct sl_yaml_node *keys[] = { &key }, *items[] = { n };
  /* the expression alone is {pass: EXPRESSION} */
  const struct sl_yaml_node alone = { .kind = SL_YAML_MAP, .line = n->line, .column = n->column, .keys = keys, .items = items, .n = 1 };
  struct conf_values vs;
  if (n->kind == SL_YAML_SEQ || (n->kind == SL_YAML_SCALAR && sl_yaml_is_null(n)))
    return conf_fail(m->x, n, "a gate must be an expression or a map of settings; write \"metrics.auc >= 0.8\", or {pass: ..., name: ...}");
  int rc = conf_read_map(m->x, n->kind == SL_YAML_MAP ? n : &alone, "the gate", &t, 1, &vs);
  if (rc)
    return rc;
  g->pass = conf_text(&vs, "pass");
  g->name = conf_text(&vs, "name") ? conf_text(&vs, "name") : g->pass;
  g->first = conf_text(&vs, "first");
  g->line = (unsigned)n->line;
  if (!strcmp(g->name, SL_FOUR_EYES_GATE))
    return conf_fail(m->x, conf_node(&vs, conf_node(&vs, "name") ? "name" : "pass"),
                     "`%s` is the name of a gate that is always judged; call this one otherwise", g->name);
  if (strlen(g->pass) > GATE_TEXT_MAX)
    return conf_fail(m->x, conf_node(&vs, "pass"), "`pass` is longer than %d bytes; make two gates of it", GATE_TEXT_MAX);
  return check_rule(m->x, conf_node(&vs, "pass"), g->pass);
}

static int read_gates(struct model_ctx *m, const struct sl_yaml_node *list)
{
  struct conf_ctx *x = m->x;
  size_t n = list ? list->n : 0;
  struct sl_map seen;
  uint64_t before;
  int rc = SL_OK;
  if (n > GATES_MAX)
    return conf_fail(x, list, "%s has %zu gates; %d is the most", m->what, n, GATES_MAX);
  struct sl_gate_conf *gates = sl_arena_alloc(x->mem, (n + 1) * sizeof *gates);
  if (!gates)
    return conf_nomem(x);
  sl_map_init(&seen);
  for (size_t i = 0; i < n && !rc; i++) {
    rc = read_gate(m, list->items[i], &gates[i]);
    if (!rc && sl_map_get(&seen, sl_str(gates[i].name), &before))
      rc = conf_fail(x, list->items[i], "there is a gate of this name already, in line %u; remove one, or give it another name",
                     gates[before].line);
    if (!rc)
      rc = sl_map_put(&seen, sl_str(gates[i].name), i, NULL, x->err);
  }
  sl_map_free(&seen);
  m->m->gates = gates;
  m->m->ngates = n;
  return rc;
}

/* ---- evidence ---- */

static int check_persist(struct model_ctx *m, const struct conf_values *vs, const char *text)
{
  const struct sl_drift_ask ask = { .persist = (char *)(uintptr_t)text };
  struct sl_drift_span span;
  if (!sl_drift_span_of(&span, &ask, NULL))
    return SL_OK;
  return conf_fail(m->x, conf_node(vs, "persist"), "`persist` is M/N, as 2/3: drifted in M of the last N partitions; N is %d at most",
                   SL_DRIFT_OF_MAX);
}

static int read_one_evidence(struct model_ctx *m, const char *kind, const struct sl_yaml_node *map, struct sl_evidence_conf *e)
{
  const struct conf_table t = conf_table(kind);
  struct conf_values vs;
  const char *what = sl_arena_printf(m->x->mem, "`%s` of %s", kind, m->what);
  int rc = what ? conf_read_map(m->x, map, what, &t, 1, &vs) : conf_nomem(m->x);
  if (rc)
    return rc;
  bool drift = !strcmp(kind, "drift");
  *e = (struct sl_evidence_conf){
    .kind = kind,
    .baseline = drift ? conf_text(&vs, "baseline") : NULL, .current = drift ? conf_text(&vs, "current") : NULL,
    .data = drift ? NULL : conf_text(&vs, "data"), .label = drift ? NULL : conf_text(&vs, "label"),
    .persist = drift ? conf_text(&vs, "persist") : NULL,
    .max_age_s = (double)conf_get(&vs, "max_age")->i / 1000.0,
  };
  return e->persist ? check_persist(m, &vs, e->persist) : SL_OK;
}

static int read_evidence(struct model_ctx *m, const struct sl_yaml_node *map)
{
  const struct conf_table t = conf_table("evidence");
  struct conf_values vs;
  int rc = conf_read_map(m->x, map, "`evidence`", &t, 1, &vs);
  struct sl_evidence_conf *list = rc ? NULL : sl_arena_alloc(m->x->mem, t.n * sizeof *list);
  if (rc || !list)
    return rc ? rc : conf_nomem(m->x);
  for (size_t i = 0; i < t.n && !rc; i++)
    if (vs.v[i].node && !(rc = read_one_evidence(m, t.set[i].name, vs.v[i].node, &list[m->m->nevidence])))
      m->m->nevidence++;
  m->m->evidence = list;
  return rc;
}

/* ---- who must agree ---- */

static int check_approvers(struct model_ctx *m, const struct conf_values *vs)
{
  const struct sl_ws_conf *c = m->x->ws;
  const struct sl_yaml_node *node = conf_node(vs, "approvers");
  const char **names = sl_arena_alloc(m->x->mem, (c->npeople + 1) * sizeof *names);
  if (!names)
    return conf_nomem(m->x);
  for (size_t i = 0; i < c->npeople; i++)
    names[i] = c->people[i].name;
  int n = 0;
  for (; m->m->approvers[n]; n++) {
    const struct sl_yaml_node *at = node->kind == SL_YAML_SEQ ? node->items[n] : node;
    size_t k = 0;
    while (k < c->npeople && strcmp(names[k], m->m->approvers[n]) != 0)
      k++;
    const char *hint = k < c->npeople ? "" : conf_hint(m->x, sl_str(m->m->approvers[n]), names, c->npeople);
    if (k == c->npeople)
      return conf_fail(m->x, at, "approver `%s` is nobody below people:%s", m->m->approvers[n], *hint ? hint : "; add them there");
    for (int before = 0; before < n; before++)
      if (!strcmp(m->m->approvers[before], m->m->approvers[n]))
        return conf_fail(m->x, at, "approver `%s` stands twice; remove one", m->m->approvers[n]);
  }
  if (n && m->m->required > n)
    return conf_fail(m->x, conf_node(vs, "required"), "%d must agree, but `approvers` names %d; name more, or ask for fewer",
                     m->m->required, n);
  return SL_OK;
}

static int read_lease(struct model_ctx *m, const struct conf_values *vs)
{
  char q[CONF_QUOTE];
  const char *text = conf_text(vs, "lease");
  if (!text || !strcmp(text, "registry")) {
    m->m->lease = text;
    return SL_OK;
  }
  if (strncmp(text, "dir:", 4) != 0 || !text[4])
    return conf_fail(m->x, conf_node(vs, "lease"), "`lease` must be dir:PATH or registry, not `%s`", conf_quote(q, sl_str(text)));
  char *abs = sl_path_abs(text + 4, m->x->dir);
  m->m->lease = abs ? sl_arena_printf(m->x->mem, "dir:%s", abs) : NULL;
  sl_free(abs);
  return m->m->lease ? SL_OK : conf_nomem(m->x);
}

static int read_approval(struct model_ctx *m, const struct sl_yaml_node *map)
{
  static const char *const none[] = { NULL };
  const struct conf_table t = conf_table("approval");
  struct conf_values vs;
  int rc = conf_read_map(m->x, map, "`approval`", &t, 1, &vs);
  if (rc)
    return rc;
  const char *eyes = conf_text(&vs, "four_eyes");
  m->m->required = (int)conf_get(&vs, "required")->i;
  m->m->four_eyes = !strcmp(eyes, "true") ? SL_FOUR_EYES_ON : !strcmp(eyes, "false") ? SL_FOUR_EYES_OFF : SL_FOUR_EYES_ADVISORY;
  m->m->approvers = conf_get(&vs, "approvers")->list ? conf_get(&vs, "approvers")->list : none;
  m->m->expires_s = (double)conf_get(&vs, "expires")->i / 1000.0;
  if ((rc = read_lease(m, &vs)))
    return rc;
  return check_approvers(m, &vs);
}

/* ---- what moves ---- */

/* What MLflow takes as an alias. */
static bool alias_ok(struct sl_str s)
{
  bool version = s.n > 1 && (s.p[0] | 0x20) == 'v';
  if (!s.n || s.n > MODEL_NAME_MAX || sl_str_ieq(s, SL_STR("latest")))
    return false;
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i], low = (char)(c | 0x20);
    bool digit = c >= '0' && c <= '9';
    if (!(low >= 'a' && low <= 'z') && !digit && c != '_' && c != '-')
      return false;
    version = version && (!i || digit);
  }
  return !version;
}

static int read_promote(struct model_ctx *m, const struct sl_yaml_node *map)
{
  char q[CONF_QUOTE];
  const struct conf_table t = conf_table("promote");
  struct conf_values vs;
  int rc = conf_read_map(m->x, map, "`promote`", &t, 1, &vs);
  if (rc)
    return rc;
  m->m->alias = conf_text(&vs, "alias");
  m->m->stage = conf_text(&vs, "stage");
  if (m->m->alias && m->m->stage)
    return conf_fail(m->x, conf_node(&vs, "stage"), "`promote` names an alias and a stage; keep one");
  if (m->m->alias && !alias_ok(sl_str(m->m->alias)))
    return conf_fail(m->x, conf_node(&vs, "alias"), "`%s` is no alias: use letters, digits, _ and -, but neither latest nor v1",
                     conf_quote(q, sl_str(m->m->alias)));
  if (!m->m->alias && !m->m->stage)
    m->m->alias = "champion";
  return SL_OK;
}

/* ---- the model ---- */

static int read_model(struct conf_ctx *x, const struct sl_yaml_node *key, const struct sl_yaml_node *map, struct sl_model_conf *out)
{
  char q[CONF_QUOTE];
  const struct conf_table t = conf_table("model");
  struct conf_values vs;
  int rc = check_model_name(x, key);
  if (rc)
    return rc;
  struct model_ctx m = { .x = x, .m = out, .what = sl_arena_printf(x->mem, "model `%s`", conf_quote(q, key->text)) };
  if (!m.what || !(out->name = conf_dup(x, key->text)))
    return conf_nomem(x);
  if (map->kind != SL_YAML_MAP)
    return conf_fail(x, map, "%s must be a map of settings; write {gates: [\"metrics.auc >= 0.8\"]}", m.what);
  if ((rc = conf_read_map(x, map, m.what, &t, 1, &vs)))
    return rc;
  out->conn = conf_text(&vs, "connection");
  out->notify = &conf_get(&vs, "notify")->secret;
  if (out->notify->kind == SL_SECRET_ASK && /* as `init` writes down what was literal */
      (rc = conf_warn(x, conf_node(&vs, "notify"), "%s: `notify` cannot be asked for; write {env: NAME}, {file: PATH} or {command: [...]}",
                      m.what)))
    return rc;
  if (out->conn && !conf_conn(x->ws, sl_str(out->conn)))
    return conf_fail(x, conf_node(&vs, "connection"), "%s: there is no connection `%s`; add it below connections:", m.what, out->conn);
  if ((rc = read_evidence(&m, conf_node(&vs, "evidence"))) || (rc = read_gates(&m, conf_node(&vs, "gates"))) ||
      (rc = read_approval(&m, conf_node(&vs, "approval"))))
    return rc;
  return read_promote(&m, conf_node(&vs, "promote"));
}

int conf_read_models(struct conf_ctx *x, const struct sl_yaml_node *map)
{
  struct sl_ws_conf *c = x->ws;
  if (!map)
    return SL_OK;
  if (map->n > MODELS_MAX)
    return conf_fail(x, map, "there are %zu models; %d is the most", map->n, MODELS_MAX);
  c->models = sl_arena_alloc(x->mem, (map->n + 1) * sizeof *c->models);
  if (!c->models)
    return conf_nomem(x);
  for (size_t i = 0; i < map->n; i++) {
    int rc = read_model(x, map->keys[i], map->items[i], &c->models[i]);
    if (rc)
      return rc;
    c->nmodels++;
  }
  return SL_OK;
}
