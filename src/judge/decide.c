/* judge/decide.c: requests, approvals, rejections and rollbacks, judged: once when they are planned, once right before they are sent.
 *
 * The steps, on the loop but for what blocks: the model is asked for its aliases; a lane finds out who we are and verifies the
 * statements so far; the gates are judged; a lane signs. The second time all but the signing happens again, and what differs voids the
 * decision. */
#include "judge/decide_int.h"

#include <stdio.h>

#include "base/time.h"
#include "judge/judge_int.h"
#include "judge/notify.h"

static void fail(struct deciding *d, int rc, const struct sl_err *err)
{
  struct sl_err e = *err;
  if (!e.msg[0])
    sl_err_set(&e, rc, "%s", sl_code_words(rc));
  sl_judging_end(d->j, rc, &e);
}

/* ---- life ---- */

static void versions_drop(struct deciding *d)
{
  sl_snap_unref(d->versions);
  d->versions = NULL;
}

static void end(struct deciding *d)
{
  versions_drop(d);
  sl_buf_free(&d->turn.note);
  sl_free(d->audit);
  sl_me_ask_free(&d->ask);
  sl_me_free(&d->me);
  sl_decisions_free(&d->past);
  sl_buf_free(&d->sealed);
  sl_arena_free(&d->mem);
  if (d->conf)
    sl_ws_conf_unref(d->conf);
  sl_free(d);
}

static void drop(void *user, struct sl_judging *j)
{
  struct deciding *d = sl_judging_user(j);
  (void)user;
  if (!d)
    return;
  sl_ws_unwatch(d->w, d->watch);
  sl_gates_cancel(d->gates);
  d->gates = NULL;
  turn_stop(d);
  d->gone = true;
  if (d->working)
    sl_job_cancel(sl_ws_loop(d->w), &d->job); /* its end frees */
  else
    end(d);
}

int decide_lane(struct deciding *d, const struct sl_job_ops *ops, struct sl_err *err)
{
  int rc = sl_job_start(sl_ws_loop(d->w), SL_LANE_LONG, ops, d, &d->job, err);
  d->working = !rc;
  return rc;
}

/* True: go on. The decision may have been dropped while the lane had it. */
bool decide_back(struct deciding *d, int rc, const struct sl_err *err)
{
  d->working = false;
  if (d->gone)
    end(d);
  else if (rc)
    fail(d, rc, err);
  else
    return true;
  return false;
}

/* ---- what the call says ---- */

int decide_keep(struct deciding *d, struct sl_str *out, struct sl_str s, struct sl_err *err)
{
  char *p = sl_arena_strndup(&d->mem, s.p ? s.p : "", s.n);
  *out = sl_strn(p, p ? s.n : 0);
  return p ? SL_OK : sl_err_nomem(err);
}

static const struct sl_val *arg(const struct sl_call *c, const char *name)
{
  for (size_t i = 0; i < c->act->nargs; i++)
    if (!strcmp(c->act->args[i].name, name))
      return c->args[i].null ? NULL : &c->args[i];
  return NULL;
}

static struct sl_str text_arg(const struct sl_call *c, const char *name)
{
  const struct sl_val *v = arg(c, name);
  return v ? v->u.s : SL_STR("");
}

static int read_target(struct deciding *d, const struct sl_call *c, struct sl_err *err)
{
  struct sl_str id = c->targets[0].id, number;
  int rc = decide_keep(d, &d->conn, c->targets[0].conn, err);
  if (rc || d->what == JUDGE_ROLLBACK)
    return rc ? rc : decide_keep(d, &d->model, id, err);
  ptrdiff_t slash = sl_str_rchr(id, '/');
  number = slash > 0 ? sl_str_from(id, (size_t)slash + 1) : SL_STR("");
  if (!sl_str_i64(number, &d->version))
    return sl_err_set(err, SL_EUSAGE, "%.*s is no version: MODEL/NUMBER", SL_ARG(sl_str_head(id, 80)));
  return decide_keep(d, &d->model, sl_str_head(id, (size_t)slash), err);
}

static bool is_stage(struct sl_str to) { return sl_str_starts(to, SL_STR("stage:")); }

