/* views/exec_links.h: around one execution: what it read, what it writes, who waits for that, and what can be done now. */
#ifndef SL_VIEWS_EXEC_LINKS_H
#define SL_VIEWS_EXEC_LINKS_H

#include "ui/widgets.h"

struct exec_links {
  struct sl_pane *row, *jobs, *read, *written;   /* row: the view's */
  char job[96], from[40], to[40];                /* zones; empty: none known */
};

void exec_links_row(struct sl_view *v, struct exec_links *l, struct sl_pane *row);   /* the execution's row came or changed */
void exec_links_close(struct exec_links *l);                                         /* its panes but row, which is the view's */
/* How many lines it wants at the bottom, 0: nothing to say. */
int exec_links_height(const struct exec_links *l);
void exec_links_draw(struct sl_view *v, struct exec_links *l, struct sl_grid *g, struct sl_rect r);
enum sl_handled exec_links_command(struct sl_view *v, struct exec_links *l, const char *command);
struct sl_str exec_links_text(struct sl_pane *p, uint64_t i, const char *col);       /* empty where it is missing or no text */
void exec_links_ago(struct sl_view *v, struct sl_buf *b, sl_ms at);                  /* "18m ago", or the date */

#endif
