/* backends/compute/capture.h: what SageMaker endpoints captured (JSON lines), perhaps joined with ground truth, as a query of columns.
 *
 *     capture:FOLDER [truth=FOLDER] [names=FILE|a,b,c] [take=inputs|outputs|all]
 *
 * A first query counts events that are repeated or lack a truth, a second one says which columns there are, of which types; the third one
 * gives the rows. All are the box's. docs/internals/monitor.md. */
#ifndef SL_COMPUTE_CAPTURE_H
#define SL_COMPUTE_CAPTURE_H

#include "backend_compute/compute_int.h"

enum capture_take { CAPTURE_USUAL, CAPTURE_INPUTS, CAPTURE_OUTPUTS, CAPTURE_ALL };
struct capture_ask { char *from, *truth, *names; enum capture_take take; };
int capture_ask_parse(struct capture_ask *out, struct sl_str address, struct sl_err *err) SL_NODISCARD;    /* EUSAGE */
void capture_ask_free(struct capture_ask *a);                                                              /* its texts, not a */

/* What the first queries found. side: IN, OUT, TRUTH. */
enum capture_side { CAPTURE_IN, CAPTURE_OUT, CAPTURE_TRUTH, CAPTURE_SIDES };
/* key NULL: by position; whole, number: what all of its values are; n: how many records have it */
struct capture_column { char *key; bool whole, number; uint64_t n; };
struct capture_found {
  struct capture_column *at[CAPTURE_SIDES]; size_t n[CAPTURE_SIDES], cap[CAPTURE_SIDES];
  size_t wide[CAPTURE_SIDES]; uint64_t most[CAPTURE_SIDES];    /* values that most records have, by position; how many have */
  char **name; bool *fraction; size_t names, cap_names, cap_fraction;  /* from a baseline; fraction: no whole numbers there */
  uint64_t missed;             /* files of which less was read than they hold */
  uint64_t events, repeated, joined, truths, truths_repeated, unused;
};
void capture_found_free(struct capture_found *f);   /* what it holds, not f; zeroed then */

/* ---- capture_sql.c: the queries as text, addresses not yet resolved ---- */
int capture_put_count(struct sl_buf *b, const struct capture_ask *a, struct sl_err *err) SL_NODISCARD;
/* found: what the first one said. */
int capture_put_shape(struct sl_buf *b, const struct capture_ask *a, const struct capture_found *f, struct sl_err *err) SL_NODISCARD;
int capture_put_rows(struct sl_buf *b, const struct capture_ask *a, const struct capture_found *f, struct sl_err *err) SL_NODISCARD;

#endif
