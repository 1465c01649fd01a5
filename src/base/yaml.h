/* base/yaml.h: YAML as a tree of nodes that know where they stood, so that every mistake is told as file:line:column.
 *
 * Strict on purpose: aliases are expanded under a budget (no bombs), duplicate keys, tags, several documents and depth > 64 are
 * refused, size is capped at 1 MiB. Scalars stay text; whoever reads a setting says what it must be. */
#ifndef SL_BASE_YAML_H
#define SL_BASE_YAML_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

enum sl_yaml_kind { SL_YAML_SCALAR, SL_YAML_SEQ, SL_YAML_MAP };
struct sl_yaml_node {
  enum sl_yaml_kind kind;
  int line, column;              /* from 1 */
  struct sl_str text;            /* scalar */
  bool quoted;                   /* so that "null" and null differ */
  struct sl_yaml_node **items;   /* seq: items; map: values */
  struct sl_yaml_node **keys;    /* map: scalar keys, beside items */
  size_t n;
};
struct sl_yaml;                  /* owns the nodes */
/* EPARSE or ELIMIT with "FILE:LINE:COLUMN: "; whoever reads settings makes ECONFIG of it. file names it in messages. */
int sl_yaml_parse(struct sl_yaml **out, struct sl_str text, const char *file, struct sl_err *err) SL_NODISCARD;
int sl_yaml_load(struct sl_yaml **out, const char *path, struct sl_err *err) SL_NODISCARD;
void sl_yaml_free(struct sl_yaml *y);
const struct sl_yaml_node *sl_yaml_root(const struct sl_yaml *y);   /* NULL: an empty document */
const char *sl_yaml_file(const struct sl_yaml *y);
const struct sl_yaml_node *sl_yaml_get(const struct sl_yaml_node *map, const char *key); /* NULL: missing or no map */
bool sl_yaml_is_null(const struct sl_yaml_node *n);
bool sl_yaml_bool(const struct sl_yaml_node *n, bool *out);         /* true false yes no on off */
/* "FILE:LINE:COLUMN: " and the text; returns SL_ECONFIG. */
int sl_yaml_fail(const struct sl_yaml *y, const struct sl_yaml_node *n, struct sl_err *err, const char *fmt, ...) SL_PRINTF(4, 5);
void sl_yaml_quote(struct sl_buf *b, struct sl_str s);              /* as a string scalar that reads back the same (bytes that are no
                                                                     * UTF-8 become U+FFFD) */

#endif