/* One way to write each: another would be another stage to the gates, and the same one to the registry. */
static int check_stage(struct sl_str to, struct sl_err *err)
{
  static const char *const stages[] = { "stage:None", "stage:Staging", "stage:Production", "stage:Archived" };
  for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
    if (!is_stage(to) || sl_str_eqz(to, stages[i]))
      return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "there is no %.*s; write stage:Staging, stage:Production or stage:Archived",
                    SL_ARG(sl_str_head(to, 60)));
}

static int read_policy(struct deciding *d, const struct sl_call *c, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_str to = text_arg(c, d->what == JUDGE_ROLLBACK ? "alias" : "to");
  sl_buf_init(&b, 4096);
  d->policy = sl_model_policy(d->conf, d->conn, d->model);
  if (!to.n) {
    sl_model_target(d->policy, &b);
    to = sl_buf_view(&b);
  }
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : check_stage(to, err);
  if (!rc && d->what == JUDGE_ROLLBACK && is_stage(to))
    rc = sl_err_set(err, SL_EUSAGE, "%.*s moves %.*s, which no rollback takes back: name an --alias, or sluice approve %.*s/VERSION",
                    SL_ARG(sl_str_head(d->model, 40)), SL_ARG(to), SL_ARG(sl_str_head(d->model, 40)));
  rc = rc ? rc : decide_keep(d, &d->to, to, err);
  sl_buf_clear(&b);
  if (!rc && !sl_registry_address(d->conf, d->conn, &b))
    rc = sl_err_set(err, SL_EUNSUP, "connection %.*s has no address that a statement could name", SL_ARG(d->conn));
  rc = rc ? rc : sl_buf_check(&b, err);
  rc = rc ? rc : decide_keep(d, &d->registry, sl_buf_view(&b), err);
  sl_buf_free(&b);
  return rc ? rc : sl_ws_conf_policy(d->conf, d->policy, d->policy_digest, err);
}

static int tag_keep(struct deciding *d, struct sl_str key, struct sl_str value, struct sl_err *err)
{
  int rc = decide_keep(d, &d->tag[d->ntag].key, key, err);
  rc = rc ? rc : decide_keep(d, &d->tag[d->ntag].value, value, err);
  d->ntag += !rc;
  return rc;
}

/* Only people's statements can count, so only their tags are read: a flood of others changes nothing. */
static int read_tags(struct deciding *d, struct sl_err *err)
{
  struct sl_people p = sl_people(d->conf);
  struct sl_buf key, col;
  d->ntag = 0;
  d->tag = sl_arena_alloc(&d->mem, (2 * p.n + 1) * sizeof *d->tag);
  int rc = d->tag ? SL_OK : sl_err_nomem(err);
  sl_buf_init(&key, 4096);
  sl_buf_init(&col, 4096);
  for (size_t i = 0; !rc && sl_decisions_key(p, i, &key); i++) {
    sl_buf_clear(&col);
    sl_buf_printf(&col, "tags.%s", sl_buf_zstr(&key));
    const struct sl_val v = sl_judging_cell(d->j, 0, sl_buf_zstr(&col));
    rc = sl_buf_check(&col, err); /* else a tag that is there would not be seen */
    if (!rc && !v.null && v.type == SL_TEXT)
      rc = tag_keep(d, sl_buf_view(&key), v.u.s, err);
  }
  rc = rc ? rc : sl_buf_check(&key, err);
  sl_buf_free(&key);
  sl_buf_free(&col);
  return rc;
}

static int read_version(struct deciding *d, struct sl_err *err)
{
  return d->what == JUDGE_ROLLBACK ? SL_OK : read_tags(d, err);
}

/* ---- the end of each stage ---- */

static int say(struct deciding *d, const char *fmt, ...) SL_PRINTF(2, 3);
static int say(struct deciding *d, const char *fmt, ...)
{
  char words[300];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(words, sizeof words, fmt, ap);
  va_end(ap);
  return sl_judging_guard(d->j, words, NULL);
}

