/* tests/torture/lab.c: see lab.h. The program runs in a fork of this one: what is loaded once is loaded once for all runs. */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/app.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

enum { HANG_MS = 60000, ARGS_MAX = 16 };
const char *const harm_words[] = { "unharmed", "allocation failing", "allocation failing from then on", "call failing",
                                   "call failing from then on", "half a write, and nothing from then on" };

bool lab_tell_where, lab_half, lab_audit_only;
static char top[64], work[96], home[96], saved[96], audit_path[512];
static struct counts { uint64_t allocs, ios; } *counts;   /* shared with the runs */
static int out_fd = -1, err_fd = -1;

/* ---- the workspace ---- */

static const char yaml[] =
  "environment: test\n"
  "connections:\n"
  "  registry: {type: mlflow, uri: \"http://127.0.0.1:9\", timeout: 2s}\n"
  "  store: {type: mlflow, uri: \"sqlite:///store.db\"}\n"
  "models:\n"
  "  one: {connection: registry, gates: [\"metrics.auc >= 0.9\"]}\n"
  "  wine:\n"
  "    connection: store\n"
  "    approval: {four_eyes: false}\n"
  "    notify: {env: HOOK}\n"
  "  cancer:\n"
  "    connection: store\n"
  "    gates: [\"metrics.val_auc >= 0.5\"]\n"
  "    approval: {four_eyes: false}\n"
  "lake:\n"
  "  zones:\n"
  "    - {name: landing, uri: \"lake/landing/\", layout: \"dt=%Y-%m-%d\", fresh_within: 26h}\n"
  "    - {name: raw, uri: \"lake/raw/\", layout: \"dt=%Y-%m-%d\", fresh_within: 26h}\n"
  "jobs:\n"
  "  ingest:\n"
  "    steps:\n"
  "      load: {run: [echo, loading]}\n"
  "  clean:\n"
  "    reads: raw\n"
  "    steps:\n"
  "      look: {run: [sh, -c, \"echo looking; echo 'row 3: N/A is no number' >&2; exit 3\"]}\n"
  "  nightly:\n"
  "    steps:\n"
  "      wait: {run: [sleep, \"100\"]}\n";

/* XGBoost, by hand: 1 below an area of 1, else 2. */
static const char model[] =
  "{\"learner\": {\"attributes\": {}, \"feature_names\": [\"area\"], \"feature_types\": [\"float\"], \"gradient_booster\": {\"model\": {"
  "\"gbtree_model_param\": {\"num_trees\": \"1\", \"num_parallel_tree\": \"1\"}, \"tree_info\": [0], \"trees\": [{\"id\": 0, "
  "\"default_left\": [0, 0, 0], \"left_children\": [1, -1, -1], \"right_children\": [2, -1, -1], \"split_conditions\": [1, 1, 2], "
  "\"split_indices\": [0, 0, 0], \"tree_param\": {\"num_nodes\": \"3\"}}]}, \"name\": \"gbtree\"}, \"learner_model_param\": "
  "{\"base_score\": \"0\", \"num_class\": \"0\", \"num_feature\": \"1\"}, \"objective\": {\"name\": \"reg:squarederror\"}}, "
  "\"version\": [3, 2, 0]}\n";

static pid_t hook = -1;  /* a webhook */

static void put(const char *path, const char *text)
{
  char *dir = sl_path_dir(path);
  assert_int_equal(sl_mkdirs(dir, 0755, NULL), SL_OK);
  assert_int_equal(sl_file_write(path, sl_str(text), 0644, NULL), SL_OK);
  sl_free(dir);
}

static int copy_bytes(const char *from, const char *to, const struct stat *st)
{
  int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st->st_mode & 07777);
  ssize_t n = 0;
  off_t left = st->st_size;
  while (in >= 0 && out >= 0 && left > 0 && (n = sendfile(out, in, NULL, (size_t)left)) > 0) /* /tmp may be another file system */
    left -= n;
  int rc = in < 0 || out < 0 || left > 0 || futimens(out, (const struct timespec[]){ st->st_atim, st->st_mtim });
  close(in);
  close(out);
  return rc;
}

