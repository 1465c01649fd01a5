/* backends/mlflow/rest_int.h: a server: what became known of it, and one listing of it at a time.
 *
 * A request of the core owns a struct mlflow_ask (or a struct that begins with one). Each listing reads pages one after the other; an
 * item goes to its function as soon as its last byte has come. */
#ifndef SL_BACKEND_MLFLOW_REST_INT_H
#define SL_BACKEND_MLFLOW_REST_INT_H

#include "backend_mlflow/mlflow_int.h"
#include "base/json.h"
#include "loop/http.h"

struct mlflow_ask;
/* Once, on the loop; err NULL with SL_OK. */
typedef void mlflow_end_fn(struct mlflow_ask *a, int rc, const struct sl_err *err);

struct mlflow_list {                /* what is asked for */
  const char *path;                 /* "experiments/search" below /api/2.0/mlflow/; with a slash first: below the base */
  const char *list;                 /* "experiments" */
  const char *what;                 /* for messages: "experiments" */
  bool post;
  bool one_page;                    /* the first is enough */
  /* The query of the address, or the JSON body's members, of a page; token: none for the first. */
  void (*page)(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *body);
  sl_mlflow_item *item;             /* user is the ask; it ends the whole listing with a code of its own */
  mlflow_end_fn *end;               /* once; may start the next listing, or end the request */
};

struct mlflow_ask {
  struct mlflow *m;
  struct sl_req *r;
  struct mlflow_ask *next;          /* waiting for the server to be known */
  bool waiting, paused, html, streaming, over;
  bool listing, renewed;            /* renewed: its secret was fetched anew once, for the page under way */
  unsigned generation;              /* of the secret that the page was asked with */
  struct sl_buf token;              /* of the page under way */
  struct mlflow_list l;
  struct sl_http *http;
  struct sl_mlflow_page *page;
  struct sl_map seen;               /* tokens */
  struct sl_buf bad;                /* how an answer that is no success begins */
  uint64_t bytes, pages, cuts;      /* cuts: values that were too long */
  int rc;                           /* why reading stopped */
  struct sl_err err;
  struct sl_batch *b;               /* rows on their way */
  bool headed;
  void (*start)(struct mlflow_ask *a);      /* once the server is known */
  void (*go_on)(struct mlflow_ask *a);      /* after a pause that was not within a page; NULL: none such */
  void (*drop)(struct mlflow_ask *a);       /* frees what the resource's own struct holds; NULL */
};

/* In the query slot: waits for the server to be known, then start(). */
int mlflow_ask_begin(struct sl_req *r, void (*start)(struct mlflow_ask *a), struct sl_err *err) SL_NODISCARD;
void mlflow_ask_list(struct mlflow_ask *a, const struct mlflow_list *l);
void mlflow_ask_list_end(struct mlflow_ask *a, int rc, const struct sl_err *err);   /* by the connection: the listing's own end follows */
void mlflow_ask_end(struct mlflow_ask *a, int rc, const struct sl_err *err);   /* ends the request; a is gone */
void mlflow_ask_handed(struct mlflow_ask *a);                /* somebody else ends the request: frees what is the ask's */
void mlflow_ask_resume(struct sl_req *r);
void mlflow_ask_cancel(struct sl_req *r);
/* Rows: the batch to write the next one into, NULL: out of memory. sent: full ones go; SL_EAGAIN: the reader is full. */
struct sl_batch *mlflow_ask_batch(struct mlflow_ask *a);
int mlflow_ask_send(struct mlflow_ask *a, bool all, struct sl_err *err) SL_NODISCARD;
void mlflow_param(struct sl_buf *query, const char *name, struct sl_str value); /* name=value, percent-encoded, with its & */
int mlflow_ask_row(struct mlflow_ask *a, struct sl_str id, struct sl_batch **b, struct sl_err *err) SL_NODISCARD;  /* begins a row */
/* The whole document of an item: GET. */
int mlflow_ask_doc(struct mlflow_ask *a, const struct sl_mlflow_node *n);
/* Members of a body that listings share. */
void mlflow_body_text(struct sl_jw *w, const char *key, struct sl_str s);     /* none: left out */
void mlflow_body_int(struct sl_jw *w, const char *key, int64_t v);
bool mlflow_node_ms(const struct sl_mlflow_node *n, const char *key, sl_ms *out);
struct mlflow_experiment mlflow_node_experiment(const struct sl_mlflow_node *n);
enum { MLFLOW_PAGE = 1000 };
/* A page of experiments/search; view: ACTIVE_ONLY, ALL. */
void mlflow_body_experiments(struct sl_jw *w, const char *view, struct sl_str token);

#endif
