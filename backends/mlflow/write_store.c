/* backends/mlflow/write_store.c: changes to the SQLite store: one transaction for each target, which takes the lock first, compares what
 * the person saw, and writes exactly what MLflow's own client would have written. Killed at any moment, the store holds all or nothing. */
#include <stdio.h>

#include "backend_mlflow/write_int.h"

enum { ARGS = 6 };

struct writing { struct mlflow_store *s; struct mlflow_changes x; };

/* ---- statements over one row; ?1 is the workspace, where there are any ---- */

/* Prepares sql; {ws} becomes the condition, {w}/{v} a column and its value where the registry has workspaces. */
static int prepare(struct mlflow_store *s, sqlite3_stmt **st, const char *sql, const struct sl_val *args, size_t n, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  for (const char *p = sql; *p; p++) {
    if (p[0] == '{' && p[2] == '}') {
      if (s->workspaces)
        sl_buf_z(&b, p[1] == 'c' ? " AND workspace=?1" : p[1] == 'n' ? "workspace," : "?1,");
      p += 2;
    } else
      sl_buf_ch(&b, *p);
  }
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : mlflow_prepare(s, st, b.p, err);
  if (!rc && s->workspaces && sqlite3_bind_parameter_count(*st) > 0 && strstr(sql, "{"))
    rc = mlflow_bind_text(s, *st, 1, sl_str(s->m->workspace), err);
  for (size_t i = 0; !rc && i < n; i++)
    rc = args[i].null ? SL_OK : mlflow_bind(s, *st, (int)i + 2, &args[i], err);
  sl_buf_free(&b);
  return rc;
}

static int run(struct mlflow_store *s, const char *sql, const struct sl_val *args, size_t n, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row;
  int rc = prepare(s, &st, sql, args, n, err);
  rc = rc ? rc : mlflow_step(s, st, &row, err);
  sqlite3_finalize(st);
  return rc;
}

/* The first column of the one row, copied into mem; none: no such row, or null. found may be NULL. */
static int look(struct writing *w, const char *sql, const struct sl_val *args, size_t n, struct sl_str *out, bool *found,
                struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row = false;
  int rc = prepare(w->s, &st, sql, args, n, err);
  rc = rc ? rc : mlflow_step(w->s, st, &row, err);
  struct sl_str v = !rc && row ? mlflow_col(st, 0) : SL_STR_NONE;
  *out = SL_STR_NONE;
  if (v.p) {
    out->p = sl_arena_strndup(&w->x.mem, v.p, v.n);
    out->n = v.n;
    rc = out->p ? SL_OK : sl_err_set(err, SL_ELIMIT, "the store holds a larger text than fits in memory");
  }
  if (found)
    *found = row;
  sqlite3_finalize(st);
  return rc;
}

/* ---- what is there ---- */

#define TAG_WHERE " WHERE name=?2 AND version=?3 AND key=?4{c}"
static int now_of(struct writing *w, const struct mlflow_change *c, struct sl_str *now, struct sl_err *err)
{
  const struct mlflow_changes *x = &w->x;
  const struct sl_val v[] = { sl_vs(x->model), sl_vi(x->version), sl_vs(c->key) }, m[] = { v[0], v[2] }, r[] = { sl_vs(x->run), v[2] };
  bool tag = c->what == MLFLOW_TAG || c->what == MLFLOW_UNTAG;
  if (c->what == MLFLOW_ALIAS || c->what == MLFLOW_UNALIAS)
    return look(w, "SELECT version FROM registered_model_aliases WHERE name=?2 AND alias=?3{c}", m, 2, now, NULL, err);
  if (c->on == MLFLOW_RUN)
    return look(w, "SELECT value FROM tags WHERE run_uuid=?2 AND key=?3", r, 2, now, NULL, err);
  if (c->on == MLFLOW_MODEL && tag)
    return look(w, "SELECT value FROM registered_model_tags WHERE name=?2 AND key=?3{c}", m, 2, now, NULL, err);
  if (c->on == MLFLOW_MODEL)
    return look(w, "SELECT description FROM registered_models WHERE name=?2{c}", m, 1, now, NULL, err);
  if (tag)
    return look(w, "SELECT value FROM model_version_tags" TAG_WHERE, v, 3, now, NULL, err);
  return look(w, c->what == MLFLOW_STAGE ? "SELECT current_stage FROM model_versions WHERE name=?2 AND version=?3{c}"
              : "SELECT description FROM model_versions WHERE name=?2 AND version=?3{c}", v, 2, now, NULL, err);
}

