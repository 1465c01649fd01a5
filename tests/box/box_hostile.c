/* A hostile program in the engine's place: it tries to get out, and tells what refused it.
 *
 * Each attempt is one row: what, done or refused, errno's name, and which wall it was (seccomp answers EPERM, Landlock EACCES, an empty
 * namespace whatever the attempt would find there). No attempt that succeeds passes; where the kernel lacks a wall,
     the facts must say so. */
#include "box_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "box/inside.h"

extern char **environ;

/* ---- attempts: -1 with errno when refused, 0 when they got out ---- */

struct outside { char outside[256], root_file[256]; int parent; unsigned short port; };
static struct outside o;

static int try_open(const char *path, int flags)
{
  int fd = open(path, flags, 0600);
  if (fd < 0)
    return -1;
  close(fd);
  return 0;
}

static int open_outside(void) { return try_open(o.outside, O_RDONLY); }
static int open_passwd(void) { return try_open("/etc/passwd", O_RDONLY); }
static int open_root_dir(void) { return try_open("/", O_RDONLY | O_DIRECTORY); }
static int open_usr(void) { return try_open("/usr", O_RDONLY | O_DIRECTORY); }
static int open_proc(void) { return try_open("/proc/self/maps", O_RDONLY); }
static int open_mem(void) { return try_open("/proc/self/mem", O_RDWR); }
static int open_parent_environ(void)
{
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/environ", o.parent);
  return try_open(path, O_RDONLY);
}
static int open_device(void) { return try_open("/dev/zero", O_RDONLY); }
static int write_root(void) { return try_open(o.root_file, O_WRONLY); }
static int truncate_root(void) { return try_open(o.root_file, O_WRONLY | O_TRUNC); }
static int create_in_root(void)
{
  char path[300];
  snprintf(path, sizeof path, "%s.new", o.root_file);
  return try_open(path, O_WRONLY | O_CREAT);
}
static int unlink_root(void) { return unlink(o.root_file); }
static int rename_root(void)
{
  char path[300];
  snprintf(path, sizeof path, "%s.new", o.root_file);
  return rename(o.root_file, path);
}
static int create_outside(void) { return try_open("/tmp/sluice-hostile", O_WRONLY | O_CREAT); }
static int chmod_root(void) { return chmod(o.root_file, 0777); }
static int chown_root(void) { return chown(o.root_file, 1, 1); }
static int utimes_root(void) { return utimensat(AT_FDCWD, o.root_file, NULL, 0); }
static int symlink_scratch(void) { return symlink("/etc/passwd", "link"); }
static int hardlink_scratch(void) { return link(o.root_file, "link"); }
static int mkfifo_scratch(void) { return mkfifo("fifo", 0600); }
static int dotdot(void)
{
  char path[600];
  snprintf(path, sizeof path, "%.*s/../../../../etc/passwd", (int)(strrchr(o.root_file, '/') - o.root_file), o.root_file);
  return try_open(path, O_RDONLY);
}

static int connect_to(int type, uint32_t ip)
{
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(o.port), .sin_addr = { htonl(ip) } };
  int fd = socket(AF_INET, type, 0);
  return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&a, sizeof a);
}
static int tcp_loopback(void) { return connect_to(SOCK_STREAM, INADDR_LOOPBACK); }
static int tcp_outside(void) { return connect_to(SOCK_STREAM, 0x08080808); }
static int udp_outside(void) { return connect_to(SOCK_DGRAM, 0x08080808); }
static int raw_socket(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 ? -1 : 0; }
static int netlink(void) { return socket(AF_NETLINK, SOCK_RAW, 0) < 0 ? -1 : 0; }
static int unix_socket(void) { return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? -1 : 0; }
static int socket_pair(void)
{
  int s[2];
  return socketpair(AF_UNIX, SOCK_STREAM, 0, s);
}

static int fork_plain(void)
{
  long pid = syscall(SYS_fork);
  if (!pid)
    _exit(0);
  return pid < 0 ? -1 : 0;
}
static int fork_clone(void)
{
  pid_t pid = fork();
  if (!pid)
    _exit(0);
  return pid < 0 ? -1 : 0;
}
static int fork_vfork(void)
{
  long pid = syscall(SYS_vfork);
  if (!pid)
    _exit(0);
  return pid < 0 ? -1 : 0;
}
static int clone3_process(void)
{
  uint64_t args[8] = { 0 };
  long pid = syscall(SYS_clone3, args, sizeof args);
  if (!pid)
    _exit(0);
  return pid < 0 ? -1 : 0;
}
static int exec_shell(void)
{
  char sh[] = "/bin/sh", *argv[] = { sh, NULL };
  return execve(sh, argv, environ);
}
static int exec_at(void) { return (int)syscall(SYS_execveat, AT_FDCWD, "/bin/sh", NULL, NULL, 0); }

