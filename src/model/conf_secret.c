/* model/conf_secret.c: where a secret comes from, as the file says it: {env: N}, {file: F}, {command: [...]}, ask, or the secret itself. */
#include "base/file.h"
#include "model/conf_int.h"

static const char *const ways[] = { "env", "file", "command" };
static const struct sl_setting parts[] = {
  { .name = "env", .type = SL_SET_TEXT, .example = "MY_TOKEN" },
  { .name = "file", .type = SL_SET_PATH, .example = "~/.secrets/token" },
  { .name = "command", .type = SL_SET_LIST, .example = "[pass, show, token]" },
};

static int from_map(struct conf_ctx *x, const struct sl_yaml_node *n, struct conf_value *v)
{
  char q[CONF_QUOTE];
  struct conf_value part = { 0 };
  if (n->n != 1)
    return conf_fail(x, n, "`%s` must be one of {env: NAME}, {file: PATH}, {command: [...]} or ask", v->def->name);
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
    if (sl_str_eqz(n->keys[0]->text, ways[i]))
      part.def = &parts[i];
  if (!part.def)
    return conf_fail(x, n->keys[0], "unknown key `%s`; a secret is {env: NAME}, {file: PATH}, {command: [...]} or ask%s",
                     conf_quote(q, n->keys[0]->text), conf_hint(x, n->keys[0]->text, ways, sizeof ways / sizeof ways[0]));
  int rc = conf_check(x, n->items[0], &part);
  if (rc)
    return rc;
  if (part.def == &parts[2] && !part.list[0])
    return conf_fail(x, n->items[0], "`command` is empty; write e.g. command: [pass, show, token]");
  v->secret.kind = part.def == &parts[0] ? SL_SECRET_ENV : part.def == &parts[1] ? SL_SECRET_FILE : SL_SECRET_COMMAND;
  v->secret.text = part.list ? NULL : part.text;
  v->secret.argv = part.list;
  return SL_OK;
}

int conf_check_secret(struct conf_ctx *x, const struct sl_yaml_node *n, struct conf_value *v)
{
  if (n->kind == SL_YAML_MAP)
    return from_map(x, n, v);
  if (n->kind != SL_YAML_SCALAR || sl_yaml_is_null(n) || !n->text.n || memchr(n->text.p, 0, n->text.n))
    return conf_fail(x, n, "`%s` must be one of {env: NAME}, {file: PATH}, {command: [...]} or ask", v->def->name);
  if (!n->quoted && sl_str_eqz(n->text, "ask")) {
    v->secret.kind = SL_SECRET_ASK;
    return SL_OK;
  }
  v->secret.kind = SL_SECRET_LITERAL;
  v->secret.text = conf_dup(x, n->text);
  return v->secret.text ? conf_warn(x, n, "`%s` stands here in plain text; use {env: NAME}, {file: PATH}, {command: [...]} or ask",
                                    v->def->name) : conf_nomem(x);
}
