/* app/demo_files.c: copying the demo and moving its files to another day: folders' names, dates in texts, modification times. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/demo.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/json.h"
#include "base/mem.h"

enum { FILE_MAX = 64 << 20, DEPTH_MAX = 16, DAY_MS = 24 * 3600 * 1000 };

/* ---- the manifest ---- */

static char *demo_source(void)
{
  const char *own = getenv("SLUICE_DEMO");
  const char *const places[] = {own && own[0] == '/' ? own : "", SLUICE_SOURCE_DIR "/demo", SLUICE_PREFIX "/share/sluice/demo",
    "/usr/share/sluice/demo", "/usr/local/share/sluice/demo"};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    char *manifest = places[i][0] ? sl_path_join(places[i], "manifest.json") : NULL;
    bool there = manifest && sl_file_exists(manifest);
    sl_free(manifest);
    if (there)
      return sl_strdup(places[i]);
  }
  return NULL;
}

static int manifest_load(struct sl_demo *d, struct sl_err *err)
{
  struct sl_buf b;
  char *path = sl_path_join(d->from, "manifest.json");
  sl_buf_init(&b, 1 << 20);
  int rc = path ? sl_file_read(&b, path, 1 << 19, err) : sl_err_nomem(err);
  if (!rc)
    rc = sl_json_load(&d->manifest, sl_buf_view(&b), false, err);
  if (!rc && !sl_time_parse(sl_json_str(d->manifest, "last_day"), 0, NULL, &d->last_day))
    rc = sl_err_set(err, SL_EPARSE, "%s: last_day is no date", path);
  sl_buf_free(&b);
  sl_free(path);
  return rc;
}

int sl_demo_open(struct sl_demo *d, const char *to, sl_ms now, struct sl_err *err)
{
  *d = (struct sl_demo){ .from = demo_source(), .to = sl_path_abs(to, NULL), .today = now - now % DAY_MS };
  sl_map_init(&d->foreign);
  int rc = SL_OK;
  if (!d->from)
    rc = sl_err_set(err, SL_ENOENT, "the demo's files are not installed: reinstall sluice, or point SLUICE_DEMO at the folder demo/");
  else if (!d->to)
    rc = sl_err_nomem(err);
  else
    rc = manifest_load(d, err);
  d->days = rc ? 0 : (d->today - d->last_day) / DAY_MS;
  if (rc)
    sl_demo_close(d);
  return rc;
}

void sl_demo_close(struct sl_demo *d)
{
  json_decref(d->manifest);
  sl_free(d->from);
  sl_free(d->to);
  sl_map_free(&d->foreign);
  *d = (struct sl_demo){ 0 };
}

/* ---- dates ---- */

static bool digit(char c) { return c >= '0' && c <= '9'; }

static bool date_at(const char *p, size_t n, size_t i)
{
  static const char shape[] = "20dd-dd-dd";
  if (i + 10 > n || (i && digit(p[i - 1])) || (i + 10 < n && digit(p[i + 10])))
    return false;
  for (size_t k = 0; k < 10; k++)
    if (shape[k] == 'd' ? !digit(p[i + k]) : p[i + k] != shape[k])
      return false;
  return true;
}

void sl_demo_shift(char *p, size_t n, int64_t days)
{
  for (size_t i = 0; i + 10 <= n; i++) {
    sl_ms t;
    struct sl_buf b;
    if (!date_at(p, n, i) || !sl_time_parse(sl_strn(p + i, 10), 0, NULL, &t))
      continue;
    sl_buf_init(&b, 64);
    sl_layout_format(&b, "%Y-%m-%d", t + days * DAY_MS);
    if (b.n == 10)
      memcpy(p + i, b.p, 10);
    sl_buf_free(&b);
    i += 9;
  }
}

/* ---- walking patterns ---- */