static int trace_parent(void) { return ptrace(PTRACE_ATTACH, o.parent, NULL, NULL) < 0 ? -1 : 0; }
static int trace_me(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? -1 : 0; }
static int kill_parent(void) { return kill(o.parent, SIGCONT); }
static int kill_all(void) { return kill(-1, 0); }
static int tgkill_parent(void) { return (int)syscall(SYS_tgkill, o.parent, o.parent, SIGCONT); }
static int queue_parent(void) { return sigqueue(o.parent, SIGCONT, (union sigval){ .sival_int = 0 }); }
static int read_parent(void)
{
  char b[8];
  struct iovec l = { b, sizeof b }, r = { (void *)(uintptr_t)&o, sizeof b };
  return process_vm_readv(o.parent, &l, 1, &r, 1, 0) < 0 ? -1 : 0;
}
static int pidfd_parent(void) { return (int)syscall(SYS_pidfd_open, o.parent, 0) < 0 ? -1 : 0; }
static int limit_parent(void)
{
  struct rlimit l = { 1000, 1000 };
  return prlimit(o.parent, RLIMIT_NOFILE, &l, NULL);
}
static int nice_parent(void) { return setpriority(PRIO_PROCESS, (id_t)o.parent, 19); }
static int raise_limit(void)
{
  struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY };
  return setrlimit(RLIMIT_CORE, &l);
}

static int mount_tmp(void) { return mount("none", "/tmp", "tmpfs", 0, NULL); }
static int change_root(void) { return chroot("/tmp"); }
static int new_namespace(void) { return unshare(CLONE_NEWUSER); }
static int enter_namespace(void) { return setns(WIRE_FD, 0); }
static int become_root(void) { return setuid(0); }
static int add_key(void) { return (int)syscall(SYS_add_key, "user", "k", "v", 1, -2); }
static int use_bpf(void) { return (int)syscall(SYS_bpf, 0, NULL, 0); }
static int use_perf(void) { return (int)syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0); }
static int use_uring(void) { return (int)syscall(SYS_io_uring_setup, 1, NULL); }
static int use_userfault(void) { return (int)syscall(SYS_userfaultfd, 0); }
static int use_memfd(void) { return (int)syscall(SYS_memfd_create, "x", 0); }
static int use_ioctl(void) { return (int)syscall(SYS_ioctl, 0, 0x5412, "x"); }
static int make_dumpable(void) { return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }
static int no_seccomp(void) { return prctl(PR_SET_SECCOMP, 0, 0, 0, 0); }
static int map_code(void) { return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0) == MAP_FAILED ? -1 : 0; }
static int make_code(void)
{
  void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static int set_clock(void) { return settimeofday(&(struct timeval){ 0, 0 }, NULL); }
static int reboot_all(void) { return (int)syscall(SYS_reboot, 0, 0, 0, NULL); }
static int own_pipe_signal(void) { return fcntl(WIRE_FD, F_SETOWN, o.parent); }

#define TRY(f) { #f, f }
static const struct { const char *name; int (*run)(void); } attempts[] = {
  TRY(open_outside), TRY(open_passwd), TRY(open_root_dir), TRY(open_usr), TRY(open_proc), TRY(open_mem), TRY(open_parent_environ),
  TRY(open_device), TRY(write_root), TRY(truncate_root), TRY(create_in_root), TRY(unlink_root), TRY(rename_root), TRY(create_outside),
  TRY(chmod_root), TRY(chown_root), TRY(utimes_root), TRY(symlink_scratch), TRY(hardlink_scratch), TRY(mkfifo_scratch), TRY(dotdot),
  TRY(tcp_loopback), TRY(tcp_outside), TRY(udp_outside), TRY(raw_socket), TRY(netlink), TRY(unix_socket), TRY(socket_pair),
  TRY(fork_plain), TRY(fork_clone), TRY(fork_vfork), TRY(clone3_process), TRY(exec_shell), TRY(exec_at),
  TRY(trace_parent), TRY(trace_me), TRY(kill_parent), TRY(kill_all), TRY(tgkill_parent), TRY(queue_parent), TRY(read_parent),
  TRY(pidfd_parent), TRY(limit_parent), TRY(nice_parent), TRY(raise_limit),
  TRY(mount_tmp), TRY(change_root), TRY(new_namespace), TRY(enter_namespace), TRY(become_root), TRY(add_key), TRY(use_bpf), TRY(use_perf),
  TRY(use_uring), TRY(use_userfault), TRY(use_memfd), TRY(use_ioctl), TRY(make_dumpable), TRY(no_seccomp), TRY(map_code), TRY(make_code),
  TRY(set_clock), TRY(reboot_all), TRY(own_pipe_signal),
};
enum { ATTEMPTS = sizeof attempts / sizeof attempts[0] };

/* Who answers with what: calls that seccomp lets through are the file calls, and those are Landlock's. */
static const char *wall(int errnum)
{
  return errnum == EACCES ? "landlock" : errnum == EPERM ? "seccomp" : errnum == ENOSYS ? "seccomp" : "?";
}

static int hostile_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  struct sl_buf b;
  if (text.n != sizeof o)
    return sl_err_set(err, SL_EINTERNAL, "no target");
  memcpy(&o, text.p, sizeof o);
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < ATTEMPTS; i++) {
    errno = 0;
    int got = attempts[i].run();
    int errnum = errno;
    sl_buf_printf(&b, "%s %s %s %s\n", attempts[i].name, got < 0 ? "refused" : "DONE", got < 0 ? strerrorname_np(errnum) : "-",
                  got < 0 ? wall(errnum) : "-");
  }
  int rc = box_bytes(c, b.p, b.n, err);
  sl_buf_free(&b);
  return rc;
}
static const struct sl_box_worker hostile = { .kind = "hostile", .run = hostile_run };

