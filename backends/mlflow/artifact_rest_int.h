/* backends/mlflow/artifact_rest_int.h: one question about artifacts of a server, from the address to the last byte. */
#ifndef SL_BACKEND_MLFLOW_ARTIFACT_REST_INT_H
#define SL_BACKEND_MLFLOW_ARTIFACT_REST_INT_H

#include "backend_mlflow/artifacts_int.h"
#include "backend_mlflow/rest_conn_int.h"

struct art_ask {
  struct mlflow_ask a;
  struct sl_arena mem;
  struct sl_buf uri;                /* what is shown */
  struct sl_mlflow_address at;
  enum { ART_RUN, ART_MODEL, ART_PROXY } in;
  struct sl_str id, path;           /* of the run or model; below it */
  struct sl_str source, of_run;     /* of a version */
  struct sl_str run, root;          /* that was asked for, and its artifact_uri */
  struct sl_str *model, hit;        /* models that the run logged; the one that is meant */
  size_t nmodel, at_model;
  struct sl_str dir, want;          /* the folder that is listed; the one name that is looked for, or none */
  uint64_t items;
  bool nomem, found, folder, tried, reading, detour;
  int64_t size;                     /* -1: the server does not say */
  uint64_t off, len;                /* of the read */
  uint64_t skip, left, got;         /* still to drop, still wanted, handed on */
  bool enough, refused;
  struct sl_err bad;                /* why the first way to its bytes failed */
};
/* The server is known: finds the place and asks; ends the request by itself. drop: its memory, after the end. */
void mlflow_art_start(struct mlflow_ask *a);
void mlflow_art_drop(struct mlflow_ask *a);
void mlflow_art_read(struct art_ask *x);            /* its size is known; ends the request */
void mlflow_art_detour(struct art_ask *x);          /* by the folder of the run that logged it, where the first way failed */

#endif
