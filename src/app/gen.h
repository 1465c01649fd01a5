/* app/gen.h: pages and completions, made from the tables (hidden: sluice --generate KIND). tools/generate.sh writes them into the tree; a
 * test fails when they differ. */
#ifndef SL_APP_GEN_H
#define SL_APP_GEN_H

#include "base/buf.h"

/* KIND: man, man5, config-md, bash, zsh, fish. EUSAGE names the kinds that there are. */
int sl_generate(struct sl_buf *b, const char *kind, struct sl_err *err) SL_NODISCARD;

/* Each whole, as its file in man/, docs/ and completions/ stands; failure sticks in b. */
void sl_gen_man(struct sl_buf *b);
void sl_gen_config_md(struct sl_buf *b);
void sl_gen_config_man(struct sl_buf *b);
void sl_gen_bash(struct sl_buf *b);
void sl_gen_zsh(struct sl_buf *b);
void sl_gen_fish(struct sl_buf *b);

#endif