static int guards(struct deciding *d)
{
  bool moves = d->what == JUDGE_ROLLBACK || d->what == JUDGE_APPROVE;
  int rc = SL_OK;
  if (moves)
    rc = say(d, "%.*s is %.*s", SL_ARG(sl_str_head(d->to, 80)), SL_ARG(d->was.n ? d->was : SL_STR("nowhere")));
  if (!rc && d->evidence[0])
    rc = say(d, "evidence %.4s...%s", d->evidence, d->evidence + 62);
  if (!rc && d->about[0])
    rc = say(d, "%s", d->about);
  struct sl_buf words;
  sl_buf_init(&words, 1 << 12);
  if (!rc && d->what == JUDGE_APPROVE && !d->move) {
    rules_wanting(d, &words);
    rc = sl_buf_check(&words, NULL);
    rc = rc ? rc : sl_judging_guard(d->j, sl_buf_zstr(&words), NULL);
  }
  sl_buf_clear(&words);
  turn_words(d, &words);
  rc = rc ? rc : say(d, "race guard: %s", sl_buf_zstr(&words));
  sl_buf_free(&words);
  return rc ? rc : say(d, "you are %s (%s%s)", d->me.name, d->me.known == SL_KNOWN_KEY ? "key " : sl_known_word(d->me.known), d->me.print);
}

static int fill(struct deciding *d, struct sl_err *err)
{
  struct sl_buf at;
  sl_buf_init(&at, 64);
  sl_time_rfc3339(&at, d->at);
  struct sl_str by = d->me.known == SL_KNOWN_KEY ? sl_str(d->me.name) : SL_STR_NONE;
  char *account = sl_arena_printf(&d->mem, "%s:%s", d->me.issuer, d->me.subject);
  int rc = account ? SL_OK : sl_err_nomem(err);
  if (!by.p)
    by = sl_str(account);
  rc = rc ? rc : sl_judging_arg(d->j, "statement", sl_vs(sl_buf_view(&d->sealed)), err);
  rc = rc ? rc : sl_judging_arg(d->j, "by", sl_vs(by), err);
  rc = rc ? rc : sl_judging_arg(d->j, "at", sl_vs(sl_buf_view(&at)), err);
  if (!rc && (d->what == JUDGE_APPROVE || d->what == JUDGE_ROLLBACK))
    rc = sl_judging_arg(d->j, "was", sl_vs(d->was), err);
  if (!rc && d->what == JUDGE_APPROVE)
    rc = sl_judging_arg(d->j, "move", sl_vb(d->move), err);
  if (!rc && d->what == JUDGE_ROLLBACK)
    rc = sl_judging_arg(d->j, "version", sl_vi(d->version), err);
  const char *target = d->what == JUDGE_ROLLBACK ? "alias" : "to";
  if (!rc && !arg(sl_judging_call(d->j), target))
    rc = sl_judging_arg(d->j, target, sl_vs(d->to), err);
  sl_buf_free(&at);
  return rc;
}

/* ---- signing ---- */

static int compose(struct deciding *d, struct sl_buf *out, struct sl_err *err)
{
  static const char *const words[] = { "requested", "approved", "rejected", "rolled-back" };
  char version[24];
  struct sl_buf comment;
  snprintf(version, sizeof version, "%lld", (long long)d->version);
  sl_buf_init(&comment, SL_COMMENT_MAX + 64);
  sl_buf_printf(&comment, "%s%.*s", d->glass ? "break-glass: " : "", SL_ARG(d->comment));
  char *by = d->me.known == SL_KNOWN_KEY ? sl_arena_printf(&d->mem, "%s", d->me.name)
                                         : sl_arena_printf(&d->mem, "%s:%s", d->me.issuer, d->me.subject);
  const struct sl_statement s = {
    .registry = d->registry, .model = d->model, .version = sl_str(version), .to = d->to, .was = d->was.p ? d->was : SL_STR(""),
    .digest = d->digest[0] ? sl_str(d->digest) : SL_STR_NONE, .evidence = d->evidence[0] ? sl_str(d->evidence) : SL_STR_NONE,
    .policy = d->policy ? sl_str(d->policy_digest) : SL_STR_NONE, .decision = sl_str(words[d->what]),
    .comment = comment.n ? sl_buf_view(&comment) : SL_STR(""), .by = sl_str(by), .at = d->at,
    .expires = d->policy && d->policy->expires_s > 0 ? d->at + (sl_ms)(d->policy->expires_s * 1000) : 0,
  };
  int rc = by ? sl_buf_check(&comment, err) : sl_err_nomem(err);
  rc = rc ? rc : sl_statement_text(out, &s, err);
  sl_buf_free(&comment);
  return rc;
}

