/* base/json.h: JSON in and out. Documents below 4 MiB become jansson's values (with duplicates, depth and size refused); larger ones
 * are read by the pull parser, which keeps nothing. Output never goes through a tree: it is written as it comes.
 *
 * Invalid UTF-8 from outside is written as \udc80..\udcff (Python's surrogateescape) and read back from it, so that bytes survive. */
#ifndef SL_BASE_JSON_H
#define SL_BASE_JSON_H

#include <jansson.h>

#include "base/buf.h"

enum { SL_JSON_MAX = 4 << 20, SL_JSON_DEPTH = 128 };

/* Yours (json_decref). EPARSE with line:column, ELIMIT for size, depth and number of containers. Any value may stand at the top. With `lax`
 * the bare tokens NaN, Infinity, -Infinity (MLflow's bulk history emits them) become the strings that sl_json_f64 reads: jansson has no
 * such numbers. Nor has it text that is not UTF-8: \udc80..\udcff is refused here, only the pull parser reads it. */
int sl_json_load(json_t **out, struct sl_str s, bool lax, struct sl_err *err) SL_NODISCARD;
struct sl_str sl_json_str(const json_t *obj, const char *key);             /* borrowed; none when missing or no string */
bool sl_json_i64(const json_t *obj, const char *key, int64_t *out);        /* numbers and protobuf's strings of digits */
bool sl_json_f64(const json_t *obj, const char *key, double *out);         /* numbers and "NaN", "Infinity", "-Infinity" */

/* ---- writer: commas and nesting are its business; sticky through the buffer ---- */
struct sl_jw { struct sl_buf *b; uint64_t first; unsigned depth; bool pretty, after_key; };
/* Writes into b, which stays the caller's; pretty: a line for each item, indented by two. What fails (b's cap, more than 63 containers
 * within each other) sticks in b. One value at the top; within an object a key before each value. */
struct sl_jw sl_jw(struct sl_buf *b, bool pretty);
void sl_jw_obj(struct sl_jw *w);
void sl_jw_end_obj(struct sl_jw *w);
void sl_jw_arr(struct sl_jw *w);
void sl_jw_end_arr(struct sl_jw *w);
void sl_jw_key(struct sl_jw *w, struct sl_str k);   /* as sl_jw_str() */
void sl_jw_str(struct sl_jw *w, struct sl_str s);   /* any bytes, as the top of this file says */
void sl_jw_i64(struct sl_jw *w, int64_t v);
void sl_jw_f64(struct sl_jw *w, double v);       /* not finite: "NaN", "Infinity", "-Infinity" as strings */
void sl_jw_bool(struct sl_jw *w, bool v);
void sl_jw_null(struct sl_jw *w);
void sl_jw_raw(struct sl_jw *w, struct sl_str json);     /* JSON already, one value; written as it is, not looked at */
void sl_json_quote(struct sl_buf *b, struct sl_str s);   /* one string with its quotes */
/* The same as RFC 8785 has it, so that one text has one form for ever: only quotes, backslashes and what is below U+0020 are escaped. For
 * what is hashed or signed. False: s is no UTF-8, and b holds half of it. */
bool sl_json_canon(struct sl_buf *b, struct sl_str s);
/* What is always escaped: controls (C0, C1), bidi, zero-width, tags, private use. So JSON of ours is harmless on a terminal. */
bool sl_json_hidden(uint32_t codepoint);

/* ---- pull parser: feed bytes in any pieces, take tokens; memory is bounded by the longest scalar (capped) and the depth ---- */
enum sl_json_tok { SL_JT_MORE, SL_JT_OBJ, SL_JT_END_OBJ, SL_JT_ARR, SL_JT_END_ARR, SL_JT_KEY, SL_JT_STR, SL_JT_NUM, SL_JT_TRUE, SL_JT_FALSE,
  SL_JT_NULL, SL_JT_END, SL_JT_BAD };
struct sl_json_pull;
/* Yours. max_scalar: bytes of the longest text or number. feed: ELIMIT, ENOMEM; eof: no more bytes will come. */
int sl_json_pull_open(struct sl_json_pull **out, size_t max_scalar, bool lax, struct sl_err *err) SL_NODISCARD;
void sl_json_pull_free(struct sl_json_pull *p);
int sl_json_pull_feed(struct sl_json_pull *p, const void *data, size_t n, struct sl_err *err) SL_NODISCARD; /* copies what is left over */
void sl_json_pull_eof(struct sl_json_pull *p);
/* The next token; MORE: feed again (or END once eof was said). text (decoded; may hold NULs and bytes that are no UTF-8) is valid until the
 * next call. NUM is valid JSON, or NaN, Infinity, -Infinity with lax. BAD stays BAD: err says where (EPARSE, ELIMIT, ENOMEM). Duplicate
 * keys are not noticed: whoever decides by them must. max_scalar 0: 1 MiB; at most 16 MiB may wait unread. */
enum sl_json_tok sl_json_pull_next(struct sl_json_pull *p, struct sl_str *text, struct sl_err *err);
/* From now on strings longer than max_scalar are no error, but cut there; lost: how many bytes of the string just taken are missing. */
void sl_json_pull_cut(struct sl_json_pull *p);
uint64_t sl_json_pull_lost(const struct sl_json_pull *p);
unsigned sl_json_pull_depth(const struct sl_json_pull *p);   /* containers open now; 0 at the top */

#endif