static void put_partition(const char *zone, int back)
{
  char path[128], text[64];
  time_t then = time(NULL) - back * 86400;
  struct tm day;
  gmtime_r(&then, &day);
  snprintf(path, sizeof path, "lake/%s/dt=%04d-%02d-%02d/labs.csv", zone, day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
  snprintf(text, sizeof text, "patient,area\n1,%d.5\n2,%d.25\n", back, back);
  put(path, text);
}

/* What an endpoint captured, and what was true. */
static void put_captured(void)
{
  char said[2048] = "", truths[1024] = "";
  size_t n = 0, m = 0;
  for (int i = 1; i <= 4; i++) {
    n += (size_t)snprintf(said + n, sizeof said - n,
      "{\"captureData\":{"
      "\"endpointInput\":{\"observedContentType\":\"text/csv\",\"mode\":\"INPUT\",\"data\":\"%d,%d.5\",\"encoding\":\"CSV\"},"
      "\"endpointOutput\":{\"observedContentType\":\"text/csv\",\"mode\":\"OUTPUT\",\"data\":\"0.%d\",\"encoding\":\"CSV\"}},"
      "\"eventMetadata\":{\"eventId\":\"e%d\",\"inferenceTime\":\"2026-11-20T10:00:00Z\"},\"eventVersion\":\"0\"}\n", i, i, i, i);
    m += (size_t)snprintf(truths + m, sizeof truths - m,
      "{\"groundTruthData\":{\"data\":\"%d\",\"encoding\":\"CSV\"},"
      "\"eventMetadata\":{\"eventId\":\"e%d\"},\"eventVersion\":\"0\"}\n", i % 2, i);
  }
  put("cap/2026/11/20/10/a.jsonl", said);
  put("gt/t.jsonl", truths);
}

#define PICTURES SLUICE_SOURCE "/tests/peers/data/pictures/"

static void put_pictures(void)
{
  static const char *const files[][2] = {
    { PICTURES "preset/model.onnx", "pictures/model.onnx" }, { PICTURES "photos/ant/0.jpg", "pictures/photos/ant/0.jpg" },
    { PICTURES "photos/bee/1.jpg", "pictures/photos/bee/1.jpg" }, { PICTURES "photos/ant/2.png", "pictures/photos/cow/2.png" } };
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    struct stat st;
    put(files[i][1], "");
    assert_int_equal(stat(files[i][0], &st), 0);
    assert_int_equal(copy_bytes(files[i][0], files[i][1], &st), 0);
  }
}

static void lab_make(void)
{
  put_partition("landing", 0);
  put_partition("landing", 1);
  put_partition("raw", 3);
  put("lake/raw/README.txt", "one\ntwo\nthree\n");
  put("model.json", model);
  put_captured();
  put_pictures();
  struct stat st;
  assert_int_equal(stat(SLUICE_SOURCE "/demo/mlflow.db", &st), 0);
  assert_int_equal(copy_bytes(SLUICE_SOURCE "/demo/mlflow.db", "store.db", &st), 0);
  put("sluice.yaml", yaml);
}

static void lab_env(void)
{
  const char *asan = getenv("ASAN_OPTIONS"), *path = getenv("PATH");
  char *a = strdup(asan ? asan : "detect_leaks=1:abort_on_error=1"), *p = strdup(path ? path : "/usr/bin:/bin");
  char run[128], tmp[128];
  snprintf(run, sizeof run, "%s/run", home);
  snprintf(tmp, sizeof tmp, "%s/tmp", home);
  clearenv();
  setenv("ASAN_OPTIONS", a, 1);
  setenv("PATH", p, 1);
  setenv("HOME", home, 1);
  setenv("LC_ALL", "C.UTF-8", 1);
  setenv("TZ", "UTC", 1);
  setenv("XDG_RUNTIME_DIR", run, 1);
  setenv("TMPDIR", tmp, 1);
  setenv("SLUICE_WORKSPACE", work, 1);
  free(a);
  free(p);
  assert_int_equal(sl_mkdirs(run, 0700, NULL), SL_OK);
  assert_int_equal(sl_mkdirs(tmp, 0700, NULL), SL_OK);
}

