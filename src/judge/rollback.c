/* judge/rollback.c: where an alias came from. The statement that brought it to its present version says from where; an alias that somebody
 * moved past us goes back to the version that was approved last. Statements are read from the versions' tags, and from our own audit where
 * the tags are gone; both are worth what their signature is worth. Without keys, unsigned statements are all there is: they are believed.
 *
 * A statement that has expired still says what was: it is history, and no permission. What it is worth today is said beside the plan. Onto
 * files that are others than those that were approved nothing goes back. */
#include "judge/decide_int.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/json.h"
#include "model/audit.h"

enum { SAID_MAX = 20000 };

/* A statement that gave this alias to a version of this model. */
struct said {
  int64_t version, was;
  sl_ms at, expires;
  enum sl_worth worth;
  char by[64], policy[65], digest[65], why[120];
};
struct intent { char *statement; };
struct going {
  struct deciding *d;
  bool keyed;
  struct said *said; size_t nsaid, cap;
  struct sl_map tokens;              /* of our own decisions -> index of intent */
  struct intent *intent; size_t nintent, cap_intent;
  int64_t version, present;
  struct sl_err *err;
};

static void text_put(char *out, size_t n, struct sl_str s) { snprintf(out, n, "%.*s", SL_ARG(s)); }

static int said_add(struct going *g, const struct sl_statement *s, const struct sl_verdict *v)
{
  struct said x = { .at = s->at, .expires = s->expires, .worth = v->worth };
  bool gives = sl_str_eqz(s->decision, "approved") || sl_str_eqz(s->decision, "rolled-back");
  bool here = sl_str_eq(s->registry, g->d->registry) && sl_str_eq(s->model, g->d->model) && sl_str_eq(s->to, g->d->to);
  if (!gives || !here || !sl_str_i64(s->version, &x.version))
    return SL_OK;
  (void)sl_str_i64(s->was, &x.was);
  text_put(x.by, sizeof x.by, s->by);
  text_put(x.policy, sizeof x.policy, s->policy);
  text_put(x.digest, sizeof x.digest, s->digest);
  text_put(x.why, sizeof x.why, sl_str(v->why));
  int rc = sl_grow((void **)&g->said, &g->cap, g->nsaid + 1, sizeof *g->said, SAID_MAX, g->err);
  if (!rc)
    g->said[g->nsaid++] = x;
  return rc == SL_ELIMIT ? SL_OK : rc;
}

/* ---- the versions' tags ---- */

static int version_look(struct going *g, struct sl_batch *b, uint32_t row, int64_t version, struct sl_err *err)
{
  struct sl_decisions past;
  char number[24];
  snprintf(number, sizeof number, "%lld", (long long)version);
  const struct sl_expected where = { g->d->registry, g->d->model, sl_str(number), g->d->at };
  sl_decisions_init(&past);
  int rc = sl_decisions_row(&past, b, row, &where, sl_people(g->d->conf), err);
  for (size_t i = 0; i < past.n && !rc; i++)
    if (sl_decision_here(&past.v[i], &where))
      rc = said_add(g, &past.v[i].s.s, &past.v[i].v);
  sl_decisions_free(&past);
  return rc;
}

/* Each row of d->versions, until fn says no. */
static int each_version(struct going *g, int (*fn)(struct going *g, struct sl_batch *b, uint32_t row, int64_t version, struct sl_err *err),
                        struct sl_err *err)
{
  struct sl_snap *snap = g->d->versions;
  int rc = SL_OK;
  for (uint64_t at = 0; at < sl_snap_count(snap) && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err);
    int c = rc ? -1 : sl_schema_find(sl_batch_schema(b), SL_STR("version"));
    for (uint32_t i = 0; c >= 0 && !rc && i < sl_batch_count(b); i++) {
      const struct sl_val v = sl_batch_get(b, i, (unsigned)c);
      rc = v.null || sl_snap_struck(snap, at + i) ? SL_OK : fn(g, b, i, v.u.i, err);
    }
    sl_batch_unref(b);
  }
  return rc;
}

/* ---- our own audit ---- */

static bool moves(const struct sl_audit_rec *r, const json_t *args)
{
  if (sl_str_eqz(r->action, "versions.approve"))
    return json_is_true(json_object_get(args, "move"));
  return sl_str_eqz(r->action, "models.rollback");
}

