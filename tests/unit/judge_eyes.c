/* Four eyes: what is known, what is only said, and what nobody can say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "judge/eyes.h"

static const char *const none[] = { NULL };
static const char *const ana_ids[] = { "mlflow:ana", "os:lab:ana", NULL }, *const lead_ids[] = { "mlflow:lead", NULL };
static const struct sl_member members[] = {
  { .name = "ana", .keys = none, .identities = ana_ids, .revoked = none },
  { .name = "lead", .keys = none, .identities = lead_ids, .revoked = none },
};
static const struct sl_people people = { members, 2 };

static struct sl_ident who(const char *issuer, const char *subject, enum sl_known known)
{
  return (struct sl_ident){ sl_str(issuer), sl_str(subject), known };
}

static enum sl_gate_state eyes(struct sl_ident author, struct sl_ident asked, struct sl_ident me)
{
  struct sl_eyes e;
  sl_eyes_judge(people, &author, &asked, &me, &e);
  assert_true(e.why[0] && e.value[0]);
  return e.state;
}

static void authors(void **state)
{
  const struct sl_ident nobody = who("", "", SL_KNOWN_CLAIMED), said_ana = who("mlflow", "ana", SL_KNOWN_CLAIMED),
                        said_omar = who("mlflow", "omar", SL_KNOWN_CLAIMED), ana = who("people", "ana", SL_KNOWN_KEY),
                        lead = who("people", "lead", SL_KNOWN_KEY), auth_ana = who("mlflow", "ana", SL_KNOWN_AUTHENTICATED);
  (void)state;
  assert_int_equal(eyes(said_ana, ana, lead), SL_GATE_PASS);       /* she signed the request for what is said to be hers */
  assert_int_equal(eyes(said_ana, nobody, lead), SL_GATE_UNKNOWN); /* a claim */
  assert_int_equal(eyes(said_ana, lead, lead), SL_GATE_FAIL);      /* asked for by the approver */
  assert_int_equal(eyes(said_ana, ana, ana), SL_GATE_FAIL);
  assert_int_equal(eyes(said_omar, ana, lead), SL_GATE_UNKNOWN);   /* who signed is not whom the registry names */
  assert_int_equal(eyes(nobody, ana, lead), SL_GATE_UNKNOWN);
  assert_int_equal(eyes(auth_ana, nobody, lead), SL_GATE_PASS);
  assert_int_equal(eyes(auth_ana, nobody, who("os", "lab:ana", SL_KNOWN_OS)), SL_GATE_FAIL);
  assert_int_equal(eyes(auth_ana, nobody, who("os", "lab:omar", SL_KNOWN_OS)), SL_GATE_PASS); /* her account there is another */
}

static void each_is_named_with_how_they_are_known(void **state)
{
  struct sl_eyes e;
  const struct sl_ident said_ana = who("mlflow", "ana", SL_KNOWN_CLAIMED), ana = who("people", "ana", SL_KNOWN_KEY),
                        lead = who("people", "lead", SL_KNOWN_KEY), nobody = who("", "", SL_KNOWN_CLAIMED);
  (void)state;
  sl_eyes_judge(people, &said_ana, &ana, &lead, &e);
  assert_string_equal(e.evidence, "author ana (claimed), requester ana (key), approver lead (key)");
  assert_string_equal(e.value, "ana, lead");
  sl_eyes_judge(people, &nobody, &nobody, &lead, &e);
  assert_string_equal(e.evidence, "approver lead (key)");
}

/* A request that would have confirmed the author, but counts for nothing, is named: the way out is another than for none at all. */
static void a_request_that_counts_for_nothing_is_named(void **state)
{
  static struct sl_decisions d;
  const struct sl_ident lead = who("people", "lead", SL_KNOWN_KEY);
  struct sl_eyes e;
  (void)state;
  d.n = 2;
  for (size_t i = 0; i < 2; i++)
    d.v[i] = (struct sl_decision){ .s = { .s = { .decision = SL_STR("requested"), .to = SL_STR("champion"), .at = 1000 + (sl_ms)i } },
                                   .v = { .worth = SL_WORTH_UNSIGNED, .who = &members[0], .why = "not signed: a claim" } };
  d.v[1].v.worth = SL_WORTH_FUTURE;
  snprintf(d.v[1].v.why, sizeof d.v[1].v.why, "was made in the future");
  sl_eyes_version(people, SL_STR("mlflow"), SL_STR("ana"), &d, SL_STR("champion"), &lead, &e);
  assert_int_equal(e.state, SL_GATE_UNKNOWN);
  assert_string_equal(e.why, "made by ana, approved by lead: the author is only claimed; a signed request of theirs confirms it; "
                             "the request was made in the future");
  sl_eyes_version(people, SL_STR("mlflow"), SL_STR("ana"), &d, SL_STR("other"), &lead, &e);
  assert_null(strstr(e.why, "the request was"));
  d.v[1].v.worth = SL_WORTH_VALID;
  sl_eyes_version(people, SL_STR("mlflow"), SL_STR("ana"), &d, SL_STR("champion"), &lead, &e);
  assert_int_equal(e.state, SL_GATE_PASS);
}

/* The last request stands until the same person decides otherwise, later, about the same target; what others decide leaves it. */
static void whoever_decided_takes_it_back(void **state)
{
  static struct sl_decisions d;
  const struct sl_str requested = SL_STR("requested"), rejected = SL_STR("rejected"), to = SL_STR("champion");
  (void)state;
  d.n = 2;
  d.v[0] = (struct sl_decision){ .s = { .s = { .decision = requested, .to = to, .at = 1000 } },
                                 .v = { .worth = SL_WORTH_VALID, .who = &members[0] } };
  d.v[1] = (struct sl_decision){ .s = { .s = { .decision = rejected, .to = to, .at = 2000 } },
                                 .v = { .worth = SL_WORTH_VALID, .who = &members[1] } };
  assert_ptr_equal(sl_decisions_last(&d, requested, to), &d.v[0]);
  assert_ptr_equal(sl_decisions_last(&d, rejected, to), &d.v[1]);
  assert_ptr_equal(sl_decisions_newest(&d, to), &d.v[1]);
  d.v[1].v.who = &members[0];
  assert_null(sl_decisions_last(&d, requested, to));
  d.v[1].v.worth = SL_WORTH_UNSIGNED;
  assert_ptr_equal(sl_decisions_last(&d, requested, to), &d.v[0]);
  assert_ptr_equal(sl_decisions_newest(&d, to), &d.v[0]);
  d.v[1].v.worth = SL_WORTH_VALID;
  d.v[1].s.s.to = SL_STR("other");
  assert_ptr_equal(sl_decisions_last(&d, requested, to), &d.v[0]);
  d.v[1].s.s.to = to;
  d.v[1].s.s.at = 1000;
  assert_ptr_equal(sl_decisions_last(&d, requested, to), &d.v[0]);
  d.v[1].s.s.decision = requested;
  d.v[1].v.who = &members[1];
  for (size_t later = 0; later < 2; later++) {
    d.v[later].s.s.at = 3000 + (sl_ms)later;
    assert_ptr_equal(sl_decisions_last(&d, requested, to), &d.v[later]);
    assert_ptr_equal(sl_decisions_newest(&d, to), &d.v[later]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(authors), cmocka_unit_test(each_is_named_with_how_they_are_known),
                                      cmocka_unit_test(a_request_that_counts_for_nothing_is_named),
                                      cmocka_unit_test(whoever_decided_takes_it_back) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
