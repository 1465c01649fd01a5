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
  return sl_app_main(argc, argv);
}