/* ---- what it can look at: descriptors, environment, limits, its own standing ---- */

static int look_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  struct sl_buf b;
  struct rlimit core;
  (void)text;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "fds");
  for (int fd = 0; fd < 4096; fd++)
    if (fcntl(fd, F_GETFD) >= 0)
      sl_buf_printf(&b, " %d", fd);
  sl_buf_z(&b, "\nenv");
  for (char **e = environ; *e; e++)
    sl_buf_printf(&b, " %s", *e);
  getrlimit(RLIMIT_CORE, &core);
  sl_buf_printf(&b, "\ncore %llu\n", (unsigned long long)core.rlim_max);
  struct stat st;
  for (int fd = 0; fd < 3; fd++)
    sl_buf_printf(&b, "%s", fstat(fd, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)) ? "ok " : "bad ");
  int rc = box_bytes(c, b.p, b.n, err);
  sl_buf_free(&b);
  return rc;
}
static const struct sl_box_worker look = { .kind = "look", .run = look_run };

/* ---- one that lies on the wire ---- */

static int lie_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  (void)c;
  if (sl_str_eqz(text, "rows"))
    return wire_send(WIRE_FD, WIRE_ROWS, SL_STR("no head came"), err);
  if (sl_str_eqz(text, "head"))
    return wire_send(WIRE_FD, WIRE_HEAD, SL_STR("12345678garbage"), err);
  if (sl_str_eqz(text, "feed"))
    return wire_send(WIRE_FD, WIRE_FEED, SL_STR("\7\0\0\0"), err);
  if (sl_str_eqz(text, "kind"))
    return wire_send(WIRE_FD, 99, SL_STR(""), err);
  if (sl_str_eqz(text, "long"))
    return send(WIRE_FD, "\377\377\377\377\023", 5, 0) == 5 ? (sleep(60), SL_OK) : SL_EIO;
  if (sl_str_eqz(text, "file"))
    return wire_send(WIRE_FD, WIRE_DONE, SL_STR("\0\0\0\0\0\0\0\0\1\1\0\0\0\0\0\0\0"), err);
  if (sl_str_eqz(text, "close")) {
    shutdown(WIRE_FD, SHUT_RDWR);
    sleep(60);
  }
  if (sl_str_eqz(text, "exit"))
    _exit(7);
  if (sl_str_eqz(text, "abort")) {
    fputs("first line\nlast words \033[31m\n", stderr);
    abort();
  }
  return SL_OK;
}
static const struct sl_box_worker lie = { .kind = "lie", .run = lie_run };

/* ---- the tests ---- */

static bool fact(const struct sl_box_fact *f, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (!strcmp(f[i].name, name))
      return f[i].ok;
  fail_msg("no fact called %s", name);
  return false;
}

static void facts_are_told(void **state)
{
  (void)state;
  struct sl_box_fact f[16];
  size_t n = sl_box_facts(f, 16);
  for (size_t i = 0; i < n; i++) {
    print_message("  %-16s %-3s %s%s%s\n", f[i].name, f[i].ok ? "yes" : "NO", f[i].value, f[i].advice ? "; " : "",
                  f[i].advice ? f[i].advice : "");
    assert_true(f[i].value[0]);
    assert_true(f[i].ok || f[i].advice || !strcmp(f[i].name, "limits"));
  }
  static const char *const must[] = { "no_new_privs", "seccomp", "capabilities", "dumps and ptrace" };
  for (size_t i = 0; i < sizeof must / sizeof must[0]; i++)
    assert_true(fact(f, n, must[i]));
  fact(f, n, "user namespace");
  fact(f, n, "landlock");
  fact(f, n, "network");
}

