/* backends/local/spec.c: spec.json: what an execution runs, settled before anything starts. */
#include "backend_local/exec_int.h"
#include "base/file.h"

enum { SPEC_MAX = 4 << 20 };

void local_spec_init(struct local_spec *s)
{
  *s = (struct local_spec){ 0 };
  sl_arena_init(&s->mem, 32 << 20);
}

void local_spec_free(struct local_spec *s)
{
  sl_arena_free(&s->mem);
  *s = (struct local_spec){ 0 };
}

/* ---- writing ---- */

static void put_text(struct sl_jw *w, const char *key, const char *z)
{
  if (!z)
    return;
  sl_jw_key(w, sl_str(key));
  sl_jw_str(w, sl_str(z));
}

static void put_words(struct sl_jw *w, const char *key, const char *const *words)
{
  sl_jw_key(w, sl_str(key));
  sl_jw_arr(w);
  for (; *words; words++)
    sl_jw_str(w, sl_str(*words));
  sl_jw_end_arr(w);
}

void local_spec_json(struct sl_jw *w, const struct local_spec *s)
{
  put_text(w, "id", s->id);
  put_text(w, "job", s->job);
  put_text(w, "token", s->token);
  put_text(w, "retry_of", s->retry_of);
  sl_jw_key(w, SL_STR("created"));
  sl_jw_i64(w, s->created);
  sl_jw_key(w, SL_STR("timeout_ms"));
  sl_jw_i64(w, s->timeout_ms);
  sl_jw_key(w, SL_STR("keep"));
  sl_jw_i64(w, s->keep);
  sl_jw_key(w, SL_STR("keep_ms"));
  sl_jw_i64(w, s->keep_ms);
  put_text(w, "cwd", s->cwd);
  put_text(w, "exe", s->exe);
  put_text(w, "workspace", s->workspace);
  put_text(w, "config", s->config);
  put_text(w, "writes", s->writes);
  sl_jw_key(w, SL_STR("params"));
  sl_jw_obj(w);
  for (size_t i = 0; i < s->nparams; i++)
    put_text(w, s->params[i].name, s->params[i].value);
  sl_jw_end_obj(w);
  sl_jw_key(w, SL_STR("steps"));
  sl_jw_arr(w);
  for (size_t i = 0; i < s->nsteps; i++) {
    sl_jw_obj(w);
    put_text(w, "name", s->steps[i].name);
    put_words(w, "argv", s->steps[i].argv);
    put_words(w, "after", s->steps[i].after);
    sl_jw_end_obj(w);
  }
  sl_jw_end_arr(w);
}

/* Read back before it is kept: a name that is no UTF-8 must fail here, not in the supervisor. */
int local_spec_write(const char *dir, const struct local_spec *s, struct sl_err *err)
{
  struct sl_buf b;
  json_t *back = NULL;
  sl_buf_init(&b, SPEC_MAX);
  struct sl_jw w = sl_jw(&b, true);
  sl_jw_obj(&w);
  local_spec_json(&w, s);
  sl_jw_end_obj(&w);
  sl_buf_ch(&b, '\n');
  char *path = sl_path_join(dir, "spec.json");
  int rc = path ? sl_buf_check(&b, err) : sl_err_nomem(err);
  if (!rc && (rc = sl_json_load(&back, sl_buf_view(&b), false, err)) == SL_EPARSE)
    sl_err_set(err, SL_EUSAGE, "job %s: a folder, parameter or argument is no valid UTF-8", s->job);
  json_decref(back);
  if (!rc)
    rc = sl_file_write(path, sl_buf_view(&b), 0600, err);
  sl_free(path);
  sl_buf_free(&b);
  return rc;
}

/* ---- reading ---- */

struct reading { struct local_spec *s; struct sl_err *err; bool bad; };

static const char *get_text(struct reading *r, const json_t *o, const char *key, bool required)
{
  struct sl_str t = sl_json_str(o, key);
  char *z = t.p ? sl_arena_strndup(&r->s->mem, t.p, t.n) : NULL;
  r->bad = r->bad || (required && !z);
  return z;
}

