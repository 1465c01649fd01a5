/* model/saved.h: saved views: a resource's scope, filter, grouping, order and columns under a name, for one person in one workspace.
 *
 * They lie in views.json of the workspace's state folder, written whole or not at all; two programs that save at once: the later wins. */
#ifndef SL_MODEL_SAVED_H
#define SL_MODEL_SAVED_H

#include "base/buf.h"

struct sl_saved { struct sl_str name, resource, scope, filter, sort, columns, group; };   /* texts; empty: none */
struct sl_saved_set;
/* Yours. No such file: an empty set. EPARSE names the file. Blocks: a small file of our own. */
int sl_saved_load(struct sl_saved_set **out, const char *state_dir, struct sl_err *err) SL_NODISCARD;
void sl_saved_free(struct sl_saved_set *s);
size_t sl_saved_count(const struct sl_saved_set *s);
const struct sl_saved *sl_saved_at(const struct sl_saved_set *s, size_t i);         /* by resource and name; borrowed */
/* Of a resource; ENOENT names those that there are. */
int sl_saved_find(const struct sl_saved_set *s, struct sl_str resource, struct sl_str name, const struct sl_saved **out,
                  struct sl_err *err) SL_NODISCARD;
/* EUSAGE: what is no name (letters, digits, . _ -, at most 64 of them); ELIMIT: there are 500. */
int sl_saved_put(const char *state_dir, const struct sl_saved *v, struct sl_err *err) SL_NODISCARD;
int sl_saved_drop(const char *state_dir, struct sl_str resource, struct sl_str name, struct sl_err *err) SL_NODISCARD;

#endif
