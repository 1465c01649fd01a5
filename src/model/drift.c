/* model/drift.c: the scope of `drift` read and written, its rows counted to a verdict. */
#include "model/drift.h"

#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "model/engine.h"
#include "model/scope.h"

enum { SHARE_DIGITS = 3 };
static const double evidently_share = 0.5;

const char *const sl_drift_profiles[] = { "evidently", "monitor", "nannyml", "deequ", NULL };

/* ---- scope ---- */

/* In the order of the members of sl_drift_ask. */
static const char *const keys[] = { "tests=", "profile=", "model=", "last=", "persist=", "engine=", NULL };

static char **slot(struct sl_drift_ask *a, size_t i)
{
  char **const at[] = { &a->tests, &a->profile, &a->model, &a->last, &a->persist, &a->engine };
  return at[i];
}

static const char *option(const struct sl_drift_ask *a, size_t i)
{
  const char *const at[] = { a->tests, a->profile, a->model, a->last, a->persist, a->engine };
  return at[i];
}

static int keep(struct sl_drift_ask *a, char *w, bool quoted, struct sl_err *err)
{
  char **to = !a->baseline ? &a->baseline : &a->current;
  size_t skip = 0;
  for (size_t i = 0; !quoted && keys[i]; i++)
    if (sl_str_starts(sl_str(w), sl_str(keys[i]))) {
      to = slot(a, i);
      skip = strlen(keys[i]);
    }
  if (*to)
    return sl_err_set(err, SL_EUSAGE, "one too many: %s; it is BASELINE CURRENT [tests=..] [profile=..] [model=..] [engine=..]", w);
  *to = sl_strdup(w + skip);
  return *to ? SL_OK : sl_err_nomem(err);
}

static int check(const struct sl_drift_ask *a, struct sl_err *err)
{
  if (!a->baseline || (!a->current && !sl_str_ends(sl_str(a->baseline), SL_STR(".json"))))
    return sl_err_set(err, SL_EUSAGE, "two data sets are compared: BASELINE CURRENT; one alone is the .json report of another tool");
  int rc = a->engine ? sl_engine_check(sl_str(a->engine), NULL, err) : SL_OK;
  if (rc)
    return rc;
  for (size_t i = 0; a->profile && sl_drift_profiles[i]; i++)
    if (!strcmp(a->profile, sl_drift_profiles[i]))
      return SL_OK;
  if (!a->profile)
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "there is no profile %s; there are evidently, nannyml, monitor and deequ", a->profile);
}

int sl_drift_ask_parse(struct sl_drift_ask *out, struct sl_str scope, struct sl_err *err)
{
  struct sl_err e = { 0 };
  bool quoted;
  char *w;
  int rc = SL_OK;
  *out = (struct sl_drift_ask){ 0 };
  while (!(rc = sl_scope_next(&scope, keys, &w, &quoted, &e)) && w) {
    rc = keep(out, w, quoted, &e);
    sl_free(w);
    if (rc)
      break;
  }
  if (!rc)
    rc = check(out, &e);
  if (rc) {
    sl_drift_ask_free(out);
    if (err)
      *err = e;
  }
  return rc;
}

const char *sl_drift_ask_profile(const struct sl_drift_ask *a)
{
  struct sl_str base = sl_str(a->baseline ? a->baseline : "");
  bool monitor = sl_str_ends(base, SL_STR("statistics.json")) || sl_str_ends(base, SL_STR("violations.json"));
  return a->profile ? a->profile : monitor ? "monitor" : NULL;
}

void sl_drift_ask_free(struct sl_drift_ask *a)
{
  sl_free(a->baseline);
  sl_free(a->current);
  for (size_t i = 0; keys[i]; i++)
    sl_free(*slot(a, i));
  *a = (struct sl_drift_ask){ 0 };
}

void sl_drift_ask_text(struct sl_buf *b, const struct sl_drift_ask *a)
{
  sl_scope_put(b, a->baseline, keys);
  if (a->current) {
    sl_buf_ch(b, ' ');
    sl_scope_put(b, a->current, keys);
  }
  sl_buf_z(b, a->tests ? " tests=" : "");
  for (const char *t = a->tests; t && *t; t++)
    if (*t != ' ')
      sl_buf_ch(b, *t);
  for (size_t i = 1; keys[i]; i++)
    if (option(a, i)) {
      sl_buf_printf(b, " %s", keys[i]);
      sl_scope_put(b, option(a, i), keys);
    }
}

/* ---- verdict ---- */

static void feature_end(struct sl_drift_tally *t)
{
  if (!t->last_hash)
    return;
  if (!t->counted) {
    t->unjudged++;
  } else {
    t->features++;
    if (t->bad && t->drifted < sizeof t->first / sizeof t->first[0])
      snprintf(t->first[t->drifted], sizeof t->first[0], "%s", t->last);
    t->drifted += t->bad;
    bool monitor = t->seen_monitor ? t->bad_monitor : t->bad;
    if (monitor != t->bad && t->differ < sizeof t->other / sizeof t->other[0])
      snprintf(t->other[t->differ], sizeof t->other[0], "%s", t->last);
    t->differ += monitor != t->bad;
    t->monitor_all += monitor;
  }
  t->monitored += t->seen_monitor;
  t->monitor += t->bad_monitor;
}

static void feature_begin(struct sl_drift_tally *t, struct sl_str name, uint64_t hash)
{
  feature_end(t);
  t->last_hash = hash;
  t->counted = t->bad = t->seen_monitor = t->bad_monitor = false;
  snprintf(t->last, sizeof t->last, "%.*s", SL_ARG(name));
}

