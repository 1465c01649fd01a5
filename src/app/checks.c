/* app/checks.c: what `sluice doctor` and the resource `checks` look at. Every check says what it found, and what to do when that is not
 * enough. States: ok, late (works, but worse), failed, unknown. */
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <langinfo.h>
#include <libpq-fe.h>
#include <libssh2.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "app/session.h"
#include "base/file.h"
#include "base/mem.h"
#include "box/box.h"
#include "judge/me.h"
#include "model/audit.h"
#include "ui/term.h"

enum { CHECK_AUDIT_MAX = 16 << 20 };

static void add(struct sl_checks *c, const char *name, const char *state, const char *advice, const char *fmt, ...) SL_PRINTF(5, 6);
static void add(struct sl_checks *c, const char *name, const char *state, const char *advice, const char *fmt, ...)
{
  if (c->n == sizeof c->item / sizeof c->item[0])
    return;
  struct sl_check *k = &c->item[c->n++];
  k->state = state;
  snprintf(k->name, sizeof k->name, "%s", name);
  snprintf(k->advice, sizeof k->advice, "%s", advice ? advice : "");
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(k->value, sizeof k->value, fmt, ap);
  va_end(ap);
}

/* ---- libraries and engines ---- */

static void check_libraries(struct sl_checks *c)
{
  const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
  add(c, "sluice", "ok", NULL, "%s, build %.16s", SLUICE_VERSION, sl_build_id());
  const char *tls = curl->ssl_version;
  add(c, "curl", tls ? "ok" : "failed", tls ? NULL : "install a libcurl that can do TLS", "%s, %s", curl->version, tls ? tls : "no TLS");
  int pq = PQlibVersion(), ssh_low = !libssh2_version(LIBSSH2_VERSION_NUM);
  add(c, "libpq", "ok", NULL, "%d.%d", pq / 10000, pq % 10000);
  add(c, "libssh2", ssh_low ? "late" : "ok", ssh_low ? "older than what it was built with: upgrade libssh2" : NULL, "%s",
      libssh2_version(0));
  add(c, "jansson", "ok", NULL, "%s", jansson_version_str());
  add(c, "sqlite", "ok", NULL, "%s", sqlite3_libversion());
  add(c, "libuv", "ok", NULL, "%s", uv_version_string());
  add(c, "ncurses", "ok", NULL, "%s", sl_term_library());
}

static void check_engines(struct sl_checks *c)
{
  static const struct { const char *name, *file, *without; } engine[] = {
    { "duckdb", "libduckdb.so",
      "without it: no SQL, Parquet, CSV. From the source: ./run deps; else put libduckdb.so 1.5 into a folder, name it in SLUICE_LIB" },
    { "onnxruntime", "libonnxruntime.so.1", "without it: no ONNX models. From the source: ./run deps; else name its folder in SLUICE_LIB" },
  };
  char path[512];
  for (size_t i = 0; i < sizeof engine / sizeof engine[0]; i++) {
    bool there = sl_box_engine(sl_lib_dirs(), engine[i].file, path, sizeof path);
    add(c, engine[i].name, there ? "ok" : "late", there ? NULL : engine[i].without, "%s", there ? path : "not found");
  }
  const char *own = getenv("SLUICE_LIB");
  if (own)
    add(c, "SLUICE_LIB", own[0] == '/' ? "ok" : "failed", own[0] == '/' ? NULL : "it must be an absolute path", "%s", own);
}

/* ---- the sandbox ---- */

/* What is missing makes it weaker, and is said; it never keeps the program from working. */
static void check_box(struct sl_checks *c)
{
  struct sl_box_fact fact[32];
  size_t n = sl_box_facts(fact, sizeof fact / sizeof fact[0]);
  for (size_t i = 0; i < n; i++) {
    char name[32];
    snprintf(name, sizeof name, "box %s", fact[i].name);
    add(c, name, fact[i].ok ? "ok" : "late", fact[i].ok ? NULL : fact[i].advice, "%s", fact[i].value);
  }
}

/* ---- the terminal ---- */

