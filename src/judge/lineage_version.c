/* judge/lineage_version.c: a version and what was decided on; and downstream, from a partition to what was made of it and trained on it. */
#include <stdio.h>

#include "judge/lineage_int.h"
#include "table/val.h"

enum { INPUTS_SHOWN = 8 };

/* ---- a version ---- */

static void version_id(struct sl_buf *out, const struct sl_lin_version *v)
{
  sl_buf_printf(out, "%.*s/%lld", SL_ARG(v->model), (long long)v->version);
}

int lin_version(struct lin_build *b, size_t parent, const struct sl_lin_version *v, const char *relation, size_t *at)
{
  struct sl_lin_node n = lin_node(b, "version", relation);
  struct sl_str rest = v->aliases, one;
  version_id(&b->label, v);
  if (!b->label.failed)
    lin_ref(&b->target, v->conn, "versions", sl_buf_view(&b->label));
  while (rest.n && sl_list_next(&rest, &one))
    lin_say(b, "%.*s", SL_ARG(sl_str_head(one, 60)));
  if (v->state.n && !sl_str_eqz(v->state, "none"))
    lin_say(b, "%.*s", SL_ARG(v->state));
  if (v->author.n)
    lin_say(b, "by %.*s", SL_ARG(sl_str_head(v->author, 40)));
  n.digest = v->digest;
  n.state = "ok";
  n.at = v->created;
  n.known = SL_STR("registry");
  return lin_put(b, parent, &n, at);
}

static const char *word(struct sl_str s)
{
  static const char *const words[] = { "ok", "missing", "changed" };
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (sl_str_eqz(s, words[i]))
      return words[i];
  return "unknown";
}

static int files_put(struct lin_build *b, size_t parent, const struct sl_lin_version *v)
{
  struct sl_lin_node n = lin_node(b, "files", "has");
  sl_buf_clear(&b->scratch);
  sl_buf_z(&b->scratch, "models:/");
  version_id(&b->scratch, v);
  sl_buf_ch(&b->scratch, '/');
  sl_buf_z(&b->label, "files");
  if (!b->scratch.failed)
    lin_ref(&b->target, v->conn, "objects", sl_buf_view(&b->scratch));
  if (v->why.n)
    lin_say(b, "%.*s", SL_ARG(sl_str_head(v->why, 300)));
  else
    lin_say(b, "%s", "their digest is not known here");
  n.digest = v->digest;
  n.known = v->digest_from;
  n.state = v->artifact.n ? word(v->artifact) : sl_str_eqz(v->digest_from, "files") ? "ok" : "unknown";
  return lin_put(b, parent, &n, NULL);
}

/* ---- evidence ---- */

static int input_put(struct lin_build *b, size_t parent, const struct sl_evidence_input *in)
{
  struct sl_lin_node n = lin_node(b, "data", "read");
  const struct sl_lin_place *p = sl_lin_place(b->w, in->address, b->err);
  if (!p)
    return SL_ENOMEM;
  ptrdiff_t slash = sl_str_rchr(in->address, '/');
  if (p->canonical.n && p->zone.n)
    sl_buf_printf(&b->label, "%.*s/%.*s", SL_ARG(p->zone), SL_ARG(p->part.n ? p->part : sl_str_from(in->address, (size_t)(slash + 1))));
  else
    sl_buf_str(&b->label, sl_str_from(in->address, (size_t)(slash + 1)));
  if (p->canonical.n)
    lin_ref(&b->target, p->conn, "objects", p->canonical);
  sl_buf_printf(&b->key, "input %.*s %.*s %s", SL_ARG(in->role), SL_ARG(in->address), in->sha256);
  lin_say(b, "%.*s", SL_ARG(sl_str_head(in->role, 20)));
  lin_say(b, "%.*s", SL_ARG(sl_str_head(in->address, 200)));
  n.digest = sl_str(in->sha256);
  n.known = SL_STR("evidence");
  n.state = p->state;
  if (p->sha256[0] && strcmp(p->sha256, in->sha256) != 0) {
    n.state = "changed";
    lin_say(b, "%s", "other bytes lie there now");
  }
  return lin_put(b, parent, &n, NULL);
}

