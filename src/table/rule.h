/* table/rule.h: the language of gates (design.md section 7): the filter's, with + - * / abs() min() max(), over facts instead of columns.
 *
 *   metrics.val_auc >= champion.metrics.val_auc - 0.005 and drift.share < 0.3
 *
 * A word with a dot is a fact; a number may have a unit (90s, 26h: seconds; 10MB: bytes); other words are text, which quotes make plain.
 * `-` and `/` may be part of a name, so as operators they stand between spaces. This is the reading; judge/gate.h says what a rule comes
 * to. */
#ifndef SL_TABLE_RULE_H
#define SL_TABLE_RULE_H

#include "table/filter.h"

enum sl_rule_op { SL_R_AND, SL_R_OR, SL_R_NOT, SL_R_EQ, SL_R_NE, SL_R_LT, SL_R_LE, SL_R_GT, SL_R_GE, SL_R_MATCH, SL_R_NOMATCH, SL_R_IN,
  SL_R_NOTIN, SL_R_NULL, SL_R_NOTNULL,                                                     /* true or false */
  SL_R_ADD, SL_R_SUB, SL_R_MUL, SL_R_DIV, SL_R_NEG, SL_R_ABS, SL_R_MIN, SL_R_MAX,          /* numbers */
  SL_R_VALUE, SL_R_FACT };
struct sl_rule_node {
  enum sl_rule_op op;
  struct sl_rule_node *a, *b;    /* its sides; NOT NEG ABS NULL NOTNULL: a. MIN MAX IN NOTIN: the first of several in a's `next` */
  struct sl_rule_node *next;     /* of a list */
  struct sl_val v;               /* VALUE: I64, F64 or TEXT */
  struct sl_str fact;            /* FACT: its name as written: champion.metrics.val_auc */
  bool champion;                 /* FACT: of the champion, */
  struct sl_name name;           /* and of which family: metrics, val_auc; drift, share */
  struct sl_regex *re;           /* MATCH, NOMATCH */
  struct sl_str tail;            /* of a condition: from its operator on, as written: ">= 0.85" */
};
struct sl_rule;
enum { SL_RULE_MAX = 4096 };
/* EUSAGE: "column N: what is wrong; what to do". Owned: sl_rule_free(). */
int sl_rule_parse(struct sl_rule **out, struct sl_str text, struct sl_err *err) SL_NODISCARD;
void sl_rule_free(struct sl_rule *r);
const struct sl_rule_node *sl_rule_root(const struct sl_rule *r);
struct sl_str sl_rule_text(const struct sl_rule *r);
bool sl_rule_champion(const struct sl_rule *r);          /* does it speak of the champion? */
bool sl_rule_matches(const struct sl_rule_node *n, struct sl_str text);   /* of MATCH, NOMATCH: does the expression match? */

#endif
