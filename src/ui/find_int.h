/* ui/find_int.h: finding typed text in text: capitals count only where some were typed. */
#ifndef SL_UI_FIND_INT_H
#define SL_UI_FIND_INT_H

#include "base/str.h"

ptrdiff_t sl_find_text(struct sl_str s, struct sl_str what);   /* -1: not there; an empty `what` is nowhere */

#endif
