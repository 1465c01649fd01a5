/* app/cmd_demo.c: `sluice demo`: a complete workspace in a folder, with today as its last day; then the console in it, or a summary. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/demo.h"
#include "base/file.h"
#include "base/mem.h"

int sl_cmd_demo(struct sl_app *a);

struct place { char *dir, *mark, *conf; struct sl_buf made; bool there, ours; };

static void place_free(struct place *p)
{
  sl_free(p->dir);
  sl_free(p->mark);
  sl_free(p->conf);
  sl_buf_free(&p->made);
}

static bool folder_empty(const char *dir)
{
  return !sl_dir_exists(dir) || !rmdir(dir); /* only an empty one goes */
}

static int place_find(struct place *p, const struct sl_app *a, struct sl_err *err)
{
  const char *own = sl_args_text(a->args, SL_O_dir, NULL);
  char *home = own ? NULL : sl_xdg_path(SL_XDG_DATA, "demo");
  *p = (struct place){ .dir = own || home ? sl_path_abs(own ? own : home, NULL) : NULL };
  sl_free(home);
  sl_buf_init(&p->made, 2 << 20);
  p->mark = p->dir ? sl_path_join(p->dir, SL_DEMO_MARKER) : NULL;
  p->conf = p->dir ? sl_path_join(p->dir, "sluice.yaml") : NULL;
  if (!p->mark || !p->conf)
    return sl_err_nomem(err);
  p->ours = sl_file_exists(p->mark);
  p->there = p->ours && sl_file_exists(p->conf);
  return p->ours ? sl_file_read(&p->made, p->mark, 1 << 20, err) : SL_OK;
}

static void name_foreign(const struct sl_demo *d)
{
  enum { NAMED = 5 };
  size_t n = sl_map_count(&d->foreign);
  for (size_t i = 0; i < n && i < NAMED; i++)
    sl_app_note("%s/%.*s stays: the demo did not make it", d->to, SL_ARG(sl_map_key(&d->foreign, i)));
  if (n > NAMED)
    sl_app_note("and %zu more", n - NAMED);
}

/* What the demo wrote there, and what its workspace left in the state folder (its executions and audit). */
static int wipe(struct place *p, struct sl_demo *d, struct sl_app *a, struct sl_err *err)
{
  struct sl_session s = {.app = a};
  char *state = NULL;
  if (p->there && !sl_session_types(&s, err) && !sl_ws_conf_load(&s.conf, p->conf, s.types, s.ntypes, err))
    state = sl_xdg_path(SL_XDG_STATE, sl_ws_conf_id(s.conf));
  sl_session_close(&s);
  int rc = sl_demo_wipe(d, sl_buf_view(&p->made), err);
  if (!rc && state)
    rc = sl_rmtree(state, err);
  sl_free(state);
  if (!rc)
    name_foreign(d);
  p->ours = p->there = false;
  return rc;
}

static const char begun[] = "unfinished";

static bool is_unfinished(const struct place *p)
{
  return sl_str_starts(sl_buf_view(&p->made), sl_str(begun));
}

/* From the first moment, so that a half made one can be removed. */
static int mark(const struct place *p, struct sl_demo *d, const char *first, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  int rc = sl_demo_marker(d, first, &b, err);
  if (!rc)
    rc = sl_file_write(p->mark, sl_buf_view(&b), 0644, err);
  sl_buf_free(&b);
  return rc;
}

static int make(struct place *p, struct sl_demo *d, struct sl_app *a, struct sl_err *err)
{
  struct sl_buf day;
  sl_buf_init(&day, 64);
  sl_layout_format(&day, "%Y-%m-%d", d->today);
  sl_app_note("making the demo in %s, its last day is %s", p->dir, sl_buf_zstr(&day));
  int rc = sl_mkdirs(p->dir, 0755, err);
  if (!rc)
    rc = mark(p, d, begun, err);
  if (!rc)
    rc = sl_demo_copy(d, err);
  if (!rc)
    rc = sl_demo_store(d, err);
  if (!rc)
    rc = sl_demo_sign(d, a, err);
  if (!rc)
    rc = sl_demo_tables(d, a, (int64_t)sl_args_count(a->args, SL_O_rows, 0), err);
  if (!rc)
    rc = sl_demo_times(d, err);
  if (!rc)
    sl_app_note("running the last days' jobs");
  if (!rc)
    rc = sl_demo_jobs(d, a, err);
  if (!rc)
    rc = sl_demo_times(d, err);
  if (!rc)
    rc = sl_demo_rows(d, a, err);
  if (!rc)
    rc = mark(p, d, sl_buf_zstr(&day), err);
  sl_buf_free(&day);
  return rc;
}

static int prepare(struct place *p, struct sl_app *a, struct sl_err *err)
{
  struct sl_demo d;
  int rc = place_find(p, a, err);
  bool again = sl_args_has(a->args, SL_O_reset) || is_unfinished(p);
  if (rc || (p->there && !again))
    return rc;
  if (!(p->ours && again) && !folder_empty(p->dir))
    return sl_err_set(err, SL_EEXIST, "%s is not empty and no demo: choose another folder with --dir", p->dir);
  rc = sl_demo_open(&d, p->dir, sl_app_now(), err);
  if (rc)
    return rc;
  if (p->ours)
    rc = wipe(p, &d, a, err);
  if (!rc)
    rc = make(p, &d, a, err);
  sl_demo_close(&d);
  return rc;
}

/* Without a terminal: where it is, what is wrong in it, what to type next. */
static int summary(struct sl_app *a, const struct place *p)
{
  struct sl_list l = {.query = sl_app_query(a, &sl_res_findings, NULL)};
  sl_app_note("the demo is in %s; what is wrong in it:", p->dir);
  int code = sl_app_list(a, 0, &l);
  sl_app_note("next: sluice -w %s      (the console; docs/TOUR.md walks through it)", p->dir);
  return code;
}

int sl_cmd_demo(struct sl_app *a)
{
  struct place p;
  struct sl_err err = {0};
  if (prepare(&p, a, &err)) {
    place_free(&p);
    return sl_app_fail(a, &err);
  }
  struct sl_args inside = *a->args;
  inside.val[SL_O_workspace] = p.dir;
  a->args = &inside;
  int code = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? sl_console(a) : summary(a, &p);
  place_free(&p);
  return code;
}
