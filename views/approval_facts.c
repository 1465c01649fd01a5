/* views/approval_facts.c: what the answers say about one version: which row it is and which the champion's, what their runs were trained
 * on, what differs, what was decided before. Nothing is judged here that src/judge judges: gates, approvals and noise come as rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "judge/compare.h"
#include "views/approval_int.h"

enum { LOOK = 20000 };

/* ---- cells ---- */

struct sl_str ap_text(struct sl_pane *p, uint64_t row, const char *col)
{
  struct sl_val v = p ? sl_pane_val(p, row, col) : sl_null(SL_TEXT);
  bool text = !v.null && (v.type == SL_TEXT || v.type == SL_STATE || v.type == SL_REF || v.type == SL_URI);
  return text ? v.u.s : SL_STR("");
}

struct sl_val ap_pair(struct sl_pane *p, uint64_t row, const char *family, struct sl_str key)
{
  const struct sl_batch *b;
  uint32_t at, id;
  if (!p || !sl_pane_row(p, row, &b, &at))
    return sl_null(SL_TEXT);
  struct sl_schema *s = sl_batch_schema(b);
  int col = sl_schema_find(s, sl_str(family));
  if (col < 0 || !sl_keys_find(sl_schema_keys(s), key, &id))
    return sl_null(SL_TEXT);
  return sl_batch_get_key(b, at, (unsigned)col, id);
}

struct sl_str ap_tag(struct sl_pane *p, uint64_t row, const char *key)
{
  struct sl_val v = ap_pair(p, row, "tags", sl_str(key));
  return v.null || v.type != SL_TEXT ? SL_STR("") : v.u.s;
}

static void copy(char *out, size_t n, struct sl_str s)
{
  snprintf(out, n, "%.*s", SL_ARG(sl_str_head(s, n - 1)));
}

const struct sl_model_conf *ap_policy(struct sl_view *v, const struct approval_state *s)
{
  const struct sl_ws_conf *c = sl_ws_config(sl_view_ws(v));
  size_t n = 0;
  const struct sl_model_conf *m = c ? sl_ws_conf_models(c, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (!strcmp(m[i].name, s->model) && (!m[i].conn || !s->conn[0] || !strcmp(m[i].conn, s->conn)))
      return &m[i];
  return NULL;
}

/* ---- versions ---- */

bool ap_has_alias(const struct approval_state *s, uint64_t row, const char *to)
{
  struct sl_val v = sl_pane_val(s->versions, row, "aliases");
  struct sl_str rest = v.null || v.type != SL_LIST ? SL_STR("") : v.u.s, one;
  if (!strncmp(to, "stage:", 6))
    return sl_str_eqz(ap_text(s->versions, row, "stage"), to + 6);
  while (rest.n && sl_list_next(&rest, &one))
    if (sl_str_eqz(one, to))
      return true;
  return false;
}

/* Whose row it is. */
static struct sl_str conn_of(struct sl_pane *p, uint64_t row)
{
  const struct sl_batch *b;
  uint32_t at;
  return sl_pane_row(p, row, &b, &at) ? sl_batch_conn(b, at) : SL_STR("");
}

/* What the rules promote to; without rules what was asked for; else champion. */
static void target_find(struct sl_view *v, struct approval_state *s)
{
  const struct sl_model_conf *m = ap_policy(v, s);
  struct sl_str asked = s->at[CANDIDATE] < 0 ? SL_STR("") : ap_tag(s->versions, (uint64_t)s->at[CANDIDATE], "approval.to");
  if (m && m->stage)
    snprintf(s->to, sizeof s->to, "stage:%s", m->stage);
  else
    copy(s->to, sizeof s->to, m && m->alias ? sl_str(m->alias) : asked.n ? asked : SL_STR("champion"));
}

void ap_find(struct sl_view *v, struct approval_state *s)
{
  uint64_t n = sl_pane_count(s->versions);
  s->at[CANDIDATE] = s->at[CHAMPION] = -1;
  s->champion = 0;
  for (uint64_t i = 0; i < n && i < LOOK && s->at[CANDIDATE] < 0; i++) {
    struct sl_val number = sl_pane_val(s->versions, i, "version");
    if (!number.null && number.u.i == s->version && sl_str_eqz(ap_text(s->versions, i, "model"), s->model))
      s->at[CANDIDATE] = (int64_t)i;
  }
  if (s->at[CANDIDATE] < 0)
    return;
  copy(s->conn, sizeof s->conn, conn_of(s->versions, (uint64_t)s->at[CANDIDATE]));
  target_find(v, s);
  for (uint64_t i = 0; i < n && i < LOOK; i++) {
    struct sl_val number = sl_pane_val(s->versions, i, "version");
    bool here = sl_str_eqz(conn_of(s->versions, i), s->conn) && sl_str_eqz(ap_text(s->versions, i, "model"), s->model);
    if (here && !number.null && number.u.i > s->champion && ap_has_alias(s, i, s->to)) {
      s->at[CHAMPION] = (int64_t)i;
      s->champion = number.u.i;
    }
  }
}

/* ---- runs: what they were trained on ---- */

/* `{"uri": "..."}`, or an address as it is. */
static void address_copy(char *out, size_t n, struct sl_str source)
{
  static const char *const names[] = { "uri", "path", "url" };
  json_t *doc = NULL;
  struct sl_str uri = source;
  if (source.n && source.p[0] == '{' && !sl_json_load(&doc, source, true, NULL)) {
    uri = SL_STR("");
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !uri.n; i++)
      uri = sl_json_str(doc, names[i]);
  }
  copy(out, n, uri);
  json_decref(doc);
}