static const char *const *get_words(struct reading *r, const json_t *o, const char *key)
{
  const json_t *a = json_object_get(o, key);
  size_t n = json_array_size(a);
  const char **v = sl_arena_alloc(&r->s->mem, (n + 1) * sizeof *v);
  for (size_t i = 0; v && i < n; i++) {
    const char *z = json_string_value(json_array_get(a, i));
    v[i] = z ? sl_arena_strndup(&r->s->mem, z, strlen(z)) : NULL;
    r->bad = r->bad || !v[i];
  }
  r->bad = r->bad || !v;
  return v;
}

static void get_params(struct reading *r, json_t *p)
{
  json_t *value;
  const char *name;
  size_t n = json_object_size(p);
  r->s->params = sl_arena_alloc(&r->s->mem, (n + 1) * sizeof *r->s->params);
  r->bad = r->bad || !r->s->params;
  json_object_foreach(p, name, value) {
    if (r->bad || !json_is_string(value))
      return;
    struct sl_param *q = &r->s->params[r->s->nparams++];
    q->name = sl_arena_strndup(&r->s->mem, name, strlen(name));
    q->value = sl_arena_strndup(&r->s->mem, json_string_value(value), json_string_length(value));
    r->bad = !q->name || !q->value;
  }
}

int local_spec_params(struct local_spec *s, json_t *params, struct sl_err *err)
{
  struct reading r = { s, err, false };
  get_params(&r, params);
  return r.bad ? sl_err_nomem(err) : SL_OK;
}

static void get_steps(struct reading *r, json_t *o)
{
  json_t *a = json_object_get(o, "steps");
  size_t n = json_array_size(a);
  r->s->steps = sl_arena_alloc(&r->s->mem, (n + 1) * sizeof *r->s->steps);
  r->bad = r->bad || !r->s->steps || !n || n > 1000;
  for (size_t i = 0; i < n && !r->bad; i++) {
    const json_t *step = json_array_get(a, i);
    struct local_step_spec *p = &r->s->steps[r->s->nsteps++];
    p->name = get_text(r, step, "name", true);
    p->argv = get_words(r, step, "argv");
    p->after = get_words(r, step, "after");
    r->bad = r->bad || !p->argv[0];
  }
}

int local_spec_read(struct local_spec *s, const char *dir, struct sl_err *err)
{
  struct sl_buf b;
  json_t *o = NULL;
  local_spec_init(s);
  sl_buf_init(&b, SPEC_MAX);
  char *path = sl_path_join(dir, "spec.json");
  int rc = path ? sl_file_read(&b, path, SPEC_MAX, err) : sl_err_nomem(err);
  if (!rc)
    rc = sl_json_load(&o, sl_buf_view(&b), false, err);
  if (!rc) {
    struct reading r = { s, err, false };
    s->id = get_text(&r, o, "id", true);
    s->job = get_text(&r, o, "job", true);
    s->token = get_text(&r, o, "token", true);
    s->cwd = get_text(&r, o, "cwd", true);
    s->exe = get_text(&r, o, "exe", true);
    s->retry_of = get_text(&r, o, "retry_of", false);
    s->workspace = get_text(&r, o, "workspace", false);
    s->config = get_text(&r, o, "config", false);
    s->writes = get_text(&r, o, "writes", false);
    sl_json_i64(o, "created", &s->created);
    sl_json_i64(o, "timeout_ms", &s->timeout_ms);
    sl_json_i64(o, "keep", &s->keep);
    sl_json_i64(o, "keep_ms", &s->keep_ms);
    get_params(&r, json_object_get(o, "params"));
    get_steps(&r, o);
    if (r.bad)
      rc = sl_err_set(err, SL_EPARSE, "%s says too little, or memory is short", path);
  }
  json_decref(o);
  sl_free(path);
  sl_buf_free(&b);
  if (rc)
    local_spec_free(s);
  return rc;
}
