/* judge/lease.h: taking turns: what keeps two people from deciding about one model at the same time, and how strong that is.
 *
 * A store compares and moves in one transaction and needs nothing of this. A server compares nothing: there a lease is held from before the
 * facts are read again until what was written was read back. It lies in a folder that all approvers see (strong), or in a tag of the model
 * in the registry itself (as strong as the registry is quick); docs/internals/approvals.md says what each can promise.
 *
 * Nobody's clock is compared with another's where it can be avoided: in a folder a lease's age is the difference of two times that the
 * storage has given. */
#ifndef SL_JUDGE_LEASE_H
#define SL_JUDGE_LEASE_H

#include "base/time.h"
#include "model/config.h"

enum sl_turns { SL_TURNS_STORE, SL_TURNS_DIR, SL_TURNS_REGISTRY, SL_TURNS_NONE };
enum sl_turns sl_turns(struct sl_str registry, const struct sl_model_conf *m);   /* registry: the address as statements have it */
/* "store: one transaction", "lease: dir /srv/leases", "registry tag, advisory", "none: two approvers may both win". */
void sl_turns_words(enum sl_turns t, const struct sl_model_conf *m, struct sl_buf *out);

enum {
  SL_LEASE_MS = 180000,         /* so long it lasts where nobody gives it back */
  SL_LEASE_NEEDS_MS = 130000,   /* so much of it must be left when writing begins: what a call may take, and a little */
  SL_LEASE_GRACE_MS = 5000,     /* later than that it is taken over */
  SL_LEASE_SETTLE_MS = 3000,    /* a tag is believed when it has stood so long */
  SL_LEASE_SKEW_MS = 300000,    /* a tag's end this far beyond what ours would be is no lease's */
  SL_LEASE_TEXT_MAX = 1024
};
#define SL_LEASE_TAG "approval.lease"

/* What a lease says of its holder. As read: cleaned for a person, and believed for nothing but words and the nonce. */
struct sl_holder { char nonce[37], by[64], host[64]; int64_t pid; sl_ms until; /* 0: given back */ };
/* This host and process, a fresh nonce, until SL_LEASE_MS from now. As text: JSON in one line. */
int sl_holder_me(struct sl_holder *out, const char *by, sl_ms now, struct sl_err *err) SL_NODISCARD;
int sl_holder_text(struct sl_buf *out, const struct sl_holder *h, struct sl_err *err) SL_NODISCARD;
bool sl_holder_read(struct sl_holder *out, struct sl_str text);      /* false: this is none of ours */
/* ECONFLICT: who holds it and until when; h NULL: somebody who cannot be read. where: shown behind. */
int sl_holder_busy(const struct sl_holder *h, sl_ms until, const char *where, struct sl_err *err);

/* ---- in a folder; these block: lane `long` ---- */
struct sl_lease_dir { char name[40], nonce[37]; uint64_t number; int64_t taken; };
/* Whether a lease could be taken there. */
int sl_lease_dir_look(const char *dir, struct sl_err *err) SL_NODISCARD;
/* what: of which registry and model. note: what is worth writing down, such as whose lease was taken over. ECONFLICT: somebody has it. */
int sl_lease_dir_take(struct sl_lease_dir *x, const char *dir, struct sl_str what, const struct sl_holder *me, struct sl_buf *note,
                      struct sl_err *err) SL_NODISCARD;
/* Still ours, and long enough to write. */
int sl_lease_dir_check(const struct sl_lease_dir *x, const char *dir, struct sl_err *err) SL_NODISCARD;
int sl_lease_dir_give_back(const struct sl_lease_dir *x, const char *dir, const struct sl_holder *me, struct sl_err *err) SL_NODISCARD;

#endif