/* What is written to must be there, and not deleted. */
static int exists(struct writing *w, struct sl_err *err)
{
  const struct mlflow_changes *x = &w->x;
  const struct sl_val v[] = { sl_vs(x->model), sl_vi(x->version) }, r = sl_vs(x->run);
  struct sl_str word;
  bool found;
  int rc;
  if (x->run.p) {
    rc = look(w, "SELECT lifecycle_stage FROM runs WHERE run_uuid=?2", &r, 1, &word, &found, err);
    if (!rc && !found)
      rc = sl_err_set(err, SL_ENOENT, "no run has the id %.*s", SL_ARG(sl_str_head(x->run, 80)));
    if (!rc && !sl_str_eqz(word, "active"))
      rc = sl_err_set(err, SL_ECONFLICT, "run %.*s is deleted; restore it with MLflow first", SL_ARG(sl_str_head(x->run, 80)));
    return rc;
  }
  rc = look(w, "SELECT name FROM registered_models WHERE name=?2{c}", v, 1, &word, &found, err);
  if (!rc && !found)
    rc = sl_err_set(err, SL_ENOENT, "no model is named %.*s", SL_ARG(sl_str_head(x->model, 80)));
  if (rc || (!x->version && !x->reads[MLFLOW_VERSION]))
    return rc;
  rc = look(w, "SELECT current_stage FROM model_versions WHERE name=?2 AND version=?3{c}", v, 2, &word, &found, err);
  if (!rc && (!found || sl_str_eqz(word, "Deleted_Internal")))
    rc = sl_err_set(err, SL_ENOENT, "%.*s has no version %lld", SL_ARG(sl_str_head(x->model, 80)), (long long)x->version);
  return rc;
}

/* ---- writing ---- */

/* A row that is there is updated, one that is not is added: the same row as before keeps its place. */
static int put(struct mlflow_store *s, const char *update, const char *insert, const struct sl_val *args, size_t n, struct sl_err *err)
{
  int rc = run(s, update, args, n, err);
  return rc || sqlite3_changes(s->db) ? rc : run(s, insert, args, n, err);
}

static int stage(struct writing *w, const struct mlflow_change *c, struct sl_err *err)
{
  const struct mlflow_changes *x = &w->x;
  const struct sl_val v[] = { sl_vs(x->model), sl_vi(x->version), sl_vs(c->key), sl_vi(w->s->now) };
  int rc = SL_OK;
  if (c->archive)
    rc = run(w->s, "UPDATE model_versions SET current_stage='Archived',last_updated_time=?5 "
             "WHERE name=?2 AND version<>?3 AND current_stage=?4{c}", v, 4, err);
  rc = rc ? rc : run(w->s, "UPDATE model_versions SET current_stage=?4,last_updated_time=?5 WHERE name=?2 AND version=?3{c}", v, 4, err);
  const struct sl_val m[] = { v[0], v[3] };
  return rc ? rc : run(w->s, "UPDATE registered_models SET last_updated_time=?3 WHERE name=?2{c}", m, 2, err);
}

