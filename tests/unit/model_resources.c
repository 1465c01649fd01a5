/* Resources: the columns that scripts rely on, written out once more by hand, so that no change of them goes unseen; and that every
 * description is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/act.h"

struct contract { const char *name, *cols; };
static const struct contract contracts[] = {
  { "connections", "name, type, state, identity, expires, readonly, latency_ms, error" },
  { "zones", "name, uri, state, newest, age_s, fresh_within_s, objects, bytes" },
  { "objects", "uri, name, kind, bytes, modified, etag, class" },
  { "partitions", "zone, partition, state, objects, bytes, rows, newest" },
  { "tables", "schema, name, kind, rows, bytes, modified" },
  { "columns", "name, type, nullable, nulls, distinct, min, max, mean" },
  { "jobs", "name, engine, schedule, state, last_execution, last_started" },
  { "executions", "id, job, engine, state, native, started, ended, duration_s, done, total, unit, cause" },
  { "steps", "execution, name, state, native, started, ended, duration_s, after, cause" },
  { "log", "time, source, level, text" },
  { "experiments", "id, name, state, created, updated" },
  { "runs", "id, name, experiment, state, started, ended, duration_s, user, params, metrics, tags" },
  { "series", "name, labels, step, time, value" },
  { "drift", "feature, kind, test, definition, statistic, p_value, threshold, drifted, n_baseline, n_current, missing_baseline, "
             "missing_current, infinite_baseline, infinite_current" },
  { "drift_history", "partition, feature, kind, test, definition, statistic, p_value, threshold, drifted, rows, recent, of, alarm, since" },
  { "quality", "metric, class, slice, value, low, high, n" },
  { "differences", "kind, name" },
  { "models", "name, aliases, latest, pending, updated" },
  { "versions", "model, version, state, stage, aliases, run, author, created, source, digest" },
  { "gates", "gate, state, value, threshold, evidence" },
  { "approvals", "model, version, decision, by, known, at, comment, to, evidence, valid" },
  { "lineage", "seq, depth, relation, kind, label, state, detail, digest, at, known, target, parent" },
  { "audit", "seq, time, who, action, target, outcome, detail, hash" },
  { "requests", "resource, scope, kind, state, started, rows, bytes, wait_s, error" },
  { "keys", "view, key, command, help" },
  { "checks", "name, state, value, advice" },
  { "findings", "severity, kind, subject, since, summary, next" },
  { "rows", "" },
};

static int column(const struct sl_resource *r, struct sl_str name)
{
  for (size_t i = 0; i < r->ncols; i++)
    if (sl_str_eqz(name, r->cols[i].name))
      return (int)i;
  return -1;
}

static void columns_are_the_contract(void **state)
{
  (void)state;
  size_t listed = 0;
  while (sl_resources[listed])
    listed++;
  assert_int_equal(listed, sizeof contracts / sizeof contracts[0]);
  for (size_t i = 0; i < listed; i++) {
    const struct sl_resource *r = sl_resource_find(sl_str(contracts[i].name));
    if (!r)
      fail_msg("no resource %s", contracts[i].name);
    struct sl_buf b;
    sl_buf_init(&b, 0);
    for (size_t k = 0; k < r->ncols; k++)
      sl_buf_printf(&b, "%s%s", k ? ", " : "", r->cols[k].name);
    assert_string_equal(sl_buf_zstr(&b), contracts[i].cols);
    sl_buf_free(&b);
  }
}

static void check_names(const struct sl_resource *r, const char *list, bool signs)
{
  struct sl_str rest = sl_str(list), name;
  while (sl_str_cut(&rest, ',', &name)) {
    if (signs && name.n && name.p[0] == '-')
      name = sl_str_from(name, 1);
    if (sl_str_ends(name, SL_STR("?"))) /* only without a scope */
      name = sl_str_head(name, name.n - 1);
    ptrdiff_t best = sl_str_find(name, SL_STR(".?")); /* the best keys of a family */
    if (best >= 0)
      name = sl_str_head(name, (size_t)best);
    if (column(r, name) < 0)
      fail_msg("%s names a column %.*s that it does not have", r->name, SL_ARG(name));
  }
}

static void check_column(const struct sl_resource *r, const struct sl_col *c)
{
  if (!c->help || !*c->help)
    fail_msg("%s.%s has no help", r->name, c->name);
  if (c->link && !sl_resource_find(sl_str(c->link)))
    fail_msg("%s.%s leads to %s, which is no resource", r->name, c->name, c->link);
  if (sl_str_eqz(sl_str(c->name), "connection") || sl_str_eqz(sl_str(c->name), "ref"))
    fail_msg("%s.%s is the core's own", r->name, c->name);
  /* the unit in the name and the unit of the column say the same */
  struct sl_str n = sl_str(c->name);
  const char *unit = c->unit ? c->unit : "";
  if (sl_str_ends(n, SL_STR("_ms")) != !strcmp(unit, "ms") || sl_str_ends(n, SL_STR("_s")) != !strcmp(unit, "s") ||
      sl_str_eqz(n, "bytes") != !strcmp(unit, "B"))
    fail_msg("%s.%s has the unit '%s'", r->name, c->name, unit);
  for (const struct sl_col *d = r->cols; d < c; d++)
    if (!strcmp(d->name, c->name))
      fail_msg("%s has %s twice", r->name, c->name);
}

