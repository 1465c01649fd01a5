/* model/conf_write.c: a workspace as YAML (for `init`), and one more connection in a file that somebody else wrote (for `connect`). */
#include <sys/stat.h>

#include "base/file.h"
#include "base/secret.h"
#include "model/conf_int.h"

/* ---- the whole ---- */

void conf_put(struct sl_buf *b, int indent, const char *key, const char *value)
{
  if (!value)
    return;
  sl_buf_fill(b, ' ', (size_t)indent);
  sl_buf_printf(b, "%s: ", key);
  sl_yaml_quote(b, sl_str(value));
  sl_buf_ch(b, '\n');
}

void conf_put_list(struct sl_buf *b, int indent, const char *key, const char *const *list)
{
  if (!list || !list[0])
    return;
  sl_buf_fill(b, ' ', (size_t)indent);
  sl_buf_printf(b, "%s: [", key);
  for (size_t i = 0; list[i]; i++) {
    sl_buf_z(b, i ? ", " : "");
    sl_yaml_quote(b, sl_str(list[i]));
  }
  sl_buf_z(b, "]\n");
}

void conf_put_secret(struct sl_buf *b, int indent, const char *key, const struct sl_secret_src *s)
{
  static const char *const ways[] = { [SL_SECRET_ENV] = "env", [SL_SECRET_FILE] = "file" };
  sl_buf_fill(b, ' ', (size_t)indent);
  sl_buf_printf(b, "%s:", key);
  if (s->kind == SL_SECRET_COMMAND) {
    sl_buf_z(b, "\n");
    conf_put_list(b, indent + 2, "command", s->argv);
  } else if (s->kind == SL_SECRET_ENV || s->kind == SL_SECRET_FILE) {
    sl_buf_z(b, "\n");
    conf_put(b, indent + 2, ways[s->kind], s->text);
  } else {
    sl_buf_z(b, " ask\n"); /* a literal stays where it was */
  }
}

/* An address may hold a password (the file was warned of it): it stays where it was, too. */
static void put_plain(struct sl_buf *b, const struct conf_value *v)
{
  struct sl_buf safe;
  sl_buf_init(&safe, 64 << 10);
  if (v->text && strstr(v->text, "://"))
    sl_secret_redact(&safe, sl_str(v->text));
  conf_put(b, 4, v->def->name, safe.n ? sl_buf_zstr(&safe) : v->text);
  sl_buf_free(&safe);
}

static void put_conn(struct sl_buf *b, const struct sl_conf *c)
{
  sl_buf_printf(b, "  %s:\n", c->name);
  conf_put(b, 4, "type", c->type);
  for (size_t i = 0; i < c->values.n; i++) {
    const struct conf_value *v = &c->values.v[i];
    if (!v->node || !strcmp(v->def->name, "type"))
      continue;
    if (v->def->type == SL_SET_SECRET)
      conf_put_secret(b, 4, v->def->name, &v->secret);
    else if (v->def->type == SL_SET_BOOL)
      sl_buf_printf(b, "    %s: %s\n", v->def->name, v->b ? "true" : "false");
    else if (v->list)
      conf_put_list(b, 4, v->def->name, v->list);
    else
      put_plain(b, v);
  }
}

static void put_conns(struct sl_buf *b, const struct sl_ws_conf *c)
{
  bool any = false;
  for (size_t i = 0; i < c->nconns; i++) {
    if (c->conns[i]->implicit)
      continue;
    if (!any)
      sl_buf_z(b, "connections:\n");
    any = true;
    put_conn(b, c->conns[i]);
  }
}

