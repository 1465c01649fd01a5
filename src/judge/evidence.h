/* judge/evidence.h: what was computed about a version before anybody decides: a file a kind (drift, rescore, quality), with the digest of
 * everything that was read for it. Its form: docs/internals/evidence.md.
 *
 * A file is read strictly: what is not exactly so is no evidence. Whether it still holds is asked anew at each evaluation. [any] */
#ifndef SL_JUDGE_EVIDENCE_H
#define SL_JUDGE_EVIDENCE_H

#include "table/batch.h"
#include "base/mem.h"
#include "base/time.h"
#include "model/config.h"

enum { SL_EVIDENCE_MAX = 4 << 20, SL_EVIDENCE_INPUTS = 10000, SL_EVIDENCE_FACTS = 1000, SL_EVIDENCE_KINDS = 3 };
extern const char *const sl_evidence_kinds[SL_EVIDENCE_KINDS];          /* drift, rescore, quality */

/* Of what was read. address: canonical. modified 0, rows -1: not known. tag: the server's, "" none. */
struct sl_evidence_input { struct sl_str role, address, tag; int64_t bytes, rows; sl_ms modified; char sha256[65]; };
struct sl_evidence_fact { struct sl_str name; double value; };          /* share, max_abs_diff, auc */
struct sl_evidence {
  struct sl_str kind, registry, model;      /* registry: the connection's name */
  int64_t version;
  sl_ms at;
  struct sl_str execution;                  /* which made it, as a ref; "" none */
  struct sl_str baseline, current, data, label;   /* what the workspace asked for; p NULL: nothing */
  struct sl_str champion;                   /* the version that an @ALIAS among them stood for; "" none */
  char digest[65];                          /* of the artifact's manifest; "" it was not read */
  struct sl_str refused;                    /* why there are no facts; "" there are */
  const struct sl_evidence_input *input; size_t ninputs;
  const struct sl_evidence_fact *fact; size_t nfacts;
  char sha256[65];                          /* of the file */
};

/* What the run (a row of runs; NULL: none) claims of a metric: val_auc is auc, val_logloss is log_loss; but not train_auc. Several that
 * fit: none does. */
bool sl_evidence_claim(const struct sl_batch *run, uint32_t row, const char *metric, struct sl_str *name, double *out);
/* "auc 0.996922 as claimed, 2 more"; "auc 0.81, the run claims val_auc 0.99"; nothing where nothing is claimed. */
void sl_evidence_beside(struct sl_buf *b, const struct sl_evidence *e, const struct sl_batch *run, uint32_t row);

/* The file's text. EUSAGE: a name that is no UTF-8. */
int sl_evidence_text(struct sl_buf *out, const struct sl_evidence *e, struct sl_err *err) SL_NODISCARD;
/* Texts live in mem. EPARSE: it is none; EUNSUP: of a later version. */
int sl_evidence_read(struct sl_evidence *out, struct sl_str text, struct sl_arena *mem, struct sl_err *err) SL_NODISCARD;

/* STATE_DIR/evidence/REGISTRY/MODEL/VERSION/KIND.json; yours; NULL: out of memory. */
char *sl_evidence_path(const char *state_dir, struct sl_str registry, struct sl_str model, int64_t version,
                       const char *kind) SL_NODISCARD;
/* Written whole or not at all, for us alone. Blocks. */
int sl_evidence_save(const char *state_dir, const struct sl_evidence *e, struct sl_err *err) SL_NODISCARD;
/* Blocks. ENOENT: none was made. EPARSE also where it is of another version or kind than its place says. */
int sl_evidence_load(struct sl_evidence *out, const char *state_dir, struct sl_str registry, struct sl_str model, int64_t version,
                     const char *kind, struct sl_arena *mem, struct sl_err *err) SL_NODISCARD;

/* Whether it holds now: the same was asked, it is young enough, and files of this machine are as they were (size, time, else digest).
 * False: why, in words. Blocks. Addresses of registries are the asker's to compare: sl_evidence_foreign(). */
bool sl_evidence_holds(const struct sl_evidence *e, const struct sl_evidence_conf *c, sl_ms now, char *why, size_t n);
bool sl_evidence_foreign(const struct sl_evidence_input *i);   /* no file of this machine */
/* Is this what was read? bytes -1, modified 0, tag "": not known now, so not compared. */
bool sl_evidence_same(const struct sl_evidence_input *i, int64_t bytes, sl_ms modified, struct sl_str tag);

/* SHA-256 over the canonical listing of inputs of role "model", by their addresses below root. "" there are none. */
int sl_evidence_manifest(const struct sl_evidence_input *input, size_t n, struct sl_str root, char out[65],
                         struct sl_err *err) SL_NODISCARD;

#endif
