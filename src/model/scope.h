/* model/scope.h: scopes of several words: addresses, some of them with blanks, and options written key=value behind them. */
#ifndef SL_MODEL_SCOPE_H
#define SL_MODEL_SCOPE_H

#include "base/buf.h"

/* The next word of *rest, unquoted, yours; *out NULL: there is none. A word may stand in ' or ", doubled inside; *quoted: it did, so it is
 * no option. EUSAGE: a quote is not closed. */
int sl_scope_word(struct sl_str *rest, char **out, bool *quoted, struct sl_err *err) SL_NODISCARD;
/* The same, or an option whose value may be quoted: label="a b" is one word, not quoted. keys as below. */
int sl_scope_next(struct sl_str *rest, const char *const *keys, char **out, bool *quoted, struct sl_err *err) SL_NODISCARD;
/* Written so that it is read back as the same word: keys ("label=", NULL-ended) are what an option begins with. */
void sl_scope_put(struct sl_buf *b, const char *word, const char *const *keys);

#endif
