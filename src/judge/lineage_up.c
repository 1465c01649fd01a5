/* judge/lineage_up.c: from a run to its data and code, from data to the partition, from a partition to the execution that wrote it and to
 * what that read. */
#include <stdio.h>

#include "base/fmt.h"
#include "judge/lineage_int.h"
#include "table/val.h"

/* ---- nodes ---- */

void lin_begin(struct lin_build *b, struct sl_lineage *l, struct sl_lin_world *w, struct sl_err *err)
{
  *b = (struct lin_build){ .l = l, .w = w, .err = err };
  sl_buf_init(&b->key, 64 << 10);
  sl_buf_init(&b->label, 64 << 10);
  sl_buf_init(&b->target, 64 << 10);
  sl_buf_init(&b->detail, 64 << 10);
  sl_buf_init(&b->scratch, 64 << 10);
}

void lin_end(struct lin_build *b)
{
  sl_buf_free(&b->key);
  sl_buf_free(&b->label);
  sl_buf_free(&b->target);
  sl_buf_free(&b->detail);
  sl_buf_free(&b->scratch);
}

struct sl_lin_node lin_node(struct lin_build *b, const char *kind, const char *relation)
{
  sl_buf_clear(&b->key);
  sl_buf_clear(&b->label);
  sl_buf_clear(&b->target);
  sl_buf_clear(&b->detail);
  return (struct sl_lin_node){ .kind = kind, .relation = relation };
}

static struct sl_str view(const struct sl_buf *b)
{
  return b->n && !b->failed ? sl_buf_view(b) : SL_STR_NONE;
}

int lin_put(struct lin_build *b, size_t parent, struct sl_lin_node *n, size_t *at)
{
  size_t none;
  const struct sl_buf *texts[] = { &b->key, &b->label, &b->target, &b->detail, &b->scratch };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    int rc = sl_buf_check(texts[i], b->err);
    if (rc)
      return rc;
  }
  n->target = view(&b->target);
  n->key = b->key.n ? view(&b->key) : n->target;
  n->label = view(&b->label);
  n->detail = view(&b->detail);
  return sl_lineage_add(b->l, parent, n, at ? at : &none, b->err);
}

void lin_ref(struct sl_buf *out, struct sl_str conn, const char *res, struct sl_str id)
{
  const struct sl_ref r = { conn, sl_str(res), id };
  if (conn.n && id.n)
    sl_ref_text(out, &r);
}

void lin_say(struct lin_build *b, const char *fmt, ...)
{
  char text[400];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  sl_buf_z(&b->detail, b->detail.n ? ", " : "");
  sl_buf_z(&b->detail, text);
}

int lin_unknown(struct lin_build *b, size_t parent, const char *kind, const char *relation, struct sl_str label, const char *why)
{
  struct sl_lin_node n = lin_node(b, kind, relation);
  sl_buf_str(&b->label, label);
  sl_buf_z(&b->detail, why);
  n.state = "unknown";
  return lin_put(b, parent, &n, NULL);
}

/* ---- executions ---- */

bool lin_reads(const struct sl_job_conf *j, struct sl_str zone)
{
  for (size_t i = 0; j->reads[i]; i++)
    if (sl_str_eqz(zone, j->reads[i]))
      return true;
  return false;
}

bool lin_ran(const struct sl_lin_exec *e, const struct sl_job_conf *j, struct sl_str part)
{
  struct sl_str rest = e->params, one;
  if (!sl_str_eqz(e->job, j->name))
    return false;
  while (rest.n && sl_list_next(&rest, &one))
    if (sl_str_eq(one, part))
      return true;
  return false;
}

