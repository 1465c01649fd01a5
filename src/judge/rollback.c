/* judge/rollback.c: where an alias came from. The statement that brought it to its present version says from where; an alias that somebody
 * moved past us goes back to the version that was approved last. Without keys, unsigned statements are all there is: they are believed. */
#include "judge/decide_int.h"

#include <stdio.h>

struct going { struct deciding *d; bool keyed, found; sl_ms best; int64_t version, present; };

/* Says that the alias was given to this version. */
static bool gave(const struct going *g, const struct sl_decision *x, const struct sl_expected *at)
{
  const struct sl_statement *s = &x->s.s;
  bool counts = x->v.worth == SL_WORTH_VALID || (!g->keyed && x->v.worth == SL_WORTH_UNSIGNED);
  bool gives = sl_str_eqz(s->decision, "approved") || sl_str_eqz(s->decision, "rolled-back");
  return counts && gives && sl_decision_here(x, at) && sl_str_eq(s->to, g->d->to);
}

static void take(struct going *g, const struct sl_decision *x, int64_t to, bool sure)
{
  sl_ms at = x->s.s.at;
  if (to <= 0 || to == g->present || (g->found && !sure) || (g->found == sure && g->version && at <= g->best))
    return;
  g->found = sure;
  g->best = at;
  g->version = to;
}

static int version_look(struct going *g, struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct sl_decisions past;
  int c = sl_schema_find(sl_batch_schema(b), SL_STR("version"));
  const struct sl_val v = c < 0 ? sl_null(SL_I64) : sl_batch_get(b, row, (unsigned)c);
  if (v.null)
    return SL_OK;
  char number[24];
  snprintf(number, sizeof number, "%lld", (long long)v.u.i);
  const struct sl_expected where = { g->d->registry, g->d->model, sl_str(number), g->d->at };
  sl_decisions_init(&past);
  int rc = sl_decisions_row(&past, b, row, &where, sl_people(g->d->conf), err);
  for (size_t i = 0; i < past.n && !rc; i++) {
    int64_t from = 0;
    if (!gave(g, &past.v[i], &where))
      continue;
    if (v.u.i != g->present)
      take(g, &past.v[i], v.u.i, false);
    else if (sl_str_i64(past.v[i].s.s.was, &from))
      take(g, &past.v[i], from, true);
  }
  sl_decisions_free(&past);
  return rc;
}

static bool exists(struct sl_snap *snap, int64_t version, struct sl_err *err)
{
  for (uint64_t at = 0; at < sl_snap_count(snap); at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    if (sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err))
      return false;
    int c = sl_schema_find(sl_batch_schema(b), SL_STR("version"));
    bool found = false;
    for (uint32_t i = 0; c >= 0 && i < sl_batch_count(b) && !found; i++) {
      const struct sl_val v = sl_batch_get(b, i, (unsigned)c);
      found = !v.null && v.u.i == version;
    }
    sl_batch_unref(b);
    if (found)
      return true;
  }
  return false;
}

int rollback_find(struct deciding *d, struct sl_err *err)
{
  struct going g = { .d = d, .keyed = sl_people_keyed(sl_people(d->conf)) };
  int rc = SL_OK;
  if (!sl_str_i64(d->was, &g.present))
    return sl_err_set(err, SL_ECONFLICT, "%.*s of %.*s names no version: there is nothing to go back from", SL_ARG(sl_str_head(d->to, 60)),
                      SL_ARG(sl_str_head(d->model, 60)));
  for (uint64_t at = 0; at < sl_snap_count(d->versions) && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(d->versions, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++)
      rc = version_look(&g, b, i, err);
    sl_batch_unref(b);
  }
  if (!rc && !g.version)
    rc = sl_err_set(err, SL_ENOENT, "no statement says where %.*s of %.*s was before %lld: approve the version that it should name",
                    SL_ARG(sl_str_head(d->to, 60)), SL_ARG(sl_str_head(d->model, 60)), (long long)g.present);
  if (!rc && !exists(d->versions, g.version, err))
    rc = sl_err_set(err, SL_ENOENT, "%.*s was %lld before, which is gone", SL_ARG(sl_str_head(d->to, 60)), (long long)g.version);
  d->version = g.version;
  return rc;
}