static bool training(const json_t *input)
{
  size_t i;
  const json_t *tag;
  bool said = false;
  json_array_foreach(json_object_get(input, "tags"), i, tag)
    if (sl_str_eqz(sl_json_str(tag, "key"), "mlflow.data.context")) {
      said = true;
      if (sl_str_starts(sl_json_str(tag, "value"), SL_STR("train")))
        return true;
    }
  return !said;
}

static void set_read(struct ap_run *r, const json_t *input)
{
  const json_t *d = json_object_get(input, "dataset");
  struct sl_str profile = sl_json_str(d, "profile");
  json_t *doc = NULL;
  if (!json_is_object(d))
    return;
  if (r->nset == AP_SETS) {
    r->more++;
    return;
  }
  struct ap_set *set = &r->set[r->nset++];
  memset(set, 0, sizeof *set);
  set->training = training(input);
  set->rows = -1;
  copy(set->name, sizeof set->name, sl_json_str(d, "name"));
  copy(set->digest, sizeof set->digest, sl_json_str(d, "digest"));
  address_copy(set->uri, sizeof set->uri, sl_json_str(d, "source"));
  if (profile.n && !sl_json_load(&doc, profile, true, NULL) && !sl_json_i64(doc, "num_rows", &set->rows))
    set->rows = -1;
  json_decref(doc);
}

void ap_run_read(struct ap_run *r)
{
  const struct sl_answer *a = sl_pane_answer(r->pane);
  json_t *doc = NULL;
  size_t i;
  const json_t *input;
  copy(r->name, sizeof r->name, ap_text(r->pane, 0, "name"));
  copy(r->user, sizeof r->user, ap_text(r->pane, 0, "user"));
  copy(r->commit, sizeof r->commit, ap_tag(r->pane, 0, "mlflow.source.git.commit"));
  copy(r->source, sizeof r->source, ap_tag(r->pane, 0, "mlflow.source.name"));
  r->nset = r->more = 0;
  if (a->doc.n && !sl_json_load(&doc, a->doc, true, NULL))
    json_array_foreach(json_object_get(json_object_get(doc, "inputs"), "dataset_inputs"), i, input)
      set_read(r, input);
  json_decref(doc);
}

/* ---- metrics: of the candidate's run; beside them the champion's, and what the comparison says of both ---- */

