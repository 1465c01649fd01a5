/* backends/mlflow/registry.c: the model registry, gathered before it is shown: a model's row counts its versions, a version's row names
 * the aliases that its model keeps. Store and server fill it; the rows are made here. */
#include <stdio.h>
#include <stdlib.h>

#include "backend_mlflow/mlflow_int.h"

enum { MODELS_MAX = 1000000, VERSIONS_MAX = 2000000, TAGS_MAX = 20000000 };

const struct sl_col mlflow_model_cols[] = {
  { .name = "description", .type = SL_TEXT, .help = "what its makers say about it", .flags = SL_COL_HIDDEN },
};
const struct sl_col mlflow_version_cols[] = {
  { .name = "status", .type = SL_TEXT, .help = "whether its registration is complete", .flags = SL_COL_HIDDEN },
  { .name = "description", .type = SL_TEXT, .help = "what its makers say about it", .flags = SL_COL_HIDDEN },
  { .name = "tags", .type = SL_FAMILY_TEXT, .help = "tags: tags.approval.by", .flags = SL_COL_HIDDEN },
  { .name = "files", .type = SL_URI, .help = "address of its files", .link = "objects", .flags = SL_COL_HIDDEN },
  { .name = "artifact", .type = SL_STATE, .help = "its files against what was recorded when it was decided or computed: ok, missing, "
    "changed", .flags = SL_COL_HIDDEN },
  { .name = "digest_from", .type = SL_TEXT, .help = "what says the digest: files, statement, evidence, tag", .flags = SL_COL_HIDDEN },
  { .name = "artifact_why", .type = SL_TEXT, .help = "about its files, in words", .flags = SL_COL_HIDDEN },
};

void mlflow_registry_init(struct mlflow_registry *g)
{
  *g = (struct mlflow_registry){ .nmodel = 0 };
  sl_arena_init(&g->mem, (size_t)1 << 30);
  sl_map_init(&g->names);
  sl_map_init(&g->runs);
}

void mlflow_registry_free(struct mlflow_registry *g)
{
  sl_free(g->model);
  sl_free(g->version);
  sl_free(g->alias);
  sl_free(g->tag);
  sl_map_free(&g->names);
  sl_map_free(&g->runs);
  sl_arena_free(&g->mem);
}

/* ---- filling ---- */

static int keep(struct mlflow_registry *g, struct sl_str *s, struct sl_err *err)
{
  if (!s->p)
    return SL_OK;
  char *p = sl_arena_strndup(&g->mem, s->p, s->n);
  if (!p)
    return sl_err_set(err, SL_ELIMIT, "the registry holds more text than fits in memory; name one model");
  s->p = p;
  return SL_OK;
}

int mlflow_registry_model(struct mlflow_registry *g, const struct mlflow_model *m, struct sl_err *err)
{
  size_t at = g->nmodel;
  if (sl_map_get(&g->names, m->name, NULL))
    return SL_OK; /* pages overlap when something was added meanwhile */
  int rc = sl_grow((void **)&g->model, &g->cap_model, at + 1, sizeof *g->model, MODELS_MAX, err);
  if (rc)
    return rc;
  g->model[at] = *m;
  g->model[at].latest = -1;
  rc = keep(g, &g->model[at].name, err);
  rc = rc ? rc : keep(g, &g->model[at].description, err);
  rc = rc ? rc : sl_map_put(&g->names, m->name, at, NULL, err);
  g->nmodel += !rc;
  return rc;
}

int mlflow_registry_alias(struct mlflow_registry *g, struct sl_str model, struct sl_str alias, int64_t version, struct sl_err *err)
{
  uint64_t m;
  if (!sl_map_get(&g->names, model, &m))
    return SL_OK;
  int rc = sl_grow((void **)&g->alias, &g->cap_alias, g->nalias + 1, sizeof *g->alias, VERSIONS_MAX, err);
  rc = rc ? rc : keep(g, &alias, err);
  if (!rc)
    g->alias[g->nalias++] = (struct mlflow_alias){ (size_t)m, alias, version };
  return rc;
}

