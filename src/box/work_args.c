/* box/work_args.c: what workers begin with (options as JSON, engines by path), and the file that some end with. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "box/inside.h"

int box_args(struct sl_str text, json_t **out, char **path, struct sl_err *err)
{
  *path = NULL;
  int rc = sl_json_load(out, text, false, err);
  if (rc)
    return rc;
  struct sl_str p = sl_json_str(*out, "path");
  if (!p.n || p.p[0] != '/' || memchr(p.p, 0, p.n))
    rc = sl_err_set(err, SL_EINTERNAL, "the box needs an absolute path");
  else if (!(*path = sl_strndup(p.p, p.n)))
    rc = sl_err_nomem(err);
  if (rc) {
    json_decref(*out);
    *out = NULL;
  }
  return rc;
}

bool box_lib(const struct wire_list *dirs, const char *name, char *path, size_t n)
{
  for (size_t i = 0; i < dirs->n; i++) {
    int k = snprintf(path, n, "%.*s/%s", SL_ARG(dirs->at[i]), name);
    if (k > 0 && (size_t)k < n && dirs->at[i].n && dirs->at[i].p[0] == '/' && sl_file_exists(path))
      return true;
  }
  return false;
}

int box_write_file(struct sl_box_ctx *c, struct sl_str bytes, struct sl_err *err)
{
  int fd = open(c->out_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int rc = fd < 0 || sl_fd_write(fd, bytes) ? sl_err_sys(err, errno, "cannot write the file") : SL_OK;
  if (fd >= 0 && close(fd) && !rc)
    rc = sl_err_sys(err, errno, "cannot write the file");
  c->wrote = !rc;
  return rc;
}
