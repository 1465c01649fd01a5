/* compute/drift_int.h: what the files of drift share: cells, and the tests by the kind of feature they are of. */
#ifndef SL_COMPUTE_DRIFT_INT_H
#define SL_COMPUTE_DRIFT_INT_H

#include <math.h>
#include <string.h>

#include "compute/drift.h"

/* ---- counts or shares of both sides in the same cells (drift_cells.c) ---- */
enum { DRIFT_BINNED_OVER = 20 };               /* Evidently: values of the baseline up to which each is a cell */
struct drift_cells { double *count[2]; size_t k; double *edges; };  /* edges: k + 1, where they are bins; else NULL */
int drift_cells_room(struct drift_cells *c, size_t k, struct sl_err *err) SL_NODISCARD;  /* k empty cells */
void drift_cells_free(struct drift_cells *c);                                            /* its arrays, not c */
/* A cell for each different value. What is in p is copied. */
int drift_cells_of_values(const struct sl_drift_pair *p, struct drift_cells *c, struct sl_err *err) SL_NODISCARD;
/* Sturges' bins of n values over both sides. */
int drift_cells_of_bins(const struct sl_drift_pair *p, size_t n, struct drift_cells *c, struct sl_err *err) SL_NODISCARD;
void drift_cells_shares(struct drift_cells *c, const struct sl_drift_pair *p);
/* Into the k cells between c->edges what is known of them. */
int drift_known_cells(const struct sl_drift_pair *p, struct drift_cells *c, struct sl_err *err) SL_NODISCARD;
size_t drift_distinct(const struct sl_drift_pair *p);
size_t drift_distinct_base(const struct sl_drift_pair *p);
double drift_least(const struct sl_drift_pair *p, int side);       /* side: that has a value */
double drift_greatest(const struct sl_drift_pair *p, int side);
double drift_ks_of(const struct sl_drift_pair *p);                 /* D, of values or known */

/* ---- tests ---- */
/* Of values (drift_number.c), of shares in cells (drift_share.c), of counts (drift_count.c). The first two also set the chance. */
int drift_number(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err) SL_NODISCARD;
int drift_share(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err) SL_NODISCARD;
int drift_count(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err) SL_NODISCARD;

/* NannyML's (drift_nannyml.c): sets the threshold too. Deequ's (drift_deequ.c): of numbers, of counts. */
int drift_nannyml(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err) SL_NODISCARD;
int drift_deequ_linf(const struct sl_drift_pair *p, bool robust, struct sl_drift_result *out, struct sl_err *err) SL_NODISCARD;
int drift_deequ_chi2(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err) SL_NODISCARD;

/* ---- by chance (drift_chance.c): what two samples of one distribution, of these sizes, come to on average ---- */
double drift_chance_psi(size_t k, const struct sl_drift_pair *p);
/* Integral of sqrt(H (1 - H)), or of H (1 - H), H the distribution function of both samples together. */
double drift_chance_spread(const struct sl_drift_pair *p, bool root);
double drift_chance_tvd(const struct drift_cells *shares, const struct sl_drift_pair *p);
double drift_chance_linf(const struct drift_cells *shares, const struct sl_drift_pair *p, double less);  /* E max(0, L - less) */
double drift_chance_ks(const struct sl_drift_pair *p, double less);
double drift_chance_t(double df);                                  /* E |t| */

#endif
