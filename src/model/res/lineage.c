/* model/res/lineage.c: what a version, a run or a partition came from, and what depends on it: a tree, a row each. Scripts rely on the
 * columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "seq", .type = SL_I64, .help = "place in the tree, depth first" },
  { .name = "depth", .type = SL_I64, .help = "steps from what was asked about: 0 is that itself" },
  { .name = "relation", .type = SL_TEXT, .help = "what it is to the row that it hangs from: made by, read, written by, read by, became" },
  { .name = "kind", .type = SL_TEXT, .help = "version, run, data, partition, files, code, execution, evidence" },
  { .name = "label", .type = SL_TEXT, .help = "its name" },
  { .name = "state", .type = SL_STATE, .help = "ok, missing, changed since it was used, unknown" },
  { .name = "detail", .type = SL_TEXT, .help = "more, in words; where it is unknown, why", .flags = SL_COL_PERSONAL },
  { .name = "digest", .type = SL_TEXT, .help = "of its bytes, or the commit, as whoever is known says" },
  { .name = "at", .type = SL_TIME, .help = "when it was made, or began" },
  { .name = "known", .type = SL_TEXT, .help = "how that is known: registry, dataset input, tags (a claim), our records, evidence, lake" },
  { .name = "target", .type = SL_REF, .help = "the row that it is, where it can be opened" },
  { .name = "parent", .type = SL_TEXT, .help = "id of the row that it hangs from", .flags = SL_COL_HIDDEN },
};

const struct sl_resource sl_res_lineage = {
  .name = "lineage",
  .help = "where it came from and what depends on it: a version, a run, a partition",
  .scope = "MODEL/VERSION, a run's id, ZONE/PARTITION, or the ref of one of them",
  .scope_required = true,
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "seq",
  .columns = "depth,relation,kind,label,state,detail,digest,at,known,target",
  .about = "versions,runs,partitions",
  .poll_ms = 30000,
  .cap_rows = 10000,
};
