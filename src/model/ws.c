/* model/ws.c: a workspace opens, is read again, and closes. */
#include <pwd.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/judge.h"
#include "model/ws_int.h"

enum { TABLE_MEMORY = 32 << 20, CLOSE_MS = 5000 };

/* ---- what the tables need of the loop ---- */

struct env_job {
  struct sl_ws *w;
  int (*work)(void *user, const volatile int *cancel, struct sl_err *err);
  void (*done)(void *user, int rc, const struct sl_err *err);
  void *user;
};

static int env_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  static const volatile int never = 0; /* the tables have flags of their own */
  struct env_job *j = user;
  (void)cancel;
  return j->work(j->user, &never, err);
}

static void env_done(void *user, int rc, const struct sl_err *err)
{
  struct env_job j = *(struct env_job *)user;
  sl_free(user);
  j.w->jobs--;
  j.done(j.user, rc, err);
}

static int env_start(void *ctx, int (*work)(void *user, const volatile int *cancel, struct sl_err *err),
                     void (*done)(void *user, int rc, const struct sl_err *err), void *user, struct sl_err *err)
{
  struct sl_ws *w = ctx;
  struct env_job *j = sl_calloc(1, sizeof *j);
  if (!j)
    return sl_err_nomem(err);
  *j = (struct env_job){ w, work, done, user };
  static const struct sl_job_ops ops = { .work = env_work, .done = env_done };
  sl_job id;
  int rc = sl_job_start(w->l, SL_LANE_CPU, &ops, j, &id, err);
  if (rc)
    sl_free(j);
  else
    w->jobs++;
  return rc;
}

static int64_t env_now(void *ctx)
{
  struct sl_ws *w = ctx;
  return sl_loop_now(w->l);
}

/* ---- opening ---- */

const char *sl_known_name(int known)
{
  static const char *const names[] = { "claimed", "os", "authenticated", "key" };
  return known >= 0 && known <= SL_KNOWN_KEY ? names[known] : "claimed";
}

/* A name that is only said is a claim; without one it is the account that we run under. */
static void identity_init(struct sl_ws *w)
{
  char host[64] = "localhost";
  if (gethostname(host, sizeof host))
    memcpy(host, "localhost", sizeof "localhost");
  host[sizeof host - 1] = 0;
  const struct passwd *pw = getpwuid(getuid());
  const char *os = pw && pw->pw_name ? pw->pw_name : "unknown";
  const char *said = w->as ? w->as : w->person ? w->person->name : NULL;
  w->me.known = said ? SL_KNOWN_CLAIMED : SL_KNOWN_OS;
  snprintf(w->me.name, sizeof w->me.name, "%s", said ? said : os);
  snprintf(w->me.issuer, sizeof w->me.issuer, "os:%s", host);
  snprintf(w->me.subject, sizeof w->me.subject, "%s", os);
}

static int texts_init(struct sl_ws *w, const struct sl_ws_opts *o, struct sl_err *err)
{
  w->name = sl_strdup(o->name ? o->name : o->conf ? sl_ws_conf_name(o->conf) : "");
  w->state_dir = o->state_dir ? sl_strdup(o->state_dir) : sl_xdg_path(SL_XDG_STATE, o->conf ? sl_ws_conf_id(o->conf) : "none");
  w->audit_path = w->state_dir ? sl_asprintf("%s/audit", w->state_dir) : NULL;
  w->exe = sl_strdup(o->exe ? o->exe : "/proc/self/exe");
  w->lib_dirs = o->lib_dirs;
  w->as = sl_strdup(o->as);
  w->replay_file = o->replay ? sl_strdup(o->replay_file ? o->replay_file : "") : NULL;
  bool all = w->name && w->audit_path && w->exe && (w->as || !o->as) && (w->replay_file || !o->replay);
  return all ? SL_OK : sl_err_nomem(err);
}