static int sign_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct deciding *d = user;
  struct sl_buf text, signature;
  sl_buf_init(&text, SL_STATEMENT_MAX);
  sl_buf_init(&signature, SL_STATEMENT_MAX);
  bool keyed = d->me.known == SL_KNOWN_KEY;
  int rc = compose(d, &text, err);
  if (!rc && keyed)
    rc = sl_me_sign(&d->ask, &d->me, sl_buf_view(&text), &signature, cancel, err);
  if (!rc)
    rc = sl_statement_tag(&d->sealed, sl_buf_view(&text), keyed ? sl_buf_view(&signature) : SL_STR_NONE, err);
  sl_buf_free(&text);
  sl_buf_free(&signature);
  return rc;
}

static void sign_done(void *user, int rc, const struct sl_err *err)
{
  struct deciding *d = user;
  struct sl_err e = { 0 };
  if (!decide_back(d, rc, err))
    return;
  rc = fill(d, &e);
  if (!rc && guards(d))
    rc = sl_err_nomem(&e);
  if (!rc) {
    char words[200];
    snprintf(words, sizeof words, "by %s, %s %s", d->me.name, d->me.known == SL_KNOWN_KEY ? "signed with" : sl_known_word(d->me.known),
             d->me.print);
    rc = sl_judging_note(d->j, words, &e);
  }
  sl_judging_end(d->j, rc, &e);
}

static void turn_done(struct deciding *d, int rc, const struct sl_err *err)
{
  if (rc)
    fail(d, rc, err);
  else
    sl_judging_end(d->j, SL_OK, NULL);
}

/* The rules are met. */
static void settle(struct deciding *d)
{
  static const struct sl_job_ops ops = { .work = sign_work, .done = sign_done };
  struct sl_err err = { 0 };
  if (d->again) {
    turn_check(d, turn_done);
    return;
  }
  d->at = sl_ws_now(d->w);
  int rc = decide_lane(d, &ops, &err);
  if (rc)
    fail(d, rc, &err);
}

/* ---- gates ---- */

static void enough(struct deciding *d)
{
  struct sl_err err = { 0 };
  int rc = d->what == JUDGE_APPROVE ? rules_enough(d, &err) : SL_OK;
  if (rc)
    fail(d, rc, &err);
  else
    settle(d);
}

static void on_gates(void *user, const struct sl_gates *g, const struct sl_err *err)
{
  struct deciding *d = user;
  struct sl_err e = { 0 };
  struct sl_buf words;
  d->gates = NULL;
  if (!g) {
    fail(d, err->code ? err->code : SL_EINTERNAL, err);
    return;
  }
  sl_buf_init(&words, 4096);
  int rc = rules_gates(d, g, &words, &e);
  if (!rc && words.n && !d->again)
    rc = sl_judging_note(d->j, sl_buf_zstr(&words), &e);
  sl_buf_free(&words);
  if (rc)
    fail(d, rc, &e);
  else
    enough(d);
}

static void ask_gates(struct deciding *d)
{
  struct sl_err err = { 0 };
  if (d->what != JUDGE_APPROVE || !d->policy) {
    enough(d);
    return;
  }
  int rc = sl_gates_start(&d->gates, d->w, d->conn, d->model, d->version, d->to, on_gates, d, &err);
  if (rc)
    fail(d, rc, &err);
  else
    sl_gates_as(d->gates, &d->me);
}

/* ---- who, and what was said so far ---- */

