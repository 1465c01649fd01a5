/* app/demo_sign.c: the demo's decisions, signed when it is written: a statement names the registry's address, which is known only then. The
 * keys lie in the demo for everybody, so what they sign is worth nothing anywhere else. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "app/demo.h"
#include "base/file.h"
#include "base/mem.h"
#include "judge/decisions.h"
#include "judge/key.h"
#include "judge/sig.h"
#include "model/judge.h"

struct signing { sqlite3 *db; const struct sl_demo *d; struct sl_ws_conf *conf; struct sl_buf registry; };
/* One decision, as the store has it. */
struct made { const char *model, *version, *decision, *by, *to, *comment, *at, *was; };

static int failed(struct signing *s, struct sl_err *err)
{
  return sl_err_set(err, SL_EIO, "the demo's mlflow.db: %s", sqlite3_errmsg(s->db));
}

static int statement_of(struct signing *s, const struct made *m, struct sl_buf *out, struct sl_err *err)
{
  char policy[65] = "";
  sl_ms at;
  int rc = sl_ws_conf_policy(s->conf, sl_model_policy(s->conf, SL_STR("registry"), sl_str(m->model)), policy, err);
  if (!rc && !sl_time_parse(sl_str(m->at), 0, NULL, &at))
    rc = sl_err_set(err, SL_EPARSE, "the demo's approval.at `%s` is no time", m->at);
  if (rc)
    return rc;
  const struct sl_statement x = {
    .registry = sl_buf_view(&s->registry), .model = sl_str(m->model), .version = sl_str(m->version), .digest = SL_STR_NONE,
    .to = sl_str(m->to), .was = sl_str(m->was), .evidence = SL_STR_NONE, .policy = sl_str(policy), .decision = sl_str(m->decision),
    .comment = sl_str(m->comment), .by = sl_str(m->by), .at = at,
  };
  return sl_statement_text(out, &x, err);
}

static int sign(struct signing *s, const char *by, struct sl_str text, struct sl_buf *out, struct sl_err *err)
{
  struct sl_key *k = NULL;
  struct sl_buf bytes, sig;
  char *dir = sl_path_join(s->d->to, "keys"), *path = dir ? sl_path_join(dir, by) : NULL;
  sl_buf_init(&bytes, 0);
  sl_buf_init(&sig, 0);
  int rc = path ? sl_key_load(&k, path, err) : sl_err_nomem(err);
  rc = rc ? rc : sl_sig_bytes(&bytes, SL_STATEMENT_NS, text, err);
  rc = rc ? rc : sl_key_sign(k, sl_buf_view(&bytes), &sig, err);
  rc = rc ? rc : sl_sig_write(out, sl_key_public(k), SL_STATEMENT_NS, sl_buf_view(&sig), err);
  sl_key_free(k);
  sl_buf_free(&bytes);
  sl_buf_free(&sig);
  sl_free(path);
  sl_free(dir);
  return rc;
}

static int put(struct signing *s, const struct made *m, const char *key, struct sl_str value, struct sl_err *err)
{
  static const char sql[] = "insert or replace into model_version_tags(workspace,name,version,key,value) values('default',?,?,?,?)";
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
  if (rc == SQLITE_OK) {
    sqlite3_bind_text(st, 1, m->model, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, m->version, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 4, value.p, (int)value.n, SQLITE_STATIC);
    rc = sqlite3_step(st);
  }
  sqlite3_finalize(st);
  return rc == SQLITE_DONE ? SL_OK : failed(s, err);
}

