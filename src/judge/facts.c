/* judge/facts.c: from the name in a gate to its value and where that is from. */
#include "judge/facts.h"

#include <stdio.h>

void facts_free(struct facts *f)
{
  sl_batch_unref(f->own.v.b);
  sl_batch_unref(f->own.run.b);
  sl_batch_unref(f->champion.v.b);
  sl_batch_unref(f->champion.run.b);
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
  else
    snprintf(out->why, sizeof out->why, "no evidence of it was computed");
  return SL_OK;
}
