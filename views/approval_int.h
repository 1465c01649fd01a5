/* views/approval_int.h: what the parts of the promotion sheet share: approval.c (the view), approval_facts.c (what the answers
 * say), approval_verdict.c (what that comes to), approval_lines.c (which lines there are),
 * approval_words.c (the lines that are sentences), approval_draw.c (how they look). */
#ifndef SL_VIEWS_APPROVAL_INT_H
#define SL_VIEWS_APPROVAL_INT_H

#include "ui/widgets.h"

enum { AP_SETS = 16, AP_LINES = 1000, AP_PAST = 200, AP_METRICS = 400, AP_PARAMS_MAX = 200 };
enum { CANDIDATE, CHAMPION };

/* What a run was trained on, of its document. */
struct ap_set { char name[80], digest[40], uri[400]; int64_t rows; bool training; };
struct ap_run {
  struct sl_pane *pane;
  struct approval_state *up;
  char id[128];
  char name[96], user[96], commit[72], source[96];
  struct ap_set set[AP_SETS];
  size_t nset, more;                  /* kept; left out */
};

enum ap_kind { AP_BLANK, AP_COMPARE, AP_METRIC, AP_DATA, AP_ROWS, AP_COMMIT, AP_PARAMS, AP_PARAM, AP_GATES, AP_GATE,
  AP_GATES_STATE, AP_WHO, AP_ENFORCED, AP_RACE, AP_HISTORY_HEAD, AP_HISTORY_FLOW, AP_HISTORY_ROW, AP_LINEAGE, AP_LINEAGE_RUN,
  AP_LINEAGE_SET, AP_LINEAGE_CODE, AP_DIGESTS };
struct ap_line { enum ap_kind kind; uint64_t row; };

/* name: borrowed from the keys of the run's answer. diff: its row in the comparison; UINT64_MAX: none yet. */
struct ap_metric { struct sl_str name; int rank; uint64_t diff; };

/* A decision or an attempt of the past: a row of approvals, or of the audit. */
struct ap_past { bool audit, own; uint64_t row; sl_ms at; };   /* own: about this very version */

struct approval_state {
  char conn[96], model[256], to[160];        /* conn "": not known yet; to: an alias, or stage:NAME */
  int64_t version;
  struct sl_pane *versions, *diff, *gates, *approvals, *audit;
  struct ap_run run[2];
  int64_t at[2];                             /* rows of versions; -1: none */
  int64_t champion;                          /* its number; 0: there is none */
  char policy[65];                           /* digest of the rules; "" none */
  struct ap_metric metric[AP_METRICS]; size_t nmetric;   /* of the candidate's run, the most telling first */
  uint64_t param[AP_PARAMS_MAX]; size_t nparam, params;   /* those that differ; in all */
  struct ap_past past[AP_PAST]; size_t npast;
  struct ap_line line[AP_LINES]; size_t nline;
  size_t cursor, top;
  bool all, moved;                           /* everything was asked for; somebody moved the cursor */
};

/* ---- approval_facts.c ---- */
struct sl_str ap_text(struct sl_pane *p, uint64_t row, const char *col);    /* "" where it is null, or there is no such */
struct sl_val ap_pair(struct sl_pane *p, uint64_t row, const char *family, struct sl_str key);
struct sl_str ap_tag(struct sl_pane *p, uint64_t row, const char *key);
const struct sl_model_conf *ap_policy(struct sl_view *v, const struct approval_state *s);   /* NULL: the workspace has none */
bool ap_has_alias(const struct approval_state *s, uint64_t row, const char *to);
void ap_find(struct sl_view *v, struct approval_state *s);                  /* candidate and champion among the versions */
void ap_run_read(struct ap_run *r);
void ap_metrics(struct sl_view *v, struct approval_state *s);               /* metrics of the run, rows of the comparison */
void ap_past_read(struct approval_state *s);
int64_t ap_decision(struct approval_state *s, int64_t version, const char *decision);   /* newest row of approvals; "" any; -1: none */
const struct ap_past *ap_past_nth(const struct approval_state *s, size_t i);   /* this version's own first; NULL: no more */
bool ap_of_now(struct approval_state *s, uint64_t row);                      /* an approval: of the facts that are judged now */
/* Approvals of this version for `to` that count now; *mine: one of them is by the person of that name. */
size_t ap_valid(struct approval_state *s, const char *me, bool *mine);

/* ---- approval_verdict.c ---- */
struct ap_tally { size_t pass, fail, unknown, n; };
struct ap_tally ap_tally(struct sl_pane *gates);                            /* NULL: nothing */
bool ap_complete(const struct sl_pane *p);                                  /* all of it has come, and is not older than it should be */
const struct sl_err *ap_failed(const struct sl_pane *p);                    /* why a source of it failed; NULL: none did */
/* The verdict as a state's word, the words, and what to do next. */
struct ap_verdict { const char *state; char words[240], next[240]; };
void ap_verdict(struct sl_view *v, struct approval_state *s, struct ap_verdict *out);   /* always fills *out */

/* ---- approval_lines.c ---- */
void ap_lines(struct approval_state *s, int room);                          /* as many as fit, unless all are wanted */
bool ap_selectable(const struct ap_line *l);

/* ---- approval_words.c ---- */
void ap_digest(struct sl_buf *b, struct sl_str hex);                        /* "a91c…07" */
void ap_digests(struct approval_state *s, struct sl_buf *b);                /* of policy, evidence, artifact */
void ap_when(struct sl_view *v, struct sl_buf *b, sl_ms at);
void ap_who(struct sl_view *v, struct approval_state *s, struct sl_buf *b);
void ap_enforced(struct sl_view *v, struct approval_state *s, struct sl_buf *b);
void ap_race(struct sl_view *v, struct approval_state *s, struct sl_buf *b);
/* "v2 approved by lead 11-07 14:12"; state: a word for its look, says: what it is worth. */
void ap_past_put(struct sl_view *v, struct approval_state *s, const struct ap_past *p, struct sl_buf *b, const char **state,
                 const char **says);
void ap_reason(struct sl_view *v, struct approval_state *s, struct sl_buf *b);   /* the line under the cursor, whole */

/* ---- approval_draw.c ---- */
void ap_draw(struct sl_view *v, struct approval_state *s, struct sl_grid *g, struct sl_rect r);

#endif