static int decision(struct signing *s, const struct made *m, struct sl_err *err)
{
  struct sl_buf text, signature, tag;
  struct sl_buf key;
  sl_buf_init(&text, SL_STATEMENT_MAX);
  sl_buf_init(&signature, SL_STATEMENT_MAX);
  sl_buf_init(&tag, 2 * SL_STATEMENT_MAX);
  sl_buf_init(&key, 1 << 12);
  int rc = sl_statement_key(&key, sl_str(m->by), err);
  rc = rc ? rc : statement_of(s, m, &text, err);
  rc = rc ? rc : sign(s, m->by, sl_buf_view(&text), &signature, err);
  rc = rc ? rc : sl_statement_tag(&tag, sl_buf_view(&text), sl_buf_view(&signature), err);
  rc = rc ? rc : put(s, m, SL_STATEMENT_TAG, sl_buf_view(&tag), err);
  rc = rc ? rc : put(s, m, sl_buf_zstr(&key), sl_buf_view(&tag), err);
  sl_buf_free(&key);
  sl_buf_free(&text);
  sl_buf_free(&signature);
  sl_buf_free(&tag);
  return rc;
}

/* An approval moved the alias from the version approved before; a request sees what it names today. */
static const char decisions[] =
  "select d.name, cast(d.version as text), d.value, b.value, t.value, c.value, a.value, case when d.value = 'requested' then"
  " coalesce((select cast(l.version as text) from registered_model_aliases l where l.name = d.name and l.alias = t.value), '')"
  " else coalesce((select cast(max(p.version) as text) from model_version_tags p where p.name = d.name and p.version < d.version and"
  " p.key = 'approval.decision' and p.value = 'approved'), '') end"
  " from model_version_tags d, model_version_tags b, model_version_tags t, model_version_tags c, model_version_tags a"
  " where d.key = 'approval.decision' and b.key = 'approval.by' and t.key = 'approval.to' and c.key = 'approval.comment' and"
  " a.key = 'approval.at' and b.name = d.name and t.name = d.name and c.name = d.name and a.name = d.name and"
  " b.version = d.version and t.version = d.version and c.version = d.version and a.version = d.version";

static int each(struct signing *s, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  int step = sqlite3_prepare_v2(s->db, decisions, -1, &st, NULL), rc = SL_OK;
  while (step == SQLITE_OK || step == SQLITE_ROW) {
    step = sqlite3_step(st);
    if (step != SQLITE_ROW)
      break;
    const char *v[8];
    for (int i = 0; i < 8; i++)
      v[i] = sqlite3_column_text(st, i) ? (const char *)sqlite3_column_text(st, i) : "";
    rc = decision(s, &(struct made){ v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7] }, err);
    if (rc)
      break;
  }
  sqlite3_finalize(st);
  return rc || step == SQLITE_DONE ? rc : failed(s, err);
}

int sl_demo_sign(struct sl_demo *d, struct sl_app *a, struct sl_err *err)
{
  struct sl_session types = { .app = a };
  struct signing s = { .d = d };
  char *conf = sl_path_join(d->to, "sluice.yaml"), *path = sl_path_join(d->to, "mlflow.db");
  sl_buf_init(&s.registry, 4096);
  int rc = conf && path ? sl_session_types(&types, err) : sl_err_nomem(err);
  rc = rc ? rc : sl_ws_conf_load(&s.conf, conf, types.types, types.ntypes, err);
  if (!rc && !sl_registry_address(s.conf, SL_STR("registry"), &s.registry))
    rc = sl_err_set(err, SL_ECONFIG, "%s has no connection registry", conf);
  if (!rc && (sqlite3_open_v2(path, &s.db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
              sqlite3_exec(s.db, "begin immediate", NULL, NULL, NULL) != SQLITE_OK))
    rc = failed(&s, err);
  rc = rc ? rc : each(&s, err);
  if (!rc && sqlite3_exec(s.db, "commit", NULL, NULL, NULL) != SQLITE_OK)
    rc = failed(&s, err);
  sqlite3_close(s.db);
  sl_buf_free(&s.registry);
  sl_ws_conf_unref(s.conf);
  sl_session_close(&types);
  sl_free(conf);
  sl_free(path);
  return rc;
}
