/* backends/local/exec.c: executions on disk: their names, who is alive, and one read whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "backend_local/exec_int.h"
#include "base/file.h"

enum { IDS_MAX = 1000000, NEW_TRIES = 1000 };

bool local_exec_id(struct sl_str id, struct sl_str *job, int64_t *number)
{
  ptrdiff_t dash = sl_str_rchr(id, '-');
  if (dash <= 0 || id.n > 200 || sl_str_chr(id, '/') >= 0 || id.p[0] == '.')
    return false;
  struct sl_str digits = sl_str_from(id, (size_t)dash + 1);
  *job = sl_str_head(id, (size_t)dash);
  return digits.n && digits.p[0] >= '0' && digits.p[0] <= '9' && sl_str_i64(digits, number);
}

/* ---- who is alive ---- */

/* Where the lock cannot be looked at, nobody is declared dead. */
bool local_exec_alive(const char *dir)
{
  char *path = sl_path_join(dir, "lock");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
  bool held = fd >= 0 ? flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK : !path || errno != ENOENT;
  if (fd >= 0)
    close(fd);
  sl_free(path);
  return held;
}

/* ---- names ---- */

static int by_number(const void *x, const void *y)
{
  struct sl_str a = sl_str(*(char *const *)x), b = sl_str(*(char *const *)y), ja, jb;
  int64_t na = 0, nb = 0;
  if (!local_exec_id(a, &ja, &na) || !local_exec_id(b, &jb, &nb))
    return 0;
  int c = sl_str_cmp(ja, jb);
  return c ? c : na < nb ? 1 : na > nb ? -1 : 0;
}

int local_ids_read(struct local_ids *ids, const char *execs, struct sl_str job, struct sl_err *err)
{
  *ids = (struct local_ids){ 0 };
  DIR *d = execs ? opendir(execs) : NULL;
  if (!d)
    return !execs || errno == ENOENT ? SL_OK : sl_err_sys(err, errno, "cannot list %s", execs);
  int rc = SL_OK;
  struct dirent *e;
  while (!rc && (errno = 0, e = readdir(d))) {
    struct sl_str of;
    int64_t number;
    void *p = ids->id;
    if (!local_exec_id(sl_str(e->d_name), &of, &number) || (job.n && !sl_str_eq(of, job)))
      continue;
    rc = sl_grow(&p, &ids->cap, ids->n + 1, sizeof *ids->id, IDS_MAX, err);
    ids->id = p;
    if (!rc && !(ids->id[ids->n] = sl_strdup(e->d_name)))
      rc = sl_err_nomem(err);
    ids->n += !rc;
  }
  if (!rc && errno)
    rc = sl_err_sys(err, errno, "cannot list %s", execs);
  closedir(d);
  if (rc)
    local_ids_free(ids);
  else if (ids->n)
    qsort(ids->id, ids->n, sizeof *ids->id, by_number);
  return rc;
}

void local_ids_free(struct local_ids *ids)
{
  for (size_t i = 0; i < ids->n; i++)
    sl_free(ids->id[i]);
  sl_free(ids->id);
  *ids = (struct local_ids){ 0 };
}

int local_exec_new(struct local_spec *s, const char *execs, char **dir, struct sl_err *err)
{
  struct local_ids ids;
  struct sl_str job;
  int64_t number = 0;
  *dir = NULL;
  int rc = sl_mkdirs(execs, 0700, err);
  if (!rc)
    rc = local_ids_read(&ids, execs, sl_str(s->job), err);
  if (rc)
    return rc;
  if (ids.n)
    local_exec_id(sl_str(ids.id[0]), &job, &number);
  local_ids_free(&ids);
  for (int tries = 0; tries < NEW_TRIES; tries++) {
    s->id = sl_arena_printf(&s->mem, "%s-%lld", s->job, (long long)++number);
    char *path = s->id ? sl_path_join(execs, s->id) : NULL;
    if (!path)
      return sl_err_nomem(err);
    if (!mkdir(path, 0700)) {
      *dir = path;
      return SL_OK;
    }
    int why = errno;
    if (why != EEXIST) {
      rc = sl_err_sys(err, why, "cannot make %s", path);
      sl_free(path);
      return rc;
    }
    sl_free(path);
  }
  return sl_err_set(err, SL_ECONFLICT, "no free number for an execution of %s", s->job);
}

/* ---- one read whole ---- */

/* It was not final, and nobody holds its lock: unless it ended just now, it was killed. */
static void bury(struct local_exec *e)
{
  struct local_state *st = &e->st;
  bool began = st->started != 0;
  st->state = "failed";
  snprintf(st->native, sizeof st->native, "%s", began ? "lost" : "not started");
  snprintf(st->cause, sizeof st->cause, "%s", began ? "its supervisor died" : "it was never started: the console that made it died");
  for (size_t i = 0; i < st->nsteps; i++) {
    struct local_step_state *p = &st->steps[i];
    if (local_state_final(p->state))
      continue;
    bool ran = strcmp(p->state, "running") == 0;
    p->state = ran ? "unknown" : "stopped";
    snprintf(p->native, sizeof p->native, "%s", ran ? "lost" : "skipped");
  }
}

static int read_state(struct local_exec *e, const char *dir, struct sl_err *err)
{
  int rc = local_state_read(&e->st, dir, &e->spec, err);
  if (rc || local_state_final(e->st.state) || local_exec_alive(dir))
    return rc;
  local_state_free(&e->st);
  rc = local_state_read(&e->st, dir, &e->spec, err);
  if (!rc && !local_state_final(e->st.state))
    bury(e);
  return rc;
}

int local_exec_read(struct local_exec *e, const char *execs, struct sl_str id, struct sl_err *err)
{
  struct sl_err why = { 0 };
  struct sl_str job;
  int64_t number;
  *e = (struct local_exec){ 0 };
  char *name = sl_strndup(id.n ? id.p : "", id.n), *dir = name && execs ? sl_path_join(execs, name) : NULL;
  int rc = !name ? sl_err_nomem(err) : SL_OK;
  if (!rc && (!local_exec_id(id, &job, &number) || !dir || !sl_dir_exists(dir)))
    rc = sl_err_set(err, SL_ENOENT, "no execution %s", name);
  if (!rc && (local_spec_read(&e->spec, dir, &why) || read_state(e, dir, &why))) {
    if (!e->spec.id) /* being made just now, or damaged: still a row */
      local_spec_init(&e->spec);
    e->st.state = "unknown";
    e->unread = why.code;
    snprintf(e->st.cause, sizeof e->st.cause, "%.230s", why.msg);
    rc = why.code == SL_ENOMEM ? sl_err_nomem(err) : SL_OK;
  }
  if (!rc) { /* the folder's name counts, whatever stands in it */
    e->spec.id = sl_arena_strndup(&e->spec.mem, id.p, id.n);
    e->spec.job = e->spec.job ? e->spec.job : sl_arena_strndup(&e->spec.mem, job.p, job.n);
    rc = e->spec.id && e->spec.job ? SL_OK : sl_err_nomem(err);
  }
  sl_free(name);
  sl_free(dir);
  if (rc)
    local_exec_free(e);
  return rc;
}

void local_exec_free(struct local_exec *e)
{
  local_spec_free(&e->spec);
  local_state_free(&e->st);
}
