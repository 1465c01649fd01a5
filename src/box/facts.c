/* box/facts.c: how strong the sandbox is on this machine, told by a box that does nothing else; and where engines lie. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "box/box.h"

enum { PROBE_MS = 5000, REPORT_MAX = 16 << 10 };

static const char *const advice_texts[] = {
  "allow user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces); a chroot refuses them",
  "use a kernel with Landlock (5.13 or newer, lsm=landlock): without it only the engine's own settings keep it from other files",
  "files and SQL cannot be opened until this is mended",
};
static const char *const fact_names[] = { "user namespace", "network", "mounts and ipc", "limits", "capabilities", "dumps and ptrace",
  "no_new_privs", "landlock", "seccomp", "start" };

/* Texts of ours, told apart by their beginnings: the caller may keep them. */
static const char *known(struct sl_str s, const char *const *list, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (s.n && sl_str_starts(sl_str(list[i]), s))
      return list[i];
  return NULL;
}

static size_t read_facts(struct sl_str report, struct sl_box_fact *out, size_t max)
{
  struct sl_rd r = sl_rd(report);
  size_t n = 0;
  while (n < max && !r.bad && r.p < r.end) {
    struct sl_str name = sl_rd_lstr(&r);
    bool ok = sl_rd_le(&r, 1);
    struct sl_str value = sl_rd_lstr(&r), advice = sl_rd_lstr(&r);
    const char *mine = known(name, fact_names, sizeof fact_names / sizeof fact_names[0]);
    if (r.bad || !mine)
      break;
    out[n] = (struct sl_box_fact){ .name = mine, .ok = ok };
    out[n].advice = ok ? NULL : known(advice, advice_texts, sizeof advice_texts / sizeof advice_texts[0]);
    snprintf(out[n++].value, sizeof out->value, "%.*s", SL_ARG(value));
  }
  return n;
}

static pid_t probe(int write_end)
{
  posix_spawn_file_actions_t fa;
  char self[] = "/proc/self/exe", box[] = "--box", facts[] = "facts", lang[] = "LANG=C.UTF-8";
  char *argv[] = { self, box, facts, NULL }, *env[] = { lang, NULL };
  pid_t pid = -1;
  if (posix_spawn_file_actions_init(&fa))
    return -1;
  if (posix_spawn_file_actions_adddup2(&fa, write_end, STDOUT_FILENO) ||
      posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
      posix_spawn_file_actions_addopen(&fa, STDERR_FILENO, "/dev/null", O_WRONLY, 0) || posix_spawn(&pid, self, &fa, NULL, argv, env))
    pid = -1;
  posix_spawn_file_actions_destroy(&fa);
  return pid;
}

static void read_report(int fd, struct sl_buf *b)
{
  struct pollfd p = { .fd = fd, .events = POLLIN };
  for (;;) {
    int ready = poll(&p, 1, PROBE_MS);
    if (ready < 0 && errno == EINTR)
      continue;
    char *room = ready > 0 ? sl_buf_room(b, 1024) : NULL;
    ssize_t n = room ? read(fd, room, 1024) : 0;
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return;
    sl_buf_wrote(b, (size_t)n);
  }
}

size_t sl_box_facts(struct sl_box_fact *out, size_t max)
{
  int ends[2];
  struct sl_buf b;
  size_t n = 0;
  if (!max)
    return 0;
  sl_buf_init(&b, REPORT_MAX);
  if (pipe2(ends, O_CLOEXEC) == 0) {
    pid_t pid = probe(ends[1]);
    close(ends[1]);
    if (pid > 0) {
      read_report(ends[0], &b);
      kill(pid, SIGKILL);
      while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    }
    close(ends[0]);
    n = read_facts(sl_buf_view(&b), out, max);
  }
  if (!n)
    out[n++] = (struct sl_box_fact){ .name = "start", .value = "the box does not start", .advice = advice_texts[2] };
  sl_buf_free(&b);
  return n;
}

bool sl_box_engine(const char *const *lib_dirs, const char *soname, char *out, size_t n)
{
  for (; lib_dirs && *lib_dirs; lib_dirs++) {
    int k = snprintf(out, n, "%s/%s", *lib_dirs, soname);
    if ((*lib_dirs)[0] == '/' && k > 0 && (size_t)k < n && sl_file_exists(out))
      return true;
  }
  if (n)
    out[0] = 0;
  return false;
}
