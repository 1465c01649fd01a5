/* judge/lineage_rows.c: rows of the first door, and a run's document, as the world that a tree is built from. */
#include "base/json.h"
#include "judge/lineage_int.h"
#include "proto/mlflow.h"
#include "table/table.h"

enum { DATA_MAX = 2000, ROWS_MAX = 2000000 };

struct row { struct sl_lin_world *w; const struct sl_batch *b; uint32_t i; struct sl_err *err; int rc; };

static struct sl_val cell(const struct row *r, const char *col)
{
  int c = sl_schema_find(sl_batch_schema(r->b), sl_str(col));
  return c < 0 ? sl_null(SL_TEXT) : sl_batch_get(r->b, r->i, (unsigned)c);
}

static struct sl_str keep(struct row *r, struct sl_str s)
{
  char *p = s.n ? sl_arena_strndup(&r->w->mem, s.p, s.n) : NULL;
  if (s.n && !p && !r->rc)
    r->rc = sl_err_set(r->err, SL_ELIMIT, "more rows than lineage is looked for in");
  return sl_strn(p, p ? s.n : 0);
}

static struct sl_str text(struct row *r, const char *col)
{
  struct sl_val v = cell(r, col);
  bool is = !v.null && (v.type == SL_TEXT || v.type == SL_STATE || v.type == SL_REF || v.type == SL_URI || v.type == SL_LIST);
  return is ? keep(r, v.u.s) : SL_STR_NONE;
}

static int64_t number(struct row *r, const char *col, int64_t none)
{
  struct sl_val v = cell(r, col);
  return v.null || (v.type != SL_I64 && v.type != SL_TIME) ? none : v.u.i;
}

static struct sl_str tag(struct row *r, const char *key)
{
  uint32_t k;
  int c = sl_schema_find(sl_batch_schema(r->b), SL_STR("tags"));
  if (c < 0 || !sl_keys_find(sl_schema_keys(sl_batch_schema(r->b)), sl_str(key), &k))
    return SL_STR_NONE;
  struct sl_val v = sl_batch_get_key(r->b, r->i, (unsigned)c, k);
  return v.null || v.type != SL_TEXT ? SL_STR_NONE : keep(r, v.u.s);
}

typedef void put_row(struct row *r);

static int each(struct sl_lin_world *w, struct sl_snap *s, put_row *put, struct sl_err *err)
{
  uint64_t n = s ? sl_snap_count(s) : 0;
  int rc = SL_OK;
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(s, at, SL_BATCH_ROWS, &b, err);
    struct row r = { w, b, 0, err, SL_OK };
    for (; !rc && r.i < sl_batch_count(b); r.i++) {
      if (sl_snap_struck(s, at + r.i))
        continue;
      put(&r);
      rc = r.rc;
    }
    sl_batch_unref(b);
  }
  return rc;
}

/* The next one of an array, zeroed; NULL: r->rc says why. */
static void *next(struct row *r, void **p, size_t *n, size_t *cap, size_t size)
{
  r->rc = r->rc ? r->rc : sl_grow(p, cap, *n + 1, size, ROWS_MAX, r->err);
  if (r->rc)
    return NULL;
  char *at = (char *)*p + *n * size;
  memset(at, 0, size);
  ++*n;
  return at;
}

static void put_part(struct row *r)
{
  struct sl_lin_part *p = next(r, (void **)&r->w->part, &r->w->nparts, &r->w->cap_part, sizeof *p);
  if (!p)
    return;
  *p = (struct sl_lin_part){ .conn = keep(r, sl_batch_conn(r->b, r->i)), .zone = text(r, "zone"), .name = text(r, "partition"),
                             .state = text(r, "state"), .rows = number(r, "rows", -1), .bytes = number(r, "bytes", -1),
                             .newest = number(r, "newest", 0) };
}

static void put_exec(struct row *r)
{
  struct sl_lin_exec *e = next(r, (void **)&r->w->exec, &r->w->nexecs, &r->w->cap_exec, sizeof *e);
  if (!e)
    return;
  *e = (struct sl_lin_exec){ .conn = keep(r, sl_batch_conn(r->b, r->i)), .id = text(r, "id"), .job = text(r, "job"),
                             .state = text(r, "state"), .params = text(r, "params"), .cause = text(r, "cause"),
                             .started = number(r, "started", 0), .ended = number(r, "ended", 0) };
}

