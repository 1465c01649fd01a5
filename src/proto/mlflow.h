/* proto/mlflow.h: what MLflow's two faces have in common, and how each is asked: words, numbers, schema versions, our filters as SQL and
 * as the server's own filter language. No connection, no policy.
 *
 * Pushing down is a promise (design section 3): a filter counts as applied only where the other side means by it exactly what we mean:
 * three-valued, text by bytes, NaN and null last. What is narrower than nothing but wider than ours may be sent as well: the caller is
 * told, and the core filters again. */
#ifndef SL_PROTO_MLFLOW_H
#define SL_PROTO_MLFLOW_H

#include "table/filter.h"

/* ---- words and numbers ---- */
const char *sl_mlflow_state(struct sl_str native);    /* FINISHED -> ok; unknown words: unknown */
const char *sl_mlflow_native(struct sl_str state);    /* ok -> FINISHED; NULL: no such */
const char *sl_mlflow_decision(struct sl_str tag);    /* tag approval.decision -> versions.state: pending, approved, rejected, none */
/* A store has no infinity: the largest double stands for it. */
double sl_mlflow_f64(double stored, bool is_nan);
/* "3.17.2", "2.0.0rc1", "3.6.0.dev0" -> 3, 17. False: no version at all. */
bool sl_mlflow_version(struct sl_str text, int *major, int *minor);

/* MLflow takes values of 100,000 characters at most; one that is longer than this was put there by other means, and is shown cut: how it
 * begins, then how long it is. lost: bytes beyond text that are not here any more. */
enum { SL_MLFLOW_VALUE_MAX = 1 << 20 };
void sl_mlflow_cut(struct sl_buf *out, struct sl_str text, uint64_t lost, size_t max);

/* ---- addresses of artifacts ---- */
struct sl_mlflow_address {
  enum { SL_MLFLOW_AT_RUN, SL_MLFLOW_AT_VERSION, SL_MLFLOW_AT_ALIAS, SL_MLFLOW_AT_STAGE, SL_MLFLOW_AT_MODEL, SL_MLFLOW_AT_PROXY } kind;
  struct sl_str id, which;                /* run, model or m-ID (PROXY: host, or none); version, alias or stage */
  struct sl_str path;                     /* below it, without slashes at its ends */
};
/* Borrowed from uri. False: none of them, or it goes up with "..". */
bool sl_mlflow_address(struct sl_str uri, struct sl_mlflow_address *out);

/* Where a dataset lies, by its `source`: {"uri": "..."}, {"path": ...}, {"url": ...}, or an address as it is. Nothing: it says none. */
void sl_mlflow_dataset_address(struct sl_buf *out, struct sl_str source);

/* ---- SQL ---- */
/* Where a store's schema stands: OLD lacks what we read, NEWER is not in our list (or not MLflow's). */
enum sl_mlflow_schema { SL_MLFLOW_OLD, SL_MLFLOW_KNOWN, SL_MLFLOW_NEWER };
enum sl_mlflow_schema sl_mlflow_schema(struct sl_str alembic);

/* A statement over runs under way: r is runs, e experiments. Arguments are numbered; their texts are borrowed from the query. */
enum { SL_MLFLOW_ARGS = 256, SL_MLFLOW_JOINS = 24 };
struct sl_mlflow_sql {
  struct sl_buf from, where, order;       /* joins; " AND (...)" each; " ORDER BY ..." */
  struct sl_val arg[SL_MLFLOW_ARGS]; size_t narg;
  struct sl_mlflow_join { char family; struct sl_str key; bool inner; } join[SL_MLFLOW_JOINS]; size_t njoin;
  sl_ms now;                              /* how long a running one has been running */
};
/* Init allocates nothing; now: for the age of running ones. Free lets the texts go, not q. */
void sl_mlflow_sql_init(struct sl_mlflow_sql *q, sl_ms now);
void sl_mlflow_sql_free(struct sl_mlflow_sql *q);
unsigned sl_mlflow_sql_arg(struct sl_mlflow_sql *q, struct sl_val v);   /* its number; 0: too many */
/* Adds what of f can be said in SQL. True: all of it. s: of the resource runs. */
bool sl_mlflow_sql_where(struct sl_mlflow_sql *q, const struct sl_filter *f, const struct sl_schema *s);
bool sl_mlflow_sql_order(struct sl_mlflow_sql *q, const struct sl_order *o);    /* false: nothing was added */
/* The whole: "SELECT columns FROM ..."; tail: what stands behind (limit). */
int sl_mlflow_sql_text(const struct sl_mlflow_sql *q, const char *columns, struct sl_buf *out, struct sl_err *err) SL_NODISCARD;

