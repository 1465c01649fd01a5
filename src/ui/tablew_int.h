/* ui/tablew_int.h: the table widget's inside: state and commands in tablew.c, columns and painting in tablew_draw.c. */
#ifndef SL_UI_TABLEW_INT_H
#define SL_UI_TABLEW_INT_H

#include "ui/ui_int.h"

enum { TW_COLS = 128, TW_MARKS = 100000, TW_WIDEST = 44 };

struct tw_col {
  int index;            /* in the schema; -1: connection; -2: a key of a family */
  unsigned family;      /* with -2 */
  uint32_t key;
  char name[96];
  const char *head;     /* what stands above it: the key alone where that is clear */
  int width;            /* widest seen, so that columns do not jump about */
  int whole, frac;      /* most characters seen before and behind the point */
  int x, w;             /* where it stands in this drawing; w 0: nowhere */
  bool right, keep_ends;
};
/* A marked row: found again by its hash, acted on by its ref. */
struct tw_mark { uint64_t hash; char *ref; };
struct sl_tablew {
  struct sl_view *v;
  struct sl_pane *pane;
  struct sl_query *query;
  struct sl_tablew_opts o;
  struct sl_schema *schema;        /* that cols were made for */
  struct tw_col col[TW_COLS];
  size_t ncol, nbest, shown, at_col, left_col;   /* nbest: how many of them are defaults */
  uint64_t at, top, at_hash;
  bool have_hash, filtered, chosen;
  bool picking;                    /* keys are among the defaults, and may still be chosen anew: not all rows have come */
  const void *picked;              /* the snapshot they were chosen from: an address, nothing more */
  int rows;                        /* of the last drawing */
  struct tw_mark *mark; size_t nmark, mark_cap;
  char find[128];
  struct sl_buf columns;           /* what was chosen, as text; empty: defaults */
  struct sl_query *outer;          /* the groups that these rows are one of; NULL: none */
  bool outer_filtered;
  struct sl_buf group_columns;     /* that col was made from */
};
int tw_ask(struct sl_tablew *t, const struct sl_query *like);   /* another question in the same place; what fails is said */
void tw_ask_anew(struct sl_tablew *t);                          /* the rows will be others: columns are chosen again */
/* tablew_group.c */
bool tw_group_command(struct sl_tablew *t, const char *command);
void tw_group_columns(struct sl_tablew *t, const char *text);
void tw_columns(struct sl_tablew *t);
bool tw_sorted(const struct sl_tablew *t, const struct tw_col *c, bool *desc);   /* the rows are in this column's order */
struct sl_str tw_key(const struct sl_tablew *t, const struct tw_col *c);         /* of a family's column, whole; else nothing */
void tw_follow(struct sl_tablew *t);
bool tw_marked(const struct sl_tablew *t, uint64_t hash);
void tw_cell(struct sl_tablew *t, const struct tw_col *c, const struct sl_batch *b, uint32_t row, struct sl_buf *out, enum sl_role *role);

#endif