/* Who has the stage; of several the newest. */
static int stage_find(struct deciding *d, struct sl_err *err)
{
  int rc = SL_OK;
  d->holder = 0;
  for (uint64_t at = 0; at < sl_snap_count(d->versions) && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(d->versions, at, SL_BATCH_ROWS, &b, err);
    struct sl_schema *s = rc ? NULL : sl_batch_schema(b);
    int version = rc ? -1 : sl_schema_find(s, SL_STR("version")), stage = rc ? -1 : sl_schema_find(s, SL_STR("stage"));
    for (uint32_t i = 0; version >= 0 && stage >= 0 && i < sl_batch_count(b); i++) {
      struct sl_val n = sl_batch_get(b, i, (unsigned)version), v = sl_batch_get(b, i, (unsigned)stage);
      if (!n.null && !v.null && sl_str_eq(v.u.s, sl_str_from(d->to, 6)) && n.u.i > d->holder)
        d->holder = n.u.i;
    }
    sl_batch_unref(b);
  }
  return rc;
}

/* What the alias names, or who has the stage: read once more before it is sent, it must be what was read first. */
static int present_seen(struct deciding *d, struct sl_str now, struct sl_err *err)
{
  bool moved = d->again && !sl_str_eq(now, d->was) && (d->what == JUDGE_ROLLBACK || d->what == JUDGE_APPROVE);
  if (moved)
    return sl_err_set(err, SL_ECONFLICT, "%.*s is %.*s now (was %.*s): somebody moved it; look again", SL_ARG(sl_str_head(d->to, 80)),
                      SL_ARG(now.n ? now : SL_STR("nowhere")), SL_ARG(d->was.n ? d->was : SL_STR("nowhere")));
  if (d->again)
    return SL_OK;
  d->was = now;
  return rules_expect(d, text_arg(sl_judging_call(d->j), "expect"), err);
}

static int stage_seen(struct deciding *d, struct sl_err *err)
{
  char number[24] = "";
  struct sl_str now;
  if (!d->versions || d->what == JUDGE_ROLLBACK)
    return SL_OK;
  if (d->holder)
    snprintf(number, sizeof number, "%lld", (long long)d->holder);
  int rc = decide_keep(d, &now, sl_str(number), err);
  return rc ? rc : present_seen(d, now, err);
}

static int look_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct deciding *d = user;
  struct sl_people p = sl_people(d->conf);
  int rc = SL_OK;
  if (!d->again)
    rc = sl_me_find(&d->ask, &d->me, cancel, err);
  if (!rc && !d->again)
    rc = turn_look(d, err);
  if (!rc && d->what == JUDGE_ROLLBACK)
    return rollback_find(d, err);
  char version[24];
  snprintf(version, sizeof version, "%lld", (long long)d->version);
  const struct sl_expected where = { d->registry, d->model, sl_str(version), d->at };
  if (!rc && d->versions)
    rc = stage_find(d, err);
  for (size_t i = 0; i < d->ntag && !rc; i++)
    rc = sl_decisions_tag(&d->past, d->tag[i].key, d->tag[i].value, &where, p, err);
  return rc;
}

static void look_done(void *user, int rc, const struct sl_err *err)
{
  struct deciding *d = user;
  struct sl_err e = { 0 };
  if (!decide_back(d, rc, err))
    return;
  if (!d->again && d->what != JUDGE_ROLLBACK)
    sl_me_tell(d->w, &d->me);
  rc = stage_seen(d, &e);
  rc = rc ? rc : rules_person(d, &e);
  if (rc)
    fail(d, rc, &e);
  else
    ask_gates(d);
}

static void look(struct deciding *d)
{
  static const struct sl_job_ops ops = { .work = look_work, .done = look_done };
  struct sl_err err = { 0 };
  sl_decisions_free(&d->past);
  d->at = sl_ws_now(d->w);
  int rc = decide_lane(d, &ops, &err);
  if (rc)
    fail(d, rc, &err);
}

/* ---- the model ---- */

int decide_ask(struct deciding *d, const struct sl_resource *res, enum sl_query_kind kind, const char *want, sl_changed *fn,
               struct sl_err *err)
{
  struct sl_query like = { .res = res, .kind = kind, .conn = d->conn, .scope = d->model, .no_cap = true }, *q = NULL;
  int rc = want ? sl_want_parse(&like.want, sl_str(want), err) : SL_OK;
  rc = rc ? rc : sl_query_new(&q, &like, err);
  rc = rc ? rc : sl_ws_query(d->w, q, true, fn, d, &d->watch, err);
  sl_query_unref(q);
  sl_want_unref(like.want);
  return rc;
}

