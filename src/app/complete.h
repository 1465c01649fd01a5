/* app/complete.h: candidates for the shells' completions. */
#ifndef SL_APP_COMPLETE_H
#define SL_APP_COMPLETE_H

#include "app/app.h"

/* Prints them; first is what stands before the cursor's argument (the resource of a scope or id), "" when nothing does. */
int sl_complete(struct sl_app *a, const char *workspace, const char *kind, const char *first);

#endif