static void check_terminal(struct sl_checks *c)
{
  const char *term = getenv("TERM");
  struct winsize w;
  bool sized = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || !ioctl(STDIN_FILENO, TIOCGWINSZ, &w);
  bool dumb = !term || !*term || !strcmp(term, "dumb");
  add(c, "terminal", dumb ? "late" : "ok", dumb ? "the console needs a terminal; set TERM, for example to xterm-256color" : NULL, "TERM=%s",
      term ? term : "(not set)");
  if (sized)
    add(c, "terminal size", w.ws_col < 40 || w.ws_row < 10 ? "late" : "ok",
        w.ws_col < 40 || w.ws_row < 10 ? "the console is made for 80x24 and works from 40x10" : NULL, "%dx%d", w.ws_col, w.ws_row);
  const char *codeset = nl_langinfo(CODESET);
  bool utf8 = !strcmp(codeset, "UTF-8");
  add(c, "locale", utf8 ? "ok" : "late", utf8 ? NULL : "pictures are drawn in ASCII; export LC_ALL=C.UTF-8 for more", "%s", codeset);
}

/* ---- folders ---- */

static void check_folder(struct sl_checks *c, const char *name, enum sl_xdg which, bool private)
{
  char *path = sl_xdg_path(which, NULL);
  struct stat st;
  if (!path)
    add(c, name, "failed", "set HOME", "no home folder");
  else if (stat(path, &st))
    add(c, name, errno == ENOENT ? "ok" : "failed", errno == ENOENT ? NULL : "make it yours and readable", "%s: %s", path,
        errno == ENOENT ? "not there yet" : strerror(errno));
  else if (st.st_uid != geteuid())
    add(c, name, "failed", "it belongs to somebody else: chown it, or set another folder by XDG_*", "%s", path);
  else if (st.st_mode & 022)
    add(c, name, "failed", "others can write there: chmod go-w", "%s, mode %03o", path, (unsigned)st.st_mode & 0777);
  else if (private && st.st_mode & 077)
    add(c, name, "late", "others can read there: chmod 700", "%s, mode %03o", path, (unsigned)st.st_mode & 0777);
  else
    add(c, name, "ok", NULL, "%s, mode %03o", path, (unsigned)st.st_mode & 0777);
  sl_free(path);
}

static void check_space(struct sl_checks *c)
{
  const char *tmp = getenv("TMPDIR");
  struct statvfs v;
  tmp = tmp && tmp[0] == '/' ? tmp : "/tmp";
  if (statvfs(tmp, &v)) {
    add(c, "temporary space", "failed", "name a folder in TMPDIR", "%s: %s", tmp, strerror(errno));
    return;
  }
  uint64_t mib = (uint64_t)v.f_bavail * v.f_frsize >> 20;
  add(c, "temporary space", mib < 256 ? "late" : "ok", mib < 256 ? "large results need room: name another folder in TMPDIR" : NULL,
      "%s, %llu MiB free", tmp, (unsigned long long)mib);
}

static void check_person(struct sl_checks *c)
{
  char *path = sl_xdg_path(SL_XDG_CONFIG, "config.yaml");
  struct sl_person *p = NULL;
  struct sl_err err = { 0 };
  if (path && !sl_file_exists(path))
    add(c, "config.yaml", "ok", NULL, "none, so everything is as it comes");
  else if (sl_person_load(&p, NULL, &err))
    add(c, "config.yaml", "failed", "mend that line", "%s", err.msg);
  else
    add(c, "config.yaml", "ok", NULL, "%s", path ? path : "");
  sl_person_free(p);
  sl_free(path);
}

/* ---- the clock: signatures, tokens and "stale" all rest on it ---- */

static void check_clock(struct sl_checks *c)
{
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now))
    return;
  struct sl_civil day = sl_civil_of((sl_ms)now.tv_sec * 1000, NULL);
  bool odd = day.year < 2024 || day.year > 2100;
  add(c, "clock", odd ? "failed" : "ok", odd ? "set the clock: signatures and freshness depend on it" : NULL,
      "%04d-%02d-%02d %02d:%02d UTC", day.year, day.month, day.day, day.hour, day.minute);
}

static void check_names(struct sl_checks *c)
{
  unsigned port = sl_lookup_test_port();
  if (port)
    add(c, "name server", "late", "unset SLUICE_TEST_NS: it is for tests of a name server that does not answer", "127.0.0.1:%u, no other",
        port);
}

/* ---- the workspace ---- */

