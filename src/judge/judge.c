/* judge/judge.c: puts what is judged here behind the two doors; and finds out who decides here, for whoever wants to show it. */
#include "base/mem.h"
#include "judge/judge_int.h"
#include "judge/me.h"
#include "loop/loop.h"
#include "model/backend.h"
#include "model/judge.h"
#include "model/recorded.h"

/* One workspace's judge. */
struct seat { struct sl_ws *w; struct looking *look; };
struct looking {
  struct seat *seat;                 /* NULL: nobody wants it any more */
  struct sl_me_ask ask;
  struct sl_me me;
  sl_job job;
};

static int look_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct looking *k = user;
  return sl_me_find(&k->ask, &k->me, cancel, err);
}

static void look_done(void *user, int rc, const struct sl_err *err)
{
  struct looking *k = user;
  (void)err; /* a picture goes without; a decision looks itself, and tells */
  if (k->seat) {
    k->seat->look = NULL;
    if (!rc)
      sl_me_tell(k->seat->w, &k->me);
  }
  sl_me_ask_free(&k->ask);
  sl_me_free(&k->me);
  sl_free(k);
}

static void leave(struct seat *s)
{
  if (!s->look)
    return;
  s->look->seat = NULL;
  sl_job_cancel(sl_ws_loop(s->w), &s->look->job); /* its end frees */
  s->look = NULL;
}

void judge_who(void *user)
{
  static const struct sl_job_ops ops = { .work = look_work, .done = look_done };
  struct seat *s = user;
  struct looking *k = sl_calloc(1, sizeof *k);
  leave(s);
  if (!k || sl_me_ask(&k->ask, s->w, NULL)) {
    sl_free(k);
    return;
  }
  k->seat = s;
  if (sl_job_start(sl_ws_loop(s->w), SL_LANE_LONG, &ops, k, &k->job, NULL)) {
    sl_me_ask_free(&k->ask);
    sl_free(k);
    return;
  }
  s->look = k;
}

void judge_close(void *user)
{
  leave(user);
  sl_free(user);
}

int sl_judge_open(struct sl_ws *w, struct sl_err *err)
{
  struct seat *s = sl_calloc(1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  s->w = w;
  sl_ws_judge(w, &judge_ops, s);
  sl_ws_recorded(w, &judge_recorded);
  int rc = sl_ws_serve(w, &judge_differences_serve, NULL, err);
  rc = rc ? rc : sl_ws_serve(w, &judge_gates_serve, NULL, err);
  rc = rc ? rc : sl_ws_serve(w, &judge_approvals_serve, NULL, err);
  rc = rc ? rc : sl_ws_serve(w, &judge_alarms_serve, NULL, err);
  rc = rc ? rc : sl_ws_serve(w, &judge_lineage_serve, NULL, err);
  return rc ? rc : sl_ws_findings_add(w, &judge_alarms, err);
}
