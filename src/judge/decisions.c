/* judge/decisions.c: statements among a version's tags. The tag of a person and the general one hold the same text after a decision; it
 * counts once. */
#include "judge/decisions.h"

#include "model/judge.h"
#include "table/batch.h"

void sl_decisions_init(struct sl_decisions *d)
{
  d->n = d->left_out = 0;
}

void sl_decisions_free(struct sl_decisions *d)
{
  for (size_t i = 0; i < d->n; i++) {
    sl_statement_free(&d->v[i].s);
    sl_free(d->v[i].own);
  }
  d->n = d->left_out = 0;
}

static bool is_statement(struct sl_str key)
{
  static const char head[] = SL_STATEMENT_TAG;
  return sl_str_eqz(key, head) || (sl_str_starts(key, sl_str(head)) && key.n > sizeof head && key.p[sizeof head - 1] == '.');
}

/* The same text under another name: not read, so that it costs nothing. */
static bool known(const struct sl_decisions *d, struct sl_str value)
{
  for (size_t i = 0; i < d->n; i++)
    if (sl_str_eq(d->v[i].tag, value))
      return true;
  return false;
}

int sl_decisions_tag(struct sl_decisions *d, struct sl_str key, struct sl_str value, const struct sl_expected *where, struct sl_people p,
                     struct sl_err *err)
{
  if (!is_statement(key))
    return SL_OK;
  if (known(d, value))
    return SL_OK;
  if (d->n == SL_DECISIONS_MAX) {
    d->left_out++;
    return SL_OK;
  }
  char *own = sl_alloc(key.n + value.n + 1);
  if (!own)
    return sl_err_nomem(err);
  memcpy(own, key.p, key.n);
  if (value.n)
    memcpy(own + key.n, value.p, value.n);
  struct sl_decision *x = &d->v[d->n++];
  *x = (struct sl_decision){ .key = sl_strn(own, key.n), .tag = sl_strn(own + key.n, value.n), .own = own };
  return sl_statement_judge(&x->v, &x->s, x->tag, where, p, err);
}

int sl_decisions_row(struct sl_decisions *d, const struct sl_batch *b, uint32_t row, const struct sl_expected *where, struct sl_people p,
                     struct sl_err *err)
{
  struct sl_keys *keys = sl_schema_keys(sl_batch_schema(b));
  int c = sl_schema_find(sl_batch_schema(b), SL_STR("tags")), rc = SL_OK;
  uint32_t n = c < 0 ? 0 : sl_keys_count(keys);
  for (int pass = 0; pass < 2; pass++)
    for (uint32_t k = 0; k < n && !rc; k++) {
      struct sl_str name = sl_keys_name(keys, k);
      if (!is_statement(name) || sl_str_eqz(name, SL_STATEMENT_TAG) != (pass == 1))
        continue;
      const struct sl_val v = sl_batch_get_key(b, row, (unsigned)c, k);
      if (!v.null && v.type == SL_TEXT)
        rc = sl_decisions_tag(d, name, v.u.s, where, p, err);
    }
  return rc;
}

bool sl_decisions_key(struct sl_people p, size_t i, struct sl_buf *out)
{
  sl_buf_clear(out);
  if (i > 2 * p.n)
    return false;
  if (i == 2 * p.n)
    sl_buf_z(out, SL_STATEMENT_TAG);
  else if (i % 2)
    sl_buf_printf(out, "%s.%s", SL_STATEMENT_TAG, p.v[i / 2].name);
  else if (sl_statement_key(out, sl_str(p.v[i / 2].name), NULL))
    return false;
  return !out->failed;
}

int sl_decisions_people(struct sl_decisions *d, const struct sl_batch *b, uint32_t row, const struct sl_expected *where, struct sl_people p,
                        struct sl_err *err)
{
  struct sl_keys *keys = sl_schema_keys(sl_batch_schema(b));
  int c = sl_schema_find(sl_batch_schema(b), SL_STR("tags")), rc = SL_OK;
  struct sl_buf key;
  uint32_t k;
  sl_buf_init(&key, 4096);
  for (size_t i = 0; c >= 0 && !rc && sl_decisions_key(p, i, &key); i++) {
    if (!sl_keys_find(keys, sl_buf_view(&key), &k))
      continue;
    const struct sl_val v = sl_batch_get_key(b, row, (unsigned)c, k);
    if (!v.null && v.type == SL_TEXT)
      rc = sl_decisions_tag(d, sl_buf_view(&key), v.u.s, where, p, err);
  }
  rc = rc ? rc : sl_buf_check(&key, err);
  sl_buf_free(&key);
  return rc;
}