static int evidence_put(struct lin_build *b, size_t parent, const struct sl_evidence *e)
{
  struct sl_lin_node n = lin_node(b, "evidence", "judged by");
  size_t at, shown = 0, left = 0;
  sl_buf_str(&b->label, e->kind);
  sl_buf_printf(&b->key, "evidence %s", e->sha256);
  if (e->refused.n)
    lin_say(b, "%.*s", SL_ARG(sl_str_head(e->refused, 200)));
  for (size_t i = 0; i < e->nfacts && i < 3; i++)
    lin_say(b, "%.*s %.6g", SL_ARG(sl_str_head(e->fact[i].name, 40)), e->fact[i].value);
  n.digest = sl_str(e->sha256);
  n.known = SL_STR("our records");
  n.state = "ok";
  n.at = e->at;
  int rc = lin_put(b, parent, &n, &at);
  if (rc || at == SL_LIN_NONE)
    return rc;
  rc = lin_exec(b, at, e->execution, "computed by");
  for (size_t i = 0; i < e->ninputs && !rc; i++) {
    if (sl_str_eqz(e->input[i].role, "model"))
      continue;
    if (shown++ < INPUTS_SHOWN)
      rc = input_put(b, at, &e->input[i]);
    else
      left++;
  }
  if (rc || !left)
    return rc;
  struct sl_lin_node more = lin_node(b, "data", "read");
  sl_buf_printf(&b->label, "%zu more files", left);
  more.known = SL_STR("evidence");
  return lin_put(b, at, &more, NULL);
}

/* ---- downstream ---- */

static int versions_down(struct lin_build *b, size_t at, struct sl_str conn, struct sl_str run)
{
  int rc = SL_OK;
  for (size_t i = 0; i < b->w->nversions && !rc; i++) {
    const struct sl_lin_version *v = &b->w->version[i];
    if (run.n && sl_str_eq(v->run, run) && sl_str_eq(v->conn, conn))
      rc = lin_version(b, at, v, "became", NULL);
  }
  return rc;
}

/* Does one of the addresses lead into the partition, or to all of its zone? */
static int leads_into(struct lin_build *b, struct sl_str inputs, struct sl_str zone, struct sl_str name, const char **how)
{
  struct sl_str one;
  *how = NULL;
  while (!*how && inputs.n && sl_list_next(&inputs, &one)) {
    const struct sl_lin_place *p = sl_lin_place(b->w, one, b->err);
    if (!p)
      return SL_ENOMEM;
    if (!p->canonical.n || !sl_str_eq(p->zone, zone))
      continue;
    if (p->part.n ? sl_str_eq(p->part, name) : !p->why[0])
      *how = p->part.n ? "read by" : "read with all of its zone by";
  }
  return SL_OK;
}

static int runs_down(struct lin_build *b, size_t at, struct sl_str zone, struct sl_str name)
{
  int rc = SL_OK;
  for (size_t i = 0; i < b->w->nruns && !rc && !b->l->cut; i++) {
    const struct sl_lin_run *r = &b->w->run[i];
    const char *how;
    size_t below = SL_LIN_NONE;
    rc = leads_into(b, r->inputs, zone, name, &how);
    if (!rc && how)
      rc = lin_run(b, at, r, how, &below);
    if (!rc && below != SL_LIN_NONE)
      rc = versions_down(b, below, r->conn, r->id);
  }
  return rc;
}

static int part_down(struct lin_build *b, size_t at, struct sl_str zone, struct sl_str name);