/* Do the rules speak of this metric? */
static bool gated(const struct sl_model_conf *m, struct sl_str name)
{
  char word[300];
  int n = snprintf(word, sizeof word, "metrics.%.*s", SL_ARG(sl_str_head(name, 280)));
  for (size_t i = 0; m && i < m->ngates; i++) {
    struct sl_str rest = sl_str(m->gates[i].pass);
    for (ptrdiff_t at; (at = sl_str_find(rest, sl_strn(word, (size_t)n))) >= 0;) {
      rest = sl_str_from(rest, (size_t)at + (size_t)n);
      unsigned char next = rest.n ? (unsigned char)rest.p[0] : 0;
      bool inside = next == '_' || next == '.' || (next >= '0' && next <= '9') || ((next | 32) >= 'a' && (next | 32) <= 'z');
      if (!inside)
        return true;
    }
  }
  return false;
}

static int metric_rank(const struct sl_model_conf *m, struct sl_str name)
{
  static const char *const held_out[] = { "val", "test", "eval", "holdout" };
  bool cost, out = false;
  int way = sl_compare_direction(name, &cost);
  for (size_t i = 0; i < sizeof held_out / sizeof held_out[0]; i++)
    out |= sl_str_starts(name, sl_str(held_out[i]));
  return gated(m, name) ? 0 : way && !cost ? (out ? 1 : 2) : cost ? 4 : 3;
}

static int by_rank(const void *a, const void *b)
{
  const struct ap_metric *x = a, *y = b;
  return x->rank != y->rank ? x->rank - y->rank : sl_str_cmp(x->name, y->name);
}

static void diff_rows(struct approval_state *s)
{
  uint64_t n = s->diff ? sl_pane_count(s->diff) : 0;
  s->nparam = s->params = 0;
  for (uint64_t i = 0; i < n && i < LOOK; i++) {
    struct sl_str kind = ap_text(s->diff, i, "kind"), name = ap_text(s->diff, i, "name");
    if (sl_str_eqz(kind, "param")) {
      s->params++;
      if (!sl_str_eqz(ap_text(s->diff, i, "verdict"), "same") && s->nparam < AP_PARAMS_MAX)
        s->param[s->nparam++] = i;
    }
    for (size_t k = 0; sl_str_eqz(kind, "metric") && k < s->nmetric; k++)
      if (sl_str_eq(s->metric[k].name, name))
        s->metric[k].diff = i;
  }
}

void ap_metrics(struct sl_view *v, struct approval_state *s)
{
  const struct sl_model_conf *m = ap_policy(v, s);
  const struct sl_batch *b;
  uint32_t row, key;
  struct sl_val val;
  struct sl_pane *p = s->run[CANDIDATE].pane;
  s->nmetric = 0;
  if (p && sl_pane_row(p, 0, &b, &row)) {
    struct sl_schema *schema = sl_batch_schema(b);
    int col = sl_schema_find(schema, SL_STR("metrics"));
    for (uint32_t i = 0; col >= 0 && s->nmetric < AP_METRICS && sl_batch_pair(b, row, (unsigned)col, i, &key, &val); i++) {
      struct sl_str name = sl_keys_name(sl_schema_keys(schema), key);
      s->metric[s->nmetric++] = (struct ap_metric){ name, metric_rank(m, name), UINT64_MAX };
    }
    qsort(s->metric, s->nmetric, sizeof s->metric[0], by_rank);
  }
  diff_rows(s);
}

/* ---- what was decided ---- */

static int newest_first(const void *a, const void *b)
{
  const struct ap_past *x = a, *y = b;
  return x->at < y->at ? 1 : x->at > y->at ? -1 : 0;
}

static void past_add(struct approval_state *s, bool audit, uint64_t row, const char *col)
{
  struct sl_val at = sl_pane_val(audit ? s->audit : s->approvals, row, col);
  struct sl_val number = audit ? sl_null(SL_I64) : sl_pane_val(s->approvals, row, "version");
  bool own = !number.null && number.u.i == s->version;
  if (s->npast < AP_PAST)
    s->past[s->npast++] = (struct ap_past){ audit, own, row, at.null || at.type != SL_TIME ? 0 : at.u.i };
}

