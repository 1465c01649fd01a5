/* model/conf_evidence.c: the jobs that nobody writes: evidence-MODEL, a step for each kind of evidence that the model's entry asks for. */
#include "model/conf_int.h"

enum { NAME_MAX_ = 63, KEEP = 1000, KEEP_DAYS = 90 };

/* The model's name as a job's: other characters become `-`; what does not fit or is taken has none. */
static const char *job_name(struct conf_ctx *x, const char *model)
{
  char *name = sl_arena_printf(x->mem, "evidence-%s", model);
  for (char *p = name; p && *p; p++) {
    char low = (char)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
    *p = (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9') || low == '_' || low == '.' ? low : '-';
  }
  for (size_t i = 0; name && i < x->ws->njobs; i++)
    if (!strcmp(x->ws->jobs[i].name, name))
      return NULL;
  return name && strlen(name) <= NAME_MAX_ ? name : NULL;
}

static int steps_make(struct conf_ctx *x, const struct sl_model_conf *m, struct sl_job_conf *j)
{
  static const char *const none[] = { NULL };
  struct sl_step_conf *s = sl_arena_alloc(x->mem, (m->nevidence + 1) * sizeof *s);
  const char *what = sl_arena_printf(x->mem, "%s/${version}", m->name);
  if (!s || !what)
    return conf_nomem(x);
  for (size_t i = 0; i < m->nevidence; i++) {
    const char **argv = sl_arena_alloc(x->mem, 5 * sizeof *argv);
    if (!argv)
      return conf_nomem(x);
    argv[0] = "sluice";
    argv[1] = "--evidence";
    argv[2] = m->evidence[i].kind;
    argv[3] = what;
    s[i] = (struct sl_step_conf){ .name = m->evidence[i].kind, .argv = argv, .after = none };
  }
  j->steps = s;
  j->nsteps = m->nevidence;
  return SL_OK;
}

static int job_make(struct conf_ctx *x, struct sl_model_conf *m, struct sl_job_conf *j)
{
  static const char *const none[] = { NULL };
  struct sl_param *p = sl_arena_alloc(x->mem, sizeof *p);
  char *help = sl_arena_printf(x->mem, "computes the evidence of a version of %s", m->name);
  if (!p || !help)
    return conf_nomem(x);
  *p = (struct sl_param){ "version", "" };
  *j = (struct sl_job_conf){ .name = m->job, .conn = "local", .help = help, .reads = none, .after = none, .params = p, .nparams = 1,
                             .keep = KEEP, .keep_for_s = KEEP_DAYS * 86400.0, .implicit = true };
  return steps_make(x, m, j);
}

int conf_evidence_jobs(struct conf_ctx *x)
{
  struct sl_ws_conf *c = x->ws;
  size_t n = 0;
  for (size_t i = 0; i < c->nmodels; i++)
    n += c->models[i].nevidence > 0;
  if (!n || !conf_conn(c, SL_STR("local")))
    return SL_OK;
  struct sl_job_conf *jobs = sl_arena_alloc(x->mem, (c->njobs + n) * sizeof *jobs);
  if (!jobs)
    return conf_nomem(x);
  for (size_t i = 0; i < c->njobs; i++)
    jobs[i] = c->jobs[i];
  c->jobs = jobs;
  for (size_t i = 0; i < c->nmodels; i++) {
    struct sl_model_conf *m = &c->models[i];
    bool plain = !strstr(m->name, "${"); /* would be taken for a parameter */
    m->job = m->nevidence && plain ? job_name(x, m->name) : NULL;
    int rc = m->job ? job_make(x, m, &c->jobs[c->njobs]) : SL_OK;
    if (rc)
      return rc;
    c->njobs += m->job != NULL;
  }
  return SL_OK;
}
