/* app/registry_views.c: every view, from views/views.def: one line each. */
#include "app/app.h"
#include "ui/view.h"

#include "views/views.def"
#undef SL_VIEW

#define SL_VIEW(name) &sl_view_##name,
const struct sl_view_ops *const sl_views[] = {
#include "views/views.def"
  NULL
};
#undef SL_VIEW