static int write_model(struct writing *w, const struct mlflow_change *c, struct sl_err *err)
{
  struct mlflow_store *s = w->s;
  const struct mlflow_changes *x = &w->x;
  const struct sl_val t[] = { sl_vs(x->model), sl_vs(c->key), sl_vs(c->value) }, a[] = { t[0], t[1], sl_vi(x->version) },
                      d[] = { t[0], t[2], sl_vi(s->now) };
  switch (c->what) {
  case MLFLOW_TAG:
    return put(s, "UPDATE registered_model_tags SET value=?4 WHERE name=?2 AND key=?3{c}",
               "INSERT INTO registered_model_tags({n}name,key,value) VALUES({v}?2,?3,?4)", t, 3, err);
  case MLFLOW_UNTAG: return run(s, "DELETE FROM registered_model_tags WHERE name=?2 AND key=?3{c}", t, 2, err);
  case MLFLOW_ALIAS:
    return put(s, "UPDATE registered_model_aliases SET version=?4 WHERE name=?2 AND alias=?3{c}",
               "INSERT INTO registered_model_aliases({n}name,alias,version) VALUES({v}?2,?3,?4)", a, 3, err);
  case MLFLOW_UNALIAS: return run(s, "DELETE FROM registered_model_aliases WHERE name=?2 AND alias=?3{c}", a, 2, err);
  default: return run(s, "UPDATE registered_models SET description=?3,last_updated_time=?4 WHERE name=?2{c}", d, 3, err);
  }
}

static int write_version(struct writing *w, const struct mlflow_change *c, struct sl_err *err)
{
  struct mlflow_store *s = w->s;
  const struct mlflow_changes *x = &w->x;
  const struct sl_val v[] = { sl_vs(x->model), sl_vi(x->version), sl_vs(c->key), sl_vs(c->value) };
  const struct sl_val d[] = { v[0], v[1], v[3], sl_vi(s->now) };
  switch (c->what) {
  case MLFLOW_TAG:
    return put(s, "UPDATE model_version_tags SET value=?5" TAG_WHERE,
               "INSERT INTO model_version_tags({n}name,version,key,value) VALUES({v}?2,?3,?4,?5)", v, 4, err);
  case MLFLOW_UNTAG: return run(s, "DELETE FROM model_version_tags" TAG_WHERE, v, 3, err);
  case MLFLOW_STAGE: return stage(w, c, err);
  default: return run(s, "UPDATE model_versions SET description=?4,last_updated_time=?5 WHERE name=?2 AND version=?3{c}", d, 4, err);
  }
}

static int write_run(struct writing *w, const struct mlflow_change *c, struct sl_err *err)
{
  const struct sl_val v[] = { sl_vs(w->x.run), sl_vs(c->key), sl_vs(c->value) };
  if (c->what == MLFLOW_UNTAG)
    return run(w->s, "DELETE FROM tags WHERE run_uuid=?2 AND key=?3", v, 2, err);
  return put(w->s, "UPDATE tags SET value=?4 WHERE run_uuid=?2 AND key=?3", "INSERT INTO tags(run_uuid,key,value) VALUES(?2,?3,?4)", v, 3,
             err);
}

/* Whoever has the stage, in the very transaction that gives it to another; of several the newest, as the judge counts. */
static int holder_check(struct writing *w, const struct mlflow_change *c, struct sl_err *err)
{
  const struct sl_val m[] = { sl_vs(w->x.model), sl_vs(c->key) };
  struct sl_str now;
  if (!c->holder)
    return SL_OK;
  int rc = look(w, "SELECT version FROM model_versions WHERE name=?2 AND current_stage=?3{c} ORDER BY version DESC LIMIT 1", m, 2, &now,
                NULL, err);
  bool stands = now.n == c->was.n && (!now.n || sl_str_eq(now, c->was));
  return rc || stands ? rc : mlflow_change_moved(&w->x, c, now, err);
}

static int change(struct writing *w, const struct mlflow_change *c, struct sl_err *err)
{
  struct sl_str now;
  int rc = now_of(w, c, &now, err);
  rc = rc ? rc : holder_check(w, c, err);
  if (!rc && !mlflow_change_stands(c, now))
    rc = mlflow_change_moved(&w->x, c, now, err);
  if (!rc && c->what == MLFLOW_UNTAG && c->on == MLFLOW_RUN && !now.p)
    rc = sl_err_set(err, SL_ENOENT, "run %.*s has no tag %.*s", SL_ARG(sl_str_head(w->x.run, 80)), SL_ARG(sl_str_head(c->key, 80)));
  if (rc)
    return rc;
  if (c->what == MLFLOW_ALIAS || c->what == MLFLOW_UNALIAS || c->on == MLFLOW_MODEL)
    return write_model(w, c, err);
  return c->on == MLFLOW_VERSION ? write_version(w, c, err) : write_run(w, c, err);
}

