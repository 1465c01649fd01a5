/* model/resource.c: the list of resources, made from resources.def, and finding one by name. */
#include "model/resource.h"

#define SL_RESOURCE(name) &sl_res_##name,
const struct sl_resource *const sl_resources[] = {
#include "model/resources.def"
  NULL
};
#undef SL_RESOURCE

#define SL_RESOURCE(name) #name,
static const char *const names[] = {
#include "model/resources.def"
};
#undef SL_RESOURCE

const struct sl_resource *sl_resource_find(struct sl_str name)
{
  for (size_t i = 0; sl_resources[i]; i++)
    if (sl_str_eqz(name, sl_resources[i]->name))
      return sl_resources[i];
  return NULL;
}

const char *sl_resource_nearest(struct sl_str name)
{
  return sl_str_nearest(name, names, sizeof names / sizeof names[0]);
}