/* ---- a webhook ---- */

/* Says ok to whoever asks. It is not the program's: lab_end_children() leaves it alone. */
static _Noreturn void hook_serve(int fd)
{
  static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
  char text[8192];
  uint64_t length = 0;
  for (;;) {
    int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (c < 0)
      _exit(0);
    size_t n = 0;
    ssize_t got;
    const char *end = NULL, *said = NULL;
    while (n < sizeof text - 1 && (got = recv(c, text + n, sizeof text - 1 - n, 0)) > 0) {
      text[n += (size_t)got] = 0;
      end = strstr(text, "\r\n\r\n");
      said = strcasestr(text, "content-length: ");
      struct sl_str rest = sl_str(said ? said + strlen("content-length: ") : ""), number;
      if (end && sl_str_cut(&rest, '\r', &number) && sl_str_u64(number, &length) && n >= (size_t)(end + 4 - text) + length)
        break;
    }
    (void)!send(c, ok, sizeof ok - 1, MSG_NOSIGNAL);
    close(c);
  }
}

static void hook_open(void)
{
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t n = sizeof a;
  char url[64];
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&a, n) && !listen(fd, 16) && !getsockname(fd, (struct sockaddr *)&a, &n));
  hook = fork();
  assert_true(hook >= 0);
  if (!hook) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    hook_serve(fd);
  }
  close(fd);
  snprintf(url, sizeof url, "http://127.0.0.1:%d/services/T00", ntohs(a.sin_port));
  setenv("HOOK", url, 1);
}

/* ---- begun and ended ---- */

static int memory_file(void)
{
  int fd = memfd_create("sluice-torture", 0);
  assert_true(fd >= 0);
  return fd;
}

void lab_open(void)
{
  snprintf(top, sizeof top, "/tmp/sluice-commands-XXXXXX");
  assert_non_null(mkdtemp(top));
  snprintf(work, sizeof work, "%s/now/work", top);
  snprintf(home, sizeof home, "%s/now/home", top);
  snprintf(saved, sizeof saved, "%s/saved", top);
  assert_int_equal(sl_mkdirs(work, 0755, NULL), SL_OK);
  assert_int_equal(sl_mkdirs(home, 0755, NULL), SL_OK);
  lab_env();
  assert_int_equal(chdir(work), 0);
  lab_make();
  counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(counts != MAP_FAILED);
  out_fd = memory_file();
  err_fd = memory_file();
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0); /* what a run leaves behind comes to us */
  hook_open();
}

void lab_close(void)
{
  lab_end_children();
  kill(hook, SIGKILL);
  waitpid(hook, NULL, 0);
  assert_int_equal(chdir("/"), 0);
  assert_int_equal(sl_rmtree(top, NULL), SL_OK);
}

/* ---- kept, and brought back ----
 *
 * Most runs change nothing: what lies there is compared first (names, sizes, times, inodes), and only copied where it differs. */

static const char *copy_from, *copy_to;

static int copy_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
  char to[512], link[512];
  (void)at;
  snprintf(to, sizeof to, "%s%s", copy_to, path + strlen(copy_from));
  if (kind == FTW_D)
    return mkdir(to, st->st_mode & 07777) || chmod(to, st->st_mode & 07777);
  if (kind == FTW_SL) {
    ssize_t n = readlink(path, link, sizeof link - 1);
    link[n < 0 ? 0 : n] = 0;
    return symlink(link, to);
  }
  return S_ISREG(st->st_mode) ? copy_bytes(path, to, st) : 0;
}

static void copy_tree(const char *from, const char *to)
{
  copy_from = from;
  copy_to = to;
  assert_int_equal(nftw(from, copy_one, 16, FTW_PHYS), 0);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
  return (h ^ v) * 1099511628211u;
}

static uint64_t mix_text(const char *text)
{
  uint64_t h = 1469598103934665603u;
  for (const char *p = text; *p; p++)
    h = mix(h, (unsigned char)*p);
  return h;
}

