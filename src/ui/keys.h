/* ui/keys.h: commands and the keys that call them. A global key means the same in every view; views bind only others; a test knows both
 * sets. Every binding can be changed in the person's file: `keys: {global: {filter: "/"}, lake: {...}}`. */
#ifndef SL_UI_KEYS_H
#define SL_UI_KEYS_H

#include "ui/term.h"

struct sl_bind { const char *command, *keys /* "j Down" */, *help; };
struct sl_keymap;                            /* the live table: defaults, then the person's */
struct sl_yaml_node; struct sl_yaml;
/* Empty, yours. Texts of bindings (sl_keymap_add) are borrowed: constants. */
int sl_keymap_open(struct sl_keymap **out, struct sl_err *err) SL_NODISCARD;
void sl_keymap_free(struct sl_keymap *m);
/* where "global" or a view's name. ECONFIG on a collision, named. */
int sl_keymap_add(struct sl_keymap *m, const char *where, const struct sl_bind *binds, size_t n, struct sl_err *err) SL_NODISCARD;
int sl_keymap_person(struct sl_keymap *m, const struct sl_yaml *doc, const struct sl_yaml_node *keys, struct sl_err *err) SL_NODISCARD;
const char *sl_keymap_find(const struct sl_keymap *m, const char *where, int key);     /* command or NULL; the view first, then global */
/* The keys of a command as words, "/" or "j, Down"; "" when unbound. */
void sl_keymap_keys(const struct sl_keymap *m, const char *where, const char *command, struct sl_buf *out);
struct sl_keyrow { const char *where, *command, *help; struct sl_str keys; };
/* Each command with where it holds and the keys that it has now, as words in scratch (cleared first); false: i is beyond the last. */
size_t sl_keymap_rows(const struct sl_keymap *m);
bool sl_keymap_row(const struct sl_keymap *m, size_t i, struct sl_keyrow *out, struct sl_buf *scratch);
/* A moving command (down, up, page-down, page-up, first, last) as a distance; false: another command. page: lines of a page. */
bool sl_move_by(const char *command, uint64_t page, int64_t *by);
uint64_t sl_move_to(uint64_t at, uint64_t n, int64_t by);   /* at + by within 0..n-1; 0 where there is nothing */
/* The same over lines of which the cursor stands on some only: by so many of these, as far as there are any. */
uint64_t sl_move_over(uint64_t at, uint64_t n, int64_t by, bool (*stands)(const void *user, uint64_t i), const void *user);
extern const struct sl_bind sl_global_binds[];
extern const size_t sl_global_nbinds;

#endif