/* ---- the transaction ---- */

/* Before the commit nothing has happened, whatever SQLite calls it: no open question. */
static int not_written(struct mlflow_store *s, int rc, struct sl_err *err)
{
  sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
  if (rc != SL_ETIMEOUT && rc != SL_EPARSE)
    return rc;
  struct sl_err was = err ? *err : (struct sl_err){ 0 };
  return sl_err_set(err, SL_EIO, "nothing was written: %.200s", was.msg);
}

static int sql(struct mlflow_store *s, const char *text, struct sl_err *err)
{
  int sq = sqlite3_exec(s->db, text, NULL, NULL, NULL);
  return sq ? mlflow_sql_fail(s, sq, err) : SL_OK;
}

static int commit(struct mlflow_store *s, struct sl_err *err)
{
  int rc = sql(s, "COMMIT", err);
  if (!rc)
    return SL_OK;
  if (!sqlite3_get_autocommit(s->db)) /* the transaction is still open: it did not happen */
    return not_written(s, rc, err);
  struct sl_err was = err ? *err : (struct sl_err){ 0 };
  return rc == SL_ECANCELED ? rc : sl_err_set(err, SL_EUNKNOWN, "whether it was written is not known: %.180s", was.msg);
}

static int write_target(struct writing *w, struct sl_err *err)
{
  struct mlflow_store *s = w->s;
  int rc = sql(s, "BEGIN IMMEDIATE", err);
  if (rc)
    return not_written(s, rc, err);
  rc = exists(w, err);
  for (size_t i = 0; !rc && i < w->x.n; i++)
    rc = change(w, &w->x.c[i], err);
  return rc ? not_written(s, rc, err) : commit(s, err);
}

static int write_work(struct mlflow_store *s, struct sl_err *err)
{
  int rc = sql(s, "PRAGMA foreign_keys=ON", err);
  for (size_t t = 0; t < s->call->ntargets && !rc; t++) {
    struct writing w = { .s = s };
    struct sl_err e = { 0 };
    int one = mlflow_changes_make(&w.x, s->call, t, &e);
    one = one ? one : write_target(&w, &e);
    mlflow_changes_free(&w.x);
    rc = sl_feed_did(s->f, t, one, NULL, one ? &e : NULL);
    if (one == SL_EUNKNOWN || one == SL_ECANCELED)
      break; /* the others are not touched before this is known */
  }
  return rc;
}

/* ---- was it done? ---- */

static int ask_target(struct writing *w, struct sl_err *err)
{
  bool done = true;
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < w->x.n; i++) {
    struct sl_str now;
    if (!mlflow_changes_count(&w->x, i))
      continue;
    rc = now_of(w, &w->x.c[i], &now, err);
    done = done && mlflow_change_holds(&w->x, &w->x.c[i], now);
  }
  return rc ? rc : done ? SL_OK : SL_ENOENT;
}

static int ask_work(struct mlflow_store *s, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t t = 0; t < s->call->ntargets && !rc; t++) {
    struct writing w = { .s = s };
    struct sl_err e = { 0 };
    int one = mlflow_changes_make(&w.x, s->call, t, &e);
    one = one ? one : ask_target(&w, &e);
    mlflow_changes_free(&w.x);
    rc = sl_feed_did(s->f, t, one, NULL, one ? &e : NULL);
  }
  (void)err;
  return rc;
}

int mlflow_store_write(struct sl_req *r, const struct sl_call *c, bool reconcile, struct sl_err *err)
{
  /* Asked with the right to write, too: only so can SQLite undo what a killed program left half done. */
  return mlflow_store_call(r, c, true, reconcile ? ask_work : write_work, err);
}
