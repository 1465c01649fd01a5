/* model/ask.c: prompts: what only a person can answer, asked once for all that wait for the same thing. */
#include <stdio.h>

#include "base/mem.h"
#include "model/ws_int.h"

struct ws_prompt {
  struct ws_prompt *next;
  uint64_t id;
  struct sl_backend *b;
  struct sl_ask ask;
  char *conn, *what, *prompt, *advice;
  struct sl_req *reqs;            /* linked by next_waiting */
  struct ws_secret_wait *secrets;
  bool shown;
};

static void prompt_free(struct ws_prompt *p)
{
  sl_free(p->conn);
  sl_free(p->what);
  sl_free(p->prompt);
  sl_free(p->advice);
  sl_free(p);
}

static void prompt_unlink(struct sl_ws *w, struct ws_prompt *p)
{
  struct ws_prompt **at = &w->prompts;
  while (*at && *at != p)
    at = &(*at)->next;
  if (*at)
    *at = p->next;
}

/* Nobody waits any more: the question is withdrawn. */
static void prompt_drop_idle(struct sl_ws *w, struct ws_prompt *p)
{
  if (p->reqs || p->secrets)
    return;
  uint64_t id = p->id;
  bool shown = p->shown;
  prompt_unlink(w, p);
  prompt_free(p);
  if (shown && w->on_ask && !w->closing)
    w->on_ask(w->on_ask_user, id, NULL);
}

static struct ws_prompt *prompt_find(struct sl_ws *w, const struct sl_backend *b, const char *what)
{
  for (struct ws_prompt *p = w->prompts; p; p = p->next)
    if (p->b == b && strcmp(p->what, what) == 0)
      return p;
  return NULL;
}

static int prompt_new(struct ws_prompt **out, struct sl_backend *b, const struct sl_ask *a, struct sl_err *err)
{
  struct sl_ws *w = b->w;
  struct ws_prompt *p = sl_calloc(1, sizeof *p);
  if (!p)
    return sl_err_nomem(err);
  p->b = b;
  p->conn = sl_strdup(b->name);
  p->what = sl_strdup(a->what ? a->what : "secret");
  p->prompt = sl_strdup(a->prompt ? a->prompt : "");
  p->advice = sl_strdup(a->advice ? a->advice : "");
  if (!p->conn || !p->what || !p->prompt || !p->advice) {
    prompt_free(p);
    return sl_err_nomem(err);
  }
  p->ask = (struct sl_ask){ p->conn, p->what, p->prompt, p->advice, a->secret };
  p->id = ++w->prompt_id;
  p->next = w->prompts;
  w->prompts = p;
  *out = p;
  return SL_OK;
}

static int prompt_refuse(const struct sl_backend *b, const struct sl_ask *a, struct sl_err *err)
{
  if (a->advice && a->advice[0])
    return sl_err_set(err, SL_EAUTH, "%s: %s is needed; %s", b->name, a->what ? a->what : "a secret", a->advice);
  return sl_err_set(err, SL_EAUTH, "%s: %s is needed; run: sluice login %s", b->name, a->what ? a->what : "a secret", b->name);
}

/* The one that is open already, or a new one, which the person then sees. */
static int prompt_get(struct ws_prompt **out, struct sl_backend *b, const struct sl_ask *a, struct sl_err *err)
{
  struct sl_ws *w = b->w;
  if (!w->on_ask || w->no_input || w->closing)
    return prompt_refuse(b, a, err);
  *out = prompt_find(w, b, a->what ? a->what : "secret");
  return *out ? SL_OK : prompt_new(out, b, a, err);
}

/* Outside the backend's frame: the ui may answer at once. */
static void prompt_show(void *user)
{
  struct sl_ws *w = user;
  for (;;) {
    struct ws_prompt *oldest = NULL;
    for (struct ws_prompt *p = w->prompts; p; p = p->next)
      if (!p->shown)
        oldest = p;
    if (!oldest || !w->on_ask || w->closing)
      return;
    oldest->shown = true;
    w->on_ask(w->on_ask_user, oldest->id, &oldest->ask);
  }
}