static int exec_put(struct lin_build *b, size_t parent, const struct sl_lin_exec *e, const char *relation, size_t more, const char *known,
                    size_t *at)
{
  struct sl_lin_node n = lin_node(b, "execution", relation);
  struct sl_str rest = e->params, one;
  sl_buf_str(&b->label, e->id);
  lin_ref(&b->target, e->conn, "executions", e->id);
  lin_say(b, "%.*s", SL_ARG(e->state.n ? e->state : SL_STR("unknown")));
  while (rest.n && sl_list_next(&rest, &one))
    lin_say(b, "%.*s", SL_ARG(sl_str_head(one, 80)));
  if (more)
    lin_say(b, "%zu more", more);
  n.state = "ok";
  n.at = e->ended ? e->ended : e->started;
  n.known = sl_str(known);
  return lin_put(b, parent, &n, at);
}

/* "clean-41", or its ref. */
int lin_exec(struct lin_build *b, size_t parent, struct sl_str ref, const char *relation)
{
  ptrdiff_t at = sl_str_find(ref, SL_STR(":executions/"));
  struct sl_str id = at < 0 ? ref : sl_str_from(ref, (size_t)at + 12);
  uint64_t i;
  if (!ref.n)
    return SL_OK;
  if (sl_map_get(&b->w->exec_by, id, &i))
    return exec_put(b, parent, &b->w->exec[i - 1], relation, 0, "our records", NULL);
  char why[240];
  snprintf(why, sizeof why, "no such execution is kept any more%s%.*s", b->w->execs_why.n ? "; " : "",
           SL_ARG(sl_str_head(b->w->execs_why, 120)));
  return lin_unknown(b, parent, "execution", relation, id, why);
}

/* ---- partitions ---- */

const struct sl_lin_part *lin_part_find(struct lin_build *b, struct sl_str zone, struct sl_str name)
{
  uint64_t i;
  if (b->scratch.failed) /* lin_put() says so */
    return NULL;
  sl_buf_clear(&b->scratch);
  sl_buf_printf(&b->scratch, "%.*s/%.*s", SL_ARG(zone), SL_ARG(name));
  return !b->scratch.failed && sl_map_get(&b->w->part_by, sl_buf_view(&b->scratch), &i) ? &b->w->part[i - 1] : NULL;
}

static void part_say(struct lin_build *b, const struct sl_lin_part *p, struct sl_lin_node *n)
{
  bool gone = sl_str_eqz(p->state, "missing") || sl_str_eqz(p->state, "empty");
  n->state = gone ? "missing" : "ok";
  n->at = p->newest;
  n->known = SL_STR("lake");
  if (p->rows >= 0)
    lin_say(b, "%lld rows", (long long)p->rows);
  if (p->bytes > 0) {
    sl_buf_z(&b->detail, b->detail.n ? ", " : "");
    sl_fmt_bytes(&b->detail, p->bytes);
  }
  if (p->state.n && !sl_str_eqz(p->state, "fresh") && !sl_str_eqz(p->state, "unknown"))
    lin_say(b, "%.*s", SL_ARG(p->state));
}

/* sha256: of the file of it that was read, as it lies there now; "" not known. */
static int part_put(struct lin_build *b, size_t parent, struct sl_str zone, struct sl_str name, const char *relation, const char *sha256,
                    size_t *at)
{
  const struct sl_lin_part *p = lin_part_find(b, zone, name);   /* its id stays in scratch */
  struct sl_lin_node n = lin_node(b, "partition", relation);
  struct sl_str id = b->scratch.failed ? SL_STR("") : sl_buf_view(&b->scratch);
  sl_buf_str(&b->label, id);
  if (b->note[0])
    lin_say(b, "%s", b->note);
  b->note[0] = 0;
  if (p) {
    lin_ref(&b->target, p->conn, "partitions", id);
    part_say(b, p, &n);
  } else {
    sl_buf_printf(&b->key, "partition %.*s", SL_ARG(id));
    n.state = b->w->parts_why.n ? "unknown" : "missing";
    lin_say(b, "%.*s", SL_ARG(b->w->parts_why.n ? sl_str_head(b->w->parts_why, 200) : SL_STR("not in the lake")));
  }
  n.digest = sl_str(sha256);
  return lin_put(b, parent, &n, at);
}

int lin_part(struct lin_build *b, size_t parent, struct sl_str zone, struct sl_str name, const char *relation, size_t *at)
{
  return part_put(b, parent, zone, name, relation, "", at);
}

