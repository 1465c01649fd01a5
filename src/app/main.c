/* app/main.c: what comes before everything else: memory, secrets, crashes, the trace; then the command line. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/trace.h"

/* A closed descriptor 0, 1 or 2 would become some file of ours. Reading then ends at once, writing fails and says so. */
static void standard_descriptors(void)
{
  for (int fd = 0; fd < 3; fd++)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
      int got = open("/dev/null", fd == 0 ? O_RDONLY : fd == 1 ? O_RDONLY : O_WRONLY);
      if (got >= 0 && got != fd) {
        dup2(got, fd);
        close(got);
      }
    }
}

static void ignore_pipe(void)
{
  struct sigaction sa = { .sa_handler = SIG_IGN };
  sigemptyset(&sa.sa_mask);
  sigaction(SIGPIPE, &sa, NULL);
  sigaction(SIGXFSZ, &sa, NULL); /* a file at its limit is an error of the write, not the end */
}

static char *own_path(void)
{
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  return n > 0 ? sl_strndup(path, (size_t)n) : NULL;
}

static int print_text(struct sl_app *a, const struct sl_cmd *c)
{
  struct sl_err err = { 0 };
  if (sl_args_has(a->args, SL_O_version))
    sl_buf_printf(&a->out.b, "sluice %s (build %s)\n", sl_version(), sl_build_id());
  else if (c)
    sl_help_cmd(&a->out.b, c);
  else
    sl_help_all(&a->out.b);
  return sl_out_flush(&a->out, &err) ? sl_app_fail(a, &err) : SL_EXIT_OK;
}

static int run(struct sl_app *a, int argc, char **argv)
{
  static struct sl_args args;
  struct sl_err err = { 0 };
  int rc = sl_args_parse(&args, argc, argv, &err);
  a->args = &args;
  if (rc)
    return sl_app_fail(a, &err);
  a->format = sl_format_of(sl_args_text(&args, SL_O_output, NULL));
  if (sl_args_has(&args, SL_O_help) || sl_args_has(&args, SL_O_version))
    return print_text(a, args.cmd);
  if (args.cmd)
    return args.cmd->run(a);
  return sl_console(a);
}

int main(int argc, char **argv)
{
  standard_descriptors();
  sl_mem_install_hooks();
  sl_secret_process_init();
  sl_trace_init();
  ignore_pipe();
  setlocale(LC_CTYPE, "");
  sl_crash_init();
  int code;
  if (sl_hidden(argc, argv, &code))
    return code;
  struct sl_app a = { 0 };
  sl_out_open(&a.out, STDOUT_FILENO);
  a.exe = own_path();
  code = run(&a, argc, argv);
  code = code ? code : a.tape_code;
  sl_out_close(&a.out);
  sl_free(a.exe);
  return code;
}