int mlflow_registry_version(struct mlflow_registry *g, const struct mlflow_version *from, struct sl_err *err)
{
  int rc = sl_grow((void **)&g->version, &g->cap_version, g->nversion + 1, sizeof *g->version, VERSIONS_MAX, err);
  if (rc)
    return rc;
  struct mlflow_version *v = &g->version[g->nversion];
  *v = *from;
  struct sl_str *texts[] = { &v->model, &v->stage, &v->run, &v->author, &v->source, &v->status, &v->description };
  for (size_t i = 0; !rc && i < sizeof texts / sizeof texts[0]; i++)
    rc = keep(g, texts[i], err);
  v->state = "none";
  if (!rc && v->run.n && !sl_map_get(&g->runs, v->run, NULL))
    rc = sl_map_put(&g->runs, v->run, 0, NULL, err);
  g->nversion += !rc;
  return rc;
}

int mlflow_registry_tag(struct mlflow_registry *g, struct sl_str key, struct sl_str value, struct sl_err *err)
{
  struct mlflow_version *v = &g->version[g->nversion - 1];
  int rc = sl_grow((void **)&g->tag, &g->cap_tag, g->ntag + 1, sizeof *g->tag, TAGS_MAX, err);
  rc = rc ? rc : keep(g, &key, err);
  rc = rc ? rc : keep(g, &value, err);
  if (rc)
    return rc;
  g->tag[g->ntag++] = (struct mlflow_tag){ g->nversion - 1, key, value };
  if (sl_str_eqz(key, "approval.decision"))
    v->state = sl_mlflow_decision(value);
  if (sl_str_eqz(key, "mlflow.user") && !v->author.n)
    v->author = value;
  return SL_OK;
}

void mlflow_registry_prompt(struct mlflow_registry *g, struct sl_str model)
{
  uint64_t m;
  if (sl_map_get(&g->names, model, &m))
    g->model[m].prompt = true;
}

void mlflow_registry_author(struct mlflow_registry *g, struct sl_str run, struct sl_str user)
{
  size_t i;
  struct sl_str *at = user.n && sl_map_find(&g->runs, run, &i) ? sl_arena_alloc(&g->mem, sizeof *at) : NULL;
  if (!at || keep(g, &user, NULL))
    return;
  *at = user;
  sl_map_set(&g->runs, i, (uint64_t)(uintptr_t)at);
}

static int by_alias(const void *a, const void *b)
{
  const struct mlflow_alias *x = a, *y = b;
  return x->model != y->model ? (x->model < y->model ? -1 : 1) : sl_str_cmp(x->alias, y->alias);
}

void mlflow_registry_settle(struct mlflow_registry *g)
{
  if (g->nalias)
    qsort(g->alias, g->nalias, sizeof *g->alias, by_alias);
  for (size_t i = 0; i < g->nversion; i++) {
    uint64_t m, user;
    struct mlflow_version *v = &g->version[i];
    if (!v->author.n && sl_map_get(&g->runs, v->run, &user) && user)
      v->author = *(const struct sl_str *)(uintptr_t)user;
    if (!sl_map_get(&g->names, v->model, &m))
      continue;
    g->model[m].latest = v->version > g->model[m].latest ? v->version : g->model[m].latest;
    g->model[m].pending += sl_str_eqz(sl_str(v->state), "pending");
  }
}

/* ---- rows ---- */

static void set_text(struct sl_batch *b, unsigned col, enum sl_type type, struct sl_str s)
{
  if (s.n)
    sl_batch_set(b, col, sl_vas(type, s));
}

