/* model/resource.h: what can be shown, and what can be done to it: constant descriptions.
 *
 * Everything else (help, man page, palette, completion, JSON, SQL, the table view) is derived from these. A resource is one file in
 * model/res/, listed in resources.def; its columns are design section 15's contract. */
#ifndef SL_MODEL_RESOURCE_H
#define SL_MODEL_RESOURCE_H

#include "table/table.h"

struct sl_arg {                             /* an argument of an action */
  const char *name, *help;
  enum sl_type type;                        /* SL_LIST: many, each `k=v` or a word; a secret is no argument: sl_req_ask() */
  bool required;
  const char *dflt;                         /* text, NULL: none */
  bool computed;                            /* filled in by the judge, refused from persons */
  bool quiet;                               /* the console does not ask for it: the command line has an option */
};
enum { SL_ACTION_ARGS = 16 };                  /* of one action */
enum sl_risk { SL_SAFE, SL_REVERSIBLE, SL_DESTRUCTIVE };
struct sl_action {
  const char *name, *help, *undo;           /* undo: words or an action's name; NULL: "cannot be undone" */
  enum sl_risk risk;
  enum { SL_ONCE_TOKEN, SL_ONCE_NAME, SL_ONCE_READ } once;  /* answer lost: same token, natural key, or look for it */
  const struct sl_arg *args; size_t nargs;
  const char *when;                         /* filter over the target; false: shown grey, with this as the reason */
  const char *const *guards;                /* NULL-ended: columns whose change voids the decision, `tags.{ARG}` too; NULL: state */
  bool judged;                              /* model/judge.h: not without somebody who knows the rules */
};

struct sl_resource {
  const char *name, *help;
  const char *scope;                        /* what SCOPE means in words ("an experiment's id or name"), NULL: takes none */
  bool scope_required;
  enum sl_shape shape;
  const struct sl_col *cols; size_t ncols;  /* without `connection` (first) and `ref` (last): the core adds them */
  const struct sl_action *const *actions;   /* NULL-ended, or NULL */
  const char *order;                        /* default order, e.g. "-started" */
  /* resources that Enter leads to, comma separated, with this row's id as their scope; NULL: its document */
  const char *opens;
  const char *about;                        /* resources whose refs it takes as scope, comma separated: their links lead here; or NULL */
  /* what the table view shows at 80 columns, best first, e.g. "id,job,state,started,duration_s,cause"; `experiment?` stands there only
   * without a scope, `metrics.?4` for the up to four keys of the family that table/pick.h finds best in the rows that are there */
  const char *columns;
  uint32_t poll_ms;                         /* while somebody looks; 0: never by itself */
  uint64_t cap_rows;                        /* where no limit is given interactively; reaching it is shown, never silent. headless: none */
};
/* All resources that work; NULL-ended. */
extern const struct sl_resource *const sl_resources[];
const struct sl_resource *sl_resource_find(struct sl_str name);   /* NULL: no such; see sl_resource_nearest */
const char *sl_resource_nearest(struct sl_str name);

/* Actions of these resources; those of `objects` are in act.h. */
extern const struct sl_action sl_act_run, sl_act_stop, sl_act_retry;
extern const struct sl_action sl_act_run_tag, sl_act_run_untag, sl_act_run_note;
extern const struct sl_action sl_act_model_tag, sl_act_model_untag, sl_act_model_note, sl_act_model_alias, sl_act_model_unalias,
  sl_act_model_rollback;
extern const struct sl_action sl_act_version_request, sl_act_version_approve, sl_act_version_reject, sl_act_version_stage,
  sl_act_version_tag, sl_act_version_untag, sl_act_version_note;

#define SL_RESOURCE(name) extern const struct sl_resource sl_res_##name;
#include "model/resources.def"
#undef SL_RESOURCE

#endif
