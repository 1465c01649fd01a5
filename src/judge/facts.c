/* judge/facts.c: from the name in a gate to its value and where that is from. */
#include "judge/facts.h"

#include <stdio.h>

#include "base/hash.h"

void facts_free(struct facts *f)
{
  sl_batch_unref(f->own.v.b);
  sl_batch_unref(f->own.run.b);
  sl_batch_unref(f->champion.v.b);
  sl_batch_unref(f->champion.run.b);
  sl_arena_free(&f->mem);
  *f = (struct facts){ .own = { .there = false } };
}

struct sl_val facts_cell(const struct facts_row *r, const char *col)
{
  int c = r->b ? sl_schema_find(sl_batch_schema(r->b), sl_str(col)) : -1;
  return c < 0 ? sl_null(SL_TEXT) : sl_batch_get(r->b, r->row, (unsigned)c);
}

struct sl_val facts_key(const struct facts_row *r, const char *family, struct sl_str key)
{
  uint32_t k;
  int c = r->b ? sl_schema_find(sl_batch_schema(r->b), sl_str(family)) : -1;
  if (c < 0 || !sl_keys_find(sl_schema_keys(sl_batch_schema(r->b)), key, &k))
    return sl_null(SL_TEXT);
  enum sl_type t = sl_schema_col(sl_batch_schema(r->b), (size_t)c)->type;
  return t == SL_FAMILY_F64 || t == SL_FAMILY_TEXT ? sl_batch_get_key(r->b, r->row, (unsigned)c, k) : sl_null(SL_TEXT);
}

/* ---- names that are almost there ---- */

enum { NEAR = 2 }; /* edits: train_loss is no slip of val_loss */
struct near { struct sl_str key, best; unsigned distance; };

static void near_try(struct near *n, struct sl_str name)
{
  unsigned d = sl_str_distance(n->key, name, n->distance);
  if (!d || d >= n->distance || d * 2 >= n->key.n)
    return;
  n->distance = d;
  n->best = name;
}

/* "the run has none; did you mean metrics.val_auc?"; what is not near is not named. */
static void say_near(const struct near *n, const char *first, const char *family, struct sl_fact *out)
{
  if (n->best.n)
    snprintf(out->why, sizeof out->why, "%s; did you mean %s.%.*s?", first, family, SL_ARG(n->best));
}

static void near_of_run(const struct facts_row *r, const char *family, struct sl_str key, struct sl_fact *out)
{
  struct near n = { .key = key, .distance = NEAR + 1 };
  struct sl_keys *keys = r->b ? sl_schema_keys(sl_batch_schema(r->b)) : NULL;
  for (uint32_t i = 0; keys && i < sl_keys_count(keys); i++) {
    struct sl_str name = sl_keys_name(keys, i);
    if (!facts_key(r, family, name).null)
      near_try(&n, name);
  }
  say_near(&n, "the run has none", family, out);
}

/* "run 1f0c..9e, logged by ana" */
static void run_source(const struct facts_side *s, struct sl_fact *out)
{
  struct sl_val id = facts_cell(&s->v, "run"), user = facts_cell(&s->run, "user");
  if (id.null || !id.u.s.n)
    return;
  struct sl_str t = id.u.s;
  bool cut = t.n > 12;
  struct sl_str who = user.null ? SL_STR("") : sl_str_head(user.u.s, 60), tail = cut ? sl_str_from(t, t.n - 2) : SL_STR("");
  snprintf(out->source, sizeof out->source, "run %.*s%s%.*s%s%.*s", SL_ARG(sl_str_head(t, cut ? 4 : 12)), cut ? ".." : "", SL_ARG(tail),
           who.n ? ", logged by " : "", SL_ARG(who));
}

static void of_run(const struct facts_side *s, const char *family, struct sl_str key, struct sl_fact *out)
{
  run_source(s, out);
  out->v = facts_key(&s->run, family, key);
  if (!out->v.null) {
    out->state = SL_FACT_KNOWN;
    return;
  }
  out->state = s->part ? SL_FACT_PARTIAL : SL_FACT_MISSING;
  snprintf(out->why, sizeof out->why, "%s", s->why);
  if (!s->why[0])
    near_of_run(&s->run, family, key, out);
}

static void of_tag(const struct facts_side *s, struct sl_str key, struct sl_fact *out)
{
  if (sl_str_starts(key, SL_STR("approval."))) {
    snprintf(out->why, sizeof out->why, "tags approval.* are claims, not facts");
    return;
  }
  out->v = facts_key(&s->v, "tags", key);
  if (out->v.null) {
    of_run(s, "tags", key, out);
    return;
  }
  out->state = SL_FACT_KNOWN;
  snprintf(out->source, sizeof out->source, "version %lld", (long long)s->version);
}

/* ---- evidence ---- */

static void say_missing(const struct sl_model_conf *m, struct facts_side *s, struct facts_evidence *v, const char *kind)
{
  v->state = SL_FACT_MISSING;
  if (!v->conf)
    snprintf(v->why, sizeof v->why, "the workspace asks for none: models: %.50s: evidence: %s", m->name, kind);
  else if (m->job)
    snprintf(v->why, sizeof v->why, "not computed yet: sluice run %.63s -p version=%lld", m->job, (long long)s->version);
  else
    snprintf(v->why, sizeof v->why, "not computed yet");
}