/* The first alias of a model: they are sorted. */
static size_t first_alias(const struct mlflow_registry *g, size_t model)
{
  size_t lo = 0, hi = g->nalias;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (g->alias[mid].model < model)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/* Of a model all, as champion=3; of a version (from 0 on) the names. */
static void put_aliases(const struct mlflow_registry *g, size_t model, int64_t version, struct sl_batch *b, unsigned col)
{
  struct sl_buf list, item;
  sl_buf_init(&list, 0);
  sl_buf_init(&item, 0);
  for (size_t i = first_alias(g, model); i < g->nalias && g->alias[i].model == model; i++) {
    if (version >= 0 && g->alias[i].version != version)
      continue;
    sl_buf_clear(&item);
    sl_buf_str(&item, g->alias[i].alias);
    if (version < 0)
      sl_buf_printf(&item, "=%lld", (long long)g->alias[i].version);
    sl_list_add(&list, sl_buf_view(&item));
  }
  struct sl_str s = list.p ? sl_buf_view(&list) : SL_STR("");
  sl_batch_set(b, col, sl_vas(SL_LIST, s));
  sl_buf_free(&list);
  sl_buf_free(&item);
}

bool mlflow_fill_models(const struct mlflow_registry *g, size_t *at, struct sl_str only, struct sl_batch *b)
{
  for (; *at < g->nmodel && !sl_batch_full(b); ++*at) {
    const struct mlflow_model *m = &g->model[*at];
    if (m->prompt || (only.p && !sl_str_eq(only, m->name)))
      continue;
    sl_batch_row(b, SL_PUT, m->name);
    sl_batch_set(b, MODEL_NAME, sl_vs(m->name));
    put_aliases(g, *at, -1, b, MODEL_ALIASES);
    if (m->latest >= 0)
      sl_batch_set(b, MODEL_LATEST, sl_vi(m->latest));
    sl_batch_set(b, MODEL_PENDING, sl_vi(m->pending));
    if (m->has_updated)
      sl_batch_set(b, MODEL_UPDATED, sl_vt(m->updated));
    set_text(b, MODEL_DESCRIPTION, SL_TEXT, m->description);
  }
  return *at < g->nmodel;
}

static void put_version(const struct mlflow_registry *g, const struct mlflow_version *v, size_t model, struct sl_batch *b)
{
  sl_batch_set(b, VER_MODEL, sl_vs(v->model));
  sl_batch_set(b, VER_VERSION, sl_vi(v->version));
  sl_batch_set(b, VER_STATE, sl_vas(SL_STATE, sl_str(v->state)));
  if (!sl_str_eqz(v->stage, "None"))
    set_text(b, VER_STAGE, SL_TEXT, v->stage);
  put_aliases(g, model, v->version, b, VER_ALIASES);
  set_text(b, VER_RUN, SL_TEXT, v->run);
  set_text(b, VER_AUTHOR, SL_TEXT, v->author);
  if (v->has_created)
    sl_batch_set(b, VER_CREATED, sl_vt(v->created));
  set_text(b, VER_SOURCE, SL_URI, v->source);
  set_text(b, VER_STATUS, SL_TEXT, v->status);
  set_text(b, VER_DESCRIPTION, SL_TEXT, v->description);
  set_text(b, VER_DIGEST, SL_TEXT, sl_str(v->digest));
  set_text(b, VER_DIGEST_FROM, SL_TEXT, sl_str(v->digest_from));
  set_text(b, VER_ARTIFACT, SL_STATE, sl_str(v->artifact));
  set_text(b, VER_ARTIFACT_WHY, SL_TEXT, sl_str(v->why));
}

size_t mlflow_registry_first_tag(const struct mlflow_registry *g, size_t version)
{
  size_t lo = 0, hi = g->ntag;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (g->tag[mid].version < version)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

bool mlflow_fill_versions(const struct mlflow_registry *g, size_t *at, struct sl_str only, struct sl_batch *b)
{
  struct sl_buf id;
  sl_buf_init(&id, 0);
  for (; *at < g->nversion && !sl_batch_full(b); ++*at) {
    const struct mlflow_version *v = &g->version[*at];
    uint64_t m;
    sl_buf_clear(&id);
    sl_buf_str(&id, v->model);
    sl_buf_printf(&id, "/%lld", (long long)v->version);
    if (!sl_map_get(&g->names, v->model, &m) || g->model[m].prompt || (only.p && !sl_str_eq(only, sl_buf_view(&id))))
      continue;
    sl_batch_row(b, SL_PUT, sl_buf_view(&id));
    put_version(g, v, (size_t)m, b);
    sl_buf_clear(&id);
    sl_buf_printf(&id, "models:/%.*s/%lld/", SL_ARG(v->model), (long long)v->version);
    sl_batch_set(b, VER_FILES, sl_vas(SL_URI, sl_buf_view(&id)));
    for (size_t i = mlflow_registry_first_tag(g, *at); i < g->ntag && g->tag[i].version == *at; i++)
      sl_batch_key(b, VER_TAGS, g->tag[i].key, sl_vs(g->tag[i].value));
  }
  sl_buf_free(&id);
  return *at < g->nversion;
}

struct sl_str mlflow_version_model(struct sl_str id)
{
  ptrdiff_t slash = sl_str_rchr(id, '/');
  return slash < 0 ? id : sl_str_head(id, (size_t)slash);
}
