/* model/conf_job.c: the jobs of a workspace file: parameters, steps, and what waits for what. */
#include "model/conf_int.h"

enum { STEPS_MAX = 1000, JOBS_MAX = 2000 };

struct job_ctx { struct conf_ctx *x; struct sl_job_conf *j; const struct sl_yaml_node *steps; };

/* ---- parameters ---- */

static int read_params(struct job_ctx *j, const struct sl_yaml_node *map)
{
  struct conf_ctx *x = j->x;
  size_t n = map ? map->n : 0;
  struct sl_param *params = sl_arena_alloc(x->mem, (n + 1) * sizeof *params);
  if (!params)
    return conf_nomem(x);
  for (size_t i = 0; i < n; i++) {
    const struct sl_yaml_node *value = map->items[i];
    int rc = conf_check_key(x, map->keys[i], "a parameter");
    if (rc)
      return rc;
    if (value->kind != SL_YAML_SCALAR || memchr(value->text.n ? value->text.p : "", 0, value->text.n))
      return conf_fail(x, value, "parameter `%.*s` must be a text; put it in quotes", SL_ARG(map->keys[i]->text));
    params[i].name = conf_dup(x, map->keys[i]->text);
    params[i].value = conf_dup(x, sl_yaml_is_null(value) ? SL_STR_NONE : value->text);
    if (!params[i].name || !params[i].value)
      return conf_nomem(x);
  }
  j->j->params = params;
  j->j->nparams = n;
  return SL_OK;
}

static int unknown_param(struct job_ctx *j, const struct sl_yaml_node *word, struct sl_str name)
{
  char q[CONF_QUOTE];
  struct conf_ctx *x = j->x;
  const char **names = sl_arena_alloc(x->mem, (j->j->nparams + 1) * sizeof *names);
  if (!names)
    return conf_nomem(x);
  for (size_t i = 0; i < j->j->nparams; i++)
    names[i] = j->j->params[i].name;
  const char *hint = conf_hint(x, name, names, j->j->nparams);
  return conf_fail(x, word, "job `%s` has no parameter `%s`%s", j->j->name, conf_quote(q, name),
                   *hint ? hint : "; add it below params:");
}

/* Every ${name} in a word is one of the job's parameters. */
static int check_word(struct job_ctx *j, const struct sl_yaml_node *word)
{
  struct sl_str rest = word->text;
  for (ptrdiff_t at; (at = sl_str_find(rest, SL_STR("${"))) >= 0;) {
    rest = sl_str_from(rest, (size_t)at + 2);
    ptrdiff_t end = sl_str_chr(rest, '}');
    if (end < 0)
      return conf_fail(j->x, word, "`${` without `}`; write ${name}");
    struct sl_str name = sl_str_head(rest, (size_t)end);
    bool known = false;
    for (size_t i = 0; i < j->j->nparams && !known; i++)
      known = sl_str_eqz(name, j->j->params[i].name);
    if (!known)
      return unknown_param(j, word, name);
    rest = sl_str_from(rest, (size_t)end + 1);
  }
  return SL_OK;
}

/* ---- steps ---- */

static int read_step(struct job_ctx *j, const struct sl_yaml_node *key, const struct sl_yaml_node *map, struct sl_step_conf *s)
{
  static const char *const none[] = { NULL };
  struct conf_ctx *x = j->x;
  const struct conf_table t = conf_table("step");
  struct conf_values vs;
  int rc = conf_check_key(x, key, "a step");
  if (rc)
    return rc;
  const char *what = sl_arena_printf(x->mem, "step `%.*s`", SL_ARG(key->text));
  if (!what || !(s->name = conf_dup(x, key->text)))
    return conf_nomem(x);
  if (map->kind != SL_YAML_MAP)
    return conf_fail(x, map, "%s must be a map of settings; write {run: [program, argument]}", what);
  if ((rc = conf_read_map(x, map, what, &t, 1, &vs)))
    return rc;
  const struct sl_yaml_node *run = conf_node(&vs, "run");
  s->argv = conf_get(&vs, "run")->list;
  s->after = conf_get(&vs, "after")->list ? conf_get(&vs, "after")->list : none;
  if (!s->argv[0] || !*s->argv[0])
    return conf_fail(x, run, "`run` names no program; write e.g. run: [sluice, sql, \"select 1\"]");
  for (size_t i = 0; i < run->n && !rc; i++)
    rc = check_word(j, run->items[i]);
  return rc;
}

