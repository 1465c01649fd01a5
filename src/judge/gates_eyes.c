/* judge/gates_eyes.c: four eyes as a gate: author and request of the version as the registry has them, with whoever sits here as the
 * approver. Who may not decide here at all cannot show that four eyes are met: then they are unknown, or not met. */
#include <stdio.h>

#include "judge/decisions.h"
#include "judge/gates_int.h"

static int past_read(struct sl_decisions *past, const struct facts_row *v, const struct gates_ask *q, int64_t version, struct sl_err *err)
{
  struct sl_buf registry;
  char number[24];
  snprintf(number, sizeof number, "%lld", (long long)version);
  sl_buf_init(&registry, 4096);
  (void)sl_registry_address(q->c, sl_str(q->conn), &registry);
  const struct sl_expected where = { registry.n ? sl_buf_view(&registry) : SL_STR(""), sl_str(q->m->name), sl_str(number), q->now };
  int rc = sl_buf_check(&registry, err);
  rc = rc ? rc : sl_decisions_people(past, v->b, v->row, &where, sl_people(q->c), err);
  sl_buf_free(&registry);
  return rc;
}

static void nobody_here(struct gates_eyes *out, const struct gates_ask *q, enum sl_may may)
{
  struct sl_buf names;
  sl_buf_init(&names, 512);
  sl_approvers_text(&names, q->m);
  if (may == SL_MAY_NO_KEY)
    snprintf(out->is.why, sizeof out->is.why, "who approves is not known: %.280s", q->me->why);
  else
    snprintf(out->is.why, sizeof out->is.why, "%.63s is no approver; ask one of them: %.160s", q->me->name, sl_buf_zstr(&names));
  out->is.state = SL_GATE_UNKNOWN;
  sl_buf_free(&names);
}

int gates_eyes(struct gates_eyes *out, const struct facts_row *v, const struct gates_ask *q, struct sl_err *err)
{
  struct sl_decisions past;
  struct sl_val author = facts_cell(v, "author"), version = facts_cell(v, "version");
  const struct sl_ident me = sl_me_ident(q->me);
  enum sl_may may = sl_me_may(q->me, sl_people(q->c), q->m);
  *out = (struct gates_eyes){ .judged = q->m->four_eyes != SL_FOUR_EYES_OFF };
  if (!out->judged)
    return SL_OK;
  sl_decisions_init(&past);
  int rc = past_read(&past, v, q, version.null ? 0 : version.u.i, err);
  if (!rc)
    sl_eyes_version(sl_people(q->c), SL_STR(SL_REGISTRY_ISSUER), author.null ? SL_STR("") : author.u.s, &past, sl_str(q->to), &me,
                    &out->is);
  sl_decisions_free(&past);
  if (!rc && may != SL_MAY && out->is.state != SL_GATE_FAIL)
    nobody_here(out, q, may);
  else if (!rc && out->is.state == SL_GATE_UNKNOWN && q->m->four_eyes == SL_FOUR_EYES_ADVISORY) {
    out->advised = true;
    out->is.state = SL_GATE_PASS;
  }
  return rc;
}
