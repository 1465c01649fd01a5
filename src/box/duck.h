/* box/duck.h: DuckDB inside the box: found, loaded, opened with everything shut that a query does not need; private to this folder. */
#ifndef SL_BOX_DUCK_H
#define SL_BOX_DUCK_H

#include "box/duckdb_abi.h"
#include "box/inside.h"
#include "compute/col.h"

/* libduckdb.so from the first folder that has it; it stays loaded. EUNSUP: none, or not ours to call. */
int duck_load(struct duck *d, const struct wire_list *dirs, struct sl_err *err) SL_NODISCARD;
/* An empty database in memory: before the box shuts itself in, since the engine looks for its control group and takes no refusal. Without
 * threads, which would stay outside; they come with the rest of the settings, once we are shut in. */
int duck_open(const struct duck *d, duck_db *db, const struct wire_hello *h, struct sl_err *err) SL_NODISCARD;
int duck_shut(const struct duck *d, duck_db db, const struct wire_hello *h, struct sl_err *err) SL_NODISCARD;
/* One statement of ours, without rows. */
int duck_do(const struct duck *d, duck_conn conn, const char *sql, struct sl_err *err) SL_NODISCARD;

/* DuckDB's many lines as one: what is wrong, of which file, at which line and column. EPARSE for data and statements, ENOENT for missing
 * files, ELIMIT for memory and space, EDENIED for files outside the roots. skip: characters of ours before the statement. */
int duck_error(struct sl_err *err, const char *text);

/* After a statement failed with rc and err: where the engine could not guess how a CSV file is written, the line that is broken instead.
 * Returns rc. */
int duck_why_csv(const struct duck *d, duck_conn conn, int rc, struct sl_err *err);

/* ---- what every worker does (duck_run.c) ---- */
struct duck_own { struct duck d; duck_db db; bool shut, writes; };       /* the worker's sl_box_ctx.own; writes: score_write.c */
int duck_own_load(struct sl_box_ctx *c, struct sl_err *err) SL_NODISCARD;                       /* a worker's load */
/* Shuts the engine in before the first. A connection for each job, yours to disconnect: temporary tables go with it. */
int duck_own_connect(struct sl_box_ctx *c, duck_conn *conn, struct sl_err *err) SL_NODISCARD;
/* The one statement of text, prepared; *type is the engine's word for it. Nothing to destroy on failure. */
int duck_prepare(const struct duck *d, duck_conn conn, const char *text, duck_prepared *out, int *type, struct sl_err *err) SL_NODISCARD;
/* Runs it; its rows stream from *r, which is always yours to destroy. Progress is the engine's, in percent. */
int duck_execute(const struct duck *d, duck_conn conn, struct sl_box_ctx *c, duck_prepared p, duck_result *r,
                 struct sl_err *err) SL_NODISCARD;

/* Writes the rows of sql into the job's file, in the format of its name (work_sql.c). */
int duck_write_out(const struct duck *d, duck_conn conn, struct sl_box_ctx *c, struct sl_str sql, struct sl_err *err) SL_NODISCARD;

/* ---- results -> columns (duck_col.c) ---- */
/* The columns that a statement's rows have, still empty: BOOL; I64 (dates and times too: microseconds); F32; F64 (decimals and what is
 * wider than 64 bits too); anything else as text: DICT where dict, else TEXT. Names as the engine gives them, doubles too. */
int duck_columns_open(const struct duck *d, duck_prepared p, bool dict, struct sl_columns *out, struct sl_err *err) SL_NODISCARD;
/* Appends the next chunk of r (some 2,048 rows). *more false: there was none, r is at its end. */
int duck_columns_next(const struct duck *d, duck_result *r, struct sl_columns *f, bool *more, struct sl_err *err) SL_NODISCARD;

/* ---- results -> batches (duck_out.c) ---- */
struct duck_out;
/* Text of a SELECT that gives what the prepared one does, in types that we carry: nested values as JSON, rare ones as text. Nothing is
 * written when the statement can stay as it is. sql: without a ';' at its end. */
int duck_wrap(const struct duck *d, duck_prepared p, struct sl_str sql, struct sl_buf *out, struct sl_err *err) SL_NODISCARD;
int duck_send(const struct duck *d, struct sl_box_ctx *c, duck_result *r, duck_prepared first, struct sl_err *err) SL_NODISCARD;

/* ---- inputs -> temporary tables (duck_in.c) ---- */
int duck_inputs(const struct duck *d, duck_conn conn, struct sl_box_ctx *c, struct sl_err *err) SL_NODISCARD;

#endif