static int intent_add(struct going *g, const struct sl_audit_rec *r)
{
  const json_t *args = json_object_get(r->json, "args");
  struct sl_str statement = sl_json_str(args, "statement");
  if (!sl_str_eq(r->connection, g->d->conn) || !moves(r, args) || !statement.n)
    return SL_OK;
  int rc = sl_grow((void **)&g->intent, &g->cap_intent, g->nintent + 1, sizeof *g->intent, SAID_MAX, g->err);
  char *copy = rc ? NULL : sl_strndup(statement.p, statement.n);
  if (rc || !copy)
    return rc == SL_ELIMIT ? SL_OK : sl_err_nomem(g->err);
  g->intent[g->nintent].statement = copy;
  return sl_map_put(&g->tokens, r->token, g->nintent++, NULL, g->err);
}

/* It was done: what it says is worth what its signature is worth, as in a tag. */
static int done_add(struct going *g, const char *statement)
{
  struct sl_signed read, judged;
  struct sl_verdict v;
  struct sl_str tag = sl_str(statement);
  int rc = sl_statement_read(&read, tag, NULL);
  if (!rc) {
    const struct sl_expected where = { g->d->registry, g->d->model, read.s.version, g->d->at };
    rc = sl_statement_judge(&v, &judged, tag, &where, sl_people(g->d->conf), g->err);
    rc = rc ? rc : said_add(g, &judged.s, &v);
    sl_statement_free(&judged);
  } else if (rc != SL_ENOMEM)
    rc = SL_OK; /* cleaned of something that looked like a secret, or of another version of ours */
  sl_statement_free(&read);
  return rc;
}

static int record_look(void *user, const struct sl_audit_rec *r)
{
  struct going *g = user;
  uint64_t at;
  if (!r->token.n)
    return SL_OK;
  if (sl_str_eqz(r->kind, "intent"))
    return intent_add(g, r);
  bool ok = sl_str_eqz(r->outcome, "ok") && sl_map_get(&g->tokens, r->token, &at) && g->intent[at].statement;
  if (!ok)
    return SL_OK;
  int rc = done_add(g, g->intent[at].statement);
  sl_free(g->intent[at].statement);
  g->intent[at].statement = NULL;
  return rc;
}

static int audit_look(struct going *g, struct sl_err *err)
{
  sl_map_init(&g->tokens);
  int rc = g->d->audit ? sl_audit_read(g->d->audit, record_look, g, NULL, err) : SL_OK;
  for (size_t i = 0; i < g->nintent; i++)
    sl_free(g->intent[i].statement);
  sl_free(g->intent);
  sl_map_free(&g->tokens);
  return rc == SL_ENOMEM ? rc : SL_OK; /* an audit that cannot be read stops the action itself, and says why */
}

/* ---- where to ---- */

static bool history(const struct going *g, const struct said *x)
{
  return x->worth == SL_WORTH_VALID || x->worth == SL_WORTH_EXPIRED || (!g->keyed && x->worth == SL_WORTH_UNSIGNED);
}

static void pick(struct going *g)
{
  sl_ms best = 0;
  bool sure = false;
  for (size_t i = 0; i < g->nsaid; i++) {
    const struct said *x = &g->said[i];
    bool says = x->version == g->present;
    int64_t to = says ? x->was : x->version;
    if (!history(g, x) || to <= 0 || to == g->present || (sure && !says) || (g->version && sure == says && x->at <= best))
      continue;
    sure = says;
    best = x->at;
    g->version = to;
  }
}

/* ---- what is to be said of it ---- */

static const struct said *newest(const struct going *g)
{
  const struct said *best = NULL;
  for (size_t i = 0; i < g->nsaid; i++)
    if (g->said[i].version == g->version && (!best || g->said[i].at > best->at))
      best = &g->said[i];
  return best;
}