static void put_version(struct row *r)
{
  struct sl_lin_version *v = next(r, (void **)&r->w->version, &r->w->nversions, &r->w->cap_version, sizeof *v);
  if (!v)
    return;
  *v = (struct sl_lin_version){ .conn = keep(r, sl_batch_conn(r->b, r->i)), .model = text(r, "model"), .state = text(r, "state"),
                                .aliases = text(r, "aliases"), .run = text(r, "run"), .author = text(r, "author"),
                                .source = text(r, "source"), .digest = text(r, "digest"), .digest_from = text(r, "digest_from"),
                                .artifact = text(r, "artifact"), .why = text(r, "artifact_why"),
                                .version = number(r, "version", 0), .created = number(r, "created", 0) };
}

static void put_run(struct row *r)
{
  struct sl_lin_run *u = next(r, (void **)&r->w->run, &r->w->nruns, &r->w->cap_run, sizeof *u);
  if (!u)
    return;
  *u = (struct sl_lin_run){ .conn = keep(r, sl_batch_conn(r->b, r->i)), .id = text(r, "id"), .name = text(r, "name"),
                            .experiment = text(r, "experiment"), .user = text(r, "user"), .state = text(r, "state"),
                            .lifecycle = text(r, "lifecycle"), .inputs = text(r, "inputs"),
                            .commit = tag(r, "mlflow.source.git.commit"), .repo = tag(r, "mlflow.source.git.repoURL"),
                            .branch = tag(r, "mlflow.source.git.branch"), .source = tag(r, "mlflow.source.name"),
                            .execution = tag(r, "sluice.execution"), .started = number(r, "started", 0),
                            .ended = number(r, "ended", 0) };
  if (!u->repo.n)
    u->repo = tag(r, "mlflow.gitRepoURL");
  if (!u->branch.n)
    u->branch = tag(r, "mlflow.gitBranch");
}

int lin_read_parts(struct sl_lin_world *w, struct sl_snap *s, struct sl_err *err)
{
  return each(w, s, put_part, err);
}

int lin_read_execs(struct sl_lin_world *w, struct sl_snap *s, struct sl_err *err)
{
  return each(w, s, put_exec, err);
}

int lin_read_versions(struct sl_lin_world *w, struct sl_snap *s, struct sl_err *err)
{
  return each(w, s, put_version, err);
}

int lin_read_runs(struct sl_lin_world *w, struct sl_snap *s, struct sl_err *err)
{
  return each(w, s, put_run, err);
}

/* ---- a run's document ---- */

static void context_of(const json_t *input, struct sl_str *out)
{
  size_t i;
  const json_t *t;
  json_array_foreach(json_object_get(input, "tags"), i, t)
    if (sl_str_eqz(sl_json_str(t, "key"), "mlflow.data.context"))
      *out = sl_json_str(t, "value");
}

static void data_add(struct row *r, const json_t *input)
{
  const json_t *d = json_object_get(input, "dataset");
  struct sl_str profile = sl_json_str(d, "profile"), context = SL_STR_NONE;
  struct sl_buf address;
  json_t *doc = NULL;
  struct sl_lin_data *out = json_is_object(d) ? next(r, (void **)&r->w->data, &r->w->ndata, &r->w->cap_data, sizeof *out) : NULL;
  if (!out)
    return;
  sl_buf_init(&address, 64 << 10);
  context_of(input, &context);
  sl_mlflow_dataset_address(&address, sl_json_str(d, "source"));
  *out = (struct sl_lin_data){ .name = keep(r, sl_json_str(d, "name")), .digest = keep(r, sl_json_str(d, "digest")),
                               .type = keep(r, sl_json_str(d, "source_type")), .context = keep(r, context), .rows = -1,
                               .address = keep(r, address.n && !address.failed ? sl_buf_view(&address) : SL_STR_NONE) };
  if (profile.n && !sl_json_load(&doc, profile, true, NULL) && !sl_json_i64(doc, "num_rows", &out->rows))
    out->rows = -1;
  json_decref(doc);
  sl_buf_free(&address);
}

int lin_read_doc(struct sl_lin_world *w, struct sl_str text, struct sl_err *err)
{
  struct row r = { w, NULL, 0, err, SL_OK };
  json_t *doc = NULL;
  size_t i;
  const json_t *input;
  if (!text.n || sl_json_load(&doc, text, true, NULL))
    return SL_OK; /* it stays unknown what it read */
  const json_t *inputs = json_object_get(doc, "inputs"), *list = json_object_get(inputs, "dataset_inputs");
  w->has_data = json_is_object(inputs);
  json_array_foreach(list, i, input)
    if (i < DATA_MAX && !r.rc)
      data_add(&r, input);
  json_decref(doc);
  return r.rc;
}