/* Which execution wrote it: the newest that is kept and went well. */
static void note_writer(struct lin_build *b, const struct sl_job_conf *j, struct sl_str name)
{
  for (size_t i = 0; i < b->w->nexecs && !b->note[0]; i++)
    if (lin_ran(&b->w->exec[i], j, name) && sl_str_eqz(b->w->exec[i].state, "ok"))
      snprintf(b->note, sizeof b->note, "by %.*s", SL_ARG(sl_str_head(b->w->exec[i].id, 100)));
}

/* Made into the partition of the same name where a job writes, as far as that is there. */
static int made_into(struct lin_build *b, size_t at, const struct sl_job_conf *j, struct sl_str name)
{
  struct sl_str to = sl_str(j->writes);
  size_t below = SL_LIN_NONE;
  bool listed = lin_part_find(b, to, name) != NULL;
  if (listed)
    note_writer(b, j, name);
  int rc = listed ? lin_part(b, at, to, name, "made into", &below) : sl_buf_check(&b->scratch, b->err);
  return rc || below == SL_LIN_NONE ? rc : part_down(b, below, to, name);
}

static int part_down(struct lin_build *b, size_t at, struct sl_str zone, struct sl_str name)
{
  int rc = runs_down(b, at, zone, name);
  for (size_t i = 0; i < b->w->njob && !rc; i++)
    if (b->w->job[i].writes && lin_reads(&b->w->job[i], zone))
      rc = made_into(b, at, &b->w->job[i], name);
  return rc;
}

/* ---- the three questions ---- */

static int version_up(struct lin_build *b, size_t at, const struct sl_lin_version *v)
{
  size_t run = SL_LIN_NONE;
  const struct sl_lin_run *r = b->w->nruns ? &b->w->run[0] : NULL;
  int rc = files_put(b, at, v);
  if (rc)
    return rc;
  if (!r) {
    char why[300];
    snprintf(why, sizeof why, "%.*s", SL_ARG(b->w->run_why.n ? sl_str_head(b->w->run_why, 280) : SL_STR("the version names no run")));
    rc = lin_unknown(b, at, "run", "made by", v->run.n ? v->run : SL_STR("run"), why);
  } else {
    rc = lin_run(b, at, r, "made by", &run);
  }
  if (!rc && run != SL_LIN_NONE)
    rc = lin_run_up(b, run, r);
  for (size_t i = 0; i < b->w->nevidence && !rc; i++)
    rc = evidence_put(b, at, &b->w->evidence[i]);
  return rc;
}

int sl_lineage_version(struct sl_lineage *l, struct sl_lin_world *w, const struct sl_lin_version *v, struct sl_err *err)
{
  struct lin_build b;
  size_t at;
  lin_begin(&b, l, w, err);
  int rc = lin_version(&b, SL_LIN_NONE, v, "", &at);
  rc = rc ? rc : version_up(&b, at, v);
  lin_end(&b);
  return rc;
}

int sl_lineage_run(struct sl_lineage *l, struct sl_lin_world *w, const struct sl_lin_run *r, struct sl_err *err)
{
  struct lin_build b;
  size_t at;
  lin_begin(&b, l, w, err);
  int rc = lin_run(&b, SL_LIN_NONE, r, "", &at);
  rc = rc ? rc : versions_down(&b, at, r->conn, r->id);
  rc = rc ? rc : lin_run_up(&b, at, r);
  lin_end(&b);
  return rc;
}

int sl_lineage_partition(struct sl_lineage *l, struct sl_lin_world *w, struct sl_str zone, struct sl_str name, struct sl_err *err)
{
  struct lin_build b;
  size_t at;
  lin_begin(&b, l, w, err);
  int rc = lin_part(&b, SL_LIN_NONE, zone, name, "", &at);
  rc = rc ? rc : part_down(&b, at, zone, name);
  rc = rc ? rc : lin_part_up(&b, at, zone, name);
  lin_end(&b);
  return rc;
}
