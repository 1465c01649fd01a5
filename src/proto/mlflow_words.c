/* proto/mlflow_words.c: MLflow's words and numbers as ours, and the versions that we know. */
#include <float.h>
#include <math.h>

#include "base/json.h"
#include "base/utf8.h"
#include "proto/mlflow.h"

static const struct { const char *native, *ours; } states[] = {
  { "FINISHED", "ok" }, { "RUNNING", "running" }, { "FAILED", "failed" }, { "KILLED", "stopped" }, { "SCHEDULED", "pending" },
};
enum { STATES = sizeof states / sizeof states[0] };

const char *sl_mlflow_state(struct sl_str native)
{
  for (size_t i = 0; i < STATES; i++)
    if (sl_str_eqz(native, states[i].native))
      return states[i].ours;
  return "unknown";
}

const char *sl_mlflow_native(struct sl_str state)
{
  for (size_t i = 0; i < STATES; i++)
    if (sl_str_eqz(state, states[i].ours))
      return states[i].native;
  return NULL;
}

const char *sl_mlflow_decision(struct sl_str tag)
{
  if (sl_str_eqz(tag, "requested"))
    return "pending";
  return sl_str_eqz(tag, "approved") ? "approved" : sl_str_eqz(tag, "rejected") ? "rejected" : "none";
}

double sl_mlflow_f64(double stored, bool is_nan)
{
  if (is_nan)
    return NAN;
  return stored >= DBL_MAX ? INFINITY : stored <= -DBL_MAX ? -INFINITY : stored;
}

void sl_mlflow_cut(struct sl_buf *out, struct sl_str text, uint64_t lost, size_t max)
{
  sl_buf_str(out, sl_str_head(text, sl_utf8_cut(text, max)));
  sl_buf_printf(out, "... (cut: %llu bytes)", (unsigned long long)(text.n + lost));
}

static bool number(struct sl_str *s, int *out)
{
  size_t n = 0;
  int64_t v = 0;
  while (n < s->n && n < 6 && s->p[n] >= '0' && s->p[n] <= '9')
    v = v * 10 + (s->p[n++] - '0');
  *s = sl_str_from(*s, n);
  *out = (int)v;
  return n > 0;
}

bool sl_mlflow_version(struct sl_str text, int *major, int *minor)
{
  text = sl_str_trim(text);
  if (!number(&text, major) || !text.n || text.p[0] != '.')
    return false;
  text = sl_str_from(text, 1);
  return number(&text, minor);
}

/* Alembic's revisions in their order, up to MLflow 3.17. Before aliases came (2.3) a registry has nothing that we could show. */
static const char *const revisions[] = {
  "451aebb31d03", "90e64c465722", "181f10493468", "df50e92ffc5e", "7ac759974ad8", "89d4b8295536", "2b4d017a5e9b", "cfd24bdc0731",
  "0a8213491aaa", "728d730b5ebd", "27a6a02d2cf1", "84291f40a231", "a8c4a736bde6", "39d1c3be5f05", "c48cb773bb87", "bd07f7e963c5",
  "0c779009ac13", "cc1f77228345", "97727af70f4d",
  "3500859a5d39", "7f2a7d5fae7d", "2d6e25af4d3e", "acf3f17fdcc7", "867495a8f9d4", "5b0e9adcef9c", "4465047574b1", "f5a4f2784254",
  "0584bdc529eb", "400f98739977", "6953534de441", "bda7b8c39065", "cbc13b556ace", "770bee3ae1dd", "a1b2c3d4e5f6", "de4033877273",
  "1a0cddfcaa16", "534353b11cbc", "71994744cf8e", "3da73c924c2f", "bf29a5ff90ea", "1bd49d398cd23", "b7c8d9e0f1a2", "5d2d30f0abce",
  "c9d4e5f6a7b8", "2c33131f4dae", "d3e4f5a6b7c8", "d0e1f2a3b4c5", "c8d9e0f1a2b3", "1b5f0d9ad7c1", "e1f2a3b4c5d6", "76601a5f987d",
  "c3d6457b6d8a", "a5b4c3d2e1f0", "ae8bbe7743c9", "7d34483879f0", "da6fb0208061", "89d3d66ed43f", "b7e4c1a90f23", "a8b9c0d1e2f3",
  "c1d2e3f4a5b6", "c3d9e7f1a2b4", "6f8d9c3b2a1e", "1971f2d9a75b", "17e22815139b", "b7e2c1a4d9f3", "75868b020152", "dc11669786a5",
};
enum { REVISIONS = sizeof revisions / sizeof revisions[0], ALIASES_SINCE = 19 };

enum sl_mlflow_schema sl_mlflow_schema(struct sl_str alembic)
{
  for (size_t i = 0; i < REVISIONS; i++)
    if (sl_str_eqz(alembic, revisions[i]))
      return i < ALIASES_SINCE ? SL_MLFLOW_OLD : SL_MLFLOW_KNOWN;
  return SL_MLFLOW_NEWER;
}

void sl_mlflow_dataset_address(struct sl_buf *out, struct sl_str source)
{
  static const char *const names[] = { "uri", "url", "path", "delta_table_name", "table_name" };
  json_t *doc = NULL;
  struct sl_str uri = SL_STR_NONE;
  source = sl_str_trim(source);
  if (!source.n || source.p[0] != '{') {
    sl_buf_str(out, source);
    return;
  }
  if (sl_json_load(&doc, source, true, NULL))
    return;
  for (size_t i = 0; i < sizeof names / sizeof names[0] && !uri.n; i++)
    uri = sl_json_str(doc, names[i]);
  sl_buf_str(out, uri);
  json_decref(doc);
}
