/* ui/pane_int.h: panes as the frame sees them. */
#ifndef SL_UI_PANE_INT_H
#define SL_UI_PANE_INT_H

#include "ui/view.h"

/* All panes of a view, as it comes on top or goes below, by keys for refresh and pause. next: NULL at the end. failed: sources, of all of
 * them. */
struct sl_pane *sl_pane_next(const struct sl_pane *p);
void sl_panes_visible(struct sl_view *v, bool visible);
void sl_panes_refresh(struct sl_view *v);
void sl_panes_pause(struct sl_view *v, bool paused);
size_t sl_panes_failed(const struct sl_view *v);

#endif