static void about(struct going *g, const struct said *x)
{
  struct sl_buf at, until;
  struct deciding *d = g->d;
  sl_buf_init(&at, 64);
  sl_buf_init(&until, 64);
  if (x)
    sl_time_rfc3339(&at, x->at);
  if (x && x->expires)
    sl_time_rfc3339(&until, x->expires);
  int day = at.n ? 10 : 0;
  long long n = (long long)g->version;
  if (!x)
    snprintf(d->about, sizeof d->about, "no statement is known that approves %lld", n);
  else if (x->worth == SL_WORTH_EXPIRED)
    snprintf(d->about, sizeof d->about, "the approval of %lld by %s of %.*s is EXPIRED since %.10s", n, x->by, day, sl_buf_zstr(&at),
             sl_buf_zstr(&until));
  else if (!history(g, x))
    snprintf(d->about, sizeof d->about, "the statement that approves %lld counts for nothing: %s", n, x->why);
  else if (d->policy && x->policy[0] && strcmp(x->policy, d->policy_digest) != 0)
    snprintf(d->about, sizeof d->about, "the approval of %lld by %s of %.*s is void today: it was given under other rules", n, x->by, day,
             sl_buf_zstr(&at));
  else
    snprintf(d->about, sizeof d->about, "%lld was approved by %s on %.*s%s", n, x->by, day, sl_buf_zstr(&at),
             x->worth == SL_WORTH_VALID ? "" : ", unsigned");
  sl_buf_free(&at);
  sl_buf_free(&until);
}

static struct sl_str cell(struct sl_batch *b, uint32_t row, const char *col)
{
  int c = sl_schema_find(sl_batch_schema(b), sl_str(col));
  const struct sl_val v = c < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)c);
  return v.null ? SL_STR("") : v.u.s;
}

/* Of the version that it goes back to: SL_EEXIST ends the walk well. */
static int target_look(struct going *g, struct sl_batch *b, uint32_t row, int64_t version, struct sl_err *err)
{
  const struct said *x = newest(g);
  if (version != g->version)
    return SL_OK;
  struct sl_str state = cell(b, row, "artifact"), why = cell(b, row, "artifact_why"), digest = cell(b, row, "digest");
  if (sl_str_eqz(state, "changed") || sl_str_eqz(state, "missing"))
    return sl_err_set(err, SL_EBREACH, "%.*s/%lld does not come back: %.*s", SL_ARG(sl_str_head(g->d->model, 60)), (long long)version,
                      SL_ARG(sl_str_head(why.n ? why : state, 150)));
  if (x && x->digest[0] && digest.n && !sl_str_eqz(digest, x->digest))
    return sl_err_set(err, SL_EBREACH, "%.*s/%lld does not come back: its files have changed since %s approved it (%.8s then, %.*s now)",
                      SL_ARG(sl_str_head(g->d->model, 60)), (long long)version, x->by, x->digest, SL_ARG(sl_str_head(digest, 8)));
  if (digest.n == 64)
    text_put(g->d->digest, sizeof g->d->digest, digest);
  return SL_EEXIST;
}

static int settle(struct going *g, struct sl_err *err)
{
  struct deciding *d = g->d;
  pick(g);
  if (!g->version)
    return sl_err_set(err, SL_ENOENT, "no statement says where %.*s of %.*s was before %lld: approve the version that it should name",
                      SL_ARG(sl_str_head(d->to, 60)), SL_ARG(sl_str_head(d->model, 60)), (long long)g->present);
  int rc = each_version(g, target_look, err);
  if (rc == SL_EEXIST)
    rc = SL_OK;
  else if (!rc)
    rc = sl_err_set(err, SL_ENOENT, "%.*s was %lld before, which is gone", SL_ARG(sl_str_head(d->to, 60)), (long long)g->version);
  if (!rc && d->again && d->version != g->version)
    rc = sl_err_set(err, SL_ECONFLICT, "it would go back to %lld now, not to %lld; look again", (long long)g->version,
                    (long long)d->version);
  if (!rc && !d->again)
    about(g, newest(g));
  if (!rc)
    d->version = g->version;
  return rc;
}

int rollback_find(struct deciding *d, struct sl_err *err)
{
  struct going g = { .d = d, .keyed = sl_people_keyed(sl_people(d->conf)), .err = err };
  if (!sl_str_i64(d->was, &g.present))
    return sl_err_set(err, SL_ECONFLICT, "%.*s of %.*s names no version: there is nothing to go back from", SL_ARG(sl_str_head(d->to, 60)),
                      SL_ARG(sl_str_head(d->model, 60)));
  int rc = each_version(&g, version_look, err);
  rc = rc ? rc : audit_look(&g, err);
  rc = rc ? rc : settle(&g, err);
  sl_free(g.said);
  return rc;
}
