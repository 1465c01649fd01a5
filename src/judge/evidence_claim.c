/* judge/evidence_claim.c: a figure that was worked out here beside the one that the run claims. */
#include <math.h>
#include <stdio.h>

#include "base/fmt.h"
#include "judge/evidence.h"

#define SAME 1e-6 /* what a gate on rescore.max_abs_diff allows, as a rule */

static struct sl_str squeezed(struct sl_str s, char *out, size_t size)
{
  size_t n = 0;
  for (size_t i = 0; i < s.n && n < size; i++)
    if (s.p[i] != '_' && s.p[i] != '-')
      out[n++] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
  return sl_strn(out, n);
}

bool sl_evidence_claim(const struct sl_batch *run, uint32_t row, const char *metric, struct sl_str *name, double *out)
{
  static const char *const before[] = { "", "val", "validation", "valid", "test", "eval", "holdout" };
  int c = run ? sl_schema_find(sl_batch_schema(run), SL_STR("metrics")) : -1;
  char a[128], b[128], want[160];
  struct sl_str bare = squeezed(sl_str(metric), a, sizeof a);
  uint32_t key;
  struct sl_val v;
  size_t found = 0;
  for (uint32_t i = 0; c >= 0 && sl_batch_pair(run, row, (unsigned)c, i, &key, &v); i++) {
    struct sl_str full = sl_keys_name(sl_schema_keys(sl_batch_schema(run)), key), said = squeezed(full, b, sizeof b);
    for (size_t p = 0; p < sizeof before / sizeof before[0]; p++) {
      snprintf(want, sizeof want, "%s%.*s", before[p], SL_ARG(bare));
      if (!v.null && sl_str_eqz(said, want)) {
        *out = v.u.f;
        *name = full;
        found++;
      }
    }
  }
  return found == 1;
}

void sl_evidence_beside(struct sl_buf *b, const struct sl_evidence *e, const struct sl_batch *run, uint32_t row)
{
  const struct sl_evidence_fact *shown = NULL;
  struct sl_str name, name_shown = SL_STR("");
  double was, was_shown = 0;
  size_t apart = 0, all = 0;
  for (size_t i = 0; i < e->nfacts; i++) {
    char metric[128];
    snprintf(metric, sizeof metric, "%.*s", SL_ARG(sl_str_head(e->fact[i].name, sizeof metric - 1)));
    if (!strcmp(metric, "n") || !strcmp(metric, "max_abs_diff") || !sl_evidence_claim(run, row, metric, &name, &was))
      continue;
    bool differs = !(fabs(e->fact[i].value - was) <= SAME);
    all++;
    if (!shown || (differs && !apart)) {
      shown = &e->fact[i];
      name_shown = name;
      was_shown = was;
    }
    apart += differs ? 1u : 0u;
  }
  if (!shown)
    return;
  sl_buf_printf(b, "%.*s ", SL_ARG(sl_str_head(shown->name, 32)));
  sl_fmt_sig(b, shown->value, 6);
  if (apart) {
    sl_buf_printf(b, ", the run claims %.*s ", SL_ARG(sl_str_head(name_shown, 32)));
    sl_fmt_sig(b, was_shown, 6);
  } else
    sl_buf_z(b, " as claimed");
  size_t more = apart ? apart - 1 : all - 1;
  if (more)
    sl_buf_printf(b, ", %zu more%s", more, apart ? (more == 1 ? " differs" : " differ") : "");
}