/* In the largest unit that says it exactly. */
void conf_put_seconds(struct sl_buf *b, int indent, const char *key, double s)
{
  static const struct { int64_t ms; const char *unit; } units[] = {
    { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" },
  };
  int64_t ms = (int64_t)(s * 1000 + 0.5);
  size_t i = 0;
  if (ms <= 0)
    return;
  while (ms % units[i].ms)
    i++;
  sl_buf_fill(b, ' ', (size_t)indent);
  sl_buf_printf(b, "%s: %lld%s\n", key, (long long)(ms / units[i].ms), units[i].unit);
}

static void put_zones(struct sl_buf *b, const struct sl_ws_conf *c)
{
  if (c->nzones)
    sl_buf_z(b, "lake:\n  zones:\n");
  for (size_t i = 0; i < c->nzones; i++) {
    const struct sl_zone *z = &c->zones[i];
    sl_buf_printf(b, "    - name: ");
    sl_yaml_quote(b, sl_str(z->name));
    sl_buf_ch(b, '\n');
    conf_put(b, 6, "uri", z->uri);
    conf_put(b, 6, "connection", z->conn);
    conf_put(b, 6, "layout", z->layout);
    conf_put(b, 6, "format", z->format);
    conf_put_seconds(b, 6, "fresh_within", z->fresh_within_s);
    if (z->min_rows)
      sl_buf_printf(b, "      min_rows: %lld\n", (long long)z->min_rows);
    conf_put(b, 6, "schedule", z->schedule);
  }
}

static void put_job(struct sl_buf *b, const struct sl_job_conf *j)
{
  sl_buf_printf(b, "  %s:\n", j->name);
  conf_put(b, 4, "connection", j->conn);
  conf_put(b, 4, "help", j->help);
  conf_put(b, 4, "schedule", j->schedule);
  conf_put_seconds(b, 4, "timeout", j->timeout_s);
  conf_put_list(b, 4, "reads", j->reads);
  conf_put(b, 4, "writes", j->writes);
  conf_put_list(b, 4, "after", j->after);
  for (size_t i = 0; i < j->nparams; i++) {
    sl_buf_z(b, i ? "" : "    params:\n");
    conf_put(b, 6, j->params[i].name, j->params[i].value);
  }
  sl_buf_z(b, "    steps:\n");
  for (size_t i = 0; i < j->nsteps; i++) {
    sl_buf_printf(b, "      %s:\n", j->steps[i].name);
    conf_put_list(b, 8, "run", j->steps[i].argv);
    conf_put_list(b, 8, "after", j->steps[i].after);
  }
}

int sl_ws_conf_write(const struct sl_ws_conf *c, struct sl_buf *out, struct sl_err *err)
{
  conf_put(out, 0, "environment", *c->environment ? c->environment : NULL);
  if (c->protect)
    sl_buf_z(out, "protected: true\n");
  if (c->readonly)
    sl_buf_z(out, "readonly: true\n");
  if (strcmp(c->tz_name, "UTC") != 0)
    conf_put(out, 0, "timezone", c->tz_name);
  put_conns(out, c);
  put_zones(out, c);
  for (size_t i = 0; i < c->njobs && !c->jobs[i].implicit; i++) { /* those come last */
    sl_buf_z(out, i ? "" : "jobs:\n");
    put_job(out, &c->jobs[i]);
  }
  conf_put_models(out, c);
  conf_put_people(out, c);
  return sl_buf_check(out, err);
}

/* ---- one connection more ---- */

/* The byte at which line (from 1) begins; the end where there are fewer. */
static size_t line_start(struct sl_str text, int line)
{
  size_t at = 0;
  for (; line > 1 && at < text.n; line--) {
    ptrdiff_t nl = sl_str_chr(sl_str_from(text, at), '\n');
    at = nl < 0 ? text.n : at + (size_t)nl + 1;
  }
  return at;
}

/* Blank lines and comments at the margin belong to what follows: the new lines go before them. */
static size_t before_comments(struct sl_str text, size_t at, size_t from)
{
  while (at > from) {
    size_t start = at - 1;
    while (start > from && text.p[start - 1] != '\n')
      start--;
    struct sl_str line = sl_str_trim(sl_strn(text.p + start, at - start));
    if (line.n && text.p[start] != '#')
      break;
    at = start;
  }
  return at;
}

struct place { size_t at; int indent; bool head; };

/* Where in the text the new connection goes. head: `connections:` itself must be written, too. */
static int find_place(const struct sl_yaml *y, struct sl_str text, const char *name, struct place *p, struct sl_err *err)
{
  const struct sl_yaml_node *root = sl_yaml_root(y), *conns = sl_yaml_get(root, "connections"), *key = NULL;
  *p = (struct place){ .at = text.n, .indent = 2, .head = true };
  if (root && root->kind != SL_YAML_MAP)
    return sl_yaml_fail(y, root, err, "the workspace must be a map of settings; write name: value");
  if (!conns)
    return SL_OK;
  if (sl_yaml_get(conns, name))
    return sl_err_set(err, SL_EEXIST, "%s has a connection `%s` already; choose another name", sl_yaml_file(y), name);
  size_t i = 0;
  while (i < root->n && !sl_str_eqz(root->keys[i]->text, "connections"))
    i++;
  key = root->keys[i];
  size_t start = line_start(text, key->line + 1);
  if (!sl_yaml_is_null(conns) && (conns->kind != SL_YAML_MAP || !conns->n || conns->keys[0]->line == key->line))
    return sl_yaml_fail(y, conns, err, "`connections` is written in one line; put each connection on a line of its own first");
  p->indent = sl_yaml_is_null(conns) ? 2 : conns->keys[0]->column - 1;
  p->head = false;
  p->at = sl_yaml_is_null(conns) ? start
                                 : before_comments(text, i + 1 < root->n ? line_start(text, root->keys[i + 1]->line) : text.n, start);
  return SL_OK;
}

static void write_lines(struct sl_buf *b, struct sl_str text, const struct place *p, const char *name, struct sl_str lines)
{
  struct sl_str line;
  sl_buf_str(b, sl_str_head(text, p->at));
  if (b->n && b->p[b->n - 1] != '\n')
    sl_buf_ch(b, '\n');
  if (p->head)
    sl_buf_z(b, "connections:\n");
  sl_buf_fill(b, ' ', (size_t)p->indent);
  sl_buf_printf(b, "%s:\n", name);
  while (sl_str_cut(&lines, '\n', &line)) {
    if (!sl_str_trim(line).n)
      continue;
    sl_buf_fill(b, ' ', (size_t)p->indent + 2);
    sl_buf_str(b, line);
    sl_buf_ch(b, '\n');
  }
  sl_buf_str(b, sl_str_from(text, p->at));
}

/* What was there is there still, and the new one too: otherwise the file is of a kind that we do not edit. */
static int check_edit(const struct sl_yaml *was, struct sl_str text, const char *path, const char *name, struct sl_err *err)
{
  struct sl_yaml *y = NULL;
  struct sl_err why = { 0 };
  const struct sl_yaml_node *old = sl_yaml_get(sl_yaml_root(was), "connections");
  int rc = sl_yaml_parse(&y, text, path, &why);
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err);
  const struct sl_yaml_node *now = rc ? NULL : sl_yaml_get(sl_yaml_root(y), "connections");
  const struct sl_yaml_node *added = now ? sl_yaml_get(now, name) : NULL;
  bool ok = added && added->kind == SL_YAML_MAP && now->n == (old ? old->n : 0) + 1 &&
            sl_yaml_root(y)->n == (sl_yaml_root(was) ? sl_yaml_root(was)->n : 0) + (old ? 0 : 1);
  sl_yaml_free(y);
  return ok ? SL_OK : sl_err_set(err, SL_ECONFIG, "%s: cannot add `%s` without rewriting it; add its lines by hand", path, name);
}

