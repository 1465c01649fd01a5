/* judge/lease_turn.c: a decision's turn: taken before the facts are read again, looked at once more right before it is sent, given back
 * when what was written was read. Nothing is done where a store compares by itself, or where no lease is asked for.
 *
 * In the registry a lease is a tag, which the last writer wins. It is believed when it has stood for SL_LEASE_SETTLE_MS and was written
 * within that time of having been seen free: then of two who both saw it free, the one who wrote first reads the other's. Who was slower
 * than that gives up, and leaves the tag to run out: it may have overwritten somebody's. */
#include "judge/decide_int.h"

#include <stdio.h>

#include "base/json.h"

static const char *dir_of(const struct deciding *d) { return d->policy->lease + 4; }

static int what_of(const struct deciding *d, struct sl_buf *out, struct sl_err *err)
{
  sl_buf_printf(out, "%.*s\n%.*s", SL_ARG(d->registry), SL_ARG(d->model));
  return sl_buf_check(out, err);
}

static void turn_over(struct deciding *d, int rc, const struct sl_err *err)
{
  struct turn *t = &d->turn;
  void (*then)(struct deciding *, int, const struct sl_err *) = t->then;
  if (!rc && t->note.n && sl_judging_note(d->j, sl_buf_zstr(&t->note), NULL))
    rc = SL_ENOMEM;
  sl_buf_clear(&t->note);
  t->then = NULL;
  then(d, rc, err);
}

void turn_words(const struct deciding *d, struct sl_buf *out)
{
  sl_turns_words(sl_turns(d->registry, d->policy), d->policy, out);
}

int turn_look(const struct deciding *d, struct sl_err *err)
{
  bool here = !sl_ws_replay(d->w) && sl_turns(d->registry, d->policy) == SL_TURNS_DIR; /* a recording's folder is elsewhere */
  return here ? sl_lease_dir_look(dir_of(d), err) : SL_OK;
}

/* ---- in a folder ---- */

static int take_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct deciding *d = user;
  struct turn *t = &d->turn;
  struct sl_buf what;
  (void)err;
  sl_buf_init(&what, 0);
  t->rc = what_of(d, &what, &t->err);
  t->rc = t->rc ? t->rc : sl_lease_dir_take(&t->dir, dir_of(d), sl_buf_view(&what), &t->me, &t->note, &t->err);
  if (!t->rc && atomic_load(cancel)) /* nobody wants it any more */
    (void)!sl_lease_dir_give_back(&t->dir, dir_of(d), &t->me, &(struct sl_err){ 0 });
  sl_buf_free(&what);
  return SL_OK;
}

static int check_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct deciding *d = user;
  (void)cancel;
  (void)err;
  d->turn.rc = sl_lease_dir_check(&d->turn.dir, dir_of(d), &d->turn.err);
  return SL_OK;
}

static int back_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct deciding *d = user;
  (void)cancel;
  (void)err;
  d->turn.rc = sl_lease_dir_give_back(&d->turn.dir, dir_of(d), &d->turn.me, &d->turn.err);
  return SL_OK;
}

static void taken(void *user, int rc, const struct sl_err *err)
{
  struct deciding *d = user;
  struct turn *t = &d->turn;
  if (rc) { /* it never ran */
    t->rc = rc;
    t->err = *err;
  }
  if (!decide_back(d, SL_OK, NULL))
    return;
  t->held = !t->rc;
  if (t->held)
    sl_buf_printf(&t->note, "%sheld the lease %s.%llu", t->note.n ? ", " : "", t->dir.name, (unsigned long long)t->dir.number);
  turn_over(d, t->rc, &t->err);
}

static void checked(void *user, int rc, const struct sl_err *err)
{
  struct deciding *d = user;
  if (rc) {
    d->turn.rc = rc;
    d->turn.err = *err;
  }
  if (decide_back(d, SL_OK, NULL))
    turn_over(d, d->turn.rc, &d->turn.err);
}

static void not_given_back(struct deciding *d, const struct sl_err *err)
{
  sl_buf_printf(&d->turn.note, "the lease was not given back and ends by itself: %.120s", err->msg);
}

static void given_back(void *user, int rc, const struct sl_err *err)
{
  struct deciding *d = user;
  struct turn *t = &d->turn;
  if (!decide_back(d, SL_OK, NULL))
    return;
  if (rc || t->rc)
    not_given_back(d, rc ? err : &t->err);
  turn_over(d, SL_OK, NULL);
}

static void in_lane(struct deciding *d, const struct sl_job_ops *ops)
{
  struct sl_err err = { 0 };
  d->turn.rc = SL_OK;
  d->turn.err = (struct sl_err){ 0 };
  int rc = decide_lane(d, ops, &err);
  if (rc)
    turn_over(d, rc, &err);
}