static uint64_t sum, kept;

static int add_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
  (void)at;
  uint64_t h = mix(mix(mix_text(path), (uint64_t)st->st_size), (uint64_t)kind);
  h = mix(mix(h, st->st_ino), st->st_mode);
  sum += mix(mix(h, (uint64_t)st->st_mtim.tv_sec), (uint64_t)st->st_mtim.tv_nsec); /* in any order */
  return 0;
}

static uint64_t tree_sum(const char *path)
{
  sum = 0;
  nftw(path, add_entry, 16, FTW_PHYS);
  return sum;
}

void lab_keep(void)
{
  char now[128];
  lab_end_children();
  snprintf(now, sizeof now, "%s/now", top);
  copy_tree(now, saved);
  kept = tree_sum(now);
}

bool lab_touched(void)
{
  char now[128];
  snprintf(now, sizeof now, "%s/now", top);
  return tree_sum(now) != kept;
}

void lab_again(void)
{
  char now[128];
  lab_end_children();
  if (!lab_touched())
    return;
  snprintf(now, sizeof now, "%s/now", top);
  assert_int_equal(chdir("/"), 0);
  assert_int_equal(sl_rmtree(now, NULL), SL_OK);
  copy_tree(saved, now);
  assert_int_equal(chdir(work), 0);
  kept = tree_sum(now);
}

static int find_audit(const char *path, const struct stat *st, int kind, struct FTW *at)
{
  (void)st;
  if (kind == FTW_F && !strcmp(path + at->base, "audit"))
    snprintf(audit_path, sizeof audit_path, "%s", path);
  return 0;
}

const char *lab_audit(void)
{
  if (!audit_path[0])
    nftw(home, find_audit, 8, FTW_PHYS);
  return audit_path;
}

/* A file of the lake by name and size, an execution by its name: its times and log are new each time. */
static int add_done(const char *path, const struct stat *st, int kind, struct FTW *at)
{
  const char *parent = strstr(path, "/executions/");
  if (!strncmp(path, "lake", 4))
    sum += mix(mix_text(path), kind == FTW_F ? (uint64_t)st->st_size : 0);
  else if (kind == FTW_D && parent && parent + 12 == path + at->base)
    sum += mix_text(path);
  return 0;
}

