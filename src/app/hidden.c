/* app/hidden.c: what the program is besides a console, chosen by its first argument before anything else is read: the sandboxed box, the
 * supervisor of a local job, and what writes the pages and completions. */
#include <string.h>

#include "app/app.h"
#include "app/complete.h"
#include "app/evidence.h"
#include "app/gen.h"
#include "box/box.h"
#if __has_include("backend_local/local.h")
#include "backend_local/local.h"
#endif

static int generate(const char *kind)
{
  struct sl_app a = { 0 };
  struct sl_err err = { 0 };
  sl_out_open(&a.out, 1);
  int rc = sl_generate(&a.out.b, kind, &err);
  rc = rc ? rc : sl_out_flush(&a.out, &err);
  int code = rc ? sl_app_fail(&a, &err) : SL_EXIT_OK;
  sl_out_close(&a.out);
  return code;
}

/* [-w WORKSPACE] --complete KIND [FIRST] */
static bool complete(int argc, char **argv, int *code)
{
  int at = argc > 3 && !strcmp(argv[1], "-w") ? 3 : 1;
  if (argc <= at + 1 || strcmp(argv[at], "--complete") != 0)
    return false;
  struct sl_app a = { 0 };
  sl_out_open(&a.out, 1);
  *code = sl_complete(&a, at == 3 ? argv[2] : NULL, argv[at + 1], argc > at + 2 ? argv[at + 2] : "");
  sl_out_close(&a.out);
  return true;
}

/* --evidence KIND MODEL/VERSION: a step of a job; the workspace is in the environment. */
static int evidence(const char *kind, const char *what)
{
  struct sl_app a = { 0 };
  sl_out_open(&a.out, 1);
  int code = sl_evidence_main(&a, kind, what);
  sl_out_close(&a.out);
  return code;
}

bool sl_hidden(int argc, char **argv, int *code)
{
  const char *first = argc > 1 ? argv[1] : "";
  if (!strcmp(first, "--box"))
    return *code = sl_box_main(argc, argv), true;
#if __has_include("backend_local/local.h")
  if (!strcmp(first, "--run"))
    return *code = sl_local_run_main(argc, argv), true;
#endif
  if (!strcmp(first, "--generate"))
    return *code = generate(argc > 2 ? argv[2] : ""), true;
  if (!strcmp(first, "--evidence") && argc == 4)
    return *code = evidence(argv[2], argv[3]), true;
  return complete(argc, argv, code);
}