static void check_audit(struct sl_checks *c, const struct sl_session *s)
{
  struct sl_audit_report r = { 0 };
  struct sl_err err = { 0 };
  struct stat st;
  const char *path = sl_ws_audit_path(s->ws);
  if (stat(path, &st))
    add(c, "audit", errno == ENOENT ? "ok" : "failed", errno == ENOENT ? NULL : "actions are refused until it can be written", "%s",
        errno == ENOENT ? "nothing was done yet" : strerror(errno));
  else if (st.st_size > CHECK_AUDIT_MAX)
    add(c, "audit", "unknown", "sluice audit verify reads all of it", "%s, %lld MB", path, (long long)(st.st_size / 1000000));
  else if (sl_audit_verify(path, &r, &err))
    add(c, "audit", "failed", "somebody or something changed it: keep a copy, then look", "%s", err.msg);
  else
    add(c, "audit", r.unknown ? "late" : "ok", r.unknown ? "sluice audit list --filter \"outcome = 'unknown'\"" : NULL,
        "%llu records, whole; %llu unknown", (unsigned long long)r.records, (unsigned long long)r.unknown);
}

/* Whose key decisions are signed with; an SSH agent is asked for its list. */
static void check_signing(struct sl_checks *c, const struct sl_session *s)
{
  struct sl_me_ask ask;
  struct sl_me me = { .name = "" };
  struct sl_err err = { 0 };
  atomic_bool never = false;
  size_t people = 0;
  (void)sl_ws_conf_people(s->conf, &people);
  if (!people)
    return;
  int rc = sl_me_ask(&ask, s->ws, &err);
  rc = rc ? rc : sl_me_find(&ask, &me, &never, &err);
  if (rc)
    add(c, "signing", "unknown", NULL, "%s", err.msg);
  else if (!sl_people_keyed(sl_people(s->conf)))
    add(c, "signing", "late", "add your public key to keys: of your name below people:", "%s (%s), unsigned: people: lists no key", me.name,
        sl_known_word(me.known));
  else if (me.known != SL_KNOWN_KEY)
    add(c, "signing", "late", me.why, "%s (%s), and no key of theirs", me.name, sl_known_word(me.known));
  else
    add(c, "signing", "ok", NULL, "%s (key %s), by %s", me.name, me.print, me.by_agent ? "the SSH agent" : me.file);
  sl_me_free(&me);
  sl_me_ask_free(&ask);
}

void sl_checks_workspace(struct sl_checks *c, const struct sl_session *s, const struct sl_err *err)
{
  if (err) {
    add(c, "workspace", "failed", "mend it: sluice config validate", "%s", err->msg);
    return;
  }
  if (!s->conf) {
    add(c, "workspace", "ok", NULL, "none here");
    return;
  }
  const char *path = sl_ws_conf_path(s->conf);
  bool may = false;
  struct sl_err why = { 0 };
  if (sl_trust_look(s->conf, &may, &why))
    add(c, "workspace", "unknown", NULL, "whether it is trusted: %s", why.msg);
  else
    add(c, "workspace", may ? "ok" : "late", may ? NULL : "it starts no job: read it, then sluice trust FILE", "%s",
      path ? path : "from environment");
  check_audit(c, s);
  check_signing(c, s);
}

void sl_checks_run(struct sl_checks *c)
{
  c->n = 0;
  check_libraries(c);
  check_engines(c);
  check_box(c);
  check_terminal(c);
  check_folder(c, "config folder", SL_XDG_CONFIG, false);
  check_folder(c, "state folder", SL_XDG_STATE, true);
  check_folder(c, "runtime folder", SL_XDG_RUNTIME, true);
  check_space(c);
  check_person(c);
  check_clock(c);
  check_names(c);
}

int sl_checks_batch(const struct sl_checks *c, struct sl_batch **out, struct sl_err *err)
{
  struct sl_schema *s = NULL;
  *out = NULL;
  int rc = sl_schema_new(&s, sl_res_checks.cols, sl_res_checks.ncols, NULL, 0, err);
  if (!rc)
    rc = sl_schema_set_resource(s, SL_STR("checks"), err);
  if (!rc)
    rc = sl_batch_new(out, s, err);
  for (size_t i = 0; i < c->n && !rc; i++) {
    const struct sl_check *k = &c->item[i];
    sl_batch_row(*out, SL_PUT, sl_str(k->name));
    sl_batch_set(*out, 0, sl_vz(k->name));
    sl_batch_set(*out, 1, sl_vas(SL_STATE, sl_str(k->state)));
    sl_batch_set(*out, 2, sl_vz(k->value));
    sl_batch_set(*out, 3, k->advice[0] ? sl_vz(k->advice) : sl_null(SL_TEXT));
  }
  if (!rc)
    rc = sl_batch_seal(*out, err);
  sl_schema_unref(s);
  return rc;
}
