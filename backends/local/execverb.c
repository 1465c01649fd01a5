/* backends/local/execverb.c: starting, repeating and stopping executions.
 *
 * What blocks (folders, files, locks) runs in the lane `file`; the child itself is started on the loop. A call carries a token: it stays in
 * spec.json, so that a lost answer is looked for, and the same call twice starts one execution. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "backend_local/exec_int.h"
#include "base/file.h"
#include "base/fmt.h"
#include "loop/child.h"

enum { TOKEN_LOOK = 50, LOCK_FD = 3 };

struct one {                           /* one target on its way */
  struct local_spec spec;
  char *dir;
  int lock, rc;
  bool found;                          /* this very call has started it already */
  struct sl_err err;
};
struct launch {
  struct local *s;
  struct sl_req *r;
  const struct sl_call *c;
  struct sl_ws_conf *conf;
  const char *exe;
  char *config;                        /* absolute; NULL: there is no such file (the lane looks) */
  sl_ms now;
  bool retry, look;
  struct sl_str given;
  struct local_settled settled;          /* what the person saw; n 0: nobody looked first */
  struct one *one;
  struct sl_buf doc;
};

static void launch_free(struct launch *x)
{
  for (size_t i = 0; x->one && i < x->c->ntargets; i++) {
    local_spec_free(&x->one[i].spec);
    sl_free(x->one[i].dir);
    if (x->one[i].lock >= 0)
      close(x->one[i].lock);
  }
  sl_free(x->one);
  local_settled_free(&x->settled);
  sl_free(x->config);
  sl_buf_free(&x->doc);
  if (x->conf)
    sl_ws_conf_unref(x->conf);
  sl_free(x);
}

/* ---- [lane] ---- */

static const struct sl_job_conf *job_named(const struct launch *x, struct sl_str name)
{
  size_t n = 0;
  const struct sl_job_conf *j = x->conf ? sl_ws_conf_jobs(x->conf, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(name, j[i].name) && !strcmp(j[i].conn, sl_backend_name(x->s->b)))
      return &j[i];
  return NULL;
}

/* The execution that this call has started before, among the latest of the job. */
static bool find_token(const struct launch *x, struct sl_str job, struct one *o)
{
  struct local_ids ids;
  bool found = false;
  if (local_ids_read(&ids, x->s->execs, job, NULL))
    return false;
  for (size_t i = 0; i < ids.n && i < TOKEN_LOOK && !found; i++) {
    char *dir = sl_path_join(x->s->execs, ids.id[i]);
    struct local_spec s;
    if (dir && !local_spec_read(&s, dir, NULL)) {
      found = !strcmp(s.token, x->c->token);
      if (found)
        o->spec = s;
      else
        local_spec_free(&s);
    }
    sl_free(dir);
  }
  local_ids_free(&ids);
  return found;
}

/* The job of an execution may be gone from the workspace: then it runs again as it ran. */
static int expand_retry(const struct launch *x, struct one *o, const struct local_exec *old, const struct local_spec *seen,
                        struct sl_err *err)
{
  const struct local_bounds in = local_bounds(x->s, x->conf);
  const struct sl_job_conf *j = job_named(x, sl_str(old->spec.job));
  char *dir = j ? NULL : sl_path_join(x->s->execs, old->spec.id);
  int rc;
  if (j)
    rc = local_expand(&o->spec, j, &in, x->now, SL_STR_NONE, seen ? seen : &old->spec, err);
  else {
    local_spec_free(&o->spec);
    rc = dir ? local_spec_read(&o->spec, dir, err) : sl_err_nomem(err);
    o->spec.created = x->now;
  }
  sl_free(dir);
  if (!rc && !(o->spec.retry_of = sl_arena_strndup(&o->spec.mem, old->spec.id, strlen(old->spec.id))))
    rc = sl_err_nomem(err);
  return rc;
}

static int expand_any(const struct launch *x, struct one *o, struct sl_str id, const struct local_spec *seen, struct sl_err *err)
{
  const struct local_bounds in = local_bounds(x->s, x->conf);
  struct local_exec old;
  if (!x->retry) {
    const struct sl_job_conf *j = job_named(x, id);
    return j ? local_expand(&o->spec, j, &in, x->now, seen ? SL_STR_NONE : x->given, seen, err)
             : sl_err_set(err, SL_ENOENT, "no job %.*s runs on %s", SL_ARG(id), sl_backend_name(x->s->b));
  }
  int rc = local_exec_read(&old, x->s->execs, id, err);
  if (rc)
    return rc;
  rc = old.spec.nsteps ? expand_retry(x, o, &old, seen, err)
                       : sl_err_set(err, SL_EPARSE, "%.*s cannot be read: %.150s", SL_ARG(id), old.st.cause);
  local_exec_free(&old);
  return rc;
}