/* ---- the server's filter language ---- */
bool sl_mlflow_plain(struct sl_str s);    /* nothing in it that its reader could take for syntax */
/* "metrics.`auc` > 0.9 AND ..." of what it can say; it may keep more rows than we would, never fewer. True: exactly ours. */
bool sl_mlflow_rest_where(struct sl_buf *out, const struct sl_filter *f, const struct sl_schema *s);
/* The members of an order_by array, ours to the last tie; false (and nothing written): it has another order. */
struct sl_jw;
bool sl_mlflow_rest_order(struct sl_jw *w, const struct sl_order *o);

/* ---- the old file store: a line of a metric's history ---- */
struct sl_mlflow_sample { int64_t time, step; double value; };
/* "TIME VALUE [STEP]" (ms since 1970; mlflow's FileStore), step 0 where none is said. False: no such line. */
bool sl_mlflow_line(struct sl_str line, struct sl_mlflow_sample *out);

/* ---- answers: a page's items one after the other, each as a small tree that lives for the call ---- */
struct sl_mlflow_node {
  enum { SL_MLFLOW_NULL, SL_MLFLOW_BOOL, SL_MLFLOW_NUM, SL_MLFLOW_STR, SL_MLFLOW_ARR, SL_MLFLOW_OBJ } kind;
  struct sl_str key, text;                /* text: of strings, of numbers as they were written; true, false */
  struct sl_mlflow_node *child, *last, *next;
};
const struct sl_mlflow_node *sl_mlflow_get(const struct sl_mlflow_node *n, const char *key);  /* NULL: not there; n may be NULL */
struct sl_str sl_mlflow_text(const struct sl_mlflow_node *n, const char *key);                /* strings and numbers; none */
bool sl_mlflow_int(const struct sl_mlflow_node *n, const char *key, int64_t *out);            /* a number, or digits in a string */
bool sl_mlflow_num(const struct sl_mlflow_node *n, const char *key, double *out);             /* "NaN"; the largest double is infinity */
void sl_mlflow_json(struct sl_jw *w, const struct sl_mlflow_node *n);                         /* as it came */

/* SL_OK; SL_EAGAIN: taken, but no more before sl_mlflow_page_go(); any other code ends the reading. */
typedef int sl_mlflow_item(void *user, const struct sl_mlflow_node *item, struct sl_err *err);
struct sl_mlflow_page;
/* list: the key whose array (or object, one item) is meant. */
int sl_mlflow_page_open(struct sl_mlflow_page **out, const char *list, sl_mlflow_item *fn, void *user, struct sl_err *err) SL_NODISCARD;
void sl_mlflow_page_free(struct sl_mlflow_page *p);
int sl_mlflow_page_feed(struct sl_mlflow_page *p, const void *data, size_t n, struct sl_err *err) SL_NODISCARD;
int sl_mlflow_page_go(struct sl_mlflow_page *p, struct sl_err *err) SL_NODISCARD;    /* what was fed and waited */
int sl_mlflow_page_end(struct sl_mlflow_page *p, struct sl_err *err) SL_NODISCARD;   /* no more bytes: was it whole? */
struct sl_str sl_mlflow_page_token(const struct sl_mlflow_page *p);                  /* next_page_token; none: the last page */
uint64_t sl_mlflow_page_items(const struct sl_mlflow_page *p);
uint64_t sl_mlflow_page_cuts(const struct sl_mlflow_page *p);                        /* values that were cut */

#endif
