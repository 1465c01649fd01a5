/* views/score.h: the way to the view `score` from what shows a version. */
#ifndef SL_VIEWS_SCORE_H
#define SL_VIEWS_SCORE_H

#include "ui/view.h"

/* A version over the data that the workspace's evidence names, beside the champion; where it names none, both are asked for. */
void score_go(struct sl_view *v, struct sl_str model, int64_t version);

#endif