/* A wall that this kernel lacks shows as DONE: then facts must have said so. Only Landlock's can be missing: seccomp is required. */
static void nothing_gets_out(void **state)
{
  (void)state;
  struct sl_box_fact f[16];
  size_t n = sl_box_facts(f, 16), refused = 0;
  bool landlock = fact(f, n, "landlock");
  struct outside t = { .parent = getpid(), .port = 9 };
  char path[300];
  write_text("in.txt", "x");
  snprintf(t.root_file, sizeof t.root_file, "%s/in.txt", dir);
  snprintf(path, sizeof path, "%.200s-out.txt", dir);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fclose(file);
  snprintf(t.outside, sizeof t.outside, "%.200s-out.txt", dir);
  struct run r = { 0 };
  run_start(&r, &(struct sl_box_work){ .kind = "hostile", .text = sl_strn((const char *)&t, sizeof t) });
  run_wait(&r, 20000);
  unlink(path);
  assert_string_equal(r.err.msg, "");
  struct sl_str rest = sl_buf_view(&r.bytes), line;
  while (sl_str_cut(&rest, '\n', &line) && line.n) {
    print_message("  %.*s\n", SL_ARG(line));
    bool out = sl_str_find(line, SL_STR(" DONE ")) >= 0;
    if (sl_str_find(line, SL_STR(" ?")) >= 0 || (out && landlock)) /* refused for another reason proves nothing */
      fail_msg("%.*s", SL_ARG(line));
    refused += !out;
  }
  print_message("%zu of %d refused; landlock: %s\n", refused, (int)ATTEMPTS, landlock ? "yes" : "NO, weaker sandbox, and doctor says so");
  assert_true(landlock ? refused == ATTEMPTS : refused >= ATTEMPTS - 16);
  assert_int_equal(access(t.root_file, F_OK), 0);
  run_free(&r);
}

static void sees_nothing(void **state)
{
  (void)state;
  struct run r = { 0 };
  setenv("SLUICE_SECRET_OF_TEST", "hunter2", 1);
  int extra = open("/etc/passwd", O_RDONLY); /* no CLOEXEC: the box closes it */
  assert_true(extra >= 0);
  run_start(&r, &(struct sl_box_work){ .kind = "look" });
  run_wait(&r, 20000);
  close(extra);
  unsetenv("SLUICE_SECRET_OF_TEST");
  assert_string_equal(sl_buf_zstr(&r.bytes), "fds 0 1 2 3\nenv LANG=C.UTF-8 TZ=UTC DUCKDB_JE_MALLOC_CONF=retain:false\ncore 0\nok ok ok ");
  run_free(&r);
}

static void lies(void **state)
{
  (void)state;
  static const struct { const char *how; int rc; const char *part; } all[] = {
    { "rows", SL_EPROTO, "rows before their columns" }, { "head", SL_EPARSE, "broken message" }, { "feed", SL_EPROTO, "that there is not" },
    { "kind", SL_EPROTO, "a message of kind 99" },      { "long", SL_EPROTO, "4294967295 bytes" }, { "file", SL_EPROTO, "broken message" },
    { "exit", SL_EIO, "the box died: exit code 7" },    { "abort", SL_EIO, "the box died: Aborted: last words" },
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    struct run r = { 0 };
    run_start(&r, &(struct sl_box_work){ .kind = "lie", .text = sl_str(all[i].how) });
    run_wait(&r, 20000);
    if (r.rc != all[i].rc || !strstr(r.err.msg, all[i].part) || strchr(r.err.msg, '\n'))
      fail_msg("%s: %s (%s)", all[i].how, r.err.msg, sl_code_name(r.rc));
    run_free(&r);
  }
  struct sl_box_limits l = small;
  l.hang_ms = 500;
  pool_again(&l, 1);
  struct run r = { 0 };
  run_start(&r, &(struct sl_box_work){ .kind = "lie", .text = SL_STR("close") });
  run_wait(&r, 5000);
  assert_int_equal(r.rc, SL_ETIMEOUT);
  run_free(&r);
  run_start(&r, &(struct sl_box_work){ .kind = "nobody" });
  run_wait(&r, 5000);
  assert_int_equal(r.rc, SL_EINTERNAL);
  run_free(&r);
}

#define BOXED(f) cmocka_unit_test_setup_teardown(f, pool_setup, pool_teardown)

int main(int argc, char **argv)
{
  static const struct sl_box_worker *const extra[] = { &hostile, &look, &lie, NULL };
  static const struct CMUnitTest tests[] = { BOXED(facts_are_told), BOXED(nothing_gets_out), BOXED(sees_nothing), BOXED(lies) };
  return harness_main(argc, argv, extra, tests, sizeof tests / sizeof tests[0]);
}