/* What the person saw and confirmed is what runs: over midnight, when a newer partition has come, and never another command. */
static int expand_one(const struct launch *x, size_t i, struct sl_err *err)
{
  struct one *o = &x->one[i];
  struct sl_str id = x->c->targets[i].id;
  const struct local_spec *seen = i < x->settled.n ? &x->settled.one[i].spec : NULL;
  int rc = expand_any(x, o, id, seen, err);
  if (rc || !seen)
    return rc;
  char digest[65];
  rc = local_spec_digest(&o->spec, digest, err);
  if (!rc && strcmp(digest, x->settled.one[i].digest) != 0)
    rc = sl_err_set(err, SL_ECONFLICT, "job %s is not what you saw: the workspace file was changed meanwhile; look again", o->spec.job);
  return rc;
}

static int lock_it(struct one *o, struct sl_err *err)
{
  char *path = sl_path_join(o->dir, "lock");
  o->lock = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
  sl_free(path);
  return o->lock >= 0 && !flock(o->lock, LOCK_EX | LOCK_NB) ? SL_OK : sl_err_sys(err, errno, "cannot lock %s", o->dir);
}

static int make_one(const struct launch *x, struct one *o, struct sl_err *err)
{
  struct local_state st = { 0 };
  o->spec.token = x->c->token;
  o->spec.exe = x->exe;
  if (!o->spec.config)
    o->spec.config = x->config;
  int rc = local_exec_new(&o->spec, x->s->execs, &o->dir, err);
  if (!rc)
    rc = lock_it(o, err);
  if (!rc)
    rc = local_spec_write(o->dir, &o->spec, err);
  if (!rc)
    rc = local_state_init(&st, &o->spec, err);
  if (!rc)
    rc = local_state_write(o->dir, &o->spec, &st, err);
  local_state_free(&st);
  if (rc && o->dir && sl_rmtree(o->dir, NULL)) {
    /* what is left of it is shown as never started */
  }
  return rc;
}

static struct sl_str job_of(const struct launch *x, struct sl_str id)
{
  struct sl_str job = id;
  int64_t number;
  return x->retry && local_exec_id(id, &job, &number) ? job : id;
}

static void say_steps(struct sl_jw *j, const struct one *o)
{
  struct sl_buf line;
  sl_buf_init(&line, 1 << 20);
  for (size_t i = 0; i < o->spec.nsteps; i++) {
    const struct local_step_spec *p = &o->spec.steps[i];
    sl_buf_clear(&line);
    sl_buf_printf(&line, "%s: ", p->name);
    for (const char *const *v = p->argv; *v; v++) {
      sl_buf_z(&line, v == p->argv ? "" : " ");
      sl_fmt_shell(&line, sl_str(*v));
    }
    sl_jw_str(j, sl_buf_view(&line));
  }
  sl_buf_free(&line);
}

static int dry_work(struct launch *x, struct sl_err *err)
{
  struct sl_jw j = sl_jw(&x->doc, false);
  struct sl_buf settled;
  sl_buf_init(&settled, 1 << 20);
  sl_buf_ch(&settled, '[');
  int rc = SL_OK;
  sl_jw_obj(&j);
  sl_jw_key(&j, SL_STR("calls"));
  sl_jw_arr(&j);
  for (size_t i = 0; i < x->c->ntargets && !rc; i++) {
    rc = expand_one(x, i, err);
    if (!rc)
      say_steps(&j, &x->one[i]);
    sl_buf_z(&settled, i ? "," : "");
    rc = rc ? rc : local_settled_add(&settled, &x->one[i].spec, err);
  }
  sl_buf_ch(&settled, ']');
  sl_jw_end_arr(&j);
  sl_jw_key(&j, SL_STR("undo"));
  sl_jw_str(&j, SL_STR("sluice stop EXECUTION; what a step has written by then stays"));
  sl_jw_key(&j, SL_STR("settled"));
  sl_jw_str(&j, sl_buf_view(&settled));
  sl_jw_end_obj(&j);
  rc = rc ? rc : sl_buf_check(&settled, err);
  sl_buf_free(&settled);
  return rc ? rc : sl_buf_check(&x->doc, err);
}