static bool is_true(const struct sl_batch *b, uint32_t row, int col)
{
  struct sl_val v = col < 0 ? sl_null(SL_BOOL) : sl_batch_get(b, row, (unsigned)col);
  return !v.null && v.u.b;
}

static void count_novel(struct sl_drift_tally *t, struct sl_val share)
{
  if (share.null || !(share.u.f > 0))
    return;
  if (t->novel < sizeof t->novel_first / sizeof t->novel_first[0])
    snprintf(t->novel_first[t->novel], sizeof t->novel_first[0], "%s", t->last);
  t->novel++;
}

void sl_drift_tally_add(struct sl_drift_tally *t, const struct sl_batch *b)
{
  const struct sl_schema *s = sl_batch_schema(b);
  int feature = sl_schema_find(s, SL_STR("feature")), drifted = sl_schema_find(s, SL_STR("drifted"));
  int chosen = sl_schema_find(s, SL_STR("chosen")), tool = sl_schema_find(s, SL_STR("definition"));
  int fresh = sl_schema_find(s, SL_STR("new_share"));
  for (uint32_t row = 0; feature >= 0 && drifted >= 0 && row < sl_batch_count(b); row++) {
    struct sl_val name = sl_batch_get(b, row, (unsigned)feature), bad = sl_batch_get(b, row, (unsigned)drifted);
    struct sl_val by = tool < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)tool);
    uint64_t hash = sl_str_hash(name.u.s) | 1;
    if (hash != t->last_hash)
      feature_begin(t, name.u.s, hash);
    count_novel(t, fresh < 0 ? sl_null(SL_F64) : sl_batch_get(b, row, (unsigned)fresh));
    if (bad.null)
      continue;
    bool monitor = !by.null && sl_str_eqz(by.u.s, "monitor");
    t->seen_monitor |= monitor;
    t->bad_monitor |= monitor && bad.u.b;
    if (chosen >= 0 && !is_true(b, row, chosen))
      continue;
    t->counted = true;
    t->bad |= bad.u.b;
  }
}

void sl_drift_tally_end(struct sl_drift_tally *t)
{
  if (!t->bottom)
    feature_end(t);
  t->bottom = true;
}

const char *sl_drift_profile_name(const char *profile)
{
  static const char *const names[] = { "Evidently", "Model Monitor", "NannyML", "Deequ" };
  for (size_t i = 0; profile && sl_drift_profiles[i]; i++)
    if (!strcmp(profile, sl_drift_profiles[i]))
      return names[i];
  return names[0];
}

static bool is_evidently(const char *profile) { return !profile || !*profile || !strcmp(profile, "evidently"); }

static double share_of(const struct sl_drift_tally *t) { return t->features ? (double)t->drifted / (double)t->features : 0; }

bool sl_drift_verdict(const struct sl_drift_tally *t, const char *profile, double fail_share)
{
  double limit = sl_drift_limit(profile, fail_share);
  return t->features && (limit >= 0 ? share_of(t) >= limit : t->drifted > 0);
}

double sl_drift_limit(const char *profile, double fail_share)
{
  return fail_share >= 0 ? fail_share : is_evidently(profile) ? evidently_share : -1;
}

static void put_names(struct sl_buf *b, const char (*name)[48], size_t n)
{
  size_t shown = n < 3 ? n : 3;
  for (size_t i = 0; i < shown; i++)
    sl_buf_printf(b, "%s%s", i ? ", " : "", name[i]);
  if (n > shown)
    sl_buf_printf(b, " and %zu more", n - shown);
}

/* Where Model Monitor was asked too: whether it would say the same of all of it, and why not. */
static void put_monitor(struct sl_buf *b, const struct sl_drift_tally *t, const char *profile)
{
  bool evidently = sl_drift_verdict(t, NULL, -1), monitor = t->monitor_all > 0;
  if (!is_evidently(profile) || !t->monitored || (evidently == monitor && !t->differ))
    return;
  if (evidently && !monitor)
    sl_buf_z(b, "; Evidently would say drift, Model Monitor would not: no feature is 0.1 beyond chance");
  else if (monitor && !evidently)
    sl_buf_z(b, "; Model Monitor would say drift, Evidently would not: one feature is enough for it");
  if (!t->differ)
    return;
  sl_buf_z(b, evidently == monitor ? "; Model Monitor judges otherwise of " : " (they differ over ");
  put_names(b, t->other, t->differ);
  sl_buf_z(b, evidently == monitor ? "" : ")");
}

void sl_drift_words(struct sl_buf *b, const struct sl_drift_tally *t, const char *profile, double fail_share)
{
  bool bad = sl_drift_verdict(t, profile, fail_share), by_share = fail_share >= 0 || is_evidently(profile);
  if (!t->features) {
    sl_buf_z(b, "nothing could be judged");
    return;
  }
  sl_buf_printf(b, "%s: %zu of %zu feature%s drifted", bad ? "drift" : "no drift", t->drifted, t->features, t->features == 1 ? "" : "s");
  sl_buf_z(b, t->drifted ? " (" : "");
  put_names(b, t->first, t->drifted);
  sl_buf_z(b, t->drifted ? ")" : "");
  if (by_share) {
    sl_buf_z(b, ", share ");
    sl_fmt_sig(b, share_of(t), SHARE_DIGITS);
    sl_buf_z(b, bad ? " >= " : " < ");
    sl_fmt_sig(b, fail_share >= 0 ? fail_share : evidently_share, SHARE_DIGITS);
  }
  sl_buf_printf(b, ", by %s's rule", sl_drift_profile_name(profile));
  if (t->unjudged)
    sl_buf_printf(b, "; %zu not judged", t->unjudged);
  sl_buf_z(b, t->novel ? "; new categories in " : "");
  put_names(b, t->novel_first, t->novel);
  put_monitor(b, t, profile);
}