/* What the job read for the same partition. */
static int reads_up(struct lin_build *b, size_t at, const struct sl_job_conf *j, struct sl_str name)
{
  int rc = SL_OK;
  for (size_t i = 0; j->reads[i] && !rc; i++) {
    struct sl_str zone = sl_str(j->reads[i]);
    size_t part;
    rc = lin_part(b, at, zone, name, "read", &part);
    if (!rc && part != SL_LIN_NONE)
      rc = lin_part_up(b, part, zone, name);
  }
  return rc;
}

static int written_by(struct lin_build *b, size_t at, const struct sl_job_conf *j, struct sl_str name)
{
  const struct sl_lin_exec *newest = NULL, *good = NULL;
  size_t n = 0, below = SL_LIN_NONE;
  for (size_t i = 0; i < b->w->nexecs; i++) {
    const struct sl_lin_exec *e = &b->w->exec[i];
    if (!lin_ran(e, j, name))
      continue;
    n++;
    newest = newest ? newest : e;
    if (!good && sl_str_eqz(e->state, "ok"))
      good = e;
  }
  if (n) {
    int rc = exec_put(b, at, good ? good : newest, good ? "written by" : "last tried by", n - 1, "our records", &below);
    return rc || below == SL_LIN_NONE ? rc : reads_up(b, below, j, name);
  }
  struct sl_lin_node k = lin_node(b, "execution", "written by");
  sl_buf_printf(&b->label, "%s", j->name);
  lin_ref(&b->target, sl_str(j->conn), "jobs", sl_str(j->name));
  sl_buf_printf(&b->key, "job %s for %.*s", j->name, SL_ARG(name));
  lin_say(b, "no execution of this job for it is kept%s%.*s", b->w->execs_why.n ? "; " : "", SL_ARG(sl_str_head(b->w->execs_why, 120)));
  k.state = "unknown";
  k.known = SL_STR("workspace file");
  int rc = lin_put(b, at, &k, &below);
  return rc || below == SL_LIN_NONE ? rc : reads_up(b, below, j, name);
}

int lin_part_up(struct lin_build *b, size_t at, struct sl_str zone, struct sl_str name)
{
  int rc = SL_OK;
  for (size_t i = 0; i < b->w->njob && !rc; i++)
    if (b->w->job[i].writes && sl_str_eqz(zone, b->w->job[i].writes))
      rc = written_by(b, at, &b->w->job[i], name);
  return rc;
}

/* ---- data ---- */

/* Written after the run was over: what it read is not what lies there. */
static void data_state(struct lin_build *b, const struct sl_lin_place *p, sl_ms read, struct sl_lin_node *n)
{
  n->state = !p->canonical.n ? "unknown" : p->state;
  if (p->why[0])
    lin_say(b, "%s", p->why);
  if (p->state && !strcmp(p->state, "ok") && read && p->modified > read) {
    n->state = "changed";
    lin_say(b, "%s", "written on ");
    sl_time_rfc3339(&b->detail, p->modified);
    sl_buf_z(&b->detail, ", after it was read");
  }
  if (n->state && !strcmp(n->state, "missing"))
    lin_say(b, "nothing lies there any more");
}

static int data_up(struct lin_build *b, size_t at, struct sl_str zone, struct sl_str part, const char *sha256)
{
  size_t below;
  int rc = part.n ? part_put(b, at, zone, part, "of", sha256, &below) : SL_OK;
  return rc || !part.n || below == SL_LIN_NONE ? rc : lin_part_up(b, below, zone, part);
}

