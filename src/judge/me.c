/* judge/me.c: who decides here. Nothing is remembered: an agent may lose a key between two decisions. */
#include "judge/me.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "judge/agent.h"
#include "judge/key.h"
#include "judge/sig.h"
#include "judge/statement.h"

int sl_me_ask(struct sl_me_ask *out, struct sl_ws *w, struct sl_err *err)
{
  const struct sl_person *p = sl_ws_person(w);
  const struct sl_ws_conf *c = sl_ws_config(w);
  const char *agent = getenv("SSH_AUTH_SOCK"), *dir = c && sl_ws_conf_path(c) ? sl_ws_conf_dir(c) : NULL;
  *out = (struct sl_me_ask){ .said = *sl_ws_me(w) };
  if (c)
    out->conf = sl_ws_conf_ref((struct sl_ws_conf *)(uintptr_t)c);
  bool wanted = out->said.known == SL_KNOWN_CLAIMED;
  out->wanted = wanted ? sl_strdup(out->said.name) : NULL;
  out->file = p && p->key ? sl_path_abs(p->key, NULL) : NULL;
  out->agent = agent && agent[0] ? sl_strdup(agent) : NULL;
  out->dir = dir ? sl_path_join(dir, "keys") : NULL;
  if ((wanted && !out->wanted) || (p && p->key && !out->file) || (agent && agent[0] && !out->agent) || (dir && !out->dir)) {
    sl_me_ask_free(out);
    return sl_err_nomem(err);
  }
  return SL_OK;
}

void sl_me_ask_free(struct sl_me_ask *q)
{
  if (q->conf)
    sl_ws_conf_unref(q->conf);
  sl_free(q->wanted);
  sl_free(q->file);
  sl_free(q->agent);
  sl_free(q->dir);
  *q = (struct sl_me_ask){ .conf = NULL };
}

void sl_me_free(struct sl_me *m)
{
  sl_free(m->file);
  sl_pubkey_free(&m->key);
  *m = (struct sl_me){ .name = "" };
}

struct sl_ident sl_me_ident(const struct sl_me *m)
{
  return (struct sl_ident){ sl_str(m->issuer), sl_str(m->subject), m->known };
}

void sl_me_tell(struct sl_ws *w, const struct sl_me *m)
{
  struct sl_identity who = { .known = m->known };
  snprintf(who.name, sizeof who.name, "%s", m->name);
  snprintf(who.issuer, sizeof who.issuer, "%s", m->issuer);
  snprintf(who.subject, sizeof who.subject, "%s", m->subject);
  sl_ws_set_signer(w, &who);
}

enum sl_may sl_me_may(const struct sl_me *me, struct sl_people p, const struct sl_model_conf *m)
{
  bool listed = !m || !m->approvers[0];
  if (sl_people_keyed(p) && me->known != SL_KNOWN_KEY)
    return SL_MAY_NO_KEY;
  for (size_t i = 0; m && m->approvers[i] && !listed; i++)
    listed = !strcmp(m->approvers[i], me->name);
  return listed ? SL_MAY : SL_MAY_OTHERS;
}

void sl_approvers_text(struct sl_buf *out, const struct sl_model_conf *m)
{
  for (size_t i = 0; m && m->approvers[i]; i++)
    sl_buf_printf(out, "%s%s", i ? ", " : "", m->approvers[i]);
}

/* ---- finding ---- */

struct finding { const struct sl_me_ask *q; struct sl_people people; struct sl_me *me; bool found; };

