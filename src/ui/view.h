/* ui/view.h: what a view is to the frame. One file each in views/, one line in views.def. A view asks through the two doors, draws on the
 * grid inside its rectangle, and answers commands; header, breadcrumb, line of truth, hints, prompts, help, palette and the stack of views
 * belong to the frame. */
#ifndef SL_UI_VIEW_H
#define SL_UI_VIEW_H

#include "model/act.h"
#include "ui/keys.h"

struct sl_ui;
struct sl_tablew;
struct sl_view;                              /* one open view on the stack; opaque here */
enum sl_handled { SL_IGNORED, SL_HANDLED };

struct sl_subject {                          /* what the cursor is on: for actions, links, describe, copy */
  const struct sl_resource *res;             /* NULL: nothing */
  struct sl_ref ref;                         /* texts valid until the next turn */
  struct sl_str uri;                         /* or an address */
  const struct sl_batch *batch; uint32_t row;/* the row itself, or NULL */
};
struct sl_view_ops {
  const char *name, *title, *help;           /* help: a few sentences shown above the keys in `?` */
  const char *arg;                           /* what its argument is, for the palette: "RESOURCE [SCOPE]", NULL: none */
  const struct sl_bind *binds; size_t nbinds;/* its own keys; the global ones are the frame's */
  const char *hints;                         /* commands for the hint line, best first: "open preview filter" */
  size_t state_size;                         /* zeroed bytes that the frame keeps for each open view */
  /* arg: may be empty. On failure the frame shows err and calls close: the state was zeroed before, and may be half made. */
  int (*open)(struct sl_view *v, struct sl_str arg, struct sl_err *err);
  void (*close)(struct sl_view *v);
  void (*draw)(struct sl_view *v, struct sl_grid *g, struct sl_rect r);  /* pure: from what was answered; never asks, never blocks */
  enum sl_handled (*command)(struct sl_view *v, const char *command);
  enum sl_handled (*key)(struct sl_view *v, int key);    /* raw keys first, only while sl_view_typing(); NULL: none */
  void (*crumb)(struct sl_view *v, struct sl_buf *b);    /* "clean #41"; NULL: the title */
  void (*count)(struct sl_view *v, struct sl_buf *b);    /* right end of the breadcrumb line */
  void (*truth)(struct sl_view *v, struct sl_buf *b);    /* line of truth; NULL: from the view's panes */
  bool (*subject)(struct sl_view *v, struct sl_subject *out);
  struct sl_tablew *(*table)(struct sl_view *v);         /* whose marks actions take; NULL: none */
  void (*cmdline)(struct sl_view *v, struct sl_buf *b);  /* the command line that equals this pane, without "sluice -w X" */
  void (*visible)(struct sl_view *v, bool visible);
};
#define SL_VIEW(name) extern const struct sl_view_ops sl_view_##name;

/* state_size bytes, never NULL; the frame it is in; the workspace that is open. */
void *sl_view_state(struct sl_view *v);
struct sl_ui *sl_view_ui(struct sl_view *v);
struct sl_ws *sl_view_ws(struct sl_view *v);
void sl_view_dirty(struct sl_view *v);                   /* paint me in this turn */
void sl_view_typing(struct sl_view *v, bool typing);     /* raw keys go to key() first */
/* Opens another view on top: the way links lead on. arg is copied. The error is shown in the frame. */
void sl_view_go(struct sl_view *v, const char *view, struct sl_str arg);
void sl_view_go_ref(struct sl_view *v, struct sl_str ref);   /* the view that shows this row best */
void sl_view_go_row(struct sl_view *v, const struct sl_subject *s);  /* the same for a row at hand; without a view, its `opens` */
void sl_view_back(struct sl_view *v);
void sl_view_say(struct sl_view *v, enum sl_role role, const char *fmt, ...) SL_PRINTF(3, 4);   /* the message line, until the next key */
void sl_view_copy(struct sl_view *v, struct sl_str text);
/* Rows of q, or a text, into a file of the person's; how it went is told in the header. */
void sl_view_export(struct sl_view *v, const struct sl_query *q, const char *path);
void sl_view_export_text(struct sl_view *v, struct sl_str text, const char *path);
/* A line to type at the bottom: done(text) or NULL when left by Esc. complete may be NULL. */
typedef void sl_typed(struct sl_view *v, void *user, const char *text);
void sl_view_prompt(struct sl_view *v, const char *label, const char *initial, sl_typed *done, void *user);
/* Plans the action on the subject or marks, shows the confirmation, acts, tells the outcome. */
void sl_view_act(struct sl_view *v, const struct sl_action *act, const struct sl_resource *res, const struct sl_ref *targets, size_t n,
                 const struct sl_val *args);
/* Where the workspace file names this zone, from 0: the order of the data's way. Unknown ones come after all others. */
size_t sl_view_zone_rank(struct sl_view *v, struct sl_str zone);
const struct sl_show *sl_view_show(struct sl_view *v);   /* now, zone, ascii */

/* ---- the shared pane: one query with its states ---- */
struct sl_pane;                              /* a query, its watch, its last answer (a reference of the snapshot), age and words */
int sl_pane_open(struct sl_pane **out, struct sl_view *v, struct sl_query *q, void (*changed)(struct sl_view *v, void *user), void *user,
                 struct sl_err *err) SL_NODISCARD;
/* The same by what the query is like: where *p is a pane already, another query in its place. */
int sl_pane_query(struct sl_pane **p, struct sl_view *v, const struct sl_query *like, void (*changed)(struct sl_view *v, void *user),
                  void *user, struct sl_err *err) SL_NODISCARD;
void sl_pane_close(struct sl_pane *p);
int sl_pane_ask(struct sl_pane *p, struct sl_query *q, struct sl_err *err) SL_NODISCARD;   /* another query in the same place */
const struct sl_answer *sl_pane_answer(const struct sl_pane *p);     /* never NULL; snap may be */
bool sl_pane_whole(const struct sl_pane *p);                         /* the question was answered once, however long ago */
uint64_t sl_pane_count(const struct sl_pane *p);
uint64_t sl_pane_live(const struct sl_pane *p);                      /* without the rows that are struck out; looks at the first 100,000 */
/* Row i: its batch and row number within; false while it is on disk (painted later) or beyond the end. Borrowed until the next turn. */
bool sl_pane_row(struct sl_pane *p, uint64_t i, const struct sl_batch **b, uint32_t *row);
struct sl_val sl_pane_val(struct sl_pane *p, uint64_t i, const char *col);
void sl_pane_refresh(struct sl_pane *p);
void sl_pane_visible(struct sl_pane *p, bool visible);
void sl_pane_pause(struct sl_pane *p, bool paused);
/* Loading, empty, failed are drawn in the middle with what to do; true when something was drawn instead of rows. `empty` says what
 * emptiness means here ("no job has run yet: R runs one"). */
bool sl_pane_draw_state(struct sl_pane *p, struct sl_grid *g, struct sl_rect r, const char *empty);
void sl_pane_truth(struct sl_pane *p, struct sl_buf *b);             /* "local: 12 s ago · 84 of 84 partitions · filter ran here" */
void sl_count_put(struct sl_buf *b, uint64_t n, const char *plural);   /* "2 executions", "1 execution": a resource, or a word */

#endif
