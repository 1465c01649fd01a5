/* backends/local/prune.c: executions do not stay for ever: a job keeps its newest ones (`keep:`), and those that are not too old
 * (`keep_for:`).
 *
 * The supervisor looks after its own run has ended, from the oldest on. The newest of a job always stays, so that numbers go on; one whose
 * lock is held is running, or being made. What goes leaves the listing at once, by rename. The audit says for ever that it was started and
 * how it ended; so removing its folder is housekeeping, told in the log of the run that did it. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "backend_local/exec_int.h"
#include "base/file.h"

enum { AT_ONCE = 200 };                /* more go after the next run: nobody waits for a thousand folders */

static bool too_old(const char *dir, int64_t keep_ms, sl_ms now)
{
  struct local_spec s;
  if (keep_ms <= 0 || local_spec_read(&s, dir, NULL))
    return false;
  bool old = now - s.created > keep_ms;
  local_spec_free(&s);
  return old;
}

/* True: it has gone. */
static bool remove_one(const char *execs, const char *id, const char *dir)
{
  char *path = sl_path_join(dir, "lock"), *aside = sl_asprintf("%s/.pruned-%s~", execs, id); /* a name that no listing takes for one */
  int lock = path ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
  bool free = lock >= 0 && aside && !flock(lock, LOCK_EX | LOCK_NB);
  bool gone = free && !rename(dir, aside);
  if (gone && sl_rmtree(aside, NULL)) {
    /* out of sight; sweep() comes back for what is left of it */
  }
  if (lock >= 0)
    close(lock);
  sl_free(aside);
  sl_free(path);
  return gone;
}

/* What was put aside and could not be removed whole: its supervisor was killed, or the disk said no. */
static void sweep(const char *execs)
{
  DIR *d = opendir(execs);
  for (struct dirent *e; d && (e = readdir(d));) {
    struct sl_str name = sl_str(e->d_name);
    if (!sl_str_starts(name, SL_STR(".pruned-")) || !sl_str_ends(name, SL_STR("~")))
      continue;
    char *path = sl_path_join(execs, e->d_name);
    if (path && sl_rmtree(path, NULL)) {
      /* the next run looks again */
    }
    sl_free(path);
  }
  if (d)
    closedir(d);
}

size_t local_prune(const char *execs, const struct local_spec *s, sl_ms now)
{
  struct local_ids ids;
  size_t gone = 0;
  sweep(execs);
  if (s->keep <= 0 || local_ids_read(&ids, execs, sl_str(s->job), NULL))
    return 0;
  for (size_t i = ids.n; i-- > 1 && gone < AT_ONCE;) {
    char *dir = sl_path_join(execs, ids.id[i]);
    bool goes = dir && (i >= (uint64_t)s->keep || too_old(dir, s->keep_ms, now));
    gone += goes && remove_one(execs, ids.id[i], dir);
    sl_free(dir);
    if (!goes)
      break;
  }
  local_ids_free(&ids);
  return gone;
}
