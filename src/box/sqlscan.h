/* box/sqlscan.h: where words, texts and comments of a statement begin and end. No grammar: the engine's own parser judges. [any] */
#ifndef SL_BOX_SQLSCAN_H
#define SL_BOX_SQLSCAN_H

#include "base/buf.h"

enum sl_sql_kind { SL_SQL_WORD, SL_SQL_NUMBER, SL_SQL_TEXT /* '...' */, SL_SQL_QUOTED /* "..." */, SL_SQL_OTHER /* one character */ };
struct sl_sql_tok { enum sl_sql_kind kind; struct sl_str s; };  /* s: as written, quotes included, borrowed */
/* The next token of *rest, behind blanks and comments; false at the end. What is not closed goes to the end. */
bool sl_sql_next(struct sl_str *rest, struct sl_sql_tok *t);
/* What a plain '...' stands for (doubled quotes undone) into b; false: no plain text (E'..', $$..$$). */
bool sl_sql_unquote(const struct sl_sql_tok *t, struct sl_buf *b);

struct sl_str sql_without_end(struct sl_str sql);   /* without the ';' and what follows it */
struct sl_str sql_explained(struct sl_str sql);     /* behind EXPLAIN [ANALYZE] */
struct sl_str sql_behind_parens(struct sl_str sql); /* behind one pair of parentheses at the start */

/* FROM 'a.x' [UNION ALL FROM 'b.x' ...], names that end so (the other ending NULL: in one way only): nothing that the engine could read. */
bool sql_is_files(struct sl_str sql, const char *end, const char *other);
/* Its next name into b; false behind the last. */
bool sql_next_file(struct sl_str *rest, bool first, struct sl_buf *name);

#endif
