/* compute/stat.h: statistics of one or two samples: pure functions over spans, in the definitions of scipy 1.17 and numpy 2.
 *
 * Samples are doubles without NaN and infinities (whoever calls has counted and left them out); "sorted" means ascending. Nothing here
 * allocates but where it says so. Results that are not defined are NaN. [any] */
#ifndef SL_COMPUTE_STAT_H
#define SL_COMPUTE_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

/* ---- sorting (stat_sort.c) ---- */
/* Ascending, -0 before 0; other[n] is scratch. Radix sort on the bits. */
void sl_stat_sort(double *x, double *other, size_t n);
/* Of the na + nb values of two sorted samples merged, those of the ranks from..upto-1, into out[from..]: several threads may each have a
 * range of the ranks. */
void sl_stat_merge(const double *a, size_t na, const double *b, size_t nb, size_t from, size_t upto, double *out);
/* A number whose order among others is that of the values: negative numbers turned over, -0 before 0. */
static inline uint64_t sl_stat_key(double v)
{
  uint64_t u;
  memcpy(&u, &v, sizeof u);
  return u ^ (u >> 63 ? UINT64_MAX : UINT64_C(1) << 63);
}

/* ---- one sample (stat.c) ---- */
size_t sl_stat_distinct(const double *sorted, size_t n);          /* 0 and -0 are one value */
double sl_stat_mean(const double *x, size_t n);
double sl_stat_std(const double *x, size_t n);                    /* of the population (n, not n - 1); two passes */
double sl_stat_quantile(const double *sorted, size_t n, double q);/* linear between neighbours, numpy's default */
size_t sl_stat_below(const double *sorted, size_t n, double v);   /* how many are < v */
size_t sl_stat_upto(const double *sorted, size_t n, double v);    /* how many are <= v */

/* ---- two samples (stat.c) ---- */
double sl_stat_ks(const double *a, size_t na, const double *b, size_t nb);           /* sorted; greatest distance of the two ECDFs */
double sl_stat_wasserstein(const double *a, size_t na, const double *b, size_t nb);  /* sorted; integral of |F - G| */
double sl_stat_energy(const double *a, size_t na, const double *b, size_t nb);       /* sorted; sqrt(2 integral of (F - G)^2) */

/* ---- two samples, with their p-values; sorted. NaN where they are not defined ---- */
/* scipy's mannwhitneyu(method='auto'): U of a; less: that a lies lower, else two-sided. Counted where a sample has at most 8 values and
 * none are equal; beyond a product of the sizes of SL_STAT_MANNWHITNEY_EXACT normal all the same, where scipy would count for hours.
 * (stat_rank.c) */
#define SL_STAT_MANNWHITNEY_EXACT 1000000
int sl_stat_mannwhitney(const double *a, size_t na, const double *b, size_t nb, bool less, double *u, double *p,
                        struct sl_err *err) SL_NODISCARD;
/* scipy's cramervonmises_2samp(method='auto'): counted while both have at most 20 values, ties or not, as there. Two at least. */
int sl_stat_cvm(const double *a, size_t na, const double *b, size_t nb, double *t, double *p, struct sl_err *err) SL_NODISCARD;
/* scipy's anderson_ksamp(variant='midrank') of two: standardised A2; p from 0.001 to 0.25, by the same parabola. Four values at least. */
void sl_stat_anderson(const double *a, size_t na, const double *b, size_t nb, double *a2, double *p);
/* scipy's ttest_ind: Student's (pooled variance) or Welch's; two-sided. In long double: tiny and huge values have variances too. */
void sl_stat_ttest(const double *a, size_t na, const double *b, size_t nb, bool welch, double *t, double *p);
/* The same of two samples' means, from any point, and sums of squares about them; both have values. */
void sl_stat_ttest_of(const long double mean[2], const long double ss[2], const size_t size[2], bool welch, double *t, double *p);
/* scipy's epps_singleton_2samp(t=(0.4, 0.8)). Five values each, and an interquartile range. (stat_es.c) */
void sl_stat_epps_singleton(const double *a, size_t na, const double *b, size_t nb, double *w, double *p);
/* scipy's fisher_exact of the counts {{a0, a1}, {b0, b1}}: odds ratio and two-sided p. (stat_fisher.c) */
void sl_stat_fisher(uint64_t a0, uint64_t a1, uint64_t b0, uint64_t b1, double *odds, double *p);