int decide_answer_rc(const struct sl_answer *a, struct sl_err *err)
{
  if (a->nsrc && (a->src[0].state == SL_FAILED || a->src[0].state == SL_CUT)) {
    *err = a->src[0].err;
    return err->code ? err->code : sl_err_set(err, SL_EIO, "%.120s", a->src[0].note);
  }
  return a->snap ? SL_OK : sl_err_set(err, SL_EIO, "the registry said nothing");
}

static void on_versions(void *user, sl_watch id, const struct sl_answer *a)
{
  struct deciding *d = user;
  struct sl_err err = { 0 };
  (void)id;
  if (!a->done)
    return;
  d->watch.v = 0;
  int rc = decide_answer_rc(a, &err);
  if (rc) {
    fail(d, rc, &err);
    return;
  }
  versions_drop(d);
  d->versions = sl_snap_ref(a->snap);
  look(d);
}

/* "champion=6" among the aliases of the model's row. */
static int alias_find(struct deciding *d, struct sl_snap *snap, struct sl_str *out, struct sl_err *err)
{
  struct sl_batch *b = NULL;
  *out = SL_STR("");
  int rc = sl_snap_count(snap) ? sl_snap_page(snap, 0, 1, &b, NULL, NULL, err)
                               : sl_err_set(err, SL_ENOENT, "model %.*s is gone", SL_ARG(sl_str_head(d->model, 80)));
  int c = rc ? -1 : sl_schema_find(sl_batch_schema(b), SL_STR("aliases"));
  struct sl_val v = c < 0 ? sl_null(SL_LIST) : sl_batch_get(b, 0, (unsigned)c);
  struct sl_str rest = v.null ? SL_STR("") : v.u.s, one, name;
  while (!rc && sl_list_next(&rest, &one))
    if (sl_str_cut(&one, '=', &name) && sl_str_eq(name, d->to))
      rc = decide_keep(d, out, one, err);
  sl_batch_unref(b);
  return rc;
}

static int aliases_seen(struct deciding *d, const struct sl_answer *a, struct sl_err *err)
{
  struct sl_str now;
  int rc = decide_answer_rc(a, err);
  rc = rc ? rc : alias_find(d, a->snap, &now, err);
  if (rc || is_stage(d->to))
    return rc;
  return present_seen(d, now, err);
}

static void on_model(void *user, sl_watch id, const struct sl_answer *a)
{
  struct deciding *d = user;
  struct sl_err err = { 0 };
  (void)id;
  if (!a->done)
    return;
  d->watch.v = 0;
  int rc = aliases_seen(d, a, &err);
  if (!rc && d->what == JUDGE_ROLLBACK)
    rc = decide_ask(d, &sl_res_versions, SL_Q_LIST, "model,version,aliases,digest,artifact,artifact_why,tags.*", on_versions, &err);
  else if (!rc && is_stage(d->to))
    rc = decide_ask(d, &sl_res_versions, SL_Q_LIST, "model,version,stage", on_versions, &err);
  else if (!rc)
    look(d);
  if (rc)
    fail(d, rc, &err);
}

/* ---- the two stages ---- */

static int what_of(const struct sl_call *c, enum judge_what *out)
{
  static const char *const names[] = { "request", "approve", "reject", "rollback" };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (!strcmp(c->act->name, names[i])) {
      *out = (enum judge_what)i;
      return SL_OK;
    }
  return SL_ENOENT;
}