/* Somebody's line for `people:`: what an unlisted key needs to count. */
static void unlisted(struct finding *f, const struct sl_pubkey *k)
{
  struct sl_buf line;
  if (f->me->why[0])
    return;
  sl_buf_init(&line, SL_PUBKEY_LINE);
  sl_pubkey_text(&line, k);
  if (line.n < 120)
    snprintf(f->me->why, sizeof f->me->why, "your key is not listed; add below people:  %s: {keys: [\"%s\"]}", f->q->said.name,
             sl_buf_zstr(&line));
  else {
    char print[SL_FINGERPRINT];
    sl_pubkey_fingerprint(k, print);
    snprintf(f->me->why, sizeof f->me->why, "your key %s is not listed; add its public line to keys: of %s below people:", print,
             f->q->said.name);
  }
  sl_buf_free(&line);
}

/* A key at hand: is it the one? */
static int consider(struct finding *f, const struct sl_pubkey *k, const char *file, struct sl_err *err)
{
  bool revoked = false;
  const struct sl_member *m = sl_people_key(f->people, k, &revoked);
  struct sl_me *me = f->me;
  if (!m)
    unlisted(f, k);
  if (m && revoked && !me->why[0])
    snprintf(me->why, sizeof me->why, "the key at hand is one of %s that was revoked", m->name);
  if (!m || revoked || (f->q->wanted && strcmp(f->q->wanted, m->name) != 0))
    return SL_OK;
  me->file = sl_strdup(file);
  int rc = file && !me->file ? sl_err_nomem(err) : sl_pubkey_blob(&me->key, k->blob, err);
  if (rc)
    return rc;
  me->by_agent = !file;
  me->known = SL_KNOWN_KEY;
  me->why[0] = 0;
  snprintf(me->name, sizeof me->name, "%s", m->name);
  snprintf(me->issuer, sizeof me->issuer, "%s", SL_ISSUER_PEOPLE);
  snprintf(me->subject, sizeof me->subject, "%s", m->name);
  sl_pubkey_fingerprint(k, me->print);
  f->found = true;
  return SL_OK;
}

static int from_file(struct finding *f, const char *path, bool named, struct sl_err *err)
{
  struct sl_key *k = NULL;
  struct sl_err why = { 0 };
  int rc = sl_key_load(&k, path, &why);
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err);
  if (rc) { /* encrypted: the agent may hold it */
    if (named || rc != SL_ENOENT)
      snprintf(f->me->why, sizeof f->me->why, "%.230s", why.msg);
    return SL_OK;
  }
  rc = consider(f, sl_key_public(k), path, err);
  sl_key_free(k);
  return rc;
}

static int from_agent(struct finding *f, const atomic_bool *cancel, struct sl_err *err)
{
  struct sl_agent *a = NULL;
  struct sl_agent_keys keys = { .n = 0 };
  struct sl_err why = { 0 };
  int rc = sl_agent_open(&a, f->q->agent, cancel, &why);
  if (!rc)
    rc = sl_agent_list(a, &keys, &why);
  if (rc && rc != SL_ENOMEM) { /* no agent, or a stale one: other places follow */
    if (!f->me->why[0] && rc != SL_ENOENT)
      snprintf(f->me->why, sizeof f->me->why, "%.230s", why.msg);
    rc = SL_OK;
  }
  for (size_t i = 0; i < keys.n && !rc && !f->found; i++)
    rc = consider(f, &keys.v[i], NULL, err);
  sl_agent_keys_free(&keys);
  sl_agent_close(a);
  return rc == SL_ENOMEM ? sl_err_nomem(err) : rc;
}

static int from_folder(struct finding *f, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < f->people.n && !rc && !f->found; i++) {
    const char *name = f->people.v[i].name;
    if ((f->q->wanted && strcmp(f->q->wanted, name) != 0) || strchr(name, '/') || name[0] == '.')
      continue;
    char *path = sl_path_join(f->q->dir, name);
    rc = path ? from_file(f, path, false, err) : sl_err_nomem(err);
    sl_free(path);
  }
  return rc;
}

