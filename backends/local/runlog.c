/* backends/local/runlog.c: an execution's log while it is written: "TIME LEVEL STEP TEXT" a line, so that grep and less do as well.
 *
 * Full at 64 MiB it becomes log.1, and so on to log.3: what a job can put on the disk is bounded. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "backend_local/exec_int.h"
#include "base/file.h"

int local_runlog_open(struct local_runlog *g, const char *dir, struct sl_err *err)
{
  *g = (struct local_runlog){ .fd = -1, .max = LOCAL_LOG_BYTES, .path = sl_path_join(dir, "log") };
  sl_buf_init(&g->line, 2 * LOCAL_LINE_MAX);
  if (!g->path)
    return sl_err_nomem(err);
  g->fd = open(g->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (g->fd < 0) {
    int rc = sl_err_sys(err, errno, "cannot open %s", g->path);
    local_runlog_close(g);
    return rc;
  }
  off_t at = lseek(g->fd, 0, SEEK_END);
  g->size = at > 0 ? at : 0;
  return SL_OK;
}

static void rotate(struct local_runlog *g)
{
  for (int i = LOCAL_LOG_FILES - 1; i > 0; i--) {
    char *to = sl_asprintf("%s.%d", g->path, i), *from = i > 1 ? sl_asprintf("%s.%d", g->path, i - 1) : sl_strdup(g->path);
    if (to && from && rename(from, to)) {
      /* not there yet */
    }
    sl_free(to);
    sl_free(from);
  }
  int fd = open(g->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return; /* goes on in the old one */
  close(g->fd);
  g->fd = fd;
  g->size = 0;
}

void local_runlog_line(struct local_runlog *g, sl_ms now, const char *level, const char *step, struct sl_str text)
{
  sl_buf_clear(&g->line);
  sl_time_rfc3339(&g->line, now);
  sl_buf_printf(&g->line, " %s %s ", level, step);
  sl_buf_str(&g->line, sl_str_head(text, LOCAL_LINE_MAX));
  sl_buf_ch(&g->line, '\n');
  if (g->line.failed || g->fd < 0)
    return;
  if (g->size && g->size + (int64_t)g->line.n > g->max)
    rotate(g);
  const char *p = g->line.p;
  for (size_t left = g->line.n; left;) {
    ssize_t n = write(g->fd, p, left);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return; /* a full disk loses log lines, not the job */
    p += n;
    left -= (size_t)n;
    g->size += n;
  }
}

void local_runlog_close(struct local_runlog *g)
{
  if (g->fd >= 0)
    close(g->fd);
  g->fd = -1;
  sl_buf_free(&g->line);
  sl_free(g->path);
  g->path = NULL;
}
