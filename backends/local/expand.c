/* backends/local/expand.c: from a job in the workspace file to the words that will run: parameters settled, ${name} replaced inside words.
 * No shell ever sees them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend_local/exec_int.h"
#include "base/file.h"
#include "base/utf8.h"
#include "model/lake.h"

enum { VALUE_MAX = 4096, WORD_MAX = 1 << 20, DAY_MS = 86400000 };

/* ---- values ---- */

static int check_value(const char *name, struct sl_str v, struct sl_err *err)
{
  if (v.n > VALUE_MAX)
    return sl_err_set(err, SL_EUSAGE, "parameter %s is longer than %d bytes", name, VALUE_MAX);
  for (size_t i = 0; i < v.n; i++)
    if ((unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7f)
      return sl_err_set(err, SL_EUSAGE, "parameter %s holds a control character", name);
  if (sl_path_climbs(v))
    return sl_err_set(err, SL_EUSAGE, "parameter %s goes up with `..`; name the place itself", name);
  return SL_OK;
}

static char *day_text(struct local_spec *s, sl_ms t, const struct sl_tz *tz)
{
  struct sl_civil c = sl_civil_of(t, tz);
  return sl_arena_printf(&s->mem, "%04d-%02d-%02d", c.year, c.month, c.day);
}

/* ---- @newest: the last partition of what the job reads, as its day or without its `name=` ---- */

struct newest { struct sl_lake_acc *acc; char gap[200]; /* what could not be read of the zone */ };

static int newest_entry(void *user, const struct local_entry *e, struct sl_err *err)
{
  struct newest *look = user;
  struct sl_buf rel;
  sl_buf_init(&rel, 64 << 10);
  sl_buf_str(&rel, e->rel);
  sl_buf_z(&rel, e->folder ? "/" : "");
  int rc = sl_buf_check(&rel, err);
  if (!rc)
    rc = sl_lake_add(look->acc, sl_buf_view(&rel), e->bytes, e->known ? local_entry_ms(e) : SL_LAKE_NEVER, -1, err);
  sl_buf_free(&rel);
  return rc;
}

static void newest_gap(void *user, struct sl_str rel, int errnum)
{
  struct newest *look = user;
  if (!look->gap[0])
    snprintf(look->gap, sizeof look->gap, "%.*s: %s", SL_ARG(sl_str_head(rel.n ? rel : SL_STR("its folder"), 100)),
             errnum == EXDEV ? "it leads out of the workspace" : strerror(errnum));
}

static const struct sl_lake_part *newest_of(const struct sl_lake_part *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (p[i].objects)
      return &p[i];
  return NULL;
}

static int newest_value(struct local_spec *s, const struct sl_zone *z, const struct local_bounds *in, sl_ms now, char **out,
                        struct sl_err *err)
{
  const struct sl_tz *tz = sl_ws_conf_tz(in->conf);
  struct newest look = { 0 };
  const struct sl_lake_part *parts = NULL, *p = NULL;
  size_t n = 0;
  struct sl_str top = local_zone_path(z);
  char *path = top.p ? sl_strndup(top.p, top.n) : NULL;
  if (!path)
    return sl_err_set(err, SL_EUNSUP, "@newest works for zones on this machine; give the parameter with -p");
  int rc = sl_lake_begin(&look.acc, z, tz, now, err);
  if (!rc) {
    struct local_walk w = { .entry = newest_entry, .unreadable = newest_gap, .user = &look, .in = in, .deep = true };
    rc = local_walk(path, &w, err);
  }
  if (!rc && look.gap[0]) /* a newer one may lie there: the job would run over another day */
    rc = sl_err_set(err, SL_EIO, "which partition of zone %s is @newest is not known; give the parameter with -p: %s", z->name, look.gap);
  if (!rc)
    rc = sl_lake_end(look.acc, true, &parts, &n, err);
  if (!rc && !(p = newest_of(parts, n)))
    rc = sl_err_set(err, SL_ENOENT, "zone %s has no partition with anything in it", z->name);
  if (!rc) {
    struct sl_str name = sl_str(p->name);
    ptrdiff_t eq = sl_str_rchr(name, '=');
    name = sl_str_from(name, (size_t)(eq + 1));
    *out = p->day == SL_LAKE_NEVER ? sl_arena_strndup(&s->mem, name.p, name.n) : day_text(s, p->day, tz);
    rc = *out ? SL_OK : sl_err_nomem(err);
  }
  sl_lake_free(look.acc);
  sl_free(path);
  return rc;
}

static int settle_newest(struct local_spec *s, const struct sl_job_conf *job, const struct local_bounds *in, sl_ms now, char **out,
                         struct sl_err *err)
{
  size_t n = 0;
  const struct sl_zone *z = sl_ws_conf_zones(in->conf, &n);
  for (size_t i = 0; job->reads[0] && i < n; i++)
    if (!strcmp(z[i].name, job->reads[0]))
      return newest_value(s, &z[i], in, now, out, err);
  return sl_err_set(err, SL_EUSAGE, "job %s: @newest needs `reads:`, the zone whose newest partition is meant", job->name);
}

static int settle(struct local_spec *s, const struct sl_job_conf *job, const struct local_bounds *in, sl_ms now, struct sl_param *p,
                  struct sl_err *err)
{
  char *v = NULL;
  int rc = SL_OK;
  const struct sl_tz *tz = sl_ws_conf_tz(in->conf);
  if (!strcmp(p->value, "@today"))
    v = day_text(s, now, tz);
  else if (!strcmp(p->value, "@yesterday")) {
    struct sl_civil c = sl_civil_of(now, tz);
    v = day_text(s, sl_civil_to_ms(&(struct sl_civil){ .year = c.year, .month = c.month, .day = c.day }) - DAY_MS, NULL);
  } else if (!strcmp(p->value, "@newest"))
    rc = settle_newest(s, job, in, now, &v, err);
  else
    return check_value(p->name, sl_str(p->value), err);
  if (!rc && !v)
    rc = sl_err_nomem(err);
  p->value = v;
  return rc;
}

/* ---- parameters ---- */

static int set_param(struct local_spec *s, const char *job, struct sl_str name, struct sl_str value, struct sl_err *err)
{
  const char *names[64];
  size_t known = 0;
  for (size_t i = 0; i < s->nparams; i++) {
    if (sl_str_eqz(name, s->params[i].name)) {
      s->params[i].value = sl_arena_strndup(&s->mem, value.n ? value.p : "", value.n);
      if (!s->params[i].value)
        return sl_err_nomem(err);
      return value.n && memchr(value.p, 0, value.n) ? check_value(s->params[i].name, value, err) : SL_OK;
    }
    if (known < 64)
      names[known++] = s->params[i].name;
  }
  const char *near = sl_str_nearest(name, names, known);
  return sl_err_set(err, SL_EUSAGE, "job %s has no parameter %.*s%s%s%s", job, SL_ARG(sl_str_head(name, 60)), near ? "; did you mean " : "",
                    near ? near : "", near ? "?" : "");
}

static int params(struct local_spec *s, const struct sl_job_conf *job, struct sl_str given, const struct local_spec *keep,
                  struct sl_err *err)
{
  s->params = sl_arena_alloc(&s->mem, (job->nparams + 1) * sizeof *s->params);
  if (!s->params)
    return sl_err_nomem(err);
  for (size_t i = 0; i < job->nparams; i++)
    s->params[s->nparams++] = job->params[i];
  int rc = SL_OK;
  for (size_t i = 0; keep && !rc && i < keep->nparams; i++) {
    struct sl_err gone = { 0 }; /* a parameter that the job has lost since is no longer asked for */
    rc = set_param(s, job->name, sl_str(keep->params[i].name), sl_str(keep->params[i].value), &gone);
    rc = rc == SL_EUSAGE ? SL_OK : rc ? sl_err_set(err, rc, "%s", gone.msg) : SL_OK;
  }
  struct sl_str rest = given, one, name;
  while (!rc && rest.n && sl_list_next(&rest, &one)) {
    struct sl_str value = one;
    if (sl_str_chr(one, '=') < 0)
      return sl_err_set(err, SL_EUSAGE, "-p takes NAME=VALUE, not `%.*s`", SL_ARG(sl_str_head(one, 60)));
    sl_str_cut(&value, '=', &name);
    rc = set_param(s, job->name, name, value, err);
  }
  return rc;
}

/* ---- words ---- */

static const char *value_of(const struct local_spec *s, struct sl_str name)
{
  for (size_t i = 0; i < s->nparams; i++)
    if (sl_str_eqz(name, s->params[i].name))
      return s->params[i].value;
  return NULL;
}

static char *expand_word(struct local_spec *s, const char *word, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_str rest = sl_str(word);
  sl_buf_init(&b, WORD_MAX);
  for (ptrdiff_t at; (at = sl_str_find(rest, SL_STR("${"))) >= 0;) {
    struct sl_str name = sl_str_from(rest, (size_t)at + 2);
    ptrdiff_t end = sl_str_chr(name, '}');
    if (end < 0)
      break;
    const char *v = value_of(s, sl_str_head(name, (size_t)end));
    sl_buf_str(&b, sl_str_head(rest, (size_t)at));
    sl_buf_z(&b, v ? v : "");
    rest = sl_str_from(name, (size_t)end + 1);
  }
  sl_buf_str(&b, rest);
  char *out = sl_buf_check(&b, err) ? NULL : sl_arena_strndup(&s->mem, b.n ? b.p : "", b.n);
  sl_buf_free(&b);
  return out;
}

static const char *const *words(struct local_spec *s, const char *const *from, bool expand, struct sl_err *err)
{
  size_t n = 0;
  while (from[n])
    n++;
  const char **v = sl_arena_alloc(&s->mem, (n + 1) * sizeof *v);
  for (size_t i = 0; v && i < n; i++)
    if (!(v[i] = expand ? expand_word(s, from[i], err) : sl_arena_strndup(&s->mem, from[i], strlen(from[i]))))
      return NULL;
  return v;
}

static int steps(struct local_spec *s, const struct sl_job_conf *job, struct sl_err *err)
{
  s->steps = sl_arena_alloc(&s->mem, (job->nsteps + 1) * sizeof *s->steps);
  for (size_t i = 0; s->steps && i < job->nsteps; i++) {
    struct local_step_spec *p = &s->steps[s->nsteps++];
    p->name = sl_arena_strndup(&s->mem, job->steps[i].name, strlen(job->steps[i].name));
    p->argv = words(s, job->steps[i].argv, true, err);
    p->after = words(s, job->steps[i].after, false, err);
    if (!p->name || !p->argv || !p->after)
      return err && err->code ? err->code : sl_err_nomem(err);
  }
  return s->steps ? SL_OK : sl_err_nomem(err);
}

/* ---- all of it ---- */

static int places(struct local_spec *s, const struct sl_job_conf *job, const struct sl_ws_conf *conf, struct sl_err *err)
{
  size_t n = 0;
  const struct sl_zone *z = sl_ws_conf_zones(conf, &n);
  const char *path = sl_ws_conf_path(conf);
  s->writes = "";
  for (size_t i = 0; job->writes && i < n; i++)
    if (!strcmp(z[i].name, job->writes))
      s->writes = sl_arena_strndup(&s->mem, z[i].uri, strlen(z[i].uri));
  s->cwd = sl_arena_strndup(&s->mem, sl_ws_conf_dir(conf), strlen(sl_ws_conf_dir(conf)));
  s->workspace = path ? sl_arena_strndup(&s->mem, path, strlen(path)) : NULL;
  return s->writes && s->cwd && (s->workspace || !path) ? SL_OK : sl_err_nomem(err);
}

int local_expand(struct local_spec *s, const struct sl_job_conf *job, const struct local_bounds *in, sl_ms now, struct sl_str given,
                 const struct local_spec *keep, struct sl_err *err)
{
  s->created = now;
  s->timeout_ms = (int64_t)(job->timeout_s * 1000);
  s->keep = job->keep;
  s->keep_ms = (int64_t)(job->keep_for_s * 1000);
  s->job = sl_arena_strndup(&s->mem, job->name, strlen(job->name));
  int rc = s->job ? params(s, job, given, keep, err) : sl_err_nomem(err);
  for (size_t i = 0; !rc && i < s->nparams; i++)
    rc = settle(s, job, in, now, &s->params[i], err);
  if (!rc)
    rc = places(s, job, in->conf, err);
  return rc ? rc : steps(s, job, err);
}
