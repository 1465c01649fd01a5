/* judge/artifact.h: one file of several runs side by side: text line by line, JSON value by value, anything else by size and digest.
 *
 * The first run is the baseline: the lines of each other one are laid beside its lines (Myers' shortest edit script, bounded; a block that
 * was rewritten stands beside the block that it replaced). JSON is compared as values: order of keys and spacing do not count, 1 is 1.0.
 *
 * Pure: bytes in, rows out; any thread. The bytes are anybody's: they are bounded here, and cleaned by whoever draws them. */
#ifndef SL_JUDGE_ARTIFACT_H
#define SL_JUDGE_ARTIFACT_H

#include <stdatomic.h>

#include "base/buf.h"

enum {
  SL_ART_RUNS = 16,
  SL_ART_HEAD = 1 << 20,       /* bytes of each that are compared as text or JSON */
  SL_ART_CELL = 4096,          /* of one cell; longer ones end in an ellipsis */
};
enum sl_art_kind { SL_ART_MISSING, SL_ART_TEXT, SL_ART_JSON, SL_ART_IMAGE, SL_ART_BINARY };
const char *sl_art_word(enum sl_art_kind k);                /* missing, text, json, image, binary */
enum sl_art_kind sl_art_kind(struct sl_str head);           /* by its content: what it is called says nothing */

struct sl_art_side {
  bool there;
  struct sl_str head;          /* its first SL_ART_HEAD bytes; borrowed */
  int64_t size;                /* of all of it; -1: unknown */
  char sha256[65];             /* hex, of all of it; "": not worked out */
  const char *why;             /* why it could not be read; NULL: it could, or it is not there */
};
struct sl_art_row {
  const char *kind;            /* file (content, bytes, sha256, compared), json (a value), line */
  struct sl_str name;          /* of the fact; the value's JSON pointer; the baseline's line, or `12+1`: the first of those behind it */
  const struct sl_str *cell;   /* one a run, as JSON; none: it has no such */
  bool same;
};
typedef int sl_art_fn(void *user, const struct sl_art_row *row, struct sl_err *err);   /* row until it returns */
/* Of n sides (1..SL_ART_RUNS). A non-zero answer of fn ends it and is returned. ECANCELED once *cancel is set (NULL: never). */
int sl_art_compare(const struct sl_art_side *side, size_t n, const atomic_bool *cancel, sl_art_fn *fn, void *user,
                   struct sl_err *err) SL_NODISCARD;

#endif
