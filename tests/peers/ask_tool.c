/* tests/peers/ask_tool.c: many questions to one open workspace, for tests that ask hundreds: what a process and its connections cost is
 * paid once.
 *
 *   ask_tool WORKSPACE-FILE STATE-DIR    each line of stdin: CONNECTION tab RESOURCE tab SCOPE tab FILTER
 *
 * Answers each with a line: `here` or `there` (where the filter ran), a tab, the ids, sorted, a blank between them; or `!` and why not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "model/backend.h"

extern const struct sl_backend_ops sl_backend_mlflow;

struct tool { struct sl_loop *l; struct sl_ws *w; struct sl_snap *snap; bool done, here; struct sl_err err; };

static void changed(void *user, sl_watch id, const struct sl_answer *a)
{
  struct tool *t = user;
  (void)id;
  if (!a->done)
    return;
  t->done = true;
  t->here = a->filtered_here;
  t->snap = a->snap ? sl_snap_ref(a->snap) : NULL;
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state != SL_WHOLE)
      sl_err_set(&t->err, a->src[i].err.code ? a->src[i].err.code : SL_EIO, "%s", a->src[i].err.msg);
}

static int by_bytes(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_ids(struct tool *t)
{
  uint64_t n = t->snap ? sl_snap_count(t->snap) : 0;
  char **id = sl_calloc(n + 1, sizeof *id);
  for (uint64_t i = 0; i < n && id; i++) {
    struct sl_batch *b = NULL;
    if (sl_snap_page_wait(t->snap, i, 1, &b, &t->err))
      break;
    id[i] = sl_strndup(sl_batch_id(b, 0).p, sl_batch_id(b, 0).n);
    sl_batch_unref(b);
  }
  if (t->err.code || !id) {
    printf("! %s\n", t->err.msg);
  } else {
    qsort(id, n, sizeof *id, by_bytes);
    printf("%s\t", t->here ? "here" : "there");
    for (uint64_t i = 0; i < n; i++)
      printf("%s%s", i ? " " : "", id[i]);
    printf("\n");
  }
  for (uint64_t i = 0; i < n && id; i++)
    sl_free(id[i]);
  sl_free(id);
}

static void ask(struct tool *t, char *line)
{
  struct sl_str rest = sl_str(line), conn = SL_STR_NONE, res = SL_STR_NONE, scope = SL_STR_NONE;
  sl_str_cut(&rest, '\t', &conn);
  sl_str_cut(&rest, '\t', &res);
  sl_str_cut(&rest, '\t', &scope);
  struct sl_query like = { .res = sl_resource_find(res), .kind = SL_Q_LIST, .conn = conn, .scope = scope }, *q = NULL;
  sl_watch id = { 0 };
  t->done = false;
  t->err = (struct sl_err){ 0 };
  int rc = sl_filter_parse(&like.where, rest, sl_loop_wall(t->l), NULL, &t->err);
  rc = rc ? rc : sl_query_new(&q, &like, &t->err);
  rc = rc ? rc : sl_ws_query(t->w, q, true, changed, t, &id, &t->err);
  while (!rc && !t->done)
    sl_loop_turn(t->l, 100);
  print_ids(t);
  fflush(stdout);
  sl_snap_unref(t->snap);
  t->snap = NULL;
  sl_query_unref(q);
  sl_filter_unref(like.where);
}

static int workspace_open(struct tool *t, const char *file, const char *state)
{
  static const struct sl_backend_ops *const backends[] = { &sl_backend_mlflow, NULL };
  const struct sl_type_conf type = { .type = "mlflow", .help = "", .settings = sl_backend_mlflow.settings,
                                     .nsettings = sl_backend_mlflow.nsettings };
  struct sl_ws_conf *conf = NULL;
  int rc = sl_loop_open(&t->l, &t->err);
  rc = rc ? rc : sl_ws_conf_load(&conf, file, &type, 1, &t->err);
  struct sl_ws_opts o = { .conf = conf, .backends = backends, .state_dir = state, .headless = true, .no_input = true };
  rc = rc ? rc : sl_ws_open(&t->w, t->l, &o, &t->err);
  sl_ws_conf_unref(conf);
  return rc;
}

int main(int argc, char **argv)
{
  struct tool t = { .l = NULL };
  static char line[1 << 16];
  if (argc != 3) {
    fprintf(stderr, "ask_tool WORKSPACE-FILE STATE-DIR\n");
    return 2;
  }
  int rc = workspace_open(&t, argv[1], argv[2]);
  while (!rc && fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    ask(&t, line);
  }
  if (rc)
    fprintf(stderr, "%s\n", t.err.msg);
  if (t.w)
    sl_ws_close(t.w);
  if (t.l)
    sl_loop_close(t.l);
  return rc != SL_OK;
}
