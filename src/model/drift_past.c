/* model/drift_past.c: rows of `drift_history` counted to a verdict: the newest partition by the profile's own rule, but a feature counts
 * only when it drifted in enough of the last partitions. */
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "model/drift.h"

/* "3" or "2/3", whole numbers from 1. */
static bool number(struct sl_str s, unsigned max, unsigned *out)
{
  uint64_t v;
  if (!sl_str_u64(s, &v) || !v || v > max)
    return false;
  *out = (unsigned)v;
  return true;
}

int sl_drift_span_of(struct sl_drift_span *out, const struct sl_drift_ask *a, struct sl_err *err)
{
  struct sl_str rest = sl_str(a->persist ? a->persist : ""), need;
  *out = (struct sl_drift_span){ .last = SL_DRIFT_LAST, .need = 2, .of = 3 };
  if (a->last && !number(sl_str(a->last), SL_DRIFT_LAST_MAX, &out->last))
    return sl_err_set(err, SL_EUSAGE, "--last %s: how many partitions, from 1 to %d", a->last, SL_DRIFT_LAST_MAX);
  if (a->persist && (!sl_str_cut(&rest, '/', &need) || !number(need, SL_DRIFT_OF_MAX, &out->need) ||
                     !number(rest, SL_DRIFT_OF_MAX, &out->of) || out->need > out->of))
    return sl_err_set(err, SL_EUSAGE, "--persist %s: M/N, drifted in M of the last N partitions, as 2/3; N up to %d", a->persist,
                      SL_DRIFT_OF_MAX);
  return SL_OK;
}

static struct sl_val val(const struct sl_batch *b, uint32_t row, const char *col)
{
  int at = sl_schema_find(sl_batch_schema(b), sl_str(col));
  return at < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)at);
}

static bool is_true(struct sl_val v) { return !v.null && v.u.b; }

static void copy(char *to, size_t n, struct sl_val v) { snprintf(to, n, "%.*s", SL_ARG(v.null ? SL_STR("") : v.u.s)); }

/* Of the newest partition; what several rows of a feature have in common is counted once. */
static void newest(struct sl_drift_past *p, const struct sl_batch *b, uint32_t row, struct sl_str feature)
{
  struct sl_val drifted = val(b, row, "drifted");
  uint64_t hash = sl_str_hash(feature) | 1;
  if (hash != p->last_hash)
    p->judged = p->bad = false;
  p->last_hash = hash;
  copy(p->newest, sizeof p->newest, val(b, row, "partition"));
  if (drifted.null || !is_true(val(b, row, "chosen")))
    return;
  p->features += !p->judged;
  p->drifted += !p->bad && drifted.u.b;
  if (!p->judged && is_true(val(b, row, "alarm"))) {
    if (p->alarms < sizeof p->first / sizeof p->first[0]) {
      snprintf(p->first[p->alarms].name, sizeof p->first[0].name, "%.*s", SL_ARG(feature));
      copy(p->first[p->alarms].since, sizeof p->first[0].since, val(b, row, "since"));
      p->first[p->alarms].recent = val(b, row, "recent").u.i;
      p->first[p->alarms].of = val(b, row, "of").u.i;
    }
    p->alarms++;
  }
  p->judged = true;
  p->bad = p->bad || drifted.u.b;
}

void sl_drift_past_add(struct sl_drift_past *p, const struct sl_batch *b)
{
  for (uint32_t row = 0; row < sl_batch_count(b); row++) {
    struct sl_val feature = val(b, row, "feature"), back = val(b, row, "back");
    size_t n = back.null || back.u.i < 0 ? 0 : (size_t)back.u.i + 1;
    p->partitions = p->partitions < n ? n : p->partitions;
    p->unread += feature.null;
    if (n == 1 && !feature.null)
      newest(p, b, row, feature.u.s);
  }
}

bool sl_drift_past_verdict(const struct sl_drift_past *p, const char *profile, double fail_share)
{
  const struct sl_drift_tally t = { .features = p->features, .drifted = p->alarms };
  return sl_drift_verdict(&t, profile, fail_share);
}

static void put_alarms(struct sl_buf *b, const struct sl_drift_past *p)
{
  size_t shown = p->alarms < 3 ? p->alarms : 3;
  for (size_t i = 0; i < shown; i++) {
    sl_buf_printf(b, "%s%s %lld of %lld", i ? "; " : " (", p->first[i].name, (long long)p->first[i].recent, (long long)p->first[i].of);
    if (p->first[i].since[0])
      sl_buf_printf(b, ", since %s", p->first[i].since);
  }
  if (p->alarms > shown)
    sl_buf_printf(b, " and %zu more", p->alarms - shown);
  sl_buf_z(b, shown ? ")" : "");
}

void sl_drift_past_words(struct sl_buf *b, const struct sl_drift_past *p, const char *profile, double fail_share)
{
  bool bad = sl_drift_past_verdict(p, profile, fail_share);
  double limit = sl_drift_limit(profile, fail_share);
  if (!p->features) {
    sl_buf_z(b, p->partitions ? "nothing could be judged in the newest partition" : "there is no partition to compare");
    return;
  }
  sl_buf_printf(b, "%s: %zu of %zu feature%s drifted in %u of the last %u partitions or more", bad ? "drift" : "no drift", p->alarms,
                p->features, p->features == 1 ? "" : "s", p->span.need, p->span.of);
  put_alarms(b, p);
  if (limit >= 0) {
    sl_buf_z(b, ", share ");
    sl_fmt_sig(b, (double)p->alarms / (double)p->features, 3);
    sl_buf_z(b, bad ? " >= " : " < ");
    sl_fmt_sig(b, limit, 3);
  }
  sl_buf_printf(b, ", by %s's rule", sl_drift_profile_name(profile));
  if (p->drifted > p->alarms)
    sl_buf_printf(b, "; %zu more only lately, in %s", p->drifted - p->alarms, p->newest);
  if (p->unread)
    sl_buf_printf(b, "; %zu of %zu partition%s missing or unreadable", p->unread, p->partitions, p->partitions == 1 ? "" : "s");
}