/* ---- p-values (stat_gamma.c, stat_ks.c) ---- */
double sl_stat_chi2_sf(double x, double df);                      /* P(X >= x); df a whole number > 0 */
double sl_stat_norm_two_sided(double z);                          /* P(|Z| >= |z|) */
double sl_stat_t_two_sided(double t, double df);                  /* P(|T| >= |t|); df need not be whole (stat_t.c) */
/* P(D_n >= d) of the one-sample, two-sided statistic, by the same choice of formulas as scipy's kstwo.sf. ENOMEM: NaN. */
double sl_stat_kstwo_sf(double d, uint64_t n);
/* scipy's ks_2samp(method='auto'): exact while both samples have at most 10,000 values, else by kstwo. d may be rounded to the nearest
 * multiple of 1 / lcm(na, nb), as there. ENOMEM: NaN. */
double sl_stat_ks_p(double *d, size_t na, size_t nb);

/* ---- distances of two distributions over the same k cells (stat_dist.c) ---- */
double sl_stat_psi(const double *r, const double *c, size_t k);              /* sum (r - c) ln(r / c); no cell may be 0 */
double sl_stat_kl(const double *r, const double *c, size_t k);               /* sum r ln(r / c), both made to sum to 1 */
double sl_stat_js(const double *r, const double *c, size_t k, double base);  /* square root of the divergence; base 0: e */
double sl_stat_hellinger(const double *r, const double *c, size_t k);        /* sqrt(1 - sum sqrt(r c)) */
double sl_stat_tvd(const double *r, const double *c, size_t k);              /* half of sum |r - c| */
double sl_stat_linf(const double *r, const double *c, size_t k);             /* greatest |r - c| */
double sl_stat_linf_robust(double linf, size_t na, size_t nb);               /* less what so few values make by chance; never below 0 */
/* Pearson's statistic of counts obs against expected; a cell that is expected to be empty and is not makes it infinite. */
double sl_stat_chi2(const double *obs, const double *expected, size_t k);
/* Log-likelihood ratio: 2 sum obs ln(obs / expected); infinite as above. */
double sl_stat_g(const double *obs, const double *expected, size_t k);
/* z of the difference of two shares, pooled: hits of n. */
double sl_stat_z(size_t hits_a, size_t na, size_t hits_b, size_t nb);

/* ---- matrices (stat_eigen.c) ---- */
/* Of a symmetric matrix a[n * n], which is lost: eigenvalues, greatest first, and a row of vector[n * n] for each. */
void sl_stat_eigen(double *a, size_t n, double *value, double *vector);

/* ---- many tests at once (stat_many.c) ---- */
/* Benjamini and Hochberg 1995, as scipy's false_discovery_control(method='bh'): q[i] is the least share of false alarms among those called
 * drifted at which p[i] would be one of them. A p that is NaN or outside 0..1 was no test: its q is NaN, and it counts for nothing.
 * Allocates while it works. */
int sl_stat_bh(const double *p, size_t n, double *q, struct sl_err *err) SL_NODISCARD;
/* Bonferroni: p times the number of tests, at most 1; what was no test as above. */
void sl_stat_bonferroni(const double *p, size_t n, double *q);

/* ---- histograms (stat_bins.c) ---- */
/* What numpy calls the type of an array decides how it makes edges: float32 rounds each step, integers have no bin narrower than 1. */
enum sl_stat_width { SL_STAT_F64, SL_STAT_F32, SL_STAT_INT };
/* numpy's histogram_bin_edges(x, bins='sturges') of n values from lo to hi: *edges is yours (sl_free), *nbins + 1 of them. */
int sl_stat_sturges(double lo, double hi, size_t n, enum sl_stat_width w, double **edges, size_t *nbins, struct sl_err *err) SL_NODISCARD;
/* numpy's histogram_bin_edges(x, bins='doane') of sorted doubles, likewise: more bins for skewed values. */
int sl_stat_doane(const double *sorted, size_t n, double **edges, size_t *nbins, struct sl_err *err) SL_NODISCARD;
/* The same of n doubles from lo to hi whose skewness is known; NaN: they have none. */
int sl_stat_doane_of(double lo, double hi, size_t n, double skew, double **edges, size_t *nbins, struct sl_err *err) SL_NODISCARD;
/* k equal steps from lo to hi, the last edge exactly hi. edges[k + 1]. */
void sl_stat_linspace(double lo, double hi, size_t k, enum sl_stat_width w, double *edges);
/* How many of sorted lie in each bin: left edge in, right edge out, but for the last. counts[k] */
void sl_stat_count(const double *sorted, size_t n, const double *edges, size_t k, double *counts);

#endif