int sl_ws_conf_add_text(struct sl_buf *out, const char *path, const char *name, struct sl_str lines, struct sl_str text, struct sl_err *err)
{
  struct sl_yaml *y = NULL;
  struct place p;
  int rc = sl_yaml_parse(&y, text, path, err);
  if (!rc)
    rc = find_place(y, text, name, &p, err);
  if (!rc) {
    write_lines(out, text, &p, name, lines);
    rc = sl_buf_check(out, err);
  }
  if (!rc)
    rc = check_edit(y, sl_buf_view(out), path, name, err);
  sl_yaml_free(y);
  return rc;
}

int sl_ws_conf_add_connection(const char *path, const char *name, struct sl_str yaml_lines, struct sl_err *err)
{
  struct sl_buf text, out;
  struct stat st;
  int rc = SL_OK;
  if (!conf_name_ok(sl_str(name)))
    return sl_err_set(err, SL_EUSAGE, "`%.60s` is no name for a connection: use a-z, 0-9, _ . - and begin with a letter or digit", name);
  sl_buf_init(&text, 2 << 20);
  sl_buf_init(&out, 2 << 20);
  bool there = stat(path, &st) == 0;
  if (there)
    rc = sl_file_read(&text, path, 1 << 20, err);
  if (!rc)
    rc = sl_ws_conf_add_text(&out, path, name, yaml_lines, sl_buf_view(&text), err);
  if (!rc)
    rc = sl_file_write(path, sl_buf_view(&out), there ? (unsigned)st.st_mode & 0777 : 0600, err);
  sl_buf_wipe(&text);
  sl_buf_wipe(&out);
  return rc;
}