bool sl_decision_here(const struct sl_decision *x, const struct sl_expected *where)
{
  const struct sl_statement *s = &x->s.s;
  return sl_str_eq(s->registry, where->registry) && sl_str_eq(s->model, where->model) && sl_str_eq(s->version, where->version);
}

static bool counts(const struct sl_decision *x, struct sl_str to)
{
  return x->v.worth == SL_WORTH_VALID && sl_str_eq(x->s.s.to, to);
}

/* Whether the same person has decided otherwise since. */
static bool taken_back(const struct sl_decisions *d, const struct sl_decision *x)
{
  for (size_t i = 0; i < d->n; i++)
    if (counts(&d->v[i], x->s.s.to) && d->v[i].v.who == x->v.who && d->v[i].s.s.at > x->s.s.at)
      return true;
  return false;
}

const struct sl_decision *sl_decisions_last(const struct sl_decisions *d, struct sl_str decision, struct sl_str to)
{
  const struct sl_decision *best = NULL;
  for (size_t i = 0; i < d->n; i++) {
    const struct sl_decision *x = &d->v[i];
    if (counts(x, to) && sl_str_eq(x->s.s.decision, decision) && (!best || x->s.s.at > best->s.s.at) && !taken_back(d, x))
      best = x;
  }
  return best;
}

const struct sl_decision *sl_decisions_newest(const struct sl_decisions *d, struct sl_str to)
{
  const struct sl_decision *best = NULL;
  for (size_t i = 0; i < d->n; i++)
    if (counts(&d->v[i], to) && (!best || d->v[i].s.s.at > best->s.s.at))
      best = &d->v[i];
  return best;
}

/* ---- what the workspace says ---- */

static const struct sl_conf *conn_find(const struct sl_ws_conf *c, struct sl_str conn)
{
  const struct sl_conf *const *all = NULL;
  size_t n = c ? sl_ws_conf_conns(c, &all) : 0;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(conn, sl_conf_name(all[i])))
      return all[i];
  return NULL;
}

bool sl_registry_address(const struct sl_ws_conf *c, struct sl_str conn, struct sl_buf *out)
{
  const struct sl_conf *k = conn_find(c, conn);
  struct sl_str uri = sl_str(k ? sl_conf_text(k, "uri") : NULL), scheme = uri;
  const char *workspace = k ? sl_conf_text(k, "workspace") : NULL;
  if (!uri.n)
    return false;
  ptrdiff_t at = sl_str_find(uri, SL_STR("://"));
  if (at >= 0) { /* https://ana:secret@host/ -> https://host */
    scheme = sl_str_head(uri, (size_t)at + 3);
    uri = sl_str_from(uri, (size_t)at + 3);
    ptrdiff_t slash = sl_str_chr(uri, '/'), sign = sl_str_rchr(slash < 0 ? uri : sl_str_head(uri, (size_t)slash), '@');
    uri = sl_str_from(uri, (size_t)(sign + 1));
    sl_buf_str(out, scheme);
  }
  while (uri.n > 1 && uri.p[uri.n - 1] == '/')
    uri.n--;
  sl_buf_str(out, uri);
  if (workspace && strcmp(workspace, "default") != 0)
    sl_buf_printf(out, "#%s", workspace);
  return true;
}

const struct sl_model_conf *sl_model_policy(const struct sl_ws_conf *c, struct sl_str conn, struct sl_str model)
{
  size_t n = 0;
  const struct sl_model_conf *m = c ? sl_ws_conf_models(c, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(model, m[i].name) && (!m[i].conn || sl_str_eqz(conn, m[i].conn)))
      return &m[i];
  return NULL;
}

void sl_model_target(const struct sl_model_conf *m, struct sl_buf *out)
{
  if (m && m->stage)
    sl_buf_printf(out, "stage:%s", m->stage);
  else
    sl_buf_z(out, m && m->alias ? m->alias : "champion");
}