static size_t step_at(const struct sl_job_conf *j, const char *name)
{
  size_t i = 0;
  while (i < j->nsteps && strcmp(j->steps[i].name, name) != 0)
    i++;
  return i;
}

/* The node of the k-th name of `after` in map. */
static const struct sl_yaml_node *after_node(const struct sl_yaml_node *map, size_t k)
{
  const struct sl_yaml_node *after = sl_yaml_get(map, "after");
  return after && after->kind == SL_YAML_SEQ && k < after->n ? after->items[k] : after;
}

static int check_steps_after(struct job_ctx *j, struct conf_graph *g)
{
  for (size_t i = 0; i < g->n; i++) {
    const char *const *after = g->after[i];
    for (size_t k = 0; after[k]; k++)
      if (step_at(j->j, after[k]) == g->n)
        return conf_fail(j->x, after_node(j->steps->items[i], k), "step `%s` comes after `%s`, which is no step of job `%s`%s", g->names[i],
                         after[k], j->j->name, conf_hint(j->x, sl_str(after[k]), g->names, g->n));
  }
  size_t at;
  const char *words;
  if (!conf_circle(j->x, g, &at, &words))
    return SL_OK;
  return words ? conf_fail(j->x, after_node(j->steps->items[at], 0), "steps wait for each other: %s; remove one `after`", words)
               : conf_nomem(j->x);
}

static int read_steps(struct job_ctx *j)
{
  struct conf_ctx *x = j->x;
  size_t n = j->steps->n;
  if (!n || n > STEPS_MAX)
    return n ? conf_fail(x, j->steps, "job `%s` has %zu steps; %d is the most", j->j->name, n, STEPS_MAX)
             : conf_fail(x, j->steps, "job `%s` has no steps; add e.g. steps: {load: {run: [make, load]}}", j->j->name);
  struct sl_step_conf *steps = sl_arena_alloc(x->mem, n * sizeof *steps);
  const char **names = sl_arena_alloc(x->mem, n * sizeof *names);
  const char *const **after = sl_arena_alloc(x->mem, n * sizeof *after);
  if (!steps || !names || !after)
    return conf_nomem(x);
  for (size_t i = 0; i < n; i++) {
    int rc = read_step(j, j->steps->keys[i], j->steps->items[i], &steps[i]);
    if (rc)
      return rc;
    names[i] = steps[i].name;
    after[i] = steps[i].after;
  }
  j->j->steps = steps;
  j->j->nsteps = n;
  return check_steps_after(j, &(struct conf_graph){ names, after, n });
}

/* ---- jobs ---- */

static int check_zone(struct conf_ctx *x, const struct sl_yaml_node *n, const char *job, const char *verb, const char *zone)
{
  const struct sl_ws_conf *c = x->ws;
  for (size_t i = 0; i < c->nzones; i++)
    if (!strcmp(c->zones[i].name, zone))
      return SL_OK;
  const char **names = sl_arena_alloc(x->mem, (c->nzones + 1) * sizeof *names);
  if (!names)
    return conf_nomem(x);
  for (size_t i = 0; i < c->nzones; i++)
    names[i] = c->zones[i].name;
  const char *hint = conf_hint(x, sl_str(zone), names, c->nzones);
  return conf_fail(x, n, "job `%s` %s `%s`, which is no zone%s", job, verb, zone, *hint ? hint : "; add it below lake: zones:");
}

static int check_places(struct conf_ctx *x, const struct conf_values *vs, const struct sl_job_conf *j)
{
  const struct sl_yaml_node *reads = conf_node(vs, "reads");
  if (!conf_conn(x->ws, sl_str(j->conn)))
    return conf_fail(x, conf_node(vs, "connection"), "job `%s`: there is no connection `%s`; add it below connections:", j->name, j->conn);
  for (size_t i = 0; j->reads[i]; i++) {
    int rc = check_zone(x, reads->kind == SL_YAML_SEQ ? reads->items[i] : reads, j->name, "reads", j->reads[i]);
    if (rc)
      return rc;
  }
  return j->writes ? check_zone(x, conf_node(vs, "writes"), j->name, "writes", j->writes) : SL_OK;
}