static void descriptions_are_whole(void **state)
{
  (void)state;
  for (size_t i = 0; sl_resources[i]; i++) {
    const struct sl_resource *r = sl_resources[i];
    assert_true(r->help && *r->help && r->cap_rows > 0);
    assert_true(!r->scope_required || r->scope);
    for (size_t k = 0; k < r->ncols; k++)
      check_column(r, &r->cols[k]);
    check_names(r, r->order, true);
    check_names(r, r->columns, false);
    assert_true(!r->ncols == !r->columns);
    struct sl_str rest = sl_str(r->opens), name;
    while (sl_str_cut(&rest, ',', &name))
      assert_non_null(sl_resource_find(name));
    rest = sl_str(r->about);
    while (sl_str_cut(&rest, ',', &name))
      assert_non_null(sl_resource_find(name));
    assert_true(!r->about || r->scope);
  }
}

static bool is_action_or_words(const char *undo)
{
  if (!undo || strchr(undo, ' '))
    return true;
  for (size_t i = 0; sl_resources[i]; i++)
    for (size_t k = 0; sl_resources[i]->actions && sl_resources[i]->actions[k]; k++)
      if (!strcmp(sl_resources[i]->actions[k]->name, undo))
        return true;
  return false;
}

static void check_action(const struct sl_resource *r, const struct sl_action *a)
{
  assert_true(a->name && a->help && *a->help);
  if (!is_action_or_words(a->undo))
    fail_msg("%s.%s is undone by %s, which is no action", r->name, a->name, a->undo);
  assert_true((a->risk == SL_REVERSIBLE) == (a->undo != NULL));
  for (size_t i = 0; a->guards && a->guards[i]; i++) {
    int at = column(r, sl_str(a->guards[i]));
    if (!strncmp(a->guards[i], "tags.", 5) || !strcmp(a->guards[i], "description")) /* columns of those backends that have them */
      continue;
    if (at < 0 || (r->cols[at].flags & SL_COL_LIVE))
      fail_msg("%s.%s is guarded by %s", r->name, a->name, a->guards[i]);
  }
  if (!a->guards && column(r, SL_STR("state")) < 0)
    fail_msg("%s.%s has no guards, and there is no state", r->name, a->name);
  for (size_t i = 0; i < a->nargs; i++)
    assert_true(a->args[i].name && a->args[i].help && !(a->args[i].required && a->args[i].dflt));
}

static void actions_are_whole(void **state)
{
  (void)state;
  size_t n = 0;
  for (size_t i = 0; sl_resources[i]; i++)
    for (size_t k = 0; sl_resources[i]->actions && sl_resources[i]->actions[k]; k++, n++) {
      assert_true(sl_resources[i]->actions[k]->nargs <= SL_ACTION_ARGS);
      check_action(sl_resources[i], sl_resources[i]->actions[k]);
    }
  assert_int_equal(n, 22);
  assert_int_equal(sl_act_remove.risk, SL_DESTRUCTIVE);
}

/* `when` is a filter over the target's columns: it must parse, and name only what is there. */
static void conditions_parse(void **state)
{
  (void)state;
  for (size_t i = 0; sl_resources[i]; i++) {
    const struct sl_resource *r = sl_resources[i];
    for (size_t k = 0; r->actions && r->actions[k]; k++) {
      if (!r->actions[k]->when)
        continue;
      struct sl_err err = { 0 };
      struct sl_schema *s = NULL;
      struct sl_filter *f = NULL;
      assert_int_equal(sl_schema_new(&s, r->cols, r->ncols, NULL, 0, &err), SL_OK);
      assert_int_equal(sl_filter_parse(&f, sl_str(r->actions[k]->when), 0, NULL, &err), SL_OK);
      assert_int_equal(sl_filter_check(f, s, &err), SL_OK);
      sl_filter_unref(f);
      sl_schema_unref(s);
    }
  }
}

static void names_are_found(void **state)
{
  (void)state;
  assert_ptr_equal(sl_resource_find(SL_STR("runs")), &sl_res_runs);
  assert_null(sl_resource_find(SL_STR("run")));
  assert_null(sl_resource_find(SL_STR("")));
  assert_string_equal(sl_resource_nearest(SL_STR("executons")), "executions");
  assert_null(sl_resource_nearest(SL_STR("xyzzy")));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(columns_are_the_contract), cmocka_unit_test(descriptions_are_whole), cmocka_unit_test(actions_are_whole),
    cmocka_unit_test(conditions_parse), cmocka_unit_test(names_are_found),
  };
  return cmocka_run_group_tests_name("model_resources", tests, NULL, NULL);
}