/* Who is what, and what was decided; not when, nor by which signature. */
static void add_registry(void)
{
  static const char sql[] =
    "SELECT name||'@'||alias||'='||version FROM registered_model_aliases UNION ALL "
    "SELECT name||'/'||version||' '||key||'='||CASE WHEN key IN ('approval.decision', 'approval.to', 'approval.comment') "
    "THEN value ELSE '' END FROM model_version_tags";
  sqlite3 *db;
  sqlite3_stmt *st;
  assert_int_equal(sqlite3_open_v2("store.db", &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
  while (sqlite3_step(st) == SQLITE_ROW)
    sum += mix_text((const char *)sqlite3_column_text(st, 0));
  sqlite3_finalize(st);
  sqlite3_close(db);
}

uint64_t lab_done(void)
{
  sum = 0;
  add_registry();
  nftw("lake", add_done, 16, FTW_PHYS);
  nftw(home, add_done, 16, FTW_PHYS);
  return sum;
}

uint64_t lab_file(const char *path)
{
  struct sl_buf b;
  uint64_t h = 1469598103934665603u;
  sl_buf_init(&b, 16 << 20);
  bool there = sl_file_read(&b, path, 16 << 20, NULL) == SL_OK;
  for (size_t i = 0; there && i < b.n; i++)
    if (b.p[i] < '0' || b.p[i] > '9')
      h = mix(h, (unsigned char)b.p[i]);
  sl_buf_free(&b);
  return there ? h | 1 : 0;
}

bool lab_file_says(const char *path, const char *words)
{
  struct sl_buf b;
  sl_buf_init(&b, 16 << 20);
  bool says = sl_file_read(&b, path, 16 << 20, NULL) == SL_OK && sl_str_find(sl_buf_view(&b), sl_str(words)) >= 0;
  sl_buf_free(&b);
  return says;
}

static const char *stray_but;
static char stray[512];

static int find_stray(const char *path, const struct stat *st, int kind, struct FTW *at)
{
  char was[512];
  struct stat old;
  (void)st;
  (void)kind;
  const char *from = path + strlen(top) + strlen("/now"), *name = path + at->base;
  snprintf(was, sizeof was, "%s%s", saved, from);
  bool known = !strncmp(from, "/work/lake/", 11) || !strncmp(from, "/home/.", 7) || !strncmp(from, "/home/run/sluice", 16) ||
               !strncmp(name, "store.db", 8) ||
               (stray_but && !strcmp(name, stray_but));
  if (!known && stat(was, &old))
    snprintf(stray, sizeof stray, "%s", from);
  return 0;
}

const char *lab_stray(const char *but)
{
  char now[128];
  snprintf(now, sizeof now, "%s/now", top);
  stray_but = but;
  stray[0] = 0;
  nftw(now, find_stray, 16, FTW_PHYS);
  return stray[0] ? stray : NULL;
}

/* ---- a run ---- */

void lab_end_children(void)
{
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  for (bool some = true; some;) {
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    some = false;
    struct sl_str rest = sl_str(text), word;
    while (rest.n && sl_str_cut(&rest, ' ', &word)) {
      int64_t pid;
      if (!sl_str_i64(word, &pid) || pid <= 1 || pid == hook)
        continue;
      some = true;
      kill((pid_t)pid, SIGKILL);
      waitpid((pid_t)pid, NULL, 0);
    }
  }
}

static void harm_set(enum harm how, uint64_t site)
{
  if (how == ALLOC_ONCE || how == ALLOC_ON)
    sl_fault_alloc((long)site, how == ALLOC_ON);
  else if (how != NONE)
    sl_fault_io_after((long)site, how == IO_ON || how == IO_HALF, site % 2 ? EIO : ENOSPC);
  lab_half = how == IO_HALF;
}

static _Noreturn void run_child(const char *const *args, enum harm how, uint64_t site)
{
  char *argv[ARGS_MAX + 2] = { strdup("sluice") };
  int argc = 1;
  for (; args[argc - 1] && argc <= ARGS_MAX; argc++)
    argv[argc] = strdup(args[argc - 1]);
  for (int sig = 1; sig < NSIG; sig++)
    signal(sig, SIG_DFL); /* cmocka catches what a crash should die of */
  signal(SIGPIPE, SIG_IGN);
  int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(out_fd, 1);
  dup2(err_fd, 2);
  uint64_t allocs = sl_alloc_count(), ios = sl_io_count();
  harm_set(how, site);
  int code = sl_app_main(argc, argv);
  sl_fault_alloc(-1, 0);
  sl_fault_io_after(-1, 0, 0);
  counts->allocs = sl_alloc_count() - allocs;
  counts->ios = sl_io_count() - ios;
  for (int i = 0; i < argc; i++)
    free(argv[i]);
  exit(code);
}

static void empty(int fd)
{
  assert_int_equal(ftruncate(fd, 0), 0);
  assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

static void take(int fd, char *to, size_t max)
{
  ssize_t n = pread(fd, to, max - 1, 0);
  to[n < 0 ? 0 : n] = 0;
}

/* Waits in small steps: a run that hangs is a finding, not the end of the test. */
static int wait_for(pid_t pid)
{
  const struct timespec step = { .tv_nsec = 1000000 };
  int status;
  for (int i = 0; i < HANG_MS; i++) {
    pid_t got = waitpid(pid, &status, WNOHANG);
    if (got == pid)
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    nanosleep(&step, NULL);
  }
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  return -2;
}

void lab_run(struct ran *r, const char *const *args, enum harm how, uint64_t site)
{
  empty(out_fd);
  empty(err_fd);
  *counts = (struct counts){ 0 };
  fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (!pid)
    run_child(args, how, site);
  r->code = wait_for(pid);
  r->allocs = counts->allocs;
  r->ios = counts->ios;
  take(out_fd, r->out, sizeof r->out);
  take(err_fd, r->err, sizeof r->err);
}