static void judge_evidence(struct facts_evidence *v, sl_ms now)
{
  struct sl_buf at;
  sl_buf_init(&at, 256);
  sl_time_rfc3339(&at, v->e.at);
  snprintf(v->source, sizeof v->source, "%.*s of %s", SL_ARG(v->e.kind), sl_buf_zstr(&at));
  sl_buf_free(&at);
  if (!sl_evidence_holds(&v->e, v->conf, now, v->why, sizeof v->why))
    v->state = SL_FACT_STALE;
  else if (v->e.refused.n) {
    v->state = SL_FACT_MISSING;
    snprintf(v->why, sizeof v->why, "%.*s", SL_ARG(sl_str_head(v->e.refused, 118)));
  }
}

static int load_one(struct facts *f, struct facts_side *s, const struct sl_model_conf *m, size_t kind, const char *state_dir,
                    struct sl_str registry, sl_ms now, struct sl_err *err)
{
  struct facts_evidence *v = &s->ev[kind];
  struct sl_err bad = { 0 };
  *v = (struct facts_evidence){ .state = SL_FACT_KNOWN };
  for (size_t i = 0; i < m->nevidence; i++)
    if (!strcmp(m->evidence[i].kind, sl_evidence_kinds[kind]))
      v->conf = &m->evidence[i];
  const char *word = sl_evidence_kinds[kind];
  bool asked = v->conf && state_dir;
  int rc = asked ? sl_evidence_load(&v->e, state_dir, registry, sl_str(m->name), s->version, word, &f->mem, &bad) : SL_ENOENT;
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err);
  if (rc == SL_ENOENT)
    say_missing(m, s, v, sl_evidence_kinds[kind]);
  else if (rc) {
    v->state = SL_FACT_MISSING;
    snprintf(v->why, sizeof v->why, "%.115s", bad.msg);
  } else {
    v->read = true;
    judge_evidence(v, now);
  }
  return SL_OK;
}

int facts_evidence_load(struct facts *f, struct facts_side *s, const struct sl_model_conf *m, const char *state_dir, struct sl_str registry,
                        sl_ms now, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < SL_EVIDENCE_KINDS && s->there && !rc; i++)
    rc = load_one(f, s, m, i, state_dir, registry, now, err);
  return rc;
}

void facts_evidence_digest(const struct facts_side *s, char out[65])
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  out[0] = 0;
  for (size_t i = 0; i < SL_EVIDENCE_KINDS; i++)
    if (s->ev[i].read && s->ev[i].state != SL_FACT_STALE)
      sl_buf_printf(&b, "%s %s\n", sl_evidence_kinds[i], s->ev[i].e.sha256);
  if (b.n && !b.failed) {
    struct sl_sha256 d = sl_sha256(sl_buf_view(&b));
    sl_sha256_hex(&d, out);
  }
  sl_buf_free(&b);
}

/* Of evidence that holds: what does not may speak of other bytes. */
const char *facts_artifact_digest(const struct facts_side *s)
{
  for (size_t i = 0; i < SL_EVIDENCE_KINDS; i++)
    if (s->ev[i].read && s->ev[i].state != SL_FACT_STALE && s->ev[i].e.digest[0])
      return s->ev[i].e.digest;
  return "";
}

/* Of a model scored again also what was found beside what the run says. */
static void put_claims(const struct facts_side *s, const struct facts_evidence *v, struct sl_fact *out)
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  sl_evidence_beside(&b, &v->e, s->run.b, s->run.row);
  if (b.n)
    snprintf(out->source, sizeof out->source, "%.*s (%s)", SL_ARG(sl_str_head(sl_buf_view(&b), 110)), v->source);
  sl_buf_free(&b);
}

static void of_evidence(const struct facts_side *s, size_t kind, struct sl_str key, struct sl_fact *out)
{
  const struct facts_evidence *v = &s->ev[kind];
  out->state = v->state;
  snprintf(out->source, sizeof out->source, "%s", v->source);
  if (v->state == SL_FACT_KNOWN && !strcmp(sl_evidence_kinds[kind], "rescore"))
    put_claims(s, v, out);
  snprintf(out->why, sizeof out->why, "%s", v->why);
  if (v->state != SL_FACT_KNOWN)
    return;
  static const char none[] = "it was computed, and has no such fact";
  struct near near = { .key = key, .distance = NEAR + 1 };
  for (size_t i = 0; i < v->e.nfacts; i++) {
    if (sl_str_eq(v->e.fact[i].name, key)) {
      out->v = sl_vf(v->e.fact[i].value);
      return;
    }
    near_try(&near, v->e.fact[i].name);
  }
  out->state = SL_FACT_MISSING;
  snprintf(out->why, sizeof out->why, "%s", none);
  say_near(&near, none, sl_evidence_kinds[kind], out);
}

int facts_ask(void *user, const struct sl_rule_node *n, struct sl_fact *out)
{
  struct facts *f = user;
  const struct facts_side *s = n->champion ? &f->champion : &f->own;
  struct sl_str family = n->name.col;
  out->state = SL_FACT_MISSING;
  if (!s->there)
    out->state = SL_FACT_NO_CHAMPION;
  else if (sl_str_eqz(family, "metrics"))
    of_run(s, "metrics", n->name.key, out);
  else if (sl_str_eqz(family, "params"))
    of_run(s, "params", n->name.key, out);
  else if (sl_str_eqz(family, "tags"))
    of_tag(s, n->name.key, out);
  for (size_t i = 0; i < SL_EVIDENCE_KINDS && s->there; i++)
    if (sl_str_eqz(family, sl_evidence_kinds[i]))
      of_evidence(s, i, n->name.key, out);
  return SL_OK;
}