/* ---- in the registry ---- */

/* The tag's text; none where there is none. Tags of models are in the registry's own document: [{"key":...,"value":...}]. */
static int tag_seen(struct deciding *d, const struct sl_answer *a, struct sl_str *out, struct sl_err *err)
{
  json_t *j = NULL, *one;
  size_t i;
  int rc = decide_answer_rc(a, err);
  *out = SL_STR_NONE;
  if (!rc && !a->doc.n)
    rc = sl_err_set(err, SL_EPROTO, "the registry does not say which tags the model has");
  rc = rc ? rc : sl_json_load(&j, a->doc, false, err);
  json_array_foreach(json_object_get(j, "tags"), i, one)
    if (!rc && sl_str_eqz(sl_json_str(one, "key"), SL_LEASE_TAG))
      rc = decide_keep(d, out, sl_json_str(one, "value"), err);
  json_decref(j);
  return rc;
}

static void tag_ask(struct deciding *d, sl_changed *fn)
{
  struct sl_err err = { 0 };
  int rc = decide_ask(d, &sl_res_models, SL_Q_GET, "name", fn, &err);
  if (rc)
    turn_over(d, rc, &err);
}

/* ECONFLICT: it is held. What is none of ours, or lasts longer than any, holds nobody up: who has a lease looks again before he writes. */
static int tag_free(struct deciding *d, struct sl_err *err)
{
  struct turn *t = &d->turn;
  struct sl_holder h;
  sl_ms now = sl_ws_now(d->w);
  if (!t->seen.n)
    return SL_OK;
  bool read = sl_holder_read(&h, t->seen), odd = !read || h.until > now + SL_LEASE_MS + SL_LEASE_SKEW_MS;
  if (odd)
    sl_buf_z(&t->note, "overwrote a tag " SL_LEASE_TAG " that is no lease of ours");
  else if (h.until && h.until + SL_LEASE_GRACE_MS > now)
    return sl_holder_busy(&h, h.until + SL_LEASE_GRACE_MS, "the registry's tag " SL_LEASE_TAG, err);
  else if (h.until)
    sl_buf_printf(&t->note, "took over the lease of %s (process %lld on %s), which ended %lld s ago", h.by, (long long)h.pid, h.host,
                  (long long)((now - h.until) / 1000));
  return SL_OK;
}

/* Whose tag stands there now. */
static int tag_ours(struct deciding *d, struct sl_str now, struct sl_err *err)
{
  struct sl_holder h;
  if (sl_str_eq(now, d->turn.text))
    return SL_OK;
  if (now.p && sl_holder_read(&h, now) && h.until)
    return sl_holder_busy(&h, h.until + SL_LEASE_GRACE_MS, "they took the registry's tag " SL_LEASE_TAG " at the same time", err);
  return sl_err_set(err, SL_ECONFLICT, "somebody took the registry's tag " SL_LEASE_TAG " away meanwhile; look again");
}

static void on_again(void *user, sl_watch id, const struct sl_answer *a)
{
  struct deciding *d = user;
  struct turn *t = &d->turn;
  struct sl_err err = { 0 };
  struct sl_str now;
  (void)id;
  if (!a->done)
    return;
  d->watch.v = 0;
  int rc = tag_seen(d, a, &now, &err);
  rc = rc ? rc : tag_ours(d, now, &err);
  int64_t left = SL_LEASE_MS - (sl_ws_mono(d->w) - t->began);
  if (!rc && t->held && left < SL_LEASE_NEEDS_MS)
    rc = sl_err_set(&err, SL_ECONFLICT, "looking again took %lld s, and the lease does not last for the writing; try again",
                    (long long)((SL_LEASE_MS - left) / 1000));
  if (!rc && !t->held)
    sl_buf_printf(&t->note, "%sheld the registry's tag " SL_LEASE_TAG, t->note.n ? ", " : "");
  t->held = t->held || !rc;
  turn_over(d, rc, &err);
}

static void settled(void *user)
{
  struct deciding *d = user;
  d->turn.timer.v = 0;
  tag_ask(d, on_again);
}

