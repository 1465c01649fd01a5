/* backends/mlflow/rest_conn_int.h: one server: its pool of connections, who we are to it, what it said about itself. */
#ifndef SL_BACKEND_MLFLOW_REST_CONN_INT_H
#define SL_BACKEND_MLFLOW_REST_CONN_INT_H

#include "backend_mlflow/rest_int.h"

struct mlflow_rest {
  struct sl_http_pool *pool;
  char *base;                       /* without a slash at the end */
  char *user;                       /* of basic; NULL: a token, or nobody */
  struct sl_secret *secret;         /* password or token; NULL: nobody */
  char from[128];                   /* where it stands, for people; "": what `login` keeps */
  struct sl_err secret_err;         /* why there is none although one is set */
  bool wants_secret, asked_secret;
  bool proved;                      /* the server took the secret at least once */
  unsigned generation;              /* of the secret: counts what was forgotten */
  bool certified;                   /* we show a certificate of our own */
  bool insecure;                    /* its certificate is not checked: said wherever the connection is shown */
  enum { REST_NEW, REST_SECRET, REST_HEALTH, REST_VERSION, REST_OLD, REST_INFO, REST_WHO, REST_USER, REST_KNOWN } at;
  struct mlflow_ask *waiting;
  sl_timer begin;
  struct sl_http *http;             /* of the probe */
  bool workspaces;                  /* it has several */
  bool admin;                       /* we may do everything: its answers about permissions leave that out */
  char version[32], who[96];
  int64_t latency_ms;
};
/* Settings of a server into m->rest; asks nothing yet. ECONFIG. close: also after a failure. */
int mlflow_conn_open(struct mlflow *m, const struct sl_conf *c, struct sl_err *err) SL_NODISCARD;
void mlflow_conn_close(struct mlflow *m);
/* Starts what waits for the server to be known; a failed look fails them all, and the next one looks again. */
int mlflow_conn_wait(struct mlflow_ask *a, struct sl_err *err) SL_NODISCARD;
void mlflow_conn_unwait(struct mlflow_ask *a);
/* A 401 although the secret was good before (a token of an hour, a changed password): forgets it, so that waiting for the server fetches
 * it anew from where it comes from. generation: of the secret that was refused. False: there is nothing that could be fetched. */
bool mlflow_conn_renew(struct mlflow *m, unsigned generation);
int mlflow_conn_sign(struct mlflow *m, struct sl_http *h, struct sl_err *err) SL_NODISCARD;
/* An answer that is no success (or no JSON) in words for the person; its code. */
int mlflow_conn_explain(struct mlflow *m, const struct sl_http_info *i, struct sl_str body, const char *what, struct sl_err *err);
void mlflow_conn_fine(struct mlflow *m);                                        /* the same, when all went well */
/* What MLflow's own variables and files, and ~/.netrc, say where the workspace says nothing. */
int mlflow_login_around(struct mlflow_rest *rest, struct sl_str host, struct sl_err *err) SL_NODISCARD;
void mlflow_tls_around(struct sl_http_tls *tls);
void mlflow_conn_failed(struct mlflow *m, int rc, const struct sl_err *err);   /* for `connections` */

#endif
