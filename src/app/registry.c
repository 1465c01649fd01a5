/* app/registry.c: every backend, from backends/backends.def: one line each. */
#include "app/app.h"
#include "model/backend.h"

#define SL_BACKEND(name) extern const struct sl_backend_ops sl_backend_##name;
#include "backends/backends.def"
#undef SL_BACKEND

#define SL_BACKEND(name) &sl_backend_##name,
const struct sl_backend_ops *const sl_backends[] = {
#include "backends/backends.def"
  NULL
};
#undef SL_BACKEND
