/* backends/local/state.c: state.json: how an execution goes; the supervisor replaces it whole whenever something changes. */
#include <stdio.h>

#include "backend_local/exec_int.h"
#include "base/file.h"

enum { STATE_MAX = 4 << 20 };

static const char *const words[] = { "pending", "running", "ok", "failed", "stopped", "waiting" };

const char *local_state_word(struct sl_str s)
{
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (sl_str_eqz(s, words[i]))
      return words[i];
  return "unknown";
}

bool local_state_final(const char *word)
{
  return strcmp(word, "pending") != 0 && strcmp(word, "running") != 0 && strcmp(word, "waiting") != 0;
}

int64_t local_state_done(const struct local_state *st)
{
  int64_t n = 0;
  for (size_t i = 0; i < st->nsteps; i++)
    n += local_state_final(st->steps[i].state) && st->steps[i].ended;
  return n;
}

int local_state_init(struct local_state *st, const struct local_spec *s, struct sl_err *err)
{
  *st = (struct local_state){ .state = "pending", .nsteps = s->nsteps };
  st->steps = sl_calloc(s->nsteps ? s->nsteps : 1, sizeof *st->steps);
  if (!st->steps)
    return sl_err_nomem(err);
  for (size_t i = 0; i < s->nsteps; i++)
    st->steps[i] = (struct local_step_state){ .state = s->steps[i].after[0] ? "waiting" : "pending", .pid = -1, .code = -1, .signum = -1,
                                              .cpu_ms = -1, .maxrss_kb = -1 };
  return SL_OK;
}

void local_state_free(struct local_state *st)
{
  sl_free(st->steps);
  *st = (struct local_state){ 0 };
}

/* ---- writing ---- */

static void put_text(struct sl_jw *w, const char *key, const char *z)
{
  if (!*z)
    return;
  sl_jw_key(w, sl_str(key));
  sl_jw_str(w, sl_str(z));
}

static void put_num(struct sl_jw *w, const char *key, int64_t v, int64_t none)
{
  if (v == none)
    return;
  sl_jw_key(w, sl_str(key));
  sl_jw_i64(w, v);
}

static void put_step(struct sl_jw *w, const char *name, const struct local_step_state *p)
{
  sl_jw_obj(w);
  put_text(w, "name", name);
  put_text(w, "state", p->state);
  put_text(w, "native", p->native);
  put_num(w, "pid", p->pid, -1);
  put_num(w, "started", p->started, 0);
  put_num(w, "ended", p->ended, 0);
  put_num(w, "exit_code", p->code, -1);
  put_num(w, "signal", p->signum, -1);
  put_num(w, "cpu_ms", p->cpu_ms, -1);
  put_num(w, "maxrss_kb", p->maxrss_kb, -1);
  put_text(w, "cause", p->cause);
  sl_jw_end_obj(w);
}

void local_state_json(struct sl_jw *w, const struct local_spec *s, const struct local_state *st)
{
  put_text(w, "state", st->state);
  put_text(w, "native", st->native);
  put_num(w, "supervisor", st->pid, 0);
  put_num(w, "started", st->started, 0);
  put_num(w, "ended", st->ended, 0);
  put_text(w, "cause", st->cause);
  sl_jw_key(w, SL_STR("steps"));
  sl_jw_arr(w);
  for (size_t i = 0; i < st->nsteps; i++)
    put_step(w, s->steps[i].name, &st->steps[i]);
  sl_jw_end_arr(w);
}

int local_state_write(const char *dir, const struct local_spec *s, const struct local_state *st, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, STATE_MAX);
  struct sl_jw w = sl_jw(&b, true);
  sl_jw_obj(&w);
  local_state_json(&w, s, st);
  sl_jw_end_obj(&w);
  sl_buf_ch(&b, '\n');
  char *path = sl_path_join(dir, "state.json");
  int rc = path ? sl_buf_check(&b, err) : sl_err_nomem(err);
  if (!rc)
    rc = sl_file_write(path, sl_buf_view(&b), 0600, err);
  sl_free(path);
  sl_buf_free(&b);
  return rc;
}

/* ---- reading ---- */

static void get_text(const json_t *o, const char *key, char *out, size_t n)
{
  struct sl_str s = sl_json_str(o, key);
  snprintf(out, n, "%.*s", SL_ARG(s));
}

static void get_num(const json_t *o, const char *key, int64_t *out)
{
  int64_t v;
  if (sl_json_i64(o, key, &v))
    *out = v;
}

static void get_step(const json_t *o, struct local_step_state *p)
{
  p->state = local_state_word(sl_json_str(o, "state"));
  get_text(o, "native", p->native, sizeof p->native);
  get_text(o, "cause", p->cause, sizeof p->cause);
  get_num(o, "pid", &p->pid);
  get_num(o, "started", &p->started);
  get_num(o, "ended", &p->ended);
  get_num(o, "exit_code", &p->code);
  get_num(o, "signal", &p->signum);
  get_num(o, "cpu_ms", &p->cpu_ms);
  get_num(o, "maxrss_kb", &p->maxrss_kb);
}

int local_state_read(struct local_state *st, const char *dir, const struct local_spec *s, struct sl_err *err)
{
  struct sl_buf b;
  json_t *o = NULL;
  int rc = local_state_init(st, s, err);
  if (rc)
    return rc;
  sl_buf_init(&b, STATE_MAX);
  char *path = sl_path_join(dir, "state.json");
  rc = path ? sl_file_read(&b, path, STATE_MAX, err) : sl_err_nomem(err);
  if (!rc)
    rc = sl_json_load(&o, sl_buf_view(&b), false, err);
  if (!rc) {
    const json_t *steps = json_object_get(o, "steps");
    st->state = local_state_word(sl_json_str(o, "state"));
    get_text(o, "native", st->native, sizeof st->native);
    get_text(o, "cause", st->cause, sizeof st->cause);
    get_num(o, "supervisor", &st->pid);
    get_num(o, "started", &st->started);
    get_num(o, "ended", &st->ended);
    for (size_t i = 0; i < st->nsteps && i < json_array_size(steps); i++)
      get_step(json_array_get(steps, i), &st->steps[i]);
  }
  json_decref(o);
  sl_free(path);
  sl_buf_free(&b);
  if (rc)
    local_state_free(st);
  return rc;
}
