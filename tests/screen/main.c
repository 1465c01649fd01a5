/* screen_run [--terminal OUT,IN] [--case NAME] SCRIPT...: runs screen scripts; SLUICE_GENERATE=1 writes the pictures. --cases lists the
 * cases of a script; --gaps FOLDER names the views without a gallery. Prints a line a failure, with both pictures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "run.h"

static const char *const states[] = {"full", "loading", "stale", "partial", "empty", "failed"};
static const struct { int w, h; } sizes[] = {{80, 24}, {40, 10}};
static struct { bool terminal, generate; const char *only; int failed, passed; } o;

/* ---- one picture ---- */

static void body_text(const struct step *s, struct sl_buf *out)
{
  sl_buf_init(out, 1 << 20);
  for (size_t i = 0; i < s->nbody; i++) {
    sl_buf_z(out, s->body[i]);
    sl_buf_ch(out, '\n');
  }
}

static bool picture(struct run *r, size_t i, bool roles)
{
  struct step *s = &r->s->step[i];
  struct sl_buf have, want;
  run_picture(r, roles, &have);
  body_text(s, &want);
  bool same = sl_str_eq(sl_buf_view(&have), sl_buf_view(&want)), ok = same;
  if (!same && o.generate)
    script_replace(r->s, i, sl_buf_zstr(&have)), ok = true;
  else if (!same)
    printf("want:\n%shave:\n%s", sl_buf_zstr(&want), sl_buf_zstr(&have));
  if (!ok)
    run_fail(r, s->line, "another picture (SLUICE_GENERATE=1 writes it)");
  if (ok && r->term && !roles)
    ok = pty_picture(r, s->line, sl_buf_zstr(&have));
  sl_buf_free(&have);
  sl_buf_free(&want);
  return ok;
}

/* ---- a plain script: its steps, once ---- */

static bool steps(struct run *r)
{
  bool leading = true; /* the first `fake`s were told before the workspace was opened */
  for (size_t i = 0; i < r->s->n; i++) {
    struct step *s = &r->s->step[i];
    leading = leading && s->kind == STEP_FAKE;
    if (leading || s->kind == STEP_PICTURE)
      continue;
    if (s->kind == STEP_EXPECT ? !picture(r, i, !strcmp(s->arg, "roles")) : !run_step(r, s))
      return false;
  }
  return true;
}

/* ---- a gallery: its steps once for each state and size ---- */

static size_t picture_of(const struct script *s, const char *name)
{
  for (size_t i = 0; i < s->n; i++)
    if (s->step[i].kind == STEP_PICTURE && !strcmp(s->step[i].arg, name))
      return i;
  return SIZE_MAX;
}

static bool gallery_picture(struct run *r, const char *name)
{
  size_t at = picture_of(r->s, name);
  struct sl_buf have;
  char head[64];
  if (at != SIZE_MAX)
    return picture(r, at, false);
  if (!o.generate)
    return run_fail(r, 0, "no `picture %s` (SLUICE_GENERATE=1 adds it)", name);
  run_picture(r, false, &have);
  snprintf(head, sizeof head, "picture %s", name);
  script_append(r->s, head, sl_buf_zstr(&have));
  sl_buf_free(&have);
  return true;
}

static bool gallery_case(struct run *r, const char *state, const char *name)
{
  static const struct step again = {.kind = STEP_RUN, .arg = (char *)(uintptr_t) "refresh"};
  stage_override(r->s->gallery, !strcmp(state, "stale") ? "full" : state);
  if (!steps(r))
    return false;
  if (!strcmp(state, "stale")) { /* it was whole; then asking again fails */
    stage_override(r->s->gallery, "failed");
    sl_loop_clock_advance(r->loop, 120000);
    if (!run_settle(r) || !run_step(r, &again))
      return false;
  }
  return gallery_picture(r, name);
}

/* ---- all of it ---- */

static void one(struct script *s, const char *name, const char *state, int w, int h)
{
  struct run r;
  if (o.only && strcmp(o.only, name))
    return;
  bool ok = run_begin(&r, s, w, h, o.terminal) && (state ? gallery_case(&r, state, name) : steps(&r));
  char error[1000];
  snprintf(error, sizeof error, "%s", r.error);
  run_end(&r);
  o.passed += ok;
  o.failed += !ok;
  if (!ok)
    fprintf(o.terminal ? stderr : stdout, "FAILED %s [%s] %s\n", s->path, name, error);
}

static void script_run(const char *path, bool list)
{
  struct script s;
  if (!script_read(&s, path)) {
    printf("FAILED %s\n", s.error);
    o.failed++;
    script_free(&s);
    return;
  }
  size_t nstates = s.gallery[0] ? sizeof states / sizeof states[0] : 0;
  if (!nstates && list)
    puts("all");
  else if (!nstates)
    one(&s, "all", NULL, s.w, s.h);
  for (size_t i = 0; i < nstates * 2; i++) {
    char name[48];
    snprintf(name, sizeof name, "%s %dx%d", states[i / 2], sizes[i % 2].w, sizes[i % 2].h);
    if (list)
      puts(name);
    else
      one(&s, name, states[i / 2], sizes[i % 2].w, sizes[i % 2].h);
  }
  if (o.generate && !list && !script_save(&s))
    o.failed++;
  script_free(&s);
}

/* Nothing can be forgotten: each view has its gallery. */
static int gaps(const char *folder)
{
  int missing = 0;
  for (const struct sl_view_ops *const *v = sl_views; *v; v++) {
    char path[600];
    struct script s;
    snprintf(path, sizeof path, "%s/%s.screen", folder, (*v)->name);
    bool ok = script_read(&s, path) && s.gallery[0];
    if (!ok)
      printf("FAILED view %s has no gallery: %s\n", (*v)->name, path), missing++;
    script_free(&s);
  }
  return missing > 0;
}

static void pipes_read(const char *arg)
{
  struct sl_str rest = sl_str(arg), out;
  int64_t a = -1, b = -1;
  o.terminal = sl_str_cut(&rest, ',', &out) && sl_str_i64(out, &a) && sl_str_i64(rest, &b);
  pty_pipes((int)a, (int)b);
}

int main(int argc, char **argv)
{
  bool list = false;
  const char *env = getenv("SLUICE_GENERATE");
  o.generate = env && env[0] == '1';
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--terminal") && i + 1 < argc)
      pipes_read(argv[++i]);
    else if (!strcmp(argv[i], "--cases"))
      list = true;
    else if (!strcmp(argv[i], "--case") && i + 1 < argc)
      o.only = argv[++i];
    else if (!strcmp(argv[i], "--gaps") && i + 1 < argc)
      return gaps(argv[++i]);
    else
      script_run(argv[i], list);
  stage_reset();
  if (!list && !o.terminal)
    printf("%d passed, %d failed\n", o.passed, o.failed);
  return o.failed > 0 || (!list && !o.passed);
}
