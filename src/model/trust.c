/* model/trust.c: which workspace files outside the config folder may start commands: those whose bytes, at that place, somebody has
 * trusted. One line each, "DIGEST PATH", in the state folder's file `trust` (0600). The place counts too: the same bytes elsewhere start
 * other programs, since relative paths begin at the file's folder. */
#include <limits.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/fmt.h"
#include "base/hash.h"
#include "base/mem.h"
#include "model/config.h"

enum { TRUST_MAX = 4 << 20, WORKSPACE_MAX = 1 << 20 };

/* "DIGEST PATH" of a file at its real place, percent-encoded where it holds more than a line may. */
static int trust_line(struct sl_buf *b, struct sl_str digest, const char *path, struct sl_err *err)
{
  char real[PATH_MAX];
  if (!realpath(path, real))
    return sl_err_set(err, SL_ENOENT, "%s: no such file", path);
  sl_buf_str(b, digest);
  sl_buf_ch(b, ' ');
  sl_fmt_percent(b, sl_str(real));
  return sl_buf_check(b, err);
}

static bool has_line(struct sl_str text, struct sl_str line)
{
  struct sl_str one;
  while (sl_str_cut(&text, '\n', &one))
    if (sl_str_eq(one, line))
      return true;
  return false;
}

static int in_config_folder(const char *path, bool *inside, struct sl_err *err)
{
  char real[PATH_MAX], root[PATH_MAX];
  char *dir = sl_xdg_path(SL_XDG_CONFIG, "workspaces");
  if (!dir)
    return sl_err_nomem(err);
  *inside = sl_path_inside(path, dir) || (realpath(path, real) && realpath(dir, root) && sl_path_inside(real, root));
  sl_free(dir);
  return SL_OK;
}

int sl_trust_look(const struct sl_ws_conf *c, bool *has, struct sl_err *err)
{
  struct sl_buf text, line;
  const char *path = sl_ws_conf_path(c);
  *has = !path;
  int rc = path ? in_config_folder(path, has, err) : SL_OK;
  if (rc || *has)
    return rc;
  char *file = sl_xdg_path(SL_XDG_STATE, "trust");
  sl_buf_init(&text, TRUST_MAX + 1);
  sl_buf_init(&line, 0);
  rc = file ? sl_file_read_private(&text, file, TRUST_MAX, err) : sl_err_nomem(err);
  if (!rc)
    rc = trust_line(&line, sl_ws_conf_digest(c), path, err);
  *has = !rc && has_line(sl_buf_view(&text), sl_buf_view(&line));
  sl_buf_free(&text);
  sl_buf_free(&line);
  sl_free(file);
  return rc == SL_ENOENT ? SL_OK : rc;
}

static int read_trust(struct sl_buf *b, const char *file, struct sl_err *err)
{
  return sl_file_exists(file) ? sl_file_read_private(b, file, TRUST_MAX, err) : SL_OK;
}

static int add_line(struct sl_str line, struct sl_err *err)
{
  struct sl_buf text;
  char *file = sl_xdg_path(SL_XDG_STATE, "trust"), *dir = file ? sl_path_dir(file) : NULL;
  int rc = dir ? sl_mkdirs(dir, 0700, err) : sl_err_set(err, SL_EIO, "no home folder to keep trust in; set XDG_STATE_HOME");
  sl_buf_init(&text, TRUST_MAX + PATH_MAX * 4);
  if (!rc)
    rc = read_trust(&text, file, err);
  if (!rc && !has_line(sl_buf_view(&text), line)) {
    sl_buf_z(&text, text.n && text.p[text.n - 1] != '\n' ? "\n" : "");
    sl_buf_str(&text, line);
    sl_buf_ch(&text, '\n');
    rc = sl_buf_check(&text, err);
    if (!rc)
      rc = sl_file_write(file, sl_buf_view(&text), 0600, err);
  }
  sl_buf_free(&text);
  sl_free(dir);
  sl_free(file);
  return rc;
}

int sl_trust_add(const char *path, struct sl_err *err)
{
  struct sl_buf bytes, line;
  char hex[65];
  sl_buf_init(&bytes, WORKSPACE_MAX + 1);
  sl_buf_init(&line, 0);
  int rc = sl_file_read(&bytes, path, WORKSPACE_MAX, err);
  if (!rc) {
    struct sl_sha256 d = sl_sha256(sl_buf_view(&bytes));
    sl_sha256_hex(&d, hex);
    rc = trust_line(&line, sl_strn(hex, 64), path, err);
  }
  if (!rc)
    rc = add_line(sl_buf_view(&line), err);
  sl_buf_wipe(&bytes);
  sl_buf_free(&line);
  return rc;
}