int sl_demo_each(const struct sl_demo *d, const char *pattern, int (*fn)(void *user, const char *path, struct sl_err *err), void *user,
                 struct sl_err *err)
{
  glob_t g = {0};
  int rc = SL_OK, cd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  /* The folder's own name may hold characters that mean something to glob: so from inside. */
  if (cd < 0 || chdir(d->to))
    rc = sl_err_sys(err, errno, "cannot enter %s", d->to);
  int found = rc ? GLOB_NOMATCH : glob(pattern, 0, NULL, &g);
  if (cd >= 0 && fchdir(cd) && !rc)
    rc = sl_err_sys(err, errno, "cannot go back from %s", d->to);
  if (cd >= 0)
    close(cd);
  if (found && found != GLOB_NOMATCH && !rc)
    rc = sl_err_nomem(err);
  for (size_t i = 0; !found && i < g.gl_pathc && !rc; i++) {
    if (sl_map_get(&d->foreign, sl_str(g.gl_pathv[i]), NULL))
      continue;
    char *path = sl_path_join(d->to, g.gl_pathv[i]);
    rc = path ? fn(user, path, err) : sl_err_nomem(err);
    sl_free(path);
  }
  globfree(&g);
  return rc;
}

static int each_of(struct sl_demo *d, const json_t *patterns, int (*fn)(void *user, const char *path, struct sl_err *err),
    struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < json_array_size(patterns) && !rc; i++)
    rc = sl_demo_each(d, json_string_value(json_array_get(patterns, i)), fn, d, err);
  return rc;
}

/* ---- copying ---- */

static int file_copy(const char *from, const char *to, unsigned mode, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, FILE_MAX + 4096);
  int rc = sl_file_read(&b, from, FILE_MAX, err);
  if (!rc)
    rc = sl_file_write(to, sl_buf_view(&b), mode, err);
  sl_buf_free(&b);
  return rc;
}

/* dt=DAY: the only names with a date in them. */
static char *rel_name(const struct sl_demo *d, const char *rel, const char *name)
{
  char *to = sl_path_join(rel, name), *last = to ? strrchr(to, '/') : NULL;
  if (last && !strncmp(name, "dt=", 3))
    sl_demo_shift(last, strlen(last), d->days);
  return to;
}

static int tree_each(struct sl_demo *d, const char *from, const char *rel, int depth, sl_demo_file *fn, void *user, struct sl_err *err)
{
  struct stat st;
  if (lstat(from, &st))
    return sl_err_sys(err, errno, "cannot read %s", from);
  if (S_ISREG(st.st_mode))
    return fn(user, from, rel, err);
  if (!S_ISDIR(st.st_mode) || depth > DEPTH_MAX)
    return SL_OK;
  DIR *dir = opendir(from);
  int rc = dir ? SL_OK : sl_err_sys(err, errno, "cannot read %s", from);
  for (struct dirent *e; !rc && (e = readdir(dir));) {
    if (e->d_name[0] == '.')
      continue;
    char *a = sl_path_join(from, e->d_name), *b = rel_name(d, rel, e->d_name);
    rc = a && b ? tree_each(d, a, b, depth + 1, fn, user, err) : sl_err_nomem(err);
    sl_free(a);
    sl_free(b);
  }
  if (dir)
    closedir(dir);
  return rc;
}

int sl_demo_files(struct sl_demo *d, sl_demo_file *fn, void *user, struct sl_err *err)
{
  const json_t *list = json_object_get(d->manifest, "copy");
  int rc = SL_OK;
  for (size_t i = 0; i < json_array_size(list) && !rc; i++) {
    const char *name = json_string_value(json_array_get(list, i));
    char *from = sl_path_join(d->from, name);
    rc = from ? tree_each(d, from, name, 0, fn, user, err) : sl_err_nomem(err);
    sl_free(from);
  }
  return rc;
}

static int copy_one(void *user, const char *from, const char *rel, struct sl_err *err)
{
  const struct sl_demo *d = user;
  char *to = sl_path_join(d->to, rel), *dir = to ? sl_path_dir(to) : NULL;
  int rc = dir ? sl_mkdirs(dir, 0755, err) : sl_err_nomem(err);
  rc = rc ? rc : file_copy(from, to, strncmp(rel, "keys/", 5) ? 0644 : 0600, err); /* keys that others may read are refused */
  sl_free(dir);
  sl_free(to);
  return rc;
}

/* ---- moving ---- */