static void ws_free(struct sl_ws *w)
{
  ws_provided_free(w);
  ws_prompts_free(w);
  ws_shells_free(w);
  ws_schemas_free(w);
  if (w->budget)
    sl_budget_close(w->budget);
  if (w->conf)
    sl_ws_conf_unref(w->conf);
  sl_free(w->conn);
  sl_free(w->watch);
  sl_free(w->name);
  sl_free(w->state_dir);
  sl_free(w->audit_path);
  sl_free(w->exe);
  sl_free(w->as);
  sl_free(w->replay_file);
  sl_free(w);
}

static size_t table_memory(const struct sl_ws_opts *o)
{
  int64_t wish = o->person ? o->person->table_memory : 0;
  return o->table_memory ? o->table_memory : wish > 0 ? (size_t)wish : TABLE_MEMORY;
}

int sl_ws_open(struct sl_ws **out, struct sl_loop *l, const struct sl_ws_opts *o, struct sl_err *err)
{
  *out = NULL;
  struct sl_ws *w = sl_calloc(1, sizeof *w);
  if (!w)
    return sl_err_nomem(err);
  *w = (struct sl_ws){ .l = l, .conf = o->conf ? sl_ws_conf_ref(o->conf) : NULL, .backends = o->backends, .person = o->person,
                       .replay = o->replay, .readonly = o->readonly, .headless = o->headless, .no_input = o->no_input,
                       .threads = o->threads };
  w->env = (struct sl_table_env){ .ctx = w, .start = env_start, .now = env_now };
  w->ticked = sl_loop_now(l) - WS_TICK_MS;
  int rc = texts_init(w, o, err);
  if (!rc) {
    identity_init(w);
    (void)!sl_mkdirs(w->state_dir, 0700, NULL); /* for what spills; where it cannot be made, whoever needs it says so */
    rc = sl_budget_open(&w->budget, &w->env, table_memory(o), w->state_dir, err);
  }
  if (!rc)
    rc = ws_conns_load(w, w->conf, err);
  if (!rc)
    rc = ws_core_provide(w, err);
  if (rc) {
    w->closing = true;
    for (size_t i = 0; i < w->nconn; i++)
      ws_conn_free(w->conn[i]);
    ws_free(w);
    return rc;
  }
  *out = w;
  return SL_OK;
}

/* ---- closing ---- */

static void dying_reap(struct sl_ws *w)
{
  for (struct sl_backend **at = &w->dying; *at;) {
    struct sl_backend *b = *at;
    bool gone = b->phase == WS_SHUT || b->closed;
    if (!gone || b->live) {
      at = &b->next_dying;
      continue;
    }
    *at = b->next_dying;
    ws_conn_free(b);
  }
}

static void dying_close(struct sl_ws *w)
{
  for (struct sl_backend *b = w->dying; b; b = b->next_dying)
    if (b->phase == WS_OPEN)
      ws_conn_close(b);
  dying_reap(w);
}

static int64_t real_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A backend that does not close in time is closed for it: the loop's clock may stand still, so this goes by the real one. */
static void wait_closed(struct sl_ws *w)
{
  int64_t until = real_ms() + CLOSE_MS;
  for (dying_reap(w); w->dying; dying_reap(w)) {
    if (real_ms() < until) {
      sl_loop_turn(w->l, 20);
      continue;
    }
    for (struct sl_backend *b = w->dying; b; b = b->next_dying) {
      ws_violation(w, b, "does not close");
      b->close_called = true;
      if (!b->closed && !b->feeds)
        sl_backend_closed(b);
    }
    until = real_ms() + CLOSE_MS; /* a worker of ours is waited for: it reads the backend's memory */
  }
}

