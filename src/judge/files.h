/* judge/files.h: what differences asks of the runs' files: all that lie below a folder, or the bytes of one. Starts and ends on the loop;
 * what came is then read by one lane. Private to this folder. */
#ifndef SL_JUDGE_FILES_H
#define SL_JUDGE_FILES_H

#include "judge/artifact.h"
#include "model/ws.h"

struct judge_files;
/* fn once, never inside the call. */
typedef void judge_files_fn(void *user, int rc, const struct sl_err *err);
/* ids: of the runs, a list (sl_list). path: a file; with a slash at the end, or `.`: the files below it. */
int judge_files_start(struct judge_files **out, struct sl_ws *w, struct sl_str ids, struct sl_str path, judge_files_fn *fn, void *user,
                      struct sl_err *err) SL_NODISCARD;
void judge_files_free(struct judge_files *f);               /* on the loop; fn does not come any more */
bool judge_files_cut(const struct judge_files *f);           /* not everything could be listed */
/* In a lane: rows of kind `artifact` (a file each, cells are sizes), or those of sl_art_compare(). */
int judge_files_rows(const struct judge_files *f, const atomic_bool *cancel, sl_art_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;

#endif