static int launch_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct launch *x = user;
  (void)cancel; /* short; half a launch helps nobody */
  bool trusted;
  if (sl_trust_look(x->conf, &trusted, err))
    return err->code;
  if (!trusted)
    return sl_err_set(err, SL_EUSAGE, "this workspace file may not start commands yet; look at it, then type: sluice trust %s",
                      sl_ws_conf_path(x->conf));
  if (x->config && !sl_file_exists(x->config)) {
    sl_free(x->config);
    x->config = NULL;
  }
  if (x->c->dry)
    return dry_work(x, err);
  size_t found = 0;
  if (!x->look && x->c->settled.n && local_settled_read(&x->settled, x->c->settled, x->c->ntargets, err))
    return err->code;
  for (size_t i = 0; i < x->c->ntargets; i++) {
    struct one *o = &x->one[i];
    struct sl_str id = x->c->targets[i].id;
    o->found = find_token(x, job_of(x, id), o);
    found += o->found;
    if (o->found || x->look)
      continue;
    local_spec_init(&o->spec);
    o->rc = expand_one(x, i, &o->err);
    if (!o->rc)
      o->rc = make_one(x, o, &o->err);
  }
  return !x->look || found == x->c->ntargets ? SL_OK : sl_err_set(err, SL_ENOENT, "no execution carries this call's token");
}

/* ---- [loop] ---- */

/* The supervisor is this program once more: it sees the clock and the libraries that the person gave us (faketime). Its steps do not. */
static const char *const ours[] = { "LD_PRELOAD", "FAKETIME" };

static int start_one(struct launch *x, struct one *o, struct sl_err *err)
{
  struct sl_arena mem;
  struct sl_child *child = NULL;
  sl_arena_init(&mem, 4 << 20);
  const char *const *env = NULL, *argv[] = { x->exe, "--run", o->dir, NULL }, *more[sizeof ours / sizeof ours[0] + 1] = { NULL };
  for (size_t i = 0, n = 0; i < sizeof ours / sizeof ours[0]; i++)
    if (getenv(ours[i]) && (more[n] = sl_arena_printf(&mem, "%s=%s", ours[i], getenv(ours[i]))))
      n++;
  int rc = local_env(&mem, more, &env, err);
  if (!rc) {
    struct sl_child_spec spec = { .argv = argv, .env = env, .cwd = "/", .fd = { { o->lock, LOCK_FD } }, .nfd = 1, .new_session = true };
    static const struct sl_child_ops ops = { .out = NULL };
    rc = sl_child_start(&child, sl_backend_loop(x->s->b), &spec, &ops, NULL, err);
  }
  if (!rc)
    sl_child_detach(child);
  else if (sl_rmtree(o->dir, NULL)) {
    /* shown as never started */
  }
  sl_arena_free(&mem);
  return rc;
}

static void tell_one(struct launch *x, size_t i)
{
  struct one *o = &x->one[i];
  if (!o->rc && !o->found)
    o->rc = start_one(x, o, &o->err);
  struct sl_ref ref = { sl_str(sl_backend_name(x->s->b)), SL_STR("executions"), o->rc ? SL_STR_NONE : sl_str(o->spec.id) };
  if (sl_req_did(x->r, i, o->rc, o->rc ? NULL : &ref, o->rc ? &o->err : NULL)) {
    /* nobody listens any more: it runs all the same, and is found by its token */
  }
}

static void launch_done(void *user, int rc, const struct sl_err *err)
{
  struct launch *x = user;
  struct local *s = x->s;
  if (!rc && x->c->dry)
    rc = sl_req_doc(x->r, sl_buf_view(&x->doc));
  for (size_t i = 0; !rc && !x->c->dry && !x->look && i < x->c->ntargets; i++)
    tell_one(x, i);
  struct sl_req *r = x->r;
  sl_backend_changed(s->b, &sl_res_executions);
  sl_backend_changed(s->b, &sl_res_jobs);
  launch_free(x); /* before the end: the call dies with it */
  sl_req_end(r, rc, err);
  local_job_over(s);
}

static int may_run(const struct launch *x, struct sl_err *err)
{
  if (!x->s->execs)
    return sl_err_set(err, SL_EUNSUP, "there is no state folder to keep executions in");
  if (!x->conf)
    return sl_err_set(err, SL_EUSAGE, "there is no workspace, so there are no jobs");
  return x->exe ? SL_OK : sl_err_set(err, SL_EINTERNAL, "where this program lies is not known");
}