/* Is the audit's row about this model? */
static bool ours(const struct approval_state *s, struct sl_str target)
{
  struct sl_ref ref;
  struct sl_buf scratch;
  sl_buf_init(&scratch, 1 << 12);
  bool yes = !sl_ref_parse(target, &ref, &scratch, NULL) && (!s->conn[0] || sl_str_eqz(ref.conn, s->conn));
  ptrdiff_t slash = yes ? sl_str_rchr(ref.id, '/') : -1;
  if (yes)
    yes = sl_str_eqz(slash > 0 && sl_str_eqz(ref.res, "versions") ? sl_str_head(ref.id, (size_t)slash) : ref.id, s->model);
  sl_buf_free(&scratch);
  return yes;
}

void ap_past_read(struct approval_state *s)
{
  uint64_t n = s->approvals ? sl_pane_count(s->approvals) : 0;
  s->npast = 0;
  for (uint64_t i = 0; i < n && i < LOOK; i++)
    if (sl_str_eqz(ap_text(s->approvals, i, "model"), s->model) &&
        (!s->conn[0] || sl_str_eqz(ap_text(s->approvals, i, "registry"), s->conn)))
      past_add(s, false, i, "at");
  n = s->audit ? sl_pane_count(s->audit) : 0;
  for (uint64_t i = 0; i < n && i < LOOK; i++)
    if (ours(s, ap_text(s->audit, i, "target")))
      past_add(s, true, i, "time");
  qsort(s->past, s->npast, sizeof s->past[0], newest_first);
}

const struct ap_past *ap_past_nth(const struct approval_state *s, size_t i)
{
  for (int own = 1; own >= 0; own--)
    for (size_t k = 0; k < s->npast; k++)
      if (s->past[k].own == own && !i--)
        return &s->past[k];
  return NULL;
}

int64_t ap_decision(struct approval_state *s, int64_t version, const char *decision)
{
  for (size_t i = 0; i < s->npast; i++) {
    struct sl_val number = s->past[i].audit ? sl_null(SL_I64) : sl_pane_val(s->approvals, s->past[i].row, "version");
    if (number.null || number.u.i != version)
      continue;
    if (!decision[0] || sl_str_eqz(ap_text(s->approvals, s->past[i].row, "decision"), decision))
      return (int64_t)s->past[i].row;
  }
  return -1;
}

/* Of the facts of now, as far as they are here: the rules, the evidence, the files, and what it would replace. */
bool ap_of_now(struct approval_state *s, uint64_t row)
{
  static const char *const same[][2] = {
    { "policy_sha256", "policy_sha256" }, { "evidence", "evidence_sha256" }, { "files_sha256", "files_sha256" },
  };
  char was[24] = "";
  if (s->champion == s->version) /* that is done */
    return true;
  if (s->champion)
    snprintf(was, sizeof was, "%lld", (long long)s->champion);
  bool yes = sl_str_eqz(ap_text(s->approvals, row, "was"), was);
  for (size_t i = 0; i < 3 && yes && s->gates && sl_pane_count(s->gates); i++)
    yes = sl_str_eq(ap_text(s->approvals, row, same[i][0]), ap_text(s->gates, 0, same[i][1]));
  return yes;
}

size_t ap_valid(struct approval_state *s, const char *me, bool *mine)
{
  size_t n = 0;
  *mine = false;
  for (size_t i = 0; i < s->npast; i++) {
    uint64_t row = s->past[i].row;
    struct sl_val valid = s->past[i].own ? sl_pane_val(s->approvals, row, "valid") : sl_null(SL_BOOL);
    struct sl_str what = s->past[i].own ? ap_text(s->approvals, row, "decision") : SL_STR("");
    if (valid.null || !valid.u.b || !sl_str_eqz(ap_text(s->approvals, row, "to"), s->to))
      continue;
    if (sl_str_eqz(what, "rejected"))
      break; /* what was agreed before it is void */
    if (!sl_str_eqz(what, "approved") || !ap_of_now(s, row))
      continue;
    n++;
    *mine |= sl_str_eqz(ap_text(s->approvals, row, "by"), me);
  }
  return n;
}
