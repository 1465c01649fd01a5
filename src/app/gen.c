/* app/gen.c: which pages can be made. */
#include "app/gen.h"

#include <string.h>

static const struct { const char *kind; void (*make)(struct sl_buf *b); } kinds[] = {
  { "man", sl_gen_man }, { "man5", sl_gen_config_man }, { "config-md", sl_gen_config_md },
  { "bash", sl_gen_bash }, { "zsh", sl_gen_zsh }, { "fish", sl_gen_fish },
};

int sl_generate(struct sl_buf *b, const char *kind, struct sl_err *err)
{
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (!strcmp(kinds[i].kind, kind)) {
      kinds[i].make(b);
      return sl_buf_check(b, err);
    }
  return sl_err_set(err, SL_EUSAGE, "--generate takes man, man5, config-md, bash, zsh or fish, not '%s'", kind);
}