static int text_shift(void *user, const char *path, struct sl_err *err)
{
  const struct sl_demo *d = user;
  struct sl_buf b;
  sl_buf_init(&b, FILE_MAX + 4096);
  int rc = sl_file_read(&b, path, FILE_MAX, err);
  if (!rc) {
    sl_demo_shift(b.p, b.n, d->days);
    rc = sl_file_write(path, sl_buf_view(&b), 0644, err);
  }
  sl_buf_free(&b);
  return rc;
}

/* file:// and the folder, percent-encoded but for its slashes. */
static void root_address(const struct sl_demo *d, struct sl_buf *b)
{
  struct sl_str rest = sl_str(d->to), part;
  sl_buf_z(b, "file://");
  for (bool first = true; sl_str_cut(&rest, '/', &part); first = false) {
    if (!first)
      sl_buf_ch(b, '/');
    sl_fmt_percent(b, part);
  }
}

static int root_replace(void *user, const char *path, struct sl_err *err)
{
  const struct sl_demo *d = user;
  struct sl_str prefix = sl_json_str(json_object_get(d->manifest, "root"), "prefix");
  struct sl_buf in, out;
  sl_buf_init(&in, FILE_MAX + 4096);
  sl_buf_init(&out, 2 * FILE_MAX);
  int rc = sl_file_read(&in, path, FILE_MAX, err);
  struct sl_str rest = sl_buf_view(&in);
  for (ptrdiff_t at; !rc && prefix.n && (at = sl_str_find(rest, prefix)) >= 0; rest = sl_str_from(rest, (size_t)at + prefix.n)) {
    sl_buf_str(&out, sl_str_head(rest, (size_t)at));
    root_address(d, &out);
  }
  sl_buf_str(&out, rest);
  if (!rc)
    rc = sl_buf_check(&out, err);
  if (!rc)
    rc = sl_file_write(path, sl_buf_view(&out), 0644, err);
  sl_buf_free(&in);
  sl_buf_free(&out);
  return rc;
}

int sl_demo_copy(struct sl_demo *d, struct sl_err *err)
{
  int rc = sl_mkdirs(d->to, 0755, err);
  if (!rc)
    rc = sl_demo_files(d, copy_one, d, err);
  if (!rc)
    rc = each_of(d, json_object_get(json_object_get(d->manifest, "root"), "files"), root_replace, err);
  return rc ? rc : each_of(d, json_object_get(d->manifest, "text_dates"), text_shift, err);
}

/* ---- modification times ---- */

struct times { const struct sl_demo *d; int64_t at_ms; sl_ms day; };   /* day: of what names none; 0: it stays */

static int time_set(void *user, const char *path, struct sl_err *err)
{
  const struct times *t = user;
  const char *day = strstr(path + strlen(t->d->to), "/dt=");
  sl_ms when, now = sl_app_now();
  bool dated = day && strlen(day) >= 14 && sl_time_parse(sl_strn(day + 4, 10), 0, NULL, &when);
  if (!dated && !t->day)
    return SL_OK;
  if (!dated)
    when = t->day;
  when += t->at_ms;
  when = when < now ? when : now; /* nothing comes from the future */
  const struct timespec ts[2] = {{when / 1000, when % 1000 * 1000000}, {when / 1000, when % 1000 * 1000000}};
  return utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW) ? sl_err_sys(err, errno, "cannot set the time of %s", path) : SL_OK;
}

int sl_demo_times(struct sl_demo *d, struct sl_err *err)
{
  const json_t *rules = json_object_get(d->manifest, "modified");
  int rc = SL_OK;
  for (size_t i = 0; i < json_array_size(rules) && !rc; i++) {
    const json_t *rule = json_array_get(rules, i);
    struct sl_str at = sl_json_str(rule, "at");
    int64_t h = 0, m = 0;
    if (at.n != 5 || !sl_str_i64(sl_str_head(at, 2), &h) || !sl_str_i64(sl_str_from(at, 3), &m))
      return sl_err_set(err, SL_EPARSE, "manifest.json: `at` is HH:MM");
    struct times t = {d, (h * 60 + m) * 60000, 0};
    if (sl_json_str(rule, "day").n && sl_time_parse(sl_json_str(rule, "day"), 0, NULL, &t.day))
      t.day += d->days * 86400000;
    rc = sl_demo_each(d, json_string_value(json_object_get(rule, "files")), time_set, &t, err);
  }
  return rc;
}