static void on_set(void *user, int rc, const struct sl_err *err)
{
  struct deciding *d = user;
  struct turn *t = &d->turn;
  struct sl_err e = rc ? *err : (struct sl_err){ 0 };
  int64_t took = sl_ws_mono(d->w) - t->began;
  if (rc == SL_EIO || rc == SL_ECONFLICT) {
    struct sl_err was = e;
    rc = sl_err_set(&e, SL_ECONFLICT, "the lease was not taken: %.200s", was.msg);
  } else if (rc) {
    sl_err_prefix(&e, "the lease was not taken");
  } else if (took >= SL_LEASE_SETTLE_MS) {
    rc = sl_err_set(&e, SL_ECONFLICT, "the registry took %.1f s to take the lease; kept in it a lease is good below %d s only. Try again "
                    "in %d s, or use lease: dir:PATH", (double)took / 1000, SL_LEASE_SETTLE_MS / 1000, SL_LEASE_MS / 1000);
  }
  if (!rc)
    rc = sl_timer_start(sl_ws_loop(d->w), SL_LEASE_SETTLE_MS, 0, settled, d, &t->timer, &e);
  if (rc)
    turn_over(d, rc, &e);
}

static int tag_take(struct deciding *d, struct sl_err *err)
{
  struct turn *t = &d->turn;
  struct sl_buf text;
  int rc = tag_free(d, err);
  if (rc)
    return rc;
  sl_buf_init(&text, SL_LEASE_TEXT_MAX);
  rc = sl_holder_text(&text, &t->me, err);
  rc = rc ? rc : decide_keep(d, &t->text, sl_buf_view(&text), err);
  sl_buf_free(&text);
  return rc ? rc : sl_judging_tag(d->j, d->model, SL_STR(SL_LEASE_TAG), t->seen, t->text, on_set, d, err);
}

static void on_first(void *user, sl_watch id, const struct sl_answer *a)
{
  struct deciding *d = user;
  struct sl_err err = { 0 };
  (void)id;
  if (!a->done)
    return;
  d->watch.v = 0;
  int rc = tag_seen(d, a, &d->turn.seen, &err);
  rc = rc ? rc : tag_take(d, &err);
  if (rc)
    turn_over(d, rc, &err);
}

static void on_removed(void *user, int rc, const struct sl_err *err)
{
  struct deciding *d = user;
  if (rc)
    not_given_back(d, err);
  turn_over(d, SL_OK, NULL);
}

/* ---- the turn ---- */

void turn_take(struct deciding *d, void (*then)(struct deciding *d, int rc, const struct sl_err *err))
{
  static const struct sl_job_ops ops = { .work = take_work, .done = taken };
  struct turn *t = &d->turn;
  struct sl_err err = { 0 };
  t->kind = sl_turns(d->registry, d->policy);
  t->then = then;
  t->began = sl_ws_mono(d->w);
  sl_buf_init(&t->note, 4096);
  int rc = sl_holder_me(&t->me, d->me.name, sl_ws_now(d->w), &err);
  if (rc)
    turn_over(d, rc, &err);
  else if (t->kind == SL_TURNS_DIR)
    in_lane(d, &ops);
  else if (t->kind == SL_TURNS_REGISTRY)
    tag_ask(d, on_first);
  else
    turn_over(d, SL_OK, NULL);
}

void turn_check(struct deciding *d, void (*then)(struct deciding *d, int rc, const struct sl_err *err))
{
  static const struct sl_job_ops ops = { .work = check_work, .done = checked };
  struct turn *t = &d->turn;
  t->then = then;
  if (t->kind == SL_TURNS_DIR)
    in_lane(d, &ops);
  else if (t->kind == SL_TURNS_REGISTRY)
    tag_ask(d, on_again);
  else
    turn_over(d, SL_OK, NULL);
}

/* While nobody knows how the writing ended, a late call may still come through: nobody else shall begin before the lease has run out. */
void turn_give_back(struct deciding *d, void (*then)(struct deciding *d, int rc, const struct sl_err *err))
{
  static const struct sl_job_ops ops = { .work = back_work, .done = given_back };
  struct turn *t = &d->turn;
  struct sl_err err = { 0 };
  bool held = t->held;
  t->then = then;
  t->held = false;
  if (held && sl_judging_rc(d->j) == SL_EUNKNOWN) {
    sl_buf_z(&t->note, "the lease stays until it runs out: how this ended is not known");
    held = false;
  }
  if (!held || t->kind != SL_TURNS_REGISTRY) {
    if (held)
      in_lane(d, &ops);
    else
      turn_over(d, SL_OK, NULL);
    return;
  }
  if (!sl_judging_tag(d->j, d->model, SL_STR(SL_LEASE_TAG), t->text, SL_STR_NONE, on_removed, d, &err))
    return;
  not_given_back(d, &err);
  turn_over(d, SL_OK, NULL);
}

void turn_stop(struct deciding *d)
{
  if (d->turn.timer.v)
    sl_timer_stop(sl_ws_loop(d->w), &d->turn.timer);
}