static int launch(struct sl_req *r, const struct sl_call *c, bool look, struct sl_err *err)
{
  static const struct sl_job_ops ops = { .work = launch_work, .done = launch_done };
  struct sl_backend *b = sl_req_backend(r);
  const struct sl_person *me = sl_backend_person(b);
  struct launch *x = sl_calloc(1, sizeof *x);
  if (!x)
    return sl_err_nomem(err);
  *x = (struct launch){ .s = sl_backend_state(b), .r = r, .c = c, .conf = local_conf_hold(b), .exe = sl_backend_exe(b), .look = look,
                        .retry = c->act == &sl_act_retry, .now = sl_loop_wall(sl_backend_loop(b)),
                        .config = me && me->path ? sl_path_abs(me->path, NULL) : NULL };
  sl_buf_init(&x->doc, 1 << 20);
  x->one = sl_calloc(c->ntargets, sizeof *x->one);
  int rc = x->one ? may_run(x, err) : sl_err_nomem(err);
  for (size_t i = 0; x->one && i < c->ntargets; i++) {
    x->one[i].lock = -1;
    local_spec_init(&x->one[i].spec);
  }
  if (c->act == &sl_act_run && !c->args[0].null)
    x->given = c->args[0].u.s;
  if (!rc)
    rc = sl_job_start(sl_backend_loop(b), SL_LANE_FILE, &ops, x, &(sl_job){ 0 }, err);
  if (rc)
    launch_free(x);
  else
    x->s->jobs++;
  return rc;
}

int local_run(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return launch(r, c, false, err); }
int local_retry(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return launch(r, c, false, err); }
int local_run_look(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return launch(r, c, true, err); }

/* ---- stopping: a file that the supervisor looks for. A number would be no name for a process: it may be somebody else's by now. ---- */

static int stop_one(const struct local_ask *a, struct sl_str id, bool look, struct sl_err *err)
{
  struct local_exec e;
  int rc = local_exec_read(&e, a->s->execs, id, err);
  if (rc)
    return rc;
  bool over = local_state_final(e.st.state);
  char *dir = sl_path_join(a->s->execs, e.spec.id), *path = dir ? sl_path_join(dir, "stop") : NULL;
  if (!path)
    rc = sl_err_nomem(err);
  else if (look)
    rc = over || sl_file_exists(path) ? SL_OK : sl_err_set(err, SL_ENOENT, "%s was not asked to stop", e.spec.id);
  else if (over)
    rc = sl_err_set(err, SL_ECONFLICT, "%s has ended already: %s", e.spec.id, e.st.state);
  else {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    rc = fd < 0 ? sl_err_sys(err, errno, "cannot make %s", path) : SL_OK;
    if (fd >= 0)
      close(fd);
  }
  sl_free(path);
  sl_free(dir);
  local_exec_free(&e);
  return rc;
}

static int stop_dry(struct sl_feed *f, const struct local_ask *a)
{
  struct sl_buf b, line;
  sl_buf_init(&b, 1 << 20);
  sl_buf_init(&line, 0);
  struct sl_jw j = sl_jw(&b, false);
  sl_jw_obj(&j);
  sl_jw_key(&j, SL_STR("calls"));
  sl_jw_arr(&j);
  for (size_t i = 0; i < a->call->ntargets; i++) {
    sl_buf_clear(&line);
    sl_buf_printf(&line, "TERM to the process groups of %.*s; after 5 s KILL", SL_ARG(a->call->targets[i].id));
    sl_jw_str(&j, sl_buf_view(&line));
  }
  sl_jw_end_arr(&j);
  sl_jw_key(&j, SL_STR("undo"));
  sl_buf_clear(&line);
  sl_buf_printf(&line, "sluice retry %.*s", SL_ARG(a->call->targets[0].id));
  sl_jw_str(&j, sl_buf_view(&line));
  sl_jw_end_obj(&j);
  int rc = b.failed ? b.failed : sl_feed_doc(f, sl_buf_view(&b));
  sl_buf_free(&b);
  sl_buf_free(&line);
  return rc;
}

static int stop_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct local_ask *a = user;
  (void)err;
  if (a->call->dry)
    return stop_dry(f, a);
  int rc = SL_OK;
  for (size_t i = 0; i < a->call->ntargets && !rc; i++) {
    struct sl_err e = { 0 };
    int one = stop_one(a, a->call->targets[i].id, false, &e);
    rc = sl_feed_did(f, i, one, NULL, one ? &e : NULL);
  }
  return rc;
}

static int stop_look_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct local_ask *a = user;
  int rc = SL_OK;
  (void)f;
  for (size_t i = 0; i < a->call->ntargets && !rc; i++)
    rc = stop_one(a, a->call->targets[i].id, true, err);
  return rc;
}

int local_stop(struct sl_req *r, const struct sl_call *c, struct sl_err *err)
{
  static const struct sl_feed_ops ops = { .work = stop_work, .free = local_ask_free };
  (void)c;
  return local_ask(r, &ops, err);
}

int local_stop_look(struct sl_req *r, const struct sl_call *c, struct sl_err *err)
{
  static const struct sl_feed_ops ops = { .work = stop_look_work, .free = local_ask_free };
  (void)c;
  return local_ask(r, &ops, err);
}