int sl_req_ask(struct sl_req *r, const struct sl_ask *a)
{
  if (!ws_req_live(r, "asked a person after the end") || !r->sink)
    return SL_ECANCELED;
  if (r->prompt)
    return SL_OK;
  struct sl_err e = { 0 };
  uint64_t before = r->w->prompt_id;
  struct ws_prompt *p;
  int rc = r->b->ops->answer ? prompt_get(&p, r->b, a, &e)
                             : sl_err_set(&e, SL_EINTERNAL, "backend %s asks but takes no answer", r->b->ops->type);
  if (rc)
    return ws_req_fail_inside(r, rc, &e);
  r->prompt = p;
  r->next_waiting = p->reqs;
  p->reqs = r;
  sl_timer_stop(r->w->l, &r->timer);
  ws_req_busy(r, false); /* a person may take their time */
  if (r->w->prompt_id != before && ws_later(r->w, prompt_show, r->w, NULL))
    prompt_show(r->w);
  return SL_OK;
}

int ws_prompt_secret(struct ws_secret_wait *wait, struct sl_err *err)
{
  struct sl_ws *w = wait->b->w;
  char text[160];
  snprintf(text, sizeof text, "%s for %s", wait->setting, wait->b->name);
  struct sl_ask a = { .conn = wait->b->name, .what = wait->setting, .prompt = text, .secret = true };
  uint64_t before = w->prompt_id;
  struct ws_prompt *p;
  int rc = prompt_get(&p, wait->b, &a, err);
  if (rc)
    return rc;
  wait->prompt = p;
  wait->next_waiting = p->secrets;
  p->secrets = wait;
  if (w->prompt_id != before && ws_later(w, prompt_show, w, NULL))
    prompt_show(w);
  return SL_OK;
}

void ws_prompt_leave(struct sl_req *r)
{
  struct ws_prompt *p = r->prompt;
  if (!p)
    return;
  r->prompt = NULL;
  struct sl_req **at = &p->reqs;
  while (*at && *at != r)
    at = &(*at)->next_waiting;
  if (*at)
    *at = r->next_waiting;
  r->next_waiting = NULL;
  prompt_drop_idle(r->w, p);
}

void ws_prompt_secret_leave(struct ws_secret_wait *wait)
{
  struct ws_prompt *p = wait->prompt;
  if (!p)
    return;
  wait->prompt = NULL;
  struct ws_secret_wait **at = &p->secrets;
  while (*at && *at != wait)
    at = &(*at)->next_waiting;
  if (*at)
    *at = wait->next_waiting;
  prompt_drop_idle(wait->b->w, p);
}

void sl_ws_on_ask(struct sl_ws *w, sl_ask_fn *fn, void *user)
{
  w->on_ask = fn;
  w->on_ask_user = user;
}

static void answer_req(struct sl_req *r, struct sl_secret *s)
{
  struct sl_secret *mine = s ? sl_secret_ref(s) : NULL;
  ws_req_busy(r, true);
  ws_req_rearm(r);
  r->b->ops->answer(r, &mine);
  sl_secret_unref(mine);
}

void sl_ws_answer(struct sl_ws *w, uint64_t id, struct sl_secret **take)
{
  struct sl_secret *s = take ? *take : NULL;
  if (take)
    *take = NULL;
  struct ws_prompt *p = w->prompts;
  while (p && p->id != id)
    p = p->next;
  if (!p) {
    sl_secret_unref(s);
    return;
  }
  prompt_unlink(w, p);
  while (p->secrets) {
    struct ws_secret_wait *wait = p->secrets;
    p->secrets = wait->next_waiting;
    wait->prompt = NULL;
    struct sl_err e = { 0 };
    if (!s)
      sl_err_set(&e, SL_EAUTH, "%s: no %s was given", wait->b->name, wait->setting);
    ws_secret_tell(wait, s ? sl_secret_ref(s) : NULL, &e);
  }
  while (p->reqs) {
    struct sl_req *r = p->reqs;
    p->reqs = r->next_waiting;
    r->prompt = NULL;
    r->next_waiting = NULL;
    answer_req(r, s);
  }
  prompt_free(p);
  sl_secret_unref(s);
}

void ws_prompts_free(struct sl_ws *w)
{
  while (w->prompts) {
    struct ws_prompt *p = w->prompts;
    w->prompts = p->next;
    prompt_free(p);
  }
}