/* Without a key: the account, and whom people: says that is. `os:HOST:USER` is how identities name one. */
static void account(struct sl_me *me, const struct sl_me_ask *q, struct sl_people p)
{
  const char *host = strchr(q->said.issuer, ':');
  snprintf(me->name, sizeof me->name, "%s", q->said.name);
  if (q->said.known == SL_KNOWN_CLAIMED) {
    me->known = SL_KNOWN_CLAIMED;
    snprintf(me->issuer, sizeof me->issuer, "%s", sl_people_name(p, sl_str(me->name)) ? SL_ISSUER_PEOPLE : "said");
    snprintf(me->subject, sizeof me->subject, "%s", me->name);
    return;
  }
  me->known = SL_KNOWN_OS;
  snprintf(me->issuer, sizeof me->issuer, "os");
  snprintf(me->subject, sizeof me->subject, "%.60s:%.90s", host ? host + 1 : "", q->said.subject);
  const struct sl_ident id = sl_me_ident(me);
  const struct sl_member *m = sl_people_ident(p, &id);
  if (m)
    snprintf(me->name, sizeof me->name, "%s", m->name);
}

int sl_me_find(const struct sl_me_ask *q, struct sl_me *out, const atomic_bool *cancel, struct sl_err *err)
{
  struct finding f = { .q = q, .people = sl_people(q->conf), .me = out };
  int rc = SL_OK;
  *out = (struct sl_me){ .name = "" };
  if (sl_people_keyed(f.people)) {
    if (q->file)
      rc = from_file(&f, q->file, true, err);
    if (!rc && !f.found && q->agent)
      rc = from_agent(&f, cancel, err);
    if (!rc && !f.found && q->dir)
      rc = from_folder(&f, err);
  }
  if (!rc && !f.found) {
    account(out, q, f.people);
    if (!out->why[0] && q->wanted)
      snprintf(out->why, sizeof out->why, "no key of %s is at hand: ssh-add it, or name its file as `key` below `me` of config.yaml",
               q->wanted);
    else if (!out->why[0])
      snprintf(out->why, sizeof out->why, "no key that people: lists is at hand: ssh-add one, or name its file as `key` below `me` of "
               "config.yaml");
  }
  if (rc)
    sl_me_free(out);
  return rc;
}

/* ---- signing ---- */

static int agent_sign(const struct sl_me_ask *q, const struct sl_me *m, struct sl_str bytes, struct sl_buf *out, const atomic_bool *cancel,
                      struct sl_err *err)
{
  struct sl_agent *a = NULL;
  int rc = sl_agent_open(&a, q->agent, cancel, err);
  if (!rc)
    rc = sl_agent_sign(a, &m->key, bytes, out, err);
  sl_agent_close(a);
  return rc;
}

static int file_sign(const struct sl_me *m, struct sl_str bytes, struct sl_buf *out, struct sl_err *err)
{
  struct sl_key *k = NULL;
  int rc = sl_key_load(&k, m->file, err);
  if (!rc && !sl_pubkey_eq(sl_key_public(k), &m->key))
    rc = sl_err_set(err, SL_ECONFLICT, "%s holds another key than a moment ago", m->file);
  if (!rc)
    rc = sl_key_sign(k, bytes, out, err);
  sl_key_free(k);
  return rc;
}

int sl_me_sign(const struct sl_me_ask *q, const struct sl_me *m, struct sl_str text, struct sl_buf *out, const atomic_bool *cancel,
               struct sl_err *err)
{
  struct sl_buf bytes, sig;
  sl_buf_init(&bytes, 0);
  sl_buf_init(&sig, 0);
  int rc = sl_sig_bytes(&bytes, SL_STATEMENT_NS, text, err);
  if (!rc)
    rc = m->by_agent ? agent_sign(q, m, sl_buf_view(&bytes), &sig, cancel, err) : file_sign(m, sl_buf_view(&bytes), &sig, err);
  if (!rc)
    rc = sl_sig_write(out, &m->key, SL_STATEMENT_NS, sl_buf_view(&sig), err);
  sl_buf_free(&bytes);
  sl_buf_free(&sig);
  return rc;
}
