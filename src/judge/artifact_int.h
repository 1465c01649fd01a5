/* judge/artifact_int.h: what the ways of comparing a file share. */
#ifndef SL_JUDGE_ARTIFACT_INT_H
#define SL_JUDGE_ARTIFACT_INT_H

#include "base/mem.h"
#include "judge/artifact.h"

struct art {
  const struct sl_art_side *side;
  size_t n;
  const atomic_bool *cancel;
  sl_art_fn *fn;
  void *user;
  struct sl_buf cell[SL_ART_RUNS];   /* of the row that is being made */
  bool there[SL_ART_RUNS];
};
void art_row(struct art *a);                                 /* begins one: no cell is there */
void art_text(struct art *a, size_t run, struct sl_str s);   /* a cell, as a JSON string; a long one is cut */
int art_send(struct art *a, const char *kind, struct sl_str name, bool same, struct sl_err *err);   /* ECANCELED; else fn's answer */
bool art_cancelled(const struct art *a);                     /* asked now and then in what takes long */

int art_lines(struct art *a, struct sl_err *err);            /* artifact_text.c */
/* artifact_json.c: *done false: some side is no JSON, and nothing was sent. */
int art_values(struct art *a, bool *done, struct sl_err *err);

#endif