static int begin(struct deciding *d, struct sl_err *err)
{
  const struct sl_call *c = sl_judging_call(d->j);
  const struct sl_val *glass = arg(c, "break_glass");
  if (c->ntargets != 1)
    return sl_err_set(err, SL_EUSAGE, "one decision at a time");
  d->glass = glass && glass->u.b;
  int rc = read_target(d, c, err);
  rc = rc ? rc : decide_keep(d, &d->comment, text_arg(c, "comment"), err);
  rc = rc ? rc : read_policy(d, c, err);
  if (!rc && d->glass && !sl_str_trim(d->comment).n)
    rc = sl_err_set(err, SL_EUSAGE, "break-glass needs a comment: why, although a gate says no");
  if (!rc && d->what == JUDGE_REJECT && !sl_str_trim(d->comment).n)
    rc = sl_err_set(err, SL_EUSAGE, "a rejection needs a comment: why");
  rc = rc ? rc : sl_me_ask(&d->ask, d->w, err);
  if (!rc && d->what == JUDGE_ROLLBACK && !(d->audit = sl_strdup(sl_ws_audit_path(d->w))))
    rc = sl_err_nomem(err);
  rc = rc ? rc : read_version(d, err);
  return rc ? rc : decide_ask(d, &sl_res_models, SL_Q_GET, NULL, on_model, err);
}

static void prepare(void *user, struct sl_judging *j)
{
  struct sl_err err = { 0 };
  enum judge_what what;
  (void)user;
  if (what_of(sl_judging_call(j), &what)) {
    int rc = rules_raw(j, &err);
    sl_judging_end(j, rc, &err);
    return;
  }
  struct deciding *d = sl_calloc(1, sizeof *d);
  if (!d) {
    int rc = sl_err_nomem(&err);
    sl_judging_end(j, rc, &err);
    return;
  }
  d->j = j;
  d->w = sl_judging_ws(j);
  d->what = what;
  const struct sl_ws_conf *c = sl_ws_config(d->w);
  d->conf = c ? sl_ws_conf_ref((struct sl_ws_conf *)(uintptr_t)c) : NULL;
  sl_arena_init(&d->mem, 1 << 20);
  sl_buf_init(&d->sealed, 2 * SL_STATEMENT_MAX);
  sl_decisions_init(&d->past);
  sl_judging_set_user(j, d);
  int rc = begin(d, &err);
  if (rc)
    fail(d, rc, &err);
}

static void recheck(void *user, struct sl_judging *j)
{
  struct deciding *d = sl_judging_user(j);
  struct sl_err err = { 0 };
  (void)user;
  if (!d) { /* raw: it was allowed, and what allowed it is in the workspace file */
    int rc = rules_raw(j, &err);
    sl_judging_end(j, rc, &err);
    return;
  }
  d->again = true;
  int rc = SL_OK;
  if (sl_ws_config(d->w) != d->conf)
    rc = sl_err_set(&err, SL_ECONFLICT, "the workspace file has changed since this was planned; look again");
  rc = rc ? rc : read_version(d, &err);
  rc = rc ? rc : decide_ask(d, &sl_res_models, SL_Q_GET, NULL, on_model, &err);
  if (rc)
    fail(d, rc, &err);
}

static void hold(void *user, struct sl_judging *j)
{
  struct deciding *d = sl_judging_user(j);
  (void)user;
  if (d)
    turn_take(d, turn_done);
  else
    sl_judging_end(j, SL_OK, NULL);
}

static void let_go(void *user, struct sl_judging *j)
{
  struct deciding *d = sl_judging_user(j);
  (void)user;
  if (d)
    turn_give_back(d, turn_done);
  else
    sl_judging_end(j, SL_OK, NULL);
}

/* Others hear of it when it stands. */
static void told(void *user, struct sl_judging *j)
{
  static const enum sl_news news[] = { SL_NEWS_REQUESTED, SL_NEWS_APPROVED, SL_NEWS_REJECTED, SL_NEWS_ROLLED_BACK };
  struct deciding *d = sl_judging_user(j);
  (void)user;
  if (!d || sl_judging_rc(j))
    return;
  const struct sl_notice n = {
    .news = d->what == JUDGE_APPROVE && !d->move ? SL_NEWS_COUNTED : news[d->what], .glass = d->glass, .conn = d->conn, .model = d->model,
    .to = d->to, .was = d->was, .by = sl_str(d->me.name), .comment = d->comment, .version = d->version, .token = sl_judging_call(j)->token,
  };
  sl_notify(d->w, d->policy, &n);
}

const struct sl_judge_ops judge_ops = { .prepare = prepare, .recheck = recheck, .drop = drop, .hold = hold, .let_go = let_go,
                                        .told = told, .who = judge_who, .close = judge_close };
