/* model/conf_get.c: what a reading answers. Everything is borrowed from it. */
#include "model/conf_int.h"

/* ---- a connection's settings ---- */

const char *sl_conf_name(const struct sl_conf *c) { return c->name; }
const char *sl_conf_type(const struct sl_conf *c) { return c->type; }

const char *sl_conf_text(const struct sl_conf *c, const char *setting)
{
  const struct conf_value *v = conf_get(&c->values, setting);
  return v ? v->text : NULL;
}

int64_t sl_conf_int(const struct sl_conf *c, const char *setting, int64_t dflt)
{
  const struct conf_value *v = conf_get(&c->values, setting);
  return v && v->text ? v->i : dflt;
}

bool sl_conf_bool(const struct sl_conf *c, const char *setting, bool dflt)
{
  const struct conf_value *v = conf_get(&c->values, setting);
  return v && v->text ? v->b : dflt;
}

const char *const *sl_conf_list(const struct sl_conf *c, const char *setting)
{
  const struct conf_value *v = conf_get(&c->values, setting);
  return v ? v->list : NULL;
}

const struct sl_secret_src *sl_conf_secret(const struct sl_conf *c, const char *setting)
{
  static const struct sl_secret_src none = { .kind = SL_SECRET_NONE };
  const struct conf_value *v = conf_get(&c->values, setting);
  return v ? &v->secret : &none;
}

bool sl_conf_readonly(const struct sl_conf *c)
{
  return c->ws->readonly || sl_conf_bool(c, "readonly", false);
}

int sl_conf_timeout_ms(const struct sl_conf *c)
{
  return (int)sl_conf_int(c, "timeout", 30000);
}

/* ---- the workspace ---- */

const char *sl_ws_conf_name(const struct sl_ws_conf *c) { return c->name; }
const char *sl_ws_conf_id(const struct sl_ws_conf *c) { return c->id; }
const char *sl_ws_conf_path(const struct sl_ws_conf *c) { return c->path; }
const char *sl_ws_conf_dir(const struct sl_ws_conf *c) { return c->dir; }
const char *sl_ws_conf_environment_name(const struct sl_ws_conf *c) { return c->environment; }
bool sl_ws_conf_protected(const struct sl_ws_conf *c) { return c->protect; }
bool sl_ws_conf_readonly(const struct sl_ws_conf *c) { return c->readonly; }
const struct sl_tz *sl_ws_conf_tz(const struct sl_ws_conf *c) { return c->tz; }
struct sl_str sl_ws_conf_digest(const struct sl_ws_conf *c) { return sl_str(c->digest); }

size_t sl_ws_conf_conns(const struct sl_ws_conf *c, const struct sl_conf *const **out)
{
  *out = (const struct sl_conf *const *)c->conns;
  return c->nconns;
}

const struct sl_zone *sl_ws_conf_zones(const struct sl_ws_conf *c, size_t *n)
{
  *n = c->nzones;
  return c->zones;
}

const struct sl_job_conf *sl_ws_conf_jobs(const struct sl_ws_conf *c, size_t *n)
{
  *n = c->njobs;
  return c->jobs;
}

const struct sl_model_conf *sl_ws_conf_models(const struct sl_ws_conf *c, size_t *n)
{
  *n = c->nmodels;
  return c->models;
}

const struct sl_member *sl_ws_conf_people(const struct sl_ws_conf *c, size_t *n)
{
  *n = c->npeople;
  return c->people;
}

size_t sl_ws_conf_warnings(const struct sl_ws_conf *c, const char *const **out)
{
  *out = c->warnings;
  return c->nwarnings;
}