static int read_job(struct conf_ctx *x, const struct sl_yaml_node *key, const struct sl_yaml_node *map, struct sl_job_conf *j)
{
  static const char *const none[] = { NULL };
  const struct conf_table t = conf_table("job");
  struct conf_values vs;
  int rc = conf_check_key(x, key, "a job");
  if (rc)
    return rc;
  const char *what = sl_arena_printf(x->mem, "job `%.*s`", SL_ARG(key->text));
  if (!what || !(j->name = conf_dup(x, key->text)))
    return conf_nomem(x);
  if (map->kind != SL_YAML_MAP)
    return conf_fail(x, map, "%s must be a map of settings; write {steps: {load: {run: [make, load]}}}", what);
  if ((rc = conf_read_map(x, map, what, &t, 1, &vs)))
    return rc;
  j->conn = conf_text(&vs, "connection");
  j->help = conf_text(&vs, "help");
  j->writes = conf_text(&vs, "writes");
  j->schedule = conf_text(&vs, "schedule");
  j->timeout_s = (double)conf_get(&vs, "timeout")->i / 1000.0;
  j->keep = conf_get(&vs, "keep")->i;
  j->keep_for_s = (double)conf_get(&vs, "keep_for")->i / 1000.0;
  j->reads = conf_get(&vs, "reads")->list ? conf_get(&vs, "reads")->list : none;
  j->after = conf_get(&vs, "after")->list ? conf_get(&vs, "after")->list : none;
  struct job_ctx ctx = { .x = x, .j = j, .steps = conf_node(&vs, "steps") };
  if ((rc = check_places(x, &vs, j)) || (rc = read_params(&ctx, conf_node(&vs, "params"))))
    return rc;
  return read_steps(&ctx);
}

static int check_jobs_after(struct conf_ctx *x, const struct sl_yaml_node *map)
{
  struct sl_ws_conf *c = x->ws;
  const char **names = sl_arena_alloc(x->mem, (c->njobs + 1) * sizeof *names);
  const char *const **after = sl_arena_alloc(x->mem, (c->njobs + 1) * sizeof *after);
  if (!names || !after)
    return conf_nomem(x);
  for (size_t i = 0; i < c->njobs; i++) {
    names[i] = c->jobs[i].name;
    after[i] = c->jobs[i].after;
  }
  for (size_t i = 0; i < c->njobs; i++)
    for (size_t k = 0; after[i][k]; k++)
      if (!sl_yaml_get(map, after[i][k]))
        return conf_fail(x, after_node(map->items[i], k), "job `%s` comes after `%s`, which is no job%s", names[i], after[i][k],
                         conf_hint(x, sl_str(after[i][k]), names, c->njobs));
  size_t at;
  const char *words;
  if (!conf_circle(x, &(struct conf_graph){ names, after, c->njobs }, &at, &words))
    return SL_OK;
  return words ? conf_fail(x, after_node(map->items[at], 0), "jobs wait for each other: %s; remove one `after`", words) : conf_nomem(x);
}

int conf_read_jobs(struct conf_ctx *x, const struct sl_yaml_node *map)
{
  struct sl_ws_conf *c = x->ws;
  if (!map)
    return SL_OK;
  if (map->n > JOBS_MAX)
    return conf_fail(x, map, "there are %zu jobs; %d is the most", map->n, JOBS_MAX);
  c->jobs = sl_arena_alloc(x->mem, (map->n + 1) * sizeof *c->jobs);
  if (!c->jobs)
    return conf_nomem(x);
  for (size_t i = 0; i < map->n; i++) {
    int rc = read_job(x, map->keys[i], map->items[i], &c->jobs[i]);
    if (rc)
      return rc;
    c->njobs++;
  }
  return check_jobs_after(x, map);
}
