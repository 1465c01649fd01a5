/* app/cmd_login.c: `sluice login`: secrets that are asked once and kept for the login session. */
#include <string.h>

#include "app/session.h"
#include "base/mem.h"
#include "model/backend.h"

int sl_cmd_login(struct sl_app *a);

static const struct sl_conf *conn_conf(const struct sl_session *s, const char *name)
{
  const struct sl_conf *const *c = NULL;
  size_t n = s->conf ? sl_ws_conf_conns(s->conf, &c) : 0;
  for (size_t i = 0; i < n; i++)
    if (!strcmp(sl_conf_name(c[i]), name))
      return c[i];
  return NULL;
}

/* A password goes with a name, a token with none. */
static bool fits(const struct sl_conf *c, const struct sl_setting *set)
{
  return (!set->needs || sl_conf_text(c, set->needs)) && (!set->bars || !sl_conf_text(c, set->bars));
}

/* Settings that say `ask`; where none does, secrets that have no other source; else those of the environment, which jobs have not. */
static size_t asked_settings(const struct sl_session *s, const struct sl_conf *c, const struct sl_setting **out, size_t max)
{
  static const int kinds[] = { SL_SECRET_ASK, SL_SECRET_NONE, SL_SECRET_ENV };
  size_t n = 0;
  for (int round = 0; round < 3 && !n; round++)
    for (size_t t = 0; t < s->ntypes; t++)
      for (size_t i = 0; !strcmp(s->types[t].type, sl_conf_type(c)) && i < s->types[t].nsettings && n < max; i++) {
        const struct sl_setting *set = &s->types[t].settings[i];
        const struct sl_secret_src *src = set->type == SL_SET_SECRET ? sl_conf_secret(c, set->name) : NULL;
        int kind = src ? (int)src->kind : (int)SL_SECRET_NONE;
        if (set->type == SL_SET_SECRET && (!round || fits(c, set)) && kind == kinds[round])
          out[n++] = set;
      }
  return n;
}

static int login_one(struct sl_session *s, const char *conn, const struct sl_setting *set, struct sl_err *err)
{
  struct sl_secret *secret = NULL;
  if (!sl_ask_terminal(&(struct sl_ask){ .conn = conn, .what = set->name, .prompt = set->name, .secret = true }, &secret))
    return sl_err_set(err, SL_EAUTH, "%s: nothing was typed (a terminal is needed)", conn);
  int rc = sl_ws_login_put(s->ws, conn, set->name, secret, 0, err);
  sl_secret_unref(secret);
  return rc;
}

/* ---- is it the right one? ---- */

struct trial { bool done; struct sl_err err; enum sl_src_state state; };

static void tried(void *user, sl_watch id, const struct sl_answer *a)
{
  struct trial *t = user;
  (void)id;
  if (!a->done || t->done)
    return;
  t->done = true;
  t->state = a->nsrc ? a->src[0].state : SL_FAILED;
  if (a->nsrc)
    t->err = a->src[0].err;
}

static const struct sl_resource *first_served(const struct sl_conf *c)
{
  for (size_t i = 0; sl_backends[i]; i++)
    for (size_t k = 0; !strcmp(sl_backends[i]->type, sl_conf_type(c)) && sl_backends[i]->serves[k]; k++)
      if (!sl_backends[i]->serves[k]->res->scope_required)
        return sl_backends[i]->serves[k]->res;
  return NULL;
}

/* What the server refuses is not kept; what it could not be asked about is, and that is said. */
static int try_it(struct sl_session *s, const struct sl_conf *c, struct sl_err *err)
{
  struct trial t = { 0 };
  struct sl_query like = { .res = first_served(c), .kind = SL_Q_LIST, .conn = sl_str(sl_conf_name(c)), .limit = 1 }, *q = NULL;
  sl_watch id = { 0 };
  if (!like.res)
    return SL_OK;
  int rc = sl_query_new(&q, &like, err);
  rc = rc ? rc : sl_ws_query(s->ws, q, true, tried, &t, &id, err);
  rc = rc ? rc : sl_session_wait(s, &t.done, err);
  sl_ws_unwatch(s->ws, id);
  sl_query_unref(q);
  if (rc)
    return rc;
  if (t.state == SL_FAILED && t.err.code == SL_EAUTH) {
    (void)!sl_ws_login_forget(s->ws, sl_conf_name(c), NULL);
    return sl_err_set(err, SL_EAUTH, "%s: %s", sl_conf_name(c), t.err.msg);
  }
  if (t.state == SL_FAILED)
    sl_app_note("%s: kept, but nobody could say whether it is right: %s", sl_conf_name(c), t.err.msg);
  else
    sl_app_note("%s: it answers; kept for this login session", sl_conf_name(c));
  return SL_OK;
}

static int login(struct sl_session *s, const char *conn, struct sl_err *err)
{
  const struct sl_setting *set[8];
  const struct sl_conf *c = conn_conf(s, conn);
  if (!c)
    return sl_err_set(err, SL_EUSAGE, "no connection %s in this workspace", conn);
  if (sl_args_has(s->app->args, SL_O_forget))
    return sl_ws_login_forget(s->ws, conn, err);
  size_t n = asked_settings(s, c, set, sizeof set / sizeof set[0]);
  if (!n)
    return sl_err_set(err, SL_EUSAGE, "%s (%s) has no secret to ask for: its settings name where it comes from, or it needs none", conn,
                      sl_conf_type(c));
  if (sl_args_has(s->app->args, SL_O_no_input))
    return sl_err_set(err, SL_EAUTH, "%s asks for %s; --no-input forbids that", conn, set[0]->name);
  int rc = SL_OK;
  for (size_t i = 0; i < n && !rc; i++)
    rc = login_one(s, conn, set[i], err);
  return rc ? rc : try_it(s, c, err);
}

int sl_cmd_login(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  int rc = sl_session_open(&s, a, 0, &err);
  if (!rc)
    rc = login(&s, a->args->pos[0], &err);
  sl_session_close(&s);
  return rc ? sl_app_fail(a, &err) : SL_EXIT_OK;
}
