/* base/file.h: files of our own: read whole under a cap, written whole or not at all, in folders only we can read.
 *
 * These block: on the loop thread only at start and for files known to be small and local; else in lane `file`. */
#ifndef SL_BASE_FILE_H
#define SL_BASE_FILE_H

#include "base/buf.h"

int sl_file_read(struct sl_buf *b, const char *path, size_t max, struct sl_err *err) SL_NODISCARD;    /* regular files only; appends */
/* The same for a file of secrets, after sl_file_private()'s check on the opened file itself. Give it a sl_buf_init_secret() buffer. */
int sl_file_read_private(struct sl_buf *b, const char *path, size_t max, struct sl_err *err) SL_NODISCARD;
int sl_file_write(const char *path, struct sl_str s, unsigned mode, struct sl_err *err) SL_NODISCARD; /* temp, fsync, rename, fsync(dir) */
int sl_mkdirs(const char *path, unsigned mode, struct sl_err *err) SL_NODISCARD;  /* with its parents; there already: fine */
int sl_fd_write(int fd, struct sl_str s);               /* all of it, over interruptions; -1 and errno. Blocks */
bool sl_file_exists(const char *path);
bool sl_dir_exists(const char *path);
int sl_rmtree(const char *path, struct sl_err *err) SL_NODISCARD;       /* never follows links or mounts; no such path: SL_OK */
char *sl_path_join(const char *dir, const char *name) SL_NODISCARD;     /* yours; an absolute name wins */
/* yours; ~ expanded, dots folded, no link resolved; base NULL: the current folder */
char *sl_path_abs(const char *path, const char *base) SL_NODISCARD;
bool sl_path_inside(const char *path, const char *root);                /* after folding; equal counts; out of memory: false */
bool sl_path_climbs(struct sl_str path);                                /* one of its parts is `..` */
const char *sl_path_base(const char *path);                             /* borrowed: behind the last slash */
char *sl_path_dir(const char *path) SL_NODISCARD;                       /* yours; "." and "/" where there is nothing else */

/* $XDG_CONFIG_HOME/sluice[/name] and friends; yours; name NULL: the folder. Relative values are ignored, as the specification says. RUNTIME
 * falls back to STATE/run, which is made with 0700. HOME unset: the passwd entry. NULL: out of memory, or no home. */
enum sl_xdg { SL_XDG_CONFIG, SL_XDG_DATA, SL_XDG_STATE, SL_XDG_CACHE, SL_XDG_RUNTIME };
char *sl_xdg_path(enum sl_xdg which, const char *name) SL_NODISCARD;
/* Refuses what group or others may read or what is not ours (secrets, as ssh does). */
int sl_file_private(const char *path, struct sl_err *err) SL_NODISCARD;

#endif