static int data_put(struct lin_build *b, size_t parent, const struct sl_lin_data *d, sl_ms read)
{
  struct sl_lin_node n = lin_node(b, "data", "read");
  const struct sl_lin_place *p = sl_lin_place(b->w, d->address, b->err);
  size_t at;
  if (!p)
    return SL_ENOMEM;
  struct sl_str zone = p->zone, part = p->part;
  char sha256[65];
  memcpy(sha256, p->sha256, sizeof sha256);
  sl_buf_str(&b->label, d->name.n ? d->name : d->address.n ? d->address : SL_STR("data without a name"));
  if (p->canonical.n)
    lin_ref(&b->target, p->conn, "objects", p->canonical);
  sl_buf_printf(&b->key, "data %.*s %.*s %.*s", SL_ARG(d->context), SL_ARG(d->digest), SL_ARG(d->address.n ? d->address : d->name));
  if (d->context.n)
    lin_say(b, "%.*s", SL_ARG(sl_str_head(d->context, 40)));
  if (d->rows >= 0)
    lin_say(b, "%lld rows", (long long)d->rows);
  if (d->address.n)
    lin_say(b, "%.*s", SL_ARG(sl_str_head(d->address, 160)));
  else if (d->type.n)
    lin_say(b, "source %.*s", SL_ARG(sl_str_head(d->type, 40)));
  n.digest = d->digest;
  n.known = SL_STR("dataset input");
  data_state(b, p, read, &n);
  int rc = lin_put(b, parent, &n, &at);
  return rc || at == SL_LIN_NONE ? rc : data_up(b, at, zone, part, sha256);
}

/* ---- runs ---- */

static int code_put(struct lin_build *b, size_t parent, const struct sl_lin_run *r)
{
  if (!r->commit.n && !r->source.n)
    return lin_unknown(b, parent, "code", "ran", SL_STR("code"), "the run names no commit and no program");
  struct sl_lin_node n = lin_node(b, "code", "ran");
  sl_buf_str(&b->label, r->source.n ? sl_str_head(r->source, 120) : SL_STR("code"));
  if (r->commit.n)
    sl_buf_printf(&b->label, " @ %.*s", SL_ARG(sl_str_head(r->commit, 10)));
  if (r->repo.n)
    lin_say(b, "%.*s", SL_ARG(sl_str_head(r->repo, 160)));
  if (r->branch.n)
    lin_say(b, "branch %.*s", SL_ARG(sl_str_head(r->branch, 60)));
  if (!r->commit.n) {
    n.state = "unknown";
    lin_say(b, "the run names no commit");
  }
  n.digest = r->commit;
  n.known = SL_STR("tags, a claim");
  return lin_put(b, parent, &n, NULL);
}

int lin_run(struct lin_build *b, size_t parent, const struct sl_lin_run *r, const char *relation, size_t *at)
{
  struct sl_lin_node n = lin_node(b, "run", relation);
  sl_buf_str(&b->label, r->name.n ? r->name : r->id);
  lin_ref(&b->target, r->conn, "runs", r->id);
  n.state = "ok";
  if (r->experiment.n)
    lin_say(b, "%.*s", SL_ARG(sl_str_head(r->experiment, 60)));
  if (r->user.n)
    lin_say(b, "by %.*s", SL_ARG(sl_str_head(r->user, 40)));
  if (r->state.n && !sl_str_eqz(r->state, "ok"))
    lin_say(b, "%.*s", SL_ARG(r->state));
  if (sl_str_eqz(r->lifecycle, "deleted")) {
    n.state = "missing";
    lin_say(b, "run deleted; its record stays until the registry is cleaned");
  }
  n.at = r->started;
  n.known = SL_STR("registry");
  return lin_put(b, parent, &n, at);
}

int lin_run_up(struct lin_build *b, size_t at, const struct sl_lin_run *r)
{
  int rc = lin_exec(b, at, r->execution, "run by");
  rc = rc ? rc : code_put(b, at, r);
  sl_ms read = r->ended ? r->ended : r->started;
  for (size_t i = 0; i < b->w->ndata && !rc; i++)
    rc = data_put(b, at, &b->w->data[i], read);
  if (!rc && !b->w->ndata)
    rc = lin_unknown(b, at, "data", "read", SL_STR("data"), b->w->has_data
                     ? "the run logged no dataset: mlflow.log_input() names what it reads"
                     : "this registry does not say what its runs read");
  return rc;
}