void sl_ws_close(struct sl_ws *w)
{
  if (!w)
    return;
  if (w->act && w->act_close)
    w->act_close(w);
  w->closing = true;
  if (w->judge && w->judge->close)
    w->judge->close(w->judge_user);
  w->judge = NULL;
  sl_timer_stop(w->l, &w->tick);
  while (w->reads)
    ws_bytes_drop(w->reads);
  ws_secrets_close(w, NULL);
  for (size_t i = 0; i < w->nwatch; i++) {
    ws_group_free(w->watch[i].group);
    w->watch[i].group = NULL;
    w->watch[i].used = false;
  }
  while (w->answers) {
    w->answers->watchers = 0;
    ws_ans_free(w->answers);
  }
  for (size_t i = 0; i < w->nconn; i++) {
    w->conn[i]->next_dying = w->dying;
    w->conn[i]->dying = true;
    w->dying = w->conn[i];
  }
  w->nconn = 0;
  dying_close(w);
  wait_closed(w);
  while (w->tick_queued || w->state_queued || w->jobs) /* sorts under way still hold blocks of the budget */
    sl_loop_turn(w->l, 20);
  for (int i = 0; i < 2; i++) /* what was put off to the end of a turn may hold requests and prompts of ours */
    sl_loop_turn(w->l, 0);
  ws_free(w);
}

/* ---- reading again ---- */

int sl_ws_reload(struct sl_ws *w, struct sl_ws_conf *fresh, struct sl_err *err)
{
  int rc = ws_conns_load(w, fresh, err);
  if (rc)
    return rc;
  struct sl_ws_conf *old = w->conf;
  w->conf = fresh ? sl_ws_conf_ref(fresh) : NULL;
  ws_answers_reload(w);
  dying_close(w);
  if (old)
    sl_ws_conf_unref(old);
  if (w->act && w->act_reload)
    w->act_reload(w);
  w->signer_asked = false;
  ws_state_changed(w);
  return SL_OK;
}

/* ---- small questions ---- */

struct sl_loop *sl_ws_loop(struct sl_ws *w) { return w->l; }
const struct sl_ws_conf *sl_ws_config(const struct sl_ws *w) { return w->conf; }
const char *sl_ws_name(const struct sl_ws *w) { return w->name; }
const char *sl_ws_replay(const struct sl_ws *w) { return w->replay_file; }
const char *sl_ws_state_dir(const struct sl_ws *w) { return w->state_dir; }
const char *sl_ws_audit_path(const struct sl_ws *w) { return w->audit_path; }
const struct sl_identity *sl_ws_me(const struct sl_ws *w) { return &w->me; }

const struct sl_identity *sl_ws_signer(struct sl_ws *w)
{
  if (!w->signer_asked && w->judge && w->judge->who && !w->closing) {
    w->signer_asked = true;
    w->judge->who(w->judge_user);
  }
  return w->signer.name[0] ? &w->signer : &w->me;
}

void sl_ws_set_signer(struct sl_ws *w, const struct sl_identity *who)
{
  bool same = !strcmp(w->signer.name, who->name) && w->signer.known == who->known && !strcmp(w->signer.issuer, who->issuer) &&
              !strcmp(w->signer.subject, who->subject);
  w->signer = *who;
  if (!same)
    ws_state_changed(w);
}

const struct sl_person *sl_ws_person(const struct sl_ws *w) { return w->person; }
const struct sl_tz *sl_ws_tz(const struct sl_ws *w) { return w->conf ? sl_ws_conf_tz(w->conf) : NULL; }

bool sl_ws_serves(const struct sl_ws *w, const struct sl_resource *res)
{
  for (size_t i = 0; i < w->nconn; i++)
    if (ws_conn_serves(w->conn[i], res, NULL))
      return true;
  return false;
}

/* The program's own is the last, and is none to anybody else. */
size_t sl_ws_conn_count(const struct sl_ws *w) { return w->nconn ? w->nconn - 1 : 0; }
const char *sl_ws_conn_name(const struct sl_ws *w, size_t i) { return i < sl_ws_conn_count(w) ? w->conn[i]->name : NULL; }

void sl_ws_on_state(struct sl_ws *w, void (*fn)(void *user), void *user)
{
  w->on_state = fn;
  w->on_state_user = user;
}

void sl_ws_on_say(struct sl_ws *w, void (*fn)(void *user, const char *line), void *user)
{
  w->on_say = fn;
  w->on_say_user = user;
}

void sl_ws_say(struct sl_ws *w, const char *line)
{
  if (w->on_say && !w->closing)
    w->on_say(w->on_say_user, line);
}
